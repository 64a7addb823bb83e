"""Base and pilot on two maps in step: what is drawn, that it is data, and that both move."""

from __future__ import annotations

import json
import math
import re
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

from dashboard.frames import fill
from dashboard.roads import road
from dashboard.twin_maps import FULLNESS, NO_PARK_COLOR, color_of, gates_of, page_data
from lastmile.units import great_circle_m
from simulation.sampling import Sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Frame, Page

HOSTILE = "</script><img src=x onerror=alert(1)>"
ONE_PIXEL = 0.0014
"""Degrees at the zoom that shows the whole corridor: Leaflet moves maps by whole pixels."""

ESPOO_STATION, HALTIA = (60.2052, 24.6560), (60.2938, 24.5570)


class Run:
    """A run of two days in which the car parks fill up at noon."""

    name = "told"
    run_id = "told"

    def __init__(self, *, line: str = "shuttle") -> None:
        self.about = {
            "entrances": [
                {"id": "haltia", "lat": 60.2938, "lon": 24.5570, "places": 100},
                {"id": "kattila", "lat": 60.3274, "lon": 24.4954, "places": 0},
            ],
            "services": [
                {
                    "id": line,
                    "name": HOSTILE,
                    "mode": "shuttle",
                    "room": 19,
                    "stops": [HOSTILE, "Haltia"],
                    "lat": [ESPOO_STATION[0], HALTIA[0]],
                    "lon": [ESPOO_STATION[1], HALTIA[1]],
                }
            ],
        }
        self.sample = Sample(
            np.arange(2),
            {name: np.array([380.0, 420.0]) for name in ("visitors", "visitors.haltia")},
        )


def course() -> pd.DataFrame:
    """Return two days: empty at 9, 80 and 100 cars at noon, 90 and 100 at 12:45."""
    rows = [(9, 0.0), (9, 0.0), (12, 80.0), (12, 100.0), (12.75, 90.0), (12.75, 100.0)]
    return pd.DataFrame(
        {
            "series": ["parked.haltia"] * len(rows),
            "time_s": [hour * 3600 for hour, _value in rows],
            "value": [value for _hour, value in rows],
        }
    )


def test_the_busiest_hour_is_the_fullest_on_average() -> None:
    haltia, kattila = gates_of(Run(), course())  # type: ignore[arg-type]
    assert haltia.hour == 12
    assert haltia.parked == pytest.approx((80 + 100 + 90 + 100) / 4)
    assert haltia.taken == pytest.approx(0.925)
    assert haltia.visitors == 400
    assert math.isnan(kattila.taken), "no car park there: unknown, not empty"
    assert math.isnan(kattila.visitors)


def test_colours_rise_with_how_full_it_is() -> None:
    shades = [color for _limit, color in FULLNESS]
    found = [color_of(taken) for taken in (0.0, 0.5, 0.75, 0.9, 0.98, 1.0)]
    assert found == [*shades, shades[-1]]
    assert color_of(math.nan) == NO_PARK_COLOR


def test_both_maps_have_one_scale_and_circles_whose_areas_are_people() -> None:
    run, other = Run(), Run()
    gates = {"base": gates_of(run, course()), "pilot": gates_of(other, course())}  # type: ignore[arg-type]
    quarter = gates["pilot"][0]._replace(visitors=100.0)
    drawn = page_data({"base": run, "pilot": other}, gates | {"pilot": [quarter]})  # type: ignore[dict-item]
    large, small = (shown["gates"][0]["radius"] for shown in drawn["maps"])
    assert (large / small) ** 2 == pytest.approx(4, rel=0.02)


def test_a_line_is_drawn_along_the_roads() -> None:
    """The road from Espoo station to Haltia winds: longer than as the crow flies, not twice."""
    (way,) = road([ESPOO_STATION, HALTIA])
    length = sum(great_circle_m(*a, *b) for a, b in pairwise(way))
    straight = great_circle_m(*ESPOO_STATION, *HALTIA)
    assert len(way) > 10
    assert 1.05 * straight < length < 2 * straight


def test_where_no_road_leads_the_line_is_straight() -> None:
    at_sea = (59.9, 24.6)
    assert road([HALTIA, at_sea]) == [[HALTIA, at_sea]]


def test_no_name_ends_the_script_it_stands_in() -> None:
    run = Run()
    drawn = page_data({HOSTILE: run}, {HOSTILE: gates_of(run, course())})  # type: ignore[dict-item,arg-type]
    page = fill("twin_maps.html", drawn)
    assert "<img" not in page
    assert page.count("</script>") == 1, "only the template's own"
    said = re.search(r"const DATA = (\{.*\});", page)
    assert said is not None
    assert json.loads(said[1])["maps"][0]["title"] == HOSTILE


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_who_pans_one_map_moves_both(compared: Callable[[str], Page]) -> None:
    page = compared("/compare?lang=en")
    frame = map_frame(page)
    before = centres(frame)
    assert before[0] == pytest.approx(before[1], abs=ONE_PIXEL)
    for leader in (0, 1):
        box = frame.locator(".map").nth(leader)
        box.scroll_into_view_if_needed()
        place = box.bounding_box()
        assert place is not None
        x, y = place["x"] + 60, place["y"] + place["height"] - 60
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 50, y - 90, steps=5)
        page.mouse.up()
        page.wait_for_timeout(600)
        after = centres(frame)
        assert after[leader] != pytest.approx(before[leader], abs=10 * ONE_PIXEL), "the map moved"
        assert after[0] == pytest.approx(after[1], abs=ONE_PIXEL), "the other one with it"
        before = after
    frame.locator(".map").nth(1).locator(".leaflet-control-zoom-in").click()
    frame.wait_for_function("twinMaps[0].getZoom() === twinMaps[1].getZoom()")
    page.wait_for_timeout(600)
    zooms = frame.evaluate("twinMaps.map(map => map.getZoom())")
    assert zooms[0] == zooms[1]
    of_shuttle = "path[stroke='#0072b2']"
    base, pilot = (frame.locator(".map").nth(number).locator(of_shuttle) for number in range(2))
    expect(pilot.nth(2)).to_be_attached()  # the pilot's shuttle and its stops
    expect(base).to_have_count(0)


def map_frame(page: Page) -> Frame:
    """Return the frame of the two maps, both drawn."""
    page.locator("iframe[title^='Maps of the base']").scroll_into_view_if_needed()
    handle = page.locator("iframe[title^='Maps of the base']").element_handle()
    frame = handle.content_frame()
    assert frame is not None
    frame.wait_for_function("window.twinMaps && window.twinMaps.length === 2")
    return frame


def centres(frame: Frame) -> list[list[float]]:
    """Return the centres of both maps, (lat, lon)."""
    found: list[list[float]] = frame.evaluate(
        "twinMaps.map(map => [map.getCenter().lat, map.getCenter().lng])"
    )
    return found
