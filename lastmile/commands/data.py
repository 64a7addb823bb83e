"""``lastmile data``: build the streets and timetables the planner works on, and look at them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lastmile.datasets import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lastmile.datasets import DatasetKind, DatasetStatus, UserDataset
    from lastmile.network.street import StreetNetwork


@click.group()
def data() -> None:
    """Build or inspect the data the planner works on."""


@data.command()
@click.option(
    "--osm",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Streets from an .osm or .osm.pbf file.",
)
@click.option(
    "--bbox",
    metavar="W,S,E,N",
    help="Streets of a box in degrees, from the Overpass API.",
)
@click.option("--place", metavar="NAME", help='Streets of a place such as "Espoo, Finland".')
@click.option("--gtfs", metavar="FILE|URL", help="Timetables from a GTFS feed.")
@click.option("--gbfs", metavar="URL|FOLDER", help="Bike stations of a live system (gbfs.json).")
def build(
    osm: Path | None, bbox: str | None, place: str | None, gtfs: str | None, gbfs: str | None
) -> None:
    """Build a data set and use it from now on.

    Streets come from one of --osm, --bbox and --place. What was used before stays in force until
    the new data set is complete.
    """
    chosen = [value for value in (osm, bbox, place) if value is not None]
    if len(chosen) > 1:
        raise click.UsageError("give one of --osm, --bbox and --place, not several")
    if not chosen and gtfs is None and gbfs is None:
        raise click.UsageError("say what to build from: --osm, --bbox, --place, --gtfs or --gbfs")
    box = None if bbox is None else _parse_bbox(bbox)
    if chosen:
        _build_streets(osm, box, place)
    if gtfs is not None:
        from lastmile.transit.feed import build_timetable  # noqa: PLC0415

        with _progress_bar() as progress:
            built = build_timetable(gtfs, lambda message: progress(message, None))
        _report(built)
    if gbfs is not None:
        from lastmile.planner.gbfs import build_bikes  # noqa: PLC0415

        with _progress_bar() as progress:
            built = build_bikes(gbfs, lambda message: progress(message, None))
        _report(built)


@data.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def status(*, as_json: bool) -> None:
    """Show which data are in force, where they are from, and whether they are sound."""
    from lastmile.datasets import status as dataset_status  # noqa: PLC0415

    lines = dataset_status()
    if as_json:
        click.echo(
            json.dumps(
                {"datasets": [asdict(line) | {"folder": str(line.folder)} for line in lines]},
                ensure_ascii=False,
                indent=2,
            )
        )
        return
    for line in lines:
        click.echo(_describe(line))


@data.command()
@click.argument("kind", type=click.Choice(KINDS))
def reset(kind: DatasetKind) -> None:
    """Remove what was built of a KIND and go back to the bundled data."""
    from lastmile.datasets import remove  # noqa: PLC0415

    removed = remove(kind)
    click.echo(
        f"{kind}: back to the bundled data" if removed else f"{kind}: the bundled data are in force"
    )


def _build_streets(
    osm: Path | None, box: tuple[float, float, float, float] | None, place: str | None
) -> None:
    from lastmile.network.sources import build_streets, read_osm, read_overpass  # noqa: PLC0415

    with _progress_bar() as progress:

        def read() -> StreetNetwork:
            if osm is not None:
                return read_osm(osm, progress)
            return read_overpass(place, box, progress)

        built = build_streets(read, progress)
    _report(built)


def _parse_bbox(text: str) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not four numbers west,south,east,north", param_hint="--bbox"
        ) from None
    return west, south, east, north


@contextmanager
def _progress_bar() -> Iterator[Callable[[str, float | None], None]]:
    """Show a bar on stderr; nothing where stderr is no terminal."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(message: str, done: float | None) -> None:
            bar.update(
                task,
                description=message,
                total=None if done is None else 1.0,
                completed=0.0 if done is None else done,
            )

        yield show


def _report(built: UserDataset) -> None:
    facts = built.manifest
    click.echo(f"{facts.kind}: {facts.version} from {facts.source} is in force")
    for name, value in facts.stats.items():
        if value != "":
            click.echo(f"  {name}: {value}")


def _describe(line: DatasetStatus) -> str:
    origin = "bundled" if line.origin == "bundle" else "built by you"
    rows = [
        f"{line.kind} ({origin}, {line.version or 'no version'})",
        f"  {line.title}" if line.title else "",
        f"  source: {line.source}" if line.source else "",
        f"  date: {line.date}" if line.date else "",
        f"  licence: {line.licence}; {line.attribution}" if line.licence else "",
        f"  confidence: {line.confidence}" if line.confidence else "",
        f"  {line.file_count} files, {line.size_bytes / 1e6:.1f} MB in {line.folder}",
        *(f"  {name}: {value}" for name, value in line.stats.items() if value != ""),
        f"  PROBLEM: {line.problem}" if line.problem else "",
    ]
    return "\n".join(row for row in rows if row)
