"""Calibration: the constants with which the base meets the mode shares and the counters' split.

What a mode or an entrance is worth beyond measured time and money is one constant each. They are
found by the usual contraction, constant += ln(share / target) / scale, on expected shares (closed
form, no luck of the draw). `simulation.base` repeats it while people learn.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from lastmile.datasets import bundle_path, read_bundle
from lastmile.errors import DataError
from lastmile.exports import write_text
from simulation.choice import ChoiceParameters, generalised_costs, nested_logsum, utilities
from simulation.parties import MODES, Expectations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from lastmile.parameters import Parameters
    from simulation.levels import LevelsOfService
    from simulation.parties import Parties

    Floats = NDArray[np.float64]

CALIBRATION_FILE: Final = "demand/calibration.toml"
GROUPS: Final = ("car", "bus", "bike", "walk")
"""Groups of modes with a target share."""

GROUP_OF_MODE: Final = np.array([0, 1, 1, 2, 2, 3])
"""A shuttle is worth what the bus is, a hired bike what an own one is, beyond time and money."""

ROUNDS: Final = 100
STALLED: Final = 8
"""Rounds without a tenth less error after which a target counts as out of reach."""

TOLERANCE: Final = 1e-4
SAMPLE_SEED: Final = 2015
_LEAST_SHARE = 1e-300
_STEP = 1.0
_HALF_SCALE = 0.5


class Calibration(BaseModel):
    """The calibrated constants and how well they fit.

    Attributes
    ----------
    entrances
        Entrances, in the order of the lists.
    mode_constant_min
        By mode of `MODES`, minutes; the car's is 0.
    entrance_constant_min
        By entrance, minutes; they sum to 0.
    mode_target, mode_share
        Wanted and reached shares of the visits by group of `GROUPS`.
    entrance_target, entrance_share
        The same by entrance.
    mean_cost_min
        Mean generalised cost of the visits in the base, there and back, minutes: what the
        elasticity of visits refers to.
    largest_error
        Largest difference between a share and its target.
    parties
        How many parties it rests on.
    no_way_share
        Share of the visits for which no way leads to the park at their hour.
    digest
        Hash of the streets, timetable and parameters it rests on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    entrances: tuple[str, ...]
    mode_constant_min: tuple[float, ...]
    entrance_constant_min: tuple[float, ...]
    mode_target: dict[str, float]
    mode_share: dict[str, float]
    entrance_target: tuple[float, ...]
    entrance_share: tuple[float, ...]
    mean_cost_min: float
    largest_error: float
    parties: int
    no_way_share: float
    digest: str

    def as_simulated(self, targets: Targets, reached: Targets, digest: str) -> Calibration:
        """Return the same constants with the fit that simulated days have.

        Parameters
        ----------
        targets, reached
            Shares wanted, and those of the visitors of simulated days.
        digest
            Hash of what the calibration rests on.
        """
        errors = np.concatenate([reached.mode - targets.mode, reached.entrance - targets.entrance])
        return self.model_copy(
            update={
                "mode_target": dict(zip(GROUPS, _rounded(targets.mode), strict=True)),
                "mode_share": dict(zip(GROUPS, _rounded(reached.mode), strict=True)),
                "entrance_target": _rounded(targets.entrance),
                "entrance_share": _rounded(reached.entrance),
                "largest_error": round(float(np.abs(errors).max()), 5),
                "digest": digest,
            }
        )

    def constants(self, entrances: Sequence[str]) -> tuple[Floats, Floats]:
        """Return the mode constants, and those of some entrances in the order given.

        Raises
        ------
        DataError
            If an entrance was not calibrated.
        """
        unknown = sorted(set(entrances) - set(self.entrances))
        if unknown:
            raise DataError(
                f"the calibration has no constant for {', '.join(unknown)}; "
                "calibrate again: lastmile calibrate"
            )
        own = [self.entrance_constant_min[self.entrances.index(name)] for name in entrances]
        return np.array(self.mode_constant_min), np.array(own)


@dataclass(frozen=True, slots=True)
class Targets:
    """Shares of the visits to meet: (groups,) by mode and (entrances,) by entrance."""

    mode: Floats
    entrance: Floats


def choice_parameters(
    parameters: Parameters, entrances: Sequence[str], calibration: Calibration | None = None
) -> ChoiceParameters:
    """Return the choice's weights from the parameter table.

    Parameters
    ----------
    parameters
        The models' numbers.
    entrances
        The model's entrances.
    calibration
        Calibrated constants; zeros where None.

    Raises
    ------
    ParameterError
        If the table lacks a number or holds an impossible one.
    DataError
        If an entrance was not calibrated.
    """
    value = parameters.value
    if calibration is None:
        modes, gates, mean_cost_min = np.zeros(len(MODES)), np.zeros(len(entrances)), 1.0
    else:
        modes, gates = calibration.constants(entrances)
        mean_cost_min = calibration.mean_cost_min
    return ChoiceParameters(
        wait_weight=value("wait_weight"),
        walk_weight=value("walk_weight"),
        bike_weight=value("vot_bike_eur_h") / value("vot_leisure_car_eur_h"),
        search_weight=value("search_weight"),
        # People who know the timetable lose a share of the headway H at the first stop; on
        # average the nearest departure lies H / 4 from the time they wish.
        schedule_delay_weight=4 * value("wait_weight") * value("first_wait_headway_share"),
        transfer_min=value("transfer_penalty_s") / 60,
        boarding_min=value("boarding_penalty_bus_s") / 60,
        refusal_min=value("turned_away_penalty_s") / 60,
        value_of_time_eur_h=value("vot_leisure_car_eur_h"),
        drive_cost_eur_km=value("car_cost_eur_km"),
        poor_weather_min=value("weather_exposure_penalty_s") / 60,
        # The scale is given for one way; costs here are there and back.
        scale_per_min=_HALF_SCALE * value("choice_scale_per_min"),
        nest_scale=value("choice_nest_scale"),
        other_entrance_min=value("other_entrance_penalty_s") / 60,
        elasticity=value("latent_demand_elasticity"),
        reference_cost_min=mean_cost_min,
        mode_constant_min=modes,
        entrance_constant_min=gates,
    )


def mode_targets(parameters: Mapping[str, float]) -> Floats:
    """Return the target shares of `GROUPS`, made to sum to 1."""
    shares = np.array([parameters[f"mode_share_{group}"] for group in GROUPS])
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def calibrate(
    parties: Parties,
    levels: LevelsOfService,
    parameters: ChoiceParameters,
    targets: Targets,
    expectations: Expectations | None = None,
) -> Calibration:
    """Find the constants with which the parties meet the targets.

    Parameters
    ----------
    parties
        Who chooses.
    levels
        The base's levels of service.
    parameters
        Weights; its constants are where the search starts.
    targets
        Shares to meet.
    expectations
        What people expect; nothing where None.

    Returns
    -------
    Calibration
        Constants and their fit. A target of a mode that nobody can use is given up: the fit
        says so.

    Notes
    -----
    The contraction is that of S. Berry, "Estimating discrete-choice models of product
    differentiation", RAND Journal of Economics 25 (1994).
    """
    expected = Expectations.none(len(levels.entrances)) if expectations is None else expectations
    costs = generalised_costs(parties, levels, expected, parameters)
    able = np.isfinite(costs).any(axis=(1, 2))
    weight = np.where(able, parties.size, 0).astype(np.float64)
    total = max(float(weight.sum()), _LEAST_SHARE)
    usable = np.array(
        [np.isfinite(costs[:, group == GROUP_OF_MODE]).any() for group in range(len(GROUPS))]
    )
    tuned = parameters
    best, since = np.inf, 0
    for _ in range(ROUNDS):
        mode, entrance = _shares(parties, costs, weight / total, tuned)
        errors = np.concatenate([mode - targets.mode, entrance - targets.entrance])
        largest = float(np.abs(errors).max())
        since = 0 if largest < 0.9 * best else since + 1
        best = min(best, largest)
        if largest < TOLERANCE or since > STALLED:
            break
        tuned = _step(tuned, mode, entrance, targets, usable)
    people = float(parties.size.sum())
    return Calibration(
        entrances=levels.entrances,
        mode_constant_min=_rounded(tuned.mode_constant_min),
        entrance_constant_min=_rounded(tuned.entrance_constant_min),
        mode_target=dict(zip(GROUPS, _rounded(targets.mode), strict=True)),
        mode_share=dict(zip(GROUPS, _rounded(mode), strict=True)),
        entrance_target=_rounded(targets.entrance),
        entrance_share=_rounded(entrance),
        mean_cost_min=round(_mean_cost(parties, costs, weight / total, tuned), 3),
        largest_error=largest,
        parties=len(parties),
        no_way_share=round(1 - float(weight.sum()) / people, 5) if people else 0.0,
        digest="",
    )


def _shares(
    parties: Parties, costs: Floats, weight: Floats, parameters: ChoiceParameters
) -> tuple[Floats, Floats]:
    """Return the expected shares of the visits by group of modes and by entrance."""
    shares, _ = nested_logsum(utilities(costs, parties, parameters), parameters.nest_scale)
    table = np.tensordot(weight, shares, axes=1)
    groups = np.zeros(len(GROUPS))
    np.add.at(groups, GROUP_OF_MODE, table.sum(axis=1))
    return groups, table.sum(axis=0)


def _mean_cost(
    parties: Parties, costs: Floats, weight: Floats, parameters: ChoiceParameters
) -> float:
    """Return the expected generalised cost of the visits, minutes."""
    shares, _ = nested_logsum(utilities(costs, parties, parameters), parameters.nest_scale)
    felt = np.where(shares > 0, shares * np.where(np.isfinite(costs), costs, 0.0), 0.0)
    return float(weight @ felt.sum(axis=(1, 2)))


def _step(
    parameters: ChoiceParameters,
    mode: Floats,
    entrance: Floats,
    targets: Targets,
    usable: NDArray[np.bool_],
) -> ChoiceParameters:
    """Move the constants by the logarithm of share over target; the car stays at 0."""
    per_min = _STEP / parameters.scale_per_min
    floor = _LEAST_SHARE
    modes = per_min * np.log(np.maximum(mode, floor) / np.maximum(targets.mode, floor))
    gates = (
        per_min
        * parameters.nest_scale
        * np.log(np.maximum(entrance, floor) / np.maximum(targets.entrance, floor))
    )
    modes = np.where(usable, modes - modes[0], 0.0)
    return replace(
        parameters,
        mode_constant_min=parameters.mode_constant_min + modes[GROUP_OF_MODE],
        entrance_constant_min=parameters.entrance_constant_min + gates - gates.mean(),
    )


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)


def entrance_targets(parties: Parties, entrances: int) -> Floats:
    """Return the share of the visits that the counters put at each entrance."""
    visits = np.bincount(parties.home_entrance, parties.size, minlength=entrances)
    return np.asarray(visits / max(visits.sum(), 1), dtype=np.float64)


def load_calibration() -> Calibration:
    """Return the bundled calibration.

    Raises
    ------
    DataError
        If the file is missing or damaged.
    """
    content = read_bundle(CALIBRATION_FILE)
    try:
        return Calibration.model_validate(tomllib.loads(content.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise DataError(
            f"{bundle_path(CALIBRATION_FILE)} is wrong: {error}; write it anew: lastmile calibrate"
        ) from error


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Write a calibration as TOML, in one step.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    lines = [
        "# Constants of the choice of mode and entrance, and how well they fit.",
        "# Written by: lastmile calibrate. Meanings: simulation/calibrate.py, class Calibration.",
        "",
    ]
    tables = []
    for name, value in calibration.model_dump().items():
        if isinstance(value, dict):
            tables += ["", f"[{name}]", *(f"{key} = {_toml(v)}" for key, v in value.items())]
        else:
            lines.append(f"{name} = {_toml(value)}")
    write_text(path, "\n".join([*lines, *tables]) + "\n")


def _toml(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return repr(value)
