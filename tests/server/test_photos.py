"""Photos and video frames: tiles that are the picture, originals that are the file, and pictures that mean harm."""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import threading
import time
import zlib
from itertools import pairwise

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import imagery
from pipeline.errors import GeometryError, ImageryError, NoPoseError
from pipeline.flow.frames import every_frame
from pipeline.server.bodies import attachment
from pipeline.server.lines import compact
from pipeline.server.pictures import LEFT_SHARE, Painter, Pictures, _told
from pipeline.server.pyramid import TILE_PX, level_size_px, levels_of, read_tile, size_px, write_pyramid
from pipeline.server.runs import card_of, run_folder
from pipeline.types import Frame


@pytest.fixture
def base(finished_run):
    return f"/api/runs/{finished_run}"


@pytest.fixture
def found(tmp_path):
    made = Pictures(tmp_path / "cache")
    yield made
    made.end()


def picture(width_px, height_px, seed=1):
    """Something that looks different everywhere, and smooth enough for a JPEG."""
    y, x = np.mgrid[0:height_px, 0:width_px].astype(float)
    waves = [np.sin(x / (17 + 5 * c + seed)) * 60 + np.cos(y / (23 + 3 * c)) * 60 + 128 for c in range(3)]
    return np.dstack(waves).astype(np.uint8)


def put_together(path, level, width_px, height_px):
    """The tiles of a level side by side."""
    rows = []
    for y in range(-(-height_px // TILE_PX)):
        tiles = [read_tile(path, level, x, y) for x in range(-(-width_px // TILE_PX))]
        rows.append(np.hstack([imagery.decode(tile, "tile") for tile in tiles]))
    return np.vstack(rows)


@given(st.integers(1, 100_000), st.integers(1, 100_000))
def test_level_0_is_one_tile_and_each_level_twice_as_fine(width_px, height_px):
    levels = levels_of(width_px, height_px)
    sizes = [level_size_px(width_px, height_px, level) for level in range(levels)]
    assert sizes[-1] == (width_px, height_px) and max(sizes[0]) <= TILE_PX
    assert levels == 1 or max(sizes[1]) > TILE_PX
    for coarse, fine in pairwise(sizes):
        assert all(c == -(-f // 2) for c, f in zip(coarse, fine, strict=True))


@pytest.mark.parametrize(("width_px", "height_px"), [(1, 1), (512, 512), (513, 1), (1024, 700), (1537, 1100)])
def test_tiles_put_together_are_the_picture(tmp_path, width_px, height_px):
    image, path = picture(width_px, height_px), tmp_path / "p.tiles"
    write_pyramid(path, image)
    assert size_px(path) == (width_px, height_px)
    for level in range(levels_of(width_px, height_px)):
        size = level_size_px(width_px, height_px, level)
        whole = put_together(path, level, *size)
        assert (whole.shape[1], whole.shape[0]) == size
        if size == (width_px, height_px):
            assert np.abs(whole.astype(int) - image).mean() < 2
        assert read_tile(path, level, -(-size[0] // TILE_PX), 0) is None
    assert read_tile(path, levels_of(width_px, height_px), 0, 0) is None


def test_a_damaged_file_of_tiles_is_a_sentence(tmp_path):
    (tmp_path / "p.tiles").write_bytes(b"QLYTILES\xff\xff\xff\xff")
    with pytest.raises(ImageryError, match="damaged"):
        size_px(tmp_path / "p.tiles")
    with pytest.raises(ImageryError, match="gone"):
        size_px(tmp_path / "none")


def frame_numbers(client, base):
    photos = client.get(f"{base}/photos").json()["photos"]
    return {bool(p["is_video"]): p["k"] for p in reversed(photos)}, photos


@pytest.mark.parametrize("is_video", [False, True])
def test_the_viewer_gets_the_original_pixels(app, client, base, searched, finished_run, is_video):
    numbers, photos = frame_numbers(client, base)
    k = numbers[is_video]
    page = client.get(f"{base}/photos/{k}").json()
    frame = every_frame(searched.run)[0][k][0]
    original = imagery.read(
        Frame(frame.id, str(searched.flight.flight / photos[k]["source"]), 0, None, None, pts=frame.pts)
    )
    assert (page["width_px"], page["height_px"]) == (original.shape[1], original.shape[0])
    level = page["levels"] - 1
    rows = []
    for y in range(-(-page["height_px"] // page["tile_px"])):
        urls = [f"{base}/photos/{k}/tiles/{level}/{x}/{y}.jpg" for x in range(-(-page["width_px"] // page["tile_px"]))]
        rows.append(np.hstack([imagery.decode(client.get(url).content, url) for url in urls]))
    assert np.abs(np.vstack(rows).astype(int) - original).mean() < 3
    thumb = imagery.decode(client.get(f"{base}/photos/{k}/thumb.jpg").content, "thumb")
    assert max(thumb.shape) == 256


def test_boxes_are_those_of_the_hits(client, base, searched):
    features = json.loads((searched.run / "hits.geojson").read_bytes())["features"]
    photos = client.get(f"{base}/photos").json()["photos"]
    told = {
        (box["hit"], photo["frame_id"], tuple(box["box_px"]), tuple(box["point_px"]))
        for photo in photos
        for box in client.get(f"{base}/photos/{photo['k']}").json()["boxes"]
    }
    assert told == {
        (f["id"], e["frame_id"], tuple(e["box_px"]), tuple(e["point_px"]))
        for f in features
        for e in f["properties"]["evidence"]
    }


def test_photos_say_where_when_and_why_not(client, base, searched):
    frames, _ = every_frame(searched.run)
    for photo, (frame, sha256) in zip(client.get(f"{base}/photos").json()["photos"], frames, strict=True):
        assert photo["frame_id"] == frame.id and photo["searched"] == (sha256 is not None)
        assert photo["at"] == pytest.approx([frame.pose.at.lon_deg, frame.pose.at.lat_deg], abs=1e-6)
        assert photo["is_video"] == ("#" in photo["frame_id"]) == (photo["source"] != photo["frame_id"])


def test_originals_come_back_as_they_were(client, base, searched):
    numbers, photos = frame_numbers(client, base)
    for k in numbers.values():
        data = (searched.flight.flight / photos[k]["source"]).read_bytes()
        answer = client.get(f"{base}/photos/{k}/original")
        assert answer.content == data
        assert hashlib.sha256(data).hexdigest() == client.get(f"{base}/photos/{k}").json()["sha256"]
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["x-content-type-options"] == "nosniff"
        part = client.get(f"{base}/photos/{k}/original", headers={"Range": "bytes=100-299"})
        assert (part.status_code, part.content) == (206, data[100:300])


@given(st.text(min_size=1, max_size=60))
def test_a_name_cannot_leave_its_header(name):
    header = attachment(name)
    plain = header.partition('filename="')[2].partition('"')[0]
    assert header.isascii() and header.isprintable() and header.count('"') == 2
    assert plain and all(c.isalnum() or c in "._-" for c in plain) and not plain.startswith(".")


def test_photos_and_tiles_that_are_not_there(client, base):
    for k in ("-1", "9999", "1.0", "x", "%2e%2e", "١", "9" * 50, "00"):
        for rest in ("", "/thumb.jpg", "/original", "/tiles/0/0/0.jpg"):
            assert client.get(f"{base}/photos/{k}{rest}").status_code == 404, k
    for tile in ("9/0/0", "0/1/0", "0/0/1", "-1/0/0", "0/x/0", "0/0/0%2f", "0/0/99999999999"):
        assert client.get(f"{base}/photos/0/tiles/{tile}.jpg").status_code == 404, tile


def test_orientation_in_headers_turns_no_pixels(tmp_path, found):
    image = picture(700, 300)
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.jpg"
    PIL.Image.fromarray(np.ascontiguousarray(image[:, :, ::-1])).save(path, quality=95, exif=exif)
    made = found.tiles(photo_of(path), path)
    assert size_px(made) == (700, 300)
    assert np.abs(put_together(made, 1, 700, 300).astype(int) - image).mean() < 2


def photo_of(path, name=None):
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "frame_id": name or path.name, "source": path.name,
            "pts": None}  # fmt: skip


def bomb(path, width=30_000, height=30_000):
    """A PNG of 900 megapixels in some hundred kilobytes."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    squeeze = zlib.compressobj(9)
    rows = b"".join(squeeze.compress(bytes(1 + width * 3)) for _ in range(64)) + squeeze.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return path


def test_pictures_that_mean_harm_are_a_sentence_and_leave_nothing(tmp_path, found):
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(imagery.encode_jpeg(picture(600, 400))[:5000])
    script = tmp_path / "script.jpg"
    script.write_text("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    vrt = tmp_path / "vrt.tif"
    vrt.write_text("<VRTDataset><SourceFilename>/etc/passwd</SourceFilename></VRTDataset>")
    for path, says in ((bomb(tmp_path / "b.png"), "megapixels"), (cut, "damaged"), (script, "not a"), (vrt, "not a")):
        with pytest.raises(ImageryError, match=says):
            found.tiles(photo_of(path), path)
    assert [p for p in (tmp_path / "cache").rglob("*") if p.is_file()] == []


def test_a_picture_cannot_fill_the_log(tmp_path, found, capfd):
    entry = struct.Struct("<HHII")
    sizes = [entry.pack(256, 3, 1, 100), entry.pack(257, 3, 1, 100)]
    tags = sizes + [entry.pack(40_000 + i, 2, 2**32 - 1, 8) for i in range(500)]
    path = tmp_path / "tags.tif"
    path.write_bytes(b"II*\0" + struct.pack("<IH", 8, len(tags)) + b"".join(tags) + bytes(4))
    with pytest.raises(ImageryError, match="damaged"):
        found.tiles(photo_of(path), path)
    assert len(capfd.readouterr().err) < 1000


def test_a_process_that_takes_too_long_is_killed_and_another_works(tmp_path):
    path = tmp_path / "p.jpg"
    path.write_bytes(imagery.encode_jpeg(picture(600, 400)))
    order = {"do": "tiles", "path": str(path), "pts": None, "name": "p", "out": str(tmp_path / "p.tiles")}
    painter = Painter(0.01)
    try:
        with pytest.raises(ImageryError, match="too long"):
            painter.ask(dict(order))
        assert not (tmp_path / "p.tiles").exists()
        painter._limit_s = 60
        painter.ask(dict(order))
        painter._process.kill()
        painter._process.wait()
        painter.ask({**order, "do": "thumb"})  # a crash between two orders is not even noticed
    finally:
        painter.end()


def test_answers_of_the_process_are_errors_of_ours():
    with pytest.raises(GeometryError, match="sky"):
        _told({"failed": "sky", "code": "GeometryError"})
    with pytest.raises(NoPoseError):
        _told({"failed": "x", "code": "NoPoseError"})
    for code in ("broken", "Exception", "__doc__", "annotations"):
        with pytest.raises(ImageryError):
            _told({"failed": "x", "code": code})


def test_one_picture_is_made_once_however_many_ask(tmp_path, found, monkeypatch):
    path = tmp_path / "p.jpg"
    path.write_bytes(imagery.encode_jpeg(picture(600, 400)))
    asked, real = [], Painter.ask
    monkeypatch.setattr(Painter, "ask", lambda self, order: (asked.append(order), real(self, order))[1])
    threads = [threading.Thread(target=found.tiles, args=(photo_of(path), path)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1 and not found._making


def test_the_cache_keeps_within_its_bounds(tmp_path):
    paths = [tmp_path / f"{i}.jpg" for i in range(8)]
    for i, path in enumerate(paths):
        path.write_bytes(imagery.encode_jpeg(picture(600, 400, seed=i)))
    cap_bytes = 300_000
    found = Pictures(tmp_path / "cache", cap_bytes)
    try:
        for i, path in enumerate(paths):
            made = found.tiles(photo_of(path), path)
            assert made.is_file()
            os.utime(made, (time.time() - 1000 + i,) * 2)
            total = sum(p.stat().st_size for p in (tmp_path / "cache").rglob("*.*"))
            assert total <= cap_bytes
        assert total > cap_bytes * LEFT_SHARE / 3 and found.tiles(photo_of(paths[0]), paths[0]).is_file()
    finally:
        found.end()


def test_a_file_that_goes_while_the_cache_is_counted_does_not_count(tmp_path, found):
    path = tmp_path / "p.jpg"
    path.write_bytes(imagery.encode_jpeg(picture(600, 400)))
    aside = tmp_path / "cache" / "pictures" / "ab" / ".cd.aside.tiles"
    aside.parent.mkdir(parents=True)
    aside.symlink_to(tmp_path / "gone")  # listed, and not there when it is looked at
    made = found.tiles(photo_of(path), path)
    assert made.is_file() and found._bytes == made.stat().st_size


def test_an_original_that_is_gone_is_said_so(app, client, base, finished_run):
    card = card_of(app.state.services.settings, finished_run)
    numbers, photos = frame_numbers(client, base)
    (card / photos[numbers[False]]["source"]).unlink()
    page = client.get(f"{base}/photos/{numbers[False]}").json()
    assert page["levels"] == 0 and "not on this server" in page["unreadable"] and page["boxes"]
    assert client.get(f"{base}/photos/{numbers[False]}/original").json()["code"] == "original_gone"


def test_a_source_that_leads_out_of_the_card_is_not_there(app, client, base, finished_run):
    client.get(f"{base}/map")
    settings = app.state.services.settings
    secret = run_folder(settings, finished_run) / "s.jpg"
    secret.write_bytes(imagery.encode_jpeg(picture(64, 64)))
    path = run_folder(settings, finished_run) / "web" / "photos.jsonl"
    first, rest = path.read_bytes().split(b"\n", 1)
    told = json.loads(first) | {"source": "../s.jpg", "sha256": None}
    line = compact(told)
    path.write_bytes(line.ljust(len(first)) + b"\n" + rest)
    assert len(line) <= len(first)
    assert client.get(f"{base}/photos/0/original").status_code == 404


def test_a_picture_of_another_kind_is_no_page(client, base):
    answer = client.get(f"{base}/photos/0/original")
    assert answer.headers["content-type"] in ("image/jpeg", "application/octet-stream")
    assert PIL.Image.open(io.BytesIO(answer.content)).format == "JPEG"
