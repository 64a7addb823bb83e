"""Emissions of a leg, g CO2e.

Public transport counts a passenger's share. A car counts whole: the planner does not know who
else sits in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from lastmile.errors import ParameterError
from lastmile.units import METRES_PER_KM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lastmile.parameters import Parameters

_VEHICLE_PARAMETERS = {
    "bus": "co2_bus_passenger_g_km",
    "metro": "co2_metro_passenger_g_km",
    "train": "co2_train_passenger_g_km",
    "tram": "co2_tram_passenger_g_km",
}


@dataclass(frozen=True, slots=True)
class EmissionFactors:
    """What a kilometre emits, g CO2e.

    Attributes
    ----------
    car_g_km
        A car a kilometre.
    vehicle_g_km
        "bus", "metro", "train", ... -> g a passenger kilometre. What is not named is not known.

    Raises
    ------
    ParameterError
        A factor below zero.
    """

    car_g_km: float
    vehicle_g_km: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse impossible factors."""
        lowest = min([self.car_g_km, *self.vehicle_g_km.values()])
        if lowest < 0:
            raise ParameterError(f"an emission factor is below 0 g/km: {lowest}")

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """Return the factors of the parameter file, whose rows name their sources."""
        return cls(
            car_g_km=parameters.value("co2_car_g_km"),
            vehicle_g_km={
                vehicle: parameters.value(name) for vehicle, name in _VEHICLE_PARAMETERS.items()
            },
        )

    def leg_g(self, mode: str, distance_m: float, vehicle: str | None = None) -> float | None:
        """Return the emissions of one leg.

        Parameters
        ----------
        mode
            One of :data:`lastmile.itinerary.MODES`; people's own power emits nothing.
        distance_m
            Length of the leg.
        vehicle
            For transit: the kind of vehicle.

        Returns
        -------
        float or None
            g CO2e; None for a vehicle without a factor.
        """
        km = distance_m / METRES_PER_KM
        if mode == "car":
            return km * self.car_g_km
        if mode != "transit":
            return 0.0
        factor = self.vehicle_g_km.get(vehicle or "")
        return None if factor is None else km * factor
