"""Every bundled file is named with its source and hash, and a damaged one is never read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lastmile.datasets import Bundle, default_bundle, read_bundle, read_table, sources, status
from lastmile.errors import DataError

ROOT = Path(__file__).resolve().parents[2]
TABLE = "demand/counters.csv"


def test_every_bundled_file_is_named_with_its_right_hash() -> None:
    script = ROOT / "tools" / "check_sources.py"
    run = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, f"{run.stderr}\nmend with: python tools/check_sources.py --write"


def test_every_source_says_what_it_is_and_how_it_may_be_used() -> None:
    for source in sources():
        for field in ("title", "source", "date", "licence"):
            assert getattr(source, field), f"{source.file}: {field}"
        if "OpenStreetMap" in source.source:
            assert "OpenStreetMap contributors" in source.attribution, source.file
        if "CC BY" in source.licence:
            assert source.attribution, source.file


def test_the_bundle_reads_every_file_it_names() -> None:
    for source in sources():
        assert read_bundle(source.file)


def test_the_bundle_holds_every_kind_of_data() -> None:
    for line in status():
        assert line.origin == "bundle"
        assert line.problem is None, line
        assert line.file_count > 0
        assert line.size_bytes > 0
        assert len(line.version) == 12


def test_a_damaged_file_is_named_with_what_restores_it(copied_bundle: Bundle) -> None:
    path = copied_bundle.path(TABLE)
    path.write_bytes(path.read_bytes().replace(b"60.", b"61.", 1))
    with pytest.raises(DataError) as caught:
        copied_bundle.table(TABLE)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    assert "is damaged" in message
    assert f"git checkout -- data/{TABLE}" in message


def test_damage_is_noticed_after_a_good_read(copied_bundle: Bundle) -> None:
    copied_bundle.table(TABLE)
    copied_bundle.path(TABLE).write_text("counter\n1\n")
    with pytest.raises(DataError, match="is damaged"):
        copied_bundle.table(TABLE)


def test_a_missing_file_is_named_with_what_restores_it(copied_bundle: Bundle) -> None:
    copied_bundle.path(TABLE).unlink()
    with pytest.raises(DataError, match=r"counters\.csv is missing; restore it with: git checkout"):
        copied_bundle.read(TABLE)


def test_a_file_nobody_vouches_for_is_not_read(copied_bundle: Bundle) -> None:
    copied_bundle.path("demand/extra.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match=r"extra\.csv is not named in SOURCES\.toml"):
        copied_bundle.read("demand/extra.csv")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"[[file", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"", "is damaged"),
        (b'[[file]]\npath = "x"\n[sha256]\n', "is damaged"),
    ],
)
def test_a_damaged_list_of_sources_is_named(
    copied_bundle: Bundle, content: bytes, what: str
) -> None:
    copied_bundle.path("SOURCES.toml").write_bytes(content)
    with pytest.raises(DataError, match=rf"SOURCES\.toml {what}"):
        copied_bundle.read(TABLE)


def test_a_missing_list_of_sources_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"SOURCES\.toml is missing"):
        Bundle(tmp_path, "nothing").sources()


def test_an_installation_is_restored_by_pip(tmp_path: Path) -> None:
    installed = Bundle(tmp_path, "pip install --force-reinstall lastmile")
    with pytest.raises(DataError, match="pip install --force-reinstall lastmile"):
        installed.read(TABLE)


def test_a_table_without_a_needed_column_is_named() -> None:
    with pytest.raises(DataError, match=r"counters\.csv lacks the columns speed, colour"):
        read_table(TABLE, columns=["counter", "speed", "colour"])


def test_a_folder_is_not_a_file_of_the_bundle() -> None:
    with pytest.raises(DataError, match="is not named"):
        default_bundle().read("demand")
