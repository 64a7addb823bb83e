"""GTFS tables as text columns that still know the line each row came from."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from lastmile.errors import DataError
from lastmile.messages import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lastmile.transit.archive import RawFeed

    Mask = NDArray[np.bool_]

_TEXT = pd.StringDtype(na_value=np.nan)
_BOM = b"\xef\xbb\xbf"
_BLOCK_BYTES = 1 << 25
_LONGEST_HEADER = 1 << 16
_TIME = r"^\s*(?P<h>\d{1,3}):(?P<m>[0-5]\d):(?P<s>[0-5]\d)\s*$"
_DATE = r"^\s*\d{8}\s*$"
UNKNOWN_TIME = np.int32(-(2**31))
"""Stands in an array of times for "no time given"."""


@dataclass(frozen=True, slots=True)
class FeedWarning:
    """Something of a feed that was left out or read with a grain of salt.

    Attributes
    ----------
    file
        Name of the file, ``"stops.txt"``.
    line
        Line of the first case; 0 where the file as a whole is meant.
    count
        How many cases.
    what
        What was wrong and what was done about it.
    """

    file: str
    line: int
    count: int
    what: str

    def __str__(self) -> str:
        """Return the warning as a sentence."""
        return str(self.said())

    def said(self) -> Message:
        """Return the warning as a sentence that can be said in another language."""
        facts = {"file": self.file, "count": self.count, "what": self.what, "line": self.line}
        if not self.line:
            return Message("{file}: {count} {what}", **facts)
        if self.count > 1:
            return Message("{file}: {count} {what} (the first on line {line})", **facts)
        return Message("{file}: {count} {what} (line {line})", **facts)


@dataclass(eq=False)
class RawTable:
    """One table as it stands in the file: every column text, empty cells null.

    Attributes
    ----------
    name
        Name without the suffix.
    where
        How messages name the file.
    data
        The bytes of the file, kept to find lines.
    columns
        Text columns by name; only those known to this reader.
    record
        For every row its record number in the file, the heading being 0.
    warnings
        What was found wrong so far.
    """

    name: str
    where: str
    data: bytes
    columns: dict[str, pa.ChunkedArray]
    record: NDArray[np.int64]
    warnings: list[FeedWarning] = field(default_factory=list)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.record)

    def __contains__(self, column: str) -> bool:
        """Say whether the file has a column."""
        return column in self.columns

    def line(self, row: int) -> int:
        """Return the line of the file on which a row begins."""
        return line_of_record(self.data, int(self.record[row]))

    def fault(self, row: int, what: str) -> DataError:
        """Return an error that names the file and the line of a row."""
        return DataError(
            Message("{file}, line {line}: {what}", file=self.where, line=self.line(row), what=what)
        )

    def warn(self, bad: Mask, what: str) -> None:
        """Count the rows marked in a warning, when there are any."""
        count = int(np.count_nonzero(bad))
        if count:
            self.warn_from(int(np.argmax(bad)), count, what)

    def warn_from(self, row: int, count: int, what: str) -> None:
        """Add a warning over ``count`` cases, the first of them on ``row``."""
        self.warnings.append(FeedWarning(f"{self.name}.txt", self.line(row), count, what))

    def keep(self, good: Mask) -> None:
        """Leave out the rows that are not marked."""
        if good.all():
            return
        keep = pa.array(good)
        self.columns = {name: column.filter(keep) for name, column in self.columns.items()}
        self.record = self.record[good]

    def drop(self, bad: Mask, what: str) -> None:
        """Leave out the rows marked and count them in a warning."""
        self.warn(bad, what)
        self.keep(~bad)

    def text(self, name: str, default: str = "") -> pd.Series[str]:
        """Return a column as text; ``default`` where it is empty or absent."""
        column = self.columns.get(name)
        if column is None:
            return pd.Series(np.full(len(self), default, dtype=object), dtype="str")
        filled = pc.fill_null(pc.utf8_trim_whitespace(column), default)
        words: pd.Series[str] = filled.to_pandas(types_mapper={pa.string(): _TEXT}.get)
        return words

    def repeats(self, name: str) -> Mask:
        """Mark the rows whose key stands on an earlier row already."""
        encoded = pc.utf8_trim_whitespace(self.columns[name]).dictionary_encode()
        # Codes are given in order of first appearance, so a new one is above all before it.
        codes = np.asarray(encoded.combine_chunks().indices)
        highest = np.maximum.accumulate(np.concatenate([[-1], codes]))[:-1]
        return np.asarray(codes <= highest)

    def is_empty(self, name: str) -> Mask:
        """Mark the rows where a column is empty or blank."""
        column = self.columns.get(name)
        if column is None:
            return np.ones(len(self), dtype=np.bool_)
        blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(column)), 0)
        return np.asarray(pc.fill_null(blank, fill_value=True).combine_chunks())

    def number(self, name: str) -> NDArray[np.float64]:
        """Return a column of numbers; nan where it is empty, absent or no finite number."""
        column = self.columns.get(name)
        if column is None:
            return np.full(len(self), np.nan)
        encoded = column.dictionary_encode().combine_chunks()
        words = encoded.dictionary.to_pandas()
        values = pd.to_numeric(words, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        values = np.where(np.isfinite(values), values, np.nan)
        return _take(values, encoded.indices, np.nan)

    def choice(self, name: str, allowed: Sequence[int], default: int) -> NDArray[np.int8]:
        """Return a column of small codes; unknown codes count as ``default``, with a warning."""
        values = self.number(name)
        odd = ~self.is_empty(name) & ~np.isin(values, allowed)
        self.warn(odd, f"values of {name} that GTFS does not know, read as {default}")
        return np.where(np.isin(values, allowed), values, default).astype(np.int8)

    def time_s(self, name: str) -> tuple[NDArray[np.int32], Mask]:
        """Return a column of ``H:MM:SS`` times, s after midnight, and where it is malformed.

        Empty cells are :data:`UNKNOWN_TIME`; malformed ones too, and marked.
        """
        column = self.columns.get(name)
        if column is None:
            return np.full(len(self), UNKNOWN_TIME), np.zeros(len(self), dtype=np.bool_)
        encoded = column.dictionary_encode().combine_chunks()
        parts = encoded.dictionary.to_pandas().astype("str").str.extract(_TIME)
        numbers = parts.apply(pd.to_numeric).to_numpy(np.float64)
        seconds = numbers @ np.array([3600.0, 60.0, 1.0])
        known = np.isfinite(seconds)
        values = np.where(known, np.where(known, seconds, 0), UNKNOWN_TIME).astype(np.int32)
        times = _take(values, encoded.indices, UNKNOWN_TIME)
        return times, (times == UNKNOWN_TIME) & ~self.is_empty(name)

    def date(self, name: str) -> tuple[NDArray[np.datetime64], Mask]:
        """Return a column of ``YYYYMMDD`` dates and where it holds no date (NaT there)."""
        words = self.text(name)
        shaped = words.where(words.str.match(_DATE))
        days = pd.to_datetime(shaped, format="%Y%m%d", errors="coerce")
        values = days.to_numpy().astype("datetime64[D]")
        return values, np.isnat(values)

    def rows_of(self, name: str, known: pd.Series[str]) -> NDArray[np.int32]:
        """Return, for every row, the position of its key in ``known``; -1 where unknown."""
        column = self.columns.get(name)
        if column is None:
            return np.full(len(self), -1, dtype=np.int32)
        keys = pa.array(known.to_numpy(object), type=pa.string())
        found = pc.index_in(pc.utf8_trim_whitespace(column), value_set=keys)
        return np.asarray(pc.fill_null(found, -1).combine_chunks(), dtype=np.int32)


def read_table(raw: RawFeed, name: str, known: Sequence[str]) -> RawTable | None:
    """Read one table of a feed.

    Parameters
    ----------
    raw
        The bytes.
    name
        Name of the table.
    known
        Columns to read; others are passed over.

    Returns
    -------
    RawTable or None
        ``None`` where the feed has no such file. Rows with too few or too many fields are left
        out and counted.

    Raises
    ------
    DataError
        The file is no CSV table in UTF-8.
    """
    data = raw.files.get(name)
    if data is None:
        return None
    where = raw.where(name)
    header = _header(data, where)
    wanted = [column for column in header if column in known]
    if data.count(b'"') % 2:
        raise _unreadable(data, where, Message("a quotation mark is never closed"))
    if b"\n" not in data and b"\r" not in data:
        data += b"\n"
    bad_records: list[int] = []

    def pass_over(row: Any) -> str:  # noqa: ANN401 - pyarrow's InvalidRow is not public
        bad_records.append(row.number - 1)
        return "skip"

    try:
        table = pa_csv.read_csv(
            io.BytesIO(data),
            read_options=pa_csv.ReadOptions(
                use_threads=False, block_size=_BLOCK_BYTES, column_names=header, skip_rows=1
            ),
            parse_options=pa_csv.ParseOptions(
                newlines_in_values=b'"' in data, invalid_row_handler=pass_over
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                include_columns=wanted,
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid as error:
        raise _unreadable(data, where, str(error)) from error
    total = table.num_rows + len(bad_records)
    is_bad = np.zeros(total + 1, dtype=np.bool_)
    is_bad[bad_records] = True
    record = np.flatnonzero(~is_bad)[1:]
    read = RawTable(name, where, data, {c: table[c] for c in wanted}, record)
    if bad_records:
        line = line_of_record(data, bad_records[0])
        what = Message("rows with more or fewer fields than the heading, left out")
        read.warnings.append(FeedWarning(f"{name}.txt", line, len(bad_records), what))
    return read


def require(table: RawTable, columns: Sequence[str]) -> None:
    """Refuse a table that lacks columns.

    Raises
    ------
    DataError
        Names all that are missing.
    """
    missing = [column for column in columns if column not in table]
    if missing:
        raise DataError(
            Message(
                "{file}, line 1: the column {columns} is missing",
                file=table.where,
                columns=", ".join(missing),
            )
        )


def line_of_record(data: bytes, record: int) -> int:
    """Return the line on which a record of a CSV file begins.

    Parameters
    ----------
    data
        The file.
    record
        Number of the record; blank lines do not count, the heading is 0.

    Returns
    -------
    int
        The first line is 1.
    """
    if not any(mark in data for mark in (b'"', b"\n\n", b"\n\r", b"\r\r")):
        return record + 1
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", errors="replace", newline="")
    reader = csv.reader(text)
    begun, found = 0, -1
    try:
        for fields in reader:
            if fields:
                found += 1
            if found == record:
                return begun + 1
            begun = reader.line_num
    except csv.Error:
        return begun + 1
    return begun


def _header(data: bytes, where: str) -> list[str]:
    line = data.removeprefix(_BOM)[:_LONGEST_HEADER].splitlines()[:1]
    if not line or not line[0].strip():
        raise DataError(Message("{file}, line 1: the file has no heading", file=where))
    try:
        names = next(csv.reader([line[0].decode("utf-8")]))
    except UnicodeDecodeError as error:
        raise DataError(
            Message("{file}, line 1: not UTF-8 text ({reason})", file=where, reason=error.reason)
        ) from error
    names = [name.strip() for name in names]
    twice = sorted({name for name in names if names.count(name) > 1 and name})
    if twice:
        raise DataError(
            Message(
                "{file}, line 1: the column {columns} is there twice",
                file=where,
                columns=", ".join(twice),
            )
        )
    return [name or f"unnamed {position}" for position, name in enumerate(names)]


def _unreadable(data: bytes, where: str, error: str) -> DataError:
    """Say what is wrong with a file that is no CSV table, and where."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as encoding:
        line = data.count(b"\n", 0, encoding.start) + 1
        return DataError(
            Message(
                "{file}, line {line}: not UTF-8 text (byte {byte}); save the file as UTF-8",
                file=where,
                line=line,
                byte=f"{data[encoding.start]:#04x}",
            )
        )
    reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
    begun = 1
    try:
        for _fields in reader:
            begun = reader.line_num + 1
    except csv.Error as fault:
        return DataError(
            Message(
                "{file}, line {line}: not a CSV record ({reason})",
                file=where,
                line=begun,
                reason=str(fault),
            )
        )
    return DataError(
        Message(
            "{file}, line {line}: not a CSV table: {reason}", file=where, line=begun, reason=error
        )
    )


def _take(values: NDArray[Any], indices: pa.Array, missing: object) -> NDArray[Any]:
    """Return ``values[indices]`` with ``missing`` where an index is null."""
    where = np.asarray(pc.fill_null(indices, len(values)))
    padded = np.append(values, np.asarray([missing], dtype=values.dtype))
    return np.asarray(padded[where])
