"""Sets of others as our labelled folder: the published layouts, what is left out, hostile files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline import imagery
from pipeline.cli.app import app
from pipeline.errors import MissionError, OutputError, PipelineError
from pipeline.learn.converters import FORMATS, Wanted, convert
from pipeline.learn.labels import box_px, read_labelled

WIDTH, HEIGHT = 64, 48


def picture(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    path.write_bytes(imagery.encode_jpeg(pixels))
    return path


def text(path: Path, words: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(words, encoding="utf-8")
    return path


def facts(out: Path) -> dict[str, object]:
    told: dict[str, object] = json.loads((out / "provenance.json").read_bytes())
    return told


def boxes_of(out: Path) -> dict[str, list[tuple[int, ...]]]:
    """Picture -> (class, left, top, right, bottom edge in whole pixels)."""
    found = {}
    for p in read_labelled(out):
        edges = [(b[0], *(round(v + 0.5) for v in box_px(b, WIDTH, HEIGHT))) for b in p.boxes]
        found[p.path.name] = edges
    return found


def d_fire(root: Path) -> Path:
    """As published: train and test, 0 smoke and 1 fire, empty files where there is nothing."""
    for n, (split, words) in enumerate((
        ("train", "0 0.5 0.5 0.25 0.5\n1 0.1 0.1 0.1 0.1\n"), ("train", "1 0.5 0.5 0.2 0.2\n"), ("test", ""),
    )):  # fmt: skip
        picture(root / split / "images" / f"WEB{n:05d}.jpg", n)
        text(root / split / "labels" / f"WEB{n:05d}.txt", words)
    text(root / "LICENSE", "CC0 1.0 Universal")
    return root


def test_d_fire_keeps_smoke_and_never_teaches_a_fire_as_nothing(tmp_path: Path) -> None:
    made = convert("d-fire", d_fire(tmp_path / "D-Fire"), tmp_path / "out")
    assert boxes_of(tmp_path / "out") == {"WEB00000.jpg": [(0, 24, 12, 40, 36)], "WEB00002.jpg": []}
    assert made.dropped == {"fire": 2} and made.left_out == {"only objects of other classes": 1}
    told = facts(tmp_path / "out")
    assert told["labels_only"] == ["smoke"]
    assert told["licence"] == {"published": FORMATS["d-fire"].licence, "found": {"LICENSE": "CC0 1.0 Universal"}}
    assert told["counts"]["splits"] == {"test": 1, "train": 1}  # type: ignore[index]


def test_pictures_of_others_are_empty_only_when_asked(tmp_path: Path) -> None:
    made = convert("d-fire", d_fire(tmp_path / "d"), tmp_path / "out", Wanted(others_are_empty=True))
    assert made.pictures == 3 and made.empty == 2 and made.left_out == {}


def test_the_bytes_stay_and_the_table_says_where_they_came_from(tmp_path: Path) -> None:
    root = d_fire(tmp_path / "d")
    convert("d-fire", root, tmp_path / "out")
    table = (tmp_path / "out" / "pictures.csv").read_bytes()
    assert facts(tmp_path / "out")["pictures_csv_sha256"] == imagery.sha256(table)
    rows = list(csv.DictReader(table.decode().splitlines()))
    assert [r["split"] for r in rows] == ["test", "train"]
    for row in rows:
        data = (tmp_path / "out" / "images" / row["picture"]).read_bytes()
        assert data == (root / row["from"]).read_bytes() and imagery.sha256(data) == row["sha256"]


def test_the_same_set_gives_the_same_folder(tmp_path: Path) -> None:
    root = d_fire(tmp_path / "d")
    for name in ("a", "b"):
        convert("d-fire", root, tmp_path / name)
    listed = [
        {p.relative_to(tmp_path / n).as_posix(): p.read_bytes() for p in (tmp_path / n).rglob("*") if p.is_file()}
        for n in ("a", "b")
    ]
    assert listed[0] == listed[1]


def coco_of(entries: dict[str, list[tuple[str, list[float]]]], **extra: object) -> str:
    names = ["fire", "smoke", "neitherFireNorSmoke"]
    images = [{"id": n, "file_name": f, "width": WIDTH, "height": HEIGHT} for n, f in enumerate(entries)]
    boxes = [(n, name, box) for n, told in enumerate(entries.values()) for name, box in told]
    return json.dumps({
        "images": images, "categories": [{"id": i, "name": n} for i, n in enumerate(names)],
        "annotations": [{"id": k, "image_id": n, "category_id": names.index(name), "bbox": box, **extra}
                        for k, (n, name, box) in enumerate(boxes)],
    })  # fmt: skip


SMOKE = "bothFireAndSmoke_UAV000001.jpg"
CLEAN = "neitherFireNorSmoke_UAV000002.jpg"


def fasdd_coco(part: Path) -> None:
    told = {SMOKE: [("smoke", [24, 12, 16, 24]), ("fire", [0, 0, 8, 8])], CLEAN: []}
    text(part / "annotations" / "COCO_UAV" / "train.json", coco_of(told))


def fasdd_coco_of_a_later_version(part: Path) -> None:
    told = {SMOKE: [("smoke", [24, 12, 16, 24])], CLEAN: [("neitherFireNorSmoke", [0, 0, 64, 48])]}
    text(part / "annotations" / "COCO_UAV" / "Annotations" / "train.json", coco_of(told))


def fasdd_yolo(part: Path) -> None:
    base = part / "annotations" / "YOLO_UAV"
    text(base / "labels" / f"{Path(SMOKE).stem}.txt", "1 0.5 0.5 0.25 0.5\n0 0.1 0.1 0.1 0.1\n")
    text(base / "labels" / f"{Path(CLEAN).stem}.txt", "")
    text(base / "train.txt", f"./images/{SMOKE}\n./images/{CLEAN}\n")


def fasdd_voc(part: Path) -> None:
    base = part / "annotations" / "VOC_UAV" / "Annotations"
    box = "<bndbox><xmin>24</xmin><ymin>12</ymin><xmax>40</xmax><ymax>36</ymax></bndbox>"
    size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>3</depth></size>"
    whole = f"<annotation>{size}<object><name>smoke</name>{box}</object></annotation>"
    text(base / f"{Path(SMOKE).stem}.xml", whole)
    text(base / f"{Path(CLEAN).stem}.xml", f"<annotation>{size}</annotation>")
    text(part / "annotations" / "VOC_UAV" / "train.txt", f"{SMOKE}\n{CLEAN}\n")


def fasdd_tdml(part: Path) -> None:
    label = {"type": "AI_ObjectLabel", "class": "smoke", "bboxType": "Horizontal BBox",
             "object": {"type": "Feature", "geometry": {"type": "Polygon", "coordinates":
                        [[[24, 12], [40, 12], [40, 36], [24, 36], [24, 12]]]}}}  # fmt: skip
    data = [{"id": str(n), "dataURL": [f"images/{name}"], "trainingType": "training", "labels": labels}
            for n, (name, labels) in enumerate(((SMOKE, [label]), (CLEAN, [])))]  # fmt: skip
    text(part / "annotations" / "TDML_UAV" / "FASDD_UAV_TDML.json", json.dumps({"data": data}))


@pytest.mark.parametrize(
    "write", [fasdd_coco, fasdd_coco_of_a_later_version, fasdd_yolo, fasdd_voc, fasdd_tdml], ids=lambda f: f.__name__
)
def test_fasdd_says_the_same_in_each_of_its_formats(tmp_path: Path, write: Callable[[Path], None]) -> None:
    part = tmp_path / "火 FASDD" / "FASDD_UAV"
    for n, name in enumerate((SMOKE, CLEAN)):
        picture(part / "images" / name, n)
    write(part)
    convert("fasdd", part.parent, tmp_path / "out")
    assert boxes_of(tmp_path / "out") == {SMOKE: [(0, 24, 12, 40, 36)], CLEAN: []}
    assert facts(tmp_path / "out")["counts"]["splits"] == {"train": 2}  # type: ignore[index]


def test_isood_knows_nothing_but_outfalls(tmp_path: Path) -> None:
    root = tmp_path / "iSOOD"
    for n, name in enumerate(("排污口 1.jpg", "2.jpg")):
        picture(root / "images" / name, n)
        text(root / "labels" / f"{Path(name).stem}.txt", f"{n} 0.5 0.5 0.25 0.5\n")
    convert("isood", root, tmp_path / "out")
    assert boxes_of(tmp_path / "out") == {"2.jpg": [(2, 24, 12, 40, 36)], "排污口 1.jpg": [(2, 24, 12, 40, 36)]}


@pytest.mark.parametrize(
    ("image", "label", "split"),
    [("images/train/a.jpg", "labels/train/a.txt", "train"), ("valid/images/a.jpg", "valid/labels/a.txt", "val"),
     ("images/a.jpg", "labels/a.txt", ""), ("obj/a.jpg", "obj/a.txt", "")],
)  # fmt: skip
def test_yolo_in_any_of_its_layouts(tmp_path: Path, image: str, label: str, split: str) -> None:
    root = tmp_path / "set"
    picture(root / image)
    text(root / label, "1 0.5 0.5 0.25 0.5\n")
    text(root / "classes.txt", "人\n扬尘\n")
    convert("yolo", root, tmp_path / "out")
    assert boxes_of(tmp_path / "out") == {"a.jpg": [(1, 24, 12, 40, 36)]}
    assert facts(tmp_path / "out")["counts"]["splits"] == {split or "(none)": 1}  # type: ignore[index]


def test_names_come_from_yaml_and_maps_from_the_user(tmp_path: Path) -> None:
    root = tmp_path / "set"
    picture(root / "images" / "a.jpg")
    text(root / "labels" / "a.txt", "0 0.5 0.5 0.25 0.5\n1 0.5 0.5 0.5 0.5\n2 0.2 0.2 0.1 0.1\n")
    text(root / "data.yaml", "names: [Pipe, smoke, bird]\n")
    made = convert("yolo", root, tmp_path / "out", Wanted({"pipe": "outfall", "smoke": "-"}))
    assert made.boxes == {"outfall": 1} and made.dropped == {"bird": 1, "smoke": 1}
    assert made.strangers == ["bird"]
    with pytest.raises(MissionError, match="--map bird=plane"):
        convert("yolo", root, tmp_path / "out2", Wanted({"bird": "plane"}))


def test_a_set_of_none_but_foreign_boxes_asks_what_they_are(tmp_path: Path) -> None:
    root = tmp_path / "set"
    for name, label in (("a", "0 0.5 0.5 0.25 0.5\n"), ("b", "")):
        picture(root / "images" / f"{name}.jpg", ord(name))
        text(root / "labels" / f"{name}.txt", label)
    text(root / "classes.txt", "Sewage\n")
    with pytest.raises(MissionError, match=r"Sewage.*--map Sewage=outfall"):
        convert("yolo", root, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    dropped = convert("yolo", root, tmp_path / "out", Wanted({"sewage": "-"}))
    assert dropped.pictures == dropped.empty == 1 and dropped.strangers == []


def test_pictures_of_one_name_stay_two(tmp_path: Path) -> None:
    root = tmp_path / "set"
    for n, split in enumerate(("train", "test")):
        picture(root / split / "images" / "1.jpg", n)
        text(root / split / "labels" / "1.txt", f"{n} 0.5 0.5 0.25 0.5\n")
    text(root / "classes.txt", "smoke\ndust\n")
    convert("yolo", root, tmp_path / "out")
    assert boxes_of(tmp_path / "out") == {"1.jpg": [(1, 24, 12, 40, 36)], "2~1.jpg": [(0, 24, 12, 40, 36)]}


def test_everything_left_out_is_counted(tmp_path: Path) -> None:
    root = tmp_path / "set"
    words = {
        "good": "0 0.5 0.5 0.5 0.5\n0 0.9 0.5 0.4 0.5\n0 0.5 0.5 0 0.5\n", "torn": "0 0.5 0.5\n",
        "nan": "0 nan 0.5 0.5 0.5\n", "none": None, "other": "7 0.5 0.5 0.5 0.5\n", "grey": "0 0.5 0.5 0.5 0.5\n",
    }  # fmt: skip
    for n, (name, label) in enumerate(words.items()):
        picture(root / "images" / f"{name}.jpg", n)
        if label is not None:
            text(root / "labels" / f"{name}.txt", label)
    (root / "images" / "grey.jpg").write_bytes(b"\xff\xd8 no picture")
    text(root / "classes.txt", "smoke\n")
    made = convert("yolo", root, tmp_path / "out")
    assert made.left_out == {"damaged pictures": 1, "labels that cannot be read": 2, "no labels": 1,
                             "only objects of other classes": 1}  # fmt: skip
    assert made.mended == {"boxes cut at the border": 1, "degenerate boxes dropped": 1}
    assert made.dropped == {"7": 1} and made.pictures == 1


def test_a_coco_of_another_size_a_crowd_and_a_name_that_leads_out(tmp_path: Path) -> None:
    root = tmp_path / "set"
    for n, name in enumerate(("a.jpg", "b.jpg", "c.jpg")):
        picture(root / "images" / name, n)
    picture(tmp_path / "secret.jpg", 9)
    told = json.loads(coco_of({n: [("smoke", [24, 12, 16, 24])] for n in ("a.jpg", "b.jpg", "c.jpg")}))
    told["images"][1]["width"] = 640
    told["annotations"][2]["iscrowd"] = 1
    for k, name in enumerate(("../secret.jpg", str(tmp_path / "secret.jpg"), "..\\secret.jpg")):
        told["images"].append({"id": 10 + k, "file_name": name})
    text(root / "instances_train2017.json", json.dumps(told))
    made = convert("coco", root, tmp_path / "out")
    assert boxes_of(tmp_path / "out") == {"a.jpg": [(0, 24, 12, 40, 36)]}
    assert made.left_out == {"crowds": 1, "labels of another size than the picture": 1, "pictures not there": 3}


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "set", picture(tmp_path / "outside.jpg", 5)
    picture(root / "images" / "a.jpg")
    text(root / "labels" / "a.txt", "0 0.5 0.5 0.5 0.5\n")
    text(root / "classes.txt", "smoke\n")
    try:
        (root / "images" / "link.jpg").symlink_to(outside)
        (root / "labels" / "b.txt").symlink_to(text(tmp_path / "b.txt", "0 0.5 0.5 0.5 0.5\n"))
    except OSError:
        pytest.skip("no links on this disk")
    picture(root / "images" / "b.jpg", 2)
    made = convert("yolo", root, tmp_path / "out")
    assert sorted(boxes_of(tmp_path / "out")) == ["a.jpg"]
    assert made.left_out == {"links out of the folder": 1, "no labels": 1}


BOMB = """<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "smoke">]>
<annotation><object><name>&x;</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object>
</annotation>"""


@pytest.mark.parametrize("words", [BOMB, "<annotation><object>", "not xml", "<a>" * 60_000,
                                   "<annotation><object><name>smoke</name></object></annotation>"])  # fmt: skip
def test_hostile_xml_leaves_its_picture_out(tmp_path: Path, words: str) -> None:
    root = tmp_path / "set"
    for n, name in enumerate(("a", "b")):
        picture(root / f"{name}.jpg", n)
    text(root / "a.xml", words)
    text(root / "b.xml", "<annotation></annotation>")
    made = convert("voc", root, tmp_path / "out")
    assert made.left_out == {"labels that cannot be read": 1} and made.pictures == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["id", "file_name", "image_id", "category_id", "bbox", "name", "iscrowd", "width"]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@given(json_values, json_values, json_values)
def test_any_json_is_an_error_of_ours_or_a_set(
    tmp_path_factory: pytest.TempPathFactory, images: object, annotations: object, categories: object
) -> None:
    root = tmp_path_factory.mktemp("set")
    picture(root / "a.jpg")
    told = {"images": [{"id": 1, "file_name": "a.jpg"}, images], "annotations": annotations, "categories": categories}
    text(root / "x.json", json.dumps(told))
    try:
        convert("coco", root, root.with_name(f"{root.name}-out"))
    except PipelineError as why:
        assert "\n" not in str(why)


@pytest.mark.parametrize(
    ("name", "words", "match"),
    [("data.yaml", "names: &a [x]\nb: *a\n", "references"), ("data.yaml", "names: [", "no YAML"),
     ("data.yaml", "!!python/object/apply:os.system ['true']", "no YAML")],
)  # fmt: skip
def test_hostile_yaml_is_refused(tmp_path: Path, name: str, words: str, match: str) -> None:
    picture(tmp_path / "set" / "a.jpg")
    text(tmp_path / "set" / name, words)
    with pytest.raises(MissionError, match=match):
        convert("yolo", tmp_path / "set", tmp_path / "out")


def test_what_is_no_set_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in FORMATS:
        with pytest.raises(MissionError):
            convert(name, tmp_path / "empty", tmp_path / "out")
    picture(tmp_path / "bare" / "a.jpg")
    with pytest.raises(MissionError, match="1 no labels"):
        convert("yolo", tmp_path / "bare", tmp_path / "out")
    with pytest.raises(MissionError, match="no format 'x'"):
        convert("x", tmp_path / "bare", tmp_path / "out")
    with pytest.raises(OutputError, match="lies in the folder"):
        convert("yolo", tmp_path / "bare", tmp_path / "bare" / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bare", "empty"]
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="is there already"):
        convert("yolo", tmp_path / "bare", tmp_path / "out")


def test_a_name_that_a_spreadsheet_would_run_is_text(tmp_path: Path) -> None:
    root = tmp_path / "set"
    picture(root / "=cmd.jpg")
    text(root / "=cmd.txt", "0 0.5 0.5 0.5 0.5\n")
    text(root / "classes.txt", "smoke\n")
    convert("yolo", root, tmp_path / "out")
    assert "\n'=cmd.jpg," in (tmp_path / "out" / "pictures.csv").read_text(encoding="utf-8")


def test_the_command_prints_what_it_left_out(tmp_path: Path) -> None:
    root = d_fire(tmp_path / "d")
    done = CliRunner().invoke(app, ["convert", "d-fire", str(root), "-o", str(tmp_path / "out"), "--map", "fire=-"])
    assert done.exit_code == 0, done.output
    assert "图片 pictures: 2" in done.output and "only objects of other classes 1" in done.output
    wrong = CliRunner().invoke(app, ["convert", "d-fire", str(root), "-o", str(tmp_path / "o"), "--map", "fire"])
    assert wrong.exit_code == 2


def voc_file(path: Path, left: int) -> Path:
    edges = f"<xmin>{left}</xmin><ymin>0</ymin><xmax>{left + 10}</xmax><ymax>10</ymax>"
    return text(path, f"<a><object><name>smoke</name><bndbox>{edges}</bndbox></object></a>")


def test_a_picture_has_the_xml_file_of_its_own_folder(tmp_path: Path) -> None:
    root = tmp_path / "set"
    for n, split in enumerate(("train", "val", "test")):
        picture(root / split / "JPEGImages" / "1.jpg", n)
    for split, left in (("train", 5), ("val", 30)):
        voc_file(root / split / "Annotations" / "1.xml", left)
    made = convert("voc", root, tmp_path / "out")
    with (tmp_path / "out" / "pictures.csv").open(encoding="utf-8") as lines:
        split_of = {row["picture"]: row["split"] for row in csv.DictReader(lines)}
    boxes = {split_of[name]: found for name, found in boxes_of(tmp_path / "out").items()}
    assert boxes == {"train": [(0, 5, 0, 15, 10)], "val": [(0, 30, 0, 40, 10)]}
    assert made.left_out == {"no labels": 1}  # test/1.jpg: the files of this name are others'


def test_an_xml_file_that_two_pictures_could_mean_is_nobody_s(tmp_path: Path) -> None:
    root = tmp_path / "set"
    for n, split in enumerate(("train", "val")):
        picture(root / "JPEGImages" / split / "1.jpg", n)
    picture(root / "JPEGImages" / "train" / "2.jpg", 3)
    for name in "12":
        voc_file(root / "Annotations" / f"{name}.xml", 5)
    made = convert("voc", root, tmp_path / "out")
    assert list(boxes_of(tmp_path / "out")) == ["2.jpg"]
    assert made.left_out == {"labels that cannot be read": 2}


def test_tdml_that_names_a_picture_twice_counts_it_once(tmp_path: Path) -> None:
    root = tmp_path / "FASDD_UAV"
    picture(root / "images" / "a.jpg")
    label = {"type": "AI_ObjectLabel", "class": "smoke", "object": {"bbox": [8, 8, 24, 24]}}
    entry = {"dataURL": "a.jpg", "labels": [label]}
    text(root / "annotations" / "TDML_UAV" / "x.json", json.dumps({"data": [entry, {**entry, "labels": []}]}))
    made = convert("fasdd", root, tmp_path / "out")
    assert made.pictures == 1 and made.left_out == {"pictures named twice": 1}
    assert boxes_of(tmp_path / "out") == {"a.jpg": [(0, 8, 8, 24, 24)]}


def test_odd_coco_and_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    root = tmp_path / "set"
    picture(root / "a.jpg")
    told = {"images": [{"id": [1], "file_name": "a.jpg"}], "categories": [], "annotations": []}
    text(root / "x.json", json.dumps(told))
    with pytest.raises(MissionError, match=r"x\.json: is no COCO"):
        convert("coco", root, tmp_path / "out")
    with pytest.raises(OutputError, match="cannot be written"):
        convert("coco", root, text(tmp_path / "file", "") / "out")
