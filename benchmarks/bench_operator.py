"""The operator's desk: five situations of 50 days each, and blocks of a dense day.

Prints processor time as well as the clock's: a busy machine lengthens the one alone.
"""

import resource
import time

from scenarios.load import load_scenario
from simulation.blocking import Rules, Run, vehicle_blocks
from simulation.prepare import prepare
from simulation.situations import SITUATIONS
from simulation.stress import Effort, stress_test

FIVE = ("busy", "one-in-20", "late-trains", "slow-traffic", "vehicle-out")


def processor_s() -> float:
    """Return the processor time of this process and its children so far, s."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def main() -> None:
    """Measure and print."""
    runs = [Run(k * 300.0, k * 300.0 + 1200, k % 2, 1 - k % 2) for k in range(400)]
    started = time.perf_counter()
    vehicles = max(vehicle_blocks(runs, Rules(180.0))) + 1
    print(
        f"blocks of {len(runs)} trips: {vehicles} vehicles, {time.perf_counter() - started:.2f} s"
    )
    scenario = load_scenario("shuttle-espoo-haltia")
    prepare(scenario)
    started, spent = time.perf_counter(), processor_s()
    found = stress_test(
        scenario, "shuttle", [SITUATIONS[name] for name in FIVE], effort=Effort(workers=2)
    )
    wall, spent = time.perf_counter() - started, processor_s() - spent
    print(
        f"{len(found.results)} situations of {found.days} days on 2 processes: {wall:.1f} s, "
        f"processor {spent:.1f} s (target 15 s on 2 free cores)"
    )


if __name__ == "__main__":
    main()
