"""Observed against simulated: what the model was fitted to, and what it was not.

Every row says which it is. A *fit* compares the model with numbers it was made from: a large
error would be a fault, a small one proves little. A *check* compares it with something it was
not given: another source, hidden counts, or a day on which car parks fill.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lastmile.datasets import read_table
from lastmile.parameters import Parameters
from simulation.calibrate import GROUPS, mode_targets
from simulation.counts import (
    DAY_TYPES,
    HOURS,
    MONTHS,
    day_type_ratios,
    earth_movers_h,
    fill_gaps,
)
from simulation.demand import draw_parties, highest_days, weekday_calendar
from simulation.rng import Streams
from simulation.visits import (
    COUNT_YEAR,
    COUNTED,
    ENTRANCES,
    counter_share,
    load_counts,
    load_demand,
    load_zones,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from numpy.typing import NDArray

    from simulation.demand import DemandInputs
    from simulation.model import DayModel

    Floats = NDArray[np.float64]

SEED: Final = 2016
YEARS: Final = 40
"""Simulated years behind each monthly and yearly figure."""

PROFILE_VISITS: Final = 8000.0
"""Visits of each day whose hours are compared: so many that chance is small."""

BUSY: Final = 20.0
"""Factor on the visits of the day whose visitors are compared."""

DAYS: Final = 12
"""Repeats of a day behind the mode split and the split between entrances."""

TOP_DAYS: Final = 10
MONTH_TOLERANCE: Final = 0.10
EMD_TOLERANCE_H: Final = 0.5
MODE_TOLERANCE: Final = 0.02
ENTRANCE_TOLERANCE: Final = 0.05
OTHER_TOLERANCE: Final = 0.10
LOOSE_TOLERANCE: Final = 0.35


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison.

    Attributes
    ----------
    topic, name
        What is compared.
    kind
        "fit" or "check".
    observed, simulated
        The two figures; observed is nan where nobody counted.
    error
        Their difference: relative where `relative`, else in the unit.
    unit
        Of the figures.
    tolerance
        Largest error allowed; nan where none is set.
    relative
        Whether error and tolerance are shares of the observed figure.
    source
        Where the observation is from.
    """

    topic: str
    name: str
    kind: str
    observed: float
    simulated: float
    error: float
    unit: str
    tolerance: float
    relative: bool
    source: str

    @property
    def holds(self) -> bool | None:
        """Whether the error is within the tolerance; None where there is none to keep."""
        if math.isnan(self.tolerance) or math.isnan(self.error):
            return None
        return abs(self.error) <= self.tolerance

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON has it: what is not known is null."""
        return {
            "topic": self.topic,
            "name": self.name,
            "kind": self.kind,
            "observed": _known(self.observed),
            "simulated": _known(self.simulated),
            "error": _known(self.error),
            "unit": self.unit,
            "tolerance": _known(self.tolerance),
            "relative": self.relative,
            "holds": self.holds,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Validation:
    """All comparisons, and the distribution of the highest days.

    Attributes
    ----------
    rows
        The comparisons.
    months
        Those behind the rows of monthly counts, one a counter and month.
    highest_days
        (3, `TOP_DAYS`) visits of the park on the busiest days of a year: 5th, 50th and 95th
        percentile over years. Nobody has published counts of single days.
    """

    rows: tuple[Row, ...]
    months: tuple[Row, ...]
    highest_days: Floats

    def to_json(self) -> dict[str, Any]:
        """Return everything as ``lastmile validate --json`` prints it."""
        return {
            "rows": [row.to_json() for row in self.rows],
            "months": [row.to_json() for row in self.months],
            "highest_days": {
                name: np.round(values).tolist()
                for name, values in zip(("p5", "p50", "p95"), self.highest_days, strict=True)
            },
        }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _relative(
    topic: str,
    name: str,
    kind: str,
    figures: tuple[float, float],
    unit: str,
    tolerance: float,
    source: str,
) -> Row:
    observed, simulated = figures
    return Row(
        topic,
        name,
        kind,
        observed,
        simulated,
        simulated / observed - 1 if observed else math.nan,
        unit,
        tolerance,
        relative=True,
        source=source,
    )


def _absolute(
    topic: str,
    name: str,
    kind: str,
    figures: tuple[float, float],
    unit: str,
    tolerance: float,
    source: str,
) -> Row:
    observed, simulated = figures
    return Row(
        topic,
        name,
        kind,
        observed,
        simulated,
        simulated - observed,
        unit,
        tolerance,
        relative=False,
        source=source,
    )


def simulate_years(
    inputs: DemandInputs, days: NDArray[np.int64], years: int, generator: np.random.Generator
) -> Floats:
    """Draw whole years of visits, day by day.

    Parameters
    ----------
    inputs
        What to draw from.
    days
        (months, day types) how many such days the year has.
    years
        How many years.
    generator
        Source of randomness.

    Returns
    -------
    NDArray[np.float64]
        (years, entrances, months, day types) visits.
    """
    shape = 1 / inputs.day_cv**2
    visits = np.zeros((years, *inputs.daily_visits.shape))
    for month in range(MONTHS):
        for kind in range(len(DAY_TYPES)):
            size = (years, int(days[month, kind]))
            weather = generator.choice(inputs.weather_factor, p=inputs.weather_share, size=size)
            factor = weather * generator.gamma(shape, 1 / shape, size=size)
            mean = inputs.daily_visits[:, month, kind] / inputs.party_mean
            parties = generator.poisson(factor[:, :, None] * mean)
            # Sizes of n parties: n times the mean, with the spread of n draws.
            people = parties * inputs.party_mean
            spread = np.sqrt(parties * _size_variance(inputs))
            people = np.maximum(people + spread * generator.standard_normal(parties.shape), 0.0)
            visits[:, :, month, kind] = people.sum(axis=1)
    return visits


def _size_variance(inputs: DemandInputs) -> float:
    sizes = np.arange(1, len(inputs.party_share) + 1)
    return float(inputs.party_share @ sizes**2) - inputs.party_mean**2


def validate(parameters: Parameters | None = None, *, with_day: bool = True) -> Validation:
    """Compare the model with what was observed.

    Parameters
    ----------
    parameters
        The models' numbers; the bundled ones where None.
    with_day
        Whether to simulate days of the base, too: that needs streets and timetable and takes
        most of the time.

    Returns
    -------
    Validation
        The comparisons. The same numbers every time: the seed is fixed.
    """
    numbers = parameters or Parameters.bundled()
    generator = np.random.default_rng(SEED)
    calendar = weekday_calendar(COUNT_YEAR)
    of_2015 = load_demand(numbers, ENTRANCES, numbers.value("visits_2015"), centre=False)
    years = simulate_years(of_2015, calendar, YEARS, generator)
    mean = years.mean(axis=0)
    months = tuple(_months(mean, numbers.as_values()))
    rows = [
        *_by_counter(months),
        *_hidden_counts(),
        *_yearly(mean, numbers),
        *_weekends(mean / np.maximum(calendar, 1)),
        *_profiles(of_2015, numbers),
        *_people(of_2015, numbers),
    ]
    if with_day:
        rows += _simulated_days(numbers)
    top = highest_days(
        load_demand(numbers, ENTRANCES, centre=False), calendar, TOP_DAYS, 400, generator
    )
    return Validation(tuple(rows), months, np.percentile(top, [5, 50, 95], axis=0))


# --- counters -----------------------------------------------------------------------------------

_COUNTS = "Metsähallitus counters 2015"


def _months(mean: Floats, values: Mapping[str, float]) -> Iterator[Row]:
    """Compare every sound monthly count with the simulated one."""
    counts = load_counts()
    share = counter_share(counts, values)
    for row, entrance in enumerate(COUNTED):
        simulated = mean[ENTRANCES.index(entrance)].sum(axis=1) * share[entrance]
        for month in range(MONTHS):
            observed = float(counts.monthly[row, month])
            if np.isfinite(observed):
                yield _relative(
                    "monthly visits",
                    f"{entrance} {COUNT_YEAR}-{month + 1:02d}",
                    "fit",
                    (observed, float(simulated[month])),
                    "visits",
                    MONTH_TOLERANCE,
                    _COUNTS,
                )


def _by_counter(months: tuple[Row, ...]) -> Iterator[Row]:
    """Sum the months up: one row a counter, with its worst month as the error."""
    for entrance in COUNTED:
        own = [row for row in months if row.name.startswith(f"{entrance} ")]
        worst = max(own, key=lambda row: abs(row.error))
        yield Row(
            "monthly visits",
            f"{entrance}: worst of {len(own)} months",
            "fit",
            worst.observed,
            worst.simulated,
            worst.error,
            "visits",
            MONTH_TOLERANCE,
            relative=True,
            source=_COUNTS,
        )


def _hidden_counts() -> Iterator[Row]:
    """Hide each sound count in turn and see how well the gap is filled."""
    monthly = load_counts().monthly
    errors = []
    for row, month in np.argwhere(np.isfinite(monthly)):
        hidden = monthly.copy()
        hidden[row, month] = np.nan
        known = np.isfinite(hidden)
        if known[row].any() and known[:, month].any():
            errors.append(fill_gaps(hidden)[row, month] / monthly[row, month] - 1)
    yield Row(
        "monthly visits",
        f"median error of {len(errors)} counts hidden in turn",
        "check",
        math.nan,
        math.nan,
        float(np.median(np.abs(errors))),
        "visits",
        LOOSE_TOLERANCE,
        relative=True,
        source=_COUNTS,
    )


def _yearly(mean: Floats, numbers: Parameters) -> Iterator[Row]:
    """Compare yearly totals: the park's published ones, and the profile model's."""
    yield _relative(
        "yearly visits",
        f"park {COUNT_YEAR}",
        "fit",
        (numbers.value("visits_2015"), float(mean.sum())),
        "visits",
        OTHER_TOLERANCE,
        "between the published 2013 and 2016",
    )
    published = read_table("demand/visits_yearly.csv", columns=("place", "period", "visits"))
    own = published[published["place"].str.startswith("Nuuksio")].set_index("period")["visits"]
    per_visit = float(mean.sum()) / numbers.value("visits_2015")
    for period, level in (("2016", "visits_2015"), ("2023", "visits_year")):
        yield _relative(
            "yearly visits",
            f"park {period}, model at {level}",
            "fit",
            (float(own[period]), per_visit * numbers.value(level)),
            "visits",
            OTHER_TOLERANCE,
            "Metsähallitus",
        )
    counts = load_counts()
    calendar = weekday_calendar(COUNT_YEAR)
    modelled = np.sum(counts.daily() * calendar, axis=(1, 2))
    share = counter_share(counts, numbers.as_values())
    for row, entrance in enumerate(counts.profile_entrances):
        if entrance in share:
            simulated = float(mean[ENTRANCES.index(entrance)].sum() * share[entrance])
            yield _relative(
                "yearly visits",
                f"{entrance}: profile model's year",
                "check",
                (float(modelled[row]), simulated),
                "visits",
                LOOSE_TOLERANCE,
                "profile model, years before 2019",
            )


def _weekends(daily: Floats) -> Iterator[Row]:
    """Compare weekend days with weekdays: pooled (fitted) and by counter (not fitted)."""
    counts = load_counts()
    weight = counts.daily().sum(axis=0)
    pooled = day_type_ratios(counts.daily())
    simulated = daily.sum(axis=0)
    for kind, name in enumerate(DAY_TYPES[1:], start=1):
        observed = float(np.average(pooled[:, kind], weights=weight[:, 0]))
        ratio = float(np.average(simulated[:, kind] / simulated[:, 0], weights=weight[:, 0]))
        yield _relative(
            "weekend to weekday",
            f"{name}, all counters",
            "fit",
            (observed, ratio),
            "ratio",
            OTHER_TOLERANCE,
            "profile model",
        )
    for row, entrance in enumerate(counts.profile_entrances):
        own = counts.daily()[row].sum(axis=0)
        one = daily[ENTRANCES.index(entrance)].sum(axis=0)
        yield _relative(
            "weekend to weekday",
            f"{entrance} alone",
            "check",
            (float(own[1:].mean() / own[0]), float(one[1:].mean() / one[0])),
            "ratio",
            LOOSE_TOLERANCE,
            "profile model",
        )


# --- the shape of the day, and who comes ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Busy:
    """A day of a kind with a given level."""

    month: int
    day_type: str
    visit_level: float | None = BUSY
    weather: str = "fair"
    percentile: float | None = None


def _profiles(inputs: DemandInputs, numbers: Parameters) -> Iterator[Row]:
    """Compare the hours of simulated passings with the profile, worst kind of day a counter."""
    counts = load_counts()
    both_ways = numbers.value("counter_passed_again_share")
    distance: dict[str, list[tuple[float, str]]] = {}
    for row, entrance in enumerate(counts.profile_entrances):
        own = inputs.at([entrance])
        for month in range(1, MONTHS + 1):
            for kind, day_type in enumerate(DAY_TYPES):
                level = PROFILE_VISITS / float(own.daily_visits[0, month - 1, kind])
                day = _Busy(month, day_type, level)
                parties = draw_parties(day, own, Streams(SEED, 3 * month + kind))
                people = parties.size.astype(np.float64)
                come = _by_hour(parties.arrival_s, people)
                leave = _by_hour(parties.arrival_s + parties.stay_s, people)
                passing = come + both_ways * leave
                gap = earth_movers_h(passing, counts.profile[row, month - 1, kind])
                distance.setdefault(entrance, []).append((gap, f"{day_type}s, month {month}"))
    for entrance, gaps in distance.items():
        worst, when = max(gaps)
        yield _absolute(
            "hourly profile",
            f"{entrance}: earth mover's distance, worst ({when})",
            "fit",
            (0.0, worst),
            "h",
            EMD_TOLERANCE_H,
            "profile model",
        )
    busiest = draw_parties(_Busy(9, "sunday"), inputs, Streams(SEED, 99))
    peak = int(np.argmax(_by_hour(busiest.arrival_s, busiest.size.astype(np.float64))))
    yield _absolute(
        "hourly profile",
        "hour in which most arrive, September Sundays",
        "check",
        (11.0, float(peak)),
        "h",
        1.0,
        "message to visitors: busiest at 11-12",
    )


def _by_hour(time_s: Floats, people: Floats) -> Floats:
    hour = np.clip(time_s // 3600, 0, HOURS - 1).astype(np.intp)
    return np.asarray(np.bincount(hour, people, minlength=HOURS), dtype=np.float64)


def _people(inputs: DemandInputs, numbers: Parameters) -> Iterator[Row]:
    """Compare who comes with the surveys."""
    parties = draw_parties(_Busy(9, "sunday"), inputs, Streams(SEED, 98))
    people = parties.size.astype(np.float64)
    survey = "visitor survey 2015-16"
    yield _relative(
        "visitors",
        "mean stay",
        "fit",
        (3.3, float(np.average(parties.stay_s, weights=people)) / 3600),
        "h",
        OTHER_TOLERANCE,
        survey,
    )
    drivers = parties.has_car
    yield _relative(
        "visitors",
        "people in a party with a car",
        "check",
        (numbers.value("car_party_size_mean"), float(parties.size[drivers].mean())),
        "persons",
        OTHER_TOLERANCE + 0.05,
        "2.3-2.8, knowledge",
    )
    groups = load_zones()["visitor_group"].to_numpy()[parties.zone]
    for name, group, observed, source in (
        ("from Helsinki or Espoo", ("helsinki_espoo", "local"), 0.74, "visitor survey 2009-10"),
        ("from abroad", ("foreign",), 0.11, survey),
    ):
        share = float(np.average(np.isin(groups, group), weights=people))
        yield _absolute("visitors", name, "fit", (observed, share), "share", 0.04, source)


# --- simulated days ------------------------------------------------------------------------------

OTHER_DAYS: Final = (
    ("fit", {"month": 7, "day_type": "weekday"}),
    ("check", {"month": 10, "day_type": "saturday"}),
    ("check", {"month": 5, "day_type": "sunday"}),
)
"""Other days: the first helped to choose what another entrance costs, the rest were not used."""


def _simulated_days(numbers: Parameters) -> Iterator[Row]:
    """Compare simulated days with the counters' split: the base's own, and two others."""
    from scenarios.load import load_scenario  # noqa: PLC0415 - needs streets and timetable
    from simulation.base import BASE  # noqa: PLC0415
    from simulation.prepare import prepare  # noqa: PLC0415

    scenario = load_scenario(BASE)
    own = prepare(scenario, numbers)
    full = yield from _one_day(own, "fit", numbers)
    first = max(full, key=lambda name: full[name])
    yield _absolute(
        "car parks",
        f"Haukkalampi fills first and longest (simulated: {first})",
        "check",
        (1.0, float(first == "haukkalampi")),
        "yes/no",
        0.0,
        "nationalparks.fi: overflow is sent to Haltia",
    )
    for kind, change in OTHER_DAYS:
        changes = {f"day.{key}": value for key, value in change.items()}
        yield from _one_day(prepare(scenario.with_changes(changes), numbers), kind, numbers)


def _one_day(
    model: DayModel, kind: str, numbers: Parameters
) -> Generator[Row, None, dict[str, float]]:
    """Compare one kind of day; return how long each entrance's car parks were full, minutes."""
    from simulation.day import run_day  # noqa: PLC0415
    from simulation.kpis import kpis  # noqa: PLC0415

    when = f"{model.day.day_type}s of month {model.day.month}"
    days = [kpis(run_day(model, SEED, day), model) for day in range(DAYS)]

    def total(name: str) -> float:
        return float(np.sum([day.get(name, 0.0) for day in days]))

    visitors = total("visitors")
    targets = dict(zip(GROUPS, mode_targets(numbers.as_values()), strict=True))
    for group, target in targets.items():
        names = ("bus", "shuttle") if group == "bus" else (group,)
        people = sum(
            day["visitors"] * day.get(f"mode_share_{name}", 0.0) for day in days for name in names
        )
        yield _absolute(
            "mode split",
            f"{group}, {when}",
            kind,
            (float(target), float(people) / visitors),
            "share",
            MODE_TOLERANCE,
            "80-90 % by car, knowledge",
        )
    gates = [gate.id for gate in model.entrances]
    mean = load_demand(numbers, gates).daily_visits
    counted = mean[:, model.day.month - 1, DAY_TYPES.index(model.day.day_type)]
    for name, visits in zip(gates, counted, strict=True):
        yield _absolute(
            "entrances",
            f"{name}, {when}",
            kind,
            (float(visits / counted.sum()), total(f"visitors.{name}") / visitors),
            "share",
            ENTRANCE_TOLERANCE,
            _COUNTS if name in COUNTED else "a guess, no counter",
        )
    return {name: total(f"parking_full_min.{name}") / DAYS for name in gates}
