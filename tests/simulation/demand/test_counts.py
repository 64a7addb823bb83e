"""Counter gaps, kinds of day, and the arrivals behind a profile of passings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from lastmile.errors import DataError
from simulation.counts import (
    HOURS,
    arrivals_behind,
    earth_movers_h,
    fill_gaps,
    leaving_matrix,
    passings,
    split_month,
)
from simulation.demand import weekday_calendar


def test_a_gap_in_a_multiplicative_table_is_filled_exactly() -> None:
    truth = np.outer([2000.0, 300.0, 50.0], [1.0, 2.0, 5.0, 3.0])
    torn = truth.copy()
    torn[0, 1] = torn[2, 3] = np.nan
    assert fill_gaps(torn) == pytest.approx(truth, rel=1e-6)


def test_sound_counts_are_never_touched() -> None:
    counts = np.array([[10.0, np.nan, 70.0], [4.0, 9.0, 11.0]])
    known = np.isfinite(counts)
    assert (fill_gaps(counts)[known] == counts[known]).all()


def test_a_counter_without_any_count_cannot_be_filled() -> None:
    with pytest.raises(DataError, match="no sound count"):
        fill_gaps(np.array([[np.nan, np.nan], [3.0, 4.0]]))


@given(
    arrays(float, (2, 12), elements=st.floats(0, 1e5)),
    arrays(float, (12, 3), elements=st.floats(0.1, 9)),
    st.integers(1990, 2100),
)
def test_the_days_of_a_month_sum_to_its_total(
    total: np.ndarray, ratios: np.ndarray, year: int
) -> None:
    days = weekday_calendar(year)
    assert (split_month(total, ratios, days) * days).sum(axis=2) == pytest.approx(total)


def test_the_calendar_of_2015() -> None:
    # 2015-01-01 was a Thursday; the year had 52 weeks and one more Thursday.
    days = weekday_calendar(2015)
    assert days.sum(axis=0).tolist() == [261, 52, 52]
    assert days[1].tolist() == [20, 4, 4]
    assert weekday_calendar(2016).sum() == 366


def test_everybody_leaves_once() -> None:
    leaving = leaving_matrix(stats.gamma.sf(np.arange(HOURS + 1), 4, scale=3.3 / 4))
    assert leaving.sum(axis=0) == pytest.approx(1)
    assert np.tril(leaving).sum() == pytest.approx(leaving.sum()), "nobody leaves before arriving"


def test_stays_of_exactly_three_hours_leave_three_hours_later() -> None:
    survival = (np.arange(HOURS + 1) < 3).astype(float)
    survival[3] = 0.0
    leaving = leaving_matrix(survival)
    mean_later = (leaving[:, 8] * (np.arange(HOURS) - 8)).sum()
    assert mean_later == pytest.approx(3.0, abs=0.51)


@pytest.mark.parametrize("both_ways", [0.0, 0.5, 1.0])
def test_arrivals_are_found_again_behind_their_own_passings(both_ways: float) -> None:
    leaving = leaving_matrix(stats.gamma.sf(np.arange(HOURS + 1), 5, scale=3.3 / 5))
    hours = np.arange(HOURS)
    arrivals = stats.norm.pdf(hours, 12, 2.5)
    arrivals /= arrivals.sum()
    profile = passings(arrivals, leaving, both_ways)
    found = arrivals_behind(profile, leaving, both_ways)
    assert found.sum() == pytest.approx(1)
    assert (found >= 0).all()
    assert earth_movers_h(found, arrivals) < 0.3
    assert earth_movers_h(passings(found, leaving, both_ways), profile) < 0.1


def test_arrivals_need_passings() -> None:
    with pytest.raises(DataError, match="no passings"):
        arrivals_behind(np.zeros(HOURS), np.eye(HOURS), 0.5)


@given(
    arrays(float, HOURS, elements=st.floats(0.01, 10)),
    arrays(float, HOURS, elements=st.floats(0.01, 10)),
)
def test_earth_movers_distance_agrees_with_scipy(first: np.ndarray, second: np.ndarray) -> None:
    hours = np.arange(HOURS)
    expected = stats.wasserstein_distance(hours, hours, first, second)
    assert earth_movers_h(first, second) == pytest.approx(expected, abs=1e-9)
