"""Departures as people plan by them: which to take, when to be at the stop, what comes next."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulation.shuttle import ShuttleLine


class Departures:
    """A line's departures from one stop to another, as people plan by them."""

    __slots__ = ("arrivals", "departures", "feeder", "late", "transfer_s")

    def __init__(self, line: ShuttleLine, board: int, alight: int) -> None:
        service = line.service
        trips = service.departures(board, alight)
        self.departures: list[float] = service.times_s[trips, board].tolist()
        self.arrivals: list[float] = service.times_s[trips, alight].tolist()
        self.feeder: list[float] = []
        self.late: list[float] = []
        if service.feeder_s:
            self.feeder = service.feeder_s[board].tolist()
            self.late = line.luck.feeder_delay_s[board].tolist()
        self.transfer_s = service.transfer_s

    def plan(
        self, arrive_s: float, earliest_s: float, margin_s: float, *, by_feeder: bool
    ) -> tuple[float, float]:
        """Return when to be at the stop, and the departure to take: the one nearest in time.

        Parameters
        ----------
        arrive_s
            When they would like to get off, s.
        earliest_s
            Before this they cannot leave.
        margin_s
            How long before the departure they mean to be there.
        by_feeder
            Whether a train or metro brings them: then they come with the last one that leaves
            them the margin, and as late as it is.
        """
        first = bisect_left(self.departures, earliest_s)
        later = max(bisect_left(self.arrivals, arrive_s), first)
        if later > first and (
            later == len(self.arrivals)
            or arrive_s - self.arrivals[later - 1] < self.arrivals[later] - arrive_s
        ):
            later -= 1
        if later >= len(self.departures):
            return max(arrive_s, earliest_s), math.nan
        departure_s = self.departures[later]
        at_stop_s = departure_s - margin_s
        if by_feeder and self.feeder:
            train = bisect_right(self.feeder, at_stop_s - self.transfer_s) - 1
            if train >= 0:
                at_stop_s = self.feeder[train] + self.late[train] + self.transfer_s
        return max(at_stop_s, earliest_s, 0.0), departure_s

    def following(self, ready_s: float) -> tuple[float, float] | None:
        """Return the next departure and its arrival, s; None after the last one."""
        rank = bisect_left(self.departures, ready_s)
        if rank == len(self.departures):
            return None
        return self.departures[rank], self.arrivals[rank]
