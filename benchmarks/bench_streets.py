"""Streets side by side with networkx, scipy and Valhalla, on one and the same extract.

Run as ``python benchmarks/bench_streets.py [EXTRACT]``; the extract is by default the region's,
found as the tests find it. Peers that are not installed are left out. networkx and scipy work on
our own junction graph; Valhalla builds its tiles from the extract itself. What would take a peer
many minutes is measured in part and scaled up, marked with ``~`` (a matrix by its number of rows).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from lastmile.network.access import Mode
from lastmile.network.edits import Closure, NewLink
from lastmile.network.hierarchy import Ends
from lastmile.network.paths import isochrone, matrix, one_to_many, reach, shortest_path
from lastmile.network.sources import read_osm
from lastmile.network.street import StreetNetwork, load_network

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = Path(os.environ.get("LASTMILE_REFERENCE", ROOT.parent / "shared" / "reference"))
WALK_LIMIT_S = 900.0
MANY = 1000
PAIRS = 300


@dataclass
class Row:
    """One line of the table."""

    what: str
    who: str
    seconds: float
    note: str = ""


def best_of(task: Callable[[], object], times: int = 5) -> float:
    """Return the median seconds of a task that has been warmed up."""
    task()
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        task()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def once(task: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds of a task done once, and what it returns."""
    began = time.perf_counter()
    result = task()
    return time.perf_counter() - began, result


def arcs(network: StreetNetwork, mode: Mode) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return tails, heads and seconds of all open arcs, the best of parallel ones."""
    t, costs = network.tables, network.costs(mode)
    tail = np.concatenate([t.edge_from, t.edge_to])
    head = np.concatenate([t.edge_to, t.edge_from])
    seconds = costs.time_ms.T.ravel() / 1000
    is_open = costs.is_open.T.ravel()
    tail, head, seconds = tail[is_open], head[is_open], np.maximum(seconds[is_open], 1e-6)
    order = np.lexsort((seconds, head, tail))
    tail, head, seconds = tail[order], head[order], seconds[order]
    first = np.append(True, (tail[1:] != tail[:-1]) | (head[1:] != head[:-1]))
    return tail[first], head[first], seconds[first]


def networkx_graph(network: StreetNetwork, mode: Mode) -> nx.DiGraph:
    """Return networkx's graph of a mode."""
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(zip(*(c.tolist() for c in arcs(network, mode)), strict=True))
    return graph


def scipy_graph(network: StreetNetwork, mode: Mode) -> csr_matrix:
    """Return scipy's graph of a mode."""
    tail, head, seconds = arcs(network, mode)
    count = network.tables.node_count
    return csr_matrix((seconds, (tail, head)), shape=(count, count))


def at_nodes(nodes: np.ndarray) -> Ends:
    """Return trip ends at nodes."""
    both = np.full((len(nodes), 2), -1, np.int32)
    both[:, 0] = nodes
    return Ends(both, np.zeros((len(nodes), 2), np.int64))


def bench_ours(network: StreetNetwork, points: np.ndarray) -> list[Row]:
    """Measure our own code on one network."""
    places = network.snap_many(points[:, 0], points[:, 1], Mode.WALK)
    good = np.flatnonzero(places.edge >= 0)
    points = points[good]
    pairs = [(tuple(points[i]), tuple(points[-i - 1])) for i in range(min(PAIRS, len(points)))]
    metric = network.metric(Mode.WALK, "time")
    nodes = network.tables.edge_from[places.edge[good]]
    ends = [(at_nodes(nodes[i : i + 1]), at_nodes(nodes[-i - 1 :][:1])) for i in range(len(pairs))]

    def all_paths() -> None:
        for origin, destination in pairs:
            shortest_path(network, origin, destination, Mode.WALK)

    def all_routes() -> None:
        for origin, destination in ends:
            metric.route(origin, destination)

    origin = tuple(points[0])
    edge = int(places.edge[good[0]])
    link = NewLink("link", (tuple(points[0]), tuple(points[1])))

    def edited() -> None:
        other = network.with_edits([Closure("works", edges=(edge,)), link])
        shortest_path(other, tuple(points[0]), tuple(points[1]), Mode.WALK)

    tasks: dict[str, tuple[Callable[[], object], int]] = {
        "one to one: cost and arcs": (all_routes, len(ends)),
        "one to one: path, geometry, steps": (all_paths, len(pairs)),
        "one to 1,000": (lambda: one_to_many(network, origin, points, "walk"), 1),
        "reach: 15 min walk": (lambda: reach(network, origin, "walk", WALK_LIMIT_S), 1),
        "isochrone: 15 min walk, polygon": (lambda: isochrone(network, origin, "walk", [15]), 1),
        f"matrix {MANY:,} x {MANY:,}": (lambda: matrix(network, points, points, "walk"), 1),
        "edit: a link, a closure, and a path": (edited, 1),
    }
    return [Row(what, "lastmile", best_of(task) / n) for what, (task, n) in tasks.items()]


def bench_networkx(network: StreetNetwork, nodes: np.ndarray) -> list[Row]:
    """Measure networkx on our junction graph."""
    graph = networkx_graph(network, Mode.WALK)
    few = nodes[:20]

    def routes() -> None:
        for a, b in zip(few[:5], few[::-1][:5], strict=True):
            nx.bidirectional_dijkstra(graph, int(a), int(b), weight="weight")

    source = int(few[0])
    row = once(lambda: nx.single_source_dijkstra_path_length(graph, source, weight="weight"))[0]
    near = best_of(
        lambda: nx.single_source_dijkstra_path_length(graph, source, WALK_LIMIT_S, weight="weight")
    )
    return [
        Row("one to one: cost and arcs", "networkx", once(routes)[0] / 5, "bidirectional"),
        Row("one to 1,000", "networkx", row),
        Row("reach: 15 min walk", "networkx", near, "junctions only"),
        Row(f"matrix {MANY:,} x {MANY:,}", "networkx", row * MANY, "~ from one row"),
    ]


def bench_scipy(network: StreetNetwork, nodes: np.ndarray) -> list[Row]:
    """Measure scipy on our junction graph."""
    graph = scipy_graph(network, Mode.WALK)
    row = best_of(lambda: dijkstra(graph, indices=int(nodes[0])))
    near = best_of(lambda: dijkstra(graph, indices=int(nodes[0]), limit=WALK_LIMIT_S))
    ten = once(lambda: dijkstra(graph, indices=nodes[:10]))[0]
    return [
        Row("one to one: cost and arcs", "scipy", row, "one to all"),
        Row("one to 1,000", "scipy", row, "one to all"),
        Row("reach: 15 min walk", "scipy", near, "junctions only"),
        Row(f"matrix {MANY:,} x {MANY:,}", "scipy", ten / 10 * MANY, "~ from ten rows"),
    ]


def bench_valhalla(extract: Path, points: np.ndarray) -> list[Row]:
    """Measure Valhalla on its own tiles of the same extract."""
    import valhalla  # noqa: PLC0415 - may be missing

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "tiles").mkdir()
        config = valhalla.get_config(tile_extract="", tile_dir=f"{folder}/tiles", verbose=False)
        limits = config["service_limits"]
        for costing in ("pedestrian", "bicycle", "auto"):
            limits[costing]["max_matrix_location_pairs"] = MANY * MANY
            limits[costing]["max_matrix_distance"] = 1e7
        limits["pedestrian"]["max_distance"] = 1e7
        config["loki"]["logging"] = config["thor"]["logging"] = {"type": ""}
        path = Path(folder, "valhalla.json")
        path.write_text(json.dumps(config), encoding="utf-8")
        tool = Path(valhalla.__file__).parent / "bin" / "valhalla_build_tiles"
        command = [str(tool), "-c", str(path), str(extract)]
        build, _ = once(lambda: subprocess.run(command, check=True, capture_output=True))  # noqa: S603
        load, actor = once(lambda: valhalla.Actor(str(path)))
        spots = [{"lat": float(lat), "lon": float(lon)} for lat, lon in points]

        def asked(question: dict[str, Any]) -> str:
            return json.dumps({"costing": "pedestrian", **question})

        def routes() -> None:
            for a, b in zip(spots[:20], spots[::-1][:20], strict=True):
                actor.route(asked({"locations": [a, b]}))

        near = asked({"locations": spots[:1], "contours": [{"time": 15}], "polygons": True})
        many = asked({"sources": spots[:1], "targets": spots})
        some = asked({"sources": spots[:30], "targets": spots[:30]})
        part = once(lambda: actor.matrix(some))[0]
        return [
            Row("build from .osm.pbf", "Valhalla", build, "two threads"),
            Row("load", "Valhalla", load, "tiles stay on disk"),
            Row("one to one: path, geometry, steps", "Valhalla", best_of(routes, 3) / 20),
            Row("one to 1,000", "Valhalla", once(lambda: actor.matrix(many))[0]),
            Row(
                "isochrone: 15 min walk, polygon",
                "Valhalla",
                best_of(lambda: actor.isochrone(near)),
            ),
            Row(f"matrix {MANY:,} x {MANY:,}", "Valhalla", part * MANY / 30, "~ from 30 x 30"),
        ]


def memory_mb(what: str, stored: Path) -> float:
    """Return the memory a fresh process needs more for a network than without it."""
    command = [sys.executable, __file__, "--memory", what, str(stored)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return float(done.stdout)


def report_memory(what: str, stored: Path) -> None:
    """Print the megabytes that a network, or a peer's graph of it, takes in this process."""

    def resident_mb() -> float:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    before = resident_mb()
    network = StreetNetwork.load(stored)
    kept: list[object] = [network]
    if what == "lastmile":
        kept += [network.metric(mode, "time") for mode in (Mode.WALK, Mode.BIKE, Mode.CAR)]
        kept += [network.usable(mode) for mode in (Mode.WALK, Mode.BIKE, Mode.CAR)]
        kept += [network.grid, network.adjacency]
    else:
        network.costs(Mode.WALK)
        before = resident_mb()
        kept.append((networkx_graph if what == "networkx" else scipy_graph)(network, Mode.WALK))
    print(resident_mb() - before)


def show(title: str, rows: list[Row]) -> None:
    """Print a table; the ratio is a peer's time over ours for the same thing."""
    print(f"\n{title}\n{'what':36}{'who':>10}{'time':>14}{'ratio':>10}  note")
    ours = {row.what: row.seconds for row in rows if row.who == "lastmile"}
    for row in sorted(rows, key=lambda r: list(ours).index(r.what)):
        shown = f"{row.seconds * 1000:,.3f} ms" if row.seconds < 1 else f"{row.seconds:,.2f} s"
        ratio = "" if row.who == "lastmile" else f"{row.seconds / ours[row.what]:,.1f}x"
        print(f"{row.what:36}{row.who:>10}{shown:>14}{ratio:>10}  {row.note}")


def sample(network: StreetNetwork, count: int, seed: int) -> np.ndarray:
    """Return points near junctions of the network, (count, 2)."""
    t = network.tables
    rng = np.random.default_rng(seed)
    usable = np.unique(t.edge_from[network.usable(Mode.WALK)])
    nodes = rng.choice(usable, count, replace=len(usable) < count)
    off = rng.normal(0, 3e-4, (count, 2))
    return np.stack([t.node_lat[nodes], t.node_lon[nodes]], axis=1) + off


def bench_extract(extract: Path) -> None:
    """Measure an extract and everything beside it."""
    build_s, network = once(lambda: read_osm(extract))
    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / "streets.npz"
        network.save(stored)
        load_s = best_of(lambda: StreetNetwork.load(stored))

        def ready() -> None:
            fresh = StreetNetwork.load(stored)
            shortest_path(fresh, tuple(points[0]), tuple(points[1]), Mode.WALK)

        points = sample(network, MANY, seed=4)
        rows = [
            Row("build from .osm.pbf", "lastmile", build_s, "with the order of the nodes"),
            Row("load", "lastmile", load_s, f"{stored.stat().st_size / 1e6:.0f} MB on disk"),
            Row("load and a first path", "lastmile", best_of(ready, 3)),
            *bench_ours(network, points),
        ]
        nodes = network.tables.edge_from[network.snap_many(*points.T, Mode.WALK).edge]
        rows += bench_networkx(network, nodes)
        rows += bench_scipy(network, nodes)
        try:
            rows += bench_valhalla(extract, points)
        except ImportError:
            print("Valhalla is not installed (pip install pyvalhalla-weekly): left out")
        t = network.tables
        show(f"{extract.name}: {t.node_count:,} nodes, {t.edge_count:,} edges", rows)
        print(f"\nmemory of {extract.name}")
        for what in ("lastmile", "networkx", "scipy"):
            note = "three modes, ready" if what == "lastmile" else "one mode"
            print(f"  {what:10}{memory_mb(what, stored):8,.0f} MB  {note}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extract", nargs="?", type=Path, default=REFERENCE / "espoo-region.osm.pbf")
    parser.add_argument("--memory", choices=["lastmile", "networkx", "scipy"])
    chosen = parser.parse_args()
    if chosen.memory:
        report_memory(chosen.memory, chosen.extract)
        return
    if chosen.extract.is_file():
        bench_extract(chosen.extract)
    else:
        print(f"{chosen.extract} is not there: left out")
    build_s, bundle = once(load_network)
    t = bundle.tables
    rows = [Row("load", "lastmile", build_s, "from OSM XML, once a process")]
    rows += bench_ours(bundle, sample(bundle, MANY, seed=4))
    show(f"{bundle.source}: {t.node_count:,} nodes, {t.edge_count:,} edges", rows)


if __name__ == "__main__":
    main()
