"""GTFS in and out.

``load_feed`` reads a folder, a zip or a URL into a validated :class:`Feed`; ``load_active_feed``
the timetable in force; ``build_timetable`` puts another feed in force.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path  # noqa: TC003 - named in a signature that docs resolve
from typing import TYPE_CHECKING

import numpy as np

from lastmile import datasets
from lastmile.errors import DataError
from lastmile.transit.archive import DEFAULT_LIMITS, Limits, open_feed, open_feed_bytes
from lastmile.transit.model import Feed, Shapes, StopTimes
from lastmile.transit.store import load_stored_feed, save_feed
from lastmile.transit.tables import FeedWarning
from lastmile.transit.validate import COLUMNS, validate
from lastmile.transit.writer import write_feed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "Feed",
    "FeedWarning",
    "Limits",
    "Shapes",
    "StopTimes",
    "build_timetable",
    "load_active_feed",
    "load_feed",
    "read_feed",
    "write_feed",
]

BUNDLED_FEED = "gtfs"


def load_feed(
    source: str | Path,
    *,
    limits: Limits = DEFAULT_LIMITS,
    progress: Callable[[str], None] | None = None,
) -> Feed:
    """Read a GTFS feed and judge it.

    Parameters
    ----------
    source
        A folder, a zip file, or an ``http(s)://`` address of a zip file.
    limits
        Bounds of size and time.
    progress
        Told in words what is under way.

    Returns
    -------
    Feed
        With ``warnings`` that count what was left out.

    Raises
    ------
    DataError
        The feed cannot be used; the message names file and line.
    """
    tell = progress or (lambda _message: None)
    return validate(open_feed(source, COLUMNS, limits=limits, progress=tell), tell)


def read_feed(content: bytes, name: str) -> Feed:
    """Read a zipped GTFS feed that somebody handed over, and judge it.

    Parameters
    ----------
    content, name
        The zip, and what its faults call it.

    Raises
    ------
    DataError
        The feed cannot be used; the message names file and line.
    """
    return validate(open_feed_bytes(content, name, COLUMNS), lambda _said: None)


def load_active_feed() -> Feed:
    """Return the timetable in force: the one the user built, or else the bundled one.

    It is read once a process, and again when another one is put in force.

    Raises
    ------
    DataError
        It is missing or damaged; the message says how to mend it.
    """
    built = datasets.active("timetable")
    if built is not None:
        return _load_built(built.version)
    files = [one for one in datasets.sources() if one.file.startswith(f"{BUNDLED_FEED}/")]
    for source in files:
        datasets.verified_path(source.file)
    folder = datasets.bundle_path(BUNDLED_FEED)
    return _load_bundled(folder, tuple(source.sha256 for source in files))


@lru_cache(maxsize=1)
def _load_built(_version: str) -> Feed:
    built = datasets.active("timetable")
    if built is None:
        raise DataError("the timetable was taken out of force while it was read; ask again")
    return load_stored_feed(built.verified_path)


@lru_cache(maxsize=1)
def _load_bundled(folder: Path, _sha256: tuple[str, ...]) -> Feed:
    return load_feed(folder)


def build_timetable(
    source: str | Path,
    progress: Callable[[str], None] | None = None,
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> datasets.UserDataset:
    """Read a feed, judge it, and put it in force in place of the bundled timetable.

    Parameters
    ----------
    source
        A folder, a zip file, or an ``http(s)://`` address of a zip file.
    progress
        Told in words what is under way.
    limits
        Bounds of size and time.

    Returns
    -------
    lastmile.datasets.UserDataset
        What is now in force. Its ``stats`` count stops, routes, trips, calls and warnings.

    Raises
    ------
    DataError
        The feed cannot be used or the data folder cannot be written; what was in force stays.
    """
    feed = load_feed(source, limits=limits, progress=progress)
    publisher = ", ".join(feed.feed_info["feed_publisher_name"]) or ", ".join(
        dict.fromkeys(feed.agency["agency_name"])
    )

    def build(folder: Path) -> Mapping[str, object]:
        if progress:
            progress("writing the timetable")
        save_feed(feed, folder)
        span = feed.span
        return {
            "title": f"Timetable of {publisher or 'an unnamed publisher'}",
            "source": str(source),
            "date": "" if span is None else f"{span[0]} to {span[1]}",
            "licence": "as the publisher states",
            "attribution": f"Timetable: {publisher or source}",
            "stats": {
                "stops": len(feed.stops),
                "routes": len(feed.routes),
                "trips": len(feed.trips),
                "calls": len(feed.stop_times.stop),
                "left_out": int(np.sum([warning.count for warning in feed.warnings])),
            },
        }

    return datasets.install_dataset("timetable", build)
