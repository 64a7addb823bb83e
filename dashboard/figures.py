"""Key figures in words, and what a comparison says about them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from dashboard.formats import MOST_DECIMALS, money, number, share
from dashboard.texts import _, language
from simulation.figure_names import figure_name
from simulation.kpis import KPIS, kpi_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulation.experiment import Effect

HEADLINES = (
    "parking_full_min",
    "cars_arrived",
    "cars_diverted",
    "cars_roadside",
    "visitors",
    "visitors_turned_away",
    "shuttle_boardings",
    "shuttle_left_behind",
    "shuttle_wait_s_mean",
    "mode_share_car",
    "mode_share_shuttle",
    "stranded",
    "co2_kg",
    "operating_cost_eur",
    "fare_revenue_eur",
    "subsidy_per_passenger_eur",
    "consumer_surplus_eur",
)
PER_ENTRANCE = ("parking_full_min", "cars_arrived", "visitors", "visitors_turned_away")
MANY = 100.0
Judgement = Literal["better", "worse", "different", "unclear"]


def judge(name: str, effect: Effect) -> Judgement:
    """Say whether a pilot really changes a figure.

    One rule for every row of a table: by its own 95 % interval, which stands beside it. Where
    that holds zero, nothing is clear.
    """
    interval = effect.interval
    if effect.difference is None or interval is None or not interval.excludes(0.0):
        return "unclear"
    better = kpi_of(name).better
    if better is None:
        return "different"
    return "better" if (effect.difference.mean < 0) == (better == "less") else "worse"


def label(name: str) -> str:
    """Return what a key figure is called, without its entrance."""
    stem = name.partition(".")[0]
    return figure_name(stem, language()) if stem in KPIS else stem.replace("_", " ")


def unit_text(unit: str) -> str:
    """Return a unit in the session's language."""
    words: dict[str, Callable[[], str]] = {
        "persons": lambda: _("people"),
        "person-events": lambda: _("times"),
        "bike-events": lambda: _("times"),
        "cars": lambda: _("cars"),
        "min": lambda: "min",
        "rides": lambda: _("rides"),
        "parties": lambda: _("parties"),
        "kg CO2e": lambda: "kg CO₂",
        "h": lambda: "h",
        "km": lambda: "km",
    }
    found = words.get(unit)
    return found() if found is not None else unit


def amount(name: str, value: float) -> str:
    """Return a key figure with its unit, rounded as far as anybody needs it."""
    if math.isnan(value):
        return "-"
    unit = kpi_of(name).unit
    if unit == "share":
        return share(value)
    if unit == "EUR":
        return money(value, cents=abs(value) < MANY)
    if unit == "s":
        return f"{number(value / 60, 1)} min"
    return f"{_rounded(value)} {unit_text(unit)}"


def change_text(name: str, effect: Effect) -> str:
    """Return a change with its own 95 % interval, or why there is none.

    Shares change by percentage points. An end that is not zero never reads as zero, so that the
    reader sees whether the interval holds it.
    """
    change = effect.difference
    if change is None:
        if math.isnan(effect.base_mean):
            return _("no change to tell: the base has none")
        return _("no change to tell: no day has both")
    unit = kpi_of(name).unit
    said = _with_unit(unit, _signed(unit, change.mean))
    interval = change.interval
    if interval is None:
        span = _("too few days for an interval")
    else:
        span = _("{low} to {high}").format(
            low=_signed(unit, interval.low), high=_signed(unit, interval.high)
        )
    return f"{said} ({span})"


def _with_unit(unit: str, text: str) -> str:
    if unit == "EUR":
        return text
    if unit == "share":
        return _("{points} pp").format(points=text)
    return f"{text} {'min' if unit == 's' else unit_text(unit)}"


def _signed(unit: str, value: float) -> str:
    """Return a change without its unit, but for money."""
    if unit == "EUR":
        return ("+" if value > 0 else "") + money(value, cents=abs(value) < MANY)
    size = value / 60 if unit == "s" else value * 100 if unit == "share" else value
    return ("+" if value > 0 else "") + _rounded(size)


def _rounded(value: float) -> str:
    """Return a number with a decimal below ten, and with more where it would read as zero."""
    decimals = 1 if abs(value) < 10 else 0  # noqa: PLR2004 - two digits are enough
    while decimals < MOST_DECIMALS and value and not round(value, decimals):
        decimals += 1
    return number(value, decimals)
