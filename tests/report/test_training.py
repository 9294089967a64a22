"""reviews.zip: what officers said, complete enough to learn from, and the same bytes for the same words."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from pipeline import imagery
from pipeline.errors import MissionError
from pipeline.files import write_json_atomic
from pipeline.report.reviews import read_reviews
from pipeline.report.training import write_reviews_zip
from tests.report.reviewed_run import MOVED_TO, say

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"


def unpacked(run: Path) -> dict[str, bytes]:
    out = run.with_name("reviews.zip")
    write_reviews_zip(run, out)
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def items(run: Path) -> dict[str, dict[str, Any]]:
    return {item["hit"]: item for item in json.loads(unpacked(run)["items.json"])["items"]}


def test_everything_that_was_said_is_there(run: Path) -> None:
    found = items(run)
    assert {hit: (item["label"], item["n"]) for hit, item in found.items()} == {
        "h000001": ("source", 1),
        "h000002": ("nothing", 2),
        "h000003": ("changed", 3),
        "p000001": ("source", 4),
    }
    moved = found["h000003"]
    assert (moved["class"], moved["class_found"]) == ("outfall/discharging", "unheard-of/thing")
    assert moved["at"][:2] == MOVED_TO != moved["at_found"][:2] and not moved["point_holds"]
    assert [(s["who"], s["verdict"]) for s in found["h000002"]["said"]] == [("王", "rejected")]
    assert found["p000001"]["class_found"] is None and found["p000001"]["at_found"] is None


def test_boxes_points_and_hashes_lead_back_to_the_originals(run: Path, reviewed_once: Path) -> None:
    photos = {p.name: imagery.file_sha256(p) for p in (reviewed_once.parent / "照片").iterdir()}
    for item in items(run).values():
        for seen in item["sightings"]:
            assert seen["sha256"] == photos[seen["source"]]
            x0, y0, x1, y1 = seen["box_px"]
            assert x0 <= seen["point_px"][0] <= x1 and y0 <= seen["point_px"][1] <= y1


def test_the_zip_holds_the_words_the_hits_and_the_pictures(run: Path) -> None:
    files = unpacked(run)
    assert files["reviews.jsonl"] == (Path(f"{run}.reviews") / "reviews.jsonl").read_bytes()
    assert len(json.loads(files["hits.geojson"])["features"]) == 4
    for hit in ("h000001", "h000002", "h000003", "p000001"):
        for name in (f"crops/{hit}.jpg", f"crops/{hit}-context.jpg"):
            assert imagery.decode(files[name], name).size
    assert len(files) == 4 + 8
    assert "m1" in files["README.txt"].decode("utf-8-sig")


def test_the_items_are_valid(run: Path) -> None:
    camera = {"width_px": 640, "height_px": 480}
    write_json_atomic(run / "frames.json", {"frames": [{"id": "=坏 name.JPG", "camera": camera}]})
    hits, schema = (json.loads((SCHEMAS / f"{n}.schema.json").read_text("utf-8")) for n in ("hits", "items"))
    registry: Registry[Any] = Registry().with_resource(hits["$id"], Resource.from_contents(hits))
    told = json.loads(unpacked(run)["items.json"])
    Draft202012Validator(schema, registry=registry).validate(told)
    pin = next(item for item in told["items"] if item["hit"] == "p000001")
    assert pin["sightings"][0]["size_px"] == [640, 480]
    assert told["run"]["detector_digest"] == "ab" * 32


def test_the_same_bytes_for_the_same_words(run: Path) -> None:
    first = run.with_name("1.zip"), run.with_name("2.zip")
    for out in first:
        write_reviews_zip(run, out)
    assert first[0].read_bytes() == first[1].read_bytes()
    assert {i.date_time for i in zipfile.ZipFile(io.BytesIO(first[0].read_bytes())).infolist()} == {
        (1980, 1, 1, 0, 0, 0)
    }


def test_what_is_taken_back_trains_nothing(run: Path) -> None:
    first = json.loads((run / "hits.geojson").read_bytes())["features"][0]
    say(run, first, "undone", "王", {"entry": 1})
    assert "h000001" not in items(run)
    say(run, first, "commented", "王", note="再看看")
    assert "h000001" not in items(run)
    assert len(unpacked(run)["reviews.jsonl"].splitlines()) == len(read_reviews(run)) == 8


def test_a_run_that_nobody_reviewed_is_an_empty_lesson(tmp_path: Path, run: Path) -> None:
    Path(f"{run}.reviews").rename(tmp_path / "away")
    assert items(run) == {}
    assert unpacked(run)["reviews.jsonl"] == b""


def test_a_damaged_run_is_one_sentence(run: Path) -> None:
    (run / "frames.json").write_text('{"frames": [3]}')
    with pytest.raises(MissionError, match=r"frames\.json: damaged"):
        write_reviews_zip(run, run.with_name("a.zip"))
