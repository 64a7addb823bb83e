"""A feed as GTFS files again."""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lastmile.errors import DataError
from lastmile.transit.model import WEEKDAYS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lastmile.transit.model import Feed

_SAME_FOR_ALL = (1980, 1, 1, 0, 0, 0)
_COORDINATE_DIGITS = 7


def write_feed(feed: Feed, path: str | Path) -> Path:
    """Write a feed as GTFS.

    The same feed gives the same bytes. The file or folder appears in one step, when it is whole.

    Parameters
    ----------
    feed
        The feed.
    path
        A name ending in ``.zip`` for a zip file, any other for a folder. What was written there
        before is replaced; a folder with any other file in it is refused.

    Returns
    -------
    pathlib.Path
        The path.

    Raises
    ------
    DataError
        The path cannot be written, or is a folder with files of other names.
    """
    return write_files(feed_files(feed), path)


def write_files(files: dict[str, bytes], path: str | Path) -> Path:
    """Write the files of a feed by their names, as `write_feed` does."""
    target = Path(path)
    try:
        if target.suffix == ".zip":
            _write_zip(files, target)
        else:
            _write_folder(files, target)
    except OSError as error:
        raise DataError(f"{target}: cannot be written: {error.strerror or error}") from error
    return target


def feed_files(feed: Feed) -> dict[str, bytes]:
    """Return the content of every GTFS file of a feed by its name; empty tables are left away."""
    tables = {
        "agency": feed.agency,
        "stops": _stops(feed),
        "routes": feed.routes,
        "trips": _trips(feed),
        "stop_times": _stop_times(feed),
        "calendar": _calendar(feed),
        "calendar_dates": _calendar_dates(feed),
        "frequencies": _frequencies(feed),
        "shapes": _shapes(feed),
        "transfers": _transfers(feed),
        "translations": feed.translations,
        "feed_info": feed.feed_info,
    }
    return {
        f"{name}.txt": _csv(table)
        for name, table in tables.items()
        if len(table) or name == "stop_times"
    }


def clock_texts(seconds: NDArray[np.integer]) -> NDArray[np.object_]:
    """Return times as GTFS writes them, ``HH:MM:SS``.

    Parameters
    ----------
    seconds
        (n,) s after midnight of the service day, 0 or more.
    """
    unique, where = np.unique(seconds, return_inverse=True)
    texts = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in unique.tolist()]
    return np.array(texts, dtype=object)[where]


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()


def _without_unknown(codes: pd.Series[int]) -> pd.Series[int]:
    return codes.astype("Int32").mask(codes < 0)


def _stops(feed: Feed) -> pd.DataFrame:
    stops = feed.stops.assign(location_type=0)
    places = pd.concat([feed.stations, stops], ignore_index=True)
    names = np.append(feed.stations["stop_id"].to_numpy(object), "")
    places["parent_station"] = names[places["parent_station"].to_numpy()]
    return places.round({"stop_lat": _COORDINATE_DIGITS, "stop_lon": _COORDINATE_DIGITS})


def _trips(feed: Feed) -> pd.DataFrame:
    trips = feed.trips
    shapes = np.array([*feed.shapes.shape_id, ""], dtype=object)
    return pd.DataFrame(
        {
            "route_id": feed.routes["route_id"].to_numpy()[trips["route"]],
            "service_id": np.array(feed.services, dtype=object)[trips["service"]],
            "trip_id": trips["trip_id"],
            "trip_headsign": trips["trip_headsign"],
            "trip_short_name": trips["trip_short_name"],
            "direction_id": _without_unknown(trips["direction_id"]),
            "block_id": trips["block_id"],
            "shape_id": shapes[trips["shape"]],
            "wheelchair_accessible": trips["wheelchair_accessible"],
            "bikes_allowed": trips["bikes_allowed"],
        }
    )


def _stop_times(feed: Feed) -> pd.DataFrame:
    calls = feed.stop_times
    counts = np.diff(calls.offset)
    first = np.repeat(calls.offset[:-1], counts)
    headsigns = np.array([*calls.headsigns, ""], dtype=object)
    table = pd.DataFrame(
        {
            "trip_id": np.repeat(feed.trips["trip_id"].to_numpy(), counts),
            "arrival_time": clock_texts(calls.arrival_s),
            "departure_time": clock_texts(calls.departure_s),
            "stop_id": feed.stops["stop_id"].to_numpy()[calls.stop],
            "stop_sequence": np.arange(len(calls.stop)) - first + 1,
            "stop_headsign": headsigns[calls.headsign],
            "pickup_type": calls.pickup_type,
            "drop_off_type": calls.drop_off_type,
            "shape_dist_traveled": calls.shape_dist,
            "timepoint": calls.is_timepoint.astype(int),
        }
    )
    plain = {
        "stop_headsign": bool((calls.headsign < 0).all()),
        "pickup_type": not calls.pickup_type.any(),
        "drop_off_type": not calls.drop_off_type.any(),
        "shape_dist_traveled": bool(np.isnan(calls.shape_dist).all()),
    }
    return table.drop(columns=[name for name, empty in plain.items() if empty])


def _dates(days: pd.Series[pd.Timestamp]) -> pd.Series[str]:
    return days.dt.strftime("%Y%m%d")


def _calendar(feed: Feed) -> pd.DataFrame:
    week = feed.calendar
    table = pd.DataFrame({"service_id": np.array(feed.services, dtype=object)[week["service"]]})
    for name in WEEKDAYS:
        table[name] = week[name].astype(int)
    table["start_date"], table["end_date"] = _dates(week["start_date"]), _dates(week["end_date"])
    return table


def _calendar_dates(feed: Feed) -> pd.DataFrame:
    days = feed.calendar_dates
    return pd.DataFrame(
        {
            "service_id": np.array(feed.services, dtype=object)[days["service"]],
            "date": _dates(days["date"]),
            "exception_type": np.where(days["added"], 1, 2),
        }
    )


def _frequencies(feed: Feed) -> pd.DataFrame:
    table = feed.frequencies
    return pd.DataFrame(
        {
            "trip_id": feed.trips["trip_id"].to_numpy()[table["trip"]],
            "start_time": clock_texts(table["start_s"].to_numpy()),
            "end_time": clock_texts(table["end_s"].to_numpy()),
            "headway_secs": table["headway_s"],
            "exact_times": table["exact_times"],
        }
    )


def _shapes(feed: Feed) -> pd.DataFrame:
    shapes = feed.shapes
    counts = np.diff(shapes.offset)
    table = pd.DataFrame(
        {
            "shape_id": np.repeat(np.array(shapes.shape_id, dtype=object), counts),
            "shape_pt_lat": shapes.lat.round(_COORDINATE_DIGITS),
            "shape_pt_lon": shapes.lon.round(_COORDINATE_DIGITS),
            "shape_pt_sequence": np.arange(len(shapes.lat)) - np.repeat(shapes.offset[:-1], counts),
            "shape_dist_traveled": shapes.dist,
        }
    )
    return table.drop(columns="shape_dist_traveled") if np.isnan(shapes.dist).all() else table


def _transfers(feed: Feed) -> pd.DataFrame:
    rules = feed.transfers
    names = feed.stops["stop_id"].to_numpy()
    return pd.DataFrame(
        {
            "from_stop_id": names[rules["from_stop"]],
            "to_stop_id": names[rules["to_stop"]],
            "transfer_type": rules["transfer_type"],
            "min_transfer_time": rules["min_transfer_time_s"].round().astype("Int64"),
        }
    )


def _write_zip(files: dict[str, bytes], target: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _SAME_FOR_ALL)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".writing-", delete=False) as file:
        try:
            file.write(content.getvalue())
            file.close()
            Path(file.name).replace(target)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _write_folder(files: dict[str, bytes], target: Path) -> None:
    there = sorted(one.name for one in target.iterdir()) if target.is_dir() else []
    foreign = [name for name in there if name not in files]
    if foreign:
        raise DataError(
            f"{target}: cannot be written: it holds {foreign[0]}, which is no file of this export; "
            "give a new folder, or that of an earlier export"
        )
    workshop = Path(tempfile.mkdtemp(dir=target.parent, prefix=".writing-"))
    try:
        for name, data in files.items():
            (workshop / name).write_bytes(data)
        workshop.chmod(0o755)
        if there:
            before = Path(tempfile.mkdtemp(dir=target.parent, prefix=".writing-"))
            target.rename(before)
            workshop.rename(target)
            shutil.rmtree(before)
        else:
            workshop.rename(target)
    except BaseException:
        shutil.rmtree(workshop, ignore_errors=True)
        raise
