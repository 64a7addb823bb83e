"""What a planner asks: days or a precision, in the address and in the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browsing import address, expect_address
from playwright.sync_api import expect

from dashboard.comparison import BY_DAYS, MOST_DAYS, PRECISIONS, Comparison
from dashboard.jobs import Question
from dashboard.state import Query

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page


@pytest.mark.parametrize("percent", [one for one in PRECISIONS if one != BY_DAYS])
def test_a_precision_survives_the_way_through_the_address(percent: float) -> None:
    asked = Comparison.from_query(Query({"precision": f"{percent:g}"}))
    assert asked.precision == percent
    assert Comparison.from_query(Query(asked.to_query())) == asked
    assert asked.to_query()["days"] == "", "one or the other"
    question = asked.question()
    assert question.precision == pytest.approx(percent / 100)
    assert question.replications == MOST_DAYS


@pytest.mark.parametrize("text", ["-5", "7", "nan", "1e9", "5%", "<b>"])
def test_a_precision_not_on_offer_is_left_out(text: str) -> None:
    query = Query({"precision": text})
    assert Comparison.from_query(query).precision == BY_DAYS
    assert query.faults == [("precision", text)]


def test_the_same_days_with_and_without_a_precision_are_two_questions() -> None:
    scenarios = Comparison.from_query(Query({})).scenarios()
    asked = {Question(scenarios, 100, precision).id for precision in (None, 0.05, 0.01)}
    assert len(asked) == 3


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_the_page_says_whether_the_precision_was_reached(compared: Callable[[str], Page]) -> None:
    page = compared("/compare?lang=en&precision=10")
    said = page.get_by_text("Precision reached: every interval is ±10% or narrower.")
    expect(said).to_have_count(1)
    expect_address(page, precision="10", days=None)
    page.get_by_role("radiogroup", name="Simulate until").get_by_text("number of days").click()
    page.get_by_role("slider", name="Days simulated").wait_for()
    expect(said).to_have_count(0)
    expect_address(page, precision=None)
    assert Comparison.from_query(Query(address(page))).precision == BY_DAYS
