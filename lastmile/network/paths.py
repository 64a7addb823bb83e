"""Shortest paths on the streets: one-to-one, one-to-many, matrix, reach, isochrone.

A place is a ``(lat, lon)`` pair or a :class:`~lastmile.network.street.Snap`. What lies between a
point and the network is walked as the crow flies and is part of every duration and length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lastmile.errors import NoRouteError, RequestError
from lastmile.messages import MODE_WORDS, Message
from lastmile.network.access import Flag, Mode
from lastmile.network.compiled import compiled
from lastmile.network.costs import MM_PER_M, MS_PER_S
from lastmile.network.edge_costs import EdgeCosts, check_open
from lastmile.network.hierarchy import SHIFT, UNREACHABLE, Ends, unpack
from lastmile.network.search import within
from lastmile.network.street import Places, Snap
from lastmile.network.track import SAME_DEGREES, Pieces, line, pieces, runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from lastmile.network.costs import ArcCosts, Objective
    from lastmile.network.street import StreetNetwork
    from lastmile.network.tables import Floats, Ints

    Bools = NDArray[np.bool_]
    Place = tuple[float, float] | Snap
    PlaceList = Sequence[Place] | Places | NDArray[np.float64]

OFF_NETWORK = "off-network"
_STEPS, _PUSH = int(Flag.STEPS), int(Flag.PUSH)


class Step(NamedTuple):
    """One stretch of a path on one street.

    Attributes
    ----------
    name
        Name of the street, empty where it has none.
    length_m, duration_s
        How long it is and takes.
    kind
        The ``highway`` class, or ``off-network`` for the way between a point and the network.
    steps
        Whether these are stairs.
    pushed
        Whether a bike is pushed here.
    """

    name: str
    length_m: float
    duration_s: float
    kind: str
    steps: bool = False
    pushed: bool = False


@dataclass(frozen=True, slots=True)
class StreetPath:
    """A path between two places.

    Attributes
    ----------
    mode
        Who takes it.
    duration_s, length_m
        From point to point: on the streets and, walked, off them at both ends.
    coordinates
        ``(lat, lon)`` from point to point.
    steps
        Street by street.
    climb_m
        Metres climbed; ``None`` where heights are not known all the way.
    access_m
        The part of ``length_m`` off the network.
    """

    mode: Mode
    duration_s: float
    length_m: float
    coordinates: tuple[tuple[float, float], ...]
    steps: tuple[Step, ...]
    climb_m: float | None
    access_m: float


@dataclass(frozen=True, eq=False)
class TravelTimes:
    """Durations and lengths of best paths, inf where there is no way.

    Attributes
    ----------
    duration_s, length_m
        (m,) from one place, (n, m) of a matrix; both of one and the same path.
    """

    duration_s: Floats
    length_m: Floats


@dataclass(frozen=True, eq=False)
class Reach:
    """The streets within a limit.

    Attributes
    ----------
    nodes, duration_s
        Junctions within the limit and how long it takes there, nearest first.
    edge, from_fraction, to_fraction
        The stretches of streets covered; a street reached from both ends without being covered
        whole is there twice.
    origin
        Where it all begins.
    limit_s
        The limit.
    """

    nodes: Ints
    duration_s: Floats
    edge: Ints
    from_fraction: Floats
    to_fraction: Floats
    origin: Snap
    limit_s: float


def shortest_path(
    network: StreetNetwork,
    origin: Place,
    destination: Place,
    mode: Mode | str,
    *,
    objective: Objective = "time",
    step_free: bool = False,
) -> StreetPath:
    """Return the best path between two places.

    Parameters
    ----------
    network
        The streets.
    origin, destination
        ``(lat, lon)`` points or places on the network.
    mode
        Who travels.
    objective
        Whether the least ``"time"`` or the least ``"length"`` is wanted.
    step_free
        Whether to keep off steps.

    Raises
    ------
    OffNetworkError
        A point lies too far from the network.
    NoRouteError
        There is no way.
    """
    mode = Mode(mode)
    start = _place(network, origin, mode, step_free=step_free)
    goal = _place(network, destination, mode, step_free=step_free)
    way = find_way(network, start, goal, mode, objective=objective, step_free=step_free)
    return way.path(origin, destination)


def one_to_many(
    network: StreetNetwork,
    origin: Place,
    destinations: PlaceList,
    mode: Mode | str,
    *,
    objective: Objective = "time",
    step_free: bool = False,
) -> TravelTimes:
    """Return duration and length of the best paths from one place to many, (m,) each.

    As :func:`matrix` with one origin.
    """
    origins = _places(network, [origin], Mode(mode), step_free=step_free)
    times = matrix(network, origins, destinations, mode, objective=objective, step_free=step_free)
    return TravelTimes(times.duration_s[0], times.length_m[0])


def matrix(
    network: StreetNetwork,
    origins: PlaceList,
    destinations: PlaceList,
    mode: Mode | str,
    *,
    objective: Objective = "time",
    step_free: bool = False,
) -> TravelTimes:
    """Return duration and length of the best paths between all pairs, (n, m) each.

    Parameters
    ----------
    network
        The streets.
    origins, destinations
        ``(lat, lon)`` points, an (n, 2) array of them, or :class:`Places`.
    mode, objective, step_free
        As in :func:`shortest_path`.

    Returns
    -------
    TravelTimes
        inf where there is no way or a point lies too far off the network.
    """
    mode = Mode(mode)
    start = _places(network, origins, mode, step_free=step_free)
    goal = _places(network, destinations, mode, step_free=step_free)
    costs = EdgeCosts(network, mode, objective, step_free=step_free)
    metric = network.metric(mode, objective, step_free=step_free)
    best = metric.matrix(
        costs.departing(start.edge, start.fraction), costs.arriving(goal.edge, goal.fraction)
    )
    same = (start.edge[:, None] == goal.edge[None, :]) & (start.edge >= 0)[:, None]
    i, j = np.nonzero(same)
    if len(i):
        direct = costs.along(start.edge[i], start.fraction[i], goal.fraction[j])
        best[i, j] = np.minimum(best[i, j], direct)
    reached = best < UNREACHABLE
    first, second = unpack(best)
    time_ms, length_mm = (first, second) if objective == "time" else (second, first)
    access_m = start.distance_m[:, None] + goal.distance_m[None, :]
    walk = network.speeds.walk_m_s
    return TravelTimes(
        duration_s=np.where(reached, time_ms / MS_PER_S + access_m / walk, np.inf),
        length_m=np.where(reached, length_mm / MM_PER_M + access_m, np.inf),
    )


def reach(
    network: StreetNetwork,
    origin: Place,
    mode: Mode | str,
    limit_s: float,
    *,
    step_free: bool = False,
) -> Reach:
    """Return the streets that can be reached from a place within a time.

    Parameters
    ----------
    network
        The streets.
    origin
        Where one starts.
    mode, step_free
        As in :func:`shortest_path`.
    limit_s
        The time, the way from the point to the network included.

    Raises
    ------
    OffNetworkError
        The point lies too far from the network.
    """
    if not 0 <= limit_s < np.inf:
        raise RequestError(f"a time limit cannot be {limit_s} s")
    mode = Mode(mode)
    place = _place(network, origin, mode, step_free=step_free)
    costs = EdgeCosts(network, mode, "time", step_free=step_free)
    budget = int((limit_s - place.distance_m / network.speeds.walk_m_s) * MS_PER_S)
    ends = costs.departing(np.array([place.edge], np.int32), np.array([place.fraction]))
    time_ms = costs.costs.open_time_ms
    node_ms = np.where(ends.nodes[0] >= 0, ends.costs[0] >> SHIFT, 0)
    nodes, spent = within(network.adjacency, time_ms, ends.nodes[0], node_ms, budget)

    adjacency = network.adjacency
    counts = adjacency.start[nodes + 1] - adjacency.start[nodes]
    first = np.repeat(
        adjacency.start[nodes] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts
    )
    arcs = adjacency.arc[first + np.arange(len(first))]
    left = np.repeat(budget - spent, counts)
    passable = time_ms[arcs] < UNREACHABLE
    arcs, left = arcs[passable], left[passable]
    share = np.minimum(1.0, left / np.maximum(time_ms[arcs], 1))
    onward = arcs & 1 == 0
    edge = arcs >> 1
    begin = np.where(onward, 0.0, 1.0 - share)
    end = np.where(onward, share, 1.0)
    own_edge, own_begin, own_end = _around(costs.costs, place, max(budget, 0))
    edge, begin, end = _joined(
        np.concatenate([edge, own_edge]),
        np.concatenate([begin, own_begin]),
        np.concatenate([end, own_end]),
    )
    access_s = place.distance_m / network.speeds.walk_m_s
    return Reach(nodes, spent / MS_PER_S + access_s, edge, begin, end, place, limit_s)


def isochrone(
    network: StreetNetwork,
    origin: Place,
    mode: Mode | str,
    minutes: Sequence[float],
    *,
    step_free: bool = False,
) -> gpd.GeoDataFrame:
    """Return the area within each number of minutes of a place.

    Parameters
    ----------
    network, origin, mode, step_free
        As in :func:`reach`.
    minutes
        Time limits.

    Returns
    -------
    geopandas.GeoDataFrame
        ``minutes`` ascending and ``geometry`` (EPSG:4326): what lies within
        :data:`lastmile.network.polygons.STRIP_M` of a street covered in that time.
    """
    from lastmile.network.polygons import areas  # noqa: PLC0415 - geopandas only when needed

    reaches = [
        reach(network, origin, mode, 60.0 * limit, step_free=step_free) for limit in sorted(minutes)
    ]
    return areas(network, reaches)


@dataclass(frozen=True, eq=False)
class Way:
    """The best path between two places on the network, not yet laid out.

    Attributes
    ----------
    start, goal
        The places.
    duration_s, length_m
        As of :class:`StreetPath`.
    pieces
        The stretches it follows.
    """

    network: StreetNetwork
    mode: Mode
    costs: EdgeCosts
    start: Snap
    goal: Snap
    duration_s: float
    length_m: float
    pieces: Pieces

    def path(self, origin: Place | None = None, destination: Place | None = None) -> StreetPath:
        """Lay the way out, from and to the points themselves where they are given."""
        walk = self.network.speeds.walk_m_s
        points, climb_m = line(self.network.tables, self.pieces)
        steps = (
            *_off_network(self.start.distance_m, walk),
            *self._steps(),
            *_off_network(self.goal.distance_m, walk),
        )
        return StreetPath(
            mode=self.mode,
            duration_s=self.duration_s,
            length_m=self.length_m,
            coordinates=_from_to(
                origin or self.start, self.start, points, self.goal, destination or self.goal
            ),
            steps=steps,
            climb_m=climb_m,
            access_m=self.start.distance_m + self.goal.distance_m,
        )

    def _steps(self) -> list[Step]:
        """Return one step for each run of stretches on a street of the same name and kind."""
        t = self.network.tables
        edge, time_ms, length_mm = runs(t, self.costs.arrays, self.pieces)
        rides = self.mode in {Mode.BIKE, Mode.EBIKE}
        return [
            Step(
                name=t.names[name],
                length_m=length / MM_PER_M,
                duration_s=time / MS_PER_S,
                kind=t.kinds[kind],
                steps=bool(flags & _STEPS),
                pushed=rides and bool(flags & _PUSH),
            )
            for name, kind, flags, time, length in zip(
                t.edge_name[edge].tolist(),
                t.edge_kind[edge].tolist(),
                t.edge_flags[edge].tolist(),
                time_ms.tolist(),
                length_mm.tolist(),
                strict=True,
            )
        ]


def find_way(
    network: StreetNetwork,
    start: Snap,
    goal: Snap,
    mode: Mode,
    *,
    objective: Objective = "time",
    step_free: bool = False,
) -> Way:
    """Return the best path between two places on the network, to be laid out when it is wanted.

    Parameters and errors are those of :func:`shortest_path`.
    """
    tables = network.tables
    costs = EdgeCosts(network, mode, objective, step_free=step_free)
    edge = np.array([start.edge, goal.edge], np.int32)
    fraction = np.array([start.fraction, goal.fraction])
    check_open(network, edge, mode, step_free=step_free)
    leaving = costs.departing(edge[:1], fraction[:1])
    arriving = costs.arriving(edge[1:], fraction[1:])
    cost, arcs = network.metric(mode, objective, step_free=step_free).route(leaving, arriving)
    direct = UNREACHABLE
    if start.edge == goal.edge:
        direct = int(costs.along(edge[:1], fraction[:1], fraction[1:])[0])
    if min(cost, direct) >= UNREACHABLE:
        raise NoRouteError(
            Message(
                "no way for mode {mode} from {origin} to {destination}",
                mode=MODE_WORDS[mode.value],
                origin=_words(start),
                destination=_words(goal),
            )
        )
    if direct <= cost:
        found = pieces(tables, start, goal, arcs[:0], -1)
    else:
        meeting = -1 if len(arcs) else _meeting(leaving, arriving)
        found = pieces(tables, start, goal, arcs, meeting)
    first, second = divmod(min(cost, direct), 1 << SHIFT)
    time_ms, length_mm = (first, second) if objective == "time" else (second, first)
    access_m = start.distance_m + goal.distance_m
    return Way(
        network=network,
        mode=mode,
        costs=costs,
        start=start,
        goal=goal,
        duration_s=time_ms / MS_PER_S + access_m / network.speeds.walk_m_s,
        length_m=length_mm / MM_PER_M + access_m,
        pieces=found,
    )


def _from_to(
    origin: Place, start: Snap, points: Floats, goal: Snap, destination: Place
) -> tuple[tuple[float, float], ...]:
    """Return the line from point to point, each once; a line keeps two points at least."""
    lat, lon = points.T.tolist()
    middle = list(zip(lat, lon, strict=True))
    ahead = [] if isinstance(origin, Snap) else [(float(origin[0]), float(origin[1]))]
    behind = (
        [] if isinstance(destination, Snap) else [(float(destination[0]), float(destination[1]))]
    )
    found: list[tuple[float, float]] = []
    for part in (ahead, [(start.lat, start.lon)], middle, [(goal.lat, goal.lon)], behind):
        repeats = bool(found and part) and _is_same(found[-1], part[0])
        found += part[1:] if repeats else part
    return tuple(found) if len(found) > 1 else (found[0], found[0])


def _is_same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Tell whether two points are one."""
    return max(abs(one[0] - other[0]), abs(one[1] - other[1])) <= SAME_DEGREES


def _off_network(distance_m: float, walk_m_s: float) -> list[Step]:
    if distance_m == 0:
        return []
    return [Step("", distance_m, distance_m / walk_m_s, OFF_NETWORK)]


def stretch(along: Floats, values: list[Floats], begin: float, end: float) -> list[Floats]:
    """Return values at the points of a stretch of an edge, its two ends included.

    Parameters
    ----------
    along
        (k,) how far each shape point lies along the edge, m.
    values
        (k,) arrays of what to interpolate.
    begin, end
        Fractions of the edge; ``end`` below ``begin`` turns the stretch round.
    """
    low, high = sorted((begin * along[-1], end * along[-1]))
    at = np.concatenate([[low], along[(along > low) & (along < high)], [high]])
    if begin > end:
        at = at[::-1]
    return [np.interp(at, along, value) for value in values]


def _meeting(leaving: Ends, arriving: Ends) -> int:
    """Return the node at which a path without a whole street passes from one edge to another."""
    options = [
        (int(a_cost + b_cost), int(a))
        for a, a_cost in zip(leaving.nodes[0], leaving.costs[0], strict=True)
        for b, b_cost in zip(arriving.nodes[0], arriving.costs[0], strict=True)
        if a == b >= 0
    ]
    return min(options)[1]


def _joined(edge: Ints, begin: Floats, end: Floats) -> tuple[Ints, Floats, Floats]:
    """Unite stretches of the same edge that touch or overlap."""
    order = np.lexsort((begin, edge))
    edge, begin, end = edge[order], begin[order], end[order]
    kept = _unite(edge, begin, end)
    return edge[kept], begin[kept], end[kept]


@compiled
def _unite(edge: Ints, begin: Floats, end: Floats) -> Bools:  # pragma: no cover - compiled
    """Lengthen each stretch by those it touches; tell which ones are left."""
    kept = np.zeros(len(edge), np.bool_)
    last = -1
    for i in range(len(edge)):
        if last >= 0 and edge[last] == edge[i] and begin[i] <= end[last]:
            end[last] = max(end[last], end[i])
        else:
            last = i
            kept[i] = True
    return kept


def _around(costs: ArcCosts, place: Snap, budget_ms: int) -> tuple[Ints, Floats, Floats]:
    """Return the stretches of its own edge that can be covered from a place."""
    forward, backward = costs.time_ms[place.edge]
    is_open = costs.is_open[place.edge]
    end, begin = place.fraction, place.fraction
    if is_open[0]:
        end = min(1.0, end + budget_ms / max(forward, 1))
    if is_open[1]:
        begin = max(0.0, begin - budget_ms / max(backward, 1))
    return np.array([place.edge], np.int32), np.array([begin]), np.array([end])


def _place(network: StreetNetwork, place: Place, mode: Mode, *, step_free: bool) -> Snap:
    if isinstance(place, Snap):
        check_open(network, np.array([place.edge], np.int32), mode, step_free=step_free)
        return place
    return network.snap(place[0], place[1], mode, step_free=step_free)


def _places(network: StreetNetwork, places: PlaceList, mode: Mode, *, step_free: bool) -> Places:
    if isinstance(places, Places):
        check_open(network, places.edge[places.edge >= 0], mode, step_free=step_free)
        return places
    if any(isinstance(place, Snap) for place in places):
        snaps = [_place(network, place, mode, step_free=step_free) for place in places]
        return Places(
            np.array([snap.edge for snap in snaps], np.int32),
            np.array([snap.fraction for snap in snaps]),
            np.array([snap.distance_m for snap in snaps]),
            np.array([snap.lat for snap in snaps]),
            np.array([snap.lon for snap in snaps]),
        )
    points = np.asarray(places, np.float64).reshape(-1, 2)
    return network.snap_many(points[:, 0], points[:, 1], mode, step_free=step_free)


def _words(place: Snap) -> str:
    return f"{place.lat:.5f},{place.lon:.5f}"
