"""A card's manifest: every file by its hash, photos with time and place, damaged ones listed."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import pytest

from pipeline.contest.folder import Contest
from pipeline.contest.intake.cards import MAX_FILES, manifest_bytes, manifest_of, read_manifest, scan_card, take_card
from pipeline.contest.intake.submit import preview, submit
from pipeline.contest.keys import Signer
from pipeline.errors import ContestError
from tests.contest.intake.conftest import T0_MS
from tests.ingest.conftest import gps, jpeg, tiff

NOON = {"DateTimeOriginal": "2026:01:01 20:00:00", "OffsetTimeOriginal": "+08:00"}


def _photo(lat: float, lon: float, **tags: str) -> bytes:
    return jpeg(exif=tiff({**NOON, **tags, **gps(lat, lon)}))


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """Two photos, a damaged one, a log, in folders with Chinese names."""
    root = tmp_path / "存储卡 1"
    (root / "DCIM" / "航线 一").mkdir(parents=True)
    (root / "DCIM" / "航线 一" / "DJI_0002.JPG").write_bytes(_photo(34.745, 113.63))
    (root / "DCIM" / "DJI_0001.jpg").write_bytes(_photo(34.746, 113.631, DateTimeOriginal="2026:01:01 20:01:00"))
    (root / "DCIM" / "broken.jpg").write_bytes(b"\xff\xd8 no photo")
    (root / "flight.log").write_bytes(b"log")
    return root


def test_every_file_is_listed_with_its_hash(card: Path) -> None:
    found = {f.path: f for f in scan_card(card).files}
    assert list(found) == ["DCIM/DJI_0001.jpg", "DCIM/broken.jpg", "DCIM/航线 一/DJI_0002.JPG", "flight.log"]
    for name, original in found.items():
        data = (card / name).read_bytes()
        assert (original.sha256, original.bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    first = found["DCIM/航线 一/DJI_0002.JPG"]
    assert (first.t_ms, first.lat_e9, first.lon_e9) == (1767268800000, 34745000000, 113630000000)
    assert found["DCIM/broken.jpg"].why and found["DCIM/broken.jpg"].t_ms is None


def test_the_event_and_its_object(arena: tuple[Contest, Signer], card: Path) -> None:
    contest, desk = arena
    body = take_card(contest, "drone", "t01", card, desk, T0_MS).body
    assert (body["files"], body["unreadable"]) == (4, 0)
    data = contest.load(body["manifest"])
    told = json.loads(data)
    assert (told["contest"], told["leg"], told["entrant"]) == (contest.state.id, "drone", "t01")
    manifest = read_manifest(data)
    assert manifest == scan_card(card) == manifest_of(contest, "drone", "t01")
    assert manifest.span_ms == (1767268800000, 1767268860000) and len(manifest.originals) == 4
    assert manifest.track == ((34.746, 113.631), (34.745, 113.63))


def test_two_cards_count_together(arena: tuple[Contest, Signer], card: Path, tmp_path: Path) -> None:
    contest, desk = arena
    more = tmp_path / "card 2"
    more.mkdir()
    (more / "DJI_0009.jpg").write_bytes(_photo(34.75, 113.64))
    for folder in (card, more):
        take_card(contest, "drone", "t01", scan_card(folder), desk, T0_MS)
    assert len(manifest_of(contest, "drone", "t01").files) == 5
    assert manifest_of(contest, "drone", "t02").files == ()


def test_no_span_where_a_comparison_would_be_unfair(card: Path) -> None:
    assert scan_card(card).span_ms is not None
    (card / "film.mp4").write_bytes(b"film")
    assert scan_card(card).span_ms is None
    (card / "film.mp4").unlink()
    for photo in card.rglob("*.[jJ]*"):
        photo.unlink()
    (card / "local.jpg").write_bytes(jpeg(exif=tiff({"DateTimeOriginal": "2026:01:01 20:00:00"})))
    found = scan_card(card)
    assert found.span_ms is None and found.files[1].t_ms is not None


def test_links_are_listed_and_not_followed(card: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    try:
        (card / "link.jpg").symlink_to(secret)
        (card / "folder").symlink_to(tmp_path)
    except OSError:
        pytest.skip("this system makes no links")
    found = {f.path: f for f in scan_card(card).files}
    assert found["link.jpg"].sha256 is None and found["link.jpg"].why
    assert not any("secret" in name for name in found)


def test_no_card_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ContestError, match="no such folder"):
        scan_card(tmp_path / "none")
    with pytest.raises(ContestError, match="holds no file"):
        scan_card(tmp_path)
    for n in range(3):
        (tmp_path / f"{n}.jpg").write_bytes(b"x")
    monkeypatch.setattr("pipeline.contest.intake.cards.MAX_FILES", 2)
    with pytest.raises(ContestError, match="more than 2 files"):
        scan_card(tmp_path)
    assert MAX_FILES == 100_000


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="their file names are text")
def test_a_name_that_is_no_text_is_listed(tmp_path: Path) -> None:
    for name in (b"\xff.jpg", b"\xff.txt"):
        (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    found = scan_card(tmp_path)
    assert [f.path for f in found.files] == ["\ufffd.jpg", "\ufffd.txt"]
    assert read_manifest(manifest_bytes(found, {})) == found


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"files":[{"path":1}]}', b'{"files":[{"other":1}]}', b"\xff"])
def test_other_objects_are_no_manifest(data: bytes) -> None:
    with pytest.raises(ContestError, match="manifest"):
        read_manifest(data)


def test_hits_are_compared_with_the_cards_photos(arena: tuple[Contest, Signer], card: Path) -> None:
    contest, desk = arena
    lines = ["34.7211234 113.6011234 dust"]
    assert preview(contest, "drone", "t01", None, typed=lines)[1] == ()
    take_card(contest, "drone", "t01", card, desk, T0_MS)
    count = len(contest.events)
    assert [w.code for w in preview(contest, "drone", "t01", None, typed=lines)[1]] == ["far_from_track"]
    assert len(contest.events) == count
    told = submit(contest, "drone", "t01", None, desk, T0_MS, typed=lines).event.body["warnings"]
    assert [(w["row"], w["code"]) for w in told] == [(1, "far_from_track")]
