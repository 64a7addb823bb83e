"""What a worker process does for the page beside simulating days: it works out a timetable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lastmile.parameters import Parameters

if TYPE_CHECKING:
    from scenarios.schema import Scenario
    from simulation.shuttle import Service


def services_of(scenario: Scenario) -> tuple[Service, ...]:
    """Return the services of a scenario with their departures and vehicles.

    Raises
    ------
    ScenarioError
        The scenario contradicts itself, the places, the streets or the timetable.
    """
    from simulation.supply import build_supply  # noqa: PLC0415 - streets load slowly

    return build_supply(scenario, Parameters.bundled()).services
