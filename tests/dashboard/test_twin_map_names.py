"""The names on the twin maps, and what the phone shows of a comparison."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from browsing import DESKTOP, PHONE, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

ENTRANCES = ("Haltia", "Haukkalampi", "Kattila", "Siikaranta", "Kolmoislampi", "Högbacka")
BOXES = """(map, chosen) => [...map.querySelectorAll(chosen)].map(each => {
    const box = each.getBoundingClientRect();
    return [box.left, box.top, box.right, box.bottom, each.textContent];
})"""
Box = tuple[float, float, float, float, str]


def overlap(one: Box, other: Box) -> bool:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    return wide > 1 and tall > 1


def compared(opened: Callable[..., Page], size: tuple[int, int]) -> Page:
    page = opened("/compare?lang=en", size)
    page.get_by_role("heading", name="Downloads").wait_for()
    settle(page)
    return page


@pytest.mark.browser
@pytest.mark.timeout(300)
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_entrance_is_named_and_no_name_lies_on_another(
    opened: Callable[..., Page], size: tuple[int, int]
) -> None:
    page = compared(opened, size)
    page.locator("iframe[title^='Maps of the base']").scroll_into_view_if_needed()
    frame = page.frame_locator("iframe[title^='Maps of the base']")
    frame.locator(".gate").nth(2 * len(ENTRANCES) - 1).wait_for()
    maps = frame.locator(".map")
    for number in range(2):
        named: list[Box] = maps.nth(number).evaluate(BOXES, ".gate")
        said = " ".join(name[4] for name in named)
        assert all(entrance in said for entrance in ENTRANCES)
        assert not [pair for pair in combinations(named, 2) if overlap(*pair)]
        scale: list[Box] = maps.nth(number).evaluate(BOXES, ".leaflet-control-scale")
        credit: list[Box] = maps.nth(number).evaluate(BOXES, ".leaflet-control-attribution")
        assert len(scale) == len(credit) == 1
        assert not overlap(scale[0], credit[0])


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_a_phone_shows_the_pilot_with_its_intervals(opened: Callable[..., Page]) -> None:
    table = compared(opened, PHONE).locator(".lm-table", has_text="Key figure").first
    right: float = table.evaluate("table => table.getBoundingClientRect().right")
    assert right <= PHONE[0]
