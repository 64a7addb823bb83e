"""``lastmile compare``: pilots against a base, on the same visitors."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import click

from lastmile.commands.experiment_options import (
    count_options,
    interval,
    make_plan,
    tell_troubles,
    told,
    where_options,
    words,
)
from lastmile.commands.scenario_options import (
    change_option,
    changed_scenarios,
    language_option,
)
from lastmile.commands.text_table import short_unit, text_table
from lastmile.commands.worlds import tell_worlds, world_options

if TYPE_CHECKING:
    from simulation.experiment import PilotResult
    from simulation.verdict import Language

_PERCENT = 100.0
_LEGEND = (
    "The table's intervals hold one by one, the verdict's together. better: probability that it\n"
    "is. Below a figure stand its entrances: parking_full_min.haltia in --figure and --json."
)


@click.command()
@click.argument("base")
@click.argument("pilots", metavar="PILOT...", nargs=-1, required=True)
@count_options
@where_options
@world_options
@change_option("every scenario")
@language_option("verdict")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def compare(
    base: str,
    pilots: tuple[str, ...],
    *,
    changes: tuple[str, ...],
    language: Language,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - read by make_plan
) -> None:
    """Compare each PILOT with BASE, day by day on the same visitors.

    Differences are pilot less base, with 95 % intervals of paired differences; runs are kept,
    so that the same question is answered at once.
    """
    from simulation import experiment  # noqa: PLC0415 - slow to load
    from simulation.verdict import LANGUAGES, verdict  # noqa: PLC0415

    first, *others = changed_scenarios((base, *pilots), changes)
    if options.pop("uncertain"):
        tell_worlds([first, *others], options, as_json=as_json)
        return
    with told("comparing", quiet=as_json) as listener:
        found = experiment.compare(first, others, make_plan(options, listener))
    tell_troubles(found.runs)
    if as_json:
        said = found.to_json()
        for pilot, each in zip(found.pilots, said["pilots"], strict=True):
            each["verdict"] = {tongue: verdict(found, pilot, tongue) for tongue in LANGUAGES}
        click.echo(json.dumps(said, ensure_ascii=False))
        return
    for pilot in found.pilots:
        click.echo()
        for sentence in verdict(found, pilot, language):
            click.echo(sentence)
        _print_table(pilot)
    click.echo(f"{found.replications} days of each, seed {found.seed}, {found.wall_s:.1f} s")
    if found.precision is not None and not found.precision.reached:
        click.echo("the precision asked for was not reached: give a larger --most")


def _print_table(pilot: PilotResult) -> None:
    """Print every figure; those of an entrance below the total, by the entrance's name."""
    from simulation.kpis import kpi_of  # noqa: PLC0415 - slow to load

    rows = []
    for name, one in pilot.effects.items():
        stem, _, entrance = name.partition(".")
        unit = kpi_of(name).unit
        scale = _PERCENT if unit == "share" else 1.0
        span = one.interval
        ends = (None, None) if span is None else (span.low * scale, span.high * scale)
        rows.append(
            (
                f"  {entrance}" if entrance else stem,
                words(one.base_mean * scale),
                words(one.mean * scale),
                "-" if one.difference is None else words(one.difference.mean * scale),
                interval(*ends),
                "-" if math.isnan(one.p_better) else f"{one.p_better:.0%}",
                short_unit(unit),
            )
        )
    heads = ("figure", "base", "pilot", "change", "95 % interval", "better", "unit")
    click.echo(text_table(heads, rows, left=(0, 6)))
    click.echo(_LEGEND)
