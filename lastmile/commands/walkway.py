"""``lastmile walkway``: access from the metro to the Waterfront Walkway."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from lastmile.places import Place
    from lastmile.walkway.catchments import Access, Way
    from lastmile.walkway.day_out import DayOut
    from lastmile.walkway.strolls import Stroll

FILE = click.Path(dir_okay=False, path_type=Path)
METRES_PER_KM = 1000.0
SHOWN = 10
FAR_OFF = 0.5
"""A walk that differs from the wished length by more than this share of it is not listed."""


@click.group(invoke_without_command=True)
@click.option("--geojson", type=FILE, help="Write the ways, and gaps in the network, as GeoJSON.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
@click.pass_context
def walkway(context: click.Context, *, geojson: Path | None, as_json: bool) -> None:
    """Access from the metro to the Waterfront Walkway (Rantaraitti).

    Without a command: the way from every metro station of Espoo to the walkway, on foot, without
    steps and by bike, and what the statement says that no station is further away than 1.5 km.
    """
    if context.invoked_subcommand is not None:
        return
    from lastmile.walkway.output import dump, study_json, ways_geojson  # noqa: PLC0415

    access = _access()
    if geojson is not None:
        _write(geojson, dump(ways_geojson(access)), quiet=as_json)
    if as_json:
        click.echo(dump(study_json(access)))
    else:
        _print_study(access)


@walkway.command()
@click.option("--budget", type=int, default=20, show_default=True, help="How many signs.")
@click.option("--geojson", type=FILE, help="Write the signs as GeoJSON.")
@click.option("--csv", "table", type=FILE, help="Write the signs as CSV, one row a line.")
@click.option("--list", "printable", type=FILE, help="Write a list to print.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def signs(
    *, budget: int, geojson: Path | None, table: Path | None, printable: Path | None, as_json: bool
) -> None:
    """Say where a number of signs helps most walkers, and what they say."""
    from lastmile.walkway import output  # noqa: PLC0415
    from lastmile.walkway.signs import sign_plan  # noqa: PLC0415

    plan = sign_plan(_access(), budget)
    wanted = (
        (geojson, output.dump(output.signs_geojson(plan))),
        (table, output.signs_csv(plan)),
        (printable, output.signs_list(plan)),
    )
    for path, text in wanted:
        if path is not None:
            _write(path, text, quiet=as_json)
    if as_json:
        click.echo(output.dump(output.signs_json(plan)))
        return
    click.echo(output.signs_list(plan))
    low, high = plan.walkers_factor
    share = plan.covered / plan.total if plan.total else 0.0
    bound = plan.bound / plan.total if plan.total else 0.0
    click.echo(
        f"They help with {share:.0%} of what is hard on the ways (walkers times slots); no "
        f"{budget} signs could help with more than {bound:.0%}."
    )
    click.echo(
        f"Numbers of walkers are rough: all of them may be {low:.1f} to {high:.1f} times as many."
    )


@walkway.command()
@click.option("--metres", type=float, default=1000.0, show_default=True, help="Metres to build.")
@click.option(
    "--try",
    "tried",
    metavar="'LAT,LON LAT,LON'",
    help="Judge a link of your own instead: two or more points.",
)
@click.option("--scenario", type=FILE, help="Write the links as a scenario for simulations.")
@click.option("--geojson", type=FILE, help="Write candidate, chosen and refused links.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def links(
    *,
    metres: float,
    tried: str | None,
    scenario: Path | None,
    geojson: Path | None,
    as_json: bool,
) -> None:
    """Say which new walking links save most walking for the metres built."""
    from lastmile.walkway import output  # noqa: PLC0415
    from lastmile.walkway.links import applied, candidates, link_plan  # noqa: PLC0415

    access = _access()
    if tried is not None:
        _judge(access, tried, as_json=as_json)
        return
    found = candidates(access)
    plan = link_plan(found, metres)
    if scenario is not None:
        _write(scenario, output.links_scenario(plan), quiet=as_json)
    if geojson is not None:
        _write(geojson, output.dump(output.links_geojson(found, plan)), quiet=as_json)
    exactly = applied(access, plan.edits()) if plan.links else 0.0
    if as_json:
        together = {"saved_on_network_person_min_per_day": round(exactly, 1)}
        click.echo(output.dump(output.links_json(found, plan) | together))
        return
    for number, link in enumerate(plan.links, start=1):
        ends = " to ".join(f"{lat:.5f},{lon:.5f}" for lat, lon in link.points)
        bridge = f", crosses {', '.join(link.crosses)}" if link.crosses else ""
        click.echo(
            f"{number}. {ends}: {link.length_m:.0f} m instead of {link.round_m:.0f} m{bridge}; "
            f"{link.saved_min:.0f} person-minutes a day ({link.helps})"
        )
    word = "the best choice" if plan.exact else f"at most {plan.bound:.0f} are possible"
    click.echo(
        f"Together {exactly:.0f} person-minutes a day for {plan.cost_m:.0f} m of path ({word}); "
        f"{len(found.refused)} further links are refused: their ground is water or not known."
    )
    click.echo("Buildings, plots and slopes are not in the data: walk there before you plan.")


@walkway.command()
@click.option("--from", "start", metavar="STATION", help="Where the walk begins.")
@click.option("--to", "end", metavar="STATION", help="Where it ends.")
@click.option("--km", type=float, help="Wished length.")
@click.option("--service", "services", multiple=True, help="There must be one (cafe, beach, ...).")
@click.option("--step-free", is_flag=True, help="Without steps.")
@click.option("--home", metavar="PLACE", help="Plan the way there from home, and home again.")
@click.option("--at", metavar="ISO8601", help="When to leave home [now].")
@click.option("--stop", metavar="LENGTH", default="30min", show_default=True, help="For coffee.")
@click.option("--gpx", type=FILE, help="Write the first walk (with --home the whole day) as GPX.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def walks(  # noqa: PLR0913 - one argument an option
    *,
    start: str | None,
    end: str | None,
    km: float | None,
    services: tuple[str, ...],
    step_free: bool,
    home: str | None,
    at: str | None,
    stop: str,
    gpx: Path | None,
    as_json: bool,
) -> None:
    """List walks from one metro station along the sea to another."""
    from lastmile.planner.clock import now_to_the_minute, parse_instant  # noqa: PLC0415
    from lastmile.walkway import output  # noqa: PLC0415
    from lastmile.walkway.catchments import STEP_FREE, WALK  # noqa: PLC0415
    from lastmile.walkway.strolls import choose, strolls  # noqa: PLC0415

    access = _access()
    found = choose(
        strolls(access, STEP_FREE if step_free else WALK),
        length_m=None if km is None else km * METRES_PER_KM,
        services=services,
        step_free=step_free,
        start=_station(access, start),
        end=_station(access, end),
    )
    leave = now_to_the_minute() if at is None else parse_instant(at)
    day = None if home is None else _day(found[0], home, leave, stop, step_free=step_free)
    if gpx is not None:
        _write_gpx(gpx, access, found[0], day, leave)
    if as_json:
        shown = {"walks": output.strolls_json(found)}
        if day is not None:
            shown["day"] = [part.to_json() for part in day.itineraries]
        click.echo(output.dump(shown))
        return
    near = _near(found, km)
    for walk in near[:SHOWN]:
        on_the_way = ", ".join(place.name_fi for place in walk.services) or "nothing known"
        free = ", no steps" if walk.step_free else ""
        click.echo(
            f"{walk.title} ({walk.shore_m / METRES_PER_KM:.1f} km by the sea, "
            f"{walk.duration_s / 60:.0f} min{free}): {on_the_way}"
        )
    if len(near) > SHOWN:
        click.echo(f"and {len(near) - SHOWN} more (--json lists all)")
    if len(found) > len(near):
        left_out = len(found) - len(near)
        click.echo(f"Left out, far from {km:g} km long: {left_out} (--json lists all)")
    if services or day is not None:
        click.echo("Opening hours and seasons of the services are not known: look them up first.")
    if day is not None:
        _print_day(day)


@walkway.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def bikes(*, as_json: bool) -> None:
    """Say how city bikes serve the shore, and where a new station would help most."""
    from lastmile.planner.stations import load_bike_stations  # noqa: PLC0415
    from lastmile.walkway import output  # noqa: PLC0415
    from lastmile.walkway.bikes import bike_study  # noqa: PLC0415

    study = bike_study(_access(), load_bike_stations())
    if as_json:
        click.echo(output.dump(output.bikes_json(study)))
        return
    for one in study.access:
        near = (
            f"{one.station.name}, {one.walk_m:.0f} m, {one.docks or 'unknown'} docks"
            if one.station
            else "no city bikes within 400 m"
        )
        click.echo(f"{one.place.name_fi:32} {near}")
    click.echo("A new station would save, person-minutes a day:")
    for new in study.new[:SHOWN]:
        click.echo(f"  {new.place.name_fi:30} {new.saved_min:6.0f}")
    for one_end, other_end, saved_min in study.pairs:
        click.echo(f"  {one_end.name_fi} with {other_end.name_fi}: {saved_min:.0f}")
    click.echo("The pilot is measured by: lastmile simulate citybikes-rantaraitti")


@walkway.command()
@click.argument("place", metavar="STATION|shore")
@click.option(
    "--mode",
    type=click.Choice(["walk", "step_free", "bike"]),
    default="walk",
    show_default=True,
)
@click.option("--geojson", type=FILE, help="Write the areas as GeoJSON.")
def areas(place: str, *, mode: str, geojson: Path | None) -> None:
    """Show what lies within 5, 10, 15 and 20 minutes of a station, or of the shore."""
    from lastmile.walkway.catchments import MANNERS  # noqa: PLC0415
    from lastmile.walkway.reach import area_km2, shore_areas, station_areas  # noqa: PLC0415

    access = _access()
    manner = next(manner for manner in MANNERS if manner.name == mode)
    station = None if place == "shore" else _station(access, place)
    found = (
        shore_areas(access, manner) if station is None else station_areas(access, station, manner)
    )
    if geojson is not None:
        _write(geojson, found.to_json(), quiet=False)
    for limit, area in zip(found["minutes"], area_km2(found), strict=True):
        click.echo(f"{limit:g} min: {area:.2f} km²")


def _access() -> Access:
    from lastmile.network.street import load_network  # noqa: PLC0415
    from lastmile.walkway.catchments import Access  # noqa: PLC0415
    from lastmile.walkway.shore import load_shore  # noqa: PLC0415

    return Access(load_network(), load_shore())


def _station(access: Access, name: str | None) -> Place | None:
    """Return the metro station of Espoo of a name.

    Raises
    ------
    PlaceError
        The name means nothing.
    RequestError
        It means something else.
    """
    from lastmile.errors import RequestError  # noqa: PLC0415
    from lastmile.places import Gazetteer  # noqa: PLC0415

    if name is None:
        return None
    place = Gazetteer.bundled().find(name)
    if place not in access.stations:
        known = ", ".join(station.name_fi for station in access.stations)
        raise RequestError(f"{name!r} is no metro station of Espoo; those are {known}")
    return place


def _print_study(access: Access) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from lastmile.walkway.catchments import CLAIM_M, WALK  # noqa: PLC0415
    from lastmile.walkway.reach import within  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    table.add_column("station", no_wrap=True)
    table.add_column("nearest point", min_width=12)
    for name in ("walk", "no steps", "bike", "turns", "straight", "1.5 km"):
        table.add_column(name, justify="right", no_wrap=True)
    rows = access.rows()
    for row in rows:
        way = row.nearest[WALK.name]
        hard = way.difficulty
        table.add_row(
            row.station.name_fi,
            way.destination.name_fi,
            *(_metres(row.nearest[name]) for name in ("walk", "step_free", "bike")),
            "-" if hard is None else str(hard.turns),
            f"{row.straight_m:.0f} m",
            {True: "yes", False: "no", None: "-"}[row.claim_walked],
        )
    Console().print(table)
    straight = sum(row.claim_straight for row in rows)
    walked = sum(row.claim_walked is True for row in rows)
    click.echo(
        f"Within {CLAIM_M:.0f} m of the walkway: {straight} of {len(rows)} stations as the crow "
        f"flies, {walked} along the streets."
    )
    for one in within(access, access.stations):
        people = "residents not known from this network"
        if one.residents is not None:
            low, middle, high = (
                f"{round(number or 0, -2):,.0f}"
                for number in (one.residents_low, one.residents, one.residents_high)
            )
            people = f"about {middle} residents ({low} to {high})"
        click.echo(
            f"Within {one.minutes:g} min of a station: {one.walkway_share:.0%} of the walkway, "
            f"{one.services} of {len(access.shore.services)} services, {people}."
        )
    for warning in access.warnings():
        click.echo(f"note: {warning}")


def _metres(way: Way) -> str:
    return "no way" if way.path is None else f"{way.path.length_m:.0f} m"


def _judge(access: Access, text: str, *, as_json: bool) -> None:
    """Judge a link somebody drew: refused with the reasons, or worth so much."""
    from lastmile.walkway.barriers import Barriers  # noqa: PLC0415
    from lastmile.walkway.links import applied  # noqa: PLC0415
    from lastmile.walkway.output import dump  # noqa: PLC0415

    try:
        points = [(float(lat), float(lon)) for lat, lon in (p.split(",") for p in text.split())]
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no list of points such as '60.1550,24.7101 60.1536,24.7103'",
            param_hint="--try",
        ) from None
    link = Barriers(access.network, access.shore).checked("your link", points)
    saved_min = applied(access, [link])
    if as_json:
        click.echo(dump({"points": points, "saved_person_min_per_day": round(saved_min, 1)}))
    else:
        click.echo(f"The link saves {saved_min:.0f} person-minutes a day.")


def _day(walk: Stroll, home: str, at: datetime, stop: str, *, step_free: bool) -> DayOut:
    from lastmile.places import Gazetteer  # noqa: PLC0415
    from lastmile.planner.clock import parse_duration  # noqa: PLC0415
    from lastmile.planner.core import load_planner  # noqa: PLC0415
    from lastmile.walkway.day_out import day_out  # noqa: PLC0415

    return day_out(
        load_planner(),
        walk,
        Gazetteer.bundled().find(home),
        at,
        stop_s=parse_duration(stop, option="--stop"),
        step_free=step_free,
    )


def _near(walks: Sequence[Stroll], km: float | None) -> Sequence[Stroll]:
    """Return the walks about as long as wished; the nearest one where there are none."""
    if km is None:
        return walks
    wished_m = km * METRES_PER_KM
    return [walk for walk in walks if abs(walk.length_m - wished_m) <= FAR_OFF * wished_m] or walks[
        :1
    ]


def _print_day(day: DayOut) -> None:
    from lastmile.exports import leg_title  # noqa: PLC0415

    click.echo(f"\n{day.itineraries[0].departure:%A %Y-%m-%d}")
    for part in day.itineraries:
        for leg in part.legs:
            click.echo(
                f"{leg.departure:%H:%M} {leg.origin.name} - {leg.arrival:%H:%M} "
                f"{leg.destination.name}: {leg_title(leg)}"
            )


def _write_gpx(path: Path, access: Access, walk: Stroll, day: DayOut | None, at: datetime) -> None:
    from lastmile.exports import write_gpx  # noqa: PLC0415
    from lastmile.walkway.day_out import walk_itinerary  # noqa: PLC0415

    parts = (walk_itinerary(walk, at),) if day is None else day.itineraries
    write_gpx(path, parts, name=walk.title, attribution=access.network.attribution)


def _write(path: Path, text: str, *, quiet: bool) -> None:
    from lastmile.exports import write_text  # noqa: PLC0415

    write_text(path, text)
    if not quiet:
        click.echo(f"written to {path}", err=True)
