"""The planner: asks every mode, keeps what is worth showing, and thinks of the way back."""

from __future__ import annotations

import math
from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import cached_property, lru_cache
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np

from lastmile import datasets
from lastmile.errors import LastmileError, NoRouteError, NoServiceError
from lastmile.itinerary import MODES, Outing
from lastmile.messages import MODE_WORDS, Message
from lastmile.network.access import Mode
from lastmile.network.street import load_network
from lastmile.parameters import Parameters
from lastmile.places import Gazetteer
from lastmile.planner.bikeshare import BikeShare
from lastmile.planner.clock import later, moment, now_to_the_minute
from lastmile.planner.connections import Connections
from lastmile.planner.costs import Costs
from lastmile.planner.levels import TransitMatrix, transit_matrix
from lastmile.planner.outings import returns, slack_warnings, way_back
from lastmile.planner.pareto import bearable_s, choose
from lastmile.planner.request import PlanRequest
from lastmile.planner.stations import in_season, load_bike_stations
from lastmile.planner.stopnet import STOP_SNAP_M, StopNet
from lastmile.planner.streets import StreetTrips, waypoint
from lastmile.planner.transit import LONGEST_S, TransitDay, Window, vehicle_of
from lastmile.transit.feed import load_active_feed
from lastmile.transit.timetable import Timetable, next_service_day, previous_service_day
from lastmile.units import SECONDS_PER_DAY, great_circle_m

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from numpy.typing import NDArray

    from lastmile.itinerary import Itinerary, WayBack, Waypoint
    from lastmile.network.street import StreetNetwork
    from lastmile.planner.candidates import Candidate
    from lastmile.planner.connections import Connection
    from lastmile.planner.parking import ParkingOutlook
    from lastmile.planner.stations import BikeStation
    from lastmile.transit.model import Feed
    from lastmile.transit.timetable import TransitService

DAYS_KEPT = 8
STAY_S = 4 * 3600
NIGHT_S = 4 * 3600 + 1800
END_OF_NIGHT_S = SECONDS_PER_DAY + NIGHT_S
"""A day's last journeys are home by 04:30."""
START_OF_DAY_S = 4 * 3600
NEXT_DAYS = 8
ALWAYS_TRANSIT_M = 3000.0
"""Over such a distance the best ride is shown however much quicker another way is."""
STEPS_UNKNOWN = Message(
    "the timetable does not say of every stop and vehicle whether it is step-free"
)
NEAR_WEEKS = (-14, -7, 7, 14)
USUAL_WEEKS = 2
"""A day on which the same runs as on so many of the same weekdays around it is a usual one."""
SPEED_TOLERANCE = 0.01
REPRESENTATIVE = Message(
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
        self._making = RLock()
        self._stopnets: dict[bool, StopNet] = {}
        self._days: OrderedDict[tuple[date, bool], TransitDay] = OrderedDict()
        self._unusual: dict[date, bool] = {}

    @property
    def attribution(self) -> str:
        """Whom maps and tracks are to be credited to."""
        return self.network.attribution

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the planner had to leave out, with counts."""
        found = []
        off = self._stopnet(step_free=False).off_network
        if off:
            found.append(
                Message(
                    "{off} of {all} stops lie more than {far_m:.0f} m from every street: nobody "
                    "gets on or off there",
                    off=off,
                    all=len(self.feed.stops),
                    far_m=STOP_SNAP_M,
                )
            )
        if self._bikeshare.off_network:
            found.append(
                Message(
                    "{off} of {all} city bike stations lie off the streets and are left out",
                    off=self._bikeshare.off_network,
                    all=len(self.bike_stations),
                )
            )
        return tuple(found)

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
        other._making, other._stopnets = self._making, self._stopnets
        return other

    # --- the timetable of a day -----------------------------------------------------------------

    def transit_day(self, day: date, *, step_free: bool = False) -> TransitDay:
        """Return a service day ready to be asked; the last few stay in memory.

        Of several threads that ask for a day the first makes it, and the others wait.

        Raises
        ------
        NoServiceError
            Nothing runs that day.
        """
        with self._making:
            return self._transit_day(day, step_free=step_free)

    def _transit_day(self, day: date, *, step_free: bool) -> TransitDay:
        """Return a service day out of memory, or made anew."""
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
        with self._making:
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
        chosen, warnings = self.ways(request)
        itineraries = tuple(candidate.build() for candidate in chosen)
        back: list[Itinerary] = []
        safety: WayBack | None = None
        if request.stay_s is not None:
            back, faults = returns(self, request, chosen, request.stay_s)
            warnings += faults
            shared = next((one for one in chosen if not one.gear), None)
            if shared is not None and "transit" in request.modes:
                leave = moment(shared.arrival_s + request.stay_s)
                safety = way_back(self, request, leave)
                warnings += [] if safety is None else [*safety.notes, *slack_warnings(safety)]
        warnings += self._last_of_the_day(request, chosen)
        warnings += self._holidays(chosen)
        return Outing(
            request=request.to_json(),
            itineraries=itineraries,
            returns=tuple(back),
            way_back=safety,
            warnings=tuple(dict.fromkeys(warnings)),
            notes=self.notes,
        )

    def ways(
        self, request: PlanRequest, *, car_at: Waypoint | None = None, bike_stop: int | None = None
    ) -> tuple[list[Candidate], list[str]]:
        """Return the candidates worth showing, best first, and what to warn of.

        Parameters
        ----------
        request
            The question.
        car_at
            On the way back: where the car stands.
        bike_stop
            On the way back: the stop where the bike stands.

        Raises
        ------
        OffNetworkError, NoRouteError, NoServiceError
            As :meth:`plan`.
        """
        for end in (request.origin, request.destination):
            self.streets.snap(waypoint(end), Mode.WALK)  # whatever the mode, one walks at the ends
        candidates, missing = self.streets.candidates(request, car_at=car_at)
        warnings: list[str] = []
        faults: list[LastmileError] = []
        if "bikeshare" in request.modes and in_season(request.at.date()):
            candidates += self._bikeshare_only(request)
        elif request.modes == {"bikeshare"}:
            missing.append(Message("city bikes are out from April to October only"))
        if "transit" in request.modes:
            try:
                quickest_s = min(
                    (one.arrival_s - one.departure_s for one in candidates), default=math.inf
                )
                rides, remarks = self._transit(request, bike_stop, bearable_s(quickest_s))
                candidates += rides
                warnings += remarks
            except NoServiceError as error:
                warnings.append(str(error))
                faults.append(error)
        named = request.modes
        if named == frozenset(MODES):
            apart_m = great_circle_m(*request.origin.point, *request.destination.point)
            named = frozenset({"transit"}) if apart_m > ALWAYS_TRANSIT_M else frozenset()
        else:
            warnings += missing
        options = [
            candidate.option(request, self.costs) for candidate in _worth_their_walk(candidates)
        ]
        chosen = [option.item for option in choose(options, asked=named)]
        if not chosen:
            if faults:
                raise faults[0]
            words = Message.joined((MODE_WORDS[mode] for mode in sorted(request.modes)), ", ")
            raise NoRouteError(
                Message.joined(missing) or Message("no way by {modes} was found", modes=words)
            )
        return chosen, warnings

    def last_departure(self, request: PlanRequest, *, long_walk: bool = True) -> Candidate | None:
        """Return the last way by public transport on the day of the request that is home by night.

        It is the last one that :meth:`plan` gives to those who ask at every minute of the day.

        Parameters
        ----------
        request
            The question; its time only names the day.
        long_walk
            Whether walks to and from stops may be as long as where there is no other way.

        Raises
        ------
        NoServiceError
            Nothing runs that day.
        """
        day = self.transit_day(_service_date(request.at), step_free=request.step_free)
        for known in _days_known(request, day):
            last: tuple[int, Connection, Connection] | None = None
            for access, egress in self._walks(request, known, long_walk=long_walk):
                leaves_s = _last_departure_s(known, access, egress)
                if leaves_s is not None and (last is None or leaves_s > last[0]):
                    last = leaves_s, access, egress
            if last is not None:
                leaves_s, access, egress = last
                first_home = known.search_first(access, egress, leaves_s)[0]
                return known.candidate(first_home, access, egress)
        return None

    def first_after(self, request: PlanRequest) -> Candidate | None:
        """Return the first way by public transport after a time, on that day or the next."""
        for ahead in range(NEXT_DAYS):
            day_date = _service_date(request.at) + timedelta(days=ahead)
            try:
                day = self.transit_day(day_date, step_free=request.step_free)
            except NoServiceError:
                continue
            at_s = max(round(request.at.timestamp() - day.start_s), 0)
            found = self._first_way(request, day, at_s)
            if found is not None:
                return found
        return None

    # --- one way of travel at a time ------------------------------------------------------------

    def _bikeshare_only(self, request: PlanRequest) -> list[Candidate]:
        """Return the city bike trip from door to door."""
        return self._bikeshare.candidates(request)

    @cached_property
    def _bikeshare(self) -> BikeShare:
        """City bikes on the streets, put there when first asked for."""
        return BikeShare(self.streets, self.bike_stations)

    def _transit(
        self, request: PlanRequest, bike_stop: int | None, longest_s: float
    ) -> tuple[list[Candidate], list[str]]:
        """Return the ways by public transport, and remarks on them.

        What takes longer than ``longest_s`` is left out where there is anything quicker.

        Raises
        ------
        NoServiceError
            There is none on the day from the time asked for on (until then, for an arrival);
            the message names the next day (the last one before) that has one.
        """
        try:
            day = self._day_to_search(request)
        except NoServiceError:
            raise NoServiceError(
                Message(
                    "no public transport runs on {day:%A %Y-%m-%d}{next_day}",
                    day=request.at,
                    next_day=self._other_day_that_serves(request, request.at.date()),
                )
            ) from None
        for known in _days_known(request, day):
            found, remarks = self._rides(request, known, bike_stop, longest_s)
            if found:
                return found, remarks if known is day else [*remarks, STEPS_UNKNOWN]
        asked = {
            "origin": request.origin,
            "destination": request.destination,
            "day": request.at,
            "time": request.at,
            "next_day": self._other_day_that_serves(request, day.day),
        }
        raise NoServiceError(
            Message(
                "no public transport from {origin} to {destination} on {day:%A %Y-%m-%d} before "
                "{time:%H:%M}{next_day}",
                **asked,
            )
            if request.arrive_by
            else Message(
                "no public transport from {origin} to {destination} on {day:%A %Y-%m-%d} after "
                "{time:%H:%M}{next_day}",
                **asked,
            )
        )

    def _rides(
        self, request: PlanRequest, day: TransitDay, bike_stop: int | None, longest_s: float
    ) -> tuple[list[Candidate], list[str]]:
        """Return the rides within the window, or the nearest one outside it with a remark."""
        window = self._window(request, day)
        ends = self._ends(request, day, bike_stop)
        for limit_s in (min(longest_s, LONGEST_S), math.inf):
            found = [
                candidate
                for access, egress in ends
                for candidate in day.candidates(access, egress, window, limit_s)
            ]
            if found:
                return found, []
        if bike_stop is not None:
            return [], []
        beyond = self._beyond_the_window(request, day, window)
        remarks: list[str] = []
        for candidate in beyond:
            if not window.first_s <= candidate.departure_s - day.start_s <= window.last_s:
                leaves = moment(candidate.departure_s)
                remarks.append(
                    Message(
                        "the last before that public transport leaves at {when:%a %d.%m. %H:%M}",
                        when=leaves,
                    )
                    if window.arrivals
                    else Message(
                        "the next public transport leaves at {when:%a %d.%m. %H:%M}", when=leaves
                    )
                )
        return beyond, remarks

    def _day_to_search(self, request: PlanRequest) -> TransitDay:
        """Return the day of a request; who is to be there by night leaves the day before.

        Raises
        ------
        NoServiceError
            Nothing runs then.
        """
        if request.arrive_by:
            with suppress(NoServiceError):
                return self.transit_day(_service_date(request.at), step_free=request.step_free)
        return self.transit_day(request.at.date(), step_free=request.step_free)

    def _beyond_the_window(
        self, request: PlanRequest, day: TransitDay, window: Window
    ) -> list[Candidate]:
        """Return the nearest way outside the window, with longer walks where it takes them."""
        for access, egress in self._walks(request, day):
            if window.arrivals:
                journeys = day.search_last(access, egress, window.last_s)
                journeys.sort(key=lambda journey: -journey.departure_s)
            else:
                journeys = day.search_first(access, egress, window.first_s)
            night_s = max(END_OF_NIGHT_S, window.first_s)
            journeys = [one for one in journeys if 0 <= one.departure_s <= night_s]
            if journeys:
                return [day.candidate(journeys[0], access, egress)]
        return []

    def _first_way(self, request: PlanRequest, day: TransitDay, from_s: int) -> Candidate | None:
        """Return the first way that leaves on a day from a time on, by the walks of a plan."""
        window = Window(from_s, from_s)
        for known in _days_known(request, day):
            found = self._beyond_the_window(request, known, window)
            if found:
                return found[0]
        return None

    def _other_day_that_serves(self, request: PlanRequest, from_day: date) -> Message:
        """Return the words for the next day on which public transport leads there.

        Who must be there by a time is told of the last day before.
        """
        known: dict[bytes, bool] = {}

        def serves(day_date: date) -> bool:
            running = self.feed.active_services(day_date).tobytes()
            if running not in known:
                day = self.transit_day(day_date, step_free=request.step_free)
                known[running] = self._first_way(request, day, START_OF_DAY_S) is not None
            return known[running]

        if request.arrive_by:
            before = previous_service_day(self.feed, from_day, serves=serves)
            if before is None:
                return Message("; no earlier day of the timetable has one")
            return Message("; the last day before that has one is {day:%A %Y-%m-%d}", day=before)
        following = next_service_day(self.feed, from_day, serves=serves)
        if following is None:
            return Message("; no later day of the timetable has one")
        return Message("; the next day that has one is {day:%A %Y-%m-%d}", day=following)

    def _window(self, request: PlanRequest, day: TransitDay) -> Window:
        """Return the window of the request on a day's clock."""
        at_s = round(request.at.timestamp() - day.start_s)
        if request.arrive_by:
            return Window(at_s - request.window_s, at_s, arrivals=True)
        return Window(at_s, at_s + request.window_s)

    def _on_foot(
        self, request: PlanRequest, day: TransitDay, *, long_walk: bool = False
    ) -> tuple[Connection, Connection]:
        """Return walks to and from the stops."""
        make = Connections(self.streets, day.stopnet, day.waypoint)
        return (
            make.on_foot(waypoint(request.origin), outward=True, long_walk=long_walk),
            make.on_foot(waypoint(request.destination), outward=False, long_walk=long_walk),
        )

    def _walks(
        self, request: PlanRequest, day: TransitDay, *, long_walk: bool = True
    ) -> Iterator[tuple[Connection, Connection]]:
        """Yield the walks to and from the stops: the usual ones, then the long ones."""
        yield self._on_foot(request, day)
        if long_walk:
            yield self._on_foot(request, day, long_walk=True)

    def _ends(
        self, request: PlanRequest, day: TransitDay, bike_stop: int | None
    ) -> list[tuple[Connection, Connection]]:
        """Return the pairs of access and egress to search with."""
        make = Connections(self.streets, day.stopnet, day.waypoint)
        origin, destination = waypoint(request.origin), waypoint(request.destination)
        to_stops = make.on_foot(origin, outward=True)
        if bike_stop is not None:
            return [(to_stops, make.home_by_bike(destination, bike_stop))]
        from_stops = make.on_foot(destination, outward=False)
        pairs = [(to_stops, from_stops)]
        if "bike" in request.modes:
            pairs.append((make.by_bike(origin), from_stops))
        if "bikeshare" in request.modes and in_season(request.at.date()):
            rented_there = self._bikeshare.connection(origin, make, outward=True)
            rented_here = self._bikeshare.connection(destination, make, outward=False)
            pairs += [(rented_there, from_stops), (to_stops, rented_here)]
        return pairs

    def _all_ends(
        self, request: PlanRequest, day: TransitDay
    ) -> Iterator[tuple[Connection, Connection]]:
        """Yield every access and egress a plan may take, those on foot first."""
        yield from self._walks(request, day)
        _, *others = self._ends(request, day, None)
        yield from others

    def _last_of_the_day(self, request: PlanRequest, chosen: Sequence[Candidate]) -> list[str]:
        """Return a warning where the best ride is the last of its day."""
        rides = [one for one in chosen if one.mode == "transit"]
        if not rides or any(one.departure_s > rides[0].departure_s for one in rides):
            return []
        best = rides[0]
        try:
            day = self.transit_day(
                _service_date(moment(best.arrival_s)), step_free=request.step_free
            )
        except NoServiceError:
            return []
        for known in _days_known(request, day):
            for access, egress in self._all_ends(request, known):
                leaves_s = _last_departure_s(known, access, egress)
                if leaves_s is not None and leaves_s + day.start_s > best.departure_s:
                    return []
        return [
            Message(
                "the {time:%H:%M} departure is the last of the day to {place}",
                time=moment(best.departure_s),
                place=request.destination,
            )
        ]

    def _holidays(self, chosen: Sequence[Candidate]) -> list[str]:
        """Return warnings of holidays, which a representative timetable can but guess at."""
        if REPRESENTATIVE not in self.notes:
            return []
        days = {_service_date(moment(one.departure_s)) for one in chosen if one.mode == "transit"}
        return [
            Message(
                "on {day:%A %Y-%m-%d}, a holiday or its eve, the service of another day of the "
                "week is assumed: less may run, and the last departure may be earlier; check "
                "hsl.fi",
                day=day,
            )
            for day in sorted(days)
            if self._is_unusual(day)
        ]

    def _is_unusual(self, day: date) -> bool:
        """Tell whether other services run on a day than on that weekday in the weeks around it."""
        known = self._unusual.get(day)
        if known is None:
            own = self.feed.active_services(day)
            alike = [
                np.array_equal(own, self.feed.active_services(day + timedelta(days=apart)))
                for apart in NEAR_WEEKS
            ]
            known = self._unusual[day] = sum(alike) < USUAL_WEEKS
        return known


def _worth_their_walk(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Leave out the ways on which one walks as far as the whole way is on foot."""
    whole_m = min((one.walk_m for one in candidates if one.mode == "walk"), default=math.inf)
    return [one for one in candidates if one.mode == "walk" or one.walk_m < whole_m]


def _days_known(request: PlanRequest, day: TransitDay) -> tuple[TransitDay, ...]:
    """Return the day as it is known to be, and where steps matter as it may be."""
    return (day, day.lenient) if request.step_free else (day,)


def _last_departure_s(day: TransitDay, access: Connection, egress: Connection) -> int | None:
    """Return when the last way of a day leaves that is there by the end of its night, s."""
    found = day.search_last(access, egress, END_OF_NIGHT_S)
    return max((one.departure_s for one in found if one.arrival_s > NIGHT_S), default=None)


def _service_date(when: datetime) -> date:
    """Return the service day an instant belongs to: nights belong to the day before."""
    return later(when, -NIGHT_S).date()


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


def warm(planner: Planner) -> None:
    """Ask a planner something of every kind, so that nobody waits for kernels being compiled."""
    towns, parks = (planner.gazetteer.by_kind(kind) for kind in ("metro_station", "park_entrance"))
    for at in (now_to_the_minute(), later(now_to_the_minute(), SECONDS_PER_DAY)):
        for arrive_by in (False, True):
            request = PlanRequest(towns[0], parks[0], at, arrive_by=arrive_by, stay_s=STAY_S)
            with suppress(LastmileError):
                planner.plan(request)
