"""The gazetteer holds the places of the mission and finds them by what people call them."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lastmile.datasets import bundle_path
from lastmile.errors import PlaceError
from lastmile.places import KIND_ORDER, REGION, Gazetteer, Place
from lastmile.units import great_circle_m

ESPOO_METRO = {
    "Keilaniemi": "Kägeludden",
    "Aalto-yliopisto": "Aalto-universitetet",
    "Tapiola": "Hagalund",
    "Urheilupuisto": "Idrottsparken",
    "Niittykumpu": "Ängskulla",
    "Matinkylä": "Mattby",
    "Finnoo": "Finno",
    "Kaitaa": "Kaitans",
    "Soukka": "Sökö",
    "Espoonlahti": "Esboviken",
    "Kivenlahti": "Stensvik",
}
"""All eleven metro stations of Espoo with their official Swedish names, from east to west."""

ENTRANCES = {
    "haltia": {"haltia-car-park", "solvalla-car-park"},
    "haukkalampi": {f"haukkalampi-car-park-{number}" for number in (1, 2, 3)},
    "kattila": {"kattila-car-park-1", "kattila-car-park-2"},
    "siikaranta": {"siikaranta-car-park"},
    "siikaniemi": set(),
    "kolmoislampi": {"kolmoislampi-car-park"},
    "hogbacka": {"hogbacka-car-park"},
    "veikkola": set(),
    "mustakorvi": set(),
    "valklammentie": set(),
    "saarilampi": set(),
    "salmi": set(),
    "takala": set(),
    "matalajarvi": set(),
}


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.bundled()


@pytest.fixture(scope="module")
def walkway() -> list[dict[str, str]]:
    text = Path(bundle_path("places/walkway.csv")).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_every_place_lies_in_the_region(gazetteer: Gazetteer) -> None:
    outside = [place.id for place in gazetteer if not REGION.holds(*place.point)]
    assert outside == []


def test_every_place_has_an_id_a_kind_and_a_source(gazetteer: Gazetteer) -> None:
    ids = [place.id for place in gazetteer]
    assert len(ids) == len(set(ids))
    for place in gazetteer:
        assert place.kind in KIND_ORDER, place.id
        assert place.source, place.id
        assert place.confidence in {"low", "medium", "high"}, place.id
        assert gazetteer[place.id] is place


@pytest.mark.parametrize(("finnish", "swedish"), ESPOO_METRO.items())
def test_every_metro_station_of_espoo_is_found_in_both_languages(
    gazetteer: Gazetteer, finnish: str, swedish: str
) -> None:
    for text in (finnish, swedish, f"{finnish} (M)", f"{swedish} (M)", f"{finnish} metroasema"):
        place = gazetteer.find(text)
        assert place.kind == "metro_station", text
        assert (place.name("fi"), place.name("sv")) == (finnish, swedish)


def test_the_western_metro_is_as_long_as_published(gazetteer: Gazetteer) -> None:
    """Wikipedia: Kaitaa 1.3 km from Finnoo and 1.6 km from Soukka; Matinkylä-Kivenlahti 7 km."""

    def apart(a: str, b: str) -> float:
        return great_circle_m(*gazetteer.find(f"{a} (M)").point, *gazetteer.find(f"{b} (M)").point)

    # The published lengths are along the track, the positions good to 100 m at each end.
    assert apart("Finnoo", "Kaitaa") == pytest.approx(1300, abs=250)
    assert apart("Kaitaa", "Soukka") == pytest.approx(1600, abs=350)
    west = ["Matinkylä", "Finnoo", "Kaitaa", "Soukka", "Espoonlahti", "Kivenlahti"]
    length = sum(apart(a, b) for a, b in itertools.pairwise(west))
    assert length == pytest.approx(7000, rel=0.1)


@pytest.mark.parametrize(("entrance", "car_parks"), ENTRANCES.items())
def test_every_park_entrance_has_its_car_parks(
    gazetteer: Gazetteer, entrance: str, car_parks: set[str]
) -> None:
    assert len(gazetteer.at_entrance(entrance, "park_entrance")) == 1
    assert {p.id for p in gazetteer.at_entrance(entrance, "car_park")} == car_parks


def test_car_parks_lie_at_their_entrance_and_have_a_range_or_no_capacity(
    gazetteer: Gazetteer,
) -> None:
    for car_park in gazetteer.by_kind("car_park"):
        (entrance,) = gazetteer.at_entrance(car_park.entrance or "", "park_entrance")
        assert great_circle_m(*car_park.point, *entrance.point) < 500, car_park.id
        if car_park.capacity is not None:
            assert 0 < car_park.capacity.low <= car_park.capacity.value <= car_park.capacity.high
    assert gazetteer["solvalla-car-park"].capacity is None


def test_the_shore_has_its_services(gazetteer: Gazetteer) -> None:
    services = {
        kind: {place.id for place in gazetteer.by_kind(kind)}
        for kind in ("beach", "cafe", "harbour", "sauna", "boat", "viewpoint", "walkway_access")
    }
    assert {"mellsten", "matinkyla-beach", "toppelund", "westend-beach"} <= services["beach"]
    assert {"nokkala", "mellsten", "villa-elfvik", "haltia"} <= services["cafe"]
    assert {"nokkala", "otsolahti", "suomenoja-harbour"} <= services["harbour"]
    assert services["sauna"] == {"mellsten"}
    assert "haukilahti-water-tower" in services["viewpoint"]
    assert "nokkala" in services["boat"]
    assert {"walkway-saunalahti", "walkway-laajalahti"} <= services["walkway_access"]


@pytest.mark.parametrize(
    ("text", "place_id"),
    [
        ("Kamppi", "metro-kamppi"),
        ("kamppi", "metro-kamppi"),
        ("KAMPEN", "metro-kamppi"),
        ("Haltia", "haltia"),
        ("Finnish Nature Centre Haltia", "haltia"),
        ("Suomen luontokeskus Haltia", "haltia"),
        ("Nuuksio", "haltia"),
        ("Noux", "haltia"),
        ("Haltia bus stop", "bus-stop-haltia"),
        ("bus-stop-haltia", "bus-stop-haltia"),
        ("  haltia ", "haltia"),
        ("matinkyla", "metro-matinkyla"),
        ("MATINKYLÄ (m)", "metro-matinkyla"),
        ("Aalto University", "metro-aalto-yliopisto"),
        ("Central Railway Station", "rail-helsinki"),
        ("Helsinki", "rail-helsinki"),
        ("Rautatientori", "metro-rautatientori"),
        ("Espoo", "rail-espoo"),
        ("Espoon asema", "rail-espoo"),
        ("Esbo", "rail-espoo"),
        ("Grankulla", "rail-kauniainen"),
        ("Kallio", "district-kallio"),
        ("Berghäll", "district-kallio"),
        ("Mellsten", "mellsten"),
        ("Haukilahti", "haukilahdenranta"),
        ("Helsinki city centre", "helsinki-centre"),
    ],
)
def test_people_find_places_by_the_names_they_use(
    gazetteer: Gazetteer, text: str, place_id: str
) -> None:
    assert gazetteer.find(text).id == place_id


def test_every_name_leads_to_a_place_of_that_name(gazetteer: Gazetteer) -> None:
    for place in gazetteer:
        for name in (place.name("fi"), place.name("sv"), place.name("en"), *place.aliases):
            found = gazetteer.find(name)
            written = (found.name_fi, found.name_sv, found.name_en, *found.aliases)
            assert name.casefold() in {known.casefold() for known in written}, (name, found.id)


def test_an_unknown_place_is_answered_with_three_near_names_on_one_line(
    gazetteer: Gazetteer,
) -> None:
    with pytest.raises(PlaceError) as caught:
        gazetteer.find("Matinkilä")
    message = str(caught.value)
    assert "\n" not in message
    assert "'Matinkilä'" in message
    names = message.rsplit(": ", maxsplit=1)[-1].split(", ")
    assert len(names) == 3
    assert names[0] == "Matinkylä"


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_no_name_at_all_is_answered_with_an_example(gazetteer: Gazetteer, text: str) -> None:
    with pytest.raises(PlaceError, match="Kamppi"):
        gazetteer.find(text)


def test_a_pair_of_coordinates_is_a_place(gazetteer: Gazetteer) -> None:
    place = gazetteer.find(" 60.2938, 24.5570 ")
    assert place == Place.at(60.2938, 24.557)
    assert place.point == (60.2938, 24.557)
    assert place.name("sv") == "60.29380,24.55700"


@pytest.mark.parametrize("text", ["91,24", "-90.1,0", "60,180.5", "60.2,1000"])
def test_coordinates_off_the_earth_are_refused(gazetteer: Gazetteer, text: str) -> None:
    with pytest.raises(PlaceError, match="not on the earth"):
        gazetteer.find(text)


def test_swapped_coordinates_are_noticed(gazetteer: Gazetteer) -> None:
    with pytest.raises(PlaceError, match=r'did you mean "60\.2,24\.8"'):
        gazetteer.find("24.8,60.2")


@given(st.text())
@example("ẞ")
@example("\ud800")
@example("1" * 400 + ",1")
@example("-.5,1")
@example("\u0663,\u0664")
@example("nan,inf")
@example("'; DROP TABLE places; --")
def test_any_text_is_a_place_or_a_place_error(text: str) -> None:
    gazetteer = Gazetteer.bundled()
    try:
        assert isinstance(gazetteer.find(text), Place)
    except PlaceError as error:
        assert "\n" not in str(error)  # noqa: PT017 - both outcomes are right


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([",", ", ", ";", " "]),
)
def test_any_pair_of_numbers_is_a_place_on_earth_or_a_place_error(
    lat: float, lon: float, separator: str
) -> None:
    try:
        place = Gazetteer.bundled().find(f"{lat:.6f}{separator}{lon:.6f}")
    except PlaceError:
        return
    assert -90 <= place.lat <= 90
    assert -180 <= place.lon <= 180


@given(st.text(max_size=30), st.integers(min_value=0, max_value=10))
def test_suggestions_are_as_many_as_asked_and_all_lead_to_places(text: str, count: int) -> None:
    gazetteer = Gazetteer.bundled()
    names = gazetteer.suggest(text, count)
    assert len({gazetteer.find(name).id for name in names}) == count


def test_the_walkway_is_as_long_as_its_points_say(walkway: list[dict[str, str]]) -> None:
    assert [int(row["seq"]) for row in walkway] == list(range(1, len(walkway) + 1))
    length = 0.0
    for before, after in itertools.pairwise(walkway):
        length += great_circle_m(
            float(before["lat"]), float(before["lon"]), float(after["lat"]), float(after["lon"])
        )
        assert float(after["cumulative_m"]) == pytest.approx(length, abs=1)
    assert length == pytest.approx(24_100, abs=100)  # rantaraitti facts: 24.1 km, computed apart


def test_the_walkway_passes_the_places_it_names(
    walkway: list[dict[str, str]], gazetteer: Gazetteer
) -> None:
    for row in walkway:
        if row["place"]:
            place = gazetteer[row["place"]]
            assert great_circle_m(*place.point, float(row["lat"]), float(row["lon"])) < 1
            assert (place.name_fi, place.name_sv) == (row["name_fi"], row["name_sv"])
            offers_access = "walkway_access" in (place.kind, *place.services)
            assert offers_access == (row["access"] == "yes")
