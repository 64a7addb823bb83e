"""Why a scenario file is wrong, in sentences that can be said again in another language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lastmile.messages import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic_core import ErrorDetails

_AT = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)

_TOML = {
    str(message): message
    for message in (
        Message("Invalid statement"),
        Message("Invalid value"),
        Message("Expected newline or end of document after a statement"),
        Message("Expected '=' after a key in a key/value pair"),
        Message("Expected ']' at the end of a table declaration"),
        Message("Expected ']]' at the end of an array declaration"),
        Message("Invalid initial character for a key part"),
        Message("Cannot overwrite a value"),
        Message("Unclosed array"),
        Message("Unclosed inline table"),
        Message("Unterminated string"),
        Message("Unescaped '\\' in a string"),
        Message("Invalid date or datetime"),
    )
}
"""What the TOML reader of Python says is wrong; what quotes the file stays as it is."""


def _too_few(field_type: str, min_length: int, actual_length: int) -> Message:
    if field_type == "Tuple":
        return Message(
            "tuple should have at least {least} items after validation, not {found}",
            least=min_length,
            found=actual_length,
        )
    if min_length == 1:
        return Message(
            "list should have at least 1 item after validation, not {found}", found=actual_length
        )
    return Message(
        "list should have at least {least} items after validation, not {found}",
        least=min_length,
        found=actual_length,
    )


_VALUES: dict[str, Callable[..., Message]] = {
    "greater_than": lambda gt: Message("input should be greater than {gt:g}", gt=gt),
    "greater_than_equal": lambda ge: Message(
        "input should be greater than or equal to {ge:g}", ge=ge
    ),
    "less_than": lambda lt: Message("input should be less than {lt:g}", lt=lt),
    "less_than_equal": lambda le: Message("input should be less than or equal to {le:g}", le=le),
    "finite_number": lambda: Message("input should be a finite number"),
    "int_type": lambda: Message("input should be a valid integer"),
    "int_parsing": lambda: Message(
        "input should be a valid integer, unable to parse string as an integer"
    ),
    "int_from_float": lambda: Message(
        "input should be a valid integer, got a number with a fractional part"
    ),
    "float_type": lambda: Message("input should be a valid number"),
    "float_parsing": lambda: Message(
        "input should be a valid number, unable to parse string as a number"
    ),
    "bool_type": lambda: Message("input should be a valid boolean"),
    "bool_parsing": lambda: Message("input should be a valid boolean, unable to interpret input"),
    "string_type": lambda: Message("input should be a valid string"),
    "list_type": lambda: Message("input should be a valid list"),
    "tuple_type": lambda: Message("input should be a valid tuple"),
    "dict_type": lambda: Message("input should be a valid dictionary"),
    "model_type": lambda class_name: Message(
        "input should be a valid dictionary or instance of {part}", part=class_name
    ),
    "literal_error": lambda expected: Message("input should be {expected}", expected=expected),
    "too_short": _too_few,
    "too_long": lambda max_length, actual_length, **_: Message(
        "tuple should have at most {most} items after validation, not {found}",
        most=max_length,
        found=actual_length,
    ),
}
"""What pydantic says, by the type of its error; it takes what stands in the error's context."""


def reason_of(fault: ErrorDetails) -> str:
    """Return why a value is not allowed: what we say of it ourselves, or what pydantic says."""
    context = dict(fault.get("ctx", {}))
    if fault["type"] == "value_error":
        return str(context["error"])
    known = _VALUES.get(fault["type"])
    if known is not None:
        return known(**context)
    return fault["msg"][:1].lower() + fault["msg"][1:]


def toml_reason(wrong: Exception) -> str:
    """Return why a text is no TOML, and where."""
    match = _AT.fullmatch(str(wrong))
    if match is None:
        return str(wrong)
    why, line, column = match.groups()
    why = _TOML.get(why, why)
    if line is None:
        return Message("{why} (at end of document)", why=why)
    return Message(
        "{why} (at line {line}, column {column})", why=why, line=int(line), column=int(column)
    )
