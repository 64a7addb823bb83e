"""How well the model fits the counts: in words, in charts and row by row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.drawing import draw
from dashboard.formats import number, sentence, share, signed, spoken
from dashboard.texts import _, plain
from lastmile.errors import PlaceError
from lastmile.messages import Message
from lastmile.places import Gazetteer
from simulation.fit import load_validation
from simulation.visits import COUNT_YEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulation.fit import Row, Validation

COLORS = {"fit": "#6b7280", "check": "#0072b2"}
LIMIT_COLOR = "#d1493b"
CHART_HEIGHT = 220
COLUMNS = 3
SHOWN_DAYS = (1, 2, 5, 10)


def fit(*, own_data: bool) -> None:
    """Draw the section.

    Parameters
    ----------
    own_data
        Whether streets, timetable or parameters other than the bundled ones are in force.
    """
    validation = load_validation()
    st.subheader(_("How well the model fits the counts"))
    if own_data:
        st.info(
            _(
                "These figures are of the bundled data. Other data is in force on this computer: "
                "lastmile validate works the figures out for it."
            )
        )
    _verdict(validation.rows)
    st.subheader(_("Visits by month, counted and simulated"))
    _months(validation.months)
    st.subheader(_("Every comparison"))
    draw(
        _error_chart(validation.rows),
        alt=_("Error of every comparison as a share of the error allowed"),
    )
    _table(validation.rows)
    _busiest_days(validation)


def _verdict(rows: Sequence[Row]) -> None:
    """Say in words what holds, and everything that does not."""
    judged = [row for row in rows if row.holds is not None]
    fits = [row for row in judged if row.kind == "fit"]
    checks = [row for row in judged if row.kind == "check"]
    st.markdown(
        _(
            "**Fitted:** {all} comparisons with figures the model was made from; it should meet "
            "them. {held} are within the error allowed."
        ).format(all=len(fits), held=_held(fits))
        + "  \n"
        + _(
            "**Checks held back:** {all} comparisons with figures it was not given; they test it. "
            "{held} are within the error allowed."
        ).format(all=len(checks), held=_held(checks))
    )
    for row in judged:
        if not row.holds:
            st.warning(
                _(
                    "Not within what is allowed: {topic}, {name}. Observed {observed}, simulated "
                    "{simulated}: {error}, while {allowed} is allowed. Source: {source}."
                ).format(
                    topic=plain(row.topic),
                    name=plain(name_of(row)),
                    observed=plain(_figure(row.observed, row)),
                    simulated=plain(_figure(row.simulated, row)),
                    error=plain(_error(row.error, row)),
                    allowed=plain("±" + _error(row.tolerance, row).lstrip("+")),
                    source=plain(row.source),
                )
            )


def _held(rows: Sequence[Row]) -> int:
    """Return how many of some comparisons are within what is allowed."""
    return sum(row.holds is True for row in rows)


def name_of(row: Row) -> str:
    """Return what a row compares, places and kinds of day named as the reader names them."""
    groups = {
        "car": _("by car"),
        "bus": _("by bus and shuttle"),
        "bike": _("by bike"),
        "walk": _("on foot"),
    }
    days = {"weekday": _("weekday"), "saturday": _("Saturday"), "sunday": _("Sunday")}
    values = dict(row.name.values)
    if "entrance" in values:
        values["entrance"] = _place(str(values["entrance"]))
    if "group" in values:
        values["group"] = groups[str(values["group"])]
    if "day_type" in values:
        values["day_type"] = days[str(values["day_type"])]
    return sentence(Message.again(row.name.template, values))


def _place(name: str) -> Message | str:
    """Return the place of an entrance or counter."""
    try:
        return Message.joined([Gazetteer.bundled().find(name)])
    except PlaceError:
        return name.capitalize()


def _unit(row: Row) -> str:
    """Return the unit of a row's figures; shares are shown as percentages and need none."""
    return "" if str(row.unit) == "share" else spoken(row.unit)


def _figure(value: float, row: Row) -> str:
    """Return a figure with its unit."""
    if math.isnan(value):
        return ""
    if str(row.unit) == "share":
        return share(value, decimals=1)
    if str(row.unit) == "yes/no":
        return _("yes") if value else _("no")
    return f"{number(value, 0 if abs(value) >= 100 else 2)} {_unit(row)}"  # noqa: PLR2004


def _error(value: float, row: Row) -> str:
    """Return an error: a percentage of the observed figure, points, or in the unit."""
    if math.isnan(value):
        return ""
    if row.relative:
        return signed(value, share(abs(value), decimals=1))
    if str(row.unit) == "share":
        points = number(abs(value) * 100, 1)
        return signed(value, _("{n} percentage points").format(n=points))
    return signed(value, f"{number(abs(value), 2)} {_unit(row)}")


def _table(rows: Sequence[Row]) -> None:
    """Show every row."""
    kinds = {"fit": _("fitted"), "check": _("check")}
    holds = {True: _("yes"), False: _("NO"), None: ""}
    table = pd.DataFrame(
        {
            _("Topic"): [sentence(row.topic) for row in rows],
            _("What"): [name_of(row) for row in rows],
            _("Kind"): [kinds[row.kind] for row in rows],
            _("Observed"): [_figure(row.observed, row) for row in rows],
            _("Simulated"): [_figure(row.simulated, row) for row in rows],
            _("Error"): [_error(row.error, row) for row in rows],
            _("Allowed"): ["±" + _error(row.tolerance, row).lstrip("+") for row in rows],
            _("Holds"): [holds[row.holds] for row in rows],
            _("Source"): [sentence(row.source) for row in rows],
        }
    )
    right = dict.fromkeys(
        (_("Observed"), _("Simulated"), _("Error"), _("Allowed")),
        st.column_config.TextColumn(alignment="right"),
    )
    st.dataframe(
        table,
        hide_index=True,
        height=420,
        column_config=right,
        alt=_("Every comparison with observed and simulated figure, error and source"),
    )


def _months(months: Sequence[Row]) -> None:
    """Show the visits of each counter by month."""
    st.caption(
        _(
            "Dots: counted in {year}. Line: simulated. Months without a sound count are left out. "
            "The months are fitted."
        ).format(year=COUNT_YEAR)
    )
    named = [(dict(row.name.values), row) for row in months]
    table = pd.DataFrame(
        {
            "counter": spoken(_place(str(values["entrance"]))),
            "month": values["month"],
            "observed": row.observed,
            "simulated": row.simulated,
        }
        for values, row in named
    )
    columns = st.columns(COLUMNS)
    for index, (counter, own) in enumerate(table.groupby("counter", sort=False)):
        with columns[index % COLUMNS]:
            draw(
                _monthly_chart(own, str(counter)),
                alt=_("Visits by month at {counter}: counted as dots, simulated as a line").format(
                    counter=counter
                ),
            )


def _monthly_chart(table: pd.DataFrame, counter: str) -> alt.LayerChart | alt.FacetChart:
    """Return the visits of one counter by month."""
    base = alt.Chart(table, title=counter).encode(
        x=alt.X("month:Q", title=_("month of {year}").format(year=COUNT_YEAR)).axis(
            values=[1, 3, 5, 7, 9, 11], format="d"
        ),
        tooltip=[
            alt.Tooltip("month:Q", title=_("month")),
            alt.Tooltip("observed:Q", title=_("counted"), format=",.0f"),
            alt.Tooltip("simulated:Q", title=_("simulated"), format=",.0f"),
        ],
    )
    line = base.mark_line(color="#0072b2").encode(y=alt.Y("simulated:Q", title=_("visits")))
    dots = base.mark_point(filled=True, size=45, color="#d55e00").encode(y="observed:Q")
    return alt.layer(line, dots).properties(height=CHART_HEIGHT)


def _error_chart(rows: Sequence[Row]) -> alt.LayerChart | alt.FacetChart:
    """Return every error beside the error allowed, by topic."""
    kinds = {"fit": _("fitted"), "check": _("check")}
    frame = pd.DataFrame(
        {
            "topic": sentence(row.topic),
            "what": name_of(row),
            "kind": kinds[row.kind],
            "error": row.error / row.tolerance,
            "said": _error(row.error, row),
        }
        for row in rows
        if row.holds is not None and row.tolerance > 0
    )
    dots = (
        alt.Chart(frame)
        .mark_point(filled=True, size=60, opacity=0.8)
        .encode(
            x=alt.X("error:Q", title=_("error as a share of the error allowed")).axis(format="%"),
            y=alt.Y("topic:N", title=None, sort=list(dict.fromkeys(frame["topic"]))).axis(
                labelLimit=180
            ),
            yOffset=alt.YOffset("kind:N", sort=list(kinds.values())),
            color=alt.Color(
                "kind:N",
                title=None,
                sort=list(kinds.values()),
                scale=alt.Scale(domain=list(kinds.values()), range=list(COLORS.values())),
                legend=alt.Legend(orient="top"),
            ),
            shape=alt.Shape("kind:N", sort=list(kinds.values()), legend=None),
            tooltip=[
                alt.Tooltip("topic:N", title=_("topic")),
                alt.Tooltip("what:N", title=_("what")),
                alt.Tooltip("kind:N", title=_("kind")),
                alt.Tooltip("said:N", title=_("error")),
            ],
        )
    )
    limits = (
        alt.Chart(pd.DataFrame({"limit": [-1.0, 1.0]}))
        .mark_rule(strokeDash=[4, 4], color=LIMIT_COLOR)
        .encode(x="limit:Q")
    )
    return alt.layer(limits, dots).properties(height=320)


def _busiest_days(validation: Validation) -> None:
    """Say how many come on the busiest days, which nobody has counted."""
    low, middle, high = validation.highest_days
    st.subheader(_("The busiest days of a year"))
    st.caption(
        _(
            "Nobody has published counts of single days, so these are the model's alone: the "
            "whole park, the middle year and nine years in ten."
        )
    )
    st.markdown(
        "\n".join(
            "- "
            + _("Day {rank}: {visits} visits ({low} to {high})").format(
                rank=rank,
                visits=plain(number(middle[rank - 1], 0)),
                low=plain(number(low[rank - 1], 0)),
                high=plain(number(high[rank - 1], 0)),
            )
            for rank in SHOWN_DAYS
        )
    )
