"""One line in one situation as something to repeat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lastmile.errors import RequestError
from lastmile.parameters import Parameters
from simulation.day import make_plans, simulate_day
from simulation.linefigures import Upkeep, departures_planned, line_day
from simulation.rng import Streams
from simulation.situations import put_through, with_coach
from simulation.trial import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from scenarios.schema import Scenario
    from simulation.model import DayModel
    from simulation.shuttle import Service
    from simulation.situations import Situation
    from simulation.trial import Table

CALLS: Final = "calls"
"""Table: a row a departure from a stop, in the order of `cells_of`: ``boarded``, ``left_behind``,
``missed``, ``extra_wait_s``, ``extra_people``, ``load`` and ``late_s``, as in
`simulation.linefigures.LineDay`."""

WAITS: Final = "waits"
"""Table: a row a boarding: ``trip``, ``stop``, ``wait_s``, ``people``."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A prepared day and which of its services is tested.

    Attributes
    ----------
    model
        The day.
    index
        Which service.
    upkeep
        What its vehicles need and cost.
    """

    model: DayModel
    index: int
    upkeep: Upkeep

    @property
    def service(self) -> Service:
        """The line."""
        return self.model.services[self.index]


def prepare_line(scenario: Scenario, service: str) -> Line:
    """Prepare a scenario's day for the test of one of its services.

    Raises
    ------
    ScenarioError
        If the scenario cannot be run.
    RequestError
        If the service does not run.
    """
    from simulation.prepare import prepare  # noqa: PLC0415 - streets and planner load slowly

    model = prepare(scenario)
    found = [index for index, one in enumerate(model.services) if one.id == service]
    if not found:
        known = ", ".join(one.id for one in model.services) or "none"
        raise RequestError(f"{scenario.name} runs no service {service!r}; it runs {known}")
    numbers = Parameters.bundled().with_values(scenario.parameters)
    return Line(model, found[0], Upkeep.of(numbers))


@dataclass(frozen=True, slots=True, eq=False)
class LineTrial:
    """A line's day in a situation.

    Attributes
    ----------
    line
        The line, on a day put through the situation.
    situation
        Which.
    """

    line: Line
    situation: Situation

    def about(self) -> Mapping[str, Any]:
        """Return what is known of it without running it: nothing."""
        return {}

    def run(self, seed: int, replication: int) -> Outcome:
        """Run one day."""
        model, index = self.line.model, self.line.index
        streams = Streams(seed, replication)
        plans = make_plans(model, streams)
        parties, chosen = plans.parties, list(plans.chosen)
        if self.situation.coach:
            parties, chosen = with_coach(model, index, self.situation, parties, chosen, streams)
        events = simulate_day(model, parties, chosen, streams)
        day = line_day(events, self.line.service, index, self.line.upkeep)
        trips, stops = cells_of(self.line.service)
        names = ("boarded", "left_behind", "missed", "extra_wait_s", "extra_people", "load")
        calls: Table = {name: getattr(day, name)[trips, stops] for name in (*names, "late_s")}
        waits: Table = {
            "trip": day.waits[:, 0].astype(np.int32),
            "stop": day.waits[:, 1].astype(np.int32),
            "wait_s": day.waits[:, 2],
            "people": day.waits[:, 3],
        }
        return Outcome(day.figures, {CALLS: calls, WAITS: waits})


def line_trial(line: Line, situation: Situation) -> LineTrial:
    """Put a line's day through a situation."""
    model = put_through(line.model, line.index, situation)
    return LineTrial(Line(model, line.index, line.upkeep), situation)


def cells_of(service: Service) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the trip and the stop of every departure in the timetable."""
    trips, stops = np.nonzero(~np.isnan(departures_planned(service)))
    return trips, stops
