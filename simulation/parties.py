"""What passes between demand and the day: who comes, what they chose, how they ride.

A party travels together and decides together. Parties are held as a struct of arrays, one row
a party, sorted by the time they mean to arrive. Every random number that a party's own
decisions need is drawn with the party (``draws``, ``taste``), never while the day runs, so that
two scenarios meet the same visitors with the same patience and the same luck.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lastmile.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODES: Final = ("car", "bus", "shuttle", "bike", "citybike", "walk")
"""Ways to arrive; `Choices.mode` indexes this tuple."""

CAR, BUS, SHUTTLE, BIKE, CITYBIKE, WALK = range(len(MODES))

STAYS_AWAY: Final = -1
"""`Choices.mode` of a party that does not come at all (latent demand, refused a booking)."""

DRAWS: Final = (
    "search",  # how long the look for a space in a full car park takes
    "patience",  # how long the party waits in a queue for a space
    "queue",  # whether it queues at all
    "roadside",  # whether it would park at the roadside
    "divert",  # whether it tries another entrance
    "signs",  # whether it heeds a sign that says full
    "booking",  # its turn when places are booked
    "no_show",  # whether it lets a booked place lapse
    "stop_margin",  # how long before the departure it comes to the stop
    "ride_patience",  # how long it waits at a stop before it chooses again
    "bike_patience",  # whether it walks on to the next bike station
    "attendance",  # whether it comes at all where it is dearer or cheaper than in the base
)
"""Columns of `Parties.draws`: independent uniforms on [0, 1)."""


@dataclass(frozen=True, slots=True)
class Parties:
    """A day's potential visitors, one row a party, sorted by `arrival_s`.

    Attributes
    ----------
    arrival_s
        (n,) when they mean to reach the entrance, s after midnight.
    size
        (n,) people in the party.
    zone
        (n,) origin zone, a row of the levels of service.
    home_entrance
        (n,) the entrance they would prefer, an index into the model's entrances.
    stay_s
        (n,) how long they stay once there, s.
    has_car
        (n,) whether a car is at hand.
    latent
        (n,) whether they come only when it is less crowded than in the base.
    draws
        (n, len(DRAWS)) uniforms on [0, 1) for the party's own decisions during the day.
    taste
        (n, modes, entrances) standard Gumbel draws for the choice of mode and entrance.
    """

    arrival_s: NDArray[np.float64]
    size: NDArray[np.int16]
    zone: NDArray[np.int16]
    home_entrance: NDArray[np.int16]
    stay_s: NDArray[np.float64]
    has_car: NDArray[np.bool_]
    latent: NDArray[np.bool_]
    draws: NDArray[np.float64]
    taste: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check that the columns agree.

        Raises
        ------
        DataError
            If the columns differ in length or the arrivals are not sorted.
        """
        count = len(self.arrival_s)
        for name in ("size", "zone", "home_entrance", "stay_s", "has_car", "latent"):
            if len(getattr(self, name)) != count:
                raise DataError(f"parties: column {name} has not {count} rows")
        if self.draws.shape != (count, len(DRAWS)):
            raise DataError(
                f"parties: draws have shape {self.draws.shape}, not ({count}, {len(DRAWS)})"
            )
        if len(self.taste) != count:
            raise DataError(f"parties: taste has not {count} rows")
        if count and np.any(np.diff(self.arrival_s) < 0):
            raise DataError("parties: arrivals are not sorted by time")

    def __len__(self) -> int:
        """Count the parties."""
        return len(self.arrival_s)

    def take(self, rows: NDArray[np.intp]) -> Parties:
        """Return some of the parties, by their rows in ascending order."""
        return Parties(
            arrival_s=self.arrival_s[rows],
            size=self.size[rows],
            zone=self.zone[rows],
            home_entrance=self.home_entrance[rows],
            stay_s=self.stay_s[rows],
            has_car=self.has_car[rows],
            latent=self.latent[rows],
            draws=self.draws[rows],
            taste=self.taste[rows],
        )

    def draw(self, name: str) -> NDArray[np.float64]:
        """Return the column of `draws` called `name`, shape (n,)."""
        return self.draws[:, DRAWS.index(name)]


@dataclass(frozen=True, slots=True)
class Choices:
    """What each party decided before it left home.

    Attributes
    ----------
    mode
        (n,) index into `MODES`, or `STAYS_AWAY`.
    entrance
        (n,) the entrance it heads for, an index into the model's entrances.
    generalised_cost_min
        (n,) generalised cost of the chosen way, minutes; nan for those who stay away.
    logsum_min
        (n,) the party's expected best generalised cost over all its ways, minutes (the
        more negative the better off): differences between scenarios are consumer surplus.
    """

    mode: NDArray[np.int8]
    entrance: NDArray[np.int16]
    generalised_cost_min: NDArray[np.float64]
    logsum_min: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rides:
    """How the people of each zone reach each entrance with one scheduled mode.

    All arrays have shape (zones, entrances).

    Attributes
    ----------
    service
        Index into the model's services; -1 where there is no way.
    board, alight
        Stop indices along that service.
    access_s
        From home to the boarding stop by foot, train, metro or bus, s.
    egress_s
        Walk from the stop where they get off to the entrance, s.
    by_feeder
        Whether they come to the boarding stop by train or metro, and so meet the
        timetable of that feeder.
    """

    service: NDArray[np.int16]
    board: NDArray[np.int16]
    alight: NDArray[np.int16]
    access_s: NDArray[np.float64]
    egress_s: NDArray[np.float64]
    by_feeder: NDArray[np.bool_]

    @classmethod
    def none(cls, zones: int, entrances: int) -> Rides:
        """Return rides where the mode serves nobody."""
        shape = (zones, entrances)
        return cls(
            service=np.full(shape, -1, dtype=np.int16),
            board=np.zeros(shape, dtype=np.int16),
            alight=np.zeros(shape, dtype=np.int16),
            access_s=np.full(shape, np.nan),
            egress_s=np.full(shape, np.nan),
            by_feeder=np.zeros(shape, dtype=np.bool_),
        )


@dataclass(frozen=True, slots=True)
class Expectations:
    """What people have learnt to expect, by entrance and hour of arrival.

    Learnt from earlier days (`simulation.learning`): the mean of what parties met. All
    arrays have shape (entrances, 24); zeros where nobody has learnt anything yet.

    Attributes
    ----------
    search_s
        Search and queueing time of a car party, s.
    refusal
        Probability that a car party is turned away.
    diversion_s
        Extra time of car parties that found the entrance full and went elsewhere, s.
    shuttle_wait_s, bus_wait_s
        Wait at the stop beyond the timetable's own (left behind, missed), s.
    days
        How many days they have been learnt from.
    """

    search_s: NDArray[np.float64]
    refusal: NDArray[np.float64]
    diversion_s: NDArray[np.float64]
    shuttle_wait_s: NDArray[np.float64]
    bus_wait_s: NDArray[np.float64]
    days: int = 0

    @classmethod
    def none(cls, entrances: int) -> Expectations:
        """Return the expectations of somebody who has never been there."""
        nothing = np.zeros((entrances, 24))
        return cls(nothing, nothing, nothing, nothing, nothing)
