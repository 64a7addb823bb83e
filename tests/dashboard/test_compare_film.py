"""The film of a day: everybody it shows is in the simulated day, where and when they were."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from browsing import expect_address
from playwright.sync_api import expect

from dashboard.film import MOST_MOVES, OUT_SHARE, film_of, to_json
from lastmile.units import great_circle_m
from scenarios.load import load_scenario
from simulation.day import run_day
from simulation.eventlog import Kind
from simulation.prepare import prepare
from simulation.traces import drives, stays, vehicle_runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Frame, Page

    from dashboard.film import Film
    from simulation.day import DayResult
    from simulation.model import DayModel

CROWDED = {"day.month": 9, "day.day_type": "sunday", "day.weather": "good", "day.percentile": 95}
FASTEST_MS = 45.0
"""No car on the map is faster than the motorway allows, a rounded second apart."""


@pytest.fixture(scope="module")
def day() -> tuple[DayModel, DayResult]:
    """Return a crowded Sunday with a shuttle."""
    model = prepare(load_scenario("shuttle-espoo-haltia").with_changes(CROWDED))
    return model, run_day(model, 1, 0)


@pytest.fixture(scope="module")
def film(day: tuple[DayModel, DayResult]) -> Film:
    """Return that Sunday as a film."""
    return film_of(*day)


def test_every_car_comes_once_and_goes_home_once(day: tuple[DayModel, DayResult]) -> None:
    model, result = day
    found = drives(result.events, result.parties, model)
    diverts = result.events.of(Kind.CAR_DIVERTS)
    assert len(diverts), "on a crowded day some drive on"
    came = Counter(one.party for one in found if one.origin < 0)
    went = Counter(one.party for one in found if one.destination < 0)
    arrived = set(result.events.of(Kind.CAR_ARRIVES).party.tolist())
    assert set(came) == set(went) == arrived
    assert set(came.values()) == set(went.values()) == {1}
    between = [one for one in found if one.origin >= 0 and one.destination >= 0]
    assert len(between) == len(diverts)
    for one in between:
        seconds = float(model.between_s[one.origin, one.destination])
        assert one.end_s - one.start_s == pytest.approx(seconds)


def test_nobody_leaves_before_arriving(day: tuple[DayModel, DayResult]) -> None:
    model, result = day
    ways: dict[int, list[tuple[float, float]]] = {}
    for one in drives(result.events, result.parties, model):
        ways.setdefault(one.party, []).append((one.start_s, one.end_s))
    for legs in ways.values():
        assert all(start <= end for start, end in legs)
        assert all(a[1] <= b[0] + 1e-6 for a, b in pairwise(legs))


def test_everybody_who_walks_in_walks_out(day: tuple[DayModel, DayResult]) -> None:
    _model, result = day
    found = stays(result.events)
    came = result.events.of(Kind.ENTERS_PARK)
    assert sum(one.people for one in found) == came.people.sum()
    assert sorted(one.start_s for one in found) == sorted(came.time_s.tolist())
    assert all(one.end_s > one.start_s for one in found)


def test_a_vehicle_is_at_one_place_at_a_time(day: tuple[DayModel, DayResult]) -> None:
    model, result = day
    for index, service in enumerate(model.services):
        runs = vehicle_runs(result.events, service, index)
        assert len(runs) == len(result.events.of(Kind.VEHICLE_RUNS, place=index))
        by_trip: dict[int, list[tuple[float, float, int, int]]] = {}
        for one in runs:
            by_trip.setdefault(one.trip, []).append(
                (one.start_s, one.end_s, one.origin, one.destination)
            )
            assert one.people <= service.room
        for legs in by_trip.values():
            for before, after in pairwise(legs):
                assert before[1] <= after[0] + 1e-6
                assert before[3] == after[2], "it goes on from where it came to"


def test_the_film_moves_at_speeds_that_cars_and_walkers_have(film: Film) -> None:
    lengths = [sum(great_circle_m(*a, *b) for a, b in pairwise(way)) for way in film.ways]
    for move in film.moves["car"]:
        assert lengths[move.way] / (move.end_s - move.start_s) < FASTEST_MS
    walking = [lengths[move.way] / (move.end_s - move.start_s) for move in film.moves["people"]]
    assert float(np.median(walking)) < 2 * OUT_SHARE * 1.6, "a walker's pace, breaks included"


def test_the_crowds_are_those_of_the_day(day: tuple[DayModel, DayResult], film: Film) -> None:
    model, result = day
    assert [crowd.id for crowd in film.crowds] == [gate.id for gate in model.entrances]
    for index, crowd in enumerate(film.crowds):
        assert crowd.parked[-1] == crowd.people[-1] == 0, "in the end everybody is home"
        assert max(crowd.parked) <= crowd.places
        most = result.events.of(Kind.ENTERS_PARK, place=index).value.max(initial=0)
        assert 0.8 * most <= max(crowd.people) <= most
    steps = (film.end_s - film.begin_s) // 300 + 1
    assert {len(crowd.parked) for crowd in film.crowds} == {steps}


def test_a_day_too_large_is_sampled_and_says_so(
    day: tuple[DayModel, DayResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.film.MOST_MOVES", 300)
    small = film_of(*day)
    assert small.one_in["car"] > 1
    assert len(small.moves["car"]) < 2 * 300
    whole = len(drives(day[1].events, day[1].parties, day[0]))
    share = len(small.moves["car"]) / whole
    assert share == pytest.approx(1 / small.one_in["car"], rel=0.25)
    assert MOST_MOVES >= 1000


def test_what_the_browser_gets_is_plain_numbers(film: Film) -> None:
    said = to_json(film)
    for moves in said["moves"].values():
        for way, start_s, end_s in moves:
            assert 0 <= way < len(said["ways"])
            assert start_s < end_s
    points = [point for way in said["ways"] for point in way]
    assert all(23 < lon < 26 and 59 < lat < 61 for lon, lat in points)


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_the_film_runs_in_the_browser_by_itself(compared: Callable[[str], Page]) -> None:
    page = compared("/compare?lang=en&film=1")
    frame = film_frame(page)
    frame.locator("#time").fill("39600")
    expect(frame.locator("#clock")).to_have_text("11:00")
    stage = frame.locator("#stage")
    page.wait_for_timeout(1500)
    early, parked = stage.screenshot(), frame.locator("#counts").inner_text()
    frame.locator("#time").fill("50400")
    page.wait_for_timeout(1500)
    expect(frame.locator("#clock")).to_have_text("14:00")
    assert stage.screenshot() != early, "at two in the afternoon it looks otherwise"
    assert frame.locator("#counts").inner_text() != parked
    frame.get_by_role("button", name="Play").click()
    frame.wait_for_function("dayFilm.time() > 50400")
    frame.get_by_role("button", name="Pause").click()
    stopped = frame.evaluate("dayFilm.time()")
    page.wait_for_timeout(500)
    assert frame.evaluate("dayFilm.time()") == stopped
    expect_address(page, film="1")


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_who_wants_little_motion_gets_none_unasked(compared: Callable[[str], Page]) -> None:
    page = compared("/compare?lang=en")
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("radiogroup", name="Show the first simulated day of").get_by_text(
        "As it is", exact=True
    ).click()
    frame = film_frame(page)
    expect(frame.get_by_role("button", name="Play")).to_have_count(1)
    before = frame.evaluate("dayFilm.time()")
    page.wait_for_timeout(700)
    assert frame.evaluate("dayFilm.time()") == before


def film_frame(page: Page) -> Frame:
    """Return the frame of the film, ready to play."""
    place = page.locator("iframe[title^='Film of']")
    place.wait_for()
    place.scroll_into_view_if_needed()
    frame = place.element_handle().content_frame()
    assert frame is not None
    frame.wait_for_function("window.dayFilm")
    return frame
