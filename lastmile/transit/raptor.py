"""RAPTOR: earliest arrivals, latest departures and profiles over arrays.

The router knows arrays only: patterns of trips, footpaths, change times. It finds the journeys
of at least one ride that are Pareto-optimal in arrival and number of rides (depart at), in
departure and number of rides (arrive by), or in departure, arrival and number of rides (range).

What counts as a journey:

- It starts with one of the access times, to the stop it belongs to, and may board there what
  leaves at that moment or later.
- Between two rides it changes at the stop, which takes the stop's change time, or walks one
  footpath. Both take the query's slack besides. Footpaths are not chained.
- It ends with one of the egress times, from the stop of the last alighting.
- Boarding and alighting only where the pattern's flags allow; a step-free journey uses only
  stops and vehicles known to be step-free.

Of journeys equal in all criteria one is given, that with the shorter egress first.

References
----------
Delling, Pajor, Werneck: Round-Based Public Transit Routing. Transportation Science 49(3), 2015.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lastmile.errors import RequestError
from lastmile.transit._compiled import compiled
from lastmile.transit.bounds import NO_CHANGE_S, OUT_OF_REACH_S, least_left
from lastmile.transit.journeys import LEG_WIDTH, ROW_WIDTH, Found, Journey, journeys_of
from lastmile.transit.patterns import CAN_ALIGHT, CAN_BOARD, STEP_FREE, Offset, Patterns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from lastmile.transit.footpaths import Footpaths

    Ints = NDArray[np.int32]

NEVER_S = OUT_OF_REACH_S
"""A time that never comes."""

DEFAULT_MAX_TRANSFERS = 5


class TransitArrays(NamedTuple):
    """Patterns as the router walks them.

    Attributes
    ----------
    pattern_offset, stop, flags, trip_offset, time_offset
        As in :class:`~lastmile.transit.patterns.Patterns`.
    frame
        (patterns, 3) int64: a pattern's first call, its number of trips and its first time, side
        by side because they are read together.
    arrival_s
        (times,) int32, trip after trip: a ride runs along it.
    departure_s
        (times,) int32, within a pattern stop after stop: who waits at a stop runs along it.
    incident_offset
        (stops + 1,) int32; what calls at stop ``s`` is ``incident_offset[s]:incident_offset[s+1]``
        of the next two.
    incident_pattern, incident_position
        (calls,) int32.
    ride_s, dwell_s
        (calls,) int32, of the pattern's quickest trip at that call: from its departure to the
        arrival at the next one, and from its arrival to its departure.
    """

    pattern_offset: Ints
    stop: Ints
    flags: NDArray[np.uint8]
    trip_offset: Ints
    time_offset: NDArray[np.int64]
    frame: NDArray[np.int64]
    arrival_s: Ints
    departure_s: Ints
    incident_offset: Ints
    incident_pattern: Ints
    incident_position: Ints
    ride_s: Ints
    dwell_s: Ints


class Ends(NamedTuple):
    """The stops at one end of a journey and the way to or from each.

    Attributes
    ----------
    stop
        (n,) int32, stop index.
    duration_s
        (n,) int32, s, 0 or more.
    """

    stop: Ints
    duration_s: Ints

    @classmethod
    def of(cls, stop: ArrayLike, duration_s: ArrayLike = 0) -> Ends:
        """Build ends from anything array-like; fractions of a second are rounded up."""
        stops = np.atleast_1d(np.asarray(stop, dtype=np.int32))
        walk = np.ceil(np.asarray(duration_s, dtype=np.float64)).astype(np.int32)
        return cls(stops, np.ascontiguousarray(np.broadcast_to(walk, stops.shape)))


@dataclass(frozen=True, slots=True)
class Options:
    """How to search.

    Attributes
    ----------
    max_transfers
        Most changes of vehicle.
    slack_s
        Time beyond the change time or the walk that every transfer takes.
    step_free
        Use only stops and vehicles known to be step-free.
    max_duration_s
        Longest journey, door to door; ``None`` for any.
    look_beyond
        Of a window of departures leave out also what one does as well by leaving right after it;
        of a window of arrivals, by arriving right before it. The journeys of adjoining windows
        are then those of one window over both.
    """

    max_transfers: int = DEFAULT_MAX_TRANSFERS
    slack_s: int = 0
    step_free: bool = False
    max_duration_s: int | None = None
    look_beyond: bool = False

    def __post_init__(self) -> None:
        """Refuse values without sense.

        Raises
        ------
        RequestError
            A value is negative.
        """
        if self.max_transfers < 0 or self.slack_s < 0 or (self.max_duration_s or 0) < 0:
            raise RequestError(f"transfers, slack and duration must not be negative: {self}")


DEFAULT_OPTIONS = Options()
_NOTHING = np.empty(0, dtype=np.int32)


def transit_arrays(stop_count: int, patterns: Patterns) -> TransitArrays:
    """Lay patterns out for the router.

    Parameters
    ----------
    stop_count
        Number of stops.
    patterns
        The patterns.
    """
    lengths = np.diff(patterns.offset)
    counts = np.diff(patterns.trip_offset)
    of_pattern = np.repeat(np.arange(len(patterns), dtype=np.int32), lengths)
    position = np.arange(len(patterns.stop), dtype=np.int32) - patterns.offset[of_pattern]
    order = np.argsort(patterns.stop, kind="stable")
    offset = np.searchsorted(patterns.stop[order], np.arange(stop_count + 1))
    block = np.repeat(np.arange(len(patterns)), lengths * counts)
    place = np.arange(len(patterns.departure_s)) - patterns.time_offset[block]
    trip, call = np.divmod(place, lengths[block])
    by_stop = np.empty_like(patterns.departure_s)
    calls = patterns.offset[block] + call
    ride_s, dwell_s = (np.full(len(patterns.stop), NEVER_S, np.int32) for _ in range(2))
    onward = np.flatnonzero(call + 1 < lengths[block])
    np.minimum.at(
        ride_s, calls[onward], patterns.arrival_s[onward + 1] - patterns.departure_s[onward]
    )
    np.minimum.at(dwell_s, calls, patterns.departure_s - patterns.arrival_s)
    by_stop[patterns.time_offset[block] + call * counts[block] + trip] = patterns.departure_s
    return TransitArrays(
        pattern_offset=patterns.offset,
        stop=patterns.stop,
        flags=patterns.flags,
        trip_offset=patterns.trip_offset,
        time_offset=patterns.time_offset,
        frame=np.stack([patterns.offset[:-1], counts, patterns.time_offset[:-1]], axis=1).astype(
            np.int64
        ),
        arrival_s=np.ascontiguousarray(patterns.arrival_s),
        departure_s=by_stop,
        incident_offset=offset.astype(np.int32),
        incident_pattern=of_pattern[order],
        incident_position=position[order],
        ride_s=ride_s,
        dwell_s=dwell_s,
    )


def mirrored(patterns: Patterns) -> Patterns:
    """Return the patterns run backwards in time: latest departures become earliest arrivals.

    The order of patterns, trips and stops is turned round, so that trip ``t`` becomes
    ``trips - 1 - t``; times change their sign; boarding and alighting change places.
    """

    def turned(offset: NDArray[Offset]) -> NDArray[Offset]:
        return np.ascontiguousarray(offset[-1] - offset[::-1])

    flags = patterns.flags[::-1]
    swapped = (flags & STEP_FREE).astype(np.uint8)
    swapped[(flags & CAN_BOARD) > 0] |= CAN_ALIGHT
    swapped[(flags & CAN_ALIGHT) > 0] |= CAN_BOARD
    return Patterns(
        route=np.ascontiguousarray(patterns.route[::-1]),
        offset=turned(patterns.offset),
        stop=np.ascontiguousarray(patterns.stop[::-1]),
        flags=swapped,
        trip_offset=turned(patterns.trip_offset),
        time_offset=turned(patterns.time_offset),
        arrival_s=np.ascontiguousarray(-patterns.departure_s[::-1]),
        departure_s=np.ascontiguousarray(-patterns.arrival_s[::-1]),
    )


class _Side(NamedTuple):
    """The network as it is searched in one direction of time."""

    arrays: TransitArrays
    footpaths: Footpaths
    footpaths_back: Footpaths
    is_mirrored: bool


class Router:
    """Answers queries over one timetable.

    Parameters
    ----------
    stop_count
        Number of stops.
    patterns
        The trips.
    footpaths
        Walks between the stops.
    change_s
        (stops,) time to change vehicles at each stop, s; one number for all.

    Notes
    -----
    What a router answers never changes, and it may be asked by several threads at once.
    """

    def __init__(
        self, stop_count: int, patterns: Patterns, footpaths: Footpaths, change_s: ArrayLike = 0
    ) -> None:
        if footpaths.stop_count != stop_count:
            raise RequestError(
                f"footpaths among {footpaths.stop_count} stops, a timetable of {stop_count}"
            )
        self.stop_count = stop_count
        self.patterns = patterns
        self.footpaths = footpaths
        self.change_s: Ints = np.ascontiguousarray(
            np.broadcast_to(np.asarray(change_s, dtype=np.int32), (stop_count,))
        )
        self._last_left: tuple[tuple[object, ...], tuple[Ints, Ints, Ints]] | None = None

    @cached_property
    def _forward(self) -> _Side:
        arrays = transit_arrays(self.stop_count, self.patterns)
        return _Side(arrays, self.footpaths, self._footpaths_back, is_mirrored=False)

    @cached_property
    def _backward(self) -> _Side:
        arrays = transit_arrays(self.stop_count, mirrored(self.patterns))
        return _Side(arrays, self._footpaths_back, self.footpaths, is_mirrored=True)

    @cached_property
    def _footpaths_back(self) -> Footpaths:
        return self.footpaths.reversed()

    def depart_at(
        self, access: Ends, egress: Ends, departure_s: int, options: Options = DEFAULT_OPTIONS
    ) -> list[Journey]:
        """Return the earliest arrivals when leaving at a time, Pareto in arrival and rides.

        Parameters
        ----------
        access, egress
            Stops near the origin and the destination, and the ways there.
        departure_s
            When one leaves the origin, s after midnight.
        options
            How to search.

        Returns
        -------
        list of Journey
            Fewest rides first, each arriving before the one ahead of it. ``Journey.departure_s``
            is when one has to leave for its first ride, ``departure_s`` or later.
        """
        start = np.array([departure_s], dtype=np.int64)
        return sorted(self._journeys(self._forward, access, egress, start, options), key=_rides)

    def arrive_by(
        self, access: Ends, egress: Ends, arrival_s: int, options: Options = DEFAULT_OPTIONS
    ) -> list[Journey]:
        """Return the latest departures that arrive by a time, Pareto in departure and rides.

        Parameters are those of :meth:`depart_at`; ``arrival_s`` is when one must be there at
        the latest. Fewest rides first, each leaving after the one ahead of it.
        """
        start = np.array([-arrival_s], dtype=np.int64)
        return sorted(self._journeys(self._backward, egress, access, start, options), key=_rides)

    def depart_between(
        self,
        access: Ends,
        egress: Ends,
        first_s: int,
        last_s: int,
        options: Options = DEFAULT_OPTIONS,
    ) -> list[Journey]:
        """Return the journeys that leave within a window, Pareto in departure, arrival, rides.

        Parameters
        ----------
        access, egress, options
            As in :meth:`depart_at`.
        first_s, last_s
            Earliest and latest departure from the origin, s after midnight, both included.

        Returns
        -------
        list of Journey
            In order of departure. None is left out because of one that leaves after the window,
            unless the options say so.
        """
        window = _window(first_s, last_s)
        return self._journeys(self._forward, access, egress, window, options)

    def arrive_between(
        self,
        access: Ends,
        egress: Ends,
        first_s: int,
        last_s: int,
        options: Options = DEFAULT_OPTIONS,
    ) -> list[Journey]:
        """Return the journeys that arrive within a window, Pareto in departure, arrival, rides.

        As :meth:`depart_between`, with the window at the destination.
        """
        window = _window(-last_s, -first_s)
        return self._journeys(self._backward, egress, access, window, options)

    def many_to_many(
        self,
        origins: Sequence[Ends],
        targets: Sequence[Ends],
        first_s: int,
        last_s: int,
        options: Options = DEFAULT_OPTIONS,
    ) -> Found:
        """Return the profiles from many origins to many targets, as arrays.

        Parameters
        ----------
        origins, targets
            Access from each origin, egress to each target.
        first_s, last_s
            Window of departure, as in :meth:`depart_between`.
        options
            How to search. A ``max_duration_s`` keeps it cheap.

        Returns
        -------
        Found
            Every journey of every pair, sorted by origin, target and departure;
            :meth:`Found.earliest` picks those for given departures.
        """
        egress = Ends(
            np.concatenate([np.empty(0, np.int32), *(ends.stop for ends in targets)]),
            np.concatenate([np.empty(0, np.int32), *(ends.duration_s for ends in targets)]),
        )
        of_target = np.repeat(
            np.arange(len(targets), dtype=np.int32), [len(ends.stop) for ends in targets]
        )
        window = _window(first_s, last_s)
        parts = self._search(
            self._forward, origins, egress, of_target, len(targets), window, options
        )
        return Found.joined(parts)

    # --- the kernel's errands -------------------------------------------------------------------

    def _journeys(
        self,
        side: _Side,
        origin: Ends,
        target: Ends,
        start_s: NDArray[np.int64],
        options: Options,
    ) -> list[Journey]:
        """Return what is found between two ends, in order of departure."""
        alone = np.zeros(len(target.stop), dtype=np.int32)
        ((rows, legs),) = self._search(side, [origin], target, alone, 1, start_s, options)
        return journeys_of(self.patterns, rows, legs, mirrored=side.is_mirrored)

    def _search(
        self,
        side: _Side,
        origins: Iterable[Ends],
        egress: Ends,
        of_target: Ints,
        target_count: int,
        start_s: NDArray[np.int64],
        options: Options,
    ) -> list[tuple[Ints, Ints]]:
        """Run the kernel from each origin; return its tables of journeys and rides."""
        mask = STEP_FREE if options.step_free else 0
        longest = NO_CHANGE_S if options.max_duration_s is None else options.max_duration_s
        rides = options.max_transfers + 1
        self._check(egress)
        if target_count > 1 or len(start_s) == 1:  # for one departure alone it would not pay
            by_stop = np.zeros((self.stop_count, rides + 1), np.int32)
            least = by_stop, by_stop, np.zeros((len(self.patterns.stop), rides + 1), np.int32)
        else:
            least = self._least_left(side, egress, options, mask)
        parts = []
        for origin in origins:
            self._check(origin)
            leave, pattern, position = start_s, _NOTHING, _NOTHING
            if len(start_s) > 1:
                leave, pattern, position = _departures(
                    side.arrays, origin, start_s[0], start_s[1], CAN_BOARD | mask
                )
                order = np.argsort(-leave, kind="stable")
                leave, pattern, position = leave[order], pattern[order], position[order]
            parts.append(
                _search(
                    side.arrays,
                    side.footpaths,
                    self.change_s,
                    origin,
                    egress,
                    of_target,
                    target_count,
                    leave,
                    pattern,
                    position,
                    int(start_s[-1]),
                    options.look_beyond and len(start_s) > 1,
                    least,
                    options.slack_s,
                    min(longest, NO_CHANGE_S),
                    CAN_BOARD | mask,
                    CAN_ALIGHT | mask,
                )
            )
        return parts

    def _least_left(
        self, side: _Side, egress: Ends, options: Options, mask: int
    ) -> tuple[Ints, Ints, Ints]:
        """Return what is left at the least; that of the last destination asked for is kept."""
        key = (side.is_mirrored, egress.stop.tobytes(), egress.duration_s.tobytes(), options)
        known = self._last_left
        if known is None or known[0] != key:
            longest = NO_CHANGE_S if options.max_duration_s is None else options.max_duration_s
            left = least_left(
                side.arrays,
                side.footpaths_back,
                self.change_s,
                egress,
                options.max_transfers + 1,
                options.slack_s,
                min(longest, NO_CHANGE_S),
                CAN_BOARD | mask,
                CAN_ALIGHT | mask,
            )
            known = self._last_left = (key, left)
        return known[1]

    def _check(self, ends: Ends) -> None:
        """Keep the kernel, which does not look, away from stops that are not there."""
        if len(ends.stop) != len(ends.duration_s):
            raise RequestError("as many stops as durations are needed at each end of a journey")
        if len(ends.stop) and not (
            ends.stop.min() >= 0
            and ends.stop.max() < self.stop_count
            and ends.duration_s.min() >= 0
            and ends.duration_s.max() < NO_CHANGE_S
        ):
            raise RequestError("a journey's end names a stop or a time that cannot be")


def _window(first_s: int, last_s: int) -> NDArray[np.int64]:
    """Return a window as the kernel takes it.

    Raises
    ------
    RequestError
        It ends before it begins.
    """
    if first_s > last_s:
        raise RequestError(f"the window ends before it begins: {(first_s, last_s)}")
    return np.array([first_s, last_s], dtype=np.int64)


def _rides(journey: Journey) -> int:
    return len(journey.rides)


@compiled
def _grown(table: Ints, needed: int) -> Ints:
    """Return a table with room for ``needed`` rows."""
    if needed <= table.shape[0]:
        return table
    larger = np.empty((max(needed, 2 * table.shape[0]), table.shape[1]), np.int32)
    larger[: table.shape[0]] = table
    return larger


@compiled
def _first_from(times: Ints, low: int, high: int, time: int) -> int:
    """Return the first place in ``low:high`` of rising times that is not before ``time``."""
    while low < high:
        middle = (low + high) // 2
        if times[middle] >= time:
            high = middle
        else:
            low = middle + 1
    return low


@compiled
def _is_news(
    time: int, left: Ints, stop: int, limit: NDArray[np.int64], rides: int, more: int
) -> bool:
    """Tell whether from a stop at a time, with ``more`` rides or above, one may come in time."""
    for k in range(rides + more, len(limit)):  # noqa: SIM110 - compiled
        if time + left[stop, k - rides] < limit[k]:
            return True
    return False


@compiled
def _departures(
    net: TransitArrays, access: Ends, first_s: int, last_s: int, mask_board: int
) -> tuple[NDArray[np.int64], Ints, Ints]:
    """Return all departures within reach: when one leaves the origin, pattern and position."""
    count = 0
    for write in range(2):
        if write == 1:
            leave = np.empty(count, np.int64)
            pattern = np.empty(count, np.int32)
            position = np.empty(count, np.int32)
            count = 0
        for j in range(len(access.stop)):
            stop = access.stop[j]
            for e in range(net.incident_offset[stop], net.incident_offset[stop + 1]):
                p = net.incident_pattern[e]
                i = net.incident_position[e]
                place = net.pattern_offset[p] + i
                if (net.flags[place] & mask_board) != mask_board:
                    continue
                if place + 1 == net.pattern_offset[p + 1]:
                    continue
                trips = net.trip_offset[p + 1] - net.trip_offset[p]
                column = net.time_offset[p] + i * trips
                times = net.departure_s[column : column + trips]
                low = _first_from(times, 0, trips, first_s + access.duration_s[j])
                high = _first_from(times, low, trips, last_s + access.duration_s[j] + 1)
                if write == 1:
                    for t in range(low, high):
                        leave[count] = times[t] - access.duration_s[j]
                        pattern[count] = p
                        position[count] = i
                        count += 1
                else:
                    count += high - low
    return leave, pattern, position


@compiled
def _search(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917 - one kernel; calls would cost more than they tell
    net: TransitArrays,
    foot: Footpaths,
    change_s: Ints,
    access: Ends,
    egress: Ends,
    egress_target: Ints,
    target_count: int,
    leave: NDArray[np.int64],
    event_pattern: Ints,
    event_position: Ints,
    last_s: int,
    looks_beyond: bool,  # noqa: FBT001 - kernels take no keywords
    least: tuple[Ints, Ints, Ints],
    slack_s: int,
    max_duration_s: int,
    mask_board: int,
    mask_alight: int,
) -> tuple[Ints, Ints]:
    """Run RAPTOR for one start or, latest departure first, for all within a window.

    ``leave`` is when one leaves the origin: one time, or for a window every departure, latest
    first, with the pattern and the position where it is taken. Labels stay from one departure to
    the next (rRAPTOR): what a later departure reaches as early with as few rides is no news.

    ``reach[s, k]`` is the earliest arrival by vehicle at stop ``s`` with at most ``k`` rides,
    ``ready[s, k]`` the earliest time one can board there after them; ``ready[s, 0]`` stands apart
    and comes from access alone. Both never grow with ``k`` from 1 on: a better value at ``k`` is
    written to all higher rounds where it is better too. Where a value differs from that of the
    round below, it was set in its own round, and its parent is true.

    ``least`` is what :func:`least_left` says is left; zeros where that is not known.
    ``limit[k]`` is when a journey of ``k`` rides must arrive before to be news: a stop or a ride
    that cannot lead to any is left alone. A ride is boarded only at stops made ready in the
    round before; from all others its arrivals are known.
    """
    alighted, boarding, leaving = least
    stops = len(net.incident_offset) - 1
    rounds = alighted.shape[1]
    max_rides = rounds - 1
    limit = np.empty(rounds, np.int64)
    reach = np.full((stops, rounds), NEVER_S, np.int32)
    reach_leg = np.empty((stops, rounds, 3), np.int32)
    ready = np.full((stops, rounds), NEVER_S, np.int32)
    ready_from = np.empty((stops, rounds), np.int32)
    best = np.full((target_count, rounds), NEVER_S, np.int32)
    best_stop = np.empty((target_count, rounds), np.int32)
    best_walk = np.empty((target_count, rounds), np.int32)
    best_when = np.full((target_count, rounds), -1, np.int32)
    is_dirty = np.zeros(target_count, np.bool_)
    dirty = np.empty(target_count, np.int32)

    target_offset = np.zeros(stops + 1, np.int32)
    for j in range(len(egress.stop)):
        target_offset[egress.stop[j] + 1] += 1
    for s in range(stops):
        target_offset[s + 1] += target_offset[s]
    target_fill = target_offset.copy()
    target_of = np.empty(len(egress.stop), np.int32)
    target_walk = np.empty(len(egress.stop), np.int32)
    for j in range(len(egress.stop)):
        place = target_fill[egress.stop[j]]
        target_of[place] = egress_target[j]
        target_walk[place] = egress.duration_s[j]
        target_fill[egress.stop[j]] += 1

    access_walk = np.full(stops, NEVER_S, np.int32)
    for j in range(len(access.stop)):
        access_walk[access.stop[j]] = min(access_walk[access.stop[j]], access.duration_s[j])

    is_range = len(event_pattern) > 0
    patterns = len(net.pattern_offset) - 1
    queue = np.empty(patterns, np.int32)
    queued_from = np.full(patterns, NEVER_S, np.int32)
    marked = np.empty(stops, np.int32)
    is_marked = np.zeros(stops, np.bool_)
    improved = np.empty(stops, np.int32)
    is_improved = np.zeros(stops, np.bool_)
    rows = np.empty((16, ROW_WIDTH), np.int32)
    legs = np.empty((32, LEG_WIDTH), np.int32)
    row_count = 0
    leg_count = 0

    event = 0
    iteration = 0
    while event < len(leave):
        # Whoever looks beyond begins with leaving right after the window, and keeps no journey.
        is_beyond = looks_beyond and iteration == 0
        is_window = is_range and not is_beyond
        now = last_s + 1 if is_beyond else leave[event]
        latest = min(now + max_duration_s, NEVER_S - 1)
        for k in range(rounds):
            limit[k] = latest + 1
            if target_count == 1:
                limit[k] = min(limit[k], best[0, k])
        marked_count = 0
        queue_count = 0
        if is_window:
            while event < len(leave) and leave[event] == now:
                p = event_pattern[event]
                i = event_position[event]
                event += 1
                place = net.pattern_offset[p] + i
                s = net.stop[place]
                if not _is_news(now + access_walk[s], leaving, place, limit, 0, 1):
                    continue
                ready[s, 0] = now + access_walk[s]
                if not is_marked[s]:
                    marked[marked_count] = s
                    is_marked[s] = True
                    marked_count += 1
                if queued_from[p] == NEVER_S:
                    queue[queue_count] = p
                    queue_count += 1
                queued_from[p] = min(queued_from[p], i)
        else:
            event += 0 if is_beyond else 1
            for j in range(len(access.stop)):
                s = access.stop[j]
                if not is_marked[s]:
                    ready[s, 0] = now + access_walk[s]
                    marked[marked_count] = s
                    is_marked[s] = True
                    marked_count += 1

        dirty_count = 0
        for k in range(1, rounds):
            for m in range(marked_count):
                if is_window and k == 1:
                    break
                s = marked[m]
                time = ready[s, k - 1]
                for e in range(net.incident_offset[s], net.incident_offset[s + 1]):
                    p = net.incident_pattern[e]
                    i = net.incident_position[e]
                    if queued_from[p] <= i:
                        continue
                    place = net.frame[p, 0] + i
                    if not _is_news(time, leaving, place, limit, k - 1, 1):
                        continue
                    if (net.flags[place] & mask_board) != mask_board:
                        continue
                    trips = net.frame[p, 1]
                    column = net.frame[p, 2] + i * trips
                    if net.departure_s[column + trips - 1] < time:
                        continue
                    next_trip = _first_from(net.departure_s, column, column + trips - 1, time)
                    if not _is_news(net.departure_s[next_trip], leaving, place, limit, k - 1, 1):
                        continue
                    if queued_from[p] == NEVER_S:
                        queue[queue_count] = p
                        queue_count += 1
                    queued_from[p] = i
            improved_count = 0
            for q in range(queue_count):
                p = queue[q]
                first, trips, times = net.frame[p]
                length = net.pattern_offset[p + 1] - first
                start = queued_from[p]
                queued_from[p] = NEVER_S
                trip = -1
                boarded = -1
                for i in range(start, length):
                    s = net.stop[first + i]
                    flags = net.flags[first + i]
                    if trip >= 0 and (flags & mask_alight) == mask_alight:
                        time = net.arrival_s[times + trip * length + i]
                        if time < reach[s, k] and _is_news(time, alighted, s, limit, k, 0):
                            j = k
                            while j < rounds and reach[s, j] > time:
                                reach[s, j] = time
                                j += 1
                            reach_leg[s, k, 0] = net.trip_offset[p] + trip
                            reach_leg[s, k, 1] = boarded
                            reach_leg[s, k, 2] = i
                            if not is_improved[s]:
                                is_improved[s] = True
                                improved[improved_count] = s
                                improved_count += 1
                    if is_marked[s] and (flags & mask_board) == mask_board:
                        time = ready[s, k - 1]
                        column = times + i * trips
                        high = trips
                        if trip >= 0:
                            high = trip
                        if (
                            time < NEVER_S
                            and high > 0
                            and net.departure_s[column + high - 1] >= time
                        ):
                            low = (
                                _first_from(net.departure_s, column, column + high - 1, time)
                                - column
                            )
                            # A loop comes back to the stop: leaving then may be after the window.
                            if (
                                is_window
                                and k == 1
                                and net.departure_s[column + low] > last_s + access_walk[s]
                            ):
                                continue
                            trip = low
                            boarded = i
            queue_count = 0
            for m in range(marked_count):
                is_marked[marked[m]] = False
            marked_count = 0
            if improved_count == 0:
                break

            for m in range(improved_count):
                s = improved[m]
                is_improved[s] = False
                here = reach[s, k]
                for e in range(target_offset[s], target_offset[s + 1]):
                    target = target_of[e]
                    time = here + target_walk[e]
                    if time > latest:
                        continue
                    ties = (
                        time == best[target, k]
                        and best_when[target, k] == iteration
                        and target_walk[e] < best_walk[target, k]
                    )
                    if time < best[target, k] or ties:
                        j = k
                        while j < rounds and best[target, j] > time:
                            best[target, j] = time
                            if target_count == 1:
                                limit[j] = time
                            j += 1
                        best_stop[target, k] = s
                        best_walk[target, k] = target_walk[e]
                        best_when[target, k] = iteration
                        if not is_dirty[target]:
                            is_dirty[target] = True
                            dirty[dirty_count] = target
                            dirty_count += 1
            if k == max_rides:
                break
            for m in range(improved_count):
                s = improved[m]
                here = reach[s, k] + slack_s
                for e in range(foot.offset[s] - 1, foot.offset[s + 1]):
                    if e < foot.offset[s]:
                        to = s
                        time = here + change_s[s]
                        if change_s[s] >= NO_CHANGE_S:
                            continue
                    else:
                        to = foot.target[e]
                        time = here + foot.duration_s[e]
                    if not is_window and time >= ready[to, 0]:
                        continue
                    if time < ready[to, k] and _is_news(time, boarding, to, limit, k, 1):
                        j = k
                        while j < rounds and ready[to, j] > time:
                            ready[to, j] = time
                            j += 1
                        ready_from[to, k] = s
                        if not is_marked[to]:
                            is_marked[to] = True
                            marked[marked_count] = to
                            marked_count += 1

        for d in range(dirty_count):
            target = dirty[d]
            is_dirty[target] = False
            for k in range(1, rounds):
                if is_beyond or best_when[target, k] != iteration:
                    continue
                if best[target, k] >= best[target, k - 1]:
                    continue
                rows = _grown(rows, row_count + 1)
                legs = _grown(legs, leg_count + k)
                s = best_stop[target, k]
                level = k
                rides = 0
                in_vehicle = 0
                walk = best_walk[target, k]
                departure = 0
                board = s
                while True:
                    while level > 1 and reach[s, level - 1] == reach[s, level]:
                        level -= 1
                    trip = reach_leg[s, level, 0]
                    p = _first_from(net.trip_offset, 0, patterns + 1, trip + 1) - 1
                    row = trip - net.trip_offset[p]
                    trips = net.trip_offset[p + 1] - net.trip_offset[p]
                    board_at = reach_leg[s, level, 1]
                    departure = net.departure_s[net.time_offset[p] + board_at * trips + row]
                    board = net.stop[net.pattern_offset[p] + board_at]
                    legs[leg_count + rides, 0] = trip
                    legs[leg_count + rides, 1] = board_at
                    legs[leg_count + rides, 2] = reach_leg[s, level, 2]
                    legs[leg_count + rides, 3] = departure
                    legs[leg_count + rides, 4] = reach[s, level]
                    rides += 1
                    in_vehicle += reach[s, level] - departure
                    level -= 1
                    if level == 0:
                        break
                    while level > 1 and ready[board, level - 1] == ready[board, level]:
                        level -= 1
                    s = ready_from[board, level]
                    if s != board:
                        walk += ready[board, level] - reach[s, level] - slack_s
                for a in range(rides // 2):
                    b = rides - 1 - a
                    for c in range(LEG_WIDTH):
                        swap = legs[leg_count + a, c]
                        legs[leg_count + a, c] = legs[leg_count + b, c]
                        legs[leg_count + b, c] = swap
                rows[row_count, 0] = target
                rows[row_count, 1] = departure - access_walk[board]
                rows[row_count, 2] = best[target, k]
                rows[row_count, 3] = rides
                rows[row_count, 4] = board
                rows[row_count, 5] = access_walk[board]
                rows[row_count, 6] = best_stop[target, k]
                rows[row_count, 7] = best_walk[target, k]
                rows[row_count, 8] = in_vehicle
                rows[row_count, 9] = walk + access_walk[board]
                rows[row_count, 10] = leg_count
                row_count += 1
                leg_count += rides
        iteration += 1
    return rows[:row_count].copy(), legs[:leg_count].copy()
