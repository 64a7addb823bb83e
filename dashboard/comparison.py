"""What a planner asks, as it stands in the address: base, pilots, day, changes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.jobs import Office, Question
from dashboard.state import LONGEST_VALUE
from dashboard.texts import language
from dashboard.uploads import Uploads
from scenarios.load import list_scenarios, load_scenario
from simulation.experiment import default_workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dashboard.state import Query
    from scenarios.schema import Scenario

BASE = "baseline"
EXAMPLE = "shuttle-espoo-haltia"
MOST_PILOTS = 4
COUNTS = (20, 50, 100, 200)
BY_DAYS = 0
PRECISIONS: tuple[float, ...] = (BY_DAYS, 10, 5, 2, 1, 0.5, 0.2)
"""Half widths of the intervals to be reached, per cent; `BY_DAYS` for a number of days."""

MOST_DAYS = 400
"""Where a precision is given up."""

DAY_TYPES = ("weekday", "saturday", "sunday")
WEATHERS = ("good", "fair", "poor")
ANY_DAY = 0
BUSY = (ANY_DAY, 25, 50, 75, 90, 95, 99)
VISIT = "uploads-of-this-visit"
CHANGE = re.compile(r"([1-4]):([a-z0-9_.\-]{1,80})=(-?\d{1,6}(?:\.\d{1,4})?)", re.ASCII)

Change = tuple[int, str, float]


@dataclass(frozen=True)
class Comparison:
    """A planner's question.

    Attributes
    ----------
    base, pilots
        Names of bundled scenarios, or ids of uploaded ones.
    busy
        The day is busier than this many of 100 such days; 0 for any.
    replications
        Days of each scenario, where no precision is asked for.
    changes
        (pilot from 1, dotted key, value).
    precision
        How narrow the intervals are to be: half width, per cent of the figure; `BY_DAYS` for a
        number of days instead.
    """

    base: str
    pilots: tuple[str, ...]
    month: int
    day_type: str
    weather: str
    busy: int
    replications: int
    changes: tuple[Change, ...] = ()
    precision: float = BY_DAYS

    @classmethod
    def from_query(cls, query: Query) -> Comparison:
        """Read the question from an address; what is missing is as in the example."""
        said = ",".join((query.values.get("base", ""), query.values.get("pilots", "")))
        known = scenario_keys(linked=said[:LONGEST_VALUE].split(","))
        base = query.one_of("base", BASE, known)
        day = scenario(base).day
        example = [EXAMPLE] if EXAMPLE in known else [key for key in known if key != BASE][:1]
        pilots = query.several_of("pilots", example, known)
        query.faults += [("pilots", key) for key in pilots[MOST_PILOTS:]]
        return cls(
            base=base,
            pilots=tuple(pilots[:MOST_PILOTS]),
            month=query.whole("month", day.month, 1, 12),
            day_type=query.one_of("day", day.day_type, DAY_TYPES),
            weather=query.one_of("weather", day.weather, WEATHERS),
            busy=int(query.one_of("busy", str(ANY_DAY), [str(level) for level in BUSY])),
            replications=int(query.one_of("days", str(COUNTS[0]), [str(n) for n in COUNTS])),
            changes=query.read("set", (), _read_changes),
            precision=float(
                query.one_of("precision", f"{BY_DAYS}", [f"{percent:g}" for percent in PRECISIONS])
            ),
        )

    def to_query(self) -> dict[str, str]:
        """Return the parameters of the address that asks the same."""
        return {
            "base": self.base,
            "pilots": ",".join(self.pilots),
            "month": str(self.month),
            "day": self.day_type,
            "weather": self.weather,
            "busy": str(self.busy) if self.busy else "",
            "days": "" if self.precision else str(self.replications),
            "precision": f"{self.precision:g}" if self.precision else "",
            "set": ";".join(f"{pilot}:{key}={value:g}" for pilot, key, value in self.changes),
        }

    def scenarios(self) -> tuple[Scenario, ...]:
        """Return the base and the pilots as they are to be run.

        Raises
        ------
        ScenarioError
            A change asks for a value that is not allowed.
        """
        day: dict[str, object] = {
            "day.month": self.month,
            "day.day_type": self.day_type,
            "day.weather": self.weather,
        }
        if self.busy:
            day["day.percentile"] = self.busy
        chosen = [scenario(self.base).with_changes(day)]
        for number, key in enumerate(self.pilots, start=1):
            own = {name: _whole(value) for pilot, name, value in self.changes if pilot == number}
            chosen.append(scenario(key).with_changes({**day, **own}))
        return tuple(chosen)

    def question(self) -> Question:
        """Return the question as the processes take it."""
        if self.precision:
            return Question(self.scenarios(), MOST_DAYS, self.precision / 100)
        return Question(self.scenarios(), self.replications)


def _whole(value: float) -> float:
    """Return a whole number as one: fleets are counted."""
    return int(value) if value == int(value) else value


def _read_changes(text: str) -> tuple[Change, ...]:
    changes = []
    for part in text.split(";"):
        match = CHANGE.fullmatch(part)
        if match is None:
            raise ValueError(part)
        changes.append((int(match[1]), match[2], float(match[3])))
    return tuple(changes)


@st.cache_resource(max_entries=1, show_spinner=False, on_release=Office.close)
def office() -> Office:
    """Return the processes that run comparisons for everybody."""
    return Office(default_workers())


@st.cache_resource(max_entries=1, show_spinner=False)
def _uploads() -> Uploads:
    """Return what people uploaded to this server."""
    return Uploads()


def _visit() -> list[str]:
    """Return the ids of the uploads that this session sees; the list itself, to be changed."""
    ids: list[str] = st.session_state.setdefault(VISIT, [])
    return ids


@lru_cache(maxsize=1)
def _bundled() -> dict[str, Scenario]:
    return {name: load_scenario(name) for name in list_scenarios()}


def scenario_keys(linked: Iterable[str] = ()) -> list[str]:
    """Return what can be compared: bundled scenarios, and uploads that this session may see.

    Parameters
    ----------
    linked
        What the address names: whoever has the link may see it from now on.
    """
    for key in linked:
        _uploads().open(key, _visit())
    return [*_bundled(), *_uploads().seen_by(_visit())]


def scenario(key: str) -> Scenario:
    """Return a scenario by its key; only known keys are ever opened."""
    return _bundled().get(key) or _uploads()[key]


def title(one: Scenario) -> str:
    """Return a scenario's title in the session's language."""
    return one.title.said_in(language())


def take_upload(content: bytes) -> str:
    """Check an uploaded scenario file and keep it; return its key.

    Raises
    ------
    ScenarioError
        It is too large, no TOML, or no scenario; the message lists every fault.
    """
    return _uploads().take(content, _visit())


def to_toml(one: Scenario) -> str:
    """Return a scenario as a TOML file that says everything it says."""
    return "\n".join(_tables(one.document(), ())).lstrip("\n") + "\n"


def _tables(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    """Return a table's own values, then the tables inside it."""
    lines = []
    if path:
        lines += ["", f"[{'.'.join(map(_key, path))}]"]
    inner = {key: value for key, value in table.items() if isinstance(value, dict)}
    lines += [
        f"{_key(key)} = {_value(value)}"
        for key, value in table.items()
        if key not in inner and value is not None
    ]
    for key, value in inner.items():
        lines += _tables(value, (*path, key))
    return lines


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key, re.ASCII) else json.dumps(key)


def _value(value: object) -> str:
    """Return a TOML value; JSON strings are TOML strings."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    return json.dumps(str(value), ensure_ascii=True)
