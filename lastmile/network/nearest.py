"""The nearest usable street to a point: a grid of shape segments."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, floor, radians, sqrt
from typing import TYPE_CHECKING

import numpy as np

from lastmile.network.compiled import compiled
from lastmile.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lastmile.network.tables import Floats, Ints, Longs, StreetTables

CELL_M = 200.0
CELLS_PER_SEGMENT = 4
"""The grid of a sparse network is coarser than CELL_M, so that memory stays bounded."""
METRES_PER_DEGREE = EARTH_RADIUS_M * radians(1.0)
_POLAR_COS = 0.01


@dataclass(frozen=True, eq=False)
class SegmentGrid:
    """Shape segments by the cells they pass.

    Attributes
    ----------
    south, west
        Corner of the grid, degrees.
    cell_lat, cell_lon
        Size of a cell, degrees.
    rows, columns
        Number of cells.
    start, segment
        Segments of cell ``row * columns + column``: ``segment[start[cell]:start[cell + 1]]``.
    """

    south: float
    west: float
    cell_lat: float
    cell_lon: float
    rows: int
    columns: int
    start: Longs
    segment: Ints

    @classmethod
    def build(cls, tables: StreetTables) -> SegmentGrid:
        """Put every segment into the cells it passes."""
        lat, lon = tables.shape_lat, tables.shape_lon
        south, north = float(lat.min()), float(lat.max())
        west, east = float(lon.min()), float(lon.max())
        shrink = max(_POLAR_COS, cos(radians((south + north) / 2)))
        height = (north - south) * METRES_PER_DEGREE
        width = (east - west) * METRES_PER_DEGREE * shrink
        cell_m = max(CELL_M, sqrt(height * width / (CELLS_PER_SEGMENT * len(lat))))
        cell_m = max(cell_m, height / len(lat), width / len(lat))
        cell_lat = cell_m / METRES_PER_DEGREE
        cell_lon = cell_lat / shrink
        rows = int((north - south) / cell_lat) + 1
        columns = int((east - west) / cell_lon) + 1
        start, segment = _fill(
            lat, lon, tables.shape_start, (south, west, cell_lat, cell_lon), (rows, columns)
        )
        return cls(south, west, cell_lat, cell_lon, rows, columns, start, segment)

    def nearest(
        self,
        tables: StreetTables,
        usable: NDArray[np.bool_],
        points: tuple[Floats, Floats],
        max_distance_m: float,
    ) -> tuple[Ints, Floats, Floats]:
        """Return for each point the shape segment it is nearest to.

        Parameters
        ----------
        tables
            The network the grid is of.
        usable
            (e,) edges to look among.
        points
            Latitudes and longitudes, (n,) each.
        max_distance_m
            How far to look.

        Returns
        -------
        tuple
            (n,) number of the shape point the segment begins with, -1 where there is none within
            the limit; (n,) how far along the segment the foot of the perpendicular lies, 0 to 1;
            (n,) distance in m, inf where there is none.
        """
        return _nearest(
            (tables.shape_lat, tables.shape_lon, tables.shape_edge, usable),
            (self.south, self.west, self.cell_lat, self.cell_lon),
            (self.rows, self.columns, self.start, self.segment),
            points,
            max_distance_m,
        )


def distance_to_any_m(
    tables: StreetTables, usable: NDArray[np.bool_], lat: float, lon: float
) -> float:
    """Return the distance from a point to the nearest usable edge, however far; inf if none."""
    return _distance_to_any(tables.shape_lat, tables.shape_lon, tables.shape_edge, usable, lat, lon)


@compiled
def _fill(
    lat: Floats,
    lon: Floats,
    shape_start: Longs,
    frame: tuple[float, float, float, float],
    size: tuple[int, int],
) -> tuple[Longs, Ints]:  # pragma: no cover - compiled
    """Count the segments of each cell, then place them."""
    start = np.zeros(size[0] * size[1] + 2, np.int64)
    _visit(lat, lon, shape_start, frame, size, start, np.empty(0, np.int32))
    for cell in range(1, len(start)):
        start[cell] += start[cell - 1]
    segment = np.empty(start[-1], np.int32)
    start[1:] = start[:-1].copy()
    _visit(lat, lon, shape_start, frame, size, start, segment)
    return start[:-1].copy(), segment


@compiled
def _visit(
    lat: Floats,
    lon: Floats,
    shape_start: Longs,
    frame: tuple[float, float, float, float],
    size: tuple[int, int],
    counter: Longs,
    segment: Ints,
) -> None:  # pragma: no cover - compiled
    """Go through the cells of every segment; write it there where there is room to write."""
    south, west, cell_lat, cell_lon = frame
    rows, columns = size
    for e in range(len(shape_start) - 1):
        for s in range(shape_start[e], shape_start[e + 1] - 1):
            x0, y0 = (lon[s] - west) / cell_lon, (lat[s] - south) / cell_lat
            x1, y1 = (lon[s + 1] - west) / cell_lon, (lat[s + 1] - south) / cell_lat
            if y0 > y1:
                x0, x1, y0, y1 = x1, x0, y1, y0
            for row in range(int(y0), min(int(y1), rows - 1) + 1):
                xa, xb = x0, x1
                if y1 > y0:
                    xa = x0 + (x1 - x0) * max(0.0, (row - y0) / (y1 - y0))
                    xb = x0 + (x1 - x0) * min(1.0, (row + 1 - y0) / (y1 - y0))
                left, right = int(min(xa, xb)), int(max(xa, xb))
                for column in range(max(0, left), min(right, columns - 1) + 1):
                    cell = row * columns + column
                    if len(segment):
                        segment[counter[cell + 1]] = s
                    counter[cell + 1] += 1


@compiled
def _foot(
    lat: Floats, lon: Floats, s: int, here: tuple[float, float, float]
) -> tuple[float, float]:  # pragma: no cover - compiled
    """Return squared distance in m2 and place of the foot, in the plane touching at ``here``."""
    here_lat, here_lon, shrink = here
    ax = (lon[s] - here_lon) * METRES_PER_DEGREE * shrink
    ay = (lat[s] - here_lat) * METRES_PER_DEGREE
    bx = (lon[s + 1] - here_lon) * METRES_PER_DEGREE * shrink
    by = (lat[s + 1] - here_lat) * METRES_PER_DEGREE
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    along = 0.0
    if length2 > 0.0:
        along = min(1.0, max(0.0, -(ax * dx + ay * dy) / length2))
    x, y = ax + along * dx, ay + along * dy
    return x * x + y * y, along


@compiled
def _nearest(
    streets: tuple[Floats, Floats, Ints, NDArray[np.bool_]],
    frame: tuple[float, float, float, float],
    grid: tuple[int, int, Longs, Ints],
    points: tuple[Floats, Floats],
    max_distance_m: float,
) -> tuple[Ints, Floats, Floats]:  # pragma: no cover - compiled
    """Look in ever wider rings of cells until no nearer segment can be outside."""
    south, west, cell_lat, cell_lon = frame
    rows, columns, _, _ = grid
    count = len(points[0])
    found = np.full(count, -1, np.int32)
    place = np.zeros(count)
    distance = np.full(count, np.inf)
    for i in range(count):
        shrink = max(_POLAR_COS, cos(radians(points[0][i])))
        here = (points[0][i], points[1][i], shrink)
        y, x = (here[0] - south) / cell_lat, (here[1] - west) / cell_lon
        row, column = floor(y), floor(x)
        step_m = METRES_PER_DEGREE * min(cell_lat, cell_lon * shrink)
        inset = min(y - row, row + 1 - y, x - column, column + 1 - x)
        widest = max(row, rows - row, column, columns - column)
        best = (max_distance_m * max_distance_m, -1, 0.0)
        ring = 0
        while ring <= widest:
            seen_m = max(0.0, (ring - 1 + inset) * step_m)
            if ring > 0 and seen_m * seen_m > best[0]:
                break
            best = _best_of_ring(streets, grid, (row, column, ring), here, best)
            ring += 1
        if best[1] >= 0:
            found[i], place[i], distance[i] = best[1], best[2], sqrt(best[0])
    return found, place, distance


@compiled
def _best_of_ring(
    streets: tuple[Floats, Floats, Ints, NDArray[np.bool_]],
    grid: tuple[int, int, Longs, Ints],
    where: tuple[int, int, int],
    here: tuple[float, float, float],
    best: tuple[float, int, float],
) -> tuple[float, int, float]:  # pragma: no cover - compiled
    """Return squared distance, segment and foot of the best there is after one more ring."""
    lat, lon, edge_of, usable = streets
    rows, columns, start, segment = grid
    row, column, ring = where
    for r in range(max(0, row - ring), min(rows - 1, row + ring) + 1):
        stride = 1 if ring == 0 or r in (row - ring, row + ring) else 2 * ring
        for c in range(column - ring, column + ring + 1, stride):
            if 0 <= c < columns:
                for k in range(start[r * columns + c], start[r * columns + c + 1]):
                    s = segment[k]
                    if usable[edge_of[s]]:
                        d2, along = _foot(lat, lon, s, here)
                        if d2 < best[0] or (d2 == best[0] and s < best[1]):
                            best = (d2, int(s), along)
    return best


@compiled
def _distance_to_any(
    lat: Floats,
    lon: Floats,
    edge_of: Ints,
    usable: NDArray[np.bool_],
    here_lat: float,
    here_lon: float,
) -> float:  # pragma: no cover - compiled
    shrink = max(_POLAR_COS, cos(radians(here_lat)))
    best = np.inf
    for s in range(len(lat) - 1):
        if edge_of[s] == edge_of[s + 1] and usable[edge_of[s]]:
            best = min(best, _foot(lat, lon, s, (here_lat, here_lon, shrink))[0])
    return sqrt(best)
