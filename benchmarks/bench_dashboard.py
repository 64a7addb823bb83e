"""What people wait for on the page, in a real browser, and what 20 of them at once meet.

Prints a table; nothing fails on a slow machine. Usage:

    python benchmarks/bench_dashboard.py [--people 20] [--seconds 120]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import requests
from playwright.sync_api import sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Page
    from websockets.asyncio.client import ClientConnection

LONG_MS = 180_000
REPEATS = 5
WARMING_S = 15
STAYS = (60, 120, 180, 240, 300, 360, 480)
ORIGINS = ("metro-kamppi", "rail-helsinki", "rail-espoo", "metro-matinkyla", "metro-tapiola")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
RESTS = (
    "() => document.querySelector('[data-testid=stApp]')"
    "?.getAttribute('data-test-script-state') === 'notRunning'"
)


@contextmanager
def served() -> Iterator[tuple[str, int]]:
    """Start the dashboard; yield its address and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-m", "lastmile", "dashboard", "--port", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"LASTMILE_DATA_DIR": folder},
        )
        try:
            while True:
                try:
                    if requests.get(f"{url}/_stcore/health", timeout=2).ok:
                        break
                except requests.ConnectionError:
                    time.sleep(0.2)
            yield url, server.pid
        finally:
            server.terminate()
            server.wait(20)


def chromium() -> str:
    """Return the path of the browser."""
    for name in (os.environ.get("LASTMILE_CHROMIUM", ""), "chromium", "google-chrome"):
        found = shutil.which(name) if name else None
        if found:
            return found
    sys.exit("no Chromium found (install chromium or set LASTMILE_CHROMIUM)")


def timed(action: Callable[[], object]) -> float:
    """Return how long an action takes, s."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def say(what: str, seconds: list[float], budget_s: float) -> None:
    """Print the median and the longest of some waits."""
    print(f"{what:<44} {statistics.median(seconds):7.2f} {max(seconds):7.2f} {budget_s:7.1f}")


def one_person(url: str) -> None:
    """Measure what one person waits for."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)

        def fresh() -> Page:
            page = browser.new_context(locale="en-GB").new_page()
            page.set_default_timeout(LONG_MS)
            return page

        def shown(page: Page, path: str) -> None:
            page.goto(url + path)
            page.locator(".lm-timeline").first.wait_for()

        page = fresh()
        print(f"first visit after start: {timed(lambda: shown(page, '/go')):.1f} s")
        time.sleep(WARMING_S)  # the processes that simulate load their data in the meantime
        say("first paint, warm server", [timed(lambda: shown(fresh(), "/go")) for _ in STAYS], 3)
        trips = []
        for minute in (5, 15, 25, 35, 45):
            path = f"/go?from=metro-tapiola&to=haukkalampi&at=2026-06-07T09:{minute:02d}&lang=en"
            shown(page, path)
            option = page.get_by_text("Own bike", exact=True)
            page.wait_for_function(RESTS)
            trips.append(timed(partial(_clicked, page, option.click)))
        say("a trip after the click", trips, 1)
        compared = "/compare?lang=en"

        def compare(path: str) -> None:
            page.goto(url + path)
            page.get_by_role("heading", name="Key figures").wait_for()

        print(f"first comparison of 20 days: {timed(lambda: compare(compared)):.1f} s")
        say("the same again", [timed(lambda: compare(compared)) for _ in range(REPEATS)], 2)
        page.get_by_text("What if:").first.click()
        slider = page.get_by_role("slider", name="Headway")
        slider.wait_for()
        previews = [timed(partial(_moved, page, slider)) for _ in range(REPEATS)]
        say("a slider's preview of 20 days", previews, 3)
        browser.close()


def _clicked(page: Page, click: Callable[[], object]) -> None:
    """Click, and wait for the answer."""
    before = page.url
    click()
    page.wait_for_function("before => location.href !== before", arg=before)
    page.wait_for_function(RESTS)


def _moved(page: Page, slider: Locator) -> None:
    """Move a slider by one step, and wait for the figures of the line as it is now."""
    before = page.url
    slider.press("ArrowRight")
    page.wait_for_function("before => location.href !== before", arg=before)
    page.wait_for_function(RESTS)
    page.get_by_role("heading", name="Key figures").wait_for()


async def many_people(url: str, people: int, seconds: float) -> tuple[list[float], int]:
    """Let people ask for trips at once; return their waits and the number of errors.

    They come over Streamlit's websocket, as their browsers would: twenty browsers on this machine
    would take its processors from the server they wait for.
    """
    end = time.monotonic() + seconds
    found = await asyncio.gather(*(_visit(url, number, end) for number in range(people)))
    return [wait for waits, _ in found for wait in waits], sum(errors for _, errors in found)


async def _visit(url: str, number: int, end: float) -> tuple[list[float], int]:
    """Open the page and ask for one trip after another, with pauses as people make them."""
    waits, errors, turn = [], 0, 0
    await asyncio.sleep(number / 4)
    address = url.replace("http", "ws", 1) + "/_stcore/stream"
    async with connect(address, subprotocols=["streamlit"], max_size=None, origin=url) as socket:
        while time.monotonic() < end:
            origin = ORIGINS[(number + turn) % len(ORIGINS)]
            stay = STAYS[(number * 3 + turn) % len(STAYS)]
            minute = (number * 7 + turn * 11) % 60
            query = (
                f"lang=en&from={origin}&to=haukkalampi&stay={stay}&at=2026-06-07T09:{minute:02d}"
            )
            begun = time.perf_counter()
            errors += await _asked(socket, query)
            if turn:
                waits.append(time.perf_counter() - begun)
            turn += 1
            await asyncio.sleep(2 + (number * 7 + turn * 3) % 5)
    return waits, errors


async def _asked(socket: ClientConnection, query: str) -> int:
    """Ask for a page and wait until it is whole; return the number of errors in it."""
    ask = BackMsg()
    ask.rerun_script.query_string = query
    ask.rerun_script.page_name = "go"
    await socket.send(ask.SerializeToString())
    errors = 0
    has_timeline = False
    while True:
        content = await socket.recv()
        told = ForwardMsg.FromString(content if isinstance(content, bytes) else content.encode())
        has_timeline |= b"lm-timeline" in told.SerializeToString()
        if told.WhichOneof("type") == "delta":
            errors += told.delta.new_element.HasField("exception")
        if told.WhichOneof("type") == "script_finished":
            if told.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return errors + (not has_timeline)
            has_timeline = False


def memory_mb(pid: int) -> float:
    """Return the memory of the server and its workers, MB."""
    server = psutil.Process(pid)
    return sum(p.memory_info().rss for p in [server, *server.children(recursive=True)]) / 1e6


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    with served() as (url, pid):
        print(f"{'wait, s':<44} {'median':>7} {'longest':>7} {'budget':>7}")
        one_person(url)
        before = memory_mb(pid)
        waits, errors = asyncio.run(many_people(url, options.people, options.seconds))
        waits.sort()
        worst = waits[int(0.95 * len(waits))] if waits else float("nan")
        print(
            f"{options.people} people for {options.seconds:.0f} s: {len(waits)} trips, "
            f"95th percentile {worst:.2f} s (budget 3), {errors} errors, "
            f"memory {before:.0f} -> {memory_mb(pid):.0f} MB"
        )


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main()
