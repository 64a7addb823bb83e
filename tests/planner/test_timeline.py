"""What people read: no minute that is wrong, no cost that is hidden."""

import pytest

from lastmile.itinerary import Itinerary
from lastmile.planner.clock import parse_instant
from lastmile.planner.timeline import clock_text, co2_text, duration_text, money_text


def test_departures_are_cut_and_arrivals_rounded_up() -> None:
    when = parse_instant("2026-05-13T09:59:01")
    assert clock_text(when) == "09:59"
    assert clock_text(when, up=True) == "10:00"
    assert clock_text(parse_instant("2026-05-13T09:59"), up=True) == "09:59"


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
