"""What one asks the planner."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rapidfuzz import process

from lastmile.errors import RequestError
from lastmile.itinerary import MODES
from lastmile.messages import Message
from lastmile.planner.clock import HELSINKI
from lastmile.units import SECONDS_PER_DAY, SECONDS_PER_HOUR, great_circle_m

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from lastmile.places import Place

DEFAULT_WINDOW_S = 2 * SECONDS_PER_HOUR
LONGEST_WINDOW_S = SECONDS_PER_DAY
LONGEST_STAY_S = 14 * SECONDS_PER_DAY
SAME_PLACE_M = 20.0
LIKE = 50.0
FIRST_YEAR, LAST_YEAR = 1990, 2100


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """A question to the planner; impossible ones are refused when they are made.

    Attributes
    ----------
    origin, destination
        Where from and where to.
    at
        Aware instant: earliest departure, or latest arrival with ``arrive_by``.
    modes
        Subset of :data:`lastmile.itinerary.MODES`. Walking to and from stops, stations and car
        parks is part of every mode.
    stay_s
        Length of the stay when the way back is wanted as well, s.
    step_free
        Without steps on foot, and by stops and vehicles not known to be inaccessible.
    window_s
        How far from ``at`` departures (arrivals with ``arrive_by``) may lie, s.

    Raises
    ------
    RequestError
        The question cannot be asked; see the message.
    """

    origin: Place
    destination: Place
    at: datetime
    arrive_by: bool = False
    modes: frozenset[str] = frozenset(MODES)
    stay_s: int | None = None
    step_free: bool = False
    window_s: int = DEFAULT_WINDOW_S

    def __post_init__(self) -> None:
        """Refuse what cannot be planned; bring the instant to Helsinki."""
        object.__setattr__(self, "modes", known_modes(self.modes))
        if self.at.tzinfo is None:
            raise RequestError(f"the time {self.at.isoformat()} lacks a zone; use Europe/Helsinki")
        if not FIRST_YEAR <= self.at.year <= LAST_YEAR:
            raise RequestError(
                Message(
                    "the year {year} is out of reach; plan between {first} and {last}",
                    year=self.at.year,
                    first=FIRST_YEAR,
                    last=LAST_YEAR,
                )
            )
        object.__setattr__(self, "at", self.at.astimezone(HELSINKI))
        if self.stay_s is not None and not 0 < self.stay_s <= LONGEST_STAY_S:
            raise RequestError(
                Message(
                    "a stay of {hours:g} h is not possible; stay longer than 0 and at most {days} "
                    "days",
                    hours=round(self.stay_s / SECONDS_PER_HOUR, 2),
                    days=LONGEST_STAY_S // SECONDS_PER_DAY,
                )
            )
        if not 0 < self.window_s <= LONGEST_WINDOW_S:
            raise RequestError(
                f"a search window of {round(self.window_s / SECONDS_PER_HOUR, 2):g} h is not "
                f"possible; it is above 0 and at most {LONGEST_WINDOW_S // SECONDS_PER_HOUR} h"
            )
        apart_m = great_circle_m(*self.origin.point, *self.destination.point)
        if apart_m < SAME_PLACE_M:
            raise RequestError(
                Message(
                    "{origin} and {destination} are the same place ({apart_m:.0f} m apart); name "
                    "two places",
                    origin=self.origin,
                    destination=self.destination,
                    apart_m=apart_m,
                )
            )

    def back(self, at: datetime) -> PlanRequest:
        """Return the question of the way back from ``at`` on."""
        return replace(
            self,
            origin=self.destination,
            destination=self.origin,
            at=at,
            arrive_by=False,
            stay_s=None,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the question as ``lastmile plan --json`` repeats it."""
        return {
            "from": _place_json(self.origin),
            "to": _place_json(self.destination),
            "at": self.at.isoformat(),
            "arrive_by": self.arrive_by,
            "modes": [mode for mode in MODES if mode in self.modes],
            "stay_s": self.stay_s,
            "step_free": self.step_free,
            "window_s": self.window_s,
        }


def known_modes(modes: Iterable[str]) -> frozenset[str]:
    """Return the modes as a set.

    Raises
    ------
    RequestError
        There is none, or one is unknown; the message names the nearest known one.
    """
    wanted = [mode.strip().lower() for mode in modes]
    for mode in wanted:
        if mode not in MODES:
            nearest = [name for name, score, _ in process.extract(mode, MODES) if score >= LIKE]
            hint = f"did you mean {' or '.join(nearest[:2])}? " if nearest else ""
            raise RequestError(
                f"unknown mode {mode[:40]!r}; {hint}the modes are {', '.join(MODES)}"
            )
    if not wanted:
        raise RequestError(f"no mode given; the modes are {', '.join(MODES)}")
    return frozenset(wanted)


def _place_json(place: Place) -> dict[str, Any]:
    """Return the place as a leg's end would show it."""
    return {"name": place.name(), "lat": place.lat, "lon": place.lon, "id": place.id}
