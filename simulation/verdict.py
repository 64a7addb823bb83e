"""What a comparison says, in plain words: English, Finnish and Swedish, from the numbers alone.

Relief is never told without displacement: where cars go instead, along the road, and how crowded
the trails become.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from babel import Locale
from babel.numbers import format_decimal

from lastmile.places import Gazetteer
from simulation.statistics import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulation.experiment import Comparison, Effect, PilotResult, ScenarioRun

Language = Literal["en", "fi", "sv"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "fi", "sv")

_FULL: Final = "parking_full_min"
_WORTH_TELLING: Final = {"shuttle_left_behind": 0.5, "stranded": 0.05}
_FULL_AT_TIMES_MIN: Final = 1.0
_FULL_OFTEN_MIN: Final = 30.0
_ONE_DECIMAL_BELOW: Final = 10


@dataclass(frozen=True, slots=True)
class _Words:
    """The sentences of one language; each gets the numbers it names."""

    sure: str
    to: str
    relief: str
    relief_more: str
    relief_unclear: str
    relief_never: str
    relief_hardly: str
    cost_passenger: str
    cost_day: str
    cost_day_less: str
    cost_car: str
    cars_more: str
    cars_less: str
    cars_same: str
    road_more: str
    road_less: str
    road_same: str
    trail_more: str
    trail_less: str
    trail_same: str
    away_more: str
    away_less: str
    co2_more: str
    co2_less: str
    co2_same: str
    left_behind: str
    stranded: str
    constant: str
    alone: str
    together: str
    some_alone: str
    few: str
    single: str
    failed: str


_ENGLISH: Final = _Words(
    sure="95 % sure: {interval}",
    to="{low} to {high}",
    relief=(
        "With “{pilot}”, {place}: the car parks are full {change} minutes less on such a day "
        "({sure})."
    ),
    relief_more=(
        "With “{pilot}”, {place}: the car parks are full {change} minutes more on such a day "
        "({sure})."
    ),
    relief_unclear=(
        "With “{pilot}”, {place}: whether the car parks are full for longer or shorter cannot be "
        "told (change in minutes: {interval})."
    ),
    relief_never="{place}: the car parks do not fill on such a day, with “{pilot}” or without.",
    relief_hardly=(
        "{place}: the car parks are hardly ever full on such a day, with “{pilot}” or without: "
        "less than a minute on average."
    ),
    cost_passenger="It costs {cost} EUR per passenger ({interval}) before fares.",
    cost_day="Running it costs {cost} EUR more a day ({interval}).",
    cost_day_less="Running it costs {cost} EUR less a day ({interval}).",
    cost_car="Each car kept away costs {cost} EUR after fares ({interval}).",
    cars_more="More cars go to {place}: {change} ({interval}).",
    cars_less="Fewer cars go to {place}: {change} ({interval}).",
    cars_same="Cars to {place}: no change that can be told.",
    road_more="More cars are left at the roadside: {change} ({interval}).",
    road_less="Fewer cars are left at the roadside: {change} ({interval}).",
    road_same="Cars at the roadside: no change that can be told ({interval}).",
    trail_more="The trails get more crowded: at the peak {change} people more ({interval}).",
    trail_less="The trails get less crowded: at the peak {change} people fewer ({interval}).",
    trail_same="Crowding of the trails: no change that can be told ({interval}).",
    away_more="{change} people more do not get in ({interval}).",
    away_less="{change} people fewer do not get in ({interval}).",
    co2_more="Emissions rise by {change} kg CO2e a day ({interval}).",
    co2_less="Emissions fall by {change} kg CO2e a day ({interval}).",
    co2_same="Emissions: no change that can be told (kg CO2e a day: {interval}).",
    left_behind="{change} times a day somebody is left at a stop by a full shuttle ({interval}).",
    stranded="{change} people a day find no way back ({interval}).",
    constant="the same every day",
    alone="{interval}, by itself",
    together="All ranges hold together, for every pilot of the comparison, with 95 % confidence.",
    some_alone=(
        "The ranges hold together, for every pilot of the comparison, with 95 % confidence; those "
        "marked “by itself” have it one by one."
    ),
    few="These are only {days} days: the intervals are rough.",
    single="This is a single day: how sure the figures are cannot be told.",
    failed="{count} of the days could not be simulated and are left out.",
)

_FINNISH: Final = _Words(
    sure="95 %:n varmuudella {interval}",
    to="{low}…{high}",
    relief=(
        "Kokeilu ”{pilot}”, {place}: pysäköintialueet ovat tällaisena päivänä täynnä {change} "
        "minuuttia lyhyemmän ajan ({sure})."
    ),
    relief_more=(
        "Kokeilu ”{pilot}”, {place}: pysäköintialueet ovat tällaisena päivänä täynnä {change} "
        "minuuttia pidemmän ajan ({sure})."
    ),
    relief_unclear=(
        "Kokeilu ”{pilot}”, {place}: ei voi sanoa, ovatko pysäköintialueet täynnä pidemmän vai "
        "lyhyemmän ajan (muutos minuutteina: {interval})."
    ),
    relief_never=(
        "{place}: pysäköintialueet eivät tällaisena päivänä täyty, oli kokeilu ”{pilot}” käynnissä "
        "tai ei."
    ),
    relief_hardly=(
        "{place}: pysäköintialueet ovat tällaisena päivänä täynnä keskimäärin alle minuutin, oli "
        "kokeilu ”{pilot}” käynnissä tai ei."
    ),
    cost_passenger="Se maksaa {cost} euroa matkustajaa kohti ennen lipputuloja ({interval}).",
    cost_day="Liikennöinti maksaa {cost} euroa enemmän päivässä ({interval}).",
    cost_day_less="Liikennöinti maksaa {cost} euroa vähemmän päivässä ({interval}).",
    cost_car="Yksi pois jäävä auto maksaa lipputulojen jälkeen {cost} euroa ({interval}).",
    cars_more="{place}: autoja saapuu enemmän, {change} ({interval}).",
    cars_less="{place}: autoja saapuu vähemmän, {change} ({interval}).",
    cars_same="{place}: saapuvien autojen määrän muutosta ei voi todeta.",
    road_more="Tienvarteen jää enemmän autoja: {change} ({interval}).",
    road_less="Tienvarteen jää vähemmän autoja: {change} ({interval}).",
    road_same="Tienvarressa olevien autojen määrän muutosta ei voi todeta ({interval}).",
    trail_more="Polut ruuhkautuvat: huipun aikaan {change} ihmistä enemmän ({interval}).",
    trail_less="Polut väljenevät: huipun aikaan {change} ihmistä vähemmän ({interval}).",
    trail_same="Polkujen ruuhkan muutosta ei voi todeta ({interval}).",
    away_more="{change} ihmistä enemmän jää ilman käyntiä ({interval}).",
    away_less="{change} ihmistä vähemmän jää ilman käyntiä ({interval}).",
    co2_more="Päästöt kasvavat {change} kg CO2e päivässä ({interval}).",
    co2_less="Päästöt vähenevät {change} kg CO2e päivässä ({interval}).",
    co2_same="Päästöjen muutosta ei voi todeta (kg CO2e päivässä: {interval}).",
    left_behind="Joku jää täydestä pikkubussista pysäkille {change} kertaa päivässä ({interval}).",
    stranded="{change} ihmistä päivässä jää ilman paluukyytiä ({interval}).",
    constant="joka päivä sama",
    alone="{interval}, yksinään",
    together=(
        "Kaikki vaihteluvälit pitävät yhtä aikaa paikkansa vertailun jokaiselle kokeilulle 95 %:n "
        "varmuudella."
    ),
    some_alone=(
        "Vaihteluvälit pitävät yhtä aikaa paikkansa vertailun jokaiselle kokeilulle 95 %:n "
        "varmuudella; sanalla ”yksinään” merkityillä se on kullakin erikseen."
    ),
    few="Päiviä on vain {days}: luottamusvälit ovat karkeita.",
    single="Päiviä on vain yksi: lukujen varmuutta ei voi arvioida.",
    failed="{count} päivää ei voitu simuloida; ne on jätetty pois.",
)

_SWEDISH: Final = _Words(
    sure="med 95 % säkerhet {interval}",
    to="{low} till {high}",
    relief=(
        "Med ”{pilot}”, {place}: parkeringarna är fulla {change} minuter kortare tid en sådan "
        "dag ({sure})."
    ),
    relief_more=(
        "Med ”{pilot}”, {place}: parkeringarna är fulla {change} minuter längre tid en sådan "
        "dag ({sure})."
    ),
    relief_unclear=(
        "Med ”{pilot}”, {place}: det går inte att säga om parkeringarna är fulla längre eller "
        "kortare tid (förändring i minuter: {interval})."
    ),
    relief_never=(
        "{place}: parkeringarna blir inte fulla en sådan dag, varken med ”{pilot}” eller utan."
    ),
    relief_hardly=(
        "{place}: parkeringarna är fulla en sådan dag i genomsnitt mindre än en minut, både med "
        "”{pilot}” och utan."
    ),
    cost_passenger="Det kostar {cost} euro per passagerare före biljettintäkter ({interval}).",
    cost_day="Driften kostar {cost} euro mer per dag ({interval}).",
    cost_day_less="Driften kostar {cost} euro mindre per dag ({interval}).",
    cost_car="Varje bil som uteblir kostar {cost} euro efter biljettintäkter ({interval}).",
    cars_more="Fler bilar kommer till {place}: {change} ({interval}).",
    cars_less="Färre bilar kommer till {place}: {change} ({interval}).",
    cars_same="Bilar till {place}: ingen förändring kan påvisas.",
    road_more="Fler bilar ställs vid vägkanten: {change} ({interval}).",
    road_less="Färre bilar ställs vid vägkanten: {change} ({interval}).",
    road_same="Bilar vid vägkanten: ingen förändring kan påvisas ({interval}).",
    trail_more="Det blir trängre på stigarna: {change} personer fler i rusningen ({interval}).",
    trail_less="Det blir glesare på stigarna: {change} personer färre i rusningen ({interval}).",
    trail_same="Trängseln på stigarna: ingen förändring kan påvisas ({interval}).",
    away_more="{change} personer fler kommer inte in ({interval}).",
    away_less="{change} personer färre kommer inte in ({interval}).",
    co2_more="Utsläppen ökar med {change} kg CO2e per dag ({interval}).",
    co2_less="Utsläppen minskar med {change} kg CO2e per dag ({interval}).",
    co2_same="Utsläppen: ingen förändring kan påvisas (kg CO2e per dag: {interval}).",
    left_behind="{change} gånger om dagen lämnas någon vid hållplatsen av en full minibuss "
    "({interval}).",
    stranded="{change} personer om dagen saknar väg hem ({interval}).",
    constant="samma varje dag",
    alone="{interval}, för sig",
    together=("Alla intervall gäller samtidigt för jämförelsens alla försök med 95 % säkerhet."),
    some_alone=(
        "Intervallen gäller samtidigt för jämförelsens alla försök med 95 % säkerhet; de som är "
        "märkta ”för sig” gäller vart och ett för sig."
    ),
    few="Det är bara {days} dagar: intervallen är grova.",
    single="Det är en enda dag: hur säkra talen är går inte att säga.",
    failed="{count} dagar kunde inte simuleras och har utelämnats.",
)

_WORDS: Final[dict[str, _Words]] = {"en": _ENGLISH, "fi": _FINNISH, "sv": _SWEDISH}
_FEW_DAYS: Final = 10


def verdict(comparison: Comparison, pilot: PilotResult, language: Language) -> list[str]:
    """Say what a pilot does.

    The intervals of changes are those that hold for all key figures of all pilots at once, so
    that they are 95 % sure as a whole. Figures outside that family have intervals of their own
    and are marked so; a last sentence says which is which.

    Parameters
    ----------
    comparison
        Whose pilot it is.
    pilot
        Which.
    language
        "en", "fi" or "sv".

    Returns
    -------
    list of str
        Sentences: relief, displacement (always), cost, emissions, what goes wrong, and what
        the intervals mean.
    """
    return _Verdict(comparison, pilot, language).sentences()


def title_of(run: ScenarioRun, language: Language) -> str:
    """Return what a scenario is called in a language; in English where it has no other name."""
    return run.scenario.title.said_in(language)


def place_name(place: Mapping[str, Any], language: Language) -> str:
    """Return what an entrance of a run is called in a language."""
    try:
        return Gazetteer.bundled()[str(place["id"])].name(language)
    except LookupError:
        return str(place["name"])


class _Verdict:
    """Finds the numbers and fills the sentences."""

    def __init__(self, comparison: Comparison, pilot: PilotResult, language: Language) -> None:
        self.comparison = comparison
        self.pilot = pilot
        self.language = language
        self.words = _WORDS[language]
        self.title = title_of(pilot.run, language)
        self.gates = [
            (str(gate["id"]), place_name(gate, language), int(gate["places"]))
            for gate in pilot.run.about.get("entrances", [])
        ]
        self.kinds: set[bool] = set()

    def sentences(self) -> list[str]:
        """Return all sentences."""
        said = [*self._relief(), *self._cars(), *self._roadside(), *self._trails()]
        said += [*self._turned_away(), *self._costs(), *self._emissions(), *self._troubles()]
        said += self._kinds()
        days = self.comparison.replications
        if days == 1:
            said.append(self.words.single)
        elif days < _FEW_DAYS:
            said.append(self.words.few.format(days=days))
        failed = sum(len(run.failures) for run in (self.comparison.base, self.pilot.run))
        if failed:
            said.append(self.words.failed.format(count=failed))
        return said

    # --- what changes

    def _effect(self, name: str) -> Effect | None:
        effect = self.pilot.effects.get(name)
        return effect if effect is not None and effect.difference is not None else None

    def _kinds(self) -> list[str]:
        """Say what the ranges told so far mean."""
        if not self.kinds:
            return []
        return [self.words.some_alone if True in self.kinds else self.words.together]

    def _changes(
        self,
        name: str,
        more: str,
        less: str,
        same: str | None,
        place: str = "",
        *,
        money: bool = False,
    ) -> str:
        """Say how a figure changes; "" where it does not, or where there is nothing to say."""
        effect = self._effect(name)
        if effect is None or effect.difference is None:
            return ""
        span, mean = effect.joint or effect.interval, effect.difference.mean
        alone = effect.joint is None
        if span is None or not span.excludes(0.0):
            if same is None or span is None:
                return ""
            interval = self._between(span, alone=alone)
            return same.format(place=place, pilot=self.title, interval=interval)
        rises = mean > 0
        turned = span if rises else Interval(-span.high, -span.low)
        interval = self._between(turned, money=money, alone=alone)
        return (more if rises else less).format(
            place=place,
            pilot=self.title,
            change=self._number(abs(mean)),
            cost=self._money(abs(mean)),
            interval=interval,
            sure=self.words.sure.format(interval=interval),
        )

    def _relief(self) -> list[str]:
        words, said = self.words, []
        never: list[str] = []
        hardly: list[str] = []
        for gate, name, places in self.gates:
            effect = self._effect(f"{_FULL}.{gate}")
            if effect is None or not places:
                continue
            full_min = max(effect.base_mean, effect.mean)
            if full_min < _FULL_AT_TIMES_MIN:
                (hardly if full_min else never).append(name)
                continue
            unclear = words.relief_unclear if full_min >= _FULL_OFTEN_MIN else None
            said.append(
                self._changes(f"{_FULL}.{gate}", words.relief_more, words.relief, unclear, name)
            )
        for names, sentence in ((hardly, words.relief_hardly), (never, words.relief_never)):
            if names:
                said.append(sentence.format(place=", ".join(names), pilot=self.title))
        return [sentence for sentence in said if sentence]

    def _cars(self) -> list[str]:
        said, unchanged = [], []
        for gate, name, places in self.gates:
            sentence = self._changes(
                f"cars_arrived.{gate}", self.words.cars_more, self.words.cars_less, None, name
            )
            if sentence:
                said.append(sentence)
            elif places:
                unchanged.append(name)
        if unchanged:
            said.append(self.words.cars_same.format(place=", ".join(unchanged)))
        return said

    def _roadside(self) -> list[str]:
        words = self.words
        found = self._changes("cars_roadside", words.road_more, words.road_less, words.road_same)
        return [found] if found else []

    def _trails(self) -> list[str]:
        words = self.words
        found = self._changes(
            "trail_crowding_peak", words.trail_more, words.trail_less, words.trail_same
        )
        return [found] if found else []

    def _turned_away(self) -> list[str]:
        found = self._changes(
            "visitors_turned_away", self.words.away_more, self.words.away_less, None
        )
        return [found] if found else []

    def _costs(self) -> list[str]:
        words, said = self.words, []
        fare = self.pilot.run.estimates().get("break_even_fare_eur")
        if fare is not None and fare.interval is not None:
            said.append(
                words.cost_passenger.format(
                    cost=self._money(fare.mean),
                    interval=self._between(fare.interval, money=True, alone=True),
                )
            )
        said.append(
            self._changes(
                "operating_cost_eur", words.cost_day, words.cost_day_less, None, money=True
            )
        )
        car = self.pilot.effects.get("cost_per_car_kept_away_eur")
        if car is not None and car.interval is not None and car.mean > 0:
            said.append(
                words.cost_car.format(
                    cost=self._money(car.mean),
                    interval=self._between(car.interval, money=True, alone=True),
                )
            )
        return [sentence for sentence in said if sentence]

    def _emissions(self) -> list[str]:
        words = self.words
        found = self._changes("co2_kg", words.co2_more, words.co2_less, words.co2_same)
        return [found] if found else []

    def _troubles(self) -> list[str]:
        said = []
        figures = self.pilot.run.estimates()
        for name, sentence in (
            ("shuttle_left_behind", self.words.left_behind),
            ("stranded", self.words.stranded),
        ):
            found = figures.get(name)
            if found is not None and found.interval and found.mean >= _WORTH_TELLING[name]:
                said.append(
                    sentence.format(
                        change=self._number(found.mean),
                        interval=self._between(
                            Interval(max(found.interval.low, 0.0), found.interval.high),
                            alone=True,
                        ),
                    )
                )
        return said

    # --- numbers as people write them

    def _between(self, interval: Interval, *, money: bool = False, alone: bool = False) -> str:
        """Write a range; noted is whether it holds by itself or together with the others."""
        write = self._money if money else self._number
        if interval.low == interval.high:
            return self.words.constant if interval.low else write(0.0)
        self.kinds.add(alone)
        low, high = write(interval.low), write(interval.high)
        span = low if low == high else self.words.to.format(low=low, high=high)
        return self.words.alone.format(interval=span) if alone else span

    def _number(self, value: float) -> str:
        pattern = "#,##0.0" if abs(value) < _ONE_DECIMAL_BELOW else "#,##0"
        rounded = round(value, 1 if abs(value) < _ONE_DECIMAL_BELOW else 0) + 0.0
        return self._written(rounded, pattern)

    def _money(self, value: float) -> str:
        return self._written(value, "#,##0.00")

    def _written(self, value: float, pattern: str) -> str:
        """Return a number with the language's own minus, which Babel writes without a pattern."""
        minus = Locale.parse(self.language).number_symbols["latn"]["minusSign"]
        return format_decimal(value, format=pattern, locale=self.language).replace("-", minus)
