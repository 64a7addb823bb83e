"""Ways between the metro and the sea: lengths, minutes, turns, and the 1.5 km statement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely

from lastmile.errors import NoRouteError
from lastmile.network.access import Mode
from lastmile.network.paths import StreetPath, matrix, shortest_path
from lastmile.units import SECONDS_PER_MINUTE, great_circle_m
from lastmile.walkway.ground import Gap, Junctions, OnStreets, gap_between
from lastmile.walkway.shore import metric, services_of
from lastmile.walkway.wayfinding import Difficulty, Landmarks, difficulty

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lastmile.network.paths import TravelTimes
    from lastmile.network.street import StreetNetwork
    from lastmile.places import Place
    from lastmile.walkway.shore import Shore

    Floats = NDArray[np.float64]

CLAIM_M = 1500.0
"""What the city says: no metro station of Espoo lies further from the walkway than this."""
BUNDLED_SOURCE = "bundled corridor network"
NEAREST_SERVICES = 3
"""Ways are worked out to so many services of each kind."""


@dataclass(frozen=True, slots=True)
class Manner:
    """A way of getting to the shore: on foot, without steps, by bike."""

    name: str
    mode: Mode
    step_free: bool = False


WALK = Manner("walk", Mode.WALK)
STEP_FREE = Manner("step_free", Mode.WALK, step_free=True)
BIKE = Manner("bike", Mode.BIKE)
MANNERS = (WALK, STEP_FREE, BIKE)


@dataclass(frozen=True)
class Way:
    """The best way from a place to another, or why there is none.

    Attributes
    ----------
    origin, destination
        Its ends.
    manner
        How.
    path
        The path; None where there is none.
    difficulty
        How hard it is to find.
    gap
        What is missing where there is no path.
    """

    origin: Place
    destination: Place
    manner: Manner
    path: StreetPath | None
    difficulty: Difficulty | None
    gap: Gap | None

    @property
    def reached(self) -> bool:
        """Whether there is a way."""
        return self.path is not None

    @property
    def straight_m(self) -> float:
        """As the crow flies."""
        return great_circle_m(*self.origin.point, *self.destination.point)


@dataclass(frozen=True)
class StationRow:
    """One station's access to the walkway.

    Attributes
    ----------
    station
        The station.
    nearest
        Way to the nearest point of the walkway, by manner.
    entry
        Way on foot to the nearest point signposted as an access point.
    straight_m
        As the crow flies to the nearest point of the walkway that the streets reach.
    line_m
        As the crow flies to the schematic line.
    """

    station: Place
    nearest: dict[str, Way]
    entry: Way
    straight_m: float
    line_m: float

    @property
    def claim_straight(self) -> bool:
        """Whether the walkway lies within 1.5 km as the crow flies."""
        return min(self.straight_m, self.line_m) <= CLAIM_M

    @property
    def claim_walked(self) -> bool | None:
        """Whether it lies within 1.5 km along streets; None where no way leads there."""
        path = self.nearest[WALK.name].path
        return None if path is None else path.length_m <= CLAIM_M


class Access:
    """The ways from every metro station of Espoo to the walkway and its services.

    Parameters
    ----------
    network
        The streets.
    shore
        Stations, walkway and services.
    landmarks
        What marks a turn besides stations and services (city bike stations, say).
    """

    def __init__(
        self, network: StreetNetwork, shore: Shore, landmarks: tuple[Place, ...] = ()
    ) -> None:
        self.network = network
        self.shore = shore
        self.stations = tuple(station.place for station in shore.stations)
        self.targets = shore.targets
        self._index = {place.id: i for i, place in enumerate(self.targets)}
        marks = {p.id: p for p in (*self.stations, *shore.services, *landmarks)}
        self.landmarks = Landmarks(
            tuple(place.name_fi for place in marks.values()),
            np.array([place.lat for place in marks.values()]),
            np.array([place.lon for place in marks.values()]),
            shore.parameters.value("landmark_m"),
        )
        self._ends: dict[str, tuple[OnStreets, OnStreets]] = {}
        self._times: dict[str, TravelTimes] = {}
        self._ways: dict[tuple[str, str, str], Way] = {}

    @cached_property
    def junctions(self) -> Junctions:
        """The junctions of the network."""
        return Junctions(self.network)

    def ends(self, manner: Manner) -> tuple[OnStreets, OnStreets]:
        """Return the stations and the targets on the streets of a manner."""
        if manner.name not in self._ends:
            self._ends[manner.name] = (
                OnStreets.put(self.network, self.stations, manner.mode, step_free=manner.step_free),
                OnStreets.put(self.network, self.targets, manner.mode, step_free=manner.step_free),
            )
        return self._ends[manner.name]

    def times(self, manner: Manner) -> TravelTimes:
        """Return durations and lengths of the shortest ways, (stations, targets)."""
        if manner.name not in self._times:
            stations, targets = self.ends(manner)
            self._times[manner.name] = matrix(
                self.network,
                stations.at,
                targets.at,
                manner.mode,
                objective="length",
                step_free=manner.step_free,
            )
        return self._times[manner.name]

    def columns(self, places: tuple[Place, ...]) -> NDArray[np.int64]:
        """Return the positions of places among the targets."""
        return np.array([self._index[place.id] for place in places], np.int64)

    def way(self, station: Place, target: Place, manner: Manner = WALK) -> Way:
        """Return the way from a station to a target, worked out once."""
        key = (station.id, target.id, manner.name)
        if key not in self._ways:
            self._ways[key] = self._way(station, target, manner)
        return self._ways[key]

    def _way(self, station: Place, target: Place, manner: Manner) -> Way:
        stations, targets = self.ends(manner)
        row, column = self.stations.index(station), self._index[target.id]
        path = None
        if stations.at.edge[row] >= 0 and targets.at.edge[column] >= 0:
            try:
                path = shortest_path(
                    self.network,
                    stations.at.snap(row),
                    targets.at.snap(column),
                    manner.mode,
                    objective="length",
                    step_free=manner.step_free,
                )
            except NoRouteError:
                path = None
        if path is None:
            gap = gap_between(
                self.network, station, target, manner.mode, step_free=manner.step_free
            )
            return Way(station, target, manner, None, None, gap)
        found = difficulty(path, self.junctions, self.landmarks)
        return Way(station, target, manner, path, found, None)

    def nearest(self, station: Place, places: tuple[Place, ...], manner: Manner = WALK) -> Place:
        """Return the place with the shortest way; the nearest as the crow flies if none has one."""
        row, columns = self.stations.index(station), self.columns(places)
        length_m = self.times(manner).length_m[row, columns]
        if np.isfinite(length_m).any():
            return places[int(np.argmin(length_m))]
        return min(places, key=lambda place: great_circle_m(*station.point, *place.point))

    def reachable(self) -> tuple[Place, ...]:
        """Return the points of the walkway that lie on the streets."""
        _, targets = self.ends(WALK)
        on = targets.at.edge >= 0
        return tuple(place for place in self.shore.points if on[self._index[place.id]])

    def row(self, station: Place) -> StationRow:
        """Return the access of one station."""
        points = self.shore.points
        entries = tuple(place for place in points if place.id in self.shore.entries)
        here = shapely.Point(metric([station.point])[0])
        return StationRow(
            station=station,
            nearest={
                manner.name: self.way(station, self.nearest(station, points, manner), manner)
                for manner in MANNERS
            },
            entry=self.way(station, self.nearest(station, entries)),
            straight_m=min(
                great_circle_m(*station.point, *place.point) for place in self.reachable() or points
            ),
            line_m=float(shapely.distance(here, self.shore.schematic())),
        )

    def rows(self) -> tuple[StationRow, ...]:
        """Return the access of every station."""
        return tuple(self.row(station) for station in self.stations)

    def service_ways(self, station: Place, manner: Manner = WALK) -> tuple[Way, ...]:
        """Return the ways to the nearest services of each kind, nearest first."""
        row = self.stations.index(station)
        length_m = self.times(manner).length_m[row]
        chosen: dict[str, Place] = {}
        kinds = dict.fromkeys(kind for place in self.shore.services for kind in services_of(place))
        for kind in kinds:
            places = [place for place in self.shore.services if kind in services_of(place)]
            places.sort(key=lambda place: float(length_m[self._index[place.id]]))
            chosen |= {place.id: place for place in places[:NEAREST_SERVICES]}
        ways = [self.way(station, place, manner) for place in chosen.values()]
        return tuple(sorted(ways, key=lambda way: way.path.length_m if way.path else np.inf))

    def with_network(self, network: StreetNetwork) -> Access:
        """Return the same study on other streets."""
        other = Access(network, self.shore)
        other.landmarks = replace(self.landmarks)
        return other

    @property
    def main_ways_only(self) -> bool:
        """Whether the streets are those of the bundle, where most small ones are left out."""
        return self.network.source == BUNDLED_SOURCE

    def warnings(self) -> tuple[str, ...]:
        """Return what could not be taken into account, with counts."""
        _, targets = self.ends(WALK)
        off = [place for place, edge in zip(self.targets, targets.at.edge, strict=True) if edge < 0]
        found = []
        if off:
            names = ", ".join(place.name_fi for place in off)
            found.append(
                f"{len(off)} of {len(self.targets)} points and services lie more than 150 m from "
                f"every street of this network and are left out: {names}"
            )
        if not len(self.network.tables.shape_height):
            found.append("the network has no heights: climbs are not known")
        if self.main_ways_only:
            found.append(
                "this network holds the main ways only: there are more junctions on the real ways, "
                "and a link it lacks may be there already; for a plan build the whole region "
                "(lastmile data build)"
            )
        return tuple(found)


def minutes(duration_s: float) -> float:
    """Return seconds in minutes, to a tenth."""
    return round(duration_s / SECONDS_PER_MINUTE, 1)
