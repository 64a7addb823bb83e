"""The demand tables hold what was published, no more and no less."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lastmile.datasets import read_table
from lastmile.places import Gazetteer
from lastmile.units import great_circle_m

if TYPE_CHECKING:
    import pandas as pd

CITY_POPULATION = {"Helsinki": 684_000, "Espoo": 321_000, "Vantaa": 251_000, "Kauniainen": 10_400}
"""Statistics Finland, population at the end of 2024, to the next thousand."""


@pytest.fixture(scope="module")
def zones() -> pd.DataFrame:
    return read_table("demand/origin_zones.csv")


def test_zones_add_up_to_the_population_of_their_cities(zones: pd.DataFrame) -> None:
    by_city = zones.groupby("municipality")["population"].sum()
    for city, population in CITY_POPULATION.items():
        assert by_city[city] == pytest.approx(population, rel=0.05), city


def test_zones_keep_their_ranges(zones: pd.DataFrame) -> None:
    assert zones["id"].is_unique
    homes = zones[zones["kind"] == "residents"]
    assert (homes["population_low"] < homes["population"]).all()
    assert (homes["population"] < homes["population_high"]).all()
    assert (homes["car_household_share_low"] < homes["car_household_share_high"]).all()
    assert homes["car_household_share_high"].lt(1).all()


def test_tourists_are_a_zone_without_population_or_cars(zones: pd.DataFrame) -> None:
    tourists = zones[zones["kind"] == "tourists"]
    assert tourists["id"].tolist() == ["tourists-helsinki"]
    assert tourists[["population", "car_household_share_low"]].isna().all(axis=None)


def test_visitor_groups_are_those_of_the_survey(zones: pd.DataFrame) -> None:
    in_survey_cities = zones["municipality"].isin(["Helsinki", "Espoo"])
    near = zones["visitor_group"].isin(["helsinki_espoo", "local"])
    assert near.equals(in_survey_cities & (zones["kind"] == "residents"))


@pytest.mark.parametrize("mode", ["transit", "car"])
def test_gateways_are_known_places_on_the_way(zones: pd.DataFrame, mode: str) -> None:
    """The minutes to a gateway are no faster than 90 km/h straight, and no detour of hours."""
    gazetteer = Gazetteer.bundled()
    gated = zones.dropna(subset=[f"{mode}_gateway"])
    assert not gated.empty
    for zone in gated.to_dict("records"):
        place = gazetteer[zone[f"{mode}_gateway"]]
        distance_m = great_circle_m(zone["lat"], zone["lon"], *place.point)
        minutes = zone[f"{mode}_gateway_min"]
        assert distance_m / (minutes * 60) < 25, zone["id"]
        assert minutes <= 45, zone["id"]


def test_counters_are_those_of_the_park() -> None:
    counters = read_table("demand/counters.csv")
    entrances = {place.entrance for place in Gazetteer.bundled().by_kind("park_entrance")}
    assert len(counters) == 9
    assert set(counters["entrance"]) <= entrances
    assert counters["lat"].between(60.24, 60.36).all()


def test_monthly_counts_keep_their_flags_and_gaps() -> None:
    counts = read_table("demand/counts_monthly_2015.csv")
    assert not counts.duplicated(["counter", "month"]).any()
    assert set(counts["month"]) == set(range(1, 13))
    assert set(counts["counter"]) < set(read_table("demand/counters.csv")["counter"])
    flagged = counts[counts["flag"].notna()]
    assert list(zip(flagged["counter"], flagged["month"], strict=True)) == [(912, 3), (149, 11)]
    published = {(149, 10): 19_183, (149, 1): 2_996, (912, 10): 7_718, (1050, 8): 1_662}
    by_cell = counts.set_index(["counter", "month"])["visits"]
    assert {cell: by_cell[cell] for cell in published} == published


def test_hourly_profiles_are_complete_but_for_the_hour_never_logged() -> None:
    profile = read_table("demand/hourly_profile.csv")
    counters, months, day_types = 5, 12, 3
    assert not profile.duplicated(["counter", "month", "day_type", "hour"]).any()
    assert set(profile["hour"]) == set(range(1, 24))
    assert len(profile) == counters * months * day_types * 23
    assert profile["expected_visits"].ge(0).all()


def test_yearly_visits_are_a_figure_or_a_bound() -> None:
    visits = read_table("demand/visits_yearly.csv")
    assert visits[["visits_low", "visits", "visits_high"]].notna().any(axis=1).all()
    nuuksio = visits[visits["place"] == "Nuuksio National Park"].set_index("period")["visits"]
    assert nuuksio["2023"] == 274_400
    assert nuuksio["2016"] == 340_000


@pytest.mark.parametrize("table", ["visitor_facts", "pilots_elsewhere", "visits_yearly"])
def test_every_quoted_fact_names_its_source(table: str) -> None:
    facts = read_table(f"demand/{table}.csv")
    assert facts["source"].notna().all()
    assert set(facts["confidence"]) <= {"low", "medium", "high"}


def test_city_bike_stations_are_those_hsl_published() -> None:
    """457 stations with 8,550 docks, 110 of them with 2,198 docks in Espoo (HSL open data)."""
    stations = read_table("bikes/stations.csv", text=["id"])
    espoo = stations[stations["municipality"] == "Espoo"]
    assert (len(stations), stations["docks"].sum()) == (457, 8550)
    assert (len(espoo), espoo["docks"].sum()) == (110, 2198)
    assert stations["id"].is_unique
    assert stations.set_index("id").loc["026", "name_fi"] == "Kamppi (M)"
    assert stations["lat"].between(60.1, 60.3).all()
    assert stations["lon"].between(24.6, 25.2).all()
