"""From counters, surveys and population to the mean visits of a day at every entrance.

The counters give each entrance its months, the profile model gives the kinds of day and the
hours, the published total of the park gives the level. What no counter sees is the total less
what the counters saw; its share at the entrances without a counter is a guess with a range.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

from lastmile.datasets import read_table
from lastmile.units import great_circle_m
from simulation.counts import (
    DAY_TYPES,
    HOURS,
    MONTHS,
    arrivals_behind,
    day_type_ratios,
    fill_gaps,
    leaving_matrix,
    split_month,
)
from simulation.demand import DemandInputs, weekday_calendar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from lastmile.parameters import Parameters

COUNT_YEAR: Final = 2015
PARK_CENTRE: Final = (60.3092, 24.5143)
"""Haukkalampi, the most visited place: distances of the origin zones are taken to it."""

COUNTED: Final = (
    "haltia",
    "haukkalampi",
    "kattila",
    "veikkola",
    "saarilampi",
    "takala",
    "matalajarvi",
)
"""Entrances with a counter in 2015."""

LIKE_VEIKKOLA: Final = "siikaranta"
"""Its counter came later; the profile model puts it level with Veikkola."""

SMALL: Final = ("kolmoislampi", "hogbacka")
ELSEWHERE: Final = "elsewhere"
"""Salmi, Mustakorvi, Siikaniemi and the other ways in that no counter sees."""

ENTRANCES: Final = (*COUNTED, LIKE_VEIKKOLA, *SMALL, ELSEWHERE)

CAR_PARK_ENTRANCES: Final = (
    "haltia",
    "haukkalampi",
    "kattila",
    "siikaranta",
    "kolmoislampi",
    "hogbacka",
)
"""Entrances whose car parks have a known or estimated size."""

PROFILE_OF: Final = {
    "haukkalampi": "haltia",
    "kolmoislampi": "haltia",
    "hogbacka": "kattila",
    "saarilampi": "veikkola",
    "matalajarvi": "veikkola",
    ELSEWHERE: "veikkola",
}
"""Whose hourly profile stands in where the entrance's own counter has none."""

LARGEST_PARTY: Final = 10
_WITHIN_2_TO_5 = 0.45
_ABOVE_5 = 0.5
_PER_KM = 1 / 1000


@dataclass(frozen=True, slots=True)
class Counts:
    """The counters' tables.

    Attributes
    ----------
    entrances
        Entrance of each counter, in the order of the rows.
    monthly
        (counters, months) counts of 2015; nan where missing or flagged as a fault.
    profile
        (entrances of `profile_entrances`, months, day types, hours) passings an hour.
    profile_entrances
        Entrances with an hourly profile.
    """

    entrances: tuple[str, ...]
    monthly: NDArray[np.float64]
    profile: NDArray[np.float64]
    profile_entrances: tuple[str, ...]

    def row(self, entrance: str) -> NDArray[np.float64]:
        """Return the monthly counts of one entrance, nan where there are none."""
        return np.asarray(self.monthly[self.entrances.index(entrance)])

    def daily(self) -> NDArray[np.float64]:
        """Return the profile model's passings a day, (entrances, months, day types)."""
        return np.asarray(self.profile.sum(axis=3))

    def profile_for(self, entrance: str) -> NDArray[np.float64]:
        """Return the hourly profile that stands for an entrance, (months, day types, hours)."""
        name = PROFILE_OF.get(entrance, entrance)
        return np.asarray(self.profile[self.profile_entrances.index(name)])


@lru_cache(maxsize=1)
def load_counts() -> Counts:
    """Return the bundled counter tables.

    Raises
    ------
    DataError
        If a table is missing or damaged.
    """
    counters = read_table("demand/counters.csv", columns=("counter", "entrance"))
    entrance_of = dict(zip(counters["counter"], counters["entrance"], strict=True))
    counts = read_table(
        "demand/counts_monthly_2015.csv", columns=("counter", "month", "visits", "flag")
    )
    sound = counts[counts["flag"].isna()]
    monthly = np.full((len(COUNTED), MONTHS), np.nan)
    for counter, month, visits in zip(
        sound["counter"], sound["month"], sound["visits"], strict=True
    ):
        monthly[COUNTED.index(entrance_of[counter]), month - 1] = visits
    hourly = read_table(
        "demand/hourly_profile.csv",
        columns=("counter", "month", "day_type", "hour", "expected_visits"),
    )
    names = tuple(entrance_of[counter] for counter in hourly["counter"].unique())
    return Counts(COUNTED, monthly, _profile(hourly, entrance_of, names), names)


def _profile(
    hourly: pd.DataFrame, entrance_of: Mapping[int, str], names: tuple[str, ...]
) -> NDArray[np.float64]:
    """Return the hourly profile as an array; hours the table leaves out have no passings."""
    profile = np.zeros((len(names), MONTHS, len(DAY_TYPES), HOURS))
    rows = hourly["counter"].map(lambda counter: names.index(entrance_of[counter]))
    kinds = hourly["day_type"].map(DAY_TYPES.index)
    profile[rows, hourly["month"] - 1, kinds, hourly["hour"]] = hourly["expected_visits"]
    return profile


def monthly_visits_2015(counts: Counts, parameters: Mapping[str, float]) -> NDArray[np.float64]:
    """Return the visits of 2015 at every entrance.

    Parameters
    ----------
    counts
        The counters' tables.
    parameters
        ``visits_2015``, ``haltia_uncounted_share`` and ``small_entrance_uncounted_share``.

    Returns
    -------
    NDArray[np.float64]
        (len(ENTRANCES), months); they sum to ``visits_2015``.
    """
    counted = fill_gaps(counts.monthly)
    daily = counts.daily()
    calendar = weekday_calendar(COUNT_YEAR)
    yearly = dict(zip(counts.profile_entrances, np.sum(daily * calendar, axis=(1, 2)), strict=True))
    like_veikkola = counted[COUNTED.index("veikkola")] * (
        yearly[LIKE_VEIKKOLA] / yearly["veikkola"]
    )
    season = counted.sum(axis=0) / counted.sum()
    seen = counted.sum() + like_veikkola.sum()
    unseen = max(parameters["visits_2015"] - seen, 0.0)
    haltia = parameters["haltia_uncounted_share"]
    small = parameters["small_entrance_uncounted_share"]
    visits = dict(zip(COUNTED, counted, strict=True))
    own = visits["haltia"] / visits["haltia"].sum()
    visits["haltia"] = visits["haltia"] + unseen * haltia * own
    visits[LIKE_VEIKKOLA] = like_veikkola
    for name in SMALL:
        visits[name] = unseen * small * season
    visits[ELSEWHERE] = unseen * max(1 - haltia - small * len(SMALL), 0.0) * season
    table = np.stack([visits[name] for name in ENTRANCES])
    return np.asarray(table * (parameters["visits_2015"] / table.sum()))


def counter_share(counts: Counts, parameters: Mapping[str, float]) -> dict[str, float]:
    """Return how many passings a counter saw for each visit at its entrance, over 2015."""
    visits = monthly_visits_2015(counts, parameters).sum(axis=1)
    counted = fill_gaps(counts.monthly).sum(axis=1)
    return {
        name: float(counted[row] / visits[ENTRANCES.index(name)])
        for row, name in enumerate(COUNTED)
    }


def party_shares(parameters: Mapping[str, float]) -> NDArray[np.float64]:
    """Return the share of parties of 1, 2, ..., `LARGEST_PARTY` people.

    The survey gives the share of parties of two to five; how many go alone is a guess; within
    each class the shares fall geometrically.
    """
    alone = parameters["party_alone_share"]
    usual = min(parameters["party_2_to_5_share"], 1 - alone)
    middle = _WITHIN_2_TO_5 ** np.arange(4)
    large = _ABOVE_5 ** np.arange(LARGEST_PARTY - 5)
    return np.concatenate(
        [
            [alone],
            usual * middle / middle.sum(),
            (1 - alone - usual) * large / large.sum(),
        ]
    )


def zone_shares(
    zones: pd.DataFrame, parameters: Mapping[str, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where parties come from and how many have a car at hand.

    Parameters
    ----------
    zones
        The table of origin zones.
    parameters
        Survey shares, distance decay and car ownership of visitors.

    Returns
    -------
    share, car_at_hand
        (zones,) each. Residents of Helsinki and Espoo, people from abroad, and people within
        walking distance each have their share; the neighbouring towns have the rest; within
        a group a zone weighs its population times exp(-decay * distance).
    """
    distance_km = np.array(
        [
            great_circle_m(lat, lon, *PARK_CENTRE) * _PER_KM
            for lat, lon in zip(zones["lat"], zones["lon"], strict=True)
        ]
    )
    decay = np.exp(-parameters["visit_distance_decay_km"] * distance_km)
    weight = zones["population"].fillna(1.0).to_numpy(dtype=float) * decay
    near, abroad = parameters["helsinki_espoo_visitor_share"], parameters["foreign_visitor_share"]
    local = parameters["local_visitor_share"]
    group_share = {"helsinki_espoo": max(near - local, 0.0), "foreign": abroad, "local": local}
    group_share["neighbours"] = max(1 - near - abroad, 0.0)
    share = np.zeros(len(zones))
    for group, size in group_share.items():
        members = (zones["visitor_group"] == group).to_numpy()
        share[members] = size * weight[members] / weight[members].sum()
    owners = zones[["car_household_share_low", "car_household_share_high"]].mean(axis=1)
    odds = owners / (1 - owners) * parameters["car_owner_visit_odds"]
    cars = (odds / (1 + odds)).fillna(parameters["foreign_car_share"])
    return share / share.sum(), cars.to_numpy(dtype=float)


def weather(parameters: Mapping[str, float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the share of days and the factor on visits by weather: good, fair, poor.

    Fair days have the factor that makes the mean day 1.
    """
    share = np.array([parameters["weather_good_share"], 0.0, parameters["weather_rain_share"]])
    share[1] = 1 - share.sum()
    factor = np.array(
        [parameters["visits_good_weather_factor"], 0.0, parameters["visits_rain_factor"]]
    )
    factor[1] = (1 - share @ factor) / share[1]
    return share, factor


def spread_in_given_weather(
    total_cv: float, share: NDArray[np.float64], factor: NDArray[np.float64]
) -> float:
    """Return the coefficient of variation left when the weather is known.

    With a weather factor W of mean 1 and an independent factor G of mean 1,
    1 + cv(WG)^2 = E[W^2] (1 + cv(G)^2). Never below a tenth of the total.
    """
    squared = (1 + total_cv**2) / float(share @ factor**2) - 1
    return float(np.sqrt(max(squared, (total_cv / 10) ** 2)))


def load_demand(
    parameters: Parameters,
    entrances: Sequence[str] = CAR_PARK_ENTRANCES,
    visits_year: float | None = None,
    *,
    centre: bool = True,
) -> DemandInputs:
    """Build the demand from the bundled tables.

    Parameters
    ----------
    parameters
        The models' numbers, as the scenario has them.
    entrances
        Which entrances, in which order.
    visits_year
        Visits of the whole park in a year; the parameter ``visits_year`` where None.
    centre
        Whether those who come to the nature centre at Haltia alone are among the visitors
        there: they fill its car park, but are no visits to the park.

    Returns
    -------
    DemandInputs
        What `simulation.demand.draw_parties` draws from.

    Raises
    ------
    DataError
        If a table is missing or damaged.
    ScenarioError
        If nothing is known of one of the entrances.
    """
    values = parameters.as_values()
    counts = load_counts()
    total = monthly_visits_2015(counts, values)
    level = values["visits_year"] if visits_year is None else visits_year
    total = total * (level / values["visits_2015"])
    if centre:
        only = values["haltia_centre_visits_year"] * values["haltia_centre_only_share"]
        total[ENTRANCES.index("haltia")] += only * total.sum(axis=0) / total.sum()
    daily = split_month(total, day_type_ratios(counts.daily()), weekday_calendar(COUNT_YEAR))
    stay_h = values["stay_mean_s"] / 3600
    shape = 1 / values["stay_cv"] ** 2
    survival = stats.gamma.sf(np.arange(HOURS + 1), shape, scale=stay_h / shape)
    leaving = leaving_matrix(survival)
    both_ways = values["counter_passed_again_share"]
    arrivals = {
        name: np.apply_along_axis(arrivals_behind, 2, counts.profile_for(name), leaving, both_ways)
        for name in counts.profile_entrances
    }
    share, factor = weather(values)
    zones = load_zones()
    zone_share, cars = zone_shares(zones, values)
    everywhere = DemandInputs(
        entrances=ENTRANCES,
        daily_visits=daily,
        arrival_share=np.stack([arrivals[PROFILE_OF.get(name, name)] for name in ENTRANCES]),
        weather_share=share,
        weather_factor=factor,
        day_cv=spread_in_given_weather(values["visits_day_cv"], share, factor),
        party_share=party_shares(values),
        stay_mean_h=stay_h,
        stay_cv=values["stay_cv"],
        zones=tuple(zones["id"]),
        zone_share=zone_share,
        car_at_hand=cars,
        nest_scale=values["choice_nest_scale"],
    )
    return everywhere.at(entrances)


@lru_cache(maxsize=1)
def load_zones() -> pd.DataFrame:
    """Return the bundled table of origin zones; callers must not change it."""
    return read_table(
        "demand/origin_zones.csv",
        columns=("id", "lat", "lon", "population", "visitor_group", "zone"),
    )
