"""What people read: no minute that is wrong, no cost that is hidden."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from small_world import HOME, PARK

from lastmile.itinerary import Itinerary
from lastmile.planner.clock import parse_instant
from lastmile.planner.request import PlanRequest
from lastmile.planner.timeline import clock_text, co2_text, duration_text, money_text, render

if TYPE_CHECKING:
    from lastmile.planner.core import Planner


def test_departures_are_cut_and_arrivals_rounded_up() -> None:
    when = parse_instant("2026-05-13T09:59:01")
    assert clock_text(when) == "09:59"
    assert clock_text(when, up=True) == "10:00"
    assert clock_text(parse_instant("2026-05-13T09:59"), up=True) == "09:59"


CLOCK = r"(\d\d):(\d\d)"
LENGTH = r"(?:(\d+) h )?(\d+) min"


def minutes(hours: str | None, rest: str) -> int:
    return 60 * int(hours or 0) + int(rest)


def ways_text(planner: Planner, stay_min: int, at: str = "2026-05-13T15:50") -> str:
    request = PlanRequest(
        HOME, PARK, parse_instant(at), modes=frozenset({"walk", "transit"}), stay_s=60 * stay_min
    )
    console = Console(width=300)
    with console.capture() as captured:
        console.print(render(planner.plan(request)))
    return captured.get()


@pytest.mark.parametrize("stay_min", [170, 229, 230, 290])
def test_the_times_shown_agree_to_the_minute(planner: Planner, stay_min: int) -> None:
    """From 10:45 to 11:56 was said to be 1 h 10 min; a taxi was home a minute early."""
    text = ways_text(planner, stay_min)
    headings = re.findall(rf"{CLOCK} → {CLOCK}\s+{LENGTH}", text)
    assert headings
    for from_h, from_min, to_h, to_min, hours, rest in headings:
        shown = minutes(to_h, to_min) - minutes(from_h, from_min)
        assert shown == minutes(hours, rest)
    arrival = re.search(rf"→ {CLOCK} .* no change", text)
    last = re.search(
        rf"Last way back  {CLOCK} .*?(?:{LENGTH} of slack|leaves {LENGTH} before)", text
    )
    assert arrival is not None
    assert last is not None
    slack = minutes(*last.group(1, 2)) - minutes(*arrival.group(1, 2)) - stay_min
    said = minutes(*last.group(3, 4)) if last.group(4) else -minutes(*last.group(5, 6))
    assert slack == said


def test_the_way_home_after_the_last_is_said_as_its_plan_says_it(planner: Planner) -> None:
    text = ways_text(planner, 170)
    home = re.search(rf"if missed: next: .* 06:\d\d, home {CLOCK}", text)
    again = ways_text(planner, 60, "2026-05-14T05:00")
    planned = re.search(rf"back 1 .*→ {CLOCK}", again)
    assert home is not None
    assert planned is not None
    assert home.group(2) == planned.group(2)  # the same bus an hour later


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 min"), (5, "1 min"), (89, "1 min"), (2700, "45 min"), (3900, "1 h 05 min")],
)
def test_lengths_of_time(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("grams", "text"),
    [(None, "CO2 not known"), (0.0, "no CO2"), (676.0, "676 g CO2"), (5489.0, "5.5 kg CO2")],
)
def test_emissions(grams: float | None, text: str) -> None:
    assert co2_text(grams) == text


@pytest.mark.parametrize(
    ("fare", "cost", "tickets", "text"),
    [
        (4.55, 4.55, ("ABC",), "4.55 € (ABC)"),
        (0.0, 4.69, (), "4.69 €"),
        (0.0, 0.0, (), "free"),
        (None, None, (), "price not known"),
    ],
)
def test_money(fare: float | None, cost: float | None, tickets: tuple[str, ...], text: str) -> None:
    assert money_text(Itinerary((), fare, cost, tickets)) == text
