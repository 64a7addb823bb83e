"""Test a timetable: a service's departures, vehicles, and whether it carries the load."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

import folium
import numpy as np
import streamlit as st
from streamlit_folium import st_folium

from dashboard import charts
from dashboard.comparison import EXAMPLE, Comparison, office, scenario, scenario_keys, title
from dashboard.drawing import draw
from dashboard.figures import amount, label
from dashboard.jobs import Question
from dashboard.maps import base_map, line, marker
from dashboard.progress import leave_before, show_end, show_progress
from dashboard.roads import road
from dashboard.series import series_of
from dashboard.state import Query, read_query, seed, write_query
from dashboard.stress_desk import stress_desk
from dashboard.texts import _, _n, language, plain, several_lines
from dashboard.timetable_editor import editor
from dashboard.trip_map import fit
from lastmile.errors import LastmileError
from simulation.shuttle import BACK, OUT

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from scenarios.schema import Scenario
    from simulation.experiment import ScenarioRun, Simulation
    from simulation.shuttle import Service

PAGE = "timetable"
PARAMETERS = ("scenario", "desk", "line", "service", "stress", "situation")
SERVICE_COLOR = "#0072b2"
FIGURES = (
    "shuttle_boardings",
    "shuttle_left_behind",
    "shuttle_load_factor",
    "shuttle_wait_s_mean",
    "shuttle_wait_s_p90",
    "shuttle_missed_connections",
    "stranded",
    "shuttle_cost_eur",
    "break_even_fare_eur",
)
DAYS = 20
_LATER = ("service", "stress", "situation")
"""What the address keeps while the scenario is still simulated."""


def page() -> None:
    """Draw the page; the address holds scenario and service."""
    query = read_query(PAGE, PARAMETERS)
    linked = [query.values.get("scenario", "")]
    keys = [key for key in scenario_keys(linked) if _has_service(key)]
    example = EXAMPLE if EXAMPLE in keys else keys[0]
    seed({"operated": query.one_of("scenario", example, keys)}, fresh=query.fresh)
    st.title(_("Test a timetable"))
    noted = st.container()
    desks = {"scenario": _("A service of a scenario"), "own": _("A line of your own")}
    seed({"desk": query.one_of("desk", "scenario", desks)}, fresh=query.fresh)
    desk = st.radio(
        _("What to test"),
        list(desks),
        format_func=desks.__getitem__,
        key="desk",
        horizontal=True,
    )
    if desk == "own":
        write_query(PAGE, {"desk": desk, **editor(query)})
        with noted:
            query.note()
        return
    left, right = st.columns([1, 2], gap="medium")
    with left:
        key = st.selectbox(
            _("Scenario"), keys, format_func=lambda key: title(scenario(key)), key="operated"
        )
        about = scenario(key).description.said_in(language())
        if about:
            st.caption(plain(about))
    state = {"scenario": key}
    try:
        job = office().ask(_question(key))
    except LastmileError as fault:
        st.error(several_lines(str(fault)))
    else:
        if not job.is_over:
            leave_before(job)
            state |= {name: query.values[name] for name in _LATER if name in query.values}
            with right:
                show_progress(job)
        elif show_end(job) and job.simulation is not None:
            chosen = _service(job.simulation, query, left, right)
            state["service"] = chosen
            if chosen and scenario(key).services[chosen].route is None:
                state |= stress_desk(_on_its_day(key), chosen, query)
    write_query(PAGE, state)
    with noted:
        query.note()


def _has_service(key: str) -> bool:
    return any(service.enabled for service in scenario(key).services.values())


def _question(key: str) -> Question:
    """Return the run of a scenario as its file has it."""
    return Question((_on_its_day(key),), DAYS)


def _on_its_day(key: str) -> Scenario:
    """Return a scenario as its file has it."""
    asked = Comparison.from_query(Query({"base": key}))
    (found,) = replace(asked, pilots=()).scenarios()
    return found


def _service(
    simulation: Simulation, query: Query, left: DeltaGenerator, right: DeltaGenerator
) -> str:
    """Show one service of a run; return its id."""
    run = simulation.run
    services = {service.id: service for service in office().services(run.scenario)}
    if not services:
        st.info(_("No service runs on this day."))
        return ""
    shuttles = [one.id for one in services.values() if one.mode == "shuttle"]
    with left:
        default = query.one_of("service", (shuttles or list(services))[0], services)
        chosen = st.selectbox(
            _("Service"),
            list(services),
            index=list(services).index(default),
            format_func=lambda one: plain_name(services[one]),
            key=f"service-of-{run.run_id}",
        )
        service = services[chosen]
        _facts(service)
        _map(service)
    with right:
        _load(run, service)
        _departures(service)
    return chosen


def plain_name(service: Service) -> str:
    """Return a service's name, or its id where it has none."""
    return service.name or service.id


def _facts(service: Service) -> None:
    """Say what runs."""
    vehicles = len(np.unique(service.block))
    facts = [
        _n("{n} vehicle", "{n} vehicles", vehicles),
        _n("{n} seat each", "{n} seats each", service.seats),
        _n("{n} departure a day", "{n} departures a day", len(service.times_s)),
    ]
    st.markdown("\n".join(f"- {plain(fact)}" for fact in facts))


def _map(service: Service) -> None:
    """Draw the stops in their order."""
    points = list(zip(service.lat.tolist(), service.lon.tolist(), strict=True))
    layer = folium.FeatureGroup(name="service")
    for stretch in road(points):
        layer.add_child(line(stretch, plain_name(service), SERVICE_COLOR))
    for (lat, lon), name in zip(points, service.stops, strict=True):
        layer.add_child(marker(lat, lon, name, SERVICE_COLOR, radius=6))
    center, zoom = fit(points, 210)
    st_folium(
        base_map(),
        key="service-map",
        center=center,
        zoom=zoom,
        height=320,
        use_container_width=True,
        feature_group_to_add=layer,
        returned_objects=[],
    )


def _load(run: ScenarioRun, service: Service) -> None:
    """Show whether the service carries its load."""
    st.subheader(_("Load over the day"))
    frame = series_of(run)
    lines = {
        text: mine
        for text, mine in (
            (_("places taken, over half an hour"), frame[frame["series"] == f"load.{service.id}"]),
        )
        if len(mine)
    }
    if lines:
        draw(
            charts.loads(lines),
            alt=_("Places taken in the vehicles over the day, with 8 days in 10"),
        )
    waiting = frame[frame["series"] == f"waiting.{service.id}"]
    if len(waiting):
        draw(
            charts.course(
                {_("people at its stops"): waiting}, _("people at its stops"), with_base=False
            ),
            alt=_("People waiting at the stops over the day, with 8 days in 10"),
        )
    st.caption(_("Lines are means; 8 days in 10 lie within the bands."))
    if service.mode == "shuttle":
        _figures(run)


def _figures(run: ScenarioRun) -> None:
    """Show the key figures of the shuttles."""
    rows = []
    for name in FIGURES:
        found = run.sample.figure(name)
        if np.isnan(found).all():
            continue
        mean = amount(name, float(np.nanmean(found)))
        worst = amount(name, float(np.nanpercentile(found, 90)))
        rows.append(
            f'<tr><th scope="row">{escape(label(name))}</th><td>{escape(mean)}</td>'
            f"<td>{escape(worst)}</td></tr>"
        )
    heads = "".join(
        f'<th scope="col">{escape(text)}</th>'
        for text in (_("Key figure"), _("Mean"), _("1 day in 10 above"))
    )
    st.html(
        f'<table class="lm-table"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _departures(service: Service) -> None:
    """Show the timetable, one table for each direction."""
    st.subheader(_("Timetable"))
    for direction, text in ((OUT, _("to the park")), (BACK, _("from the park"))):
        trips = np.flatnonzero(service.direction == direction)
        if not len(trips):
            continue
        trips = trips[np.argsort(np.nanmin(service.times_s[trips], axis=1))]
        order = list(range(len(service.stops)))
        if direction == BACK:
            order.reverse()
        heads = "".join(f'<th scope="col">{escape(service.stops[stop])}</th>' for stop in order)
        rows = "".join(
            "<tr>"
            + "".join(f"<td>{_clock(service.times_s[trip, stop])}</td>" for stop in order)
            + f"<td>{int(service.block[trip]) + 1}</td></tr>"
            for trip in trips
        )
        vehicle = escape(_("Vehicle"))
        with st.expander(
            text + " · " + _n("{n} departure", "{n} departures", len(trips)),
        ):
            st.html(
                '<div class="lm-scroll" tabindex="0" role="region" '
                f'aria-label="{escape(text)}"><table class="lm-table lm-times"><thead><tr>{heads}'
                f'<th scope="col">{vehicle}</th></tr></thead><tbody>{rows}</tbody></table></div>'
            )


def _clock(seconds: float) -> str:
    """Return a time of the service day; hours pass 24 after midnight."""
    if np.isnan(seconds):
        return "-"
    minutes = round(float(seconds) / 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
