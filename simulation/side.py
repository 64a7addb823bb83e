"""The demand side of a day: levels of service, calibrated choice, and what people have learnt."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from lastmile.fares import ZoneFares
from lastmile.places import Gazetteer
from lastmile.planner.core import Planner
from simulation.calibrate import choice_parameters
from simulation.feeder import Feeder
from simulation.model import DayModel, DemandSide
from simulation.parties import Expectations
from simulation.visits import load_demand, load_zones
from simulation.ways import Fares, Offer, Speeds, WayFinder, levels_digest, starts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lastmile.network.street import StreetNetwork
    from lastmile.transit.model import Feed
    from simulation.calibrate import Calibration
    from simulation.levels import LevelsOfService
    from simulation.model import Access
    from simulation.supply import Supply

EXPOSURE: Final = {"good": 0.0, "fair": 0.5, "poor": 1.0}
"""What the weather adds for walkers and cyclists, as a share of the penalty in the rain."""


def demand_side(
    supply: Supply, calibration: Calibration | None, base: DemandSide | None = None
) -> tuple[DemandSide, Access]:
    """Return who might come, what they choose by, and how they reach the entrances.

    Parameters
    ----------
    supply
        What the scenario offers.
    calibration
        Constants of the choice; zeros where None.
    base
        The demand side of the base on the same day; None where the scenario is the base.

    Returns
    -------
    DemandSide, Access
        Expectations are those of people who have never been there; `simulation.learning.learn`
        teaches them.
    """
    levels, access = ways_of(supply)
    gates = levels.entrances
    side = DemandSide(
        inputs=load_demand(supply.parameters, gates),
        parameters=choice_parameters(supply.parameters, gates, calibration),
        levels=levels,
        expectations=Expectations.none(len(gates)),
        reference_levels=None if base is None else base.levels,
        reference_expectations=None if base is None else base.expectations,
    )
    return side, access


def assemble(supply: Supply, side: DemandSide, access: Access) -> DayModel:
    """Return the day of a supply and a demand side."""
    return DayModel(
        scenario=supply.scenario,
        digest=supply.digest,
        day=supply.day,
        entrances=supply.entrances,
        car_parks=supply.car_parks,
        between_s=supply.between_s,
        between_m=supply.between_m,
        access=access,
        habits=supply.habits,
        services=supply.services,
        bikeshare=supply.bikeshare,
        costs=supply.costs,
        demand=side,
        warnings=supply.warnings,
    )


def ways_of(supply: Supply) -> tuple[LevelsOfService, Access]:
    """Return the levels of service and the access of what a scenario offers."""
    parameters = supply.parameters
    value = parameters.value
    finder = WayFinder(
        streets=supply.streets,
        feeder=feeder_of(supply),
        starts=starts(load_zones(), Gazetteer.bundled()),
        speeds=Speeds(value("walk_speed_ms"), value("bike_speed_street_ms")),
        fares=Fares(ZoneFares.from_parameters(parameters), value("season_ticket_share")),
        parameters=choice_parameters(parameters, [gate.id for gate in supply.entrances]),
        stop_margin_s=supply.habits.stop_margin_s,
    )
    fee, is_open = _parking(supply)
    return finder.find(
        Offer(
            entrances=supply.entrances,
            services=supply.services,
            own_fare_eur=supply.own_fare_eur,
            bikeshare=supply.bikeshare,
            parking_fee_eur=fee,
            parking_open=is_open,
            exposure=EXPOSURE[supply.day.weather],
            digest=levels_digest(supply.digest),
        )
    )


@lru_cache(maxsize=4)
def _planner(streets: StreetNetwork, feed: Feed) -> Planner:
    """Return the trip planner over one network, the bundled parameters' speeds in force."""
    return Planner(streets, feed)


def feeder_of(supply: Supply) -> Feeder:
    """Return what plans the way to the stops on a scenario's day."""
    planner = _planner(supply.streets, supply.timetable.feed)
    return Feeder(planner, supply.timetable.day, supply.parameters.value("transfer_penalty_s"))


def _parking(supply: Supply) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the mean fee of each entrance's car parks by place, and whether it has any."""
    places = np.zeros(len(supply.entrances))
    fees = np.zeros(len(supply.entrances))
    for lot in supply.car_parks:
        places[lot.entrance] += lot.capacity
        fees[lot.entrance] += lot.capacity * lot.fee_eur
    return fees / np.maximum(places, 1), places > 0
