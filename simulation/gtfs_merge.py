"""Two GTFS feeds in one: all that the first has, and the pilot beside it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lastmile.errors import DataError
from lastmile.transit.archive import open_feed
from lastmile.transit.validate import COLUMNS, validate
from simulation.gtfs_out import ZONE

if TYPE_CHECKING:
    from pathlib import Path

    from simulation.gtfs_out import Tables

FILES: Final = (
    *COLUMNS,
    "attributions",
    "areas",
    "booking_rules",
    "fare_attributes",
    "fare_leg_join_rules",
    "fare_leg_rules",
    "fare_media",
    "fare_products",
    "fare_rules",
    "fare_transfer_rules",
    "levels",
    "location_group_stops",
    "location_groups",
    "networks",
    "pathways",
    "rider_categories",
    "route_networks",
    "stop_areas",
    "timeframes",
)
"""Every table of GTFS that is carried over."""

_IDS: Final = {
    "agency_id": ("agency", "routes"),
    "stop_id": ("stops", "stop_times"),
    "route_id": ("routes", "trips"),
    "service_id": ("calendar", "trips"),
    "trip_id": ("trips", "stop_times", "frequencies"),
    "shape_id": ("shapes", "trips"),
    "block_id": ("trips",),
}
"""Ids of a pilot, the table they are defined in first, and where they are named."""


_TRANSLATED: Final = (
    *("table_name", "field_name", "language"),
    *("record_id", "record_sub_id", "field_value"),
)
"""What a translation is of: GTFS has one of each."""


def read_tables(source: str | Path) -> Tables:
    """Read a feed's tables as text, once it has been judged.

    Raises
    ------
    DataError
        If it cannot be used; the message names file and line.
    """
    raw = open_feed(source, FILES)
    validate(raw, lambda _message: None)
    return {
        name: pd.read_csv(
            io.BytesIO(data), dtype="str", keep_default_na=False, encoding="utf-8-sig"
        ).rename(columns=str.strip)
        for name, data in raw.files.items()
    }


def merge(base: Tables, pilot: Tables, source: str = "the feed") -> Tables:
    """Add a pilot to a feed; its ids change where the feed has them already.

    Parameters
    ----------
    base
        The feed.
    pilot
        What is added.
    source
        How messages name the feed.

    Raises
    ------
    DataError
        If the feed is of another time zone.
    """
    zones = set(base["agency"]["agency_timezone"]) - {ZONE}
    if zones:
        raise DataError(f"{source}: agency.txt: its time zone is {zones.pop()}, not {ZONE}")
    base, pilot = dict(base), _renamed(pilot, base)
    _name_agency(base)
    merged = dict(base)
    for name, table in pilot.items():
        if name not in base:
            merged[name] = table if name != "feed_info" else _of_any_day(table)
        elif name == "feed_info":
            merged[name] = _longer(base[name], table)
        elif name == "translations":
            merged[name] = _translated(base[name], table)
        else:
            both = pd.concat([base[name], table], ignore_index=True)
            merged[name] = both.fillna("").drop_duplicates(ignore_index=True)
    return merged


def _renamed(pilot: Tables, base: Tables) -> Tables:
    """Return the pilot with ids that the feed does not have."""
    renamed = {name: table.copy() for name, table in pilot.items()}
    for column, tables in _IDS.items():
        home = tables[0]
        taken: set[str] = set()
        for name in (home, "calendar_dates") if column == "service_id" else (home,):
            if name in base and column in base[name]:
                taken |= set(base[name][column])
        if column not in renamed.get(home, ()):
            continue
        own = set(renamed[home][column]) - {""}
        new = {}
        for text in sorted(own & taken):
            fresh, again = f"{text}-pilot", 1
            while fresh in taken or fresh in own:
                again += 1
                fresh = f"{text}-pilot-{again}"
            new[text] = fresh
        for name in tables:
            if name in renamed and column in renamed[name]:
                renamed[name][column] = renamed[name][column].replace(new)
    return renamed


def _name_agency(base: Tables) -> None:
    """Give a lone agency without an id one, for there will be two."""
    agency = base["agency"]
    ids = agency.get("agency_id", pd.Series("", index=agency.index))
    if (ids != "").all():
        return
    base["agency"] = agency.assign(agency_id=ids.where(ids != "", "agency"))
    routes = base["routes"]
    named = routes.get("agency_id", pd.Series("", index=routes.index))
    base["routes"] = routes.assign(agency_id=named.where(named != "", "agency"))


def _of_any_day(pilot: pd.DataFrame) -> pd.DataFrame:
    """Return the pilot's information without its days: those of a feed that says none are more."""
    return pilot.assign(feed_start_date="", feed_end_date="")


def _translated(base: pd.DataFrame, pilot: pd.DataFrame) -> pd.DataFrame:
    """Return the feed's translations, and of the pilot's those that it does not have.

    A feed of the years before 2020 has another table of that name: it stays as it is.
    """
    if "table_name" not in base:
        return base
    both = pd.concat([base, pilot], ignore_index=True).fillna("")
    known = [name for name in _TRANSLATED if name in both]
    again = both.duplicated(known) & (np.arange(len(both)) >= len(base))
    return both[~again].reset_index(drop=True)


def _longer(base: pd.DataFrame, pilot: pd.DataFrame) -> pd.DataFrame:
    """Return the feed's information, valid as long as either."""
    info = base.copy()
    for column, choose in (("feed_start_date", min), ("feed_end_date", max)):
        if column in info and len(info) and info[column].iloc[0]:
            info[column] = choose(info[column].iloc[0], pilot[column].iloc[0])
    return info
