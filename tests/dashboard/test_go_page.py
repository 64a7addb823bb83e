"""The visitor's page in a browser: order, way back, map, names, print, and nonsense."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import pytest
from browsing import address, expect_address, folium_map, settle
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SUNDAY = "/go?from=metro-kamppi&to=haltia&when=leave&at=2026-09-27T10:00&stay=240"
NONSENSE = "<img src=x onerror=alert(1)>${alert(2)}[x](javascript:alert(3))"
PARAMETERS = {
    "go": "from to when at stay modes stepfree pick back sort",
    "compare": "base pilots month day weather busy days precision set entrance film",
    "timetable": "scenario desk service line stress situation",
    "sea": "station view signs metres end services",
    "data": "section find",
}


def test_the_bus_comes_first_and_every_way_there_has_its_way_home(
    opened: Callable[[str], Page],
) -> None:
    page = opened(f"{SUNDAY}&modes=walk,car,transit&lang=en")
    there = page.get_by_role("radiogroup", name="There").locator("label")
    timeline = page.locator(".lm-timeline")
    expect(timeline.first).not_to_contain_text("Drive")
    expect(page.get_by_text("Last way back by public transport")).to_have_count(1)
    there.nth(1).click()
    expect_address(page, pick="2")
    expect(timeline).to_have_count(2)  # out and back
    page.get_by_role("radio", name="Quickest").or_(
        page.get_by_role("button", name="Quickest")
    ).first.click()
    expect_address(page, sort="fast", pick=None)
    expect(timeline.first).to_contain_text("Drive")
    expect(page.get_by_text("Last way back by public transport")).to_have_count(0)
    settle(page)
    again = opened("/go?" + urlsplit(page.url).query)
    assert again.locator(".lm-timeline").first.inner_text() == timeline.first.inner_text(), (
        "the link opens the same trip"
    )


def test_typing_a_name_in_any_language_and_a_click_on_the_map_set_the_ends(
    opened: Callable[[str], Page],
) -> None:
    page = opened(f"{SUNDAY}&modes=walk,transit&lang=sv")
    for typed, key in (("Mattby", "metro-matinkyla"), ("tapiol", "metro-tapiola")):
        field = page.get_by_role("combobox", name="Från").first
        field.click()
        field.fill(typed)
        field.press("Enter")
        expect_address(page, **{"from": key})
        settle(page)
    page.get_by_role("radio", name="målet").or_(
        page.get_by_role("button", name="målet")
    ).first.click()
    settle(page)
    folium_map(page).locator(".leaflet-container").click(position={"x": 300, "y": 220})
    page.wait_for_url(re.compile(r"to=60\."))
    settle(page)
    assert address(page)["from"] == "metro-tapiola"


def test_the_print_view_holds_the_trip_and_not_the_form(opened: Callable[[str], Page]) -> None:
    page = opened(f"{SUNDAY}&modes=walk,transit&lang=fi")
    page.evaluate("() => { window.print = () => { window.printed = true; }; }")
    page.get_by_role("button", name="Tulosta").click()
    page.wait_for_function("window.printed === true")
    page.emulate_media(media="print")
    expect(page.locator(".lm-timeline").first).to_be_visible()
    expect(page.get_by_role("heading", name="Kamppi → Haltia")).to_be_visible()
    for hidden in (".st-key-question", ".st-key-choices", ".lm-print"):
        expect(page.locator(hidden).first).to_be_hidden()


def test_a_visitor_reads_what_is_wrong_in_their_own_language(
    opened: Callable[[str], Page],
) -> None:
    page = opened("/go?from=metro-kamppi&to=61.5,24.7&modes=walk&lang=fi")
    page.get_by_text("Ei katua, jota voisi kulkea kävellen, 1 000 metrin säteellä").wait_for()
    page = opened(
        "/go?from=metro-kamppi&to=haltia&when=leave&at=2026-01-14T22:30&modes=transit&lang=sv"
    )
    page.get_by_text("Ingen kollektivtrafik från Kampen till Haltia ons 14.1.2026").wait_for()
    page = opened(f"{SUNDAY}&modes=walk,transit&lang=sv")
    page.get_by_text("Tiderna är från en representativ tidtabell").wait_for()
    assert page.get_by_text("representative timetable").count() == 0


def test_a_place_to_itself_is_refused_without_advice_on_times(
    opened: Callable[[str], Page],
) -> None:
    page = opened("/go?from=haltia&to=haltia&lang=en")
    page.get_by_text("are the same place").wait_for()
    settle(page)
    assert page.get_by_text("Try another time").count() == 0


def test_who_misses_the_last_bus_of_a_winter_night_reads_what_is_left(
    opened: Callable[[str], Page],
) -> None:
    """One was told twice that the next bus runs in June, and of no taxi."""
    page = opened(
        "/go?from=metro-kamppi&to=kattila&when=leave&at=2026-11-22T18:00&stay=120&modes=transit"
        "&lang=en"
    )
    page.get_by_text("Last way back by public transport").wait_for()
    settle(page)
    expect(page.get_by_text("the next day that has one is Mon 23 Nov 2026")).to_have_count(1)
    expect(page.get_by_text("If you miss it").first).to_contain_text("taxi")


@pytest.mark.parametrize("name", PARAMETERS)
def test_nonsense_in_every_parameter_opens_the_page_with_a_note(
    opened: Callable[[str], Page], name: str
) -> None:
    values = "&".join(f"{parameter}={quote(NONSENSE)}" for parameter in PARAMETERS[name].split())
    page = opened(f"/{name}?{values}&lang=en")
    page.get_by_text("Part of the address was not understood").wait_for()
    page.get_by_text("<img src=x onerror=").first.wait_for()  # shown as it is
    assert page.locator("img[src='x'], a[href^='javascript']").count() == 0
    assert page.locator("[data-testid=stException]").count() == 0
