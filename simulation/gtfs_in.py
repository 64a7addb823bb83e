"""A line of a GTFS feed as a timetable of our own: stops in a row, and each trip's times."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lastmile.errors import RequestError
from lastmile.messages import Message
from lastmile.transit.timetable import Timetable
from lastmile.units import great_circle_m
from simulation.lines import MOST_DEPARTURES

if TYPE_CHECKING:
    from datetime import date

    from lastmile.transit.model import Feed
    from lastmile.transit.timetable import Stop

    Run = list[tuple[Stop, int]]

SAME_PLACE_M: Final = 2.0
"""Stops nearer than this to each other are one place."""


@dataclass(frozen=True, slots=True)
class LineTimetable:
    """One line on one day.

    Attributes
    ----------
    route_id, name
        The line.
    stops
        In the order of its trips out: those of its longest trip.
    back
        Of each the stop at which trips back call, where it is another of the same name: that
        across the road.
    rows
        Each trip's departures at them, s after midnight, None where it does not call; those of
        trips back fall along the row. In the order they leave.
    left_out
        Trips that do not run along these stops.
    cut
        Trips that run there and back in one, or in a loop, and are cut in two where they turn.
    """

    route_id: str
    name: str
    stops: tuple[Stop, ...]
    back: tuple[Stop | None, ...]
    rows: tuple[tuple[int | None, ...], ...]
    left_out: int
    cut: int


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
    trips = [
        (number, trip.direction)
        for number, trip in enumerate(table.trips)
        if trip.route == index and trip.day_offset == 0
    ]
    wanted = table.routes[index]
    name = wanted.short_name or wanted.long_name or wanted.id
    if not trips:
        raise RequestError(Message("line {line} has no trip on {day}", line=name, day=day))
    if len(trips) > MOST_DEPARTURES:
        raise RequestError(
            Message(
                "line {line} has {count} trips on {day}; at most {most} can be tested",
                line=name,
                count=len(trips),
                day=day,
                most=MOST_DEPARTURES,
            )
        )
    runs: list[tuple[Run, int | None]] = []
    cut = 0
    for number, direction in trips:
        calls = table.calls(number)
        whole = [(table.stop(call.stop), call.departure_s) for call in calls]
        halves = _halves(whole)
        cut += len(halves) > 1
        for half, returns in zip(halves, (False, True), strict=False):
            runs.append((_spread(half), 1 if returns else direction))
    out = [run for run, way in runs if way != 1] or [run for run, _ in runs]
    stops = tuple(stop for stop, _ in max(out, key=len))
    rank = {stop.name: place for place, stop in enumerate(stops)}
    rows, left_out = [], 0
    across: dict[int, Stop] = {}
    for run, _ in runs:
        places = [rank.get(stop.name) for stop, _ in run]
        known = [place for place in places if place is not None]
        falls = known == sorted(set(known), reverse=True)
        if len(known) < len(run) or not (falls or known == sorted(set(known))):
            left_out += 1
            continue
        times: list[int | None] = [None] * len(stops)
        for place, (stop, time_s) in zip(known, run, strict=True):
            times[place] = time_s
            if falls and _is_elsewhere(stop, stops[place]):
                across.setdefault(place, stop)
        rows.append(tuple(times))
    rows.sort(key=lambda row: min(time_s for time_s in row if time_s is not None))
    back = tuple(across.get(place) for place in range(len(stops)))
    return LineTimetable(wanted.id, name, stops, back, tuple(rows), left_out, cut)


def _spread(run: Run) -> Run:
    """Return a run whose times rise: stops of one minute share the time to the next one's.

    Timetables are in whole minutes, and stops in town lie nearer to each other than that. The
    first and the last time of a run stay.
    """
    times = [time_s for _, time_s in run]
    first = 0
    while first < len(times) - 1:
        last = first
        while last + 1 < len(times) and times[last + 1] == times[first]:
            last += 1
        low, high = (first, last + 1) if last + 1 < len(times) else (first - 1, last)
        if last > first and low >= 0:
            step = (times[high] - times[low]) / (high - low)
            for place in range(low + 1, high):
                times[place] = times[low] + round(step * (place - low))
        first = last + 1
    return [(stop, time_s) for (stop, _), time_s in zip(run, times, strict=True)]


def _is_elsewhere(one: Stop, other: Stop) -> bool:
    """Say whether two stops are two places."""
    return great_circle_m(one.lat, one.lon, other.lat, other.lon) > SAME_PLACE_M


def _halves(run: Run) -> list[Run]:
    """Return a run, or its two halves where it comes back, at all its stops or at some.

    Raises
    ------
    RequestError
        If it calls twice at a stop and does not come back along the stops it came by.
    """
    names = [stop.name for stop, _ in run]
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is None:
        return [run]
    for turn in range(1, len(run) - 1):
        there, back = names[: turn + 1], names[turn:]
        if names[turn] == names[turn + 1]:  # it calls there before and after its rest
            back = names[turn + 1 :]
        order = {name: place for place, name in enumerate(there)}
        places = [order.get(name, -1) for name in back]
        known = len(order) == len(there) and min(places) >= 0 and len(places) > 1
        if known and places == sorted(set(places), reverse=True):
            return [run[: turn + 1], run[len(run) - len(back) :]]
    raise RequestError(
        Message(
            "the line calls twice at {stop} on one trip and does not come back along its stops; "
            "cut it there and test its parts",
            stop=twice,
        )
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
    if route is None:
        raise RequestError(
            Message(
                "which line is meant? on {day} the feed has {lines}", day=table.day, lines=shown
            )
        )
    raise RequestError(
        Message(
            "there is no one line {line!r}; on {day} the feed has {lines}",
            line=route,
            day=table.day,
            lines=shown,
        )
    )
