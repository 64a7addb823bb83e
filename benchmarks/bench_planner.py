"""How long a door-to-door plan takes, beside two peers that route between stops.

    python benchmarks/bench_planner.py [--pairs 1000] [--streets FILE.npz] [--bundle]

Streets: the region's extract of the reference files ($LASTMILE_REFERENCE, or ../shared/reference
beside the checkout), or a network stored by ``StreetNetwork.save``; else the bundled corridors.
Timetable: a generated city of 3,000 stops over a full weekday; with --bundle the bundled one.
The peers get the access and egress stops worked out by us, on the same feed and day.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import cafein
import numpy as np
import pynigiri

from lastmile.errors import LastmileError
from lastmile.network.access import Mode
from lastmile.network.sources import read_osm
from lastmile.network.street import StreetNetwork, load_network
from lastmile.places import Place
from lastmile.planner.connections import Connections
from lastmile.planner.core import Planner
from lastmile.planner.request import PlanRequest
from lastmile.planner.stations import load_bike_stations
from lastmile.planner.streets import waypoint
from lastmile.planner.transit import Window
from lastmile.transit.feed import load_active_feed, load_feed
from lastmile.transit.raptor import Ends

if TYPE_CHECKING:
    from collections.abc import Callable

    from lastmile.planner.connections import Connection
    from lastmile.planner.transit import TransitDay
    from lastmile.transit.model import Feed

ROOT = Path(__file__).resolve().parents[1]
NEAR_A_STOP_M = 800.0
PEER_PAIRS = 300
BUDGET = "budget: median 5 ms, 99th percentile 25 ms; range over 8 h: 50 ms"


def streets(stored: Path | None) -> StreetNetwork:
    """Return the network to plan on."""
    if stored is not None:
        return StreetNetwork.load(stored)
    reference = Path(os.environ.get("LASTMILE_REFERENCE", ROOT.parent / "shared" / "reference"))
    extract = reference / "espoo-region.osm.pbf"
    return read_osm(extract) if extract.is_file() else load_network()


def timetable(*, bundle: bool, folder: Path) -> tuple[Feed, Path, date]:
    """Return the feed, the folder the peers read it from, and the day."""
    if bundle:
        return load_active_feed(), ROOT / "data" / "gtfs", date(2026, 5, 13)
    sys.path.insert(0, str(ROOT / "tests" / "transit"))
    from city_feed import write_city  # noqa: PLC0415 - the tests' generator

    write_city(folder, grain_s=60)
    return load_feed(folder), folder, date(2026, 3, 4)


def random_pairs(planner: Planner, day: TransitDay, count: int) -> list[tuple[Place, Place]]:
    """Draw pairs of junctions within a walk of a stop."""
    rng = np.random.default_rng(1)
    tables = planner.network.tables
    walkable = planner.network.usable(Mode.WALK)
    nodes = np.unique(tables.edge_from[walkable])
    stopnet = day.stopnet
    served = np.unique(day.timetable.patterns.stop)
    served = served[stopnet.places.edge[served] >= 0]
    pairs: list[tuple[Place, Place]] = []
    while len(pairs) < count:
        ends = []
        for node in rng.choice(nodes, 2).tolist():
            lat, lon = tables.node_lat[node], tables.node_lon[node]
            north = (stopnet.lat[served] - lat) * 111_195
            east = (stopnet.lon[served] - lon) * 55_400
            if np.hypot(north, east).min() < NEAR_A_STOP_M:
                ends.append(Place.at(float(lat), float(lon)))
        if len(ends) == len((0, 1)) and ends[0] != ends[1]:
            pairs.append((ends[0], ends[1]))
    return pairs


def measure(name: str, jobs: list[Callable[[], object]]) -> float:
    """Run jobs, print how long they take, and return the median processor time in ms.

    On a machine that is busy with other things the processor time is the one to trust: all of
    this runs in one thread.
    """
    wall, own, failed = [], [], 0
    for job in jobs:
        began, began_cpu = time.perf_counter(), time.thread_time()
        try:
            job()
        except LastmileError:
            failed += 1
        own.append((time.thread_time() - began_cpu) * 1e3)
        wall.append((time.perf_counter() - began) * 1e3)
    middle, high = np.percentile(own, [50, 99])
    clock = "{:7.2f} / {:7.2f}".format(*np.percentile(wall, [50, 99]))
    note = f"  ({failed} without a way)" if failed else ""
    print(f"{name:56s} {middle:7.2f} / {high:7.2f} ms   wall {clock} ms{note}")
    return float(middle)


def peers(
    day: TransitDay,
    folder: Path,
    ends: list[tuple[Connection, Connection]],
    when_s: list[int],
) -> None:
    """Time the transit part of the same questions: ours, pynigiri's and cafein's."""
    count = min(PEER_PAIRS, len(ends))
    stops = day.timetable.stops["stop_id"].tolist()
    options = replace(day.options(), max_duration_s=None)

    def ours(index: int) -> object:
        access, egress = ends[index]
        return day.router.depart_at(
            Ends.of(access.ways.stop, access.ways.duration_s),
            Ends.of(egress.ways.stop, egress.ways.duration_s),
            when_s[index],
            options,
        )

    config = pynigiri.LoaderConfig()
    config.link_stop_distance, config.default_tz = 0, "Europe/Helsinki"
    source = pynigiri.TimetableSource("feed", str(folder), config)
    after = date.fromordinal(day.day.toordinal() + 2)
    peer = pynigiri.load_timetable([source], day.day.isoformat(), after.isoformat())
    place = {stop: peer.find_location(stop) for stop in stops}
    midnight_min = round(day.start_s) // 60

    def offsets(connection: Connection) -> list[object]:
        return [
            pynigiri.Offset(place[stops[stop]], int(seconds // 60) + 1)
            for stop, seconds in zip(
                connection.ways.stop.tolist(), connection.ways.duration_s.tolist(), strict=True
            )
        ]

    queries = []
    for index in range(count):
        query = pynigiri.Query()
        query.start, query.destination = (offsets(one) for one in ends[index])
        query.start_match_mode = query.dest_match_mode = pynigiri.LocationMatchMode.INTERMODAL
        query.start_time = midnight_min + when_s[index] // 60
        query.max_transfers, query.max_travel_time = options.max_transfers, 24 * 60
        queries.append(query)

    city = cafein.TransportNetwork.from_gtfs(
        str(folder), trip_distances=False, leg_geometries=False
    )
    footpaths = day.stopnet.footpaths
    city.set_transfers(
        [
            (stops[a], stops[b], int(s), float(s))
            for a, b, s in zip(
                footpaths.origins().tolist(),
                footpaths.target.tolist(),
                footpaths.duration_s.tolist(),
                strict=True,
            )
        ]
    )

    def nearest(connection: Connection) -> str:
        return stops[int(connection.ways.stop[connection.ways.duration_s.argmin()])]

    def theirs(index: int) -> object:
        clock = f"{when_s[index] // 3600:02d}:{when_s[index] // 60 % 60:02d}:00"
        return city.route_between_stops(
            *(nearest(one) for one in ends[index]),
            f"{day.day.isoformat()} {clock}",
            max_rides=options.max_transfers + 1,
            geometries=False,
        )

    ours(0)
    pynigiri.route(peer, queries[0])
    theirs(0)
    own = measure("transit alone, lastmile (all access and egress stops)", [
        lambda i=i: ours(i) for i in range(count)
    ])  # fmt: skip
    nigiri = measure("transit alone, pynigiri (the same stops)", [
        lambda q=q: pynigiri.route(peer, q) for q in queries
    ])  # fmt: skip
    third = measure("transit alone, cafein (nearest stop to nearest stop)", [
        lambda i=i: theirs(i) for i in range(count)
    ])  # fmt: skip
    print(f"ratios to lastmile: pynigiri {nigiri / own:.2f}, cafein {third / own:.2f}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--streets", type=Path)
    parser.add_argument("--bundle", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        began = time.perf_counter()
        network = streets(chosen.streets)
        feed, folder, day_date = timetable(bundle=chosen.bundle, folder=Path(scratch) / "gtfs")
        print(f"{network}; loaded in {time.perf_counter() - began:.1f} s")
        planner = Planner(network, feed, bike_stations=load_bike_stations())
        began = time.perf_counter()
        day = planner.transit_day(day_date)
        trips = day.timetable.patterns.trip_count
        paths = len(day.stopnet.footpaths.target)
        print(
            f"{len(feed.stops):,} stops ({day.stopnet.off_network:,} off the streets), "
            f"{trips:,} trips, {paths:,} footpaths; ready in {time.perf_counter() - began:.1f} s"
        )
        pairs = random_pairs(planner, day, chosen.pairs)
        rng = np.random.default_rng(2)
        when_s = [int(minute) * 60 for minute in rng.integers(6 * 60, 21 * 60, len(pairs))]

        def requests(modes: str, **rest: int) -> list[PlanRequest]:
            return [
                PlanRequest(
                    *pair,
                    day.timetable.instant(when),
                    modes=frozenset(modes.split(",")),
                    **rest,
                )
                for pair, when in zip(pairs, when_s, strict=True)
            ]

        everything = "walk,bike,car,transit,bikeshare"
        for request in [*requests("walk,transit")[:5], *requests(everything)[:5]]:
            try:
                planner.plan(request)
            except LastmileError:
                continue
        print(f"{BUDGET}\n{'median / 99th percentile, processor time':56s}")
        for modes in ("walk,transit", "car", everything):
            measure(
                f"plan {modes}, departures over 2 h",
                [lambda r=r: planner.plan(r) for r in requests(modes)],
            )
        make = Connections(planner.streets, day.stopnet, day.waypoint)
        ends = [
            (
                make.on_foot(waypoint(pair[0]), outward=True),
                make.on_foot(waypoint(pair[1]), outward=False),
            )
            for pair in pairs
        ]
        for hours in (2, 8):
            measure(
                f"range query over {hours} h, stops to stops",
                [
                    lambda e=e, w=w, h=hours: day.search(*e, Window(w, w + h * 3600))
                    for e, w in zip(ends, when_s, strict=True)
                ],
            )
        measure(
            "walks from a door to the stops around it",
            [lambda p=p: make.on_foot(waypoint(p[0]), outward=True) for p in pairs],
        )
        peers(day, folder, ends, when_s)


if __name__ == "__main__":
    main()
