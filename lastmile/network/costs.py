"""What it costs to move along each street: time and length, as whole numbers.

Times are whole milliseconds and lengths whole millimetres, so that sums are exact and the same in
whatever order a search adds them up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from lastmile.network.access import BACKWARD_FLAG, FORWARD_FLAG, KMH, Flag, Mode
from lastmile.network.elevation import slope_factors
from lastmile.network.hierarchy import UNREACHABLE, pack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lastmile.network.tables import Floats, Longs, StreetTables

Objective = Literal["time", "length"]

MS_PER_S = 1000
MM_PER_M = 1000


@dataclass(frozen=True, slots=True)
class Speeds:
    """How fast people move on a flat, paved way.

    Attributes
    ----------
    walk_m_s
        Walking; also how a bike is pushed and how the last metres off the network are covered.
    bike_m_s
        Riding on a separate path: 17 km/h in HSL's assignment model (Helmet).
    ebike_m_s
        Riding an electric bike; assistance ends at 25 km/h (EN 15194).
    """

    walk_m_s: float = 1.3
    bike_m_s: float = 17 * KMH
    ebike_m_s: float = 20 * KMH


@dataclass(frozen=True, eq=False)
class ArcCosts:
    """Costs of every arc for one mode.

    Attributes
    ----------
    time_ms
        (e, 2) along and against the shape.
    length_mm
        (e,)
    is_open
        (e, 2) whether the mode may go there.
    """

    time_ms: Longs
    length_mm: Longs
    is_open: NDArray[np.bool_]

    @cached_property
    def open_time_ms(self) -> Longs:
        """Time of each arc by its number, UNREACHABLE where it is closed, (2 e,)."""
        return np.where(self.is_open, self.time_ms, UNREACHABLE).ravel()

    def packed(self, objective: Objective) -> Longs:
        """Return (e, 2) packed costs with the objective first, UNREACHABLE where closed."""
        length = np.repeat(self.length_mm[:, None], 2, axis=1)
        both = (self.time_ms, length) if objective == "time" else (length, self.time_ms)
        return np.where(self.is_open, pack(*both), UNREACHABLE)


def arc_costs(tables: StreetTables, mode: Mode, speeds: Speeds, *, step_free: bool) -> ArcCosts:
    """Return what every arc costs a mode.

    Parameters
    ----------
    tables
        The streets.
    mode, speeds
        Who moves and how fast.
    step_free
        Whether steps, stiles and the like are closed.
    """
    flags = tables.edge_flags
    is_open = np.stack([flags & FORWARD_FLAG[mode], flags & BACKWARD_FLAG[mode]], axis=1) != 0
    if step_free:
        is_open &= (flags & Flag.NOT_STEP_FREE == 0)[:, None]
    time_s = tables.edge_length_m[:, None] / _speeds_m_s(tables, mode, speeds)
    time_ms = np.rint(time_s * MS_PER_S).astype(np.int64)
    return ArcCosts(
        time_ms=np.ascontiguousarray(np.broadcast_to(time_ms, is_open.shape)),
        length_mm=np.rint(tables.edge_length_m * MM_PER_M).astype(np.int64),
        is_open=is_open,
    )


def _speeds_m_s(tables: StreetTables, mode: Mode, speeds: Speeds) -> Floats:
    if mode is Mode.CAR:
        return tables.edge_car_m_s.astype(np.float64)
    walking = speeds.walk_m_s * tables.edge_walk_factor.astype(np.float64)
    if mode is Mode.WALK:
        return walking[:, None]
    flat = speeds.bike_m_s if mode is Mode.BIKE else speeds.ebike_m_s
    riding = (flat * tables.edge_bike_factor.astype(np.float64))[:, None]
    if len(tables.shape_height):
        rider = speeds.bike_m_s if mode is Mode.EBIKE else None
        riding = riding / slope_factors(tables, flat, walk_m_s=speeds.walk_m_s, rider_m_s=rider)
    pushed = tables.edge_flags & Flag.PUSH != 0
    return np.where(pushed[:, None], walking[:, None], riding)
