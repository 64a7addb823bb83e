"""Folium maps that draw with no internet.

Every asset a map asks for is a file we serve ourselves (see :mod:`dashboard.assets`); a layer
that asks for anything else is refused by :func:`local_map_assets`. Popups of Folium need
jQuery, so names are shown as tooltips, escaped.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, TypedDict

import folium
import streamlit as st
from branca.element import Element, MacroElement
from folium.elements import JSCSSMixin
from folium.template import Template

from dashboard.assets import (
    DECK_FILE,
    publish_deck,
    publish_json,
    publish_leaflet,
    static_folder,
    static_url,
)
from lastmile.network.street import load_network

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lastmile.network.street import StreetNetwork

OSM_ATTRIBUTION = (
    '&copy; <a href="https://www.openstreetmap.org/copyright">OpenStreetMap contributors</a> (ODbL)'
)
HSL_ATTRIBUTION = '&copy; <a href="https://www.hsl.fi/en/hsl/open-data">HSL</a> (CC BY 4.0)'
TRANSPARENT = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
ESPOO = (60.22, 24.72)
BADGE_PX = 22

#: Street classes drawn when a network is too large to draw whole.
MAIN_CLASSES = frozenset(
    ["motorway", "trunk", "primary", "secondary", "tertiary", "cycleway", "unclassified"]
)
WHOLE_NETWORK_EDGES = 12_000
_IN_TEMPLATE_LITERALS = str.maketrans({char: f"&#{ord(char)};" for char in "`$\\{}"})


class StreetLayer(MacroElement):
    """Our own streets, fetched by the browser and drawn below the tiles.

    Parameters
    ----------
    url
        Where the browser finds the GeoJSON; each feature has a ``c`` property: 2 for main
        roads, 1 for other streets, 0 for paths.
    images
        Where Leaflet finds its marker pictures.
    attributions
        Credits, as HTML of ours.
    """

    _template = Template("""
        {% macro script(this, kwargs) %}
        {{ this._parent.get_name() }}.createPane("streets").style.zIndex = 150;
        {{ this._parent.get_name() }}.getContainer().style.background = "#f4f3ee";
        {% for source in this.attributions %}
        {{ this._parent.get_name() }}.attributionControl.addAttribution({{ source|tojson }});
        {% endfor %}
        L.Icon.Default.imagePath = {{ this.images|tojson }};
        fetch({{ this.url|tojson }})
            .then(function (answer) { return answer.json(); })
            .then(function (streets) {
                L.geoJSON(streets, {
                    pane: "streets",
                    renderer: L.canvas({pane: "streets"}),
                    interactive: false,
                    style: function (feature) {
                        return [
                            {color: "#8fae8b", weight: 1, dashArray: "3 3"},
                            {color: "#b9b6ae", weight: 1.5},
                            {color: "#a8977a", weight: 3},
                        ][feature.properties.c];
                    },
                }).addTo({{ this._parent.get_name() }});
            });
        {% endmacro %}
    """)

    def __init__(self, url: str, images: str, attributions: Sequence[str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "StreetLayer"
        self.url = url
        self.images = images
        self.attributions = tuple(attributions)


def street_geojson(network: StreetNetwork) -> dict[str, object]:
    """Return the network as small GeoJSON for drawing.

    A network of more than 12,000 edges is drawn by its main classes only. Coordinates are
    rounded to 5 decimals (about one metre).
    """
    streets = network.to_geodataframe()
    main = streets["kind"].isin(["motorway", "trunk", "primary", "secondary"])
    paths = streets["kind"].isin(["path", "footway", "cycleway", "track", "steps"])
    streets = streets.assign(c=1 + main.astype(int) - paths.astype(int))
    if len(streets) > WHOLE_NETWORK_EDGES:
        streets = streets[streets["kind"].isin(MAIN_CLASSES)]
    features = [
        {
            "type": "Feature",
            "properties": {"c": int(rank)},
            "geometry": {
                "type": "LineString",
                "coordinates": [[round(x, 5), round(y, 5)] for x, y in line.coords],
            },
        }
        for rank, line in zip(streets["c"], streets.geometry, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


@st.cache_resource(max_entries=2)
def _published_streets(digest: str, _network: StreetNetwork) -> str:
    """Publish Leaflet and the streets once per network; return the GeoJSON's file name."""
    folder = static_folder()
    publish_leaflet(folder)
    publish_deck(folder)
    name = f"streets-{digest[:16]}.geojson"
    if not (folder / name).is_file():
        publish_json(folder, name, street_geojson(_network))
    return name


def _assets(element: Element) -> Iterator[tuple[str, str]]:
    """Walk a map and name every script and style sheet it or a layer of it asks for."""
    if isinstance(element, JSCSSMixin):
        yield from element.default_js
        yield from element.default_css
    for child in element._children.values():  # noqa: SLF001 - Folium has no public walk
        yield from _assets(child)


def local_map_assets(map_: folium.Map) -> None:
    """Refuse a map that would fetch a script or style sheet from elsewhere.

    Raises
    ------
    ValueError
        Naming the asset and its address.
    """
    for name, url in _assets(map_):
        if not url.startswith("/") or url.startswith("//"):
            raise ValueError(f"the map asks for {name!r} from {url}, which is not ours")


class Leaflet(TypedDict):
    """Where the browser finds Leaflet's script, style sheet and pictures."""

    js: str
    css: str
    images: str


class Published(TypedDict):
    """Where the browser finds what every map of ours needs."""

    streets: str
    leaflet: Leaflet
    deck: str


def published() -> Published:
    """Publish streets, Leaflet and deck.gl where that is not done yet; return the addresses."""
    network = load_network()
    name = _published_streets(network.digest, network)
    base_path = str(st.get_option("server.baseUrlPath") or "")
    return {
        "streets": static_url(name, base_path),
        "deck": static_url(DECK_FILE, base_path),
        "leaflet": {
            "js": static_url("leaflet/leaflet.js", base_path),
            "css": static_url("leaflet/leaflet.css", base_path),
            "images": static_url("leaflet/images/", base_path),
        },
    }


def base_map(center: tuple[float, float] = ESPOO, zoom: int = 11) -> folium.Map:
    """Return a map of our own streets, with OSM tiles on top where there is internet.

    Parameters
    ----------
    center
        (lat, lon), WGS 84.
    zoom
        Leaflet zoom level.
    """
    ours = published()
    map_ = folium.Map(location=center, zoom_start=zoom, tiles=None)
    map_.default_js = [("leaflet", ours["leaflet"]["js"])]
    map_.default_css = [("leaflet_css", ours["leaflet"]["css"])]
    map_.add_child(
        StreetLayer(ours["streets"], ours["leaflet"]["images"], (OSM_ATTRIBUTION, HSL_ATTRIBUTION))
    )
    folium.TileLayer(
        tiles="https://tile.openstreetmap.org/{z}/{x}/{y}.png",
        attr=OSM_ATTRIBUTION,
        name="OpenStreetMap",
        error_tile_url=TRANSPARENT,
        max_zoom=19,
    ).add_to(map_)
    return map_


def tooltip_html(label: str) -> str:
    """Return the HTML that shows a label as it is.

    Folium puts it into a template literal of JavaScript, where a backtick ends the text and
    ``${}`` runs: these are written as HTML, too, and so are backslashes.
    """
    return escape(label).translate(_IN_TEMPLATE_LITERALS)


def line(
    coordinates: Sequence[tuple[float, float]],
    label: str,
    color: str,
    *,
    weight: float = 5,
    dash: str | None = None,
    opacity: float = 0.9,
) -> folium.PolyLine:
    """Return a line whose tooltip is ``label``, taken as plain text.

    Parameters
    ----------
    coordinates
        (lat, lon) pairs, at least two.
    label
        Shown when the pointer is on the line.
    color
        CSS colour.
    weight
        Width in pixels.
    dash
        SVG dash pattern; solid when None.
    opacity
        From 0 to 1.
    """
    return folium.PolyLine(  # type: ignore[no-untyped-call]
        coordinates,
        color=color,
        weight=weight,
        dash_array=dash,
        opacity=opacity,
        tooltip=tooltip_html(label),
    )


def marker(
    lat: float, lon: float, label: str, color: str, *, radius: float = 7
) -> folium.CircleMarker:
    """Return a round marker whose tooltip is ``label``, taken as plain text."""
    return folium.CircleMarker(
        (lat, lon),
        radius=radius,
        weight=2,
        color="#ffffff",
        fill=True,
        fill_color=color,
        fill_opacity=0.9,
        tooltip=tooltip_html(label),
    )


def badge(
    lat: float, lon: float, label: str, text: str, colors: tuple[str, str], *, above: int = 0
) -> folium.Marker:
    """Return a round marker with a letter or a number in it.

    Parameters
    ----------
    label
        Tooltip, taken as plain text.
    text
        What stands in the marker: a letter or a short number.
    colors
        CSS colours of the ground, and of text and edge.
    above
        Which of two markers lies on top: that with the larger number.
    """
    ground, ink = colors
    icon = folium.DivIcon(
        html=(
            f'<div style="width:{BADGE_PX}px;height:{BADGE_PX}px;box-sizing:border-box;'
            f"border:2px solid {ink};border-radius:50%;background:{ground};color:{ink};"
            f"font:700 {BADGE_PX // 2}px/{BADGE_PX - 4}px sans-serif;text-align:center"
            f'">{escape(text)}</div>'
        ),
        icon_size=(BADGE_PX, BADGE_PX),
        icon_anchor=(BADGE_PX // 2, BADGE_PX // 2),
    )
    return folium.Marker(
        (lat, lon),
        icon=icon,
        tooltip=tooltip_html(label),
        keyboard=False,
        z_index_offset=above,
    )
