"""YOLO: a text file a picture, `class x y width height` a line in shares of the picture.

Labels lie in a folder `labels` where the pictures lie in `images` (train/images and train/labels, or images/train and
labels/train), or beside the picture. Names of the classes come from a YAML with `names`, from classes.txt or from
obj.names; without any the class's number is its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import MissionError
from pipeline.learn.converters.guard import files_inside, pictures_inside, split_lists, split_of, text_of, yaml_of
from pipeline.learn.converters.values import OURS, Format, Source, Theirs
from pipeline.learn.labels import read_boxes

NAME_FILES = ("classes.txt", "obj.names", "names.txt")


def read(folder: Path, tally: Counter[str]) -> Iterator[Source]:
    """Pictures of a YOLO set in any of its layouts."""
    names = class_names(folder)
    yield from with_labels(folder, pictures_inside(folder, tally), names, split_lists([folder]))


def with_labels(
    folder: Path, pictures: list[Path], names: dict[int, str], splits: dict[str, str], labels: Path | None = None
) -> Iterator[Source]:
    """Pictures with their text files, which lie in `labels` where that is given."""
    for path in pictures:
        text = labels / f"{path.stem}.txt" if labels is not None else labels_of(path)
        split = split_of(path, folder) or splits.get(path.stem, "")
        if not text.is_file() or not text.resolve().is_relative_to(folder.resolve()):
            yield Source(path, split, None)
            continue
        try:
            shares = read_boxes(text)
        except MissionError as why:
            yield Source(path, split, (), fault=str(why))
            continue
        boxes = (Theirs(names.get(c, str(c)), (x - w / 2, y - h / 2, x + w / 2, y + h / 2)) for c, x, y, w, h in shares)
        yield Source(path, split, tuple(boxes))


def labels_of(picture: Path) -> Path:
    """Where a picture's labels lie: the nearest folder `images` on the way to it is `labels`; else beside it."""
    parts = list(picture.parts)
    for i in range(len(parts) - 2, -1, -1):
        if parts[i].lower() == "images":
            found = Path(*parts[:i], "labels", *parts[i + 1 : -1], f"{picture.stem}.txt")
            return found if found.is_file() else picture.with_suffix(".txt")
    return picture.with_suffix(".txt")


def class_names(folder: Path) -> dict[int, str]:
    """Number -> name; empty where the folder does not tell."""
    for path in sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))):
        told = yaml_of(path)
        if isinstance(told, dict) and isinstance(told.get("names"), (dict, list)):
            names = told["names"]
            pairs = names.items() if isinstance(names, dict) else enumerate(names)
            return {int(k): str(v) for k, v in pairs if str(k).isdecimal()}
    found = {p: _lines(p) for p in files_inside(folder, frozenset({".txt", ".names"})) if p.name in NAME_FILES}
    if any(names != next(iter(found.values())) for names in found.values()):
        raise MissionError(f"{', '.join(p.name for p in found)}: do not name the same classes")
    return dict(enumerate(next(iter(found.values()), [])))


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in text_of(path).splitlines() if line.strip()]


FORMAT = Format(read, OURS)
