"""Small worlds for the tests of demand and choice."""

from __future__ import annotations

import numpy as np
import pytest

from simulation.choice import ChoiceParameters
from simulation.demand import DemandInputs
from simulation.parties import MODES

ENTRANCES = ("north", "south")


@pytest.fixture
def inputs() -> DemandInputs:
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


@pytest.fixture
def parameters() -> ChoiceParameters:
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
