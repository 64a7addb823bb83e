"""Every number has a unit, a source and an honest range; scenarios may set it, worlds draw it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lastmile.errors import DataError, ParameterError
from lastmile.parameters import Parameters
from lastmile.places import Gazetteer

UNIT_OF_ENDING = {
    "_s": "s",
    "_m": "m",
    "_ms": "m/s",
    "_eur": "EUR",
    "_eur_h": "EUR/h",
    "_eur_km": "EUR/km",
    "_eur_m": "EUR/m",
    "_eur_t": "EUR/t",
    "_eur_kwh": "EUR/kWh",
    "_g_km": "g/km",
    "_kwh": "kWh",
    "_kwh_km": "kWh/km",
    "_kw": "kW",
    "_share": "share",
    "_cv": "share",
    "_weight": "factor",
    "_factor": "factor",
    "_per_min": "1/min",
}

WRONG = b"""
loose = 1

[walk_speed_ms]
value = 2.0
low = 1.0
high = 1.5
unit = "m/s"
source = "knowledge"
confidence = "low"

[stay_share]
value = 1.5
unit = "share"
source = "knowledge"
confidence = "sure"

[wait_s]
value = "long"
unit = "s"
confidence = "low"
remark = "unknown key"
"""


@pytest.fixture(scope="module")
def parameters() -> Parameters:
    return Parameters.bundled()


def test_every_parameter_has_a_source_and_a_range_round_its_value(parameters: Parameters) -> None:
    for parameter in parameters.values():
        assert parameter.source, parameter.name
        assert 0 <= parameter.low <= parameter.value <= parameter.high, parameter.name


def test_what_nobody_looked_up_has_a_range_and_no_high_confidence(parameters: Parameters) -> None:
    exact = {name for name, p in parameters.items() if not p.is_uncertain}
    for parameter in parameters.values():
        if parameter.source == "knowledge":
            assert parameter.confidence != "high", parameter.name
            assert parameter.name not in exact


def test_a_name_ends_with_its_unit(parameters: Parameters) -> None:
    for name, parameter in parameters.items():
        endings = [ending for ending in UNIT_OF_ENDING if name.endswith(ending)]
        if endings:
            assert parameter.unit == UNIT_OF_ENDING[max(endings, key=len)], name


def test_capacities_are_the_sums_of_the_car_parks(parameters: Parameters) -> None:
    gazetteer = Gazetteer.bundled()
    for name, parameter in parameters.items():
        match = re.fullmatch(r"parking_capacity_(\w+)", name)
        if match is None:
            continue
        known = [
            p.capacity
            for p in gazetteer.at_entrance(match[1], "car_park")
            if p.capacity is not None
        ]
        sums = tuple(sum(c) for c in zip(*known, strict=True))
        assert (parameter.low, parameter.value, parameter.high) == sums, name


def test_the_mode_shares_add_up(parameters: Parameters) -> None:
    shares = [parameters.value(f"mode_share_{mode}") for mode in ("car", "bus", "bike", "walk")]
    assert sum(shares) == pytest.approx(1)
    assert parameters.value("mode_share_car") == 0.84


def test_fares_follow_the_decided_rise(parameters: Parameters) -> None:
    """Prices of 2025 times the mean rise of 3.1 % decided for 2026 (sttinfo.fi 71560781)."""
    assert parameters.value("fare_ab_eur") == pytest.approx(3.20 * 1.031, abs=0.05)
    assert parameters.value("fare_abc_eur") == pytest.approx(4.40 * 1.031, abs=0.05)
    in_order = [parameters.value(f"fare_{zones}_eur") for zones in ("ab", "abc", "abcd")]
    assert in_order == sorted(in_order)


def test_published_values_are_carried_unchanged(parameters: Parameters) -> None:
    """HSL appraisal and assignment values, and the visitor survey's stay of 3.3 hours."""
    published = {
        "wait_weight": 1.5,
        "walk_weight": 1.75,
        "transfer_penalty_s": 5 * 60,
        "vot_leisure_car_eur_h": 5.37,
        "bus_cost_eur_h": 50.79,
        "bus_cost_eur_km": 0.74,
        "stay_mean_s": 3.3 * 3600,
        "helsinki_espoo_visitor_share": 0.74,
    }
    for name, value in published.items():
        assert parameters.value(name) == pytest.approx(value), name


def test_an_unknown_name_is_answered_with_the_nearest(parameters: Parameters) -> None:
    with pytest.raises(ParameterError, match="walk_speed_ms"):
        parameters.value("walking_speed")


def test_a_scenario_sets_values_as_decisions(parameters: Parameters) -> None:
    changed = parameters.with_values({"parking_fee_eur": 6, "bus_seats": 80})
    assert changed.value("parking_fee_eur") == 6
    assert changed["bus_seats"].source == "scenario"
    assert not changed["bus_seats"].is_uncertain
    assert parameters.value("parking_fee_eur") == 0
    assert "bus_seats" not in changed.uncertain()


def test_all_faults_of_a_scenarios_values_are_named_at_once(parameters: Parameters) -> None:
    faulty = {"bus_seat": 80, "mode_share_car": 1.2, "stay_mean_s": -1.0, "stay_cv": float("nan")}
    with pytest.raises(ParameterError) as caught:
        parameters.with_values(faulty)
    message = str(caught.value)
    assert "bus_seats" in message
    for name in faulty:
        assert name in message


def test_all_faults_of_a_file_are_named_at_once() -> None:
    with pytest.raises(DataError) as caught:
        Parameters.from_toml(WRONG, "my.toml")
    message = str(caught.value)
    expected = ["my.toml", "loose", "walk_speed_ms", "stay_share.confidence", "wait_s.value"]
    expected += ["wait_s.source", "wait_s.remark"]
    for part in expected:
        assert part in message, part


@pytest.mark.parametrize("content", [b"[a", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_named(content: bytes) -> None:
    with pytest.raises(DataError, match=r"my\.toml cannot be read"):
        Parameters.from_toml(content, "my.toml")


def test_draws_follow_the_triangular_distribution(parameters: Parameters) -> None:
    """Peer: scipy.stats.triang."""
    names = parameters.uncertain()
    for quantile in (0.0, 0.01, 0.3, 0.5, 0.77, 1.0):
        world = parameters.at_quantiles(np.full(len(names), quantile))
        for name in names:
            p = parameters[name]
            width = p.high - p.low
            peer = stats.triang((p.value - p.low) / width, loc=p.low, scale=width)
            assert world.value(name) == pytest.approx(peer.ppf(quantile), abs=1e-9 * width), name


@given(st.integers(min_value=0, max_value=2**32))
def test_every_drawn_world_lies_in_the_ranges_and_comes_again_with_its_seed(seed: int) -> None:
    parameters = Parameters.bundled()
    world = parameters.draw(np.random.default_rng(seed))
    for name, parameter in parameters.items():
        assert parameter.low <= world.value(name) <= parameter.high
    again = parameters.draw(np.random.default_rng(seed))
    assert again.as_values() == world.as_values()


@pytest.mark.parametrize("quantiles", [np.zeros(2), np.array([])])
def test_quantiles_must_fit(parameters: Parameters, quantiles: np.ndarray) -> None:
    with pytest.raises(ParameterError, match="quantiles are needed"):
        parameters.at_quantiles(quantiles)


def test_quantiles_must_be_shares(parameters: Parameters) -> None:
    with pytest.raises(ParameterError, match="between 0 and 1"):
        parameters.at_quantiles(np.full(len(parameters.uncertain()), 1.1))
