"""A Dask cluster as the place where replications run, by the same interface as processes here.

What a run is called says which code and data made it, so a worker with others must not add to it.
Every worker is asked when the cluster is opened, and every call asks again, for workers that join
later.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import pickle
import threading
import time
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from lastmile.errors import ExperimentError
from simulation.store import code_version, data_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future

ANSWER_S: Final = 5.0
"""How long a Dask scheduler may take to answer, and to show a worker, s."""

DESERTED_S: Final = 60.0
"""How long a cluster may be without any worker before the run is given up, s."""

_CHANGED: Final = "changed since it was started"
_ALONE: Final = threading.Lock()


class StrangerError(ExperimentError):
    """A worker computes with other code or other data than the program that asks it."""


# --- in a worker


@cache
def _first_data() -> str:
    return data_digest()


def standing() -> tuple[str, str]:
    """Return what decides this process's numbers: its code and its data; runs in a worker.

    A worker lives longer than one question. What it has read stays in its memory, so data that
    were changed in the meantime make it a stranger.
    """
    now = data_digest()
    return code_version(), now if now == _first_data() else _CHANGED


def call_as(code: str, data: str, content: bytes) -> Any:  # noqa: ANN401
    """Make a pickled call if this process computes with the given code and data.

    One at a time, however many threads the worker has: days do not run faster side by side in
    one process, and what they keep in memory is not made for it.

    Raises
    ------
    StrangerError
        If it computes with others.
    """
    fault = _quarrel(standing(), (code, data))
    if fault is not None:
        address = importlib.import_module("distributed").get_worker().address
        raise StrangerError(f"the worker {address} {fault}")
    with _ALONE:
        function, arguments, options = pickle.loads(content)  # noqa: S301 - what was asked of us
        return function(*arguments, **options)


def _quarrel(theirs: tuple[str, str], ours: tuple[str, str]) -> str | None:
    """Say what keeps a worker from working for us; None if nothing does."""
    (their_code, their_data), (our_code, our_data) = theirs, ours
    if their_code != our_code:
        return (
            f"runs other code ({their_code}) than this program ({our_code}): install the same "
            "release there, with the same numpy, scipy and simpy, and start it again"
        )
    if their_data == our_data:
        return None
    if their_data == _CHANGED:
        return "has data in its memory that have changed since: start it again"
    return (
        f"has other data ({their_data}) than this program ({our_data}): give it a copy of your "
        "data folder (LASTMILE_DATA_DIR), and start it again"
    )


# --- in the program that asks


class Cluster(Executor):
    """The workers of a Dask cluster, as long as they compute with our code and our data.

    Parameters
    ----------
    client
        Dask's connection to the scheduler.
    address
        The scheduler's.

    Attributes
    ----------
    size
        How many workers there are to begin with.
    """

    def __init__(self, client: Any, address: str) -> None:  # noqa: ANN401 - no types shipped
        self._client = client
        self._address = address
        # No retries: they are for tasks that raise, and ours would raise the same again. Tasks
        # whose worker dies are run again all the same.
        self._executor: Executor = client.get_executor(pure=False)
        self._ours = (code_version(), data_digest())
        self._deserted_since: float | None = None
        self.size = len(client.nthreads())

    def submit(
        self,
        fn: Callable[..., Any],
        /,
        *args: Any,  # noqa: ANN401
        **kwargs: Any,  # noqa: ANN401
    ) -> Future[Any]:
        """Schedule a call; function, arguments and result must be picklable."""
        # Pickled here, so that Dask neither looks through it nor unpickles it on the scheduler.
        content = pickle.dumps((fn, args, kwargs), protocol=pickle.HIGHEST_PROTOCOL)
        return self._executor.submit(call_as, *self._ours, content)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - Executor's own
        """Let go of the cluster: after what is under way, or at once with `cancel_futures`."""
        self._executor.shutdown(wait=wait and not cancel_futures)

    def watch(self) -> None:
        """See that there are workers.

        Raises
        ------
        ExperimentError
            If the connection is lost, or there have been none for long.
        """
        lost = ExperimentError(
            f"the connection to the Dask scheduler at {self._address} was lost; what was done "
            "is stored, and the same command goes on from there"
        )
        if self._client.status != "running":
            raise lost
        try:
            inhabited = bool(self._client.nthreads())
        except (OSError, TimeoutError, RuntimeError):
            raise lost from None
        now = time.monotonic()
        if inhabited:
            self._deserted_since = None
        elif self._deserted_since is None:
            self._deserted_since = now
        elif now - self._deserted_since > DESERTED_S:
            raise ExperimentError(
                f"the Dask scheduler at {self._address} has lost all its workers; what was done "
                "is stored, and the same command goes on from there"
            )

    def explain(self, fault: BaseException) -> ExperimentError | None:
        """Return in plain words why Dask gave a task up; None if the task itself failed."""
        distributed: Any = importlib.import_module("distributed")
        if not isinstance(fault, distributed.KilledWorker):
            return None
        return ExperimentError(
            f"workers of the Dask scheduler at {self._address} died one after another over the "
            "same task (out of memory, or ended from outside); start fewer on each machine"
        )


@contextmanager
def open_cluster(address: str) -> Iterator[Cluster]:
    """Open a cluster, and let go of it again: nothing of ours stays behind on it.

    Parameters
    ----------
    address
        Of its scheduler, such as ``tcp://127.0.0.1:8786``.

    Raises
    ------
    ExperimentError
        If the scheduler does not answer within seconds or has no workers, if Dask or lastmile
        is not installed where it is needed, or a worker computes with other code or data.
    """
    if importlib.util.find_spec("distributed") is None:
        raise ExperimentError(
            "--dask needs the package distributed: install lastmile with its extra, "
            "pip install 'lastmile[dask]'"
        )
    client = _client(address)
    try:
        try:
            client.wait_for_workers(1, timeout=ANSWER_S)
        except TimeoutError:
            raise ExperimentError(
                f"the Dask scheduler at {address} has no workers; start some with: "
                f"dask worker {address}"
            ) from None
        _refuse_strangers(client, address)
        cluster = Cluster(client, address)
        try:
            yield cluster
        finally:
            cluster.shutdown(cancel_futures=True)
    finally:
        client.close(timeout=ANSWER_S)


def _client(address: str) -> Any:  # noqa: ANN401 - no types shipped
    """Return a connection to a scheduler."""
    distributed: Any = importlib.import_module("distributed")
    try:
        return distributed.Client(address, timeout=ANSWER_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as wrong:
        reason = str(wrong).splitlines()[0] if str(wrong) else type(wrong).__name__
    # A client that could not start stops its event loop when it is collected. Collected while
    # the next one starts, it waits for a lock that the next one holds.
    gc.collect()
    raise ExperimentError(
        f"no Dask scheduler answers at {address} within {ANSWER_S:.0f} s: {reason}; "
        "start one with: dask scheduler"
    )


def _refuse_strangers(client: Any, address: str) -> None:  # noqa: ANN401 - no types shipped
    """Raise if the scheduler lacks lastmile, or a worker computes with other code or data."""
    try:
        client.run_on_scheduler(standing)
    except ImportError as lacking:
        raise ExperimentError(
            f"the Dask scheduler at {address} cannot pass our work on: {lacking}; start it where "
            "lastmile is installed"
        ) from None
    ours = (code_version(), data_digest())
    answers: Mapping[str, Any] = client.run(standing, on_error="return")
    strangers = []
    for worker, theirs in answers.items():
        if isinstance(theirs, OSError):
            continue  # it has just died
        if isinstance(theirs, Exception):
            fault: str | None = (
                f"cannot work for us: {' '.join(str(theirs).split())}; install this release of "
                "lastmile there, and start it again"
            )
        else:
            fault = _quarrel(theirs, ours)
        if fault is not None:
            strangers.append(f"the worker {worker} {fault}")
    if strangers:
        others = len(strangers) - 1
        more = f" (and {others} more of {len(answers)} workers)" if others else ""
        raise StrangerError(strangers[0] + more)
