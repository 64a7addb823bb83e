"""Pilots as GTFS: sound by others' rules, read back the same, ridden by the planner."""

import io
import re
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from operator_pilots import canonical_errors, random_pilot

from lastmile.cli import run
from lastmile.errors import DataError, RequestError
from lastmile.network.street import load_network
from lastmile.parameters import Parameters
from lastmile.places import Gazetteer
from lastmile.planner.core import Planner
from lastmile.planner.request import PlanRequest
from lastmile.transit.feed import load_feed
from lastmile.transit.timetable import Timetable
from lastmile.transit.writer import write_files
from scenarios.load import build, load_scenario
from scenarios.schema import Scenario
from simulation.gtfs_in import read_line
from simulation.gtfs_merge import merge, read_tables
from simulation.gtfs_out import Publication, pilot_tables, pilots_of, table_files
from simulation.shuttle import BACK, OUT, Service
from simulation.supply import build_supply

ROOT = Path(__file__).resolve().parents[2]


def written(
    scenario: Scenario, parameters: Parameters, path: Path, publication: Publication
) -> tuple[Service, Path]:
    """Write a scenario's only pilot; return it and the file."""
    supply = build_supply(scenario, parameters)
    (service,) = pilots_of(scenario, supply)
    tables = pilot_tables(scenario, supply, [service], publication)
    return service, write_files(table_files(tables), path)


def assert_same_service(service: Service, path: Path) -> None:
    """A feed read back has the stops, the times and the vehicles of the service."""
    feed = load_feed(path)
    assert not feed.warnings
    first, last = feed.span
    day = next(
        first + timedelta(days=k)
        for k in range((last - first).days + 1)
        if feed.active_services(first + timedelta(days=k)).any()
    )
    line = read_line(feed, day, service.id)
    assert line.left_out == 0
    read = np.array([[np.nan if t is None else t for t in row] for row in line.rows])
    lat, lon = ([getattr(stop, name) for stop in line.stops] for name in ("lat", "lon"))
    order = slice(None, None, -1 if service.turned else 1)
    way = BACK if service.turned else OUT
    points = [service.point(stop, way) for stop in range(len(service.stops))][order]
    assert np.allclose(np.column_stack([lat, lon]), points, atol=1e-7)
    assert rows_of(read) == rows_of(service.times_s[:, order])


def rows_of(times: np.ndarray) -> list[tuple[float, ...]]:
    return sorted(tuple(np.nan_to_num(np.rint(row), nan=-1).tolist()) for row in times)


@pytest.mark.parametrize(
    "first", [pytest.param(0, id="some"), pytest.param(5, id="all", marks=pytest.mark.slow)]
)
@pytest.mark.timeout(900)
def test_random_pilots_come_back_as_they_were(
    first: int, parameters: Parameters, tmp_path: Path
) -> None:
    for seed in range(first, 5 if first == 0 else 100):
        headways = seed % 2 == 1
        scenario = random_pilot(seed)
        path = tmp_path / f"{seed}.zip"
        service, _ = written(scenario, parameters, path, Publication(headways=headways))
        assert canonical_errors(path, tmp_path) == [], seed
        assert_same_service(service, path)


def test_blocks_are_part_of_the_feed(parameters: Parameters, tmp_path: Path) -> None:
    scenario = load_scenario("shuttle-espoo-haltia")
    service, path = written(scenario, parameters, tmp_path / "a.zip", Publication())
    blocks = load_feed(path).trips["block_id"]
    assert sorted(blocks.value_counts()) == sorted(np.bincount(service.block).tolist())


def test_even_intervals_become_headways_with_exact_times(
    parameters: Parameters, tmp_path: Path
) -> None:
    scenario = load_scenario("shuttle-espoo-haltia")
    service, path = written(scenario, parameters, tmp_path / "a.zip", Publication(headways=True))
    feed = load_feed(path)
    assert len(feed.trips) == 2
    assert feed.frequencies["headway_s"].tolist() == [1200, 1200]
    assert feed.frequencies["exact_times"].tolist() == [1, 1]
    assert_same_service(service, path)


def test_vehicles_that_leave_together_are_no_headway(
    parameters: Parameters, tmp_path: Path
) -> None:
    document = load_scenario("baseline").document()
    document["services"] = {
        "pilot": {
            "stops": ["rail-espoo", "haltia"],
            "timetable": [["09:00", "09:30"]] * 4 + [["10:00", "10:30"]],
            "vehicles": 5,
        }
    }
    scenario = build("pilot", document, {})
    service, path = written(scenario, parameters, tmp_path / "a.zip", Publication(headways=True))
    assert canonical_errors(path, tmp_path) == []
    assert_same_service(service, path)


def test_names_come_in_three_languages(parameters: Parameters, tmp_path: Path) -> None:
    scenario = load_scenario("shuttle-espoo-haltia")
    _, path = written(scenario, parameters, tmp_path / "a.zip", Publication())
    feed = load_feed(path)
    haltia = Gazetteer.bundled()["haltia"]
    assert haltia.name_fi in feed.stops["stop_name"].tolist()
    for language, name in (("fi", haltia.name_fi), ("sv", haltia.name_sv), ("en", haltia.name_en)):
        assert feed.translate("stops", "stop_name", haltia.name_fi, language) == name
        assert feed.translate("trips", "trip_headsign", haltia.name_fi, language) == name


def test_the_planner_rides_the_pilot_in_the_merged_feed(tmp_path: Path) -> None:
    target = tmp_path / "merged.zip"
    feed_folder = str(ROOT / "data" / "gtfs")
    words = ["export", "gtfs", "shuttle-espoo-haltia", str(target), "--merge", feed_folder]
    assert run(words) == 0
    assert canonical_errors(target, tmp_path) == []
    feed = load_feed(target)
    base = load_feed(feed_folder)
    assert set(base.trips["trip_id"]) < set(feed.trips["trip_id"])
    assert len(feed.trips) == len(base.trips) + 56
    places = Gazetteer.bundled()
    sunday = datetime(2026, 9, 6, 10, 55, tzinfo=ZoneInfo("Europe/Helsinki"))
    asked = PlanRequest(
        places["rail-espoo"], places["haltia"], sunday, modes=frozenset({"transit"})
    )
    outing = Planner(load_network(), feed).plan(asked)
    ridden = {
        (leg.route, f"{leg.departure:%H:%M}")
        for itinerary in outing.itineraries
        for leg in itinerary.legs
        if leg.mode == "transit"
    }
    assert ("shuttle", "11:00") in ridden


def test_merging_changes_ids_that_are_taken(parameters: Parameters, tmp_path: Path) -> None:
    scenario = load_scenario("shuttle-espoo-haltia")
    _, path = written(scenario, parameters, tmp_path / "one.zip", Publication())
    tables = read_tables(path)
    twice = merge(tables, tables)
    both = write_files(table_files(twice), tmp_path / "two.zip")
    assert canonical_errors(both, tmp_path) == []
    feed = load_feed(both)
    assert not feed.warnings
    assert feed.routes["route_id"].tolist() == ["shuttle", "shuttle-pilot"]
    sunday = next(d for d in pd.date_range(*feed.span) if d.day_of_week == 6).date()
    assert len(Timetable.for_day(feed, sunday).trips) == 2 * 56


def test_merging_keeps_what_this_program_does_not_know(tmp_path: Path) -> None:
    files = {one.name: one.read_bytes() for one in (ROOT / "data" / "gtfs").glob("*.txt")}
    files["fare_attributes.txt"] = (
        b"fare_id,price,currency_type,payment_method,transfers\nA,3.2,EUR,1,0\n"
    )
    folder = write_files(files, tmp_path / "base")
    target = tmp_path / "merged.zip"
    assert run(["export", "gtfs", "shuttle-espoo-haltia", str(target), "--merge", str(folder)]) == 0
    with zipfile.ZipFile(target) as archive:
        kept = pd.read_csv(io.BytesIO(archive.read("fare_attributes.txt")))
        assert kept["fare_id"].tolist() == ["A"]
        assert "attributions.txt" in archive.namelist()


def test_merging_with_feeds_that_say_other_things_of_themselves(
    parameters: Parameters, tmp_path: Path
) -> None:
    scenario = load_scenario("shuttle-espoo-haltia")
    _, path = written(scenario, parameters, tmp_path / "one.zip", Publication())
    pilot, base = read_tables(path), read_tables(ROOT / "data" / "gtfs")
    swedish = pilot["translations"][pilot["translations"]["language"] == "sv"]
    bases = {
        "translated otherwise": {"translations": swedish.assign(translation="Annat")},
        "two agencies": {
            "agency": pd.concat(
                [base["agency"], base["agency"].assign(agency_id="B", agency_name="Other")]
            )
        },
    }
    for name, changed in bases.items():
        both = write_files(table_files(merge(base | changed, pilot)), tmp_path / f"{name}.zip")
        assert canonical_errors(both, tmp_path) == [], name
    merged = merge(base | bases["translated otherwise"], pilot)["translations"]
    names = merged[(merged["language"] == "sv") & (merged["field_name"] == "stop_name")]
    assert set(names["translation"]) == {"Annat"}
    silent = {name: table for name, table in base.items() if name != "feed_info"}
    assert merge(silent, pilot)["feed_info"]["feed_end_date"].tolist() == [""]
    old = pd.DataFrame([{"trans_id": "Espoo", "lang": "sv", "translation": "Esbo"}], dtype="str")
    assert merge(base | {"translations": old}, pilot)["translations"].equals(old)
    nameless = base["agency"].assign(agency_id="")
    several = pd.concat([base["agency"], nameless], ignore_index=True)
    ids = merge(base | {"agency": several}, pilot)["agency"]["agency_id"].tolist()
    assert ids == [base["agency"]["agency_id"].iloc[0], "agency", "lastmile"]


def test_a_feed_of_another_zone_is_not_merged(parameters: Parameters, tmp_path: Path) -> None:
    scenario = load_scenario("shuttle-espoo-haltia")
    _, path = written(scenario, parameters, tmp_path / "one.zip", Publication())
    tables = read_tables(path)
    there = tables["agency"].assign(agency_timezone="Europe/Stockholm")
    with pytest.raises(DataError, match="its time zone is Europe/Stockholm"):
        merge(tables | {"agency": there}, tables)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("baseline",), "no pilot with stops of its own"),
        (("shuttle-espoo-haltia", "--service", "tram"), "no service 'tram'"),
        (("shuttle-espoo-haltia", "--from", "2026-09-07", "--to", "2026-09-09"), "no sunday"),
        (
            ("shuttle-espoo-haltia", "--from", "2026-09-07", "--to", "2026-09-01"),
            "before it begins",
        ),
        (("shuttle-espoo-haltia", "--days", "caturday"), "no day of the week"),
        (("shuttle-espoo-haltia", "--url", "example.org"), "'example.org' is no address"),
        (("shuttle-espoo-haltia", "--url", "https://[x"), "is no address"),
        (("shuttle-espoo-haltia", "--agency", " "), "say who runs it"),
        (("shuttle-espoo-haltia", "--merge", "nowhere.zip"), "no such file"),
    ],
)
def test_what_cannot_be_written_is_refused(
    words: tuple[str, ...], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "x.zip"
    assert run(["export", "gtfs", words[0], str(target), *words[1:]]) == 2
    assert re.search(reason, capsys.readouterr().err)
    assert not target.exists()


def test_the_last_month_of_the_calendar_has_an_end(tmp_path: Path) -> None:
    target = tmp_path / "late.zip"
    words = ["export", "gtfs", "shuttle-espoo-haltia", str(target), "--from", "9999-12-05"]
    assert run(words) == 0
    assert read_tables(target)["calendar"]["end_date"].tolist() == ["99991231"]


def test_a_line_is_asked_for_where_there_are_several() -> None:
    feed = load_feed(ROOT / "data" / "gtfs")
    day = datetime(2026, 9, 6, tzinfo=ZoneInfo("Europe/Helsinki")).date()
    with pytest.raises(RequestError, match="which line is meant"):
        read_line(feed, day)
    line = read_line(feed, day, "245")
    assert len(line.stops) > 2
    assert line.rows
    for row in line.rows:  # stops of one minute share it: times rise there, and fall back
        steps = np.diff([time_s for time_s in row if time_s is not None])
        assert (steps > 0).all() or (steps < 0).all()
        ends = [time_s % 60 for time_s in (row[0], row[-1]) if time_s is not None]
        assert ends == [0] * len(ends)


def test_a_line_drawn_from_the_park_is_written_as_it_is_drawn(
    parameters: Parameters, tmp_path: Path
) -> None:
    document = load_scenario("baseline").document()
    place = {"name": "Brobacka", "lat": 60.2484, "lon": 24.5934}
    document["services"] = {
        "pilot": {
            "stops": ["haltia", place | {"back_lat": 60.2486, "back_lon": 24.5936}, "rail-espoo"],
            "timetable": [["09:00", "09:12", "09:25"], ["", "10:12", "10:25"]],
            "vehicles": 2,
        }
    }
    service, path = written(
        build("pilot", document, {}), parameters, tmp_path / "away.zip", Publication()
    )
    assert service.turned
    assert_same_service(service, path)
    feed = load_feed(path)
    haltia, espoo = (Gazetteer.bundled()[name].name_fi for name in ("haltia", "rail-espoo"))
    assert feed.routes["route_long_name"].tolist() == [f"{haltia} - {espoo}"]
    assert feed.stops["stop_name"].tolist() == [haltia, "Brobacka", espoo]
    line = read_line(feed, feed.span[0] + timedelta(days=5), "pilot")
    assert [stop.name for stop in line.stops] == [haltia, "Brobacka", espoo]
    assert line.stops[1].lat == pytest.approx(60.2484)


def two_sided(parameters: Parameters, path: Path) -> tuple[Service, Path]:
    """Write a pilot whose second stop lies across the road on the way back."""
    document = load_scenario("baseline").document()
    place = {"name": "Brobacka", "lat": 60.2484, "lon": 24.5934}
    document["services"] = {
        "pilot": {
            "stops": [
                "rail-espoo",
                place | {"back_lat": 60.2486, "back_lon": 24.5936},
                "haltia",
            ],
            "run_times_min": [10, 12],
            "departures": ["09:00", "11:00"],
            "vehicles": 2,
        }
    }
    return written(build("pilot", document, {}), parameters, path, Publication())


def test_opposite_stops_of_one_name_stay_two(parameters: Parameters, tmp_path: Path) -> None:
    service, path = two_sided(parameters, tmp_path / "two.zip")
    assert canonical_errors(path, tmp_path) == []
    assert_same_service(service, path)
    feed = load_feed(path)
    assert feed.stops["stop_name"].tolist().count("Brobacka") == 2
    line = read_line(feed, feed.span[0] + timedelta(days=5), "pilot")
    across = [stop for stop in line.back if stop is not None]
    assert [(stop.name, stop.lat, stop.lon) for stop in across] == [("Brobacka", 60.2486, 24.5936)]
    assert line.back[1] is across[0]


def joined(path: Path, target: Path, calls: list[str]) -> Path:
    """Write a feed with one trip that runs there and back and calls at other stops."""
    tables = read_tables(path)
    times = tables["stop_times"].copy()
    first, second = times["trip_id"] == "pilot-1", times["trip_id"] == "pilot-2"
    whole = pd.concat([times[first], times[second].iloc[1:]]).iloc[: len(calls)]
    whole = whole.assign(trip_id="pilot-1", stop_id=calls, shape_dist_traveled="")
    whole["stop_sequence"] = [str(number) for number in range(1, len(calls) + 1)]
    kattila = (
        tables["stops"]
        .iloc[:1]
        .assign(stop_id="kattila", stop_name="Kattila", stop_lat="60.29", stop_lon="24.65")
    )
    trips = tables["trips"]
    changed = {
        "stops": pd.concat([tables["stops"], kattila]),
        "trips": trips[trips["trip_id"] == "pilot-1"].assign(shape_id="", block_id=""),
        "stop_times": whole,
    }
    return write_files(table_files(tables | changed), target)


def test_a_trip_there_and_back_is_cut_where_it_turns(
    parameters: Parameters, tmp_path: Path
) -> None:
    _, path = two_sided(parameters, tmp_path / "two.zip")
    calls = ["rail-espoo", "brobacka", "haltia", "brobacka-2", "rail-espoo"]
    feed = load_feed(joined(path, tmp_path / "joined.zip", calls))
    line = read_line(feed, feed.span[0] + timedelta(days=5))
    assert (line.cut, line.left_out) == (1, 0)
    assert [stop.name for stop in line.stops][1] == "Brobacka"
    assert [stop.id for stop in line.back if stop is not None] == ["brobacka-2"]
    out, back = line.rows
    assert out == (9 * 3600, 9 * 3600 + 600, 9 * 3600 + 1320)
    assert list(back) == sorted(back, reverse=True)


def test_a_loop_is_cut_at_its_last_stop_before_the_first(
    parameters: Parameters, tmp_path: Path
) -> None:
    _, path = two_sided(parameters, tmp_path / "two.zip")
    calls = ["rail-espoo", "brobacka", "haltia", "kattila", "rail-espoo"]
    feed = load_feed(joined(path, tmp_path / "loop.zip", calls))
    line = read_line(feed, feed.span[0] + timedelta(days=5))
    assert [stop.id for stop in line.stops] == calls[:4]
    out, back = line.rows
    assert None not in out
    assert (back[1], back[2]) == (None, None)
    assert back[0] > back[3] == out[3]


def test_a_figure_of_eight_is_refused_with_the_stop(parameters: Parameters, tmp_path: Path) -> None:
    _, path = two_sided(parameters, tmp_path / "two.zip")
    calls = ["rail-espoo", "brobacka", "rail-espoo", "haltia"]
    feed = load_feed(joined(path, tmp_path / "eight.zip", calls))
    with pytest.raises(RequestError, match=r"calls twice at .* on one trip and does not come back"):
        read_line(feed, feed.span[0] + timedelta(days=5))


def test_a_line_of_a_trip_a_second_is_refused(parameters: Parameters, tmp_path: Path) -> None:
    _, path = two_sided(parameters, tmp_path / "two.zip")
    every_second = pd.DataFrame(
        [{"trip_id": "pilot-1", "start_time": "00:00:00", "end_time": "24:00:00"}], dtype="str"
    ).assign(headway_secs="1", exact_times="1")
    tables = read_tables(path) | {"frequencies": every_second}
    feed = load_feed(write_files(table_files(tables), tmp_path / "dense.zip"))
    with pytest.raises(RequestError, match=r"has 86403 trips on .* at most 1500 can be tested"):
        read_line(feed, feed.span[0] + timedelta(days=5))
