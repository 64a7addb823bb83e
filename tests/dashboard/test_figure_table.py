"""The table of key figures: each interval says of which kind it is, and the marks follow it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from dashboard import figures, formats, texts
from dashboard.figure_table import rule
from dashboard.texts import LANGUAGES
from simulation.experiment import Effect
from simulation.statistics import Estimate, Interval

if TYPE_CHECKING:
    from lastmile.places import Language


@pytest.fixture(params=list(LANGUAGES))
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Language:
    """Return each language, in which the page then speaks."""
    chosen: Language = request.param
    for module in (formats, texts):
        monkeypatch.setattr(module, "language", lambda: chosen)
    return chosen


def effect(mean: float, low: float, high: float, *, joint: Interval | None = None) -> Effect:
    return Effect(100.0, 100.0 + mean, Estimate(mean, Interval(low, high), 1.0, 20), joint)


@pytest.mark.usefixtures("language")
def test_a_mark_goes_by_the_interval_that_stands_beside_it() -> None:
    """Also where the interval that holds together with others would say less."""
    wide = Interval(-9.0, 1.0)
    assert figures.judge("parking_full_min", effect(-4, -8, -0.02, joint=wide)) == "better"
    assert figures.judge("parking_full_min", effect(-4, -8, 0.02, joint=wide)) == "unclear"
    assert figures.judge("cars_diverted", effect(-0.9, -1.8, -0.1)) == "better"
    assert figures.judge("visitors", effect(-0.9, -1.8, -0.1)) == "worse"


@pytest.mark.usefixtures("language")
def test_an_end_beside_zero_does_not_read_as_zero() -> None:
    said = figures.change_text("parking_full_min", effect(-4, -8, -0.02))
    assert formats.number(-0.02, 2) in said
    assert "0)" not in figures.change_text("parking_full_min", effect(-4, -8, -0.002))


def test_shares_change_by_percentage_points(language: Language) -> None:
    said = figures.change_text("mode_share_car", effect(-0.02, -0.025, -0.0151))
    assert {"en": "pp", "fi": "%-yks.", "sv": "procentenheter"}[language] in said
    assert "%" not in said.replace("%-yks.", "")
    assert formats.number(-2.5, 1) in said
    assert "%" in figures.amount("mode_share_car", 0.84)


def test_what_the_base_has_not_is_no_want_of_days(language: Language) -> None:
    said = figures.change_text("shuttle_wait_s_mean", Effect(math.nan, 400.0, None))
    assert {"en": "the base has none", "fi": "perustilanteessa", "sv": "utgångsläget"}[
        language
    ] in said
    never = figures.change_text("shuttle_wait_s_mean", Effect(300.0, 400.0, None))
    assert never != said
    one = Effect(300.0, 400.0, Estimate(100.0, None, math.nan, 1))
    few = {"en": "too few days", "fi": "liian vähän", "sv": "för få dagar"}[language]
    assert few in figures.change_text("shuttle_wait_s_mean", one)


def test_money_has_its_sign_and_its_currency(language: Language) -> None:
    said = figures.change_text("operating_cost_eur", effect(1905.6, 1900.0, 1910.0))
    assert said.startswith("+")
    assert said.count("€") == 3
    assert language in LANGUAGES


def test_the_rule_stands_below_the_table(language: Language) -> None:
    word = {"en": "by chance", "fi": "sattumalta", "sv": "slump"}[language]
    assert word in rule()
