"""Measure the corridor network against the reference routes, by the rules of their README."""

from __future__ import annotations

import csv
import itertools
import math
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

EARTH_RADIUS_M = 6_371_008.8
SERVED_WITHIN_M = 150.0
"""A pair is served when both its ends lie within this distance of the network of its mode."""

CAR_SPEED_KMH = {
    "motorway": 100,
    "trunk": 80,
    "primary": 60,
    "secondary": 50,
    "tertiary": 45,
    "unclassified": 45,
    "residential": 30,
    "living_street": 15,
    "service": 15,
}
NO_FOOT = frozenset({"motorway", "trunk"})
NO_BIKE = NO_FOOT | {"footway", "pedestrian"}
ALLOWED = frozenset({"yes", "designated", "permissive", "destination", "official"})
FORBIDDEN = frozenset({"no", "private", "dismount", "forestry", "agricultural"})
PATHS = frozenset({"cycleway", "path", "footway", "track", "pedestrian"})

Point = tuple[float, float]


@dataclass(frozen=True)
class Measured:
    """One reference pair, measured on the corridor network.

    ``ours_m`` and ``reference_m`` include the straight ways from the places to the network, so
    that two networks that snap to different points can be compared. ``ours_m`` is None where the
    pair is not served.
    """

    pair: str
    mode: str
    ours_m: float | None
    reference_m: float

    @property
    def error(self) -> float:
        """Relative length error, signed; NaN for a pair that is not served."""
        return math.nan if self.ours_m is None else self.ours_m / self.reference_m - 1


def great_circle_m(a: Point, b: Point) -> float:
    """Return the haversine distance of two (lat, lon) points on the sphere of the reference."""
    lat_a, lat_b = math.radians(a[0]), math.radians(b[0])
    half = (
        math.sin((lat_b - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_b) * math.sin(math.radians(b[1] - a[1]) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(half))


def directions(tags: dict[str, str], mode: str) -> tuple[bool, bool]:
    """Return whether a mode may use a way forwards and backwards."""
    highway = tags["highway"]
    one_way = tags.get("oneway") == "yes" or (
        tags.get("junction") == "roundabout" and "oneway" not in tags
    )
    if mode == "walk":
        allowed = highway not in NO_FOOT and tags.get("foot") not in FORBIDDEN
        return allowed, allowed
    if mode == "bike":
        closed = highway in NO_BIKE and tags.get("bicycle") not in ALLOWED
        allowed = not closed and tags.get("bicycle") not in FORBIDDEN
        return allowed, allowed and (not one_way or highway in PATHS)
    allowed = highway in CAR_SPEED_KMH and tags.get("motor_vehicle") not in FORBIDDEN
    return allowed, allowed and not one_way


def read_graph(osm: Path, mode: str) -> nx.DiGraph[str]:
    """Read one mode's network from OSM XML.

    Node attribute ``at`` is (lat, lon); edge attributes are ``length_m`` and ``time_s`` (car
    speeds of the reference).
    """
    root = ET.parse(osm).getroot()  # noqa: S314 - our own file
    at = {
        node.attrib["id"]: (float(node.attrib["lat"]), float(node.attrib["lon"]))
        for node in root.iter("node")
    }
    graph: nx.DiGraph[str] = nx.DiGraph()
    for way in root.iter("way"):
        tags = {tag.attrib["k"]: tag.attrib["v"] for tag in way.iter("tag")}
        forwards, backwards = directions(tags, mode)
        if not forwards:
            continue
        refs = [nd.attrib["ref"] for nd in way.iter("nd")]
        speed = float(tags.get("maxspeed", CAR_SPEED_KMH.get(tags["highway"], 15))) / 3.6
        for start, end in itertools.pairwise(refs):
            length = great_circle_m(at[start], at[end])
            edge = {"length_m": length, "time_s": length / speed}
            graph.add_edge(start, end, **edge)
            if backwards:
                graph.add_edge(end, start, **edge)
    nx.set_node_attributes(graph, {node: at[node] for node in graph}, "at")
    return graph


@dataclass(frozen=True)
class Snap:
    """The point of an edge nearest to a place."""

    start: str
    end: str
    share: float
    off_m: float


def snap(graph: nx.DiGraph[str], place: Point) -> Snap:
    """Find the point of the network nearest to a place (flat geometry around the place)."""
    edges = np.array(list(graph.edges), dtype=object)
    at = graph.nodes
    scale = np.radians(EARTH_RADIUS_M) * np.array([1.0, math.cos(math.radians(place[0]))])
    start = (np.array([at[i]["at"] for i in edges[:, 0]]) - place) * scale
    end = (np.array([at[i]["at"] for i in edges[:, 1]]) - place) * scale
    along = end - start
    share = np.clip(-(start * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-9), 0, 1)
    off = np.hypot(*(start + share[:, None] * along).T)
    best = int(off.argmin())
    return Snap(str(edges[best, 0]), str(edges[best, 1]), float(share[best]), float(off[best]))


def split(graph: nx.DiGraph[str], point: Snap, name: str) -> None:
    """Add a node on an edge, in both directions where the edge has both."""
    for start, end, share in (
        (point.start, point.end, point.share),
        (point.end, point.start, 1 - point.share),
    ):
        edge = graph.get_edge_data(start, end)
        if edge is None:
            continue
        for a, b, part in ((start, name, share), (name, end, 1 - share)):
            graph.add_edge(a, b, **{key: value * part for key, value in edge.items()})


def measure(osm: Path, routes: Path) -> list[Measured]:
    """Measure every reference pair on the network in an OSM XML file."""
    graphs = {mode: read_graph(osm, mode) for mode in ("walk", "bike", "car")}
    measured: list[Measured] = []
    with routes.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    for row in rows:
        graph = graphs[row["mode"]]
        ends = [
            snap(graph, (float(row[f"{end}_lat"]), float(row[f"{end}_lon"])))
            for end in ("from", "to")
        ]
        reference = float(row["length_m"]) + float(row["from_snap_m"]) + float(row["to_snap_m"])
        ours: float | None = None
        if max(end.off_m for end in ends) <= SERVED_WITHIN_M:
            trip = graph.copy()
            split(trip, ends[0], "from")
            split(trip, ends[1], "to")
            weight = "time_s" if row["objective"] == "fastest" else "length_m"
            path = nx.shortest_path(trip, "from", "to", weight=weight)
            ours = nx.path_weight(trip, path, "length_m") + sum(end.off_m for end in ends)
        measured.append(Measured(row["pair_id"], row["mode"], ours, reference))
    return measured


def report(osm: Path, routes: Path) -> str:
    """Return the comparison as text: one line a pair, then the median and 95th percentile."""
    measured = measure(osm, routes)
    lines = [f"{'pair':14}{'ours_m':>9}{'reference_m':>13}{'error_%':>9}"]
    for pair in measured:
        if pair.ours_m is None:
            lines.append(f"{pair.pair:14}{'-':>9}{pair.reference_m:13.0f}{'':>9}")
        else:
            lines.append(
                f"{pair.pair:14}{pair.ours_m:9.0f}{pair.reference_m:13.0f}{100 * pair.error:+9.1f}"
            )
    for mode in ("walk", "bike", "car", "all"):
        errors = [
            abs(pair.error)
            for pair in measured
            if mode in (pair.mode, "all") and pair.ours_m is not None
        ]
        if errors:
            total = sum(mode in (pair.mode, "all") for pair in measured)
            lines.append(
                f"{mode}: {len(errors)} of {total} pairs served, median"
                f" {100 * np.median(errors):.2f} %, 95th percentile"
                f" {100 * np.percentile(errors, 95):.2f} %"
            )
    return "\n".join(lines)
