"""FASDD (doi:10.57760/sciencedb.j00104.00103): flame and smoke; FASDD_CV, FASDD_UAV and FASDD_RS, one or all of them.

Each has `images` and `annotations`, and in these the same labels four times: COCO_UAV/train.json (in some versions
COCO_UAV/Annotations), YOLO_UAV/labels with train.txt, val.txt and test.txt (0 fire, 1 smoke), VOC_UAV/Annotations, and
TDML_UAV/FASDD_UAV_TDML.json. The first that is there is read, in this order. Pictures named neitherFireNorSmoke have
empty labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import MissionError
from pipeline.learn.converters import coco, tdml, voc
from pipeline.learn.converters.guard import files_inside, pictures_inside, split_lists
from pipeline.learn.converters.values import DROP, NOTHING, Format, Source
from pipeline.learn.converters.yolo import with_labels

NAMES = {0: "fire", 1: "smoke"}
JSON = frozenset({".json"})


def read(folder: Path, tally: Counter[str]) -> Iterator[Source]:
    """Pictures of every part of FASDD under a folder; raises MissionError when there is none."""
    parts = [p for p in sorted({folder, *folder.rglob("FASDD*")}) if _is_part(p)]
    if not parts:
        raise MissionError(f"{folder}: no folder with images and annotations, as FASDD has it")
    for part in parts:
        yield from _part(folder, part, tally)


def _is_part(path: Path) -> bool:
    return (path / "images").is_dir() and (path / "annotations").is_dir()


def _part(folder: Path, part: Path, tally: Counter[str]) -> Iterator[Source]:
    pictures = pictures_inside(part / "images", tally)
    kinds = {k: sorted((part / "annotations").glob(f"{k}*")) for k in ("COCO", "YOLO", "VOC", "TDML")}
    files = [f for k in kinds["COCO"] for f in files_inside(k, JSON)]
    if files:
        yield from coco.of_files(folder, files, pictures, tally)
    elif kinds["YOLO"]:
        labels = kinds["YOLO"][0] / "labels"
        yield from with_labels(folder, pictures, NAMES, split_lists(kinds["YOLO"]), labels)
    elif kinds["VOC"]:
        lists = [*kinds["VOC"], *kinds["VOC"][0].rglob("ImageSets/Main")]
        yield from voc.with_xml(folder, pictures, kinds["VOC"][0], lists)
    elif kinds["TDML"]:
        for file in files_inside(kinds["TDML"][0], JSON):
            yield from tdml.of_file(file, pictures, tally)
    else:
        raise MissionError(f"{part / 'annotations'}: none of COCO, YOLO, VOC and TDML is there")


FORMAT = Format(
    read,
    {"smoke": "smoke", "fire": DROP, "flame": DROP, "neitherfirenorsmoke": NOTHING},
    licence="CC BY 4.0, as others report of its page; read it there before use",
    cite="Wang, Yue, Jiang, Yu, Tuo, Li: An open flame and smoke detection dataset for deep learning in remote sensing "
    "based fire detection. Geo-spatial Information Science 28, 2025, doi:10.1080/10095020.2024.2347922",
)
