"""The line a vehicle follows between the stops of a timetable pattern."""

from __future__ import annotations

Point = tuple[float, float]


def line_of(stops: list[Point]) -> list[Point]:
    """Return the (lat, lon) vertices of a pattern: straight from stop to stop."""
    return stops
