"""The planner: asks every mode, keeps what is worth showing, and thinks of the way back."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from lastmile import datasets
from lastmile.errors import LastmileError, NoRouteError, NoServiceError
from lastmile.itinerary import MODES, Outing
from lastmile.network.street import load_network
from lastmile.parameters import Parameters
from lastmile.places import Gazetteer
from lastmile.planner.connections import Connections
from lastmile.planner.costs import Costs
from lastmile.planner.levels import TransitMatrix, transit_matrix
from lastmile.planner.pareto import choose
from lastmile.planner.stations import load_bike_stations
from lastmile.planner.stopnet import StopNet
from lastmile.planner.streets import StreetTrips, waypoint
from lastmile.planner.transit import TransitDay, Window, vehicle_of
from lastmile.transit.feed import load_active_feed
from lastmile.transit.timetable import Timetable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from lastmile.itinerary import Waypoint
    from lastmile.network.street import StreetNetwork
    from lastmile.planner.candidates import Candidate
    from lastmile.planner.connections import Connection
    from lastmile.planner.parking import ParkingOutlook
    from lastmile.planner.request import PlanRequest
    from lastmile.planner.stations import BikeStation
    from lastmile.transit.model import Feed
    from lastmile.transit.timetable import TransitService

DAYS_KEPT = 8
END_OF_NIGHT_S = 28 * 3600 + 1800
"""A day's last journeys are at home by 04:30."""
SPEED_TOLERANCE = 0.01
REPRESENTATIVE = (
    "Times are of a representative timetable, not the one in force: check hsl.fi before you go."
)


class Planner:
    """Plans door-to-door trips and outings over one street network and one feed.

    Parameters
    ----------
    network
        The streets.
    feed
        The timetable.
    bike_stations
        Stations of city bikes.
    parameters
        Prices, speeds and weights; those of the bundle by default.
    gazetteer
        Knows the car parks; that of the bundle by default.
    parking_outlook
        How full car parks will be, when somebody knows.
    services
        Pilot services that run besides the feed, every day.
    notes
        Lines every answer carries.
    """

    def __init__(
        self,
        network: StreetNetwork,
        feed: Feed,
        *,
        bike_stations: Sequence[BikeStation] = (),
        parameters: Parameters | None = None,
        gazetteer: Gazetteer | None = None,
        parking_outlook: ParkingOutlook | None = None,
        services: Sequence[TransitService] = (),
        notes: Sequence[str] = (),
    ) -> None:
        self.parameters = parameters or Parameters.bundled()
        self.costs = Costs.from_parameters(self.parameters)
        self.network = _at_speeds(network, self.parameters)
        self.feed = feed
        self.gazetteer = gazetteer or Gazetteer.bundled()
        self.bike_stations = tuple(bike_stations)
        self.parking_outlook = parking_outlook
        self.services = tuple(services)
        self.notes = tuple(notes)
        self.streets = StreetTrips(self.network, self.costs, self.gazetteer, parking_outlook)
        self._stopnets: dict[bool, StopNet] = {}
        self._days: OrderedDict[tuple[date, bool], TransitDay] = OrderedDict()

    @property
    def attribution(self) -> str:
        """Whom maps and tracks are to be credited to."""
        return self.network.attribution

    def with_services(self, services: Sequence[TransitService]) -> Planner:
        """Return a planner that also knows pilot services; this one stays as it is."""
        other = Planner(
            self.network,
            self.feed,
            bike_stations=self.bike_stations,
            parameters=self.parameters,
            gazetteer=self.gazetteer,
            parking_outlook=self.parking_outlook,
            services=(*self.services, *services),
            notes=self.notes,
        )
        other._stopnets = self._stopnets
        return other

    # --- the timetable of a day -----------------------------------------------------------------

    def transit_day(self, day: date, *, step_free: bool = False) -> TransitDay:
        """Return a service day ready to be asked; the last few stay in memory.

        Raises
        ------
        NoServiceError
            Nothing runs that day.
        """
        key = (day, step_free)
        if key in self._days:
            self._days.move_to_end(key)
            return self._days[key]
        timetable = Timetable.for_day(self.feed, day)
        for service in self.services:
            timetable = timetable.with_service(service)
        stopnet = self._stopnet(step_free=step_free)
        if len(timetable.stops) > len(stopnet.lat):
            stopnet = stopnet.extended(timetable.stops, self._platform_s(timetable))
        self._days[key] = TransitDay(timetable, stopnet, self.streets, self.costs)
        while len(self._days) > DAYS_KEPT:
            self._days.popitem(last=False)
        return self._days[key]

    def _stopnet(self, *, step_free: bool) -> StopNet:
        """Return the feed's stops on the streets."""
        if step_free not in self._stopnets:
            metro_s = np.zeros(len(self.feed.stops))
            metro_s[self._metro_stops()] = self.parameters.value("metro_access_s")
            self._stopnets[step_free] = StopNet.build(
                self.network,
                self.feed.stops,
                metro_s,
                feed_digest=self.feed.digest,
                step_free=step_free,
            )
        return self._stopnets[step_free]

    def _platform_s(self, timetable: Timetable) -> NDArray[np.float64]:
        """Return the time to the platforms of all stops; new ones stand on the street."""
        known = self._stopnet(step_free=False).platform_s
        return np.concatenate([known, np.zeros(len(timetable.stops) - len(known))])

    def _metro_stops(self) -> NDArray[np.int32]:
        """Return the stops the metro calls at."""
        is_metro = np.array(
            [vehicle_of(int(kind)) == "metro" for kind in self.feed.routes["route_type"]], bool
        )
        trips = np.flatnonzero(is_metro[self.feed.trips["route"].to_numpy()])
        calls = self.feed.stop_times
        found = [calls.stop[calls.offset[trip] : calls.offset[trip + 1]] for trip in trips]
        return np.unique(np.concatenate([np.zeros(0, np.int32), *found]))

    def transit_matrix(
        self,
        origins: Sequence[tuple[float, float]],
        destinations: Sequence[tuple[float, float]],
        day: date,
        departures_s: Sequence[float] | NDArray[np.float64],
        *,
        step_free: bool = False,
    ) -> TransitMatrix:
        """Return public transport between many places at many times of one day.

        Parameters
        ----------
        origins, destinations
            n and m points, (lat, lon).
        day
            The service day.
        departures_s
            (k,) when one is ready to leave, s after midnight of the service day.
        step_free
            Without steps, and by stops and vehicles known to be accessible.

        Returns
        -------
        TransitMatrix
            Arrays (n, m, k), walking to and from stops; nan where there is no connection.

        Raises
        ------
        NoServiceError
            Nothing runs that day.
        OffNetworkError
            A point is too far from every street.
        """
        transit = self.transit_day(day, step_free=step_free)
        return transit_matrix(
            transit,
            Connections(self.streets, transit.stopnet, transit.waypoint),
            origins,
            destinations,
            np.asarray(departures_s, np.float64),
            transfer_penalty_s=self.costs.transfer_s,
        )

    # --- planning -------------------------------------------------------------------------------

    def plan(self, request: PlanRequest) -> Outing:
        """Plan a trip, and the way back when a stay is asked for.

        Raises
        ------
        OffNetworkError
            An end is too far from every street; the message says how far.
        NoRouteError, NoServiceError
            There is no way by the modes asked for; the message says why.
        """
        chosen, warnings = self._ways(request)
        itineraries = tuple(candidate.build() for candidate in chosen)
        return Outing(
            request=request.to_json(),
            itineraries=itineraries,
            warnings=tuple(warnings),
            notes=self.notes,
        )

    def _ways(
        self, request: PlanRequest, *, car_at: Waypoint | None = None, bike_stop: int | None = None
    ) -> tuple[list[Candidate], list[str]]:
        """Return the candidates worth showing, best first, and what to warn of."""
        candidates, missing = self.streets.candidates(request, car_at=car_at)
        warnings: list[str] = []
        faults: list[LastmileError] = []
        if "transit" in request.modes:
            try:
                candidates += self._transit(request, bike_stop)
            except NoServiceError as error:
                warnings.append(str(error))
                faults.append(error)
        named = request.modes if request.modes != frozenset(MODES) else frozenset()
        if named:
            warnings += missing
        options = [candidate.option(request, self.costs) for candidate in candidates]
        chosen = [option.item for option in choose(options, asked=named)]
        if not chosen:
            if faults:
                raise faults[0]
            raise NoRouteError(
                "; ".join(missing) or f"no way by {', '.join(sorted(request.modes))} was found"
            )
        return chosen, warnings

    def _transit(self, request: PlanRequest, bike_stop: int | None) -> list[Candidate]:
        """Return the ways by public transport.

        Raises
        ------
        NoServiceError
            There is none on the day from the time asked for on.
        """
        day = self.transit_day(request.at.date(), step_free=request.step_free)
        window = self._window(request, day)
        found: list[Candidate] = []
        for access, egress in self._ends(request, day, bike_stop):
            found += [
                day.candidate(journey, access, egress)
                for journey in day.search(access, egress, window)
            ]
        return found

    def _window(self, request: PlanRequest, day: TransitDay) -> Window:
        """Return the window of the request on a day's clock."""
        at_s = round(request.at.timestamp() - day.start_s)
        if request.arrive_by:
            return Window(at_s - request.window_s, at_s, arrivals=True)
        return Window(at_s, at_s + request.window_s)

    def _ends(
        self, request: PlanRequest, day: TransitDay, bike_stop: int | None
    ) -> list[tuple[Connection, Connection]]:
        """Return the pairs of access and egress to search with."""
        make = Connections(self.streets, day.stopnet, day.waypoint)
        origin, destination = waypoint(request.origin), waypoint(request.destination)
        on_foot = make.on_foot(origin, outward=True)
        if bike_stop is not None:
            return [(on_foot, make.by_bike(destination, outward=False, only_stop=bike_stop))]
        off = make.on_foot(destination, outward=False)
        pairs = [(on_foot, off)]
        if "bike" in request.modes:
            pairs.append((make.by_bike(origin, outward=True), off))
        return pairs


def _at_speeds(network: StreetNetwork, parameters: Parameters) -> StreetNetwork:
    """Return the network at the parameters' speeds."""
    walk, bike = parameters.value("walk_speed_ms"), parameters.value("bike_speed_path_ms")
    own = network.speeds
    if max(abs(own.walk_m_s - walk), abs(own.bike_m_s - bike)) <= SPEED_TOLERANCE:
        return network
    return network.with_speeds(replace(own, walk_m_s=walk, bike_m_s=bike))


@lru_cache(maxsize=1)
def load_planner() -> Planner:
    """Return the planner over the data in force, made once a process.

    Raises
    ------
    DataError
        A data set is missing or damaged; the message says how to restore it.
    """
    notes = (REPRESENTATIVE,) if datasets.active("timetable") is None else ()
    return Planner(
        load_network(), load_active_feed(), bike_stations=load_bike_stations(), notes=notes
    )
