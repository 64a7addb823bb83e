"""Pages of our own inside a page: maps that move by themselves, in an iframe.

A template in ``dashboard/web`` holds style and script; what it shows is given to it as JSON.
Everything in the JSON is data: scripts of ours put names on the page as text, never as HTML.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Mapping

_SLOT = "/*DATA*/null"
_NO_MARKUP = str.maketrans(
    {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
    }
)


@lru_cache(maxsize=8)
def _template(name: str) -> str:
    return (files("dashboard") / "web" / name).read_text(encoding="utf-8")


def fill(name: str, data: Mapping[str, object]) -> str:
    """Return a template with its data in it.

    Parameters
    ----------
    name
        File in ``dashboard/web``.
    data
        What its script finds as ``DATA``; no string in it can end the script it stands in.
    """
    said = json.dumps(data, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return _template(name).replace(_SLOT, said.translate(_NO_MARKUP))


def show(name: str, data: Mapping[str, object], *, height: int, alt: str) -> None:
    """Show a template in the look of the session: light or dark.

    Parameters
    ----------
    height
        Of the frame, px.
    alt
        What it is, for those who do not see it.
    """
    look = {"dark": st.context.theme.type == "dark"}
    st.iframe(fill(name, {**data, **look}), height=height, alt=alt)
