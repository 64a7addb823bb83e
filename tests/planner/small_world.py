"""A small world that a person can check by hand.

One straight street runs east along 60.2 N. Home stands at its west end, the park at its east
end; a bus runs between two stops on it, and a car park lies a little beyond the park. A degree of
longitude is 55 260 m there, so 0.01 degrees are 552.6 m or 425 s on foot at 1.3 m/s.

    Home      First stop                  Last stop     Park     Car park
    24.600    24.610                      24.700        24.710   24.713
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lastmile.places import Place
from lastmile.planner.stations import BikeStation

if TYPE_CHECKING:
    from pathlib import Path

LAT = 60.2
LONGITUDES = [24.600, 24.602, 24.610, 24.650, 24.698, 24.700, 24.710, 24.713, 24.720]

HOME = Place("home", "district", "Home", LAT, 24.600)
PARK = Place("park", "park_entrance", "Park", LAT, 24.710, entrance="park")
CAR_PARK = Place("park-car-park", "car_park", "Park car park", LAT, 24.713, entrance="park")
FAR_CAR_PARK = Place("other-car-park", "car_park", "Other car park", LAT, 24.720, entrance="park")
PLACES = (HOME, PARK, CAR_PARK, FAR_CAR_PARK)


def osm(extra: str = "") -> str:
    nodes = "".join(
        f'<node id="{i}" lat="{LAT}" lon="{lon}"/>' for i, lon in enumerate(LONGITUDES, start=1)
    )
    refs = "".join(f'<nd ref="{i}"/>' for i in range(1, len(LONGITUDES) + 1))
    tags = '<tag k="highway" v="residential"/><tag k="name" v="Long Street"/>'
    way = f'<way id="1">{refs}{tags}</way>'
    return f'<osm version="0.6" generator="test">{nodes}{way}{extra}</osm>'


def gtfs(trips: dict[str, list[tuple[str, str, str]]], **files: str) -> dict[str, str]:
    """Return the files of a feed: service -> trips as (trip id, leaves First, reaches Last)."""
    calls, rows = [], []
    for service, runs in trips.items():
        for trip, leaves, arrives in runs:
            east = not trip.startswith("back")
            rows.append(f"1,{service},{trip},{'Park' if east else 'Town'}")
            ends = ("first", "last") if east else ("last", "first")
            calls.append(f"{trip},{leaves},{leaves},{ends[0]},1")
            calls.append(f"{trip},{arrives},{arrives},{ends[1]},2")
    text = {
        "agency": "agency_id,agency_name,agency_url,agency_timezone\nX,Test Lines,http://x.fi,"
        "Europe/Helsinki",
        "stops": "stop_id,stop_code,stop_name,stop_lat,stop_lon,zone_id\n"
        f"first,F1,First stop,{LAT},24.61,B\nlast,L1,Last stop,{LAT},24.70,C",
        "routes": "route_id,agency_id,route_short_name,route_long_name,route_type\n"
        "1,X,1,Town - Park,3",
        "calendar": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,"
        "start_date,end_date\nweekday,1,1,1,1,1,0,0,20260101,20261231\n"
        "sunday,0,0,0,0,0,0,1,20260101,20261231",
        "trips": "\n".join(["route_id,service_id,trip_id,trip_headsign", *rows]),
        "stop_times": "\n".join(
            ["trip_id,arrival_time,departure_time,stop_id,stop_sequence", *calls]
        ),
    }
    return text | files


def hourly() -> dict[str, list[tuple[str, str, str]]]:
    """Return an hourly bus each way, ten minutes' ride; on Sundays at 10, 13 and 16 only."""

    def runs(hours: list[int], name: str) -> list[tuple[str, str, str]]:
        there = [(f"{name}{h}", f"{h:02d}:00:00", f"{h:02d}:10:00") for h in hours]
        back = [(f"back{name}{h}", f"{h:02d}:30:00", f"{h:02d}:40:00") for h in hours]
        return [*there, *back]

    return {"weekday": runs(list(range(6, 21)), "w"), "sunday": runs([10, 13, 16], "s")}


def write_feed_folder(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text + "\n", encoding="utf-8")
    return folder


STATIONS = (
    BikeStation("1", "West", LAT, 24.602, docks=10),
    BikeStation("2", "East", LAT, 24.698, docks=10),
)
