"""From a scenario to a day that is ready to run."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from lastmile.parameters import Parameters
from scenarios.load import load_scenario
from simulation.learning import learn
from simulation.model import DayModel
from simulation.side import demand_side
from simulation.supply import build_supply

if TYPE_CHECKING:
    from scenarios.schema import Scenario
    from simulation.model import DemandSide
    from simulation.supply import Supply

BASE: Final = "baseline"
"""The scenario against which the gain of visitors is measured, on the same day."""


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
    if reference.digest == scenario.digest:
        return _with_demand(supply, None)
    return _with_demand(supply, _base(build_supply(reference, numbers)))


_BASES: Final[OrderedDict[str, tuple[Supply, DemandSide]]] = OrderedDict()
"""The last few bases, by digest: every pilot of a comparison is measured against the same."""

_BASES_KEPT: Final = 8


def _base(supply: Supply) -> tuple[Supply, DemandSide]:
    """Return a base with its demand side, people having learnt what to expect."""
    if supply.digest not in _BASES:
        demand = _with_demand(supply, None).demand
        if demand is None:
            raise ValueError("the base has no demand side")
        _BASES[supply.digest] = (supply, demand)
        while len(_BASES) > _BASES_KEPT:
            _BASES.popitem(last=False)
    return _BASES[supply.digest]


def _with_demand(supply: Supply, base: tuple[Supply, DemandSide] | None) -> DayModel:
    """Return the day of a supply, with people who have learnt what to expect of it."""
    side, access = demand_side(supply, base)
    model = DayModel(
        scenario=supply.scenario,
        digest=supply.digest,
        day=supply.day,
        entrances=supply.entrances,
        car_parks=supply.car_parks,
        between_s=supply.between_s,
        between_m=supply.between_m,
        access=access,
        habits=supply.habits,
        services=supply.services,
        bikeshare=supply.bikeshare,
        costs=supply.costs,
        demand=side,
        warnings=supply.warnings,
    )
    learned = learn(model)
    told = replace(side, expectations=learned.expectations)
    if learned.stable:
        return replace(model, demand=told)
    surprise = (
        f"people had not learnt what to expect after {learned.days} rounds: "
        f"{learned.gap:.1%} of the cost of the day still surprised them"
    )
    return replace(model, demand=told, warnings=(*model.warnings, surprise))
