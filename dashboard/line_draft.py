"""A line that somebody draws: what the editor holds, kept by its hash so that a link opens it."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboard.texts import _, language
from lastmile.places import Gazetteer
from scenarios.load import build, load_scenario

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scenarios.schema import Scenario

LINE: Final = "own-line"
STOPS: Final = "own-stops"
ROWS: Final = "own-rows"
FIELDS: Final[Mapping[str, object]] = {
    "own-times": "headway",
    "own-first": "9:00",
    "own-last": "18:00",
    "own-headway": 30.0,
    "own-departures": "9:00, 10:00, 11:00",
    "own-table": "",
    "own-windows": "",
    "own-vehicles": 2,
    "own-seats": 19,
    "own-layover": 3.0,
    "own-empty": True,
    "own-breaks": True,
    "own-break": 30.0,
    "own-break-after": 5.5,
    "own-factor": None,
    "own-dwell": None,
}
"""What the editor asks, by the keys of its widgets; None stands for the bundled parameter."""

DRAFTS_KEPT: Final = 256


@st.cache_resource(max_entries=1, show_spinner=False)
def _drafts() -> OrderedDict[str, str]:
    """Return the lines drawn of late; who has the link can open them."""
    return OrderedDict()


def known_drafts() -> list[str]:
    """Return the ids of the lines drawn of late."""
    return list(_drafts())


def own_stops() -> list[dict[str, Any]]:
    """Return the session's stops: each a ``place``, or a ``name`` with ``lat`` and ``lon``."""
    stops: list[dict[str, Any]] = st.session_state.setdefault(STOPS, [])
    return stops


def keep(name: str, default: object) -> str:
    """Give a widget its value where it has none, also after it was not drawn for a while.

    Returns
    -------
    str
        Its key.
    """
    kept: dict[str, object] = st.session_state.setdefault("own-kept", {})
    if name not in st.session_state:
        st.session_state[name] = kept.get(name, default)
    kept[name] = st.session_state[name]
    return name


def remember() -> str:
    """Keep what the session has drawn; return its id."""
    said = {STOPS: own_stops(), ROWS: st.session_state.get(ROWS)}
    kept: dict[str, object] = st.session_state.get("own-kept", {})
    said |= {name: st.session_state.get(name, kept.get(name)) for name in FIELDS}
    text = json.dumps(said, sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()[:12]
    drafts = _drafts()
    drafts[key] = text
    drafts.move_to_end(key)
    while len(drafts) > DRAFTS_KEPT:
        drafts.popitem(last=False)
    return key


def recall(key: str) -> None:
    """Take a line that was drawn before into the session."""
    said: dict[str, Any] = json.loads(_drafts()[key])
    st.session_state[STOPS] = said.pop(STOPS)
    st.session_state[ROWS] = said.pop(ROWS)
    kept = {name: value for name, value in said.items() if value is not None}
    st.session_state["own-kept"] = kept
    for name, value in kept.items():
        st.session_state[name] = value


def point_of(stop: Mapping[str, Any]) -> tuple[str, float, float]:
    """Return a stop's name and where it is, (lat, lon)."""
    if "place" in stop:
        place = Gazetteer.bundled()[stop["place"]]
        return place.name(language()), place.lat, place.lon
    return stop["name"], stop["lat"], stop["lon"]


def scenario_of(service: Mapping[str, Any]) -> Scenario:
    """Return the day as it is, with the line.

    Raises
    ------
    ScenarioError
        If the line contradicts itself.
    """
    document = load_scenario("baseline").document()
    spec = {"stops": [one.get("place", one) for one in own_stops()], **service}
    document["services"] = {**document.get("services", {}), LINE: spec}
    document["title"] = {"en": _("A line of your own")}
    digest = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:8]
    return build(f"{LINE}-{digest}", document, {})
