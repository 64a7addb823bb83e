"""Costs of parts of streets, exact: the parts of an edge add up to the edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lastmile.errors import RequestError
from lastmile.network.compiled import compiled
from lastmile.network.hierarchy import SHIFT, UNREACHABLE, Ends

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lastmile.network.access import Mode
    from lastmile.network.costs import Objective
    from lastmile.network.street import StreetNetwork
    from lastmile.network.tables import Floats, Ints, Longs

    Bools = NDArray[np.bool_]
    CostArrays = tuple[Longs, Longs, Bools]
    """Time (e, 2) in ms, length (e,) in mm, and (e, 2) whether the arc is open."""


class EdgeCosts:
    """What it costs to move on parts of edges.

    Parameters
    ----------
    network
        The streets.
    mode, step_free
        Who moves on them.
    objective
        Whether time or length is compared first.
    """

    def __init__(
        self, network: StreetNetwork, mode: Mode, objective: Objective, *, step_free: bool
    ) -> None:
        self.tables = network.tables
        self.costs = network.costs(mode, step_free=step_free)
        self.time_first = objective == "time"

    @property
    def arrays(self) -> CostArrays:
        """The costs as kernels take them."""
        return self.costs.time_ms, self.costs.length_mm, self.costs.is_open

    def along(self, edge: Ints, begin: Floats, end: Floats) -> Longs:
        """Return the packed cost of moving on edges from one place to another of the same edge."""
        return _along(self.arrays, edge, begin, end, self.time_first)

    def departing(self, edge: Ints, fraction: Floats) -> Ends:
        """Return the nodes one comes to first from places on edges, and what it costs."""
        return self._ends(edge, fraction, leaving=True)

    def arriving(self, edge: Ints, fraction: Floats) -> Ends:
        """Return the nodes one comes last from to places on edges, and what it costs."""
        return self._ends(edge, fraction, leaving=False)

    def _ends(self, edge: Ints, fraction: Floats, *, leaving: bool) -> Ends:
        streets = self.tables.edge_from, self.tables.edge_to
        return Ends(*_ends(self.arrays, streets, (edge, fraction), leaving, self.time_first))


def check_open(network: StreetNetwork, edges: Ints, mode: Mode, *, step_free: bool) -> None:
    """Refuse places of another network, or on a street that is closed by now.

    Raises
    ------
    RequestError
        There is such a place.
    """
    if not _all_open(network.costs(mode, step_free=step_free).is_open, edges):
        raise RequestError(
            f"a place lies on a street that mode {mode.value} cannot use in this network; snap the "
            "point again on the network that is asked for the path"
        )


@compiled
def _all_open(is_open: Bools, edges: Ints) -> bool:  # pragma: no cover - compiled
    for edge in edges:
        if edge < 0 or edge >= len(is_open) or not (is_open[edge, 0] or is_open[edge, 1]):
            return False
    return True


@compiled
def part_of(
    arrays: CostArrays, edge: int, begin: float, end: float
) -> tuple[int, int, bool]:  # pragma: no cover - compiled
    """Return time (ms) and length (mm) of a part of an edge, and whether one may go there."""
    time_ms, length_mm, is_open = arrays
    side = 0 if end >= begin else 1
    time, length = time_ms[edge, side], length_mm[edge]
    return (
        int(abs(np.rint(time * end) - np.rint(time * begin))),
        int(abs(np.rint(length * end) - np.rint(length * begin))),
        is_open[edge, side] or begin == end,
    )


@compiled
def _packed(
    arrays: CostArrays,
    edge: int,
    begin: float,
    end: float,
    time_first: bool,  # noqa: FBT001
) -> int:  # pragma: no cover - compiled
    time, length, is_open = part_of(arrays, edge, begin, end)
    if not is_open:
        return UNREACHABLE
    return (time << SHIFT) | length if time_first else (length << SHIFT) | time


@compiled
def _along(
    arrays: CostArrays,
    edge: Ints,
    begin: Floats,
    end: Floats,
    time_first: bool,  # noqa: FBT001
) -> Longs:  # pragma: no cover - compiled
    cost = np.empty(len(edge), np.int64)
    for i in range(len(edge)):
        cost[i] = _packed(arrays, edge[i], begin[i], end[i], time_first)
    return cost


@compiled
def _ends(
    arrays: CostArrays,
    streets: tuple[Ints, Ints],
    place: tuple[Ints, Floats],
    leaving: bool,  # noqa: FBT001 - kernels take no keywords
    time_first: bool,  # noqa: FBT001
) -> tuple[Ints, Longs]:  # pragma: no cover - compiled
    edge_from, edge_to = streets
    edges, fractions = place
    nodes = np.full((len(edges), 2), -1, np.int32)
    costs = np.full((len(edges), 2), UNREACHABLE, np.int64)
    for i in range(len(edges)):
        edge, fraction = edges[i], fractions[i]
        if edge < 0:
            continue
        for side in range(2):
            # A place at a junction is there already, and nowhere else along its edge.
            if fraction == 1.0 - side:
                continue
            begin, end = (fraction, float(side)) if leaving else (float(side), fraction)
            cost = _packed(arrays, edge, begin, end, time_first)
            if cost < UNREACHABLE:
                nodes[i, side] = edge_from[edge] if side == 0 else edge_to[edge]
                costs[i, side] = cost
    return nodes, costs
