"""What is left of a journey at the least: RAPTOR run back from the destination without a clock.

Every ride takes as long as the quickest trip of its pattern and nobody waits, so that no journey
is quicker. The router leaves alone what could not be any news even then (goal direction as in
A*; with rides counted, so that a change too many shows as well).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lastmile.transit._compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lastmile.transit.footpaths import Footpaths
    from lastmile.transit.raptor import Ends, TransitArrays

    Ints = NDArray[np.int32]

OUT_OF_REACH_S = 1 << 30
"""What is left where the destination cannot be reached."""
NO_CHANGE_S = 1 << 28
"""Change time of a stop where changing is not allowed."""


@compiled
def least_left(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917 - one kernel, as the router's
    net: TransitArrays,
    foot_back: Footpaths,
    change_s: Ints,
    egress: Ends,
    max_rides: int,
    slack_s: int,
    longest_s: int,
    mask_board: int,
    mask_alight: int,
) -> tuple[Ints, Ints, Ints]:  # pragma: no cover - compiled
    """Return the least time between stops and the destination.

    Parameters
    ----------
    net
        The patterns.
    foot_back
        Footpaths by the stop they lead to.
    change_s, egress, max_rides, slack_s, mask_board, mask_alight
        As the router searches.
    longest_s
        What takes longer may be called out of reach.

    Returns
    -------
    tuple of numpy.ndarray
        int32, s, ``max_rides + 1`` columns each: after alighting at a stop with at most ``k``
        more rides (a row per stop); when ready to board there, with one ride to ``k`` (a row per
        stop); and when a ride leaves one of its calls, itself counted (a row per call).
    """
    stops = len(net.incident_offset) - 1
    alighted = np.full((stops, max_rides + 1), OUT_OF_REACH_S, np.int32)
    boarding = np.full((stops, max_rides + 1), OUT_OF_REACH_S, np.int32)
    leaving = np.full((len(net.stop), max_rides + 1), OUT_OF_REACH_S, np.int32)
    marked = np.empty(stops, np.int32)
    is_marked = np.zeros(stops, np.bool_)
    improved = np.empty(stops, np.int32)
    is_improved = np.zeros(stops, np.bool_)
    patterns = len(net.pattern_offset) - 1
    queue = np.empty(patterns, np.int32)
    queued_from = np.full(patterns, -1, np.int32)
    marked_count = 0
    for j in range(len(egress.stop)):
        s = egress.stop[j]
        for k in range(max_rides + 1):
            alighted[s, k] = min(alighted[s, k], egress.duration_s[j])
        if not is_marked[s]:
            is_marked[s] = True
            marked[marked_count] = s
            marked_count += 1

    for k in range(1, max_rides + 1):
        queue_count = 0
        for m in range(marked_count):
            s = marked[m]
            is_marked[s] = False
            for e in range(net.incident_offset[s], net.incident_offset[s + 1]):
                p = net.incident_pattern[e]
                if queued_from[p] < 0:
                    queue[queue_count] = p
                    queue_count += 1
                queued_from[p] = max(queued_from[p], net.incident_position[e])
        marked_count = 0
        improved_count = 0
        for q in range(queue_count):
            p = queue[q]
            first = net.pattern_offset[p]
            left = OUT_OF_REACH_S
            for place in range(first + queued_from[p], first - 1, -1):
                s = net.stop[place]
                if left < OUT_OF_REACH_S:
                    left += net.ride_s[place]
                    if left < leaving[place, k] and (net.flags[place] & mask_board) == mask_board:
                        for j in range(k, max_rides + 1):
                            leaving[place, j] = left
                        if left < boarding[s, k]:
                            for j in range(k, max_rides + 1):
                                boarding[s, j] = left
                            if not is_improved[s]:
                                is_improved[s] = True
                                improved[improved_count] = s
                                improved_count += 1
                    left += net.dwell_s[place]
                if (net.flags[place] & mask_alight) == mask_alight:
                    left = min(left, alighted[s, k - 1])
                if left > longest_s:
                    left = OUT_OF_REACH_S
            queued_from[p] = -1
        for m in range(improved_count):
            to = improved[m]
            is_improved[to] = False
            for e in range(foot_back.offset[to] - 1, foot_back.offset[to + 1]):
                if e < foot_back.offset[to]:
                    s = to
                    left = boarding[to, k] + slack_s + change_s[to]
                    if change_s[to] >= NO_CHANGE_S:
                        continue
                else:
                    s = foot_back.target[e]
                    left = boarding[to, k] + slack_s + foot_back.duration_s[e]
                if left < alighted[s, k]:
                    for j in range(k, max_rides + 1):
                        alighted[s, j] = left
                    if not is_marked[s]:
                        is_marked[s] = True
                        marked[marked_count] = s
                        marked_count += 1
    return alighted, boarding, leaving
