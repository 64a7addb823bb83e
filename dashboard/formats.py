"""Numbers, money, dates and lengths of time as people of each language write them."""

from __future__ import annotations

from datetime import date, datetime
from string import Formatter

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency, format_decimal, format_percent

from dashboard.texts import _, language
from lastmile.messages import Message
from lastmile.places import Place
from lastmile.planner.clock import HELSINKI, later
from lastmile.units import SECONDS_PER_HOUR, SECONDS_PER_MINUTE

LOCALES = {"en": "en_GB", "fi": "fi_FI", "sv": "sv_FI"}
KILO_FROM = 995
MOST_DECIMALS = 6
MINUS = "\N{MINUS SIGN}"


def locale() -> str:
    """Return the locale of the session's language."""
    return LOCALES[language()]


def number(value: float, decimals: int | None = None) -> str:
    """Return a number; with three significant digits where ``decimals`` is not given."""
    if decimals is None:
        size = abs(value)
        decimals = 0 if size >= 100 or value == round(value) else 1 if size >= 10 else 2  # noqa: PLR2004
    pattern = "#,##0." + "#" * decimals if decimals else "#,##0"
    rounded = round(value, decimals) + 0.0  # which makes a zero of the negative zero
    return _minus(format_decimal(rounded, format=pattern, locale=locale()))


def _minus(text: str) -> str:
    """Return a number with a true minus, which Babel leaves out where it is given a pattern."""
    return text.replace("-", MINUS)


def money(value_eur: float | None, *, cents: bool = True) -> str:
    """Return a sum of money, or that nobody knows it."""
    if value_eur is None:
        return _("price not known")
    pattern = Locale.parse(locale()).currency_formats["standard"].pattern
    if not cents:
        pattern = pattern.replace(".00", "")
    return _minus(
        format_currency(value_eur, "EUR", format=pattern, locale=locale(), currency_digits=False)
    )


def share(value: float, *, decimals: int = 0) -> str:
    """Return a share as a percentage."""
    pattern = Locale.parse(locale()).percent_formats[None].pattern
    if decimals:
        pattern = pattern.replace("#,##0", "#,##0." + "0" * decimals)
    return _minus(format_percent(value, format=pattern, locale=locale()))


def signed(value: float, size: str) -> str:
    """Return the text of a size with the sign of its value."""
    return (MINUS if value < 0 else "+") + size


def fine_share(value: float) -> str:
    """Return a share as a percentage with a decimal where it has one: "0.5%"."""
    return _minus(format_percent(value, format=_tenths(), locale=locale()))


def _tenths() -> str:
    return str(Locale.parse(locale()).percent_formats[None].pattern).replace("0", "0.#")


def clock(when: datetime, *, up: bool = False) -> str:
    """Return hours and minutes; arrivals are rounded up so that nobody is told a wrong minute."""
    if up and (when.second or when.microsecond):
        when = later(when, SECONDS_PER_MINUTE)
    return str(format_time(when, "HH:mm", tzinfo=HELSINKI, locale=locale()))


def day(when: date) -> str:
    """Return weekday and date."""
    return str(format_date(when, "EEE d.M.y" if language() != "en" else "EEE d MMM y", locale()))


def day_and_clock(when: datetime) -> str:
    """Return date and time of day."""
    pattern = "EEE d.M.y HH:mm" if language() != "en" else "EEE d MMM y HH:mm"
    return str(format_datetime(when, pattern, tzinfo=HELSINKI, locale=locale()))


def duration(seconds: float) -> str:
    """Return a length of time: "45 min", "1 h 05 min"."""
    hours, minutes = divmod(
        round(abs(seconds) / SECONDS_PER_MINUTE), SECONDS_PER_HOUR // SECONDS_PER_MINUTE
    )
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def distance(length_m: float) -> str:
    """Return a length: "350 m", "2.4 km"."""
    if length_m < KILO_FROM:
        return f"{round(length_m, -1):.0f} m"
    return f"{number(length_m / 1000, 1)} km"


def emissions(grams: float | None) -> str:
    """Return emissions, or that nobody knows them."""
    if grams is None:
        return _("CO₂ not known")
    if grams < 1:
        return _("no CO₂")
    if grams < KILO_FROM:
        return f"{grams:.0f} g CO₂"
    return f"{number(grams / 1000, 1)} kg CO₂"


class _Filling(Formatter):
    """Fills a template in as the session's language writes its values."""

    def format_field(self, value: object, format_spec: str) -> str:
        """Return a value; the format of the English template says what is wanted of it."""
        if isinstance(value, Message):
            return spoken(value)
        if isinstance(value, Place):
            return value.name(language())
        if isinstance(value, datetime) and "%H" in format_spec:
            return day_and_clock(value) if "%d" in format_spec else clock(value)
        if isinstance(value, date):
            return day(value)
        if isinstance(value, (int, float)) and format_spec.endswith("g"):
            return number(value, MOST_DECIMALS)
        if isinstance(value, (int, float)) and format_spec.endswith(("f", "%")):
            return share(value) if format_spec.endswith("%") else number(value, 0)
        return str(super().format_field(value, format_spec))


def spoken(text: str) -> str:
    """Return a message in the session's language; any other text as it is."""
    if not isinstance(text, Message):
        return text
    return _Filling().vformat(_(text.template), (), text.values)


def sentence(text: str) -> str:
    """Return a message as a sentence of its own, which begins with a capital."""
    said = spoken(text)
    return said[:1].upper() + said[1:]
