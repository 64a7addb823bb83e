"""The lean style gives the very events of SimPy's usual style."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from handmade import make_model, make_parties, make_shuttle, run, run_line
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.eventlog import EventLog, Kind
from simulation.parking import CarPark, ParkingHabits

if TYPE_CHECKING:
    from types import ModuleType

CAR_KINDS = [
    kind for kind in Kind if kind.name.startswith("CAR_") and kind is not Kind.CAR_SEARCHES
]
RIDE_KINDS = [Kind.RIDE_WAITS, Kind.RIDE_BOARDS, Kind.RIDE_LEFT_BEHIND, Kind.RIDE_ALIGHTS]


def story(events: EventLog, kinds: list[Kind]) -> list[tuple[Any, ...]]:
    """Return what happened to every party, in order, times to the microsecond."""
    chosen = events.of(*kinds)
    rows = zip(
        chosen.party.tolist(),
        np.round(chosen.time_s, 6).tolist(),
        chosen.kind.tolist(),
        chosen.place.tolist(),
        np.round(chosen.value, 6).tolist(),
        strict=True,
    )
    return sorted(rows)


share = st.sampled_from([0.0, 0.3, 0.7, 1.0])


@given(
    seed=st.integers(0, 2**31),
    cars=st.integers(0, 150),
    capacity=st.integers(1, 15),
    queue=st.integers(0, 6),
    roadside=st.integers(0, 4),
    habits=st.builds(
        ParkingHabits,
        search_s=st.sampled_from([0.0, 90.0]),
        queue_share=share,
        patience_s=st.sampled_from([60.0, 900.0, float("inf")]),
        roadside_share=share,
        divert_share=share,
        diversions=st.integers(0, 2),
    ),
)
@settings(max_examples=40, deadline=None)
def test_cars_meet_the_same_day_in_both_styles(
    plain_day: ModuleType,
    seed: int,
    cars: int,
    capacity: int,
    queue: int,
    roadside: int,
    habits: ParkingHabits,
) -> None:
    generator = np.random.default_rng(seed)
    arrivals = np.sort(generator.uniform(0, 7200, cars))
    parties = make_parties(arrivals, generator.exponential(3600, cars), entrances=3, seed=seed)
    lots = [CarPark(f"lot{k}", k, capacity) for k in range(3)]
    model = make_model(lots, entrances=3, roadside=roadside, queue=queue, parking=habits)
    lean = story(run(model, parties), CAR_KINDS)
    plain = story(plain_day.PlainParking(model, parties).run(), CAR_KINDS)
    assert lean == plain


@given(
    seed=st.integers(0, 2**31),
    riders=st.integers(0, 120),
    seats=st.integers(4, 20),
    headway=st.integers(5, 40),
)
@settings(max_examples=25, deadline=None)
def test_riders_meet_the_same_shuttles_in_both_styles(
    plain_day: ModuleType, seed: int, riders: int, seats: int, headway: int
) -> None:
    generator = np.random.default_rng(seed)
    times = np.sort(generator.uniform(0, 7200, riders))
    departures = np.arange(1, 200) * headway * 60.0
    people = generator.integers(1, 5, len(times))
    service = make_shuttle(departures, seats=seats)
    lean = run_line(service, times, people)
    plain = plain_day.PlainShuttle(service, times.tolist(), people.tolist()).run()
    assert len(lean.of(Kind.RIDE_ALIGHTS)) == len(times)
    assert story(lean, RIDE_KINDS) == story(plain, RIDE_KINDS)
