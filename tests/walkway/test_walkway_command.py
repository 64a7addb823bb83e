"""``lastmile walkway`` as people and scripts use it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from lastmile.cli import run

if TYPE_CHECKING:
    from pathlib import Path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert run(["walkway", *arguments]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_json_holds_every_station(capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, "--json")
    assert told["claim_m"] == 1500.0
    stations = told["stations"]
    assert isinstance(stations, list)
    assert len(stations) == 11
    for station in stations:
        assert {"walk", "step_free", "bike", "entry", "services", "within_claim"} <= station.keys()
        assert station["walk"]["climb_m"] is None
        assert station["walk"]["length_m"] >= station["straight_m"] - 1.0
    assert told["warnings"]


def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["walkway"]) == 0
    out = capsys.readouterr().out
    assert "Urheilupuisto" in out
    assert "of 11 stations as the crow flies" in out


def test_signs_to_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("signs.geojson", "signs.csv", "signs.txt")]
    told = printed(
        capsys,
        "signs",
        "--budget",
        "4",
        "--json",
        *(word for pair in zip(("--geojson", "--csv", "--list"), map(str, files), strict=True)
          for word in pair),
    )  # fmt: skip
    assert isinstance(told["signs"], list)
    assert len(told["signs"]) == 4
    assert len(json.loads(files[0].read_text(encoding="utf-8"))["features"]) == 4
    assert files[1].read_text(encoding="utf-8").startswith("sign,lat,lon")
    assert "Skyltar (4)" in files[2].read_text(encoding="utf-8")


def test_links_to_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    scenario, drawn = tmp_path / "links.toml", tmp_path / "links.geojson"
    told = printed(
        capsys, "links", "--metres", "500", "--json", "--scenario", str(scenario),
        "--geojson", str(drawn),
    )  # fmt: skip
    plan = told["plan"]
    assert isinstance(plan, dict)
    assert plan["cost_m"] <= 500.0
    assert "[links.shore-1]" in scenario.read_text(encoding="utf-8")
    assert json.loads(drawn.read_text(encoding="utf-8"))["type"] == "FeatureCollection"


def test_walks(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "walk.gpx"
    told = printed(
        capsys, "walks", "--from", "Matinkylä", "--to", "Urheilupuisto", "--json",
        "--gpx", str(path),
    )  # fmt: skip
    walks = told["walks"]
    assert isinstance(walks, list)
    assert walks[0]["from"]["id"] == "metro-matinkyla"
    assert path.read_text(encoding="utf-8").startswith("<?xml")


def test_a_wished_length_lists_no_walk_far_from_it(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["walkway", "walks", "--from", "Matinkylä", "--km", "6"]
    assert run(asked) == 0
    said = capsys.readouterr().out
    lengths = [float(km) for km in re.findall(r", (\d+\.\d) km \(", said)]
    assert lengths
    assert all(3 <= km <= 9 for km in lengths)
    every = printed(capsys, "walks", "--from", "Matinkylä", "--km", "6", "--json")["walks"]
    assert isinstance(every, list)
    left_out = len(every) - len(lengths)
    assert left_out > 0
    assert f"far from 6 km long: {left_out} " in said


def test_a_day_out_says_its_date_and_what_is_not_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = "walkway walks --from Matinkylä --km 6 --home Kamppi --at 2026-11-22T10:00"
    assert run(asked.split()) == 0
    said = capsys.readouterr().out
    assert "Sunday 2026-11-22" in said
    assert "Opening hours and seasons of the services are not known" in said


def test_bikes_and_areas(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "bikes", "--json")["new_stations"]
    assert run(["walkway", "areas", "Matinkylä"]) == 0
    assert "20 min" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["signs", "--budget", "0"], "ask for 1 to 1000"),
        (["links", "--metres", "-3"], "budget"),
        (["links", "--try", "60.17,24.81"], "two ends"),
        (["links", "--try", "here there"], "no list of points"),
        (["links", "--try", "60.1730,24.8150 60.1730,24.8230"], "Otsolahti"),
        (["walks", "--from", "Haltia"], "no metro station of Espoo"),
        (["walks", "--service", "opera"], "none of the"),
        (["walks", "--km", "-2"], "not possible"),
        (["walks", "--km", "nan"], "not possible"),
        (["links", "--try", "nan,nan nan,nan"], "latitude"),
        (["links", "--metres", "nan"], "budget"),
        (["areas", "Nowhereland"], "unknown place"),
    ],
)
def test_bad_input_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(["walkway", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.count("\n") == 1
