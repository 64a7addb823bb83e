"""Reading OSM: what a file says is what the network has; a bad file is a clear error."""

from __future__ import annotations

import gzip
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import osmium
import pytest
from street_sketches import Sketch, at

from lastmile.errors import DataError
from lastmile.network import osm
from lastmile.network.access import Flag, Mode
from lastmile.network.build import MAX_EXTENT_M
from lastmile.network.paths import shortest_path
from lastmile.network.sources import read_osm

if TYPE_CHECKING:
    from pathlib import Path

    from lastmile.network.street import StreetNetwork


def to_pbf(xml: Path) -> Path:
    """Write the same data as PBF, by osmium."""
    pbf = xml.with_suffix(".osm.pbf")
    with osmium.SimpleWriter(str(pbf)) as writer:
        for thing in osmium.FileProcessor(str(xml)):
            writer.add(thing)
    return pbf


def names(network: StreetNetwork) -> set[str]:
    return set(network.tables.names) - {""}


def test_xml_and_pbf_give_the_same_network(town: Sketch, tmp_path: Path) -> None:
    xml = town.write(tmp_path)
    assert read_osm(to_pbf(xml)).digest == read_osm(xml).digest


def test_the_name_of_a_file_does_not_matter(town: Sketch, tmp_path: Path) -> None:
    xml = town.write(tmp_path)
    odd = tmp_path / "download"
    odd.write_bytes(to_pbf(xml).read_bytes())
    assert read_osm(odd).digest == read_osm(xml).digest


def test_the_order_of_a_file_does_not_matter(town: Sketch, tmp_path: Path) -> None:
    xml = town.write(tmp_path)
    lines = xml.read_text(encoding="utf-8").splitlines()
    first_way = next(i for i, line in enumerate(lines) if line.startswith("<way"))
    mixed = tmp_path / "ways-first.osm"
    mixed.write_text("\n".join([*lines[:2], *lines[first_way:-1], *lines[2:first_way], "</osm>"]))
    assert read_osm(mixed).digest == read_osm(xml).digest


def test_streets_are_cut_where_they_meet(town: Sketch, tmp_path: Path) -> None:
    tables = town.network(tmp_path).tables
    kinds = [tables.kinds[k] for k in tables.edge_kind]
    # Keskikatu runs b1 - bollard - b2 - (bend) - b3, and the bollard is an edge of its own
    assert kinds.count("residential") == 3 + 1
    assert kinds.count("barrier") == 1
    # Itätie meets others at a3, b3 and c3
    assert kinds.count("unclassified") == 2
    # the roundabout touches the network once: it is cut in two so that no edge is a loop
    assert kinds.count("primary") == 1 + 2
    assert not np.any(tables.edge_from == tables.edge_to)
    # c2 is no junction
    assert kinds.count("path") == 1
    assert names(town.network(tmp_path)) == {"Pohjoistie", "Keskikatu", "Itätie & Östra vägen"}


def test_lengths_are_great_circles(sketch: Sketch, tmp_path: Path) -> None:
    sketch.point("a", 0, 0)
    sketch.point("b", 300, 400)
    sketch.point("c", 300, 1400)
    sketch.way("a b c")
    (length,) = sketch.network(tmp_path).tables.edge_length_m
    assert length == pytest.approx(1500, rel=1e-4)


def test_a_bollard_stops_cars_alone(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    west, east = at(400, 200), at(500, 200)
    on_foot = shortest_path(network, west, east, "walk").length_m
    assert on_foot == pytest.approx(100, rel=1e-3)
    assert shortest_path(network, west, east, "bike").length_m == pytest.approx(on_foot)
    assert shortest_path(network, west, east, "car").length_m > 400


def test_a_barrier_where_streets_meet_stops_cars_from_each_to_each(
    sketch: Sketch, tmp_path: Path
) -> None:
    sketch.point("m", 0, 0, {"barrier": "block"})
    for name, x, y in (("n", 0, 300), ("e", 300, 0), ("s", 0, -300)):
        sketch.point(name, x, y)
        sketch.way(f"m {name}")
    network = sketch.network(tmp_path)
    flags = network.tables.edge_flags
    joins = flags[flags & Flag.BARRIER != 0]
    assert len(joins) == 2
    assert np.all(joins & Flag.CAR_FORWARD == 0)
    walk = shortest_path(network, sketch.place("n"), sketch.place("e"), "walk")
    assert walk.length_m == pytest.approx(600, rel=1e-3)
    assert [step.kind for step in walk.steps] == ["residential"]


def test_missing_nodes_end_the_street_and_are_counted(town: Sketch, tmp_path: Path) -> None:
    xml = town.write(tmp_path)
    text = xml.read_text(encoding="utf-8")
    xml.write_text(text.replace('<nd ref="2"/>', '<nd ref="2"/><nd ref="999"/>', 1))
    network = read_osm(xml)
    assert any("1 street nodes are missing" in warning for warning in network.warnings)


def test_unknown_classes_are_counted(sketch: Sketch, tmp_path: Path) -> None:
    sketch.point("a", 0, 0)
    sketch.point("b", 100, 0)
    sketch.way("a b")
    sketch.way("a b", "bus_stop")
    sketch.way("a b", "construction")
    (warning,) = sketch.network(tmp_path).warnings
    assert "1 ways left out" in warning
    assert "bus_stop (1)" in warning


def test_ways_that_turn_back_on_themselves(sketch: Sketch, tmp_path: Path) -> None:
    for name, x, y in (("a", 0, 0), ("b", 100, 0), ("c", 100, 100)):
        sketch.point(name, x, y)
    sketch.way("a a b b a")  # doubled nodes, there and back
    sketch.way("b c b")
    network = sketch.network(tmp_path)
    assert not np.any(network.tables.edge_from == network.tables.edge_to)
    path = shortest_path(network, sketch.place("a"), sketch.place("c"), "walk")
    assert path.length_m == pytest.approx(200, rel=1e-3)


def test_a_real_extract_that_comes_with_pyrosm() -> None:
    from pyrosm import get_data  # noqa: PLC0415 - slow to import

    network = read_osm(get_data("test_pbf"))
    assert network.tables.edge_count > 500
    for mode in Mode:
        assert network.usable(mode).any()


def test_the_roads_are_as_long_as_pyrosm_finds_them() -> None:
    from pyrosm import OSM, get_data  # noqa: PLC0415 - slow to import

    path = get_data("test_pbf")
    edges = OSM(path).get_network("driving")
    tables = read_osm(path).tables
    carries_cars = tables.edge_flags & (Flag.CAR_FORWARD | Flag.CAR_BACKWARD) != 0
    roads = carries_cars & np.isin(tables.edge_kind, [
        i for i, kind in enumerate(tables.kinds) if kind not in {"service", "track"}
    ])  # fmt: skip
    theirs = edges[~edges["highway"].isin(["service", "track"])]["length"].sum()
    assert tables.edge_length_m[roads].sum() == pytest.approx(theirs, rel=0.02)


def test_real_downloads_of_all_kinds(reference: Path) -> None:
    for name in ("otaniemi-2014.osm", "helsinki-centre.osm.pbf"):
        network = read_osm(reference / name)
        for mode in Mode:
            assert network.usable(mode).sum() > 500


# --- bad input ----------------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
BILLION_LAUGHS = (
    f'<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY l0 "haha">{LAUGHS}]>'
    '<osm version="0.6"><node id="1" lat="60" lon="24"><tag k="name" v="&l9;"/></node></osm>'
)

SMALL = (
    '<osm version="0.6"><node id="1" version="1" lat="60" lon="{lon}"/>'
    '<node id="{id}" version="1" lat="{lat}" lon="24.001"/>'
    '<way id="1" version="1"><nd ref="1"/><nd ref="{ref}"/>'
    '<tag k="highway" v="{kind}"/></way></osm>'
)


def small(**changes: object) -> bytes:
    facts = {"lon": 24, "id": 2, "lat": 60.001, "ref": 2, "kind": "road"} | changes
    return SMALL.format(**facts).encode()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "empty"),
        (b"   \n", "neither OSM XML nor OSM PBF"),
        (b"hello", "neither OSM XML nor OSM PBF"),
        (b"\x00" * 1000, "neither OSM XML nor OSM PBF"),
        (b'{"elements": []}', "neither OSM XML nor OSM PBF"),
        (b"<!DOCTYPE html><html><body>503</body></html>", "web page"),
        (b"<gpx></gpx>", "not a sound OSM file"),
        (b'<osm version="0.6">', "not a sound OSM file"),
        (b'<osm version="0.6"></osm>', "no streets"),
        (b'<osm version="0.7"></osm>', "not a sound OSM file"),
        (BILLION_LAUGHS.encode(), "not a sound OSM file"),
        (small(kind="proposed"), "no street"),
        (small(ref=9), "no street"),
        (small(lat=91), "off the earth"),
        (small(lat="nan"), "not a sound OSM file"),
        (small(lon="1e400"), "too far"),
        (small(lon=-179.9), "too far"),
        (small(id="9" * 23), "not a sound OSM file"),
        (small(ref="-99999999999999999999"), "not a sound OSM file"),
        (
            b'<?xml version="1.0"?><osm version="0.6"><node id="\xff"/></osm>',
            "not a sound OSM file",
        ),
        (b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x7c" + b"\x99" * 200, "not a sound OSM file"),
        (b"\xff\xff\xff\xff\x0a\x09OSMHeader", "not a sound OSM file"),
    ],
)
def test_a_bad_file_is_named_with_what_was_found(
    content: bytes, found: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.osm"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_osm(path)
    assert str(path) in str(caught.value)
    assert found in str(caught.value)


def test_no_node_of_any_street_is_there(tmp_path: Path) -> None:
    path = tmp_path / "ways-only.osm"
    path.write_bytes(small(ref=8).replace(b'<nd ref="1"/>', b'<nd ref="7"/>'))
    with pytest.raises(DataError, match="none of the 2 nodes"):
        read_osm(path)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_osm(tmp_path / "nowhere.osm")
    with pytest.raises(DataError, match="cannot be read"):
        read_osm(tmp_path)


def test_compressed_files_are_told_apart(town: Sketch, tmp_path: Path) -> None:
    xml = town.write(tmp_path)
    zipped = tmp_path / "town.osm.pbf"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.write(xml)
    with pytest.raises(DataError, match="zip archive; unpack it first"):
        read_osm(zipped)
    packed = tmp_path / "town.osm"
    packed.write_bytes(gzip.compress(b"<osm/>"))
    with pytest.raises(DataError, match="gzip; unpack it first"):
        read_osm(packed)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_truncated_file(town: Sketch, tmp_path: Path, share: float) -> None:
    xml = town.write(tmp_path)
    pbf = to_pbf(xml)
    for path in (xml, pbf):
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(DataError, match=str(path)):
            read_osm(path)


def test_a_street_across_half_a_country(tmp_path: Path) -> None:
    path = tmp_path / "jump.osm"
    path.write_bytes(small(lat=64))
    with pytest.raises(DataError, match="way 1 runs 445 km without a junction"):
        read_osm(path)
    assert MAX_EXTENT_M > 445_000


def test_more_streets_than_fit(
    town: Sketch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(osm, "MAX_WAY_NODES", 20)
    with pytest.raises(DataError, match="more than 20 nodes"):
        town.network(tmp_path)
