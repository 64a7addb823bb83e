"""The arrays a street network consists of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from functools import cached_property
from math import asin, cos, radians, sin, sqrt
from typing import TYPE_CHECKING

import numpy as np

from lastmile.network.compiled import compiled
from lastmile.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Singles = NDArray[np.float32]
    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]
    Bits = NDArray[np.uint16]

AT_NODE_M = 1e-3
"""What lies nearer than this to a street or a junction lies on it."""


@dataclass(frozen=True, eq=False)
class StreetTables:
    """Nodes, edges and their shapes; nothing is derived and nothing changes.

    An edge is a stretch of one OSM way between two nodes where one can turn, used in both
    directions: arc ``2 * edge`` runs along its shape, arc ``2 * edge + 1`` against it.

    Attributes
    ----------
    node_id
        (n,) OSM ids; negative for nodes that OSM does not have.
    node_lat, node_lon
        (n,) degrees WGS 84.
    node_rank
        (n,) a permutation: the order in which :mod:`lastmile.network.hierarchy` contracts.
    edge_from, edge_to
        (e,) node numbers; never equal.
    edge_way
        (e,) OSM id of the way; negative for what-if links.
    edge_name, edge_kind
        (e,) positions in ``names`` and ``kinds`` (the ``highway`` classes).
    edge_flags
        (e,) bits of :class:`lastmile.network.access.Flag`.
    edge_length_m
        (e,) great-circle length of the shape.
    edge_walk_factor, edge_bike_factor
        (e,) speed relative to a flat paved way.
    edge_car_m_s
        (e, 2) driving speed along and against the shape.
    shape_start
        (e + 1,) the shape of edge ``i`` is ``shape_*[start[i]:start[i + 1]]``, ends included.
    shape_lat, shape_lon
        (s,) degrees WGS 84.
    shape_height
        (s,) metres, nan where unknown; of length 0 where no heights are known at all.
    names, kinds
        The street names (position 0: no name) and classes.
    """

    node_id: Longs
    node_lat: Floats
    node_lon: Floats
    node_rank: Ints
    edge_from: Ints
    edge_to: Ints
    edge_way: Longs
    edge_name: Ints
    edge_kind: Ints
    edge_flags: Bits
    edge_length_m: Floats
    edge_walk_factor: Singles
    edge_bike_factor: Singles
    edge_car_m_s: Singles
    shape_start: Longs
    shape_lat: Floats
    shape_lon: Floats
    shape_height: Singles
    names: tuple[str, ...]
    kinds: tuple[str, ...]

    def __post_init__(self) -> None:
        """Forbid writing into the arrays."""
        for name in ARRAY_FIELDS:
            getattr(self, name).flags.writeable = False

    @property
    def node_count(self) -> int:
        """How many nodes there are."""
        return len(self.node_id)

    @property
    def edge_count(self) -> int:
        """How many edges there are."""
        return len(self.edge_from)

    @cached_property
    def shape_edge(self) -> Ints:
        """The edge each shape point belongs to, (s,)."""
        edges = np.arange(self.edge_count, dtype=np.int32)
        return np.repeat(edges, np.diff(self.shape_start))

    @cached_property
    def shape_along_m(self) -> Floats:
        """How far each shape point lies along its edge, (s,)."""
        return _along(self.shape_lat, self.shape_lon, self.shape_start)

    def digest(self) -> str:
        """Return the SHA-256 of the contents, in hex; the contraction order is no content."""
        sha = hashlib.sha256()
        for name in ARRAY_FIELDS:
            if name != "node_rank":
                array = np.ascontiguousarray(getattr(self, name))
                sha.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
                sha.update(array.view(np.uint8).data if array.size else b"")
        sha.update("\n".join([*self.names, "", *self.kinds]).encode())
        return sha.hexdigest()

    def with_rank(self, rank: Ints) -> StreetTables:
        """Return the same tables with another contraction order."""
        return replace(self, node_rank=rank)


ARRAY_FIELDS = tuple(f.name for f in fields(StreetTables) if f.name not in {"names", "kinds"})


def great_circle_m(lat_a: Floats, lon_a: Floats, lat_b: Floats, lon_b: Floats) -> Floats:
    """Return great-circle distances in metres (haversine), element by element."""
    phi_a, phi_b = np.radians(lat_a), np.radians(lat_b)
    half_lat = np.sin((phi_b - phi_a) / 2)
    half_lon = np.sin(np.radians(lon_b - lon_a) / 2)
    chord = half_lat**2 + np.cos(phi_a) * np.cos(phi_b) * half_lon**2
    distance: Floats = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))
    return distance


def segment_lengths_m(shape_lat: Floats, shape_lon: Floats) -> Floats:
    """Return the length of every shape segment.

    Shapes lie one after the other, so the segment that leads from one shape to the next is in the
    answer too; :func:`sums_by_edge` leaves it out.
    """
    return great_circle_m(shape_lat[:-1], shape_lon[:-1], shape_lat[1:], shape_lon[1:])


def sums_by_edge(segments: Floats, shape_start: Longs) -> Floats:
    """Add up a quantity of shape segments over each edge.

    Parameters
    ----------
    segments
        (s - 1,) one value between each two shape points that follow each other.
    shape_start
        (e + 1,) as in :class:`StreetTables`.

    Returns
    -------
    Floats
        (e,) sums.
    """
    if len(shape_start) == 1:
        return np.empty(0)
    own = segments.copy()
    own[shape_start[1:-1] - 1] = 0.0
    sums: Floats = np.add.reduceat(own, shape_start[:-1])
    return sums


@compiled
def _along(lat: Floats, lon: Floats, start: Longs) -> Floats:  # pragma: no cover - compiled
    along = np.zeros(len(lat))
    for e in range(len(start) - 1):
        for s in range(start[e] + 1, start[e + 1]):
            half_lat = sin(radians(lat[s] - lat[s - 1]) / 2)
            half_lon = sin(radians(lon[s] - lon[s - 1]) / 2)
            shrink = cos(radians(lat[s])) * cos(radians(lat[s - 1]))
            chord = half_lat * half_lat + shrink * half_lon * half_lon
            along[s] = along[s - 1] + 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))
    return along
