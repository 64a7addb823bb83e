"""Learning settles where experience repeats expectation."""

from __future__ import annotations

import numpy as np
import pytest

from simulation.learning import (
    TOLERANCE,
    Experience,
    average,
    successive_averages,
)
from simulation.parties import Expectations


def _expecting(search_s: float) -> Expectations:
    search, nothing = np.full((1, 24), search_s), np.zeros((1, 24))
    return Expectations(search, nothing, nothing, nothing, nothing)


@pytest.mark.parametrize("slope", [0.5, -0.5, -1.5])
def test_it_finds_the_fixed_point_of_a_known_town(slope: float) -> None:
    """Search met = 300 + slope x search expected; the fixed point is 300 / (1 - slope).

    At slope -1.5 plain repetition swings wider every day; averaging still settles.
    """
    answer = 300 / (1 - slope)

    def live(expected: Expectations) -> Experience:
        met = 300 + slope * expected.search_s[0, 0]
        gap = abs(met - expected.search_s[0, 0]) / answer
        return Experience(_expecting(met), gap)

    learned = successive_averages(live, _expecting(0.0))
    assert learned.stable
    assert learned.expectations.search_s[0, 0] == pytest.approx(answer, rel=2 * TOLERANCE)


def test_nothing_to_learn_takes_one_day() -> None:
    learned = successive_averages(lambda seen: Experience(seen, 0.0), _expecting(60.0))
    assert learned.days == 1
    assert learned.expectations.search_s[0, 0] == 60


def test_it_says_when_it_did_not_settle() -> None:
    learned = successive_averages(
        lambda _: Experience(_expecting(1.0), 0.5), _expecting(0.0), most_days=7
    )
    assert learned.days == 7
    assert not learned.stable


def test_the_average_of_equal_weights_is_the_mean_of_the_days() -> None:
    seen = [120.0, 60.0, 0.0, 300.0]
    expected = _expecting(seen[0])
    for day, value in enumerate(seen[1:], start=2):
        expected = average(expected, _expecting(value), 1 / day)
    assert expected.search_s[0, 0] == pytest.approx(np.mean(seen))
    assert expected.days == 3
