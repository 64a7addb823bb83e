"""Booked places: who gets one, before anybody leaves home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulation.parking import CarPark

SLOT_S: Final = 900.0
"""Length of a booking slot, s."""


class BookingDesk:
    """Books places in slots, from arrival until departure; a place is never booked twice."""

    __slots__ = ("_free", "lots")

    def __init__(self, lots: Sequence[CarPark], horizon_s: float) -> None:
        slots = int(np.ceil(horizon_s / SLOT_S)) + 1
        self.lots = tuple(lots)
        self._free = np.array([[lot.bookable] * slots for lot in lots], dtype=np.int64).reshape(
            len(self.lots), slots
        )

    def takes_bookings(self, entrance: int) -> bool:
        """Say whether an entrance has places that can be booked."""
        return any(lot.entrance == entrance and lot.bookable > 0 for lot in self.lots)

    def book(self, entrance: int, arrival_s: float, stay_s: float) -> int | None:
        """Book a place at an entrance.

        Returns
        -------
        int or None
            The car park, an index; None where every place is taken in some slot of the stay.
        """
        first = int(arrival_s // SLOT_S)
        last = int((arrival_s + stay_s) // SLOT_S) + 1
        for index, lot in enumerate(self.lots):
            if (
                lot.entrance == entrance
                and lot.opens_s <= arrival_s < lot.closes_s
                and self._free[index, first:last].min(initial=lot.bookable) > 0
            ):
                self._free[index, first:last] -= 1
                return index
        return None
