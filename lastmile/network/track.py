"""A path laid out: its line, its climb, and the streets it follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lastmile.network.access import Flag
from lastmile.network.compiled import compiled
from lastmile.network.edge_costs import part_of

if TYPE_CHECKING:
    from lastmile.network.edge_costs import CostArrays
    from lastmile.network.street import Snap
    from lastmile.network.tables import Bits, Floats, Ints, Longs, Singles, StreetTables

SAME_DEGREES = 1e-9
"""Points nearer to each other than this (0.1 mm) are one point of a line."""
_BARRIER, _LOOK = int(Flag.BARRIER), int(Flag.STEPS | Flag.PUSH)


class Pieces(NamedTuple):
    """The stretches of a path: edge, and the fractions where each begins and ends.

    A stretch that ends before it begins is taken against the edge's shape.
    """

    edge: Ints
    begin: Floats
    end: Floats


class Runs(NamedTuple):
    """The stretches of a path by street: those of one name and kind that follow each other.

    Attributes
    ----------
    edge
        (n,) the first edge of each.
    time_ms, length_mm
        (n,) how long it takes and is.
    """

    edge: Ints
    time_ms: Longs
    length_mm: Longs


def pieces(tables: StreetTables, start: Snap, goal: Snap, arcs: Ints, meeting: int) -> Pieces:
    """Return the stretches of a path that follows whole streets between two places.

    Parameters
    ----------
    tables
        The streets.
    start, goal
        Where it begins and ends.
    arcs
        (n,) the whole streets between.
    meeting
        Where there are none: the node that joins the two edges, or -1 where the path stays on
        one edge.
    """
    streets = tables.edge_from, tables.edge_to
    ends = start.edge, start.fraction, goal.edge, goal.fraction
    return Pieces(*_pieces(streets, ends, arcs, meeting))


def runs(tables: StreetTables, arrays: CostArrays, path: Pieces) -> Runs:
    """Return the stretches of a path street by street, without gates and the like."""
    look = tables.edge_name, tables.edge_kind, tables.edge_flags
    return Runs(*_runs(look, arrays, path))


def line(tables: StreetTables, path: Pieces) -> tuple[Floats, float | None]:
    """Return the (k, 2) points of a path, (lat, lon), and the metres it climbs.

    A point where the one before it lies already is left out; the climb is None where a height is
    not known.
    """
    shape = tables.shape_start, tables.shape_along_m, tables.shape_lat, tables.shape_lon
    points, climb_m = _line(shape, tables.shape_height, path)
    return points, None if np.isnan(climb_m) else climb_m


@compiled
def _pieces(
    streets: tuple[Ints, Ints], ends: tuple[int, float, int, float], arcs: Ints, meeting: int
) -> tuple[Ints, Floats, Floats]:  # pragma: no cover - compiled
    edge_from, edge_to = streets
    start_edge, start_fraction, goal_edge, goal_fraction = ends
    count = len(arcs)
    edge = np.empty(count + 2, np.int32)
    begin = np.empty(count + 2, np.float64)
    end = np.empty(count + 2, np.float64)
    if count == 0 and meeting < 0:
        edge[0], begin[0], end[0] = start_edge, start_fraction, goal_fraction
        used = 1 if start_fraction != goal_fraction else 0
        return edge[:used], begin[:used], end[:used]
    entry = leave = meeting
    if count > 0:
        first, last = arcs[0], arcs[count - 1]
        entry = edge_to[first >> 1] if first & 1 else edge_from[first >> 1]
        leave = edge_from[last >> 1] if last & 1 else edge_to[last >> 1]
    used = 0
    out = 1.0 if edge_to[start_edge] == entry else 0.0
    if start_fraction != out:
        edge[0], begin[0], end[0] = start_edge, start_fraction, out
        used = 1
    for i in range(count):
        against = arcs[i] & 1
        edge[used], begin[used], end[used] = arcs[i] >> 1, float(against), 1.0 - against
        used += 1
    back = 1.0 if edge_to[goal_edge] == leave else 0.0
    if goal_fraction != back:
        edge[used], begin[used], end[used] = goal_edge, back, goal_fraction
        used += 1
    return edge[:used], begin[:used], end[:used]


@compiled
def _runs(
    look: tuple[Ints, Ints, Bits], arrays: CostArrays, path: tuple[Ints, Floats, Floats]
) -> tuple[Ints, Longs, Longs]:  # pragma: no cover - compiled
    name, kind, flags = look
    edges, begin, end = path
    first = np.empty(len(edges), np.int32)
    time_ms = np.zeros(len(edges), np.int64)
    length_mm = np.zeros(len(edges), np.int64)
    used = 0
    for i in range(len(edges)):
        edge = edges[i]
        if flags[edge] & _BARRIER:
            continue
        before = first[used - 1]
        if (
            used == 0
            or name[edge] != name[before]
            or kind[edge] != kind[before]
            or flags[edge] & _LOOK != flags[before] & _LOOK
        ):
            first[used] = edge
            used += 1
        time, length, _ = part_of(arrays, edge, begin[i], end[i])
        time_ms[used - 1] += time
        length_mm[used - 1] += length
    return first[:used], time_ms[:used], length_mm[:used]


@compiled
def _at(
    along: Floats, values: Floats | Singles, first: int, last: int, metres: float
) -> float:  # pragma: no cover - compiled
    """Return the value at a distance along the shape points ``first`` to ``last``."""
    low, high = first, last
    while high - low > 1:
        middle = (low + high) // 2
        if along[middle] <= metres:
            low = middle
        else:
            high = middle
    span = along[high] - along[low]
    if metres >= along[high] or span <= 0.0:
        return float(values[high])
    share = (metres - along[low]) / span
    return float(values[low] + share * (values[high] - values[low]))


@compiled
def _line(  # noqa: C901 - one loop over all points
    shape: tuple[Longs, Floats, Floats, Floats],
    height: Singles,
    path: tuple[Ints, Floats, Floats],
) -> tuple[Floats, float]:  # pragma: no cover - compiled
    start, along, shape_lat, shape_lon = shape
    edges, begin, end = path
    most = 0
    for i in range(len(edges)):
        most += start[edges[i] + 1] - start[edges[i]] + 2
    points = np.empty((most, 2), np.float64)
    used = 0
    climb = 0.0 if len(height) > 0 else np.nan
    here = now = np.nan
    for i in range(len(edges)):
        first, last = start[edges[i]], start[edges[i] + 1] - 1
        whole = along[last]
        step = 1 if begin[i] <= end[i] else -1
        low = min(begin[i], end[i]) * whole
        high = max(begin[i], end[i]) * whole
        point = first if step > 0 else last
        for k in range(last - first + 3):
            if k == 0 or k == last - first + 2:
                metres = (begin[i] if k == 0 else end[i]) * whole
                lat = _at(along, shape_lat, first, last, metres)
                lon = _at(along, shape_lon, first, last, metres)
                if len(height) > 0:
                    now = _at(along, height, first, last, metres)
            else:
                place = point
                point += step
                if not low < along[place] < high:
                    continue
                lat, lon = shape_lat[place], shape_lon[place]
                if len(height) > 0:
                    now = float(height[place])
            if len(height) > 0:
                if used > 0:
                    climb += max(0.0, now - here) if not np.isnan(now - here) else np.nan
                here = now
            if (
                used == 0
                or abs(lat - points[used - 1, 0]) > SAME_DEGREES
                or abs(lon - points[used - 1, 1]) > SAME_DEGREES
            ):
                points[used, 0] = lat
                points[used, 1] = lon
                used += 1
    return points[:used], climb
