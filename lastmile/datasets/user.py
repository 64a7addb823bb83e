"""Data sets the user built: versioned, hashed, in force as a whole or not at all.

A data set lies in ``<user data folder>/<kind>/<version>/`` with a ``manifest.json``; the file
``<kind>/CURRENT`` names the version in force. It is written last and in one step, so a build that
dies at any moment leaves the old data set in force.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lastmile.datasets.hashing import damaged, first_fault, sha256_of
from lastmile.errors import DataError
from lastmile.messages import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DATA_DIR_VARIABLE = "LASTMILE_DATA_DIR"
VERSIONS_KEPT = 2

DatasetKind = Literal["streets", "timetable", "bikes"]
KINDS: tuple[DatasetKind, ...] = get_args(DatasetKind)

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
            raise DataError(_broken(self.kind, path, Message("is not part of the data set")))
        try:
            found = sha256_of(path)
        except OSError as error:
            raise DataError(
                _broken(self.kind, path, Message("cannot be read: {reason}", reason=error.strerror))
            ) from error
        if found != expected:
            what = damaged(expected, found)
            raise DataError(_broken(self.kind, path, what))
        return path


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
    pointer = kind_folder(kind) / "CURRENT"
    try:
        version = pointer.read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            _broken(kind, pointer, Message("cannot be read: {reason}", reason=str(error)))
        ) from error
    if not version or version.startswith(".") or "/" in version or "\x00" in version:
        raise DataError(_broken(kind, pointer, Message("names no version")))
    folder = pointer.parent / version
    manifest = folder / "manifest.json"
    try:
        facts = Manifest.model_validate_json(manifest.read_bytes())
    except OSError as error:
        raise DataError(
            _broken(kind, manifest, Message("cannot be read: {reason}", reason=error.strerror))
        ) from error
    except ValidationError as error:
        raise DataError(
            _broken(kind, manifest, Message("is damaged: {reason}", reason=first_fault(error)))
        ) from error
    if facts.kind != kind or facts.version != version:
        raise DataError(
            _broken(
                kind,
                manifest,
                Message("is of {kind} {version}", kind=facts.kind, version=facts.version),
            )
        )
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
    folder = kind_folder(kind)
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
                # Renamed first: what a crash leaves of it is litter for the next build to clear.
                shutil.rmtree(outdated.rename(folder / f"{_BUILDING_PREFIX}{outdated.name}"))
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
    folder = kind_folder(kind)
    if not folder.is_dir():
        return False
    with _writing(folder), _exclusive(kind, folder):
        (folder / "CURRENT").unlink(missing_ok=True)
        shutil.rmtree(folder)
    return True


def kind_folder(kind: DatasetKind) -> Path:
    """Return the folder that holds the versions of a kind, whether it exists or not."""
    if kind not in KINDS:
        message = f"unknown kind of data set: {kind!r} (one of {', '.join(KINDS)})"
        raise DataError(message)
    return user_data_dir() / kind


def _broken(kind: str, path: Path, what: Message) -> Message:
    return Message(
        "{path} {what}; go back to the bundled data with: lastmile data reset {kind}, or build the "
        "data set again with: lastmile data build",
        path=path,
        what=what,
        kind=kind,
    )


def _finish(kind: DatasetKind, folder: Path, facts: Mapping[str, Any]) -> Manifest:
    """Hash what was built and write its manifest."""
    digests = {
        path.relative_to(folder).as_posix(): sha256_of(path)
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
