"""How sure we are: intervals, paired differences, corrections for looking at many, precision.

Everything here takes plain arrays with one row (or one number) a replication and knows nothing of
parks or shuttles. Rows of scenarios that met the same visitors (common random numbers) are
compared pair by pair.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

from lastmile.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEVEL: Final = 0.95
"""Confidence level of every interval that names no other."""

_RESAMPLES: Final = 9_999
_MAX_T_DRAWS: Final = 20_000
_MAX_T_SEED: Final = 20_260_214
_MAX_T_BLOCK: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A range that holds the true value with a stated confidence.

    Attributes
    ----------
    low, high
        Its ends, in the unit of the figure.
    """

    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of its length."""
        return (self.high - self.low) / 2

    def excludes(self, value: float) -> bool:
        """Say whether a value lies outside."""
        return not self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its interval.

    Attributes
    ----------
    mean
        Of the replications.
    interval
        For the true mean; None with fewer than two replications.
    sd
        Standard deviation between replications; nan with fewer than two.
    n
        Replications it rests on.
    """

    mean: float
    interval: Interval | None
    sd: float
    n: int


@dataclass(frozen=True, slots=True)
class Paired:
    """What changes from a base to a pilot.

    Attributes
    ----------
    base_mean, mean
        Of the base and of the pilot, over the replications both have.
    difference
        Pilot less base, with its own interval.
    p_less
        Probability that the pilot's true mean is the smaller one (see `probability_below`).
    days_less
        Share of the replications in which the pilot's figure is the smaller; ties count half.
    """

    base_mean: float
    mean: float
    difference: Estimate
    p_less: float
    days_less: float


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not len(array):
        raise RequestError(f"an estimate needs a row of replications, not shape {array.shape}")
    if not np.isfinite(array).all():
        raise RequestError("an estimate needs finite numbers: drop what is absent first")
    return array


def _spread(values: NDArray[np.float64]) -> float:
    """Return the standard deviation; exactly 0 where all values are the same."""
    if np.ptp(values) == 0:
        return 0.0
    return float(values.std(ddof=1))


def estimate(values: NDArray[np.float64], level: float = LEVEL) -> Estimate:
    """Return the mean and its t interval.

    Parameters
    ----------
    values
        (n,) one figure a replication, independent of each other.
    level
        Confidence.

    Raises
    ------
    RequestError
        If there is no value, or one is not finite.
    """
    array = _finite(values)
    count = len(array)
    mean = float(array.mean())
    if count == 1:
        return Estimate(mean, None, math.nan, 1)
    sd = _spread(array)
    reach = float(stats.t.ppf((1 + level) / 2, count - 1)) * sd / math.sqrt(count)
    return Estimate(mean, Interval(mean - reach, mean + reach), sd, count)


def bootstrap_interval(
    values: NDArray[np.float64], level: float = LEVEL, *, seed: int = 0
) -> Interval:
    """Return the bias-corrected and accelerated bootstrap interval of the mean.

    For figures far from normal (many zeros, a long tail); see Efron and Tibshirani, An
    Introduction to the Bootstrap (1993), ch. 14.

    Parameters
    ----------
    values
        (n,) one figure a replication, n at least 2.
    level
        Confidence.
    seed
        Of the resampling, so that the same figures give the same interval.

    Raises
    ------
    RequestError
        If there are fewer than two values, or one is not finite.
    """
    array = _finite(values)
    if len(array) == 1:
        raise RequestError("a bootstrap interval needs two replications or more")
    if np.ptp(array) == 0:
        return Interval(float(array[0]), float(array[0]))
    found = stats.bootstrap(
        (array,),
        np.mean,
        n_resamples=_RESAMPLES,
        batch=max(1, 2_000_000 // len(array)),
        confidence_level=level,
        method="BCa",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(float(found.low), float(found.high))


def wilson_interval(successes: float, trials: int, level: float = LEVEL) -> Interval:
    """Return the interval of a share (Wilson, JASA 22, 1927).

    Raises
    ------
    RequestError
        If there are no trials.
    """
    if trials < 1:
        raise RequestError("a share needs at least one trial")
    z = float(stats.norm.ppf((1 + level) / 2))
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    reach = math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    reach *= z / (1 + z * z / trials)
    return Interval(max(0.0, centre - reach), min(1.0, centre + reach))


def probability_below(values: NDArray[np.float64], threshold: float = 0.0) -> float:
    """Return the probability that the true mean lies below a threshold.

    The posterior of the mean under the usual flat prior of a normal mean and log variance: a
    t distribution about the sample mean (Gelman et al., Bayesian Data Analysis, 3rd ed.,
    sec. 3.2). It equals one less the one-sided p-value of the t test.

    Parameters
    ----------
    values
        (n,) one figure a replication.
    threshold
        In the figure's unit.

    Returns
    -------
    float
        0.5 where nothing speaks for either side: a single value, or all at the threshold.
    """
    array = _finite(values)
    gap = threshold - float(array.mean())
    if len(array) == 1:
        return 0.5
    error = _spread(array) / math.sqrt(len(array))
    if error == 0:
        return 0.5 if gap == 0 else float(gap > 0)
    return float(stats.t.cdf(gap / error, len(array) - 1))


def paired(base: NDArray[np.float64], pilot: NDArray[np.float64], level: float = LEVEL) -> Paired:
    """Compare two scenarios that met the same visitors.

    Parameters
    ----------
    base, pilot
        (n,) the same figure in the same replications, in the same order.
    level
        Confidence.

    Raises
    ------
    RequestError
        If the lengths differ, there is no value, or one is not finite.
    """
    first, second = _finite(base), _finite(pilot)
    if len(first) != len(second):
        raise RequestError(
            f"{len(first)} replications of the base do not pair with {len(second)} of the pilot"
        )
    change = second - first
    return Paired(
        base_mean=float(first.mean()),
        mean=float(second.mean()),
        difference=estimate(change, level),
        p_less=probability_below(change),
        days_less=float(np.mean(np.where(change < 0, 1.0, np.where(change == 0, 0.5, 0.0)))),
    )


def variance_ratio(base: NDArray[np.float64], pilot: NDArray[np.float64]) -> float:
    """Return how many times smaller pairing makes the variance of the difference.

    The variance two independent samples would have, over that of the paired differences.

    Returns
    -------
    float
        1 where pairing gains nothing; inf where the paired differences do not vary at all.
    """
    first, second = _finite(base), _finite(pilot)
    apart = _spread(first) ** 2 + _spread(second) ** 2
    together = _spread(second - first) ** 2
    if together == 0:
        return math.inf if apart > 0 else 1.0
    return apart / together


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values adjusted for looking at several (Holm, Scand. J. Stat. 6, 1979).

    Parameters
    ----------
    p_values
        (m,) two-sided p-values.

    Returns
    -------
    (m,) array
        In the same order. Calling everything at or below 0.05 a finding is wrong about any
        of them in at most 1 of 20 studies, however they depend on each other.
    """
    array = np.asarray(p_values, dtype=np.float64)
    count = len(array)
    order = np.argsort(array, kind="stable")
    steps = np.maximum.accumulate(array[order] * (count - np.arange(count)))
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def two_sided_p(values: NDArray[np.float64]) -> float:
    """Return the two-sided p-value of the t test that the true mean is 0."""
    below = probability_below(values)
    return float(min(1.0, 2 * min(below, 1 - below)))


def bonferroni_critical(comparisons: int, n: int, level: float = LEVEL) -> float:
    """Return how many standard errors an interval needs for all of them to hold at once.

    Raises
    ------
    RequestError
        If there is no comparison, or fewer than two replications.
    """
    if comparisons < 1 or n <= 1:
        raise RequestError(f"no simultaneous interval of {comparisons} figures, {n} replications")
    return float(stats.t.ppf(1 - (1 - level) / (2 * comparisons), n - 1))


def max_t_critical(samples: NDArray[np.float64], level: float = LEVEL) -> float:
    """Return how many standard errors an interval needs for all of them to hold at once.

    The quantile of the largest of several correlated t statistics (the single-step method of
    Hothorn, Bretz and Westfall, Biometrical Journal 50, 2008), found by simulation with the
    correlation of the samples. Figures that move together cost less than Bonferroni says.

    Parameters
    ----------
    samples
        (n, m) a row a replication, a column a figure; n at least 2.
    level
        Confidence that every one of the m intervals holds.

    Returns
    -------
    float
        Between the quantile of a single t interval and that of Bonferroni.

    Raises
    ------
    RequestError
        If there is no column, or fewer than two rows.
    """
    table = np.asarray(samples, dtype=np.float64)
    count = len(table)
    if table.ndim != 2 or not table.shape[1] or count <= 1:  # noqa: PLR2004 - a table
        raise RequestError(f"no simultaneous intervals from a table of shape {table.shape}")
    single = float(stats.t.ppf((1 + level) / 2, count - 1))
    moving = table[:, np.ptp(table, axis=0) > 0]
    if moving.shape[1] <= 1:
        return single
    centred = moving - moving.mean(axis=0)
    centred /= np.sqrt((centred**2).sum(axis=0))
    # Rows of independent normals times the standardised table have its correlation, also
    # where there are more figures than replications.
    rng = np.random.default_rng(_MAX_T_SEED)
    block = max(1, _MAX_T_BLOCK // (count + moving.shape[1]))
    largest = np.concatenate(
        [
            np.abs(rng.standard_normal((min(block, _MAX_T_DRAWS - start), count)) @ centred).max(
                axis=1
            )
            for start in range(0, _MAX_T_DRAWS, block)
        ]
    )
    scale = np.sqrt(rng.chisquare(count - 1, _MAX_T_DRAWS) / (count - 1))
    found = float(np.quantile(largest / scale, level))
    return min(max(found, single), bonferroni_critical(moving.shape[1], count, level))


@dataclass(frozen=True, slots=True)
class Precision:
    """When to stop: every interval's half width is small against its figure.

    Attributes
    ----------
    relative
        Largest half width wanted, as a share of the figure: 0.05 is 5 %.
    first
        Replications before the first look.
    most
        Give up there and say so.
    """

    relative: float
    first: int = 20
    most: int = 1000

    def __post_init__(self) -> None:
        """Refuse what cannot be reached.

        Raises
        ------
        RequestError
            If the share is not between 0 and 1, or the counts are not in order.
        """
        if not 0 < self.relative < 1:
            raise RequestError(
                f"precision {self.relative:g} must lie between 0 and 100 %: 5% or 0.05, say"
            )
        if not 2 <= self.first <= self.most:  # noqa: PLR2004 - a spread needs two
            raise RequestError(
                f"from {self.first} to {self.most} replications: at least 2, and in this order"
            )


_REACHED_TOLERANCE = 1e-9


def half_width_wanted(precision: Precision, scale: float) -> float:
    """Return the half width to reach, in the figure's unit."""
    return precision.relative * abs(scale)


def is_reached(
    precision: Precision, samples: Sequence[NDArray[np.float64]], scales: Sequence[float]
) -> bool:
    """Say whether the interval of every figure is narrow enough.

    Parameters
    ----------
    precision
        What is asked for.
    samples
        For each figure its (n,) values, or differences, by replication.
    scales
        For each figure what the half width is measured against, in its unit.
    """
    return all(
        _reach(values) <= half_width_wanted(precision, scale) * (1 + _REACHED_TOLERANCE)
        for values, scale in zip(samples, scales, strict=True)
    )


def _reach(values: NDArray[np.float64]) -> float:
    interval = estimate(values).interval
    return math.inf if interval is None else interval.half_width


def replications_needed(
    precision: Precision, samples: Sequence[NDArray[np.float64]], scales: Sequence[float]
) -> int:
    """Return how many replications in all the wanted half width takes, by the spread so far.

    Stein's two-stage size (Ann. Math. Stat. 16, 1945): the t quantile is that of the
    replications at hand, larger than the normal one, for the spread itself is only estimated.
    Stopping as soon as a running interval happens to be narrow would favour samples whose
    spread is too small by chance; few looks, each after all that the last one asked for, keep
    that effect below what the coverage test can see.

    Returns
    -------
    int
        At least the replications at hand, at most ``precision.most``.
    """
    wanted = precision.first
    for values, scale in zip(samples, scales, strict=True):
        count = len(values)
        wanted = max(wanted, count)
        reach, target = _reach(values), half_width_wanted(precision, scale)
        if reach <= target * (1 + _REACHED_TOLERANCE):
            continue
        if target == 0:
            return precision.most
        ratio = reach / target
        wanted = max(wanted, min(precision.most, math.ceil(count * ratio * ratio)))
    return min(wanted, precision.most)


def ratio_interval(
    top: NDArray[np.float64], bottom: NDArray[np.float64], level: float = LEVEL
) -> Interval | None:
    """Return the interval of a ratio of two paired means (Fieller, JRSS B 16, 1954).

    Parameters
    ----------
    top, bottom
        (n,) by replication; the ratio is that of their means.
    level
        Confidence.

    Returns
    -------
    Interval or None
        None with fewer than two replications, or where the bottom might be 0: then no bounded
        interval has the confidence.
    """
    first, second = _finite(top), _finite(bottom)
    count = len(first)
    if count == 1:
        return None
    reach = float(stats.t.ppf((1 + level) / 2, count - 1)) ** 2 / count
    spread = np.cov(first, second)
    above, below = float(first.mean()), float(second.mean())
    a = below**2 - reach * float(spread[1, 1])
    b = above * below - reach * float(spread[0, 1])
    c = above**2 - reach * float(spread[0, 0])
    if a <= 0:
        return None
    root = math.sqrt(max(b**2 - a * c, 0.0))
    return Interval((b - root) / a, (b + root) / a)
