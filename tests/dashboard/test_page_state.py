"""The address holds the state; nonsense in it is noted and left out."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from dashboard.comparison import MOST_PILOTS, Comparison, scenario_keys
from dashboard.pages.compare import strange_changes
from dashboard.state import Query
from dashboard.trip import Trip, place_keys, place_label
from lastmile.itinerary import MODES


@given(
    ends=st.lists(st.sampled_from(place_keys()), min_size=2, max_size=2, unique=True),
    when=st.sampled_from(["leave", "arrive"]),
    at=st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001 - clock faces
    stay=st.integers(0, 2000),
    modes=st.lists(st.sampled_from(MODES), min_size=1, unique=True),
    step_free=st.booleans(),
)
def test_a_trip_survives_the_way_through_the_address(
    ends: list[str], when: str, at: datetime, stay: int, modes: list[str], *, step_free: bool
) -> None:
    trip = Trip(
        origin=ends[0],
        destination=ends[1],
        when=when,
        at=at.replace(second=0, microsecond=0),
        stay_min=stay,
        modes=tuple(mode for mode in MODES if mode in modes),
        step_free=step_free,
    )
    query = Query({key: value for key, value in trip.to_query().items() if value})
    assert Trip.from_query(query) == trip
    assert not query.faults


@given(
    values=st.dictionaries(
        st.sampled_from(["from", "to", "when", "at", "stay", "modes", "stepfree", "pick"]),
        st.text(max_size=60),
    )
)
def test_any_nonsense_in_a_trips_address_opens_a_trip(values: dict[str, str]) -> None:
    trip = Trip.from_query(Query(values))
    assert trip.request().modes


@given(
    values=st.dictionaries(
        st.sampled_from(["base", "pilots", "month", "day", "weather", "busy", "days", "set"]),
        st.text(max_size=60),
    )
)
def test_any_nonsense_in_a_comparisons_address_opens_a_comparison(values: dict[str, str]) -> None:
    query = Query(values)
    assert Comparison.from_query(query).scenarios()


def test_a_comparison_survives_the_way_through_the_address() -> None:
    asked = Comparison(
        base="baseline",
        pilots=("shuttle-espoo-haltia",),
        month=10,
        day_type="saturday",
        weather="fair",
        busy=95,
        replications=50,
        changes=((1, "services.shuttle.headway", 15.0),),
    )
    query = Query({key: value for key, value in asked.to_query().items() if value})
    assert Comparison.from_query(query) == asked
    base, pilot = asked.scenarios()
    assert base.day.percentile == pilot.day.percentile == 95
    assert pilot.services["shuttle"].headway == 15


def test_no_address_opens_a_file_of_the_server() -> None:
    query = Query({"base": "/etc/passwd", "pilots": "../../secret.toml"})
    asked = Comparison.from_query(query)
    assert asked.base == "baseline"
    assert [name for name, _text in query.faults] == ["base", "pilots"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("from", "Atlantis"),
        ("from", "1e999,3"),
        ("at", "soon"),
        ("stay", "-5"),
        ("modes", "rocket"),
    ],
)
def test_what_is_not_understood_is_remembered_for_a_note(name: str, text: str) -> None:
    query = Query({name: text})
    Trip.from_query(query)
    assert query.faults == [(name, text)]


def test_places_are_found_by_their_names_in_every_language() -> None:
    labels = [place_label(key) for key in place_keys()]
    for name in ("Kampen", "Kamppi", "Mattby", "Finnish Nature Centre Haltia"):
        assert any(name in label for label in labels)


def a_page() -> None:
    """Draw a page with one setting."""
    import streamlit  # noqa: PLC0415 - the script of a page, run alone

    from dashboard.state import read_query, write_query  # noqa: PLC0415

    query = read_query("test", ["level"])
    level = query.whole("level", 1, 1, 9)
    query.note()
    level = streamlit.number_input("level", 1, 9, level, key="level")
    write_query("test", {"level": str(level)})


def test_the_note_stays_while_the_page_draws_itself_anew_until_something_is_changed() -> None:
    app = AppTest.from_function(a_page)
    app.query_params["level"] = "high"
    assert "level = high" in app.run().info[0].value
    assert app.query_params["level"] == "1"
    assert "level = high" in app.run().info[0].value
    app.number_input[0].set_value(2).run()
    assert app.query_params["level"] == "2"
    assert not app.run().info


def test_a_parameter_the_page_does_not_have_is_noted() -> None:
    app = AppTest.from_function(a_page)
    app.query_params["levle"] = "3"
    app.query_params["lang"] = "xx"
    said = app.run().info[0].value
    assert "levle = 3" in said
    assert "lang = xx" in said
    assert app.query_params["lang"] == "en"
    assert "levle" not in app.query_params
    assert "lang = xx" in app.run().info[0].value


def test_a_language_there_is_gives_no_note() -> None:
    app = AppTest.from_function(a_page)
    app.query_params["lang"] = "sv"
    assert not app.run().info


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ("1:services.shuttle.headway=15", True),
        ("1:foo.bar=3", False),
        ("1:services.shuttle.headway=9999", False),
        ("2:services.shuttle.headway=15", False),
    ],
)
def test_a_change_no_slider_can_make_is_noted(change: str, *, kept: bool) -> None:
    query = Query({"base": "baseline", "pilots": "shuttle-espoo-haltia", "set": change})
    assert strange_changes(Comparison.from_query(query)) == ([] if kept else [change])


def test_pilots_beyond_the_most_are_noted() -> None:
    keys = [key for key in scenario_keys() if key != "baseline"]
    assert len(keys) > MOST_PILOTS
    query = Query({"pilots": ",".join(keys)})
    assert Comparison.from_query(query).pilots == tuple(keys[:MOST_PILOTS])
    assert query.faults == [("pilots", key) for key in keys[MOST_PILOTS:]]


def a_page_with_a_run() -> None:
    """Draw a box set by the page, and draw it anew when a run ends."""
    import streamlit  # noqa: PLC0415 - the script of a page, run alone

    from dashboard.state import draw_anew, seed  # noqa: PLC0415

    seed({"box": "second"}, fresh=False)
    streamlit.selectbox("box", ["first", "second"], key="box")
    if streamlit.session_state.pop("run ended", False):
        draw_anew()


def test_a_page_drawn_anew_tells_the_browser_again_what_its_boxes_are_set_to() -> None:
    app = AppTest.from_function(a_page_with_a_run).run()
    assert app.selectbox[0].proto.set_value
    assert not app.run().selectbox[0].proto.set_value, "said once, it is the visitor's to change"
    app.session_state["run ended"] = True
    app.run()
    assert app.selectbox[0].value == "second"
    assert app.selectbox[0].proto.set_value
