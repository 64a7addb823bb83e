"""Scheduled lines: shuttles and bus 245, their vehicles, and the people at their stops."""

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

OUT: Final = 0
"""Direction of a trip that visits the stops in their order: towards the park."""

BACK: Final = 1
"""Direction of a trip that visits them in reverse."""

LAST_COMER_S: Final = 30.0
"""How long a vehicle that is held stays after the first people of the late train have come."""


@dataclass(frozen=True, slots=True, eq=False)
class Service:
    """A line's timetable and vehicles.

    Attributes
    ----------
    id, name
        Its key in the scenario and what people call it.
    mode
        "bus" or "shuttle".
    stops
        (s,) names of the stops in the order of direction `OUT`.
    lat, lon
        (s,) where they are.
    times_s
        (t, s) timetable, s after midnight; nan where a trip does not call.
    direction
        (t,) `OUT` or `BACK`.
    block
        (t,) which vehicle makes the trip; a vehicle makes its trips in their order here.
    leg_m
        (s - 1,) road distance between successive stops, m.
    seats, standing
        Room in a vehicle.
    layover_s
        Rest at a terminus at least, s.
    hold_s
        How long a vehicle waits at its first stop for a late train or metro, s.
    dwell_stop_s, dwell_boarding_s, dwell_alighting_s
        Time at a stop: fixed, and for each person, s.
    run_time_cv
        Coefficient of variation of the run time between stops.
    fare_eur
        For one person, one way.
    cost_per_hour_eur, cost_per_km_eur, co2_g_per_km
        Of a vehicle in service.
    fleet_day_eur
        What its vehicles themselves cost a day, idle ones too; 0 where none are stated.
    season_days
        Service days in a season; 0 where none is given.
    feeder_s
        For each stop, the timetable's arrivals of trains or metros there, s, sorted.
    transfer_s
        Walk from the platform to the stop, s.
    feeder_delay_s
        Mean delay of a train or metro, s (exponential).
    slowness
        Actual over planned run time on average: above 1 where traffic is slow.
    out_of_service
        Vehicles that break down: which, and from when they begin no trip, s.
    empty_s, empty_m
        (t,) how long and how far its vehicle runs empty to where the trip begins; empty where no
        vehicle does.
    break_s
        (t,) driver's break before the trip; empty where drivers are relieved.
    back
        (s,) where trips back stop, (lat, lon), None where it is the same place; empty where that
        is so of all.
    turned
        Whether the scenario has the stops the other way round: from the park.
    """

    id: str
    name: str
    mode: str
    stops: tuple[str, ...]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    times_s: NDArray[np.float64]
    direction: NDArray[np.int8]
    block: NDArray[np.int16]
    leg_m: NDArray[np.float64]
    seats: int
    standing: int = 0
    layover_s: float = 0.0
    hold_s: float = 0.0
    dwell_stop_s: float = 0.0
    dwell_boarding_s: float = 0.0
    dwell_alighting_s: float = 0.0
    run_time_cv: float = 0.0
    fare_eur: float = 0.0
    cost_per_hour_eur: float = 0.0
    cost_per_km_eur: float = 0.0
    co2_g_per_km: float = 0.0
    fleet_day_eur: float = 0.0
    season_days: int = 0
    feeder_s: tuple[NDArray[np.float64], ...] = field(default=())
    transfer_s: float = 0.0
    feeder_delay_s: float = 0.0
    slowness: float = 1.0
    out_of_service: tuple[tuple[int, float], ...] = ()
    empty_s: tuple[float, ...] = ()
    empty_m: tuple[float, ...] = ()
    break_s: tuple[float, ...] = ()
    back: tuple[tuple[float, float] | None, ...] = ()
    turned: bool = False

    @property
    def room(self) -> int:
        """People a vehicle holds."""
        return self.seats + self.standing

    def is_cancelled(self, trip: int) -> bool:
        """Say whether a trip is not made because its vehicle is out of service by then."""
        start_s = float(np.nanmin(self.times_s[trip]))
        return any(
            self.block[trip] == vehicle and start_s >= from_s
            for vehicle, from_s in self.out_of_service
        )

    def point(self, stop: int, direction: int) -> tuple[float, float]:
        """Return where trips in a direction stop, (lat, lon)."""
        across = self.back[stop] if self.back and direction == BACK else None
        return (float(self.lat[stop]), float(self.lon[stop])) if across is None else across

    def empty_s_before(self, trip: int) -> float:
        """Return how long the vehicle runs empty to where a trip begins, s."""
        return self.empty_s[trip] if self.empty_s else 0.0

    def empty_m_before(self, trip: int) -> float:
        """Return how far the vehicle runs empty to where a trip begins, m."""
        return self.empty_m[trip] if self.empty_m else 0.0

    def break_s_before(self, trip: int) -> float:
        """Return the driver's break before a trip, s."""
        return self.break_s[trip] if self.break_s else 0.0

    def calls(self, trip: int) -> NDArray[np.intp]:
        """Return the stops of a trip in the order of its calls."""
        served = np.flatnonzero(~np.isnan(self.times_s[trip]))
        return served if self.direction[trip] == OUT else served[::-1]

    def departures(self, board: int, alight: int) -> NDArray[np.intp]:
        """Return the trips from one stop to another, in the order they leave."""
        way = OUT if alight > board else BACK
        fit = np.flatnonzero(
            (self.direction == way)
            & ~np.isnan(self.times_s[:, board])
            & ~np.isnan(self.times_s[:, alight])
        )
        return fit[np.argsort(self.times_s[fit, board], kind="stable")]


@dataclass(frozen=True, slots=True, eq=False)
class Luck:
    """What one day's traffic holds for a line.

    Attributes
    ----------
    run_factor
        (t, s - 1) actual over planned run time between successive stops.
    feeder_delay_s
        For each stop, how late each train or metro of `Service.feeder_s` arrives.
    """

    run_factor: NDArray[np.float64]
    feeder_delay_s: tuple[NDArray[np.float64], ...]


def draw_luck(service: Service, generator: np.random.Generator) -> Luck:
    """Draw a day's run times (lognormal, mean 1) and train delays (exponential)."""
    trips, stops = service.times_s.shape
    variance = math.log1p(service.run_time_cv**2)
    normal = generator.standard_normal((trips, max(stops - 1, 0)))
    return Luck(
        run_factor=service.slowness * np.exp(math.sqrt(variance) * normal - variance / 2),
        feeder_delay_s=tuple(
            service.feeder_delay_s * generator.standard_exponential(len(times))
            for times in service.feeder_s
        ),
    )


@dataclass(slots=True, eq=False)
class Rider:
    """A party that rides: to the park, or home."""

    party: int
    people: int
    board: int
    alight: int
    homeward: bool
    patience_s: float
    since_s: float = 0.0
    boarded_s: float = 0.0
    first_wait_s: float = math.nan


class ShuttleLine:
    """A scheduled line: vehicles run to the timetable, people wait, board and get off.

    A vehicle never leaves a stop before its time. People board in the order they came; a
    party boards together or not at all, and a party larger than the vehicle fills it alone.

    Parameters
    ----------
    stage
        Clock and log.
    index
        The line's index in the model.
    service
        Its timetable.
    luck
        The day's run times and train delays.
    on_alighted
        Called with a rider who has arrived.
    on_no_ride
        Called with a rider who has lost patience, or whose last vehicle has gone.
    """

    __slots__ = (
        "_calls",
        "_departures",
        "_gone",
        "_times",
        "at_stop",
        "index",
        "luck",
        "on_alighted",
        "on_no_ride",
        "service",
        "stage",
    )

    def __init__(
        self,
        stage: Stage,
        index: int,
        service: Service,
        luck: Luck,
        *,
        on_alighted: Callable[[Rider], None],
        on_no_ride: Callable[[Rider], None],
    ) -> None:
        self.stage = stage
        self.index = index
        self.service = service
        self.luck = luck
        self.on_alighted = on_alighted
        self.on_no_ride = on_no_ride
        self.at_stop: list[tuple[list[Rider], list[Rider]]] = [([], []) for _ in service.stops]
        trips = range(len(service.times_s))
        self._times: list[list[float]] = service.times_s.tolist()
        self._calls: list[list[int]] = [service.calls(trip).tolist() for trip in trips]
        self._departures: dict[tuple[int, int], list[int]] = {}
        self._gone: set[tuple[int, int]] = set()
        blocks: dict[int, list[int]] = {}
        for trip in trips:
            blocks.setdefault(int(service.block[trip]), []).append(trip)
        for block in blocks.values():
            stage.process(self._work(block))

    def wait(self, rider: Rider) -> None:
        """Let a rider come to the stop."""
        rider.since_s = self.stage.now
        kind = Kind.HOMEWARD_WAITS if rider.homeward else Kind.RIDE_WAITS
        self.stage.record(kind, rider.party, self.index, rider.people, rider.board)
        if self._more_to_come(rider):
            self._queue(rider.board, rider.alight).append(rider)
        else:
            self.on_no_ride(rider)

    def has_gone(self, board: int, alight: int, departure_s: float) -> bool:
        """Say whether the vehicle that was to leave at a time has left the stop."""
        return any(
            self._times[trip][board] == departure_s and (trip, board) in self._gone
            for trip in self._between(board, alight)
        )

    def _between(self, board: int, alight: int) -> list[int]:
        """Return the trips from one stop to another, the last one first."""
        way = (board, alight)
        if way not in self._departures:
            self._departures[way] = self.service.departures(*way)[::-1].tolist()
        return self._departures[way]

    def _queue(self, board: int, alight: int) -> list[Rider]:
        return self.at_stop[board][OUT if alight > board else BACK]

    def _more_to_come(self, rider: Rider) -> bool:
        """Say whether a vehicle that goes where the rider wants has yet to leave the stop."""
        trips = self._between(rider.board, rider.alight)
        return any((trip, rider.board) not in self._gone for trip in trips)

    def _work(self, block: list[int]) -> Generator[Any, Any, None]:
        """Make a vehicle's trips, one after the other."""
        for trip in block:
            if self.service.is_cancelled(trip):
                yield from self._fail(trip)
                continue
            yield from self._get_ready(trip)
            yield from self._run(trip)
            if self.service.layover_s > 0:
                yield self.stage.until(self.stage.now + self.service.layover_s)

    def _get_ready(self, trip: int) -> Generator[Any, Any, None]:
        """Let the driver have a break, late or not, and run empty to where the trip begins."""
        rest_s = self.service.break_s_before(trip)
        if rest_s > 0:
            yield self.stage.until(self.stage.now + rest_s)
        empty_s = self.service.empty_s_before(trip)
        if empty_s > 0:
            metres = self.service.empty_m_before(trip)
            self.stage.record(Kind.VEHICLE_EMPTY, trip, self.index, 0, metres)
            yield self.stage.until(self.stage.now + empty_s * self.service.slowness)

    def _fail(self, trip: int) -> Generator[Any, Any, None]:
        """Let a trip not come: people wait for the next one, or choose again if it was the last."""
        times = self._times[trip]
        way = int(self.service.direction[trip])
        for stop in self._calls[trip][:-1]:
            yield self.stage.until(times[stop])
            self._gone.add((trip, stop))
            queue = self.at_stop[stop][way]
            lost = [rider for rider in queue if not self._more_to_come(rider)]
            queue[:] = [rider for rider in queue if rider not in lost]
            for rider in lost:
                self.on_no_ride(rider)

    def _run(self, trip: int) -> Generator[Any, Any, None]:
        """Make one trip: stop by stop."""
        service = self.service
        calls = self._calls[trip]
        times = self._times[trip]
        on_board: list[Rider] = []
        load = 0
        for rank, stop in enumerate(calls):
            time_s = times[stop]
            if rank == 0:
                yield self.stage.until(self._start(stop, time_s))
            alighting = [rider for rider in on_board if rider.alight == stop]
            if alighting:
                on_board = [rider for rider in on_board if rider.alight != stop]
                load -= sum(min(rider.people, service.room) for rider in alighting)
            if rank == len(calls) - 1:
                self._let_off(alighting)
                break
            if self.stage.now < time_s:
                self._let_off(alighting)
                alighting = []
                yield self.stage.until(time_s)
            boarding = self._let_on(trip, stop, load)
            on_board += boarding
            boarded = sum(min(rider.people, service.room) for rider in boarding)
            load += boarded
            dwell_s = self._dwell(boarded, sum(rider.people for rider in alighting))
            self._let_off(alighting)
            if dwell_s > 0:
                yield self.stage.until(self.stage.now + dwell_s)
            yield from self._drive(trip, stop, calls[rank + 1], load)

    def _start(self, stop: int, time_s: float) -> float:
        """Return when a trip leaves: at its time, or held for a late train."""
        service = self.service
        if service.hold_s <= 0 or not service.feeder_s:
            return time_s
        trains = service.feeder_s[stop]
        last = int(np.searchsorted(trains, time_s - service.transfer_s, side="right")) - 1
        if last < 0:
            return time_s
        late_s = self.luck.feeder_delay_s[stop][last]
        ready_s = trains[last] + late_s + service.transfer_s + LAST_COMER_S
        return min(max(time_s, float(ready_s)), time_s + service.hold_s)

    def _dwell(self, boarded: int, alighted: int) -> float:
        """Return the time at a stop beyond the timetable's fixed share of it, s."""
        service = self.service
        return service.dwell_boarding_s * boarded + service.dwell_alighting_s * alighted

    def _drive(self, trip: int, stop: int, ahead: int, load: int) -> Generator[Any, Any, None]:
        """Drive to the next stop."""
        service = self.service
        times = self._times[trip]
        now = self.stage.now
        low, high = min(stop, ahead), max(stop, ahead)
        self.stage.record(Kind.VEHICLE_LATE, trip, self.index, load, now - times[stop])
        self.stage.record(
            Kind.VEHICLE_RUNS, trip, self.index, load, float(service.leg_m[low:high].sum())
        )
        planned_s = times[ahead] - times[stop]
        moving_s = max(planned_s - service.dwell_stop_s, planned_s / 2)
        factor = float(self.luck.run_factor[trip, low])
        yield self.stage.until(now + (planned_s - moving_s) + moving_s * factor)

    def _let_on(self, trip: int, stop: int, load: int) -> list[Rider]:
        """Board whoever fits; the rest stay behind, choose again or have seen the last one."""
        service = self.service
        way = int(service.direction[trip])
        served = self._times[trip]
        self._gone.add((trip, stop))
        queue = self.at_stop[stop][way]
        if not queue:
            return []
        now = self.stage.now
        boarding: list[Rider] = []
        behind: list[Rider] = []
        gone: list[Rider] = []
        for rider in queue:
            if math.isnan(served[rider.alight]):
                behind.append(rider)
                continue
            room = service.room - load
            if min(rider.people, service.room) <= room:
                load += min(rider.people, service.room)
                self._board(rider, now)
                boarding.append(rider)
            else:
                kind = Kind.HOMEWARD_LEFT_BEHIND if rider.homeward else Kind.RIDE_LEFT_BEHIND
                self.stage.record(kind, rider.party, self.index, rider.people, stop)
                if self._more_to_come(rider):
                    behind.append(rider)
                    self._arm(rider, now)
                else:
                    gone.append(rider)
        queue[:] = behind
        for rider in gone:
            self.on_no_ride(rider)
        return boarding

    def _board(self, rider: Rider, now: float) -> None:
        rider.boarded_s = now
        kind = Kind.HOMEWARD_BOARDS if rider.homeward else Kind.RIDE_BOARDS
        self.stage.record(kind, rider.party, self.index, rider.people, now - rider.since_s)

    def _arm(self, rider: Rider, now: float) -> None:
        """Set the patience of a rider who was left behind for the first time."""
        if math.isnan(rider.first_wait_s):
            rider.first_wait_s = now - rider.since_s
            if math.isfinite(rider.patience_s):
                self.stage.after(rider.patience_s, self._loses_patience, rider)

    def _loses_patience(self, event: Any) -> None:  # noqa: ANN401 - a SimPy event
        rider = event._value  # noqa: SLF001 - the hot path
        queue = self._queue(rider.board, rider.alight)
        if rider in queue:
            queue.remove(rider)
            self.on_no_ride(rider)

    def _let_off(self, alighting: list[Rider]) -> None:
        now = self.stage.now
        for rider in alighting:
            kind = Kind.HOMEWARD_ALIGHTS if rider.homeward else Kind.RIDE_ALIGHTS
            self.stage.record(kind, rider.party, self.index, rider.people, now - rider.boarded_s)
            self.on_alighted(rider)
