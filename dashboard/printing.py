"""A button that prints the page; what is printed is settled in `dashboard.style`."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard.texts import _

BUTTON = """
<button type="button" class="lm-print">{label}</button>
<script>
for (const button of document.querySelectorAll(".lm-print")) {{
  button.onclick = () => window.print();
}}
</script>
"""


def print_button() -> None:
    """Offer to print the page."""
    st.html(BUTTON.format(label=escape(_("Print"))), unsafe_allow_javascript=True, width="content")
