"""A timetable under stress: which promises hold in which situation, and the cheapest mend.

Days are sampled (`simulation.sampling`), so a test tells how far it is and can be given up; what
mends a broken promise is found by the selection of `simulation.search` over changes of the
timetable, each in the same situation and on the same random numbers.
"""

from __future__ import annotations

import pickle
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lastmile.errors import LastmileError, RequestError
from lastmile.messages import Message
from simulation.executor import open_crew
from simulation.linefigures import FIGURES
from simulation.lines import clock_text
from simulation.linetables import LineTables, line_tables
from simulation.linetrial import Line, LineTrial, line_trial, prepare_line
from simulation.mends import Change, changes_for
from simulation.sampling import Sampler, Subject
from simulation.search import Design, Promise, Verdict, select
from simulation.search import Effort as Search
from simulation.situations import SITUATIONS, Situation
from simulation.statistics import Estimate, estimate
from simulation.store import RunKey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from scenarios.schema import Scenario
    from simulation.executor import Crew
    from simulation.sampling import Listener, Progress
    from simulation.shuttle import Service

    Floats = NDArray[np.float64]

DAYS: Final = 50
LEVEL: Final = 0.9
"""Confidence of a light that is not amber: 95 % on the one side that matters."""

PROMISES: Final = tuple(
    Promise.parse(text)
    for text in (
        "left_behind_share<=2%",
        "wait_s_p90<=900",
        "missed_share<=5%",
        "punctual_share>=80%",
        "lowest_charge>=20%",
    )
)
"""What a timetable is to keep on average over such days, unless other promises are given."""

MINIMISE: Final = "total_cost_eur"
"""What the cheapest mend is cheapest in: running the line and its vehicles themselves."""

_FIRST_LOOK: Final = 10
_PAIR: Final = 2


@dataclass(frozen=True, slots=True)
class Light:
    """Whether a promise holds in a situation.

    Attributes
    ----------
    promise
        Which.
    verdict
        Kept or broken with confidence, or open.
    estimate
        Of the figure; None where no day gives it.
    reason
        Where and when it breaks, or "".
    """

    promise: Promise
    verdict: Verdict
    estimate: Estimate | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Mend:
    """A change with which the promises of a situation hold.

    Attributes
    ----------
    change
        What is changed.
    cost_eur
        Added cost of a day on average, vehicles included.
    sure
        Whether every promise is kept with confidence; else its mean keeps it.
    """

    change: Change
    cost_eur: float
    sure: bool

    @property
    def changes(self) -> dict[str, object]:
        """By dotted key of the scenario."""
        return dict(self.change.changes)


@dataclass(frozen=True, slots=True, eq=False)
class SituationResult:
    """What a timetable did in a situation.

    Attributes
    ----------
    situation
        Which.
    figures
        Estimates by the names of `simulation.linefigures.FIGURES`.
    lights
        One for each promise.
    tables
        Means by stop and by departure.
    failed
        Days that could not be simulated and are left out.
    mend
        The cheapest change found; None where none was looked for or found.
    """

    situation: Situation
    figures: dict[str, Estimate]
    lights: tuple[Light, ...]
    tables: LineTables
    failed: int = 0
    mend: Mend | None = None

    @property
    def verdict(self) -> Verdict:
        """All promises kept, any broken, or open."""
        verdicts = {light.verdict for light in self.lights}
        if Verdict.BROKEN in verdicts:
            return Verdict.BROKEN
        return Verdict.OPEN if Verdict.OPEN in verdicts else Verdict.KEPT


@dataclass(frozen=True, slots=True, eq=False)
class StressTest:
    """A timetable through every situation.

    Attributes
    ----------
    service
        The line.
    days
        Replications of each situation.
    mended
        Whether mends were looked for.
    results
        One for each situation.
    """

    service: Service
    days: int
    mended: bool
    results: tuple[SituationResult, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "service": self.service.id,
            "days": self.days,
            "situations": [_as_json(one) for one in self.results],
        }


def _as_json(one: SituationResult) -> dict[str, Any]:
    tables = one.tables
    return {
        "id": one.situation.id,
        "verdict": str(one.verdict),
        "failed": one.failed,
        "figures": {name: _told(found) for name, found in one.figures.items()},
        "promises": [
            {
                "promise": str(light.promise),
                "verdict": str(light.verdict),
                "reason": light.reason,
            }
            for light in one.lights
        ],
        "mend": None
        if one.mend is None
        else {
            "changes": one.mend.changes,
            "cost_eur": one.mend.cost_eur,
            "sure": one.mend.sure,
        },
        "boarded": tables.boarded.round(3).tolist(),
        "left_behind": tables.left_behind.round(3).tolist(),
        "load": _rounded(tables.load),
        "stops": _records(tables.stops),
        "departures": _records(tables.departures),
    }


def _rounded(values: Floats) -> list[list[float | None]]:
    """Return values to the third decimal; None for nan, which JSON lacks."""
    return [[None if np.isnan(one) else round(one, 3) for one in row] for row in values.tolist()]


def _records(table: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a DataFrame
    return [
        {
            name: None
            if isinstance(value, float) and np.isnan(value)
            else round(value, 3)
            if isinstance(value, float)
            else value
            for name, value in row.items()
        }
        for row in table.to_dict("records")
    ]


@dataclass(frozen=True, slots=True)
class Effort:
    """How a stress test is run.

    Attributes
    ----------
    days
        Replications of each situation.
    seed
        Root seed.
    workers
        Processes; as many as there are processors where None.
    mend
        Whether to look for the cheapest change that mends what breaks.
    """

    days: int = DAYS
    seed: int = 1
    workers: int | None = None
    mend: bool = False


def stress_test(
    scenario: Scenario,
    service: str,
    situations: Sequence[Situation] = tuple(SITUATIONS.values()),
    promises: Sequence[Promise] = PROMISES,
    effort: Effort | None = None,
    *,
    crew: Crew | None = None,
    listener: Listener | None = None,
) -> StressTest:
    """Put a scenario's service through situations.

    Parameters
    ----------
    scenario
        Whose service it is.
    service
        Its key.
    situations
        What the day is put through.
    promises
        What the timetable is to keep.
    effort
        How many days, and where.
    crew
        Processes that stay, used instead of new ones; the day is prepared there too.
    listener
        Told how far the work is; what it raises ends the test.

    Raises
    ------
    ScenarioError
        If the scenario cannot be run.
    RequestError
        If the service does not run, a promise names an unknown figure, or there are fewer than
        two days.
    """
    chosen = effort or Effort()
    _refuse(promises, chosen)
    opened: AbstractContextManager[Crew] = (
        open_crew(chosen.workers) if crew is None else nullcontext(crew)
    )
    with opened as workers:
        base = _Prepare(scenario, service)
        if crew is None:  # here: whoever calls again from this process finds it prepared
            packed = _pack_line(scenario, service)
        else:
            ((_, future),) = workers.run([base])
            packed = future.result()
        runner = _Runner(scenario, service, promises, chosen, workers, _Heard(listener), packed)
        results = runner.results(situations)
    return StressTest(runner.line.service, chosen.days, chosen.mend, tuple(results))


def _told(found: Estimate) -> dict[str, float | None]:
    low, high = (None, None)
    if found.interval is not None:
        low, high = found.interval.low, found.interval.high
    return {"mean": found.mean, "low": low, "high": high}


def _refuse(promises: Sequence[Promise], effort: Effort) -> None:
    unknown = [promise.kpi for promise in promises if promise.kpi not in FIGURES]
    if unknown:
        raise RequestError(f"there is no figure {unknown[0]!r}; there are {', '.join(FIGURES)}")
    if effort.days < _PAIR:
        raise RequestError(f"{effort.days} days: at least 2 are needed")


@dataclass(frozen=True, slots=True, eq=False)
class _Prepare:
    """A task: prepare a scenario's line."""

    scenario: Scenario
    service: str
    change: Change | None = None
    rank: int = 0

    @property
    def call(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _pack_line, (self.scenario, self.service)


def _pack_line(scenario: Scenario, service: str) -> bytes:
    """Prepare a line and pickle it; may run in a worker."""
    return pickle.dumps(prepare_line(scenario, service), protocol=pickle.HIGHEST_PROTOCOL)


def _trial_of(content: bytes, situation: Situation) -> LineTrial:
    """Make the trial of a pickled line in a situation; runs in a worker."""
    line: Line = pickle.loads(content)  # noqa: S301 - our own
    return line_trial(line, situation)


@dataclass(slots=True, eq=False)
class _Heard:
    """Passes on how far the work is, and says it again where there is nothing to count."""

    listener: Listener | None
    last: Progress | None = None

    def __call__(self, progress: Progress, /) -> None:
        self.last = progress
        self.again()

    def again(self) -> None:
        """Say the same again, so that whoever listens can end the test."""
        if self.listener is not None and self.last is not None:
            self.listener(self.last)


@dataclass(slots=True, eq=False)
class _Runner:
    """One stress test.

    Attributes
    ----------
    crew
        Where days run.
    heard
        Is told how far they are.
    content
        The prepared line, pickled.
    """

    scenario: Scenario
    service: str
    promises: Sequence[Promise]
    effort: Effort
    crew: Crew
    heard: _Heard
    content: bytes
    line: Line = field(init=False)

    def __post_init__(self) -> None:
        self.line = pickle.loads(self.content)  # noqa: S301 - our own

    def results(self, situations: Sequence[Situation]) -> list[SituationResult]:
        """Run every situation, and look for mends where they are wanted."""
        with Sampler(lambda: nullcontext(self.crew), listener=self.heard) as sampler:
            subjects = {
                one.id: self._subject(self.scenario, self.content, one) for one in situations
            }
            sampler.need(dict.fromkeys(subjects.values(), self.effort.days))
            found = [self._result(sampler, subjects[one.id], one) for one in situations]
            broken = [one for one in found if one.verdict is Verdict.BROKEN]
            if not self.effort.mend or not broken:
                return found
            prepared = self._prepared(broken)
            return [
                replace(one, mend=self._mend(sampler, one, prepared)) if one in broken else one
                for one in found
            ]

    def _subject(self, scenario: Scenario, content: bytes, situation: Situation) -> Subject:
        key = RunKey(scenario.digest, f"{self.service} {situation}", "", "", self.effort.seed)
        return Subject(situation.title, key, partial(_trial_of, content, situation))

    def _result(self, sampler: Sampler, subject: Subject, situation: Situation) -> SituationResult:
        refusal = sampler.refusal(subject)
        if refusal is not None:
            raise refusal
        sample = sampler.sample(subject, self.effort.days)
        failures = sampler.failures(subject)
        if not len(sample):
            raise RequestError(f"every day failed: {failures[0].message}")
        figures = {}
        for name in FIGURES:
            values = sample.figure(name)
            known = values[~np.isnan(values)]
            if len(known):
                figures[name] = estimate(known, LEVEL)
        tables = line_tables(sampler, subject, self.line.service)
        lights = tuple(
            _light(promise, figures.get(promise.kpi), self.line.service, tables)
            for promise in self.promises
        )
        return SituationResult(situation, figures, lights, tables, len(failures))

    # --- mending

    def _prepared(self, broken: Sequence[SituationResult]) -> list[tuple[Change, Scenario, bytes]]:
        """Prepare every change that can run, once for all situations."""
        behind = np.sum([one.tables.left_behind for one in broken], axis=0)
        spec = self.scenario.services[self.service]
        open_ones = changes_for(self.service, spec, self.line.service, behind)
        found: list[tuple[Change, Scenario, bytes]] = []
        while open_ones:
            tasks = []
            for rank, (first, *_) in enumerate(open_ones):
                try:
                    changed = self.scenario.with_changes(first.changes)
                except LastmileError:
                    continue  # such a value makes no sense here: 0 seats, past the day's end
                tasks.append(_Prepare(changed, self.service, first, rank))
            refused: set[int] = set()
            for task, future in self.crew.run(tasks):
                self.heard.again()
                if task.change is not None and not _cannot_run(future):
                    found.append((task.change, task.scenario, future.result()))
                else:
                    refused.add(task.rank)
            open_ones = [
                one[1:] for rank, one in enumerate(open_ones) if rank in refused and one[1:]
            ]
        return found

    def _mend(
        self,
        sampler: Sampler,
        broken: SituationResult,
        prepared: Sequence[tuple[Change, Scenario, bytes]],
    ) -> Mend | None:
        """Return the cheapest change with which the promises hold, by selection."""
        of: dict[int, Change] = {}
        designs = []
        for change, scenario, content in prepared:
            subject = self._subject(scenario, content, broken.situation)
            designs.append(Design(dict(change.changes), subject))
            of[id(designs[-1])] = change
        first = min(_FIRST_LOOK, self.effort.days)
        effort = Search(confidence=LEVEL, first=first, most=self.effort.days)
        best = select(sampler, designs, self.promises, MINIMISE, effort)
        if best is None or best.cost is None:
            return None
        added = best.cost.mean - broken.figures[MINIMISE].mean
        return Mend(of[id(best)], added, best.is_sure)


def _cannot_run(future: Future[bytes]) -> bool:
    """Say whether a change makes a timetable that cannot run; anything else is our fault."""
    fault = future.exception()
    if fault is not None and not isinstance(fault, LastmileError):
        raise fault
    return fault is not None


def _light(promise: Promise, found: Estimate | None, line: Service, tables: LineTables) -> Light:
    """Judge a promise by the interval of its figure."""
    if found is None:
        return Light(promise, Verdict.OPEN, None, Message("not known: nobody rode"))
    if found.interval is None:
        return Light(promise, Verdict.OPEN, found, Message("known of one day alone"))
    ends = (found.interval.low, found.interval.high)
    worst, best = (ends[1], ends[0]) if promise.sense == "<=" else (ends[0], ends[1])
    if _keeps(promise, worst):
        return Light(promise, Verdict.KEPT, found)
    verdict = Verdict.OPEN if _keeps(promise, best) else Verdict.BROKEN
    return Light(promise, verdict, found, _reason(promise, line, tables))


def _keeps(promise: Promise, value: float) -> bool:
    return bool((promise.excess(np.array([value])) <= 0).all())


_REASONS: Final = {
    "missed_share": Message("people come after their vehicle has left: hold it, or leave later"),
    "punctual_share": Message("departures are late or not made: run times or rests are too short"),
    "lowest_charge": Message("rests at the termini are too short to recharge"),
}


def _reason(promise: Promise, line: Service, tables: LineTables) -> str:
    """Say why a promise breaks, and where most people are concerned."""
    if promise.kpi in _REASONS:
        return _REASONS[promise.kpi]
    counts = tables.left_behind if promise.kpi.startswith("left_behind") else tables.boarded
    if not counts.any():
        return ""
    trip, stop = np.unravel_index(int(np.argmax(counts)), counts.shape)
    time = clock_text(float(line.times_s[trip, stop]))
    name = line.stops[int(stop)]
    people = float(f"{counts[trip, stop]:.2g}")  # 0.33 is not one of them
    if counts is tables.left_behind:
        return Message(
            "most at the {time} from {stop}: {people:.3g} people left behind on average",
            time=time,
            stop=name,
            people=people,
        )
    return Message(
        "most at the {time} from {stop}: {people:.3g} people boarding on average",
        time=time,
        stop=name,
        people=people,
    )
