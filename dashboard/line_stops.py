"""The stops of a line: chosen on the map or from a list, put in order, named, taken from a feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import folium
import streamlit as st
from streamlit_folium import st_folium

from dashboard.formats import spoken
from dashboard.line_draft import ROWS, own_stops, point_of
from dashboard.maps import ESPOO, base_map, line, marker
from dashboard.roads import road
from dashboard.texts import _, _n, language, plain, several_lines
from dashboard.trip_map import fit
from lastmile.errors import LastmileError, OffNetworkError
from lastmile.network.street import load_network
from lastmile.places import Gazetteer
from lastmile.transit.feed import read_feed
from scenarios.load import load_scenario
from simulation.gtfs_in import read_line
from simulation.lines import STOP_OFF_ROAD_M
from simulation.supply import representative_date

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COLOR: Final = "#0072b2"
ZOOM: Final = 11
CLOSEST: Final = 14
MAP_PX: Final = 360
KINDS: Final = ("rail_station", "metro_station", "bus_stop", "park_entrance", "car_park")
MOST_STOPS: Final = 40
LONGEST_NAME: Final = 80
_TWO: Final = 2


def choose_stops() -> list[dict[str, Any]]:
    """Let stops be chosen and put in order; return them."""
    own = own_stops()
    known = {place.id: place for kind in KINDS for place in Gazetteer.bundled().by_kind(kind)}
    chosen = st.selectbox(
        _("Add a place"),
        list(known),
        index=None,
        format_func=lambda key: known[key].name(language()),
        key="own-place",
    )
    with st.container(horizontal=True):
        full = chosen is None or len(own) >= MOST_STOPS
        if st.button(_("Add stop"), disabled=full, icon=":material/add:"):
            _insert({"place": chosen})
            look_at_all()
        if st.button(_("Remove all"), disabled=not own, icon=":material/delete:"):
            own.clear()
            st.session_state[ROWS] = None
    _upload()
    _map(own)
    _order(own)
    return own


def look_at_all() -> None:
    """Let the map show the whole line the next time it is drawn."""
    points = [(lat, lon) for _name, lat, lon in map(point_of, own_stops())]
    if points:
        center, zoom = fit(points, MAP_PX)
        st.session_state["own-view"] = center, min(zoom, CLOSEST)


def _insert(stop: dict[str, Any]) -> None:
    """Add a stop at the end of the line, where no trip of a feed calls."""
    own_stops().append(stop)
    for row in st.session_state.get(ROWS) or ():
        row.append(None)


def _map(own: list[dict[str, Any]]) -> None:
    """Draw the line along the roads; a click on the map is a stop more."""
    points = [point_of(one) for one in own]
    layer = folium.FeatureGroup(name="own-line")
    if len(points) >= _TWO:
        for stretch in road([(lat, lon) for _name, lat, lon in points]):
            layer.add_child(line(stretch, _("The line along the roads"), COLOR))
    for number, (name, lat, lon) in enumerate(points, start=1):
        layer.add_child(marker(lat, lon, f"{number}. {name}", COLOR, radius=6))
    center, zoom = st.session_state.get("own-view", (ESPOO, ZOOM))
    answer = st_folium(
        base_map(),
        key="own-map",
        center=center,
        zoom=zoom,
        height=MAP_PX,
        use_container_width=True,
        feature_group_to_add=layer,
        returned_objects=["last_clicked"],
    )
    _clicked((answer or {}).get("last_clicked"), own)


def _clicked(click: dict[str, float] | None, own: list[dict[str, Any]]) -> None:
    """Add a stop where the map was clicked, on the nearest road a bus can use."""
    if click is None or click == st.session_state.get("own-click") or len(own) >= MOST_STOPS:
        return
    try:
        snap = load_network().snap(
            click["lat"], click["lng"], "car", max_distance_m=STOP_OFF_ROAD_M
        )
    except OffNetworkError as off:
        st.warning(plain(spoken(str(off))))
        return
    st.session_state["own-click"] = click
    taken = {point_of(one)[0] for one in own}
    number = next(n for n in range(len(own) + 1, 10**6) if _stop_name(n) not in taken)
    _insert({"name": _stop_name(number), "lat": round(snap.lat, 6), "lon": round(snap.lon, 6)})
    st.rerun()


def _stop_name(number: int) -> str:
    return _("Stop {n}").format(n=number)


def _order(own: list[dict[str, Any]]) -> None:
    """Show the stops in their order; each can be renamed, moved and removed."""
    if not own:
        return
    st.markdown("**" + _n("{n} stop in this order", "{n} stops in this order", len(own)) + "**")
    st.session_state["own-version"] = version = st.session_state.get("own-version", 0)
    for place, stop in enumerate(own):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            number = place + 1
            name = st.text_input(
                _("Name of stop {n}").format(n=number),
                point_of(stop)[0],
                max_chars=LONGEST_NAME,
                key=f"own-name-{version}-{place}",
                label_visibility="collapsed",
            ).strip()
            _renamed(place, name)
            _button("↑", _("Move stop {n} up"), place, place == 0, lambda at: (at, at - 1))
            _button(
                "↓", _("Move stop {n} down"), place, place == len(own) - 1, lambda at: (at, at + 1)
            )
            _button("✕", _("Remove stop {n}"), place, False, lambda at: (at, None))  # noqa: FBT003


def _renamed(place: int, name: str) -> None:
    """Give a stop the name that was typed; one from the list becomes one of the line's own."""
    stop = own_stops()[place]
    old, lat, lon = point_of(stop)
    if name and name != old:
        kept = {key: value for key, value in stop.items() if key.startswith("back_")}
        own_stops()[place] = {"name": name, "lat": lat, "lon": lon, **kept}


def _button(
    sign: str,
    said: str,
    place: int,
    disabled: bool,  # noqa: FBT001
    change: Callable[[int], tuple[int, int | None]],
) -> None:
    """Draw a small button that moves or removes a stop."""
    version = st.session_state["own-version"]
    number = place + 1
    st.button(
        sign,
        help=said.format(n=number),
        key=f"own-{sign}-{version}-{place}",
        disabled=disabled,
        on_click=_moved,
        args=change(place),
    )


def _moved(place: int, to: int | None) -> None:
    """Move a stop, with its column of a feed's times, or remove it."""
    rows: Sequence[list[Any]] = st.session_state.get(ROWS) or []
    for row in (own_stops(), *rows):
        taken = row.pop(place)
        if to is not None:
            row.insert(to, taken)
    if rows:
        called = [row for row in rows if sum(time is not None for time in row) >= _TWO]
        st.session_state[ROWS] = called or None
    st.session_state["own-version"] += 1


def _upload() -> None:
    """Take stops and times from a GTFS feed."""
    with st.expander(_("From a GTFS feed")):
        file = st.file_uploader(_("GTFS feed (.zip)"), type="zip", key="own-gtfs")
        name = st.text_input(_("Line, if there are several"), key="own-line-name").strip()
        if file is not None and st.button(_("Take this line")):
            try:
                _take(file.getvalue(), name or None)
            except LastmileError as fault:
                st.error(several_lines(str(fault)))
        said = st.session_state.get("own-feed-note")
        if said:
            st.info(said)


def _take(content: bytes, name: str | None) -> None:
    """Read a line of an uploaded feed into the session.

    Raises
    ------
    LastmileError
        If it is no feed, or has no such line.
    """
    feed = read_feed(content, "feed.zip")
    day = representative_date(feed, load_scenario("baseline").day, [])
    found = read_line(feed, day, name)
    own_stops()[:] = [
        {"name": one.name[:LONGEST_NAME], "lat": round(one.lat, 6), "lon": round(one.lon, 6)}
        | (
            {}
            if across is None
            else {"back_lat": round(across.lat, 6), "back_lon": round(across.lon, 6)}
        )
        for one, across in zip(found.stops, found.back, strict=True)
    ]
    look_at_all()
    st.session_state[ROWS] = [list(row) for row in found.rows]
    st.session_state["own-times"] = "gtfs"
    st.session_state["own-version"] = st.session_state.get("own-version", 0) + 1
    note = _n("{n} trip taken", "{n} trips taken", len(found.rows))
    if found.left_out:
        note += "; " + _n(
            "{n} trip that runs along other stops is left out",
            "{n} trips that run along other stops are left out",
            found.left_out,
        )
    if found.cut:
        note += "; " + _n(
            "{n} of them runs there and back and is cut where it turns",
            "{n} of them run there and back and are cut where they turn",
            found.cut,
        )
    st.session_state["own-feed-note"] = note
