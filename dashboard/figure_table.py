"""The table of a comparison's key figures."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from dashboard.figures import HEADLINES, PER_ENTRANCE, amount, change_text, judge, label
from dashboard.texts import _
from lastmile.places import Gazetteer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lastmile.places import Language
    from simulation.experiment import Comparison, Effect, PilotResult

MARKS = {"better": "▲", "worse": "▼", "different": "◆", "unclear": "○"}


def figure_names(comparison: Comparison, entrance: str) -> list[str]:
    """Return the figures to show: the headlines, and by entrance those that have it."""
    known = {name for pilot in comparison.pilots for name in pilot.effects}
    names = []
    for name in HEADLINES:
        if name in known:
            names.append(name)
        if name in PER_ENTRANCE and f"{name}.{entrance}" in known:
            names.append(f"{name}.{entrance}")
    return names


def figure_text(name: str, language: Language) -> str:
    """Return a figure's label with its entrance."""
    entrance = name.partition(".")[2]
    if not entrance:
        return label(name)
    place = Gazetteer.bundled()[entrance].name(language)
    return f"{label(name)}, {place}"


def table(pilots: Mapping[str, PilotResult], names: Sequence[str], language: Language) -> str:
    """Return the table of key figures as HTML, every name escaped.

    A cell is coloured, and marked by a sign, where its own interval leaves out zero.

    Parameters
    ----------
    pilots
        By title.
    """
    heads = "".join(
        f'<th scope="col">{escape(head)}</th>' for head in (_("Key figure"), _("Base"), *pilots)
    )
    body = []
    for name in names:
        effects = [pilot.effects.get(name) for pilot in pilots.values()]
        before = next((one.base_mean for one in effects if one is not None), math.nan)
        cells = "".join(_cell(name, effect) for effect in effects)
        body.append(
            f'<tr><th scope="row">{escape(figure_text(name, language))}</th>'
            f"<td>{escape(amount(name, before))}</td>{cells}</tr>"
        )
    caption = escape(
        _("Means of a day; below each the change, in brackets its own 95 % interval, row by row")
    )
    return (
        f'<div class="lm-scroll" tabindex="0" role="region" aria-label="{caption}">'
        f'<table class="lm-table"><caption>{caption}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
        f'<p class="lm-legend">{legend()}</p><p class="lm-legend">{escape(rule())}</p>'
    )


def _cell(name: str, effect: Effect | None) -> str:
    if effect is None or math.isnan(effect.mean):
        return "<td>-</td>"
    judgement = judge(name, effect)
    return (
        f'<td class="lm-{judgement}">{MARKS[judgement]} {escape(amount(name, effect.mean))}'
        f'<br><span class="fine">{escape(change_text(name, effect))}</span></td>'
    )


def rule() -> str:
    """Return what the signs go by, and why the verdict's intervals are others."""
    return _(
        "Better, worse or different is marked where the row's own interval leaves out zero; of 20 "
        "rows that nothing changes, one is marked by chance. The verdict asks for more: its ranges "
        "are wider because they hold together."
    )


def legend() -> str:
    """Return what the signs mean, as HTML."""
    words = {
        "better": _("better"),
        "worse": _("worse"),
        "different": _("different, neither better nor worse"),
        "unclear": _("no clear difference"),
    }
    return " · ".join(f"{MARKS[key]} {escape(text)}" for key, text in words.items())
