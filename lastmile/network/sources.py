"""Where streets come from: an OSM file, or Overpass through OSMnx."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lastmile.network.build import build_tables
from lastmile.network.osm import read_file
from lastmile.network.street import StreetNetwork

if TYPE_CHECKING:
    from lastmile.network.osm import Progress


def read_osm(path: str | Path, progress: Progress | None = None) -> StreetNetwork:
    """Return the streets of an ``.osm`` or ``.osm.pbf`` file as a network.

    Parameters
    ----------
    path
        The file.
    progress
        Told in words what is being done.

    Raises
    ------
    DataError
        The file is missing, not OSM, damaged, compressed, too large, or has no streets.
    """
    path = Path(path)
    tables, warnings = build_tables(read_file(path, progress), str(path), progress)
    return StreetNetwork(tables, source=path.name, warnings=warnings)
