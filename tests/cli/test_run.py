"""run, ingest, detect, demo and sim as a user meets them, and as someone hostile does."""

from __future__ import annotations

import json
import re
import shutil
import struct
import zlib
from functools import cache

import numpy as np
import pytest

PNG = b"\x89PNG\r\n\x1a\n"


@cache
def huge_png(side: int) -> bytes:
    """A black picture of side × side pixels of one bit each; 900 megapixels take 110 KB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer, row = zlib.compressobj(6), bytes(1 + (side + 7) // 8)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)) + chunk(b"IDAT", packed) + chunk(
        b"IEND", b""
    )  # fmt: skip


def zero_gimbal(photo: bytes) -> bytes:
    angle = rb'(Gimbal(?:Yaw|Pitch|Roll)Degree=")([^"]*)"'
    return re.sub(angle, lambda m: m[1] + b"+00.".ljust(len(m[2]), b"0") + b'"', photo)


@pytest.fixture
def bad(photo, tmp_path):
    """NAME -> a folder with one photo that cannot be used."""
    from PIL import Image

    good = photo.read_bytes()
    plain = tmp_path / "plain.JPG"
    Image.new("RGB", (64, 48)).save(plain)
    contents = {
        "cut": good[: len(good) // 2], "zero": b"", "text": b"hello",
        "nogps": plain.read_bytes(), "zerogimbal": zero_gimbal(good),
    }  # fmt: skip

    def folder(name):
        path = tmp_path / name
        path.mkdir()
        content = huge_png(30_000) if name == "huge" else contents[name]
        (path / ("big.png" if name == "huge" else f"{name}.JPG")).write_bytes(content)
        return path

    return folder


@pytest.mark.parametrize("name", ["cut", "zero", "text", "huge", "nogps", "zerogimbal"])
def test_a_flight_of_one_bad_photo_is_one_sentence(qly, bad, tmp_path, name):
    ended = qly("run", bad(name), "-o", tmp_path / "r", "--detector", "marker")
    assert ended.code == 1 and "Traceback" not in ended.err
    assert "not a single frame could be used" in ended.err.splitlines()[-1]
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("name", ["zero", "text", "huge"])
def test_ingest_of_nothing_readable_shows_it_and_is_1(qly, bad, name):
    ended = qly("ingest", bad(name))
    assert ended.code == 1 and "skipped" in ended.out


def test_ingest_shows_photos_that_give_no_position(qly, bad):
    ended = qly("ingest", bad("nogps"))
    assert ended.code == 0 and "no GPS position" in ended.out


def test_ingest_prints_json_lines_only(qly, flight):
    ended = qly("ingest", flight.flight, "--json")
    kinds = [json.loads(line)["kind"] for line in ended.out.splitlines()]
    assert kinds == ["frame"] * 8 + ["mission"]


def test_run_prints_json_lines_only(qly, flight, tmp_path):
    ended = qly("run", flight.flight, "-o", tmp_path / "1 号", "--boxes", flight.boxes, "--workers", 1, "--json")
    assert ended.code == 0
    assert {json.loads(line)["type"] for line in ended.out.splitlines()} == {"Feature"}
    assert "warning: " in ended.err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--dem", "gone.tif"), ("--geoid", "gone.gtx"), ("--boxes", "gone.json"), ("--mission", "gone.toml"),
        ("--reviews", "gone"), ("--detector", "nosuch"), ("--tz", "No/Where"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said_before_any_work(qly, flight, tmp_path, monkeypatch, option, value):
    monkeypatch.chdir(tmp_path)
    ended = qly("run", flight.flight, "-o", "r", option, value)
    assert value in ended.sentence()
    assert not list(tmp_path.iterdir())


def test_an_existing_run_and_an_unwritable_place(qly, flight, made, tmp_path):
    assert "already" in qly("run", flight.flight, "-o", made, "--boxes", flight.boxes).sentence()
    (tmp_path / "file").touch()
    told = qly("run", flight.flight, "-o", tmp_path / "file" / "r", "--boxes", flight.boxes).sentence()
    assert "cannot be written" in told


def test_a_name_that_is_not_text_is_refused(qly, flight):
    assert "not UTF-8" in qly("run", flight.flight, "-o", "r\udcff").sentence()


def test_a_far_dem_says_why_nothing_was_located(qly, flight, tmp_path):
    asked = ("--boxes", flight.boxes, "--dem", far_dem(flight, tmp_path), "--workers", 1)
    ended = qly("run", flight.flight, "-o", tmp_path / "r", *asked)
    assert ended.code == 0 and "not located: " in ended.out and "leaves the DEM" in ended.out


def far_dem(flight, folder):
    import rasterio
    from rasterio import Affine

    with rasterio.open(flight.dem) as dem:
        profile, heights, t = dem.profile, dem.read(1), dem.transform
    profile["transform"] = Affine(t.a, t.b, t.c + 5, t.d, t.e, t.f)
    with rasterio.open(folder / "far.tif", "w", **profile) as far:
        far.write(heights, 1)
    return folder / "far.tif"


def test_a_dem_that_is_none_is_one_sentence(qly, flight, photo, tmp_path):
    import rasterio
    from PIL import Image

    (tmp_path / "text.tif").write_text("hello")
    (tmp_path / "vrt.tif").write_text(
        '<VRTDataset rasterXSize="4" rasterYSize="4"><VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
        "<SourceFilename>/etc/passwd</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    Image.new("L", (8, 8)).save(tmp_path / "png.tif", format="PNG")
    with rasterio.open(flight.dem) as dem:
        profile, heights = dem.profile, dem.read(1)
    with rasterio.open(tmp_path / "nan.tif", "w", **{**profile, "nodata": None}) as nan:
        nan.write(np.full_like(heights, np.nan), 1)
    for name in ("text.tif", "vrt.tif", "png.tif", "nan.tif"):
        for command in (("locate", photo, "--pixel", "1,1"), ("ingest", flight.flight)):
            assert name in qly(*command, "--dem", tmp_path / name).sentence()


def test_the_command_line_beats_the_mission_file(qly, flight, tmp_path):
    told = tmp_path / "m.toml"
    told.write_text(f"[run]\nboxes = {json.dumps(str(flight.boxes))}\nworkers = 1\n", encoding="utf-8")
    for name, extra, models in (("a", (), "boxes"), ("b", ("--detector", "marker"), "marker")):
        assert qly("run", flight.flight, "-o", tmp_path / name, "--mission", told, *extra).code == 0
        facts = json.loads((tmp_path / name / "provenance.json").read_bytes())
        assert facts["models"]["detector"] == models


@pytest.mark.parametrize(
    "content",
    ['[mission]\nnme = "x"', "[mission", '[camera]\nfocal_px = "a"', "[run]\nnosuch = 1", "pose = 1"],
)
def test_a_bad_mission_file_is_one_sentence(qly, flight, tmp_path, photo, content):
    told = tmp_path / "m.toml"
    told.write_text(content)
    assert "m.toml" in qly("run", flight.flight, "-o", tmp_path / "r", "--mission", told).sentence()
    assert "m.toml" in qly("locate", photo, "--pixel", "1,1", "--mission", told).sentence()


def test_damaged_boxes_are_one_sentence(qly, flight, tmp_path):
    good = json.loads(flight.boxes.read_bytes())
    damaged = {**good, "annotations": [{**good["annotations"][0], "bbox": [1, 2, -3, 4]}]}
    for name, content in {"cut": flight.boxes.read_text()[:300], "neg": json.dumps(damaged), "list": "[]"}.items():
        (tmp_path / f"{name}.json").write_text(content)
        boxes = tmp_path / f"{name}.json"
        assert f"{name}.json" in qly("run", flight.flight, "-o", tmp_path / "r", "--boxes", boxes).sentence()


def test_detect_fits_its_schema_and_lists_what_cannot_be_read(qly, drawn, bad, tmp_path, schema):
    photos, out = sorted(drawn.flight.iterdir()), tmp_path / "OUT.json"
    ended = qly("detect", *photos, bad("zero") / "zero.JPG", tmp_path / "gone.JPG", "-o", out)
    table = json.loads(out.read_bytes())
    schema("detections").validate(table)
    assert ended.code == 0 and table["annotations"]
    assert [bool(i.get("error")) for i in table["images"]] == [False, False, True, True]
    assert qly("run", drawn.flight, "-o", tmp_path / "r", "--boxes", out, "--workers", 1).code == 0


def test_detect_of_nothing_readable_is_1_and_never_eats_a_photo(qly, bad, photo, tmp_path):
    assert qly("detect", bad("zero") / "zero.JPG", "-o", tmp_path / "o.json").code == 1
    assert "nosuch" in qly("detect", photo, "-o", tmp_path / "p.json", "--detector", "nosuch").sentence()
    copy = shutil.copy(photo, tmp_path / "a.JPG")
    assert "input" in qly("detect", copy, "-o", copy).sentence()
    assert copy.read_bytes() == photo.read_bytes()


def test_names_cannot_command_the_terminal(qly, photo, tmp_path):
    card = tmp_path / "card"
    card.mkdir()
    try:
        (card / "x\ny\x1b[31m[bold]z.JPG").write_bytes(photo.read_bytes())
    except OSError:
        pytest.skip("this file system takes no such name")
    ended = qly("ingest", card)
    assert ended.code == 0 and "\x1b" not in ended.out and "[bold]z" in ended.out


def test_sim_never_overwrites(qly, flight):
    assert "already" in qly("sim", flight.root).sentence()


def test_an_adjustment_that_is_required_and_impossible_is_refused(qly, flight, tmp_path):
    out = tmp_path / "run"
    ended = qly("run", flight.flight, "-o", out, "--boxes", flight.boxes, "--adjust", "require", "--workers", 1)
    assert "--adjust require: no two photos see enough in common" in ended.sentence()
    assert not list(tmp_path.iterdir())


def test_what_was_asked_of_the_adjustment_stands_in_the_provenance(qly, flight, tmp_path):
    for mode in ("off", "auto"):
        ended = qly(
            "run", flight.flight, "-o", tmp_path / mode, "--boxes", flight.boxes, "--adjust", mode, "--workers", 1
        )
        assert ended.code == 0, ended.err
        facts = json.loads((tmp_path / mode / "provenance.json").read_bytes())
        assert facts["calibration"]["mode"] == mode
        assert ("could not be tied" in ended.err) == (mode == "auto")  # the pictures are blank


def test_locate_adjusts_when_asked(qly, photo):
    ended = qly("locate", photo, "--pixel", "200,150", "--adjust")
    assert ended.code == 0
    assert json.loads(ended.out)["r90_m"] > 0
