"""How full every departure of a shuttle is: counted from what happened on the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

from dashboard.departures import Line, by_departure
from scenarios.load import load_scenario
from simulation.day import run_day
from simulation.daytrial import departures_of
from simulation.eventlog import Kind
from simulation.prepare import prepare
from simulation.shuttle import BACK, OUT

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page


def test_every_departure_of_a_shuttle_is_counted_as_it_ran() -> None:
    """Beside a count of our own, event by event."""
    model = prepare(load_scenario("shuttle-espoo-haltia"))
    events = run_day(model, 1, 0).events
    table = pd.DataFrame(departures_of(events, model))
    index = next(k for k, line in enumerate(model.services) if line.mode == "shuttle")
    service = model.services[index]
    assert set(table["service"]) == {service.id}
    assert len(table) == len(service.times_s)
    most: dict[int, int] = {}
    runs = events.of(Kind.VEHICLE_RUNS, place=index)
    for trip, people in zip(runs.party.tolist(), runs.people.tolist(), strict=True):
        most[trip] = max(most.get(trip, 0), people)
    expected = sorted(
        (int(service.direction[trip]), float(np.nanmin(service.times_s[trip])), people)
        for trip, people in most.items()
    )
    found = table[["direction", "departure_s", "most_on_board"]].to_numpy().tolist()
    assert sorted(map(tuple, found)) == expected
    assert table["most_on_board"].max() <= service.room
    behind = events.of(Kind.RIDE_LEFT_BEHIND, Kind.HOMEWARD_LEFT_BEHIND, place=index)
    assert table["left_behind"].sum() == behind.people.sum() > 0


def test_the_days_of_a_departure_give_mean_band_and_how_often_it_is_full() -> None:
    loads = [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 10.0, 10.0, 10.0, 10.0]
    days = pd.DataFrame(
        {
            "service": "shuttle",
            "direction": [OUT] * 10 + [BACK],
            "departure_s": [36_000.0] * 10 + [60_000.0],
            "most_on_board": [*loads, 3.0],
            "left_behind": [0.0] * 9 + [5.0, 0.0],
        }
    )
    line = Line("Shuttle", "shuttle", 10, days)
    (row,) = by_departure(line, OUT).to_dict("records")
    assert row["departure_s"] == 36_000
    assert row["mean"] == pytest.approx(7.0)
    assert row["low"] == pytest.approx(np.quantile(loads, 0.1))
    assert row["high"] == 10
    assert row["full"] == pytest.approx(0.5)
    assert row["left_behind"] == pytest.approx(0.5)
    assert len(by_departure(line, BACK)) == 1


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_the_page_shows_each_departure_and_prints(compared: Callable[[str], Page]) -> None:
    page = compared("/compare?lang=en")
    page.get_by_text("The departures as a table").click()
    table = page.locator(".lm-table", has_text="Left behind a day").first
    table.wait_for()
    expect(table.locator("tbody tr").nth(10)).to_be_attached()
    page.evaluate("window.print = () => { window.printed = true; }")
    page.get_by_role("button", name="Print").click()
    page.wait_for_function("window.printed === true")
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Key figures")).to_be_visible()
    expect(page.locator("[data-testid=stVegaLiteChart]").first).to_be_visible()
    for hidden in (".st-key-question", "[data-testid=stDownloadButton]", "header"):
        expect(page.locator(hidden).first).to_be_hidden()
    width = page.evaluate(
        "document.querySelector('[data-testid=stVegaLiteChart]').getBoundingClientRect().width"
    )
    assert width > 600, "the answer takes the whole page, not two thirds of it"
