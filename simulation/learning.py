"""Day-to-day learning: what people expect comes to agree with what they meet.

People choose by what they expect of the car park and the stop; their choices make the day; the
day is what they meet; and what they meet they expect the next time. The method of successive
averages repeats this, each day weighing as much as every day before it, until expectation and
experience agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from simulation.parties import Expectations

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

TOLERANCE: Final = 0.01
"""Gap, as a share of the cost of the day, below which people have learnt."""

MOST_DAYS: Final = 60

_MEMORY: Final = 5

FIELDS: Final = ("search_s", "refusal", "diversion_s", "shuttle_wait_s", "bus_wait_s")
"""What is learnt, in the order of `Expectations`."""


@dataclass(frozen=True, slots=True)
class Experience:
    """What the parties of one or more days met.

    Attributes
    ----------
    met
        Means by entrance and hour.
    cost_gap
        Difference between what was met and what had been expected, weighed by who met it, as
        a share of everybody's generalised cost.
    """

    met: Expectations
    cost_gap: float


@dataclass(frozen=True, slots=True)
class Learned:
    """What learning arrived at.

    Attributes
    ----------
    expectations
        What people expect.
    gap
        Difference between expectation and experience, a share of the cost of the day.
    days
        How many days it took.
    """

    expectations: Expectations
    gap: float
    days: int

    @property
    def stable(self) -> bool:
        """Whether the gap is below `TOLERANCE`."""
        return self.gap < TOLERANCE


def average(old: Expectations, new: Expectations, weight: float) -> Expectations:
    """Move expectations towards what was met, by a weight between 0 and 1."""

    def moved(name: str) -> NDArray[np.float64]:
        before: NDArray[np.float64] = getattr(old, name)
        met: NDArray[np.float64] = getattr(new, name)
        return before + weight * (met - before)

    return Expectations(**{name: moved(name) for name in FIELDS}, days=old.days + 1)


def successive_averages(
    live_a_day: Callable[[Expectations], Experience],
    start: Expectations,
    *,
    tolerance: float = TOLERANCE,
    most_days: int = MOST_DAYS,
) -> Learned:
    """Repeat the day until people meet what they expect.

    Parameters
    ----------
    live_a_day
        Lets everybody choose by what they expect and returns what they met, with the gap.
    start
        What they expect on the first day.
    tolerance
        Gap at which to stop.
    most_days
        Days after which to stop in any case; `Learned.stable` then says no.

    Returns
    -------
    Learned
        The expectations of the last day lived, whose gap is the one reported.

    Notes
    -----
    Y. Sheffi, Urban Transportation Networks (1985), section 12.2: day k weighs 1/k, but never
    less than one in `_MEMORY`, so that the first days, when nobody knew the park, are forgotten.
    """
    expectations = start
    for day in range(1, most_days + 1):
        experience = live_a_day(expectations)
        if experience.cost_gap < tolerance or day == most_days:
            break
        expectations = average(expectations, experience.met, 1 / min(day, _MEMORY))
    return Learned(expectations, experience.cost_gap, day)


def mean_by_entrance_and_hour(
    entrance: NDArray[np.integer],
    time_s: NDArray[np.float64],
    value: NDArray[np.float64],
    entrances: int,
    prior: NDArray[np.float64],
    prior_weight: float = 1.0,
) -> NDArray[np.float64]:
    """Return means by entrance and hour, leaning on a prior where few were there.

    Parameters
    ----------
    entrance, time_s, value
        (n,) where, when and what each party met.
    entrances
        How many entrances.
    prior
        (entrances, 24) what was expected.
    prior_weight
        How many parties the prior weighs.

    Returns
    -------
    NDArray[np.float64]
        (entrances, 24) means.
    """
    hours = prior.shape[1]
    cell = entrance.astype(np.intp) * hours + np.clip(time_s // 3600, 0, hours - 1).astype(np.intp)
    size = entrances * hours
    total = np.bincount(cell, weights=value, minlength=size).reshape(prior.shape)
    count = np.bincount(cell, minlength=size).reshape(prior.shape)
    return np.asarray((total + prior_weight * prior) / (count + prior_weight), dtype=np.float64)
