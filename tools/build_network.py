"""Make ``data/network/corridors.osm`` from the corridor tables beside it.

The tables are written by hand: ``junctions.csv`` names the points where corridors meet,
``corridors/*.toml`` lists the corridors with their class, who may use them and their vertices,
``names_sv.csv`` gives the Swedish street names. This script numbers the points, checks the
tables and writes OpenStreetMap XML; the same tables always give the same bytes.

``python tools/build_network.py`` writes the file; ``python tools/build_network.py --check``
measures it against the reference routes.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import re
import sys
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

import network_check

ROOT = Path(__file__).resolve().parent.parent
NETWORK = ROOT / "data" / "network"
ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0"
HEADER = f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- {ATTRIBUTION}. Stretches of motorway follow HSL bus line courses of 2021, CC BY 4.0.
     Generalised corridor network of Lastmile, drawn by hand. Made by tools/build_network.py from
     junctions.csv, corridors/*.toml and names_sv.csv: edit those. -->
<osm version="0.6" generator="lastmile tools/build_network.py"
  copyright="OpenStreetMap contributors" attribution="https://www.openstreetmap.org/copyright"
  license="https://opendatacommons.org/licenses/odbl/1-0/">
  <note>{ATTRIBUTION}</note>"""
TAGS = {
    "class": "highway",
    "name": "name",
    "oneway": "oneway",
    "maxspeed": "maxspeed",
    "surface": "surface",
    "foot": "foot",
    "bicycle": "bicycle",
    "motor_vehicle": "motor_vehicle",
}
"""Columns of a corridor and the OSM tags they become."""
COLUMNS = TAGS.keys() | {"corridor", "path", "note"}
CLASSES = network_check.CAR_SPEED_KMH.keys() | network_check.PATHS
COORDINATE = re.compile(r"(\d{2}\.\d{5}),(\d{2}\.\d{5})")
SAME_POINT_M = 2.0
"""Two points nearer than this are one junction written twice."""

Point = tuple[float, float]


class TableError(ValueError):
    """The tables contradict themselves; the message lists every fault found."""


@dataclass(frozen=True)
class Corridor:
    """One row of the corridor tables: a stretch of street or path with one set of rules.

    ``source`` says where the row stands, ``tags`` are its OSM tags in the order of writing,
    ``points`` its vertices as (lat, lon) in degrees.
    """

    source: str
    tags: dict[str, str]
    points: tuple[Point, ...]


def read_junctions(path: Path) -> dict[str, Point]:
    """Read the junction table: id to (lat, lon) in degrees.

    Raises
    ------
    TableError
        Where an id is given twice.
    """
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    twice = [key for key, count in Counter(row["id"] for row in rows).items() if count > 1]
    if twice:
        raise TableError(f"{path.name}: ids given twice: {', '.join(twice)}")
    return {row["id"]: (float(row["lat"]), float(row["lon"])) for row in rows}


def read_swedish_names(path: Path) -> dict[str, str]:
    """Read the Swedish street names: Finnish name to Swedish name."""
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["name"]: row["name_sv"] for row in csv.DictReader(lines)}


def read_path(path: str, junctions: dict[str, Point]) -> tuple[list[Point], list[str]]:
    """Read the vertices of a corridor, junction ids or ``lat,lon``; return them and the faults."""
    points: list[Point] = []
    faults: list[str] = []
    for token in path.split():
        match = COORDINATE.fullmatch(token)
        if match:
            points.append((float(match[1]), float(match[2])))
        elif token in junctions:
            points.append(junctions[token])
        else:
            faults.append(f"{token} is neither a junction nor lat,lon with five decimals")
    faults += [f"{a} follows itself" for a, b in itertools.pairwise(points) if a == b]
    if len(points) + len(faults) < 2:  # noqa: PLR2004 - a line has two ends
        faults.append("needs at least two vertices")
    return points, faults


def read_corridors(
    folder: Path, junctions: dict[str, Point], swedish: dict[str, str]
) -> list[Corridor]:
    """Read the corridor tables in the order of file names and rows.

    Raises
    ------
    TableError
        Listing every unknown column, class or junction and every malformed vertex.
    """
    corridors: list[Corridor] = []
    faults: list[str] = []
    for table in sorted(folder.glob("*.toml")):
        rows = tomllib.loads(table.read_text(encoding="utf-8"))["corridor"]
        for number, row in enumerate(rows, start=1):
            label = row.get("name") or row.get("corridor")
            source = f"{table.name}, corridor {number} ({label})"
            points, found = read_path(row.get("path", ""), junctions)
            found += [f"unknown column {key}" for key in sorted(row.keys() - COLUMNS)]
            if not label:
                found.append("needs a name, or a corridor label where the way has no name")
            if row.get("class") not in CLASSES:
                found.append(f"unknown class {row.get('class')}")
            faults += [f"{source}: {fault}" for fault in found]
            tags = {tag: str(row[column]) for column, tag in TAGS.items() if column in row}
            if row.get("name") in swedish:
                tags["name:sv"] = swedish[row["name"]]
            corridors.append(Corridor(source, tags, tuple(points)))
    if faults:
        raise TableError("\n".join(faults))
    return corridors


def near_doubles(corridors: list[Corridor]) -> list[str]:
    """Return the pairs of points that lie so near each other that they must be meant as one."""
    first_source: dict[Point, str] = {}
    for corridor in corridors:
        for point in corridor.points:
            first_source.setdefault(point, corridor.source)
    found: list[str] = []
    cells: dict[tuple[int, int], list[Point]] = defaultdict(list)
    for point, source in first_source.items():
        row, column = int(point[0] * 5_000), int(point[1] * 2_500)  # cells of 22 m
        for cell in itertools.product((row - 1, row, row + 1), (column - 1, column, column + 1)):
            for other in cells[cell]:
                gap_m = network_check.great_circle_m(point, other)
                if gap_m < SAME_POINT_M:
                    found.append(
                        f"{source}: {point} is {gap_m:.1f} m from {other} in {first_source[other]}"
                    )
        cells[row, column].append(point)
    return found


def to_osm(corridors: list[Corridor]) -> str:
    """Return the corridors as OSM XML; nodes and ways are numbered in the order of the tables."""
    ids: dict[Point, int] = {}
    for corridor in corridors:
        for point in corridor.points:
            ids.setdefault(point, len(ids) + 1)
    south, west = min(lat for lat, _ in ids), min(lon for _, lon in ids)
    north, east = max(lat for lat, _ in ids), max(lon for _, lon in ids)
    lines = [HEADER]
    lines.append(
        f'  <bounds minlat="{south:.5f}" minlon="{west:.5f}"'
        f' maxlat="{north:.5f}" maxlon="{east:.5f}"/>'
    )
    for (lat, lon), number in ids.items():
        lines.append(f'  <node id="{number}" version="1" lat="{lat:.5f}" lon="{lon:.5f}"/>')
    for number, corridor in enumerate(corridors, start=1):
        lines.append(f'  <way id="{number}" version="1">')
        lines += [f'    <nd ref="{ids[point]}"/>' for point in corridor.points]
        lines += [
            f'    <tag k="{key}" v={quoteattr(corridor.tags[key])}/>' for key in corridor.tags
        ]
        lines.append("  </way>")
    lines.append("</osm>")
    return "\n".join(lines) + "\n"


def build(folder: Path) -> bytes:
    """Return the bytes of ``corridors.osm`` for the tables in a folder.

    Raises
    ------
    TableError
        Where the tables contradict themselves.
    """
    junctions = read_junctions(folder / "junctions.csv")
    swedish = read_swedish_names(folder / "names_sv.csv")
    corridors = read_corridors(folder / "corridors", junctions, swedish)
    faults = near_doubles(corridors)
    used = {point for corridor in corridors for point in corridor.points}
    faults += [
        f"junctions.csv: {key} is not used" for key, at in junctions.items() if at not in used
    ]
    streets = {corridor.tags.get("name") for corridor in corridors}
    faults += [f"names_sv.csv: no corridor is called {name}" for name in swedish.keys() - streets]
    if faults:
        raise TableError("\n".join(faults))
    return to_osm(corridors).encode()


def main() -> int:
    """Write the network, or measure it with ``--check``; 0 when all is well, 2 for bad tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--to", type=Path, default=NETWORK / "corridors.osm", metavar="FILE")
    parser.add_argument(
        "--check",
        type=Path,
        nargs="?",
        const=Path(os.environ.get("LASTMILE_REFERENCE", ROOT.parent / "shared" / "reference")),
        metavar="REFERENCE_FOLDER",
    )
    options = parser.parse_args()
    if options.check:
        print(network_check.report(options.to, options.check / "reference_routes.csv"))
        return 0
    try:
        content = build(NETWORK)
    except TableError as error:
        print(error, file=sys.stderr)
        return 2
    unfinished = options.to.with_suffix(".part")
    unfinished.write_bytes(content)
    unfinished.replace(options.to)
    print(f"{options.to.name}: {len(content)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
