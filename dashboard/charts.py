"""Charts with Altair: labelled with units, told apart by dash and colour, readable in print."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import pandas as pd

from dashboard.figures import values
from dashboard.texts import _
from dashboard.worker import BIN_S, BINS
from lastmile.datasets import read_table
from simulation.shuttle import OUT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dashboard.jobs import Run

COLORS = ("#6b7280", "#0072b2", "#d55e00", "#009e73", "#cc79a7")
"""Base grey, pilots after Okabe and Ito: told apart by the colour blind too."""

DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4])
DAY = datetime(2000, 1, 1)  # noqa: DTZ001 - a clock face, no instant
FIRST_HOUR, LAST_HOUR = 6, 23
BAND = (10.0, 90.0)
HEIGHT = 300
LIMIT_COLOR = "#d1493b"
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


def _scenario_color(titles: Sequence[str]) -> alt.Color:
    return alt.Color(
        "scenario:N",
        title=None,
        scale=alt.Scale(domain=list(titles), range=list(COLORS[: len(titles)])),
        legend=alt.Legend(orient="top", labelLimit=420, columns=2),
    )


def course(
    series: Mapping[str, NDArray[np.int32]], title: str, capacity: float | None
) -> alt.LayerChart | alt.FacetChart:
    """Return the course of a day: mean and band over the days, by scenario.

    Parameters
    ----------
    series
        Title of the scenario -> (days, BINS) values.
    title
        What the values are, with their unit.
    capacity
        Drawn as a line across; none where None.
    """
    frames = []
    for name, counts in series.items():
        low, high = np.percentile(counts, BAND, axis=0)
        frames.append(
            pd.DataFrame(
                {
                    "time": [DAY + timedelta(seconds=BIN_S * number) for number in range(BINS)],
                    "mean": counts.mean(axis=0),
                    "low": low,
                    "high": high,
                    "scenario": name,
                }
            )
        )
    table = pd.concat(frames, ignore_index=True)
    table = table[table["time"] >= DAY + timedelta(hours=FIRST_HOUR)]
    color = _scenario_color(list(series))
    base = alt.Chart(table).encode(x=_clock_axis(), color=color)
    band = base.mark_area(opacity=0.2, clip=True).encode(y=alt.Y("low:Q", title=title), y2="high:Q")
    mean = base.mark_line(strokeWidth=2.5, clip=True).encode(
        y=alt.Y("mean:Q", title=title),
        strokeDash=alt.StrokeDash(
            "scenario:N",
            legend=None,
            scale=alt.Scale(domain=list(series), range=list(DASHES[: len(series)])),
        ),
        tooltip=[
            alt.Tooltip("scenario:N", title=_("scenario")),
            alt.Tooltip("time:T", title=_("time of day"), format="%H:%M"),
            alt.Tooltip("mean:Q", title=_("mean"), format=".0f"),
            alt.Tooltip("low:Q", title=_("1 day in 10 below"), format=".0f"),
            alt.Tooltip("high:Q", title=_("1 day in 10 above"), format=".0f"),
        ],
    )
    layers = [band, mean]
    if capacity is not None:
        full = pd.DataFrame({"capacity": [capacity], "text": [_("capacity")]})
        rule = (
            alt.Chart(full).mark_rule(strokeDash=[4, 4], color=LIMIT_COLOR).encode(y="capacity:Q")
        )
        words = (
            alt.Chart(full)
            .mark_text(align="left", baseline="bottom", dx=4, dy=-2, color=LIMIT_COLOR)
            .encode(y="capacity:Q", x=alt.value(0), text="text:N")
        )
        layers += [rule, words]
    return alt.layer(*layers).properties(height=HEIGHT)


def loads(run: Run, service_id: str) -> alt.LayerChart | alt.FacetChart | None:
    """Return the largest load of every departure of a service; None where it has none."""
    index = next(
        (n for n, service in enumerate(run.model.services) if service.id == service_id), None
    )
    if index is None:
        return None
    service = run.model.services[index]
    people = np.array([day.loads[service_id] for day in run.days])
    if not people.size:
        return None
    low, high = np.percentile(people, BAND, axis=0)
    towards = {True: _("to the park"), False: _("from the park")}
    table = pd.DataFrame(
        {
            "time": [DAY + timedelta(seconds=float(np.nanmin(times))) for times in service.times_s],
            "mean": people.mean(axis=0),
            "low": low,
            "high": high,
            "direction": [towards[way == OUT] for way in service.direction],
        }
    )
    x = alt.X("time:T", title=_("departure"), axis=alt.Axis(format="%H:%M"))
    y = alt.Y("mean:Q", title=_("people on board, most at once"))
    color = alt.Color(
        "direction:N",
        title=None,
        scale=alt.Scale(domain=list(towards.values()), range=[COLORS[1], COLORS[2]]),
        legend=alt.Legend(orient="top"),
    )
    base = alt.Chart(table).encode(x=x, color=color)
    rooms = pd.DataFrame({"seats": [service.seats], "text": [_("seats")]})
    rule = alt.Chart(rooms).mark_rule(strokeDash=[4, 4], color=LIMIT_COLOR).encode(y="seats:Q")
    words = (
        alt.Chart(rooms)
        .mark_text(align="left", baseline="bottom", dx=4, dy=-2, color=LIMIT_COLOR)
        .encode(y="seats:Q", x=alt.value(0), text="text:N")
    )
    points = base.mark_point(filled=True, size=55).encode(
        y=y,
        shape=alt.Shape("direction:N", legend=None),
        tooltip=[
            alt.Tooltip("time:T", title=_("departure"), format="%H:%M"),
            alt.Tooltip("direction:N", title=_("direction")),
            alt.Tooltip("mean:Q", title=_("mean"), format=".1f"),
        ],
    )
    spread = base.mark_rule().encode(y="low:Q", y2="high:Q")
    return alt.layer(spread, points, rule, words).properties(height=HEIGHT)


def gains(runs: Mapping[str, Run], names: Mapping[str, str]) -> alt.Chart | None:
    """Return what the visitors of each district gain a day, by pilot.

    Parameters
    ----------
    runs
        Title of the pilot -> its run.
    names
        Zone -> its name for the reader.
    """
    rows = []
    for title, run in runs.items():
        if run.model.demand is None:
            continue
        mean = np.mean([day.gain_eur for day in run.days], axis=0)
        rows += [
            {"pilot": title, "district": names.get(zone, zone), "gain": float(gain)}
            for zone, gain in zip(run.model.demand.inputs.zones, mean, strict=True)
        ]
    if not rows:
        return None
    table = pd.DataFrame(rows)
    order = table.groupby("district")["gain"].max().sort_values(ascending=False)
    shown = [str(name) for name in order.index[:MOST_DISTRICTS]]
    table = table[table["district"].isin(shown)]
    titles = list(runs)
    bars: alt.Chart = (
        alt.Chart(table)
        .mark_bar()
        .encode(
            y=alt.Y("district:N", sort=shown, title=None),
            yOffset=alt.YOffset("pilot:N", sort=titles),
            x=alt.X("gain:Q", title=_("gain of all its visitors, EUR a day")),
            color=alt.Color(
                "pilot:N",
                title=None,
                sort=titles,
                scale=alt.Scale(domain=titles, range=list(COLORS[1 : len(titles) + 1])),
                legend=alt.Legend(orient="top", labelLimit=420, columns=2),
            ),
            tooltip=[
                alt.Tooltip("district:N", title=_("district")),
                alt.Tooltip("pilot:N", title=_("pilot")),
                alt.Tooltip("gain:Q", title=_("EUR a day"), format=".0f"),
            ],
        )
        .properties(height=alt.Step(max(22 // len(titles), 8)))
    )
    return bars


def cost_against_relief(
    base: Run, pilots: Mapping[str, Run], relief: str, relief_title: str
) -> alt.LayerChart | alt.FacetChart:
    """Return every pilot's net cost against what it takes off a figure.

    Parameters
    ----------
    relief
        Name of a key figure of which less is better.
    relief_title
        What the vertical axis is, with its unit.
    """
    rows = []
    for title, pilot in pilots.items():
        net = [
            values(run, "operating_cost_eur") - values(run, "fare_revenue_eur")
            for run in (base, pilot)
        ]
        eased = values(base, relief) - values(pilot, relief)
        rows.append(
            {
                "pilot": title,
                "cost": float(np.mean(net[1] - net[0])),
                "relief": float(np.mean(eased)),
                "low": float(np.percentile(eased, BAND[0])),
                "high": float(np.percentile(eased, BAND[1])),
            }
        )
    table = pd.DataFrame(rows)
    titles = list(pilots)
    color = alt.Color(
        "pilot:N",
        title=None,
        scale=alt.Scale(domain=titles, range=list(COLORS[1 : len(titles) + 1])),
        legend=alt.Legend(orient="top", labelLimit=420, columns=2),
    )
    chart = alt.Chart(table).encode(
        x=alt.X("cost:Q", title=_("cost less fares, EUR a day")), color=color
    )
    points = chart.mark_point(filled=True, size=120).encode(
        y=alt.Y("relief:Q", title=relief_title),
        tooltip=[
            alt.Tooltip("pilot:N", title=_("pilot")),
            alt.Tooltip("cost:Q", title=_("cost less fares, EUR a day"), format=".0f"),
            alt.Tooltip("relief:Q", title=relief_title, format=".0f"),
        ],
    )
    spread = chart.mark_rule(strokeWidth=2).encode(y="low:Q", y2="high:Q")
    return alt.layer(spread, points).properties(height=HEIGHT)


def zone_names(language: str) -> dict[str, str]:
    """Return the names of the zones visitors come from, in a language where they have one."""
    zones = read_table("demand/origin_zones.csv", columns=("id", "name_fi"), text=("id",))
    names = zones[f"name_{language}"].fillna(zones["name_fi"])
    return dict(zip(zones["id"], names, strict=True))
