"""The cheapest design that keeps its promises: found where the answer is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from known_answers import Fails, StationaryWaits, mean_wait, subject

from lastmile.errors import RequestError
from simulation.experiment import known_figure
from simulation.search import (
    Design,
    Effort,
    Promise,
    grid,
    pareto_front,
    select,
)

if TYPE_CHECKING:
    from conftest import SamplerMaker

    from simulation.sampling import Sampler

PROMISE = Promise("wait", "<=", 0.55)
"""Of M/M/c with one customer a unit of time; the best keeps it by 10 %, a cheaper one misses
it by 13 %: close, and yet outside the indifference zone of 5 %."""


def designs(seed: int) -> list[Design]:
    """Return 16 designs: 1 to 4 servers, four speeds; dearer with each server and with speed."""
    found = []
    for point in grid({"servers": [1, 2, 3, 4], "speed": [0.7, 0.85, 0.9, 1.2]}):
        servers, speed = int(str(point["servers"])), float(str(point["speed"]))
        cost = 100.0 * servers + 60.0 * speed
        stable = servers * speed > 1.05
        refusal = None if stable else "the queue grows without end"
        trial = StationaryWaits(servers, speed, cost=cost)
        one = subject(f"{servers}x{speed}", trial, seed) if stable else None
        found.append(Design(point, one, refusal))
    return found


def true_best() -> dict[str, object]:
    """Return the answer by Erlang C."""
    keeps = [
        design
        for design in designs(0)
        if design.refusal is None
        and mean_wait(_servers(design), 1.0, _speed(design)) <= PROMISE.limit
    ]
    return min(keeps, key=lambda one: 100.0 * _servers(one) + 60.0 * _speed(one)).changes


def _servers(design: Design) -> int:
    return int(str(design.changes["servers"]))


def _speed(design: Design) -> float:
    return float(str(design.changes["speed"]))


def days(found: list[Design]) -> int:
    return sum(design.replications for design in found)


def equal_days(sampler: Sampler, seed: int, effort: Effort) -> int:
    """Return the days of equal allocation: all designs go on until every one is decided.

    The same tests at the same error, but days are not led to where the decision is close.
    """
    found = designs(seed)
    single = [[design] for design in found if design.refusal is None]
    most = 0
    for each in single:
        most = max(most, _days_until_decided(sampler, each, len(single), effort))
    return most * len(single)


def _days_until_decided(sampler: Sampler, each: list[Design], count: int, effort: Effort) -> int:
    from simulation.search import Verdict, _Search  # noqa: PLC0415

    search = _Search(sampler, [PROMISE], "cost", effort)
    search.begin(each)
    search.count = count
    while each[0].verdict is Verdict.OPEN:
        search.sample_more(each)
    return each[0].replications


def repeat_searches(sampler: SamplerMaker, repeats: int, effort: Effort) -> tuple[int, float]:
    """Search again and again with other seeds; return the hits and the share of days spent."""
    answer, hits, spent, equal = true_best(), 0, 0, 0
    for seed in range(repeats):
        found = designs(seed)
        with sampler() as work:
            best = select(work, found, [PROMISE], "cost", effort)
            hits += best is not None and best.changes == answer
            spent += days(found)
            equal += equal_days(work, seed, effort)
    return hits, spent / equal


def test_the_answer_lies_in_the_midst_of_the_grid() -> None:
    assert true_best() == {"servers": 2, "speed": 0.9}


def test_the_search_finds_the_true_best_in_short(sampler: SamplerMaker) -> None:
    hits, share = repeat_searches(sampler, 8, Effort())
    assert hits >= 7
    assert share <= 1 / 3


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_search_finds_the_true_best_in_95_of_100_with_a_third_of_the_days(
    sampler: SamplerMaker,
) -> None:
    hits, share = repeat_searches(sampler, 100, Effort())
    print(f"the true best in {hits} of 100 searches, {share:.1%} of equal allocation's days")  # noqa: T201
    assert hits >= 95
    assert share <= 1 / 3


def test_designs_that_cannot_run_are_told_and_the_others_judged(sampler: SamplerMaker) -> None:
    found = designs(3)
    found.append(Design({"servers": 9}, subject("fails", Fails(at=tuple(range(400))), 3)))
    with sampler() as work:
        best = select(work, found, [PROMISE], "cost", Effort())
    assert best is not None
    assert found[0].status == "infeasible"
    assert found[0].refusal == "the queue grows without end"
    assert found[-1].status == "infeasible"
    assert "every day failed: ZeroDivisionError" in str(found[-1].refusal)


def test_a_promise_nobody_keeps_leaves_no_best(sampler: SamplerMaker) -> None:
    found = designs(4)
    with sampler() as work:
        assert select(work, found, [Promise("wait", "<=", -1)], "cost", Effort()) is None
    assert {design.status for design in found} == {"infeasible", "broken"}


def test_without_promises_the_cheapest_is_named(sampler: SamplerMaker) -> None:
    found = designs(5)
    with sampler() as work:
        best = select(work, found, [], "cost", Effort())
    assert best is not None
    assert best.changes == {"servers": 1, "speed": 1.2}


def test_a_figure_no_day_gives_does_not_count_as_kept(sampler: SamplerMaker) -> None:
    found = designs(6)
    with sampler() as work:
        effort = Effort(most=20)
        assert select(work, found, [Promise("nothing", "<=", 1)], "cost", effort) is None


def test_a_search_goes_on_where_it_stopped(sampler: SamplerMaker, tmp_path: object) -> None:
    from pathlib import Path  # noqa: PLC0415

    from simulation.store import RunStore  # noqa: PLC0415

    store = RunStore(Path(str(tmp_path)) / "runs")
    first, again = designs(7), designs(7)
    with sampler(store) as work:
        best = select(work, first, [PROMISE], "cost", Effort())
    with sampler(store) as work:
        same = select(work, again, [PROMISE], "cost", Effort())
        assert work.simulated == 0
    assert best is not None
    assert same is not None
    assert best.changes == same.changes


@pytest.mark.parametrize(
    ("text", "promise"),
    [
        ("shuttle_wait_s_p90<=900", Promise("shuttle_wait_s_p90", "<=", 900)),
        (" parking_full_min.haltia <= 30.5 ", Promise("parking_full_min.haltia", "<=", 30.5)),
        ("mode_share_shuttle>=10%", Promise("mode_share_shuttle", ">=", 0.1)),
        ("stranded<=1e1", Promise("stranded", "<=", 10)),
    ],
)
def test_promises_are_read(text: str, promise: Promise) -> None:
    assert Promise.parse(text) == promise


@pytest.mark.parametrize("text", ["", "wait", "wait<5", "wait<=", "<=5", "wait<=1.2.3", "a<=b"])
def test_what_is_no_promise_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="KPI<=NUMBER"):
        Promise.parse(text)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("shuttle_wait_p90", "shuttle_wait_s_p90"),
        ("parking_ful_min.haltia", "parking_full_min"),
        ("shuttle_boardings.haltia", "does not come by entrance"),
    ],
)
def test_a_figure_that_does_not_exist_is_refused_with_the_nearest(name: str, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        known_figure(name)


def test_a_grid_has_every_combination_once() -> None:
    points = grid({"a": [1, 2], "b": ["x", "y", "z"]})
    assert len(points) == 6
    assert points[1] == {"a": 1, "b": "y"}


def test_a_grid_too_large_or_without_values_is_refused() -> None:
    with pytest.raises(RequestError, match="too many"):
        grid({"a": list(range(100)), "b": list(range(100))})
    with pytest.raises(RequestError, match="give its values"):
        grid({"a": []})


@pytest.mark.parametrize(
    "options",
    [
        {"confidence": 0.2},
        {"confidence": 1.0},
        {"tolerance": -0.1},
        {"first": 1},
        {"first": 20, "most": 10},
        {"confidence": math.nan},
    ],
)
def test_efforts_that_make_no_sense_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(RequestError):
        Effort(**options)  # type: ignore[arg-type]


@given(arrays(np.float64, st.tuples(st.integers(1, 12), st.just(3)), elements=st.floats(0, 3)))
def test_the_front_is_what_nobody_beats(figures: np.ndarray) -> None:
    """An exhaustive oracle: a row is beaten if another is no worse throughout and better once."""
    front = pareto_front(figures)
    for row, mine in enumerate(figures):
        beaten = any(
            all(a <= b for a, b in zip(other, mine, strict=True))
            and any(a < b for a, b in zip(other, mine, strict=True))
            for other in figures
        )
        assert front[row] == (not beaten)
    assert front.any()


def test_what_is_not_known_is_not_on_the_front() -> None:
    front = pareto_front(np.array([[1.0, np.nan], [2.0, 2.0], [3.0, 3.0]]))
    assert front.tolist() == [False, True, False]
