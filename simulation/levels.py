"""Levels of service: what each way to each entrance takes, from every zone, at every hour.

Times come from the street network and the timetable. Each part of a journey is kept apart (in
the vehicle, waiting, walking, changing), so that its weight can be chosen later.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

from lastmile.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class RideLevels:
    """One way by a scheduled or shared mode; arrays of shape (zones, entrances, hours).

    On the way there the hour is that of the wished arrival, on the way back that of leaving the
    park. All are nan where there is no such journey.

    Attributes
    ----------
    in_vehicle_s, wait_s, walk_s, cycle_s
        Time on board, waiting at stops, on foot, and on a bike, s.
    schedule_delay_s
        Between the wished time and the timetable's, s.
    transfers
        Changes of vehicle.
    fare_eur
        Fare of one adult, EUR.
    """

    in_vehicle_s: NDArray[np.float64]
    wait_s: NDArray[np.float64]
    walk_s: NDArray[np.float64]
    cycle_s: NDArray[np.float64]
    schedule_delay_s: NDArray[np.float64]
    transfers: NDArray[np.float64]
    fare_eur: NDArray[np.float64]

    @classmethod
    def none(cls, zones: int, entrances: int) -> RideLevels:
        """Return levels of a mode that serves nobody."""
        return cls(*(np.full((zones, entrances, HOURS), np.nan) for _ in fields(cls)))


@dataclass(frozen=True, slots=True)
class LevelsOfService:
    """Times and costs of every way to the park.

    Attributes
    ----------
    zones, entrances
        Names, in the order of the arrays.
    drive_s, drive_m
        (zones, entrances) by car to the entrance, s and m; inf where there is no way.
    bike_s, walk_s
        (zones, entrances) all the way on an own bike or on foot, s; inf where there is none.
    bus_there, bus_back, shuttle_there, shuttle_back, citybike_there, citybike_back
        Scheduled and shared modes: the best way by a line of the timetable, by a pilot's line,
        and by hired bike.
    parking_fee_eur
        (entrances,) fee for a day at the entrance's car parks, EUR.
    parking_open
        (entrances,) whether a car may go there.
    exposure
        What the day's weather adds for walkers and cyclists: 0 good, 0.5 fair, 1 poor.
    digest
        Hash of everything the levels were made from.
    """

    zones: tuple[str, ...]
    entrances: tuple[str, ...]
    drive_s: NDArray[np.float64]
    drive_m: NDArray[np.float64]
    bike_s: NDArray[np.float64]
    walk_s: NDArray[np.float64]
    bus_there: RideLevels
    bus_back: RideLevels
    shuttle_there: RideLevels
    shuttle_back: RideLevels
    citybike_there: RideLevels
    citybike_back: RideLevels
    parking_fee_eur: NDArray[np.float64]
    parking_open: NDArray[np.bool_]
    exposure: float
    digest: str = ""

    def __post_init__(self) -> None:
        """Check the shapes.

        Raises
        ------
        DataError
            If an array has another shape than zones and entrances say.
        """
        shape = (len(self.zones), len(self.entrances))
        faults = [
            name
            for name in ("drive_s", "drive_m", "bike_s", "walk_s")
            if getattr(self, name).shape != shape
        ]
        faults += [
            f"{way}.{field.name}"
            for way in (
                "bus_there",
                "bus_back",
                "shuttle_there",
                "shuttle_back",
                "citybike_there",
                "citybike_back",
            )
            for field in fields(RideLevels)
            if getattr(getattr(self, way), field.name).shape != (*shape, HOURS)
        ]
        if faults:
            raise DataError(f"levels of service: wrong shape of {', '.join(faults)}")
