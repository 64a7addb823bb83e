"""Which itineraries to show: a small Pareto set without near-duplicates.

One itinerary dominates another when it is no worse in anything a traveller weighs and better in
something. Six things are weighed: departure, arrival, transfers, walking, price and emissions.
Over six of them almost everything survives, so that differences nobody would notice (a minute, a
hundred metres) count as equal, and what is left is thinned to a handful by generalised cost,
best of each kind first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Sequence

    from numpy.typing import NDArray

T = TypeVar("T")

SAME_TIME_S = 60.0
SAME_WALK_M = 100.0
SAME_EUR = 0.1
SAME_CO2_G = 50.0
WORTH_A_BIKE_S = 600.0
PATIENCE, PATIENCE_S = 2.5, 1800.0
"""A way that keeps one more than this many times as long as the quickest, and so much longer, is
no choice beside it."""


@dataclass(frozen=True, slots=True)
class Option(Generic[T]):
    """A candidate and what a traveller weighs.

    Attributes
    ----------
    departure_s, arrival_s
        On one clock, s.
    transfers
        Changes between vehicles.
    walk_m, cost_eur, co2_g
        Infinite where not known, so that the unknown never wins by being unknown.
    generalised_s
        One number to rank by: travel time plus everything else in seconds.
    mode
        What the traveller asked for.
    patience_s
        Time it keeps the traveller, money left aside.
    vehicles
        The very vehicles of the timetable it rides; None where there are none.
    is_plain
        Whether the ways to and from them are on foot, so that it asks for nothing besides.
    gear
        Vehicles of one's own it takes ("bike", "car"): who has none is not served by an
        option that needs one, however good, so it never pushes out one that does not.
    kind
        Candidates of one kind differ in little but time ("transit 245A", "car").
    """

    departure_s: float
    arrival_s: float
    transfers: int
    walk_m: float
    cost_eur: float
    co2_g: float
    generalised_s: float
    mode: str
    kind: Hashable
    item: T
    patience_s: float
    gear: frozenset[str] = frozenset()
    vehicles: Hashable = None
    is_plain: bool = True

    def weighed(self) -> tuple[float, ...]:
        """Return the six criteria and the gear, each the less the better."""
        return (
            -self.departure_s,
            self.arrival_s,
            float(self.transfers),
            self.walk_m,
            self.cost_eur,
            self.co2_g,
            float("bike" in self.gear),
            float("car" in self.gear),
        )


def bearable_s(quickest_s: float) -> float:
    """Return how long a way may take to be a choice beside the quickest, s."""
    return max(PATIENCE * quickest_s, quickest_s + PATIENCE_S)


def undominated(criteria: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which rows no other row dominates.

    Parameters
    ----------
    criteria
        Shape (n, k), each the less the better; infinities are allowed.

    Returns
    -------
    NDArray[bool]
        Shape (n,). Of equal rows the first is kept.
    """
    count = len(criteria)
    if count == 0:
        return np.zeros(0, bool)
    no_worse = (criteria[:, None, :] <= criteria[None, :, :]).all(axis=2)
    better = (criteria[:, None, :] < criteria[None, :, :]).any(axis=2)
    index = np.arange(count)
    first_of_equals = ~better & ~better.T & (index[:, None] < index[None, :])
    dominated = (no_worse & (better | first_of_equals)).any(axis=0)
    return np.asarray(~dominated, bool)


def near_dominated(better: Option[T], worse: Option[T]) -> bool:
    """Tell whether nobody would notice what ``worse`` has over ``better``."""
    return (
        better.departure_s >= worse.departure_s - SAME_TIME_S
        and better.arrival_s <= worse.arrival_s + SAME_TIME_S
        and better.transfers <= worse.transfers
        and better.walk_m <= worse.walk_m + SAME_WALK_M
        and better.cost_eur <= worse.cost_eur + SAME_EUR
        and better.co2_g <= worse.co2_g + SAME_CO2_G
        and better.gear <= worse.gear
    )


def without_variants(options: Sequence[Option[T]]) -> list[Option[T]]:
    """Leave out the bike to a bus that one can walk to.

    Of options that ride the same vehicles those with a bike at an end stay only where they save
    WORTH_A_BIKE_S over the plain one.
    """
    plain: dict[Hashable, list[Option[T]]] = {}
    for option in options:
        if option.is_plain and option.vehicles is not None:
            plain.setdefault(option.vehicles, []).append(option)
    return [
        option
        for option in options
        if option.is_plain
        or not any(
            walked.departure_s >= option.departure_s - WORTH_A_BIKE_S
            and walked.arrival_s <= option.arrival_s + WORTH_A_BIKE_S
            for walked in plain.get(option.vehicles, [])
        )
    ]


def choose(
    options: Sequence[Option[T]],
    *,
    asked: Collection[str] = (),
    most: int = 6,
    per_kind: int = 3,
) -> list[Option[T]]:
    """Return the few options worth showing, best first.

    Parameters
    ----------
    options
        All candidates.
    asked
        Modes the traveller named: the best of each is shown however long it takes.
    most
        Largest number to return.
    per_kind
        Largest number of one kind; the rest of the day is for the timetable.

    Returns
    -------
    list[Option]
        Ordered by generalised cost; the best of every kind comes in before the second of any.
        What keeps one longer than :func:`bearable_s` is no real choice and is left out.
    """
    if not options:
        return []
    front = undominated(np.array([option.weighed() for option in options]))
    ranked = sorted(
        without_variants([option for option, stays in zip(options, front, strict=True) if stays]),
        key=lambda option: option.generalised_s,
    )
    longest_s = bearable_s(min(option.patience_s for option in ranked))
    kept: list[Option[T]] = []
    taken: dict[Hashable, int] = {}
    ordinal: list[int] = []
    for option in ranked:
        wanted = option.mode in asked and all(other.mode != option.mode for other in kept)
        if option.patience_s > longest_s and not wanted:
            continue
        if taken.get(option.kind, 0) >= per_kind:
            continue
        if any(near_dominated(better, option) for better in kept):
            continue
        ordinal.append(taken.get(option.kind, 0))
        taken[option.kind] = taken.get(option.kind, 0) + 1
        kept.append(option)
    chosen = sorted(range(len(kept)), key=lambda i: (ordinal[i], kept[i].generalised_s))[:most]
    return sorted((kept[i] for i in chosen), key=lambda option: option.generalised_s)
