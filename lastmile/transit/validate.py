"""From raw GTFS tables to a :class:`~lastmile.transit.model.Feed`, judging every row.

What makes a feed unusable is an error that names file and line: a table or column is missing, a
file is no CSV, nothing is left. What spoils single rows is left out, counted, and said in a
warning with the line of the first case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from lastmile.errors import DataError
from lastmile.messages import Message
from lastmile.transit.model import WEEKDAYS, Feed, Shapes, StopTimes
from lastmile.transit.tables import UNKNOWN_TIME, FeedWarning, RawTable, read_table, require

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from lastmile.transit.archive import RawFeed

    Mask = NDArray[np.bool_]

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "agency": ("agency_id", "agency_name", "agency_url", "agency_timezone"),
    "stops": (
        "stop_id",
        "stop_code",
        "stop_name",
        "stop_lat",
        "stop_lon",
        "zone_id",
        "location_type",
        "parent_station",
        "platform_code",
        "wheelchair_boarding",
    ),
    "routes": (
        "route_id",
        "agency_id",
        "route_short_name",
        "route_long_name",
        "route_type",
        "route_color",
        "route_text_color",
    ),
    "trips": (
        "route_id",
        "service_id",
        "trip_id",
        "trip_headsign",
        "trip_short_name",
        "direction_id",
        "block_id",
        "shape_id",
        "wheelchair_accessible",
        "bikes_allowed",
    ),
    "stop_times": (
        "trip_id",
        "arrival_time",
        "departure_time",
        "stop_id",
        "stop_sequence",
        "stop_headsign",
        "pickup_type",
        "drop_off_type",
        "shape_dist_traveled",
    ),
    "calendar": ("service_id", *WEEKDAYS, "start_date", "end_date"),
    "calendar_dates": ("service_id", "date", "exception_type"),
    "frequencies": ("trip_id", "start_time", "end_time", "headway_secs", "exact_times"),
    "shapes": (
        "shape_id",
        "shape_pt_lat",
        "shape_pt_lon",
        "shape_pt_sequence",
        "shape_dist_traveled",
    ),
    "transfers": (
        "from_stop_id",
        "to_stop_id",
        "from_route_id",
        "to_route_id",
        "from_trip_id",
        "to_trip_id",
        "transfer_type",
        "min_transfer_time",
    ),
    "translations": (
        "table_name",
        "field_name",
        "language",
        "translation",
        "record_id",
        "record_sub_id",
        "field_value",
    ),
    "feed_info": (
        "feed_publisher_name",
        "feed_publisher_url",
        "feed_lang",
        "feed_start_date",
        "feed_end_date",
        "feed_version",
    ),
}
"""The tables that are read and their columns; others (fares, pathways) are passed over."""

_PLAIN_TRANSFERS = 3
_LONGEST_TRIP_S = 7 * 86_400
_POLE, _DATE_LINE = 90, 180


def validate(raw: RawFeed, tell: Callable[[str], None]) -> Feed:
    """Read and judge every table of a feed.

    Parameters
    ----------
    raw
        The bytes.
    tell
        Told in words what is under way.

    Raises
    ------
    DataError
        The feed is unusable; the message names file and line.
    """
    missing = [name for name in ("stops", "routes", "trips", "stop_times") if name not in raw.files]
    if not {"calendar", "calendar_dates"} & raw.files.keys():
        missing.append("calendar")
    if missing:
        names = ", ".join(f"{name}.txt" for name in missing)
        raise DataError(
            Message(
                "{source}: {names} missing; a GTFS feed needs it", source=raw.source, names=names
            )
        )
    return _Validation(raw, tell).feed()


class _Validation:
    """One pass over a feed, table after table, gathering warnings."""

    def __init__(self, raw: RawFeed, tell: Callable[[str], None]) -> None:
        self._raw = raw
        self._tell = tell
        self._warnings: list[FeedWarning] = []

    def feed(self) -> Feed:
        agency, timezone = self._agency()
        stops, stations, stop_ids = self._stops()
        routes = self._routes()
        services, calendar, calendar_dates = self._calendar()
        shapes = self._shapes()
        trips = self._trips(routes, services, shapes)
        trips, stop_times = self._stop_times(trips, stops, stop_ids)
        return Feed(
            source=self._raw.source,
            digest=self._raw.digest,
            timezone=timezone,
            agency=agency,
            stops=stops,
            stations=stations,
            routes=routes,
            trips=trips,
            services=services,
            calendar=calendar,
            calendar_dates=calendar_dates,
            frequencies=self._frequencies(trips),
            transfers=self._transfers(stops, stations),
            translations=self._texts("translations"),
            feed_info=self._texts("feed_info"),
            stop_times=stop_times,
            shapes=shapes,
            warnings=tuple(self._warnings),
        )

    # --- small tables ---------------------------------------------------------------------------

    def _open(self, name: str, required: tuple[str, ...]) -> RawTable | None:
        self._tell(f"reading {name}.txt")
        table = read_table(self._raw, name, COLUMNS[name])
        if table is not None:
            require(table, required)
            table.warnings = self._warnings + table.warnings
            self._warnings = table.warnings
        return table

    def _needed(self, name: str, required: tuple[str, ...]) -> RawTable:
        table = self._open(name, required)
        if table is None:
            raise DataError(
                Message("{file}: missing; a GTFS feed needs it", file=self._raw.where(name))
            )
        if not len(table):
            raise DataError(Message("{file}, line 1: no row below the heading", file=table.where))
        return table

    def _texts(self, name: str) -> pd.DataFrame:
        table = self._open(name, ())
        if table is None:
            return pd.DataFrame({column: pd.Series([], dtype="str") for column in COLUMNS[name]})
        return pd.DataFrame({column: table.text(column) for column in COLUMNS[name]})

    def _agency(self) -> tuple[pd.DataFrame, str]:
        table = self._open("agency", ("agency_timezone",))
        if table is None:
            self._warnings.append(
                FeedWarning("agency.txt", 0, 1, "file missing, times read as Europe/Helsinki")
            )
            empty = {column: pd.Series([], dtype="str") for column in COLUMNS["agency"]}
            return pd.DataFrame(empty), "Europe/Helsinki"
        agency = pd.DataFrame({column: table.text(column) for column in COLUMNS["agency"]})
        zones = agency["agency_timezone"]
        if not len(zones):
            raise DataError(Message("{file}, line 1: no row below the heading", file=table.where))
        try:
            ZoneInfo(zones.iloc[0])
        except (KeyError, ValueError, OSError) as error:
            raise table.fault(0, Message("{zone!r} is no time zone", zone=zones.iloc[0])) from error
        table.warn(
            (zones != zones.iloc[0]).to_numpy(np.bool_),
            f"agencies in another time zone, read as {zones.iloc[0]} like the first",
        )
        return agency, str(zones.iloc[0])

    def _without_id(self, table: RawTable, key: str, what: str) -> None:
        """Leave out rows whose id is empty or was there before."""
        table.drop(table.is_empty(key), f"{what} without {key}, left out")
        table.drop(
            table.repeats(key),
            f"{what} whose {key} was there before, left out",
        )

    def _stops(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series[str]]:
        """Return stops, stations, and the ids of all stops the file names, used or not."""
        table = self._needed("stops", ("stop_id", "stop_lat", "stop_lon"))
        self._without_id(table, "stop_id", "stops")
        named = table.text("stop_id")
        lat, lon = table.number("stop_lat"), table.number("stop_lon")
        kind = table.choice("location_type", (0, 1, 2, 3, 4), 0)
        placed = _is_on_earth(lat, lon)
        table.warn(
            (kind == 0) & ~placed, "stops without coordinates on this earth, left out with calls"
        )
        everything = pd.DataFrame(
            {
                "stop_id": named,
                "stop_code": table.text("stop_code"),
                "stop_name": table.text("stop_name"),
                "stop_lat": lat,
                "stop_lon": lon,
                "zone_id": table.text("zone_id"),
                "location_type": kind,
                "platform_code": table.text("platform_code"),
                "wheelchair_boarding": table.choice("wheelchair_boarding", (0, 1, 2), 0),
            }
        )
        parent = table.rows_of("parent_station", named[kind != 0])
        table.warn(
            (parent < 0) & ~table.is_empty("parent_station"),
            "stops whose parent_station is unknown, read as standing alone",
        )
        everything["parent_station"] = parent
        stations = everything[kind != 0].reset_index(drop=True)
        stops = everything[(kind == 0) & placed].drop(columns="location_type")
        if stops.empty:
            raise table.fault(0, Message("no stop with coordinates in the whole file"))
        stops = stops.reset_index(drop=True)
        inherits = (stops["wheelchair_boarding"] == 0) & (stops["parent_station"] >= 0)
        stops.loc[inherits, "wheelchair_boarding"] = stations["wheelchair_boarding"].to_numpy()[
            stops.loc[inherits, "parent_station"]
        ]
        return stops, stations, named

    def _routes(self) -> pd.DataFrame:
        table = self._needed("routes", ("route_id", "route_type"))
        self._without_id(table, "route_id", "routes")
        kind = table.number("route_type")
        table.warn(np.isnan(kind), "routes without a number as route_type, read as bus (3)")
        routes = pd.DataFrame({column: table.text(column) for column in COLUMNS["routes"]})
        routes["route_type"] = np.nan_to_num(np.clip(kind, 0, 9999), nan=3).astype(np.int16)
        return routes

    def _calendar(self) -> tuple[tuple[str, ...], pd.DataFrame, pd.DataFrame]:
        week = self._open("calendar", COLUMNS["calendar"])
        days = self._open("calendar_dates", COLUMNS["calendar_dates"])
        ids: list[str] = []
        calendar = pd.DataFrame({"service": np.empty(0, np.int32)})
        for name in WEEKDAYS:
            calendar[name] = np.empty(0, np.bool_)
        calendar["start_date"] = calendar["end_date"] = np.empty(0, "datetime64[s]")
        exceptions = pd.DataFrame(
            {
                "service": np.empty(0, np.int32),
                "date": np.empty(0, "datetime64[s]"),
                "added": np.empty(0, np.bool_),
            }
        )
        if week is not None:
            self._without_id(week, "service_id", "services")
            start, no_start = week.date("start_date")
            end, no_end = week.date("end_date")
            flags = np.column_stack([week.number(name) for name in WEEKDAYS])
            bad = no_start | no_end | (end < start) | ~np.isin(flags, (0, 1)).all(axis=1)
            week.warn(bad, "services with impossible dates or weekday marks, left out")
            ids = week.text("service_id")[~bad].to_list()
            calendar = pd.DataFrame({"service": np.arange(len(ids), dtype=np.int32)})
            for position, name in enumerate(WEEKDAYS):
                calendar[name] = flags[~bad, position] == 1
            calendar["start_date"], calendar["end_date"] = start[~bad], end[~bad]
        if days is not None:
            when, no_date = days.date("date")
            kind = days.number("exception_type")
            bad = no_date | ~np.isin(kind, (1, 2)) | days.is_empty("service_id")
            days.warn(bad, "exceptions with an impossible date or exception_type, left out")
            days.keep(~bad)
            names = days.text("service_id")
            ids += [name for name in names.unique() if name not in set(ids)]
            service = pd.Index(ids).get_indexer(pd.Index(names)).astype(np.int32)
            exceptions = pd.DataFrame(
                {"service": service, "date": when[~bad], "added": kind[~bad] == 1}
            )
        if not ids:
            name = "calendar" if week is not None else "calendar_dates"
            raise DataError(
                Message("{file}, line 1: no usable service in the file", file=self._raw.where(name))
            )
        return tuple(ids), calendar, exceptions

    def _shapes(self) -> Shapes:
        table = self._open("shapes", COLUMNS["shapes"][:4])
        if table is None:
            nothing = np.empty(0)
            return Shapes((), np.zeros(1, np.int64), nothing, nothing, nothing)
        lat, lon = table.number("shape_pt_lat"), table.number("shape_pt_lon")
        order = table.number("shape_pt_sequence")
        bad = ~_is_on_earth(lat, lon) | np.isnan(order) | table.is_empty("shape_id")
        table.drop(bad, "shape points without place or order, left out")
        codes, names = pd.factorize(table.text("shape_id"))
        rows = np.lexsort((order[~bad], codes))
        offset = np.searchsorted(codes[rows], np.arange(len(names) + 1))
        return Shapes(
            tuple(names),
            offset.astype(np.int64),
            lat[~bad][rows],
            lon[~bad][rows],
            table.number("shape_dist_traveled")[rows],
        )

    def _trips(
        self, routes: pd.DataFrame, services: tuple[str, ...], shapes: Shapes
    ) -> pd.DataFrame:
        table = self._needed("trips", ("trip_id", "route_id", "service_id"))
        self._without_id(table, "trip_id", "trips")
        table.drop(
            table.rows_of("route_id", routes["route_id"]) < 0,
            "trips of a route that routes.txt does not have, left out",
        )
        known = pd.Series(services, dtype="str")
        table.drop(
            table.rows_of("service_id", known) < 0,
            "trips of a service that no calendar has, left out",
        )
        if not len(table):
            raise DataError(
                Message(
                    "{file}, line 2: no trip has both a known route and service", file=table.where
                )
            )
        shape = table.rows_of("shape_id", pd.Series(shapes.shape_id, dtype="str"))
        table.warn(
            (shape < 0) & ~table.is_empty("shape_id"),
            "trips whose shape is unknown, drawn from stop to stop",
        )
        return pd.DataFrame(
            {
                "trip_id": table.text("trip_id"),
                "route": table.rows_of("route_id", routes["route_id"]),
                "service": table.rows_of("service_id", known),
                "trip_headsign": table.text("trip_headsign"),
                "trip_short_name": table.text("trip_short_name"),
                "direction_id": table.choice("direction_id", (0, 1), -1),
                "block_id": table.text("block_id"),
                "shape": shape,
                "wheelchair_accessible": table.choice("wheelchair_accessible", (0, 1, 2), 0),
                "bikes_allowed": table.choice("bikes_allowed", (0, 1, 2), 0),
            }
        )

    def _frequencies(self, trips: pd.DataFrame) -> pd.DataFrame:
        columns = ("trip", "start_s", "end_s", "headway_s", "exact_times")
        table = self._open("frequencies", COLUMNS["frequencies"][:4])
        if table is None:
            return pd.DataFrame({name: np.empty(0, np.int32) for name in columns})
        trip = table.rows_of("trip_id", trips["trip_id"])
        start, bad_start = table.time_s("start_time")
        end, bad_end = table.time_s("end_time")
        headway = table.number("headway_secs")
        bad = (
            (trip < 0)
            | bad_start
            | bad_end
            | (start == UNKNOWN_TIME)
            | (end <= start)
            | ~(headway >= 1)
        )
        table.warn(bad, "headways of an unknown trip, or without sense in their times, left out")
        exact = table.choice("exact_times", (0, 1), 0)
        values: tuple[NDArray[Any], ...] = (trip, start, end, np.nan_to_num(headway), exact)
        return pd.DataFrame(
            {
                name: value[~bad].astype(np.int32)
                for name, value in zip(columns, values, strict=True)
            }
        )

    def _transfers(self, stops: pd.DataFrame, stations: pd.DataFrame) -> pd.DataFrame:
        empty = {
            "from_stop": np.empty(0, np.int32),
            "to_stop": np.empty(0, np.int32),
            "transfer_type": np.empty(0, np.int8),
            "min_transfer_time_s": np.empty(0),
        }
        table = self._open("transfers", ("from_stop_id", "to_stop_id"))
        if table is None or not len(table):
            return pd.DataFrame(empty)
        kind = np.where(table.is_empty("transfer_type"), 0, table.number("transfer_type"))
        beyond = ~np.isin(kind, range(_PLAIN_TRANSFERS + 1))
        for column in ("from_route_id", "to_route_id", "from_trip_id", "to_trip_id"):
            beyond |= ~table.is_empty(column)
        table.warn(
            beyond,
            "transfer rules for single routes, trips or seats kept, which the router does not "
            "know, left out",
        )
        places = pd.concat([stops["stop_id"], stations["stop_id"]], ignore_index=True)
        from_place = table.rows_of("from_stop_id", places)
        to_place = table.rows_of("to_stop_id", places)
        unknown = ~beyond & ((from_place < 0) | (to_place < 0))
        table.warn(unknown, "transfer rules between unknown stops, left out")
        rules = pd.DataFrame(
            {
                "from_place": from_place,
                "to_place": to_place,
                "transfer_type": np.nan_to_num(kind).astype(np.int8),
                "min_transfer_time_s": table.number("min_transfer_time"),
            }
        )[~(beyond | unknown)]
        served = _stops_at(stops)
        rules = rules.merge(served.rename(columns={"stop": "from_stop", "place": "from_place"}))
        rules = rules.merge(
            served.rename(columns={"stop": "to_stop", "place": "to_place"}),
            on="to_place",
            suffixes=("", "_to"),
        )
        rules["narrowness"] = rules["is_stop"].astype(int) + rules["is_stop_to"].astype(int)
        rules = rules.sort_values("narrowness", kind="stable").drop_duplicates(
            ["from_stop", "to_stop"], keep="last"
        )
        return rules[list(empty)].reset_index(drop=True)

    # --- stop_times -----------------------------------------------------------------------------

    def _stop_times(
        self, trips: pd.DataFrame, stops: pd.DataFrame, named: pd.Series[str]
    ) -> tuple[pd.DataFrame, StopTimes]:
        table = self._needed(
            "stop_times",
            ("trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time"),
        )
        trip = table.rows_of("trip_id", trips["trip_id"])
        stop = table.rows_of("stop_id", stops["stop_id"])
        no_trip = trip < 0
        no_stop = ~no_trip & (stop < 0)
        if no_stop.any():
            no_stop[no_stop] = ~np.isin(table.text("stop_id")[no_stop], named)
        no_order = ~no_trip & np.isnan(table.number("stop_sequence"))
        table.warn(no_trip, Message("calls of trips that were not read, left out"))
        table.warn(no_stop, Message("calls at stops that stops.txt does not have, left out"))
        table.warn(no_order, Message("calls without stop_sequence, left out"))
        good = ~(no_trip | (stop < 0) | no_order)
        table.keep(good)
        calls = _Calls(table, trip[good], stop[good], len(trips))
        calls.drop_repeated()
        calls.drop_trips_without_ends()
        calls.interpolate(stops)
        calls.drop_trips_running_backwards()
        calls.drop_short_trips()
        kept = calls.trips()
        if not len(kept):
            raise DataError(
                Message(
                    "{file}, line 2: no trip in the file has two calls with times that make "
                    "sense{examples}",
                    file=table.where,
                    examples=_examples(self._warnings),
                )
            )
        silent = len(trips) - len(kept) - calls.trips_dropped
        if silent:
            self._warnings.append(
                FeedWarning("trips.txt", 0, silent, "trips without calls, left out")
            )
        return trips.iloc[kept].reset_index(drop=True), calls.stop_times(kept)


class _Calls:
    """The calls while they are judged, sorted by trip and sequence."""

    def __init__(
        self,
        table: RawTable,
        trip: NDArray[np.int32],
        stop: NDArray[np.int32],
        trip_count: int,
    ) -> None:
        self._table = table
        self._trip_count = trip_count
        self.trips_dropped = 0
        sequence = table.number("stop_sequence")
        self._row = np.lexsort((sequence, trip))
        """Row of the table each call stands on."""
        arrival, bad_arrival = table.time_s("arrival_time")
        departure, bad_departure = table.time_s("departure_time")
        codes, texts = pd.factorize(table.text("stop_headsign"))
        self._texts = tuple(texts)
        columns: dict[str, NDArray[Any]] = {
            "trip": trip,
            "sequence": sequence,
            "stop": stop,
            "arrival_s": np.where(arrival == UNKNOWN_TIME, departure, arrival),
            "departure_s": np.where(departure == UNKNOWN_TIME, arrival, departure),
            "malformed": bad_arrival | bad_departure,
            "pickup_type": table.choice("pickup_type", (0, 1, 2, 3), 0),
            "drop_off_type": table.choice("drop_off_type", (0, 1, 2, 3), 0),
            "headsign": codes.astype(np.int32),
            "shape_dist": table.number("shape_dist_traveled"),
        }
        self._column = {name: values[self._row] for name, values in columns.items()}
        self._column["is_timepoint"] = self._column["arrival_s"] != UNKNOWN_TIME

    @property
    def trip(self) -> NDArray[np.int32]:
        return self._column["trip"].astype(np.int32, copy=False)

    def _keep(self, good: Mask) -> None:
        self._row = self._row[good]
        self._column = {name: values[good] for name, values in self._column.items()}

    def _drop_trips(self, bad_calls: Mask, what: str) -> None:
        """Leave out every trip with a call marked; the warning names the first such line."""
        if not bad_calls.any():
            return
        is_bad = np.zeros(self._trip_count, dtype=np.bool_)
        is_bad[self.trip[bad_calls]] = True
        count = int(np.count_nonzero(is_bad))
        self._table.warn_from(int(self._row[bad_calls].min()), count, what)
        self.trips_dropped += count
        self._keep(~is_bad[self.trip])

    def _starts(self) -> Mask:
        """Mark the first call of every trip."""
        return np.concatenate([[True], self.trip[1:] != self.trip[:-1]])[: len(self.trip)]

    def _ends(self) -> Mask:
        return np.concatenate([self.trip[1:] != self.trip[:-1], [True]])[: len(self.trip)]

    def trips(self) -> NDArray[np.int32]:
        """Return the rows of the trips that are left, in rising order."""
        return self.trip[self._starts()]

    def drop_repeated(self) -> None:
        """Leave out calls whose place in the trip is taken."""
        sequence = self._column["sequence"]
        again = ~self._starts()
        again[1:] &= sequence[1:] == sequence[:-1]
        if again.any():
            what = Message("calls whose stop_sequence was there before in the trip, left out")
            self._table.warn_from(int(self._row[again].min()), int(again.sum()), what)
            self._keep(~again)

    def drop_trips_without_ends(self) -> None:
        """Leave out trips with malformed times or without a first or last time."""
        self._drop_trips(
            self._column["malformed"].astype(np.bool_),
            Message("trips with a malformed time, left out"),
        )
        open_end = (self._starts() | self._ends()) & ~self._column["is_timepoint"].astype(np.bool_)
        self._drop_trips(
            open_end, Message("trips without a time at their first or last stop, left out")
        )

    def interpolate(self, stops: pd.DataFrame) -> None:
        """Fill times left open, by the distance from stop to stop between those given."""
        known = self._column["is_timepoint"].astype(np.bool_)
        if known.all():
            return
        stop = self._column["stop"].astype(np.int64)
        lat = np.radians(stops["stop_lat"].to_numpy())[stop]
        lon = np.radians(stops["stop_lon"].to_numpy())[stop]
        step = np.hypot(np.diff(lat), np.diff(lon) * np.cos(lat[1:]))
        along = np.concatenate([[0.0], np.cumsum(step + 1e-9)])
        for name in ("arrival_s", "departure_s"):
            # Arriving counts from the departure before: between a pair of timepoints the
            # vehicle leaves at the one's departure and reaches the next's arrival.
            column = self._column[name].astype(np.float64)
            before = _last_known(known, self._column["departure_s"], along)
            after = _next_known(known, self._column["arrival_s"], along)
            share = (along - before[1]) / np.maximum(after[1] - before[1], 1e-12)
            filled = np.rint(before[0] + share * (after[0] - before[0]))
            self._column[name] = np.where(known, column, filled).astype(np.int32)

    def drop_trips_running_backwards(self) -> None:
        """Leave out trips that arrive before they left, or last longer than a week."""
        arrival = self._column["arrival_s"].astype(np.int64)
        departure = self._column["departure_s"].astype(np.int64)
        bad = departure < arrival
        follows = ~self._starts()[1:]
        bad[1:] |= follows & (arrival[1:] < departure[:-1])
        bad |= departure > _LONGEST_TRIP_S
        self._drop_trips(bad, Message("trips whose times run backwards or beyond a week, left out"))

    def drop_short_trips(self) -> None:
        """Leave out trips that call at fewer than two stops."""
        self._drop_trips(
            self._starts() & self._ends(), Message("trips with fewer than two calls, left out")
        )

    def stop_times(self, kept: NDArray[np.int32]) -> StopTimes:
        """Return the calls of the trips kept, which are renumbered from 0."""
        offset = np.append(np.searchsorted(self.trip, kept), len(self.trip))
        column = self._column
        own = np.array([bool(text) for text in self._texts], dtype=np.bool_)
        headsign = column["headsign"].astype(np.int32)
        return StopTimes(
            offset=offset.astype(np.int64),
            stop=column["stop"].astype(np.int32),
            arrival_s=column["arrival_s"].astype(np.int32),
            departure_s=column["departure_s"].astype(np.int32),
            is_timepoint=column["is_timepoint"].astype(np.bool_),
            pickup_type=column["pickup_type"].astype(np.int8),
            drop_off_type=column["drop_off_type"].astype(np.int8),
            headsign=np.where(own[headsign], headsign, -1).astype(np.int32),
            headsigns=self._texts,
            shape_dist=column["shape_dist"].astype(np.float64),
        )


def _is_on_earth(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> Mask:
    """Mark coordinates that are there and plausible; 0, 0 is what lost coordinates become."""
    nowhere = (lat == 0) & (lon == 0)
    return np.asarray((np.abs(lat) <= _POLE) & (np.abs(lon) <= _DATE_LINE) & ~nowhere)


def _last_known(
    known: Mask, value: NDArray[np.generic], along: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    at = np.maximum.accumulate(np.where(known, np.arange(len(known)), 0))
    return value[at].astype(np.float64), along[at]


def _next_known(
    known: Mask, value: NDArray[np.generic], along: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    last = len(known) - 1
    at = np.minimum.accumulate(np.where(known, np.arange(len(known)), last)[::-1])[::-1]
    return value[at].astype(np.float64), along[at]


def _stops_at(stops: pd.DataFrame) -> pd.DataFrame:
    """Return which stops a place stands for: a stop for itself, a station for all its stops."""
    own = np.arange(len(stops))
    parent = stops["parent_station"].to_numpy()
    child = np.flatnonzero(parent >= 0)
    return pd.DataFrame(
        {
            "place": np.concatenate([own, len(stops) + parent[child]]),
            "stop": np.concatenate([own, child]).astype(np.int32),
            "is_stop": np.concatenate([np.ones(len(own), bool), np.zeros(len(child), bool)]),
        }
    )


def _examples(warnings: list[FeedWarning]) -> str:
    mine = [warning.said() for warning in warnings if warning.file == "stop_times.txt"]
    return Message(" ({examples})", examples=Message.joined(mine)) if mine else ""
