"""City bike stations, from the bundle or the user's data set."""

from __future__ import annotations

import csv
import io
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lastmile.datasets import active, bundle_path, read_bundle
from lastmile.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from lastmile.datasets import UserDataset

STATIONS_FILE = "stations.csv"
COUNTED_AT = "bikes_counted_at"
"""Fact of a built data set: epoch second its bikes were counted at."""

FRESH_S = 3600.0
"""How long a count of bikes says something of now."""

FIRST_MONTH, LAST_MONTH = 4, 10
"""The season: April to October (HSL, city bikes)."""


@dataclass(frozen=True, slots=True)
class BikeStation:
    """A station where city bikes are rented and returned.

    Attributes
    ----------
    id
        The station's number.
    docks
        Places for bikes; None where not known.
    bikes
        Bikes there now; None where nobody says (the bundle does not).
    """

    id: str
    name: str
    lat: float
    lon: float
    docks: int | None = None
    bikes: int | None = None

    @property
    def rents(self) -> bool:
        """Whether a bike may be had, as far as is known."""
        return self.bikes is None or self.bikes > 0

    @property
    def takes(self) -> bool:
        """Whether a bike may be returned, as far as is known."""
        if self.docks is None or self.bikes is None:
            return self.docks is None or self.docks > 0
        return self.bikes < self.docks


def in_season(day: date) -> bool:
    """Tell whether city bikes are out on a day."""
    return FIRST_MONTH <= day.month <= LAST_MONTH


def load_bike_stations() -> tuple[BikeStation, ...]:
    """Return the stations of the user's data set, or else of the bundle.

    Raises
    ------
    DataError
        The table is missing or damaged; the message names the line.
    """
    built = active("bikes")
    if built is None:
        content, where = (
            read_bundle(f"bikes/{STATIONS_FILE}"),
            bundle_path(f"bikes/{STATIONS_FILE}"),
        )
    else:
        where = built.verified_path(STATIONS_FILE)
        content = where.read_bytes()
    fresh = built is not None and _is_fresh(built)
    rows = csv.DictReader(io.StringIO(content.decode("utf-8")))
    stations = []
    for row in rows:
        try:
            station = _station(row)
            stations.append(station if fresh else replace(station, bikes=None))
        except (KeyError, ValueError, TypeError) as error:
            raise DataError(
                f"{where}, line {rows.line_num}: not a bike station ({error})"
            ) from error
    return tuple(stations)


def _is_fresh(built: UserDataset) -> bool:
    """Say whether a data set's bikes were counted within the hour."""
    counted_at = built.manifest.stats.get(COUNTED_AT)
    return isinstance(counted_at, (int, float)) and time.time() - counted_at <= FRESH_S


def _station(row: Mapping[str, str]) -> BikeStation:
    """Return the station of one row; empty counts are not known."""
    return BikeStation(
        id=row["id"],
        name=row["name_fi"],
        lat=float(row["lat"]),
        lon=float(row["lon"]),
        docks=int(row["docks"]) if row["docks"] else None,
        bikes=int(row["bikes"]) if row.get("bikes") else None,
    )
