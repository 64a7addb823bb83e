"""A timetable under stress: busy days, late trains, slow traffic, a breakdown, a coach party.

Every situation runs on the same prepared day and the same random numbers, so that it differs
from the ordinary day by what is said of it and by nothing else. People expect the ordinary: they
plan by the timetable.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lastmile.errors import RequestError, ScenarioError
from simulation.day import make_plans, simulate_day
from simulation.executor import open_crew
from simulation.linefigures import FIGURES, line_day
from simulation.lines import clock_text
from simulation.parties import DRAWS, SHUTTLE, Choices, Parties
from simulation.rng import Streams
from simulation.search import Promise, Verdict
from simulation.statistics import Estimate, estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from scenarios.schema import Scenario
    from simulation.model import DayModel
    from simulation.shuttle import Service

    Floats = NDArray[np.float64]

DAYS: Final = 50
LEVEL: Final = 0.9
"""Confidence of a light that is not amber: 95 % on the one side that matters."""

PARTY: Final = 3
"""A coach party boards in groups of this many."""

_BLOCK: Final = 10


@dataclass(frozen=True, slots=True)
class Situation:
    """What a day is put through.

    Attributes
    ----------
    id, title
        Its key, and what people call it.
    visit_level, percentile
        How many come; as in `scenarios.schema.Day`. The scenario's own where both are None.
    train_delay_s
        Mean delay of trains and metros; as on any day where None.
    slowness
        Actual over planned run time.
    vehicle_out_s
        From when one vehicle is out of service; None where all run.
    coach
        People who come to the first stop together.
    coach_s
        When, s.
    """

    id: str
    title: str
    visit_level: float | None = None
    percentile: float | None = None
    train_delay_s: float | None = None
    slowness: float = 1.0
    vehicle_out_s: float | None = None
    coach: int = 0
    coach_s: float = 11 * 3600.0


SITUATIONS: Final = {
    one.id: one
    for one in (
        Situation("ordinary", "An ordinary day", visit_level=1.0),
        Situation("busy", "A busy day (1 in 5)", percentile=80.0),
        Situation("one-in-20", "A 1-in-20 day", percentile=95.0),
        Situation("late-trains", "Trains 8 minutes late", visit_level=1.0, train_delay_s=480.0),
        Situation("slow-traffic", "Traffic a quarter slower", visit_level=1.0, slowness=1.25),
        Situation(
            "vehicle-out", "A vehicle out from noon", visit_level=1.0, vehicle_out_s=12 * 3600.0
        ),
        Situation("coach", "A coach party of 45", visit_level=1.0, coach=45),
    )
}
"""What a timetable is put through, by id."""

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
    changes
        By dotted key of the scenario.
    cost_eur
        Added cost of a day on average.
    sure
        Whether every promise is kept with confidence; else none is broken.
    """

    changes: dict[str, object]
    cost_eur: float
    sure: bool


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
    boarded, left_behind, load
        (trips, stops) means over the days.
    mend
        The cheapest change found; None where none was looked for or found.
    """

    situation: Situation
    figures: dict[str, Estimate]
    lights: tuple[Light, ...]
    boarded: Floats
    left_behind: Floats
    load: Floats
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
    """A timetable through every situation."""

    service: Service
    days: int
    results: tuple[SituationResult, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "service": self.service.id,
            "days": self.days,
            "situations": [
                {
                    "id": one.situation.id,
                    "verdict": str(one.verdict),
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
                    "boarded": one.boarded.round(3).tolist(),
                    "left_behind": one.left_behind.round(3).tolist(),
                    "load": one.load.round(3).tolist(),
                }
                for one in self.results
            ],
        }


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
    runner = _Runner(scenario, service, promises, chosen)
    return StressTest(runner.line, chosen.days, tuple(runner.results(situations)))


def _told(found: Estimate) -> dict[str, float | None]:
    low, high = (None, None)
    if found.interval is not None:
        low, high = found.interval.low, found.interval.high
    return {"mean": found.mean, "low": low, "high": high}


def _refuse(promises: Sequence[Promise], effort: Effort) -> None:
    unknown = [promise.kpi for promise in promises if promise.kpi not in FIGURES]
    if unknown:
        raise RequestError(f"there is no figure {unknown[0]!r}; there are {', '.join(FIGURES)}")
    if effort.days < 2:  # noqa: PLR2004 - for an interval
        raise RequestError(f"{effort.days} days: at least 2 are needed")


@dataclass(frozen=True, slots=True)
class _Block:
    """Some days of one situation."""

    key: int
    content: bytes
    line: int
    situation: Situation
    seed: int
    replications: tuple[int, ...]

    @property
    def call(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return run_days, (self.content, self.line, self.situation, self.seed, self.replications)


@dataclass(slots=True)
class _Runner:
    scenario: Scenario
    service: str
    promises: Sequence[Promise]
    effort: Effort
    model: DayModel = field(init=False)
    index: int = field(init=False)

    def __post_init__(self) -> None:
        self.model, self.index = _prepared(self.scenario, self.service)

    @property
    def line(self) -> Service:
        return self.model.services[self.index]

    def results(self, situations: Sequence[Situation]) -> list[SituationResult]:
        found = self._run([(self.model, self.index, one) for one in situations])
        if self.effort.mend:
            found = [
                replace(one, mend=self._mend(one)) if one.verdict is Verdict.BROKEN else one
                for one in found
            ]
        return found

    def _run(self, jobs: Sequence[tuple[DayModel, int, Situation]]) -> list[SituationResult]:
        """Run every job's days, sharing the work."""
        blocks = []
        days = range(self.effort.days)
        packed: dict[int, bytes] = {}
        for key, (model, index, situation) in enumerate(jobs):
            content = packed.setdefault(id(model), pickle.dumps(model, protocol=5))
            blocks += [
                _Block(
                    key, content, index, situation, self.effort.seed, tuple(days[k : k + _BLOCK])
                )
                for k in range(0, len(days), _BLOCK)
            ]
        gathered: dict[int, list[tuple[int, DayOf]]] = {key: [] for key in range(len(jobs))}
        with open_crew(self.effort.workers) as crew:
            for block, future in crew.run(blocks):
                gathered[block.key] += zip(block.replications, future.result(), strict=True)
        return [
            self._result(
                situation,
                model.services[index],
                [day for _, day in sorted(gathered[key], key=lambda pair: pair[0])],
            )
            for key, (model, index, situation) in enumerate(jobs)
        ]

    def _result(
        self, situation: Situation, line: Service, days: Sequence[DayOf]
    ) -> SituationResult:
        figures = {}
        for name in FIGURES:
            values = np.array([figs[name] for figs, *_ in days if name in figs])
            if len(values):
                figures[name] = estimate(values, LEVEL)
        boarded = np.mean([day[1] for day in days], axis=0)
        behind = np.mean([day[2] for day in days], axis=0)
        load = np.mean([day[3] for day in days], axis=0)
        lights = tuple(
            _light(promise, figures.get(promise.kpi), line, boarded, behind)
            for promise in self.promises
        )
        return SituationResult(situation, figures, lights, boarded, behind, load)

    def _mend(self, broken: SituationResult) -> Mend | None:
        """Return the cheapest change with which nothing breaks any more."""
        kept: list[Mend] = []
        before = broken.figures["cost_eur"].mean
        for changes in _candidates(self.scenario, self.service, self.line):
            try:
                model, index = _prepared(self.scenario.with_changes(changes), self.service)
            except ScenarioError:
                continue
            (after,) = self._run([(model, index, broken.situation)])
            if after.verdict is not Verdict.BROKEN:
                added = after.figures["cost_eur"].mean - before
                kept.append(Mend(dict(changes), added, after.verdict is Verdict.KEPT))
        return min(kept, key=lambda mend: round(mend.cost_eur, 2), default=None)


def _prepared(scenario: Scenario, service: str) -> tuple[DayModel, int]:
    """Prepare a scenario; also return which of its services is meant."""
    from simulation.prepare import prepare  # noqa: PLC0415 - streets and planner load slowly

    model = prepare(scenario)
    found = [index for index, one in enumerate(model.services) if one.id == service]
    if not found:
        known = ", ".join(one.id for one in model.services) or "none"
        raise RequestError(f"{scenario.name} runs no service {service!r}; it runs {known}")
    return model, found[0]


def _light(
    promise: Promise, found: Estimate | None, line: Service, boarded: Floats, behind: Floats
) -> Light:
    """Judge a promise by the interval of its figure."""
    if found is None:
        return Light(promise, Verdict.OPEN, None, "not known: nobody rode")
    ends = (found.mean, found.mean)
    if found.interval is not None:
        ends = (found.interval.low, found.interval.high)
    worst, best = (ends[1], ends[0]) if promise.sense == "<=" else (ends[0], ends[1])
    if _keeps(promise, worst):
        return Light(promise, Verdict.KEPT, found)
    verdict = Verdict.OPEN if _keeps(promise, best) else Verdict.BROKEN
    return Light(promise, verdict, found, _reason(promise, line, boarded, behind))


def _keeps(promise: Promise, value: float) -> bool:
    return bool((promise.excess(np.array([value])) <= 0).all())


_REASONS: Final = {
    "missed_share": "people come after their vehicle has left: hold it, or leave later",
    "punctual_share": "departures are late or not made: run times or rests are too short",
    "lowest_charge": "rests at the termini are too short to recharge",
}


def _reason(promise: Promise, line: Service, boarded: Floats, behind: Floats) -> str:
    """Say why a promise breaks, and where most people are concerned."""
    if promise.kpi in _REASONS:
        return _REASONS[promise.kpi]
    counts = behind if promise.kpi.startswith("left_behind") else boarded
    if not counts.any():
        return ""
    trip, stop = np.unravel_index(int(np.argmax(counts)), counts.shape)
    leaves = clock_text(float(line.times_s[trip, stop]))
    what = "left behind" if counts is behind else "boarding"
    return (
        f"most at the {leaves} from {line.stops[int(stop)]}: {counts[trip, stop]:.1f} people "
        f"{what} on average"
    )


def _candidates(scenario: Scenario, service: str, line: Service) -> list[dict[str, object]]:
    """Return changes that may mend a timetable."""
    spec = scenario.services[service]
    key = f"services.{service}"
    changes: list[dict[str, object]] = [
        {f"{key}.seats": int(np.ceil(line.seats * factor))} for factor in (1.25, 1.5, 2.0, 3.0)
    ]
    changes += [{f"{key}.hold_for_feeder_min": minutes} for minutes in (3, 6)]
    if spec.vehicles is None:
        return changes
    more = spec.vehicles + 1
    changes.append({f"{key}.layover_min": spec.layover_min + 5, f"{key}.vehicles": more})
    if spec.headway is not None:
        tighter = float(np.ceil(spec.headway * spec.vehicles / more))
        changes.append({f"{key}.headway": tighter, f"{key}.vehicles": more})
        half = float(np.ceil(spec.headway / 2))
        changes.append({f"{key}.headway": half, f"{key}.vehicles": 2 * spec.vehicles})
    return changes


# --- in a worker

DayOf = tuple["dict[str, float]", "Floats", "Floats", "Floats"]
"""Figures of a day, and its boardings, left behind and loads by trip and stop."""


@lru_cache(maxsize=4)
def _unpacked(content: bytes) -> DayModel:
    model: DayModel = pickle.loads(content)  # noqa: S301 - our own
    return model


def run_days(
    content: bytes, line: int, situation: Situation, seed: int, replications: Sequence[int]
) -> list[DayOf]:
    """Run some days of a pickled model in a situation; runs in a worker."""
    model = put_through(_unpacked(content), line, situation)
    return [_run_day(model, line, situation, seed, one) for one in replications]


def put_through(model: DayModel, line: int, situation: Situation) -> DayModel:
    """Return a day's model in a situation."""
    day = model.day
    if situation.visit_level is not None or situation.percentile is not None:
        day = day.model_copy(
            update={"visit_level": situation.visit_level, "percentile": situation.percentile}
        )
    services = []
    for index, service in enumerate(model.services):
        changed = replace(service, slowness=situation.slowness)
        if situation.train_delay_s is not None:
            changed = replace(changed, feeder_delay_s=situation.train_delay_s)
        if situation.vehicle_out_s is not None and index == line:
            vehicle = _busiest_vehicle(service, situation.vehicle_out_s)
            changed = replace(changed, out_of_service=((vehicle, situation.vehicle_out_s),))
        services.append(changed)
    return replace(model, day=day, services=tuple(services))


def _busiest_vehicle(service: Service, from_s: float) -> int:
    """Return the vehicle with the most trips after a time."""
    after = np.nanmin(service.times_s, axis=1) >= from_s
    return int(np.argmax(np.bincount(service.block, weights=after)))


def _run_day(
    model: DayModel, line: int, situation: Situation, seed: int, replication: int
) -> DayOf:
    streams = Streams(seed, replication)
    plans = make_plans(model, streams)
    parties, chosen = plans.parties, list(plans.chosen)
    if situation.coach:
        parties, chosen = with_coach(model, line, situation, parties, chosen, streams)
    events = simulate_day(model, parties, chosen, streams)
    found = line_day(events, model.services[line], line)
    return found.figures, found.boarded, found.left_behind, np.nan_to_num(found.load)


def with_coach(
    model: DayModel,
    line: int,
    situation: Situation,
    parties: Parties,
    chosen: Sequence[Choices],
    streams: Streams,
) -> tuple[Parties, list[Choices]]:
    """Return a day's visitors with a coach party that comes to a line's stop together.

    It boards where most zones do, in groups, and goes home the same way.
    """
    rides = model.access.shuttle
    ways = np.argwhere((rides.service == line) & (rides.board < rides.alight))
    if not len(ways):
        return parties, list(chosen)
    zone, gate = (int(one) for one in ways[0])
    service = model.services[line]
    board, alight = int(rides.board[zone, gate]), int(rides.alight[zone, gate])
    trips = service.departures(board, alight)
    near = trips[int(np.argmin(np.abs(service.times_s[trips, board] - situation.coach_s)))]
    arrives_s = float(service.times_s[near, alight] + rides.egress_s[zone, gate])
    groups = -(-situation.coach // PARTY)
    size = np.full(groups, PARTY)
    size[-1] = situation.coach - PARTY * (groups - 1)
    draws = streams.generator("coach").random((groups, len(DRAWS)))
    added = Parties(
        arrival_s=np.full(groups, arrives_s),
        size=size.astype(parties.size.dtype),
        zone=np.full(groups, zone, dtype=parties.zone.dtype),
        home_entrance=np.full(groups, gate, dtype=parties.home_entrance.dtype),
        stay_s=np.full(groups, 3 * 3600.0),
        has_car=np.zeros(groups, dtype=np.bool_),
        latent=np.zeros(groups, dtype=np.bool_),
        draws=draws,
        taste=np.zeros((groups, *parties.taste.shape[1:]), dtype=parties.taste.dtype),
    )
    order = np.argsort(np.concatenate([parties.arrival_s, added.arrival_s]), kind="stable")

    def joined(mine: NDArray[Any], theirs: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([mine, theirs])[order]

    everyone = Parties(
        **{
            name: joined(getattr(parties, name), getattr(added, name))
            for name in Parties.__dataclass_fields__
        }
    )
    theirs: Mapping[str, Any] = {
        "mode": np.full(groups, SHUTTLE, dtype=np.int8),
        "entrance": np.full(groups, gate, dtype=np.int16),
        "generalised_cost_min": np.zeros(groups),
        "logsum_min": np.zeros(groups),
    }
    return everyone, [
        Choices(**{name: joined(getattr(one, name), theirs[name]) for name in theirs})
        for one in chosen
    ]
