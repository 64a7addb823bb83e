"""Where signs stand and what they say, in a town walked by hand."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shore_sketches import at

from lastmile.errors import RequestError
from lastmile.places import Place
from lastmile.walkway.demand import attraction, shares, walkers
from lastmile.walkway.output import signs_csv, signs_geojson, signs_json, signs_list
from lastmile.walkway.shore import load_shore
from lastmile.walkway.signs import SignedWay, coverage, sector, sign_plan
from lastmile.walkway.wayfinding import Decision

if TYPE_CHECKING:
    from lastmile.walkway.catchments import Access

HOME = Place(id="home", kind="metro_station", name_fi="Home", lat=60.15, lon=24.7)
SEA = Place(id="sea", kind="beach", name_fi="Sea", lat=60.14, lon=24.7)


def decision(x_m: float, slots: int = 6) -> Decision:
    return Decision(at(x_m, 0), x_m, 90.0, 90.0, 3, slots, ambiguous=False)


def test_a_sign_helps_here_and_a_little_further_on() -> None:
    """Two decisions 100 m apart, a third 200 m on: a sign reaches 150 m, and never back."""
    way = SignedWay(HOME, SEA, 10.0, 500.0, (decision(100), decision(200), decision(400, 9)))
    points, values = coverage([way], reach_m=150.0)
    expected = {
        at(100, 0): [60.0, 60.0, 0.0],
        at(200, 0): [0.0, 60.0, 0.0],
        at(400, 0): [0.0, 0.0, 90.0],
    }
    assert {point: row.tolist() for point, row in zip(points, values, strict=True)} == expected


def test_one_sign_stands_where_the_ways_from_a_part(bay_access: Access) -> None:
    """All walks from A turn right at a1, and those back to A turn left there."""
    (sign,) = sign_plan(bay_access, 1).signs
    assert sign.point == pytest.approx(at(400, 600), abs=1e-6)
    beach, from_b = (
        next(line for line in sign.lines if line.destination == "p1" and line.heading == heading)
        for heading in (2, 6)  # read walking east, from A, and west, from B
    )
    assert (beach.arrow, from_b.arrow) == ("→", "←")
    assert beach.towards_deg == pytest.approx(180.0, abs=1.0)
    assert beach.text_fi == "P1 600 m"
    assert beach.text_sv == "P1 sv 600 m"
    home = next(line for line in sign.lines if line.destination == "a")
    assert (home.arrow, home.heading, home.text_fi) == ("←", 0, "Metro A 400 m")


def test_more_signs_cover_more_until_nothing_is_left(bay_access: Access) -> None:
    plans = [sign_plan(bay_access, number) for number in (1, 2, 20)]
    covered = [plan.covered for plan in plans]
    assert covered == sorted(covered)
    assert plans[-1].covered == pytest.approx(plans[-1].total)
    assert all(plan.covered <= plan.bound <= plan.total + 1e-6 for plan in plans)


@pytest.mark.parametrize("number", [0, -1, 1001])
def test_an_impossible_budget_is_refused(bay_access: Access, number: int) -> None:
    with pytest.raises(RequestError, match="1 to 1000"):
        sign_plan(bay_access, number)


@pytest.mark.parametrize(
    ("angle", "expected"), [(0.0, 0), (90.0, 2), (-90.0, 6), (180.0, 4), (22.0, 0), (23.0, 1)]
)
def test_sectors(angle: float, expected: int) -> None:
    assert sector(angle) == expected


def test_walkers_by_hand(bay_access: Access) -> None:
    """10 000 boardings, 2 % to the shore, less by exp(-t/12 min) for the walk to the nearest."""
    flows = walkers(bay_access)
    minutes = 1000.0 / 1.3 / 60.0
    assert flows.per_day[0].sum() == pytest.approx(200.0 * np.exp(-minutes / 12.0), rel=0.005)
    assert flows.low_factor == pytest.approx(0.5 * 0.005 / 0.02)
    assert flows.high_factor == pytest.approx(2.0 * 0.05 / 0.02)


def test_attraction_adds_up_services() -> None:
    parameters = load_shore().parameters
    place = Place(id="x", kind="beach", name_fi="X", lat=0, lon=0, services=("cafe", "beach"))
    assert attraction(place, parameters) == 6.0
    bare = Place(id="y", kind="walkway_vertex", name_fi="Y", lat=0, lon=0)
    assert attraction(bare, parameters) == 1.0


@given(st.lists(st.floats(0, 5000), min_size=1, max_size=6))
def test_shares_sum_to_one_and_nearer_is_likelier(durations: list[float]) -> None:
    times = np.array([durations])
    found = shares(times, np.ones(len(durations)), 12.0)[0]
    assert found.sum() == pytest.approx(1.0)
    order = np.argsort(times[0])
    assert np.all(np.diff(found[order]) <= 1e-12)


def test_nothing_reached_nobody_walks() -> None:
    assert shares(np.array([[np.inf, np.inf]]), np.ones(2), 12.0).tolist() == [[0.0, 0.0]]


def test_the_files_tell_the_same(bay_access: Access) -> None:
    plan = sign_plan(bay_access, 3)
    lines = [line for sign in plan.signs for line in sign.lines]
    rows = list(csv.DictReader(io.StringIO(signs_csv(plan))))
    assert [row["text_fi"] for row in rows] == [line.text_fi for line in lines]
    assert [row["arrow"] for row in rows] == [line.arrow for line in lines]
    features = signs_geojson(plan)["features"]
    assert [f["properties"]["number"] for f in features] == [s.number for s in plan.signs]
    lon, lat = features[0]["geometry"]["coordinates"]
    assert (lat, lon) == pytest.approx(plan.signs[0].point, abs=1e-5)
    printed = signs_list(plan)
    assert all(line.text_fi in printed and line.text_sv in printed for line in lines)
    assert signs_json(plan)["covered"] == pytest.approx(plan.covered, abs=0.1)
