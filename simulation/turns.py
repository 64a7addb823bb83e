"""Vehicles and drivers who take turns: blocks with breaks, found by trying orders of preference.

Trips are given out in the order they leave. A vehicle that could make a trip is preferred for
having begun its work lately (so that those who have worked for long wait, and their wait becomes
their break) or for having come last (so that the others have long rests); a chance added to the
preference makes every try another one. What is found can be driven; whether fewer vehicles would
do, only the integer programme of `duties` tells. (Semi-greedy construction: Hart and Shogan,
Operations Research Letters 6, 1987.)
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

TRIES: Final = 200
STEPS: Final = 500_000
"""Of a large timetable fewer ways are tried: about so many looks at a vehicle in all."""

WORK_CHANCE_S: Final = 3600.0
"""Spread of the chance against the time since when drivers have worked, s."""

REST_CHANCE_S: Final = 300.0
"""Spread of the chance against the time since when vehicles have stood, s."""


class Work(NamedTuple):
    """What is to be driven, the trips in any order.

    Attributes
    ----------
    spans_s
        (trips, 2) first departure and last arrival of each, s.
    follows
        (trips, trips) whether a vehicle can make the column's trip after the row's.
    has_break
        (trips, trips) whether the driver has a break between them.
    cost_min
        (trips, trips) what the time between them counts, min.
    work_s
        How long a driver works without a break at most, s; a single trip may be longer.
    """

    spans_s: NDArray[np.float64]
    follows: NDArray[np.bool_]
    has_break: NDArray[np.bool_]
    cost_min: NDArray[np.float64]
    work_s: float


def fewest_turns(work: Work, at_least: int) -> dict[int, int]:
    """Return which trip follows which, with as few vehicles as were found to do.

    Parameters
    ----------
    work
        What is to be driven.
    at_least
        Fewer vehicles are known not to do.
    """
    for vehicles in range(at_least, len(work.spans_s)):
        found = turns(work, vehicles)
        if found is not None:
            return found
    return {}


def turns(work: Work, vehicles: int) -> dict[int, int] | None:
    """Return which trip follows which, with so many vehicles at most; None where not found.

    Of the ways found the one with the least time between trips.
    """
    count = len(work.spans_s)
    rows = _Rows(work.spans_s.tolist(), work.follows.tolist(), work.has_break.tolist(), work.work_s)
    order = sorted(range(count), key=lambda trip: (*rows.spans_s[trip], trip))
    chance = random.Random(count)  # noqa: S311 - the same timetable, the same answer
    best: tuple[float, dict[int, int]] | None = None
    for attempt in range(max(min(TRIES, STEPS // max(count * vehicles, 1)), 2)):
        by_work = attempt % 2 == 0
        spread_s = WORK_CHANCE_S if by_work else REST_CHANCE_S
        noise = [chance.gauss(0.0, spread_s) for _ in range(count)]
        found = _attempt(rows, order, vehicles, noise, by_work=by_work)
        if found is not None:
            cost = sum(float(work.cost_min[pair]) for pair in found.items())
            if best is None or cost < best[0]:
                best = (cost, found)
    return None if best is None else best[1]


class _Rows(NamedTuple):
    """The tables as plain lists, which a loop reads faster."""

    spans_s: list[list[float]]
    follows: list[list[bool]]
    has_break: list[list[bool]]
    work_s: float


def _attempt(
    rows: _Rows, order: Sequence[int], vehicles: int, noise: Sequence[float], *, by_work: bool
) -> dict[int, int] | None:
    """Give out the trips once; None where one finds no vehicle.

    The chance belongs to the vehicle's last trip, so it differs from one vehicle to the next.
    """
    last: list[int] = []
    since_s: list[float] = []
    next_of: dict[int, int] = {}
    for trip in order:
        start_s, end_s = rows.spans_s[trip]
        chosen, most, begun_s = -1, float("-inf"), start_s
        for vehicle, before in enumerate(last):
            if not rows.follows[before][trip]:
                continue
            begins_s = start_s if rows.has_break[before][trip] else since_s[vehicle]
            if begins_s < start_s and end_s - begins_s > rows.work_s:
                continue
            preferred = (begins_s if by_work else rows.spans_s[before][1]) + noise[before]
            if preferred > most:
                chosen, most, begun_s = vehicle, preferred, begins_s
        if len(last) < vehicles and (chosen < 0 or (by_work and start_s + noise[trip] > most)):
            last.append(trip)
            since_s.append(start_s)
        elif chosen < 0:
            return None
        else:
            next_of[last[chosen]] = trip
            last[chosen], since_s[chosen] = trip, begun_s
    return next_of
