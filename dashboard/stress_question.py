"""A stress test as a question to the office: named by a hash, so that it is found again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulation.store import data_digest
from simulation.stress import Effort, stress_test

if TYPE_CHECKING:
    from scenarios.schema import Scenario
    from simulation.executor import Crew
    from simulation.sampling import Listener
    from simulation.stress import StressTest


@dataclass(frozen=True)
class StressQuestion:
    """A line to be put through every situation.

    Attributes
    ----------
    scenario, service
        The line.
    days
        Replications of each situation.
    mend
        Whether to look for the cheapest change that mends what breaks.
    """

    scenario: Scenario
    service: str
    days: int
    mend: bool = False

    @property
    def id(self) -> str:
        """Hash of all that decides the answer."""
        said = [self.scenario.digest, self.service, self.days, self.mend, data_digest()]
        return hashlib.sha256(json.dumps(["stress", *said]).encode()).hexdigest()[:16]

    def answer(self, crew: Crew, listener: Listener) -> StressTest:
        """Run the test.

        Raises
        ------
        ScenarioError
            If the line cannot run.
        """
        effort = Effort(self.days, mend=self.mend)
        return stress_test(self.scenario, self.service, effort=effort, crew=crew, listener=listener)
