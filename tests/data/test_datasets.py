"""A user's data set is in force as a whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from lastmile.datasets import active, install_dataset, remove, status, user_data_dir
from lastmile.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from lastmile import datasets

FACTS = {
    "title": "Bikes",
    "source": "a test",
    "licence": "CC0",
    "attribution": "nobody",
    "stats": {"stations": 2},
}

SLOW_BUILD = """
import sys, time
from pathlib import Path
from lastmile.datasets import install_dataset

def build(folder: Path) -> dict[str, object]:
    (folder / "stations.csv").write_text("half")
    print("half-way", flush=True)
    time.sleep(60)
    return {}

install_dataset("bikes", build)
"""

BUILD_AGAIN_AND_AGAIN = """
from pathlib import Path
from lastmile.datasets import install_dataset

def build(folder: Path) -> dict[str, object]:
    for name in "abc":
        (folder / name).write_text(name * 100_000)
    return {"title": "t", "source": "s", "licence": "l", "attribution": "a"}

while True:
    install_dataset("bikes", build)
    print("built", flush=True)
"""


def build_of(text: str) -> datasets.UserDataset:
    """Install a data set of bikes whose file holds ``text``."""

    def build(folder: Path) -> dict[str, object]:
        (folder / "stations.csv").write_text(text)
        return dict(FACTS)

    return install_dataset("bikes", build)


def text_in_force() -> str:
    dataset = active("bikes")
    assert dataset is not None
    return dataset.verified_path("stations.csv").read_text()


def entries() -> set[str]:
    return {path.name for path in (user_data_dir() / "bikes").iterdir()} - {".lock", "CURRENT"}


def test_without_a_data_set_of_the_user_the_bundle_holds() -> None:
    assert active("streets") is None
    assert all(line.origin == "bundle" for line in status())


def test_the_data_folder_is_the_systems_unless_chosen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LASTMILE_DATA_DIR", str(tmp_path / "here"))
    assert user_data_dir() == tmp_path / "here"
    monkeypatch.delenv("LASTMILE_DATA_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert user_data_dir().is_relative_to(tmp_path)
    assert user_data_dir().name == "lastmile"


def test_a_built_data_set_is_in_force_and_says_what_it_is() -> None:
    built = build_of("one")
    assert active("bikes") == built
    assert text_in_force() == "one"
    (line,) = [line for line in status() if line.kind == "bikes"]
    assert (line.origin, line.version, line.problem) == ("user", built.version, None)
    assert (line.source, line.licence, line.stats) == ("a test", "CC0", {"stations": 2})
    manifest = json.loads((built.folder / "manifest.json").read_text())
    assert manifest["sha256"].keys() == {"stations.csv"}


def test_the_newest_build_is_in_force_and_two_are_kept() -> None:
    versions = [build_of(text).version for text in ("one", "two", "three")]
    assert versions == sorted(versions)
    assert text_in_force() == "three"
    assert entries() == set(versions[1:])


def test_going_back_to_the_bundle() -> None:
    build_of("one")
    assert remove("bikes")
    assert active("bikes") is None
    assert not (user_data_dir() / "bikes").exists()
    assert not remove("bikes")


@pytest.mark.parametrize("failure", [DataError("bad feed"), RuntimeError("a bug")])
def test_a_failing_build_leaves_the_old_data_set_and_no_litter(failure: Exception) -> None:
    old = build_of("one")

    def fail(folder: Path) -> dict[str, object]:
        (folder / "stations.csv").write_text("half")
        raise failure

    with pytest.raises(type(failure), match=str(failure)):
        install_dataset("bikes", fail)
    assert active("bikes") == old
    assert entries() == {old.version}


def test_a_build_that_makes_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="made no file"):
        install_dataset("bikes", lambda _: dict(FACTS))


def test_a_build_killed_half_way_leaves_the_old_data_set_in_force() -> None:
    old = build_of("one")
    with subprocess.Popen([sys.executable, "-c", SLOW_BUILD], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half-way\n"
        with pytest.raises(DataError, match="another build of bikes is under way"):
            build_of("two")
        process.send_signal(signal.SIGKILL)
    assert active("bikes") == old
    assert text_in_force() == "one"
    assert len(entries()) == 2
    new = build_of("two")
    assert text_in_force() == "two"
    assert entries() == {old.version, new.version}


def test_a_build_killed_at_any_moment_leaves_a_whole_data_set_in_force() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BUILD_AGAIN_AND_AGAIN], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        for _ in range(5):
            assert process.stdout.readline() == b"built\n"
        time.sleep(0.0137)
        process.send_signal(signal.SIGKILL)
    dataset = active("bikes")
    assert dataset is not None
    for name in "abc":
        assert dataset.verified_path(name).read_text() == name * 100_000
    build_of("after")
    assert text_in_force() == "after"


def test_a_file_in_place_of_the_folder_is_said_plainly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    monkeypatch.setenv("LASTMILE_DATA_DIR", str(taken))
    assert active("bikes") is None
    with pytest.raises(DataError, match="cannot write to the data folder") as caught:
        build_of("one")
    assert str(taken) in str(caught.value)
    assert "LASTMILE_DATA_DIR" in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_said_plainly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tmp_path.chmod(0o500)
    monkeypatch.setenv("LASTMILE_DATA_DIR", str(tmp_path / "below"))
    with pytest.raises(DataError, match="cannot write to the data folder"):
        build_of("one")


@pytest.mark.parametrize(
    "content", [b"", b"gone", b"../elsewhere", b"\xff\xfe", b".building-x", b"a\x00b"]
)
def test_a_damaged_pointer_says_how_to_go_back(content: bytes) -> None:
    build_of("one")
    (user_data_dir() / "bikes" / "CURRENT").write_bytes(content)
    with pytest.raises(DataError, match="lastmile data reset bikes"):
        active("bikes")
    (line,) = [line for line in status() if line.kind == "bikes"]
    assert line.problem is not None
    assert remove("bikes")
    assert active("bikes") is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[1, 2]", b"\xff"])
def test_a_damaged_manifest_says_how_to_go_back(content: bytes) -> None:
    (build_of("one").folder / "manifest.json").write_bytes(content)
    with pytest.raises(DataError, match=r"manifest\.json.*lastmile data reset bikes"):
        active("bikes")


def test_a_manifest_of_another_data_set_is_refused() -> None:
    first, second = build_of("one"), build_of("two")
    (second.folder / "manifest.json").write_bytes((first.folder / "manifest.json").read_bytes())
    with pytest.raises(DataError, match=f"is of bikes {first.version}"):
        active("bikes")


def test_a_damaged_file_of_a_data_set_is_not_read() -> None:
    dataset = build_of("one")
    (dataset.folder / "stations.csv").write_text("two")
    with pytest.raises(DataError, match=r"stations\.csv is damaged.*lastmile data build"):
        dataset.verified_path("stations.csv")
    (dataset.folder / "stations.csv").unlink()
    with pytest.raises(DataError, match="cannot be read"):
        dataset.verified_path("stations.csv")
    with pytest.raises(DataError, match="not part of the data set"):
        dataset.verified_path("other.csv")


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(DataError, match="streets, timetable, bikes"):
        active("rivers")  # type: ignore[arg-type]
