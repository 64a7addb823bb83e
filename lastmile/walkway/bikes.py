"""City bikes to the shore: the stations on the way, and where a new one would help most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lastmile.network.access import Mode
from lastmile.network.paths import matrix
from lastmile.parameters import Parameters
from lastmile.places import Place
from lastmile.units import SECONDS_PER_MINUTE
from lastmile.walkway.catchments import WALK
from lastmile.walkway.demand import attraction, shares
from lastmile.walkway.ground import OnStreets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lastmile.planner.stations import BikeStation
    from lastmile.walkway.catchments import Access

    Floats = NDArray[np.float64]

NEAR_M = 400.0
"""A bike station no further than this on foot serves a metro station or a place on the shore."""
APART_M = 200.0
"""Nobody builds a station nearer to another than this."""
WALK_TO_BIKE_S = 10 * 60.0


@dataclass(frozen=True)
class BikeAccess:
    """The city bike station that serves a metro station or a place on the shore.

    Attributes
    ----------
    place
        The place.
    station
        The nearest bike station; None where none lies within :data:`NEAR_M` on foot.
    walk_m
        The walk there; inf where the streets reach none.
    docks, bikes
        Of it; None where not known (the bundle does not know how many bikes are present).
    """

    place: Place
    station: BikeStation | None
    walk_m: float
    docks: int | None
    bikes: int | None


@dataclass(frozen=True)
class NewStation:
    """A place for a new bike station.

    Attributes
    ----------
    place
        Where.
    saved_min
        Person-minutes it saves a day, there and back, beside the stations there are.
    """

    place: Place
    saved_min: float


@dataclass(frozen=True)
class BikeStudy:
    """City bikes between the metro and the shore.

    Attributes
    ----------
    access
        Metro stations first, then the shore.
    new
        Places without a station, the most useful first.
    pairs
        Two new stations together where that is worth more than the sum: a bike needs a station at
        both ends.
    minutes_now
        Mean minutes from the metro to the shore on foot or by city bike, whichever is quicker;
        None where nobody gets there.
    """

    access: tuple[BikeAccess, ...]
    new: tuple[NewStation, ...]
    pairs: tuple[tuple[Place, Place, float], ...]
    minutes_now: float | None


@dataclass(frozen=True, eq=False)
class _Legs:
    """Times between the ends and the bike stations, s: walks there, rides between, walks on."""

    to_bike: Floats
    ride: Floats
    from_bike: Floats

    def door_to_door(self, chosen: NDArray[np.int64]) -> Floats:
        """Return the best time by bike with some of the stations, (origins, goals)."""
        out = self.to_bike[:, chosen]
        ride = self.ride[np.ix_(chosen, chosen)]
        first = (out[:, :, None] + ride[None]).min(axis=1)
        best: Floats = (first[:, :, None] + self.from_bike[chosen][None]).min(axis=1)
        return best


def bike_study(access: Access, stations: Sequence[BikeStation], *, tried: int = 6) -> BikeStudy:
    """Return how city bikes serve the shore, and where a new station would help most.

    Parameters
    ----------
    access
        Stations, shore and streets.
    stations
        The bike stations there are.
    tried
        How many of the best single places are tried two by two.
    """
    ends = (*access.stations, *access.targets)
    near = _near(access, stations)
    served = _served(access, ends, near)
    sites = tuple(
        entry.place for entry in served if entry.station is None or entry.walk_m > APART_M
    )
    everywhere = (*(_place(station) for station in near), *sites)
    legs = _legs(access, everywhere)
    walk_s = access.times(WALK).duration_s
    now = np.arange(len(near))
    now_s = np.minimum(walk_s, legs.door_to_door(now)) if len(near) else walk_s
    weight = _per_day(access, now_s)

    def saved(*extra: int) -> float:
        with_s = np.minimum(now_s, legs.door_to_door(np.concatenate([now, extra]).astype(int)))
        known = np.isfinite(now_s)
        gain_s = now_s[known] - with_s[known]
        return float((gain_s * weight[known]).sum()) * 2.0 / SECONDS_PER_MINUTE

    alone = [(saved(len(near) + i), i) for i in range(len(sites))]
    alone.sort(key=lambda pair: (-pair[0], pair[1]))
    best = [i for _, i in alone[:tried]]
    metro = [i for i, place in enumerate(sites) if place.kind == "metro_station"]
    pairs = []
    for i in dict.fromkeys([*best, *metro]):
        for j in range(len(sites)):
            if j in metro or i == j:
                continue
            together = saved(len(near) + i, len(near) + j)
            single = {k: minutes for minutes, k in alone}
            if together > 1.05 * (single[i] + single[j]) and together > 0:
                pairs.append((sites[i], sites[j], together))
    pairs.sort(key=lambda pair: -pair[2])
    known = np.isfinite(now_s)
    people = float(weight[known].sum())
    spent_s = float((now_s[known] * weight[known]).sum())
    return BikeStudy(
        access=served,
        new=tuple(NewStation(sites[i], minutes) for minutes, i in alone if minutes > 0),
        pairs=tuple(pairs[:tried]),
        minutes_now=spent_s / people / SECONDS_PER_MINUTE if people else None,
    )


def _per_day(access: Access, time_s: Floats) -> Floats:
    """Return how many go from each station to each place when it takes so long."""
    parameters = access.shore.parameters
    decay_min = parameters.value("shore_decay_min")
    attractions = np.array([attraction(place, parameters) for place in access.targets])
    boardings = np.array([station.boardings for station in access.shore.stations])
    nearest_min = time_s.min(axis=1) / SECONDS_PER_MINUTE
    going = boardings * parameters.value("shore_share") * np.exp(-nearest_min / decay_min)
    people: Floats = going[:, None] * shares(time_s, attractions, decay_min)
    return people


def _near(access: Access, stations: Sequence[BikeStation]) -> tuple[BikeStation, ...]:
    """Return the bike stations within a short walk of a metro station or the shore."""
    if not stations:
        return ()
    on = OnStreets.put(access.network, [_place(station) for station in stations])
    ends = OnStreets.put(access.network, (*access.stations, *access.targets))
    length_m = matrix(access.network, ends.at, on.at, Mode.WALK, objective="length").length_m
    near = length_m.min(axis=0) <= NEAR_M
    return tuple(station for station, is_near in zip(stations, near, strict=True) if is_near)


def _served(
    access: Access, ends: Sequence[Place], near: Sequence[BikeStation]
) -> tuple[BikeAccess, ...]:
    if not near:
        return tuple(BikeAccess(place, None, float("inf"), None, None) for place in ends)
    one = OnStreets.put(access.network, ends)
    other = OnStreets.put(access.network, [_place(station) for station in near])
    length_m = matrix(access.network, one.at, other.at, Mode.WALK, objective="length").length_m
    found = []
    for place, row in zip(ends, length_m, strict=True):
        nearest = int(row.argmin())
        station = near[nearest] if row[nearest] <= NEAR_M else None
        found.append(
            BikeAccess(
                place,
                station,
                float(row[nearest]),
                station.docks if station else None,
                station.bikes if station else None,
            )
        )
    return tuple(found)


def _legs(access: Access, everywhere: Sequence[Place]) -> _Legs:
    """Return the times of all legs with every station, those there are and those tried."""
    parameters = Parameters.bundled()
    handling_s = parameters.value("citybike_rent_s") + parameters.value("citybike_return_s")
    slower = parameters.value("bike_speed_street_ms") / parameters.value("citybike_speed_ms")
    if not everywhere:
        empty = np.empty((len(access.stations), 0))
        return _Legs(empty, np.empty((0, 0)), np.empty((0, len(access.targets))))
    walking = OnStreets.put(access.network, everywhere)
    riding = OnStreets.put(access.network, everywhere, Mode.BIKE)
    stations, targets = access.ends(WALK)
    to_bike = matrix(access.network, stations.at, walking.at, Mode.WALK).duration_s
    from_bike = matrix(access.network, walking.at, targets.at, Mode.WALK).duration_s
    ride = matrix(access.network, riding.at, riding.at, Mode.BIKE).duration_s * slower + handling_s
    np.fill_diagonal(ride, np.inf)
    to_bike, from_bike = (
        np.where(walk <= WALK_TO_BIKE_S, walk, np.inf) for walk in (to_bike, from_bike)
    )
    return _Legs(to_bike, ride, from_bike)


def _place(station: BikeStation) -> Place:
    return Place(
        id=f"bike-{station.id}",
        kind="bike_station",
        name_fi=station.name,
        lat=station.lat,
        lon=station.lon,
    )
