"""Replications of days, intervals, and paired comparisons with common random numbers."""

from __future__ import annotations

import math
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from lastmile.errors import RequestError
from simulation.day import run_day
from simulation.kpis import KPIS, kpi_of, kpis

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from simulation.model import DayModel

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over replications.

    Attributes
    ----------
    mean
        Over the replications that have the figure.
    low, high
        Its 95 % interval by Student's t; nan with fewer than two replications.
    count
        Replications that have the figure.
    """

    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What a pilot does to a figure.

    Attributes
    ----------
    base_mean, mean
        In the base and with the pilot.
    diff
        Paired difference, pilot less base, over the replications that have both.
    p_better
        Share of the replications in which the pilot is better, ties by half; nan where
        neither way is better.
    """

    base_mean: float
    mean: float
    diff: Estimate
    p_better: float


def estimate(values: NDArray[np.float64]) -> Estimate:
    """Return the mean of some replications with its 95 % interval; nan values are left out."""
    known = values[~np.isnan(values)]
    count = len(known)
    if not count:
        return Estimate(math.nan, math.nan, math.nan, 0)
    mean = float(known.mean())
    if count == 1:
        return Estimate(mean, math.nan, math.nan, 1)
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1))
    half = reach * float(known.std(ddof=1)) / math.sqrt(count)
    return Estimate(mean, mean - half, mean + half, count)


def replicate(
    model: DayModel,
    replications: int,
    seed: int,
    *,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Run a day many times.

    Parameters
    ----------
    model
        The day.
    replications
        How many times, each on random numbers of its own.
    seed
        Root seed; the same seed gives every model the same visitors.
    workers
        Processes; the results do not depend on it.
    progress
        Told after each replication how many are done.

    Returns
    -------
    dict of str to (replications,) arrays
        Key figures by name, nan where a replication has none.

    Raises
    ------
    RequestError
        If there is nothing to repeat, or no worker to do it.
    """
    if replications < 1 or workers < 1:
        raise RequestError(
            f"{replications} replications on {workers} workers: both must be 1 or more"
        )
    rows = []
    if workers == 1 or replications == 1:
        for number in range(replications):
            rows.append(_figures(model, seed, number))
            if progress is not None:
                progress(len(rows))
    else:
        with ProcessPoolExecutor(
            min(workers, replications), initializer=_adopt, initargs=(model, seed)
        ) as pool:
            for row in pool.map(_figures_of_adopted, range(replications)):
                rows.append(row)
                if progress is not None:
                    progress(len(rows))
    return _columns(rows)


def compare(
    base: Mapping[str, NDArray[np.float64]], pilot: Mapping[str, NDArray[np.float64]]
) -> dict[str, Effect]:
    """Compare two runs on the same seed, replication by replication.

    Returns
    -------
    dict of str to Effect
        For every figure that either has.
    """
    count = len(next(iter(base.values()))) if base else 0
    nothing = np.full(count, np.nan)
    effects = {}
    for name in [*base, *(name for name in pilot if name not in base)]:
        before, after = base.get(name, nothing), pilot.get(name, nothing)
        effects[name] = Effect(
            base_mean=estimate(before).mean,
            mean=estimate(after).mean,
            diff=estimate(after - before),
            p_better=_p_better(name, after - before),
        )
    kept_away = _cost_per_car(base, pilot)
    if kept_away is not None:
        effects["cost_per_car_kept_away_eur"] = kept_away
    return effects


def default_workers() -> int:
    """Return how many processes fit this machine."""
    return max(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1, 1)


def _figures(model: DayModel, seed: int, replication: int) -> dict[str, float]:
    return kpis(run_day(model, seed, replication), model)


_adopted: list[tuple[DayModel, int]] = []


def _adopt(model: DayModel, seed: int) -> None:
    _adopted[:] = [(model, seed)]


def _figures_of_adopted(replication: int) -> dict[str, float]:
    model, seed = _adopted[0]
    return _figures(model, seed, replication)


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, NDArray[np.float64]]:
    names = dict.fromkeys(name for row in rows for name in row)
    order = {name: rank for rank, name in enumerate(KPIS)}
    ranked = sorted(names, key=lambda name: (order[name.partition(".")[0]], "." in name))
    return {name: np.array([row.get(name, np.nan) for row in rows]) for name in ranked}


def _p_better(name: str, diff: NDArray[np.float64]) -> float:
    known = diff[~np.isnan(diff)]
    better = kpi_of(name).better
    if better is None or not len(known):
        return math.nan
    gain = -known if better == "less" else known
    return float((gain > 0).mean() + 0.5 * (gain == 0).mean())


def _cost_per_car(
    base: Mapping[str, NDArray[np.float64]], pilot: Mapping[str, NDArray[np.float64]]
) -> Effect | None:
    """Return what the pilot costs, less its fares, for each car that no longer comes.

    A ratio of means; its interval is Fieller's, which is no interval where the number of cars
    might be zero: then the bounds are nan.
    """
    needed = ("operating_cost_eur", "fare_revenue_eur", "cars_arrived")
    if any(name not in base or name not in pilot for name in needed):
        return None
    cost, fares, cars = (pilot[name] - base[name] for name in needed)
    net, away = cost - fares, -cars
    if not np.any(net) or not away.mean() > 0:
        return None
    ratio = float(net.mean() / away.mean())
    low = high = math.nan
    count = len(net)
    if count > 1:
        low, high = _fieller(net, away, count)
    return Effect(math.nan, ratio, Estimate(math.nan, low, high, count), math.nan)


def _fieller(
    net: NDArray[np.float64], away: NDArray[np.float64], count: int
) -> tuple[float, float]:
    """Return Fieller's interval of a ratio of two paired means; nan where it is unbounded."""
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1)) ** 2 / count
    top, bottom = float(net.mean()), float(away.mean())
    spread = np.cov(net, away)
    a = bottom**2 - reach * float(spread[1, 1])
    b = top * bottom - reach * float(spread[0, 1])
    c = top**2 - reach * float(spread[0, 0])
    if a <= 0:
        return math.nan, math.nan
    root = math.sqrt(max(b**2 - a * c, 0.0))
    return (b - root) / a, (b + root) / a
