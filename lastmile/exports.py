"""Itineraries as files other programs read: GPX 1.1 and GeoJSON."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import gpxpy.gpx

from lastmile.errors import DataError
from lastmile.itinerary import line_string
from lastmile.messages import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from lastmile.itinerary import Itinerary, Leg

ARRIVAL = Message("Arrival")
_SAFE_CONTROLS = {"\t", "\n"}


def leg_title(leg: Leg) -> str:
    """Return one line for a leg: "Bus 245A towards Kattila" or "Walk 350 m"."""
    if leg.mode == "transit":
        line = f"{(leg.vehicle or 'transit').capitalize()} {leg.route or ''}".rstrip()
        return f"{line} towards {leg.headsign}" if leg.headsign else line
    verb = {"walk": "Walk", "bike": "Cycle", "car": "Drive", "bikeshare": "City bike"}[leg.mode]
    return f"{verb} {length_text(leg.distance_m)}"


def length_text(length_m: float) -> str:
    """Return a length as people read it: "350 m", "2.4 km"."""
    if length_m < 995:  # noqa: PLR2004 - below, ten metres are the step
        return f"{round(length_m, -1):.0f} m"
    return f"{length_m / 1000:.1f} km"


def gpx_document(
    itineraries: Sequence[Itinerary],
    *,
    name: str,
    attribution: str,
    title: Callable[[Leg], str] = leg_title,
    say: Callable[[str], str] = str,
) -> gpxpy.gpx.GPX:
    """Return a GPX 1.1 document: a track per itinerary, a segment per leg, waypoints between.

    Parameters
    ----------
    itineraries
        In order of travel, for instance out and back.
    name
        Title of the document.
    attribution
        Whose map the tracks come from; goes into the copyright of the metadata.
    title, say
        Say what a leg is, and a :class:`~lastmile.messages.Message`, in the reader's language;
        in English where they are left out.
    """
    document = gpxpy.gpx.GPX()
    facts = {
        "creator": "lastmile",
        "name": _xml_text(name),
        # gpxpy escapes texts but not attributes, and the author is one
        "copyright_author": escape(_xml_text(attribution), {'"': "&quot;"}),
        "copyright_license": "https://opendatacommons.org/licenses/odbl/1-0/",
        "time": itineraries[0].departure.astimezone(UTC) if itineraries else None,
    }
    for key, value in facts.items():
        setattr(document, key, value)
    for number, itinerary in enumerate(itineraries, start=1):
        ends = say(itinerary.legs[0].origin.name), say(itinerary.legs[-1].destination.name)
        track = gpxpy.gpx.GPXTrack(
            name=_xml_text(f"{ends[0]} - {ends[1]}"),
            description=_xml_text("; ".join(title(leg) for leg in itinerary.legs)),
            number=number,
        )
        document.tracks.append(track)
        for leg in itinerary.legs:
            track.segments.append(_segment(leg))
            document.waypoints.append(
                gpxpy.gpx.GPXWaypoint(
                    latitude=leg.origin.lat,
                    longitude=leg.origin.lon,
                    time=leg.departure.astimezone(UTC),
                    name=_xml_text(_stop_name(leg, say)),
                    description=_xml_text(title(leg)),
                    type=leg.mode,
                )
            )
        last = itinerary.legs[-1]
        document.waypoints.append(
            gpxpy.gpx.GPXWaypoint(
                latitude=last.destination.lat,
                longitude=last.destination.lon,
                time=last.arrival.astimezone(UTC),
                name=_xml_text(say(last.destination.name)),
                description=say(ARRIVAL),
            )
        )
    return document


def write_gpx(path: Path, itineraries: Sequence[Itinerary], *, name: str, attribution: str) -> None:
    """Write :func:`gpx_document` to a file, whole or not at all.

    Raises
    ------
    DataError
        The file cannot be written there.
    """
    text = gpx_document(itineraries, name=name, attribution=attribution).to_xml(version="1.1")
    write_text(path, text)


def feature_collection(itineraries: Sequence[Itinerary]) -> dict[str, Any]:
    """Return a GeoJSON FeatureCollection with one LineString a leg."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": line_string(leg.coordinates),
                "properties": {
                    "itinerary": number,
                    "leg": position,
                    "mode": leg.mode,
                    "vehicle": leg.vehicle,
                    "route": leg.route,
                    "title": leg_title(leg),
                    "from": leg.origin.name,
                    "to": leg.destination.name,
                    "departure": leg.departure.isoformat(),
                    "arrival": leg.arrival.isoformat(),
                    "distance_m": round(leg.distance_m, 1),
                },
            }
            for number, itinerary in enumerate(itineraries)
            for position, leg in enumerate(itinerary.legs)
        ],
    }


def write_text(path: Path, text: str) -> None:
    """Write a text file under a temporary name, then rename it.

    Raises
    ------
    DataError
        The file cannot be written there.
    """
    try:
        if path.is_dir():
            raise DataError(f"cannot write {path}: it is a folder; name a file in it")
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=".writing-", delete=False
        ) as file:
            file.write(text)
        temporary = Path(file.name)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}") from error


def _umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _segment(leg: Leg) -> gpxpy.gpx.GPXTrackSegment:
    """Return a leg as a track segment; its ends carry the times."""
    segment = gpxpy.gpx.GPXTrackSegment()
    last = len(leg.coordinates) - 1
    for index, (lat, lon) in enumerate(leg.coordinates):
        when: datetime | None = None
        if index == 0:
            when = leg.departure.astimezone(UTC)
        elif index == last:
            when = leg.arrival.astimezone(UTC)
        segment.points.append(gpxpy.gpx.GPXTrackPoint(latitude=lat, longitude=lon, time=when))
    return segment


def _stop_name(leg: Leg, say: Callable[[str], str]) -> str:
    """Return the name of a leg's start with its stop code."""
    name = say(leg.origin.name)
    return f"{name} ({leg.origin.code})" if leg.origin.code else name


def _xml_text(text: str) -> str:
    """Drop what XML 1.0 cannot hold; gpxpy escapes the rest."""
    return "".join(
        letter
        for letter in text
        if letter in _SAFE_CONTROLS
        or " " <= letter <= "\ud7ff"
        or "\ue000" <= letter <= "\ufffd"
        or letter >= "\U00010000"
    )
