"""Where data comes from: the bundle that is shipped, and data sets the user built.

The bundle is the folder ``data/``; ``data/SOURCES.toml`` names for every file its source, date,
licence, confidence and SHA-256. Nothing is read from it before its hash is checked.

A user's data set lies in ``<user data folder>/<kind>/<version>/`` with a ``manifest.json``; the
file ``<kind>/CURRENT`` names the version in force. It is written last and in one step, so a build
that dies at any moment leaves the old data set in force.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import json
import os
import shutil
import tempfile
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import pandas as pd
import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lastmile.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

SOURCES_FILE = "SOURCES.toml"
DATA_DIR_VARIABLE = "LASTMILE_DATA_DIR"
VERSIONS_KEPT = 2

DatasetKind = Literal["streets", "timetable", "bikes"]
KINDS: tuple[DatasetKind, ...] = get_args(DatasetKind)

_BUNDLE_PREFIXES = {
    "streets": ("network/",),
    "timetable": ("gtfs/", "timetable/"),
    "bikes": ("bikes/",),
    "places": ("places/",),
    "demand": ("demand/",),
    "parameters": ("parameters.toml",),
}
_CONFIDENCE_ORDER = ("low", "medium", "high")
_BUILDING_PREFIX = ".building-"
_WRITING_PREFIX = ".writing-"
_REFUSALS = frozenset(
    {
        errno.EACCES,
        errno.EDQUOT,
        errno.EEXIST,
        errno.EISDIR,
        errno.ENOSPC,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    }
)
"""What the system answers when a folder cannot be written: no right, no room, no folder."""


# --- the bundle ---------------------------------------------------------------------------------


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
            raise DataError(self._fault(SOURCES_FILE, "is missing")) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise DataError(self._fault(SOURCES_FILE, f"cannot be read: {error}")) from error
        except ValidationError as error:
            raise DataError(
                self._fault(SOURCES_FILE, f"is damaged: {_first_fault(error)}")
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
            raise DataError(self._fault(relative, f"is not named in {SOURCES_FILE}"))
        try:
            found = _sha256(path)
        except FileNotFoundError:
            raise DataError(self._fault(relative, "is missing")) from None
        except OSError as error:
            raise DataError(self._fault(relative, f"cannot be read: {error.strerror}")) from error
        if found != expected:
            what = f"is damaged (SHA-256 {expected[:12]}... expected, {found[:12]}... found)"
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
            raise DataError(self._fault(relative, f"is not a table: {error}")) from error
        missing = [name for name in columns if name not in table.columns]
        if missing:
            raise DataError(self._fault(relative, f"lacks the columns {', '.join(missing)}"))
        return table

    def _fault(self, relative: str, what: str) -> str:
        restore = self.restore.format(file=relative)
        return f"the bundled file {self.path(relative)} {what}; restore it with: {restore}"


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


# --- data sets the user built -------------------------------------------------------------------


class Manifest(BaseModel):
    """What stands in the ``manifest.json`` of a user's data set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: DatasetKind
    version: str
    title: str
    source: str
    date: str = ""
    built_at: datetime
    licence: str
    attribution: str
    stats: dict[str, int | float | str] = Field(default_factory=dict)
    sha256: dict[str, str]


@dataclass(frozen=True, slots=True)
class UserDataset:
    """A data set the user built, in force."""

    folder: Path
    manifest: Manifest

    @property
    def kind(self) -> DatasetKind:
        """What the data set is of."""
        return self.manifest.kind

    @property
    def version(self) -> str:
        """When it was built and the start of its hash; sorts by time."""
        return self.manifest.version

    def verified_path(self, relative: str) -> Path:
        """Return the path of one of its files after checking the hash.

        Raises
        ------
        DataError
            The file is missing, damaged or not part of the data set.
        """
        path = self.folder / relative
        expected = self.manifest.sha256.get(relative)
        if expected is None:
            raise DataError(_broken(self.kind, path, "is not part of the data set"))
        try:
            found = _sha256(path)
        except OSError as error:
            raise DataError(
                _broken(self.kind, path, f"cannot be read: {error.strerror}")
            ) from error
        if found != expected:
            what = f"is damaged (SHA-256 {expected[:12]}... expected, {found[:12]}... found)"
            raise DataError(_broken(self.kind, path, what))
        return path


@dataclass(frozen=True, slots=True)
class DatasetStatus:
    """One line of ``lastmile data status``."""

    kind: str
    origin: Literal["bundle", "user"]
    version: str
    title: str
    source: str
    date: str
    licence: str
    attribution: str
    confidence: str
    folder: Path
    file_count: int
    size_bytes: int
    stats: Mapping[str, int | float | str]
    problem: str | None
    """What is wrong with the data set, or ``None``."""


def user_data_dir() -> Path:
    """Return the folder for the user's data sets: ``$LASTMILE_DATA_DIR`` or the system's place."""
    chosen = os.environ.get(DATA_DIR_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().resolve()
    return platformdirs.user_data_path("lastmile", appauthor=False)


def active(kind: DatasetKind) -> UserDataset | None:
    """Return the user's data set of a kind that is in force, or ``None``: then the bundle holds.

    Raises
    ------
    DataError
        ``CURRENT`` or the manifest is damaged; the message says how to go back to the bundle.
    """
    pointer = _kind_folder(kind) / "CURRENT"
    try:
        version = pointer.read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(_broken(kind, pointer, f"cannot be read: {error}")) from error
    if not version or version.startswith(".") or "/" in version or "\x00" in version:
        raise DataError(_broken(kind, pointer, "names no version"))
    folder = pointer.parent / version
    manifest = folder / "manifest.json"
    try:
        facts = Manifest.model_validate_json(manifest.read_bytes())
    except OSError as error:
        raise DataError(_broken(kind, manifest, f"cannot be read: {error.strerror}")) from error
    except ValidationError as error:
        raise DataError(_broken(kind, manifest, f"is damaged: {_first_fault(error)}")) from error
    if facts.kind != kind or facts.version != version:
        raise DataError(_broken(kind, manifest, f"is of {facts.kind} {facts.version}"))
    return UserDataset(folder, facts)


def install_dataset(
    kind: DatasetKind, build: Callable[[Path], Mapping[str, object]]
) -> UserDataset:
    """Build a data set and put it in force.

    Parameters
    ----------
    kind
        What the data set is of.
    build
        Writes the files of the data set into the empty folder it is given and returns their
        facts: ``title``, ``source``, ``licence``, ``attribution``, and, where there are any,
        ``date`` and ``stats``.

    Returns
    -------
    UserDataset
        The new data set. The one before it is kept, older ones are removed.

    Raises
    ------
    DataError
        The folder cannot be written, another build of the kind is under way, or ``build``
        raised it. The data set in force stays in force.
    """
    folder = _kind_folder(kind)
    with _writing(folder), _exclusive(kind, folder):
        for leftover in folder.glob(f"{_BUILDING_PREFIX}*"):
            shutil.rmtree(leftover)
        for leftover in folder.glob(f"{_WRITING_PREFIX}*"):
            leftover.unlink()
        workshop = Path(tempfile.mkdtemp(prefix=_BUILDING_PREFIX, dir=folder))
        try:
            manifest = _finish(kind, workshop, build(workshop))
            finished = workshop.rename(folder / manifest.version)
        except BaseException:
            shutil.rmtree(workshop, ignore_errors=True)
            raise
        _write_durably(folder / "CURRENT", f"{manifest.version}\n".encode())
        versions = sorted(
            entry for entry in folder.iterdir() if (entry / "manifest.json").is_file()
        )
        for outdated in versions[:-VERSIONS_KEPT]:
            if outdated != finished:
                shutil.rmtree(outdated)
    return UserDataset(finished, manifest)


def remove(kind: DatasetKind) -> bool:
    """Remove the user's data sets of a kind, so that the bundle holds again.

    Returns
    -------
    bool
        Whether there was anything to remove.

    Raises
    ------
    DataError
        The folder cannot be written.
    """
    folder = _kind_folder(kind)
    if not folder.is_dir():
        return False
    with _writing(folder), _exclusive(kind, folder):
        (folder / "CURRENT").unlink(missing_ok=True)
        shutil.rmtree(folder)
    return True


def status() -> list[DatasetStatus]:
    """Return what every layer would read now: the user's data set or the bundle.

    A damaged data set is part of the answer, with its fault in ``problem``.
    """
    return [_user_status(kind) or _bundle_status(kind) for kind in _BUNDLE_PREFIXES]


def _user_status(kind: str) -> DatasetStatus | None:
    known = next((k for k in KINDS if k == kind), None)
    if known is None:
        return None
    try:
        dataset = active(known)
    except DataError as error:
        return _empty_status(kind, "user", _kind_folder(known), str(error))
    if dataset is None:
        return None
    facts = dataset.manifest
    problem = _first_problem(dataset.verified_path, facts.sha256)
    return DatasetStatus(
        kind=kind,
        origin="user",
        version=facts.version,
        title=facts.title,
        source=facts.source,
        date=facts.date or facts.built_at.date().isoformat(),
        licence=facts.licence,
        attribution=facts.attribution,
        confidence="",
        folder=dataset.folder,
        file_count=len(facts.sha256),
        size_bytes=_total_size(dataset.folder / file for file in facts.sha256),
        stats=facts.stats,
        problem=problem,
    )


def _bundle_status(kind: str) -> DatasetStatus:
    bundle = default_bundle()
    prefixes = _BUNDLE_PREFIXES[kind]
    folder = bundle.path(prefixes[0])
    try:
        own = [source for source in bundle.sources() if source.file.startswith(prefixes)]
    except DataError as error:
        return _empty_status(kind, "bundle", folder, str(error))
    if not own:
        return _empty_status(kind, "bundle", folder, f"{SOURCES_FILE} names no file of {kind}")
    digest = hashlib.sha256("".join(s.file + s.sha256 for s in own).encode()).hexdigest()

    def joined(values: Iterator[str]) -> str:
        return "; ".join(dict.fromkeys(value for value in values if value))

    return DatasetStatus(
        kind=kind,
        origin="bundle",
        version=digest[:12],
        title=joined(s.title for s in own),
        source=joined(s.source for s in own),
        date=joined(s.date for s in own),
        licence=joined(s.licence for s in own),
        attribution=joined(s.attribution for s in own),
        confidence=min((s.confidence for s in own), key=_CONFIDENCE_ORDER.index),
        folder=folder,
        file_count=len(own),
        size_bytes=_total_size(bundle.path(s.file) for s in own),
        stats={},
        problem=_first_problem(bundle.verified_path, [s.file for s in own]),
    )


def _empty_status(
    kind: str, origin: Literal["bundle", "user"], folder: Path, problem: str
) -> DatasetStatus:
    return DatasetStatus(
        kind=kind,
        origin=origin,
        version="",
        title="",
        source="",
        date="",
        licence="",
        attribution="",
        confidence="",
        folder=folder,
        file_count=0,
        size_bytes=0,
        stats={},
        problem=problem,
    )


def _first_problem(
    check: Callable[[str], Path], names: Mapping[str, str] | list[str]
) -> str | None:
    for name in names:
        try:
            check(name)
        except DataError as error:
            return str(error)
    return None


def _total_size(paths: Iterator[Path]) -> int:
    return sum(path.stat().st_size for path in paths if path.is_file())


def _kind_folder(kind: DatasetKind) -> Path:
    if kind not in KINDS:
        message = f"unknown kind of data set: {kind!r} (one of {', '.join(KINDS)})"
        raise DataError(message)
    return user_data_dir() / kind


def _broken(kind: str, path: Path, what: str) -> str:
    return (
        f"{path} {what}; go back to the bundled data with: lastmile data reset {kind}, "
        "or build the data set again with: lastmile data build"
    )


def _finish(kind: DatasetKind, folder: Path, facts: Mapping[str, Any]) -> Manifest:
    """Hash what was built and write its manifest."""
    digests = {
        path.relative_to(folder).as_posix(): _sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    if not digests:
        message = f"the build of {kind} made no file"
        raise DataError(message)
    now = datetime.now(tz=UTC)
    digest = hashlib.sha256(json.dumps(digests).encode()).hexdigest()
    manifest = Manifest(
        kind=kind,
        version=f"{now:%Y%m%dT%H%M%S%fZ}-{digest[:8]}",
        built_at=now,
        sha256=digests,
        **facts,
    )
    _write_durably(folder / "manifest.json", manifest.model_dump_json(indent=2).encode())
    return manifest


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Make the folder, and say plainly when the system refuses to write there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        message = (
            f"cannot write to the data folder {folder}: {error.strerror} "
            f"({error.filename or folder}); make room or give the right to write there, "
            f"or set {DATA_DIR_VARIABLE} to another folder"
        )
        raise DataError(message) from error


@contextmanager
def _exclusive(kind: str, folder: Path) -> Iterator[None]:
    """Hold the right to build; the system takes it back from a process that dies."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another build of {kind} is under way in {folder}; wait for it to end"
            raise DataError(message) from None
        yield


def _write_durably(path: Path, content: bytes) -> None:
    """Write a file in one step: after a crash it is the old one or the new one."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=_WRITING_PREFIX, delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)


def _sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hex, remembered while the file stays as it is."""
    stat = path.stat()
    return _sha256_of(path, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _sha256_of(path: Path, _mtime_ns: int, _ctime_ns: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _first_fault(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    return f"{where}: {first['msg']}"
