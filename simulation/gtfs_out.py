"""A scenario's services as a GTFS feed of their own."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lastmile.errors import NoRouteError, OffNetworkError, RequestError
from lastmile.network.access import Mode
from lastmile.network.paths import shortest_path
from lastmile.places import Gazetteer
from lastmile.transit.archive import RawFeed
from lastmile.transit.model import WEEKDAYS
from lastmile.transit.validate import validate
from lastmile.transit.writer import clock_texts
from lastmile.units import great_circle_m
from simulation.shuttle import OUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lastmile.network.street import StreetNetwork
    from lastmile.places import Language, Place
    from lastmile.transit.model import Feed
    from scenarios.schema import Scenario
    from simulation.shuttle import Service
    from simulation.supply import Supply

Tables = dict[str, pd.DataFrame]
"""GTFS tables by name, every cell text."""

AGENCY: Final = "lastmile"
ZONE: Final = "Europe/Helsinki"
LANGUAGES: Final[tuple[Language, ...]] = ("fi", "sv", "en")
BUS: Final = "3"
_SHORT_NAME: Final = 12
_RUN_AT_LEAST: Final = 3
_DAYS: Final = {
    "weekday": WEEKDAYS[:5],
    "saturday": ("saturday",),
    "sunday": ("sunday",),
}


@dataclass(frozen=True, slots=True)
class Publication:
    """Who publishes the feed, and when its services run.

    Attributes
    ----------
    agency, url
        Who runs the services, and their web page.
    days
        Days of the week, as in GTFS; those of the scenario's day where empty.
    first, last
        First and last day; the month of the scenario's day where None.
    headways
        Whether departures at even intervals are written as ``frequencies.txt`` with exact
        times. Vehicle blocks are then not part of the feed.
    """

    agency: str = "Lastmile pilot"
    url: str = "https://example.org/"
    days: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    headways: bool = False


def pilots_of(scenario: Scenario, supply: Supply, wanted: Sequence[str] = ()) -> list[Service]:
    """Return the services to write: those named, else every pilot with stops of its own.

    Raises
    ------
    RequestError
        If there is none, or one named does not run.
    """
    by_id = {service.id: service for service in supply.services}
    names = list(wanted) or [name for name in by_id if scenario.services[name].route is None]
    unknown = [name for name in names if name not in by_id]
    if unknown or not names:
        known = ", ".join(by_id) or "none"
        what = f"no service {unknown[0]!r}" if unknown else "no pilot with stops of its own"
        raise RequestError(f"{scenario.name} has {what}; its services are: {known}")
    return [by_id[name] for name in names]


def pilot_tables(
    scenario: Scenario, supply: Supply, services: Iterable[Service], publication: Publication
) -> Tables:
    """Return services as GTFS tables.

    Parameters
    ----------
    scenario, supply
        Whose services they are, and the streets they run on.
    services
        Which of them.
    publication
        Who publishes the feed, and when its services run.

    Returns
    -------
    dict of str to DataFrame
        agency, stops, routes, trips, stop_times, shapes, calendar, feed_info, translations,
        and frequencies where they are asked for and departures are even.

    Raises
    ------
    RequestError
        If the service would never run.
    """
    first, last = _span(supply.timetable.day, publication)
    days = publication.days or _DAYS[scenario.day.day_type]
    _runs_at_all(days, first, last)
    writer = _Writer(scenario, supply.streets, publication)
    for service in services:
        writer.add(service)
    texts = {name: pd.DataFrame(rows, dtype="str") for name, rows in writer.rows.items() if rows}
    dates = {"start_date": f"{first:%Y%m%d}", "end_date": f"{last:%Y%m%d}"}
    texts["agency"] = _one_row(
        agency_id=AGENCY,
        agency_name=publication.agency,
        agency_url=publication.url,
        agency_timezone=ZONE,
        agency_lang="fi",
    )
    texts["calendar"] = _one_row(
        service_id=scenario.day.day_type,
        **{name: str(int(name in days)) for name in WEEKDAYS},
        **dates,
    )
    texts["feed_info"] = _one_row(
        feed_publisher_name=publication.agency,
        feed_publisher_url=publication.url,
        feed_lang="fi",
        feed_start_date=dates["start_date"],
        feed_end_date=dates["end_date"],
        feed_version=supply.digest,
        feed_contact_url=publication.url,
    )
    return texts


def table_files(tables: Tables) -> dict[str, bytes]:
    """Return tables as GTFS files by name."""
    return {
        f"{name}.txt": table.fillna("").to_csv(index=False, lineterminator="\n").encode()
        for name, table in sorted(tables.items())
    }


def as_feed(tables: Tables, source: str = "pilot") -> Feed:
    """Return tables as a feed, judged like any other."""
    files = {name.removesuffix(".txt"): data for name, data in table_files(tables).items()}
    return validate(RawFeed(source, files, source), lambda _message: None)


def _one_row(**cells: str) -> pd.DataFrame:
    return pd.DataFrame([cells], dtype="str")


def _span(day: date, publication: Publication) -> tuple[date, date]:
    """Return the first and last day of service."""
    first = publication.first or day.replace(day=1)
    last = publication.last or first.replace(day=monthrange(first.year, first.month)[1])
    if last < first:
        raise RequestError(f"the service ends on {last} before it begins on {first}")
    return first, last


def _runs_at_all(days: Sequence[str], first: date, last: date) -> None:
    for k in range(min((last - first).days + 1, len(WEEKDAYS))):
        if WEEKDAYS[(first + timedelta(days=k)).weekday()] in days:
            return
    raise RequestError(f"between {first} and {last} there is no {' or '.join(days)}")


@dataclass(slots=True)
class _Writer:
    """Gathers the rows of the tables, service by service."""

    scenario: Scenario
    streets: StreetNetwork
    publication: Publication
    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {
            name: []
            for name in (
                "stops",
                "routes",
                "trips",
                "stop_times",
                "shapes",
                "frequencies",
                "translations",
            )
        }
    )
    stop_ids: dict[tuple[str, float, float], str] = field(default_factory=dict)
    legs: dict[tuple[float, ...], list[tuple[float, float]]] = field(default_factory=dict)
    told: set[tuple[str, str, str]] = field(default_factory=set)

    def add(self, service: Service) -> None:
        """Add a service's route, stops, trips and shapes."""
        places = self._places(service)
        as_drawn = -1 if service.turned else 1
        ids: dict[int, list[str]] = {}
        for way in np.unique(service.direction).tolist()[::as_drawn]:
            known = {
                index: self._stop(service, index, places[index], way)
                for index in range(len(places))[::as_drawn]
            }
            ids[way] = [known[index] for index in range(len(places))]
        names = [
            self.rows["stops"][self._row(one)]["stop_name"] for one in next(iter(ids.values()))
        ]
        start, end = (-1, 0) if service.turned else (0, -1)
        long_name = f"{names[start]} - {names[end]}"
        for language in LANGUAGES:
            ends = [
                name if place is None else place.name(language)
                for name, place in ((names[start], places[start]), (names[end], places[end]))
            ]
            self._translate("routes", "route_long_name", long_name, language, " - ".join(ends))
        self.rows["routes"].append(
            {
                "route_id": service.id,
                "agency_id": AGENCY,
                "route_short_name": service.name[:_SHORT_NAME],
                "route_long_name": long_name,
                "route_type": BUS,
            }
        )
        groups: dict[tuple[int, ...], list[int]] = {}  # a pattern has one direction
        starts = np.nanmin(service.times_s, axis=1)
        for trip in np.argsort(starts, kind="stable").tolist():
            groups.setdefault(tuple(service.calls(trip).tolist()), []).append(trip)
        for number, (calls, trips) in enumerate(groups.items(), start=1):
            headsign = names[calls[-1]]
            place = places[calls[-1]]
            for language in LANGUAGES:
                said = headsign if place is None else place.name(language)
                self._translate("trips", "trip_headsign", headsign, language, said)
            shape = f"{service.id}-{number}"
            way = int(service.direction[trips[0]])
            along = self._shape(shape, service, calls, way)
            for run in self._runs(service, calls, trips):
                self._trip(service, ids[way], calls, run, shape, along, headsign)

    def _places(self, service: Service) -> list[Place | None]:
        """Return the place of each stop; None where it has no entry in the gazetteer."""
        spec = self.scenario.services[service.id]
        gazetteer = Gazetteer.bundled()
        if spec.stops is None:
            return [None] * len(service.stops)
        places = [gazetteer[one] if isinstance(one, str) else None for one in spec.stops]
        return places[::-1] if service.turned else places

    def _row(self, stop_id: str) -> int:
        return list(self.stop_ids.values()).index(stop_id)

    def _stop(self, service: Service, index: int, place: Place | None, way: int) -> str:
        """Add the stop of a direction unless it is there; return its id."""
        name = service.stops[index] if place is None else place.name_fi
        lat, lon = service.point(index, way)
        key = (name, lat, lon)
        if key in self.stop_ids:
            return self.stop_ids[key]
        wanted = _slug(name) if place is None else place.id
        stop_id, again = wanted, 1
        while stop_id in self.stop_ids.values():
            again += 1
            stop_id = f"{wanted}-{again}"
        self.stop_ids[key] = stop_id
        self.rows["stops"].append(
            {
                "stop_id": stop_id,
                "stop_name": name,
                "stop_lat": f"{lat:.7f}",
                "stop_lon": f"{lon:.7f}",
                "zone_id": "" if place is None else place.zone or "",
            }
        )
        for language in LANGUAGES:
            said = name if place is None else place.name(language)
            self._translate("stops", "stop_name", name, language, said)
        return stop_id

    def _translate(self, table: str, column: str, text: str, language: str, said: str) -> None:
        key = (column, text, language)
        if key in self.told:
            return
        self.told.add(key)
        self.rows["translations"].append(
            {
                "table_name": table,
                "field_name": column,
                "language": language,
                "translation": said,
                "field_value": text,
            }
        )

    def _shape(self, shape: str, service: Service, calls: Sequence[int], way: int) -> list[float]:
        """Add the line through some stops, along the roads; return each stop's place on it, m."""
        points = [service.point(stop, way) for stop in calls]
        line: list[tuple[float, float]] = [points[0]]
        dist = [0.0]
        along = [0.0]
        for start, end in pairwise(points):
            for lat, lon in (*self._leg(start, end), end):
                step = great_circle_m(*line[-1], lat, lon)
                if step > 0.01:  # noqa: PLR2004 - points of one centimetre are one
                    line.append((round(lat, 7), round(lon, 7)))
                    dist.append(dist[-1] + step)
            along.append(dist[-1])
        self.rows["shapes"] += [
            {
                "shape_id": shape,
                "shape_pt_lat": f"{lat:.7f}",
                "shape_pt_lon": f"{lon:.7f}",
                "shape_pt_sequence": str(number),
                "shape_dist_traveled": f"{metres:.3f}",
            }
            for number, ((lat, lon), metres) in enumerate(zip(line, dist, strict=True))
        ]
        return along

    def _leg(
        self, start: tuple[float, float], end: tuple[float, float]
    ) -> list[tuple[float, float]]:
        """Return the road between two stops; nothing where there is none."""
        key = (*start, *end)
        if key not in self.legs:
            try:
                path = shortest_path(self.streets, start, end, Mode.CAR)
                self.legs[key] = list(path.coordinates)
            except (NoRouteError, OffNetworkError):
                self.legs[key] = []
        return self.legs[key]

    def _runs(
        self, service: Service, calls: Sequence[int], trips: Sequence[int]
    ) -> list[list[int]]:
        """Return trips one by one, or those at even intervals together."""
        if not self.publication.headways:
            return [[trip] for trip in trips]
        patterns: dict[tuple[int, ...], list[int]] = {}
        for trip in trips:
            times = _times(service, trip, calls)
            patterns.setdefault(tuple(one - times[0] for one in times), []).append(trip)
        return [
            run
            for same in patterns.values()
            for run in _even_runs(same, [_times(service, trip, calls)[0] for trip in same])
        ]

    def _trip(
        self,
        service: Service,
        ids: Sequence[str],
        calls: Sequence[int],
        run: Sequence[int],
        shape: str,
        along: Sequence[float],
        headsign: str,
    ) -> None:
        """Add a trip, or several at even intervals as one."""
        trip = run[0]
        times = _times(service, trip, calls)
        trip_id = f"{service.id}-{trip + 1}"
        together = len(run) > 1
        self.rows["trips"].append(
            {
                "route_id": service.id,
                "service_id": self.scenario.day.day_type,
                "trip_id": trip_id,
                "trip_headsign": headsign,
                "direction_id": str(int((service.direction[trip] == OUT) == service.turned)),
                "block_id": ""
                if self.publication.headways
                else f"{service.id}-{int(service.block[trip]) + 1}",
                "shape_id": shape,
            }
        )
        clocks = clock_texts(np.array(times, dtype=np.int64))
        self.rows["stop_times"] += [
            {
                "trip_id": trip_id,
                "arrival_time": clock,
                "departure_time": clock,
                "stop_id": ids[stop],
                "stop_sequence": str(number),
                "shape_dist_traveled": f"{metres:.3f}",
                "timepoint": "1",
            }
            for number, (stop, clock, metres) in enumerate(
                zip(calls, clocks, along, strict=True), start=1
            )
        ]
        if together:
            headway = _times(service, run[1], calls)[0] - times[0]
            last = _times(service, run[-1], calls)[0]
            start, end = clock_texts(np.array([times[0], last + headway], dtype=np.int64))
            self.rows["frequencies"].append(
                {
                    "trip_id": trip_id,
                    "start_time": start,
                    "end_time": end,
                    "headway_secs": str(headway),
                    "exact_times": "1",
                }
            )


def _times(service: Service, trip: int, calls: Sequence[int]) -> list[int]:
    """Return when a trip calls at its stops, whole s."""
    return [round(float(service.times_s[trip, stop])) for stop in calls]


def _even_runs(trips: Sequence[int], starts: Sequence[int]) -> list[list[int]]:
    """Cut trips in order of departure into runs at even intervals, and single ones."""
    runs: list[list[int]] = []
    first = 0
    while first < len(trips):
        last = first
        while (
            last + 1 < len(trips)
            and starts[last + 1] - starts[last] == starts[min(first + 1, last + 1)] - starts[first]
        ):
            last += 1
        if last - first + 1 >= _RUN_AT_LEAST and starts[last] > starts[first]:
            runs.append(list(trips[first : last + 1]))
            first = last + 1
        else:
            runs.append([trips[first]])
            first += 1
    return runs


def _slug(name: str) -> str:
    """Return a name as an id of plain letters."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or "stop"
