"""A router too plain to be wrong: it tries every trip, every boarding and every alighting.

It shares nothing with the real one but the trips. It knows no patterns and no order among
trips, and goes through all of them once per ride.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lastmile.transit.journeys import Journey

NEVER = 10**9


@dataclass(frozen=True)
class PlainTrip:
    """A trip as a list of calls: (stop, arrival, departure, may board, may alight, step-free)."""

    calls: tuple[tuple[int, int, int, bool, bool, bool], ...]


@dataclass(frozen=True)
class World:
    """Everything the oracle knows."""

    stop_count: int
    trips: Sequence[PlainTrip]
    walks: Mapping[tuple[int, int], int]
    change: Sequence[int]
    slack: int = 0
    step_free: bool = False
    max_rides: int = 4
    forbidden_change: frozenset[int] = field(default_factory=frozenset)

    def boardable(self, call: tuple[int, int, int, bool, bool, bool]) -> bool:
        return call[3] and (call[5] or not self.step_free)

    def alightable(self, call: tuple[int, int, int, bool, bool, bool]) -> bool:
        return call[4] and (call[5] or not self.step_free)

    def transfer(self, a: int, b: int) -> int | None:
        """Time from alighting at one stop until one can board at another."""
        if a == b:
            return None if a in self.forbidden_change else self.change[a] + self.slack
        walk = self.walks.get((a, b))
        return None if walk is None else walk + self.slack


def depart_at(  # noqa: C901 - plain loops on purpose
    world: World,
    access: Mapping[int, int],
    egress: Mapping[int, int],
    start: int,
    *,
    at_once: bool = False,
) -> list[tuple[int, int]]:
    """Return (rides, arrival), fewest rides first, each earlier than the one before.

    With ``at_once`` the first ride must leave the moment one is there.
    """
    ready = {stop: start + walk for stop, walk in access.items()}
    best, answer = NEVER, []
    for rides in range(1, world.max_rides + 1):
        arrived: dict[int, int] = {}
        for trip in world.trips:
            for i, on in enumerate(trip.calls):
                if not world.boardable(on) or ready.get(on[0], NEVER) > on[2]:
                    continue
                if at_once and rides == 1 and ready[on[0]] != on[2]:
                    continue
                for off in trip.calls[i + 1 :]:
                    if world.alightable(off):
                        arrived[off[0]] = min(arrived.get(off[0], NEVER), off[1])
        here = min((at + egress[s] for s, at in arrived.items() if s in egress), default=NEVER)
        if here < best:
            best = here
            answer.append((rides, here))
        ready = {}
        for a, at in arrived.items():
            for b in range(world.stop_count):
                transfer = world.transfer(a, b)
                if transfer is not None:
                    ready[b] = min(ready.get(b, NEVER), at + transfer)
    return answer


def arrive_by(  # noqa: C901 - likewise
    world: World, access: Mapping[int, int], egress: Mapping[int, int], end: int
) -> list[tuple[int, int]]:
    """Return (rides, departure), fewest rides first, each later than the one before."""
    due = {stop: end - walk for stop, walk in egress.items()}
    best, answer = -NEVER, []
    for rides in range(1, world.max_rides + 1):
        left: dict[int, int] = {}
        for trip in world.trips:
            for j, off in enumerate(trip.calls):
                if not world.alightable(off) or due.get(off[0], -NEVER) < off[1]:
                    continue
                for on in trip.calls[:j]:
                    if world.boardable(on):
                        left[on[0]] = max(left.get(on[0], -NEVER), on[2])
        here = max((at - access[s] for s, at in left.items() if s in access), default=-NEVER)
        if here > best:
            best = here
            answer.append((rides, here))
        due = {}
        for b, at in left.items():
            for a in range(world.stop_count):
                transfer = world.transfer(a, b)
                if transfer is not None:
                    due[a] = max(due.get(a, -NEVER), at - transfer)
    return answer


def depart_between(
    world: World, access: Mapping[int, int], egress: Mapping[int, int], first: int, last: int
) -> list[tuple[int, int, int]]:
    """Return the (departure, arrival, rides) within a window that no other dominates."""
    leave = {
        call[2] - access[call[0]]
        for trip in world.trips
        for call in trip.calls
        if call[0] in access and first <= call[2] - access[call[0]] <= last
    }
    found = [
        (departure, arrival, rides)
        for departure in leave
        for rides, arrival in depart_at(world, access, egress, departure, at_once=True)
    ]
    return sorted(
        one
        for one in set(found)
        if not any(
            other != one and other[0] >= one[0] and other[1] <= one[1] and other[2] <= one[2]
            for other in found
        )
    )


def faults_of(  # noqa: C901 - one fault after another
    world: World,
    trips: Sequence[PlainTrip],
    journey: Journey,
    access: Mapping[int, int],
    egress: Mapping[int, int],
) -> list[str]:
    """Return what is impossible about a journey, ride by ride; nothing when it can be made."""
    faults = []
    at: int | None = None
    previous: int | None = None
    for ride in journey.rides:
        on = trips[ride.trip].calls[ride.board_position]
        off = trips[ride.trip].calls[ride.alight_position]
        if (on[0], on[2]) != (ride.board, ride.departure_s):
            faults.append(f"{ride}: the trip does not leave there then")
        if (off[0], off[1]) != (ride.alight, ride.arrival_s):
            faults.append(f"{ride}: the trip does not arrive there then")
        if ride.board_position >= ride.alight_position:
            faults.append(f"{ride}: against the direction of travel")
        if not world.boardable(on) or not world.alightable(off):
            faults.append(f"{ride}: boarding or alighting is not allowed")
        if at is None or previous is None:
            if ride.board not in access or journey.access_s != access[ride.board]:
                faults.append(f"{ride}: no such access")
            if ride.departure_s - journey.access_s != journey.departure_s:
                faults.append(f"{journey}: leaves at another time")
        else:
            transfer = world.transfer(previous, ride.board)
            if transfer is None or at + transfer > ride.departure_s:
                faults.append(f"{ride}: the transfer cannot be made")
        at, previous = ride.arrival_s, ride.alight
    if at is None or previous not in egress or at + journey.egress_s != journey.arrival_s:
        faults.append(f"{journey}: arrives at another time")
    elif journey.egress_s != egress[previous]:
        faults.append(f"{journey}: no such egress")
    return faults
