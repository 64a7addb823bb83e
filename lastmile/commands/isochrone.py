"""``lastmile isochrone``: the areas within some minutes of a place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lastmile.errors import DataError

if TYPE_CHECKING:
    import geopandas as gpd

MAX_MINUTES = 240.0
_MODES = ("walk", "bike", "ebike", "car")


@click.command()
@click.argument("place")
@click.option("--mode", type=click.Choice(_MODES), default="walk", show_default=True)
@click.option(
    "--minutes",
    metavar="LIST",
    default="5,10,15",
    show_default=True,
    help="Time limits with commas between.",
)
@click.option("--step-free", is_flag=True, help="Without steps.")
@click.option(
    "--geojson",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the areas as GeoJSON.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def isochrone(
    place: str,
    mode: str,
    minutes: str,
    *,
    step_free: bool,
    geojson: Path | None,
    as_json: bool,
) -> None:
    """Show which area lies within some minutes of PLACE (a name, or "lat,lon")."""
    limits = _parse_minutes(minutes)
    from lastmile.network.paths import isochrone as areas_within  # noqa: PLC0415
    from lastmile.network.polygons import metric_crs  # noqa: PLC0415
    from lastmile.network.street import load_network  # noqa: PLC0415
    from lastmile.places import Gazetteer  # noqa: PLC0415

    origin = Gazetteer.bundled().find(place)
    network = load_network()
    areas = areas_within(network, origin.point, mode, limits, step_free=step_free)
    areas["area_km2"] = areas.to_crs(metric_crs(origin.lat, origin.lon)).area / 1e6
    collection = _collection(areas, origin.name(), mode, network.attribution)
    if geojson is not None:
        _write(geojson, json.dumps(collection, ensure_ascii=False))
    if as_json:
        click.echo(json.dumps(collection, ensure_ascii=False))
        return
    click.echo(f"{origin.name()} ({origin.lat:.5f},{origin.lon:.5f}) by {mode}")
    for limit, area in zip(areas["minutes"], areas["area_km2"], strict=True):
        click.echo(f"  {limit:g} min: {area:.2f} km²")
    if geojson is not None:
        click.echo(f"written to {geojson}")


def _parse_minutes(text: str) -> list[float]:
    try:
        limits = [float(part) for part in text.split(",")]
    except ValueError:
        limits = []
    if not limits or not all(0 < limit <= MAX_MINUTES for limit in limits):
        raise click.BadParameter(
            f"{text!r} is not a list of minutes such as 5,10,15 (at most {MAX_MINUTES:g})",
            param_hint="--minutes",
        )
    return sorted(set(limits))


def _collection(
    areas: gpd.GeoDataFrame, name: str, mode: str, attribution: str
) -> dict[str, object]:
    collection: dict[str, object] = json.loads(areas.to_json())
    return collection | {"place": name, "mode": mode, "attribution": attribution}


def _write(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise DataError(f"{path}: cannot be written ({error.strerror})") from error
