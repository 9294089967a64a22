"""pin and score: an officer's hit counts, and nobody's file gets past the judge by being odd."""

from __future__ import annotations

import json
import shutil

import pytest


@pytest.fixture
def run(made, tmp_path):
    return shutil.copytree(made, tmp_path / "航次 1")


def entries(run):
    path = run.with_name(run.name + ".reviews") / "reviews.jsonl"
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_a_pin_is_located_evidenced_and_counted(qly, run, photo, flight, schema):
    ended = qly("pin", run, photo, "--pixel", "30,40", "--class", "outfall", "--who", "张三", "--comment", "=<b>")
    assert ended.code == 0
    hit = json.loads(ended.out)["properties"]
    assert hit["origin"] == "officer" and hit["r90_m"] > 0 and len(hit["cov_m2"]) == 3
    (entry,) = entries(run)
    assert (entry["verdict"], entry["who"], entry["hit"]) == ("added", "张三", hit["id"])
    (evidence,) = entry["value"]["properties"]["evidence"]
    assert len(evidence["sha256"]) == 64
    assert (run.with_name(run.name + ".reviews") / evidence["crop"]).is_file()
    for name in (run, run / "hits.geojson"):
        assert hit["id"] in qly("score", name, "--targets", flight.targets).out


def test_a_pin_from_another_folder_finds_the_dem(qly, run, photo, monkeypatch):
    monkeypatch.chdir(run)
    assert qly("pin", ".", photo, "--pixel", "30,40", "--class", "outfall").code == 0


@pytest.mark.parametrize(
    ("pixel", "label", "says"),
    [("30,40", "Outfall", "not a class"), ("30,40", "a//b", "not a class"), ("400,40", "outfall", "outside")],
)
def test_pins_that_make_no_sense(qly, run, photo, pixel, label, says):
    assert says in qly("pin", run, photo, "--pixel", pixel, "--class", label).sentence()
    assert not run.with_name(run.name + ".reviews").exists()


def test_a_pin_needs_a_photo_of_the_run(qly, run, photo, drawn, tmp_path):
    stranger = sorted(drawn.flight.iterdir())[0]
    asked = ("--pixel", "30,40", "--class", "outfall")
    assert "is not one of the photos" in qly("pin", run, stranger, *asked).sentence()
    assert "gone.JPG" in qly("pin", run, tmp_path / "gone.JPG", *asked).sentence()
    assert "not a run folder" in qly("pin", tmp_path / "gone", photo, *asked).sentence()
    assert "not UTF-8" in qly("pin", run, photo, *asked, "--who", "a\udcff").sentence()
    renamed = shutil.copy(photo, tmp_path / "另名.JPG")  # known by its bytes
    assert qly("pin", run, renamed, *asked).code == 0


def test_a_damaged_run_is_one_sentence(qly, run, photo):
    good = json.loads((run / "frames.json").read_bytes())
    frames = good["frames"]
    for damage in (
        {}, [], {**good, "ground": 1}, {**good, "ground": {**good["ground"], "dem": 5}},
        {**good, "frames": [{**f, "camera": {**f["camera"], "width_px": "x"}} for f in frames]},
        {**good, "frames": [{**f, "sources": 5} for f in frames]}, {**good, "frames": [1]},
        {**good, "frames": [{**f, "pose": {**f["pose"], "at": {"lat_deg": float("nan")}}} for f in frames]},
    ):  # fmt: skip
        (run / "frames.json").write_text(json.dumps(damage))
        assert "damaged" in qly("pin", run, photo, "--pixel", "3,4", "--class", "outfall").sentence()


def test_score_writes_the_result_and_reads_every_form(qly, run, flight, tmp_path, schema):
    for i, hits in enumerate((run, run / "hits.geojson", run / "hits.csv")):
        out = tmp_path / f"{i}.json"
        assert qly("score", hits, "--targets", flight.targets, "-o", out).code == 0
        schema("result").validate(json.loads(out.read_bytes()))
        assert json.loads(out.read_bytes())["points_u"] == 100_000_000
    assert (tmp_path / "0.json").read_bytes() == (tmp_path / "1.json").read_bytes()


def test_score_never_writes_over_what_it_reads(qly, run, flight, tmp_path):
    targets = shutil.copy(flight.targets, tmp_path / "t.geojson")
    before = targets.read_bytes()
    for out in (targets, run / "hits.geojson"):
        assert "input" in qly("score", run, "--targets", targets, "-o", out).sentence()
    assert targets.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("zh.csv", "编号,纬度,经度,类别\n1,34.9,113.5,marker\n", "columns"),
        ("full.csv", "lat_deg,lon_deg,class\n３４.9,113.5,marker\n", "plain digits"),
        ("nan.csv", "lat_deg,lon_deg,class\nnan,113.5,marker\n", "plain digits"),
        ("swap.csv", "lat_deg,lon_deg,class\n113.5,34.9,marker\n", "outside"),
        ("cut.geojson", '{"type":', "not JSON"),
        ("null.geojson", '{"type": "FeatureCollection", "features": [null]}', "feature 1"),
    ],
)
def test_hits_that_are_none(qly, flight, tmp_path, name, content, says):
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert says in qly("score", tmp_path / name, "--targets", flight.targets).sentence()


def test_names_of_hits_are_text_to_the_terminal(qly, flight, tmp_path):
    (tmp_path / "bom.csv").write_bytes("﻿id,lat_deg,lon_deg,class,备注\n[/x],34.9,113.5,[b]y,你好\n".encode())
    ended = qly("score", tmp_path / "bom.csv", "--targets", flight.targets)
    assert ended.code == 0 and "[/x]" in ended.out


NOWHERE = '{"type": "Feature", "geometry": null, "properties": {"id": "a", "class": "x"}}'


@pytest.mark.parametrize("content", ["[1]", "xx", f'{{"type": "FeatureCollection", "features": [{NOWHERE}]}}'])
def test_reviews_beside_a_broken_list(qly, run, photo, flight, content):
    assert qly("pin", run, photo, "--pixel", "30,40", "--class", "outfall").code == 0
    (run / "hits.geojson").write_text(content)
    assert "hits.geojson" in qly("score", run, "--targets", flight.targets).sentence()


def test_evidence_is_compared_with_the_teams_own_photos(qly, run, flight, drawn, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text('name = "e"\nevidence = true\n')
    asked = ("score", run, "--targets", flight.targets, "--rules", rules)
    own, mine, strange = (
        qly(*asked, *more) for more in ((), ("--originals", flight.flight), ("--originals", drawn.flight))
    )
    assert "Points: 100.00" in own.out and "--originals" in own.err
    assert "Points: 100.00" in mine.out and "--originals" not in mine.err
    assert "Points: 0.00" in strange.out


def test_a_bare_list_says_that_its_evidence_was_compared_with_nothing(qly, run, flight, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text('name = "e"\nevidence = true\n')
    bare = shutil.copy(run / "hits.geojson", tmp_path / "hits.geojson")
    assert "compared with nothing" in qly("score", bare, "--targets", flight.targets, "--rules", rules).out
