"""The base: what there is today, and the constants with which it meets the counts."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from lastmile.network.street import load_network
from lastmile.parameters import Parameters
from scenarios.load import load_scenario
from simulation.calibrate import (
    GROUPS,
    SAMPLE_SEED,
    Targets,
    calibrate,
    choice_parameters,
    entrance_targets,
    load_calibration,
    mode_targets,
)
from simulation.day import run_day
from simulation.demand import draw_parties, merge
from simulation.kpis import kpis
from simulation.learning import learn
from simulation.rng import Streams
from simulation.side import assemble, demand_side
from simulation.supply import Supply, build_supply
from simulation.ways import levels_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from simulation.calibrate import Calibration
    from simulation.demand import DemandInputs
    from simulation.model import DayModel
    from simulation.parties import Expectations, Parties

    Floats = NDArray[np.float64]

BASE: Final = "baseline"
"""The scenario that is calibrated, and against which the gain of visitors is measured."""

SAMPLE_DAYS: Final = 5
"""Mean days whose parties the constants are fitted on."""

ROUNDS: Final = 4
CHECK_DAYS: Final = 8
"""Of the bundled calibration: rounds, and simulated days in each."""

QUICK_ROUNDS: Final = 2
QUICK_DAYS: Final = 4
"""Of one made in passing, in a plausible world of its own."""

_BOLDEST: Final = 1.5
"""Largest factor by which one round changes what is aimed at: cars that are turned away from one
entrance end up at another whoever wishes to go there."""

_KEPT: Final = 64
_calibrations: OrderedDict[str, Calibration] = OrderedDict()


def calibration_for(supply: Supply) -> Calibration:
    """Return the constants of the choice in the world of a supply.

    Parameters
    ----------
    supply
        Whose timetable and parameters to take.

    Returns
    -------
    Calibration
        The bundled one where it was made for the streets and the timetable in force and these
        parameters; else a new one, made in fewer rounds, once, and kept. What-if links and
        pilots change nothing: constants are those of the base.
    """
    digest = world_digest(supply)
    bundled = load_calibration()
    if bundled.digest == digest:
        return bundled
    if digest not in _calibrations:
        base = build_supply(load_scenario(BASE), supply.parameters)
        _calibrations[digest] = calibrated(base, rounds=QUICK_ROUNDS, check_days=QUICK_DAYS)
        while len(_calibrations) > _KEPT:
            _calibrations.popitem(last=False)
    return _calibrations[digest]


def base_calibration(parameters: Parameters | None = None) -> Calibration:
    """Calibrate the base anew; with the bundled parameters where there are no others."""
    return calibrated(build_supply(load_scenario(BASE), parameters or Parameters.bundled()))


def world_digest(supply: Supply) -> str:
    """Return a hash of what a calibration rests on: streets, timetable and parameters."""
    values = sorted(supply.parameters.as_values().items())
    return levels_digest(load_network().digest, supply.timetable.feed.digest, repr(values))


def calibrated(base: Supply, *, rounds: int = ROUNDS, check_days: int = CHECK_DAYS) -> Calibration:
    """Calibrate the constants of the choice on the base's day.

    On a day on which car parks fill, people expect to search and some end up elsewhere. What
    the counters saw is where they ended up. So people learn, the constants are fitted to what
    they then expect, and the share that chooses an entrance is set so that the share that
    walks in there is the counters'.

    Parameters
    ----------
    base
        What the base offers.
    rounds
        Times that people learn and the constants are fitted again.
    check_days
        Simulated days behind the difference between the entrance people choose and the one
        they end up at.

    Returns
    -------
    Calibration
        Its shares are of those who walked in on simulated days.
    """
    values = base.parameters.as_values()
    side, access = demand_side(base, None)
    gates = side.levels.entrances
    parties = _sample(base, side.inputs)
    targets = Targets(mode_targets(values), entrance_targets(parties, len(gates)))
    wanted = targets
    expectations = side.expectations
    weights = side.parameters
    for _ in range(rounds):
        fit = calibrate(parties, side.levels, weights, wanted, expectations)
        weights = choice_parameters(base.parameters, gates, fit)
        model = assemble(base, replace(side, parameters=weights), access)
        expectations = learn(model, expectations).expectations
        came = _who_came(model, expectations, check_days)
        wanted = Targets(
            _towards(wanted.mode, targets.mode, came.mode),
            _towards(wanted.entrance, targets.entrance, came.entrance),
        )
    return fit.as_simulated(targets, came, world_digest(base))


def _sample(base: Supply, inputs: DemandInputs) -> Parties:
    """Return the ordinary parties of some mean days like the base's."""
    day = base.day.model_copy(update={"visit_level": 1.0, "percentile": None})
    days = [draw_parties(day, inputs, Streams(SAMPLE_SEED, k)) for k in range(SAMPLE_DAYS)]
    return merge(days, ordinary=True)


def _who_came(model: DayModel, expectations: Expectations, count: int) -> Targets:
    """Return the shares of the visitors by mode and by entrance on simulated days."""
    if model.demand is None:
        raise ValueError("the base has no demand side")
    taught = replace(model, demand=replace(model.demand, expectations=expectations))
    days = [kpis(run_day(taught, SAMPLE_SEED, k), taught) for k in range(count)]

    def visitors(name: str) -> float:
        return float(np.sum([day.get(name, 0.0) for day in days]))

    modes = np.array(
        [np.sum([day["visitors"] * _mode_share(day, group) for day in days]) for group in GROUPS]
    )
    gates = np.array([visitors(f"visitors.{gate.id}") for gate in model.entrances])
    return Targets(modes / modes.sum(), gates / gates.sum())


def _mode_share(figures: Mapping[str, float], group: str) -> float:
    """Return the share of a group of modes on a day; a shuttle counts as a bus."""
    names = ("bus", "shuttle") if group == "bus" else (group,)
    return sum(figures.get(f"mode_share_{name}", 0.0) for name in names)


def _towards(wanted: Floats, target: Floats, reached: Floats) -> Floats:
    """Return what to aim at so that the target is reached, given what was reached."""
    missed = np.clip(target / np.maximum(reached, np.finfo(float).tiny), 1 / _BOLDEST, _BOLDEST)
    aimed = wanted * missed
    return np.asarray(aimed / aimed.sum(), dtype=np.float64)
