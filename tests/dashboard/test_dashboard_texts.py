"""Every word of the page exists in all three languages."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from babel.messages.extract import extract_from_dir

from dashboard import formats, texts

if TYPE_CHECKING:
    from babel.messages import Catalog

    from lastmile.places import Language

DASHBOARD = Path(__file__).resolve().parents[2] / "dashboard"
SPEAKING = [
    DASHBOARD.parent / name for name in ("dashboard", "lastmile", "scenarios", "simulation")
]
PLACEHOLDER = re.compile(r"\{(\w+(?:![rs])?(?::[^}]*)?)\}")
TRANSLATED = [language for language in texts.LANGUAGES if language != "en"]


def messages() -> set[tuple[str, ...]]:
    """Return every message in the code: (singular,) or (singular, plural)."""
    found = set()
    for _file, _line, message, _comments, _context in extract_from_dir(
        DASHBOARD, method_map=[("**.py", "python")], keywords={"_": None, "_n": (1, 2)}
    ):
        found.add((message,) if isinstance(message, str) else tuple(message))
    return found | {(template,) for _where, template in templates()}


def templates() -> list[tuple[str, str]]:
    """Return the template of every ``Message("...")`` in the code, and where it is."""
    found = []
    for path in (path for folder in SPEAKING for path in folder.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Name)
                and call.func.id == "Message"
            ):
                template = call.args[0]
                assert isinstance(template, ast.Constant), f"{path.name}:{call.lineno}: no literal"
                found.append((f"{path.name}:{call.lineno}", str(template.value)))
    return found


def entries(catalogue: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return the translations of a catalogue by message."""
    return {
        (m.id,) if isinstance(m.id, str) else tuple(m.id): (
            (m.string,) if isinstance(m.string, str) else tuple(m.string)
        )
        for m in catalogue
        if m.id
    }


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_message_is_missing_and_none_is_left_over(language: Language) -> None:
    assert set(entries(texts.catalogue(language))) == messages()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_with_its_placeholders(language: Language) -> None:
    for message, translation in entries(texts.catalogue(language)).items():
        assert len(translation) == len(message)
        for text in translation:
            assert text.strip(), message
            assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(message[0])), text


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_marked_uncertain(language: Language) -> None:
    assert not [m.id for m in texts.catalogue(language) if m.id and m.fuzzy]


def test_no_message_hides_inside_an_f_string() -> None:
    """The extractor cannot see into f-strings: a message there would never be translated."""
    hidden = [
        f"{path.name}:{call.lineno}"
        for path in DASHBOARD.rglob("*.py")
        for text in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in {"_", "_n"}
    ]
    assert not hidden


def test_the_page_speaks_the_language_of_the_address_then_of_the_browser() -> None:
    assert texts.choose_language("sv", "fi-FI") == "sv"
    assert texts.choose_language(None, "fi-FI") == "fi"
    assert texts.choose_language("klingon", "de-DE") == "en"
    assert texts.choose_language(None, None) == "en"


@pytest.mark.parametrize(
    "hostile",
    [
        "<img src=x onerror=alert(1)>",
        "[click](javascript:alert(1))",
        "![p](https://evil.example/p.png)",
        ":red[loud] $x$ `code` **bold** :material/home:",
    ],
)
def test_plain_text_leaves_no_markdown_or_html_alive(hostile: str) -> None:
    shown = texts.plain(hostile)
    assert not re.search(r"(?<!\\)[<\[`*:$!]", shown)
    assert re.sub(r"\\(.)", r"\1", shown).replace("\u2060", "") == hostile
    assert "://" not in shown.replace("\\", "")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 min"), (2700, "45 min"), (3900, "1 h 05 min"), (7199, "2 h 00 min")],
)
def test_lengths_of_time_read_as_people_say_them(seconds: float, text: str) -> None:
    assert formats.duration(seconds) == text


def test_numbers_follow_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "language", lambda: "fi")
    assert formats.number(1234.5, 1) == "1\xa0234,5"
    assert formats.money(4.5) == "4,50\xa0€"
    monkeypatch.setattr(formats, "language", lambda: "en")
    assert formats.number(1234.5, 1) == "1,234.5"
    assert formats.money(4.5) == "€4.50"


def test_nothing_is_less_than_nothing() -> None:
    assert formats.number(-0.3, 0) == "0"
    assert formats.number(-1.5, 1) == "\N{MINUS SIGN}1.5"
