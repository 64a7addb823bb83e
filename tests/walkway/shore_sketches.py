"""Coast towns drawn by hand: streets in metres, a shore of named places."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, radians
from typing import TYPE_CHECKING

import shapely

from lastmile.network.nearest import METRES_PER_DEGREE
from lastmile.network.sources import read_osm
from lastmile.places import Place
from lastmile.walkway.catchments import Access
from lastmile.walkway.shore import Shore, Station, load_shore, metric

if TYPE_CHECKING:
    from pathlib import Path

    from lastmile.network.street import StreetNetwork

ORIGIN = (60.15, 24.70)
Point = tuple[float, float]


def at(x_m: float, y_m: float) -> Point:
    """Return the (lat, lon) that lies so many metres east and north of the map's origin."""
    shrink = cos(radians(ORIGIN[0]))
    return ORIGIN[0] + y_m / METRES_PER_DEGREE, ORIGIN[1] + x_m / (METRES_PER_DEGREE * shrink)


@dataclass
class Coast:
    """A town by the sea.

    Ways run through points in metres; the walkway is the places of ``line`` from west to east.
    """

    ways: list[tuple[str, tuple[Point, ...]]] = field(default_factory=list)
    stations: list[tuple[str, Point, float]] = field(default_factory=list)
    line: list[tuple[str, Point, str]] = field(default_factory=list)
    services: list[tuple[str, Point, str]] = field(default_factory=list)
    water: list[tuple[str, tuple[Point, ...]]] = field(default_factory=list)

    def way(self, *points: Point, highway: str = "residential") -> None:
        self.ways.append((highway, points))

    def network(self, folder: Path) -> StreetNetwork:
        numbers: dict[Point, int] = {}
        for _, points in self.ways:
            for point in points:
                numbers.setdefault(point, len(numbers) + 1)
        lines = ["<?xml version='1.0' encoding='UTF-8'?>", '<osm version="0.6">']
        for (x_m, y_m), number in numbers.items():
            lat, lon = at(x_m, y_m)
            lines.append(f'<node id="{number}" version="1" lat="{lat:.9f}" lon="{lon:.9f}"/>')
        for number, (highway, points) in enumerate(self.ways, start=1):
            lines.append(f'<way id="{number}" version="1">')
            lines += [f'<nd ref="{numbers[point]}"/>' for point in points]
            lines += [f'<tag k="highway" v="{highway}"/>', "</way>"]
        path = folder / "coast.osm"
        path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
        return read_osm(path)

    def shore(self) -> Shore:
        stations = tuple(
            Station(_place(name, where, "metro_station"), boardings / 2, boardings, boardings * 2)
            for name, where, boardings in self.stations
        )
        line = tuple(_place(name, where, kind) for name, where, kind in self.line)
        inland = tuple(_place(name, where, kind) for name, where, kind in self.services)
        offered = tuple(p for p in line if p.kind not in {"walkway_vertex", "walkway_access"})
        return Shore(
            stations=stations,
            line=line,
            branches=(),
            services=(*offered, *inland),
            entries=frozenset(place.id for place in line),
            water=tuple(
                (_place(name, ring[0], "water"), shapely.Polygon(metric([at(*p) for p in ring])))
                for name, ring in self.water
            ),
            parameters=load_shore().parameters,
        )

    def access(self, folder: Path) -> Access:
        return Access(self.network(folder), self.shore())


def _place(name: str, where: Point, kind: str) -> Place:
    lat, lon = at(*where)
    return Place(id=name.lower(), kind=kind, name_fi=name, name_sv=f"{name} sv", lat=lat, lon=lon)


def bay() -> Coast:
    """Return a town with two stations above a shore path.

    ::

        A(0,600) ----- a1(400,600) --------------- B(1000,600)      main street
                         |                           |
                         |                         steps
                         |                           |
        P0(0,0) ------ P1(400,0) ---- P2(800,0) -- P3(1000,0)       the walkway
                        beach          cafe         harbour
    """
    coast = Coast()
    coast.way((0, 600), (400, 600))
    coast.way((400, 600), (1000, 600))
    coast.way((400, 600), (400, 300), (400, 0), highway="footway")
    coast.way((1000, 600), (1000, 300), highway="footway")
    coast.way((1000, 300), (1000, 100), highway="steps")
    coast.way((1000, 100), (1000, 0), highway="footway")
    coast.way((0, 0), (400, 0), highway="cycleway")
    coast.way((400, 0), (800, 0), highway="cycleway")
    coast.way((800, 0), (1000, 0), highway="cycleway")
    coast.stations = [("A", (0, 600), 10_000.0), ("B", (1000, 600), 10_000.0)]
    coast.line = [
        ("P0", (0, 0), "walkway_access"),
        ("P1", (400, 0), "beach"),
        ("P2", (800, 0), "cafe"),
        ("P3", (1000, 0), "harbour"),
    ]
    return coast


def hairpin(apart_m: float = 120.0) -> Coast:
    """Return a street that goes 500 m east, a little south, and 500 m back to the shore.

    ::

        S(0,0) ------------------- (500,0)
                                      |
        P(0,-120) --------------- (500,-120)
    """
    coast = Coast()
    coast.way((0, 0), (500, 0))
    coast.way((500, 0), (500, -apart_m))
    coast.way((500, -apart_m), (0, -apart_m))
    coast.stations = [("S", (0, 0), 10_000.0)]
    coast.line = [("P", (0, -apart_m), "beach"), ("Q", (500, -apart_m), "walkway_vertex")]
    return coast
