"""``lastmile runs``: what the run store holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from lastmile.commands.experiment_options import interval, open_store, words
from lastmile.errors import ExperimentError, RequestError

if TYPE_CHECKING:
    from simulation.store import Run

_MB = 1e6


@click.group()
def runs() -> None:
    """List, show, export and prune stored runs; ask across them with SQL."""


@runs.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def list_(*, as_json: bool) -> None:
    """List all runs, the oldest first."""
    said = [_summary(run) for run in open_store().runs()]
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False))
    elif not said:
        click.echo("no runs are stored yet")
    else:
        _print_list(said)


def _print_list(said: list[dict[str, Any]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - slow to load
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None)
    for name in ("run", "scenario", "seed", "days", "begun", "MB"):
        justify: Literal["left", "right"] = "right" if name in {"seed", "days", "MB"} else "left"
        table.add_column(name, justify=justify, no_wrap=name == "run")
    for one in said:
        table.add_row(
            one["run"],
            one["scenario"],
            str(one["seed"]),
            str(one["replications"]),
            one["created_at"],
            f"{one['size_bytes'] / _MB:.1f}",
        )
    Console().print(table)


@runs.command()
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def show(run: str, *, as_json: bool) -> None:
    """Show a RUN's figures and what it rests on.

    RUN is the start of its id, or a scenario's name: its newest run.
    """
    found = open_store().get(run)
    estimates = _estimates(found)
    if as_json:
        kpis = {
            name: {
                "mean": one.mean,
                "ci95": [None, None]
                if one.interval is None
                else [one.interval.low, one.interval.high],
            }
            for name, one in estimates.items()
        }
        said = {**_summary(found), "kpis": kpis, "manifest": found.manifest.to_json()}
        click.echo(json.dumps(said, ensure_ascii=False))
        return
    manifest = found.manifest
    click.echo(f"{found.id}  {manifest.name}, seed {manifest.key.seed}")
    click.echo(f"begun {manifest.created_at} with lastmile {manifest.key.code}")
    click.echo(f"scenario {manifest.key.scenario}, data {manifest.key.data}")
    for name, one in estimates.items():
        span = one.interval
        ends = "-" if span is None else interval(span.low, span.high)
        click.echo(f"  {name:32} {words(one.mean):>10}  ({ends})")


@runs.command()
@click.argument("run")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--table", default="figures", show_default=True, help="Or series, gains.")
def export(run: str, out: Path, table: str) -> None:
    """Write a RUN's table to OUT: .csv or .parquet; .json writes its manifest."""
    import pyarrow.csv  # noqa: PLC0415 - slow to load
    import pyarrow.parquet  # noqa: PLC0415

    found = open_store().get(run)
    held = None if out.suffix == ".json" else found.read(table)
    if held is None and out.suffix != ".json":
        raise RequestError(f"run {found.id} has no table {table!r}; try figures, series or gains")
    part = out.with_name(f".{out.name}.part")
    try:
        if out.suffix == ".csv":
            pyarrow.csv.write_csv(held, part)
        elif out.suffix == ".parquet":
            pyarrow.parquet.write_table(held, part)
        elif out.suffix == ".json":
            said = json.dumps(found.manifest.to_json(), ensure_ascii=False, indent=1)
            part.write_text(said, encoding="utf-8")
        else:
            raise RequestError(f"{out}: the name must end in .csv, .parquet or .json")
        part.replace(out)
    except OSError as wrong:
        part.unlink(missing_ok=True)
        raise ExperimentError(f"cannot write {out}: {wrong.strerror or wrong}") from None
    click.echo(f"{out} written")


@runs.command()
@click.argument("names", metavar="[RUN]...", nargs=-1)
@click.option("--older-than", type=click.IntRange(min=0), metavar="DAYS", help="Begun before.")
@click.option("--stale", is_flag=True, help="Of another version of code or data.")
@click.option("--all", "everything", is_flag=True, help="All of them.")
def prune(names: tuple[str, ...], *, older_than: int | None, stale: bool, everything: bool) -> None:
    """Remove RUNs, and what processes that died have left behind."""
    store = open_store()
    chosen = {run.id: run for run in (store.get(name) for name in names)}
    for run in store.runs():
        if everything or (stale and _is_stale(run)) or _is_older(run, older_than):
            chosen[run.id] = run
    freed = store.prune(chosen.values())
    click.echo(f"{len(chosen)} runs removed, {freed / _MB:.1f} MB freed")


@runs.command()
@click.argument("sql")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def query(sql: str, *, as_json: bool) -> None:
    """Ask across runs with DuckDB SQL.

    The tables are runs (run, scenario, seed, created_at, code, replications) and figures (run,
    replication, kpi, value).
    """
    answer = open_store().query(sql)
    if as_json:
        click.echo(answer.to_json(orient="records"))
    else:
        click.echo(answer.to_string(index=False))


def _summary(run: Run) -> dict[str, Any]:
    manifest = run.manifest
    return {
        "run": run.id,
        "scenario": manifest.name,
        "seed": manifest.key.seed,
        "replications": len(run.replications()),
        "created_at": manifest.created_at,
        "code": manifest.key.code,
        "size_bytes": run.size_bytes,
    }


def _estimates(run: Run) -> dict[str, Any]:
    from simulation.experiment import ranked  # noqa: PLC0415 - slow to load
    from simulation.statistics import estimate  # noqa: PLC0415
    from simulation.store import FIGURES  # noqa: PLC0415

    table = run.read(FIGURES)
    if table is None:
        return {}
    frame = table.to_pandas()
    values = {str(name): each["value"].to_numpy() for name, each in frame.groupby("kpi")}
    return {name: estimate(values[name]) for name in ranked(values)}


def _is_stale(run: Run) -> bool:
    from simulation.store import code_version, data_digest  # noqa: PLC0415 - slow to load

    key = run.manifest.key
    return key.code != code_version() or key.data != data_digest()


def _is_older(run: Run, days: int | None) -> bool:
    if days is None:
        return False
    begun = datetime.fromisoformat(run.manifest.created_at)
    return begun < datetime.now(tz=UTC) - timedelta(days=days)
