"""The two ends of a transit trip: on foot, by one's own bike or by city bike to and from stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lastmile.network.access import Mode
from lastmile.network.street import Places
from lastmile.planner.clock import moment
from lastmile.planner.stopnet import LONGEST_RIDE_S, LONGEST_WALK_S, Ways

if TYPE_CHECKING:
    from collections.abc import Callable

    from lastmile.itinerary import Leg, Waypoint
    from lastmile.planner.stopnet import StopNet
    from lastmile.planner.streets import StreetTrips

WALK_LIMITS_S = (15 * 60.0, 30 * 60.0, LONGEST_WALK_S)
"""Walks to stops: where fewer than ENOUGH_STOPS are within one limit, the next one holds."""
ENOUGH_STOPS = 6
PARK_BIKE_S = 60.0
NO_WAY_M = 1.0


@dataclass(frozen=True, slots=True)
class Effort:
    """What the way to or from a stop asks of the traveller."""

    walk_s: float = 0.0
    walk_m: float = 0.0
    bike_s: float = 0.0
    needs_pass: bool = False


@dataclass(frozen=True, eq=False)
class Connection:
    """One end of a transit trip.

    Attributes
    ----------
    mode
        "walk", "bike" or "bikeshare".
    ways
        The stops and how long the way takes.
    effort
        What the way to (from) a stop asks.
    legs
        Makes the legs of the way to (from) a stop, from the epoch second one leaves; they take
        as long as ``ways`` says, rounded up to whole seconds.
    """

    mode: str
    ways: Ways
    effort: Callable[[int], Effort]
    legs: Callable[[int, float], list[Leg]]


class Connections:
    """Makes connections between doors and stops.

    Parameters
    ----------
    streets, stopnet
        The streets, and the stops on them.
    waypoint
        Stop index -> end of a leg.
    """

    def __init__(
        self, streets: StreetTrips, stopnet: StopNet, waypoint: Callable[[int], Waypoint]
    ) -> None:
        self.streets = streets
        self.stopnet = stopnet
        self.waypoint = waypoint

    def on_foot(self, door: Waypoint, *, outward: bool, long_walk: bool = False) -> Connection:
        """Return the walks from a door to the stops around it, or from them to it.

        Parameters
        ----------
        door
            Where the trip begins or ends.
        outward
            From the door to the stops, or from them to the door.
        long_walk
            Look farther than people like to walk.

        Raises
        ------
        OffNetworkError
            The door is too far from every street one can walk on.
        """
        ways = self.walks(door, long_walk=long_walk)

        def effort(stop: int) -> Effort:
            duration_s, length_m = ways.to(stop)
            return Effort(walk_s=duration_s, walk_m=length_m)

        def legs(stop: int, leaves_s: float) -> list[Leg]:
            return self.street_leg("walk", door, stop, leaves_s, ways, outward=outward)

        return Connection("walk", ways, effort, legs)

    def walks(self, door: Waypoint, *, long_walk: bool = False) -> Ways:
        """Return the walks between a door and the stops around it, either way.

        Raises
        ------
        OffNetworkError
            The door is too far from every street one can walk on.
        """
        point = self.place(door, Mode.WALK)
        usual_s, long_s, longest_s = WALK_LIMITS_S
        if long_walk:
            return self.stopnet.walks(point, longest_s)
        ways = self.stopnet.walks(point, usual_s)
        if len(ways.stop) >= ENOUGH_STOPS:
            return ways
        ways = self.stopnet.walks(point, long_s)
        return ways if len(ways.stop) else self.stopnet.walks(point, longest_s)

    def by_bike(self, door: Waypoint) -> Connection:
        """Return the rides on one's own bike from a door to the stops around it."""
        found = self.stopnet.rides(self.place(door, Mode.BIKE), LONGEST_RIDE_S)
        ways = Ways(found.stop, found.duration_s + PARK_BIKE_S, found.length_m)

        def effort(stop: int) -> Effort:
            return Effort(bike_s=ways.to(stop)[0])

        def legs(stop: int, leaves_s: float) -> list[Leg]:
            return self.street_leg("bike", door, stop, leaves_s, ways, outward=True)

        return Connection("bike", ways, effort, legs)

    def home_by_bike(self, door: Waypoint, parked: int) -> Connection:
        """Return the ways home from the stops around the one where one's own bike stands.

        Parameters
        ----------
        door
            Home.
        parked
            Stop index where the bike stands.

        Raises
        ------
        NoRouteError, OffNetworkError
            No way leads home from there by bike.
        """
        bike = self.waypoint(parked)
        ride = self.streets.stretch("bike", bike, door, extra_s=PARK_BIKE_S)
        stop, walk_s, walk_m = self.stopnet.walks_between_stops(parked)
        ways = Ways(stop, walk_s + ride.duration_s, walk_m + ride.length_m)

        def effort(stop: int) -> Effort:
            duration_s, length_m = ways.to(stop)
            return Effort(
                walk_s=duration_s - ride.duration_s,
                walk_m=length_m - ride.length_m,
                bike_s=ride.duration_s,
            )

        def legs(stop: int, leaves_s: float) -> list[Leg]:
            walk_s = float(np.ceil(ways.to(stop)[0])) - ride.duration_s
            found = [ride.leg(moment(leaves_s + walk_s), 0.0)]
            if stop != parked:
                walk = self.streets.stretch("walk", self.waypoint(stop), bike)
                found.insert(0, walk.leg(moment(leaves_s), 0.0, duration_s=walk_s))
            return found

        return Connection("bike", ways, effort, legs)

    def street_leg(
        self,
        mode: str,
        door: Waypoint,
        stop: int,
        leaves_s: float,
        ways: Ways,
        *,
        outward: bool,
    ) -> list[Leg]:
        """Return the one leg between a door and a stop, or none where they are one place."""
        duration_s, length_m = ways.to(stop)
        if length_m < NO_WAY_M and duration_s < 1:
            return []
        there = self.waypoint(stop)
        ends = (door, there) if outward else (there, door)
        stretch = self.streets.stretch(mode, *ends, step_free=self.stopnet.step_free)
        return [stretch.leg(moment(leaves_s), 0.0, duration_s=float(np.ceil(duration_s)))]

    def place(self, door: Waypoint, mode: Mode) -> Places:
        """Return a door on the network as the matrix searches want it.

        Raises
        ------
        OffNetworkError
            It is too far away.
        """
        on_foot = mode is Mode.WALK
        snap = self.streets.snap(door, mode, step_free=self.stopnet.step_free and on_foot)
        return Places(
            np.array([snap.edge], np.int32),
            np.array([snap.fraction]),
            np.array([snap.distance_m]),
            np.array([snap.lat]),
            np.array([snap.lon]),
        )
