"""What is said of the last way, the next day and the day before is what a plan would answer.

The oracle asks for a plan again and again, over the whole day or day after day.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from small_world import HOME, LAT, PARK, gtfs, hourly, write_feed_folder

from lastmile.errors import NoServiceError
from lastmile.planner.clock import HELSINKI, later, parse_instant
from lastmile.planner.core import Planner
from lastmile.planner.request import PlanRequest
from lastmile.transit.feed import load_feed
from lastmile.units import SECONDS_PER_DAY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lastmile.itinerary import Outing
    from lastmile.network.street import StreetNetwork
    from lastmile.places import Gazetteer

    Making = Callable[..., Planner]

SUNDAY, MONDAY = "2026-11-22", "2026-11-23"
STEP_S = 300
FAR_STOP = f"mid,M1,Stop half an hour from everywhere,{LAT},24.65,B"


def rows(trip: str, service: str, *calls: tuple[str, str]) -> tuple[str, str]:
    """Return the lines of a trip and of its calls, (stop, time)."""
    called = [f"{trip},{at},{at},{stop},{n}" for n, (stop, at) in enumerate(calls, start=1)]
    return f"1,{service},{trip},Town", "\n".join(called)


USUAL: list[tuple[str, str]] = []
LATE_FROM_AFAR = [rows("late", "sunday", ("mid", "22:00:00"), ("first", "22:06:00"))]
NIGHT = [rows("night", "sunday", ("last", "24:20:00"), ("first", "24:30:00"))]
BEYOND_NIGHT = [rows("dawn", "sunday", ("last", "28:20:00"), ("first", "28:50:00"))]
ONLY_FROM_AFAR = [
    rows("morning", "weekday", ("first", "06:00:00"), ("mid", "06:05:00")),
    rows("evening", "weekday", ("mid", "18:00:00"), ("first", "18:05:00")),
    rows("summer", "summer", ("first", "10:00:00"), ("last", "10:10:00")),
    rows("summer back", "summer", ("last", "16:00:00"), ("first", "16:10:00")),
]


@pytest.fixture(scope="module")
def made(
    network: StreetNetwork, tmp_path_factory: pytest.TempPathFactory, gazetteer: Gazetteer
) -> Making:
    """Return a way to make the planner of the small world with other trips."""

    def make(more: list[tuple[str, str]], *, every_hour: bool = True) -> Planner:
        files = gtfs(hourly() if every_hour else {})
        files["stops"] += f"\n{FAR_STOP}"
        files["calendar"] += "\nsummer,1,1,1,1,1,1,1,20270614,20270808"
        files["trips"] = "\n".join([files["trips"], *(trip for trip, _ in more)])
        files["stop_times"] = "\n".join([files["stop_times"], *(calls for _, calls in more)])
        folder: Path = tmp_path_factory.mktemp("feed")
        return Planner(network, load_feed(write_feed_folder(folder, files)), gazetteer=gazetteer)

    return make


def request(at: str | datetime, *, home: bool = False, **rest: object) -> PlanRequest:
    ends = (PARK, HOME) if home else (HOME, PARK)
    when = parse_instant(at) if isinstance(at, str) else at
    return PlanRequest(*ends, when, **{"modes": frozenset({"transit"}), **rest})


def answer(planner: Planner, asked: PlanRequest) -> Outing | None:
    try:
        return planner.plan(asked)
    except NoServiceError:
        return None


def last_of(planner: Planner, day: str, *, home: bool) -> datetime | None:
    """Ask at every STEP_S of a day; return the last departure that is there by its night's end."""
    dawn = parse_instant(f"{day}T04:30")
    end = later(dawn, SECONDS_PER_DAY)
    found: list[datetime] = []
    when = dawn
    while when <= end:
        outing = answer(planner, request(when, home=home))
        ways = () if outing is None else outing.itineraries
        found += [way.departure for way in ways if dawn < way.arrival <= end]
        when = later(when, STEP_S)
    return max(found, default=None)


@pytest.mark.parametrize("home", [False, True])
@pytest.mark.parametrize(
    ("more", "every_hour", "day"),
    [
        (USUAL, True, SUNDAY),
        (LATE_FROM_AFAR, True, SUNDAY),
        (NIGHT, True, SUNDAY),
        (BEYOND_NIGHT, True, SUNDAY),
        (ONLY_FROM_AFAR, False, MONDAY),
    ],
)
def test_the_last_way_is_the_last_that_a_plan_gives(
    made: Making, *, more: list[tuple[str, str]], every_hour: bool, day: str, home: bool
) -> None:
    """Nobody was told of the last bus home where it takes a long walk to reach it."""
    planner = made(more, every_hour=every_hour)
    found = planner.last_departure(request(f"{day}T12:00", home=home))
    said = None if found is None else found.build().departure
    assert said == last_of(planner, day, home=home)


@pytest.mark.parametrize(
    ("more", "day"),
    [(USUAL, MONDAY), (USUAL, SUNDAY), (LATE_FROM_AFAR, SUNDAY), (NIGHT, SUNDAY)],
)
def test_only_the_last_departure_is_called_the_last(
    made: Making, more: list[tuple[str, str]], day: str
) -> None:
    """Who asked at 3 at night was told that the first bus of the morning is the day's last."""
    planner = made(more)
    for home in (False, True):
        last = last_of(planner, day, home=home)
        for minute in range(0, 24 * 60, 20):
            when = later(parse_instant(f"{day}T00:00"), 60 * minute)
            outing = answer(planner, request(when, home=home))
            if outing is None:
                continue
            is_last = max(way.departure for way in outing.itineraries) == last
            assert any("last of the day" in one for one in outing.warnings) <= is_last
            best_is_last = outing.itineraries[0].departure == last
            assert any("last of the day" in one for one in outing.warnings) >= best_is_last


def day_that_serves(planner: Planner, day: str, step_days: int, *, home: bool) -> datetime | None:
    """Ask on one day after the other for a way in all of it."""
    for ahead in range(1, 260):
        other = datetime.fromisoformat(day) + timedelta(days=step_days * ahead)
        whole = request(other.replace(hour=4, tzinfo=HELSINKI), home=home, window_s=20 * 3600)
        if answer(planner, whole) is not None:
            return other
    return None


@pytest.mark.parametrize("home", [False, True])
@pytest.mark.parametrize(
    ("more", "every_hour"), [(USUAL, True), (ONLY_FROM_AFAR, False), (LATE_FROM_AFAR, True)]
)
def test_the_other_day_named_is_the_nearest_that_a_plan_gives(
    made: Making, *, more: list[tuple[str, str]], every_hour: bool, home: bool
) -> None:
    """In winter the park's next bus was said to run in June: the morning's took a long walk."""
    planner = made(more, every_hour=every_hour)
    for day in (SUNDAY, "2026-11-28", "2026-11-27"):
        with pytest.raises(NoServiceError) as none_left:
            planner.plan(request(f"{day}T23:30", home=home))
        following = day_that_serves(planner, day, 1, home=home)
        assert following is not None
        assert f"next day that has one is {following:%A %Y-%m-%d}" in str(none_left.value)
        with pytest.raises(NoServiceError) as too_early:
            planner.plan(request(f"{day}T05:00", home=home, arrive_by=True))
        before = day_that_serves(planner, day, -1, home=home)
        assert before is not None
        assert f"last day before that has one is {before:%A %Y-%m-%d}" in str(too_early.value)


def test_before_the_first_day_there_is_none(made: Making) -> None:
    planner = made(USUAL)
    with pytest.raises(NoServiceError, match="no earlier day"):
        planner.plan(request("2026-01-01T05:00", arrive_by=True))


def test_who_must_be_there_by_night_leaves_the_evening_before(made: Making) -> None:
    """A deadline at 3 at night was answered with the next day."""
    outing = made(USUAL).plan(request(f"{MONDAY}T03:00", arrive_by=True))
    assert f"{outing.itineraries[0].legs[1].departure:%F %H:%M}" == f"{SUNDAY} 16:00"
    assert any("last before" in warning for warning in outing.warnings)


def test_a_long_walk_to_the_last_way_back_is_told(made: Making) -> None:
    outing = made(LATE_FROM_AFAR).plan(request(f"{SUNDAY}T09:30", stay_s=2 * 3600))
    assert outing.way_back is not None
    assert f"{outing.way_back.last.legs[1].departure:%H:%M}" == "22:00"
    near = next(one for one in outing.warnings if "without a long walk" in one)
    assert "leaves at 16:22" in near
    assert "km on foot" in near


def test_a_long_walk_leads_to_the_next_morning_too(made: Making) -> None:
    """Where the last is missed, the next is looked for with the same walks."""
    planner = made(ONLY_FROM_AFAR, every_hour=False)
    outing = planner.plan(request(f"{MONDAY}T05:00", stay_s=3600))
    assert outing.way_back is not None
    assert f"{outing.way_back.last.legs[1].departure:%H:%M}" == "18:00"
    kinds = {way.kind: way for way in outing.way_back.if_missed}
    assert f"{kinds['next_service'].departure:%F}" == "2026-11-24"
