"""Helpers for the tests of the bundle."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from lastmile.datasets import Bundle, bundle_path

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def copied_bundle(tmp_path: Path) -> Bundle:
    """Return a copy of the bundle that a test may damage."""
    root = tmp_path / "data"
    shutil.copytree(bundle_path(""), root)
    return Bundle(root, "git checkout -- data/{file}")
