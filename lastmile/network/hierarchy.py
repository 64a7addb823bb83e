"""Customizable contraction hierarchy: exact shortest paths in microseconds.

Dibbelt, Strasser and Wagner, "Customizable Contraction Hierarchies" (ACM Journal of Experimental
Algorithmics 21, 2016). Three steps, each redone only when what it depends on changes:

1. :func:`contraction_order`: nested dissection of the streets (seconds; stored with the network);
2. :class:`Hierarchy`: the shortcuts that order asks for (0.1 s; depends on the junctions alone);
3. :class:`Metric`: their costs for one mode and purpose (0.1 s).

A cost is one 64-bit integer that holds two: what is minimised in its upper half and, carried
along, the other of time and length in its lower half. Comparing and adding such integers compares
and adds both, so every answer is the least cost and, among equals, the least of the other.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from lastmile.network.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lastmile.network.tables import Floats, Ints, Longs

    Bools = NDArray[np.bool_]
    _Scratch = tuple[Longs, Longs, Ints, Ints, Ints]
    """Costs from below and from above, the arcs they came by, and places in a part."""

SHIFT = 31
UNREACHABLE = (1 << 62) - 1
"""Twice this still fits 64 bits, so sums need no guard."""
LANES = 8
"""How many origins of a matrix are swept at once: one cache line of costs."""
FEW = 2
"""From so few origins each is swept alone: laying the arcs out for many would not pay."""
_SMALL = 8


def pack(primary: Longs, secondary: Longs) -> Longs:
    """Return costs that are compared by ``primary``, then by ``secondary``."""
    return (primary << SHIFT) | secondary


def unpack(cost: Longs) -> tuple[Longs, Longs]:
    """Return the two parts of costs; undo :func:`pack`."""
    return cost >> SHIFT, cost & ((1 << SHIFT) - 1)


def contraction_order(lat: Floats, lon: Floats, edge_from: Ints, edge_to: Ints) -> Ints:
    """Return the rank of every node: separators of ever smaller areas, the widest last.

    RoutingKit's inertial flow finds narrow separators; where it is not installed, plain cuts
    across the longer side of each area do, at about twice the time a query.

    Parameters
    ----------
    lat, lon
        (n,) degrees.
    edge_from, edge_to
        (e,) node numbers.

    Returns
    -------
    Ints
        (n,) a permutation of ``0 .. n - 1``.
    """
    count = len(lat)
    order = _inertial_order(lat, lon, edge_from, edge_to)
    if order is None:
        order = coordinate_order(lat, lon, edge_from, edge_to)
    rank = np.empty(count, np.int32)
    rank[order] = np.arange(count, dtype=np.int32)
    return rank


def _inertial_order(lat: Floats, lon: Floats, edge_from: Ints, edge_to: Ints) -> Ints | None:
    try:
        from routingkit_cch import compute_order_inertial  # noqa: PLC0415 - may be missing
    except ImportError:
        return None
    tail = np.concatenate([edge_from, edge_to]).tolist()
    head = np.concatenate([edge_to, edge_from]).tolist()
    order = compute_order_inertial(len(lat), tail, head, lat.tolist(), lon.tolist())
    return np.array(order, np.int32)


def coordinate_order(lat: Floats, lon: Floats, edge_from: Ints, edge_to: Ints) -> Ints:
    """Return nodes in contraction order by cutting areas in halves across their longer side.

    The separator of an area is those nodes of the first half that an edge joins to the second.
    """
    x = lon * np.cos(np.radians(lat.mean() if len(lat) else 0.0))
    order = np.empty(len(lat), np.int32)
    free = len(lat)
    side = np.zeros(len(lat), np.int8)
    areas = [(np.arange(len(lat), dtype=np.int32), edge_from, edge_to)]
    while areas:
        nodes, tail, head = areas.pop()
        if len(nodes) <= _SMALL or len(tail) == 0:
            order[free - len(nodes) : free] = nodes
            free -= len(nodes)
            continue
        axis = x if np.ptp(x[nodes]) > np.ptp(lat[nodes]) else lat
        by_place = nodes[np.argsort(axis[nodes], kind="stable")]
        low, high = by_place[: len(nodes) // 2], by_place[len(nodes) // 2 :]
        side[low], side[high] = 1, 2
        crossing = side[tail] != side[head]
        on_line = np.concatenate([tail[crossing], head[crossing]])
        separator = np.unique(on_line[side[on_line] == 1]).astype(np.int32)
        order[free - len(separator) : free] = separator
        free -= len(separator)
        side[separator] = 0
        for half, number in ((low, 1), (high, 2)):
            inside = (side[tail] == number) & (side[head] == number)
            areas.append((half[side[half] == number], tail[inside], head[inside]))
    return order


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """The shortcuts between nodes, in rank numbers: node ``r`` is the one of rank ``r``.

    Attributes
    ----------
    rank
        (n,) rank of each node of the network.
    start, head
        Arcs upwards from each rank, heads ascending; ``head[start[r]]`` is the parent.
    parent
        (n,) next rank on the way to the top, -1 at a top.
    edge_arc
        (e,) the arc that holds each edge.
    """

    rank: Ints
    start: Longs
    head: Ints
    parent: Ints
    edge_arc: Longs
    edge_rises: Bools
    _scratch: threading.local = field(default_factory=threading.local, repr=False)

    @classmethod
    def build(cls, rank: Ints, edge_from: Ints, edge_to: Ints) -> Hierarchy:
        """Contract all nodes in the order of their ranks."""
        low = np.minimum(rank[edge_from], rank[edge_to])
        high = np.maximum(rank[edge_from], rank[edge_to])
        by_low = np.lexsort((high, low))
        first = np.searchsorted(low[by_low], np.arange(len(rank) + 1)).astype(np.int64)
        start, head, parent = _contract(first, high[by_low].astype(np.int32))
        arc = _arcs_of_edges(start, head, low.astype(np.int32), high.astype(np.int32))
        return cls(rank, start, head, parent, arc, rank[edge_from] < rank[edge_to])

    @property
    def arc_count(self) -> int:
        """How many arcs there are, shortcuts included."""
        return len(self.head)

    def scratch(self) -> _Scratch:
        """Return this thread's working arrays; a query leaves them as it found them."""
        arrays: _Scratch | None = getattr(self._scratch, "arrays", None)
        if arrays is None:
            count = len(self.rank)
            arrays = (
                np.full(count, UNREACHABLE, np.int64),
                np.full(count, UNREACHABLE, np.int64),
                np.empty(count, np.int32),
                np.empty(count, np.int32),
                np.full(count, -1, np.int32),
            )
            self._scratch.arrays = arrays
        return arrays


@dataclass(frozen=True, eq=False)
class Ends:
    """Where trips begin or end: on the network's nodes, at a cost.

    Attributes
    ----------
    nodes
        (n, 2) node numbers, -1 where there is none.
    costs
        (n, 2) packed cost between the place and the node.
    """

    nodes: Ints
    costs: Longs


@dataclass(frozen=True, eq=False)
class Metric:
    """The costs of all arcs of a hierarchy for one mode and purpose.

    Attributes
    ----------
    up, down
        (a,) packed cost of each arc upwards and downwards.
    via_up, via_down
        (a,) the lower node a shortcut bridges, or ``~arc`` for the street arc itself.
    """

    hierarchy: Hierarchy
    up: Longs
    down: Longs
    via_up: Ints
    via_down: Ints

    @classmethod
    def customize(cls, hierarchy: Hierarchy, forward: Longs, backward: Longs) -> Metric:
        """Set the costs of the streets and work out those of all shortcuts.

        Parameters
        ----------
        hierarchy
            The shortcuts.
        forward, backward
            (e,) packed cost of each edge along and against its shape, :data:`UNREACHABLE` where
            it is closed.
        """
        arrays = _customize(
            hierarchy.start,
            hierarchy.head,
            hierarchy.edge_arc,
            hierarchy.edge_rises,
            forward,
            backward,
        )
        return cls(hierarchy, *arrays)

    def route(self, origin: Ends, destination: Ends) -> tuple[int, Ints]:
        """Return the least cost from one place to another and the street arcs of the way there.

        Both have one row. The cost is :data:`UNREACHABLE` and the way empty where there is none.
        """
        h = self.hierarchy
        return _route(
            (h.start, h.head, h.parent, self.up, self.down, self.via_up, self.via_down),
            (ranks(h.rank, origin.nodes)[0], origin.costs[0]),
            (ranks(h.rank, destination.nodes)[0], destination.costs[0]),
            h.scratch(),
        )

    def matrix(self, origins: Ends, destinations: Ends) -> Longs:
        """Return the least packed costs from every origin to every destination, (n, m)."""
        h = self.hierarchy
        search = _rows if len(origins.nodes) <= FEW else _matrix
        return search(
            (h.start, h.head, h.parent, self.up, self.down),
            (ranks(h.rank, origins.nodes), origins.costs),
            (ranks(h.rank, destinations.nodes), destinations.costs),
            h.scratch(),
        )


@compiled
def ranks(rank: Ints, nodes: Ints) -> Ints:  # pragma: no cover - compiled
    """Return the (n, 2) ranks of nodes, -1 where there is none."""
    found = np.full(nodes.shape, -1, np.int32)
    for i in range(nodes.shape[0]):
        for j in range(nodes.shape[1]):
            if nodes[i, j] >= 0:
                found[i, j] = rank[nodes[i, j]]
    return found


@compiled
def _contract(first: Longs, high: Ints) -> tuple[Longs, Ints, Ints]:  # pragma: no cover - compiled
    """Return the arcs of the chordal supergraph: what a node sees upwards, its parent sees too."""
    count = len(first) - 1
    start = np.zeros(count + 1, np.int64)
    parent = np.full(count, -1, np.int32)
    child = np.full(count, -1, np.int32)
    sibling = np.full(count, -1, np.int32)
    seen_by = np.full(count, -1, np.int32)
    head = np.empty(max(16, 4 * len(high)), np.int32)
    used = 0
    for x in range(count):
        begin = used
        bound = first[x + 1] - first[x]
        c = child[x]
        while c >= 0:
            bound += start[c + 1] - start[c]
            c = sibling[c]
        if used + bound > len(head):
            larger = np.empty(max(2 * len(head), used + bound), np.int32)
            larger[:used] = head[:used]
            head = larger
        for k in range(first[x], first[x + 1]):
            y = high[k]
            if seen_by[y] != x:
                seen_by[y] = x
                head[used] = y
                used += 1
        c = child[x]
        while c >= 0:
            for k in range(start[c], start[c + 1]):
                y = head[k]
                if y != x and seen_by[y] != x:
                    seen_by[y] = x
                    head[used] = y
                    used += 1
            c = sibling[c]
        head[begin:used].sort()
        start[x + 1] = used
        if used > begin:
            up = head[begin]
            parent[x] = up
            sibling[x] = child[up]
            child[up] = x
    return start, head[:used].copy(), parent


@compiled
def _find(start: Longs, head: Ints, low: int, high: int) -> int:  # pragma: no cover - compiled
    """Return the arc from ``low`` up to ``high``."""
    a = start[low]
    b = start[low + 1] - 1
    while a < b:
        middle = (a + b) // 2
        if head[middle] < high:
            a = middle + 1
        else:
            b = middle
    return int(a)


@compiled
def _arcs_of_edges(
    start: Longs, head: Ints, low: Ints, high: Ints
) -> Longs:  # pragma: no cover - compiled
    arc = np.empty(len(low), np.int64)
    for e in range(len(low)):
        arc[e] = _find(start, head, low[e], high[e])
    return arc


@compiled
def _customize(  # noqa: C901 - one loop over all triangles
    start: Longs,
    head: Ints,
    edge_arc: Longs,
    edge_rises: Bools,
    forward: Longs,
    backward: Longs,
) -> tuple[Longs, Longs, Ints, Ints]:  # pragma: no cover - compiled
    """Give streets their cost, then relax every lower triangle, the lowest first."""
    up = np.full(len(head), UNREACHABLE, np.int64)
    down = np.full(len(head), UNREACHABLE, np.int64)
    via_up = np.full(len(head), -1, np.int32)
    via_down = np.full(len(head), -1, np.int32)
    for e in range(len(edge_arc)):
        a = edge_arc[e]
        rising, falling = forward[e], backward[e]
        rising_arc, falling_arc = 2 * e, 2 * e + 1
        if not edge_rises[e]:
            rising, falling = falling, rising
            rising_arc, falling_arc = falling_arc, rising_arc
        if rising < up[a]:
            up[a] = rising
            via_up[a] = ~rising_arc
        if falling < down[a]:
            down[a] = falling
            via_down[a] = ~falling_arc
    for x in range(len(start) - 1):
        for i in range(start[x], start[x + 1]):
            y = head[i]
            k = start[y]
            for j in range(i + 1, start[x + 1]):
                z = head[j]
                while head[k] != z:
                    k += 1
                cost = down[i] + up[j]
                if cost < up[k]:
                    up[k] = cost
                    via_up[k] = x
                cost = down[j] + up[i]
                if cost < down[k]:
                    down[k] = cost
                    via_down[k] = x
    return up, down, via_up, via_down


@compiled
def _start(nodes: Ints, costs: Longs, dist: Longs, pred: Ints) -> None:  # pragma: no cover
    """Set out from up to two nodes."""
    for i in range(len(nodes)):
        if nodes[i] >= 0 and costs[i] < dist[nodes[i]]:
            dist[nodes[i]] = costs[i]
            pred[nodes[i]] = -1


@compiled
def _lower(a: int, b: int) -> int:  # pragma: no cover - compiled
    """Return the lower of two ranks that is there; -1 where neither is."""
    if a < 0 or 0 <= b < a:
        return b
    return a


@compiled
def _relax(
    start: Longs, head: Ints, weight: Longs, x: int, dist: Longs, pred: Ints
) -> None:  # pragma: no cover - compiled
    """Relax the arcs upwards from a rank."""
    here = dist[x]
    for k in range(start[x], start[x + 1]):
        cost = here + weight[k]
        if cost < dist[head[k]]:
            dist[head[k]] = cost
            pred[head[k]] = k


@compiled
def climb(
    graph: tuple[Longs, Ints, Ints],
    weight: Longs,
    nodes: Ints,
    costs: Longs,
    dist: Longs,
    pred: Ints,
    limit: int,
) -> None:  # pragma: no cover - compiled
    """Relax arcs upwards from up to two nodes, in the order of rank, up to a cost."""
    start, head, parent = graph
    _start(nodes, costs, dist, pred)
    a, b = nodes[0], nodes[1]
    while max(a, b) >= 0:
        x = _lower(a, b)
        if dist[x] < limit:
            _relax(start, head, weight, x, dist, pred)
        a = parent[x] if a == x else a
        b = parent[x] if b == x else b


@compiled
def forget(parent: Ints, nodes: Ints, dist: Longs) -> None:  # pragma: no cover - compiled
    """Leave the costs above some nodes as they were found."""
    for i in range(len(nodes)):
        x = nodes[i]
        while x >= 0:
            dist[x] = UNREACHABLE
            x = parent[x]


@compiled
def _tail_of(start: Longs, arc: int) -> int:  # pragma: no cover - compiled
    return int(np.searchsorted(start, arc, side="right") - 1)


@compiled
def _unfold(
    start: Longs,
    head: Ints,
    via_up: Ints,
    via_down: Ints,
    chain: list[tuple[int, int]],
    streets: list[int],
) -> None:  # pragma: no cover - compiled
    """Replace shortcuts by what they bridge until only streets are left.

    ``chain`` holds ``2 * arc`` (up) or ``2 * arc + 1`` (down) with its lower node, last first.
    """
    while len(chain) > 0:
        code, low = chain.pop()
        arc = code >> 1
        high = head[arc]
        middle = via_down[arc] if code & 1 else via_up[arc]
        if middle < 0:
            streets.append(int(~middle))
            continue
        to_low = _find(start, head, middle, low)
        to_high = _find(start, head, middle, high)
        if code & 1:
            chain.append((2 * to_low, int(middle)))
            chain.append((2 * to_high + 1, int(middle)))
        else:
            chain.append((2 * to_high, int(middle)))
            chain.append((2 * to_low + 1, int(middle)))


@compiled
def _route(
    graph: tuple[Longs, Ints, Ints, Longs, Longs, Ints, Ints],
    source: tuple[Ints, Longs],
    target: tuple[Ints, Longs],
    scratch: _Scratch,
) -> tuple[int, Ints]:  # pragma: no cover - compiled
    start, head, parent, up, down, via_up, via_down = graph
    source_nodes, source_costs = source
    target_nodes, target_costs = target
    dist_up, dist_down, pred_up, pred_down, _ = scratch
    _start(source_nodes, source_costs, dist_up, pred_up)
    _start(target_nodes, target_costs, dist_down, pred_down)
    best = UNREACHABLE
    top = -1
    a, b = source_nodes[0], source_nodes[1]
    c, d = target_nodes[0], target_nodes[1]
    while max(a, b, c, d) >= 0:
        x = _lower(_lower(a, b), _lower(c, d))
        to_here, from_here = dist_up[x], dist_down[x]
        if to_here + from_here < best:
            best = to_here + from_here
            top = x
        # What costs more than the best way known leads to no better one.
        if to_here < best:
            _relax(start, head, up, x, dist_up, pred_up)
        if from_here < best:
            _relax(start, head, down, x, dist_down, pred_down)
        a = parent[x] if a == x else a
        b = parent[x] if b == x else b
        c = parent[x] if c == x else c
        d = parent[x] if d == x else d

    streets = [0]
    streets.clear()
    if top >= 0:
        chain = [(0, 0)]
        chain.clear()
        x = top
        while pred_up[x] >= 0:
            low = _tail_of(start, pred_up[x])
            chain.append((int(2 * pred_up[x]), int(low)))
            x = low
        _unfold(start, head, via_up, via_down, chain, streets)
        x = top
        while pred_down[x] >= 0:
            low = _tail_of(start, pred_down[x])
            chain.append((int(2 * pred_down[x] + 1), int(low)))
            _unfold(start, head, via_up, via_down, chain, streets)
            x = low
    forget(parent, source_nodes, dist_up)
    forget(parent, target_nodes, dist_down)
    way = np.empty(len(streets), np.int32)
    for i in range(len(streets)):
        way[i] = streets[i]
    return best, way


@compiled
def _above(parent: Ints, nodes: Ints, place: Ints) -> Ints:  # pragma: no cover - compiled
    """Return the ranks above some nodes, these included, the highest first.

    ``place`` becomes where each of them stands; it comes and must be given back as -1 all over.
    """
    found = [0]
    found.clear()
    for t in range(nodes.shape[0]):
        for i in range(2):
            x = nodes[t, i]
            while x >= 0 and place[x] < 0:
                place[x] = 0
                found.append(x)
                x = parent[x]
    members = np.empty(len(found), np.int32)
    for i in range(len(found)):
        members[i] = found[i]
    members = np.sort(members)[::-1].copy()
    for i in range(len(members)):
        place[members[i]] = i
    return members


@compiled
def _arcs_down(
    graph: tuple[Longs, Ints, Longs], members: Ints, place: Ints
) -> tuple[Longs, Ints, Longs]:  # pragma: no cover - compiled
    """Return the arcs down to each member: first arc, where the upper end stands, and cost."""
    start, head, down = graph
    arcs = 0
    for x in members:
        arcs += start[x + 1] - start[x]
    first = np.zeros(len(members) + 1, np.int64)
    upper = np.empty(arcs, np.int32)
    weight = np.empty(arcs, np.int64)
    k = 0
    for i in range(len(members)):
        x = members[i]
        for a in range(start[x], start[x + 1]):
            upper[k] = place[head[a]]
            weight[k] = down[a]
            k += 1
        first[i + 1] = k
    return first, upper, weight


@compiled
def _rows(
    graph: tuple[Longs, Ints, Ints, Longs, Longs],
    source: tuple[Ints, Longs],
    target: tuple[Ints, Longs],
    scratch: _Scratch,
) -> Longs:  # pragma: no cover - compiled
    """Climb from each origin, then sweep down in place over what lies above any destination."""
    start, head, parent, up, down = graph
    nodes, costs = source
    target_nodes, target_costs = target
    dist, _, pred, _, place = scratch
    members = _above(parent, target_nodes, place)
    answer = np.full((len(nodes), len(target_nodes)), UNREACHABLE, np.int64)
    for row in range(len(nodes)):
        climb((start, head, parent), up, nodes[row], costs[row], dist, pred, UNREACHABLE)
        for x in members:
            here = dist[x]
            for a in range(start[x], start[x + 1]):
                here = min(here, dist[head[a]] + down[a])
            dist[x] = here
        for t in range(len(target_nodes)):
            for i in range(2):
                x = target_nodes[t, i]
                if x >= 0:
                    answer[row, t] = min(answer[row, t], dist[x] + target_costs[t, i])
        forget(parent, nodes[row], dist)
        for x in members:
            dist[x] = UNREACHABLE
    for x in members:
        place[x] = -1
    return answer


@compiled
def _sweep(first: Longs, upper: Ints, weight: Longs, lanes: Longs) -> None:  # pragma: no cover
    """Relax all arcs downwards, for several origins at once."""
    for x in range(lanes.shape[0]):
        for k in range(first[x], first[x + 1]):
            for lane in range(lanes.shape[1]):
                cost = lanes[upper[k], lane] + weight[k]
                lanes[x, lane] = min(lanes[x, lane], cost)


@compiled
def _matrix(  # noqa: C901 - three loops over the same lanes
    graph: tuple[Longs, Ints, Ints, Longs, Longs],
    source: tuple[Ints, Longs],
    target: tuple[Ints, Longs],
    scratch: _Scratch,
) -> Longs:  # pragma: no cover - compiled
    """Climb from each origin, then sweep down over what lies above any destination.

    Restricted PHAST: Delling, Goldberg and Werneck, "Faster batched shortest paths in road
    networks" (ATMOS 2011).
    """
    start, head, parent, up, down = graph
    nodes, costs = source
    target_nodes, target_costs = target
    dist, _, pred, _, place = scratch
    members = _above(parent, target_nodes, place)
    answer = np.full((len(nodes), len(target_nodes)), UNREACHABLE, np.int64)
    first, upper, weight = _arcs_down((start, head, down), members, place)
    lanes = np.empty((len(first) - 1, min(LANES, len(nodes))), np.int64)
    for begin in range(0, len(nodes), LANES):
        width = min(LANES, len(nodes) - begin)
        lanes[:] = UNREACHABLE
        for lane in range(width):
            ends = nodes[begin + lane]
            climb((start, head, parent), up, ends, costs[begin + lane], dist, pred, UNREACHABLE)
            for i in range(2):
                x = ends[i]
                while x >= 0:
                    if place[x] >= 0:
                        lanes[place[x], lane] = dist[x]
                    x = parent[x]
            forget(parent, ends, dist)
        _sweep(first, upper, weight, lanes)
        for t in range(len(target_nodes)):
            for i in range(2):
                x = target_nodes[t, i]
                if x >= 0:
                    for lane in range(width):
                        cost = lanes[place[x], lane] + target_costs[t, i]
                        answer[begin + lane, t] = min(answer[begin + lane, t], cost)
    for x in members:
        place[x] = -1
    return answer
