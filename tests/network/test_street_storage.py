"""Storing a network and putting it in force."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest
from street_sketches import Sketch, at

from lastmile import datasets
from lastmile.errors import DataError
from lastmile.network.paths import shortest_path
from lastmile.network.sources import build_streets, read_osm
from lastmile.network.street import STORED_FILE, StreetNetwork, load_network
from lastmile.parameters import Parameters

if TYPE_CHECKING:
    from pathlib import Path

ENDS = at(300, 390), at(900, 10)


def test_what_is_stored_is_what_comes_back(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    network.save(tmp_path / "town.npz")
    again = StreetNetwork.load(tmp_path / "town.npz")
    assert again.digest == network.digest
    assert (again.source, again.attribution) == (network.source, network.attribution)
    assert again.warnings == network.warnings
    for mode in ("walk", "bike"):
        assert shortest_path(again, *ENDS, mode) == shortest_path(network, *ENDS, mode)
    assert not list(tmp_path.glob("*.partial"))


def test_a_network_travels_to_other_processes(town: Sketch, tmp_path: Path) -> None:
    network = town.network(tmp_path)
    path = shortest_path(network, *ENDS, "walk")
    again = pickle.loads(pickle.dumps(network))  # noqa: S301 - our own
    assert shortest_path(again, *ENDS, "walk") == path
    assert again.digest == network.digest


def test_nothing_about_a_network_can_be_changed(town: Sketch, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        town.network(tmp_path).tables.edge_length_m[0] = 1.0


def test_every_bit_flipped_in_a_stored_network_is_noticed(town: Sketch, tmp_path: Path) -> None:
    town.network(tmp_path).save(tmp_path / "town.npz")
    sound = (tmp_path / "town.npz").read_bytes()
    rng = np.random.default_rng(1)
    noticed = 0
    for where in rng.integers(0, len(sound), 150).tolist():
        broken = bytearray(sound)
        broken[where] ^= 1 << int(rng.integers(8))
        path = tmp_path / "broken.npz"
        path.write_bytes(bytes(broken))
        try:
            network = StreetNetwork.load(path)
        except DataError:
            noticed += 1
        else:  # a byte of the archive's padding or dates
            assert shortest_path(network, *ENDS, "walk").length_m > 0
    assert noticed > 75


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"nonsense"])
def test_what_is_no_network(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match="not a street network"):
        StreetNetwork.load(path)
    with pytest.raises(DataError, match="nowhere"):
        StreetNetwork.load(tmp_path / "nowhere.npz")


def test_a_network_that_cannot_be_written(town: Sketch, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written"):
        town.network(tmp_path).save(tmp_path / "no" / "such" / "folder.npz")


def test_the_bundle_holds_until_something_is_built(town: Sketch, tmp_path: Path) -> None:
    bundled = load_network()
    assert "bundled" in bundled.source
    assert bundled.speeds.walk_m_s == Parameters.bundled().value("walk_speed_ms")
    xml = town.write(tmp_path)
    told: list[tuple[str, float]] = []
    built = build_streets(
        lambda: read_osm(xml, lambda *news: told.append(news)), lambda *news: told.append(news)
    )
    assert [done for _, done in told] == sorted(done for _, done in told)
    assert built.manifest.stats["edges"] == read_osm(xml).tables.edge_count
    network = load_network()
    assert network.source == "sketch.osm"
    assert network.digest == read_osm(xml).digest
    assert load_network() is network
    assert datasets.remove("streets")
    assert load_network().digest == bundled.digest


def test_a_bad_source_leaves_what_was_in_force(town: Sketch, tmp_path: Path) -> None:
    xml = town.write(tmp_path)
    build_streets(lambda: read_osm(xml))
    before = load_network().digest
    bad = tmp_path / "bad.osm"
    bad.write_bytes(xml.read_bytes()[:500])
    with pytest.raises(DataError, match=r"bad\.osm"):
        build_streets(lambda: read_osm(bad))
    assert load_network().digest == before


def test_a_damaged_data_set_says_how_to_go_back(town: Sketch, tmp_path: Path) -> None:
    xml = town.write(tmp_path)
    built = build_streets(lambda: read_osm(xml))
    stored = built.folder / STORED_FILE
    stored.write_bytes(stored.read_bytes()[:-10])
    with pytest.raises(DataError, match="lastmile data reset streets"):
        load_network()
