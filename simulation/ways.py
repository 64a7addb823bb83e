"""Ways to the park: from streets and timetable to levels of service and access.

A zone inside the corridor network starts at its own point. One outside enters at its gateway, a
station or a place on the road, so many minutes from home. To a scheduled line people walk or ride
to one of its stops, by the trip planner's journeys, and change there; the line's own timetable
does the rest. What people choose by (`LevelsOfService`) and what they then live through (`Access`)
come from the same ways.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np

from lastmile.network.paths import TravelTimes, matrix
from lastmile.units import SECONDS_PER_HOUR, great_circle_m
from simulation.levels import HOURS, LevelsOfService, RideLevels
from simulation.model import Access
from simulation.parties import Rides

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from lastmile.fares import ZoneFares
    from lastmile.network.street import StreetNetwork
    from lastmile.places import Gazetteer
    from simulation.bikeshare import BikeShare
    from simulation.choice import ChoiceParameters
    from simulation.parking import Entrance
    from simulation.shuttle import Service

    Floats = NDArray[np.float64]
    Point = tuple[float, float]

SNAP_M: Final = 3000.0
"""How far a zone's centre may lie off the streets."""

DETOUR: Final = 1.3
"""Way on streets against the crow's, between a zone's centre and its gateway."""

LONGEST_EGRESS_S: Final = 3600.0
"""Longest walk from a stop to an entrance."""

FEEDER_EVERY_S: Final = 900
FEEDER_FROM_S: Final = 5 * SECONDS_PER_HOUR
FEEDER_TO_S: Final = 23 * SECONDS_PER_HOUR
FEEDER_DEPARTURES: Final = np.arange(FEEDER_FROM_S, FEEDER_TO_S + 1, FEEDER_EVERY_S, dtype=float)
"""Departures from home at which the way to a line's stop is planned."""

WISHES_AN_HOUR: Final = 6
_WISHES = (np.arange(HOURS * WISHES_AN_HOUR) + 0.5) * SECONDS_PER_HOUR / WISHES_AN_HOUR
"""Wished times, evenly over each hour: what people find is averaged over them."""

_DAYTIME = slice(9, 17)
_MOST_ENTRANCE_ZONE: Final = "C"


class Journeys(NamedTuple):
    """Journeys by public transport; arrays (origins, destinations, departures), nan for none."""

    in_vehicle_s: Floats
    wait_s: Floats
    walk_s: Floats
    transfers: Floats
    arrival_s: Floats


class FeederPlanner(Protocol):
    """Plans the way from home to the stop of a line."""

    def __call__(
        self, origins: Sequence[Point], destinations: Sequence[Point], departures_s: Floats
    ) -> Journeys:
        """Return the best journey for each origin, destination and departure."""


@dataclass(frozen=True, slots=True)
class Starts:
    """Where the people of each zone enter the networks; arrays of shape (zones,).

    Attributes
    ----------
    zones
        Names.
    street, transit
        Points (lat, lon); `transit` is None for zones without public transport.
    drive_s, walk_m
        From home to the street point: by car, s; and its length, m.
    transit_s
        From home to the transit point, s.
    fare_zone
        Letter of the fare zone; empty where there is none.
    """

    zones: tuple[str, ...]
    street: tuple[Point, ...]
    transit: tuple[Point | None, ...]
    drive_s: Floats
    walk_m: Floats
    transit_s: Floats
    fare_zone: tuple[str, ...]


def starts(table: pd.DataFrame, gazetteer: Gazetteer) -> Starts:
    """Return where the people of each zone start.

    Parameters
    ----------
    table
        Origin zones: id, lat, lon, zone, and the gateways with minutes where they have some.
    gazetteer
        Places of the gateways.
    """
    street: list[Point] = []
    transit: list[Point | None] = []
    walk_m = []
    for row in table.itertuples(index=False):
        home = _point(row.lat, row.lon)
        road = _place(row.car_gateway, gazetteer) or home
        street.append(road)
        stop = _place(row.transit_gateway, gazetteer)
        served = isinstance(row.zone, str)
        transit.append((stop or home) if served else None)
        walk_m.append(DETOUR * great_circle_m(*home, *road))
    minutes = {
        name: table[name].fillna(0.0).to_numpy(dtype=float) * 60
        for name in ("car_gateway_min", "transit_gateway_min")
    }
    return Starts(
        zones=tuple(table["id"]),
        street=tuple(street),
        transit=tuple(transit),
        drive_s=minutes["car_gateway_min"],
        walk_m=np.array(walk_m),
        transit_s=minutes["transit_gateway_min"],
        fare_zone=tuple(table["zone"].fillna("")),
    )


def _point(lat: object, lon: object) -> Point:
    return float(str(lat)), float(str(lon))


def _place(name: object, gazetteer: Gazetteer) -> Point | None:
    return gazetteer[name].point if isinstance(name, str) else None


@dataclass(frozen=True, slots=True)
class Speeds:
    """Speeds off the network, m/s."""

    walk_ms: float
    bike_ms: float


@dataclass(frozen=True, slots=True)
class Offer:
    """What a scenario offers besides the streets.

    Attributes
    ----------
    entrances
        Ways into the park.
    services
        Scheduled lines.
    own_fare_eur
        Fare of the services that do not take the regional ticket, by id.
    bikeshare
        Bikes for hire; None where there are none.
    parking_fee_eur, parking_open
        (entrances,) as in `LevelsOfService`.
    exposure, digest
        As in `LevelsOfService`.
    """

    entrances: Sequence[Entrance]
    services: Sequence[Service]
    own_fare_eur: Mapping[str, float]
    bikeshare: BikeShare | None
    parking_fee_eur: Floats
    parking_open: NDArray[np.bool_]
    exposure: float
    digest: str


@dataclass(frozen=True, slots=True)
class Fares:
    """What a ticket costs people on average.

    Attributes
    ----------
    tickets
        Zone tickets.
    season_share
        Share of people whose season ticket covers the journey.
    """

    tickets: ZoneFares
    season_share: float

    def regional(self, zones: Sequence[str]) -> Floats:
        """Return the mean fare from each zone letter to the park; nan for no letter."""
        prices = [self._price(letter) for letter in zones]
        return np.array(prices) * (1 - self.season_share)

    def _price(self, letter: str) -> float:
        ticket = self.tickets.ticket(letter + _MOST_ENTRANCE_ZONE) if letter else None
        return np.nan if ticket is None else self.tickets.prices_eur[ticket]


@dataclass(frozen=True, slots=True)
class WayFinder:
    """Finds the ways to the park in one network and timetable.

    Attributes
    ----------
    streets
        The street network, what-if links included.
    feeder
        Plans the way to the stops.
    starts
        Where people start.
    speeds, fares
        Off the network; and what tickets cost.
    parameters
        Weights by which the best way is picked.
    stop_margin_s
        How long before a departure people want to be at the stop, s.
    """

    streets: StreetNetwork
    feeder: FeederPlanner
    starts: Starts
    speeds: Speeds
    fares: Fares
    parameters: ChoiceParameters
    stop_margin_s: float

    def find(self, offer: Offer) -> tuple[LevelsOfService, Access]:
        """Return the levels of service and the access that an offer gives.

        Parameters
        ----------
        offer
            Entrances, lines, bikes and parking of a scenario.

        Returns
        -------
        LevelsOfService, Access
            What people choose by, and what they live through.
        """
        gates = [(gate.lat, gate.lon) for gate in offer.entrances]
        drive = self._streets_matrix(self.starts.street, gates, "car")
        bike = self._streets_matrix(self.starts.street, gates, "bike")
        walk = self._streets_matrix(self.starts.street, gates, "walk")
        off_m = self.starts.walk_m[:, None]
        bus = self._lines(offer, "bus")
        shuttle = self._lines(offer, "shuttle")
        citybike = self._citybikes(offer)
        drive_s = drive.duration_s + self.starts.drive_s[:, None]
        drive_m = drive.length_m + off_m
        levels = LevelsOfService(
            zones=self.starts.zones,
            entrances=tuple(gate.id for gate in offer.entrances),
            drive_s=drive_s,
            drive_m=drive_m,
            bike_s=bike.duration_s + off_m / self.speeds.bike_ms,
            walk_s=walk.duration_s + off_m / self.speeds.walk_ms,
            bus_there=bus.there,
            bus_back=bus.back,
            shuttle_there=shuttle.there,
            shuttle_back=shuttle.back,
            citybike_there=citybike.there,
            citybike_back=citybike.back,
            parking_fee_eur=offer.parking_fee_eur,
            parking_open=offer.parking_open,
            exposure=offer.exposure,
            digest=offer.digest,
        )
        access = Access(drive_s, drive_m, bus.rides, shuttle.rides, citybike.rides)
        return levels, access

    def _streets_matrix(
        self, origins: Sequence[Point], destinations: Sequence[Point], mode: str
    ) -> TravelTimes:
        """Return a street matrix; inf for points too far from the network."""
        duration = np.full((len(origins), len(destinations)), np.inf)
        length = duration.copy()
        ends = []
        for points in (origins, destinations):
            lat, lon = np.array(points, dtype=float).reshape(-1, 2).T
            places = self.streets.snap_many(lat, lon, mode, max_distance_m=SNAP_M)
            on = np.flatnonzero(places.edge >= 0)
            ends.append((on, [places.snap(int(row)) for row in on]))
        (rows, here), (columns, there) = ends
        if len(rows) and len(columns):
            times = matrix(self.streets, here, there, mode)
            cells = np.ix_(rows, columns)
            duration[cells], length[cells] = times.duration_s, times.length_m
        return TravelTimes(duration, length)

    def _to_points(self, points: Sequence[Point]) -> Journeys:
        """Return the journeys from every zone to points, home to gateway included."""
        served = [row for row, point in enumerate(self.starts.transit) if point is not None]
        origins = [point for point in self.starts.transit if point is not None]
        found = self.feeder(origins, points, FEEDER_DEPARTURES)
        shape = (len(self.starts.zones), len(points), len(FEEDER_DEPARTURES))
        journeys = Journeys(*(np.full(shape, np.nan) for _ in Journeys._fields))
        for whole, part in zip(journeys, found, strict=True):
            whole[served] = part
        gateway_s = self.starts.transit_s[:, None, None]
        return journeys._replace(
            in_vehicle_s=journeys.in_vehicle_s + gateway_s,
            arrival_s=journeys.arrival_s + gateway_s,
        )

    def _lines(self, offer: Offer, mode: str) -> _Ways:
        """Return the best way by any line of a mode."""
        shape = (len(self.starts.zones), len(offer.entrances))
        ways = _Ways.none(*shape)
        best = np.full(shape, np.inf)
        gates = [(gate.lat, gate.lon) for gate in offer.entrances]
        for number, service in enumerate(offer.services):
            if service.mode != mode:
                continue
            stops = list(zip(service.lat.tolist(), service.lon.tolist(), strict=True))
            egress_s = self._streets_matrix(stops, gates, "walk").duration_s
            feeder = self._to_points(stops)
            for entrance in range(len(gates)):
                alight = int(np.argmin(egress_s[:, entrance]))
                if egress_s[alight, entrance] > LONGEST_EGRESS_S:
                    continue
                for board in range(alight):
                    way = self._line_way(
                        offer, service, feeder, board, alight, float(egress_s[alight, entrance])
                    )
                    cost = self._mean_cost(way)
                    better = cost < best[:, entrance]
                    best[better, entrance] = cost[better]
                    ways.keep(better, entrance, number, board, alight, way)
        return ways

    def _line_way(
        self,
        offer: Offer,
        service: Service,
        feeder: Journeys,
        board: int,
        alight: int,
        egress_s: float,
    ) -> _Way:
        """Return the way of every zone by one line between two of its stops."""
        ready = feeder.arrival_s[:, board, :] + self.stop_margin_s
        parts = [getattr(feeder, name)[:, board, :] for name in Journeys._fields]
        mean = [_nan_mean(part) for part in parts]
        on_foot = np.nan_to_num(mean[0]) == 0
        fare = self._fare(offer, service, on_foot)
        there = self._there(service, board, alight, egress_s, ready, parts, fare)
        back = self._back(service, board, alight, egress_s, mean, fare)
        access_s = _nan_mean(feeder.arrival_s[:, board, :] - FEEDER_DEPARTURES)
        return _Way(there, back, access_s, np.full(len(on_foot), egress_s), ~on_foot)

    def _fare(self, offer: Offer, service: Service, on_foot: NDArray[np.bool_]) -> Floats:
        """Return each zone's fare with a line.

        The regional ticket covers the line and what leads to it. A line with a fare of its own
        takes that, and who does not walk to its stop needs the regional ticket besides.
        """
        regional = self.fares.regional(self.starts.fare_zone)
        own = offer.own_fare_eur.get(service.id)
        return regional if own is None else own + np.where(on_foot, 0.0, regional)

    def _there(
        self,
        service: Service,
        board: int,
        alight: int,
        egress_s: float,
        ready_s: Floats,
        parts: Sequence[Floats],
        fare_eur: Floats,
    ) -> RideLevels:
        """Return the way there by hour of wished arrival, arrays (zones, 1, HOURS)."""
        trips = service.departures(board, alight)
        leave_s, reach_s = service.times_s[trips, board], service.times_s[trips, alight]
        zones = len(ready_s)
        if not len(trips):
            return RideLevels.none(zones, 1)
        # The latest journey to the stop that is in time for each trip.
        in_time = ready_s[:, None, :] <= leave_s[None, :, None]
        latest = in_time.shape[2] - 1 - np.argmax(in_time[:, :, ::-1], axis=2)
        possible = in_time.any(axis=2)
        picked = [np.where(possible, np.take_along_axis(p, latest, axis=1), np.nan) for p in parts]
        vehicle, wait, walk, transfers, arrival = picked
        vehicle = vehicle + (reach_s - leave_s)
        wait = wait + (leave_s - arrival)
        walk = walk + egress_s
        transfers = transfers + (picked[0] > 0)
        felt = self._felt(vehicle, wait, walk, transfers)
        delay = np.abs(reach_s[:, None] + egress_s - _WISHES[None, :])
        cost = felt[:, :, None] + self.parameters.schedule_delay_weight * delay[None, :, :]
        trip = np.argmin(np.where(np.isnan(cost), np.inf, cost), axis=1)
        taken = [
            _hourly(np.take_along_axis(part, trip, axis=1))
            for part in (vehicle, wait, walk, transfers)
        ]
        gone = np.isnan(taken[0])
        late = np.where(gone, np.nan, _hourly(delay[trip, np.arange(len(_WISHES))]))
        fares = np.where(gone, np.nan, fare_eur[:, None])
        return _levels(*taken[:3], np.zeros_like(late), late, taken[3], fares)

    def _back(
        self,
        service: Service,
        board: int,
        alight: int,
        egress_s: float,
        mean: Sequence[Floats],
        fare_eur: Floats,
    ) -> RideLevels:
        """Return the way back by hour of leaving the park, arrays (zones, 1, HOURS)."""
        trips = service.departures(alight, board)
        leave_s, reach_s = service.times_s[trips, alight], service.times_s[trips, board]
        if not len(trips):
            return RideLevels.none(len(fare_eur), 1)
        slack = leave_s[:, None] - egress_s - self.stop_margin_s - _WISHES[None, :]
        usable = np.where(slack >= 0, slack, np.inf)
        trip = np.argmin(usable, axis=0)
        late = usable[trip, np.arange(len(_WISHES))]
        ride = np.where(np.isfinite(late), (reach_s - leave_s)[trip], np.nan)
        late = np.where(np.isfinite(late), late, np.nan)
        vehicle, wait, walk, transfers, _ = (part[:, None] for part in mean)
        ones = _hourly(ride * 0.0 + 1.0)[None, :]
        return _levels(
            vehicle + _hourly(ride),
            (wait + self.stop_margin_s) * ones,
            (walk + egress_s) * ones,
            np.zeros_like(vehicle) * ones,
            # People trim or stretch their stay: half the way to the next departure.
            _hourly(late) / 2 + np.zeros_like(vehicle),
            (transfers + (vehicle > 0)) * ones,
            fare_eur[:, None] * ones,
        )

    def _felt(self, vehicle: Floats, wait: Floats, walk: Floats, transfers: Floats) -> Floats:
        """Return weighted time, s."""
        weights = self.parameters
        return (
            vehicle
            + weights.wait_weight * wait
            + weights.walk_weight * walk
            + 60 * weights.transfer_min * transfers
        )

    def _mean_cost(self, way: _Way) -> Floats:
        """Return what a way costs over the middle of the day, s; inf where it does not run."""
        there = way.there
        cost = self._felt(there.in_vehicle_s, there.wait_s, there.walk_s, there.transfers)
        cost = cost + self.parameters.schedule_delay_weight * there.schedule_delay_s
        cost = cost + self.parameters.bike_weight * there.cycle_s
        cost = cost + there.fare_eur * (SECONDS_PER_HOUR / self.parameters.value_of_time_eur_h)
        mean = cost[:, 0, _DAYTIME].mean(axis=1)
        return np.where(np.isnan(mean), np.inf, mean)

    def _citybikes(self, offer: Offer) -> _Ways:
        """Return the best way by hired bike: to a station, a ride, and the rest on foot."""
        shape = (len(self.starts.zones), len(offer.entrances))
        ways = _Ways.none(*shape)
        share = offer.bikeshare
        if share is None or not share.stations:
            return ways
        best = np.full(shape, np.inf)
        stations = list(zip(share.lat.tolist(), share.lon.tolist(), strict=True))
        gates = [(gate.lat, gate.lon) for gate in offer.entrances]
        egress_s = self._streets_matrix(stations, gates, "walk").duration_s
        feeder = self._to_points(stations)
        ride_s = share.ride_m / share.speed_ms + share.rent_s + share.return_s
        for entrance in range(len(gates)):
            back = int(np.argmin(egress_s[:, entrance]))
            if egress_s[back, entrance] > LONGEST_EGRESS_S:
                continue
            for rent in range(len(stations)):
                if rent == back or not np.isfinite(ride_s[rent, back]):
                    continue
                way = self._bike_way(
                    feeder,
                    rent,
                    float(ride_s[rent, back]),
                    float(egress_s[back, entrance]),
                    share.fare_eur,
                )
                cost = self._mean_cost(way)
                better = cost < best[:, entrance]
                best[better, entrance] = cost[better]
                ways.keep(better, entrance, 0, rent, back, way)
        return ways

    def _bike_way(
        self, feeder: Journeys, rent: int, ride_s: float, egress_s: float, fare_eur: float
    ) -> _Way:
        """Return the way of every zone by hired bike; the same at every hour, there and back."""
        mean = [_nan_mean(getattr(feeder, name)[:, rent, :]) for name in Journeys._fields]
        vehicle, wait, walk, transfers, _ = (part[:, None] * np.ones(HOURS) for part in mean)
        regional = np.where(mean[0] > 0, self.fares.regional(self.starts.fare_zone), 0.0)
        by_transit = vehicle > 0
        levels = _levels(
            vehicle,
            wait,
            walk + egress_s,
            np.where(np.isnan(vehicle), np.nan, ride_s),
            np.zeros_like(vehicle),
            transfers + by_transit,
            np.where(np.isnan(vehicle), np.nan, (regional + fare_eur)[:, None]),
        )
        access_s = _nan_mean(feeder.arrival_s[:, rent, :] - FEEDER_DEPARTURES)
        return _Way(levels, levels, access_s, np.full(len(access_s), egress_s), mean[0] > 0)


class _Way(NamedTuple):
    """One way of every zone to one entrance; levels of shape (zones, 1, HOURS)."""

    there: RideLevels
    back: RideLevels
    access_s: Floats
    egress_s: Floats
    by_feeder: NDArray[np.bool_]


class _Ways(NamedTuple):
    """The best ways by one mode."""

    there: RideLevels
    back: RideLevels
    rides: Rides

    @classmethod
    def none(cls, zones: int, entrances: int) -> _Ways:
        return cls(
            RideLevels.none(zones, entrances),
            RideLevels.none(zones, entrances),
            Rides.none(zones, entrances),
        )

    def keep(
        self,
        rows: NDArray[np.bool_],
        entrance: int,
        service: int,
        board: int,
        alight: int,
        way: _Way,
    ) -> None:
        """Write a way into the tables for the zones it is the best of."""
        for table, found in ((self.there, way.there), (self.back, way.back)):
            for field in fields(RideLevels):
                getattr(table, field.name)[rows, entrance] = getattr(found, field.name)[rows, 0]
        self.rides.service[rows, entrance] = service
        self.rides.board[rows, entrance] = board
        self.rides.alight[rows, entrance] = alight
        self.rides.access_s[rows, entrance] = way.access_s[rows]
        self.rides.egress_s[rows, entrance] = way.egress_s[rows]
        self.rides.by_feeder[rows, entrance] = way.by_feeder[rows]


def _levels(*columns: Floats) -> RideLevels:
    """Return levels of one entrance from columns of shape (zones, HOURS)."""
    vehicle, wait, walk, cycle, delay, transfers, fare = (column[:, None, :] for column in columns)
    return RideLevels(vehicle, wait, walk, cycle, delay, transfers, fare)


def _hourly(values: Floats) -> Floats:
    """Return means over the wishes of each hour; nan where one of them has no journey."""
    return np.asarray(values.reshape(*values.shape[:-1], HOURS, WISHES_AN_HOUR).mean(axis=-1))


def _nan_mean(values: Floats) -> Floats:
    """Return the mean over the last axis of what is known; nan where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def levels_digest(*parts: str) -> str:
    """Return one hash for everything levels were made from."""
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]
