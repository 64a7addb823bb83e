"""Plain results of a plan: legs, itineraries, outings, and how they read as JSON.

Instants are aware ``datetime`` objects; lengths are metres, durations seconds, money EUR and
emissions g CO2e per traveller. What is not known is None and is left to the reader as null.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

Coordinates = tuple[tuple[float, float], ...]
"""(lat, lon) pairs, WGS 84."""

MODES = ("walk", "bike", "car", "transit", "bikeshare")
"""What a leg can be, and what a request can ask for."""


@dataclass(frozen=True, slots=True)
class Waypoint:
    """One end of a leg: a place, a stop, a car park or a bike station.

    Attributes
    ----------
    name
        As people call it, in English; a :class:`~lastmile.messages.Message` where other
        languages have another name for it. A point without a name is its coordinates.
    lat, lon
        Degrees, WGS 84.
    code
        Stop code as printed on the stop, or the station's number.
    platform
        Platform or quay, where the timetable names one.
    zone
        Fare zone of a stop.
    """

    name: str
    lat: float
    lon: float
    code: str | None = None
    platform: str | None = None
    zone: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the waypoint; unknown codes are left out."""
        found: dict[str, Any] = {"name": self.name, "lat": self.lat, "lon": self.lon}
        for key in ("code", "platform", "zone"):
            value = getattr(self, key)
            if value is not None:
                found[key] = value
        return found


class Call(NamedTuple):
    """A stop a vehicle calls at on the way."""

    stop: Waypoint
    arrival: datetime
    departure: datetime

    def to_json(self) -> dict[str, Any]:
        """Return the stop with its times."""
        return {
            **self.stop.to_json(),
            "arrival": self.arrival.isoformat(),
            "departure": self.departure.isoformat(),
        }


class LegStep(NamedTuple):
    """A stretch of one named street (or of steps) along a leg."""

    name: str
    length_m: float
    kind: str

    def to_json(self) -> dict[str, Any]:
        """Return the stretch."""
        return {"name": self.name, "length_m": round(self.length_m, 1), "kind": self.kind}


@dataclass(frozen=True, slots=True)
class Leg:
    """One stretch of a trip by one mode.

    Attributes
    ----------
    mode
        One of :data:`MODES`.
    distance_m
        Along the street or the line.
    co2_g
        g CO2e of the traveller; None where no factor is known.
    coordinates
        The way taken, at least its two ends.
    vehicle
        For transit: "bus", "metro", "train", "tram", "ferry", ...
    route
        Line as the passenger knows it ("245A").
    calls
        Intermediate stops, the ends not included.
    steps
        Streets followed by walk, bike and car legs.
    notes
        What the traveller should know about this leg.
    """

    mode: str
    origin: Waypoint
    destination: Waypoint
    departure: datetime
    arrival: datetime
    distance_m: float
    co2_g: float | None
    coordinates: Coordinates
    vehicle: str | None = None
    route: str | None = None
    route_name: str | None = None
    headsign: str | None = None
    trip_id: str | None = None
    operator: str | None = None
    calls: tuple[Call, ...] = ()
    steps: tuple[LegStep, ...] = ()
    climb_m: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Seconds between departure and arrival."""
        return elapsed_s(self.departure, self.arrival)

    def to_json(self) -> dict[str, Any]:
        """Return the leg; the geometry is a GeoJSON LineString (lon, lat)."""
        return {
            "mode": self.mode,
            "vehicle": self.vehicle,
            "from": self.origin.to_json(),
            "to": self.destination.to_json(),
            "departure": self.departure.isoformat(),
            "arrival": self.arrival.isoformat(),
            "duration_s": self.duration_s,
            "distance_m": round(self.distance_m, 1),
            "co2_g": None if self.co2_g is None else round(self.co2_g, 1),
            "route": self.route,
            "route_name": self.route_name,
            "headsign": self.headsign,
            "trip_id": self.trip_id,
            "operator": self.operator,
            "stops": [call.to_json() for call in self.calls],
            "steps": [step.to_json() for step in self.steps],
            "climb_m": None if self.climb_m is None else round(self.climb_m, 1),
            "notes": list(self.notes),
            "geometry": line_string(self.coordinates),
        }


@dataclass(frozen=True, slots=True)
class ParkingNote:
    """How likely the car park of an itinerary is full when the car gets there."""

    car_park: str
    probability_full: float | None
    alternative: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the note."""
        return {
            "car_park": self.car_park,
            "probability_full": self.probability_full,
            "alternative": self.alternative,
        }


@dataclass(frozen=True, slots=True)
class Itinerary:
    """A way from door to door.

    Attributes
    ----------
    legs
        In order of travel; waiting is the gap between two legs.
    fare_eur
        Tickets of public transport and city bikes; None where a price is not known.
    cost_eur
        Fare, plus running cost and parking of a car; None where a part is not known.
    tickets
        What to buy, in order.
    follows
        On the way back: index of the outbound itinerary whose vehicle it brings home.
    """

    legs: tuple[Leg, ...]
    fare_eur: float | None
    cost_eur: float | None
    tickets: tuple[str, ...] = ()
    parking: ParkingNote | None = None
    warnings: tuple[str, ...] = ()
    follows: int | None = None
    modes: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Note the modes used."""
        object.__setattr__(self, "modes", frozenset(leg.mode for leg in self.legs))

    @property
    def departure(self) -> datetime:
        """When to leave."""
        return self.legs[0].departure

    @property
    def arrival(self) -> datetime:
        """When one is there."""
        return self.legs[-1].arrival

    @property
    def duration_s(self) -> float:
        """Seconds from door to door."""
        return elapsed_s(self.departure, self.arrival)

    @property
    def transfers(self) -> int:
        """Changes from one vehicle of the timetable to another."""
        return max(0, sum(leg.mode == "transit" for leg in self.legs) - 1)

    @property
    def walk_m(self) -> float:
        """Metres on foot."""
        return sum(leg.distance_m for leg in self.legs if leg.mode == "walk")

    @property
    def bike_m(self) -> float:
        """Metres by bike, one's own or rented."""
        return sum(leg.distance_m for leg in self.legs if leg.mode in {"bike", "bikeshare"})

    @property
    def co2_g(self) -> float | None:
        """Emissions of all legs, g CO2e; None where one is not known."""
        known = [leg.co2_g for leg in self.legs if leg.co2_g is not None]
        return sum(known) if len(known) == len(self.legs) else None

    def to_json(self) -> dict[str, Any]:
        """Return the itinerary as ``lastmile plan --json`` prints it."""
        co2_g = self.co2_g
        return {
            "departure": self.departure.isoformat(),
            "arrival": self.arrival.isoformat(),
            "duration_s": self.duration_s,
            "transfers": self.transfers,
            "walk_m": round(self.walk_m, 1),
            "bike_m": round(self.bike_m, 1),
            "co2_g": None if co2_g is None else round(co2_g, 1),
            "fare_eur": self.fare_eur,
            "cost_eur": self.cost_eur,
            "tickets": list(self.tickets),
            "parking": None if self.parking is None else self.parking.to_json(),
            "warnings": list(self.warnings),
            "follows": self.follows,
            "legs": [leg.to_json() for leg in self.legs],
        }


@dataclass(frozen=True, slots=True)
class Fallback:
    """What is left when the last return is missed.

    Attributes
    ----------
    kind
        "taxi", "next_service" or "walk".
    text
        The fallback in words.
    departure, arrival
        When it leaves and gets home.
    cost_eur
        Its price; None where it is not known.
    """

    kind: str
    text: str
    departure: datetime
    arrival: datetime
    cost_eur: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the fallback."""
        return {
            "kind": self.kind,
            "text": self.text,
            "departure": self.departure.isoformat(),
            "arrival": self.arrival.isoformat(),
            "cost_eur": self.cost_eur,
        }


@dataclass(frozen=True, slots=True)
class WayBack:
    """How safe the way back by public transport is.

    Attributes
    ----------
    last
        The last return that still reaches home.
    slack_s
        From the end of the stay to the departure of ``last``; negative when it has left by then.
    if_missed
        The ways home after that, cheapest first.
    notes
        What to know of ``last``.
    """

    last: Itinerary
    slack_s: float
    if_missed: tuple[Fallback, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the last departure, the slack and the ways home after it."""
        return {
            "last_departure": self.last.departure.isoformat(),
            "last_arrival": self.last.arrival.isoformat(),
            "last_line": next((leg.route for leg in self.last.legs if leg.mode == "transit"), None),
            "slack_s": self.slack_s,
            "if_missed": [fallback.to_json() for fallback in self.if_missed],
        }


@dataclass(frozen=True, slots=True)
class Outing:
    """The answer to a plan request: ways there, ways back, and what to know.

    Attributes
    ----------
    request
        The request as JSON-ready values.
    itineraries
        A small Pareto set, best first; never empty.
    returns
        Ways back when a stay was asked for.
    way_back
        Safety of the way back by public transport, when that is a way.
    warnings
        What may go wrong.
    notes
        Where the answer comes from.
    """

    request: dict[str, Any]
    itineraries: tuple[Itinerary, ...]
    returns: tuple[Itinerary, ...] = ()
    way_back: WayBack | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the answer as ``lastmile plan --json`` prints it."""
        return {
            "request": self.request,
            "itineraries": [itinerary.to_json() for itinerary in self.itineraries],
            "return": [itinerary.to_json() for itinerary in self.returns],
            "way_back": None if self.way_back is None else self.way_back.to_json(),
            "warnings": list(self.warnings),
            "notes": list(self.notes),
        }


def elapsed_s(start: datetime, end: datetime) -> float:
    """Seconds that pass between two instants.

    Two datetimes of one zone subtract by their clock faces, which is an hour wrong over a
    change of daylight saving time; epoch seconds are right.
    """
    return end.timestamp() - start.timestamp()


def line_string(coordinates: Coordinates) -> dict[str, Any]:
    """Return (lat, lon) pairs as a GeoJSON LineString, which wants (lon, lat)."""
    return {
        "type": "LineString",
        "coordinates": [[round(lon, 6), round(lat, 6)] for lat, lon in coordinates],
    }
