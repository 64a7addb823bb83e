"""Whole days of bundled scenarios: the same visitors everywhere, the same bytes, any demand."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scenarios.load import load_scenario
from simulation.day import run_day
from simulation.eventlog import Kind
from simulation.kpis import kpi_of, kpis
from simulation.parties import STAYS_AWAY
from simulation.prepare import prepare

if TYPE_CHECKING:
    from simulation.model import DayModel


@pytest.fixture(scope="module")
def base() -> DayModel:
    return prepare(load_scenario("baseline"))


@pytest.fixture(scope="module")
def pilot() -> DayModel:
    return prepare(load_scenario("shuttle-espoo-haltia"))


def with_visits(model: DayModel, level: float) -> DayModel:
    return replace(model, day=model.day.model_copy(update={"visit_level": level}))


def _bytes_of(work: tuple[DayModel, int]) -> bytes:
    model, replication = work
    return run_day(model, 5, replication).events.to_bytes()


def test_a_day_is_the_same_in_any_process(base: DayModel) -> None:
    work = [(base, number) for number in range(3)]
    here = [_bytes_of(one) for one in work]
    with ProcessPoolExecutor(2) as pool:
        assert list(pool.map(_bytes_of, work)) == here
    assert len(set(here)) == 3


def test_two_scenarios_meet_the_same_visitors(base: DayModel, pilot: DayModel) -> None:
    for replication in range(2):
        one, other = run_day(base, 3, replication), run_day(pilot, 3, replication)
        for column in ("arrival_s", "size", "zone", "stay_s", "draws", "taste"):
            np.testing.assert_array_equal(
                getattr(one.parties, column), getattr(other.parties, column)
            )
        assert not np.array_equal(one.choices.mode, other.choices.mode)


def test_a_shuttle_is_a_gain_and_takes_some_from_the_car(base: DayModel, pilot: DayModel) -> None:
    for replication in range(3):
        before = kpis(run_day(base, 4, replication), base)
        after = kpis(run_day(pilot, 4, replication), pilot)
        assert before["consumer_surplus_eur"] == 0
        assert after["consumer_surplus_eur"] > 0
        assert after["mode_share_shuttle"] > 0
        assert after["mode_share_car"] < before["mode_share_car"]
        assert after["operating_cost_eur"] > before["operating_cost_eur"]


def test_everybody_who_comes_is_told_of_to_the_end(pilot: DayModel) -> None:
    result = run_day(pilot, 6, 0)
    ends = result.events.of(Kind.HOME, Kind.STRANDED, Kind.TURNED_AWAY)
    coming = np.flatnonzero(result.choices.mode != STAYS_AWAY)
    assert sorted(ends.party) == coming.tolist()


def test_every_figure_of_a_day_is_defined(pilot: DayModel) -> None:
    for name in kpis(run_day(pilot, 6, 0), pilot):
        assert kpi_of(name).name == name.partition(".")[0]


def test_an_empty_day_runs_and_says_so(base: DayModel) -> None:
    model = with_visits(base, 0.0)
    figures = kpis(run_day(model, 1, 0), model)
    assert figures["visitors"] == figures["cars_arrived"] == figures["parking_full_min"] == 0
    assert "mode_share_car" not in figures
    assert figures["vehicle_hours"] > 0


def test_a_hundredfold_day_runs_and_says_what_happened(base: DayModel) -> None:
    usual = with_visits(base, 1.0)
    crowd = with_visits(base, 100.0)
    before, figures = kpis(run_day(usual, 1, 0), usual), kpis(run_day(crowd, 1, 0), crowd)
    assert figures["visitors_turned_away"] > 20 * before["visitors"]
    assert figures["parking_peak_occupancy"] == 1
    for lot in crowd.entrances:
        assert figures.get(f"parking_peak_occupancy.{lot.id}", 0) <= 1
