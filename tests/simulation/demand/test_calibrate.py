"""Calibration meets its targets, and finds constants that are known."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lastmile.errors import DataError
from lastmile.parameters import Parameters
from scenarios.schema import Day
from simulation.calibrate import (
    GROUPS,
    Calibration,
    Targets,
    calibrate,
    choice_parameters,
    entrance_targets,
    mode_targets,
    write_calibration,
)
from simulation.choice import choose
from simulation.demand import DemandInputs, draw_parties, merge
from simulation.parties import MODES, Expectations, Parties
from simulation.rng import Streams

if TYPE_CHECKING:
    from pathlib import Path

    from simulation.choice import ChoiceParameters
    from simulation.levels import LevelsOfService

TARGETS = Targets(np.array([0.5, 0.3, 0.15, 0.05]), np.array([0.6, 0.4]))


@pytest.fixture
def parties(inputs: DemandInputs) -> Parties:
    days = [draw_parties(Day(visit_level=1), inputs, Streams(7, k)) for k in range(5)]
    return merge(days, ordinary=True)


def test_the_sample_has_no_latent_party(parties: Parties) -> None:
    assert not parties.latent.any()
    assert len(parties) > 500


def test_expected_shares_meet_the_targets(
    parties: Parties, levels: LevelsOfService, parameters: ChoiceParameters
) -> None:
    fit = calibrate(parties, levels, parameters, TARGETS)
    assert fit.largest_error < 1e-4
    assert list(fit.mode_share.values()) == pytest.approx(TARGETS.mode, abs=2e-4)
    assert fit.entrance_share == pytest.approx(TARGETS.entrance, abs=2e-4)
    assert fit.mode_constant_min[0] == 0
    assert sum(fit.entrance_constant_min) == pytest.approx(0, abs=1e-3)
    assert fit.no_way_share == 0


def test_drawn_choices_meet_the_targets_too(
    inputs: DemandInputs,
    parties: Parties,
    levels: LevelsOfService,
    parameters: ChoiceParameters,
) -> None:
    fit = calibrate(parties, levels, parameters, TARGETS)
    modes, gates = fit.constants(levels.entrances)
    tuned = replace(parameters, mode_constant_min=modes, entrance_constant_min=gates)
    others = draw_parties(Day(visit_level=60), inputs, Streams(99, 0))
    choices = choose(others, levels, Expectations.none(2), tuned)
    come = choices.mode >= 0
    by_car = np.average(choices.mode[come] == 0, weights=others.size[come])
    assert by_car == pytest.approx(0.5, abs=0.02)


def test_constants_that_are_known_are_found(
    parties: Parties, levels: LevelsOfService, parameters: ChoiceParameters
) -> None:
    """With everybody alike and no nests, log odds give the constants in closed form."""
    count = len(parties)
    alike = replace(
        parties,
        zone=np.zeros(count, dtype=np.int16),
        has_car=np.ones(count, dtype=bool),
        size=np.ones(count, dtype=np.int16),
    )
    one = replace(parameters, nest_scale=1.0, other_entrance_min=0.0)
    flat = replace(
        levels,
        drive_s=np.full((2, 2), 1800.0),
        drive_m=np.zeros((2, 2)),
        bike_s=np.full((2, 2), np.inf),
        walk_s=np.full((2, 2), np.inf),
    )
    fit = calibrate(
        alike, flat, one, Targets(np.array([0.8, 0.2, 0.0, 0.0]), np.array([0.75, 0.25]))
    )
    # Car 60 min; bus 2 x (50 + 3 + 30) = 166 min; scale 0.05 a minute.
    assert fit.mode_constant_min[MODES.index("bus")] == pytest.approx(
        np.log(0.8 / 0.2) / 0.05 - (166 - 60), abs=0.02
    )
    north, south = fit.entrance_constant_min
    assert south - north == pytest.approx(np.log(3) / 0.05, abs=0.02)


def test_who_has_no_way_is_counted_and_not_fitted(
    parties: Parties, levels: LevelsOfService, parameters: ChoiceParameters
) -> None:
    carless = replace(
        levels,
        bus_there=levels.shuttle_there,
        bike_s=np.full((2, 2), np.inf),
        walk_s=np.full((2, 2), np.inf),
    )
    fit = calibrate(
        parties, carless, parameters, Targets(np.array([1.0, 0, 0, 0]), TARGETS.entrance)
    )
    on_foot = np.average(~parties.has_car, weights=parties.size)
    assert fit.no_way_share == pytest.approx(on_foot, abs=1e-4)
    assert fit.mode_share["car"] == pytest.approx(1.0)


def test_targets_sum_to_one() -> None:
    values = Parameters.bundled().as_values()
    assert mode_targets(values).sum() == pytest.approx(1)
    assert dict(zip(GROUPS, mode_targets(values), strict=True))["car"] == pytest.approx(0.84)


def test_entrance_targets_count_visits_not_parties(parties: Parties) -> None:
    two = replace(parties, size=np.where(parties.home_entrance == 0, 3, 1).astype(np.int16))
    north = (parties.home_entrance == 0).sum()
    south = len(parties) - north
    assert entrance_targets(two, 2)[0] == pytest.approx(3 * north / (3 * north + south))


def test_a_calibration_is_read_back_as_it_was_written(
    parties: Parties, levels: LevelsOfService, parameters: ChoiceParameters, tmp_path: Path
) -> None:
    fit = calibrate(parties, levels, parameters, TARGETS)
    write_calibration(fit, tmp_path / "calibration.toml")
    again = tomllib.loads((tmp_path / "calibration.toml").read_text())
    assert Calibration.model_validate(again) == fit
    assert [entry.name for entry in tmp_path.iterdir()] == ["calibration.toml"]


def test_a_calibration_lacks_constants_of_other_entrances(
    parties: Parties, levels: LevelsOfService, parameters: ChoiceParameters
) -> None:
    fit = calibrate(parties, levels, parameters, TARGETS)
    with pytest.raises(DataError, match="no constant for west"):
        fit.constants(["north", "west"])
    own = choice_parameters(Parameters.bundled(), ["south"], fit)
    assert own.entrance_constant_min.tolist() == [fit.entrance_constant_min[1]]
