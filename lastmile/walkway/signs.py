"""Where a budget of signs helps most walkers: maximum coverage of the decisions on their ways.

A walker between a station and a place on the shore needs help where they turn, or where the
instruction fits two ways. Each such decision weighs the walkers a day times its slots (see
:mod:`lastmile.walkway.wayfinding`). A sign at a junction helps at that junction and at those that
follow on the same way within ``sign_reach_m``, since it says how far and which way to go on.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lastmile.errors import RequestError
from lastmile.network.paths import shortest_path
from lastmile.walkway.catchments import WALK
from lastmile.walkway.demand import walkers
from lastmile.walkway.selection import GUARANTEE_EQUAL, select
from lastmile.walkway.wayfinding import Decision, difficulty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lastmile.places import Place
    from lastmile.walkway.catchments import Access
    from lastmile.walkway.selection import Selection
    from lastmile.walkway.shore import Point

    Floats = NDArray[np.float64]

FEWEST_WALKERS = 0.5
"""Ways with fewer walkers a day than this are left out."""
LINES = 4
"""As many lines stand on one face of a sign."""
FACE_DEG = 45.0
COMPASS = {
    "fi": ("pohjoinen", "koillinen", "itä", "kaakko", "etelä", "lounas", "länsi", "luode"),
    "sv": ("norr", "nordost", "öster", "sydost", "söder", "sydväst", "väster", "nordväst"),
    "en": ("north", "north-east", "east", "south-east", "south", "south-west", "west",
           "north-west"),
}  # fmt: skip
ARROWS = ("↑", "↗", "→", "↘", "↓", "↙", "←", "↖")
ROUND_M = 50.0
MOST_SIGNS = 1000


@dataclass(frozen=True)
class SignedWay:
    """One way people walk, with the decisions they need help with.

    Attributes
    ----------
    origin, destination
        From a station to the shore, or back.
    walkers
        A day.
    length_m
        Of the way.
    decisions
        Turns and ambiguous junctions.
    """

    origin: Place
    destination: Place
    walkers: float
    length_m: float
    decisions: tuple[Decision, ...]


@dataclass(frozen=True)
class SignLine:
    """One line of a sign.

    Attributes
    ----------
    destination
        Where it shows to.
    text_fi, text_sv
        What it says.
    arrow
        Direction as seen by who reads it.
    heading
        Position in :data:`COMPASS` of the direction readers walk in.
    towards_deg
        Compass bearing the arrow points to.
    walkers
        Readers a day.
    """

    destination: str
    text_fi: str
    text_sv: str
    arrow: str
    heading: int
    towards_deg: float
    walkers: float


@dataclass(frozen=True)
class Sign:
    """A sign and what it says.

    Attributes
    ----------
    number
        In the order of usefulness, from 1.
    point
        Where it stands.
    near
        What is nearby, to find the place by.
    lines
        By face, then by readers.
    walkers
        Who pass it a day on a way it shows.
    gain
        Decisions it helps with beyond those of the signs before it: walkers a day times slots.
    """

    number: int
    point: Point
    near: str
    lines: tuple[SignLine, ...]
    walkers: float
    gain: float


@dataclass(frozen=True)
class SignPlan:
    """The best places for a number of signs.

    Attributes
    ----------
    signs
        Most useful first.
    covered, total
        Decisions helped with and all decisions: walkers a day times slots.
    bound
        No other places for as many signs help with more.
    guarantee
        The share of the best that the method always reaches.
    walkers_factor
        Ends of the range of all numbers of walkers, as factors.
    """

    signs: tuple[Sign, ...]
    covered: float
    total: float
    bound: float
    guarantee: float
    walkers_factor: tuple[float, float]


def signed_ways(access: Access) -> tuple[SignedWay, ...]:
    """Return the ways from stations to the shore and back that people walk."""
    flows = walkers(access)
    stations, targets = access.ends(WALK)
    found = []
    for row, station in enumerate(access.stations):
        for column, target in enumerate(access.targets):
            number = float(flows.per_day[row, column])
            if number < FEWEST_WALKERS:
                continue
            there = stations.at.snap(row), targets.at.snap(column)
            for start, goal, ends in (
                (station, target, there),
                (target, station, (there[1], there[0])),
            ):
                path = shortest_path(access.network, *ends, WALK.mode, objective="length")
                hard = difficulty(path, access.junctions, access.landmarks)
                needed = tuple(d for d in hard.decisions if d.turns or d.ambiguous)
                found.append(SignedWay(start, goal, number, path.length_m, needed))
    return tuple(found)


def sign_plan(access: Access, signs: int) -> SignPlan:
    """Return the best places for a number of signs.

    Parameters
    ----------
    access
        Stations, shore and streets.
    signs
        How many.

    Raises
    ------
    RequestError
        The number makes no sense.
    """
    if not 0 < signs <= MOST_SIGNS:
        raise RequestError(f"{signs} signs cannot be planned; ask for 1 to {MOST_SIGNS}")
    ways = signed_ways(access)
    reach_m = access.shore.parameters.value("sign_reach_m")
    points, values = coverage(ways, reach_m)
    chosen = (
        select(values, np.ones(len(points)), float(signs))
        if points
        else select(np.zeros((0, 0)), np.zeros(0), float(signs))
    )
    flows = walkers(access)
    return SignPlan(
        signs=_signs(access, ways, points, chosen),
        covered=chosen.value,
        total=float(values.max(axis=0).sum()) if points else 0.0,
        bound=chosen.bound,
        guarantee=GUARANTEE_EQUAL,
        walkers_factor=(flows.low_factor, flows.high_factor),
    )


def coverage(ways: Sequence[SignedWay], reach_m: float) -> tuple[list[Point], Floats]:
    """Return the places for signs and what each is worth for every decision of every way.

    Returns
    -------
    tuple
        n points, and (n, m) walkers a day times slots of the decisions helped with.
    """
    sites: dict[Point, int] = {}
    entries: list[tuple[int, int, float]] = []
    item = 0
    for way in ways:
        for i, decision in enumerate(way.decisions):
            weight = way.walkers * decision.slots
            entries += [
                (sites.setdefault(earlier.point, len(sites)), item, weight)
                for earlier in way.decisions[: i + 1]
                if decision.along_m - earlier.along_m <= reach_m
            ]
            item += 1
    values = np.zeros((len(sites), item))
    for site, column, weight in entries:
        values[site, column] = weight
    return list(sites), values


def _signs(
    access: Access, ways: Sequence[SignedWay], points: Sequence[Point], chosen: Selection
) -> tuple[Sign, ...]:
    """Write the signs: who passes each of them, and where they want to go."""
    passing: dict[Point, list[tuple[SignedWay, Decision]]] = defaultdict(list)
    for way in ways:
        for decision in way.decisions:
            passing[decision.point].append((way, decision))
    signs = []
    for number, (site, gain) in enumerate(zip(chosen.chosen, chosen.gains, strict=True), start=1):
        point = points[site]
        readers = passing[point]
        signs.append(
            Sign(
                number=number,
                point=point,
                near=access.landmarks.nearest(point),
                lines=tuple(_lines(readers)),
                walkers=sum(way.walkers for way, _ in readers),
                gain=gain,
            )
        )
    return tuple(signs)


def _lines(readers: Sequence[tuple[SignedWay, Decision]]) -> list[SignLine]:
    """Return the lines of a sign: where most people want to go, face by face, nearest first."""
    faces: dict[int, dict[str, list[tuple[SignedWay, Decision]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for way, decision in readers:
        faces[sector(decision.heading_deg)][way.destination.id].append((way, decision))
    lines: list[SignLine] = []
    for heading in sorted(faces):
        by_goal = [_line(heading, ways) for ways in faces[heading].values()]
        best = sorted(by_goal, key=lambda pair: -pair[1].walkers)[:LINES]
        lines += [line for _, line in sorted(best, key=lambda pair: pair[0])]
    return lines


def _line(heading: int, ways: Sequence[tuple[SignedWay, Decision]]) -> tuple[float, SignLine]:
    """Return how far the goal of some ways is and their line; the most walked one leads it."""
    way, decision = max(ways, key=lambda pair: pair[0].walkers)
    left_m, goal = way.length_m - decision.along_m, way.destination
    metro = "Metro " if goal.kind == "metro_station" else ""
    line = SignLine(
        destination=goal.id,
        text_fi=f"{metro}{goal.name_fi} {_far(left_m)}",
        text_sv=f"{metro}{goal.name('sv')} {_far(left_m)}",
        arrow=ARROWS[sector(decision.turn_deg)],
        heading=heading,
        towards_deg=(decision.heading_deg + decision.turn_deg) % 360.0,
        walkers=sum(other.walkers for other, _ in ways),
    )
    return left_m, line


def sector(angle_deg: float) -> int:
    """Return which of the eight directions an angle lies in, 0 ahead or north, clockwise."""
    return round(angle_deg / FACE_DEG) % len(ARROWS)


def _far(length_m: float) -> str:
    """Return a distance as signs give it: "350 m", "1,2 km"."""
    metres = max(ROUND_M, round(length_m / ROUND_M) * ROUND_M)
    return f"{metres:.0f} m" if metres < 1000 else f"{metres / 1000:.1f} km".replace(".", ",")  # noqa: PLR2004 - a kilometre
