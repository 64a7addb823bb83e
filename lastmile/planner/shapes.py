"""Where on a line's shape its stops lie, and the piece between two of them."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from lastmile.network.compiled import compiled
from lastmile.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ABOUT_AS_NEAR_M = 40.0
MOST_VISITS = 8


def stop_positions(
    shape_lat: Floats, shape_lon: Floats, stop_lat: Floats, stop_lon: Floats
) -> Floats:
    """Return where along a shape each stop of a trip lies.

    Parameters
    ----------
    shape_lat, shape_lon
        (n,) points of the shape, n >= 2, degrees.
    stop_lat, stop_lon
        (m,) stops in order of travel, degrees.

    Returns
    -------
    NDArray[float64]
        (m,) positions that never decrease: 2.5 is halfway between the points 2 and 3. Of all
        such assignments the one that moves the stops least; a line that passes a stop twice
        is so told apart by the stops before and after.
    """
    x, y = _plane(shape_lat, shape_lon, shape_lat[0])
    stop_x, stop_y = _plane(stop_lat, stop_lon, shape_lat[0])
    options = [_near_positions(x, y, px, py) for px, py in zip(stop_x, stop_y, strict=True)]
    totals = [options[0][1]]
    chosen_before: list[NDArray[np.int64]] = []
    for (before, _), (here, off_m) in itertools.pairwise(options):
        reachable = before[None, :] <= here[:, None] + 1e-9
        cost = np.where(reachable, totals[-1][None, :], np.inf)
        chosen_before.append(cost.argmin(axis=1))
        totals.append(cost.min(axis=1) + off_m)
    positions = np.empty(len(options))
    best = int(totals[-1].argmin())
    if not np.isfinite(totals[-1][best]):
        return np.linspace(0.0, len(x) - 1.0, len(options))
    for index in range(len(options) - 1, -1, -1):
        positions[index] = options[index][0][best]
        if index:
            best = int(chosen_before[index - 1][best])
    return np.asarray(np.maximum.accumulate(positions), np.float64)


def piece(values: Floats, start: float, end: float) -> Floats:
    """Return a shape's latitudes (or longitudes) between two positions, both included."""
    first, last = math.floor(start) + 1, math.ceil(end)
    return np.concatenate([[_at(values, start)], values[first:last], [_at(values, end)]])


def _at(values: Floats, position: float) -> float:
    low = min(int(position), len(values) - 2)
    return float(values[low] + (position - low) * (values[low + 1] - values[low]))


@compiled
def line_length_m(lat: Floats, lon: Floats) -> float:  # pragma: no cover - compiled
    """Return the length of a line on the sphere, its points in degrees (haversine)."""
    whole = 0.0
    for i in range(1, len(lat)):
        north = np.sin(np.radians(lat[i] - lat[i - 1]) / 2)
        east = np.sin(np.radians(lon[i] - lon[i - 1]) / 2)
        chord = north**2 + np.cos(np.radians(lat[i - 1])) * np.cos(np.radians(lat[i])) * east**2
        whole += 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(min(1.0, chord)))
    return whole


def _plane(lat: Floats, lon: Floats, middle_lat: float) -> tuple[Floats, Floats]:
    """Return local metres: good to a per mille over a city."""
    scale = np.radians(1.0) * EARTH_RADIUS_M
    return lon * scale * np.cos(np.radians(middle_lat)), lat * scale


def _near_positions(x: Floats, y: Floats, px: float, py: float) -> tuple[Floats, Floats]:
    """Return the places where a line comes about nearest to a point, and how near it is there.

    One for every passage of the line: a local minimum of the distance over its segments that is
    at most ABOUT_AS_NEAR_M farther off than the nearest of all.
    """
    dx, dy = np.diff(x), np.diff(y)
    square = np.maximum(dx**2 + dy**2, 1e-12)
    share = np.clip(((px - x[:-1]) * dx + (py - y[:-1]) * dy) / square, 0.0, 1.0)
    off_m = np.hypot(x[:-1] + share * dx - px, y[:-1] + share * dy - py)
    walled = np.concatenate([[np.inf], off_m, [np.inf]])
    lowest = (off_m <= walled[:-2]) & (off_m <= walled[2:])
    near = np.flatnonzero(lowest & (off_m <= off_m.min() + ABOUT_AS_NEAR_M))
    near = np.sort(near[np.argsort(off_m[near], kind="stable")[:MOST_VISITS]])
    return near + share[near], off_m[near]
