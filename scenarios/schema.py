"""What a scenario may say.

A scenario is a day (month, day type, weather, visit level) and what is offered on it: scheduled
services, car parks, bike share, what-if links, and parameters that differ from the bundled ones.
Clock times are written ``"09:30"`` and held in seconds after midnight; they may pass 24:00.
"""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    model_validator,
)

from lastmile.messages import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?")
LAST_HOUR = 36


def read_clock(value: object) -> int:
    """Read a clock time such as ``"09:30"`` as seconds after midnight.

    Raises
    ------
    ValueError
        If it is no such time; an `int` of seconds passes unchanged.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        seconds = value
    else:
        match = CLOCK.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise ValueError(Message('a clock time such as "09:30"'))
        hours, minutes, rest = (int(part or 0) for part in match.groups())
        seconds = hours * 3600 + minutes * 60 + rest
    if not 0 <= seconds <= LAST_HOUR * 3600:
        raise ValueError(Message("a clock time between 00:00 and {hour}:00", hour=LAST_HOUR))
    return seconds


def read_call(value: object) -> int | None:
    """Read a call of a timetable: a clock time, or ``""`` or ``"-"`` where it does not stop.

    Raises
    ------
    ValueError
        If it is neither.
    """
    return None if value is None or value in {"", "-"} else read_clock(value)


Clock = Annotated[int, BeforeValidator(read_clock)]
Call = Annotated[int | None, BeforeValidator(read_call)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Latitude = Annotated[float, Field(ge=59, le=61.5)]
Longitude = Annotated[float, Field(ge=23, le=26.5)]


class _Part(BaseModel):
    """A part of a scenario: frozen, and any key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Part):
    """A text for the reader: in English, and in Finnish and Swedish where it has been put so."""

    en: str
    fi: str | None = None
    sv: str | None = None

    def said_in(self, language: Literal["en", "fi", "sv"]) -> str:
        """Return the text in a language; in English where there is no other."""
        return {"en": self.en, "fi": self.fi, "sv": self.sv}[language] or self.en


def read_words(value: object) -> object:
    """Read a text alone as English; pass a table of languages on."""
    return {"en": value} if isinstance(value, str) else value


class Day(_Part):
    """Which day it is, and how many come."""

    month: Annotated[int, Field(ge=1, le=12)] = 9
    day_type: Literal["weekday", "saturday", "sunday"] = "sunday"
    weather: Literal["good", "fair", "poor"] = "good"
    visit_level: NotNegative | None = Field(
        default=None, description="factor on the mean of such days; 0 is an empty day"
    )
    percentile: Annotated[float, Field(gt=0, lt=100)] | None = Field(
        default=None, description="busier than this share of such days: 95 is 1 in 20"
    )

    @model_validator(mode="after")
    def _one_level(self) -> Day:
        if self.visit_level is not None and self.percentile is not None:
            raise ValueError(Message("give visit_level or percentile, not both"))
        return self


class Stop(_Part):
    """A stop written out in place, where the gazetteer has none."""

    name: str
    lat: Latitude
    lon: Longitude
    back_lat: Latitude | None = Field(
        default=None, description="where trips back stop, if that is across the road"
    )
    back_lon: Longitude | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Stop:
        if (self.back_lat is None) != (self.back_lon is None):
            raise ValueError(Message("give back_lat and back_lon, or neither"))
        return self


class Window(_Part):
    """Hours of a headway service: one departure at `from`, then every `headway` minutes."""

    from_: Clock = Field(alias="from")
    to: Clock
    headway: Positive

    @model_validator(mode="after")
    def _forwards(self) -> Window:
        if self.to < self.from_:
            raise ValueError(Message("the window ends before it begins"))
        return self


class Extension(_Part):
    """Further stops that some departures of a timetable route go on to."""

    stops: Annotated[list[str | Stop], Field(min_length=1)]
    every: Annotated[int, Field(ge=1)] = 1
    run_times_min: list[Positive] | None = Field(
        default=None, description="from the terminus to the first of them, and between them"
    )

    @model_validator(mode="after")
    def _as_many_as_stops(self) -> Extension:
        if self.run_times_min is not None and len(self.run_times_min) != len(self.stops):
            raise ValueError(
                Message(
                    "{stops} stops need {wanted} run_times_min, not {given}",
                    stops=len(self.stops),
                    wanted=len(self.stops),
                    given=len(self.run_times_min),
                )
            )
        return self


class Service(_Part):
    """A scheduled service: a pilot of our own, or a route of the timetable (`route`)."""

    mode: Literal["shuttle", "bus"] = "shuttle"
    enabled: bool = True
    route: str | None = Field(
        default=None, description="take stops and times from this timetable route"
    )
    stops: list[str | Stop] | None = None
    run_times_min: list[Positive] | None = Field(
        default=None, description="between successive stops; by the street network where absent"
    )
    headway: Positive | None = Field(default=None, description="minutes, from `first` to `last`")
    first: Clock = 9 * 3600
    last: Clock = 18 * 3600
    windows: Annotated[list[Window], Field(min_length=1)] | None = None
    departures: Annotated[list[Clock], Field(min_length=1)] | None = None
    timetable: Annotated[list[list[Call]], Field(min_length=1)] | None = Field(
        default=None,
        description="each trip's times at the stops in their order; times that fall along a "
        "row are a trip back",
    )
    extension: Extension | None = None
    vehicles: Annotated[int, Field(ge=1)] | None = None
    seats: Annotated[int, Field(ge=1)] = 20
    standing: Annotated[int, Field(ge=0)] = 0
    layover_min: NotNegative = 3.0
    empty_runs: bool = Field(
        default=True,
        description="vehicles of a pilot may run empty from one terminus to another",
    )
    break_min: Positive | None = Field(
        default=None,
        description="a driver's break; absent where another driver takes over the vehicle",
    )
    break_after_h: Positive = Field(
        default=5.5,
        description="hours of work after which the break is due (Working Hours Act 872/2019: "
        "30 minutes for each 5 h 30 min)",
    )
    hold_for_feeder_min: NotNegative = Field(
        default=0.0,
        description="how long a vehicle waits at its first stop for a late train or metro",
    )
    fare_eur: NotNegative | None = Field(
        default=None, description="one way, a person; the regional fare where absent"
    )
    cost_per_hour_eur: NotNegative | None = None
    cost_per_km_eur: NotNegative | None = None
    co2_g_per_km: NotNegative | None = None
    season_days: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="service days a season, for the season's cost"
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Service:
        faults = self._stop_faults() + self._time_faults()
        if faults:
            raise ValueError(Message.joined(faults))
        return self

    def _stop_faults(self) -> list[Message]:
        """Say what is wrong with where it runs."""
        faults: list[Message] = []
        if self.route is not None:
            if self.stops is not None:
                faults.append(Message("give stops or a timetable route, not both"))
            return faults
        if self.stops is None or len(self.stops) < 2:  # noqa: PLR2004 - from one to another
            faults.append(Message("needs at least two stops, or a timetable route"))
        elif self.run_times_min is not None and len(self.run_times_min) != len(self.stops) - 1:
            faults.append(
                Message(
                    "{stops} stops need {wanted} run_times_min, not {given}",
                    stops=len(self.stops),
                    wanted=len(self.stops) - 1,
                    given=len(self.run_times_min),
                )
            )
        if self.vehicles is None:
            faults.append(Message("needs a number of vehicles"))
        if self.extension is not None:
            faults.append(Message("extension belongs to a timetable route; add to stops instead"))
        return faults

    def _time_faults(self) -> list[Message]:
        """Say what is wrong with when it runs."""
        faults: list[Message] = []
        ways = ("headway", "windows", "departures", "timetable")
        timed = [name for name in ways if getattr(self, name) is not None]
        if len(timed) > 1:
            faults.append(
                Message(
                    "give one of {ways}; not {given}",
                    ways=", ".join(ways),
                    given=Message("{some} and {last}", some=", ".join(timed[:-1]), last=timed[-1]),
                )
            )
        if self.route is None and not timed:
            faults.append(Message("needs a headway, windows or departures, or a timetable"))
        faults += self._row_faults()
        if self.last < self.first:
            faults.append(Message("the last departure (last) is before the first (first)"))
        if self.departures is not None and sorted(set(self.departures)) != self.departures:
            faults.append(Message("departures are to be in order, each once"))
        return faults

    def _row_faults(self) -> list[Message]:
        """Say what is wrong with the rows of its timetable."""
        if self.timetable is None:
            return []
        if self.route is not None:
            return [Message("a timetable of its own needs stops of its own, not a timetable route")]
        faults: list[Message] = []
        for number, row in enumerate(self.timetable, start=1):
            times = [time_s for time_s in row if time_s is not None]
            steps = [after - before for before, after in itertools.pairwise(times)]
            if len(row) != len(self.stops or []):
                faults.append(
                    Message(
                        "row {row} of the timetable has {times} times for {stops} stops",
                        row=number,
                        times=len(row),
                        stops=len(self.stops or []),
                    )
                )
            elif not steps:
                faults.append(
                    Message("row {row} of the timetable calls at fewer than two stops", row=number)
                )
            elif not (min(steps) > 0 or max(steps) < 0):
                faults.append(
                    Message("the times in row {row} of the timetable run backwards", row=number)
                )
        return faults


class Booking(_Part):
    """Places that are booked before leaving home."""

    bookable: Share = Field(default=1.0, description="share of the places that can be booked")
    no_show: Share = Field(default=0.05, description="share of bookings that lapse")


class CarPark(_Part):
    """A car park, named by its place in the gazetteer; what is absent stays as it is."""

    capacity: Annotated[int, Field(ge=1)] | None = None
    fee_eur: NotNegative = 0.0
    booking: Booking | None = None
    signs: bool = Field(default=False, description="full or free is known before leaving home")
    closed: bool = False
    opens: Clock = 0
    closes: Clock = LAST_HOUR * 3600

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> CarPark:
        if self.closes <= self.opens:
            raise ValueError(Message("it closes before it opens"))
        return self


class Entrance(_Part):
    """A way into the park, named by its place in the gazetteer."""

    roadside_spaces: Annotated[int, Field(ge=0)] | None = Field(
        default=None,
        description="cars that find room along the road, allowed or not; the parameter "
        "roadside_capacity_<entrance> where absent",
    )
    queue_spaces: Annotated[int, Field(ge=0)] = Field(
        default=5, description="cars that can wait for a space without blocking the road"
    )


class Station(_Part):
    """A bike station: at a place of the gazetteer, or at its own coordinates."""

    place: str | None = None
    name: str | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    docks: Annotated[int, Field(ge=1)]
    bikes: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _somewhere(self) -> Station:
        faults = []
        if self.place is None and (self.lat is None or self.lon is None):
            faults.append(Message("needs a place, or lat and lon"))
        if self.place is not None and (self.lat is not None or self.lon is not None):
            faults.append(Message("give a place or coordinates, not both"))
        if self.bikes > self.docks:
            faults.append(
                Message(
                    "{bikes} bikes do not fit {docks} docks", bikes=self.bikes, docks=self.docks
                )
            )
        if faults:
            raise ValueError(Message.joined(faults))
        return self


class Riders(_Part):
    """Riders who have nothing to do with the park: to the shore and back, say."""

    from_: str = Field(alias="from")
    to: str
    trips: NotNegative = Field(description="expected one-way trips out a day")
    stay_min: Positive = 90.0
    returns: Share = Field(default=1.0, description="share who ride back")


class Rebalancing(_Part):
    """A van that carries bikes from full stations to empty ones."""

    vans: Annotated[int, Field(ge=1)] = 1
    capacity: Annotated[int, Field(ge=1)] = 20
    every_min: Positive = 60.0
    first: Clock = 8 * 3600
    last: Clock = 20 * 3600
    cost_per_hour_eur: NotNegative | None = None

    @model_validator(mode="after")
    def _forwards(self) -> Rebalancing:
        if self.last < self.first:
            raise ValueError(Message("the last round (last) is before the first (first)"))
        return self


class BikeShare(_Part):
    """Bikes for hire between stations."""

    enabled: bool = True
    electric: bool = False
    stations: dict[str, Station] = {}
    riders: dict[str, Riders] = {}
    rebalancing: Rebalancing | None = None
    fare_eur: NotNegative = 1.0
    cost_per_bike_day_eur: NotNegative = 3.0

    @model_validator(mode="after")
    def _known_stations(self) -> BikeShare:
        faults = [
            Message(
                "riders.{name}.{end} = {station!r} is no station ({known})",
                name=name,
                end=end,
                station=station,
                known=", ".join(self.stations) or Message("none are given"),
            )
            for name, riders in self.riders.items()
            for end, station in (("from", riders.from_), ("to", riders.to))
            if station not in self.stations
        ]
        if faults:
            raise ValueError(Message.joined(faults))
        return self


class Link(_Part):
    """A what-if street or path, or the closing of one."""

    kind: Literal["footway", "cycleway", "path", "service", "residential"] = "path"
    points: Annotated[list[tuple[Latitude, Longitude]], Field(min_length=2)]
    closed: bool = Field(default=False, description="close the street nearest to the points")


class Scenario(_Part):
    """One day and everything offered on it."""

    name: str
    title: Words
    description: Annotated[Words, BeforeValidator(read_words)] = Words(en="")
    day: Day = Day()
    entrances: dict[str, Entrance] = {}
    car_parks: dict[str, CarPark] = {}
    services: dict[str, Service] = {}
    bikeshare: BikeShare | None = None
    links: dict[str, Link] = {}
    parameters: dict[str, float] = {}

    _document: dict[str, Any] = PrivateAttr(default_factory=dict)
    _origin: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def digest(self) -> str:
        """Hash of everything the scenario says, its name and wording aside."""
        said = self.model_dump(mode="json", exclude={"name", "title", "description"}, by_alias=True)
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]

    def file_of(self, key: str) -> str:
        """Return the file that set a dotted key, or the nearest table that holds it."""
        while key and key not in self._origin:
            key = key.rpartition(".")[0]
        return self._origin.get(key, self.name)

    def with_changes(self, changes: Mapping[str, object]) -> Scenario:
        """Return this scenario with some values replaced.

        Parameters
        ----------
        changes
            Values by dotted key, such as ``{"services.shuttle.headway": 15}``.

        Raises
        ------
        ScenarioError
            If a key does not exist, with the nearest ones, or a value is not allowed.
        """
        from scenarios.load import changed  # noqa: PLC0415 - load builds on this module

        return changed(self, changes)

    def document(self) -> dict[str, Any]:
        """Return what the files said after `extends`, as plain tables."""
        return copy.deepcopy(self._document)
