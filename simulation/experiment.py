"""Replications of days, and pilots compared with a base on the same visitors.

A day is a terminating simulation: it begins empty and ends when everybody is home, so there is
nothing to warm up within it. What people expect of the day is learnt before the first replication
(`simulation.learning`) on days of their own.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from rapidfuzz import process

from lastmile.errors import ExperimentError, RequestError
from lastmile.messages import Message
from scenarios.load import load_scenario
from simulation.daytrial import day_trial
from simulation.executor import available_cpus, open_crew
from simulation.kpis import KPIS, kpi_of
from simulation.sampling import Sample, Sampler, Subject, paired_samples
from simulation.statistics import (
    Estimate,
    Interval,
    estimate,
    holm,
    is_reached,
    max_t_critical,
    paired,
    ratio_interval,
    replications_needed,
    two_sided_p,
)
from simulation.store import RunKey, RunStore, code_version, data_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from scenarios.schema import Scenario
    from simulation.sampling import Listener
    from simulation.statistics import Precision
    from simulation.trial import Failure

BASE: Final = "baseline"
"""The scenario against which visitors' gains are measured, on the day of each scenario."""

KEY_FIGURES: Final = (
    "parking_full_min",
    "cars_arrived",
    "cars_roadside",
    "visitors_turned_away",
    "trail_crowding_peak",
    "car_km",
    "co2_kg",
    "operating_cost_eur",
    "consumer_surplus_eur",
)
"""What a verdict speaks of; with its entrances, the family of the joint intervals."""

PRECISION_FIGURES: Final = ("parking_full_min", "cars_arrived", "visitors")
"""What a precision is asked of, unless others are named."""

COST_PER_CAR: Final = "cost_per_car_kept_away_eur"
_RATIO_OF: Final = ("operating_cost_eur", "fare_revenue_eur", "cars_arrived")
_PAIR: Final = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """How an experiment is run.

    Attributes
    ----------
    replications
        Days of each scenario; where a precision is asked for, as many as it takes.
    precision
        When to stop instead.
    figures
        What the precision is asked of.
    seed
        Root seed; the same gives every scenario the same visitors.
    workers
        Processes; all processors when None.
    dask
        Address of a Dask scheduler, used instead.
    store
        Where runs are kept; nowhere when None.
    listener
        Told how far the work is.
    """

    replications: int = 20
    precision: Precision | None = None
    figures: tuple[str, ...] = PRECISION_FIGURES
    seed: int = 1
    workers: int | None = None
    dask: str | None = None
    store: RunStore | None = field(default_factory=RunStore)
    listener: Listener | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be run.

        Raises
        ------
        RequestError
            If there is nothing to repeat, the seed is negative, or a figure does not exist.
        """
        if self.replications < 1:
            raise RequestError(f"{self.replications} replications: at least 1 is needed")
        if self.seed < 0:
            raise RequestError(f"seed {self.seed} must be 0 or more")
        for name in self.figures:
            known_figure(name)

    def sampler(self) -> Sampler:
        """Return what gives replications."""
        crew = partial(open_crew, self.workers, self.dask)
        if self.listener is None:
            return Sampler(crew, self.store)
        return Sampler(crew, self.store, self.listener)


def default_workers() -> int:
    """Return how many processes fit this machine."""
    return available_cpus()


def known_figure(name: str) -> str:
    """Return the name of a figure, with or without an entrance.

    Raises
    ------
    RequestError
        If there is no such figure, with the nearest names.
    """
    stem, _, entrance = name.partition(".")
    if stem in KPIS and (not entrance or KPIS[stem].per_entrance):
        return name
    near = ", ".join(found for found, _, _ in process.extract(stem, list(KPIS), limit=3))
    why = "does not come by entrance" if stem in KPIS else "does not exist"
    raise RequestError(f"the figure {name!r} {why}; the nearest: {near}")


def subject_of(scenario: Scenario, seed: int) -> Subject:
    """Return a scenario's day as something to sample."""
    base = load_scenario(BASE).model_copy(
        update={"day": scenario.day, "parameters": scenario.parameters}
    )
    return Subject(
        name=scenario.name,
        key=RunKey(scenario.digest, base.digest, data_digest(), code_version(), seed),
        build=partial(day_trial, scenario),
        about={
            "title": scenario.title.model_dump(exclude_none=True),
            "description": scenario.description.en,
            "document": scenario.document(),
            "day": scenario.day.model_dump(mode="json", exclude_none=True),
            "parameters": dict(scenario.parameters),
        },
    )


@dataclass(frozen=True, slots=True, eq=False)
class ScenarioRun:
    """A scenario and its replications.

    Attributes
    ----------
    scenario
        Which.
    run_id
        Name of the run in the store.
    sample
        Its replications.
    failures
        Those that could not be run.
    about
        Where things are, and what was not known (`simulation.daytrial.DayTrial.about`).
    tables
        Its other tables by name, read when asked for.
    """

    scenario: Scenario
    run_id: str
    sample: Sample
    failures: tuple[Failure, ...]
    about: Mapping[str, Any]
    tables: Callable[[str], pa.Table | None]

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.scenario.name

    def estimates(self) -> dict[str, Estimate]:
        """Return every figure's mean over the days that give it."""
        return {
            name: estimate(known)
            for name in ranked(self.sample.figures)
            if len(known := _known(self.sample.figures[name]))
        }


@dataclass(frozen=True, slots=True)
class Reached:
    """Whether a precision was reached.

    Attributes
    ----------
    wanted
        Half width, a share of the figure.
    half_widths
        What it came to, by figure (and pilot); inf where the figure is 0.
    reached
        Whether all are narrow enough.
    """

    wanted: float
    half_widths: Mapping[str, float]
    reached: bool

    def to_json(self) -> dict[str, Any]:
        """Return plain tables."""
        return {
            "wanted": self.wanted,
            "reached": self.reached,
            "half_widths": {name: _number(value) for name, value in self.half_widths.items()},
        }


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """One scenario's replications, told."""

    run: ScenarioRun
    seed: int
    precision: Reached | None
    wall_s: float

    def to_json(self) -> dict[str, Any]:
        """Return what ``lastmile simulate --json`` prints."""
        said: dict[str, Any] = {
            "scenario": self.run.name,
            "seed": self.seed,
            "replications": len(self.run.sample),
            "kpis": {
                name: {
                    "mean": one.mean,
                    "ci95": _ends(one.interval),
                    "unit": kpi_of(name).unit,
                }
                for name, one in self.run.estimates().items()
            },
            "run": self.run.run_id,
            "failures": _failures([self.run]),
        }
        if self.precision is not None:
            said["precision"] = self.precision.to_json()
        return {**said, "wall_s": round(self.wall_s, 3)}


@dataclass(frozen=True, slots=True)
class Effect:
    """What a pilot does to one figure.

    Attributes
    ----------
    base_mean, mean
        In the base and with the pilot; nan where no day gives it.
    difference
        Pilot less base over the days that have both; None where none has.
    joint
        Interval that holds together with those of all key figures of all pilots; None for
        other figures.
    p_better
        Probability that the true mean is better with the pilot; nan where neither way is.
    p_adjusted
        Two-sided p-value of the difference, adjusted by Holm for the same family; nan for
        other figures.
    """

    base_mean: float
    mean: float
    difference: Estimate | None
    joint: Interval | None = None
    p_better: float = math.nan
    p_adjusted: float = math.nan

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of the difference by itself."""
        return None if self.difference is None else self.difference.interval

    def to_json(self, unit: str) -> dict[str, Any]:
        """Return plain tables."""
        return {
            "base_mean": _number(self.base_mean),
            "mean": _number(self.mean),
            "diff": None if self.difference is None else _number(self.difference.mean),
            "diff_ci95": _ends(self.interval),
            "diff_joint95": _ends(self.joint),
            "p_better": _number(self.p_better),
            "p_adjusted": _number(self.p_adjusted),
            "unit": unit,
        }


@dataclass(frozen=True, slots=True, eq=False)
class PilotResult:
    """One pilot against the base."""

    run: ScenarioRun
    effects: Mapping[str, Effect]

    @property
    def name(self) -> str:
        """The pilot's name."""
        return self.run.name


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Pilots against a base, told."""

    base: ScenarioRun
    pilots: tuple[PilotResult, ...]
    seed: int
    replications: int
    precision: Reached | None
    wall_s: float

    @property
    def runs(self) -> list[ScenarioRun]:
        """Return the runs, the base first."""
        return [self.base, *(pilot.run for pilot in self.pilots)]

    def to_json(self) -> dict[str, Any]:
        """Return what ``lastmile compare --json`` prints."""
        said: dict[str, Any] = {
            "base": self.base.name,
            "replications": self.replications,
            "seed": self.seed,
            "pilots": [
                {
                    "name": pilot.name,
                    "kpis": {
                        name: effect.to_json(kpi_of(name).unit)
                        for name, effect in pilot.effects.items()
                    },
                    "run": pilot.run.run_id,
                }
                for pilot in self.pilots
            ],
            "run": self.base.run_id,
            "failures": _failures(self.runs),
        }
        if self.precision is not None:
            said["precision"] = self.precision.to_json()
        return {**said, "wall_s": round(self.wall_s, 3)}


def simulate(scenario: Scenario, plan: Plan | None = None) -> Simulation:
    """Repeat a scenario's day.

    Parameters
    ----------
    scenario
        What is offered, and on which day.
    plan
        How often and where.

    Raises
    ------
    ScenarioError
        If the scenario contradicts itself.
    ExperimentError
        If no replication goes well, or workers or store fail.
    """
    plan = plan or Plan()
    begun = time.perf_counter()
    subject = subject_of(scenario, plan.seed)
    with plan.sampler() as sampler:
        reached = _collect(sampler, [subject], plan, _means)
        run = _run(sampler, scenario, subject)
    return Simulation(run, plan.seed, reached, time.perf_counter() - begun)


def compare(base: Scenario, pilots: Sequence[Scenario], plan: Plan | None = None) -> Comparison:
    """Compare pilots with a base, replication by replication on the same visitors.

    Parameters
    ----------
    base, pilots
        What is offered; they should be of the same day.
    plan
        How often and where.

    Raises
    ------
    RequestError
        If no pilot is given.
    ScenarioError
        If a scenario contradicts itself.
    ExperimentError
        If no replication goes well in all of them, or workers or store fail.
    """
    plan = plan or Plan()
    if not pilots:
        raise RequestError("a comparison needs at least one pilot")
    begun = time.perf_counter()
    subjects = [subject_of(scenario, plan.seed) for scenario in (base, *pilots)]
    with plan.sampler() as sampler:
        reached = _collect(sampler, subjects, plan, _differences)
        runs = [
            _run(sampler, scenario, subject)
            for scenario, subject in zip((base, *pilots), subjects, strict=True)
        ]
    common = paired_samples([run.sample for run in runs])
    effects = [effects_of(common[0], sample) for sample in common[1:]]
    effects = _with_joint(common, effects)
    return Comparison(
        base=runs[0],
        pilots=tuple(PilotResult(run, each) for run, each in zip(runs[1:], effects, strict=True)),
        seed=plan.seed,
        replications=len(common[0]),
        precision=reached,
        wall_s=time.perf_counter() - begun,
    )


def effects_of(base: Sample, pilot: Sample) -> dict[str, Effect]:
    """Compare two samples of the same replications, every figure that either has."""
    names = ranked(dict.fromkeys([*base.figures, *pilot.figures]))
    effects = {name: _effect(name, base.figure(name), pilot.figure(name)) for name in names}
    ratio = _cost_per_car(base, pilot)
    if ratio is not None:
        effects[COST_PER_CAR] = ratio
    return effects


def ranked(names: Mapping[str, object]) -> list[str]:
    """Return figures in the order of `KPIS`, the total before its entrances."""
    order = {name: rank for rank, name in enumerate(KPIS)}
    return sorted(
        names, key=lambda name: (order.get(name.partition(".")[0], len(order)), "." in name)
    )


# --- collecting


def _collect(
    sampler: Sampler,
    subjects: Sequence[Subject],
    plan: Plan,
    watched: Callable[[Sequence[Sample], Sequence[str]], list[_Watched]],
) -> Reached | None:
    """Run what the plan asks for; say whether its precision was reached."""
    precision = plan.precision
    count = plan.replications if precision is None else precision.first
    while True:
        sampler.need(dict.fromkeys(subjects, count))
        for subject in subjects:
            _refuse_failed(sampler, subject, count)
        if precision is None:
            return None
        samples = [sampler.sample(subject, count) for subject in subjects]
        figures = watched(samples, plan.figures)
        values, scales = [one.values for one in figures], [one.scale for one in figures]
        reached = is_reached(precision, values, scales)
        wanted = replications_needed(precision, values, scales)
        if reached or wanted <= count:
            return Reached(
                precision.relative, {one.label: one.half_width for one in figures}, reached
            )
        count = wanted


@dataclass(frozen=True, slots=True, eq=False)
class _Watched:
    """A figure that a precision is asked of."""

    label: str
    values: NDArray[np.float64]
    scale: float

    @property
    def half_width(self) -> float:
        """Half width of its interval as a share of the figure."""
        interval = estimate(self.values).interval
        if interval is None:
            return math.inf
        if interval.half_width == 0:
            return 0.0
        return interval.half_width / abs(self.scale) if self.scale else math.inf


def _means(samples: Sequence[Sample], names: Sequence[str]) -> list[_Watched]:
    (sample,) = samples
    found = [(name, _known(sample.figure(name))) for name in names]
    return [_Watched(name, each, float(each.mean())) for name, each in found if len(each)]


def _differences(samples: Sequence[Sample], names: Sequence[str]) -> list[_Watched]:
    """Return paired differences, measured against the larger of the two figures."""
    watched = []
    base, *pilots = paired_samples(samples)
    for rank, pilot in enumerate(pilots, start=1):
        for name in names:
            before, after = base.figure(name), pilot.figure(name)
            both = ~np.isnan(before) & ~np.isnan(after)
            if both.any():
                scale = max(abs(before[both].mean()), abs(after[both].mean()))
                watched.append(
                    _Watched(f"pilot {rank}: {name}", after[both] - before[both], float(scale))
                )
    return watched


def _refuse_failed(sampler: Sampler, subject: Subject, count: int) -> None:
    """Raise if a subject cannot be built, or none of its replications went well."""
    refusal = sampler.refusal(subject)
    if refusal is not None:
        raise refusal
    failures = sampler.failures(subject)
    if failures and not len(sampler.sample(subject, count)):
        raise ExperimentError(
            Message(
                "{scenario}: every one of {count} replications failed; the first (seed {seed}, "
                "replication {replication}): {reason}",
                scenario=subject.name,
                count=len(failures),
                seed=failures[0].seed,
                replication=failures[0].replication,
                reason=failures[0].message,
            )
        )


def _run(sampler: Sampler, scenario: Scenario, subject: Subject) -> ScenarioRun:
    return ScenarioRun(
        scenario=scenario,
        run_id=subject.key.id,
        sample=sampler.sample_all(subject),
        failures=tuple(sampler.failures(subject)),
        about=sampler.about(subject),
        tables=partial(sampler.table, subject),
    )


# --- effects


def _known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[~np.isnan(values)]


def _mean(values: NDArray[np.float64]) -> float:
    known = _known(values)
    return float(known.mean()) if len(known) else math.nan


def _effect(name: str, before: NDArray[np.float64], after: NDArray[np.float64]) -> Effect:
    both = ~np.isnan(before) & ~np.isnan(after)
    if not both.any():
        return Effect(_mean(before), _mean(after), None)
    found = paired(before[both], after[both])
    better = kpi_of(name).better
    p_better = {"less": found.p_less, "more": 1 - found.p_less}.get(better or "", math.nan)
    return Effect(_mean(before), _mean(after), found.difference, p_better=p_better)


def is_key_figure(name: str) -> bool:
    """Say whether a figure belongs to the family of the joint intervals."""
    return name.partition(".")[0] in KEY_FIGURES


def _with_joint(
    samples: Sequence[Sample], effects: Sequence[dict[str, Effect]]
) -> list[dict[str, Effect]]:
    """Add the intervals and p-values that allow for looking at many figures and pilots."""
    family = [
        (rank, name, change)
        for rank, (sample, each) in enumerate(zip(samples[1:], effects, strict=True))
        for name in each
        if is_key_figure(name)
        and not np.isnan(change := sample.figure(name) - samples[0].figure(name)).any()
    ]
    joint = [dict(each) for each in effects]
    if not family or len(samples[0]) < _PAIR:
        return joint
    critical = max_t_critical(np.column_stack([change for _, _, change in family]))
    adjusted = holm(np.array([two_sided_p(change) for _, _, change in family]))
    for (rank, name, change), p_adjusted in zip(family, adjusted.tolist(), strict=True):
        mean = float(change.mean())
        spread = float(change.std(ddof=1)) if np.ptp(change) else 0.0
        reach = critical * spread / math.sqrt(len(change))
        before = joint[rank][name]
        joint[rank][name] = Effect(
            before.base_mean,
            before.mean,
            before.difference,
            Interval(mean - reach, mean + reach),
            before.p_better,
            p_adjusted,
        )
    return joint


def _cost_per_car(base: Sample, pilot: Sample) -> Effect | None:
    """Return what the pilot costs, less its fares, for each car that no longer comes.

    A ratio of means with Fieller's interval, which is none where the number of cars might be 0.
    """
    cost, fares, cars = (pilot.figure(name) - base.figure(name) for name in _RATIO_OF)
    net, away = cost - fares, -cars
    both = ~np.isnan(net) & ~np.isnan(away)
    net, away = net[both], away[both]
    if not np.any(net) or not away.mean() > 0:
        return None
    ratio = float(net.mean() / away.mean())
    return Effect(
        math.nan,
        ratio,
        Estimate(math.nan, ratio_interval(net, away), math.nan, len(net)),
    )


# --- JSON


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _ends(interval: Interval | None) -> list[float | None]:
    if interval is None:
        return [None, None]
    return [_number(interval.low), _number(interval.high)]


def _failures(runs: Sequence[ScenarioRun]) -> list[dict[str, Any]]:
    return [
        {
            "scenario": run.name,
            "seed": failure.seed,
            "replication": failure.replication,
            "message": failure.message,
        }
        for run in runs
        for failure in run.failures
    ]
