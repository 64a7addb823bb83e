"""The shore as the bundle knows it: metro stations, points of the walkway, services, water."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Transformer

from lastmile.datasets import bundle_path, read_bundle, read_table
from lastmile.parameters import Parameters
from lastmile.places import Gazetteer, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Point = tuple[float, float]

SERVICES = ("beach", "cafe", "harbour", "sauna", "boat", "viewpoint", "nature_house", "museum")
"""What people go to the shore for."""
SHORE_M = 400.0
"""A service this near to the schematic line of the walkway belongs to the shore."""
BRANCHES = ("hanasaari", "lansivayla-cycleway", "otsolahti")
"""Points of the walkway's branches; the table of its line leaves branches out."""
VERTEX_KIND = "walkway_vertex"

_METRIC = Transformer.from_crs("EPSG:4326", "EPSG:3067", always_xy=True)


@dataclass(frozen=True, slots=True)
class Station:
    """A metro station of Espoo.

    Attributes
    ----------
    place
        The station.
    boardings_low, boardings, boardings_high
        People who board on a weekday: estimate and range.
    """

    place: Place
    boardings_low: float
    boardings: float
    boardings_high: float


@dataclass(frozen=True)
class Shore:
    """Everything the study of the walkway starts from.

    Attributes
    ----------
    stations
        In the order of the metro, from the east.
    line
        Points of the walkway's schematic line, west to east.
    branches
        Points of its branches.
    services
        Places on the shore that offer one of :data:`SERVICES`.
    entries
        Ids of the points where the walkway is signposted from the streets.
    water
        Names and polygons (EPSG:3067) of what is water for certain.
    parameters
        The numbers of the study.
    """

    stations: tuple[Station, ...]
    line: tuple[Place, ...]
    branches: tuple[Place, ...]
    services: tuple[Place, ...]
    entries: frozenset[str]
    water: tuple[tuple[Place, shapely.Polygon], ...]
    parameters: Parameters

    @property
    def points(self) -> tuple[Place, ...]:
        """The points of the walkway, its branches last."""
        return (*self.line, *self.branches)

    @property
    def targets(self) -> tuple[Place, ...]:
        """Where people walk to: the points of the walkway and the services, each once."""
        return tuple({place.id: place for place in (*self.points, *self.services)}.values())

    def schematic(self) -> shapely.LineString:
        """Return the schematic line in EPSG:3067."""
        return shapely.LineString(metric([place.point for place in self.line]))


def metric(points: Sequence[Point] | Floats) -> Floats:
    """Return (lat, lon) points as (x, y) in EPSG:3067, (n, 2)."""
    lat, lon = np.asarray(points, np.float64).reshape(-1, 2).T
    return np.stack(_METRIC.transform(lon, lat), axis=1)


def services_of(place: Place) -> tuple[str, ...]:
    """Return what a place offers of :data:`SERVICES`, its own kind first."""
    offered = dict.fromkeys((place.kind, *place.services))
    return tuple(service for service in offered if service in SERVICES)


@lru_cache(maxsize=1)
def load_shore() -> Shore:
    """Return the shore of the bundle.

    Raises
    ------
    DataError
        A table is missing or damaged.
    """
    gazetteer = Gazetteer.bundled()
    line, entries = _line(gazetteer)
    branches = tuple(gazetteer[place_id] for place_id in BRANCHES)
    drawn = shapely.LineString(metric([place.point for place in line]))
    places = [place for place in gazetteer if services_of(place)]
    apart = [drawn.distance(shapely.Point(xy)) for xy in metric([p.point for p in places])]
    branch_ids = {place.id for place in branches}
    return Shore(
        stations=tuple(_stations(gazetteer)),
        line=line,
        branches=branches,
        services=tuple(
            place
            for place, metres in zip(places, apart, strict=True)
            if metres <= SHORE_M or place.id in branch_ids
        ),
        entries=entries | {place.id for place in branches if place.kind == "walkway_access"},
        water=tuple(_water()),
        parameters=Parameters.from_toml(
            read_bundle("walkway/parameters.toml"), str(bundle_path("walkway/parameters.toml"))
        ),
    )


def _stations(gazetteer: Gazetteer) -> Iterable[Station]:
    columns = ("place", "boardings_low", "boardings", "boardings_high")
    table = read_table("walkway/stations.csv", columns=columns)
    for place_id, low, value, high in table[list(columns)].itertuples(index=False):
        yield Station(gazetteer[place_id], float(low), float(value), float(high))


def _line(gazetteer: Gazetteer) -> tuple[tuple[Place, ...], frozenset[str]]:
    """Return the points of the line; those without a place of their own get one."""
    table = read_table("places/walkway.csv", columns=("seq", "place", "access")).fillna("")
    places, entries = [], set()
    for row in table.to_dict("records"):
        place = (
            gazetteer[row["place"]]
            if row["place"]
            else Place(
                id=f"walkway-{row['seq']}",
                kind=VERTEX_KIND,
                name_fi=row["name_fi"],
                name_sv=row["name_sv"],
                name_en=row["name_en"],
                lat=row["lat"],
                lon=row["lon"],
                source=row["source"],
                confidence=row["confidence"],
            )
        )
        places.append(place)
        if row["access"] == "yes":
            entries.add(place.id)
    return tuple(places), frozenset(entries)


def _water() -> Iterable[tuple[Place, shapely.Polygon]]:
    columns = ("id", "name_fi", "name_sv", "name_en", "seq", "lat", "lon")
    table = read_table("walkway/water.csv", columns=columns)
    for name, ring in table.groupby("id", sort=False):
        first = ring.iloc[0]
        points = ring.sort_values("seq")[["lat", "lon"]].to_numpy(np.float64)
        lat, lon = points.mean(axis=0).tolist()
        place = Place(
            id=str(name),
            kind="water",
            name_fi=first["name_fi"],
            name_sv=first["name_sv"],
            name_en=first["name_en"],
            lat=lat,
            lon=lon,
        )
        yield place, shapely.Polygon(metric(points))
