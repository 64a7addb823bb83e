"""Vehicles for a timetable: the fewest that can run it, and which trip asks for one too many.

A vehicle can make trip j after trip i when j starts where i ended, or where the vehicle can run
empty in time, no sooner than a rest later. Chains of such trips that cover all of them are a path
cover of a graph without cycles, and the fewest chains are the trips less a maximum matching of "i
is followed by j" (Fulkerson, Proc. AMS 7, 1956; for vehicles: Saha, 1970). Among the fewest
vehicles the assignment takes the fewest hours between trips, and of equal ones the evenest, so
that vehicles take turns.

Where drivers have breaks, what a vehicle can do next depends on how long its driver has worked.
Where the chains of the assignment give every driver the breaks, they are the answer. Else an
integer programme finds the fewest (`duties`); where it is too large, drivers who take turns
(`turns`) come close.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from simulation.duties import links_by_duties
from simulation.turns import Work, fewest_turns, turns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

_MINUTE: Final = 60.0
_IMPOSSIBLE: Final = 1e7
"""Cost of no successor: more than all rests of a day together, min."""

_UNEVEN: Final = 1e-4
"""How much a long rest counts more than two short ones of the same sum, 1/min."""

_EMPTY: Final = 0.5
"""How much a minute that a vehicle runs empty counts more than one it stands; about what the
kilometres cost against the hour."""

_LATER_MIN: Final = 180
"""A departure that finds no vehicle is looked at this much later at most, min."""

_DAY_MIN: Final = 1440
"""No rest is looked at that is longer, min."""

_STEP_MIN: Final = 5
"""In steps of so many minutes where drivers have breaks: each takes an integer programme."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """What vehicles and drivers need between two trips.

    Attributes
    ----------
    layover_s
        Rest between two runs of a vehicle at least, s.
    empty_s
        (places, places) time a vehicle takes to run empty from one to another, s; inf where it
        does not. None where no vehicle runs empty.
    break_s
        A driver's break, s; a rest as long counts as one. None where drivers are relieved.
    work_s
        How long a driver works without a break at most, s. A single run may be longer.
    """

    layover_s: float = 0.0
    empty_s: NDArray[np.float64] | None = None
    break_s: float | None = None
    work_s: float = np.inf

    def rested(self, layover_s: float) -> Rules:
        """Return the same rules with another rest."""
        return replace(self, layover_s=layover_s)

    def relieved(self) -> Rules:
        """Return the same rules without breaks."""
        return replace(self, break_s=None)

    def empty(self, before: Run, after: Run) -> float:
        """Return how long a vehicle runs empty between two runs, s; inf where it cannot."""
        if before.end == after.start:
            return 0.0
        return np.inf if self.empty_s is None else float(self.empty_s[before.end, after.start])

    def rest(self, before: Run, after: Run) -> float:
        """Return the rest between two runs, s."""
        return after.start_s - before.end_s - self.empty(before, after)


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
    for_breaks
        Whether there would be enough vehicles if drivers were relieved for their breaks.
    """

    start_s: float
    place: int
    vehicle: int
    later_s: float | None
    layover_s: float | None
    for_breaks: bool = False


def vehicles_needed(runs: Sequence[Run], rules: Rules) -> int:
    """Return the fewest vehicles that can make some runs."""
    blocks = vehicle_blocks(runs, rules)
    return max(blocks, default=-1) + 1


def vehicle_blocks(runs: Sequence[Run], rules: Rules) -> list[int]:
    """Give every run to a vehicle, with the fewest vehicles.

    Parameters
    ----------
    runs
        In any order.
    rules
        What vehicles and drivers need between two of them.

    Returns
    -------
    list of int
        The vehicle of each run, numbered from 0 in the order they first leave.
    """
    if not runs:
        return []
    table = _Table.of(runs, rules)
    next_of = _by_assignment(table)
    if rules.break_s is not None and not _all_rested(runs, next_of, rules):
        work = table.work()
        found = links_by_duties(work)
        next_of = fewest_turns(work, len(runs) - len(next_of)) if found is None else found
    return _numbered(table, next_of)


def breaks_of(work: Sequence[Run], rules: Rules) -> list[bool]:
    """Say before which runs of a vehicle its driver has the break.

    Breaks are as late as they can be: the last rest long enough before the driver would have
    worked for too long.

    Parameters
    ----------
    work
        The vehicle's runs in their order.
    rules
        With a break.
    """
    taken = [False] * len(work)
    if rules.break_s is None or not work:
        return taken
    since_s, chance = work[0].start_s, None
    for rank, run in enumerate(work):
        if rank and rules.rest(work[rank - 1], run) >= rules.break_s:
            chance = rank
        if run.end_s - since_s > rules.work_s and chance is not None:
            taken[chance] = True
            since_s, chance = work[chance].start_s, None
    return taken


def _is_rested(work: Sequence[Run], rules: Rules) -> bool:
    """Say whether a driver never works for too long without a break, a single run aside."""
    assert rules.break_s is not None  # noqa: S101 - asked only where there are breaks
    since_s = work[0].start_s
    for before, run in pairwise(work):
        if rules.rest(before, run) >= rules.break_s:
            since_s = run.start_s
        elif run.end_s - since_s > rules.work_s:
            return False
    return True


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Which run can follow which, and at what cost.

    Attributes
    ----------
    runs, rules
        As given.
    follows
        (runs, runs) whether a vehicle can make the column's run after the row's.
    rest_s
        (runs, runs) rest between them, the empty run taken off.
    cost
        (runs, runs) what the time between them counts, min.
    """

    runs: Sequence[Run]
    rules: Rules
    follows: NDArray[np.bool_]
    rest_s: NDArray[np.float64]
    cost: NDArray[np.float64]

    @classmethod
    def of(cls, runs: Sequence[Run], rules: Rules) -> _Table:
        """Lay out all pairs."""
        table = np.array(runs, dtype=np.float64)
        starts, ends = table[:, 0], table[:, 1]
        from_places, to_places = table[:, 2].astype(int), table[:, 3].astype(int)
        same = to_places[:, None] == from_places[None, :]
        empty_s = np.where(same, 0.0, np.inf)
        if rules.empty_s is not None:
            across = rules.empty_s[to_places[:, None], from_places[None, :]]
            empty_s = np.where(same, 0.0, across)
        gap_s = starts[None, :] - ends[:, None]
        rank = np.empty(len(runs), dtype=np.intp)
        rank[np.lexsort((ends, starts))] = np.arange(len(runs))
        rest_s = gap_s - empty_s
        follows = (rest_s >= rules.layover_s) & (rank[:, None] < rank[None, :])
        gap_min = gap_s / _MINUTE
        cost = gap_min + _UNEVEN * np.square(gap_min)
        cost += _EMPTY * np.where(np.isfinite(empty_s), empty_s, 0.0) / _MINUTE
        return cls(runs, rules, follows, rest_s, cost)

    def work(self) -> Work:
        """Return what drivers with breaks have to drive."""
        assert self.rules.break_s is not None  # noqa: S101 - asked only where there are breaks
        return Work(
            np.array([run[:2] for run in self.runs], dtype=np.float64),
            self.follows,
            self.follows & (self.rest_s >= self.rules.break_s),
            self.cost,
            self.rules.work_s,
        )


def _by_assignment(table: _Table) -> dict[int, int]:
    """Return which run follows which, breaks aside: the most links, and of those the cheapest."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - slow to load

    cost = np.where(table.follows, table.cost, _IMPOSSIBLE)
    before, after = linear_sum_assignment(cost)
    real = cost[before, after] < _IMPOSSIBLE
    return dict(zip(before[real].tolist(), after[real].tolist(), strict=True))


def _chains(count: int, next_of: Mapping[int, int]) -> list[list[int]]:
    """Return the runs of each vehicle in their order."""
    firsts = sorted(set(range(count)) - set(next_of.values()))
    chains = []
    for first in firsts:
        chain = [first]
        while chain[-1] in next_of:
            chain.append(next_of[chain[-1]])
        chains.append(chain)
    return chains


def _all_rested(runs: Sequence[Run], next_of: Mapping[int, int], rules: Rules) -> bool:
    return all(
        _is_rested([runs[one] for one in chain], rules) for chain in _chains(len(runs), next_of)
    )


def _numbered(table: _Table, next_of: Mapping[int, int]) -> list[int]:
    """Return the vehicle of each run, numbered in the order they first leave."""
    previous = {after: before for before, after in next_of.items()}
    blocks = [-1] * len(table.runs)
    vehicles = 0
    order = sorted(
        range(len(table.runs)), key=lambda k: (table.runs[k].start_s, table.runs[k].end_s, k)
    )
    for index in order:
        if index in previous:
            blocks[index] = blocks[previous[index]]
        else:
            blocks[index] = vehicles
            vehicles += 1
    return blocks


def shortages(
    make: Callable[[float], Sequence[Sequence[Run]]], rules: Rules, vehicles: int
) -> list[Shortage]:
    """Name the departures that a number of vehicles cannot make, and what would mend each.

    Parameters
    ----------
    make
        Returns the runs for a rest at the termini, s. Runs in one group leave later together:
        a run there and the run back.
    rules
        What is wanted between two runs.
    vehicles
        How many there are.

    Returns
    -------
    list of Shortage
        One for each vehicle that is missing, in the order of the day; a few at most.
    """
    groups = sorted(make(rules.layover_s), key=_leaves)
    found: list[Shortage] = []
    have = vehicles
    while len(found) < _SHORTAGES_TOLD and not _fits(_flat(groups), rules, have):
        rank = _first_beyond(groups, rules, have)
        first = min(groups[rank], key=lambda run: run.start_s)
        found.append(
            Shortage(
                start_s=first.start_s,
                place=first.start,
                vehicle=have + 1,
                later_s=_later(groups, rank, rules, have),
                layover_s=_shorter(make, rank, rules, have),
                for_breaks=rules.break_s is not None
                and _fits(_flat(groups[: rank + 1]), rules.relieved(), have),
            )
        )
        have += 1
    return found


def _fits(runs: Sequence[Run], rules: Rules, have: int) -> bool:
    """Say whether so many vehicles can make some runs, as far as can be found out."""
    return _drivable(runs, rules, have) or (
        rules.break_s is not None
        and vehicles_needed(runs, rules.relieved()) <= have
        and vehicles_needed(runs, rules) <= have
    )


def _drivable(runs: Sequence[Run], rules: Rules, have: int) -> bool:
    """Say whether a way is found at once in which so many vehicles make some runs."""
    if len(runs) <= have:
        return True
    if vehicles_needed(runs, rules.relieved()) > have:
        return False
    return rules.break_s is None or turns(_Table.of(runs, rules).work(), have) is not None


def _leaves(group: Sequence[Run]) -> float:
    return min(run.start_s for run in group)


def _flat(groups: Sequence[Sequence[Run]]) -> list[Run]:
    return [run for group in groups for run in group]


def _first_beyond(groups: Sequence[Sequence[Run]], rules: Rules, have: int) -> int:
    """Return the first group, by its departure, that cannot be made with what there is."""
    low, high = 0, len(groups) - 1
    while low < high:
        middle = (low + high) // 2
        if not _fits(_flat(groups[: middle + 1]), rules, have):
            high = middle
        else:
            low = middle + 1
    return low


def _later(groups: Sequence[Sequence[Run]], rank: int, rules: Rules, have: int) -> float | None:
    """Return when a group could leave instead without robbing another of its vehicle."""
    leaves = _leaves(groups[rank])
    step = 1 if rules.break_s is None else _STEP_MIN
    for minutes in range(step, _LATER_MIN + 1, step):
        moved_s = leaves + minutes * _MINUTE
        others = [
            group
            for index, group in enumerate(groups)
            if index != rank and (index < rank or _leaves(group) <= moved_s)
        ]
        moved = [run.later(minutes * _MINUTE) for run in groups[rank]]
        if _drivable(_flat([*others, moved]), rules, have):
            return moved_s
    return None


def _shorter(
    make: Callable[[float], Sequence[Sequence[Run]]], rank: int, rules: Rules, have: int
) -> float | None:
    """Return the longest rest with which a group can leave on time, found by halving."""

    def leaves_on_time(minutes: int) -> bool:
        groups = sorted(make(minutes * _MINUTE), key=_leaves)[: rank + 1]
        return _drivable(_flat(groups), rules.rested(minutes * _MINUTE), have)

    low, high = 0, min(int(np.ceil(rules.layover_s / _MINUTE)), _DAY_MIN)
    if high == 0 or not leaves_on_time(low):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if leaves_on_time(middle) else (low, middle)
    return low * _MINUTE
