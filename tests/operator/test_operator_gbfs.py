"""The bike pilot as GBFS 3.0, and live systems read from a server on this machine."""

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from gbfs_validator import validate_feed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lastmile.cli import run
from lastmile.errors import DataError
from lastmile.planner.gbfs import build_bikes, read_gbfs
from lastmile.planner.stations import COUNTED_AT, load_bike_stations
from scenarios.load import load_scenario
from simulation.gbfs_out import System, gbfs_files

Files = dict[str, bytes]


@contextlib.contextmanager
def served(files: Callable[[str], Files]) -> Iterator[str]:
    """Serve files on 127.0.0.1; they are made for the server's address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = content_of.get(self.path.lstrip("/"))
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{server.server_port}"
    content_of = files(url)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def bikes_at(url: str, name: str = "ebikes-espoo-nuuksio", age_s: float = 0.0) -> Files:
    at = datetime.fromtimestamp(time.time() - age_s, UTC)
    return gbfs_files(load_scenario(name), System(base_url=url, at=at))


@pytest.mark.parametrize("name", ["ebikes-espoo-nuuksio", "citybikes-rantaraitti"])
def test_the_pilot_passes_the_validator(name: str) -> None:
    with served(lambda url: bikes_at(url, name)) as url:
        report = validate_feed(f"{url}/gbfs.json", docked=True)
    faults = [
        (one.get("file"), one.get("errors")) for one in report["files"] if one.get("hasErrors")
    ]
    assert faults == []
    assert not report["summary"]["hasErrors"]
    assert report["summary"]["version"]["validated"] == "3.0"


def test_the_validator_finds_a_fault() -> None:
    def broken(url: str) -> Files:
        files = bikes_at(url)
        feed = json.loads(files["station_information.json"])
        del feed["data"]["stations"][0]["lat"]
        return files | {"station_information.json": json.dumps(feed).encode()}

    with served(broken) as url:
        assert validate_feed(f"{url}/gbfs.json", docked=True)["summary"]["hasErrors"]


def test_the_command_writes_what_it_reads_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "gbfs"
    assert run(["export", "gbfs", "ebikes-espoo-nuuksio", str(target)]) == 0
    assert "4 stations" in capsys.readouterr().out
    share = load_scenario("ebikes-espoo-nuuksio").bikeshare
    read = {one.id: one for one in read_gbfs(target).stations}
    assert {key: (one.docks, one.bikes) for key, one in read.items()} == {
        key: (one.docks, one.bikes) for key, one in share.stations.items()
    }
    assert run(["export", "gbfs", "ebikes-espoo-nuuksio", str(target)]) == 0  # in place of it
    (target / "notes.txt").write_text("mine", encoding="utf-8")
    assert run(["export", "gbfs", "ebikes-espoo-nuuksio", str(target)]) == 2
    assert (target / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert run(["export", "gbfs", "baseline", str(tmp_path / "none")]) == 2
    assert "no bike share" in capsys.readouterr().err
    again = ["export", "gbfs", "ebikes-espoo-nuuksio", str(tmp_path / "again")]
    assert run([*again, "--url", "bikes"]) == 2
    assert "'bikes' is no address" in capsys.readouterr().err
    assert run([*again, "--contact", "me"]) == 2
    assert "'me' is no e-mail address" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()


def test_a_live_system_takes_the_place_of_the_bundle() -> None:
    bundled = load_bike_stations()
    with served(bikes_at) as url:
        assert run(["data", "build", "--gbfs", f"{url}/gbfs.json"]) == 0
    stations = load_bike_stations()
    assert {one.id: one.bikes for one in stations} == {
        "espoo": 30,
        "haltia": 5,
        "haukkalampi": 3,
        "kattila": 2,
    }
    assert run(["data", "reset", "bikes"]) == 0
    assert load_bike_stations() == bundled


def test_counts_are_forgotten_once_they_are_old(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(bikes_at) as url:
        built = build_bikes(f"{url}/gbfs.json")
    later = float(built.manifest.stats[COUNTED_AT]) + 2 * 3600
    monkeypatch.setattr("lastmile.planner.stations.time.time", lambda: later)
    assert {one.bikes for one in load_bike_stations()} == {None}
    assert {one.docks for one in load_bike_stations()} == {40, 30, 20, 15}


def test_stale_status_is_unknown_not_zero() -> None:
    with served(lambda url: bikes_at(url, age_s=3 * 3600)) as url:
        system = read_gbfs(f"{url}/gbfs.json")
    assert len(system.stations) == 4
    assert {one.bikes for one in system.stations} == {None}
    assert system.counted_at is None
    assert "180 min old" in " ".join(system.warnings)


def test_a_status_is_not_fresh_because_it_says_so() -> None:
    def boasting(url: str) -> Files:
        files = bikes_at(url, age_s=2 * 3600)
        feed = json.loads(files["station_status.json"])
        return files | {"station_status.json": json.dumps(feed | {"ttl": 10**9}).encode()}

    with served(boasting) as url:
        system = read_gbfs(f"{url}/gbfs.json")
    assert {one.bikes for one in system.stations} == {None}


HUGE = 10**400  # JSON has it, no float does


@pytest.mark.parametrize("where", ["ttl", "last_updated", "last_reported", "bikes", "docks"])
def test_numbers_beyond_measure_are_unknown(where: str) -> None:
    def files(url: str) -> Files:
        both = {name: json.loads(content) for name, content in version_2(url).items()}
        status, places = both["station_status"], both["station_information"]
        if where in {"ttl", "last_updated"}:
            status[where] = HUGE
        elif where == "docks":
            places["data"]["stations"][0]["capacity"] = HUGE
        else:
            name = {"bikes": "num_bikes_available"}.get(where, where)
            status["data"]["stations"][0][name] = HUGE
        return {name: json.dumps(feed).encode() for name, feed in both.items()}

    with served(files) as url:
        system = read_gbfs(f"{url}/gbfs.json")
    (first,) = (one for one in system.stations if one.id == "a")
    assert first.docks == (None if where == "docks" else 10)
    assert first.bikes == (4 if where in {"ttl", "docks"} else None)


def test_names_that_cannot_be_written_are_written_otherwise() -> None:
    def files(url: str) -> Files:
        both = version_2(url)
        feed = json.loads(both["station_information"])
        feed["data"]["stations"][0]["name"] = "\ud800" + "A" * 10_000
        feed["data"]["stations"][1]["station_id"] = None
        return both | {"station_information": json.dumps(feed).encode()}

    with served(files) as url:
        assert run(["data", "build", "--gbfs", f"{url}/gbfs.json"]) == 0
    stations = load_bike_stations()
    assert [one.id for one in stations] == ["a", "d", "e"]
    assert stations[0].name == "?" + "A" * 199
    assert run(["data", "reset", "bikes"]) == 0


def version_2(url: str) -> Files:
    """A system of GBFS 2.3, as city bikes have it."""
    now = int(time.time())

    def feed(data: object) -> bytes:
        return json.dumps({"last_updated": now, "ttl": 10, "version": "2.3", "data": data}).encode()

    names = ("system_information", "station_information", "station_status")
    listed = [{"name": name, "url": f"{url}/{name}"} for name in names]
    where = {"lat": 60.17, "lon": 24.76}
    return {
        "gbfs.json": feed({"en": {"feeds": listed}}),
        "system_information": feed({"name": "Bikes", "license_url": "https://example.org/l"}),
        "station_information": feed(
            {
                "stations": [
                    {"station_id": "a", "name": "A", **where, "capacity": 10},
                    {"station_id": "b", "name": "B", **where},
                    {"station_id": "c", "name": "C", **where, "capacity": 10},
                    {"station_id": "d", "name": "D", **where, "capacity": 10},
                    {"station_id": "e", "name": "E", **where, "capacity": 10},
                    {"station_id": "f", "name": "F", "lat": 0, "lon": 0},
                    {"station_id": "g", "lat": 60.1, "lon": 24.7},
                    "rubbish",
                ]
            }
        ),
        "station_status": feed(
            {
                "stations": [
                    {"station_id": "a", "num_bikes_available": 4, "last_reported": now},
                    {
                        "station_id": "b",
                        "num_bikes_available": 4,
                        "num_docks_available": 3,
                        "last_reported": now,
                    },
                    {
                        "station_id": "c",
                        "num_bikes_available": 4,
                        "is_installed": 0,
                        "last_reported": now,
                    },
                    {
                        "station_id": "d",
                        "num_bikes_available": 4,
                        "is_renting": False,
                        "last_reported": now,
                    },
                    {"station_id": "e", "num_bikes_available": 4, "last_reported": now - 9e5},
                ]
            }
        ),
    }


def test_what_each_station_says_is_understood() -> None:
    with served(version_2) as url:
        system = read_gbfs(f"{url}/gbfs.json")
    assert {one.id: (one.docks, one.bikes) for one in system.stations} == {
        "a": (10, 4),
        "b": (7, 4),
        "d": (10, 0),
        "e": (10, None),
    }
    said = " ".join(system.warnings)
    assert "1 stations that are not in place" in said
    assert "3 stations without id, name or place" in said
    assert "1 stations without fresh status" in said
    assert (system.name, system.licence) == ("Bikes", "https://example.org/l")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"gbfs.json": b"<html>"}, "not JSON"),
        ({"gbfs.json": b"[]"}, "no GBFS feed"),
        ({"gbfs.json": b'{"data": {}}'}, "it lists no feeds"),
        ({"gbfs.json": b'{"data": {"feeds": []}}'}, "it has no station_information"),
        ({"gbfs.json": None}, "cannot be fetched"),
        ({"station_information": None}, "cannot be fetched"),
        ({"station_information": b'{"data": {"stations": 3}}'}, "is no list"),
        ({"station_information": b'{"data": {"stations": []}}'}, "no station that can be used"),
    ],
)
def test_a_broken_system_changes_nothing(
    broken: dict[str, bytes | None], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = load_bike_stations()

    def files(url: str) -> Files:
        both = version_2(url) | broken
        return {name: content for name, content in both.items() if content is not None}

    with served(files) as url:
        assert run(["data", "build", "--gbfs", f"{url}/gbfs.json"]) == 2
    assert reason in capsys.readouterr().err
    assert load_bike_stations() == before


@pytest.mark.parametrize("status", [None, b"oops", b'{"data": {}}', b'{"data": {"stations": 1}}'])
def test_without_status_bikes_are_unknown(status: bytes | None) -> None:
    def files(url: str) -> Files:
        both = version_2(url) | {"station_status": status}
        return {name: content for name, content in both.items() if content is not None}

    with served(files) as url:
        system = read_gbfs(f"{url}/gbfs.json")
    assert {one.bikes for one in system.stations} == {None}
    assert any("station_status" in said for said in system.warnings)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["data", "stations", "feeds", "station_id", "name", "lat", "lon", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(information=JSON, status=JSON)
def test_any_json_is_read_or_refused(tmp_path: Path, information: object, status: object) -> None:
    folder = tmp_path / "any"
    folder.mkdir(exist_ok=True)
    for name, content in (("station_information", information), ("station_status", status)):
        (folder / f"{name}.json").write_text(json.dumps({"data": {"stations": content}}))
    (folder / "system_information.json").write_text(json.dumps({"data": information}))
    with contextlib.suppress(DataError):
        read_gbfs(folder)


def test_the_validators_own_command_agrees(tmp_path: Path) -> None:
    with served(bikes_at) as url:
        done = subprocess.run(
            [
                Path(sys.executable).with_name("gbfs-validator"),
                *("--url", f"{url}/gbfs.json", "--docked", "--fail-on-error"),
                *("--print-report", "no", "--save-report", tmp_path / "report.json"),
            ],
            check=False,
            capture_output=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stdout
