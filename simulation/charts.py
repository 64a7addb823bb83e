"""Small charts as inline SVG: lines with bands, and a map; no script and nothing fetched."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PALETTE: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's colours (2008), told apart by colour-blind people too."""

_DASHES: Final = ("", "6 3", "2 3", "8 3 2 3", "1 3", "10 4")
_WIDTH: Final = 640
_HEIGHT: Final = 220
_LEFT: Final = 48
_RIGHT: Final = 24
_TOP: Final = 12
_BOTTOM: Final = 28
_HOUR_S: Final = 3600
_TICKS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line with a band.

    Attributes
    ----------
    rank
        Which of the key's colours and dashes it has.
    time_s
        (n,) s after midnight.
    middle, low, high
        (n,) its course and its band.
    """

    rank: int
    time_s: NDArray[np.float64]
    middle: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def day_chart(title: str, lines: Sequence[Line], limit: float | None = None) -> str:
    """Draw how something goes over the day.

    Parameters
    ----------
    title
        Read out in place of the picture.
    lines
        At least one.
    limit
        A level to draw across, such as the places of a car park.

    Returns
    -------
    str
        An ``svg`` element.
    """
    top = max([float(line.high.max(initial=0)) for line in lines] + [limit or 0.0, 1e-9])
    step = _step(top)
    ceiling = math.ceil(top / step) * step
    first = min(float(line.time_s.min()) for line in lines)
    last = max(float(line.time_s.max()) for line in lines)

    def x(time_s: float) -> float:
        return _LEFT + (time_s - first) / max(last - first, 1) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - value / ceiling * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
    ]
    for rank in range(round(ceiling / step) + 1):
        level = rank * step
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(level):.1f}" y2="{y(level):.1f}" '
            f'class="grid"/><text x="{_LEFT - 6}" y="{y(level) + 4:.1f}" text-anchor="end">'
            f"{level:g}</text>"
        )
    for hour in range(math.ceil(first / _HOUR_S), int(last // _HOUR_S) + 1, 3):
        place = f'x="{x(hour * _HOUR_S):.1f}" y="{_HEIGHT - 8}"'
        parts += [f'<text {place} text-anchor="middle">{hour:02d}:00</text>']
    if limit is not None:
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(limit):.1f}" y2="{y(limit):.1f}" '
            'class="limit"/>'
        )
    for line in lines:
        colour = PALETTE[line.rank % len(PALETTE)]
        there = [f"{x(t):.1f},{y(v):.1f}" for t, v in zip(line.time_s, line.high, strict=True)]
        back = [f"{x(t):.1f},{y(v):.1f}" for t, v in zip(line.time_s, line.low, strict=True)]
        parts.append(
            f'<polygon points="{" ".join([*there, *back[::-1]])}" fill="{colour}" '
            'fill-opacity="0.15"/>'
        )
        course = " ".join(
            f"{x(t):.1f},{y(v):.1f}" for t, v in zip(line.time_s, line.middle, strict=True)
        )
        parts.append(
            f'<polyline points="{course}" fill="none" stroke="{colour}" stroke-width="2" '
            f'stroke-dasharray="{_DASHES[line.rank % len(_DASHES)]}"/>'
        )
    parts.append("</svg>")
    return "".join(parts)


def legend(labels: Sequence[str]) -> str:
    """Draw the key to the lines, in their order."""
    return "".join(
        f'<span class="key"><svg width="28" height="10" aria-hidden="true"><line x1="0" x2="28" '
        f'y1="5" y2="5" stroke="{PALETTE[rank % len(PALETTE)]}" stroke-width="3" '
        f'stroke-dasharray="{_DASHES[rank % len(_DASHES)]}"/></svg>{escape(label)}</span>'
        for rank, label in enumerate(labels)
    )


def _step(top: float) -> float:
    """Return a round step that makes about `_TICKS` of them."""
    rough = top / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)


@dataclass(frozen=True, slots=True)
class Dot:
    """A place on the map: its size says how many, its colour who gains.

    Attributes
    ----------
    east_m, north_m
        EPSG:3067.
    label
        Read when pointed at.
    size
        0 to 1.
    gain
        -1 (loses most) to 1 (gains most); None for a place that is no origin.
    """

    east_m: float
    north_m: float
    label: str
    size: float = 0.0
    gain: float | None = None


_MAP_WIDTH: Final = 640.0
_GAINS: Final = "#0072B2"
_LOSES: Final = "#D55E00"


def gain_map(
    title: str,
    roads: Sequence[NDArray[np.float64]],
    routes: Sequence[NDArray[np.float64]],
    dots: Sequence[Dot],
) -> str:
    """Draw who gains and who loses.

    Parameters
    ----------
    title
        Read out in place of the picture.
    roads, routes
        Each (n, 2) east and north, m: streets behind, and the lines of the pilot.
    dots
        At least one.

    Returns
    -------
    str
        An ``svg`` element.
    """
    east = np.array([dot.east_m for dot in dots])
    north = np.array([dot.north_m for dot in dots])
    margin = 2000.0
    west, south = east.min() - margin, north.min() - margin
    width, height = east.max() + margin - west, north.max() + margin - south
    scale = _MAP_WIDTH / width

    def path(points: NDArray[np.float64]) -> str:
        return " ".join(
            f"{(e - west) * scale:.1f},{(height - (n - south)) * scale:.1f}" for e, n in points
        )

    box = f"0 0 {_MAP_WIDTH:.0f} {height * scale:.0f}"
    parts = [
        f'<svg viewBox="{box}" role="img" class="map" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
    ]
    parts += [f'<polyline points="{path(road)}" class="road"/>' for road in roads]
    parts += [f'<polyline points="{path(route)}" class="route"/>' for route in routes]
    for dot in dots:
        x, y = (dot.east_m - west) * scale, (height - (dot.north_m - south)) * scale
        if dot.gain is None:
            parts.append(
                f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" class="gate">'
                f"<title>{escape(dot.label)}</title></rect>"
                f'<text x="{x + 7:.1f}" y="{y + 4:.1f}">{escape(dot.label)}</text>'
            )
        else:
            colour = _GAINS if dot.gain >= 0 else _LOSES
            sign = "+" if dot.gain >= 0 else "\N{MINUS SIGN}"
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{3 + 13 * math.sqrt(dot.size):.1f}" '
                f'fill="{colour}" fill-opacity="{0.25 + 0.7 * abs(dot.gain):.2f}" '
                f'stroke="{colour}"><title>{escape(dot.label)}</title></circle>'
                f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle" aria-hidden="true">'
                f"{sign}</text>"
            )
    parts.append("</svg>")
    return "".join(parts)
