"""From a scenario to a day that is ready to run."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from lastmile.parameters import Parameters
from scenarios.load import load_scenario
from simulation.base import BASE, calibration_for
from simulation.learning import learn
from simulation.side import assemble, demand_side
from simulation.supply import build_supply

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
    supply = build_supply(scenario, parameters or Parameters.bundled())
    reference = load_scenario(BASE).model_copy(
        update={"day": scenario.day, "parameters": scenario.parameters}
    )
    if reference.digest == scenario.digest:
        return _taught(supply, None)
    return _taught(supply, _base(build_supply(reference, parameters or Parameters.bundled())))


_BASES: Final[OrderedDict[str, DemandSide]] = OrderedDict()
"""The last few bases, by digest: every pilot of a comparison is measured against the same."""

_BASES_KEPT: Final = 8


def _base(supply: Supply) -> DemandSide:
    """Return a base's demand side, people having learnt what to expect."""
    if supply.digest not in _BASES:
        demand = _taught(supply, None).demand
        if demand is None:
            raise ValueError("the base has no demand side")
        _BASES[supply.digest] = demand
        while len(_BASES) > _BASES_KEPT:
            _BASES.popitem(last=False)
    return _BASES[supply.digest]


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
