"""Ways between the metro and the sea: by hand in a small town, on the bundle and the region."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from shore_sketches import at, bay

from lastmile.errors import OffNetworkError
from lastmile.network.edits import Closure
from lastmile.planner.stations import load_bike_stations
from lastmile.walkway.bikes import bike_study
from lastmile.walkway.catchments import BIKE, CLAIM_M, STEP_FREE, WALK, Access
from lastmile.walkway.chapter import chapter
from lastmile.walkway.links import candidates, link_plan
from lastmile.walkway.output import study_json
from lastmile.walkway.reach import shore_areas
from lastmile.walkway.shore import load_shore, metric, services_of
from lastmile.walkway.signs import sign_plan
from lastmile.walkway.strolls import strolls

if TYPE_CHECKING:
    from pathlib import Path

    from lastmile.walkway.catchments import StationRow

WITHIN = 0.10
"""The bundle's distances may differ from the region's by so much (the project's own bar)."""


def length_m(access: Access, station: int, point: int, name: str = "walk") -> float:
    manner = {"walk": WALK, "step_free": STEP_FREE, "bike": BIKE}[name]
    way = access.way(access.stations[station], access.shore.line[point], manner)
    assert way.path is not None
    return way.path.length_m


def test_lengths_by_hand(bay_access: Access) -> None:
    assert length_m(bay_access, 0, 1) == pytest.approx(1000.0, abs=1.0)
    assert length_m(bay_access, 0, 0) == pytest.approx(1400.0, abs=1.0)
    assert length_m(bay_access, 1, 3) == pytest.approx(600.0, abs=1.0)


def test_without_steps_one_goes_round(bay_access: Access) -> None:
    """From B the steps lead down in 600 m; without them the beach is nearest, 1200 m away."""
    row = bay_access.row(bay_access.stations[1])
    down, round_about = row.nearest["walk"], row.nearest["step_free"]
    assert down.destination.id == "p3"
    assert round_about.destination.id == "p1"
    assert round_about.path is not None
    assert round_about.path.length_m == pytest.approx(1200.0, abs=1.0)


def test_minutes_follow_from_the_walking_speed(bay_access: Access) -> None:
    path = bay_access.way(bay_access.stations[0], bay_access.shore.line[1]).path
    assert path is not None
    assert path.duration_s == pytest.approx(1000.0 / 1.3, rel=0.002)


def test_the_nearest_point_is_nearest_along_streets_not_in_the_air(bay_access: Access) -> None:
    """P0 lies straight below A, yet the beach is 400 m nearer on foot."""
    row = bay_access.row(bay_access.stations[0])
    assert row.nearest["walk"].destination.id == "p1"
    assert row.straight_m == pytest.approx(600.0, abs=1.0)
    assert row.line_m == pytest.approx(600.0, abs=3.0)


def test_the_statement_by_hand(bay_access: Access) -> None:
    row = bay_access.row(bay_access.stations[0])
    assert row.claim_straight
    assert row.claim_walked is True


def test_climbs_are_unknown_without_heights(bay_access: Access) -> None:
    path = bay_access.way(bay_access.stations[0], bay_access.shore.line[1]).path
    assert path is not None
    assert path.climb_m is None
    assert any("heights" in warning for warning in bay_access.warnings())


def test_climbs_with_heights(tmp_path: Path) -> None:
    """A street that rises 12 m from the sea to the station."""
    coast = bay()
    network = coast.network(tmp_path)
    top = at(0, 600)[0]
    hilly = network.with_heights(lambda lat, _: np.where(np.abs(lat - top) < 1e-5, 12.0, 0.0))
    access = Access(hilly, coast.shore())
    down = access.way(access.stations[0], access.shore.line[1]).path
    assert down is not None
    assert down.climb_m == pytest.approx(0.0, abs=0.1)


def test_a_place_in_the_sea_is_not_reached(tmp_path: Path) -> None:
    """It lies 400 m from every street: said so, with the gap drawn from the street to it."""
    coast = bay()
    coast.line.append(("Rock", (800, -400), "viewpoint"))
    access = coast.access(tmp_path)
    way = access.way(access.stations[0], access.shore.line[-1])
    assert not way.reached
    assert way.gap is not None
    assert "400 m from every street" in way.gap.reason
    assert way.gap.length_m == pytest.approx(400.0, abs=1.0)
    assert way.gap.line[0] == pytest.approx(at(800, 0), abs=1e-5)
    assert any("Rock" in warning for warning in access.warnings())


def test_the_gap_between_two_parts_is_drawn(tmp_path: Path) -> None:
    """With both ways down closed, 600 m are missing between the street and the shore."""
    coast = bay()
    network = coast.network(tmp_path)
    t = network.tables
    north = t.edge_to[:], t.edge_from[:]
    lat = t.node_lat
    between = np.flatnonzero(np.abs(lat[north[0]] - lat[north[1]]) > 1e-4)
    cut = network.with_edits([Closure("no way down", edges=tuple(between.tolist()))])
    access = Access(cut, coast.shore())
    way = access.way(access.stations[0], access.shore.line[1])
    assert way.path is None
    assert way.gap is not None
    assert "do not meet" in way.gap.reason
    assert way.gap.length_m == pytest.approx(600.0, abs=1.0)
    row = access.row(access.stations[0])
    assert row.claim_walked is None


def test_services_are_those_of_the_shore() -> None:
    """Haltia has a cafe too, but nobody walks there from the metro."""
    shore = load_shore()
    names = {place.id for place in shore.services}
    assert {"nokkala", "mellsten", "villa-elfvik", "otsolahti"} <= names
    assert "haltia" not in names
    assert all(services_of(place) for place in shore.services)


def test_every_service_of_the_bundle_is_judged(bundle_access: Access) -> None:
    for station in bundle_access.stations:
        ways = bundle_access.service_ways(station)
        kinds = {kind for way in ways for kind in services_of(way.destination)}
        assert {"beach", "cafe", "harbour", "sauna", "boat", "viewpoint"} <= kinds
        assert all(way.reached or way.gap is not None for way in ways)


def test_the_statement_on_the_bundle(bundle_access: Access) -> None:
    """No way is shorter than the straight line, and the statement is judged for all stations."""
    rows = bundle_access.rows()
    assert len(rows) == 11
    for row in rows:
        path = row.nearest["walk"].path
        assert path is not None
        assert path.length_m >= row.straight_m - 1.0
        assert row.claim_walked is (path.length_m <= CLAIM_M)


def by_station(access: Access) -> dict[str, StationRow]:
    return {row.station.id: row for row in access.rows()}


def test_the_bundle_agrees_with_the_region(bundle_access: Access, region_access: Access) -> None:
    """Every station's distance to the walkway is within 10 % of that on the region's streets."""
    region = by_station(region_access)
    for station, row in by_station(bundle_access).items():
        bundled, real = row.nearest["walk"].path, region[station].nearest["walk"].path
        assert bundled is not None
        assert real is not None
        assert bundled.length_m == pytest.approx(real.length_m, rel=WITHIN), station


def test_both_networks_say_the_same_of_the_statement(
    bundle_access: Access, region_access: Access
) -> None:
    region = by_station(region_access)
    for station, row in by_station(bundle_access).items():
        assert row.claim_walked == region[station].claim_walked, station


def test_no_bundled_street_runs_through_the_water(bundle_access: Access) -> None:
    t = bundle_access.network.tables
    lines = shapely.linestrings(
        metric(np.stack([t.shape_lat, t.shape_lon], axis=1)), indices=t.shape_edge
    )
    for place, area in bundle_access.shore.water:
        assert area.is_valid
        assert not shapely.intersects(lines, area).any(), place.name_fi


def test_streets_elsewhere_reach_nothing_and_say_so(tmp_path: Path) -> None:
    """On streets a hundred kilometres off every part answers, and no figure is made up."""
    coast = bay()
    network = coast.network(tmp_path)
    far = dataclasses.replace(
        network.tables,
        node_lat=network.tables.node_lat + 1.0,
        shape_lat=network.tables.shape_lat + 1.0,
    )
    access = Access(network.on(far), load_shore())
    told = study_json(access)
    assert told["furthest"] is None
    assert all(not station["walk"]["reached"] for station in told["stations"])
    assert all(station["within_claim"]["walked"] is None for station in told["stations"])
    assert told["gaps"]["features"]
    assert sign_plan(access, 5).signs == ()
    assert link_plan(candidates(access), 500.0).links == ()
    assert strolls(access) == ()
    study = bike_study(access, load_bike_stations())
    assert study.new == ()
    assert study.minutes_now is None
    assert len(chapter(access).rows) == 11
    with pytest.raises(OffNetworkError):
        shore_areas(access)
