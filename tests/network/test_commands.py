"""``lastmile data`` and ``lastmile isochrone`` on the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from lastmile import datasets
from lastmile.cli import run

if TYPE_CHECKING:
    from pathlib import Path

    from street_sketches import Sketch


def test_build_status_reset(
    town: Sketch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    xml = town.write(tmp_path)
    assert run(["data", "build", "--osm", str(xml)]) == 0
    out, _ = capsys.readouterr()
    assert "sketch.osm is in force" in out
    assert run(["data", "status", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    streets = next(d for d in json.loads(out)["datasets"] if d["kind"] == "streets")
    assert streets["origin"] == "user"
    assert streets["source"] == "sketch.osm"
    assert streets["problem"] is None
    assert streets["stats"]["edges"] > 10
    assert run(["data", "status"]) == 0
    assert "built by you" in capsys.readouterr().out
    assert run(["data", "reset", "streets"]) == 0
    assert "back to the bundled data" in capsys.readouterr().out
    assert run(["data", "reset", "streets"]) == 0
    assert "the bundled data are in force" in capsys.readouterr().out
    assert datasets.active("streets") is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say what to build from"),
        (["--osm", "nowhere.osm"], "nowhere.osm: cannot be read"),
        (["--bbox", "1,2,3"], "not four numbers"),
        (["--bbox", "a,b,c,d"], "not four numbers"),
        (["--bbox", "25,60,24,61"], "not a box"),
        (["--osm", "x.osm", "--place", "Espoo"], "not several"),
    ],
)
def test_a_build_that_cannot_be(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["data", "build", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert datasets.active("streets") is None


def test_a_timetable_is_built_by_the_timetable_room(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["data", "build", "--gtfs", str(tmp_path / "nowhere.zip")]) == 2
    assert "nowhere.zip" in capsys.readouterr().err


def test_killed_half_way_the_old_streets_stay_in_force(town: Sketch, tmp_path: Path) -> None:
    xml = town.write(tmp_path)
    assert run(["data", "build", "--osm", str(xml)]) == 0
    before = datasets.active("streets")
    assert before is not None
    script = (
        "import sys, time\n"
        "from lastmile.network.sources import build_streets, read_osm\n"
        "def slow():\n"
        "    network = read_osm(sys.argv[1])\n"
        "    save = network.save\n"
        "    def half(path):\n"
        "        path.write_bytes(b'half a network')\n"
        "        print('half-way', flush=True)\n"
        "        time.sleep(60)\n"
        "    network.save = half\n"
        "    return network\n"
        "build_streets(slow)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(xml)], stdout=subprocess.PIPE, text=True, env=os.environ
    ) as build:
        assert build.stdout is not None
        assert build.stdout.readline().strip() == "half-way"
        build.send_signal(signal.SIGKILL)
    after = datasets.active("streets")
    assert after == before
    assert after.verified_path("streets.npz").is_file()
    time.sleep(0.01)
    assert run(["data", "build", "--osm", str(xml)]) == 0
    leftovers = [p.name for p in before.folder.parent.iterdir() if p.name.startswith(".building")]
    assert leftovers == []


def test_isochrones_of_a_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "areas.geojson"
    arguments = ["isochrone", "Haltia", "--minutes", "10,5", "--geojson", str(file)]
    assert run(arguments) == 0
    out, _ = capsys.readouterr()
    assert "10 min" in out
    assert run([*arguments, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert json.loads(file.read_text(encoding="utf-8")) == printed
    assert [f["properties"]["minutes"] for f in printed["features"]] == [5, 10]
    areas = [f["properties"]["area_km2"] for f in printed["features"]]
    assert 0 < areas[0] < areas[1]
    assert "OpenStreetMap" in printed["attribution"]
    assert printed["mode"] == "walk"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Haltia", "--minutes", "five"], "not a list of minutes"),
        (["Haltia", "--minutes", "-5"], "not a list of minutes"),
        (["Haltia", "--minutes", "nan"], "not a list of minutes"),
        (["Haltia", "--mode", "boat"], "boat"),
        (["Xanadu"], "Xanadu"),
        (["61.9,29.0"], "no street for mode walk"),
        (["Haltia", "--geojson", "/nowhere/at/all.geojson"], "cannot be written"),
    ],
)
def test_isochrones_that_cannot_be(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["isochrone", *arguments]) == 2
    _, err = capsys.readouterr()
    assert message in err
    assert len(err.strip().splitlines()) == 1
