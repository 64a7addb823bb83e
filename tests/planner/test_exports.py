"""GPX and GeoJSON are valid and say what the itinerary says."""

import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import gpxpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastmile.errors import DataError
from lastmile.exports import feature_collection, gpx_document, leg_title, write_gpx
from lastmile.itinerary import Itinerary, Leg, Waypoint
from lastmile.planner.clock import parse_instant

NS = {"g": "http://www.topografix.com/GPX/1/1"}
# the order of elements the schema of GPX 1.1 prescribes (topografix.com/GPX/1/1/gpx.xsd)
ROOT_ORDER = ["metadata", "wpt", "rte", "trk"]
POINT_ORDER = ["ele", "time", "name", "cmt", "desc", "src", "link", "sym", "type"]
TRACK_ORDER = ["name", "cmt", "desc", "src", "link", "number", "type", "extensions", "trkseg"]


def trip(start: str = "Kamppi", end: str = "Haltia") -> Itinerary:
    home = Waypoint(start, 60.16861, 24.93054)
    stop = Waypoint("Kamppi (M)", 60.169, 24.931, code="H0010")
    goal = Waypoint(end, 60.2936, 24.556)
    return Itinerary(
        legs=(
            Leg(
                "walk", home, stop,
                parse_instant("2026-05-14T09:00"), parse_instant("2026-05-14T09:05"),
                350.0, 0.0, ((60.16861, 24.93054), (60.1688, 24.931), (60.169, 24.931)),
            ),
            Leg(
                "transit", stop, goal,
                parse_instant("2026-05-14T09:10"), parse_instant("2026-05-14T10:00"),
                31_000.0, None, ((60.169, 24.931), (60.2936, 24.556)),
                vehicle="bus", route="245A", headsign="Kattila",
            ),
        ),
        fare_eur=4.1,
        cost_eur=4.1,
    )  # fmt: skip


def order_of(element: ET.Element) -> list[str]:
    return [child.tag.split("}")[1] for child in element]


def in_order(found: list[str], order: list[str]) -> bool:
    positions = [order.index(tag) for tag in found]
    return positions == sorted(positions)


def test_gpx_holds_a_track_segments_waypoints_and_credit(tmp_path: Path) -> None:
    path = tmp_path / "trip.gpx"
    write_gpx(path, [trip()], name="Kamppi to Haltia", attribution="© OpenStreetMap contributors")
    parsed = gpxpy.parse(path.read_text(encoding="utf-8"))
    assert parsed.version == "1.1"
    assert parsed.creator == "lastmile"
    assert parsed.copyright_author == "© OpenStreetMap contributors"
    assert [len(segment.points) for segment in parsed.tracks[0].segments] == [3, 2]
    assert [w.name for w in parsed.waypoints] == ["Kamppi", "Kamppi (M) (H0010)", "Haltia"]
    assert parsed.waypoints[0].time.isoformat() == "2026-05-14T06:00:00+00:00"
    first = parsed.tracks[0].segments[0].points[0]
    assert (first.latitude, first.longitude) == (60.16861, 24.93054)
    assert os.listdir(tmp_path) == ["trip.gpx"]  # noqa: PTH208 - nothing half-written beside it


def test_gpx_keeps_to_the_schema() -> None:
    text = gpx_document([trip(), trip()], name="n", attribution="a").to_xml(version="1.1")
    root = ET.fromstring(text)  # noqa: S314 - our own text
    assert root.tag == f"{{{NS['g']}}}gpx"
    assert root.attrib["version"] == "1.1"
    assert in_order(order_of(root), ROOT_ORDER)
    for point in [*root.iter(f"{{{NS['g']}}}wpt"), *root.iter(f"{{{NS['g']}}}trkpt")]:
        assert -90 <= float(point.attrib["lat"]) <= 90
        assert -180 <= float(point.attrib["lon"]) < 180
        assert in_order(order_of(point), POINT_ORDER)
    for track in root.iter(f"{{{NS['g']}}}trk"):
        assert in_order(order_of(track), TRACK_ORDER)
    copyrights = list(root.iter(f"{{{NS['g']}}}copyright"))
    assert len(copyrights) == 1
    assert "author" in copyrights[0].attrib
    numbers = [int(number.text or "") for number in root.iter(f"{{{NS['g']}}}number")]
    assert numbers == [1, 2]


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=20))
def test_any_name_gives_well_formed_xml(name: str) -> None:
    text = gpx_document([trip(start=name)], name=name, attribution=name).to_xml(version="1.1")
    root = ET.fromstring(text)  # noqa: S314 - our own text
    assert len(root.findall("g:wpt", NS)) == 3


def test_geojson_is_lon_lat_with_one_line_a_leg() -> None:
    collection = json.loads(json.dumps(feature_collection([trip()])))
    assert collection["type"] == "FeatureCollection"
    assert [f["properties"]["mode"] for f in collection["features"]] == ["walk", "transit"]
    assert collection["features"][0]["geometry"]["coordinates"][0] == [24.93054, 60.16861]
    assert collection["features"][1]["properties"]["title"] == "Bus 245A towards Kattila"


def test_titles_read_well() -> None:
    assert leg_title(trip().legs[0]) == "Walk 350 m"


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot write"):
        write_gpx(tmp_path / "nowhere" / "x.gpx", [trip()], name="n", attribution="a")
    with pytest.raises(DataError, match="is a folder"):
        write_gpx(tmp_path, [trip()], name="n", attribution="a")


def test_unknown_emissions_stay_unknown_in_the_sum() -> None:
    assert trip().co2_g is None
    assert trip().to_json()["co2_g"] is None
    assert trip().duration_s == 3600
    assert trip().walk_m == 350
