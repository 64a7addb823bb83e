"""Public transport between many places at many times, as arrays: what the simulator asks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from lastmile.fares import Ride as FareRide
from lastmile.itinerary import Waypoint
from lastmile.transit.journeys import Ride
from lastmile.transit.raptor import Ends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lastmile.planner.connections import Connections
    from lastmile.planner.transit import TransitDay
    from lastmile.transit.journeys import Found

    Floats = NDArray[np.float64]

LATE_S = 4 * 3600
"""Departures this long after the last one asked for still count as its next connection."""


@dataclass(frozen=True, eq=False)
class TransitMatrix:
    """The best journey of every pair for every departure, shape (n, m, k); nan where none.

    Attributes
    ----------
    in_vehicle_s
        Time in vehicles.
    wait_s
        All waiting: before leaving for the first stop, at stops, and the margin of changes.
    first_wait_s
        Of it, that between the departure asked for and the time one has to leave.
    walk_s, walk_m
        Access, changes and egress on foot.
    transfers
        Changes between vehicles.
    fare_eur
        Single tickets of an adult; nan also where a zone or price is not known.
    arrival_s
        s after midnight of the service day.
    """

    in_vehicle_s: Floats
    wait_s: Floats
    first_wait_s: Floats
    walk_s: Floats
    walk_m: Floats
    transfers: Floats
    fare_eur: Floats
    arrival_s: Floats


def transit_matrix(
    day: TransitDay,
    connections: Connections,
    origins: Sequence[tuple[float, float]],
    destinations: Sequence[tuple[float, float]],
    departures_s: NDArray[np.float64],
    *,
    transfer_penalty_s: float,
) -> TransitMatrix:
    """Return the best journeys between all pairs for all departures.

    Parameters
    ----------
    day
        The service day.
    connections
        Ways between doors and stops.
    origins, destinations
        n and m points, (lat, lon).
    departures_s
        (k,) when one is ready to leave, s after midnight of the service day.
    transfer_penalty_s
        What a change counts as when the best journey is picked, s of arrival.
    """
    starts = [connections.walks(Waypoint("", *point)) for point in origins]
    goals = [connections.walks(Waypoint("", *point)) for point in destinations]
    found = day.router.many_to_many(
        [Ends.of(ways.stop, ways.duration_s) for ways in starts],
        [Ends.of(ways.stop, ways.duration_s) for ways in goals],
        int(departures_s.min()),
        int(departures_s.max()) + LATE_S,
        day.options(),
    )
    row = found.earliest(
        departures_s, len(origins), len(destinations), penalty_s=round(transfer_penalty_s)
    )
    none = row < 0
    at = np.where(none, 0, row)
    fares, walked = np.full(len(found), np.nan), np.full(len(found), np.nan)
    for journey in np.unique(row[~none]).tolist():
        rides = rides_of(day, found, journey)
        fares[journey], walked[journey] = _fare_and_walk(day, rides)
        walked[journey] += starts[found.origin[journey]].to(int(found.access_stop[journey]))[1]
        walked[journey] += goals[found.target[journey]].to(int(found.egress_stop[journey]))[1]

    def column(values: NDArray[np.generic]) -> Floats:
        if not len(values):
            return np.full(row.shape, np.nan)
        return np.where(none, np.nan, values.astype(np.float64)[at])

    arrival_s, departure_s = column(found.arrival_s), column(found.departure_s)
    in_vehicle_s, walk_s = column(found.in_vehicle_s), column(found.walk_s)
    return TransitMatrix(
        in_vehicle_s=in_vehicle_s,
        wait_s=arrival_s - departures_s - in_vehicle_s - walk_s,
        first_wait_s=departure_s - departures_s,
        walk_s=walk_s,
        walk_m=column(walked),
        transfers=column(found.rides - 1),
        fare_eur=column(fares),
        arrival_s=arrival_s,
    )


def rides_of(day: TransitDay, found: Found, journey: int) -> list[Ride]:
    """Return the rides of one of many journeys."""
    patterns = day.timetable.patterns
    rides = []
    for leg in range(int(found.leg_offset[journey]), int(found.leg_offset[journey + 1])):
        trip, board, alight = (
            int(found.leg_trip[leg]),
            int(found.leg_board[leg]),
            int(found.leg_alight[leg]),
        )
        stops = patterns.stops_of(patterns.pattern_of(trip))
        rides.append(
            Ride(
                trip=trip,
                board=int(stops[board]),
                alight=int(stops[alight]),
                board_position=board,
                alight_position=alight,
                departure_s=int(found.leg_departure_s[leg]),
                arrival_s=int(found.leg_arrival_s[leg]),
            )
        )
    return rides


def _fare_and_walk(day: TransitDay, rides: Sequence[Ride]) -> tuple[float, float]:
    """Return the fare (nan where not known) and the metres walked between rides."""
    fare = day.costs.fares.fare(
        [FareRide(float(ride.departure_s), day.facts(ride).zones) for ride in rides]
    )
    walk_m = sum(day.change(before, after)[1] for before, after in pairwise(rides))
    return (np.nan if fare.eur is None else fare.eur), walk_m
