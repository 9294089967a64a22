"""Where to cut around a judged box, so that everything in the tile is known.

Of each box two tiles: at native scale, `size_px` wide (wider where the box would fill more than `FILL` of it), and one
twice as wide that shows more of what is around. The box lies anywhere in its tile, drawn by a generator of its own, so
that the network does not learn that sources lie in the middle. A tile is left out where something in it is not known:

- a box that nobody judged reaches into it;
- a source is cut by its border so that between `LITTLE` and `MOST` of its box shows;
- on the ground a source lies near that the model did not see in this photo: it may be there, without a box.

Eight positions are tried before a tile is given up. What lies in the tile and no model ever pointed at is not known
either; officers who find it add a pin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from pipeline.imagery import Image
from pipeline.learn.labels import Share, share_of
from pipeline.learn.verdicts import NOTHING, SOURCE, UNKNOWN, Look, metres_between
from pipeline.types import Box

FILL = 0.6  # of a tile's side that a box fills at most
LITTLE, MOST = 0.1, 0.6  # shares of a source's box: below the first it is not seen, from the second on it is labelled
TRIES = 8
WIDER = (1, 2)
Rect = tuple[int, int, int, int]  # left, top, right, bottom in whole pixels, ends excluded


@dataclass(frozen=True, slots=True)
class Tile:
    """A square of a picture and the sources in it."""

    rect: Rect
    boxes: tuple[tuple[int, Box], ...]  # place in CLASSES, box in pixels of the picture


def tiles_around(
    look: Look, beside: Sequence[Look], unseen: Sequence[Look], shape: tuple[int, int], size_px: int
) -> list[Tile]:
    """Tiles around a judged box; fewer than two where something in them is unknown.

    `beside` are the other boxes in its picture (`shape`: height, width), `unseen` sources of the run with no box in it.
    """
    found = []
    for wider in WIDER:
        rng = np.random.default_rng([crc32(f"{look.key}|{look.hit}|{look.box_px}".encode()), wider])
        side = _side(look.box_px, size_px, wider, shape)
        if side is None or _one_near(look, unseen, side):
            continue
        for _ in range(TRIES):
            rect = _placed(look.box_px, side, shape, rng)
            boxes = _known(rect, [look, *beside])
            if boxes is not None:
                found.append(Tile(rect, boxes))
                break
    return list(dict.fromkeys(found))


def _side(box: Box, size_px: int, wider: int, shape: tuple[int, int]) -> int | None:
    """Pixels of the picture; None where the picture is too small for the wider tile, or for the box."""
    longest = max(box[2] - box[0], box[3] - box[1])
    side = wider * max(size_px, int(np.ceil(longest / FILL)))
    if side > min(shape):
        side = min(shape) if wider == 1 else 0
    return side if side >= max(32, longest) else None


def _placed(box: Box, side: int, shape: tuple[int, int], rng: np.random.Generator) -> Rect:
    """A square that holds the box, inside the picture."""
    starts = []
    for low, high, length in ((box[0], box[2], shape[1]), (box[1], box[3], shape[0])):
        first = min(max(0, math.ceil(high + 0.5) - side), length - side)
        last = min(max(0, math.floor(low + 0.5)), length - side)
        starts.append(int(rng.integers(min(first, last), max(first, last) + 1)))
    x, y = starts
    return x, y, x + side, y + side


def _known(rect: Rect, looks: Sequence[Look]) -> tuple[tuple[int, Box], ...] | None:
    """The sources in a square; None where something in it is not known, or where the first box lies outside of it."""
    if shown(looks[0].box_px, rect) < MOST:
        return None
    boxes = []
    for look in looks:
        share = shown(look.box_px, rect)
        if look.state == NOTHING or share == 0:
            continue
        if look.state == UNKNOWN or (look.state == SOURCE and LITTLE < share < MOST):
            return None
        if look.label is not None and share >= MOST:
            boxes.append((look.label, look.box_px))
    return tuple(sorted(set(boxes)))


def shown(box: Box, rect: Rect) -> float:
    """Share of a box that lies in a square of pixels; of a box without area, 1 or 0."""
    left, top, right, bottom = rect[0] - 0.5, rect[1] - 0.5, rect[2] - 0.5, rect[3] - 0.5
    width = max(box[2] - box[0], 1e-6)
    height = max(box[3] - box[1], 1e-6)
    w = min(box[0] + width, right) - max(box[0], left)
    h = min(box[1] + height, bottom) - max(box[1], top)
    return max(0.0, w) * max(0.0, h) / (width * height)


def _one_near(look: Look, unseen: Sequence[Look], side_px: int) -> bool:
    """Whether a source that has no box in this photo may lie in the tile by where it is on the ground."""
    if look.gsd_m is None:
        return False
    reach_m = look.gsd_m * side_px * 2**0.5
    return any(metres_between(look.at, other.at) < reach_m + look.r90_m + other.r90_m for other in unseen)


def cut(image: Image, tile: Tile, size_px: int) -> tuple[Image, list[Share]]:
    """The tile's pixels, reduced to `size_px`, and its boxes as YOLO's text has them."""
    import cv2

    x0, y0, x1, y1 = tile.rect
    part = image[y0:y1, x0:x1]
    shares = shares_in(tile.rect, tile.boxes)
    if x1 - x0 > size_px:
        part = np.asarray(cv2.resize(part, (size_px, size_px), interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(part), shares


def shares_in(rect: Rect, boxes: Sequence[tuple[int, Box]]) -> list[Share]:
    """Boxes of a picture as shares of a part of it, cut at its border."""
    x0, y0, x1, y1 = rect
    found = []
    for label, box in boxes:
        left, right = (min(max(v - x0, -0.5), x1 - x0 - 0.5) for v in (box[0], box[2]))
        top, bottom = (min(max(v - y0, -0.5), y1 - y0 - 0.5) for v in (box[1], box[3]))
        found.append(share_of(label, (left, top, right, bottom), x1 - x0, y1 - y0))
    return found


def crop_tile(look: Look, beside: Sequence[Look]) -> Tile | None:
    """The run's own crop as a tile, for want of the original: less around it, and where something is unknown, none."""
    if look.crop_px is None:
        return None
    boxes = _known(look.crop_px, [look, *beside])
    return None if boxes is None else Tile(look.crop_px, boxes)
