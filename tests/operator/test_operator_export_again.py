"""An export replaces an earlier one, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from lastmile.cli import cli
from lastmile.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

EXPORTS = [("gbfs", "ebikes-espoo-nuuksio"), ("gtfs", "shuttle-espoo-haltia")]


@pytest.mark.parametrize(("kind", "scenario"), EXPORTS)
def test_an_export_replaces_an_earlier_one(tmp_path: Path, kind: str, scenario: str) -> None:
    target = tmp_path / "feeds"
    for _ in range(2):
        result = CliRunner().invoke(cli, ("export", kind, scenario, str(target)))
        assert result.exit_code == 0, result.exception
        files = {one.name: one.read_bytes() for one in target.iterdir()}
        next(target.iterdir()).write_text("damaged")
    assert b"damaged" not in files.values()
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(("kind", "scenario"), EXPORTS)
def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, kind: str, scenario: str) -> None:
    (tmp_path / "letter.txt").write_text("Dear aunt")
    result = CliRunner().invoke(cli, ("export", kind, scenario, str(tmp_path)))
    assert isinstance(result.exception, DataError)
    assert "letter.txt" in str(result.exception)
    assert (tmp_path / "letter.txt").read_text() == "Dear aunt"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("url", ["notaurl", "ftp://example.org/", "https://"])
@pytest.mark.parametrize(("kind", "scenario"), EXPORTS)
def test_what_is_no_address_is_refused(tmp_path: Path, kind: str, scenario: str, url: str) -> None:
    words = ("export", kind, scenario, str(tmp_path / "feeds"), "--url", url)
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 2
    assert "is no address" in result.output
