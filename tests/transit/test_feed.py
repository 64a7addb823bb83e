"""Feeds come from folders, zips and servers, and go out again as they came."""

from __future__ import annotations

import http.server
import threading
import time
from contextlib import contextmanager
from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING

import gtfs_kit
import numpy as np
import pandas as pd
import pytest
from sound_feed import SOUND, zip_of

from lastmile import datasets
from lastmile.errors import DataError
from lastmile.transit.archive import Limits
from lastmile.transit.feed import build_timetable, load_active_feed, load_feed, write_feed
from lastmile.transit.store import load_stored_feed, save_feed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    FeedWith = Callable[..., Path]

RICH = {
    "frequencies": "trip_id,start_time,end_time,headway_secs,exact_times\n"
    "t1,10:00:00,12:00:00,600,1\n",
    "calendar_dates": "service_id,date,exception_type\nW,20260501,2\nS,20260502,1\n",
    "trips": SOUND["trips"] + "R1,S,t3,Nuuksio,1\n",
    "stop_times": SOUND["stop_times"] + "t3,24:10:00,24:10:00,N1,5\nt3,24:40:00,24:40:00,K1,9\n",
    "transfers": "from_stop_id,to_stop_id,transfer_type,min_transfer_time\nK1,T1,2,300\nK,K,2,90\n",
    "translations": "table_name,field_name,language,translation,field_value\n"
    "stops,stop_name,sv,Kampen,Kamppi\n",
    "feed_info": "feed_publisher_name,feed_publisher_url,feed_lang\nHSL,https://hsl.example,fi\n",
    "shapes": "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
    "s1,60.1688,24.9315,1\ns1,60.2880,24.6100,2\n",
}
PACKED = {f"{name}.txt": text.encode() for name, text in SOUND.items()}


# --- reading and writing ------------------------------------------------------------------------


def test_calendars_and_exceptions_say_when_services_run(feed_with: FeedWith) -> None:
    feed = load_feed(feed_with(**RICH))
    assert feed.services == ("W", "S")

    def runs(day: str) -> list[bool]:
        return feed.active_services(date.fromisoformat(day)).tolist()

    assert runs("2026-04-30") == [True, False]
    assert runs("2026-05-01") == [False, False]  # May Day, taken out
    assert runs("2026-05-02") == [False, True]  # a Saturday, added
    assert runs("2025-12-31") == [False, False]
    assert feed.span == (date(2026, 1, 1), date(2026, 12, 31))


def test_a_rule_for_a_station_holds_at_its_stops_unless_they_have_their_own(
    feed_with: FeedWith,
) -> None:
    rules = load_feed(feed_with(**RICH)).transfers
    by_pair = {
        (a, b): s
        for a, b, s in zip(
            rules["from_stop"], rules["to_stop"], rules["min_transfer_time_s"], strict=True
        )
    }
    assert by_pair == {(0, 1): 300.0, (0, 0): 90.0}


def test_names_are_translated_where_the_feed_does(feed_with: FeedWith) -> None:
    feed = load_feed(feed_with(**RICH))
    assert feed.translate("stops", "stop_name", "Kamppi", "sv") == "Kampen"
    assert feed.translate("stops", "stop_name", "Kamppi", "en") == "Kamppi"


def test_times_left_open_are_interpolated_by_distance(feed_with: FeedWith) -> None:
    calls = SOUND["stop_times"].replace("08:20:00,08:21:00", ",")
    feed = load_feed(feed_with(stop_times=calls))
    stops = np.radians(feed.stops[["stop_lat", "stop_lon"]].to_numpy())
    legs = np.hypot(np.diff(stops[:, 0]), np.diff(stops[:, 1]) * np.cos(stops[1:, 0]))
    expected = 8 * 3600 + 50 * 60 * legs[0] / legs.sum()
    assert feed.stop_times.arrival_s[1] == pytest.approx(expected, abs=1)
    assert feed.stop_times.departure_s[1] == feed.stop_times.arrival_s[1]
    assert feed.stop_times.is_timepoint.tolist() == [True, False, True, True, True, True]


@pytest.mark.parametrize("name", ["out.zip", "out"])
def test_what_is_written_reads_the_same(feed_with: FeedWith, tmp_path: Path, name: str) -> None:
    feed = load_feed(feed_with(**RICH))
    again = load_feed(write_feed(feed, tmp_path / name))
    assert again.warnings == ()
    for table in ("stops", "stations", "routes", "trips", "calendar", "calendar_dates"):
        assert getattr(again, table).equals(getattr(feed, table)), table
    for table in ("frequencies", "transfers", "translations", "feed_info", "agency"):
        mine, theirs = getattr(feed, table), getattr(again, table)
        assert theirs.to_dict("list") == mine.to_dict("list"), table
    for column in ("offset", "stop", "arrival_s", "departure_s", "pickup_type", "headsign"):
        assert np.array_equal(getattr(feed.stop_times, column), getattr(again.stop_times, column))


def test_the_same_feed_gives_the_same_bytes(feed_with: FeedWith, tmp_path: Path) -> None:
    feed = load_feed(feed_with(**RICH))
    first = write_feed(feed, tmp_path / "a.zip").read_bytes()
    assert write_feed(feed, tmp_path / "b.zip").read_bytes() == first


def test_another_reader_reads_what_is_written(feed_with: FeedWith, tmp_path: Path) -> None:
    path = write_feed(load_feed(feed_with(**RICH)), tmp_path / "out.zip")
    theirs = gtfs_kit.read_feed(path, dist_units="m")
    assert sorted(theirs.trips["trip_id"]) == ["t1", "t2", "t3"]
    assert theirs.get_dates()[0] == "20260101"
    assert theirs.stop_times["departure_time"].iloc[1] == "08:21:00"


def test_nothing_half_written_is_left_behind(feed_with: FeedWith, tmp_path: Path) -> None:
    feed = load_feed(feed_with())
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("precious")
    with pytest.raises(DataError, match="cannot be written"):
        write_feed(feed, taken)
    with pytest.raises(DataError, match="cannot be written"):
        write_feed(feed, tmp_path / "absent" / "out.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feed", "taken"]
    assert [path.name for path in taken.iterdir()] == ["mine.txt"]


# --- from a server ------------------------------------------------------------------------------


@contextmanager
def served(content: bytes, *, pace_s: float = 0.0, announce: int | None = None) -> Iterator[str]:
    """Serve some bytes over HTTP on this machine; ``pace_s`` waits before every kilobyte."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/absent.zip":
                self.send_error(404)
                return
            if self.path == "/elsewhere.zip":
                self.send_response(302)
                self.send_header("Location", "file:///etc/hostname")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Length", str(announce or len(content)))
            self.end_headers()
            try:
                for start in range(0, len(content), 1024):
                    time.sleep(pace_s)
                    self.wfile.write(content[start : start + 1024])
            except (BrokenPipeError, ConnectionResetError):
                pass

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def packed(tmp_path: Path) -> bytes:
    return zip_of(PACKED, tmp_path / "packed.zip").read_bytes()


def test_a_feed_is_read_from_a_server(packed: bytes) -> None:
    told: list[str] = []
    with served(packed) as address:
        feed = load_feed(f"{address}/feed.zip", progress=told.append)
    assert len(feed.trips) == 2
    assert told[0] == f"downloading {address}/feed.zip"


def test_a_download_beyond_the_limit_is_broken_off(packed: bytes) -> None:
    limits = Limits(download_bytes=1000)
    with served(packed) as address, pytest.raises(DataError, match="larger than"):
        load_feed(f"{address}/feed.zip", limits=limits)


def test_a_server_that_trickles_is_given_up(packed: bytes) -> None:
    limits = Limits(download_s=0.3)
    with served(packed * 40, pace_s=0.05) as address, pytest.raises(DataError, match=r"0\.3 s"):
        load_feed(f"{address}/feed.zip", limits=limits)


def test_a_broken_connection_is_said(packed: bytes) -> None:
    with (
        served(packed, announce=len(packed) + 10) as address,
        pytest.raises(DataError, match=r"the connection broke|cannot be fetched"),
    ):
        load_feed(f"{address}/feed.zip")


@pytest.mark.parametrize("path", ["absent.zip", "elsewhere.zip"])
def test_an_address_without_a_feed(packed: bytes, path: str) -> None:
    with served(packed) as address, pytest.raises(DataError, match="cannot be fetched"):
        load_feed(f"{address}/{path}")


def test_a_page_instead_of_a_feed() -> None:
    with served(b"<html>Sign in</html>") as address, pytest.raises(DataError, match="zip file"):
        load_feed(f"{address}/feed.zip")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("file:///etc/hostname", "only http:// and https://"),
        ("ftp://127.0.0.1/feed.zip", "only http:// and https://"),
        ("http://127.0.0.1:9/feed.zip", "cannot be fetched"),
        ("http:///feed.zip", "cannot be fetched"),
        ("http://[::1/feed.zip", "not an address|cannot be fetched"),
    ],
)
def test_addresses_that_are_none(address: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_feed(address)


# --- in force -----------------------------------------------------------------------------------


def test_a_built_timetable_takes_the_place_of_the_bundled_one(feed_with: FeedWith) -> None:
    bundled = load_active_feed()
    assert len(bundled.trips) > 1000
    dataset = build_timetable(feed_with(**RICH))
    assert dataset.manifest.stats["trips"] == 3
    assert dataset.manifest.title == "Timetable of HSL"
    assert load_active_feed().trips["trip_id"].to_list() == ["t1", "t2", "t3"]
    datasets.remove("timetable")
    assert load_active_feed().digest == bundled.digest


def test_a_stored_feed_loads_as_it_was(feed_with: FeedWith, tmp_path: Path) -> None:
    feed = load_feed(feed_with(**RICH, stops=SOUND["stops"] + "X1,,Nowhere,,,A,0,,,\n"))
    folder = tmp_path / "stored"
    folder.mkdir()
    save_feed(feed, folder)
    again = load_stored_feed(folder.joinpath)
    for part in fields(feed):
        mine, theirs = getattr(feed, part.name), getattr(again, part.name)
        if isinstance(mine, pd.DataFrame):
            pd.testing.assert_frame_equal(theirs, mine)
        elif part.name in {"stop_times", "shapes"}:
            for array in fields(mine):
                assert (
                    np.array_equal(
                        getattr(mine, array.name), getattr(theirs, array.name), equal_nan=False
                    )
                    or np.isnan(getattr(mine, array.name)).all()
                )
        else:
            assert theirs == mine, part.name


@pytest.mark.parametrize("name", ["feed.json", "stops.arrow", "stop_times.arrival_s.npy"])
def test_a_damaged_stored_feed_is_said(feed_with: FeedWith, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "stored"
    folder.mkdir()
    save_feed(load_feed(feed_with()), folder)
    (folder / name).write_bytes(b"\x80 no such thing")
    with pytest.raises(DataError, match="build --gtfs again"):
        load_stored_feed(folder.joinpath)


def test_a_feed_that_cannot_be_used_leaves_what_was_in_force(feed_with: FeedWith) -> None:
    before = load_active_feed().digest
    with pytest.raises(DataError):
        build_timetable(feed_with(trips=None))
    assert load_active_feed().digest == before
