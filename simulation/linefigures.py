"""What one line did on a day, as its operator sees it: from the event log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from simulation.eventlog import Kind
from simulation.shuttle import BACK, OUT

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lastmile.parameters import Parameters
    from simulation.eventlog import EventLog
    from simulation.shuttle import Service

    Floats = NDArray[np.float64]

EARLY_S: Final = 60.0
LATE_S: Final = 300.0
"""A departure from 1 min early to 5 min late is on time (TCQSM, 3rd ed., 2013, chapter 5)."""

BUNCHED: Final = 0.25
"""A headway below this share of the timetable's counts as bunched."""

SIGN_ON_S: Final = 600.0
"""What a driver needs before the first departure and after the last arrival; our own guess, from
300 to 900 s."""

PLUG_S: Final = 120.0
"""To plug in and out at a terminus; our own guess, from 60 to 300 s."""

DAYS_A_YEAR: Final = 250.0
"""Days a year over which a vehicle's price is spread; our own guess, from 110 (weekends and
holidays alone) to 340: a vehicle bought for weekends is used elsewhere on other days."""

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
    "empty_km": "km",
    "driver_hours": "h",
    "break_hours": "h",
    "energy_kwh": "kWh",
    "charged_kwh": "kWh",
    "lowest_charge": "share",
    "cost_eur": "EUR",
    "vehicle_cost_eur": "EUR",
    "total_cost_eur": "EUR",
    "revenue_eur": "EUR",
    "subsidy_per_passenger_eur": "EUR",
}
"""Figures of a line and their units; one that a day cannot give is absent.

``cost_eur`` is that of running, as in the key figures: by the hour and the kilometre. What the
vehicles themselves cost a day, by their seats, is ``vehicle_cost_eur``; ``total_cost_eur`` is both.
``missed_share`` is of those who come to the line's stops on the way to the park: on the way home
nobody comes by train.
"""

_TWO: Final = 2
_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What an electric minibus needs and costs beside the hour and the kilometre.

    Attributes
    ----------
    kwh_per_km, battery_kwh, charger_kw
        Energy use, usable battery, and power of the charger at each terminus.
    seat_day_eur
        Price of a vehicle for each seat and day of service.
    """

    kwh_per_km: float
    battery_kwh: float
    charger_kw: float
    seat_day_eur: float

    @classmethod
    def of(cls, parameters: Parameters) -> Upkeep:
        """Take it from the parameters: the price of a minibus over its seats, years and days."""
        value = parameters.value
        return cls(
            kwh_per_km=value("minibus_energy_kwh_km"),
            battery_kwh=value("minibus_battery_kwh"),
            charger_kw=value("charger_power_kw"),
            seat_day_eur=seat_day_eur(value),
        )


def seat_day_eur(value: Callable[[str], float]) -> float:
    """Return the price of a vehicle for each seat and day of service.

    Parameters
    ----------
    value
        Gives a parameter by its name: the price of a minibus, its seats and its years.
    """
    price_eur = value("minibus_purchase_eur") / value("minibus_seats")
    return price_eur / value("minibus_life_years") / DAYS_A_YEAR


@dataclass(frozen=True, slots=True, eq=False)
class LineDay:
    """One line on one day.

    Attributes
    ----------
    figures
        By the names in `FIGURES`.
    boarded, left_behind, missed
        (trips, stops) people who board, who are left at the stop, and whose train or metro came
        after this departure had gone.
    extra_wait_s, extra_people
        (trips, stops) how much longer those waited in all who were left there by a departure and
        got another, and how many they were.
    load, late_s
        (trips, stops) people on board when it leaves, and how late it is; nan where it does not.
    waits
        (k, 4) each boarding: its trip and stop, the wait in s, and the people.
    """

    figures: dict[str, float]
    boarded: Floats
    left_behind: Floats
    missed: Floats
    extra_wait_s: Floats
    extra_people: Floats
    load: Floats
    late_s: Floats
    waits: Floats


def line_day(events: EventLog, service: Service, index: int, upkeep: Upkeep) -> LineDay:
    """Return what a line did on a day.

    Parameters
    ----------
    events
        Of the day.
    service
        The line.
    index
        Its index in the model.
    upkeep
        What its vehicles need and cost.
    """
    left_s, load = _departures(events, service, index)
    story = _story(events, index)
    shape = service.times_s.shape
    boards, behind = story[story[:, 0] == _BOARDS], story[story[:, 0] == _BEHIND]
    missed, again = story[story[:, 0] == _MISSED], story[story[:, 0] == _AGAIN]
    boards_on = _next_trip(service, left_s, boards)
    people = float(boards[:, 4].sum())
    refused = float(behind[:, 4].sum())
    come = float(events.of(Kind.RIDE_WAITS, place=index).people.sum())
    waits = np.repeat(boards[:, 5], boards[:, 4].astype(int))
    late_s = left_s - service.times_s
    planned = ~np.isnan(departures_planned(service))
    extra_on = _next_trip(service, left_s, again)
    extra = _summed(shape, extra_on, again, again[:, 4] * again[:, 5])
    extra_people = _summed(shape, extra_on, again, again[:, 4])
    figures = {
        "boardings": people,
        "left_behind": refused,
        "left_behind_share": _share(refused, refused + people),
        "extra_wait_s": _share(float(extra.sum()), float(extra_people.sum())),
        "wait_s_mean": float(waits.mean()) if len(waits) else np.nan,
        "wait_s_p90": float(np.percentile(waits, 90)) if len(waits) else np.nan,
        "missed_connections": float(missed[:, 4].sum()),
        "missed_share": _share(float(missed[:, 4].sum()), come),
        "peak_load": float(np.nanmax(load) / service.room)
        if len(load[~np.isnan(load)])
        else np.nan,
        "punctual_share": _share(
            float(np.count_nonzero(on_time(late_s))), float(np.count_nonzero(planned))
        ),
        "stranded": float(events.of(Kind.STRANDED).people.sum()),
    }
    figures |= _headways(service, left_s)
    figures |= _effort(events, service, index, people, upkeep)
    return LineDay(
        figures={name: value for name, value in figures.items() if not np.isnan(value)},
        boarded=_summed(shape, boards_on, boards, boards[:, 4]),
        left_behind=_summed(shape, _next_trip(service, left_s, behind), behind, behind[:, 4]),
        missed=_summed(shape, _last_trip(service, left_s, missed), missed, missed[:, 4]),
        extra_wait_s=extra,
        extra_people=extra_people,
        load=load,
        late_s=late_s,
        waits=np.column_stack([boards_on, boards[:, 1], boards[:, 5], boards[:, 4]]),
    )


def on_time(late_s: Floats) -> NDArray[np.bool_]:
    """Return which departures are on time; one that is not made (nan) is not."""
    return (late_s >= -EARLY_S) & (late_s <= LATE_S)


def lowest_charge(service: Service, upkeep: Upkeep) -> float:
    """Return the lowest charge of any vehicle over its day, as a share of its battery.

    Vehicles start full, and charge while they stand at a terminus by the timetable.
    """
    return _charging(service, upkeep)[0]


def _charging(service: Service, upkeep: Upkeep) -> tuple[float, float]:
    """Return the lowest charge of any vehicle, as a share, and what all charge, kWh."""
    lowest, taken = 1.0, 0.0
    full = upkeep.battery_kwh
    for vehicle in np.unique(service.block):
        charge = full
        ready_s = np.nan
        for trip in _made(service, int(vehicle)):
            rest_s = float(np.nanmin(service.times_s[trip])) - ready_s
            rest_s -= service.empty_s_before(trip) + PLUG_S
            charge -= service.empty_m_before(trip) / 1000 * upkeep.kwh_per_km
            lowest = min(lowest, charge / full)  # it runs empty first, and charges where it goes on
            if rest_s > 0:
                added = min(full - charge, rest_s / _HOUR * upkeep.charger_kw)
                charge, taken = charge + added, taken + added
            charge -= _metres(service, trip) / 1000 * upkeep.kwh_per_km
            lowest = min(lowest, charge / full)
            ready_s = float(np.nanmax(service.times_s[trip]))
    return max(lowest, 0.0), taken


def _made(service: Service, vehicle: int) -> list[int]:
    """Return the trips that a vehicle makes, in the order of the day."""
    trips = [
        trip
        for trip in np.flatnonzero(service.block == vehicle).tolist()
        if not service.is_cancelled(trip)
    ]
    return sorted(trips, key=lambda trip: float(np.nanmin(service.times_s[trip])))


def _metres(service: Service, trip: int) -> float:
    calls = service.calls(trip)
    low, high = int(calls.min()), int(calls.max())
    return float(service.leg_m[low:high].sum())


def _share(part: float, whole: float) -> float:
    return part / whole if whole else np.nan


def departures_planned(service: Service) -> Floats:
    """Return the timetable's departures, (trips, stops), s; nan where nobody leaves."""
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


_BOARDS, _BEHIND, _MISSED, _AGAIN = range(4)
"""What happens to people at a stop: the last one is the boarding of those left behind before."""


def _story(events: EventLog, index: int) -> Floats:
    """Return what happened to people at the stops of a line.

    Returns
    -------
    (k, 6) float
        What (`_BOARDS` and so on), the stop, whether on the way home, when (s), how many, and for
        how long they waited (s); of `_AGAIN` when they were left behind first, and how much
        longer they waited.
    """
    waits = (Kind.RIDE_WAITS, Kind.HOMEWARD_WAITS)
    behind = (Kind.RIDE_LEFT_BEHIND, Kind.HOMEWARD_LEFT_BEHIND)
    boards = (Kind.RIDE_BOARDS, Kind.HOMEWARD_BOARDS)
    mine = events.of(*waits, *behind, *boards, Kind.CONNECTION_MISSED, place=index)
    homeward = {Kind.HOMEWARD_WAITS, Kind.HOMEWARD_LEFT_BEHIND, Kind.HOMEWARD_BOARDS}
    stop_of: dict[int, float] = {}
    left_of: dict[int, float] = {}
    late: dict[int, float] = {}
    rows: list[tuple[float, ...]] = []
    for kind, party, time_s, value, people in zip(
        mine.kind.tolist(),
        mine.party.tolist(),
        mine.time_s.tolist(),
        mine.value.tolist(),
        mine.people.tolist(),
        strict=True,
    ):
        home = float(kind in homeward)
        if kind == Kind.CONNECTION_MISSED:
            late[party] = value  # it is said at which stop when they begin to wait, at once
        elif kind in waits:
            stop_of[party] = value
            left_of.pop(party, None)
            if party in late:
                rows.append((_MISSED, value, home, time_s, people, late.pop(party)))
        elif kind in behind:
            left_of.setdefault(party, time_s)
            rows.append((_BEHIND, value, home, time_s, people, 0.0))
        else:
            stop = stop_of[party]
            rows.append((_BOARDS, stop, home, time_s, people, value))
            if party in left_of:
                since_s = left_of.pop(party)
                rows.append((_AGAIN, stop, home, since_s, people, time_s - since_s))
    return np.array(rows, dtype=np.float64).reshape(-1, 6)


def _next_trip(service: Service, left_s: Floats, story: Floats) -> NDArray[np.intp]:
    """Return at which departure something happened to people: that which leaves then or next."""
    return _trip_at(service, left_s, story, before=0)


def _last_trip(service: Service, left_s: Floats, story: Floats) -> NDArray[np.intp]:
    """Return which departure had gone when people came to the stop."""
    return _trip_at(service, left_s, story, before=1)


def _trip_at(service: Service, left_s: Floats, story: Floats, *, before: int) -> NDArray[np.intp]:
    """Return a departure for each row of a story; -1 where none ever leaves the stop."""
    found = np.full(len(story), -1, dtype=np.intp)
    for stop in np.unique(story[:, 1]).astype(int).tolist():
        for way in (OUT, BACK):
            trips = np.flatnonzero((service.direction == way) & ~np.isnan(left_s[:, stop]))
            here = np.flatnonzero((story[:, 1] == stop) & (story[:, 2] == way))
            if not len(trips) or not len(here):
                continue
            trips = trips[np.argsort(left_s[trips, stop])]
            rank = np.searchsorted(left_s[trips, stop], story[here, 3] - 1e-6) - before
            found[here] = trips[np.clip(rank, 0, len(trips) - 1)]
    return found


def _summed(
    shape: tuple[int, ...], trips: NDArray[np.intp], story: Floats, amounts: Floats
) -> Floats:
    """Sum amounts by trip and stop; what has no trip is left out."""
    total = np.zeros(shape)
    known = trips >= 0
    np.add.at(total, (trips[known], story[known, 1].astype(int)), amounts[known])
    return total


def _headways(service: Service, left_s: Floats) -> dict[str, float]:
    """Return how even departures are: bunching, and the spread of headways (TCQSM's c_vh)."""
    planned_s = departures_planned(service)
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


def _effort(
    events: EventLog, service: Service, index: int, people: float, upkeep: Upkeep
) -> dict[str, float]:
    """Return hours, distance, energy and money."""
    hours = drivers = breaks = 0.0
    vehicles = np.unique(service.block).tolist()
    for vehicle in vehicles:
        made = _made(service, vehicle)
        if made:
            calls = service.times_s[made]
            out_s = float(np.nanmax(calls) - np.nanmin(calls))
            hours += out_s / _HOUR
            drivers += (out_s + 2 * SIGN_ON_S) / _HOUR
            breaks += sum(service.break_s_before(trip) for trip in made) / _HOUR
    empty_km = float(events.of(Kind.VEHICLE_EMPTY, place=index).value.sum()) / 1000
    km = float(events.of(Kind.VEHICLE_RUNS, place=index).value.sum()) / 1000 + empty_km
    cost = hours * service.cost_per_hour_eur + km * service.cost_per_km_eur
    capital = len(vehicles) * service.seats * upkeep.seat_day_eur
    revenue = people * service.fare_eur
    lowest, charged = _charging(service, upkeep)
    return {
        "vehicle_hours": hours,
        "vehicle_km": km,
        "empty_km": empty_km,
        "driver_hours": drivers,
        "break_hours": breaks,
        "energy_kwh": km * upkeep.kwh_per_km,
        "charged_kwh": charged,
        "lowest_charge": lowest,
        "cost_eur": cost,
        "vehicle_cost_eur": capital,
        "total_cost_eur": cost + capital,
        "revenue_eur": revenue,
        "subsidy_per_passenger_eur": _share(cost - revenue, people),
    }
