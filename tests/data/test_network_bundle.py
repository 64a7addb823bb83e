"""The curated corridor network: made from its tables, whole, and as long as the real streets."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import osmium
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
NETWORK = ROOT / "data" / "network"
OSM = NETWORK / "corridors.osm"
SCRIPT = ROOT / "tools" / "build_network.py"

ESPOO_METRO = {
    "Keilaniemi": (60.17523, 24.82895),
    "Aalto-yliopisto": (60.18465, 24.8234),
    "Tapiola": (60.17536, 24.80205),
    "Urheilupuisto": (60.17465, 24.77943),
    "Niittykumpu": (60.17076, 24.76318),
    "Matinkylä": (60.1599, 24.7386),
    "Finnoo": (60.1556, 24.7103),
    "Kaitaa": (60.148919, 24.689904),
    "Soukka": (60.1408, 24.6722),
    "Espoonlahti": (60.14889, 24.65417),
    "Kivenlahti": (60.15639, 24.63194),
}
OTHER_STATIONS = {
    "Koivusaari": (60.16339, 24.85516),
    "Lauttasaari": (60.1594, 24.8789),
    "Ruoholahti": (60.1632, 24.9146),
    "Kamppi": (60.16861, 24.93054),
    "Rautatientori": (60.1706, 24.9414),
    "Helsinki": (60.172097, 24.941249),
    "Pasila": (60.198689, 24.933521),
    "Huopalahti": (60.21835, 24.893523),
    "Leppävaara": (60.21948, 24.813541),
    "Kilo": (60.217939, 24.782393),
    "Kera": (60.216573, 24.75564),
    "Kauniainen": (60.211939, 24.730884),
    "Koivuhovi": (60.207144, 24.701273),
    "Tuomarila": (60.20605, 24.681767),
    "Espoo": (60.205067, 24.655992),
    "Kauklahti": (60.189456, 24.600354),
}
NUUKSIO_CAR_PARKS = {
    "Haltia": (60.293782, 24.55703),
    "Haukkalampi 1": (60.30978, 24.51674),
    "Haukkalampi 2": (60.30992, 24.52122),
    "Haukkalampi 3": (60.30953, 24.5214),
    "Kattila 1": (60.32693, 24.49555),
    "Kattila 2": (60.32847, 24.49383),
    "Siikaranta": (60.28225, 24.50581),
    "Siikaniemi": (60.28934, 24.51534),
    "Kolmoislampi": (60.2934, 24.52177),
    "Högbacka": (60.32025, 24.52116),
    "Veikkola": (60.27099, 24.46019),
}


@pytest.fixture(scope="module", autouse=True)
def tools_on_the_path() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPT.parent))
        yield


@pytest.fixture(scope="module")
def tools() -> ModuleType:
    """The measuring tool."""
    return import_module("network_check")


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    return import_module("build_network")


@pytest.fixture(scope="module")
def graphs(tools: ModuleType) -> dict[str, nx.DiGraph[str]]:
    return {mode: tools.read_graph(OSM, mode) for mode in ("walk", "bike", "car")}


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A copy of the tables that a test may spoil."""
    return Path(shutil.copytree(NETWORK, tmp_path / "network"))


def test_running_the_script_again_gives_the_committed_bytes(tmp_path: Path) -> None:
    again = tmp_path / "corridors.osm"
    subprocess.run([sys.executable, SCRIPT, "--to", again], check=True, capture_output=True)
    assert again.read_bytes() == OSM.read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["corridors.osm"]


def test_the_file_names_its_source_and_licence() -> None:
    head = OSM.read_text(encoding="utf-8")[:1000]
    assert "© OpenStreetMap contributors" in head
    assert "ODbL 1.0" in head


def test_a_general_osm_reader_takes_the_file() -> None:
    nodes: set[int] = set()
    referenced: set[int] = set()
    for thing in osmium.FileProcessor(OSM):
        if thing.is_node():
            nodes.add(thing.id)
        else:
            assert "highway" in thing.tags
            referenced.update(node.ref for node in thing.nodes)
    assert nodes == referenced == set(range(1, len(nodes) + 1))


@pytest.mark.parametrize("mode", ["walk", "bike", "car"])
def test_every_point_of_a_mode_reaches_every_other(
    graphs: dict[str, nx.DiGraph[str]], mode: str
) -> None:
    assert nx.is_strongly_connected(graphs[mode])


@pytest.mark.parametrize("mode", ["walk", "bike", "car"])
@pytest.mark.parametrize("name", [*ESPOO_METRO, *OTHER_STATIONS])
def test_every_station_is_on_the_network(
    tools: ModuleType, graphs: dict[str, nx.DiGraph[str]], name: str, mode: str
) -> None:
    place = (ESPOO_METRO | OTHER_STATIONS)[name]
    within_m = {"walk": 60, "bike": 90, "car": 250}[mode]
    assert tools.snap(graphs[mode], place).off_m < within_m


@pytest.mark.parametrize("name", ESPOO_METRO)
def test_a_metro_passenger_can_walk_to_the_waterfront_walkway(
    tools: ModuleType, graphs: dict[str, nx.DiGraph[str]], name: str
) -> None:
    walkway: set[str] = set()
    for way in osmium.FileProcessor(OSM, osmium.osm.WAY):
        if way.tags.get("name") == "Rantaraitti":
            walkway.update(str(node.ref) for node in way.nodes)
    graph = graphs["walk"].copy()
    tools.split(graph, tools.snap(graph, ESPOO_METRO[name]), "station")
    lengths = nx.single_source_dijkstra_path_length(graph, "station", weight="length_m")
    assert min(lengths[node] for node in walkway) < 2_500


@pytest.mark.parametrize("name", NUUKSIO_CAR_PARKS)
def test_a_car_reaches_every_car_park_of_the_national_park(
    tools: ModuleType, graphs: dict[str, nx.DiGraph[str]], name: str
) -> None:
    assert tools.snap(graphs["car"], NUUKSIO_CAR_PARKS[name]).off_m < 100


def test_lengths_agree_with_the_reference_routes(tools: ModuleType, reference: Path) -> None:
    measured = tools.measure(OSM, reference / "reference_routes.csv")
    errors = [abs(pair.error) for pair in measured if pair.ours_m is not None]
    assert len(errors) >= 60
    assert np.median(errors) <= 0.03
    assert np.percentile(errors, 95) <= 0.10


def test_faulty_corridors_are_all_named_at_once(builder: ModuleType, tables: Path) -> None:
    spoiled = tables / "corridors" / "10-nuuksio.toml"
    spoiled.write_text(
        spoiled.read_text(encoding="utf-8")
        .replace('class = "tertiary"', 'class = "runway"', 1)
        .replace("solbacka", "solbaka", 1)
        .replace('surface = "asphalt"', 'pavement = "asphalt"', 1),
        encoding="utf-8",
    )
    with pytest.raises(builder.TableError) as raised:
        builder.build(tables)
    faults = str(raised.value).splitlines()
    assert len(faults) == 3
    assert all(fault.startswith("10-nuuksio.toml, corridor ") for fault in faults)
    for word in ("runway", "solbaka", "pavement"):
        assert any(word in fault for fault in faults)


def test_a_junction_written_twice_is_found(builder: ModuleType, tables: Path) -> None:
    spoiled = tables / "corridors" / "20-bembole-espoo.toml"
    text = spoiled.read_text(encoding="utf-8")
    spoiled.write_text(text.replace("60.21747,24.66085", "60.21606,24.65925"), encoding="utf-8")
    with pytest.raises(builder.TableError, match=r"1\.1 m from"):
        builder.build(tables)


def test_a_junction_id_given_twice_is_found(builder: ModuleType, tables: Path) -> None:
    with (tables / "junctions.csv").open("a", encoding="utf-8") as table:
        table.write("haltia,Haltia again,60.29000,24.55000,\n")
    with pytest.raises(builder.TableError, match="haltia"):
        builder.build(tables)
