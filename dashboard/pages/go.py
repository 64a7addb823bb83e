"""Go to nature: a trip there and back, for visitors."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st
from streamlit_folium import st_folium

from dashboard.choices import CHEAP, EASY, FAST, GREEN, ORDERS, in_order, ways_back
from dashboard.formats import duration, sentence
from dashboard.journey import summary_facts, summary_times, summary_ways
from dashboard.maps import base_map
from dashboard.state import read_query, seed, write_query
from dashboard.texts import _, plain
from dashboard.trip import (
    ARRIVE,
    DEFAULT_MODES,
    LEAVE,
    NOW,
    PENDING,
    STAYS_MIN,
    WHENS,
    Trip,
    place_begun,
    place_key,
    place_label,
    place_labels,
    plan,
)
from dashboard.trip_details import details
from dashboard.trip_map import trip_layer, view_of
from lastmile.errors import LastmileError, RequestError
from lastmile.itinerary import MODES
from lastmile.units import SECONDS_PER_MINUTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lastmile.itinerary import Itinerary

PAGE = "go"
PARAMETERS = ("from", "to", "when", "at", "stay", "modes", "stepfree", "sort", "pick", "back")
MOST_SHOWN = 8


def page() -> None:
    """Draw the page; the address holds the question and the itinerary chosen."""
    query = read_query(PAGE, PARAMETERS)
    pending = st.session_state.pop(PENDING, None)
    asked = pending or Trip.from_query(query)
    picks = {name: query.whole(name, 1, 1, MOST_SHOWN) for name in ("pick", "back")}
    order = query.one_of("sort", GREEN, ORDERS)
    st.title(_("Go to nature"))
    query.note()
    left, right = st.columns([2, 3], gap="medium")
    with left:
        _seed(asked, fresh=query.fresh or pending is not None)
        trip = _question(asked)
        if trip != asked or pending is not None:
            picks = dict.fromkeys(picks, 1)
        try:
            request = trip.request()
            outing = plan(request)
        except LastmileError as fault:
            st.warning(plain(sentence(str(fault))))
            if not isinstance(fault, RequestError):
                st.info(
                    _(
                        "Try another time, more ways of travel, or a place nearer to a road: a "
                        "click on the map sets either end."
                    )
                )
            with right:
                _map(trip, None, None)
            write_query(PAGE, trip.to_query() | {"sort": _unless_first(order)})
            return
        with st.container(key="choices"):
            asked_order, order = order, _order(order, fresh=query.fresh)
            if order != asked_order:
                picks = dict.fromkeys(picks, 1)
            shown = in_order(outing.itineraries, order)[:MOST_SHOWN]
            ways = [outing.itineraries[position] for position in shown]
            there = _choose(_("There"), ways, picks["pick"], f"pick-{order}", fresh=query.fresh)
            returns, warnings = ways_back(outing, shown[there - 1], request)
            again = picks["back"] if there == picks["pick"] else 1
            home = (
                _choose(_("And back"), returns, again, f"back-{there}", fresh=query.fresh)
                if returns
                else None
            )
    with right:
        itinerary = ways[there - 1]
        back = returns[home - 1] if home is not None else None
        _map(trip, itinerary, back)
        details(trip, outing, itinerary, back, warnings=warnings)
    write_query(
        PAGE,
        {
            **trip.to_query(),
            "sort": _unless_first(order),
            "pick": str(there) if there > 1 else "",
            "back": str(home) if home is not None and home > 1 else "",
        },
    )


def _order(order: str, *, fresh: bool) -> str:
    """Let the visitor say what comes first."""
    texts = {
        GREEN: _("Without a car"),
        FAST: _("Quickest"),
        CHEAP: _("Cheapest"),
        EASY: _("Least walking"),
    }
    seed({"sort": order}, fresh=fresh)
    chosen = st.segmented_control(
        _("Show first"), ORDERS, format_func=texts.__getitem__, required=True, key="sort"
    )
    return chosen or order


def _unless_first(order: str) -> str:
    """Return an order as the address has it; the usual one is left out."""
    return "" if order == GREEN else order


def _seed(asked: Trip, *, fresh: bool) -> None:
    """Put the question into the form's fields."""
    seed(
        {
            "from": asked.origin,
            "to": asked.destination,
            "when": asked.when,
            "stay": asked.stay_min,
            "day": asked.at.date(),
            "time": asked.at.time(),
            "modes": list(asked.modes),
            "step-free": asked.step_free,
        },
        fresh=fresh,
    )


def _question(asked: Trip) -> Trip:
    """Draw the form and return what it says."""
    with st.container(key="question"):
        origin = _end(_("From"), "from", asked.origin)
        destination = _end(_("To"), "to", asked.destination)
        when, at = _when(asked)
        stay = st.select_slider(
            _("How long to stay"),
            sorted({*STAYS_MIN, asked.stay_min}),
            format_func=_stay_text,
            key="stay",
        )
        mode_texts = {
            "transit": _("Public transport"),
            "car": _("Car"),
            "bike": _("Own bike"),
            "bikeshare": _("City bike"),
            "walk": _("On foot"),
        }
        modes = st.pills(
            _("Ways of travel"),
            list(mode_texts),
            format_func=mode_texts.__getitem__,
            selection_mode="multi",
            key="modes",
        )
        step_free = st.toggle(_("Step-free"), key="step-free")
    return Trip(
        origin=origin,
        destination=destination,
        when=when,
        at=at,
        stay_min=stay,
        modes=tuple(mode for mode in MODES if mode in (modes or DEFAULT_MODES)),
        step_free=step_free,
    )


def _when(asked: Trip) -> tuple[str, datetime]:
    """Draw when to travel."""
    texts = {NOW: _("Leave now"), LEAVE: _("Leave at"), ARRIVE: _("Be there by")}
    when = st.segmented_control(
        _("When"), WHENS, format_func=texts.__getitem__, required=True, key="when"
    )
    if when == NOW:
        return NOW, asked.at
    date_column, time_column = st.columns(2)
    chosen_day = date_column.date_input(_("Day"), format="DD.MM.YYYY", key="day")
    chosen_time = time_column.time_input(_("Time"), key="time")
    return when or asked.when, datetime.combine(chosen_day, chosen_time)


def _stay_text(minutes: int) -> str:
    return duration(minutes * SECONDS_PER_MINUTE) if minutes else _("one way only")


def _end(label: str, key: str, before: str) -> str:
    """Draw the field of one end of the trip and return the place it means."""
    keys = list(place_labels())
    value = st.session_state[key]

    def settle() -> None:
        """Take the beginning of a name for the place."""
        typed = st.session_state[key]
        with suppress(LastmileError):
            place_key(typed or before)
            return
        st.session_state[key] = place_begun(typed) or typed

    chosen = st.selectbox(
        label,
        keys if value in keys else [value, *keys],
        format_func=_label_or_text,
        accept_new_options=True,
        help=_("A name in Finnish, Swedish or English, or latitude,longitude."),
        key=key,
        on_change=settle,
    )
    try:
        return place_key(chosen or before)
    except LastmileError as fault:
        st.warning(plain(sentence(str(fault))))
        return before


def _label_or_text(key: str) -> str:
    """Return a place's label; text that is no place stays as it was typed."""
    known = place_labels().get(key)
    if known is not None:
        return known
    try:
        return place_label(key)
    except LastmileError:
        return key


def _choose(
    label: str, itineraries: Sequence[Itinerary], chosen: int, name: str, *, fresh: bool
) -> int:
    """Let the visitor choose one of the ways; return its number, from 1."""
    shown = itineraries[:MOST_SHOWN]
    key = f"{name}-{shown[0].departure.isoformat()}-{len(shown)}"
    seed({key: min(chosen, len(shown))}, fresh=fresh)
    number = st.radio(
        label,
        range(1, len(shown) + 1),
        format_func=lambda n: f"**{plain(summary_times(shown[n - 1]))}**",
        captions=[
            f"{plain(summary_ways(itinerary))}  \n{plain(summary_facts(itinerary))}"
            for itinerary in shown
        ],
        key=key,
    )
    return number or 1


def _map(trip: Trip, itinerary: Itinerary | None, back: Itinerary | None) -> None:
    """Draw the trip; a click sets the end that the visitor says."""
    center, zoom = view_of(trip, itinerary)
    sets = {"from": _("start"), "to": _("destination")}
    click_sets = st.segmented_control(
        _("A click on the map sets the"),
        list(sets),
        format_func=sets.__getitem__,
        key="click-sets",
    )
    answer = st_folium(
        base_map(),
        key="trip-map",
        center=center,
        zoom=zoom,
        height=430,
        use_container_width=True,
        feature_group_to_add=trip_layer(trip, itinerary, back),
        returned_objects=["last_clicked"],
    )
    click = (answer or {}).get("last_clicked")
    if not click or click == st.session_state.get("handled-click"):
        return
    st.session_state["handled-click"] = click
    if click_sets is None:
        return
    point = place_key(f"{click['lat']:.5f},{click['lng']:.5f}")
    st.session_state[PENDING] = (
        replace(trip, origin=point) if click_sets == "from" else replace(trip, destination=point)
    )
    st.rerun()
