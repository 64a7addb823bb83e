"""A scenario's bike share as GBFS 3.0 feeds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from lastmile.errors import PlaceError, RequestError, ScenarioError
from lastmile.places import Gazetteer

if TYPE_CHECKING:
    from lastmile.places import Language
    from scenarios.schema import Scenario, Station

VERSION: Final = "3.0"
LANGUAGES: Final[tuple[Language, ...]] = ("fi", "sv", "en")
_BIKE: Final = "bike"
_PLAN: Final = "ride"
_TTL_S: Final = 60
_ELECTRIC_RANGE_M: Final = 60_000.0
_PLAN_NAMES: Final = {"fi": "Kertamatka", "sv": "En resa", "en": "One ride"}
_PLAN_TEXTS: Final = {
    "fi": "Hinta yhdeltä matkalta.",
    "sv": "Pris för en resa.",
    "en": "Price of one ride.",
}
_BIKE_NAMES: Final = {
    False: {"fi": "Kaupunkipyörä", "sv": "Stadscykel", "en": "City bike"},
    True: {"fi": "Sähköpyörä", "sv": "Elcykel", "en": "Electric bike"},
}


@dataclass(frozen=True, slots=True)
class System:
    """Where and by whom the feeds are published.

    Attributes
    ----------
    base_url
        Address of the folder they will lie in.
    contact
        E-mail address of who looks after them.
    at
        Of when the status is; now where None.
    """

    base_url: str = "https://example.org/gbfs/"
    contact: str = "gbfs@example.org"
    at: datetime | None = None


def gbfs_files(scenario: Scenario, system: System) -> dict[str, bytes]:
    """Return a scenario's bike share as GBFS files by name, at the start of its day.

    Raises
    ------
    RequestError
        If the scenario has no bike share.
    ScenarioError
        If a station is no place of the gazetteer.
    """
    share = scenario.bikeshare
    if share is None or not share.enabled or not share.stations:
        raise RequestError(f"{scenario.name} has no bike share to write")
    now = (system.at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    places = [_information(scenario, key, one) for key, one in share.stations.items()]
    vehicle: dict[str, Any] = {
        "vehicle_type_id": _BIKE,
        "form_factor": "bicycle",
        "propulsion_type": "electric_assist" if share.electric else "human",
        "name": _texts(_BIKE_NAMES[share.electric]),
        "default_pricing_plan_id": _PLAN,
    }
    if share.electric:
        vehicle["max_range_meters"] = _ELECTRIC_RANGE_M
    title = {"en": scenario.title.en, "fi": scenario.title.fi, "sv": scenario.title.sv}
    data: dict[str, dict[str, Any]] = {
        "system_information": {
            "system_id": f"lastmile_{scenario.name}".replace("-", "_"),
            "languages": list(LANGUAGES),
            "name": _texts({key: text or scenario.title.en for key, text in title.items()}),
            "opening_hours": "24/7",
            "feed_contact_email": system.contact,
            "timezone": "Europe/Helsinki",
        },
        "vehicle_types": {"vehicle_types": [vehicle]},
        "station_information": {"stations": places},
        "station_status": {
            "stations": [_status(key, one, now) for key, one in share.stations.items()]
        },
        "system_pricing_plans": {
            "plans": [
                {
                    "plan_id": _PLAN,
                    "name": _texts(_PLAN_NAMES),
                    "currency": "EUR",
                    "price": share.fare_eur,
                    "is_taxable": False,
                    "description": _texts(_PLAN_TEXTS),
                }
            ]
        },
    }
    base = system.base_url.rstrip("/")
    listed = [{"name": name, "url": f"{base}/{name}.json"} for name in data]
    data["gbfs"] = {"feeds": listed}
    return {
        f"{name}.json": json.dumps(
            {"last_updated": now, "ttl": _TTL_S, "version": VERSION, "data": content},
            ensure_ascii=False,
            indent=2,
        ).encode()
        for name, content in data.items()
    }


def _texts(texts: dict[str, str]) -> list[dict[str, str]]:
    return [{"text": texts[language], "language": language} for language in LANGUAGES]


def _information(scenario: Scenario, key: str, station: Station) -> dict[str, Any]:
    """Return where a station is and what it is called."""
    if station.place is not None:
        try:
            place = Gazetteer.bundled()[station.place]
        except PlaceError as unknown:
            raise ScenarioError(
                f"{scenario.file_of(f'bikeshare.stations.{key}')}: bikeshare.stations.{key}: "
                f"{unknown}"
            ) from None
        names = {language: station.name or place.name(language) for language in LANGUAGES}
        lat, lon = place.point
    elif station.lat is not None and station.lon is not None:
        names = dict.fromkeys(LANGUAGES, station.name or key)
        lat, lon = station.lat, station.lon
    else:
        raise ScenarioError(f"bikeshare.stations.{key}: needs a place, or lat and lon")
    return {
        "station_id": key,
        "name": _texts({str(language): name for language, name in names.items()}),
        "lat": lat,
        "lon": lon,
        "capacity": station.docks,
    }


def _status(key: str, station: Station, now: str) -> dict[str, Any]:
    """Return how many bikes and docks a station has when the day begins."""
    return {
        "station_id": key,
        "num_vehicles_available": station.bikes,
        "vehicle_types_available": [{"vehicle_type_id": _BIKE, "count": station.bikes}],
        "num_docks_available": station.docks - station.bikes,
        "is_installed": True,
        "is_renting": True,
        "is_returning": True,
        "last_reported": now,
    }
