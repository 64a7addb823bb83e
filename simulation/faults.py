"""Faults of a scenario that only show beside places, streets and timetable: all are gathered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lastmile.errors import ScenarioError
from lastmile.messages import Message

if TYPE_CHECKING:
    from scenarios.schema import Scenario


class Faults:
    """Gathers a scenario's faults, so that all of them are told at once."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._said: list[Message] = []

    def add(self, key: str, reason: str) -> None:
        """Note what is wrong with a key, in the file that set it."""
        self._said.append(
            Message(
                "{file}: {key}: {reason}", file=self._scenario.file_of(key), key=key, reason=reason
            )
        )

    def __bool__(self) -> bool:
        """Say whether there are any."""
        return bool(self._said)

    def tell(self) -> None:
        """Raise if there are any.

        Raises
        ------
        ScenarioError
            With every fault, one a line.
        """
        if self._said:
            raise ScenarioError(Message.joined(dict.fromkeys(self._said), "\n"))
