"""Ways that might be worth showing, weighed before their geometry is worked out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lastmile.planner.pareto import Option

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from lastmile.itinerary import Itinerary, Waypoint
    from lastmile.planner.costs import Costs
    from lastmile.planner.request import PlanRequest

EARLINESS_WEIGHT = 0.5
"""A minute spent at home before leaving, or at the goal before it is time, in travel minutes."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way from door to door: what it is weighed by, and how to work it out in full.

    Attributes
    ----------
    mode
        What the request calls it.
    kind
        Candidates of one kind differ in little but time.
    departure_s, arrival_s
        Epoch seconds.
    transfers
        Changes between vehicles of the timetable.
    walk_s, walk_m, bike_s
        On foot, and on a bike.
    wait_s
        Waiting between legs.
    cost_eur, co2_g
        None where not known.
    build
        Makes the itinerary, with its geometry.
    car_at
        Where a car is left; its way back starts there.
    bike_stop
        Stop index where one's own bike is left; the way back leads there first.
    vehicles
        Trip indices of the rides.
    is_plain
        Whether no bike of any kind is needed beside the rides.
    """

    mode: str
    kind: Hashable
    departure_s: float
    arrival_s: float
    transfers: int
    walk_s: float
    walk_m: float
    bike_s: float
    wait_s: float
    cost_eur: float | None
    co2_g: float | None
    build: Callable[[], Itinerary]
    car_at: Waypoint | None = None
    bike_stop: int | None = None
    vehicles: tuple[int, ...] | None = None
    is_plain: bool = True

    @property
    def gear(self) -> frozenset[str]:
        """Vehicles of one's own that the way takes."""
        if self.mode in {"bike", "car"}:
            return frozenset({self.mode})
        return frozenset() if self.bike_stop is None else frozenset({"bike"})

    def early_s(self, request: PlanRequest) -> float:
        """Return the time between the trip and the instant asked for, s."""
        asked_s = request.at.timestamp()
        apart = asked_s - self.arrival_s if request.arrive_by else self.departure_s - asked_s
        return max(0.0, apart)

    def generalised_s(self, request: PlanRequest, costs: Costs) -> float:
        """Return the trip in seconds of travel time, with everything that weighs converted.

        Weights of waiting, walking and changing, and values of time, are those of the HSL
        appraisal and the Helmet demand model; see the parameter file.
        """
        return (
            (self.arrival_s - self.departure_s)
            + (costs.walk_weight - 1.0) * self.walk_s
            + (costs.bike_weight - 1.0) * self.bike_s
            + (costs.wait_weight - 1.0) * self.wait_s
            + costs.transfer_s * self.transfers
            + (self.cost_eur or 0.0) / costs.eur_per_s
            + EARLINESS_WEIGHT * self.early_s(request)
        )

    def option(self, request: PlanRequest, costs: Costs) -> Option[Candidate]:
        """Return the candidate as the Pareto filter weighs it."""
        return Option(
            departure_s=self.departure_s,
            arrival_s=self.arrival_s,
            transfers=self.transfers,
            walk_m=self.walk_m,
            cost_eur=math.inf if self.cost_eur is None else self.cost_eur,
            co2_g=math.inf if self.co2_g is None else self.co2_g,
            generalised_s=self.generalised_s(request, costs),
            mode=self.mode,
            kind=self.kind,
            item=self,
            patience_s=self.arrival_s - self.departure_s,
            gear=self.gear,
            vehicles=self.vehicles,
            is_plain=self.is_plain,
        )
