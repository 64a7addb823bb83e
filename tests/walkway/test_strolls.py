"""Walks along the sea, areas within reach, and city bikes."""

from __future__ import annotations

from datetime import datetime
from math import exp
from typing import TYPE_CHECKING

import gpxpy
import pytest
from shore_sketches import Coast, at

from lastmile.errors import RequestError
from lastmile.exports import write_gpx
from lastmile.parameters import Parameters
from lastmile.places import Gazetteer
from lastmile.planner.clock import HELSINKI
from lastmile.planner.core import load_planner
from lastmile.planner.stations import BikeStation, load_bike_stations
from lastmile.walkway.bikes import bike_study
from lastmile.walkway.catchments import STEP_FREE
from lastmile.walkway.day_out import day_out, walk_itinerary
from lastmile.walkway.reach import (
    area_km2,
    residents,
    residents_near_shore,
    shore_areas,
    station_areas,
    walkway_samples,
    within,
)
from lastmile.walkway.strolls import Course, choose, strolls

if TYPE_CHECKING:
    from pathlib import Path

    from lastmile.walkway.catchments import Access

NOON = datetime(2026, 6, 14, 12, 0, tzinfo=HELSINKI)


def test_a_walk_by_hand(bay_access: Access) -> None:
    """1000 m from A to the beach, 600 m along the sea, 600 m up to B; all services on the way."""
    walk = next(w for w in strolls(bay_access) if w.start.id == "a")
    assert walk.length_m == pytest.approx(2200.0, abs=2.0)
    assert walk.shore_m == pytest.approx(600.0, abs=1.0)
    assert [place.id for place in walk.services] == ["p1", "p2", "p3"]
    assert not walk.step_free
    assert walk.coordinates[0] == pytest.approx(at(0, 600), abs=1e-6)
    assert walk.coordinates[-1] == pytest.approx(at(1000, 600), abs=1e-6)


def test_the_way_back_is_the_same_walk_turned(bay_access: Access) -> None:
    there, back = (
        next(w for w in strolls(bay_access) if w.start.id == start) for start in ("a", "b")
    )
    assert back.length_m == pytest.approx(there.length_m)
    assert [p.id for p in back.services] == [p.id for p in reversed(there.services)]


def test_without_steps_both_stations_reach_the_same_point(bay_access: Access) -> None:
    """So no walk along the sea is left between them."""
    assert strolls(bay_access, STEP_FREE) == ()


def test_walks_by_wish(bundle_access: Access) -> None:
    walks = strolls(bundle_access)
    matinkyla = Gazetteer.bundled()["metro-matinkyla"]
    chosen = choose(walks, length_m=6000.0, services=["cafe"], start=matinkyla, step_free=True)
    assert all(w.start.id == "metro-matinkyla" and w.step_free for w in chosen)
    apart = [abs(w.length_m - 6000.0) for w in chosen]
    assert apart == sorted(apart)
    with pytest.raises(RequestError, match="none of the"):
        choose(walks, services=["opera"])


def test_the_walkway_is_as_long_as_they_say(bundle_access: Access) -> None:
    """24 km between its points in a straight line, about 40 km with bends and branches."""
    course = Course.follow(bundle_access.network, bundle_access.shore)
    assert 24_000 < course.length_m < 40_000
    assert course.gaps == ()
    _, metres = walkway_samples(course)
    assert metres.sum() == pytest.approx(course.length_m, rel=0.05)


def test_a_gap_in_the_walkway_is_told(tmp_path: Path) -> None:
    """Two shore paths that do not meet, each large enough to be a network of its own."""
    coast = Coast()
    for x in (0.0, 5000.0):
        for k in range(6):
            coast.way((x + 100 * k, 0), (x + 100 * (k + 1), 0))
    coast.stations = [("S", (0, 0), 1000.0)]
    coast.line = [("P", (100, 0), "beach"), ("Q", (600, 0), "cafe"), ("R", (5000, 0), "harbour")]
    access = coast.access(tmp_path)
    course = Course.follow(access.network, access.shore)
    (gap,) = course.gaps
    assert gap.length_m == pytest.approx(4400.0, abs=3.0)
    assert (gap.origin, gap.destination) == ("q", "r")


def test_a_day_by_the_sea(bundle_access: Access, tmp_path: Path) -> None:
    """Metro to Matinkylä, along the sea with a stop, metro home from Urheilupuisto; as GPX."""
    places = Gazetteer.bundled()
    start, end = places["metro-matinkyla"], places["metro-urheilupuisto"]
    walk = choose(strolls(bundle_access), start=start, end=end)[0]
    day = day_out(load_planner(), walk, places["metro-kamppi"], NOON, stop_s=1800)
    there, along, back = day.itineraries
    assert there.departure >= NOON
    assert there.arrival <= along.departure
    assert along.arrival <= back.departure
    assert day.stop is not None
    assert "cafe" in day.stop.services
    first, second = along.legs
    assert (second.departure - first.arrival).total_seconds() == pytest.approx(1800.0, abs=1.0)
    assert along.walk_m == pytest.approx(walk.length_m)
    assert any(leg.vehicle == "metro" for leg in back.legs)
    path = tmp_path / "day.gpx"
    write_gpx(path, day.itineraries, name=walk.title, attribution="© OpenStreetMap contributors")
    document = gpxpy.parse(path.read_text(encoding="utf-8"))
    assert len(document.tracks) == 3
    assert document.tracks[1].length_2d() == pytest.approx(walk.length_m, rel=0.02)


def test_a_negative_stop_is_refused(bay_access: Access) -> None:
    walk = strolls(bay_access)[0]
    with pytest.raises(RequestError, match="stop"):
        day_out(load_planner(), walk, walk.start, NOON, stop_s=-1)


def test_a_walk_alone_is_one_leg(bay_access: Access) -> None:
    walk = strolls(bay_access)[0]
    itinerary = walk_itinerary(walk, NOON)
    (leg,) = itinerary.legs
    assert leg.distance_m == pytest.approx(walk.length_m)
    assert itinerary.duration_s == pytest.approx(walk.duration_s, abs=1.0)


def test_what_lies_within_reach_by_hand(bay_access: Access) -> None:
    """From B (steps at half speed) the harbour is 800 m worth of walking away: 10.3 min."""
    station = bay_access.stations[1]
    five, eleven = within(bay_access, [station], (5.0, 11.0))
    assert (five.services, eleven.services) == (0, 1)
    assert five.walkway_share == 0.0
    # 11 min are 858 m at 1.3 m/s: 58 m of the 1000 m of walkway, in samples of 50 m
    assert eleven.walkway_share == pytest.approx(0.058, abs=0.03)


def test_residents_are_unknown_where_few_streets_are(bundle_access: Access) -> None:
    """The corridors hold too few residential streets to say where people live."""
    assert residents(bundle_access.network).unknown
    assert within(bundle_access, bundle_access.stations)[0].residents is None
    assert residents_near_shore(bundle_access)[0][1] is None


def test_residents_of_the_region_add_up_to_the_districts(region_access: Access) -> None:
    homes = residents(region_access.network)
    assert homes.unknown == ()
    assert homes.people.sum() == pytest.approx(320_000, rel=0.03)  # Espoo, without Nuuksio village
    near = [people for _, people in residents_near_shore(region_access)]
    assert all(people is not None for people in near)
    assert near == sorted(near)


def test_areas_grow_and_hold_the_station(bay_access: Access) -> None:
    for areas in (
        station_areas(bay_access, bay_access.stations[0]),
        shore_areas(bay_access),
        shore_areas(bay_access, STEP_FREE),
    ):
        sizes = area_km2(areas)
        assert sizes == sorted(sizes)
        assert list(areas["minutes"]) == [5.0, 10.0, 15.0, 20.0]
        assert areas.crs.to_epsg() == 4326


def test_the_shore_reaches_whom_reaches_the_shore(bay_access: Access) -> None:
    """A is 12.8 min from the beach: within 15 min of the shore, not within 10."""
    areas = shore_areas(bay_access)
    lat, lon = at(0, 600)
    from shapely import Point  # noqa: PLC0415

    assert [shape.covers(Point(lon, lat)) for shape in areas.geometry] == [False, False, True, True]


def stations_at(*places: tuple[float, float]) -> list[BikeStation]:
    return [
        BikeStation(str(i), f"dock {i}", *at(*where), docks=10) for i, where in enumerate(places)
    ]


def test_a_bike_needs_two_stations(hairpin_access: Access) -> None:
    """Where there is none, one new station helps nobody and a pair helps."""
    study = bike_study(hairpin_access, [])
    assert study.new == ()
    assert study.pairs[0][0].id == "s"
    assert study.pairs[0][2] > 0


def test_a_new_station_by_hand(hairpin_access: Access) -> None:
    """From a station at S one rides 1120 m to a new one at the beach instead of walking them."""
    parameters = Parameters.bundled()
    speed = hairpin_access.network.speeds.bike_m_s * parameters.value("citybike_speed_ms")
    ride_s = 1120.0 / (speed / parameters.value("bike_speed_street_ms"))
    ride_s += parameters.value("citybike_rent_s") + parameters.value("citybike_return_s")
    walk_s, corner_s = 1120.0 / 1.3, 620.0 / 1.3
    going = 10_000 * 0.02 * exp(-corner_s / 60 / 12)
    pull = {"beach": 4 * exp(-walk_s / 60 / 12), "corner": exp(-corner_s / 60 / 12)}
    to_beach = going * pull["beach"] / sum(pull.values())
    study = bike_study(hairpin_access, stations_at((0, 0)))
    by_place = {one.place.id: one.saved_min for one in study.new}
    assert by_place["p"] == pytest.approx(to_beach * 2 * (walk_s - ride_s) / 60, rel=0.01)
    mean_s = (to_beach * walk_s + (going - to_beach) * corner_s) / going
    assert study.minutes_now == pytest.approx(mean_s / 60, rel=0.01)


def test_docks_are_told_and_bikes_unknown(bundle_access: Access) -> None:
    study = bike_study(bundle_access, load_bike_stations())
    by_place = {one.place.id: one for one in study.access}
    nokkala, kivenlahti = by_place["nokkala"], by_place["metro-kivenlahti"]
    assert nokkala.station is not None
    assert nokkala.docks == nokkala.station.docks
    assert nokkala.bikes is None
    assert kivenlahti.station is None
    assert kivenlahti.docks is None
