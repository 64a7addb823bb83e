"""How hard a way is to find, against the table of Duckham and Kulik and ways walked by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shore_sketches import Coast, at

from lastmile.network.paths import shortest_path
from lastmile.walkway.ground import Junctions, bearing
from lastmile.walkway.wayfinding import STRAIGHT_DEG, difficulty, slots, turn_between

if TYPE_CHECKING:
    from pathlib import Path

    from lastmile.walkway.catchments import Access


@pytest.mark.parametrize(
    ("turn_deg", "ways", "expected"),
    [
        (0.0, 3, 1),
        (-20.0, 4, 1),
        (90.0, 2, 4),
        (90.0, 3, 6),
        (-90.0, 3, 6),
        (90.0, 4, 9),
        (45.0, 6, 11),
        (0.0, 2, 0),
    ],
)
def test_slots_of_duckham_and_kulik(turn_deg: float, ways: int, expected: int) -> None:
    """Straight on 1, bend 4, T junction 6, other junctions 5 + ways (COSIT 2003, after Mark)."""
    assert slots(turn_deg, ways) == expected


@pytest.mark.parametrize(
    ("end", "expected"),
    [((0, 100), 0.0), ((100, 0), 90.0), ((0, -100), 180.0), ((-100, 0), 270.0), ((70, 70), 45.0)],
)
def test_bearings_are_clockwise_from_north(end: tuple[float, float], expected: float) -> None:
    assert bearing(at(0, 0), at(*end)) == pytest.approx(expected, abs=0.1)


@given(st.floats(0, 360), st.floats(0, 360))
def test_a_turn_undone_leads_back(first: float, second: float) -> None:
    turn = turn_between(first, second)
    assert -180.0 < turn <= 180.0
    assert (first + turn - second) % 360.0 == pytest.approx(0.0, abs=1e-6) or (
        first + turn - second
    ) % 360.0 == pytest.approx(360.0, abs=1e-6)


def test_a_right_turn_at_a_t_junction(bay_access: Access) -> None:
    """From A one goes east, turns right at a1 where three ways meet, and is at the beach."""
    station, beach = bay_access.stations[0], bay_access.shore.line[1]
    hard = bay_access.way(station, beach).difficulty
    assert hard is not None
    (decision,) = hard.decisions
    assert decision.turn_deg == pytest.approx(90.0, abs=1.0)
    assert decision.heading_deg == pytest.approx(90.0, abs=1.0)
    assert decision.along_m == pytest.approx(400.0, abs=0.5)
    assert (decision.ways, decision.slots, hard.slots, hard.turns) == (3, 6, 6, 1)
    assert not decision.ambiguous


def test_two_turns_add_up(bay_access: Access) -> None:
    """To the cafe one turns right at a1 and left at the beach, which marks the second turn."""
    station, cafe = bay_access.stations[0], bay_access.shore.line[2]
    hard = bay_access.way(station, cafe).difficulty
    assert hard is not None
    assert [round(d.turn_deg) for d in hard.decisions] == [90, -90]
    assert (hard.slots, hard.turns, hard.unmarked_turns) == (12, 2, 1)
    assert hard.turned_deg == pytest.approx(180.0, abs=2.0)
    assert hard.decisions[1].landmark == "P1"


def test_a_fork_fits_one_instruction_twice(tmp_path: Path) -> None:
    """Two ways bear right at the fork: "turn right" does not tell them apart."""
    coast = Coast()
    coast.way((0, 0), (0, 200))
    coast.way((0, 200), (100, 300))
    coast.way((0, 200), (200, 220))
    coast.way((0, 200), (-200, 200))
    network = coast.network(tmp_path)
    path = shortest_path(network, at(0, 0), at(100, 300), "walk")
    (decision,) = difficulty(path, Junctions(network)).decisions
    assert decision.ways == 4
    assert decision.slots == 9
    assert decision.ambiguous
    other = shortest_path(network, at(0, 0), at(-200, 200), "walk")
    assert not difficulty(other, Junctions(network)).decisions[0].ambiguous


def test_straight_through_a_crossing_is_one_slot(tmp_path: Path) -> None:
    coast = Coast()
    for end in ((-200, 0), (200, 0), (0, 200), (0, -200)):
        coast.way((0, 0), end)
    network = coast.network(tmp_path)
    hard = difficulty(shortest_path(network, at(-200, 0), at(200, 0), "walk"), Junctions(network))
    assert (hard.slots, hard.turns) == (1, 0)
    assert abs(hard.decisions[0].turn_deg) <= STRAIGHT_DEG


def test_only_walkable_ways_count(tmp_path: Path) -> None:
    """A motorway that meets a path is no way a walker could take."""
    coast = Coast()
    coast.way((-200, 0), (0, 0))
    coast.way((0, 0), (0, 200))
    coast.way((0, 0), (200, 0), highway="motorway")
    network = coast.network(tmp_path)
    hard = difficulty(shortest_path(network, at(-200, 0), at(0, 200), "walk"), Junctions(network))
    assert [(d.ways, d.slots) for d in hard.decisions] == [(2, 4)]
