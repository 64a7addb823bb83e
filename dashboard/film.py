"""One simulated day as a film: who moves where, along which way; made in a worker process."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
from shapely import LineString

from dashboard.roads import road
from lastmile.errors import OffNetworkError
from lastmile.network.access import Mode
from lastmile.network.paths import reach, shortest_path
from lastmile.network.street import load_network
from lastmile.places import Gazetteer
from simulation.eventlog import Kind
from simulation.kpis import occupancy
from simulation.traces import drives, stays, vehicle_runs
from simulation.visits import load_zones
from simulation.ways import starts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dashboard.roads import Point
    from simulation.day import DayResult
    from simulation.model import DayModel

MOST_MOVES: Final = 4000
"""Of a kind; of more, every second, third, ... party is shown, and the film says so."""

STEP_S: Final = 300
WALK_LIMIT_S: Final = 5400.0
SHORTEST_WALK_S: Final = 240.0
OUT_SHARE: Final = 0.45
"""People turn round before half their stay is over: the rest is for breaks."""

TRAILS: Final = frozenset(["path", "track", "footway"])
ON_TRAILS: Final = 0.5
TOLERANCE_DEG: Final = 0.00012
"""Bends smaller than about 10 m are not drawn."""

Group = Literal["car", "shuttle", "bus", "people"]


class Move(NamedTuple):
    """Somebody on a way: index into `Film.ways`, from when to when, s after midnight."""

    way: int
    start_s: int
    end_s: int


class Crowd(NamedTuple):
    """How many are at an entrance, every `STEP_S` from `Film.begin_s` on.

    Attributes
    ----------
    id, at
        Its id and (lat, lon).
    places
        Of its car parks together; 0 where it has none.
    parked, people
        Cars in its car parks; people in the park who came in there.
    """

    id: str
    at: Point
    places: int
    parked: list[int]
    people: list[int]


class Film(NamedTuple):
    """A day to be shown.

    Attributes
    ----------
    begin_s, end_s
        First and last moment, s after midnight.
    ways
        Polylines of (lat, lon).
    moves
        By group.
    one_in
        By group: every how many-th party is shown.
    crowds
        By entrance.
    """

    begin_s: int
    end_s: int
    ways: list[list[Point]]
    moves: dict[Group, list[Move]]
    one_in: dict[Group, int]
    crowds: list[Crowd]


def film_of(model: DayModel, day: DayResult) -> Film:
    """Return a simulated day as a film.

    Cars and vehicles follow the streets. Of walkers the simulation knows when they enter and
    leave the park, not where they walk: they are drawn there and back on a footpath from their
    entrance that fits their time.

    Parameters
    ----------
    model
        What was offered.
    day
        What happened.
    """
    ways = _Ways(model)
    driven = drives(day.events, day.parties, model)
    walked = stays(day.events)
    moves: dict[Group, list[Move]] = {"car": [], "shuttle": [], "bus": [], "people": []}
    one_in: dict[Group, int] = {"car": _one_in(len(driven)), "people": _one_in(len(walked))}
    for drive in driven:
        if drive.party % one_in["car"] == 0:
            beyond_s = ways.beyond_s(drive.zone) if -1 in (drive.origin, drive.destination) else 0.0
            begin_s = drive.start_s + (beyond_s if drive.origin < 0 else 0.0)
            end_s = drive.end_s - (beyond_s if drive.destination < 0 else 0.0)
            way = ways.drive(drive.zone, drive.origin, drive.destination)
            moves["car"].append(_move(way, begin_s, end_s))
    for stay in walked:
        if stay.party % one_in["people"] == 0:
            found = ways.walk(stay.entrance, stay.end_s - stay.start_s, stay.party)
            if found is not None:
                moves["people"].append(_move(found, stay.start_s, stay.end_s))
    for index, service in enumerate(model.services):
        group: Group = "shuttle" if service.mode == "shuttle" else "bus"
        for run in vehicle_runs(day.events, service, index):
            way = ways.line(index, run.origin, run.destination)
            moves[group].append(_move(way, run.start_s, run.end_s))
    begin_s, end_s = _span(moves)
    grid = np.arange(begin_s, end_s + 1, STEP_S, dtype=np.float64)
    crowds = [_crowd(model, day, index, grid) for index in range(len(model.entrances))]
    return Film(begin_s, end_s, ways.found, moves, one_in, crowds)


def _one_in(count: int) -> int:
    return max(1, math.ceil(count / MOST_MOVES))


def _move(way: int, start_s: float, end_s: float) -> Move:
    start = round(start_s)
    return Move(way, start, max(round(end_s), start + 1))


def _span(moves: dict[Group, list[Move]]) -> tuple[int, int]:
    """Return when the first begins and the last ends, in whole steps; a day where nobody moves."""
    all_of = [one for group in moves.values() for one in group]
    first = min((one.start_s for one in all_of), default=8 * 3600)
    last = max((one.end_s for one in all_of), default=20 * 3600)
    return first // STEP_S * STEP_S, -(-last // STEP_S) * STEP_S


def _crowd(model: DayModel, day: DayResult, index: int, grid: NDArray[np.float64]) -> Crowd:
    """Return how many are at an entrance over the day."""
    gate = model.entrances[index]
    lots = model.lots_of(index)
    times, taken = occupancy(day.events, model, index)
    crowd = day.events.of(Kind.ENTERS_PARK, Kind.LEAVES_PARK, place=index)
    step = np.where(crowd.kind == Kind.ENTERS_PARK, crowd.people, -crowd.people)
    return Crowd(
        gate.id,
        (gate.lat, gate.lon),
        sum(model.car_parks[lot].capacity for lot in lots),
        _levels(times, taken.sum(axis=0), grid),
        _levels(crowd.time_s, np.cumsum(step), grid),
    )


def _levels(
    times: NDArray[np.float64], levels: NDArray[np.int64], grid: NDArray[np.float64]
) -> list[int]:
    """Return a level that changes at some times as it is on a grid; 0 before the first."""
    padded = np.concatenate([[0], levels])
    found: list[int] = padded[np.searchsorted(times, grid, side="right")].tolist()
    return found


class _Ways:
    """The ways of a day, each found once."""

    def __init__(self, model: DayModel) -> None:
        self.model = model
        self.found: list[list[Point]] = []
        self._index: dict[tuple[object, ...], int] = {}
        self._starts = starts(load_zones(), Gazetteer.bundled())
        self._walks: dict[int, list[tuple[float, int]]] = {}
        self._goals = [self._driven_to(gate) for gate in range(len(model.entrances))]

    def _driven_to(self, gate: int) -> Point:
        """Return where cars drive to: the entrance's first car park, or the entrance itself."""
        lots = self.model.lots_of(gate)
        place = self.model.car_parks[lots[0]] if lots else self.model.entrances[gate]
        return float(place.lat), float(place.lon)

    def beyond_s(self, zone: int) -> float:
        """Return how long people drive before they reach the streets of the map, s."""
        return float(self._starts.drive_s[zone])

    def drive(self, zone: int, origin: int, destination: int) -> int:
        """Return a car's way; -1 stands for home."""
        ends = [
            self._starts.street[zone] if gate < 0 else self._goals[gate]
            for gate in (origin, destination)
        ]
        return self._once(("drive", *ends), lambda: road(ends)[0])

    def line(self, service: int, origin: int, destination: int) -> int:
        """Return a vehicle's way between two stops."""
        line = self.model.services[service]
        ends = [(float(line.lat[stop]), float(line.lon[stop])) for stop in (origin, destination)]
        return self._once(("drive", *ends), lambda: road(ends)[0])

    def walk(self, gate: int, stay_s: float, party: int) -> int | None:
        """Return a way there and back for a party; None where no footpath is known."""
        if gate not in self._walks:
            self._walks[gate] = self._footpaths(gate)
        known = self._walks[gate]
        fit = [way for duration_s, way in known if duration_s <= OUT_SHARE * stay_s]
        if not known:
            return None
        return fit[party % len(fit)] if fit else known[0][1]

    def _footpaths(self, gate: int) -> list[tuple[float, int]]:
        """Return walks from an entrance, the shortest first: time out, s, and the way.

        Those that lead over trails, where there are any; else any walk.
        """
        network = load_network()
        entrance = self.model.entrances[gate]
        here = float(entrance.lat), float(entrance.lon)
        try:
            near = reach(network, here, Mode.WALK, WALK_LIMIT_S)
        except OffNetworkError:
            return []
        tables = network.tables
        walks: list[tuple[float, float, list[Point]]] = []
        for node, duration_s in zip(near.nodes.tolist(), near.duration_s.tolist(), strict=True):
            if duration_s < SHORTEST_WALK_S:
                continue
            goal = float(tables.node_lat[node]), float(tables.node_lon[node])
            path = shortest_path(network, here, goal, Mode.WALK)
            wild_m = sum(step.length_m for step in path.steps if step.kind in TRAILS)
            out = list(path.coordinates)
            share = wild_m / max(path.length_m, 1.0)
            walks.append((share, path.duration_s, [*out, *reversed(out[:-1])]))
        wild = [walk for walk in walks if walk[0] >= ON_TRAILS] or walks
        wild.sort(key=lambda walk: walk[1])
        return [
            (duration_s, self._once(("walk", gate, rank), lambda line=line: line))  # type: ignore[misc]
            for rank, (_, duration_s, line) in enumerate(wild)
        ]

    def _once(self, key: tuple[object, ...], find: Callable[[], Sequence[Point]]) -> int:
        """Return the index of a way, found and simplified the first time it is asked for."""
        if key not in self._index:
            self._index[key] = len(self.found)
            self.found.append(_simplified(find()))
        return self._index[key]


def _simplified(line: Sequence[Point]) -> list[Point]:
    """Return a line without bends too small to see."""
    drawn = LineString(line).simplify(TOLERANCE_DEG, preserve_topology=False)
    return [(round(lat, 5), round(lon, 5)) for lat, lon in drawn.coords]


def to_json(film: Film) -> dict[str, Any]:
    """Return a film as plain lists, its points as (lon, lat) the way deck.gl has them."""
    return {
        "begin": film.begin_s,
        "end": film.end_s,
        "step": STEP_S,
        "ways": [[[lon, lat] for lat, lon in way] for way in film.ways],
        "moves": {group: [list(move) for move in moves] for group, moves in film.moves.items()},
        "crowds": [
            {
                "id": crowd.id,
                "at": [crowd.at[1], crowd.at[0]],
                "places": crowd.places,
                "parked": crowd.parked,
                "people": crowd.people,
            }
            for crowd in film.crowds
        ],
    }
