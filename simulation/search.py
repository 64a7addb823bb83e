"""Sweeps and searches: the cheapest design that keeps its promises, and how sure that is.

A design is a scenario with some values varied. `select` is ranking and selection by successive
elimination (after Paulson, Ann. Math. Stat. 35, 1964, and Kim and Nelson, ACM TOMACS 11, 2001,
with constraints as in Andradottir and Kim, Naval Research Logistics 57, 2010): every design runs
a few days; then days go only to the cheapest design whose promises are still open, until it is
shown to keep them, shown to break them, or lies so near the limit (the indifference zone) that
either answer will do. What is dearer than a design that keeps them is never looked at again.

Looking again and again would find "proof" by chance, so each look spends a part of the error that
is allowed: of the whole error, half goes to the promises and half to the order of the costs. The
wrong design can only be named if one of the promises of the best is called broken or a dearer-than
-allowed or cheaper design is misjudged: that is what the error is shared between (Bonferroni).
"""

from __future__ import annotations

import itertools
import math
import re
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy import stats

from lastmile.errors import RequestError, ScenarioError
from simulation.experiment import Plan, known_figure, subject_of
from simulation.sampling import paired_samples
from simulation.statistics import Estimate, estimate, probability_below

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from scenarios.schema import Scenario
    from simulation.sampling import Sampler, Subject
    from simulation.trial import Failure

_PROMISE = re.compile(
    r"\s*([\w.\-]+)\s*(<=|>=)\s*([-+]?[\d.]+(?:e[-+]?\d+)?)\s*(%?)\s*", re.IGNORECASE
)
_GROWTH: Final = 1.3
_PAIR: Final = 2
_DESIGNS_AT_MOST: Final = 2000


@dataclass(frozen=True, slots=True)
class Promise:
    """A bound that the mean of a figure over such days is to keep.

    Attributes
    ----------
    kpi
        The figure.
    sense
        ``<=`` or ``>=``.
    limit
        In the figure's unit.
    """

    kpi: str
    sense: str
    limit: float

    @classmethod
    def parse(cls, text: str) -> Promise:
        """Read a promise such as ``shuttle_wait_s_p90<=900``.

        Raises
        ------
        RequestError
            If it is not of that form.
        """
        match = _PROMISE.fullmatch(text)
        try:
            if match is None:
                raise ValueError(text)  # noqa: TRY301 - said below, like a bad number
            name, sense, limit, percent = match.groups()
            return cls(name, sense, float(limit) / (100 if percent else 1))
        except ValueError:
            raise RequestError(
                f"--promise {text!r}: say it as KPI<=NUMBER or KPI>=NUMBER, "
                "such as shuttle_wait_s_p90<=900"
            ) from None

    def __str__(self) -> str:
        """Say it as it is parsed."""
        return f"{self.kpi}{self.sense}{self.limit:g}"

    def excess(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return by how much values break it, below 0 where they keep it; without nan."""
        known = values[~np.isnan(values)]
        return known - self.limit if self.sense == "<=" else self.limit - known


class Verdict(StrEnum):
    """What is known of a promise, or of all promises of a design."""

    KEPT = "kept"
    BROKEN = "broken"
    OPEN = "open"


@dataclass(slots=True)
class PromiseState:
    """What is known of one promise of one design.

    Attributes
    ----------
    promise
        Which.
    verdict
        Once it is no longer open it stays.
    sure
        Whether the verdict has the stated confidence; else the figure lies in the
        indifference zone or the days ran out, and the mean decided.
    estimate
        Of the figure; None where no day gives it.
    p_kept
        Probability that the true mean keeps the promise, by the days at hand.
    """

    promise: Promise
    verdict: Verdict = Verdict.OPEN
    sure: bool = False
    estimate: Estimate | None = None
    p_kept: float = math.nan


@dataclass(slots=True)
class Design:
    """One point of the grid.

    Attributes
    ----------
    changes
        What was varied, by dotted key.
    subject
        What is simulated; None where the scenario itself is refused.
    refusal
        Why it cannot run (too few vehicles, say); None where it can.
    promises
        What is known of each promise.
    cost
        Of what is minimised.
    looks
        How many times its promises were judged.
    dearer
        Whether it was left aside as dearer than a design that keeps its promises.
    """

    changes: dict[str, object]
    subject: Subject | None
    refusal: str | None = None
    promises: list[PromiseState] = field(default_factory=list)
    cost: Estimate | None = None
    replications: int = 0
    looks: int = 0
    dearer: bool = False
    failures: list[Failure] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """All promises kept, any broken, or still open."""
        verdicts = {state.verdict for state in self.promises}
        if Verdict.BROKEN in verdicts:
            return Verdict.BROKEN
        return Verdict.OPEN if Verdict.OPEN in verdicts else Verdict.KEPT

    @property
    def status(self) -> str:
        """Say in one word what became of it."""
        if self.refusal is not None:
            return "infeasible"
        if self.verdict is Verdict.OPEN:
            return "dearer" if self.dearer else "open"
        return str(self.verdict)

    @property
    def is_sure(self) -> bool:
        """Whether its verdict has the stated confidence."""
        if self.verdict is Verdict.BROKEN:
            return any(s.sure for s in self.promises if s.verdict is Verdict.BROKEN)
        return all(s.sure for s in self.promises)


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to spend, and what counts as equal.

    Attributes
    ----------
    confidence
        That the design named is the best, or within the indifference zone of it.
    tolerance
        Indifference zone of a promise, as a share of its limit.
    cost_tolerance
        Indifference zone of the cost, as a share of the cheapest that keeps its promises.
    first
        Days of every design before the first look.
    most
        Days of one design at most.
    """

    confidence: float = 0.95
    tolerance: float = 0.05
    cost_tolerance: float = 0.01
    first: int = 10
    most: int = 400

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises
        ------
        RequestError
            If a share is out of range or the counts are not in order.
        """
        faults = []
        if not 0.5 <= self.confidence < 1:  # noqa: PLR2004 - better than a coin
            faults.append(f"confidence {self.confidence:g} must be at least 0.5 and below 1")
        if not 0 <= self.tolerance < 1 or not 0 <= self.cost_tolerance < 1:
            faults.append("tolerances must be at least 0 and below 1")
        if not _PAIR <= self.first <= self.most:
            faults.append(f"from {self.first} to {self.most} days: at least 2, and in this order")
        if faults:
            raise RequestError("; ".join(faults))


def grid(varied: Mapping[str, Sequence[object]]) -> list[dict[str, object]]:
    """Return every combination of the values varied, the last key fastest.

    Raises
    ------
    RequestError
        If a key has no values, or there are too many combinations.
    """
    empty = [key for key, values in varied.items() if not values]
    if empty:
        raise RequestError(f"--vary {empty[0]}: give its values, as in {empty[0]}=10,20")
    count = math.prod(len(values) for values in varied.values())
    if count > _DESIGNS_AT_MOST:
        raise RequestError(
            f"{count} designs are too many for one search (at most {_DESIGNS_AT_MOST}): "
            "vary fewer values"
        )
    return [
        dict(zip(varied, values, strict=True)) for values in itertools.product(*varied.values())
    ]


def select(
    sampler: Sampler,
    designs: Sequence[Design],
    promises: Sequence[Promise],
    minimise: str,
    effort: Effort,
) -> Design | None:
    """Find the cheapest design that keeps all promises.

    Parameters
    ----------
    sampler
        Runs the days.
    designs
        Those whose subject cannot be built are noted as refused. All are judged in place.
    promises
        With none, every design keeps them, and the cheapest is sought.
    minimise
        The figure that is the cost.
    effort
        How sure to be and how much to spend.

    Returns
    -------
    Design or None
        None if no design keeps the promises.
    """
    search = _Search(sampler, promises, minimise, effort)
    search.begin(designs)
    while (todo := search.next_to_sample()) is not None:
        search.sample_more(todo)
    return search.best()


class _Search:
    """The state of a selection."""

    def __init__(
        self, sampler: Sampler, promises: Sequence[Promise], minimise: str, effort: Effort
    ) -> None:
        self.sampler = sampler
        self.promises = promises
        self.minimise = minimise
        self.effort = effort
        self.designs: list[Design] = []
        self.count = 1

    def begin(self, designs: Sequence[Design]) -> None:
        """Run the first days of all designs and judge them once."""
        for design in designs:
            design.promises = [PromiseState(promise) for promise in self.promises]
        self._run([design for design in designs if design.refusal is None], self.effort.first)
        self.designs = [design for design in designs if design.refusal is None]
        self.count = len(self.designs)
        for design in self.designs:
            self._look(design)
        self._leave_the_dearer_aside()

    def next_to_sample(self) -> list[Design] | None:
        """Return the designs that the decision hangs on; None when it is made."""
        kept = self.best()
        rivals = [design for design in self.designs if not design.dearer and design is not kept]
        open_ones = [design for design in rivals if design.verdict is Verdict.OPEN]
        if open_ones:
            return [min(open_ones, key=self._mean_cost)]
        unclear = [
            design
            for design in rivals
            if design.verdict is Verdict.KEPT
            and kept is not None
            and min(design.replications, kept.replications) < self.effort.most
        ]
        if unclear and kept is not None:  # both keep: which is the cheaper is still open
            return [min(unclear, key=self._mean_cost), kept]
        return None

    def sample_more(self, designs: Sequence[Design]) -> None:
        """Run more days of some designs and judge them again."""
        least = min(design.replications for design in designs)
        wanted = min(self.effort.most, max(least + _PAIR, math.ceil(least * _GROWTH)))
        self._run([design for design in designs if design.replications < wanted], wanted)
        for design in designs:
            self._look(design)
        self._leave_the_dearer_aside()

    def best(self) -> Design | None:
        """Return the cheapest of those that keep their promises."""
        kept = [design for design in self.designs if design.verdict is Verdict.KEPT]
        return min(kept, key=self._mean_cost, default=None)

    def _mean_cost(self, design: Design) -> float:
        return math.inf if design.cost is None else design.cost.mean

    def _run(self, designs: Sequence[Design], count: int) -> None:
        wanted = {one.subject: count for one in designs if one.subject is not None}
        self.sampler.need(wanted)
        for design in designs:
            subject = design.subject
            if subject is None:
                continue
            refusal = self.sampler.refusal(subject)
            design.replications = count
            design.failures = self.sampler.failures(subject)
            if refusal is not None:
                design.refusal, design.replications = " ".join(str(refusal).split()), 0
            elif not len(self.sampler.sample(subject, count)):
                design.refusal = f"every day failed: {design.failures[0].message}"

    def _spent(self, looks: int) -> float:
        """Return the part of an error allowed that a look spends: they sum to all of it."""
        return 6 / (math.pi * looks) ** 2

    def _look(self, design: Design) -> None:
        """Judge a design's promises by the days at hand."""
        assert design.subject is not None  # noqa: S101 - those without were refused
        sample = self.sampler.sample(design.subject, design.replications)
        costs = sample.figure(self.minimise)
        known = costs[~np.isnan(costs)]
        design.cost = estimate(known) if len(known) else None
        design.looks += 1
        shares = max(1, self.count - 1) + len(self.promises)
        error = (1 - self.effort.confidence) / 2 / shares * self._spent(design.looks)
        for state in design.promises:
            self._judge(state, sample.figure(state.promise.kpi), error, design.replications)

    def _judge(
        self, state: PromiseState, values: NDArray[np.float64], error: float, days: int
    ) -> None:
        known = values[~np.isnan(values)]
        state.estimate = estimate(known) if len(known) else None
        excess = state.promise.excess(values)
        last = days >= self.effort.most
        if len(excess) < _PAIR:
            if last:  # no day gives the figure: what cannot be judged is not kept
                state.verdict = Verdict.BROKEN
            return
        state.p_kept = probability_below(excess)
        if state.verdict is not Verdict.OPEN:
            return
        mean = float(excess.mean())
        error_of_mean = float(excess.std(ddof=1)) / math.sqrt(len(excess))
        reach = float(stats.t.isf(error, len(excess) - 1)) * error_of_mean
        if mean + reach <= 0:
            state.verdict, state.sure = Verdict.KEPT, True
        elif mean - reach > 0:
            state.verdict, state.sure = Verdict.BROKEN, True
        elif last or reach <= self.effort.tolerance * abs(state.promise.limit):
            state.verdict = Verdict.KEPT if mean <= 0 else Verdict.BROKEN

    def _leave_the_dearer_aside(self) -> None:
        """Leave aside what is not cheaper than the best that keeps its promises."""
        best = self.best()
        if best is None or best.cost is None:
            return
        zone = self.effort.cost_tolerance * abs(best.cost.mean)
        for design in self.designs:
            if design is best:
                design.dearer = False
            elif not design.dearer and design.verdict is not Verdict.BROKEN:
                design.dearer = self._is_dearer(design, best, zone)

    def _is_dearer(self, design: Design, best: Design, zone: float) -> bool:
        """Say whether a design saves no more than the indifference zone against the best."""
        assert design.subject is not None  # noqa: S101
        assert best.subject is not None  # noqa: S101
        mine, its = paired_samples(
            [
                self.sampler.sample(design.subject, design.replications),
                self.sampler.sample(best.subject, best.replications),
            ]
        )
        change = mine.figure(self.minimise) - its.figure(self.minimise)
        change = change[~np.isnan(change)]
        if len(change) < _PAIR:
            return False
        looks = max(design.looks, best.looks)
        error = (1 - self.effort.confidence) / 2 / max(1, self.count - 1) * self._spent(looks)
        reach = float(stats.t.isf(error, len(change) - 1))
        reach *= float(change.std(ddof=1)) / math.sqrt(len(change))
        return float(change.mean()) - reach >= -zone


MINIMISE: Final = "total_cost_eur"
"""What makes one design cheaper than another: vehicles cost something, idle ones too."""

OBJECTIVES: Final = (MINIMISE, "parking_full_min", "co2_kg")
"""What the front weighs against each other: cost, and change against the base of the others."""


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """What a search found.

    Attributes
    ----------
    pilot, base
        The scenario varied, and the one it is measured against.
    designs
        All points of the grid, judged.
    best
        The cheapest that keeps the promises; None if none does, or if none were made.
    front
        (designs,) which no other design beats in cost, parking relief and emissions.
    trade_offs
        For each design the mean of each of `OBJECTIVES` with its interval, those of parking
        and emissions as differences from the base; empty where it cannot run.
    """

    pilot: Scenario
    base: Scenario
    promises: tuple[Promise, ...]
    minimise: str
    effort: Effort
    seed: int
    designs: tuple[Design, ...]
    best: Design | None
    front: NDArray[np.bool_]
    trade_offs: tuple[Mapping[str, Estimate], ...]
    simulated: int
    wall_s: float

    def to_json(self) -> dict[str, Any]:
        """Return what ``lastmile search --json`` prints."""
        designs = [
            self._design(design, trade, on_front=bool(front))
            for design, trade, front in zip(self.designs, self.trade_offs, self.front, strict=True)
        ]
        return {
            "pilot": self.pilot.name,
            "base": self.base.name,
            "seed": self.seed,
            "minimise": self.minimise,
            "confidence": self.effort.confidence,
            "tolerance": self.effort.tolerance,
            "promises": [str(promise) for promise in self.promises],
            "best": None if self.best is None else self.best.changes,
            "best_is_sure": self.is_sure,
            "designs": designs,
            "front": [one["changes"] for one in designs if one["on_front"]],
            "simulated": self.simulated,
            "wall_s": round(self.wall_s, 3),
        }

    @property
    def is_sure(self) -> bool:
        """Whether the best is named with the stated confidence.

        It is not where a verdict it hangs on was made within the indifference zone or when the
        days ran out: that of the best itself, or of a cheaper design that was rejected.
        """
        best = self.best
        if best is None or best.cost is None or not best.is_sure:
            return False
        return all(
            design.is_sure
            for design in self.designs
            if design.verdict is Verdict.BROKEN
            and design.cost is not None
            and design.cost.mean < best.cost.mean
        )

    def _design(
        self, design: Design, trade: Mapping[str, Estimate], *, on_front: bool
    ) -> dict[str, Any]:
        return {
            "changes": design.changes,
            "status": "best" if design is self.best else design.status,
            "sure": design.is_sure,
            "refusal": design.refusal,
            "replications": design.replications,
            "cost": _told(design.cost),
            "promises": [
                {
                    "promise": str(state.promise),
                    "verdict": str(state.verdict),
                    "sure": state.sure,
                    "p_kept": state.p_kept if math.isfinite(state.p_kept) else None,
                    **_told(state.estimate),
                }
                for state in design.promises
            ],
            "trade_off": {name: _told(one) for name, one in trade.items()},
            "on_front": on_front,
            "failures": [
                {"seed": one.seed, "replication": one.replication, "message": one.message}
                for one in design.failures
            ],
        }


def _told(one: Estimate | None) -> dict[str, Any]:
    if one is None:
        return {"mean": None, "ci95": [None, None]}
    span = one.interval
    return {"mean": one.mean, "ci95": [None, None] if span is None else [span.low, span.high]}


def search(
    pilot: Scenario,
    varied: Mapping[str, Sequence[object]],
    promises: Sequence[Promise],
    *,
    base: Scenario,
    minimise: str = MINIMISE,
    effort: Effort | None = None,
    plan: Plan | None = None,
) -> SearchResult:
    """Vary a scenario and find the cheapest design that keeps its promises.

    Parameters
    ----------
    pilot
        What is varied.
    varied
        Values by dotted key.
    promises
        Bounds on figures; with none, the grid is swept and no best is named.
    base
        What relief and emissions are measured against.
    minimise
        The figure that is the cost.
    effort
        How sure to be and how much to spend.
    plan
        Seed, workers and store; its replications are those of every design in a sweep.

    Raises
    ------
    RequestError
        If a figure does not exist or the grid makes no sense.
    ScenarioError
        If a key does not exist, with the nearest ones, or no design at all can run.
    """
    effort, plan = effort or Effort(), plan or Plan()
    begun = time.perf_counter()
    for name in [minimise, *(promise.kpi for promise in promises)]:
        known_figure(name)
    designs = [_design_of(pilot, changes, plan.seed) for changes in grid(varied)]
    _refuse_all(designs)
    ground = subject_of(base, plan.seed)
    with plan.sampler() as sampler:
        best = None
        if promises:
            best = select(sampler, designs, promises, minimise, effort)
        else:
            _sweep(sampler, designs, minimise, plan.replications)
        count = max((design.replications for design in designs), default=0)
        sampler.need({ground: count})
        refusal = sampler.refusal(ground)
        if refusal is not None:
            raise refusal
        trade_offs = tuple(_trade_off(sampler, ground, count, design) for design in designs)
        simulated = sampler.simulated
    _refuse_all(designs)
    table = np.array(
        [[trade[n].mean if n in trade else math.nan for n in OBJECTIVES] for trade in trade_offs]
    ).reshape(len(designs), len(OBJECTIVES))
    return SearchResult(
        pilot=pilot,
        base=base,
        promises=tuple(promises),
        minimise=minimise,
        effort=effort,
        seed=plan.seed,
        designs=tuple(designs),
        best=best,
        front=pareto_front(table),
        trade_offs=trade_offs,
        simulated=simulated,
        wall_s=time.perf_counter() - begun,
    )


def _design_of(pilot: Scenario, changes: dict[str, object], seed: int) -> Design:
    """Return a design; refused where its values are not allowed."""
    try:
        scenario = pilot.with_changes(changes)
    except ScenarioError as wrong:
        if "there is no key" in str(wrong):
            raise
        return Design(changes, None, " ".join(str(wrong).split()))
    return Design(changes, subject_of(scenario, seed))


def _refuse_all(designs: Sequence[Design]) -> None:
    if designs and all(design.refusal is not None for design in designs):
        raise ScenarioError(
            f"none of the {len(designs)} designs can run; the first: {designs[0].refusal}"
        )


def _sweep(sampler: Sampler, designs: Sequence[Design], minimise: str, count: int) -> None:
    """Run all designs equally."""
    effort = Effort(first=max(count, _PAIR), most=max(count, _PAIR))
    _Search(sampler, [], minimise, effort).begin(designs)


def _trade_off(
    sampler: Sampler, ground: Subject, count: int, design: Design
) -> dict[str, Estimate]:
    """Return cost, and what changes against the base, over the days both have."""
    if design.subject is None or design.refusal is not None:
        return {}
    base, mine = paired_samples(
        [sampler.sample(ground, count), sampler.sample(design.subject, design.replications)]
    )
    cost, *others = OBJECTIVES
    values = {cost: mine.figure(cost)}
    values |= {name: mine.figure(name) - base.figure(name) for name in others}
    return {
        name: estimate(known)
        for name, each in values.items()
        if len(known := each[~np.isnan(each)])
    }


def pareto_front(figures: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which rows no other row beats in every column (all to be minimised).

    Parameters
    ----------
    figures
        (designs, objectives); a row with a nan is never on the front.

    Returns
    -------
    (designs,) bool
        True where no row is at least as good in every column and better in one.
    """
    count = len(figures)
    on_front = np.zeros(count, dtype=np.bool_)
    for row in range(count):
        mine = figures[row]
        no_worse = np.asarray(np.all(figures <= mine, axis=1))
        better = np.asarray(np.any(figures < mine, axis=1))
        on_front[row] = not np.isnan(mine).any() and not np.any(no_worse & better)
    return on_front
