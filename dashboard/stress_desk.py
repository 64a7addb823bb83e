"""A line through busy days, late trains and mishaps: run beside the page, shown in tables."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.comparison import office
from dashboard.formats import duration, money, number, sentence, share
from dashboard.progress import leave_before, show_end, show_progress
from dashboard.state import seed
from dashboard.stress_question import StressQuestion
from dashboard.texts import _
from simulation.linefigures import FIGURES
from simulation.lines import clock_text
from simulation.linetables import COLUMNS
from simulation.search import Verdict
from simulation.shuttle import OUT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dashboard.state import Query
    from scenarios.schema import Scenario
    from simulation.search import Promise
    from simulation.statistics import Estimate
    from simulation.stress import Light, Mend, SituationResult, StressTest

DAYS: Final = 20
ASKED: Final = "stress-asked"
MENDED: Final = "stress-mended"
_SHORT_S: Final = 90.0


def stress_desk(scenario: Scenario, service: str, query: Query) -> dict[str, str]:
    """Offer the stress test of a line, and show it once it is asked for.

    Parameters
    ----------
    scenario, service
        The line.
    query
        The address: whether it was asked for, and the situation looked at.

    Returns
    -------
    dict
        What the address is to say.
    """
    st.subheader(_("Stress test"))
    st.caption(
        _(
            "{days} days each of an ordinary, a busy and a 1-in-20 day, late trains, slow traffic, "
            "a vehicle out from noon, and a coach party of 45."
        ).format(days=DAYS)
    )
    name = f"{scenario.digest} {service}"
    words = ("run", "mend")
    first = query.fresh or ASKED not in st.session_state
    asked = query.one_of("stress", "", words) if first else ""
    if first:
        st.session_state[ASKED] = name if asked else ""
    seed({MENDED: asked == "mend"}, fresh=bool(asked))
    mend = st.checkbox(_("Also look for the cheapest change that mends it (slower)"), key=MENDED)
    if st.button(_("Run the stress test"), type="primary", icon=":material/speed:"):
        st.session_state[ASKED] = name
        office().ask(StressQuestion(scenario, service, DAYS, mend), again=True)
    if st.session_state.get(ASKED) != name:
        return {}
    job = office().ask(StressQuestion(scenario, service, DAYS, mend))
    leave_before(job)
    state = {"stress": "mend" if mend else "run"}
    if not job.is_over:
        show_progress(job)
    elif show_end(job) and job.stress is not None:
        _show_lights(job.stress)
        state["situation"] = _show_situation(job.stress, query)
    return state


# --- words


def situation_title(key: str) -> str:
    """Return what a situation is called."""
    titles = {
        "ordinary": _("An ordinary day"),
        "busy": _("A busy day (1 in 5)"),
        "one-in-20": _("A 1-in-20 day"),
        "late-trains": _("Trains 8 minutes late"),
        "slow-traffic": _("Traffic a quarter slower"),
        "vehicle-out": _("A vehicle out from noon"),
        "coach": _("A coach party of 45"),
    }
    return titles[key]


def figure_title(name: str) -> str:
    """Return what a figure of a line is called."""
    titles: dict[str, Callable[[], str]] = {
        "boardings": lambda: _("Boardings"),
        "left_behind": lambda: _("People left at the stop by a full vehicle"),
        "left_behind_share": lambda: _("Share left at the stop by a full vehicle"),
        "extra_wait_s": lambda: _("Extra wait of those left behind"),
        "wait_s_mean": lambda: _("Wait, mean"),
        "wait_s_p90": lambda: _("Wait, one in ten waits longer"),
        "missed_connections": lambda: _("Missed train and metro connections"),
        "missed_share": lambda: _("Share whose train or metro came too late"),
        "peak_load": lambda: _("Fullest vehicle, share of its places"),
        "punctual_share": lambda: _("Departures on time"),
        "bunched_share": lambda: _("Bunched vehicles"),
        "headway_cv": lambda: _("Headway irregularity (0 is even)"),
        "stranded": lambda: _("Visitors with no way back"),
        "vehicle_hours": lambda: _("Vehicle hours"),
        "vehicle_km": lambda: _("Vehicle kilometres"),
        "empty_km": lambda: _("Of them empty between termini"),
        "driver_hours": lambda: _("Driver hours"),
        "break_hours": lambda: _("Of them breaks"),
        "energy_kwh": lambda: _("Energy of electric minibuses"),
        "charged_kwh": lambda: _("Charged at the termini"),
        "lowest_charge": lambda: _("Lowest charge of a battery"),
        "cost_eur": lambda: _("Running cost"),
        "vehicle_cost_eur": lambda: _("Cost of the vehicles themselves"),
        "total_cost_eur": lambda: _("Cost in all"),
        "revenue_eur": lambda: _("Fare revenue"),
        "subsidy_per_passenger_eur": lambda: _("Subsidy per passenger (running cost less fares)"),
        "load": lambda: _("Load, share of the places"),
        "missed": lambda: _("Missed connections"),
    }
    return titles[name]()


def figure_text(name: str, value: float) -> str:
    """Return a figure of a line with its unit; a dash where it is not known."""
    unit = {**FIGURES, **COLUMNS}[name]
    if np.isnan(value):
        return "-"
    if unit == "share":
        return share(value)
    if unit == "s":
        if value < _SHORT_S:
            return f"{number(value, 0)} s"
        return duration(value)
    if unit == "EUR":
        return money(value)
    return f"{number(value, 1)} {unit}".strip() if unit in {"h", "km", "kWh"} else number(value, 1)


def promise_text(promise: Promise) -> str:
    """Return a promise in words."""
    limit = figure_text(promise.kpi, promise.limit)
    words = _("at most {limit}") if promise.sense == "<=" else _("at least {limit}")
    return f"{figure_title(promise.kpi)}: {words.format(limit=limit)}"


def mend_text(mend: Mend) -> str:
    """Return a change in words, with what it costs."""
    values = mend.change.said
    said = {
        "seats": lambda: _("vehicles with {seats:.0f} seats"),
        "hold": lambda: _("hold the vehicle up to {minutes:.0f} min for late trains"),
        "later": lambda: _("leave {minutes:.0f} min later all day"),
        "retime": lambda: _("{percent:.0f} % more run time in the timetable"),
        "layover": lambda: _("a layover of {minutes:.0f} min"),
        "headway": lambda: _("a departure every {headway:.0f} min"),
        "extra": lambda: _("one more departure at {clock}"),
    }[mend.change.kind]()
    words = said.format(**values, clock=clock_text(values.get("time_s", 0.0)))
    if "seats" in values and mend.change.kind != "seats":
        words += ", " + _("vehicles with {seats:.0f} seats").format(seats=values["seats"])
    if "vehicles" in values:
        words += ", " + _("with {n:.0f} vehicles").format(n=values["vehicles"])
    cost = money(abs(mend.cost_eur), cents=False)
    more = _("{cost} a day more") if mend.cost_eur >= 0 else _("{cost} a day less")
    return f"{words}: {more.format(cost=cost)}"


# --- tables


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], title: str, *, kind: str = ""
) -> None:
    """Show a table whose first column names the row; it scrolls on narrow screens."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    st.html(
        f'<div class="lm-scroll" tabindex="0" role="region" aria-label="{escape(title)}">'
        f'<table class="lm-table {kind}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _show_lights(found: StressTest) -> None:
    """Show which promises hold in which situation, why not, and what mends it."""
    words = {
        Verdict.KEPT: _("holds"),
        Verdict.OPEN: _("not sure"),
        Verdict.BROKEN: _("breaks"),
    }
    rows = []
    for one in found.results:
        why = "".join(
            f'<li class="lm-light {light.verdict}">{escape(_light_text(light))}</li>'
            for light in one.lights
            if light.verdict is not Verdict.KEPT
        )
        mend = ""
        if one.mend is not None:
            mend = mend_text(one.mend)
            mend += "" if one.mend.sure else " " + _("(not sure)")
        elif found.mended and one.verdict is Verdict.BROKEN:
            mend = _("none of the changes tried")
        rows.append(
            [
                escape(situation_title(one.situation.id)),
                f'<span class="lm-light {one.verdict}">{escape(words[one.verdict])}</span>',
                f'<ul class="lm-why">{why}</ul>',
                *([escape(mend)] if found.mended else []),
            ]
        )
    heads = [_("Situation"), _("Verdict"), _("Why")]
    if found.mended:
        heads.append(_("Cheapest change that mends it"))
    _table(heads, rows, _("Which promises hold"), kind="lm-words")
    st.caption(
        _(
            "Green: the promise holds with 95 % confidence; red (square): it breaks with as much; "
            "yellow: more days would tell."
        )
    )
    failed = sum(one.failed for one in found.results)
    if failed:
        st.warning(_("{n} days could not be simulated and are left out.").format(n=failed))


def _light_text(light: Light) -> str:
    """Return what a light that is not green says."""
    text = promise_text(light.promise)
    if light.estimate is not None:
        found = figure_text(light.promise.kpi, light.estimate.mean)
        text += "; " + _("found {value}").format(value=found)
    return f"{text}. {sentence(light.reason)}" if light.reason else text


def _show_situation(found: StressTest, query: Query) -> str:
    """Show everything of one situation; return which."""
    results = {one.situation.id: one for one in found.results}
    broken = [key for key, one in results.items() if one.verdict is Verdict.BROKEN]
    default = query.one_of("situation", (broken or list(results))[0], results)
    seed({"stress-situation": default}, fresh=query.fresh)
    if st.session_state["stress-situation"] not in results:
        st.session_state["stress-situation"] = default
    chosen = st.selectbox(
        _("Situation to look at"),
        list(results),
        format_func=situation_title,
        key="stress-situation",
    )
    one = results[chosen]
    tabs = st.tabs([_("By departure"), _("By stop"), _("The whole day")])
    with tabs[0]:
        _departures(one)
    with tabs[1]:
        _stops(one)
    with tabs[2]:
        _figures(one.figures, chosen)
    return chosen


_SHARED: Final = (
    *("boardings", "load", "left_behind", "extra_wait_s", "wait_s_mean", "wait_s_p90"),
    *("punctual_share", "missed", "bunched_share"),
)


def _departures(one: SituationResult) -> None:
    """Show and offer the table by departure."""
    table = one.tables.departures
    heads = [_("Departure"), _("Vehicle"), *map(figure_title, _SHARED)]
    rows = [
        [
            escape(f"{clock_text(row['start_s'])} {row['start']} - {row['end']}"),
            str(row["vehicle"]),
            *(escape(figure_text(name, row[name])) for name in _SHARED),
        ]
        for row in table.to_dict("records")
    ]
    _table(heads, rows, _("By departure"))
    names = ["start_s", "start", "end", "vehicle", *_SHARED]
    _offer(table[names], one.situation.id, "departures")


def _stops(one: SituationResult) -> None:
    """Show and offer the table by stop."""
    table = one.tables.stops
    shown = (*_SHARED, "headway_cv")
    ways = {True: _("to the park"), False: _("from the park")}
    rows = [
        [
            escape(f"{row['stop']}, {ways[row['direction'] == OUT]}"),
            *(escape(figure_text(name, row[name])) for name in shown),
        ]
        for row in table.to_dict("records")
    ]
    _table([_("Stop"), *map(figure_title, shown)], rows, _("By stop"))
    said = table.assign(direction=np.where(table["direction"] == OUT, "out", "back"))
    _offer(said[["stop", "direction", *shown]], one.situation.id, "stops")


def _figures(figures: dict[str, Estimate], situation: str) -> None:
    """Show and offer the figures of the whole line."""
    rows, table = [], []
    for name, unit in FIGURES.items():
        found = figures.get(name)
        if found is None:
            continue
        span = found.interval
        ends = (np.nan, np.nan) if span is None else (span.low, span.high)
        rows.append(
            [
                escape(figure_title(name)),
                escape(figure_text(name, found.mean)),
                escape(" - ".join(figure_text(name, end) for end in ends)),
            ]
        )
        table.append((name, unit, found.mean, *ends))
    _table([_("Figure"), _("Mean"), _("Mean lies within (90 %)")], rows, _("The whole day"))
    columns = ["figure", "unit", "mean", "low", "high"]
    _offer(pd.DataFrame(table, columns=columns), situation, "figures")


def _offer(table: pd.DataFrame, situation: str, name: str) -> None:
    """Offer a table as a file."""
    st.download_button(
        _("Download the table (CSV)"),
        table.to_csv(index=False, float_format="%.4f").encode(),
        file_name=f"{situation}-{name}.csv",
        mime="text/csv",
        key=f"csv-{name}",
        icon=":material/download:",
    )
