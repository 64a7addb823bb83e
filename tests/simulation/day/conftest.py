"""The day in SimPy's usual style, as oracle."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def plain_day() -> ModuleType:
    """Return the day in SimPy's usual style: the oracle, and the peer of the benchmark."""
    path = ROOT / "benchmarks" / "plain_day.py"
    spec = importlib.util.spec_from_file_location("plain_day", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["plain_day"] = module
    spec.loader.exec_module(module)
    return module
