"""The line a vehicle follows between the stops of a timetable pattern.

Where the straight line between two stops would mislead, ``data/timetable/via.csv`` names a few
points of the road between them; everywhere else the line runs straight.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Point = tuple[float, float]
Vias = dict[tuple[str, str], list[Point]]


def read_vias(rows: Iterable[Mapping[str, str]]) -> Vias:
    """Return the (lat, lon) points between two stop names, for both directions."""
    vias: Vias = {}
    for row in rows:
        between = (row["from_name"], row["to_name"])
        vias.setdefault(between, []).append((float(row["lat"]), float(row["lon"])))
    vias |= {(end, start): points[::-1] for (start, end), points in vias.items()}
    return vias


def line_of(stops: Sequence[tuple[str, Point]], vias: Vias) -> list[Point]:
    """Return the vertices of a pattern.

    Parameters
    ----------
    stops
        Name and (lat, lon) of every stop, in order.
    vias
        Points between two stop names, from :func:`read_vias`.

    Returns
    -------
    list of (lat, lon)
        Every stop, and the points between stops in driving order.
    """
    line = [stops[0][1]]
    for (name, _), (next_name, point) in pairwise(stops):
        line += [*vias.get((name, next_name), []), point]
    return line
