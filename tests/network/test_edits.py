"""What-if edits: routes follow at once, exactly, and the edit can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_streets import networks, node_times, oracle
from street_sketches import Sketch, at

from lastmile.errors import NoRouteError, OffNetworkError, RequestError
from lastmile.network.access import Mode
from lastmile.network.edits import Closure, NewLink
from lastmile.network.paths import matrix, reach, shortest_path

if TYPE_CHECKING:
    from pathlib import Path

    from lastmile.network.street import StreetNetwork

CARS = frozenset({Mode.CAR})


def draw_link(data: st.DataObject, network: StreetNetwork) -> NewLink:
    tables = network.tables
    used = sorted(set(tables.edge_from.tolist()) | set(tables.edge_to.tolist()))
    ends = data.draw(st.lists(st.sampled_from(used), min_size=2, max_size=2, unique=True))
    points = tuple((float(tables.node_lat[n]), float(tables.node_lon[n])) for n in ends)
    return NewLink("link", points, CARS, "residential", oneway=data.draw(st.booleans()))


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_closing_streets_never_shortens_a_path(data: st.DataObject) -> None:
    network = data.draw(networks())
    count = network.tables.edge_count
    edges = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=4))
    closed = network.with_edits([Closure("works", edges=tuple(edges))])
    every = list(range(network.tables.node_count))
    before, after = node_times(network, every), node_times(closed, every)
    assert np.all(after >= before)
    graph = oracle(closed, Mode.CAR)
    for source, found in nx.all_pairs_dijkstra_path_length(graph, weight="time_ms"):
        assert {t: ms for t, ms in enumerate(after[source]) if np.isfinite(ms)} == found


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_adding_a_link_never_lengthens_a_path_and_is_exact(data: st.DataObject) -> None:
    network = data.draw(networks(oneway=False))
    try:
        linked = network.with_edits([draw_link(data, network)])
    except RequestError:  # both ends were put on the same place
        return
    every = list(range(network.tables.node_count))
    before, after = node_times(network, every), node_times(linked, every)
    # an edge that the link splits is rounded to whole milliseconds in two parts
    assert np.all(after <= before + 2 * len(every))
    graph = oracle(linked, Mode.CAR)
    for source in every:
        found = nx.single_source_dijkstra_path_length(graph, source, weight="time_ms")
        ours = {t: ms for t, ms in enumerate(after[source]) if np.isfinite(ms)}
        assert ours == {t: ms for t, ms in found.items() if t in every}


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_undoing_an_edit_brings_everything_back(data: st.DataObject) -> None:
    network = data.draw(networks(oneway=False))
    closed = network.with_edits([Closure("works", edges=(0,))])
    assert closed.without_edit("works") is network
    assert closed.digest != network.digest
    try:
        both = closed.with_edits([draw_link(data, network)])
    except (RequestError, OffNetworkError):
        return
    assert [edit.name for edit in both.edits] == ["works", "link"]
    every = list(range(network.tables.node_count))
    back = both.without_edit("link")
    assert np.array_equal(node_times(back, every), node_times(closed, every))


def test_a_footbridge_shortens_the_walk_and_has_its_name(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    start, goal = at(450, 10), at(500, 190)
    before = shortest_path(network, start, goal, "walk").length_m
    linked = network.with_edits([NewLink("Uusi silta", (at(450, 0), at(470, 100), at(470, 200)))])
    after = shortest_path(linked, start, goal, "walk")
    assert after.length_m == pytest.approx(2 + 92 + 100 + 30 + 10, abs=1)
    assert after.length_m < before - 100
    assert "Uusi silta" in [step.name for step in after.steps]
    assert [e.name for e in linked.edits] == ["Uusi silta"]
    # the network it was made from is as it was; matrices and reach follow too
    assert shortest_path(network, start, goal, "walk").length_m == before
    assert matrix(linked, [start], [goal], "walk").length_m[0, 0] == pytest.approx(after.length_m)
    far = reach(network, start, "walk", after.duration_s + 1)
    near = reach(linked, start, "walk", after.duration_s + 1)
    assert len(near.nodes) > len(far.nodes)
    by_car = [shortest_path(n, start, goal, "car").length_m for n in (network, linked)]
    assert by_car[0] == by_car[1]


def test_a_link_may_be_one_way_and_of_steps(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    start, goal = at(450, 10), at(480, 190)
    link = NewLink(
        "Portaat", (at(450, 0), at(480, 200)), frozenset({Mode.WALK}), "steps", oneway=True
    )
    linked = network.with_edits([link])
    down = shortest_path(linked, start, goal, "walk", objective="length")
    assert any(step.steps for step in down.steps)
    back = shortest_path(linked, goal, start, "walk", objective="length")
    assert back.length_m > down.length_m + 100
    free = shortest_path(linked, start, goal, "walk", objective="length", step_free=True)
    assert free.length_m > down.length_m + 100


def test_closing_a_way_for_cars_leaves_walkers_alone(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    tables = network.tables
    name = tables.names.index("Itätie & Östra vägen")
    (way,) = {int(w) for w in tables.edge_way[tables.edge_name == name]}
    closed = network.with_edits([Closure("Tietyö", way_ids=(way,), modes=CARS)])
    north, south = at(900, 390), at(900, 10)
    assert shortest_path(closed, north, south, "walk").length_m == pytest.approx(380, rel=1e-3)
    with pytest.raises((NoRouteError, OffNetworkError)):
        shortest_path(closed, at(900, 401), south, "car")


def test_what_a_closure_cuts_off_has_no_way_rather_than_another_place(
    sketch: Sketch, tmp_path: Path
) -> None:
    for i in range(30):
        sketch.point(f"p{i}", 100 * i, 0)
        if i:
            sketch.way(f"p{i - 1} p{i}")
    network = sketch.network(tmp_path)
    closed = network.with_edits([Closure("Silta poikki", way_ids=(28,))])
    assert closed.snap(*at(2850, 5), "car").distance_m == pytest.approx(5, rel=1e-2)
    with pytest.raises(NoRouteError):
        shortest_path(closed, at(50, 0), at(2850, 5), "car")


def test_a_link_to_an_island_makes_it_part_of_the_network(sketch: Sketch, tmp_path: Path) -> None:
    for i in range(30):
        sketch.point(f"p{i}", 100 * i, 0)
        if i:
            sketch.way(f"p{i - 1} p{i}")
    sketch.point("i1", 500, 300)
    sketch.point("i2", 700, 300)
    sketch.way("i1 i2")
    network = sketch.network(tmp_path)
    assert network.snap(*at(600, 290), "walk").distance_m == pytest.approx(290, rel=1e-2)
    linked = network.with_edits([NewLink("Silta", (at(500, 0), at(500, 300)))])
    assert linked.snap(*at(600, 290), "walk").distance_m == pytest.approx(10, rel=1e-2)
    path = shortest_path(linked, at(400, 0), at(600, 300), "walk")
    assert path.length_m == pytest.approx(100 + 300 + 100, rel=1e-2)


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ([Closure("x", edges=(1,)), Closure("x", edges=(2,))], "two edits are called 'x'"),
        ([Closure("x")], "closes nothing"),
        ([Closure("x", edges=(1,), modes=frozenset())], "closes nothing"),
        ([Closure("x", edges=(9999,))], "no such edge"),
        ([Closure("x", edges=(-1,))], "no such edge"),
        ([Closure("x", way_ids=(12345,))], "of way 12345"),
        ([NewLink("x", (at(300, 0),))], "needs two points"),
        ([NewLink("x", (at(300, 0), at(600, 0)), frozenset())], "needs two points"),
        ([NewLink("x", (at(300, 0), at(600, 0)), kind="zipline")], "unknown kind 'zipline'"),
        ([NewLink("x", (at(400, 0), at(400, 1)))], "same place"),
    ],
)
def test_edits_that_make_no_sense(
    town: Sketch, tmp_path: Path, edits: list[Closure | NewLink], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        town.network(tmp_path).with_edits(edits)


def test_a_link_that_ends_nowhere(town: Sketch, tmp_path: Path) -> None:
    with pytest.raises(OffNetworkError):
        town.network(tmp_path).with_edits([NewLink("x", (at(300, 0), at(9000, 0)))])


def test_undoing_what_was_not_done(town: Sketch, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no edit is called 'x'; in force: none"):
        town.network(tmp_path).without_edit("x")
