"""Boxes from elsewhere and OUT.json: what is written is read again, and bad files are told of in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pipeline.detect import Boxes, Searched, load_boxes, read_boxes, write_boxes
from pipeline.detect.boxes import boxes_table
from pipeline.errors import ModelError
from pipeline.types import Detection

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs/schemas/detections.schema.json").read_text("utf-8"))
COCO: dict[str, Any] = {
    "images": [{"id": 7, "file_name": "照片/DJI 0001.JPG", "width": 4000, "height": 3000}],
    "categories": [{"id": 3, "name": "Stop Sign"}],
    "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "bbox": [0, 0, 4000, 3000]}],
}

pixels = st.integers(-1000, 900000).map(lambda v: v / 100)
labels = st.sampled_from(["marker", "smoke/straw", "dust/pile"])


@st.composite
def pictures(draw: st.DrawFn) -> list[Searched]:
    names = draw(st.lists(st.text("ab 照/", min_size=1).map(lambda t: f"{t}.JPG"), unique=True, max_size=4))
    return [Searched(n, 4000, 3000, tuple(draw(st.lists(detections(n), max_size=4)))) for n in names]


def detections(name: str) -> st.SearchStrategy[Detection]:
    def build(label: str, score: int, x: float, y: float, w: float, h: float, px: float, py: float) -> Detection:
        return Detection(name, label, score / 10000, (x, y, x + abs(w), y + abs(h)), (px, py), 1.5, "OUT.json")

    return st.builds(build, labels, st.integers(0, 10000), *[pixels] * 6)


@settings(max_examples=30, deadline=None)
@given(pictures())
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, searched: list[Searched]) -> None:
    path = tmp_path_factory.mktemp("盒 子") / "OUT.json"
    write_boxes(path, searched)
    table = json.loads(path.read_text("utf-8"))
    Draft202012Validator(SCHEMA).validate(table)
    back = read_boxes(path)
    assert list(back) == [s.file_name for s in searched]
    for s in searched:
        for was, now in zip(s.detections, back[s.file_name], strict=True):
            assert (now.label, now.confidence, now.point_sigma_px) == (was.label, was.confidence, was.point_sigma_px)
            assert (*now.box_px, *now.point_px) == pytest.approx((*was.box_px, *was.point_px), abs=0.0101)
    assert list(path.parent.iterdir()) == [path]


def test_an_unreadable_picture_is_listed_with_its_reason() -> None:
    table = boxes_table([Searched("a.jpg", 0, 0, (), "a.jpg: damaged JPEG")])
    Draft202012Validator(SCHEMA).validate(table)
    assert table["images"][0]["error"] == "a.jpg: damaged JPEG"


def _coco(tmp_path: Path, **change: Any) -> Path:
    entry = {k: v for k, v in {**COCO["annotations"][0], **change}.items() if v is not None}
    path = tmp_path / "coco.json"
    path.write_text(json.dumps({**COCO, "annotations": [entry]}), "utf-8")
    return path


def test_coco_moves_by_half_a_pixel_and_defaults_are_filled_in(tmp_path: Path) -> None:
    (found,) = read_boxes(_coco(tmp_path))["照片/DJI 0001.JPG"]
    assert found.box_px == (-0.5, -0.5, 3999.5, 2999.5)
    assert found.point_px == (1999.5, 1499.5)
    assert (found.label, found.confidence, found.point_sigma_px) == ("stop-sign", 1.0, 300.0)


def test_own_format_does_not_move(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps({**COCO, "schema_version": 1}), "utf-8")
    assert read_boxes(path)["照片/DJI 0001.JPG"][0].box_px == (0, 0, 4000, 3000)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bbox": [0, 0, -1, 5]}, "negative"),
        ({"bbox": [0, 0, float("nan"), 5]}, "bbox"),
        ({"bbox": [0, 0, 10**400, 5]}, "bbox"),
        ({"bbox": [0, 0, 5]}, "bbox"),
        ({"bbox": [True, 0, 5, 5]}, "bbox"),
        ({"bbox": None}, "bbox"),
        ({"score": float("inf")}, "score"),
        ({"score": 1.5}, "score"),
        ({"score": "high"}, "score"),
        ({"point": [1]}, "point"),
        ({"point_sigma": 0}, "point_sigma"),
        ({"image_id": 8}, "image_id"),
        ({"image_id": None}, "image_id"),
        ({"category_id": [3]}, "category_id"),
    ],
)
def test_bad_entries_are_named(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match=rf"^coco.json: annotations\[0\] .*{words}"):
        read_boxes(_coco(tmp_path, **change))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", "[" * 100_000, '{"images": 3}', '{"schema_version": 99}', '{"images": [3]}'],
)
def test_other_files_are_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "boxes.json"
    path.write_text(text, "utf-8")
    with pytest.raises(ModelError, match=r"^boxes\.json: "):
        read_boxes(path)


def test_a_class_without_latin_letters_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps({**COCO, "categories": [{"id": 3, "name": "排污口"}]}), "utf-8")
    with pytest.raises(ModelError, match=r"categories\[0\].*排污口"):
        read_boxes(path)


def test_a_missing_or_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        load_boxes(tmp_path / "none.json")
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    with pytest.raises(ModelError, match="64 MiB"):
        read_boxes(huge)


def _boxes(*names: str) -> Boxes:
    return Boxes("b.json", "", "b.json", {n: (Detection(n, "marker", 1.0, (0, 0, 1, 1), (0, 0)),) for n in names})


@pytest.mark.parametrize(
    ("listed", "frame_id", "found"),
    [
        ("a/DJI.JPG", "a/DJI.JPG", True),
        ("DJI.JPG", "a/DJI.JPG", True),
        ("../flight/a/DJI.JPG", "a/DJI.JPG", True),
        ("flight\\a\\DJI.JPG", "a/DJI.JPG", True),
        ("a/DJI.JPG", "DJI.JPG", True),
        ("b/DJI.JPG", "a/DJI.JPG", False),
        ("I.JPG", "a/DJI.JPG", False),
    ],
)
def test_pictures_are_matched_by_the_end_of_their_path(listed: str, frame_id: str, found: bool) -> None:
    detections = _boxes(listed).find(None, frame_id)
    assert [d.frame_id for d in detections] == ([frame_id] if found else [])


def test_the_longest_match_counts_and_a_tie_is_told() -> None:
    assert len(_boxes("DJI.JPG", "a/DJI.JPG").find(None, "x/a/DJI.JPG")) == 1
    with pytest.raises(ModelError, match=r"a/DJI\.JPG or b/DJI\.JPG"):
        _boxes("a/DJI.JPG", "b/DJI.JPG").find(None, "DJI.JPG")


def test_another_process_opens_the_file_itself_and_only_the_same_one(tmp_path: Path) -> None:
    import pickle

    path = tmp_path / "boxes.json"
    write_boxes(path, [Searched("a.jpg", 10, 10, (Detection("a.jpg", "marker", 1.0, (0, 0, 4, 4), (2, 2)),))])
    boxes = load_boxes(path)
    sent = pickle.dumps(boxes)
    assert len(sent) < 500 and pickle.loads(sent) == boxes
    write_boxes(path, [Searched("a.jpg", 10, 10)])
    with pytest.raises(ModelError, match="has changed"):
        pickle.loads(pickle.dumps(boxes).replace(boxes.digest.encode(), b"0" * 64))


def test_smoke_without_a_point_stands_on_its_foot(tmp_path: Path) -> None:
    told = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 400, "height": 300}],
        "categories": [{"id": 1, "name": "smoke"}, {"id": 2, "name": "outfall"}],
        "annotations": [{"image_id": 1, "category_id": c, "bbox": [100, 50, 40, 80]} for c in (1, 2)],
    }
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    smoke, outfall = read_boxes(path)["a.jpg"]
    assert smoke.point_px == (119.5, 129.5)  # the middle of the bottom
    assert outfall.point_px == (119.5, 89.5)  # the middle
