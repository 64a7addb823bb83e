"""Reach the sea: where the Waterfront Walkway is reached, and from which stations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import folium
import pandas as pd
import streamlit as st
from streamlit_folium import st_folium

from dashboard.formats import distance
from dashboard.maps import base_map, line, marker
from dashboard.state import read_query, write_query
from dashboard.texts import _
from dashboard.trip import kind_text, place_name
from dashboard.trip_map import fit
from lastmile.datasets import read_table
from lastmile.places import Gazetteer
from lastmile.units import great_circle_m

if TYPE_CHECKING:
    from lastmile.places import Place

PAGE = "sea"
STATION_COLOR, ACCESS_COLOR, WALKWAY_COLOR = "#b84a00", "#0062a8", "#006f5b"
SHORE_KINDS = ("walkway_access", "beach", "harbour")


def page() -> None:
    """Draw the walkway, the points where people reach it, and the stations nearest to them."""
    query = read_query(PAGE)
    gazetteer = Gazetteer.bundled()
    stations = gazetteer.by_kind("metro_station")
    names = {station.id: place_name(station) for station in stations}
    chosen = query.one_of("station", "metro-matinkyla", names)
    st.title(_("Reach the sea"))
    query.note()
    st.markdown(
        _("The Waterfront Walkway follows the shore of Espoo. Choose the station you come from.")
    )
    left, right = st.columns([2, 3], gap="medium")
    with left:
        station_id = st.selectbox(
            _("Station"),
            list(names),
            index=list(names).index(chosen),
            format_func=names.__getitem__,
            key="station",
        )
        station = gazetteer[station_id or chosen]
        shore = _nearest(station)
        st.dataframe(
            pd.DataFrame(
                {
                    _("Place on the shore"): [place_name(place) for _m, place in shore],
                    _("Kind"): [kind_text(place.kind) for _m, place in shore],
                    _("As the crow flies"): [distance(metres) for metres, _place in shore],
                }
            ),
            hide_index=True,
            alt=_("Places on the shore nearest to the station"),
        )
        st.page_link(
            st.session_state["trip-page"],
            label=_("Plan the trip"),
            icon=":material/hiking:",
            query_params={"from": station.id, "to": shore[0][1].id},
        )
    with right:
        center, zoom = fit([station.point, *(place.point for _m, place in shore)])
        st_folium(
            base_map(),
            key="sea-map",
            center=center,
            zoom=zoom,
            height=480,
            use_container_width=True,
            feature_group_to_add=_layer(station),
            returned_objects=[],
        )
    write_query(PAGE, {"station": station.id})


def _nearest(station: Place, count: int = 8) -> list[tuple[float, Place]]:
    """Return the places on the shore nearest to a station, with their distance in metres."""
    gazetteer = Gazetteer.bundled()
    places = {place.id: place for kind in SHORE_KINDS for place in gazetteer.by_kind(kind)}
    apart = [(great_circle_m(*station.point, *place.point), place) for place in places.values()]
    return sorted(apart, key=lambda pair: (pair[0], pair[1].id))[:count]


def _layer(station: Place) -> folium.FeatureGroup:
    """Return the walkway's line, the places on the shore and the stations."""
    layer = folium.FeatureGroup(name="sea")
    walkway = read_table("places/walkway.csv", columns=("lat", "lon"))
    points = list(zip(walkway["lat"], walkway["lon"], strict=True))
    layer.add_child(line(points, _("Waterfront Walkway (schematic)"), WALKWAY_COLOR, weight=4))
    gazetteer = Gazetteer.bundled()
    for kind in SHORE_KINDS:
        for place in gazetteer.by_kind(kind):
            label = f"{place_name(place)} ({kind_text(place.kind)})"
            layer.add_child(marker(place.lat, place.lon, label, ACCESS_COLOR, radius=6))
    for other in gazetteer.by_kind("metro_station"):
        radius = 10 if other == station else 6
        layer.add_child(
            marker(other.lat, other.lon, place_name(other), STATION_COLOR, radius=radius)
        )
    return layer
