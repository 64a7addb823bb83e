"""Walks by the sea: from one metro station along the shore to another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise, permutations
from typing import TYPE_CHECKING

import numpy as np

from lastmile.errors import NoRouteError, RequestError
from lastmile.network.paths import shortest_path
from lastmile.units import METRES_PER_KM, great_circle_m
from lastmile.walkway.catchments import STEP_FREE, WALK, Way
from lastmile.walkway.ground import Gap, OnStreets, gap_between
from lastmile.walkway.shore import services_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from lastmile.network.paths import StreetPath
    from lastmile.network.street import StreetNetwork
    from lastmile.places import Place
    from lastmile.walkway.catchments import Access, Manner
    from lastmile.walkway.shore import Point, Shore

BESIDE_M = 250.0
"""A service no further than this from the walk lies on the way."""
LONGEST_WALK_M = 100_000.0
NEAR_STATION_M = 3500.0
"""A station further from the walkway than this begins no walk."""


@dataclass(frozen=True)
class Stretch:
    """The walkway between two of its points that follow each other on the network.

    Attributes
    ----------
    start, end
        The points.
    path
        Along streets and paths; None where there is no way.
    gap
        What is missing where there is none.
    """

    start: Place
    end: Place
    path: StreetPath | None
    gap: Gap | None


@dataclass(frozen=True)
class Course:
    """The walkway as one walks it: between its known points by the shortest way.

    Attributes
    ----------
    points
        Points of the line that lie on the streets, west to east.
    stretches
        Between each two of them.
    left_out
        Points too far from every street.
    """

    points: tuple[Place, ...]
    stretches: tuple[Stretch, ...]
    left_out: tuple[Place, ...]

    @classmethod
    def follow(cls, network: StreetNetwork, shore: Shore, manner: Manner = WALK) -> Course:
        """Return the course of the walkway on a network."""
        ends = OnStreets.put(network, shore.line, manner.mode, step_free=manner.step_free)
        on = [i for i in range(len(shore.line)) if ends.at.edge[i] >= 0]
        stretches = []
        for i, j in pairwise(on):
            start, end = shore.line[i], shore.line[j]
            path, gap = None, None
            try:
                path = shortest_path(
                    network,
                    ends.at.snap(i),
                    ends.at.snap(j),
                    manner.mode,
                    objective="length",
                    step_free=manner.step_free,
                )
            except NoRouteError:
                gap = gap_between(network, start, end, manner.mode, step_free=manner.step_free)
            stretches.append(Stretch(start, end, path, gap))
        off = tuple(shore.line[i] for i in range(len(shore.line)) if i not in on)
        return cls(tuple(shore.line[i] for i in on), tuple(stretches), off)

    @property
    def length_m(self) -> float:
        """How long it is, gaps left out."""
        return sum(stretch.path.length_m for stretch in self.stretches if stretch.path)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is missing."""
        return tuple(stretch.gap for stretch in self.stretches if stretch.gap)


@dataclass(frozen=True)
class Stroll:
    """A walk from one station to the sea, along it, and to another station.

    Attributes
    ----------
    start, end
        The stations.
    parts
        To the shore, its stretches, and from the shore.
    services
        Places on the way, in its order.
    step_free
        Whether it has no steps anywhere.
    shore_m
        Metres along the walkway.
    """

    start: Place
    end: Place
    parts: tuple[StreetPath, ...]
    services: tuple[Place, ...]
    step_free: bool
    shore_m: float

    @property
    def length_m(self) -> float:
        """Metres in all."""
        return sum(part.length_m for part in self.parts)

    @property
    def duration_s(self) -> float:
        """Walking time, without stops."""
        return sum(part.duration_s for part in self.parts)

    @property
    def coordinates(self) -> tuple[Point, ...]:
        """(lat, lon) from station to station."""
        return tuple(point for part in self.parts for point in part.coordinates)

    @property
    def title(self) -> str:
        """Return "Matinkylä - Urheilupuisto, 6.1 km"."""
        names = f"{self.start.name_fi} - {self.end.name_fi}"
        return f"{names}, {self.length_m / METRES_PER_KM:.1f} km"


def strolls(access: Access, manner: Manner = WALK) -> tuple[Stroll, ...]:
    """Return the walks between all pairs of stations, in both directions, shortest first.

    A walk goes to the point of the walkway nearest to the station, along the walkway, and from the
    point nearest to the other station. Pairs that share the nearest point, or between whose points
    the walkway has a gap, have none.
    """
    course = Course.follow(access.network, access.shore, manner)
    if not course.points:
        return ()
    position = {place.id: i for i, place in enumerate(course.points)}
    ways: dict[str, Way] = {}
    for station in access.stations:
        way = access.way(station, access.nearest(station, course.points, manner), manner)
        if way.path is not None and way.path.length_m <= NEAR_STATION_M:
            ways[station.id] = way
    beside = _beside(access, course)
    plain = (
        None
        if manner.step_free
        else {stroll_key(s): s.length_m for s in strolls(access, STEP_FREE)}
    )
    found = []
    for out, home in permutations(ways.values(), 2):
        first, last = position[out.destination.id], position[home.destination.id]
        span = course.stretches[min(first, last) : max(first, last)]
        paths = [stretch.path for stretch in span]
        if first == last or any(path is None for path in paths):
            continue
        along = [path for path in paths if path is not None]
        services = [place for i, place in beside if min(first, last) <= i <= max(first, last)]
        if last < first:
            along = [_turned(path) for path in reversed(along)]
            services.reverse()
        if out.path is None or home.path is None:
            continue
        walk = Stroll(
            start=out.origin,
            end=home.origin,
            parts=(out.path, *along, _turned(home.path)),
            services=tuple(services),
            step_free=manner.step_free,
            shore_m=sum(path.length_m for path in along),
        )
        if plain is not None and abs(plain.get(stroll_key(walk), np.inf) - walk.length_m) < 1.0:
            walk = replace(walk, step_free=True)
        found.append(walk)
    return tuple(sorted(found, key=lambda walk: (walk.length_m, stroll_key(walk))))


def stroll_key(walk: Stroll) -> tuple[str, str]:
    """Return the ids of the stations of a walk."""
    return walk.start.id, walk.end.id


def choose(
    walks: Collection[Stroll],
    *,
    length_m: float | None = None,
    services: Collection[str] = (),
    step_free: bool = False,
    start: Place | None = None,
    end: Place | None = None,
) -> tuple[Stroll, ...]:
    """Return the walks that suit, nearest to the wished length first.

    Parameters
    ----------
    walks
        From :func:`strolls`.
    length_m
        Wished length; the shortest come first where none is given.
    services
        Kinds there must be on the way ("cafe").
    step_free
        Whether only walks without steps suit.
    start, end
        Stations.

    Raises
    ------
    RequestError
        No walk suits (the message says how many there are without the wishes), or the length
        makes no sense.
    """
    if length_m is not None and not 0 < length_m <= LONGEST_WALK_M:
        raise RequestError(f"a walk of {length_m:g} m is not possible; wish for up to 100 km")
    found = [
        walk
        for walk in walks
        if (start is None or walk.start.id == start.id)
        and (end is None or walk.end.id == end.id)
        and (walk.step_free or not step_free)
        and set(services) <= {kind for place in walk.services for kind in services_of(place)}
    ]
    if not found:
        raise RequestError(
            f"none of the {len(walks)} walks between stations suits; ask for other stations or "
            "fewer services"
        )
    wished = length_m or 0.0
    return tuple(sorted(found, key=lambda walk: (abs(walk.length_m - wished), walk.title)))


def _beside(access: Access, course: Course) -> list[tuple[int, Place]]:
    """Return the services beside the walkway with the point they lie nearest to, west to east."""
    found = []
    for place in access.shore.services:
        apart = [great_circle_m(*place.point, *point.point) for point in course.points]
        nearest = int(np.argmin(apart))
        if apart[nearest] <= BESIDE_M:
            found.append((nearest, place))
    return sorted(found, key=lambda pair: (pair[0], pair[1].lon))


def _turned(path: StreetPath) -> StreetPath:
    """Return a walk the other way round; climbs are not known then."""
    return replace(
        path,
        coordinates=path.coordinates[::-1],
        steps=path.steps[::-1],
        climb_m=None,
    )
