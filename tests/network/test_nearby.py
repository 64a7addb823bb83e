"""What lies nearby is what the matrix says lies within the limit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_streets import SPAN_DEGREES, networks

from lastmile.errors import RequestError
from lastmile.network.access import Mode
from lastmile.network.nearby import Nearby
from lastmile.network.paths import matrix
from lastmile.network.street import Places, StreetNetwork, load_network

LIMIT_S = 1800.0
shares = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12)


def check(
    network: StreetNetwork, mode: Mode, origins: Places, places: Places, limits_s: list[float]
) -> None:
    nearby = Nearby.build(network, places, mode, max(limits_s))
    times = matrix(network, origins, places, mode)
    for row in range(len(origins)):
        if origins.edge[row] < 0:
            continue
        alone = Places(*(getattr(origins, name)[row : row + 1] for name in FIELDS))
        for limit_s in limits_s:
            found, duration_s, length_m = nearby.within(alone, limit_s)
            expected = np.flatnonzero(times.duration_s[row] <= limit_s)
            np.testing.assert_array_equal(found, expected)
            np.testing.assert_allclose(duration_s, times.duration_s[row, expected])
            np.testing.assert_allclose(length_m, times.length_m[row, expected])


FIELDS = ("edge", "fraction", "distance_m", "lat", "lon")


@settings(max_examples=60, deadline=None)
@given(network=networks(), origins=shares, places=shares, limit_s=st.floats(0, LIMIT_S))
def test_on_any_network(
    network: StreetNetwork,
    origins: list[tuple[float, float]],
    places: list[tuple[float, float]],
    limit_s: float,
) -> None:
    def snapped(points: list[tuple[float, float]]) -> Places:
        lat, lon = (np.array(column) * SPAN_DEGREES for column in zip(*points, strict=True))
        return network.snap_many(60 + lat, 24 + lon, Mode.CAR)

    check(network, Mode.CAR, snapped(origins), snapped(places), [limit_s, LIMIT_S])


@pytest.mark.parametrize("mode", [Mode.WALK, Mode.BIKE])
def test_on_the_bundled_streets(mode: Mode) -> None:
    network = load_network()
    rng = np.random.default_rng(5)
    t = network.tables
    lat = rng.uniform(t.node_lat.min(), t.node_lat.max(), 60)
    lon = rng.uniform(t.node_lon.min(), t.node_lon.max(), 60)
    places = network.snap_many(lat, lon, mode)
    assert (places.edge >= 0).sum() > 10
    check(network, mode, places, places, [0.0, 600.0, LIMIT_S])


def test_ways_longer_than_those_laid_down_are_refused() -> None:
    network = load_network()
    t = network.tables
    place = network.snap_many(t.node_lat[:1], t.node_lon[:1], Mode.WALK)
    nearby = Nearby.build(network, place, Mode.WALK, 600.0)
    with pytest.raises(RequestError, match=r"700.0 s asked for where 600.0 s are known"):
        nearby.within(place, 700.0)
