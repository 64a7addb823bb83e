"""The scenarios in ``scenarios/``: a timetable, a question, the answer a person would give."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenario_text import Scenario, scenarios_in

SCENARIOS = scenarios_in(Path(__file__).parent / "scenarios")


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    assert len({scenario.title for scenario in SCENARIOS}) == len(SCENARIOS) >= 40


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_scenario(scenario: Scenario, tmp_path: Path) -> None:
    expected = [text.removeprefix("no service until ") for text in scenario.answer]
    answer = scenario.answered(tmp_path)
    if scenario.answer[0].startswith("no service"):
        answer = [text[-10:] for text in answer]
    assert answer == expected
