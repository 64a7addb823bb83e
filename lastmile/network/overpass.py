"""Streets from the Overpass API: OSMnx asks, politely, and what is answered is kept.

OSMnx splits nothing, retries without end and waits a minute when a server is away; so the area is
asked for in tiles, faults are seen before OSMnx sees them, and each answer is kept in the user's
data folder for a week.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import osmnx as ox
import requests
import shapely
from osmnx._errors import (
    CacheOnlyInterruptError,
    InsufficientResponseError,
    ResponseStatusCodeError,
)

from lastmile import __version__
from lastmile.datasets import user_data_dir
from lastmile.errors import DataError, RequestError
from lastmile.network.osm import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lastmile.network.osm import Progress

    Area = shapely.Polygon | shapely.MultiPolygon

WAY_FILTER = '["highway"]'
TILE_DEGREES = (0.1, 0.2)
"""Height and width of a tile: about 11 km at 60 degrees north."""
MAX_TILES = 400
CACHE_DAYS = 7.0
RETRY_WAITS_S = (5.0, 20.0, 60.0)
TIMEOUT_S = 180.0
REACH_TIMEOUT_S = 10.0
BUSY = frozenset({429, 502, 503, 504})
"""What servers answer when they have too much to do."""
LONGEST_WAIT_S = 300.0
_INCOMPLETE = "it could not answer in full (its time or memory ran out)"
_INSTEAD = "try again later, or read a file: lastmile data build --osm FILE"


@dataclass(frozen=True, slots=True)
class Answer:
    """What Overpass answered for an area.

    Attributes
    ----------
    elements
        Nodes and ways.
    date
        The moment the data are of, as Overpass gives it; empty where it does not.
    """

    elements: list[Mapping[str, Any]]
    date: str


class _Busy(Exception):  # noqa: N818 - a signal, not an error
    """The server wants to be asked later."""

    def __init__(self, status: int, retry_after: str | None) -> None:
        super().__init__(f"it answered {status}, too busy")
        self.wait_s = float(retry_after) if retry_after and retry_after.isdigit() else None


def area_of_bbox(bbox: tuple[float, float, float, float]) -> shapely.Polygon:
    """Return the area of ``west, south, east, north`` in degrees.

    Raises
    ------
    RequestError
        The numbers are no such box.
    """
    west, south, east, north = bbox
    in_range = -180 <= west < east <= 180 and -90 <= south < north <= 90  # noqa: PLR2004
    if not in_range:
        raise RequestError(
            f"not a box of west,south,east,north in degrees: {','.join(f'{v:g}' for v in bbox)}"
        )
    return shapely.box(west, south, east, north)


def area_of_place(
    place: str, progress: Progress | None = None, *, waits_s: tuple[float, ...] = RETRY_WAITS_S
) -> Area:
    """Return the outline of a named place, from Nominatim.

    Raises
    ------
    DataError
        Nominatim cannot be reached or knows no area of that name.
    """
    tell(progress, f"looking up {place}", 0.0)

    def ask(folder: Path) -> None:
        with _osmnx(folder):
            frame = ox.geocode_to_gdf(place)
        (folder / "outline.wkt").write_text(frame.geometry.iloc[0].wkt, encoding="utf-8")

    url = ox.settings.nominatim_url
    try:
        folder = _kept(f"{url} {place}", _patiently(ask, url, waits_s))
    except (InsufficientResponseError, TypeError) as error:
        if isinstance(error.__cause__, requests.JSONDecodeError):
            raise DataError(f"{url}: {_plain(error)}; {_INSTEAD}") from error
        raise DataError(
            f"{url}: no area called {place!r} is known there; write it as in "
            '"Espoo, Finland", or give a box (--bbox WEST,SOUTH,EAST,NORTH)'
        ) from error
    return cast("Area", shapely.from_wkt((folder / "outline.wkt").read_text(encoding="utf-8")))


def streets_within(
    area: Area,
    progress: Progress | None = None,
    *,
    waits_s: tuple[float, ...] = RETRY_WAITS_S,
) -> Answer:
    """Return all ways with a ``highway`` tag that touch an area, with their nodes.

    Parameters
    ----------
    area
        Polygon or multipolygon in lon/lat.
    progress
        Told what is being done.
    waits_s
        How long to wait before each new attempt when the server is busy or fails.

    Raises
    ------
    DataError
        The server cannot be reached, or its answers make no sense.
    RequestError
        The area is too large.
    """
    tiles = _tiles(area)
    url = ox.settings.overpass_url
    elements: list[Mapping[str, Any]] = []
    date = ""
    for number, tile in enumerate(tiles):
        message = f"asking {_host(url)} for streets, part {number + 1} of {len(tiles)}"
        tell(progress, message, 0.5 * number / len(tiles))
        try:
            folder = _kept(f"{url} {WAY_FILTER} {tile.wkt}", _patiently(_asker(tile), url, waits_s))
        except InsufficientResponseError as error:
            raise DataError(f"{url}: {_plain(error)}; {_INSTEAD}") from error
        for path in sorted(folder.glob("*.json")):
            answer = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(answer.get("elements"), list):
                shutil.rmtree(folder)
                raise DataError(f"{url}: an answer without elements; {_INSTEAD}")
            elements += answer["elements"]
            date = answer.get("osm3s", {}).get("timestamp_osm_base", date)
    return Answer(elements, date)


def _asker(tile: Area) -> Callable[[Path], None]:
    def ask(folder: Path) -> None:
        with _osmnx(folder), suppress(CacheOnlyInterruptError):
            ox.graph_from_polygon(tile, custom_filter=WAY_FILTER)
        if not any(folder.glob("*.json")):
            raise InsufficientResponseError(_INCOMPLETE)

    return ask


def _tiles(area: Area) -> list[Area]:
    west, south, east, north = area.bounds
    height, width = TILE_DEGREES
    rows, columns = ceil((north - south) / height), ceil((east - west) / width)
    if rows * columns > MAX_TILES:
        raise RequestError(
            f"the area is too large to ask Overpass for ({rows * columns} parts, at most "
            f"{MAX_TILES}); read an extract instead: lastmile data build --osm FILE"
        )
    boxes = [
        shapely.box(
            west + column * width,
            south + row * height,
            min(east, west + (column + 1) * width),
            min(north, south + (row + 1) * height),
        )
        for row in range(rows)
        for column in range(columns)
    ]
    parts = (shapely.intersection(area, box) for box in boxes)
    return [part for part in parts if isinstance(part, shapely.Polygon | shapely.MultiPolygon)]


def _kept(key: str, ask: Callable[[Path], None]) -> Path:
    """Return the folder of an answer: the one kept, or a new one, whole or not at all."""
    folder = user_data_dir() / "cache" / hashlib.sha256(key.encode()).hexdigest()[:24]
    try:
        if folder.is_dir():
            if time.time() - folder.stat().st_mtime < CACHE_DAYS * 86_400:
                return folder
            shutil.rmtree(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        workshop = Path(tempfile.mkdtemp(prefix=".asking-", dir=folder.parent))
    except OSError as error:
        raise DataError(f"{folder}: cannot be written ({error.strerror})") from error
    try:
        ask(workshop)
        workshop.rename(folder)
    except BaseException:
        shutil.rmtree(workshop, ignore_errors=True)
        raise
    return folder


def _patiently(
    ask: Callable[[Path], None], url: str, waits_s: tuple[float, ...]
) -> Callable[[Path], None]:
    """Ask again when the server is busy or breaks off, a few times and ever later."""

    def ask_patiently(folder: Path) -> None:
        _check_online(url)
        for wait_s in (*waits_s, None):
            try:
                ask(folder)
            except (_Busy, requests.RequestException, ResponseStatusCodeError) as error:
                if wait_s is None:
                    raise DataError(f"{url}: {_plain(error)}; {_INSTEAD}") from error
                asked_for = error.wait_s if isinstance(error, _Busy) else None
                time.sleep(min(LONGEST_WAIT_S, wait_s if asked_for is None else asked_for))
            else:
                return

    return ask_patiently


def _check_online(url: str) -> None:
    """Fail at once, not after minutes, where the server cannot be reached."""
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    try:
        socket.create_connection(address, timeout=REACH_TIMEOUT_S).close()
    except OSError as error:
        raise DataError(
            f"{parts.hostname} cannot be reached ({error}); connect to the internet, or read a "
            "file: lastmile data build --osm FILE"
        ) from error


@contextmanager
def _osmnx(folder: Path) -> Iterator[None]:
    """Set OSMnx up for one question and put its settings back afterwards."""
    ours = {
        "use_cache": True,
        "cache_only_mode": True,
        "cache_folder": folder,
        "requests_timeout": min(ox.settings.requests_timeout, TIMEOUT_S),
        "requests_kwargs": {**ox.settings.requests_kwargs, "hooks": {"response": _look}},
        "http_user_agent": f"lastmile/{__version__} ({ox.settings.http_user_agent})",
        "max_query_area_size": float("inf"),
        "doh_url_template": None,
    }
    before = {name: getattr(ox.settings, name) for name in ours}
    resolve = socket.getaddrinfo
    try:
        for name, value in ours.items():
            setattr(ox.settings, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(ox.settings, name, value)
        socket.getaddrinfo = resolve


def _look(response: requests.Response, *_: object, **__: object) -> None:
    """See what a server answers before OSMnx does."""
    if response.status_code in BUSY:
        raise _Busy(response.status_code, response.headers.get("Retry-After"))


def _plain(error: Exception) -> str:
    """Say in a few words what went wrong."""
    if isinstance(error, _Busy) or str(error) == _INCOMPLETE:
        return str(error)
    if isinstance(error, requests.Timeout):
        return "it did not answer in time"
    if isinstance(error, requests.RequestException):
        return "the connection broke off"
    text = " ".join(str(error).split())
    if "<html" in text.lower() or "<!doctype" in text.lower():
        return "it answered with a web page instead of data"
    return f"its answer cannot be read: {text[:120]}"


def _host(url: str) -> str:
    return urlsplit(url).hostname or url
