"""Queries over many pairs, windows at the destination, and questions that make no sense."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import numpy as np
import pytest
import transit_oracle as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from transit_worlds import random_ends, random_pair

from lastmile.errors import RequestError
from lastmile.transit.footpaths import Footpaths
from lastmile.transit.raptor import Ends, Options, Router

if TYPE_CHECKING:
    from lastmile.transit.journeys import Journey

seeds = st.integers(0, 2**31)


def ends(of: dict[int, int]) -> Ends:
    return Ends.of(list(of), list(of.values()))


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_profiles_of_many_pairs_are_those_of_each_pair(seed: int) -> None:
    pair = random_pair(seed)
    rng = np.random.default_rng(seed)
    origins = [random_ends(rng, pair.world.stop_count) for _ in range(3)]
    targets = [random_ends(rng, pair.world.stop_count) for _ in range(4)]
    first, last = 1800, 6000
    found = pair.router.many_to_many(
        [ends(one) for one in origins], [ends(one) for one in targets], first, last, pair.options
    )
    for o, origin in enumerate(origins):
        for t, target in enumerate(targets):
            mine = (found.origin == o) & (found.target == t)
            alone = pair.router.depart_between(
                ends(origin), ends(target), first, last, pair.options
            )
            assert sorted(
                zip(
                    found.departure_s[mine].tolist(),
                    found.arrival_s[mine].tolist(),
                    found.rides[mine].tolist(),
                    strict=True,
                )
            ) == sorted((one.departure_s, one.arrival_s, len(one.rides)) for one in alone)


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_the_parts_of_a_journey_add_up(seed: int) -> None:
    pair = random_pair(seed)
    rng = np.random.default_rng(seed)
    origins = [ends(random_ends(rng, pair.world.stop_count)) for _ in range(2)]
    found = pair.router.many_to_many(origins, origins, 0, 9000, pair.options)
    between = np.diff(found.leg_offset)
    assert np.array_equal(between, found.rides)
    for row in range(len(found)):
        legs = slice(found.leg_offset[row], found.leg_offset[row + 1])
        leave, arrive = found.leg_departure_s[legs], found.leg_arrival_s[legs]
        assert found.in_vehicle_s[row] == (arrive - leave).sum()
        waits = leave[1:] - arrive[:-1]
        walks_between = found.walk_s[row] - found.access_s[row] - found.egress_s[row]
        slack = pair.options.slack_s * len(waits)
        assert 0 <= walks_between <= waits.sum() - slack
        assert found.departure_s[row] == leave[0] - found.access_s[row]
        assert found.arrival_s[row] == arrive[-1] + found.egress_s[row]


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_the_earliest_of_a_profile_is_the_answer_to_departing_then(seed: int) -> None:
    pair = random_pair(seed)
    rng = np.random.default_rng(seed)
    origin, target = (random_ends(rng, pair.world.stop_count) for _ in range(2))
    found = pair.router.many_to_many([ends(origin)], [ends(target)], 0, 40_000, pair.options)
    departures = [0, 1800, 5000, 9000]
    picked = found.earliest(departures, 1, 1)[0, 0]
    for when, row in zip(departures, picked.tolist(), strict=True):
        expected = oracle.depart_at(pair.world, origin, target, when)
        if not expected:
            assert row == -1
        else:
            assert found.arrival_s[row] == expected[-1][1]
            assert found.departure_s[row] >= when


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_arrivals_within_a_window_mirror_departures(seed: int) -> None:
    pair = random_pair(seed)
    rng = np.random.default_rng(seed)
    origin, target = (random_ends(rng, pair.world.stop_count) for _ in range(2))
    everything = pair.router.depart_between(ends(origin), ends(target), -3600, 40_000, pair.options)
    mirrored = pair.router.arrive_between(ends(origin), ends(target), 0, 60_000, pair.options)
    assert {(one.departure_s, one.arrival_s, len(one.rides)) for one in everything} == {
        (one.departure_s, one.arrival_s, len(one.rides)) for one in mirrored
    }
    for journey in mirrored:
        assert oracle.faults_of(pair.world, pair.trips, journey, origin, target) == []


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_the_same_question_gets_the_same_answer(seed: int) -> None:
    pair, again = random_pair(seed), random_pair(seed)
    question = (Ends.of([0, 1], [10, 20]), Ends.of([2, 3], [30, 0]), 0, 9000)
    assert pair.router.depart_between(*question) == again.router.depart_between(*question)


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_a_limit_on_duration_leaves_out_longer_journeys_and_no_other(seed: int) -> None:
    pair = random_pair(seed)
    question = (Ends.of([0, 1], [10, 20]), Ends.of([2, 3], [30, 0]), 1000, 9000)
    free = pair.router.depart_between(*question)
    limited = pair.router.depart_between(*question, Options(max_duration_s=1800))
    assert limited == [one for one in free if one.arrival_s - one.departure_s <= 1800]


def test_a_new_router_may_be_asked_by_several_threads_at_once() -> None:
    """Threads that lay the timetable out side by side find the same.

    From Python 3.12 on a cached property may be made twice, and the direction of a search was
    told by which of the two it was: some journeys came back reversed.
    """
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            for seed in range(40):
                router, barrier = random_pair(seed).router, Barrier(4)
                anywhere = Ends.of(range(router.stop_count), 60)
                asked = [pool.submit(ask_together, barrier, router, anywhere) for _ in range(4)]
                alone = random_pair(seed).router.depart_between(anywhere, anywhere, 0, 7200)
                assert [answer.result() for answer in asked] == [alone] * 4
    finally:
        sys.setswitchinterval(interval_s)


def ask_together(barrier: Barrier, router: Router, anywhere: Ends) -> list[Journey]:
    barrier.wait()
    return router.depart_between(anywhere, anywhere, 0, 7200)


def test_no_origin_and_no_target_are_no_journeys() -> None:
    router = random_pair(1).router
    nothing = Ends.of([], [])
    assert router.depart_at(nothing, Ends.of(0), 0) == []
    assert router.arrive_by(Ends.of(0), nothing, 9000) == []
    assert len(router.many_to_many([], [], 0, 100)) == 0


@pytest.mark.parametrize(
    "ask",
    [
        lambda router: router.depart_at(Ends.of(99), Ends.of(0), 0),
        lambda router: router.depart_at(Ends.of(-1), Ends.of(0), 0),
        lambda router: router.depart_at(Ends.of(0, -5), Ends.of(0), 0),
        lambda router: router.depart_at(Ends.of(0), Ends.of(0, 2**30), 0),
        lambda router: router.depart_between(Ends.of(0), Ends.of(1), 10, 5),
        lambda _: Options(max_transfers=-1),
        lambda _: Options(slack_s=-1),
        lambda router: Router(router.stop_count, router.patterns, Footpaths.none(1)),
    ],
)
def test_questions_without_sense_are_refused(ask: object) -> None:
    with pytest.raises(RequestError):
        ask(random_pair(1).router)  # type: ignore[operator]
