"""The page Reach the sea, run as Streamlit runs it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

VIEWS = ("access", "signs", "links", "walks", "bikes")


def sea_page() -> None:
    """Draw the page alone; it runs in a scope of its own, without the navigation."""
    import streamlit as st  # noqa: PLC0415

    from dashboard.pages import sea  # noqa: PLC0415

    st.session_state["trip-page"] = "https://example.org/"
    sea.page()


def shown(**query: str) -> AppTest:
    app = AppTest.from_function(sea_page, default_timeout=120)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_draws_from_its_address(view: str) -> None:
    app = shown(view=view)
    assert app.title[0].value == "Reach the sea"
    assert len(app.dataframe) >= 1
    assert app.query_params["view"] == view


def test_the_statement_names_every_station() -> None:
    table = shown(view="access").dataframe[1].value
    assert len(table) == 11
    assert set(table["Within 1.5 km on foot"]) == {"yes", "no"}


def test_a_wish_nobody_can_fill_is_said() -> None:
    app = shown(view="walks", station="metro-kivenlahti", end="metro-kivenlahti")
    assert app.warning[0].value == "No walk suits: choose another station or fewer services."


def test_nonsense_in_the_address_is_noted() -> None:
    app = shown(view="moon", station="haltia", signs="-4")
    assert "not understood" in app.info[0].value
    assert app.query_params["view"] == "access"


def test_more_signs_help_more() -> None:
    few, many = (shown(view="signs", signs=str(n)).dataframe[0].value for n in (2, 30))
    assert few["Sign"].nunique() == 2
    assert many["Sign"].nunique() == 30
