"""The chapter of a report on reaching the sea."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from lastmile.walkway.chapter import TEXTS, chapter

if TYPE_CHECKING:
    from lastmile.places import Language
    from lastmile.walkway.catchments import Access

LANGUAGES: tuple[Language, ...] = ("en", "fi", "sv")
FIELD = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chapter_has_its_text_and_a_row_a_station(
    bundle_access: Access, language: Language
) -> None:
    found = chapter(bundle_access, language)
    assert len(found.rows) == 11
    assert all(len(row) == len(found.head) for row in found.rows)
    assert len(found.paragraphs) == 4
    assert not any("{" in text for text in found.paragraphs)
    assert "OpenStreetMap" in found.notes[-1]


def test_all_languages_say_the_same() -> None:
    for key, text in TEXTS["en"].items():
        for language in LANGUAGES:
            other = TEXTS[language][key]
            assert set(FIELD.findall(other)) == set(FIELD.findall(text)), (language, key)
            assert other.count("|") == text.count("|")


def test_names_follow_the_language(bundle_access: Access) -> None:
    assert "Hagalund" in {row[0] for row in chapter(bundle_access, "sv").rows}
    assert "Tapiola" in {row[0] for row in chapter(bundle_access, "fi").rows}
