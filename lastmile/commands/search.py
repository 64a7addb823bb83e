"""``lastmile search``: the cheapest design that keeps its promises."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from lastmile.commands.experiment_options import (
    interval,
    make_plan,
    read_share,
    signed,
    told,
    where_options,
    words,
)
from lastmile.commands.scenario_options import change_option
from lastmile.commands.text_table import broken, text_table
from lastmile.errors import RequestError

if TYPE_CHECKING:
    from simulation.search import Design, SearchResult

_CHANGES = ("parking_full_min", "co2_kg")


@click.command()
@click.argument("pilot")
@click.option(
    "--vary",
    metavar="KEY=V1,V2,...",
    multiple=True,
    required=True,
    help="Values to try, as in services.shuttle.headway=10,15,20. May be given again.",
)
@click.option(
    "--promise",
    "promises",
    metavar="KPI<=VALUE",
    multiple=True,
    help="What a design must keep, as in shuttle_wait_s_p90<=900. May be given again; "
    "without any, all designs are run equally.",
)
@click.option("--base", default="baseline", show_default=True, help="What relief is measured by.")
@click.option(
    "--minimise",
    metavar="KPI",
    default="total_cost_eur",
    show_default=True,
    help="What makes one design better than another that keeps its promises too.",
)
@click.option(
    "--confidence", default="95%", show_default=True, help="That the design named is the best."
)
@click.option(
    "--tolerance",
    default="5%",
    show_default=True,
    help="So near the limit of a promise either answer will do.",
)
@click.option(
    "--first",
    type=click.IntRange(min=2),
    default=10,
    show_default=True,
    help="Days of every design before the first look.",
)
@click.option(
    "--most",
    type=click.IntRange(min=2),
    default=400,
    show_default=True,
    help="Days of one design at most.",
)
@where_options
@change_option("pilot and base")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def search(  # noqa: PLR0913 - one argument an option
    pilot: str,
    *,
    vary: tuple[str, ...],
    promises: tuple[str, ...],
    base: str,
    minimise: str,
    confidence: str,
    tolerance: str,
    first: int,
    most: int,
    changes: tuple[str, ...],
    as_json: bool,
    **options: Any,  # noqa: ANN401 - read by make_plan
) -> None:
    """Vary PILOT and find the cheapest design that keeps every promise.

    Days go where the decision is close. What was simulated is kept: a search that was stopped
    goes on from there. Designs that cannot run (too few vehicles, say) are listed as such.
    """
    from lastmile.commands.scenario_options import read_changes  # noqa: PLC0415 - slow to load
    from scenarios.load import load_scenario  # noqa: PLC0415
    from simulation.search import Effort, Promise  # noqa: PLC0415
    from simulation.search import search as find  # noqa: PLC0415

    changed = read_changes(changes)
    with told("searching", quiet=as_json) as listener:
        found = find(
            load_scenario(pilot).with_changes(changed),
            _read_varied(vary),
            [Promise.parse(text) for text in promises],
            base=load_scenario(base).with_changes(changed),
            minimise=minimise,
            effort=Effort(
                confidence=read_share(confidence, "--confidence"),
                tolerance=read_share(tolerance, "--tolerance"),
                first=first,
                most=most,
            ),
            plan=make_plan(options, listener, replications=first),
        )
    if as_json:
        click.echo(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        _print(found)


def _read_varied(vary: tuple[str, ...]) -> dict[str, list[object]]:
    from lastmile.commands.scenario_options import read_value  # noqa: PLC0415 - slow to load

    varied: dict[str, list[object]] = {}
    for text in vary:
        key, equals, values = text.partition("=")
        if not equals or not key.strip() or not values.strip():
            raise RequestError(
                f"--vary {text!r}: write KEY=V1,V2, as services.shuttle.headway=10,20"
            )
        if key.strip() in varied:
            raise RequestError(f"--vary {key.strip()} is given twice: list its values together")
        varied[key.strip()] = [read_value(value.strip()) for value in values.split(",")]
    return varied


def _print(found: SearchResult) -> None:
    keys = list(found.designs[0].changes)
    heads = [
        *(broken(key.rpartition(".")[2]) for key in keys),
        "verdict",
        *(broken(name) for name in (found.minimise, *map(str, found.promises))),
        *(f"{broken(name)}\nchange" for name in _CHANGES),
        "days",
        "",
    ]
    rows = [
        (
            *(str(design.changes[key]) for key in keys),
            "best" if design is found.best else _status(design),
            "-" if design.cost is None else words(design.cost.mean),
            *(_promise_cell(design, rank) for rank in range(len(found.promises))),
            *(signed(trade[name].mean) if name in trade else "-" for name in _CHANGES),
            str(design.replications),
            "*" if front else "",
        )
        for design, trade, front in zip(found.designs, found.trade_offs, found.front, strict=True)
    ]
    click.echo(text_table(heads, rows, left=(*range(len(keys) + 1), len(heads) - 1)))
    click.echo(f"change: less the base ({found.base.name}), mean of the same days")
    click.echo("*: no other design beats it in cost, parking and CO2e")
    if any(_status(design).endswith("?") for design in found.designs):
        click.echo("?: close to a promise, within the tolerance or at the most days allowed")
    for design in found.designs:
        if design.refusal is not None:
            click.echo(f"{_label(design)}: cannot run: {design.refusal}")
    click.echo(_summary(found))


def _status(design: Design) -> str:
    if design.status in {"kept", "broken"} and not design.is_sure:
        return f"{design.status}?"
    return design.status


def _label(design: Design) -> str:
    return ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in design.changes.items())


def _promise_cell(design: Design, rank: int) -> str:
    if not design.promises or design.promises[rank].estimate is None:
        return "-"
    one = design.promises[rank].estimate
    return words(one.mean) if one is not None else "-"


def _summary(found: SearchResult) -> str:
    spent = f"{found.simulated} days simulated, seed {found.seed}, {found.wall_s:.1f} s"
    if not found.promises:
        return spent
    if found.best is None or found.best.cost is None:
        return f"no design keeps the promises; {spent}"
    cost = found.best.cost
    span = cost.interval
    ends = "" if span is None else f" ({interval(span.low, span.high)})"
    sure = (
        f"{found.effort.confidence:.0%} sure"
        if found.is_sure
        else "close: within the tolerance, or more days are needed (--most)"
    )
    return (
        f"cheapest that keeps the promises: {_label(found.best)}; {found.minimise} "
        f"{words(cost.mean)}{ends}; {sure}; {spent}"
    )
