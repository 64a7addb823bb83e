"""A day by the sea: the planner to the first station, the walk, and the planner home."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lastmile.errors import RequestError
from lastmile.itinerary import Itinerary, Leg, LegStep, Waypoint
from lastmile.planner.clock import later
from lastmile.planner.request import PlanRequest
from lastmile.units import great_circle_m

if TYPE_CHECKING:
    from datetime import datetime

    from lastmile.network.paths import StreetPath
    from lastmile.places import Place
    from lastmile.planner.core import Planner
    from lastmile.walkway.strolls import Stroll

MODES = frozenset({"walk", "transit"})
NEAR_M = 150.0
"""Who starts this near to the station needs no way there."""


@dataclass(frozen=True)
class DayOut:
    """There, along the sea, and home.

    Attributes
    ----------
    there, back
        Ways by public transport; None where one lives at the station.
    walk
        The walk, with the stop on the way.
    stop
        Where one stops, if anywhere.
    """

    there: Itinerary | None
    walk: Itinerary
    back: Itinerary | None
    stop: Place | None

    @property
    def itineraries(self) -> tuple[Itinerary, ...]:
        """All parts in order of travel."""
        return tuple(part for part in (self.there, self.walk, self.back) if part is not None)


def day_out(
    planner: Planner,
    walk: Stroll,
    home: Place,
    at: datetime,
    *,
    stop_s: int = 0,
    step_free: bool = False,
) -> DayOut:
    """Plan a day: from home to the walk, along it with a stop, and home.

    Parameters
    ----------
    planner
        Plans the ways there and back.
    walk
        The walk.
    home
        Where the day begins and ends.
    at
        When to leave home.
    stop_s
        How long to stay at the first cafe on the way, or else at the first service; 0 for no stop.
    step_free
        Whether the ways there and back must be without steps (the walk is as chosen).

    Raises
    ------
    NoRouteError, NoServiceError, OffNetworkError
        There is no way to the first station, or none home.
    RequestError
        The stop is negative, or the time impossible.
    """
    if stop_s < 0:
        raise RequestError(f"a stop of {stop_s} s is not possible")
    there = _way(planner, home, walk.start, at, step_free=step_free)
    begin = at if there is None else there.arrival
    stop = _stop(walk) if stop_s else None
    along = walk_itinerary(walk, begin, stop, stop_s)
    back = _way(planner, walk.end, home, along.arrival, step_free=step_free)
    return DayOut(there, along, back, stop)


def _way(
    planner: Planner, origin: Place, destination: Place, at: datetime, *, step_free: bool
) -> Itinerary | None:
    if great_circle_m(*origin.point, *destination.point) <= NEAR_M:
        return None
    request = PlanRequest(
        origin=origin, destination=destination, at=at, modes=MODES, step_free=step_free
    )
    return planner.plan(request).itineraries[0]


def _stop(walk: Stroll) -> Place | None:
    cafes = [place for place in walk.services if "cafe" in place.services]
    return next(iter((*cafes, *walk.services)), None)


def walk_itinerary(
    walk: Stroll, begin: datetime, stop: Place | None = None, stop_s: int = 0
) -> Itinerary:
    """Return a walk as an itinerary of one leg, or two with a stop between."""
    parts = list(walk.parts)
    start, end = _waypoint(walk.start), _waypoint(walk.end)
    if stop is None:
        return Itinerary((_leg(parts, start, end, begin),), fare_eur=0.0, cost_eur=0.0)
    cut = min(
        range(1, len(parts)),
        key=lambda i: great_circle_m(*parts[i].coordinates[0], *stop.point),
    )
    middle = _waypoint(stop)
    first = _leg(parts[:cut], start, middle, begin)
    second = _leg(parts[cut:], middle, end, later(first.arrival, stop_s))
    return Itinerary((first, second), fare_eur=0.0, cost_eur=0.0)


def _leg(parts: list[StreetPath], start: Waypoint, end: Waypoint, begin: datetime) -> Leg:
    length_m = sum(part.length_m for part in parts)
    return Leg(
        mode="walk",
        origin=start,
        destination=end,
        departure=begin,
        arrival=later(begin, sum(part.duration_s for part in parts)),
        distance_m=length_m,
        co2_g=0.0,
        coordinates=tuple(point for part in parts for point in part.coordinates),
        steps=tuple(
            LegStep(step.name, step.length_m, step.kind) for part in parts for step in part.steps
        ),
    )


def _waypoint(place: Place) -> Waypoint:
    return Waypoint(place.name_fi, place.lat, place.lon)
