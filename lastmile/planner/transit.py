"""Trips by public transport: from the router's journeys to weighed candidates and full legs."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lastmile.fares import Ride as FareRide
from lastmile.fares import ride_zones
from lastmile.itinerary import Call, Itinerary, Leg, Waypoint
from lastmile.messages import Message
from lastmile.network.tables import great_circle_m
from lastmile.planner.candidates import Candidate
from lastmile.planner.changes import Changes
from lastmile.planner.clock import moment
from lastmile.planner.shapes import line_length_m, piece, stop_positions
from lastmile.transit.raptor import Ends, Options, Router

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from lastmile.itinerary import Coordinates
    from lastmile.planner.connections import Connection
    from lastmile.planner.costs import Costs
    from lastmile.planner.stopnet import StopNet
    from lastmile.planner.streets import StreetTrips
    from lastmile.transit.journeys import Journey, Ride
    from lastmile.transit.timetable import Timetable

VEHICLES = {0: "tram", 1: "metro", 2: "train", 3: "bus", 4: "ferry", 5: "tram", 11: "bus"}
EXTENDED_VEHICLES = {1: "train", 2: "bus", 4: "metro", 7: "bus", 8: "bus", 9: "tram", 10: "ferry"}
"""Hundreds of the extended route types of GTFS (100 rail, 700 bus, 900 tram, 1000 water, ...)."""
USUAL_TRANSFERS, MAX_TRANSFERS = 3, 4
"""Changes of the ways looked for, and of those looked for where there are none."""
LONGEST_S = 5 * 3600
KEPT_A_LINE = 3
BEGINNING_S = 2400
FREQUENT = 4
DAY_PASS = Message("city bike day pass")
SECONDS_PER_MINUTE = 60


class RideFacts(NamedTuple):
    """What is the same for every trip of a pattern between two of its calls."""

    vehicle: str
    zones: str | None
    length_m: float


def vehicle_of(route_type: int) -> str:
    """Return the kind of vehicle of a GTFS route type, basic or extended."""
    if route_type in VEHICLES:
        return VEHICLES[route_type]
    return EXTENDED_VEHICLES.get(route_type // 100, "transit")


@dataclass(frozen=True, slots=True)
class Window:
    """When to travel, s after midnight of the service day.

    Attributes
    ----------
    first_s, last_s
        Both included.
    arrivals
        Whether arrivals lie in it, and not departures.
    """

    first_s: int
    last_s: int
    arrivals: bool = False

    def parts(self) -> list[Window]:
        """Return the part of the window next to the time asked for, and the rest of it."""
        if self.last_s - self.first_s <= BEGINNING_S:
            return [self]
        if self.arrivals:
            cut_s = self.last_s - BEGINNING_S
            return [replace(self, first_s=cut_s), replace(self, last_s=cut_s - 1)]
        cut_s = self.first_s + BEGINNING_S
        return [replace(self, last_s=cut_s), replace(self, first_s=cut_s + 1)]


class TransitDay:
    """One service day on the streets, ready to be asked.

    Parameters
    ----------
    timetable
        The day.
    stopnet
        Its stops on the streets.
    streets
        Works out the walks.
    costs
        Prices and weights.
    """

    def __init__(
        self, timetable: Timetable, stopnet: StopNet, streets: StreetTrips, costs: Costs
    ) -> None:
        self.timetable = timetable
        self.stopnet = stopnet
        self.streets = streets
        streets.know(stopnet.lat, stopnet.lon, stopnet.places, step_free=stopnet.step_free)
        self.costs = costs
        footpaths, change_s = timetable.transfers(stopnet.footpaths, change_s=0)
        self.router = Router(len(timetable.stops), timetable.patterns, footpaths, change_s)
        self.changes = Changes(self.router, stopnet)
        self.known_step_free = stopnet.step_free
        self.start_s = timetable.feed.day_start_s(timetable.day)
        agency = timetable.feed.agency
        self._operators = dict(zip(agency["agency_id"], agency["agency_name"], strict=True))
        self._facts: dict[tuple[int, int, int], RideFacts] = {}
        self._positions: dict[tuple[int, int], NDArray[np.float64]] = {}
        self._lines: dict[tuple[int, int, int, int], tuple[Coordinates, float]] = {}
        self._waypoints: dict[int, Waypoint] = {}
        self._zones = [timetable.stop(stop).zone or None for stop in range(len(timetable.stops))]
        self._along_m = _along_m(stopnet, timetable.patterns.stop)

    @property
    def day(self) -> date:
        """The service day."""
        return self.timetable.day

    @cached_property
    def lenient(self) -> TransitDay:
        """The same day, open to stops and vehicles of which nobody says whether they have steps.

        The walks keep off steps all the same.
        """
        other = copy(self)
        other.known_step_free = False
        return other

    def options(self, longest_s: float = math.inf) -> Options:
        """Return how the planner searches, for journeys up to a duration; inf for all it may."""
        return Options(
            max_transfers=MAX_TRANSFERS if math.isinf(longest_s) else USUAL_TRANSFERS,
            slack_s=round(self.costs.change_s),
            step_free=self.known_step_free,
            max_duration_s=int(min(longest_s, LONGEST_S)),
        )

    def search(
        self,
        access: Connection,
        egress: Connection,
        window: Window,
        longest_s: float = math.inf,
    ) -> list[Journey]:
        """Return the journeys of a window, Pareto in departure, arrival and transfers.

        The search looks beyond the window, so that nobody is sent on a slow way just before its
        end when leaving after it would arrive as soon.
        """
        if not len(access.ways.stop) or not len(egress.ways.stop):
            return []
        ends = (
            Ends.of(access.ways.stop, access.ways.duration_s),
            Ends.of(egress.ways.stop, egress.ways.duration_s),
        )
        options = replace(self.options(longest_s), look_beyond=True)
        query = self.router.arrive_between if window.arrivals else self.router.depart_between
        return query(*ends, window.first_s, window.last_s, options)

    def search_first(
        self, access: Connection, egress: Connection, departure_s: int
    ) -> list[Journey]:
        """Return the earliest arrival when leaving at a time or later.

        Of the journeys that arrive then it is one that leaves as late as possible: nobody walks
        on to the next stop to meet a bus that comes by anyway.

        Returns
        -------
        list of Journey
            One, or none.
        """
        if not len(access.ways.stop) or not len(egress.ways.stop):
            return []
        ends = (
            Ends.of(access.ways.stop, access.ways.duration_s),
            Ends.of(egress.ways.stop, egress.ways.duration_s),
        )
        options = replace(self.options(), max_duration_s=None)
        journeys = self.router.depart_at(*ends, departure_s, options)
        if not journeys:
            return []
        first = min(journeys, key=lambda journey: journey.arrival_s)
        as_late = self.router.arrive_by(*ends, first.arrival_s, options)
        return [max([first, *as_late], key=lambda one: (one.departure_s, -one.transfers))]

    def search_last(self, access: Connection, egress: Connection, arrival_s: int) -> list[Journey]:
        """Return the latest departures that arrive by a time."""
        if not len(access.ways.stop) or not len(egress.ways.stop):
            return []
        return self.router.arrive_by(
            Ends.of(access.ways.stop, access.ways.duration_s),
            Ends.of(egress.ways.stop, egress.ways.duration_s),
            arrival_s,
            replace(self.options(), max_duration_s=None),
        )

    def candidates(
        self,
        access: Connection,
        egress: Connection,
        window: Window,
        longest_s: float = math.inf,
    ) -> list[Candidate]:
        """Return the journeys of a window that take no longer than a limit, as candidates.

        Where departures are frequent the beginning of the window is enough: no more than a few
        are ever shown, the nearest to the time asked for. Of journeys on the same lines only the
        KEPT_A_LINE nearest to it are weighed.
        """
        journeys: list[Journey] = []
        for part in window.parts():
            found = self.search(access, egress, part, longest_s)
            journeys = found + journeys if window.arrivals else journeys + found
            if len(journeys) >= FREQUENT:
                break
        taken: dict[tuple[int, ...], int] = {}
        chosen = []
        for journey in reversed(journeys) if window.arrivals else journeys:
            lines = self.lines(journey)
            taken[lines] = taken.get(lines, 0) + 1
            if taken[lines] <= KEPT_A_LINE:
                chosen.append(self.candidate(journey, access, egress))
        return chosen

    def lines(self, journey: Journey) -> tuple[int, ...]:
        """Return the routes of a journey."""
        return tuple(self.timetable.trips[ride.trip].route for ride in journey.rides)

    def candidate(self, journey: Journey, access: Connection, egress: Connection) -> Candidate:
        """Weigh a journey, changing where one walks least; its geometry waits for the choice."""
        journey = self.changes.with_least_walking(
            journey, round(self.costs.change_s), step_free=self.known_step_free
        )
        first, last = journey.rides[0].board, journey.rides[-1].alight
        to_stop, from_stop = access.effort(first), egress.effort(last)
        changes = [self.change(before, after) for before, after in pairwise(journey.rides)]
        change_s = sum(walk_s for walk_s, _ in changes)
        facts = [self.facts(ride) for ride in journey.rides]
        fare = self.costs.fares.fare(
            [
                FareRide(float(ride.departure_s), fact.zones)
                for ride, fact in zip(journey.rides, facts, strict=True)
            ]
        )
        needs_pass = to_stop.needs_pass or from_stop.needs_pass
        extra_eur = self.costs.citybike_day_eur if needs_pass else 0.0
        price = None if fare.eur is None else round(fare.eur + extra_eur, 2)
        tickets = (*fare.tickets, DAY_PASS) if needs_pass else fare.tickets
        grams = [
            self.costs.emissions.leg_g("transit", fact.length_m, fact.vehicle) for fact in facts
        ]
        known = [gram for gram in grams if gram is not None]

        def build() -> Itinerary:
            return Itinerary(
                legs=tuple(self.legs(journey, access, egress)),
                fare_eur=price,
                cost_eur=price,
                tickets=tickets,
            )

        return Candidate(
            mode="transit",
            kind=(
                access.mode,
                self.lines(journey),
                egress.mode,
            ),
            departure_s=self.start_s + journey.departure_s,
            arrival_s=self.start_s + journey.arrival_s,
            transfers=journey.transfers,
            walk_s=to_stop.walk_s + from_stop.walk_s + change_s,
            walk_m=to_stop.walk_m + from_stop.walk_m + sum(metres for _, metres in changes),
            bike_s=to_stop.bike_s + from_stop.bike_s,
            wait_s=max(
                0.0,
                journey.arrival_s
                - journey.departure_s
                - journey.in_vehicle_s
                - journey.access_s
                - journey.egress_s
                - change_s,
            ),
            cost_eur=price,
            co2_g=sum(known) if len(known) == len(grams) else None,
            build=build,
            bike_stop=first if access.mode == "bike" else None,
            vehicles=tuple(ride.trip for ride in journey.rides),
            is_plain=access.mode == egress.mode == "walk",
        )

    # --- facts of rides and changes -------------------------------------------------------------

    def change(self, before: Ride, after: Ride) -> tuple[float, float]:
        """Return the walk between two rides, s and m."""
        if before.alight == after.board:
            return 0.0, 0.0
        known = self.stopnet.footpath(before.alight, after.board)
        return (0.0, 0.0) if known is None else known

    def facts(self, ride: Ride) -> RideFacts:
        """Return vehicle, zones and length of a ride."""
        patterns = self.timetable.patterns
        pattern = patterns.pattern_of(ride.trip)
        key = (pattern, ride.board_position, ride.alight_position)
        known = self._facts.get(key)
        if known is None:
            first = int(patterns.offset[pattern])
            board, alight = first + ride.board_position, first + ride.alight_position
            stops = patterns.stop[board : alight + 1].tolist()
            known = RideFacts(
                vehicle=vehicle_of(self.timetable.routes[int(patterns.route[pattern])].type),
                zones=ride_zones([self._zones[stop] for stop in stops]),
                length_m=float(self._along_m[alight] - self._along_m[board]),
            )
            self._facts[key] = known
        return known

    # --- legs in full ---------------------------------------------------------------------------

    def legs(self, journey: Journey, access: Connection, egress: Connection) -> list[Leg]:
        """Return all legs of a journey."""
        legs = access.legs(journey.rides[0].board, self.start_s + journey.departure_s)
        before: Ride | None = None
        for ride in journey.rides:
            if before is not None and before.alight != ride.board:
                legs.append(self._transfer_leg(before, ride))
            legs.append(self._ride_leg(ride))
            before = ride
        last = journey.rides[-1]
        return legs + egress.legs(last.alight, self.start_s + last.arrival_s)

    def waypoint(self, stop: int) -> Waypoint:
        """Return a stop as the end of a leg."""
        known = self._waypoints.get(stop)
        if known is None:
            facts = self.timetable.stop(stop)
            known = self._waypoints[stop] = Waypoint(
                name=facts.name,
                lat=facts.lat,
                lon=facts.lon,
                code=facts.code or None,
                platform=facts.platform or None,
                zone=facts.zone or None,
            )
        return known

    def _transfer_leg(self, before: Ride, after: Ride) -> Leg:
        """Return the walk between two stops, right after alighting."""
        stretch = self.streets.stretch(
            "walk",
            self.waypoint(before.alight),
            self.waypoint(after.board),
            step_free=self.stopnet.step_free,
        )
        duration_s, _ = self.change(before, after)
        return stretch.leg(moment(self.start_s + before.arrival_s), 0.0, duration_s=duration_s)

    def _ride_leg(self, ride: Ride) -> Leg:
        """Return a ride with its stops, line and geometry."""
        trip = self.timetable.trips[ride.trip]
        route = self.timetable.routes[trip.route]
        facts = self.facts(ride)
        coordinates, length_m = self._line(ride, trip.shape)
        calls = self.timetable.calls(ride.trip, ride.board_position, ride.alight_position)
        notes = []
        if trip.headway_s:
            notes.append(
                Message(
                    "runs every {minutes:.0f} min; the times are examples",
                    minutes=trip.headway_s / SECONDS_PER_MINUTE,
                )
            )
        return Leg(
            mode="transit",
            origin=self.waypoint(ride.board),
            destination=self.waypoint(ride.alight),
            departure=moment(self.start_s + ride.departure_s),
            arrival=moment(self.start_s + ride.arrival_s),
            distance_m=length_m,
            co2_g=self.costs.emissions.leg_g("transit", facts.length_m, facts.vehicle),
            coordinates=coordinates,
            vehicle=facts.vehicle,
            route=route.short_name or route.long_name or route.id,
            route_name=route.long_name or None,
            headsign=trip.headsign or None,
            trip_id=trip.id,
            operator=self._operators.get(route.agency_id),
            calls=tuple(
                Call(
                    self.waypoint(call.stop),
                    moment(self.start_s + call.arrival_s),
                    moment(self.start_s + call.departure_s),
                )
                for call in calls[1:-1]
            ),
            notes=tuple(notes),
        )

    def _line(self, ride: Ride, shape: int) -> tuple[Coordinates, float]:
        """Return the line of a ride and its length, m."""
        pattern = self.timetable.patterns.pattern_of(ride.trip)
        key = (pattern, shape, ride.board_position, ride.alight_position)
        known = self._lines.get(key)
        if known is None:
            lat, lon = self._geometry(*key)
            line = tuple(zip(lat.tolist(), lon.tolist(), strict=True))
            known = self._lines[key] = line, line_length_m(lat, lon)
        return known

    def _geometry(
        self, pattern: int, shape: int, board: int, alight: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the shape between two calls of a pattern, or the line from stop to stop."""
        stops = self.timetable.patterns.stops_of(pattern)
        shapes = self.timetable.feed.shapes
        if shape >= 0 and shapes.offset[shape + 1] - shapes.offset[shape] > 1:
            points = slice(int(shapes.offset[shape]), int(shapes.offset[shape + 1]))
            lat, lon = shapes.lat[points], shapes.lon[points]
            known = self._positions.get((pattern, shape))
            if known is None:
                known = stop_positions(lat, lon, self.stopnet.lat[stops], self.stopnet.lon[stops])
                self._positions[pattern, shape] = known
            if known[alight] > known[board]:
                ends = float(known[board]), float(known[alight])
                return piece(lat, *ends), piece(lon, *ends)
        passed = stops[board : alight + 1]
        return self.stopnet.lat[passed], self.stopnet.lon[passed]


def _along_m(stopnet: StopNet, stops: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return how far along the line through all of some stops each lies, m."""
    lat, lon = stopnet.lat[stops], stopnet.lon[stops]
    apart_m = great_circle_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
    return np.concatenate([np.zeros(min(1, len(stops))), np.cumsum(apart_m)])
