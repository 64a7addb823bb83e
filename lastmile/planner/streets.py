"""Trips by street alone: on foot, by one's own bike, and by car with a car park at the end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from lastmile.errors import NoRouteError, OffNetworkError
from lastmile.fares import car_cost_eur
from lastmile.itinerary import Itinerary, Leg, LegStep, ParkingNote, Waypoint
from lastmile.messages import MODE_WORDS, Message
from lastmile.network.access import Mode
from lastmile.network.paths import find_way
from lastmile.planner.candidates import Candidate
from lastmile.planner.clock import day_start_s, later
from lastmile.units import great_circle_m

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from lastmile.itinerary import Coordinates
    from lastmile.network.paths import Way
    from lastmile.network.street import Places, Snap, StreetNetwork
    from lastmile.network.tables import Floats
    from lastmile.places import Gazetteer, Place
    from lastmile.planner.costs import Costs
    from lastmile.planner.parking import ParkingOutlook
    from lastmile.planner.request import PlanRequest

STREET_MODES = {
    "walk": Mode.WALK,
    "bike": Mode.BIKE,
    "bikeshare": Mode.BIKE,
    "car": Mode.CAR,
}
AT_THE_DOOR_M = 40.0
"""A car this near needs no walk of its own."""
CAR_PARK_REACH_M = 1500.0
CAR_PARKS_TRIED = 3
LIKELY_FULL = 0.2
NO_CAR_PARK = Message("no car park is known at the destination: parking and its price are open")
WAYS_KEPT = 2000
SNAPS_KEPT = 20_000
FARTHEST_WALK_M = 10_000.0
"""Direct walks beyond this, as the crow flies, are worked out only when walking was asked for."""


class Drawn(NamedTuple):
    """A way as legs show it."""

    coordinates: Coordinates
    steps: tuple[LegStep, ...]
    climb_m: float | None


class DrawnWay:
    """A way, drawn once and only when somebody wants to see it."""

    def __init__(self, way: Way) -> None:
        self.duration_s = way.duration_s
        self.length_m = way.length_m
        self._way = way

    @cached_property
    def drawn(self) -> Drawn:
        """Its line and its streets."""
        path = self._way.path()
        steps = tuple(
            LegStep(step.name, step.length_m, "steps" if step.steps else step.kind)
            for step in path.steps
        )
        return Drawn(path.coordinates, steps, path.climb_m)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A way by one street mode between two named points, not yet placed in time.

    Attributes
    ----------
    duration_s
        Whole seconds, rounded up, with what is done on arrival.
    length_m
        Along the streets, and off them at both ends.
    way
        The way itself.
    """

    mode: str
    origin: Waypoint
    destination: Waypoint
    duration_s: float
    length_m: float
    way: DrawnWay

    def leg(
        self, departure: datetime, co2_g: float | None, *, duration_s: float | None = None
    ) -> Leg:
        """Return the leg that leaves at an instant.

        Parameters
        ----------
        departure
            When one leaves.
        co2_g
            Its emissions.
        duration_s
            How long it takes where that is more than the way itself (a platform deep down).
        """
        drawn = self.way.drawn
        return Leg(
            mode=self.mode,
            origin=self.origin,
            destination=self.destination,
            departure=departure,
            arrival=later(departure, self.duration_s if duration_s is None else duration_s),
            distance_m=self.length_m,
            co2_g=co2_g,
            coordinates=_from_to(self.origin, drawn.coordinates, self.destination),
            steps=drawn.steps,
            climb_m=drawn.climb_m,
        )


class StreetTrips:
    """Plans direct trips on the streets.

    Parameters
    ----------
    network, costs, gazetteer
        Streets, prices and car parks.
    outlook
        How full car parks will be, when somebody knows.
    """

    def __init__(
        self,
        network: StreetNetwork,
        costs: Costs,
        gazetteer: Gazetteer,
        outlook: ParkingOutlook | None = None,
    ) -> None:
        self.network = network
        self.costs = costs
        self.gazetteer = gazetteer
        self.outlook = outlook
        self._way = lru_cache(maxsize=WAYS_KEPT)(self._find_way)
        self._snap = lru_cache(maxsize=SNAPS_KEPT)(self._find_snap)
        self._known: dict[tuple[float, float, Mode, bool], Snap] = {}

    def know(self, lat: Floats, lon: Floats, places: Places, *, step_free: bool) -> None:
        """Take over where points that are walked to again and again meet the streets.

        Parameters
        ----------
        lat, lon
            (n,) the points.
        places
            (n,) snapped for walking.
        step_free
            Whether off steps.
        """
        points = zip(lat.tolist(), lon.tolist(), strict=True)
        for row, point in enumerate(points):
            if places.edge[row] >= 0:
                self._known[*point, Mode.WALK, step_free] = places.snap(row)

    def candidates(
        self, request: PlanRequest, *, car_at: Waypoint | None = None
    ) -> tuple[list[Candidate], list[str]]:
        """Return the direct ways by the modes asked for, and why others are missing.

        Parameters
        ----------
        request
            The question.
        car_at
            On the way back: where the car stands.

        Raises
        ------
        OffNetworkError
            An end is too far from any street one can walk on.
        """
        found: list[Candidate] = []
        missing: list[str] = []
        apart_m = great_circle_m(*request.origin.point, *request.destination.point)
        for mode in ("walk", "bike", "car"):
            if mode not in request.modes:
                continue
            if mode == "walk" and apart_m > FARTHEST_WALK_M and len(request.modes) > 1:
                continue
            try:
                found.append(
                    self._car(request, car_at) if mode == "car" else self._direct(request, mode)
                )
            except (NoRouteError, OffNetworkError) as error:
                missing.append(
                    Message("no way by {mode}: {why}", mode=MODE_WORDS[mode], why=str(error))
                )
        return found, missing

    def stretch(
        self,
        mode: str,
        origin: Waypoint,
        destination: Waypoint,
        *,
        step_free: bool = False,
        extra_s: float = 0.0,
    ) -> Stretch:
        """Return the best way between two named points.

        Raises
        ------
        NoRouteError, OffNetworkError
            There is none.
        """
        way = self._way(
            STREET_MODES[mode],
            (origin.lat, origin.lon),
            (destination.lat, destination.lon),
            step_free and mode == "walk",
        )
        return Stretch(
            mode=mode,
            origin=origin,
            destination=destination,
            duration_s=math.ceil(way.duration_s + extra_s),
            length_m=way.length_m,
            way=way,
        )

    def snap(self, point: Waypoint, mode: Mode, *, step_free: bool = False) -> Snap:
        """Return where a point meets the streets; the last few thousand are remembered.

        Raises
        ------
        OffNetworkError
            It is too far from them.
        """
        return self._snap(point.lat, point.lon, mode, step_free)

    def _find_snap(
        self,
        lat: float,
        lon: float,
        mode: Mode,
        step_free: bool,  # noqa: FBT001 - a key of the cache
    ) -> Snap:
        """Return where a point meets the streets."""
        known = self._known.get((lat, lon, mode, step_free))
        return known or self.network.snap(lat, lon, mode, step_free=step_free)

    def _find_way(
        self,
        mode: Mode,
        origin: tuple[float, float],
        destination: tuple[float, float],
        step_free: bool,  # noqa: FBT001 - a key of the cache
    ) -> DrawnWay:
        """Return the best way between the places where two points meet the streets."""
        return DrawnWay(
            find_way(
                self.network,
                self._snap(*origin, mode, step_free),
                self._snap(*destination, mode, step_free),
                mode,
                step_free=step_free,
            )
        )

    def _direct(self, request: PlanRequest, mode: str) -> Candidate:
        """Return the way on foot or by one's own bike."""
        stretch = self.stretch(
            mode,
            waypoint(request.origin),
            waypoint(request.destination),
            step_free=request.step_free,
        )
        return self._candidate(request, mode, [stretch])

    def _car(self, request: PlanRequest, car_at: Waypoint | None) -> Candidate:
        """Return the way by car: to the best car park and on foot from there, or back from it."""
        if car_at is not None:
            return self._car_back(request, car_at)
        parks = self._car_parks_near(request.destination)
        ways: list[tuple[list[Stretch], Place | None]] = []
        faults: list[Exception] = []
        tried: Sequence[Place | None] = parks or [None]
        for park in tried:
            try:
                ways.append((self._drive_and_walk(request, park), park))
            except (NoRouteError, OffNetworkError) as error:
                faults.append(error)
        if not ways:
            raise faults[0]
        ways.sort(key=lambda way: sum(stretch.duration_s for stretch in way[0]))
        stretches, best = ways[0]
        note = self._parking_note(request, stretches, best, [other for _, other in ways[1:]])
        if best is None:
            return self._candidate(request, "car", stretches, warnings=(NO_CAR_PARK,))
        return self._candidate(
            request, "car", stretches, parking=note, parking_eur=self.costs.parking_eur
        )

    def _drive_and_walk(self, request: PlanRequest, park: Place | None) -> list[Stretch]:
        """Return the walk to the car, the drive, and the walk from the car park."""
        door = waypoint(request.origin)
        goal = waypoint(request.destination)
        start = self._kerb(door)
        stop = self._kerb(goal) if park is None else waypoint(park)
        drive = self.stretch("car", start, stop, extra_s=self.costs.parking_s)
        return [
            *self._walk_unless_there(door, start, step_free=request.step_free),
            drive,
            *self._walk_unless_there(stop, goal, step_free=request.step_free),
        ]

    def _car_back(self, request: PlanRequest, car_at: Waypoint) -> Candidate:
        """Return the way back to where the car stands, and home with it."""
        door, goal = waypoint(request.origin), waypoint(request.destination)
        kerb = self._kerb(goal)
        stretches = [
            *self._walk_unless_there(door, car_at, step_free=request.step_free),
            self.stretch("car", car_at, kerb, extra_s=self.costs.parking_s),
            *self._walk_unless_there(kerb, goal, step_free=request.step_free),
        ]
        return self._candidate(request, "car", stretches)

    def _kerb(self, point: Waypoint) -> Waypoint:
        """Return where a car can stand nearest to a point: the point itself, or its street."""
        snap = self.snap(point, Mode.CAR)
        if snap.distance_m <= AT_THE_DOOR_M:
            return point
        name = Message("Street at {place}", place=point.name)
        return Waypoint(name, snap.lat, snap.lon)

    def _walk_unless_there(
        self, origin: Waypoint, destination: Waypoint, *, step_free: bool
    ) -> list[Stretch]:
        """Return the walk between two points, or nothing where they are about the same."""
        apart_m = great_circle_m(origin.lat, origin.lon, destination.lat, destination.lon)
        if apart_m <= AT_THE_DOOR_M:
            return []
        return [self.stretch("walk", origin, destination, step_free=step_free)]

    def _car_parks_near(self, place: Place) -> list[Place]:
        """Return the car parks of a place's entrance, or those within reach, nearest first."""
        if place.kind == "car_park":
            return [place]
        own = self.gazetteer.at_entrance(place.entrance, "car_park") if place.entrance else ()
        near = sorted(
            (great_circle_m(*place.point, *park.point), park.id, park)
            for park in own or self.gazetteer.by_kind("car_park")
        )
        return [park for apart_m, _, park in near if apart_m <= CAR_PARK_REACH_M][:CAR_PARKS_TRIED]

    def _parking_note(
        self,
        request: PlanRequest,
        stretches: Sequence[Stretch],
        park: Place | None,
        others: Sequence[Place | None],
    ) -> ParkingNote | None:
        """Return how likely the car park is full on arrival, and where to go instead."""
        if park is None or self.outlook is None:
            return None
        total_s = sum(stretch.duration_s for stretch in stretches)
        arrival_s = request.at.timestamp() + (0.0 if request.arrive_by else total_s)
        when_s = arrival_s - day_start_s(request.at.date())
        chance = self.outlook.probability_full(park.id, when_s)
        if chance is None or chance < LIKELY_FULL:
            return ParkingNote(park.name(), chance)
        choices = []
        for other in others:
            known = None if other is None else self.outlook.probability_full(other.id, when_s)
            if other is not None and known is not None and known < chance:
                choices.append((known, other.name(), other))
        if choices:
            known, _, other = min(choices)
            note = Message(
                "{place} is more likely free ({chance:.0%} full)", place=other, chance=known
            )
        else:
            note = Message("public transport gets there whatever the lot")
        return ParkingNote(park.name(), chance, note)

    def _candidate(
        self,
        request: PlanRequest,
        mode: str,
        stretches: Sequence[Stretch],
        *,
        parking: ParkingNote | None = None,
        parking_eur: float = 0.0,
        warnings: tuple[str, ...] = (),
    ) -> Candidate:
        """Return stretches that follow each other without waiting as a candidate."""
        total_s = sum(stretch.duration_s for stretch in stretches)
        asked_s = request.at.timestamp()
        departure_s = asked_s - total_s if request.arrive_by else asked_s
        driven_m = sum(s.length_m for s in stretches if s.mode == "car")
        cost_eur = round(car_cost_eur(driven_m, self.costs.car_eur_km, parking_eur), 2)
        grams = [self.costs.emissions.leg_g(s.mode, s.length_m) for s in stretches]

        def build() -> Itinerary:
            legs: list[Leg] = []
            when = later(request.at, -total_s) if request.arrive_by else request.at
            for stretch, co2_g in zip(stretches, grams, strict=True):
                legs.append(stretch.leg(when, co2_g))
                when = legs[-1].arrival
            return Itinerary(
                legs=tuple(legs),
                fare_eur=0.0,
                cost_eur=cost_eur,
                parking=parking,
                warnings=warnings,
            )

        return Candidate(
            mode=mode,
            kind=mode,
            departure_s=departure_s,
            arrival_s=departure_s + total_s,
            transfers=0,
            walk_s=sum(s.duration_s for s in stretches if s.mode == "walk"),
            walk_m=sum(s.length_m for s in stretches if s.mode == "walk"),
            bike_s=sum(s.duration_s for s in stretches if s.mode == "bike"),
            wait_s=0.0,
            cost_eur=cost_eur,
            co2_g=sum(g for g in grams if g is not None),
            build=build,
            car_at=next((s.destination for s in stretches if s.mode == "car"), None),
        )


def _from_to(origin: Waypoint, line: Coordinates, destination: Waypoint) -> Coordinates:
    """Return a line on the streets with the points themselves at its ends."""
    start, end = (origin.lat, origin.lon), (destination.lat, destination.lon)
    found = line if line and line[0] == start else (start, *line)
    if found[-1] != end or len(found) == 1:
        found = (*found, end)
    return found


def waypoint(place: Place) -> Waypoint:
    """Return a place as the end of a leg."""
    return Waypoint(Message.joined([place]), place.lat, place.lon)
