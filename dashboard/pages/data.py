"""Data and method: where everything comes from, and how the model thinks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard.fit import fit
from dashboard.formats import number
from dashboard.method import method
from dashboard.state import read_query, write_query
from dashboard.texts import _, _n, language, plain
from lastmile.datasets import sources, status
from lastmile.parameters import Parameters

if TYPE_CHECKING:
    from lastmile.datasets import DatasetStatus, Source

PAGE = "data"
PARAMETERS = ("section", "find")
BUILD_COMMANDS = """\
lastmile data build --place "Espoo, Finland"   # OpenStreetMap of today, by Overpass
lastmile data build --osm FILE.osm.pbf         # or from an extract
lastmile data build --gtfs FILE.zip            # a timetable
lastmile data status                           # what is in force
"""


def page() -> None:
    """Draw the page; the address says which section and which search."""
    query = read_query(PAGE, PARAMETERS)
    sections = {
        "sources": _("Data sets"),
        "parameters": _("Parameters"),
        "method": _("The model"),
        "fit": _("How well it fits"),
    }
    section = query.one_of("section", "sources", sections)
    search = query.read("find", "", str)
    st.title(_("Data and method"))
    query.note()
    section = st.segmented_control(
        _("Section"),
        list(sections),
        format_func=sections.__getitem__,
        default=section,
        required=True,
        label_visibility="collapsed",
        key=f"section-{section}",
    )
    if section == "sources":
        _data_sets()
    elif section == "parameters":
        search = _parameters(search)
    elif section == "fit":
        own = {entry.kind for entry in _status() if entry.origin != "bundle"}
        fit(own_data=bool(own & {"streets", "timetable", "bikes", "parameters"}))
    else:
        method()
    write_query(
        PAGE,
        {"section": section or "", "find": search if section == "parameters" else ""},
    )


@st.cache_data(max_entries=2, ttl="5m")
def _status() -> list[DatasetStatus]:
    """Return what is in force; hashing every file takes a moment."""
    return status()


def confidence_text(confidence: str) -> str:
    """Return a confidence in words."""
    words = {"low": _("low"), "medium": _("medium"), "high": _("high")}
    return words.get(confidence, _("not said"))


def kind_text(kind: str) -> str:
    """Return a kind of data set in words."""
    words = {
        "streets": _("Streets and paths"),
        "timetable": _("Timetable"),
        "bikes": _("City bike stations"),
        "places": _("Places"),
        "demand": _("Visitors and where they come from"),
        "parameters": _("Model parameters"),
    }
    return words.get(kind, kind)


def _data_sets() -> None:
    """Show what is in force, and every source."""
    in_force = _status()
    st.subheader(_("In force now"))
    for entry in in_force:
        if entry.problem:
            st.error(plain(entry.problem))
    if any(entry.kind == "timetable" and entry.origin == "bundle" for entry in in_force):
        st.info(
            _(
                "The bundled timetable is representative: it is built from observed departures "
                "and is not the operator's own. Check a real trip before you leave."
            )
        )
    st.dataframe(
        pd.DataFrame(
            {
                _("What"): [kind_text(entry.kind) for entry in in_force],
                _("Origin"): [
                    _("bundled") if entry.origin == "bundle" else _("built by you")
                    for entry in in_force
                ],
                _("Date"): [entry.date for entry in in_force],
                _("Licence"): [entry.licence for entry in in_force],
                _("Confidence"): [confidence_text(entry.confidence) for entry in in_force],
                _("Files"): [entry.file_count for entry in in_force],
                _("Version"): [entry.version for entry in in_force],
            }
        ),
        hide_index=True,
        alt=_("Data sets in force, with origin, date, licence and confidence"),
    )
    _building()
    st.subheader(_("Every source"))
    st.caption(_("Titles and notes stand as they are in the data files, in English."))
    by_group: dict[str, list[Source]] = {}
    for source in sources():
        by_group.setdefault(source.group, []).append(source)
    for files in by_group.values():
        _source(files)


def _building() -> None:
    """Say how to replace the bundle, and what that does."""
    with st.expander(_("Build from current OpenStreetMap")):
        st.markdown(
            _(
                "The page reads whatever data set is in force and never downloads anything "
                "itself. The commands below build one on this computer: they fetch or read the "
                "file, check it, and put it in force as a whole; until then, and if anything "
                "fails, the data set before it stays in force. Restart the page afterwards."
            )
        )
        st.code(BUILD_COMMANDS, language="bash")


def _source(files: list[Source]) -> None:
    """Show one origin and the files made from it."""
    source = files[0]
    heading = f"{plain(source.title)} · {plain(source.date)} · {plain(source.licence)}"
    with st.expander(heading):
        facts = {
            _("Source"): source.source,
            _("Date"): source.date,
            _("Licence"): source.licence,
            _("Attribution"): source.attribution,
            _("Confidence"): confidence_text(source.confidence),
            _("Note"): source.note,
            _("Files"): ", ".join(file.file for file in files),
        }
        lines = [f"**{name}:** {plain(text)}" for name, text in facts.items() if text]
        links = [f"<{url}>" for url in source.url if url.startswith("https://")]
        if links:
            lines.append("**" + _("Address") + ":** " + " · ".join(links))
        st.markdown("  \n".join(lines))


def _parameters(search: str) -> str:
    """Show every parameter with its range; return the search."""
    parameters = Parameters.bundled()
    uncertain = len(parameters.uncertain())
    st.markdown(
        _n("{n} parameter.", "{n} parameters.", len(parameters))
        + " "
        + _n(
            "{n} of them is uncertain and carries a range.",
            "{n} of them are uncertain and carry a range.",
            uncertain,
        )
    )
    search = st.text_input(
        _("Find a parameter"), search, key="find", placeholder=_("parking, fare, wait ...")
    )
    words = search.casefold().split()
    rows = [
        {
            _("Parameter"): parameter.name,
            _("Value"): number(parameter.value),
            _("Low"): number(parameter.low) if parameter.is_uncertain else "",
            _("High"): number(parameter.high) if parameter.is_uncertain else "",
            _("Unit"): parameter.unit,
            _("Confidence"): confidence_text(parameter.confidence),
            _("Source"): parameter.source,
            _("Note"): parameter.note,
        }
        for parameter in parameters.values()
        if all(
            word in f"{parameter.name} {parameter.source} {parameter.note}".casefold()
            for word in words
        )
    ]
    if rows:
        right = dict.fromkeys(
            (_("Value"), _("Low"), _("High")), st.column_config.TextColumn(alignment="right")
        )
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            height=620,
            column_config=right,
            alt=_("Every parameter with value, range, unit, confidence and source"),
        )
    else:
        st.info(_("No parameter matches. Try a shorter word, such as “bus”."))
    if language() != "en":
        st.caption(_("Titles and notes stand as they are in the data files, in English."))
    return search
