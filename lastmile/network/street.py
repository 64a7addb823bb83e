"""The street network: where a point meets it, what its streets cost, how it is stored."""

from __future__ import annotations

import dataclasses
import json
import threading
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from lastmile import datasets
from lastmile.errors import DataError, OffNetworkError, RequestError
from lastmile.messages import MODE_WORDS, Message
from lastmile.network.access import BACKWARD_FLAG, FORWARD_FLAG, Flag, Mode
from lastmile.network.compiled import compiled
from lastmile.network.costs import ArcCosts, Objective, Speeds, arc_costs
from lastmile.network.elevation import heights_from_nodes
from lastmile.network.hierarchy import Hierarchy, Metric
from lastmile.network.nearest import SegmentGrid, distance_to_any_m
from lastmile.network.search import Adjacency
from lastmile.network.tables import ARRAY_FIELDS, AT_NODE_M, StreetTables
from lastmile.parameters import Parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import TypeVar

    import geopandas as gpd
    import networkx as nx
    from numpy.typing import NDArray

    from lastmile.network.edits import StreetEdit
    from lastmile.network.tables import Floats, Ints

    Made = TypeVar("Made")

OSM_ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0"
MAX_SNAP_M = 1000.0
ISLAND_SHARE = 0.1
"""A connected part of a mode's streets with fewer than this share of the junctions of the largest
part is an island: nobody is put on it, since no way would lead off it."""
FORMAT = 1
BUNDLED_FILE = "network/corridors.osm"
STORED_FILE = "streets.npz"
_STORAGE_ERRORS = (OSError, ValueError, LookupError, TypeError, EOFError, RuntimeError)
_SHAPES_ONLY = frozenset({"hierarchy", "adjacency", "grid"})


@dataclass(frozen=True, slots=True)
class Snap:
    """A place on the network; it belongs to the network that made it.

    Attributes
    ----------
    edge
        Number of the edge.
    fraction
        How far along the edge, 0 at its first node, 1 at its last.
    distance_m
        From the point asked for to the place, as the crow flies.
    lat, lon
        The place, degrees WGS 84.
    """

    edge: int
    fraction: float
    distance_m: float
    lat: float
    lon: float


@dataclass(frozen=True, eq=False)
class Places:
    """Many places on the network, as :class:`Snap` has one; ``edge`` is -1 for points off it."""

    edge: Ints
    fraction: Floats
    distance_m: Floats
    lat: Floats
    lon: Floats

    def __len__(self) -> int:
        """Return how many places there are."""
        return len(self.edge)

    def snap(self, i: int) -> Snap:
        """Return one of the places."""
        return Snap(
            int(self.edge[i]),
            float(self.fraction[i]),
            float(self.distance_m[i]),
            float(self.lat[i]),
            float(self.lon[i]),
        )


class StreetNetwork:
    """Streets for walking, cycling and driving; nothing about it changes.

    What-if edits, other speeds and heights give another network and leave this one as it is.

    Attributes
    ----------
    tables
        The nodes, edges and shapes.
    source, attribution
        Where the streets come from, and whom to name for it.
    speeds
        How fast people walk and ride on the flat.
    edits
        The what-if edits in force.
    warnings
        What had to be left out when the network was built.
    digest
        SHA-256 of the contents.
    """

    def __init__(
        self,
        tables: StreetTables,
        *,
        source: str,
        attribution: str = OSM_ATTRIBUTION,
        speeds: Speeds | None = None,
        warnings: Sequence[str] = (),
        edits: Sequence[StreetEdit] = (),
        base: StreetNetwork | None = None,
    ) -> None:
        self.tables = tables
        self.source = source
        self.attribution = attribution
        self.speeds = speeds or Speeds()
        self.warnings = tuple(warnings)
        self.edits = tuple(edits)
        self.base = base
        self._made: dict[object, object] = {}
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        """Name the source and the size."""
        size = f"{self.tables.node_count:,} nodes, {self.tables.edge_count:,} edges"
        return f"<StreetNetwork {self.source}: {size}>"

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what can be worked out again."""
        return {key: value for key, value in self.__dict__.items() if key not in {"_made", "_lock"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the contents back."""
        self.__dict__.update(state)
        self._made = {}
        self._lock = threading.RLock()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the contents, in hex."""
        return self.tables.digest()

    # --- what searches need, made when first asked for ---------------------------------------

    def _once(self, key: object, make: Callable[[], Made]) -> Made:
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]  # type: ignore[return-value]

    @property
    def hierarchy(self) -> Hierarchy:
        """The shortcuts of the junctions."""
        t = self.tables
        return self._once("hierarchy", lambda: Hierarchy.build(t.node_rank, t.edge_from, t.edge_to))

    @property
    def adjacency(self) -> Adjacency:
        """The arcs by the node they leave."""
        t = self.tables
        return self._once(
            "adjacency", lambda: Adjacency.build(t.node_count, t.edge_from, t.edge_to)
        )

    @property
    def grid(self) -> SegmentGrid:
        """The shape segments by place."""
        return self._once("grid", lambda: SegmentGrid.build(self.tables))

    def costs(self, mode: Mode, *, step_free: bool = False) -> ArcCosts:
        """Return what every arc costs a mode."""
        return self._once(
            ("costs", mode, step_free),
            lambda: arc_costs(self.tables, mode, self.speeds, step_free=step_free),
        )

    def metric(self, mode: Mode, objective: Objective, *, step_free: bool = False) -> Metric:
        """Return the shortcuts' costs for a mode and purpose."""

        def make() -> Metric:
            cost = self.costs(mode, step_free=step_free).packed(objective)
            return Metric.customize(self.hierarchy, cost[:, 0].copy(), cost[:, 1].copy())

        return self._once(("metric", mode, objective, step_free), make)

    def usable(
        self, mode: Mode, *, step_free: bool = False, on_islands: bool = False
    ) -> NDArray[np.bool_]:
        """Return the edges a point may be put on, (e,).

        Those the mode may use, on a part of its network from which one gets anywhere: islands are
        left out (see ``docs/streets.md``) unless ``on_islands``. What an edit cuts off stays
        in: there the honest answer is that there is no way.
        """

        def make() -> NDArray[np.bool_]:
            costs = self.costs(mode, step_free=step_free)
            allowed = costs.is_open.any(axis=1) & (self.tables.edge_flags & Flag.BARRIER == 0)
            if on_islands:
                return np.asarray(allowed)
            connected = _off_islands(self.tables, costs.is_open)
            if self.base is not None:
                before = self.base.usable(mode, step_free=step_free)
                connected[: len(before)] |= before
            return np.asarray(allowed & connected)

        return self._once(("usable", mode, step_free, on_islands), make)

    # --- snapping ----------------------------------------------------------------------------

    def snap(
        self,
        lat: float,
        lon: float,
        mode: Mode | str,
        *,
        max_distance_m: float = MAX_SNAP_M,
        step_free: bool = False,
        on_islands: bool = False,
    ) -> Snap:
        """Return the place on the network nearest to a point.

        Parameters
        ----------
        lat, lon
            Degrees WGS 84.
        mode
            Who wants to use the network.
        max_distance_m
            How far off the network the point may lie.
        step_free
            Whether to keep off steps.
        on_islands
            Whether streets will do that are cut off from the rest.

        Raises
        ------
        OffNetworkError
            The network is further away than that; the message says how far.
        """
        usable = self.usable(Mode(mode), step_free=step_free, on_islands=on_islands)
        return self._snap_onto(usable, lat, lon, Mode(mode), max_distance_m)

    def _snap_onto(
        self, usable: NDArray[np.bool_], lat: float, lon: float, mode: Mode, max_distance_m: float
    ) -> Snap:
        where = self._places(usable, np.array([lat]), np.array([lon]), max_distance_m)
        if where.edge[0] >= 0:
            return where.snap(0)
        away = distance_to_any_m(self.tables, usable, lat, lon)
        how_far = (
            Message("the nearest is {away_m:,.0f} m away", away_m=away)
            if np.isfinite(away)
            else Message("the network has none at all")
        )
        raise OffNetworkError(
            Message(
                "no street for mode {mode} within {far_m:,.0f} m of {point}: {how_far}; choose a "
                "point nearer to a street, or build a network that covers it (lastmile data build)",
                mode=MODE_WORDS[mode.value],
                far_m=max_distance_m,
                point=f"{lat:.5f},{lon:.5f}",
                how_far=how_far,
            )
        )

    def snap_many(
        self,
        lat: Floats,
        lon: Floats,
        mode: Mode | str,
        *,
        max_distance_m: float = MAX_SNAP_M,
        step_free: bool = False,
        on_islands: bool = False,
    ) -> Places:
        """Return the places on the network nearest to many points; edge -1 for those too far."""
        usable = self.usable(Mode(mode), step_free=step_free, on_islands=on_islands)
        return self._places(usable, np.asarray(lat), np.asarray(lon), max_distance_m)

    def _places(
        self, usable: NDArray[np.bool_], lat: Floats, lon: Floats, max_distance_m: float
    ) -> Places:
        """Put points on the nearest of some edges."""
        lat, lon = lat.astype(np.float64), lon.astype(np.float64)
        if not (np.all(np.abs(lat) <= 90) and np.all(np.abs(lon) <= 180)):  # noqa: PLR2004
            raise RequestError("a latitude lies outside -90..90 or a longitude outside -180..180")
        t = self.tables
        point, along, distance = self.grid.nearest(t, usable, (lat, lon), max_distance_m)
        shapes = t.shape_edge, t.shape_along_m, t.shape_lat, t.shape_lon
        return Places(*_on_edges(shapes, t.edge_length_m, (point, along, distance)))

    # --- other networks ----------------------------------------------------------------------

    def with_speeds(self, speeds: Speeds) -> StreetNetwork:
        """Return the same streets for people who move at other speeds."""
        base = self.base.with_speeds(speeds) if self.base is not None else None
        other = self.on(self.tables, speeds=speeds, edits=self.edits, base=base)
        return other._sharing(self)  # noqa: SLF001 - of this class

    def with_heights(
        self, heights: NDArray[np.float64] | Callable[[Floats, Floats], Floats]
    ) -> StreetNetwork:
        """Return the network with heights, which climbs and riding speeds depend on.

        Parameters
        ----------
        heights
            (n,) metres at the nodes; or a function of latitudes and longitudes (such as
            :meth:`lastmile.network.elevation.HeightGrid.at`), asked at every point of the
            streets' shapes. nan where unknown.

        Raises
        ------
        RequestError
            There is not one height a node, or the network has edits: give heights first.
        """
        if self.base is not None:
            raise RequestError("give heights to the network before it is edited")
        t = self.tables
        shape_height = (
            np.asarray(heights(t.shape_lat, t.shape_lon), np.float32)
            if callable(heights)
            else heights_from_nodes(t, heights)
        )
        other = self.on(dataclasses.replace(t, shape_height=shape_height))
        return other._sharing(self)  # noqa: SLF001 - of this class

    def with_edits(self, edits: Sequence[StreetEdit]) -> StreetNetwork:
        """Return the network with links added and streets closed, beside those already in force.

        Routes, matrices and snapping on it are exact at once: the order of the nodes is kept and
        only the shortcuts are worked out again. Undo is :meth:`without_edit`.

        Parameters
        ----------
        edits
            :class:`~lastmile.network.edits.NewLink` and
            :class:`~lastmile.network.edits.Closure`. Edge numbers are those of the network
            without edits.

        Raises
        ------
        RequestError
            Two edits share a name, or one makes no sense.
        OffNetworkError
            The end of a link lies too far from the network.
        """
        from lastmile.network.edits import edited_tables  # noqa: PLC0415 - edits import us

        unedited = self.base or self
        everything = (*self.edits, *edits)
        if not everything:
            return unedited

        def snap(tables: StreetTables, lat: float, lon: float, mode: Mode) -> Snap:
            directions = FORWARD_FLAG[mode] | BACKWARD_FLAG[mode]
            is_open = tables.edge_flags & directions != 0
            usable = unedited.usable(mode, on_islands=True) & is_open
            return unedited._snap_onto(usable, lat, lon, mode, MAX_SNAP_M)  # noqa: SLF001

        return unedited.on(
            edited_tables(unedited.tables, everything, snap), edits=everything, base=unedited
        )

    def without_edit(self, name: str) -> StreetNetwork:
        """Return the network with one of the edits undone.

        Raises
        ------
        RequestError
            No edit of that name is in force.
        """
        left = [edit for edit in self.edits if edit.name != name]
        if len(left) == len(self.edits):
            known = ", ".join(edit.name for edit in self.edits) or "none"
            raise RequestError(f"no edit is called {name!r}; in force: {known}")
        return (self.base or self).with_edits(left)

    def _sharing(self, other: StreetNetwork) -> StreetNetwork:
        """Take over what depends on junctions and shapes alone from a network that has the same."""
        shared = {key: made for key, made in other._made.items() if key in _SHAPES_ONLY}
        self._made.update(shared)
        return self

    def on(
        self,
        tables: StreetTables,
        *,
        speeds: Speeds | None = None,
        edits: Sequence[StreetEdit] = (),
        base: StreetNetwork | None = None,
    ) -> StreetNetwork:
        """Return a network of the same origin on other tables."""
        return StreetNetwork(
            tables,
            source=self.source,
            attribution=self.attribution,
            speeds=speeds or self.speeds,
            warnings=self.warnings,
            edits=edits,
            base=base,
        )

    def to_networkx(self) -> nx.MultiDiGraph[int]:
        """Return the network in OSMnx's conventions; see :mod:`lastmile.network.graphs`."""
        from lastmile.network.graphs import to_networkx  # noqa: PLC0415 - only when needed

        return to_networkx(self)

    def to_geodataframe(self) -> gpd.GeoDataFrame:
        """Return the edges as a table of lines; see :mod:`lastmile.network.graphs`."""
        from lastmile.network.graphs import to_geodataframe  # noqa: PLC0415 - only when needed

        return to_geodataframe(self)

    # --- storage -----------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Write the network into one ``.npz`` file: to a temporary name first, then renamed."""
        facts = {
            "format": FORMAT,
            "source": self.source,
            "attribution": self.attribution,
            "warnings": self.warnings,
            "digest": self.digest,
            "names": self.tables.names,
            "kinds": self.tables.kinds,
        }
        arrays = {name: getattr(self.tables, name) for name in ARRAY_FIELDS}
        text = np.frombuffer(json.dumps(facts).encode(), np.uint8)
        partial = path.with_name(path.name + ".partial")
        try:
            with partial.open("wb") as file:
                np.savez(file, facts=text, **arrays)
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise DataError(f"{path}: cannot be written ({error.strerror})") from error

    @classmethod
    def load(cls, path: Path) -> StreetNetwork:
        """Read what :meth:`save` wrote.

        Raises
        ------
        DataError
            The file is missing, damaged or of another format.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                facts = json.loads(stored["facts"].tobytes())
                arrays = {name: stored[name] for name in ARRAY_FIELDS}
            tables = StreetTables(
                **arrays, names=tuple(facts["names"]), kinds=tuple(facts["kinds"])
            )
            network = cls(
                tables,
                source=facts["source"],
                attribution=facts["attribution"],
                warnings=facts["warnings"],
            )
            intact = network.digest == facts["digest"]
        except (*_STORAGE_ERRORS, BadZipFile) as error:
            raise DataError(
                f"{path}: not a street network of format {FORMAT} ({error!r}); build it again "
                "(lastmile data build)"
            ) from error
        if not intact:
            raise DataError(f"{path}: damaged; build the network again (lastmile data build)")
        return network


@compiled
def _on_edges(
    shapes: tuple[Ints, Floats, Floats, Floats],
    edge_length_m: Floats,
    feet: tuple[Ints, Floats, Floats],
) -> tuple[Ints, Floats, Floats, Floats, Floats]:  # pragma: no cover - compiled
    """Return edges, fractions, distances (m), latitudes and longitudes of feet on segments."""
    shape_edge, shape_along_m, shape_lat, shape_lon = shapes
    segment, along, off_m = feet
    edge = np.full(len(segment), -1, np.int32)
    fraction = np.zeros(len(segment))
    distance = np.full(len(segment), np.inf)
    lat = np.zeros(len(segment))
    lon = np.zeros(len(segment))
    for i in range(len(segment)):
        s, part = segment[i], along[i]
        if s < 0:
            continue
        edge[i] = shape_edge[s]
        length = edge_length_m[edge[i]]
        metres = shape_along_m[s] + part * (shape_along_m[s + 1] - shape_along_m[s])
        if metres >= length - AT_NODE_M:
            fraction[i] = 1.0
        elif metres > AT_NODE_M:
            fraction[i] = metres / length
        distance[i] = off_m[i] if off_m[i] > AT_NODE_M else 0.0
        lat[i] = shape_lat[s] + part * (shape_lat[s + 1] - shape_lat[s])
        lon[i] = shape_lon[s] + part * (shape_lon[s + 1] - shape_lon[s])
    return edge, fraction, distance, lat, lon


def _off_islands(tables: StreetTables, is_open: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the edges both of whose ends lie in large strongly connected parts."""
    forward, backward = is_open[:, 0], is_open[:, 1]
    tail = np.concatenate([tables.edge_from[forward], tables.edge_to[backward]])
    head = np.concatenate([tables.edge_to[forward], tables.edge_from[backward]])
    count = tables.node_count
    arcs = coo_matrix((np.ones(len(tail), np.int8), (tail, head)), shape=(count, count))
    _, part = connected_components(arcs.tocsr(), directed=True, connection="strong")
    size = np.bincount(part, minlength=1)
    large = size >= max(2, ISLAND_SHARE * size.max())
    chosen: NDArray[np.bool_] = large[part[tables.edge_from]] & large[part[tables.edge_to]]
    return chosen


def load_network() -> StreetNetwork:
    """Return the streets in force: what the user built last, else the bundled corridors.

    Raises
    ------
    DataError
        The data set is damaged; the message says how to restore it.
    """
    built = datasets.active("streets")
    if built is not None:
        return _load_stored(built.verified_path(STORED_FILE), built.version)
    path = datasets.verified_path(BUNDLED_FILE)
    return _load_bundled(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _load_stored(path: Path, _version: str) -> StreetNetwork:
    return StreetNetwork.load(path).with_speeds(_speeds())


@lru_cache(maxsize=2)
def _load_bundled(path: Path, _modified_ns: int) -> StreetNetwork:
    from lastmile.network.sources import read_osm  # noqa: PLC0415 - osmium only when needed

    network = read_osm(path)
    network.source = "bundled corridor network"
    return network.with_speeds(_speeds())


def _speeds() -> Speeds:
    """Return the speeds of the model's parameters."""
    parameters = Parameters.bundled()
    return Speeds(
        walk_m_s=parameters.value("walk_speed_ms"),
        bike_m_s=parameters.value("bike_speed_path_ms"),
        ebike_m_s=parameters.value("ebike_speed_ms"),
    )
