"""How well the model fits the counts, as the page says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import fit, formats, texts
from simulation.fit import load_validation

if TYPE_CHECKING:
    from lastmile.places import Language

TRANSLATED = [language for language in texts.LANGUAGES if language != "en"]


def shown() -> AppTest:
    """Return the section as it is drawn."""

    def script() -> None:
        from dashboard.fit import fit as section  # noqa: PLC0415 - runs as a script of its own

        section(own_data=False)

    return AppTest.from_function(script, default_timeout=60).run()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_row_is_named_in_the_readers_language(
    monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    for module in (texts, formats):
        monkeypatch.setattr(module, "language", lambda: language)
    for row in load_validation().rows:
        assert fit.name_of(row).casefold() != str(row.name).casefold()
        assert formats.spoken(row.topic) != str(row.topic)


def test_the_page_says_what_holds_and_plainly_what_does_not() -> None:
    page = shown()
    assert not page.exception
    rows = load_validation().rows
    said = page.markdown[0].value
    for kind in ("fit", "check"):
        own = [row for row in rows if row.kind == kind and row.holds is not None]
        assert f"{len(own)} comparisons" in said
        assert f"{sum(row.holds is True for row in own)} are within" in said
    misses = [row for row in rows if row.holds is False]
    assert len(page.warning) == len(misses) == 1
    assert "Kattila" in page.warning[0].value
    assert "30,759" in page.warning[0].value.replace("\\", "")


def test_the_table_has_every_comparison_with_source_and_kind() -> None:
    table = shown().dataframe[0].value
    assert len(table) == len(load_validation().rows)
    assert set(table["Kind"]) == {"fitted", "check"}
    assert (table["Source"].str.len() > 0).all()
    assert table["Observed"].str.contains("visits").any()
