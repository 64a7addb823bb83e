"""The nested logit: closed forms, its random draws, and what it must never do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import demand_worlds
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lastmile.errors import DataError, ParameterError
from scenarios.schema import Day
from simulation.choice import (
    LATENT_POOL,
    NEST_OF_MODE,
    ChoiceParameters,
    choose,
    draw_taste,
    generalised_costs,
    nested_logsum,
    positive_stable,
    utilities,
)
from simulation.demand import DemandInputs, draw_parties
from simulation.parties import DRAWS, MODES, STAYS_AWAY, Expectations, Parties
from simulation.rng import Streams

if TYPE_CHECKING:
    from simulation.levels import LevelsOfService

CAR, BUS, SHUTTLE = (MODES.index(mode) for mode in ("car", "bus", "shuttle"))
UTILITIES = arrays(float, (1, 6, 2), elements=st.floats(-20, 20))


@pytest.fixture
def parties(inputs: DemandInputs) -> Parties:
    return draw_parties(Day(visit_level=5), inputs, Streams(11, 0))


def _nothing() -> Expectations:
    return Expectations.none(2)


@given(UTILITIES)
def test_without_nests_shares_are_the_multinomial_logit(utility: np.ndarray) -> None:
    shares, logsum = nested_logsum(utility, 1.0)
    weights = np.exp(utility - utility.max())
    assert shares == pytest.approx(weights / weights.sum(), abs=1e-12)
    assert logsum[0] == pytest.approx(np.log(np.exp(utility).sum()))


@given(UTILITIES, st.floats(0.1, 1))
def test_shares_sum_to_one(utility: np.ndarray, nest_scale: float) -> None:
    shares, _ = nested_logsum(utility, nest_scale)
    assert shares.sum() == pytest.approx(1)


@given(UTILITIES, st.floats(0.1, 1), st.integers(0, 5), st.integers(0, 1), st.floats(0.01, 5))
def test_a_cheaper_way_never_loses_share(
    utility: np.ndarray, nest_scale: float, mode: int, entrance: int, gain: float
) -> None:
    before, poorer = nested_logsum(utility, nest_scale)
    better = utility.copy()
    better[0, mode, entrance] += gain
    after, richer = nested_logsum(better, nest_scale)
    assert after[0, mode, entrance] >= before[0, mode, entrance] - 1e-12
    assert richer[0] >= poorer[0] - 1e-12
    others = np.ones((6, 2), dtype=bool)
    others[mode, entrance] = False
    assert (after[0][others] <= before[0][others] + 1e-12).all()


@given(UTILITIES, st.floats(0.2, 1))
def test_the_slope_of_the_logsum_is_the_share(utility: np.ndarray, nest_scale: float) -> None:
    """Williams, Daly and Zachary: shares are the gradient of the logsum."""
    shares, _ = nested_logsum(utility, nest_scale)
    step = 1e-5
    for mode in range(6):
        up, down = utility.copy(), utility.copy()
        up[0, mode, 0] += step
        down[0, mode, 0] -= step
        slope = (nested_logsum(up, nest_scale)[1] - nested_logsum(down, nest_scale)[1]) / (2 * step)
        assert slope[0] == pytest.approx(shares[0, mode, 0], abs=1e-6)


def test_a_twin_of_the_bus_takes_more_from_the_bus_than_from_the_car() -> None:
    utility = np.full((1, 6, 1), -np.inf)
    utility[0, [CAR, BUS], 0] = 0.0
    before, _ = nested_logsum(utility, 0.5)
    utility[0, SHUTTLE, 0] = 0.0
    after, _ = nested_logsum(utility, 0.5)
    kept = after / before.clip(1e-9)
    assert kept[0, BUS, 0] < kept[0, CAR, 0]
    # Closed form: a nest of two equals has the inclusive value 0.5 ln 2.
    assert after[0, CAR, 0] == pytest.approx(1 / (1 + np.sqrt(2)))


def test_own_elasticity_of_the_logit_is_its_closed_form() -> None:
    """Train (2009), eq. 3.6: E = slope * cost * (1 - share)."""
    cost = np.full((1, 6, 1), np.inf)
    cost[0, [CAR, BUS], 0] = 60.0, 80.0
    scale, step = 0.05, 1e-4
    share = nested_logsum(-scale * cost, 1.0)[0][0, CAR, 0]
    cost[0, CAR, 0] *= 1 + step
    moved = nested_logsum(-scale * cost, 1.0)[0][0, CAR, 0]
    assert (moved / share - 1) / step == pytest.approx(-scale * 60 * (1 - share), rel=1e-2)


@pytest.mark.parametrize("alpha", [0.3, 0.6, 0.9])
def test_positive_stable_numbers_have_their_laplace_transform(alpha: float) -> None:
    generator = np.random.default_rng(1)
    numbers = positive_stable(
        alpha, generator.uniform(size=200_000), generator.exponential(size=200_000)
    )
    for s in (0.3, 1.0, 3.0):
        sample = np.exp(-s * numbers)
        error = 4 * sample.std() / np.sqrt(len(sample))
        assert sample.mean() == pytest.approx(np.exp(-(s**alpha)), abs=error)


@pytest.mark.parametrize("nest_scale", [0.4, 0.7, 1.0])
def test_the_greatest_of_the_drawn_utilities_has_the_logit_shares(nest_scale: float) -> None:
    count = 100_000
    taste = draw_taste(np.random.default_rng(2), count, 2, nest_scale)
    utility = np.random.default_rng(3).normal(size=(1, 6, 2))
    theory = nested_logsum(utility, nest_scale)[0][0].ravel()
    best = np.argmax((utility + taste).reshape(count, -1), axis=1)
    observed = np.bincount(best, minlength=12) / count
    error = 4.5 * np.sqrt(theory * (1 - theory) / count)
    assert (np.abs(observed - theory) < error).all()


def test_a_draw_by_itself_is_standard_gumbel() -> None:
    taste = draw_taste(np.random.default_rng(4), 100_000, 1, 0.5)
    assert taste.mean(axis=0).ravel() == pytest.approx(np.full(6, np.euler_gamma), abs=0.02)
    assert taste.std(axis=0).ravel() == pytest.approx(np.full(6, np.pi / np.sqrt(6)), abs=0.02)
    together = np.corrcoef(taste[:, :, 0].T)
    same_nest = NEST_OF_MODE[:, None] == NEST_OF_MODE[None, :]
    # Correlation within a nest is 1 - nest_scale^2 (McFadden 1978), none between nests.
    assert together[same_nest & ~np.eye(6, dtype=bool)] == pytest.approx(0.75, abs=0.02)
    assert together[~same_nest] == pytest.approx(0, abs=0.02)


def test_costs_by_hand(levels: LevelsOfService, parameters: ChoiceParameters) -> None:
    party = _one(size=2, zone=0, arrival_s=10.5 * 3600, stay_s=3 * 3600.0)
    search_s, refusal, nothing = np.zeros((2, 24)), np.zeros((2, 24)), np.zeros((2, 24))
    search_s[0, 10], refusal[0, 10] = 600, 0.25
    expectations = Expectations(search_s, refusal, nothing, nothing, nothing)
    costs = generalised_costs(party, levels, expectations, parameters)[0]
    # Two half hours of driving; 50 km at 0.14 EUR for two at 6 EUR/h; search of 10 min x 1.5;
    # a quarter of 60 min.
    assert costs[CAR, 0] == pytest.approx(60 + 60 * 7.0 / 12 + 15 + 15)
    # Two rides of 50 min, each with 3 min for boarding and 3 EUR at 6 EUR/h.
    assert costs[BUS, 0] == pytest.approx(2 * (50 + 3 + 30))
    assert costs[MODES.index("bike"), 0] == pytest.approx(2 * 2 * 100)
    assert costs[MODES.index("walk"), 1] == pytest.approx(2 * 1.75 * 350)
    assert np.isinf(costs[SHUTTLE]).all()


def test_the_bus_is_no_way_when_there_is_no_bus_home(
    levels: LevelsOfService, parameters: ChoiceParameters
) -> None:
    back = demand_worlds.make_ride(50)
    back.in_vehicle_s[:, :, 19:] = np.nan
    evening = replace(levels, bus_back=back)
    late = _one(arrival_s=17.5 * 3600, stay_s=3 * 3600.0)
    early = _one(arrival_s=10.5 * 3600, stay_s=3 * 3600.0)
    assert np.isinf(generalised_costs(late, evening, _nothing(), parameters)[0, BUS]).all()
    assert np.isfinite(generalised_costs(early, evening, _nothing(), parameters)[0, BUS]).all()


def test_without_a_car_nobody_drives(
    parties: Parties, levels: LevelsOfService, parameters: ChoiceParameters
) -> None:
    choices = choose(parties, levels, _nothing(), parameters)
    assert not (choices.mode[~parties.has_car] == CAR).any()


def test_in_the_base_all_ordinary_parties_come_and_no_latent_one(
    parties: Parties, levels: LevelsOfService, parameters: ChoiceParameters
) -> None:
    choices = choose(parties, levels, _nothing(), parameters)
    assert ((choices.mode == STAYS_AWAY) == parties.latent).all()
    assert np.isnan(choices.generalised_cost_min[parties.latent]).all()


def test_chosen_shares_agree_with_the_closed_form(
    inputs: DemandInputs, levels: LevelsOfService, parameters: ChoiceParameters
) -> None:
    parties = draw_parties(Day(visit_level=60), inputs, Streams(12, 0))
    choices = choose(parties, levels, _nothing(), parameters)
    costs = generalised_costs(parties, levels, _nothing(), parameters)
    shares, _ = nested_logsum(utilities(costs, parties, parameters), parameters.nest_scale)
    come = ~parties.latent
    expected = shares[come].sum(axis=0)
    observed = np.zeros((6, 2))
    np.add.at(observed, (choices.mode[come], choices.entrance[come]), 1)
    spread = np.sqrt((shares[come] * (1 - shares[come])).sum(axis=0))
    assert (np.abs(observed - expected) <= 4.5 * spread + 1e-9).all()


def test_an_elasticity_of_zero_moves_nobody(
    parties: Parties, levels: LevelsOfService, parameters: ChoiceParameters
) -> None:
    base = choose(parties, levels, _nothing(), parameters)
    dear = replace(levels, parking_fee_eur=np.array([20.0, 20.0]))
    pilot = choose(parties, dear, _nothing(), parameters, base.logsum_min)
    assert ((pilot.mode == STAYS_AWAY) == parties.latent).all()


@pytest.mark.parametrize("fee_eur", [0.0, 5.0, 15.0])
def test_visits_follow_the_elasticity(
    inputs: DemandInputs, levels: LevelsOfService, parameters: ChoiceParameters, fee_eur: float
) -> None:
    """Visits are exp(-elasticity x change of the logsum / reference) of those in the base."""
    elastic = replace(parameters, elasticity=0.8)
    parties = draw_parties(Day(visit_level=60), inputs, Streams(13, 0))
    before = replace(levels, parking_fee_eur=np.array([5.0, 5.0]))
    after = replace(levels, parking_fee_eur=np.array([fee_eur, fee_eur]))
    base = choose(parties, before, _nothing(), elastic)
    pilot = choose(parties, after, _nothing(), elastic, base.logsum_min)
    level = np.exp(-0.8 * (pilot.logsum_min - base.logsum_min) / 100)
    expected = np.where(parties.latent, np.clip((level - 1) / LATENT_POOL, 0, 1), level.clip(0, 1))
    come = pilot.mode != STAYS_AWAY
    spread = np.sqrt((expected * (1 - expected)).sum())
    assert abs(come.sum() - expected.sum()) <= 4.5 * spread + 1e-9


def test_where_no_way_leads_everybody_stays_away(
    parties: Parties, levels: LevelsOfService, parameters: ChoiceParameters
) -> None:
    cut_off = replace(
        levels,
        parking_open=np.zeros(2, dtype=bool),
        bus_there=levels.shuttle_there,
        bike_s=np.full((2, 2), np.inf),
        walk_s=np.full((2, 2), np.inf),
    )
    choices = choose(parties, cut_off, _nothing(), parameters)
    assert (choices.mode == STAYS_AWAY).all()


def test_who_finds_its_car_park_full_chooses_again_and_nobody_else(
    parties: Parties, levels: LevelsOfService, parameters: ChoiceParameters
) -> None:
    first = choose(parties, levels, _nothing(), parameters)
    barred = np.zeros(parties.taste.shape, dtype=bool)
    full = (first.mode == CAR) & (first.entrance == 0)
    barred[full, CAR, 0] = True
    second = choose(parties, levels, _nothing(), parameters, barred=barred)
    assert not ((second.mode == CAR) & (second.entrance == 0)).any()
    assert np.array_equal(second.mode[~full], first.mode[~full])
    assert np.array_equal(second.entrance[~full], first.entrance[~full])


@given(st.integers(0, 2**31), st.floats(0, 30))
@settings(max_examples=25)
def test_dearer_parking_never_draws_a_party_to_the_car(seed: int, fee_eur: float) -> None:
    inputs, levels, parameters = _world()
    parties = draw_parties(Day(), inputs, Streams(seed, 0))
    free = choose(parties, levels, _nothing(), parameters)
    dear = choose(
        parties,
        replace(levels, parking_fee_eur=np.full(2, fee_eur)),
        _nothing(),
        parameters,
    )
    assert not ((dear.mode == CAR) & (free.mode != CAR)).any()


def test_tastes_must_fit_the_entrances(
    parties: Parties, levels: LevelsOfService, parameters: ChoiceParameters
) -> None:
    wrong = replace(parties, taste=parties.taste[:, :, :1])
    with pytest.raises(DataError, match="tastes have shape"):
        choose(wrong, levels, _nothing(), parameters)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nest_scale": 0.0}, "nest_scale is 0.0"),
        ({"value_of_time_eur_h": 0.0}, "value_of_time_eur_h"),
        ({"elasticity": -1.0}, "elasticity is -1.0"),
        ({"mode_constant_min": np.zeros(3)}, "mode_constant_min"),
    ],
)
def test_impossible_parameters_are_refused(
    parameters: ChoiceParameters, change: dict[str, object], message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        replace(parameters, **change)  # type: ignore[arg-type]


def _one(
    size: int = 1, zone: int = 0, arrival_s: float = 36000.0, stay_s: float = 7200.0
) -> Parties:
    return Parties(
        arrival_s=np.array([arrival_s]),
        size=np.array([size], dtype=np.int16),
        zone=np.array([zone], dtype=np.int16),
        home_entrance=np.array([0], dtype=np.int16),
        stay_s=np.array([stay_s]),
        has_car=np.array([True]),
        latent=np.array([False]),
        draws=np.full((1, len(DRAWS)), 0.5),
        taste=np.zeros((1, 6, 2), dtype=np.float32),
    )


def _world() -> tuple[DemandInputs, LevelsOfService, ChoiceParameters]:
    return (
        demand_worlds.make_inputs(),
        demand_worlds.make_levels(),
        demand_worlds.make_parameters(),
    )
