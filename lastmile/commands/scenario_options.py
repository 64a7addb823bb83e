"""Options that the commands on scenarios share."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from lastmile.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scenarios.schema import Scenario

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def change_option(what: str, example: str = "day.percentile=95") -> Decorator:
    """Add ``--set``, which changes values of what the command runs on."""
    return click.option(
        "--set",
        "changes",
        metavar="KEY=VALUE",
        multiple=True,
        help=f"Change a value of {what}, as in {example}. May be given again.",
    )


def language_option(what: str) -> Decorator:
    """Add ``--language``, that of what the command says."""
    return click.option(
        "--language",
        type=click.Choice(["en", "fi", "sv"]),
        default="en",
        show_default=True,
        help=f"Of the {what}.",
    )


def changed_scenarios(names: Iterable[str], changes: Iterable[str]) -> list[Scenario]:
    """Return scenarios by bundled name or file, with the same changes made to each.

    Raises
    ------
    RequestError, ScenarioError
        If a change or a scenario is wrong.
    """
    from scenarios.load import load_scenario  # noqa: PLC0415 - slow to load

    changed = read_changes(changes)
    return [load_scenario(name).with_changes(changed) for name in names]


def read_changes(changes: Iterable[str]) -> dict[str, object]:
    """Read ``KEY=VALUE`` words into values by dotted key.

    Parameters
    ----------
    changes
        Words such as ``day.percentile=95`` or ``car_parks.haltia-car-park.signs=true``: the
        value is written as in TOML, and taken as text where it is nothing else.

    Raises
    ------
    RequestError
        If a word has no ``=``.
    """
    read: dict[str, object] = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals or not key.strip():
            raise RequestError(f"{change!r} is no change: write KEY=VALUE, as day.month=7")
        read[key.strip()] = read_value(value.strip())
    return read


def read_value(text: str) -> object:
    """Read a value written as in TOML; what is no TOML is text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
