"""From a scenario to a day that is ready to run."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from lastmile.parameters import Parameters
from scenarios.load import load_scenario
from simulation.base import BASE, calibration_for, world_digest
from simulation.learning import learn
from simulation.side import assemble, demand_side
from simulation.supply import build_supply
from simulation.ways import levels_digest

if TYPE_CHECKING:
    from scenarios.schema import Scenario
    from simulation.model import DayModel, DemandSide
    from simulation.supply import Supply


def prepare(scenario: Scenario, parameters: Parameters | None = None) -> DayModel:
    """Make a scenario ready to run.

    Parameters
    ----------
    scenario
        What is offered, and on which day.
    parameters
        The numbers of the models; the bundled ones where None. Those that the scenario sets
        override them.

    Returns
    -------
    DayModel
        Everything `simulation.day.run_day` needs.

    Raises
    ------
    ScenarioError
        If the scenario contradicts itself, the places, the streets or the timetable; the
        message lists every fault.
    """
    numbers = parameters or Parameters.bundled()
    supply = build_supply(scenario, numbers)
    reference = load_scenario(BASE).model_copy(
        update={"day": scenario.day, "parameters": scenario.parameters}
    )
    world = world_digest(supply)
    if reference.digest == scenario.digest:
        model = _taught(supply, None)
        _remember(levels_digest(reference.digest, world), model)
        return model
    return _taught(supply, _base(reference, numbers, world))


_BASES: Final[OrderedDict[str, DemandSide]] = OrderedDict()
"""The last few bases, by world and day: every pilot of a comparison is measured against one."""

_BASES_KEPT: Final = 8


def _base(reference: Scenario, parameters: Parameters, world: str) -> DemandSide:
    """Return the base's demand side on a day, people having learnt what to expect."""
    key = levels_digest(reference.digest, world)
    if key not in _BASES:
        _remember(key, _taught(build_supply(reference, parameters), None))
    return _BASES[key]


def _remember(key: str, base: DayModel) -> None:
    """Keep a base's demand side."""
    if base.demand is not None:
        _BASES[key] = base.demand
    while len(_BASES) > _BASES_KEPT:
        _BASES.popitem(last=False)


def _taught(supply: Supply, base: DemandSide | None) -> DayModel:
    """Return the day of a supply, with people who have learnt what to expect of it."""
    side, access = demand_side(supply, calibration_for(supply), base)
    model = assemble(supply, side, access)
    learned = learn(model)
    told = replace(side, expectations=learned.expectations)
    if learned.stable:
        return replace(model, demand=told)
    surprise = (
        f"people had not learnt what to expect after {learned.days} rounds: "
        f"{learned.gap:.1%} of the cost of the day still surprised them"
    )
    return replace(model, demand=told, warnings=(*model.warnings, surprise))
