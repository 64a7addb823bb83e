"""A run goes on beside the page: it tells how far it is, outlives a reload, can be cancelled."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from browsing import LONG_MS
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

LONG_RUN = "/compare?lang=en&month=3&busy=99&days=200&pilots=shuttle-espoo-kattila,bus245-15min"
LEFT = re.compile(r"about .+ left")


def done(page: Page) -> float:
    """Wait until the page says how long a run still takes; return how far it is, per cent."""
    page.get_by_text(LEFT).first.wait_for()
    return float(
        page.locator("[data-testid=stProgress] [role=progressbar]").get_attribute("aria-valuenow")
        or "nan"
    )


def test_a_run_outlives_a_reload_and_can_be_cancelled(browser: Browser, dashboard_url: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(LONG_MS)
    page.goto(dashboard_url + LONG_RUN)
    before = done(page)
    page.reload()
    assert done(page) >= before, "it went on, rather than begin again"
    other = context.new_page()
    other.set_default_timeout(LONG_MS)
    other.goto(dashboard_url + LONG_RUN)
    assert done(other) >= before, "whoever opens the link looks on"
    page.get_by_role("button", name="Cancel").click()
    for each in (page, other):
        each.get_by_text("The run was cancelled.").wait_for()
        expect(each.get_by_role("button", name="Run again")).to_have_count(1)
    page.get_by_role("button", name="Run again").click()
    assert done(page) > 0, "days once simulated are kept: it goes on where it was"
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("The run was cancelled.").wait_for()
    context.close()
