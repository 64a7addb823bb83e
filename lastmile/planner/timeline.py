"""An outing as a timeline people can read in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lastmile.exports import leg_title, length_text
from lastmile.planner.clock import shown_s, whole_minute
from lastmile.planner.outings import slack_shown_s
from lastmile.units import SECONDS_PER_HOUR, SECONDS_PER_MINUTE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from lastmile.itinerary import Itinerary, Leg, Outing, WayBack

MODE_STYLE = {
    "walk": "cyan",
    "bike": "green",
    "car": "red",
    "transit": "bold blue",
    "bikeshare": "yellow",
}
NAMED_STREETS = 4
WORTH_A_LINE_S = 60.0


def render(outing: Outing) -> RenderableType:
    """Return the outing: ways there, ways back, warnings and where it comes from."""
    ends = outing.request["from"]["name"], outing.request["to"]["name"]
    parts: list[RenderableType] = [
        Text.from_markup(f"[bold]{escape(ends[0])} → {escape(ends[1])}[/]"),
        *_numbered(outing.itineraries, "{}"),
    ]
    if outing.returns:
        parts += [
            Text.from_markup(f"[bold]Back: {escape(ends[1])} → {escape(ends[0])}[/]"),
            *_numbered(outing.returns, "back {}"),
        ]
    if outing.way_back is not None:
        parts.append(_way_back(outing.way_back))
    parts += [Text(f"! {warning}", style="bold yellow") for warning in outing.warnings]
    parts += [Text(note, style="dim") for note in outing.notes]
    return Group(*parts)


def clock_text(when: datetime, *, up: bool = False) -> str:
    """Return HH:MM: departures cut, arrivals rounded up, so that nobody is told a wrong minute."""
    return f"{whole_minute(when, up=up):%H:%M}"


def duration_text(seconds: float) -> str:
    """Return a length of time as people say it: "45 min", "1 h 05 min"; never "0 min"."""
    minutes = max(round(abs(seconds) / SECONDS_PER_MINUTE), 1 if seconds else 0)
    sign = "-" if seconds < 0 and minutes else ""
    hours, rest = divmod(minutes, SECONDS_PER_HOUR // SECONDS_PER_MINUTE)
    return f"{sign}{hours} h {rest:02d} min" if hours else f"{sign}{rest} min"


def co2_text(grams: float | None) -> str:
    """Return emissions: "no CO2", "420 g CO2", "3.1 kg CO2" or "CO2 not known"."""
    if grams is None:
        return "CO2 not known"
    if grams < 1:
        return "no CO2"
    return f"{grams:.0f} g CO2" if grams < 995 else f"{grams / 1000:.1f} kg CO2"  # noqa: PLR2004


def money_text(itinerary: Itinerary) -> str:
    """Return what the trip costs and the tickets to buy."""
    if itinerary.cost_eur is None:
        return "price not known"
    if not itinerary.tickets:
        return f"{itinerary.cost_eur:.2f} €" if itinerary.cost_eur else "free"
    return f"{itinerary.cost_eur:.2f} € ({' + '.join(itinerary.tickets)})"


def _numbered(itineraries: Sequence[Itinerary], label: str) -> list[RenderableType]:
    """Return every itinerary with its number and a heading line."""
    found: list[RenderableType] = []
    for number, itinerary in enumerate(itineraries, start=1):
        found += [_heading(label.format(number), itinerary), _legs(itinerary)]
    return found


def _heading(label: str, itinerary: Itinerary) -> Text:
    """Return the line that sums an itinerary up."""
    facts = [duration_text(shown_s(itinerary.departure, itinerary.arrival))]
    if any(leg.mode == "transit" for leg in itinerary.legs):
        count = itinerary.transfers
        facts.append("no change" if not count else f"{count} change{'s' * (count > 1)}")
    if itinerary.walk_m:
        facts.append(f"walk {length_text(itinerary.walk_m)}")
    facts += [money_text(itinerary), co2_text(itinerary.co2_g)]
    times = f"{clock_text(itinerary.departure)} → {clock_text(itinerary.arrival, up=True)}"
    text = Text.assemble(
        ("\n" + label + "  ", "bold magenta"), (times, "bold"), f"   {' · '.join(facts)}"
    )
    text.append(f"   {itinerary.departure:%a %d.%m.%Y}", style="dim")
    return text


def _legs(itinerary: Itinerary) -> RenderableType:
    """Return the legs, one line at each place and one for each way between."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    before: Leg | None = None
    for leg in itinerary.legs:
        if before is not None:
            wait_s = leg.departure.timestamp() - before.arrival.timestamp()
            if wait_s >= WORTH_A_LINE_S:
                table.add_row("", Text(f"wait {duration_text(wait_s)}", style="dim"))
        table.add_row(clock_text(leg.departure), Text(_place_line(leg)))
        table.add_row("", _way_line(leg))
        for note in leg.notes:
            table.add_row("", Text(note, style="dim"))
        before = leg
    last = itinerary.legs[-1]
    table.add_row(clock_text(last.arrival, up=True), Text(last.destination.name))
    if itinerary.parking is not None and itinerary.parking.probability_full is not None:
        chance = f"{itinerary.parking.probability_full:.0%} chance that the car park is full"
        if itinerary.parking.alternative:
            chance += f"; {itinerary.parking.alternative}"
        table.add_row("", Text(chance, style="yellow"))
    for warning in itinerary.warnings:
        table.add_row("!", Text(warning, style="bold yellow"))
    return Padding(table, (0, 0, 0, 3))


def _place_line(leg: Leg) -> str:
    """Return where a leg starts, with stop code and platform."""
    extra = [leg.origin.code] if leg.origin.code else []
    if leg.origin.platform:
        extra.append(f"platform {leg.origin.platform}")
    return f"{leg.origin.name} ({', '.join(extra)})" if extra else leg.origin.name


def _way_line(leg: Leg) -> Text:
    """Return how a leg goes: line and stops, or length and streets."""
    text = Text(leg_title(leg), style=MODE_STYLE[leg.mode])
    if leg.mode == "transit":
        stops = len(leg.calls) + 1
        text.append(f" · {stops} stop{'s' * (stops > 1)}", style="default")
    text.append(f" · {duration_text(leg.duration_s)}", style="default")
    streets = list(dict.fromkeys(step.name for step in leg.steps if step.name))
    if streets:
        more = " ..." if len(streets) > NAMED_STREETS else ""
        text.append(f" · {', '.join(streets[:NAMED_STREETS])}{more}", style="dim")
    return text


def _way_back(way_back: WayBack) -> RenderableType:
    """Return the last safe return, its slack and what happens if it is missed."""
    last = way_back.last
    line = next((leg_title(leg) for leg in last.legs if leg.mode == "transit"), "transit")
    slack_s = slack_shown_s(way_back)
    slack = (
        f"{duration_text(slack_s)} of slack"
        if slack_s >= 0
        else f"it leaves {duration_text(-slack_s)} before the stay ends"
    )
    found = [
        Text.assemble(
            ("\nLast way back  ", "bold"),
            (f"{clock_text(last.departure)}", "bold"),
            f" ({line}, home {clock_text(last.arrival, up=True)}) · {slack}",
        )
    ]
    found += [Text(f"  if missed: {fallback.text}") for fallback in way_back.if_missed]
    return Group(*found)
