"""The demand side of a day: levels of service, calibrated choice, and what people have learnt."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from lastmile.fares import ZoneFares
from lastmile.places import Gazetteer
from lastmile.planner.core import Planner
from lastmile.transit.feed import load_active_feed
from simulation.calibrate import (
    Calibration,
    Targets,
    calibrate,
    choice_parameters,
    entrance_targets,
    load_calibration,
    mode_targets,
    year_sample,
)
from simulation.feeder import Feeder
from simulation.model import DemandSide
from simulation.parties import Expectations
from simulation.visits import load_demand, load_zones
from simulation.ways import Fares, Offer, Speeds, WayFinder, levels_digest, starts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lastmile.network.street import StreetNetwork
    from simulation.levels import LevelsOfService
    from simulation.model import Access
    from simulation.supply import Supply

SAMPLE_SIZE: Final = 0.4
"""Size of the days that are calibrated on, as a share of the real ones."""

EXPOSURE: Final = {"good": 0.0, "fair": 0.5, "poor": 1.0}
"""What the weather adds for walkers and cyclists, as a share of the penalty in the rain."""


def demand_side(
    supply: Supply, base: tuple[Supply, DemandSide] | None
) -> tuple[DemandSide, Access]:
    """Return who might come, what they choose by, and how they reach the entrances.

    Parameters
    ----------
    supply
        What the scenario offers.
    base
        What the base offers on the same day, and its own demand side; None where the
        scenario is the base.

    Returns
    -------
    DemandSide, Access
        Expectations are those of people who have never been there; `simulation.learning.learn`
        teaches them.
    """
    levels, access = ways_of(supply)
    gates = [gate.id for gate in supply.entrances]
    if base is None:
        calibration = calibration_for(supply, levels)
        reference = None
    else:
        reference = base[1]
        calibration = calibration_for(base[0], reference.levels)
    side = DemandSide(
        inputs=load_demand(supply.parameters, gates),
        parameters=choice_parameters(supply.parameters, gates, calibration),
        levels=levels,
        expectations=Expectations.none(len(gates)),
        reference_levels=None if reference is None else reference.levels,
        reference_expectations=None if reference is None else reference.expectations,
    )
    return side, access


def calibration_for(base: Supply, levels: LevelsOfService) -> Calibration:
    """Return the constants of the choice.

    Parameters
    ----------
    base
        What the base offers.
    levels
        Its levels of service.

    Returns
    -------
    Calibration
        The bundled one where it was made for this network, timetable, parameters and these
        entrances; else a new one.
    """
    bundled = load_calibration()
    if bundled.digest == world_digest(base) and set(levels.entrances) <= set(bundled.entrances):
        return bundled
    return calibrated(base, levels)


def world_digest(supply: Supply) -> str:
    """Return a hash of what a calibration rests on: streets, timetable and parameters."""
    values = sorted(supply.parameters.as_values().items())
    return levels_digest(supply.streets.digest, supply.timetable.feed.digest, repr(values))


def calibrated(base: Supply, levels: LevelsOfService) -> Calibration:
    """Calibrate the constants of the choice to the targets of the parameters."""
    parties = year_sample(load_demand(base.parameters, levels.entrances), SAMPLE_SIZE)
    targets = Targets(
        mode=mode_targets(base.parameters.as_values()),
        entrance=entrance_targets(parties, len(levels.entrances)),
    )
    weights = choice_parameters(base.parameters, levels.entrances)
    return calibrate(parties, levels, weights, targets, digest=world_digest(base))


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
def _planner(streets: StreetNetwork, feed_digest: str) -> Planner:
    """Return the trip planner over one network, the bundled parameters' speeds in force."""
    del feed_digest
    return Planner(streets, load_active_feed())


def feeder_of(supply: Supply) -> Feeder:
    """Return what plans the way to the stops on a scenario's day."""
    planner = _planner(supply.streets, supply.timetable.feed.digest)
    return Feeder(planner, supply.timetable.day, supply.parameters.value("transfer_penalty_s"))


def _parking(supply: Supply) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the mean fee of each entrance's car parks by place, and whether it has any."""
    places = np.zeros(len(supply.entrances))
    fees = np.zeros(len(supply.entrances))
    for lot in supply.car_parks:
        places[lot.entrance] += lot.capacity
        fees[lot.entrance] += lot.capacity * lot.fee_eur
    return fees / np.maximum(places, 1), places > 0
