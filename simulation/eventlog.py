"""The event log: everything that happens in a day, as columns.

One row an event, in the order of happening. The columns are

``time_s``
    when, seconds after midnight;
``kind``
    what, a `Kind`;
``party``
    whose: the row of the party in `Parties`; for vehicles the trip; -1 for nobody;
``place``
    where: an index whose meaning the kind fixes (see `KINDS`);
``people``
    how many people it concerns;
``value``
    a figure whose meaning and unit the kind fixes (see `KINDS`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


class Kind(IntEnum):
    """What can happen; `KINDS` says what `place` and `value` mean for each."""

    SETS_OUT = 0
    CAR_ARRIVES = 1
    CAR_SEARCHES = 2
    CAR_QUEUES = 3
    CAR_RENEGES = 4
    CAR_PARKS = 5
    CAR_ROADSIDE = 6
    CAR_DIVERTS = 7
    CAR_TURNED_AWAY = 8
    CAR_LEAVES = 9
    CAR_LEAVES_ROADSIDE = 10
    BOOKING_REFUSED = 11
    BOOKING_LAPSES = 12
    SIGN_HEEDED = 13
    RIDE_WAITS = 14
    RIDE_BOARDS = 15
    RIDE_LEFT_BEHIND = 16
    RIDE_ALIGHTS = 17
    RIDE_GIVES_UP = 18
    CONNECTION_MISSED = 19
    HOMEWARD_WAITS = 20
    HOMEWARD_BOARDS = 21
    HOMEWARD_LEFT_BEHIND = 22
    HOMEWARD_ALIGHTS = 23
    STRANDED = 24
    VEHICLE_RUNS = 25
    VEHICLE_LATE = 26
    BIKE_HIRED = 27
    BIKE_NONE = 28
    BIKE_RETURNED = 29
    BIKE_NO_DOCK = 30
    BIKE_GIVES_UP = 31
    VAN_TAKES = 32
    VAN_BRINGS = 33
    ENTERS_PARK = 34
    LEAVES_PARK = 35
    HOME = 36
    TURNED_AWAY = 37
    VEHICLE_EMPTY = 38


class Meaning(NamedTuple):
    """What the columns `place` and `value` hold for one kind of event."""

    place: str
    value: str


KINDS: Final[dict[Kind, Meaning]] = {
    Kind.SETS_OUT: Meaning("entrance", "mode, an index into MODES"),
    Kind.CAR_ARRIVES: Meaning("entrance", "arrivals at an entrance so far, this one included"),
    Kind.CAR_SEARCHES: Meaning("entrance found full", "time the search takes, s"),
    Kind.CAR_QUEUES: Meaning("entrance", "cars ahead in the queue"),
    Kind.CAR_RENEGES: Meaning("entrance", "time waited, s"),
    Kind.CAR_PARKS: Meaning("car park", "search and queue at every entrance tried, s"),
    Kind.CAR_ROADSIDE: Meaning("entrance", "search and queue at every entrance tried, s"),
    Kind.CAR_DIVERTS: Meaning("entrance they drive on to", "distance, m"),
    Kind.CAR_TURNED_AWAY: Meaning("entrance", "search and queue at every entrance tried, s"),
    Kind.CAR_LEAVES: Meaning("car park", "time parked, s"),
    Kind.CAR_LEAVES_ROADSIDE: Meaning("entrance", "time parked, s"),
    Kind.BOOKING_REFUSED: Meaning("entrance", "refusals so far, this one included"),
    Kind.BOOKING_LAPSES: Meaning("car park", "time the place stands empty, s"),
    Kind.SIGN_HEEDED: Meaning("entrance said to be full", "mode chosen instead; -1 stays at home"),
    Kind.RIDE_WAITS: Meaning("service", "stop index"),
    Kind.RIDE_BOARDS: Meaning("service", "time waited, s"),
    Kind.RIDE_LEFT_BEHIND: Meaning("service", "stop index"),
    Kind.RIDE_ALIGHTS: Meaning("service", "time on board, s"),
    Kind.RIDE_GIVES_UP: Meaning("service", "time waited, s"),
    Kind.CONNECTION_MISSED: Meaning("service", "how late they came to the stop, s"),
    Kind.HOMEWARD_WAITS: Meaning("service", "stop index"),
    Kind.HOMEWARD_BOARDS: Meaning("service", "time waited, s"),
    Kind.HOMEWARD_LEFT_BEHIND: Meaning("service", "stop index"),
    Kind.HOMEWARD_ALIGHTS: Meaning("service", "time on board, s"),
    Kind.STRANDED: Meaning("entrance", "time waited in vain, s"),
    Kind.VEHICLE_RUNS: Meaning("service", "distance to the next stop, m"),
    Kind.VEHICLE_LATE: Meaning("service", "departure after the timetable's, s"),
    Kind.VEHICLE_EMPTY: Meaning("service", "distance without passengers to the terminus, m"),
    Kind.BIKE_HIRED: Meaning("station", "bikes hired"),
    Kind.BIKE_NONE: Meaning("station", "people left without a bike"),
    Kind.BIKE_RETURNED: Meaning("station", "time on the bikes, s"),
    Kind.BIKE_NO_DOCK: Meaning("station", "bikes without a dock"),
    Kind.BIKE_GIVES_UP: Meaning("station", "stations tried"),
    Kind.VAN_TAKES: Meaning("station", "bikes"),
    Kind.VAN_BRINGS: Meaning("station", "bikes"),
    Kind.ENTERS_PARK: Meaning("entrance", "people on its trails, these included"),
    Kind.LEAVES_PARK: Meaning("entrance", "people left on its trails"),
    Kind.HOME: Meaning("entrance", "mode they came by, an index into MODES"),
    Kind.TURNED_AWAY: Meaning("entrance", "mode they came by, an index into MODES"),
}
"""What `place` and `value` mean for each kind."""

WIDTH: Final = 6
"""Columns of the log."""


@dataclass(frozen=True, slots=True, eq=False)
class EventLog:
    """The events of one day as columns; see the module for their meaning."""

    time_s: NDArray[np.float64]
    kind: NDArray[np.int8]
    party: NDArray[np.int32]
    place: NDArray[np.int16]
    people: NDArray[np.int32]
    value: NDArray[np.float64]

    @classmethod
    def from_flat(cls, flat: list[float]) -> EventLog:
        """Make the log from one long list, `WIDTH` numbers an event."""
        table = np.array(flat, dtype=np.float64).reshape(-1, WIDTH)
        return cls(
            time_s=np.ascontiguousarray(table[:, 0]),
            kind=table[:, 1].astype(np.int8),
            party=table[:, 2].astype(np.int32),
            place=table[:, 3].astype(np.int16),
            people=table[:, 4].astype(np.int32),
            value=np.ascontiguousarray(table[:, 5]),
        )

    def __len__(self) -> int:
        """Count the events."""
        return len(self.time_s)

    def of(self, *kinds: Kind, place: int | None = None) -> EventLog:
        """Return the events of some kinds, at one place if it is given."""
        wanted = np.isin(self.kind, kinds) if len(kinds) > 1 else self.kind == kinds[0]
        if place is not None:
            wanted &= self.place == place
        return EventLog(
            time_s=self.time_s[wanted],
            kind=self.kind[wanted],
            party=self.party[wanted],
            place=self.place[wanted],
            people=self.people[wanted],
            value=self.value[wanted],
        )

    def to_bytes(self) -> bytes:
        """Return the columns' bytes: equal for equal days."""
        columns = (self.time_s, self.kind, self.party, self.place, self.people, self.value)
        return b"".join(column.tobytes() for column in columns)

    def to_frame(self) -> pd.DataFrame:
        """Return the log as a table with the kinds by name."""
        import pandas as pd  # noqa: PLC0415 - only where a table is asked for

        names = np.array([kind.name.lower() for kind in Kind])
        return pd.DataFrame(
            {
                "time_s": self.time_s,
                "kind": names[self.kind],
                "party": self.party,
                "place": self.place,
                "people": self.people,
                "value": self.value,
            }
        )
