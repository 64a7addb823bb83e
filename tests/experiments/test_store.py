"""Runs on disk: whole or not there, found again, never simulated twice."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from known_answers import Queue, TakesTime, subject

from lastmile.errors import ExperimentError, RequestError
from simulation.executor import open_crew
from simulation.sampling import Sampler
from simulation.store import FIGURES, RunKey, RunStore, code_version

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from conftest import SamplerMaker

    from simulation.executor import Crew
    from simulation.store import Run

QUEUE = subject("queue", Queue(customers=20))
HERE = Path(__file__).parent


def filled(sampler: SamplerMaker, store: RunStore, count: int = 12) -> Run:
    with sampler(store) as work:
        work.need({QUEUE: count})
    run = store.find(QUEUE.key)
    assert run is not None
    return run


def test_the_same_question_is_answered_without_simulating(
    sampler: SamplerMaker, store: RunStore, no_workers: Callable[[], AbstractContextManager[Crew]]
) -> None:
    with sampler() as work:
        work.need({QUEUE: 12})
        fresh = work.sample(QUEUE, 12)
    filled(sampler, store)
    with Sampler(no_workers, store) as work:
        work.need({QUEUE: 12})
        again = work.sample(QUEUE, 12)
        assert work.simulated == 0
    assert again.replications.tolist() == fresh.replications.tolist()
    for name, values in fresh.figures.items():
        assert again.figures[name].tobytes() == values.tobytes()


def test_asking_for_more_simulates_only_what_is_missing(
    sampler: SamplerMaker, store: RunStore
) -> None:
    filled(sampler, store, 5)
    with sampler(store) as work:
        work.need({QUEUE: 9})
        assert work.simulated == 4


def test_every_table_of_a_trial_is_kept_by_replication(
    sampler: SamplerMaker, store: RunStore
) -> None:
    waits = filled(sampler, store).read("waits", {3, 7})
    assert waits is not None
    assert waits["replication"].to_pylist() == [3, 3, 3, 7, 7, 7]
    expected = Queue(customers=20).run(1, 7).tables["waits"]["wait_s"]
    assert waits["wait_s"].to_numpy()[3:].tobytes() == expected.tobytes()


def test_any_other_scenario_data_code_or_seed_is_another_run() -> None:
    key = RunKey("s", "b", "d", "c", 1)
    others = [
        RunKey("S", "b", "d", "c", 1),
        RunKey("s", "B", "d", "c", 1),
        RunKey("s", "b", "D", "c", 1),
        RunKey("s", "b", "d", "C", 1),
        RunKey("s", "b", "d", "c", 2),
    ]
    assert len({key.id, *(other.id for other in others)}) == 6
    assert RunKey("s", "b", "d", "c", 1).id == key.id


def test_the_code_s_version_names_the_release_and_the_source() -> None:
    release, _, source = code_version().partition("+")
    assert release
    assert len(source) == 12


def test_parts_are_joined_and_say_the_same(sampler: SamplerMaker, store: RunStore) -> None:
    run = filled(sampler, store, 40)
    assert len(list((run.folder / "parts").iterdir())) == 1
    figures = run.read(FIGURES)
    assert figures is not None
    assert sorted(set(figures["replication"].to_pylist())) == list(range(40))
    for number in (0, 39):
        expected = Queue(customers=20).run(1, number).figures
        rows = figures.filter(np.asarray(figures["replication"]) == number)
        assert dict(zip(rows["kpi"].to_pylist(), rows["value"].to_pylist(), strict=True)) == (
            expected
        )


def test_the_same_replications_twice_over_are_read_once(
    sampler: SamplerMaker, store: RunStore
) -> None:
    """A process killed between joining parts and removing them leaves both."""
    run = filled(sampler, store, 12)
    part = next((run.folder / "parts").iterdir())
    shutil.copytree(part, part.with_name("000000-000011-0123abcd"))
    figures = run.read(FIGURES)
    assert figures is not None
    assert len(figures) == 2 * 12


def test_a_damaged_part_is_set_aside_and_simulated_again(
    sampler: SamplerMaker, store: RunStore
) -> None:
    run = filled(sampler, store)
    before = run.read(FIGURES)
    path = next(run.folder.glob("parts/*/figures.parquet"))
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ExperimentError, match="damaged"):
        run.read(FIGURES)
    after = filled(sampler, store).read(FIGURES)
    assert after is not None
    assert before is not None
    assert after.equals(before)


def test_a_damaged_manifest_is_begun_again(sampler: SamplerMaker, store: RunStore) -> None:
    run = filled(sampler, store)
    (run.folder / "manifest.json").write_text("{")
    assert store.runs() == []
    assert filled(sampler, store).replications() == set(range(12))


def test_runs_are_found_by_the_start_of_their_id_or_by_name(
    sampler: SamplerMaker, store: RunStore
) -> None:
    run = filled(sampler, store)
    assert store.get(run.id[:6]).id == run.id
    assert store.get("queue").id == run.id
    with pytest.raises(RequestError, match="stored are runs of: queue"):
        store.get("qeue")


def test_questions_across_runs_are_asked_in_sql(sampler: SamplerMaker, store: RunStore) -> None:
    filled(sampler, store)
    other = subject("longer", Queue(customers=40))
    with sampler(store) as work:
        work.need({other: 3})
    answer = store.query(
        "SELECT scenario, count(*) AS n, avg(value) AS mean FROM figures JOIN runs USING (run) "
        "WHERE kpi = 'p_wait' GROUP BY scenario ORDER BY scenario"
    )
    assert answer["scenario"].tolist() == ["longer", "queue"]
    assert answer["n"].tolist() == [3, 12]
    expected = [Queue(customers=20).run(1, k).figures["p_wait"] for k in range(12)]
    assert answer["mean"][1] == pytest.approx(np.mean(expected))
    with pytest.raises(RequestError, match="cannot be answered"):
        store.query("SELECT nothing FROM nowhere")


def test_an_empty_store_answers_too(store: RunStore) -> None:
    assert store.runs() == []
    assert len(store.query("SELECT * FROM figures")) == 0


def test_pruning_removes_runs_and_what_dead_writers_left(
    sampler: SamplerMaker, store: RunStore
) -> None:
    run = filled(sampler, store)
    litter = store.folder / ".writing-dead"
    litter.mkdir()
    os.utime(litter, (0, 0))
    assert store.prune([run]) > 0
    assert list(store.folder.iterdir()) == []


def test_two_processes_may_fill_the_same_run(store: RunStore) -> None:
    faults: list[BaseException] = []

    def fill() -> None:
        try:
            with Sampler(lambda: open_crew(1), store) as work:
                work.need({QUEUE: 30})
        except BaseException as fault:  # noqa: BLE001 - told below
            faults.append(fault)

    threads = [threading.Thread(target=fill) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    run = store.find(QUEUE.key)
    assert run is not None
    assert run.replications() == set(range(30))


# --- a store that cannot be written


def test_a_store_where_a_file_stands_is_refused_plainly(
    sampler: SamplerMaker, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ExperimentError, match="cannot write to the run store"),
        sampler(RunStore(tmp_path / "file" / "runs")) as work,
    ):
        work.need({QUEUE: 2})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_store_without_rights_is_refused_plainly(sampler: SamplerMaker, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir(mode=0o500)
    with (
        pytest.raises(ExperimentError, match="cannot write to the run store"),
        sampler(RunStore(folder)) as work,
    ):
        work.need({QUEUE: 2})


def test_no_room_left_is_said_plainly_and_harms_nothing(
    sampler: SamplerMaker, store: RunStore
) -> None:
    """The system's own limit on file sizes stands for a full disk: writes fail half-way."""
    run = filled(sampler, store, 4)
    before = run.read(FIGURES)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, old[1]))
        with (
            pytest.raises(ExperimentError, match="cannot write to the run store"),
            sampler(store) as work,
        ):
            work.need({QUEUE: 8})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    after = run.read(FIGURES)
    assert after is not None
    assert before is not None
    assert after.equals(before)
    assert not list(run.folder.rglob(".writing-*"))
    assert filled(sampler, store, 8).replications() == set(range(8))


# --- killed at any moment

_PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from known_answers import TakesTime, subject
from simulation.executor import open_crew
from simulation.sampling import Sampler
from simulation.store import RunStore
with Sampler(lambda: open_crew(int(sys.argv[3])), RunStore(Path(sys.argv[2]))) as work:
    work.need({subject("slow", TakesTime(0.02)): 40, subject("other", TakesTime(0.021)): 40})
"""


def start(folder: Path, workers: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(HERE), str(folder), str(workers)],
        start_new_session=True,
    )


def contents(folder: Path) -> dict[str, list[object]]:
    """Return all that a store's runs say, whatever parts it lies in."""
    found: dict[str, list[object]] = {}
    for run in RunStore(folder).runs():
        for table in (FIGURES, "points"):
            read = run.read(table)
            assert read is not None
            found[f"{run.manifest.name}:{table}"] = read.to_pylist()
    return found


def kill_and_repeat(tmp_path: Path, moments: list[float], workers: int) -> int:
    """Kill a run at some moments and repeat it; return how many were killed in their work."""
    undisturbed = tmp_path / "undisturbed"
    assert start(undisturbed, workers).wait() == 0
    expected = contents(undisturbed)
    assert len(expected["slow:figures"]) == 40
    killed = 0
    for rank, moment in enumerate(moments):
        folder = tmp_path / f"killed-{rank}"
        process = start(folder, workers)
        time.sleep(moment)
        killed += process.poll() is None
        process.kill()
        process.wait()
        for path in folder.glob("*/manifest.json"):  # whatever is there is whole
            json.loads(path.read_bytes())
        for run in RunStore(folder).runs():
            figures = run.read(FIGURES)
            held = sorted(run.replications())
            assert held == ([] if figures is None else figures["replication"].to_pylist())
        assert start(folder, workers).wait() == 0
        assert contents(folder) == expected
        shutil.rmtree(folder)
    return killed


def test_killed_and_repeated_it_ends_as_if_undisturbed(tmp_path: Path) -> None:
    assert kill_and_repeat(tmp_path, [1.2, 1.7], workers=2) >= 1


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_killed_at_fifty_random_moments_and_repeated_it_ends_as_if_undisturbed(
    tmp_path: Path,
) -> None:
    begun = time.monotonic()
    assert start(tmp_path / "measure", 2).wait() == 0
    whole_s = time.monotonic() - begun
    moments = np.random.default_rng(50).uniform(0.05, 0.98 * whole_s, 50).tolist()
    killed = kill_and_repeat(tmp_path, moments, workers=2)
    print(f"killed in their work: {killed} of 50, all ended as undisturbed")  # noqa: T201
    assert killed >= 40


def test_workers_go_when_the_program_that_started_them_is_killed(tmp_path: Path) -> None:
    process = start(tmp_path / "runs", 2)
    time.sleep(1.5)
    children = _children(process.pid)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and any(_is_alive(child) for child in children):
        time.sleep(0.1)
    assert not any(_is_alive(child) for child in children)


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    if not tasks.is_dir():
        pytest.skip("the system shows no /proc")
    return [
        int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()
    ]


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_what_takes_time_is_the_same_every_time() -> None:
    assert TakesTime(0.0).run(1, 3).figures == TakesTime(0.0).run(1, 3).figures
