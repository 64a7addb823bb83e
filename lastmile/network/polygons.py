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
    from lastmile.network.tables import Floats, Longs
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
    lat, lon, number = covered_points(network, reached)
    points = np.stack(project.transform(lon, lat), axis=1)
    here = project.transform(reached.origin.lon, reached.origin.lat)
    lines = shapely.simplify(np.asarray(shapely.linestrings(points, indices=number)), SMOOTHING_M)
    shapes = [*lines.tolist(), shapely.Point(here)]
    area = shapely.union_all(shapely.buffer(shapes, STRIP_M, quad_segs=2))
    return shapely.simplify(_without_small_holes(area), SMOOTHING_M)


def covered_points(network: StreetNetwork, reached: Reach) -> tuple[Floats, Floats, Longs]:
    """Return the stretches of streets covered, point by point.

    Returns
    -------
    tuple
        Latitudes, longitudes and the number of the stretch, (k,) each, stretch after stretch.
    """
    t = network.tables
    whole = (reached.from_fraction == 0.0) & (reached.to_fraction == 1.0)
    lats, lons = [], []
    for edge, begin, end, all_of_it in zip(
        reached.edge.tolist(),
        reached.from_fraction.tolist(),
        reached.to_fraction.tolist(),
        whole.tolist(),
        strict=True,
    ):
        points = slice(t.shape_start[edge], t.shape_start[edge + 1])
        shape = [t.shape_lat[points], t.shape_lon[points]]
        if not all_of_it:
            shape = stretch(t.shape_along_m[points], shape, begin, end)
        lats.append(shape[0])
        lons.append(shape[1])
    number = np.repeat(np.arange(len(lats)), [len(lat) for lat in lats])
    return np.concatenate(lats), np.concatenate(lons), number


def _without_small_holes(area: shapely.Geometry) -> shapely.Geometry:
    filled = []
    for part in shapely.get_parts(area):
        holes = [ring for ring in part.interiors if shapely.Polygon(ring).area >= HOLE_M2]
        filled.append(shapely.Polygon(part.exterior, holes))
    return shapely.MultiPolygon(filled)
