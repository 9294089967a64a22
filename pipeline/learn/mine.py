"""A model's false alarms on photos in which nothing is, cut out to be learned from as nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from pipeline import imagery
from pipeline.detect.yolo import Yolo
from pipeline.errors import MissionError, OutputError
from pipeline.imagery import Image
from pipeline.learn.labels import numbered, pictures_under
from pipeline.learn.tiles import KEEP_OFF_PX, known_places
from pipeline.types import Box

LEAST_CONFIDENCE = 0.05
MOST_A_PHOTO = 12
AROUND = 2.0  # a tile's side over the box's, at least
APART = 0.5  # of a tile's side between the middles of two tiles
QUALITY = 95
Tell = Callable[[str, int, int], None]


def mine(
    model: str, folders: Sequence[Path], out: Path, side_px: int, tell: Tell = lambda stage, done, total: None
) -> int:
    """Write the surest false alarms of every photo as square pictures into OUT/images; returns how many.

    OUT appears whole or not at all. What a table beside the photos knows is kept off. Raises OutputError for a folder
    that is there or cannot be made, MissionError and ImageryError for photos that cannot be used, ModelError for
    weights that cannot.
    """
    if out.exists():
        raise OutputError(f"{out}: is there already")
    photos = [p for folder in folders for p in pictures_under(folder)]
    if not photos:
        raise MissionError("no photos to look for false alarms in")
    detector = Yolo(model)
    detector.threshold = LEAST_CONFIDENCE
    aside = out.with_name(f".{out.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        (aside / "images").mkdir(parents=True)
        count = 0
        for n, (photo, stem) in enumerate(zip(photos, _stems(photos), strict=True), 1):
            for k, tile in enumerate(false_alarms(detector, photo, side_px)):
                (aside / "images" / f"{stem}-{k:02d}.jpg").write_bytes(imagery.encode_jpeg(tile, QUALITY))
                count += 1
            tell("mine", n, len(photos))
        os.replace(aside, out)
    except OSError as why:
        raise OutputError(f"{out}: cannot be written ({why.strerror or why})") from why
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return count


def _stems(photos: Sequence[Path]) -> list[str]:
    """A name for each photo's tiles by its folders."""
    return numbered(f"{p.parent.parent.name}-{p.parent.name}-{p.stem}" for p in photos)


def false_alarms(detector: Yolo, photo: Path, side_px: int) -> list[Image]:
    """Tiles around what is found in one photo, the surest first, none twice."""
    image = imagery.decode(imagery.read_bytes(photo), photo.name)
    known = np.array(known_places(photo.parent).get(photo.name, ()), float).reshape(-1, 2)
    taken: list[tuple[float, float, float]] = []
    tiles = []
    for found in detector.find(image, photo.name):
        x, y, side = _square(found.box_px, side_px, image)
        near_known = len(known) and np.abs(known - (x, y)).max(axis=1).min() < side / 2 + KEEP_OFF_PX
        if near_known or any(max(abs(x - a), abs(y - b)) < APART * min(side, s) for a, b, s in taken):
            continue
        taken.append((x, y, side))
        tiles.append(_cut(image, x, y, side, side_px))
        if len(tiles) == MOST_A_PHOTO:
            break
    return tiles


def _square(box: Box, side_px: int, image: Image) -> tuple[float, float, float]:
    """Middle and side of the square to cut, inside the picture."""
    height, width = image.shape[:2]
    side = float(min(max(side_px, AROUND * max(box[2] - box[0], box[3] - box[1])), height, width))
    x, y = (box[0] + box[2]) / 2 + 0.5, (box[1] + box[3]) / 2 + 0.5
    return min(max(x, side / 2), width - side / 2), min(max(y, side / 2), height - side / 2), side


def _cut(image: Image, x: float, y: float, side: float, side_px: int) -> Image:
    import cv2

    left, top, length = round(x - side / 2), round(y - side / 2), round(side)
    cut = image[max(0, top) : top + length, max(0, left) : left + length]
    way = cv2.INTER_AREA if length > side_px else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(cut, (side_px, side_px), interpolation=way), np.uint8)
