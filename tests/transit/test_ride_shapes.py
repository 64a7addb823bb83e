"""Rides are cut out of shapes at the right pass of the right place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastmile.transit.shapes import between, stops_along

STREET = np.array([[60.20, 24.60], [60.20, 24.62], [60.20, 24.64]])


def test_stops_beside_a_straight_street_are_placed_where_they_stand() -> None:
    at, distance = stops_along(STREET, np.array([[60.2001, 24.605], [60.1999, 24.63]]))
    assert at == pytest.approx([0.25, 1.5], abs=0.01)
    assert distance == pytest.approx([11.1, 11.1], abs=0.1)  # 0.0001 degrees of latitude


def test_a_there_and_back_line_gets_each_stop_on_the_right_pass() -> None:
    there_and_back = np.vstack([STREET, STREET[-2::-1]])
    halfway = [60.20, 24.61]
    at, _ = stops_along(there_and_back, np.array([halfway, [60.20, 24.64], halfway]))
    assert at == pytest.approx([0.5, 2.0, 3.5], abs=0.01)


def test_a_ride_is_cut_with_interpolated_ends() -> None:
    cut = between(STREET, 0.5, 1.5)
    assert cut == pytest.approx(np.array([[60.2, 24.61], [60.2, 24.62], [60.2, 24.63]]))


def test_a_ride_between_stops_at_one_place_is_still_a_line() -> None:
    assert len(between(STREET, 1.0, 1.0)) == 2


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=8),
    st.integers(2, 12),
    st.integers(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_places_never_fall_and_stops_on_the_line_are_found(
    shares: list[float], count: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 0.002, (count, 2))
    points = np.cumsum(steps, axis=0) + np.array([60.2, 24.7])
    true = np.sort(np.array(shares)) * (count - 1)
    stops = np.array([between(points, place, place)[0] for place in true])
    at, distance = stops_along(points, stops)
    assert (np.diff(at) >= 0).all()
    assert distance.max() < 0.5
