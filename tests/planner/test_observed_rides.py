"""Rides of the bundled timetable take about as long as HSL's observed departures say.

The judge is the observed journeys themselves (data/timetable/observed_departures.csv), not what
was made of them: for 30 everyday pairs of stops the quickest ride around the observed departure
is within 20 % or 6 minutes of the observed run time.
"""

from __future__ import annotations

import csv
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import pytest

from lastmile.datasets import bundle_path
from lastmile.planner.core import Planner, load_planner
from lastmile.transit.raptor import Ends
from lastmile.units import parse_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

THURSDAY = date(2026, 2, 19)
PAIRS = 30
SHORTEST_S = 8 * 60


class Observed(NamedTuple):
    line: str
    start: str
    end: str
    departure_s: int
    run_s: int


def observations() -> list[Observed]:
    """Return one observed ride of every line and pair of stops, the long ones first."""
    path = bundle_path("timetable/observed_departures.csv")
    found: dict[tuple[str, str, str], Observed] = {}
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            leaves, reaches = parse_clock(row["departure"]), parse_clock(row["arrival"])
            key = row["line"], row["from_stop_code"], row["to_stop_code"]
            if reaches - leaves >= SHORTEST_S and row["from_stop_code"] and row["to_stop_code"]:
                found.setdefault(key, Observed(*key, leaves, reaches - leaves))
    return sorted(found.values(), key=lambda one: -one.run_s)


@pytest.fixture(scope="module")
def bundled() -> Planner:
    load_planner.cache_clear()
    return load_planner()


def served(planner: Planner) -> Iterator[Observed]:
    """Yield observed rides between stops of the bundled timetable, line after line."""
    codes = set(planner.feed.stops["stop_code"])
    known = [one for one in observations() if {one.start, one.end} <= codes]
    seen: dict[str, int] = {}
    for one in known:
        seen[one.line] = seen.get(one.line, 0) + 1
    rank = dict.fromkeys(seen, 0)
    ordered = []
    for one in known:
        rank[one.line] += 1
        ordered.append((rank[one.line], one.line, one))
    yield from (one for _, _, one in sorted(ordered))


def test_thirty_everyday_pairs_take_about_as_long_as_observed(bundled: Planner) -> None:
    day = bundled.transit_day(THURSDAY)
    code = {stop: index for index, stop in enumerate(bundled.feed.stops["stop_code"])}
    checked = list(islice(served(bundled), PAIRS))
    assert len(checked) == PAIRS
    off = []
    for one in checked:
        journeys = day.router.depart_between(
            Ends.of(code[one.start]),
            Ends.of(code[one.end]),
            one.departure_s - 1800,
            one.departure_s + 1800,
            day.options(),
        )
        lasts = [journey.arrival_s - journey.departure_s for journey in journeys]
        allowed_s = max(0.2 * one.run_s, 360)
        if not lasts or abs(min(lasts) - one.run_s) > allowed_s:
            off.append((one, min(lasts, default=None)))
    assert not off
