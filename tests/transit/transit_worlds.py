"""Random timetables, small and full of difficulties, for the router and for the oracle alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from transit_oracle import PlainTrip, World

from lastmile.transit.bounds import NO_CHANGE_S
from lastmile.transit.footpaths import Footpaths
from lastmile.transit.patterns import CAN_ALIGHT, CAN_BOARD, STEP_FREE, Patterns
from lastmile.transit.raptor import Options, Router


@dataclass(frozen=True)
class Pair:
    """The same timetable as the oracle and as the router sees it."""

    world: World
    router: Router
    options: Options
    trips: tuple[PlainTrip, ...]
    """By the router's trip index."""


def no_patterns() -> Patterns:
    nothing, start = np.empty(0, np.int32), np.zeros(1, np.int32)
    return Patterns(
        route=nothing,
        offset=start,
        stop=nothing,
        flags=np.empty(0, np.uint8),
        trip_offset=start,
        time_offset=np.zeros(1, np.int64),
        arrival_s=nothing,
        departure_s=nothing,
    )


def plain_trips(patterns: Patterns) -> tuple[PlainTrip, ...]:
    """Spell out the trips of patterns, by index."""
    trips = []
    for trip in range(patterns.trip_count):
        pattern = patterns.pattern_of(trip)
        arrival, departure = patterns.times_of(trip)
        calls = zip(
            patterns.stops_of(pattern).tolist(),
            arrival.tolist(),
            departure.tolist(),
            patterns.flags_of(pattern).tolist(),
            strict=True,
        )
        trips.append(
            PlainTrip(
                tuple(
                    (s, a, d, bool(f & CAN_BOARD), bool(f & CAN_ALIGHT), bool(f & STEP_FREE))
                    for s, a, d, f in calls
                )
            )
        )
    return tuple(trips)


def random_pair(seed: int) -> Pair:
    """Draw a timetable of a few lines: loops, overtaking, rules, walks that do not close."""
    rng = np.random.default_rng(seed)
    stops = int(rng.integers(4, 14))
    patterns = no_patterns()
    grain = int(rng.choice([1, 60]))  # whole minutes make ties
    for route in range(int(rng.integers(2, 8))):
        length = int(rng.integers(2, 8))
        if rng.random() < 0.3:
            sequence = rng.integers(0, stops, length)  # may loop, even stand still
        else:
            sequence = rng.permutation(stops)[:length]
        length = len(sequence)
        count = int(rng.integers(1, 7))
        flags = np.full(length, CAN_BOARD | CAN_ALIGHT, dtype=np.uint8)
        flags[rng.random(length) < 0.1] = CAN_BOARD
        flags[rng.random(length) < 0.1] = CAN_ALIGHT
        flags[rng.random(length) < 0.7] |= STEP_FREE
        starts = np.sort(rng.integers(0, 120, count)) * 60
        runs = rng.integers(0, 900 // grain, (count, length)) * grain
        dwells = rng.integers(0, 180 // grain, (count, length)) * grain
        if rng.random() < 0.6:
            runs[:], dwells[:] = runs[0], dwells[0]
        arrival = starts[:, None] + np.cumsum(runs, axis=1) + np.cumsum(dwells, axis=1) - dwells
        departure = arrival + dwells
        patterns, _ = patterns.with_trips(
            route,
            sequence.astype(np.int32),
            flags,
            arrival.astype(np.int32),
            departure.astype(np.int32),
        )
    walks = {
        (int(a), int(b)): int(rng.integers(0, 900 // grain)) * grain
        for a, b in rng.integers(0, stops, (int(rng.integers(0, 3 * stops)), 2))
        if a != b
    }
    change = rng.integers(0, 240 // grain, stops) * grain
    forbidden = frozenset(np.flatnonzero(rng.random(stops) < 0.1).tolist())
    options = Options(
        max_transfers=int(rng.integers(0, 5)),
        slack_s=int(rng.choice([0, 60, 120])),
        step_free=bool(rng.random() < 0.2),
    )
    trips = plain_trips(patterns)
    world = World(
        stops,
        trips,
        walks,
        change.tolist(),
        options.slack_s,
        options.step_free,
        options.max_transfers + 1,
        forbidden,
    )
    allowed = np.where(np.isin(np.arange(stops), list(forbidden)), NO_CHANGE_S, change)
    pairs = np.array(list(walks), dtype=np.int32).reshape(-1, 2)
    footpaths = Footpaths.between(stops, pairs[:, 0], pairs[:, 1], list(walks.values()))
    return Pair(world, Router(stops, patterns, footpaths, allowed), options, trips)


def random_ends(rng: np.random.Generator, stops: int) -> dict[int, int]:
    """Draw one to three stops with a walk each."""
    chosen = rng.permutation(stops)[: int(rng.integers(1, 4))]
    return {int(stop): int(rng.integers(0, 600)) for stop in chosen}
