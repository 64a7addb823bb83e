"""Who gains, and what relief costs: the charts draw the numbers they are given."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from dashboard.charts import cost_against_relief, gains
from simulation.experiment import Effect
from simulation.sampling import Sample
from simulation.statistics import Estimate, Interval


class Pilot:
    """What a chart reads of a pilot's result."""

    def __init__(self, **differences: Estimate | None) -> None:
        self.effects = {
            name: Effect(0.0, 0.0, difference) for name, difference in differences.items()
        }


class Run:
    """What a chart reads of two days: 90 and 30 minutes gained in the north, 60 lost in town."""

    def __init__(self) -> None:
        self.sample = Sample(np.arange(2), {})
        self.about = {"zones": ["north", "town"]}

    @staticmethod
    def tables(_name: str) -> pa.Table:
        return pa.table({"zone": [0, 1, 0, 1], "gain_min": [90.0, -60.0, 30.0, -60.0]})


def change(mean: float, reach: float) -> Estimate:
    """Return a difference with its interval."""
    return Estimate(mean, Interval(mean - reach, mean + reach), 1.0, 20)


def test_a_districts_gain_is_a_days_hours_of_all_its_visitors() -> None:
    chart = gains({"Shuttle": Run()}, {"north": "North"})  # type: ignore[dict-item]
    assert chart is not None
    table = chart.data.set_index("district")["gain"]
    assert table["North"] == pytest.approx((90 + 30) / 60 / 2)
    assert table["town"] == pytest.approx(-1.0)
    assert chart.to_dict()["encoding"]["x"]["title"].endswith("hours a day")


def test_relief_is_cars_fewer_and_its_cost_is_net_of_fares() -> None:
    pilot = Pilot(
        operating_cost_eur=change(1900, 10),
        fare_revenue_eur=change(300, 10),
        cars_arrived=change(-40, 15),
    )
    chart = cost_against_relief({"Shuttle": pilot}, "cars_arrived", "fewer cars")  # type: ignore[dict-item]
    assert chart is not None
    (row,) = chart.data.to_dict("records")
    assert row["cost"] == 1600
    assert (row["low"], row["relief"], row["high"]) == (25, 40, 55)


def test_a_pilot_whose_cost_is_not_known_is_left_out_not_drawn_at_nothing() -> None:
    pilot = Pilot(operating_cost_eur=None, fare_revenue_eur=None, cars_arrived=change(-40, 15))
    assert cost_against_relief({"Shuttle": pilot}, "cars_arrived", "fewer cars") is None  # type: ignore[dict-item]
