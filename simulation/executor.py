"""Where replications run: processes of this machine, or a Dask cluster, by one code path.

Both are `concurrent.futures.Executor`. A worker that dies takes nothing with it: its task is run
again elsewhere, and since a replication depends on nothing but its seed the result is the same.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from lastmile.errors import ExperimentError, RequestError
from simulation.cluster import StrangerError, open_cluster
from simulation.worker import receive, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ATTEMPTS: Final = 3
"""Times a task is tried whose worker process dies."""

_WATCH_S: Final = 2.0
_AHEAD: Final = 2
_ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


def available_cpus() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _WorkerDiedError(Exception):
    """The worker process ended before it answered."""


class _Worker:
    """One worker process and the pipe to it."""

    def __init__(self) -> None:
        # The worker finds the same modules as we do, and never runs our main module: under
        # Streamlit or in a script without a guard that would start the program again.
        path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "simulation.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **_ONE_THREAD, "PYTHONPATH": path},
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def call(self, content: bytes) -> Any:  # noqa: ANN401
        """Send a pickled call and return its result, or raise what it raised."""
        calls, results = self._process.stdin, self._process.stdout
        assert calls is not None  # noqa: S101 - both were asked for
        assert results is not None  # noqa: S101
        try:
            send(calls, content)
            answer = receive(results)
        except (OSError, ValueError) as gone:
            raise _WorkerDiedError from gone
        if answer is None:
            raise _WorkerDiedError
        well, value = pickle.loads(answer)  # noqa: S301 - from our own worker
        if well:
            return value
        raise value

    def close(self) -> None:
        """End the process at once; it holds nothing that is worth waiting for."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue


class Workers(Executor):
    """Processes of this machine.

    Parameters
    ----------
    count
        How many; each starts when there is work for it.
    """

    def __init__(self, count: int) -> None:
        self._tasks: SimpleQueue[tuple[Future[Any], bytes] | None] = SimpleQueue()
        self._count = count
        self._threads: list[threading.Thread] = []
        self._workers: dict[int, _Worker] = {}
        self._lock = threading.Lock()
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """Return the ids of the processes at work now."""
        with self._lock:
            return [worker.pid for worker in self._workers.values()]

    def submit(
        self,
        fn: Callable[..., Any],
        /,
        *args: Any,  # noqa: ANN401
        **kwargs: Any,  # noqa: ANN401
    ) -> Future[Any]:
        """Schedule a call; function, arguments and result must be picklable."""
        content = pickle.dumps((fn, args, kwargs), protocol=pickle.HIGHEST_PROTOCOL)
        future: Future[Any] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError("the workers have been sent home")
            self._tasks.put((future, content))
            if len(self._threads) < self._count:
                thread = threading.Thread(
                    target=self._attend, args=(len(self._threads),), daemon=True
                )
                self._threads.append(thread)
                thread.start()
        return future

    def _attend(self, place: int) -> None:
        """Give one worker its tasks, and replace it when it dies."""
        while (task := self._tasks.get()) is not None:
            future, content = task
            if not future.set_running_or_notify_cancel():
                continue
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    result = self._worker(place).call(content)
                except _WorkerDiedError:
                    self._dismiss(place)
                    if attempt == ATTEMPTS or self._closed:
                        future.set_exception(
                            ExperimentError(
                                f"a worker process died {attempt} times over the same task (out "
                                "of memory, or ended from outside); use fewer --workers"
                            )
                        )
                        break
                except BaseException as fault:  # noqa: BLE001 - for whoever awaits the result
                    future.set_exception(fault)
                    break
                else:
                    future.set_result(result)
                    break
        self._dismiss(place)

    def _worker(self, place: int) -> _Worker:
        with self._lock:
            if self._closed:
                raise _WorkerDiedError
            if place not in self._workers:
                self._workers[place] = _Worker()
            return self._workers[place]

    def _dismiss(self, place: int) -> None:
        with self._lock:
            worker = self._workers.pop(place, None)
        if worker is not None:
            worker.close()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - Executor's own
        """Send the workers home: after their tasks, or at once with `cancel_futures`."""
        with self._lock:
            self._closed = self._closed or cancel_futures
            threads = list(self._threads)
            dropped = []
            while cancel_futures and not self._tasks.empty():
                dropped.append(self._tasks.get())
            busy = list(self._workers) if cancel_futures else []
            for _ in threads:
                self._tasks.put(None)
        for task in dropped:
            if task is not None:
                task[0].cancel()
        for place in busy:
            self._dismiss(place)
        if wait:
            for thread in threads:
                thread.join()


class Here(Executor):
    """The process we are in, one task after another: for few replications, and for debuggers."""

    def submit(
        self,
        fn: Callable[..., Any],
        /,
        *args: Any,  # noqa: ANN401
        **kwargs: Any,  # noqa: ANN401
    ) -> Future[Any]:
        """Do the call now."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as fault:  # noqa: BLE001 - for whoever awaits the result
            future.set_exception(fault)
        return future


class Task(Protocol):
    """A call to be made somewhere."""

    @property
    def call(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Return the function and its arguments, all picklable."""


T = TypeVar("T", bound=Task)


@dataclass(frozen=True, slots=True)
class Crew:
    """An executor and how much it takes at a time.

    Attributes
    ----------
    executor
        Where the work is done.
    size
        Tasks that run at the same time.
    watch
        Called now and then while tasks run; raises when there is no hope of their end.
    explain
        Says in plain words what the executor itself has to say of a task; None where the task
        failed by itself.
    """

    executor: Executor
    size: int
    watch: Callable[[], None] = lambda: None
    explain: Callable[[BaseException], ExperimentError | None] = lambda _: None

    def run(self, tasks: Iterable[T]) -> Iterator[tuple[T, Future[Any]]]:
        """Run tasks and yield each with its done future, in the order in which they end.

        Tasks are drawn as room is made for them, so that few results wait at a time.

        Raises
        ------
        ExperimentError
            If the place where they run is lost, or turns out to compute with other code or
            data.
        """
        queue = iter(tasks)
        running: dict[Future[Any], T] = {}
        try:
            while True:
                while len(running) < _AHEAD * self.size:
                    task = next(queue, None)
                    if task is None:
                        break
                    function, arguments = task.call
                    running[self.executor.submit(function, *arguments)] = task
                if not running:
                    return
                done, _ = wait(running, timeout=_WATCH_S, return_when=FIRST_COMPLETED)
                if not done:
                    self.watch()
                for future in done:
                    task = running.pop(future)
                    if future.cancelled() or isinstance(future.exception(), CancelledError):
                        self.watch()
                        raise ExperimentError("the connection to the workers was lost")
                    yield task, self._explained(future)
        finally:
            for future in running:
                future.cancel()

    def _explained(self, future: Future[Any]) -> Future[Any]:
        """Return a done future, with words of ours where the executor had some of its own."""
        fault = future.exception()
        if isinstance(fault, StrangerError):
            raise fault
        said = None if fault is None else self.explain(fault)
        if said is None:
            return future
        told: Future[Any] = Future()
        told.set_exception(said)
        return told


@contextmanager
def open_crew(workers: int | None = None, dask: str | None = None) -> Iterator[Crew]:
    """Open the place where replications run, and close it again.

    Parameters
    ----------
    workers
        Processes of this machine; all its processors when None, this process alone when 1.
    dask
        Address of a Dask scheduler such as ``tcp://127.0.0.1:8786``; used instead of
        processes of this machine.

    Raises
    ------
    RequestError
        If the number of workers is below 1, or both are given.
    ExperimentError
        If the scheduler does not answer within seconds or has no workers, or a worker
        computes with other code or other data.
    """
    if dask is not None:
        if workers is not None:
            raise RequestError("give --workers or --dask, not both")
        with open_cluster(dask) as cluster:
            yield Crew(cluster, cluster.size, cluster.watch, cluster.explain)
        return
    count = available_cpus() if workers is None else workers
    if count < 1:
        raise RequestError(f"--workers {count}: at least one is needed")
    if count == 1:
        yield Crew(Here(), 1)
        return
    executor = Workers(count)
    try:
        yield Crew(executor, count)
    finally:
        executor.shutdown(cancel_futures=True)
