"""Each rule of access and speed, with the tags that trigger it."""

from __future__ import annotations

import pytest

from lastmile.network.access import (
    BACKWARD_FLAG,
    BARRIERS,
    BIKE_SURFACE_FACTORS,
    CAR_SURFACE_KMH,
    FORWARD_FLAG,
    KMH,
    SIDEPATH_BIKE_FACTOR,
    STEPS_WALK_FACTOR,
    STREET_CLASSES,
    Flag,
    Mode,
    barrier_rules,
    parse_maxspeed,
    way_rules,
)

MODES = (Mode.WALK, Mode.BIKE, Mode.CAR)


def directions(tags: dict[str, str]) -> str:
    """Return three signs for walk, bike, car: = both ways, > forward, < backward, - not at all."""
    rules = way_rules(tags)
    flags = rules.flags if rules else Flag(0)
    signs = {(True, True): "=", (True, False): ">", (False, True): "<", (False, False): "-"}
    return "".join(
        signs[bool(flags & FORWARD_FLAG[mode]), bool(flags & BACKWARD_FLAG[mode])] for mode in MODES
    )


@pytest.mark.parametrize(
    ("rule", "tags", "walk_bike_car"),
    [
        ("a street carries everybody", {"highway": "residential"}, "==="),
        ("a motorway only cars, one way", {"highway": "motorway"}, "-->"),
        ("a motorway link both ways", {"highway": "motorway_link"}, "--="),
        ("a trunk road only cars", {"highway": "trunk"}, "--="),
        ("a cycleway bikes and walkers", {"highway": "cycleway"}, "==-"),
        ("a footway walkers", {"highway": "footway"}, "=--"),
        ("a path bikes and walkers", {"highway": "path"}, "==-"),
        ("a track bikes and walkers", {"highway": "track"}, "==-"),
        ("a pedestrian street walkers", {"highway": "pedestrian"}, "=--"),
        ("a platform walkers", {"highway": "platform"}, "=--"),
        ("a busway nobody", {"highway": "busway"}, "---"),
        ("a building site nobody", {"highway": "construction", "foot": "yes"}, "---"),
        ("an unknown class nobody", {"highway": "bus_stop"}, "---"),
        ("no highway, nobody", {"name": "Haltia"}, "---"),
        # the hierarchy: own key, family, access, default
        ("access=no closes to all", {"highway": "service", "access": "no"}, "---"),
        ("access=private closes to all", {"highway": "service", "access": "private"}, "---"),
        ("foot beats access", {"highway": "track", "access": "no", "foot": "yes"}, "=--"),
        (
            "bicycle beats vehicle beats access",
            {"highway": "service", "access": "no", "vehicle": "no", "bicycle": "permissive"},
            "-=-",
        ),
        ("vehicle=no stops bikes and cars", {"highway": "residential", "vehicle": "no"}, "=--"),
        ("motor_vehicle=no stops cars", {"highway": "residential", "motor_vehicle": "no"}, "==-"),
        (
            "motorcar beats motor_vehicle",
            {"highway": "residential", "motor_vehicle": "no", "motorcar": "yes"},
            "===",
        ),
        ("destination is open", {"highway": "residential", "vehicle": "destination"}, "==="),
        ("customers are let in", {"highway": "service", "access": "customers"}, "==="),
        ("delivery is not for us", {"highway": "service", "motor_vehicle": "delivery"}, "==-"),
        ("forestry roads are closed to cars", {"highway": "service", "vehicle": "forestry"}, "=--"),
        ("a footway opened to bikes", {"highway": "footway", "bicycle": "designated"}, "==-"),
        ("a track opened to cars", {"highway": "track", "motor_vehicle": "yes"}, "==="),
        (
            "access=yes invites no cars onto a footway",
            {"highway": "footway", "access": "yes"},
            "=--",
        ),
        ("foot=no closes a cycleway to walkers", {"highway": "cycleway", "foot": "no"}, "-=-"),
        ("foot=yes opens a trunk road", {"highway": "trunk", "foot": "yes"}, "=-="),
        ("a motorroad is for cars", {"highway": "primary", "motorroad": "yes"}, "--="),
        ("an unknown value says nothing", {"highway": "path", "bicycle": "maybe"}, "==-"),
        (
            "use_sidepath still reaches the doors",
            {"highway": "primary", "bicycle": "use_sidepath"},
            "===",
        ),
        (
            "use_sidepath opens no trunk road",
            {"highway": "trunk", "bicycle": "use_sidepath"},
            "--=",
        ),
        ("closed in one direction", {"highway": "service", "motor_vehicle:backward": "no"}, "==>"),
        # one-way streets
        ("oneway holds for vehicles", {"highway": "residential", "oneway": "yes"}, "=>>"),
        ("oneway=1", {"highway": "residential", "oneway": "1"}, "=>>"),
        ("oneway=-1 runs backward", {"highway": "residential", "oneway": "-1"}, "=<<"),
        (
            "oneway=reversible cannot be relied on",
            {"highway": "primary", "oneway": "reversible"},
            "=--",
        ),
        ("oneway=alternating is open", {"highway": "primary", "oneway": "alternating"}, "==="),
        ("oneway=no", {"highway": "residential", "oneway": "no"}, "==="),
        ("oneway=no on a motorway", {"highway": "motorway", "oneway": "no"}, "--="),
        (
            "oneway:bicycle=no lets bikes both ways",
            {"highway": "residential", "oneway": "yes", "oneway:bicycle": "no"},
            "==>",
        ),
        (
            "oneway:bicycle against the cars",
            {"highway": "residential", "oneway": "yes", "oneway:bicycle": "-1"},
            "=<>",
        ),
        (
            "oneway:bicycle beats cycleway=opposite",
            {
                "highway": "residential",
                "oneway": "yes",
                "oneway:bicycle": "yes",
                "cycleway": "opposite",
            },
            "=>>",
        ),
        ("oneway:motor_vehicle", {"highway": "residential", "oneway:motor_vehicle": "yes"}, "==>"),
        ("oneway:foot", {"highway": "footway", "oneway:foot": "yes"}, ">--"),
        ("a one-way cycleway", {"highway": "cycleway", "oneway": "yes"}, "=>-"),
        *(
            (
                f"cycleway={value}",
                {"highway": "residential", "oneway": "yes", "cycleway": value},
                "==>",
            )
            for value in ("opposite", "opposite_lane", "opposite_track")
        ),
        *(
            (
                f"cycleway:{side}",
                {"highway": "road", "oneway": "yes", f"cycleway:{side}": "opposite_lane"},
                "==>",
            )
            for side in ("left", "right", "both")
        ),
        (
            "cycleway:left:oneway=-1",
            {
                "highway": "road",
                "oneway": "yes",
                "cycleway:left": "lane",
                "cycleway:left:oneway": "-1",
            },
            "==>",
        ),
        (
            "cycleway=lane is no contraflow",
            {"highway": "road", "oneway": "yes", "cycleway": "lane"},
            "=>>",
        ),
        ("roundabouts run one way", {"highway": "primary", "junction": "roundabout"}, "=>>"),
        ("circular junctions too", {"highway": "primary", "junction": "circular"}, "=>>"),
        (
            "a roundabout both ways where tagged",
            {"highway": "primary", "junction": "roundabout", "oneway": "no"},
            "===",
        ),
        # pushing
        ("a bike is pushed over steps", {"highway": "steps"}, "==-"),
        ("but not where it is forbidden", {"highway": "steps", "bicycle": "no"}, "=--"),
        ("bicycle=dismount is walked", {"highway": "footway", "bicycle": "dismount"}, "==-"),
        (
            "and not where nobody walks",
            {"highway": "path", "bicycle": "dismount", "foot": "no"},
            "---",
        ),
    ],
)
def test_who_may_use_a_way(rule: str, tags: dict[str, str], walk_bike_car: str) -> None:
    assert directions(tags) == walk_bike_car, rule


@pytest.mark.parametrize("kind", STREET_CLASSES)
def test_every_class_is_as_its_row_says(kind: str) -> None:
    street = STREET_CLASSES[kind]
    signs = directions({"highway": kind, "oneway": "no"})
    rides = street.bike or kind == "steps"
    assert [sign != "-" for sign in signs] == [street.walk, rides, street.car]


@pytest.mark.parametrize(
    ("value", "kmh"),
    [
        ("50", 50),
        ("50 km/h", 50),
        ("30 mph", 48.28032),
        ("30mph", 48.28032),
        ("FI:urban", 50),
        ("FI:rural", 80),
        ("FI:motorway", 120),
        ("FI:living_street", 20),
        ("FI:30", 30),
        ("FI:zone30", 30),
        ("FI:zone:40", 40),
        ("walk", 7),
        ("50;30", 30),
        ("none;60", 60),
        ("none", None),
        ("signals", None),
        ("0", None),
        ("-50", None),
        ("999", None),
        ("1e9", None),
        ("fifty", None),
        ("", None),
        ("\u0661\u0660", None),
    ],
)
def test_maxspeed(value: str, kmh: float | None) -> None:
    assert parse_maxspeed(value) == pytest.approx(kmh)


def kmh(tags: dict[str, str]) -> tuple[float, float]:
    rules = way_rules(tags)
    assert rules is not None
    return round(rules.car_forward_m_s / KMH, 6), round(rules.car_backward_m_s / KMH, 6)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"highway": "residential"}, (30, 30)),
        ({"highway": "residential", "maxspeed": "40"}, (40, 40)),
        ({"highway": "residential", "maxspeed": "signals"}, (30, 30)),
        ({"highway": "road", "maxspeed": "60", "maxspeed:forward": "50"}, (50, 60)),
        ({"highway": "road", "maxspeed:backward": "20"}, (40, 20)),
        ({"highway": "tertiary", "maxspeed:type": "FI:rural"}, (80, 80)),
        ({"highway": "tertiary", "source:maxspeed": "FI:urban"}, (50, 50)),
        ({"highway": "tertiary", "maxspeed": "60", "surface": "gravel"}, (50, 50)),
        ({"highway": "residential", "surface": "gravel"}, (30, 30)),
        ({"highway": "residential", "surface": "dirt"}, (25, 25)),
        ({"highway": "residential", "surface": "asphalt"}, (30, 30)),
    ],
)
def test_driving_speed(tags: dict[str, str], expected: tuple[float, float]) -> None:
    assert kmh(tags) == expected


@pytest.mark.parametrize("surface", CAR_SURFACE_KMH)
def test_surfaces_slow_cars(surface: str) -> None:
    tags = {"highway": "motorway", "maxspeed": "120", "surface": surface}
    assert kmh(tags)[0] == CAR_SURFACE_KMH[surface]


@pytest.mark.parametrize("surface", BIKE_SURFACE_FACTORS)
def test_surfaces_slow_bikes(surface: str) -> None:
    rules = way_rules({"highway": "cycleway", "surface": surface})
    assert rules is not None
    assert rules.bike_factor == BIKE_SURFACE_FACTORS[surface]


def test_a_variety_of_a_surface_counts_as_the_surface() -> None:
    rules = way_rules({"highway": "cycleway", "surface": "cobblestone:flattened"})
    assert rules is not None
    assert rules.bike_factor == BIKE_SURFACE_FACTORS["cobblestone"]


def test_a_road_with_a_sidepath_is_slow_to_ride() -> None:
    rules = way_rules({"highway": "primary", "bicycle": "use_sidepath"})
    assert rules is not None
    assert rules.bike_factor == SIDEPATH_BIKE_FACTOR


def test_stairs_are_slow_to_walk() -> None:
    rules = way_rules({"highway": "steps"})
    assert rules is not None
    assert rules.walk_factor == STEPS_WALK_FACTOR
    assert rules.flags & Flag.STEPS
    assert rules.flags & Flag.PUSH


@pytest.mark.parametrize(
    ("tags", "free"),
    [
        ({"highway": "footway"}, True),
        ({"highway": "steps"}, False),
        ({"highway": "steps", "ramp:wheelchair": "yes"}, True),
        ({"highway": "steps", "wheelchair": "yes"}, True),
        ({"highway": "escalator"}, False),
        ({"highway": "elevator"}, True),
        ({"highway": "path", "wheelchair": "no"}, False),
        ({"highway": "path", "wheelchair": "limited"}, True),
    ],
)
def test_step_free(tags: dict[str, str], free: bool) -> None:  # noqa: FBT001 - a table
    rules = way_rules(tags)
    assert rules is not None
    assert bool(rules.flags & Flag.NOT_STEP_FREE) is not free


def passing(tags: dict[str, str]) -> str:
    flags = barrier_rules(tags)
    return "".join("=" if flags & FORWARD_FLAG[mode] else "-" for mode in MODES)


@pytest.mark.parametrize(
    ("tags", "walk_bike_car"),
    [
        ({}, "==="),
        ({"barrier": "gate"}, "==="),
        ({"barrier": "lift_gate"}, "==="),
        ({"barrier": "kerb"}, "==="),
        ({"barrier": "bollard"}, "==-"),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, "==="),
        ({"barrier": "bollard", "access": "yes"}, "==-"),
        ({"barrier": "bollard", "bicycle": "no"}, "=--"),
        ({"barrier": "gate", "access": "private"}, "---"),
        ({"barrier": "gate", "access": "no", "foot": "yes", "bicycle": "yes"}, "==-"),
        ({"barrier": "gate", "locked": "yes"}, "==-"),
        ({"barrier": "gate", "locked": "yes", "motorcar": "yes"}, "==="),
        ({"barrier": "stile"}, "=--"),
        ({"barrier": "cycle_barrier"}, "==-"),
        ({"highway": "crossing", "access": "no"}, "==="),
    ],
)
def test_whom_a_barrier_lets_pass(tags: dict[str, str], walk_bike_car: str) -> None:
    assert passing(tags) == walk_bike_car


@pytest.mark.parametrize("kind", BARRIERS)
def test_every_barrier_stops_whom_its_row_says(kind: str) -> None:
    expected = "".join("-" if mode in BARRIERS[kind] else "=" for mode in MODES)
    assert passing({"barrier": kind}) == expected


def test_a_stile_is_not_step_free() -> None:
    assert barrier_rules({"barrier": "stile"}) & Flag.NOT_STEP_FREE
    assert not barrier_rules({"barrier": "gate"}) & Flag.NOT_STEP_FREE
