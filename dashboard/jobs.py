"""Comparisons that run beside the page: in processes, with progress, cancelled at will.

A job is named by the hash of its question, so that a reloaded page, or whoever gets the link,
finds the run that is under way or done. Days once simulated lie in the run store.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections import OrderedDict
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from dashboard import worker
from dashboard.stress_question import StressQuestion
from lastmile.errors import LastmileError
from lastmile.messages import Message
from simulation.executor import Crew, Workers
from simulation.experiment import Plan, compare, simulate
from simulation.sampling import Progress, Sampler
from simulation.statistics import Precision

if TYPE_CHECKING:
    from concurrent.futures import Future

    from dashboard.film import Film
    from scenarios.schema import Scenario
    from simulation.experiment import Comparison, Simulation
    from simulation.shuttle import Service
    from simulation.stress import StressTest

State = Literal["waiting", "running", "done", "failed", "cancelled"]
JOBS_KEPT = 48
TIMETABLES_KEPT = 48
FILMS_KEPT = 12
SEED = 1
FIRST_LOOK = 20
"""Days before it is first seen whether a precision is reached."""

OUR_FAULT = Message("our fault: the log of the dashboard says more")

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Question:
    """A base and pilots, each as it is to be run, and how often.

    Attributes
    ----------
    scenarios
        The base first; one alone is simulated without a comparison.
    replications
        Days of each; with a precision, at most.
    precision
        How narrow the 95 % intervals are to be, half width as a share; None for a fixed number
        of days.
    """

    scenarios: tuple[Scenario, ...]
    replications: int
    precision: float | None = None

    @property
    def id(self) -> str:
        """Hash of all that decides the answer."""
        said = [
            [(one.name, one.digest) for one in self.scenarios],
            self.replications,
            self.precision,
        ]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


class Cancelled(Exception):  # noqa: N818 - no error
    """Nobody wants the answer any more."""


@dataclass(eq=False)
class Job:
    """One question on its way to an answer.

    Attributes
    ----------
    progress
        How far the simulation is; None while scenarios are being prepared.
    comparison, simulation, stress
        The answer, once ``state`` is "done": one of them.
    error
        What went wrong, for the reader.
    watchers
        Sessions that look at it.
    """

    question: Question | StressQuestion
    state: State = "waiting"
    progress: Progress | None = None
    comparison: Comparison | None = None
    simulation: Simulation | None = None
    stress: StressTest | None = None
    error: str = ""
    watchers: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in {"done", "failed", "cancelled"}

    def tell(self, progress: Progress, /) -> None:
        """Take note of how far the work is; end it where nobody wants it.

        Raises
        ------
        Cancelled
            Somebody cancelled it.
        """
        if self.stop.is_set():
            raise Cancelled
        self.progress = progress


@dataclass(frozen=True, slots=True)
class _WarmPlan(Plan):
    """A plan whose replications run where the processes have loaded everything already."""

    crew: Crew | None = None

    def sampler(self) -> Sampler:
        if self.crew is None or self.listener is None:
            return Plan.sampler(self)
        crew = self.crew
        return Sampler(lambda: nullcontext(crew), self.store, self.listener)


class Office:
    """Takes questions and has them answered by a few processes that stay.

    Parameters
    ----------
    workers
        Processes.
    """

    def __init__(self, workers: int) -> None:
        self._crew = Crew(Workers(workers), workers)
        self._lock = threading.Lock()
        self._turn = threading.Semaphore(workers)
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._timetables: OrderedDict[str, Future[tuple[Service, ...]]] = OrderedDict()
        self._films: OrderedDict[str, Future[Film]] = OrderedDict()

    def warm(self) -> None:
        """Let every process load what it needs before anybody asks; return at once."""
        for _ in range(self._crew.size):
            self._crew.executor.submit(worker.warm)

    def ask(self, question: Question | StressQuestion, *, again: bool = False) -> Job:
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

    def services(self, scenario: Scenario) -> tuple[Service, ...]:
        """Return a scenario's services with their departures, worked out in a process.

        Raises
        ------
        ScenarioError
            The scenario contradicts itself.
        """
        with self._lock:
            future = self._timetables.get(scenario.digest)
            if future is None:
                future = self._crew.executor.submit(worker.services_of, scenario)
                self._timetables[scenario.digest] = future
                while len(self._timetables) > TIMETABLES_KEPT:
                    self._timetables.popitem(last=False)
        return future.result()

    def film(self, scenario: Scenario) -> Future[Film]:
        """Return the first of a scenario's days as a film, once a process has made it.

        The day is replication 0 of every comparison with the scenario.
        """
        with self._lock:
            future = self._films.get(scenario.digest)
            if future is None:
                future = self._crew.executor.submit(worker.film, scenario, SEED, 0)
                self._films[scenario.digest] = future
            self._films.move_to_end(scenario.digest)
            while len(self._films) > FILMS_KEPT:
                self._films.popitem(last=False)
            return future

    def close(self) -> None:
        """Cancel every job and stop the processes."""
        with self._lock:
            for job in self._jobs.values():
                job.stop.set()
        self._crew.executor.shutdown(wait=False, cancel_futures=True)

    def _answer(self, job: Job) -> None:
        """Work on a job until it is done, fails or is cancelled."""
        with self._turn:
            if job.stop.is_set():
                job.state = "cancelled"
                return
            job.state = "running"
            try:
                if isinstance(job.question, StressQuestion):
                    job.stress = job.question.answer(self._crew, job.tell)
                else:
                    self._simulate(job, job.question)
                job.state = "done"
            except Cancelled:
                job.state = "cancelled"
            except LastmileError as fault:
                job.error, job.state = str(fault), "failed"
            except Exception:  # noqa: BLE001 - told to the reader, logged for us
                _LOG.exception("a comparison failed")
                job.error, job.state = OUR_FAULT, "failed"

    def _simulate(self, job: Job, question: Question) -> None:
        """Compare the pilots of a question with its base, or simulate the base alone."""
        precision = None
        if question.precision is not None:
            first = min(FIRST_LOOK, question.replications)
            precision = Precision(question.precision, first, question.replications)
        plan = _WarmPlan(
            replications=question.replications,
            precision=precision,
            seed=SEED,
            listener=job.tell,
            crew=self._crew,
        )
        base, *pilots = question.scenarios
        if pilots:
            job.comparison = compare(base, pilots, plan)
        else:
            job.simulation = simulate(base, plan)
