"""Heights: climbs where they are known, nothing assumed where not, slower uphill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from street_sketches import Sketch, at

from lastmile.errors import RequestError
from lastmile.network.elevation import (
    COASTING_M_S,
    MOTOR_W,
    HeightGrid,
    power_w,
    riding_speeds_m_s,
)
from lastmile.network.paths import one_to_many, shortest_path

if TYPE_CHECKING:
    from pathlib import Path

    from lastmile.network.street import StreetNetwork

BIKE, EBIKE, WALK = 17 / 3.6, 20 / 3.6, 1.3


def hill(sketch: Sketch, folder: Path) -> StreetNetwork:
    """Return a street of 1 km, flat to the middle and then up at 5 percent."""
    for i, x in enumerate((0, 250, 500, 750, 1000)):
        sketch.point(f"p{i}", x, 0)
    sketch.way("p0 p1 p2")
    sketch.way("p2 p3 p4")
    network = sketch.network(folder)
    foot = at(500, 0)[1]
    metre = (at(1000, 0)[1] - foot) / 500
    return network.with_heights(lambda _, lon: 20 + 0.05 * np.maximum(0.0, lon - foot) / metre)


def test_climbs_are_counted_up_not_down(sketch: Sketch, tmp_path: Path) -> None:
    network = hill(sketch, tmp_path)
    ends = at(100, 0), at(900, 0)
    assert shortest_path(network, *ends, "walk").climb_m == pytest.approx(20, abs=0.1)
    assert shortest_path(network, *ends[::-1], "walk").climb_m == pytest.approx(0, abs=1e-3)


def test_uphill_is_slower_than_flat_is_slower_than_downhill(sketch: Sketch, tmp_path: Path) -> None:
    network = hill(sketch, tmp_path)
    flat = sketch.network(tmp_path)
    foot, top = at(500, 0), at(1000, 0)
    for mode in ("bike", "ebike"):
        up = shortest_path(network, foot, top, mode).duration_s
        down = shortest_path(network, top, foot, mode).duration_s
        level = shortest_path(flat, foot, top, mode).duration_s
        assert down < level
        assert up > level - 1e-6
        assert one_to_many(network, foot, [top], mode).duration_s[0] == pytest.approx(up)
    # 1.44 km/h of 21.6 for each percent: a third of the speed is lost at 5 percent
    ridden = shortest_path(network, foot, top, "bike").duration_s
    assert ridden == pytest.approx(500 / (BIKE * (1 - 5 * 1.44 / 21.6)), rel=0.01)
    # walking times do not depend on slopes
    assert shortest_path(network, foot, top, "walk").duration_s == pytest.approx(
        shortest_path(flat, foot, top, "walk").duration_s
    )


def test_unknown_heights_give_no_climb_and_flat_speed(town: Sketch, tmp_path: Path) -> None:
    flat = town.network(tmp_path)
    heights = np.full(flat.tables.node_count, 10.0)
    heights[0] = np.nan
    partly = flat.with_heights(heights)
    everywhere = partly.tables.shape_height
    assert np.isnan(everywhere).any()
    assert np.isfinite(everywhere).any()
    a1, b3 = at(300, 390), at(900, 210)
    assert flat.snap(*a1, "bike").edge >= 0
    assert shortest_path(flat, a1, b3, "bike").climb_m is None
    unknown = flat.with_heights(np.full(flat.tables.node_count, np.nan))
    path = shortest_path(unknown, a1, b3, "bike")
    assert path.climb_m is None
    assert path.duration_s == shortest_path(flat, a1, b3, "bike").duration_s


def test_heights_at_nodes_rise_evenly_between_them(sketch: Sketch, tmp_path: Path) -> None:
    sketch.point("a", 0, 0)
    sketch.point("bend", 300, 0)
    sketch.point("b", 300, 100)
    sketch.way("a bend b")
    network = sketch.network(tmp_path)
    order = np.argsort(network.tables.node_lat)
    heights = np.empty(2)
    heights[order] = (10.0, 50.0)
    network = network.with_heights(heights)
    assert network.tables.shape_height.tolist() == pytest.approx([10, 40, 50], abs=0.1)
    part = shortest_path(network, at(150, 0), at(300, 50), "walk")
    assert part.climb_m == pytest.approx(20, abs=0.1)


def test_heights_must_fit_the_network(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    with pytest.raises(RequestError, match="3 heights for"):
        network.with_heights(np.zeros(3))


def test_heights_survive_storage(sketch: Sketch, tmp_path: Path) -> None:
    network = hill(sketch, tmp_path)
    network.save(tmp_path / "hill.npz")
    again = type(network).load(tmp_path / "hill.npz")
    ends = at(100, 0), at(900, 0)
    assert shortest_path(again, *ends, "bike") == shortest_path(network, *ends, "bike")


@given(grade=st.floats(-0.25, 0.25), steeper=st.floats(0, 0.05))
def test_steeper_is_never_faster_and_a_motor_never_slower(grade: float, steeper: float) -> None:
    grades = np.array([grade, grade + steeper])
    bike = riding_speeds_m_s(grades, BIKE, walk_m_s=WALK)
    ebike = riding_speeds_m_s(grades, EBIKE, walk_m_s=WALK, rider_m_s=BIKE)
    for speeds in (bike, ebike):
        assert speeds[0] >= speeds[1] - 1e-9
        assert np.all((speeds >= WALK) & (speeds <= COASTING_M_S + 1e-9))
    assert np.all(ebike >= bike - 1e-9)


def test_speeds_on_the_flat_are_those_given() -> None:
    flat = np.zeros(1)
    assert riding_speeds_m_s(flat, BIKE, walk_m_s=WALK) == pytest.approx([BIKE])
    assert riding_speeds_m_s(flat, EBIKE, walk_m_s=WALK, rider_m_s=BIKE) == pytest.approx([EBIKE])


def test_what_the_motor_adds_obeys_the_power_balance() -> None:
    grade = np.array([0.08])
    bike = riding_speeds_m_s(grade, BIKE, walk_m_s=WALK)
    ebike = riding_speeds_m_s(grade, EBIKE, walk_m_s=WALK, rider_m_s=BIKE)
    assert ebike < EBIKE
    assert power_w(grade, ebike) == pytest.approx(power_w(grade, bike) + MOTOR_W)


def test_a_slope_too_steep_to_ride_is_pushed() -> None:
    assert riding_speeds_m_s(np.array([0.2]), BIKE, walk_m_s=WALK) == pytest.approx([WALK])


plane = arrays(np.float64, (4, 5), elements=st.floats(-100, 1000))


@given(values=plane, y=st.floats(0, 1), x=st.floats(0, 1))
def test_a_grid_is_met_at_its_cells_and_stays_between_them(
    values: np.ndarray, y: float, x: float
) -> None:
    grid = HeightGrid(values, west=24.0, south=60.0, east=24.4, north=60.3)
    lat, lon = np.meshgrid(np.linspace(60.3, 60.0, 4), np.linspace(24.0, 24.4, 5), indexing="ij")
    assert grid.at(lat, lon) == pytest.approx(values, abs=1e-6)
    between = grid.at(np.array([60 + 0.3 * y]), np.array([24 + 0.4 * x]))
    assert values.min() - 1e-6 <= between[0] <= values.max() + 1e-6


def test_a_grid_knows_nothing_outside_itself() -> None:
    grid = HeightGrid(np.ones((2, 2)), west=24.0, south=60.0, east=24.1, north=60.1)
    assert np.isnan(grid.at(np.array([60.2, 60.05]), np.array([24.05, 23.9]))).all()
    holed = HeightGrid(np.array([[1.0, np.nan], [1.0, 1.0]]), 24.0, 60.0, 24.1, 60.1)
    assert np.isnan(holed.at(np.array([60.09]), np.array([24.05])))[0]
    assert holed.at(np.array([60.0]), np.array([24.05]))[0] == 1.0
