"""Where everybody is over a day: drives, vehicle runs and stays in the park, from its events.

For showing a day, not for figures: cars drive evenly from home to the entrance, vehicles evenly
from stop to stop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from simulation.eventlog import Kind

if TYPE_CHECKING:
    from simulation.eventlog import EventLog
    from simulation.model import Access, DayModel
    from simulation.parties import Parties
    from simulation.shuttle import Service

_LEAVES: Final = (Kind.CAR_LEAVES, Kind.CAR_LEAVES_ROADSIDE, Kind.CAR_TURNED_AWAY)


class Drive(NamedTuple):
    """A car under way.

    Attributes
    ----------
    party
        Whose.
    start_s, end_s
        When, s after midnight.
    zone
        The party's origin zone.
    origin, destination
        Entrances; -1 stands for home.
    """

    party: int
    start_s: float
    end_s: float
    zone: int
    origin: int
    destination: int


class VehicleRun(NamedTuple):
    """A vehicle of a scheduled line between two stops.

    Attributes
    ----------
    service, trip
        Whose: indices of the line and of its trip.
    start_s, end_s
        When it leaves the one stop and reaches the other, s after midnight.
    origin, destination
        Stop indices.
    people
        On board.
    """

    service: int
    trip: int
    start_s: float
    end_s: float
    origin: int
    destination: int
    people: int


class Stay(NamedTuple):
    """A party in the park: who came in at which entrance, from when to when, s."""

    party: int
    start_s: float
    end_s: float
    entrance: int
    people: int


def drives(events: EventLog, parties: Parties, model: DayModel) -> list[Drive]:
    """Return every car's way there, to another entrance where one is full, and home.

    A way that the roads do not know (no finite driving time) is left out.
    """
    cars = events.of(Kind.CAR_ARRIVES, Kind.CAR_DIVERTS, *_LEAVES)
    zones: list[int] = parties.zone.tolist()
    found: list[Drive] = []
    at: dict[int, int] = {}
    diverted: set[int] = set()
    rows = zip(
        cars.time_s.tolist(),
        cars.kind.tolist(),
        cars.party.tolist(),
        cars.place.tolist(),
        strict=True,
    )
    for time_s, kind, party, place in rows:
        zone = zones[party]
        if kind == Kind.CAR_DIVERTS:
            drive_s = float(model.between_s[at[party], place])
            found.append(Drive(party, time_s, time_s + drive_s, zone, at[party], place))
            diverted.add(party)
        elif kind == Kind.CAR_ARRIVES:
            if party not in diverted:
                drive_s = _drive_s(model.access, zone, place)
                found.append(Drive(party, time_s - drive_s, time_s, zone, -1, place))
            at[party] = place
        else:
            drive_s = _drive_s(model.access, zone, at[party])
            found.append(Drive(party, time_s, time_s + drive_s, zone, at[party], -1))
    return [one for one in found if np.isfinite(one.end_s - one.start_s)]


def _drive_s(access: Access, zone: int, entrance: int) -> float:
    return float(access.drive_s[zone, entrance])


def vehicle_runs(events: EventLog, service: Service, index: int) -> list[VehicleRun]:
    """Return every run of a line's vehicles from stop to stop.

    A vehicle reaches a stop its dwell before it leaves it again; at its last stop, after the
    timetable's time.
    """
    log = events.of(Kind.VEHICLE_RUNS, place=index)
    found = []
    for trip in np.unique(log.party).tolist():
        mine = log.party == trip
        times: list[float] = log.time_s[mine].tolist()
        people: list[int] = log.people[mine].tolist()
        calls: list[int] = service.calls(trip).tolist()
        for rank, (start_s, load) in enumerate(zip(times, people, strict=True)):
            stop, ahead = calls[rank], calls[rank + 1]
            planned_s = abs(float(service.times_s[trip, ahead] - service.times_s[trip, stop]))
            if rank + 1 < len(times):
                ran_s = times[rank + 1] - start_s
                ran_s -= min(service.dwell_stop_s, ran_s / 2)
            else:
                ran_s = planned_s
            found.append(VehicleRun(index, trip, start_s, start_s + ran_s, stop, ahead, load))
    return found


def stays(events: EventLog) -> list[Stay]:
    """Return every party's time in the park."""
    log = events.of(Kind.ENTERS_PARK, Kind.LEAVES_PARK)
    entered: dict[int, tuple[float, int, int]] = {}
    found = []
    rows = zip(
        log.time_s.tolist(),
        log.kind.tolist(),
        log.party.tolist(),
        log.place.tolist(),
        log.people.tolist(),
        strict=True,
    )
    for time_s, kind, party, place, people in rows:
        if kind == Kind.ENTERS_PARK:
            entered[party] = (time_s, place, people)
        elif party in entered:
            start_s, entrance, came = entered.pop(party)
            found.append(Stay(party, start_s, time_s, entrance, came))
    return found
