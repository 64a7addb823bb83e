"""How many walk from each station to each place on the shore: a gravity model with wide ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lastmile.units import SECONDS_PER_MINUTE
from lastmile.walkway.catchments import WALK
from lastmile.walkway.shore import services_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lastmile.parameters import Parameters
    from lastmile.places import Place
    from lastmile.walkway.catchments import Access

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Walkers:
    """People a day, one way, from stations to places on the shore.

    Attributes
    ----------
    stations, targets
        Rows and columns.
    per_day
        (n, m) best estimate.
    low_factor, high_factor
        What to multiply it with for the ends of its range, as far as boardings and the share of
        shore-goers are uncertain.
    """

    stations: tuple[Place, ...]
    targets: tuple[Place, ...]
    per_day: Floats
    low_factor: float
    high_factor: float


def attraction(place: Place, parameters: Parameters) -> float:
    """Return how much a place draws: the sum over its services, 1 for a bare shore."""
    kinds = services_of(place)
    return sum(parameters.value(f"attraction_{kind}") for kind in kinds) or 1.0


def shares(duration_s: Floats, attractions: Floats, decay_min: float) -> Floats:
    """Return which share of each station's walkers goes where, (n, m).

    Parameters
    ----------
    duration_s
        (n, m), inf where there is no way.
    attractions
        (m,)
    decay_min
        Minutes that make a place a factor e less likely.

    Returns
    -------
    ndarray
        Rows sum to 1, or to 0 where nothing is reached.
    """
    pull = attractions * np.exp(-duration_s / SECONDS_PER_MINUTE / decay_min)
    total = pull.sum(axis=1, keepdims=True)
    found: Floats = np.divide(pull, total, out=np.zeros_like(pull), where=total > 0)
    return found


def walkers(access: Access) -> Walkers:
    """Return how many walk from each station to each place on a fair summer day.

    A station's shore-goers are its boardings times ``shore_share``, times exp(-t / decay) with t
    the walk to the nearest place; they choose among places by :func:`shares`.
    """
    parameters = access.shore.parameters
    duration_s = access.times(WALK).duration_s
    decay_min = parameters.value("shore_decay_min")
    attractions = np.array([attraction(place, parameters) for place in access.targets])
    nearest_min = duration_s.min(axis=1) / SECONDS_PER_MINUTE
    boardings = np.array([station.boardings for station in access.shore.stations])
    share = parameters["shore_share"]
    going = boardings * share.value * np.exp(-nearest_min / decay_min)
    low = sum(station.boardings_low for station in access.shore.stations) * share.low
    high = sum(station.boardings_high for station in access.shore.stations) * share.high
    middle = float(boardings.sum()) * share.value
    return Walkers(
        stations=access.stations,
        targets=access.targets,
        per_day=going[:, None] * shares(duration_s, attractions, decay_min),
        low_factor=low / middle,
        high_factor=high / middle,
    )
