"""The contraction hierarchy finds what networkx finds, to the millisecond and millimetre."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_streets import at_nodes, make_network, networks, oracle

from lastmile.network.access import Flag, Mode
from lastmile.network.costs import arc_costs
from lastmile.network.hierarchy import (
    UNREACHABLE,
    Hierarchy,
    Metric,
    coordinate_order,
    pack,
    unpack,
)
from lastmile.network.search import within

if TYPE_CHECKING:
    from lastmile.network.street import StreetNetwork

WEIGHT = {"time": "time_ms", "length": "length_mm"}


def all_costs(metric: Metric, count: int) -> np.ndarray:
    every = at_nodes(list(range(count)))
    return metric.matrix(every, every)


def their_costs(network: StreetNetwork, objective: str) -> np.ndarray:
    graph = oracle(network, Mode.CAR)
    costs = np.full((len(graph), len(graph)), UNREACHABLE, np.int64)
    for source, found in nx.all_pairs_dijkstra_path_length(graph, weight=WEIGHT[objective]):
        for target, cost in found.items():
            costs[source, target] = cost
    return costs


@settings(max_examples=200, deadline=None)
@given(network=networks(), objective=st.sampled_from(["time", "length"]))
def test_all_pairs_cost_what_networkx_says(network: StreetNetwork, objective: str) -> None:
    ours = all_costs(network.metric(Mode.CAR, objective), network.tables.node_count)
    theirs = their_costs(network, objective)
    reached = theirs < UNREACHABLE
    assert np.array_equal(ours < UNREACHABLE, reached)
    assert np.array_equal(unpack(ours)[0][reached], theirs[reached])


@settings(max_examples=100, deadline=None)
@given(network=networks(), objective=st.sampled_from(["time", "length"]))
def test_a_route_is_a_chain_of_open_arcs_that_costs_what_the_matrix_says(
    network: StreetNetwork, objective: str
) -> None:
    tables, metric = network.tables, network.metric(Mode.CAR, objective)
    cost = network.costs(Mode.CAR).packed(objective).ravel()
    matrix = all_costs(metric, tables.node_count)
    for source in range(tables.node_count):
        for target in range(tables.node_count):
            total, arcs = metric.route(at_nodes([source]), at_nodes([target]))
            assert total == matrix[source, target]
            if total == UNREACHABLE:
                assert len(arcs) == 0
                continue
            assert cost[arcs].sum() == total
            here = source
            for arc in arcs.tolist():
                ends = int(tables.edge_from[arc >> 1]), int(tables.edge_to[arc >> 1])
                tail, head = ends[::-1] if arc & 1 else ends
                assert tail == here
                here = head
            assert here == target


@settings(max_examples=100, deadline=None)
@given(network=networks(), limit_s=st.integers(0, 600))
def test_reach_is_networkx_with_a_cutoff(network: StreetNetwork, limit_s: int) -> None:
    graph, costs = oracle(network, Mode.CAR), network.costs(Mode.CAR)
    nodes, spent = within(
        network.adjacency,
        costs.open_time_ms,
        np.array([0, -1], np.int32),
        np.zeros(2, np.int64),
        limit_s * 1000,
    )
    theirs = nx.single_source_dijkstra_path_length(
        graph, 0, cutoff=limit_s * 1000, weight="time_ms"
    )
    assert dict(zip(nodes.tolist(), spent.tolist(), strict=True)) == theirs
    assert spent.tolist() == sorted(spent.tolist())


@settings(max_examples=100, deadline=None)
@given(network=networks(), seed=st.integers(0, 99))
def test_the_order_of_contraction_changes_nothing(network: StreetNetwork, seed: int) -> None:
    tables = network.tables
    cost = network.costs(Mode.CAR).packed("time")
    usual = all_costs(network.metric(Mode.CAR, "time"), tables.node_count)
    shuffled = np.random.default_rng(seed).permutation(tables.node_count)
    by_place = coordinate_order(tables.node_lat, tables.node_lon, tables.edge_from, tables.edge_to)
    assert sorted(by_place.tolist()) == list(range(tables.node_count))
    for order in (shuffled, by_place):
        rank = np.empty(tables.node_count, np.int32)
        rank[order] = np.arange(tables.node_count)
        hierarchy = Hierarchy.build(rank, tables.edge_from, tables.edge_to)
        metric = Metric.customize(hierarchy, cost[:, 0].copy(), cost[:, 1].copy())
        assert np.array_equal(all_costs(metric, tables.node_count), usual)


def test_the_lesser_part_of_a_cost_breaks_ties() -> None:
    # two ways of the same time from 0 to 3: the upper one is shorter but slower to drive
    network = make_network(
        [(60, 24), (60.001, 24.001), (59.999, 24.001), (60, 24.002)],
        [(0, 1), (1, 3), (0, 2), (2, 3)],
        [int(Flag.CAR_FORWARD)] * 4,
    )
    costs = network.costs(Mode.CAR)
    time = np.array([5000, 5000, 4000, 6000])
    length = np.array([10, 10, 9, 9])
    closed = np.full(4, UNREACHABLE)
    metric = Metric.customize(network.hierarchy, pack(time, length), closed)
    cost, arcs = metric.route(at_nodes([0]), at_nodes([3]))
    assert [int(part) for part in unpack(np.array(cost))] == [10000, 18]
    assert arcs.tolist() == [4, 6]
    assert costs.is_open[:, 0].all()


def test_without_the_compiled_order_routes_are_the_same(tmp_path: str) -> None:
    """A machine that routingkit-cch cannot be installed on: the import fails."""
    script = (
        "import sys; sys.modules['routingkit_cch'] = None\n"
        "from lastmile.network import hierarchy as h; import numpy as np\n"
        "lat, lon = np.meshgrid(np.arange(12) / 1000 + 60, np.arange(12) / 1000 + 24)\n"
        "n = np.arange(144, dtype=np.int32).reshape(12, 12)\n"
        "a = np.concatenate([n[:-1].ravel(), n[:, :-1].ravel()])\n"
        "b = np.concatenate([n[1:].ravel(), n[:, 1:].ravel()])\n"
        "rank = h.contraction_order(lat.ravel(), lon.ravel(), a, b)\n"
        "one = np.full(len(a), 1 << h.SHIFT)\n"
        "m = h.Metric.customize(h.Hierarchy.build(rank, a, b), one, one)\n"
        "ends = lambda x: h.Ends(np.array([[x, -1]], np.int32), np.zeros((1, 2), np.int64))\n"
        "print(m.route(ends(0), ends(143))[0] >> h.SHIFT)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "22"


def test_many_threads_may_ask_at_once(region: StreetNetwork) -> None:
    metric = region.metric(Mode.WALK, "length")
    rng = np.random.default_rng(3)
    pairs = rng.integers(0, region.tables.node_count, (200, 2)).tolist()
    alone = [metric.route(at_nodes([a]), at_nodes([b]))[0] for a, b in pairs]
    answers: dict[int, list[int]] = {}

    def ask(number: int) -> None:
        answers[number] = [metric.route(at_nodes([a]), at_nodes([b]))[0] for a, b in pairs]

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(answers[i] == alone for i in range(4))


@pytest.mark.parametrize("mode", [Mode.WALK, Mode.CAR])
def test_the_region_agrees_with_routingkit(region: StreetNetwork, mode: Mode) -> None:
    """A peer on the real network: RoutingKit's own hierarchy, in whole milliseconds."""
    routingkit = pytest.importorskip("routingkit_cch")
    tables = region.tables
    tail = np.stack([tables.edge_from, tables.edge_to], axis=1).ravel().tolist()
    head = np.stack([tables.edge_to, tables.edge_from], axis=1).ravel().tolist()
    order = np.argsort(tables.node_rank).tolist()
    costs = arc_costs(tables, mode, region.speeds, step_free=False)
    closed = 2**31 - 1
    weight = np.where(costs.is_open, costs.time_ms, closed).ravel().astype(np.uint32)
    theirs = routingkit.CCHMetric(routingkit.CCH(order, tail, head, False), weight)  # noqa: FBT003
    nodes = np.random.default_rng(5).integers(0, tables.node_count, 40).tolist()
    expected = np.array(
        [
            [UNREACHABLE if cost is None else cost for cost in row]
            for row in (routingkit.CCHOneToMany(theirs, nodes).distances_from(n) for n in nodes)
        ]
    )
    ours = region.metric(mode, "time").matrix(at_nodes(nodes), at_nodes(nodes))
    reached = expected < UNREACHABLE
    assert reached.mean() > 0.3
    assert np.array_equal(ours < UNREACHABLE, reached)
    assert np.array_equal(unpack(ours)[0][reached], expected[reached])
