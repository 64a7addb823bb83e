"""What one line did on a day, as its operator sees it: from the event log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from simulation.eventlog import Kind
from simulation.shuttle import BACK, OUT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulation.eventlog import EventLog
    from simulation.shuttle import Service

    Floats = NDArray[np.float64]

EARLY_S: Final = 60.0
LATE_S: Final = 300.0
"""A departure from 1 min early to 5 min late is on time (TCQSM, 3rd ed., 2013, chapter 5)."""

BUNCHED: Final = 0.25
"""A headway below this share of the timetable's counts as bunched."""

SIGN_ON_S: Final = 600.0
"""What a driver needs before the first departure and after the last arrival; our own guess."""

KWH_PER_KM: Final = 0.5
BATTERY_KWH: Final = 88.0
CHARGER_KW: Final = 50.0
PLUG_S: Final = 120.0
"""Of an electric minibus that charges at its terminus; our own guesses: makers give 0.35 to 0.45
kWh/km in summer, heating in winter adds up to as much again."""

FIGURES: Final = {
    "boardings": "persons",
    "left_behind": "persons",
    "left_behind_share": "share",
    "extra_wait_s": "s",
    "wait_s_mean": "s",
    "wait_s_p90": "s",
    "missed_connections": "persons",
    "missed_share": "share",
    "peak_load": "share",
    "punctual_share": "share",
    "bunched_share": "share",
    "headway_cv": "",
    "stranded": "persons",
    "vehicle_hours": "h",
    "vehicle_km": "km",
    "driver_hours": "h",
    "energy_kwh": "kWh",
    "lowest_charge": "share",
    "cost_eur": "EUR",
    "revenue_eur": "EUR",
    "subsidy_per_passenger_eur": "EUR",
}
"""Figures of a line and their units; one that a day cannot give is absent."""

_TWO: Final = 2
_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class LineDay:
    """One line on one day.

    Attributes
    ----------
    figures
        By the names in `FIGURES`.
    boarded, left_behind, load
        (trips, stops) people who board, who are left at the stop, and on board when it leaves;
        load is nan where a trip does not leave.
    """

    figures: dict[str, float]
    boarded: Floats
    left_behind: Floats
    load: Floats


def line_day(events: EventLog, service: Service, index: int) -> LineDay:
    """Return what a line did on a day.

    Parameters
    ----------
    events
        Of the day.
    service
        The line.
    index
        Its index in the model.
    """
    left_s, load = _departures(events, service, index)
    boards = events.of(Kind.RIDE_BOARDS, Kind.HOMEWARD_BOARDS, place=index)
    behind = events.of(Kind.RIDE_LEFT_BEHIND, Kind.HOMEWARD_LEFT_BEHIND, place=index)
    at_stop, extra_s, extra_people = _stops_of(events, index)
    homeward = boards.kind == Kind.HOMEWARD_BOARDS
    boarded = _counted(service, left_s, boards, at_stop, homeward)
    refused = _counted(
        service, left_s, behind, behind.value, behind.kind == Kind.HOMEWARD_LEFT_BEHIND
    )
    missed = events.of(Kind.CONNECTION_MISSED, place=index)
    people = float(boards.people.sum())
    waits = np.repeat(boards.value, boards.people)
    late = left_s - service.times_s
    planned = ~np.isnan(_planned(service))
    gone = ~np.isnan(left_s)
    figures = {
        "boardings": people,
        "left_behind": float(refused.sum()),
        "left_behind_share": _share(float(refused.sum()), float(refused.sum()) + people),
        "extra_wait_s": _share(float((extra_s * extra_people).sum()), float(extra_people.sum())),
        "wait_s_mean": float(waits.mean()) if len(waits) else np.nan,
        "wait_s_p90": float(np.percentile(waits, 90)) if len(waits) else np.nan,
        "missed_connections": float(missed.people.sum()),
        "missed_share": _share(float(missed.people.sum()), people),
        "peak_load": float(np.nanmax(load) / service.room) if gone.any() else np.nan,
        "punctual_share": _share(
            float(np.count_nonzero((late >= -EARLY_S) & (late <= LATE_S))),
            float(np.count_nonzero(planned)),
        ),
        "stranded": float(events.of(Kind.STRANDED).people.sum()),
    }
    figures |= _headways(service, left_s)
    figures |= _effort(events, service, index, people)
    return LineDay(
        {name: value for name, value in figures.items() if not np.isnan(value)},
        boarded,
        refused,
        load,
    )


def lowest_charge(service: Service) -> float:
    """Return the lowest charge of any vehicle over its day, as a share of its battery.

    Vehicles start full, and charge while they stand at a terminus by the timetable.
    """
    lowest = 1.0
    for vehicle in np.unique(service.block):
        trips = [
            trip
            for trip in np.flatnonzero(service.block == vehicle).tolist()
            if not service.is_cancelled(trip)
        ]
        trips.sort(key=lambda trip: float(np.nanmin(service.times_s[trip])))
        charge = BATTERY_KWH
        ready_s = np.nan
        for trip in trips:
            rest_s = float(np.nanmin(service.times_s[trip])) - ready_s - PLUG_S
            if rest_s > 0:
                charge = min(BATTERY_KWH, charge + rest_s / _HOUR * CHARGER_KW)
            charge -= _metres(service, trip) / 1000 * KWH_PER_KM
            lowest = min(lowest, charge / BATTERY_KWH)
            ready_s = float(np.nanmax(service.times_s[trip]))
    return max(lowest, 0.0)


def _metres(service: Service, trip: int) -> float:
    calls = service.calls(trip)
    low, high = int(calls.min()), int(calls.max())
    return float(service.leg_m[low:high].sum())


def _share(part: float, whole: float) -> float:
    return part / whole if whole else np.nan


def _planned(service: Service) -> Floats:
    """Return the timetable's departures; nan where nobody leaves (the last stop, no call)."""
    planned = service.times_s.copy()
    for trip in range(len(planned)):
        planned[trip, service.calls(trip)[-1]] = np.nan
    return planned


def _departures(events: EventLog, service: Service, index: int) -> tuple[Floats, Floats]:
    """Return when each trip left each stop, and with how many people; nan where it did not."""
    left_s = np.full(service.times_s.shape, np.nan)
    load = np.full(service.times_s.shape, np.nan)
    runs = events.of(Kind.VEHICLE_RUNS, place=index)
    for trip in np.unique(runs.party).tolist():
        mine = runs.party == trip
        stops = service.calls(trip)[: np.count_nonzero(mine)]
        left_s[trip, stops] = runs.time_s[mine]
        load[trip, stops] = runs.people[mine]
    return left_s, load


def _stops_of(events: EventLog, index: int) -> tuple[Floats, Floats, Floats]:
    """Return where each boarding was, and how much longer the left behind waited; their people."""
    waits = (Kind.RIDE_WAITS, Kind.HOMEWARD_WAITS)
    behind = (Kind.RIDE_LEFT_BEHIND, Kind.HOMEWARD_LEFT_BEHIND)
    boards = (Kind.RIDE_BOARDS, Kind.HOMEWARD_BOARDS)
    mine = events.of(*waits, *behind, *boards, place=index)
    stop_of: dict[int, float] = {}
    left_of: dict[int, float] = {}
    stops: list[float] = []
    extra: list[tuple[float, float]] = []
    rows = zip(
        mine.kind.tolist(),
        mine.party.tolist(),
        mine.time_s.tolist(),
        mine.value.tolist(),
        mine.people.tolist(),
        strict=True,
    )
    for kind, party, time_s, value, people in rows:
        if kind in waits:
            stop_of[party] = value
            left_of.pop(party, None)
        elif kind in behind:
            left_of.setdefault(party, time_s)
        else:
            stops.append(stop_of[party])
            if party in left_of:
                extra.append((time_s - left_of.pop(party), float(people)))
    both = np.array(extra, dtype=np.float64).reshape(-1, 2)
    return np.array(stops, dtype=np.float64), both[:, 0], both[:, 1]


def _counted(
    service: Service,
    left_s: Floats,
    events: EventLog,
    stops: Floats,
    homeward: NDArray[np.bool_],
) -> Floats:
    """Count people by the departure at whose stop something happened to them."""
    counts = np.zeros(service.times_s.shape)
    for stop in np.unique(stops).astype(int).tolist():
        for way, back in ((OUT, False), (BACK, True)):
            trips = np.flatnonzero((service.direction == way) & ~np.isnan(left_s[:, stop]))
            here = (stops == stop) & (homeward == back)
            if not len(trips) or not here.any():
                continue
            trips = trips[np.argsort(left_s[trips, stop])]
            rank = np.searchsorted(left_s[trips, stop], events.time_s[here] - 1e-6)
            rank = np.minimum(rank, len(trips) - 1)
            np.add.at(counts[:, stop], trips[rank], events.people[here])
    return counts


def _headways(service: Service, left_s: Floats) -> dict[str, float]:
    """Return how even departures are: bunching, and the spread of headways (TCQSM's c_vh)."""
    planned_s = _planned(service)
    gaps: list[Floats] = []
    due: list[Floats] = []
    for way in (OUT, BACK):
        for stop in range(len(service.stops)):
            trips = np.flatnonzero((service.direction == way) & ~np.isnan(planned_s[:, stop]))
            trips = trips[np.argsort(planned_s[trips, stop])]
            if len(trips) <= _TWO:
                continue
            wanted = np.diff(planned_s[trips, stop])
            ran = ~np.isnan(left_s[trips, stop])
            real = np.diff(left_s[trips[ran], stop])
            gaps.append(real)
            due.append(wanted[ran[1:]][-len(real) :] if len(real) else wanted[:0])
    real_s = np.concatenate([np.empty(0), *gaps])
    due_s = np.concatenate([np.empty(0), *due])
    if len(real_s) < _TWO or len(real_s) != len(due_s):
        return {}
    return {
        "bunched_share": float(np.mean(real_s < BUNCHED * due_s)),
        "headway_cv": float(np.std(real_s - due_s) / due_s.mean()),
    }


def _effort(events: EventLog, service: Service, index: int, people: float) -> dict[str, float]:
    """Return hours, distance, energy and money."""
    hours = drivers = 0.0
    for vehicle in np.unique(service.block):
        trips = np.flatnonzero(service.block == vehicle).tolist()
        made = [trip for trip in trips if not service.is_cancelled(trip)]
        if made:
            calls = service.times_s[made]
            out_s = float(np.nanmax(calls) - np.nanmin(calls))
            hours += out_s / _HOUR
            drivers += (out_s + 2 * SIGN_ON_S) / _HOUR
    km = float(events.of(Kind.VEHICLE_RUNS, place=index).value.sum()) / 1000
    cost = hours * service.cost_per_hour_eur + km * service.cost_per_km_eur
    revenue = people * service.fare_eur
    return {
        "vehicle_hours": hours,
        "vehicle_km": km,
        "driver_hours": drivers,
        "energy_kwh": km * KWH_PER_KM,
        "lowest_charge": lowest_charge(service),
        "cost_eur": cost,
        "revenue_eur": revenue,
        "subsidy_per_passenger_eur": _share(cost - revenue, people),
    }
