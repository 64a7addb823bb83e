"""Hashes of files, and faults of what is read from them."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from lastmile.messages import Message

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import ValidationError


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex, remembered while the file stays as it is."""
    stat = path.stat()
    return _sha256_while(path, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _sha256_while(path: Path, _mtime_ns: int, _ctime_ns: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def damaged(expected: str, found: str) -> Message:
    """Return that a file is not the one whose SHA-256 is known."""
    return Message(
        "is damaged (SHA-256 {expected}... expected, {found}... found)",
        expected=expected[:12],
        found=found[:12],
    )


def first_fault(error: ValidationError) -> str:
    """Return where and what the first fault of a validation is."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    return f"{where}: {first['msg']}"
