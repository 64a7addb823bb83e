"""The street network for other tools: a networkx graph as OSMnx makes them, a table of lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely

from lastmile.network.access import Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lastmile.network.street import StreetNetwork

CRS = "epsg:4326"


def edge_lines(network: StreetNetwork) -> NDArray[np.object_]:
    """Return the shape of every edge as a line in lon/lat, (e,)."""
    t = network.tables
    points = np.stack([t.shape_lon, t.shape_lat], axis=1)
    return np.asarray(shapely.linestrings(points, indices=t.shape_edge))


def to_geodataframe(network: StreetNetwork) -> gpd.GeoDataFrame:
    """Return one row an edge.

    Returns
    -------
    geopandas.GeoDataFrame
        ``way_id, name, kind, length_m``, for each mode ``walk``, ``bike``, ``car`` whether and how
        it is open (``both``, ``forward``, ``backward``, ``no``), ``steps``, and ``geometry`` in
        EPSG:4326. The index is the number of the edge.
    """
    t = network.tables
    open_to = {}
    for mode, bit in (("walk", 0), ("bike", 2), ("car", 4)):
        ways = np.array(["no", "forward", "backward", "both"])
        open_to[mode] = ways[(t.edge_flags >> bit) & 3]
    return gpd.GeoDataFrame(
        {
            "way_id": t.edge_way,
            "name": np.array(t.names, dtype=object)[t.edge_name],
            "kind": np.array(t.kinds, dtype=object)[t.edge_kind],
            "length_m": t.edge_length_m,
            **open_to,
            "steps": t.edge_flags & Flag.STEPS != 0,
        },
        geometry=edge_lines(network),
        crs=CRS,
    )


def to_networkx(network: StreetNetwork) -> nx.MultiDiGraph[int]:
    """Return the network as OSMnx's functions expect it.

    Returns
    -------
    networkx.MultiDiGraph
        ``graph["crs"]``; nodes by number with ``x``, ``y``, ``osmid``, ``street_count``; an edge
        for each direction that some mode may use, with ``osmid``, ``highway``, ``name``,
        ``length``, ``geometry``, ``oneway``, ``reversed``, whether ``walk``, ``bike`` and ``car``
        may use it, and ``edge``, its number in the network.
    """
    t = network.tables
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(crs=CRS, simplified=True, created_with="lastmile")
    streets = np.bincount(np.concatenate([t.edge_from, t.edge_to]), minlength=t.node_count)
    columns = (t.node_lon, t.node_lat, t.node_id, streets)
    for i, (x, y, osmid, count) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        graph.add_node(i, x=x, y=y, osmid=osmid, street_count=count)
    lines = edge_lines(network)
    back = shapely.reverse(lines)
    for edge in range(t.edge_count):
        flags = int(t.edge_flags[edge])
        ends = int(t.edge_from[edge]), int(t.edge_to[edge])
        facts = {
            "osmid": int(t.edge_way[edge]),
            "highway": t.kinds[t.edge_kind[edge]],
            "length": float(t.edge_length_m[edge]),
            "edge": edge,
        }
        if name := t.names[t.edge_name[edge]]:
            facts["name"] = name
        directions = [(flags, ends, lines[edge], False), (flags >> 1, ends[::-1], back[edge], True)]
        passable = [bool(bits & _ANY_FORWARD) for bits, _, _, _ in directions]
        for (bits, (u, v), line, is_reversed), used in zip(directions, passable, strict=True):
            if used:
                graph.add_edge(
                    u,
                    v,
                    **facts,
                    geometry=line,
                    oneway=not all(passable),
                    reversed=is_reversed,
                    walk=bool(bits & Flag.WALK_FORWARD),
                    bike=bool(bits & Flag.BIKE_FORWARD),
                    car=bool(bits & Flag.CAR_FORWARD),
                )
    return graph


_ANY_FORWARD = int(Flag.WALK_FORWARD | Flag.BIKE_FORWARD | Flag.CAR_FORWARD)
