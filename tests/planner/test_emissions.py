"""Grams of CO2e per leg, from the parameter file."""

import pytest

from lastmile.emissions import EmissionFactors
from lastmile.errors import ParameterError
from lastmile.parameters import Parameters

FACTORS = EmissionFactors(car_g_km=165.0, vehicle_g_km={"bus": 51.0, "metro": 0.0})


@pytest.mark.parametrize(
    ("mode", "vehicle", "grams"),
    [
        ("walk", None, 0.0),
        ("bike", None, 0.0),
        ("bikeshare", None, 0.0),
        ("car", None, 330.0),
        ("transit", "bus", 102.0),
        ("transit", "metro", 0.0),
        ("transit", "ferry", None),  # not known is not zero
        ("transit", None, None),
    ],
)
def test_two_kilometres(mode: str, vehicle: str | None, grams: float | None) -> None:
    assert FACTORS.leg_g(mode, 2000.0, vehicle) == grams


def test_factors_come_from_the_parameter_file() -> None:
    values = Parameters.bundled()
    factors = EmissionFactors.from_parameters(values)
    assert factors.car_g_km == values.value("co2_car_g_km")
    assert set(factors.vehicle_g_km) == {"bus", "metro", "train", "tram"}


def test_a_negative_factor_is_refused() -> None:
    with pytest.raises(ParameterError, match="below 0"):
        EmissionFactors(car_g_km=1.0, vehicle_g_km={"bus": -1.0})
