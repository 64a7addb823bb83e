"""A whole feed of hostile names: on the page they are text, and nothing of them runs."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from browsing import LONG_MS, settle
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

IMG = "<img src=x onerror=alert(1)>"
SCRIPT = "</script><script>window.owned=1;alert(2)</script>"
TEMPLATE = "${window.owned=1}`);window.owned=1;alert(3);(`"
MARKDOWN = "[click](javascript:alert(4)) ![p](https://evil.example/p.png) **bold** $x$"
MIDDLE = "<svg onload=alert(5)><a href=javascript:alert(6)>x</a>"
KAMPPI, MIDWAY, HALTIA = (60.16865, 24.93110), (60.2055, 24.6559), (60.2938, 24.5570)


def quoted(text: str) -> str:
    """Return a CSV field."""
    return '"' + text.replace('"', '""') + '"'


def feed() -> dict[str, str]:
    """Return a GTFS feed: an hourly bus from Kamppi to Haltia and back, every name hostile."""
    trips, calls = [], []
    for hour in range(6, 23):
        for trip, stops in ((f"out{hour}", "123"), (f"back{hour}", "321")):
            headsign = MARKDOWN if trip.startswith("out") else SCRIPT
            trips.append(f"r,daily,{trip},{quoted(headsign)}")
            for order, stop in enumerate(stops):
                clock = f"{hour:02d}:{20 * order:02d}:00"
                calls.append(f"{trip},{clock},{clock},{stop},{order}")
    named = zip((IMG, MIDDLE, TEMPLATE), (KAMPPI, MIDWAY, HALTIA), strict=True)
    return {
        "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\n"
        f"a,{quoted(IMG)},https://example.fi,Europe/Helsinki",
        "stops.txt": "stop_id,stop_code,stop_name,stop_lat,stop_lon,zone_id,platform_code\n"
        + "\n".join(
            f"{number},{quoted(SCRIPT)},{quoted(name)},{lat},{lon},A,{quoted(IMG)}"
            for number, (name, (lat, lon)) in enumerate(named, start=1)
        ),
        "routes.txt": "route_id,agency_id,route_short_name,route_long_name,route_type\n"
        f"r,a,{quoted(IMG)},{quoted(MARKDOWN)},3",
        "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,"
        "start_date,end_date\ndaily,1,1,1,1,1,1,1,20260101,20261231",
        "trips.txt": "\n".join(["route_id,service_id,trip_id,trip_headsign", *trips]),
        "stop_times.txt": "\n".join(
            ["trip_id,arrival_time,departure_time,stop_id,stop_sequence", *calls]
        ),
    }


@pytest.fixture(scope="module")
def hostile_url(
    tmp_path_factory: pytest.TempPathFactory,
    serve: Callable[[Path, Path], AbstractContextManager[str]],
) -> Iterator[str]:
    """Return the address of a dashboard with the hostile feed in force."""
    folder, data = tmp_path_factory.mktemp("feed"), tmp_path_factory.mktemp("data")
    for name, text in feed().items():
        (folder / name).write_text(text + "\n", encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "lastmile", "data", "build", "--gtfs", str(folder)],
        env=os.environ | {"LASTMILE_DATA_DIR": str(data)},
        check=True,
        capture_output=True,
    )
    with serve(data, tmp_path_factory.mktemp("dashboard")) as url:
        yield url


@pytest.mark.parametrize("language", ["en", "fi"])
def test_names_of_a_hostile_feed_are_shown_and_nothing_else_happens(
    browser: Browser, hostile_url: str, artefacts: Path, language: str
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 1400}, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(LONG_MS)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(
        f"{hostile_url}/go?lang={language}&from=metro-kamppi&to=haltia&when=leave"
        "&at=2026-09-27T10:00&stay=180&modes=transit,walk"
    )
    page.locator(".lm-timeline").nth(1).wait_for()
    settle(page)
    map_ = page.frame_locator("iframe[title*='st_folium']").first
    map_.locator("path.leaflet-interactive").nth(3).wait_for(state="attached")
    for shape in map_.locator("path.leaflet-interactive").all():
        shape.dispatch_event("mouseover")
    page.wait_for_timeout(1000)
    page.screenshot(path=artefacts / f"hostile-feed-{language}.png")
    for name in (IMG, TEMPLATE, MARKDOWN, SCRIPT):  # each is shown as it is
        expect(page.locator(".lm-timeline").first).to_contain_text(name, use_inner_text=True)
    expect(page.locator(".st-key-choices")).to_contain_text(IMG, use_inner_text=True)
    for frame in page.frames:
        assert (
            frame.locator("img[src='x'], img[src*='evil'], svg[onload], b:text('bold')").count()
            == 0
        )
        assert frame.locator("a[href^='javascript']").count() == 0
        assert frame.locator(".katex").count() == 0
        assert frame.evaluate("window.owned") is None
    assert dialogs == []
    assert not [url for url in asked if "evil" in url or url.endswith("/x")]
    context.close()
