"""The representative timetable's fastest journeys are as long as the published departures imply.

The observed departures are rows of HSL's published timetables of 19 February 2026. What they
imply for a pair is the time from an observed departure to the arrival at its end; over two lines,
to the arrival of the first observed departure that can be caught at the change. The fastest
journey of the representative timetable, asked for at the same minutes, must be within 20 % or
six minutes of it in the median.
"""

from __future__ import annotations

from datetime import date
from statistics import median

import numpy as np
import pytest

from lastmile import datasets
from lastmile.transit.feed import load_feed
from lastmile.transit.footpaths import Footpaths
from lastmile.transit.raptor import Ends, Router
from lastmile.transit.timetable import Timetable
from lastmile.units import EARTH_RADIUS_M, parse_clock

OBSERVED_DAY = date(2026, 2, 19)
METRES_PER_DEGREE = np.radians(EARTH_RADIUS_M)
WALK_MS = 1.2
DETOUR = 1.3  # street over straight line
WALK_LIMIT_M = 450.0
CHANGE_S = 120

PAIRS = [
    # metro and train
    "Matinkylä > Rautatientori",
    "Rautatientori > Matinkylä",
    "Matinkylä > Aalto-yliopisto (M)",
    "Matinkylä > Kamppi",
    "Kamppi > Itäkeskus",
    "Itäkeskus > Matinkylä",
    "Aalto-yliopisto (M) > Kamppi",
    "Rautatientori > Tapiola",
    "Espoo > Helsinki",
    "Helsinki > Espoo",
    "Kauklahti > Helsinki",
    "Espoo > Kirkkonummi",
    "Pasila > Espoo",
    "Huopalahti > Espoo",
    "Leppävaara > Espoo",
    "Kauklahti > Espoo",
    # buses
    "Espoon asema > Koivuranta",
    "Koivuranta > Espoon asema",
    "Espoon asema > Kaskenpolttaja",
    "Kaskenpolttaja > Espoon asema",
    "Kivenlahti (M) > Kaskenpolttaja",
    "Espoon asema > Matinkylä (M)",
    "Akselinpolku > Leppävaaran asema",
    "Matinkylä (M) > Akselinpolku",
    "Aalto-yliopisto (M) > Leppävaaran asema",
    "Ikea Espoo > Kaskenpolttaja",
    # two lines
    "Koivuranta > Espoon asema + Espoo > Helsinki",
    "Helsinki > Espoo + Espoon asema > Koivuranta",
    "Kaskenpolttaja > Espoon asema + Espoo > Pasila",
    "Akselinpolku > Matinkylä (M) + Matinkylä > Rautatientori",
]


@pytest.fixture(scope="module")
def timetable() -> Timetable:
    return Timetable.for_day(load_feed(datasets.bundle_path("gtfs")), OBSERVED_DAY)


@pytest.fixture(scope="module")
def router(timetable: Timetable) -> Router:
    """Return a router with straight footpaths, a third longer as streets are."""
    lat = timetable.stops["stop_lat"].to_numpy() * METRES_PER_DEGREE
    lon = timetable.stops["stop_lon"].to_numpy() * METRES_PER_DEGREE * np.cos(np.radians(60.2))
    places = np.column_stack([lat, lon])
    far = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    start, end = np.nonzero(far < WALK_LIMIT_M)
    footpaths = Footpaths.between(len(places), start, end, DETOUR * far[start, end] / WALK_MS)
    return Router(len(places), timetable.patterns, *timetable.transfers(footpaths, change_s=60))


@pytest.fixture(scope="module")
def observed() -> dict[tuple[str, str], list[tuple[int, int]]]:
    """Return departures and arrivals by pair of stop names."""
    table = datasets.read_table("timetable/observed_departures.csv")
    rows: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for start, end, departure, arrival in zip(
        table["from_stop"], table["to_stop"], table["departure"], table["arrival"], strict=True
    ):
        if isinstance(departure, str) and isinstance(arrival, str):
            times = parse_clock(departure), parse_clock(arrival)
            rows.setdefault((start, end), []).append(times)
    return rows


def at(timetable: Timetable, name: str) -> Ends:
    """Return all stops of a name; the metro station belongs to the bus stops "... (M)"."""
    base = name.removesuffix(" (M)")
    named = np.flatnonzero(timetable.stops["stop_name"].isin([base, f"{base} (M)"]))
    assert len(named), name
    return Ends.of(named, 0)


def implied(
    observed: dict[tuple[str, str], list[tuple[int, int]]], legs: list[tuple[str, str]]
) -> dict[int, int]:
    """Return the duration the observations imply by departure, s."""
    ways = dict(sorted(observed[legs[0]], reverse=True))
    for leg in legs[1:]:
        caught = {
            departure: [end for start, end in observed[leg] if start >= arrival + CHANGE_S]
            for departure, arrival in ways.items()
        }
        ways = {departure: min(ends) for departure, ends in caught.items() if ends}
    return {departure: arrival - departure for departure, arrival in ways.items()}


@pytest.mark.parametrize("pair", PAIRS)
def test_fastest_journeys_are_as_long_as_the_published_departures_imply(
    pair: str,
    timetable: Timetable,
    router: Router,
    observed: dict[tuple[str, str], list[tuple[int, int]]],
) -> None:
    legs = [tuple(leg.split(" > ")) for leg in pair.split(" + ")]
    expected = implied(observed, [(leg[0], leg[1]) for leg in legs])
    assert len(expected) >= 3
    access, egress = at(timetable, legs[0][0]), at(timetable, legs[-1][1])
    found = [
        router.depart_at(access, egress, departure)[-1].arrival_s - departure
        for departure in expected
    ]
    ours, theirs = median(found), median(expected.values())
    assert abs(ours - theirs) <= max(0.2 * theirs, 360), (
        f"{pair}: {ours / 60:.0f} min, the departures imply {theirs / 60:.0f} min"
    )


@pytest.mark.parametrize("hour", [9, 10, 12, 14, 16])
def test_kamppi_to_haltia_takes_about_an_hour(
    timetable: Timetable, router: Router, hour: int
) -> None:
    kamppi = at(timetable, "Kamppi")
    names = timetable.stops["stop_name"].str.contains("Haltia").to_numpy()
    haltia = Ends.of(np.flatnonzero(names), 120)
    journeys = router.depart_between(kamppi, haltia, hour * 3600, (hour + 1) * 3600)
    fastest = min(one.arrival_s - one.departure_s for one in journeys)
    assert 45 * 60 <= fastest <= 80 * 60


def test_there_are_thirty_everyday_pairs() -> None:
    assert len(set(PAIRS)) >= 30
