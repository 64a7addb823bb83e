"""Tickets against HSL's published rules: zones sold, validity, and what a change costs."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastmile.errors import ParameterError
from lastmile.fares import VALIDITY_MIN, Ride, ZoneFares, car_cost_eur, ride_zones, span

# HSL's adult prices of 2024: AB, BC and CD cost the same, ABC 4.10 and ABCD 4.50
# (sttinfo.fi/tiedote/70078383); D and BCD are set here so that every ticket has a price.
PRICES = {"AB": 2.95, "BC": 2.95, "CD": 2.95, "D": 2.9, "ABC": 4.10, "BCD": 4.2, "ABCD": 4.50}
FARES = ZoneFares(PRICES)


@pytest.mark.parametrize(
    ("zones", "ticket"),
    [
        ("A", "AB"),
        ("B", "AB"),
        ("C", "BC"),  # of the pairs of the same price the inner one
        ("D", "D"),
        ("AB", "AB"),
        ("BC", "BC"),
        ("CD", "CD"),
        ("AC", "ABC"),  # zone B is crossed
        ("BD", "BCD"),
        ("AD", "ABCD"),
        ("ABCD", "ABCD"),
    ],
)
def test_zones_travelled_name_the_ticket(zones: str, ticket: str) -> None:
    assert FARES.ticket(zones) == ticket


def test_no_ticket_is_sold_for_one_of_the_zones_a_b_c() -> None:
    assert not {"A", "B", "C"} & set(VALIDITY_MIN)


def test_validity_is_as_published() -> None:
    # https://www.hsl.fi/en/tickets-and-fares/value-tickets
    assert VALIDITY_MIN == {
        "AB": 80, "BC": 80, "D": 80, "CD": 90, "ABC": 90, "BCD": 100, "ABCD": 110,
    }  # fmt: skip


def test_helsinki_to_nuuksio_needs_abc() -> None:
    rides = [Ride(0, "AB"), Ride(900, "BC"), Ride(2400, "C")]
    assert FARES.fare(rides).tickets == ("ABC",)
    assert FARES.fare(rides).eur == 4.10


def test_a_change_within_validity_is_free() -> None:
    assert FARES.fare([Ride(0, "A"), Ride(80 * 60, "A")]).tickets == ("AB",)


def test_a_change_a_second_too_late_costs_a_longer_or_second_ticket() -> None:
    fare = FARES.fare([Ride(0, "A"), Ride(80 * 60 + 1, "A")])
    assert fare.tickets == ("ABC",)  # 4.10 for 90 minutes beats twice 2.95
    late = FARES.fare([Ride(0, "A"), Ride(111 * 60, "A")])
    assert late.tickets == ("AB", "AB")
    assert late.eur == 5.90


def test_the_trip_begun_in_time_may_be_ended_on_the_ticket() -> None:
    # only the boarding counts, not how long the last ride takes
    assert FARES.fare([Ride(0, "AB")]).eur == 2.95


def test_an_unknown_zone_makes_the_fare_unknown_and_not_zero() -> None:
    assert FARES.fare([Ride(0, "A"), Ride(60, None)]).eur is None


def test_a_missing_price_falls_back_to_the_next_ticket_or_to_unknown() -> None:
    assert ZoneFares({"ABCD": 4.5}).ticket("A") == "ABCD"
    assert ZoneFares({"AB": 2.95}).fare([Ride(0, "C")]).eur is None


def test_walking_costs_nothing() -> None:
    assert FARES.fare([]).eur == 0.0


def test_a_ticket_that_is_not_sold_is_refused() -> None:
    with pytest.raises(ParameterError, match="'AC' is not sold"):
        ZoneFares({"AC": 3.0})
    with pytest.raises(ParameterError, match="0 or more"):
        ZoneFares({"AB": -1.0})
    with pytest.raises(ParameterError, match="not a fare zone"):
        span("AX")


def test_zones_of_a_ride() -> None:
    assert ride_zones(["A", "B", None, "C"]) == "ABC"
    assert ride_zones(["A", None]) is None
    assert ride_zones(["A", "Ei HSL", "B"]) is None
    assert ride_zones([]) is None


def test_car_cost_counts_distance_and_parking() -> None:
    assert car_cost_eur(30_000, 0.1279) == pytest.approx(3.837)
    assert car_cost_eur(1_000, 0.1, parking_eur=5.0) == pytest.approx(5.1)


rides_strategy = st.lists(
    st.tuples(st.integers(0, 4 * 3600), st.sampled_from(["A", "AB", "B", "BC", "C", "CD", "D"])),
    min_size=1,
    max_size=5,
).map(lambda pairs: [Ride(float(board), zones) for board, zones in sorted(pairs)])


@given(rides_strategy)
def test_fares_are_the_cheapest_of_all_ways_to_split_the_trip(rides: list[Ride]) -> None:
    """Brute force: every way to cut the trip into runs, every ticket for every run."""
    cheapest = float("inf")
    cuts = range(1, len(rides))
    for count in range(len(rides)):
        for chosen in combinations(cuts, count):
            edges = [0, *chosen, len(rides)]
            total = 0.0
            for start, end in pairwise(edges):
                run = rides[start:end]
                zones = span("".join(ride.zones or "" for ride in run))
                lasts_min = (run[-1].board_s - run[0].board_s) / 60
                total += (
                    min(
                        price
                        for ticket, price in PRICES.items()
                        if zones in ticket and lasts_min <= VALIDITY_MIN[ticket]
                    )
                    if lasts_min <= max(VALIDITY_MIN[t] for t in PRICES if zones in t)
                    else float("inf")
                )
            cheapest = min(cheapest, total)
    fare = FARES.fare(rides)
    assert fare.eur == pytest.approx(cheapest)
    assert sum(PRICES[ticket] for ticket in fare.tickets) == pytest.approx(cheapest)
