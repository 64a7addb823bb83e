"""Replications on demand: from the store where they lie there, simulated where they do not."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

import numpy as np

from lastmile.errors import ExperimentError, LastmileError, RequestError
from lastmile.messages import Message
from simulation.store import FIGURES
from simulation.trial import Failure, PackedTrial, Record, pack, run_block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from contextlib import AbstractContextManager

    import pyarrow as pa
    from numpy.typing import NDArray

    from simulation.executor import Crew
    from simulation.store import Run, RunKey, RunStore
    from simulation.trial import Trial

_LONGEST: Final = 10
_SHORTEST: Final = 2
_SHARES: Final = 4
"""Replications a task: of what is left, so many parts for each worker, within these bounds; the
shortest gives way where some worker would have none."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Something whose replications are wanted.

    Attributes
    ----------
    name
        What to call it.
    key
        What decides its numbers, the seed included.
    build
        Makes its trial; picklable, run by a worker, and only if something must be simulated.
    about
        For the manifest of its run.
    """

    name: str
    key: RunKey
    build: Callable[[], Trial]
    about: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The replications of one subject.

    Attributes
    ----------
    replications
        (n,) which, rising.
    figures
        (n,) arrays by name; nan where a replication cannot give the figure.
    """

    replications: NDArray[np.int64]
    figures: Mapping[str, NDArray[np.float64]]

    def __len__(self) -> int:
        """Count the replications."""
        return len(self.replications)

    def figure(self, name: str) -> NDArray[np.float64]:
        """Return a figure by replication, (n,); nan throughout where nothing gives it."""
        found = self.figures.get(name)
        return np.full(len(self), np.nan) if found is None else found

    def at(self, replications: NDArray[np.int64]) -> Sample:
        """Return the part of it with the given replications, all of which it has."""
        rows = np.searchsorted(self.replications, replications)
        return Sample(replications, {name: each[rows] for name, each in self.figures.items()})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work is.

    Attributes
    ----------
    done, total
        Replications simulated and to be simulated in all, as far as is known now.
    elapsed_s
        Since the first was begun.
    """

    done: int
    total: int
    elapsed_s: float

    @property
    def left_s(self) -> float | None:
        """Time left at the pace so far, s; None before the first is done."""
        if not self.done:
            return None
        return self.elapsed_s / self.done * (self.total - self.done)


class Listener(Protocol):
    """Is told how far the work is."""

    def __call__(self, progress: Progress, /) -> None:
        """Take note."""


def _nobody(progress: Progress, /) -> None:
    del progress


@dataclass(frozen=True, slots=True)
class _Build:
    """A task: make a subject's trial."""

    subject: Subject

    @property
    def call(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return pack, (self.subject.build,)


@dataclass(frozen=True, slots=True)
class _Block:
    """A task: run some replications of a subject."""

    subject: Subject
    packed: PackedTrial
    replications: tuple[int, ...]

    @property
    def call(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return run_block, (self.packed.content, self.subject.key.seed, self.replications)


@dataclass(slots=True)
class _State:
    """What is known of one subject."""

    records: dict[int, dict[str, float]] = field(default_factory=dict)
    failures: dict[int, Failure] = field(default_factory=dict)
    refusal: LastmileError | None = None
    packed: PackedTrial | None = None
    run: Run | None = None
    looked_up: bool = False
    wanted: int = 0
    memory: dict[int, Record] = field(default_factory=dict)


class Sampler:
    """Gives replications of subjects, each simulated once.

    A replication is known by its number alone: numbers 0, 1, 2, ... are handed out by the
    sampler and every number has random streams of its own (`simulation.rng`), so no two
    replications of a subject can rest on the same random numbers, and the same number of two
    subjects always does.

    Parameters
    ----------
    open_crew
        Opens the place where replications run; called when the first is missing.
    store
        Where they are kept; nowhere when None.
    listener
        Told how far the work is.
    """

    def __init__(
        self,
        open_crew: Callable[[], AbstractContextManager[Crew]],
        store: RunStore | None = None,
        listener: Listener = _nobody,
    ) -> None:
        self._open_crew = open_crew
        self._store = store
        self._listener = listener
        self._states: dict[str, _State] = {}
        self._crew: Crew | None = None
        self._stack = ExitStack()
        self._started: float | None = None
        self._done = 0
        self._total = 0

    def __enter__(self) -> Self:
        """Begin; nothing is started yet."""
        return self

    def __exit__(self, *fault: object) -> None:
        """Send the workers home."""
        if fault[0] is None:
            for state in self._states.values():
                if state.run is not None:
                    state.run.join_parts()
        self._stack.close()
        self._crew = None

    @property
    def simulated(self) -> int:
        """How many replications were simulated here, rather than found in the store."""
        return self._done

    def need(self, wanted: Mapping[Subject, int]) -> None:
        """See to it that the first replications of some subjects are there.

        A subject that cannot be built is noted (`refusal`), a replication that fails likewise
        (`failures`); neither stops the others.

        Parameters
        ----------
        wanted
            How many replications of each.

        Raises
        ------
        ExperimentError
            If the workers are lost or the store cannot be written. What was done is kept.
        """
        missing = {
            subject: lacking
            for subject, count in wanted.items()
            if (lacking := self._missing(subject, count))
        }
        if not missing:
            return
        if self._started is None:
            self._started = time.monotonic()
        self._total += sum(len(each) for each in missing.values())
        self._tell()
        crew = self._opened_crew()
        self._build(crew, list(missing))
        for subject in [one for one in missing if self._state(one).refusal is not None]:
            self._total -= len(missing.pop(subject))
        for block, future in crew.run(list(self._blocks(crew, missing))):
            self._keep(block.subject, _records(block, future))
            self._done += len(block.replications)
            self._tell()

    def sample(self, subject: Subject, count: int) -> Sample:
        """Return what is there of a subject's first `count` replications."""
        state = self._state(subject)
        numbers = sorted(number for number in state.records if number < count)
        names = dict.fromkeys(name for number in numbers for name in state.records[number])
        return Sample(
            np.array(numbers, dtype=np.int64),
            {
                name: np.array([state.records[number].get(name, math.nan) for number in numbers])
                for name in names
            },
        )

    def sample_all(self, subject: Subject) -> Sample:
        """Return all of a subject's replications that were asked for and are there."""
        return self.sample(subject, self._state(subject).wanted)

    def about(self, subject: Subject) -> Mapping[str, Any]:
        """Return what is known of a subject besides its figures."""
        state = self._state(subject)
        if state.run is not None:
            return state.run.manifest.about
        return {**subject.about, **(state.packed.about if state.packed else {})}

    def table(self, subject: Subject, name: str) -> pa.Table | None:
        """Return one of a subject's other tables, of all replications that are there."""
        from simulation.store import tables_of  # noqa: PLC0415 - only where it is asked for

        state = self._state(subject)
        if state.run is not None:
            return state.run.read(name, {n for n in state.records if n < state.wanted})
        return tables_of(list(state.memory.values())).get(name)

    def failures(self, subject: Subject) -> list[Failure]:
        """Return which replications of a subject failed, and why."""
        failures = self._state(subject).failures
        return [failures[number] for number in sorted(failures)]

    def refusal(self, subject: Subject) -> LastmileError | None:
        """Return why a subject cannot be built; None if it can."""
        return self._state(subject).refusal

    # --- what is there

    def _state(self, subject: Subject) -> _State:
        state = self._states.setdefault(subject.key.id, _State())
        if not state.looked_up:
            state.looked_up = True
            if self._store is not None:
                state.run = self._store.find(subject.key)
                if state.run is not None:
                    state.records = _read_figures(state.run)
        return state

    def _missing(self, subject: Subject, count: int) -> list[int]:
        state = self._state(subject)
        if state.refusal is not None:
            return []
        state.wanted = max(state.wanted, count)
        return [n for n in range(count) if n not in state.records and n not in state.failures]

    # --- work

    def _opened_crew(self) -> Crew:
        if self._crew is None:
            self._crew = self._stack.enter_context(self._open_crew())
        return self._crew

    def _build(self, crew: Crew, subjects: Sequence[Subject]) -> None:
        """Make the trials that are not made yet."""
        tasks = [_Build(one) for one in subjects if self._state(one).packed is None]
        for task, future in crew.run(tasks):
            state = self._state(task.subject)
            fault = future.exception()
            if fault is None:
                state.packed = future.result()
            elif isinstance(fault, ExperimentError) or not isinstance(fault, LastmileError):
                raise fault
            else:
                state.refusal = fault

    def _blocks(self, crew: Crew, missing: Mapping[Subject, list[int]]) -> Iterator[_Block]:
        """Cut the work into tasks: the same replications of all subjects near each other.

        The less is left, the shorter the tasks (guided self-scheduling: Polychronopoulos and Kuck,
        IEEE Transactions on Computers C-36(12), 1987), so that all workers end together.
        """
        left = sum(len(each) for each in missing.values())
        rank = 0
        while left:
            shortest = max(1, min(_SHORTEST, left // crew.size))
            length = min(_LONGEST, max(shortest, left // (_SHARES * crew.size)))
            for subject, numbers in missing.items():
                packed = self._state(subject).packed
                block = tuple(numbers[rank : rank + length])
                if block and packed is not None:
                    yield _Block(subject, packed, block)
                left -= len(block)
            rank += length

    def _keep(self, subject: Subject, records: Sequence[Record]) -> None:
        """Store what came in before anybody sees it."""
        state = self._state(subject)
        if self._store is not None:
            if state.run is None:
                about = {**subject.about, **(state.packed.about if state.packed else {})}
                state.run = self._store.begin(subject.key, subject.name, about)
            state.run.add(records)
        for record in records:
            if record.outcome is not None:
                state.records[record.replication] = dict(record.outcome.figures)
                if self._store is None:
                    state.memory[record.replication] = record
            elif record.failure is not None:
                state.failures[record.replication] = record.failure

    def _tell(self) -> None:
        elapsed_s = 0.0 if self._started is None else time.monotonic() - self._started
        self._listener(Progress(self._done, self._total, elapsed_s))


def _records(block: _Block, future: Future[list[Record]]) -> list[Record]:
    """Return what a block gave; each of its replications as failed if it gave nothing."""
    fault = future.exception()
    if fault is None:
        return future.result()
    if not isinstance(fault, Exception):
        raise fault
    message = f"{type(fault).__name__}: {' '.join(str(fault).split())}"
    return [
        Record(number, None, Failure(block.subject.key.seed, number, message))
        for number in block.replications
    ]


def _read_figures(run: Run) -> dict[int, dict[str, float]]:
    table = run.read(FIGURES)
    records: dict[int, dict[str, float]] = {number: {} for number in run.replications()}
    if table is None:
        return {}
    for number, name, value in zip(
        table["replication"].to_pylist(),
        table["kpi"].to_pylist(),
        table["value"].to_pylist(),
        strict=True,
    ):
        records[number][name] = value
    return records


def paired_samples(samples: Sequence[Sample]) -> list[Sample]:
    """Return samples cut to the replications that all of them have, in one order.

    Raises
    ------
    RequestError
        If no replication is in all of them.
    """
    common = samples[0].replications
    for sample in samples[1:]:
        common = np.intersect1d(common, sample.replications)
    if not len(common):
        raise RequestError(
            Message("no replication went well in all scenarios: nothing can be compared")
        )
    return [sample.at(common) for sample in samples]
