"""Every word on the page, in English, Finnish and Swedish.

English stands in the code; ``locale/fi.po`` and ``locale/sv.po`` hold the other two. They are
read as they are, so there is nothing to compile.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, cast, get_args

import streamlit as st
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from lastmile.places import Language

if TYPE_CHECKING:
    from babel.messages import Catalog

LANGUAGES: dict[Language, str] = {"en": "English", "fi": "Suomi", "sv": "Svenska"}
LANGUAGE_KEY = "language"
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:])")


def catalogue(language: Language) -> Catalog:
    """Return the messages of a language as they stand in its file."""
    with (files("dashboard") / "locale" / f"{language}.po").open("rb") as stream:
        return read_po(stream, locale=language, abort_invalid=True)


@lru_cache(maxsize=len(LANGUAGES))
def translations(language: Language) -> NullTranslations:
    """Return the translations of a language; English needs none."""
    if language == "en":
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return Translations(compiled)


def choose_language(wanted: str | None, browser: str | None) -> Language:
    """Return the language of a page.

    Parameters
    ----------
    wanted
        What the address asks for, if anything.
    browser
        The browser's own language ("fi-FI").
    """
    known = get_args(Language)
    for candidate in (wanted, (browser or "").split("-")[0].lower()):
        if candidate in known:
            return cast("Language", candidate)
    return "en"


def language() -> Language:
    """Return the language of the running session."""
    chosen = st.session_state.get(LANGUAGE_KEY, "en") if st.runtime.exists() else "en"
    return cast("Language", chosen)


def _(message: str) -> str:
    """Return a message in the session's language."""
    return str(translations(language()).gettext(message))


def _n(singular: str, plural: str, count: int) -> str:
    """Return the message for a count in the session's language, the count filled in."""
    return str(translations(language()).ngettext(singular, plural, count)).format(n=count)


def plain(text: str) -> str:
    """Return text that Markdown shows as it is: no link, picture, colour or formula in it.

    A :class:`~lastmile.messages.Message` is said in the session's language. Addresses are broken
    by an invisible word joiner, or Markdown would make links of them.
    """
    from dashboard.formats import spoken  # noqa: PLC0415 - formats stand on these texts

    unlinked = _ADDRESS.sub("\u2060", " ".join(spoken(text).split()))
    return _MARKDOWN.sub(r"\\\1", unlinked)


def several_lines(text: str) -> str:
    """Return text that Markdown shows as it is, line by line: an error may list many faults."""
    from dashboard.formats import spoken  # noqa: PLC0415 - formats stand on these texts

    return "  \n".join(plain(line) for line in spoken(text).splitlines())
