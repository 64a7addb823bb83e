"""Between the same two vehicles one changes where one walks least."""

from __future__ import annotations

from datetime import date
from itertools import pairwise, product
from typing import TYPE_CHECKING

import pytest

from lastmile.planner.changes import WORTH_MOVING_M
from lastmile.planner.clock import parse_instant
from lastmile.planner.core import Planner, load_planner
from lastmile.planner.request import PlanRequest

if TYPE_CHECKING:
    from lastmile.planner.transit import TransitDay
    from lastmile.transit.journeys import Ride

SUMMER = "2026-07-05"
PAIRS = [
    ("Matinkylä", "Kattila"),
    ("Kattila", "Matinkylä"),
    ("Tapiola", "Haltia"),
    ("Haukkalampi", "Kamppi"),
    ("Kivenlahti", "Leppävaara"),
    ("Kauklahti", "Otaniemi"),
]


def least_walk_m(day: TransitDay, before: Ride, after: Ride) -> float:
    """Try every place to leave the one vehicle and every place to board the other."""
    first, second = (
        day.timetable.calls(ride.trip, 0, len(day.timetable.patterns.times_of(ride.trip)[0]) - 1)
        for ride in (before, after)
    )
    found = []
    for (i, leave), (j, enter) in product(enumerate(first), enumerate(second)):
        if i <= before.board_position or j >= after.alight_position:
            continue
        walk = (
            (0.0, 0.0) if leave.stop == enter.stop else day.stopnet.footpath(leave.stop, enter.stop)
        )
        needed_s = round(day.costs.change_s)
        if walk is not None and leave.arrival_s + walk[0] + needed_s <= enter.departure_s:
            found.append(walk[1])
    return min(found)


@pytest.mark.parametrize(("start", "goal"), PAIRS)
def test_no_other_place_to_change_takes_much_less_walking(start: str, goal: str) -> None:
    """To Kattila one was sent 730 m on foot where 150 m led to the same bus."""
    planner: Planner = load_planner()
    day = planner.transit_day(date.fromisoformat(SUMMER))
    ends = planner.gazetteer.find(start), planner.gazetteer.find(goal)
    changed = 0
    for hour in range(7, 20):
        request = PlanRequest(*ends, parse_instant(f"{SUMMER}T{hour:02d}:00"))
        access, egress = planner._on_foot(request, day)
        for journey in day.search_first(access, egress, hour * 3600):
            eased = day.changes.with_least_walking(
                journey, round(day.costs.change_s), step_free=False
            )
            assert [ride.trip for ride in eased.rides] == [ride.trip for ride in journey.rides]
            for before, after in pairwise(eased.rides):
                changed += 1
                walk_s, walk_m = day.change(before, after)
                assert before.arrival_s + walk_s + day.costs.change_s <= after.departure_s
                assert before.board_position < before.alight_position
                assert walk_m < least_walk_m(day, before, after) + WORTH_MOVING_M + 1
            weighed = day.candidate(journey, access, egress)
            assert weighed.walk_m == pytest.approx(weighed.build().walk_m, rel=0.02, abs=20)
    assert changed
