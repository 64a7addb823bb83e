"""How full every departure of the shuttles is: chart and table."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from dashboard import charts
from dashboard.drawing import draw
from dashboard.formats import number, share
from dashboard.legend import Look, legend_html
from dashboard.series import table_of
from dashboard.texts import _
from simulation.daytrial import DEPARTURES
from simulation.shuttle import BACK, OUT

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from simulation.experiment import ScenarioRun

COLUMNS = ("service", "direction", "departure_s", "most_on_board", "left_behind")
SHOWN = ("departure_s", "mean", "low", "high", "full", "left_behind")
BAND = (0.1, 0.9)


class Line(NamedTuple):
    """A shuttle of a pilot: its title, id, places in a vehicle, and departures day by day."""

    title: str
    id: str
    room: int
    days: pd.DataFrame


def shuttle_titles(title: str, run: ScenarioRun) -> dict[str, str]:
    """Return what to call the shuttles of a pilot, by id: as the pilot where it has one alone."""
    shuttles = [one for one in run.about["services"] if one["mode"] == "shuttle"]
    if len(shuttles) == 1:
        return {shuttles[0]["id"]: title}
    return {one["id"]: f"{title}: {one['name'] or one['id']}" for one in shuttles}


def lines_of(runs: Mapping[str, ScenarioRun]) -> list[Line]:
    """Return the shuttles of some runs that made a departure."""
    found = []
    for name, run in runs.items():
        table = table_of(run, DEPARTURES, COLUMNS)
        titles = shuttle_titles(name, run)
        for service in run.about["services"]:
            mine = table[table["service"] == service["id"]]
            if len(mine):
                found.append(Line(titles[service["id"]], service["id"], int(service["room"]), mine))
    return found


def by_departure(line: Line, direction: int) -> pd.DataFrame:
    """Return each departure over the days, in the order of the timetable.

    Returns
    -------
    DataFrame
        ``departure_s``; ``mean``, ``low``, ``high`` of the most people on board at once; share
        of days on which it is ``full``; ``left_behind``, people a day.
    """
    mine = line.days[line.days["direction"] == direction]
    groups = mine.groupby("departure_s")
    load = groups["most_on_board"]
    table = load.agg(["mean"])
    table["low"], table["high"] = load.quantile(BAND[0]), load.quantile(BAND[1])
    table["full"] = (mine["most_on_board"] >= line.room).groupby(mine["departure_s"]).mean()
    table["left_behind"] = groups["left_behind"].mean()
    return table.reset_index()


@st.fragment
def show_departures(runs: Mapping[str, ScenarioRun]) -> None:
    """Show the departures of one shuttle; which one, where there are several."""
    lines = {line.title: line for line in lines_of(runs)}
    if not lines:
        return
    st.markdown("**" + _("Each departure") + "**")
    chosen = next(iter(lines))
    if len(lines) > 1:
        ids = "-".join(run.run_id for run in runs.values())
        chosen = st.selectbox(_("Shuttle"), list(lines), key=f"departures-of-{ids}")
    line = lines[chosen]
    st.html(legend_html(looks()))
    tables = {
        words: by_departure(line, direction)
        for direction, words in ((OUT, _("to the park")), (BACK, _("from the park")))
    }
    for words, table in tables.items():
        if len(table):
            st.caption(words)
            draw(
                charts.departures(table, (line.room, _("places in a vehicle"))),
                alt=_("People on board of each departure {way}, with 8 days in 10").format(
                    way=words
                ),
            )
    with st.expander(_("The departures as a table")):
        for words, table in tables.items():
            if len(table):
                st.html(_html(table, words))


def looks() -> list[Look]:
    """Return what bars and lines of the charts mean."""
    return [
        Look("bar", charts.COLORS[1], _("bar: most people on board at once, mean of the days"), 6),
        Look("bar", charts.SPREAD_COLOR, _("thin line: 8 days in 10 lie within it"), 1.5),
        Look("line", charts.LIMIT_COLOR, _("dashed: places in a vehicle"), 1.5, "4 4"),
    ]


def _html(table: pd.DataFrame, words: str) -> str:
    heads = (
        _("Departure"),
        _("On board at most, mean"),
        _("8 days in 10"),
        _("Full on"),
        _("Left behind a day"),
    )
    rows = "".join(
        f'<tr><th scope="row">{_clock(begun)}</th><td>{escape(number(mean, 1))}</td>'
        f"<td>{escape(number(low, 0))}–{escape(number(high, 0))}</td>"  # noqa: RUF001
        f"<td>{escape(share(full))}</td><td>{escape(number(behind, 1))}</td></tr>"
        for begun, mean, low, high, full, behind in table[list(SHOWN)].to_numpy(float).tolist()
    )
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    return (
        '<div class="lm-scroll" tabindex="0" role="region" '
        f'aria-label="{escape(words)}"><table class="lm-table"><caption>{escape(words)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _clock(seconds: float) -> str:
    """Return a time of the service day; hours pass 24 after midnight."""
    minutes = round(float(seconds) / 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
