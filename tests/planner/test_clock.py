"""Time: ISO texts, stays, and the two days a year when clocks change."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastmile.errors import RequestError
from lastmile.planner.clock import (
    HELSINKI,
    instant,
    later,
    now_to_the_minute,
    parse_duration,
    parse_instant,
    seconds_of,
)

SPRING = date(2026, 3, 29)
AUTUMN = date(2026, 10, 25)


@pytest.mark.parametrize("day", [SPRING, AUTUMN, date(2026, 5, 14)])
def test_a_bus_of_ten_leaves_at_ten_on_every_day(day: date) -> None:
    assert instant(day, 10 * 3600).strftime("%H:%M") == "10:00"


def test_night_of_the_spring_change() -> None:
    # noon minus 12 h is 23:00 of the evening before: one hour on is midnight on the wall
    assert instant(SPRING, 3600).isoformat() == "2026-03-29T00:00:00+02:00"
    assert instant(SPRING, 4 * 3600).isoformat() == "2026-03-29T04:00:00+03:00"
    before = instant(SPRING, 4 * 3600 - 1)
    assert before.isoformat() == "2026-03-29T02:59:59+02:00"


def test_night_of_the_autumn_change() -> None:
    # the day counts from 01:00 of summer time, so that 3:00 is the second 03:00 of the night
    assert instant(AUTUMN, 0).isoformat() == "2026-10-25T01:00:00+03:00"
    assert instant(AUTUMN, 2 * 3600).isoformat() == "2026-10-25T03:00:00+03:00"
    assert instant(AUTUMN, 3 * 3600).isoformat() == "2026-10-25T03:00:00+02:00"
    assert instant(AUTUMN, 5 * 3600).isoformat() == "2026-10-25T05:00:00+02:00"


def test_after_midnight_belongs_to_the_day_before() -> None:
    assert instant(date(2026, 5, 14), 25 * 3600).isoformat() == "2026-05-15T01:00:00+03:00"


@given(
    st.dates(date(2000, 1, 1), date(2037, 12, 31)),
    st.integers(-3 * 3600, 30 * 3600),
)
def test_seconds_and_instants_go_there_and_back(day: date, seconds: int) -> None:
    assert seconds_of(day, instant(day, seconds)) == seconds


@given(st.integers(946_684_800, 2_145_916_800))
def test_an_iso_text_with_offset_means_that_instant(epoch_s: int) -> None:
    when = datetime.fromtimestamp(epoch_s, HELSINKI)
    read = parse_instant(when.isoformat())
    assert read.timestamp() == when.timestamp()
    assert read.tzinfo is HELSINKI


@given(st.text(max_size=30))
def test_any_text_is_an_instant_or_a_clear_refusal(text: str) -> None:
    with suppress(RequestError):
        assert parse_instant(text).tzinfo is HELSINKI


@given(st.text(max_size=30))
def test_any_stay_is_a_length_of_time_or_a_clear_refusal(text: str) -> None:
    with suppress(RequestError):
        assert parse_duration(text) > 0


def test_a_text_without_offset_is_helsinki_time() -> None:
    assert parse_instant("2026-05-14T09:30").isoformat() == "2026-05-14T09:30:00+03:00"
    assert parse_instant("2026-01-14 09:30").isoformat() == "2026-01-14T09:30:00+02:00"
    assert parse_instant("2026-05-14T06:30Z").isoformat() == "2026-05-14T09:30:00+03:00"


def test_an_hour_that_comes_twice_is_the_first_one() -> None:
    assert parse_instant("2026-10-25T03:30").isoformat() == "2026-10-25T03:30:00+03:00"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-02-30T10:00", "day"),
        ("2026-13-01T10:00", "month"),
        ("2026-05-14T25:00", "hour"),
        ("2026-05-14", "no time of day"),
        ("tomorrow", "write 2026-05-14T09:30"),
        ("", "write 2026-05-14T09:30"),
        ("2026-03-29T03:30", "does not exist"),
        ("0001-01-01T00:00+14:00", "calendar"),
    ],
)
def test_impossible_times_are_refused(text: str, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        parse_instant(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("4h", 14400), ("90min", 5400), ("1h30min", 5400), ("1h 30m", 5400), ("2.5h", 9000)],
)
def test_stays(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["-4h", "0h", "0min", "four hours", "", "4", "h", "4d"])
def test_impossible_stays_are_refused(text: str) -> None:
    with pytest.raises(RequestError, match="--stay"):
        parse_duration(text)


def test_now_is_a_whole_minute_not_in_the_past() -> None:
    now = now_to_the_minute()
    assert now.second == 0
    assert now.microsecond == 0
    assert timedelta(seconds=-1) < now.astimezone(UTC) - datetime.now(UTC) < timedelta(minutes=1)


def test_later_counts_real_seconds_over_a_change_of_clocks() -> None:
    start = parse_instant("2026-03-29T02:30")
    assert later(start, 3600).isoformat() == "2026-03-29T04:30:00+03:00"
