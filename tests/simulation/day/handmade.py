"""Small days made by hand: one entrance, given parties, no choice."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from scenarios.schema import Day
from simulation.day import DayResult, simulate_day
from simulation.eventlog import EventLog
from simulation.model import Access, Costs, DayModel, Habits
from simulation.parking import CarPark, Entrance, ParkingHabits
from simulation.parties import CAR, DRAWS, MODES, Choices, Parties, Rides
from simulation.rng import Streams
from simulation.shuttle import BACK, OUT, Luck, Rider, Service, ShuttleLine
from simulation.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import Any

    from numpy.typing import ArrayLike, NDArray


PATIENT = ParkingHabits(
    search_s=0.0,
    queue_share=0.0,
    patience_s=math.inf,
    roadside_share=0.0,
    divert_share=0.0,
    diversions=0,
)


def make_parties(
    arrival_s: Sequence[float] | NDArray[np.float64],
    stay_s: Sequence[float] | NDArray[np.float64] | float,
    *,
    size: Sequence[int] | int = 1,
    entrances: int = 1,
    seed: int = 0,
) -> Parties:
    """Make parties of one zone that arrive and stay as given."""
    n = len(arrival_s)
    generator = np.random.default_rng(seed)
    return Parties(
        arrival_s=np.asarray(arrival_s, dtype=np.float64),
        size=np.broadcast_to(np.asarray(size, dtype=np.int16), n).copy(),
        zone=np.zeros(n, dtype=np.int16),
        home_entrance=np.zeros(n, dtype=np.int16),
        stay_s=np.broadcast_to(np.asarray(stay_s, dtype=np.float64), n).copy(),
        has_car=np.ones(n, dtype=np.bool_),
        latent=np.zeros(n, dtype=np.bool_),
        draws=generator.random((n, len(DRAWS))),
        taste=np.zeros((n, len(MODES), entrances), dtype=np.float32),
    )


def choose_all(parties: Parties, mode: ArrayLike, entrance: ArrayLike = 0) -> Choices:
    """Let every party choose the same, or as given."""
    n = len(parties)
    return Choices(
        mode=np.broadcast_to(np.asarray(mode, dtype=np.int8), n).copy(),
        entrance=np.broadcast_to(np.asarray(entrance, dtype=np.int16), n).copy(),
        generalised_cost_min=np.zeros(n),
        logsum_min=np.zeros(n),
    )


def make_model(
    lots: Sequence[CarPark],
    *,
    entrances: int = 1,
    roadside: int = 0,
    queue: float = 0,
    parking: ParkingHabits = PATIENT,
    services: Sequence[Service] = (),
    rides: dict[str, Rides] | None = None,
) -> DayModel:
    """Make a model with one zone and some entrances, ten minutes and 6 km apart."""
    between = np.full((entrances, entrances), 600.0)
    nothing = Rides.none(1, entrances)
    rides = rides or {}
    return DayModel(
        scenario="test",
        digest="",
        day=Day(),
        entrances=tuple(
            Entrance(f"gate{k}", f"Gate {k}", 60.3, 24.5, roadside, queue) for k in range(entrances)
        ),
        car_parks=tuple(lots),
        between_s=between,
        between_m=between * 10,
        access=Access(
            drive_s=np.full((1, entrances), 1200.0),
            drive_m=np.full((1, entrances), 20_000.0),
            bus=rides.get("bus", nothing),
            shuttle=rides.get("shuttle", nothing),
            citybike=rides.get("citybike", nothing),
        ),
        habits=Habits(parking=parking),
        services=tuple(services),
        costs=Costs(car_co2_g_km=160.0, value_of_time_eur_h=6.0),
    )


def make_shuttle(
    departures_s: Sequence[float],
    *,
    run_s: float = 1200.0,
    seats: int = 20,
    mode: str = "shuttle",
) -> Service:
    """Make a line between two stops; every vehicle turns round at once, as often as needed."""
    out = np.column_stack([departures_s, np.asarray(departures_s) + run_s])
    back = np.column_stack([out[:, 1] + run_s, out[:, 1]])
    n = len(departures_s)
    return Service(
        id="shuttle",
        name="shuttle",
        mode=mode,
        stops=("station", "park"),
        lat=np.array([60.2, 60.3]),
        lon=np.array([24.6, 24.5]),
        times_s=np.concatenate([out, back]),
        direction=np.repeat(np.array([OUT, BACK], dtype=np.int8), n),
        block=np.tile(np.arange(n, dtype=np.int16), 2),
        leg_m=np.array([13_000.0]),
        seats=seats,
    )


def make_rides(entrances: int = 1, service: int = 0, *, by_feeder: bool = False) -> Rides:
    """Let the one zone ride a line from its first stop to its second."""
    shape = (1, entrances)
    return Rides(
        service=np.full(shape, service, dtype=np.int16),
        board=np.zeros(shape, dtype=np.int16),
        alight=np.ones(shape, dtype=np.int16),
        access_s=np.full(shape, 1800.0),
        egress_s=np.full(shape, 120.0),
        by_feeder=np.full(shape, by_feeder),
    )


def run(
    model: DayModel, parties: Parties, mode: ArrayLike = CAR, entrance: ArrayLike = 0, seed: int = 1
) -> EventLog:
    """Run a day of given parties."""
    return simulate_day(model, parties, [choose_all(parties, mode, entrance)], Streams(seed, 0))


def result_of(
    model: DayModel, parties: Parties, mode: ArrayLike = CAR, entrance: ArrayLike = 0
) -> DayResult:
    """Run a day of given parties and keep everything."""
    choices = choose_all(parties, mode, entrance)
    events = simulate_day(model, parties, [choices], Streams(1, 0))
    return DayResult(1, 0, parties, choices, np.zeros(len(parties)), events)


def run_line(
    service: Service, times: NDArray[np.float64], people: NDArray[np.int64] | None = None
) -> EventLog:
    """Let people come to the first stop of a line at given times, whatever its timetable."""
    stage = Stage()
    trips, stops = service.times_s.shape
    luck = Luck(np.ones((trips, stops - 1)), ())
    line = ShuttleLine(
        stage, 0, service, luck, on_alighted=lambda _: None, on_no_ride=lambda _: None
    )

    def source() -> Generator[Any, Any, None]:
        for party, time_s in enumerate(times.tolist()):
            yield stage.until(time_s)
            size = 1 if people is None else int(people[party])
            line.wait(Rider(party, size, 0, 1, homeward=False, patience_s=math.inf))

    stage.process(source())
    stage.run()
    return EventLog.from_flat(stage.log)
