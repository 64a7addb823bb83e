"""``lastmile plan``: a trip from door to door, and the way back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lastmile.itinerary import Outing


@click.command()
@click.argument("origin", metavar="FROM")
@click.argument("destination", metavar="TO")
@click.option(
    "--at", metavar="ISO8601", help="When to leave, Helsinki time unless said otherwise [now]."
)
@click.option("--arrive-by", is_flag=True, help="--at is when to be there at the latest.")
@click.option(
    "--modes",
    metavar="LIST",
    default="walk,bike,car,transit,bikeshare",
    show_default=True,
    help="Ways of travel to choose from, with commas between.",
)
@click.option("--stay", metavar="LENGTH", help="Plan the way back too, after 4h, 90min, 1h30min.")
@click.option("--step-free", is_flag=True, help="Without steps.")
@click.option(
    "--window",
    metavar="LENGTH",
    default="2h",
    show_default=True,
    help="How long after --at (before it with --arrive-by) to look for departures.",
)
@click.option(
    "--gpx",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the best way there (and back) as GPX 1.1.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def plan(  # noqa: PLR0913 - one argument an option
    origin: str,
    destination: str,
    at: str | None,
    *,
    arrive_by: bool,
    modes: str,
    stay: str | None,
    step_free: bool,
    window: str,
    gpx: Path | None,
    as_json: bool,
) -> None:
    """Plan a trip FROM one place TO another, and the way back.

    A place is a name such as Kamppi, Haltia or "Matinkylä (M)", or "lat,lon".
    """
    from lastmile.places import Gazetteer  # noqa: PLC0415
    from lastmile.planner.clock import now_to_the_minute, parse_duration, parse_instant  # noqa: PLC0415
    from lastmile.planner.core import load_planner  # noqa: PLC0415
    from lastmile.planner.request import PlanRequest  # noqa: PLC0415

    gazetteer = Gazetteer.bundled()
    request = PlanRequest(
        origin=gazetteer.find(origin),
        destination=gazetteer.find(destination),
        at=now_to_the_minute() if at is None else parse_instant(at),
        arrive_by=arrive_by,
        modes=frozenset(modes.split(",")),
        stay_s=None if stay is None else parse_duration(stay),
        step_free=step_free,
        window_s=parse_duration(window, option="--window"),
    )
    planner = load_planner()
    outing = planner.plan(request)
    if gpx is not None:
        _write_gpx(gpx, outing, planner.attribution)
    if as_json:
        click.echo(json.dumps(outing.to_json(), ensure_ascii=False, indent=2))
    else:
        _print_timeline(outing, gpx)


def _write_gpx(path: Path, outing: Outing, attribution: str) -> None:
    """Write the best way there, and the best way back that follows from it."""
    from lastmile.exports import write_gpx  # noqa: PLC0415

    chosen = [outing.itineraries[0]]
    chosen += [back for back in outing.returns if back.follows in {None, 0}][:1]
    ends = outing.request["from"]["name"], outing.request["to"]["name"]
    write_gpx(path, chosen, name=f"{ends[0]} - {ends[1]}", attribution=attribution)


def _print_timeline(outing: Outing, gpx: Path | None) -> None:
    """Print the outing for people."""
    from rich.console import Console  # noqa: PLC0415

    from lastmile.planner.timeline import render  # noqa: PLC0415

    console = Console()
    console.print(render(outing))
    if gpx is not None:
        console.print(f"GPX written to {gpx}", style="dim", markup=False)
