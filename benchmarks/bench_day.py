"""How fast a simulated day is, beside SimPy's usual style and Ciw.

Run: python benchmarks/bench_day.py [--visitors 6000] [--repeat 5]

1. A whole day of a scenario with about so many visitors: drawing them, their choices, the day and
   its key figures.
2. The day's cars alone, in the lean style and with a process and a Resource for each car. Both log
   the same events (the tests hold one against the other).
3. A queue with three places (M/M/3), lean, plain and in Ciw. An event is a line of our log; Ciw is
   given the same number, since its customers do the same.

Times are seconds of processor time, so that a busy machine does not blur them.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import ciw
import numpy as np
from plain_day import PlainParking

from scenarios.load import load_scenario
from scenarios.schema import Day
from simulation.day import run_day, simulate_day
from simulation.kpis import kpis
from simulation.model import Access, DayModel, Habits
from simulation.parking import CarPark, Entrance, ParkingHabits
from simulation.parties import CAR, DRAWS, MODES, Choices, Parties
from simulation.prepare import prepare
from simulation.rng import Streams

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENT = ParkingHabits(0.0, 1.0, math.inf, 0.0, 0.0, 0)


def best_of(repeat: int, work: Callable[[], int]) -> tuple[float, int]:
    """Return the median time of some runs, s, and what the last one counted."""
    times = []
    count = 0
    for _ in range(repeat):
        start = time.process_time()
        count = work()
        times.append(time.process_time() - start)
    return statistics.median(times), count


def whole_day(scenario: str, visitors: int, repeat: int) -> None:
    """Time a whole day."""
    chosen = load_scenario(scenario)
    started = time.process_time()
    model = prepare(chosen.with_changes({"day.visit_level": 1.0}))
    sample = [
        sum(run_day(model, 1, k).parties.size[~run_day(model, 1, k).parties.latent])
        for k in range(3)
    ]
    level = visitors / float(np.mean(sample))
    model = replace(model, day=model.day.model_copy(update={"visit_level": level}))
    prepared_s = time.process_time() - started
    people, parts = 0, [0.0, 0.0]

    def day() -> int:
        nonlocal people
        start = time.process_time()
        result = run_day(model, 1, 0)
        middle = time.process_time()
        people = int(result.parties.size[~result.parties.latent].sum())
        kpis(result, model)
        parts[0] += middle - start
        parts[1] += time.process_time() - middle
        return len(result.events)

    seconds, events = best_of(repeat, day)
    print(
        f"{scenario}: {people} visitors, {events} events: {seconds:.3f} s a day "
        f"(key figures {parts[1] / repeat:.3f} s of it), {events / seconds / 1e6:.2f} M events/s; "
        f"prepared in {prepared_s:.1f} s"
    )


def queue_model(lots: tuple[CarPark, ...], habits: ParkingHabits, gates: int) -> DayModel:
    """Return a model of car parks alone."""
    apart = np.full((gates, gates), 600.0)
    return DayModel(
        scenario="bench",
        digest="",
        day=Day(),
        entrances=tuple(Entrance(f"g{k}", f"g{k}", 60.3, 24.5, 10, math.inf) for k in range(gates)),
        car_parks=lots,
        between_s=apart,
        between_m=apart * 10,
        access=Access.by_car_only(np.zeros((1, gates)), np.zeros((1, gates))),
        habits=Habits(parking=habits),
    )


def queue_parties(count: int, rate: float, stay_s: float, gates: int) -> Parties:
    """Return cars that come at random and stay exponentially long."""
    generator = np.random.default_rng(5)
    return Parties(
        arrival_s=np.cumsum(generator.exponential(1 / rate, count)),
        size=np.ones(count, dtype=np.int16),
        zone=np.zeros(count, dtype=np.int16),
        home_entrance=np.zeros(count, dtype=np.int16),
        stay_s=generator.exponential(stay_s, count),
        has_car=np.ones(count, dtype=np.bool_),
        latent=np.zeros(count, dtype=np.bool_),
        draws=generator.random((count, len(DRAWS))),
        taste=np.zeros((count, len(MODES), gates), dtype=np.float32),
    )


def lean(model: DayModel, parties: Parties) -> int:
    """Run cars in the lean style; return the events."""
    count = len(parties)
    zeros = np.zeros(count)
    choices = Choices(np.full(count, CAR, np.int8), np.zeros(count, np.int16), zeros, zeros)
    return len(simulate_day(model, parties, [choices], Streams(1, 0)))


def plain(model: DayModel, parties: Parties) -> int:
    """Run cars in SimPy's usual style; return the events."""
    return len(PlainParking(model, parties).run())


def in_ciw(count: int, rate: float, stay_s: float) -> int:
    """Run the queue in Ciw until so many have been served; return how many."""
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=rate)],
        service_distributions=[ciw.dists.Exponential(rate=1 / stay_s)],
        number_of_servers=[3],
    )
    ciw.seed(5)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(count, method="Finish")
    return len(simulation.get_all_records())


def tell(name: str, seconds: float, events: int, peer_s: float | None = None) -> None:
    """Print one line."""
    ratio = "" if peer_s is None else f", {seconds / peer_s:.1f} times the lean time"
    print(f"  {name:<28} {seconds:7.3f} s {events / seconds / 1e6:7.3f} M events/s{ratio}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=6000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--customers", type=int, default=20_000)
    wanted = parser.parse_args()
    for scenario in ("baseline", "shuttle-espoo-haltia"):
        whole_day(scenario, wanted.visitors, wanted.repeat)
    habits = ParkingHabits(120.0, 0.5, 900.0, 0.4, 0.6, 2)
    lots = tuple(CarPark(f"lot{k}", k, 150) for k in range(3))
    model = queue_model(lots, habits, 3)
    parties = queue_parties(wanted.customers, 0.04, 12_000.0, 3)
    print(f"Cars alone: {wanted.customers} cars, 3 car parks, search, queue, roadside, diversion")
    lean_s, events = best_of(wanted.repeat, lambda: lean(model, parties))
    plain_s, plain_events = best_of(wanted.repeat, lambda: plain(model, parties))
    tell("lean (people in the park too)", lean_s, events)
    tell("plain: process, Resource", plain_s, plain_events, lean_s)
    print(f"M/M/3, rate 2.5, service 1: {wanted.customers} customers")
    queue = queue_model((CarPark("lot", 0, 3),), PATIENT, 1)
    customers = queue_parties(wanted.customers, 2.5 / 100, 100.0, 1)
    lean_s, events = best_of(wanted.repeat, lambda: lean(queue, customers))
    plain_s, plain_events = best_of(wanted.repeat, lambda: plain(queue, customers))
    ciw_s, served = best_of(wanted.repeat, lambda: in_ciw(wanted.customers, 2.5 / 100, 100.0))
    tell("lean (people in the park too)", lean_s, events)
    tell("plain: process, Resource", plain_s, plain_events, lean_s)
    tell("Ciw", ciw_s, plain_events * served // wanted.customers, lean_s)


if __name__ == "__main__":
    main()
