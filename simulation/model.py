"""Everything a day needs, ready to run: frozen, and cheap to send to another process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from simulation.parties import Rides

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scenarios.schema import Day
    from simulation.bikeshare import BikeShare
    from simulation.choice import ChoiceParameters
    from simulation.demand import DemandInputs
    from simulation.levels import LevelsOfService
    from simulation.parking import CarPark, Entrance, ParkingHabits
    from simulation.parties import Expectations
    from simulation.shuttle import Service


@dataclass(frozen=True, slots=True)
class Habits:
    """What people do when things do not go as planned.

    Attributes
    ----------
    parking
        Of drivers who find it full.
    informed_share
        Share of drivers who know before leaving whether it is full, where no sign says so.
    sign_share
        Share of drivers who look at the sign where there is one.
    ride_patience_s
        How long people who were left behind wait on, s, on average (exponential).
    stop_margin_s
        How long before the timetable people come to a stop, s, on average.
    plan_ahead_s
        People who leave the park later than this before the next departure stay there
        until it is time to go to the stop, s.
    """

    parking: ParkingHabits
    informed_share: float = 0.0
    sign_share: float = 0.0
    ride_patience_s: float = np.inf
    stop_margin_s: float = 180.0
    plan_ahead_s: float = 900.0


@dataclass(frozen=True, slots=True, eq=False)
class Access:
    """How the people of each zone reach each entrance; arrays of shape (zones, entrances).

    Attributes
    ----------
    drive_s, drive_m
        By car, s and m.
    bus, shuttle
        By the scheduled lines.
    citybike
        By hired bike: `Rides.board` and `Rides.alight` are stations.
    """

    drive_s: NDArray[np.float64]
    drive_m: NDArray[np.float64]
    bus: Rides
    shuttle: Rides
    citybike: Rides

    @classmethod
    def by_car_only(cls, drive_s: NDArray[np.float64], drive_m: NDArray[np.float64]) -> Access:
        """Return access where nothing but the road leads to the park."""
        nothing = Rides.none(*drive_s.shape)
        return cls(drive_s, drive_m, nothing, nothing, nothing)


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """What a day's operation and travel cost.

    Attributes
    ----------
    car_co2_g_km
        Of a car, g CO2e/km.
    value_of_time_eur_h
        Of an hour of one person, EUR.
    """

    car_co2_g_km: float = np.nan
    value_of_time_eur_h: float = np.nan


@dataclass(frozen=True, slots=True, eq=False)
class DemandSide:
    """Who might come and what they choose by.

    Attributes
    ----------
    inputs
        What a day's visitors are drawn from.
    parameters
        Weights, values and calibrated constants of the choice.
    levels
        Times and costs in this scenario.
    expectations
        What people have learnt to expect in this scenario.
    reference_levels, reference_expectations
        The same in the base on the same day; None where this is the base.
    """

    inputs: DemandInputs
    parameters: ChoiceParameters
    levels: LevelsOfService
    expectations: Expectations
    reference_levels: LevelsOfService | None = None
    reference_expectations: Expectations | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DayModel:
    """Everything a day needs.

    Attributes
    ----------
    scenario
        The scenario's name.
    digest
        Hash of the scenario and of all data and parameters the model was built from.
    day
        Which day it is.
    entrances, car_parks, services, bikeshare
        What is offered; a car park's index is its place in `car_parks`.
    between_s, between_m
        (entrances, entrances) driving time and distance from one to another; inf where
        there is no way.
    access
        How people reach the entrances.
    habits
        What people do when things do not go as planned.
    costs
        What things cost.
    demand
        Who might come; None in a model that is run with given parties.
    warnings
        What was not known, and how often.
    """

    scenario: str
    digest: str
    day: Day
    entrances: tuple[Entrance, ...]
    car_parks: tuple[CarPark, ...]
    between_s: NDArray[np.float64]
    between_m: NDArray[np.float64]
    access: Access
    habits: Habits
    services: tuple[Service, ...] = ()
    bikeshare: BikeShare | None = None
    costs: Costs = field(default_factory=Costs)
    demand: DemandSide | None = None
    warnings: tuple[str, ...] = ()

    def lots_of(self, entrance: int) -> list[int]:
        """Return the indices of an entrance's car parks, in the order drivers try them."""
        return [index for index, lot in enumerate(self.car_parks) if lot.entrance == entrance]


def told_share(model: DayModel) -> list[float]:
    """Return for each entrance the share of drivers who know before leaving if it is full."""
    habits = model.habits
    signed = {lot.entrance for lot in model.car_parks if lot.signs}
    return [
        max(habits.sign_share, habits.informed_share) if gate in signed else habits.informed_share
        for gate in range(len(model.entrances))
    ]
