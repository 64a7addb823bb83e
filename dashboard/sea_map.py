"""The map of Reach the sea: its layers, and a legend of what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import folium

from dashboard import shore
from dashboard.formats import distance, number
from dashboard.legend import Look
from dashboard.maps import badge, line, marker, tooltip_html
from dashboard.texts import _, language
from dashboard.trip import place_name
from lastmile.network.street import load_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lastmile.places import Place
    from lastmile.walkway.bikes import BikeStudy
    from lastmile.walkway.catchments import Way
    from lastmile.walkway.links import Candidates, LinkPlan
    from lastmile.walkway.shore import Point
    from lastmile.walkway.signs import SignPlan

WHITE = "#ffffff"
STATION_COLOR, SHORE_COLOR, WALKWAY_COLOR = "#b84a00", "#0062a8", "#006f5b"
WAY_COLOR, GAP_COLOR, NUMBER_COLOR = "#7a3b9e", "#b3372b", "#5b4a00"
POSSIBLE_COLOR = "#6b6b6b"
AREA_COLORS = ("#00441b", "#238b45", "#66c2a4", "#b2e2d3")
GAP_DASH, WAY_DASH = "2 6", "11 5"
ON_TOP = 1000


class SeaMap:
    """What lies on the map: whatever is drawn is drawn after a look, and so in the legend.

    Parameters
    ----------
    chosen
        The station the view is about, if any.

    Attributes
    ----------
    layer
        Of Folium.
    looks
        The kinds drawn, in the order of their first drawing.
    """

    def __init__(self, chosen: Place | None = None) -> None:
        self.layer = folium.FeatureGroup(name="sea")
        self.looks: list[Look] = []
        self._draw_walkway()
        service = Look("dot", SHORE_COLOR, _("Place on the shore"))
        for place in shore.study().shore.services:
            self._dot(service, place.point, place_name(place))
        station = Look("badge", WHITE, _("Metro station"), text="M", ink=STATION_COLOR)
        here = Look("badge", STATION_COLOR, _("The station chosen"), text="M")
        for each in shore.study().stations:
            look = here if each == chosen else station
            self._badge(look, each.point, place_name(each), above=int(each == chosen))

    def _draw_walkway(self) -> None:
        """Draw the walkway as it runs along the streets."""
        walkway = Look("line", WALKWAY_COLOR, _("Waterfront Walkway"))
        for stretch in shore.course(load_network().digest).stretches:
            if stretch.path is not None:
                self._line(walkway, stretch.path.coordinates, walkway.words)
            if stretch.gap is not None:
                self._line(_gap(), stretch.gap.line, _gap().words)

    def add_areas(self, station: Place) -> None:
        """Add the areas within 5, 10, 15 and 20 minutes of a station."""
        found = shore.areas(load_network().digest, station.id)
        for (minutes, rings), color in zip(found, reversed(AREA_COLORS), strict=True):
            label = _("Within {minutes} min on foot").format(minutes=number(minutes))
            self._note(Look("area", color, label))
            for ring in rings:
                self.layer.add_child(
                    folium.Polygon(
                        ring,
                        color=color,
                        weight=1,
                        fill=True,
                        fill_opacity=0.18,
                        tooltip=tooltip_html(label),
                    )
                )

    def add_ways(self, ways: Sequence[Way]) -> None:
        """Add ways to the shore; where there is none, the gap."""
        look = Look("line", WAY_COLOR, _("Way to the shore"), dash=WAY_DASH)
        for way in ways:
            name = place_name(way.destination)
            if way.path is not None:
                label = f"{name}: {distance(way.path.length_m)}"
                self._line(look, way.path.coordinates, label)
            elif way.gap is not None:
                self._line(_gap(), way.gap.line, _("No way to {place}").format(place=name))

    def add_walk(self, coordinates: Sequence[Point], title: str) -> None:
        """Add a walk along the sea."""
        self._line(
            Look("line", WAY_COLOR, _("First walk of the table"), 6, WAY_DASH), coordinates, title
        )

    def add_signs(self, plan: SignPlan) -> None:
        """Add the signs with their numbers and what they say."""
        look = Look("badge", NUMBER_COLOR, _("Sign, by its number in the table"), text="1")
        for sign in plan.signs:
            said = "; ".join(
                f"{each.arrow} {each.text_sv if language() == 'sv' else each.text_fi}"
                for each in sign.lines
            )
            self._number(look, sign.number, sign.point, f"{sign.number}. {said}")

    def add_links(self, found: Candidates, plan: LinkPlan) -> None:
        """Add the links chosen by their numbers, those that could be, and those refused."""
        could = Look("line", POSSIBLE_COLOR, _("Possible link"), 3)
        for link in found.links:
            if link not in plan.links:
                label = _("Possible link, {metres}").format(metres=distance(link.length_m))
                self._line(could, link.points, label)
        no = Look("line", GAP_COLOR, _("Refused: water or unknown ground"), 3, GAP_DASH)
        for refused in found.refused:
            self._line(no, refused.points, no.words)
        new = Look("line", NUMBER_COLOR, _("New link"), 8)
        its = Look("badge", NUMBER_COLOR, _("Number of a new link in the table"), text="1")
        for rank, link in enumerate(plan.links, start=1):
            label = _("New link, {metres}").format(metres=distance(link.length_m))
            self._line(new, link.points, label)
            at = link.points[len(link.points) // 2]
            self._number(its, rank, at, f"{rank}. {label}")

    def add_bikes(self, study: BikeStudy, most: int) -> None:
        """Add the city bike stations there are, and the best places for new ones."""
        bike = Look("badge", WHITE, _("City bike station, by its docks"), text="12", ink=WAY_COLOR)
        for one in study.access:
            if one.station is not None:
                docks = "?" if one.docks is None else str(one.docks)
                where = one.station.lat, one.station.lon
                self._badge(bike._replace(text=docks), where, f"{one.station.name}: {docks}")
        new = Look("badge", NUMBER_COLOR, _("New station, by its number in the table"), text="1")
        for rank, each in enumerate(study.new[:most], start=1):
            self._number(new, rank, each.place.point, f"{rank}. {place_name(each.place)}")

    def _note(self, look: Look) -> None:
        """Put a kind into the legend, once."""
        if look.words not in {known.words for known in self.looks}:
            self.looks.append(look)

    def _line(self, look: Look, coordinates: Sequence[Point], label: str) -> None:
        self._note(look)
        self.layer.add_child(
            line(coordinates, label, look.color, weight=look.weight, dash=look.dash or None)
        )

    def _dot(self, look: Look, at: Point, label: str) -> None:
        self._note(look)
        self.layer.add_child(marker(*at, label, look.color, radius=6))

    def _badge(self, look: Look, at: Point, label: str, *, above: int = 0) -> None:
        self._note(look)
        self.layer.add_child(badge(*at, label, look.text, (look.color, look.ink), above=above))

    def _number(self, look: Look, rank: int, at: Point, label: str) -> None:
        """Draw a number of the table; where two lie on each other, the smaller is on top."""
        self._note(look)
        self.layer.add_child(badge(*at, label, str(rank), (look.color, WHITE), above=ON_TOP - rank))


def _gap() -> Look:
    return Look("line", GAP_COLOR, _("No way here"), dash=GAP_DASH)
