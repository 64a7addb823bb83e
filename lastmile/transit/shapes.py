"""The line a ride follows on the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lastmile.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lastmile.transit.timetable import Timetable

    Floats = NDArray[np.float64]

FARTHEST_STOP_M = 500.0
"""A shape that passes a stop at a greater distance is not that of the trip."""


class RideShapes:
    """Cuts rides out of the shapes of a timetable's trips.

    Where a trip has no shape, or one that misses its stops by more than
    :data:`FARTHEST_STOP_M`, the ride is drawn straight from stop to stop.

    Parameters
    ----------
    timetable
        The day whose rides are drawn.
    """

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable
        self._lat = timetable.stops["stop_lat"].to_numpy(np.float64)
        self._lon = timetable.stops["stop_lon"].to_numpy(np.float64)
        self._cuts: dict[tuple[int, int], tuple[Floats, Floats] | None] = {}

    def ride(self, trip: int, board_position: int, alight_position: int) -> Floats:
        """Return the line of a ride.

        Parameters
        ----------
        trip
            Trip index.
        board_position, alight_position
            Places of the two calls in the trip.

        Returns
        -------
        numpy.ndarray
            (points, 2) latitude and longitude, degrees; two points or more.
        """
        pattern = self._timetable.patterns.pattern_of(trip)
        stops = self._timetable.patterns.stops_of(pattern)
        shape = self._timetable.trips[trip].shape
        cut = None
        if shape >= 0:
            key = (pattern, shape)
            if key not in self._cuts:
                self._cuts[key] = self._cut(shape, stops)
            cut = self._cuts[key]
        if cut is None:
            called = stops[board_position : alight_position + 1]
            return np.column_stack([self._lat[called], self._lon[called]])
        points, at = cut
        return between(points, float(at[board_position]), float(at[alight_position]))

    def _cut(self, shape: int, stops: NDArray[np.int32]) -> tuple[Floats, Floats] | None:
        """Return a shape's points and where along them the stops lie."""
        shapes = self._timetable.feed.shapes
        part = slice(int(shapes.offset[shape]), int(shapes.offset[shape + 1]))
        points = np.column_stack([shapes.lat[part], shapes.lon[part]])
        if len(points) < 2:  # noqa: PLR2004 - a line has two ends
            return None
        at, distance = stops_along(points, np.column_stack([self._lat[stops], self._lon[stops]]))
        return (points, at) if distance.max() <= FARTHEST_STOP_M else None


def stops_along(points: Floats, stops: Floats) -> tuple[Floats, Floats]:
    """Place stops on a line in their order of travel.

    Of all ways to place them in order the one with the least sum of squared distances is taken,
    so that a line that passes a place twice (a loop, a there-and-back) gets each stop on the
    right pass.

    Parameters
    ----------
    points
        (points, 2) latitude and longitude of the line, two points or more.
    stops
        (stops, 2) latitude and longitude in order of travel.

    Returns
    -------
    (numpy.ndarray, numpy.ndarray)
        Each stop's place, as number of the segment and fraction of it (3.25 is a quarter along
        the fourth segment), never falling; and its distance from there, m.
    """
    scale = np.radians(EARTH_RADIUS_M) * np.array([1.0, np.cos(np.radians(points[:, 0].mean()))])
    line, places = points * scale, stops * scale
    step = np.diff(line, axis=0)
    length = np.maximum((step**2).sum(axis=1), 1e-9)
    fraction = ((places[:, None] - line[:-1]) * step).sum(axis=2) / length
    fraction = np.clip(fraction, 0.0, 1.0)
    nearest = line[:-1] + fraction[..., None] * step
    squared = ((places[:, None] - nearest) ** 2).sum(axis=2)
    segments = np.arange(len(step))
    cost = squared[0]
    came_from = np.zeros(squared.shape, dtype=np.int64)
    for stop in range(1, len(places)):
        least = np.minimum.accumulate(cost)
        came_from[stop] = np.maximum.accumulate(np.where(cost == least, segments, 0))
        cost = least + squared[stop]
    chosen = np.empty(len(places), dtype=np.int64)
    chosen[-1] = int(np.argmin(cost))
    for stop in range(len(places) - 1, 0, -1):
        chosen[stop - 1] = came_from[stop, chosen[stop]]
    rows = np.arange(len(places))
    at = np.maximum.accumulate(chosen + fraction[rows, chosen])
    return at, np.sqrt(squared[rows, chosen])


def between(points: Floats, start: float, end: float) -> Floats:
    """Return the part of a line between two places on it.

    Parameters
    ----------
    points
        (points, 2) the line.
    start, end
        Places as :func:`stops_along` gives them, ``start <= end``.

    Returns
    -------
    numpy.ndarray
        (points, 2), two points or more; the ends are interpolated.
    """
    first, last = int(np.floor(start)) + 1, int(np.ceil(end))
    inner = points[first:last]
    return np.concatenate([_point(points, start)[None], inner, _point(points, end)[None]])


def _point(points: Floats, at: float) -> Floats:
    segment = min(int(at), len(points) - 2)
    point: Floats = points[segment] + (at - segment) * (points[segment + 1] - points[segment])
    return point
