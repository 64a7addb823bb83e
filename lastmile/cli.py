"""The ``lastmile`` command: every subcommand is loaded when it is asked for.

Exit status: 0 done, 2 wrong usage or input (one clear line on stderr), 1 our fault.
"""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module

import click

from lastmile import __version__
from lastmile.errors import LastmileError

COMMANDS = {
    "calibrate": "Fit the constants of choice to the counts.",
    "compare": "Compare pilots with a base scenario.",
    "dashboard": "Open the dashboard in a browser.",
    "data": "Build or inspect the data the planner works on.",
    "export": "Write a scenario's services as GTFS or GBFS.",
    "isochrone": "Areas reachable from a place within some minutes.",
    "plan": "Plan a trip, and the way back.",
    "report": "Write a comparison as one self-contained page.",
    "runs": "List, show, export and prune stored runs.",
    "schedule": "Test a scenario's timetable.",
    "search": "Find the cheapest design that keeps its promises.",
    "simulate": "Simulate one scenario's day.",
    "validate": "Compare the model with real counts.",
    "walkway": "Access from the metro to the Waterfront Walkway.",
}


class LazyGroup(click.Group):
    """A group whose commands live in ``lastmile.commands.<name>``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every command, without importing any."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command asked for; unknown names are click's to refuse."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"lastmile.commands.{cmd_name}"), cmd_name)
        if not isinstance(command, click.Command):
            message = f"lastmile.commands.{cmd_name} holds no click command {cmd_name!r}"
            raise TypeError(message)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their one-line help, again without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lastmile")
def cli() -> None:
    """Last-mile trips and pilots in Espoo: Nuuksio National Park and the Waterfront Walkway."""


def run(arguments: list[str] | None = None) -> int:
    """Run one command line.

    Parameters
    ----------
    arguments
        The words after ``lastmile``; those of the process when None.

    Returns
    -------
    int
        The exit status: 0 done, 2 wrong usage or input, 1 our fault.
    """
    try:
        cli.main(arguments, prog_name="lastmile", standalone_mode=False)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.exceptions.NoArgsIsHelpError as bare:
        click.echo(bare.format_message())
        return 2
    except click.Abort:
        click.echo("lastmile: stopped", err=True)
        return 130
    except click.ClickException as wrong:
        click.echo(f"lastmile: {' '.join(wrong.format_message().split())}", err=True)
        return 2
    except LastmileError as wrong:
        click.echo(f"lastmile: {' '.join(str(wrong).split())}", err=True)
        return 2
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - keeps the exit quiet
        return 0
    except Exception as fault:  # noqa: BLE001 - the last resort, reported as our own fault
        click.echo(f"lastmile: internal error: {fault!r} (this is a fault of lastmile)", err=True)
        if os.environ.get("LASTMILE_TRACEBACK"):
            traceback.print_exc()
        return 1
    return 0


def main() -> None:
    """Run the process's command line and leave with its exit status."""
    sys.exit(run())
