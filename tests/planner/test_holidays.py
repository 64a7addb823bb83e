"""On the holidays of the bundled timetable its services are a guess, and that is said."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from lastmile.planner.clock import HELSINKI
from lastmile.planner.core import load_planner
from lastmile.planner.request import PlanRequest

HOLIDAYS_2026 = {
    "01-01", "01-06", "04-03", "04-06", "05-01", "05-14", "06-19", "06-20", "10-31", "12-24",
    "12-25", "12-26",
}  # fmt: skip
"""Public holidays and eves of 2026 on Mondays to Saturdays, by the Finnish almanac."""


def test_holidays_and_no_other_days_are_warned_of() -> None:
    """On Christmas Eve a last bus at 23:05 was promised without a word."""
    planner = load_planner()
    kamppi, haltia = planner.gazetteer.find("Kamppi"), planner.gazetteer.find("Haltia")
    warned = set()
    day = date(2026, 1, 1)
    while day.year == 2026:
        at = datetime.combine(day, time(12), HELSINKI)
        # Every eleventh day (all weekdays in turn), every holiday, and the days beside holidays.
        beside = {f"{day + timedelta(days=step):%m-%d}" for step in (-1, 0, 1)}
        if day.toordinal() % 11 == 0 or beside & HOLIDAYS_2026:
            asked = PlanRequest(kamppi, haltia, at, modes=frozenset({"transit"}))
            if any("holiday" in warning for warning in planner.plan(asked).warnings):
                warned.add(f"{day:%m-%d}")
        day += timedelta(days=1)
    assert warned == HOLIDAYS_2026
