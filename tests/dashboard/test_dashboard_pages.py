"""The whole way through for each kind of user, in a real browser with the network cut off."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import gpxpy
import pytest
from browsing import DESKTOP, PHONE, address, choose, expect_address, folium_map, settle, visit
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

TITLES = {
    "go": {"en": "Go to nature", "fi": "Luontoon", "sv": "Ut i naturen"},
    "compare": {"en": "Compare pilots", "fi": "Vertaa kokeiluja", "sv": "Jämför försök"},
    "timetable": {"en": "Test a timetable", "fi": "Testaa aikataulua", "sv": "Testa en tidtabell"},
    "sea": {"en": "Reach the sea", "fi": "Merelle", "sv": "Till havet"},
    "data": {"en": "Data and method", "fi": "Aineistot ja menetelmä", "sv": "Data och metod"},
}
HOSTILE = "<img src=x onerror=alert(1)>"
SCENARIO = """
extends = "shuttle-espoo-haltia"
description = "<script>alert(2)</script> **bold** ![p](https://evil.example/p.png)"

[title]
en = "<img src=x onerror=alert(1)>"

[services.shuttle]
vehicles = 5
stops = ["rail-espoo", {name = "<img src=x onerror=alert(1)>", lat = 60.25, lon = 24.60}, "haltia"]
"""


def keep(page: Page, path: Path) -> None:
    """Keep a screenshot of the whole page."""
    settle(page)
    width = page.viewport_size["width"] if page.viewport_size else DESKTOP[0]
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(int(height) + 10, 6000)})
    page.wait_for_timeout(1000)
    page.screenshot(path=path)


def overflows(page: Page) -> bool:
    """Say whether the page is wider than its window."""
    return bool(
        page.evaluate(
            "(() => { const m = document.querySelector('[data-testid=stMain]');"
            " return m.scrollWidth > m.clientWidth + 1; })()"
        )
    )


def test_a_visitor_sees_the_route_and_takes_it_along(
    opened: Callable[..., Page], artefacts: Path
) -> None:
    page = opened("/")
    map_ = folium_map(page)
    map_.locator("path.leaflet-interactive[stroke='#0062a8']").first.wait_for()
    expect(map_.locator(".leaflet-streets-pane canvas")).to_have_count(1)
    keep(page, artefacts / "go.png")
    ways = page.get_by_role("radiogroup", name="There").locator("label")
    ways.filter(has_text=re.compile("[0-9]:[0-9]")).nth(1).click()
    expect_address(page, pick="2")
    settle(page)
    timeline = page.locator(".lm-timeline").first
    expect(timeline).to_contain_text("Bus")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download GPX").click()
    tracks = gpxpy.parse(download.value.path().read_text(encoding="utf-8")).tracks
    assert len(tracks) == 2, "out and back"
    ends = tracks[0].segments[-1].points[-1]
    assert (ends.latitude, ends.longitude) == pytest.approx((60.2938, 24.5570), abs=0.003)
    asked = address(page)
    assert (asked["from"], asked["to"]) == ("metro-kamppi", "haltia")
    again = opened("/go?" + urlsplit(page.url).query)
    assert again.locator(".lm-timeline").first.inner_text() == timeline.inner_text(), (
        "the link opens the same trip"
    )


def test_a_click_on_the_map_sets_an_end(opened: Callable[..., Page]) -> None:
    page = opened("/go?lang=en")
    page.get_by_role("radio", name="start", exact=True).or_(
        page.get_by_role("button", name="start", exact=True)
    ).first.click()
    settle(page)
    folium_map(page).locator(".leaflet-container").click(position={"x": 330, "y": 250})
    page.wait_for_url(re.compile(r"from=60\."))
    settle(page)
    north, east = (float(part) for part in address(page)["from"].split(","))
    assert 60.1 < north < 60.4
    assert 24.4 < east < 25.0
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


@pytest.mark.parametrize("name", TITLES)
@pytest.mark.parametrize(
    ("language", "size", "scheme"),
    [("en", PHONE, "light"), ("fi", DESKTOP, "dark"), ("sv", PHONE, "dark")],
)
def test_every_page_in_every_language_on_phone_and_desktop(
    opened: Callable[..., Page],
    artefacts: Path,
    name: str,
    language: str,
    size: tuple[int, int],
    scheme: str,
) -> None:
    page = opened(f"/{name}?lang={language}", size, scheme)
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLES[name][language])
    assert page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count() == 0
    assert not overflows(page)
    expect_address(page, lang=language)
    keep(page, artefacts / f"{name}-{language}-{size[0]}-{scheme}.png")


def test_a_planner_compares_and_takes_the_tables_along(
    opened: Callable[..., Page], artefacts: Path
) -> None:
    page = opened("/compare")
    page.get_by_role("heading", name="Key figures").wait_for()
    settle(page)
    assert page.get_by_text("cars").count() >= 3, "the verdict stands in words"
    assert page.locator(".lm-table").first.get_by_text("Cars arriving").count() >= 1
    charts = page.locator("[data-testid=stVegaLiteChart]")
    expect(charts.locator("canvas, svg").first).to_be_visible()
    keep(page, artefacts / "compare.png")
    with page.expect_download() as download:
        page.get_by_role("button", name="Differences (CSV)").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))
    assert {row["kpi"] for row in rows} >= {"visitors", "cars_arrived", "operating_cost_eur"}
    page.reload()
    page.get_by_role("heading", name="Key figures").wait_for()


def test_nonsense_in_the_address_opens_the_page_with_a_note(opened: Callable[..., Page]) -> None:
    page = opened(f"/go?from={HOSTILE}&stay=soon&modes=rocket&lang=xx")
    expect(page.get_by_text("Part of the address was not understood")).to_have_count(1)
    page.locator(".lm-timeline").first.wait_for()
    assert page.locator("img[src='x']").count() == 0


def test_hostile_names_of_an_uploaded_scenario_stay_text(
    opened: Callable[..., Page], artefacts: Path, tmp_path: Path
) -> None:
    file = tmp_path / "hostile.toml"
    file.write_text(SCENARIO, encoding="utf-8")
    page = opened("/compare?lang=en")
    page.get_by_text("Upload a scenario").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("can be chosen above").wait_for()
    page.get_by_role("link", name="Test a timetable").click()
    page.get_by_role("heading", name="Test a timetable").wait_for()
    choose(page, page.get_by_role("combobox", name="Scenario"), "img src", HOSTILE)
    page.get_by_role("heading", name="Timetable", exact=True).wait_for()
    keep(page, artefacts / "hostile.png")
    assert page.get_by_text(HOSTILE).count() >= 1, "the stop's name shows as it is"
    for frame in page.frames:
        assert frame.locator("img[src='x'], img[src*='evil']").count() == 0
        assert frame.locator("script:has-text('alert(2)')").count() == 0


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        ("not = [toml", "not TOML"),
        ('extends = "/etc/hosts.toml"', "extends a bundled scenario"),
        ('extends = "baseline"\n[services.x]\nstops = ["nowhere"]\n', "at least two stops"),
    ],
)
def test_an_upload_that_is_no_scenario_says_why(
    opened: Callable[..., Page], tmp_path: Path, content: str, answer: str
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(content, encoding="utf-8")
    page = opened("/compare?lang=en")
    page.get_by_text("Upload a scenario").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text(answer).first.wait_for()


def test_the_pages_ask_nobody_but_this_computer(browser: Browser, dashboard_url: str) -> None:
    """Map tiles are the one thing fetched from elsewhere, where there is internet."""
    context = browser.new_context(locale="en-GB")
    asked: set[str] = set()
    context.on("request", lambda request: asked.add(request.url))
    page = context.new_page()
    for name in TITLES:
        visit(page, f"{dashboard_url}/{name}?lang=en")
    context.close()
    hosts = {urlsplit(url).hostname for url in asked if url.startswith("http")}
    assert hosts <= {"127.0.0.1", "tile.openstreetmap.org"}
