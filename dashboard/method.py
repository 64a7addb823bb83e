"""The model in plain words, with its equations."""

from __future__ import annotations

import streamlit as st

from dashboard.texts import _


def method() -> None:
    """Draw the description, from the visitor's wish to the key figures."""
    st.subheader(_("Streets and timetables"))
    st.markdown(
        _(
            "Walking, cycling and driving follow the street network, with the rules of "
            "OpenStreetMap for who may use a way. Public transport follows the timetable stop by "
            "stop: of all connections, those are kept that no other one beats in departure, "
            "arrival and number of changes. Walking to the stop, waiting and changing count."
        )
    )
    st.subheader(_("How many come, and when"))
    st.markdown(
        _(
            "The yearly visits are spread over months, kinds of day and hours by the counters in "
            "the park. A day's visits vary: its level is drawn, or set as “a day busier than 95 "
            "of 100”. Parties come from zones of the capital region, more from near ones."
        )
    )
    st.subheader(_("Which way and which entrance"))
    st.markdown(
        _(
            "Every way to the park has a generalised cost: minutes in the vehicle, with waiting, "
            "walking and changing weighed as they are felt, and money turned into minutes by "
            "the value of time."
        )
    )
    st.latex(
        r"\begin{aligned} c = {}& t_{ride} + w_{wait} t_{wait} \\"
        r" & + w_{walk} t_{walk} + p_{change} n + \frac{m}{v} \end{aligned}"
    )
    st.markdown(
        _(
            "A nested logit model gives each way its probability: cheap ways are chosen more "
            "often, and ways of one kind (car; bus and shuttle; bikes; walking) are closer "
            "substitutes of each other. Constants are calibrated so that the base day has the "
            "observed shares."
        )
    )
    st.latex(
        r"P(i) = \frac{e^{-\theta c_i / \mu}}{\sum_{j \in N} e^{-\theta c_j / \mu}} \cdot "
        r"\frac{e^{\mu L_N}}{\sum_M e^{\mu L_M}}"
    )
    st.latex(r"L_N = \ln \sum_{j \in N} e^{-\theta c_j / \mu}")
    st.subheader(_("The day itself"))
    st.markdown(
        _(
            "A simulated day lets every party travel. Cars find a space, queue, search, drive on "
            "to another entrance, park at the roadside or give up. Shuttles and buses run to "
            "their timetable with delays, seats and people left behind. Bikes and docks run out. "
            "What people meet changes what they expect the next time, until the two agree."
        )
    )
    st.subheader(_("How sure we are"))
    st.markdown(
        _(
            "A comparison repeats the day many times. In each repetition the base and every pilot "
            "meet the same visitors, the same weather and the same delays, so that the "
            "difference is the pilot's and not luck. The interval beside a difference holds the "
            "true mean difference in 95 of 100 such comparisons; a difference is coloured only "
            "where its interval leaves out zero."
        )
    )
    st.latex(r"\bar d \pm t_{0.975,\,n-1} \frac{s_d}{\sqrt n}")
