"""How full the car parks are likely to be at arrival, from simulated days of the same kind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.comparison import BASE, office, scenario
from dashboard.formats import clock, share
from dashboard.jobs import Question
from dashboard.texts import _, language, plain
from dashboard.trip import PENDING
from lastmile.places import Gazetteer
from simulation.daytrial import SERIES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pandas as pd

    from dashboard.trip import Trip
    from lastmile.itinerary import Itinerary
    from simulation.experiment import ScenarioRun

DAYS = 20
POLL_S = 1.0
FULL_SHARE = 0.98
"""A car park with fewer free places than this is full to somebody who looks for one."""
MUCH_QUIETER = 0.15
DAY_TYPES = ("weekday", "weekday", "weekday", "weekday", "weekday", "saturday", "sunday")


@dataclass(frozen=True)
class Fullness:
    """How full the car parks of an entrance are at a time of day.

    Attributes
    ----------
    taken
        Mean share of the places.
    chance_full
        Share of the days on which they are full.
    """

    taken: float
    chance_full: float


def question(day: datetime) -> Question:
    """Return the days to simulate: as it is, of the same month and kind, in good weather."""
    changes = {
        "day.month": day.month,
        "day.day_type": DAY_TYPES[day.weekday()],
        "day.weather": "good",
    }
    return Question((scenario(BASE).with_changes(changes),), DAYS)


def fullness(frame: pd.DataFrame, about: Mapping[str, Any], when_s: float) -> dict[str, Fullness]:
    """Return how full every entrance with car parks is.

    Parameters
    ----------
    frame
        ``series``, ``time_s``, ``value`` of simulated days.
    about
        Names the entrances and their places.
    when_s
        Seconds after midnight.
    """
    found = {}
    for gate in about["entrances"]:
        if not gate["places"]:
            continue
        mine = frame[frame["series"] == f"parked.{gate['id']}"]
        if not len(mine):
            continue
        apart = (mine["time_s"] - when_s).abs()
        taken = mine[apart == apart.min()]["value"] / gate["places"]
        found[gate["id"]] = Fullness(float(taken.mean()), float((taken >= FULL_SHARE).mean()))
    return found


def show_outlook(trip: Trip, itinerary: Itinerary) -> None:
    """Say how full it is likely to be where a car trip ends; nothing for other trips."""
    drives = [leg for leg in itinerary.legs if leg.mode == "car"]
    entrance = Gazetteer.bundled().find(trip.destination).entrance
    if drives and entrance is not None:
        _show(trip, entrance, drives[-1].arrival)


@st.fragment(run_every=POLL_S)
def _poll(arrival: datetime) -> None:
    """Look again whether the simulated days are there."""
    if office().ask(question(arrival)).is_over:
        st.rerun()
    st.caption(_("Working out how full the car parks will be ..."))


def _show(trip: Trip, entrance: str, arrival: datetime) -> None:
    job = office().ask(question(arrival))
    if not job.is_over:
        _poll(arrival)
        return
    if job.simulation is None:
        return
    known = _known(job.simulation.run, arrival)
    here = known.get(entrance)
    if here is None:
        return
    text = _(
        "Car parks at {place}, {time}: on average {taken} taken; full on {chance} of such days "
        "in good weather (simulated)."
    ).format(
        place=plain(_name(entrance)),
        time=plain(clock(arrival)),
        taken=plain(share(here.taken)),
        chance=plain(share(here.chance_full)),
    )
    others = {gate: one for gate, one in known.items() if one.taken <= here.taken - MUCH_QUIETER}
    quietest = min(others, key=lambda gate: others[gate].taken, default=None)
    if quietest is not None:
        text += " " + _("Quieter: {place}, {taken} taken.").format(
            place=plain(_name(quietest)), taken=plain(share(others[quietest].taken))
        )
    st.info(text, icon=":material/local_parking:")
    if quietest is not None and st.button(_("Go to {place} instead").format(place=_name(quietest))):
        st.session_state[PENDING] = replace(trip, destination=quietest)
        st.rerun()


def _known(run: ScenarioRun, arrival: datetime) -> dict[str, Fullness]:
    table = run.tables(SERIES)
    if table is None:
        return {}
    seconds = arrival.hour * 3600.0 + arrival.minute * 60.0
    return fullness(table.to_pandas(), run.about, seconds)


def _name(entrance: str) -> str:
    return Gazetteer.bundled()[entrance].name(language())
