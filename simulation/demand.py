"""How many come on a day, when, from where and in what parties.

A day's visits at an entrance have a mean by month and kind of day, times a factor for the
weather, times a gamma factor common to the whole park: a negative binomial number of parties,
more scattered than Poisson, as counts of outdoor recreation are. Everything random about a party
is drawn here, so that two scenarios with the same seed meet the same people.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from scipy import optimize, stats

from lastmile.errors import ScenarioError
from lastmile.messages import Message
from simulation.choice import LATENT_POOL, draw_taste
from simulation.counts import DAY_TYPES, HOURS, MONTHS
from simulation.parties import DRAWS, Parties

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulation.rng import Streams

WEATHER: Final = ("good", "fair", "poor")
_SECONDS_PER_HOUR = 3600
_PERCENT = 100.0


class DayLike(Protocol):
    """The day a scenario asks for (`scenarios.schema.Day`)."""

    @property
    def month(self) -> int:
        """1 to 12."""

    @property
    def day_type(self) -> str:
        """One of `DAY_TYPES`."""

    @property
    def weather(self) -> str:
        """One of `WEATHER`."""

    @property
    def visit_level(self) -> float | None:
        """Factor on the mean of such days; None draws it."""

    @property
    def percentile(self) -> float | None:
        """Busier than this per cent of such days; None draws the level."""


@dataclass(frozen=True, slots=True)
class DemandInputs:
    """What a day's visitors are drawn from.

    Attributes
    ----------
    entrances
        Names, in the order of every array here.
    daily_visits
        (entrances, months, day types) mean visits a day, any weather.
    arrival_share
        (entrances, months, day types, hours) share of the arrivals by local hour.
    weather_share
        (3,) share of days by weather, in the order of `WEATHER`.
    weather_factor
        (3,) visits against the mean day of the kind; the shares' mean is 1.
    day_cv
        Coefficient of variation of a day's visits in given weather, beyond chance.
    party_share
        (k,) share of parties of 1, 2, ... k people.
    stay_mean_h, stay_cv
        Mean and coefficient of variation of the stay (gamma).
    zones
        Names of the origin zones.
    zone_share
        (zones,) share of the parties.
    car_at_hand
        (zones,) share of the parties with a car to use.
    nest_scale
        Similarity of tastes within a nest (`simulation.choice`).
    """

    entrances: tuple[str, ...]
    daily_visits: NDArray[np.float64]
    arrival_share: NDArray[np.float64]
    weather_share: NDArray[np.float64]
    weather_factor: NDArray[np.float64]
    day_cv: float
    party_share: NDArray[np.float64]
    stay_mean_h: float
    stay_cv: float
    zones: tuple[str, ...]
    zone_share: NDArray[np.float64]
    car_at_hand: NDArray[np.float64]
    nest_scale: float

    def at(self, entrances: Sequence[str]) -> DemandInputs:
        """Return the demand of some entrances only, in the order given.

        Raises
        ------
        ScenarioError
            If nothing is known of the visits at one of them.
        """
        unknown = sorted(set(entrances) - set(self.entrances))
        if unknown:
            known = ", ".join(self.entrances)
            raise ScenarioError(
                Message(
                    "no visits are known at {unknown}; entrances with counts: {known}",
                    unknown=", ".join(unknown),
                    known=known,
                )
            )
        rows = [self.entrances.index(name) for name in entrances]
        return replace(
            self,
            entrances=tuple(entrances),
            daily_visits=self.daily_visits[rows],
            arrival_share=self.arrival_share[rows],
        )

    @property
    def party_mean(self) -> float:
        """Mean number of people in a party."""
        return float(self.party_share @ np.arange(1, len(self.party_share) + 1))

    def day_factor_quantile(self, share: float) -> float:
        """Return the factor that a share of days stays below, any weather.

        Parameters
        ----------
        share
            Between 0 and 1, both excluded.
        """
        shape = 1 / self.day_cv**2
        scale = self.weather_factor / shape

        def below(factor: float) -> float:
            return float(self.weather_share @ stats.gamma.cdf(factor, shape, scale=scale)) - share

        upper = float(np.max(stats.gamma.ppf(max(share, 0.5), shape, scale=scale))) + 1
        return float(optimize.brentq(below, 0.0, upper))


def day_factor(day: DayLike, inputs: DemandInputs, uniform: float) -> float:
    """Return how busy the day is against the mean of its month and kind.

    Parameters
    ----------
    day
        Its weather, level or percentile.
    inputs
        Spread of the days.
    uniform
        A uniform number on (0, 1) for the day's own luck.

    Returns
    -------
    float
        `visit_level` where the day gives one; the quantile over days of any weather where it
        gives a percentile; else the weather's factor times a gamma number of mean 1.
    """
    if day.visit_level is not None:
        return day.visit_level
    if day.percentile is not None:
        return inputs.day_factor_quantile(day.percentile / _PERCENT)
    shape = 1 / inputs.day_cv**2
    weather = inputs.weather_factor[WEATHER.index(day.weather)]
    return float(weather * stats.gamma.ppf(uniform, shape, scale=1 / shape))


def mean_visits(day: DayLike, inputs: DemandInputs) -> NDArray[np.float64]:
    """Return the mean visits of such a day at each entrance, any weather, shape (entrances,)."""
    return np.asarray(inputs.daily_visits[:, day.month - 1, DAY_TYPES.index(day.day_type)])


def draw_parties(day: DayLike, inputs: DemandInputs, streams: Streams) -> Parties:
    """Draw a day's potential visitors.

    Parameters
    ----------
    day
        Month, kind of day, weather and level.
    inputs
        What to draw from.
    streams
        The replication's random streams; ``demand`` says how many, ``parties`` who they are,
        ``taste`` what they like, and ``latent`` all of those who come only when it is less
        crowded than in the base.

    Returns
    -------
    Parties
        Ordinary and latent parties, sorted by arrival; none on an empty day.
    """
    numbers = streams.generator("demand")
    factor = day_factor(day, inputs, float(numbers.uniform()))
    expected = mean_visits(day, inputs) * factor / inputs.party_mean
    drawn = stats.poisson.ppf(numbers.uniform(size=len(expected)), expected)
    ordinary = np.asarray(np.nan_to_num(drawn), dtype=np.int64)
    latent = np.rint(LATENT_POOL * ordinary).astype(np.int64)
    taste = streams.generator("taste")
    parties = streams.generator("parties")
    others = streams.generator("latent")
    groups = [
        _describe(day, inputs, ordinary, parties, taste, latent=False),
        _describe(day, inputs, latent, others, others, latent=True),
    ]
    return merge(groups)


def _describe(
    day: DayLike,
    inputs: DemandInputs,
    numbers: NDArray[np.int64],
    generator: np.random.Generator,
    taste: np.random.Generator,
    *,
    latent: bool,
) -> Parties:
    """Draw who the parties are, `numbers` of them at each entrance."""
    count = int(numbers.sum())
    home = np.repeat(np.arange(len(numbers)), numbers)
    kind = (day.month - 1, DAY_TYPES.index(day.day_type))
    cumulative = np.cumsum(inputs.arrival_share[:, kind[0], kind[1], :], axis=1)
    position = generator.uniform(size=count)
    hour = np.minimum((position[:, None] >= cumulative[home]).sum(axis=1), HOURS - 1)
    arrival_s = (hour + generator.uniform(size=count)) * _SECONDS_PER_HOUR
    sizes = np.arange(1, len(inputs.party_share) + 1)
    shape = 1 / inputs.stay_cv**2
    stay_h = generator.gamma(shape, inputs.stay_mean_h / shape, size=count)
    zone = generator.choice(len(inputs.zones), size=count, p=inputs.zone_share)
    order = np.argsort(arrival_s, kind="stable")
    size = generator.choice(sizes, size=count, p=inputs.party_share)
    has_car = generator.uniform(size=count) < inputs.car_at_hand[zone]
    draws = generator.uniform(size=(count, len(DRAWS)))
    tastes = draw_taste(taste, count, len(inputs.entrances), inputs.nest_scale)
    return Parties(
        arrival_s=arrival_s[order],
        size=size[order].astype(np.int16),
        zone=zone[order].astype(np.int16),
        home_entrance=home[order].astype(np.int16),
        stay_s=stay_h[order] * _SECONDS_PER_HOUR,
        has_car=has_car[order],
        latent=np.full(count, latent),
        draws=draws[order],
        taste=tastes[order],
    )


def merge(groups: Sequence[Parties], *, ordinary: bool = False) -> Parties:
    """Join groups of parties into one, sorted by arrival; only ordinary ones if asked to."""
    arrival_s = np.concatenate([group.arrival_s for group in groups])
    order = np.argsort(arrival_s, kind="stable")
    if ordinary:
        order = order[~np.concatenate([group.latent for group in groups])[order]]
    columns = {
        name: np.concatenate([getattr(group, name) for group in groups])[order]
        for name in Parties.__slots__
    }
    return Parties(**columns)


def highest_days(
    inputs: DemandInputs,
    days: NDArray[np.int64],
    top: int,
    years: int,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Return the visits of the busiest days of simulated years.

    Parameters
    ----------
    inputs
        What to draw from.
    days
        (months, day types) how many such days the year has.
    top
        How many of the busiest days of each year.
    years
        How many years.
    generator
        Source of randomness.

    Returns
    -------
    NDArray[np.float64]
        (years, top) visits of the whole park, busiest first.
    """
    shape = 1 / inputs.day_cv**2
    means = np.repeat(inputs.daily_visits.sum(axis=0).ravel(), days.ravel())
    weather = generator.choice(
        inputs.weather_factor, p=inputs.weather_share, size=(years, len(means))
    )
    factor = weather * generator.gamma(shape, 1 / shape, size=(years, len(means)))
    parties = generator.poisson(means * factor / inputs.party_mean)
    visits = parties * inputs.party_mean
    return np.asarray(-np.sort(-visits, axis=1)[:, :top], dtype=np.float64)


def weekday_calendar(year: int) -> NDArray[np.int64]:
    """Return how many weekdays, Saturdays and Sundays each month of a year has, (12, 3)."""
    first = np.datetime64(f"{year}-01-01")
    dates = np.arange(first, np.datetime64(f"{year + 1}-01-01"))
    months = dates.astype("datetime64[M]").astype(np.int64) % MONTHS
    # 1970-01-01 was a Thursday: shift so that Monday is 0.
    weekday = (dates.astype(np.int64) + 3) % 7
    kind = np.clip(weekday - 4, 0, 2)
    table = np.zeros((MONTHS, len(DAY_TYPES)), dtype=np.int64)
    np.add.at(table, (months, kind), 1)
    return table
