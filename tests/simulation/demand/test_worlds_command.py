"""``--uncertain``: JSON only, and what does not go with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lastmile.cli import run

if TYPE_CHECKING:
    import pytest


def test_a_comparison_in_plausible_worlds_says_what_survives(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = "compare baseline shuttle-espoo-haltia --uncertain --worlds 2 --replications 1 --json"
    assert run([*words.split(), "--workers", "1"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["worlds"] == 2
    (pilot,) = said["pilots"]
    boardings = pilot["kpis"]["parking_full_min"]
    assert 0 <= boardings["helps_share"] <= 1
    assert boardings["diff_p5"] <= boardings["diff_median"] <= boardings["diff_p95"]
    assert pilot["ranking"] == {}, "two worlds rank nothing"


def test_precision_does_not_go_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "baseline", "--uncertain", "--precision", "5%"]) == 2
    assert "--precision does not go with --uncertain" in capsys.readouterr().err
