"""What a GTFS feed is once it has been read and judged: tables that refer to each other by row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from lastmile.units import SECONDS_PER_HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from lastmile.transit.tables import FeedWarning

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NOON = time(12)


def records(frame: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Iterate over the rows of a frame as tuples of plain values, one per column named."""
    return zip(*(frame[column].tolist() for column in columns), strict=True)


@dataclass(frozen=True, eq=False)
class StopTimes:
    """The calls of every trip, trip after trip, in order of travel.

    Attributes
    ----------
    offset
        (trips + 1,) int64; the calls of trip ``t`` are ``offset[t]:offset[t + 1]``.
    stop
        (calls,) int32, row in the feed's ``stops``.
    arrival_s, departure_s
        (calls,) int32, s after midnight of the service day (may pass 86 400). Times the file
        leaves open are interpolated along the trip.
    is_timepoint
        (calls,) bool, false where the time was interpolated.
    pickup_type, drop_off_type
        (calls,) int8, as in GTFS (0 regular, 1 none, 2 phone the agency, 3 ask the driver).
    headsign
        (calls,) int32, row in ``headsigns``; -1 where the trip's own headsign holds.
    headsigns
        The texts.
    shape_dist
        (calls,) float64, ``shape_dist_traveled``; nan where it is not given.
    """

    offset: NDArray[np.int64]
    stop: NDArray[np.int32]
    arrival_s: NDArray[np.int32]
    departure_s: NDArray[np.int32]
    is_timepoint: NDArray[np.bool_]
    pickup_type: NDArray[np.int8]
    drop_off_type: NDArray[np.int8]
    headsign: NDArray[np.int32]
    headsigns: tuple[str, ...]
    shape_dist: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shapes:
    """The lines vehicles follow.

    Attributes
    ----------
    shape_id
        Names, one a shape.
    offset
        (shapes + 1,) int64; the points of shape ``s`` are ``offset[s]:offset[s + 1]``.
    lat, lon
        (points,) degrees.
    dist
        (points,) ``shape_dist_traveled``; nan where it is not given.
    """

    shape_id: tuple[str, ...]
    offset: NDArray[np.int64]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    dist: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Feed:
    """A validated timetable feed. Frames keep GTFS's column names; ids are text.

    Attributes
    ----------
    source, digest
        Where it came from, and the SHA-256 of what was read.
    timezone
        The zone its times are of.
    agency
        agency_id, agency_name, agency_url, agency_timezone.
    stops
        The places where vehicles stop, one a row: stop_id, stop_code, stop_name, stop_lat,
        stop_lon, zone_id, parent_station (row in ``stations`` or -1), platform_code,
        wheelchair_boarding (0 unknown, 1 yes, 2 no; a station's value where the stop has none).
    stations
        Stations, entrances and other places that are not served themselves.
    routes
        route_id, agency_id, route_short_name, route_long_name, route_type, route_color,
        route_text_color.
    trips
        trip_id, route (row in ``routes``), service (row in ``services``), trip_headsign,
        trip_short_name, direction_id (-1 unknown), block_id, shape (row in ``shapes`` or -1),
        wheelchair_accessible, bikes_allowed (0 unknown, 1 yes, 2 no).
    services
        Service ids.
    calendar
        service (row), monday to sunday (bool), start_date, end_date (datetime64).
    calendar_dates
        service (row), date, added (bool; false takes the day out).
    frequencies
        trip (row), start_s, end_s, headway_s, exact_times.
    transfers
        from_stop, to_stop (rows in ``stops``; a station's rule is given for all its stops),
        transfer_type, min_transfer_time_s (nan where it is not given).
    translations
        As in the file, all text.
    feed_info
        As in the file, all text; no row where the feed has none.
    stop_times, shapes
        Arrays.
    warnings
        What was left out, and how often.
    """

    source: str
    digest: str
    timezone: str
    agency: pd.DataFrame
    stops: pd.DataFrame
    stations: pd.DataFrame
    routes: pd.DataFrame
    trips: pd.DataFrame
    services: tuple[str, ...]
    calendar: pd.DataFrame
    calendar_dates: pd.DataFrame
    frequencies: pd.DataFrame
    transfers: pd.DataFrame
    translations: pd.DataFrame
    feed_info: pd.DataFrame
    stop_times: StopTimes
    shapes: Shapes
    warnings: tuple[FeedWarning, ...] = ()

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone the feed's times are of."""
        return ZoneInfo(self.timezone)

    def day_start_s(self, day: date) -> float:
        """Return the epoch second a service day counts from: its noon minus 12 hours."""
        return datetime.combine(day, _NOON, self.zone).timestamp() - 12 * SECONDS_PER_HOUR

    def active_services(self, day: date) -> NDArray[np.bool_]:
        """Mark the services that run on a day, by calendar and exceptions.

        Returns
        -------
        numpy.ndarray
            (services,) bool.
        """
        active = np.zeros(len(self.services), dtype=np.bool_)
        when = np.datetime64(day)
        week = self.calendar
        runs = (
            week[WEEKDAYS[day.weekday()]].to_numpy(np.bool_)
            & (week["start_date"].to_numpy() <= when)
            & (week["end_date"].to_numpy() >= when)
        )
        active[week["service"].to_numpy()[runs]] = True
        today = self.calendar_dates["date"].to_numpy() == when
        active[self.calendar_dates["service"].to_numpy()[today]] = self.calendar_dates[
            "added"
        ].to_numpy(np.bool_)[today]
        return active

    @cached_property
    def span(self) -> tuple[date, date] | None:
        """First and last day any service may run; ``None`` where there is none."""
        added = self.calendar_dates["date"].to_numpy()[
            self.calendar_dates["added"].to_numpy(np.bool_)
        ]
        first = np.concatenate([self.calendar["start_date"].to_numpy(), added])
        last = np.concatenate([self.calendar["end_date"].to_numpy(), added])
        if not len(first):
            return None
        return (
            first.min().astype("datetime64[D]").astype(object),
            last.max().astype("datetime64[D]").astype(object),
        )

    def translate(self, table: str, field: str, value: str, language: str) -> str:
        """Return a text of the feed in another language, or as it is where there is none.

        Parameters
        ----------
        table, field
            As in ``translations.txt``: ``"stops"``, ``"stop_name"``.
        value
            The text to translate, or the id of its record.
        language
            Two-letter code.
        """
        return self._translations.get((table, field, value, language), value)

    @cached_property
    def _translations(self) -> dict[tuple[str, str, str, str], str]:
        known: dict[tuple[str, str, str, str], str] = {}
        columns = (
            "table_name",
            "field_name",
            "field_value",
            "record_id",
            "language",
            "translation",
        )
        for table, field, value, record, language, translation in records(
            self.translations, columns
        ):
            for key in (value, record):
                if key:
                    known[table, field, key, language] = translation
        return known
