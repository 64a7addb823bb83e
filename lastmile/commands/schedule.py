"""``lastmile schedule``: test a scenario's timetable before anyone drives it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import click

from lastmile.commands.scenario_options import change_option

if TYPE_CHECKING:
    from scenarios.schema import Scenario
    from simulation.schedule import ScheduleCheck

_MOST_BYTES: Final = 1 << 20
"""More of a table is not read: it is refused as too long."""


@click.group()
def schedule() -> None:
    """Test a scenario's timetable before anyone drives it."""


@schedule.command()
@click.argument("scenario")
@click.option("--service", metavar="ID", help="Which service; the only pilot where not given.")
@click.option(
    "--departures",
    metavar="TIMES",
    help="Departures from the first stop instead, as in '9:00, 9:20, 9.40'.",
)
@click.option(
    "--table",
    type=click.File("rb"),
    metavar="FILE",
    help="A timetable instead: a row a trip under the names of the stops (- reads stdin).",
)
@change_option("the scenario", "services.shuttle.vehicles=2")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def check(
    scenario: str,
    *,
    service: str | None,
    departures: str | None,
    table: BinaryIO | None,
    changes: tuple[str, ...],
    as_json: bool,
) -> None:
    """Lay out SCENARIO's timetables with the fewest vehicles; name what cannot run.

    SCENARIO is a bundled name (shuttle-espoo-haltia, ...) or a TOML file. The exit status is 2
    where a timetable takes more vehicles than there are.
    """
    from lastmile.commands.scenario_options import read_changes  # noqa: PLC0415 - slow to load
    from lastmile.errors import ScenarioError  # noqa: PLC0415
    from scenarios.load import load_scenario  # noqa: PLC0415
    from simulation.schedule import check_schedule  # noqa: PLC0415

    if departures is not None and table is not None:
        raise click.UsageError("give --departures or --table, not both")
    chosen = load_scenario(scenario).with_changes(read_changes(changes))
    if departures is not None or table is not None:
        content = b"" if table is None else table.read(_MOST_BYTES + 1)
        chosen = _timed(chosen, service, departures, _decoded(content))
    checks = check_schedule(chosen)
    if as_json:
        click.echo(json.dumps([_as_json(one) for one in checks], ensure_ascii=False, indent=2))
    else:
        for one in checks:
            click.echo(_describe(one))
    faults = [fault for one in checks for fault in one.faults]
    if faults:
        raise ScenarioError("\n".join(faults))


@schedule.command()
@click.argument("scenario")
@click.option("--service", metavar="ID", help="Which service; the only pilot where not given.")
@click.option(
    "--situation",
    "wanted",
    metavar="ID",
    multiple=True,
    help="Only this situation. May be given again; all of them where not given.",
)
@click.option(
    "--promise",
    "promises",
    metavar="FIGURE<=VALUE",
    multiple=True,
    help="What it is to keep, as in left_behind_share<=2%. May be given again.",
)
@click.option("--days", type=click.IntRange(min=2), default=50, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--workers", type=click.IntRange(min=1), help="Processes [as many as cores].")
@click.option("--mend", is_flag=True, help="Look for the cheapest change where it breaks.")
@change_option("the scenario", "services.shuttle.vehicles=2")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def stress(
    scenario: str,
    *,
    service: str | None,
    wanted: tuple[str, ...],
    promises: tuple[str, ...],
    changes: tuple[str, ...],
    as_json: bool,
    **effort: Any,  # noqa: ANN401 - days, seed, workers, mend
) -> None:
    """Put SCENARIO's timetable through busy days, late trains, slow traffic and mishaps."""
    from lastmile.commands.scenario_options import read_changes  # noqa: PLC0415 - slow to load
    from scenarios.load import load_scenario  # noqa: PLC0415
    from simulation.schedule import one_service  # noqa: PLC0415
    from simulation.search import Promise  # noqa: PLC0415
    from simulation.situations import SITUATIONS  # noqa: PLC0415
    from simulation.stress import PROMISES, Effort, stress_test  # noqa: PLC0415

    unknown = [name for name in wanted if name not in SITUATIONS]
    if unknown:
        raise click.BadParameter(
            f"{unknown[0]!r} is none of {', '.join(SITUATIONS)}", param_hint="--situation"
        )
    chosen = load_scenario(scenario).with_changes(read_changes(changes))
    found = stress_test(
        chosen,
        one_service(chosen, service),
        [SITUATIONS[name] for name in wanted or SITUATIONS],
        [Promise.parse(text) for text in promises] or PROMISES,
        Effort(**effort),
    )
    if as_json:
        click.echo(json.dumps(found.to_json(), ensure_ascii=False, indent=2))
        return
    for one in found.results:
        click.echo(f"{one.situation.title}: {one.verdict}")
        for light in one.lights:
            mean = "-" if light.estimate is None else f"{light.estimate.mean:.4g}"
            reason = f" ({light.reason})" if light.reason else ""
            click.echo(f"  {light.verdict:6} {light.promise}: {mean}{reason}")
        if one.mend is not None:
            said = ", ".join(f"{key}={value}" for key, value in one.mend.changes.items())
            click.echo(f"  mended by {said}: {one.mend.cost_eur:+.0f} EUR a day")


def _timed(scenario: Scenario, service: str | None, departures: str | None, table: str) -> Scenario:
    """Return the scenario at the times that were given."""
    from simulation.pasted import read_departures, read_table  # noqa: PLC0415 - slow to load
    from simulation.schedule import (  # noqa: PLC0415
        one_service,
        stop_names,
        with_departures,
        with_timetable,
    )

    chosen = one_service(scenario, service)
    if departures is not None:
        return with_departures(scenario, chosen, read_departures(departures))
    read = read_table(table, stop_names(scenario, chosen))
    return with_timetable(scenario, chosen, read.rows)


def _decoded(content: bytes) -> str:
    """Return the text of a table, as spreadsheets save it: Unicode, or that of Western Europe."""
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise click.BadParameter(
        "it is no text; save the table as CSV, not as a spreadsheet", param_hint="--table"
    )


def _as_json(one: ScheduleCheck) -> dict[str, Any]:
    return {
        "service": one.service.id,
        "vehicles": one.vehicles,
        "vehicles_needed": one.needed,
        "feasible": one.feasible,
        "faults": list(one.faults),
        "vehicle_hours": round(one.hours, 3),
        "vehicle_km": round(one.km, 3),
        "empty_km": round(one.empty_km, 3),
        "driver_hours": round(one.driver_hours, 3),
        "break_hours": round(one.break_hours, 3),
        "trips": [
            {
                "vehicle": trip.vehicle,
                "start_s": trip.start_s,
                "end_s": trip.end_s,
                "from": trip.start,
                "to": trip.end,
                "break_s": trip.break_s,
                "empty_s": trip.empty_s,
            }
            for trip in one.trips
        ],
    }


def _describe(one: ScheduleCheck) -> str:
    from simulation.lines import clock_text  # noqa: PLC0415 - slow to load

    there = "" if one.vehicles is None else f" of {one.vehicles}"
    head = (
        f"{one.service.id}: {len(one.trips)} trips, {one.needed}{there} vehicles, "
        f"{one.hours:.1f} vehicle hours, {one.km:.0f} km ({one.empty_km:.0f} empty), "
        f"{one.driver_hours:.1f} driver hours ({one.break_hours:.1f} breaks)"
    )
    rows = [head]
    for vehicle in range(1, one.needed + 1):
        trips = [trip for trip in one.trips if trip.vehicle == vehicle]
        rows.append(
            f"  vehicle {vehicle}: "
            + ", ".join(
                f"{'(break) ' if trip.break_s else ''}{'(empty) ' if trip.empty_s else ''}"
                f"{clock_text(trip.start_s)}-{clock_text(trip.end_s)}"
                for trip in trips
            )
        )
    return "\n".join(rows)
