"""What a scenario offers, built beside places, streets and timetable: everything but demand."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from lastmile.errors import NoServiceError, OffNetworkError, ParameterError, RequestError
from lastmile.messages import Message
from lastmile.network.access import Mode
from lastmile.network.edits import Closure, NewLink
from lastmile.network.paths import matrix
from lastmile.network.street import load_network
from lastmile.places import Gazetteer
from lastmile.transit.feed import load_active_feed
from lastmile.transit.timetable import Timetable
from simulation.bikeshare import BikeShare, RiderFlow, Van
from simulation.faults import Faults
from simulation.lines import LineBuilder
from simulation.model import Costs, Habits
from simulation.parking import CarPark, Entrance, ParkingHabits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lastmile.network.street import StreetNetwork
    from lastmile.parameters import Parameters
    from lastmile.places import Place
    from lastmile.transit.model import Feed
    from scenarios import schema
    from scenarios.schema import Day, Scenario
    from simulation.shuttle import Service

DIVERSIONS: Final = 2
"""Entrances that drivers try after the one they had in mind, at most."""

PLAN_AHEAD_S: Final = 900.0
"""People stay in the park rather than wait longer than this at the stop."""

WALK_ON_M: Final = 800.0
"""How far people walk to the next bike station."""

VAN_SPEED_MS: Final = 8.3
"""Speed of a rebalancing van in town: 30 km/h."""

SNAP_M: Final = 1000.0
"""How far an entrance or a bike station may lie off the streets."""

WEEKDAYS: Final = {"weekday": 2, "saturday": 5, "sunday": 6}
"""Which day of the week stands for a kind of day: Wednesday for weekdays."""


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """What a scenario offers.

    Attributes
    ----------
    scenario, day
        Whose it is, and on which day.
    digest
        Hash of the scenario, the parameters, the streets and the timetable.
    streets, timetable
        With what-if links; of the day.
    entrances, car_parks, services, bikeshare
        As in `simulation.model.DayModel`.
    between_s, between_m
        (entrances, entrances) by car, s and m.
    own_fare_eur
        Fare of the services that do not take the regional ticket, by id.
    habits, costs
        As in `simulation.model.DayModel`.
    parameters
        Every number the models use, the scenario's own included.
    warnings
        What was not known.
    """

    scenario: str
    day: Day
    digest: str
    streets: StreetNetwork
    timetable: Timetable
    entrances: tuple[Entrance, ...]
    car_parks: tuple[CarPark, ...]
    services: tuple[Service, ...]
    bikeshare: BikeShare | None
    between_s: NDArray[np.float64]
    between_m: NDArray[np.float64]
    own_fare_eur: Mapping[str, float]
    habits: Habits
    costs: Costs
    parameters: Parameters
    warnings: tuple[str, ...]


def build_supply(scenario: Scenario, parameters: Parameters) -> Supply:
    """Build what a scenario offers.

    Parameters
    ----------
    scenario
        What is offered, and on which day.
    parameters
        The numbers of the models; those the scenario sets override them.

    Raises
    ------
    ScenarioError
        If the scenario contradicts itself, the places, the streets or the timetable; the
        message lists every fault.
    """
    faults = Faults(scenario)
    for name, value in scenario.parameters.items():
        try:
            parameters = parameters.with_values({name: value})
        except ParameterError as wrong:
            faults.add(f"parameters.{name}", str(wrong))
    feed = load_active_feed()
    warnings: list[str] = []
    timetable = _timetable(feed, representative_date(feed, scenario.day, warnings))
    streets = _with_links(load_network(), scenario, faults)
    builder = _SupplyBuilder(scenario, parameters, streets, timetable, faults, warnings)
    entrances = builder.entrances()
    car_parks = builder.car_parks(entrances)
    services = builder.services(entrances)
    bikeshare = builder.bikeshare()
    faults.tell()
    gates = _driven_to(entrances, car_parks)
    between = matrix(streets, gates, gates, Mode.CAR)
    said = json.dumps(
        [
            scenario.digest,
            streets.digest,
            feed.digest,
            f"{timetable.day}",
            sorted(parameters.as_values().items()),
        ]
    )
    return Supply(
        scenario=scenario.name,
        day=scenario.day,
        digest=hashlib.sha256(said.encode()).hexdigest()[:16],
        streets=streets,
        timetable=timetable,
        entrances=entrances,
        car_parks=car_parks,
        services=services,
        bikeshare=bikeshare,
        between_s=between.duration_s,
        between_m=between.length_m,
        own_fare_eur={
            name: spec.fare_eur
            for name, spec in scenario.services.items()
            if spec.fare_eur is not None and spec.enabled
        },
        habits=habits_of(parameters),
        costs=Costs(
            car_co2_g_km=parameters.value("co2_car_g_km"),
            value_of_time_eur_h=parameters.value("vot_leisure_car_eur_h"),
        ),
        parameters=parameters,
        warnings=tuple(warnings),
    )


def _driven_to(
    entrances: tuple[Entrance, ...], car_parks: tuple[CarPark, ...]
) -> list[tuple[float, float]]:
    """Return where cars drive to: each entrance's first car park, or the entrance itself."""
    first = {lot.entrance: (lot.lat, lot.lon) for lot in reversed(car_parks)}
    return [first.get(index, (gate.lat, gate.lon)) for index, gate in enumerate(entrances)]


def habits_of(parameters: Parameters) -> Habits:
    """Return what people do when things do not go as planned, from the parameters."""
    value = parameters.value
    return Habits(
        parking=ParkingHabits(
            search_s=value("parking_search_s"),
            queue_share=value("parking_queue_share"),
            patience_s=value("parking_give_up_s"),
            roadside_share=value("roadside_willing_share"),
            divert_share=value("parking_divert_share"),
            diversions=DIVERSIONS,
        ),
        informed_share=value("parking_informed_share"),
        sign_share=value("sign_heed_share"),
        ride_patience_s=value("stop_patience_s"),
        stop_margin_s=value("stop_margin_s"),
        plan_ahead_s=PLAN_AHEAD_S,
    )


def representative_date(feed: Feed, day: Day, warnings: list[str]) -> date:
    """Return the day of the timetable that stands for a scenario's day.

    The first of its month and weekday on which the same services run as on most of them; if the
    timetable does not cover the month, the same among all days of that weekday, with a warning.

    Raises
    ------
    NoServiceError
        If the timetable has no such weekday.
    """
    if feed.span is None:
        raise NoServiceError(Message("the timetable has no day with service"))
    first, last = feed.span
    days = [first + timedelta(days=k) for k in range((last - first).days + 1)]
    of_kind = [one for one in days if one.weekday() == WEEKDAYS[day.day_type]]
    of_month = [one for one in of_kind if one.month == day.month]
    if not of_kind:
        raise NoServiceError(
            Message(
                "the timetable from {first:%Y-%m-%d} to {last:%Y-%m-%d} has no {kind}",
                first=first,
                last=last,
                kind=DAY_WORDS[day.day_type],
            )
        )
    running = {one: feed.active_services(one).tobytes() for one in of_month or of_kind}
    usual, _ = Counter(running.values()).most_common(1)[0]
    chosen = next(one for one, services in running.items() if services == usual)
    if not of_month:
        warnings.append(
            Message(
                "the timetable from {first:%Y-%m-%d} to {last:%Y-%m-%d} has no {kind} in month "
                "{month}: that of {chosen:%Y-%m-%d} stands for it",
                first=first,
                last=last,
                kind=DAY_WORDS[day.day_type],
                month=day.month,
                chosen=chosen,
            )
        )
    return chosen


DAY_WORDS = {
    "weekday": Message("weekday"),
    "saturday": Message("saturday"),
    "sunday": Message("sunday"),
}
"""Kinds of day as they stand in a sentence."""

KIND_WORDS = {"park_entrance": Message("park entrance"), "car_park": Message("car park")}
"""Kinds of place as they stand in a sentence; others by their name in the gazetteer."""


@lru_cache(maxsize=8)
def _timetable_of(digest: str, day: date) -> Timetable:
    del digest
    return Timetable.for_day(load_active_feed(), day)


def _timetable(feed: Feed, day: date) -> Timetable:
    return _timetable_of(feed.digest, day)


def _with_links(streets: StreetNetwork, scenario: Scenario, faults: Faults) -> StreetNetwork:
    """Make the scenario's what-if links and closures, each tried by itself for its faults."""
    edits: list[NewLink | Closure] = []
    for name, link in scenario.links.items():
        modes = _LINK_MODES[link.kind]
        try:
            edit: NewLink | Closure
            if link.closed:
                edges = tuple(
                    streets.snap(lat, lon, mode).edge for lat, lon in link.points for mode in modes
                )
                edit = Closure(name, edges=edges, modes=frozenset(modes))
            else:
                edit = NewLink(name, tuple(link.points), frozenset(modes), kind=link.kind)
            streets.with_edits([edit])
        except (OffNetworkError, RequestError) as wrong:
            faults.add(f"links.{name}", str(wrong))
        else:
            edits.append(edit)
    return streets.with_edits(edits) if edits else streets


_LINK_MODES: Final = {
    "footway": (Mode.WALK,),
    "path": (Mode.WALK, Mode.BIKE),
    "cycleway": (Mode.WALK, Mode.BIKE),
    "service": (Mode.WALK, Mode.BIKE, Mode.CAR),
    "residential": (Mode.WALK, Mode.BIKE, Mode.CAR),
}


class _SupplyBuilder:
    """Builds the parts of a supply and notes their faults."""

    def __init__(
        self,
        scenario: Scenario,
        parameters: Parameters,
        streets: StreetNetwork,
        timetable: Timetable,
        faults: Faults,
        warnings: list[str],
    ) -> None:
        self.scenario = scenario
        self.values = parameters.as_values()
        self.streets = streets
        self.timetable = timetable
        self.faults = faults
        self.warnings = warnings
        self.gazetteer = Gazetteer.bundled()

    def _place(self, key: str, name: str, kind: str | None = None) -> Place | None:
        """Find a place of the gazetteer; note when there is none of the name and kind."""
        try:
            place = self.gazetteer[name]
        except LookupError as unknown:
            self.faults.add(key, str(unknown))
            return None
        if kind is not None and place.kind != kind:
            self.faults.add(
                key,
                Message(
                    "{name} is no {wanted} but a {kind}",
                    name=name,
                    wanted=KIND_WORDS.get(kind, kind),
                    kind=KIND_WORDS.get(place.kind, place.kind),
                ),
            )
            return None
        return place

    def entrances(self) -> tuple[Entrance, ...]:
        """Build the entrances."""
        found = []
        for name, spec in self.scenario.entrances.items():
            key = f"entrances.{name}"
            place = self._place(key, name, "park_entrance")
            if place is None:
                continue
            spaces = spec.roadside_spaces
            if spaces is None:
                spaces = round(self.values.get(f"roadside_capacity_{name}", 0.0))
            found.append(
                Entrance(name, place.name(), place.lat, place.lon, spaces, float(spec.queue_spaces))
            )
        if not found and not self.faults:
            self.faults.add(
                "entrances", Message("there is none: the day needs a way into the park")
            )
        return tuple(found)

    def car_parks(self, entrances: tuple[Entrance, ...]) -> tuple[CarPark, ...]:
        """Build the car parks that are not closed."""
        ids = [entrance.id for entrance in entrances]
        found = []
        for name, spec in self.scenario.car_parks.items():
            key = f"car_parks.{name}"
            place = self._place(key, name, "car_park")
            if place is None or spec.closed:
                continue
            if place.entrance not in ids:
                self.faults.add(
                    key,
                    Message(
                        "it belongs to the entrance {entrance!r}, which the scenario lacks; "
                        "entrances: {known}",
                        entrance=place.entrance,
                        known=", ".join(ids),
                    ),
                )
                continue
            capacity = self._capacity(key, spec, place)
            if capacity is not None:
                found.append(_car_park(place, spec, ids.index(place.entrance), capacity))
        return tuple(found)

    def _capacity(self, key: str, spec: schema.CarPark, place: Place) -> int | None:
        """Return the places of a car park: as given, or its part of the entrance's."""
        if spec.capacity is not None:
            return spec.capacity
        if place.capacity is None:
            self.faults.add(f"{key}.capacity", Message("not known, so it must be given"))
            return None
        whole = self.values.get(f"parking_capacity_{place.entrance}")
        known = [
            one.capacity.value
            for one in self.gazetteer.at_entrance(place.entrance or "", "car_park")
            if one.capacity is not None
        ]
        scale = 1.0 if whole is None else whole / sum(known)
        return max(round(place.capacity.value * scale), 1)

    def services(self, entrances: tuple[Entrance, ...]) -> tuple[Service, ...]:
        """Build the services that are not disabled."""
        builder = LineBuilder(
            self.streets,
            self.timetable,
            self.gazetteer,
            self.values,
            [(gate.lat, gate.lon) for gate in entrances],
            self.faults,
        )
        built = [
            builder.build(key, spec)
            for key, spec in self.scenario.services.items()
            if spec.enabled and entrances
        ]
        return tuple(service for service in built if service is not None)

    def bikeshare(self) -> BikeShare | None:
        """Build the bike share, if there is one."""
        spec = self.scenario.bikeshare
        if spec is None or not spec.enabled or not spec.stations:
            return None
        points = []
        for name, station in spec.stations.items():
            point = self._station(f"bikeshare.stations.{name}", station)
            if point is not None:
                points.append(point)
        if len(points) < len(spec.stations):
            return None
        names = tuple(spec.stations)
        lat, lon = np.array(points).T
        values = self.values
        return BikeShare(
            stations=names,
            lat=lat,
            lon=lon,
            docks=np.array([one.docks for one in spec.stations.values()], dtype=np.int32),
            bikes=np.array([one.bikes for one in spec.stations.values()], dtype=np.int32),
            ride_m=matrix(self.streets, points, points, Mode.BIKE).length_m,
            walk_m=matrix(self.streets, points, points, Mode.WALK).length_m,
            speed_ms=values["ebike_speed_ms" if spec.electric else "citybike_speed_ms"],
            walk_speed_ms=values["walk_speed_ms"],
            rent_s=values["citybike_rent_s"],
            return_s=values["citybike_return_s"],
            fare_eur=spec.fare_eur,
            cost_per_bike_day_eur=spec.cost_per_bike_day_eur,
            flows=tuple(
                RiderFlow(
                    name,
                    names.index(riders.from_),
                    names.index(riders.to),
                    riders.trips,
                    riders.stay_min * 60,
                    riders.returns,
                )
                for name, riders in spec.riders.items()
            ),
            van=self._van(spec.rebalancing),
            walk_on_m=WALK_ON_M,
        )

    def _station(self, key: str, station: schema.Station) -> tuple[float, float] | None:
        if station.place is not None:
            place = self._place(f"{key}.place", station.place)
            point = None if place is None else place.point
        elif station.lat is not None and station.lon is not None:
            point = (station.lat, station.lon)
        else:
            point = None
        if point is None:
            return None
        try:
            self.streets.snap(*point, Mode.BIKE, max_distance_m=SNAP_M)
        except OffNetworkError as off:
            self.faults.add(key, str(off))
            return None
        return point

    def _van(self, spec: schema.Rebalancing | None) -> Van | None:
        if spec is None:
            return None
        return Van(
            vans=spec.vans,
            capacity=spec.capacity,
            every_s=spec.every_min * 60,
            first_s=float(spec.first),
            last_s=float(spec.last),
            handling_s=self.values["rebalancing_handling_s"],
            speed_ms=VAN_SPEED_MS,
            cost_per_hour_eur=spec.cost_per_hour_eur
            if spec.cost_per_hour_eur is not None
            else self.values["rebalancing_van_eur_h"],
        )


def _car_park(place: Place, spec: schema.CarPark, entrance: int, capacity: int) -> CarPark:
    booking = spec.booking
    return CarPark(
        id=place.id,
        entrance=entrance,
        capacity=capacity,
        fee_eur=spec.fee_eur,
        bookable=0 if booking is None else round(capacity * booking.bookable),
        no_show=0.0 if booking is None else booking.no_show,
        signs=spec.signs,
        opens_s=float(spec.opens),
        closes_s=float(spec.closes),
        lat=place.lat,
        lon=place.lon,
    )
