"""Reading OSM: the street ways and their nodes, out of a file or an Overpass answer.

A file is read twice, first for its ways, then for the nodes they need, so that memory grows with
the streets alone and the order of a file does not matter.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lastmile.errors import DataError
from lastmile.network.access import RELEVANT_KEYS, Flag, barrier_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Progress = Callable[[str, float], None]
    """Told what is being done, and how much of the whole is done, 0 to 1."""

MAX_WAY_NODES = 20_000_000
"""More node references than this do not fit the memory of an ordinary computer; the street ways
of the whole of southern Finland have about 8 million."""

_NOWHERE = (float("nan"), float("nan"))
_MAX_LAT, _MAX_LON = 90.0, 180.0
_PARSER_ERRORS = (RuntimeError, ValueError, OSError, OverflowError, LookupError, MemoryError)
_PBF_MARK = b"OSMHeader"
_COMPRESSED = {
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "compressed with gzip",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
}


@dataclass
class StreetData:
    """Street ways as OSM has them.

    Attributes
    ----------
    way_ids, way_tags
        One entry a way.
    refs, way_start
        Node ids of all ways one after the other; way ``i`` has ``refs[start[i]:start[i + 1]]``.
    node_ids, node_lat, node_lon
        The nodes found, ids ascending, degrees WGS 84.
    barriers
        Node id -> what passes there, for nodes that stop somebody.
    """

    way_ids: list[int] = field(default_factory=list)
    way_tags: list[dict[str, str]] = field(default_factory=list)
    refs: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    way_start: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    node_ids: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    node_lat: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    node_lon: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    barriers: dict[int, Flag] = field(default_factory=dict)


class _Collector:
    """Gathers ways, then the nodes they need."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.data = StreetData()
        self._refs = array("q")
        self._ends = array("q", [0])
        self._nodes = array("q")
        self._lat = array("d")
        self._lon = array("d")

    def way(self, way_id: int, tags: Mapping[str, str], refs: Iterable[int]) -> None:
        """Keep a way that carries ``highway``."""
        if "highway" not in tags:
            return
        self.data.way_ids.append(way_id)
        self.data.way_tags.append({k: v for k, v in tags.items() if k in RELEVANT_KEYS})
        self._refs.extend(refs)
        self._ends.append(len(self._refs))
        if len(self._refs) > MAX_WAY_NODES:
            raise DataError(
                f"{self.name}: its streets have more than {MAX_WAY_NODES:,} nodes, too many for "
                "one network; cut the area you need out of it (osmium extract --bbox)"
            )

    def needed(self) -> NDArray[np.int64]:
        """Return the ids of the nodes the ways need, ascending."""
        refs = np.frombuffer(self._refs, np.int64) if self._refs else np.empty(0, np.int64)
        self.data.refs = refs
        self.data.way_start = np.frombuffer(self._ends, np.int64)
        return np.unique(refs)

    def node(self, node_id: int, lat: float, lon: float, tags: Mapping[str, str]) -> None:
        """Keep a node that a way needs."""
        if not (abs(lat) <= _MAX_LAT and abs(lon) <= _MAX_LON):
            raise DataError(
                f"{self.name}: node {node_id} lies off the earth (lat {lat}, lon {lon})"
            )
        self._nodes.append(node_id)
        self._lat.append(lat)
        self._lon.append(lon)
        if "barrier" in tags:
            passing = barrier_rules(tags)
            if passing != barrier_rules({}):
                self.data.barriers[node_id] = passing

    def finish(self) -> StreetData:
        """Sort the nodes; of a node that is there twice the last one counts."""
        if not self.data.way_ids:
            raise DataError(f"{self.name}: no streets in it (no way has a highway tag)")
        ids = np.frombuffer(self._nodes, np.int64) if self._nodes else np.empty(0, np.int64)
        newest_first = ids[::-1]
        unique, position = np.unique(newest_first, return_index=True)
        self.data.node_ids = unique
        self.data.node_lat = np.array(self._lat)[::-1][position]
        self.data.node_lon = np.array(self._lon)[::-1][position]
        return self.data


def read_file(path: Path, progress: Progress | None = None) -> StreetData:
    """Read the streets of an ``.osm`` or ``.osm.pbf`` file.

    Parameters
    ----------
    path
        The file; what it is is told by its content, not its name.
    progress
        Told what is being done.

    Raises
    ------
    DataError
        The file is missing, not OSM, damaged, compressed or too large.
    """
    import osmium  # noqa: PLC0415 - only when a file is read

    kind = _sniff(path)
    source = osmium.io.File(str(path), kind)
    collector = _Collector(str(path))
    try:
        tell(progress, f"reading the ways of {path.name}", 0.0)
        for way in osmium.FileProcessor(source, osmium.osm.WAY):
            if isinstance(way, osmium.osm.Way) and "highway" in way.tags:
                collector.way(way.id, dict(way.tags), [node.ref for node in way.nodes])
        needed = set(collector.needed().tolist())
        tell(progress, f"reading the nodes of {path.name}", 0.2)
        for node in osmium.FileProcessor(source, osmium.osm.NODE):
            if isinstance(node, osmium.osm.Node) and node.id in needed:
                tags = dict(node.tags) if "barrier" in node.tags else {}
                where = node.location
                lat, lon = (where.lat, where.lon) if where.valid() else _NOWHERE
                collector.node(node.id, lat, lon, tags)
    except DataError:
        raise
    except (*_PARSER_ERRORS, osmium.InvalidLocationError) as error:
        raise DataError(
            f"{path}: not a sound OSM file: {' '.join(str(error).split()) or repr(error)}; "
            "download it again"
        ) from error
    return collector.finish()


def read_elements(elements: Iterable[Mapping[str, Any]], name: str) -> StreetData:
    """Read the streets of Overpass JSON elements.

    Parameters
    ----------
    elements
        The ``elements`` of one or more answers.
    name
        What to call the source in messages.

    Raises
    ------
    DataError
        An element is not what Overpass writes, or there are no streets.
    """
    collector = _Collector(name)
    nodes: list[Mapping[str, Any]] = []
    seen: set[int] = set()
    try:
        for element in elements:
            kind = element["type"]
            if kind == "node":
                nodes.append(element)
            elif kind == "way" and element["id"] not in seen:
                seen.add(element["id"])
                collector.way(int(element["id"]), _texts(element), element["nodes"])
        needed = set(collector.needed().tolist())
        for node in nodes:
            if node["id"] in needed:
                lat, lon = float(node["lat"]), float(node["lon"])
                collector.node(int(node["id"]), lat, lon, _texts(node))
    except DataError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DataError(f"{name}: an element is not what Overpass writes ({error!r})") from error
    return collector.finish()


def _texts(element: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in element.get("tags", {}).items()}


def _sniff(path: Path) -> str:
    """Tell OSM XML from PBF by the first bytes."""
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    if not head:
        raise DataError(f"{path}: the file is empty")
    for mark, what in _COMPRESSED.items():
        if head.startswith(mark):
            raise DataError(f"{path}: the file is {what}; unpack it first")
    if _PBF_MARK in head[:32]:
        return "pbf"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        if b"<html" in text[:200].lower() or b"<!doctype html" in text[:200].lower():
            raise DataError(f"{path}: a web page, not an OSM file")
        return "osm"
    raise DataError(f"{path}: neither OSM XML nor OSM PBF (it starts with {head[:12]!r})")


def tell(progress: Progress | None, message: str, done: float) -> None:
    """Report progress to whoever wants to know."""
    if progress is not None:
        progress(message, done)
