"""Networks the tests of streets share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from street_sketches import Sketch, town

from lastmile.network.sources import read_osm

if TYPE_CHECKING:
    from pathlib import Path

    from lastmile.network.street import StreetNetwork


@pytest.fixture
def sketch() -> Sketch:
    return Sketch()


@pytest.fixture(name="town")
def _town() -> Sketch:
    return town()


@pytest.fixture(scope="session")
def region(reference: Path) -> StreetNetwork:
    """Return the real network of the region."""
    return read_osm(reference / "espoo-region.osm.pbf")
