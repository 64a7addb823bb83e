"""Door to door in the small world of conftest: every figure can be checked by hand."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import TYPE_CHECKING

import numpy as np
import pytest
from small_world import (
    CAR_PARK,
    FAR_CAR_PARK,
    HOME,
    LAT,
    PARK,
    STATIONS,
    gtfs,
    hourly,
    write_feed_folder,
)

from lastmile.errors import NoRouteError, NoServiceError, OffNetworkError, RequestError
from lastmile.parameters import Parameters
from lastmile.places import Gazetteer, Place
from lastmile.planner.clock import parse_instant
from lastmile.planner.core import Planner
from lastmile.planner.parking import ConstantOutlook
from lastmile.planner.request import PlanRequest
from lastmile.planner.stations import BikeStation
from lastmile.transit.feed import Feed, load_feed
from lastmile.transit.timetable import Stop, TransitService
from lastmile.units import great_circle_m

if TYPE_CHECKING:
    from pathlib import Path

    from lastmile.itinerary import Itinerary
    from lastmile.network.street import StreetNetwork

WEDNESDAY, SATURDAY, SUNDAY = "2026-05-13", "2026-05-16", "2026-05-17"
WALK_MS = 1.3


def ask(
    origin: Place = HOME,
    destination: Place = PARK,
    at: str = f"{WEDNESDAY}T08:30",
    modes: str = "transit",
    **rest: object,
) -> PlanRequest:
    return PlanRequest(
        origin, destination, parse_instant(at), modes=frozenset(modes.split(",")), **rest
    )


def clock(itinerary: Itinerary) -> tuple[str, str]:
    return f"{itinerary.departure:%H:%M:%S}", f"{itinerary.arrival:%H:%M:%S}"


def walk_s(lon_a: float, lon_b: float) -> int:
    return math.ceil(great_circle_m(LAT, lon_a, LAT, lon_b) / WALK_MS)


def test_a_walk_a_bus_and_a_walk(planner: Planner) -> None:
    best = planner.plan(ask()).itineraries[0]
    assert [leg.mode for leg in best.legs] == ["walk", "transit", "walk"]
    to_stop, ride, from_stop = best.legs
    assert ride.departure.isoformat() == f"{WEDNESDAY}T09:00:00+03:00"
    assert ride.arrival.isoformat() == f"{WEDNESDAY}T09:10:00+03:00"
    assert to_stop.duration_s == walk_s(24.600, 24.610)
    assert to_stop.arrival == ride.departure
    assert from_stop.departure == ride.arrival
    assert from_stop.duration_s == walk_s(24.700, 24.710)
    assert best.walk_m == pytest.approx(2 * great_circle_m(LAT, 24.600, LAT, 24.610), rel=1e-3)
    assert (ride.vehicle, ride.route, ride.headsign) == ("bus", "1", "Park")
    assert (ride.origin.code, ride.destination.code) == ("F1", "L1")
    assert ride.operator == "Test Lines"
    assert {step.name for step in to_stop.steps} == {"Long Street"}
    assert best.tickets == ("BC",)
    assert best.fare_eur == Parameters.bundled().value("fare_bc_eur")
    km = great_circle_m(LAT, 24.610, LAT, 24.700) / 1000
    assert best.co2_g == pytest.approx(km * Parameters.bundled().value("co2_bus_passenger_g_km"))


def test_a_day_is_made_once_however_many_ask_for_it(network: StreetNetwork, feed: Feed) -> None:
    """The first visitors, and the planner that warms itself up, each made a day of their own."""
    planner, together = Planner(network, feed), Barrier(4)

    def made(_: int) -> object:
        together.wait()
        return planner.transit_day(date(2026, 5, 13))

    with ThreadPoolExecutor(4) as visitors:
        first, *others = visitors.map(made, range(4))
    assert all(other is first for other in others)


def test_departures_of_the_window_come_in_order(planner: Planner) -> None:
    outing = planner.plan(ask(window_s=3 * 3600))
    rides = [itinerary.legs[1].departure for itinerary in outing.itineraries]
    assert [f"{ride:%H:%M}" for ride in rides] == ["09:00", "10:00", "11:00"]


@pytest.mark.parametrize("modes", ["walk,transit", "walk,bike,car,transit,bikeshare"])
def test_nobody_walks_farther_to_a_vehicle_than_to_the_goal(planner: Planner, modes: str) -> None:
    """Buses were offered with 900 m on foot for a walk of 480 m."""
    beyond_first = Place("beyond", "district", "Beyond the first stop", LAT, 24.6101)
    for origin, destination in [(HOME, beyond_first), (beyond_first, HOME), (PARK, CAR_PARK)]:
        outing = planner.plan(ask(origin, destination, modes=modes))
        whole_m = next(way.walk_m for way in outing.itineraries if way.modes == {"walk"})
        others = [way for way in outing.itineraries if way.modes != {"walk"}]
        assert all(way.walk_m < whole_m for way in others)


def test_arrive_by_leaves_as_late_as_possible(planner: Planner) -> None:
    outing = planner.plan(ask(at=f"{WEDNESDAY}T11:30", arrive_by=True, window_s=3600))
    best = outing.itineraries[0]
    assert f"{best.legs[1].departure:%H:%M}" == "11:00"
    assert best.arrival <= parse_instant(f"{WEDNESDAY}T11:30")


def test_arriving_to_the_second_is_in_time(planner: Planner) -> None:
    lasts = walk_s(24.700, 24.710)
    minutes, seconds = divmod(lasts, 60)
    on_the_dot = f"{WEDNESDAY}T11:{10 + minutes:02d}:{seconds:02d}"
    best = planner.plan(ask(at=on_the_dot, arrive_by=True)).itineraries[0]
    assert f"{best.legs[1].departure:%H:%M}" == "11:00"
    second_less = f"{WEDNESDAY}T11:{10 + minutes:02d}:{seconds - 1:02d}"
    best = planner.plan(ask(at=second_less, arrive_by=True)).itineraries[0]
    assert f"{best.legs[1].departure:%H:%M}" == "10:00"


def test_the_next_bus_after_the_window_is_found_and_said(planner: Planner) -> None:
    outing = planner.plan(ask(at=f"{SUNDAY}T10:30"))
    assert f"{outing.itineraries[0].legs[1].departure:%H:%M}" == "13:00"
    assert any("next public transport leaves" in warning for warning in outing.warnings)


def test_the_last_departure_of_the_day_is_warned_of(planner: Planner) -> None:
    outing = planner.plan(ask(at=f"{WEDNESDAY}T19:30"))
    assert f"{outing.itineraries[0].legs[1].departure:%H:%M}" == "20:00"
    assert any("last of the day" in warning for warning in outing.warnings)
    earlier = planner.plan(ask(at=f"{WEDNESDAY}T18:30"))
    assert not any("last of the day" in warning for warning in earlier.warnings)


def test_a_day_without_service_names_the_next_one(planner: Planner) -> None:
    with pytest.raises(NoServiceError, match=r"Saturday 2026-05-16.*next day.*Sunday 2026-05-17"):
        planner.plan(ask(at=f"{SATURDAY}T10:00"))
    with pytest.raises(NoServiceError, match=r"after 21:00.*Thursday 2026-05-14"):
        planner.plan(ask(at=f"{WEDNESDAY}T21:00"))
    outing = planner.plan(ask(at=f"{SATURDAY}T10:00", modes="transit,bike"))
    assert [leg.mode for leg in outing.itineraries[0].legs] == ["bike"]
    assert any("Sunday 2026-05-17" in warning for warning in outing.warnings)


def test_no_day_with_service_is_said_too(planner: Planner) -> None:
    with pytest.raises(NoServiceError, match="no later day"):
        planner.plan(ask(at="2027-05-13T10:00"))


def test_the_direct_walk_takes_what_the_length_says(planner: Planner) -> None:
    only = planner.plan(ask(modes="walk")).itineraries
    assert len(only) == 1
    assert only[0].duration_s == walk_s(24.600, 24.710)
    assert (only[0].fare_eur, only[0].co2_g) == (0.0, 0.0)
    assert clock(only[0])[0] == "08:30:00"


def test_arrive_by_on_foot_ends_at_the_time(planner: Planner) -> None:
    only = planner.plan(ask(modes="walk", arrive_by=True)).itineraries[0]
    assert clock(only)[1] == "08:30:00"


def test_the_car_goes_to_the_nearest_car_park_and_one_walks_from_there(planner: Planner) -> None:
    best = planner.plan(ask(modes="car")).itineraries[0]
    assert [leg.mode for leg in best.legs] == ["car", "walk"]
    assert best.legs[0].destination.name == "Park car park"
    driven_m = great_circle_m(LAT, 24.600, LAT, 24.713)
    assert best.legs[0].distance_m == pytest.approx(driven_m, rel=1e-3)
    values = Parameters.bundled()
    assert best.cost_eur == pytest.approx(
        driven_m / 1000 * values.value("car_cost_eur_km") + values.value("parking_fee_eur"),
        abs=0.006,
    )
    assert best.fare_eur == 0.0
    assert best.co2_g == pytest.approx(driven_m / 1000 * values.value("co2_car_g_km"), rel=1e-3)
    assert not best.warnings


def test_parking_where_nobody_knows_a_car_park_is_warned_of(planner: Planner) -> None:
    best = planner.plan(ask(origin=PARK, destination=HOME, modes="car")).itineraries[0]
    assert "no car park is known" in best.warnings[0]


def test_a_full_car_park_is_shown_with_the_alternative(
    network: StreetNetwork, feed: Feed, gazetteer: Gazetteer
) -> None:
    outlook = ConstantOutlook({CAR_PARK.id: 0.8, FAR_CAR_PARK.id: 0.1})
    planner = Planner(network, feed, gazetteer=gazetteer, parking_outlook=outlook)
    parking = planner.plan(ask(modes="car")).itineraries[0].parking
    assert parking is not None
    assert (parking.car_park, parking.probability_full) == ("Park car park", 0.8)
    assert parking.alternative is not None
    assert "Other car park" in parking.alternative
    outlook = ConstantOutlook({CAR_PARK.id: 0.9, FAR_CAR_PARK.id: 0.95})
    planner = Planner(network, feed, gazetteer=gazetteer, parking_outlook=outlook)
    parking = planner.plan(ask(modes="car")).itineraries[0].parking
    assert parking is not None
    assert parking.alternative is not None
    assert "public transport" in parking.alternative


def test_an_outing_brings_every_vehicle_home(planner: Planner) -> None:
    outing = planner.plan(ask(modes="car,bike,transit", stay_s=2 * 3600))
    by_follows = {back.follows: back for back in outing.returns}
    for index, there in enumerate(outing.itineraries):
        if "car" in there.modes:
            back = by_follows[index]
            assert [leg.mode for leg in back.legs] == ["walk", "car"]
            assert back.legs[1].origin.name == "Park car park"
        elif there.modes == {"bike"}:
            assert by_follows[index].modes == {"bike"}
    for back in outing.returns:
        there = outing.itineraries[back.follows or 0]
        assert back.departure.timestamp() >= there.arrival.timestamp() + 2 * 3600


def test_the_way_back_has_its_slack_and_what_comes_after(planner: Planner) -> None:
    outing = planner.plan(ask(at=f"{WEDNESDAY}T15:50", stay_s=4 * 3600))
    arrived = outing.itineraries[0].arrival
    back = outing.way_back
    assert back is not None
    assert f"{back.last.legs[1].departure:%H:%M}" == "20:30"
    leaves = 20 * 3600 + 30 * 60 - walk_s(24.710, 24.700)
    ends = arrived.hour * 3600 + arrived.minute * 60 + arrived.second + 4 * 3600
    assert back.slack_s == leaves - ends
    assert [way.kind for way in back.if_missed] == ["walk", "next_service", "taxi"]
    assert any("min after the stay ends" in warning for warning in outing.warnings)
    following = next(way for way in back.if_missed if way.kind == "next_service")
    assert following.departure.isoformat().startswith("2026-05-14T06")
    assert following.cost_eur == Parameters.bundled().value("fare_bc_eur")
    taxi = next(way for way in back.if_missed if way.kind == "taxi")
    assert taxi.cost_eur is not None
    assert taxi.cost_eur > 0


def test_a_stay_beyond_the_last_bus_says_so(planner: Planner) -> None:
    outing = planner.plan(ask(at=f"{WEDNESDAY}T16:50", stay_s=5 * 3600))
    assert outing.way_back is not None
    assert outing.way_back.slack_s < 0
    assert any("before the stay ends" in warning for warning in outing.warnings)


def test_a_bike_left_at_a_stop_is_ridden_home(planner: Planner) -> None:
    far = Place("far", "district", "Far home", LAT, 24.600)
    outing = planner.plan(ask(origin=far, modes="bike,transit", stay_s=3600, window_s=3600))
    parked = [i for i, way in enumerate(outing.itineraries) if {"bike", "transit"} <= way.modes]
    for back in outing.returns:
        if back.follows in parked:
            assert back.legs[-1].mode == "bike"
            assert back.legs[-1].origin.name == "First stop"


def test_city_bikes_are_rented_and_returned(planner: Planner) -> None:
    best = planner.plan(ask(modes="bikeshare")).itineraries[0]
    assert [leg.mode for leg in best.legs] == ["walk", "bikeshare", "walk"]
    assert best.legs[1].origin.code == "1"
    assert best.legs[1].destination.code == "2"
    values = Parameters.bundled()
    length_m = great_circle_m(LAT, 24.602, LAT, 24.698)
    slower = values.value("citybike_speed_ms") / values.value("bike_speed_street_ms")
    riding_s = length_m / best_bike_speed(planner) / slower
    handling_s = values.value("citybike_rent_s") + values.value("citybike_return_s")
    assert best.legs[1].duration_s == pytest.approx(riding_s + handling_s, abs=2)
    assert best.fare_eur == values.value("citybike_day_fee_eur")
    for before, after in zip(best.legs, best.legs[1:], strict=False):
        assert before.arrival == after.departure


def best_bike_speed(planner: Planner) -> float:
    """Riding speed on the one street of the small world, from the direct ride."""
    ride = planner.plan(ask(modes="bike")).itineraries[0].legs[0]
    return ride.distance_m / ride.duration_s


@pytest.mark.parametrize(
    "stations",
    [
        (BikeStation("1", "West", LAT, 24.602, docks=10, bikes=0), STATIONS[1]),
        (STATIONS[0], BikeStation("2", "East", LAT, 24.698, docks=10, bikes=10)),
        (STATIONS[0], BikeStation("2", "East", LAT, 24.698, docks=0)),
        (),
    ],
)
def test_no_city_bike_without_a_bike_and_a_dock(
    network: StreetNetwork,
    feed: Feed,
    gazetteer: Gazetteer,
    stations: tuple[BikeStation, ...],
) -> None:
    planner = Planner(network, feed, gazetteer=gazetteer, bike_stations=stations)
    with pytest.raises(NoRouteError, match="bikeshare"):
        planner.plan(ask(modes="bikeshare"))


def test_no_city_bikes_in_winter(planner: Planner) -> None:
    with pytest.raises(NoRouteError, match="April to October"):
        planner.plan(ask(at="2026-01-14T10:00", modes="bikeshare"))


def test_city_bikes_lead_to_the_bus(
    network: StreetNetwork, gazetteer: Gazetteer, feed: Feed
) -> None:
    stations = (STATIONS[0], BikeStation("9", "At the stop", LAT, 24.6105, docks=5))
    planner = Planner(network, feed, gazetteer=gazetteer, bike_stations=stations)
    day = planner.transit_day(date(2026, 5, 13))
    pairs = planner._ends(ask(modes="transit,bikeshare"), day, None)
    rented = next(access for access, _ in pairs if access.mode == "bikeshare")
    stop = day.timetable.stop_index("first")
    legs = rented.legs(stop, parse_instant(f"{WEDNESDAY}T08:30").timestamp())
    assert [leg.mode for leg in legs] == ["walk", "bikeshare", "walk"]
    assert legs[-1].destination.name == "First stop"
    lasts = legs[-1].arrival.timestamp() - legs[0].departure.timestamp()
    assert lasts == math.ceil(rented.ways.to(stop)[0])


def test_an_unknown_zone_makes_the_fare_unknown(
    network: StreetNetwork, gazetteer: Gazetteer, tmp_path: Path
) -> None:
    files = gtfs(hourly())
    files["stops"] = files["stops"].replace(",C", ",")
    planner = Planner(
        network, load_feed(write_feed_folder(tmp_path / "f", files)), gazetteer=gazetteer
    )
    best = planner.plan(ask()).itineraries[0]
    assert best.fare_eur is None
    assert best.to_json()["fare_eur"] is None


def test_headways_are_said_to_be_examples(
    network: StreetNetwork, gazetteer: Gazetteer, tmp_path: Path
) -> None:
    files = gtfs(
        {"weekday": [("t", "06:00:00", "06:10:00")]},
        frequencies="trip_id,start_time,end_time,headway_secs\nt,06:00:00,22:00:00,900",
    )
    planner = Planner(
        network, load_feed(write_feed_folder(tmp_path / "f", files)), gazetteer=gazetteer
    )
    best = planner.plan(ask()).itineraries[0]
    assert f"{best.legs[1].departure:%H:%M}" == "08:45"
    assert best.legs[1].notes == ("runs every 15 min; the times are examples",)


def test_a_pilot_shuttle_joins_the_timetable(planner: Planner) -> None:
    shuttle = TransitService(
        route_id="pilot",
        name="Shuttle",
        stops=[Stop("home-stop", "At home", LAT, 24.6005), Stop("gate", "Gate", LAT, 24.7095)],
        departures_s=[8.75 * 3600],
        run_times_s=[900],
    )
    with_pilot = planner.with_services([shuttle])
    best = with_pilot.plan(ask()).itineraries[0]
    assert best.legs[1].route == "Shuttle"
    assert f"{best.legs[1].departure:%H:%M}-{best.legs[1].arrival:%H:%M}" == "08:45-09:00"
    assert best.fare_eur is None  # nobody has said what it costs
    assert planner.plan(ask()).itineraries[0].legs[1].route == "1"


def test_changes_use_the_streets_between_stops(planner: Planner) -> None:
    """From the bus to a shuttle that starts 110 m on: a walk leg on the street, then slack."""
    shuttle = TransitService(
        route_id="pilot",
        name="Shuttle",
        stops=[Stop("by-last", "By last", LAT, 24.702), Stop("gate", "Gate", LAT, 24.7195)],
        departures_s=[9.25 * 3600],
        run_times_s=[60],
    )
    goal = Place("goal", "district", "Goal", LAT, 24.720)
    outing = planner.with_services([shuttle]).plan(ask(destination=goal))
    best = next(way for way in outing.itineraries if way.transfers == 1)
    assert [leg.mode for leg in best.legs] == ["walk", "transit", "walk", "transit", "walk"]
    change = best.legs[2]
    assert change.duration_s == walk_s(24.700, 24.702)
    assert (change.origin.name, change.destination.name) == ("Last stop", "By last")
    wait_s = best.legs[3].departure.timestamp() - change.arrival.timestamp()
    assert wait_s >= Parameters.bundled().value("change_time_s")


@pytest.mark.parametrize(
    ("day", "hour_before"), [("2026-03-29", "+03:00"), ("2026-10-25", "+02:00")]
)
def test_buses_keep_their_hours_when_clocks_change(
    planner: Planner, day: str, hour_before: str
) -> None:
    best = planner.plan(ask(at=f"{day}T09:30")).itineraries[0]
    assert best.legs[1].departure.isoformat() == f"{day}T10:00:00{hour_before}"
    assert best.duration_s == best.legs[-1].arrival.timestamp() - best.departure.timestamp()


def test_a_point_off_the_network_says_how_far(planner: Planner) -> None:
    away = Place.at(60.25, 24.6)
    with pytest.raises(OffNetworkError, match=r"5,5\d\d m away"):
        planner.plan(ask(destination=away))
    with pytest.raises(OffNetworkError, match="m away"):
        planner.plan(ask(destination=away, modes="bike"))


def test_impossible_questions_are_refused() -> None:
    with pytest.raises(RequestError, match="same place"):
        ask(destination=HOME)
    with pytest.raises(RequestError, match="lacks a zone"):
        PlanRequest(HOME, PARK, parse_instant("2026-05-13T10:00").replace(tzinfo=None))
    with pytest.raises(RequestError, match="did you mean bike"):
        ask(modes="bicycle")
    with pytest.raises(RequestError, match="no mode given"):
        PlanRequest(HOME, PARK, parse_instant("2026-05-13T10:00"), modes=frozenset())
    with pytest.raises(RequestError, match="stay"):
        ask(stay_s=-3600)
    with pytest.raises(RequestError, match="stay"):
        ask(stay_s=15 * 86400)
    with pytest.raises(RequestError, match="window"):
        ask(window_s=0)
    with pytest.raises(RequestError, match="year"):
        ask(at="1500-01-01T10:00")


def test_stops_off_the_streets_are_counted(
    network: StreetNetwork, gazetteer: Gazetteer, tmp_path: Path
) -> None:
    files = gtfs(hourly())
    files["stops"] += "\naway,A1,Away,60.3,24.9,C"
    planner = Planner(
        network, load_feed(write_feed_folder(tmp_path / "f", files)), gazetteer=gazetteer
    )
    assert any("1 of 3 stops" in warning for warning in planner.warnings)
    assert planner.plan(ask()).itineraries


def test_the_matrix_says_what_the_planner_says(planner: Planner) -> None:
    departures = np.array([8.0, 8.5, 9.0, 19.9, 21.0]) * 3600
    found = planner.transit_matrix(
        [HOME.point, PARK.point], [PARK.point, HOME.point], date(2026, 5, 13), departures
    )
    assert found.arrival_s.shape == (2, 2, 5)
    access, egress = walk_s(24.600, 24.610), walk_s(24.700, 24.710)
    assert found.arrival_s[0, 0, 1] == 9 * 3600 + 600 + egress
    assert found.in_vehicle_s[0, 0, 1] == 600
    assert found.walk_s[0, 0, 1] == access + egress
    assert found.wait_s[0, 0, 1] == 1800 - access
    assert found.first_wait_s[0, 0, 1] == 1800 - access
    assert found.transfers[0, 0, 1] == 0
    assert found.fare_eur[0, 0, 1] == Parameters.bundled().value("fare_bc_eur")
    assert found.arrival_s[0, 0, 0] == found.arrival_s[0, 0, 1]  # the 08:00 is gone by then
    assert np.isnan(found.arrival_s[0, 0, 4])
    assert np.isnan(found.fare_eur[0, 0, 4])
    whole = found.in_vehicle_s + found.walk_s + found.wait_s
    known = np.isfinite(found.arrival_s)
    expected = (found.arrival_s - departures)[known]
    assert whole[known] == pytest.approx(expected)
    for i, (origin, destination) in enumerate([(HOME, PARK), (PARK, HOME)]):
        for k, departure in enumerate(departures):
            if known[i, i, k]:
                at = planner.transit_day(date(2026, 5, 13)).timetable.instant(departure)
                request = PlanRequest(
                    origin, destination, at, modes=frozenset({"transit"}), window_s=4 * 3600
                )
                first = min(way.arrival for way in planner.plan(request).itineraries)
                day_s = first.hour * 3600 + first.minute * 60 + first.second
                assert found.arrival_s[i, i, k] == day_s


def test_the_json_has_the_keys_of_the_contract(planner: Planner) -> None:
    answer = planner.plan(ask(modes="transit,walk,car", stay_s=3600)).to_json()
    assert {"request", "itineraries", "return"} <= set(answer)
    for itinerary in [*answer["itineraries"], *answer["return"]]:
        assert {
            "departure", "arrival", "duration_s", "transfers", "walk_m", "co2_g", "fare_eur",
            "legs",
        } <= set(itinerary)  # fmt: skip
        for leg in itinerary["legs"]:
            assert {
                "mode", "from", "to", "departure", "arrival", "distance_m", "route", "geometry",
            } <= set(leg)  # fmt: skip
            assert leg["geometry"]["type"] == "LineString"
            assert len(leg["geometry"]["coordinates"]) >= 2
            assert leg["departure"].endswith("+03:00")
            for end in (leg["from"], leg["to"]):
                assert {"name", "lat", "lon"} <= set(end)


def test_legs_follow_each_other_in_time_and_place(planner: Planner) -> None:
    outing = planner.plan(ask(modes="walk,bike,car,transit,bikeshare", stay_s=3600))
    for itinerary in (*outing.itineraries, *outing.returns):
        for before, after in zip(itinerary.legs, itinerary.legs[1:], strict=False):
            assert before.arrival <= after.departure
            assert before.destination.lat == pytest.approx(after.origin.lat, abs=1e-4)
            assert before.destination.lon == pytest.approx(after.origin.lon, abs=1e-4)
