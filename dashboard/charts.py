"""Charts with Altair: labelled with units, told apart by dash and colour, readable in print."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from dashboard.texts import _
from lastmile.datasets import read_table
from simulation.daytrial import GAINS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulation.experiment import PilotResult, ScenarioRun

COLORS = ("#6b7280", "#0072b2", "#d55e00", "#009e73", "#cc79a7")
"""Base grey, pilots after Okabe and Ito: told apart by the colour blind too."""

DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4])
DAY = datetime(2000, 1, 1)  # noqa: DTZ001 - a clock face, no instant
FIRST_HOUR, LAST_HOUR = 6, 23
BAND = (0.1, 0.9)
MINUTES_PER_HOUR = 60.0
HEIGHT = 300
LOW_HEIGHT = 200
LIMIT_COLOR = "#d1493b"
SPREAD_COLOR = COLORS[0]
MOST_DISTRICTS = 15


def _clock_axis() -> alt.X:
    return alt.X(
        "time:T",
        title=_("time of day"),
        axis=alt.Axis(format="%H", tickCount=12),
        scale=alt.Scale(
            domain=[(DAY + timedelta(hours=hour)).isoformat() for hour in (FIRST_HOUR, LAST_HOUR)]
        ),
    )


def _line_color(titles: Sequence[str], *, with_base: bool) -> alt.Color:
    return _color("scenario", titles, COLORS if with_base else COLORS[1:])


def _pilot_color(titles: Sequence[str]) -> alt.Color:
    return _color("pilot", titles, COLORS[1:], columns=1)


def _color(
    field: str, titles: Sequence[str], colors: Sequence[str], *, columns: int = 2
) -> alt.Color:
    return alt.Color(
        f"{field}:N",
        title=None,
        sort=list(titles),
        scale=alt.Scale(domain=list(titles), range=list(colors[: len(titles)])),
        legend=alt.Legend(orient="top", labelLimit=210 * columns, columns=columns),
    )


def course(
    series: Mapping[str, pd.DataFrame],
    title: str,
    *,
    limit: tuple[float, str] | None = None,
    shares: bool = False,
    with_base: bool = True,
) -> alt.LayerChart | alt.FacetChart:
    """Return the course of a day: mean and band over the days, one line a scenario.

    Parameters
    ----------
    series
        Name of the line -> ``time_s`` and ``value``, one row a time and day.
    title
        What the values are, with their unit.
    limit
        Value and name of a line across; none where None.
    shares
        Whether the values are shares, to be read as percentages.
    with_base
        Whether the first line is the base, drawn grey.
    """
    frames = [_spread(frame).assign(scenario=name) for name, frame in series.items()]
    table = pd.concat(frames, ignore_index=True)
    axis = alt.Axis(format="%") if shares else alt.Axis()
    digits = ".0%" if shares else ",.0f"
    base = alt.Chart(table).encode(
        x=_clock_axis(), color=_line_color(list(series), with_base=with_base)
    )
    band = base.mark_area(opacity=0.2, clip=True).encode(
        y=alt.Y("low:Q", title=title, axis=axis), y2="high:Q"
    )
    mean = base.mark_line(strokeWidth=2.5, clip=True).encode(
        y=alt.Y("mean:Q", title=title, axis=axis),
        strokeDash=alt.StrokeDash(
            "scenario:N",
            legend=None,
            scale=alt.Scale(domain=list(series), range=list(DASHES[: len(series)])),
        ),
        tooltip=[
            alt.Tooltip("scenario:N", title=_("scenario")),
            alt.Tooltip("time:T", title=_("time of day"), format="%H:%M"),
            alt.Tooltip("mean:Q", title=_("mean"), format=digits),
            alt.Tooltip("low:Q", title=_("1 day in 10 below"), format=digits),
            alt.Tooltip("high:Q", title=_("1 day in 10 above"), format=digits),
        ],
    )
    layers = [band, mean]
    if limit is not None:
        layers += _limit(*limit)
    return alt.layer(*layers).properties(height=HEIGHT)


def loads(series: Mapping[str, pd.DataFrame]) -> alt.LayerChart | alt.FacetChart:
    """Return how full vehicles are over the day, as shares of their places; see `course`."""
    return course(
        series,
        _("places taken, over half an hour"),
        limit=(1.0, _("every place taken")),
        shares=True,
        with_base=False,
    )


def departures(table: pd.DataFrame, limit: tuple[float, str]) -> alt.LayerChart | alt.FacetChart:
    """Return how full each departure is: a bar for the mean, a line for 8 days in 10.

    Parameters
    ----------
    table
        ``departure_s``, ``mean``, ``low``, ``high``, ``left_behind``; one row a departure.
    limit
        Places in a vehicle, and what they are called.
    """
    times = pd.Timestamp(DAY) + pd.to_timedelta(table["departure_s"], unit="s")
    chart = alt.Chart(table.assign(time=times)).encode(x=_clock_axis())
    title = _("people on board")
    tooltip = [
        alt.Tooltip("time:T", title=_("departure"), format="%H:%M"),
        alt.Tooltip("mean:Q", title=_("mean"), format=",.1f"),
        alt.Tooltip("low:Q", title=_("1 day in 10 below"), format=",.0f"),
        alt.Tooltip("high:Q", title=_("1 day in 10 above"), format=",.0f"),
        alt.Tooltip("left_behind:Q", title=_("left behind a day"), format=",.1f"),
    ]
    bars = chart.mark_bar(color=COLORS[1], width=6, opacity=0.75, clip=True).encode(
        y=alt.Y("mean:Q", title=title), tooltip=tooltip
    )
    spread = chart.mark_rule(strokeWidth=1.5, clip=True).encode(
        y=alt.Y("low:Q", title=title), y2="high:Q", color=alt.value(SPREAD_COLOR), tooltip=tooltip
    )
    return alt.layer(bars, spread, *_limit(*limit)).properties(height=LOW_HEIGHT)


def _limit(value: float, name: str) -> list[alt.Chart]:
    """Return a line across a chart with its name."""
    full = pd.DataFrame({"limit": [value], "text": [name]})
    rule = alt.Chart(full).mark_rule(strokeDash=[4, 4], color=LIMIT_COLOR)
    words = alt.Chart(full).mark_text(
        align="left", baseline="bottom", dx=4, dy=-2, color=LIMIT_COLOR
    )
    return [rule.encode(y="limit:Q"), words.encode(y="limit:Q", x=alt.value(0), text="text:N")]


def _spread(frame: pd.DataFrame) -> pd.DataFrame:
    """Return mean and band over the days by time."""
    by_time = frame.groupby("time_s")["value"]
    table = pd.DataFrame(
        {
            "mean": by_time.mean(),
            "low": by_time.quantile(BAND[0]),
            "high": by_time.quantile(BAND[1]),
        }
    ).reset_index()
    return table.assign(time=pd.Timestamp(DAY) + pd.to_timedelta(table["time_s"], unit="s"))


def gains(runs: Mapping[str, ScenarioRun], names: Mapping[str, str]) -> alt.Chart | None:
    """Return what the visitors of each district gain a day, by pilot.

    Parameters
    ----------
    runs
        Title of the pilot -> its run.
    names
        Zone -> its name for the reader.
    """
    frames = []
    for title, run in runs.items():
        found = run.tables(GAINS)
        if found is None or not len(run.sample):
            continue
        by_zone = found.to_pandas().groupby("zone")["gain_min"].sum() / len(run.sample)
        zones = [str(run.about["zones"][int(str(zone))]) for zone in by_zone.index]
        frames.append(
            pd.DataFrame(
                {
                    "pilot": title,
                    "district": [names.get(zone, zone) for zone in zones],
                    "gain": by_zone.to_numpy() / MINUTES_PER_HOUR,
                }
            )
        )
    if not frames:
        return None
    table = pd.concat(frames, ignore_index=True)
    order = table.groupby("district")["gain"].max().sort_values(ascending=False)
    shown = [str(name) for name in order.index[:MOST_DISTRICTS]]
    table = table[table["district"].isin(shown)]
    titles = list(runs)
    bars: alt.Chart = (
        alt.Chart(table)
        .mark_bar()
        .encode(
            y=alt.Y("district:N", sort=shown, title=None, axis=alt.Axis(labelLimit=250)),
            yOffset=alt.YOffset("pilot:N", sort=titles),
            x=alt.X(
                "gain:Q",
                title=_("gain of all its visitors, hours a day"),
                axis=alt.Axis(titleAnchor="end"),
            ),
            color=_pilot_color(titles),
            tooltip=[
                alt.Tooltip("district:N", title=_("district")),
                alt.Tooltip("pilot:N", title=_("pilot")),
                alt.Tooltip("gain:Q", title=_("hours a day"), format=",.1f"),
            ],
        )
        .properties(height=alt.Step(max(22 // len(titles), 8)))
    )
    return bars


def cost_against_relief(
    pilots: Mapping[str, PilotResult], relief: str, relief_title: str
) -> alt.LayerChart | alt.FacetChart | None:
    """Return every pilot's net cost against what it takes off a figure, with its interval.

    Parameters
    ----------
    relief
        Name of a key figure of which less is better.
    relief_title
        What the vertical axis is, with its unit.
    """
    rows = []
    for title, pilot in pilots.items():
        cost, fares, eased = (
            pilot.effects[name].difference if name in pilot.effects else None
            for name in ("operating_cost_eur", "fare_revenue_eur", relief)
        )
        if cost is None or fares is None or eased is None or eased.interval is None:
            continue
        rows.append(
            {
                "pilot": title,
                "cost": cost.mean - fares.mean,
                "relief": -eased.mean,
                "low": -eased.interval.high,
                "high": -eased.interval.low,
            }
        )
    if not rows:
        return None
    chart = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("cost:Q", title=_("cost less fares, EUR a day")),
        color=_pilot_color(list(pilots)),
    )
    points = chart.mark_point(filled=True, size=120).encode(
        y=alt.Y("relief:Q", title=relief_title),
        tooltip=[
            alt.Tooltip("pilot:N", title=_("pilot")),
            alt.Tooltip("cost:Q", title=_("cost less fares, EUR a day"), format=",.0f"),
            alt.Tooltip("relief:Q", title=relief_title, format=",.0f"),
        ],
    )
    spread = chart.mark_rule(strokeWidth=2).encode(y="low:Q", y2="high:Q")
    return alt.layer(spread, points).properties(height=HEIGHT)


def zone_names(language: str) -> dict[str, str]:
    """Return the names of the zones visitors come from, in a language where they have one."""
    zones = read_table("demand/origin_zones.csv", columns=("id", "name_fi"), text=("id",))
    names = zones[f"name_{language}"].fillna(zones["name_fi"])
    return dict(zip(zones["id"], names, strict=True))
