"""Damaged files: thousands of mutants of a small extract, read in processes of their own."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from street_sketches import town
from test_reading import to_pbf

if TYPE_CHECKING:
    from pathlib import Path

BATCH = 250
READER = """
import sys
from pathlib import Path
from lastmile.errors import DataError
from lastmile.network.build import build_tables
from lastmile.network.osm import read_file

sound = refused = 0
for path in sorted(Path(sys.argv[1]).iterdir()):
    print(path.name, flush=True)
    try:
        build_tables(read_file(path), path.name)
        sound += 1
    except DataError:
        refused += 1
print("sound", sound, "refused", refused)
"""


def mutant(seed: bytes, chance: random.Random) -> bytes:
    """Return a damaged copy: bytes changed, cut, doubled, moved, or numbers blown up."""
    content = bytearray(seed)
    for _ in range(chance.randint(1, 4)):
        where = chance.randrange(len(content))
        length = chance.randint(1, 40)
        match chance.randrange(7):
            case 0:
                content[where] = chance.randrange(256)
            case 1:
                del content[where : where + length]
            case 2:
                content[where:where] = content[where : where + length]
            case 3:
                content[where : where + length] = chance.randbytes(length)
            case 4:
                content = content[: max(1, where)]
            case 5:
                other = chance.randrange(len(content))
                content[where:where] = content[other : other + length]
            case _:
                digits = [i for i, byte in enumerate(content) if chr(byte).isdigit()]
                if digits:
                    i = chance.choice(digits)
                    content[i : i + 1] = chance.choice(
                        [b"9" * 25, b"-", b"1e99", b"0", b"nan", b"\xc3\x28", b"90.0000001"]
                    )
        if not content:
            return b"\n"
    return bytes(content)


def read_mutants(folder: Path, count: int, number: int) -> None:
    xml = town().write(folder)
    seeds = [xml.read_bytes(), to_pbf(xml).read_bytes()]
    chance = random.Random(number)  # noqa: S311 - no secret
    batch = folder / "batch"
    batch.mkdir()
    for i in range(count):
        (batch / f"{i:05d}").write_bytes(mutant(seeds[i % 2], chance))
    done = subprocess.run(
        [sys.executable, "-c", READER, str(batch)],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    last = done.stdout.splitlines()[-1] if done.stdout else ""
    assert done.returncode == 0, f"mutant {last} of seed {number}: {done.stderr[-2000:]}"
    _, sound, _, refused = last.split()
    assert int(sound) + int(refused) == count
    assert int(refused) > count // 10


def test_mutants_are_read_or_refused(tmp_path: Path) -> None:
    read_mutants(tmp_path, 120, number=0)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, 11))
def test_thousands_of_mutants_are_read_or_refused(tmp_path: Path, number: int) -> None:
    read_mutants(tmp_path, BATCH, number)
