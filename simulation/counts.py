"""What the counters say: monthly counts without their faults, and the shape of the day.

The monthly counts of 2015 have gaps, and cells flagged as counter faults. Both are filled by a
multiplicative model (counter level times season), fitted to the sound cells alone. The hourly
profile is a table of passings at a gate: visitors pass once on the way in and, stay over, once
more on the way out, so that arrivals are what remains when those on their way out are taken off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import nnls

from lastmile.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY_TYPES: Final = ("weekday", "saturday", "sunday")
HOURS: Final = 24
MONTHS: Final = 12
_SWEEPS = 200
_SMOOTHNESS = 0.05


def fill_gaps(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill the missing cells of a table of counters by months.

    Parameters
    ----------
    counts
        (counters, months); nan where the count is missing or flagged as a fault.

    Returns
    -------
    NDArray[np.float64]
        The same table with every nan replaced by level times season. The model is the Poisson
        fit of ``level[counter] * season[month]`` to the sound cells (iterative proportional
        fitting), so that each counter's and each month's sound cells sum to their counts.

    Raises
    ------
    DataError
        If a counter or a month has no sound cell at all.
    """
    known = np.isfinite(counts)
    if not (known.any(axis=1).all() and known.any(axis=0).all()):
        raise DataError("counter table: a counter or a month has no sound count at all")
    seen = np.where(known, counts, 0.0)
    level = np.ones(len(counts))
    season = np.ones(counts.shape[1])
    for _ in range(_SWEEPS):
        level = seen.sum(axis=1) / np.maximum(known @ season, np.finfo(float).tiny)
        season = seen.sum(axis=0) / np.maximum(level @ known, np.finfo(float).tiny)
    return np.where(known, counts, level[:, None] * season[None, :])


def day_type_ratios(daily: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how busy Saturdays and Sundays are against weekdays, pooled over counters.

    Parameters
    ----------
    daily
        (counters, months, day types) visits a day.

    Returns
    -------
    NDArray[np.float64]
        (months, day types), weekdays 1. Pooled over the counters, because the profile model's
        single counters carry single busy days of the years it was trained on.
    """
    pooled = daily.sum(axis=0)
    return np.asarray(pooled / pooled[:, :1], dtype=np.float64)


def split_month(
    total: NDArray[np.float64], ratios: NDArray[np.float64], days: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Spread monthly totals over the kinds of day.

    Parameters
    ----------
    total
        (entrances, months) visits a month.
    ratios
        (months, day types) visits a day against a weekday.
    days
        (months, day types) how many such days the month has.

    Returns
    -------
    NDArray[np.float64]
        (entrances, months, day types) mean visits a day; times `days` they sum to `total`.
    """
    share = ratios / np.sum(ratios * days, axis=1, keepdims=True)
    return np.asarray(total[:, :, None] * share[None, :, :], dtype=np.float64)


def leaving_matrix(stay_survival: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chance to leave in each hour, given the hour of arrival.

    Parameters
    ----------
    stay_survival
        (HOURS + 1,) probability that a stay is longer than 0, 1, 2, ... hours.

    Returns
    -------
    NDArray[np.float64]
        (HOURS, HOURS) row: hour of leaving, column: hour of arrival. Who would leave after
        midnight leaves in the last hour. Arrivals are uniform within their hour.
    """
    # Mean over the arrival's place in its hour, by the trapezium rule.
    beyond = np.append((stay_survival[:-1] + stay_survival[1:]) / 2, 0.0)
    within = np.append(1.0 - beyond[0], beyond[:-1] - beyond[1:])
    matrix = np.zeros((HOURS, HOURS))
    for arrival in range(HOURS):
        for later, share in enumerate(within):
            matrix[min(arrival + later, HOURS - 1), arrival] += share
    return matrix


def passings(
    arrivals: NDArray[np.float64], leaving: NDArray[np.float64], both_ways: float
) -> NDArray[np.float64]:
    """Return the shape of the passings at the gate for a shape of arrivals.

    Parameters
    ----------
    arrivals
        (HOURS,) share of the arrivals by hour.
    leaving
        What `leaving_matrix` returns.
    both_ways
        Share of those on their way out who pass the counter again, 0 to 1.

    Returns
    -------
    NDArray[np.float64]
        (HOURS,) share of the passings by hour, summing to 1.
    """
    total = arrivals + both_ways * (leaving @ arrivals)
    return np.asarray(total / total.sum(), dtype=np.float64)


def arrivals_behind(
    profile: NDArray[np.float64], leaving: NDArray[np.float64], both_ways: float
) -> NDArray[np.float64]:
    """Find the arrivals that explain a profile of passings.

    Parameters
    ----------
    profile
        (HOURS,) passings by hour, any scale.
    leaving
        What `leaving_matrix` returns.
    both_ways
        Share of those on their way out who pass the counter again, 0 to 1.

    Returns
    -------
    NDArray[np.float64]
        (HOURS,) share of the arrivals by hour, not negative, summing to 1: the least-squares
        solution with a small penalty on jumps from hour to hour, which the data (a plateau
        from 9 to 17 h) cannot tell apart.

    Raises
    ------
    DataError
        If the profile has no passings at all.
    """
    if not profile.sum() > 0:
        raise DataError("hourly profile: no passings at all")
    target = profile / profile.sum()
    design = (np.eye(HOURS) + both_ways * leaving) / (1 + both_ways)
    jumps = np.diff(np.eye(HOURS), axis=0)
    stacked = np.vstack([design, np.sqrt(_SMOOTHNESS) * jumps])
    shares, _ = nnls(stacked, np.concatenate([target, np.zeros(len(jumps))]))
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def earth_movers_h(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the earth mover's distance between two shapes of the day, hours."""
    gap = np.cumsum(first / first.sum()) - np.cumsum(second / second.sum())
    return float(np.abs(gap).sum())
