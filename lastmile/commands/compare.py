"""``lastmile compare``: pilots against a base, on the same visitors."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click

from lastmile.commands.simulate import interval, number, words

if TYPE_CHECKING:
    from simulation.experiment import Effect


@click.command()
@click.argument("base")
@click.argument("pilots", metavar="PILOT...", nargs=-1, required=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Root seed.")
@click.option(
    "--replications",
    type=click.IntRange(min=2),
    default=20,
    show_default=True,
    help="How many days to run, the same visitors in every scenario.",
)
@click.option(
    "--workers", type=click.IntRange(min=1), help="Processes [as many as there are cores]."
)
@click.option(
    "--set",
    "changes",
    metavar="KEY=VALUE",
    multiple=True,
    help="Change a value of every scenario, as in day.percentile=95. May be given again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def compare(
    base: str,
    pilots: tuple[str, ...],
    *,
    seed: int,
    replications: int,
    workers: int | None,
    changes: tuple[str, ...],
    as_json: bool,
) -> None:
    """Compare each PILOT with BASE, day by day on the same visitors.

    Differences are pilot less base, with 95 % intervals of paired differences.
    """
    from lastmile.commands.scenario_options import read_changes  # noqa: PLC0415 - slow to load
    from scenarios.load import load_scenario  # noqa: PLC0415
    from simulation import experiment  # noqa: PLC0415
    from simulation.prepare import prepare  # noqa: PLC0415

    started = time.perf_counter()
    changed = read_changes(changes)
    chosen = [load_scenario(name).with_changes(changed) for name in (base, *pilots)]
    models = [prepare(one) for one in chosen]
    runs = [
        experiment.replicate(
            model, replications, seed, workers=workers or experiment.default_workers()
        )
        for model in models
    ]
    effects = [experiment.compare(runs[0], run) for run in runs[1:]]
    wall_s = time.perf_counter() - started
    for warning in dict.fromkeys(warning for model in models for warning in model.warnings):
        click.echo(f"lastmile: warning: {warning}", err=True)
    names = [one.name for one in chosen[1:]]
    if as_json:
        said = {
            "base": chosen[0].name,
            "replications": replications,
            "seed": seed,
            "pilots": [
                {"name": name, "kpis": _as_json(effect)}
                for name, effect in zip(names, effects, strict=True)
            ],
            "wall_s": round(wall_s, 3),
        }
        click.echo(json.dumps(said))
        return
    for scenario, effect in zip(chosen[1:], effects, strict=True):
        click.echo(f"{scenario.title.en} against {chosen[0].title.en}: {replications} days")
        _print_table(effect)
    click.echo(f"seed {seed}, {wall_s:.1f} s")


def _as_json(effects: dict[str, Effect]) -> dict[str, object]:
    from simulation.kpis import kpi_of  # noqa: PLC0415 - slow to load

    return {
        name: {
            "base_mean": number(one.base_mean),
            "mean": number(one.mean),
            "diff": number(one.diff.mean),
            "diff_ci95": [number(one.diff.low), number(one.diff.high)],
            "p_better": number(one.p_better),
            "unit": kpi_of(name).unit,
        }
        for name, one in effects.items()
    }


def _print_table(effects: dict[str, Effect]) -> None:
    from rich.console import Console  # noqa: PLC0415 - slow to load
    from rich.table import Table  # noqa: PLC0415

    from simulation.kpis import kpi_of  # noqa: PLC0415

    table = Table(box=None)
    for name in ("figure", "base", "pilot", "difference", "95 % interval", "better", "unit"):
        table.add_column(name, justify="left" if name in {"figure", "unit"} else "right")
    for name, one in effects.items():
        better = "-" if number(one.p_better) is None else f"{one.p_better:.0%}"
        table.add_row(
            name,
            words(one.base_mean),
            words(one.mean),
            words(one.diff.mean),
            interval(one.diff.low, one.diff.high),
            better,
            kpi_of(name).unit,
        )
    Console().print(table)
