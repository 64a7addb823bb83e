"""``lastmile plan`` as a person or a script runs it, on the bundled data."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import gpxpy
import pytest

from lastmile.cli import run

if TYPE_CHECKING:
    from pathlib import Path

WEEKDAY = "2026-05-13"
EVERYDAY_PAIRS = [
    ("Kamppi", "Haltia"),
    ("Espoo", "Haltia"),
    ("Leppävaara", "Haltia"),
    ("Matinkylä", "Haukkalampi"),
    ("Kamppi", "Matinkylä"),
    ("Tapiola", "Kivenlahti"),
    ("Rautatientori", "Espoonlahti"),
    ("Espoo", "Siikaniemi"),
    ("Helsinki", "Leppävaara"),
    ("Kauklahti", "Kamppi"),
]


def plan(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert run(["plan", *words, "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    answer: dict[str, Any] = json.loads(captured.out)
    return answer


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(["plan", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def minutes(itinerary: dict[str, Any]) -> float:
    return float(itinerary["duration_s"]) / 60


def test_kamppi_to_haltia_takes_about_an_hour_by_public_transport(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = plan(capsys, "Kamppi", "Haltia", "--at", f"{WEEKDAY}T09:00", "--modes", "transit")
    quickest = min(answer["itineraries"], key=minutes)
    assert 50 <= minutes(quickest) <= 75
    ridden = [leg for leg in quickest["legs"] if leg["mode"] == "transit"]
    assert ridden[-1]["route"] in {"245", "245A"}
    assert quickest["tickets"] == ["ABC"]
    assert any("representative" in note for note in answer["notes"])


def test_kamppi_to_haltia_by_car_and_bike(capsys: pytest.CaptureFixture[str]) -> None:
    answer = plan(capsys, "Kamppi", "Haltia", "--at", f"{WEEKDAY}T09:00", "--modes", "car,bike")
    by_mode = {leg["mode"]: way for way in answer["itineraries"] for leg in way["legs"]}
    assert 25 <= minutes(by_mode["car"]) <= 50
    assert 80 <= minutes(by_mode["bike"]) <= 140
    car_park = next(leg for leg in by_mode["car"]["legs"] if leg["mode"] == "car")
    assert "car park" in car_park["to"]["name"].lower()
    assert by_mode["bike"]["co2_g"] == 0


@pytest.mark.parametrize(("origin", "destination"), EVERYDAY_PAIRS)
def test_everyday_trips_hang_together(
    capsys: pytest.CaptureFixture[str], origin: str, destination: str
) -> None:
    at = f"{WEEKDAY}T10:00:00+03:00"
    answer = plan(capsys, origin, destination, "--at", at, "--stay", "3h")
    assert 1 <= len(answer["itineraries"]) <= 6
    assert answer["return"]
    assert answer["request"]["at"] == at
    for way in [*answer["itineraries"], *answer["return"]]:
        legs = way["legs"]
        assert way["departure"] == legs[0]["departure"]
        assert way["arrival"] == legs[-1]["arrival"]
        times = [
            datetime.fromisoformat(leg[end]) for leg in legs for end in ("departure", "arrival")
        ]
        assert times == sorted(times)
        assert times[0] >= datetime.fromisoformat(at)
        walked = sum(leg["distance_m"] for leg in legs if leg["mode"] == "walk")
        assert way["walk_m"] == pytest.approx(walked, abs=1)
        assert {leg["mode"] for leg in legs} <= {"walk", "bike", "car", "transit", "bikeshare"}
        for leg in legs:
            assert (leg["route"] is not None) == (leg["mode"] == "transit")
            ends = leg["geometry"]["coordinates"]
            for end, (lon, lat) in ((leg["from"], ends[0]), (leg["to"], ends[-1])):
                assert lat == pytest.approx(end["lat"], abs=0.004)
                assert lon == pytest.approx(end["lon"], abs=0.008)


def test_a_stay_brings_ways_back_and_their_safety(capsys: pytest.CaptureFixture[str]) -> None:
    answer = plan(
        capsys, "Kamppi", "Haltia", "--at", f"{WEEKDAY}T12:00", "--stay", "4h",
        "--modes", "transit",
    )  # fmt: skip
    first = answer["itineraries"][0]
    stay_ends = datetime.fromisoformat(first["arrival"]).timestamp() + 4 * 3600
    for back in answer["return"]:
        assert datetime.fromisoformat(back["departure"]).timestamp() >= stay_ends
    safety = answer["way_back"]
    last = datetime.fromisoformat(safety["last_departure"])
    assert safety["slack_s"] == last.timestamp() - stay_ends
    assert {"next_service", "taxi"} <= {way["kind"] for way in safety["if_missed"]}


def test_gpx_of_an_outing_has_the_way_there_and_back(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "out.gpx"
    plan(
        capsys, "Espoo", "Haltia", "--at", f"{WEEKDAY}T10:00", "--stay", "2h",
        "--modes", "transit", "--gpx", str(path),
    )  # fmt: skip
    parsed = gpxpy.parse(path.read_text(encoding="utf-8"))
    assert [track.number for track in parsed.tracks] == [1, 2]
    assert "OpenStreetMap" in parsed.copyright_author
    assert all(len(s.points) >= 2 for track in parsed.tracks for s in track.segments)


def test_the_timeline_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "Espoo", "Haltia", "--at", f"{WEEKDAY}T10:00", "--stay", "4h"]) == 0
    text = capsys.readouterr().out
    for word in ("Haltia", "245", "Last way back", "if missed", "€", "representative"):
        assert word in text


def test_winter_has_no_bus_to_kattila_but_a_walk(capsys: pytest.CaptureFixture[str]) -> None:
    answer = plan(capsys, "Espoo", "Kattila", "--at", "2026-11-11T10:00", "--modes", "transit")
    assert answer["itineraries"][0]["walk_m"] > 2000


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("Kamppi", "Kamppi"), "same place"),
        (("Kamppi", "Nowhere at all"), "unknown place"),
        (("Kamppi", "61.5,24.0"), "m away"),
        (("Kamppi", "24.55,60.29"), "swapped"),
        (("Kamppi", "Haltia", "--at", "2026-02-30T10:00"), "day"),
        (("Kamppi", "Haltia", "--at", "soon"), "not a date and time"),
        (("Kamppi", "Haltia", "--at", "2026-03-29T03:15"), "does not exist"),
        (("Kamppi", "Haltia", "--at", "9999-12-31T23:59"), "year"),
        (("Kamppi", "Haltia", "--stay", "-4h"), "--stay"),
        (("Kamppi", "Haltia", "--stay", "soon"), "--stay"),
        (("Kamppi", "Haltia", "--stay", "400h"), "a stay of 400 h"),
        (("Kamppi", "Haltia", "--window", "100h"), "a search window of 100 h"),
        (("Kamppi", "Haltia", "--window", "0h"), "--window"),
        (("Kamppi", "Haltia", "--modes", "buss"), "unknown mode"),
        (("Kamppi", "Haltia", "--modes", ""), "mode"),
        (("Kamppi", "Haltia", "--modes", "transit", "--at", "2039-05-13T10:00"), "no later day"),
        (("Kamppi", "Haltia", "--gpx", "/nowhere/at/all.gpx"), "cannot write"),
        (("Kamppi",), "Missing argument"),
        (("Kamppi", "Haltia", "--speed", "9"), "No such option"),
    ],
)
def test_bad_input_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    assert says in refused(capsys, *words)


def test_the_installed_command_prints_json_only() -> None:
    words = ["plan", "Tapiola", "Otaniemi", "--modes", "walk", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "lastmile", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    answer = json.loads(done.stdout)
    assert answer["itineraries"][0]["legs"][0]["mode"] == "walk"
    at = datetime.fromisoformat(answer["request"]["at"])
    assert at.utcoffset() is not None
    assert at.second == 0
