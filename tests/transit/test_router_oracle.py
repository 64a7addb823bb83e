"""The router agrees with the brute-force one on every question."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import transit_oracle as oracle
from transit_worlds import Pair, random_ends, random_pair

from lastmile.transit.raptor import Ends

QUICK, FULL = 40, 400
DAY_S = 2 * 86400
PER_WORLD = 5


def ends(of: dict[int, int]) -> Ends:
    return Ends.of(list(of), list(of.values()))


def check(seed: int) -> None:
    """Ask five questions of each kind about one random timetable."""
    pair = random_pair(seed)
    rng = np.random.default_rng(10_000 + seed)
    for _ in range(PER_WORLD):
        stop_to_stop = rng.random() < 0.5
        a, b = (int(s) for s in rng.integers(0, pair.world.stop_count, 2))
        access = {a: 0} if stop_to_stop else random_ends(rng, pair.world.stop_count)
        egress = {b: 0} if stop_to_stop else random_ends(rng, pair.world.stop_count)
        check_depart_at(pair, access, egress, int(rng.integers(0, 120)) * 60)
        check_arrive_by(pair, access, egress, int(rng.integers(30, 240)) * 60)
        first = int(rng.integers(0, 100)) * 60
        check_window(pair, access, egress, first, first + int(rng.integers(0, 80)) * 60)


def check_depart_at(pair: Pair, access: dict[int, int], egress: dict[int, int], start: int) -> None:
    journeys = pair.router.depart_at(ends(access), ends(egress), start, pair.options)
    answer = [(len(journey.rides), journey.arrival_s) for journey in journeys]
    assert answer == oracle.depart_at(pair.world, access, egress, start)
    for journey in journeys:
        assert oracle.faults_of(pair.world, pair.trips, journey, access, egress) == []
        assert journey.departure_s >= start


def check_arrive_by(pair: Pair, access: dict[int, int], egress: dict[int, int], end: int) -> None:
    journeys = pair.router.arrive_by(ends(access), ends(egress), end, pair.options)
    answer = [(len(journey.rides), journey.departure_s) for journey in journeys]
    assert answer == oracle.arrive_by(pair.world, access, egress, end)
    for journey in journeys:
        assert oracle.faults_of(pair.world, pair.trips, journey, access, egress) == []
        assert journey.arrival_s <= end


def check_window(
    pair: Pair, access: dict[int, int], egress: dict[int, int], first: int, last: int
) -> None:
    journeys = pair.router.depart_between(ends(access), ends(egress), first, last, pair.options)
    answer = [(one.departure_s, one.arrival_s, len(one.rides)) for one in journeys]
    assert sorted(answer) == oracle.depart_between(pair.world, access, egress, first, last)
    for journey in journeys:
        assert oracle.faults_of(pair.world, pair.trips, journey, access, egress) == []
    check_beyond(pair, access, egress, first, last)


def check_beyond(
    pair: Pair, access: dict[int, int], egress: dict[int, int], first: int, last: int
) -> None:
    """Looking beyond a window leaves in what is in the window of the whole day's best."""
    options = replace(pair.options, look_beyond=True)
    found = []
    for span in ((first, last), (last + 1, last + 3600)):
        journeys = pair.router.depart_between(ends(access), ends(egress), *span, options)
        found += [(one.departure_s, one.arrival_s, len(one.rides)) for one in journeys]
        for journey in journeys:
            assert oracle.faults_of(pair.world, pair.trips, journey, access, egress) == []
    best = oracle.depart_between(pair.world, access, egress, first, DAY_S)
    assert sorted(found) == [one for one in best if one[0] <= last + 3600]
    journeys = pair.router.arrive_between(ends(access), ends(egress), first, last, options)
    arriving = [(one.departure_s, one.arrival_s, len(one.rides)) for one in journeys]
    best = oracle.depart_between(pair.world, access, egress, -DAY_S, DAY_S)
    assert sorted(arriving) == [one for one in best if first <= one[1] <= last]


@pytest.mark.parametrize("seed", range(QUICK))
def test_router_equals_brute_force(seed: int) -> None:
    check(seed)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_router_equals_brute_force_on_two_thousand_questions_of_each_kind() -> None:
    for seed in range(QUICK, QUICK + FULL):
        check(seed)
