"""Random street networks, and networkx as the judge of routes on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
from hypothesis import strategies as st

from lastmile.network.access import Flag, Mode
from lastmile.network.hierarchy import UNREACHABLE, Ends, contraction_order, unpack
from lastmile.network.street import StreetNetwork
from lastmile.network.tables import StreetTables, segment_lengths_m, sums_by_edge

if TYPE_CHECKING:
    from numpy.typing import NDArray

EVERYBODY = int(
    Flag.WALK_FORWARD
    | Flag.WALK_BACKWARD
    | Flag.BIKE_FORWARD
    | Flag.BIKE_BACKWARD
    | Flag.CAR_FORWARD
    | Flag.CAR_BACKWARD
)
SPAN_DEGREES = 0.02


def make_network(
    points: list[tuple[float, float]],
    edges: list[tuple[int, int]],
    flags: list[int],
    car_m_s: list[float] | None = None,
) -> StreetNetwork:
    """Return a network of straight edges between points given as (lat, lon)."""
    lat, lon = np.array(points).T
    ends = np.array(edges, np.int32).reshape(-1, 2)
    count = len(ends)
    start = 2 * np.arange(count + 1, dtype=np.int64)
    shape_lat, shape_lon = lat[ends].ravel(), lon[ends].ravel()
    speeds = np.array(car_m_s if car_m_s is not None else [10.0] * count, np.float32)
    tables = StreetTables(
        node_id=np.arange(1, len(lat) + 1),
        node_lat=lat.copy(),
        node_lon=lon.copy(),
        node_rank=contraction_order(lat, lon, ends[:, 0].copy(), ends[:, 1].copy()),
        edge_from=ends[:, 0].copy(),
        edge_to=ends[:, 1].copy(),
        edge_way=np.arange(1, count + 1),
        edge_name=np.zeros(count, np.int32),
        edge_kind=np.zeros(count, np.int32),
        edge_flags=np.array(flags, np.uint16),
        edge_length_m=sums_by_edge(segment_lengths_m(shape_lat, shape_lon), start),
        edge_walk_factor=np.ones(count, np.float32),
        edge_bike_factor=np.ones(count, np.float32),
        edge_car_m_s=np.stack([speeds, speeds], axis=1),
        shape_start=start,
        shape_lat=shape_lat,
        shape_lon=shape_lon,
        shape_height=np.empty(0, np.float32),
        names=("",),
        kinds=("residential",),
    )
    return StreetNetwork(tables, source="random")


@st.composite
def networks(draw: st.DrawFn, *, oneway: bool = True, max_nodes: int = 14) -> StreetNetwork:
    """Draw a network: any graph, connected or not, with parallel edges, some one-way or closed."""
    count = draw(st.integers(2, max_nodes))
    place = st.integers(0, 1000)
    points = draw(st.lists(st.tuples(place, place), min_size=count, max_size=count, unique=True))
    end = st.integers(0, count - 1)
    pairs = st.tuples(end, end).filter(lambda pair: pair[0] != pair[1])
    edges = draw(st.lists(pairs, min_size=1, max_size=3 * count))
    both = int(Flag.CAR_FORWARD | Flag.CAR_BACKWARD)
    one = st.sampled_from([both, both, int(Flag.CAR_FORWARD), int(Flag.CAR_BACKWARD), 0])
    flag = one if oneway else st.just(both)
    flags = draw(st.lists(flag, min_size=len(edges), max_size=len(edges)))
    speed = st.sampled_from([3.0, 8.0, 14.0, 27.0])
    speeds = draw(st.lists(speed, min_size=len(edges), max_size=len(edges)))
    degrees = [(60 + x * SPAN_DEGREES / 1000, 24 + y * SPAN_DEGREES / 1000) for x, y in points]
    return make_network(degrees, edges, flags, speeds)


def oracle(network: StreetNetwork, mode: Mode, *, step_free: bool = False) -> nx.DiGraph[int]:
    """Return networkx's view: ``time_ms`` and ``length_mm`` of the best of parallel arcs."""
    costs = network.costs(mode, step_free=step_free)
    tables = network.tables
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    graph.add_nodes_from(range(tables.node_count))
    for edge in range(tables.edge_count):
        ends = int(tables.edge_from[edge]), int(tables.edge_to[edge])
        for side in (0, 1):
            if costs.is_open[edge, side]:
                u, v = ends if side == 0 else ends[::-1]
                time, length = int(costs.time_ms[edge, side]), int(costs.length_mm[edge])
                graph.add_edge(u, v, time_ms=time, length_mm=length)
    return graph


def at_nodes(nodes: list[int]) -> Ends:
    """Return trip ends at nodes."""
    both = np.full((len(nodes), 2), -1, np.int32)
    both[:, 0] = nodes
    return Ends(both, np.zeros((len(nodes), 2), np.int64))


def node_times(network: StreetNetwork, nodes: list[int]) -> NDArray[np.float64]:
    """Return the milliseconds by car between nodes, inf where there is no way."""
    best = network.metric(Mode.CAR, "time").matrix(at_nodes(nodes), at_nodes(nodes))
    return np.where(best < UNREACHABLE, unpack(best)[0], np.inf)
