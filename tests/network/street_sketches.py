"""Hand-drawn street maps for the tests of the network."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, radians
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from lastmile.network.nearest import METRES_PER_DEGREE
from lastmile.network.sources import read_osm

if TYPE_CHECKING:
    from pathlib import Path

    from lastmile.network.street import StreetNetwork

ORIGIN = (60.2936, 24.5575)


def at(x_m: float, y_m: float) -> tuple[float, float]:
    """Return the (lat, lon) that lies so many metres east and north of the map's origin."""
    shrink = cos(radians(ORIGIN[0]))
    return ORIGIN[0] + y_m / METRES_PER_DEGREE, ORIGIN[1] + x_m / (METRES_PER_DEGREE * shrink)


@dataclass
class Sketch:
    """A map drawn by hand: named points in metres, ways through them."""

    points: dict[str, tuple[float, float]] = field(default_factory=dict)
    point_tags: dict[str, dict[str, str]] = field(default_factory=dict)
    ways: list[tuple[list[str], dict[str, str]]] = field(default_factory=list)

    def point(self, name: str, x_m: float, y_m: float, tags: dict[str, str] | None = None) -> None:
        self.points[name] = (x_m, y_m)
        self.point_tags[name] = tags or {}

    def way(self, through: str, highway: str = "residential", **tags: str) -> None:
        """Draw a way through points; ``__`` in a tag's key stands for a colon."""
        named = {key.replace("__", ":"): value for key, value in tags.items()}
        self.ways.append((through.split(), {"highway": highway, **named}))

    def place(self, name: str) -> tuple[float, float]:
        return at(*self.points[name])

    def xml(self) -> str:
        numbers = {name: i for i, name in enumerate(self.points, start=1)}
        lines = ["<?xml version='1.0' encoding='UTF-8'?>", '<osm version="0.6">']
        for name, number in numbers.items():
            lat, lon = self.place(name)
            lines.append(f'<node id="{number}" version="1" lat="{lat:.7f}" lon="{lon:.7f}">')
            lines += _tag_lines(self.point_tags[name])
            lines.append("</node>")
        for number, (names, tags) in enumerate(self.ways, start=1):
            lines.append(f'<way id="{number}" version="1">')
            lines += [f'<nd ref="{numbers[name]}"/>' for name in names]
            lines += _tag_lines(tags)
            lines.append("</way>")
        return "\n".join([*lines, "</osm>\n"])

    def write(self, folder: Path) -> Path:
        path = folder / "sketch.osm"
        path.write_text(self.xml(), encoding="utf-8")
        return path

    def network(self, folder: Path) -> StreetNetwork:
        return read_osm(self.write(folder))


def _tag_lines(tags: dict[str, str]) -> list[str]:
    return [f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items()]


def town() -> Sketch:
    """Return a small town with one of everything: the seed of mutants and of round trips.

    ::

        a1--a2--a3   a north road, one-way eastwards between a2 and a3
        |   |   |
        b1--b2--b3   b2: a roundabout would be too grand, so a bollard
        |       |
        c1------c3   a path with steps at its west end
    """
    town = Sketch()
    for row, y in (("a", 400.0), ("b", 200.0), ("c", 0.0)):
        for column in (1, 2, 3):
            town.point(f"{row}{column}", 300.0 * column, y)
    town.point("bollard", 450.0, 200.0, {"barrier": "bollard"})
    town.point("bend", 700.0, 260.0)
    town.point("r1", 900.0, 600.0)
    town.point("r2", 960.0, 660.0)
    town.point("r3", 900.0, 720.0)
    town.way("a1 a2", "tertiary", name="Pohjoistie", maxspeed="40", surface="asphalt")
    town.way("a2 a3", "tertiary", name="Pohjoistie", oneway="yes", cycleway="opposite_lane")
    town.way("b1 bollard b2 bend b3", "residential", name="Keskikatu")
    town.way("c1 c2 c3", "path", surface="gravel")
    town.way("a1 b1", "residential", maxspeed__forward="30", maxspeed__backward="50")
    town.way("b1 c1", "steps")
    town.way("a2 b2", "cycleway", foot="designated")
    town.way("a3 b3 c3", "unclassified", name="Itätie & Östra vägen", access="destination")
    town.way("a3 r1", "primary")
    town.way("r1 r2 r3 r1", "primary", junction="roundabout")
    town.way("a1 c1", "construction")
    return town
