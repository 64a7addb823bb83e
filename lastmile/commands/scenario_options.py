"""Options that the commands on scenarios share."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from lastmile.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable


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
