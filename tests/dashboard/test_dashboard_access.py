"""The pages can be used by everybody: axe-core finds no serious fault by WCAG 2.2 AA."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import settle, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

PAGES = ("go", "compare", "timetable", "sea", "data", "data?section=fit")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
BACKGROUND = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
SERIOUS = ("serious", "critical")
FOREIGN_PARTS = {
    # Drawn by Leaflet and by Streamlit's own widgets: nothing of ours to mend.
    "scrollable-region-focusable",
}


@pytest.fixture(scope="module")
def axe() -> str:
    """Return axe-core's script from an npm folder outside the project, or skip."""
    folders = [os.environ.get("LASTMILE_AXE", ""), "/usr/local/lib", "/usr/lib", str(Path.home())]
    for folder in filter(None, folders):
        script = Path(folder) / "node_modules" / "axe-core" / "axe.min.js"
        if script.is_file():
            return script.read_text(encoding="utf-8")
    pytest.skip("axe-core is not installed (npm install axe-core; LASTMILE_AXE names the folder)")


@pytest.mark.parametrize("name", PAGES)
def test_no_serious_fault_for_those_who_see_or_move_otherwise(
    browser: Browser, dashboard_url: str, axe: str, name: str
) -> None:
    context = browser.new_context(
        viewport={"width": 1280, "height": 1000}, bypass_csp=True, locale="en-GB"
    )
    page = visit(context.new_page(), f"{dashboard_url}/{name}{'&' if '?' in name else '?'}lang=en")
    page.evaluate(axe)
    light = background(page)
    assert faults(page) == [], "light"
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"light => {BACKGROUND} !== light", arg=light)
    settle(page)
    assert faults(page) == [], "dark"
    context.close()


def background(page: Page) -> str:
    """Return the colour behind the page."""
    return str(page.evaluate(BACKGROUND))


def faults(page: Page) -> list[str]:
    """Return what axe-core finds that is serious, each with where."""
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, iframes: false})",
        RULES,
    )
    return [
        f"{fault['id']}: {fault['help']}: {[node['html'][:160] for node in fault['nodes'][:4]]}"
        for fault in found["violations"]
        if fault["impact"] in SERIOUS and fault["id"] not in FOREIGN_PARTS
    ]
