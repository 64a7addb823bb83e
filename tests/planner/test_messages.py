"""A message reads as English and can be said again in another language."""

from __future__ import annotations

import json
import pickle
from datetime import date
from typing import TYPE_CHECKING

import pytest
from small_world import HOME, PARK

from lastmile.errors import LastmileError, NoServiceError
from lastmile.messages import Message
from lastmile.places import Gazetteer, Place
from lastmile.planner.clock import parse_instant
from lastmile.planner.request import PlanRequest

if TYPE_CHECKING:
    from lastmile.planner.core import Planner

FAR = Place.at(61.5, 24.7)
SUNDAY, WEDNESDAY = "2026-05-17", "2026-05-13"


def test_a_message_is_its_english_sentence() -> None:
    message = Message("no service on {day:%A %Y-%m-%d}: {why}", day=date(2026, 5, 17), why="{x}")
    assert message == "no service on Sunday 2026-05-17: {x}"
    assert json.loads(json.dumps({"warning": message})) == {"warning": message}


def test_who_passes_the_words_of_an_error_on_passes_the_message_on() -> None:
    message = Message("no way by {mode}", mode=Message("walk"))
    assert str(NoServiceError(message)) is message


def test_a_message_comes_whole_out_of_another_process() -> None:
    message = Message.joined([Message("no way by {mode}", mode="walk"), "a {brace}"])
    again = pickle.loads(pickle.dumps(message))  # noqa: S301 - our own bytes
    assert (again, again.template, again.values) == (message, message.template, message.values)
    assert again == "no way by walk; a {brace}"


@pytest.mark.parametrize(
    ("origin", "destination", "at", "modes"),
    [
        (HOME, FAR, f"{WEDNESDAY}T08:30", "walk"),
        (HOME, PARK, f"{SUNDAY}T08:30", "transit"),
        (HOME, PARK, f"{WEDNESDAY}T23:50", "transit"),
        (HOME, PARK, f"{WEDNESDAY}T08:30", "bikeshare"),
        (HOME, PARK, "2026-01-14T08:30", "bikeshare"),
        (HOME, PARK, "2031-05-14T08:30", "transit,bike"),
        (HOME, HOME, f"{WEDNESDAY}T08:30", "walk"),
    ],
)
def test_whatever_the_planner_says_can_be_translated(
    planner: Planner, origin: Place, destination: Place, at: str, modes: str
) -> None:
    try:
        outing = planner.plan(
            PlanRequest(
                origin,
                destination,
                parse_instant(at),
                modes=frozenset(modes.split(",")),
                stay_s=4 * 3600,
            )
        )
    except LastmileError as fault:
        said: list[str] = [str(fault)]
    else:
        said = [*outing.warnings, *outing.notes]
        for itinerary in (*outing.itineraries, *outing.returns):
            said += [*itinerary.warnings, *(note for leg in itinerary.legs for note in leg.notes)]
    assert [text for text in said if not isinstance(text, Message)] == []


@pytest.mark.parametrize(
    "text", ["Rantaraitti", "strandpromenaden", "Waterfront Walkway", " Espoon rantaraitti "]
)
def test_the_walkway_is_no_one_place_but_places_on_it_are_named(text: str) -> None:
    """It was called unknown, with names that sound alike."""
    with pytest.raises(LastmileError, match="lastmile walkway") as caught:
        Gazetteer.bundled().find(text)
    message = str(caught.value)
    assert isinstance(message, Message)
    named = message.values["places"]
    assert isinstance(named, Message)
    for place in str(named).split(", "):
        assert Gazetteer.bundled().find(place).kind in {"walkway_access", "beach", "harbour"}


@pytest.mark.parametrize("text", ["", "Atlantis", "24.6,60.2", "95,24", "<img src=x onerror=1>"])
def test_a_place_that_is_none_is_explained_by_a_message(text: str) -> None:
    with pytest.raises(LastmileError) as caught:
        Gazetteer.bundled().find(text)
    assert isinstance(str(caught.value), Message)
