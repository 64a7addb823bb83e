"""What-if edits of a street network: new links and closed streets, by name.

An edited network is a network like any other, made from the tables in a few hundredths of a second
without reading OSM or ordering nodes again; the one it was made from stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lastmile.errors import RequestError
from lastmile.network.access import (
    BACKWARD_FLAG,
    FORWARD_FLAG,
    KMH,
    STEPS_WALK_FACTOR,
    STREET_CLASSES,
    Flag,
    Mode,
)
from lastmile.network.tables import AT_NODE_M, segment_lengths_m, sums_by_edge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from lastmile.network.street import Snap
    from lastmile.network.tables import StreetTables

    SnapTo = Callable[[StreetTables, float, float, Mode], Snap]
    Parts = dict[int, tuple[float, int, int]]
    """Edge that was split -> where, and its two parts."""

ALL_MODES = frozenset({Mode.WALK, Mode.BIKE, Mode.CAR})


@dataclass(frozen=True, slots=True)
class NewLink:
    """A way to be built.

    Attributes
    ----------
    name
        Names the edit; also the street's name in directions.
    points
        ``(lat, lon)`` from end to end, two or more. The ends join the network where it is nearest
        for the first of the modes.
    modes
        Who may use it, in both directions unless ``oneway``.
    kind
        Its ``highway`` class (``footway``, ``cycleway``, ``steps``, ``residential``, ...).
    oneway
        Open only from the first point to the last.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    modes: frozenset[Mode] = frozenset({Mode.WALK, Mode.BIKE})
    kind: str = "footway"
    oneway: bool = False


@dataclass(frozen=True, slots=True)
class Closure:
    """Streets to be closed.

    Attributes
    ----------
    name
        Names the edit.
    edges
        The edges to close.
    way_ids
        OSM ways to close; all their edges.
    modes
        For whom.
    """

    name: str
    edges: tuple[int, ...] = ()
    way_ids: tuple[int, ...] = ()
    modes: frozenset[Mode] = ALL_MODES


StreetEdit = NewLink | Closure


def edited_tables(tables: StreetTables, edits: Sequence[StreetEdit], snap: SnapTo) -> StreetTables:
    """Return tables with all edits made.

    Parameters
    ----------
    tables
        The streets as they are. Their edges and nodes keep their numbers.
    edits
        What to change; closures are made first, so edge numbers mean those of ``tables``.
    snap
        Finds the place where the end of a link joins, among the streets open on given tables,
        which have the closures and no link yet.

    Raises
    ------
    RequestError
        Two edits share a name, or one makes no sense.
    OffNetworkError
        The end of a link lies too far from the network.
    """
    names = [edit.name for edit in edits]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RequestError(f"two edits are called {twice[0]!r}; give each a name of its own")
    for edit in edits:
        if isinstance(edit, Closure):
            tables = _close(tables, edit)
    closed = tables
    parts: Parts = {}
    for number, edit in enumerate(edits):
        if isinstance(edit, NewLink):
            ends = [
                snap(closed, lat, lon, _first_mode(edit))
                for lat, lon in (edit.points[0], edit.points[-1])
            ]
            tables = _add(tables, edit, -1 - number, ends, parts)
    return tables


def _close(tables: StreetTables, closure: Closure) -> StreetTables:
    edges = np.array(closure.edges, np.int64)
    if np.any(edges < 0) or np.any(edges >= tables.edge_count):
        raise RequestError(f"closure {closure.name!r}: the network has no such edge")
    missing = set(closure.way_ids) - set(tables.edge_way.tolist())
    if missing:
        raise RequestError(
            f"closure {closure.name!r}: no street of the network is of way {min(missing)}"
        )
    chosen = np.isin(tables.edge_way, np.array(closure.way_ids, np.int64))
    chosen[edges] = True
    if not chosen.any() or not closure.modes:
        raise RequestError(f"closure {closure.name!r}: it closes nothing")
    gone = Flag(0)
    for mode in closure.modes:
        gone |= FORWARD_FLAG[mode] | BACKWARD_FLAG[mode]
    flags = tables.edge_flags.copy()
    flags[chosen] &= np.uint16(~int(gone) & 0xFFFF)
    return replace(tables, edge_flags=flags)


def _first_mode(link: NewLink) -> Mode:
    if len(link.points) < 2 or not link.modes:  # noqa: PLR2004 - two ends
        raise RequestError(f"link {link.name!r}: needs two points and a mode that may use it")
    return next(mode for mode in Mode if mode in link.modes)


def _add(
    tables: StreetTables, link: NewLink, way_id: int, ends: list[Snap], parts: Parts
) -> StreetTables:
    if link.kind not in STREET_CLASSES:
        known = ", ".join(STREET_CLASSES)
        raise RequestError(f"link {link.name!r}: unknown kind {link.kind!r} (one of {known})")
    tables, first = _node_at(tables, ends[0], parts)
    tables, last = _node_at(tables, ends[1], parts)
    if first == last:
        raise RequestError(f"link {link.name!r}: both ends join the network at the same place")
    lat = np.array([tables.node_lat[first], *(p[0] for p in link.points), tables.node_lat[last]])
    lon = np.array([tables.node_lon[first], *(p[1] for p in link.points), tables.node_lon[last]])
    street = STREET_CLASSES[link.kind]
    names, kinds = (*tables.names, link.name), tables.kinds
    if link.kind not in kinds:
        kinds = (*kinds, link.kind)
    return _with_edges(
        replace(tables, names=names, kinds=kinds),
        ends=np.array([[first, last]], np.int32),
        shapes=[(lat, lon)],
        edge_way=way_id,
        edge_name=len(names) - 1,
        edge_kind=kinds.index(link.kind),
        edge_flags=int(_link_flags(link)),
        edge_walk_factor=STEPS_WALK_FACTOR if link.kind == "steps" else 1.0,
        edge_bike_factor=street.bike_factor,
        edge_car_m_s=street.car_kmh * KMH,
    )


def _link_flags(link: NewLink) -> Flag:
    flags = Flag(0)
    for mode in link.modes:
        flags |= FORWARD_FLAG[mode]
        if not link.oneway:
            flags |= BACKWARD_FLAG[mode]
    if link.kind == "steps":
        flags |= Flag.STEPS | Flag.NOT_STEP_FREE | Flag.PUSH
    return flags


def _node_at(tables: StreetTables, place: Snap, parts: Parts) -> tuple[StreetTables, int]:
    """Return tables with a node at a place of the unedited network, and the node."""
    edge, fraction = place.edge, place.fraction
    while edge in parts:  # an earlier link has split it
        cut, first, second = parts[edge]
        edge, fraction = (
            (first, min(1.0, fraction / cut))
            if fraction <= cut
            else (second, (fraction - cut) / (1.0 - cut))
        )
    length_m = tables.edge_length_m[edge]
    if fraction * length_m <= AT_NODE_M:
        return tables, int(tables.edge_from[edge])
    if (1.0 - fraction) * length_m <= AT_NODE_M:
        return tables, int(tables.edge_to[edge])
    parts[edge] = (fraction, tables.edge_count, tables.edge_count + 1)
    node = tables.node_count
    tables = replace(
        tables,
        node_id=np.append(tables.node_id, np.int64(-(1 << 60) - node)),
        node_lat=np.append(tables.node_lat, place.lat),
        node_lon=np.append(tables.node_lon, place.lon),
        node_rank=np.append(tables.node_rank, np.int32(node)),
    )
    return _split(tables, edge, replace(place, fraction=fraction), node), node


def _split(tables: StreetTables, edge: int, place: Snap, node: int) -> StreetTables:
    """Replace an edge by its two parts; its number stays, closed to everybody."""
    points = slice(int(tables.shape_start[edge]), int(tables.shape_start[edge + 1]))
    lat, lon = tables.shape_lat[points], tables.shape_lon[points]
    along = np.append(0.0, np.cumsum(segment_lengths_m(lat, lon)))
    at = int(np.searchsorted(along, place.fraction * along[-1]))
    at = min(max(at, 1), len(lat) - 1)
    flags = tables.edge_flags.copy()
    flags[edge] = 0
    one = {
        name: getattr(tables, name)[edge]
        for name in (
            "edge_way",
            "edge_name",
            "edge_kind",
            "edge_flags",
            "edge_walk_factor",
            "edge_bike_factor",
            "edge_car_m_s",
        )
    }
    return _with_edges(
        replace(tables, edge_flags=flags),
        ends=np.array([[tables.edge_from[edge], node], [node, tables.edge_to[edge]]], np.int32),
        shapes=[
            (np.append(lat[:at], place.lat), np.append(lon[:at], place.lon)),
            (np.append(place.lat, lat[at:]), np.append(place.lon, lon[at:])),
        ],
        **one,
    )


def _with_edges(
    tables: StreetTables,
    *,
    ends: NDArray[np.int32],
    shapes: list[tuple[NDArray[np.float64], NDArray[np.float64]]],
    **columns: NDArray[np.generic] | float,
) -> StreetTables:
    """Return tables with more edges; a single value in ``columns`` holds for all of them."""
    lat = np.concatenate([shape[0] for shape in shapes])
    lon = np.concatenate([shape[1] for shape in shapes])
    start = np.cumsum([0, *(len(shape[0]) for shape in shapes)])
    length = sums_by_edge(segment_lengths_m(lat, lon), start)
    changed = {}
    for name, value in columns.items():
        old = getattr(tables, name)
        added = np.broadcast_to(np.asarray(value, old.dtype), (len(shapes), *old.shape[1:]))
        changed[name] = np.concatenate([old, added])
    heights = tables.shape_height
    if len(heights):
        heights = np.append(heights, np.full(len(lat), np.nan, np.float32))
    return replace(
        tables,
        edge_from=np.append(tables.edge_from, ends[:, 0]),
        edge_to=np.append(tables.edge_to, ends[:, 1]),
        edge_length_m=np.append(tables.edge_length_m, length),
        shape_start=np.append(tables.shape_start, tables.shape_start[-1] + start[1:]),
        shape_lat=np.append(tables.shape_lat, lat),
        shape_lon=np.append(tables.shape_lon, lon),
        shape_height=heights,
        **changed,  # type: ignore[arg-type]  # only arrays, never names or kinds
    )
