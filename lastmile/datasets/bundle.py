"""The bundle: the shipped folder ``data/``, read only after its hashes are checked."""

from __future__ import annotations

import io
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from lastmile.datasets.hashing import damaged, first_fault, sha256_of
from lastmile.errors import DataError
from lastmile.messages import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCES_FILE = "SOURCES.toml"


class _SourceEntry(BaseModel):
    """One ``[[file]]`` entry of SOURCES.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    title: str
    source: str
    url: tuple[str, ...] = ()
    date: str
    licence: str
    attribution: str
    confidence: Literal["low", "medium", "high"]
    note: str = ""


class _SourcesFile(BaseModel):
    """SOURCES.toml as a whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: tuple[_SourceEntry, ...]
    sha256: dict[str, str]


@dataclass(frozen=True, slots=True)
class Source:
    """Where one file of the bundle comes from.

    Attributes
    ----------
    file
        Path inside ``data/``, with forward slashes.
    group
        The path or pattern of the entry in SOURCES.toml that describes the file.
    title, source, url, date, licence, attribution, confidence, note
        As in SOURCES.toml; ``date`` is the date (or years) the facts are of.
    sha256
        Hash of the file as shipped, in hex.
    """

    file: str
    group: str
    title: str
    source: str
    url: tuple[str, ...]
    date: str
    licence: str
    attribution: str
    confidence: str
    note: str
    sha256: str


@lru_cache(maxsize=4)
def _parse_sources(path: Path, _mtime_ns: int, _ctime_ns: int, _size: int) -> _SourcesFile:
    """Read SOURCES.toml, once while it stays as it is."""
    return _SourcesFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Bundle:
    """The shipped data in one folder."""

    root: Path
    restore: str
    """What brings a damaged file back; ``{file}`` stands for the file."""

    def path(self, relative: str) -> Path:
        """Return the path of a file or folder of the bundle, unchecked."""
        return self.root / relative

    def sources(self) -> tuple[Source, ...]:
        """Return where every file of the bundle comes from, in the order of SOURCES.toml.

        Raises
        ------
        DataError
            SOURCES.toml is missing or not what it should be.
        """
        path = self.path(SOURCES_FILE)
        try:
            stat = path.stat()
            parsed = _parse_sources(path, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size)
        except FileNotFoundError:
            raise DataError(self._fault(SOURCES_FILE, Message("is missing"))) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise DataError(
                self._fault(SOURCES_FILE, Message("cannot be read: {reason}", reason=str(error)))
            ) from error
        except ValidationError as error:
            raise DataError(
                self._fault(
                    SOURCES_FILE, Message("is damaged: {reason}", reason=first_fault(error))
                )
            ) from error
        return tuple(
            Source(
                file=file,
                group=entry.path,
                **entry.model_dump(exclude={"path"}),
                sha256=digest,
            )
            for entry in parsed.file
            for file, digest in parsed.sha256.items()
            if fnmatchcase(file, entry.path)
        )

    def verified_path(self, relative: str) -> Path:
        """Return the path of a bundle file after checking its hash.

        Raises
        ------
        DataError
            The file is missing or damaged, or SOURCES.toml does not know it; the message says
            how to restore it.
        """
        path = self.path(relative)
        expected = next((s.sha256 for s in self.sources() if s.file == relative), None)
        if expected is None:
            raise DataError(
                self._fault(relative, Message("is not named in {file}", file=SOURCES_FILE))
            )
        try:
            found = sha256_of(path)
        except FileNotFoundError:
            raise DataError(self._fault(relative, Message("is missing"))) from None
        except OSError as error:
            raise DataError(
                self._fault(relative, Message("cannot be read: {reason}", reason=error.strerror))
            ) from error
        if found != expected:
            what = damaged(expected, found)
            raise DataError(self._fault(relative, what))
        return path

    def read(self, relative: str) -> bytes:
        """Return the bytes of a bundle file after checking its hash."""
        return self.verified_path(relative).read_bytes()

    def table(
        self, relative: str, *, columns: Sequence[str] = (), text: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Return a CSV table of the bundle.

        Parameters
        ----------
        relative
            Path inside ``data/``.
        columns
            Columns the caller needs.
        text
            Columns to keep as text (``"026"`` stays ``"026"``).

        Raises
        ------
        DataError
            The file is missing or damaged, is no table, or lacks one of the columns.
        """
        content = self.read(relative)
        try:
            table = pd.read_csv(io.BytesIO(content), dtype=dict.fromkeys(text, "str"))
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
            raise DataError(
                self._fault(relative, Message("is not a table: {reason}", reason=str(error)))
            ) from error
        missing = [name for name in columns if name not in table.columns]
        if missing:
            raise DataError(
                self._fault(
                    relative, Message("lacks the columns {columns}", columns=", ".join(missing))
                )
            )
        return table

    def _fault(self, relative: str, what: Message) -> Message:
        return Message(
            "the bundled file {path} {what}; restore it with: {command}",
            path=self.path(relative),
            what=what,
            command=self.restore.format(file=relative),
        )


@lru_cache(maxsize=1)
def default_bundle() -> Bundle:
    """Return the bundle that came with this installation or lies in this checkout."""
    package = Path(str(files("lastmile")))
    installed = package / "data"
    if installed.is_dir():
        return Bundle(installed, "pip install --force-reinstall lastmile")
    return Bundle(package.parent / "data", "git checkout -- data/{file}")


def bundle_path(relative: str) -> Path:
    """Return the path of a file or folder of the bundle, unchecked."""
    return default_bundle().path(relative)


def sources() -> tuple[Source, ...]:
    """Return where every file of the bundle comes from; see :meth:`Bundle.sources`."""
    return default_bundle().sources()


def verified_path(relative: str) -> Path:
    """Return the path of a bundle file, hash checked; see :meth:`Bundle.verified_path`."""
    return default_bundle().verified_path(relative)


def read_bundle(relative: str) -> bytes:
    """Return the bytes of a bundle file, hash checked."""
    return default_bundle().read(relative)


def read_table(
    relative: str, *, columns: Sequence[str] = (), text: Sequence[str] = ()
) -> pd.DataFrame:
    """Return a CSV table of the bundle, hash checked; see :meth:`Bundle.table`."""
    return default_bundle().table(relative, columns=columns, text=text)
