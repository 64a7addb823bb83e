"""What a visitor asks, as it stands in the address, and the planner's answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.texts import LANGUAGES, _, language
from lastmile.itinerary import MODES
from lastmile.places import KIND_ORDER, POINT_KIND, Gazetteer
from lastmile.planner.clock import HELSINKI, now_to_the_minute
from lastmile.planner.core import Planner, load_planner
from lastmile.planner.request import FIRST_YEAR, LAST_YEAR, PlanRequest
from lastmile.units import SECONDS_PER_MINUTE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboard.state import Query
    from lastmile.itinerary import Outing
    from lastmile.places import Language, Place

PENDING = "go-pending"
"""Where a page's session keeps the trip that the next run is to ask for."""

NOW, LEAVE, ARRIVE = "now", "leave", "arrive"
WHENS = (NOW, LEAVE, ARRIVE)
DEFAULT_MODES = ("walk", "car", "transit", "bikeshare")
STAYS_MIN = (0, 60, 120, 180, 240, 300, 360, 480)
LONGEST_STAY_MIN = 14 * 24 * 60
EXAMPLE_HOUR = 10
SUNDAY = 6


@dataclass(frozen=True)
class Trip:
    """A visitor's question.

    Attributes
    ----------
    origin, destination
        Id of a place, or "lat,lon".
    when
        "now", "leave" (at ``at``) or "arrive" (by ``at``).
    at
        Helsinki's clock, without a zone.
    stay_min
        Minutes before the way back; 0 without one.
    modes
        Ways of travel to choose from.
    """

    origin: str
    destination: str
    when: str
    at: datetime
    stay_min: int
    modes: tuple[str, ...]
    step_free: bool = False

    @classmethod
    def example(cls) -> Trip:
        """Return what the first visit shows: next Sunday from Kamppi to Haltia."""
        today = now_to_the_minute().date()
        days = (SUNDAY - today.weekday()) % 7 or 7
        at = datetime.combine(today + timedelta(days=days), time(EXAMPLE_HOUR))
        return cls("metro-kamppi", "haltia", LEAVE, at, 240, DEFAULT_MODES)

    @classmethod
    def from_query(cls, query: Query) -> Trip:
        """Read the question from an address; what is missing is as in the example."""
        example = cls.example()
        return cls(
            origin=query.read("from", example.origin, place_key),
            destination=query.read("to", example.destination, place_key),
            when=query.one_of("when", example.when, WHENS),
            at=query.read("at", example.at, _clock_time),
            stay_min=query.whole("stay", example.stay_min, 0, LONGEST_STAY_MIN),
            modes=tuple(query.several_of("modes", list(example.modes), MODES)),
            step_free=query.one_of("stepfree", "0", ("0", "1")) == "1",
        )

    def to_query(self) -> dict[str, str]:
        """Return the parameters of the address that asks the same."""
        return {
            "from": self.origin,
            "to": self.destination,
            "when": self.when,
            "at": "" if self.when == NOW else f"{self.at:%Y-%m-%dT%H:%M}",
            "stay": str(self.stay_min),
            "modes": ",".join(mode for mode in MODES if mode in self.modes),
            "stepfree": "1" if self.step_free else "",
        }

    def request(self) -> PlanRequest:
        """Return the question as the planner takes it.

        Raises
        ------
        LastmileError
            It cannot be asked.
        """
        gazetteer = Gazetteer.bundled()
        # Of an hour that spring's change of clocks skips, the hour after it is meant.
        asked = self.at.replace(tzinfo=HELSINKI).astimezone(UTC).astimezone(HELSINKI)
        return PlanRequest(
            origin=gazetteer.find(self.origin),
            destination=gazetteer.find(self.destination),
            at=now_to_the_minute() if self.when == NOW else asked,
            arrive_by=self.when == ARRIVE,
            modes=frozenset(self.modes),
            stay_s=self.stay_min * SECONDS_PER_MINUTE or None,
            step_free=self.step_free,
        )

    def reversed(self) -> Trip:
        """Return the question the other way round."""
        return replace(self, origin=self.destination, destination=self.origin)


def _clock_time(text: str) -> datetime:
    """Return a date and time without a zone."""
    parsed = datetime.fromisoformat(text)
    if not FIRST_YEAR <= parsed.year <= LAST_YEAR:
        raise ValueError(text)
    if parsed.tzinfo is not None:
        parsed = parsed.astimezone(HELSINKI)
    return parsed.replace(tzinfo=None, second=0, microsecond=0)


def place_key(text: str) -> str:
    """Return the id, or "lat,lon", of the place a text means.

    Raises
    ------
    PlaceError
        It means none.
    """
    return Gazetteer.bundled().find(text).id


def place_begun(text: str) -> str | None:
    """Return the id of the first place with a name that begins as a text does, if any."""
    begun = text.strip().casefold()
    for key in place_keys() if begun else ():
        place = Gazetteer.bundled()[key]
        if any(
            name.casefold().startswith(begun)
            for name in (place.name_fi, place.name_sv, place.name_en)
        ):
            return key
    return None


def place_keys() -> list[str]:
    """Return the ids of the places to choose from, the kinds people look for first."""
    rank = {kind: position for position, kind in enumerate(KIND_ORDER)}
    places = [place for place in Gazetteer.bundled() if place.kind != "walkway_vertex"]
    return [place.id for place in sorted(places, key=lambda place: rank[place.kind])]


def place_labels() -> Mapping[str, str]:
    """Return the labels of the places to choose from, in the session's language."""
    return _labels_in(language())


@lru_cache(maxsize=len(LANGUAGES))
def _labels_in(_language: Language) -> Mapping[str, str]:
    """Return the labels in the session's language, which this is: made once for all sessions."""
    return {key: place_label(key) for key in place_keys()}


def place_label(key: str) -> str:
    """Return how a place is shown and found: its name, its kind, its names elsewhere."""
    place = Gazetteer.bundled().find(key)
    if place.kind == POINT_KIND:
        return _("Point {coordinates}").format(coordinates=place.id)
    own = place.name(language())
    others = dict.fromkeys((place.name_fi, place.name_sv, place.name_en))
    named = [own, *(name for name in others if name and name != own)]
    return f"{own} · {kind_text(place.kind)}" + "".join(f" · {name}" for name in named[1:])


def place_name(place: Place) -> str:
    """Return a place's name in the session's language."""
    return place.name(language())


def kind_text(kind: str) -> str:
    """Return a kind of place in words."""
    words = {
        "park_entrance": _("park entrance"),
        "metro_station": _("metro"),
        "rail_station": _("railway station"),
        "centre": _("centre"),
        "locality": _("locality"),
        "beach": _("beach"),
        "harbour": _("harbour"),
        "nature_house": _("nature house"),
        "viewpoint": _("viewpoint"),
        "museum": _("museum"),
        "trailhead": _("trailhead"),
        "walkway_access": _("Waterfront Walkway"),
        "district": _("district"),
        "car_park": _("car park"),
        "bus_stop": _("bus stop"),
    }
    return words.get(kind, kind)


_LOADING = Lock()


@st.cache_resource(max_entries=1, show_spinner=False)
def planner() -> Planner:
    """Return the planner over the data in force, made once."""
    return loaded_planner()


def loaded_planner() -> Planner:
    """Return the planner, loaded by whoever asks first while the others wait."""
    with _LOADING:
        return load_planner()


def _asked(request: PlanRequest) -> tuple[object, ...]:
    """Return what makes two requests the same."""
    return tuple(request.to_json().items())


@st.cache_resource(max_entries=256, ttl="1h", show_spinner=False, hash_funcs={PlanRequest: _asked})
def plan(request: PlanRequest) -> Outing:
    """Return the planner's answer; everyone who asks the same gets the same.

    Raises
    ------
    LastmileError
        There is no way, or the question is impossible.
    """
    return planner().plan(request)
