"""Observed against simulated: what the model was fitted to, and what it was not.

Every row says which it is. A *fit* compares the model with numbers it was made from: a large
error would be a fault, a small one proves little. A *check* compares it with something it was
not given: another source, hidden counts, or a day on which car parks fill.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from lastmile.datasets import read_table
from lastmile.messages import Message
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
from simulation.fit import Row, Validation
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


def _row(
    kind: str,
    topic: Message,
    name: Message,
    figures: tuple[float, float],
    unit: Message,
    tolerance: float,
    source: Message,
    *,
    relative: bool = True,
) -> Row:
    """Return the row that sets the simulated figure, the second, beside the observed one."""
    observed, simulated = figures
    error = simulated - observed
    if relative:
        error = error / observed if observed else math.nan
    return Row(topic, name, kind, observed, simulated, error, unit, tolerance, relative, source)


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

_COUNTS: Final = Message("Metsähallitus counters 2015")
_PROFILE: Final = Message("profile model")
_MONTHLY: Final = Message("monthly visits")
_YEARLY: Final = Message("yearly visits")
_WEEKENDS: Final = Message("weekend to weekday")
_HOURS: Final = Message("hourly profile")
_VISITORS: Final = Message("visitors")
_CAR_PARKS: Final = Message("car parks")
_MODES: Final = Message("mode split")
_ENTRANCES: Final = Message("entrances")
_VISITS: Final = Message("visits")
_RATIO: Final = Message("ratio")
_H: Final = Message("h")
_SHARE: Final = Message("share")
_PERSONS: Final = Message("persons")
_YES_NO: Final = Message("yes/no")


def _months(mean: Floats, values: Mapping[str, float]) -> Iterator[Row]:
    """Compare every sound monthly count with the simulated one."""
    counts = load_counts()
    share = counter_share(counts, values)
    for row, entrance in enumerate(COUNTED):
        simulated = mean[ENTRANCES.index(entrance)].sum(axis=1) * share[entrance]
        for month in range(MONTHS):
            observed = float(counts.monthly[row, month])
            if np.isfinite(observed):
                yield _row(
                    "fit",
                    _MONTHLY,
                    Message(
                        "{entrance} {year}-{month:02d}",
                        entrance=entrance,
                        year=COUNT_YEAR,
                        month=month + 1,
                    ),
                    (observed, float(simulated[month])),
                    _VISITS,
                    MONTH_TOLERANCE,
                    _COUNTS,
                )


def _by_counter(months: tuple[Row, ...]) -> Iterator[Row]:
    """Sum the months up: one row a counter, with its worst month as the error."""
    for entrance in COUNTED:
        own = [row for row in months if row.name.startswith(f"{entrance} ")]
        worst = max(own, key=lambda row: abs(row.error))
        name = Message("{entrance}: worst of {count} months", entrance=entrance, count=len(own))
        yield replace(worst, name=name)


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
        _MONTHLY,
        Message("median error of {count} counts hidden in turn", count=len(errors)),
        "check",
        math.nan,
        math.nan,
        float(np.median(np.abs(errors))),
        _VISITS,
        LOOSE_TOLERANCE,
        relative=True,
        source=_COUNTS,
    )


def _yearly(mean: Floats, numbers: Parameters) -> Iterator[Row]:
    """Compare yearly totals: the park's published ones, and the profile model's."""
    yield _row(
        "fit",
        _YEARLY,
        Message("park {year}", year=COUNT_YEAR),
        (numbers.value("visits_2015"), float(mean.sum())),
        _VISITS,
        OTHER_TOLERANCE,
        Message("between the published 2013 and 2016"),
    )
    published = read_table("demand/visits_yearly.csv", columns=("place", "period", "visits"))
    own = published[published["place"].str.startswith("Nuuksio")].set_index("period")["visits"]
    per_visit = float(mean.sum()) / numbers.value("visits_2015")
    for period, level in (("2016", "visits_2015"), ("2023", "visits_year")):
        yield _row(
            "fit",
            _YEARLY,
            Message("park {year}, model at {level}", year=period, level=level),
            (float(own[period]), per_visit * numbers.value(level)),
            _VISITS,
            OTHER_TOLERANCE,
            Message("Metsähallitus"),
        )
    counts = load_counts()
    calendar = weekday_calendar(COUNT_YEAR)
    modelled = np.sum(counts.daily() * calendar, axis=(1, 2))
    share = counter_share(counts, numbers.as_values())
    for row, entrance in enumerate(counts.profile_entrances):
        if entrance in share:
            simulated = float(mean[ENTRANCES.index(entrance)].sum() * share[entrance])
            yield _row(
                "check",
                _YEARLY,
                Message("{entrance}: profile model's year", entrance=entrance),
                (float(modelled[row]), simulated),
                _VISITS,
                LOOSE_TOLERANCE,
                Message("profile model, years before 2019"),
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
        yield _row(
            "fit",
            _WEEKENDS,
            Message("{day_type}, all counters", day_type=name),
            (observed, ratio),
            _RATIO,
            OTHER_TOLERANCE,
            _PROFILE,
        )
    for row, entrance in enumerate(counts.profile_entrances):
        own = counts.daily()[row].sum(axis=0)
        one = daily[ENTRANCES.index(entrance)].sum(axis=0)
        yield _row(
            "check",
            _WEEKENDS,
            Message("{entrance} alone", entrance=entrance),
            (float(own[1:].mean() / own[0]), float(one[1:].mean() / one[0])),
            _RATIO,
            LOOSE_TOLERANCE,
            _PROFILE,
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
    distance: dict[str, list[tuple[float, str, int]]] = {}
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
                distance.setdefault(entrance, []).append((gap, day_type, month))
    for entrance, gaps in distance.items():
        worst, day_type, month = max(gaps)
        yield _row(
            "fit",
            _HOURS,
            Message(
                "{entrance}: earth mover's distance, worst ({day_type}s, month {month})",
                entrance=entrance,
                day_type=day_type,
                month=month,
            ),
            (0.0, worst),
            _H,
            EMD_TOLERANCE_H,
            _PROFILE,
            relative=False,
        )
    busiest = draw_parties(_Busy(9, "sunday"), inputs, Streams(SEED, 99))
    peak = int(np.argmax(_by_hour(busiest.arrival_s, busiest.size.astype(np.float64))))
    yield _row(
        "check",
        _HOURS,
        Message("hour in which most arrive, September Sundays"),
        (11.0, float(peak)),
        _H,
        1.0,
        Message("message to visitors: busiest at 11-12"),
        relative=False,
    )


def _by_hour(time_s: Floats, people: Floats) -> Floats:
    hour = np.clip(time_s // 3600, 0, HOURS - 1).astype(np.intp)
    return np.asarray(np.bincount(hour, people, minlength=HOURS), dtype=np.float64)


def _people(inputs: DemandInputs, numbers: Parameters) -> Iterator[Row]:
    """Compare who comes with the surveys."""
    parties = draw_parties(_Busy(9, "sunday"), inputs, Streams(SEED, 98))
    people = parties.size.astype(np.float64)
    survey = Message("visitor survey 2015-16")
    yield _row(
        "fit",
        _VISITORS,
        Message("mean stay"),
        (3.3, float(np.average(parties.stay_s, weights=people)) / 3600),
        _H,
        OTHER_TOLERANCE,
        survey,
    )
    drivers = parties.has_car
    yield _row(
        "check",
        _VISITORS,
        Message("people in a party with a car"),
        (numbers.value("car_party_size_mean"), float(parties.size[drivers].mean())),
        _PERSONS,
        OTHER_TOLERANCE + 0.05,
        Message("2.3-2.8, knowledge"),
    )
    groups = load_zones()["visitor_group"].to_numpy()[parties.zone]
    for name, group, observed, source in (
        (
            Message("from Helsinki or Espoo"),
            ("helsinki_espoo", "local"),
            0.74,
            Message("visitor survey 2009-10"),
        ),
        (Message("from abroad"), ("foreign",), 0.11, survey),
    ):
        share = float(np.average(np.isin(groups, group), weights=people))
        yield _row("fit", _VISITORS, name, (observed, share), _SHARE, 0.04, source, relative=False)


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
    yield _row(
        "check",
        _CAR_PARKS,
        Message("Haukkalampi fills first and longest (simulated: {entrance})", entrance=first),
        (1.0, float(first == "haukkalampi")),
        _YES_NO,
        0.0,
        Message("nationalparks.fi: overflow is sent to Haltia"),
        relative=False,
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

    when = {"day_type": model.day.day_type, "month": model.day.month}
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
        yield _row(
            kind,
            _MODES,
            Message("{group}, {day_type}s of month {month}", group=group, **when),
            (float(target), float(people) / visitors),
            _SHARE,
            MODE_TOLERANCE,
            Message("80-90 % by car, knowledge"),
            relative=False,
        )
    gates = [gate.id for gate in model.entrances]
    mean = load_demand(numbers, gates).daily_visits
    counted = mean[:, model.day.month - 1, DAY_TYPES.index(model.day.day_type)]
    for name, visits in zip(gates, counted, strict=True):
        yield _row(
            kind,
            _ENTRANCES,
            Message("{entrance}, {day_type}s of month {month}", entrance=name, **when),
            (float(visits / counted.sum()), total(f"visitors.{name}") / visitors),
            _SHARE,
            ENTRANCE_TOLERANCE,
            _COUNTS if name in COUNTED else Message("a guess, no counter"),
            relative=False,
        )
    return {name: total(f"parking_full_min.{name}") / DAYS for name in gates}
