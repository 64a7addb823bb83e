"""What the router found: journeys as arrays for many, as plain objects for one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from lastmile.transit.patterns import Patterns

    Ints = NDArray[np.int32]


ROW_WIDTH = 11
"""Columns of the router's table of journeys: target, departure, arrival, rides, access stop and
time, egress stop and time, in vehicle, walk, first leg."""

LEG_WIDTH = 5
"""Columns of its table of rides: trip, board and alight position, departure, arrival."""


@dataclass(frozen=True, slots=True)
class Ride:
    """One trip, from where one boards to where one alights.

    Attributes
    ----------
    trip
        Trip index of the timetable.
    board, alight
        Stop indices.
    board_position, alight_position
        The places of the two calls in the trip.
    departure_s, arrival_s
        s after midnight of the timetable's day.
    """

    trip: int
    board: int
    alight: int
    board_position: int
    alight_position: int
    departure_s: int
    arrival_s: int


@dataclass(frozen=True, slots=True)
class Journey:
    """A way from origin to destination.

    Attributes
    ----------
    departure_s, arrival_s
        At the very ends, with access and egress, s after midnight.
    access_s, egress_s
        The way to the first stop and from the last, s.
    rides
        One or more.
    """

    departure_s: int
    arrival_s: int
    access_s: int
    egress_s: int
    rides: tuple[Ride, ...]

    @property
    def transfers(self) -> int:
        """How often one changes."""
        return len(self.rides) - 1

    @property
    def in_vehicle_s(self) -> int:
        """Time in vehicles, s."""
        return sum(ride.arrival_s - ride.departure_s for ride in self.rides)


@dataclass(frozen=True, eq=False)
class Found:
    """Journeys as columns, sorted by origin, target, departure and rides.

    Attributes
    ----------
    origin, target
        (n,) which of the origins and targets asked for.
    departure_s, arrival_s
        (n,) at the very ends, s after midnight.
    rides
        (n,) number of rides; one less is the number of transfers.
    access_stop, access_s, egress_stop, egress_s
        (n,) first and last stop, and the ways there.
    in_vehicle_s, walk_s
        (n,) time in vehicles, and time on foot: access, footpaths, egress. What is left of
        the journey is waiting, change times and slack.
    leg_offset
        (n + 1,) the rides of journey ``j`` are ``leg_offset[j]:leg_offset[j + 1]`` of the next.
    leg_trip, leg_board, leg_alight, leg_departure_s, leg_arrival_s
        (rides,) trip index, positions in the trip, times.
    """

    origin: Ints
    target: Ints
    departure_s: Ints
    arrival_s: Ints
    rides: Ints
    access_stop: Ints
    access_s: Ints
    egress_stop: Ints
    egress_s: Ints
    in_vehicle_s: Ints
    walk_s: Ints
    leg_offset: NDArray[np.int64]
    leg_trip: Ints
    leg_board: Ints
    leg_alight: Ints
    leg_departure_s: Ints
    leg_arrival_s: Ints

    def __len__(self) -> int:
        """Return the number of journeys."""
        return len(self.departure_s)

    @classmethod
    def joined(cls, parts: Sequence[tuple[Ints, Ints]]) -> Found:
        """Join the router's answers, one pair of tables per origin."""
        counts = [len(rows) for rows, _ in parts]
        rows = (
            np.concatenate([rows for rows, _ in parts])
            if parts
            else np.empty((0, ROW_WIDTH), np.int32)
        )
        legs = (
            np.concatenate([legs for _, legs in parts])
            if parts
            else np.empty((0, LEG_WIDTH), np.int32)
        )
        base = np.cumsum([0, *(len(legs) for _, legs in parts)])[:-1]
        first = rows[:, -1].astype(np.int64) + np.repeat(base, counts)
        return _sorted(np.repeat(np.arange(len(parts), dtype=np.int32), counts), rows, first, legs)

    def earliest(
        self, departures_s: ArrayLike, origin_count: int, target_count: int, *, penalty_s: int = 0
    ) -> NDArray[np.int64]:
        """Pick for every pair and departure the journey that arrives first.

        Parameters
        ----------
        departures_s
            (k,) earliest departure from the origin, s after midnight.
        origin_count, target_count
            How many origins and targets were asked for.
        penalty_s
            What a transfer counts as, in s of arrival.

        Returns
        -------
        numpy.ndarray
            (origins, targets, k) row of the journey; -1 where there is none.
        """
        when = np.asarray(departures_s, dtype=np.int64)
        picked = np.full((origin_count, target_count, len(when)), -1, dtype=np.int64)
        cost = self.arrival_s.astype(np.int64) + penalty_s * self.rides
        pair = self.origin.astype(np.int64) * target_count + self.target
        bounds = np.searchsorted(pair, np.arange(origin_count * target_count + 1))
        flat = picked.reshape(-1, len(when))
        for place in np.flatnonzero(np.diff(bounds)):
            first, end = int(bounds[place]), int(bounds[place + 1])
            # The best among the journeys from a row to the last of the pair.
            from_here = np.empty(end - first, dtype=np.int64)
            best = end - 1
            for row in range(end - 1, first - 1, -1):
                if cost[row] <= cost[best]:
                    best = row
                from_here[row - first] = best
            at = np.searchsorted(self.departure_s[first:end], when)
            there = at < end - first
            flat[place, there] = from_here[at[there]]
        return picked


def journeys_of(patterns: Patterns, rows: Ints, legs: Ints, *, mirrored: bool) -> list[Journey]:
    """Return the router's answer for one origin and target as objects, in order of departure.

    Parameters
    ----------
    patterns
        The trips.
    rows, legs
        The router's tables.
    mirrored
        Whether they were found backwards in time.
    """
    rides_of_all = legs.tolist()
    found = []
    for _, departure, arrival, rides, _, access, _, egress, _, _, first in rows.tolist():
        own = rides_of_all[first : first + rides]
        if mirrored:
            own = [_turned(patterns, *leg) for leg in reversed(own)]
            departure, arrival, access, egress = -arrival, -departure, egress, access  # noqa: PLW2901
        taken = tuple(_ride(patterns, *leg) for leg in own)
        found.append(Journey(departure, arrival, access, egress, taken))
    found.sort(key=lambda journey: (journey.departure_s, len(journey.rides)))
    return found


def _turned(
    patterns: Patterns, trip: int, board: int, alight: int, departure: int, arrival: int
) -> tuple[int, int, int, int, int]:
    """Translate a ride that was found backwards in time."""
    trip = patterns.trip_count - 1 - trip
    pattern = patterns.pattern_of(trip)
    last = int(patterns.offset[pattern + 1] - patterns.offset[pattern]) - 1
    return trip, last - alight, last - board, -arrival, -departure


def _ride(
    patterns: Patterns, trip: int, board: int, alight: int, departure: int, arrival: int
) -> Ride:
    first = int(patterns.offset[patterns.pattern_of(trip)])
    stops = int(patterns.stop[first + board]), int(patterns.stop[first + alight])
    return Ride(trip, *stops, board, alight, departure, arrival)


def _sorted(
    origin: Ints, rows: NDArray[np.int32], first: NDArray[np.int64], legs: NDArray[np.int32]
) -> Found:
    order = np.lexsort((rows[:, 3], rows[:, 1], rows[:, 0], origin))
    rides = rows[order, 3]
    legs = legs[_runs(first[order], rides)]
    names = [field.name for field in fields(Found)]
    columns: dict[str, NDArray[Any]] = {"origin": origin[order]}
    columns |= {name: rows[order, i] for i, name in enumerate(names[1:ROW_WIDTH])}
    columns["leg_offset"] = np.concatenate([[0], np.cumsum(rides)]).astype(np.int64)
    columns |= {name: legs[:, i].copy() for i, name in enumerate(names[ROW_WIDTH + 1 :])}
    return Found(**columns)


def _runs(first: NDArray[np.int64], lengths: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return ``first[i], first[i] + 1, ...``, ``lengths[i]`` of them, one run after another."""
    within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.repeat(first, lengths) + within
