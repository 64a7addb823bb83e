"""The representative timetable: made from its tables, and true to the departures observed."""

from __future__ import annotations

import csv
import math
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import gtfs_guru
import pytest
from dateutil.easter import easter

from lastmile.datasets import bundle_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
OBSERVED_DAY = date(2026, 2, 19)
SATURDAY, SUNDAY = date(2026, 11, 21), date(2026, 11, 22)
SUMMER_SUNDAY = date(2027, 7, 4)
TRACKED_FILE_LIMIT = 2_000_000
WALK_MPS, DETOUR, WALK_LIMIT_M = 1.2, 1.3, 1000.0
METRES_PER_DEGREE = 111_195.0


def rows(folder: str, name: str) -> list[dict[str, str]]:
    with bundle_path(f"{folder}/{name}").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def seconds(clock: str) -> int:
    hours, minutes, *rest = (int(part) for part in clock.split(":"))
    return hours * 3600 + minutes * 60 + sum(rest)


def running_services(day: date) -> set[str]:
    """The calendar read by the letter of the GTFS reference."""
    stamp, weekday = f"{day:%Y%m%d}", f"{day:%A}".lower()
    running = {
        row["service_id"]
        for row in rows("gtfs", "calendar.txt")
        if row[weekday] == "1" and row["start_date"] <= stamp <= row["end_date"]
    }
    for row in rows("gtfs", "calendar_dates.txt"):
        if row["date"] == stamp:
            (running.add if row["exception_type"] == "1" else running.discard)(row["service_id"])
    return running


@dataclass(frozen=True)
class Visit:
    stop: str
    arrival: int
    departure: int


@dataclass(frozen=True)
class Feed:
    stops: dict[str, dict[str, str]]
    trips: dict[str, dict[str, str]]
    visits: dict[str, list[Visit]]

    def on(self, day: date) -> Iterator[tuple[str, list[Visit]]]:
        """Route and visits of every trip of a day."""
        running = running_services(day)
        for trip, visits in self.visits.items():
            if self.trips[trip]["service_id"] in running:
                yield self.trips[trip]["route_id"], visits


@pytest.fixture(scope="module")
def feed() -> Feed:
    visits: dict[str, list[Visit]] = defaultdict(list)
    for row in rows("gtfs", "stop_times.txt"):
        visits[row["trip_id"]].append(
            Visit(row["stop_id"], seconds(row["arrival_time"]), seconds(row["departure_time"]))
        )
    return Feed(
        {row["stop_id"]: row for row in rows("gtfs", "stops.txt")},
        {row["trip_id"]: row for row in rows("gtfs", "trips.txt")},
        visits,
    )


def crow_m(a: dict[str, str], b: dict[str, str]) -> float:
    north = (float(a["stop_lat"]) - float(b["stop_lat"])) * METRES_PER_DEGREE
    east = (float(a["stop_lon"]) - float(b["stop_lon"])) * METRES_PER_DEGREE
    return math.hypot(north, east * math.cos(math.radians(float(a["stop_lat"]))))


def earliest_arrivals(feed: Feed, start: dict[str, int], day: date) -> dict[str, int]:
    """Every connection of the day in order of departure, walking wherever it helps."""
    platforms = [stop for stop in feed.stops.values() if stop["location_type"] == "0"]
    best = dict(start)

    def reach(stop: str, at: int) -> None:
        for other in platforms:
            metres = crow_m(feed.stops[stop], other)
            if metres <= WALK_LIMIT_M:
                there = at + round(metres * DETOUR / WALK_MPS)
                if there < best.get(other["stop_id"], sys.maxsize):
                    best[other["stop_id"]] = there

    for stop, at in start.items():
        reach(stop, at)
    connections = sorted(
        (a.departure, b.arrival, number, a.stop, b.stop)
        for number, (_, visits) in enumerate(feed.on(day))
        for a, b in pairwise(visits)
    )
    aboard: set[int] = set()
    for departure, arrival, trip, stop, next_stop in connections:
        if trip in aboard or best.get(stop, sys.maxsize) <= departure:
            aboard.add(trip)
            if arrival < best.get(next_stop, sys.maxsize):
                best[next_stop] = arrival
                reach(next_stop, arrival)
    return best


def ride_times(feed: Feed, day: date) -> dict[tuple[str, str, str], list[tuple[int, int]]]:
    """(route, from code, to code) -> departures and run times."""
    rides = defaultdict(list)
    for route, visits in feed.on(day):
        codes = [feed.stops[visit.stop]["stop_code"] for visit in visits]
        for i, start in enumerate(visits):
            for j in range(i + 1, len(visits)):
                rides[route, codes[i], codes[j]].append(
                    (start.departure, visits[j].arrival - start.departure)
                )
    return {key: sorted(value) for key, value in rides.items()}


def test_the_feed_is_what_its_tables_make(tmp_path: Path) -> None:
    script = ROOT / "tools" / "build_gtfs.py"
    subprocess.run([sys.executable, script, tmp_path], check=True, capture_output=True)
    bundled = {path.name: path.read_bytes() for path in Path(bundle_path("gtfs")).glob("*")}
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*")} == bundled


def test_validator_finds_no_error() -> None:
    result = gtfs_guru.validate(str(bundle_path("gtfs")))
    assert [notice.code for notice in result.notices if notice.severity == "ERROR"] == []


def test_the_feed_calls_itself_representative() -> None:
    assert "representative" in rows("gtfs", "feed_info.txt")[0]["feed_publisher_name"]
    assert "representative" in rows("gtfs", "agency.txt")[0]["agency_name"]
    assert "representative" in rows("gtfs", "feed_info.txt")[0]["feed_version"]


def test_no_file_is_too_big_for_the_repository() -> None:
    sizes = [path.stat().st_size for path in Path(bundle_path("gtfs")).glob("*")]
    assert max(sizes) < TRACKED_FILE_LIMIT
    assert sum(sizes) < 3 * TRACKED_FILE_LIMIT


def test_every_line_the_journeys_need_runs_on_every_kind_of_day(feed: Feed) -> None:
    rail = {"M1", "M2", "E", "U", "L", "A", "15"}
    needed = rail | {"245", "244", "280", "213", "118", "200", "530", "531"}
    for day in (OBSERVED_DAY, SATURDAY, SUNDAY):
        assert needed <= {route for route, _ in feed.on(day)}, f"{day:%A}"


def test_trips_go_somewhere_and_never_back_in_time(feed: Feed) -> None:
    assert set(feed.visits) == set(feed.trips)
    for trip, visits in feed.visits.items():
        assert len(visits) >= 2, trip
        clock = [time for visit in visits for time in (visit.arrival, visit.departure)]
        assert clock == sorted(clock), trip


def test_every_stop_has_a_fare_zone_and_lies_in_the_region(feed: Feed) -> None:
    for stop in feed.stops.values():
        assert stop["zone_id"] in set("ABCD"), stop["stop_id"]
        assert 60.10 < float(stop["stop_lat"]) < 60.35, stop["stop_id"]
        assert 24.40 < float(stop["stop_lon"]) < 25.10, stop["stop_id"]


def test_no_vehicle_outruns_its_kind(feed: Feed) -> None:
    """A misplaced stop shows as an impossible speed; a minute is allowed for rounding."""
    top_kmh = {"0": 60, "1": 80, "2": 120, "3": 80}
    kind = {row["route_id"]: row["route_type"] for row in rows("gtfs", "routes.txt")}
    for route, visits in feed.on(OBSERVED_DAY):
        for a, b in pairwise(visits):
            hours = (b.arrival - a.departure + 60) / 3600
            kmh = crow_m(feed.stops[a.stop], feed.stops[b.stop]) / 1000 / hours
            assert kmh <= top_kmh[kind[route]], (route, a.stop, b.stop, round(kmh))


def test_observed_departures_and_run_times_are_kept(feed: Feed) -> None:
    """The oracle: 978 published departures of the lines carried.

    A departure is kept when a trip leaves within half the line's headway, three minutes at
    most, and takes as long within two minutes or 15 %.
    """
    rides = ride_times(feed, OBSERVED_DAY)
    observations = rows("timetable", "observed_departures.csv")
    carried = kept = 0
    for seen in observations:
        found = rides.get((seen["line"], seen["from_stop_code"], seen["to_stop_code"]))
        if not found:
            continue
        carried += 1
        departure = seconds(seen["departure"])
        run = seconds(seen["arrival"]) - departure
        gaps = [b[0] - a[0] for a, b in pairwise(found) if b[0] > a[0]]
        slack = min(180.0, max(60.0, min(gaps, default=360) / 2))
        kept += any(
            abs(leaves - departure) <= slack and abs(takes - run) <= max(120, 0.15 * run)
            for leaves, takes in found
        )
    assert carried >= 0.95 * len(observations)
    assert kept >= 0.97 * carried


@pytest.mark.parametrize("hour", [8, 10, 12, 14, 16])
def test_kamppi_to_haltia_takes_about_an_hour_on_a_weekday(feed: Feed, hour: int) -> None:
    """Best of the departures within an hour, as a traveller who looks first would choose."""
    kamppi = [s for s, row in feed.stops.items() if row["stop_name"] == "Kamppi"]
    haltia = [s for s, row in feed.stops.items() if row["stop_name"] == "Haltia"]
    durations = []
    for minute in range(0, 60, 5):
        leave = hour * 3600 + minute * 60
        best = earliest_arrivals(feed, dict.fromkeys(kamppi, leave), OBSERVED_DAY)
        durations.append(min(best[stop] for stop in haltia) - leave)
    assert 50 * 60 <= min(durations) <= 70 * 60


def test_last_buses_bring_the_visitor_home(feed: Feed) -> None:
    """Whoever rides out on 245 or 245A can ride back later the same day."""
    for day in (OBSERVED_DAY, SATURDAY, SUNDAY, SUMMER_SUNDAY):
        last = {"out": 0, "back": 0}
        for route, visits in feed.on(day):
            names = [feed.stops[visit.stop]["stop_name"] for visit in visits]
            if route in {"245", "245A"}:
                way = "out" if names[0] == "Espoon asema" else "back"
                last[way] = max(last[way], visits[names.index("Haltia")].departure)
        assert last["back"] > last["out"] > 0, day


def test_summer_takes_245_on_to_kattila(feed: Feed) -> None:
    assert "245A" in {route for route, _ in feed.on(SUMMER_SUNDAY)}
    assert "245" not in {route for route, _ in feed.on(SUMMER_SUNDAY)}
    assert "245A" not in {route for route, _ in feed.on(SUNDAY)}


def test_service_runs_every_day_of_the_calendar(feed: Feed) -> None:
    day = date(2026, 1, 1)
    used = {trip["service_id"] for trip in feed.trips.values()}
    while day <= date(2027, 12, 31):
        assert running_services(day) & used, day
        day += timedelta(days=1)


@pytest.mark.parametrize("year", [2026, 2027])
def test_movable_holidays_run_as_sundays(year: int) -> None:
    """Good Friday, Easter Monday and Ascension Day from the computus."""
    for days in (-2, 1, 39):
        assert running_services(easter(year) + timedelta(days=days)) == running_services(SUNDAY)


def test_some_trips_run_past_midnight(feed: Feed) -> None:
    assert any(visits[-1].arrival > 24 * 3600 for visits in feed.visits.values())


def test_stops_without_a_coordinate_are_left_out(feed: Feed) -> None:
    unlocated = {row["stop_id"] for row in rows("timetable", "stops.csv") if not row["lat"]}
    assert unlocated
    assert not unlocated & set(feed.stops)


def test_every_source_row_says_how_sure_it_is() -> None:
    levels = {"observed", "interpolated", "high", "medium", "low", "knowledge", "none"}
    for name in ("lines.csv", "stops.csv", "patterns.csv", "windows.csv", "seasons.csv"):
        for number, row in enumerate(rows("timetable", name), start=2):
            assert row["confidence"] in levels, f"{name}:{number}"
    assert all(row["source"] for row in rows("timetable", "stops.csv"))


def reverse_times(text: str) -> str:
    return text.replace("M1e,M1,1,Vuosaari,2,2411601,1.5,", "M1e,M1,1,Vuosaari,2,2411601,99,")


def unknown_stop(text: str) -> str:
    return text.replace("M1e,M1,1,Vuosaari,2,2411601,", "M1e,M1,1,Vuosaari,2,nowhere,")


def same_departure_twice(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join([*lines, lines[-1]])


@pytest.mark.parametrize(
    ("table", "damage", "complaint"),
    [
        ("patterns.csv", reverse_times, "M1e run backwards"),
        ("patterns.csv", unknown_stop, "unknown stops ['nowhere']"),
        ("windows.csv", same_departure_twice, "leaves twice"),
    ],
)
def test_a_damaged_table_is_named(
    table: str,
    damage: Callable[[str], str],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import build_gtfs  # noqa: PLC0415 - a script, importable only from its own folder

    from lastmile.errors import DataError  # noqa: PLC0415

    shutil.copytree(bundle_path("timetable"), tmp_path / "tables")
    broken = tmp_path / "tables" / table
    broken.write_text(damage(broken.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        build_gtfs.build(tmp_path / "feed", tmp_path / "tables")
    assert complaint in str(caught.value)
    assert table in str(caught.value)
