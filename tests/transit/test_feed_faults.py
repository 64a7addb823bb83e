"""What is wrong with a feed is said with file and line, or left out and counted."""

from __future__ import annotations

import os
import tracemalloc
import zipfile
from typing import TYPE_CHECKING

import pytest
from sound_feed import SOUND, zip_of

from lastmile.errors import DataError
from lastmile.transit.archive import Limits
from lastmile.transit.feed import load_feed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    FeedWith = Callable[..., Path]

CALLS = SOUND["stop_times"]
PACKED = {f"{name}.txt": text.encode() for name, text in SOUND.items()}


def warnings_of(folder: Path) -> list[str]:
    return [str(warning) for warning in load_feed(folder).warnings]


def test_a_sound_feed_has_no_warnings(feed_with: FeedWith) -> None:
    feed = load_feed(feed_with())
    assert feed.warnings == ()
    assert feed.stops["stop_name"].to_list() == ["Kamppi", "Tapiola (M)", "Haltia, Nuuksio"]
    assert feed.stops["wheelchair_boarding"].to_list() == [1, 2, 0]  # K1 as its station


@pytest.mark.parametrize("table", ["stops", "routes", "trips", "stop_times", "calendar"])
def test_a_missing_file_is_named(feed_with: FeedWith, table: str) -> None:
    with pytest.raises(DataError, match=rf"{table}\.txt missing"):
        load_feed(feed_with(**{table: None}))


@pytest.mark.parametrize(
    ("table", "text", "message"),
    [
        ("stops", "stop_id,stop_name\nK1,Kamppi\n", r"stops\.txt, line 1.*stop_lat, stop_lon"),
        ("stop_times", "trip_id\nt1\n", r"stop_times\.txt, line 1.*stop_id"),
        ("routes", "", r"routes\.txt, line 1: the file has no heading"),
        ("trips", "route_id,service_id,trip_id\n", r"trips\.txt, line 1: no row below"),
        ("trips", "route_id,service_id,trip_id\nX,W,t1\n", r"trips\.txt, line 2: no trip has both"),
        ("routes", "route_id,route_id,route_type\nR1,R1,3\n", r"line 1.*route_id is there twice"),
        ("stops", SOUND["stops"].replace("60.", "x."), r"stops\.txt, line 2: no stop with coord"),
        ("agency", SOUND["agency"].replace("Europe", "Mars"), r"agency\.txt, line 2: 'Mars/"),
        ("stop_times", CALLS.replace(":", "."), r"stop_times\.txt, line 2: no trip .*malformed"),
        (
            "calendar",
            SOUND["calendar"].replace("20261231", "20251231"),
            r"calendar\.txt, line 1: no usa",
        ),
        ("routes", 'route_id,route_type\nR1,"3\nR2,3\n', r"routes\.txt, line 2: not a CSV record"),
    ],
)
def test_an_unusable_file_is_named_with_its_line(
    feed_with: FeedWith, table: str, text: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load_feed(feed_with(**{table: text}))


def test_text_that_is_not_utf8_is_named_with_its_line(feed_with: FeedWith) -> None:
    latin = SOUND["stops"].replace("Kamppi", "Hämeenlinna").encode("latin-1")
    with pytest.raises(DataError, match=r"stops\.txt, line 2: not UTF-8 text \(byte 0xe4\)"):
        load_feed(feed_with(stops=latin))


def test_a_byte_order_mark_and_windows_line_ends_are_read(feed_with: FeedWith) -> None:
    text = b"\xef\xbb\xbf" + SOUND["stops"].replace("\n", "\r\n").encode()
    assert load_feed(feed_with(stops=text)).warnings == ()


def test_spaces_around_names_and_values_are_read(feed_with: FeedWith) -> None:
    spaced = SOUND["trips"].replace(",", " , ")
    assert load_feed(feed_with(trips=spaced)).warnings == ()


def test_a_stop_called_na_is_a_stop(feed_with: FeedWith) -> None:
    feed = load_feed(
        feed_with(
            stops=SOUND["stops"].replace("Kamppi", "NA").replace("T1,", "NaN,"),
            stop_times=CALLS.replace("T1,", "NaN,"),
        )
    )
    assert feed.stops["stop_id"].to_list() == ["K1", "NaN", "N1"]
    assert feed.stops["stop_name"].to_list()[0] == "NA"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"stops": SOUND["stops"] + "X1,,Nowhere,,,A,0,,,\nX2,,Null,0,0,A,0,,,\n"},
            (
                "stops.txt: 2 stops without coordinates on this earth, left out with calls"
                " (the first on line 6)"
            ),
        ),
        (
            {"stops": SOUND["stops"] + "K1,,Again,60,24,A,0,,,\n"},
            "stops.txt: 1 stops whose stop_id was there before, left out (line 6)",
        ),
        (
            {"stops": SOUND["stops"] + "X1,,Lost child,60,24,A,0,Q,,\n"},
            "stops.txt: 1 stops whose parent_station is unknown, read as standing alone (line 6)",
        ),
        (
            {"stops": SOUND["stops"] + "X1,,Short row\n\n"},
            "stops.txt: 1 rows with more or fewer fields than the heading, left out (line 6)",
        ),
        (
            {"trips": SOUND["trips"] + "R9,W,t9,Nowhere,0\n"},
            "trips.txt: 1 trips of a route that routes.txt does not have, left out (line 4)",
        ),
        (
            {"trips": SOUND["trips"] + "R1,Q,t9,Nowhere,0\n"},
            "trips.txt: 1 trips of a service that no calendar has, left out (line 4)",
        ),
        (
            {"trips": SOUND["trips"] + "R1,W,t9,Nowhere,0\n"},
            "trips.txt: 1 trips without calls, left out",
        ),
        (
            {"stop_times": CALLS + "t9,10:00:00,10:00:00,K1,1\n"},
            "stop_times.txt: 1 calls of trips that were not read, left out (line 8)",
        ),
        (
            {"stop_times": CALLS + "t1,10:00:00,10:00:00,Q,4\n"},
            "stop_times.txt: 1 calls at stops that stops.txt does not have, left out (line 8)",
        ),
        (
            {"stop_times": CALLS + "t1,08:55:00,08:55:00,K1,3\n"},
            (
                "stop_times.txt: 1 calls whose stop_sequence was there before in the trip, left out"
                " (line 8)"
            ),
        ),
        (
            {"stop_times": CALLS.replace("09:20:00,09:21:00", "08:59:00,08:59:30")},
            "stop_times.txt: 1 trips whose times run backwards or beyond a week, left out (line 6)",
        ),
        (
            {"stop_times": CALLS.replace("09:20:00,09:21:00", "09:21:00,09:20:00")},
            "stop_times.txt: 1 trips whose times run backwards or beyond a week, left out (line 6)",
        ),
        (
            {"stop_times": CALLS.replace("09:20:00,09:21:00", "9h20,09:21:00")},
            "stop_times.txt: 1 trips with a malformed time, left out (line 6)",
        ),
        (
            {"stop_times": CALLS.replace("09:50:00,09:50:00", ",")},
            "stop_times.txt: 1 trips without a time at their first or last stop, left out (line 7)",
        ),
        (
            {
                "trips": SOUND["trips"] + "R1,W,t3,One,0\n",
                "stop_times": CALLS + "t3,10:00:00,10:00:00,K1,1\n",
            },
            "stop_times.txt: 1 trips with fewer than two calls, left out (line 8)",
        ),
        (
            {"calendar": SOUND["calendar"] + "V,1,1,1,1,1,0,0,20260231,20261231\n"},
            "calendar.txt: 1 services with impossible dates or weekday marks, left out (line 3)",
        ),
        (
            {"frequencies": "trip_id,start_time,end_time,headway_secs\nt1,08:00:00,09:00:00,0\n"},
            (
                "frequencies.txt: 1 headways of an unknown trip, or without sense in their times,"
                " left out (line 2)"
            ),
        ),
        (
            {"transfers": "from_stop_id,to_stop_id,transfer_type\nK1,Q,2\n"},
            "transfers.txt: 1 transfer rules between unknown stops, left out (line 2)",
        ),
        (
            {"agency": None},
            "agency.txt: 1 file missing, times read as Europe/Helsinki",
        ),
    ],
)
def test_spoilt_rows_are_left_out_and_counted(
    feed_with: FeedWith, changes: dict[str, str], message: str
) -> None:
    assert warnings_of(feed_with(**changes)) == [message]


def test_lines_are_right_behind_quoted_line_breaks_and_blank_lines(feed_with: FeedWith) -> None:
    text = SOUND["stops"].replace('"Haltia, Nuuksio"', '"Haltia,\nNuuksio"')
    assert warnings_of(feed_with(stops=text + "\n\nX1,,Nowhere,,,A,0,,,\n")) == [
        "stops.txt: 1 stops without coordinates on this earth, left out with calls (line 9)"
    ]


def test_a_call_without_coordinates_is_passed_and_the_trip_goes_on(feed_with: FeedWith) -> None:
    feed = load_feed(feed_with(stops=SOUND["stops"].replace("60.1755,24.8040", ",")))
    assert len(feed.trips) == 2
    assert feed.stop_times.offset.tolist() == [0, 2, 4]


# --- zip files ----------------------------------------------------------------------------------


def test_a_zip_is_read_at_its_top_or_in_one_folder(tmp_path: Path) -> None:
    top = load_feed(zip_of(PACKED, tmp_path / "top.zip"))
    inner = load_feed(zip_of({f"gtfs/{n}": d for n, d in PACKED.items()}, tmp_path / "in.zip"))
    assert top.digest == inner.digest
    assert len(top.trips) == 2


@pytest.mark.parametrize("name", ["../stops.txt", "/stops.txt", "a/../../x.txt", "C:\\stops.txt"])
def test_a_name_that_points_out_of_the_zip_is_refused(tmp_path: Path, name: str) -> None:
    path = zip_of({**PACKED, name: b"stop_id\n"}, tmp_path / "feed.zip")
    with pytest.raises(DataError, match="points out of it"):
        load_feed(path)


def test_a_zip_bomb_is_refused_without_unpacking_it(tmp_path: Path) -> None:
    bomb = b"trip_id,arrival_time\n" + b"0" * 200_000_000
    path = zip_of({**PACKED, "stop_times.txt": bomb}, tmp_path / "feed.zip")
    del bomb
    assert path.stat().st_size < 1_000_000
    tracemalloc.start()
    with pytest.raises(DataError, match="200 times its packed size"):
        load_feed(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000_000


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path: Path) -> None:
    path = zip_of({**PACKED, "stop_times.txt": b"0" * 30_000_000}, tmp_path / "feed.zip")
    data = path.read_bytes().replace((30_000_000).to_bytes(4, "little"), b"\x10\0\0\0")
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"feed\.zip"):
        load_feed(path)


def test_more_than_the_limit_unpacked_is_refused(tmp_path: Path, feed_with: FeedWith) -> None:
    path = zip_of(PACKED, tmp_path / "feed.zip")
    for source in (path, feed_with()):
        with pytest.raises(DataError, match="larger than"):
            load_feed(source, limits=Limits(unpacked_bytes=500))


def test_too_many_files_in_a_zip_are_refused(tmp_path: Path) -> None:
    path = zip_of({f"{n}.txt": b"" for n in range(2500)}, tmp_path / "feed.zip")
    with pytest.raises(DataError, match="2500 files in the zip, more than the 2000 allowed"):
        load_feed(path)


def test_two_feeds_in_one_zip_are_refused(tmp_path: Path) -> None:
    files = {f"{folder}/{n}": d for folder in ("a", "b") for n, d in PACKED.items()}
    with pytest.raises(DataError, match=r"several feeds in one zip \(a, b\)"):
        load_feed(zip_of(files, tmp_path / "feed.zip"))


@pytest.mark.parametrize("cut", [10, 200, 700])
def test_a_torn_zip_is_refused(tmp_path: Path, cut: int) -> None:
    path = zip_of(PACKED, tmp_path / "feed.zip")
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(DataError, match=r"feed\.zip"):
        load_feed(path)


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    path = zip_of(PACKED, tmp_path / "feed.zip")
    data = bytearray(path.read_bytes())
    data[60:90] = b"\xff" * 30
    path.write_bytes(data)
    with pytest.raises(DataError, match="not a sound zip file"):
        load_feed(path)


def test_no_feed_at_all(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("hello")
    os.mkfifo(tmp_path / "pipe")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    for source, message in [
        (tmp_path / "absent", "no such file"),
        (tmp_path / "note.txt", "not a sound zip file"),
        (tmp_path / "pipe", "neither a folder nor a file"),
        (tmp_path, "no GTFS table in it"),
        (tmp_path / "empty.zip", "no GTFS table in it"),
        ("\0", "not a usable path"),
    ]:
        with pytest.raises(DataError, match=message):
            load_feed(source)


def test_a_hundred_megabytes_of_one_stop_trips_are_counted(feed_with: FeedWith) -> None:
    count = 2_300_000
    trips = "".join(f"R1,W,x{n},,\n" for n in range(count))
    calls = "".join(f"x{n},10:00:00,10:00:00,K1,1\n" for n in range(count))
    folder = feed_with(trips=SOUND["trips"] + trips, stop_times=CALLS + calls)
    assert sum(path.stat().st_size for path in folder.iterdir()) > 100_000_000
    feed = load_feed(folder)
    assert len(feed.trips) == 2
    assert [str(warning) for warning in feed.warnings] == [
        f"stop_times.txt: {count} trips with fewer than two calls, left out (the first on line 8)"
    ]
