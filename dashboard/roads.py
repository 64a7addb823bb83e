"""The way a line drives and people walk, along the streets: for drawing, not for times."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from lastmile.errors import NoRouteError, OffNetworkError
from lastmile.network.access import Mode
from lastmile.network.paths import shortest_path
from lastmile.network.street import load_network

if TYPE_CHECKING:
    from collections.abc import Sequence

Point = tuple[float, float]
DECIMALS = 5
"""Of a degree: about a metre, finer than anybody sees on a map."""


def road(stops: Sequence[Point], mode: Mode = Mode.CAR) -> list[list[Point]]:
    """Return the way from each stop to the next along the streets.

    Parameters
    ----------
    stops
        (lat, lon), WGS 84, at least two.
    mode
        Who goes there.

    Returns
    -------
    list
        One polyline of (lat, lon) a stretch; a straight line where the streets know no way.
    """
    digest = load_network().digest
    return [list(_stretch(digest, mode, start, goal)) for start, goal in pairwise(stops)]


@lru_cache(maxsize=2048)
def _stretch(_digest: str, mode: Mode, start: Point, goal: Point) -> tuple[Point, ...]:
    """Return one stretch; the digest keeps the ways of different networks apart."""
    try:
        found = shortest_path(load_network(), start, goal, mode).coordinates
    except (NoRouteError, OffNetworkError):
        found = (start, goal)
    rounded = [(round(lat, DECIMALS), round(lon, DECIMALS)) for lat, lon in found]
    return tuple(rounded) if len(rounded) > 1 else (start, goal)
