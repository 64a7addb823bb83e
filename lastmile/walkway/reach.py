"""Who and what lies within some minutes of a station, or of the shore."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lastmile.datasets import read_table
from lastmile.errors import OffNetworkError
from lastmile.network.paths import isochrone, matrix, reach
from lastmile.network.polygons import areas
from lastmile.network.tables import great_circle_m
from lastmile.units import SECONDS_PER_MINUTE
from lastmile.walkway.catchments import WALK
from lastmile.walkway.strolls import Course

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from lastmile.network.paths import Reach
    from lastmile.network.street import StreetNetwork
    from lastmile.places import Place
    from lastmile.walkway.catchments import Access, Manner

    Floats = NDArray[np.float64]

MINUTES = (5.0, 10.0, 15.0, 20.0)
SAMPLE_M = 50.0
HOMES = frozenset({"residential", "living_street"})
"""Streets that people live on."""
FEWEST_HOME_M = 0.5
"""A district with less residential street a resident than this is not mapped well enough to say
where in it people live."""
METRIC = 3067
SHARE_LOW, SHARE_HIGH = 0.7, 1.3
"""Range of the number of residents that follows from streets, as factors: our own estimate."""


@dataclass(frozen=True, slots=True)
class Within:
    """What lies within a walking time of a station, or of any station.

    Attributes
    ----------
    minutes
        The time.
    walkway_share
        Share of the walkway, by length along the streets it follows.
    services
        How many services on the shore.
    residents_low, residents, residents_high
        People who live there, estimated; None where the network does not tell.
    """

    minutes: float
    walkway_share: float
    services: int
    residents_low: float | None
    residents: float | None
    residents_high: float | None


@dataclass(frozen=True)
class Residents:
    """Where people live, as far as district totals and residential streets tell.

    Attributes
    ----------
    lat, lon
        (n,) middles of residential streets.
    people, low, high
        (n,) residents each stands for.
    unknown
        Names of districts whose streets the network knows too little of.
    """

    lat: Floats
    lon: Floats
    people: Floats
    low: Floats
    high: Floats
    unknown: tuple[str, ...]


def residents(network: StreetNetwork) -> Residents:
    """Spread the residents of each district of Espoo over its residential streets.

    The bundle has one total a district, no grid of population. A street belongs to the district
    whose centre is nearest, and takes its share of the total by its length. That is a rough guess
    of where people live (a tower and a cottage weigh the same), so the range is wide; a district
    whose residential streets are mostly missing from the network is left out and named.
    """
    columns = ("kind", "municipality", "lat", "lon", "population_low", "population")
    zones = read_table("demand/origin_zones.csv", columns=columns)
    zones = zones[zones["kind"] == "residents"].reset_index(drop=True)
    t = network.tables
    kinds = [i for i, kind in enumerate(t.kinds) if kind in HOMES]
    edges = np.flatnonzero(np.isin(t.edge_kind, kinds))
    middle = (t.shape_start[edges] + t.shape_start[edges + 1] - 1) // 2
    lat, lon, length_m = t.shape_lat[middle], t.shape_lon[middle], t.edge_length_m[edges]
    apart = great_circle_m(
        lat[:, None], lon[:, None], zones["lat"].to_numpy(), zones["lon"].to_numpy()
    )
    zone = apart.argmin(axis=1) if len(edges) else np.empty(0, np.int64)
    street_m = np.bincount(zone, weights=length_m, minlength=len(zones))
    espoo = (zones["municipality"] == "Espoo").to_numpy()
    population = zones["population"].to_numpy(np.float64)
    mapped = espoo & (street_m >= FEWEST_HOME_M * population)
    kept = mapped[zone]
    zone, lat, lon, length_m = zone[kept], lat[kept], lon[kept], length_m[kept]
    share = length_m / street_m[zone]
    return Residents(
        lat=lat,
        lon=lon,
        people=share * population[zone],
        low=share * zones["population_low"].to_numpy(np.float64)[zone] * SHARE_LOW,
        high=share * zones["population_high"].to_numpy(np.float64)[zone] * SHARE_HIGH,
        unknown=tuple(zones["name_fi"][espoo & ~mapped]),
    )


def walkway_samples(course: Course) -> tuple[Floats, Floats]:
    """Return points every 50 m along the streets the walkway follows, (k, 2), and their metres."""
    points, metres = [], []
    for stretch in course.stretches:
        if stretch.path is None:
            continue
        track = np.array(stretch.path.coordinates)
        steps = great_circle_m(track[:-1, 0], track[:-1, 1], track[1:, 0], track[1:, 1])
        along = np.concatenate([[0.0], np.cumsum(steps)])
        count = max(1, round(float(along[-1]) / SAMPLE_M))
        at = (np.arange(count) + 0.5) / count * along[-1]
        points.append(np.stack([np.interp(at, along, track[:, axis]) for axis in (0, 1)], axis=1))
        metres.append(np.full(count, along[-1] / count))
    if not points:
        return np.empty((0, 2)), np.empty(0)
    return np.concatenate(points), np.concatenate(metres)


def within(
    access: Access, stations: Sequence[Place], minutes: Sequence[float] = MINUTES
) -> tuple[Within, ...]:
    """Return what lies within each walking time of the nearest of some stations."""
    course = Course.follow(access.network, access.shore)
    points, metres = walkway_samples(course)
    homes = residents(access.network)
    origins = [place.point for place in stations]
    service_points = np.array([place.point for place in access.shore.services])
    to_walkway, to_service, to_home = (
        _nearest_min(access, origins, where)
        for where in (points, service_points, np.stack([homes.lat, homes.lon], axis=1))
    )
    found = []
    for limit in minutes:
        near = to_home <= limit
        known = bool(len(homes.people)) and not homes.unknown
        found.append(
            Within(
                minutes=limit,
                walkway_share=float(metres[to_walkway <= limit].sum() / metres.sum())
                if len(metres)
                else 0.0,
                services=int((to_service <= limit).sum()),
                residents_low=float(homes.low[near].sum()) if known else None,
                residents=float(homes.people[near].sum()) if known else None,
                residents_high=float(homes.high[near].sum()) if known else None,
            )
        )
    return tuple(found)


def residents_near_shore(
    access: Access, minutes: Sequence[float] = MINUTES
) -> tuple[tuple[float, float | None], ...]:
    """Return how many residents live within each walk of the walkway; None where not known."""
    homes = residents(access.network)
    if homes.unknown or not len(homes.people):
        return tuple((limit, None) for limit in minutes)
    shore = [place.point for place in access.reachable()]
    away = _nearest_min(access, shore, np.stack([homes.lat, homes.lon], axis=1))
    return tuple((limit, float(homes.people[away <= limit].sum())) for limit in minutes)


def _nearest_min(access: Access, origins: Sequence[tuple[float, float]], points: Floats) -> Floats:
    """Return the minutes on foot from the nearest of some origins to each point."""
    if not len(points) or not origins:
        return np.full(len(points), np.inf)
    times = matrix(access.network, list(origins), points, WALK.mode)
    nearest_min: Floats = times.duration_s.min(axis=0) / SECONDS_PER_MINUTE
    return nearest_min


def station_areas(
    access: Access, station: Place, manner: Manner = WALK, minutes: Sequence[float] = MINUTES
) -> gpd.GeoDataFrame:
    """Return the areas within each time of a station, EPSG:4326.

    Raises
    ------
    OffNetworkError
        The station lies too far from the streets.
    """
    found = isochrone(
        access.network, station.point, manner.mode, minutes, step_free=manner.step_free
    )
    return found.assign(place=station.id)


def shore_areas(
    access: Access, manner: Manner = WALK, minutes: Sequence[float] = MINUTES
) -> gpd.GeoDataFrame:
    """Return the areas from which the walkway is reached in each time, EPSG:4326.

    Raises
    ------
    OffNetworkError
        No point of the walkway lies on the streets.
    """
    points = access.reachable()
    if not points:
        raise OffNetworkError("no point of the walkway lies on the streets of this network")
    united = [
        _united(
            [
                reach(
                    access.network,
                    place.point,
                    manner.mode,
                    limit * SECONDS_PER_MINUTE,
                    step_free=manner.step_free,
                )
                for place in points
            ]
        )
        for limit in sorted(minutes)
    ]
    return areas(access.network, united).assign(place="walkway")


def _united(reaches: Sequence[Reach]) -> Reach:
    """Return everything reached from any of several places, each stretch once."""
    stretches = np.concatenate(
        [np.stack([one.edge, one.from_fraction, one.to_fraction], axis=1) for one in reaches]
    )
    edge, begin, end = np.unique(stretches, axis=0).T
    nodes, first = np.unique(np.concatenate([one.nodes for one in reaches]), return_index=True)
    duration_s = np.concatenate([one.duration_s for one in reaches])[first]
    return replace(
        reaches[0],
        nodes=nodes,
        duration_s=duration_s,
        edge=edge.astype(np.int32),
        from_fraction=begin,
        to_fraction=end,
    )


def area_km2(within_time: gpd.GeoDataFrame) -> list[float]:
    """Return the size of each area."""
    return [float(area) / 1e6 for area in within_time.to_crs(METRIC).area]
