"""``lastmile report``: a comparison as one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lastmile.commands.experiment_options import (
    count_options,
    make_plan,
    tell_troubles,
    told,
    where_options,
)
from lastmile.commands.scenario_options import (
    change_option,
    changed_scenarios,
    language_option,
)
from lastmile.errors import ExperimentError

if TYPE_CHECKING:
    from lastmile.walkway.chapter import Chapter
    from simulation.verdict import Language


@click.command()
@click.argument("base")
@click.argument("pilots", metavar="PILOT...", nargs=-1, required=True)
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The page to write, as in report.html.",
)
@count_options
@where_options
@change_option("every scenario")
@language_option("page")
@click.option("--with-walkway", is_flag=True, help="Add a chapter on reaching the sea.")
def report(
    base: str,
    pilots: tuple[str, ...],
    *,
    out: Path,
    changes: tuple[str, ...],
    language: Language,
    with_walkway: bool,
    **options: Any,  # noqa: ANN401 - read by make_plan
) -> None:
    """Compare each PILOT with BASE and write one self-contained page.

    The page needs no internet: verdict, figures, charts, map, assumptions and how to repeat it.
    """
    from simulation import experiment  # noqa: PLC0415 - slow to load
    from simulation.report import write_report  # noqa: PLC0415

    if not out.absolute().parent.is_dir():
        raise ExperimentError(f"cannot write the report {out}: there is no such folder")
    first, *others = changed_scenarios((base, *pilots), changes)
    with told("comparing", quiet=False) as listener:
        found = experiment.compare(first, others, make_plan(options, listener))
    tell_troubles(found.runs)
    chapters = [_walkway(language)] if with_walkway else []
    write_report(found, out, language=language, changes=changes, chapters=chapters)
    click.echo(f"{out} written: {found.replications} days of each, seed {found.seed}")


def _walkway(language: Language) -> Chapter:
    """Return what there is to say on reaching the sea."""
    from lastmile.network.street import load_network  # noqa: PLC0415
    from lastmile.walkway.catchments import Access  # noqa: PLC0415
    from lastmile.walkway.chapter import chapter  # noqa: PLC0415
    from lastmile.walkway.shore import load_shore  # noqa: PLC0415

    return chapter(Access(load_network(), load_shore()), language)
