"""The way from home to the stop of a line: by the trip planner's journeys, or on foot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from lastmile.network.access import Mode
from lastmile.network.paths import matrix
from simulation.ways import Journeys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from lastmile.network.street import Snap
    from lastmile.planner.core import Planner

    Floats = NDArray[np.float64]
    Point = tuple[float, float]

LONGEST_WALK_S: Final = 1800.0
"""Longest walk to a line's stop all the way from home."""


@dataclass(frozen=True, slots=True)
class Feeder:
    """Plans the way to the stops of a line.

    Attributes
    ----------
    planner
        The trip planner.
    day
        The service day.
    transfer_s
        What boarding a vehicle counts as against walking all the way, s.
    """

    planner: Planner
    day: date
    transfer_s: float

    def __call__(
        self, origins: Sequence[Point], destinations: Sequence[Point], departures_s: Floats
    ) -> Journeys:
        """Return the earliest arrivals, by public transport or on foot where that is less effort.

        Parameters
        ----------
        origins, destinations
            (lat, lon) points.
        departures_s
            (k,) earliest departures from the origins, s after midnight.

        Returns
        -------
        Journeys
            Arrays of shape (origins, destinations, k), nan where there is none. People time
            their departure: waiting at home for the first vehicle is no part of the journey.
        """
        by_vehicle, on_foot = _journeys(
            self.planner,
            self.day,
            tuple(origins),
            tuple(destinations),
            tuple(departures_s.tolist()),
        )
        effort_s = by_vehicle.in_vehicle_s + by_vehicle.wait_s + by_vehicle.walk_s
        effort_s = effort_s + self.transfer_s * (by_vehicle.transfers + 1)
        rides = np.nan_to_num(effort_s, nan=np.inf) < np.nan_to_num(on_foot.walk_s, nan=np.inf)
        return Journeys(
            *(
                np.where(rides, vehicle, foot)
                for vehicle, foot in zip(by_vehicle, on_foot, strict=True)
            )
        )


@lru_cache(maxsize=64)
def _journeys(
    planner: Planner,
    day: date,
    origins: tuple[Point, ...],
    destinations: tuple[Point, ...],
    departures_s: tuple[float, ...],
) -> tuple[Journeys, Journeys]:
    """Plan the journeys by vehicle and on foot.

    A line's stops are asked for again by every scenario that has it, in every plausible world.
    """
    shape = (len(origins), len(destinations), len(departures_s))
    leave_s = np.array(departures_s)
    by_vehicle = Journeys(*(np.full(shape, np.nan) for _ in Journeys._fields))
    foot_s = np.full(shape, np.nan)
    rows, here = _on_streets(planner, origins)
    columns, there = _on_streets(planner, destinations)
    if len(rows) and len(columns):
        cells = np.ix_(rows, columns, np.arange(shape[2]))
        walk_s = matrix(planner.network, here, there, Mode.WALK).duration_s[:, :, None]
        foot_s[cells] = np.where(walk_s <= LONGEST_WALK_S, walk_s, np.nan)
        found = planner.transit_matrix(
            [origins[row] for row in rows],
            [destinations[column] for column in columns],
            day,
            leave_s,
        )
        columns_found = (
            found.in_vehicle_s,
            found.wait_s - found.first_wait_s,
            found.walk_s,
            found.transfers,
            found.arrival_s,
        )
        for whole, part in zip(by_vehicle, columns_found, strict=True):
            whole[cells] = part
    nothing = foot_s * 0.0
    return by_vehicle, Journeys(nothing, nothing, foot_s, nothing, leave_s + foot_s)


def _on_streets(planner: Planner, points: Sequence[Point]) -> tuple[NDArray[np.intp], list[Snap]]:
    """Return which points lie by a street, and where."""
    lat, lon = np.array(points, dtype=float).reshape(-1, 2).T
    places = planner.network.snap_many(lat, lon, Mode.WALK)
    on = np.flatnonzero(places.edge >= 0)
    return on, [places.snap(int(row)) for row in on]
