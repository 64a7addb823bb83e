"""The real network of the region, against the reference routes."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest

from lastmile.network.access import Mode
from lastmile.network.paths import matrix, reach, shortest_path
from lastmile.network.sources import read_osm

if TYPE_CHECKING:
    from pathlib import Path

    from lastmile.network.street import StreetNetwork

MODE = {"walk": Mode.WALK, "bike": Mode.BIKE, "car": Mode.CAR}
TOLERANCE = 0.02


def test_all_shortest_reference_routes(region: StreetNetwork, reference: Path) -> None:
    """Lengths within 2 percent plus the snap distances of both sides."""
    off: list[str] = []
    count = 0
    with (reference / "reference_routes.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["objective"] != "shortest":
                continue
            count += 1
            ends = [(float(row[f"{end}_lat"]), float(row[f"{end}_lon"])) for end in ("from", "to")]
            mode = MODE[row["mode"].partition("_")[0]]
            path = shortest_path(region, ends[0], ends[1], mode, objective="length")
            theirs = float(row["length_m"])
            slack = float(row["from_snap_m"]) + float(row["to_snap_m"]) + path.access_m
            difference = path.length_m - path.access_m - theirs
            if abs(difference) > TOLERANCE * theirs + slack:
                off.append(f"{row['pair_id']}: {difference:+.0f} m of {theirs:.0f} m")
    assert count >= 39
    assert off == []


def test_one_to_many_matrix_and_reach_agree_on_the_region(region: StreetNetwork) -> None:
    rng = np.random.default_rng(11)
    points = np.stack([rng.uniform(60.16, 60.24, 60), rng.uniform(24.65, 24.9, 60)], axis=1)
    places = region.snap_many(points[:, 0], points[:, 1], Mode.WALK)
    times = matrix(region, places, places, Mode.WALK)
    finite = np.isfinite(times.duration_s)
    assert finite.mean() > 0.9
    # walking has no one-way streets in this data: there is as far as back
    assert np.allclose(times.length_m[finite], times.length_m.T[finite], atol=0.01)
    limit = 1800.0
    origin = places.snap(0)
    reached = reach(region, origin, Mode.WALK, limit)
    covered = set(reached.edge.tolist())
    for j in np.flatnonzero(places.edge >= 0).tolist():
        on_street = times.duration_s[0, j] - places.distance_m[j] / region.speeds.walk_m_s
        if on_street < limit - 1:
            assert int(places.edge[j]) in covered
        for_sure = int(places.edge[j]) in covered
        if not for_sure:
            assert on_street > limit - 1


def test_islands_are_few(region: StreetNetwork) -> None:
    """Nobody is put on 2 percent of the streets at most: the reference names 98 percent whole."""
    lengths = region.tables.edge_length_m
    for mode in (Mode.WALK, Mode.BIKE, Mode.CAR):
        every = region.usable(mode, on_islands=True)
        mainland = region.usable(mode)
        share = lengths[mainland].sum() / lengths[every].sum()
        assert share > 0.95, mode


def test_osmnx_works_on_the_graph(reference: Path) -> None:
    ox = pytest.importorskip("osmnx")
    network = read_osm(reference / "otaniemi-2014.osm")
    graph = network.to_networkx()
    stats = ox.stats.basic_stats(graph)
    assert stats["n"] == network.tables.node_count
    assert stats["street_length_total"] > 10_000
    nodes, edges = ox.graph_to_gdfs(graph)
    assert len(nodes) == network.tables.node_count
    assert edges.crs == "epsg:4326"
    projected = ox.project_graph(graph)
    places = gpd.GeoSeries(gpd.points_from_xy([24.822, 24.835], [60.186, 60.186]), crs=4326)
    there = places.to_crs(projected.graph["crs"])
    origin, goal = ox.nearest_nodes(projected, there.x, there.y)
    walking = nx.subgraph_view(projected, filter_edge=lambda *edge: projected.edges[edge]["walk"])
    route = ox.shortest_path(walking, origin, goal, weight="length")
    theirs = nx.path_weight(nx.DiGraph(walking), route, "length")
    ends = [(nodes.y[n], nodes.x[n]) for n in (origin, goal)]
    ours = shortest_path(network, *ends, Mode.WALK, objective="length")
    assert ours.length_m == pytest.approx(theirs, abs=1)


def test_the_table_of_edges(region: StreetNetwork) -> None:
    table = region.to_geodataframe()
    assert len(table) == region.tables.edge_count
    assert table.crs == "epsg:4326"
    metric = table.sample(200, random_state=1).to_crs("EPSG:3067")
    assert np.allclose(metric.length, metric["length_m"], rtol=5e-3, atol=0.01)
    assert set(table["car"]) <= {"no", "forward", "backward", "both"}
