"""Networks and shores the tests of the walkway share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from shore_sketches import bay, hairpin

from lastmile.network.sources import read_osm
from lastmile.network.street import load_network
from lastmile.walkway.catchments import Access
from lastmile.walkway.shore import load_shore

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def bay_access(tmp_path_factory: pytest.TempPathFactory) -> Access:
    return bay().access(tmp_path_factory.mktemp("bay"))


@pytest.fixture(scope="session")
def hairpin_access(tmp_path_factory: pytest.TempPathFactory) -> Access:
    return hairpin().access(tmp_path_factory.mktemp("hairpin"))


@pytest.fixture(scope="session")
def bundle_access() -> Access:
    """Return the study on the bundled streets."""
    return Access(load_network(), load_shore())


@pytest.fixture(scope="session")
def region_access(reference: Path) -> Access:
    """Return the study on the streets of the whole region."""
    network = read_osm(reference / "espoo-region.osm.pbf").with_speeds(load_network().speeds)
    return Access(network, load_shore())
