"""The address of a page holds its whole state, so that a shared link opens the same thing.

A page reads its query with :class:`Query`, which takes nonsense for absent and remembers it for a
note, and writes its state back with :func:`write_query`. What stood in the address of a page is
kept while the visitor looks at another page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, TypeVar

import streamlit as st

from dashboard.texts import LANGUAGES, _, language, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

LANGUAGE_PARAMETER = "lang"
LONGEST_VALUE = 400
SHOWN = 40
SEEDED, TOLD_AGAIN = "seeded-widgets", "widgets-to-be-told-again"
T = TypeVar("T")


@dataclass
class Query:
    """The parameters of an address, read with suspicion.

    Attributes
    ----------
    values
        Parameter -> text.
    faults
        What could not be understood: (parameter, text).
    fresh
        Whether the address says something else than the page last wrote there: a link, or the
        browser's back button.
    """

    values: Mapping[str, str]
    faults: list[tuple[str, str]] = field(default_factory=list)
    fresh: bool = True

    def read(self, name: str, default: T, parse: Callable[[str], T]) -> T:
        """Return a parameter as ``parse`` understands it.

        Parameters
        ----------
        parse
            Raises `ValueError` or `LookupError` on nonsense, which then counts as absent.
        """
        text = self.values.get(name)
        if text is None or text == "":
            return default
        try:
            return parse(text[:LONGEST_VALUE])
        except (ValueError, LookupError, OverflowError):
            self.faults.append((name, text))
            return default

    def one_of(self, name: str, default: str, known: Collection[str]) -> str:
        """Return a parameter that is one of several words."""

        def parse(text: str) -> str:
            if text not in known:
                raise ValueError(text)
            return text

        return self.read(name, default, parse)

    def several_of(self, name: str, default: list[str], known: Collection[str]) -> list[str]:
        """Return a parameter that lists words with commas between."""

        def parse(text: str) -> list[str]:
            words = list(dict.fromkeys(text.split(",")))
            if any(word not in known for word in words):
                raise ValueError(text)
            return words

        return self.read(name, default, parse)

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number between two limits."""

        def parse(text: str) -> int:
            value = int(text)
            if not low <= value <= high:
                raise ValueError(text)
            return value

        return self.read(name, default, parse)

    def decimal(self, name: str, default: float, low: float, high: float) -> float:
        """Return a number between two limits."""

        def parse(text: str) -> float:
            value = float(text)
            if not (math.isfinite(value) and low <= value <= high):
                raise ValueError(text)
            return value

        return self.read(name, default, parse)

    def note(self) -> None:
        """Tell the visitor what in the address was not understood."""
        if self.faults:
            shown = ", ".join(
                f"{plain(name[:SHOWN])} = {plain(text[:SHOWN])}" for name, text in self.faults
            )
            st.info(
                _("Part of the address was not understood and left out: {faults}.").format(
                    faults=shown
                )
            )


def read_query(page: str, known: Collection[str]) -> Query:
    """Return the query of a page: the address's, or what the page had when last left.

    What was not understood stays noted while the page draws itself anew, when a run ends say,
    until the visitor changes something.

    Parameters
    ----------
    page
        Its name.
    known
        The parameters it has; any other in the address is noted, and so is a language there is
        not.
    """
    kept = st.session_state.get(f"address-of-{page}")
    values = {name: st.query_params[name] for name in st.query_params}
    asked = values.pop(LANGUAGE_PARAMETER, "")
    noted = f"not-understood-on-{page}"
    if kept is not None and values in ({}, kept):
        query = Query(kept, st.session_state.setdefault(noted, []), fresh=False)
    else:
        strange = [(name, text) for name, text in values.items() if name not in known]
        query = Query(values, strange)
        st.session_state[noted] = strange
    if asked and asked not in LANGUAGES and (LANGUAGE_PARAMETER, asked) not in query.faults:
        query.faults.append((LANGUAGE_PARAMETER, asked))
    return query


def seed(values: Mapping[str, object], *, fresh: bool) -> None:
    """Set widgets by their keys: those not drawn before, and all of them from a fresh address."""
    again: set[str] = st.session_state.get(TOLD_AGAIN, set())
    for key, value in values.items():
        if fresh or key not in st.session_state:
            st.session_state[key] = value
        elif key in again:
            st.session_state[key] = st.session_state[key]
    again.difference_update(values)
    st.session_state[SEEDED] = st.session_state.get(SEEDED, frozenset()) | set(values)


def draw_anew() -> NoReturn:
    """Draw the page again, and tell the browser once more what its widgets were set to.

    A value reaches the browser only with the first drawing. Where the second follows before the
    browser has made the widget, the widget would start at its first option.
    """
    st.session_state[TOLD_AGAIN] = set(st.session_state.get(SEEDED, ()))
    st.rerun()


def write_query(page: str, values: Mapping[str, str]) -> None:
    """Put the state of a page into its address; empty values are left out."""
    said = {name: value for name, value in values.items() if value}
    if st.session_state.get(f"address-of-{page}", said) != said:
        st.session_state[f"not-understood-on-{page}"] = []
    st.session_state[f"address-of-{page}"] = said
    wanted = {**said, LANGUAGE_PARAMETER: language()}
    if dict(st.query_params) != wanted:
        st.query_params.from_dict(wanted)
