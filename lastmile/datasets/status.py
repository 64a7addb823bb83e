"""What every layer would read now, for ``lastmile data status``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lastmile.datasets.bundle import SOURCES_FILE, default_bundle
from lastmile.datasets.user import KINDS, active, kind_folder
from lastmile.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_BUNDLE_PREFIXES = {
    "streets": ("network/",),
    "timetable": ("gtfs/", "timetable/"),
    "bikes": ("bikes/",),
    "places": ("places/",),
    "demand": ("demand/",),
    "parameters": ("parameters.toml",),
}
_CONFIDENCE_ORDER = ("low", "medium", "high")


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
        return _empty_status(kind, "user", kind_folder(known), str(error))
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
