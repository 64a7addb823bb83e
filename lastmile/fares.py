"""Public transport fares by HSL's zones.

A ticket covers neighbouring zones and is bought for every zone the trip goes through. Zones A,
B and C are sold in pairs at least; D is sold alone. A single ticket allows any number of
changes while it is valid, and the trip begun in time may be ended on it.

Sources: HSL, https://www.hsl.fi/en/tickets-and-fares/value-tickets (validity, boarding rule) and
https://www.sttinfo.fi/tiedote/69845473 (zones and the pairs sold).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from lastmile.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lastmile.parameters import Parameters

ZONES = "ABCD"

VALIDITY_MIN: Mapping[str, int] = {
    "AB": 80,
    "BC": 80,
    "D": 80,
    "CD": 90,
    "ABC": 90,
    "BCD": 100,
    "ABCD": 110,
}
"""Every single ticket on sale and how many minutes it is valid (HSL, value tickets)."""


@dataclass(frozen=True, slots=True)
class Ride:
    """One boarding, as the fare needs it.

    Attributes
    ----------
    board_s
        When one boards, s on any clock that runs through the whole trip.
    zones
        Zones the ride touches ("BC"); None where a stop's zone is not known.
    """

    board_s: float
    zones: str | None


@dataclass(frozen=True, slots=True)
class Fare:
    """Tickets of one trip and what they cost.

    Attributes
    ----------
    eur
        None where a ride's zone or a ticket's price is not known.
    tickets
        Zones of each single ticket, in the order they are bought.
    """

    eur: float | None
    tickets: tuple[str, ...]


class ZoneFares:
    """Cheapest valid single tickets.

    Parameters
    ----------
    prices_eur
        Ticket ("ABC") -> adult price, EUR. Tickets without a price are not offered.

    Raises
    ------
    ParameterError
        A ticket HSL does not sell, or a price below zero.
    """

    def __init__(self, prices_eur: Mapping[str, float]) -> None:
        for ticket, price in prices_eur.items():
            if ticket not in VALIDITY_MIN:
                raise ParameterError(
                    f"ticket {ticket!r} is not sold; the single tickets are "
                    f"{', '.join(VALIDITY_MIN)}"
                )
            if price < 0:
                raise ParameterError(f"ticket {ticket!r} costs {price} EUR; a price is 0 or more")
        self.prices_eur = dict(prices_eur)

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """Return the fares of the parameter file (``fare_abc_eur`` and the like)."""
        names = {ticket: f"fare_{ticket.lower()}_eur" for ticket in VALIDITY_MIN}
        return cls(
            {ticket: parameters.value(name) for ticket, name in names.items() if name in parameters}
        )

    def ticket(self, zones: str, lasts_s: float = 0.0) -> str | None:
        """Return the cheapest ticket covering ``zones``, or None where none is priced.

        Between equal prices the ticket of fewer and then of inner zones wins, the one
        people know.

        Parameters
        ----------
        zones
            Zones travelled ("AC" means that B is crossed as well).
        lasts_s
            Time from the first boarding to the last, s.
        """
        needed = span(zones)
        return min(
            (
                ticket
                for ticket in self.prices_eur
                if needed in ticket and lasts_s <= VALIDITY_MIN[ticket] * 60
            ),
            key=lambda one: (self.prices_eur[one], len(one), one),
            default=None,
        )

    def fare(self, rides: Sequence[Ride]) -> Fare:
        """Return the cheapest tickets for the rides of one trip, in order of boarding.

        Each ticket covers a run of consecutive rides, all boarded while it is valid; the split
        into runs that costs least is found exactly (the runs are few).
        """
        if not rides:
            return Fare(0.0, ())
        if any(ride.zones is None for ride in rides):
            return Fare(None, ())
        best: list[tuple[float, tuple[str, ...]] | None] = [(0.0, ())]
        for end in range(1, len(rides) + 1):
            offers = []
            for start in range(end):
                before = best[start]
                run = rides[start:end]
                ticket = self.ticket(
                    "".join(ride.zones or "" for ride in run), run[-1].board_s - run[0].board_s
                )
                if before is not None and ticket is not None:
                    offers.append(
                        (round(before[0] + self.prices_eur[ticket], 2), (*before[1], ticket))
                    )
            best.append(min(offers, default=None))
        answer = best[-1]
        return Fare(None, ()) if answer is None else Fare(*answer)


def span(zones: Iterable[str]) -> str:
    """Return the neighbouring zones from the innermost to the outermost of ``zones``.

    Raises
    ------
    ParameterError
        A letter that is no zone.
    """
    found = sorted(set(zones))
    for zone in found:
        if zone not in ZONES:
            raise ParameterError(f"{zone!r} is not a fare zone; the zones are {', '.join(ZONES)}")
    if not found:
        return ""
    return ZONES[ZONES.index(found[0]) : ZONES.index(found[-1]) + 1]


def ride_zones(zones: Sequence[str | None]) -> str | None:
    """Return the zones a vehicle goes through, from those of its stops in order.

    Where a stop on the way has no zone, the zones of the others tell. Where an end has none, or
    a stop lies outside the zones, the answer is None: not known.
    """
    if not zones or not zones[0] or not zones[-1]:
        return None
    known = [zone for zone in zones if zone]
    return span(known) if all(zone in ZONES for zone in known) else None


def car_cost_eur(distance_m: float, eur_per_km: float, parking_eur: float = 0.0) -> float:
    """Return the running cost of a car trip plus parking, EUR a car."""
    return distance_m / 1000.0 * eur_per_km + parking_eur
