"""Vehicles for a timetable: the fewest that can run it, and which trip asks for one too many.

A vehicle can make trip j after trip i when j starts where i ended, no sooner than a rest later.
Chains of such trips that cover all of them are a path cover of a graph without cycles, and the
fewest chains are the trips less a maximum matching of "i is followed by j" (Fulkerson, Proc. AMS
7, 1956; for vehicles: Saha, 1970). Among the fewest vehicles the assignment takes the fewest
hours between trips, and of equal ones the evenest, so that vehicles take turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_MINUTE: Final = 60.0
_IMPOSSIBLE: Final = 1e7
"""Cost of no successor: more than all rests of a day together, min."""

_UNEVEN: Final = 1e-4
"""How much a long rest counts more than two short ones of the same sum, 1/min."""

_LATER_MIN: Final = 180
"""A departure that finds no vehicle is looked at this much later at most, min."""

_SHORTAGES_TOLD: Final = 3


class Run(NamedTuple):
    """A trip as a vehicle sees it: from a place and time to a place and time, s."""

    start_s: float
    end_s: float
    start: int
    end: int

    def later(self, by_s: float) -> Run:
        """Return the same run at another time."""
        return self._replace(start_s=self.start_s + by_s, end_s=self.end_s + by_s)


@dataclass(frozen=True, slots=True)
class Shortage:
    """A departure that asks for one vehicle too many.

    Attributes
    ----------
    start_s
        When it leaves, s.
    place
        Where it leaves from.
    vehicle
        The vehicle it takes: 3 for a third one.
    later_s
        When it could leave instead without it; None within the next hours.
    layover_s
        The longest rest, in whole minutes, with which it can leave on time; None where even
        none would not do.
    """

    start_s: float
    place: int
    vehicle: int
    later_s: float | None
    layover_s: float | None


def vehicles_needed(runs: Sequence[Run], layover_s: float) -> int:
    """Return the fewest vehicles that can make some runs, each rested between two of them."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - slow to load
    from scipy.sparse.csgraph import maximum_bipartite_matching  # noqa: PLC0415

    if not runs:
        return 0
    follows = _follows(runs, layover_s)
    matched = maximum_bipartite_matching(csr_matrix(follows), perm_type="column")
    return len(runs) - int(np.count_nonzero(matched >= 0))


def vehicle_blocks(runs: Sequence[Run], layover_s: float) -> list[int]:
    """Give every run to a vehicle, with the fewest vehicles.

    Parameters
    ----------
    runs
        In any order.
    layover_s
        Rest between two runs of a vehicle at least, s.

    Returns
    -------
    list of int
        The vehicle of each run, numbered from 0 in the order they first leave.
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - slow to load

    if not runs:
        return []
    starts = np.array([run.start_s for run in runs])
    ends = np.array([run.end_s for run in runs])
    rest_min = (starts[None, :] - ends[:, None]) / _MINUTE
    cost = np.where(
        _follows(runs, layover_s), rest_min + _UNEVEN * np.square(rest_min), _IMPOSSIBLE
    )
    before, after = linear_sum_assignment(cost)
    real = cost[before, after] < _IMPOSSIBLE
    previous = dict(zip(after[real].tolist(), before[real].tolist(), strict=True))
    blocks = [-1] * len(runs)
    vehicles = 0
    for index in np.lexsort((ends, starts)).tolist():
        if index in previous:
            blocks[index] = blocks[previous[index]]
        else:
            blocks[index] = vehicles
            vehicles += 1
    return blocks


def shortages(
    make: Callable[[float], Sequence[Sequence[Run]]], layover_s: float, vehicles: int
) -> list[Shortage]:
    """Name the departures that a number of vehicles cannot make, and what would mend each.

    Parameters
    ----------
    make
        Returns the runs for a rest at the termini, s. Runs in one group leave later together:
        a run there and the run back.
    layover_s
        The rest wanted, s.
    vehicles
        How many there are.

    Returns
    -------
    list of Shortage
        One for each vehicle that is missing, in the order of the day; a few at most.
    """
    groups = sorted(make(layover_s), key=_leaves)
    found: list[Shortage] = []
    have = vehicles
    while len(found) < _SHORTAGES_TOLD and vehicles_needed(_flat(groups), layover_s) > have:
        rank = _first_beyond(groups, layover_s, have)
        first = min(groups[rank], key=lambda run: run.start_s)
        found.append(
            Shortage(
                start_s=first.start_s,
                place=first.start,
                vehicle=have + 1,
                later_s=_later(groups, rank, layover_s, have),
                layover_s=_shorter(make, rank, layover_s, have),
            )
        )
        have += 1
    return found


def _follows(runs: Sequence[Run], layover_s: float) -> NDArray[np.bool_]:
    """Say which run (column) a vehicle can make after which (row)."""
    table = np.array(runs, dtype=np.float64)
    starts, ends = table[:, 0], table[:, 1]
    rank = np.empty(len(runs), dtype=np.intp)
    rank[np.lexsort((ends, starts))] = np.arange(len(runs))
    return np.asarray(
        (table[:, 3][:, None] == table[:, 2][None, :])
        & (ends[:, None] + layover_s <= starts[None, :])
        & (rank[:, None] < rank[None, :])
    )


def _leaves(group: Sequence[Run]) -> float:
    return min(run.start_s for run in group)


def _flat(groups: Sequence[Sequence[Run]]) -> list[Run]:
    return [run for group in groups for run in group]


def _first_beyond(groups: Sequence[Sequence[Run]], layover_s: float, have: int) -> int:
    """Return the first group, by its departure, that cannot be made with what there is."""
    low, high = 0, len(groups) - 1
    while low < high:
        middle = (low + high) // 2
        if vehicles_needed(_flat(groups[: middle + 1]), layover_s) > have:
            high = middle
        else:
            low = middle + 1
    return low


def _later(groups: Sequence[Sequence[Run]], rank: int, layover_s: float, have: int) -> float | None:
    """Return when a group could leave instead without robbing another of its vehicle."""
    leaves = _leaves(groups[rank])
    for minutes in range(1, _LATER_MIN + 1):
        moved_s = leaves + minutes * _MINUTE
        others = [
            group
            for index, group in enumerate(groups)
            if index != rank and (index < rank or _leaves(group) <= moved_s)
        ]
        moved = [run.later(minutes * _MINUTE) for run in groups[rank]]
        if vehicles_needed(_flat([*others, moved]), layover_s) <= have:
            return moved_s
    return None


def _shorter(
    make: Callable[[float], Sequence[Sequence[Run]]], rank: int, layover_s: float, have: int
) -> float | None:
    """Return the longest rest with which a group can leave on time."""
    longest = int(np.ceil(layover_s / _MINUTE)) - 1
    for minutes in range(longest, -1, -1):
        groups = sorted(make(minutes * _MINUTE), key=_leaves)[: rank + 1]
        if vehicles_needed(_flat(groups), minutes * _MINUTE) <= have:
            return minutes * _MINUTE
    return None
