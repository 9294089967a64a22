"""What the detectors of candidates share: a small picture as numbers, regions in it, and a weighing of features.

A candidate is a region that an officer should look at. Its confidence is a logistic function of a few named
features, so that a person can be told why it was proposed.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.imagery import Image
from pipeline.types import Box, Detection, Pixel

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Weights = Mapping[str, float]

FINER = 4  # texture is measured in a picture so many times finer than the grid
LEAST_SIDE_PX = 32  # smaller pictures hold nothing that could be told
LEAST_SHARE, MOST_SHARE = 0.004, 0.8  # of the grid, that a region may cover
RING_CELLS = 7
MOST_REGIONS = 200  # a picture


@dataclass(frozen=True, slots=True)
class Cells:
    """A picture in (h, w) cells: CIE L*a*b* in its own units, texture in grey levels a pixel."""

    light: Floats
    a: Floats
    b: Floats
    texture: Floats  # mean length of the gradient within the cell
    scale: tuple[float, float]  # cells a pixel of the picture, across and down

    @property
    def chroma(self) -> Floats:
        return np.asarray(np.hypot(self.a, self.b), np.float32)


@dataclass(frozen=True, slots=True)
class Region:
    """Connected cells, and those around them."""

    inside: Mask
    ring: Mask
    box: tuple[int, int, int, int]  # cells x0, y0, x1, y1, ends excluded

    @property
    def cells(self) -> int:
        return int(np.count_nonzero(self.inside))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A region that was weighed."""

    region: Region
    label: str
    confidence: float
    point: Pixel  # in cells
    sigma: float  # cells
    margin: int = 0  # cells that the box is wider than the region, on every side


def cells(image: Image, long_side: int) -> Cells | None:
    """(h, w, 3) uint8, blue first, in at most `long_side` cells a side; None for a picture that is too small."""
    height, width = image.shape[:2]
    if min(height, width) < LEAST_SIDE_PX or max(height, width) > 20 * min(height, width):
        return None
    look = _shrunk(image, FINER * long_side)
    lab = cv2.cvtColor(look.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)
    grey = cv2.cvtColor(look, cv2.COLOR_BGR2GRAY).astype(np.float32)
    slope = np.hypot(cv2.Scharr(grey, cv2.CV_32F, 1, 0), cv2.Scharr(grey, cv2.CV_32F, 0, 1)) / 32
    light, a, b = (_shrunk(np.ascontiguousarray(lab[:, :, i]), long_side) for i in range(3))
    rows, columns = light.shape
    return Cells(light, a, b, _shrunk(slope, long_side), (columns / width, rows / height))


def around(values: Floats, side: int) -> Floats:
    """Median of L*a*b* values (h, w) in squares of about `side` cells, to a quarter of a unit."""
    bytes_ = np.clip(np.round((values - values.min()) * 4), 0, 255).astype(np.uint8)
    median = np.asarray(cv2.medianBlur(bytes_, side | 1), np.float32)
    return np.asarray(median / 4 + values.min(), np.float32)


def _shrunk(image: NDArray[Any], long_side: int) -> NDArray[Any]:
    height, width = image.shape[:2]
    factor = long_side / max(height, width)
    if factor >= 1:
        return image
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def regions(
    maps: Sequence[tuple[Floats, Sequence[float]]], least: float = LEAST_SHARE, most: float = MOST_SHARE
) -> list[Region]:
    """Connected cells at or above each level of each map, without doubles, the largest first.

    `least` and `most` are the shares of the picture that a region may cover.
    """
    found: list[tuple[Mask, tuple[int, int, int, int]]] = []
    for map_, levels in maps:
        for level in levels:
            found += list(_components(map_ >= level, least, most))
    found.sort(key=lambda f: -np.count_nonzero(f[0]))
    kept: list[tuple[Mask, tuple[int, int, int, int]]] = []
    for mask, box in found:
        if len(kept) < MOST_REGIONS and not any(_same(mask, box, *k) for k in kept):
            kept.append((mask, box))
    return [r for mask, box in kept if (r := _with_ring(mask, box)) is not None]


def _components(mask: Mask, least: float, most: float) -> Iterator[tuple[Mask, tuple[int, int, int, int]]]:
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    for i in range(1, count):
        x, y, width, height, area = (int(v) for v in stats[i])
        if least <= area / mask.size <= most:
            yield labels == i, (x, y, x + width, y + height)


def _same(one: Mask, box: tuple[int, int, int, int], other: Mask, other_box: tuple[int, int, int, int]) -> bool:
    if overlap(box, other_box) < 0.7:
        return False
    both = np.count_nonzero(one & other)
    return bool(both >= 0.85 * np.count_nonzero(one | other))


def _with_ring(mask: Mask, box: tuple[int, int, int, int]) -> Region | None:
    filled = mask.astype(np.uint8)
    near = cv2.dilate(filled, np.ones((3, 3), np.uint8))
    far = cv2.dilate(filled, np.ones((2 * RING_CELLS + 1,) * 2, np.uint8))
    ring = (far > 0) & (near == 0)
    return Region(mask, ring, box) if np.count_nonzero(ring) >= 0.1 * np.count_nonzero(mask) else None


def widened(region: Region, margin: int) -> tuple[int, int, int, int]:
    """A region's box with a margin, inside the grid."""
    (rows, columns), (x0, y0, x1, y1) = region.inside.shape, region.box
    return max(x0 - margin, 0), max(y0 - margin, 0), min(x1 + margin, columns), min(y1 + margin, rows)


def in_cells(box_px: Box, scale: tuple[float, float]) -> Box:
    """A box of the picture on the grid of cells, whose top-left corner is (0, 0)."""
    x0, y0, x1, y1 = ((v + 0.5) * scale[i % 2] for i, v in enumerate(box_px))
    return x0, y0, x1, y1


def in_pixels(box: Sequence[float], scale: tuple[float, float]) -> Box:
    """The way back."""
    x0, y0, x1, y1 = (v / scale[i % 2] - 0.5 for i, v in enumerate(box))
    return x0, y0, x1, y1


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes (x0, y0, x1, y1)."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    areas = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1])
    return both / (areas - both)


def weighed(features: Mapping[str, float], weights: Weights) -> float:
    """Logistic function of the features' weighted sum; `weights` also holds the constant under "" ."""
    score = weights[""] + sum(w * features[name] for name, w in weights.items() if name)
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


def ranked(candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    """The surest first, at most `most`, none that lies mostly in a surer one or around it."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda c: (-c.confidence, c.region.box)):
        if len(kept) < most and not any(_shares(candidate.region, k.region) for k in kept):
            kept.append(candidate)
    return kept


def _shares(one: Region, other: Region) -> bool:
    both = np.count_nonzero(one.inside & other.inside)
    return bool(both > 0.4 * min(one.cells, other.cells))


def detection(candidate: Candidate, scale: tuple[float, float], frame_id: str, detector: str) -> Detection:
    """A candidate in pixels of the picture."""
    box = in_pixels(widened(candidate.region, candidate.margin), scale)
    point = ((candidate.point[0] + 0.5) / scale[0] - 0.5, (candidate.point[1] + 0.5) / scale[1] - 0.5)
    sigma_px = candidate.sigma / min(scale)
    return Detection(frame_id, candidate.label, candidate.confidence, box, point, sigma_px, detector)


def threshold(wanted: float | None, default: float, table: Sequence[tuple[float, float]], strictest: float) -> float:
    """Lowest confidence whose measured false candidates a photo are not more than wanted; None: the default.

    `table` holds (confidence, false candidates a photo). Raises ModelError for a wish that is not positive.
    """
    if wanted is None:
        return default
    if not wanted > 0:
        raise ModelError(f"false alarms per photo must be more than 0, not {wanted}")
    return next((level for level, rate in table if rate <= wanted), strictest)


def digest(*what: object) -> str:
    """SHA-256 of a detector's name, version, parameters and weights."""
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
