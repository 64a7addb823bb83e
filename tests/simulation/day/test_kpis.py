"""Key figures of small days, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from handmade import PATIENT, make_model, make_parties, make_rides, make_shuttle, result_of

from simulation.eventlog import KINDS, Kind
from simulation.kpis import KPIS, kpis
from simulation.parking import CarPark
from simulation.parties import CAR, SHUTTLE, WALK

HOUR = 3600.0

DESIGN = [
    "visitors",
    "visitors_turned_away",
    "cars_arrived",
    "cars_parked",
    "cars_diverted",
    "cars_roadside",
    "cars_turned_away",
    "parking_full_min",
    "parking_peak_occupancy",
    "search_s_mean",
    "shuttle_boardings",
    "shuttle_left_behind",
    "shuttle_wait_s_mean",
    "shuttle_wait_s_p90",
    "shuttle_load_factor",
    "shuttle_missed_connections",
    "bike_trips",
    "bike_no_bike",
    "bike_no_dock",
    "stranded",
    "mode_share_car",
    "mode_share_bus",
    "mode_share_shuttle",
    "mode_share_bike",
    "mode_share_walk",
    "car_km",
    "co2_kg",
    "operating_cost_eur",
    "fare_revenue_eur",
    "subsidy_per_passenger_eur",
    "generalised_cost_min_mean",
    "consumer_surplus_eur",
    "trail_crowding_peak",
]


def test_every_figure_of_the_public_contract_has_a_definition() -> None:
    assert set(DESIGN) <= set(KPIS)
    assert all(kpi.meaning and kpi.unit for kpi in KPIS.values())


def test_the_page_of_figures_says_what_the_code_says() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "kpis.md").read_text(encoding="utf-8")
    for kpi in KPIS.values():
        row = f"| `{kpi.name}` | {kpi.unit} |"
        assert row in page
        assert kpi.meaning in page


def test_three_cars_and_one_place() -> None:
    """Cars at 10:00, 10:30 and 11:30 stay an hour each: the second finds it full."""
    parties = make_parties([10 * HOUR, 10.5 * HOUR, 11.5 * HOUR], HOUR, size=[2, 3, 4])
    model = make_model([CarPark("lot", 0, 1, fee_eur=5.0)])
    figures = kpis(result_of(model, parties), model)
    expected = {
        "visitors": 6,
        "visitors.gate0": 6,
        "visitors_turned_away": 3,
        "cars_arrived": 3,
        "cars_parked": 2,
        "cars_turned_away": 1,
        "parking_full_min": 120,
        "parking_full_min.gate0": 120,
        "parking_peak_occupancy": 1,
        "trail_crowding_peak": 4,
        "mode_share_car": 1,
        "search_s_mean": 0,
        "parking_revenue_eur": 10,
        "car_km": 3 * 40,
        "co2_kg": 3 * 40 * 160 / 1000,
        "stranded": 0,
    }
    assert {name: figures[name] for name in expected} == expected


def test_what_a_day_cannot_give_is_absent() -> None:
    parties = make_parties([], 1.0)
    model = make_model([])
    figures = kpis(result_of(model, parties), model)
    assert figures["visitors"] == 0
    for name in (
        "search_s_mean",
        "shuttle_wait_s_mean",
        "mode_share_car",
        "subsidy_per_passenger_eur",
        "parking_peak_occupancy",
        "parking_full_min.gate0",
        "generalised_cost_min_mean",
    ):
        assert name not in figures


def shuttle_day() -> tuple[dict[str, float], list[str]]:
    """Departures at 9:00 and 10:00, 4 seats; three parties of 2 for nine o'clock."""
    service = replace(
        make_shuttle([9 * HOUR, 10 * HOUR], seats=4),
        fare_eur=2.0,
        cost_per_hour_eur=50.0,
        cost_per_km_eur=1.0,
        season_days=10,
    )
    parties = make_parties([9.4 * HOUR] * 3, HOUR, size=2)
    parties = replace(parties, draws=np.full_like(parties.draws, 0.5))
    model = make_model([], services=[service], rides={"shuttle": make_rides()})
    result = result_of(model, parties, SHUTTLE)
    return kpis(result, model), [Kind(kind).name for kind in result.events.kind]


def test_a_shuttle_with_too_few_seats() -> None:
    """Everybody comes 4 minutes early; the third party waits an hour longer, but gets home.

    The last vehicles leave the park at 9:20 + 20 min turn = 9:20 and 10:20; nobody is out by
    then: all are stranded.
    """
    figures, kinds = shuttle_day()
    margin = 180.0
    assert figures["visitors"] == 6
    assert figures["shuttle_boardings"] == 6
    assert figures["shuttle_left_behind"] == 2
    assert figures["shuttle_wait_s_mean"] == pytest.approx((2 * margin + margin + HOUR) / 3)
    assert figures["stranded"] == kinds.count("STRANDED") * 2
    assert figures["fare_revenue_eur"] == 12
    hours = 2 * 2400 / HOUR
    km = 4 * 13.0
    cost = hours * 50 + km
    assert figures["vehicle_hours"] == pytest.approx(hours)
    assert figures["vehicle_km"] == pytest.approx(km)
    assert figures["operating_cost_eur"] == pytest.approx(cost)
    assert figures["subsidy_per_passenger_eur"] == pytest.approx((cost - 12) / 6)
    assert figures["break_even_fare_eur"] == pytest.approx(cost / 6)
    assert figures["season_cost_eur"] == pytest.approx(10 * cost)
    assert figures["shuttle_load_factor"] == pytest.approx((4 + 2) / 16)


def test_consumer_surplus_counts_newcomers_by_half() -> None:
    parties = make_parties([HOUR, HOUR], HOUR, size=[1, 2])
    parties = replace(parties, latent=np.array([False, True]))
    model = make_model([CarPark("lot", 0, 5)])
    result = replace(result_of(model, parties), surplus_min=np.array([30.0, 60.0]))
    figures = kpis(result, model)
    assert figures["consumer_surplus_eur"] == pytest.approx((0.5 + 0.5 * 2 * 1.0) * 6.0)


def test_walkers_crowd_the_trails_at_their_entrance() -> None:
    parties = make_parties([HOUR, 1.5 * HOUR, 4 * HOUR], HOUR, size=[3, 4, 5], entrances=2)
    model = make_model([], entrances=2)
    figures = kpis(result_of(model, parties, WALK, [0, 0, 1]), model)
    assert figures["trail_crowding_peak"] == 7
    assert figures["trail_crowding_peak.gate0"] == 7
    assert figures["trail_crowding_peak.gate1"] == 5
    assert figures["mode_share_walk"] == 1


def test_a_car_that_diverts_drives_further() -> None:
    habits = replace(PATIENT, divert_share=1.0, diversions=2)
    parties = make_parties([HOUR, HOUR + 60], HOUR, entrances=2)
    model = make_model([CarPark("a", 0, 1), CarPark("b", 1, 1)], entrances=2, parking=habits)
    figures = kpis(result_of(model, parties, CAR), model)
    assert figures["cars_diverted"] == figures["cars_diverted.gate1"] == 1
    assert figures["cars_arrived"] == 2
    assert figures["cars_arrived.gate1"] == 1
    assert figures["car_km"] == 2 * 40 + 6


def test_the_page_of_the_day_says_what_events_mean() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "simulation.md").read_text("utf-8")
    assert set(KINDS) == set(Kind)
    for kind, meaning in KINDS.items():
        assert f"| `{kind.name.lower()}` | {meaning.place} | {meaning.value} |" in page
