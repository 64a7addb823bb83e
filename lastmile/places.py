"""The gazetteer: stations, park entrances, the shore and districts, found by name.

Names are understood in Finnish, Swedish and English, whatever their case and accents. Several
places may share a name. Which one it stands for follows from two rules, in this order:

1. a place's own name beats a by-name ("Laajalahti" is the district, not the end of the walkway);
2. the kind that stands earlier in :data:`KIND_ORDER` wins: "Haltia" is the park entrance and not
   the bus stop, "Matinkylä" the metro station and not the district.

The others are reached by saying more: "Matinkylä (M)", "Espoon asema", "Haltia bus stop", or the
place's id ("bus-stop-haltia").
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from rapidfuzz import fuzz, process

from lastmile.datasets import read_bundle
from lastmile.errors import PlaceError
from lastmile.messages import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Language = Literal["fi", "sv", "en"]

KIND_ORDER = (
    "park_entrance",
    "metro_station",
    "rail_station",
    "centre",
    "locality",
    "beach",
    "harbour",
    "nature_house",
    "viewpoint",
    "museum",
    "trailhead",
    "walkway_access",
    "walkway_vertex",
    "district",
    "car_park",
    "bus_stop",
)
"""Kinds of places; the earlier one wins where places share a name."""

POINT_KIND = "point"
"""Kind of a place that was given by its coordinates."""

_MAX_LATITUDE = 90.0
_MAX_LONGITUDE = 180.0
_LONGEST_QUERY = 100
_COORDINATES = re.compile(
    r"\s*([+-]?\d{1,9}(?:\.\d{0,15})?)\s*[,;\s]\s*([+-]?\d{1,9}(?:\.\d{0,15})?)\s*", re.ASCII
)
_SPOKEN_KINDS = {
    "metro_station": ("(M)", "metro", "metroasema", "metrostation", "metro station"),
    "rail_station": ("rautatieasema", "järnvägsstation", "railway station", "train station"),
    "bus_stop": ("pysäkki", "hållplats", "bus stop"),
    "car_park": ("parking",),
}
"""What people add to a name to say which of its places they mean."""


_WALKWAY_KEYS = frozenset(
    {
        "rantaraitti",
        "espoon rantaraitti",
        "strandpromenaden",
        "esbo strandpromenad",
        "waterfront walkway",
        "espoo waterfront walkway",
    }
)
"""Names of the walkway, which is no one place, as :func:`_key` writes them."""


class Region(NamedTuple):
    """A box in WGS 84 degrees."""

    south: float
    west: float
    north: float
    east: float

    def holds(self, lat: float, lon: float) -> bool:
        """Return whether a point lies in the box."""
        return self.south <= lat <= self.north and self.west <= lon <= self.east


REGION = Region(south=60.06, west=24.34, north=60.40, east=25.09)
"""Espoo, Kauniainen, western Helsinki and the edges of their neighbours."""


class Capacity(NamedTuple):
    """How many cars a car park takes: best estimate and range."""

    low: int
    value: int
    high: int


@dataclass(frozen=True, slots=True)
class Place:
    """A place people travel from or to.

    Attributes
    ----------
    id
        Short name that never changes ("metro-matinkyla").
    kind
        One of :data:`KIND_ORDER`, or :data:`POINT_KIND`.
    name_fi, name_sv, name_en
        Names; Swedish and English are empty where the place has no name of its own there.
    aliases
        Other names people use.
    lat, lon
        WGS 84 degrees.
    entrance
        Id of the park entrance a car park, stop or trailhead belongs to.
    services
        What is offered here beside ``kind`` ("cafe", "sauna", "boat", "bike_station", ...).
    capacity
        Of a car park; ``None`` where nobody knows it.
    zone
        HSL fare zone; ``None`` outside the zones or where it is not known.
    source, confidence, note
        Where the facts come from and how sure they are.
    """

    id: str
    kind: str
    name_fi: str
    lat: float
    lon: float
    name_sv: str = ""
    name_en: str = ""
    aliases: tuple[str, ...] = ()
    entrance: str | None = None
    services: tuple[str, ...] = ()
    capacity: Capacity | None = None
    zone: str | None = None
    source: str = ""
    confidence: str = ""
    note: str = ""

    @classmethod
    def at(cls, lat: float, lon: float) -> Place:
        """Return the place at a pair of coordinates.

        Raises
        ------
        PlaceError
            The point is not on the earth, or latitude and longitude were swapped.
        """
        swapped = REGION.holds(lon, lat) and not REGION.holds(lat, lon)
        hint = (
            Message('; latitude comes first, did you mean "{lon},{lat}"?', lat=lat, lon=lon)
            if swapped
            else ""
        )
        if not (abs(lat) <= _MAX_LATITUDE and abs(lon) <= _MAX_LONGITUDE):
            raise PlaceError(
                Message(
                    "latitude {lat} and longitude {lon} are not on the earth{hint}",
                    lat=lat,
                    lon=lon,
                    hint=hint,
                )
            )
        if swapped:
            raise PlaceError(
                Message(
                    "latitude {lat} and longitude {lon} look swapped{hint}",
                    lat=lat,
                    lon=lon,
                    hint=hint,
                )
            )
        label = f"{lat:.5f},{lon:.5f}"
        return cls(id=label, kind=POINT_KIND, name_fi=label, lat=lat, lon=lon)

    @property
    def point(self) -> tuple[float, float]:
        """Latitude and longitude."""
        return self.lat, self.lon

    def name(self, language: Language = "en") -> str:
        """Return the name in a language, the Finnish one where it has none there."""
        names = {"fi": self.name_fi, "sv": self.name_sv, "en": self.name_en}
        return names[language] or self.name_fi

    def __str__(self) -> str:
        """Return the name in English, as sentences have it."""
        return self.name()


class Gazetteer:
    """Places, found by name, kind or coordinates.

    Parameters
    ----------
    places
        The places, of which the earlier one wins where everything else is equal.
    """

    def __init__(self, places: Iterable[Place]) -> None:
        self._places = tuple(places)
        self._by_id = {place.id: place for place in self._places}
        self._by_key = _index(self._places, _names, _by_names, _spoken_names)
        self._written = _index(self._places, _names, _by_names)

    @classmethod
    def bundled(cls) -> Gazetteer:
        """Return the gazetteer of the bundle, read once.

        Raises
        ------
        DataError
            A bundled table is missing or damaged.
        """
        return _bundled()

    def __iter__(self) -> Iterator[Place]:
        """Iterate over all places in the order of the tables."""
        return iter(self._places)

    def __len__(self) -> int:
        """Return how many places there are."""
        return len(self._places)

    def __getitem__(self, place_id: str) -> Place:
        """Return the place of an id.

        Raises
        ------
        PlaceError
            No place has the id.
        """
        try:
            return self._by_id[place_id]
        except KeyError:
            raise PlaceError(self._unknown(place_id)) from None

    def by_kind(self, kind: str) -> tuple[Place, ...]:
        """Return the places of a kind, and those that offer it as a service."""
        return tuple(p for p in self._places if p.kind == kind or kind in p.services)

    def at_entrance(self, entrance: str, kind: str) -> tuple[Place, ...]:
        """Return the places of a kind that belong to a park entrance."""
        return tuple(p for p in self._places if p.entrance == entrance and p.kind == kind)

    def find(self, text: str) -> Place:
        """Return the place a person means.

        Parameters
        ----------
        text
            A name in Finnish, Swedish or English, an id, or ``"lat,lon"`` in degrees.

        Raises
        ------
        PlaceError
            Nothing has this name (the message holds the three nearest ones), or the
            coordinates are impossible.
        """
        coordinates = _COORDINATES.fullmatch(text)
        if coordinates is not None:
            lat, lon = (float(number) for number in coordinates.groups())
            return Place.at(lat, lon)
        place = self._by_key.get(_key(text)) or self._by_id.get(text.strip())
        if place is None:
            raise PlaceError(self._unknown(text))
        return place

    def suggest(self, text: str, n: int = 3) -> list[str]:
        """Return the names nearest to a text, best first, each of another place."""
        ranked = process.extract(
            _key(text[:_LONGEST_QUERY]), self._written.keys(), scorer=fuzz.WRatio, limit=None
        )
        nearest: dict[str, str] = {}
        for key, _, _ in ranked:
            if len(nearest) == n:
                break
            place = self._written[key]
            nearest.setdefault(place.id, _as_written(place, key))
        return list(nearest.values())

    def _unknown(self, text: str) -> Message:
        if not text.strip():
            return Message('a place is needed: a name such as "Kamppi" or "Haltia", or "lat,lon"')
        ashore = self.by_kind("walkway_access")
        if ashore and _key(text) in _WALKWAY_KEYS:
            some = dict.fromkeys((ashore[0], ashore[len(ashore) // 2], ashore[-1]))
            return Message(
                "{name!r} is a walk along the whole shore: name a place on it, such as {places}; "
                '"lastmile walkway" lists the ways to it',
                name=text.strip(),
                places=Message.joined(some, ", "),
            )
        shown = text if len(text) <= _LONGEST_QUERY else f"{text[:_LONGEST_QUERY]}..."
        nearest = ", ".join(self.suggest(text))
        return Message(
            "unknown place {name!r}; the nearest names are: {nearest}", name=shown, nearest=nearest
        )


@lru_cache(maxsize=1)
def _bundled() -> Gazetteer:
    places = [_place(row) for row in _rows("places/places.csv")]
    districts = [_district(row) for row in _rows("demand/origin_zones.csv")]
    return Gazetteer([*places, *(place for place in districts if place is not None)])


def _rows(relative: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(read_bundle(relative).decode("utf-8"))))


def _place(row: Mapping[str, str]) -> Place:
    capacity = (
        Capacity(*(int(row[column]) for column in ("capacity_low", "capacity", "capacity_high")))
        if row["capacity"]
        else None
    )
    return Place(
        id=row["id"],
        kind=row["kind"],
        name_fi=row["name_fi"],
        name_sv=row["name_sv"],
        name_en=row["name_en"],
        aliases=_split(row["aliases"]),
        lat=float(row["lat"]),
        lon=float(row["lon"]),
        entrance=row["entrance"] or None,
        services=_split(row["services"]),
        capacity=capacity,
        zone=row["zone"] or None,
        source=row["source"],
        confidence=row["confidence"],
        note=row["note"],
    )


def _district(row: Mapping[str, str]) -> Place | None:
    """Return the district an origin zone stands for, if it is one inside the region."""
    lat, lon = float(row["lat"]), float(row["lon"])
    if row["kind"] != "residents" or not REGION.holds(lat, lon):
        return None
    return Place(
        id=f"district-{row['id']}",
        kind="district",
        name_fi=row["name_fi"],
        name_sv=row["name_sv"],
        name_en=row["name_en"],
        lat=lat,
        lon=lon,
        zone=row["zone"] or None,
        source=row["source"],
        confidence=row["confidence"],
    )


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _names(place: Place) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n for n in (place.name_fi, place.name_sv, place.name_en) if n))


def _by_names(place: Place) -> tuple[str, ...]:
    return place.aliases


def _spoken_names(place: Place) -> tuple[str, ...]:
    additions = _SPOKEN_KINDS.get(place.kind, ())
    return tuple(f"{name} {addition}" for name in _names(place) for addition in additions)


def _index(
    places: tuple[Place, ...], *levels: Callable[[Place], tuple[str, ...]]
) -> dict[str, Place]:
    """Map every normalised name to the place it stands for, by the rules of this module."""
    rank = {kind: position for position, kind in enumerate(KIND_ORDER)}
    by_rank = sorted(places, key=lambda place: rank[place.kind])
    index: dict[str, Place] = {}
    for names_of in levels:
        for place in by_rank:
            for name in names_of(place):
                index.setdefault(_key(name), place)
    return index


def _as_written(place: Place, key: str) -> str:
    return next(name for name in (*_names(place), *place.aliases) if _key(name) == key)


def _key(text: str) -> str:
    """Return a name without case, accents and punctuation."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join("".join(char if char.isalnum() else " " for char in bare).split())
