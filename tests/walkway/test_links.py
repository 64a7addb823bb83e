"""New links: what they save in towns reckoned by hand, and which are refused and why."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING

import pytest
from shore_sketches import Coast, at, bay, hairpin

from lastmile.errors import RequestError
from lastmile.network.paths import shortest_path
from lastmile.walkway.barriers import Barriers
from lastmile.walkway.links import applied, candidates, link_plan
from lastmile.walkway.output import links_geojson, links_json, links_scenario
from scenarios.load import load_scenario

if TYPE_CHECKING:
    from pathlib import Path

    from lastmile.walkway.catchments import Access

ROUND_M, LINK_M, SPEED = 1120.0, 120.0, 1.3


def test_a_hairpin_is_cut_short(hairpin_access: Access) -> None:
    """1120 m round, 120 m straight: each walker saves 1000 m there and 1000 m back."""
    best = candidates(hairpin_access).links[0]
    assert {tuple(round(c, 5) for c in p) for p in best.points} == {
        tuple(round(c, 5) for c in at(0, 0)),
        tuple(round(c, 5) for c in at(0, -LINK_M)),
    }
    assert best.length_m == pytest.approx(LINK_M, rel=0.005)
    assert best.round_m == pytest.approx(ROUND_M, abs=1.0)
    assert best.detour == pytest.approx(ROUND_M / LINK_M, rel=0.01)
    assert best.helps == "S - P"


def test_minutes_saved_by_hand(hairpin_access: Access) -> None:
    """10 000 boardings, 2 %, decay 12 min; beach 4 and bare shore 1 share the walkers."""
    to_corner = (620.0 / SPEED) / 60.0
    to_beach = (ROUND_M / SPEED) / 60.0
    going = 10_000 * 0.02 * exp(-to_corner / 12.0)
    pull = {"beach": 4.0 * exp(-to_beach / 12.0), "corner": exp(-to_corner / 12.0)}
    to_the_beach = going * pull["beach"] / sum(pull.values())
    expected = to_the_beach * 2.0 * (1000.0 / SPEED) / 60.0
    best = candidates(hairpin_access).links[0]
    assert best.saved_min == pytest.approx(expected, rel=0.01)


def test_one_link_saves_the_same_on_the_edited_network(hairpin_access: Access) -> None:
    found = candidates(hairpin_access)
    plan = link_plan(found, LINK_M + 10)
    assert len(plan.links) == 1
    assert applied(hairpin_access, plan.edits()) == pytest.approx(plan.saved_min, rel=0.01)


def test_every_other_part_sees_the_link(hairpin_access: Access) -> None:
    plan = link_plan(candidates(hairpin_access), 200.0)
    edited = hairpin_access.network.with_edits(plan.edits())
    path = shortest_path(edited, at(0, 0), at(0, -LINK_M), "walk")
    assert path.length_m == pytest.approx(LINK_M, rel=0.01)
    assert hairpin_access.network.edits == ()


def test_a_small_budget_builds_nothing(hairpin_access: Access) -> None:
    plan = link_plan(candidates(hairpin_access), 10.0)
    assert plan.links == ()
    assert plan.saved_min == 0.0


def test_the_solver_is_never_worse(bundle_access: Access) -> None:
    found = candidates(bundle_access)
    for budget in (200.0, 500.0, 1500.0):
        exact, greedy = link_plan(found, budget, exact=True), link_plan(found, budget, exact=False)
        assert greedy.saved_min <= exact.saved_min + 1e-6 <= greedy.bound + 2e-6
        assert exact.cost_m <= budget
        assert applied(bundle_access, exact.edits()) >= exact.saved_min - 0.01


def test_links_across_water_are_refused(tmp_path: Path) -> None:
    coast = hairpin()
    coast.water = [("Pond", ((-50, -40), (600, -40), (600, -80), (-50, -80)))]
    access = coast.access(tmp_path)
    found = candidates(access)
    assert found.links == ()
    assert any("crosses water" in reason for one in found.refused for reason in one.reasons)
    with pytest.raises(RequestError, match="Pond"):
        Barriers(access.network, access.shore).checked("x", [at(0, 0), at(0, -LINK_M)])


def test_links_that_end_nowhere_are_refused(bay_access: Access) -> None:
    barriers = Barriers(bay_access.network, bay_access.shore)
    with pytest.raises(RequestError, match=r"ends nowhere.*lies 80 m from every street"):
        barriers.checked("x", [at(600, 0), at(600, 80)])


def test_links_over_unknown_ground_are_refused(bay_access: Access) -> None:
    """Half way between the shore and the main street nobody knows what there is."""
    barriers = Barriers(bay_access.network, bay_access.shore)
    with pytest.raises(RequestError, match="from every known street or path"):
        barriers.checked("x", [at(700, 0), at(700, 600)])


def test_a_good_link_passes(hairpin_access: Access) -> None:
    barriers = Barriers(hairpin_access.network, hairpin_access.shore)
    link = barriers.checked("x", [at(100, 0), at(100, -LINK_M)])
    assert link.points == (at(100, 0), at(100, -LINK_M))


@pytest.mark.parametrize("points", [[], [at(0, 0)], [at(0, 0), at(0, 0)]])
def test_a_link_needs_two_ends(hairpin_access: Access, points: list[tuple[float, float]]) -> None:
    barriers = Barriers(hairpin_access.network, hairpin_access.shore)
    with pytest.raises(RequestError, match="refused"):
        barriers.checked("x", points)


def test_a_motorway_needs_a_bridge(tmp_path: Path) -> None:
    """Its cost is that of 40 m of bridge, each as dear as 20 m of path."""
    coast = hairpin()
    coast.way((-300, -60), (300, -60), highway="motorway")
    access = coast.access(tmp_path)
    best = candidates(access).links[0]
    assert best.crosses == ("motorway",)
    assert best.cost_m == pytest.approx(best.length_m + 40.0 * 19.0)


def test_no_detour_no_link(tmp_path: Path) -> None:
    """On one straight street there is nothing to cut short."""
    coast = Coast()
    coast.way((0, 0), (200, 0))
    coast.way((200, 0), (400, 0))
    coast.stations = [("S", (0, 0), 1000.0)]
    coast.line = [("P", (400, 0), "beach"), ("Q", (200, 0), "walkway_vertex")]
    assert candidates(coast.access(tmp_path)).links == ()


@pytest.mark.parametrize("budget", [0.0, -5.0, float("nan"), 1e9])
def test_impossible_budgets(hairpin_access: Access, budget: float) -> None:
    with pytest.raises(RequestError, match="budget"):
        link_plan(candidates(hairpin_access), budget)


def test_a_plan_is_a_scenario(hairpin_access: Access, tmp_path: Path) -> None:
    """The simulator takes the links as they are."""
    plan = link_plan(candidates(hairpin_access), 500.0)
    path = tmp_path / "shore-links.toml"
    path.write_text(links_scenario(plan), encoding="utf-8")
    scenario = load_scenario(str(path))
    assert len(scenario.links) == len(plan.links) > 0
    first = scenario.links["shore-1"]
    assert first.points[0] == pytest.approx(plan.links[0].points[0], abs=1e-6)


def test_the_map_shows_what_was_chosen_and_what_refused(tmp_path: Path) -> None:
    coast = hairpin()
    coast.water = [("Pond", ((-50, -40), (50, -40), (50, -80), (-50, -80)))]
    access = coast.access(tmp_path)
    found = candidates(access)
    plan = link_plan(found, 500.0)
    states = [f["properties"]["state"] for f in links_geojson(found, plan)["features"]]
    assert states.count("refused") == len(found.refused) > 0
    assert states.count("chosen") == len(plan.links)
    told = links_json(found, plan)
    assert len(told["candidates"]) == len(found.links)
    assert told["plan"]["saved_person_min_per_day"] == pytest.approx(plan.saved_min, abs=0.1)


def test_a_bay_is_not_bridged(bundle_access: Access) -> None:
    """The real Otsolahti lies between Tapiola and Hagalund."""
    across = [(60.1730, 24.8150), (60.1730, 24.8230)]
    verdict = Barriers(bundle_access.network, bundle_access.shore).verdict(across)
    assert any("Otsolahti" in reason for reason in verdict.reasons)


def test_the_town_by_the_bay_has_its_links(tmp_path: Path) -> None:
    """No pair of junctions of the bay is both near and far round."""
    assert candidates(bay().access(tmp_path)).links == ()
