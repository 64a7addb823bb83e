"""Where a new path cannot simply be built: water, ground nobody knows, motorways.

No table of the shoreline is at hand. Two tests stand in for it, and both rather refuse a link that
could be built than propose one that cannot: the hand-drawn water of ``data/walkway/water.csv``,
which lies well inside the real shore, and the streets themselves, since where no street or path
comes within :data:`GAP_M` there may be water, a cliff or a building site, and the data cannot tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely

from lastmile.errors import RequestError
from lastmile.network.access import Mode
from lastmile.network.edits import NewLink
from lastmile.places import REGION
from lastmile.walkway.shore import metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lastmile.network.street import StreetNetwork
    from lastmile.walkway.shore import Point, Shore

GAP_M = 75.0
"""Ground further than this from every street and path is not known well enough to build on."""
END_M = 30.0
"""The end of a link meets a street within this distance, or nowhere."""
SAMPLE_M = 10.0
BARRIER_KINDS = ("motorway", "motorway_link", "trunk", "trunk_link")
SPAN_M = 40.0
"""Length of the bridge or underpass at each carriageway crossed."""
TWO_ENDS = 2


@dataclass(frozen=True)
class Verdict:
    """Whether a link can be built.

    Attributes
    ----------
    reasons
        Why not; empty where it can.
    crosses
        Motorways and trunk roads it needs a bridge or an underpass at, one name a carriageway.
    length_m
        Along its points.
    """

    reasons: tuple[str, ...]
    crosses: tuple[str, ...]
    length_m: float


class Barriers:
    """What lies in the way of new paths.

    Parameters
    ----------
    network
        The streets.
    shore
        Knows the water.
    """

    def __init__(self, network: StreetNetwork, shore: Shore) -> None:
        self.network = network
        self.shore = shore

    @cached_property
    def _roads(self) -> tuple[shapely.STRtree, tuple[str, ...]]:
        """Return the motorways and trunk roads as lines, with their names."""
        t = self.network.tables
        kinds = [i for i, kind in enumerate(t.kinds) if kind in BARRIER_KINDS]
        edges = np.flatnonzero(np.isin(t.edge_kind, kinds))
        lines, names = [], []
        for edge in edges.tolist():
            own = slice(int(t.shape_start[edge]), int(t.shape_start[edge + 1]))
            points = np.stack([t.shape_lat[own], t.shape_lon[own]], axis=1)
            lines.append(shapely.LineString(metric(points)))
            names.append(t.names[t.edge_name[edge]] or t.kinds[t.edge_kind[edge]])
        return shapely.STRtree(lines), tuple(names)

    def verdict(self, points: Sequence[Point]) -> Verdict:
        """Return whether a link can be built, and if not, every reason.

        Parameters
        ----------
        points
            (lat, lon) from end to end.
        """
        if len(points) < TWO_ENDS:
            return Verdict(("a link needs two ends",), (), 0.0)
        if not all(REGION.holds(*point) for point in points):
            return Verdict(
                ("a point has no latitude and longitude in or around Espoo (latitude first)",),
                (),
                0.0,
            )
        track = shapely.LineString(metric(list(points)))
        if track.length == 0:
            return Verdict(("both ends are the same place",), (), 0.0)
        reasons = [
            *self._loose_ends(points),
            *self._water(track),
            *self._unknown_ground(points, track.length),
        ]
        roads, names = self._roads
        crossed = tuple(names[i] for i in sorted(roads.query(track, "intersects").tolist()))
        return Verdict(tuple(reasons), crossed, float(track.length))

    def checked(self, name: str, points: Sequence[Point], kind: str = "footway") -> NewLink:
        """Return a what-if link.

        Raises
        ------
        RequestError
            It cannot be built; the message says why.
        """
        verdict = self.verdict(points)
        if verdict.reasons:
            raise RequestError(f"link {name!r} is refused: {'; '.join(verdict.reasons)}")
        modes = frozenset({Mode.WALK} if kind == "footway" else {Mode.WALK, Mode.BIKE})
        return NewLink(name, tuple(points), modes, kind)

    def _loose_ends(self, points: Sequence[Point]) -> list[str]:
        reasons = []
        for point in (points[0], points[-1]):
            lat, lon = np.array([point[0]]), np.array([point[1]])
            near = self.network.snap_many(lat, lon, Mode.WALK)
            if near.edge[0] < 0 or near.distance_m[0] > END_M:
                far = "more than a kilometre" if near.edge[0] < 0 else f"{near.distance_m[0]:.0f} m"
                reasons.append(
                    f"it ends nowhere: {point[0]:.5f},{point[1]:.5f} lies {far} from every street "
                    "for walkers"
                )
        return reasons

    def _water(self, track: shapely.LineString) -> list[str]:
        return [
            f"it crosses water: {place.name_en} ({place.name_fi})"
            for place, area in self.shore.water
            if track.intersects(area)
        ]

    def _unknown_ground(self, points: Sequence[Point], length_m: float) -> list[str]:
        track = np.array(points)
        legs = metric(track)
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(legs, axis=0).T))])
        at = np.linspace(0.0, length_m, max(TWO_ENDS, int(length_m / SAMPLE_M) + 1))
        lat, lon = (np.interp(at, along, track[:, axis]) for axis in (0, 1))
        tables = self.network.tables
        everything = np.ones(tables.edge_count, bool)
        _, _, apart = self.network.grid.nearest(tables, everything, (lat, lon), 10 * GAP_M)
        furthest = int(np.argmax(apart))
        if apart[furthest] <= GAP_M:
            return []
        far = f"{apart[furthest]:.0f} m" if np.isfinite(apart[furthest]) else f"{10 * GAP_M:.0f} m"
        where = f"{lat[furthest]:.5f},{lon[furthest]:.5f}"
        unknown = "that may be water or ground that cannot be built on"
        return [f"at {where} it is {far} from every known street or path: {unknown}"]
