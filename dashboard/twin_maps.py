"""Base and pilot on two maps in step: how full the car parks get, shuttle lines, visitors."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import streamlit as st

from dashboard import frames
from dashboard.formats import number, share
from dashboard.maps import HSL_ATTRIBUTION, OSM_ATTRIBUTION, TRANSPARENT, published
from dashboard.roads import road
from dashboard.texts import _, language
from lastmile.places import Gazetteer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dashboard.roads import Point
    from simulation.experiment import ScenarioRun

HEIGHT_PX: Final = 560
LARGEST_PX: Final = 24.0
SMALLEST_PX: Final = 5.0
NO_PARK_COLOR: Final = "#c8ccd1"
FULLNESS: Final = (
    (0.50, "#ffffcc"),
    (0.75, "#fed976"),
    (0.90, "#fd8d3c"),
    (0.98, "#e31a1c"),
    (math.inf, "#800026"),
)
"""Colour of a share of the places taken: below a limit. After ColorBrewer's YlOrRd."""

HOUR_S: Final = 3600.0


class Gate(NamedTuple):
    """An entrance in a scenario, means over the days.

    Attributes
    ----------
    id, at
        Its id and (lat, lon).
    visitors
        People a day; nan where not known.
    places
        Of its car parks together; 0 where it has none.
    parked, hour
        Cars parked on average in the busiest hour, and the hour it begins; nan and -1 where
        there is no car park.
    """

    id: str
    at: Point
    visitors: float
    places: float
    parked: float
    hour: int

    @property
    def taken(self) -> float:
        """Share of the places taken in the busiest hour; nan where there are none."""
        return self.parked / self.places if self.places else math.nan


def gates_of(run: ScenarioRun, series: pd.DataFrame) -> list[Gate]:
    """Return the entrances of a run.

    Parameters
    ----------
    run
        A scenario's days.
    series
        Their course: ``series``, ``time_s``, ``value``.
    """
    found = []
    for gate in run.about["entrances"]:
        mine = series[series["series"] == f"parked.{gate['id']}"]
        parked, hour = math.nan, -1
        if gate["places"] and len(mine):
            by_hour = mine.groupby(mine["time_s"] // HOUR_S)["value"].mean()
            busiest = int(by_hour.to_numpy().argmax())
            parked, hour = float(by_hour.iloc[busiest]), int(by_hour.index.to_numpy()[busiest])
        found.append(
            Gate(
                gate["id"],
                (float(gate["lat"]), float(gate["lon"])),
                _mean(run.sample.figure(f"visitors.{gate['id']}")),
                float(gate["places"]),
                parked,
                hour,
            )
        )
    return found


def _mean(values: NDArray[np.float64]) -> float:
    """Return the mean over the days that give a figure; nan where none does."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


def show_twin_maps(
    runs: Mapping[str, ScenarioRun], series: Mapping[str, pd.DataFrame], *, pilot: str
) -> None:
    """Show the base and one pilot side by side; who pans one map pans both.

    Parameters
    ----------
    runs, series
        By title, the base first.
    pilot
        Title of the pilot shown.
    """
    base = next(iter(runs))
    shown = {title: gates_of(runs[title], series[title]) for title in (base, pilot)}
    with st.container(key="twin-maps"):
        frames.show(
            "twin_maps.html",
            page_data({title: runs[title] for title in shown}, shown),
            height=HEIGHT_PX,
            alt=_(
                "Maps of the base and the pilot that move together; the table below says the same"
            ),
        )
    with st.expander(_("The maps as a table")):
        st.html(_table(shown))


def page_data(
    runs: Mapping[str, ScenarioRun], gates: Mapping[str, Sequence[Gate]]
) -> dict[str, Any]:
    """Return what the maps' script draws: one scale and one legend for all of them."""
    most = max(
        (gate.visitors for each in gates.values() for gate in each if gate.visitors > 0),
        default=1.0,
    )
    points = [gate.at for each in gates.values() for gate in each]
    maps = []
    for title, run in runs.items():
        services = sorted(run.about["services"], key=_is_shuttle)
        points += [at for one in services if _is_shuttle(one) for at in _stops(one)]
        maps.append(
            {
                "title": title,
                "lines": [_line(service) for service in services],
                "gates": [_mark(gate, most) for gate in gates[title]],
            }
        )
    lats, lons = zip(*points, strict=True)
    round_most = _round(most)
    return {
        **published(),
        "transparent": TRANSPARENT,
        "attributions": [OSM_ATTRIBUTION, HSL_ATTRIBUTION],
        "maps": maps,
        "bounds": [[min(lats), min(lons)], [max(lats), max(lons)]],
        "looks": {
            "shuttle": {"color": "#0072b2", "weight": 5, "dash": None, "name": _("shuttle line")},
            "bus": {"color": "#5b4a7a", "weight": 3, "dash": "4 6", "name": _("bus line")},
        },
        "fullness": {
            "title": _("Places taken in the busiest hour, mean:"),
            "classes": _classes(),
        },
        "sizes": [
            [_radius(size, most), _("{n} visitors a day").format(n=number(size, 0))]
            for size in (round_most / 10, round_most)
        ],
    }


def _is_shuttle(service: Mapping[str, Any]) -> bool:
    return bool(service["mode"] == "shuttle")


def _stops(service: Mapping[str, Any]) -> list[Point]:
    """Return where a line's stops are, (lat, lon)."""
    return [
        (float(lat), float(lon)) for lat, lon in zip(service["lat"], service["lon"], strict=True)
    ]


def _line(service: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line's way along the roads and its stops."""
    stops = _stops(service)
    return {
        "mode": "shuttle" if _is_shuttle(service) else "bus",
        "name": service["name"] or service["id"],
        "room": _("{n} places in a vehicle").format(n=number(service["room"], 0)),
        "ways": road(stops),
        "stops": [
            {"at": at, "name": name} for at, name in zip(stops, service["stops"], strict=True)
        ],
    }


def _mark(gate: Gate, most: float) -> dict[str, Any]:
    """Return an entrance's circle and what is said of it."""
    return {
        "at": gate.at,
        "radius": _radius(gate.visitors, most),
        "color": color_of(gate.taken),
        "name": _name(gate),
        "share": "" if math.isnan(gate.taken) else share(min(gate.taken, 1.0)),
        "said": [_name(gate), *_facts(gate)],
    }


def _name(gate: Gate) -> str:
    return Gazetteer.bundled()[gate.id].name(language())


def _facts(gate: Gate) -> list[str]:
    """Say how many come and how full it gets."""
    facts = []
    if not math.isnan(gate.visitors):
        facts.append(_("{n} visitors a day").format(n=number(gate.visitors, 0)))
    if math.isnan(gate.taken):
        facts.append(_("no car park in this scenario"))
    else:
        facts.append(
            _("{parked} of {places} places taken from {begin} to {end}").format(
                parked=number(gate.parked, 0),
                places=number(gate.places, 0),
                begin=f"{gate.hour:02d}",
                end=f"{gate.hour + 1:02d}",
            )
        )
    return facts


def color_of(taken: float) -> str:
    """Return the colour of a share of places taken; grey where it is nan."""
    if math.isnan(taken):
        return NO_PARK_COLOR
    return next(color for limit, color in FULLNESS if taken < limit)


def _classes() -> list[tuple[str, str]]:
    """Return the colours with what they mean."""
    low, classes = 0.0, []
    for limit, color in FULLNESS:
        if math.isinf(limit):
            text = _("{share} or more: full").format(share=share(low))
        else:
            text = _("{low} to {high}").format(low=share(low), high=share(limit))
        classes.append((color, text))
        low = limit
    return [*classes, (NO_PARK_COLOR, _("no car park"))]


def _radius(visitors: float, most: float) -> float:
    """Return the radius of a circle whose area stands for people, px."""
    if math.isnan(visitors):
        return SMALLEST_PX
    return round(max(LARGEST_PX * math.sqrt(visitors / most), SMALLEST_PX), 1)


def _round(value: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is not above a number."""
    power = 10.0 ** math.floor(math.log10(max(value, 10.0)))
    return next(step * power for step in (5, 2, 1) if step * power <= max(value, 10.0))


def _table(shown: Mapping[str, Sequence[Gate]]) -> str:
    """Return what the maps say as a table, every name escaped."""
    heads = "".join(f'<th scope="col">{escape(title)}</th>' for title in (_("Entrance"), *shown))
    by_gate: dict[str, dict[str, Gate]] = {}
    for title, gates in shown.items():
        for gate in gates:
            by_gate.setdefault(gate.id, {})[title] = gate
    rows = []
    for found in by_gate.values():
        name = escape(_name(next(iter(found.values()))))
        cells = "".join(
            f"<td>{'<br>'.join(map(escape, _facts(found[title]))) if title in found else '-'}</td>"
            for title in shown
        )
        rows.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
    return (
        f'<table class="lm-table"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
