"""The router agrees with two others on a generated city of 3,000 stops.

They differ from ours in what they ask, and the questions allow for it. cafein walks from the last
stop but not to the first, knows seconds and no change times; its footpaths have to be closed,
which the city's are. pynigiri knows whole minutes and never lets a walk be shorter than the
stop's change time, which in the city none is. Then every answer has to be the same.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import cafein
import numpy as np
import pynigiri
import pytest
from city_feed import CLUSTER, City, clock, write_city, write_transfers

from lastmile.transit.feed import load_feed
from lastmile.transit.footpaths import Footpaths
from lastmile.transit.raptor import Ends, Options, Router
from lastmile.transit.timetable import Timetable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WEDNESDAY = date(2026, 3, 4)
MAX_RIDES = 6
OPTIONS = Options(max_transfers=MAX_RIDES - 1)
QUICK, FULL = 100, 1000
CHANGE_S = 60


def day_of(city: City) -> Timetable:
    return Timetable.for_day(load_feed(city.folder), WEDNESDAY)


def questions(timetable: Timetable, count: int) -> Iterator[tuple[int, int, int]]:
    """Draw origins and destinations that are served, and departures through the day.

    Not within a footpath of each other: there the peers answer with the walk and nothing else.
    """
    rng = np.random.default_rng(count)
    served = np.unique(timetable.patterns.stop)
    for _ in range(count):
        origin, target = rng.choice(served, 2).tolist()
        while origin // CLUSTER == target // CLUSTER:
            target = int(rng.choice(served))
        yield origin, target, int(rng.integers(5 * 60, 24 * 60)) * 60


def with_walks(city: City, stop: int) -> Ends:
    """Return a stop and those it is a walk away from."""
    near = city.walks[city.walks[:, 0] == stop]
    return Ends.of([stop, *near[:, 1]], [0, *near[:, 2]])


def compare_with_cafein(city: City, count: int) -> None:
    timetable = day_of(city)
    footpaths = Footpaths.between(city.stop_count, *city.walks.T)
    ours = Router(city.stop_count, timetable.patterns, footpaths, change_s=0)
    peer = cafein.TransportNetwork.from_gtfs(
        str(city.folder), trip_distances=False, leg_geometries=False
    )
    peer.set_transfers([(f"S{a}", f"S{b}", s, float(s)) for a, b, s in city.walks.tolist()])
    reached = 0
    for number, (origin, target, when) in enumerate(questions(timetable, count)):
        access, egress = Ends.of(origin), with_walks(city, target)
        ends = (f"S{origin}", f"S{target}")
        at = f"2026-03-04 {clock(when)}"
        theirs = peer.route_between_stops(*ends, at, max_rides=MAX_RIDES, geometries=False)
        answer = [(one["rides"], one["arrival_s"]) for one in theirs]
        found = ours.depart_at(access, egress, when, OPTIONS)
        assert sorted(answer) == [(len(one.rides), one.arrival_s) for one in found]
        reached += len(answer)
        if number % 10:
            continue  # the peer takes a tenth of a second to go backwards in time
        back = peer.route_between_stops(*ends, arrival=at, max_rides=MAX_RIDES, geometries=False)
        answer = [(one["rides"], one["departure_s"]) for one in back]
        found = ours.arrive_by(access, egress, when, OPTIONS)
        assert sorted(answer) == [(len(one.rides), one.departure_s) for one in found]
    assert reached > count / 2


def compare_with_pynigiri(city: City, count: int) -> None:
    write_transfers(city, CHANGE_S)
    timetable = day_of(city)
    footpaths, change = timetable.transfers(Footpaths.none(city.stop_count))
    assert set(change.tolist()) == {CHANGE_S}
    ours = Router(city.stop_count, timetable.patterns, footpaths, change)
    config = pynigiri.LoaderConfig()
    config.link_stop_distance, config.default_tz = 0, "Europe/Helsinki"
    options = pynigiri.FinalizeOptions()
    options.adjust_footpaths, options.merge_dupes_intra_src = False, False
    source = pynigiri.TimetableSource("city", str(city.folder), config)
    peer = pynigiri.load_timetable([source], "2026-03-04", "2026-03-06", options)
    place = [peer.find_location(f"S{stop}") for stop in range(city.stop_count)]
    midnight_min = round(timetable.instant(0).timestamp()) // 60
    reached = 0
    for origin, target, when in questions(timetable, count):
        access, egress = with_walks(city, origin), with_walks(city, target)
        query = pynigiri.Query()
        query.start = [pynigiri.Offset(place[s], w // 60) for s, w in zip(*access, strict=True)]
        query.destination = [
            pynigiri.Offset(place[s], w // 60) for s, w in zip(*egress, strict=True)
        ]
        query.start_match_mode = query.dest_match_mode = pynigiri.LocationMatchMode.INTERMODAL
        query.start_time = midnight_min + when // 60
        query.max_transfers, query.max_travel_time = MAX_RIDES - 1, 24 * 60
        theirs = pynigiri.route(peer, query)
        answer = sorted((one.transfers + 1, one.dest_time - midnight_min) for one in theirs)
        found = ours.depart_at(access, egress, when, OPTIONS)
        assert answer == [(len(one.rides), one.arrival_s // 60) for one in found]
        reached += len(answer)
    assert reached > count / 2


@pytest.fixture(scope="module")
def small_city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return write_city(tmp_path_factory.mktemp("city"), lines=60)


@pytest.fixture(scope="module")
def small_minute_city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return write_city(tmp_path_factory.mktemp("city"), lines=60, grain_s=60)


def test_the_city_is_as_large_as_promised_and_buses_overtake(small_city: City) -> None:
    timetable = day_of(small_city)
    assert len(timetable.stops) == 3000
    assert len(timetable.feed.warnings) == 0
    both_ways = 2 * len(timetable.routes)
    assert len(timetable.patterns) > both_ways  # some trips had to go to a pattern of their own


def test_router_equals_cafein(small_city: City) -> None:
    compare_with_cafein(small_city, QUICK)


def test_router_equals_pynigiri(small_minute_city: City) -> None:
    compare_with_pynigiri(small_minute_city, QUICK)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_router_equals_cafein_on_a_thousand_questions(tmp_path: Path) -> None:
    compare_with_cafein(write_city(tmp_path, lines=160, seed=2), FULL)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_router_equals_pynigiri_on_a_thousand_questions(tmp_path: Path) -> None:
    compare_with_pynigiri(write_city(tmp_path, lines=160, grain_s=60, seed=2), FULL)
