"""Sentences for people that can be said again in another language.

A message is the English sentence, as the command line and JSON show it. It keeps the template it
was made from and the values in it, so that a page can look the template up in a catalogue and
write times, numbers and names as its reader does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Message(str):
    """An English sentence that knows how it was made.

    Parameters
    ----------
    template
        The sentence, as :meth:`str.format` takes it. Of an instant, a format with ``%H`` says
        its time of day and any other one its day.
    values
        What stands in it: texts, numbers, instants, days, places, and messages again.

    Attributes
    ----------
    template, values
        As given.

    Notes
    -----
    ``str(message)`` is the message itself, and so is ``str(error)`` of an error that was made
    from one: whoever passes the words of an error on passes the message on.
    """

    __slots__ = ("template", "values")

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, /, **values: object) -> Self:
        """Return the sentence, filled in."""
        message = super().__new__(cls, template.format(**values))
        message.template = template
        message.values = values
        return message

    @classmethod
    def joined(cls, parts: Iterable[object], separator: str = "; ") -> Self:
        """Return several sentences, words or places in one message."""
        named = {f"part_{index}": part for index, part in enumerate(parts)}
        return cls(separator.join(f"{{{name}}}" for name in named), **named)

    @classmethod
    def again(cls, template: str, values: Mapping[str, object]) -> Self:
        """Return the message of a template that was kept, with its values or others."""
        return cls(template, **values)

    def __str__(self) -> str:
        """Return the message itself."""
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, object]]:
        """Return what makes the same message in another process."""
        return (self.template,), self.values


MODE_WORDS = {
    "walk": Message("walk"),
    "bike": Message("bike"),
    "ebike": Message("ebike"),
    "bikeshare": Message("bikeshare"),
    "car": Message("car"),
    "transit": Message("transit"),
}
"""Ways of travel as they stand in a sentence."""
