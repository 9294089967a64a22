"""COCO: one JSON file for many pictures, boxes as [left, top, width, height] in pixels.

Every JSON under the folder with images, annotations and categories is read. A picture is looked for by its `file_name`
beside the JSON, in the folder and in `images`, else by its bare name where only one picture has it. A picture with a
crowd (`iscrowd`) is left out: what is in it is not known box by box.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.errors import MissionError
from pipeline.learn.converters.guard import SPLITS, files_inside, json_of, pictures_inside, split_of
from pipeline.learn.converters.values import CROWD, OURS, Format, Source, Theirs


def read(folder: Path, tally: Counter[str]) -> Iterator[Source]:
    """Pictures of every COCO file under a folder; raises MissionError when there is none."""
    files = [p for p in files_inside(folder, frozenset({".json"})) if _told_as_coco(p)]
    if not files:
        raise MissionError(f"{folder}: no JSON with images, annotations and categories")
    yield from of_files(folder, files, pictures_inside(folder, tally), tally)


def of_files(folder: Path, files: list[Path], pictures: list[Path], tally: Counter[str]) -> Iterator[Source]:
    """Pictures of these COCO files; one that a second file names again counts once."""
    by_name: dict[str, list[Path]] = defaultdict(list)
    for picture in pictures:
        by_name[picture.name].append(picture)
    known, seen = set(pictures), set[Path]()
    for file in files:
        for image, boxes, crowd in _entries(file):
            path = _located(str(image.get("file_name", "")), folder, file, known, by_name)
            if path is None or path in seen:
                tally["pictures not there" if path is None else "pictures named twice"] += 1
                continue
            seen.add(path)
            yield _source(path, split_of(path, folder) or _split_by_name(file), image, boxes, crowd)


def _told_as_coco(path: Path) -> bool:
    """Whether the file begins or names itself as one; others (settings, GeoJSON) are left alone."""
    with path.open("rb") as file:
        head = file.read(1 << 20)
    return any(key in head for key in (b'"images"', b'"annotations"', b'"categories"'))


def _entries(file: Path) -> Iterator[tuple[Mapping[str, Any], tuple[Theirs, ...] | None, bool]]:
    """(image, its boxes or None where one is damaged, whether one is a crowd)."""
    told = json_of(file)
    try:
        names = {c["id"]: str(c["name"]) for c in told["categories"]}
        of_image: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
        for entry in told["annotations"]:
            of_image[entry["image_id"]].append(entry)
        images = [(image, of_image.get(image["id"], [])) for image in told["images"]]
    except (KeyError, TypeError, AttributeError) as why:
        raise MissionError(f"{file.name}: is no COCO with images, annotations and categories") from why
    for image, entries in images:
        boxes = [_box(e, names) for e in entries]
        good = tuple(b for b in boxes if b is not None)
        yield image, good if len(good) == len(boxes) else None, any(e.get("iscrowd") for e in entries)


def _box(entry: Mapping[str, Any], names: Mapping[Any, str]) -> Theirs | None:
    try:
        left, top, width, height = (float(v) for v in entry["bbox"])
        name = names.get(entry["category_id"], f"category {entry['category_id']}")
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if not all(map(math.isfinite, (left, top, width, height))):
        return None
    return Theirs(name, (left, top, left + width, top + height))


def _located(name: str, folder: Path, file: Path, known: set[Path], by_name: Mapping[str, list[Path]]) -> Path | None:
    """The picture of a `file_name`; never one outside the folder, since only those inside are known."""
    told = PurePosixPath(name.replace("\\", "/"))
    places = (file.parent / told, folder / told, folder / "images" / told, file.parent / "images" / told)
    beside = next((p for p in places if p in known), None)
    named = by_name.get(told.name, [])
    return beside or (named[0] if len(named) == 1 else None)


def _split_by_name(file: Path) -> str:
    """instances_train2017.json -> train."""
    words = file.stem.lower().replace("-", "_").split("_")
    return next((SPLITS[w] for w in words if w in SPLITS), split_of(file, file.parent.parent))


def _source(path: Path, split: str, image: Mapping[str, Any], boxes: tuple[Theirs, ...] | None, crowd: bool) -> Source:
    fault = CROWD if crowd else "" if boxes is not None else f"{path.name}: a box of four finite numbers is missing"
    width, height = image.get("width"), image.get("height")
    sized = isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0
    return Source(path, split, boxes or (), True, (int(width), int(height)) if sized else None, fault)  # type: ignore[arg-type]


FORMAT = Format(read, OURS)
