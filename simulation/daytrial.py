"""A scenario's day as something to repeat: key figures, the course of the day, who gains."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from simulation.day import run_day
from simulation.eventlog import Kind
from simulation.kpis import kpis, occupancy
from simulation.parties import STAYS_AWAY
from simulation.shuttle import BACK, OUT
from simulation.trial import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scenarios.schema import Scenario
    from simulation.day import DayResult
    from simulation.eventlog import EventLog
    from simulation.model import DayModel
    from simulation.shuttle import Service
    from simulation.trial import Table

SERIES: Final = "series"
"""Table: ``series``, ``time_s``, ``value``; see `course_of`."""

GAINS: Final = "gains"
"""Table: ``zone``, ``people``, ``gain_min``; see `gains_of`."""

DEPARTURES: Final = "departures"
"""Table: ``service``, ``direction``, ``departure_s``, ``most_on_board``, ``left_behind``; see
`departures_of`."""

TIMES_S: Final = np.arange(6 * 3600, 24 * 3600 + 1, 900, dtype=np.float64)
"""When the course of the day is read, s after midnight."""

_HALF_HOUR_S: Final = 1800.0


@dataclass(frozen=True, slots=True, eq=False)
class DayTrial:
    """A prepared day."""

    model: DayModel

    def about(self) -> Mapping[str, Any]:
        """Return where things are and what was not known."""
        model = self.model
        zones = () if model.demand is None else model.demand.inputs.zones
        return {
            "model_digest": model.digest,
            "warnings": list(model.warnings),
            "entrances": [
                {
                    "id": gate.id,
                    "name": gate.name,
                    "lat": gate.lat,
                    "lon": gate.lon,
                    "places": sum(model.car_parks[lot].capacity for lot in model.lots_of(index)),
                }
                for index, gate in enumerate(model.entrances)
            ],
            "services": [
                {
                    "id": line.id,
                    "name": line.name,
                    "mode": line.mode,
                    "room": line.room,
                    "stops": list(line.stops),
                    "lat": line.lat.tolist(),
                    "lon": line.lon.tolist(),
                }
                for line in model.services
            ],
            "zones": list(zones),
        }

    def run(self, seed: int, replication: int) -> Outcome:
        """Run one day."""
        result = run_day(self.model, seed, replication)
        return Outcome(
            {name: float(value) for name, value in kpis(result, self.model).items()},
            {
                SERIES: course_of(result.events, self.model),
                GAINS: gains_of(result),
                DEPARTURES: departures_of(result.events, self.model),
            },
        )


def day_trial(scenario: Scenario) -> DayTrial:
    """Prepare a scenario; runs in a worker.

    Raises
    ------
    ScenarioError
        If the scenario contradicts itself, the places, the streets or the timetable.
    """
    from simulation.prepare import prepare  # noqa: PLC0415 - streets and planner load slowly

    return DayTrial(prepare(scenario))


def course_of(events: EventLog, model: DayModel) -> Table:
    """Return how full things are over the day.

    Returns
    -------
    dict
        ``series`` names ``parked.<entrance>`` (cars in its car parks), ``trails.<entrance>``
        (people in the park who came in there), ``waiting.<service>`` (people at its stops)
        and ``load.<service>`` (share of its places taken over the half hour before, absent
        when none runs), with their ``time_s`` and ``value``.
    """
    names: list[str] = []
    values: list[np.ndarray[Any, np.dtype[np.float64]]] = []
    crowd = events.of(Kind.ENTERS_PARK, Kind.LEAVES_PARK)
    crowd_step = np.where(crowd.kind == Kind.ENTERS_PARK, crowd.people, -crowd.people)
    for index, gate in enumerate(model.entrances):
        if model.lots_of(index):
            times, taken = occupancy(events, model, index)
            names.append(f"parked.{gate.id}")
            values.append(_at(times, taken.sum(axis=0)))
        here = crowd.place == index
        names.append(f"trails.{gate.id}")
        values.append(_at(crowd.time_s[here], np.cumsum(crowd_step[here])))
    runs = events.of(Kind.VEHICLE_RUNS)
    waits = _waits(events)
    for index, line in enumerate(model.services):
        names.append(f"waiting.{line.id}")
        values.append(_waiting(waits, index))
        mine = runs.place == index
        names.append(f"load.{line.id}")
        values.append(
            _load(runs.time_s[mine], runs.people[mine] * runs.value[mine], runs.value[mine])
            / line.room
        )
    count = len(TIMES_S)
    value = np.concatenate(values) if values else np.empty(0)
    known = ~np.isnan(value)
    return {
        "series": np.repeat(np.array(names, dtype=np.str_), count)[known],
        "time_s": np.tile(TIMES_S, len(names))[known],
        "value": value[known],
    }


_QUEUEING: Final = (
    Kind.RIDE_WAITS,
    Kind.HOMEWARD_WAITS,
    Kind.RIDE_BOARDS,
    Kind.HOMEWARD_BOARDS,
    Kind.RIDE_GIVES_UP,
    Kind.STRANDED,
)


class _Waits(NamedTuple):
    """Every wait at a stop: whose line, how many people, from when to when."""

    service: np.ndarray[Any, np.dtype[np.int16]]
    people: np.ndarray[Any, np.dtype[np.int32]]
    begin_s: np.ndarray[Any, np.dtype[np.float64]]
    end_s: np.ndarray[Any, np.dtype[np.float64]]


def _waits(events: EventLog) -> _Waits:
    """Return all waits; each ends with the next thing that happens to the party."""
    queue = events.of(*_QUEUEING)
    order = np.lexsort((np.arange(len(queue)), queue.party))
    party, time_s = queue.party[order], queue.time_s[order]
    next_s = np.full(len(time_s), np.inf)
    goes_on = party[1:] == party[:-1]
    next_s[:-1][goes_on] = time_s[1:][goes_on]
    waits = np.isin(queue.kind[order], (Kind.RIDE_WAITS, Kind.HOMEWARD_WAITS))
    return _Waits(
        queue.place[order][waits], queue.people[order][waits], time_s[waits], next_s[waits]
    )


def _waiting(waits: _Waits, service: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return how many people wait for a line at `TIMES_S`."""
    mine = waits.service == service
    people = waits.people[mine].astype(np.float64)
    levels = np.zeros(len(TIMES_S))
    for moments, step in ((waits.begin_s[mine], people), (waits.end_s[mine], -people)):
        order = np.argsort(moments, kind="stable")
        levels += _at(moments[order], np.cumsum(step[order]))
    return levels


def _at(
    times: np.ndarray[Any, np.dtype[np.float64]], levels: np.ndarray[Any, np.dtype[Any]]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return a level that changes at some times as it is at `TIMES_S`; 0 before the first."""
    padded = np.concatenate([[0.0], levels])
    found: np.ndarray[Any, np.dtype[np.float64]] = padded[
        np.searchsorted(times, TIMES_S, side="right")
    ]
    return found


def _load(
    times: np.ndarray[Any, np.dtype[np.float64]],
    carried: np.ndarray[Any, np.dtype[np.float64]],
    driven: np.ndarray[Any, np.dtype[np.float64]],
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return people on board over the half hour before each of `TIMES_S`; nan if none ran."""

    def summed(
        weights: np.ndarray[Any, np.dtype[np.float64]],
    ) -> np.ndarray[Any, np.dtype[np.float64]]:
        whole = np.concatenate([[0.0], np.cumsum(weights)])
        first = np.searchsorted(times, TIMES_S - _HALF_HOUR_S, side="right")
        found: np.ndarray[Any, np.dtype[np.float64]] = (
            whole[np.searchsorted(times, TIMES_S, side="right")] - whole[first]
        )
        return found

    metres = summed(driven)
    with np.errstate(invalid="ignore"):
        return np.where(metres > 0, summed(carried) / np.where(metres > 0, metres, 1), np.nan)


def departures_of(events: EventLog, model: DayModel) -> Table:
    """Return how full every departure of the shuttles is.

    Returns
    -------
    dict
        One row a departure that is made: ``service``, ``direction`` (0 to the park, 1 back),
        ``departure_s`` by the timetable, ``most_on_board`` between any two of its stops, and
        ``left_behind``, people who did not fit in at any of its stops.
    """
    columns: dict[str, list[np.ndarray[Any, np.dtype[Any]]]] = {
        name: [np.empty(0, dtype=kind)]
        for name, kind in (
            ("service", np.str_),
            ("direction", np.int8),
            ("departure_s", np.float64),
            ("most_on_board", np.float64),
            ("left_behind", np.float64),
        )
    }
    for index, service in enumerate(model.services):
        if service.mode != "shuttle" or not len(service.times_s):
            continue
        runs = events.of(Kind.VEHICLE_RUNS, place=index)
        most = np.full(len(service.times_s), -1.0)
        np.maximum.at(most, runs.party, runs.people)
        made = np.flatnonzero(most >= 0)
        columns["service"].append(np.full(len(made), service.id))
        columns["direction"].append(service.direction[made])
        columns["departure_s"].append(np.nanmin(service.times_s[made], axis=1))
        columns["most_on_board"].append(most[made])
        columns["left_behind"].append(_left_behind(events, service, index)[made])
    return {name: np.concatenate(parts) for name, parts in columns.items()}


def _left_behind(
    events: EventLog, service: Service, index: int
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return how many people each trip of a line left behind, (trips,).

    A party is left behind by the next trip that leaves its stop: to the park, or away from it
    where it goes home, and the other way where none leaves that way.
    """
    counts = np.zeros(len(service.times_s))
    runs = events.of(Kind.VEHICLE_RUNS, place=index)
    leaves: dict[tuple[int, int], list[tuple[float, int]]] = {}
    calls = [service.calls(trip).tolist() for trip in range(len(service.times_s))]
    made = [0] * len(calls)
    for time_s, trip in zip(runs.time_s.tolist(), runs.party.tolist(), strict=True):
        stop = calls[trip][made[trip]]
        made[trip] += 1
        leaves.setdefault((stop, int(service.direction[trip])), []).append((time_s, trip))
    for kind, way in ((Kind.RIDE_LEFT_BEHIND, OUT), (Kind.HOMEWARD_LEFT_BEHIND, BACK)):
        behind = events.of(kind, place=index)
        rows = zip(behind.time_s.tolist(), behind.value.tolist(), behind.people, strict=True)
        for time_s, stop, people in rows:
            following = leaves.get((int(stop), way)) or leaves[int(stop), 1 - way]
            rank = min(bisect_left(following, (time_s, -1)), len(following) - 1)
            counts[following[rank][1]] += people
    return counts


def gains_of(result: DayResult) -> Table:
    """Return who gains against the base.

    Returns
    -------
    dict
        By origin ``zone`` (index): ``people`` who come, and ``gain_min``, minutes of
        generalised cost that all of them gain together, half counted for those who come only
        because of it (rule of a half).
    """
    parties = result.parties
    comes = result.choices.mode != STAYS_AWAY
    weight = np.where(parties.latent, 0.5 * comes, 1.0) * parties.size
    zones = int(parties.zone.max(initial=-1)) + 1
    return {
        "zone": np.arange(zones, dtype=np.int16),
        "people": np.bincount(parties.zone, weights=comes * parties.size, minlength=zones),
        "gain_min": np.bincount(parties.zone, weights=weight * result.surplus_min, minlength=zones),
    }
