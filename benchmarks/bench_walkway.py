"""The study of the Waterfront Walkway on the bundle and on the region's extract.

Run as ``python benchmarks/bench_walkway.py [EXTRACT]``; without an extract (or the reference files
the tests use) only the bundle is measured. Prints the stations side by side, the 1.5 km statement,
and how long each part takes, warm: the shortcuts of the network are built before.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lastmile.network.sources import read_osm
from lastmile.network.street import StreetNetwork, load_network
from lastmile.planner.stations import load_bike_stations
from lastmile.walkway.bikes import bike_study
from lastmile.walkway.catchments import MANNERS, WALK, Access
from lastmile.walkway.links import applied, candidates, link_plan
from lastmile.walkway.reach import residents_near_shore, shore_areas, within
from lastmile.walkway.shore import load_shore
from lastmile.walkway.signs import sign_plan
from lastmile.walkway.strolls import Course, strolls

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = Path(os.environ.get("LASTMILE_REFERENCE", ROOT.parent / "shared" / "reference"))
SIGNS, METRES = 20, 1000.0
MINUTES_WITHIN = (5.0, 10.0, 15.0, 20.0)


def warm(network: StreetNetwork) -> None:
    """Build what every question needs, once."""
    access = Access(network, load_shore())
    access.rows()
    for manner in MANNERS:
        access.times(manner)


def timed(what: str, task: Callable[[], object]) -> None:
    """Print how long a task takes, and how much of that is work of this process."""
    began, worked = time.perf_counter(), time.process_time()
    task()
    spent, work = time.perf_counter() - began, time.process_time() - worked
    print(f"  {what:56} {spent:6.2f} s  (CPU {work:5.2f} s)")


def catchments(network: StreetNetwork) -> None:
    """Work out every station's ways: to the walkway in all manners, and to the services."""
    access = Access(network, load_shore())
    access.rows()
    for station in access.stations:
        access.service_ways(station)


def measure(network: StreetNetwork) -> Access:
    """Print the times of one network; return its study."""
    print(f"\n{network.source}: {network.tables.edge_count:,} edges")
    warm(network)
    access = Access(network, load_shore())
    timed("stations to the walkway: on foot, step-free, by bike", access.rows)
    timed("catchments: that and the ways to every service", lambda: catchments(network))
    timed(f"plan of {SIGNS} signs", lambda: sign_plan(access, SIGNS))
    timed("links: candidates and the best of 1 km", lambda: link_plan(candidates(access), METRES))
    timed("walks between all stations", lambda: strolls(access))
    timed("city bikes", lambda: bike_study(access, load_bike_stations()))
    timed("areas within 5, 10, 15, 20 min of the shore", lambda: shore_areas(access))
    return access


def findings(access: Access) -> None:
    """Print what the study finds."""
    course = Course.follow(access.network, access.shore)
    signs, found = sign_plan(access, SIGNS), candidates(access)
    links = link_plan(found, METRES)
    print(f"\n{access.network.source}")
    print(f"  walkway along the streets {course.length_m / 1000:.1f} km, gaps {len(course.gaps)}")
    print(
        f"  {SIGNS} signs: {signs.covered / signs.total:.1%} of all decisions, bound "
        f"{signs.bound / signs.total:.1%}"
    )
    print(
        f"  links: {len(links.links)} of {len(found.links)} candidates, {links.cost_m:.0f} m, "
        f"{links.saved_min:.0f} person-min a day at least, bound {links.bound:.0f}, on the edited "
        f"network {applied(access, links.edits()):.0f}; refused {len(found.refused)}"
    )
    for one in within(access, access.stations):
        people = "unknown" if one.residents is None else f"{round(one.residents, -2):,.0f}"
        print(
            f"  within {one.minutes:g} min of a station: {one.walkway_share:.0%} of the walkway, "
            f"{one.services} services, residents {people}"
        )
    for limit, people in residents_near_shore(access, MINUTES_WITHIN):
        shown = "unknown" if people is None else f"{round(people, -2):,.0f}"
        print(f"  residents within {limit:g} min of the walkway: {shown}")


def table(studies: list[Access]) -> None:
    """Print the stations, one column a network."""
    heads = "".join(f"{access.network.source[:24]:>36}" for access in studies)
    print(f"\nstation            straight   {heads}")
    for rows in zip(*(access.rows() for access in studies), strict=True):
        cells = ""
        lengths = []
        for row in rows:
            way = row.nearest[WALK.name]
            if way.path is None or way.difficulty is None:
                cells += f"{'no way':>36}"
                continue
            lengths.append(way.path.length_m)
            cells += f"{way.destination.name_fi[:22]:>24} {way.path.length_m:5.0f} m "
            cells += f"{way.difficulty.turns:2}/{way.difficulty.slots:<3}"[:6]
        ratio = f"  {lengths[0] / lengths[1]:.3f}" if len(lengths) > 1 else ""
        print(f"{rows[0].station.name_fi:18} {rows[0].straight_m:6.0f} m   {cells}{ratio}")


def main() -> None:
    """Measure the bundle and, where there is one, the extract."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = REFERENCE / "espoo-region.osm.pbf"
    parser.add_argument("extract", type=Path, nargs="?", default=default)
    extract = parser.parse_args().extract
    bundle = load_network()
    networks = [bundle]
    if extract.is_file():
        networks.append(read_osm(extract).with_speeds(bundle.speeds))
    studies = [measure(network) for network in networks]
    for access in studies:
        findings(access)
    table(studies)


if __name__ == "__main__":
    main()
