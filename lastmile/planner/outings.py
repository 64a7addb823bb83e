"""The way back: what came there goes home, the last safe return, and what if it is missed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lastmile.errors import NoRouteError, NoServiceError, OffNetworkError
from lastmile.exports import leg_title
from lastmile.itinerary import Fallback, WayBack
from lastmile.messages import MODE_WORDS, Message
from lastmile.planner.clock import later, moment, shown_slack_s, whole_minute
from lastmile.planner.streets import waypoint
from lastmile.units import METRES_PER_KM, SECONDS_PER_MINUTE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from lastmile.itinerary import Itinerary
    from lastmile.planner.candidates import Candidate
    from lastmile.planner.core import Planner
    from lastmile.planner.request import PlanRequest

SHORT_SLACK_S = 3600.0
"""A return with less slack than this is worth a warning."""
MOST_RETURNS = 6
WALK_HOME_M = 10_000.0
SHARED = frozenset({"walk", "transit", "bikeshare"})
"""What everybody can go home by who left no bike or car behind."""


def returns(
    planner: Planner, request: PlanRequest, chosen: Sequence[Candidate], stay_s: int
) -> tuple[list[Itinerary], list[str]]:
    """Return ways back for every kind of vehicle the chosen ways leave at the destination.

    Parameters
    ----------
    planner
        Plans them.
    request
        The question of the way there.
    chosen
        The ways there, best first.
    stay_s
        Length of the stay.

    Returns
    -------
    tuple
        Ways back, each knowing by ``follows`` which way there it belongs to, and warnings.
    """
    found: list[Itinerary] = []
    warnings: list[str] = []
    kinds: dict[object, int] = {}
    for index, candidate in enumerate(chosen):
        kinds.setdefault((candidate.gear, candidate.bike_stop), index)
    share = max(1, MOST_RETURNS // max(1, len(kinds)))
    for index in kinds.values():
        there = chosen[index]
        back = request.back(moment(there.arrival_s + stay_s))
        if there.mode in {"bike", "car"}:
            back = replace(back, modes=frozenset({there.mode}))
        elif there.bike_stop is not None:
            back = replace(back, modes=frozenset({"transit"}))
        else:
            back = replace(back, modes=request.modes & SHARED or frozenset({"walk"}))
        try:
            ways, faults = planner.ways(back, car_at=there.car_at, bike_stop=there.bike_stop)
        except (NoRouteError, NoServiceError, OffNetworkError) as error:
            warnings.append(
                Message(
                    "no way back from the {mode} itinerary of {time:%H:%M}: {why}",
                    mode=MODE_WORDS[there.mode],
                    time=moment(there.departure_s),
                    why=str(error),
                )
            )
            continue
        warnings += faults
        found += [replace(way.build(), follows=index) for way in ways[:share]]
    return found, list(dict.fromkeys(warnings))


def way_back(planner: Planner, request: PlanRequest, leave: datetime) -> WayBack | None:
    """Return the day's last way back by public transport, and what there is after it.

    Parameters
    ----------
    planner
        Plans it.
    request
        The question of the way there.
    leave
        When the stay ends.

    Returns
    -------
    WayBack or None
        None where no public transport leads back that day.
    """
    back = replace(request.back(leave), modes=SHARED)
    try:
        last = planner.last_departure(back)
        last_near = planner.last_departure(back, long_walk=False)
    except NoServiceError:
        return None
    if last is None:
        return None
    itinerary = last.build()
    missed = later(itinerary.departure, SECONDS_PER_MINUTE)
    fallbacks = [
        *_next_service(planner, back, missed),
        *_taxi(planner, back, missed),
        *_on_foot(planner, back, missed),
    ]
    fallbacks.sort(key=lambda way: (way.cost_eur is None, way.cost_eur or 0.0))
    slack_s = itinerary.departure.timestamp() - leave.timestamp()
    notes = []
    if last_near is not None and last_near.departure_s < last.departure_s:
        notes.append(
            Message(
                "the last way back without a long walk leaves at {near:%H:%M}; that of "
                "{last:%H:%M} takes {kilometres:.1f} km on foot",
                near=moment(last_near.departure_s),
                last=itinerary.departure,
                kilometres=last.walk_m / METRES_PER_KM,
            )
        )
    return WayBack(itinerary, slack_s, tuple(fallbacks), tuple(notes))


def slack_warnings(found: WayBack) -> list[str]:
    """Return what to warn of about the last way back."""
    leaves = found.last.departure
    if found.slack_s < 0:
        return [
            Message(
                "the last way back by public transport leaves at {time:%H:%M}, before the stay "
                "ends",
                time=leaves,
            )
        ]
    if found.slack_s < SHORT_SLACK_S:
        return [
            Message(
                "the last way back leaves at {time:%H:%M}: {minutes} min after the stay ends",
                time=leaves,
                minutes=int(slack_shown_s(found) // SECONDS_PER_MINUTE),
            )
        ]
    return []


def slack_shown_s(found: WayBack) -> float:
    """Return the slack by the minutes shown of the end of the stay and of the departure, s."""
    leaves = found.last.departure
    return shown_slack_s(later(leaves, -found.slack_s), leaves)


def _next_service(planner: Planner, back: PlanRequest, missed: datetime) -> list[Fallback]:
    """Return the first public transport home after the last one of the day."""
    first = planner.first_after(replace(back, at=missed))
    if first is None:
        return []
    itinerary = first.build()
    ride = next(leg for leg in itinerary.legs if leg.mode == "transit")
    price = "" if itinerary.fare_eur is None else f", {itinerary.fare_eur:.2f} €"
    return [
        Fallback(
            kind="next_service",
            text=f"next: {leg_title(ride)}, {itinerary.departure:%a %d.%m. %H:%M}, home "
            f"{whole_minute(itinerary.arrival, up=True):%H:%M}{price}",
            departure=itinerary.departure,
            arrival=itinerary.arrival,
            cost_eur=itinerary.fare_eur,
        )
    ]


def _taxi(planner: Planner, back: PlanRequest, missed: datetime) -> list[Fallback]:
    """Return a taxi home, priced by start, kilometres and minutes."""
    try:
        drive = planner.streets.stretch("car", waypoint(back.origin), waypoint(back.destination))
    except (NoRouteError, OffNetworkError):
        return []
    costs = planner.costs
    price = (
        costs.taxi_start_eur
        + drive.length_m / METRES_PER_KM * costs.taxi_eur_km
        + drive.duration_s / SECONDS_PER_MINUTE * costs.taxi_eur_min
    )
    leaves = later(missed, costs.taxi_wait_s)
    home = later(leaves, drive.duration_s)
    return [
        Fallback(
            kind="taxi",
            text=f"taxi, about {price:.0f} € ({drive.length_m / METRES_PER_KM:.0f} km), home "
            f"about {whole_minute(home, up=True):%H:%M}",
            departure=leaves,
            arrival=home,
            cost_eur=round(price, 2),
        )
    ]


def _on_foot(planner: Planner, back: PlanRequest, missed: datetime) -> list[Fallback]:
    """Return the walk home where it is one that people do."""
    try:
        walk = planner.streets.stretch(
            "walk",
            waypoint(back.origin),
            waypoint(back.destination),
            step_free=back.step_free,
        )
    except (NoRouteError, OffNetworkError):
        return []
    if walk.length_m > WALK_HOME_M:
        return []
    home = later(missed, walk.duration_s)
    kilometres = walk.length_m / METRES_PER_KM
    text = f"on foot, {kilometres:.1f} km, home {whole_minute(home, up=True):%H:%M}"
    return [Fallback("walk", text, missed, home, 0.0)]
