"""Key figures: each defined once, computed from the event log of a day.

`KPIS` names every figure with its unit and definition; `docs/kpis.md` is written from it. Those
marked `per_entrance` also come by entrance, as ``parking_full_min.haltia``. A figure that a day
cannot give (the mean wait when nobody waited) is absent, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from simulation.eventlog import Kind
from simulation.parties import BIKE, BUS, CAR, CITYBIKE, MODES, SHUTTLE, STAYS_AWAY, WALK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulation.day import DayResult
    from simulation.eventlog import EventLog
    from simulation.model import DayModel

_HOUR = 3600.0
_MINUTE = 60.0
_KM = 1000.0


@dataclass(frozen=True, slots=True)
class Kpi:
    """One key figure.

    Attributes
    ----------
    name, unit
        What it is called and measured in ("" for a share or a plain count of its kind).
    meaning
        Its definition.
    better
        Which way is better; None where neither is.
    per_entrance
        Whether it also comes by entrance.
    """

    name: str
    unit: str
    meaning: str
    better: Literal["less", "more"] | None = None
    per_entrance: bool = False


_LIST: Final = (
    Kpi("visitors", "persons", "people who get into the park", "more", per_entrance=True),
    Kpi(
        "visitors_turned_away",
        "persons",
        "people who meant to come and did not get in: no place to park, no room in a vehicle, "
        "no bike, or told before leaving that it was full",
        "less",
        per_entrance=True,
    ),
    Kpi(
        "cars_arrived",
        "cars",
        "cars that reach an entrance; in total each car once, by entrance each arrival there",
        "less",
        per_entrance=True,
    ),
    Kpi("cars_parked", "cars", "cars that park in a car park", None, per_entrance=True),
    Kpi(
        "cars_diverted",
        "cars",
        "cars that find an entrance full and drive on to another; by entrance: to this one",
        "less",
        per_entrance=True,
    ),
    Kpi("cars_roadside", "cars", "cars that park at the roadside", "less", per_entrance=True),
    Kpi(
        "cars_turned_away",
        "cars",
        "cars that give up and drive home; by entrance: the last one they tried",
        "less",
        per_entrance=True,
    ),
    Kpi(
        "parking_full_min",
        "min",
        "minutes for which any car park of the entrance is full; in total the sum over entrances",
        "less",
        per_entrance=True,
    ),
    Kpi(
        "parking_peak_occupancy",
        "share",
        "largest share of an entrance's places taken at once; in total the largest of them",
        "less",
        per_entrance=True,
    ),
    Kpi(
        "search_s_mean",
        "s",
        "mean time a car spends searching and queueing, over all cars that reach an entrance",
        "less",
    ),
    Kpi("bookings_refused", "parties", "bookings refused because every place was taken", "less"),
    Kpi("shuttle_boardings", "persons", "people who board a shuttle, both ways", "more"),
    Kpi(
        "shuttle_left_behind",
        "person-events",
        "people left at the stop by a full shuttle, counted each time",
        "less",
    ),
    Kpi("shuttle_wait_s_mean", "s", "mean wait of those who board a shuttle", "less"),
    Kpi("shuttle_wait_s_p90", "s", "wait that one in ten of those who board exceeds", "less"),
    Kpi(
        "shuttle_load_factor",
        "share",
        "passenger kilometres over seat kilometres of the shuttles",
        None,
    ),
    Kpi(
        "shuttle_missed_connections",
        "persons",
        "people whose train or metro came after their shuttle had gone",
        "less",
    ),
    Kpi("bus_boardings", "persons", "people to or from the park who board the bus", None),
    Kpi(
        "bus_left_behind",
        "person-events",
        "people left at the stop by a full bus, counted each time",
        "less",
    ),
    Kpi("bus_wait_s_mean", "s", "mean wait of those who board the bus", "less"),
    Kpi("bike_trips", "rides", "hired bikes ridden, by park visitors and others", "more"),
    Kpi("bike_no_bike", "person-events", "people who come to a station without a bike", "less"),
    Kpi("bike_no_dock", "bike-events", "bikes brought to a station without a dock", "less"),
    Kpi("stranded", "persons", "visitors with no way back", "less"),
    Kpi("mode_share_car", "share", "share of the visitors who come by car", "less"),
    Kpi("mode_share_bus", "share", "share of the visitors who come by bus", None),
    Kpi("mode_share_shuttle", "share", "share of the visitors who come by shuttle", "more"),
    Kpi("mode_share_bike", "share", "share of the visitors who come by own or hired bike", "more"),
    Kpi("mode_share_walk", "share", "share of the visitors who come on foot", None),
    Kpi("car_km", "km", "driven by car to the park, between entrances and home", "less"),
    Kpi("co2_kg", "kg CO2e", "of those cars and of the vehicles of the services", "less"),
    Kpi("vehicle_hours", "h", "vehicles in service, from first departure to last arrival", None),
    Kpi("vehicle_km", "km", "driven by the vehicles of the services", None),
    Kpi(
        "operating_cost_eur",
        "EUR",
        "services by vehicle hour and kilometre, hired bikes by the day, vans by the hour",
        "less",
    ),
    Kpi(
        "total_cost_eur",
        "EUR",
        "operating cost, and the price a day of the vehicles that pilots state, idle ones too",
        "less",
    ),
    Kpi("fare_revenue_eur", "EUR", "fares of services and hired bikes", "more"),
    Kpi("parking_revenue_eur", "EUR", "parking fees", None),
    Kpi(
        "subsidy_per_passenger_eur",
        "EUR",
        "operating cost less fares, for each boarding of a service or hired bike",
        "less",
    ),
    Kpi("shuttle_cost_eur", "EUR", "operating cost of the shuttles", "less"),
    Kpi(
        "break_even_fare_eur",
        "EUR",
        "fare at which the shuttles would pay for themselves with the same passengers",
        "less",
    ),
    Kpi(
        "cost_per_car_kept_away_eur",
        "EUR",
        "in comparisons: added operating cost less added fares, for each car fewer that comes",
        "less",
    ),
    Kpi("season_cost_eur", "EUR", "operating cost over the season of services with one", "less"),
    Kpi(
        "generalised_cost_min_mean",
        "min",
        "mean over the visitors of the generalised cost of the way they chose, there and back",
        "less",
    ),
    Kpi(
        "consumer_surplus_eur",
        "EUR",
        "what visitors gain against the base by the change of their logsum; half for those who "
        "come only because of it (rule of a half)",
        "more",
    ),
    Kpi(
        "trail_crowding_peak",
        "persons",
        "most people in the park at once who came in at the entrance; in total over all",
        "less",
        per_entrance=True,
    ),
)

KPIS: Final[dict[str, Kpi]] = {kpi.name: kpi for kpi in _LIST}
"""Every key figure by name."""


def kpi_of(name: str) -> Kpi:
    """Return the definition behind a name, with or without an entrance.

    Raises
    ------
    KeyError
        If there is no such figure.
    """
    return KPIS[name.partition(".")[0]]


def kpis(result: DayResult, model: DayModel) -> dict[str, float]:
    """Compute every key figure of a day.

    Parameters
    ----------
    result
        What happened.
    model
        What was offered.

    Returns
    -------
    dict of str to float
        By name, those by entrance included; what the day cannot give is absent.
    """
    figures: dict[str, float] = {}
    figures |= _people(result, model)
    figures |= _parking(result.events, model)
    figures |= _lines(result.events, model)
    figures |= _bikes(result.events)
    figures |= _travel(result, model)
    figures |= _money(result, model, figures)
    return {name: float(value) for name, value in figures.items() if not np.isnan(value)}


def occupancy(
    events: EventLog, model: DayModel, entrance: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return how many places of an entrance's car parks are taken over the day.

    Returns
    -------
    time_s
        (m,) when it changes, s after midnight.
    taken
        (lots, m) places taken in each car park from then on.
    """
    lots = model.lots_of(entrance)
    moves = events.of(Kind.CAR_PARKS, Kind.CAR_LEAVES)
    here = np.isin(moves.place, lots)
    times, place = moves.time_s[here], moves.place[here]
    step = np.where(moves.kind[here] == Kind.CAR_PARKS, 1, -1)
    taken = np.array(
        [np.cumsum(np.where(place == lot, step, 0)) for lot in lots], dtype=np.int64
    ).reshape(len(lots), len(times))
    return times, taken


def modes_of(events: EventLog, parties: int) -> NDArray[np.int8]:
    """Return how each party came in the end, (n,): an index into `MODES`, or `STAYS_AWAY`."""
    mode = np.full(parties, STAYS_AWAY, dtype=np.int8)
    starts = events.of(Kind.SETS_OUT)
    mode[starts.party] = starts.value.astype(np.int8)
    return mode


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _by_entrance(
    figures: dict[str, float], model: DayModel, name: str, events: EventLog, *, people: bool
) -> None:
    """Add a count in total and by entrance."""
    weight = events.people if people else np.ones(len(events))
    counts = np.bincount(events.place, weights=weight, minlength=len(model.entrances))
    figures[name] = float(counts.sum())
    for entrance, count in zip(model.entrances, counts, strict=True):
        figures[f"{name}.{entrance.id}"] = float(count)


def _people(result: DayResult, model: DayModel) -> dict[str, float]:
    figures: dict[str, float] = {}
    events = result.events
    entered = events.of(Kind.ENTERS_PARK)
    _by_entrance(figures, model, "visitors", entered, people=True)
    _by_entrance(figures, model, "visitors_turned_away", events.of(Kind.TURNED_AWAY), people=True)
    mode = modes_of(events, len(result.parties))[entered.party]
    by_mode = np.bincount(mode, weights=entered.people, minlength=len(MODES))
    total = float(by_mode.sum())
    figures["mode_share_car"] = _share(by_mode[CAR], total)
    figures["mode_share_bus"] = _share(by_mode[BUS], total)
    figures["mode_share_shuttle"] = _share(by_mode[SHUTTLE], total)
    figures["mode_share_bike"] = _share(by_mode[BIKE] + by_mode[CITYBIKE], total)
    figures["mode_share_walk"] = _share(by_mode[WALK], total)
    figures["stranded"] = float(events.of(Kind.STRANDED).people.sum())
    moves = events.of(Kind.ENTERS_PARK, Kind.LEAVES_PARK)
    step = np.where(moves.kind == Kind.ENTERS_PARK, moves.people, -moves.people)
    figures["trail_crowding_peak"] = float(np.cumsum(step).max(initial=0))
    for index, entrance in enumerate(model.entrances):
        crowd = np.cumsum(step[moves.place == index]).max(initial=0)
        figures[f"trail_crowding_peak.{entrance.id}"] = float(crowd)
    return figures


def _parking(events: EventLog, model: DayModel) -> dict[str, float]:
    figures: dict[str, float] = {}
    arrivals = events.of(Kind.CAR_ARRIVES)
    _by_entrance(figures, model, "cars_arrived", arrivals, people=False)
    figures["cars_arrived"] = float(np.count_nonzero(arrivals.value == 1))
    for name, kind in (
        ("cars_diverted", Kind.CAR_DIVERTS),
        ("cars_roadside", Kind.CAR_ROADSIDE),
        ("cars_turned_away", Kind.CAR_TURNED_AWAY),
    ):
        _by_entrance(figures, model, name, events.of(kind), people=False)
    parked = events.of(Kind.CAR_PARKS)
    figures["cars_parked"] = float(len(parked))
    figures["bookings_refused"] = float(len(events.of(Kind.BOOKING_REFUSED)))
    ends = events.of(Kind.CAR_PARKS, Kind.CAR_ROADSIDE, Kind.CAR_TURNED_AWAY)
    figures["search_s_mean"] = float(ends.value.mean()) if len(ends) else float("nan")
    full, peaks = 0.0, []
    fees = 0.0
    for index, entrance in enumerate(model.entrances):
        lots = model.lots_of(index)
        figures[f"cars_parked.{entrance.id}"] = float(np.isin(parked.place, lots).sum())
        if not lots:
            continue
        capacity = np.array([model.car_parks[lot].capacity for lot in lots])
        times, taken = occupancy(events, model, index)
        any_full = np.count_nonzero(taken >= capacity[:, None], axis=0) > 0
        here = float(np.diff(times)[any_full[:-1]].sum()) / _MINUTE if len(times) else 0.0
        peak = float(taken.sum(axis=0).max(initial=0) / capacity.sum())
        figures[f"parking_full_min.{entrance.id}"] = here
        figures[f"parking_peak_occupancy.{entrance.id}"] = peak
        full += here
        peaks.append(peak)
        fees += sum(
            model.car_parks[lot].fee_eur * np.count_nonzero(parked.place == lot) for lot in lots
        )
    figures["parking_full_min"] = full if peaks else float("nan")
    figures["parking_peak_occupancy"] = max(peaks, default=float("nan"))
    figures["parking_revenue_eur"] = fees
    return figures


def _lines(events: EventLog, model: DayModel) -> dict[str, float]:
    figures: dict[str, float] = {}
    boards = events.of(Kind.RIDE_BOARDS, Kind.HOMEWARD_BOARDS)
    behind = events.of(Kind.RIDE_LEFT_BEHIND, Kind.HOMEWARD_LEFT_BEHIND)
    missed = events.of(Kind.CONNECTION_MISSED)
    runs = events.of(Kind.VEHICLE_RUNS)
    for mode in ("shuttle", "bus"):
        of_mode = np.array(
            [service.mode == mode for service in model.services] or [False], dtype=np.bool_
        )
        mine = of_mode[boards.place]
        people, waits = boards.people[mine], boards.value[mine]
        figures[f"{mode}_boardings"] = float(people.sum())
        figures[f"{mode}_left_behind"] = float(behind.people[of_mode[behind.place]].sum())
        if people.sum():
            figures[f"{mode}_wait_s_mean"] = float(np.average(waits, weights=people))
        if mode == "shuttle":
            if people.sum():
                each = np.repeat(waits, people)
                figures["shuttle_wait_s_p90"] = float(np.percentile(each, 90))
            figures["shuttle_missed_connections"] = float(
                missed.people[of_mode[missed.place]].sum()
            )
            rolling = of_mode[runs.place]
            seats = np.array([service.seats for service in model.services] or [0])
            offered = float((seats[runs.place] * runs.value)[rolling].sum())
            used = float((runs.people * runs.value)[rolling].sum())
            figures["shuttle_load_factor"] = _share(used, offered)
    empty = events.of(Kind.VEHICLE_EMPTY)
    figures["vehicle_km"] = float(runs.value.sum() + empty.value.sum()) / _KM
    figures["vehicle_hours"] = sum(
        vehicle_hours(service.times_s, service.block) for service in model.services
    )
    return figures


def vehicle_hours(times_s: NDArray[np.float64], block: NDArray[np.int16]) -> float:
    """Return the hours that vehicles are in service, from first departure to last arrival.

    Parameters
    ----------
    times_s
        (trips, stops) timetable; nan where a trip does not call.
    block
        (trips,) which vehicle makes the trip.
    """
    hours = 0.0
    for vehicle in np.unique(block):
        calls = times_s[block == vehicle]
        hours += float(np.nanmax(calls) - np.nanmin(calls)) / _HOUR
    return hours


def _bikes(events: EventLog) -> dict[str, float]:
    return {
        "bike_trips": float(events.of(Kind.BIKE_HIRED).value.sum()),
        "bike_no_bike": float(events.of(Kind.BIKE_NONE).people.sum()),
        "bike_no_dock": float(events.of(Kind.BIKE_NO_DOCK).value.sum()),
    }


def _travel(result: DayResult, model: DayModel) -> dict[str, float]:
    """Kilometres, emissions, and what people feel."""
    figures: dict[str, float] = {}
    events, parties = result.events, result.parties
    starts = events.of(Kind.SETS_OUT)
    drives = starts.value == CAR
    party, goal = starts.party[drives], starts.place[drives]
    last = np.full(len(parties), -1, dtype=np.int64)
    last[party] = goal
    diverts = events.of(Kind.CAR_DIVERTS)
    last[diverts.party] = diverts.place
    road_m = model.access.drive_m
    metres = road_m[parties.zone[party], goal] + road_m[parties.zone[party], last[party]]
    figures["car_km"] = float(metres.sum() + diverts.value.sum()) / _KM
    runs = events.of(Kind.VEHICLE_RUNS, Kind.VEHICLE_EMPTY)
    grams = np.array([service.co2_g_per_km for service in model.services] or [0.0])
    service_g = float((grams[runs.place] * runs.value).sum()) / _KM
    figures["co2_kg"] = (figures["car_km"] * model.costs.car_co2_g_km + service_g) / _KM
    comes = result.choices.mode != STAYS_AWAY
    people = parties.size[comes]
    if people.sum():
        figures["generalised_cost_min_mean"] = float(
            np.average(result.choices.generalised_cost_min[comes], weights=people)
        )
    counts = np.where(parties.latent, 0.5 * comes, 1.0) * parties.size
    gain_h = float((counts * result.surplus_min).sum()) / _MINUTE
    figures["consumer_surplus_eur"] = gain_h * model.costs.value_of_time_eur_h
    return figures


def _money(result: DayResult, model: DayModel, figures: dict[str, float]) -> dict[str, float]:
    """Costs and fares of what is offered."""
    events = result.events
    boards = events.of(Kind.RIDE_BOARDS, Kind.HOMEWARD_BOARDS)
    runs = events.of(Kind.VEHICLE_RUNS, Kind.VEHICLE_EMPTY)
    total = fleet = shuttles = season = fares = 0.0
    seasonal = False
    for index, service in enumerate(model.services):
        hours = vehicle_hours(service.times_s, service.block)
        metres = float(runs.value[runs.place == index].sum())
        cost = hours * service.cost_per_hour_eur + metres / _KM * service.cost_per_km_eur
        total += cost
        fleet += service.fleet_day_eur
        shuttles += cost if service.mode == "shuttle" else 0.0
        if service.season_days:
            season += cost * service.season_days
            seasonal = True
        fares += service.fare_eur * float(boards.people[boards.place == index].sum())
    share = model.bikeshare
    if share is not None:
        total += share.cost_per_bike_day_eur * float(share.bikes.sum())
        fares += share.fare_eur * figures["bike_trips"]
        if share.van is not None:
            van = share.van
            total += (
                van.vans
                * (van.last_s - van.first_s + van.every_s)
                / _HOUR
                * (van.cost_per_hour_eur)
            )
    passengers = float(boards.people.sum()) + figures["bike_trips"]
    return {
        "operating_cost_eur": total,
        "total_cost_eur": total + fleet,
        "fare_revenue_eur": fares,
        "subsidy_per_passenger_eur": _share(total - fares, passengers),
        "shuttle_cost_eur": shuttles,
        "break_even_fare_eur": _share(shuttles, figures["shuttle_boardings"]),
        "season_cost_eur": season if seasonal else float("nan"),
    }
