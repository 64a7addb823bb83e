"""Replications: each once, on numbers of its own, the same wherever they run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from known_answers import Fails, KillsItsWorker, Queue, TakesTime, subject

from lastmile.errors import ExperimentError, RequestError, ScenarioError
from simulation.executor import Crew, Workers, open_crew
from simulation.rng import Streams
from simulation.sampling import Progress, Sampler, paired_samples

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import SamplerMaker

    from simulation.store import RunStore
    from simulation.trial import Trial

SMALL = Queue(customers=20)


def sampled(sampler: Sampler, trial: Trial, count: int) -> dict[int, float]:
    """Return the first figure of some replications by number."""
    one = subject("queue", trial)
    with sampler:
        sampler.need({one: count})
        sample = sampler.sample(one, count)
        first = next(iter(sample.figures))
        return dict(zip(sample.replications.tolist(), sample.figure(first).tolist(), strict=True))


@given(
    st.integers(0, 2**63),
    st.integers(0, 2**31),
    st.integers(0, 2**31),
    st.sampled_from(["demand", "service:shuttle", "bikeshare"]),
)
def test_no_two_replications_draw_the_same_numbers(
    seed: int, one: int, other: int, component: str
) -> None:
    first = Streams(seed, one).generator(component).random(4)
    second = Streams(seed, other).generator(component).random(4)
    assert np.array_equal(first, second) == (one == other)


def test_replications_are_numbered_by_the_sampler_each_number_once(
    sampler: SamplerMaker, store: RunStore
) -> None:
    """Nobody hands in seeds: asking for 5, then for 12, gives the numbers 0 to 11 once each."""
    found = sampled(sampler(store), SMALL, 5)
    more = sampled(sampler(store), SMALL, 12)
    assert list(found) == list(range(5))
    assert list(more) == list(range(12))
    assert len(set(more.values())) == 12
    assert {number: more[number] for number in found} == found


def test_two_processes_give_what_one_gives(sampler: SamplerMaker) -> None:
    assert sampled(sampler(workers=2), SMALL, 30) == sampled(sampler(), SMALL, 30)


def test_a_worker_that_is_killed_takes_nothing_with_it(
    sampler: SamplerMaker, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    killed = sampled(sampler(workers=2), KillsItsWorker(mark), 20)
    assert mark.read_text() == "died"
    assert killed == sampled(sampler(), KillsItsWorker(mark), 20)
    assert list(killed) == list(range(20))


def test_a_task_that_kills_every_worker_is_reported_and_the_others_kept(tmp_path: Path) -> None:
    always = KillsItsWorker(tmp_path / "no-such-folder" / "mark")
    with Workers(2) as workers:
        doomed = workers.submit(always.run, 1, 3)
        well = workers.submit(SMALL.run, 1, 0)
        assert well.result().figures == SMALL.run(1, 0).figures
        # writing the mark fails before the kill here, so end the process outright
        assert isinstance(doomed.exception(), FileNotFoundError)
        dead = workers.submit(_exits)
        with pytest.raises(ExperimentError, match="died 3 times"):
            dead.result()
        assert workers.submit(SMALL.run, 1, 1).result() is not None


def _exits() -> None:
    import os  # noqa: PLC0415

    os._exit(9)


def test_a_failing_replication_is_told_with_its_seed_and_the_others_kept(
    sampler: SamplerMaker, store: RunStore
) -> None:
    fails = subject("fails", Fails(at=(2, 5)), seed=77)
    with sampler(store, workers=2) as work:
        work.need({fails: 8})
        failures = work.failures(fails)
        assert [(one.seed, one.replication) for one in failures] == [(77, 2), (77, 5)]
        assert failures[0].message == "ZeroDivisionError: no cars on day 2"
        assert work.sample(fails, 8).replications.tolist() == [0, 1, 3, 4, 6, 7]


def test_replications_that_fail_on_one_side_leave_pairs_of_the_rest(sampler: SamplerMaker) -> None:
    good, bad = subject("good", Fails(at=())), subject("bad", Fails(at=(0,)))
    with sampler() as work:
        work.need({good: 4, bad: 4})
        base, pilot = paired_samples([work.sample(good, 4), work.sample(bad, 4)])
    assert base.replications.tolist() == pilot.replications.tolist() == [1, 2, 3]
    assert base.figures["wait_mean"].tolist() == pilot.figures["wait_mean"].tolist()


def test_nothing_in_common_cannot_be_compared(sampler: SamplerMaker) -> None:
    one, other = subject("one", Fails(at=(0,))), subject("other", Fails(at=(1,)))
    with sampler() as work:
        work.need({one: 2, other: 2})
        with pytest.raises(RequestError, match="nothing can be compared"):
            paired_samples([work.sample(one, 2), work.sample(other, 2)])


def refuse() -> Trial:
    """Stand for a scenario with too few vehicles."""
    raise ScenarioError("services.shuttle: 3 vehicles are needed, 1 is given")


def test_what_cannot_be_built_is_noted_and_the_others_go_on(sampler: SamplerMaker) -> None:
    from dataclasses import replace  # noqa: PLC0415

    good = subject("good", SMALL)
    bad = replace(subject("bad", SMALL, seed=2), build=refuse)
    with sampler(workers=2) as work:
        work.need({bad: 3, good: 3})
        assert "3 vehicles are needed" in str(work.refusal(bad))
        assert len(work.sample(bad, 3)) == 0
        assert len(work.sample(good, 3)) == 3


def test_progress_tells_the_time_left() -> None:
    told: list[Progress] = []
    with Sampler(partial(open_crew, workers=1), None, told.append) as work:
        work.need({subject("slow", TakesTime(0.01)): 12})
    assert (told[0].done, told[0].total, told[0].left_s) == (0, 12, None)
    assert told[-1].done == told[-1].total == 12
    assert told[-1].left_s == 0
    middle = told[len(told) // 2]
    assert middle.left_s is not None
    assert middle.left_s > 0


@pytest.mark.parametrize("count", [5, 8, 11])
def test_no_worker_is_idle_while_another_has_two_replications_to_come(count: int) -> None:
    """Eight replications on eight workers came in pairs: half of the workers had nothing."""
    told: list[Progress] = []
    with (
        ThreadPoolExecutor(8) as threads,
        Sampler(lambda: nullcontext(Crew(threads, 8)), None, told.append) as work,
    ):
        work.need({subject("queue", SMALL): count})
    assert [progress.done for progress in told] == list(range(count + 1))


@pytest.mark.parametrize("workers", [0, -3])
def test_no_workers_at_all_is_refused(workers: int) -> None:
    with pytest.raises(RequestError, match="at least one"), open_crew(workers=workers):
        pass
