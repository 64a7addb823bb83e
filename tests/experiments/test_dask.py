"""The same code path on a Dask cluster: a real scheduler, workers as processes, one killed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from known_answers import Alone, Fails, KillsItsWorker, Queue, TakesTime, subject

import lastmile
from lastmile.datasets import DATA_DIR_VARIABLE, install_dataset
from lastmile.errors import ExperimentError, RequestError
from scenarios.load import load_scenario
from simulation import cluster as clusters
from simulation.cluster import StrangerError
from simulation.executor import open_crew
from simulation.experiment import Plan, compare
from simulation.sampling import Progress, Sampler
from simulation.store import RunStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simulation.store import Run
    from simulation.trial import Trial

distributed = pytest.importorskip("distributed", reason="the extra 'dask' is not installed")

# distributed leaves sockets to the garbage collector when a scheduler goes
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

HERE = Path(__file__).parent
PROJECT = Path(lastmile.__file__).parents[1]
SMALL_DAY = {"day.visit_level": 0.05}
DAYS = 40


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class Cluster:
    """A scheduler and workers, each a process of its own, in a folder that is not ours."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        port = free_port()
        self.address = f"tcp://127.0.0.1:{port}"
        self.scheduler = self._start(
            settings, "scheduler", "--host", "127.0.0.1", "--port", str(port)
        )
        self.workers: list[subprocess.Popen[bytes]] = []
        self._client: distributed.Client | None = None

        def answers() -> bool:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                return False
            return True

        wait_until(answers, "the scheduler does not start")

    @property
    def client(self) -> distributed.Client:
        if self._client is None:
            self._client = distributed.Client(self.address, set_as_default=False)
        return self._client

    def staff(self, count: int) -> None:
        """See to it that at least so many workers are there, with two threads each."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < count:
            self.add_worker()
        self.wait_for(len(self.workers))

    def add_worker(self, **settings: str) -> None:
        options = (self.address, "--nthreads", "2", "--no-nanny")
        self.workers.append(self._start(settings, "worker", *options))

    def dismiss(self) -> None:
        """Leave the scheduler without workers."""
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.workers = []
        self.wait_for(0)

    def wait_for(self, count: int) -> None:
        wait_until(lambda: len(self.client.nthreads()) == count, "the workers do not come or go")

    def tasks(self) -> int:
        """Count what the scheduler knows of and what the workers have in hand."""
        there = self.client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))
        busy = self.client.run(lambda dask_worker: len(dask_worker.state.tasks))
        return int(there + sum(busy.values()))

    def kill_a_busy_worker(self, pids: dict[str, int]) -> subprocess.Popen[bytes]:
        """End a worker in the midst of its work; `pids` are the processes by address."""
        busy = [pids[address] for address, keys in self.client.processing().items() if keys]
        doomed = next(worker for worker in self.workers if worker.pid in busy)
        doomed.send_signal(signal.SIGKILL)
        return doomed

    def _start(self, settings: dict[str, str], name: str, *options: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                f"distributed.cli.dask_{name}",
                *options,
                "--no-dashboard",
            ],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": f"{HERE}{os.pathsep}{PROJECT}", **settings},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a cluster that all tests share; each says how many workers it needs."""
    started = Cluster(tmp_path_factory.mktemp("cluster"))
    yield started
    started.close()


@pytest.fixture
def doomed_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Return a cluster to be broken, which gives a task up with the first worker that dies."""
    started = Cluster(tmp_path, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    yield started
    started.close()


def content(run: Run) -> dict[str, list[dict[str, Any]]]:
    """Return all that a run holds, by table."""
    names = sorted({path.stem for path in run.folder.rglob("*.parquet")})
    tables = {name: run.read(name) for name in names}
    return {name: table.to_pylist() for name, table in tables.items() if table is not None}


def test_real_days_are_the_same_when_a_worker_is_killed_in_the_midst(
    cluster: Cluster, tmp_path: Path
) -> None:
    """What the command compares, bit for bit what processes of this machine give."""
    cluster.staff(2)
    pids = cluster.client.run(os.getpid)
    killed: list[subprocess.Popen[bytes]] = []

    def kill_one(progress: Progress) -> None:
        if progress.done and not killed:
            killed.append(cluster.kill_a_busy_worker(pids))

    base, pilot = (
        load_scenario(name).with_changes(SMALL_DAY) for name in ("baseline", "shuttle-espoo-haltia")
    )
    here, there = RunStore(tmp_path / "here"), RunStore(tmp_path / "cluster")
    found = compare(base, [pilot], Plan(DAYS, dask=cluster.address, store=there, listener=kill_one))
    expected = compare(base, [pilot], Plan(DAYS, workers=2, store=here))
    assert killed[0].wait() == -signal.SIGKILL
    assert found.replications == DAYS
    assert {**found.to_json(), "wall_s": 0} == {**expected.to_json(), "wall_s": 0}
    for ours, theirs in zip(expected.runs, found.runs, strict=True):
        kept, same = here.get(ours.run_id), there.get(theirs.run_id)
        assert kept.replications() == same.replications() == set(range(DAYS))
        assert kept.manifest.about == same.manifest.about
        tables = content(kept)
        assert {"figures", "series", "gains", "departures"} <= set(tables)
        assert tables == content(same)


def test_a_worker_with_many_threads_does_one_thing_at_a_time(cluster: Cluster) -> None:
    cluster.staff(1)
    alone = subject("alone", Alone())
    with Sampler(partial(open_crew, dask=cluster.address)) as work:
        work.need({alone: 24})
        assert work.sample(alone, 24).figure("together").tolist() == [1.0] * 24


def test_whoever_stops_leaves_nothing_on_the_cluster(cluster: Cluster) -> None:
    cluster.staff(1)
    slow = subject("slow", TakesTime(0.02))

    def stop(progress: Progress) -> None:
        if progress.done:
            raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        Sampler(partial(open_crew, dask=cluster.address), None, stop) as work,
    ):
        work.need({slow: 500})
    wait_until(lambda: cluster.tasks() == 0, "something runs on")


def other_code(folder: Path) -> dict[str, str]:
    """Return settings with which a worker runs a release of its own."""
    for package in ("lastmile", "scenarios", "simulation"):
        shutil.copytree(
            PROJECT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    (folder / "data").symlink_to(PROJECT / "data")
    day = folder / "simulation" / "day.py"
    day.write_text(day.read_text() + "\n# a mended fault\n")
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(HERE)])}


def other_data(folder: Path) -> dict[str, str]:
    """Return settings with which a worker has a timetable of its own in force."""

    def build(target: Path) -> dict[str, object]:
        (target / "feed.txt").write_text("another timetable")
        return dict.fromkeys(("title", "source", "licence", "attribution"), "of this test")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DATA_DIR_VARIABLE, str(folder))
        install_dataset("timetable", build)
    return {DATA_DIR_VARIABLE: str(folder)}


STRANGERS = pytest.mark.parametrize(
    ("settings", "said"),
    [(other_code, "runs other code"), (other_data, "has other data")],
    ids=["code", "data"],
)


@STRANGERS
def test_a_worker_with_other_code_or_data_is_refused(
    cluster: Cluster, tmp_path: Path, settings: Callable[[Path], dict[str, str]], said: str
) -> None:
    """The run's name says what made it: nothing else may add to it, when it joins later either."""
    cluster.dismiss()
    cluster.staff(1)
    queue = subject("queue", Queue(customers=5))
    store = RunStore(tmp_path / "runs")
    with Sampler(partial(open_crew, dask=cluster.address), store) as work:
        work.need({queue: 1})
        cluster.dismiss()
        cluster.add_worker(**settings(tmp_path / "other"))
        with pytest.raises(StrangerError, match=rf"the worker tcp://\S+ {said}"):
            work.need({queue: 4})
    run = store.find(queue.key)
    assert run is not None
    assert run.replications() == {0}
    with (
        pytest.raises(StrangerError, match=rf"the worker tcp://\S+ {said}"),
        open_crew(dask=cluster.address),
    ):
        pass
    cluster.dismiss()


def test_a_worker_older_than_the_data_is_refused(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sees what was built since, and may have what was there before in its memory."""
    cluster.dismiss()
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(tmp_path / "mine"))
    cluster.staff(1)
    with open_crew(dask=cluster.address):
        pass
    other_data(tmp_path / "mine")
    with pytest.raises(StrangerError, match="start it again"), open_crew(dask=cluster.address):
        pass
    cluster.dismiss()


@pytest.mark.parametrize("trial", [Fails((2,)), Queue(customers=50)], ids=["fails", "queue"])
def test_a_trial_gives_the_same_on_a_cluster_as_here(cluster: Cluster, trial: Trial) -> None:
    cluster.staff(1)
    one = subject("one", trial)
    found = []
    for crew in (partial(open_crew, dask=cluster.address), partial(open_crew, workers=1)):
        with Sampler(crew) as work:
            work.need({one: 10})
            failed = [(each.replication, each.message) for each in work.failures(one)]
            found.append((work.sample(one, 10).figure("wait_mean").tolist(), failed))
    assert found[0] == found[1]


def test_a_task_over_which_workers_die_is_told(doomed_cluster: Cluster, tmp_path: Path) -> None:
    deadly = subject("deadly", KillsItsWorker(tmp_path / "mark", at=0))
    doomed_cluster.staff(1)
    with Sampler(partial(open_crew, dask=doomed_cluster.address)) as work:
        work.need({deadly: 1})
        (failure,) = work.failures(deadly)
    assert "died one after another" in failure.message


def test_a_scheduler_that_dies_is_told_and_what_was_done_is_kept(
    doomed_cluster: Cluster, tmp_path: Path
) -> None:
    slow = subject("slow", TakesTime(0.02))
    doomed_cluster.staff(1)
    doomed_cluster.client.close()

    def kill_scheduler(progress: Progress) -> None:
        if progress.done and doomed_cluster.scheduler.poll() is None:
            doomed_cluster.scheduler.kill()

    store = RunStore(tmp_path / "runs")
    with (
        pytest.raises(ExperimentError, match="connection"),
        Sampler(partial(open_crew, dask=doomed_cluster.address), store, kill_scheduler) as work,
    ):
        work.need({slow: 60})
    run = store.find(slow.key)
    assert run is not None
    done = run.replications()
    assert 0 < len(done) < 60
    with Sampler(partial(open_crew, workers=1), store) as work:
        work.need({slow: 60})
        assert work.simulated == 60 - len(done)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody take longer to answer than a test should."""
    monkeypatch.setattr(clusters, "ANSWER_S", 0.5)


@pytest.mark.usefixtures("impatient")
def test_an_address_where_nobody_answers_is_told_within_seconds() -> None:
    begun = time.monotonic()
    with (
        pytest.raises(ExperimentError, match="no Dask scheduler answers"),
        open_crew(dask=f"tcp://127.0.0.1:{free_port()}"),
    ):
        pass
    assert time.monotonic() - begun < 30  # hours would be the fault, not seconds


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("address", ["nonsense://x", "127.0.0.1", "tcp://no-such-host.invalid:1"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(ExperimentError, match="no Dask scheduler answers"), open_crew(dask=address):
        pass


def test_a_scheduler_without_workers_is_told(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.dismiss()
    monkeypatch.setattr(clusters, "ANSWER_S", 1.0)
    with pytest.raises(ExperimentError, match="has no workers"), open_crew(dask=cluster.address):
        pass


def test_processes_here_and_a_cluster_at_once_are_refused() -> None:
    with (
        pytest.raises(RequestError, match="not both"),
        open_crew(workers=2, dask="tcp://127.0.0.1:1"),
    ):
        pass
