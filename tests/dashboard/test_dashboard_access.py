"""The pages can be used by everybody: axe-core finds no serious fault by WCAG 2.2 AA."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

PAGES = ("go", "compare", "timetable", "sea", "data", "data?section=fit")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_no_serious_fault_for_those_who_see_or_move_otherwise(
    browser: Browser, dashboard_url: str, axe: str, name: str, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": 1280, "height": 1000},
        color_scheme=scheme,  # type: ignore[arg-type]
        bypass_csp=True,
        locale="en-GB",
    )
    page = context.new_page()
    visit(page, f"{dashboard_url}/{name}{'&' if '?' in name else '?'}lang=en")
    page.evaluate(axe)
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, iframes: false})",
        RULES,
    )
    context.close()
    faults = [
        f"{fault['id']}: {fault['help']}: {[node['html'][:160] for node in fault['nodes'][:4]]}"
        for fault in found["violations"]
        if fault["impact"] in SERIOUS and fault["id"] not in FOREIGN_PARTS
    ]
    assert not faults, "\n".join(faults)
