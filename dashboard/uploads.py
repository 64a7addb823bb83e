"""Scenario files that people upload: checked, kept for a while, seen by whoever has the link."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from lastmile.errors import ScenarioError
from lastmile.messages import Message
from scenarios.load import NOT_UTF8, read_scenario

if TYPE_CHECKING:
    from scenarios.schema import Scenario

LARGEST_BYTES = 200_000
KEPT = 256
KEPT_EACH = 8
PREFIX = "file-"
LABEL = "uploaded.toml"


class Uploads:
    """The uploaded scenarios of everybody, by an id made of their contents.

    Nobody finds another one's by looking: a visit sees those it uploaded or was given the id of.
    A visit's list is kept by the caller, the newest last.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Scenario] = OrderedDict()

    def take(self, content: bytes, visit: list[str]) -> str:
        """Check a file and keep it; of a visit's, the newest `KEPT_EACH`. Return its id.

        Raises
        ------
        ScenarioError
            It is too large, no TOML, or no scenario; the message lists every fault.
        """
        found = read(content)
        key = f"{PREFIX}{found.digest}"
        with self._lock:
            self._kept[key] = found
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._note(key, visit)
        return key

    def open(self, key: str, visit: list[str]) -> None:
        """Show a visit the scenario whose id it was given, if it is still kept."""
        if key in self._kept and key not in visit:
            self._note(key, visit)

    def seen_by(self, visit: list[str]) -> list[str]:
        """Return the ids that a visit sees."""
        return [key for key in visit if key in self._kept]

    def __getitem__(self, key: str) -> Scenario:
        """Return a scenario by its id.

        Raises
        ------
        KeyError
            It is not kept.
        """
        return self._kept[key]

    @staticmethod
    def _note(key: str, visit: list[str]) -> None:
        """Make an id a visit's newest; forget its oldest where there are too many."""
        visit[:] = [*(one for one in visit if one != key), key][-KEPT_EACH:]


def read(content: bytes) -> Scenario:
    """Read a scenario file as data: TOML that may extend bundled scenarios only.

    Raises
    ------
    ScenarioError
        It is too large, no TOML, or no scenario; the message lists every fault.
    """
    if len(content) > LARGEST_BYTES:
        raise ScenarioError(
            Message(
                "the file has {size:,.0f} bytes; a scenario has at most {most:,.0f}",
                size=len(content),
                most=LARGEST_BYTES,
            )
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise ScenarioError(
            Message("{file}: not TOML: {reason}", file=LABEL, reason=NOT_UTF8)
        ) from None
    return read_scenario(text, LABEL)
