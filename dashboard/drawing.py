"""Draws charts on the page, their numbers written as the session's language writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from babel import Locale

from dashboard.formats import MINUS, locale

if TYPE_CHECKING:
    from typing import Any

    from altair import Chart, FacetChart, LayerChart


def draw(chart: Chart | LayerChart | FacetChart, *, alt: str) -> None:
    """Draw a chart.

    Parameters
    ----------
    chart
        The chart; its axes, legends and tooltips get their numbers in the session's language.
    alt
        What it shows, for those who do not see it.
    """
    st.altair_chart(chart.configure(locale={"number": number_locale()}), alt=alt)


def number_locale() -> dict[str, Any]:
    """Return how the session's language writes numbers, as d3-format takes it.

    Notes
    -----
    Streamlit passes neither ``formatLocale`` nor ``timeFormatLocale`` of the embed options on.
    ``locale`` in the configuration of the chart itself reaches Vega, and is part of the chart.
    """
    here = Locale.parse(locale())
    symbols = here.number_symbols["latn"]
    return {
        "decimal": symbols["decimal"],
        "thousands": symbols["group"],
        "grouping": [3],
        "currency": ["", "\N{NO-BREAK SPACE}€"],
        "percent": here.percent_formats[None].pattern.lstrip("#,0"),
        "minus": MINUS,
    }
