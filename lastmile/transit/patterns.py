"""Trips grouped into patterns: same route, same stops, same rules, nobody overtakes."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

    from lastmile.transit.model import Feed

Offset = TypeVar("Offset", np.int32, np.int64)

CAN_BOARD = 1
CAN_ALIGHT = 2
STEP_FREE = 4
"""Bits of a pattern's flags: boarding and alighting allowed; stop and vehicle known step-free."""

_NOT_AVAILABLE = 1
_YES = 1


@dataclass(frozen=True, eq=False)
class Patterns:
    """Patterns and their trips in flat arrays.

    Attributes
    ----------
    route
        (patterns,) int32, route index.
    offset
        (patterns + 1,) int32; the calls of pattern ``p`` are ``offset[p]:offset[p + 1]``.
    stop
        (calls,) int32, stop index.
    flags
        (calls,) uint8, bits :data:`CAN_BOARD`, :data:`CAN_ALIGHT`, :data:`STEP_FREE`.
    trip_offset
        (patterns + 1,) int32; the trips of pattern ``p``, in order of time, are
        ``trip_offset[p]:trip_offset[p + 1]``.
    time_offset
        (patterns + 1,) int64; its times, trip after trip, begin at ``time_offset[p]``.
    arrival_s, departure_s
        (times,) int32, s after midnight of the day.
    """

    route: NDArray[np.int32]
    offset: NDArray[np.int32]
    stop: NDArray[np.int32]
    flags: NDArray[np.uint8]
    trip_offset: NDArray[np.int32]
    time_offset: NDArray[np.int64]
    arrival_s: NDArray[np.int32]
    departure_s: NDArray[np.int32]

    def __len__(self) -> int:
        """Return the number of patterns."""
        return len(self.route)

    @property
    def trip_count(self) -> int:
        """Number of trips."""
        return int(self.trip_offset[-1])

    @cached_property
    def _trip_starts(self) -> list[int]:
        return [int(first) for first in self.trip_offset]

    def pattern_of(self, trip: int) -> int:
        """Return the pattern of a trip."""
        return bisect_right(self._trip_starts, trip) - 1

    def stops_of(self, pattern: int) -> NDArray[np.int32]:
        """Return the stops of a pattern in order of travel."""
        return self.stop[self.offset[pattern] : self.offset[pattern + 1]]

    def flags_of(self, pattern: int) -> NDArray[np.uint8]:
        """Return the rules at each of its stops."""
        return self.flags[self.offset[pattern] : self.offset[pattern + 1]]

    def times_of(self, trip: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return arrivals and departures of a trip, each (stops of its pattern,)."""
        pattern = self.pattern_of(trip)
        length = int(self.offset[pattern + 1] - self.offset[pattern])
        start = int(self.time_offset[pattern])
        start += (trip - int(self.trip_offset[pattern])) * length
        return self.arrival_s[start : start + length], self.departure_s[start : start + length]

    def select(self, keep: NDArray[np.bool_]) -> tuple[Patterns, NDArray[np.int64]]:
        """Return the patterns marked, and which trips (by index) they are of."""
        lengths = np.diff(self.offset)
        counts = np.diff(self.trip_offset)
        calls = np.repeat(keep, lengths)
        times = np.repeat(keep, lengths * counts)
        kept = Patterns(
            route=self.route[keep],
            offset=_offsets(lengths[keep], np.int32),
            stop=self.stop[calls],
            flags=self.flags[calls],
            trip_offset=_offsets(counts[keep], np.int32),
            time_offset=_offsets(lengths[keep] * counts[keep].astype(np.int64), np.int64),
            arrival_s=self.arrival_s[times],
            departure_s=self.departure_s[times],
        )
        return kept, np.flatnonzero(np.repeat(keep, counts))

    def with_trips(
        self,
        route: int,
        stop: NDArray[np.int32],
        flags: NDArray[np.uint8],
        arrival_s: NDArray[np.int32],
        departure_s: NDArray[np.int32],
    ) -> tuple[Patterns, NDArray[np.int64]]:
        """Return these patterns and, after them, those of more trips over one stop sequence.

        Parameters
        ----------
        route
            Route index.
        stop, flags
            (stops,) the sequence and its rules.
        arrival_s, departure_s
            (trips, stops) s after midnight.

        Returns
        -------
        (Patterns, numpy.ndarray)
            And the rows of the times in the order their trips now have.
        """
        groups = _without_overtaking(arrival_s, departure_s)
        new = _assemble((route, stop, flags, arrival_s[rows], departure_s[rows]) for rows in groups)
        order = np.concatenate([*groups, np.empty(0, np.int64)])
        return self._joined(new), order

    def _joined(self, other: Patterns) -> Patterns:
        return Patterns(
            route=np.concatenate([self.route, other.route]),
            offset=np.concatenate([self.offset, other.offset[1:] + self.offset[-1]]),
            stop=np.concatenate([self.stop, other.stop]),
            flags=np.concatenate([self.flags, other.flags]),
            trip_offset=np.concatenate(
                [self.trip_offset, other.trip_offset[1:] + self.trip_offset[-1]]
            ),
            time_offset=np.concatenate(
                [self.time_offset, other.time_offset[1:] + self.time_offset[-1]]
            ),
            arrival_s=np.concatenate([self.arrival_s, other.arrival_s]),
            departure_s=np.concatenate([self.departure_s, other.departure_s]),
        )

    @cached_property
    def span_s(self) -> tuple[int, int]:
        """First departure and last arrival of all trips, s after midnight."""
        return int(self.departure_s.min(initial=0)), int(self.arrival_s.max(initial=0))


def group_trips(feed: Feed, runs: pd.DataFrame) -> tuple[Patterns, NDArray[np.int64]]:
    """Group runs of trips into patterns.

    Parameters
    ----------
    feed
        Where their calls are.
    runs
        Columns trip (row in the feed's trips) and shift_s (added to the trip's times).

    Returns
    -------
    (Patterns, numpy.ndarray)
        And the rows of ``runs`` in the order of the patterns' trips.
    """
    calls = feed.stop_times
    accessible = feed.trips["wheelchair_accessible"].to_numpy() == _YES
    flags = np.where(calls.pickup_type != _NOT_AVAILABLE, CAN_BOARD, 0).astype(np.uint8)
    flags |= np.where(calls.drop_off_type != _NOT_AVAILABLE, CAN_ALIGHT, 0).astype(np.uint8)
    step_free = feed.stops["wheelchair_boarding"].to_numpy()[calls.stop] == _YES
    step_free &= np.repeat(accessible, np.diff(calls.offset))
    flags[step_free] |= STEP_FREE
    codes = calls.stop.astype(np.int64) * 8 + flags
    route = feed.trips["route"].to_numpy()
    members: dict[tuple[int, bytes], list[int]] = {}
    key_of: dict[int, tuple[int, bytes]] = {}
    trips = runs["trip"].to_numpy()
    for row, trip in enumerate(trips.tolist()):
        if trip not in key_of:
            first, last = calls.offset[trip], calls.offset[trip + 1]
            key_of[trip] = (int(route[trip]), codes[first:last].tobytes())
        members.setdefault(key_of[trip], []).append(row)
    shift = runs["shift_s"].to_numpy()
    order: list[NDArray[np.int64]] = []
    parts = []
    for (of_route, _), rows_list in sorted(members.items(), key=lambda item: item[0][0]):
        rows = np.array(rows_list)
        first, last = calls.offset[trips[rows[0]]], calls.offset[trips[rows[0]] + 1]
        where = calls.offset[trips[rows]][:, None] + np.arange(last - first)
        arrival = (calls.arrival_s[where] + shift[rows, None]).astype(np.int32)
        departure = (calls.departure_s[where] + shift[rows, None]).astype(np.int32)
        for group in _without_overtaking(arrival, departure):
            order.append(rows[group])
            parts.append(
                (
                    of_route,
                    calls.stop[first:last],
                    flags[first:last],
                    arrival[group],
                    departure[group],
                )
            )
    return _assemble(parts), np.concatenate([*order, np.empty(0, np.int64)])


def _without_overtaking(
    arrival_s: NDArray[np.int32], departure_s: NDArray[np.int32]
) -> list[NDArray[np.int64]]:
    """Split trips over one stop sequence into groups in which none overtakes another.

    Every trip goes, in order of time, to the first group whose last trip it follows at every
    stop.
    """
    order = np.lexsort((arrival_s[:, -1], departure_s[:, 0]))
    steps_arrival = np.diff(arrival_s[order], axis=0)
    steps_departure = np.diff(departure_s[order], axis=0)
    if (steps_arrival >= 0).all() and (steps_departure >= 0).all():
        return [order] if len(order) else []
    groups: list[list[int]] = []
    for trip in order.tolist():
        for group in groups:
            last = group[-1]
            if (arrival_s[trip] >= arrival_s[last]).all() and (
                departure_s[trip] >= departure_s[last]
            ).all():
                group.append(trip)
                break
        else:
            groups.append([trip])
    return [np.array(group, dtype=np.int64) for group in groups]


def _assemble(
    parts: Iterable[
        tuple[
            int,
            NDArray[np.int32],
            NDArray[np.uint8],
            NDArray[np.int32],
            NDArray[np.int32],
        ]
    ],
) -> Patterns:
    listed = list(parts)
    lengths = np.array([len(stop) for _, stop, _, _, _ in listed], dtype=np.int64)
    counts = np.array([len(arrival) for _, _, _, arrival, _ in listed], dtype=np.int64)
    nothing = np.empty(0, np.int32)
    return Patterns(
        route=np.array([route for route, _, _, _, _ in listed], dtype=np.int32),
        offset=_offsets(lengths, np.int32),
        stop=np.concatenate([nothing, *(stop for _, stop, _, _, _ in listed)]),
        flags=np.concatenate([np.empty(0, np.uint8), *(flags for _, _, flags, _, _ in listed)]),
        trip_offset=_offsets(counts, np.int32),
        time_offset=_offsets(lengths * counts, np.int64),
        arrival_s=np.concatenate([nothing, *(times.ravel() for _, _, _, times, _ in listed)]),
        departure_s=np.concatenate([nothing, *(times.ravel() for _, _, _, _, times in listed)]),
    )


def _offsets(lengths: NDArray[np.integer], dtype: type[Offset]) -> NDArray[Offset]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(dtype)
