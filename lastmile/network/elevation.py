"""Heights along streets, and what slopes do to riding speed.

Heights are given by the user, at nodes or as a grid; where none are given none are assumed: the
climb of a path is then unknown and riding speed is that on the flat.

On a slope a bike follows the speeds observed by Parkin and Rotheram, "Design speeds and
acceleration characteristics of bicycle traffic" (Transport Policy 17:335-341, 2010). What a motor
adds follows from the power balance of Martin et al., "Validation of a mathematical model for road
cycling power" (Journal of Applied Biomechanics 14:276-291, 1998), with the figures of an upright
rider from Wilson and Schmidt, "Bicycling Science" (4th ed., MIT Press 2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lastmile.errors import RequestError
from lastmile.network.access import KMH
from lastmile.network.tables import segment_lengths_m, sums_by_edge

if TYPE_CHECKING:
    from lastmile.network.tables import Floats, Singles, StreetTables

GRAVITY_M_S2 = 9.81
AIR_KG_M3 = 1.25
MASS_KG = 95.0
"""Rider, bike and bag."""
DRAG_AREA_M2 = 0.6
ROLLING = 0.008
MOTOR_W = 250.0
"""Largest continuous power of a pedelec's motor (EN 15194), taken at the wheel."""
UPHILL_LOSS = 1.44 / 21.6 * 100
DOWNHILL_GAIN = 0.86 / 21.6 * 100
"""Speed lost and won for each unit of slope, relative to the flat: 1.44 and 0.86 km/h a percent
where the flat is ridden at 21.6 km/h."""
COASTING_M_S = 30 * KMH
"""Nobody lets a city bike run faster downhill than this."""
STEEPEST = 0.3
"""Steeper slopes between two points of a street are errors of the heights."""
_GRADES = np.linspace(-STEEPEST, STEEPEST, 241)


@dataclass(frozen=True, eq=False)
class HeightGrid:
    """Heights on a regular grid of latitude and longitude.

    Attributes
    ----------
    heights_m
        (rows, columns), the northernmost row first; nan where unknown.
    west, south, east, north
        Degrees of the centres of the outermost cells.
    """

    heights_m: Floats
    west: float
    south: float
    east: float
    north: float

    def at(self, lat: Floats, lon: Floats) -> Floats:
        """Return heights between the cells' centres, bilinear; nan outside the grid."""
        rows, columns = self.heights_m.shape
        y = (self.north - lat) / (self.north - self.south) * (rows - 1)
        x = (lon - self.west) / (self.east - self.west) * (columns - 1)
        inside = (y >= 0) & (y <= rows - 1) & (x >= 0) & (x <= columns - 1)
        y, x = np.where(inside, y, 0.0), np.where(inside, x, 0.0)
        top = np.minimum(y.astype(np.int64), max(rows - 2, 0))
        left = np.minimum(x.astype(np.int64), max(columns - 2, 0))
        down, right = y - top, x - left
        bottom, far = np.minimum(top + 1, rows - 1), np.minimum(left + 1, columns - 1)
        corners = (
            ((1 - down) * (1 - right), self.heights_m[top, left]),
            ((1 - down) * right, self.heights_m[top, far]),
            (down * (1 - right), self.heights_m[bottom, left]),
            (down * right, self.heights_m[bottom, far]),
        )
        height = sum(np.where(share > 0, share * corner, 0.0) for share, corner in corners)
        return np.where(inside, height, np.nan)


def heights_from_nodes(tables: StreetTables, node_height_m: Floats) -> Singles:
    """Return the height of every shape point, straight lines between the nodes.

    Parameters
    ----------
    tables
        The streets.
    node_height_m
        (n,) metres, nan where unknown.

    Raises
    ------
    RequestError
        There is not one height a node.
    """
    if len(node_height_m) != tables.node_count:
        raise RequestError(
            f"{len(node_height_m)} heights for {tables.node_count} nodes; give one a node"
        )
    edge = tables.shape_edge
    share = np.divide(
        tables.shape_along_m,
        tables.edge_length_m[edge],
        out=np.zeros(len(edge)),
        where=tables.edge_length_m[edge] > 0,
    )
    begin = node_height_m[tables.edge_from[edge]]
    end = node_height_m[tables.edge_to[edge]]
    return (begin + share * (end - begin)).astype(np.float32)


def riding_speeds_m_s(
    grades: Floats, flat_m_s: float, *, walk_m_s: float, rider_m_s: float | None = None
) -> Floats:
    """Return riding speed on slopes.

    Uphill a motor adds up to MOTOR_W to what the rider does, so that the speed of the flat is kept
    as long as that suffices. Where riding would be slower than walking, the bike is pushed;
    downhill nobody exceeds COASTING_M_S.

    Parameters
    ----------
    grades
        (k,) rise over run, negative downhill.
    flat_m_s
        Speed on the flat.
    walk_m_s
        Speed at which a bike is pushed.
    rider_m_s
        On an electric bike: the speed the rider would reach on the flat without the motor.
    """
    own = flat_m_s if rider_m_s is None else rider_m_s
    uphill, downhill = np.maximum(grades, 0.0), np.maximum(-grades, 0.0)
    speed = own * np.maximum(0.0, 1.0 - UPHILL_LOSS * uphill)
    if rider_m_s is not None:
        helped = _speed_at(uphill, power_w(uphill, np.maximum(speed, walk_m_s)) + MOTOR_W)
        speed = np.minimum(helped, flat_m_s)
    rolling = np.minimum(flat_m_s * (1.0 + DOWNHILL_GAIN * downhill), max(COASTING_M_S, flat_m_s))
    return np.where(grades < 0, rolling, np.maximum(speed, walk_m_s))


def _speed_at(grades: Floats, available_w: Floats) -> Floats:
    """Return the speed a power sustains on slopes, by bisection."""
    low, high = np.zeros(len(grades)), np.full(len(grades), 40.0)
    for _ in range(50):
        middle = (low + high) / 2
        enough = power_w(grades, middle) <= available_w
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    return low


def slope_factors(
    tables: StreetTables, flat_m_s: float, *, walk_m_s: float, rider_m_s: float | None = None
) -> Floats:
    """Return by how much slopes lengthen the time on each edge, (e, 2) along and against it.

    A stretch of unknown height counts as flat. Parameters as in :func:`riding_speeds_m_s`.
    """
    lengths = segment_lengths_m(tables.shape_lat, tables.shape_lon)
    rises = np.diff(tables.shape_height.astype(np.float64))
    grades = np.divide(rises, lengths, out=np.zeros_like(rises), where=lengths > 0)
    grades = np.clip(np.nan_to_num(grades), -STEEPEST, STEEPEST)
    speeds = riding_speeds_m_s(_GRADES, flat_m_s, walk_m_s=walk_m_s, rider_m_s=rider_m_s)
    pace = flat_m_s / speeds
    factors = np.ones((tables.edge_count, 2))
    for side, sign in ((0, 1.0), (1, -1.0)):
        slowed = sums_by_edge(lengths * np.interp(sign * grades, _GRADES, pace), tables.shape_start)
        length = tables.edge_length_m
        np.divide(slowed, length, out=factors[:, side], where=length > 0)
    return factors


def power_w(grade: Floats | float, speed_m_s: Floats | float) -> Floats:
    """Return the power at the wheel that a speed on a slope asks for."""
    slope = np.arctan(grade)
    weight_n = MASS_KG * GRAVITY_M_S2 * (np.sin(slope) + ROLLING * np.cos(slope))
    drag_n = 0.5 * AIR_KG_M3 * DRAG_AREA_M2 * np.square(speed_m_s)
    power: Floats = np.asarray(speed_m_s) * (weight_n + drag_n)
    return power
