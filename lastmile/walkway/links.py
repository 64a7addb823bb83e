"""New walking links: where the way round is long, and which links save most walking.

A candidate joins two junctions that lie near to each other while the way between them is long. What
it saves a walker is exact for one link alone; of several links each walker is taken to use the best
one only, so that a set is worth at least what is said here. :func:`applied` gives the exact saving
of a set on the edited network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from lastmile.errors import RequestError
from lastmile.network.access import Mode
from lastmile.network.edits import NewLink
from lastmile.network.paths import matrix
from lastmile.units import SECONDS_PER_MINUTE
from lastmile.walkway.barriers import SPAN_M, Barriers
from lastmile.walkway.catchments import WALK
from lastmile.walkway.demand import walkers
from lastmile.walkway.selection import GUARANTEE, select, select_exactly
from lastmile.walkway.shore import metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lastmile.network.street import Places, StreetNetwork
    from lastmile.walkway.barriers import Verdict
    from lastmile.walkway.catchments import Access
    from lastmile.walkway.selection import Selection
    from lastmile.walkway.shore import Point

    Floats = NDArray[np.float64]
    Longs = NDArray[np.int64]

SHORTEST_M, LONGEST_M = 20.0, 300.0
DETOUR = 2.0
"""The way round is this many times the link, or it is no detour."""
LEAST_SAVED_M = 60.0
"""A link that brings nobody nearer to their goal by this much is left out."""
LEAST_SHARE = 0.002
"""Pairs of station and goal with a smaller share of all walkers are left out."""
TRIED = 2000
KEPT = 60
SAME_M = 80.0
"""Two links whose ends lie nearer to each other than this are one proposal."""
EXACT_UP_TO = 60
MOST_BUDGET_M = 50_000.0


@dataclass(frozen=True)
class Candidate:
    """A link that would shorten walks.

    Attributes
    ----------
    points
        Its two ends.
    length_m
        Metres to build.
    round_m
        The way between its ends today.
    cost_m
        Metres of plain path that cost as much: bridges and underpasses count ``bridge_m`` fold.
    crosses
        Roads it needs a bridge or an underpass at.
    saved_min
        Person-minutes saved a day, there and back, if it alone is built.
    helps
        The walk it shortens for most: "Matinkylä - Nokkala".
    """

    points: tuple[Point, Point]
    length_m: float
    round_m: float
    cost_m: float
    crosses: tuple[str, ...]
    saved_min: float
    helps: str

    @property
    def detour(self) -> float:
        """How many times the straight line the way round is today."""
        return self.round_m / self.length_m


@dataclass(frozen=True)
class Refused:
    """A link that would save walking but cannot be built, as far as the data can tell."""

    points: tuple[Point, Point]
    length_m: float
    saved_min: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Links that would shorten walks.

    Attributes
    ----------
    links
        Those that can be built, the most useful for their cost first.
    refused
        Those that cannot.
    values
        (links, walks) person-minutes a day each link saves on each walk.
    """

    links: tuple[Candidate, ...]
    refused: tuple[Refused, ...]
    values: Floats


@dataclass(frozen=True)
class LinkPlan:
    """The best links for a budget of metres.

    Attributes
    ----------
    links
        Those chosen, in the order of choosing.
    saved_min
        Person-minutes a day they save together, at least.
    bound
        No choice among the candidates within the budget is worth more (by the same reckoning).
    exact
        Whether the choice is the best one, found by a solver.
    guarantee
        The share of the best that the greedy method always reaches.
    cost_m
        Metres spent.
    """

    links: tuple[Candidate, ...]
    saved_min: float
    bound: float
    exact: bool
    guarantee: float
    cost_m: float

    def edits(self) -> tuple[NewLink, ...]:
        """Return the links as what-if edits of a street network."""
        return tuple(
            NewLink(f"link-{number}", link.points, frozenset({Mode.WALK}))
            for number, link in enumerate(self.links, start=1)
        )


@dataclass(frozen=True, eq=False)
class _Walks:
    """The walks that matter, with the lengths from every station and goal to every junction."""

    station: Longs
    target: Longs
    per_day: Floats
    now_m: Floats
    from_station: Floats
    from_target: Floats


def candidates(access: Access) -> Candidates:
    """Return the links that would shorten walks to the shore, and those refused."""
    network, shore = access.network, access.shore
    lat, lon = _junctions(access)
    on = network.snap_many(lat, lon, WALK.mode, max_distance_m=1.0)
    walks = _walks(access, on)
    xy = metric(np.stack([lat, lon], axis=1))
    pairs, length_m = _pairs(xy, walks)
    minute_m = network.speeds.walk_m_s * SECONDS_PER_MINUTE
    values = _saved_m(walks, pairs, length_m) * (2.0 * walks.per_day / minute_m)
    total = values.sum(axis=1)
    order = np.argsort(-total / length_m, kind="stable")[:TRIED]
    barriers = Barriers(network, shore)
    bridge_m = shore.parameters.value("bridge_m")
    links: list[Candidate] = []
    refused: list[Refused] = []
    kept: list[int] = []
    ends: list[Floats] = []
    for i in order.tolist():
        if len(links) == KEPT or total[i] <= 0:
            break
        here, there = pairs[i].tolist()
        if _known(ends, xy[here], xy[there]):
            continue
        points = ((float(lat[here]), float(lon[here])), (float(lat[there]), float(lon[there])))
        verdict = barriers.verdict(points)
        ends.append(np.array([xy[here], xy[there]]))
        if verdict.reasons:
            refused.append(Refused(points, verdict.length_m, float(total[i]), verdict.reasons))
            continue
        apart = matrix(network, [points[0]], [points[1]], WALK.mode, objective="length")
        links.append(
            Candidate(
                points=points,
                length_m=verdict.length_m,
                round_m=float(apart.length_m[0, 0]),
                cost_m=_cost_m(verdict, bridge_m),
                crosses=verdict.crosses,
                saved_min=float(total[i]),
                helps=_helps(access, walks, values[i]),
            )
        )
        kept.append(i)
    return Candidates(tuple(links), tuple(refused), values[kept])


def link_plan(found: Candidates, budget_m: float, *, exact: bool | None = None) -> LinkPlan:
    """Return the best links for a budget.

    Parameters
    ----------
    found
        What there is to choose from.
    budget_m
        Metres of plain path.
    exact
        Whether to ask a solver for the best choice; where not said, for small cases only.

    Raises
    ------
    RequestError
        The budget makes no sense.
    """
    if not 0 < budget_m <= MOST_BUDGET_M:
        raise RequestError(
            f"a budget of {budget_m:g} m is not possible; give 1 to {MOST_BUDGET_M:,.0f} m"
        )
    if not found.links:
        return LinkPlan((), 0.0, 0.0, exact=True, guarantee=1.0, cost_m=0.0)
    costs = np.array([link.cost_m for link in found.links])
    solve = len(costs) <= EXACT_UP_TO if exact is None else exact
    method = select_exactly if solve else select
    chosen: Selection = method(found.values, costs, budget_m)
    return LinkPlan(
        links=tuple(found.links[i] for i in chosen.chosen),
        saved_min=chosen.value,
        bound=chosen.bound,
        exact=solve,
        guarantee=1.0 if solve else GUARANTEE,
        cost_m=chosen.cost,
    )


def applied(access: Access, edits: Sequence[NewLink]) -> float:
    """Return the person-minutes a day that links save together, exactly, on the edited network.

    Raises
    ------
    OffNetworkError, RequestError
        A link does not fit the network.
    """
    flows = walkers(access)
    edited = access.with_network(access.network.with_edits(edits))
    before, after = access.times(WALK).length_m, edited.times(WALK).length_m
    known = np.isfinite(before)
    saved_m = np.maximum(before[known] - after[known], 0.0)
    minute_m = access.network.speeds.walk_m_s * SECONDS_PER_MINUTE
    return float((saved_m * flows.per_day[known]).sum() * 2.0 / minute_m)


def _junctions(access: Access) -> tuple[Floats, Floats]:
    """Return the junctions round the stations and the shore."""
    t = access.network.tables
    known = metric([place.point for place in (*access.stations, *access.targets)])
    (west, south), (east, north) = known.min(axis=0) - LONGEST_M, known.max(axis=0) + LONGEST_M
    open_to_walkers = access.network.usable(WALK.mode)
    nodes = np.unique(np.concatenate([t.edge_from[open_to_walkers], t.edge_to[open_to_walkers]]))
    lat, lon = t.node_lat[nodes], t.node_lon[nodes]
    x, y = metric(np.stack([lat, lon], axis=1)).T
    inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    return lat[inside], lon[inside]


def _walks(access: Access, on: Places) -> _Walks:
    """Return the walks with enough walkers, and lengths from their ends to the junctions."""
    network = access.network
    flows = walkers(access)
    length_m = access.times(WALK).length_m
    enough = flows.per_day >= LEAST_SHARE * flows.per_day.sum()
    station, target = np.nonzero(enough & np.isfinite(length_m))
    stations, targets = access.ends(WALK)
    one, other = (
        matrix(network, ends.at, on, WALK.mode, objective="length").length_m
        for ends in (stations, targets)
    )
    return _Walks(
        station, target, flows.per_day[station, target], length_m[station, target], one, other
    )


def _pairs(xy: Floats, walks: _Walks) -> tuple[Longs, Floats]:
    """Return the pairs of junctions worth joining, (k, 2), and how far apart they are, (k,).

    A link saves a walk from a station only where its far end lies further from the station than
    its near end by more than its own length.
    """
    pairs = cKDTree(xy).query_pairs(LONGEST_M, output_type="ndarray")
    length_m = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    worth = length_m >= SHORTEST_M
    pairs, length_m = pairs[worth], length_m[worth]
    useful = np.zeros(len(pairs), bool)
    for metres in walks.from_station[np.unique(walks.station)]:
        apart = np.abs(metres[pairs[:, 0]] - metres[pairs[:, 1]])
        useful |= np.isfinite(apart) & (
            apart >= np.maximum(LEAST_SAVED_M + length_m, DETOUR * length_m)
        )
    return pairs[useful].astype(np.int64), length_m[useful]


def _saved_m(walks: _Walks, pairs: Longs, length_m: Floats) -> Floats:
    """Return the metres each link saves on each walk, (links, walks)."""
    saved = np.zeros((len(pairs), len(walks.station)))
    one, other = pairs.T
    for k, (station, target) in enumerate(zip(walks.station, walks.target, strict=True)):
        out, home = walks.from_station[station], walks.from_target[target]
        through = np.minimum(out[one] + home[other], out[other] + home[one]) + length_m
        saved[:, k] = np.maximum(walks.now_m[k] - through, 0.0)
    return saved


def _known(ends: list[Floats], here: Floats, there: Floats) -> bool:
    """Tell whether a link much like this one was looked at."""
    if not ends:
        return False
    known = np.stack(ends)
    for first, second in ((here, there), (there, here)):
        apart = np.hypot(*(known - np.array([first, second])).transpose(2, 0, 1))
        if (apart.max(axis=1) < SAME_M).any():
            return True
    return False


def _cost_m(verdict: Verdict, bridge_m: float) -> float:
    return verdict.length_m + len(verdict.crosses) * SPAN_M * (bridge_m - 1.0)


def _helps(access: Access, walks: _Walks, values: Floats) -> str:
    most = int(np.argmax(values))
    station = access.stations[int(walks.station[most])]
    return f"{station.name_fi} - {access.targets[int(walks.target[most])].name_fi}"


def network_with(network: StreetNetwork, plan: LinkPlan) -> StreetNetwork:
    """Return the streets with a plan's links, for every part that asks for ways."""
    return network.with_edits(plan.edits())
