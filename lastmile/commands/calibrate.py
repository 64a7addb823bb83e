"""``lastmile calibrate``: the constants of the choice of mode and entrance, and their fit."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.option(
    "--write",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the constants to a file; data/demand/calibration.toml is the bundled one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def calibrate(*, write: Path | None, as_json: bool) -> None:
    """Find the constants with which the base meets the mode shares and the counters' split."""
    from simulation.base import base_calibration  # noqa: PLC0415 - slow to load
    from simulation.calibrate import write_calibration  # noqa: PLC0415
    from simulation.parties import MODES  # noqa: PLC0415

    fit = base_calibration()
    if write is not None:
        write_calibration(fit, write)
    if as_json:
        click.echo(json.dumps(fit.model_dump()))
        return
    click.echo(f"{fit.parties} parties; largest error {fit.largest_error:.2%} of the visits")
    click.echo("\nmode        constant min")
    for name, minutes in zip(MODES, fit.mode_constant_min, strict=True):
        click.echo(f"{name:<12}{minutes:>12.1f}")
    click.echo("\nmode          target  reached")
    for name, target in fit.mode_target.items():
        click.echo(f"{name:<12}{target:>8.1%}{fit.mode_share[name]:>9.1%}")
    click.echo("\nentrance      target  reached  constant min")
    rows = zip(
        fit.entrances,
        fit.entrance_target,
        fit.entrance_share,
        fit.entrance_constant_min,
        strict=True,
    )
    for name, target, share, minutes in rows:
        click.echo(f"{name:<12}{target:>8.1%}{share:>9.1%}{minutes:>14.1f}")
    if write is not None:
        click.echo(f"\nwritten to {write}")
