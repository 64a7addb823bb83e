"""Bike stations of a live system, from its GBFS feeds (versions 1 to 3).

What is stale or missing is unknown, never zero: a station without fresh status keeps its place
and loses its count of bikes.
"""

from __future__ import annotations

import csv
import json
import math
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lastmile import datasets
from lastmile.errors import DataError
from lastmile.planner.stations import COUNTED_AT, STATIONS_FILE, BikeStation
from lastmile.transit.archive import Limits, download, is_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LIMITS: Final = Limits(download_bytes=64 << 20, download_s=60.0)
STALE_S: Final = 900.0
"""Status that is older than this, and than twice its own time to live, is not believed."""

STALEST_S: Final = 3600.0
"""Status that is older than this is not believed, whatever time to live it gives itself."""

_MOST_STATIONS: Final = 50_000
_MOST_BIKES: Final = 10_000
"""A station has no more of them; what says more is no count."""

_LONGEST_NAME: Final = 200
_POLE, _DATE_LINE = 90, 180


@dataclass(frozen=True, slots=True)
class BikeSystem:
    """A bike share system as its feeds have it.

    Attributes
    ----------
    name
        What it is called.
    stations
        Those that can be used.
    counted_at
        Epoch second of the status; None where it is absent or stale.
    warnings
        What was left out, and how often.
    licence
        Address of the licence, or "" where it says none.
    """

    name: str
    stations: tuple[BikeStation, ...]
    counted_at: float | None
    warnings: tuple[str, ...]
    licence: str = ""


def read_gbfs(source: str | Path, now_s: float | None = None) -> BikeSystem:
    """Read a system's stations and how many bikes they hold.

    Parameters
    ----------
    source
        Address of its ``gbfs.json``, or a folder with the feeds as ``<name>.json``.
    now_s
        Epoch second at which status is judged; the clock's where None.

    Raises
    ------
    DataError
        If the feeds cannot be fetched or are no GBFS, or no station can be used.
    """
    return _Reader(str(source), time.time() if now_s is None else now_s).read()


def build_bikes(source: str, progress: Callable[[str], None] | None = None) -> datasets.UserDataset:
    """Read a system and put its stations in force in place of the bundled ones.

    Raises
    ------
    DataError
        If it cannot be read or the data folder cannot be written; what was in force stays.
    """
    if progress:
        progress(f"reading {source}")
    system = read_gbfs(source)
    counted = sum(station.bikes is not None for station in system.stations)

    def build(folder: Path) -> Mapping[str, object]:
        with (folder / STATIONS_FILE).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("id", "name_fi", "lat", "lon", "docks", "bikes"))
            for one in system.stations:
                writer.writerow((one.id, one.name, one.lat, one.lon, one.docks, one.bikes))
        stats: dict[str, int | float | str] = {
            "stations": len(system.stations),
            "stations_with_bikes_counted": counted,
            "left_out": "; ".join(system.warnings),
        }
        if system.counted_at is not None:
            stats[COUNTED_AT] = system.counted_at
        return {
            "title": f"Bike stations of {system.name}",
            "source": source,
            "date": "" if system.counted_at is None else _day(system.counted_at),
            "licence": system.licence or "as the publisher states",
            "attribution": f"Bike stations: {system.name}",
            "stats": stats,
        }

    return datasets.install_dataset("bikes", build)


def _day(epoch_s: float) -> str:
    return f"{datetime.fromtimestamp(epoch_s).astimezone():%Y-%m-%d %H:%M}"


@dataclass(slots=True)
class _Reader:
    source: str
    now_s: float
    warnings: list[str] = field(default_factory=list)

    def read(self) -> BikeSystem:
        feeds = self._feeds()
        information = self._feed(feeds, "system_information", needed=False)
        places, where = self._feed_and_place(feeds, "station_information")
        status, counted_at = self._status(feeds)
        stations: dict[str, BikeStation] = {}
        faults: dict[str, int] = {}
        rows = self._rows(places, where)
        for row in rows[:_MOST_STATIONS]:
            try:
                station = self._station(row, status)
            except (KeyError, TypeError, ValueError, OverflowError):
                _count(faults, "stations without id, name or place, left out")
                continue
            if station is None:
                _count(faults, "stations that are not in place, left out")
            elif station.id in stations:
                _count(faults, "stations that were there before, left out")
            else:
                stations[station.id] = station
        if len(rows) > _MOST_STATIONS:
            _count(faults, f"stations beyond the first {_MOST_STATIONS}, left out", len(rows))
        unknown = sum(station.bikes is None for station in stations.values())
        if status and unknown:
            _count(faults, "stations without fresh status: their bikes are not known", unknown)
        self.warnings += [f"{count} {what}" for what, count in faults.items()]
        if not stations:
            raise DataError(f"{where}: no station that can be used{_why(self.warnings)}")
        data = _member(information, "data")
        return BikeSystem(
            name=_text(_member(data, "name")) or self.source,
            stations=tuple(stations.values()),
            counted_at=counted_at,
            warnings=tuple(self.warnings),
            licence=_text(_member(data, "license_url") or _member(data, "license_id")),
        )

    # --- the files

    def _get(self, where: str) -> dict[str, Any]:
        """Return the JSON object at an address or path."""
        if is_url(where):
            content = download(where, LIMITS)
        else:
            try:
                content = Path(where).expanduser().read_bytes()
            except OSError as error:
                raise DataError(f"{where}: cannot be read: {error.strerror or error}") from error
        try:
            found = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}: not JSON: {error}; is this a GBFS feed?") from error
        if not isinstance(found, dict) or not isinstance(found.get("data"), dict):
            raise DataError(f'{where}: no GBFS feed: it has no table "data"')
        return found

    def _feeds(self) -> dict[str, str]:
        """Return the address of every feed by its name."""
        if not is_url(self.source) and Path(self.source).expanduser().is_dir():
            folder = Path(self.source).expanduser()
            return {path.stem: str(path) for path in folder.glob("*.json")}
        data = self._get(self.source)["data"]
        listed = data.get("feeds")
        if listed is None:
            languages = [value for value in data.values() if isinstance(value, dict)]
            chosen = next(
                (data[one] for one in ("fi", "en") if isinstance(data.get(one), dict)),
                languages[0] if languages else {},
            )
            listed = chosen.get("feeds")
        if not isinstance(listed, list):
            raise DataError(f"{self.source}: no GBFS: it lists no feeds")
        local = not is_url(self.source)
        return {
            str(one["name"]): self._address(one, local=local)
            for one in listed
            if isinstance(one, dict) and isinstance(one.get("url"), str) and "name" in one
        }

    def _address(self, feed: Mapping[str, Any], *, local: bool) -> str:
        """Return where a feed is: beside a file that lists it, or at its address."""
        if local:
            return str(Path(self.source).expanduser().with_name(f"{feed['name']}.json"))
        if not is_url(feed["url"]):
            raise DataError(f"{self.source}: {feed['url']!r} of {feed['name']} is no address")
        return str(feed["url"])

    def _feed_and_place(self, feeds: Mapping[str, str], name: str) -> tuple[dict[str, Any], str]:
        if name not in feeds:
            raise DataError(
                f"{self.source}: it has no {name}; a system without stations cannot be used"
            )
        return self._get(feeds[name]), feeds[name]

    def _feed(self, feeds: Mapping[str, str], name: str, *, needed: bool) -> dict[str, Any]:
        """Return a feed that one can do without; say so where it is broken."""
        if name not in feeds:
            if needed:
                self.warnings.append(f"no {name}")
            return {}
        try:
            return self._get(feeds[name])
        except DataError as wrong:
            self.warnings.append(f"{name} was not used: {wrong}")
            return {}

    def _rows(self, feed: Mapping[str, Any], where: str) -> list[Any]:
        rows = feed["data"].get("stations")
        if not isinstance(rows, list):
            raise DataError(f"{where}: data.stations is no list")
        return rows

    # --- status

    def _status(self, feeds: Mapping[str, str]) -> tuple[dict[str, Any], float | None]:
        """Return what is known of each station now, and of when it is."""
        feed = self._feed(feeds, "station_status", needed=True)
        if not feed:
            return {}, None
        at_s = _epoch(feed.get("last_updated"))
        allowed_s = min(max(STALE_S, 2 * (_number(feed.get("ttl")) or 0.0)), STALEST_S)
        if at_s is None or not -STALE_S <= self.now_s - at_s <= allowed_s:
            age = "of no time" if at_s is None else f"{(self.now_s - at_s) / 60:.0f} min old"
            self.warnings.append(f"station_status is {age}: how many bikes there are is not known")
            return {}, None
        rows = feed["data"].get("stations")
        if not isinstance(rows, list):
            self.warnings.append("station_status has no list of stations")
            return {}, None
        known = {
            str(row["station_id"]): row
            for row in rows
            if isinstance(row, dict) and "station_id" in row and self._is_fresh(row, at_s)
        }
        return known, at_s

    def _is_fresh(self, row: Mapping[str, Any], at_s: float) -> bool:
        """Say whether a station reported within a day of its feed (some report on change only)."""
        reported_s = _epoch(row.get("last_reported"))
        return reported_s is not None and at_s - reported_s <= 86_400  # noqa: PLR2004 - a day

    def _station(self, row: Mapping[str, Any], status: Mapping[str, Any]) -> BikeStation | None:
        """Return one station; None where it is not in place."""
        lat, lon = float(row["lat"]), float(row["lon"])
        name = _text(row["name"])
        identity = "" if row["station_id"] is None else _plain(str(row["station_id"]))
        on_earth = abs(lat) <= _POLE and abs(lon) <= _DATE_LINE and (lat, lon) != (0, 0)
        if not (on_earth and name and identity):
            raise ValueError(identity)
        docks = _whole(row.get("capacity"))
        bikes = None
        now = status.get(identity)
        if now is not None:
            if now.get("is_installed") == 0:
                return None
            bikes = _whole(now.get("num_vehicles_available", now.get("num_bikes_available")))
            if now.get("is_renting") == 0:
                bikes = 0
            free = _whole(now.get("num_docks_available"))
            if docks is None and bikes is not None and free is not None:
                docks = bikes + free
        return BikeStation(identity, name, lat, lon, docks, bikes)


def _count(faults: dict[str, int], what: str, by: int = 1) -> None:
    faults[what] = faults.get(what, 0) + by


def _why(warnings: list[str]) -> str:
    return f" ({'; '.join(warnings)})" if warnings else ""


def _member(found: Any, name: str) -> Any:  # noqa: ANN401 - JSON
    return found.get(name) if isinstance(found, dict) else None


def _text(found: Any) -> str:  # noqa: ANN401 - JSON
    """Return a text, of several languages the Finnish or else the first one."""
    if isinstance(found, list):
        texts = [one for one in found if isinstance(one, dict) and isinstance(one.get("text"), str)]
        found = next((one["text"] for one in texts if one.get("language") == "fi"), None) or next(
            (one["text"] for one in texts), ""
        )
    return _plain(found) if isinstance(found, str) else ""


def _plain(text: str) -> str:
    """Return a text that can be written down: JSON may hold halves of characters."""
    return text.encode(errors="replace").decode().strip()[:_LONGEST_NAME]


def _number(found: Any) -> float | None:  # noqa: ANN401 - JSON
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return None
    try:
        number = float(found)
    except OverflowError:  # JSON has whole numbers of any length
        return None
    return number if math.isfinite(number) else None


def _whole(found: Any) -> int | None:  # noqa: ANN401 - JSON
    """Return a count; None where it is none."""
    number = _number(found)
    return None if number is None or not 0 <= number <= _MOST_BIKES else int(number)


def _epoch(found: Any) -> float | None:  # noqa: ANN401 - JSON
    """Return an epoch second, from one (GBFS 1 and 2) or from RFC 3339 (GBFS 3)."""
    if isinstance(found, str):
        try:
            moment = datetime.fromisoformat(found)
        except ValueError:
            return None
        return moment.timestamp() if moment.tzinfo else None
    return _number(found)
