"""Trials whose answer is known: queues in equilibrium, and ones that fail on purpose."""

from __future__ import annotations

import heapq
import math
import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulation.rng import Streams
from simulation.sampling import Subject
from simulation.store import RunKey
from simulation.trial import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from simulation.trial import Trial

MM3_WAIT = 1.404494
MM3_P_WAIT = 0.702247
"""M/M/3, arrivals 2.5, service 1: Erlang C (Gross et al., Fundamentals of Queueing Theory)."""


def erlang_c(servers: int, load: float) -> float:
    """Return the probability of waiting in M/M/c with `load` erlangs."""
    top = load**servers / math.factorial(servers) * servers / (servers - load)
    return top / (sum(load**k / math.factorial(k) for k in range(servers)) + top)


def mean_wait(servers: int, rate: float, service_rate: float) -> float:
    """Return the mean wait of all customers of M/M/c."""
    return erlang_c(servers, rate / service_rate) / (servers * service_rate - rate)


@dataclass(frozen=True)
class Queue:
    """M/M/c, first come first served, begun in equilibrium: every customer's wait is stationary.

    Nothing has to be warmed up: the first customer comes at time 0 and meets the stationary
    number of others (Poisson arrivals see time averages), every service in progress being a
    fresh exponential.
    """

    servers: int = 3
    rate: float = 2.5
    customers: int = 2000

    def about(self) -> Mapping[str, Any]:
        return {"servers": self.servers}

    def run(self, seed: int, replication: int) -> Outcome:
        rng = Streams(seed, replication).generator("queue")
        states = stationary(self.servers, self.rate)
        present = int(np.searchsorted(np.cumsum(states), rng.random(), side="right"))
        free = [0.0] * (self.servers - min(present, self.servers))
        free += rng.exponential(size=min(present, self.servers)).tolist()
        heapq.heapify(free)
        for service in rng.exponential(size=max(present - self.servers, 0)).tolist():
            heapq.heapreplace(free, free[0] + service)
        gaps = rng.exponential(1 / self.rate, self.customers)
        arrivals = (np.cumsum(gaps) - gaps[0]).tolist()
        waits = []
        for arrival, service in zip(arrivals, rng.exponential(size=self.customers), strict=True):
            begin = max(arrival, free[0])
            heapq.heapreplace(free, begin + float(service))
            waits.append(begin - arrival)
        array = np.array(waits)
        return Outcome(
            {"wait_mean": float(array.mean()), "p_wait": float((array > 0).mean())},
            {"waits": {"customer": np.arange(3), "wait_s": array[:3]}},
        )


def stationary(servers: int, rate: float, states: int = 400) -> NDArray[np.float64]:
    """Return the stationary probabilities of the number in M/M/c with service rate 1."""
    ratios = rate / np.minimum(np.arange(1, states), servers)
    weights = np.concatenate([[1.0], np.cumprod(ratios)])
    return weights / weights.sum()


@dataclass(frozen=True)
class StationaryWaits:
    """Waits of a day's customers of M/M/c who come far apart: independent, law known exactly.

    The wait is 0 with probability 1 - C and else exponential with rate c mu - lambda. All
    designs use the same uniforms (common random numbers).
    """

    servers: int
    service_rate: float
    rate: float = 1.0
    customers: int = 40
    cost: float = 0.0

    def about(self) -> Mapping[str, Any]:
        return {}

    def run(self, seed: int, replication: int) -> Outcome:
        uniforms = Streams(seed, replication).generator("waits").random(self.customers)
        chance = erlang_c(self.servers, self.rate / self.service_rate)
        decay = self.servers * self.service_rate - self.rate
        waits = np.where(uniforms < chance, -np.log(uniforms / chance) / decay, 0.0)
        return Outcome({"wait": float(waits.mean()), "cost": self.cost})


@dataclass(frozen=True)
class Fails:
    """Fails in some replications."""

    at: tuple[int, ...]

    def about(self) -> Mapping[str, Any]:
        return {}

    def run(self, seed: int, replication: int) -> Outcome:
        if replication in self.at:
            raise ZeroDivisionError(f"no cars on day {replication}")
        return Outcome({"wait_mean": float(Streams(seed, replication).generator("x").random())})


@dataclass(frozen=True)
class KillsItsWorker:
    """Ends its own process, the first time one of its replications is tried."""

    mark: Path
    at: int = 3

    def about(self) -> Mapping[str, Any]:
        return {}

    def run(self, seed: int, replication: int) -> Outcome:
        if replication == self.at and not self.mark.exists():
            self.mark.write_text("died")
            os.kill(os.getpid(), signal.SIGKILL)
        return Outcome({"wait_mean": float(Streams(seed, replication).generator("x").random())})


@dataclass(frozen=True)
class TakesTime:
    """Takes a while, so that there is time to be killed in the midst of it."""

    seconds: float

    def about(self) -> Mapping[str, Any]:
        return {"seconds": self.seconds}

    def run(self, seed: int, replication: int) -> Outcome:
        time.sleep(self.seconds)
        value = float(Streams(seed, replication).generator("x").random())
        return Outcome({"value": value}, {"points": {"x": np.array([value, 1 - value])}})


_AT_WORK: list[int] = []


@dataclass(frozen=True)
class Alone:
    """Counts how many replications its process works on at the same time."""

    def about(self) -> Mapping[str, Any]:
        return {}

    def run(self, seed: int, replication: int) -> Outcome:
        del seed
        _AT_WORK.append(replication)
        time.sleep(0.005)
        together = len(_AT_WORK)
        _AT_WORK.remove(replication)
        return Outcome({"together": float(together)})


@dataclass(frozen=True)
class Given:
    """Makes the trial it was given: stands for the building of a day."""

    trial: Trial

    def __call__(self) -> Trial:
        return self.trial


def subject(name: str, trial: Trial, seed: int = 1) -> Subject:
    """Return a subject with a key of its own."""
    build: Callable[[], Trial] = Given(trial)
    return Subject(name, RunKey(f"{name}:{trial}", "", "none", "test", seed), build)
