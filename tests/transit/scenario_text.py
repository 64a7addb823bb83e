"""Router scenarios written as text: a timetable, a question, the answer expected.

A scenario begins with ``## title``; prose may follow, each row with a capital. Then, in any order::

    day: 2026-03-04                       the day asked about (this one, a Wednesday, if not said)
    runs: weekdays                        for the trips below it: daily, weekdays, or dates
    line 1: A 8:00, B 8:10/8:12, C 8:20   one trip; arrival/departure; a repeated name is a row
    line 1 (step-free): ...               the vehicle is known to be step-free
    line 1 every 10 min 8:00-9:00: A 0:00, B 0:10        headway; "about every" for a promise only
    A 8:00 no boarding                    after a call; likewise "no alighting"
    step-free stops: A, C
    walk: A - B 3 min                     both ways; A > B for one way
    change: 2 min                         at every stop (0 if not said)
    change at B: 5 min                    or "forbidden", from the feed's transfers
    slack: 1 min      transfers: 2      step-free only      duration: 60 min
    question: A to C, leave 8:00          or "arrive by 9:00", "leave 8:00-9:00",
                                          "arrive 8:00-9:00"; "A 3 min or B 5 min to C"
    answer: leave 8:00 | 1 A 8:00 B 8:10 | 2 B 8:12 C 8:20 | arrive 8:20

with one ``answer`` line for every journey in the order given back, ``answer: none``, or
``answer: no service until 2026-03-05``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from lastmile.errors import NoServiceError
from lastmile.transit.feed import load_feed
from lastmile.transit.footpaths import Footpaths
from lastmile.transit.model import WEEKDAYS
from lastmile.transit.raptor import Ends, Options, Router
from lastmile.transit.timetable import Timetable
from lastmile.units import parse_clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lastmile.transit.journeys import Journey

MINUTE = 60
RULES = "pickup_type,drop_off_type"
_CALL = re.compile(
    r"(?P<stop>[A-Z]\w*) (?P<arrival>\d+:\d\d)(?:/(?P<departure>\d+:\d\d))?"
    r"(?P<no_board> no boarding)?(?P<no_alight> no alighting)?"
)
_LINE = re.compile(
    r"line (?P<name>\w+)(?P<step_free> \(step-free\))?"
    r"(?: (?P<about>about )?every (?P<headway>\d+) min (?P<first>\d+:\d\d)-(?P<until>\d+:\d\d))?"
)


@dataclass
class Scenario:
    """One scenario as parsed."""

    title: str
    day: date = date(2026, 3, 4)
    runs: str = "daily"
    services: list[str] = field(default_factory=list)
    trips: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    frequencies: list[str] = field(default_factory=list)
    transfers: list[str] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    step_free_stops: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    walks: list[tuple[str, str, int]] = field(default_factory=list)
    change_s: int = 0
    options: dict[str, int] = field(default_factory=dict)
    question: str = ""
    answer: list[str] = field(default_factory=list)

    def add(self, row: str) -> None:
        """Read one row."""
        key, _, rest = (part.strip() for part in row.partition(":"))
        if row.startswith("line "):
            head, calls = re.split(r":(?= [A-Z])", row, maxsplit=1)
            self._line(head, calls)
        elif key == "step-free only":
            self.options["step_free"] = True
        elif key.startswith("change at "):
            stop = self._stop(key.removeprefix("change at "))
            rule = "3," if rest == "forbidden" else f"2,{_minutes(rest)}"
            self.transfers.append(f"{stop},{stop},{rule}")
        else:
            {
                "day": lambda: setattr(self, "day", date.fromisoformat(rest)),
                "runs": lambda: setattr(self, "runs", rest),
                "step-free stops": lambda: self.step_free_stops.extend(rest.split(", ")),
                "walk": lambda: self._walk(rest),
                "change": lambda: setattr(self, "change_s", _minutes(rest)),
                "slack": lambda: self.options.update(slack_s=_minutes(rest)),
                "duration": lambda: self.options.update(max_duration_s=_minutes(rest)),
                "transfers": lambda: self.options.update(max_transfers=int(rest)),
                "question": lambda: setattr(self, "question", rest),
                "answer": lambda: self.answer.append(rest),
            }[key]()

    def _stop(self, name: str) -> str:
        if name not in self.stops:
            self.stops.append(name)
        return name

    def _line(self, head: str, calls: str) -> None:
        match = _LINE.fullmatch(head)
        assert match, head
        if match["name"] not in self.lines:
            self.lines.append(match["name"])
        if self.runs not in self.services:
            self.services.append(self.runs)
        trip = f"t{len(self.trips)}"
        service = self.services.index(self.runs)
        wheelchair = 1 if match["step_free"] else 2
        self.trips.append(f"{trip},{match['name']},s{service},{wheelchair}")
        for sequence, text in enumerate(calls.split(",")):
            call = _CALL.fullmatch(text.strip())
            assert call, text
            times = f"{call['arrival']}:00,{call['departure'] or call['arrival']}:00"
            rules = f"{int(bool(call['no_board']))},{int(bool(call['no_alight']))}"
            stop = self._stop(call["stop"])
            self.calls.append(f"{trip},{times},{stop},{sequence},{rules}")
        if match["headway"]:
            times = f"{match['first']}:00,{match['until']}:00,{int(match['headway']) * MINUTE}"
            self.frequencies.append(f"{trip},{times},{int(not match['about'])}")

    def _walk(self, text: str) -> None:
        a, arrow, b, minutes, _ = text.split()
        ends = [(a, b), (b, a)] if arrow == "-" else [(a, b)]
        self.walks += [(self._stop(x), self._stop(y), int(minutes) * MINUTE) for x, y in ends]

    def files(self) -> dict[str, list[str]]:
        """Return the timetable as GTFS."""
        weekly = {"daily": "1,1,1,1,1,1,1", "weekdays": "1,1,1,1,1,0,0"}
        return {
            "agency": [
                "agency_id,agency_name,agency_url,agency_timezone",
                "A,A,https://a.example,Europe/Helsinki",
            ],
            "stops": ["stop_id,stop_name,stop_lat,stop_lon,wheelchair_boarding"]
            + [
                f"{stop},{stop},60.{200 + n},24.7,{1 if stop in self.step_free_stops else 2}"
                for n, stop in enumerate(self.stops)
            ],
            "routes": ["route_id,route_short_name,route_type"]
            + [f"{name},{name},3" for name in self.lines],
            "calendar": [f"service_id,{','.join(WEEKDAYS)},start_date,end_date"]
            + [
                f"s{n},{weekly[runs]},20260101,20261231"
                for n, runs in enumerate(self.services)
                if runs in weekly
            ],
            "calendar_dates": ["service_id,date,exception_type"]
            + [
                f"s{n},{when.replace('-', '')},1"
                for n, runs in enumerate(self.services)
                if runs not in weekly
                for when in runs.split(", ")
            ],
            "trips": ["trip_id,route_id,service_id,wheelchair_accessible", *self.trips],
            "stop_times": [
                f"trip_id,arrival_time,departure_time,stop_id,stop_sequence,{RULES}",
                *self.calls,
            ],
            "frequencies": [
                "trip_id,start_time,end_time,headway_secs,exact_times",
                *self.frequencies,
            ],
            "transfers": [
                "from_stop_id,to_stop_id,transfer_type,min_transfer_time",
                *self.transfers,
            ],
        }

    def answered(self, folder: Path) -> list[str]:
        """Write the timetable, ask the question, and return the answer as text."""
        for name, rows in self.files().items():
            (folder / f"{name}.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")
        feed = load_feed(folder)
        assert feed.warnings == ()
        try:
            timetable = Timetable.for_day(feed, self.day)
        except NoServiceError as error:
            return [str(error).rsplit("; the next day with service is ", 1)[-1]]
        index = timetable.stop_index
        walks = [(index(a), index(b), s) for a, b, s in self.walks]
        footpaths = Footpaths.between(
            len(timetable.stops), *(zip(*walks, strict=True) if walks else ([], [], []))
        )
        footpaths, change = timetable.transfers(footpaths, change_s=self.change_s)
        router = Router(len(timetable.stops), timetable.patterns, footpaths, change)
        journeys = list(self._ask(timetable, router))
        return [_told(timetable, journey) for journey in journeys] or ["none"]

    def _ask(self, timetable: Timetable, router: Router) -> Iterator[Journey]:
        way, when = self.question.split(", ")
        access, egress = (_ends(timetable, text) for text in way.split(" to "))
        *verb, clock = when.split()
        times = [parse_clock(text) for text in clock.split("-")]
        ask = {
            ("leave", 1): router.depart_at,
            ("leave", 2): router.depart_between,
            ("arrive by", 1): router.arrive_by,
            ("arrive", 2): router.arrive_between,
        }[" ".join(verb), len(times)]
        yield from ask(access, egress, *times, Options(**self.options))


def scenarios_in(folder: Path) -> list[Scenario]:
    """Read all scenarios of all ``.txt`` files of a folder."""
    found: list[Scenario] = []
    for path in sorted(folder.glob("*.txt")):
        keyed = False
        for row in path.read_text(encoding="utf-8").splitlines():
            if row.startswith("## "):
                found.append(Scenario(row.removeprefix("## ")))
                keyed = False
            elif found and row.strip():
                keyed = keyed or row[0].islower()
                if keyed:
                    found[-1].add(row.strip())
    return found


def _minutes(text: str) -> int:
    return int(text.removesuffix(" min")) * MINUTE


def _ends(timetable: Timetable, text: str) -> Ends:
    stops, walks = [], []
    for choice in text.split(" or "):
        stop, *walk = choice.split()
        stops.append(timetable.stop_index(stop))
        walks.append(int(walk[0]) * MINUTE if walk else 0)
    return Ends.of(stops, walks)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}"


def _told(timetable: Timetable, journey: Journey) -> str:
    parts = [f"leave {_clock(journey.departure_s)}"]
    for ride in journey.rides:
        line = timetable.routes[timetable.trips[ride.trip].route].short_name
        board, alight = timetable.stop(ride.board).id, timetable.stop(ride.alight).id
        parts.append(f"{line} {board} {_clock(ride.departure_s)} {alight} {_clock(ride.arrival_s)}")
    return " | ".join([*parts, f"arrive {_clock(journey.arrival_s)}"])
