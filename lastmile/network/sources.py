"""Where streets come from: an OSM file, or Overpass through OSMnx; the result is the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lastmile import datasets
from lastmile.errors import RequestError
from lastmile.network.build import build_tables
from lastmile.network.osm import read_elements, read_file, tell
from lastmile.network.street import STORED_FILE, StreetNetwork

if TYPE_CHECKING:
    from collections.abc import Callable

    from lastmile.network.osm import Progress


def read_osm(path: str | Path, progress: Progress | None = None) -> StreetNetwork:
    """Return the streets of an ``.osm`` or ``.osm.pbf`` file as a network.

    Parameters
    ----------
    path
        The file.
    progress
        Told what is being done.

    Raises
    ------
    DataError
        The file is missing, not OSM, damaged, compressed, too large, or has no streets.
    """
    path = Path(path)
    tables, warnings = build_tables(read_file(path, progress), str(path), progress)
    return StreetNetwork(tables, source=path.name, warnings=warnings)


def read_overpass(
    place: str | None = None,
    bbox: tuple[float, float, float, float] | None = None,
    progress: Progress | None = None,
    *,
    waits_s: tuple[float, ...] | None = None,
) -> StreetNetwork:
    """Return the streets of a place or box as a network, asked from the Overpass API.

    Parameters
    ----------
    place
        A name Nominatim knows an area of, such as ``"Espoo, Finland"``.
    bbox
        ``west, south, east, north`` in degrees, instead of a place.
    progress
        Told what is being done.
    waits_s
        How long to wait before each new attempt when a server is busy or fails; the length of
        the list is the number of attempts after the first.

    Raises
    ------
    DataError
        A server cannot be reached, is too busy, or answers something that makes no sense.
    RequestError
        Neither or both of ``place`` and ``bbox`` are given, or the area is too large.
    """
    from lastmile.network import overpass  # noqa: PLC0415 - OSMnx takes seconds to import

    if (place is None) == (bbox is None):
        raise RequestError("give either a place or a box to ask Overpass for")
    waits = overpass.RETRY_WAITS_S if waits_s is None else waits_s
    area = (
        overpass.area_of_bbox(bbox)
        if bbox is not None
        else overpass.area_of_place(str(place), progress, waits_s=waits)
    )
    what = place if bbox is None else ",".join(f"{value:g}" for value in bbox)
    answer = overpass.streets_within(area, progress, waits_s=waits)
    source = f"OpenStreetMap by Overpass, {what}"
    tables, warnings = build_tables(read_elements(answer.elements, source), source, progress)
    dated = f"{source}, {answer.date}" if answer.date else source
    return StreetNetwork(tables, source=dated, warnings=warnings)


def build_streets(
    read: Callable[[], StreetNetwork], progress: Progress | None = None
) -> datasets.UserDataset:
    """Read streets and put them in force in place of the bundled ones.

    Parameters
    ----------
    read
        Returns the network: :func:`read_osm` or :func:`read_overpass` with their arguments.
    progress
        Told what is being done.

    Raises
    ------
    DataError
        The source is bad or the user's data folder cannot be written; whatever was in force
        before stays in force.
    """

    def build(folder: Path) -> dict[str, object]:
        network = read()
        tell(progress, "storing the network", 0.95)
        network.save(folder / STORED_FILE)
        tables = network.tables
        return {
            "title": "Street network",
            "source": network.source,
            "licence": "ODbL 1.0",
            "attribution": network.attribution,
            "stats": {
                "nodes": tables.node_count,
                "edges": tables.edge_count,
                "length_km": round(float(tables.edge_length_m.sum()) / 1000, 1),
                "warnings": " | ".join(network.warnings),
                "digest": network.digest,
            },
        }

    return datasets.install_dataset("streets", build)
