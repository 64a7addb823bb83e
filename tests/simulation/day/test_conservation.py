"""Nobody, no car, no bike and no seat appears or vanishes, whatever the scenario."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from handmade import make_model, make_parties, make_rides, make_shuttle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulation.bikeshare import BikeShare, RiderFlow, Van
from simulation.day import simulate_day
from simulation.eventlog import EventLog, Kind
from simulation.kpis import occupancy
from simulation.model import DayModel, Habits
from simulation.parking import CarPark, ParkingHabits
from simulation.parties import MODES, STAYS_AWAY, Choices, Parties
from simulation.rng import Streams

share = st.sampled_from([0.0, 0.3, 0.7, 1.0])
GATES = 3


@st.composite
def car_parks(draw: st.DrawFn) -> list[CarPark]:
    count = draw(st.integers(0, 4))
    parks = []
    for number in range(count):
        capacity = draw(st.integers(1, 12))
        opens = draw(st.sampled_from([0.0, 1800.0]))
        parks.append(
            CarPark(
                f"lot{number}",
                draw(st.integers(0, GATES - 1)),
                capacity,
                bookable=draw(st.integers(0, capacity)),
                no_show=draw(share),
                signs=draw(st.booleans()),
                opens_s=opens,
                closes_s=opens + draw(st.sampled_from([3600.0, 9000.0, math.inf])),
            )
        )
    return parks


@st.composite
def bike_shares(draw: st.DrawFn) -> BikeShare:
    docks = np.array(draw(st.lists(st.integers(1, 8), min_size=3, max_size=3)))
    bikes = np.array([draw(st.integers(0, int(dock))) for dock in docks])
    apart = np.array([[0.0, 900.0, 2000.0], [900.0, 0.0, 1500.0], [2000.0, 1500.0, 0.0]])
    return BikeShare(
        stations=("a", "b", "c"),
        lat=np.zeros(3),
        lon=np.zeros(3),
        docks=docks,
        bikes=bikes,
        ride_m=apart,
        walk_m=apart,
        speed_ms=4.0,
        walk_speed_ms=1.3,
        rent_s=30.0,
        return_s=draw(st.sampled_from([0.0, 20.0])),
        flows=(RiderFlow("flow", 0, 1, draw(st.sampled_from([0.0, 30.0])), 1800.0, 0.7),),
        van=Van(1, 5, 1200.0, 0.0, 40_000.0, 30.0, 8.0, 40.0) if draw(st.booleans()) else None,
        walk_on_m=draw(st.sampled_from([0.0, 1000.0, 3000.0])),
    )


@st.composite
def days(draw: st.DrawFn) -> tuple[DayModel, Parties, list[Choices], int]:
    seed = draw(st.integers(0, 2**31))
    generator = np.random.default_rng(seed)
    count = draw(st.integers(0, 80))
    parties = make_parties(
        np.sort(generator.uniform(0, 9000, count)),
        generator.exponential(3000, count),
        size=generator.integers(1, 7, count).tolist() if count else 1,
        entrances=GATES,
        seed=seed,
    )
    departures = draw(st.lists(st.integers(1, 12), max_size=6, unique=True).map(sorted))
    lines, rides = [], {}
    for mode in ("shuttle", "bus"):
        if departures and draw(st.booleans()):
            service = make_shuttle(
                [1000.0 * k for k in departures], seats=draw(st.integers(1, 12)), mode=mode
            )
            rides[mode] = make_rides(GATES, len(lines), by_feeder=draw(st.booleans()))
            lines.append(
                replace(
                    service,
                    id=mode,
                    standing=draw(st.integers(0, 3)),
                    run_time_cv=draw(st.sampled_from([0.0, 0.4])),
                    dwell_boarding_s=draw(st.sampled_from([0.0, 5.0])),
                    dwell_alighting_s=3.0,
                    hold_s=draw(st.sampled_from([0.0, 300.0])),
                    feeder_s=(np.arange(0.0, 15_000.0, 700.0), np.zeros(0)),
                    transfer_s=120.0,
                    feeder_delay_s=draw(st.sampled_from([0.0, 400.0])),
                )
            )
    bikes = draw(st.none() | bike_shares())
    if bikes is not None:
        rides["citybike"] = make_rides(GATES)
    model = make_model(
        draw(car_parks()),
        entrances=GATES,
        roadside=draw(st.integers(0, 3)),
        queue=draw(st.integers(0, 4)),
        services=lines,
        rides=rides,
    )
    habits = Habits(
        parking=ParkingHabits(
            search_s=draw(st.sampled_from([0.0, 120.0])),
            queue_share=draw(share),
            patience_s=draw(st.sampled_from([100.0, 2000.0, math.inf])),
            roadside_share=draw(share),
            divert_share=draw(share),
            diversions=draw(st.integers(0, 3)),
        ),
        informed_share=draw(share),
        sign_share=draw(share),
        ride_patience_s=draw(st.sampled_from([200.0, math.inf])),
        plan_ahead_s=draw(st.sampled_from([0.0, 900.0])),
    )
    choices = [
        Choices(
            mode=generator.integers(STAYS_AWAY, len(MODES), count).astype(np.int8),
            entrance=generator.integers(0, GATES, count).astype(np.int16),
            generalised_cost_min=np.zeros(count),
            logsum_min=np.zeros(count),
        )
        for _ in range(draw(st.integers(1, 4)))
    ]
    return replace(model, habits=habits, bikeshare=bikes), parties, choices, seed


def check_everything(day: tuple[DayModel, Parties, list[Choices], int]) -> None:
    model, parties, choices, seed = day
    events = simulate_day(model, parties, choices, Streams(seed, 0))
    again = simulate_day(model, parties, choices, Streams(seed, 0))
    assert events.to_bytes() == again.to_bytes()
    assert np.all(np.diff(events.time_s) >= 0)
    check_people(events, parties, choices[0])
    check_cars(events, model)
    check_seats(events, model)
    check_bikes(events, model)


def check_people(events: EventLog, parties: Parties, first: Choices) -> None:
    """Everybody who meant to come has one end; everybody who got in got out again."""
    ends = events.of(Kind.HOME, Kind.STRANDED, Kind.TURNED_AWAY)
    lapsed = events.of(Kind.BOOKING_LAPSES).party
    meant = np.flatnonzero(first.mode != STAYS_AWAY)
    assert sorted([*ends.party, *lapsed]) == meant.tolist()
    entered, left = events.of(Kind.ENTERS_PARK), events.of(Kind.LEAVES_PARK)
    assert sorted(entered.party) == sorted(left.party)
    assert len(np.unique(entered.party)) == len(entered)
    safe = events.of(Kind.HOME, Kind.STRANDED)
    assert sorted(entered.party) == sorted(safe.party)
    people = np.cumsum(
        np.where(
            events.kind == Kind.ENTERS_PARK,
            events.people,
            np.where(events.kind == Kind.LEAVES_PARK, -events.people, 0),
        )
    )
    assert people.min(initial=0) >= 0
    assert not len(people) or people[-1] == 0
    assert np.array_equal(entered.people, parties.size[entered.party])


def check_cars(events: EventLog, model: DayModel) -> None:
    """Places and roadside are never overdrawn, and Little's law holds: both give car seconds."""
    parked = events.of(Kind.CAR_PARKS)
    left = events.of(Kind.CAR_LEAVES)
    assert sorted(parked.party) == sorted(left.party)
    for index in range(len(model.entrances)):
        lots = model.lots_of(index)
        if lots:
            times, taken = occupancy(events, model, index)
            capacity = np.array([model.car_parks[lot].capacity for lot in lots])
            assert (taken >= 0).all()
            assert (taken <= capacity[:, None]).all()
            area = float((taken.sum(axis=0)[:-1] * np.diff(times)).sum())
            stays = left.value[np.isin(left.place, lots)].sum()
            assert area == pytest.approx(stays, rel=1e-9, abs=1e-6)
        road = events.of(Kind.CAR_ROADSIDE, Kind.CAR_LEAVES_ROADSIDE, place=index)
        on_road = np.cumsum(np.where(road.kind == Kind.CAR_ROADSIDE, 1, -1))
        assert on_road.max(initial=0) <= model.entrances[index].roadside_spaces
        assert not len(on_road) or on_road[-1] == 0


def check_seats(events: EventLog, model: DayModel) -> None:
    """Whoever boards gets off; no vehicle is ever overfull; Little's law on board."""
    on = events.of(Kind.RIDE_BOARDS, Kind.HOMEWARD_BOARDS)
    off = events.of(Kind.RIDE_ALIGHTS, Kind.HOMEWARD_ALIGHTS)
    assert on.people.sum() == off.people.sum()
    runs = events.of(Kind.VEHICLE_RUNS)
    for index, service in enumerate(model.services):
        mine = runs.place == index
        assert runs.people[mine].max(initial=0) <= service.room
    waits = events.of(Kind.RIDE_WAITS, Kind.HOMEWARD_WAITS)
    assert len(on) <= len(waits)


def check_bikes(events: EventLog, model: DayModel) -> None:
    """Bikes out come back; stations never go below zero."""
    share_ = model.bikeshare
    if share_ is None:
        return
    out, back = events.of(Kind.BIKE_HIRED), events.of(Kind.BIKE_RETURNED)
    assert out.value.sum() == back.people.sum()
    step = np.zeros(len(events))
    for kind, sign in ((Kind.BIKE_HIRED, -1), (Kind.BIKE_RETURNED, 1)):
        step[events.kind == kind] = sign * events.people[events.kind == kind]
    for kind, sign in ((Kind.VAN_TAKES, -1), (Kind.VAN_BRINGS, 1)):
        step[events.kind == kind] = sign * events.value[events.kind == kind]
    of_bikes = np.isin(
        events.kind, [Kind.BIKE_HIRED, Kind.BIKE_RETURNED, Kind.VAN_TAKES, Kind.VAN_BRINGS]
    )
    for station, bikes in enumerate(share_.bikes):
        here = of_bikes & (events.place == station)
        assert (bikes + np.cumsum(step[here])).min(initial=0) >= 0
    van_takes, van_brings = events.of(Kind.VAN_TAKES), events.of(Kind.VAN_BRINGS)
    assert van_brings.value.sum() <= van_takes.value.sum()


@given(day=days())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_appears_or_vanishes(day: tuple[DayModel, Parties, list[Choices], int]) -> None:
    check_everything(day)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@given(day=days())
@settings(max_examples=4000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_appears_or_vanishes_in_thousands_of_scenarios(
    day: tuple[DayModel, Parties, list[Choices], int],
) -> None:
    check_everything(day)
