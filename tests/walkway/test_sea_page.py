"""The page Reach the sea, run as Streamlit runs it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import folium
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import shore
from dashboard.legend import Look, legend_html
from dashboard.sea_map import SeaMap
from lastmile.network.street import load_network

if TYPE_CHECKING:
    from collections.abc import Callable

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
    assert len(app.dataframe) >= (0 if view == "walks" else 1)
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


def test_the_walks_name_what_lies_on_the_way() -> None:
    tables = [html.body for html in shown(view="walks").get("html") if "<table" in html.body]
    assert len(tables) == 1
    assert ">On the way</th>" in tables[0]
    assert "Matinkylä beach, " in tables[0]


def with_ways(drawn: SeaMap) -> None:
    station = shore.study().stations[0]
    drawn.add_areas(station)
    drawn.add_ways(shore.walking(station))


def with_signs(drawn: SeaMap) -> None:
    drawn.add_signs(shore.signs(load_network().digest, 20))


def with_links(drawn: SeaMap) -> None:
    digest = load_network().digest
    drawn.add_links(shore.found_links(digest), shore.links(digest, 1000))


def with_walk(drawn: SeaMap) -> None:
    best = shore.walks(load_network().digest)[0]
    drawn.add_walk(best.coordinates, best.title)


def with_bikes(drawn: SeaMap) -> None:
    drawn.add_bikes(shore.bikes(load_network().digest), 8)


def badges(drawn: SeaMap) -> list[tuple[str, str, str]]:
    """Return ground, ink and text of every lettered marker, read from what the browser gets."""
    pattern = re.compile(r"background:(#\w+);color:(#\w+);.*>(.*)</div>")
    found = []
    for child in drawn.layer._children.values():
        if isinstance(child, folium.Marker) and not isinstance(child, folium.CircleMarker):
            said = pattern.search(child.icon.options["html"])  # type: ignore[union-attr]
            assert said is not None
            found.append((said[1], said[2], said[3]))
    return found


@pytest.mark.parametrize("add", [with_ways, with_signs, with_links, with_walk, with_bikes])
def test_the_legend_names_every_kind_drawn_and_no_other(add: Callable[[SeaMap], None]) -> None:
    drawn = SeaMap(shore.study().stations[0])
    add(drawn)
    seen: set[tuple[str, ...]] = {("badge", *colors[:2]) for colors in badges(drawn)}
    for child in drawn.layer._children.values():
        if isinstance(child, folium.CircleMarker):
            seen.add(("dot", child.options["fillColor"]))
        elif isinstance(child, folium.Polygon):
            seen.add(("area", child.options["color"]))
        elif isinstance(child, folium.PolyLine):
            seen.add(("line", child.options["color"], child.options.get("dashArray") or ""))
    told = {
        {
            "badge": ("badge", look.color, look.ink),
            "dot": ("dot", look.color),
            "area": ("area", look.color),
            "line": ("line", look.color, look.dash),
        }[look.mark]
        for look in drawn.looks
    }
    assert seen == told
    words = [look.words for look in drawn.looks]
    assert len(set(words)) == len(words)
    html = legend_html(drawn.looks)
    assert all(f"<span>{text}</span>" in html for text in words)


def test_the_numbers_on_the_map_are_those_of_the_table() -> None:
    drawn = SeaMap()
    with_signs(drawn)
    numbers = [text for _ground, _ink, text in badges(drawn) if text.isdigit()]
    table = shown(view="signs").dataframe[0].value
    assert numbers == [str(number) for number in table["Sign"].unique()]


def test_a_name_in_the_legend_is_text() -> None:
    html = legend_html([Look("line", "#000000", "<img src=x onerror=alert(1)>")])
    assert "onerror=alert(1)&gt;" in html
    assert html.count("<img") == 1, "the mark's own"
