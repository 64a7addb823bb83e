"""What a comparison says, in words, and its table of key figures."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from dashboard.figures import (
    HEADLINES,
    PER_ENTRANCE,
    amount,
    difference,
    interval_text,
    label,
)
from dashboard.texts import _
from lastmile.places import Gazetteer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dashboard.figures import Difference
    from dashboard.jobs import Run

SPOKEN = (
    "parking_full_min",
    "cars_arrived",
    "visitors_turned_away",
    "shuttle_boardings",
    "shuttle_left_behind",
    "stranded",
)
MARKS = {"better": "▲", "worse": "▼", "different": "◆", "unclear": "○"}


def sentences(base: Run, pilot: Run) -> list[str]:
    """Return what a pilot changes, the clear things first, and what it costs."""
    clear, unclear = [], []
    for name in SPOKEN:
        found = difference(base, pilot, name)
        if found is None or (found.base_mean == 0 and found.mean == 0):
            continue
        if found.judgement == "unclear":
            unclear.append(label(name).lower())
        else:
            clear.append(_change(found))
    said = [*clear]
    if unclear:
        said.append(_("No clear difference: {figures}.").format(figures=", ".join(unclear)))
    cost = difference(base, pilot, "operating_cost_eur")
    fares = difference(base, pilot, "fare_revenue_eur")
    if cost is not None and fares is not None:
        net = cost.change - fares.change
        if abs(net) >= 1:
            said.append(
                _("It costs {net} a day, fares deducted.").format(
                    net=amount("operating_cost_eur", net, signed=True)
                )
            )
        else:
            said.append(_("It costs nothing more a day."))
    return said


def _change(found: Difference) -> str:
    """Return one clear change as a sentence."""
    judgement = {
        "better": _("better"),
        "worse": _("worse"),
        "different": _("different"),
        "unclear": _("unclear"),
    }[found.judgement]
    return _("{figure}: {change} ({interval}), from {before} to {after}: {judgement}.").format(
        figure=label(found.name),
        change=amount(found.name, found.change, signed=True),
        interval=interval_text(found.name, found.interval),
        before=amount(found.name, found.base_mean),
        after=amount(found.name, found.mean),
        judgement=judgement,
    )


def figure_names(runs: Sequence[Run], entrance: str) -> list[str]:
    """Return the figures to show: the headlines, and by entrance those that have it."""
    known = {name for run in runs for day in run.days for name in day.kpis}
    names = []
    for name in HEADLINES:
        if name in known:
            names.append(name)
        if name in PER_ENTRANCE and f"{name}.{entrance}" in known:
            names.append(f"{name}.{entrance}")
    return names


def figure_text(name: str, language: str) -> str:
    """Return a figure's label with its entrance."""
    entrance = name.partition(".")[2]
    if not entrance:
        return label(name)
    place = Gazetteer.bundled()[entrance].name(language)  # type: ignore[arg-type]
    return f"{label(name)}, {place}"


def table(base: Run, pilots: Mapping[str, Run], names: Sequence[str], language: str) -> str:
    """Return the table of key figures as HTML, every name escaped.

    A cell is coloured, and marked by a sign, only where the difference is real.
    """
    heads = [_("Key figure"), _("Base"), *pilots]
    rows = ["".join(f'<th scope="col">{escape(head)}</th>' for head in heads)]
    for name in names:
        found = {title: difference(base, run, name) for title, run in pilots.items()}
        known = [one for one in found.values() if one is not None]
        if not known:
            continue
        before = amount(name, known[0].base_mean)
        cells = [
            f'<th scope="row">{escape(figure_text(name, language))}</th>',
            f"<td>{escape(before)}</td>",
        ]
        cells += [_cell(one) for one in found.values()]
        rows.append("".join(cells))
    body = "".join(f"<tr>{row}</tr>" for row in rows[1:])
    caption = escape(_("Means of a day; in brackets the change with its 95 % interval"))
    return (
        f'<div class="lm-scroll" tabindex="0" role="region" aria-label="{caption}">'
        f'<table class="lm-table"><caption>{caption}</caption>'
        f"<thead><tr>{rows[0]}</tr></thead><tbody>{body}</tbody></table></div>"
        f'<p class="lm-legend">{legend()}</p>'
    )


def _cell(found: Difference | None) -> str:
    if found is None:
        return "<td>-</td>"
    change = amount(found.name, found.change, signed=True)
    fine = f"{change} ({interval_text(found.name, found.interval)})"
    if found.interval is None:
        fine = interval_text(found.name, None)
    return (
        f'<td class="lm-{found.judgement}">{MARKS[found.judgement]} '
        f"{escape(amount(found.name, found.mean))}"
        f'<br><span class="fine">{escape(fine)}</span></td>'
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
