"""A small sound feed that tests may spoil."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sound_feed import SOUND

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def feed_with(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the sound feed with some files changed, added or removed.

    A text replaces the file, ``None`` leaves it out, bytes are written as they are.
    """

    def write(**changes: str | bytes | None) -> Path:
        folder = tmp_path / "feed"
        folder.mkdir(exist_ok=True)
        for name, text in {**SOUND, **changes}.items():
            if text is not None:
                data = text if isinstance(text, bytes) else text.encode()
                (folder / f"{name}.txt").write_bytes(data)
        return folder

    return write
