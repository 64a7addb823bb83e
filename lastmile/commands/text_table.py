"""Tables of plain text: never cut, the same in a terminal and in a pipe."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP: Final = " "
_SHORT: Final = {"person-events": "times", "bike-events": "times", "share": "%, pp"}
_PARTS: Final = re.compile(r"[^_<>]+_?|_|[<>].*")


def text_table(heads: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int]) -> str:
    """Return a table.

    Parameters
    ----------
    heads
        Of the columns, several lines where they hold line breaks.
    rows
        Cells in the order of the heads.
    left
        Columns that begin at the left; all others end at the right.
    """
    parts = [head.split("\n") for head in heads]
    depth = max(map(len, parts))
    lines = [[*([""] * (depth - len(one))), *one] for one in parts]
    table = [*map(list, zip(*lines, strict=True)), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        _GAP.join(
            cell.ljust(width) if rank in left else cell.rjust(width)
            for rank, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    )


def broken(name: str, width: int = 9) -> str:
    """Return a long name on several lines, broken after its underscores and before its sign."""
    lines = [""]
    for part in _PARTS.findall(name):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def short_unit(unit: str) -> str:
    """Return a unit as a narrow column has it."""
    return _SHORT.get(unit, unit)
