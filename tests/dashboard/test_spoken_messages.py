"""What the planner says, a visitor reads in their own language."""

from __future__ import annotations

import ast
import io
import pickle
import re
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import gpxpy
import pytest

import dashboard
from dashboard import formats, texts
from dashboard.journey import leg_line, timeline
from dashboard.trip import Trip, planner
from dashboard.uploads import read
from lastmile.errors import DataError, LastmileError, ScenarioError
from lastmile.exports import gpx_document
from lastmile.messages import Message
from lastmile.places import Gazetteer
from lastmile.planner.clock import HELSINKI
from lastmile.transit.feed import read_feed

if TYPE_CHECKING:
    from collections.abc import Callable

    from lastmile.itinerary import Itinerary
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
    assert formats.spoken(no_way) == "ingen rutt till fots: den närmaste ligger 2\xa0346 m bort"
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


@pytest.fixture(scope="module")
def by_bus() -> Itinerary:
    """Return a way from Kampen to Haltia by bus and train."""
    asked = datetime(2026, 5, 17, 10, 0)  # noqa: DTZ001 - the clock face of the form
    trip = Trip("metro-kamppi", "haltia", "leave", asked, 0, ("transit",))
    return planner().plan(trip.request()).itineraries[0]


def test_the_timeline_names_places_in_the_readers_language(
    speaking: Callable[[Language], None], by_bus: Itinerary
) -> None:
    speaking("sv")
    shown = timeline(by_bus)
    assert "Kampen" in shown
    assert "Finnish Nature Centre" not in shown


def test_the_track_taken_along_speaks_the_readers_language(
    speaking: Callable[[Language], None], by_bus: Itinerary
) -> None:
    speaking("sv")
    document = gpx_document([by_bus], name="x", attribution="x", title=leg_line, say=formats.spoken)
    track = gpxpy.parse(document.to_xml(version="1.1"))
    assert track.tracks[0].name == "Kampen - Haltia"
    assert "Gång, " in (track.tracks[0].description or "")
    assert track.waypoints[-1].description == "Framme"


LINE = b"""
[services.line]
stops = ["rail-espoo", "haltia"]
vehicles = 1
headway = 30
"""
FAULTY_FILES = {
    "no text": b"\xff\xfe\x00",
    "no TOML": b"a = 1 b",
    "no end": b"a = [1,",
    "too deep": b"a = " + b"[" * 90_000,
    "extends another file": b'extends = "/etc/passwd"',
    "unknown key": LINE + b"vehicels = 2",
    "nothing said": b"[title]",
    "wrong kinds": b'services = 3\n[title]\nen = 4\n[day]\nmonth = 1.5\nweather = "snow"',
    "out of range": b"[day]\nmonth = 13\npercentile = 100\n[services.a]\nheadway = 0\nseats = 0",
    "contradictions": LINE + b'departures = ["9:00", "x"]\ntimetable = []\nrun_times_min = [1, 2]',
    "both ways of timing": LINE + b'departures = ["10:00", "9:00"]',
    "bikes": b"[bikeshare.stations.a]\ndocks = 1\nbikes = 2",
    "a park": b'[car_parks.haltia]\nopens = "20:00"\ncloses = "8:00"',
}


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("content", FAULTY_FILES.values(), ids=FAULTY_FILES)
def test_every_fault_of_an_uploaded_scenario_is_told_in_the_readers_language(
    speaking: Callable[[Language], None], language: Language, content: bytes
) -> None:
    import distributed  # noqa: F401, PLC0415 - with Dask, an error carries what led to it

    with pytest.raises(ScenarioError) as caught:
        read(content)
    said = str(pickle.loads(pickle.dumps(caught.value)))  # noqa: S301 - our own
    speaking(language)
    shown = formats.spoken(said).splitlines()
    assert len(shown) == len(said.splitlines())
    assert not set(shown) & set(said.splitlines())
    assert not re.search(
        r"\b(input|should|must|give|needs?|unknown|not|at line)\b", "\n".join(shown)
    )


def test_a_fault_names_file_key_value_and_what_is_allowed(
    speaking: Callable[[Language], None],
) -> None:
    with pytest.raises(ScenarioError) as caught:
        read(b'extends = "shuttle-espoo-haltia"\n[services.shuttle]\nfare_eur = -1.5')
    assert str(caught.value) == (
        "uploaded.toml: services.shuttle.fare_eur = -1.5: "
        "input should be greater than or equal to 0"
    )
    speaking("fi")
    assert formats.spoken(str(caught.value)) == (
        "uploaded.toml: services.shuttle.fare_eur = -1.5: arvon on oltava vähintään 0"
    )


def zipped(**tables: str) -> bytes:
    """Return a zip of some tables."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in tables.items():
            archive.writestr(f"{name}.txt", text)
    return content.getvalue()


TABLES = {
    "stops": "stop_id,stop_lat,stop_lon\na,60.2,24.6\nb,60.3,24.6\n",
    "routes": "route_id,route_type\nr,3\n",
    "trips": "trip_id,route_id,service_id\nt,r,s\n",
    "calendar_dates": "service_id,date,exception_type\ns,20260517,1\n",
    "stop_times": "trip_id,stop_id,stop_sequence,arrival_time,departure_time\n"
    "t,a,1,9:00:00,9:00:00\nt,b,2,8:00:00,8:00:00\n",
}


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize(
    "content",
    [
        b"no zip",
        zipped(readme="nothing"),
        zipped(stops=TABLES["stops"]),
        zipped(**TABLES),
        zipped(**TABLES | {"routes": ""}),
        zipped(**TABLES | {"routes": "route_id\nr\n"}),
        zipped(**TABLES | {"routes": "route_id,route_type\n"}),
        zipped(**TABLES | {"trips": "trip_id,route_id,service_id\nt,r,x\n"}),
        zipped(**TABLES | {"stops": 'stop_id,stop_lat,stop_lon\n"a,60,24\n'}),
        zipped(**TABLES | {"stops": "stop_id,stop_lat,stop_lon\na,0,x\n"}),
    ],
)
def test_a_damaged_feed_is_told_of_in_the_readers_language(
    speaking: Callable[[Language], None], language: Language, content: bytes
) -> None:
    with pytest.raises(DataError, match=r"^feed\.zip: ") as caught:
        read_feed(content, "feed.zip")
    speaking(language)
    shown = formats.spoken(str(caught.value))
    assert shown.startswith("feed.zip: ")
    assert not re.search(r"\b(missing|needs|line|no|not|left out)\b", shown)


SHOWN = ("scenarios/load.py", "scenarios/schema.py", "dashboard/uploads.py", "simulation/store.py")


@pytest.mark.parametrize("file", SHOWN)
def test_no_fault_that_a_page_shows_is_english_alone(file: str) -> None:
    """`RequestError`s of the run store answer its commands, which speak English."""
    faults = {"ScenarioError", "ExperimentError", "DataError", "ValueError"}
    text = (Path(dashboard.__file__).parents[1] / file).read_text(encoding="utf-8")
    plain = [
        ast.unparse(call)
        for call in ast.walk(ast.parse(text))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in faults
        and isinstance(call.args[0], (ast.Constant, ast.JoinedStr))
    ]
    assert plain == []
