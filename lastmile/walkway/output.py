"""The study of the walkway as files: JSON, GeoJSON, CSV, a printable list, a scenario."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from lastmile.walkway.catchments import CLAIM_M, MANNERS, WALK, minutes
from lastmile.walkway.reach import within
from lastmile.walkway.shore import services_of
from lastmile.walkway.signs import COMPASS
from lastmile.walkway.strolls import Course

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lastmile.places import Place
    from lastmile.walkway.bikes import BikeStudy
    from lastmile.walkway.catchments import Access, StationRow, Way
    from lastmile.walkway.ground import Gap
    from lastmile.walkway.links import Candidate, Candidates, LinkPlan
    from lastmile.walkway.shore import Point
    from lastmile.walkway.signs import Sign, SignPlan
    from lastmile.walkway.strolls import Stroll

Json = dict[str, Any]

SIGN_COLUMNS = (
    "sign",
    "lat",
    "lon",
    "near",
    "reader_walks_fi",
    "reader_walks_sv",
    "arrow",
    "towards_deg",
    "text_fi",
    "text_sv",
    "walkers_per_day",
)


def study_json(access: Access) -> Json:
    """Return what ``lastmile walkway --json`` prints."""
    rows = access.rows()
    course = Course.follow(access.network, access.shore)
    walked = [row for row in rows if row.nearest[WALK.name].path is not None]
    furthest = max(walked, key=lambda row: _length_m(row.nearest[WALK.name]), default=None)
    gaps = [way.gap for row in rows for way in (*row.nearest.values(), row.entry) if way.gap]
    ways = [way for station in access.stations for way in access.service_ways(station)]
    gaps += [way.gap for way in ways if way.gap]
    return {
        "source": access.network.source,
        "attribution": access.network.attribution,
        "claim_m": CLAIM_M,
        "claim_holds": {
            "straight": all(row.claim_straight for row in rows),
            "walked": all(row.claim_walked is True for row in rows),
        },
        "furthest": None
        if furthest is None
        else {
            "station": furthest.station.id,
            "length_m": round(_length_m(furthest.nearest[WALK.name]), 1),
            "straight_m": round(furthest.straight_m, 1),
        },
        "stations": [station_json(access, row) for row in rows],
        "walkway": {
            "length_m": round(course.length_m, 1),
            "points": len(course.points),
            "left_out": [place.id for place in course.left_out],
        },
        "within": [
            {
                "minutes": one.minutes,
                "walkway_share": round(one.walkway_share, 4),
                "services": one.services,
                "residents": None if one.residents is None else round(one.residents, -2),
                "residents_range": None
                if one.residents_low is None or one.residents_high is None
                else [round(one.residents_low, -2), round(one.residents_high, -2)],
            }
            for one in within(access, access.stations)
        ],
        "gaps": gaps_geojson([*gaps, *course.gaps]),
        "warnings": list(access.warnings()),
    }


def station_json(access: Access, row: StationRow) -> Json:
    """Return one station's access."""
    return {
        **place_json(row.station),
        **{manner.name: way_json(row.nearest[manner.name]) for manner in MANNERS},
        "entry": way_json(row.entry),
        "straight_m": round(row.straight_m, 1),
        "line_m": round(row.line_m, 1),
        "within_claim": {"straight": row.claim_straight, "walked": row.claim_walked},
        "services": [
            {**way_json(way), "services": list(services_of(way.destination))}
            for way in access.service_ways(row.station)
        ],
    }


def way_json(way: Way) -> Json:
    """Return a way with its figures, or the reason why there is none."""
    found: Json = {"to": place_json(way.destination), "reached": way.reached}
    if way.path is None or way.difficulty is None:
        return found | {"reason": way.gap.reason if way.gap else None}
    climb_m = way.path.climb_m
    return found | {
        "length_m": round(way.path.length_m, 1),
        "minutes": minutes(way.path.duration_s),
        "off_network_m": round(way.path.access_m, 1),
        "climb_m": None if climb_m is None else round(climb_m, 1),
        "turns": way.difficulty.turns,
        "decisions": len(way.difficulty.decisions),
        "complexity": way.difficulty.slots,
        "ambiguous": way.difficulty.ambiguous,
        "unmarked_turns": way.difficulty.unmarked_turns,
    }


def place_json(place: Place) -> Json:
    """Return a place."""
    return {
        "id": place.id,
        "name": place.name_fi,
        "name_sv": place.name("sv"),
        "lat": place.lat,
        "lon": place.lon,
    }


def gaps_geojson(gaps: Sequence[Gap]) -> Json:
    """Return what is missing in the network, each gap once, as GeoJSON."""
    once = {gap.line: gap for gap in gaps}
    return _collection(
        _feature(
            _line(gap.line),
            {
                "from": gap.origin,
                "to": gap.destination,
                "reason": gap.reason,
                "length_m": round(gap.length_m, 1),
            },
        )
        for gap in once.values()
    )


def ways_geojson(access: Access) -> Json:
    """Return the ways from every station to the walkway, and the gaps, as GeoJSON."""
    features = [
        _feature(
            _line(way.path.coordinates),
            {"station": row.station.id, "manner": name, **_flat(way_json(way))},
        )
        for row in access.rows()
        for name, way in row.nearest.items()
        if way.path is not None
    ]
    missing = [way.gap for row in access.rows() for way in row.nearest.values() if way.gap]
    return _collection([*features, *gaps_geojson(missing)["features"]])


def signs_json(plan: SignPlan) -> Json:
    """Return a sign plan."""
    low, high = plan.walkers_factor
    return {
        "signs": [_sign_json(sign) for sign in plan.signs],
        "covered": round(plan.covered, 1),
        "total": round(plan.total, 1),
        "bound": round(plan.bound, 1),
        "guarantee": round(plan.guarantee, 4),
        "walkers_range": [round(low, 3), round(high, 3)],
    }


def signs_geojson(plan: SignPlan) -> Json:
    """Return a sign plan as GeoJSON points."""
    return _collection(
        _feature(
            {"type": "Point", "coordinates": _lon_lat(sign.point)},
            {key: value for key, value in _sign_json(sign).items() if key not in {"lat", "lon"}},
        )
        for sign in plan.signs
    )


def signs_csv(plan: SignPlan) -> str:
    """Return a sign plan as a table: one row a line of a sign."""
    text = io.StringIO()
    table = csv.DictWriter(text, SIGN_COLUMNS, lineterminator="\n")
    table.writeheader()
    for sign in plan.signs:
        for line in sign.lines:
            table.writerow(
                {
                    "sign": sign.number,
                    "lat": f"{sign.point[0]:.6f}",
                    "lon": f"{sign.point[1]:.6f}",
                    "near": sign.near,
                    "reader_walks_fi": COMPASS["fi"][line.heading],
                    "reader_walks_sv": COMPASS["sv"][line.heading],
                    "arrow": line.arrow,
                    "towards_deg": round(line.towards_deg),
                    "text_fi": line.text_fi,
                    "text_sv": line.text_sv,
                    "walkers_per_day": round(line.walkers, 1),
                }
            )
    return text.getvalue()


def signs_list(plan: SignPlan) -> str:
    """Return a sign plan as a list to print and take along."""
    lines = [f"Opasteet / Skyltar ({len(plan.signs)})", ""]
    for sign in plan.signs:
        lat, lon = sign.point
        lines.append(f"{sign.number}. {lat:.5f}, {lon:.5f}  ({sign.near})")
        shown = None
        for line in sign.lines:
            if line.heading != shown:
                shown = line.heading
                lines.append(
                    f"   kulkusuunta / gångriktning: {COMPASS['fi'][shown]} / "
                    f"{COMPASS['sv'][shown]}"
                )
            same = line.text_fi == line.text_sv
            text = line.text_fi if same else f"{line.text_fi}  |  {line.text_sv}"
            lines.append(f"     [ ] {line.arrow}  {text}")
        lines.append("")
    return "\n".join(lines)


def links_json(found: Candidates, plan: LinkPlan) -> Json:
    """Return the links to choose from and those chosen."""
    return {
        "candidates": [_link_json(link) for link in found.links],
        "refused": [
            {
                "points": [list(point) for point in link.points],
                "length_m": round(link.length_m, 1),
                "saved_person_min_per_day": round(link.saved_min, 1),
                "reasons": list(link.reasons),
            }
            for link in found.refused
        ],
        "plan": {
            "links": [_link_json(link) for link in plan.links],
            "saved_person_min_per_day": round(plan.saved_min, 1),
            "bound": round(plan.bound, 1),
            "exact": plan.exact,
            "guarantee": round(plan.guarantee, 4),
            "cost_m": round(plan.cost_m, 1),
        },
    }


def links_geojson(found: Candidates, plan: LinkPlan) -> Json:
    """Return candidate, chosen and refused links as GeoJSON."""
    chosen = set(plan.links)
    features = [
        _feature(
            _line(link.points),
            {"state": "chosen" if link in chosen else "candidate"} | _flat(_link_json(link)),
        )
        for link in found.links
    ]
    features += [
        _feature(
            _line(link.points),
            {
                "state": "refused",
                "length_m": round(link.length_m, 1),
                "reason": "; ".join(link.reasons),
            },
        )
        for link in found.refused
    ]
    return _collection(features)


def links_scenario(plan: LinkPlan, base: str = "baseline") -> str:
    """Return a scenario file with the links of a plan, for the simulator and the comparisons."""
    metres = sum(link.length_m for link in plan.links)
    lines = [
        f'extends = "{base}"',
        f'description = "{len(plan.links)} new walking links to the shore, {metres:.0f} m."',
        "",
        "[title]",
        'en = "Better links to the shore"',
        'fi = "Paremmat yhteydet rantaan"',
        'sv = "Bättre förbindelser till stranden"',
    ]
    for number, link in enumerate(plan.links, start=1):
        points = ", ".join(f"[{lat:.6f}, {lon:.6f}]" for lat, lon in link.points)
        lines += [
            "",
            f"# {link.helps}: {link.round_m:.0f} m round, {link.length_m:.0f} m straight",
            f"[links.shore-{number}]",
            'kind = "footway"',
            f"points = [{points}]",
        ]
    return "\n".join(lines) + "\n"


def strolls_json(walks: Sequence[Stroll]) -> list[Json]:
    """Return walks by the sea."""
    return [
        {
            "title": walk.title,
            "from": place_json(walk.start),
            "to": place_json(walk.end),
            "length_m": round(walk.length_m, 1),
            "shore_m": round(walk.shore_m, 1),
            "minutes": minutes(walk.duration_s),
            "step_free": walk.step_free,
            "services": [
                {**place_json(place), "services": list(services_of(place))}
                for place in walk.services
            ],
            "geometry": _line(walk.coordinates),
        }
        for walk in walks
    ]


def bikes_json(study: BikeStudy) -> Json:
    """Return the study of city bikes."""
    return {
        "access": [
            {
                **place_json(one.place),
                "bike_station": one.station.id if one.station else None,
                "bike_station_name": one.station.name if one.station else None,
                "walk_m": round(one.walk_m, 1) if one.station else None,
                "docks": one.docks,
                "bikes": one.bikes,
            }
            for one in study.access
        ],
        "new_stations": [
            {**place_json(one.place), "saved_person_min_per_day": round(one.saved_min, 1)}
            for one in study.new
        ],
        "new_pairs": [
            {
                "places": [place_json(one), place_json(other)],
                "saved_person_min_per_day": round(saved_min, 1),
            }
            for one, other, saved_min in study.pairs
        ],
        "minutes_now": None if study.minutes_now is None else round(study.minutes_now, 2),
    }


def dump(value: Json | list[Json]) -> str:
    """Return JSON text."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def _sign_json(sign: Sign) -> Json:
    return {
        "number": sign.number,
        "lat": round(sign.point[0], 6),
        "lon": round(sign.point[1], 6),
        "near": sign.near,
        "walkers_per_day": round(sign.walkers, 1),
        "gain": round(sign.gain, 1),
        "lines": [
            {
                "text_fi": line.text_fi,
                "text_sv": line.text_sv,
                "arrow": line.arrow,
                "reader_walks": COMPASS["en"][line.heading],
                "towards_deg": round(line.towards_deg),
                "walkers_per_day": round(line.walkers, 1),
            }
            for line in sign.lines
        ],
    }


def _link_json(link: Candidate) -> Json:
    return {
        "points": [list(point) for point in link.points],
        "length_m": round(link.length_m, 1),
        "round_m": round(link.round_m, 1),
        "detour": round(link.detour, 2),
        "cost_m": round(link.cost_m, 1),
        "crosses": list(link.crosses),
        "saved_person_min_per_day": round(link.saved_min, 1),
        "helps": link.helps,
    }


def _length_m(way: Way) -> float:
    return way.path.length_m if way.path is not None else float("inf")


def _flat(values: Json) -> Json:
    """Return plain values only; places become their ids."""
    return {
        key: value["id"] if isinstance(value, dict) else value
        for key, value in values.items()
        if key != "points"
    }


def _collection(features: Iterable[Json]) -> Json:
    return {"type": "FeatureCollection", "features": list(features)}


def _feature(geometry: Json, properties: Json) -> Json:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _line(points: Sequence[Point]) -> Json:
    return {"type": "LineString", "coordinates": [_lon_lat(point) for point in points]}


def _lon_lat(point: Point) -> list[float]:
    return [round(point[1], 6), round(point[0], 6)]
