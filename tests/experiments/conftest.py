"""Fixtures of the experiments."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from simulation.executor import open_crew
from simulation.sampling import Sampler
from simulation.store import RunStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from simulation.executor import Crew

    SamplerMaker = Callable[..., Sampler]


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """Return an empty run store."""
    return RunStore(tmp_path / "runs")


@pytest.fixture
def sampler() -> SamplerMaker:
    """Return a maker of samplers; one worker, in this process, unless told otherwise."""

    def make(store: RunStore | None = None, **options: object) -> Sampler:
        return Sampler(partial(open_crew, **{"workers": 1, **options}), store)

    return make


@contextmanager
def nobody() -> Iterator[Crew]:
    """Refuse to open a crew: for what the store must answer alone."""
    pytest.fail("something was simulated that the store holds")
    yield


@pytest.fixture
def no_workers() -> Callable[[], AbstractContextManager[Crew]]:
    """Return what opens no crew."""
    return nobody
