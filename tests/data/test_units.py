"""The clock of the service day and the shared units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastmile.units import format_clock, great_circle_m, kmh_to_ms, ms_to_kmh, parse_clock


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0:00", 0), ("07:05", 25_500), ("23:59:59", 86_399), ("25:10", 90_600), (" 9:30 ", 34_200)],
)
def test_times_of_the_service_day_may_pass_midnight(text: str, seconds: int) -> None:
    assert parse_clock(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "7", "7:5", "07:60", "07:00:60", "-1:00", "7.30", "\u0667:\u0660\u0660"]
)
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write HH:MM"):
        parse_clock(text)


@given(st.integers(min_value=0, max_value=200_000))
def test_a_time_survives_writing_and_reading(time_s: int) -> None:
    assert parse_clock(format_clock(time_s, seconds=True)) == time_s
    assert parse_clock(format_clock(time_s)) == time_s - time_s % 60


@given(st.floats(min_value=0, max_value=500))
def test_speeds_convert_both_ways(speed: float) -> None:
    assert ms_to_kmh(kmh_to_ms(speed)) == pytest.approx(speed)


def test_a_walk_of_3600_m_in_an_hour_is_one_metre_a_second() -> None:
    assert kmh_to_ms(3.6) == pytest.approx(1)


def test_a_quarter_of_a_meridian_is_ten_thousand_kilometres() -> None:
    """The metre's first definition; the mean radius gives 10 007 km."""
    assert great_circle_m(0, 0, 90, 0) == pytest.approx(10_007_557, abs=1)
    assert great_circle_m(0, 0, 0, 180) == pytest.approx(2 * 10_007_557, abs=2)
    assert great_circle_m(60.2, 24.8, 60.2, 24.8) == 0
