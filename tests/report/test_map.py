from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pipeline import imagery
from pipeline.report import mosaic as mosaic_module
from pipeline.report import write_run
from pipeline.report.map_page import VIEWER, map_plane, script_json
from pipeline.report.mosaic import MAX_TILES, TILE_PX, mosaic, sheet, tile_grid
from pipeline.report.survey import ground_surface, survey
from pipeline.types import HitList, Mission

World = tuple[Mission, HitList]


class Page(HTMLParser):
    """Elements of a page, with attributes, and the text of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data


@pytest.fixture
def page(tmp_path: Path, world: World) -> str:
    folder = tmp_path / "run"
    folder.mkdir()
    write_run(folder, *world)
    return (folder / "map.html").read_text("utf-8")


def data_of(page: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Page(page).scripts[0])
    return found


def test_what_comes_from_files_starts_no_element(page: str) -> None:
    parsed = Page(page)
    assert [tag for tag, _ in parsed.elements].count("script") == 2
    assert "<script>alert" not in page
    assert not [a for _, attrs in parsed.elements for a in attrs if a.startswith("on")]
    assert data_of(page)["warnings"][0].startswith("=cmd|' /C calc'!A0 <script>")


def test_nothing_is_fetched(page: str) -> None:
    sources = [
        v or ""
        for _, attrs in Page(page).elements
        for k, v in attrs.items()
        if k in ("src", "href", "action", "srcset")
    ]
    assert sources
    assert all(v.startswith("data:image/webp;base64,") for v in sources)
    links = set(re.findall(r"https?://[^/\"'\s]+", page))
    assert links == {"https://uri.amap.com"}
    assert "default-src 'none'" in page
    for forbidden in ("fetch(", "XMLHttpRequest", "import(", "innerHTML", "eval("):
        assert forbidden not in (VIEWER / "viewer.js").read_text("utf-8")


def test_every_word_the_script_asks_for_is_there(page: str) -> None:
    script = (VIEWER / "viewer.js").read_text("utf-8")
    asked = set(re.findall(r"word\(\"(\w+)\"", script)) | set(re.findall(r"data\.words\.(\w+)", script))
    asked |= {f"layer_{k}" for k in re.findall(r"(\w+): true", re.search(r"const layers = (.*)", script)[1])}  # type: ignore[index]
    assert asked
    assert asked <= set(data_of(page)["words"])


def test_data_is_in_metres_about_the_middle(page: str, world: World) -> None:
    data = data_of(page)
    assert len(data["frames"]) == 4
    assert [f["searched"] for f in data["frames"]] == [True, True, True, False]
    assert np.allclose(data["track"], [[-30, 0], [-10, 0], [10, 0], [30, 0]], atol=0.1)
    assert data["track_m"] == pytest.approx(60, abs=0.2)
    first = data["hits"][0]
    assert first["crop"].startswith("data:image/jpeg;base64,")
    assert first["grid"]["zone"] == 38
    assert data["classes"]["outfall"]["zh"] == "排污口"
    assert data["not_located"] == [["a.JPG dust", world[0].name]]
    assert data["skipped"] == [["DJI_0003.JPG", "=damaged"], ["note.JPG", "not a JPEG, TIFF or PNG picture"]]


@pytest.mark.parametrize("text", ["</script>", "<!--", "&lt;", "\u2028"])
def test_script_json_closes_no_script(text: str) -> None:
    out = script_json({"a": text})
    assert json.loads(out) == {"a": text}
    assert "<" not in out
    assert "&" not in out


def painted(world: World, thumbs: Path | None = None) -> tuple[Any, list[tuple[Any, imagery.Image]]]:
    mission, hits = world
    seen = survey(mission, hits)
    plane, surface = map_plane(seen, {"features": []}), ground_surface(mission.ground)
    assert surface is not None
    tiles = list(mosaic(seen.frames, surface, plane, thumbs))
    return plane, [(t, cv2.imdecode(np.frombuffer(t.webp, np.uint8), cv2.IMREAD_UNCHANGED)) for t in tiles]


def colour_at(tiles: list[tuple[Any, imagery.Image]], x_m: float, y_m: float) -> Any:
    for tile, image in tiles:
        gsd = tile.side_m / TILE_PX
        column, row = int((x_m - tile.west_m) / gsd), int((tile.north_m - y_m) / gsd)
        if 0 <= column < TILE_PX and 0 <= row < TILE_PX:
            return image[row, column]
    return None


@pytest.mark.parametrize("lon_deg", [113.5, 180.0])
def test_the_mosaic_puts_pixels_where_they_look(
    tmp_path: Path, new_world: Callable[..., World], lon_deg: float
) -> None:
    mission, hits = new_world(tmp_path / "p", lon_deg=lon_deg)
    one = replace(mission, frames=mission.frames[:1])
    plane, tiles = painted((one, hits))
    original = imagery.read(one.frames[0])
    pose = one.frames[0].pose
    assert pose is not None
    centre = plane.xy(pose.at.lat_deg, pose.at.lon_deg)[0]
    differences = []
    for x_px, y_px in [(100, 60), (320, 240), (600, 100), (80, 430), (500, 400)]:
        found = colour_at(tiles, centre[0] + (x_px - 319.5) * 0.1, centre[1] - (y_px - 239.5) * 0.1)
        assert found[3] == 255
        differences.append(np.abs(found[:3].astype(int) - original[y_px, x_px]).mean())
    assert np.mean(differences) < 8
    assert colour_at(tiles, centre[0] + 33, centre[1]) is None or colour_at(tiles, centre[0] + 33, centre[1])[3] == 0


def test_the_photo_that_looks_straight_down_wins(world: World, tmp_path: Path) -> None:
    mission, _ = world
    for frame, level in zip(mission.frames, (0, 80, 160, 240), strict=True):
        Path(frame.path).write_bytes(imagery.encode_jpeg(np.full((480, 640, 3), level, np.uint8)))
    _, tiles = painted(world)
    for x_m, level in ((-30, 0), (-10, 80), (10, 160), (30, 240), (-21, 0), (-19, 80)):
        assert colour_at(tiles, x_m, 2.0)[0] == pytest.approx(level, abs=6)


def test_a_doubted_photo_shows_only_where_no_other_does(world: World) -> None:
    mission, hits = world
    for frame, level in zip(mission.frames, (0, 80, 160, 240), strict=True):
        Path(frame.path).write_bytes(imagery.encode_jpeg(np.full((480, 640, 3), level, np.uint8)))
    doubted = mission.frames[0]
    assert doubted.pose is not None
    pose = replace(doubted.pose, own=replace(doubted.pose.own, yaw_deg=90.0))
    _, tiles = painted((replace(mission, frames=(replace(doubted, pose=pose), *mission.frames[1:])), hits))
    assert colour_at(tiles, -30, 2.0)[0] == pytest.approx(80, abs=6)
    assert colour_at(tiles, -60, 2.0)[0] == pytest.approx(0, abs=6)


def test_thumbs_are_used_when_they_are_there(world: World, tmp_path: Path) -> None:
    (tmp_path / "000000.jpg").write_bytes(imagery.encode_jpeg(np.full((240, 320, 3), 200, np.uint8)))
    _, tiles = painted((replace(world[0], frames=world[0].frames[:1]), world[1]), tmp_path)
    assert colour_at(tiles, 0, 0)[:3] == pytest.approx(200, abs=4)


def test_tiles_are_few_however_far_the_flight_goes(world: World) -> None:
    mission, hits = world
    seen = survey(mission, hits)
    plane = map_plane(seen, {"features": []})
    one = sheet(seen.frames[0], plane)
    assert one is not None
    west, south, east, north = one.bounds
    for reach_m in (0, 500, 50_000):
        many = [
            replace(one, bounds=(west + d, south + 2 * d, east + d, north + 2 * d))
            for d in np.linspace(0, reach_m, 300)
        ]
        gsd_m, places = tile_grid(many)
        assert 0 < len(places) <= MAX_TILES
        assert gsd_m >= 0.08 * 0.99


def test_tiles_shrink_to_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mosaic_module, "MAX_BYTES", 24 * 30_000)
    noise = np.random.default_rng(1).integers(0, 255, (TILE_PX, TILE_PX, 3), dtype=np.uint8)
    noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8)
    small = mosaic_module._webp(noise, np.ones((TILE_PX, TILE_PX), np.bool_))
    monkeypatch.undo()
    assert len(small) < len(mosaic_module._webp(noise, np.ones((TILE_PX, TILE_PX), np.bool_)))


def test_tiles_in_the_page_are_pictures(page: str) -> None:
    sources = [a["src"] or "" for t, a in Page(page).elements if t == "img"]
    data = base64.b64decode(sources[0].partition(",")[2])
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED).shape == (TILE_PX, TILE_PX, 4)
