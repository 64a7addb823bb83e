"""Runs on disk: what was simulated once is never simulated again, and nothing is half-there.

A run is one scenario with one root seed. Its folder is named by the hash of everything that
decides its numbers: the scenario, the base it is measured against, data, parameters, code and
seed. In the folder lie

``manifest.json``
    all of that in full, enough to repeat the run;
``parts/<first>-<last>-<hash>/``
    finished replications as Parquet tables, `figures` (one row a key figure) and whatever tables
    the trial gives besides, each with the column ``replication``.

A part is written under another name, brought to the disk and then renamed. So a run holds the
replications it holds, whole, at any moment, and whoever needs more adds a part.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lastmile import __version__
from lastmile.datasets import (
    DATA_DIR_VARIABLE,
    KINDS,
    SOURCES_FILE,
    active,
    bundle_path,
    user_data_dir,
)
from lastmile.errors import ExperimentError, RequestError
from lastmile.messages import Message
from simulation.trial import Outcome, Record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from simulation.trial import Table

FIGURES: Final = "figures"
"""The table of key figures: ``replication``, ``kpi``, ``value``."""

_MANIFEST: Final = "manifest.json"
_PARTS: Final = "parts"
_LOCK: Final = ".lock"
_WRITING: Final = ".writing-"
_DAMAGED: Final = ".damaged-"
_PART_NAME: Final = re.compile(r"(\d+)-(\d+)-[0-9a-f]{8}")
_ID_LENGTH: Final = 20
_PARTS_WORTH_JOINING: Final = 4
_READ_AGAIN: Final = 5
_REFUSALS: Final = frozenset(
    {
        errno.EACCES,
        errno.EDQUOT,
        errno.EFBIG,
        errno.ENOSPC,
        errno.ENOTDIR,
        errno.EEXIST,
        errno.EPERM,
        errno.EROFS,
    }
)
"""What the system answers when a folder cannot be written: no right, no room, no folder."""

_CODE: Final = {"lastmile": ("", "network", "transit", "planner"), "scenarios": ("",)}
_LIBRARIES: Final = ("numpy", "scipy", "simpy")


@cache
def code_version() -> str:
    """Return what of the program decides a run's numbers: its release and a hash of its source.

    The source of the simulation, the planner and the scenarios, and the releases of the
    libraries that draw and count; pages and commands do not count.
    """
    digest = hashlib.sha256()
    folders = {**_CODE, "simulation": ("",)}
    for package, parts in sorted(folders.items()):
        root = resources.files(package)
        for part in parts:
            folder = root.joinpath(part) if part else root
            for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
                if entry.name.endswith(".py") and entry.name not in _SAYS_ONLY:
                    digest.update(f"{package}/{part}/{entry.name}\n".encode())
                    digest.update(entry.read_bytes())
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    return f"{__version__}+{digest.hexdigest()[:12]}"


_SAYS_ONLY: Final = frozenset(
    {
        "charts.py",
        "cli.py",
        "cluster.py",
        "executor.py",
        "experiment.py",
        "exports.py",
        "report.py",
        "report_texts.py",
        "sampling.py",
        "search.py",
        "statistics.py",
        "store.py",
        "verdict.py",
        "worker.py",
    }
)
"""Modules that arrange, keep or tell the numbers of a replication and do not make them."""


def data_digest() -> str:
    """Return a hash of all data: the bundle's list of sources and the user's own data sets."""
    said = [hashlib.sha256(bundle_path(SOURCES_FILE).read_bytes()).hexdigest()]
    for kind in KINDS:
        own = active(kind)
        if own is not None:
            said.append(f"{kind} {own.version} {sorted(own.manifest.sha256.items())}")
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class RunKey:
    """Everything that decides a run's numbers.

    Attributes
    ----------
    scenario
        Digest of the scenario, its parameters included.
    base
        Digest of the scenario it is measured against; empty for a base.
    data
        Digest of the bundle and of the data sets the user built.
    code
        `code_version`.
    seed
        Root seed.
    """

    scenario: str
    base: str
    data: str
    code: str
    seed: int

    @property
    def id(self) -> str:
        """The name of the run's folder."""
        said = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:_ID_LENGTH]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What stands in a run's ``manifest.json``.

    Attributes
    ----------
    key
        What decides the numbers.
    name
        The scenario's name.
    created_at
        When the run was begun, ISO 8601, UTC.
    about
        Everything needed to repeat and to tell it: the scenario in full, that of the base,
        entrances, zones and lines with their places, units, parameters with their ranges.
    python
        The Python it was begun with.
    """

    key: RunKey
    name: str
    created_at: str
    about: Mapping[str, Any]
    python: str

    def to_json(self) -> dict[str, Any]:
        """Return plain tables, as written."""
        return {"id": self.key.id, **asdict(self)}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Manifest:
        """Read what `to_json` wrote.

        Raises
        ------
        KeyError, TypeError
            If something is missing or of another kind.
        """
        return cls(
            key=RunKey(**said["key"]),
            name=str(said["name"]),
            created_at=str(said["created_at"]),
            about=dict(said["about"]),
            python=str(said["python"]),
        )


@dataclass(frozen=True, slots=True)
class Run:
    """One run's folder."""

    folder: Path
    manifest: Manifest

    @property
    def id(self) -> str:
        """Its name."""
        return self.folder.name

    @property
    def size_bytes(self) -> int:
        """Room it takes on the disk."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def replications(self) -> set[int]:
        """Return which replications it holds."""
        held: set[int] = set()
        for part in self._parts():
            held.update(part.replications)
        return held

    def add(self, records: Sequence[Record]) -> None:
        """Add finished replications; failed ones are left out, to be tried again.

        Raises
        ------
        ExperimentError
            If the disk is full or the store may not be written. What it held, it holds.
        """
        done = [record for record in records if record.outcome is not None]
        if not done:
            return
        replications = [record.replication for record in done]
        tables = {FIGURES: _figures_table(done), **tables_of(done)}
        with _writing(self.folder):
            self._write_part(replications, tables)

    def read(self, name: str, replications: Collection[int] | None = None) -> pa.Table | None:
        """Return one of its tables, sorted by replication.

        Parameters
        ----------
        name
            `FIGURES` or another table of the trial's.
        replications
            Which to read; all it holds when None.

        Returns
        -------
        pyarrow.Table or None
            None if it holds no such table.

        Raises
        ------
        ExperimentError
            If a file cannot be read. A damaged part is set aside first, so that asking
            again computes it again.
        """
        for _ in range(_READ_AGAIN):
            try:
                return self._read(name, replications)
            except FileNotFoundError:  # joined by another process just now
                continue
        raise ExperimentError(
            Message("the run {run} changes too fast to be read; try again", run=self.folder)
        )

    def join_parts(self) -> None:
        """Make one part of many small ones, so that reading stays fast.

        Raises
        ------
        ExperimentError
            If the disk is full or the store may not be written. What it held, it holds.
        """
        with _writing(self.folder), _locked(self.folder) as alone:
            parts = self._parts()
            if not alone or len(parts) < _PARTS_WORTH_JOINING:
                return
            names = sorted({path.stem for part in parts for path in part.folder.glob("*.parquet")})
            tables = {name: self._read(name, None) for name in names}
            self._write_part(
                sorted(self.replications()),
                {name: table for name, table in tables.items() if table is not None},
            )
            for part in parts:
                _discard(part.folder)

    def _parts(self) -> list[_Part]:
        """Return its finished parts, the largest first."""
        try:
            entries = list((self.folder / _PARTS).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        parts = [
            _Part(entry, _held(entry)) for entry in entries if _PART_NAME.fullmatch(entry.name)
        ]
        return sorted(parts, key=lambda part: (-len(part.replications), part.folder.name))

    def _write_part(self, replications: Sequence[int], tables: Mapping[str, pa.Table]) -> None:
        parts = self.folder / _PARTS
        parts.mkdir(parents=True, exist_ok=True)
        workshop = Path(tempfile.mkdtemp(prefix=_WRITING, dir=parts))
        try:
            for name, table in tables.items():
                path = workshop / f"{name}.parquet"
                pq.write_table(table, path, compression="zstd", write_page_checksum=True)
                _to_disk(path)
            (workshop / "replications.json").write_text(json.dumps(sorted(replications)))
            _to_disk(workshop / "replications.json")
            _to_disk(workshop)
            which = ",".join(map(str, sorted(replications)))
            stamp = hashlib.sha256(which.encode()).hexdigest()[:8]
            name = f"{min(replications):06d}-{max(replications):06d}-{stamp}"
            try:
                workshop.rename(parts / name)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                shutil.rmtree(workshop)  # another process has just added the same ones
            _to_disk(parts)
        except BaseException:
            shutil.rmtree(workshop, ignore_errors=True)
            raise

    def _read(self, name: str, replications: Collection[int] | None) -> pa.Table | None:
        wanted = None if replications is None else set(replications)
        taken: set[int] = set()
        tables = []
        for part in self._parts():
            new = set(part.replications) - taken
            if wanted is not None:
                new &= wanted
            taken |= new
            path = part.folder / f"{name}.parquet"
            if not new or not path.exists():
                if not part.folder.exists():
                    raise FileNotFoundError(part.folder)
                continue
            table = self._table(part, path)
            if new != set(part.replications):
                keep = np.isin(table["replication"].to_numpy(), sorted(new))
                table = table.filter(pa.array(keep))
            tables.append(table)
        if not tables:
            return None
        whole = pa.concat_tables(tables, promote_options="default")
        order = np.argsort(whole["replication"].to_numpy(), kind="stable")
        return whole.take(pa.array(order))

    def _table(self, part: _Part, path: Path) -> pa.Table:
        try:
            return pq.ParquetFile(path, page_checksum_verification=True).read()
        except FileNotFoundError:
            raise
        except (pa.ArrowException, OSError, ValueError) as wrong:
            with _writing(self.folder):
                part.folder.rename(part.folder.with_name(_DAMAGED + part.folder.name))
            raise ExperimentError(
                Message(
                    "{path} is damaged ({reason}); it was set aside, ask again and it is "
                    "simulated again",
                    path=path,
                    reason=str(wrong).splitlines()[0],
                )
            ) from wrong


@dataclass(frozen=True, slots=True)
class _Part:
    folder: Path
    replications: tuple[int, ...]


class RunStore:
    """The folder of all runs.

    Parameters
    ----------
    folder
        Where it lies; ``runs`` in the user's data folder when None.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = user_data_dir() / "runs" if folder is None else folder

    def find(self, key: RunKey) -> Run | None:
        """Return the run of a key; None if there is none yet."""
        return self._read(self.folder / key.id)

    def begin(self, key: RunKey, name: str, about: Mapping[str, Any]) -> Run:
        """Return the run of a key, made if there is none yet.

        Raises
        ------
        ExperimentError
            If the disk is full or the folder may not be written.
        """
        found = self.find(key)
        if found is not None:
            return found
        now = datetime.now(tz=UTC).isoformat(timespec="seconds")
        manifest = Manifest(key, name, now, about, platform.python_version())
        target = self.folder / key.id
        with _writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            if target.exists():
                target.rename(self.folder / f"{_DAMAGED}{key.id}-{os.getpid()}")
            workshop = Path(tempfile.mkdtemp(prefix=_WRITING, dir=self.folder))
            try:
                content = json.dumps(manifest.to_json(), ensure_ascii=False, indent=1)
                (workshop / _MANIFEST).write_text(content, encoding="utf-8")
                _to_disk(workshop / _MANIFEST)
                _to_disk(workshop)
                try:
                    workshop.rename(target)
                except OSError as error:
                    if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                        raise
                    shutil.rmtree(workshop)  # another process has just begun the same run
                _to_disk(self.folder)
            except BaseException:
                shutil.rmtree(workshop, ignore_errors=True)
                raise
        begun = self.find(key)
        if begun is None:
            raise ExperimentError(
                Message("the run {run} was removed while it was begun; try again", run=target)
            )
        return begun

    def runs(self) -> list[Run]:
        """Return all runs, the oldest first."""
        try:
            entries = [entry for entry in self.folder.iterdir() if not entry.name.startswith(".")]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise ExperimentError(
                Message(
                    "cannot read the run store {folder}: {reason}",
                    folder=self.folder,
                    reason=error.strerror,
                )
            ) from None
        found = [run for entry in entries if (run := self._read(entry)) is not None]
        return sorted(found, key=lambda run: (run.manifest.created_at, run.id))

    def get(self, name: str) -> Run:
        """Return the run whose id begins with `name`, or the newest of the scenario so called.

        Raises
        ------
        RequestError
            If there is none, or several ids begin so.
        """
        runs = self.runs()
        by_id = [run for run in runs if run.id.startswith(name)]
        if len(by_id) == 1:
            return by_id[0]
        if by_id:
            several = ", ".join(run.id for run in by_id)
            raise RequestError(f"several runs begin with {name!r}: {several}")
        by_name = [run for run in runs if run.manifest.name == name]
        if by_name:
            return by_name[-1]
        known = ", ".join(sorted({run.manifest.name for run in runs})) or "none yet"
        raise RequestError(
            f"no run is called {name!r}; stored are runs of: {known} (see lastmile runs list)"
        )

    def query(self, sql: str) -> pd.DataFrame:
        """Ask across all runs with DuckDB.

        Parameters
        ----------
        sql
            Of the tables ``runs`` (run, scenario, seed, created_at, code, replications) and
            ``figures`` (run, replication, kpi, value).

        Raises
        ------
        RequestError
            If DuckDB cannot make sense of it.
        """
        import duckdb  # noqa: PLC0415 - a large library for a rare question
        import pandas as pd  # noqa: PLC0415

        runs = self.runs()
        rows = [
            (
                run.id,
                run.manifest.name,
                run.manifest.key.seed,
                run.manifest.created_at,
                run.manifest.key.code,
                len(run.replications()),
            )
            for run in runs
        ]
        names = ["run", "scenario", "seed", "created_at", "code", "replications"]
        tables = []
        for run in runs:
            figures = run.read(FIGURES)
            if figures is not None:
                label = pa.array([run.id] * len(figures), pa.string())
                tables.append(figures.append_column("run", label))
        empty = pa.schema(
            [
                ("replication", pa.int32()),
                ("kpi", pa.string()),
                ("value", pa.float64()),
                ("run", pa.string()),
            ]
        ).empty_table()
        with duckdb.connect() as connection:
            connection.execute("SET enable_external_access = false")
            connection.register("runs", pd.DataFrame(rows, columns=names))
            connection.register("figures", pa.concat_tables([empty, *tables]))
            try:
                return connection.execute(sql).df()
            except duckdb.Error as wrong:
                raise RequestError(f"the query cannot be answered: {wrong}") from None

    def prune(self, runs: Iterable[Run]) -> int:
        """Remove runs, and what writers that died have left behind.

        Returns
        -------
        int
            How many bytes were freed.

        Raises
        ------
        ExperimentError
            If the store may not be written.
        """
        freed = 0
        with _writing(self.folder):
            for run in runs:
                freed += run.size_bytes
                _discard(run.folder)
            for litter in self._litter():
                freed += sum(path.stat().st_size for path in litter.rglob("*") if path.is_file())
                shutil.rmtree(litter, ignore_errors=True)
        return freed

    def _litter(self) -> list[Path]:
        """Return what was left half-written or set aside, but for what is at work right now."""
        if not self.folder.is_dir():
            return []
        old_s = datetime.now(tz=UTC).timestamp() - _AT_WORK_S
        return [
            entry
            for pattern in (f"{_WRITING}*", f"{_DAMAGED}*")
            for entry in (*self.folder.glob(pattern), *self.folder.glob(f"*/{_PARTS}/{pattern}"))
            if entry.stat().st_mtime < old_s or entry.name.startswith(_DAMAGED)
        ]

    def _read(self, folder: Path) -> Run | None:
        try:
            said = json.loads((folder / _MANIFEST).read_bytes())
            manifest = Manifest.from_json(said)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ExperimentError(
                Message(
                    "cannot read the run {run}: {reason}; give the right to read it or set "
                    "{variable} to another folder",
                    run=folder,
                    reason=error.strerror,
                    variable=DATA_DIR_VARIABLE,
                )
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            return None  # not a run of ours, or damaged: begun again where it is needed
        return Run(folder, manifest) if manifest.key.id == folder.name else None


_AT_WORK_S: Final = 3600.0
"""A half-written folder younger than this may belong to a process that is still at work, s."""


def _held(part: Path) -> tuple[int, ...]:
    try:
        return tuple(json.loads((part / "replications.json").read_bytes()))
    except (OSError, ValueError):
        return ()


def _figures_table(records: Sequence[Record]) -> pa.Table:
    rows = [
        (record.replication, name, float(value))
        for record in records
        if record.outcome is not None
        for name, value in record.outcome.figures.items()
    ]
    return pa.table(
        {
            "replication": pa.array([row[0] for row in rows], pa.int32()),
            "kpi": pa.array([row[1] for row in rows], pa.string()),
            "value": pa.array([row[2] for row in rows], pa.float64()),
        }
    )


def tables_of(records: Sequence[Record]) -> dict[str, pa.Table]:
    """Return the tables that outcomes have besides their figures, each with ``replication``."""
    pieces: dict[str, list[pa.Table]] = {}
    for record in records:
        for name, columns in (record.outcome or Outcome({})).tables.items():
            pieces.setdefault(name, []).append(_labelled(record.replication, columns))
    return {
        name: pa.concat_tables(tables, promote_options="default") for name, tables in pieces.items()
    }


def _labelled(replication: int, columns: Table) -> pa.Table:
    length = len(next(iter(columns.values()), ()))
    label = pa.array(np.full(length, replication, dtype=np.int32))
    return pa.table({"replication": label, **{key: pa.array(col) for key, col in columns.items()}})


def _to_disk(path: Path) -> None:
    """Have the system bring a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _discard(folder: Path) -> None:
    """Remove a folder: renamed first, so that nobody meets the half of it."""
    doomed = folder.with_name(f"{_DAMAGED}{folder.name}-{os.getpid()}")
    try:
        folder.rename(doomed)
    except FileNotFoundError:
        return
    shutil.rmtree(doomed, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold a run alone; False when another process holds it."""
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Say plainly when the system refuses to write."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        raise ExperimentError(
            Message(
                "cannot write to the run store {folder}: {reason}; what it held is as it was. Make "
                "room, give the right to write there, set {variable} to another folder, or go "
                "without a store (--no-store)",
                folder=folder,
                reason=error.strerror,
                variable=DATA_DIR_VARIABLE,
            )
        ) from error
