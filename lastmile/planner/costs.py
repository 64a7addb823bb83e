"""What the planner takes from the parameter file: fares, emissions, costs and how people weigh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from lastmile.emissions import EmissionFactors
from lastmile.fares import ZoneFares
from lastmile.units import SECONDS_PER_HOUR

if TYPE_CHECKING:
    from lastmile.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Costs:
    """Prices, factors and weights, in the units of the parameter file.

    Attributes
    ----------
    fares, emissions
        Tickets and g CO2e.
    car_eur_km, parking_eur
        Running cost of a car, and the fee of a park's car park.
    citybike_day_eur, citybike_extra_30min_eur
        City bike day pass, and every half hour of a ride after the first.
    citybike_speed_factor
        Riding speed of a city bike relative to one's own bike.
    rent_s, return_s
        Taking a city bike out of its dock and putting it back.
    walk_speed_ms
        Walking where there is no street.
    change_s, parking_s
        Least time for a change of vehicle; parking the car and getting going.
    eur_per_s
        Value of travel time.
    wait_weight, walk_weight, bike_weight, transfer_s
        How waiting, walking, cycling and a change feel, relative to sitting in a vehicle.
    taxi_start_eur, taxi_eur_km, taxi_eur_min, taxi_wait_s
        What a taxi costs, and how long it takes to come.
    """

    fares: ZoneFares
    emissions: EmissionFactors
    car_eur_km: float
    parking_eur: float
    citybike_day_eur: float
    citybike_extra_30min_eur: float
    citybike_speed_factor: float
    rent_s: float
    return_s: float
    walk_speed_ms: float
    change_s: float
    parking_s: float
    eur_per_s: float
    wait_weight: float
    walk_weight: float
    bike_weight: float
    transfer_s: float
    taxi_start_eur: float
    taxi_eur_km: float
    taxi_eur_min: float
    taxi_wait_s: float

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """Return what the parameter file says.

        Raises
        ------
        ParameterError
            It lacks one of the names.
        """
        value = parameters.value
        return cls(
            fares=ZoneFares.from_parameters(parameters),
            emissions=EmissionFactors.from_parameters(parameters),
            car_eur_km=value("car_cost_eur_km"),
            parking_eur=value("parking_fee_eur"),
            citybike_day_eur=value("citybike_day_fee_eur"),
            citybike_extra_30min_eur=value("citybike_extra_30min_eur"),
            citybike_speed_factor=value("citybike_speed_ms") / value("bike_speed_street_ms"),
            rent_s=value("citybike_rent_s"),
            return_s=value("citybike_return_s"),
            walk_speed_ms=value("walk_speed_ms"),
            change_s=value("change_time_s"),
            parking_s=value("parking_access_s"),
            eur_per_s=value("vot_leisure_transit_eur_h") / SECONDS_PER_HOUR,
            wait_weight=value("wait_weight"),
            walk_weight=value("walk_weight"),
            bike_weight=value("vot_bike_eur_h") / value("vot_leisure_transit_eur_h"),
            transfer_s=value("transfer_penalty_s"),
            taxi_start_eur=value("taxi_start_eur"),
            taxi_eur_km=value("taxi_eur_km"),
            taxi_eur_min=value("taxi_eur_min"),
            taxi_wait_s=value("taxi_wait_s"),
        )
