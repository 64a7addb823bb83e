"""The Pareto filter against brute force, and what makes a set small."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lastmile.planner.pareto import Option, choose, near_dominated, undominated


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(0, 14), st.integers(1, 6)),
        elements=st.sampled_from([0.0, 1.0, 2.0, 3.0, np.inf]),
    )
)
def test_undominated_rows_are_those_of_brute_force(criteria: np.ndarray) -> None:
    kept = undominated(criteria)
    for i, row in enumerate(criteria):
        beaten = any(
            all(a <= b for a, b in zip(other, row, strict=True))
            and (any(a < b for a, b in zip(other, row, strict=True)) or j < i)
            for j, other in enumerate(criteria)
            if j != i
        )
        assert kept[i] == (not beaten)


def option(
    departure_min: float,
    arrival_min: float,
    transfers: int = 0,
    walk_m: float = 0.0,
    kind: str = "bus",
) -> Option[str]:
    return Option(
        departure_s=departure_min * 60,
        arrival_s=arrival_min * 60,
        transfers=transfers,
        walk_m=walk_m,
        cost_eur=3.0,
        co2_g=0.0,
        generalised_s=(arrival_min - departure_min + 5 * transfers) * 60 + walk_m,
        mode=kind,
        kind=kind,
        patience_s=(arrival_min - departure_min) * 60,
        item=f"{kind} {departure_min}",
    )


def test_a_minute_and_a_hundred_metres_make_no_difference() -> None:
    assert near_dominated(option(0, 30), option(0, 29, walk_m=0))
    assert not near_dominated(option(0, 30), option(0, 28))
    assert len(choose([option(0, 30, walk_m=90), option(1, 31, walk_m=0)])) == 1


def test_each_kind_is_seen_before_a_second_of_any() -> None:
    buses = [option(10 * i, 10 * i + 20, walk_m=600) for i in range(10)]
    walk = option(0, 40, walk_m=300, kind="walk")
    bike = option(0, 35, walk_m=450, kind="bike")
    kinds = [found.kind for found in choose([*buses, walk, bike], most=4)]
    assert sorted(kinds) == ["bike", "bus", "bus", "walk"]


def test_what_nobody_would_do_is_left_out() -> None:
    hours_on_foot = option(0, 400, walk_m=30_000, kind="walk")
    bus = option(0, 60, transfers=1)
    assert choose([hours_on_foot, bus]) == [bus]
    assert choose([hours_on_foot]) == [hours_on_foot]
    assert choose([hours_on_foot, bus], asked={"walk", "bus"}) == [bus, hours_on_foot]


def test_nothing_gives_nothing() -> None:
    assert choose([]) == []


@given(
    st.lists(
        st.builds(
            option,
            st.integers(0, 60),
            st.integers(61, 200),
            st.integers(0, 3),
            st.floats(0, 3000),
            st.sampled_from(["bus", "walk", "car"]),
        ),
        max_size=30,
    )
)
def test_the_chosen_are_few_ordered_undominated_and_hold_the_best(
    options: list[Option[str]],
) -> None:
    chosen = choose(options)
    assert len(chosen) <= 6
    costs = [one.generalised_s for one in chosen]
    assert costs == sorted(costs)
    for one in chosen:
        others = [other for other in chosen if other is not one]
        worse = [o for o in others if o.generalised_s <= one.generalised_s]
        assert not any(near_dominated(other, one) for other in worse)
    if options:
        assert chosen
