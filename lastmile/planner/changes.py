"""Where to change between two vehicles: where one walks least, of the places both trips allow.

The router weighs departure, arrival and changes, not walking: between the same two vehicles it
gives the first place to change that it meets.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lastmile.transit.bounds import NO_CHANGE_S
from lastmile.transit.patterns import CAN_ALIGHT, CAN_BOARD, STEP_FREE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lastmile.planner.stopnet import StopNet
    from lastmile.transit.journeys import Journey, Ride
    from lastmile.transit.raptor import Router

WORTH_MOVING_M = 200.0
"""A change is moved where that saves so much walking; to look for less would slow every trip."""


class _Places(NamedTuple):
    """Where one changes between two patterns, (n,) each, least walking first.

    Attributes
    ----------
    alight, board
        Positions in the patterns.
    change_s
        Time the change takes, without slack.
    walk_m
        Length of its walk.
    """

    alight: NDArray[np.int64]
    board: NDArray[np.int64]
    change_s: NDArray[np.float64]
    walk_m: NDArray[np.float64]


class Changes:
    """The places to change of one service day.

    Parameters
    ----------
    router
        Knows trips, footpaths and times to change.
    stopnet
        Knows the lengths of the walks.
    """

    def __init__(self, router: Router, stopnet: StopNet) -> None:
        self.router = router
        self.stopnet = stopnet
        self._known: dict[tuple[int, int, bool], _Places] = {}

    def with_least_walking(self, journey: Journey, slack_s: float, *, step_free: bool) -> Journey:
        """Return the journey by the same vehicles, changing where one walks least.

        Parameters
        ----------
        journey
            As the router gave it.
        slack_s
            Time that a change needs besides its walk.
        step_free
            Whether stops and vehicles must be known to be step-free.
        """
        rides = list(journey.rides)
        for at in range(1, len(rides)):
            rides[at - 1 : at + 1] = self._moved(
                rides[at - 1], rides[at], slack_s, step_free=step_free
            )
        return replace(journey, rides=tuple(rides)) if tuple(rides) != journey.rides else journey

    def _moved(
        self, before: Ride, after: Ride, slack_s: float, *, step_free: bool
    ) -> tuple[Ride, Ride]:
        """Return two rides with the best change between them."""
        known = self.stopnet.footpath(before.alight, after.board)
        if before.alight == after.board or known is None or known[1] < WORTH_MOVING_M:
            return before, after
        patterns = self.router.patterns
        pair = patterns.pattern_of(before.trip), patterns.pattern_of(after.trip)
        places = self._places(*pair, step_free=step_free)
        arrival_s, _ = patterns.times_of(before.trip)
        _, departure_s = patterns.times_of(after.trip)
        fits = (
            (places.alight > before.board_position)
            & (places.board < after.alight_position)
            & (places.walk_m <= known[1] - WORTH_MOVING_M)
            & (arrival_s[places.alight] + places.change_s + slack_s <= departure_s[places.board])
        )
        if not fits.any():
            return before, after
        best = int(fits.argmax())
        alight, board = int(places.alight[best]), int(places.board[best])
        return (
            replace(
                before,
                alight=int(patterns.stops_of(pair[0])[alight]),
                alight_position=alight,
                arrival_s=int(arrival_s[alight]),
            ),
            replace(
                after,
                board=int(patterns.stops_of(pair[1])[board]),
                board_position=board,
                departure_s=int(departure_s[board]),
            ),
        )

    def _places(self, before: int, after: int, *, step_free: bool) -> _Places:
        """Return where one changes between two patterns, worked out once."""
        key = before, after, step_free
        if key not in self._known:
            self._known[key] = self._worked_out(before, after, STEP_FREE if step_free else 0)
        return self._known[key]

    def _worked_out(self, before: int, after: int, mask: int) -> _Places:
        """Return where one changes between two patterns, least walking first."""
        leaves, boards = CAN_ALIGHT | mask, CAN_BOARD | mask
        patterns, footpaths = self.router.patterns, self.router.footpaths
        alight = np.flatnonzero(patterns.flags_of(before) & leaves == leaves)
        board = np.flatnonzero(patterns.flags_of(after) & boards == boards)
        from_stops, to_stops = patterns.stops_of(before)[alight], patterns.stops_of(after)[board]
        found: list[tuple[float, int, int, float]] = []
        for one, other in np.argwhere(from_stops[:, None] == to_stops[None, :]).tolist():
            change_s = int(self.router.change_s[from_stops[one]])
            if change_s < NO_CHANGE_S:
                found.append((0.0, alight[one], board[other], change_s))
        first, end = footpaths.offset[from_stops], footpaths.offset[from_stops + 1]
        walk = np.repeat(np.arange(len(alight)), end - first)
        row = np.arange(len(walk)) + np.repeat(end - (end - first).cumsum(), end - first)
        leads = np.isin(footpaths.target[row], to_stops)
        for one, path in zip(walk[leads].tolist(), row[leads].tolist(), strict=True):
            target, lasts_s = int(footpaths.target[path]), float(footpaths.duration_s[path])
            known = self.stopnet.footpath(int(from_stops[one]), target)
            if known is not None:
                others = board[to_stops == target].tolist()
                found += [(known[1], alight[one], other, lasts_s) for other in others]
        columns = np.array(sorted(found), np.float64).reshape(-1, 4)
        return _Places(
            columns[:, 1].astype(np.int64),
            columns[:, 2].astype(np.int64),
            columns[:, 3],
            columns[:, 0],
        )
