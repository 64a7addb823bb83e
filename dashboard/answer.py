"""What came of a comparison: the verdict in words first, then figures, charts and maps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import charts
from dashboard.comparison import title
from dashboard.day_film import show_day
from dashboard.departures import show_departures, shuttle_titles
from dashboard.downloads import show_downloads
from dashboard.drawing import draw
from dashboard.figure_table import figure_names, figure_text
from dashboard.figure_table import table as figure_table
from dashboard.formats import fine_share
from dashboard.series import series_of
from dashboard.texts import _, _n, language, plain
from dashboard.twin_maps import show_twin_maps
from lastmile.places import Gazetteer
from simulation.verdict import verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from dashboard.jobs import Job
    from simulation.experiment import Comparison, PilotResult, Reached, ScenarioRun


def show_answer(comparison: Comparison, job: Job, looked_at: Mapping[str, str]) -> dict[str, str]:
    """Show what came of a run; return what is looked at, for the address.

    Parameters
    ----------
    looked_at
        The entrance, and whose day is shown as a film.
    """
    pilots = _titled(comparison)
    _verdicts(comparison, pilots)
    gates = {gate["id"]: gate for gate in comparison.base.about["entrances"] if gate["places"]}
    entrance = looked_at["entrance"]
    chosen = st.segmented_control(
        _("Entrance"),
        list(gates),
        default=entrance if entrance in gates else next(iter(gates)),
        format_func=lambda gate: Gazetteer.bundled()[gate].name(language()),
        required=True,
        key="entrance",
    )
    entrance = chosen or entrance
    runs = {
        _base_title(comparison, pilots): comparison.base,
        **{name: pilot.run for name, pilot in pilots.items()},
    }
    series = {name: series_of(run) for name, run in runs.items()}
    _parked(series, entrance, float(gates[entrance]["places"]))
    st.subheader(_("Key figures"))
    st.html(figure_table(pilots, figure_names(comparison, entrance), language()))
    _maps(runs, series)
    with st.container(key="day-film"):
        film = show_day(runs, looked_at["film"])
    _loads(pilots, series)
    _money_and_people(pilots)
    show_downloads(comparison, pilots, job)
    warnings = [text for run in comparison.runs for text in run.about.get("warnings", [])]
    for warning in dict.fromkeys(warnings):
        st.caption(plain(warning))
    return {"entrance": entrance, "film": film}


@st.fragment
def _maps(runs: Mapping[str, ScenarioRun], series: Mapping[str, pd.DataFrame]) -> None:
    """Show base and pilot on maps in step; which pilot, where there are several."""
    st.subheader(_("Base and pilot on the map"))
    _base, *names = runs
    pilot = names[0]
    if len(names) > 1:
        pilot = st.selectbox(
            _("Pilot on the map"),
            names,
            key=f"map-of-{'-'.join(run.run_id for run in runs.values())}",
        )
    show_twin_maps(runs, series, pilot=pilot)


def _titled(comparison: Comparison) -> dict[str, PilotResult]:
    """Return the pilots by title, numbered where two have the same."""
    titled: dict[str, PilotResult] = {}
    for pilot in comparison.pilots:
        name, number = title(pilot.run.scenario), 2
        while name in titled:
            name, number = f"{title(pilot.run.scenario)} ({number})", number + 1
        titled[name] = pilot
    return titled


def _base_title(comparison: Comparison, pilots: Mapping[str, PilotResult]) -> str:
    name = title(comparison.base.scenario)
    return name if name not in pilots else _("{title} (base)").format(title=name)


def _verdicts(comparison: Comparison, pilots: Mapping[str, PilotResult]) -> None:
    """Say first, in words, what each pilot does."""
    st.caption(
        _n(
            "{n} simulated day of each, the same visitors in all.",
            "{n} simulated days of each, the same visitors in all.",
            comparison.replications,
        )
    )
    if comparison.precision is not None:
        _precision(comparison.precision, pilots)
    for name, pilot in pilots.items():
        with st.container(border=True):
            st.markdown(f"**{plain(name)}**")
            said = verdict(comparison, pilot, language())
            st.markdown("\n".join(f"- {plain(sentence)}" for sentence in said))


def _precision(reached: Reached, pilots: Mapping[str, PilotResult]) -> None:
    """Say whether the precision asked for was reached, and where it was not."""
    wanted = plain(fine_share(reached.wanted))
    if reached.reached:
        st.success(
            _("Precision reached: every interval is ±{wanted} or narrower.").format(wanted=wanted),
            icon=":material/check:",
        )
        return
    wide = [
        f"{_figure_of(said, pilots)}: {_half_width(width)}"
        for said, width in reached.half_widths.items()
        if not width <= reached.wanted
    ]
    st.warning(
        _("Precision of ±{wanted} not reached. Wider are: {figures}.").format(
            wanted=wanted, figures=plain("; ".join(wide))
        ),
        icon=":material/error:",
    )


def _figure_of(said: str, pilots: Mapping[str, PilotResult]) -> str:
    """Return a figure's name for the reader: "pilot 1: visitors" as its title and label."""
    pilot, _colon, name = said.partition(": ")
    return f"{list(pilots)[int(pilot.removeprefix('pilot ')) - 1]}, {figure_text(name, language())}"


def _half_width(width: float) -> str:
    return f"±{fine_share(width)}" if math.isfinite(width) else _("not known")


def _parked(frames: Mapping[str, pd.DataFrame], entrance: str, places: float) -> None:
    """Show how full the car parks are over the day."""
    st.subheader(_("Cars parked over the day"))
    place = Gazetteer.bundled()[entrance].name(language())
    lines = {name: frame[frame["series"] == f"parked.{entrance}"] for name, frame in frames.items()}
    draw(
        charts.course(lines, _("cars parked"), limit=(places, _("capacity"))),
        alt=_("Cars parked at {place} over the day: mean and 8 days in 10, by scenario").format(
            place=place
        ),
    )
    st.caption(_("Lines are means; 8 days in 10 lie within the bands."))


def _loads(pilots: Mapping[str, PilotResult], frames: Mapping[str, pd.DataFrame]) -> None:
    """Show how full the shuttles are over the day."""
    lines = {}
    for name, pilot in pilots.items():
        frame = frames[name]
        for service, words in shuttle_titles(name, pilot.run).items():
            mine = frame[frame["series"] == f"load.{service}"]
            if len(mine):
                lines[words] = mine
    if not lines:
        return
    st.subheader(_("Shuttle loads"))
    draw(charts.loads(lines), alt=_("Places taken in the shuttles over the day, with 8 days in 10"))
    show_departures({name: pilot.run for name, pilot in pilots.items()})


def _money_and_people(pilots: Mapping[str, PilotResult]) -> None:
    """Show cost against relief, and who gains."""
    relief = charts.cost_against_relief(pilots, "cars_arrived", _("fewer cars arriving, a day"))
    if relief is not None:
        st.subheader(_("Cost against relief"))
        draw(relief, alt=_("Net cost of each pilot against the cars it keeps away"))
    runs = {name: pilot.run for name, pilot in pilots.items()}
    gains = charts.gains(runs, charts.zone_names(language()))
    if gains is not None:
        st.subheader(_("Who gains"))
        draw(gains, alt=_("Gain of the visitors of each district, by pilot"))
        st.caption(_("Measured against things as they are today, whatever the base."))
