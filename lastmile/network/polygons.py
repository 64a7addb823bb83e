"""Areas within reach, drawn from the streets covered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS, Transformer

from lastmile.network.paths import stretch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lastmile.network.paths import Reach
    from lastmile.network.street import StreetNetwork
STRIP_M = 40.0
"""How far from a covered street the area reaches: about a plot's depth."""
HOLE_M2 = 20_000.0
"""Gaps inside an area smaller than this (a block) are filled."""
SMOOTHING_M = 3.0
FINLAND = (19.0, 59.0, 32.0, 71.0)
WGS84 = "EPSG:4326"


def metric_crs(lat: float, lon: float) -> CRS:
    """Return ETRS-TM35FIN in and around Finland, elsewhere the UTM zone of a point."""
    west, south, east, north = FINLAND
    if west <= lon <= east and south <= lat <= north:
        return CRS.from_epsg(3067)
    zone = int((lon + 180) // 6) % 60 + 1
    return CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)


def areas(network: StreetNetwork, reaches: Sequence[Reach]) -> gpd.GeoDataFrame:
    """Return the area of each reach.

    Parameters
    ----------
    network
        The streets.
    reaches
        From one and the same place, shortest limit first.

    Returns
    -------
    geopandas.GeoDataFrame
        ``minutes`` and ``geometry`` in EPSG:4326.
    """
    crs = metric_crs(reaches[0].origin.lat, reaches[0].origin.lon)
    project = Transformer.from_crs(WGS84, crs, always_xy=True)
    shapes = [_area(network, reached, project) for reached in reaches]
    frame = gpd.GeoDataFrame(
        {"minutes": [reached.limit_s / 60 for reached in reaches]}, geometry=shapes, crs=crs
    )
    return frame.to_crs(WGS84)


def _area(network: StreetNetwork, reached: Reach, project: Transformer) -> shapely.Geometry:
    lines = covered_lines(network, reached)
    origin = shapely.Point(reached.origin.lon, reached.origin.lat)
    flat = shapely.transform(np.array([*lines, origin]), project.transform, interleaved=False)
    area = shapely.union_all(shapely.buffer(flat, STRIP_M, quad_segs=4))
    return shapely.simplify(_without_small_holes(area), SMOOTHING_M)


def covered_lines(network: StreetNetwork, reached: Reach) -> list[shapely.LineString]:
    """Return the stretches of streets covered, as lines in lon/lat."""
    t = network.tables
    lines = []
    for edge, begin, end in zip(
        reached.edge.tolist(),
        reached.from_fraction.tolist(),
        reached.to_fraction.tolist(),
        strict=True,
    ):
        points = slice(t.shape_start[edge], t.shape_start[edge + 1])
        lat, lon = t.shape_lat[points], t.shape_lon[points]
        if begin > 0.0 or end < 1.0:
            lat, lon = stretch(t.shape_along_m[points], [lat, lon], begin, end)
        lines.append(shapely.linestrings(lon, lat))
    return lines


def _without_small_holes(area: shapely.Geometry) -> shapely.Geometry:
    filled = []
    for part in shapely.get_parts(area):
        holes = [ring for ring in part.interiors if shapely.Polygon(ring).area >= HOLE_M2]
        filled.append(shapely.Polygon(part.exterior, holes))
    return shapely.MultiPolygon(filled)
