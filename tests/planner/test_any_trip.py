"""Whatever is asked of the bundled data, the answer hangs together or the refusal is clear."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lastmile.errors import LastmileError
from lastmile.itinerary import MODES, Itinerary
from lastmile.places import REGION, Place
from lastmile.planner.core import Planner, load_planner
from lastmile.planner.request import PlanRequest
from lastmile.units import great_circle_m

SUMMER_2026 = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
NEXT_SPRING = datetime(2027, 4, 1, tzinfo=UTC).timestamp()

points = st.tuples(st.floats(REGION.south, REGION.north), st.floats(REGION.west, REGION.east)).map(
    lambda point: Place.at(*point)
)
near_the_corridors = st.tuples(st.floats(60.15, 60.31), st.floats(24.50, 24.95)).map(
    lambda point: Place.at(*point)
)
ends = st.one_of(near_the_corridors, points)


@pytest.fixture(scope="module")
def bundled() -> Planner:
    load_planner.cache_clear()
    return load_planner()


def hangs_together(way: Itinerary) -> None:
    times = [when.timestamp() for leg in way.legs for when in (leg.departure, leg.arrival)]
    assert times == sorted(times)
    assert way.duration_s == times[-1] - times[0]
    assert way.transfers == max(0, sum(leg.mode == "transit" for leg in way.legs) - 1)
    for before, after in zip(way.legs, way.legs[1:], strict=False):
        apart_m = great_circle_m(
            before.destination.lat, before.destination.lon, after.origin.lat, after.origin.lon
        )
        assert apart_m < 50
    for leg in way.legs:
        assert len(leg.coordinates) >= 2
        straight_m = great_circle_m(*leg.coordinates[0], *leg.coordinates[-1])
        assert leg.distance_m >= straight_m * 0.99 - 5
        calls = [call.arrival for call in leg.calls]
        assert calls == sorted(calls)
        assert all(leg.departure <= when <= leg.arrival for when in calls)
    assert way.fare_eur is None or way.fare_eur >= 0
    if any(leg.mode == "transit" for leg in way.legs):
        assert way.fare_eur != 0
        assert way.fare_eur is None or way.tickets


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    origin=ends,
    destination=ends,
    at_s=st.integers(int(SUMMER_2026), int(NEXT_SPRING)),
    arrive_by=st.booleans(),
    modes=st.sets(st.sampled_from(MODES), min_size=1),
    stay_h=st.one_of(st.none(), st.integers(1, 12)),
    step_free=st.booleans(),
)
def test_any_trip_hangs_together_or_is_refused(
    bundled: Planner,
    *,
    origin: Place,
    destination: Place,
    at_s: int,
    arrive_by: bool,
    modes: set[str],
    stay_h: int | None,
    step_free: bool,
) -> None:
    try:
        request = PlanRequest(
            origin,
            destination,
            datetime.fromtimestamp(at_s, UTC),
            arrive_by=arrive_by,
            modes=frozenset(modes),
            stay_s=None if stay_h is None else stay_h * 3600,
            step_free=step_free,
        )
        outing = bundled.plan(request)
    except LastmileError:
        return
    assert 1 <= len(outing.itineraries) <= 6
    for way in (*outing.itineraries, *outing.returns):
        hangs_together(way)
        used = way.modes - {"walk"}
        assert used <= modes
    for way in outing.itineraries:
        if not arrive_by:
            assert way.departure.timestamp() >= at_s - 1
        else:
            assert way.arrival.timestamp() <= at_s + 1
    for way in outing.returns:
        there = outing.itineraries[way.follows or 0]
        assert way.departure.timestamp() >= there.arrival.timestamp() + (stay_h or 0) * 3600 - 1
