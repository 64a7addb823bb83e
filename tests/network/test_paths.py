"""Paths, matrices and reach: what holds on every network, and on maps one can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from random_streets import SPAN_DEGREES, make_network, networks, node_times, oracle
from street_sketches import Sketch, at

from lastmile.errors import NoRouteError, OffNetworkError, RequestError
from lastmile.network.access import Flag, Mode
from lastmile.network.costs import Speeds
from lastmile.network.paths import OFF_NETWORK, isochrone, matrix, one_to_many, reach, shortest_path
from lastmile.network.polygons import metric_crs
from lastmile.network.street import ISLAND_SHARE, Snap, StreetNetwork
from lastmile.network.tables import great_circle_m

if TYPE_CHECKING:
    from pathlib import Path

BOTH = int(Flag.CAR_FORWARD | Flag.CAR_BACKWARD)
points = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(
    lambda xy: (60 + xy[0] * SPAN_DEGREES, 24 + xy[1] * SPAN_DEGREES)
)


def snaps(network: StreetNetwork) -> st.SearchStrategy[Snap]:
    """Draw places on open edges, at their ends or between."""
    open_edges = np.flatnonzero(network.costs(Mode.CAR).is_open.any(axis=1)).tolist()
    fraction = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0.01, 0.99))
    return st.builds(
        lambda edge, f: Snap(edge, f, 0.0, *on_edge(network, edge, f)),
        st.sampled_from(open_edges),
        fraction,
    )


def on_edge(network: StreetNetwork, edge: int, fraction: float) -> tuple[float, float]:
    t = network.tables
    a, b = t.edge_from[edge], t.edge_to[edge]
    return (
        float(t.node_lat[a] + fraction * (t.node_lat[b] - t.node_lat[a])),
        float(t.node_lon[a] + fraction * (t.node_lon[b] - t.node_lon[a])),
    )


def duration(network: StreetNetwork, origin: Snap, destination: Snap) -> float:
    """Return the milliseconds of the best path, inf where there is none."""
    times = matrix(network, [origin], [destination], Mode.CAR)
    return float(np.round(times.duration_s[0, 0] * 1000))


with_open_edges = networks().filter(lambda n: bool(n.costs(Mode.CAR).is_open.any()))


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_path_costs_what_networkx_finds_with_the_places_as_nodes(data: st.DataObject) -> None:
    network = data.draw(with_open_edges)
    origin, goal = data.draw(snaps(network)), data.draw(snaps(network))
    graph = oracle(network, Mode.CAR)
    graph.add_nodes_from(["origin", "goal"])
    for node, ms in ways_from(network, origin):
        graph.add_edge("origin", node, time_ms=ms)
    for node, ms in ways_from(network, goal, arriving=True):
        graph.add_edge(node, "goal", time_ms=ms)
    if origin.edge == goal.edge:
        side = 0 if goal.fraction >= origin.fraction else 1
        costs = network.costs(Mode.CAR)
        if costs.is_open[origin.edge, side] or goal.fraction == origin.fraction:
            whole = int(costs.time_ms[origin.edge, side])
            part = abs(round(whole * goal.fraction) - round(whole * origin.fraction))
            graph.add_edge("origin", "goal", time_ms=part)
    try:
        expected = nx.dijkstra_path_length(graph, "origin", "goal", weight="time_ms")
    except nx.NetworkXNoPath:
        expected = np.inf
    assert duration(network, origin, goal) == expected


def ways_from(
    network: StreetNetwork, place: Snap, *, arriving: bool = False
) -> list[tuple[int, int]]:
    """Return the nodes next to a place and the milliseconds there, or back from there."""
    tables, costs = network.tables, network.costs(Mode.CAR)
    first, last = int(tables.edge_from[place.edge]), int(tables.edge_to[place.edge])
    if place.fraction in {0.0, 1.0}:
        return [(first if place.fraction == 0 else last, 0)]
    forward, backward = (int(ms) for ms in costs.time_ms[place.edge])
    along, against = (bool(is_open) for is_open in costs.is_open[place.edge])
    to_first = round((forward if arriving else backward) * place.fraction)
    whole = backward if arriving else forward
    to_last = whole - round(whole * place.fraction)
    towards_first, towards_last = (along, against) if arriving else (against, along)
    ways = [(first, to_first)] if towards_first else []
    return ways + ([(last, to_last)] if towards_last else [])


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_path_is_what_the_matrix_says_and_hangs_together(data: st.DataObject) -> None:
    network = data.draw(with_open_edges)
    origin, goal = data.draw(snaps(network)), data.draw(snaps(network))
    times = one_to_many(network, origin, [goal], Mode.CAR)
    if np.isinf(times.duration_s[0]):
        with pytest.raises(NoRouteError):
            shortest_path(network, origin, goal, Mode.CAR)
        return
    path = shortest_path(network, origin, goal, Mode.CAR)
    assert path.duration_s == pytest.approx(times.duration_s[0], abs=1e-9)
    assert path.length_m == pytest.approx(times.length_m[0], abs=1e-9)
    assert path.duration_s == pytest.approx(sum(step.duration_s for step in path.steps))
    line = np.array(path.coordinates)
    drawn = great_circle_m(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1]).sum()
    assert drawn == pytest.approx(path.length_m, abs=0.05)
    assert path.coordinates[0] == pytest.approx((origin.lat, origin.lon), abs=1e-7)
    assert path.coordinates[-1] == pytest.approx((goal.lat, goal.lon), abs=1e-7)


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_there_is_as_far_as_back_where_nothing_is_one_way(data: st.DataObject) -> None:
    network = data.draw(networks(oneway=False))
    origin, goal = data.draw(snaps(network)), data.draw(snaps(network))
    assert duration(network, origin, goal) == pytest.approx(duration(network, goal, origin), abs=2)


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_no_detour_is_shorter_than_the_best_path(data: st.DataObject) -> None:
    network = data.draw(with_open_edges)
    a, b, c = (data.draw(snaps(network)) for _ in range(3))
    assert duration(network, a, c) <= duration(network, a, b) + duration(network, b, c)


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_splitting_an_edge_changes_nothing(data: st.DataObject) -> None:
    network = data.draw(with_open_edges)
    t = network.tables
    edge = data.draw(st.integers(0, t.edge_count - 1))
    fraction = data.draw(st.floats(0.1, 0.9))
    nodes = [*zip(t.node_lat.tolist(), t.node_lon.tolist(), strict=True)]
    ends = [*zip(t.edge_from.tolist(), t.edge_to.tolist(), strict=True)]
    (u, v), middle = ends[edge], len(nodes)
    split = make_network(
        [*nodes, on_edge(network, edge, fraction)],
        [*ends[:edge], (u, middle), (middle, v), *ends[edge + 1 :]],
        np.insert(t.edge_flags, edge, t.edge_flags[edge]).tolist(),
        np.insert(t.edge_car_m_s[:, 0], edge, t.edge_car_m_s[edge, 0]).tolist(),
    )
    every = list(range(t.node_count))
    before, after = (node_times(n, every) for n in (network, split))
    assert np.array_equal(np.isinf(before), np.isinf(after))
    # two parts are rounded to whole milliseconds apart, and lie off the great circle by nothing
    reached = np.isfinite(before)
    assert np.all(np.abs(before[reached] - after[reached]) <= 2)


@settings(max_examples=50, deadline=None)
@given(data=st.data(), minutes=st.floats(0, 10))
def test_reach_covers_what_the_matrix_says_is_near(data: st.DataObject, minutes: float) -> None:
    network = data.draw(with_open_edges)
    origin, goal = data.draw(snaps(network)), data.draw(snaps(network))
    limit = minutes * 60
    reached = reach(network, origin, Mode.CAR, limit)
    seconds = duration(network, origin, goal) / 1000
    own = reached.edge == goal.edge
    slack = 1e-6 + 0.003 / max(network.costs(Mode.CAR).time_ms[goal.edge].min() / 1000, 1e-3)
    inside = np.any(
        own
        & (reached.from_fraction <= goal.fraction + slack)
        & (goal.fraction - slack <= reached.to_fraction)
    )
    t = network.tables
    if goal.fraction in {0.0, 1.0}:  # a junction is reached by any of its streets
        inside = inside or (t.edge_from, t.edge_to)[int(goal.fraction)][goal.edge] in reached.nodes
    if seconds < limit - 0.01:
        assert inside
    if inside and not np.any(own & (reached.from_fraction == reached.to_fraction)):
        assert (
            seconds <= limit + 0.01 + 2 * slack * network.costs(Mode.CAR).time_ms[goal.edge].max()
        )


# --- maps one can read --------------------------------------------------------------------------


def test_a_walk_through_the_town(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    path = shortest_path(network, at(300, 210), at(900, 10), "walk")
    streets = [step for step in path.steps if step.kind != OFF_NETWORK]
    assert [step.name for step in streets] == ["", "Keskikatu", "Itätie & Östra vägen"]
    assert [step.kind for step in streets] == ["residential", "residential", "unclassified"]
    assert path.length_m == pytest.approx(10 + 300 + 116.6 + 208.8 + 190, abs=1)
    assert path.duration_s == pytest.approx(path.length_m / network.speeds.walk_m_s, abs=0.01)
    assert path.access_m == pytest.approx(0, abs=0.01)
    assert path.climb_m is None


def test_steps_are_shorter_but_slower(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    top, foot = at(300, 199), at(300, 1)
    down = shortest_path(network, top, foot, "walk")
    assert [step.steps for step in down.steps] == [True]
    assert down.duration_s == pytest.approx(198 / (network.speeds.walk_m_s * 0.5), rel=1e-3)
    free = shortest_path(network, top, foot, "walk", step_free=True)
    assert not any(step.steps for step in free.steps)
    assert free.length_m > 1000
    pushed = shortest_path(network, top, foot, "bike")
    assert [step.pushed for step in pushed.steps] == [True]
    assert pushed.duration_s == pytest.approx(down.duration_s)


def test_roundabouts_are_driven_one_way(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    # r1 - r2 - r3 - r1: from r3 to r2 a car goes on to r1 first, a walker turns round
    start, goal = at(930, 690), at(930, 630)
    walk = shortest_path(network, start, goal, "walk").length_m
    drive = shortest_path(network, start, goal, "car").length_m
    assert walk == pytest.approx(84.9, abs=0.5)
    assert drive == pytest.approx(42.4 + 120 + 42.4, abs=1)


def test_one_way_streets_and_the_contraflow_lane(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    west, east = at(650, 400), at(850, 400)
    assert shortest_path(network, west, east, "car").length_m == pytest.approx(200, rel=1e-3)
    assert shortest_path(network, east, west, "bike").length_m == pytest.approx(200, rel=1e-3)
    with pytest.raises(NoRouteError, match="no way for mode car from 60"):
        shortest_path(network, east, west, "car")


def test_the_way_to_the_network_is_walked_and_drawn(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    off, on = at(450, 150), at(700, 260)
    path = shortest_path(network, off, on, "bike")
    assert path.access_m == pytest.approx(50, rel=1e-3)
    assert path.steps[0].kind == "off-network"
    assert path.steps[0].duration_s == pytest.approx(50 / network.speeds.walk_m_s, rel=1e-3)
    assert path.coordinates[0] == pytest.approx(off)
    times = one_to_many(network, off, [on], "bike")
    assert times.duration_s[0] == pytest.approx(path.duration_s)
    assert times.length_m[0] == pytest.approx(path.length_m)
    snapped = shortest_path(network, network.snap(*off, "bike"), on, "bike")
    assert snapped.length_m == pytest.approx(path.length_m)


def test_both_ends_on_one_edge(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    path = shortest_path(network, at(500, 0), at(700, 0), "walk")
    assert path.length_m == pytest.approx(200, rel=1e-3)
    back = shortest_path(network, at(700, 0), at(500, 0), "walk")
    assert back.coordinates == path.coordinates[::-1]
    still = shortest_path(network, at(500, 0), at(500, 0), "walk")
    assert (still.length_m, still.duration_s) == (0, 0)
    assert len(still.coordinates) == 2


def test_other_speeds(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    slow = network.with_speeds(Speeds(walk_m_s=0.65))
    ends = at(300, 390), at(900, 10)
    assert shortest_path(slow, *ends, "walk").duration_s == pytest.approx(
        2 * shortest_path(network, *ends, "walk").duration_s, rel=1e-4
    )
    ebike = shortest_path(network, *ends, "ebike").duration_s
    assert ebike < shortest_path(network, *ends, "bike").duration_s


def test_points_off_the_network_are_unreachable_in_a_matrix(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    times = matrix(network, [at(300, 0), at(9000, 0)], [at(900, 0)], "walk")
    assert np.isfinite(times.duration_s).tolist() == [[True], [False]]
    assert np.isinf(times.length_m[1, 0])


def test_a_place_of_another_network_is_refused(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    with pytest.raises(RequestError, match="snap the point again"):
        shortest_path(network, Snap(9999, 0.5, 0.0, 60.0, 24.0), at(300, 0), "walk")
    steps = int(np.flatnonzero(network.tables.edge_flags & Flag.STEPS)[0])
    with pytest.raises(RequestError, match="cannot use"):
        reach(network, Snap(steps, 0.5, 0.0, 60.0, 24.0), "car", 60)


@pytest.mark.parametrize("limit", [-1.0, float("nan"), float("inf")])
def test_impossible_limits(town: Sketch, tmp_path: Path, limit: float) -> None:
    with pytest.raises(RequestError, match="time limit"):
        reach(town.network(tmp_path), at(300, 0), "walk", limit)


def test_reach_along_a_single_street(sketch: Sketch, tmp_path: Path) -> None:
    sketch.point("a", 0, 0)
    sketch.point("b", 1000, 0)
    sketch.way("a b")
    network = sketch.network(tmp_path).with_speeds(Speeds(walk_m_s=1.0))
    reached = reach(network, at(300, 0), "walk", 100)
    assert len(reached.nodes) == 0
    assert reached.from_fraction == pytest.approx([0.2], abs=1e-3)
    assert reached.to_fraction == pytest.approx([0.4], abs=1e-3)
    further = reach(network, at(300, 40), "walk", 400)
    assert further.from_fraction == pytest.approx([0.0])
    assert further.to_fraction == pytest.approx([0.66], abs=1e-3)


def test_isochrones_grow_and_hold_the_streets_reached(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    areas = isochrone(network, at(600, 200), "walk", [5, 1, 3])
    assert areas["minutes"].tolist() == [1, 3, 5]
    assert str(areas.crs) == "EPSG:4326"
    assert areas.geometry.is_valid.all()
    one, three, five = areas.geometry
    assert five.buffer(1e-5).contains(three)
    assert three.buffer(1e-5).contains(one)
    lat, lon = at(600, 200 + 60 * network.speeds.walk_m_s - 1)
    assert one.contains(shapely.Point(lon, lat))
    lat, lon = at(600, 200 + 60 * network.speeds.walk_m_s + 60)
    assert not one.contains(shapely.Point(lon, lat))


def test_isochrones_are_metric_in_finland_and_elsewhere() -> None:
    assert metric_crs(60.2, 24.7).to_epsg() == 3067
    assert metric_crs(52.5, 13.4).to_epsg() == 32633
    assert metric_crs(-33.9, 151.2).to_epsg() == 32756


# --- snapping -----------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(data=st.data(), point=points)
def test_snapping_finds_the_nearest_street(data: st.DataObject, point: tuple[float, float]) -> None:
    network = data.draw(networks(oneway=False))
    t = network.tables
    usable = network.usable(Mode.CAR)
    shrink = np.cos(np.radians(point[0]))
    flat = np.stack([t.shape_lon * shrink, t.shape_lat], axis=1).reshape(-1, 2, 2)
    metres = 6_371_008.8 * np.pi / 180
    away = (
        shapely.distance(shapely.linestrings(flat), shapely.Point(point[1] * shrink, point[0]))
        * metres
    )
    nearest = float(away[usable].min()) if usable.any() else np.inf
    if nearest > 1000:
        with pytest.raises(OffNetworkError) as caught:
            network.snap(*point, Mode.CAR)
        far = "none at all" if nearest == np.inf else f"the nearest is {nearest:,.0f} m away"
        assert far in str(caught.value)
        return
    place = network.snap(*point, Mode.CAR)
    assert usable[place.edge]
    assert place.distance_m == pytest.approx(nearest, abs=1e-3)
    there = on_edge(network, place.edge, place.fraction)
    assert (place.lat, place.lon) == pytest.approx(there, abs=2e-8)


def test_a_point_is_put_beside_itself_not_at_a_junction(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    place = network.snap(*at(420, 30), "walk")
    assert (place.lat, place.lon) == pytest.approx(at(420, 0), abs=1e-6)
    assert place.distance_m == pytest.approx(30, rel=1e-3)
    assert place.fraction == pytest.approx(0.2, abs=1e-3)


def test_each_mode_is_put_on_its_own_streets(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    beside_the_path = at(600, 20)
    assert network.snap(*beside_the_path, "walk").distance_m == pytest.approx(20, rel=1e-3)
    with pytest.raises(OffNetworkError, match=r"mode car within 100 m .* the nearest is 1\d\d m"):
        network.snap(*beside_the_path, "car", max_distance_m=100)
    foot_of_the_steps = at(310, 60)
    stairs = network.snap(*foot_of_the_steps, "walk")
    free = network.snap(*foot_of_the_steps, "walk", step_free=True)
    assert stairs.distance_m == pytest.approx(10, rel=1e-2)
    assert free.distance_m == pytest.approx(60, rel=1e-2)


def test_nobody_is_put_on_an_island(sketch: Sketch, tmp_path: Path) -> None:
    for i in range(30):
        sketch.point(f"m{i}", 100 * i, 0)
    for i in range(29):
        sketch.way(f"m{i} m{i + 1}")
    sketch.point("i1", 500, 80)
    sketch.point("i2", 600, 80)
    sketch.way("i1 i2")
    assert ISLAND_SHARE * 30 > 2
    place = sketch.network(tmp_path).snap(*at(550, 70), "walk")
    assert place.distance_m == pytest.approx(70, rel=1e-2)


@pytest.mark.parametrize("point", [(91.0, 24.0), (60.0, 181.0), (float("nan"), 24.0)])
def test_points_that_are_not_on_the_earth(
    town: Sketch, tmp_path: Path, point: tuple[float, float]
) -> None:
    with pytest.raises(RequestError, match="outside"):
        town.network(tmp_path).snap(*point, "walk")


def test_a_point_far_away_is_told_how_far(town: Sketch, tmp_path: Path) -> None:
    with pytest.raises(OffNetworkError, match=r"the nearest is 1[0-9]{2},[0-9]{3} m away"):
        town.network(tmp_path).snap(61.5, 24.55, "walk")
