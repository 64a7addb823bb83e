"""Services of a scenario: from headways or a timetable route to trips, vehicles and costs."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from lastmile.messages import Message
from lastmile.network.paths import matrix
from lastmile.units import great_circle_m
from simulation.blocking import Rules, Run, Shortage, breaks_of, shortages, vehicle_blocks
from simulation.linefigures import seat_day_eur
from simulation.shuttle import BACK, OUT, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from lastmile.network.street import StreetNetwork
    from lastmile.places import Gazetteer
    from lastmile.transit.timetable import Timetable
    from scenarios import schema
    from simulation.faults import Faults

STOP_OFF_ROAD_M: Final = 500.0
"""How far a stop may lie off the roads."""

FEEDER_WALK_M: Final = 400.0
"""Trains and metros that stop this near feed a stop."""

FEEDER_TYPES: Final = (1, 2, 109, 401)
"""Metro and rail among GTFS route types, the extended ones included."""

MINUTE: Final = 60.0

MOST_DEPARTURES: Final = 1500
"""A service with more of them a day is refused: one a minute for a day is 1441."""

_ROUNDING: Final = 1e-9
"""8.3 minutes are a little more than 498 seconds; the last departure is made all the same."""


class StopPoint(NamedTuple):
    """A stop: its name, where it is, and where trips back stop if that is elsewhere."""

    name: str
    lat: float
    lon: float
    back: tuple[float, float] | None = None

    def across(self) -> StopPoint:
        """Return the stop of trips back."""
        return self if self.back is None else StopPoint(self.name, *self.back)

    def turned(self) -> StopPoint:
        """Return the stop of the line drawn the other way round."""
        here = None if self.back is None else (self.lat, self.lon)
        return self.across()._replace(back=here)


@dataclass(frozen=True, slots=True)
class Trip:
    """One run in a direction: the time at each stop, nan where it does not call."""

    direction: int
    times_s: tuple[float, ...]

    @property
    def start_s(self) -> float:
        """Departure from the first stop, s."""
        return float(np.nanmin(self.times_s))

    @property
    def end_s(self) -> float:
        """Arrival at the last stop, s."""
        return float(np.nanmax(self.times_s))

    def ends(self) -> tuple[int, int]:
        """Return the first and the last stop called at."""
        calls = np.flatnonzero(~np.isnan(self.times_s))
        first, last = int(calls[0]), int(calls[-1])
        return (first, last) if self.direction == OUT else (last, first)

    def turned(self) -> Trip:
        """Return the trip on the line drawn the other way round."""
        return Trip(OUT if self.direction == BACK else BACK, self.times_s[::-1])

    def run(self) -> Run:
        """Return it as a vehicle sees it."""
        return Run(self.start_s, self.end_s, *self.ends())


@dataclass(frozen=True, slots=True)
class LineBuilder:
    """Makes a scenario's services.

    Attributes
    ----------
    streets
        Roads that give run times and distances.
    timetable
        The day's timetable: routes, trains and metros.
    gazetteer
        Places of the stops.
    values
        Parameters by name.
    gates
        (lat, lon) of the entrances: towards them is `OUT`.
    faults
        Where faults are noted.
    """

    streets: StreetNetwork
    timetable: Timetable
    gazetteer: Gazetteer
    values: Mapping[str, float]
    gates: Sequence[tuple[float, float]]
    faults: Faults

    def build(self, key: str, spec: schema.Service) -> Service | None:
        """Make one service; None where it has faults."""
        where = f"services.{key}"
        if _departures_wanted(spec) > MOST_DEPARTURES:
            self.faults.add(
                where,
                Message(
                    "over {most} departures a day; leave them further apart", most=MOST_DEPARTURES
                ),
            )
            return None
        if spec.route is None:
            return self._pilot(key, where, spec)
        return self._of_route(key, where, spec)

    # --- a pilot of our own

    def _pilot(self, key: str, where: str, spec: schema.Service) -> Service | None:
        stops = self._stops(f"{where}.stops", spec.stops or [])
        if stops is None or spec.vehicles is None:
            return None
        run_s = back_s = np.empty(0)
        if spec.timetable is None:
            there = self._run_times(f"{where}.stops", stops, spec.run_times_min)
            across = [stop.across() for stop in stops[::-1]]
            back = self._run_times(f"{where}.stops", across, _reverse(spec.run_times_min))
            if there is None or back is None:
                return None
            run_s, back_s = there, back
        layover_s = spec.layover_min * MINUTE

        def rounds(rest_s: float) -> list[list[Trip]]:
            return _rounds(spec, run_s, back_s, rest_s)

        made = rounds(layover_s)
        trips = [trip for group in made for trip in group]
        empty_s, empty_m = self._empty_runs(spec, stops, trips)
        rules = _rules(spec, empty_s)
        self._too_long(where, spec, trips, rules)
        block = vehicle_blocks([trip.run() for trip in trips], rules)
        needed = max(block, default=-1) + 1
        if needed > spec.vehicles:
            advice = "" if spec.timetable else _round_advice(made[0], layover_s, spec.vehicles)
            self._too_few(where, spec, stops, rounds, rules, needed, advice)
            return None
        trips, block = _in_order(trips, block)
        if self._to_gate_m(stops[0]) < self._to_gate_m(stops[-1]):
            service = self._turned(key, spec, stops, trips, block)
        else:
            service = self._service(key, spec, stops, trips, block)
        return _with_turns(service, trips, block, rules, empty_m)

    def _turned(
        self,
        key: str,
        spec: schema.Service,
        stops: Sequence[StopPoint],
        trips: Sequence[Trip],
        block: Sequence[int],
    ) -> Service:
        """Make a service of a line drawn from the park: visitors ride towards it by `OUT`."""
        turned = [trip.turned() for trip in trips]
        service = self._service(key, spec, [stop.turned() for stop in stops[::-1]], turned, block)
        return replace(service, turned=True)

    def _too_long(
        self, where: str, spec: schema.Service, trips: Sequence[Trip], rules: Rules
    ) -> None:
        """Note a trip on which the driver would work for too long."""
        longest = max(trips, key=lambda trip: trip.end_s - trip.start_s)
        if spec.break_min is not None and longest.end_s - longest.start_s > rules.work_s:
            self.faults.add(
                f"{where}.break_after_h",
                Message(
                    "the trip at {time} takes longer than a driver works without a break; cut the "
                    "line in two",
                    time=clock_text(longest.start_s),
                ),
            )

    def _empty_runs(
        self, spec: schema.Service, stops: Sequence[StopPoint], trips: Sequence[Trip]
    ) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
        """Return time and distance between termini without passengers, (stops, stops), s and m.

        Both are None where vehicles do not run empty.
        """
        if not spec.empty_runs:
            return None, None
        ends = sorted({stop for trip in trips for stop in trip.ends()})
        points = [(stops[end].lat, stops[end].lon) for end in ends]
        found = matrix(self.streets, points, points, "car")
        shape = (len(stops), len(stops))
        empty_s, empty_m = np.full(shape, np.inf), np.full(shape, np.nan)
        drive_s = found.duration_s * self.values["bus_run_time_factor"]
        cells = np.ix_(ends, ends)
        empty_s[cells] = np.where(np.isfinite(drive_s), np.ceil(drive_s / MINUTE) * MINUTE, np.inf)
        empty_m[cells] = found.length_m
        return empty_s, empty_m

    def _too_few(
        self,
        where: str,
        spec: schema.Service,
        stops: Sequence[StopPoint],
        rounds: Callable[[float], list[list[Trip]]],
        rules: Rules,
        needed: int,
        advice: str,
    ) -> None:
        """Note that there are too few vehicles, for which departures, and what would mend it."""
        vehicles = spec.vehicles or 0

        def runs(rest_s: float) -> list[list[Run]]:
            return [[trip.run() for trip in group] for group in rounds(rest_s)]

        told = shortages(runs, rules, vehicles)
        said: list[str] = [_said(one, stops[one.place].name) for one in told]
        if told and told[0].for_breaks:
            advice = ""  # a round would fit; it is the break that does not
        if needed - vehicles > len(told):
            said.append(Message("and {count} more", count=needed - vehicles - len(told)))
        self.faults.add(
            f"{where}.vehicles",
            Message(
                "{vehicles} cannot run this timetable, it takes {needed}: {advice}",
                vehicles=vehicles,
                needed=needed,
                advice=Message.joined([*([advice] if advice else []), *said]),
            ),
        )

    # --- a route of the timetable

    def _of_route(self, key: str, where: str, spec: schema.Service) -> Service | None:
        runs = self._runs(spec.route or "")
        if not runs:
            names = sorted({route.short_name for route in self.timetable.routes})
            self.faults.add(
                f"{where}.route",
                Message(
                    "the timetable of {day:%A %Y-%m-%d} has no route {route!r}; it has {names}",
                    day=self.timetable.day,
                    route=spec.route,
                    names=", ".join(names),
                ),
            )
            return None
        stops, trips = self._on_one_line(runs)
        trips = self._retimed(where, spec, trips)
        if spec.extension is not None:
            extended = self._extended(f"{where}.extension", spec.extension, stops, trips)
            if extended is None:
                return None
            stops, trips = extended
        trips = sorted(trips, key=lambda trip: (trip.start_s, trip.direction))
        rules = _rules(spec, None)
        block = vehicle_blocks([trip.run() for trip in trips], rules)
        needed = max(block) + 1
        if spec.vehicles is not None and needed > spec.vehicles:
            groups = [[trip] for trip in trips]
            self._too_few(where, spec, stops, lambda _rest_s: groups, rules, needed, "")
            return None
        service = self._service(key, spec, stops, trips, block)
        return _with_turns(service, trips, block, rules, None)

    def _runs(self, route: str) -> list[list[tuple[StopPoint, float]]]:
        """Return the day's runs of a route and its variants with a letter: stops and times."""
        pattern = re.compile(rf"{re.escape(route)}[A-Z]?")
        table = self.timetable
        wanted = [bool(pattern.fullmatch(one.short_name)) for one in table.routes]
        runs = []
        for index, trip in enumerate(table.trips):
            if trip.day_offset == 0 and wanted[trip.route]:
                calls = table.calls(index)
                found = [table.stop(call.stop) for call in calls]
                runs.append(
                    [
                        (StopPoint(stop.name, stop.lat, stop.lon), float(call.departure_s))
                        for stop, call in zip(found, calls, strict=True)
                    ]
                )
        return runs

    def _to_gate_m(self, stop: StopPoint) -> float:
        return min(great_circle_m(stop.lat, stop.lon, *gate) for gate in self.gates)

    def _on_one_line(
        self, runs: Sequence[Sequence[tuple[StopPoint, float]]]
    ) -> tuple[list[StopPoint], list[Trip]]:
        """Lay all runs on the stops of the longest one, out towards the park, by their names."""
        ways = [
            OUT if self._to_gate_m(run[-1][0]) < self._to_gate_m(run[0][0]) else BACK
            for run in runs
        ]
        longest = max(range(len(runs)), key=lambda index: (ways[index] == OUT, len(runs[index])))
        stops = [stop for stop, _ in runs[longest]]
        if ways[longest] == BACK:
            stops.reverse()
        rank = {stop.name: index for index, stop in enumerate(stops)}
        trips = []
        for run, way in zip(runs, ways, strict=True):
            times = [math.nan] * len(stops)
            for stop, time_s in run:
                if stop.name in rank:
                    times[rank[stop.name]] = time_s
            if np.count_nonzero(~np.isnan(times)) > 1:
                trips.append(Trip(way, tuple(times)))
        return stops, trips

    def _retimed(self, where: str, spec: schema.Service, trips: list[Trip]) -> list[Trip]:
        """Replace the trips within the hours of a new headway; those outside stay."""
        departures = departures_of(spec)
        if not departures:
            return trips
        first, last = departures[0], departures[-1]
        kept = [trip for trip in trips if not first <= trip.start_s <= last]
        for way in (OUT, BACK):
            mine = [trip for trip in trips if trip.direction == way]
            if not mine:
                self.faults.add(where, Message("the timetable runs in one direction only"))
                continue
            pattern = max(mine, key=lambda trip: np.count_nonzero(~np.isnan(trip.times_s)))
            offsets = np.array(pattern.times_s) - pattern.start_s
            kept += [Trip(way, tuple(start_s + offsets)) for start_s in departures]
        return kept

    def _extended(
        self,
        where: str,
        spec: schema.Extension,
        stops: list[StopPoint],
        trips: list[Trip],
    ) -> tuple[list[StopPoint], list[Trip]] | None:
        """Take every so-manieth departure on to further stops, and back from there."""
        further = self._stops(f"{where}.stops", spec.stops)
        if further is None:
            return None
        out_s = self._run_times(f"{where}.stops", [stops[-1], *further], spec.run_times_min)
        back_s = self._run_times(
            f"{where}.stops", [*further[::-1], stops[-1]], _reverse(spec.run_times_min)
        )
        if out_s is None or back_s is None:
            return None
        longer = []
        counts = {OUT: 0, BACK: 0}
        for trip in sorted(trips, key=lambda trip: trip.start_s):
            more = [math.nan] * len(further)
            terminus_s = trip.times_s[-1]
            if not math.isnan(terminus_s):
                if counts[trip.direction] % spec.every == 0:
                    if trip.direction == OUT:
                        more = (terminus_s + np.cumsum(out_s)).tolist()
                    else:
                        more = (terminus_s - np.cumsum(back_s[::-1])).tolist()
                counts[trip.direction] += 1
            longer.append(replace(trip, times_s=(*trip.times_s, *more)))
        return [*stops, *further], longer

    # --- what both have

    def _stops(self, where: str, specs: Sequence[str | schema.Stop]) -> list[StopPoint] | None:
        """Find the stops; note those that are unknown or off the roads."""
        found: list[StopPoint] = []
        for number, spec in enumerate(specs):
            key = f"{where}.{number}"
            if isinstance(spec, str):
                try:
                    place = self.gazetteer[spec]
                except LookupError as unknown:
                    self.faults.add(key, str(unknown))
                    continue
                point = StopPoint(place.name(), place.lat, place.lon)
            else:
                back = None
                if spec.back_lat is not None and spec.back_lon is not None:
                    back = (spec.back_lat, spec.back_lon)
                point = StopPoint(spec.name, spec.lat, spec.lon, back)
            lats, lons = np.array([one[1:3] for one in {point, point.across()}]).T
            place_on = self.streets.snap_many(lats, lons, "car", max_distance_m=STOP_OFF_ROAD_M)
            if (place_on.edge < 0).any():
                self.faults.add(
                    key,
                    Message(
                        "{stop} lies more than {metres} m off every road",
                        stop=point.name,
                        metres=round(STOP_OFF_ROAD_M),
                    ),
                )
                continue
            found.append(point)
        return found if len(found) == len(specs) else None

    def _legs(self, stops: Sequence[StopPoint]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return driving time and distance between successive stops, s and m."""
        points = [(stop.lat, stop.lon) for stop in stops]
        times = matrix(self.streets, points, points, "car")
        here = np.arange(len(points) - 1)
        return times.duration_s[here, here + 1], times.length_m[here, here + 1]

    def _run_times(
        self, where: str, stops: Sequence[StopPoint], given_min: Sequence[float] | None
    ) -> NDArray[np.float64] | None:
        """Return the run times between stops, whole minutes, as given or by the roads, s."""
        if given_min is not None:
            return np.array(given_min) * MINUTE
        drive_s, _ = self._legs(stops)
        if not np.isfinite(drive_s).all():
            broken = int(np.argmin(np.isfinite(drive_s)))
            self.faults.add(
                where,
                Message(
                    "no road leads from {start} to {end}; give run_times_min or other stops",
                    start=stops[broken].name,
                    end=stops[broken + 1].name,
                ),
            )
            return None
        run_s = drive_s * self.values["bus_run_time_factor"] + self.values["dwell_stop_s"]
        return np.ceil(run_s / MINUTE) * MINUTE

    def _service(
        self,
        key: str,
        spec: schema.Service,
        stops: Sequence[StopPoint],
        trips: Sequence[Trip],
        block: Sequence[int],
    ) -> Service:
        values = self.values
        _, leg_m = self._legs(stops)
        if not np.isfinite(leg_m).all():
            crow = [great_circle_m(a.lat, a.lon, b.lat, b.lon) for a, b in pairwise(stops)]
            leg_m = np.where(np.isfinite(leg_m), leg_m, crow)
        bus = spec.mode == "bus"
        return Service(
            id=key,
            name=spec.route or key,
            mode=spec.mode,
            stops=tuple(stop.name for stop in stops),
            lat=np.array([stop.lat for stop in stops]),
            lon=np.array([stop.lon for stop in stops]),
            times_s=np.array([trip.times_s for trip in trips], dtype=np.float64),
            direction=np.array([trip.direction for trip in trips], dtype=np.int8),
            block=np.array(block, dtype=np.int16),
            leg_m=leg_m,
            seats=spec.seats,
            standing=spec.standing,
            layover_s=0.0,  # a late driver gives up the rest that the timetable holds
            hold_s=spec.hold_for_feeder_min * MINUTE,
            dwell_stop_s=values["dwell_stop_s"],
            dwell_boarding_s=values["dwell_boarding_s"],
            dwell_alighting_s=values["dwell_alighting_s"],
            run_time_cv=values["run_time_cv"],
            fare_eur=_or(
                spec.fare_eur, values["fare_bc_eur"] * (1 - values["season_ticket_share"])
            ),
            cost_per_hour_eur=_or(
                spec.cost_per_hour_eur, values["bus_cost_eur_h" if bus else "minibus_cost_eur_h"]
            ),
            cost_per_km_eur=_or(
                spec.cost_per_km_eur, values["bus_cost_eur_km" if bus else "minibus_cost_eur_km"]
            ),
            co2_g_per_km=_or(
                spec.co2_g_per_km,
                values["co2_bus_diesel_g_km" if bus else "co2_bus_electric_g_km"],
            ),
            fleet_day_eur=(spec.vehicles or 0) * spec.seats * seat_day_eur(values.__getitem__),
            season_days=spec.season_days or 0,
            feeder_s=tuple(self._feeder(stop) for stop in stops),
            transfer_s=values["change_time_s"],
            feeder_delay_s=values["train_delay_mean_s"],
            back=tuple(stop.back for stop in stops) if any(stop.back for stop in stops) else (),
        )

    def _feeder(self, stop: StopPoint) -> NDArray[np.float64]:
        """Return when trains and metros arrive near a stop, s, sorted."""
        stops, times_s = _feeder_calls(self.timetable)
        lat = self.timetable.stops["stop_lat"].to_numpy(dtype=float)
        lon = self.timetable.stops["stop_lon"].to_numpy(dtype=float)
        near = [
            index
            for index in np.unique(stops).tolist()
            if great_circle_m(stop.lat, stop.lon, lat[index], lon[index]) <= FEEDER_WALK_M
        ]
        return np.unique(times_s[np.isin(stops, near)])


@lru_cache(maxsize=8)
def _feeder_calls(table: Timetable) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return every call of a train or metro on a day: its stop and its arrival, s.

    Where it begins it brings nobody.
    """
    calls = [
        (call.stop, call.arrival_s)
        for index, trip in enumerate(table.trips)
        if table.routes[trip.route].type in FEEDER_TYPES
        for call in table.calls(index)[1:]
    ]
    both = np.array(calls, dtype=np.float64).reshape(-1, 2)
    return both[:, 0].astype(np.int64), both[:, 1]


def departures_of(spec: schema.Service) -> list[float]:
    """Return a service's departures from its first stop, s; none where it sets no times."""
    if spec.departures is not None:
        return [float(time_s) for time_s in spec.departures]
    if spec.windows is not None:
        times = {
            time_s
            for window in spec.windows
            for time_s in _every(window.from_, window.to, window.headway)
        }
        return sorted(times)
    if spec.headway is not None:
        return _every(spec.first, spec.last, spec.headway)
    return []


def _departures_wanted(spec: schema.Service) -> float:
    """Count a service's departures without writing them down: there may be millions."""
    if spec.windows is not None:
        return sum(_spaces(one.from_, one.to, one.headway) + 1 for one in spec.windows)
    if spec.headway is not None:
        return _spaces(spec.first, spec.last, spec.headway) + 1
    return len(spec.departures or spec.timetable or ())


def _spaces(first_s: float, last_s: float, headway_min: float) -> float:
    """Return how many headways fit between two departures."""
    return (last_s - first_s) / MINUTE / headway_min + _ROUNDING


def _every(first_s: float, last_s: float, headway_min: float) -> list[float]:
    count = int(_spaces(first_s, last_s, headway_min)) + 1
    return [round(first_s + k * headway_min * MINUTE, 3) for k in range(count)]


def _clock(start_s: float, run_s: NDArray[np.float64]) -> list[float]:
    """Return the times at the stops of a trip that leaves at a time."""
    return [start_s, *(start_s + np.cumsum(run_s)).tolist()]


def _reverse(values: Sequence[float] | None) -> list[float] | None:
    return None if values is None else list(values)[::-1]


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _rounds(
    spec: schema.Service, run_s: NDArray[np.float64], back_s: NDArray[np.float64], rest_s: float
) -> list[list[Trip]]:
    """Return a pilot's trips: there and, after a rest, back; or each as its timetable has it."""
    if spec.timetable is not None:
        return [[_row_trip(row)] for row in spec.timetable]
    made = []
    for departure_s in departures_of(spec):
        out = Trip(OUT, tuple(_clock(departure_s, run_s)))
        turn_s = math.ceil((out.end_s + rest_s) / MINUTE) * MINUTE
        made.append([out, Trip(BACK, tuple(_clock(turn_s, back_s)[::-1]))])
    return made


def _row_trip(row: Sequence[int | None]) -> Trip:
    """Return the trip of one row of a timetable; times that fall along it run back."""
    times = tuple(math.nan if time_s is None else float(time_s) for time_s in row)
    known = [time_s for time_s in times if not math.isnan(time_s)]
    return Trip(OUT if known[0] < known[-1] else BACK, times)


def _rules(spec: schema.Service, empty_s: NDArray[np.float64] | None) -> Rules:
    """Return what vehicles and drivers need between two trips."""
    return Rules(
        layover_s=spec.layover_min * MINUTE,
        empty_s=empty_s,
        break_s=None if spec.break_min is None else spec.break_min * MINUTE,
        work_s=spec.break_after_h * 60 * MINUTE,
    )


def _with_turns(
    service: Service,
    trips: Sequence[Trip],
    block: Sequence[int],
    rules: Rules,
    empty_m: NDArray[np.float64] | None,
) -> Service:
    """Return a service with the empty runs and breaks of its vehicles; trips are in order."""
    runs = [trip.run() for trip in trips]
    empties_s, empties_m, breaks_s = ([0.0] * len(runs) for _ in range(3))
    for vehicle in sorted(set(block)):
        mine = [index for index, one in enumerate(block) if one == vehicle]
        for before, after in pairwise(mine):
            empties_s[after] = rules.empty(runs[before], runs[after])
            if empties_s[after] and empty_m is not None:
                empties_m[after] = float(empty_m[runs[before].end, runs[after].start])
        taken = breaks_of([runs[index] for index in mine], rules)
        for index, has_break in zip(mine, taken, strict=True):
            breaks_s[index] = (rules.break_s or 0.0) if has_break else 0.0
    return replace(
        service,
        empty_s=tuple(empties_s) if any(empties_s) else (),
        empty_m=tuple(empties_m) if any(empties_s) else (),
        break_s=tuple(breaks_s) if any(breaks_s) else (),
    )


def _in_order(trips: Sequence[Trip], block: Sequence[int]) -> tuple[list[Trip], list[int]]:
    """Return trips and their vehicles by departure, as vehicles make them."""
    order = sorted(range(len(trips)), key=lambda one: (trips[one].start_s, trips[one].direction))
    return [trips[one] for one in order], [block[one] for one in order]


def _round_advice(pair: Sequence[Trip], layover_s: float, vehicles: int) -> Message:
    """Say how long a round takes and what headway the vehicles allow."""
    out, back = pair
    round_min = (back.end_s - out.start_s + layover_s) / MINUTE
    return Message(
        "a round takes {round} min ({there} there, {back} back, {rest} rest at each end); give "
        "more vehicles, or a headway of {headway} min or more",
        round=round(round_min),
        there=round((out.end_s - out.start_s) / MINUTE),
        back=round((back.end_s - back.start_s) / MINUTE),
        rest=round(layover_s / MINUTE),
        headway=math.ceil(round_min / vehicles),
    )


_ORDINALS: Final = {
    2: Message("second"),
    3: Message("third"),
    4: Message("fourth"),
    5: Message("fifth"),
    6: Message("sixth"),
    7: Message("seventh"),
}


def _said(shortage: Shortage, place: str) -> Message:
    """Say which departure takes a vehicle too many, and what would mend it."""
    time, ordinal = clock_text(shortage.start_s), _ORDINALS.get(shortage.vehicle)
    said = (
        Message(
            "the {time} from {place} needs vehicle number {n}",
            time=time,
            place=place,
            n=shortage.vehicle,
        )
        if ordinal is None
        else Message(
            "the {time} from {place} needs a {ordinal} vehicle",
            time=time,
            place=place,
            ordinal=ordinal,
        )
    )
    if shortage.for_breaks:
        said = Message("{what}, or a driver goes without a break", what=said)
    ways = []
    if shortage.later_s is not None:
        ways.append(Message("leave at {time}", time=clock_text(shortage.later_s)))
    if shortage.layover_s is not None:
        minutes = round(shortage.layover_s / MINUTE)
        ways.append(
            Message("drop the layover to 1 minute")
            if minutes == 1
            else Message("drop the layover to {minutes} minutes", minutes=minutes)
        )
    if len(ways) > 1:
        return Message("{what}: {one} or {other}", what=said, one=ways[0], other=ways[1])
    return Message("{what}: {mend}", what=said, mend=ways[0]) if ways else said


def clock_text(time_s: float) -> str:
    """Return a time of the service day as ``HH:MM``; hours pass 24 after midnight."""
    minutes = round(time_s / MINUTE)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
