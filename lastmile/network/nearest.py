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
    """Count, then place, the segments of each cell, row by row along each segment."""
    south, west, cell_lat, cell_lon = frame
    rows, columns = size
    start = np.zeros(rows * columns + 1, np.int64)
    segment = np.empty(0, np.int32)
    for placing in range(2):
        if placing == 1:
            for cell in range(rows * columns):
                start[cell + 1] += start[cell]
            segment = np.empty(start[-1], np.int32)
            start[1:] = start[:-1].copy()
            start[0] = 0
        for e in range(len(shape_start) - 1):
            for s in range(shape_start[e], shape_start[e + 1] - 1):
                x0 = (lon[s] - west) / cell_lon
                x1 = (lon[s + 1] - west) / cell_lon
                y0 = (lat[s] - south) / cell_lat
                y1 = (lat[s + 1] - south) / cell_lat
                if y0 > y1:
                    x0, x1, y0, y1 = x1, x0, y1, y0
                for row in range(int(y0), min(int(y1), rows - 1) + 1):
                    xa, xb = x0, x1
                    if y1 > y0:
                        xa = x0 + (x1 - x0) * max(0.0, (row - y0) / (y1 - y0))
                        xb = x0 + (x1 - x0) * min(1.0, (row + 1 - y0) / (y1 - y0))
                    if xa > xb:
                        xa, xb = xb, xa
                    for column in range(max(0, int(xa)), min(int(xb), columns - 1) + 1):
                        cell = row * columns + column
                        if placing == 1:
                            segment[start[cell + 1]] = s
                        start[cell + 1] += 1
    return start, segment


@compiled
def _foot(
    lat: Floats, lon: Floats, s: int, here: tuple[float, float, float]
) -> tuple[float, float]:  # pragma: no cover - compiled
    """Return squared distance in m2 and place of the foot, in the plane that touches at ``here``."""
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
    lat, lon, edge_of, usable = streets
    south, west, cell_lat, cell_lon = frame
    rows, columns, start, segment = grid
    count = len(points[0])
    found = np.full(count, -1, np.int32)
    place = np.zeros(count)
    distance = np.full(count, np.inf)
    for i in range(count):
        here_lat, here_lon = points[0][i], points[1][i]
        shrink = max(_POLAR_COS, cos(radians(here_lat)))
        here = (here_lat, here_lon, shrink)
        y = (here_lat - south) / cell_lat
        x = (here_lon - west) / cell_lon
        row, column = floor(y), floor(x)
        step_m = METRES_PER_DEGREE * min(cell_lat, cell_lon * shrink)
        inset = min(min(y - row, row + 1 - y), min(x - column, column + 1 - x))
        best = max_distance_m * max_distance_m
        ring = 0
        while True:
            seen_m = max(0.0, (ring - 1 + inset) * step_m) if ring > 0 else -1.0
            if ring > 0 and seen_m * seen_m > best:
                break
            if (
                row - ring < 0
                and column - ring < 0
                and row + ring >= rows
                and column + ring >= columns
                and ring > max(rows, columns)
            ):
                break
            for r in range(max(0, row - ring), min(rows - 1, row + ring) + 1):
                whole = r in (row - ring, row + ring)
                c = column - ring
                while c <= column + ring:
                    if 0 <= c < columns:
                        cell = r * columns + c
                        for k in range(start[cell], start[cell + 1]):
                            s = segment[k]
                            if usable[edge_of[s]]:
                                d2, along = _foot(lat, lon, s, here)
                                if d2 < best or (
                                    d2 == best and (found[i] < 0 or edge_of[s] < edge_of[found[i]])
                                ):
                                    best = d2
                                    found[i] = s
                                    place[i] = along
                    c += 1 if whole or ring == 0 else 2 * ring
            ring += 1
        if found[i] >= 0:
            distance[i] = sqrt(best)
    return found, place, distance


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
