"""Options that the experiments share: how many days, where they run, where they are kept."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from lastmile.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from simulation.experiment import Plan, ScenarioRun
    from simulation.sampling import Listener, Progress
    from simulation.store import RunStore

Function = Callable[..., Any]
Decorator = Callable[[Function], Function]

_MINUTE_S = 60
_THREE_DIGITS = 100
_DECIMALS = 3


def where_options(command: Function) -> Function:
    """Add the options that say where replications run and are kept."""
    options: tuple[Decorator, ...] = (
        click.option("--no-store", is_flag=True, help="Neither use nor keep stored runs."),
        click.option(
            "--dask", metavar="ADDRESS", help="Run on a Dask cluster, as tcp://host:8786."
        ),
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            help="Processes [as many as there are cores].",
        ),
        click.option(
            "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Root seed."
        ),
    )
    return _with(command, options)


def count_options(command: Function) -> Function:
    """Add the options that say how many replications there are."""
    options: tuple[Decorator, ...] = (
        click.option(
            "--most",
            type=click.IntRange(min=2),
            default=1000,
            show_default=True,
            help="Replications at which --precision gives up.",
        ),
        click.option(
            "--figure",
            "figures",
            metavar="KPI",
            multiple=True,
            help="What --precision is asked of. May be given again "
            "[parking_full_min, cars_arrived, visitors].",
        ),
        click.option(
            "--precision",
            metavar="SHARE",
            help="Repeat until the 95 % intervals are this narrow (half width), as in 5%.",
        ),
        click.option(
            "--replications",
            type=click.IntRange(min=1),
            help="How many times to repeat the day [20].",
        ),
    )
    return _with(command, options)


def _with(command: Function, options: tuple[Decorator, ...]) -> Function:
    for option in options:
        command = option(command)
    return command


def make_plan(
    options: dict[str, Any], listener: Listener | None, *, replications: int = 20
) -> Plan:
    """Make a plan of the options' values.

    Raises
    ------
    RequestError
        If options contradict each other, or a figure does not exist.
    """
    from simulation.experiment import PRECISION_FIGURES, Plan  # noqa: PLC0415 - slow to load
    from simulation.statistics import Precision  # noqa: PLC0415

    precision = None
    if options.get("precision") is not None:
        if options.get("replications") is not None:
            raise RequestError("give --replications or --precision, not both")
        precision = Precision(
            read_share(options["precision"], "--precision"),
            first=min(20, options["most"]),
            most=options["most"],
        )
    elif options.get("figures"):
        raise RequestError("--figure says what --precision is asked of: give --precision too")
    return Plan(
        replications=options.get("replications") or replications,
        precision=precision,
        figures=tuple(options.get("figures") or PRECISION_FIGURES),
        seed=options["seed"],
        workers=options["workers"],
        dask=options["dask"],
        store=None if options["no_store"] else open_store(),
        listener=listener,
    )


def open_store() -> RunStore:
    """Return the user's run store."""
    from simulation.store import RunStore  # noqa: PLC0415 - slow to load

    return RunStore()


def read_share(text: str, option: str) -> float:
    """Read a share such as ``5%`` or ``0.05``.

    Raises
    ------
    RequestError
        If it is no number.
    """
    try:
        if text.rstrip().endswith("%"):
            return float(text.rstrip()[:-1]) / 100
        return float(text)
    except ValueError:
        raise RequestError(f"{option} {text!r} is no share: write 5% or 0.05") from None


@contextmanager
def told(what: str, *, quiet: bool) -> Iterator[Listener | None]:
    """Show a progress bar with the time left on the terminal, if there is one."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich import progress as bars  # noqa: PLC0415 - slow to load
    from rich.console import Console  # noqa: PLC0415

    with bars.Progress(
        bars.TextColumn(what),
        bars.BarColumn(),
        bars.TextColumn("{task.completed}/{task.total} days"),
        bars.TextColumn("{task.fields[left]}"),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task(what, total=None, left="")

        def tell(progress: Progress) -> None:
            bar.update(
                task,
                completed=progress.done,
                total=progress.total,
                left=_left(progress.left_s),
            )

        yield tell


def _left(seconds: float | None) -> str:
    if seconds is None:
        return "preparing"
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s left"
    return f"{seconds / _MINUTE_S:.0f} min left"


def tell_troubles(runs: Iterable[ScenarioRun]) -> None:
    """Say on stderr what was not known, and which replications failed."""
    runs = list(runs)
    warnings = [warning for run in runs for warning in run.about.get("warnings", [])]
    for warning in dict.fromkeys(warnings):
        click.echo(f"lastmile: warning: {warning}", err=True)
    for run in runs:
        for failure in run.failures:
            click.echo(
                f"lastmile: warning: {run.name}: replication {failure.replication} with seed "
                f"{failure.seed} failed and is left out: {failure.message}",
                err=True,
            )


def words(value: float) -> str:
    """Return a number as people read it; "-" where it is not known."""
    if not math.isfinite(value):
        return "-"
    if abs(value) >= _THREE_DIGITS:
        return f"{value:,.0f}"
    return f"{round(value, _DECIMALS) + 0.0:.3g}"


def signed(value: float) -> str:
    """Return a change as people read it, with its sign."""
    return ("+" if value > 0 else "") + words(value)


def interval(low: float | None, high: float | None) -> str:
    """Return an interval as people read it."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return "-"
    return f"{words(low)} to {words(high)}"
