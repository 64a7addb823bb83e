"""Uploaded scenarios: small, data only, so many a person, and nobody else's business."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browsing import choose, settle, visit
from playwright.sync_api import expect

from dashboard.uploads import KEPT, KEPT_EACH, LARGEST_BYTES, Uploads, read
from lastmile.errors import ScenarioError

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

HOSTILE = "<img src=x onerror=alert(1)>"


def toml(name: str, vehicles: int = 5) -> bytes:
    """Return a scenario file of a name."""
    said = f"""
extends = "shuttle-espoo-haltia"
[title]
en = "{name}"
[services.shuttle]
vehicles = {vehicles}
stops = ["rail-espoo", {{name = "{name}", lat = 60.25, lon = 24.60}}, "haltia"]
"""
    return said.encode()


def test_nobody_finds_what_another_one_uploaded() -> None:
    uploads = Uploads()
    mine: list[str] = []
    yours: list[str] = []
    key = uploads.take(toml("mine"), mine)
    assert uploads.seen_by(mine) == [key]
    assert uploads.seen_by(yours) == []
    uploads.open(key, yours)
    assert uploads.seen_by(yours) == [key], "unless the link is shared"
    assert uploads[key].title.en == "mine"


def test_a_guess_opens_nothing() -> None:
    uploads = Uploads()
    visit: list[str] = []
    for guess in ("", "file-", "file-0000", "baseline", "../x"):
        uploads.open(guess, visit)
    assert visit == []


def test_of_one_visit_the_newest_are_kept() -> None:
    uploads = Uploads()
    visit: list[str] = []
    keys = [uploads.take(toml(f"no {n}"), visit) for n in range(KEPT_EACH + 3)]
    assert uploads.seen_by(visit) == keys[3:]
    uploads.take(toml("no 4"), visit)
    assert uploads.seen_by(visit)[-1] == keys[4], "the same file again is no second one"
    assert len(uploads.seen_by(visit)) == KEPT_EACH


def test_the_server_keeps_so_many_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.uploads.KEPT", 3)
    uploads = Uploads()
    visits: list[list[str]] = [[] for _ in range(5)]
    keys = [uploads.take(toml(f"no {n}"), visit) for n, visit in enumerate(visits)]
    seen = [uploads.seen_by(visit) for visit in visits]
    assert seen == [[], [], [keys[2]], [keys[3]], [keys[4]]]
    assert KEPT * LARGEST_BYTES < 100e6, "what all may upload fits the memory of a small server"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"#" * (LARGEST_BYTES + 1), "at most"),
        (b"\xff\xfe\x00", "not TOML: not UTF-8"),
        (b"a = " + b"[" * 90_000, "not TOML: brackets"),
        (b"PK\x03\x04", "not TOML: Expected"),
        (b'extends = "/etc/passwd"', "extends a bundled scenario"),
        (b'extends = "../../secret"', "extends a bundled scenario"),
        (b"extends = [1, 2]", "extends a bundled scenario"),
    ],
)
def test_what_is_no_small_scenario_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(ScenarioError, match=why):
        read(content)


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_an_upload_is_its_owners_until_the_link_is_shared(
    browser: Browser, dashboard_url: str, tmp_path: Path
) -> None:
    """With a title and a stop that would be script: they stay text wherever they show."""
    file = tmp_path / "hostile.toml"
    file.write_bytes(toml(HOSTILE))
    owner, other = (person(browser) for _ in range(2))
    page = opened(owner, f"{dashboard_url}/compare?lang=en")
    page.get_by_text("Upload a scenario").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("can be chosen above").wait_for()
    choose(page, page.get_by_role("combobox", name="Pilots"), "img src", HOSTILE)
    page.keyboard.press("Escape")
    page.wait_for_url("**pilots=*file-*")
    page.locator(".lm-table thead", has_text=HOSTILE).first.wait_for()
    page.get_by_role("heading", name="Downloads").wait_for()
    nothing_ran(page)
    stranger = opened(other, f"{dashboard_url}/compare?lang=en")
    pilots = stranger.get_by_role("combobox", name="Pilots")
    pilots.click()
    stranger.get_by_role("option").first.wait_for()
    pilots.fill("img src")
    stranger.wait_for_timeout(500)
    expect(stranger.get_by_role("option", name=HOSTILE)).to_have_count(0)
    friend = opened(other, page.url)
    friend.locator(".lm-table thead", has_text=HOSTILE).first.wait_for()
    nothing_ran(friend)
    owner.close()
    other.close()


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_a_faulty_file_is_told_of_in_finnish_fault_by_fault(
    page: Page, dashboard_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "faulty.toml"
    file.write_bytes(b'extends = "baseline"\n[day]\nmonth = 13\nhour = 3\n')
    visit(page, f"{dashboard_url}/compare?lang=fi")
    page.get_by_text("Lataa skenaario").click()
    page.locator("input[type=file]").set_input_files(file)
    told = page.get_by_role("alert").filter(has_text="uploaded.toml")
    expect(told).to_contain_text("arvo saa olla enintään 12")
    expect(told).to_contain_text("tuntematon avain")
    expect(told.locator("br")).to_have_count(1)


def person(browser: Browser) -> BrowserContext:
    """Return a browser of somebody's own."""
    return browser.new_context(viewport={"width": 1280, "height": 1000}, locale="en-GB")


def opened(context: BrowserContext, url: str) -> Page:
    """Open a comparison and wait for its figures."""
    page = visit(context.new_page(), url)
    page.get_by_role("heading", name="Downloads").wait_for()
    settle(page)
    return page


def nothing_ran(page: Page) -> None:
    """Check that no name became an element, on the page or in a frame of it."""
    page.wait_for_timeout(1000)
    for frame in page.frames:
        assert frame.locator("img[src='x']").count() == 0
    maps = page.locator("iframe[title^='Maps of the base']")
    maps.scroll_into_view_if_needed()
    frame = maps.element_handle().content_frame()
    assert frame is not None
    frame.locator("path[stroke='#0072b2']").first.wait_for()
    for line in frame.locator("path[stroke='#0072b2']").all()[:3]:
        line.dispatch_event("mouseover")
        page.wait_for_timeout(100)
    assert frame.locator("img[src='x']").count() == 0
