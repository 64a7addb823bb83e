"""The numbers in charts are written as those in the text around them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import settle, visit
from playwright.sync_api import expect

from dashboard import formats
from dashboard.drawing import number_locale
from dashboard.texts import LANGUAGES

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from lastmile.places import Language

DASHBOARD = Path(__file__).resolve().parents[2] / "dashboard"


@pytest.mark.parametrize("language", LANGUAGES)
def test_charts_and_text_write_a_number_alike(
    monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    monkeypatch.setattr(formats, "language", lambda: language)
    said = number_locale()
    thousands, decimal = said["thousands"], said["decimal"]
    assert formats.number(1234.5, 1) == f"1{thousands}234{decimal}5"
    assert formats.number(-2.0) == f"{said['minus']}2"
    assert formats.share(0.5) == f"50{said['percent']}"


def test_every_chart_is_drawn_by_the_one_that_knows_the_language() -> None:
    found = {path.name for path in DASHBOARD.rglob("*.py") if "altair_chart(" in path.read_text()}
    assert found == {"drawing.py"}


@pytest.mark.browser
@pytest.mark.parametrize("language", ["fi", "sv"])
def test_axes_write_thousands_and_percentages_by_the_locale(
    page: Page, dashboard_url: str, language: str
) -> None:
    visit(page, f"{dashboard_url}/data?lang={language}&section=fit")
    charts = page.get_by_test_id("stVegaLiteChart")
    months, errors = charts.first, charts.last
    expect(months.locator("text", has_text=re.compile("^1\N{NO-BREAK SPACE}000$"))).to_be_visible()
    expect(errors.locator("text", has_text=re.compile("^100\N{NO-BREAK SPACE}%$"))).to_be_visible()


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_tooltips_have_a_decimal_comma(page: Page, dashboard_url: str, artefacts: Path) -> None:
    visit(page, f"{dashboard_url}/compare?lang=fi")
    page.get_by_role("heading", name="Lataukset").wait_for()
    settle(page)
    gains = page.get_by_test_id("stVegaLiteChart").filter(has_text="kävijöiden hyöty yhteensä")
    gains.locator("path[aria-roledescription=bar]").first.hover()
    tooltip = page.locator("#vg-tooltip-element")
    expect(tooltip).to_contain_text(re.compile(r"\d,\d"))
    page.screenshot(path=artefacts / "compare-chart-fi.png")
