"""Which of many fixed places lie within a limit of a point, and how far: asked over and over.

Every place leaves its cost from the nodes above it in the hierarchy there; whoever asks climbs
from the point and picks up what it meets. Buckets of Knopp, Sanders, Schultes, Schulz and Wagner,
"Computing many-to-many shortest paths using highway hierarchies" (ALENEX 2007).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lastmile.errors import RequestError
from lastmile.network.compiled import compiled
from lastmile.network.costs import MM_PER_M, MS_PER_S
from lastmile.network.edge_costs import EdgeCosts
from lastmile.network.hierarchy import SHIFT, UNREACHABLE, climb, forget, ranks, unpack

if TYPE_CHECKING:
    from lastmile.network.access import Mode
    from lastmile.network.hierarchy import Metric
    from lastmile.network.street import Places, StreetNetwork
    from lastmile.network.tables import Floats, Ints, Longs


@dataclass(frozen=True, eq=False)
class Nearby:
    """Places to which the ways from anywhere nearby are wanted.

    Attributes
    ----------
    network, mode
        The streets, and who moves on them.
    places
        The (m,) places; those off the network are never near.
    limit_s
        How far to look.
    """

    network: StreetNetwork
    mode: Mode
    places: Places
    limit_s: float
    _costs: EdgeCosts
    _metric: Metric
    _first: Longs
    _place: Ints
    _cost: Longs

    @classmethod
    def build(
        cls,
        network: StreetNetwork,
        places: Places,
        mode: Mode,
        limit_s: float,
        *,
        step_free: bool = False,
    ) -> Nearby:
        """Lay down the costs to the places.

        Parameters
        ----------
        network, mode, step_free
            As :func:`lastmile.network.paths.matrix`.
        places
            Where to.
        limit_s
            The longest way of interest, those between points and the network included.
        """
        costs = EdgeCosts(network, mode, "time", step_free=step_free)
        metric = network.metric(mode, "time", step_free=step_free)
        h = metric.hierarchy
        ends = costs.arriving(places.edge, places.fraction)
        buckets = _lay_down(
            (h.start, h.head, h.parent),
            metric.down,
            (ranks(h.rank, ends.nodes), ends.costs),
            h.scratch(),
            _packed(limit_s),
        )
        return cls(network, mode, places, limit_s, costs, metric, *buckets)

    def within(self, origin: Places, limit_s: float) -> tuple[Ints, Floats, Floats]:
        """Return the places within a limit of a point on the network.

        Parameters
        ----------
        origin
            One place.
        limit_s
            No more than the limit the places were laid down with.

        Returns
        -------
        tuple of numpy.ndarray
            (n,) places, ascending; duration (s) and length (m) of the way to each, from point to
            point as :func:`lastmile.network.paths.matrix` has it.

        Raises
        ------
        RequestError
            The limit is beyond that of the places.
        """
        if limit_s > self.limit_s:
            raise RequestError(f"ways of {limit_s} s asked for where {self.limit_s} s are known")
        h = self._metric.hierarchy
        ends = self._costs.departing(origin.edge, origin.fraction)
        best = _pick_up(
            (h.start, h.head, h.parent),
            self._metric.up,
            (ranks(h.rank, ends.nodes)[0], ends.costs[0]),
            h.scratch(),
            (self._first, self._place, self._cost),
            _packed(limit_s),
            len(self.places),
        )
        same = np.flatnonzero(self.places.edge == origin.edge[0])
        if len(same):
            begin = np.full(len(same), origin.fraction[0])
            direct = self._costs.along(self.places.edge[same], begin, self.places.fraction[same])
            best[same] = np.minimum(best[same], direct)
        found = np.flatnonzero(best < UNREACHABLE)
        time_ms, length_mm = unpack(best[found])
        access_m = origin.distance_m[0] + self.places.distance_m[found]
        duration_s = time_ms / MS_PER_S + access_m / self.network.speeds.walk_m_s
        near = duration_s <= limit_s
        return (
            found[near].astype(np.int32),
            duration_s[near],
            (length_mm / MM_PER_M + access_m)[near],
        )


def _packed(limit_s: float) -> int:
    """Return the least packed cost above a limit of time."""
    return (int(limit_s * MS_PER_S) + 1) << SHIFT


@compiled
def _lay_down(
    graph: tuple[Longs, Ints, Ints],
    weight: Longs,
    target: tuple[Ints, Longs],
    scratch: tuple[Longs, Longs, Ints, Ints, Ints],
    limit: int,
) -> tuple[Longs, Ints, Longs]:  # pragma: no cover - compiled
    """Return for every rank its first entry, and the entries: place and cost from there."""
    parent = graph[2]
    nodes, costs = target
    dist, pred = scratch[0], scratch[2]
    first = np.zeros(len(parent) + 1, np.int64)
    place = np.empty(0, np.int32)
    cost = np.empty(0, np.int64)
    for write in range(2):
        for t in range(len(nodes)):
            climb(graph, weight, nodes[t], costs[t], dist, pred, limit)
            for i in range(2):
                x = nodes[t, i]
                # The other end's chain joins this one's: what it has seen is beyond the limit now.
                while x >= 0:
                    if dist[x] < limit:
                        if write:
                            place[first[x]] = t
                            cost[first[x]] = dist[x]
                        first[x if write else x + 1] += 1
                        dist[x] = UNREACHABLE
                    x = parent[x]
            forget(parent, nodes[t], dist)
        if not write:
            first = np.cumsum(first)
            place = np.empty(first[-1], np.int32)
            cost = np.empty(first[-1], np.int64)
    for x in range(len(parent), 0, -1):
        first[x] = first[x - 1]
    first[0] = 0
    return first, place, cost


@compiled
def _pick_up(
    graph: tuple[Longs, Ints, Ints],
    weight: Longs,
    source: tuple[Ints, Longs],
    scratch: tuple[Longs, Longs, Ints, Ints, Ints],
    buckets: tuple[Longs, Ints, Longs],
    limit: int,
    count: int,
) -> Longs:  # pragma: no cover - compiled
    """Return the least cost to each place, UNREACHABLE from the limit on."""
    parent = graph[2]
    nodes, costs = source
    first, place, cost = buckets
    dist, pred = scratch[0], scratch[2]
    best = np.full(count, UNREACHABLE, np.int64)
    climb(graph, weight, nodes, costs, dist, pred, limit)
    for i in range(2):
        x = nodes[i]
        while x >= 0:
            if dist[x] < limit:
                for e in range(first[x], first[x + 1]):
                    whole = dist[x] + cost[e]
                    if whole < limit and whole < best[place[e]]:
                        best[place[e]] = whole
                dist[x] = UNREACHABLE
            x = parent[x]
    forget(parent, nodes, dist)
    return best
