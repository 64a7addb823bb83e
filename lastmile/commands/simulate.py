"""``lastmile simulate``: one scenario's day, many times over."""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simulation.experiment import Estimate

SCENARIO_HELP = "A bundled scenario's name, or the path of a TOML file."


@click.command()
@click.argument("scenario")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Root seed.")
@click.option(
    "--replications",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many times to repeat the day, each on random numbers of its own.",
)
@click.option(
    "--workers", type=click.IntRange(min=1), help="Processes [as many as there are cores]."
)
@click.option(
    "--set",
    "changes",
    metavar="KEY=VALUE",
    multiple=True,
    help="Change a value of the scenario, as in day.percentile=95. May be given again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def simulate(
    scenario: str,
    *,
    seed: int,
    replications: int,
    workers: int | None,
    changes: tuple[str, ...],
    as_json: bool,
) -> None:
    """Simulate SCENARIO's day: who comes, where they park, how they ride, what it costs.

    SCENARIO is a bundled name (baseline, shuttle-espoo-haltia, ...) or a TOML file.
    """
    from lastmile.commands.scenario_options import read_changes  # noqa: PLC0415 - slow to load
    from scenarios.load import load_scenario  # noqa: PLC0415
    from simulation.experiment import default_workers, estimate, replicate  # noqa: PLC0415
    from simulation.prepare import prepare  # noqa: PLC0415

    started = time.perf_counter()
    chosen = load_scenario(scenario).with_changes(read_changes(changes))
    model = prepare(chosen)
    figures = replicate(model, replications, seed, workers=workers or default_workers())
    estimates = {name: estimate(values) for name, values in figures.items()}
    wall_s = time.perf_counter() - started
    for warning in model.warnings:
        click.echo(f"lastmile: warning: {warning}", err=True)
    if as_json:
        click.echo(json.dumps(_as_json(chosen.name, seed, replications, estimates, wall_s)))
    else:
        click.echo(f"{chosen.title.en}: {replications} days, seed {seed}, {wall_s:.1f} s")
        _print_table(estimates)


def _as_json(
    name: str, seed: int, replications: int, estimates: dict[str, Estimate], wall_s: float
) -> dict[str, object]:
    from simulation.kpis import kpi_of  # noqa: PLC0415 - slow to load

    return {
        "scenario": name,
        "seed": seed,
        "replications": replications,
        "kpis": {
            kpi: {
                "mean": number(one.mean),
                "ci95": [number(one.low), number(one.high)],
                "unit": kpi_of(kpi).unit,
            }
            for kpi, one in estimates.items()
        },
        "wall_s": round(wall_s, 3),
    }


def _print_table(estimates: dict[str, Estimate]) -> None:
    from rich.console import Console  # noqa: PLC0415 - slow to load
    from rich.table import Table  # noqa: PLC0415

    from simulation.kpis import kpi_of  # noqa: PLC0415

    table = Table(box=None)
    table.add_column("figure")
    table.add_column("mean", justify="right")
    table.add_column("95 % interval", justify="right")
    table.add_column("unit")
    for name, one in estimates.items():
        table.add_row(name, words(one.mean), interval(one.low, one.high), kpi_of(name).unit)
    Console().print(table)


def number(value: float) -> float | None:
    """Return a number for JSON: nan and infinity become null."""
    return value if math.isfinite(value) else None


def words(value: float) -> str:
    """Return a number as people read it; "-" where it is not known."""
    if not math.isfinite(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits


def interval(low: float, high: float) -> str:
    """Return an interval as people read it."""
    return "-" if math.isnan(low) else f"{words(low)} to {words(high)}"
