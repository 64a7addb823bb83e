"""The study of the Waterfront Walkway as the page shows it, worked out once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from lastmile.network.street import load_network
from lastmile.planner.stations import load_bike_stations
from lastmile.walkway.bikes import bike_study
from lastmile.walkway.catchments import WALK, Access
from lastmile.walkway.links import candidates, link_plan
from lastmile.walkway.reach import station_areas
from lastmile.walkway.shore import load_shore
from lastmile.walkway.signs import sign_plan
from lastmile.walkway.strolls import Course, strolls

if TYPE_CHECKING:
    from lastmile.places import Place
    from lastmile.walkway.bikes import BikeStudy
    from lastmile.walkway.catchments import StationRow, Way
    from lastmile.walkway.links import Candidates, LinkPlan
    from lastmile.walkway.signs import SignPlan
    from lastmile.walkway.strolls import Stroll


@st.cache_resource(max_entries=2, show_spinner=False)
def _study(_digest: str) -> Access:
    return Access(load_network(), load_shore())


def study() -> Access:
    """Return the study on the streets in force, made once for everybody."""
    return _study(load_network().digest)


@st.cache_resource(max_entries=2, show_spinner=False)
def _rows(_digest: str) -> tuple[StationRow, ...]:
    return study().rows()


def rows() -> tuple[StationRow, ...]:
    """Return every station's access."""
    return _rows(load_network().digest)


@st.cache_resource(max_entries=16, show_spinner=False)
def signs(_digest: str, count: int) -> SignPlan:
    """Return the sign plan for a number of signs."""
    return sign_plan(study(), count)


@st.cache_resource(max_entries=2, show_spinner=False)
def found_links(_digest: str) -> Candidates:
    """Return the links to choose from."""
    return candidates(study())


@st.cache_resource(max_entries=16, show_spinner=False)
def links(digest: str, metres: int) -> LinkPlan:
    """Return the best links for some metres."""
    return link_plan(found_links(digest), float(metres))


@st.cache_resource(max_entries=2, show_spinner=False)
def walks(_digest: str) -> tuple[Stroll, ...]:
    """Return the walks between all stations."""
    return strolls(study())


@st.cache_resource(max_entries=2, show_spinner=False)
def bikes(_digest: str) -> BikeStudy:
    """Return the study of city bikes."""
    return bike_study(study(), load_bike_stations())


@st.cache_resource(max_entries=2, show_spinner=False)
def course(_digest: str) -> Course:
    """Return the walkway as it runs along the streets."""
    return Course.follow(study().network, study().shore)


@st.cache_resource(max_entries=32, show_spinner=False)
def areas(_digest: str, station_id: str) -> list[tuple[float, list[list[list[float]]]]]:
    """Return minutes and rings, (lat, lon), of the areas round a station, the widest first."""
    station = next(place for place in study().stations if place.id == station_id)
    shapes = station_areas(study(), station)
    found = []
    for minutes, shape in zip(shapes["minutes"], shapes.geometry, strict=True):
        rings = [
            [[lat, lon] for lon, lat in part.exterior.coords]
            for part in getattr(shape, "geoms", [shape])
        ]
        found.append((float(minutes), rings))
    return found[::-1]


def walking(station: Place) -> tuple[Way, ...]:
    """Return the ways on foot to the nearest services of a station, and to the walkway."""
    row = next(row for row in rows() if row.station == station)
    ways = (row.nearest[WALK.name], *study().service_ways(station))
    return tuple({way.destination.id: way for way in ways}.values())
