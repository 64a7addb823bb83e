"""Streets from Overpass: a real answer, and everything that goes wrong on the way."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from overpass_stub import Reply, Stub, serve

from lastmile.errors import DataError, RequestError
from lastmile.network import overpass
from lastmile.network.access import Flag
from lastmile.network.sources import read_overpass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ox = pytest.importorskip("osmnx")

BOX = (24.75, 60.18, 24.80, 60.22)
ELEMENTS = [
    {"type": "node", "id": 1, "lat": 60.2, "lon": 24.76},
    {"type": "node", "id": 2, "lat": 60.2, "lon": 24.77, "tags": {"barrier": "bollard"}},
    {"type": "node", "id": 3, "lat": 60.2, "lon": 24.78},
    {"type": "way", "id": 9, "nodes": [1, 2, 3], "tags": {"highway": "residential"}},
]
ESPOO = [
    {
        "place_id": 1,
        "osm_type": "relation",
        "osm_id": 34914,
        "lat": "60.2",
        "lon": "24.77",
        "class": "boundary",
        "type": "administrative",
        "place_rank": 14,
        "importance": 0.6,
        "addresstype": "city",
        "name": "Espoo",
        "display_name": "Espoo, Finland",
        "boundingbox": ["60.18", "60.22", "24.75", "24.80"],
        "geojson": {
            "type": "Polygon",
            "coordinates": [
                [[24.75, 60.18], [24.80, 60.18], [24.80, 60.22], [24.75, 60.22], [24.75, 60.18]]
            ],
        },
    }
]


def answer(elements: list[dict[str, object]] | None = None, **more: object) -> Reply:
    facts = {
        "version": 0.6,
        "osm3s": {"timestamp_osm_base": "2026-02-14T17:03:30Z"},
        "elements": ELEMENTS if elements is None else elements,
    }
    return Reply(body=json.dumps(facts | more).encode())


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    served = serve(Stub(replies=[answer()]))
    stub = next(served)
    monkeypatch.setattr(ox.settings, "overpass_url", stub.url)
    monkeypatch.setattr(ox.settings, "nominatim_url", stub.url)
    yield stub
    next(served, None)


def test_a_real_answer_of_the_server(stub: Stub, reference: Path) -> None:
    real = (reference / "overpass-espoo-drive-20260214.json").read_bytes()
    stub.replies = [Reply(body=real)]
    told: list[str] = []
    network = read_overpass(bbox=BOX, progress=lambda message, _: told.append(message))
    assert network.source == (
        "OpenStreetMap by Overpass, 24.75,60.18,24.8,60.22, 2026-02-14T17:03:30Z"
    )
    assert "OpenStreetMap" in network.attribution
    # the file holds 3,903 ways, all of them for cars
    assert len(np.unique(network.tables.edge_way)) > 3500
    cars = network.tables.edge_flags & (Flag.CAR_FORWARD | Flag.CAR_BACKWARD) != 0
    assert cars.mean() > 0.95
    assert any("part 1 of 1" in message for message in told)
    (query,) = stub.queries
    assert '["highway"]' in query
    assert "60.220000 24." in query
    assert stub.agents[0].startswith("lastmile/")


def test_an_answer_is_kept_and_asked_for_once(stub: Stub) -> None:
    first = read_overpass(bbox=BOX)
    stub.replies = [Reply(status=500)]
    assert read_overpass(bbox=BOX).digest == first.digest
    assert len(stub.queries) == 1


def test_an_old_answer_is_asked_for_again(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    read_overpass(bbox=BOX)
    monkeypatch.setattr(overpass, "CACHE_DAYS", 0.0)
    read_overpass(bbox=BOX)
    assert len(stub.queries) == 2


def test_a_large_area_is_asked_for_in_parts(stub: Stub) -> None:
    told: list[tuple[str, float]] = []
    network = read_overpass(
        bbox=(24.6, 60.15, 24.9, 60.3), progress=lambda *news: told.append(news)
    )
    assert len(stub.queries) == 4
    assert network.tables.edge_count == 3  # the same way each time: it is there once
    assert [done for _, done in told] == sorted(done for _, done in told)


def test_osmnx_is_left_as_it_was(stub: Stub) -> None:
    def settings() -> dict[str, object]:
        return {name: value for name, value in vars(ox.settings).items() if name[0] != "_"}

    before, resolve = settings(), socket.getaddrinfo
    read_overpass(bbox=BOX)
    stub.replies = [Reply(body=b"<html>")]
    with pytest.raises(DataError):
        read_overpass(bbox=(24.0, 60.0, 24.1, 60.1))
    assert settings() == before
    assert socket.getaddrinfo is resolve


def test_a_place_by_name(stub: Stub) -> None:
    stub.replies = [Reply(body=json.dumps(ESPOO).encode()), answer()]
    network = read_overpass("Espoo, Finland")
    assert network.source.startswith("OpenStreetMap by Overpass, Espoo, Finland")
    assert "q=Espoo" in stub.queries[0]
    assert "(poly:" in stub.queries[1]
    assert len(stub.queries) == 2
    read_overpass("Espoo, Finland")
    assert len(stub.queries) == 2


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (b"[]", "no area called 'Atlantis' is known"),
        (json.dumps([ESPOO[0] | {"geojson": {"type": "Point", "coordinates": [24, 60]}}]).encode(),
         "no area called 'Atlantis' is known"),
        (b"<html>busy</html>", "web page instead of data"),
        (b"[{", "cannot be read"),
    ],
)  # fmt: skip
def test_a_place_nobody_knows(stub: Stub, found: bytes, message: str) -> None:
    stub.replies = [Reply(body=found)]
    with pytest.raises(DataError, match=message):
        read_overpass("Atlantis", waits_s=(0.0,))


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again_when_it_says(stub: Stub, status: int) -> None:
    busy = Reply(status=status, body=b"rate limited", headers={"Retry-After": "0"})
    stub.replies = [busy, busy, answer()]
    network = read_overpass(bbox=BOX, waits_s=(60.0, 60.0))
    assert network.tables.edge_count == 3
    assert len(stub.queries) == 3


def test_a_server_that_stays_busy(stub: Stub) -> None:
    stub.replies = [Reply(status=429)]
    with pytest.raises(DataError, match=r"answered 429, too busy; try again later, or read a file"):
        read_overpass(bbox=BOX, waits_s=(0.0, 0.0))
    assert len(stub.queries) == 3


def test_a_server_that_does_not_answer_in_time(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ox.settings, "requests_timeout", 0.3)
    slow = answer()
    slow.wait_s = 1.5
    stub.replies = [slow]
    with pytest.raises(DataError, match="did not answer in time"):
        read_overpass(bbox=BOX, waits_s=())
    stub.replies = [slow, answer()]
    assert read_overpass(bbox=BOX, waits_s=(0.0,)).tables.edge_count == 3


def test_a_connection_that_breaks_off(stub: Stub) -> None:
    whole = answer()
    broken = Reply(body=whole.body[:100], promised=len(whole.body))
    stub.replies = [broken]
    with pytest.raises(DataError, match="connection broke off"):
        read_overpass(bbox=BOX, waits_s=())
    stub.replies = [broken, whole]
    assert read_overpass(bbox=BOX, waits_s=(0.0,)).tables.edge_count == 3


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(body=answer().body[:-20]), "its answer cannot be read"),
        (Reply(body=b""), "its answer cannot be read"),
        (Reply(body=b"<!DOCTYPE html><html>Maintenance", kind="text/html"), "web page instead"),
        (Reply(status=400, body=b"<html>bad query</html>"), "web page instead"),
        (Reply(status=500, body=b"oops"), "its answer cannot be read"),
        (Reply(body=b'{"elements": 7}'), "without elements"),
        (Reply(body=b"[1, 2]"), "cannot be read"),
        (answer(remark="runtime error: Query timed out"), "could not answer in full"),
        (answer([]), "no streets"),
        (answer([{"type": "way"}]), "not what Overpass writes"),
        (answer([{"type": "node", "id": 1}]), "no streets"),
        (answer([*ELEMENTS[1:]]), None),
        (answer([{"type": "node", "id": 1, "lat": "x", "lon": 2}, ELEMENTS[3]]), "Overpass writes"),
        (answer([{"type": "node", "id": 1, "lat": 99, "lon": 2}, ELEMENTS[3]]), "off the earth"),
        (answer([ELEMENTS[0], ELEMENTS[3] | {"nodes": [1, 2**70]}]), "Overpass writes"),
        (answer([*ELEMENTS[:3], ELEMENTS[3] | {"tags": {"highway": 5}}]), "no street"),
        (answer([7]), "not what Overpass writes"),
    ],
)
def test_answers_that_make_no_sense(stub: Stub, reply: Reply, message: str | None) -> None:
    stub.replies = [reply]
    if message is None:  # a node is missing: the rest is used, and it is said
        assert read_overpass(bbox=BOX, waits_s=()).warnings
        return
    with pytest.raises(DataError, match=message):
        read_overpass(bbox=BOX, waits_s=())
    # nothing bad is kept: a sound answer later is taken
    stub.replies = [answer()]
    if "cannot be read" in message or "instead" in message or "in full" in message:
        assert read_overpass(bbox=BOX, waits_s=()).tables.edge_count == 3


def test_offline_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(ox.settings, "overpass_url", f"http://127.0.0.1:{port}/api")
    began = time.monotonic()
    with pytest.raises(DataError, match=r"127\.0\.0\.1 cannot be reached .* --osm FILE"):
        read_overpass(bbox=BOX)
    assert time.monotonic() - began < overpass.RETRY_WAITS_S[0]


@pytest.mark.parametrize(
    ("place", "bbox", "message"),
    [
        (None, None, "either a place or a box"),
        ("Espoo", BOX, "either a place or a box"),
        (None, (24.8, 60.1, 24.7, 60.2), "not a box"),
        (None, (24.7, 60.2, 24.8, 60.1), "not a box"),
        (None, (24.7, 60.1, 24.8, 91.0), "not a box"),
        (None, (float("nan"), 60.1, 24.8, 60.2), "not a box"),
        (None, (19.0, 59.0, 31.0, 70.0), "too large"),
    ],
)
def test_areas_that_cannot_be_asked_for(
    place: str | None, bbox: tuple[float, float, float, float] | None, message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        read_overpass(place, bbox)
