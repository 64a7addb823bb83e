"""What is repeated: a trial gives one outcome a replication, wherever it runs.

The experiments know nothing else of the day they repeat, so a queue with a known answer can take
its place in a test.
"""

from __future__ import annotations

import pickle
import traceback
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

Table = dict[str, "NDArray[np.generic]"]
"""Columns of equal length by name."""

_TRIALS_KEPT = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one replication gave.

    Attributes
    ----------
    figures
        Key figures by name; what the replication cannot give is absent.
    tables
        Further columns by table: series over the day, gains by zone.
    """

    figures: Mapping[str, float]
    tables: Mapping[str, Table] = field(default_factory=dict)


class Trial(Protocol):
    """Something that can be repeated; it must be picklable."""

    def about(self) -> Mapping[str, Any]:
        """Return what its manifest says of it besides the scenario, as JSON has it."""

    def run(self, seed: int, replication: int) -> Outcome:
        """Return the outcome of one replication, the same for the same arguments anywhere."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A replication that could not be run.

    Attributes
    ----------
    seed, replication
        Enough to see it again.
    message
        The error in one line.
    details
        Where in the program it happened.
    """

    seed: int
    replication: int
    message: str
    details: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One replication: what it gave, or why it gave nothing."""

    replication: int
    outcome: Outcome | None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class PackedTrial:
    """A trial ready to be sent many times: pickled once, unpickled once a process.

    Attributes
    ----------
    content
        The trial, pickled.
    about
        What it says of itself.
    """

    content: bytes
    about: Mapping[str, Any]

    @classmethod
    def of(cls, trial: Trial) -> PackedTrial:
        """Pack a trial."""
        return cls(pickle.dumps(trial, protocol=pickle.HIGHEST_PROTOCOL), trial.about())


@lru_cache(maxsize=_TRIALS_KEPT)
def _unpacked(content: bytes) -> Trial:
    trial: Trial = pickle.loads(content)  # noqa: S301 - our own, from `PackedTrial.of`
    return trial


def pack(build: Callable[[], Trial]) -> PackedTrial:
    """Build a trial and pack it; runs in a worker."""
    return PackedTrial.of(build())


def run_block(content: bytes, seed: int, replications: tuple[int, ...]) -> list[Record]:
    """Run some replications of a packed trial; runs in a worker.

    A replication that fails is reported in its place, and the others go on.
    """
    trial = _unpacked(content)
    return [_run_one(trial, seed, replication) for replication in replications]


def _run_one(trial: Trial, seed: int, replication: int) -> Record:
    try:
        return Record(replication, trial.run(seed, replication))
    except Exception as fault:  # noqa: BLE001 - whatever it was, the others are to go on
        message = f"{type(fault).__name__}: {' '.join(str(fault).split())}"
        return Record(
            replication, None, Failure(seed, replication, message, traceback.format_exc())
        )
