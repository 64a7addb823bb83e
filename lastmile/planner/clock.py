"""Service-day seconds and Helsinki instants, there and back.

GTFS counts a service day's seconds from "noon minus 12 hours", so that on the two days a year
when clocks change a bus of 10:00 still leaves at 10:00. Between midnight and the change the
count is therefore an hour off the clock on the wall.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from lastmile.errors import RequestError
from lastmile.itinerary import elapsed_s
from lastmile.units import SECONDS_PER_HOUR, SECONDS_PER_MINUTE

HELSINKI = ZoneInfo("Europe/Helsinki")

_NOON_S = 12 * SECONDS_PER_HOUR
_DURATION = re.compile(
    r"(?:(?P<hours>\d{1,3}(?:\.\d{1,2})?)\s*h)?\s*(?:(?P<minutes>\d{1,4})\s*(?:min|m))?",
    re.ASCII | re.IGNORECASE,
)


@lru_cache(maxsize=64)
def day_start_s(day: date) -> float:
    """Return the epoch second a service day counts from: noon in Helsinki minus 12 hours."""
    return datetime.combine(day, time(12), HELSINKI).timestamp() - _NOON_S


def instant(day: date, seconds: float) -> datetime:
    """Return the Helsinki instant ``seconds`` into the service day, to the second."""
    return moment(day_start_s(day) + seconds)


def moment(epoch_s: float) -> datetime:
    """Return an epoch second as a Helsinki instant, to the second."""
    return _moment(round(epoch_s))


@lru_cache(maxsize=2**16)
def _moment(epoch_s: int) -> datetime:
    """Return a whole epoch second as a Helsinki instant; calls of a day share their seconds."""
    return datetime.fromtimestamp(epoch_s, UTC).astimezone(HELSINKI)


def seconds_of(day: date, when: datetime) -> float:
    """Return how far an aware instant lies into the service day, s (may be below 0)."""
    return when.timestamp() - day_start_s(day)


def now_to_the_minute() -> datetime:
    """Return the present in Helsinki, rounded up to a whole minute."""
    now = datetime.now(HELSINKI)
    whole = now.replace(second=0, microsecond=0)
    return whole if whole == now else later(whole, SECONDS_PER_MINUTE)


def later(when: datetime, seconds: float) -> datetime:
    """Return the instant ``seconds`` after an aware one, right over a clock change."""
    return (when.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(HELSINKI)


def whole_minute(when: datetime, *, up: bool = False) -> datetime:
    """Return the minute a clock shows: departures are cut, arrivals rounded up.

    Nobody is then told a minute that is wrong.
    """
    cut = when.replace(second=0, microsecond=0)
    return later(cut, SECONDS_PER_MINUTE) if up and cut != when else cut


def shown_s(departure: datetime, arrival: datetime) -> float:
    """Return how long a way takes by the minutes that are shown of its ends, s."""
    return elapsed_s(whole_minute(departure), whole_minute(arrival, up=True))


def shown_slack_s(leave: datetime, departure: datetime) -> float:
    """Return the time from an arrival to a departure by the minutes shown of them, s.

    What is caught by seconds has no slack; below 0 the departure comes first.
    """
    apart_s = elapsed_s(whole_minute(leave, up=True), whole_minute(departure))
    return apart_s if elapsed_s(leave, departure) < 0 else max(apart_s, 0.0)


def parse_instant(text: str) -> datetime:
    """Return the Helsinki instant of an ISO 8601 text.

    A text without an offset is Helsinki's clock; of an hour that comes twice in autumn the
    first is meant.

    Raises
    ------
    RequestError
        The text is no date and time, the date does not exist, or spring's change of clocks
        skips that time.
    """
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise RequestError(
            f"--at {text[:40]!r} is not a date and time ({error}); write 2026-05-14T09:30"
        ) from None
    if ":" not in text and "T" not in text.upper():
        raise RequestError(f"--at {text[:40]!r} has no time of day; write 2026-05-14T09:30")
    if parsed.tzinfo is None:
        local = parsed.replace(tzinfo=HELSINKI)
        back = local.astimezone(UTC).astimezone(HELSINKI)
        if back.replace(tzinfo=None) != parsed:
            raise RequestError(
                f"--at {text[:40]!r} does not exist: clocks in Helsinki go forward over it; "
                f"{back:%H:%M} is the time an hour on"
            )
        return local
    try:
        return parsed.astimezone(HELSINKI)
    except OverflowError:
        raise RequestError(f"--at {text[:40]!r} is outside the calendar") from None


def parse_duration(text: str, *, option: str = "--stay") -> int:
    """Return the seconds of "4h", "90min", "1h30min" or "2.5h".

    Parameters
    ----------
    text
        What the user wrote.
    option
        Where they wrote it; refusals name it.

    Raises
    ------
    RequestError
        The text is no length of time, or it is not above zero.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None or not (match["hours"] or match["minutes"]):
        raise RequestError(
            f"{option} {text[:40]!r} is not a length of time; write 4h, 90min or 1h30min"
        )
    seconds = round(
        float(match["hours"] or 0) * SECONDS_PER_HOUR
        + int(match["minutes"] or 0) * SECONDS_PER_MINUTE
    )
    if seconds <= 0:
        raise RequestError(f"{option} {text[:40]!r} must be longer than nothing")
    return seconds
