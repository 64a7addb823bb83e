"""``lastmile export``: a scenario's services and bikes in the formats others read."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import click

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def export() -> None:
    """Write a scenario's services as GTFS or GBFS."""


@export.command()
@click.argument("scenario")
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--service",
    "services",
    metavar="ID",
    multiple=True,
    help="Only this service. May be given again; every pilot where not given.",
)
@click.option("--days", metavar="DAYS", help="Days of the week, as in saturday,sunday.")
@click.option("--from", "first", type=_DAY, help="First day; that of the scenario's month.")
@click.option("--to", "last", type=_DAY, help="Last day; that of the month of the first.")
@click.option("--agency", default="Lastmile pilot", show_default=True, help="Who runs it.")
@click.option("--url", default="https://example.org/", show_default=True, help="Their page.")
@click.option("--headways", is_flag=True, help="Write even intervals as frequencies.txt.")
@click.option("--merge", "base", metavar="FILE|URL", help="Add it to this feed.")
def gtfs(  # noqa: PLR0913 - one argument an option
    scenario: str,
    target: Path,
    *,
    services: tuple[str, ...],
    days: str | None,
    first: date | None,
    last: date | None,
    agency: str,
    url: str,
    headways: bool,
    base: str | None,
) -> None:
    """Write SCENARIO's pilots as a GTFS feed: a .zip file or a folder."""
    from lastmile.parameters import Parameters  # noqa: PLC0415 - slow to load
    from lastmile.transit.feed import load_feed  # noqa: PLC0415
    from lastmile.transit.writer import write_files  # noqa: PLC0415
    from scenarios.load import load_scenario  # noqa: PLC0415
    from simulation.gtfs_merge import merge, read_tables  # noqa: PLC0415
    from simulation.gtfs_out import (  # noqa: PLC0415
        Publication,
        pilot_tables,
        pilots_of,
        table_files,
    )
    from simulation.supply import build_supply  # noqa: PLC0415

    if not agency.strip():
        raise click.BadParameter("say who runs it", param_hint="--agency")
    published = Publication(agency, _page(url), _days(days), _day(first), _day(last), headways)
    chosen = load_scenario(scenario)
    supply = build_supply(chosen, Parameters.bundled())
    tables = pilot_tables(chosen, supply, pilots_of(chosen, supply, services), published)
    if base is not None:
        tables = merge(read_tables(base), tables, base)
    written = write_files(table_files(tables), target)
    feed = load_feed(written)
    for warning in feed.warnings:
        click.echo(f"lastmile: {warning}", err=True)
    click.echo(
        f"{written}: {len(feed.routes)} routes, {len(feed.stops)} stops, {len(feed.trips)} trips"
    )


@export.command()
@click.argument("scenario")
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--url",
    default="https://example.org/gbfs/",
    show_default=True,
    help="Address of the folder the feeds will lie in.",
)
@click.option(
    "--contact", default="gbfs@example.org", show_default=True, help="E-mail of who runs it."
)
def gbfs(scenario: str, target: Path, *, url: str, contact: str) -> None:
    """Write SCENARIO's bike share as GBFS 3.0: a folder of JSON feeds."""
    from lastmile.errors import RequestError  # noqa: PLC0415 - slow to load
    from lastmile.transit.writer import write_files  # noqa: PLC0415
    from scenarios.load import load_scenario  # noqa: PLC0415
    from simulation.gbfs_out import System, gbfs_files  # noqa: PLC0415

    if target.suffix:
        raise RequestError(f"{target}: GBFS is a folder of feeds; give a name without a suffix")
    chosen = load_scenario(scenario)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", contact):
        raise click.BadParameter(f"{contact!r} is no e-mail address", param_hint="--contact")
    written = write_files(gbfs_files(chosen, System(_page(url), contact)), target)
    stations = chosen.bikeshare.stations if chosen.bikeshare else {}
    click.echo(f"{written}: {len(stations)} stations, to be served at {url}")


def _page(url: str) -> str:
    """Return an address if it is one, as GTFS and GBFS want it whole."""
    if not re.fullmatch(r"https?://[\w.-]+(:\d+)?([/?#]\S*)?", url):
        raise click.BadParameter(
            f"{url!r} is no address; write it as https://example.org/", param_hint="--url"
        )
    return url


def _day(given: date | None) -> date | None:
    """Return the date of what click reads as a moment."""
    return None if given is None else date(given.year, given.month, given.day)


def _days(text: str | None) -> tuple[str, ...]:
    """Read days of the week, by their first letters or in full."""
    from lastmile.transit.model import WEEKDAYS  # noqa: PLC0415 - slow to load

    found = []
    for word in (text or "").replace(" ", ",").lower().split(","):
        matches = [day for day in WEEKDAYS if len(word) > 1 and day.startswith(word)]
        if word and len(matches) != 1:
            raise click.BadParameter(f"{word!r} is no day of the week", param_hint="--days")
        found += matches
    return tuple(found)
