"""The raw files of a GTFS feed, from a folder, a zip or a URL, within bounds.

Nothing is ever unpacked to disk, and nothing is read beyond a limit, whatever a zip's own
directory claims: a feed comes from outside and may be broken or hostile.
"""

from __future__ import annotations

import hashlib
import io
import stat
import time
import zipfile
import zlib
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from lastmile.errors import DataError
from lastmile.messages import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_MEBIBYTE = 1 << 20
_CHUNK = 1 << 16
_ENCRYPTED = 0x1
_NO_ZIP = Message("File is not a zip file")
"""As Python's reader of zip files says it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a feed may ask of this machine.

    Attributes
    ----------
    download_bytes
        Largest file fetched from a URL.
    unpacked_bytes
        Largest total size of the tables, unpacked.
    ratio
        Largest ratio of unpacked to packed size of one table of more than 10 MiB (GTFS tables
        pack about 5 to 40 times).
    members
        Most files in a zip.
    download_s
        Longest download, from the first word to the last byte, s.
    """

    download_bytes: int = 512 * _MEBIBYTE
    unpacked_bytes: int = 4096 * _MEBIBYTE
    ratio: float = 200.0
    members: int = 2000
    download_s: float = 300.0


DEFAULT_LIMITS = Limits()
_RATIO_FREE_BYTES = 10 * _MEBIBYTE


@dataclass(frozen=True, slots=True)
class RawFeed:
    """The bytes of a feed's tables.

    Attributes
    ----------
    source
        Where they came from, as the user named it.
    files
        Table name (``"stops"``) to the bytes of its file.
    digest
        SHA-256 over names and bytes, in hex.
    """

    source: str
    files: dict[str, bytes]
    digest: str

    def where(self, table: str) -> str:
        """Return how a message names one of the files."""
        return f"{self.source}: {table}.txt"


def is_url(source: str | Path) -> bool:
    """Say whether a source is an address rather than a path."""
    return isinstance(source, str) and "://" in source


def open_feed(
    source: str | Path,
    tables: Collection[str],
    *,
    limits: Limits = DEFAULT_LIMITS,
    progress: Callable[[str], None] | None = None,
) -> RawFeed:
    """Read the bytes of the tables wanted.

    Parameters
    ----------
    source
        A folder of ``.txt`` files, a zip of them (at its top or all in one folder), or an
        ``http(s)://`` address of such a zip.
    tables
        Names of the tables to read where they are present; other files are not looked at.
    limits
        Bounds of size and time.
    progress
        Told in words what is under way.

    Raises
    ------
    DataError
        The source cannot be read, is no feed, or goes beyond a limit.
    """
    tell = progress or (lambda _message: None)
    if is_url(source):
        address = str(source)
        tell(f"downloading {address}")
        files = _from_zip(io.BytesIO(download(address, limits)), address, tables, limits)
    else:
        path = Path(source).expanduser()
        tell(f"reading {path}")
        files = _from_path(path, tables, limits)
    return _raw_feed(str(source), files)


def open_feed_bytes(
    content: bytes, name: str, tables: Collection[str], *, limits: Limits = DEFAULT_LIMITS
) -> RawFeed:
    """Read the bytes of the tables wanted from a zip that somebody handed over.

    Parameters
    ----------
    content, name
        The zip, and what its faults call it.
    tables, limits
        As for `open_feed`.

    Raises
    ------
    DataError
        It is no feed, or goes beyond a limit.
    """
    return _raw_feed(name, _from_zip(io.BytesIO(content), name, tables, limits))


def _raw_feed(source: str, files: dict[str, bytes]) -> RawFeed:
    if not files:
        raise DataError(
            Message(
                "{source}: no GTFS table in it (stops.txt, routes.txt, trips.txt, "
                "stop_times.txt, ...); name a GTFS folder, zip or URL",
                source=source,
            )
        )
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return RawFeed(source, files, digest.hexdigest())


def _from_path(path: Path, tables: Collection[str], limits: Limits) -> dict[str, bytes]:
    try:
        if path.is_dir():
            return _from_folder(path, tables, limits)
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise DataError(f"{path}: neither a folder nor a file; name a GTFS folder, zip or URL")
        with path.open("rb") as file:
            return _from_zip(file, str(path), tables, limits)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file or folder") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{str(path)!r}: not a usable path: {error}") from error


def _from_folder(folder: Path, tables: Collection[str], limits: Limits) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    left = limits.unpacked_bytes
    for name in sorted(tables):
        path = folder / f"{name}.txt"
        if not path.exists():
            continue
        if not path.is_file():
            raise DataError(f"{path}: not a plain file")
        if path.stat().st_size > left:
            raise DataError(_too_large(str(folder), limits))
        with path.open("rb") as file:
            content = file.read(left + 1)
        if len(content) > left:
            raise DataError(_too_large(str(folder), limits))
        left -= len(content)
        files[name] = content
    return files


def _from_zip(
    file: io.BufferedReader | io.BytesIO, source: str, tables: Collection[str], limits: Limits
) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(file) as archive:
            members = _table_members(archive, source, tables, limits)
            return _unpack(archive, members, source, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DataError(
            Message(
                "{source}: not a sound zip file: {reason}",
                source=source,
                reason=_NO_ZIP if str(error) == _NO_ZIP else str(error),
            )
        ) from error
    except (NotImplementedError, RuntimeError) as error:
        raise DataError(
            Message(
                "{source}: this zip cannot be unpacked: {reason}", source=source, reason=str(error)
            )
        ) from error


def _table_members(
    archive: zipfile.ZipFile, source: str, tables: Collection[str], limits: Limits
) -> dict[str, zipfile.ZipInfo]:
    """Return the member of every table, after judging all names of the archive."""
    entries = archive.infolist()
    if len(entries) > limits.members:
        raise DataError(
            Message(
                "{source}: {files} files in the zip, more than the {most} allowed",
                source=source,
                files=len(entries),
                most=limits.members,
            )
        )
    folders: dict[PurePosixPath, dict[str, zipfile.ZipInfo]] = {}
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in entry.filename.split("/")[0]:
            raise DataError(
                Message(
                    "{source}: the zip holds {name!r}, a name that points out of it; do not trust "
                    "this file",
                    source=source,
                    name=entry.filename,
                )
            )
        if entry.is_dir() or path.suffix != ".txt" or path.stem not in tables:
            continue
        here = folders.setdefault(path.parent, {})
        if path.stem in here:
            raise DataError(
                Message("{source}: {name} is in the zip twice; keep one", source=source, name=path)
            )
        here[path.stem] = entry
    if PurePosixPath() in folders:
        return folders[PurePosixPath()]
    if len(folders) > 1:
        names = ", ".join(sorted(map(str, folders)))
        raise DataError(
            Message(
                "{source}: several feeds in one zip ({names}); name a zip with one",
                source=source,
                names=names,
            )
        )
    return next(iter(folders.values()), {})


def _unpack(
    archive: zipfile.ZipFile,
    members: dict[str, zipfile.ZipInfo],
    source: str,
    limits: Limits,
) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    left = limits.unpacked_bytes
    for name, entry in members.items():
        if entry.flag_bits & _ENCRYPTED:
            raise DataError(
                Message(
                    "{source}: {name} is encrypted; unpack it first",
                    source=source,
                    name=entry.filename,
                )
            )
        allowed = min(left, max(_RATIO_FREE_BYTES, int(limits.ratio * entry.compress_size)))
        if entry.file_size > allowed:
            raise DataError(_bomb(source, entry, limits, left))
        with archive.open(entry) as member:
            content = member.read(allowed + 1)
        if len(content) > allowed:
            raise DataError(_bomb(source, entry, limits, left))
        left -= len(content)
        files[name] = content
    return files


def _bomb(source: str, entry: zipfile.ZipInfo, limits: Limits, left: int) -> Message:
    if entry.file_size > left:
        return _too_large(source, limits)
    return Message(
        "{source}: {name} unpacks to more than {ratio:g} times its packed size ({size} from "
        "{packed} bytes), which no timetable does; do not trust this file",
        source=source,
        name=entry.filename,
        ratio=limits.ratio,
        size=entry.file_size,
        packed=entry.compress_size,
    )


def _too_large(source: str, limits: Limits) -> Message:
    return Message(
        "{source}: its tables are larger than {most:g} MiB together; cut the feed to the region "
        "first",
        source=source,
        most=limits.unpacked_bytes / _MEBIBYTE,
    )


def download(address: str, limits: Limits) -> bytes:
    """Fetch a file over http or https, bounded in size and in total time.

    Raises
    ------
    DataError
        It cannot be fetched whole within the limits.
    """
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError as error:
        raise DataError(f"{address}: not an address: {error}") from error
    if scheme not in {"http", "https"}:
        raise DataError(f"{address}: only http:// and https:// addresses are fetched")
    request = Request(address, headers={"User-Agent": "lastmile"})  # noqa: S310 - scheme checked
    deadline = time.monotonic() + limits.download_s
    content = bytearray()
    try:
        with urlopen(request, timeout=min(30.0, limits.download_s)) as response:  # noqa: S310
            while chunk := response.read1(_CHUNK):
                content += chunk
                if len(content) > limits.download_bytes:
                    raise DataError(
                        f"{address}: larger than {limits.download_bytes / _MEBIBYTE:g} MiB; "
                        "download it and cut it to the region first"
                    )
                if time.monotonic() > deadline:
                    raise DataError(
                        f"{address}: not done after {limits.download_s:g} s; "
                        "try again, or download it and name the file"
                    )
            announced = response.headers.get("Content-Length")
    except (URLError, HTTPException, TimeoutError, OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        reason = getattr(error, "reason", None) or error
        raise DataError(f"{address}: cannot be fetched: {reason}") from error
    if announced and announced.isdigit() and len(content) < int(announced):
        raise DataError(
            f"{address}: the connection broke after {len(content)} of {announced} bytes; try again"
        )
    return bytes(content)
