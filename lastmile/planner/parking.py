"""Whether a car park will be full: asked of an outlook, shown with every car itinerary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lastmile.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping


class ParkingOutlook(Protocol):
    """Foresees how full car parks get."""

    def probability_full(self, car_park_id: str, when_s: float) -> float | None:
        """Return the probability that a car park is full.

        Parameters
        ----------
        car_park_id
            Id of a place of kind ``car_park``.
        when_s
            Seconds after midnight of the day of the trip.

        Returns
        -------
        float or None
            Between 0 and 1; None where nothing is known of the car park.
        """


@dataclass(frozen=True, slots=True)
class ConstantOutlook:
    """The same probability at every hour.

    Attributes
    ----------
    probabilities
        Car park id -> probability that it is full; others are not known.

    Raises
    ------
    ParameterError
        A probability outside 0 to 1.
    """

    probabilities: Mapping[str, float]

    def __post_init__(self) -> None:
        """Refuse what is no probability."""
        for car_park, probability in self.probabilities.items():
            if not 0.0 <= probability <= 1.0:
                raise ParameterError(
                    f"the probability that {car_park} is full is {probability}; it lies between "
                    "0 and 1"
                )

    def probability_full(self, car_park_id: str, when_s: float) -> float | None:
        """Return the probability of the car park, whatever the hour."""
        del when_s
        return self.probabilities.get(car_park_id)
