"""Changes that may mend a timetable, and what each says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from simulation.lines import MINUTE, departures_of
from simulation.shuttle import BACK, OUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from scenarios import schema
    from simulation.shuttle import Service

SEAT_FACTORS: Final = (1.25, 1.5, 2.0, 3.0)
HOLDS_MIN: Final = (3, 6)
LATER_MIN: Final = (3, 6)
LAYOVERS_MIN: Final = (3, 6)
SLOWER: Final = (1.15, 1.3)
"""How much longer run times are made."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a timetable.

    Attributes
    ----------
    kind
        ``seats``, ``hold``, ``later``, ``retime``, ``layover``, ``headway``, ``extra``.
    said
        What it says, by name: ``seats``, ``minutes``, ``percent``, ``vehicles``, ``headway``,
        ``time_s``; each kind has its own.
    changes
        By dotted key of the scenario.
    """

    kind: str
    said: Mapping[str, float]
    changes: Mapping[str, object]


def changes_for(
    key: str, spec: schema.Service, line: Service, behind: NDArray[np.float64]
) -> list[tuple[Change, ...]]:
    """Return changes that may mend a pilot's timetable.

    Parameters
    ----------
    key
        Of the service in its scenario.
    spec
        What the scenario says of it.
    line
        Its timetable and vehicles.
    behind
        (trips, stops) people left behind on average, which say where one departure more helps.

    Returns
    -------
    list of tuple
        Of each the first that can run is meant: with the vehicles there are, else with more.
    """
    timed = [*_rested(spec), *_retimed(spec, line), *_closer(spec), *_extra(spec, line, behind)]
    found: list[tuple[Change, ...]] = [
        (one,)
        for one in (
            *_larger(spec, line),
            *_held(spec),
            *_held_in_larger(spec, line),
            *_later(spec),
        )
    ]
    found += [_or_with_more(spec, one) for one in timed]
    return [tuple(_keyed(key, one) for one in alternatives) for alternatives in found]


def _keyed(key: str, one: Change) -> Change:
    """Return a change with the dotted keys of its scenario."""
    changes = {f"services.{key}.{name}": value for name, value in one.changes.items()}
    return Change(one.kind, one.said, changes)


def _or_with_more(spec: schema.Service, one: Change) -> tuple[Change, ...]:
    """Return a change with the vehicles there are, with one more, and with twice as many."""
    if spec.vehicles is None:
        return (one,)
    more = dict.fromkeys((spec.vehicles + 1, 2 * spec.vehicles))
    return (
        one,
        *(
            Change(one.kind, {**one.said, "vehicles": count}, {**one.changes, "vehicles": count})
            for count in more
        ),
    )


def _larger(spec: schema.Service, line: Service) -> Iterator[Change]:
    """Larger vehicles."""
    for factor in SEAT_FACTORS:
        seats = math.ceil(line.seats * factor)
        if seats > spec.seats:
            yield Change("seats", {"seats": seats}, {"seats": seats})


def _held(spec: schema.Service) -> Iterator[Change]:
    """Hold the vehicle at its first stop for late trains."""
    for minutes in HOLDS_MIN:
        if minutes > spec.hold_for_feeder_min:
            yield Change("hold", {"minutes": minutes}, {"hold_for_feeder_min": minutes})


def _held_in_larger(spec: schema.Service, line: Service) -> Iterator[Change]:
    """Hold larger vehicles: who comes late does not fit into the next one otherwise."""
    minutes = HOLDS_MIN[-1]
    for larger in _larger(spec, line):
        if minutes > spec.hold_for_feeder_min:
            yield Change(
                "hold",
                {"minutes": minutes, **larger.said},
                {"hold_for_feeder_min": minutes, **larger.changes},
            )


def _rested(spec: schema.Service) -> Iterator[Change]:
    """Longer rests at the termini."""
    if spec.timetable is None:
        for more in LAYOVERS_MIN:
            minutes = spec.layover_min + more
            yield Change("layover", {"minutes": minutes}, {"layover_min": minutes})


def _retimed(spec: schema.Service, line: Service) -> Iterator[Change]:
    """Longer run times in the timetable."""
    for factor in SLOWER:
        percent = {"percent": round((factor - 1) * 100)}
        if spec.timetable is not None:
            rows = [_stretched(row, factor) for row in spec.timetable]
            yield Change("retime", percent, {"timetable": rows})
        elif spec.stops is not None:
            minutes = _longest_run_times(line)
            run_times = [float(one) for one in np.ceil(minutes * factor)]
            yield Change("retime", percent, {"run_times_min": run_times})


def _longest_run_times(line: Service) -> NDArray[np.float64]:
    """Return the longest run time between the scenario's stops in either direction, min."""
    longest = np.asarray(np.nanmax(np.abs(np.diff(line.times_s, axis=1)), axis=0) / MINUTE)
    return longest[::-1] if line.turned else longest


def _stretched(row: Sequence[int | None], factor: float) -> list[object]:
    """Return a trip that takes longer and leaves as before."""
    start = min(time_s for time_s in row if time_s is not None)
    return [
        ""
        if time_s is None
        else start + int(math.ceil((time_s - start) * factor / MINUTE) * MINUTE)
        for time_s in row
    ]


def _closer(spec: schema.Service) -> Iterator[Change]:
    """Shorter headways."""
    if spec.headway is not None and spec.vehicles is not None:
        for vehicles in (spec.vehicles + 1, 2 * spec.vehicles):
            headway = float(math.ceil(spec.headway * spec.vehicles / vehicles))
            if headway < spec.headway:
                yield Change("headway", {"headway": headway}, {"headway": headway})


def _later(spec: schema.Service) -> Iterator[Change]:
    """Move the whole timetable a few minutes, so that trains are met."""
    for minutes in LATER_MIN:
        by_s = minutes * 60
        changes: dict[str, object] = {}
        if spec.timetable is not None:
            changes["timetable"] = [
                ["" if time_s is None else time_s + by_s for time_s in row]
                for row in spec.timetable
            ]
        elif spec.departures is not None:
            changes["departures"] = [time_s + by_s for time_s in spec.departures]
        elif spec.windows is None and spec.headway is not None:
            changes |= {"first": spec.first + by_s, "last": spec.last + by_s}
        if changes:
            yield Change("later", {"minutes": minutes}, changes)


def _extra(spec: schema.Service, line: Service, behind: NDArray[np.float64]) -> Iterator[Change]:
    """One departure more, half way between the one that leaves most people behind and the next."""
    leaves = departures_of(spec)
    if spec.windows is not None or len(leaves) < 2 or not behind.any():  # noqa: PLR2004
        return
    first_way = line.direction == (BACK if line.turned else OUT)
    out, back = np.flatnonzero(first_way), np.flatnonzero(~first_way)
    left = behind[out].sum(axis=1)
    if len(back) == len(out):  # rounds: each departure brings a trip back
        left += behind[back].sum(axis=1)
    worst = out[int(np.argmax(left))]
    start = float(np.nanmin(line.times_s[worst]))
    after = next((one for one in leaves if one > start), start + (leaves[-1] - leaves[-2]))
    time_s = int(round((start + after) / 2 / MINUTE) * MINUTE)
    if time_s not in leaves:
        times = sorted([*(int(one) for one in leaves), time_s])
        yield Change("extra", {"time_s": time_s}, {"departures": times})
