"""What runs in the processes beside the page: preparing scenarios and simulating days.

Nothing here knows of Streamlit, so a process starts fast and the page's thread stays free.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scenarios.load import build
from simulation.day import run_day
from simulation.eventlog import Kind
from simulation.kpis import kpis, occupancy
from simulation.prepare import prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from scenarios.schema import Scenario
    from simulation.day import DayResult
    from simulation.model import DayModel

BIN_S: Final = 600
"""Width of the bins of a day's course, s."""

BINS: Final = 24 * 3600 // BIN_S


@dataclass(frozen=True, eq=False)
class DayFigures:
    """What the page keeps of one simulated day.

    Attributes
    ----------
    kpis
        Key figures by name.
    parked
        (entrances, BINS) cars in the car parks at the start of each bin.
    on_trails
        (entrances, BINS) people in the park likewise.
    loads
        Service id -> (trips,) most people on board at once.
    gain_eur
        (zones,) what the visitors of each zone gain against the base.
    """

    kpis: dict[str, float]
    parked: NDArray[np.int32]
    on_trails: NDArray[np.int32]
    loads: dict[str, NDArray[np.int32]]
    gain_eur: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))


def prepare_document(name: str, document: dict[str, Any]) -> DayModel:
    """Prepare a scenario given as plain tables.

    Raises
    ------
    LastmileError
        The scenario contradicts itself, the places, the streets or the timetable.
    """
    return prepare(scenario_of(name, document))


def wake() -> bool:
    """Do nothing: by the time this is called, the process has loaded all it needs."""
    return True


def scenario_of(name: str, document: dict[str, Any]) -> Scenario:
    """Return the scenario of a document, whose every value came from one file."""
    return build(name, document, {})


def simulate_days(model: DayModel, seed: int, replications: Sequence[int]) -> list[DayFigures]:
    """Run some days of a model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [figures(run_day(model, seed, number), model) for number in replications]


def figures(result: DayResult, model: DayModel) -> DayFigures:
    """Reduce a day to what the page shows."""
    return DayFigures(
        kpis={name: float(value) for name, value in kpis(result, model).items()},
        parked=np.array(
            [_sampled(*_parked(result, model, index)) for index in range(len(model.entrances))],
            dtype=np.int32,
        ),
        on_trails=np.array(
            [_sampled(*_on_trails(result, index)) for index in range(len(model.entrances))],
            dtype=np.int32,
        ),
        loads=_loads(result, model),
        gain_eur=_gains(result, model),
    )


def _parked(
    result: DayResult, model: DayModel, entrance: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return when the number of cars changes, and the number from then on."""
    times, taken = occupancy(result.events, model, entrance)
    return times, taken.sum(axis=0)


def _on_trails(result: DayResult, entrance: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return when the number of people in the park changes, and the number from then on."""
    moves = result.events.of(Kind.ENTERS_PARK, Kind.LEAVES_PARK)
    here = moves.place == entrance
    sign = np.where(moves.kind[here] == Kind.ENTERS_PARK, 1, -1)
    return moves.time_s[here], np.cumsum(sign * moves.people[here])


def _sampled(times: NDArray[np.float64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the value in force at the start of each bin, (BINS,)."""
    rank = np.searchsorted(times, np.arange(BINS) * BIN_S, side="right")
    return np.concatenate([[0], values]).astype(np.int64)[rank]


def _loads(result: DayResult, model: DayModel) -> dict[str, NDArray[np.int32]]:
    """Return the largest load of every trip of every service."""
    runs = result.events.of(Kind.VEHICLE_RUNS)
    loads = {}
    for index, service in enumerate(model.services):
        here = runs.place == index
        largest = np.zeros(len(service.times_s), dtype=np.int32)
        np.maximum.at(largest, runs.party[here], runs.people[here])
        loads[service.id] = largest
    return loads


def _gains(result: DayResult, model: DayModel) -> NDArray[np.float64]:
    """Return the gain of the visitors by zone, EUR."""
    if model.demand is None:
        return np.zeros(0)
    parties = result.parties
    hours = result.surplus_min * parties.size / 60.0
    comes = np.where(parties.latent, 0.5 * (result.choices.mode >= 0), 1.0)
    gained = np.bincount(
        parties.zone, weights=hours * comes, minlength=len(model.demand.inputs.zones)
    )
    return np.asarray(gained * model.costs.value_of_time_eur_h, dtype=np.float64)
