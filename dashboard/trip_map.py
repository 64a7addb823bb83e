"""A trip on the map: lines of its legs and marks where one changes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import folium

from dashboard.formats import clock
from dashboard.journey import leg_color, leg_title, waypoint_name
from dashboard.maps import line, marker
from dashboard.trip import place_name
from lastmile.places import Gazetteer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dashboard.trip import Trip
    from lastmile.itinerary import Itinerary

ENDS = ("#1b7f4d", "#b3372b")
SHORT_SIDE_PX = 360.0
"""Of the map on a phone: whole trips fit there too."""
TILE_PX = 256.0
CLOSEST_ZOOM = 16


def trip_layer(
    trip: Trip, itinerary: Itinerary | None, back: Itinerary | None
) -> folium.FeatureGroup:
    """Return the trip's lines and marks; the way back lies wide and pale below."""
    layer = folium.FeatureGroup(name="trip")
    for leg in back.legs if back is not None else ():
        layer.add_child(
            line(leg.coordinates, leg_title(leg), leg_color(leg), weight=10, opacity=0.3)
        )
    for leg in itinerary.legs if itinerary is not None else ():
        dash = "2 8" if leg.mode == "walk" else None
        layer.add_child(line(leg.coordinates, leg_title(leg), leg_color(leg), dash=dash))
    for leg in itinerary.legs[1:] if itinerary is not None else ():
        label = f"{clock(leg.departure)} {waypoint_name(leg.origin)}"
        layer.add_child(marker(leg.origin.lat, leg.origin.lon, label, leg_color(leg), radius=5))
    for key, color in zip((trip.origin, trip.destination), ENDS, strict=True):
        place = Gazetteer.bundled().find(key)
        layer.add_child(marker(place.lat, place.lon, place_name(place), color, radius=9))
    return layer


def view_of(trip: Trip, itinerary: Itinerary | None) -> tuple[tuple[float, float], int]:
    """Return the centre and the Leaflet zoom that show the whole trip."""
    points = [Gazetteer.bundled().find(key).point for key in (trip.origin, trip.destination)]
    for leg in itinerary.legs if itinerary is not None else ():
        points.extend(leg.coordinates)
    return fit(points)


def fit(
    points: Iterable[tuple[float, float]], size_px: float = SHORT_SIDE_PX
) -> tuple[tuple[float, float], int]:
    """Return centre and zoom of the box round some points.

    Parameters
    ----------
    points
        (lat, lon), at least one.
    size_px
        The map's shorter side.
    """
    lats, lons = zip(*points, strict=True)
    center = (min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2
    # Web Mercator: 256 px show 360 degrees of longitude at zoom 0; latitude stretches by 1/cos.
    tall = (max(lats) - min(lats)) / math.cos(math.radians(center[0]))
    degrees = max(tall, max(lons) - min(lons), 1e-6)
    zoom = math.floor(math.log2(0.9 * size_px / TILE_PX * 360.0 / degrees))
    return center, min(zoom, CLOSEST_ZOOM)
