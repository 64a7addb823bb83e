"""RAPTOR beside cafein and pynigiri: same feed, same day, same questions, one run.

Run: ``python benchmarks/bench_raptor.py [--stops 3000] [--lines 160] [--questions 1000]``.

The feed is the generated city of the tests (whole minutes, footpaths within clusters, change
time one minute). All three get the same stop-to-stop questions one after another, so that a busy
machine slows all alike; every answer is compared on the way. cafein has no change times and does
not walk to the first stop: its answers are compared in the tests, under its own rules.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import cafein
import numpy as np
import pynigiri

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "transit"))
from city_feed import City, clock, write_city, write_transfers

from lastmile.transit.feed import load_feed
from lastmile.transit.footpaths import Footpaths
from lastmile.transit.raptor import Ends, Options, Router
from lastmile.transit.timetable import Timetable

DAY = date(2026, 3, 4)
MAX_RIDES = 6
OPTIONS = Options(max_transfers=MAX_RIDES - 1)
HOURS = 8


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stops", type=int, default=3000)
    parser.add_argument("--lines", type=int, default=160)
    parser.add_argument("--questions", type=int, default=1000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        city = write_city(Path(folder), stops=wanted.stops, lines=wanted.lines, grain_s=60)
        write_transfers(city, 60)
        run(city, wanted.questions)


def run(city: City, count: int) -> None:
    """Load the city into all three, ask, and print medians, 99th percentiles and ratios."""
    began = time.perf_counter()
    feed = load_feed(city.folder)
    read = time.perf_counter()
    timetable = Timetable.for_day(feed, DAY)
    built = time.perf_counter()
    footpaths, change = timetable.transfers(Footpaths.none(city.stop_count))
    ours = Router(city.stop_count, timetable.patterns, footpaths, change)
    print(
        f"{city.stop_count} stops, {len(timetable.trips)} trips, "
        f"{len(timetable.patterns)} patterns; feed read in {read - began:.2f} s, "
        f"day built in {built - read:.2f} s"
    )
    began = time.perf_counter()
    ours.depart_at(Ends.of(0), Ends.of(1), 0, OPTIONS)
    ours.arrive_by(Ends.of(0), Ends.of(1), 0, OPTIONS)
    ours.depart_between(Ends.of(0), Ends.of(1), 0, 10, OPTIONS)
    print(f"first questions (compiled kernels loaded or made): {time.perf_counter() - began:.2f} s")

    began = time.perf_counter()
    coffee = cafein.TransportNetwork.from_gtfs(
        str(city.folder), trip_distances=False, leg_geometries=False
    )
    coffee.set_transfers([(f"S{a}", f"S{b}", s, float(s)) for a, b, s in city.walks.tolist()])
    print(f"cafein read the feed in {time.perf_counter() - began:.2f} s")
    began = time.perf_counter()
    nigiri, place = load_nigiri(city)
    print(f"pynigiri read the feed in {time.perf_counter() - began:.2f} s")

    ask(count, timetable, ours, coffee, nigiri, place)


def ask(
    count: int,
    timetable: Timetable,
    ours: Router,
    coffee: cafein.TransportNetwork,
    nigiri: pynigiri.Timetable,
    place: list[pynigiri.LocationIdx],
) -> None:
    """Ask all three the same questions and print what they took."""
    midnight_min = round(timetable.instant(0).timestamp()) // 60
    rng = np.random.default_rng(0)
    served = np.unique(timetable.patterns.stop)
    spent: dict[str, list[float]] = {
        name: []
        for name in ("ours", "pynigiri", "cafein", "ours arrive by", f"ours range {HOURS} h")
    }
    differing = 0
    for _ in range(count):
        origin, target = rng.choice(served, 2, replace=False).tolist()
        start = int(rng.integers(6 * 60, 15 * 60)) * 60
        access, egress = Ends.of(origin), Ends.of(target)
        began = time.perf_counter()
        found = ours.depart_at(access, egress, start, OPTIONS)
        spent["ours"].append(time.perf_counter() - began)

        query = pynigiri.Query()
        query.start = [pynigiri.Offset(place[origin], 0)]
        query.destination = [pynigiri.Offset(place[target], 0)]
        query.start_match_mode = query.dest_match_mode = pynigiri.LocationMatchMode.INTERMODAL
        query.start_time = midnight_min + start // 60
        query.max_transfers, query.max_travel_time = MAX_RIDES - 1, 24 * 60
        began = time.perf_counter()
        theirs = pynigiri.route(nigiri, query)
        spent["pynigiri"].append(time.perf_counter() - began)
        answer = sorted((one.transfers + 1, one.dest_time - midnight_min) for one in theirs)
        differing += answer != [(len(one.rides), one.arrival_s // 60) for one in found]

        at = f"{DAY} {clock(start)}"
        began = time.perf_counter()
        coffee.route_between_stops(
            f"S{origin}", f"S{target}", at, max_rides=MAX_RIDES, geometries=False
        )
        spent["cafein"].append(time.perf_counter() - began)

        began = time.perf_counter()
        ours.arrive_by(access, egress, start + 2 * 3600, OPTIONS)
        spent["ours arrive by"].append(time.perf_counter() - began)
        began = time.perf_counter()
        ours.depart_between(access, egress, start, start + HOURS * 3600, OPTIONS)
        spent[f"ours range {HOURS} h"].append(time.perf_counter() - began)

    base = float(np.median(spent["ours"]))
    print(f"\n{count} questions stop to stop; answers unlike pynigiri's: {differing}")
    print(f"{'':16}{'median ms':>10}{'p99 ms':>10}{'times ours':>12}")
    for name, times in spent.items():
        middle, high = np.percentile(times, [50, 99])
        print(f"{name:16}{middle * 1e3:10.2f}{high * 1e3:10.2f}{middle / base:12.2f}")


def load_nigiri(city: City) -> tuple[pynigiri.Timetable, list[pynigiri.LocationIdx]]:
    """Load the city into pynigiri, footpaths from the feed alone."""
    config = pynigiri.LoaderConfig()
    config.link_stop_distance, config.default_tz = 0, "Europe/Helsinki"
    options = pynigiri.FinalizeOptions()
    options.adjust_footpaths, options.merge_dupes_intra_src = False, False
    source = pynigiri.TimetableSource("city", str(city.folder), config)
    loaded = pynigiri.load_timetable([source], "2026-03-04", "2026-03-06", options)
    return loaded, [loaded.find_location(f"S{stop}") for stop in range(city.stop_count)]


if __name__ == "__main__":
    main()
