"""From a scenario to vehicles, places and faults, beside the bundled streets and timetable."""

from __future__ import annotations

import itertools
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lastmile.errors import ScenarioError
from lastmile.parameters import Parameters
from lastmile.transit.feed import load_active_feed
from scenarios.load import list_scenarios, load_scenario
from scenarios.schema import Day
from simulation.shuttle import BACK, OUT
from simulation.supply import build_supply, representative_date

if TYPE_CHECKING:
    from pathlib import Path

    from simulation.shuttle import Service
    from simulation.supply import Supply

HOUR = 3600.0


def supply_of(name: str, changes: dict[str, Any] | None = None) -> Supply:
    return build_supply(load_scenario(name).with_changes(changes or {}), Parameters.bundled())


def service_of(supply: Supply, name: str) -> Service:
    return next(service for service in supply.services if service.id == name)


def starts(service: Service, way: int) -> list[float]:
    return sorted(np.nanmin(service.times_s[service.direction == way], axis=1).tolist())


@pytest.fixture(scope="module")
def base() -> Supply:
    return supply_of("baseline")


def test_the_base_has_the_car_parks_of_the_gazetteer(base: Supply) -> None:
    capacity = {lot.id: lot.capacity for lot in base.car_parks}
    assert capacity["haltia-car-park"] == 220
    assert sum(capacity[f"haukkalampi-car-park-{k}"] for k in (1, 2, 3)) == 105
    gates = [gate.id for gate in base.entrances]
    assert [gates[lot.entrance] for lot in base.car_parks][:2] == ["haltia", "haukkalampi"]


def test_an_uncertain_capacity_scales_every_car_park_of_the_entrance() -> None:
    supply = supply_of("baseline", {"parameters.parking_capacity_haukkalampi": 80})
    capacity = [lot.capacity for lot in supply.car_parks if "haukkalampi" in lot.id]
    assert sum(capacity) == pytest.approx(80, abs=1)


def test_bus_245_runs_to_its_timetable_both_ways(base: Supply) -> None:
    bus = service_of(base, "bus245")
    assert bus.stops[0] == "Espoon asema"
    assert "Haltia" in bus.stops
    assert len(starts(bus, OUT)) == len(starts(bus, BACK)) > 10
    for trip in range(len(bus.times_s)):
        calls = bus.times_s[trip, bus.calls(trip)]
        assert (np.diff(calls) >= 0).all()
    assert len(bus.feeder_s[0]) > 50, "trains feed the bus at Espoo station"


def assert_blocks_fit(service: Service) -> None:
    """No vehicle is in two places: each begins where it ended, and not before."""
    for vehicle in np.unique(service.block):
        trips = np.flatnonzero(service.block == vehicle)
        for before, after in itertools.pairwise(trips):
            there, here = service.calls(before)[-1], service.calls(after)[0]
            assert there == here
            assert service.times_s[after, here] >= service.times_s[before, there]


@pytest.mark.parametrize("name", list_scenarios())
def test_every_bundled_scenario_can_be_run_with_its_vehicles(name: str) -> None:
    scenario = load_scenario(name)
    supply = build_supply(scenario, Parameters.bundled())
    assert {service.id for service in supply.services} == set(scenario.services)
    for service in supply.services:
        given = scenario.services[service.id].vehicles
        assert given is None or service.block.max() + 1 <= given
        assert_blocks_fit(service)
    assert not supply.warnings


def test_a_headway_gives_a_departure_every_so_many_minutes() -> None:
    supply = supply_of("shuttle-espoo-haltia")
    departures = starts(service_of(supply, "shuttle"), OUT)
    assert departures == [9 * HOUR + k * 1200 for k in range(28)]


def test_more_frequent_buses_replace_those_within_their_hours_only(base: Supply) -> None:
    often = service_of(supply_of("bus245-15min"), "bus245")
    departures = np.array(starts(often, OUT))
    day = departures[(departures >= 9 * HOUR) & (departures <= 18 * HOUR)]
    assert day.tolist() == [9 * HOUR + k * 900 for k in range(37)]
    usual = np.array(starts(service_of(base, "bus245"), OUT))
    outside = usual[(usual < 9 * HOUR) | (usual > 18 * HOUR)]
    assert sorted(set(departures) - set(day)) == outside.tolist()


def test_every_second_bus_goes_on_to_haukkalampi() -> None:
    bus = service_of(supply_of("bus245-haukkalampi"), "bus245")
    assert bus.stops[-1] == "Haukkalampi"
    for way in (OUT, BACK):
        mine = bus.times_s[bus.direction == way]
        to_the_end = mine[~np.isnan(mine[:, -2])]
        calls = ~np.isnan(to_the_end[np.argsort(to_the_end[:, -2]), -1])
        assert calls.tolist() == [k % 2 == 0 for k in range(len(calls))]


def test_a_scenario_may_stand_on_any_month_and_kind_of_day() -> None:
    feed = load_active_feed()
    for month in range(1, 13):
        for kind, weekday in (("weekday", 2), ("saturday", 5), ("sunday", 6)):
            warnings: list[str] = []
            day = representative_date(feed, Day(month=month, day_type=kind), warnings)
            assert isinstance(day, date)
            assert day.weekday() == weekday
            assert day.month == month
            assert not warnings


def test_in_summer_the_bus_goes_on_to_kattila() -> None:
    bus = service_of(supply_of("baseline", {"day.month": 7}), "bus245")
    assert bus.stops[-1] == "Kattila"


# --- contradictions

CONTRADICTIONS = {
    "too few vehicles": (
        {"services.shuttle.vehicles": 1},
        "services.shuttle.vehicles: 1 cannot run this timetable, it takes 3",
    ),
    "unknown stop": (
        {"services.shuttle.stops": ["rail-espo", "haltia"]},
        "services.shuttle.stops.0: ",
    ),
    "stop in the woods": (
        {"services.shuttle.stops": [{"name": "Wood", "lat": 60.33, "lon": 24.55}, "haltia"]},
        "Wood lies more than 500 m off every road",
    ),
    "unknown route": ({"services.bus245.route": "999"}, "has no route '999'; it has"),
    "no such parameter": ({"parameters.walk_sped_ms": 1.0}, "walk_speed_ms"),
    "impossible parameter": ({"parameters.walk_speed_ms": -1.0}, "must be 0 or more"),
}


@pytest.mark.parametrize(("changes", "expected"), CONTRADICTIONS.values(), ids=list(CONTRADICTIONS))
def test_a_contradiction_is_told_before_anything_runs(
    changes: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        supply_of("shuttle-espoo-haltia", changes)
    assert expected in str(caught.value)


def test_all_contradictions_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        """
extends = "shuttle-espoo-haltia"
[entrances.atlantis]
[car_parks.haltia]
[car_parks.solvalla-car-park]
[services.shuttle]
vehicles = 1
[bikeshare.stations.sea]
lat = 60.08
lon = 24.6
docks = 5
bikes = 2
[links.far]
points = [[60.9, 24.5], [60.91, 24.5]]
""",
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError) as caught:
        build_supply(load_scenario(path), Parameters.bundled())
    said = str(caught.value).splitlines()
    for key in (
        "entrances.atlantis",
        "car_parks.haltia: haltia is no car park",
        "car_parks.solvalla-car-park.capacity: not known",
        "services.shuttle.vehicles",
        "bikeshare.stations.sea",
        "links.far",
    ):
        assert any(key in line and "mine.toml" in line for line in said), (key, said)


def test_the_digest_changes_with_what_is_offered(base: Supply) -> None:
    other = supply_of("baseline", {"parameters.parking_search_s": 200})
    assert base.digest == supply_of("baseline").digest != other.digest


def test_a_closed_car_park_is_not_there() -> None:
    supply = supply_of("baseline", {"car_parks.haltia-car-park.closed": True})
    assert "haltia-car-park" not in {lot.id for lot in supply.car_parks}
