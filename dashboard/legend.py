"""The legend of a map or chart: every kind of thing drawn, with a mark like it and its name."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

MAP_GROUND = "#f4f3ee"


class Look(NamedTuple):
    """How one kind of thing is drawn, and what it is called.

    Attributes
    ----------
    mark
        Its form.
    color
        CSS colour; of a badge the ground.
    words
        Its name, in the language of the session.
    weight
        Width of a line or a bar, px.
    dash
        SVG dash pattern of a line; solid when empty.
    text, ink
        Letter or number in a badge, and its colour.
    """

    mark: Literal["line", "bar", "area", "dot", "badge"]
    color: str
    words: str
    weight: float = 4
    dash: str = ""
    text: str = ""
    ink: str = "#ffffff"


def legend_html(looks: Iterable[Look]) -> str:
    """Return a legend as a list, every name escaped.

    The marks lie on the map's own ground, so that they look the same on a dark page.
    """
    items = "".join(f"<li>{_mark(look)}<span>{escape(look.words)}</span></li>" for look in looks)
    return f'<ul class="lm-key">{items}</ul>'


def _mark(look: Look) -> str:
    """Return the picture of a kind; as a picture of its own, as pages drop SVG among text."""
    shapes = {
        "line": (
            f'<path d="M2 11H38" fill="none" stroke="{look.color}" stroke-width="{look.weight}" '
            f'stroke-dasharray="{look.dash}"/>'
        ),
        "bar": f'<path d="M20 2V20" stroke="{look.color}" stroke-width="{look.weight}"/>',
        "area": (
            f'<rect x="8" y="3" width="24" height="16" fill="{look.color}" fill-opacity=".3" '
            f'stroke="{look.color}" stroke-width="1.5"/>'
        ),
        "dot": (
            f'<circle cx="20" cy="11" r="6" fill="{look.color}" stroke="#fff" stroke-width="2"/>'
        ),
        "badge": (
            f'<circle cx="20" cy="11" r="9" fill="{look.color}" stroke="{look.ink}" '
            f'stroke-width="2"/><text x="20" y="15" text-anchor="middle" font-size="11" '
            f'font-weight="700" fill="{look.ink}">{escape(look.text)}</text>'
        ),
    }
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="22" font-family="sans-serif">'
        f'<rect width="40" height="22" rx="4" fill="{MAP_GROUND}"/>{shapes[look.mark]}</svg>'
    )
    return f'<img alt="" width="40" height="22" src="data:image/svg+xml,{quote(picture)}">'
