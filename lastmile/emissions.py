"""Emissions of a leg, g CO2e for one traveller."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lastmile.errors import ParameterError
from lastmile.units import METRES_PER_KM

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class EmissionFactors:
    """What a kilometre emits, g CO2e.

    Attributes
    ----------
    car_g_per_km
        A car a kilometre, shared by ``car_occupancy`` people.
    car_occupancy
        People in the car, driver included; 1 counts the whole car for the traveller.
    vehicle_g_per_km
        "bus", "metro", "train", ... -> g a passenger kilometre. What is not named is not known.
    bikeshare_g_per_km
        Rented bikes a kilometre.

    Raises
    ------
    ParameterError
        A factor below zero, or an empty car.
    """

    car_g_per_km: float
    car_occupancy: float = 1.0
    vehicle_g_per_km: Mapping[str, float] = field(default_factory=dict)
    bikeshare_g_per_km: float = 0.0

    def __post_init__(self) -> None:
        """Refuse impossible factors."""
        factors = [self.car_g_per_km, self.bikeshare_g_per_km, *self.vehicle_g_per_km.values()]
        if min(factors) < 0:
            raise ParameterError(f"an emission factor is below 0 g/km: {min(factors)}")
        if self.car_occupancy < 1:
            raise ParameterError(f"a car carries at least its driver, not {self.car_occupancy}")

    def leg_g(self, mode: str, distance_m: float, vehicle: str | None = None) -> float | None:
        """Return the emissions of one leg.

        Parameters
        ----------
        mode
            One of :data:`lastmile.itinerary.MODES`.
        distance_m
            Length of the leg.
        vehicle
            For transit: the kind of vehicle.

        Returns
        -------
        float or None
            g CO2e for one traveller; None for a vehicle without a factor.
        """
        km = distance_m / METRES_PER_KM
        if mode in {"walk", "bike"}:
            return 0.0
        if mode == "car":
            return km * self.car_g_per_km / self.car_occupancy
        if mode == "bikeshare":
            return km * self.bikeshare_g_per_km
        factor = self.vehicle_g_per_km.get(vehicle or "")
        return None if factor is None else km * factor
