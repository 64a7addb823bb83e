"""What to know about the trip chosen: warnings, last way back, timelines, what to take along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.choices import lacks_way_back
from dashboard.formats import clock, day, duration, money, sentence, spoken
from dashboard.journey import leg_line, leg_title, timeline
from dashboard.outlook import show_outlook
from dashboard.printing import print_button
from dashboard.texts import _, plain
from dashboard.trip import place_name, planner
from lastmile.exports import gpx_document
from lastmile.places import Gazetteer
from lastmile.planner.clock import later, shown_slack_s
from lastmile.planner.outings import SHARED, SHORT_SLACK_S, slack_warnings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.trip import Trip
    from lastmile.itinerary import Itinerary, Outing, WayBack


def details(
    trip: Trip,
    outing: Outing,
    itinerary: Itinerary,
    back: Itinerary | None,
    *,
    warnings: Sequence[str],
) -> None:
    """Show both timelines, what to know, and the files to take along.

    Parameters
    ----------
    trip, outing
        The question and the planner's answer.
    itinerary, back
        The ways chosen; ``back`` is None on a trip one way.
    warnings
        Of the way back: what the outing says of other ways there is not for this one.
    """
    ends = [place_name(Gazetteer.bundled().find(key)) for key in (trip.origin, trip.destination)]
    st.subheader(f"{plain(ends[0])} → {plain(ends[1])} · {plain(day(itinerary.departure))}")
    said_below = [] if outing.way_back is None else slack_warnings(outing.way_back)
    general = [one for one in outing.warnings if lacks_way_back(one) is None]
    for warning in dict.fromkeys((*general, *warnings, *itinerary.warnings)):
        if warning not in said_below:
            st.warning(plain(sentence(warning)))
    if trip.stay_min and back is None and not warnings:
        st.warning(_("No way back was found for this way there. Choose another, or stay shorter."))
    if outing.way_back is not None and itinerary.modes <= SHARED:
        _way_back(outing.way_back, trip, itinerary)
    show_outlook(trip, itinerary)
    if back is None:
        st.html(timeline(itinerary))
    else:
        there_column, back_column = st.columns(2)
        there_column.markdown("**" + _("There") + "**")
        there_column.html(timeline(itinerary))
        back_column.markdown("**" + _("And back") + "** · " + plain(day(back.departure)))
        back_column.html(timeline(back))
    _tickets(itinerary)
    with st.container(horizontal=True, key="take-along"):
        _gpx(ends, itinerary, back)
        print_button()
    for note in outing.notes:
        st.caption(plain(note))


def _way_back(way_back: WayBack, trip: Trip, itinerary: Itinerary) -> None:
    """Say when the last safe way back leaves and what happens if it is missed."""
    last = way_back.last
    line = next((leg_title(leg) for leg in last.legs if leg.mode == "transit"), "")
    slack_s = shown_slack_s(later(itinerary.arrival, 60.0 * trip.stay_min), last.departure)
    text = _("Last way back by public transport: **{time}** ({line}), home {arrival}.").format(
        time=plain(clock(last.departure)),
        line=plain(line),
        arrival=plain(clock(last.arrival, up=True)),
    )
    if slack_s >= 0:
        text += " " + _("That is {time} after your stay ends.").format(time=duration(slack_s))
    else:
        text += " " + _("It leaves {time} before your stay ends.").format(time=duration(slack_s))
    missed = []
    for fallback in way_back.if_missed:
        words = {"taxi": _("taxi"), "next_service": _("next service"), "walk": _("on foot")}
        missed.append(
            _("{way}, home {arrival}, {price}").format(
                way=words[fallback.kind],
                arrival=plain(f"{day(fallback.arrival)} {clock(fallback.arrival, up=True)}"),
                price=plain(money(fallback.cost_eur)),
            )
        )
    if missed:
        text += "  \n" + _("If you miss it: {ways}.").format(ways="; ".join(missed))
    show = st.info if slack_s >= SHORT_SLACK_S else st.warning
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


def _gpx(ends: Sequence[str], itinerary: Itinerary, back: Itinerary | None) -> None:
    """Offer the trip as GPX."""
    document = gpx_document(
        [itinerary] if back is None else [itinerary, back],
        name=" - ".join(ends),
        attribution=planner().attribution,
        title=leg_line,
        say=spoken,
    )
    st.download_button(
        _("Download GPX"),
        document.to_xml(version="1.1"),
        file_name="lastmile-trip.gpx",
        mime="application/gpx+xml",
        on_click="ignore",
        icon=":material/download:",
    )
