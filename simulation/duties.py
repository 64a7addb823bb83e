"""The fewest vehicles where drivers have breaks: an integer programme over states of work.

A state is "makes trip i, at work since trip k". From it the driver goes on to a trip j that begins
before a break would be over (state j, k, where the work until then is not too long), or has a
break and begins anew (state j, j). Every trip is made in one state, and the fewest chains through
the states are the fewest vehicles.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from simulation.turns import Work

VEHICLE_MIN: Final = 1e4
"""What a vehicle counts against minutes between trips: more than all of a day's."""

PATIENCE_S: Final = 5.0
"""How long the solver looks; what it has found by then is taken."""

MOST_ARCS: Final = 1_500
"""A timetable with more links between states is not tried: it would not be solved in time."""

State = tuple[int, int]


def links_by_duties(work: Work) -> dict[int, int] | None:
    """Link trips so that the fewest vehicles make them and every driver has the breaks.

    Parameters
    ----------
    work
        What is to be driven.

    Returns
    -------
    dict or None
        Which trip follows which; None where the programme is too large or was not solved in time.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415 - slow to load
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    count, cost_min = len(work.spans_s), work.cost_min
    pauses = np.argwhere(work.follows & work.has_break).tolist()
    going_on = _going_on(work, MOST_ARCS - len(pauses))
    if going_on is None:
        return None
    states = sorted({*((k, k) for k in range(count)), *(after for _, after in going_on)})
    number = {state: rank for rank, state in enumerate(states)}
    # columns: begins (a trip), goes on (an arc), pauses (a pair), rests (a state), ends (a trip)
    costs = np.concatenate(
        [
            np.full(count, VEHICLE_MIN),
            [cost_min[before[0], after[0]] for before, after in going_on],
            [cost_min[before, after] for before, after in pauses],
            np.zeros(len(states) + count),
        ]
    )
    first_on, first_pause = count, count + len(going_on)
    first_rest = first_pause + len(pauses)
    first_end = first_rest + len(states)
    cells: list[tuple[int, int, float]] = []
    into: defaultdict[int, list[int]] = defaultdict(list)
    for trip in range(count):
        into[number[trip, trip]].append(trip)
    for arc, (before, after) in enumerate(going_on, start=first_on):
        into[number[after]].append(arc)
        cells.append((number[before], arc, -1.0))
    for arc, (_, trip) in enumerate(pauses, start=first_pause):
        into[number[trip, trip]].append(arc)
    for state, arcs in into.items():
        cells += [(state, arc, 1.0) for arc in arcs]
    rests, covers = len(states), len(states) + count
    for rank, (trip, _) in enumerate(states):
        cells.append((rank, first_rest + rank, -1.0))
        cells.append((rests + trip, first_rest + rank, 1.0))
        cells += [(covers + trip, arc, 1.0) for arc in into[rank]]
    cells += [(rests + trip, arc, -1.0) for arc, (trip, _) in enumerate(pauses, start=first_pause)]
    cells += [(rests + trip, first_end + trip, -1.0) for trip in range(count)]
    rows, columns, values = (np.array(one) for one in zip(*cells, strict=True))
    matrix = csr_matrix((values, (rows, columns)), shape=(covers + count, len(costs)))
    wanted = np.concatenate([np.zeros(covers), np.ones(count)])
    whole = np.ones(len(costs), dtype=np.int64)
    whole[first_rest:] = 0
    solved = milp(
        costs,
        constraints=LinearConstraint(matrix, wanted, wanted),
        integrality=whole,
        bounds=Bounds(0, np.where(np.arange(len(costs)) < first_rest, 1, np.inf)),
        options={"time_limit": PATIENCE_S, "mip_rel_gap": 0.0},
    )
    if solved.status != 0:  # not solved to the end: the best so far may be far off
        return None
    taken = solved.x > 0.5  # noqa: PLR2004 - 0 or 1, rounding aside
    links = {
        before[0]: after[0]
        for arc, (before, after) in enumerate(going_on, start=first_on)
        if taken[arc]
    }
    return links | {
        trip: after for arc, (trip, after) in enumerate(pauses, start=first_pause) if taken[arc]
    }


def _going_on(work: Work, most: int) -> list[tuple[State, State]] | None:
    """Return the steps from state to state without a break; None where there are too many."""
    spans_s, work_s = work.spans_s, work.work_s
    nexts = [np.flatnonzero(row).tolist() for row in work.follows & ~work.has_break]
    steps: list[tuple[State, State]] = []
    for first in range(len(spans_s)):
        seen = {first}
        todo = [first]
        while todo:
            if len(steps) > most:  # told as they are made: all of a long day's fill the memory
                return None
            here = todo.pop()
            for trip in nexts[here]:
                if spans_s[trip, 1] - spans_s[first, 0] > work_s:
                    continue
                steps.append(((here, first), (trip, first)))
                if trip not in seen:
                    seen.add(trip)
                    todo.append(trip)
    return None if len(steps) > most else steps
