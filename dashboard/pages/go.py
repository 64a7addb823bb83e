"""Go to nature: a trip there and back, for visitors."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st
from streamlit_folium import st_folium

from dashboard.formats import clock, day, duration, money, sentence, spoken
from dashboard.journey import (
    leg_title,
    summary_facts,
    summary_times,
    summary_ways,
    timeline,
)
from dashboard.maps import base_map
from dashboard.outlook import show_outlook
from dashboard.state import read_query, seed, write_query
from dashboard.texts import _, plain
from dashboard.trip import (
    ARRIVE,
    DEFAULT_MODES,
    LEAVE,
    NOW,
    STAYS_MIN,
    WHENS,
    Trip,
    place_key,
    place_keys,
    place_label,
    plan,
    planner,
)
from dashboard.trip_map import trip_layer, view_of
from lastmile.errors import LastmileError
from lastmile.exports import gpx_document
from lastmile.itinerary import MODES
from lastmile.units import SECONDS_PER_MINUTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lastmile.itinerary import Itinerary, Outing, WayBack

PAGE = "go"
PENDING = "go-pending"
MOST_SHOWN = 8


def page() -> None:
    """Draw the page; the address holds the question and the itinerary chosen."""
    query = read_query(PAGE)
    pending = st.session_state.pop(PENDING, None)
    asked = pending or Trip.from_query(query)
    picks = {name: query.whole(name, 1, 1, MOST_SHOWN) for name in ("pick", "back")}
    st.title(_("Go to nature"))
    query.note()
    left, right = st.columns([2, 3], gap="medium")
    with left:
        _seed(asked, fresh=query.fresh or pending is not None)
        trip = _question(asked)
        if trip != asked or pending is not None:
            picks = dict.fromkeys(picks, 1)
        try:
            outing = plan(trip.request())
        except LastmileError as fault:
            st.warning(plain(sentence(str(fault))))
            st.info(
                _(
                    "Try another time, more ways of travel, or a place nearer to a road: a click "
                    "on the map sets either end."
                )
            )
            with right:
                _map(trip, None, None)
            write_query(PAGE, trip.to_query())
            return
        there = _choose(_("There"), outing.itineraries, picks["pick"], "pick", fresh=query.fresh)
        returns = [
            back for back in outing.returns if back.follows is None or back.follows == there - 1
        ]
        home = (
            _choose(_("And back"), returns, picks["back"], "back", fresh=query.fresh)
            if returns
            else None
        )
    with right:
        itinerary = outing.itineraries[there - 1]
        back = returns[home - 1] if home is not None else None
        _map(trip, itinerary, back)
        _details(trip.destination, outing, itinerary, back)
    write_query(
        PAGE,
        {
            **trip.to_query(),
            "pick": str(there) if there > 1 else "",
            "back": str(home) if home is not None and home > 1 else "",
        },
    )


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
    keys = place_keys()
    value = st.session_state[key]
    chosen = st.selectbox(
        label,
        keys if value in keys else [value, *keys],
        format_func=_label_or_text,
        accept_new_options=True,
        help=_("A name in Finnish, Swedish or English, or latitude,longitude."),
        key=key,
    )
    try:
        return place_key(chosen or before)
    except LastmileError as fault:
        st.warning(plain(sentence(str(fault))))
        return before


def _label_or_text(key: str) -> str:
    """Return a place's label; text that is no place stays as it was typed."""
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


def _details(
    destination: str, outing: Outing, itinerary: Itinerary, back: Itinerary | None
) -> None:
    """Show both timelines, what to know, and the files to take along."""
    st.subheader(day(itinerary.departure))
    for warning in (*outing.warnings, *itinerary.warnings):
        st.warning(plain(sentence(warning)))
    show_outlook(destination, itinerary)
    if outing.way_back is not None:
        _way_back(outing.way_back)
    if back is None:
        st.html(timeline(itinerary))
    else:
        there_column, back_column = st.columns(2)
        there_column.markdown("**" + _("There") + "**")
        there_column.html(timeline(itinerary))
        back_column.markdown("**" + _("And back") + "** · " + plain(day(back.departure)))
        back_column.html(timeline(back))
    _tickets(itinerary)
    _gpx(outing, itinerary, back)
    for note in outing.notes:
        st.caption(plain(note))


def _way_back(way_back: WayBack) -> None:
    """Say when the last safe way back leaves and what happens if it is missed."""
    last = way_back.last
    line = next((leg_title(leg) for leg in last.legs if leg.mode == "transit"), "")
    text = _("Last way back by public transport: **{time}** ({line}), home {arrival}.").format(
        time=plain(clock(last.departure)),
        line=plain(line),
        arrival=plain(clock(last.arrival, up=True)),
    )
    if way_back.slack_s >= 0:
        text += " " + _("That is {time} after your stay ends.").format(
            time=duration(way_back.slack_s)
        )
    else:
        text += " " + _("It leaves {time} before your stay ends.").format(
            time=duration(way_back.slack_s)
        )
    missed = []
    for fallback in way_back.if_missed:
        words = {"taxi": _("taxi"), "next_service": _("next service"), "walk": _("on foot")}
        missed.append(
            _("{way}, home {arrival}, {price}").format(
                way=words.get(fallback.kind, plain(fallback.text)),
                arrival=plain(f"{day(fallback.arrival)} {clock(fallback.arrival, up=True)}"),
                price=plain(money(fallback.cost_eur)),
            )
        )
    if missed:
        text += "  \n" + _("If you miss it: {ways}.").format(ways="; ".join(missed))
    show = st.info if way_back.slack_s >= 0 else st.warning
    show(text, icon=":material/bedtime:")


def _tickets(itinerary: Itinerary) -> None:
    """Say what to buy."""
    if itinerary.tickets:
        st.markdown(
            _("Tickets there: {tickets} ({price})").format(
                tickets=plain(" + ".join(map(spoken, itinerary.tickets))),
                price=plain(money(itinerary.fare_eur)),
            )
        )


def _gpx(outing: Outing, itinerary: Itinerary, back: Itinerary | None) -> None:
    """Offer the trip as GPX."""
    ends = outing.request["from"]["name"], outing.request["to"]["name"]
    document = gpx_document(
        [itinerary] if back is None else [itinerary, back],
        name=f"{ends[0]} - {ends[1]}",
        attribution=planner().attribution,
    )
    st.download_button(
        _("Download GPX"),
        document.to_xml(version="1.1"),
        file_name="lastmile-trip.gpx",
        mime="application/gpx+xml",
        on_click="ignore",
        icon=":material/download:",
    )
