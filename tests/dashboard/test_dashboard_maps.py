"""No map asks anybody else for scripts or styles, and no name on it becomes HTML."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import unescape

import folium
import pandas as pd
import pytest
from folium.plugins import MarkerCluster

from dashboard.journey import timeline
from dashboard.maps import base_map, line, local_map_assets, marker, tooltip_html
from dashboard.outlook import fullness
from dashboard.trip import Trip
from dashboard.trip_map import fit, trip_layer
from lastmile.itinerary import Itinerary, Leg, Waypoint
from lastmile.planner.clock import HELSINKI

HOSTILE = "<img src=x onerror=alert(1)>"
MORNING = datetime(2026, 6, 7, 10, tzinfo=HELSINKI)


def hostile_itinerary() -> Itinerary:
    """Return a bus ride between stops with names that would be script."""
    ends = Waypoint(HOSTILE, 60.2, 24.6, code=HOSTILE), Waypoint(HOSTILE, 60.3, 24.5)
    leg = Leg(
        mode="transit",
        origin=ends[0],
        destination=ends[1],
        departure=MORNING,
        arrival=MORNING + timedelta(minutes=30),
        distance_m=12_000.0,
        co2_g=None,
        coordinates=((60.2, 24.6), (60.3, 24.5)),
        vehicle="bus",
        route=HOSTILE,
        headsign=HOSTILE,
    )
    return Itinerary(legs=(leg,), fare_eur=None, cost_eur=None)


def test_every_map_of_ours_loads_from_us_alone() -> None:
    trip = Trip.example()
    map_ = base_map()
    map_.add_child(trip_layer(trip, hostile_itinerary(), hostile_itinerary()))
    local_map_assets(map_)


def test_a_layer_that_loads_from_elsewhere_is_refused() -> None:
    map_ = base_map()
    map_.add_child(MarkerCluster())
    with pytest.raises(ValueError, match="not ours"):
        local_map_assets(map_)


def test_no_name_on_a_map_becomes_html() -> None:
    map_ = base_map()
    map_.add_child(marker(60.2, 24.6, HOSTILE, "#000000"))
    map_.add_child(line([(60.2, 24.6), (60.3, 24.5)], HOSTILE, "#000000"))
    drawn = map_.get_root().render()
    assert "<img src=x" not in drawn
    assert "&lt;img src=x" in drawn


def test_no_name_in_a_timeline_becomes_html() -> None:
    drawn = timeline(hostile_itinerary())
    assert "<img" not in drawn
    assert drawn.count("&lt;img src=x onerror=alert(1)&gt;") >= 4


def test_a_map_shows_all_of_its_points() -> None:
    """Web Mercator: at zoom z the world is 256 * 2**z pixels wide."""
    points = [(60.16, 24.93), (60.30, 24.55)]
    center, zoom = fit(points, 430)
    width_px = (24.93 - 24.55) / 360 * 256 * 2**zoom
    assert width_px <= 430 < 4 * width_px
    assert center == pytest.approx((60.23, 24.74))
    assert isinstance(base_map(center, zoom), folium.Map)


def test_the_outlook_counts_the_days_on_which_it_is_full() -> None:
    about = {"entrances": [{"id": "haltia", "places": 100}, {"id": "nowhere", "places": 0}]}
    frame = pd.DataFrame(
        {
            "series": ["parked.haltia"] * 6,
            "time_s": [36_000.0, 36_000.0, 36_000.0, 36_000.0, 36_900.0, 36_900.0],
            "value": [100.0, 100.0, 50.0, 30.0, 0.0, 0.0],
        }
    )
    found = fullness(frame, about, 36_100.0)
    assert set(found) == {"haltia"}
    assert found["haltia"].taken == pytest.approx(0.70)
    assert found["haltia"].chance_full == pytest.approx(0.5)


@pytest.mark.parametrize(
    "hostile", ["${alert(1)}", "`);alert(2);(`", "\\`+alert(3)+\\`", "<b>`${1}</b>"]
)
def test_a_label_on_the_map_never_leaves_its_template_literal(hostile: str) -> None:
    shown = tooltip_html(hostile)
    assert not set("`$\\{}<>") & set(shown)
    assert unescape(shown) == hostile
