"""The base on the bundled data: ways, calibration, learning, and what relief does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from lastmile.parameters import Parameters
from lastmile.planner.core import Planner
from lastmile.transit.feed import load_active_feed
from scenarios.load import load_scenario
from simulation.base import BASE, world_digest
from simulation.calibrate import load_calibration
from simulation.day import run_day
from simulation.learning import TOLERANCE, learn
from simulation.parties import MODES
from simulation.prepare import prepare
from simulation.supply import build_supply
from simulation.visits import load_zones

if TYPE_CHECKING:
    from simulation.model import DayModel

MORNING = 11


@pytest.fixture(scope="module")
def base() -> DayModel:
    return prepare(load_scenario(BASE))


@pytest.fixture(scope="module")
def pilot() -> DayModel:
    return prepare(load_scenario("shuttle-espoo-haltia"))


def test_the_bundled_calibration_was_made_for_the_bundled_data() -> None:
    """When this fails, data or parameters changed: write the calibration anew."""
    supply = build_supply(load_scenario(BASE), Parameters.bundled())
    assert load_calibration().digest == world_digest(supply), (
        "run: lastmile calibrate --write data/demand/calibration.toml; "
        "python tools/check_sources.py --write"
    )


def test_the_bundled_calibration_meets_its_targets() -> None:
    fit = load_calibration()
    assert fit.largest_error < 0.05
    assert fit.mode_share["car"] == pytest.approx(fit.mode_target["car"], abs=0.02)
    assert fit.no_way_share < 0.005


def test_every_zone_drives_to_every_entrance(base: DayModel) -> None:
    assert base.demand is not None
    levels = base.demand.levels
    assert np.isfinite(levels.drive_s).all()
    speed_kmh = levels.drive_m / levels.drive_s * 3.6
    assert (speed_kmh > 20).all()
    assert (speed_kmh < 100).all()
    assert (levels.walk_s > levels.bike_s).all()


def test_the_way_by_bus_is_close_to_the_planners_best(base: DayModel) -> None:
    """Door to door, line 245 and its feeders take at most 20 min more than any journey."""
    assert base.demand is not None
    levels = base.demand.levels
    supply = build_supply(load_scenario(BASE), Parameters.bundled())
    planner = Planner(supply.streets, load_active_feed())
    haltia = base.entrances[0]
    zones = load_zones().set_index("id")
    for name in ("suur-leppavaara", "suur-matinkyla", "tourists-helsinki"):
        row = levels.zones.index(name)
        ride = levels.bus_there
        own_s = (ride.in_vehicle_s + ride.wait_s + ride.walk_s)[row, 0, MORNING]
        found = planner.transit_matrix(
            [(float(zones.loc[name, "lat"]), float(zones.loc[name, "lon"]))],
            [(haltia.lat, haltia.lon)],
            supply.timetable.day,
            np.arange(9.0, 11.0, 0.25) * 3600,
        )
        best_s = np.nanmin(found.in_vehicle_s + found.wait_s - found.first_wait_s + found.walk_s)
        assert best_s - 60 <= own_s <= best_s + 1200


def test_a_shuttle_leaves_the_bus_as_it_was(base: DayModel, pilot: DayModel) -> None:
    assert base.demand is not None
    assert pilot.demand is not None
    old, new = base.demand.levels, pilot.demand.levels
    assert np.array_equal(old.bus_there.in_vehicle_s, new.bus_there.in_vehicle_s, equal_nan=True)
    assert np.isnan(old.shuttle_there.in_vehicle_s).all()
    haltia = new.entrances.index("haltia")
    from_espoo = new.zones.index("vanha-espoo")
    assert np.isfinite(new.shuttle_there.in_vehicle_s[from_espoo, haltia, MORNING])
    assert (
        new.shuttle_there.schedule_delay_s[from_espoo, haltia, MORNING]
        < old.bus_there.schedule_delay_s[from_espoo, haltia, MORNING]
    )


def test_rides_board_before_they_alight(pilot: DayModel) -> None:
    for rides in (pilot.access.bus, pilot.access.shuttle):
        served = rides.service >= 0
        assert served.any()
        assert (rides.board[served] < rides.alight[served]).all()
        assert (rides.access_s[served] >= 0).all()
        assert np.isfinite(rides.egress_s[served]).all()


def test_pilots_are_measured_against_the_base_people_know(base: DayModel, pilot: DayModel) -> None:
    assert base.demand is not None
    assert pilot.demand is not None
    assert base.demand.reference_levels is None
    assert pilot.demand.reference_expectations is not None
    assert np.array_equal(
        pilot.demand.reference_expectations.search_s, base.demand.expectations.search_s
    )


def test_people_have_learnt(base: DayModel) -> None:
    assert base.demand is not None
    again = learn(base, base.demand.expectations)
    assert again.days == 1
    assert again.gap < TOLERANCE


def test_relief_is_learnt_and_draws_cars_back() -> None:
    """With twice the places people expect less search, and more of them drive there."""
    scenario = load_scenario(BASE)
    tight, wide = (
        prepare(
            scenario.with_changes(
                {f"car_parks.haukkalampi-car-park-{k}.capacity": size for k in (1, 2, 3)}
                | {"day.visit_level": 1.5}
            )
        )
        for size in (30, 90)
    )
    assert tight.demand is not None
    assert wide.demand is not None
    gate = [entrance.id for entrance in tight.entrances].index("haukkalampi")
    before, after = tight.demand.expectations, wide.demand.expectations
    assert after.search_s[gate].sum() < 0.5 * before.search_s[gate].sum()

    def drivers(model: DayModel) -> int:
        choices = run_day(model, 1, 0).choices
        return int(((choices.mode == MODES.index("car")) & (choices.entrance == gate)).sum())

    assert drivers(wide) > drivers(tight)
