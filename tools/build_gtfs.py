"""Make the representative timetable ``data/gtfs`` from the tables in ``data/timetable``.

The tables are written by hand: ``lines.csv`` names the lines, ``stops.csv`` the stops with the
source of every coordinate, ``patterns.csv`` the order of the stops with minutes from the first,
``via.csv`` points of the road between two stops, ``windows.csv`` how often a pattern leaves from
when until when, ``services.csv``, ``seasons.csv`` and ``holidays.csv`` on which days. This script
strings them together; the same tables always give the same bytes. What is observed and what is
assumed stands in the tables' ``confidence``.

Run ``python tools/build_gtfs.py`` to write the feed, ``python tools/build_gtfs.py FOLDER`` to
write it somewhere else.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gtfs_shapes

from lastmile.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

DATA = Path(__file__).resolve().parent.parent / "data"
TABLES = DATA / "timetable"
FEED = DATA / "gtfs"

FEED_START = date(2026, 1, 1)
FEED_END = date(2027, 12, 31)
FEED_VERSION = "representative-2026-02-19"
"""Named after the day whose published departures the timetable is built from."""

ROUTE_TYPES = {"tram": 0, "metro": 1, "rail": 2, "bus": 3}
STEP_FREE_MODES = frozenset({"metro", "rail", "tram"})
WEEKDAY_COLUMNS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
STATION, PLATFORM = 1, 0
MINUTES_PER_HOUR = 60

Row = dict[str, str]


@dataclass(frozen=True)
class Stop:
    """A stop, platform or station; ``lat``/``lon`` are None where no source gives them."""

    stop_id: str
    code: str
    name: str
    names: tuple[tuple[str, str], ...]
    lat: float | None
    lon: float | None
    zone: str
    kind: str
    parent: str
    platform: str

    @property
    def point(self) -> gtfs_shapes.Point:
        """Return (lat, lon); only located stops reach the feed."""
        if self.lat is None or self.lon is None:
            raise DataError(
                f"stops.csv: {self.stop_id} has no coordinate, so no trip can call there"
            )
        return self.lat, self.lon


@dataclass(frozen=True)
class Call:
    """One call of a pattern: minutes after the first stop, and whether they were observed."""

    stop: Stop
    offset_min: float
    observed: bool


@dataclass(frozen=True)
class Pattern:
    """The stops of a line in one direction, in order."""

    pattern_id: str
    line: str
    direction: int
    headsign: str
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Trip:
    """One departure of a pattern; ``start_min`` is minutes after midnight, halves allowed."""

    trip_id: str
    pattern: Pattern
    service: str
    start_min: float


def read_table(name: str, tables: Path = TABLES) -> list[Row]:
    """Return the rows of one source table.

    Raises
    ------
    DataError
        The table is missing.
    """
    path = tables / name
    if not path.is_file():
        raise DataError(f"{path} is missing: restore data/timetable from the repository")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def clock_minutes(text: str) -> float:
    """Return minutes after midnight of ``HH:MM`` or ``HH:MM:SS`` (hours may pass 24)."""
    hours, minutes, *seconds = (int(part) for part in text.split(":"))
    return hours * MINUTES_PER_HOUR + minutes + (seconds[0] / 60 if seconds else 0)


def clock_text(minutes: float) -> str:
    """Return ``HH:MM:00`` of the nearest whole minute, as HSL publishes times."""
    whole = math.floor(minutes + 0.5)
    return f"{whole // MINUTES_PER_HOUR:02d}:{whole % MINUTES_PER_HOUR:02d}:00"


def read_stops(rows: Iterable[Row]) -> dict[str, Stop]:
    """Return every stop of ``stops.csv`` by its id, those without a coordinate included."""
    stops = {}
    for row in rows:
        stop = Stop(
            stop_id=row["stop_id"],
            code=row["stop_code"],
            name=row["name_fi"],
            names=tuple(
                (lang, row[f"name_{lang}"]) for lang in ("sv", "en") if row[f"name_{lang}"]
            ),
            lat=float(row["lat"]) if row["lat"] else None,
            lon=float(row["lon"]) if row["lon"] else None,
            zone=row["zone"],
            kind=row["kind"],
            parent=row["parent"],
            platform=row["platform"],
        )
        if stop.stop_id in stops:
            raise DataError(f"stops.csv: {stop.stop_id} stands twice; keep one row")
        stops[stop.stop_id] = stop
    return stops


def read_patterns(rows: Iterable[Row], stops: dict[str, Stop]) -> dict[str, Pattern]:
    """Return the patterns over located stops, each with its times counted from its first stop.

    Raises
    ------
    DataError
        A pattern names an unknown stop, runs backwards, or keeps fewer than two stops.
    """
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row["pattern"], []).append(row)
    patterns = {}
    for pattern_id, calls in grouped.items():
        unknown = [call["stop_id"] for call in calls if call["stop_id"] not in stops]
        if unknown:
            raise DataError(f"patterns.csv: {pattern_id} calls at unknown stops {unknown}")
        offsets = [float(call["offset_min"]) for call in calls]
        if offsets != sorted(offsets):
            raise DataError(f"patterns.csv: the times of {pattern_id} run backwards")
        kept = [call for call in calls if stops[call["stop_id"]].lat is not None]
        if len(kept) < 2:  # noqa: PLR2004 - a trip needs somewhere to go
            raise DataError(f"patterns.csv: {pattern_id} keeps fewer than two located stops")
        patterns[pattern_id] = Pattern(
            pattern_id=pattern_id,
            line=calls[0]["line"],
            direction=int(calls[0]["direction"]),
            headsign=calls[0]["headsign"],
            calls=tuple(
                Call(
                    stops[call["stop_id"]],
                    float(call["offset_min"]),
                    call["confidence"] == "observed",
                )
                for call in kept
            ),
        )
    return patterns


def departures(first: str, last: str, headway: str) -> Iterator[float]:
    """Yield the departures of one window, its last included when the headway meets it."""
    start = clock_minutes(first)
    if not headway:
        yield start
        return
    step, end = float(headway), clock_minutes(last)
    for count in range(math.floor((end - start) / step + 1e-9) + 1):
        yield start + count * step


def expand_windows(
    rows: Iterable[Row], patterns: dict[str, Pattern], services: dict[str, Row]
) -> list[Trip]:
    """Return every trip the windows stand for, by pattern, service and departure.

    Raises
    ------
    DataError
        A window names an unknown pattern or service, or two windows make the same departure.
    """
    trips: dict[str, Trip] = {}
    for row in rows:
        pattern_id, service = row["pattern"], row["service"]
        if pattern_id not in patterns or service not in services:
            raise DataError(f"windows.csv: {pattern_id}/{service} is not a known pattern/service")
        for start in departures(row["first"], row["last"], row["headway_min"]):
            hhmm = clock_text(start)[:5].replace(":", "")
            trip_id = f"{pattern_id}{services[service]['code']}{hhmm}"
            if trip_id in trips:
                raise DataError(f"windows.csv: {pattern_id} leaves twice at {hhmm} on {service}")
            trips[trip_id] = Trip(trip_id, patterns[pattern_id], service, start)
    return sorted(
        trips.values(), key=lambda trip: (trip.pattern.pattern_id, trip.service, trip.start_min)
    )


def in_season(day: date, season: str, seasons: dict[str, list[tuple[date, date]]]) -> bool:
    """Say whether a day belongs to a season; ``not-X`` is every day outside season X."""
    if not season:
        return True
    name = season.removeprefix("not-")
    within = any(start <= day <= end for start, end in seasons[name])
    return within != season.startswith("not-")


def calendar_exceptions(
    services: dict[str, Row],
    holidays: dict[date, int],
    seasons: dict[str, list[tuple[date, date]]],
) -> list[tuple[str, str, int]]:
    """Return (service, day, exception) where a day departs from the plain week.

    A public holiday runs as the weekday given in ``holidays.csv``; a seasonal service runs
    within its season only.
    """
    exceptions = []
    day = FEED_START
    while day <= FEED_END:
        runs_as = holidays.get(day, day.weekday())
        for name, row in services.items():
            plain = row[WEEKDAY_COLUMNS[day.weekday()]] == "1"
            runs = row[WEEKDAY_COLUMNS[runs_as]] == "1" and in_season(day, row["season"], seasons)
            if runs != plain:
                exceptions.append((name, f"{day:%Y%m%d}", 1 if runs else 2))
        day += timedelta(days=1)
    return sorted(exceptions)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write one feed file whole or not at all."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    temporary = path.with_suffix(".part")
    temporary.write_text(text.getvalue(), encoding="utf-8", newline="\n")
    temporary.replace(path)


def stop_rows(stops: dict[str, Stop], trips: list[Trip], modes: dict[str, str]) -> list[list[Any]]:
    """Return the rows of ``stops.txt``: every stop a trip calls at, and their stations."""
    mode_of = {
        call.stop.stop_id: modes[trip.pattern.line] for trip in trips for call in trip.pattern.calls
    }
    for stop_id in list(mode_of):
        if stops[stop_id].parent:
            mode_of[stops[stop_id].parent] = mode_of[stop_id]
    rows = []
    for stop_id in sorted(mode_of):
        stop = stops[stop_id]
        lat, lon = stop.point
        rows.append(
            [
                stop.stop_id,
                stop.code,
                stop.name,
                f"{lat:.6f}",
                f"{lon:.6f}",
                stop.zone,
                STATION if stop.kind == "station" else PLATFORM,
                stop.parent,
                stop.platform,
                1 if mode_of[stop_id] == "metro" else 0,
            ]
        )
    return rows


def translation_rows(stops: Iterable[Stop], headsigns: set[str]) -> list[list[str]]:
    """Return Swedish and English names of the stops and headsigns that have one."""
    rows = set()
    for stop in stops:
        for language, name in stop.names:
            rows.add(("stops", "stop_name", language, name, stop.name))
            if stop.name in headsigns:
                rows.add(("trips", "trip_headsign", language, name, stop.name))
    return [list(row) for row in sorted(rows)]


def write_network_files(
    out: Path,
    lines: list[Row],
    stops: dict[str, Stop],
    trips: list[Trip],
    vias: gtfs_shapes.Vias,
) -> None:
    """Write agency, routes, stops, shapes and names."""
    modes = {line["line"]: line["mode"] for line in lines}
    write_csv(
        out / "agency.txt",
        ["agency_id", "agency_name", "agency_url", "agency_timezone", "agency_lang"],
        [
            [
                "HSL",
                "HSL (representative timetable by Lastmile)",
                "https://www.hsl.fi/",
                "Europe/Helsinki",
                "fi",
            ]
        ],
    )
    write_csv(
        out / "routes.txt",
        [
            "route_id",
            "agency_id",
            "route_short_name",
            "route_long_name",
            "route_type",
            "route_color",
            "route_text_color",
            "route_sort_order",
        ],
        [
            [
                line["line"],
                "HSL",
                line["line"],
                line["long_name"],
                ROUTE_TYPES[line["mode"]],
                line["color"],
                "FFFFFF",
                order,
            ]
            for order, line in enumerate(lines, start=1)
        ],
    )
    rows = stop_rows(stops, trips, modes)
    write_csv(
        out / "stops.txt",
        [
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
        ],
        rows,
    )
    headsigns = {trip.pattern.headsign for trip in trips}
    write_csv(
        out / "translations.txt",
        ["table_name", "field_name", "language", "translation", "field_value"],
        translation_rows((stops[row[0]] for row in rows), headsigns),
    )
    patterns = {trip.pattern.pattern_id: trip.pattern for trip in trips}
    write_csv(
        out / "shapes.txt",
        ["shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"],
        [
            [pattern_id, f"{lat:.5f}", f"{lon:.5f}", number]
            for pattern_id, pattern in sorted(patterns.items())
            for number, (lat, lon) in enumerate(
                gtfs_shapes.line_of(
                    [(call.stop.name, call.stop.point) for call in pattern.calls], vias
                ),
                start=1,
            )
        ],
    )


def write_trip_files(out: Path, trips: list[Trip], lines: list[Row]) -> None:
    """Write trips and their calls; ``timepoint`` is 0 where the time is an estimate."""
    modes = {line["line"]: line["mode"] for line in lines}
    write_csv(
        out / "trips.txt",
        [
            "route_id",
            "service_id",
            "trip_id",
            "trip_headsign",
            "direction_id",
            "shape_id",
            "wheelchair_accessible",
        ],
        [
            [
                trip.pattern.line,
                trip.service,
                trip.trip_id,
                trip.pattern.headsign,
                trip.pattern.direction,
                trip.pattern.pattern_id,
                1 if modes[trip.pattern.line] in STEP_FREE_MODES else 0,
            ]
            for trip in trips
        ],
    )
    calls = []
    for trip in trips:
        for number, call in enumerate(trip.pattern.calls, start=1):
            time = clock_text(trip.start_min + call.offset_min)
            calls.append([trip.trip_id, time, time, call.stop.stop_id, number, int(call.observed)])
    write_csv(
        out / "stop_times.txt",
        ["trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence", "timepoint"],
        calls,
    )


def write_calendar_files(out: Path, services: dict[str, Row], tables: Path) -> None:
    """Write the calendar, its exceptions and what the feed says of itself."""
    first, last = f"{FEED_START:%Y%m%d}", f"{FEED_END:%Y%m%d}"
    write_csv(
        out / "calendar.txt",
        ["service_id", *WEEKDAY_COLUMNS, "start_date", "end_date"],
        [
            [name, *(row[column] for column in WEEKDAY_COLUMNS), first, last]
            for name, row in services.items()
        ],
    )
    holidays = {
        date.fromisoformat(row["date"]): WEEKDAY_COLUMNS.index(row["runs_as"])
        for row in read_table("holidays.csv", tables)
    }
    seasons: dict[str, list[tuple[date, date]]] = {}
    for row in read_table("seasons.csv", tables):
        seasons.setdefault(row["season"], []).append(
            (date.fromisoformat(row["start"]), date.fromisoformat(row["end"]))
        )
    write_csv(
        out / "calendar_dates.txt",
        ["service_id", "date", "exception_type"],
        calendar_exceptions(services, holidays, seasons),
    )
    write_csv(
        out / "feed_info.txt",
        [
            "feed_publisher_name",
            "feed_publisher_url",
            "feed_lang",
            "default_lang",
            "feed_start_date",
            "feed_end_date",
            "feed_version",
        ],
        [
            [
                "Lastmile (representative timetable, not the published one)",
                "https://example.org/lastmile",
                "fi",
                "fi",
                first,
                last,
                FEED_VERSION,
            ]
        ],
    )
    write_csv(
        out / "attributions.txt",
        [
            "attribution_id",
            "organization_name",
            "is_producer",
            "is_operator",
            "is_authority",
            "attribution_url",
        ],
        [
            ["lastmile", "Lastmile (representative timetable)", 1, 0, 0, ""],
            [
                "hsl",
                "HSL open data (observed departures, stops), CC BY 4.0",
                0,
                0,
                1,
                "https://www.hsl.fi/en/hsl/open-data",
            ],
            [
                "osm",
                "© OpenStreetMap contributors (coordinates), ODbL 1.0",
                1,
                0,
                0,
                "https://www.openstreetmap.org/copyright",
            ],
            [
                "fintraffic",
                "Fintraffic / digitraffic.fi (railway stations), CC BY 4.0",
                1,
                0,
                0,
                "https://www.digitraffic.fi/en/terms-of-service/",
            ],
        ],
    )


def build(out: Path, tables: Path = TABLES) -> tuple[list[Trip], list[Stop]]:
    """Write the feed and return its trips and the stops left out for want of a coordinate."""
    stops = read_stops(read_table("stops.csv", tables))
    lines = read_table("lines.csv", tables)
    services = {row["service"]: row for row in read_table("services.csv", tables)}
    patterns = read_patterns(read_table("patterns.csv", tables), stops)
    trips = expand_windows(read_table("windows.csv", tables), patterns, services)
    out.mkdir(parents=True, exist_ok=True)
    vias = gtfs_shapes.read_vias(read_table("via.csv", tables))
    write_network_files(out, lines, stops, trips, vias)
    write_trip_files(out, trips, lines)
    write_calendar_files(out, services, tables)
    return trips, [stop for stop in stops.values() if stop.lat is None]


def main() -> None:
    """Build the feed and say what it holds."""
    parser = argparse.ArgumentParser(description="Build the representative timetable.")
    parser.add_argument("out", nargs="?", type=Path, default=FEED)
    out = parser.parse_args().out
    trips, left_out = build(out)
    size = sum(path.stat().st_size for path in out.glob("*.txt"))
    print(f"{out}: {len(trips)} trips, {size / 1e6:.2f} MB")
    print(f"left out, no coordinate known: {', '.join(stop.name for stop in left_out) or 'none'}")


if __name__ == "__main__":
    main()
