"""Stops on the streets: walks between them follow the streets and survive on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from small_world import LAT, gtfs, hourly, write_feed_folder

from lastmile.network.sources import read_osm
from lastmile.planner import stopnet as module
from lastmile.planner.stopnet import StopNet
from lastmile.transit.feed import Feed, load_feed
from lastmile.units import great_circle_m

if TYPE_CHECKING:
    from pathlib import Path

    from lastmile.network.street import StreetNetwork

FENCE = """<osm version="0.6">
<node id="1" lat="60.2000" lon="24.600"/><node id="2" lat="60.2000" lon="24.606"/>
<node id="3" lat="60.2010" lon="24.606"/><node id="4" lat="60.2010" lon="24.600"/>
<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/>
<tag k="highway" v="residential"/></way></osm>"""
"""Two parallel streets 111 m apart that meet only at their east ends."""


def stops_at(folder: Path, *points: tuple[float, float]) -> Feed:
    files = gtfs(hourly())
    names = ("first", "last", "third", "fourth")
    rows = [f"{n},{n},{n},{lat},{lon},B" for n, (lat, lon) in zip(names, points, strict=False)]
    files["stops"] = "\n".join(["stop_id,stop_code,stop_name,stop_lat,stop_lon,zone_id", *rows])
    return load_feed(write_feed_folder(folder, files))


def build(network: StreetNetwork, feed: Feed, platform_s: float = 0.0) -> StopNet:
    extra = np.full(len(feed.stops), platform_s)
    return StopNet.build(network, feed.stops, extra, feed_digest=feed.digest)


def test_a_change_walks_around_the_block_and_not_through_it(tmp_path: Path) -> None:
    (tmp_path / "fence.osm").write_text(FENCE)
    feed = stops_at(tmp_path / "f", (60.2, 24.601), (60.201, 24.601))
    found = build(read_osm(tmp_path / "fence.osm"), feed).footpath(0, 1)
    assert found is not None
    seconds, metres = found
    around = 2 * great_circle_m(LAT, 24.601, LAT, 24.606) + great_circle_m(60.2, 24.6, 60.201, 24.6)
    assert metres == pytest.approx(around, rel=2e-3)
    assert seconds == pytest.approx(around / 1.3, abs=1.5)


def test_stops_too_far_to_walk_have_no_footpath(network: StreetNetwork, feed: Feed) -> None:
    assert build(network, feed).footpath(0, 1) is None


def test_platforms_deep_down_make_every_way_longer(network: StreetNetwork, tmp_path: Path) -> None:
    feed = stops_at(tmp_path, (LAT, 24.61), (LAT, 24.612))
    flat, deep = build(network, feed), build(network, feed, platform_s=120.0)
    level, down = flat.footpath(0, 1), deep.footpath(0, 1)
    assert level is not None
    assert down is not None
    assert down[0] == level[0] + 240
    assert down[1] == level[1]


def test_walks_that_took_long_are_kept_and_a_damaged_store_is_made_anew(
    network: StreetNetwork,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LASTMILE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(module, "WORTH_KEEPING_S", -1.0)
    feed = stops_at(tmp_path / "f", (LAT, 24.61), (LAT, 24.612), (LAT, 24.614))
    first = build(network, feed)
    (kept,) = (tmp_path / "data" / "cache").iterdir()
    began = kept.stat().st_mtime_ns
    again = build(network, feed)
    assert kept.stat().st_mtime_ns == began
    assert again.footpaths.duration_s.tolist() == first.footpaths.duration_s.tolist()
    kept.write_bytes(b"not a store")
    mended = build(network, feed)
    assert mended.footpaths.duration_s.tolist() == first.footpaths.duration_s.tolist()
    assert kept.stat().st_size > len(b"not a store")
