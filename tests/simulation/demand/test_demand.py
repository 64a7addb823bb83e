"""Numbers of visitors: mean, spread, percentiles, and who the parties are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lastmile.errors import ScenarioError
from scenarios.schema import Day
from simulation.choice import LATENT_POOL
from simulation.demand import DemandInputs, day_factor, draw_parties, highest_days, weekday_calendar
from simulation.parties import Parties
from simulation.rng import Streams

DAYS = 2000


def _ordinary(parties: Parties) -> np.ndarray:
    return parties.home_entrance[~parties.latent]


@pytest.fixture
def lean(inputs: DemandInputs) -> DemandInputs:
    """Return the same park with parties of one only, so that parties are visits."""
    return replace(inputs, party_share=np.array([1.0]))


def test_parties_a_day_are_negative_binomial(lean: DemandInputs) -> None:
    """Mean m and variance m + m^2 cv^2, as a Poisson number with a gamma mean has."""
    lean = replace(lean, weather_factor=np.ones(3))
    small = replace(lean, daily_visits=lean.daily_visits / 10)
    counts = np.array(
        [(_ordinary(draw_parties(Day(), small, Streams(5, day))) == 0).sum() for day in range(DAYS)]
    )
    mean, size = 60.0, 1 / lean.day_cv**2
    variance = mean + mean**2 * lean.day_cv**2
    assert counts.mean() == pytest.approx(mean, abs=4 * np.sqrt(variance / DAYS))
    theory = stats.nbinom(size, size / (size + mean))
    assert theory.var() == pytest.approx(variance)
    edges = theory.ppf(np.linspace(0, 1, 11)[1:-1])
    observed = np.histogram(counts, [-1, *edges + 0.5, 1e9])[0]
    expected = DAYS * np.diff([0, *theory.cdf(edges), 1])
    assert stats.chisquare(observed, expected).pvalue > 0.001


def test_visits_follow_the_split_between_entrances(inputs: DemandInputs) -> None:
    day = Day(visit_level=20)
    parties = draw_parties(day, inputs, Streams(1, 0))
    ordinary = ~parties.latent
    visits = np.bincount(parties.home_entrance[ordinary], parties.size[ordinary])
    # Variance of a compound Poisson number: rate x E[size^2].
    sizes = np.arange(1, 5)
    spread = np.sqrt(20 * inputs.daily_visits[:, 0, 0] / inputs.party_mean)
    spread = spread * np.sqrt(inputs.party_share @ sizes**2)
    assert (np.abs(visits - 20 * inputs.daily_visits[:, 0, 0]) < 4 * spread).all()


def test_who_they_are(inputs: DemandInputs) -> None:
    parties = draw_parties(Day(visit_level=50), inputs, Streams(2, 0))
    count = len(parties)
    assert parties.size.mean() == pytest.approx(inputs.party_mean, abs=4 / np.sqrt(count))
    assert parties.stay_s.mean() / 3600 == pytest.approx(3.3, abs=4 * 1.5 / np.sqrt(count))
    assert (parties.zone == 0).mean() == pytest.approx(0.75, abs=2 / np.sqrt(count))
    assert parties.has_car[parties.zone == 1].all()
    assert parties.has_car[parties.zone == 0].mean() == pytest.approx(0.5, abs=2 / np.sqrt(count))
    hour = np.bincount((parties.arrival_s // 3600).astype(int), minlength=24) / count
    assert hour[10:14] == pytest.approx([0.4, 0.3, 0.2, 0.1], abs=2 / np.sqrt(count))
    assert parties.latent.mean() == pytest.approx(LATENT_POOL / (1 + LATENT_POOL), abs=0.001)


def test_an_empty_day_has_no_parties(inputs: DemandInputs) -> None:
    assert len(draw_parties(Day(visit_level=0), inputs, Streams(3, 0))) == 0


@given(st.integers(0, 2**32), st.integers(0, 99))
@settings(max_examples=20)
def test_the_same_seed_meets_the_same_people(seed: int, replication: int) -> None:
    small = _tiny()
    first = draw_parties(Day(), small, Streams(seed, replication))
    again = draw_parties(Day(), small, Streams(seed, replication))
    for name in Parties.__slots__:
        assert np.array_equal(getattr(first, name), getattr(again, name))


def test_the_comfort_of_a_day_changes_nobody_else(inputs: DemandInputs) -> None:
    """A level gives the same people whatever the weather: only the number comes from it."""
    good = draw_parties(Day(visit_level=1, weather="good"), inputs, Streams(4, 0))
    poor = draw_parties(Day(visit_level=1, weather="poor"), inputs, Streams(4, 0))
    assert np.array_equal(good.taste, poor.taste)


@given(st.floats(0.5, 99.5))
def test_a_percentile_is_exceeded_as_often_as_it_says(percentile: float) -> None:
    inputs = _tiny()
    factor = day_factor(Day(percentile=percentile), inputs, 0.5)
    shape = 1 / inputs.day_cv**2
    below = inputs.weather_share @ stats.gamma.cdf(
        factor, shape, scale=inputs.weather_factor / shape
    )
    assert below == pytest.approx(percentile / 100, abs=1e-9)


def test_good_weather_brings_more_than_rain(inputs: DemandInputs) -> None:
    assert day_factor(Day(weather="good"), inputs, 0.4) > day_factor(
        Day(weather="poor"), inputs, 0.4
    )


def test_an_entrance_without_counts_is_refused(inputs: DemandInputs) -> None:
    with pytest.raises(ScenarioError, match=r"west; .*north, south"):
        inputs.at(["north", "west"])


def test_entrances_can_be_picked_and_ordered(inputs: DemandInputs) -> None:
    picked = inputs.at(["south"])
    assert picked.entrances == ("south",)
    assert picked.daily_visits.shape == (1, 12, 3)
    assert picked.daily_visits[0, 0, 0] == 200


def test_the_busiest_days_of_a_year_are_those_of_the_distribution(lean: DemandInputs) -> None:
    """With one kind of day, the mean of the yearly maximum is that of n independent days."""
    plain = replace(lean, weather_factor=np.ones(3))
    days = np.zeros((12, 3), dtype=np.int64)
    days[6, 0] = 100
    top = highest_days(plain, days, 3, 400, np.random.default_rng(1))
    assert (np.diff(top, axis=1) <= 0).all()
    mean, size = 800.0, 1 / lean.day_cv**2
    theory = stats.nbinom(size, size / (size + mean))
    grid = np.arange(6000)
    expected = np.sum(1 - theory.cdf(grid) ** 100)
    assert top[:, 0].mean() == pytest.approx(expected, rel=0.03)
    assert days.sum() == 100
    assert weekday_calendar(2015).shape == days.shape


def _tiny() -> DemandInputs:
    return DemandInputs(
        entrances=("only",),
        daily_visits=np.full((1, 12, 3), 30.0),
        arrival_share=np.full((1, 12, 3, 24), 1 / 24),
        weather_share=np.array([0.4, 0.4, 0.2]),
        weather_factor=np.array([1.25, 0.95, 0.6]),
        day_cv=0.3,
        party_share=np.array([0.5, 0.5]),
        stay_mean_h=3.3,
        stay_cv=0.45,
        zones=("town",),
        zone_share=np.array([1.0]),
        car_at_hand=np.array([0.5]),
        nest_scale=0.6,
    )
