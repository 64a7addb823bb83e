"""Four pilots against a base, 100 replications each: our way beside the plain one.

The plain way runs the same days one by one in one process. Both give the same figures, which is
checked. The budget is 60 s on 2 cores, preparing the scenarios included.

    python benchmarks/bench_compare.py [--replications 100] [--workers 2]
"""

from __future__ import annotations

import argparse
import time

from scenarios.load import load_scenario
from simulation.day import run_day
from simulation.experiment import Comparison, Plan, compare
from simulation.kpis import kpis
from simulation.prepare import prepare
from simulation.statistics import variance_ratio

PILOTS = (
    "shuttle-espoo-haltia",
    "shuttle-matinkyla-haltia",
    "bus245-15min",
    "parking-signs",
)
VISITORS = 6000
BUDGET_S = 60.0
PLAIN_DAYS = 4
SEED = 1


def main() -> None:
    """Print both times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    level = level_of(VISITORS)
    chosen = [
        load_scenario(name).with_changes({"day.visit_level": level})
        for name in ("baseline", *PILOTS)
    ]
    plan = Plan(options.replications, seed=SEED, workers=options.workers, store=None)
    begun = time.perf_counter()
    found = compare(chosen[0], chosen[1:], plan)
    ours_s = time.perf_counter() - begun
    report(found, ours_s, options.workers)
    plain_s = plain(found) * len(chosen) * options.replications
    print(f"plain, one by one, without preparing: {plain_s:.1f} s; ratio {plain_s / ours_s:.2f}")


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
