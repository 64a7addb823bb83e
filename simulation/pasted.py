"""Departures and timetables as people paste them: from a spreadsheet, an e-mail, a web page.

Understood: commas, semicolons, tabs, bars and blanks between cells; ``9:05``, ``09.05``,
``0905``, ``9:05 pm``, ``klo 9.05``; hours past 24 for what runs after midnight. What is not clear
is refused with its row and the reason.
"""

from __future__ import annotations

import csv
import difflib
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from lastmile.errors import RequestError
from lastmile.messages import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

_LAST_HOUR: Final = 36
_NOON: Final = 12
_MOST_ROWS: Final = 1000
_MOST_CHARACTERS: Final = 200_000
_LONGEST_WINDOW: Final = 80
_SHOWN: Final = 40
"""Characters of a cell that a message repeats."""
_TIME: Final = re.compile(
    r"(?:klo|kl\.?|at)?\s*(\d{1,2})(?:[:.](\d{2})(?:[:.](\d{2}))?|(\d{2}))?\s*(?:([ap])\.?m\.?)?",
    re.IGNORECASE,
)
_WINDOW: Final = re.compile(
    r"(.*?\d(?:\s*[ap]\.?m\.?)?)\s*(?:-|\u2013|\u2014|\bto\b|;|,|\s)\s*"
    r"((?:klo|kl\.?)?\s*\d[\d:.]*(?:\s*[ap]\.?m\.?)?)"
    r"\s*(?:/|;|,|\s|\bevery\b)+\s*(\d{1,3}(?:[.,]\d+)?)\s*(?:min\.?|minutes)?",
    re.IGNORECASE,
)
_NO_CALL: Final = {"", "-", "\u2013", "\u2014", "|", "x"}
_TWO: Final = 2
_ALIKE: Final = 0.75
"""How alike a pasted name and a stop's are at least, as difflib counts it."""


@dataclass(frozen=True, slots=True)
class PastedTable:
    """A timetable that was pasted.

    Attributes
    ----------
    stops
        Names of the stops in the order of the columns; None where the table has no names.
    rows
        Each trip's times at them, s after midnight; None where it does not call.
    lines
        The line of the text each trip begins on; of trips in columns, their column.
    """

    stops: tuple[str, ...] | None
    rows: tuple[tuple[int | None, ...], ...]
    lines: tuple[int, ...]


def read_time(text: str) -> int:
    """Read a time of day.

    Parameters
    ----------
    text
        Such as ``9:05``, ``09.05``, ``0905``, ``9:05 pm``, ``25:10``.

    Returns
    -------
    int
        s after midnight of the service day.

    Raises
    ------
    ValueError
        If it is not clear; the message is the reason.
    """
    said = text.strip()
    match = _TIME.fullmatch(said)
    if len(said) > _SHOWN:
        said = said[:_SHOWN] + "\u2026"
    if match is None:
        raise ValueError(Message("{text!r} is no time; write it as 9:05 or 21:05", text=said))
    hour_text, minute, second, joined, half = match.groups()
    if minute is None and joined is None and half is None:
        raise ValueError(
            Message("{text!r} may be an hour or a minute; write it as 9:00", text=said)
        )
    hours, minutes, seconds = int(hour_text), int(minute or joined or 0), int(second or 0)
    if minutes >= 60 or seconds >= 60:  # noqa: PLR2004 - minutes and seconds
        raise ValueError(Message("{text!r} has more than 59 minutes or seconds", text=said))
    if half:
        if not 1 <= hours <= _NOON:
            raise ValueError(
                Message("{text!r} mixes 24 hours with {half}m", text=said, half=half.lower())
            )
        hours = hours % _NOON + (_NOON if half.lower() == "p" else 0)
    if hours * 3600 + minutes * 60 + seconds > _LAST_HOUR * 3600:
        raise ValueError(
            Message(
                "{text!r} is past {hour}:00, the end of the service day", text=said, hour=_LAST_HOUR
            )
        )
    return hours * 3600 + minutes * 60 + seconds


def read_departures(text: str) -> list[int]:
    """Read a list of departures, separated by anything usual.

    Returns
    -------
    list of int
        s after midnight, in order.

    Raises
    ------
    RequestError
        If a time is not clear, or they run backwards; the message lists rows and reasons.
    """
    _bounded(text)
    faults: list[str] = []
    found: list[tuple[int, int, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        joined = re.sub(r"(\d)\s+([ap]\.?m\b\.?)", r"\1\2", line, flags=re.IGNORECASE)
        joined = re.sub(r"\b(klo|kl|at)\b\.?\s*", "", joined, flags=re.IGNORECASE)
        for word in re.split(r"[,;|\s]+", joined):
            if not word:
                continue
            try:
                found.append((read_time(word), number, word))
            except ValueError as wrong:
                faults.append(_at(number, wrong.args[0]))
    for (before_s, _, before), (after_s, number, word) in pairwise(found):
        if after_s <= before_s:
            faults.append(_backwards(number, word, before, same=after_s == before_s))
    if not found and not faults:
        faults.append(Message("there are no departures; paste times such as 9:00, 9:20, 9:40"))
    _tell(faults)
    return [time_s for time_s, _, _ in found]


def read_windows(text: str) -> list[dict[str, float]]:
    """Read headways that change over the day: a row each, from, to, and minutes.

    Returns
    -------
    list of dict
        ``from`` and ``to``, s after midnight, and ``headway``, min; as a scenario has them.

    Raises
    ------
    RequestError
        If a row is not clear, or a window begins before the one above ends.
    """
    _bounded(text)
    faults: list[str] = []
    found: list[dict[str, float]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        said = " ".join(line.split())  # blanks in a row could be shared out in too many ways
        if not said:
            continue
        match = _WINDOW.fullmatch(said) if len(said) <= _LONGEST_WINDOW else None
        if match is None:
            faults.append(
                _at(number, Message("write a window as 7:00 - 9:00 / 15: from, to, minutes"))
            )
            continue
        try:
            first_s, last_s = read_time(match[1]), read_time(match[2])
        except ValueError as wrong:
            faults.append(_at(number, wrong.args[0]))
            continue
        headway = float(match[3].replace(",", "."))
        if last_s < first_s:
            faults.append(_at(number, Message("the window ends before it begins")))
        elif headway <= 0:
            faults.append(_at(number, Message("there are no minutes between departures")))
        elif found and first_s < found[-1]["to"]:
            faults.append(_at(number, Message("the window begins before the one above ends")))
        found.append({"from": first_s, "to": last_s, "headway": headway})
    if not found and not faults:
        faults.append(Message("there are no windows; write one as 7:00 - 9:00 / 15"))
    _tell(faults)
    return found


def read_table(text: str, stops: Sequence[str] = ()) -> PastedTable:
    """Read a timetable: a row a trip under the names of the stops, or a row a stop.

    Parameters
    ----------
    text
        What was pasted.
    stops
        Names of the stops of the line, if they are known: columns are then brought into their
        order, and a table whose stops run the other way is read as trips back.

    Returns
    -------
    PastedTable
        Its ``stops`` are those given where they are.

    Raises
    ------
    RequestError
        If it is not clear; the message lists rows and reasons.
    """
    _bounded(text)
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise RequestError(Message("the table is empty; paste a row for each trip"))
    cells = _cells([line for _, line in lines])
    numbers = [number for number, _ in lines]
    header = None if any(_is_time(cell) for cell in cells[0]) else cells[0]
    body, numbers = (cells[1:], numbers[1:]) if header else (cells, numbers)
    if not body:
        raise RequestError(Message("row 1: there are no times in the table"))
    labels = [row[0] for row in body]
    labelled = all(label not in _NO_CALL and not _is_time(label) for label in labels)
    values = [row[1:] for row in body] if labelled else body
    in_rows = labelled and (header is None or _known(labels, stops) > _known(header, stops))
    if in_rows:
        names: list[str] | None = labels
        values, numbers = _turned(values, numbers)
    else:
        names = header
        if header is not None and labelled and len(header) == len(body[0]):
            names = header[1:]
    table = _read_rows(values, numbers, names, by="column" if in_rows else "row")
    return _in_order_of(table, stops) if stops else table


def _bounded(text: str) -> None:
    if len(text) > _MOST_CHARACTERS or text.count("\n") > _MOST_ROWS:
        raise RequestError(
            Message("that is too long for a day's timetable (over {rows} rows)", rows=_MOST_ROWS)
        )


def _cells(lines: list[str]) -> list[list[str]]:
    """Split lines into cells at whatever separates them."""
    for mark in "\t;|,":
        if all(mark in line for line in lines):
            break
    else:
        mark = next((one for one in "\t;|," if any(one in line for line in lines)), "")
    if not mark:
        return [_blanks(line) for line in lines]
    # Line by line: a quote that is never closed does not swallow the rows below it.
    split = [[cell.strip() for cell in _quoted(line, mark)] for line in lines]
    while all(len(row) > 1 and not row[-1] for row in split):
        split = [row[:-1] for row in split]
    return [row or [""] for row in split]


def _quoted(line: str, mark: str) -> list[str]:
    """Split a line at a mark that is not within quotes."""
    try:
        return next(csv.reader([line], delimiter=mark), [])
    except csv.Error:  # a cell of over 131 072 characters
        return line.split(mark)


def _blanks(line: str) -> list[str]:
    """Split a line at blanks: at two or more where it has them, else at each."""
    wide = re.split(r"\s{2,}", line.strip())
    if len(wide) > 1:
        return wide
    return re.sub(r"(\d)\s+([ap]\.?m\b\.?)", r"\1\2", line.strip(), flags=re.IGNORECASE).split()


def _is_time(cell: str) -> bool:
    try:
        read_time(cell)
    except ValueError:
        return False
    return True


def _known(names: Sequence[str], stops: Sequence[str]) -> int:
    """Count the names that are those of stops."""
    folded = [stop.casefold() for stop in stops]
    return sum(_place_of(name, folded) is not None for name in names)


def _turned(values: list[list[str]], numbers: list[int]) -> tuple[list[list[str]], list[int]]:
    """Turn rows into columns."""
    width = {len(row) for row in values}
    if len(width) > 1:
        odd = next(k for k, row in enumerate(values) if len(row) != len(values[0]))
        raise RequestError(
            Message(
                "row {row}: {count} times where row {first} has {wanted}; write - where a trip "
                "does not call",
                row=numbers[odd],
                count=len(values[odd]),
                first=numbers[0],
                wanted=len(values[0]),
            )
        )
    return [list(column) for column in zip(*values, strict=True)], [
        number + 2 for number in range(width.pop())
    ]


def _read_rows(
    values: list[list[str]], numbers: list[int], names: list[str] | None, *, by: str
) -> PastedTable:
    """Read every trip's times; those of a trip rise, and trips leave one after another."""
    faults: list[str] = []
    width = len(names) if names is not None else len(values[0])
    rows: list[tuple[int | None, ...]] = []
    for number, cells in zip(numbers, values, strict=True):
        if len(cells) != width:
            faults.append(
                _at(
                    number,
                    Message(
                        "{count} times for {stops} stops; write - where it does not call",
                        count=len(cells),
                        stops=width,
                    ),
                    by,
                )
            )
            continue
        row, said = _read_row(cells)
        faults += [_at(number, fault, by) for fault in said]
        rows.append(row)
    _tell(faults)
    starts = [next(time_s for time_s in row if time_s is not None) for row in rows]
    for rank, (before_s, after_s) in enumerate(pairwise(starts)):
        if after_s <= before_s:
            faults.append(
                _backwards(
                    numbers[rank + 1],
                    _said(after_s),
                    _said(before_s),
                    same=after_s == before_s,
                    by=by,
                )
            )
    _tell(faults)
    return PastedTable(None if names is None else tuple(names), tuple(rows), tuple(numbers))


def _read_row(cells: Sequence[str]) -> tuple[tuple[int | None, ...], list[str]]:
    """Read one trip's times; also say what is wrong with them."""
    times: list[int | None] = []
    faults = []
    for cell in cells:
        if cell.lower() in _NO_CALL:
            times.append(None)
            continue
        try:
            times.append(read_time(cell))
        except ValueError as wrong:
            faults.append(wrong.args[0])
            times.append(None)
    known = [time_s for time_s in times if time_s is not None]
    if faults:
        return tuple(times), faults
    if len(known) < _TWO:
        return tuple(times), [Message("a trip needs times at two stops or more")]
    for before_s, after_s in pairwise(known):
        if after_s <= before_s:
            said = Message(
                "the trip runs backwards: {after} follows {before}",
                after=_said(after_s),
                before=_said(before_s),
            )
            if after_s < 4 * 3600:
                said = Message(
                    "{what}; after midnight write {time}", what=said, time=_said(after_s + 86_400)
                )
            return tuple(times), [said]
    return tuple(times), []


def _in_order_of(table: PastedTable, stops: Sequence[str]) -> PastedTable:
    """Return a table with its columns in the order of the line's stops."""
    if table.stops is None:
        width = len(table.rows[0])
        if width != len(stops):
            raise RequestError(
                Message(
                    "row {row}: {count} times, but the line has {stops} stops ({names}); name the "
                    "stops in the first row",
                    row=table.lines[0],
                    count=width,
                    stops=len(stops),
                    names=", ".join(stops),
                )
            )
        return PastedTable(tuple(stops), table.rows, table.lines)
    folded = [stop.casefold() for stop in stops]
    places = []
    for name in table.stops:
        place = _place_of(name, folded)
        if place is None:
            raise RequestError(
                Message(
                    "row 1: the line has no stop {name!r}; it has {names}",
                    name=name,
                    names=", ".join(stops),
                )
            )
        places.append(place)
    steps = {after > before for before, after in pairwise(places)}
    if len(set(places)) < len(places) or len(steps) > 1:
        raise RequestError(
            Message(
                "row 1: the stops {given} are not in the order of the line: {names}",
                given=", ".join(table.stops),
                names=", ".join(stops),
            )
        )
    rows = []
    for row in table.rows:
        times: list[int | None] = [None] * len(stops)
        for place, time_s in zip(places, row, strict=True):
            times[place] = time_s
        rows.append(tuple(times))
    return PastedTable(tuple(stops), tuple(rows), table.lines)


def _place_of(name: str, folded: list[str]) -> int | None:
    """Return which stop a name means: the same, the only one that holds it, or the nearest."""
    wanted = name.casefold().strip()
    if wanted in folded:
        return folded.index(wanted)
    held = [rank for rank, stop in enumerate(folded) if wanted and wanted in stop]
    if len(held) == 1:
        return held[0]
    near = difflib.get_close_matches(wanted, folded, 1, _ALIKE)
    return folded.index(near[0]) if near else None


def _said(time_s: int) -> str:
    return f"{time_s // 3600:02d}:{time_s // 60 % 60:02d}"


def _at(number: int, reason: str, by: str = "row") -> Message:
    """Return a reason with the row or column it is about."""
    if by == "row":
        return Message("row {row}: {reason}", row=number, reason=reason)
    return Message("column {row}: {reason}", row=number, reason=reason)


def _backwards(number: int, word: str, before: str, *, same: bool, by: str = "row") -> Message:
    if same:
        return _at(number, Message("{time} is there twice", time=word), by)
    reason = Message(
        "departures run backwards, {time} follows {before}; put them in order, and write 24:10 for "
        "ten past midnight",
        time=word,
        before=before,
    )
    return _at(number, reason, by)


def _tell(faults: list[str]) -> None:
    if faults:
        raise RequestError(Message.joined(faults[:20], "\n"))
