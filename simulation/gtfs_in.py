"""A line of a GTFS feed as a timetable of our own: stops in a row, and each trip's times."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lastmile.errors import RequestError
from lastmile.transit.timetable import Timetable

if TYPE_CHECKING:
    from datetime import date

    from lastmile.transit.model import Feed
    from lastmile.transit.timetable import Stop


@dataclass(frozen=True, slots=True)
class LineTimetable:
    """One line on one day.

    Attributes
    ----------
    route_id, name
        The line.
    stops
        In the order of its trips out: those of its longest trip.
    rows
        Each trip's departures at them, s after midnight, None where it does not call; those of
        trips back fall along the row. In the order they leave.
    left_out
        Trips that do not run along these stops.
    """

    route_id: str
    name: str
    stops: tuple[Stop, ...]
    rows: tuple[tuple[int | None, ...], ...]
    left_out: int


def read_line(feed: Feed, day: date, route: str | None = None) -> LineTimetable:
    """Read a line of a feed.

    Parameters
    ----------
    feed
        The feed.
    day
        Which day's trips.
    route
        Id or short name of the line; the only one where None.

    Raises
    ------
    RequestError
        If there is no such line, or several and none is named.
    NoServiceError
        If nothing runs that day.
    """
    table = Timetable.for_day(feed, day)
    index = _route_index(table, route)
    runs = [
        [(table.stop(call.stop), call.departure_s) for call in table.calls(number)]
        for number, trip in enumerate(table.trips)
        if trip.route == index and trip.day_offset == 0
    ]
    wanted = table.routes[index]
    if not runs:
        raise RequestError(f"line {wanted.short_name or wanted.id} has no trip on {day}")
    directions = [
        trip.direction for trip in table.trips if trip.route == index and trip.day_offset == 0
    ]
    out = [run for run, way in zip(runs, directions, strict=True) if way != 1] or runs
    longest = max(out, key=len)
    stops = tuple(stop for stop, _ in longest)
    rank = _ranks(stops)
    rows, left_out = [], 0
    for run in runs:
        places = [rank.get(stop.name) for stop, _ in run]
        known = [place for place in places if place is not None]
        if len(known) < len(run) or known not in (
            sorted(set(known)),
            sorted(set(known), reverse=True),
        ):
            left_out += 1
            continue
        times: list[int | None] = [None] * len(stops)
        for place, (_, time_s) in zip(known, run, strict=True):
            times[place] = time_s
        rows.append(tuple(times))
    rows.sort(key=lambda row: min(time_s for time_s in row if time_s is not None))
    return LineTimetable(
        wanted.id, wanted.short_name or wanted.long_name, stops, tuple(rows), left_out
    )


def _route_index(table: Timetable, route: str | None) -> int:
    """Return the row of a line."""
    running = Counter(trip.route for trip in table.trips)
    names = {index: table.routes[index] for index in running}
    found = [index for index, one in names.items() if route in {None, one.id, one.short_name}]
    if len(found) == 1:
        return found[0]
    known = sorted(one.short_name or one.id for one in names.values())
    shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")  # noqa: PLR2004 - a line of text
    what = "which line is meant?" if route is None else f"there is no one line {route!r};"
    raise RequestError(f"{what} on {table.day} the feed has {shown}")


def _ranks(stops: tuple[Stop, ...]) -> dict[str, int]:
    """Return the place of each name along the line; a loop has no such order."""
    rank = {stop.name: index for index, stop in enumerate(stops)}
    if len(rank) < len(stops):
        twice = next(name for name, n in Counter(stop.name for stop in stops).items() if n > 1)
        raise RequestError(
            f"the line calls twice at {twice} on one trip; a loop cannot be tested as one line, "
            "cut it there"
        )
    return rank
