"""How hard a way is to find: the instruction complexity of Duckham and Kulik (2003).

M. Duckham and L. Kulik, "Simplest" paths: automated route selection for navigation, COSIT 2003
(LNCS 2825), weigh a route by what it takes to describe it, after D. M. Mark, Automated route
selection for navigation, IEEE Aerospace and Electronic Systems Magazine 1 (9), 1986. An
instruction at a junction fills as many slots of a frame as

==============================================  =============
straight on                                     1
a turn where there is no other way to take      4
a turn at a T junction (three ways meet)        6
a turn where n ways meet                        5 + n
==============================================  =============

Beside the score stand what it is made of and two things it leaves out: turns where a second way
leads in much the same direction (the instruction fits both: S. Haque, L. Kulik and A. Klippel,
Algorithms for reliable navigation and wayfinding, Spatial Cognition V, 2007), and turns with no
landmark to tell them by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lastmile.network.tables import great_circle_m
from lastmile.walkway.ground import LOOK_AHEAD_M, bearing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lastmile.network.paths import StreetPath
    from lastmile.walkway.ground import Junctions
    from lastmile.walkway.shore import Point

    Floats = NDArray[np.float64]

STRAIGHT_DEG = 22.5
"""Up to this angle one goes straight on: half of one of the eight directions people tell apart."""
AT_END_M = 1.0
"""Who is this near to the start or the goal has nothing to decide any more."""
SLOTS_STRAIGHT = 1
SLOTS_BEND = 4
SLOTS_T_JUNCTION = 6
SLOTS_JUNCTION = 5
NO_CHOICE, T_JUNCTION = 2, 3


@dataclass(frozen=True, slots=True)
class Decision:
    """A junction on a way, and what one has to do there.

    Attributes
    ----------
    point
        Where.
    along_m
        How far along the way.
    heading_deg
        Compass bearing one arrives with.
    turn_deg
        Change of direction: right positive, left negative.
    ways
        How many ways meet.
    slots
        What the instruction takes.
    ambiguous
        Whether another way leads in much the same direction.
    landmark
        At a turn: what stands there to be recognised; empty where nothing is known to.
    """

    point: Point
    along_m: float
    heading_deg: float
    turn_deg: float
    ways: int
    slots: int
    ambiguous: bool
    landmark: str = ""

    @property
    def turns(self) -> bool:
        """Whether the way leaves the straight line here."""
        return abs(self.turn_deg) > STRAIGHT_DEG


@dataclass(frozen=True)
class Landmarks:
    """Things people recognise a place by.

    Attributes
    ----------
    names
        (n,)
    lat, lon
        (n,) each, degrees.
    reach_m
        How near to a junction one has to stand to mark it.
    """

    names: tuple[str, ...]
    lat: Floats
    lon: Floats
    reach_m: float

    def at(self, point: Point) -> str:
        """Return the nearest landmark of a point, or nothing."""
        name, apart_m = self._nearest(point)
        return name if apart_m <= self.reach_m else ""

    def nearest(self, point: Point) -> str:
        """Return the nearest landmark with its distance: "Nokkala 120 m"."""
        name, apart_m = self._nearest(point)
        return f"{name} {apart_m:.0f} m" if name else ""

    def _nearest(self, point: Point) -> tuple[str, float]:
        if not self.names:
            return "", np.inf
        apart = great_circle_m(np.array(point[0]), np.array(point[1]), self.lat, self.lon)
        nearest = int(np.argmin(apart))
        return self.names[nearest], float(apart[nearest])


@dataclass(frozen=True)
class Difficulty:
    """How hard a way is to find.

    Attributes
    ----------
    decisions
        Every junction on the way.
    """

    decisions: tuple[Decision, ...]

    @property
    def slots(self) -> int:
        """Instruction complexity of Duckham and Kulik."""
        return sum(decision.slots for decision in self.decisions)

    @property
    def turns(self) -> int:
        """How often one turns where there is a choice."""
        return sum(decision.turns and decision.ways > NO_CHOICE for decision in self.decisions)

    @property
    def turned_deg(self) -> float:
        """Sum of all angles turned by."""
        return sum(abs(decision.turn_deg) for decision in self.decisions)

    @property
    def ambiguous(self) -> int:
        """Decisions whose instruction fits another way too."""
        return sum(decision.ambiguous for decision in self.decisions)

    @property
    def unmarked_turns(self) -> int:
        """Turns without a landmark."""
        return sum(
            decision.turns and decision.ways > NO_CHOICE and not decision.landmark
            for decision in self.decisions
        )


def slots(turn_deg: float, ways: int) -> int:
    """Return the slots an instruction takes (Duckham and Kulik 2003, after Mark 1986).

    Parameters
    ----------
    turn_deg
        Change of direction.
    ways
        How many ways meet, the one arrived by included.
    """
    if abs(turn_deg) <= STRAIGHT_DEG:
        return SLOTS_STRAIGHT if ways > NO_CHOICE else 0
    if ways <= NO_CHOICE:
        return SLOTS_BEND
    return SLOTS_T_JUNCTION if ways == T_JUNCTION else SLOTS_JUNCTION + ways


def turn_between(arriving_deg: float, leaving_deg: float) -> float:
    """Return the change between two bearings, in (-180, 180]; right is positive."""
    change = (leaving_deg - arriving_deg) % 360.0
    return change - 360.0 if change > 180.0 else change  # noqa: PLR2004 - half a circle


def difficulty(
    path: StreetPath, junctions: Junctions, landmarks: Landmarks | None = None
) -> Difficulty:
    """Return how hard a path is to find.

    Parameters
    ----------
    path
        A walk.
    junctions
        Of the network it lies on.
    landmarks
        What may mark a turn.
    """
    points = path.coordinates
    track = np.array(points)
    steps = great_circle_m(track[:-1, 0], track[:-1, 1], track[1:, 0], track[1:, 1])
    along = np.concatenate([[0.0], np.cumsum(steps)])
    before, after = (
        np.stack([np.interp(along + shift, along, track[:, axis]) for axis in (0, 1)], axis=1)
        for shift in (-LOOK_AHEAD_M, LOOK_AHEAD_M)
    )
    found = []
    for i, point in enumerate(points[1:-1], start=1):
        branches = junctions.branches(point)
        at_an_end = min(along[i], along[-1] - along[i]) < AT_END_M
        if branches is None or at_an_end:
            continue
        heading = bearing((before[i, 0], before[i, 1]), point)
        leaving = bearing(point, (after[i, 0], after[i, 1]))
        turn = turn_between(heading, leaving)
        taken = slots(turn, len(branches))
        if not taken:
            continue
        is_turn = abs(turn) > STRAIGHT_DEG
        found.append(
            Decision(
                point=point,
                along_m=float(along[i]),
                heading_deg=heading,
                turn_deg=turn,
                ways=len(branches),
                slots=taken,
                ambiguous=_fits_another(heading, leaving, branches),
                landmark=landmarks.at(point) if landmarks and is_turn else "",
            )
        )
    return Difficulty(tuple(found))


def _fits_another(heading: float, leaving: float, branches: Sequence[float]) -> bool:
    """Tell whether a way other than the one taken and the one come by has the same instruction."""
    turn = turn_between(heading, leaving)
    others = sorted(branches, key=lambda branch: abs(turn_between(leaving, branch)))[1:]
    came = min(others, key=lambda branch: abs(turn_between(heading + 180.0, branch)), default=None)
    return any(
        _class(turn_between(heading, branch)) == _class(turn)
        for branch in others
        if branch is not came
    )


def _class(turn_deg: float) -> int:
    """Return -1 for left, 0 for straight on, 1 for right."""
    return 0 if abs(turn_deg) <= STRAIGHT_DEG else int(np.sign(turn_deg))
