"""Bike share: stations, riders who find no bike or no dock, and the van that carries bikes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simulation.eventlog import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from numpy.typing import NDArray

    from simulation.stage import Stage

VISITS_FROM_S: Final = 9 * 3600
VISITS_TO_S: Final = 20 * 3600
"""Hours over which riders of `RiderFlow` set out, evenly: no counts by hour are known."""


@dataclass(frozen=True, slots=True)
class RiderFlow:
    """Riders who have nothing to do with the park: to the shore and back, say.

    Attributes
    ----------
    id
        Its key in the scenario.
    origin, destination
        Station indices.
    trips
        Expected rides out a day (Poisson).
    stay_s
        Mean stay before they ride back, s (exponential).
    returns
        Share who ride back.
    """

    id: str
    origin: int
    destination: int
    trips: float
    stay_s: float
    returns: float


@dataclass(frozen=True, slots=True)
class Van:
    """Vans that carry bikes from full stations to empty ones.

    Attributes
    ----------
    vans, capacity
        How many, and the bikes each holds.
    every_s, first_s, last_s
        Rounds of each van: first, last, and time between, s.
    handling_s
        To load or unload one bike, s.
    speed_ms
        Of the van between stations, m/s.
    cost_per_hour_eur
        Of a van with its driver.
    """

    vans: int
    capacity: int
    every_s: float
    first_s: float
    last_s: float
    handling_s: float
    speed_ms: float
    cost_per_hour_eur: float


@dataclass(frozen=True, slots=True, eq=False)
class BikeShare:
    """Stations and bikes on offer.

    Attributes
    ----------
    stations
        (k,) their keys.
    lat, lon
        (k,) where they are.
    docks, bikes
        (k,) docks, and bikes in the morning.
    ride_m
        (k, k) distance by bike; inf where there is no way.
    walk_m
        (k, k) distance on foot; inf where there is no way.
    speed_ms
        Of a ride, m/s.
    walk_speed_ms
        On foot, m/s.
    rent_s, return_s
        To take a bike, and to bring it back, s.
    fare_eur
        For one ride of one person.
    cost_per_bike_day_eur
        Of a bike.
    flows
        Riders who have nothing to do with the park.
    van
        Vans that rebalance; None where there are none.
    walk_on_m
        How far people walk to the next station when this one has no bike, m.
    """

    stations: tuple[str, ...]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    docks: NDArray[np.int32]
    bikes: NDArray[np.int32]
    ride_m: NDArray[np.float64]
    walk_m: NDArray[np.float64]
    speed_ms: float
    walk_speed_ms: float
    rent_s: float = 0.0
    return_s: float = 0.0
    fare_eur: float = 0.0
    cost_per_bike_day_eur: float = 0.0
    flows: tuple[RiderFlow, ...] = field(default=())
    van: Van | None = None
    walk_on_m: float = 800.0


@dataclass(slots=True, eq=False)
class Cyclist:
    """A party on hired bikes, or looking for them.

    `party` is -1 for riders who have nothing to do with the park.
    """

    party: int
    people: int
    origin: int
    destination: int
    homeward: bool = False
    tried: tuple[int, ...] = ()
    riding: int = 0
    taken_s: float = 0.0
    stay_s: float = math.nan


class DockStation:
    """One station: its bikes and its free docks."""

    __slots__ = ("bikes", "docks", "index")

    def __init__(self, index: int, docks: int, bikes: int) -> None:
        self.index = index
        self.docks = docks
        self.bikes = bikes

    def take(self, bikes: int) -> bool:
        """Take bikes, all or none; say whether they were there."""
        if bikes > self.bikes:
            return False
        self.bikes -= bikes
        return True

    def bring(self, bikes: int) -> int:
        """Bring back as many bikes as there are free docks; return how many that were."""
        fits = max(min(bikes, self.docks - self.bikes), 0)
        self.bikes += fits
        return fits


class BikeNetwork:
    """The stations, the bikes on the way between them, and the vans.

    People who find no bike walk to the nearest other station within reach. People who find no
    dock ride on to the nearest other one; where every one is full, they lock their bikes beside
    the last, as the rules of the city bikes allow.

    Parameters
    ----------
    stage
        Clock and log.
    share
        Stations and bikes on offer.
    on_arrived
        Called with a cyclist who has brought the bikes back.
    on_no_bike
        Called with a cyclist who found no bike within reach.
    ride_time
        Turns a ride's expected time into its time, s; None for riders who all ride alike.
    """

    __slots__ = ("in_vans", "on_arrived", "on_no_bike", "ride_time", "share", "stage", "stations")

    def __init__(
        self,
        stage: Stage,
        share: BikeShare,
        *,
        on_arrived: Callable[[Cyclist], None],
        on_no_bike: Callable[[Cyclist], None],
        ride_time: Callable[[Cyclist, float], float] | None = None,
    ) -> None:
        self.stage = stage
        self.share = share
        self.on_arrived = on_arrived
        self.on_no_bike = on_no_bike
        self.ride_time = ride_time
        self.in_vans = 0
        self.stations = [
            DockStation(index, int(docks), int(bikes))
            for index, (docks, bikes) in enumerate(zip(share.docks, share.bikes, strict=True))
        ]
        if share.van is not None:
            for number in range(share.van.vans):
                stage.process(self._van(share.van, number))

    def hire(self, cyclist: Cyclist) -> None:
        """Let a party come to its station for bikes."""
        station = self.stations[cyclist.origin]
        if station.take(cyclist.people):
            self.stage.record(
                Kind.BIKE_HIRED, cyclist.party, station.index, cyclist.people, cyclist.people
            )
            cyclist.taken_s = self.stage.now
            cyclist.riding = cyclist.people
            cyclist.tried = ()
            self._ride(cyclist, cyclist.origin, cyclist.destination, self.share.rent_s)
            return
        self.stage.record(
            Kind.BIKE_NONE, cyclist.party, station.index, cyclist.people, cyclist.people
        )
        cyclist.tried = (*cyclist.tried, cyclist.origin)
        following = self._next(self.share.walk_m[cyclist.origin], cyclist.tried)
        if following is None or self.share.walk_m[cyclist.origin, following] > self.share.walk_on_m:
            self.stage.record(
                Kind.BIKE_GIVES_UP, cyclist.party, station.index, cyclist.people, len(cyclist.tried)
            )
            self.on_no_bike(cyclist)
            return
        walk_s = self.share.walk_m[cyclist.origin, following] / self.share.walk_speed_ms
        cyclist.origin = following
        self.stage.after(float(walk_s), self._walked_on, cyclist)

    def _walked_on(self, event: Any) -> None:  # noqa: ANN401 - a SimPy event
        self.hire(event._value)  # noqa: SLF001 - the hot path

    @staticmethod
    def _next(distance_m: NDArray[np.float64], tried: tuple[int, ...]) -> int | None:
        """Return the nearest station not yet tried; None where there is no other."""
        open_m = distance_m.copy()
        open_m[list(tried)] = np.inf
        nearest = int(np.argmin(open_m))
        return nearest if np.isfinite(open_m[nearest]) else None

    def _ride(self, cyclist: Cyclist, origin: int, destination: int, handling_s: float) -> None:
        ride_s = float(self.share.ride_m[origin, destination]) / self.share.speed_ms
        if self.ride_time is not None:
            ride_s = self.ride_time(cyclist, ride_s)
        cyclist.destination = destination
        self.stage.after(handling_s + ride_s, self._bring, cyclist)

    def _bring(self, event: Any) -> None:  # noqa: ANN401
        cyclist: Cyclist = event._value  # noqa: SLF001
        station = self.stations[cyclist.destination]
        self._dock(cyclist, station, station.bring(cyclist.riding))
        if cyclist.riding:
            self.stage.record(
                Kind.BIKE_NO_DOCK, cyclist.party, station.index, cyclist.riding, cyclist.riding
            )
            cyclist.tried = (*cyclist.tried, cyclist.destination)
            following = self._next(self.share.ride_m[cyclist.destination], cyclist.tried)
            if following is not None:
                self._ride(cyclist, cyclist.destination, following, 0.0)
                return
            station.bikes += cyclist.riding
            self._dock(cyclist, station, cyclist.riding)
        cyclist.tried = ()
        if self.share.return_s > 0:
            self.stage.after(self.share.return_s, self._arrived, cyclist)
        else:
            self.on_arrived(cyclist)

    def _dock(self, cyclist: Cyclist, station: DockStation, bikes: int) -> None:
        if bikes:
            cyclist.riding -= bikes
            ridden_s = self.stage.now - cyclist.taken_s
            self.stage.record(Kind.BIKE_RETURNED, cyclist.party, station.index, bikes, ridden_s)

    def _arrived(self, event: Any) -> None:  # noqa: ANN401
        self.on_arrived(event._value)  # noqa: SLF001

    def _van(self, van: Van, number: int) -> Generator[Any, Any, None]:
        """Drive a van's rounds: bikes from the fullest station to the emptiest."""
        start_s = van.first_s + number * van.every_s / van.vans
        carried = 0
        while start_s <= van.last_s:
            yield self.stage.until(start_s)
            carried = yield from self._round(van, carried)
            start_s = max(start_s + van.every_s, self.stage.now)

    def _round(self, van: Van, carried: int) -> Generator[Any, Any, int]:
        """Drive one round; return the bikes that stay in the van for want of docks."""
        target = self.share.bikes / self.share.docks
        filled = np.array([station.bikes / station.docks for station in self.stations])
        full, empty = int(np.argmax(filled - target)), int(np.argmin(filled - target))
        giver, taker = self.stations[full], self.stations[empty]
        spare = giver.bikes - round(float(target[full]) * giver.docks)
        want = round(float(target[empty]) * taker.docks) - taker.bikes
        bikes = max(min(van.capacity - carried, spare, want - carried), 0)
        if bikes + carried < 1:
            return carried
        if bikes:
            giver.bikes -= bikes
            self.in_vans += bikes
            self.stage.record(Kind.VAN_TAKES, -1, full, 0, bikes)
        carried += bikes
        drive_s = float(self.share.ride_m[full, empty]) / van.speed_ms
        yield self.stage.until(self.stage.now + drive_s + (bikes + carried) * van.handling_s)
        fits = taker.bring(carried)
        if fits:
            self.in_vans -= fits
            self.stage.record(Kind.VAN_BRINGS, -1, empty, 0, fits)
        return carried - fits


def draw_cyclists(share: BikeShare, generator: np.random.Generator) -> list[tuple[float, Cyclist]]:
    """Draw the riders of the flows with the times at which they come, s, sorted.

    Returns
    -------
    list of (float, Cyclist)
        The stay of a cyclist who does not ride back is nan.
    """
    drawn: list[tuple[float, Cyclist]] = []
    for flow in share.flows:
        count = int(generator.poisson(flow.trips))
        times = generator.uniform(VISITS_FROM_S, VISITS_TO_S, count)
        stays = flow.stay_s * generator.standard_exponential(count)
        stays[generator.random(count) >= flow.returns] = math.nan
        drawn += [
            (float(time), Cyclist(-1, 1, flow.origin, flow.destination, stay_s=float(stay)))
            for time, stay in zip(times, stays, strict=True)
        ]
    return sorted(drawn, key=lambda one: one[0])
