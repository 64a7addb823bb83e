"""The components against queueing theory."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from handmade import PATIENT, make_model, make_parties, make_shuttle, run, run_line
from theory import (
    assert_holds,
    bike_availability,
    bulk_queue_after_departure,
    erlang_b,
    erlang_c,
)

from simulation.bikeshare import BikeNetwork, BikeShare, Cyclist
from simulation.eventlog import EventLog, Kind
from simulation.parking import CarPark
from simulation.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from numpy.typing import NDArray

HOUR = 3600.0


EFFORT = pytest.mark.parametrize("effort", [1, pytest.param(8, marks=pytest.mark.slow)])
"""How many times as long to simulate; the intervals narrow by its root."""


def poisson_times(generator: np.random.Generator, rate: float, until: float) -> NDArray[np.float64]:
    return np.sort(generator.uniform(0, until, generator.poisson(rate * until)))


# --- car parks


def lognormal(generator: np.random.Generator, mean: float, count: int) -> NDArray[np.float64]:
    spread = 1.0
    return generator.lognormal(math.log(mean) - spread**2 / 2, spread, count)


STAYS: dict[str, Callable[[np.random.Generator, float, int], NDArray[np.float64]]] = {
    "exponential": lambda generator, mean, count: generator.exponential(mean, count),
    "deterministic": lambda _, mean, count: np.full(count, mean),
    "lognormal": lognormal,
}


@EFFORT
@pytest.mark.parametrize("stays", list(STAYS))
def test_a_car_park_loses_what_erlang_b_says_whatever_the_stays(stays: str, effort: int) -> None:
    """M/G/c/c: 20 places, 18 erlangs, 10.9 % lost; the interval is within 10 % of that."""
    places, load, stay = 20, 18.0, HOUR
    warm_up, horizon = 15 * stay, (15 + 250 * effort) * stay
    lost = []
    for replication in range(20):
        generator = np.random.default_rng([71, replication, list(STAYS).index(stays)])
        arrivals = poisson_times(generator, load / stay, horizon)
        parties = make_parties(arrivals, STAYS[stays](generator, stay, len(arrivals)))
        events = run(make_model([CarPark("lot", 0, places)]), parties)
        gone = events.of(Kind.CAR_TURNED_AWAY).time_s
        lost.append((gone > warm_up).sum() / (arrivals > warm_up).sum())
    assert_holds(np.array(lost), erlang_b(load, places), within=0.1 / math.sqrt(effort))


@EFFORT
def test_three_places_and_a_patient_queue_are_m_m_3(effort: int) -> None:
    """M/M/3, rate 2.5, service 1: 0.702247 wait, 1.404494 on average; within 6 % and 25 %."""
    assert erlang_c(2.5, 3) == pytest.approx(0.702247, abs=1e-6)
    assert erlang_c(2.5, 3) / (3 - 2.5) == pytest.approx(1.404494, abs=1e-6)
    stay, warm_up = 100.0, 200 * 100.0
    habits = replace(PATIENT, queue_share=1.0)
    model = make_model([CarPark("lot", 0, 3)], queue=math.inf, parking=habits)
    waited, waits = [], []
    for replication in range(20):
        generator = np.random.default_rng([72, replication])
        arrivals = poisson_times(generator, 2.5 / stay, warm_up + 2000 * effort * stay)
        parties = make_parties(arrivals, generator.exponential(stay, len(arrivals)))
        parked = run(model, parties).of(Kind.CAR_PARKS)
        came = arrivals[parked.party]
        wait = (parked.time_s - came)[came > warm_up]
        waited.append((wait > 1e-9).mean())
        waits.append(wait.mean() / stay)
    assert_holds(np.array(waited), 0.702247, within=0.06 / math.sqrt(effort))
    assert_holds(np.array(waits), 1.404494, within=0.25 / math.sqrt(effort))


# --- shuttles


@EFFORT
def test_people_who_come_at_random_wait_half_the_headway(effort: int) -> None:
    """Deterministic headway of 20 min, Poisson arrivals: 10 min; the interval is within 1.5 %."""
    headway = 1200.0
    departures = 300 * effort
    service = make_shuttle(np.arange(1, departures + 1) * headway, seats=1000)
    waits = []
    for replication in range(20):
        generator = np.random.default_rng([73, replication])
        times = poisson_times(generator, 8 / headway, departures * headway)
        waits.append(run_line(service, times).of(Kind.RIDE_BOARDS).value.mean())
    assert_holds(np.array(waits), headway / 2, within=0.015 / math.sqrt(effort))


@EFFORT
def test_a_shuttle_with_few_seats_is_a_bulk_queue(effort: int) -> None:
    """8 seats, 6.5 a headway: left behind and mean wait as the chain says; within 30 %, 12 %."""
    headway, seats, mean = 600.0, 8, 6.5
    warm_up, steady = 100, 700 * effort
    left_behind = bulk_queue_after_departure(mean, seats)
    service = make_shuttle(np.arange(1, warm_up + steady + 1) * headway, seats=seats)
    left, waits = [], []
    for replication in range(20):
        generator = np.random.default_rng([74, replication])
        times = poisson_times(generator, mean / headway, (warm_up + steady) * headway)
        events = run_line(service, times)
        boards = events.of(Kind.RIDE_BOARDS)
        behind = events.of(Kind.RIDE_LEFT_BEHIND)
        left.append((behind.time_s > warm_up * headway).sum() / steady)
        waits.append(boards.value[boards.time_s > warm_up * headway].mean())
    assert_holds(np.array(left), left_behind, within=0.3 / math.sqrt(effort))
    assert_holds(
        np.array(waits), headway * (0.5 + left_behind / mean), within=0.12 / math.sqrt(effort)
    )


# --- bike share


@EFFORT
def test_bike_stations_have_bikes_as_often_as_mean_value_analysis_says(effort: int) -> None:
    """Closed network of 3 stations and 12 bikes, exponential rides; each within 6 %."""
    demand = np.array([0.02, 0.03, 0.015])
    routing = np.array([[0.0, 0.7, 0.3], [0.6, 0.0, 0.4], [0.5, 0.5, 0.0]])
    ride_s, bikes = 200.0, np.array([4, 4, 4])
    truth = bike_availability(demand, routing, ride_s, int(bikes.sum()))
    share = BikeShare(
        stations=("a", "b", "c"),
        lat=np.zeros(3),
        lon=np.zeros(3),
        docks=np.full(3, 100),
        bikes=bikes,
        ride_m=np.full((3, 3), ride_s),
        walk_m=np.full((3, 3), 1e6),
        speed_ms=1.0,
        walk_speed_ms=1.0,
        walk_on_m=0.0,
    )
    found = []
    for replication in range(20):
        generator = np.random.default_rng([75, replication])
        stage = Stage()
        network = BikeNetwork(
            stage,
            share,
            on_arrived=lambda _: None,
            on_no_bike=lambda _: None,
            ride_time=lambda _, mean, generator=generator: generator.exponential(mean),
        )

        def riders(
            station: int, network: BikeNetwork, stage: Stage, generator: np.random.Generator
        ) -> Generator[Any, Any, None]:
            for time_s in poisson_times(generator, demand[station], 5000.0 + 40_000.0 * effort):
                yield stage.until(time_s)
                there = int(generator.choice(3, p=routing[station]))
                network.hire(Cyclist(-1, 1, station, there))

        for station in range(3):
            stage.process(riders(station, network, stage, generator))
        stage.run()
        events = EventLog.from_flat(stage.log)
        hired, none = events.of(Kind.BIKE_HIRED), events.of(Kind.BIKE_NONE)
        steady = 5000.0
        took = np.bincount(hired.place[hired.time_s > steady], minlength=3)
        missed = np.bincount(none.place[none.time_s > steady], minlength=3)
        found.append(took / (took + missed))
        assert sum(one.bikes for one in network.stations) == bikes.sum()
    for station in range(3):
        assert_holds(np.array(found)[:, station], truth[station], within=0.06 / math.sqrt(effort))
