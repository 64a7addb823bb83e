"""An itinerary for people: one line that sums it up, and a timeline.

Names come from feeds and files: they are escaped here, and nothing else becomes HTML.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from dashboard.formats import clock, distance, duration, emissions, money, spoken
from dashboard.texts import _, _n
from lastmile.itinerary import elapsed_s
from lastmile.planner.clock import shown_s

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from lastmile.itinerary import Itinerary, Leg, Waypoint

MODE_COLORS = {
    "walk": "#5b6470",
    "bike": "#1b7f4d",
    "car": "#b3372b",
    "bikeshare": "#8a6a00",
    "transit": "#0062a8",
}
VEHICLE_COLORS = {"metro": "#b84a00", "train": "#7a3b8f", "rail": "#7a3b8f", "tram": "#006f5b"}
NAMED_STREETS = 3
WORTH_A_LINE_S = 60.0


def leg_color(leg: Leg) -> str:
    """Return the colour of a leg, dark enough for white text on it."""
    return VEHICLE_COLORS.get(leg.vehicle or "", MODE_COLORS[leg.mode])


def vehicle_text(vehicle: str | None) -> str:
    """Return a vehicle in words."""
    words = {
        "bus": _("Bus"),
        "metro": _("Metro"),
        "subway": _("Metro"),
        "train": _("Train"),
        "rail": _("Train"),
        "tram": _("Tram"),
        "ferry": _("Ferry"),
    }
    return words.get(vehicle or "", _("Public transport"))


def leg_title(leg: Leg) -> str:
    """Return what a leg is: "Bus 245A", "Walk", "Drive"."""
    if leg.mode == "transit":
        return f"{vehicle_text(leg.vehicle)} {leg.route or ''}".rstrip()
    words = {"walk": _("Walk"), "bike": _("Cycle"), "car": _("Drive"), "bikeshare": _("City bike")}
    return words[leg.mode]


def leg_line(leg: Leg) -> str:
    """Return what a leg is and where it leads: "Bus 245A, towards Kattila", "Walk, 350 m"."""
    if leg.mode != "transit":
        return f"{leg_title(leg)}, {distance(leg.distance_m)}"
    towards = [_("towards {name}").format(name=leg.headsign)] if leg.headsign else []
    return ", ".join([leg_title(leg), *towards])


def summary_times(itinerary: Itinerary) -> str:
    """Return departure, arrival and length of time."""
    return (
        f"{clock(itinerary.departure)} → {clock(itinerary.arrival, up=True)} · "
        f"{duration(shown_s(itinerary.departure, itinerary.arrival))}"
    )


def summary_ways(itinerary: Itinerary) -> str:
    """Return the vehicles in order; only walking shows as such."""
    titles = [leg_title(leg) for leg in itinerary.legs if leg.mode != "walk"]
    return " + ".join(titles) or _("Walk")


def summary_facts(itinerary: Itinerary) -> str:
    """Return changes, walking, price and emissions."""
    facts = []
    if any(leg.mode == "transit" for leg in itinerary.legs):
        facts.append(
            _n("{n} change", "{n} changes", itinerary.transfers)
            if itinerary.transfers
            else _("no change")
        )
    if itinerary.walk_m:
        facts.append(_("walk {distance}").format(distance=distance(itinerary.walk_m)))
    facts += [money(itinerary.cost_eur), emissions(itinerary.co2_g)]
    return " · ".join(facts)


def timeline(itinerary: Itinerary) -> str:
    """Return the timeline as an HTML list, every name escaped."""
    rows: list[str] = []
    before: Leg | None = None
    for leg in itinerary.legs:
        if before is not None:
            wait_s = elapsed_s(before.arrival, leg.departure)
            if wait_s >= WORTH_A_LINE_S:
                rows.append(_way_row("", _("wait {time}").format(time=duration(wait_s)), ""))
        rows.append(_stop_row(leg.departure, leg.origin))
        rows.append(_way_row(_badge(leg), _leg_facts(leg), leg_color(leg), dashed=_on_foot(leg)))
        before = leg
    last = itinerary.legs[-1]
    rows.append(_stop_row(last.arrival, last.destination, up=True))
    label = escape(_("Timeline of the trip"))
    return f'<ol class="lm-timeline" aria-label="{label}">{"".join(rows)}</ol>'


def _on_foot(leg: Leg) -> bool:
    return leg.mode == "walk"


def _stop_row(when: datetime, point: Waypoint, *, up: bool = False) -> str:
    """Return a row for a place: time and name."""
    extra = [point.code] if point.code else []
    if point.platform:
        extra.append(_("platform {name}").format(name=point.platform))
    name = escape(waypoint_name(point))
    fine = f' <span class="fine">{escape(", ".join(extra))}</span>' if extra else ""
    return (
        f'<li><span class="time">{escape(clock(when, up=up))}</span>'
        f'<span class="dot" aria-hidden="true"></span><span>{name}{fine}</span></li>'
    )


def waypoint_name(point: Waypoint) -> str:
    """Return the name of an end of a leg in the session's language."""
    return spoken(point.name)


def _way_row(badge: str, text: str, color: str, *, dashed: bool = False) -> str:
    """Return a row for the way between two places; ``badge`` is HTML of ours."""
    bar = (
        f'<span class="bar{" dashed" if dashed else ""}" style="color:{color}" '
        'aria-hidden="true"></span>'
        if color
        else '<span aria-hidden="true"></span>'
    )
    return (
        f'<li><span class="time"></span>{bar}<span class="way">{badge}'
        f'<span class="fine">{escape(text)}</span></span></li>'
    )


def _badge(leg: Leg) -> str:
    """Return the leg's title on its colour."""
    title = escape(leg_title(leg))
    return f'<span class="lm-badge" style="background:{leg_color(leg)}">{title}</span> '


def _leg_facts(leg: Leg) -> str:
    """Return direction, length of time, distance and streets of a leg."""
    facts = []
    if leg.mode == "transit":
        if leg.headsign:
            facts.append(_("towards {name}").format(name=leg.headsign))
        facts.append(_n("{n} stop", "{n} stops", len(leg.calls) + 1))
    facts.append(duration(leg.duration_s))
    if leg.mode != "transit":
        facts.append(distance(leg.distance_m))
        facts += _streets(leg)
    facts += [spoken(note) for note in leg.notes]
    return " · ".join(facts)


def _streets(leg: Leg) -> Sequence[str]:
    """Return the streets followed, the first few of them."""
    names = list(dict.fromkeys(step.name for step in leg.steps if step.name))
    if not names:
        return []
    return [", ".join(names[:NAMED_STREETS]) + (" …" if len(names) > NAMED_STREETS else "")]
