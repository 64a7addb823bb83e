"""The film of a day on the page: cars, shuttles and people on the trails, on a map that moves.

The film runs in the browser, on deck.gl's TripsLayer, and never asks the server for a frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboard import frames
from dashboard.comparison import office
from dashboard.film import to_json
from dashboard.formats import number
from dashboard.maps import HSL_ATTRIBUTION, OSM_ATTRIBUTION, published
from dashboard.texts import _, _n, language, several_lines
from dashboard.twin_maps import FULLNESS
from lastmile.errors import LastmileError
from lastmile.places import Gazetteer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboard.film import Film
    from simulation.experiment import ScenarioRun

HEIGHT_PX: Final = 600
POLL_S: Final = 0.5
START_S: Final = 9 * 3600
GROUPS: Final = (
    ("people", "#009e73", 4, 400),
    ("bus", "#5b4a7a", 6, 90),
    ("car", "#d55e00", 4, 90),
    ("shuttle", "#0072b2", 9, 120),
)
"""Group, colour, width of its mark in px, and how long its tail is, s."""

PACES_MIN: Final = (2, 10, 30)


def show_day(runs: Mapping[str, ScenarioRun], chosen: str) -> str:
    """Offer the film of a day; return which scenario's is shown: "0" for the base, or "".

    Parameters
    ----------
    runs
        By title, the base first.
    chosen
        Which was shown before.
    """
    st.subheader(_("A day on the map"))
    names = list(runs)
    known = {str(rank): name for rank, name in enumerate(names)}
    ids = "-".join(run.run_id for run in runs.values())
    found = st.pills(
        _("Show the first simulated day of"),
        list(known),
        default=chosen if chosen in known else None,
        format_func=known.__getitem__,
        key=f"film-of-{ids}",
    )
    if found is not None:
        _film(runs[known[found]])
    return found or ""


@st.fragment(run_every=POLL_S)
def _wait(run: ScenarioRun) -> None:
    """Look again whether the film is made."""
    if office().film(run.scenario).done():
        st.rerun()
    st.caption(_("Simulating the day ..."))


def _film(run: ScenarioRun) -> None:
    """Show a film, or wait for it."""
    future = office().film(run.scenario)
    if not future.done():
        _wait(run)
        return
    try:
        film = future.result()
    except LastmileError as fault:
        st.error(several_lines(str(fault)))
        return
    frames.show(
        "day_film.html",
        page_data(film, run),
        height=HEIGHT_PX,
        alt=_("Film of a simulated day: cars, shuttles and people on the trails, with a clock"),
    )
    st.caption(
        " ".join(
            [
                _(
                    "Cars and vehicles follow the streets. When people enter and leave the park "
                    "is simulated; which trail they take is not: they are drawn on a footpath "
                    "that fits their time."
                ),
                *_left_out(film),
            ]
        )
    )


def _left_out(film: Film) -> list[str]:
    """Say where not everybody is shown."""
    words = {"car": _("cars"), "people": _("parties on the trails")}
    return [
        _("Of the {what}, 1 in {n} is shown.").format(what=words[group], n=number(n, 0))
        for group, n in film.one_in.items()
        if n > 1
    ]


def page_data(film: Film, run: ScenarioRun) -> dict[str, Any]:
    """Return what the film's script draws."""
    names = {
        "people": _("people on the trails"),
        "bus": _("bus"),
        "car": _("car on the road"),
        "shuttle": _("shuttle"),
    }
    shown = [group for group in GROUPS if film.moves[group[0]]]
    points = [crowd.at for crowd in film.crowds]
    for service in run.about["services"]:
        if service["mode"] == "shuttle":
            points += zip(map(float, service["lat"]), map(float, service["lon"]), strict=True)
    lats, lons = zip(*points, strict=True)
    said = to_json(film)
    for crowd in said["crowds"]:
        crowd["name"] = Gazetteer.bundled()[crowd["id"]].name(language())
    ours = published()
    return {
        "deck": ours["deck"],
        "streets": ours["streets"],
        "film": said,
        "start": START_S,
        "bounds": [[min(lats), min(lons)], [max(lats), max(lons)]],
        "credit": f"{OSM_ATTRIBUTION}, {HSL_ATTRIBUTION}",
        "groups": [
            {"id": group, "rgb": _rgb(color), "width": width, "trail": trail}
            for group, color, width, trail in shown
        ],
        "shades": [[None if limit > 1 else limit, _rgb(color)] for limit, color in FULLNESS],
        "legend": [
            *([color, names[group], False] for group, color, _width, _trail in shown),
            *(
                [color, text, True]
                for color, text in (
                    (FULLNESS[0][1], _("car park with room")),
                    (FULLNESS[-1][1], _("full car park")),
                )
            ),
        ],
        "paces": [
            [minutes * 60, _n("{n} minute a second", "{n} minutes a second", minutes)]
            for minutes in PACES_MIN
        ],
        "words": {
            "play": _("Play"),
            "pause": _("Pause"),
            "time": _("Time of day"),
            "pace": _("Pace"),
            "entrance": _("Entrance"),
            "parked": _("cars parked"),
            "people": _("in the park"),
            "fault": _(
                "This browser cannot draw the film: it needs WebGL 2. The charts above show the "
                "same day by numbers."
            ),
        },
    }


def _rgb(color: str) -> list[int]:
    return [int(color[at : at + 2], 16) for at in (1, 3, 5)]
