"""A line of one's own: stops on the map, times, vehicles; then blocks, a feed, a stress test."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from dashboard.drawing import draw
from dashboard.formats import number, sentence, spoken
from dashboard.line_draft import (
    FIELDS,
    LINE,
    ROWS,
    keep,
    known_drafts,
    point_of,
    recall,
    remember,
    scenario_of,
)
from dashboard.line_stops import COLOR, choose_stops, look_at_all
from dashboard.stress_desk import stress_desk
from dashboard.texts import _, _n, plain
from lastmile.errors import LastmileError, RequestError
from lastmile.messages import Message
from lastmile.network.paths import matrix
from lastmile.network.street import load_network
from lastmile.parameters import Parameters
from lastmile.transit.feed import load_feed
from lastmile.transit.writer import write_files
from simulation.gtfs_out import Publication, pilot_tables, table_files
from simulation.lines import clock_text
from simulation.pasted import read_departures, read_table, read_windows
from simulation.schedule import ScheduleCheck, check_schedule
from simulation.supply import build_supply

if TYPE_CHECKING:
    from dashboard.state import Query
    from scenarios.schema import Scenario

_TWO: Final = 2


def editor(query: Query) -> dict[str, str]:
    """Draw the editor; return what the address is to say: the line lives in the server."""
    draft = query.one_of("line", "", known_drafts()) if query.fresh else ""
    if draft:
        recall(draft)
        look_at_all()
    left, right = st.columns(2, gap="medium")
    with left:
        stops = choose_stops()
        service = _service(stops)
    with right:
        if len(stops) < _TWO or service is None:
            st.info(_("Choose two stops or more, on the map or from the list."))
            return {"line": remember() if stops else ""}
        said = {"line": remember()}
        try:
            scenario = scenario_of(service)
            check = _checked(scenario.digest, scenario)
        except LastmileError as fault:
            _tell(fault)
            return said
        _show_blocks(check)
        if check.feasible:
            _show_feed(scenario)
    if check.feasible:
        said |= stress_desk(scenario, LINE, query)
    return said


def _tell(fault: LastmileError) -> None:
    """Show every fault of the line, each in the reader's language where it has one."""
    said = spoken(str(fault))
    rows = [row.split(": ", 2)[-1] if LINE in row else row for row in said.split("\n")]
    st.error("  \n".join(plain(sentence(row)) for row in rows))


# --- times and vehicles


def _service(stops: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Ask for times and vehicles; return the service, or None where they are not clear."""
    ways = {
        "headway": _("Every so many minutes"),
        "windows": _("Headways that change over the day"),
        "departures": _("Departures from the first stop"),
        "table": _("A table from a spreadsheet"),
    }
    if st.session_state.get(ROWS):
        ways["gtfs"] = _("As in the GTFS feed")
    if st.session_state.get("own-times") not in ways:
        st.session_state["own-times"] = "headway"
    way = st.radio(_("Times"), list(ways), format_func=ways.__getitem__, key=_field("own-times"))
    try:
        service = _times(way, stops)
    except RequestError as fault:
        _tell(fault)
        service = None
    vehicles = _vehicles()
    minutes: list[float] | None = []
    if way in {"headway", "windows", "departures"}:
        one, two = st.columns(2)
        factor = keep("own-factor", _value("bus_run_time_factor"))
        slow = one.number_input(_("Congestion factor"), 0.5, 3.0, step=0.05, key=factor)
        stop_time = keep("own-dwell", _value("dwell_stop_s"))
        dwell = two.number_input(
            _("Stop time, s"), 0.0, 600.0, step=5.0, format="%g", key=stop_time
        )
        minutes = _run_times(stops, slow, dwell)
        if minutes is None:
            st.error(_("No road leads from one of the stops to the next."))
            return None
        _show_run_times(stops, minutes)
    if service is None:
        return None
    return {**service, **vehicles, **({"run_times_min": minutes} if minutes else {})}


def _field(name: str) -> str:
    """Return the key of a widget of the editor, its value set."""
    return keep(name, FIELDS[name])


def _vehicles() -> dict[str, Any]:
    """Ask for vehicles and drivers."""
    one, two, three = st.columns(3)
    found: dict[str, Any] = {
        "vehicles": one.number_input(_("Vehicles"), 1, 99, key=_field("own-vehicles")),
        "seats": two.number_input(_("Seats"), 1, 200, key=_field("own-seats")),
        "layover_min": three.number_input(
            _("Layover, min"), 0.0, 60.0, step=1.0, format="%g", key=_field("own-layover")
        ),
        "empty_runs": st.checkbox(
            _("Vehicles may run empty between the termini"), key=_field("own-empty")
        ),
    }
    if st.checkbox(
        _("Drivers have their breaks at the termini"),
        key=_field("own-breaks"),
        help=_(
            "The Working Hours Act (872/2019) gives drivers 30 minutes for each 5 h 30 min of "
            "work. Without this another driver takes over the vehicle."
        ),
    ):
        one, two = st.columns(2)
        found["break_min"] = one.number_input(
            _("Break, min"), 5.0, 120.0, step=5.0, format="%g", key=_field("own-break")
        )
        found["break_after_h"] = two.number_input(
            _("After hours of work, at most"),
            1.0,
            12.0,
            step=0.5,
            format="%g",
            key=_field("own-break-after"),
        )
    return found


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
        first = one.text_input(_("From"), key=_field("own-first"))
        last = two.text_input(_("To"), key=_field("own-last"))
        headway = three.number_input(
            _("Headway, min"), 1.0, 240.0, step=5.0, format="%g", key=_field("own-headway")
        )
        ends = read_departures(f"{first}\n{last}")
        if len(ends) != _TWO:
            raise RequestError(
                Message("give one time for the first departure and one for the last")
            )
        return {"first": ends[0], "last": ends[1], "headway": headway}
    if way == "windows":
        text = st.text_area(
            _("A row for each time of day: from, to, minutes between departures"),
            placeholder="7:00 - 9:00 / 15\n9:00 - 18:00 / 30",
            key=_field("own-windows"),
        )
        return {"windows": read_windows(text)}
    if way == "departures":
        text = st.text_area(_("Departures"), key=_field("own-departures"))
        return {"departures": read_departures(text)}
    if way == "gtfs":
        rows = st.session_state[ROWS]
    else:
        text = st.text_area(
            _("Timetable: a row for each trip, a column for each stop"), key=_field("own-table")
        )
        rows = read_table(text, [point_of(one)[0] for one in stops]).rows
    return {"timetable": [["" if time is None else time for time in row] for row in rows]}


def _run_times(stops: list[dict[str, Any]], factor: float, dwell_s: float) -> list[float] | None:
    """Return the minutes from stop to stop by the roads; None where there is no road."""
    points = [(lat, lon) for _name, lat, lon in map(point_of, stops)]
    if len(points) < _TWO:
        return []
    times = matrix(load_network(), points, points, "car").duration_s
    drive_s = np.array([times[a, b] for a, b in pairwise(range(len(points)))])
    if not np.isfinite(drive_s).all():
        return None
    return [float(one) for one in np.maximum(np.ceil((drive_s * factor + dwell_s) / 60), 1)]


def _show_run_times(stops: list[dict[str, Any]], minutes: list[float]) -> None:
    """Say how long the vehicle takes from stop to stop."""
    if minutes:
        names = [point_of(one)[0] for one in stops]
        legs = [f"{name} {one:.0f} min" for name, one in zip(names[1:], minutes, strict=True)]
        said = _("Run times by the roads: {legs}").format(legs=" → ".join([names[0], *legs]))
        st.caption(plain(said))


# --- what comes of it


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
        _("{hours} vehicle hours, {km} km, of which {empty} km empty between termini").format(
            hours=number(check.hours, 1), km=number(check.km, 0), empty=number(check.empty_km, 0)
        ),
        _("{hours} driver hours, of which {breaks} h are breaks").format(
            hours=number(check.driver_hours, 1), breaks=number(check.break_hours, 1)
        ),
    ]
    st.markdown("\n".join(f"- {plain(fact)}" for fact in facts))
    for fault in check.faults:
        said = fault.values if isinstance(fault, Message) else {}  # noqa: PD011 - no table
        st.error(plain(sentence(str(said.get("reason", fault)))))
    chart = gantt(check)
    draw(chart, alt=_("Which vehicle makes which trip over the day"))


def gantt(check: ScheduleCheck) -> alt.Chart:
    """Return the chart of vehicles over the day: trips, empty runs and drivers' breaks."""
    kinds = {
        "trip": (_("trip"), COLOR),
        "empty": (_("runs empty"), "#999999"),
        "break": (_("driver's break"), "#e69f00"),
    }
    midnight = pd.Timestamp("2000-01-01")
    rows: list[tuple[str, str, float, float, str]] = []
    ended: dict[int, float] = {}
    for trip in check.trips:
        vehicle = str(trip.vehicle)
        free_s = ended.get(trip.vehicle, trip.start_s)
        if trip.break_s:
            rows.append((vehicle, "break", free_s, free_s + trip.break_s, ""))
        if trip.empty_s:
            rows.append((vehicle, "empty", trip.start_s - trip.empty_s, trip.start_s, trip.start))
        what = f"{clock_text(trip.start_s)} {trip.start} - {clock_text(trip.end_s)} {trip.end}"
        rows.append((vehicle, "trip", trip.start_s, trip.end_s, what))
        ended[trip.vehicle] = trip.end_s
    frame = pd.DataFrame(
        {
            "vehicle": [row[0] for row in rows],
            "kind": [kinds[row[1]][0] for row in rows],
            "start": [midnight + pd.Timedelta(seconds=row[2]) for row in rows],
            "end": [midnight + pd.Timedelta(seconds=row[3]) for row in rows],
            "what": [row[4] or f"{clock_text(row[2])} - {clock_text(row[3])}" for row in rows],
        }
    )
    shown = [kind for kind in kinds if kind in {row[1] for row in rows}]
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_bar(stroke="#ffffff", height=18)
        .encode(
            x=alt.X("start:T", axis=alt.Axis(format="%H:%M"), title=None),
            x2="end:T",
            y=alt.Y("vehicle:N", title=_("Vehicle")),
            color=alt.Color(
                "kind:N",
                title=None,
                scale=alt.Scale(
                    domain=[kinds[kind][0] for kind in shown],
                    range=[kinds[kind][1] for kind in shown],
                ),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=[alt.Tooltip("kind:N", title=" "), alt.Tooltip("what:N", title=" ")],
        )
        .properties(height=alt.Step(26))
    )
    return chart


def _show_feed(scenario: Scenario) -> None:
    """Offer the line as GTFS, read back first."""
    try:
        content = _feed(scenario.digest, scenario)
    except LastmileError as fault:
        _tell(fault)
        return
    st.download_button(
        _("Download as GTFS"),
        content,
        file_name=f"{LINE}.zip",
        mime="application/zip",
        on_click="ignore",
        icon=":material/download:",
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
