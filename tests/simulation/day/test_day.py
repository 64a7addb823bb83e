"""What happens to people on one day, told case by case; and the same day always the same."""

from __future__ import annotations

import math
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from handmade import (
    PATIENT,
    choose_all,
    make_model,
    make_parties,
    make_rides,
    make_shuttle,
    run,
)

from lastmile.errors import RequestError
from simulation.bikeshare import BikeShare
from simulation.day import simulate_day
from simulation.eventlog import EventLog, Kind
from simulation.model import DayModel, Habits
from simulation.parking import CarPark
from simulation.parties import BUS, CAR, CITYBIKE, SHUTTLE, STAYS_AWAY, WALK, Parties
from simulation.rng import Streams

HOUR = 3600.0


def kinds(events: EventLog, party: int) -> list[str]:
    """Return what happened to a party, in words."""
    return [Kind(kind).name for kind in events.kind[events.party == party]]


# --- cars


def test_a_queueing_car_takes_the_place_of_the_one_that_leaves() -> None:
    habits = replace(PATIENT, queue_share=1.0)
    parties = make_parties([HOUR, 1.5 * HOUR], HOUR)
    events = run(make_model([CarPark("lot", 0, 1)], queue=1, parking=habits), parties)
    assert kinds(events, 1)[:4] == ["SETS_OUT", "CAR_ARRIVES", "CAR_QUEUES", "CAR_PARKS"]
    parked = events.of(Kind.CAR_PARKS)
    assert parked.time_s.tolist() == [HOUR, 2 * HOUR]
    assert parked.value.tolist() == [0, 0.5 * HOUR]


def test_a_full_queue_turns_cars_to_the_roadside_then_away() -> None:
    habits = replace(PATIENT, queue_share=1.0, roadside_share=1.0)
    parties = make_parties([HOUR, HOUR + 1, HOUR + 2, HOUR + 3], HOUR)
    model = make_model([CarPark("lot", 0, 1)], queue=1, roadside=1, parking=habits)
    events = run(model, parties)
    assert "CAR_PARKS" in kinds(events, 1)
    assert "CAR_ROADSIDE" in kinds(events, 2)
    assert kinds(events, 3)[-2:] == ["CAR_TURNED_AWAY", "TURNED_AWAY"]


def test_the_queue_is_sent_away_when_the_car_park_closes() -> None:
    habits = replace(PATIENT, queue_share=1.0)
    parties = make_parties([HOUR, 1.5 * HOUR], 5 * HOUR)
    lots = [CarPark("lot", 0, 1, closes_s=2 * HOUR)]
    events = run(make_model(lots, queue=3, parking=habits), parties)
    reneged = events.of(Kind.CAR_RENEGES)
    assert reneged.time_s.tolist() == [2 * HOUR]
    assert reneged.value.tolist() == [0.5 * HOUR]


def test_a_closed_car_park_is_neither_used_nor_searched() -> None:
    habits = replace(PATIENT, search_s=300.0)
    lots = [CarPark("a", 0, 1, opens_s=9 * HOUR), CarPark("b", 0, 1, closes_s=8.5 * HOUR)]
    parties = make_parties([8 * HOUR, 8 * HOUR + 1, 8.8 * HOUR], 3 * HOUR)
    events = run(make_model(lots, parking=habits), parties)
    assert events.of(Kind.CAR_PARKS).place.tolist() == [1]
    assert events.of(Kind.CAR_SEARCHES).party.tolist() == [1]
    assert kinds(events, 2)[-1] == "TURNED_AWAY"


def test_a_car_takes_the_next_car_park_without_a_search() -> None:
    habits = replace(PATIENT, search_s=300.0)
    parties = make_parties([8 * HOUR, 8 * HOUR + 1, 8 * HOUR + 2], 3 * HOUR)
    events = run(make_model([CarPark("a", 0, 1), CarPark("b", 0, 1)], parking=habits), parties)
    assert events.of(Kind.CAR_PARKS).place.tolist() == [0, 1]
    assert events.of(Kind.CAR_SEARCHES).party.tolist() == [2]


def test_cars_try_the_nearest_other_entrance_first() -> None:
    habits = replace(PATIENT, divert_share=1.0, diversions=2)
    lots = [CarPark("a", 0, 1), CarPark("b", 1, 1), CarPark("c", 2, 1)]
    model = make_model(lots, entrances=3, parking=habits)
    apart = np.array([[0.0, 900.0, 300.0], [900.0, 0.0, 600.0], [300.0, 600.0, 0.0]])
    model = replace(model, between_s=apart, between_m=apart)
    parties = make_parties([HOUR, HOUR + 1, HOUR + 2, HOUR + 3], 5 * HOUR, entrances=3)
    events = run(model, parties)
    assert events.of(Kind.CAR_PARKS).place.tolist() == [0, 2, 1]
    last = events.party == 3
    arrivals = last & (events.kind == Kind.CAR_ARRIVES)
    assert events.place[arrivals].tolist() == [0, 2, 1]
    assert kinds(events, 3)[-1] == "TURNED_AWAY"


# --- told before leaving


def told(model: DayModel, parties: Parties, second: int) -> EventLog:
    choices = [choose_all(parties, CAR), choose_all(parties, second)]
    return simulate_day(model, parties, choices, Streams(1, 0))


def test_whoever_sees_the_sign_goes_another_way() -> None:
    lots = [CarPark("lot", 0, 1, signs=True)]
    model = make_model(lots)
    model = replace(model, habits=Habits(parking=PATIENT, sign_share=1.0))
    parties = make_parties([2 * HOUR, 2 * HOUR + 1300], 3 * HOUR)
    walks = told(model, parties, WALK)
    assert kinds(walks, 1)[:3] == ["SIGN_HEEDED", "SETS_OUT", "ENTERS_PARK"]
    stays = told(model, parties, STAYS_AWAY)
    assert kinds(stays, 1) == ["SIGN_HEEDED", "TURNED_AWAY"]
    assert not len(stays.of(Kind.CAR_TURNED_AWAY))


def test_a_place_is_booked_for_the_whole_stay_or_refused() -> None:
    lots = [CarPark("lot", 0, 1, bookable=1)]
    parties = make_parties([2 * HOUR, 2.5 * HOUR, 4 * HOUR], HOUR)
    draws = parties.draws.copy()
    draws[:, :] = 0.5
    draws[:, 6] = [0.1, 0.2, 0.3]
    events = told(make_model(lots), replace(parties, draws=draws), STAYS_AWAY)
    assert events.of(Kind.BOOKING_REFUSED).party.tolist() == [1]
    assert events.of(Kind.CAR_PARKS).party.tolist() == [0, 2]
    assert kinds(events, 1) == ["BOOKING_REFUSED", "TURNED_AWAY"]


def test_a_lapsed_booking_keeps_its_place_empty() -> None:
    lots = [CarPark("lot", 0, 1, bookable=1, no_show=1.0)]
    parties = make_parties([2 * HOUR, 2.5 * HOUR], HOUR)
    events = told(make_model(lots), parties, STAYS_AWAY)
    assert len(events.of(Kind.BOOKING_LAPSES)) == 1
    assert not len(events.of(Kind.CAR_PARKS))


# --- by line


def line_model(**line: object) -> DayModel:
    service = replace(make_shuttle([9 * HOUR, 10 * HOUR, 13 * HOUR]), **line)
    return make_model([], services=[service], rides={"shuttle": make_rides(by_feeder=True)})


def test_riders_take_the_departure_that_suits_them_and_ride_home() -> None:
    parties = make_parties([10.4 * HOUR], 2 * HOUR)
    events = run(line_model(), parties, SHUTTLE)
    boarded = events.of(Kind.RIDE_BOARDS)
    assert boarded.time_s.tolist() == [10 * HOUR]
    home = events.of(Kind.HOMEWARD_BOARDS)
    assert home.time_s.tolist() == [13 * HOUR + 1200]
    assert kinds(events, 0)[-1] == "HOME"


def test_after_the_last_departure_one_is_stranded() -> None:
    parties = make_parties([13.4 * HOUR], 2 * HOUR)
    events = run(line_model(), parties, SHUTTLE)
    assert kinds(events, 0)[-2:] == ["LEAVES_PARK", "STRANDED"]


def test_a_late_train_misses_the_shuttle_unless_it_waits() -> None:
    trains = (np.array([9.8 * HOUR]), np.zeros(0))
    late = {"feeder_s": trains, "transfer_s": 300.0, "feeder_delay_s": 2000.0}
    parties = make_parties([10.4 * HOUR], HOUR)
    missed = run(line_model(**late), parties, SHUTTLE)
    assert missed.of(Kind.CONNECTION_MISSED).party.tolist() == [0]
    assert missed.of(Kind.RIDE_BOARDS).time_s.tolist() == [13 * HOUR]
    held = run(line_model(**late, hold_s=7200.0), parties, SHUTTLE)
    assert not len(held.of(Kind.CONNECTION_MISSED))
    assert 10 * HOUR < held.of(Kind.RIDE_BOARDS).time_s[0] < 13 * HOUR


def test_people_left_behind_lose_patience_and_take_the_bus() -> None:
    shuttle = make_shuttle([9 * HOUR, 12 * HOUR], seats=1)
    bus = replace(make_shuttle([9.5 * HOUR, 18 * HOUR], mode="bus"), id="bus")
    rides = {"shuttle": make_rides(service=0), "bus": make_rides(service=1)}
    model = make_model([], services=[shuttle, bus], rides=rides)
    model = replace(model, habits=Habits(parking=PATIENT, ride_patience_s=60.0))
    parties = make_parties([9.4 * HOUR, 9.4 * HOUR], HOUR)
    parties = replace(parties, draws=np.full_like(parties.draws, 0.4))
    events = run(model, parties, SHUTTLE)
    assert "RIDE_LEFT_BEHIND" in kinds(events, 1)
    assert "RIDE_GIVES_UP" in kinds(events, 1)
    starts = events.of(Kind.SETS_OUT)
    assert starts.value[starts.party == 1].tolist() == [SHUTTLE, BUS]
    assert kinds(events, 1)[-1] == "HOME"


def test_people_left_behind_on_the_way_home_take_the_other_line() -> None:
    """Both want the bus at 10:50, which has one seat; the other party rides at 11:20."""
    shuttle = make_shuttle([9 * HOUR, 10 * HOUR, 11 * HOUR], seats=1)
    bus = replace(make_shuttle([8 * HOUR, 10.5 * HOUR], mode="bus", seats=1), id="bus")
    rides = {"shuttle": make_rides(service=0), "bus": make_rides(service=1)}
    parties = make_parties([9.4 * HOUR, 10.4 * HOUR], [HOUR, HOUR / 6])
    model = make_model([], services=[shuttle, bus], rides=rides)
    model = replace(model, habits=Habits(parking=PATIENT, plan_ahead_s=math.inf))
    events = run(model, parties, SHUTTLE)
    home = events.of(Kind.HOMEWARD_BOARDS)
    assert home.party.tolist() == [0, 1]
    assert home.place.tolist() == [1, 0]
    assert home.time_s.tolist() == [10.5 * HOUR + 1200, 11 * HOUR + 1200]
    assert events.of(Kind.HOMEWARD_LEFT_BEHIND).party.tolist() == [1]


def test_a_late_vehicle_is_late_for_its_next_trip() -> None:
    service = make_shuttle([9 * HOUR], run_s=1200.0)
    service = replace(service, block=np.zeros(2, dtype=np.int16), dwell_boarding_s=10.0)
    model = make_model([], services=[service], rides={"shuttle": make_rides()})
    parties = make_parties([9 * HOUR + 1320.0] * 12, 60.0)
    events = run(model, parties, SHUTTLE)
    late = events.of(Kind.VEHICLE_LATE)
    assert late.value.tolist() == pytest.approx([0.0 + 120.0, 120.0])


# --- hired bikes


def test_without_a_bike_people_walk_on_to_the_next_station() -> None:
    apart = np.array([[0.0, 500.0, 9000.0], [500.0, 0.0, 9000.0], [9000.0, 9000.0, 0.0]])
    share = BikeShare(
        stations=("empty", "near", "park"),
        lat=np.zeros(3),
        lon=np.zeros(3),
        docks=np.array([5, 5, 1]),
        bikes=np.array([0, 1, 0]),
        ride_m=apart,
        walk_m=apart,
        speed_ms=5.0,
        walk_speed_ms=1.25,
    )
    rides = make_rides()
    rides.alight[:] = 2
    model = replace(make_model([], rides={"citybike": rides}), bikeshare=share)
    events = run(model, make_parties([10 * HOUR, 10 * HOUR], HOUR), CITYBIKE)
    assert kinds(events, 0)[:3] == ["SETS_OUT", "BIKE_NONE", "BIKE_HIRED"]
    walked = events.of(Kind.BIKE_HIRED).time_s[0] - events.of(Kind.SETS_OUT).time_s[0]
    assert walked == pytest.approx(400.0)
    assert kinds(events, 1)[-1] == "TURNED_AWAY"
    assert kinds(events, 0)[-1] == "HOME"


# --- the whole


def busy_model() -> tuple[DayModel, Parties]:
    habits = replace(PATIENT, search_s=120.0, queue_share=0.5, patience_s=600.0)
    service = replace(make_shuttle(np.arange(8, 18) * HOUR), run_time_cv=0.2)
    model = make_model(
        [CarPark("lot", 0, 40)],
        queue=5,
        parking=habits,
        services=[service],
        rides={"shuttle": make_rides()},
    )
    generator = np.random.default_rng(3)
    parties = make_parties(
        np.sort(generator.uniform(8 * HOUR, 15 * HOUR, 300)), generator.exponential(9000, 300)
    )
    return model, parties


def _bytes(replication: int) -> bytes:
    model, parties = busy_model()
    modes = np.where(np.arange(len(parties)) % 4 == 0, SHUTTLE, CAR)
    choices = choose_all(parties, modes)
    return simulate_day(model, parties, [choices], Streams(7, replication)).to_bytes()


def test_the_same_seed_gives_the_same_bytes_in_any_number_of_processes() -> None:
    here = [_bytes(number) for number in range(4)]
    with ProcessPoolExecutor(2) as pool:
        there = list(pool.map(_bytes, range(4)))
    assert here == there
    assert len(set(here)) == 4


def test_an_empty_day_runs() -> None:
    events = run(make_model([CarPark("lot", 0, 3)]), make_parties([], 1.0))
    assert len(events) == 0


def test_a_hundredfold_day_runs_and_says_what_happened() -> None:
    model, parties = busy_model()
    generator = np.random.default_rng(4)
    n = 100 * len(parties)
    crowd = make_parties(
        np.sort(generator.uniform(8 * HOUR, 15 * HOUR, n)), generator.exponential(9000, n)
    )
    events = run(model, crowd)
    assert len(events.of(Kind.CAR_TURNED_AWAY)) > 0.9 * n
    assert len(events.of(Kind.HOME)) + len(events.of(Kind.TURNED_AWAY)) == n


# --- random streams


def test_streams_differ_by_component_replication_and_seed() -> None:
    keys = [(s, r, c) for s in (1, 2) for r in (0, 1) for c in ("demand", "service:shuttle")]
    draws = [tuple(Streams(s, r).generator(c).random(4)) for s, r, c in keys]
    assert len(set(draws)) == len(keys)
    assert tuple(Streams(1, 0).generator("demand").random(4)) == draws[0]


def test_neighbouring_replications_are_independent() -> None:
    first = np.concatenate([Streams(1, r).generator("demand").random(50) for r in range(200)])
    second = np.concatenate([Streams(1, r + 1).generator("demand").random(50) for r in range(200)])
    correlation = np.corrcoef(first, second)[0, 1]
    assert abs(correlation) < 4 / math.sqrt(len(first))


@pytest.mark.parametrize(("seed", "replication"), [(-1, 0), (0, -1)])
def test_negative_seeds_are_refused(seed: int, replication: int) -> None:
    with pytest.raises(RequestError, match="must be 0 or more"):
        Streams(seed, replication)
