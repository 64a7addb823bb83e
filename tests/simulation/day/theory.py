"""Results of queueing theory, and intervals to hold a simulation against them.

Every comparison runs independent replications on a fixed seed and asks whether theory lies in the
interval of their mean. There are `COMPARISONS` of them; each interval is so wide (Bonferroni) that
all of them together hold theory with 95 %: on a seed of its own, a right simulation would raise a
false alarm somewhere once in twenty runs of the whole set. The intervals are narrow enough to
notice an error of a few per cent, and each test says how narrow.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import NDArray


COMPARISONS = 11
"""Comparisons with theory in this folder."""


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the t interval of the mean of independent replications, 95 % over all tests."""
    half = (
        stats.t.ppf(1 - 0.025 / COMPARISONS, len(values) - 1)
        * values.std(ddof=1)
        / math.sqrt(len(values))
    )
    return float(values.mean() - half), float(values.mean() + half)


def assert_holds(values: NDArray[np.float64], truth: float, within: float) -> None:
    """Check that theory lies in the interval, and that the interval is narrow."""
    low, high = interval(values)
    assert low <= truth <= high, f"{truth} is not in {low} to {high}"
    assert (high - low) / 2 <= within * truth, f"{low} to {high} is wider than {within:.1%}"


def erlang_b(load: float, servers: int) -> float:
    """Return the share lost in M/G/c/c (Erlang 1917), by the usual recursion."""
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked


def erlang_c(load: float, servers: int) -> float:
    """Return the share that waits in M/M/c."""
    lost = erlang_b(load, servers)
    return lost / (1 - load / servers * (1 - lost))


def bulk_queue_after_departure(per_departure: float, seats: int) -> float:
    """Return the mean number left behind: Q' = max(Q + Poisson - seats, 0), stationary."""
    size = 40 * seats
    arrivals = stats.poisson.pmf(np.arange(size), per_departure)
    state = np.zeros(size)
    state[0] = 1.0
    for _ in range(100_000):
        total = np.convolve(state, arrivals)[:size]
        following = np.concatenate([[total[: seats + 1].sum()], total[seats + 1 :]])
        following = np.concatenate([following, np.zeros(size - len(following))])
        if np.abs(following - state).max() < 1e-13:
            break
        state = following / following.sum()
    return float(state @ np.arange(size))


def bike_availability(
    demand: NDArray[np.float64], routing: NDArray[np.float64], ride: float, bikes: int
) -> NDArray[np.float64]:
    """Return the share of arriving riders who find a bike, by mean value analysis.

    In a closed network whose customers are the bikes, a station serves one bike at a time at the
    rate at which riders come, and a ride serves all at once. Reiser and Lavenberg (1980);
    George and Xia (2011) for bike share.
    """
    stations = len(demand)
    system = np.vstack([routing.T - np.eye(stations), np.ones(stations)])
    visits = np.linalg.lstsq(system, np.append(np.zeros(stations), 1.0), rcond=None)[0]
    queue = np.zeros(stations)
    through = 0.0
    for count in range(1, bikes + 1):
        time = (1 + queue) / demand
        through = count / float(visits @ time + ride)
        queue = through * visits * time
    return np.asarray(through * visits / demand)
