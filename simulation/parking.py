"""Car parks: they fill, cars search and queue, try elsewhere, park at the roadside or give up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulation.eventlog import Kind
from simulation.parties import DRAWS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from simulation.stage import Stage

SEARCH, PATIENCE, QUEUE, ROADSIDE = (
    DRAWS.index(name) for name in ("search", "patience", "queue", "roadside")
)

GOLDEN = 0.6180339887498949
"""Fractional part of the golden ratio: shifts a party's uniform into its next one."""


@dataclass(frozen=True, slots=True)
class CarPark:
    """What a car park offers.

    Attributes
    ----------
    id
        Its place in the gazetteer.
    entrance
        The entrance it serves, an index.
    capacity
        Places, those that can be booked included.
    fee_eur
        For a visit.
    bookable
        Places that are kept for bookings.
    no_show
        Share of bookings that lapse.
    signs
        Whether full or free is known before leaving home.
    opens_s, closes_s
        Cars may drive in from `opens_s` and before `closes_s`; they may always leave.
    lat, lon
        Where it is.
    """

    id: str
    entrance: int
    capacity: int
    fee_eur: float = 0.0
    bookable: int = 0
    no_show: float = 0.0
    signs: bool = False
    opens_s: float = 0.0
    closes_s: float = math.inf
    lat: float = math.nan
    lon: float = math.nan


@dataclass(frozen=True, slots=True)
class Entrance:
    """A way into the park.

    Attributes
    ----------
    id, name
        Its place in the gazetteer and what people call it.
    lat, lon
        Where it is.
    roadside_spaces
        Cars that find room along the road.
    queue_spaces
        Cars that can queue for a place in its car parks.
    """

    id: str
    name: str
    lat: float
    lon: float
    roadside_spaces: int = 0
    queue_spaces: float = 0


@dataclass(frozen=True, slots=True)
class ParkingHabits:
    """How drivers behave where it is full.

    Attributes
    ----------
    search_s
        Mean time of a search where every car park of an entrance is full, s.
    queue_share
        Share of drivers who queue for a space where there is room to wait.
    patience_s
        Mean patience in such a queue, s (exponential); may be infinite.
    roadside_share
        Share of drivers who park at the roadside where there is room.
    divert_share
        Share of drivers who try another entrance.
    diversions
        How many other entrances they try at most.
    """

    search_s: float
    queue_share: float
    patience_s: float
    roadside_share: float
    divert_share: float
    diversions: int


class ParkingLot:
    """One car park: places taken and free."""

    __slots__ = ("closes_s", "free", "index", "opens_s", "spec")

    def __init__(self, index: int, spec: CarPark) -> None:
        self.index = index
        self.spec = spec
        self.free = spec.capacity - spec.bookable
        self.opens_s = spec.opens_s
        self.closes_s = spec.closes_s

    def admits(self, now: float) -> bool:
        """Say whether a car without a booking can drive in and park."""
        return self.free > 0 and self.opens_s <= now < self.closes_s

    def is_open(self, now: float) -> bool:
        """Say whether cars may drive in."""
        return self.opens_s <= now < self.closes_s


@dataclass(slots=True, eq=False)
class Car:
    """A party in its car, from its first arrival to its way home."""

    party: int
    people: int
    stay_s: float
    draws: Sequence[float]
    searched_s: float = 0.0
    arrived_s: float = 0.0
    tried: int = 0
    visited: tuple[int, ...] = ()
    lot: ParkingLot | None = None

    def draw(self, column: int) -> float:
        """Return the party's uniform for a decision, a new one at every entrance it tries."""
        return (self.draws[column] + self.tried * GOLDEN) % 1.0


class ParkingArea:
    """The car parks of one entrance, the queue before them and the roadside.

    Parameters
    ----------
    stage
        Clock and log.
    index
        Index of the entrance.
    entrance
        What it has.
    lots
        Its car parks in the order in which drivers try them.
    habits
        How drivers behave.
    on_parked, on_left
        Called with a car when its people walk into the park, and when they drive off.
    on_full
        Called with a car that finds no room here at all.
    """

    __slots__ = (
        "entrance",
        "habits",
        "lots",
        "on_full",
        "on_left",
        "on_parked",
        "queue",
        "queue_spaces",
        "roadside_free",
        "stage",
    )

    def __init__(
        self,
        stage: Stage,
        index: int,
        entrance: Entrance,
        lots: Sequence[ParkingLot],
        *,
        habits: ParkingHabits,
        on_parked: Callable[[Car], None],
        on_left: Callable[[Car], None],
        on_full: Callable[[Car], None],
    ) -> None:
        self.stage = stage
        self.entrance = index
        self.lots = tuple(lots)
        self.roadside_free = entrance.roadside_spaces
        self.queue_spaces = entrance.queue_spaces
        self.queue: dict[int, tuple[Car, float]] = {}
        self.habits = habits
        self.on_parked = on_parked
        self.on_left = on_left
        self.on_full = on_full
        for lot in self.lots:
            if math.isfinite(lot.closes_s):
                stage.after(max(lot.closes_s - stage.now, 0.0), self._closes, lot)

    def looks_full(self, now: float) -> bool:
        """Say what a sign would: no car park here admits a car now."""
        return not any(lot.admits(now) for lot in self.lots)

    def arrive(self, car: Car) -> None:
        """Let a car arrive: it parks, or begins to search."""
        self._reach(car)
        if not self._take_place(car):
            self._search(car)

    def park_booked(self, car: Car, lot: ParkingLot) -> None:
        """Let a car drive to its booked place."""
        self._reach(car)
        self.stage.record(Kind.CAR_PARKS, car.party, lot.index, car.people, 0.0)
        car.lot = lot
        self.on_parked(car)
        self.stage.after(car.stay_s, self._booking_ends, car)

    def _reach(self, car: Car) -> None:
        car.tried += 1
        car.visited = (*car.visited, self.entrance)
        car.arrived_s = self.stage.now
        self.stage.record(Kind.CAR_ARRIVES, car.party, self.entrance, car.people, car.tried)

    def _take_place(self, car: Car) -> bool:
        """Park in the first car park with room; say whether there was one."""
        now = self.stage.now
        for lot in self.lots:
            if lot.admits(now):
                lot.free -= 1
                self._park(car, lot)
                return True
        return False

    def _search(self, car: Car) -> None:
        """Drive round the full car parks, if any is open."""
        search_s = -self.habits.search_s * math.log1p(-car.draw(SEARCH))
        if search_s > 0 and any(lot.is_open(self.stage.now) for lot in self.lots):
            self.stage.record(Kind.CAR_SEARCHES, car.party, self.entrance, car.people, search_s)
            self.stage.after(search_s, self._searched, car)
        else:
            self._queue_or_leave(car)

    def _searched(self, event: Any) -> None:  # noqa: ANN401 - a SimPy event
        car = event._value  # noqa: SLF001 - the hot path
        if not self._take_place(car):
            self._queue_or_leave(car)

    def _queue_or_leave(self, car: Car) -> None:
        now = self.stage.now
        willing = car.draw(QUEUE) < self.habits.queue_share
        if willing and len(self.queue) < self.queue_spaces and self._any_open(now):
            self.stage.record(
                Kind.CAR_QUEUES, car.party, self.entrance, car.people, len(self.queue)
            )
            self.queue[car.party] = (car, now)
            if math.isfinite(self.habits.patience_s):
                patience_s = -self.habits.patience_s * math.log1p(-car.draw(PATIENCE))
                self.stage.after(patience_s, self._loses_patience, (car, now))
        else:
            self._find_no_place(car)

    def _any_open(self, now: float) -> bool:
        return any(lot.is_open(now) and lot.spec.bookable < lot.spec.capacity for lot in self.lots)

    def _loses_patience(self, event: Any) -> None:  # noqa: ANN401
        car, since = event._value  # noqa: SLF001
        waiting = self.queue.get(car.party)
        if waiting is not None and waiting[1] == since:
            del self.queue[car.party]
            self._renege(car, since)

    def _renege(self, car: Car, since: float) -> None:
        now = self.stage.now
        self.stage.record(Kind.CAR_RENEGES, car.party, self.entrance, car.people, now - since)
        self._find_no_place(car)

    def _closes(self, event: Any) -> None:  # noqa: ANN401
        """Send the queue away when the last car park closes for the night."""
        del event
        if not self._any_open(self.stage.now):
            waiting = list(self.queue.values())
            self.queue.clear()
            for car, since in waiting:
                self._renege(car, since)

    def _find_no_place(self, car: Car) -> None:
        car.searched_s += self.stage.now - car.arrived_s
        if self.roadside_free > 0 and car.draw(ROADSIDE) < self.habits.roadside_share:
            self.roadside_free -= 1
            self.stage.record(
                Kind.CAR_ROADSIDE, car.party, self.entrance, car.people, car.searched_s
            )
            self.on_parked(car)
            self.stage.after(car.stay_s, self._leave_roadside, car)
        else:
            self.on_full(car)

    def _park(self, car: Car, lot: ParkingLot) -> None:
        """Put a car on a place that is already counted as taken."""
        car.searched_s += self.stage.now - car.arrived_s
        car.lot = lot
        self.stage.record(Kind.CAR_PARKS, car.party, lot.index, car.people, car.searched_s)
        self.on_parked(car)
        self.stage.after(car.stay_s, self._leave, car)

    def _leave(self, event: Any) -> None:  # noqa: ANN401
        car = event._value  # noqa: SLF001
        lot = car.lot
        self.stage.record(Kind.CAR_LEAVES, car.party, lot.index, car.people, car.stay_s)
        self.on_left(car)
        if self.queue and lot.is_open(self.stage.now):
            first = next(iter(self.queue))
            waiting, _ = self.queue.pop(first)
            self._park(waiting, lot)
        else:
            lot.free += 1

    def _leave_roadside(self, event: Any) -> None:  # noqa: ANN401
        car = event._value  # noqa: SLF001
        self.roadside_free += 1
        self.stage.record(
            Kind.CAR_LEAVES_ROADSIDE, car.party, self.entrance, car.people, car.stay_s
        )
        self.on_left(car)

    def _booking_ends(self, event: Any) -> None:  # noqa: ANN401
        car = event._value  # noqa: SLF001
        self.stage.record(Kind.CAR_LEAVES, car.party, car.lot.index, car.people, car.stay_s)
        self.on_left(car)
