"""The study of the Waterfront Walkway as the page shows it: worked out once, drawn in layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import folium
import streamlit as st

from dashboard.formats import distance, number
from dashboard.maps import line, marker, tooltip_html
from dashboard.texts import _, language
from dashboard.trip import place_name
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

STATION_COLOR, SHORE_COLOR, WALKWAY_COLOR = "#b84a00", "#0062a8", "#006f5b"
WAY_COLOR, GAP_COLOR, SIGN_COLOR = "#7a3b9e", "#b3372b", "#5b4a00"
AREA_COLORS = ("#00441b", "#238b45", "#66c2a4", "#b2e2d3")


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
def _course(_digest: str) -> Course:
    return Course.follow(study().network, study().shore)


@st.cache_resource(max_entries=32, show_spinner=False)
def _areas(_digest: str, station_id: str) -> list[tuple[float, list[list[list[float]]]]]:
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


def base_layer(chosen: Place | None = None) -> folium.FeatureGroup:
    """Return the walkway as it runs along the streets, its services and the stations."""
    layer = folium.FeatureGroup(name="sea")
    for stretch in _course(load_network().digest).stretches:
        if stretch.path is not None:
            layer.add_child(
                line(stretch.path.coordinates, _("Waterfront Walkway"), WALKWAY_COLOR, weight=4)
            )
        if stretch.gap is not None:
            layer.add_child(line(stretch.gap.line, _("No way here"), GAP_COLOR, dash="4 8"))
    for place in study().shore.services:
        layer.add_child(marker(*place.point, place_name(place), SHORE_COLOR, radius=6))
    for station in study().stations:
        radius = 10 if station == chosen else 6
        layer.add_child(marker(*station.point, place_name(station), STATION_COLOR, radius=radius))
    return layer


def add_areas(layer: folium.FeatureGroup, station: Place) -> None:
    """Add the areas within 5, 10, 15 and 20 minutes of a station."""
    areas = _areas(load_network().digest, station.id)
    for (minutes, rings), color in zip(areas, reversed(AREA_COLORS), strict=True):
        label = _("Within {minutes} min on foot").format(minutes=number(minutes))
        for ring in rings:
            layer.add_child(
                folium.Polygon(
                    ring,
                    color=color,
                    weight=1,
                    fill=True,
                    fill_opacity=0.18,
                    tooltip=tooltip_html(label),
                )
            )


def add_ways(layer: folium.FeatureGroup, ways: tuple[Way, ...]) -> None:
    """Add ways to the shore; where there is none, the gap."""
    for way in ways:
        name = place_name(way.destination)
        if way.path is not None:
            label = f"{name}: {distance(way.path.length_m)}"
            layer.add_child(line(way.path.coordinates, label, WAY_COLOR, weight=4))
        elif way.gap is not None:
            label = _("No way to {place}").format(place=name)
            layer.add_child(line(way.gap.line, label, GAP_COLOR, dash="4 8"))


def add_signs(layer: folium.FeatureGroup, plan: SignPlan) -> None:
    """Add the signs with what they say."""
    for sign in plan.signs:
        text = "sv" if language() == "sv" else "fi"
        said = "; ".join(
            f"{each.arrow} {each.text_sv if text == 'sv' else each.text_fi}" for each in sign.lines
        )
        layer.add_child(marker(*sign.point, f"{sign.number}. {said}", SIGN_COLOR, radius=8))


def add_links(layer: folium.FeatureGroup, found: Candidates, plan: LinkPlan) -> None:
    """Add the links chosen, those that could be, and those refused."""
    for link in found.links:
        if link not in plan.links:
            label = _("Possible link, {metres}").format(metres=distance(link.length_m))
            layer.add_child(line(link.points, label, "#6b6b6b", weight=3))
    for refused in found.refused:
        label = _("Refused: water or unknown ground")
        layer.add_child(line(refused.points, label, GAP_COLOR, weight=3, dash="4 6"))
    for link in plan.links:
        label = _("New link, {metres}").format(metres=distance(link.length_m))
        layer.add_child(line(link.points, label, SIGN_COLOR, weight=8))


def walking(station: Place) -> tuple[Way, ...]:
    """Return the ways on foot to the nearest services of a station, and to the walkway."""
    row = next(row for row in rows() if row.station == station)
    ways = (row.nearest[WALK.name], *study().service_ways(station))
    return tuple({way.destination.id: way for way in ways}.values())
