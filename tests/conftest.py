"""Fixtures every area of the tests shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Speed is measured in benchmarks, never asserted in a test.
settings.register_profile("lastmile", deadline=None, print_blob=True)
settings.load_profile("lastmile")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def reference() -> Path:
    """Return the folder of reference files, or skip where it is absent."""
    folder = Path(os.environ.get("LASTMILE_REFERENCE", ROOT.parent / "shared" / "reference"))
    if not (folder / "espoo-region.osm.pbf").is_file():
        pytest.skip(f"the reference files are not at {folder} (set LASTMILE_REFERENCE)")
    return folder


@pytest.fixture(autouse=True)
def _own_user_data(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keep every test away from the data folder of whoever runs the tests."""
    if "LASTMILE_DATA_DIR" not in os.environ:
        monkeypatch.setenv("LASTMILE_DATA_DIR", str(tmp_path_factory.mktemp("lastmile-data")))
