"""From a scenario to a day that is ready to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lastmile.parameters import Parameters
from scenarios.load import load_scenario
from simulation.model import DayModel
from simulation.side import demand_side
from simulation.supply import build_supply

if TYPE_CHECKING:
    from scenarios.schema import Scenario

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
    base = None if reference.digest == scenario.digest else build_supply(reference, numbers)
    side, access = demand_side(supply, base)
    return DayModel(
        scenario=scenario.name,
        digest=supply.digest,
        day=scenario.day,
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
