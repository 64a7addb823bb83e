"""Everything within a limit of a place: Dijkstra's search with a heap that stops at the limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lastmile.network.compiled import compiled

if TYPE_CHECKING:
    from lastmile.network.tables import Ints, Longs

FAR = (1 << 62) - 1


@dataclass(frozen=True, eq=False)
class Adjacency:
    """The arcs that leave each node.

    Attributes
    ----------
    start
        (n + 1,) the arcs of node ``i`` are ``arc[start[i]:start[i + 1]]``.
    arc
        (2 e,) arc numbers: ``2 * edge`` along the shape, ``2 * edge + 1`` against it.
    head
        (2 e,) the node each of them leads to.
    """

    start: Longs
    arc: Ints
    head: Ints

    @classmethod
    def build(cls, node_count: int, edge_from: Ints, edge_to: Ints) -> Adjacency:
        """Sort arcs by the node they leave."""
        tail = np.stack([edge_from, edge_to], axis=1).ravel()
        head = np.stack([edge_to, edge_from], axis=1).ravel()
        arc = np.argsort(tail, kind="stable").astype(np.int32)
        start = np.searchsorted(tail[arc], np.arange(node_count + 1)).astype(np.int64)
        return cls(start, arc, head[arc])


def within(
    adjacency: Adjacency, costs: Longs, nodes: Ints, node_costs: Longs, limit: int
) -> tuple[Ints, Longs]:
    """Return the nodes within a limit and the least cost to each.

    Parameters
    ----------
    adjacency
        The arcs.
    costs
        (2 e,) cost of each arc by its number, :data:`FAR` where it is closed.
    nodes, node_costs
        Where the search begins and at what cost; nodes of -1 are left out.
    limit
        The highest cost of interest.

    Returns
    -------
    tuple
        Node numbers in the order of their cost, and the costs.
    """
    return _within(adjacency.start, adjacency.arc, adjacency.head, costs, nodes, node_costs, limit)


@compiled
def _within(
    start: Longs,
    arc: Ints,
    head: Ints,
    costs: Longs,
    nodes: Ints,
    node_costs: Longs,
    limit: int,
) -> tuple[Ints, Longs]:  # pragma: no cover - compiled
    best = np.full(len(start) - 1, FAR, np.int64)
    keys = np.empty(1024, np.int64)
    items = np.empty(1024, np.int32)
    size = 0
    settled = np.empty(1024, np.int32)
    settled_cost = np.empty(1024, np.int64)
    done = 0
    for i in range(len(nodes)):
        if nodes[i] >= 0 and node_costs[i] <= limit and node_costs[i] < best[nodes[i]]:
            best[nodes[i]] = node_costs[i]
            size = _push(keys, items, size, node_costs[i], nodes[i])
    while size > 0:
        cost, x = keys[0], items[0]
        size = _pop(keys, items, size)
        if cost > best[x]:
            continue
        if done == len(settled):
            settled = np.concatenate((settled, np.empty(done, np.int32)))
            settled_cost = np.concatenate((settled_cost, np.empty(done, np.int64)))
        settled[done] = x
        settled_cost[done] = cost
        done += 1
        while size + start[x + 1] - start[x] > len(keys):
            keys = np.concatenate((keys, np.empty(len(keys), np.int64)))
            items = np.concatenate((items, np.empty(len(items), np.int32)))
        for k in range(start[x], start[x + 1]):
            reached = cost + costs[arc[k]]
            if reached <= limit and reached < best[head[k]]:
                best[head[k]] = reached
                size = _push(keys, items, size, reached, head[k])
    return settled[:done].copy(), settled_cost[:done].copy()


@compiled
def _push(keys: Longs, items: Ints, size: int, key: int, item: int) -> int:  # pragma: no cover
    i = size
    while i > 0 and keys[(i - 1) >> 1] > key:
        keys[i] = keys[(i - 1) >> 1]
        items[i] = items[(i - 1) >> 1]
        i = (i - 1) >> 1
    keys[i] = key
    items[i] = item
    return size + 1


@compiled
def _pop(keys: Longs, items: Ints, size: int) -> int:  # pragma: no cover - compiled
    size -= 1
    key, item = keys[size], items[size]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[i] = keys[child]
        items[i] = items[child]
        i = child
    keys[i] = key
    items[i] = item
    return size
