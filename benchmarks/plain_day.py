"""The day's car parks and shuttle in SimPy's usual style: a process and resources per customer.

It tells the same story as `simulation.parking` and `simulation.shuttle` in the words of SimPy's
own examples: every party is a process that requests a `Resource` and yields until it has it or
loses patience. The tests use it as the oracle of the lean style, `bench_day.py` as its peer. One
car park for each entrance; riders are patient and travel to the park only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import simpy

from simulation.eventlog import EventLog, Kind
from simulation.parking import GOLDEN
from simulation.parties import DRAWS
from simulation.shuttle import OUT

if TYPE_CHECKING:
    from collections.abc import Generator

    from simulation.model import DayModel
    from simulation.parties import Parties
    from simulation.shuttle import Service

    Process = Generator[simpy.Event, Any, None]


class PlainParking:
    """Cars, one process each, at entrances with one car park each."""

    def __init__(self, model: DayModel, parties: Parties, entrance: int = 0) -> None:
        self.env = simpy.Environment()
        self.model = model
        self.parties = parties
        self.log: list[float] = []
        self.lots = [simpy.Resource(self.env, lot.capacity) for lot in model.car_parks]
        self.roadside = [
            simpy.Resource(self.env, gate.roadside_spaces) if gate.roadside_spaces else None
            for gate in model.entrances
        ]
        for party in range(len(parties)):
            self.env.process(self.visit(party, entrance))

    def run(self) -> EventLog:
        """Run the day."""
        self.env.run()
        return EventLog.from_flat(self.log)

    def record(self, kind: Kind, party: int, place: int, value: float) -> None:
        """Write one event to the log."""
        people = int(self.parties.size[party])
        self.log += (self.env.now, kind, party, place, people, value)

    def draw(self, party: int, name: str, tried: int) -> float:
        """Return the party's uniform for a decision at the so-manieth entrance."""
        uniform = float(self.parties.draws[party, DRAWS.index(name)])
        return (uniform + tried * GOLDEN) % 1.0

    def visit(self, party: int, entrance: int) -> Process:
        """Live through one party's visit."""
        habits = self.model.habits.parking
        yield self.env.timeout(float(self.parties.arrival_s[party]))
        searched = 0.0
        visited: list[int] = []
        while True:
            visited.append(entrance)
            tried = len(visited)
            came = self.env.now
            self.record(Kind.CAR_ARRIVES, party, entrance, tried)
            lot = self.lots[entrance]
            request = yield from self.look_for_space(party, entrance, tried)
            searched += self.env.now - came
            stay = float(self.parties.stay_s[party])
            if request is not None:
                self.record(Kind.CAR_PARKS, party, entrance, searched)
                yield self.env.timeout(stay)
                self.record(Kind.CAR_LEAVES, party, entrance, stay)
                lot.release(request)
                return
            road = self.roadside[entrance]
            if (
                road is not None
                and road.count < road.capacity
                and self.draw(party, "roadside", tried) < habits.roadside_share
            ):
                with road.request() as space:
                    self.record(Kind.CAR_ROADSIDE, party, entrance, searched)
                    yield self.env.timeout(stay)
                    self.record(Kind.CAR_LEAVES_ROADSIDE, party, entrance, stay)
                    del space
                return
            other = self.other_entrance(entrance, visited)
            if (
                tried > habits.diversions
                or other is None
                or self.draw(party, "divert", tried) >= habits.divert_share
            ):
                self.record(Kind.CAR_TURNED_AWAY, party, entrance, searched)
                return
            self.record(
                Kind.CAR_DIVERTS, party, other, float(self.model.between_m[entrance, other])
            )
            yield self.env.timeout(float(self.model.between_s[entrance, other]))
            entrance = other

    def look_for_space(
        self, party: int, entrance: int, tried: int
    ) -> Generator[simpy.Event, Any, Any]:
        """Park, search, queue; return the request that holds the space, or None."""
        habits = self.model.habits.parking
        lot = self.lots[entrance]
        if lot.count < lot.capacity:
            return lot.request()
        search = -habits.search_s * math.log1p(-self.draw(party, "search", tried))
        if search > 0:
            self.record(Kind.CAR_SEARCHES, party, entrance, search)
            yield self.env.timeout(search)
            if lot.count < lot.capacity:
                return lot.request()
        willing = self.draw(party, "queue", tried) < habits.queue_share
        if not willing or len(lot.queue) >= self.model.entrances[entrance].queue_spaces:
            return None
        self.record(Kind.CAR_QUEUES, party, entrance, len(lot.queue))
        since = self.env.now
        request = lot.request()
        if math.isinf(habits.patience_s):
            yield request
            return request
        patience = -habits.patience_s * math.log1p(-self.draw(party, "patience", tried))
        yield request | self.env.timeout(patience)
        if request.triggered:
            return request
        request.cancel()
        self.record(Kind.CAR_RENEGES, party, entrance, self.env.now - since)
        return None

    def other_entrance(self, here: int, visited: list[int]) -> int | None:
        """Return the nearest entrance not yet tried."""
        there = [k for k in range(len(self.lots)) if k not in visited]
        return min(there, key=lambda k: self.model.between_s[here, k], default=None)


class PlainShuttle:
    """Riders, one process each, on a line from its first stop to its last; run times as planned."""

    def __init__(self, service: Service, times_s: list[float], people: list[int]) -> None:
        self.env = simpy.Environment()
        self.service = service
        self.log: list[float] = []
        self.stop = simpy.Store(self.env)
        self.people = people
        for trip in range(len(service.times_s)):
            if service.direction[trip] == OUT:
                self.env.process(self.vehicle(trip))
        for party, time_s in enumerate(times_s):
            self.env.process(self.rider(party, time_s))

    def run(self) -> EventLog:
        """Run the day."""
        self.env.run()
        return EventLog.from_flat(self.log)

    def record(self, kind: Kind, party: int, value: float) -> None:
        """Write one event to the log."""
        self.log += (self.env.now, kind, party, 0, self.people[party], value)

    def rider(self, party: int, time_s: float) -> Process:
        """Wait, ride and arrive."""
        yield self.env.timeout(time_s)
        since = self.env.now
        self.record(Kind.RIDE_WAITS, party, 0)
        called, arrived = self.env.event(), self.env.event()
        yield self.stop.put((party, called, arrived))
        yield called
        boarded = self.env.now
        self.record(Kind.RIDE_BOARDS, party, boarded - since)
        yield arrived
        self.record(Kind.RIDE_ALIGHTS, party, self.env.now - boarded)

    def vehicle(self, trip: int) -> Process:
        """Call those who fit, drive, and let them off."""
        leaves, reaches = self.service.times_s[trip].tolist()
        yield self.env.timeout(leaves)
        room = self.service.room
        on_board, behind = [], []
        while self.stop.items:
            party, called, arrived = yield self.stop.get()
            if self.people[party] <= room:
                room -= self.people[party]
                called.succeed()
                on_board.append(arrived)
            else:
                self.record(Kind.RIDE_LEFT_BEHIND, party, 0)
                behind.append((party, called, arrived))
        for waiting in behind:
            yield self.stop.put(waiting)
        yield self.env.timeout(reaches - leaves)
        for arrived in on_board:
            arrived.succeed()
