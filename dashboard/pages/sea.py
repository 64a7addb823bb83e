"""Reach the sea: from the metro to the Waterfront Walkway, and what would help people there."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st
from streamlit_folium import st_folium

from dashboard import shore
from dashboard.formats import distance, duration, number
from dashboard.legend import legend_html
from dashboard.maps import base_map
from dashboard.sea_map import SeaMap
from dashboard.state import read_query, seed, write_query
from dashboard.texts import _
from dashboard.trip import place_name
from dashboard.trip_map import fit
from lastmile.errors import LastmileError
from lastmile.exports import gpx_document
from lastmile.network.street import load_network
from lastmile.planner.clock import now_to_the_minute
from lastmile.walkway.catchments import BIKE, STEP_FREE, WALK
from lastmile.walkway.day_out import walk_itinerary
from lastmile.walkway.output import dump, links_scenario, signs_csv, signs_geojson, signs_list
from lastmile.walkway.shore import SERVICES
from lastmile.walkway.strolls import choose

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lastmile.places import Place
    from lastmile.walkway.catchments import Way
    from lastmile.walkway.shore import Point

PAGE = "sea"
PARAMETERS = ("station", "view", "signs", "metres", "end", "services")
VIEWS = ("access", "signs", "links", "walks", "bikes")
MOST_SIGNS, MOST_METRES = 60, 3000
ROWS = 8
ANYWHERE = ""
NONE = "-"


def page() -> None:
    """Draw the page; the address holds the station, the view and its numbers."""
    query = read_query(PAGE, PARAMETERS)
    stations = {place.id: place for place in shore.study().stations}
    names = {key: place_name(place) for key, place in stations.items()}
    st.title(_("Reach the sea"))
    seed(
        {
            "sea-station": query.one_of("station", "metro-matinkyla", names),
            "sea-view": query.one_of("view", "access", VIEWS),
            "sea-signs": query.whole("signs", 20, 1, MOST_SIGNS),
            "sea-metres": query.whole("metres", 1000, 100, MOST_METRES),
            "sea-end": query.one_of("end", ANYWHERE, {**names, ANYWHERE: ""}),
            "sea-services": query.several_of("services", [], SERVICES),
        },
        fresh=query.fresh,
    )
    query.note()
    st.markdown(_("The Waterfront Walkway (Rantaraitti) follows the shore of Espoo."))
    labels = _views()
    view = st.segmented_control(
        _("What to look at"), VIEWS, format_func=labels.__getitem__, key="sea-view"
    )
    draw = {
        "access": _access,
        "signs": _signs,
        "links": _links,
        "walks": _walks,
        "bikes": _bikes,
    }
    draw[view or "access"](stations)
    for warning in _notes():
        st.caption(warning)
    write_query(
        PAGE,
        {
            "station": st.session_state["sea-station"],
            "view": view or "",
            "signs": str(st.session_state["sea-signs"]),
            "metres": str(st.session_state["sea-metres"]),
            "end": st.session_state["sea-end"] or "",
            "services": ",".join(st.session_state["sea-services"]),
        },
    )


def _views() -> dict[str, str]:
    return {
        "access": _("How far"),
        "signs": _("Signs"),
        "links": _("Better links"),
        "walks": _("Walks"),
        "bikes": _("City bikes"),
    }


def _notes() -> list[str]:
    """Return what is to be known of the figures."""
    _stations, targets = shore.study().ends(WALK)
    off = int((targets.at.edge < 0).sum())
    notes = [_("How many people walk to the shore is an estimate with a wide range.")]
    if off:
        notes.append(
            _("{count} places lie off the streets of this network and are left out.").format(
                count=off
            )
        )
    if shore.study().main_ways_only:
        notes.append(
            _(
                "The map here holds the main ways only: the real ways have more junctions, and a "
                "link it lacks may be there already."
            )
        )
    return notes


def _station(stations: dict[str, Place], label: str, key: str, *, anywhere: bool) -> Place | None:
    options = [ANYWHERE, *stations] if anywhere else list(stations)
    names = {key: place_name(place) for key, place in stations.items()} | {ANYWHERE: _("Any")}
    chosen = st.selectbox(label, options, format_func=names.__getitem__, key=key)
    return stations.get(chosen or ANYWHERE)


def _access(stations: dict[str, Place]) -> None:
    """Show the ways from one station, and how far the walkway is from every one."""
    left, right = st.columns([2, 3], gap="medium")
    with left:
        station = _station(stations, _("Station"), "sea-station", anywhere=False)
        if station is None:
            return
        ways = shore.walking(station)
        st.dataframe(
            pd.DataFrame(
                {
                    _("Place on the shore"): [place_name(way.destination) for way in ways],
                    _("On foot"): [_length(way) for way in ways],
                    _("Time"): [
                        duration(way.path.duration_s) if way.path else NONE for way in ways
                    ],
                    _("Turns"): [
                        str(way.difficulty.turns) if way.difficulty else NONE for way in ways
                    ],
                }
            ),
            hide_index=True,
            alt=_("Ways from the station to places on the shore"),
        )
        st.page_link(
            st.session_state["trip-page"],
            label=_("Plan the trip"),
            icon=":material/hiking:",
            query_params={"from": station.id, "to": ways[0].destination.id},
        )
    with right:
        drawn = SeaMap(station)
        drawn.add_areas(station)
        drawn.add_ways(ways)
        _map(drawn, [station.point, *(way.destination.point for way in ways[:4])])
    _statement()


def _statement() -> None:
    """Say what the statement of 1.5 km means, station by station."""
    rows = shore.rows()
    straight = sum(row.claim_straight for row in rows)
    walked = sum(row.claim_walked is True for row in rows)
    st.subheader(_("Is every station within 1.5 km of the walkway?"))
    st.markdown(
        _(
            "As the crow flies {straight} of {all} stations are; along the streets {walked} of "
            "{all}."
        ).format(straight=straight, walked=walked, all=len(rows))
    )
    st.dataframe(
        pd.DataFrame(
            {
                _("Station"): [place_name(row.station) for row in rows],
                _("Nearest point"): [
                    place_name(row.nearest[WALK.name].destination) for row in rows
                ],
                _("On foot"): [_length(row.nearest[WALK.name]) for row in rows],
                _("Without steps"): [_length(row.nearest[STEP_FREE.name]) for row in rows],
                _("By bike"): [_length(row.nearest[BIKE.name]) for row in rows],
                _("As the crow flies"): [distance(row.straight_m) for row in rows],
                _("Within 1.5 km on foot"): [
                    _("yes") if row.claim_walked else _("no") for row in rows
                ],
            }
        ),
        hide_index=True,
        alt=_("Distance from every metro station of Espoo to the walkway"),
    )


def _signs(_stations: dict[str, Place]) -> None:
    """Show where signs help most, and what they say."""
    left, right = st.columns([2, 3], gap="medium")
    with left:
        count = st.slider(_("How many signs"), 1, MOST_SIGNS, key="sea-signs")
        plan = shore.signs(load_network().digest, count)
        whole = plan.total or 1.0
        st.markdown(
            _(
                "They help with {covered} % of what is hard to find on the ways between the metro "
                "and the shore. No other {count} signs could help with more than {bound} %."
            ).format(
                covered=number(100 * plan.covered / whole, 0),
                bound=number(100 * plan.bound / whole, 0),
                count=count,
            )
        )
        for label, name, text in (
            (_("List to print"), "signs.txt", signs_list(plan)),
            (_("Table (CSV)"), "signs.csv", signs_csv(plan)),
            (_("Map (GeoJSON)"), "signs.geojson", dump(signs_geojson(plan))),
        ):
            st.download_button(label, text, file_name=name, icon=":material/download:")
    with right:
        drawn = SeaMap()
        drawn.add_signs(plan)
        _map(drawn, [sign.point for sign in plan.signs])
    st.dataframe(
        pd.DataFrame(
            {
                _("Sign"): [sign.number for sign in plan.signs for _each in sign.lines],
                _("Arrow"): [each.arrow for sign in plan.signs for each in sign.lines],
                _("In Finnish"): [each.text_fi for sign in plan.signs for each in sign.lines],
                _("In Swedish"): [each.text_sv for sign in plan.signs for each in sign.lines],
                _("Near"): [sign.near for sign in plan.signs for _each in sign.lines],
            }
        ),
        hide_index=True,
        alt=_("What the signs say"),
    )


def _links(_stations: dict[str, Place]) -> None:
    """Show which new links save most walking."""
    left, right = st.columns([2, 3], gap="medium")
    digest = load_network().digest
    with left:
        metres = st.slider(
            _("Metres of path to build"), 100, MOST_METRES, step=100, key="sea-metres"
        )
        found, plan = shore.found_links(digest), shore.links(digest, metres)
        st.markdown(
            _(
                "The best {count} links save about {minutes} person-minutes of walking a day; no "
                "others for as many metres save more than {bound}. {refused} more were refused: "
                "their ground is water or not known."
            ).format(
                count=len(plan.links),
                minutes=number(plan.saved_min, 0),
                bound=number(plan.bound, 0),
                refused=len(found.refused),
            )
        )
        st.caption(
            _("Buildings, plots and slopes are not in the data: walk there before you plan.")
        )
        st.download_button(
            _("Scenario for comparisons"),
            links_scenario(plan),
            file_name="shore-links.toml",
            icon=":material/download:",
        )
    with right:
        drawn = SeaMap()
        drawn.add_links(found, plan)
        shown = plan.links or found.links
        _map(drawn, [point for link in shown for point in link.points])
    st.dataframe(
        pd.DataFrame(
            {
                _("Number"): list(range(1, len(plan.links) + 1)),
                _("Shortens"): [link.helps for link in plan.links],
                _("New path"): [distance(link.length_m) for link in plan.links],
                _("Way round today"): [distance(link.round_m) for link in plan.links],
                _("Person-minutes a day"): [number(link.saved_min, 0) for link in plan.links],
                _("Bridge or underpass"): [", ".join(link.crosses) for link in plan.links],
            }
        ),
        hide_index=True,
        alt=_("Links chosen"),
    )


def _walks(stations: dict[str, Place]) -> None:
    """List walks along the sea from one station to another."""
    left, right = st.columns([2, 3], gap="medium")
    with left:
        start = _station(stations, _("From the station"), "sea-station", anywhere=False)
        end = _station(stations, _("To the station"), "sea-end", anywhere=True)
        kinds = _kinds()
        services = st.multiselect(
            _("On the way there must be"),
            SERVICES,
            format_func=kinds.__getitem__,
            key="sea-services",
        )
        try:
            found = choose(
                shore.walks(load_network().digest), services=services, start=start, end=end
            )
        except LastmileError:
            st.warning(_("No walk suits: choose another station or fewer services."))
            return
        best = found[0]
        document = gpx_document(
            [walk_itinerary(best, now_to_the_minute())],
            name=best.title,
            attribution=load_network().attribution,
        )
        st.download_button(
            _("First walk as GPX"),
            document.to_xml(version="1.1"),
            file_name="walk.gpx",
            mime="application/gpx+xml",
            icon=":material/download:",
        )
        st.page_link(
            st.session_state["trip-page"],
            label=_("Plan the trip"),
            icon=":material/hiking:",
            query_params={"from": "metro-kamppi", "to": best.start.id},
        )
    with right:
        drawn = SeaMap(best.start)
        drawn.add_walk(best.coordinates, best.title)
        _map(drawn, best.coordinates)
    shown = found[:ROWS]
    columns = {
        _("To the station"): [place_name(walk.end) for walk in shown],
        _("Length"): [distance(walk.length_m) for walk in shown],
        _("Time"): [duration(walk.duration_s) for walk in shown],
        _("Without steps"): [_("yes") if walk.step_free else _("no") for walk in shown],
        _("On the way"): [
            ", ".join(place_name(place) for place in walk.services) for walk in shown
        ],
    }
    st.html(_table(columns, _("Walks along the sea")))


def _table(columns: Mapping[str, Sequence[str]], caption: str) -> str:
    """Return a table whose long texts go over several lines, as HTML, every text escaped."""
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(text)}</td>" for text in others)
        + "</tr>"
        for first, *others in zip(*columns.values(), strict=True)
    )
    return (
        f'<div class="lm-scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table class="lm-table lm-walks"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _bikes(_stations: dict[str, Place]) -> None:
    """Show city bikes on the way to the shore, and where a new station would help most."""
    study = shore.bikes(load_network().digest)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.markdown(
            _(
                "On foot or by city bike, whichever is quicker, the way from the metro to the "
                "shore takes {minutes} min in the mean. Stations as of 2021."
            ).format(minutes=NONE if study.minutes_now is None else number(study.minutes_now, 1))
        )
        st.dataframe(
            pd.DataFrame(
                {
                    _("Number"): list(range(1, len(study.new[:ROWS]) + 1)),
                    _("New city bike station"): [place_name(new.place) for new in study.new[:ROWS]],
                    _("Person-minutes a day"): [
                        number(new.saved_min, 0) for new in study.new[:ROWS]
                    ],
                }
            ),
            hide_index=True,
            alt=_("Where a new city bike station would save most time"),
        )
        st.dataframe(
            pd.DataFrame(
                {
                    _("Place"): [place_name(one.place) for one in study.access],
                    _("City bike station"): [
                        one.station.name if one.station else NONE for one in study.access
                    ],
                    _("Docks"): [
                        NONE if one.docks is None else str(one.docks) for one in study.access
                    ],
                }
            ),
            hide_index=True,
            alt=_("City bike stations at the metro and on the shore"),
        )
    with right:
        drawn = SeaMap()
        drawn.add_bikes(study, ROWS)
        _map(drawn, [place.point for place in shore.study().stations])


def _kinds() -> dict[str, str]:
    """Return services in words."""
    return {
        "beach": _("beach"),
        "cafe": _("café"),
        "harbour": _("harbour"),
        "sauna": _("sauna"),
        "boat": _("boats"),
        "viewpoint": _("viewpoint"),
        "nature_house": _("nature house"),
        "museum": _("museum"),
    }


def _length(way: Way) -> str:
    return _("no way") if way.path is None else distance(way.path.length_m)


def _map(drawn: SeaMap, points: Iterable[Point]) -> None:
    center, zoom = fit(list(points) or [place.point for place in shore.study().stations])
    st_folium(
        base_map(),
        key="sea-map",
        center=center,
        zoom=zoom,
        height=480,
        use_container_width=True,
        feature_group_to_add=drawn.layer,
        returned_objects=[],
    )
    st.html(legend_html(drawn.looks))
