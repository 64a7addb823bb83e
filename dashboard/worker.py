"""What a worker process does for the page beside simulating days: timetables, films, warming up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lastmile.parameters import Parameters

if TYPE_CHECKING:
    from dashboard.film import Film
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


def film(scenario: Scenario, seed: int, replication: int) -> Film:
    """Simulate one day of a scenario and return it as a film.

    Raises
    ------
    ScenarioError
        The scenario contradicts itself, the places, the streets or the timetable.
    """
    from dashboard.film import film_of  # noqa: PLC0415 - streets load slowly
    from simulation.day import run_day  # noqa: PLC0415
    from simulation.prepare import prepare  # noqa: PLC0415

    model = prepare(scenario)
    return film_of(model, run_day(model, seed, replication))


def warm() -> None:
    """Prepare a day, so that nobody waits while a process loads streets, timetable and kernels."""
    from scenarios.load import load_scenario  # noqa: PLC0415 - streets load slowly
    from simulation.prepare import prepare  # noqa: PLC0415

    prepare(load_scenario("baseline"))
