"""Walks between stops, as the router wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


class Footpaths(NamedTuple):
    """Walks from stop to stop, in rows by the stop they start from.

    A journey walks at most one footpath between two rides: whoever builds them says from every
    stop how long it takes to each other stop within reach, instead of single links to be
    chained. A stop needs no footpath to itself; changing there is the change time.

    Attributes
    ----------
    offset
        (stops + 1,) int32; the footpaths from stop ``s`` are ``offset[s]:offset[s + 1]``.
    target
        (footpaths,) int32, stop index.
    duration_s
        (footpaths,) int32, s, rounded up.
    """

    offset: NDArray[np.int32]
    target: NDArray[np.int32]
    duration_s: NDArray[np.int32]

    @classmethod
    def between(
        cls, stop_count: int, origin: ArrayLike, target: ArrayLike, duration_s: ArrayLike
    ) -> Footpaths:
        """Build footpaths from pairs of stops.

        Parameters
        ----------
        stop_count
            Number of stops of the timetable.
        origin, target
            (n,) stop indices. A pair given twice counts with its shorter walk; a stop with
            itself not at all.
        duration_s
            (n,) s, finite; fractions are rounded up.
        """
        start = np.asarray(origin, dtype=np.int32)
        end = np.asarray(target, dtype=np.int32)
        walk = np.ceil(np.asarray(duration_s, dtype=np.float64)).astype(np.int32)
        order = np.lexsort((walk, end, start))
        order = order[start[order] != end[order]]
        start, end, walk = start[order], end[order], walk[order]
        first = np.ones(len(start), dtype=np.bool_)
        first[1:] = (start[1:] != start[:-1]) | (end[1:] != end[:-1])
        start, end, walk = start[first], end[first], walk[first]
        offset = np.searchsorted(start, np.arange(stop_count + 1)).astype(np.int32)
        return cls(offset, end, walk)

    @classmethod
    def none(cls, stop_count: int) -> Footpaths:
        """Return no footpath at all between so many stops."""
        return cls.between(stop_count, [], [], [])

    @property
    def stop_count(self) -> int:
        """Number of stops they are among."""
        return len(self.offset) - 1

    def origins(self) -> NDArray[np.int32]:
        """Return the stop each footpath starts from, (footpaths,)."""
        stops = np.arange(self.stop_count, dtype=np.int32)
        return np.repeat(stops, np.diff(self.offset))

    def reversed(self) -> Footpaths:
        """Return the footpaths walked the other way."""
        return Footpaths.between(self.stop_count, self.target, self.origins(), self.duration_s)

    def extended(
        self,
        stop_count: int,
        origin: Sequence[int] | NDArray[np.integer] = (),
        target: Sequence[int] | NDArray[np.integer] = (),
        duration_s: Sequence[float] | NDArray[np.number] = (),
    ) -> Footpaths:
        """Return footpaths among more stops: these, and further pairs."""
        return Footpaths.between(
            stop_count,
            np.concatenate([self.origins(), np.asarray(origin, dtype=np.int32)]),
            np.concatenate([self.target, np.asarray(target, dtype=np.int32)]),
            np.concatenate([self.duration_s, np.asarray(duration_s, dtype=np.float64)]),
        )

    def duration_between(self, origin: int, target: int) -> int | None:
        """Return how long the walk from one stop to another takes, s; ``None`` without one."""
        start, end = int(self.offset[origin]), int(self.offset[origin + 1])
        place = start + int(np.searchsorted(self.target[start:end], target))
        if place < end and self.target[place] == target:
            return int(self.duration_s[place])
        return None
