"""A timetable under stress: by hand on one line, and on a bundled pilot."""

import json
import math
from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lastmile.cli import run
from lastmile.errors import RequestError
from lastmile.parameters import Parameters
from scenarios.load import build, load_scenario
from scenarios.schema import Scenario
from simulation.day import make_plans
from simulation.eventlog import EventLog
from simulation.linefigures import LineDay, Upkeep, line_day, lowest_charge
from simulation.linetrial import prepare_line
from simulation.mends import Change, changes_for
from simulation.parties import Parties
from simulation.rng import Streams
from simulation.sampling import Progress
from simulation.search import Promise, Verdict
from simulation.shuttle import BACK, OUT, Rider, Service, ShuttleLine, draw_luck
from simulation.situations import SITUATIONS, with_coach
from simulation.stage import Stage
from simulation.statistics import estimate
from simulation.stress import Effort, _light, stress_test
from simulation.supply import build_supply

NINE = 9 * 3600.0
HALF = 1800.0
UPKEEP = Upkeep(kwh_per_km=0.5, battery_kwh=88.0, charger_kw=50.0, seat_day_eur=3.0)


def line(departures: int = 2, *, seats: int = 10, vehicles: int | None = None) -> Service:
    """A line that leaves every half hour from nine and takes 20 minutes; and back at once."""
    out = np.array([[NINE + k * HALF, NINE + k * HALF + 1200] for k in range(departures)])
    back = np.column_stack([out[:, 1] + 1500, out[:, 1] + 300])
    return Service(
        id="line",
        name="line",
        mode="shuttle",
        stops=("station", "park"),
        lat=np.array([60.2, 60.3]),
        lon=np.array([24.6, 24.5]),
        times_s=np.concatenate([out, back]),
        direction=np.repeat(np.array([OUT, BACK], dtype=np.int8), departures),
        block=np.tile(np.arange(departures, dtype=np.int16) % (vehicles or departures), 2),
        leg_m=np.array([10_000.0]),
        seats=seats,
        fare_eur=2.0,
        cost_per_hour_eur=60.0,
        cost_per_km_eur=1.0,
    )


def day_of(service: Service, arrivals_s: list[float], size: int = 1) -> tuple[LineDay, list[int]]:
    """Let parties come to the first stop; return the line's day, and who never got a ride."""
    stage = Stage()
    lost: list[int] = []
    shuttle = ShuttleLine(
        stage,
        0,
        service,
        draw_luck(service, np.random.default_rng(1)),
        on_alighted=lambda _: None,
        on_no_ride=lambda rider: lost.append(rider.party),
    )

    def source() -> Generator[Any, Any, None]:
        for party, time_s in enumerate(arrivals_s):
            yield stage.until(time_s)
            shuttle.wait(Rider(party, size, 0, 1, homeward=False, patience_s=math.inf))

    stage.process(source())
    stage.run()
    return line_day(EventLog.from_flat(stage.log), service, 0, UPKEEP), lost


def test_who_does_not_fit_waits_for_the_next() -> None:
    day, lost = day_of(line(), [NINE - 600] * 12)
    assert lost == []
    assert day.boarded[:2, 0].tolist() == [10, 2]
    assert day.left_behind[:2, 0].tolist() == [2, 0]
    assert day.load[:2, 0].tolist() == [10, 2]
    figures = day.figures
    assert figures["boardings"] == 12
    assert figures["left_behind"] == 2
    assert figures["left_behind_share"] == 2 / 14
    assert figures["extra_wait_s"] == HALF
    assert figures["wait_s_mean"] == (10 * 600 + 2 * 2400) / 12
    assert figures["peak_load"] == 1
    assert figures["punctual_share"] == 1


def test_money_hours_and_energy_are_those_of_the_timetable() -> None:
    day, _ = day_of(line(), [NINE - 600] * 12)
    figures = day.figures
    hours = 2 * 45 / 60  # 20 minutes there, 5 rest, 20 back, two vehicles
    assert figures["vehicle_hours"] == pytest.approx(hours)
    assert figures["driver_hours"] == pytest.approx(hours + 2 * 20 / 60)
    assert figures["vehicle_km"] == pytest.approx(40)
    assert figures["energy_kwh"] == pytest.approx(40 * UPKEEP.kwh_per_km)
    assert figures["cost_eur"] == pytest.approx(60 * hours + 40)
    assert figures["revenue_eur"] == 24
    assert figures["subsidy_per_passenger_eur"] == pytest.approx((60 * hours + 40 - 24) / 12)
    assert figures["lowest_charge"] == pytest.approx(
        1
        - (20 * UPKEEP.kwh_per_km - 3 / 60 * 50)
        / UPKEEP.battery_kwh  # 5 minutes of rest, 2 of them to plug in
    )


def test_a_vehicle_charges_while_it_rests() -> None:
    tight = line(6, vehicles=1)
    apart = replace(tight, times_s=tight.times_s + 3600.0 * np.tile(np.arange(6), 2)[:, None])
    assert lowest_charge(apart, UPKEEP) > lowest_charge(tight, UPKEEP)


def test_the_charge_after_an_empty_run_counts() -> None:
    one_way = replace(
        line(2, vehicles=1),
        times_s=np.array([[NINE, NINE + 1200], [NINE + 10_800, NINE + 12_000]]),
        direction=np.array([OUT, OUT], dtype=np.int8),
        block=np.zeros(2, dtype=np.int16),
        empty_s=(0.0, 900.0),
        empty_m=(0.0, 9_000.0),
    )
    # 5 kWh there and 4.5 kWh back before it is full again
    assert lowest_charge(one_way, UPKEEP) == pytest.approx(1 - 9.5 / UPKEEP.battery_kwh)


def test_people_wait_on_when_a_vehicle_does_not_come() -> None:
    broken = replace(line(3), out_of_service=((1, 0.0),))
    day, lost = day_of(broken, [NINE + 60] * 3)
    assert lost == []
    assert day.figures["wait_s_mean"] == 2 * HALF - 60
    assert day.figures["punctual_share"] == pytest.approx(2 / 3)
    assert np.isnan(day.load[1, 0])
    assert day.figures["vehicle_km"] == pytest.approx(40)


def test_people_choose_again_when_the_last_one_does_not_come() -> None:
    broken = replace(line(2), out_of_service=((1, 0.0),))
    day, lost = day_of(broken, [NINE + 60] * 3)
    assert lost == [0, 1, 2]
    assert day.figures["boardings"] == 0


def test_slow_traffic_makes_the_next_trip_of_a_vehicle_late() -> None:
    slow = replace(line(2, vehicles=2), slowness=1.5)
    day, _ = day_of(slow, [NINE - 60])
    assert day.figures["punctual_share"] == 1  # 10 minutes later there, 5 of rest: 5 late
    slower = replace(line(2, vehicles=2), slowness=1.6)
    assert day_of(slower, [NINE - 60])[0].figures["punctual_share"] == 0.5


def test_bunching_is_seen() -> None:
    even = day_of(line(6), [])[0].figures
    assert (even["bunched_share"], even["headway_cv"]) == (0, 0)
    late = replace(line(6), run_time_cv=0.8)
    assert day_of(late, [])[0].figures["headway_cv"] > 0


@pytest.fixture(scope="module")
def tested() -> dict[str, Any]:
    found = stress_test(
        load_scenario("shuttle-espoo-haltia"), "shuttle", effort=Effort(days=6, workers=1)
    )
    return {one.situation.id: one for one in found.results}


def test_every_situation_does_what_it_says(tested: dict[str, Any]) -> None:
    def mean(situation: str, figure: str) -> float:
        return tested[situation].figures[figure].mean

    assert set(tested) == set(SITUATIONS)
    assert (
        mean("ordinary", "boardings") < mean("busy", "boardings") < mean("one-in-20", "boardings")
    )
    assert mean("late-trains", "missed_connections") > 5 * mean("ordinary", "missed_connections")
    assert mean("slow-traffic", "punctual_share") < mean("ordinary", "punctual_share")
    assert mean("vehicle-out", "vehicle_hours") < mean("ordinary", "vehicle_hours") - 5
    assert mean("vehicle-out", "wait_s_mean") > mean("ordinary", "wait_s_mean")
    more = mean("coach", "boardings") + mean("coach", "left_behind")
    assert more > mean("ordinary", "boardings") + mean("ordinary", "left_behind") + 30


def test_missed_connections_are_a_share_of_those_on_the_way_to_the_park(
    tested: dict[str, Any],
) -> None:
    late = tested["late-trains"]
    stops = late.tables.stops
    there = stops.loc[stops["direction"] == OUT, "boardings"].sum()
    missed = late.figures["missed_connections"].mean
    assert late.figures["missed_share"].mean == pytest.approx(missed / there, rel=0.25)
    assert late.figures["missed_share"].mean > 1.5 * missed / late.figures["boardings"].mean


def test_lights_follow_the_interval(tested: dict[str, Any]) -> None:
    for one in tested.values():
        for light in one.lights:
            found = light.estimate
            low, high = found.interval.low, found.interval.high
            if light.promise.sense == ">=":
                low, high = -high, -low
            limit = light.promise.limit * (1 if light.promise.sense == "<=" else -1)
            expected = Verdict.KEPT if high <= limit else Verdict.BROKEN
            assert light.verdict is (Verdict.OPEN if low <= limit < high else expected)
            assert light.reason or light.verdict is Verdict.KEPT


def test_processes_change_nothing(tested: dict[str, Any]) -> None:
    (again,) = stress_test(
        load_scenario("shuttle-espoo-haltia"),
        "shuttle",
        [SITUATIONS["coach"]],
        effort=Effort(days=6, workers=2),
    ).results
    assert again.figures == tested["coach"].figures


def test_what_breaks_is_mended_as_cheaply_as_can_be() -> None:
    promise = Promise.parse("left_behind_share<=5%")
    (found,) = stress_test(
        load_scenario("shuttle-espoo-haltia"),
        "shuttle",
        [SITUATIONS["one-in-20"]],
        [promise],
        Effort(days=3, workers=1, mend=True),
    ).results
    assert found.verdict is Verdict.BROKEN
    assert found.mend is not None
    mended = load_scenario("shuttle-espoo-haltia").with_changes(found.mend.changes)
    (after,) = stress_test(
        mended, "shuttle", [SITUATIONS["one-in-20"]], [promise], Effort(days=3, workers=1)
    ).results
    assert after.verdict is not Verdict.BROKEN


def test_a_line_that_nobody_rides_keeps_no_promise() -> None:
    document = load_scenario("baseline").document()
    document["services"]["lonely"] = {
        "stops": ["rail-espoo", {"name": "Nowhere", "lat": 60.1895, "lon": 24.6004}],
        "timetable": [["09:00", "09:10"], ["10:10", "10:00"]],
        "vehicles": 1,
    }
    found = stress_test(
        build("lonely", document, {}),
        "lonely",
        [SITUATIONS["coach"]],
        [Promise.parse("wait_s_p90<=900")],
        Effort(days=2, workers=1),
    )
    assert found.results[0].verdict is Verdict.OPEN
    assert found.results[0].lights[0].reason == "not known: nobody rode"


def test_the_command_tells_it(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["schedule", "stress", "shuttle-espoo-haltia", "--days", "2", "--workers", "1"]
    assert run([*words, "--situation", "vehicle-out", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["situations"]
    assert told["id"] == "vehicle-out"
    assert len(told["load"]) == 56
    assert run([*words, "--situation", "vehicle-out"]) == 0
    assert "A vehicle out from noon: broken" in capsys.readouterr().out


def test_what_cannot_be_asked_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RequestError, match="there is no figure 'happiness'"):
        stress_test(
            load_scenario("shuttle-espoo-haltia"),
            "shuttle",
            promises=[Promise("happiness", "<=", 1)],
        )
    assert run(["schedule", "stress", "shuttle-espoo-haltia", "--situation", "war"]) == 2
    assert "'war' is none of ordinary" in capsys.readouterr().err


def test_empty_runs_and_breaks_are_driven_and_counted() -> None:
    one_way = line(2, vehicles=1)
    service = replace(
        one_way,
        times_s=np.array([[NINE, NINE + 1200], [NINE + 5400, NINE + 6600]]),
        direction=np.array([OUT, OUT], dtype=np.int8),
        block=np.zeros(2, dtype=np.int16),
        empty_s=(0.0, 900.0),
        empty_m=(0.0, 9_000.0),
        break_s=(0.0, 1800.0),
    )
    day, _ = day_of(service, [])
    assert day.figures["vehicle_km"] == pytest.approx(29)
    assert day.figures["empty_km"] == pytest.approx(9)
    assert day.figures["break_hours"] == 0.5
    assert day.figures["vehicle_hours"] == pytest.approx(6600 / 3600)
    assert day.figures["cost_eur"] == pytest.approx(60 * 6600 / 3600 + 29)
    assert day.figures["vehicle_cost_eur"] == 10 * UPKEEP.seat_day_eur
    assert day.figures["charged_kwh"] == pytest.approx(14.5 - 5)  # full again before the second
    assert day.figures["punctual_share"] == 1
    slow = replace(service, slowness=3.0)  # an hour there, the break in full, 45 minutes back
    late = day_of(slow, [])[0].late_s[1, 0]
    assert late == pytest.approx(3 * 1200 + 1800 + 3 * 900 - 5400)
    assert day_of(slow, [])[0].figures["punctual_share"] == 0.5


def test_what_people_meet_is_told_by_departure(tested: dict[str, Any]) -> None:
    day, _ = day_of(line(), [NINE - 600] * 12)
    assert day.extra_wait_s[0, 0] == 2 * HALF
    assert day.extra_people[0, 0] == 2
    assert day.waits[:, :2].tolist() == [[0, 0]] * 10 + [[1, 0]] * 2
    for one in tested.values():
        stops, departures = one.tables.stops, one.tables.departures
        for table in (stops, departures):
            assert table["boardings"].sum() == pytest.approx(one.figures["boardings"].mean)
            assert table["left_behind"].sum() == pytest.approx(one.figures["left_behind"].mean)
            assert table["missed"].sum() == pytest.approx(one.figures["missed_connections"].mean)
            people = table["boardings"].to_numpy()
            waits = np.nan_to_num(table["wait_s_mean"].to_numpy())
            assert (people * waits).sum() / people.sum() == pytest.approx(
                one.figures["wait_s_mean"].mean, rel=0.2
            )
        assert len(departures) == len(one.tables.load)
        assert (departures["start_s"].diff().dropna() >= 0).all()
        calls = departures["punctual_share"].mean()
        assert calls == pytest.approx(one.figures["punctual_share"].mean)


def test_a_test_can_be_followed_and_given_up() -> None:
    told: list[Progress] = []

    class EnoughError(Exception):
        pass

    def hear(progress: Progress, /) -> None:
        told.append(progress)
        if progress.done >= 4:
            raise EnoughError

    with pytest.raises(EnoughError):
        stress_test(
            load_scenario("shuttle-espoo-haltia"),
            "shuttle",
            effort=Effort(days=4, workers=1),
            listener=hear,
        )
    assert told[0].total == 4 * len(SITUATIONS)
    assert 4 <= told[-1].done < told[-1].total
    assert told[-1].left_s is not None


def drawn(stops: list[object], **times: object) -> Scenario:
    """A scenario with one pilot of its own."""
    document = load_scenario("baseline").document()
    pilot = {"stops": stops, "vehicles": 4, "seats": 20, **times}
    document["services"] = document.get("services", {}) | {"own": pilot}
    return build("own", document, {})


def test_people_ride_a_line_that_is_drawn_from_the_park() -> None:
    middle = {"name": "Brobacka", "lat": 60.2484, "lon": 24.5934}
    across = {"name": "Brobacka", "lat": 60.2486, "lon": 24.5936}
    rows: list[list[object]] = [
        [f"{hour:02d}:{minute:02d}" for minute in minutes]
        for hour in range(9, 18)
        for minutes in ((0, 12, 25), (55, 42, 30))
    ]
    back = {"back_lat": across["lat"], "back_lon": across["lon"]}
    there = drawn(["rail-espoo", middle | back, "haltia"], timetable=rows)
    back = {"back_lat": middle["lat"], "back_lon": middle["lon"]}
    from_park = [list(reversed(row)) for row in rows]
    away = drawn(["haltia", across | back, "rail-espoo"], timetable=from_park)
    one, other = (
        build_supply(scenario, Parameters.bundled()).services[-1] for scenario in (there, away)
    )
    assert one.stops == other.stops
    assert one.times_s.tolist() == other.times_s.tolist()
    assert one.direction.tolist() == other.direction.tolist()
    for stop in range(3):
        for way in (OUT, BACK):
            assert one.point(stop, way) == other.point(stop, way)
    ordinary = [SITUATIONS["ordinary"]]
    (result,) = stress_test(away, "own", ordinary, effort=Effort(days=2, workers=1)).results
    assert result.figures["boardings"].mean > 50
    assert result.tables.stops["boardings"].sum() == result.figures["boardings"].mean


def mends_of(scenario: Scenario, trip: int) -> tuple[Service, dict[str, list[Change]]]:
    """Return a pilot and the changes tried where one trip leaves people behind, by kind."""
    service = build_supply(scenario, Parameters.bundled()).services[-1]
    behind = np.zeros_like(service.times_s)
    behind[trip] = 5.0
    found: dict[str, list[Change]] = {}
    for first, *_ in changes_for("own", scenario.services["own"], service, behind):
        found.setdefault(first.kind, []).append(first)
    return service, found


@pytest.mark.parametrize("stops", [["rail-espoo", "haltia"], ["haltia", "rail-espoo"]])
@pytest.mark.parametrize("way", [OUT, BACK])
def test_one_more_departure_goes_where_people_are_left_either_way(
    stops: list[object], way: int
) -> None:
    scenario = drawn(stops, headway=60, first="09:00", last="17:00")
    service, _ = mends_of(scenario, 0)
    fifth = int(np.flatnonzero(service.direction == way)[5])  # of the round that leaves at 14:00
    (extra,) = mends_of(scenario, fifth)[1]["extra"]
    assert extra.said["time_s"] == 14.5 * 3600


def test_longer_run_times_are_those_of_the_same_stretch() -> None:
    for stops in (["rail-espoo", "siikaranta", "haltia"], ["haltia", "siikaranta", "rail-espoo"]):
        scenario = drawn(stops, headway=60, run_times_min=[10, 40])
        _, found = mends_of(scenario, 0)
        assert found["retime"][0].changes["services.own.run_times_min"] == [12.0, 46.0]


def test_a_promise_known_of_one_day_alone_is_not_sure(tested: dict[str, Any]) -> None:
    promise = Promise.parse("wait_s_p90<=900")
    tables = tested["ordinary"].tables
    for wait_s in (1.0, 10_000.0):
        light = _light(promise, estimate(np.array([wait_s])), line(), tables)
        assert (light.verdict, light.reason) == (Verdict.OPEN, "known of one day alone")


def test_few_who_are_left_are_not_rounded_up_to_one(tested: dict[str, Any]) -> None:
    tables = replace(tested["ordinary"].tables, left_behind=np.array([[0.0, 0.0], [0.3, 0.0]]))
    promise = Promise.parse("left_behind_share<=0.1%")
    light = _light(promise, estimate(np.array([0.1, 0.1])), line(2), tables)
    assert light.verdict is Verdict.BROKEN
    assert "0.3 people left behind on average" in light.reason


def test_a_cancelled_departure_makes_the_headway_irregular_in_the_table_too() -> None:
    scenario = load_scenario("shuttle-espoo-haltia")
    situation = SITUATIONS["vehicle-out"]
    (found,) = stress_test(
        scenario, "shuttle", [situation], effort=Effort(days=2, workers=1)
    ).results
    stops = found.tables.stops
    assert len(stops) == 2  # either end: the figure of the line is over both
    low, high = sorted(stops["headway_cv"])
    assert low - 0.01 <= found.figures["headway_cv"].mean <= high + 0.01
    assert low > 0.2  # one departure in three is missing from noon on


def test_trains_that_begin_at_a_station_bring_nobody_there() -> None:
    supply = build_supply(drawn(["metro-kivenlahti", "haltia"], headway=60), Parameters.bundled())
    service, table = supply.services[-1], supply.timetable
    come = set()
    for index, trip in enumerate(table.trips):
        if table.routes[trip.route].type == 1:
            for call in table.calls(index)[1:]:
                stop = table.stop(call.stop)
                away = np.hypot(stop.lat - service.lat[0], (stop.lon - service.lon[0]) / 2)
                if away * 111_000 <= 400:
                    come.add(float(call.arrival_s))
    assert come
    assert service.feeder_s[0].tolist() == sorted(come)


def test_a_coach_party_boards_where_most_zones_do() -> None:
    stops: list[object] = ["rail-kauklahti", "rail-espoo", "haltia"]
    prepared = prepare_line(drawn(stops, headway=60, seats=100), "own")
    model, index = prepared.model, prepared.index
    rides = model.access.shuttle
    streams = Streams(1, 0)
    plans = make_plans(model, streams)
    everyone, _ = with_coach(
        model, index, SITUATIONS["coach"], plans.parties, list(plans.chosen), streams
    )

    def visits(parties: Parties) -> Counter[tuple[int, int, float]]:
        columns = (parties.zone, parties.home_entrance, parties.arrival_s)
        return Counter(zip(*(column.tolist() for column in columns), strict=True))

    added = visits(everyone) - visits(plans.parties)
    assert added.total() == 45 / 3
    ((zone, gate, _when),) = added
    boards = rides.board[rides.service == index]
    assert rides.board[zone, gate] == np.bincount(boards).argmax()
