"""The stage on which a day's components act: the clock, the event log, and what is due when.

Components run on SimPy, in its lean style: customers are rows of `Parties`, not processes, and
what happens to them later is the callback of one `Timeout`. That keeps a day of thousands of
visitors to a fraction of a second; `benchmarks/bench_day.py` measures it beside the usual
style of a process and a `Resource` for each customer, which gives the same results.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import simpy
from simpy.events import Timeout

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from simulation.eventlog import Kind


class Stage:
    """The clock and the log that a day's components share.

    Attributes
    ----------
    env
        SimPy's environment; its clock counts seconds after midnight.
    log
        The event log as one flat list; see `simulation.eventlog`.
    """

    __slots__ = ("env", "log")

    def __init__(self) -> None:
        self.env = simpy.Environment()
        self.log: list[float] = []

    @property
    def now(self) -> float:
        """The time, s after midnight."""
        now: float = self.env._now  # noqa: SLF001 - the property of the same name costs a call
        return now

    def record(self, kind: Kind, party: int, place: int, people: int, value: float) -> None:
        """Write one event to the log."""
        self.log += (self.env._now, kind, party, place, people, value)  # noqa: SLF001

    def after(self, delay_s: float, callback: Callable[[Any], None], value: object) -> None:
        """Call `callback` in `delay_s` seconds with an event whose ``_value`` is `value`."""
        Timeout(self.env, delay_s, value).callbacks.append(callback)

    def process(self, generator: Generator[Any, Any, None]) -> None:
        """Start a SimPy process: a source, a vehicle, a van."""
        self.env.process(generator)

    def until(self, time_s: float) -> Timeout:
        """Return the event that happens at a time; at once if it is past."""
        return Timeout(self.env, max(time_s - self.env._now, 0.0))  # noqa: SLF001

    def run(self) -> None:
        """Let everything happen that is due.

        The garbage collector rests meanwhile: a day makes many short-lived events and no cycles
        worth collecting, and its scans cost more than the day itself.
        """
        collecting = gc.isenabled()
        gc.disable()
        try:
            self.env.run()
        finally:
            if collecting:
                gc.enable()
