"""The officer's whole road: set-up link, card uploaded, search watched, hits judged and added, list handed over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas
import pytest

from pipeline.sim import FlightConfig, SimFlight, make_flight
from tests.server.postgres import running_postgres
from tests.web.conftest import Served, watch
from tests.web.roads import (
    choose,
    export,
    judge,
    mark,
    must_show,
    new_flight,
    open_photo_of_centre,
    options,
    searched,
    start_search,
    uploaded,
)  # fmt: skip

CARD = FlightConfig(
    seed=5, profile="dji", width_px=1200, height_px=900, photos_per_strip=4, strips=2, turned_strip=False,
    height_m=40.0, n_markers=5, marker_size_m=(1.0, 1.5), video=True, video_size_px=(640, 360), video_rate_hz=5,
    video_s=3.0,
)  # fmt: skip


@pytest.fixture(scope="session")
def card(tmp_path_factory: pytest.TempPathFactory) -> SimFlight:
    """Eight photos and two clips with their subtitles, in a folder with a name that people give."""
    return make_flight(tmp_path_factory.mktemp("存储卡 card") / "排污口 1", CARD)


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, make_server: Callable[..., Served]) -> Iterator[Served]:
    """A fresh server on each kind of database."""
    if request.param == "sqlite":
        yield make_server()
        return
    with running_postgres() as postgres:
        one = make_server(QLY_DATABASE_URL=postgres.new_database())
        yield one
        one.stop()


def to_the_result(page: Any, folder: Path) -> None:
    new_flight(page, "2026-11-22 河道")
    choose(page, folder)
    uploaded(page)
    start_search(page)
    searched(page)


def test_from_the_card_to_the_geopackage(page: Any, server: Served, card: SimFlight, tmp_path: Path) -> None:
    seen = watch(page, server)
    to_the_result(page, card.flight)
    must_show(page, CARD.n_markers)
    judge(page, 0, "c", "confirmed")
    judge(page, 1, "x", "rejected")
    page.keyboard.press("Enter")
    mark(page, 150, 200)
    page.keyboard.press("Escape")
    must_show(page, CARD.n_markers + 1)
    hits = geopandas.read_file(export(page, "map_export_gpkg", tmp_path / "hits.gpkg"), layer="hits")
    assert Counter(hits["verdict"]) == {"confirmed": 1, "rejected": 1, "added": 1, "open": CARD.n_markers - 2}
    assert hits.crs.to_epsg() == 4326 and list(hits[hits["verdict"] == "added"]["origin"]) == ["officer"]
    assert seen.errors == [] and seen.strangers == []


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_real_photos_in_which_an_officer_sees_more(page: Any, real_data: Callable[[str], Path], tmp_path: Path) -> None:
    to_the_result(page, real_data("flights/brighton"))
    page.locator("[data-idle=yes]").wait_for(timeout=60_000)
    found = options(page).count()
    open_photo_of_centre(page)
    for n in range(3):
        mark(page, 250 + 150 * n, 220)
    page.keyboard.press("Escape")
    must_show(page, found + 3)
    judge(page, 0, "c", "confirmed")
    judge(page, 1, "x", "rejected")
    hits = geopandas.read_file(export(page, "map_export_gpkg", tmp_path / "hits.gpkg"), layer="hits")
    counted = Counter(hits["verdict"])
    assert counted["confirmed"] == counted["rejected"] == 1 and counted["added"] >= 1 and len(hits) == found + 3
