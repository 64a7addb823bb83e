"""A day as arrays: services come and go without rebuilding it, and nothing else changes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sound_feed import SOUND

from lastmile.errors import NoServiceError, ScenarioError
from lastmile.transit.feed import load_feed
from lastmile.transit.footpaths import Footpaths
from lastmile.transit.raptor import Ends, Router
from lastmile.transit.timetable import (
    StopSpec,
    Timetable,
    TransitService,
    next_service_day,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lastmile.transit.journeys import Journey

    FeedWith = Callable[..., Path]

WEDNESDAY = date(2026, 3, 4)
HALTIA = StopSpec("N1", "Haltia", 60.288, 24.61)
TRAILHEAD = StopSpec("X1", "Haukkalampi", 60.31, 24.52, wheelchair=True)
HALF_HOURS = [9 * 3600 + 1800 * n for n in range(4)]


def shuttle(**changes: object) -> TransitService:
    facts: dict[str, object] = {
        "route_id": "S",
        "name": "Shuttle",
        "stops": [HALTIA, TRAILHEAD],
        "departures_s": HALF_HOURS,
        "run_times_s": [420.0],
    }
    return TransitService(**{**facts, **changes})  # type: ignore[arg-type]


@pytest.fixture
def wednesday(feed_with: FeedWith) -> Timetable:
    return Timetable.for_day(load_feed(feed_with()), WEDNESDAY)


def ask(timetable: Timetable, origin: str, target: str, when: int) -> list[Journey]:
    count = len(timetable.stops)
    router = Router(count, timetable.patterns, Footpaths.none(count), 60)
    ends = [Ends.of(timetable.stop_index(stop)) for stop in (origin, target)]
    return router.depart_at(*ends, when)


def test_a_pilot_service_carries_on_from_the_bus(wednesday: Timetable) -> None:
    with_pilot = wednesday.with_service(shuttle())
    (journey,) = ask(with_pilot, "K1", "X1", 7 * 3600)
    assert [with_pilot.routes[with_pilot.trips[r.trip].route].id for r in journey.rides] == [
        "R1",
        "S",
    ]
    assert journey.arrival_s == 9 * 3600 + 420
    assert with_pilot.trips[journey.rides[1].trip].headsign == "Haukkalampi"
    assert with_pilot.stop(3).name == "Haukkalampi"


def test_what_was_there_keeps_its_indices(wednesday: Timetable) -> None:
    with_pilot = wednesday.with_service(shuttle())
    assert with_pilot.trips[: len(wednesday.trips)] == wednesday.trips
    assert with_pilot.routes[: len(wednesday.routes)] == wednesday.routes
    assert with_pilot.stops["stop_id"].to_list() == ["K1", "T1", "N1", "X1"]
    assert ask(with_pilot, "K1", "N1", 0) == ask(wednesday, "K1", "N1", 0)


def test_adding_and_taking_away_gives_the_day_back(wednesday: Timetable) -> None:
    there_and_gone = wednesday.with_service(shuttle()).without_route("S")
    assert there_and_gone.trips == wednesday.trips
    for name in ("route", "offset", "stop", "flags", "trip_offset", "arrival_s", "departure_s"):
        ours, theirs = getattr(there_and_gone.patterns, name), getattr(wednesday.patterns, name)
        assert np.array_equal(ours, theirs), name


def test_an_added_service_equals_the_same_service_in_the_feed(
    feed_with: FeedWith, wednesday: Timetable
) -> None:
    calls = "".join(
        f"s{n},{s // 3600:02d}:{s // 60 % 60:02d}:00,{s // 3600:02d}:{s // 60 % 60:02d}:00,N1,1\n"
        f"s{n},{(s + 420) // 3600:02d}:{(s + 420) // 60 % 60:02d}:00,"
        f"{(s + 420) // 3600:02d}:{(s + 420) // 60 % 60:02d}:00,X1,2\n"
        for n, s in enumerate(HALF_HOURS)
    )
    written = load_feed(
        feed_with(
            stops=SOUND["stops"] + "X1,,Haukkalampi,60.31,24.52,C,0,,,1\n",
            routes=SOUND["routes"] + "S,A,S,Shuttle,3\n",
            trips=SOUND["trips"] + "".join(f"S,W,s{n},Haukkalampi,0\n" for n in range(4)),
            stop_times=SOUND["stop_times"] + calls,
        )
    )
    in_feed = Timetable.for_day(written, WEDNESDAY)
    added = wednesday.with_service(shuttle())
    for when in range(0, 12 * 3600, 1700):
        assert [(j.departure_s, j.arrival_s) for j in ask(added, "K1", "X1", when)] == [
            (j.departure_s, j.arrival_s) for j in ask(in_feed, "K1", "X1", when)
        ]


def test_run_times_may_differ_by_departure_and_dwell_counts_between_the_ends() -> None:
    service = shuttle(
        stops=[HALTIA, TRAILHEAD, HALTIA],
        departures_s=[7200, 3600],
        run_times_s=[[100, 200], [300, 400]],
        dwell_s=30,
    )
    arrival, departure = service.times_s()
    assert arrival.tolist() == [[3600, 3900, 4330], [7200, 7300, 7530]]
    assert departure.tolist() == [[3600, 3930, 4330], [7200, 7330, 7530]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stops": [HALTIA]}, "1 stop"),
        ({"run_times_s": [60.0, 60.0]}, "run times for 2 stops"),
        ({"run_times_s": [-60.0]}, "must not be negative"),
        ({"run_times_s": [float("nan")]}, "must be numbers"),
        ({"dwell_s": -1.0}, "must not be negative"),
    ],
)
def test_a_service_without_sense_is_refused(
    wednesday: Timetable, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ScenarioError, match=f"service 'S': .*{message}"):
        wednesday.with_service(shuttle(**changes))


def test_a_route_that_is_not_there_cannot_be_taken_away(wednesday: Timetable) -> None:
    with pytest.raises(ScenarioError, match="no route 'R9'"):
        wednesday.without_route("R9")


def test_a_day_without_service_names_the_next_with_it(feed_with: FeedWith) -> None:
    feed = load_feed(feed_with())
    message = "no service on Saturday 2026-03-07; the next day with service is Monday 2026-03-09"
    with pytest.raises(NoServiceError, match=message):
        Timetable.for_day(feed, date(2026, 3, 7))
    with pytest.raises(NoServiceError, match="nor on any later day of the feed"):
        Timetable.for_day(feed, date(2027, 3, 7))
    assert next_service_day(feed, date(2020, 1, 1)) == date(2026, 1, 1)
    assert next_service_day(feed, WEDNESDAY, serves=lambda day: day.weekday() == 0) == date(
        2026, 3, 9
    )


@pytest.mark.parametrize("day", [date.min, date.max, date(2026, 12, 31)])
def test_the_ends_of_the_calendar_are_days_like_others(feed_with: FeedWith, day: date) -> None:
    feed = load_feed(feed_with())
    if day.year == 2026:
        assert len(Timetable.for_day(feed, day).trips) == 2
    else:
        with pytest.raises(NoServiceError):
            Timetable.for_day(feed, day)


def test_seconds_and_moments_agree_over_the_clock_change(feed_with: FeedWith) -> None:
    calendar = SOUND["calendar"].replace("1,1,1,1,1,0,0", "1,1,1,1,1,1,1")
    timetable = Timetable.for_day(load_feed(feed_with(calendar=calendar)), date(2026, 3, 29))
    ten = timetable.instant(10 * 3600)
    assert ten.isoformat() == "2026-03-29T10:00:00+03:00"
    assert timetable.seconds_of(ten) == 10 * 3600
    assert timetable.seconds_of(datetime(2026, 3, 29, 0, 30, tzinfo=UTC)) == 3.5 * 3600


def test_calls_tell_stops_times_and_rules(feed_with: FeedWith) -> None:
    calls = SOUND["stop_times"].replace("sequence\n", "sequence,pickup_type,drop_off_type\n", 1)
    calls = (
        calls.replace(",1\n", ",1,0,1\n").replace(",2\n", ",2,2,0\n").replace(",3\n", ",3,1,0\n")
    )
    timetable = Timetable.for_day(load_feed(feed_with(stop_times=calls)), WEDNESDAY)
    first, middle, last = timetable.calls(0)
    assert (first.can_board, first.can_alight) == (True, False)
    assert (middle.can_board, middle.can_alight) == (True, True)  # by telephone counts
    assert (last.can_board, last.can_alight) == (False, True)
    assert (middle.stop, middle.arrival_s, middle.departure_s) == (1, 30_000, 30_060)
    assert timetable.calls(0, 1, 1) == [middle]


def test_a_call_may_have_a_headsign_of_its_own(feed_with: FeedWith) -> None:
    calls = SOUND["stop_times"].replace("sequence\n", "sequence,stop_headsign\n", 1)
    calls = (
        calls.replace(",1\n", ",1,via Tapiola\n").replace(",2\n", ",2,\n").replace(",3\n", ",3,\n")
    )
    timetable = Timetable.for_day(load_feed(feed_with(stop_times=calls)), WEDNESDAY)
    assert timetable.headsign(0) == "via Tapiola"
    assert timetable.headsign(0, 1) == "Nuuksio"
    added = timetable.with_service(shuttle())
    assert added.headsign(len(timetable.trips)) == "Haukkalampi"


def test_transfer_rules_lengthen_walks_make_them_and_forbid_them(feed_with: FeedWith) -> None:
    rules = (
        "from_stop_id,to_stop_id,transfer_type,min_transfer_time\n"
        "K1,T1,2,300\nT1,N1,3,\nN1,K1,2,50\nN1,N1,1,\nT1,T1,3,\n"
    )
    timetable = Timetable.for_day(load_feed(feed_with(transfers=rules)), WEDNESDAY)
    given = Footpaths.between(3, [0, 1, 2, 2], [1, 2, 1, 0], [100, 100, 100, 100])
    footpaths, change = timetable.transfers(given, change_s=45)
    assert footpaths.duration_between(0, 1) == 300
    assert footpaths.duration_between(1, 2) is None
    assert footpaths.duration_between(2, 0) == 100
    assert footpaths.duration_between(2, 1) == 100
    assert change.tolist()[::2] == [45, 0]
    assert change[1] > 10**8
