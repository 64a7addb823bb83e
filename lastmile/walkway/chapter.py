"""What a report says about reaching the sea, in three languages: plain paragraphs and one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from babel.numbers import format_decimal

from lastmile.walkway.catchments import BIKE, STEP_FREE, WALK
from lastmile.walkway.links import candidates, link_plan
from lastmile.walkway.signs import sign_plan

if TYPE_CHECKING:
    from lastmile.places import Language
    from lastmile.walkway.catchments import Access, Way

SIGNS, METRES = 20, 1000.0
LOCALES = {"en": "en_GB", "fi": "fi_FI", "sv": "sv_FI"}

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "title": "From the metro to the sea",
        "claim": "No metro station of Espoo is said to lie more than 1.5 km from the Waterfront "
        "Walkway. As the crow flies this holds for {straight} of {all} stations, along the streets "
        "for {walked}. The longest walk is that from {furthest}: {length} m.",
        "signs": "{count} signs at the best places help with {covered} % of what is hard to find "
        "on the ways between the metro and the shore; no other {count} could help with more than "
        "{bound} %.",
        "links": "{metres} m of new paths at the best places save about {minutes} person-minutes "
        "of walking a day. Water, buildings and slopes must be checked on the spot.",
        "range": "How many people walk from the metro to the shore is not published. All numbers "
        "of walkers, and what follows from them, may be {low} to {high} times as large.",
        "head": "Station|Nearest point|On foot, m|Without steps, m|By bike, m|Turns|Straight, m",
        "none": "no way",
    },
    "fi": {
        "title": "Metrolta merelle",
        "claim": "Yhdenkään Espoon metroaseman ei sanota olevan yli 1,5 km:n päässä "
        "Rantaraitista. Linnuntietä tämä pitää paikkansa {straight} asemalla {all}:stä, katuja "
        "pitkin {walked} asemalla. Pisin kävelymatka on asemalta {furthest}: {length} m.",
        "signs": "{count} opastetta parhailla paikoilla auttaa {covered} %:ssa siitä, mikä metron "
        "ja rannan välisillä reiteillä on vaikea löytää; mitkään muut {count} eivät auttaisi "
        "enempää kuin {bound} %:ssa.",
        "links": "{metres} m uusia polkuja parhailla paikoilla säästää noin {minutes} "
        "henkilöminuuttia kävelyä päivässä. Vesi, rakennukset ja rinteet on tarkistettava "
        "paikalla.",
        "range": "Metrolta rantaan kävelevien määrää ei ole julkaistu. Kaikki kävelijämäärät ja "
        "niistä johdetut luvut voivat olla {low}-{high}-kertaiset.",
        "head": "Asema|Lähin kohta|Jalan, m|Ilman portaita, m|Pyörällä, m|Käännöksiä|"
        "Linnuntietä, m",
        "none": "ei reittiä",
    },
    "sv": {
        "title": "Från metron till havet",
        "claim": "Ingen metrostation i Esbo sägs ligga mer än 1,5 km från Strandpromenaden. "
        "Fågelvägen stämmer det för {straight} av {all} stationer, längs gatorna för {walked}. "
        "Den längsta promenaden är den från {furthest}: {length} m.",
        "signs": "{count} skyltar på de bästa platserna hjälper med {covered} % av det som är "
        "svårt att hitta mellan metron och stranden; inga andra {count} kan hjälpa med mer än "
        "{bound} %.",
        "links": "{metres} m nya gångvägar på de bästa platserna sparar omkring {minutes} "
        "personminuter gång per dag. Vatten, byggnader och sluttningar måste kontrolleras på "
        "platsen.",
        "range": "Hur många som går från metron till stranden har inte publicerats. Alla antal "
        "gående, och det som följer av dem, kan vara {low} till {high} gånger så stora.",
        "head": "Station|Närmaste punkt|Till fots, m|Utan trappor, m|Med cykel, m|Svängar|"
        "Fågelvägen, m",
        "none": "ingen väg",
    },
}


@dataclass(frozen=True)
class Chapter:
    """One chapter of a report.

    Attributes
    ----------
    title
        Its heading.
    paragraphs
        Plain text.
    head, rows
        A table: station, nearest point, metres by manner, turns, metres as the crow flies.
    notes
        What was left out, and whose map it is.
    """

    title: str
    paragraphs: tuple[str, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def chapter(access: Access, language: Language = "en") -> Chapter:
    """Return the chapter on reaching the sea.

    Parameters
    ----------
    access
        Stations, shore and streets.
    language
        Of the text; place names follow it where they have a name of their own there.
    """
    words = TEXTS[language]
    rows = access.rows()
    signs = sign_plan(access, SIGNS)
    links = link_plan(candidates(access), METRES)
    low, high = signs.walkers_factor
    walked = [row for row in rows if row.nearest[WALK.name].path is not None]
    furthest = max(walked, key=lambda row: _length_m(row.nearest[WALK.name]), default=None)

    def number(value: float, pattern: str = "#,##0") -> str:
        return str(format_decimal(value, format=pattern, locale=LOCALES[language]))

    def metres(way: Way) -> str:
        return words["none"] if way.path is None else number(way.path.length_m)

    paragraphs = [
        words["claim"].format(
            straight=sum(row.claim_straight for row in rows),
            walked=sum(row.claim_walked is True for row in rows),
            all=len(rows),
            furthest=furthest.station.name(language) if furthest else "-",
            length=number(_length_m(furthest.nearest[WALK.name])) if furthest else "-",
        )
    ]
    if signs.total:
        paragraphs.append(
            words["signs"].format(
                count=len(signs.signs),
                covered=number(100 * signs.covered / signs.total),
                bound=number(100 * signs.bound / signs.total),
            )
        )
    paragraphs += [
        words["links"].format(metres=number(links.cost_m), minutes=number(links.saved_min)),
        words["range"].format(low=number(low, "0.0"), high=number(high, "0.0")),
    ]
    return Chapter(
        title=words["title"],
        paragraphs=tuple(paragraphs),
        head=tuple(words["head"].split("|")),
        rows=tuple(
            (
                row.station.name(language),
                row.nearest[WALK.name].destination.name(language),
                *(metres(row.nearest[manner.name]) for manner in (WALK, STEP_FREE, BIKE)),
                "-" if (hard := row.nearest[WALK.name].difficulty) is None else str(hard.turns),
                number(row.straight_m),
            )
            for row in rows
        ),
        notes=(*access.warnings(), access.network.attribution),
    )


def _length_m(way: Way) -> float:
    return way.path.length_m if way.path is not None else 0.0
