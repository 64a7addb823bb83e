"""Make ``data/network/corridors.osm`` from the corridor tables beside it.

The tables are written by hand: ``junctions.csv`` names the points where corridors meet,
``corridors/*.toml`` lists the corridors with their class, who may use them and their vertices,
``names_sv.csv`` gives the Swedish street names. This script numbers the points, checks the
tables and writes OpenStreetMap XML; the same tables always give the same bytes.

Run ``python tools/build_network.py`` to write the file and ``python tools/build_network.py
--check REFERENCE_FOLDER`` to measure it against the reference routes.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

import network_check
from pyproj import Geod

NETWORK = Path(__file__).resolve().parent.parent / "data" / "network"
ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0"
LICENCE = "https://opendatacommons.org/licenses/odbl/1-0/"
TAGS = (
    ("class", "highway"),
    ("name", "name"),
    ("junction", "junction"),
    ("oneway", "oneway"),
    ("maxspeed", "maxspeed"),
    ("surface", "surface"),
    ("foot", "foot"),
    ("bicycle", "bicycle"),
    ("motor_vehicle", "motor_vehicle"),
)
CLASSES = frozenset(
    ["motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street", "service", "pedestrian", "footway", "cycleway", "path", "track"]
)
COORDINATE = re.compile(r"(\d{2}\.\d{5}),(\d{2}\.\d{5})")
SAME_POINT_M = 2.0
"""Two points nearer than this are one junction written twice."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Corridor:
    """One row of the corridor tables: a stretch of street or path with one set of rules."""

    source: str
    tags: tuple[tuple[str, str], ...]
    points: tuple[Point, ...]


class TableError(ValueError):
    """The tables contradict themselves; the message lists every fault found."""


def read_junctions(path: Path) -> dict[str, Point]:
    """Read the junction table: id to (lat, lon) in degrees."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    junctions = {row["id"]: (float(row["lat"]), float(row["lon"])) for row in rows}
    if len(junctions) < len(rows):
        seen: set[str] = set()
        double = [i for i in (row["id"] for row in rows) if i in seen or seen.add(i)]
        message = f"{path.name}: ids given twice: {', '.join(double)}"
        raise TableError(message)
    return junctions


def read_swedish_names(path: Path) -> dict[str, str]:
    """Read the Swedish street names: Finnish name to Swedish name."""
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["name"]: row["name_sv"] for row in csv.DictReader(lines)}


def read_corridors(
    folder: Path, junctions: dict[str, Point], swedish: dict[str, str]
) -> list[Corridor]:
    """Read the corridor tables in file order.

    Raises
    ------
    TableError
        Listing every unknown key, class or junction and every malformed or repeated vertex.
    """
    corridors: list[Corridor] = []
    faults: list[str] = []
    known = {key for key, _ in TAGS} | {"corridor", "path", "note"}
    for table in sorted(folder.glob("*.toml")):
        rows = tomllib.loads(table.read_text(encoding="utf-8")).get("corridor", [])
        for number, row in enumerate(rows, start=1):
            source = f"{table.name}, corridor {number} ({row.get('name', row.get('corridor'))})"
            faults += [f"{source}: unknown key {key}" for key in row.keys() - known]
            if not row.keys() & {"name", "corridor"}:
                faults.append(f"{source}: needs a name or a corridor")
            if row.get("class") not in CLASSES:
                faults.append(f"{source}: unknown class {row.get('class')}")
            points: list[Point] = []
            for token in str(row.get("path", "")).split():
                match = COORDINATE.fullmatch(token)
                if match:
                    point = (float(match[1]), float(match[2]))
                elif token in junctions:
                    point = junctions[token]
                else:
                    faults.append(f"{source}: {token} is neither a junction nor lat,lon")
                    continue
                if points and points[-1] == point:
                    faults.append(f"{source}: {token} follows itself")
                points.append(point)
            if len(points) < 2:  # noqa: PLR2004 - a line has two ends
                faults.append(f"{source}: needs at least two vertices")
            tags = [(tag, str(row[key])) for key, tag in TAGS if key in row]
            if row.get("name") in swedish:
                tags.append(("name:sv", swedish[row["name"]]))
            corridors.append(Corridor(source, tuple(tags), tuple(points)))
    if faults:
        raise TableError("\n".join(faults))
    return corridors


def near_doubles(corridors: list[Corridor]) -> list[str]:
    """Return the pairs of points that lie so near each other that they must be meant as one."""
    geod = Geod(ellps="GRS80")
    cells: dict[tuple[int, int], list[tuple[Point, str]]] = defaultdict(list)
    found: list[str] = []
    first_source: dict[Point, str] = {}
    for corridor in corridors:
        for point in corridor.points:
            first_source.setdefault(point, corridor.source)
    for point, source in first_source.items():
        row, column = int(point[0] * 5000), int(point[1] * 2500)
        around = [(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        for other, other_source in (entry for cell in around for entry in cells[cell]):
            gap_m = geod.inv(point[1], point[0], other[1], other[0])[2]
            if gap_m < SAME_POINT_M:
                found.append(f"{source} {point} and {other_source} {other}: {gap_m:.1f} m apart")
        cells[row, column].append((point, source))
    return found


def to_osm(corridors: list[Corridor]) -> str:
    """Return the corridors as OSM XML; nodes and ways are numbered in the order of the tables."""
    ids: dict[Point, int] = {}
    for corridor in corridors:
        for point in corridor.points:
            ids.setdefault(point, len(ids) + 1)
    lats, lons = [lat for lat, _ in ids], [lon for _, lon in ids]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<!-- {ATTRIBUTION}. Generalised corridor network of Lastmile, drawn by hand; made by"
        " tools/build_network.py from junctions.csv and corridors/*.toml: edit those. -->",
        f'<osm version="0.6" generator="lastmile tools/build_network.py"'
        f' copyright="OpenStreetMap contributors" attribution="https://www.openstreetmap.org/copyright"'
        f' license="{LICENCE}">',
        f"  <note>{ATTRIBUTION}</note>",
        f'  <bounds minlat="{min(lats):.5f}" minlon="{min(lons):.5f}"'
        f' maxlat="{max(lats):.5f}" maxlon="{max(lons):.5f}"/>',
    ]
    lines += [
        f'  <node id="{number}" version="1" lat="{lat:.5f}" lon="{lon:.5f}"/>'
        for (lat, lon), number in ids.items()
    ]
    for number, corridor in enumerate(corridors, start=1):
        lines.append(f'  <way id="{number}" version="1">')
        lines += [f'    <nd ref="{ids[point]}"/>' for point in corridor.points]
        lines += [f'    <tag k="{k}" v={quoteattr(v)}/>' for k, v in corridor.tags]
        lines.append("  </way>")
    lines.append("</osm>")
    return "\n".join(lines) + "\n"


def build(folder: Path = NETWORK) -> bytes:
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
    faults += [f"junctions.csv: {i} is not used" for i, at in junctions.items() if at not in used]
    if faults:
        raise TableError("\n".join(faults))
    return to_osm(corridors).encode()


def main(arguments: list[str] | None = None) -> int:
    """Write the network, or measure it with ``--check``; 0 when all is well, 2 for bad tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", type=Path, metavar="REFERENCE_FOLDER")
    options = parser.parse_args(arguments)
    target = NETWORK / "corridors.osm"
    if options.check:
        sys.stdout.write(network_check.report(target, options.check / "reference_routes.csv"))
        return 0
    try:
        content = build()
    except TableError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    unfinished = target.with_suffix(".osm.part")
    unfinished.write_bytes(content)
    unfinished.replace(target)
    sys.stdout.write(f"{target.name}: {len(content)} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
