"""Small worlds for the tests of demand and choice, made by hand."""

from __future__ import annotations

import numpy as np

from simulation.choice import ChoiceParameters
from simulation.demand import DemandInputs
from simulation.levels import LevelsOfService, RideLevels
from simulation.parties import MODES

ENTRANCES = ("north", "south")


def make_inputs() -> DemandInputs:
    """Return a park of two entrances with the same visits in every month."""
    daily = np.zeros((2, 12, 3))
    daily[0], daily[1] = 600.0, 200.0
    hours = np.zeros(24)
    hours[10:14] = [0.4, 0.3, 0.2, 0.1]
    return DemandInputs(
        entrances=ENTRANCES,
        daily_visits=daily,
        arrival_share=np.tile(hours, (2, 12, 3, 1)),
        weather_share=np.array([0.4, 0.4, 0.2]),
        weather_factor=np.array([1.25, 0.95, 0.6]),
        day_cv=0.3,
        party_share=np.array([0.2, 0.4, 0.3, 0.1]),
        stay_mean_h=3.3,
        stay_cv=0.45,
        zones=("town", "village"),
        zone_share=np.array([0.75, 0.25]),
        car_at_hand=np.array([0.5, 1.0]),
        nest_scale=0.6,
    )


def make_parameters() -> ChoiceParameters:
    """Return round weights, no calibrated constants and no elasticity."""
    return ChoiceParameters(
        wait_weight=1.5,
        walk_weight=1.75,
        bike_weight=2.0,
        search_weight=1.5,
        schedule_delay_weight=1.0,
        transfer_min=5.0,
        boarding_min=3.0,
        refusal_min=60.0,
        value_of_time_eur_h=6.0,
        drive_cost_eur_km=0.14,
        poor_weather_min=0.0,
        scale_per_min=0.05,
        nest_scale=0.6,
        other_entrance_min=20.0,
        elasticity=0.0,
        reference_cost_min=100.0,
        mode_constant_min=np.zeros(len(MODES)),
        entrance_constant_min=np.zeros(len(ENTRANCES)),
    )


def make_ride(minutes: float, fare_eur: float = 3.0) -> RideLevels:
    """Return a ride of so many minutes on board from everywhere at every hour."""
    shape = (2, 2, 24)
    zero = np.zeros(shape)
    return RideLevels(
        in_vehicle_s=np.full(shape, minutes * 60.0),
        wait_s=zero,
        walk_s=zero,
        cycle_s=zero,
        schedule_delay_s=zero,
        transfers=zero,
        fare_eur=np.full(shape, fare_eur),
    )


def make_levels() -> LevelsOfService:
    """Return levels where car, bus, bike and feet lead to both entrances."""
    nowhere = RideLevels.none(2, 2)
    return LevelsOfService(
        zones=("town", "village"),
        entrances=ENTRANCES,
        drive_s=np.array([[1800.0, 2000.0], [900.0, 1000.0]]),
        drive_m=np.array([[25e3, 27e3], [12e3, 13e3]]),
        bike_s=np.array([[6000.0, 6300.0], [3000.0, 3300.0]]),
        walk_s=np.array([[20e3, 21e3], [9e3, 10e3]]),
        bus_there=make_ride(50),
        bus_back=make_ride(50),
        shuttle_there=nowhere,
        shuttle_back=nowhere,
        citybike_there=nowhere,
        citybike_back=nowhere,
        parking_fee_eur=np.zeros(2),
        parking_open=np.ones(2, dtype=bool),
        exposure=0.0,
    )
