"""In which order a visitor sees the ways there, and what leads home from each."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.choices import CHEAP, EASY, FAST, GREEN, ORDERS, in_order, lacks_way_back, ways_back
from dashboard.journey import summary_times
from dashboard.trip import Trip, place_begun, plan
from lastmile.itinerary import Itinerary, Leg, Waypoint
from lastmile.planner.clock import HELSINKI

MORNING = datetime(2026, 6, 7, 10, tzinfo=HELSINKI)
SUNDAY = datetime(2026, 9, 27, 10, 0)  # noqa: DTZ001 - the clock face of the form
EVENING = datetime(2026, 11, 22, 18, 0)  # noqa: DTZ001 - likewise


def way(mode: str, minutes: float, cost_eur: float | None, walk_m: float = 0.0) -> Itinerary:
    """Return a way of one vehicle, with some walking before it."""
    door, stop, goal = (Waypoint(name, 60.0 + i / 100, 24.0) for i, name in enumerate("abc"))
    leaves = MORNING + timedelta(minutes=1)
    return Itinerary(
        (
            Leg("walk", door, stop, MORNING, leaves, walk_m, 0.0, ((60, 24), (60.01, 24))),
            Leg(
                mode,
                stop,
                goal,
                leaves,
                MORNING + timedelta(minutes=minutes),
                1e4,
                1.0,
                ((60.01, 24), (60.02, 24)),
            ),
        ),
        cost_eur,
        cost_eur,
    )


CAR, BUS, LATER_BUS = (
    way("car", 38, 4.45, 240),
    way("transit", 70, 4.55, 1100),
    way("transit", 71, 4.1, 900),
)


def test_a_bus_that_is_not_much_slower_comes_before_the_car() -> None:
    assert in_order([CAR, BUS, LATER_BUS], GREEN) == [1, 2, 0]


def test_a_walk_of_half_a_day_does_not_come_before_the_car() -> None:
    hike = way("walk", 380, 0.0, 30_000)
    assert in_order([CAR, hike, BUS], GREEN) == [2, 0, 1]


@pytest.mark.parametrize(
    ("order", "positions"), [(FAST, [0, 1, 2]), (CHEAP, [2, 0, 1]), (EASY, [0, 2, 1])]
)
def test_the_other_orders_go_by_what_they_say(order: str, positions: list[int]) -> None:
    assert in_order([CAR, BUS, LATER_BUS], order) == positions


def test_a_price_that_nobody_knows_comes_last() -> None:
    assert in_order([way("transit", 30, None), CAR], CHEAP) == [1, 0]


@given(
    ways=st.lists(
        st.builds(
            way,
            st.sampled_from(["car", "transit", "bike"]),
            st.floats(2, 600),
            st.none() | st.floats(0, 50),
            st.floats(0, 5000),
        ),
        min_size=1,
        max_size=8,
    ),
    order=st.sampled_from(ORDERS),
)
def test_every_way_is_shown_once_in_any_order(ways: list[Itinerary], order: str) -> None:
    shown = in_order(ways, order)
    assert sorted(shown) == list(range(len(ways)))


def test_every_way_there_has_ways_back_after_the_stay() -> None:
    trip = Trip("metro-kamppi", "haltia", "leave", SUNDAY, 240, ("walk", "car", "transit"))
    request = trip.request()
    outing = plan(request)
    assert len(outing.itineraries) > 2
    for position, there in enumerate(outing.itineraries):
        back, warnings = ways_back(outing, position, request)
        assert back, "a way home from every way there"
        assert not warnings
        for home in back:
            assert home.departure >= there.arrival + timedelta(hours=4)
            assert ("car" in home.modes) == ("car" in there.modes), "the car comes home too"


def test_that_no_way_leads_back_is_said_once_of_each_way_there() -> None:
    """Two boxes said the same of two ways there, of which the visitor had chosen one."""
    trip = Trip("metro-kamppi", "kattila", "leave", EVENING, 120, ("transit",))
    request = trip.request()
    outing = plan(request)
    assert any(lacks_way_back(warning) for warning in outing.warnings)
    for position in range(len(outing.itineraries)):
        back, warnings = ways_back(outing, position, request)
        assert not back
        assert len(warnings) == 1
        assert "2026-11-23" in warnings[0]
    assert outing.way_back is not None
    assert {"taxi", "next_service"} <= {way.kind for way in outing.way_back.if_missed}


def test_a_way_takes_as_long_as_its_two_clocks_say() -> None:
    """From 10:00 to 11:11 was said to take 1 h 10 min."""
    assert summary_times(way("transit", 70.1, 4.55)) == "10:00 → 11:11 · 1 h 11 min"
    assert summary_times(way("transit", 70.0, 4.55)) == "10:00 → 11:10 · 1 h 10 min"


def test_a_trip_one_way_has_no_way_back() -> None:
    request = Trip("metro-kamppi", "haltia", "leave", SUNDAY, 0, ("transit",)).request()
    assert ways_back(plan(request), 0, request) == ([], [])


@pytest.mark.parametrize(
    ("text", "key"),
    [("matinkyl", "metro-matinkyla"), ("  MATTB", "metro-matinkyla"), ("haukkal", "haukkalampi")],
)
def test_the_beginning_of_a_name_finds_the_place_people_mean_first(text: str, key: str) -> None:
    assert place_begun(text) == key


@pytest.mark.parametrize("text", ["", "   ", "Atlantis", "<img src=x>"])
def test_nothing_is_made_up_for_what_no_name_begins_with(text: str) -> None:
    assert place_begun(text) is None
