"""Worlds cover the ranges, survival counts wins, and the ranking finds what matters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lastmile.errors import RequestError
from lastmile.parameters import Parameters
from simulation.uncertainty import Worlds, draw_worlds, ranking, survival


def test_worlds_cover_every_range_evenly() -> None:
    table = Parameters.bundled()
    worlds = draw_worlds(table, 50, 3)
    assert worlds.names == table.uncertain()
    filled = np.sort(np.floor(worlds.quantiles * 50).astype(int), axis=0)
    assert (filled == np.arange(50)[:, None]).all(), "one world in each fiftieth of each range"


def test_a_world_stays_within_the_ranges() -> None:
    table = Parameters.bundled()
    worlds = draw_worlds(table, 5, 1)
    for world in range(len(worlds)):
        drawn = worlds.parameters(world, table)
        for name in worlds.names:
            assert table[name].low <= drawn[name].value <= table[name].high


def test_the_same_seed_gives_the_same_worlds() -> None:
    table = Parameters.bundled()
    first, again = draw_worlds(table, 4, 9), draw_worlds(table, 4, 9)
    assert np.array_equal(first.quantiles, again.quantiles)
    assert not np.array_equal(first.quantiles, draw_worlds(table, 4, 10).quantiles)


def test_no_world_is_no_answer() -> None:
    with pytest.raises(RequestError, match="0 worlds"):
        draw_worlds(Parameters.bundled(), 0, 1)


def test_survival_counts_the_worlds_in_which_the_pilot_is_better() -> None:
    base = np.array([10.0, 10.0, 10.0, 10.0, np.nan])
    pilot = np.array([8.0, 12.0, 10.0, 5.0, 1.0])
    found = survival(base, pilot, less_is_better=True)
    assert found.worlds == 4
    assert found.share == pytest.approx((1 + 0 + 0.5 + 1) / 4)
    assert survival(base, pilot, less_is_better=False).share == pytest.approx(1.5 / 4)


def test_its_interval_is_wilsons() -> None:
    """E. B. Wilson's interval as statsmodels and textbooks give it: 8 of 10 -> 0.490 to 0.943."""
    pilot = np.array([1.0] * 8 + [-1.0] * 2)
    found = survival(np.zeros(10), pilot, less_is_better=False)
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert found.sentence("the shuttle").startswith("the shuttle helps in 80% of 10")


@given(st.integers(1, 400), st.data())
def test_the_interval_holds_the_share(count: int, data: st.DataObject) -> None:
    wins = data.draw(st.integers(0, count))
    pilot = np.array([1.0] * wins + [-1.0] * (count - wins))
    found = survival(np.zeros(count), pilot, less_is_better=False)
    assert 0 <= found.low <= found.share <= found.high <= 1


def test_a_figure_no_world_has_cannot_survive() -> None:
    with pytest.raises(RequestError, match="no world"):
        survival(np.array([np.nan]), np.array([1.0]), less_is_better=True)


def _sample(count: int, parameters: int) -> Worlds:
    names = tuple(f"p{k}" for k in range(parameters))
    sampler = stats.qmc.LatinHypercube(d=parameters, rng=np.random.default_rng(5))
    return Worlds(names, sampler.random(count))


def test_the_ranking_of_the_ishigami_function() -> None:
    """First-order Sobol indices of Ishigami (a = 7, b = 0.1) are 0.3139, 0.4424 and 0.

    Closed form: T. Ishigami and T. Homma (1990).
    """
    worlds = _sample(1000, 4)
    x = -np.pi + 2 * np.pi * worlds.quantiles
    figure = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    found = {one.name: one for one in ranking(worlds, figure)}
    assert found["p0"].share == pytest.approx(0.3139, abs=0.06)
    assert found["p1"].share == pytest.approx(0.4424, abs=0.06)
    assert found["p2"].share < 0.05
    assert found["p3"].share < 0.05
    assert found["p0"].visible
    assert not found["p1"].visible, "its effect has no direction: see Influence.visible"
    assert found["p0"].direction > 0


def test_the_strongest_comes_first_with_its_direction() -> None:
    worlds = _sample(80, 6)
    noise = np.random.default_rng(1).normal(0, 0.1, 80)
    figure = -5 * worlds.quantiles[:, 3] + 2 * worlds.quantiles[:, 1] + noise
    first, second, *_ = ranking(worlds, figure)
    assert (first.name, second.name) == ("p3", "p1")
    assert first.direction < 0 < second.direction


@pytest.mark.parametrize("seed", range(5))
def test_pure_chance_is_not_taken_for_an_effect(seed: int) -> None:
    """Forty worlds of a hundred parameters: some look strong, none is."""
    figure = np.random.default_rng(seed).normal(size=40)
    assert not any(one.visible for one in ranking(_sample(40, 100), figure))


def test_one_strong_parameter_among_a_hundred_is_seen() -> None:
    worlds = _sample(40, 100)
    noise = np.random.default_rng(2).normal(0, 0.2, 40)
    first, *rest = ranking(worlds, worlds.quantiles[:, 70] + noise)
    assert first.name == "p70"
    assert first.visible
    assert not any(one.visible for one in rest)


def test_too_few_worlds_rank_nothing() -> None:
    with pytest.raises(RequestError, match="needs 30"):
        ranking(_sample(10, 2), np.arange(10.0))


def test_a_constant_figure_ranks_nothing() -> None:
    with pytest.raises(RequestError, match="same in every world"):
        ranking(_sample(40, 2), np.ones(40))
