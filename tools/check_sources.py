"""Check that data/SOURCES.toml names every bundled file with its right SHA-256.

    python tools/check_sources.py --check    list what is missing, extra or different
    python tools/check_sources.py --write    write the hashes anew

The ``[[file]]`` entries are written by hand. The ``[sha256]`` table below the marker belongs to
this script.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"
MARKER = "# Below this line: written by tools/check_sources.py --write.\n"
MEND = "python tools/check_sources.py --write"


def bundled_files(data: Path) -> list[str]:
    """Return the files of the bundle but SOURCES.toml, sorted, as paths inside ``data``."""
    return sorted(
        path.relative_to(data).as_posix()
        for path in data.rglob("*")
        if path.is_file()
        and path.name != "SOURCES.toml"
        and not any(part.startswith(".") or part == "__pycache__" for part in path.parts[-3:])
    )


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def faults(data: Path) -> list[str]:
    """Return every disagreement between SOURCES.toml and the files, with what mends it."""
    listed = tomllib.loads((data / "SOURCES.toml").read_text(encoding="utf-8"))
    patterns = [entry["path"] for entry in listed["file"]]
    hashes: dict[str, str] = listed.get("sha256", {})
    present = bundled_files(data)
    found = []
    for file in present:
        entries = [pattern for pattern in patterns if fnmatchcase(file, pattern)]
        if len(entries) != 1:
            found.append(
                f"{file}: {len(entries)} [[file]] entries of data/SOURCES.toml match; "
                "write exactly one"
            )
        if file not in hashes:
            found.append(f"{file}: has no SHA-256; run {MEND}")
        elif hashes[file] != digest(data / file):
            found.append(f"{file}: differs from its SHA-256; run {MEND} if the change is meant")
    found += [
        f"{file}: has a SHA-256 but does not exist; restore it or run {MEND}"
        for file in sorted(set(hashes) - set(present))
    ]
    found += [
        f"{pattern}: the [[file]] entry matches no file; write the file or remove the entry"
        for pattern in patterns
        if not any(fnmatchcase(file, pattern) for file in present)
    ]
    return found


def write(data: Path) -> None:
    """Write the hashes of all files of the bundle into SOURCES.toml."""
    path = data / "SOURCES.toml"
    by_hand = path.read_text(encoding="utf-8").split(MARKER)[0].rstrip("\n")
    lines = [f'"{file}" = "{digest(data / file)}"\n' for file in bundled_files(data)]
    new = path.with_name(".SOURCES.toml.new")
    new.write_text(f"{by_hand}\n\n{MARKER}\n[sha256]\n{''.join(lines)}", encoding="utf-8")
    new.replace(path)


def main() -> int:
    """Run the script; return its exit status."""
    parser = argparse.ArgumentParser(description="Check or write the hashes of the bundle.")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true", help="list every fault")
    action.add_argument("--write", action="store_true", help="write the hashes anew")
    if parser.parse_args().write:
        write(DATA)
    found = faults(DATA)
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
