"""The same code path on a Dask cluster: a real scheduler, workers as processes, one killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from known_answers import Queue, TakesTime, subject

from lastmile.errors import ExperimentError, RequestError
from simulation.executor import open_crew
from simulation.sampling import Progress, Sampler
from simulation.store import FIGURES, RunStore

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("distributed", reason="the extra 'dask' is not installed")

# distributed leaves sockets to the garbage collector when a scheduler goes
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

HERE = Path(__file__).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", self.address.rpartition(":")[2]
        )
        self.workers: list[subprocess.Popen[bytes]] = []

    def add_worker(self) -> None:
        self.workers.append(self._start("worker", self.address, "--nthreads", "1", "--no-nanny"))

    def _start(self, name: str, *options: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                f"distributed.cli.dask_{name}",
                *options,
                "--no-dashboard",
            ],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(HERE)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def close(self) -> None:
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    started = Cluster(tmp_path)
    host, _, port = started.address.removeprefix("tcp://").rpartition(":")
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            break
        except OSError:
            assert time.monotonic() < deadline, "the scheduler does not start"
            time.sleep(0.1)
    yield started
    started.close()


def test_a_worker_killed_in_the_midst_changes_nothing(cluster: Cluster, tmp_path: Path) -> None:
    slow = subject("slow", TakesTime(0.05))
    with Sampler(partial(open_crew, workers=1), RunStore(tmp_path / "here")) as work:
        work.need({slow: 60})
        expected = work.sample(slow, 60).figure("value").tolist()
    cluster.add_worker()
    cluster.add_worker()
    doomed = cluster.workers[0]

    def kill_one(progress: Progress) -> None:
        if progress.done and doomed.poll() is None:
            doomed.send_signal(signal.SIGKILL)

    store = RunStore(tmp_path / "cluster")
    with Sampler(partial(open_crew, dask=cluster.address), store, kill_one) as work:
        work.need({slow: 60})
        assert work.failures(slow) == []
        found = work.sample(slow, 60)
    assert doomed.wait() == -signal.SIGKILL
    assert found.replications.tolist() == list(range(60))
    assert found.figure("value").tolist() == expected
    run, here = store.find(slow.key), RunStore(tmp_path / "here").find(slow.key)
    assert run is not None
    assert here is not None
    for table in (FIGURES, "points"):
        kept, same = run.read(table), here.read(table)
        assert kept is not None
        assert same is not None
        assert kept.to_pylist() == same.to_pylist()


def test_a_scheduler_that_dies_is_told_and_what_was_done_is_kept(
    cluster: Cluster, tmp_path: Path
) -> None:
    slow = subject("slow", TakesTime(0.05))
    cluster.add_worker()

    def kill_scheduler(progress: Progress) -> None:
        if progress.done and cluster.scheduler.poll() is None:
            cluster.scheduler.kill()

    store = RunStore(tmp_path / "runs")
    with (
        pytest.raises(ExperimentError, match="connection"),
        Sampler(partial(open_crew, dask=cluster.address), store, kill_scheduler) as work,
    ):
        work.need({slow: 60})
    run = store.find(slow.key)
    assert run is not None
    done = run.replications()
    assert 0 < len(done) < 60
    with Sampler(partial(open_crew, workers=1), store) as work:
        work.need({slow: 60})
        assert work.simulated == 60 - len(done)


def test_an_address_where_nobody_answers_is_told_within_seconds() -> None:
    begun = time.monotonic()
    with (
        pytest.raises(ExperimentError, match="no Dask scheduler answers"),
        open_crew(dask=f"tcp://127.0.0.1:{free_port()}"),
    ):
        pass
    assert time.monotonic() - begun < 30  # hours would be the fault, not seconds


@pytest.mark.parametrize("address", ["nonsense://x", "127.0.0.1", "tcp://no-such-host.invalid:1"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(ExperimentError, match="no Dask scheduler answers"), open_crew(dask=address):
        pass


def test_a_scheduler_without_workers_is_told(cluster: Cluster) -> None:
    with pytest.raises(ExperimentError, match="has no workers"), open_crew(dask=cluster.address):
        pass


def test_processes_here_and_a_cluster_at_once_are_refused() -> None:
    with (
        pytest.raises(RequestError, match="not both"),
        open_crew(workers=2, dask="tcp://127.0.0.1:1"),
    ):
        pass


def test_a_queue_gives_the_same_on_a_cluster_as_here(cluster: Cluster) -> None:
    cluster.add_worker()
    queue = subject("queue", Queue(customers=50))
    found = []
    for crew in (partial(open_crew, dask=cluster.address), partial(open_crew, workers=2)):
        with Sampler(crew) as work:
            work.need({queue: 10})
            found.append(work.sample(queue, 10).figure("wait_mean").tolist())
    assert found[0] == found[1]
