"""Comparisons that run beside the page: in processes, with progress, cancelled at will.

A job is named by the hash of its question, so that a reloaded page, or whoever gets the link,
finds the run that is under way or done. Days once simulated are kept, for every question that
needs them, up to a bound.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import threading
import time
from collections import OrderedDict
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from dashboard.worker import prepare_document, simulate_days, wake
from lastmile.errors import ExperimentError, LastmileError

if TYPE_CHECKING:
    from dashboard.worker import DayFigures
    from scenarios.schema import Scenario
    from simulation.model import DayModel

State = Literal["waiting", "running", "done", "failed", "cancelled"]
JOBS_KEPT = 64
MODELS_KEPT = 24
RUNS_KEPT = 48
CHUNK = 4
FOREVER_S = 3600.0
POLL_S = 0.1
SEED = 1


@dataclass(frozen=True)
class Question:
    """A base and pilots, each as it is to be run, and how often.

    Attributes
    ----------
    scenarios
        The base first.
    replications
        Days of each.
    """

    scenarios: tuple[Scenario, ...]
    replications: int
    seed: int = SEED

    @property
    def id(self) -> str:
        """Hash of all that decides the answer."""
        said = [
            [(one.name, one.digest) for one in self.scenarios],
            self.replications,
            self.seed,
        ]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class Run:
    """A scenario's simulated days."""

    scenario: Scenario
    model: DayModel
    days: tuple[DayFigures, ...]


@dataclass(eq=False)
class Job:
    """One question on its way to an answer.

    Attributes
    ----------
    done, total
        Pieces of work: preparing a scenario counts as one chunk of days.
    runs
        The answer, base first; empty until ``state`` is "done".
    error
        What went wrong, for the reader.
    watchers
        Sessions that look at it.
    """

    question: Question
    state: State = "waiting"
    done: int = 0
    total: int = 1
    runs: tuple[Run, ...] = ()
    error: str = ""
    started: float = field(default_factory=time.monotonic)
    stop: threading.Event = field(default_factory=threading.Event)
    watchers: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in {"done", "failed", "cancelled"}

    @property
    def left_s(self) -> float | None:
        """Seconds it is likely to take still; None while nothing is known."""
        if not self.done:
            return None
        spent = time.monotonic() - self.started
        return spent / self.done * (self.total - self.done)


class Cancelled(Exception):  # noqa: N818 - no error
    """Somebody does not want the answer any more."""


class Office:
    """Takes questions and has them answered by a few processes.

    Parameters
    ----------
    workers
        Processes.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._lock = threading.Lock()
        self._turn = threading.Semaphore(max(1, workers))
        self._pool: ProcessPoolExecutor | None = None
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._models: OrderedDict[str, DayModel] = OrderedDict()
        self._days: OrderedDict[tuple[str, int], dict[int, DayFigures]] = OrderedDict()

    def ask(self, question: Question, *, again: bool = False) -> Job:
        """Return the job of a question; start it where there is none yet.

        Parameters
        ----------
        again
            Start it anew where it failed or was cancelled.
        """
        with self._lock:
            job = self._jobs.get(question.id)
            if job is None or (again and job.state in {"failed", "cancelled"}):
                job = Job(question)
                self._jobs[question.id] = job
                threading.Thread(target=self._answer, args=(job,), daemon=True).start()
            self._jobs.move_to_end(question.id)
            over = [key for key, kept in self._jobs.items() if kept.is_over]
            for key in over[: max(0, len(self._jobs) - JOBS_KEPT)]:
                del self._jobs[key]
            return job

    def watch(self, job: Job) -> None:
        """Note that one more session looks at a job."""
        with self._lock:
            job.watchers += 1

    def let_go(self, job: Job) -> None:
        """Note that a session looks elsewhere; a job nobody looks at is cancelled."""
        with self._lock:
            job.watchers -= 1
            if job.watchers <= 0 and not job.is_over:
                job.stop.set()
                self._jobs.pop(job.question.id, None)

    def warm_up(self) -> None:
        """Start the processes before anybody waits for them."""
        for _worker in range(self.workers):
            self._submit(wake)

    def close(self) -> None:
        """Stop the processes."""
        with self._lock:
            for job in self._jobs.values():
                job.stop.set()
            if self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._pool = None

    def _submit(self, function: Any, *arguments: object) -> Future[Any]:  # noqa: ANN401
        """Hand work to the processes; replace them where one has died."""
        with self._lock:
            if self._pool is None:
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(self.workers, mp_context=context)
            try:
                return self._pool.submit(function, *arguments)
            except BrokenProcessPool:
                self._pool = ProcessPoolExecutor(
                    self.workers, mp_context=multiprocessing.get_context("spawn")
                )
                return self._pool.submit(function, *arguments)

    def _answer(self, job: Job) -> None:
        """Work on a job until it is done, fails or is cancelled."""
        with self._turn:
            job.state, job.started = "running", time.monotonic()
            try:
                self._work(job)
                job.state = "done"
            except Cancelled:
                job.state = "cancelled"
            except LastmileError as fault:
                job.error, job.state = str(fault), "failed"
            except BrokenProcessPool:
                job.error = "a process ended before its work was done; run the comparison again"
                job.state = "failed"

    def _work(self, job: Job) -> None:
        """Prepare what is not prepared, simulate the days that are missing, keep all."""
        question = job.question
        wanted = range(question.replications)
        missing = {
            one.digest: [n for n in wanted if n not in self._kept(one, question.seed)]
            for one in question.scenarios
        }
        chunks = {key: _chunks(numbers) for key, numbers in missing.items()}
        job.total = max(1, len(chunks) + sum(map(len, chunks.values())))
        preparing: dict[Future[Any], Scenario] = {}
        simulating: dict[Future[Any], tuple[Scenario, list[int]]] = {}
        for one in {one.digest: one for one in question.scenarios}.values():
            model = self._model(one)
            if model is not None:
                job.done += 1
                self._simulate(one, model, question.seed, chunks[one.digest], simulating)
            else:
                preparing[self._submit(prepare_document, one.name, one.document())] = one
        try:
            while preparing or simulating:
                if job.stop.is_set():
                    raise Cancelled
                over, _waiting = wait(
                    [*preparing, *simulating], timeout=POLL_S, return_when=FIRST_COMPLETED
                )
                for future in over:
                    job.done += 1
                    if future in preparing:
                        one = preparing.pop(future)
                        model = future.result()
                        self._keep_model(one, model)
                        self._simulate(one, model, question.seed, chunks[one.digest], simulating)
                    else:
                        one, numbers = simulating.pop(future)
                        self._keep_days(one, question.seed, numbers, future.result())
        finally:
            for future in [*preparing, *simulating]:
                future.cancel()
        job.runs = tuple(self._run(one, question) for one in question.scenarios)

    def _simulate(
        self,
        one: Scenario,
        model: DayModel,
        seed: int,
        chunks: list[list[int]],
        simulating: dict[Future[Any], tuple[Scenario, list[int]]],
    ) -> None:
        for numbers in chunks:
            simulating[self._submit(simulate_days, model, seed, numbers)] = one, numbers

    def _run(self, one: Scenario, question: Question) -> Run:
        model = self._model(one)
        kept = self._kept(one, question.seed)
        if model is None or any(number not in kept for number in range(question.replications)):
            raise ExperimentError("too many comparisons run at once to keep this one; run it again")
        return Run(one, model, tuple(kept[number] for number in range(question.replications)))

    def _model(self, one: Scenario) -> DayModel | None:
        with self._lock:
            model = self._models.get(one.digest)
            if model is not None:
                self._models.move_to_end(one.digest)
            return model

    def _keep_model(self, one: Scenario, model: DayModel) -> None:
        with self._lock:
            self._models[one.digest] = model
            while len(self._models) > MODELS_KEPT:
                self._models.popitem(last=False)

    def _kept(self, one: Scenario, seed: int) -> dict[int, DayFigures]:
        with self._lock:
            return dict(self._days.get((one.digest, seed), {}))

    def _keep_days(
        self, one: Scenario, seed: int, numbers: list[int], days: list[DayFigures]
    ) -> None:
        with self._lock:
            kept = self._days.setdefault((one.digest, seed), {})
            kept.update(zip(numbers, days, strict=True))
            self._days.move_to_end((one.digest, seed))
            while len(self._days) > RUNS_KEPT:
                self._days.popitem(last=False)


def _chunks(numbers: list[int]) -> list[list[int]]:
    return [numbers[start : start + CHUNK] for start in range(0, len(numbers), CHUNK)]
