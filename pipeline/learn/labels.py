"""Pictures with boxes in YOLO's text: one line a box, `class x y width height` in shares of the picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import MissionError
from pipeline.imagery import PHOTO_SUFFIXES
from pipeline.types import Box

MAX_LABEL_BYTES = 4 * 1024 * 1024
MOST_PICTURES = 200_000

Share = tuple[int, float, float, float, float]  # class, middle x, middle y, width, height; shares of the picture


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture and the boxes that are known in it."""

    path: Path
    boxes: tuple[Share, ...]


def read_labelled(folder: Path) -> list[Labelled]:
    """Every picture under a folder that lies in an `images` folder with its labels in `labels` beside it.

    A picture without a label file, or with an empty one, holds nothing. Raises MissionError for a folder without such
    pictures, and for labels that are none.
    """
    pictures = pictures_under(folder)
    found = [Labelled(p, read_boxes(label_path(p))) for p in pictures if p.parent.name == "images"]
    if not found:
        raise MissionError(f"{folder}: no pictures in a folder called images, with labels beside it")
    return found


def pictures_under(folder: Path) -> list[Path]:
    """Photos under a folder, by name; raises MissionError when it is no folder or holds too many."""
    if not folder.is_dir():
        raise MissionError(f"{folder}: is no folder")
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in PHOTO_SUFFIXES and p.is_file())
    if len(found) > MOST_PICTURES:
        raise MissionError(f"{folder}: {len(found)} pictures are more than the {MOST_PICTURES} allowed")
    return found


def numbered(stems: Iterable[str]) -> list[str]:
    """Names for files as they are, with a number before one that another has, in small letters or great ones."""
    taken: set[str] = set()
    found = []
    for plain in stems:
        stem, number = plain, 1
        while stem.casefold() in taken:
            number += 1
            stem = f"{number}~{plain}"
        taken.add(stem.casefold())
        found.append(stem)
    return found


def label_path(picture: Path) -> Path:
    """Where a picture's labels lie: `…/images/a.jpg` has them in `…/labels/a.txt`."""
    return picture.parent.parent / "labels" / f"{picture.stem}.txt"


def read_boxes(path: Path) -> tuple[Share, ...]:
    """The boxes of a label file, none where there is no file; an outline is taken as the box around it."""
    if not path.is_file():
        return ()
    if path.stat().st_size > MAX_LABEL_BYTES:
        raise MissionError(f"{path.name}: labels of more than {MAX_LABEL_BYTES // 1024**2} MB are not read")
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    return tuple(_box(line, f"{path.name}: line {n}") for n, line in enumerate(lines, 1) if line.strip())


def _box(line: str, where: str) -> Share:
    try:
        label, *values = (float(v) for v in line.split())
    except ValueError as why:
        raise MissionError(f"{where}: holds something other than numbers") from why
    outline = len(values) >= 6 and len(values) % 2 == 0
    if not (len(values) == 4 or outline) or not all(math.isfinite(v) for v in (label, *values)):
        raise MissionError(f"{where}: is not a class and a box of four finite numbers")
    if len(values) == 4 and min(values[2:]) < 0:
        raise MissionError(f"{where}: a box of negative size")
    if label != int(label) or not 0 <= label < 1000:
        raise MissionError(f"{where}: class {label:g} is no whole number from 0 to 999")
    return (int(label), *(_around(values) if outline else (values[0], values[1], values[2], values[3])))


def _around(values: Sequence[float]) -> tuple[float, float, float, float]:
    xs, ys = values[::2], values[1::2]
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2, max(xs) - min(xs), max(ys) - min(ys)


def box_px(share: Share, width_px: int, height_px: int) -> Box:
    """A share of the picture as a box in pixels (edges included), cut at the picture's border."""
    _, x, y, w, h = share
    left, right = (min(max(v, 0.0), 1.0) * width_px - 0.5 for v in (x - w / 2, x + w / 2))
    top, bottom = (min(max(v, 0.0), 1.0) * height_px - 0.5 for v in (y - h / 2, y + h / 2))
    return left, top, right, bottom


def share_of(label: int, box: Box, width_px: int, height_px: int) -> Share:
    """The inverse of `box_px`."""
    x0, y0, x1, y1 = box
    return (label, (x0 + x1 + 1) / 2 / width_px, (y0 + y1 + 1) / 2 / height_px,
            (x1 - x0) / width_px, (y1 - y0) / height_px)  # fmt: skip


def write_boxes(path: Path, boxes: Iterable[Share]) -> None:
    """One line a box; the same bytes on every machine, since a data set's version is made of them."""
    path.write_bytes("".join(f"{b[0]} " + " ".join(f"{v:.6f}" for v in b[1:]) + "\n" for b in boxes).encode())
