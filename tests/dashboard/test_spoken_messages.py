"""What the planner says, a visitor reads in their own language."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

import gpxpy
import pytest

from dashboard import formats, texts
from dashboard.journey import leg_line, timeline
from dashboard.trip import Trip, planner
from lastmile.errors import LastmileError
from lastmile.exports import gpx_document
from lastmile.messages import Message
from lastmile.places import Gazetteer
from lastmile.planner.clock import HELSINKI

if TYPE_CHECKING:
    from collections.abc import Callable

    from lastmile.places import Language

EVENING = datetime(2026, 5, 17, 19, 5, tzinfo=HELSINKI)
TRANSLATED = [language for language in texts.LANGUAGES if language != "en"]


@pytest.fixture
def speaking(monkeypatch: pytest.MonkeyPatch) -> Callable[[Language], None]:
    """Return a way to choose the session's language."""

    def choose(language: Language) -> None:
        for module in (texts, formats):
            monkeypatch.setattr(module, "language", lambda: language)

    return choose


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "no service on Sun 17 May 2026; the next day with service is Mon 18 May 2026"),
        ("fi", "ei liikennettä su 17.5.2026; seuraava liikennöintipäivä on ma 18.5.2026"),
        ("sv", "ingen trafik sön 17.5.2026; nästa dag med trafik är mån 18.5.2026"),
    ],
)
def test_days_and_messages_inside_messages(
    speaking: Callable[[Language], None], language: Language, said: str
) -> None:
    speaking(language)
    hint = Message("the next day with service is {day:%A %Y-%m-%d}", day=date(2026, 5, 18))
    message = Message("no service on {day:%A %Y-%m-%d}; {hint}", day=date(2026, 5, 17), hint=hint)
    assert formats.spoken(message) == said


def test_times_places_metres_and_modes(speaking: Callable[[Language], None]) -> None:
    speaking("sv")
    matinkyla = Gazetteer.bundled().find("Matinkylä")
    last = Message(
        "the {time:%H:%M} departure is the last of the day to {place}",
        time=EVENING,
        place=matinkyla,
    )
    assert formats.sentence(last) == "Avgången 19:05 är dagens sista till Mattby"
    away = Message("the nearest is {away_m:,.0f} m away", away_m=2345.6)
    no_way = Message("no way by {mode}: {why}", mode=Message("walk"), why=away)
    assert formats.spoken(no_way) == "ingen väg till fots: den närmaste ligger 2\xa0346 m bort"
    assert texts.plain(Message.joined([matinkyla])) == "Mattby"


def test_a_hostile_value_stays_text(speaking: Callable[[Language], None]) -> None:
    speaking("fi")
    message = Message(
        "unknown place {name!r}; the nearest names are: {nearest}",
        name="<img src=x onerror=alert(1)>{nearest}",
        nearest="{name}",
    )
    shown = texts.plain(message)
    assert not re.search(r"(?<!\\)[<\[`*!]", shown)
    assert "onerror" in shown
    assert shown.endswith("\\{name\\}")


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize(
    ("origin", "destination", "modes", "stay_min"),
    [
        ("metro-kamppi", "haltia", ("walk", "car", "transit"), 9 * 60),
        ("metro-kamppi", "haltia", ("bikeshare",), 0),
        ("metro-kamppi", "61.5,24.7", ("walk",), 0),
        ("60.2055,24.6559", "60.1699,24.9384", ("car", "transit"), 60),
    ],
)
def test_nothing_that_the_planner_says_stays_english(
    speaking: Callable[[Language], None],
    language: Language,
    origin: str,
    destination: str,
    modes: tuple[str, ...],
    stay_min: int,
) -> None:
    asked = datetime(2026, 11, 15, 12, 0)  # noqa: DTZ001 - the clock face of the form
    trip = Trip(origin, destination, "leave", asked, stay_min, modes)
    said: list[str] = []
    try:
        outing = planner().plan(trip.request())
    except LastmileError as fault:
        said.append(str(fault))
    else:
        said += [*outing.warnings, *outing.notes]
        for way in outing.itineraries:
            said += [*way.warnings, *(note for leg in way.legs for note in leg.notes)]
    assert said
    speaking(language)
    assert [text for text in said if formats.spoken(text) == text] == []


def test_the_timeline_names_places_in_the_readers_language(
    speaking: Callable[[Language], None],
) -> None:
    trip = Trip(
        "metro-kamppi",
        "haltia",
        "leave",
        datetime(2026, 5, 17, 10, 0),  # noqa: DTZ001 - the clock face of the form
        0,
        ("transit",),
    )
    way = planner().plan(trip.request()).itineraries[0]
    speaking("sv")
    shown = timeline(way)
    assert "Kampen" in shown
    assert "Finnish Nature Centre" not in shown


def test_the_track_taken_along_speaks_the_readers_language(
    speaking: Callable[[Language], None],
) -> None:
    trip = Trip(
        "metro-kamppi",
        "haltia",
        "leave",
        datetime(2026, 5, 17, 10, 0),  # noqa: DTZ001 - the clock face of the form
        0,
        ("transit",),
    )
    way = planner().plan(trip.request()).itineraries[0]
    speaking("sv")
    document = gpx_document([way], name="x", attribution="x", title=leg_line, say=formats.spoken)
    track = gpxpy.parse(document.to_xml(version="1.1"))
    assert track.tracks[0].name == "Kampen - Haltia"
    assert "Gång, " in (track.tracks[0].description or "")
    assert track.waypoints[-1].description == "Framme"
