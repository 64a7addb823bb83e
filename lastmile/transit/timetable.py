"""One service day as compact arrays; services added to it or taken from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lastmile.errors import NoServiceError, ScenarioError
from lastmile.messages import Message
from lastmile.transit.bounds import NO_CHANGE_S
from lastmile.transit.footpaths import Footpaths
from lastmile.transit.model import records
from lastmile.transit.patterns import CAN_ALIGHT, CAN_BOARD, Patterns, group_trips
from lastmile.units import SECONDS_PER_HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from zoneinfo import ZoneInfo

    from numpy.typing import NDArray

    from lastmile.transit.model import Feed

DEFAULT_UNTIL_S = 30 * SECONDS_PER_HOUR
"""Trips of the next service day that start before this time (06:00) belong to a day's night."""

DEFAULT_CHANGE_S = 60
_NEXT_SERVICE_HORIZON_DAYS = 400
_FORBIDDEN = 3
_TIMED = 1
_FREE_BUS_TYPE = 3


@dataclass(frozen=True, slots=True)
class Stop:
    """A place where vehicles stop."""

    id: str
    name: str
    lat: float
    lon: float
    code: str = ""
    platform: str = ""
    zone: str = ""
    wheelchair: bool | None = None


StopSpec = Stop
"""A stop of a pilot service; an id the timetable knows means that stop."""


@dataclass(frozen=True, slots=True)
class Route:
    """A line: ``type`` is GTFS's route_type (0 tram, 1 metro, 2 rail, 3 bus, 4 ferry, ...)."""

    id: str
    short_name: str
    long_name: str
    type: int
    agency_id: str = ""
    color: str = ""
    text_color: str = ""


@dataclass(frozen=True, slots=True)
class Trip:
    """One run of a vehicle.

    Attributes
    ----------
    id
        ``trip_id`` of the feed; trips made from one row of ``frequencies.txt`` share it.
    route
        Index of the route.
    headsign
        Where the vehicle says it goes; a call may have a headsign of its own.
    day_offset
        0 for a trip of the timetable's service day, -1 for one of the day before that runs past
        midnight, 1 for an early one of the next day.
    headway_s
        Above 0 where the feed promises a headway, not a time (``exact_times=0``): then the
        times are examples.
    wheelchair, bikes
        Whether they may come; ``None`` where nobody says.
    shape
        Row in the feed's shapes; -1 where there is none.
    row
        Row in the feed's trips; -1 for a trip of a service that was added.
    """

    id: str
    route: int
    headsign: str
    direction: int | None
    day_offset: int
    headway_s: int
    wheelchair: bool | None
    bikes: bool | None
    shape: int
    row: int = -1


@dataclass(frozen=True, slots=True)
class Call:
    """A trip at a stop; times in s after midnight of the timetable's day."""

    stop: int
    arrival_s: int
    departure_s: int
    can_board: bool
    can_alight: bool


@dataclass(frozen=True)
class TransitService:
    """A service to be added to a day: a pilot shuttle, say. One direction of one line.

    Attributes
    ----------
    route_id, name
        The line. ``route_id`` may be one that exists: the trips then join it.
    stops
        In order of travel; a loop names a stop twice.
    departures_s
        (n,) departures from the first stop, s after midnight.
    run_times_s
        From leaving one stop to reaching the next: (stops - 1,) s, or one row per departure.
    dwell_s
        Stay at every stop between the ends, s.
    headsign, wheelchair, bikes, route_type, color
        As in GTFS.
    """

    route_id: str
    name: str
    stops: Sequence[Stop]
    departures_s: Sequence[float]
    run_times_s: Sequence[float] | Sequence[Sequence[float]]
    dwell_s: float = 0.0
    headsign: str = ""
    wheelchair: bool | None = None
    bikes: bool | None = None
    route_type: int = _FREE_BUS_TYPE
    color: str = ""

    def times_s(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return arrivals and departures, (departures, stops) int32, first trip first.

        Raises
        ------
        ScenarioError
            The service has fewer than two stops, or its times do not fit its stops or run
            backwards.
        """
        count = len(self.stops)
        starts = np.sort(np.asarray(self.departures_s, dtype=np.float64))
        runs = np.asarray(self.run_times_s, dtype=np.float64)
        where = f"service {self.route_id!r}"
        if count < 2:  # noqa: PLR2004 - a trip has two ends
            raise ScenarioError(f"{where}: {count} stop(s); a service needs two or more")
        if runs.shape not in {(count - 1,), (len(starts), count - 1)}:
            raise ScenarioError(
                f"{where}: {runs.shape} run times for {count} stops and {len(starts)} departures; "
                f"give {count - 1}, or as many for every departure"
            )
        if not (np.isfinite(runs).all() and np.isfinite(starts).all()):
            raise ScenarioError(f"{where}: departures and run times must be numbers")
        if (runs < 0).any() or self.dwell_s < 0:
            raise ScenarioError(f"{where}: run times and dwell must not be negative")
        if runs.ndim == 2:  # noqa: PLR2004 - one row per departure
            runs = runs[np.argsort(np.asarray(self.departures_s), kind="stable")]
        rows = np.broadcast_to(runs, (len(starts), count - 1))
        arrival = np.zeros((len(starts), count))
        arrival[:, 1:] = np.cumsum(rows, axis=1) + self.dwell_s * np.arange(count - 1)
        arrival += starts[:, None]
        departure = arrival + self.dwell_s
        departure[:, 0], departure[:, -1] = arrival[:, 0], arrival[:, -1]
        return np.rint(arrival).astype(np.int32), np.rint(departure).astype(np.int32)


@dataclass(frozen=True, eq=False)
class Timetable:
    """The trips of one service day and its nights, grouped into patterns.

    A pattern is a set of trips of one route that call at the same stops in the same order under
    the same rules, of which none overtakes another. Times are s after midnight of ``day``.
    Trips of the day before that still run after its midnight, and early ones of the day after,
    are part of it with their times shifted.

    Attributes
    ----------
    day
        The service day.
    feed
        What it was made from.
    stops
        Frame of all stops, one row an index: stop_id, stop_code, stop_name, stop_lat, stop_lon,
        zone_id, platform_code, wheelchair_boarding. The same for every day of a feed.
    routes
        Tuple of :class:`Route`; indexes as in ``Trip.route``.
    patterns
        The arrays.
    trips
        Tuple of :class:`Trip`, one an index, in the order of the patterns.
    """

    day: date
    feed: Feed
    stops: pd.DataFrame
    routes: tuple[Route, ...]
    patterns: Patterns
    trips: tuple[Trip, ...]

    @classmethod
    def for_day(cls, feed: Feed, day: date, *, until_s: int = DEFAULT_UNTIL_S) -> Timetable:
        """Build the arrays of one service day.

        Parameters
        ----------
        feed
            The timetable.
        day
            The service day.
        until_s
            Trips of the next service day are part of it when they start before this time.

        Raises
        ------
        NoServiceError
            Nothing runs that day; the message names the next day on which something does.
        """
        runs = _runs_of(feed, day, until_s)
        if not (runs["day_offset"] <= 0).any():
            following = next_service_day(feed, day)
            hint = (
                Message("nor on any later day of the feed")
                if following is None
                else Message("the next day with service is {day:%A %Y-%m-%d}", day=following)
            )
            raise NoServiceError(
                Message("no service on {day:%A %Y-%m-%d}; {hint}", day=day, hint=hint)
            )
        patterns, order = group_trips(feed, runs)
        return cls(
            day=day,
            feed=feed,
            stops=feed.stops,
            routes=_routes_of(feed),
            patterns=patterns,
            trips=tuple(_trips_of(feed, runs.iloc[order])),
        )

    # --- looking things up ----------------------------------------------------------------------

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the timetable."""
        return self.feed.zone

    def instant(self, seconds: float) -> datetime:
        """Return the moment so many seconds into the service day, right over clock changes."""
        epoch = round(self.feed.day_start_s(self.day) + seconds)
        return datetime.fromtimestamp(epoch, UTC).astimezone(self.zone)

    def seconds_of(self, when: datetime) -> float:
        """Return how many seconds into the service day an aware moment is."""
        return when.timestamp() - self.feed.day_start_s(self.day)

    @cached_property
    def _stops(self) -> tuple[Stop, ...]:
        columns = ("stop_id", "stop_name", "stop_lat", "stop_lon")
        more = ("stop_code", "platform_code", "zone_id", "wheelchair_boarding")
        return tuple(
            Stop(stop_id, name, lat, lon, code, platform, zone, _yes_no(wheelchair))
            for stop_id, name, lat, lon, code, platform, zone, wheelchair in records(
                self.stops, columns + more
            )
        )

    def stop(self, index: int) -> Stop:
        """Return what is known of a stop."""
        return self._stops[index]

    @cached_property
    def _stop_index(self) -> dict[str, int]:
        return {stop.id: index for index, stop in enumerate(self._stops)}

    def stop_index(self, stop_id: str) -> int:
        """Return the index of a stop.

        Raises
        ------
        KeyError
            No stop has this id.
        """
        return self._stop_index[stop_id]

    def route_index(self, route_id: str) -> int | None:
        """Return the index of a route, or ``None``."""
        return next((i for i, route in enumerate(self.routes) if route.id == route_id), None)

    def calls(self, trip: int, first: int = 0, last: int | None = None) -> list[Call]:
        """Return the calls of a trip from one position to another, both included."""
        pattern = self.patterns.pattern_of(trip)
        stops, flags = self.patterns.stops_of(pattern), self.patterns.flags_of(pattern)
        arrival, departure = self.patterns.times_of(trip)
        part = slice(first, None if last is None else last + 1)
        columns = (column[part].tolist() for column in (stops, arrival, departure, flags))
        return [
            Call(stop, comes, goes, bool(rules & CAN_BOARD), bool(rules & CAN_ALIGHT))
            for stop, comes, goes, rules in zip(*columns, strict=True)
        ]

    def headsign(self, trip: int, position: int = 0) -> str:
        """Return where the vehicle says it goes when it calls at a position of its trip."""
        row = self.trips[trip].row
        calls = self.feed.stop_times
        if row >= 0:
            own = int(calls.headsign[calls.offset[row] + position])
            if own >= 0:
                return calls.headsigns[own]
        return self.trips[trip].headsign

    # --- changing times -------------------------------------------------------------------------

    def transfers(
        self, footpaths: Footpaths, *, change_s: int = DEFAULT_CHANGE_S
    ) -> tuple[Footpaths, NDArray[np.int32]]:
        """Apply the feed's ``transfers.txt`` to footpaths and change times.

        Parameters
        ----------
        footpaths
            Walks between the timetable's stops.
        change_s
            Time to change vehicles at a stop where the feed gives no other.

        Returns
        -------
        (Footpaths, numpy.ndarray)
            A minimum transfer time lengthens a walk that is shorter, and makes a walk where
            there was none; a timed transfer needs no time at its own stop; a forbidden one is
            gone. The array is (stops,) int32, s.
        """
        rules = self.feed.transfers
        count = len(self.stops)
        change = np.full(count, change_s, dtype=np.int32)
        if rules.empty:
            return footpaths.extended(count), change
        start = rules["from_stop"].to_numpy()
        end = rules["to_stop"].to_numpy()
        kind = rules["transfer_type"].to_numpy()
        least = rules["min_transfer_time_s"].to_numpy()
        same = start == end
        timed = same & np.isfinite(least) & (kind != _FORBIDDEN)
        change[start[same & (kind == _TIMED)]] = 0
        change[start[timed]] = np.ceil(least[timed]).astype(np.int32)
        change[start[same & (kind == _FORBIDDEN)]] = NO_CHANGE_S
        pair = start[~same].astype(np.int64) * count + end[~same]
        rule, shortest = kind[~same], least[~same]
        origins, targets = footpaths.origins(), footpaths.target
        walked = origins.astype(np.int64) * count + targets
        allowed = ~np.isin(walked, pair[rule == _FORBIDDEN])
        timed_pair = (rule != _FORBIDDEN) & np.isfinite(shortest)
        required = pd.Series(shortest[timed_pair], index=pair[timed_pair])
        duration = np.fmax(footpaths.duration_s, required.reindex(walked).to_numpy())
        new = required[~np.isin(required.index, walked)]
        new_start, new_end = np.divmod(new.index.to_numpy(dtype=np.int64), count)
        return (
            Footpaths.between(
                count,
                np.concatenate([origins[allowed], new_start]),
                np.concatenate([targets[allowed], new_end]),
                np.concatenate([duration[allowed], new.to_numpy()]),
            ),
            change,
        )

    # --- changing the day -----------------------------------------------------------------------

    def without_route(self, route_id: str) -> Timetable:
        """Return the day without the trips of a route; indices of stops and routes stay.

        Raises
        ------
        ScenarioError
            There is no such route.
        """
        route = self.route_index(route_id)
        if route is None:
            raise ScenarioError(f"no route {route_id!r} in the timetable of {self.day}")
        patterns, kept = self.patterns.select(self.patterns.route != route)
        trips = tuple(self.trips[i] for i in kept)
        return replace(self, patterns=patterns, trips=trips)

    def with_service(self, service: TransitService) -> Timetable:
        """Return the day with a service added; indices of stops, routes and trips stay.

        New stops follow after the timetable's own: extend footpaths accordingly.

        Raises
        ------
        ScenarioError
            The service makes no sense.
        """
        arrival, departure = service.times_s()
        known = dict(self._stop_index)
        new: list[Stop] = []
        for stop in service.stops:
            if stop.id not in known:
                known[stop.id] = len(self.stops) + len(new)
                new.append(stop)
        route = self.route_index(service.route_id)
        routes = self.routes
        if route is None:
            route = len(routes)
            routes += (
                Route(service.route_id, service.name, "", service.route_type, color=service.color),
            )
        trip = Trip(
            id="",
            route=route,
            headsign=service.headsign or service.stops[-1].name,
            direction=None,
            day_offset=0,
            headway_s=0,
            wheelchair=service.wheelchair,
            bikes=service.bikes,
            shape=-1,
        )
        stops = self.stops if not new else pd.concat([self.stops, _frame(new)], ignore_index=True)
        sequence = np.array([known[stop.id] for stop in service.stops], dtype=np.int32)
        access = stops["wheelchair_boarding"].to_numpy()[sequence] == 1
        flags = np.full(len(sequence), 3, dtype=np.uint8)
        flags[access & bool(service.wheelchair)] |= 4
        patterns, order = self.patterns.with_trips(route, sequence, flags, arrival, departure)
        added = tuple(
            replace(trip, id=f"{service.route_id}:{self.instant(arrival[i, 0]):%H%M%S}")
            for i in order.tolist()
        )
        return replace(
            self, stops=stops, routes=routes, patterns=patterns, trips=self.trips + added
        )


def next_service_day(
    feed: Feed, day: date, *, serves: Callable[[date], bool] | None = None
) -> date | None:
    """Return the first day after ``day`` on which a service runs; ``None`` without one.

    Parameters
    ----------
    feed
        The timetable.
    day
        The day that is not meant.
    serves
        Asked of every day with any service, so that one that does not serve a purpose is
        passed over.
    """
    if feed.span is None or day >= feed.span[1]:
        return None
    return _service_day(feed, max(day + timedelta(days=1), feed.span[0]), 1, serves)


def previous_service_day(
    feed: Feed, day: date, *, serves: Callable[[date], bool] | None = None
) -> date | None:
    """Return the last day before ``day`` on which a service runs; ``None`` without one.

    The parameters are those of :func:`next_service_day`.
    """
    if feed.span is None or day <= feed.span[0]:
        return None
    return _service_day(feed, min(day - timedelta(days=1), feed.span[1]), -1, serves)


def _service_day(
    feed: Feed, first: date, step_days: int, serves: Callable[[date], bool] | None
) -> date | None:
    """Return the first day with service among those from one on, forward or backward."""
    used = np.zeros(len(feed.services), dtype=np.bool_)
    used[feed.trips["service"].to_numpy()] = True
    candidate = first
    for _ in range(_NEXT_SERVICE_HORIZON_DAYS):
        if feed.span is None or not feed.span[0] <= candidate <= feed.span[1]:
            return None
        if (feed.active_services(candidate) & used).any() and (serves is None or serves(candidate)):
            return candidate
        candidate += timedelta(days=step_days)
    return None


def _runs_of(feed: Feed, day: date, until_s: int) -> pd.DataFrame:
    """Return every run of a trip that concerns a day: trip, shift_s, day_offset, headway_s."""
    frames = []
    for day_offset in (-1, 0, 1):
        try:
            own_day = day + timedelta(days=day_offset)
        except OverflowError:
            continue
        shift = round(feed.day_start_s(own_day) - feed.day_start_s(day))
        runs = _runs_of_service_day(feed, own_day)
        trip = runs["trip"].to_numpy()
        runs["shift_s"] += shift
        calls = feed.stop_times
        first = calls.departure_s[calls.offset[trip]] + runs["shift_s"]
        last = calls.arrival_s[calls.offset[trip + 1] - 1] + runs["shift_s"]
        if day_offset < 0:
            runs = runs[last >= 0]
        elif day_offset > 0:
            runs = runs[(first >= shift) & (first < until_s)]
        frames.append(runs.assign(day_offset=day_offset))
    return pd.concat(frames, ignore_index=True)


def _runs_of_service_day(feed: Feed, day: date) -> pd.DataFrame:
    """Return a service day's runs, headways expanded, times of the feed shifted by shift_s."""
    active = np.flatnonzero(feed.active_services(day)[feed.trips["service"].to_numpy()])
    frequent = feed.frequencies[np.isin(feed.frequencies["trip"], active)]
    plain = active[~np.isin(active, frequent["trip"])]
    start = feed.stop_times.departure_s[feed.stop_times.offset[:-1]]
    parts = [
        pd.DataFrame({"trip": plain, "shift_s": np.zeros(len(plain), np.int64), "headway_s": 0})
    ]
    columns = ("trip", "start_s", "end_s", "headway_s", "exact_times")
    for trip, first, end, headway, exact in records(frequent, columns):
        departures = np.arange(first, end, headway)
        parts.append(
            pd.DataFrame(
                {
                    "trip": trip,
                    "shift_s": departures - int(start[trip]),
                    "headway_s": 0 if exact else headway,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _routes_of(feed: Feed) -> tuple[Route, ...]:
    columns = ("route_id", "route_short_name", "route_long_name", "route_type", "agency_id")
    colours = ("route_color", "route_text_color")
    return tuple(Route(*values) for values in records(feed.routes, columns + colours))


def _trips_of(feed: Feed, runs: pd.DataFrame) -> list[Trip]:
    rows = feed.trips.iloc[runs["trip"].to_numpy()].reset_index(drop=True)
    own = runs[["day_offset", "headway_s", "trip"]].reset_index(drop=True)
    rows = pd.concat([rows, own], axis=1)
    columns = ("trip_id", "route", "trip_headsign", "direction_id", "day_offset", "headway_s")
    more = ("wheelchair_accessible", "bikes_allowed", "shape", "trip")
    return [
        Trip(
            trip_id,
            route,
            headsign,
            None if direction < 0 else direction,
            day_offset,
            headway,
            _yes_no(wheelchair),
            _yes_no(bikes),
            shape,
            row,
        )
        for (
            trip_id,
            route,
            headsign,
            direction,
            day_offset,
            headway,
            wheelchair,
            bikes,
            shape,
            row,
        ) in records(rows, columns + more)
    ]


def _yes_no(code: int) -> bool | None:
    """Read GTFS's 0 unknown, 1 yes, 2 no."""
    return {1: True, 2: False}.get(int(code))


def _frame(stops: Sequence[Stop]) -> pd.DataFrame:
    codes = {None: 0, True: 1, False: 2}
    return pd.DataFrame(
        {
            "stop_id": [stop.id for stop in stops],
            "stop_code": [stop.code for stop in stops],
            "stop_name": [stop.name for stop in stops],
            "stop_lat": [stop.lat for stop in stops],
            "stop_lon": [stop.lon for stop in stops],
            "zone_id": [stop.zone for stop in stops],
            "platform_code": [stop.platform for stop in stops],
            "wheelchair_boarding": np.array([codes[s.wheelchair] for s in stops], dtype=np.int8),
            "parent_station": np.full(len(stops), -1, dtype=np.int32),
        }
    )
