"""Which pages there are, in which language, and what every page shares."""

from __future__ import annotations

import streamlit as st

from dashboard.formats import sentence
from dashboard.state import LANGUAGE_PARAMETER
from dashboard.style import ICON, STYLE
from dashboard.texts import (
    LANGUAGE_KEY,
    LANGUAGES,
    _,
    choose_language,
    language,
    several_lines,
)
from lastmile.errors import LastmileError


def run() -> None:
    """Draw the page that the address names."""
    st.set_page_config(page_title="Lastmile", page_icon=ICON, layout="wide")
    _settle_language()
    st.html(STYLE)
    chosen = st.navigation(_pages(), position="top")
    _offer_languages()
    try:
        chosen.run()
    except LastmileError as fault:
        st.error(several_lines(sentence(str(fault))))


def _pages() -> list[st.Page]:
    """Return the pages; the bare address leads to the first one."""
    from dashboard.pages import compare, data, go, sea, timetable  # noqa: PLC0415 - once chosen

    trip = st.Page(go.page, title=_("Go to nature"), icon=":material/hiking:", url_path="go")
    st.session_state["trip-page"] = trip

    def start() -> None:
        """Send the bare address on, its parameters with it."""
        st.switch_page(trip, query_params=st.query_params.to_dict())

    return [
        st.Page(start, title=_("Start"), url_path="start", default=True, visibility="hidden"),
        trip,
        st.Page(
            compare.page,
            title=_("Compare pilots"),
            icon=":material/balance:",
            url_path="compare",
        ),
        st.Page(
            timetable.page,
            title=_("Test a timetable"),
            icon=":material/departure_board:",
            url_path="timetable",
        ),
        st.Page(sea.page, title=_("Reach the sea"), icon=":material/sailing:", url_path="sea"),
        st.Page(data.page, title=_("Data and method"), icon=":material/database:", url_path="data"),
    ]


def _settle_language() -> None:
    """Take the language from the address, else as it was, else from the browser."""
    asked = st.query_params.get(LANGUAGE_PARAMETER)
    before = st.session_state.get(LANGUAGE_KEY)
    if asked is None and before is not None:
        return
    st.session_state[LANGUAGE_KEY] = choose_language(asked or before, st.context.locale)


def _offer_languages() -> None:
    """Show the three languages; the address keeps the one chosen."""

    def change() -> None:
        chosen = st.session_state["language-choice"]
        st.session_state[LANGUAGE_KEY] = chosen
        st.query_params[LANGUAGE_PARAMETER] = chosen

    st.session_state["language-choice"] = language()
    with st.container(horizontal=True, horizontal_alignment="right", key="languages"):
        st.segmented_control(
            _("Language"),
            list(LANGUAGES),
            format_func=LANGUAGES.__getitem__,
            key="language-choice",
            on_change=change,
            required=True,
            label_visibility="collapsed",
        )
