"""The units every layer shares: metres, seconds, m/s, and the clock of the service day."""

from __future__ import annotations

import math
import re

SECONDS_PER_MINUTE = 60
SECONDS_PER_HOUR = 3600
SECONDS_PER_DAY = 86_400
METRES_PER_KM = 1000.0

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the earth (IUGG), for great-circle lengths."""

_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)


def kmh_to_ms(speed_kmh: float) -> float:
    """Return a speed given in km/h in m/s."""
    return speed_kmh * METRES_PER_KM / SECONDS_PER_HOUR


def ms_to_kmh(speed_ms: float) -> float:
    """Return a speed given in m/s in km/h."""
    return speed_ms * SECONDS_PER_HOUR / METRES_PER_KM


def parse_clock(text: str) -> int:
    """Return seconds after midnight of the service day for ``H:MM`` or ``HH:MM:SS``.

    Hours may pass 24, as in GTFS: ``25:10`` is ten past one in the night after the service day.

    Raises
    ------
    ValueError
        The text is not such a time.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        message = f"not a time of day: {text[:40]!r} (write HH:MM or HH:MM:SS)"
        raise ValueError(message)
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * SECONDS_PER_HOUR + minutes * SECONDS_PER_MINUTE + seconds


def format_clock(time_s: float, *, seconds: bool = False) -> str:
    """Return ``HH:MM`` (or ``HH:MM:SS``) for seconds after midnight of the service day.

    Seconds are cut, not rounded, when they are not shown: a train that leaves at 10:04:50 is
    caught by who is there at 10:04.
    """
    whole = math.floor(time_s)
    hours, rest = divmod(whole, SECONDS_PER_HOUR)
    minutes, remaining = divmod(rest, SECONDS_PER_MINUTE)
    text = f"{hours:02d}:{minutes:02d}"
    return f"{text}:{remaining:02d}" if seconds else text


def great_circle_m(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Return the great-circle distance in metres between two WGS 84 points (haversine)."""
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    half_lat = math.sin((phi_b - phi_a) / 2)
    half_lon = math.sin(math.radians(lon_b - lon_a) / 2)
    chord = half_lat**2 + math.cos(phi_a) * math.cos(phi_b) * half_lon**2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, chord)))
