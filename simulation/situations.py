"""What a timetable is put through: busy days, late trains, slow traffic, a breakdown, a coach.

Every situation runs on the same prepared day and the same random numbers, so that it differs
from the ordinary day by what is said of it and by nothing else. People expect the ordinary: they
plan by the timetable.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simulation.parties import DRAWS, SHUTTLE, Choices, Parties

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from simulation.model import DayModel
    from simulation.rng import Streams
    from simulation.shuttle import Service

PARTY: Final = 3
"""A coach party boards in groups of this many."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a day is put through.

    Attributes
    ----------
    id, title
        Its key, and what people call it.
    visit_level, percentile
        How many come; as in `scenarios.schema.Day`. The scenario's own where both are None.
    train_delay_s
        Mean delay of trains and metros; as on any day where None.
    slowness
        Actual over planned run time.
    vehicle_out_s
        From when one vehicle is out of service; None where all run.
    coach
        People who come to one stop together.
    coach_s
        When, s.
    """

    id: str
    title: str
    visit_level: float | None = None
    percentile: float | None = None
    train_delay_s: float | None = None
    slowness: float = 1.0
    vehicle_out_s: float | None = None
    coach: int = 0
    coach_s: float = 11 * 3600.0


SITUATIONS: Final = {
    one.id: one
    for one in (
        Situation("ordinary", "An ordinary day", visit_level=1.0),
        Situation("busy", "A busy day (1 in 5)", percentile=80.0),
        Situation("one-in-20", "A 1-in-20 day", percentile=95.0),
        Situation("late-trains", "Trains 8 minutes late", visit_level=1.0, train_delay_s=480.0),
        Situation("slow-traffic", "Traffic a quarter slower", visit_level=1.0, slowness=1.25),
        Situation(
            "vehicle-out", "A vehicle out from noon", visit_level=1.0, vehicle_out_s=12 * 3600.0
        ),
        Situation("coach", "A coach party of 45", visit_level=1.0, coach=45),
    )
}
"""What a timetable is put through, by id."""


def put_through(model: DayModel, line: int, situation: Situation) -> DayModel:
    """Return a day's model in a situation."""
    day = model.day
    if situation.visit_level is not None or situation.percentile is not None:
        day = day.model_copy(
            update={"visit_level": situation.visit_level, "percentile": situation.percentile}
        )
    services = []
    for index, service in enumerate(model.services):
        changed = replace(service, slowness=situation.slowness)
        if situation.train_delay_s is not None:
            changed = replace(changed, feeder_delay_s=situation.train_delay_s)
        if situation.vehicle_out_s is not None and index == line:
            vehicle = _busiest_vehicle(service, situation.vehicle_out_s)
            changed = replace(changed, out_of_service=((vehicle, situation.vehicle_out_s),))
        services.append(changed)
    return replace(model, day=day, services=tuple(services))


def _busiest_vehicle(service: Service, from_s: float) -> int:
    """Return the vehicle with the most trips after a time."""
    after = np.nanmin(service.times_s, axis=1) >= from_s
    return int(np.argmax(np.bincount(service.block, weights=after)))


def with_coach(
    model: DayModel,
    line: int,
    situation: Situation,
    parties: Parties,
    chosen: Sequence[Choices],
    streams: Streams,
) -> tuple[Parties, list[Choices]]:
    """Return a day's visitors with a coach party that comes to a line's stop together.

    It boards where most zones do, in groups, and goes home the same way.
    """
    rides = model.access.shuttle
    ways = np.argwhere((rides.service == line) & (rides.board < rides.alight))
    if not len(ways):
        return parties, list(chosen)
    boards = rides.board[ways[:, 0], ways[:, 1]]
    usual = int(np.argmax(np.bincount(boards)))
    zone, gate = (int(one) for one in ways[int(np.argmax(boards == usual))])
    service = model.services[line]
    board, alight = int(rides.board[zone, gate]), int(rides.alight[zone, gate])
    trips = service.departures(board, alight)
    near = trips[int(np.argmin(np.abs(service.times_s[trips, board] - situation.coach_s)))]
    arrives_s = float(service.times_s[near, alight] + rides.egress_s[zone, gate])
    groups = -(-situation.coach // PARTY)
    size = np.full(groups, PARTY)
    size[-1] = situation.coach - PARTY * (groups - 1)
    draws = streams.generator("coach").random((groups, len(DRAWS)))
    added = Parties(
        arrival_s=np.full(groups, arrives_s),
        size=size.astype(parties.size.dtype),
        zone=np.full(groups, zone, dtype=parties.zone.dtype),
        home_entrance=np.full(groups, gate, dtype=parties.home_entrance.dtype),
        stay_s=np.full(groups, 3 * 3600.0),
        has_car=np.zeros(groups, dtype=np.bool_),
        latent=np.zeros(groups, dtype=np.bool_),
        draws=draws,
        taste=np.zeros((groups, *parties.taste.shape[1:]), dtype=parties.taste.dtype),
    )
    order = np.argsort(np.concatenate([parties.arrival_s, added.arrival_s]), kind="stable")

    def joined(mine: NDArray[Any], theirs: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([mine, theirs])[order]

    everyone = Parties(
        **{
            name: joined(getattr(parties, name), getattr(added, name))
            for name in Parties.__dataclass_fields__
        }
    )
    theirs: Mapping[str, Any] = {
        "mode": np.full(groups, SHUTTLE, dtype=np.int8),
        "entrance": np.full(groups, gate, dtype=np.int16),
        "generalised_cost_min": np.zeros(groups),
        "logsum_min": np.zeros(groups),
    }
    return everyone, [
        Choices(**{name: joined(getattr(one, name), theirs[name]) for name in theirs})
        for one in chosen
    ]
