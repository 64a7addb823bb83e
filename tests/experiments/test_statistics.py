"""Intervals hold what they promise: judged by theory, and by repeating experiments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from known_answers import MM3_P_WAIT, MM3_WAIT, Queue, erlang_c, mean_wait, stationary
from scipy import stats

from lastmile.errors import RequestError
from simulation.statistics import (
    Precision,
    bonferroni_critical,
    bootstrap_interval,
    estimate,
    holm,
    is_reached,
    max_t_critical,
    paired,
    probability_below,
    replications_needed,
    two_sided_p,
    variance_ratio,
    wilson_interval,
)


def queue_experiments(experiments: int, replications: int, customers: int) -> dict[str, np.ndarray]:
    """Run many experiments on M/M/3 at once: (experiments, replications) means, from equilibrium.

    The same recursion as `Queue`, a column a replication: servers' free times are kept sorted.
    """
    rng = np.random.default_rng(20_260_214)
    columns = experiments * replications
    weights = np.cumsum(stationary(3, 2.5))
    present = np.searchsorted(weights, rng.random(columns), side="right")
    free = np.where(np.arange(3) < present[:, None], rng.exponential(size=(columns, 3)), 0.0)
    free.sort(axis=1)
    for waiting in range(int((present - 3).max())):
        queued = present - 3 > waiting
        free[queued, 0] += rng.exponential(size=int(queued.sum()))
        free.sort(axis=1)
    now = np.zeros(columns)  # the first customer meets the stationary number of others
    total, waited = np.zeros(columns), np.zeros(columns)
    for _ in range(customers):
        begin = np.maximum(now, free[:, 0])
        total += begin - now
        waited += begin > now
        free[:, 0] = begin + rng.exponential(size=columns)
        now += rng.exponential(1 / 2.5, columns)
        free.sort(axis=1)
    shape = (experiments, replications)
    return {
        "wait_mean": (total / customers).reshape(shape),
        "p_wait": (waited / customers).reshape(shape),
    }


def coverage(samples: np.ndarray, truth: float) -> float:
    """Return the share of experiments whose 95 % interval holds the truth."""
    held = 0
    for sample in samples:
        interval = estimate(sample).interval
        assert interval is not None
        held += not interval.excludes(truth)
    return held / len(samples)


def test_the_known_answer_is_what_the_textbook_says() -> None:
    assert erlang_c(3, 2.5) == pytest.approx(MM3_P_WAIT, abs=1e-6)
    assert mean_wait(3, 2.5, 1.0) == pytest.approx(MM3_WAIT, abs=1e-6)


def test_the_queue_of_the_tests_is_the_queue_of_the_theory() -> None:
    outcomes = [Queue(customers=500).run(7, number) for number in range(300)]
    for figure, truth in (("wait_mean", MM3_WAIT), ("p_wait", MM3_P_WAIT)):
        found = estimate(np.array([outcome.figures[figure] for outcome in outcomes]), 0.99)
        assert found.interval is not None
        assert not found.interval.excludes(truth)


def test_intervals_hold_the_truth_in_93_to_97_of_100_experiments_in_short() -> None:
    samples = queue_experiments(200, 20, 3000)
    for figure, truth in (("wait_mean", MM3_WAIT), ("p_wait", MM3_P_WAIT)):
        held = round(200 * coverage(samples[figure], truth))
        assert stats.binomtest(held, 200, 0.95).pvalue > 0.005


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_intervals_hold_the_truth_in_93_to_97_of_100_experiments() -> None:
    samples = queue_experiments(500, 20, 10_000)
    for figure, truth in (("wait_mean", MM3_WAIT), ("p_wait", MM3_P_WAIT)):
        share = coverage(samples[figure], truth)
        print(f"95 % interval, M/M/3 {figure}: holds in {share:.1%} of 500")  # noqa: T201
        assert 0.93 <= share <= 0.97


def test_the_t_interval_agrees_with_scipy() -> None:
    values = np.random.default_rng(1).gamma(2.0, size=17)
    found = estimate(values).interval
    peer = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((peer.low, peer.high))


def test_the_bootstrap_interval_holds_a_skewed_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    held = sum(
        not bootstrap_interval(rng.exponential(size=40), seed=k).excludes(1.0) for k in range(120)
    )
    assert stats.binomtest(held, 120, 0.95).pvalue > 0.001 or held > 114


def test_pairing_takes_out_what_both_scenarios_share() -> None:
    rng = np.random.default_rng(3)
    day = rng.normal(100, 20, 200)
    base, pilot = day, day - 5 + rng.normal(0, 2, 200)
    found = paired(base, pilot)
    assert found.difference.interval is not None
    assert not found.difference.interval.excludes(-5)
    assert found.difference.interval.half_width < 0.5
    assert found.p_less > 0.999
    assert variance_ratio(base, pilot) > 100


def test_the_probability_of_being_less_is_right_as_often_as_it_says() -> None:
    """With no difference at all, it is uniform: below 5 % in 5 % of the experiments."""
    rng = np.random.default_rng(4)
    found = [probability_below(rng.normal(size=10)) for _ in range(2000)]
    assert stats.kstest(found, "uniform").pvalue > 0.001


def test_a_difference_that_never_varies_is_certain_and_none_at_all_is_a_toss() -> None:
    ten = np.full(10, 3.0)
    assert paired(ten, ten - 1).p_less == 1.0
    assert paired(ten, ten + 1).p_less == 0.0
    same = paired(ten, ten)
    assert (same.p_less, same.days_less) == (0.5, 0.5)
    assert same.difference.interval is not None
    assert same.difference.interval.half_width == 0


@given(
    arrays(np.float64, st.integers(2, 30), elements=st.floats(-1e6, 1e6)),
    arrays(np.float64, 30, elements=st.floats(-1e6, 1e6)),
)
def test_swapping_base_and_pilot_turns_everything_round(
    base: np.ndarray, other: np.ndarray
) -> None:
    pilot = other[: len(base)]
    there, back = paired(base, pilot), paired(pilot, base)
    assert there.difference.mean == pytest.approx(-back.difference.mean)
    assert there.p_less == pytest.approx(1 - back.p_less, abs=1e-9)
    assert there.days_less == pytest.approx(1 - back.days_less)


def test_holm_gives_the_worked_example_of_the_paper_s_procedure() -> None:
    """p = 0.01, 0.04, 0.03, 0.005 step down to 0.03, 0.06, 0.06, 0.02 (by hand)."""
    adjusted = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    assert adjusted == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(arrays(np.float64, st.integers(1, 20), elements=st.floats(0, 1)))
def test_holm_lies_between_the_plain_and_the_bonferroni_p_values(p: np.ndarray) -> None:
    adjusted = holm(p)
    assert np.all(adjusted >= p - 1e-12)
    assert np.all(adjusted <= np.minimum(p * len(p), 1) + 1e-12)
    assert np.array_equal(np.argsort(adjusted[np.argsort(p)], kind="stable"), np.arange(len(p)))


def test_simultaneous_intervals_all_hold_in_95_of_100_experiments() -> None:
    rng = np.random.default_rng(5)
    mix = rng.normal(size=(6, 6)) + 2 * np.eye(6)
    held = 0
    for _ in range(200):
        table = rng.normal(size=(15, 6)) @ mix
        reach = max_t_critical(table) * table.std(axis=0, ddof=1) / np.sqrt(15)
        held += bool(np.all(np.abs(table.mean(axis=0)) <= reach))
    assert stats.binomtest(held, 200, 0.95).pvalue > 0.001


def test_figures_that_move_together_cost_less_than_bonferroni() -> None:
    rng = np.random.default_rng(6)
    shared = rng.normal(size=(30, 1))
    together = max_t_critical(shared + 0.01 * rng.normal(size=(30, 10)))
    apart = max_t_critical(rng.normal(size=(30, 10)))
    single = float(stats.t.ppf(0.975, 29))
    assert single <= together < single * 1.05
    assert together < apart <= bonferroni_critical(10, 30)


def test_more_figures_than_replications_are_no_trouble() -> None:
    table = np.random.default_rng(7).normal(size=(5, 40))
    assert bonferroni_critical(1, 5) < max_t_critical(table) <= bonferroni_critical(40, 5)


def test_wilson_agrees_with_scipy() -> None:
    peer = stats.binomtest(7, 50).proportion_ci(method="wilson")
    found = wilson_interval(7, 50)
    assert (found.low, found.high) == pytest.approx((peer.low, peer.high))


def stopped(rng: np.random.Generator, precision: Precision, mean: float) -> np.ndarray:
    """Run one experiment as the sampler does: to what the last look asked for, then look again."""
    values = rng.normal(mean, 1.0, precision.first)
    while not is_reached(precision, [values], [values.mean()]):
        wanted = replications_needed(precision, [values], [values.mean()])
        if wanted <= len(values):
            break
        values = np.concatenate([values, rng.normal(mean, 1.0, wanted - len(values))])
    return values


def test_stopping_at_a_precision_keeps_the_intervals_honest() -> None:
    rng = np.random.default_rng(8)
    runs = [stopped(rng, Precision(0.05), 4.0) for _ in range(1000)]
    assert np.median([len(run) for run in runs]) > 60
    for run in runs:
        interval = estimate(run).interval
        assert interval is not None
        assert interval.half_width <= 0.05 * abs(run.mean()) * 1.0001
    share = np.mean([not _interval_excludes(run, 4.0) for run in runs])
    assert 0.93 <= share <= 0.97


def _interval_excludes(values: np.ndarray, truth: float) -> bool:
    interval = estimate(values).interval
    assert interval is not None
    return interval.excludes(truth)


def test_a_precision_out_of_reach_stops_at_the_most() -> None:
    precision = Precision(0.01, first=5, most=50)
    noisy = np.random.default_rng(9).normal(0.01, 10, 5)
    assert replications_needed(precision, [noisy], [float(noisy.mean())]) == 50
    assert replications_needed(precision, [noisy], [0.0]) == 50


@pytest.mark.parametrize("relative", [0.0, -0.1, 1.0, 5.0, float("nan")])
def test_a_precision_that_means_nothing_is_refused(relative: float) -> None:
    with pytest.raises(RequestError, match="between 0 and 100 %"):
        Precision(relative)


@pytest.mark.parametrize(
    "values", [np.array([]), np.array([1.0, np.nan]), np.array([np.inf]), np.ones((2, 2))]
)
def test_what_is_no_row_of_numbers_is_refused(values: np.ndarray) -> None:
    with pytest.raises(RequestError):
        estimate(values)


def test_unpaired_replications_are_refused() -> None:
    with pytest.raises(RequestError, match="do not pair"):
        paired(np.ones(3), np.ones(4))


def test_a_single_replication_has_a_mean_and_no_interval() -> None:
    found = estimate(np.array([4.0]))
    assert found.mean == 4.0
    assert found.interval is None
    assert two_sided_p(np.array([4.0])) == 1.0
