"""Four pilots against a base, 100 replications each: our way beside the plain one.

The plain way runs the same days one by one in one process. Both give the same figures, which is
checked. The budget is 60 s on 2 cores, preparing the scenarios included.

    python benchmarks/bench_compare.py [--replications 100] [--workers 2]
"""

from __future__ import annotations

import argparse
import resource
import time
from concurrent.futures import wait
from contextlib import contextmanager
from copy import copy
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from scenarios.load import load_scenario
from simulation.day import run_day
from simulation.daytrial import DayTrial
from simulation.executor import Crew, Workers
from simulation.experiment import Comparison, Plan, compare
from simulation.kpis import kpis
from simulation.prepare import prepare
from simulation.sampling import Sampler, Subject
from simulation.statistics import variance_ratio
from simulation.store import RunKey
from simulation.trial import PackedTrial, run_block

if TYPE_CHECKING:
    from collections.abc import Iterator

PILOTS = (
    "shuttle-espoo-haltia",
    "shuttle-matinkyla-haltia",
    "bus245-15min",
    "parking-signs",
)
VISITORS = 6000
BUDGET_S = 60.0
PLAIN_DAYS = 4
SCALING_DAYS, ROUNDS = 80, 7
SEED = 1


def main() -> None:
    """Print both times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--scaling-only", action="store_true")
    options = parser.parse_args()
    level = level_of(VISITORS)
    chosen = [
        load_scenario(name).with_changes({"day.visit_level": level})
        for name in ("baseline", *PILOTS)
    ]
    if options.scaling_only:
        scaling(DayTrial(prepare(chosen[0])), options.workers)
        return
    plan = Plan(options.replications, seed=SEED, workers=options.workers, store=None)
    begun, begun_cpu = time.perf_counter(), cpu_s()
    found = compare(chosen[0], chosen[1:], plan)
    ours_s = time.perf_counter() - begun
    report(found, ours_s, options.workers)
    print(f"processor time of all processes: {cpu_s() - begun_cpu:.1f} s")
    plain_s = plain(found) * len(chosen) * options.replications
    print(f"plain, one by one, without preparing: {plain_s:.1f} s; ratio {plain_s / ours_s:.2f}")
    scaling(DayTrial(prepare(chosen[0])), options.workers)


def cpu_s() -> float:
    """Return the processor time of this process and of those it has waited for, s."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def scaling(trial: DayTrial, most: int) -> None:
    """Print how the same replications go in more processes, once those are at work.

    Beside it what the machine gives: as many processes, each with half of the days and nothing
    to do with the other. Rounds alternate, so that a slow minute slows all of them.
    """
    ours: dict[int, list[float]] = {1: [], most: []}
    apart: dict[int, list[float]] = {1: [], most: []}
    content = PackedTrial.of(trial).content
    crews = {workers: Workers(workers) for workers in (1, most)}
    for number in range(ROUNDS):
        for workers, crew in crews.items():
            key = RunKey("day", "", "", "", SEED + number)
            subject = Subject("day", key, partial(copy, trial))
            with Sampler(partial(_given, Crew(crew, workers))) as sampler:
                sampler.need({subject: 2 * workers})
                begun = time.perf_counter()
                sampler.need({subject: 2 * workers + SCALING_DAYS})
                ours[workers].append(time.perf_counter() - begun)
            days = range(SCALING_DAYS)
            begun = time.perf_counter()
            wait([
                crew.submit(run_block, content, SEED, tuple(days[part::workers]))
                for part in range(workers)
            ])  # fmt: skip
            apart[workers].append(time.perf_counter() - begun)
    for crew in crews.values():
        crew.shutdown(cancel_futures=True)
    for what, times in (("the experiment", ours), ("apart, nothing shared", apart)):
        ratios = [one / more for one, more in zip(times[1], times[most], strict=True)]
        print(
            f"{what}: {most} processes are {median(times[1]) / median(times[most]):.2f} times one "
            f"(medians of {ROUNDS} rounds, which gave {min(ratios):.2f} to {max(ratios):.2f})"
        )


@contextmanager
def _given(crew: Crew) -> Iterator[Crew]:
    yield crew


def level_of(visitors: int) -> float:
    """Return the visit level at which the base has about so many visitors a day."""
    base = load_scenario("baseline").with_changes({"day.visit_level": 1.0})
    model = prepare(base)
    mean = sum(kpis(run_day(model, SEED, n), model)["visitors"] for n in range(5)) / 5
    return round(visitors / mean, 2)


def report(found: Comparison, wall_s: float, workers: int) -> None:
    """Print what came out."""
    base = found.base.sample
    print(
        f"{len(found.pilots)} pilots and the base, {found.replications} replications each of "
        f"{base.figure('visitors').mean():.0f} visitors: {wall_s:.1f} s with {workers} processes "
        f"(budget {BUDGET_S:.0f} s)"
    )
    shuttle = found.pilots[0].run.sample
    for name in ("parking_full_min.haltia", "cars_arrived", "visitors_turned_away"):
        ratio = variance_ratio(base.figure(name), shuttle.figure(name))
        print(f"common random numbers: variance of the effect on {name} {ratio:.1f} times smaller")


def plain(found: Comparison) -> float:
    """Run the same days one by one and check that they agree; return the time a day, s."""
    spent = 0.0
    for run in found.runs:
        model = prepare(run.scenario)
        begun = time.perf_counter()
        for number in range(PLAIN_DAYS):
            figures = kpis(run_day(model, SEED, number), model)
            if figures["visitors"] != run.sample.figure("visitors")[number]:
                raise SystemExit(f"{run.name}: day {number} differs")
        spent += time.perf_counter() - begun
    return spent / (PLAIN_DAYS * len(found.runs))


if __name__ == "__main__":
    main()
