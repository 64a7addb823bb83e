"""A real dashboard on 127.0.0.1 and a real browser with the network cut off."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from browsing import DESKTOP, settle, visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parents[2]
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


def chromium() -> str | None:
    """Return the path of an installed Chromium, if any."""
    for name in (os.environ.get("LASTMILE_CHROMIUM", ""), *CHROMIUMS, MAC_CHROME):
        found = shutil.which(name) if name else None
        if found:
            return found
    return None


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """Return the folder where screenshots are kept."""
    folder = ROOT / "artefacts"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return a headless Chromium that reaches 127.0.0.1 and nothing else."""
    path = chromium()
    if path is None:
        reason = "no Chromium found (install chromium or set LASTMILE_CHROMIUM)"
        if os.environ.get("LASTMILE_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where a browser is

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def dashboard_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start ``lastmile dashboard`` as its users do and return its address."""
    with serving(tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("dashboard")) as url:
        yield url


@pytest.fixture(scope="session")
def serve() -> Callable[[Path, Path], AbstractContextManager[str]]:
    """Return a way to serve the dashboard over another folder of user data."""
    return serving


@contextmanager
def serving(data: Path, folder: Path) -> Iterator[str]:
    """Serve the dashboard over a folder of user data, started in a folder of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = folder / "server.log"
    environment = os.environ | {"LASTMILE_DATA_DIR": str(data)}
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "lastmile", "dashboard", "--port", str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
        )
        try:
            _wait_until_healthy(url, server, log)
            yield url
        finally:
            server.terminate()
            server.wait(20)


def _wait_until_healthy(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if server.poll() is not None:
            pytest.fail(f"the dashboard stopped at once:\n{log.read_text()}")
        try:
            if requests.get(f"{url}/_stcore/health", timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.2)
    pytest.fail(f"the dashboard did not answer in 90 s:\n{log.read_text()}")


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Callable[[tuple[int, int], str], BrowserContext]:
    """Return a way to a browser's profile by size and colour scheme.

    Tests share them, and with them the scripts of the page; each opens pages of its own.
    """

    @cache
    def profile(size: tuple[int, int], scheme: str) -> BrowserContext:
        return browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="en-GB",
            color_scheme=scheme,  # type: ignore[arg-type]
        )

    return profile


@pytest.fixture
def opened(
    windows: Callable[[tuple[int, int], str], BrowserContext], dashboard_url: str
) -> Iterator[Callable[..., Page]]:
    """Return a way to open a path in a page of its own; no dialog may ever show."""
    pages: list[Page] = []

    def open_(path: str, size: tuple[int, int] = DESKTOP, scheme: str = "light") -> Page:
        pages.append(windows(size, scheme).new_page())
        return visit(pages[-1], f"{dashboard_url}{path}")

    yield open_
    for page in pages:
        page.close()


@pytest.fixture
def page(
    windows: Callable[[tuple[int, int], str], BrowserContext],
) -> Iterator[Page]:
    """Return an empty page on a desktop."""
    page = windows(DESKTOP, "light").new_page()
    yield page
    page.close()


@pytest.fixture
def compared(opened: Callable[..., Page]) -> Callable[[str], Page]:
    """Return a way to open a comparison and wait for its figures."""

    def open_(path: str) -> Page:
        page = opened(path)
        page.get_by_role("heading", name="Downloads").wait_for()
        settle(page)
        return page

    return open_
