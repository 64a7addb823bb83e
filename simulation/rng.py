"""Random streams: one root seed, one independent stream for each component and replication.

A stream's key is its component's name, never the order in which streams are asked for. So a
scenario that adds a component leaves every other component's numbers as they were, and two
scenarios meet the same visitors (common random numbers).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from lastmile.errors import RequestError

_WORDS = 2


@dataclass(frozen=True, slots=True)
class Streams:
    """The random streams of one replication.

    Attributes
    ----------
    seed
        Root seed of the whole experiment, 0 or more.
    replication
        Which repeat of the day, 0 or more.
    """

    seed: int
    replication: int

    def __post_init__(self) -> None:
        """Refuse negative seeds.

        Raises
        ------
        RequestError
            If the seed or the replication is negative.
        """
        if self.seed < 0 or self.replication < 0:
            raise RequestError(
                f"seed {self.seed} and replication {self.replication} must be 0 or more"
            )

    def generator(self, component: str) -> np.random.Generator:
        """Return a fresh generator for a component, the same one every time it is asked for."""
        digest = hashlib.sha256(component.encode()).digest()
        words = np.frombuffer(digest[: 4 * _WORDS], dtype="<u4")
        key = (self.replication, *(int(word) for word in words))
        return np.random.Generator(
            np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=key))
        )
