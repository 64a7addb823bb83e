"""The code in docs/timetables.md runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from lastmile.transit.feed import load_active_feed, write_feed
from lastmile.transit.raptor import Ends

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "timetables.md"


def test_code_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_feed(load_active_feed(), "hsl.zip")
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 4
    names: dict[str, object] = {
        "from_stop": [0, 1],
        "to_stop": [1, 0],
        "walk_s": [120, 120],
        "origins": [Ends.of(0)],
        "targets": [Ends.of(7)],
    }
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102 - our own page
    assert (tmp_path / "copy.zip").is_file()
