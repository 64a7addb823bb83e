"""Trails: how many people are in the park by each entrance, and when they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulation.eventlog import Kind

if TYPE_CHECKING:
    from simulation.stage import Stage


class Trails:
    """People in the park, counted by the entrance they came in at."""

    __slots__ = ("people", "stage")

    def __init__(self, stage: Stage, entrances: int) -> None:
        self.stage = stage
        self.people = [0] * entrances

    def enter(self, party: int, entrance: int, people: int) -> None:
        """Let a party walk in."""
        self.people[entrance] += people
        self.stage.record(Kind.ENTERS_PARK, party, entrance, people, self.people[entrance])

    def leave(self, party: int, entrance: int, people: int) -> None:
        """Let a party walk out."""
        self.people[entrance] -= people
        self.stage.record(Kind.LEAVES_PARK, party, entrance, people, self.people[entrance])
