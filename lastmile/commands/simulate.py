"""``lastmile simulate``: one scenario's day, many times over."""

from __future__ import annotations

import json
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
from lastmile.commands.scenario_options import change_option, changed_scenarios
from lastmile.commands.text_table import text_table
from lastmile.commands.worlds import tell_worlds, world_options

if TYPE_CHECKING:
    from simulation.experiment import Simulation


@click.command()
@click.argument("scenario")
@count_options
@where_options
@world_options
@change_option("the scenario")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def simulate(scenario: str, *, changes: tuple[str, ...], as_json: bool, **options: Any) -> None:  # noqa: ANN401 - read by make_plan
    """Simulate SCENARIO's day: who comes, where they park, how they ride, what it costs.

    SCENARIO is a bundled name (baseline, shuttle-espoo-haltia, ...) or a TOML file.
    """
    from simulation import experiment  # noqa: PLC0415 - slow to load

    (chosen,) = changed_scenarios([scenario], changes)
    if options.pop("uncertain"):
        tell_worlds([chosen], options, as_json=as_json)
        return
    with told("simulating", quiet=as_json) as listener:
        found = experiment.simulate(chosen, make_plan(options, listener))
    tell_troubles([found.run])
    if as_json:
        click.echo(json.dumps(found.to_json()))
        return
    click.echo(
        f"{chosen.title.en}: {len(found.run.sample)} days, seed {found.seed}, {found.wall_s:.1f} s"
    )
    _print_table(found)
    if found.precision is not None and not found.precision.reached:
        click.echo("the precision asked for was not reached: give a larger --most")


def _print_table(found: Simulation) -> None:
    from simulation.kpis import kpi_of  # noqa: PLC0415 - slow to load

    rows = []
    for name, one in found.run.estimates().items():
        ends = (None, None) if one.interval is None else (one.interval.low, one.interval.high)
        rows.append((name, words(one.mean), interval(*ends), kpi_of(name).unit))
    click.echo(text_table(("figure", "mean", "95 % interval", "unit"), rows, left=(0, 3)))
