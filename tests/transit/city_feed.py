"""A generated city: stops in clusters, lines that wind through it, a weekday's trips as GTFS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

DAY = "20260304"
CLUSTER = 3
SPEED_MS = 9.0
WALK_MS = 1.1
_WIDTH_M, _HEIGHT_M = 40_000.0, 25_000.0
_SOUTH, _WEST = 60.1, 24.4
_METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True)
class City:
    """Where the feed lies and what its footpaths are.

    ``walks`` are (from, to, seconds) between all stops of each cluster, so that chains of
    footpaths lead nowhere new and routers with and without closure see the same city.
    """

    folder: Path
    stop_count: int
    walks: NDArray[np.int64]


def clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def write_city(
    folder: Path, *, stops: int = 3000, lines: int = 160, grain_s: int = 1, seed: int = 1
) -> City:
    """Write the feed; about 125 trips a line.

    Parameters
    ----------
    folder
        Where to; made if need be.
    stops, lines
        How many; stops come in clusters of three.
    grain_s
        All times are multiples of it: 60 for routers that know minutes only.
    seed
        Draws another city.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    clusters = stops // CLUSTER
    centre = rng.random((clusters, 2)) * [_WIDTH_M, _HEIGHT_M]
    place = np.repeat(centre, CLUSTER, axis=0) + rng.normal(0, 40, (clusters * CLUSTER, 2))
    lat = _SOUTH + place[:, 1] / _METRES_PER_DEGREE
    lon = _WEST + place[:, 0] / (_METRES_PER_DEGREE * np.cos(np.radians(_SOUTH)))
    walks = []
    for cluster in range(clusters):
        members = range(cluster * CLUSTER, (cluster + 1) * CLUSTER)
        # Twice the longest side keeps every detour over the third stop longer.
        longest = max(float(np.hypot(*(place[a] - place[b]))) for a in members for b in members)
        seconds = grain_s * int(np.ceil(longest / WALK_MS / grain_s))
        walks += [(a, b, seconds) for a in members for b in members if a != b]
    trips = ["route_id,service_id,trip_id,direction_id"]
    calls = ["trip_id,arrival_time,departure_time,stop_id,stop_sequence"]
    for line in range(lines):
        route = _winding_line(centre, rng, int(rng.integers(15, 35)))
        headway = int(rng.choice([600, 900, 1200, 1800]))
        for direction in (0, 1):
            way = route[::-1] if direction else route
            at = way * CLUSTER + rng.integers(0, CLUSTER, len(way))
            gaps = np.hypot(*np.diff(centre[way], axis=0).T) / SPEED_MS + 20
            for number, start in enumerate(range(5 * 3600, 25 * 3600, headway)):
                express = number % 7 == 3  # overtakes the one before it
                trip = f"L{line}-{direction}-{number}{'X' if express else ''}"
                trips.append(f"L{line},W,{trip},{direction}")
                factor = 0.45 if express else 1.0 + 0.2 * (7 <= start // 3600 < 9)
                time = start + int(rng.integers(0, 120))
                for sequence, stop in enumerate(at):
                    arrival = grain_s * round(time / grain_s)
                    dwell = 0 if express or sequence in (0, len(at) - 1) else 15
                    leave = grain_s * round((time + dwell) / grain_s)
                    calls.append(f"{trip},{clock(arrival)},{clock(leave)},S{stop},{sequence}")
                    if sequence < len(gaps):
                        time += dwell + int(gaps[sequence] * factor)
    texts = {
        "agency": [
            "agency_id,agency_name,agency_url,agency_timezone",
            "A,City,https://city.example,Europe/Helsinki",
        ],
        "calendar": [
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date",
            f"W,0,0,1,0,0,0,0,{DAY},{DAY}",
        ],
        "routes": ["route_id,agency_id,route_short_name,route_type"]
        + [f"L{line},A,{line},3" for line in range(lines)],
        "stops": ["stop_id,stop_name,stop_lat,stop_lon"]
        + [f"S{i},Stop {i},{lat[i]:.6f},{lon[i]:.6f}" for i in range(len(lat))],
        "trips": trips,
        "stop_times": calls,
    }
    for name, content in texts.items():
        (folder / f"{name}.txt").write_text("\n".join(content) + "\n", encoding="utf-8")
    return City(folder, clusters * CLUSTER, np.array(walks, dtype=np.int64))


def write_transfers(city: City, change_s: int) -> None:
    """Add the city's footpaths and one change time for all stops to the feed."""
    rows = ["from_stop_id,to_stop_id,transfer_type,min_transfer_time"]
    rows += [f"S{i},S{i},2,{change_s}" for i in range(city.stop_count)]
    rows += [f"S{a},S{b},2,{seconds}" for a, b, seconds in city.walks.tolist()]
    (city.folder / "transfers.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _winding_line(
    centre: NDArray[np.float64], rng: np.random.Generator, length: int
) -> NDArray[np.int64]:
    """Go from cluster to near cluster, roughly ahead."""
    here = int(rng.integers(len(centre)))
    heading = rng.random() * 2 * np.pi
    line = [here]
    while len(line) < length:
        away = centre - centre[here]
        distance = np.hypot(*away.T)
        ahead = (away @ [np.cos(heading), np.sin(heading)]) / np.maximum(distance, 1)
        cost = np.where((ahead > 0.6) & (distance > 0), distance, np.inf)
        cost[line] = np.inf
        following = int(np.argmin(cost))
        if not np.isfinite(cost[following]):
            heading += np.pi / 2 + rng.normal(0, 0.5)
            if rng.random() < 0.2 and len(line) > 3:
                break
            continue
        here = following
        line.append(here)
        heading += rng.normal(0, 0.25)
    return np.array(line)
