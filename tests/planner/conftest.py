"""Fixtures of the planner's tests: the small world as network, feed and planner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from small_world import PLACES, STATIONS, gtfs, hourly, osm, write_feed_folder

from lastmile.network.sources import read_osm
from lastmile.places import Gazetteer
from lastmile.planner.core import Planner
from lastmile.transit.feed import load_feed

if TYPE_CHECKING:
    from lastmile.network.street import StreetNetwork
    from lastmile.transit.feed import Feed


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> StreetNetwork:
    path = tmp_path_factory.mktemp("streets") / "street.osm"
    path.write_text(osm(), encoding="utf-8")
    return read_osm(path)


@pytest.fixture(scope="session")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Feed:
    return load_feed(write_feed_folder(tmp_path_factory.mktemp("feed"), gtfs(hourly())))


@pytest.fixture(scope="session")
def gazetteer() -> Gazetteer:
    return Gazetteer(PLACES)


@pytest.fixture(scope="session")
def planner(network: StreetNetwork, feed: Feed, gazetteer: Gazetteer) -> Planner:
    return Planner(network, feed, gazetteer=gazetteer, bike_stations=STATIONS)
