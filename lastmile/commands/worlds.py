"""The uncertainty mode of ``lastmile simulate`` and ``lastmile compare``."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, Final

import click
import numpy as np

from lastmile.commands.experiment_options import Decorator, Function, words
from lastmile.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from scenarios.schema import Scenario
    from simulation.uncertainty import Worlds

    Figures = dict[str, NDArray[np.float64]]

DAYS_IN_A_WORLD: Final = 2
RANKED: Final = ("parking_full_min", "cars_arrived", "visitors_turned_away", "mode_share_car")
"""Figures whose unknown parameters are ranked."""

TOP: Final = 8


def world_options(command: Function) -> Function:
    """Add the options of the uncertainty mode."""
    options: tuple[Decorator, ...] = (
        click.option(
            "--uncertain",
            is_flag=True,
            help="Draw the parameters that are not known from their ranges: what survives, "
            "and which of them matters most.",
        ),
        click.option(
            "--worlds",
            type=click.IntRange(min=2),
            default=40,
            show_default=True,
            help="Plausible sets of parameters that --uncertain draws.",
        ),
    )
    for option in options:
        command = option(command)
    return command


def tell_worlds(scenarios: Sequence[Scenario], options: dict[str, Any], *, as_json: bool) -> None:
    """Simulate scenarios in plausible worlds and print what is known all the same.

    Parameters
    ----------
    scenarios
        One scenario, or a base and its pilots.
    options
        ``worlds``, ``seed``, ``workers``, ``replications`` (days in each world), ``precision``
        and ``dask``, as the command got them.
    as_json
        Whether to print JSON only.

    Raises
    ------
    RequestError
        If an option does not go with ``--uncertain``.
    """
    from rich.console import Console  # noqa: PLC0415 - slow to load
    from rich.progress import Progress  # noqa: PLC0415

    from lastmile.parameters import Parameters  # noqa: PLC0415
    from simulation.uncertainty import draw_worlds, run_worlds  # noqa: PLC0415

    for name in ("precision", "dask"):
        if options.get(name) is not None:
            raise RequestError(f"--{name} does not go with --uncertain")
    started = time.perf_counter()
    worlds = draw_worlds(Parameters.bundled(), options["worlds"], options["seed"])
    with Progress(console=Console(stderr=True), disable=as_json) as bar:
        task = bar.add_task("worlds", total=len(worlds))
        figures = run_worlds(
            scenarios,
            worlds,
            seed=options["seed"],
            replications=options.get("replications") or DAYS_IN_A_WORLD,
            workers=options.get("workers") or os.cpu_count() or 1,
            progress=lambda _: bar.advance(task),
        )
    said = _as_json(scenarios, worlds, figures, options["seed"])
    said["wall_s"] = round(time.perf_counter() - started, 2)
    if as_json:
        click.echo(json.dumps(said))
    else:
        _print(said)


def _as_json(
    scenarios: Sequence[Scenario], worlds: Worlds, figures: Sequence[Figures], seed: int
) -> dict[str, Any]:
    """Return everything as JSON has it."""
    base = scenarios[0].name
    said: dict[str, Any] = {"scenario" if len(scenarios) == 1 else "base": base}
    said |= {"seed": seed, "worlds": len(worlds)}
    said["kpis"] = {name: _spread(values) for name, values in figures[0].items() if _any(values)}
    if len(scenarios) == 1:
        said["ranking"] = _rankings(worlds, figures[0])
        return said
    said["pilots"] = [
        {
            "name": scenario.name,
            "kpis": _survivals(figures[0], own),
            "ranking": _rankings(worlds, {k: own[k] - figures[0][k] for k in RANKED if k in own}),
        }
        for scenario, own in zip(scenarios[1:], figures[1:], strict=True)
    ]
    return said


def _any(values: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(values).any())


def _spread(values: NDArray[np.float64]) -> dict[str, float]:
    low, middle, high = np.nanpercentile(values, [5, 50, 95])
    return {
        "mean": float(np.nanmean(values)),
        "p5": float(low),
        "p50": float(middle),
        "p95": float(high),
    }


def _survivals(base: Figures, pilot: Figures) -> dict[str, dict[str, Any]]:
    """Return in how many worlds the pilot is better, for every figure with a better way."""
    from simulation.kpis import kpi_of  # noqa: PLC0415 - slow to load
    from simulation.uncertainty import survival  # noqa: PLC0415

    found = {}
    for name in base:
        kpi = kpi_of(name)
        if name not in pilot or kpi.better is None or not _any(base[name] + pilot[name]):
            continue
        one = survival(base[name], pilot[name], less_is_better=kpi.better == "less")
        found[name] = {
            "helps_share": one.share,
            "helps_share_ci95": [one.low, one.high],
            "worlds": one.worlds,
            "diff_p5": one.p5_diff,
            "diff_median": one.median_diff,
            "diff_p95": one.p95_diff,
            "unit": kpi.unit,
        }
    return found


def _rankings(worlds: Worlds, figures: Figures) -> dict[str, list[dict[str, Any]]]:
    """Return the parameters that move each ranked figure most; none where worlds are too few."""
    from simulation.uncertainty import ranking  # noqa: PLC0415 - slow to load

    found: dict[str, list[dict[str, Any]]] = {}
    for name in RANKED:
        if name not in figures:
            continue
        try:
            ranked = ranking(worlds, figures[name])
        except RequestError:
            continue  # too few worlds, or nothing moves it: the absence says so
        found[name] = [
            {
                "parameter": one.name,
                "variance_share": one.share,
                "variance_share_ci95": one.share_conf,
                "direction": one.direction,
            }
            for one in ranked[:TOP]
            if one.visible
        ]
    return found


def _print(said: dict[str, Any]) -> None:
    """Print what survives, and what to go and count."""
    pilots = said.get("pilots", [])
    if not pilots:
        click.echo(f"{said['scenario']} in {said['worlds']} plausible worlds")
        click.echo(f"{'figure':<34}{'median':>12}{'5 %':>12}{'95 %':>12}")
        for name, spread in _whole_park(said["kpis"]).items():
            click.echo(
                f"{name:<34}{words(spread['p50']):>12}{words(spread['p5']):>12}"
                f"{words(spread['p95']):>12}"
            )
        _print_ranking(said["ranking"])
    for pilot in pilots:
        click.echo(f"\n{pilot['name']} against {said['base']} in {said['worlds']} plausible worlds")
        click.echo(f"{'figure':<34}{'helps in':>10}{'median diff':>14}{'5 %':>12}{'95 %':>12}")
        for name, one in _whole_park(pilot["kpis"]).items():
            click.echo(
                f"{name:<34}{one['helps_share']:>10.0%}{words(one['diff_median']):>14}"
                f"{words(one['diff_p5']):>12}{words(one['diff_p95']):>12}"
            )
        _print_ranking(pilot["ranking"])
    click.echo(f"\n{said['wall_s']:.0f} s")


def _whole_park(figures: dict[str, Any]) -> dict[str, Any]:
    """Leave out the figures of single entrances, which JSON has."""
    return {name: value for name, value in figures.items() if "." not in name}


def _print_ranking(rankings: dict[str, list[dict[str, Any]]]) -> None:
    for name, ranked in rankings.items():
        click.echo(f"\nwhat the spread of {name} comes from (share of its variance):")
        for one in ranked:
            sign = "+" if one["direction"] > 0 else "-"
            click.echo(f"  {one['parameter']:<34}{one['variance_share']:>6.0%} {sign}")
        if not ranked:
            click.echo("  no single parameter stands out from chance")
