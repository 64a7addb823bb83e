"""Scenario files: what they may say, how they build on each other, and how faults are told."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from lastmile.errors import ScenarioError
from scenarios.load import list_scenarios, load_scenario

if TYPE_CHECKING:
    from pathlib import Path

NAMED = {
    "baseline",
    "shuttle-espoo-haltia",
    "shuttle-matinkyla-haltia",
    "shuttle-helsinki-direct",
    "shuttle-espoo-kattila",
    "bus245-haukkalampi",
    "bus245-15min",
    "parking-booking",
    "parking-signs",
    "ebikes-espoo-nuuksio",
    "citybikes-rantaraitti",
    "autumn-package",
}

SHUTTLE = """
extends = "baseline"
title = { en = "Mine" }
[services.mine]
stops = ["rail-espoo", "haltia"]
headway = 30
vehicles = 2
"""


def write(folder: Path, text: str, name: str = "mine.toml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(write(folder, text))
    return str(caught.value).splitlines()


# --- what comes with the project


def test_the_named_scenarios_come_with_the_project() -> None:
    names = list_scenarios()
    assert names[0] == "baseline"
    assert set(names) >= NAMED


@pytest.mark.parametrize("name", sorted(NAMED))
def test_every_scenario_is_told_in_three_languages(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    for words in (scenario.title, scenario.description):
        assert len({words.said_in("en"), words.said_in("fi"), words.said_in("sv")}) == 3


def test_a_pilot_keeps_what_it_does_not_change() -> None:
    base, pilot = load_scenario("baseline"), load_scenario("shuttle-espoo-haltia")
    assert pilot.car_parks == base.car_parks
    assert pilot.services["bus245"] == base.services["bus245"]
    assert set(pilot.services) - set(base.services) == {"shuttle"}


def test_extending_can_take_several_steps() -> None:
    package = load_scenario("autumn-package")
    assert package.services["shuttle"] == load_scenario("shuttle-espoo-haltia").services["shuttle"]
    assert package.car_parks["haltia-car-park"].signs


# --- own files


def test_a_file_extends_a_bundled_scenario_or_a_file_beside_it(tmp_path: Path) -> None:
    write(tmp_path, SHUTTLE, "first.toml")
    second = 'extends = "first.toml"\ntitle = { en = "Second" }\n[services.mine]\nheadway = 45\n'
    scenario = load_scenario(write(tmp_path, second, "second.toml"))
    assert scenario.services["mine"].headway == 45
    assert scenario.services["mine"].vehicles == 2
    assert "bus245" in scenario.services


def test_a_new_way_to_time_a_service_replaces_the_old_one(tmp_path: Path) -> None:
    write(tmp_path, SHUTTLE, "first.toml")
    text = 'extends = "first.toml"\n[services.mine]\ndepartures = ["09:00", "24:30"]\n'
    service = load_scenario(write(tmp_path, text)).services["mine"]
    assert service.headway is None
    assert service.departures == [9 * 3600, 24 * 3600 + 1800]


def test_clock_times_are_seconds_after_midnight(tmp_path: Path) -> None:
    text = SHUTTLE + 'first = "08:15"\nlast = "25:00"\n'
    service = load_scenario(write(tmp_path, text)).services["mine"]
    assert (service.first, service.last) == (8 * 3600 + 900, 25 * 3600)


def test_the_digest_is_of_what_is_said_and_not_of_the_wording(tmp_path: Path) -> None:
    first = load_scenario(write(tmp_path, SHUTTLE))
    renamed = load_scenario(write(tmp_path, SHUTTLE.replace("Mine", "Ours"), "ours.toml"))
    slower = load_scenario(write(tmp_path, SHUTTLE.replace("30", "40"), "slower.toml"))
    assert first.digest == renamed.digest
    assert first.digest != slower.digest


# --- faults


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = """
extends = "baseline"
colour = "red"
[day]
month = 13
weather = "sunny"
[services.mine]
stops = ["rail-espoo"]
headwy = 30
[services.yours]
stops = ["rail-espoo", "haltia"]
headway = -5
vehicles = 1
[car_parks.haltia-car-park]
capacity = 0
opens = "20:00"
closes = "08:00"
"""
    said = faults(tmp_path, text)
    for key in (
        "colour",
        "day.month = 13",
        "day.weather = 'sunny'",
        "services.mine.headwy",
        "services.yours.headway = -5",
        "car_parks.haltia-car-park.capacity = 0",
    ):
        assert any(key in line for line in said), key
    assert all("mine.toml" in line for line in said)


FAULTS = {
    "unknown key": ("[day]\nmnth = 5", "day.mnth: unknown key; did you mean month?"),
    "what is allowed": ('[day]\nday_type = "monday"', "'weekday', 'saturday' or 'sunday'"),
    "negative time": ('[car_parks.haltia-car-park]\nopens = "-1:00"', "a clock time"),
    "closes first": (
        '[car_parks.haltia-car-park]\nopens = "20:00"\ncloses = "08:00"',
        "it closes before it opens",
    ),
    "both levels": ("[day]\npercentile = 95\nvisit_level = 2", "not both"),
    "bikes and docks": (
        '[bikeshare.stations.a]\nplace = "haltia"\ndocks = 5\nbikes = 9',
        "9 bikes do not fit 5 docks",
    ),
    "riders to nowhere": (
        '[bikeshare.riders.x]\nfrom = "a"\nto = "b"\ntrips = 3',
        "is no station",
    ),
    "no stops": ("[services.mine]\nheadway = 30\nvehicles = 1", "at least two stops"),
    "no timetable": (
        '[services.mine]\nstops = ["rail-espoo", "haltia"]\nvehicles = 1',
        "needs a headway, windows or departures",
    ),
    "no vehicles": (
        '[services.mine]\nstops = ["rail-espoo", "haltia"]\nheadway = 20',
        "needs a number of vehicles",
    ),
    "ends before it begins": (
        (
            '[services.mine]\nstops = ["rail-espoo", "haltia"]\nvehicles = 1\nheadway = 20\n'
            'first = "18:00"\nlast = "09:00"'
        ),
        "is before the first",
    ),
    "run times": (
        (
            '[services.mine]\nstops = ["rail-espoo", "haltia"]\nvehicles = 1\nheadway = 20\n'
            "run_times_min = [5, 6]"
        ),
        "2 stops need 1 run_times_min, not 2",
    ),
    "not a number": ("[services.bus245]\nseats = 'many'", "services.bus245.seats = 'many'"),
    "infinite": ("[services.bus245]\nfare_eur = inf", "services.bus245.fare_eur"),
}


@pytest.mark.parametrize(("text", "expected"), FAULTS.values(), ids=list(FAULTS))
def test_a_fault_says_where_and_what_is_allowed(tmp_path: Path, text: str, expected: str) -> None:
    said = faults(tmp_path, 'extends = "baseline"\n' + text)
    assert any(expected in line for line in said), said
    assert all("mine.toml: " in line for line in said)


def test_a_fault_names_the_file_that_has_it(tmp_path: Path) -> None:
    write(tmp_path, SHUTTLE.replace("headway = 30", "headway = 0"), "below.toml")
    said = faults(tmp_path, 'extends = "below.toml"\n[day]\nmonth = 0\n')
    assert any("below.toml: services.mine.headway" in line for line in said)
    assert any("mine.toml: day.month" in line for line in said)


def test_extends_in_a_loop_is_told_with_the_loop(tmp_path: Path) -> None:
    write(tmp_path, 'extends = "b.toml"', "a.toml")
    write(tmp_path, 'extends = "a.toml"', "b.toml")
    with pytest.raises(ScenarioError, match=r"loop: .*a\.toml -> .*b\.toml -> .*a\.toml"):
        load_scenario(str(tmp_path / "a.toml"))


def test_an_unknown_scenario_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="did you mean shuttle-espoo-haltia"):
        load_scenario("shutle-espoo-haltia")
    with pytest.raises(ScenarioError, match=r"extends = 'basline'.*did you mean baseline"):
        load_scenario(write(tmp_path, 'extends = "basline"'))


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="No such file"):
        load_scenario(str(tmp_path / "none.toml"))
    with pytest.raises(ScenarioError, match=r"not TOML: .*line 2"):
        load_scenario(write(tmp_path, "a = 1\nb = = 2"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ScenarioError, match="not UTF-8"):
        load_scenario(str(tmp_path / "bytes.toml"))


# --- changes by dotted key


def test_a_change_replaces_one_value_and_leaves_the_scenario_alone() -> None:
    base = load_scenario("shuttle-espoo-haltia")
    changed = base.with_changes({"services.shuttle.headway": 15, "day.percentile": 95})
    assert changed.services["shuttle"].headway == 15
    assert changed.services["shuttle"].vehicles == base.services["shuttle"].vehicles
    assert changed.day.percentile == 95
    assert base.services["shuttle"].headway == 20
    assert changed.digest != base.digest


def test_no_change_is_the_same_scenario() -> None:
    base = load_scenario("baseline")
    assert base.with_changes({}).digest == base.digest


def test_a_table_the_files_left_out_can_be_changed() -> None:
    changed = load_scenario("baseline").with_changes({"parameters.walk_speed_ms": 1.2})
    assert changed.parameters == {"walk_speed_ms": 1.2}
    booked = load_scenario("baseline").with_changes(
        {"car_parks.haltia-car-park.booking.bookable": 1}
    )
    booking = booked.car_parks["haltia-car-park"].booking
    assert booking is not None
    assert booking.bookable == 1


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("services.shutle.headway", "services.shuttle.headway"),
        ("services.shuttle.headwy", "services.shuttle.headway"),
        ("day.mont", "day.month"),
    ],
)
def test_a_change_of_a_key_that_does_not_exist_names_the_nearest(key: str, nearest: str) -> None:
    with pytest.raises(ScenarioError, match=f"there is no key '{key}'; did you mean {nearest}"):
        load_scenario("shuttle-espoo-haltia").with_changes({key: 5})


def test_a_change_to_a_value_that_is_not_allowed_is_refused() -> None:
    with pytest.raises(ScenarioError, match="capacity = 0: input should be greater than"):
        load_scenario("baseline").with_changes({"car_parks.haltia-car-park.capacity": 0})


def test_scenarios_travel_between_processes() -> None:
    base = load_scenario("autumn-package")
    again = pickle.loads(pickle.dumps(base))  # noqa: S301 - our own
    assert again == base
    assert again.with_changes({"day.month": 5}).day.month == 5


def test_a_description_in_one_language_serves_all(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('description = "A day."\n[title]\nen = "Own"\nsv = "Egen"\n', encoding="utf-8")
    own = load_scenario(path)
    assert own.description.said_in("fi") == "A day."
    assert (own.title.said_in("sv"), own.title.said_in("fi")) == ("Egen", "Own")
