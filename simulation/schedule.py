"""A scenario's timetables before anyone drives them: vehicles, blocks, hours, kilometres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lastmile.errors import RequestError, ScenarioError
from lastmile.messages import Message
from lastmile.parameters import Parameters
from lastmile.places import Gazetteer
from simulation.kpis import vehicle_hours
from simulation.linefigures import SIGN_ON_S
from simulation.supply import build_supply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scenarios.schema import Scenario
    from simulation.shuttle import Service

PLENTY: Final = 500
"""Vehicles with which any timetable can be laid out, to see how many it takes."""


@dataclass(frozen=True, slots=True)
class BlockTrip:
    """One trip of a vehicle.

    Attributes
    ----------
    vehicle
        Which, from 1.
    start_s, end_s
        First departure and last arrival, s.
    start, end
        Names of the stops at its ends.
    break_s
        The driver's break before it, s.
    empty_s
        How long the vehicle runs empty to its first stop, after the break, s.
    """

    vehicle: int
    start_s: float
    end_s: float
    start: str
    end: str
    break_s: float = 0.0
    empty_s: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class ScheduleCheck:
    """What a service's timetable takes.

    Attributes
    ----------
    service
        Laid out with as many vehicles as it takes.
    vehicles
        How many there are; None where the scenario does not say.
    trips
        Every trip in the order of the vehicles' work.
    hours, km
        Of all vehicles over the day, from first departure to last arrival, empty runs included.
    empty_km
        Of them without passengers between termini.
    driver_hours, break_hours
        Of all drivers, from sign-on to sign-off, and their breaks among them.
    faults
        Why it cannot run as it is; empty where it can.
    """

    service: Service
    vehicles: int | None
    trips: tuple[BlockTrip, ...]
    hours: float
    km: float
    empty_km: float
    driver_hours: float
    break_hours: float
    faults: tuple[str, ...]

    @property
    def needed(self) -> int:
        """Vehicles that it takes at least."""
        return len(np.unique(self.service.block))

    @property
    def feasible(self) -> bool:
        """Whether it can run with the vehicles there are."""
        return not self.faults


def check_schedule(
    scenario: Scenario, parameters: Parameters | None = None
) -> tuple[ScheduleCheck, ...]:
    """Lay out every service of a scenario.

    Parameters
    ----------
    scenario
        Whose timetables.
    parameters
        The numbers of the models; the bundled ones where None.

    Returns
    -------
    tuple of ScheduleCheck
        One for each service that runs.

    Raises
    ------
    ScenarioError
        If anything but the number of vehicles is wrong.
    """
    numbers = parameters or Parameters.bundled()
    faults: list[str] = []
    try:
        supply = build_supply(scenario, numbers)
    except ScenarioError as wrong:
        faults = _each(wrong)
        more = {
            f"services.{name}.vehicles": PLENTY
            for name, spec in scenario.services.items()
            if spec.vehicles is not None
        }
        if not more:
            raise
        supply = build_supply(scenario.with_changes(more), numbers)
    checks = []
    for service in supply.services:
        key = f": services.{service.id}.vehicles: "
        mine = tuple(fault for fault in faults if key in fault)
        checks.append(_check(service, scenario.services[service.id].vehicles, mine))
    return tuple(checks)


def _each(wrong: ScenarioError) -> list[str]:
    """Return the faults of an error one by one."""
    said = str(wrong)
    if isinstance(said, Message) and set(said.template) <= set("{part_}0123456789\n"):
        return [str(part) for part in said.values.values()]
    return said.split("\n")


def _check(service: Service, vehicles: int | None, faults: tuple[str, ...]) -> ScheduleCheck:
    trips = []
    metres = 0.0
    for trip in np.lexsort((np.nanmin(service.times_s, axis=1), service.block)).tolist():
        calls = service.calls(trip)
        first, last = int(calls[0]), int(calls[-1])
        metres += float(service.leg_m[min(first, last) : max(first, last)].sum())
        trips.append(
            BlockTrip(
                int(service.block[trip]) + 1,
                float(service.times_s[trip, first]),
                float(service.times_s[trip, last]),
                service.stops[first],
                service.stops[last],
                service.break_s_before(trip),
                service.empty_s_before(trip),
            )
        )
    hours = vehicle_hours(service.times_s, service.block)
    empty_km = sum(service.empty_m) / 1000
    return ScheduleCheck(
        service,
        vehicles,
        tuple(trips),
        hours=hours,
        km=metres / 1000 + empty_km,
        empty_km=empty_km,
        driver_hours=hours + 2 * SIGN_ON_S / 3600 * len(np.unique(service.block)),
        break_hours=sum(service.break_s) / 3600,
        faults=faults,
    )


def with_timetable(
    scenario: Scenario, service: str, rows: Sequence[Sequence[int | None]]
) -> Scenario:
    """Return a scenario in which a service runs to a timetable of its own.

    Parameters
    ----------
    scenario
        The scenario.
    service
        Key of a service with stops of its own.
    rows
        Each trip's times at its stops, s; None where it does not call.
    """
    return _timed(
        scenario, service, {"timetable": [["" if t is None else t for t in r] for r in rows]}
    )


def with_departures(scenario: Scenario, service: str, departures_s: Sequence[int]) -> Scenario:
    """Return a scenario in which a service leaves its first stop at given times, s."""
    return _timed(scenario, service, {"departures": list(departures_s)})


def _timed(scenario: Scenario, service: str, when: Mapping[str, object]) -> Scenario:
    """Return a scenario whose service runs at other times, whatever said so before."""
    one_service(scenario, service)
    return scenario.with_changes(
        {f"services.{service}.{key}": value for key, value in when.items()}
    )


def one_service(scenario: Scenario, service: str | None) -> str:
    """Return the key of a service, or of the only pilot where none is named.

    Raises
    ------
    RequestError
        If there is no such service, or it is not clear which is meant.
    """
    running = {name: spec for name, spec in scenario.services.items() if spec.enabled}
    if service is not None:
        if service not in running:
            known = ", ".join(running) or "none"
            raise RequestError(f"{scenario.name} has no service {service!r}; it has {known}")
        return service
    pilots = [name for name, spec in running.items() if spec.route is None]
    if len(pilots) != 1:
        raise RequestError(
            f"say which service with --service: {scenario.name} has {', '.join(running) or 'none'}"
        )
    return pilots[0]


def stop_names(scenario: Scenario, service: str) -> list[str]:
    """Return the names of a pilot's stops, in their order.

    Raises
    ------
    ScenarioError
        If it is a route of the timetable, or a stop is no place of the gazetteer.
    """
    spec = scenario.services[service]
    if spec.stops is None:
        raise ScenarioError(
            f"{scenario.file_of(f'services.{service}')}: services.{service}: it takes its stops "
            "from the timetable; a table needs a service with stops of its own"
        )
    places = Gazetteer.bundled()
    try:
        return [places[stop].name() if isinstance(stop, str) else stop.name for stop in spec.stops]
    except LookupError as unknown:
        raise ScenarioError(f"services.{service}.stops: {unknown}") from None
