"""OSM tags -> who may use a way, in which direction and how fast.

The rules follow the access hierarchy of the OSM wiki (https://wiki.openstreetmap.org/wiki/Key:access):
what a mode's own key says beats the key of its family, which beats ``access``, which beats the
default of the street class in :data:`STREET_CLASSES`. Every figure is in a table of this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntFlag, StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Mode(StrEnum):
    """How somebody moves on the streets."""

    WALK = "walk"
    BIKE = "bike"
    EBIKE = "ebike"
    CAR = "car"


class Flag(IntFlag):
    """What one edge of the network allows, seen along (FORWARD) or against its geometry."""

    WALK_FORWARD = 1
    WALK_BACKWARD = 2
    BIKE_FORWARD = 4
    BIKE_BACKWARD = 8
    CAR_FORWARD = 16
    CAR_BACKWARD = 32
    PUSH = 64
    """A bike is pushed here, at walking pace."""
    STEPS = 128
    NOT_STEP_FREE = 256
    BARRIER = 512
    """No street, but the passage through a barrier; of no length."""


FORWARD_FLAG = {
    Mode.WALK: Flag.WALK_FORWARD,
    Mode.BIKE: Flag.BIKE_FORWARD,
    Mode.EBIKE: Flag.BIKE_FORWARD,
    Mode.CAR: Flag.CAR_FORWARD,
}
BACKWARD_FLAG = {
    Mode.WALK: Flag.WALK_BACKWARD,
    Mode.BIKE: Flag.BIKE_BACKWARD,
    Mode.EBIKE: Flag.BIKE_BACKWARD,
    Mode.CAR: Flag.CAR_BACKWARD,
}


@dataclass(frozen=True, slots=True)
class StreetClass:
    """Defaults of one ``highway`` value.

    Attributes
    ----------
    walk, bike, car
        Whether the mode may use the class where no tag says otherwise.
    car_kmh
        Driving speed where no ``maxspeed`` is tagged. The speeds of the urban classes lie
        below the Finnish limit (50 km/h) by what junctions cost.
    bike_factor
        Riding speed relative to that on a paved cycleway.
    """

    walk: bool
    bike: bool
    car: bool
    car_kmh: float = 15.0
    bike_factor: float = 1.0


_YES, _NO = True, False
STREET_CLASSES: dict[str, StreetClass] = {
    #                              walk  bike  car   km/h  bike factor
    "motorway": StreetClass(_NO, _NO, _YES, 100),
    "motorway_link": StreetClass(_NO, _NO, _YES, 60),
    "trunk": StreetClass(_NO, _NO, _YES, 80),
    "trunk_link": StreetClass(_NO, _NO, _YES, 50),
    "primary": StreetClass(_YES, _YES, _YES, 60),
    "primary_link": StreetClass(_YES, _YES, _YES, 45),
    "secondary": StreetClass(_YES, _YES, _YES, 50),
    "secondary_link": StreetClass(_YES, _YES, _YES, 40),
    "tertiary": StreetClass(_YES, _YES, _YES, 45),
    "tertiary_link": StreetClass(_YES, _YES, _YES, 40),
    "unclassified": StreetClass(_YES, _YES, _YES, 45),
    "residential": StreetClass(_YES, _YES, _YES, 30),
    "road": StreetClass(_YES, _YES, _YES, 40),
    "living_street": StreetClass(_YES, _YES, _YES, 15, 0.8),
    "service": StreetClass(_YES, _YES, _YES, 15, 0.9),
    "busway": StreetClass(_NO, _NO, _NO),
    "track": StreetClass(_YES, _YES, _NO, 20, 0.8),
    "cycleway": StreetClass(_YES, _YES, _NO),
    "path": StreetClass(_YES, _YES, _NO, 10, 0.8),
    "bridleway": StreetClass(_YES, _YES, _NO, 10, 0.7),
    "pedestrian": StreetClass(_YES, _NO, _NO, 10, 0.6),
    "footway": StreetClass(_YES, _NO, _NO, 10, 0.7),
    "steps": StreetClass(_YES, _NO, _NO),
    "corridor": StreetClass(_YES, _NO, _NO, 10, 0.3),
    "platform": StreetClass(_YES, _NO, _NO, 10, 0.3),
    "elevator": StreetClass(_YES, _NO, _NO, 10, 0.3),
    "escalator": StreetClass(_YES, _NO, _NO),
    "crossing": StreetClass(_YES, _NO, _NO, 10, 0.7),
}
"""A ``highway`` value that is not in the table carries nobody and is counted in a warning.

Walking: https://wiki.openstreetmap.org/wiki/OSM_tags_for_routing/Access_restrictions with the
Finnish habit that a ``cycleway`` is walked on too; car speeds: see ``docs/streets.md``.
"""

LIFECYCLE = frozenset(
    {"construction", "proposed", "planned", "abandoned", "razed", "disused", "none", "no"}
)
"""``highway`` values of ways that are not there (yet, or any more): no warning is due."""

ACCESS_KEYS: dict[Mode, tuple[str, ...]] = {
    Mode.WALK: ("foot", "access"),
    Mode.BIKE: ("bicycle", "vehicle", "access"),
    Mode.CAR: ("motorcar", "motor_vehicle", "vehicle", "access"),
}
"""Keys that speak about a mode, the most telling first."""

FAMILY_KEYS = frozenset({"access", "vehicle"})
"""Keys too general to open a class to a mode it is closed to by default (``access=yes`` on a
footway invites no cars); they only close."""

GRANTS = frozenset(
    {"yes", "designated", "permissive", "destination", "official", "customers", "public"}
)
DENIALS = frozenset(
    {
        "no",
        "private",
        "agricultural",
        "forestry",
        "delivery",
        "emergency",
        "military",
        "permit",
        "restricted",
        "bus",
        "psv",
    }
)
"""A value in neither set (``unknown``, ``discouraged``, a slip of the pen) says nothing, nor does
``use_sidepath``: who must use the path beside a road still gets to its doors, and that path may
be missing from the map. See SIDEPATH_BIKE_FACTOR."""

SIDEPATH_BIKE_FACTOR = 0.6
"""Riding speed on a road tagged ``bicycle=use_sidepath``: slow enough that the sidepath is taken
wherever it is mapped."""

ONEWAY_KEYS: dict[Mode, tuple[str, ...]] = {
    Mode.WALK: ("oneway:foot",),
    Mode.BIKE: ("oneway:bicycle", "oneway:vehicle", "oneway"),
    Mode.CAR: ("oneway:motorcar", "oneway:motor_vehicle", "oneway:vehicle", "oneway"),
}
ONEWAY_FORWARD = frozenset({"yes", "true", "1"})
ONEWAY_BACKWARD = frozenset({"-1", "reverse"})
ONEWAY_BOTH = frozenset({"no", "false", "0", "alternating"})
ONEWAY_NEITHER = frozenset({"reversible"})
IMPLIED_ONEWAY_JUNCTIONS = frozenset({"roundabout", "circular"})
CONTRAFLOW = frozenset({"opposite", "opposite_lane", "opposite_track", "opposite_share_busway"})
"""Values of ``cycleway*`` that let bikes ride against a one-way street."""

STEPS_WALK_FACTOR = 0.5
"""Horizontal speed on stairs relative to the flat: Fujiyama & Tyler 2010, "Predicting the walking
speed of pedestrians on stairs" (Transportation Planning and Technology 33:2), 0.5-0.8 m/s up and
down for adults who walk about 1.3 m/s on the flat."""

BIKE_SURFACE_FACTORS: dict[str, float] = {
    "compacted": 0.9,
    "fine_gravel": 0.9,
    "gravel": 0.75,
    "pebblestone": 0.6,
    "unpaved": 0.75,
    "ground": 0.65,
    "dirt": 0.65,
    "earth": 0.65,
    "grass": 0.5,
    "mud": 0.35,
    "sand": 0.35,
    "wood": 0.8,
    "woodchips": 0.6,
    "rock": 0.4,
    "cobblestone": 0.6,
    "unhewn_cobblestone": 0.5,
    "sett": 0.7,
    "paving_stones": 0.95,
    "grass_paver": 0.6,
}
"""Riding speed relative to asphalt; the order and about the size of the surface speeds of OSRM's
bicycle profile. A surface that is not in the table costs nothing."""

CAR_SURFACE_KMH: dict[str, float] = {
    "gravel": 50,
    "fine_gravel": 60,
    "compacted": 60,
    "unpaved": 50,
    "ground": 25,
    "dirt": 25,
    "earth": 25,
    "grass": 15,
    "sand": 15,
    "mud": 10,
    "cobblestone": 30,
    "unhewn_cobblestone": 20,
    "sett": 40,
}
"""The most a car drives on a surface, whatever the limit."""

_BARS_CARS = frozenset({Mode.CAR})
_BARS_WHEELS = frozenset({Mode.CAR, Mode.BIKE})
BARRIERS: dict[str, frozenset[Mode]] = {
    "block": _BARS_CARS,
    "bollard": _BARS_CARS,
    "bus_trap": _BARS_CARS,
    "chain": _BARS_CARS,
    "cycle_barrier": _BARS_CARS,
    "debris": _BARS_CARS,
    "jersey_barrier": _BARS_CARS,
    "log": _BARS_CARS,
    "motorcycle_barrier": _BARS_CARS,
    "planter": _BARS_CARS,
    "rope": _BARS_CARS,
    "sump_buster": _BARS_CARS,
    "wicket_gate": _BARS_CARS,
    "full-height_turnstile": _BARS_WHEELS,
    "horse_stile": _BARS_WHEELS,
    "kissing_gate": _BARS_WHEELS,
    "stile": _BARS_WHEELS,
    "turnstile": _BARS_WHEELS,
}
"""Whom a ``barrier`` node stops where its tags do not say otherwise. Others (gates, kerbs, toll
booths, cattle grids, height restrictors, ...) let everybody pass."""
STEPPED_BARRIERS = frozenset(
    {"full-height_turnstile", "horse_stile", "kissing_gate", "stile", "turnstile", "log", "debris"}
)

NATIONAL_KMH: dict[str, float] = {
    "urban": 50,
    "rural": 80,
    "motorway": 120,
    "trunk": 100,
    "living_street": 20,
    "walk": 7,
}
"""Finnish limits behind ``FI:urban`` and the like (Road Traffic Act 729/2018)."""
KMH_PER_MPH = 1.609344
MAX_KMH = 150.0

_NUMERIC_SPEED = re.compile(r"(\d{1,3}(?:\.\d{1,2})?) ?(mph|km/h|kmh|kph)?", re.ASCII)
_NATIONAL_SPEED = re.compile(r"[A-Z]{2}:(?:zone:?)?([a-z_]+|\d{1,3})", re.ASCII)
KMH = 1 / 3.6


@dataclass(frozen=True, slots=True)
class WayRules:
    """What the tags of one way allow.

    Attributes
    ----------
    flags
        :class:`Flag` bits.
    walk_factor, bike_factor
        Speed relative to the mode's speed on a flat, paved way.
    car_forward_m_s, car_backward_m_s
        Driving speed in each direction.
    """

    flags: Flag
    walk_factor: float
    bike_factor: float
    car_forward_m_s: float
    car_backward_m_s: float


def parse_maxspeed(value: str) -> float | None:
    """Return the km/h that a ``maxspeed`` value stands for.

    ``"50"``, ``"30 mph"``, ``"FI:urban"``, ``"FI:zone30"``, ``"walk"`` and lists (``"50;30"``, the
    lowest counts). ``None`` where the value gives no number (``none``, ``signals``, a misprint).
    """
    speeds = [_one_speed(part.strip()) for part in value.split(";")]
    known = [speed for speed in speeds if speed is not None and 0 < speed <= MAX_KMH]
    return min(known, default=None)


def _one_speed(text: str) -> float | None:
    if numeric := _NUMERIC_SPEED.fullmatch(text):
        scale = KMH_PER_MPH if numeric[2] == "mph" else 1.0
        return float(numeric[1]) * scale
    if national := _NATIONAL_SPEED.fullmatch(text):
        kind = national[1]
        return float(kind) if kind.isdigit() else NATIONAL_KMH.get(kind)
    return NATIONAL_KMH["walk"] if text == "walk" else None


def way_rules(tags: Mapping[str, str]) -> WayRules | None:
    """Return what a way's tags allow, or ``None`` for a way that carries nobody.

    Parameters
    ----------
    tags
        OSM tags of the way.
    """
    relevant = frozenset((key, value) for key, value in tags.items() if key in _RELEVANT_KEYS)
    return _way_rules(relevant)


@lru_cache(maxsize=65_536)
def _way_rules(tag_set: frozenset[tuple[str, str]]) -> WayRules | None:
    tags = dict(tag_set)
    kind = tags.get("highway", "")
    street = STREET_CLASSES.get(kind)
    if street is None:
        return None
    flags = Flag(0)
    for mode in (Mode.WALK, Mode.BIKE, Mode.CAR):
        forward, backward = _directions(tags, mode)
        if forward and _may_use(tags, mode, street, "forward"):
            flags |= FORWARD_FLAG[mode]
        if backward and _may_use(tags, mode, street, "backward"):
            flags |= BACKWARD_FLAG[mode]
    flags |= _pushing(tags, kind, flags)
    if kind in {"steps", "escalator"}:
        flags |= Flag.STEPS
    if not _step_free(tags, kind):
        flags |= Flag.NOT_STEP_FREE
    if not flags & ~(Flag.PUSH | Flag.STEPS | Flag.NOT_STEP_FREE):
        return None
    surface = tags.get("surface", "").partition(":")[0]
    bike_factor = min(street.bike_factor, BIKE_SURFACE_FACTORS.get(surface, 1.0))
    if tags.get("bicycle") == "use_sidepath":
        bike_factor = min(bike_factor, SIDEPATH_BIKE_FACTOR)
    return WayRules(
        flags=flags,
        walk_factor=STEPS_WALK_FACTOR if flags & Flag.STEPS else 1.0,
        bike_factor=bike_factor,
        car_forward_m_s=_car_kmh(tags, street, surface, "forward") * KMH,
        car_backward_m_s=_car_kmh(tags, street, surface, "backward") * KMH,
    )


def _may_use(tags: Mapping[str, str], mode: Mode, street: StreetClass, direction: str) -> bool:
    """Walk down the hierarchy of keys; the first that says anything decides."""
    default = {Mode.WALK: street.walk, Mode.BIKE: street.bike, Mode.CAR: street.car}[mode]
    if tags.get("motorroad") == "yes" and mode is not Mode.CAR:
        default = False
    for key in ACCESS_KEYS[mode]:
        for name in (f"{key}:{direction}", key):
            value = tags.get(name)
            if value in DENIALS or (key == "bicycle" and value == "dismount"):
                return False
            if value in GRANTS:
                return default if key in FAMILY_KEYS else True
    return default


def _directions(tags: Mapping[str, str], mode: Mode) -> tuple[bool, bool]:
    """Return whether the one-way rules leave the way open forward and backward."""
    value = next((tags[key] for key in ONEWAY_KEYS[mode] if key in tags), None)
    if mode is not Mode.WALK and value not in ONEWAY_BOTH:
        implied = tags.get("junction") in IMPLIED_ONEWAY_JUNCTIONS
        if value is None and (implied or tags.get("highway") == "motorway"):
            value = "yes"
        if mode is Mode.BIKE and "oneway:bicycle" not in tags and _contraflow(tags):
            return True, True
    if value in ONEWAY_FORWARD:
        return True, False
    if value in ONEWAY_BACKWARD:
        return False, True
    if value in ONEWAY_NEITHER and mode is not Mode.WALK:
        return False, False
    return True, True


def _contraflow(tags: Mapping[str, str]) -> bool:
    sides = ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both")
    return any(tags.get(side) in CONTRAFLOW for side in sides) or any(
        tags.get(f"{side}:oneway") in {"-1", "no"} for side in sides[1:]
    )


def _pushing(tags: Mapping[str, str], kind: str, flags: Flag) -> Flag:
    """Let a bike be pushed over steps and where ``bicycle=dismount`` says so, as people walk."""
    if flags & (Flag.BIKE_FORWARD | Flag.BIKE_BACKWARD):
        return Flag.PUSH if kind == "steps" else Flag(0)
    dismount = tags.get("bicycle") == "dismount"
    if not dismount and (kind != "steps" or tags.get("bicycle") in DENIALS):
        return Flag(0)
    pushing = Flag(0)
    if flags & Flag.WALK_FORWARD:
        pushing |= Flag.PUSH | Flag.BIKE_FORWARD
    if flags & Flag.WALK_BACKWARD:
        pushing |= Flag.PUSH | Flag.BIKE_BACKWARD
    return pushing


def _step_free(tags: Mapping[str, str], kind: str) -> bool:
    wheelchair = tags.get("wheelchair")
    if wheelchair == "no":
        return False
    if kind == "steps":
        return wheelchair in {"yes", "designated"} or tags.get("ramp:wheelchair") == "yes"
    return kind != "escalator"


def _car_kmh(tags: Mapping[str, str], street: StreetClass, surface: str, direction: str) -> float:
    keys = (f"maxspeed:{direction}", "maxspeed", *_SPEED_ORIGIN_KEYS)
    limits = (parse_maxspeed(tags[key]) for key in keys if key in tags)
    limit = next((kmh for kmh in limits if kmh is not None), street.car_kmh)
    return min(limit, CAR_SURFACE_KMH.get(surface, MAX_KMH))


def barrier_rules(tags: Mapping[str, str]) -> Flag:
    """Return what passes a node: a :class:`Flag` of everything, less what the barrier stops.

    Parameters
    ----------
    tags
        OSM tags of the node.
    """
    kind = tags.get("barrier")
    passing = PASSAGE
    if kind is None:
        return passing
    for mode in (Mode.WALK, Mode.BIKE, Mode.CAR):
        stopped = mode in BARRIERS.get(kind, frozenset())
        if mode is Mode.CAR and tags.get("locked") == "yes":
            stopped = True
        for key in ACCESS_KEYS[mode]:
            value = tags.get(key)
            if value in DENIALS:
                stopped = True
                break
            if value in GRANTS:
                stopped = stopped and key in FAMILY_KEYS
                break
        if stopped:
            passing &= ~(FORWARD_FLAG[mode] | BACKWARD_FLAG[mode])
    if kind in STEPPED_BARRIERS and tags.get("wheelchair") not in {"yes", "designated"}:
        passing |= Flag.NOT_STEP_FREE
    return passing


PASSAGE = (
    Flag.WALK_FORWARD
    | Flag.WALK_BACKWARD
    | Flag.BIKE_FORWARD
    | Flag.BIKE_BACKWARD
    | Flag.CAR_FORWARD
    | Flag.CAR_BACKWARD
)
_SPEED_ORIGIN_KEYS = ("maxspeed:type", "source:maxspeed", "zone:maxspeed")
_RELEVANT_KEYS = frozenset(
    {
        "highway",
        "junction",
        "surface",
        "wheelchair",
        "ramp:wheelchair",
        "motorroad",
        "maxspeed",
        "maxspeed:forward",
        "maxspeed:backward",
        *_SPEED_ORIGIN_KEYS,
        *(key for keys in ONEWAY_KEYS.values() for key in keys),
        *(
            name
            for keys in ACCESS_KEYS.values()
            for key in keys
            for name in (key, f"{key}:forward", f"{key}:backward")
        ),
        *(
            f"cycleway{side}{suffix}"
            for side in ("", ":left", ":right", ":both")
            for suffix in ("", ":oneway")
        ),
    }
)
RELEVANT_KEYS = _RELEVANT_KEYS | {"name", "ref"}
"""Every way tag the network is made from."""
