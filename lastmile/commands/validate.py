"""``lastmile validate``: the model against real counts."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simulation.fit import Row, Validation

WORDS = {True: "yes", False: "NO", None: ""}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
@click.option(
    "--write",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the table to a file; data/demand/validation.json is the bundled one.",
)
@click.option(
    "--counts-only", is_flag=True, help="Leave out the simulated day: quick, no streets needed."
)
def validate(*, write: Path | None, as_json: bool, counts_only: bool) -> None:
    """Compare the model with real counts and surveys, row by row with the error.

    A fit compares it with numbers it was made from; a check with something it was not given.
    """
    from simulation.fit import write_validation  # noqa: PLC0415 - slow to load
    from simulation.validate import validate as run  # noqa: PLC0415

    validation = run(with_day=not counts_only)
    if write is not None:
        write_validation(validation, write)
    if as_json:
        click.echo(json.dumps(validation.to_json()))
    else:
        _print(validation)


def _print(validation: Validation) -> None:
    from rich.console import Console  # noqa: PLC0415 - slow to load
    from rich.table import Table  # noqa: PLC0415

    table = Table(title="Observed and simulated")
    for heading in ("topic", "what", "kind"):
        table.add_column(heading)
    for heading in ("observed", "simulated", "error", "allowed"):
        table.add_column(heading, justify="right")
    table.add_column("holds")
    topic = ""
    for row in validation.rows:
        table.add_row(
            row.topic if row.topic != topic else "",
            row.name,
            row.kind,
            _figure(row.observed, row),
            _figure(row.simulated, row),
            _error(row.error, row),
            _error(row.tolerance, row).lstrip("+"),
            WORDS[row.holds],
        )
        topic = row.topic
    console = Console()
    console.print(table)
    low, middle, high = validation.highest_days
    console.print("Visits of the park on the busiest days of a year, nobody has counted them:")
    for rank in (0, 1, 4, 9):
        console.print(
            f"  day {rank + 1}: {middle[rank]:,.0f} (90 % of years {low[rank]:,.0f} to "
            f"{high[rank]:,.0f})"
        )
    judged = [row for row in validation.rows if row.holds is not None]
    for kind in ("fit", "check"):
        own = [row for row in judged if row.kind == kind]
        held = sum(row.holds is True for row in own)
        console.print(f"{kind}: {held} of {len(own)} rows within what is allowed")


def _figure(value: float, row: Row) -> str:
    if math.isnan(value):
        return ""
    if row.unit == "visits":
        return f"{value:,.0f}"
    return f"{value:.1%}" if row.unit == "share" else f"{value:.2f}"


def _error(value: float, row: Row) -> str:
    if math.isnan(value):
        return ""
    if row.relative:
        return f"{value:+.1%}"
    return f"{value:+.1%}" if row.unit == "share" else f"{value:+.2f}"
