"""What the browser tests share: they wait for what they mean, never for a moment to pass.

Whoever asserts on a page straight after a click races the script behind it. So the tests use
Playwright's ``expect``, which looks again until it holds, and the helpers below.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import TimeoutError as NotInTime
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator, Locator, Page

LONG_MS = 120_000
DESKTOP, PHONE = (1280, 1000), (390, 844)
expect.set_options(timeout=LONG_MS)

_RESTS = """() => document.querySelector('[data-testid=stApp]')
    ?.getAttribute('data-test-script-state') === 'notRunning'
    && !document.querySelector('[data-testid=stProgress], [data-testid=stSkeleton]')"""
_SAYS = """wanted => {
    const said = new URLSearchParams(location.search);
    return Object.entries(wanted).every(([key, value]) => said.get(key) === value);
}"""


def settle(page: Page) -> None:
    """Wait until the page has drawn all of itself: its script rests, twice in a row."""
    for _look in range(2):
        page.wait_for_timeout(300)
        page.wait_for_function(_RESTS)


def visit(page: Page, url: str) -> Page:
    """Open an address and wait for its page; no dialog may ever show."""
    page.set_default_timeout(LONG_MS)
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog showed: {dialog.message}"))
    page.goto(url)
    page.get_by_role("heading", level=1).wait_for()
    settle(page)
    return page


def address(page: Page) -> dict[str, str]:
    """Return the parameters of the address."""
    return {key: values[-1] for key, values in parse_qs(urlsplit(page.url).query).items()}


def expect_address(page: Page, **parameters: str | None) -> None:
    """Wait until the address says so; None: until it has no such parameter."""
    try:
        page.wait_for_function(_SAYS, arg=parameters)
    except NotInTime:
        pytest.fail(f"the address should say {parameters}: {page.url}")


def choose(page: Page, field: Locator, typed: str, option: str) -> None:
    """Type into a field with a list and take one of the list, exactly so named.

    A list closes when the page is drawn anew behind it; then it is opened again.
    """
    entry = page.get_by_role("option", name=option, exact=True).first
    deadline = time.monotonic() + LONG_MS / 1000
    while True:
        settle(page)
        field.click()
        field.fill(typed)
        try:
            entry.click(timeout=5_000)
        except NotInTime:
            if time.monotonic() > deadline:
                pytest.fail(f"the list never had {option!r} for {typed!r}")
            page.keyboard.press("Escape")
            continue
        settle(page)
        return


def folium_map(page: Page) -> FrameLocator:
    """Return the first folium map, drawn and ready to be clicked."""
    page.locator("iframe[title*='st_folium']").first.scroll_into_view_if_needed()
    frame = page.frame_locator("iframe[title*='st_folium']").first
    frame.locator(".leaflet-control-zoom-in").wait_for()
    settle(page)
    return frame
