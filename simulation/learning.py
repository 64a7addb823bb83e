"""Day-to-day learning: what people expect comes to agree with what they meet.

People choose by what they expect of the car park and the stop; their choices make the day; the
day is what they meet; and what they meet they expect the next time. The method of successive
averages repeats this, each day weighing as much as every day before it, until expectation and
experience agree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from lastmile.units import SECONDS_PER_HOUR
from simulation.eventlog import Kind
from simulation.parties import MODES, Expectations

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from simulation.day import DayResult
    from simulation.model import DayModel, DemandSide
    from simulation.shuttle import Service

TOLERANCE: Final = 0.01
"""Gap, as a share of the cost of the day, below which people have learnt."""

MOST_DAYS: Final = 40

DAYS_AT_ONCE: Final = 4
"""Days lived, and averaged, between one adjustment and the next."""

PARTIES_AT_ONCE: Final = 4000.0
PARTIES_IN_ALL: Final = 200_000.0
"""Parties that live a round, and all rounds together: on a day of a hundredfold demand people
learn in few rounds, and the model warns that they had not done."""

LEARNING_SEED: Final = 1912
"""Root seed of the days people learn from: not those of any experiment."""

_MEMORY: Final = 5
HOURS: Final = 24

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

    return _expectations(moved, days=old.days + 1)


def _expectations(of: Callable[[str], NDArray[np.float64]], days: int = 0) -> Expectations:
    """Make expectations from a function of the field's name."""
    return Expectations(
        search_s=of("search_s"),
        refusal=of("refusal"),
        diversion_s=of("diversion_s"),
        shuttle_wait_s=of("shuttle_wait_s"),
        bus_wait_s=of("bus_wait_s"),
        days=days,
    )


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


def learn(model: DayModel, start: Expectations | None = None) -> Learned:
    """Let people learn what to expect of a scenario's day.

    Parameters
    ----------
    model
        The scenario, prepared; it must have a demand side.
    start
        What they expect at first; nothing where None.

    Returns
    -------
    Learned
        Expectations, their gap, and how many adjustments they took. The same for the same
        model on any machine: the days have their own seed.

    Raises
    ------
    ValueError
        If the model has no demand side.
    """
    from simulation.day import run_day  # noqa: PLC0415 - the day imports what this module feeds

    side = model.demand
    if side is None:
        raise ValueError("the model has no demand side: nobody chooses, so nobody learns")

    count, most = _effort(side, model)

    def live(expectations: Expectations) -> Experience:
        taught = replace(model, demand=replace(side, expectations=expectations))
        days = [run_day(taught, LEARNING_SEED, day) for day in range(count)]
        return experience(days, taught, expectations)

    return successive_averages(
        live, start or Expectations.none(len(model.entrances)), most_days=most
    )


def _effort(side: DemandSide, model: DayModel) -> tuple[int, int]:
    """Return how many days to live at once, and how many rounds at most.

    A crowd says more in a day than few people do in many: `PARTIES_AT_ONCE` are enough.
    """
    from simulation.demand import mean_visits  # noqa: PLC0415 - scipy, slow to load

    level = 1.0 if model.day.visit_level is None else model.day.visit_level
    parties = level * float(mean_visits(model.day, side.inputs).sum()) / side.inputs.party_mean
    count = int(np.clip(PARTIES_AT_ONCE / max(parties, 1.0), 1, DAYS_AT_ONCE))
    most = int(np.clip(PARTIES_IN_ALL / max(parties * count, 1.0), 2, MOST_DAYS))
    return count, most


def experience(days: Sequence[DayResult], model: DayModel, expected: Expectations) -> Experience:
    """Return what the parties of some days met, and how far it was from what they expected.

    Parameters
    ----------
    days
        What happened.
    model
        The model the days were run with.
    expected
        What people expected; it fills the hours in which nobody came.
    """
    met = _Tally(len(model.entrances))
    for day in days:
        met.add(day, model)
    means = met.means(expected)
    side = model.demand
    if side is None:
        raise ValueError("the model has no demand side")
    weights = side.parameters
    per_field = {
        "search_s": weights.search_weight / 60,
        "diversion_s": 1 / 60,
        "refusal": weights.refusal_min,
        "shuttle_wait_s": weights.wait_weight / 60,
        "bus_wait_s": weights.wait_weight / 60,
    }
    surprise = sum(
        float((np.abs(getattr(means, name) - getattr(expected, name)) * met.parties(name)).sum())
        * minutes
        for name, minutes in per_field.items()
    )
    cost = sum(float(np.nansum(day.choices.generalised_cost_min)) for day in days)
    return Experience(means, surprise / cost if cost > 0 else 0.0)


class _Tally:
    """Sums what parties met, by the entrance they headed for and the hour they meant to come."""

    def __init__(self, entrances: int) -> None:
        self.total = {name: np.zeros((entrances, HOURS)) for name in FIELDS}
        self.count = {mode: np.zeros((entrances, HOURS)) for mode in MODES}

    def add(self, day: DayResult, model: DayModel) -> None:
        """Add what happened on a day."""
        events = day.events
        hour = np.clip(day.parties.arrival_s // SECONDS_PER_HOUR, 0, HOURS - 1).astype(np.intp)
        gate = day.choices.entrance.astype(np.intp)
        for index, mode in enumerate(MODES):
            chosen = day.choices.mode == index
            np.add.at(self.count[mode], (gate[chosen], hour[chosen]), 1.0)

        def put(name: str, parties: NDArray[np.integer], values: NDArray[np.float64]) -> None:
            np.add.at(self.total[name], (gate[parties], hour[parties]), values)

        by_car = day.choices.mode == MODES.index("car")
        ends = events.of(Kind.CAR_PARKS, Kind.CAR_ROADSIDE, Kind.CAR_TURNED_AWAY)
        own = by_car[ends.party]
        put("search_s", ends.party[own], ends.value[own])
        refused = events.of(Kind.CAR_TURNED_AWAY).party
        refused = refused[by_car[refused]]
        put("refusal", refused, np.ones(len(refused)))
        diverted = events.of(Kind.CAR_DIVERTS)
        own = by_car[diverted.party]
        put("diversion_s", diverted.party[own], diverted.value[own] / _speed_ms(model))
        waits = events.of(Kind.RIDE_BOARDS, Kind.RIDE_GIVES_UP)
        trouble = events.of(Kind.RIDE_LEFT_BEHIND, Kind.CONNECTION_MISSED)
        since_s = np.full(len(day.parties), np.inf)
        np.minimum.at(since_s, trouble.party, trouble.time_s)
        extra_s = np.maximum(waits.time_s - since_s[waits.party], 0.0)
        for mode in ("bus", "shuttle"):
            own = np.isin(waits.place, _of_mode(model.services, mode))
            own &= day.choices.mode[waits.party] == MODES.index(mode)
            put(f"{mode}_wait_s", waits.party[own], extra_s[own])

    def parties(self, name: str) -> NDArray[np.float64]:
        """Return how many parties a figure is of, (entrances, HOURS)."""
        return self.count[_WHOSE[name]]

    def means(self, prior: Expectations) -> Expectations:
        """Return the means; where nobody came, what had been expected."""

        def mean(name: str) -> NDArray[np.float64]:
            total, parties = self.total[name], self.parties(name)
            if name in _OF_THE_LINE:
                return _of_the_line(total.sum(axis=0), parties.sum(axis=0), len(total))
            before: NDArray[np.float64] = getattr(prior, name)
            return np.where(parties > 0, total / np.maximum(parties, 1.0), before)

        return _expectations(mean)


def _of_the_line(
    total: NDArray[np.float64], parties: NDArray[np.float64], entrances: int
) -> NDArray[np.float64]:
    """Return a line's means by hour, leaning on its mean over the day, for every entrance.

    One late train makes everybody on it wait: an hour's few parties say little by themselves.
    """
    of_day = total.sum() / max(float(parties.sum()), 1.0)
    hourly = (total + _LEAN * of_day) / (parties + _LEAN)
    return np.tile(hourly, (entrances, 1))


def _of_mode(services: Sequence[Service], mode: str) -> list[int]:
    return [index for index, service in enumerate(services) if service.mode == mode]


def _speed_ms(model: DayModel) -> float:
    """Return the mean driving speed between entrances, m/s."""
    on = np.isfinite(model.between_s) & (model.between_s > 0)
    return float(model.between_m[on].sum() / model.between_s[on].sum()) if on.any() else np.inf


_LEAN: Final = 20.0

_OF_THE_LINE: Final = ("bus_wait_s", "shuttle_wait_s")
"""What belongs to a line and not to the entrance it is taken to."""

_WHOSE: Final = {
    "search_s": "car",
    "refusal": "car",
    "diversion_s": "car",
    "shuttle_wait_s": "shuttle",
    "bus_wait_s": "bus",
}
"""Which mode's parties each figure is of."""
