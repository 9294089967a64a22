"""A flight as files: where things lie, the same bytes from the same seed, no answers among the photos."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.imagery import decode
from pipeline.sim import FlightConfig, SimFlight, make_flight

TINY = FlightConfig(seed=9, strips=1, photos_per_strip=2, width_px=400, height_px=300, height_m=20.0, n_checks=3)
BLANK = FlightConfig(seed=9, width_px=400, height_px=300, pixels=False)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, again = (make_flight(tmp_path / name, TINY).root for name in ("one", "two"))
    assert digests(first) == digests(again)
    assert len(digests(first)) == 7


def test_nothing_but_photos_is_in_the_flight(flown: SimFlight) -> None:
    assert sorted(p.name for p in flown.flight.iterdir()) == [f"DJI_{i:04d}.JPG" for i in range(1, 7)]
    ids = [t.id.encode() for t in flown.truth.scored]
    for photo in flown.flight.iterdir():
        head = photo.read_bytes()[:4000]
        assert not any(name in head for name in ids)
        assert decode(photo.read_bytes(), photo.name).shape == (600, 800, 3)


def test_targets_are_what_the_contract_says(flown: SimFlight) -> None:
    features = json.loads(flown.targets.read_text("utf-8"))["features"]
    assert len(features) == len(flown.truth.scored) == 11
    assert {f["properties"]["class"] for f in features} == {"marker", "smoke", "dust", "outfall"}
    for feature, target in zip(features, flown.truth.scored, strict=True):
        lon, lat, alt = feature["geometry"]["coordinates"]
        assert (lat, lon) == pytest.approx(target.lla[:2], abs=1e-9)
        assert alt == pytest.approx(target.lla[2], abs=1e-3)


def test_true_pixels_and_poses_cover_every_photo(flown: SimFlight) -> None:
    with flown.pixels.open(encoding="utf-8", newline="") as lines:
        pixels = list(csv.DictReader(lines))
    assert sum(row["visible"] == "1" for row in pixels) == flown.truth.visible.sum()
    assert any(row["class"] == "ground" for row in pixels)
    with flown.poses.open(encoding="utf-8", newline="") as lines:
        assert [row["photo"] for row in csv.DictReader(lines)] == list(flown.truth.photos)


def test_boxes_hold_their_points_and_stay_in_the_raster(flown: SimFlight) -> None:
    boxes = json.loads(flown.boxes.read_text("utf-8"))
    assert [c["name"] for c in boxes["categories"]] == ["marker", "smoke", "dust", "outfall"]
    assert len(boxes["annotations"]) > 5
    for found in boxes["annotations"]:
        x, y, w, h = found["bbox"]
        assert x >= -0.5 and y >= -0.5 and x + w <= 799.501 and y + h <= 599.501
        assert x - 0.01 <= found["point"][0] <= x + w + 0.01
        assert y - 0.01 <= found["point"][1] <= y + h + 0.01


def test_without_pixels_only_the_headers_differ(tmp_path: Path) -> None:
    made = make_flight(tmp_path / "blank", BLANK)
    photos = [p.read_bytes() for p in sorted(made.flight.iterdir())]
    rasters = {p[p.index(b"\xff\xdb") :] for p in photos}
    assert len(photos) == 24 and len(rasters) == 1 and len(set(photos)) == 24


def test_pixels_do_not_change_the_answers(tmp_path: Path) -> None:
    drawn = make_flight(tmp_path / "drawn", TINY)
    blank = make_flight(tmp_path / "blank", replace(TINY, pixels=False))
    assert digests(drawn.targets.parent) == digests(blank.targets.parent)


def test_a_used_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="something in this folder already"):
        make_flight(tmp_path, BLANK)
    with pytest.raises(OutputError, match="cannot be written"):
        make_flight(tmp_path / "mine.txt" / "below", BLANK)


def test_progress_is_told(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    make_flight(tmp_path / "told", BLANK, lambda done, total: seen.append((done, total)))
    assert seen[0] == (1, 24) and seen[-1] == (24, 24)
