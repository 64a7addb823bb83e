"""Compare pilots: which one relieves the park, at what cost, and how sure we are."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st
from babel.dates import get_month_names

from dashboard import charts
from dashboard.comparison import (
    ANY_DAY,
    BASE,
    BUSY,
    COUNTS,
    DAY_TYPES,
    LARGEST_UPLOAD_BYTES,
    MOST_PILOTS,
    WEATHERS,
    Comparison,
    office,
    scenario,
    scenario_keys,
    take_upload,
    title,
    to_toml,
)
from dashboard.figures import amount, difference
from dashboard.formats import locale
from dashboard.progress import leave_before, show_end, show_progress
from dashboard.state import read_query, seed, write_query
from dashboard.texts import _, _n, language, plain
from dashboard.verdict import figure_names, sentences, table
from lastmile.errors import LastmileError
from lastmile.places import Gazetteer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboard.comparison import Change
    from dashboard.jobs import Job, Run
    from scenarios.schema import Scenario

PAGE = "compare"
DEFAULT_ENTRANCE = "haltia"


def page() -> None:
    """Draw the page; the address holds the question, and the answer is found by it."""
    query = read_query(PAGE)
    asked = Comparison.from_query(query)
    entrance = query.read("entrance", DEFAULT_ENTRANCE, lambda text: Gazetteer.bundled()[text].id)
    st.title(_("Compare pilots"))
    query.note()
    left, right = st.columns([1, 2], gap="medium")
    with left:
        comparison = _question(asked, fresh=query.fresh)
    with right:
        if not comparison.pilots:
            st.info(_("Choose a pilot to compare with the base."))
        else:
            try:
                job = office().ask(comparison.question())
            except LastmileError as fault:
                st.error(plain(str(fault)))
            else:
                leave_before(job)
                if not job.is_over:
                    show_progress(job)
                elif show_end(job):
                    entrance = _answer(job, entrance)
    write_query(PAGE, {**comparison.to_query(), "entrance": entrance})


def _question(asked: Comparison, *, fresh: bool) -> Comparison:
    """Draw the form and return what it says."""
    keys = scenario_keys()
    seed(
        {
            "base": asked.base,
            "pilots": list(asked.pilots),
            "month": asked.month,
            "day-type": asked.day_type,
            "weather": asked.weather,
            "busy": asked.busy,
            "days": asked.replications,
        },
        fresh=fresh,
    )
    with st.container(key="question"):
        base = st.selectbox(_("Base"), keys, format_func=_scenario_text, key="base")
        pilots = st.multiselect(
            _("Pilots"),
            [key for key in keys if key != BASE],
            format_func=_scenario_text,
            max_selections=MOST_PILOTS,
            key="pilots",
        )
        st.markdown("**" + _("Kind of day") + "**")
        months = get_month_names("wide", locale=locale(), context="stand-alone")
        month = st.selectbox(
            _("Month"), range(1, 13), format_func=lambda n: str(months[n]), key="month"
        )
        days = {
            "weekday": _("weekday"),
            "saturday": _("Saturday"),
            "sunday": _("Sunday"),
        }
        day_type = st.segmented_control(
            _("Day"), DAY_TYPES, format_func=days.__getitem__, required=True, key="day-type"
        )
        weathers = {"good": _("good"), "fair": _("fair"), "poor": _("poor")}
        weather = st.segmented_control(
            _("Weather"), WEATHERS, format_func=weathers.__getitem__, required=True, key="weather"
        )
        busy = st.select_slider(
            _("Visit level"),
            BUSY,
            format_func=_busy_text,
            key="busy",
        )
        replications = st.select_slider(
            _("Days simulated"),
            COUNTS,
            help=_("20 days give a quick preview; more days give narrower intervals."),
            key="days",
        )
        changes = _changes(tuple(pilots), asked, fresh=fresh)
        _upload()
    return Comparison(
        base=base or BASE,
        pilots=tuple(pilots),
        month=month or asked.month,
        day_type=day_type or asked.day_type,
        weather=weather or asked.weather,
        busy=busy,
        replications=replications,
        changes=changes,
    )


def _scenario_text(key: str) -> str:
    return title(scenario(key))


def _busy_text(level: int) -> str:
    if level == ANY_DAY:
        return _("any")
    return _("busier than {share} of 100").format(share=level)


def _changes(pilots: tuple[str, ...], asked: Comparison, *, fresh: bool) -> tuple[Change, ...]:
    """Draw a slider for what one asks about in each pilot; return what differs from its file."""
    changes: list[Change] = []
    for number, key in enumerate(pilots, start=1):
        own = scenario(key)
        with st.expander(_("What if: {pilot}").format(pilot=plain(title(own)))):
            given = {name: value for pilot, name, value in asked.changes if pilot == number}
            for name, (label, value, low, high, step) in _dials(own).items():
                slider_key = f"set-{key}-{name}"
                start = min(max(given.get(name, value), low), high)
                seed({slider_key: start}, fresh=fresh)
                chosen = st.slider(label, low, high, step=step, key=slider_key)
                if chosen != value:
                    changes.append((number, name, chosen))
    return tuple(changes)


Dial = tuple[str, float, float, float, float]


def _dials(own: Scenario) -> dict[str, Dial]:
    """Return what can be turned in a pilot: key -> label, value, lowest, highest, step."""
    dials: dict[str, Dial] = {}
    for service_id, service in own.services.items():
        if service.mode != "shuttle" or not service.enabled:
            continue
        at = f"services.{service_id}"
        if service.headway is not None:
            dials[f"{at}.headway"] = _dial(_("Headway, min"), service.headway, 5, 120, 5)
        if service.vehicles is not None:
            dials[f"{at}.vehicles"] = _dial(_("Vehicles"), service.vehicles, 1, 12, 1)
        dials[f"{at}.seats"] = _dial(_("Seats"), service.seats, 8, 60, 1)
        if service.fare_eur is not None:
            dials[f"{at}.fare_eur"] = _dial(_("Fare, EUR"), service.fare_eur, 0, 10, 0.5)
    park = own.car_parks.get("haltia-car-park")
    if park is not None:
        dials["car_parks.haltia-car-park.fee_eur"] = _dial(
            _("Parking fee at Haltia, EUR"), park.fee_eur, 0, 20, 1
        )
    return dials


def _dial(label: str, value: float, low: float, high: float, step: float) -> Dial:
    return label, float(value), min(float(low), value), max(float(high), value), float(step)


def _upload() -> None:
    """Take a scenario file from the planner."""
    with st.expander(_("Upload a scenario")):
        given = st.file_uploader(
            _("Scenario file (TOML, at most {size} kB)").format(size=LARGEST_UPLOAD_BYTES // 1000),
            type=["toml"],
            max_upload_size=1,
            key="upload",
        )
        if given is None:
            st.caption(_("Download a pilot below, change it, and upload it here."))
            return
        try:
            key = take_upload(given.getvalue())
        except LastmileError as fault:
            st.error(plain(str(fault)))
            return
        st.success(
            _(
                "“{title}” can be chosen above. Whoever has the link to a comparison sees it."
            ).format(title=plain(title(scenario(key))))
        )
        if st.session_state.get("last-upload") != key:
            st.session_state["last-upload"] = key
            st.rerun()


def _answer(job: Job, entrance: str) -> str:
    """Show what came of a run; return the entrance looked at."""
    base, *others = job.runs
    pilots = _titled(others)
    _verdicts(base, pilots)
    order = {gate.id: number for number, gate in enumerate(base.model.entrances)}
    gates = [gate for gate, number in order.items() if base.model.lots_of(number)]
    chosen = st.segmented_control(
        _("Entrance"),
        gates,
        default=entrance if entrance in gates else gates[0],
        format_func=lambda gate: Gazetteer.bundled()[gate].name(language()),
        required=True,
        key="entrance",
    )
    entrance = chosen or entrance
    _courses(base, pilots, order[entrance], entrance)
    st.subheader(_("Key figures"))
    st.html(table(base, pilots, figure_names(job.runs, entrance), language()))
    _loads(pilots)
    _money_and_people(base, pilots)
    _downloads(base, pilots)
    for warning in dict.fromkeys(warning for run in job.runs for warning in run.model.warnings):
        st.caption(plain(warning))
    return entrance


def _titled(runs: list[Run]) -> dict[str, Run]:
    """Return the pilots by title, numbered where two have the same."""
    titled: dict[str, Run] = {}
    for run in runs:
        name, number = title(run.scenario), 2
        while name in titled:
            name, number = f"{title(run.scenario)} ({number})", number + 1
        titled[name] = run
    return titled


def _verdicts(base: Run, pilots: Mapping[str, Run]) -> None:
    """Say first, in words, what each pilot does."""
    days = len(base.days)
    st.caption(
        _n(
            "{n} simulated day of each, the same visitors in all.",
            "{n} simulated days of each, the same visitors in all.",
            days,
        )
    )
    for name, pilot in pilots.items():
        with st.container(border=True):
            st.markdown(f"**{plain(name)}**")
            st.markdown("\n".join(f"- {plain(text)}" for text in sentences(base, pilot)))


def _courses(base: Run, pilots: Mapping[str, Run], number: int, entrance: str) -> None:
    """Show how full the car parks are over the day."""
    st.subheader(_("Cars parked over the day"))
    series = {
        name: np.array([day.parked[number] for day in run.days])
        for name, run in {_title_of_base(base, pilots): base, **pilots}.items()
    }
    capacity = float(sum(base.model.car_parks[lot].capacity for lot in base.model.lots_of(number)))
    place = Gazetteer.bundled()[entrance].name(language())
    st.altair_chart(
        charts.course(series, _("cars parked"), capacity or None),
        alt=_("Cars parked at {place} over the day: mean and 8 days in 10, by scenario").format(
            place=place
        ),
    )
    st.caption(_("Lines are means; 8 days in 10 lie within the bands."))


def _title_of_base(base: Run, pilots: Mapping[str, Run]) -> str:
    name = title(base.scenario)
    return name if name not in pilots else _("{title} (base)").format(title=name)


def _loads(pilots: Mapping[str, Run]) -> None:
    """Show the loads of every shuttle."""
    for name, run in pilots.items():
        for service in run.model.services:
            if service.mode != "shuttle":
                continue
            chart = charts.loads(run, service.id)
            if chart is not None:
                st.subheader(_("Shuttle loads: {pilot}").format(pilot=plain(name)))
                st.altair_chart(
                    chart, alt=_("People on board of every departure, with 8 days in 10")
                )


def _money_and_people(base: Run, pilots: Mapping[str, Run]) -> None:
    """Show cost against relief, and who gains."""
    left, right = st.columns(2)
    with left:
        st.subheader(_("Cost against relief"))
        st.altair_chart(
            charts.cost_against_relief(
                base, pilots, "cars_arrived", _("fewer cars arriving, a day")
            ),
            alt=_("Net cost of each pilot against the cars it keeps away"),
        )
    with right:
        chart = charts.gains(pilots, charts.zone_names(language()))
        if chart is not None:
            st.subheader(_("Who gains"))
            st.altair_chart(chart, alt=_("Gain of the visitors of each district, by pilot"))


def _downloads(base: Run, pilots: Mapping[str, Run]) -> None:
    """Offer the days and the scenarios as files."""
    st.subheader(_("Downloads"))
    rows = [
        {"scenario": name, "replication": number, "kpi": kpi, "value": value}
        for name, run in {_title_of_base(base, pilots): base, **pilots}.items()
        for number, day in enumerate(run.days)
        for kpi, value in day.kpis.items()
    ]
    days = pd.DataFrame(rows)
    parquet = io.BytesIO()
    days.to_parquet(parquet, index=False)
    with st.container(horizontal=True):
        st.download_button(
            _("All days (CSV)"),
            days.to_csv(index=False).encode(),
            file_name="lastmile-days.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            _("All days (Parquet)"),
            parquet.getvalue(),
            file_name="lastmile-days.parquet",
            mime="application/vnd.apache.parquet",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            _("Differences (CSV)"),
            _differences(base, pilots).to_csv(index=False).encode(),
            file_name="lastmile-comparison.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
        for name, run in pilots.items():
            st.download_button(
                _("Scenario: {title}").format(title=plain(name)),
                to_toml(run.scenario),
                file_name=f"{run.scenario.name}.toml",
                mime="application/toml",
                on_click="ignore",
                icon=":material/download:",
                key=f"toml-{name}",
            )


def _differences(base: Run, pilots: Mapping[str, Run]) -> pd.DataFrame:
    """Return every figure's difference with its interval."""
    rows = []
    for title_, pilot in pilots.items():
        names = dict.fromkeys(name for day in pilot.days for name in day.kpis)
        for name in names:
            found = difference(base, pilot, name)
            if found is None:
                continue
            rows.append(
                {
                    "pilot": title_,
                    "kpi": name,
                    "base_mean": found.base_mean,
                    "mean": found.mean,
                    "diff": found.change,
                    "diff_low": None if found.interval is None else found.interval.low,
                    "diff_high": None if found.interval is None else found.interval.high,
                    "text": amount(name, found.mean),
                }
            )
    return pd.DataFrame(rows)
