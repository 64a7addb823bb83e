"""City bikes: walk to a station, rent, ride, return, walk on; alone or to and from transit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lastmile.itinerary import Itinerary, Leg, Waypoint
from lastmile.messages import Message
from lastmile.network.access import Mode
from lastmile.network.paths import matrix
from lastmile.planner.candidates import Candidate
from lastmile.planner.clock import moment
from lastmile.planner.connections import Connection, Effort
from lastmile.planner.stopnet import METRES_PER_DEGREE, Ways, part
from lastmile.planner.streets import waypoint
from lastmile.units import SECONDS_PER_MINUTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lastmile.planner.connections import Connections
    from lastmile.planner.request import PlanRequest
    from lastmile.planner.stations import BikeStation
    from lastmile.planner.streets import StreetTrips

    Floats = NDArray[np.float64]

STATION_WALK_S = 10 * 60.0
STATIONS_TRIED = 12
DOORS_KEPT = 500
STATION_TO_STOP_M = 350.0
LONGEST_CONNECTION_S = 35 * 60.0
FREE_RIDE_S = 30 * SECONDS_PER_MINUTE
DAY_PASS = Message("city bike day pass")
STATION_SNAP_M = 150.0


@dataclass(frozen=True, eq=False)
class NearStations:
    """The stations around a door and the walks there."""

    station: NDArray[np.int64]
    walk_s: Floats
    walk_m: Floats


class BikeShare:
    """City bike trips on the streets.

    Parameters
    ----------
    streets
        Works out walks and rides.
    stations
        The stations; those far from every street are left out and counted.
    """

    def __init__(self, streets: StreetTrips, stations: Sequence[BikeStation]) -> None:
        self.streets = streets
        self.costs = streets.costs
        lat = np.array([station.lat for station in stations], float)
        lon = np.array([station.lon for station in stations], float)
        network = streets.network
        on_foot = network.snap_many(lat, lon, Mode.WALK, max_distance_m=STATION_SNAP_M)
        riding = network.snap_many(lat, lon, Mode.BIKE, max_distance_m=STATION_SNAP_M)
        kept = np.flatnonzero((on_foot.edge >= 0) & (riding.edge >= 0))
        self.stations = tuple(stations[i] for i in kept.tolist())
        self.off_network = len(stations) - len(kept)
        self.on_foot, self.riding = part(on_foot, kept), part(riding, kept)
        self.lat, self.lon = lat[kept], lon[kept]
        self.rents = np.array([station.rents for station in self.stations], bool)
        self._doors: dict[tuple[float, float, bool], NearStations] = {}
        self.takes = np.array([station.takes for station in self.stations], bool)

    def candidates(self, request: PlanRequest) -> list[Candidate]:
        """Return the best city bike trip from door to door, if there is one."""
        door = waypoint(request.origin)
        goal = waypoint(request.destination)
        start = self._near(door, renting=True)
        end = self._near(goal, renting=False)
        ride_s, _ = self._rides(start.station, end.station)
        total_s = start.walk_s[:, None] + ride_s + end.walk_s[None, :]
        if not total_s.size or not np.isfinite(total_s).any():
            return []
        first, last = np.unravel_index(int(total_s.argmin()), total_s.shape)
        rent, back = int(start.station[first]), int(end.station[last])
        if rent == back:
            return []
        riding_s = float(np.ceil(ride_s[first, last]))
        walks_s = (float(np.ceil(start.walk_s[first])), float(np.ceil(end.walk_s[last])))
        lasts_s = riding_s + sum(walks_s)
        asked_s = request.at.timestamp()
        departure_s = asked_s - lasts_s if request.arrive_by else asked_s
        cost_eur = round(self.costs.citybike_day_eur + self._over_time_eur(riding_s), 2)

        def build() -> Itinerary:
            when = departure_s
            legs: list[Leg] = []
            stops = (door, self.waypoint(rent), self.waypoint(back), goal)
            for mode, here, there, duration_s in (
                ("walk", stops[0], stops[1], walks_s[0]),
                ("bikeshare", stops[1], stops[2], riding_s),
                ("walk", stops[2], stops[3], walks_s[1]),
            ):
                legs += self._leg(mode, here, there, when, duration_s)
                when += duration_s
            return Itinerary(tuple(legs), cost_eur, cost_eur, (DAY_PASS,))

        return [
            Candidate(
                mode="bikeshare",
                kind="bikeshare",
                departure_s=departure_s,
                arrival_s=departure_s + lasts_s,
                transfers=0,
                walk_s=sum(walks_s),
                walk_m=float(start.walk_m[first] + end.walk_m[last]),
                bike_s=riding_s,
                wait_s=0.0,
                cost_eur=cost_eur,
                co2_g=0.0,
                build=build,
            )
        ]

    def connection(self, door: Waypoint, make: Connections, *, outward: bool) -> Connection:
        """Return the ways by city bike between a door and the stops beside stations.

        Parameters
        ----------
        door
            Where the trip begins or ends.
        make
            Knows the stops.
        outward
            From the door to the stops, or from them to the door.
        """
        near = self._near(door, renting=outward)
        pairs = make.stopnet.near_points(self.lat, self.lon, self.on_foot, STATION_TO_STOP_M)
        usable = (self.takes if outward else self.rents)[pairs.point]
        stop, far = pairs.stop[usable], pairs.point[usable]
        walk_s, walk_m = pairs.duration_s[usable], pairs.length_m[usable]
        stations = np.unique(far)
        if outward:
            ride_s, ride_m = self._rides(near.station, stations)
        else:
            ride_s, ride_m = (table.T for table in self._rides(stations, near.station))
        ride_s = np.where(near.station[:, None] == stations[None, :], np.inf, ride_s)
        door_s = near.walk_s[:, None] + ride_s
        if not door_s.size:
            none = np.zeros(0)
            return Connection(
                "bikeshare",
                Ways(np.zeros(0, np.int32), none, none),
                lambda _stop: Effort(),
                lambda _stop, _leaves_s: [],
            )
        best = door_s.argmin(axis=0)
        column = np.searchsorted(stations, far)
        total_s = door_s[best[column], column] + walk_s
        order = np.lexsort((total_s, stop))
        order = order[total_s[order] <= LONGEST_CONNECTION_S]
        _, firsts = np.unique(stop[order], return_index=True)
        rows = order[firsts]
        chosen = {
            int(stop[row]): (
                int(near.station[best[column[row]]]),
                int(far[row]),
                float(near.walk_s[best[column[row]]]),
                float(near.walk_m[best[column[row]]]),
                float(ride_s[best[column[row]], column[row]]),
                float(walk_s[row]),
                float(walk_m[row]),
            )
            for row in rows.tolist()
        }
        length_m = np.array(
            [
                near.walk_m[best[column[row]]]
                + ride_m[best[column[row]], column[row]]
                + walk_m[row]
                for row in rows.tolist()
            ],
            float,
        )
        ways = Ways(stop[rows].astype(np.int32), total_s[rows], length_m)

        def effort(stop: int) -> Effort:
            _, _, door_walk_s, door_walk_m, riding_s, stop_walk_s, stop_walk_m = chosen[stop]
            return Effort(
                walk_s=door_walk_s + stop_walk_s,
                walk_m=door_walk_m + stop_walk_m,
                bike_s=riding_s,
                needs_pass=True,
            )

        def legs(stop: int, leaves_s: float) -> list[Leg]:
            by_door, by_stop, door_walk_s, _, riding_s, stop_walk_s, _ = chosen[stop]
            ends = [door, self.waypoint(by_door), self.waypoint(by_stop), make.waypoint(stop)]
            lasts = [door_walk_s, riding_s, stop_walk_s]
            if not outward:
                ends.reverse()
                lasts.reverse()
            whole_s = float(np.ceil(sum(lasts)))
            times = [leaves_s, leaves_s + lasts[0], leaves_s + lasts[0] + lasts[1]]
            times = [float(np.floor(when)) for when in times] + [leaves_s + whole_s]
            modes = ("walk", "bikeshare", "walk")
            found: list[Leg] = []
            for index, mode in enumerate(modes):
                found += self._leg(
                    mode,
                    ends[index],
                    ends[index + 1],
                    times[index],
                    times[index + 1] - times[index],
                )
            return found

        return Connection("bikeshare", ways, effort, legs)

    def waypoint(self, station: int) -> Waypoint:
        """Return a station as the end of a leg."""
        known = self.stations[station]
        name = Message("City bike station {name}", name=known.name)
        return Waypoint(name, known.lat, known.lon, code=known.id)

    def _leg(
        self, mode: str, origin: Waypoint, destination: Waypoint, leaves_s: float, lasts_s: float
    ) -> list[Leg]:
        """Return one leg; a walk of no length is none."""
        if mode == "walk" and lasts_s < 1:
            return []
        stretch = self.streets.stretch(mode, origin, destination)
        return [stretch.leg(moment(leaves_s), 0.0, duration_s=lasts_s)]

    def _over_time_eur(self, riding_s: float) -> float:
        """Return what a ride costs beyond its first half hour."""
        over_s = max(0.0, riding_s - FREE_RIDE_S)
        return float(np.ceil(over_s / FREE_RIDE_S)) * self.costs.citybike_extra_30min_eur

    def _near(self, door: Waypoint, *, renting: bool) -> NearStations:
        """Return the stations within a walk where one can rent (or return), the nearest few."""
        key = (door.lat, door.lon, renting)
        if key not in self._doors:
            if len(self._doors) >= DOORS_KEPT:
                self._doors.clear()
            self._doors[key] = self._find_near(door, self.rents if renting else self.takes)
        return self._doors[key]

    def _find_near(self, door: Waypoint, usable: NDArray[np.bool_]) -> NearStations:
        """Work out the walks to the usable stations, the nearest few by the crow."""
        network = self.streets.network
        north = (self.lat - door.lat) * METRES_PER_DEGREE
        east = (self.lon - door.lon) * METRES_PER_DEGREE * np.cos(np.radians(door.lat))
        apart_m = np.hypot(north, east)
        near = np.flatnonzero(usable & (apart_m <= STATION_WALK_S * network.speeds.walk_m_s))
        near = near[np.argsort(apart_m[near], kind="stable")[:STATIONS_TRIED]]
        if not len(near):
            return NearStations(near, np.zeros(0), np.zeros(0))
        times = matrix(
            network, [self.streets.snap(door, Mode.WALK)], part(self.on_foot, near), Mode.WALK
        )
        close = times.duration_s[0] <= STATION_WALK_S
        return NearStations(near[close], times.duration_s[0][close], times.length_m[0][close])

    @cached_property
    def _ride_table(self) -> tuple[Floats, Floats]:
        """Durations (s, renting and returning included) and lengths (m) between all stations."""
        times = matrix(self.streets.network, self.riding, self.riding, Mode.BIKE)
        riding_s = times.duration_s / self.costs.citybike_speed_factor
        return riding_s + self.costs.rent_s + self.costs.return_s, times.length_m

    def _rides(
        self, origin: NDArray[np.int64], destination: NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        """Return durations (s) and lengths (m) between stations."""
        rows = np.ix_(origin, destination)
        duration_s, length_m = self._ride_table
        return duration_s[rows], length_m[rows]
