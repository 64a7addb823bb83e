"""A line of one's own: stops on the map, times, vehicles; then blocks, a feed, a stress test."""

from __future__ import annotations

import hashlib
import json
import tempfile
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import altair as alt
import folium
import numpy as np
import pandas as pd
import streamlit as st
from streamlit_folium import st_folium

from dashboard.maps import ESPOO, base_map, line, marker
from dashboard.texts import _, _n, language, plain
from lastmile.errors import LastmileError, OffNetworkError, RequestError
from lastmile.network.paths import matrix
from lastmile.network.street import load_network
from lastmile.parameters import Parameters
from lastmile.places import Gazetteer
from lastmile.transit.feed import load_feed
from lastmile.transit.writer import write_files
from scenarios.load import build, load_scenario
from simulation.gtfs_in import read_line
from simulation.gtfs_out import Publication, pilot_tables, table_files
from simulation.lines import STOP_OFF_ROAD_M, clock_text
from simulation.pasted import read_departures, read_table
from simulation.schedule import ScheduleCheck, check_schedule
from simulation.search import Verdict
from simulation.stress import Effort, StressTest, stress_test
from simulation.supply import build_supply, representative_date

if TYPE_CHECKING:
    from scenarios.schema import Scenario

LINE: Final = "own-line"
COLOR: Final = "#0072b2"
ZOOM: Final = 11
STRESS_DAYS: Final = 20
KINDS: Final = ("rail_station", "metro_station", "bus_stop", "park_entrance", "car_park")
_MOST_STOPS: Final = 40
_TWO: Final = 2


def editor() -> None:
    """Draw the editor; what it holds lives in the session."""
    left, right = st.columns(2, gap="medium")
    with left:
        stops = _stops()
        service = _service(stops)
    with right:
        if len(stops) < _TWO or service is None:
            st.info(_("Choose two stops or more, on the map or from the list."))
            return
        try:
            scenario = _scenario(stops, service)
            check = _checked(scenario.digest, scenario)
        except LastmileError as fault:
            st.error(plain(str(fault)))
            return
        _show_blocks(check)
        if check.feasible:
            _show_feed(scenario)
            _show_stress(scenario)


# --- stops


def _stops() -> list[dict[str, Any]]:
    """Let stops be chosen on the map and from the list; return them in their order."""
    own: list[dict[str, Any]] = st.session_state.setdefault("own-stops", [])
    known = {place.id: place for kind in KINDS for place in Gazetteer.bundled().by_kind(kind)}
    chosen = st.selectbox(
        _("Add a place"),
        list(known),
        index=None,
        format_func=lambda key: known[key].name(language()),
        key="own-place",
    )
    add, undo, clear = st.columns(3)
    if add.button(_("Add stop"), disabled=chosen is None, use_container_width=True):
        own.append({"place": chosen})
    if undo.button(_("Remove last"), disabled=not own, use_container_width=True):
        own.pop()
    if clear.button(_("Remove all"), disabled=not own, use_container_width=True):
        own.clear()
    _upload(own)
    points = [_point(one) for one in own]
    layer = folium.FeatureGroup(name="own-line")
    if len(points) >= _TWO:
        layer.add_child(line([(lat, lon) for _name, lat, lon in points], LINE, COLOR))
    for number, (name, lat, lon) in enumerate(points, start=1):
        layer.add_child(marker(lat, lon, f"{number}. {name}", COLOR, radius=6))
    answer = st_folium(
        base_map(),
        key="own-map",
        center=ESPOO,
        zoom=ZOOM,
        height=360,
        use_container_width=True,
        feature_group_to_add=layer,
        returned_objects=["last_clicked"],
    )
    _clicked((answer or {}).get("last_clicked"), own)
    st.html("<ol>" + "".join(f"<li>{escape(name)}</li>" for name, _lat, _lon in points) + "</ol>")
    return own


def _point(stop: dict[str, Any]) -> tuple[str, float, float]:
    """Return a stop's name and where it is."""
    if "place" in stop:
        place = Gazetteer.bundled()[stop["place"]]
        return place.name(language()), place.lat, place.lon
    return stop["name"], stop["lat"], stop["lon"]


def _clicked(click: dict[str, float] | None, own: list[dict[str, Any]]) -> None:
    """Add a stop where the map was clicked, on the nearest road a bus can use."""
    if click is None or click == st.session_state.get("own-click") or len(own) >= _MOST_STOPS:
        return
    st.session_state["own-click"] = click
    try:
        snap = load_network().snap(
            click["lat"], click["lng"], "car", max_distance_m=STOP_OFF_ROAD_M
        )
    except OffNetworkError as off:
        st.warning(plain(str(off)))
        return
    name = _("Stop {n}").format(n=len(own) + 1)
    own.append({"name": name, "lat": round(snap.lat, 6), "lon": round(snap.lon, 6)})
    st.rerun()


def _upload(own: list[dict[str, Any]]) -> None:
    """Take stops and times from a GTFS feed."""
    with st.expander(_("From a GTFS feed")):
        file = st.file_uploader(_("GTFS feed (.zip)"), type="zip", key="own-gtfs")
        name = st.text_input(_("Line, if there are several"), key="own-line-name").strip()
        if file is None or not st.button(_("Take this line")):
            return
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "feed.zip"
                path.write_bytes(file.getvalue())
                feed = load_feed(path)
            day = representative_date(feed, load_scenario("baseline").day, [])
            found = read_line(feed, day, name or None)
        except LastmileError as fault:
            st.error(plain(str(fault)))
            return
        own[:] = [
            {"name": one.name, "lat": round(one.lat, 6), "lon": round(one.lon, 6)}
            for one in found.stops
        ]
        st.session_state["own-rows"] = [list(row) for row in found.rows]
        st.session_state["own-times"] = "gtfs"


# --- times and vehicles


def _service(stops: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Ask for times and vehicles; return the service, or None where they are not clear."""
    ways = {
        "headway": _("Every so many minutes"),
        "departures": _("Departures from the first stop"),
        "table": _("A table from a spreadsheet"),
    }
    if st.session_state.get("own-rows"):
        ways["gtfs"] = _("As in the GTFS feed")
    way = st.radio(_("Times"), list(ways), format_func=ways.__getitem__, key="own-times")
    service: dict[str, Any] = {}
    try:
        service |= _times(way, stops)
    except RequestError as fault:
        st.error(plain(str(fault)))
        return None
    one, two, three = st.columns(3)
    service["vehicles"] = one.number_input(_("Vehicles"), 1, 99, 2, key="own-vehicles")
    service["seats"] = two.number_input(_("Seats"), 1, 200, 19, key="own-seats")
    service["layover_min"] = three.number_input(
        _("Layover, min"), 0.0, 60.0, 3.0, 1.0, key="own-layover"
    )
    if way in {"headway", "departures"}:
        one, two = st.columns(2)
        slow = one.number_input(
            _("Congestion factor"), 0.5, 3.0, _value("bus_run_time_factor"), 0.05, key="own-factor"
        )
        dwell = two.number_input(
            _("Stop time, s"), 0.0, 600.0, _value("dwell_stop_s"), 5.0, key="own-dwell"
        )
        minutes = _run_times(stops, slow, dwell)
        if minutes is None:
            st.error(_("No road leads from one of the stops to the next."))
            return None
        service["run_times_min"] = minutes
    return service


def _value(name: str) -> float:
    return float(Parameters.bundled().value(name))


def _times(way: str, stops: list[dict[str, Any]]) -> dict[str, Any]:
    """Return when the service runs.

    Raises
    ------
    RequestError
        If what was pasted is not clear; the message lists rows and reasons.
    """
    if way == "headway":
        one, two, three = st.columns(3)
        first = one.text_input(_("From"), "9:00", key="own-first")
        last = two.text_input(_("To"), "18:00", key="own-last")
        headway = three.number_input(_("Headway, min"), 1.0, 240.0, 30.0, 5.0, key="own-headway")
        ends = read_departures(f"{first}\n{last}")
        if len(ends) != _TWO:
            raise RequestError(_("Give one time for the first departure and one for the last."))
        return {"first": ends[0], "last": ends[1], "headway": headway}
    if way == "departures":
        text = st.text_area(_("Departures"), "9:00, 10:00, 11:00", key="own-departures")
        return {"departures": read_departures(text)}
    if way == "gtfs":
        rows = st.session_state["own-rows"]
    else:
        text = st.text_area(
            _("Timetable: a row for each trip, a column for each stop"), key="own-table"
        )
        rows = read_table(text, [_point(one)[0] for one in stops]).rows
    return {"timetable": [["" if time is None else time for time in row] for row in rows]}


def _run_times(stops: list[dict[str, Any]], factor: float, dwell_s: float) -> list[float] | None:
    """Return the minutes from stop to stop by the roads; None where there is no road."""
    points = [(lat, lon) for _name, lat, lon in map(_point, stops)]
    if len(points) < _TWO:
        return []
    times = matrix(load_network(), points, points, "car").duration_s
    drive_s = np.array([times[a, b] for a, b in pairwise(range(len(points)))])
    if not np.isfinite(drive_s).all():
        return None
    return [float(one) for one in np.maximum(np.ceil((drive_s * factor + dwell_s) / 60), 1)]


# --- what comes of it


def _scenario(stops: list[dict[str, Any]], service: dict[str, Any]) -> Scenario:
    """Return the day as it is, with the line."""
    document = load_scenario("baseline").document()
    spec = {"stops": [one.get("place", one) for one in stops], **service}
    document["services"] = {**document.get("services", {}), LINE: spec}
    document["title"] = {"en": _("A line of your own")}
    digest = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:8]
    return build(f"{LINE}-{digest}", document, {})


@st.cache_data(max_entries=32, show_spinner=False)
def _checked(digest: str, _scenario: Scenario) -> ScheduleCheck:
    """Lay out the line; the digest is what the answer hangs on."""
    del digest
    return next(one for one in check_schedule(_scenario) if one.service.id == LINE)


def _show_blocks(check: ScheduleCheck) -> None:
    """Show which vehicle makes which trip, and what cannot run."""
    st.subheader(_("Vehicles"))
    facts = [
        _n("{n} vehicle needed", "{n} vehicles needed", check.needed),
        _n("{n} trip a day", "{n} trips a day", len(check.trips)),
        _("{hours:.1f} vehicle hours, {km:.0f} km").format(hours=check.hours, km=check.km),
    ]
    st.markdown("\n".join(f"- {plain(fact)}" for fact in facts))
    for fault in check.faults:
        st.error(plain(fault.split(": ", 2)[-1]))
    midnight = pd.Timestamp("2000-01-01")
    frame = pd.DataFrame(
        {
            "vehicle": [str(trip.vehicle) for trip in check.trips],
            "start": [midnight + pd.Timedelta(seconds=trip.start_s) for trip in check.trips],
            "end": [midnight + pd.Timedelta(seconds=trip.end_s) for trip in check.trips],
            "trip": [
                f"{clock_text(trip.start_s)} {trip.start} - {clock_text(trip.end_s)} {trip.end}"
                for trip in check.trips
            ],
        }
    )
    chart = (
        alt.Chart(frame)
        .mark_bar(color=COLOR, stroke="#ffffff")
        .encode(
            x=alt.X("start:T", axis=alt.Axis(format="%H:%M"), title=None),
            x2="end:T",
            y=alt.Y("vehicle:N", title=_("Vehicle")),
            tooltip=["trip:N"],
        )
    )
    st.altair_chart(chart, alt=_("Which vehicle makes which trip over the day"))


def _show_feed(scenario: Scenario) -> None:
    """Offer the line as GTFS, read back first."""
    try:
        content = _feed(scenario.digest, scenario)
    except LastmileError as fault:
        st.error(plain(str(fault)))
        return
    st.download_button(
        _("Download as GTFS"), content, file_name=f"{LINE}.zip", mime="application/zip"
    )


@st.cache_data(max_entries=8, show_spinner=False)
def _feed(digest: str, _scenario: Scenario) -> bytes:
    """Return the line as a zipped feed that reads without a warning."""
    del digest
    supply = build_supply(_scenario, Parameters.bundled())
    service = next(one for one in supply.services if one.id == LINE)
    tables = pilot_tables(_scenario, supply, [service], Publication())
    with tempfile.TemporaryDirectory() as folder:
        path = write_files(table_files(tables), Path(folder) / "feed.zip")
        load_feed(path)
        return path.read_bytes()


def _show_stress(scenario: Scenario) -> None:
    """Put the line through situations when asked."""
    tested: dict[str, StressTest] = st.session_state.setdefault("own-tested", {})
    mend = st.checkbox(_("Also look for the cheapest change that mends it (slower)"))
    if st.button(_("Stress test")):
        with st.spinner(_("Simulating busy days, late trains and mishaps")):
            try:
                found = stress_test(
                    scenario, LINE, effort=Effort(STRESS_DAYS, workers=1, mend=mend)
                )
            except LastmileError as fault:
                st.error(plain(str(fault)))
                return
        tested.clear()
        tested[scenario.digest] = found
    if scenario.digest not in tested:
        return
    lights = {
        Verdict.KEPT: ("🟢", _("holds")),
        Verdict.OPEN: ("🟡", _("not sure")),
        Verdict.BROKEN: ("🔴", _("breaks")),
    }
    titles = {
        "ordinary": _("An ordinary day"),
        "busy": _("A busy day (1 in 5)"),
        "one-in-20": _("A 1-in-20 day"),
        "late-trains": _("Trains 8 minutes late"),
        "slow-traffic": _("Traffic a quarter slower"),
        "vehicle-out": _("A vehicle out from noon"),
        "coach": _("A coach party of 45"),
    }
    rows = []
    for one in tested[scenario.digest].results:
        sign, word = lights[one.verdict]
        why = "; ".join(
            f"{light.promise}: {light.reason}"
            if light.estimate is None
            else f"{light.promise}: {light.estimate.mean:.3g}. {light.reason}"
            for light in one.lights
            if light.verdict is not Verdict.KEPT
        )
        if one.mend is not None:
            said = ", ".join(
                f"{key.rpartition('.')[2]} = {value}" for key, value in one.mend.changes.items()
            )
            why += ". " + _("Mended by {changes}: {cost:+.0f} EUR a day").format(
                changes=said, cost=one.mend.cost_eur
            )
        name = titles.get(one.situation.id, one.situation.title)
        rows.append(
            f'<tr><th scope="row">{escape(name)}</th>'
            f"<td>{sign} {escape(word)}</td><td>{escape(why)}</td></tr>"
        )
    heads = "".join(
        f'<th scope="col">{escape(text)}</th>' for text in (_("Situation"), _("Verdict"), _("Why"))
    )
    st.html(
        f'<table class="lm-table"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
