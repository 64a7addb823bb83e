"""From an empty map to a validated feed, in a real browser with the network cut off."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import gtfs_guru
import pytest

from lastmile.places import Gazetteer
from lastmile.transit.feed import load_feed

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CENTER, ZOOM = (60.22, 24.72), 11
"""Where the editor's map stands when it opens."""


def pixel(lat: float, lon: float) -> tuple[float, float]:
    """Return where a point is on a web map, px from the corner of the world."""
    world = 256 * 2**ZOOM
    mercator = math.asinh(math.tan(math.radians(lat))) / math.pi
    return (lon + 180) / 360 * world, (1 - mercator) / 2 * world


def click_map(page: Page, lat: float, lon: float) -> None:
    """Click on the editor's map at a point."""
    map_ = page.frame_locator("iframe[title*='st_folium']").locator(".leaflet-container")
    map_.wait_for()
    box = map_.bounding_box()
    assert box is not None
    (x, y), (x_0, y_0) = pixel(lat, lon), pixel(*CENTER)
    map_.click(position={"x": box["width"] / 2 + x - x_0, "y": box["height"] / 2 + y - y_0})


def settle(page: Page) -> None:
    """Wait until the script rests, twice in a row."""
    for _look in range(2):
        page.wait_for_timeout(500)
        page.wait_for_function(
            "() => document.querySelector('[data-testid=stApp]')"
            "?.getAttribute('data-test-script-state') === 'notRunning'"
        )


def test_from_an_empty_map_to_a_validated_feed(
    page: Page, dashboard_url: str, tmp_path: Path, artefacts: Path
) -> None:
    page.set_default_timeout(60_000)
    page.goto(f"{dashboard_url}/timetable?desk=own&lang=en")
    page.get_by_text("Choose two stops or more").wait_for()
    settle(page)
    for number, key in enumerate(("rail-espoo", "rail-kauklahti"), start=1):
        click_map(page, *Gazetteer.bundled()[key].point)
        page.locator("li", has_text=f"Stop {number}").wait_for()
        settle(page)
    page.get_by_text("vehicles needed").or_(page.get_by_text("vehicle needed")).wait_for()
    page.get_by_text("Departures from the first stop").click()
    box = page.get_by_role("textbox", name="Departures")
    box.fill("10:00, 9:00")
    box.press("Control+Enter")
    page.get_by_text("departures run backwards").wait_for()
    box.fill("9:00, 9:03, 9:06")
    box.press("Control+Enter")
    page.get_by_text("needs a third vehicle").first.wait_for()
    box.fill("9:00, 10:00, 11.00; 25:10")
    box.press("Control+Enter")
    settle(page)
    page.locator("[data-testid=stVegaLiteChart]").first.wait_for()
    page.screenshot(path=artefacts / "timetable-editor.png", full_page=True)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as GTFS").click()
    feed = tmp_path / "own-line.zip"
    download.value.save_as(feed)
    assert gtfs_guru.validate(str(feed), country_code="FI", date="2026-09-01").errors() == []
    read = load_feed(feed)
    assert not read.warnings
    assert len(read.trips) == 8
    assert read.stops["stop_name"].tolist() == ["Stop 1", "Stop 2"]
