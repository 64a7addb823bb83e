"""Compare pilots: which one relieves the park, at what cost, and how sure we are."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING

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
    office,
    scenario,
    scenario_keys,
    take_upload,
    title,
    to_toml,
)
from dashboard.comparison import Comparison as Asked
from dashboard.figure_table import figure_names
from dashboard.figure_table import table as figure_table
from dashboard.formats import locale
from dashboard.progress import leave_before, show_end, show_progress
from dashboard.state import read_query, seed, write_query
from dashboard.texts import _, _n, language, plain
from lastmile.errors import LastmileError
from lastmile.places import Gazetteer
from simulation.daytrial import SERIES
from simulation.report import render
from simulation.verdict import verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dashboard.comparison import Change
    from dashboard.jobs import Job
    from scenarios.schema import Scenario
    from simulation.experiment import Comparison, PilotResult, ScenarioRun

PAGE = "compare"
DEFAULT_ENTRANCE = "haltia"


def page() -> None:
    """Draw the page; the address holds the question, and the answer is found by it."""
    query = read_query(PAGE)
    asked = Asked.from_query(query)
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
                elif show_end(job) and job.comparison is not None:
                    entrance = _answer(job.comparison, job, entrance)
    write_query(PAGE, {**comparison.to_query(), "entrance": entrance})


def _question(asked: Asked, *, fresh: bool) -> Asked:
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
    return Asked(
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


def _changes(pilots: tuple[str, ...], asked: Asked, *, fresh: bool) -> tuple[Change, ...]:
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


def _answer(comparison: Comparison, job: Job, entrance: str) -> str:
    """Show what came of a run; return the entrance looked at."""
    pilots = _titled(comparison)
    _verdicts(comparison, pilots)
    gates = {gate["id"]: gate for gate in comparison.base.about["entrances"] if gate["places"]}
    chosen = st.segmented_control(
        _("Entrance"),
        list(gates),
        default=entrance if entrance in gates else next(iter(gates)),
        format_func=lambda gate: Gazetteer.bundled()[gate].name(language()),
        required=True,
        key="entrance",
    )
    entrance = chosen or entrance
    frames = {
        _base_title(comparison, pilots): series_of(comparison.base),
        **{name: series_of(pilot.run) for name, pilot in pilots.items()},
    }
    _parked(frames, entrance, float(gates[entrance]["places"]))
    st.subheader(_("Key figures"))
    st.html(figure_table(pilots, figure_names(comparison, entrance), language()))
    _loads(pilots, frames)
    _money_and_people(pilots)
    _downloads(comparison, pilots, job)
    warnings = [text for run in comparison.runs for text in run.about.get("warnings", [])]
    for warning in dict.fromkeys(warnings):
        st.caption(plain(warning))
    return entrance


def _titled(comparison: Comparison) -> dict[str, PilotResult]:
    """Return the pilots by title, numbered where two have the same."""
    titled: dict[str, PilotResult] = {}
    for pilot in comparison.pilots:
        name, number = title(pilot.run.scenario), 2
        while name in titled:
            name, number = f"{title(pilot.run.scenario)} ({number})", number + 1
        titled[name] = pilot
    return titled


def _base_title(comparison: Comparison, pilots: Mapping[str, PilotResult]) -> str:
    name = title(comparison.base.scenario)
    return name if name not in pilots else _("{title} (base)").format(title=name)


def _verdicts(comparison: Comparison, pilots: Mapping[str, PilotResult]) -> None:
    """Say first, in words, what each pilot does."""
    st.caption(
        _n(
            "{n} simulated day of each, the same visitors in all.",
            "{n} simulated days of each, the same visitors in all.",
            comparison.replications,
        )
    )
    for name, pilot in pilots.items():
        with st.container(border=True):
            st.markdown(f"**{plain(name)}**")
            said = verdict(comparison, pilot, language())
            st.markdown("\n".join(f"- {plain(sentence)}" for sentence in said))


def series_of(run: ScenarioRun) -> pd.DataFrame:
    """Return the course of every day: ``series``, ``time_s``, ``value``."""
    found = run.tables(SERIES)
    if found is None:
        return pd.DataFrame({"series": [], "time_s": [], "value": []})
    frame: pd.DataFrame = found.to_pandas()
    return frame


def _parked(frames: Mapping[str, pd.DataFrame], entrance: str, places: float) -> None:
    """Show how full the car parks are over the day."""
    st.subheader(_("Cars parked over the day"))
    place = Gazetteer.bundled()[entrance].name(language())
    lines = {name: frame[frame["series"] == f"parked.{entrance}"] for name, frame in frames.items()}
    st.altair_chart(
        charts.course(lines, _("cars parked"), limit=(places, _("capacity"))),
        alt=_("Cars parked at {place} over the day: mean and 8 days in 10, by scenario").format(
            place=place
        ),
    )
    st.caption(_("Lines are means; 8 days in 10 lie within the bands."))


def _loads(pilots: Mapping[str, PilotResult], frames: Mapping[str, pd.DataFrame]) -> None:
    """Show how full the shuttles are over the day."""
    lines = {}
    for name, pilot in pilots.items():
        for service in pilot.run.about["services"]:
            frame = frames[name]
            mine = frame[frame["series"] == f"load.{service['id']}"]
            if service["mode"] == "shuttle" and len(mine):
                lines[f"{name}: {service['name']}"] = mine
    if not lines:
        return
    st.subheader(_("Shuttle loads"))
    st.altair_chart(
        charts.course(
            lines,
            _("places taken, over half an hour"),
            limit=(1.0, _("every place taken")),
            shares=True,
            with_base=False,
        ),
        alt=_("Places taken in the shuttles over the day, with 8 days in 10"),
    )


def _money_and_people(pilots: Mapping[str, PilotResult]) -> None:
    """Show cost against relief, and who gains."""
    left, right = st.columns(2)
    relief = charts.cost_against_relief(pilots, "cars_arrived", _("fewer cars arriving, a day"))
    with left:
        if relief is not None:
            st.subheader(_("Cost against relief"))
            st.altair_chart(relief, alt=_("Net cost of each pilot against the cars it keeps away"))
    runs = {name: pilot.run for name, pilot in pilots.items()}
    gains = charts.gains(runs, charts.zone_names(language()))
    with right:
        if gains is not None:
            st.subheader(_("Who gains"))
            st.altair_chart(gains, alt=_("Gain of the visitors of each district, by pilot"))


def _downloads(comparison: Comparison, pilots: Mapping[str, PilotResult], job: Job) -> None:
    """Offer the report, the tables and the scenarios as files, made when asked for."""
    st.subheader(_("Downloads"))
    tongue = language()
    files: dict[str, tuple[Callable[[], str | bytes], str, str]] = {
        _("Report (HTML)"): (
            lambda: render(comparison, language=tongue),
            "lastmile-report.html",
            "text/html",
        ),
        _("All days (CSV)"): (
            lambda: _days(comparison).to_csv(index=False),
            "lastmile-days.csv",
            "text/csv",
        ),
        _("All days (Parquet)"): (
            lambda: _parquet(_days(comparison)),
            "lastmile-days.parquet",
            "application/vnd.apache.parquet",
        ),
        _("Differences (CSV)"): (
            lambda: _differences(comparison).to_csv(index=False),
            "lastmile-comparison.csv",
            "text/csv",
        ),
    }
    for name, pilot in pilots.items():
        one = pilot.run.scenario
        files[_("Scenario: {title}").format(title=plain(name))] = (
            partial(to_toml, one),
            f"{one.name}.toml",
            "application/toml",
        )
    with st.container(horizontal=True):
        for label, (make, file_name, mime) in files.items():
            st.download_button(
                label,
                make,
                file_name=file_name,
                mime=mime,
                on_click="ignore",
                icon=":material/download:",
                key=f"{file_name}-{job.question.id}-{label}",
            )


def _days(comparison: Comparison) -> pd.DataFrame:
    """Return every figure of every day."""
    frames = []
    for run in comparison.runs:
        wide = pd.DataFrame(dict(run.sample.figures), index=run.sample.replications)
        long = wide.rename_axis("replication").reset_index().melt("replication", var_name="kpi")
        frames.append(long.dropna().assign(scenario=run.name))
    return pd.concat(frames, ignore_index=True)


def _parquet(table: pd.DataFrame) -> bytes:
    content = io.BytesIO()
    table.to_parquet(content, index=False)
    return content.getvalue()


def _differences(comparison: Comparison) -> pd.DataFrame:
    """Return every figure's difference with its interval."""
    said = comparison.to_json()
    return pd.DataFrame(
        [
            {
                "pilot": pilot["name"],
                "kpi": kpi,
                "unit": one["unit"],
                "base_mean": one["base_mean"],
                "mean": one["mean"],
                "diff": one["diff"],
                "diff_low": one["diff_ci95"][0],
                "diff_high": one["diff_ci95"][1],
                "p_better": one["p_better"],
            }
            for pilot in said["pilots"]
            for kpi, one in pilot["kpis"].items()
        ]
    )
