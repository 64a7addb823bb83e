"""Read scenarios: `extends`, checks that name every fault of a file at once, dotted changes."""

from __future__ import annotations

import copy
import difflib
import tomllib
import types
import typing
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from lastmile.errors import ScenarioError
from lastmile.messages import Message
from scenarios.reasons import reason_of, toml_reason
from scenarios.schema import Scenario

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

Document = dict[str, Any]
NOT_UTF8 = Message("not UTF-8 text")


def list_scenarios() -> list[str]:
    """Return the names of the bundled scenarios, `baseline` first."""
    folder = resources.files("scenarios")
    names = sorted(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if _is_toml(entry.name)
    )
    return sorted(names, key=lambda name: name != "baseline")


def load_scenario(name: str | Path) -> Scenario:
    """Read a scenario and everything it extends.

    Parameters
    ----------
    name
        A bundled scenario's name, or the path of a TOML file (with ``.toml`` or a slash).

    Raises
    ------
    ScenarioError
        If there is no such scenario, a file cannot be read, `extends` runs in a loop, or
        values are wrong: every fault is listed with its file, key, value and what is allowed.
    """
    document, origin, title = _resolve(str(name), folder=Path.cwd(), chain=())
    return build(title, document, origin)


def read_scenario(text: str, label: str) -> Scenario:
    """Read a scenario as data: it may extend bundled scenarios, no file of this machine.

    Parameters
    ----------
    text
        TOML.
    label
        What its faults call the file.

    Raises
    ------
    ScenarioError
        It is no TOML, extends what is not bundled, or values are wrong: every fault is listed.
    """
    said, known = _read_toml(text, label), list_scenarios()
    parent = said.get("extends")
    if parent is not None and parent not in known:
        raise ScenarioError(
            Message(
                "extends = {parent!r}: an uploaded file extends a bundled scenario: {known}",
                parent=str(parent)[:60],
                known=", ".join(known),
            )
        )
    document, origin = _extended(said, label, Path(), ())
    return build(Path(label).stem, document, origin)


def build(name: str, document: Document, origin: dict[str, str]) -> Scenario:
    """Check a document (what the files said after `extends`) and make the scenario.

    Parameters
    ----------
    name
        What the scenario is called.
    document
        Plain tables as TOML has them, without `extends`.
    origin
        The file that set each dotted key.

    Raises
    ------
    ScenarioError
        If values are wrong; the message lists every fault.
    """
    try:
        scenario = Scenario.model_validate({**document, "name": name})
    except ValidationError as wrong:
        faults = [_describe(fault, origin, name) for fault in wrong.errors(include_url=False)]
        raise ScenarioError(Message.joined(dict.fromkeys(faults), "\n")) from None
    scenario._document = copy.deepcopy(document)  # noqa: SLF001 - ours, set once here
    scenario._origin = dict(origin)  # noqa: SLF001
    return scenario


def changed(scenario: Scenario, changes: Mapping[str, object]) -> Scenario:
    """Return a scenario with values replaced by dotted key; see `Scenario.with_changes`."""
    document = scenario.document()
    origin = dict(scenario._origin)  # noqa: SLF001
    faults = []
    for key, value in changes.items():
        parents, _, leaf = key.rpartition(".")
        table = _table_for(document, parents)
        if table is None or not _may_hold(parents, leaf):
            faults.append(
                Message(
                    "{scenario}: there is no key {key!r}{nearest}",
                    scenario=scenario.name,
                    key=key,
                    nearest=_nearest(key, _keys(document)),
                )
            )
            continue
        _supersede(table, {leaf: value}, origin, tuple(parents.split(".")))
        table[leaf] = value
        _forget(origin, key)
        origin[key] = "change"
    if faults:
        raise ScenarioError(Message.joined(faults, "\n"))
    return build(scenario.name, document, origin)


def _is_toml(name: str) -> bool:
    return name.endswith(".toml")


def _resolve(
    name: str, folder: Path, chain: tuple[str, ...]
) -> tuple[Document, dict[str, str], str]:
    """Read one file, and what it extends below it; also say where each key came from."""
    text, label, place = _open(name, folder, chain)
    if label in chain:
        loop = " -> ".join((*chain[chain.index(label) :], label))
        raise ScenarioError(
            Message("{file}: extends runs in a loop: {loop}", file=label, loop=loop)
        )
    document, origin = _extended(_read_toml(text, label), label, place, chain)
    return document, origin, Path(label).stem


def _read_toml(text: str, label: str) -> Document:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        reason = toml_reason(wrong)
    except RecursionError:
        reason = Message("brackets in brackets, too deep to read")
    # outside of the handlers: a thousand frames would travel with an error that crosses processes
    raise ScenarioError(Message("{file}: not TOML: {reason}", file=label, reason=reason))


def _extended(
    said: Document, label: str, place: Path, chain: tuple[str, ...]
) -> tuple[Document, dict[str, str]]:
    """Lay what a file says over what it extends; also say where each key came from."""
    said.pop("name", None)
    parent = said.pop("extends", None)
    document: Document = {}
    origin: dict[str, str] = {}
    if parent is not None:
        if not isinstance(parent, str):
            raise ScenarioError(
                Message(
                    "{file}: extends = {parent!r}: the name or path of a scenario",
                    file=label,
                    parent=parent,
                )
            )
        document, origin, _ = _resolve(parent, place, (*chain, label))
        document.pop("description", None)
    _lay_over(document, said, origin, label, ())
    return document, origin


def _open(name: str, folder: Path, chain: tuple[str, ...]) -> tuple[str, str, Path]:
    """Return a scenario's text, what to call its file, and where its relatives are sought."""
    asker: str = Message("{file}: extends = {name!r}: ", file=chain[-1], name=name) if chain else ""
    if name.endswith(".toml") or "/" in name:
        path = (folder / Path(name).expanduser()).resolve()
        try:
            return path.read_text(encoding="utf-8"), str(path), path.parent
        except (OSError, UnicodeDecodeError) as wrong:
            raise ScenarioError(
                Message(
                    "{asker}cannot read the scenario file {path}: {reason}",
                    asker=asker,
                    path=path,
                    reason=wrong.strerror if isinstance(wrong, OSError) else NOT_UTF8,
                )
            ) from None
    source = resources.files("scenarios") / f"{name}.toml"
    if not source.is_file():
        known = list_scenarios()
        raise ScenarioError(
            Message(
                "{asker}there is no scenario {name!r}{nearest}; known: {known}, or give the path "
                "of a .toml file",
                asker=asker,
                name=name,
                nearest=_nearest(name, known),
                known=", ".join(known),
            )
        )
    return source.read_text(encoding="utf-8"), f"{name}.toml", folder


def _lay_over(
    below: Document, above: Document, origin: dict[str, str], label: str, path: tuple[str, ...]
) -> None:
    """Lay one file's tables over another's, in place; lists and values replace."""
    for key, value in above.items():
        where = (*path, key)
        if isinstance(value, dict):
            if not isinstance(below.get(key), dict):
                below[key] = {}
            origin[".".join(where)] = label
            _supersede(below[key], value, origin, where)
            _lay_over(below[key], value, origin, label, where)
        else:
            below[key] = value
            dotted = ".".join(where)
            _forget(origin, dotted)
            origin[dotted] = label


def _supersede(
    below: Document, above: Document, origin: dict[str, str], path: tuple[str, ...]
) -> None:
    """Drop what a new value stands in for: one way to time a service, one visit level."""
    for group in (
        ("headway", "windows", "departures", "timetable"),
        ("visit_level", "percentile"),
    ):
        if any(name in above for name in group):
            for name in group:
                if name not in above and name in below:
                    del below[name]
                    _forget(origin, ".".join((*path, name)))


def _forget(origin: dict[str, str], dotted: str) -> None:
    for key in [key for key in origin if key == dotted or key.startswith(f"{dotted}.")]:
        del origin[key]


def _table_for(document: Document, parents: str) -> Document | None:
    """Return the table a dotted key's parents lead to; make those the schema has by name."""
    table = document
    path: list[str] = []
    for part in parents.split(".") if parents else ():
        path.append(part)
        if part not in table:
            if not _may_hold(".".join(path[:-1]), part) or _is_mapping(".".join(path[:-1])):
                return None
            table[part] = {}
        if not isinstance(table[part], dict):
            return None
        table = table[part]
    return table


def _schema_at(path: str) -> object:
    """Return what the schema has at a dotted path: a part, a mapping's type, or None."""
    kind: object = Scenario
    for name in path.split(".") if path else ():
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = _fields(kind).get(name)
            kind = None if field is None else _bare(field)
        elif typing.get_origin(kind) is dict:
            kind = _bare(typing.get_args(kind)[1])
        else:
            return None
    return kind


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    """Return a part's field types by the names TOML uses."""
    return {
        (field.alias or name): field.annotation
        for name, field in model.model_fields.items()
        if (model, name) != (Scenario, "name")
    }


def _bare(kind: object) -> object:
    """Strip `None` and the like from a type, leaving a part or a mapping where there is one."""
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        choices = [_bare(one) for one in typing.get_args(kind) if one is not type(None)]
        parts = [one for one in choices if isinstance(one, type) and issubclass(one, BaseModel)]
        return parts[0] if parts else choices[0]
    return kind


def _is_mapping(path: str) -> bool:
    return typing.get_origin(_schema_at(path)) is dict


def _may_hold(parents: str, leaf: str) -> bool:
    """Say whether the schema has a key: a mapping holds any name, a part only its own."""
    kind = _schema_at(parents)
    if typing.get_origin(kind) is dict:
        return True
    return isinstance(kind, type) and issubclass(kind, BaseModel) and leaf in _fields(kind)


def _keys(document: Document, path: tuple[str, ...] = ()) -> list[str]:
    """List every dotted key that the document has or its parts could have."""
    kind = _schema_at(".".join(path))
    names = set(document)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        names |= set(_fields(kind))
    keys = []
    for name in sorted(names):
        inner = document.get(name)
        if isinstance(inner, dict):
            keys.extend(_keys(inner, (*path, name)))
        else:
            keys.append(".".join((*path, name)))
    return keys


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=3, cutoff=0.5)
    return Message("; did you mean {names}?", names=", ".join(near)) if near else ""


def _describe(fault: ErrorDetails, origin: dict[str, str], name: str) -> Message:
    """Say one fault as file, key, value and what is allowed."""
    parts = _toml_path(fault["loc"])
    key = ".".join(parts)
    file = next(
        (
            origin[".".join(parts[:end])]
            for end in range(len(parts), 0, -1)
            if ".".join(parts[:end]) in origin
        ),
        f"{name}.toml",
    )
    kind = fault["type"]
    if kind == "extra_forbidden":
        table = _schema_at(".".join(parts[:-1]))
        known = (
            list(_fields(table)) if isinstance(table, type) and issubclass(table, BaseModel) else []
        )
        return Message(
            "{file}: {key}: unknown key{nearest}; known: {known}",
            file=file,
            key=key,
            nearest=_nearest(parts[-1], known),
            known=", ".join(known),
        )
    if kind == "missing":
        return Message("{file}: {key}: missing; it must be given", file=file, key=key)
    reason, value = reason_of(fault), fault["input"]
    if isinstance(value, dict):
        return Message("{file}: {key}: {reason}", file=file, key=key, reason=reason)
    return Message(
        "{file}: {key} = {value!r}: {reason}", file=file, key=key, value=value, reason=reason
    )


def _toml_path(location: tuple[int | str, ...]) -> list[str]:
    """Turn pydantic's location into TOML's, without the names of union members."""
    path: list[str] = []
    for part in location:
        if isinstance(part, str) and (part in {"str", "Stop"} or part.startswith("function-")):
            continue
        path.append(str(part))
    return path
