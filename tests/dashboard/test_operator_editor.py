"""From an empty map to a validated feed and a stress test, in a real browser without network."""

from __future__ import annotations

import math
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import gtfs_guru
import pandas as pd
import pytest
from browsing import address, choose, folium_map, settle, visit
from playwright.sync_api import expect

from lastmile.places import Gazetteer
from lastmile.transit.feed import load_feed

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
CENTER, ZOOM = (60.22, 24.72), 11
"""Where the editor's map stands when it opens."""


def pixel(lat: float, lon: float) -> tuple[float, float]:
    """Return where a point is on a web map, px from the corner of the world."""
    world = 256 * 2**ZOOM
    mercator = math.asinh(math.tan(math.radians(lat))) / math.pi
    return (lon + 180) / 360 * world, (1 - mercator) / 2 * world


def click_map(page: Page, lat: float, lon: float) -> None:
    """Click on the editor's map at a point."""
    map_ = folium_map(page).locator(".leaflet-container")
    box = map_.bounding_box()
    assert box is not None
    (x, y), (x_0, y_0) = pixel(lat, lon), pixel(*CENTER)
    map_.click(position={"x": box["width"] / 2 + x - x_0, "y": box["height"] / 2 + y - y_0})


def test_from_an_empty_map_to_a_validated_feed(
    page: Page, dashboard_url: str, tmp_path: Path, artefacts: Path
) -> None:
    open_line(page, dashboard_url)
    for number, key in enumerate(("rail-espoo", "rail-kauklahti"), start=1):
        click_map(page, *Gazetteer.bundled()[key].point)
        page.get_by_role("textbox", name=f"Name of stop {number}").wait_for()
        settle(page)
    page.get_by_text("vehicles needed").or_(page.get_by_text("vehicle needed")).wait_for()
    page.get_by_text("Departures from the first stop").click()
    box = page.get_by_role("textbox", name="Departures")
    box.wait_for()
    settle(page)
    box.fill("10:00, 9:00")
    box.press("Control+Enter")
    page.get_by_text("departures run backwards").wait_for()
    settle(page)
    box.fill("9:00, 9:03, 9:06")
    box.press("Control+Enter")
    page.get_by_text("needs a third vehicle").first.wait_for()
    settle(page)
    box.fill("9:00, 10:00, 11.00; 25:10")
    box.press("Control+Enter")
    page.get_by_text("8 trips a day").wait_for()
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


def open_line(page: Page, url: str, *places: str) -> None:
    """Open the editor and put places of the list on the line."""
    visit(page, f"{url}/timetable?desk=own&lang=en")
    page.get_by_text("Choose two stops or more").wait_for()
    for number, name in enumerate(places, start=1):
        choose(page, page.get_by_role("combobox", name="Add a place"), name, name)
        page.get_by_role("button", name="Add stop").click()
        page.get_by_role("textbox", name=f"Name of stop {number}").wait_for()
        settle(page)


def stops(page: Page) -> Locator:
    """Return the fields with the names of the stops, in their order."""
    return page.get_by_role("textbox", name=re.compile("^Name of stop"))


def expect_stops(page: Page, *names: str) -> None:
    """Wait until the line has just these stops, in this order."""
    expect(stops(page)).to_have_count(len(names))
    for number, name in enumerate(names):
        expect(stops(page).nth(number)).to_have_value(name)
    settle(page)


def fill(page: Page, role: Literal["textbox", "spinbutton"], name: str, text: str) -> None:
    """Type into a field and let the page take it."""
    box = page.get_by_role(role, name=name, exact=True)
    box.fill(text)
    box.press("Control+Enter" if role == "textbox" else "Enter")
    settle(page)


def press(page: Page, sign: str, stop: int) -> None:
    """Press one of the small buttons of a stop, the first being 1."""
    page.get_by_role("button", name=sign, exact=True).nth(stop - 1).click()
    settle(page)


def test_stops_are_moved_named_and_removed(page: Page, dashboard_url: str) -> None:
    open_line(page, dashboard_url, "Espoo", "Kauklahti", "Haltia")
    expect_stops(page, "Espoo", "Kauklahti", "Haltia")
    press(page, "\u2191", 2)
    expect_stops(page, "Kauklahti", "Espoo", "Haltia")
    press(page, "\u2193", 2)
    expect_stops(page, "Kauklahti", "Haltia", "Espoo")
    press(page, "\u2715", 1)
    expect_stops(page, "Haltia", "Espoo")
    line = address(page)["line"]
    box = page.get_by_role("textbox", name="Name of stop 2")
    box.fill("Espoo asema <b>")
    box.press("Enter")
    page.wait_for_url(lambda url: f"line={line}" not in url)
    page.get_by_text("Run times by the roads: Haltia").wait_for()
    expect_stops(page, "Haltia", "Espoo asema <b>")
    page.reload()
    expect_stops(page, "Haltia", "Espoo asema <b>")


def test_a_stress_test_runs_beside_the_page(
    page: Page, dashboard_url: str, artefacts: Path
) -> None:
    open_line(page, dashboard_url, "Espoo", "Haltia")
    fill(page, "spinbutton", "Headway, min", "60")
    page.get_by_role("button", name="Run the stress test").click()
    page.get_by_role("button", name="Cancel").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("The run was cancelled").wait_for(timeout=120_000)
    page.get_by_role("button", name="Run again").click()
    page.get_by_role("progressbar").first.wait_for()
    page.wait_for_url(re.compile("stress=run"))
    page.reload()  # the job goes on without the page
    lights = page.get_by_role("region", name="Which promises hold")
    lights.wait_for(timeout=240_000)
    settle(page)
    expect(lights.get_by_role("row")).to_have_count(8)
    departures = page.get_by_role("region", name="By departure")
    rows = 20
    expect(departures.get_by_role("row")).to_have_count(rows + 1)
    page.screenshot(path=artefacts / "timetable-stress.png", full_page=True)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the table (CSV)").first.click()
    table = pd.read_csv(download.value.path())
    assert len(table) == rows
    assert {"boardings", "left_behind", "extra_wait_s", "wait_s_p90", "missed"} <= set(table)
    page.get_by_role("tab", name="By stop").click()
    expect(page.get_by_role("region", name="By stop").get_by_role("row")).to_have_count(3)
    page.get_by_role("tab", name="The whole day").click()
    for figure in ("Driver hours", "Charged at the termini", "Subsidy per passenger", "Boardings"):
        page.get_by_role("region", name="The whole day").get_by_text(figure).first.wait_for()
    page.get_by_role("button", name="Run the stress test").click()
    lights.wait_for(timeout=20_000)  # asked again, it is there without another run


def test_a_line_of_a_feed_is_taken(page: Page, dashboard_url: str, tmp_path: Path) -> None:
    open_line(page, dashboard_url)
    page.get_by_text("From a GTFS feed").click()
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"no feed")
    chooser = page.locator("input[type=file]").first
    chooser.set_input_files(bad)
    settle(page)
    page.get_by_role("button", name="Take this line").click()
    page.get_by_role("alert").filter(has_text=re.compile("zip", re.IGNORECASE)).first.wait_for()
    feed = tmp_path / "feed.zip"
    with zipfile.ZipFile(feed, "w") as archive:
        for table in (ROOT / "data" / "gtfs").glob("*.txt"):
            archive.write(table, table.name)
    chooser.set_input_files(feed)
    settle(page)
    page.get_by_role("button", name="Take this line").click()
    page.get_by_text("which line is meant").or_(page.get_by_text("Which line is meant")).wait_for()
    fill(page, "textbox", "Line, if there are several", "245")
    page.get_by_role("button", name="Take this line").click()
    page.get_by_text("trips taken").wait_for()
    settle(page)
    expect(stops(page).nth(2)).to_be_visible()
    expect(page.get_by_role("radio", name="As in the GTFS feed")).to_be_checked()
    page.get_by_text(re.compile(r"\d+ trips a day")).wait_for()


BAD_TIMES = {
    "Departures from": (
        ("9:00, 9", "Row 1: '9' may be an hour or a minute"),
        ("9:00\n13:00 pm", "Row 2: '13:00pm' mixes 24 hours"),
        ("9:00\nrubbish", "Row 2: 'rubbish' is no time"),
    ),
    "A table from": (
        ("Espoo;Haltia\n9:00;9:30\n10:30;10:00", "Row 3: the trip runs backwards"),
        ("Espoo\tHaltia\n9:00\t9:30\t9:40", "Row 2: 3 times for 2 stops"),
        ("Espoo,Narnia\n9:00,9:30", "Row 1: the line has no stop 'Narnia'"),
    ),
    "Headways that": (
        ("7:00 - 9:00 / 15\n8:00 - 10:00 / 20", "Row 2: the window begins"),
        ("7:00 / 15", "Row 1: write a window as"),
    ),
}


def test_bad_times_are_refused_with_row_and_reason(page: Page, dashboard_url: str) -> None:
    open_line(page, dashboard_url, "Espoo", "Haltia")
    for way, refused in BAD_TIMES.items():
        page.get_by_text(way).click()
        settle(page)
        for text, reason in refused:
            box = page.locator("textarea").first
            box.fill(text)
            box.press("Control+Enter")
            page.get_by_role("alert").filter(has_text=reason).first.wait_for()
            settle(page)


def test_a_stop_in_the_sea_is_refused(page: Page, dashboard_url: str) -> None:
    open_line(page, dashboard_url)
    click_map(page, 60.193, 24.853)
    page.get_by_role("alert").filter(has_text=re.compile("within|road|street")).first.wait_for()
    expect_stops(page)


def test_the_reasons_are_in_the_readers_language(page: Page, dashboard_url: str) -> None:
    open_line(page, dashboard_url, "Espoo", "Haltia")
    page.wait_for_url(re.compile("line="))
    page.goto(page.url.replace("lang=en", "lang=fi"))
    page.get_by_text("L\u00e4hd\u00f6t ensimm\u00e4iselt").click()
    settle(page)
    box = page.locator("textarea").first
    box.fill("9:00, 9:03, 9:06")
    box.press("Control+Enter")
    page.get_by_text("vaatii kolmannen auton").first.wait_for()
    settle(page)
    box.fill("9:00, 8:00")
    box.press("Control+Enter")
    page.get_by_text("kulkevat taaksep\u00e4in").first.wait_for()
