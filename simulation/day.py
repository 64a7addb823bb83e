"""One simulated day: who comes, how, what they meet, and their way home."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from simulation.course import Course
from simulation.eventlog import EventLog
from simulation.model import told_share
from simulation.parties import CAR, Choices
from simulation.rng import Streams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulation.model import DayModel
    from simulation.parties import Parties

SECOND_CHOICES: Final = 3
"""How often people choose again before leaving home when told that it is full; then they stay."""


@dataclass(frozen=True, slots=True, eq=False)
class DayResult:
    """What happened on one day.

    Attributes
    ----------
    seed, replication
        Whose random numbers it ran on.
    parties, choices
        Who might have come, and what they chose before leaving home.
    surplus_min
        (n,) expected gain of each party against the base, minutes; zeros in the base.
    events
        Everything that happened.
    """

    seed: int
    replication: int
    parties: Parties
    choices: Choices
    surplus_min: NDArray[np.float64]
    events: EventLog


def run_day(model: DayModel, seed: int, replication: int) -> DayResult:
    """Draw a day's visitors, let them choose, and run the day.

    Parameters
    ----------
    model
        The scenario, prepared.
    seed
        Root seed of the experiment.
    replication
        Which repeat of the day.

    Returns
    -------
    DayResult
        The same to the last byte for the same arguments, on any machine and in any process.

    Raises
    ------
    ValueError
        If the model has no demand side; use `simulate_day` with parties of your own.
    """
    streams = Streams(seed, replication)
    plans = make_plans(model, streams)
    events = simulate_day(model, plans.parties, plans.chosen, streams)
    return DayResult(seed, replication, plans.parties, plans.chosen[0], plans.surplus_min, events)


@dataclass(frozen=True, slots=True, eq=False)
class Plans:
    """What a day's visitors have decided before they leave home.

    Attributes
    ----------
    parties
        Who might come.
    chosen
        Their first choice, and what they would choose next; see `simulate_day`.
    surplus_min
        As in `DayResult`.
    """

    parties: Parties
    chosen: tuple[Choices, ...]
    surplus_min: NDArray[np.float64]


def make_plans(model: DayModel, streams: Streams) -> Plans:
    """Draw a day's visitors and let them choose.

    Raises
    ------
    ValueError
        If the model has no demand side.
    """
    from simulation.choice import choose  # noqa: PLC0415 - scipy, not needed to run a given day
    from simulation.demand import draw_parties  # noqa: PLC0415

    side = model.demand
    if side is None:
        raise ValueError("the model has no demand side: run simulate_day with given parties")
    parties = draw_parties(model.day, side.inputs, streams)
    reference = None
    if side.reference_levels is not None and side.reference_expectations is not None:
        reference = choose(
            parties, side.reference_levels, side.reference_expectations, side.parameters
        ).logsum_min
    first = choose(parties, side.levels, side.expectations, side.parameters, reference)
    chosen = [first]
    rows = np.flatnonzero((first.mode == CAR) & _may_be_told(model, parties))
    barred = np.zeros((len(rows), *parties.taste.shape[1:]), dtype=np.bool_)
    some = parties.take(rows)
    for _ in range(SECOND_CHOICES if len(rows) else 0):
        last = chosen[-1]
        drivers = np.flatnonzero(last.mode[rows] == CAR)
        barred[drivers, CAR, last.entrance[rows[drivers]]] = True
        again = choose(
            some,
            side.levels,
            side.expectations,
            side.parameters,
            None if reference is None else reference[rows],
            barred=barred,
        )
        chosen.append(_with_rows(first, rows, again))
    surplus = np.zeros(len(parties))
    if reference is not None:
        surplus = np.nan_to_num(reference - first.logsum_min, posinf=0.0, neginf=0.0)
    return Plans(parties, tuple(chosen), surplus)


def _may_be_told(model: DayModel, parties: Parties) -> NDArray[np.bool_]:
    """Say which parties may learn before leaving home that a car park is full."""
    if any(lot.bookable for lot in model.car_parks):
        return np.ones(len(parties), dtype=np.bool_)
    return parties.draw("signs") < max(told_share(model))


def _with_rows(choices: Choices, rows: NDArray[np.intp], new: Choices) -> Choices:
    """Return choices in which some rows are replaced."""
    columns = []
    for name in ("mode", "entrance", "generalised_cost_min", "logsum_min"):
        column = getattr(choices, name).copy()
        column[rows] = getattr(new, name)
        columns.append(column)
    return Choices(*columns)


def simulate_day(
    model: DayModel, parties: Parties, chosen: Sequence[Choices], streams: Streams
) -> EventLog:
    """Run the day of given parties.

    Parameters
    ----------
    model
        What is offered.
    parties
        Who might come.
    chosen
        Their first choice, and what they would choose each time the car park they had in
        mind is known to be full before they leave.
    streams
        Random streams of everything that is not a party's own.

    Returns
    -------
    EventLog
        Everything that happened.
    """
    day = Course(model, parties, chosen, streams)
    day.stage.run()
    return EventLog.from_flat(day.stage.log)
