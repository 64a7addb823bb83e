"""Little's law: the time average in a queue is the rate of arrivals times the mean time spent.

A day begins and ends empty, so the law is exact: the area under the number present equals the
sum of the times that people or cars say they spent.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from handmade import PATIENT, make_model, make_parties, make_shuttle, run, run_line

from simulation.eventlog import EventLog, Kind
from simulation.parking import CarPark

if TYPE_CHECKING:
    from numpy.typing import NDArray


def area(times: NDArray[np.float64], steps: NDArray[np.float64]) -> float:
    """Return the area under a count that starts at zero and changes by steps, in log order."""
    present = np.cumsum(steps)
    assert present.min() >= 0
    assert present[-1] == 0
    return float((present[:-1] * np.diff(times)).sum())


def changes(
    events: EventLog, enters: list[Kind], leaves: list[Kind], *, people: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    both = events.of(*enters, *leaves)
    weight = both.people if people else np.ones(len(both))
    return both.time_s, np.where(np.isin(both.kind, enters), weight, -weight)


def busy_cars() -> EventLog:
    generator = np.random.default_rng(81)
    count = 1700
    habits = replace(PATIENT, queue_share=1.0, patience_s=300.0)
    parties = make_parties(
        np.sort(generator.uniform(0, 30_000, count)),
        generator.exponential(2000, count),
        size=generator.integers(1, 6, count).tolist(),
    )
    return run(make_model([CarPark("lot", 0, 100)], queue=math.inf, parking=habits), parties)


def test_in_the_queue_for_a_place() -> None:
    """Whoever queues waits until it parks or goes: what it says is what the clock says."""
    events = busy_cars()
    queued = set(events.of(Kind.CAR_QUEUES).party.tolist())
    parked, reneged = events.of(Kind.CAR_PARKS), events.of(Kind.CAR_RENEGES)
    ends = np.isin(events.kind, [Kind.CAR_QUEUES, Kind.CAR_PARKS, Kind.CAR_RENEGES])
    mine = ends & np.isin(events.party, list(queued))
    steps = np.where(events.kind[mine] == Kind.CAR_QUEUES, 1, -1)
    said = parked.value[np.isin(parked.party, list(queued))].sum() + reneged.value.sum()
    assert len(queued) > 300
    assert len(reneged) > 50
    assert area(events.time_s[mine], steps) == pytest.approx(said, rel=1e-9)


def test_in_the_car_park_and_in_the_park() -> None:
    events = busy_cars()
    left = events.of(Kind.CAR_LEAVES)
    cars = changes(events, [Kind.CAR_PARKS], [Kind.CAR_LEAVES], people=False)
    assert area(*cars) == pytest.approx(left.value.sum(), rel=1e-9)
    people = changes(events, [Kind.ENTERS_PARK], [Kind.LEAVES_PARK])
    assert area(*people) == pytest.approx((left.value * left.people).sum(), rel=1e-9)


def test_at_the_stop_and_on_board() -> None:
    generator = np.random.default_rng(82)
    times = np.sort(generator.uniform(0, 20_000, 600))
    people = generator.integers(1, 4, len(times))
    events = run_line(make_shuttle(np.arange(1, 120) * 600.0, seats=22), times, people)
    boards, alights = events.of(Kind.RIDE_BOARDS), events.of(Kind.RIDE_ALIGHTS)
    assert len(events.of(Kind.RIDE_LEFT_BEHIND)) > 100
    waiting = changes(events, [Kind.RIDE_WAITS], [Kind.RIDE_BOARDS])
    assert area(*waiting) == pytest.approx((boards.value * boards.people).sum(), rel=1e-9)
    riding = changes(events, [Kind.RIDE_BOARDS], [Kind.RIDE_ALIGHTS])
    assert area(*riding) == pytest.approx((alights.value * alights.people).sum(), rel=1e-9)
