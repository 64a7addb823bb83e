"""What days of a line say of each stop and each departure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from simulation.linefigures import BUNCHED, departures_planned, on_time
from simulation.linetrial import CALLS, WAITS, cells_of
from simulation.shuttle import BACK, OUT

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from simulation.sampling import Sampler, Subject
    from simulation.shuttle import Service

    Floats = NDArray[np.float64]

COLUMNS: Final = {
    "boardings": "persons",
    "left_behind": "persons",
    "extra_wait_s": "s",
    "wait_s_mean": "s",
    "wait_s_p90": "s",
    "load": "share",
    "punctual_share": "share",
    "missed": "persons",
    "bunched_share": "share",
    "headway_cv": "",
}
"""Columns of both tables and their units, besides those that say which row it is: means of a day,
``extra_wait_s`` of those who were left behind and got another vehicle. nan where nothing gives it
(nobody waited, no vehicle before it)."""

_TWO: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class LineTables:
    """Means over the days by stop and by departure.

    Attributes
    ----------
    boarded, left_behind, load
        (trips, stops) means; load in people, nan where the vehicle never left.
    stops
        A row a stop and direction: ``stop``, ``direction``, and `COLUMNS`; ``load`` is the mean
        share of the places taken when a vehicle leaves it.
    departures
        A row a trip in the order of the day: ``trip``, ``start_s``, ``start``, ``end``,
        ``vehicle``, and `COLUMNS`; ``load`` is the mean of the day's fullest stretch.
        It has no ``headway_cv``.
    """

    boarded: Floats
    left_behind: Floats
    load: Floats
    stops: pd.DataFrame
    departures: pd.DataFrame


def line_tables(sampler: Sampler, subject: Subject, service: Service) -> LineTables:
    """Sum up the days of a subject.

    Parameters
    ----------
    sampler
        Holds them.
    subject
        Its trials are `simulation.linetrial.LineTrial`.
    service
        The line, in the situation.
    """
    trips, stops = cells_of(service)
    calls = _by_day(sampler.table(subject, CALLS), len(trips))
    waits = _frame(sampler.table(subject, WAITS), ("trip", "stop", "wait_s", "people"))
    gaps, due = _headways(service, calls["late_s"])
    cells = _Cells(service, trips, stops, calls, waits, gaps, due)
    return LineTables(
        boarded=_grid(service, calls["boarded"]),
        left_behind=_grid(service, calls["left_behind"]),
        load=_grid(service, calls["load"], np.nan),
        stops=cells.by_stop(),
        departures=cells.by_departure(),
    )


def _frame(table: pa.Table | None, columns: tuple[str, ...]) -> pd.DataFrame:
    if table is None:
        return pd.DataFrame({name: np.empty(0) for name in columns})
    return pd.DataFrame({name: table[name].to_numpy() for name in columns})


def _by_day(table: pa.Table | None, cells: int) -> dict[str, Floats]:
    """Return each column as (days, cells)."""
    names = (
        *("boarded", "left_behind", "missed", "extra_wait_s", "extra_people", "load", "late_s"),
    )
    if table is None:
        return {name: np.empty((0, cells)) for name in names}
    return {name: table[name].to_numpy().reshape(-1, cells) for name in names}


def _grid(service: Service, values: Floats, otherwise: float = 0.0) -> Floats:
    """Return the mean over the days by trip and stop."""
    grid = np.full(service.times_s.shape, otherwise)
    grid[cells_of(service)] = _mean(values, axis=0)
    return grid


def _mean(values: Floats, axis: int | None = None) -> Floats:
    """Return the mean of what is known; nan where nothing is."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _headways(service: Service, late_s: Floats) -> tuple[Floats, Floats]:
    """Return the time since the vehicle before, and what the timetable has; (days, cells), s.

    Both are nan for the first vehicle of a day at a stop, and where one does not come. Who waits
    for the next one then waits longer than the timetable's headway, which stays what it was.
    """
    trips, stops = cells_of(service)
    planned = departures_planned(service)[trips, stops]
    gaps, due = np.full(late_s.shape, np.nan), np.full(late_s.shape, np.nan)
    for stop in range(len(service.stops)):
        for way in (OUT, BACK):
            cells = np.flatnonzero((stops == stop) & (service.direction[trips] == way))
            cells = cells[np.argsort(planned[cells], kind="stable")]
            wanted = np.diff(planned[cells], prepend=np.nan)
            for day, late in enumerate(late_s[:, cells]):
                came = np.flatnonzero(~np.isnan(late))
                ran = cells[came]
                gaps[day, ran[1:]] = np.diff(planned[ran] + late[came])
                due[day, ran[1:]] = wanted[came[1:]]
    return gaps, due


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Departures from stops over the days, to be summed up."""

    service: Service
    trips: NDArray[np.intp]
    stops: NDArray[np.intp]
    calls: dict[str, Floats]
    waits: pd.DataFrame
    gaps: Floats
    due: Floats

    def by_stop(self) -> pd.DataFrame:
        """Return the row of each stop and direction."""
        rows = []
        ways = self.service.direction[self.trips]
        boarded_on = self.service.direction[self.waits["trip"].to_numpy(dtype=int)]
        for way in (OUT, BACK):
            order = range(len(self.service.stops))
            for stop in order if way == OUT else reversed(order):
                cells = np.flatnonzero((self.stops == stop) & (ways == way))
                if not len(cells):
                    continue
                mine = (self.waits["stop"] == stop) & (boarded_on == way)
                gaps, due = self.gaps[:, cells], self.due[:, cells]
                known = ~np.isnan(gaps)
                rows.append(
                    {
                        "stop": self.service.stops[stop],
                        "direction": way,
                        **self._figures(cells, self.waits[mine.to_numpy()]),
                        "load": float(_mean(self.calls["load"][:, cells]) / self.service.room),
                        "headway_cv": float(np.std((gaps - due)[known]) / due[known].mean())
                        if known.sum() >= _TWO
                        else np.nan,
                    }
                )
        return pd.DataFrame(rows)

    def by_departure(self) -> pd.DataFrame:
        """Return the row of each trip."""
        rows = []
        starts = np.nanmin(self.service.times_s, axis=1)
        for trip in np.argsort(starts, kind="stable").tolist():
            cells = np.flatnonzero(self.trips == trip)
            calls = self.service.calls(trip)
            loads = self.calls["load"][:, cells]
            fullest = np.where(np.isnan(loads), -np.inf, loads).max(axis=1, initial=-np.inf)
            rows.append(
                {
                    "trip": trip,
                    "start_s": float(starts[trip]),
                    "start": self.service.stops[int(calls[0])],
                    "end": self.service.stops[int(calls[-1])],
                    "vehicle": int(self.service.block[trip]) + 1,
                    **self._figures(cells, self.waits[(self.waits["trip"] == trip).to_numpy()]),
                    "load": float(
                        _mean(np.where(np.isfinite(fullest), fullest, np.nan)) / self.service.room
                    ),
                }
            )
        return pd.DataFrame(rows)

    def _figures(self, cells: NDArray[np.intp], waits: pd.DataFrame) -> dict[str, float]:
        """Return what stops and departures have in common."""
        days = max(len(self.calls["boarded"]), 1)
        calls = {name: each[:, cells] for name, each in self.calls.items()}
        again = float(calls["extra_people"].sum())
        people = waits["people"].to_numpy(dtype=float)
        wait_s = waits["wait_s"].to_numpy(dtype=float)
        each = np.repeat(wait_s, people.astype(int))
        gaps, due = self.gaps[:, cells], self.due[:, cells]
        known = ~np.isnan(gaps)
        return {
            "boardings": float(calls["boarded"].sum()) / days,
            "left_behind": float(calls["left_behind"].sum()) / days,
            "extra_wait_s": float(calls["extra_wait_s"].sum()) / again if again else np.nan,
            "wait_s_mean": float(each.mean()) if len(each) else np.nan,
            "wait_s_p90": float(np.percentile(each, 90)) if len(each) else np.nan,
            "load": np.nan,
            "punctual_share": float(on_time(calls["late_s"]).mean()),
            "missed": float(calls["missed"].sum()) / days,
            "bunched_share": float((gaps[known] < BUNCHED * due[known]).mean())
            if known.any()
            else np.nan,
        }
