"""Stops on the streets: where they stand, the walks between them, and the ways to and from them."""

from __future__ import annotations

import hashlib
import io
import os
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
import platformdirs
from scipy.spatial import cKDTree

from lastmile.datasets import DATA_DIR_VARIABLE
from lastmile.network.access import Mode
from lastmile.network.nearby import Nearby
from lastmile.network.paths import matrix
from lastmile.network.street import Places
from lastmile.transit.footpaths import Footpaths
from lastmile.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from lastmile.network.street import StreetNetwork

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int32]

STOP_SNAP_M = 250.0
"""A stop farther than this from every street cannot be walked to."""
FOOTPATH_M = 900.0
"""Longest walk between two rides."""
LONGEST_WALK_S = 80 * 60.0
LONGEST_RIDE_S = 25 * 60.0
"""Longest ways to and from stops, on foot and by bike."""
BLOCK_DEGREES = 0.02
WALKS_KEPT = 500
"""How many doors' walks to the stops around them stay in memory."""
WORTH_KEEPING_S = 1.0
"""Footpaths that took longer than this to work out are kept on disk."""
METRES_PER_DEGREE = EARTH_RADIUS_M * np.pi / 180.0


@dataclass(frozen=True, eq=False)
class Ways:
    """Ways between one point and the stops around it.

    Attributes
    ----------
    stop
        (n,) int32, stop indices, each once.
    duration_s, length_m
        (n,) of the way.
    """

    stop: Ints
    duration_s: Floats
    length_m: Floats
    _row: dict[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the stops."""
        object.__setattr__(self, "_row", {stop: row for row, stop in enumerate(self.stop.tolist())})

    def to(self, stop: int) -> tuple[float, float]:
        """Return duration (s) and length (m) of the way to one of the stops."""
        row = self._row[stop]
        return float(self.duration_s[row]), float(self.length_m[row])

    def only(self, stop: int) -> Ways:
        """Return the way to one stop alone, or none."""
        same = self.stop == stop
        return Ways(self.stop[same], self.duration_s[same], self.length_m[same])


@dataclass(frozen=True, eq=False)
class PointWalks:
    """Walks between points (bike stations) and stops.

    Attributes
    ----------
    point, stop
        (n,) indices.
    duration_s, length_m
        (n,) of the walk, the way to the platform included.
    """

    point: NDArray[np.int64]
    stop: NDArray[np.int64]
    duration_s: Floats
    length_m: Floats


@dataclass(frozen=True, eq=False)
class StopNet:
    """The stops of a feed on a street network.

    Attributes
    ----------
    network
        The streets.
    lat, lon
        (stops,) degrees.
    places
        Where people on foot reach each stop; edge -1 for stops off the network.
    bike_places
        Likewise by bike.
    platform_s
        (stops,) time between the street and the platform.
    footpaths
        Walks between stops for changes, platform times included.
    footpath_m
        (footpaths,) their lengths.
    step_free
        Whether the walks keep off steps.
    """

    network: StreetNetwork
    lat: Floats
    lon: Floats
    places: Places
    bike_places: Places
    platform_s: Floats
    footpaths: Footpaths
    footpath_m: Floats
    step_free: bool
    _point_walks: dict[tuple[int, float, float], PointWalks] = field(
        default_factory=dict, repr=False
    )

    _walks: dict[tuple[float, float, float, float], Ways] = field(default_factory=dict, repr=False)

    @classmethod
    def build(
        cls,
        network: StreetNetwork,
        stops: pd.DataFrame,
        platform_s: Floats,
        *,
        feed_digest: str,
        step_free: bool = False,
    ) -> StopNet:
        """Put the stops on the streets and work out the walks between them.

        Parameters
        ----------
        network
            The streets.
        stops
            The feed's stops, as in :class:`lastmile.transit.model.Feed`.
        platform_s
            (stops,) time between the street and the platform.
        feed_digest
            Names the stops for the store on disk.
        step_free
            Keep off steps.
        """
        lat, lon = stops["stop_lat"].to_numpy(float), stops["stop_lon"].to_numpy(float)
        places = network.snap_many(
            lat, lon, Mode.WALK, max_distance_m=STOP_SNAP_M, step_free=step_free
        )
        bike_places = network.snap_many(lat, lon, Mode.BIKE, max_distance_m=STOP_SNAP_M)
        key = f"{network.digest} {feed_digest} {len(lat)} {step_free} {FOOTPATH_M} {network.speeds}"
        store = _cache_dir() / f"footpaths-{hashlib.sha256(key.encode()).hexdigest()[:24]}.npz"
        pairs = _stored(store)
        if pairs is None:
            began = time.perf_counter()
            pairs = _walks(network, lat, lon, places, step_free=step_free)
            if time.perf_counter() - began > WORTH_KEEPING_S:
                _store(store, pairs)
        footpaths, lengths = _footpaths(pairs, platform_s, _stations(stops))
        return cls(
            network, lat, lon, places, bike_places, platform_s, footpaths, lengths, step_free
        )

    def extended(self, stops: pd.DataFrame, platform_s: Floats) -> StopNet:
        """Return the stops with more behind them, as a service with stops of its own brings.

        Parameters
        ----------
        stops
            All stops: these first, then the new ones.
        platform_s
            (all stops,)
        """
        known = len(self.lat)
        lat, lon = stops["stop_lat"].to_numpy(float), stops["stop_lon"].to_numpy(float)
        new = np.arange(known, len(lat))
        places = _joined(
            self.places,
            self.network.snap_many(
                lat[new], lon[new], Mode.WALK, max_distance_m=STOP_SNAP_M, step_free=self.step_free
            ),
        )
        bike_places = _joined(
            self.bike_places,
            self.network.snap_many(lat[new], lon[new], Mode.BIKE, max_distance_m=STOP_SNAP_M),
        )
        there = matrix(self.network, part(places, new), places, Mode.WALK, step_free=self.step_free)
        near = there.length_m <= FOOTPATH_M
        origin, target = np.nonzero(near)
        walk_s, walk_m = there.duration_s[near], there.length_m[near]
        fresh = new[origin]
        extra_s = platform_s[fresh] + platform_s[target]
        footpaths = self.footpaths.extended(
            len(lat),
            np.concatenate([fresh, target]),
            np.concatenate([target, fresh]),
            np.tile(walk_s + extra_s, 2),
        )
        lengths = dict(
            zip(
                zip(self.footpaths.origins().tolist(), self.footpaths.target.tolist(), strict=True),
                self.footpath_m.tolist(),
                strict=True,
            )
        )
        for a, b, metres in zip(fresh.tolist(), target.tolist(), walk_m.tolist(), strict=True):
            lengths[a, b] = lengths[b, a] = metres
        ordered = zip(footpaths.origins().tolist(), footpaths.target.tolist(), strict=True)
        return StopNet(
            self.network,
            lat,
            lon,
            places,
            bike_places,
            platform_s,
            footpaths,
            np.array([lengths[pair] for pair in ordered], float),
            self.step_free,
        )

    @property
    def off_network(self) -> int:
        """How many stops no street comes near to."""
        return int((self.places.edge < 0).sum())

    def walks(self, point: Places, limit_s: float) -> Ways:
        """Return the walks between a point and the stops within a limit.

        Walking is taken to last as long back as there: streets one-way on foot are hardly known.

        Parameters
        ----------
        point
            One place on the network, snapped for walking.
        limit_s
            Longest walk, platform included; up to LONGEST_WALK_S.
        """
        key = (float(point.lat[0]), float(point.lon[0]), float(point.distance_m[0]), limit_s)
        known = self._walks.get(key)
        if known is None:
            if len(self._walks) >= WALKS_KEPT:
                self._walks.clear()
            known = self._walks[key] = self._ways(self._on_foot, point, limit_s)
        return known

    def rides(self, point: Places, limit_s: float) -> Ways:
        """Return the ways by one's own bike from a point to the stops within a limit.

        Parameters
        ----------
        point
            One place on the network, snapped for cycling.
        limit_s
            Longest way, platform included; up to LONGEST_RIDE_S.
        """
        return self._ways(self._by_bike, point, limit_s)

    def _ways(self, nearby: Nearby, point: Places, limit_s: float) -> Ways:
        """Return the ways to the stops within a limit, platform included."""
        stop, way_s, length_m = nearby.within(point, limit_s)
        duration_s = way_s + self.platform_s[stop]
        near = duration_s <= limit_s
        return Ways(stop[near], duration_s[near], length_m[near])

    @cached_property
    def _on_foot(self) -> Nearby:
        """The stops made ready for those who walk to them, when first asked for."""
        return Nearby.build(
            self.network, self.places, Mode.WALK, LONGEST_WALK_S, step_free=self.step_free
        )

    @cached_property
    def _by_bike(self) -> Nearby:
        """The stops made ready for those who ride to them, when first asked for."""
        return Nearby.build(self.network, self.bike_places, Mode.BIKE, LONGEST_RIDE_S)

    def walks_between_stops(self, target: int) -> tuple[Ints, Floats, Floats]:
        """Return the walks to a stop from those around it and from itself: stop, s, m."""
        rows = np.flatnonzero(self.footpaths.target == target)
        return (
            np.append(self.footpaths.origins()[rows], target).astype(np.int32),
            np.append(self.footpaths.duration_s[rows], 0.0).astype(np.float64),
            np.append(self.footpath_m[rows], 0.0),
        )

    def near_points(self, lat: Floats, lon: Floats, points: Places, limit_m: float) -> PointWalks:
        """Return the walks between points and the stops near them, worked out once.

        Parameters
        ----------
        lat, lon
            (n,) of the points.
        points
            The same on the network, snapped for walking.
        limit_m
            Longest walk.
        """
        key = (len(lat), float(lat.sum()), limit_m)
        if key not in self._point_walks:
            origin, target = self._close_pairs(lat, lon, limit_m)
            duration_s, length_m = np.full(len(origin), np.inf), np.full(len(origin), np.inf)
            for point in np.unique(origin).tolist():
                own = np.flatnonzero(origin == point)
                times = matrix(
                    self.network,
                    part(points, np.array([point])),
                    part(self.places, target[own]),
                    Mode.WALK,
                )
                duration_s[own], length_m[own] = times.duration_s[0], times.length_m[0]
            near = length_m <= limit_m
            self._point_walks[key] = PointWalks(
                origin[near],
                target[near],
                duration_s[near] + self.platform_s[target[near]],
                length_m[near],
            )
        return self._point_walks[key]

    def _close_pairs(
        self, lat: Floats, lon: Floats, limit_m: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return pairs of points and stops no farther apart than a limit as the crow flies."""
        scale = np.cos(np.radians(lat.mean())) if len(lat) else 1.0
        stops = np.column_stack([self.lat, self.lon * scale]) * METRES_PER_DEGREE
        points = np.column_stack([lat, lon * scale]) * METRES_PER_DEGREE
        if not len(stops) or not len(points):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        found = cKDTree(points).sparse_distance_matrix(
            cKDTree(stops), limit_m, output_type="ndarray"
        )
        on_network = self.places.edge[found["j"]] >= 0
        return found["i"][on_network], found["j"][on_network]

    def footpath(self, origin: int, target: int) -> tuple[float, float] | None:
        """Return duration (s) and length (m) of the walk between two stops, or None."""
        start, end = int(self.footpaths.offset[origin]), int(self.footpaths.offset[origin + 1])
        row = start + int(np.searchsorted(self.footpaths.target[start:end], target))
        if row < end and self.footpaths.target[row] == target:
            return float(self.footpaths.duration_s[row]), float(self.footpath_m[row])
        return None


def part(places: Places, rows: NDArray[np.integer]) -> Places:
    """Return some of the places."""
    return Places(
        places.edge[rows],
        places.fraction[rows],
        places.distance_m[rows],
        places.lat[rows],
        places.lon[rows],
    )


def _joined(first: Places, second: Places) -> Places:
    """Return places one after the other."""
    return Places(
        np.concatenate([first.edge, second.edge]),
        np.concatenate([first.fraction, second.fraction]),
        np.concatenate([first.distance_m, second.distance_m]),
        np.concatenate([first.lat, second.lat]),
        np.concatenate([first.lon, second.lon]),
    )


Pairs = tuple["NDArray[np.int32]", "NDArray[np.int32]", "Floats", "Floats"]
"""Origin, target, duration in s and length in m of the walks."""


def _walks(
    network: StreetNetwork, lat: Floats, lon: Floats, places: Places, *, step_free: bool
) -> Pairs:
    """Work out the walks between stops, block of the map by block, each with its surroundings."""
    row = np.floor(lat / BLOCK_DEGREES).astype(np.int64)
    column = np.floor(lon / BLOCK_DEGREES).astype(np.int64)
    margin_lat = FOOTPATH_M / METRES_PER_DEGREE
    margin_lon = margin_lat / np.cos(np.radians(lat.max())) if len(lat) else margin_lat
    parts: list[Pairs] = []
    for block in sorted(set(zip(row.tolist(), column.tolist(), strict=True))):
        inside = np.flatnonzero((row == block[0]) & (column == block[1])).astype(np.int32)
        around = np.flatnonzero(
            (lat >= lat[inside].min() - margin_lat)
            & (lat <= lat[inside].max() + margin_lat)
            & (lon >= lon[inside].min() - margin_lon)
            & (lon <= lon[inside].max() + margin_lon)
        ).astype(np.int32)
        times = matrix(
            network, part(places, inside), part(places, around), Mode.WALK, step_free=step_free
        )
        origin, target = np.nonzero(times.length_m <= FOOTPATH_M)
        parts.append(
            (
                inside[origin],
                around[target],
                times.duration_s[origin, target],
                times.length_m[origin, target],
            )
        )
    if not parts:
        none = np.zeros(0, np.int32)
        return none, none, np.zeros(0), np.zeros(0)
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return columns[0], columns[1], columns[2], columns[3]


def _footpaths(pairs: Pairs, platform_s: Floats, station: Ints) -> tuple[Footpaths, Floats]:
    """Return walks as the router wants them, with the way to and from the platforms.

    Between platforms of one station nobody goes up to the street.
    """
    origin, target, walk_s, walk_m = pairs
    same = (station[origin] >= 0) & (station[origin] == station[target])
    extra_s = np.where(same, 0.0, platform_s[origin] + platform_s[target])
    footpaths = Footpaths.between(len(platform_s), origin, target, walk_s + extra_s)
    apart = origin != target
    order = np.lexsort((target[apart], origin[apart]))
    return footpaths, walk_m[apart][order]


def _stations(stops: pd.DataFrame) -> Ints:
    """Return the station each stop belongs to, -1 where it belongs to none."""
    return stops["parent_station"].to_numpy(np.int32)


def _cache_dir() -> Path:
    """Return where walks are kept between runs."""
    chosen = os.environ.get(DATA_DIR_VARIABLE)
    if chosen:
        return Path(chosen).expanduser() / "cache"
    return platformdirs.user_cache_path("lastmile", appauthor=False)


def _stored(path: Path) -> Pairs | None:
    """Return what was kept; a missing or damaged file is worked out anew."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            return kept["origin"], kept["target"], kept["duration_s"], kept["length_m"]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def _store(path: Path, pairs: Pairs) -> None:
    """Keep walks; where that is not possible they are worked out again next time."""
    content = io.BytesIO()
    origin, target, duration_s, length_m = pairs
    np.savez_compressed(
        content, origin=origin, target=target, duration_s=duration_s, length_m=length_m
    )
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content.getvalue())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
