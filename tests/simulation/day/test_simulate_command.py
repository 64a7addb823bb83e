"""`lastmile simulate` on contradictory, empty and crowded days."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lastmile.cli import run

if TYPE_CHECKING:
    from pathlib import Path


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["simulate", *arguments]) == 2
    told = capsys.readouterr()
    assert not told.out
    assert told.err.count("\n") == 1
    return told.err


def figures(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    assert run(["simulate", *arguments, "--replications", "2", "--workers", "1", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert set(said) >= {"scenario", "seed", "replications", "kpis", "wall_s"}
    for figure in said["kpis"].values():
        assert set(figure) >= {"mean", "ci95", "unit"}
    return {name: figure["mean"] for name, figure in said["kpis"].items()}


def test_a_contradiction_is_one_line_that_names_every_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "shuttle-espoo-haltia"\n[services.shuttle]\nvehicles = 1\n'
        "[entrances.atlantis]\n",
        encoding="utf-8",
    )
    said = refused([str(path)], capsys)
    assert "services.shuttle.vehicles" in said
    assert "entrances.atlantis" in said
    assert "mine.toml" in said


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["shutle-espoo-haltia"], "did you mean shuttle-espoo-haltia"),
        (["baseline", "--set", "day.mont=5"], "did you mean day.month"),
        (["baseline", "--set", "day.month=13"], "day.month = 13"),
        (["baseline", "--set", "day.month"], "KEY=VALUE"),
        (["baseline", "--replications", "0"], "replications"),
    ],
)
def test_a_wrong_word_is_told_in_one_line(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expected in refused(arguments, capsys)


def test_an_empty_day_and_a_crowded_one_run(capsys: pytest.CaptureFixture[str]) -> None:
    empty = figures(["baseline", "--set", "day.visit_level=0"], capsys)
    assert empty["visitors"] == 0
    assert "search_s_mean" not in empty
    crowded = figures(["baseline", "--set", "day.visit_level=6"], capsys)
    assert crowded["visitors_turned_away"] > 0.3 * crowded["visitors"] > 0
