"""Walkers on the streets: places on them, junctions with their branches, and gaps between."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, degrees, radians
from typing import TYPE_CHECKING

import numpy as np

from lastmile.network.access import Flag, Mode
from lastmile.network.paths import matrix
from lastmile.units import great_circle_m

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lastmile.network.street import Places, StreetNetwork
    from lastmile.places import Place
    from lastmile.walkway.shore import Point

    Floats = NDArray[np.float64]

OFF_M = 150.0
"""A place further from every street than this is off the network: nobody is led there straight."""
LOOK_AHEAD_M = 10.0
"""How far along a street one looks to see where it leads."""


@dataclass(frozen=True)
class Gap:
    """Why a place cannot be reached, and where the streets end.

    Attributes
    ----------
    origin, destination
        Whom it keeps apart.
    reason
        In words.
    line
        From the last place reached to the first beyond: what is missing.
    """

    origin: str
    destination: str
    reason: str
    line: tuple[Point, Point]

    @property
    def length_m(self) -> float:
        """Length of what is missing, as the crow flies."""
        return great_circle_m(*self.line[0], *self.line[1])


@dataclass(frozen=True)
class OnStreets:
    """Places put on the streets of a mode.

    Attributes
    ----------
    places
        As asked for.
    at
        Where they meet the streets; edge -1 for those off the network. The way between a place
        and the streets, at most :data:`OFF_M`, is part of every length.
    """

    places: tuple[Place, ...]
    at: Places

    @classmethod
    def put(
        cls,
        network: StreetNetwork,
        places: Sequence[Place],
        mode: Mode = Mode.WALK,
        *,
        step_free: bool = False,
    ) -> OnStreets:
        """Put places on the streets."""
        lat = np.array([place.lat for place in places])
        lon = np.array([place.lon for place in places])
        at = network.snap_many(lat, lon, mode, max_distance_m=OFF_M, step_free=step_free)
        return cls(tuple(places), at)

    def __len__(self) -> int:
        """Return how many places there are."""
        return len(self.places)


def gap_between(
    network: StreetNetwork,
    origin: Place,
    destination: Place,
    mode: Mode = Mode.WALK,
    *,
    step_free: bool = False,
) -> Gap:
    """Return what is missing between two places with no way between them.

    A place off the network is joined to the street nearest to it, if there is one within a
    kilometre. Else the gap runs from the junction reached from the origin to the one that leads
    to the destination, where the two parts of the network come nearest to each other.
    """
    for place in (origin, destination):
        near = network.snap_many(
            np.array([place.lat]), np.array([place.lon]), mode, step_free=step_free
        )
        if near.edge[0] < 0:
            reason = f"{place.name_fi} has no street for mode {mode.value} within a kilometre"
            return Gap(origin.id, destination.id, reason, (origin.point, destination.point))
        if near.distance_m[0] > OFF_M:
            reason = f"{place.name_fi} lies {near.distance_m[0]:.0f} m from every street"
            street = (float(near.lat[0]), float(near.lon[0]))
            return Gap(origin.id, destination.id, reason, (street, place.point))
    t = network.tables
    nodes = np.stack([t.node_lat, t.node_lon], axis=1)
    on = network.snap_many(nodes[:, 0], nodes[:, 1], mode, max_distance_m=1.0, step_free=step_free)
    ends = OnStreets.put(network, (origin, destination), mode, step_free=step_free).at
    out = matrix(network, ends, on, mode, step_free=step_free).duration_s[0]
    back = matrix(network, on, ends, mode, step_free=step_free).duration_s[:, 1]
    here, there = np.flatnonzero(np.isfinite(out)), np.flatnonzero(np.isfinite(back))
    first, last = _nearest_pair(nodes[here], nodes[there])
    line = (
        (float(nodes[here[first], 0]), float(nodes[here[first], 1])),
        (float(nodes[there[last], 0]), float(nodes[there[last], 1])),
    )
    reason = f"no way leads from {origin.name_fi} to {destination.name_fi}"
    return Gap(origin.id, destination.id, f"{reason}: the streets do not meet", line)


def _nearest_pair(here: Floats, there: Floats) -> tuple[int, int]:
    """Return the positions of the two points of either set that lie nearest to each other."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 - seldom needed

    from lastmile.walkway.shore import metric  # noqa: PLC0415 - shore builds on geometry

    distance, position = (
        np.atleast_1d(found) for found in cKDTree(metric(there)).query(metric(here))
    )
    first = int(np.argmin(distance))
    return first, int(position[first])


class Junctions:
    """The places where ways meet, with the direction of every way that leaves them on foot.

    Parameters
    ----------
    network
        The streets.
    """

    def __init__(self, network: StreetNetwork) -> None:
        t = network.tables
        self._tables = t
        self._adjacency = network.adjacency
        self._is_open = (
            network.costs(Mode.WALK).is_open & (t.edge_flags & Flag.BARRIER == 0)[:, None]
        )
        points = list(zip(t.node_lat.tolist(), t.node_lon.tolist(), strict=True))
        self._node = dict(zip(points, range(len(points)), strict=True))
        order = np.lexsort((t.node_lat, t.node_lon))
        lat, lon = t.node_lat[order], t.node_lon[order]
        same = np.flatnonzero((lat[1:] == lat[:-1]) & (lon[1:] == lon[:-1]))
        self._twins: dict[Point, set[int]] = {}
        for i in same.tolist():
            pair = {int(order[i]), int(order[i + 1])}
            self._twins.setdefault(points[order[i]], set()).update(pair)
        self._found: dict[Point, tuple[float, ...]] = {}

    def branches(self, point: Point) -> tuple[float, ...] | None:
        """Return the compass bearings of the ways that leave a junction; None elsewhere.

        The two sides of a barrier are one junction.
        """
        node = self._node.get(point)
        if node is None:
            return None
        nodes = sorted(self._twins.get(point, {node}))
        if point not in self._found:
            self._found[point] = tuple(
                self._leaving(arc)
                for node in nodes
                for arc in self._adjacency.arc[
                    self._adjacency.start[node] : self._adjacency.start[node + 1]
                ].tolist()
                if self._is_open[arc >> 1, arc & 1]
            )
        return self._found[point]

    def _leaving(self, arc: int) -> float:
        """Return the bearing in which an arc sets out, over its first metres."""
        t, edge = self._tables, arc >> 1
        own = slice(int(t.shape_start[edge]), int(t.shape_start[edge + 1]))
        lat, lon, along = t.shape_lat[own], t.shape_lon[own], t.shape_along_m[own]
        if arc & 1:
            lat, lon, along = lat[::-1], lon[::-1], along[-1] - along[::-1]
        at = min(LOOK_AHEAD_M, float(along[-1]))
        ahead = float(np.interp(at, along, lat)), float(np.interp(at, along, lon))
        return bearing((float(lat[0]), float(lon[0])), ahead)


def bearing(start: Point, end: Point) -> float:
    """Return the compass bearing of one point from another, degrees clockwise from north.

    Over the short distances of a junction, on the plane.
    """
    east = (end[1] - start[1]) * cos(radians(start[0]))
    return degrees(atan2(east, end[0] - start[0])) % 360.0
