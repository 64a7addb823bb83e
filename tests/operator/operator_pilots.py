"""Pilots drawn at random, and validators of other people."""

import json
import random
import subprocess
import sys
from pathlib import Path

import gtfs_guru

from scenarios.load import build, load_scenario
from scenarios.schema import Scenario

DAY = "2026-09-01"
PLACES = (
    *("rail-espoo", "haltia", "haukkalampi", "kattila", "metro-matinkyla", "metro-espoonlahti"),
    *("siikaranta", "kolmoislampi", "hogbacka", "rail-kauklahti"),
)
INLINE = {"name": "Espoonkeskus itä", "lat": 60.2066, "lon": 24.6574}


def random_pilot(seed: int) -> Scenario:
    """Return a scenario with a pilot of its own: stops, days, and times by headway or table."""
    draw = random.Random(seed)  # noqa: S311 - timetables, no secrets
    stops: list[object] = list(draw.sample(PLACES, draw.randint(2, 5)))
    if draw.random() < 0.3:
        stops.insert(draw.randrange(len(stops) + 1), INLINE)
    service: dict[str, object] = {
        "stops": stops,
        "vehicles": 60,
        "seats": draw.randint(1, 50),
        "layover_min": draw.choice((0, 3, 7.5)),
    }
    kind = draw.choice(("headway", "windows", "departures", "timetable"))
    if kind == "headway":
        service |= {"headway": draw.choice((7.5, 20, 45)), "first": "08:10", "last": "11:00"}
    elif kind == "windows":
        service["windows"] = [
            {"from": "06:00", "to": "08:00", "headway": 40},
            {"from": "22:00", "to": "25:30", "headway": 35},
        ]
    elif kind == "departures":
        service["departures"] = sorted(draw.sample(range(5 * 3600, 26 * 3600, 60), 6))
    else:
        service["timetable"] = random_rows(draw, len(stops))
    document = load_scenario("baseline").document() | {
        "day": {"month": 9, "day_type": draw.choice(("weekday", "saturday", "sunday"))},
        "services": {"pilot": service},
    }
    return build(f"pilot-{seed}", document, {})


def random_rows(draw: random.Random, stops: int) -> list[list[object]]:
    """Return trips there and back that may skip stops, in the order they leave."""
    rows: list[list[object]] = []
    start = 7 * 3600
    for _ in range(draw.randint(1, 6)):
        start += draw.randrange(5, 90) * 60
        times: list[int] = [start]
        for _ in range(stops - 1):
            times.append(times[-1] + draw.randrange(20 * 60, 45 * 60))
        row: list[object] = [*times]
        if rows and draw.random() < 0.5:
            row.reverse()
        elif rows:
            row[1:-1] = [draw.choice((time_s, "")) for time_s in row[1:-1]]
        rows.append(row)
    return rows


def canonical_errors(feed: Path, work: Path, day: str = DAY) -> list[str]:
    """Return what gtfs-validator and gtfs-guru call an error in a feed."""
    found = [
        f"gtfs-guru {one.code}: {one.message}"
        for one in gtfs_guru.validate(str(feed), country_code="FI", date=day).errors()
    ]
    out = work / f"report-of-{feed.name}"
    out.mkdir()
    command = Path(sys.executable).with_name("gtfs-validator")
    subprocess.run(
        [command, "-i", feed, "-o", out, "-d", day, "-c", "FI"],
        check=True,
        capture_output=True,
        timeout=120,
    )
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert not json.loads((out / "system_errors.json").read_text(encoding="utf-8"))["notices"]
    return found + [
        f"gtfs-validator {one['code']}: {one['sampleNotices'][:1]}"
        for one in report["notices"]
        if one["severity"] == "ERROR"
    ]
