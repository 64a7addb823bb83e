"""Stops find their place along a line's shape."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastmile.planner.shapes import line_length_m, piece, stop_positions

DEGREE_LAT_M = 111_195.0  # on the mean sphere


def line(*points: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    array = np.array(points, float)
    return array[:, 0], array[:, 1]


def test_stops_beside_a_straight_line() -> None:
    shape = line((60.0, 24.0), (60.1, 24.0), (60.2, 24.0))
    stops = line((60.0, 24.001), (60.05, 24.001), (60.2, 23.999))
    assert stop_positions(*shape, *stops) == pytest.approx([0.0, 0.5, 2.0], abs=1e-3)


def test_there_and_back_on_the_same_street() -> None:
    """A stop passed twice is told apart by the stops before and after it."""
    shape = line((60.0, 24.0), (60.1, 24.0), (60.0, 24.0))
    stops = line((60.0, 24.0), (60.05, 24.0), (60.1, 24.0), (60.05, 24.0), (60.0, 24.0))
    assert stop_positions(*shape, *stops) == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0])


def test_a_loop_begins_and_ends_at_the_same_stop() -> None:
    shape = line((60.0, 24.0), (60.0, 24.1), (60.1, 24.1), (60.1, 24.0), (60.0, 24.0))
    stops = line((60.0, 24.0), (60.1, 24.1), (60.0, 24.0))
    assert stop_positions(*shape, *stops) == pytest.approx([0.0, 2.0, 4.0])


def test_a_shape_drawn_the_wrong_way_still_gives_an_order() -> None:
    shape = line((60.2, 24.0), (60.1, 24.0), (60.0, 24.0))
    stops = line((60.0, 24.0), (60.2, 24.0))
    assert stop_positions(*shape, *stops).tolist() == [0.0, 2.0]


def test_a_piece_has_the_points_between() -> None:
    shape = line((60.0, 24.0), (60.1, 24.0), (60.2, 24.0))
    between = np.array([(60.05, 24.0), (60.1, 24.0), (60.15, 24.0)])
    points = np.column_stack([piece(values, 0.5, 1.5) for values in shape])
    assert points == pytest.approx(between)
    assert piece(shape[0], 1.0, 1.0).tolist() == [60.1, 60.1]
    assert piece(shape[0], 0.0, 2.0).tolist() == shape[0].tolist()


def test_length_of_a_degree_of_latitude() -> None:
    assert line_length_m(np.array([60.0, 61.0]), np.array([24.0, 24.0])) == pytest.approx(
        DEGREE_LAT_M, rel=1e-4
    )


@given(
    st.lists(st.tuples(st.floats(60, 60.3), st.floats(24.4, 25)), min_size=2, max_size=20),
    st.lists(st.integers(0, 19), min_size=2, max_size=6),
)
def test_stops_on_the_points_of_a_line_come_in_order(
    points: list[tuple[float, float]], picks: list[int]
) -> None:
    shape = line(*points)
    chosen = sorted(pick % len(points) for pick in picks)
    stops = line(*(points[index] for index in chosen))
    positions = stop_positions(*shape, *stops)
    assert (np.diff(positions) >= 0).all()
    assert positions[0] >= 0
    assert positions[-1] <= len(points) - 1
