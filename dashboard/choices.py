"""In which order a visitor sees the ways there, and which ways back belong to the one chosen."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from dashboard.trip import plan
from lastmile.errors import LastmileError
from lastmile.messages import Message
from lastmile.planner.clock import later
from lastmile.planner.outings import SHARED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lastmile.itinerary import Itinerary, Outing
    from lastmile.planner.request import PlanRequest

GREEN, FAST, CHEAP, EASY = "green", "fast", "cheap", "easy"
ORDERS: Final = (GREEN, FAST, CHEAP, EASY)
TIMES_AS_LONG = 2.0
LONGER_S = 3600.0
"""A way without a car comes first where it takes at most twice as long as the quickest way, or
an hour more: the slower half of trips to a national park by bus is within that."""


def in_order(itineraries: Sequence[Itinerary], order: str) -> list[int]:
    """Return the positions of itineraries in the order they are shown in.

    Parameters
    ----------
    itineraries
        As the planner ranks them.
    order
        "green": without a car first where that is reasonable, as the planner ranks them.
        "fast", "cheap", "easy": least time, least money, least walking.

    Returns
    -------
    list of int
        Every position once; the planner's rank decides between equals.
    """
    quickest_s = min(one.duration_s for one in itineraries)
    enough_s = max(TIMES_AS_LONG * quickest_s, quickest_s + LONGER_S)
    keys: dict[str, Callable[[Itinerary], float]] = {
        GREEN: lambda one: "car" in one.modes or one.duration_s > enough_s,
        FAST: lambda one: one.duration_s,
        CHEAP: lambda one: float("inf") if one.cost_eur is None else one.cost_eur,
        EASY: lambda one: one.walk_m,
    }
    key = keys[order]
    return sorted(range(len(itineraries)), key=lambda position: key(itineraries[position]))


def ways_back(
    outing: Outing, there: int, request: PlanRequest
) -> tuple[list[Itinerary], list[str]]:
    """Return the ways back from a way there, and what to warn of.

    The planner thinks of the way back once for each kind of vehicle that is left at the
    destination. Who comes later by the same kind without leaving one is asked about anew.

    Parameters
    ----------
    outing
        The planner's answer.
    there
        Position of the way there.
    request
        The question.
    """
    found = [back for back in outing.returns if back.follows in {None, there}]
    way = outing.itineraries[there]
    said = [one for one in outing.warnings if lacks_way_back(one) == way.departure]
    if found or said or request.stay_s is None or not way.modes <= SHARED:
        return found, said
    back = request.back(later(way.arrival, request.stay_s))
    try:
        own = plan(replace(back, modes=request.modes & SHARED or frozenset({"walk"})))
    except LastmileError as fault:
        return [], [str(fault)]
    return list(own.itineraries), list(own.warnings)


def lacks_way_back(warning: str) -> datetime | None:
    """Return when the way there leaves of which a warning says that no way leads back, if any."""
    values = warning.values if isinstance(warning, Message) else {}
    leaves = values.get("time")
    return leaves if "why" in values and isinstance(leaves, datetime) else None
