"""Greedy choices against the exact optimum of a solver, and the solver against trying all."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastmile.errors import RequestError
from lastmile.walkway.selection import (
    GUARANTEE,
    GUARANTEE_EQUAL,
    select,
    select_exactly,
    worth,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SLACK = 1e-6


def cover_case(seed: int) -> tuple[Floats, int]:
    """Return a random case of maximum coverage: which sites help with which decisions."""
    rng = np.random.default_rng(seed)
    sites, items = int(rng.integers(2, 25)), int(rng.integers(1, 60))
    covers = rng.random((sites, items)) < rng.uniform(0.03, 0.4)
    return covers * rng.uniform(0.1, 10.0, items), int(rng.integers(1, sites + 1))


def best_by_trying(values: Floats, costs: Floats, budget: float) -> float:
    """Return the best worth of any set within the budget."""
    rows = range(len(values))
    return max(
        worth(values, chosen)
        for size in range(len(values) + 1)
        for chosen in combinations(rows, size)
        if costs[list(chosen)].sum() <= budget
    )


@pytest.mark.parametrize("first", range(0, 200, 20))
def test_signs_keep_their_guarantee(first: int) -> None:
    """On 200 random cases the greedy choice is within 1 - 1/e of HiGHS's optimum."""
    for seed in range(first, first + 20):
        values, budget = cover_case(seed)
        costs = np.ones(len(values))
        greedy = select(values, costs, budget)
        exact = select_exactly(values, costs, budget)
        assert greedy.value >= GUARANTEE_EQUAL * exact.value - SLACK
        assert greedy.value <= exact.value + SLACK
        assert greedy.bound >= exact.value - SLACK
        assert len(greedy.chosen) <= budget


@pytest.mark.parametrize("first", range(0, 100, 20))
def test_links_keep_their_guarantee(first: int) -> None:
    """Where costs differ, the greedy choice is within half of that."""
    for seed in range(first, first + 20):
        rng = np.random.default_rng(10_000 + seed)
        values = rng.exponential(5.0, (12, 20)) * (rng.random((12, 20)) < 0.3)
        costs = rng.uniform(20.0, 300.0, 12)
        budget = float(rng.uniform(50.0, 900.0))
        greedy, exact = select(values, costs, budget), select_exactly(values, costs, budget)
        assert GUARANTEE * exact.value - SLACK <= greedy.value <= exact.value + SLACK
        assert greedy.bound >= exact.value - SLACK
        assert greedy.cost <= budget + SLACK
        assert exact.cost <= budget + SLACK


@pytest.mark.parametrize("seed", range(15))
def test_the_solver_finds_what_trying_all_finds(seed: int) -> None:
    rng = np.random.default_rng(20_000 + seed)
    values = rng.exponential(1.0, (7, 9)) * (rng.random((7, 9)) < 0.5)
    costs, budget = rng.uniform(1.0, 5.0, 7), 8.0
    exact = select_exactly(values, costs, budget)
    assert exact.value == pytest.approx(best_by_trying(values, costs, budget))


def test_by_hand() -> None:
    """Two sites of four: the one that helps with most, then the one that adds most to it."""
    values = np.array([[4.0, 4, 0, 0], [0, 4, 3, 0], [0, 0, 3, 1], [0, 0, 0, 1]])
    chosen = select(values, np.ones(4), 2)
    assert chosen.chosen == (0, 2)
    assert chosen.gains == (8.0, 4.0)
    assert chosen.value == chosen.bound == 12.0


def test_one_dear_thing_beats_a_cheap_bargain() -> None:
    """Gain for cost alone would take the cheap thing and have no money left."""
    values = np.array([[2.0, 0.0], [0.0, 100.0]])
    chosen = select(values, np.array([1.0, 100.0]), 100.0)
    assert chosen.chosen == (1,)
    assert chosen.value == 100.0


def test_nothing_to_choose_from() -> None:
    assert select(np.zeros((0, 0)), np.zeros(0), 3.0).chosen == ()
    assert select_exactly(np.zeros((2, 2)), np.ones(2), 3.0).value == 0.0


@given(st.integers(0, 10_000))
def test_more_budget_is_never_worse(seed: int) -> None:
    values, budget = cover_case(seed)
    costs = np.ones(len(values))
    assert select(values, costs, budget + 1).value >= select(values, costs, budget).value - SLACK


@pytest.mark.parametrize(
    ("values", "costs", "budget"),
    [
        (np.array([[-1.0]]), np.ones(1), 1.0),
        (np.array([[np.nan]]), np.ones(1), 1.0),
        (np.ones((1, 1)), np.zeros(1), 1.0),
        (np.ones((1, 1)), np.ones(1), 0.0),
    ],
)
def test_impossible_questions(values: Floats, costs: Floats, budget: float) -> None:
    with pytest.raises(RequestError):
        select(values, costs, budget)
    with pytest.raises(RequestError):
        select_exactly(values, costs, budget)
