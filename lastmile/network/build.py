"""Street ways -> the tables of a street network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lastmile.errors import DataError
from lastmile.network.access import LIFECYCLE, STREET_CLASSES, Flag, way_rules
from lastmile.network.hierarchy import contraction_order
from lastmile.network.osm import tell
from lastmile.network.tables import StreetTables, great_circle_m, segment_lengths_m, sums_by_edge

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lastmile.network.access import WayRules
    from lastmile.network.osm import Progress, StreetData
    from lastmile.network.tables import Ints, Longs

MAX_EDGE_M = 200_000.0
"""No street runs this far without a junction; one that does tells of damaged coordinates."""
MAX_EXTENT_M = 1_200_000.0
"""Diagonal of the largest area one network may span (Finland from south to north)."""
BARRIER_KIND = "barrier"


def build_tables(
    data: StreetData, name: str, progress: Progress | None = None
) -> tuple[StreetTables, tuple[str, ...]]:
    """Make the tables of a network from street ways.

    Parameters
    ----------
    data
        Ways and nodes as OSM has them.
    name
        What to call the source in messages.
    progress
        Told what is being done.

    Returns
    -------
    tuple
        The tables, and warnings about what had to be left out.

    Raises
    ------
    DataError
        Nothing usable is left, or the coordinates are damaged.
    """
    tell(progress, "joining the streets", 0.5)
    warnings: list[str] = []
    rules, names, kinds, way_name, way_kind = _rules_of_ways(data, warnings)
    usable = np.array([rule is not None for rule in rules])
    piece, node = _usable_positions(data, usable, name, warnings)
    _check_extent(data, node, name)
    start, end = _cut(data, piece, node)
    if len(start) == 0:
        raise DataError(f"{name}: no street in it that anybody may use")

    shape_start = np.concatenate([[0], np.cumsum(end - start + 1)])
    within = np.arange(shape_start[-1]) - np.repeat(shape_start[:-1], end - start + 1)
    shape_node = node[np.repeat(start, end - start + 1) + within]
    edge_way = piece[start, 0]
    ends = np.stack([node[start], node[end]], axis=1)
    used, ends = np.unique(ends, return_inverse=True)
    ends = ends.reshape(-1, 2)
    kept = [rules[w] for w in edge_way]
    shape_lat, shape_lon = data.node_lat[shape_node], data.node_lon[shape_node]
    segments = segment_lengths_m(shape_lat, shape_lon)
    length_m = sums_by_edge(segments, shape_start)
    longest = int(np.argmax(length_m))
    if length_m[longest] > MAX_EDGE_M:
        raise DataError(
            f"{name}: way {data.way_ids[edge_way[longest]]} runs {length_m[longest] / 1000:.0f} km "
            "without a junction; its coordinates are damaged"
        )
    tables = StreetTables(
        node_id=data.node_ids[used],
        node_lat=data.node_lat[used],
        node_lon=data.node_lon[used],
        node_rank=np.empty(0, np.int32),
        edge_from=ends[:, 0].astype(np.int32),
        edge_to=ends[:, 1].astype(np.int32),
        edge_way=np.array(data.way_ids, np.int64)[edge_way],
        edge_name=way_name[edge_way],
        edge_kind=way_kind[edge_way],
        edge_flags=np.array([int(r.flags) for r in kept if r], np.uint16),
        edge_length_m=length_m,
        edge_walk_factor=np.array([r.walk_factor for r in kept if r], np.float32),
        edge_bike_factor=np.array([r.bike_factor for r in kept if r], np.float32),
        edge_car_m_s=np.array(
            [(r.car_forward_m_s, r.car_backward_m_s) for r in kept if r], np.float32
        ),
        shape_start=shape_start,
        shape_lat=shape_lat,
        shape_lon=shape_lon,
        shape_height=np.empty(0, np.float32),
        names=names,
        kinds=kinds,
    )
    if data.barriers:
        tables = _set_barriers(tables, data.barriers)
    tell(progress, "ordering the nodes for fast routing", 0.6)
    order = contraction_order(tables.node_lat, tables.node_lon, tables.edge_from, tables.edge_to)
    return tables.with_rank(order), tuple(warnings)


def _rules_of_ways(
    data: StreetData, warnings: list[str]
) -> tuple[list[WayRules | None], tuple[str, ...], tuple[str, ...], Ints, Ints]:
    """Judge every way by its tags; number the names and classes."""
    rules: list[WayRules | None] = []
    names: dict[str, int] = {"": 0}
    kinds: dict[str, int] = {}
    way_name = np.zeros(len(data.way_ids), np.int32)
    way_kind = np.zeros(len(data.way_ids), np.int32)
    unknown: dict[str, int] = {}
    for i, tags in enumerate(data.way_tags):
        rule = way_rules(tags)
        rules.append(rule)
        kind = tags["highway"]
        if rule is None:
            if kind not in STREET_CLASSES and kind not in LIFECYCLE:
                unknown[kind] = unknown.get(kind, 0) + 1
            continue
        way_name[i] = names.setdefault(tags.get("name") or tags.get("ref", ""), len(names))
        way_kind[i] = kinds.setdefault(kind, len(kinds))
    if unknown:
        listing = ", ".join(f"{kind} ({n})" for kind, n in sorted(unknown.items())[:10])
        total = sum(unknown.values())
        warnings.append(f"{total} ways left out: highway values that carry nobody: {listing}")
    return rules, tuple(names), tuple(kinds), way_name, way_kind


def _usable_positions(
    data: StreetData, usable: NDArray[np.bool_], name: str, warnings: list[str]
) -> tuple[Longs, Longs]:
    """Return piece and node number of every way position that can be drawn.

    A piece is a pair of numbers, the way's and that of the gaps before it: a way is broken in two
    where a node of it is missing.
    """
    counts = np.diff(data.way_start)
    way = np.repeat(np.arange(len(counts)), counts)
    place = np.searchsorted(data.node_ids, data.refs)
    place[place == len(data.node_ids)] = 0
    found = (
        data.node_ids[place] == data.refs
        if len(data.node_ids)
        else np.zeros(len(data.refs), np.bool_)
    )
    wanted = usable[way]
    missing = int(np.count_nonzero(wanted & ~found))
    if missing == np.count_nonzero(wanted):
        raise DataError(
            f"{name}: none of the {missing} nodes its streets need is in it"
            if missing
            else f"{name}: no street in it that anybody may use"
        )
    if missing:
        warnings.append(f"{missing} street nodes are missing; the streets end there")
    keep = wanted & found
    gap = np.cumsum(wanted & ~found)
    repeated = np.zeros(len(way), np.bool_)
    repeated[1:] = (data.refs[1:] == data.refs[:-1]) & (way[1:] == way[:-1]) & keep[:-1]
    keep &= ~repeated
    piece = np.stack([way[keep], gap[keep]], axis=1)
    return piece, place[keep]


def _cut(data: StreetData, piece: Longs, node: Longs) -> tuple[Longs, Longs]:
    """Return first and last position of every edge: pieces of ways between junctions."""
    if len(node) < 2:  # noqa: PLR2004 - an edge has two ends
        return np.empty(0, np.int64), np.empty(0, np.int64)
    first = np.ones(len(node), np.bool_)
    first[1:] = np.any(piece[1:] != piece[:-1], axis=1)
    last = np.append(first[1:], True)
    uses = np.bincount(node) + np.bincount(node[first | last], minlength=node.max() + 1)
    stops = np.isin(data.node_ids[node], np.array(list(data.barriers), np.int64))
    cut = first | last | (uses[node] > 1) | stops
    at = np.flatnonzero(cut)
    start, end = at[:-1], at[1:]
    same = ~first[end]
    start, end = start[same], end[same]
    loop = node[start] == node[end]
    middle = (start[loop] + end[loop]) // 2
    start = np.concatenate([start[~loop], start[loop], middle])
    end = np.concatenate([end[~loop], middle, end[loop]])
    order = np.argsort(start, kind="stable")
    return start[order], end[order]


def _check_extent(data: StreetData, node: Longs, name: str) -> None:
    lat, lon = data.node_lat[node], data.node_lon[node]
    corners = (np.array([v]) for v in (lat.min(), lon.min(), lat.max(), lon.max()))
    if great_circle_m(*corners)[0] > MAX_EXTENT_M:
        raise DataError(
            f"{name}: its streets reach from lat {lat.min():.3f}, lon {lon.min():.3f} to lat "
            f"{lat.max():.3f}, lon {lon.max():.3f}, too far for one network; cut the area you "
            "need out of it, or mend its coordinates"
        )


def _set_barriers(tables: StreetTables, barriers: dict[int, Flag]) -> StreetTables:
    """Part the streets that meet in a barrier, and join them by edges only some may use.

    Each street that ends in the barrier gets an end node of its own; an edge without length leads
    from each to the first of them and carries whom the barrier lets pass.
    """
    node_of = {int(tables.node_id[n]): n for n in range(tables.node_count)}
    at = {node_of[b]: passing for b, passing in barriers.items() if b in node_of}
    meeting: dict[int, list[tuple[int, int]]] = {node: [] for node in at}
    ends = np.stack([tables.edge_from, tables.edge_to], axis=1)
    touching = np.argwhere(np.isin(ends, np.array(list(at), np.int64)))
    for edge, side in touching.tolist():
        meeting[int(ends[edge, side])].append((edge, side))

    copy_of: list[int] = []
    joins: list[tuple[int, int, int]] = []
    for node, incident in meeting.items():
        for edge, side in incident[1:]:
            twin = tables.node_count + len(copy_of)
            copy_of.append(node)
            ends[edge, side] = twin
            joins.append((node, twin, int(at[node] | Flag.BARRIER)))
    if not joins:
        return tables
    original = np.array(copy_of, np.int64)
    join = np.array(joins, np.int64)
    count = len(join)
    shape_node = np.repeat(join[:, 0], 2)

    def longer(array: NDArray[Any], more: NDArray[Any] | float) -> NDArray[Any]:
        added = np.broadcast_to(np.asarray(more, array.dtype), (count, *array.shape[1:]))
        return np.concatenate([array, added])

    return replace(
        tables,
        node_id=np.concatenate([tables.node_id, -tables.node_id[original]]),
        node_lat=np.concatenate([tables.node_lat, tables.node_lat[original]]),
        node_lon=np.concatenate([tables.node_lon, tables.node_lon[original]]),
        edge_from=longer(ends[:, 0], join[:, 0]),
        edge_to=longer(ends[:, 1], join[:, 1]),
        edge_way=longer(tables.edge_way, 0),
        edge_name=longer(tables.edge_name, 0),
        edge_kind=longer(tables.edge_kind, len(tables.kinds)),
        edge_flags=longer(tables.edge_flags, join[:, 2]),
        edge_length_m=longer(tables.edge_length_m, 0.0),
        edge_walk_factor=longer(tables.edge_walk_factor, 1.0),
        edge_bike_factor=longer(tables.edge_bike_factor, 1.0),
        edge_car_m_s=longer(tables.edge_car_m_s, 1.0),
        shape_start=longer(
            tables.shape_start, tables.shape_start[-1] + 2 * np.arange(1, count + 1)
        ),
        shape_lat=np.concatenate([tables.shape_lat, tables.node_lat[shape_node]]),
        shape_lon=np.concatenate([tables.shape_lon, tables.node_lon[shape_node]]),
        kinds=(*tables.kinds, BARRIER_KIND),
    )
