"""Smoke, dust, outfalls and marker panels drawn over photos: simple pictures with known boxes.

Images are (h, w, 3) uint8, blue first. Every drawing returns a new image and the box of the pixels that it changed,
edges included, cut at the picture's border. The same generator state gives the same picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.sim.markers import MARKER_KINDS, pattern
from pipeline.types import Box

Image = NDArray[np.uint8]
Field = NDArray[np.float32]  # (h, w)
Colour = tuple[float, float, float]  # blue, green, red
Point = tuple[float, float]

FAINT = 0.1  # opacity below which nothing is drawn: a box must not be stretched by what nobody sees
LEAST_PX = 8  # of a box's sides; smaller drawings are drawn again
SMOKES: tuple[Colour, ...] = ((226, 224, 220), (176, 174, 172), (112, 110, 108), (44, 42, 42))
DUSTS: tuple[Colour, ...] = ((118, 152, 180), (150, 176, 196), (96, 136, 172), (142, 158, 172))
WATERS: tuple[Colour, ...] = (
    (96, 104, 84), (70, 92, 96), (112, 116, 96), (60, 62, 52), (120, 100, 70), (84, 118, 128),
)  # fmt: skip
WASTES: tuple[Colour, ...] = (
    (78, 112, 150), (206, 212, 212), (40, 42, 44), (52, 92, 168), (150, 190, 120), (160, 170, 176),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture and where the thing that was drawn on it lies."""

    image: Image
    label: str
    box_px: Box


def draw(image: Image, label: str, rng: np.random.Generator) -> Drawn:
    """The picture with one thing more: a label of `LABELS`. Raises ValueError for pictures under 48 px."""
    if min(image.shape[:2]) < 48:
        raise ValueError("nothing can be drawn on a picture under 48 px")
    for _ in range(20):
        drawn, changed = LABELS[label](image, rng)
        box = _extent(changed)
        if box is not None and min(box[2] - box[0], box[3] - box[1]) >= LEAST_PX:
            return Drawn(drawn, label, box)
    raise ValueError(f"no {label} could be drawn on this picture")


def water(image: Image, rng: np.random.Generator) -> Image:
    """The picture with a stretch of water over a part of it, and no outfall."""
    return _shore(image, rng).image


def shade(image: Image, rng: np.random.Generator) -> Image:
    """The picture with a soft shadow, as of a cloud: dark, but no smoke."""
    cloud = noise(image.shape[:2], rng, coarse_px=0.6 * min(image.shape[:2]))
    dark = np.clip((cloud - rng.uniform(0.4, 0.6)) * rng.uniform(2, 6), 0, 1) * rng.uniform(0.25, 0.55)
    return _blend(image, np.zeros(3), dark)


def noise(shape: tuple[int, int], rng: np.random.Generator, coarse_px: float, octaves: int = 5) -> Field:
    """(h, w) float32 fractal value noise within [0, 1], mean about 0.5; `coarse_px` is its largest lump."""
    import cv2

    h, w = shape
    total, weight = np.zeros((h, w), np.float32), 0.0
    for octave in range(octaves):
        cell = max(2.0, coarse_px / 2**octave)
        grid = rng.random((int(h / cell) + 3, int(w / cell) + 3)).astype(np.float32)
        size = (int(grid.shape[1] * cell), int(grid.shape[0] * cell))
        large = cv2.resize(grid, size, interpolation=cv2.INTER_LINEAR)
        total += large[:h, :w] * 0.6**octave
        weight += 0.6**octave
    return np.asarray(total / weight, np.float32)


def _smoke(image: Image, rng: np.random.Generator) -> tuple[Image, NDArray[np.bool_]]:
    """A plume that leaves its source, drifts and widens: white, grey or black."""
    side = min(image.shape[:2])
    start, along = _source(image.shape[:2], rng), _direction(rng)
    length = side * rng.uniform(0.2, 0.9)
    wide = (length * rng.uniform(0.03, 0.08), length * rng.uniform(0.12, 0.3))
    depth = _puffs(image.shape[:2], rng, start, along, length, wide)
    depth *= _ragged(image.shape[:2], rng, rng.uniform(0.1, 0.25) * length)
    alpha = _opacity(depth * rng.uniform(0.8, 3.0))
    return _lit(image, alpha, SMOKES[rng.integers(len(SMOKES))], rng)


def _dust(image: Image, rng: np.random.Generator) -> tuple[Image, NDArray[np.bool_]]:
    """A low, wide, tan haze that trails off from a line on the ground, such as a track or a heap."""
    side = min(image.shape[:2])
    (x, y), along, drift = _source(image.shape[:2], rng), _direction(rng), _direction(rng)
    depth = np.zeros(image.shape[:2], np.float32)
    length = side * rng.uniform(0.1, 0.5)
    for step in np.linspace(0, 1, 5):
        start = (x + along[0] * length * step, y + along[1] * length * step)
        wide = (side * rng.uniform(0.03, 0.06), side * rng.uniform(0.08, 0.18))
        depth += _puffs(image.shape[:2], rng, start, drift, side * rng.uniform(0.1, 0.35), wide) / 3
    depth *= _ragged(image.shape[:2], rng, 0.3 * side)
    alpha = _opacity(depth * rng.uniform(0.4, 1.3)) * rng.uniform(0.6, 0.9)
    ground = image.reshape(-1, 3).mean(axis=0)
    tan = 0.8 * np.array(DUSTS[rng.integers(len(DUSTS))]) + 0.2 * ground + rng.uniform(-8, 24)
    return _lit(image, alpha, (tan[0], tan[1], tan[2]), rng, relief=0.12)


@dataclass(frozen=True, slots=True)
class Shore:
    """A stretch of water: its picture, its opacity (h, w), a point of its edge and the way into it."""

    image: Image
    water: Field
    edge: Point
    into: Point


def _shore(image: Image, rng: np.random.Generator) -> Shore:
    h, w = image.shape[:2]
    into = _direction(rng)
    edge = (w * rng.uniform(0.3, 0.7), h * rng.uniform(0.3, 0.7))
    y, x = np.mgrid[:h, :w].astype(np.float32)
    inside = (x - edge[0]) * into[0] + (y - edge[1]) * into[1]
    inside += (noise((h, w), rng, 0.3 * min(h, w)) - 0.5) * 0.15 * min(h, w)
    inside = np.where(inside > min(h, w) * rng.uniform(0.25, 1.2), -1, inside)  # a far bank, or none
    alpha = np.clip(inside / 2, 0, 1).astype(np.float32) * rng.uniform(0.85, 1.0)
    ripples = (noise((h, w), rng, rng.uniform(6, 30), 3) - 0.5) * rng.uniform(5, 30)
    colour = np.array(WATERS[rng.integers(len(WATERS))]) * rng.uniform(0.7, 1.25) + ripples[..., None]
    return Shore(_blend(image, colour, alpha), alpha, edge, into)


def _outfall(image: Image, rng: np.random.Generator) -> tuple[Image, NDArray[np.bool_]]:
    """A pipe or culvert on a bank, a wet streak below it, and a fan of other-coloured water."""
    shape, side = image.shape[:2], min(image.shape[:2])
    shore = _shore(image, rng)
    mouth_px, back = side * rng.uniform(0.025, 0.08), side * rng.uniform(0.02, 0.15)
    mouth = (shore.edge[0] - shore.into[0] * back, shore.edge[1] - shore.into[1] * back)
    reach = side * rng.uniform(0.12, 0.45)
    fan = _puffs(shape, rng, shore.edge, shore.into, reach, (mouth_px * 0.6, reach * rng.uniform(0.15, 0.35)))
    fan = _opacity(fan * _ragged(shape, rng, 0.3 * reach) * rng.uniform(0.7, 2.0)) * (shore.water > 0.5)
    streak = _opacity(_puffs(shape, rng, mouth, shore.into, back + 2, (mouth_px * 0.35, mouth_px * 0.5)) * 2)
    streak *= (shore.water < 0.5) * rng.uniform(0.4, 0.8)
    waste = np.array(WASTES[rng.integers(len(WASTES))]) * rng.uniform(0.8, 1.15)
    drawn = _blend(shore.image, np.array((38.0, 42.0, 46.0)), streak)
    drawn = _blend(drawn, waste + (noise(shape, rng, 8, 2)[..., None] - 0.5) * 14, fan)
    drawn, pipe = _mouth(drawn, mouth, shore.into, mouth_px, rng)
    return drawn, (fan > 0) | (streak > 0) | pipe


def _mouth(
    image: Image, at: Point, into: Point, size_px: float, rng: np.random.Generator
) -> tuple[Image, NDArray[np.bool_]]:
    """The end of a pipe, or a culvert in its head wall, dark inside."""
    import cv2

    turn = float(np.degrees(np.arctan2(into[1], into[0])))
    rim = float(rng.uniform(110, 215))
    layer, cover = image.copy(), np.zeros(image.shape[:2], np.uint8)
    middle = (float(at[0]), float(at[1]))
    if rng.random() < 0.5:
        length = size_px * rng.uniform(1.0, 4.0)
        tail = (middle[0] - into[0] * length / 2, middle[1] - into[1] * length / 2)
        shape: tuple[Point, Point, float] = (tail, (length, size_px), turn)
    else:
        shape = (middle, (size_px * rng.uniform(0.4, 0.8), size_px * rng.uniform(1.6, 3.0)), turn)
    corners = np.round(cv2.boxPoints(shape)).astype(np.int32)
    for canvas, value in ((layer, (rim, rim, rim * 0.98)), (cover, (1.0, 1.0, 1.0))):
        cv2.fillConvexPoly(canvas, corners, value, cv2.LINE_8)
    hole = (middle, (max(2.0, size_px * rng.uniform(0.3, 0.6)), max(2.0, size_px * 0.8)), turn)
    for canvas, value in ((layer, (24.0, 24.0, 26.0)), (cover, (1.0, 1.0, 1.0))):
        cv2.ellipse(canvas, hole, value, -1, cv2.LINE_8)
    return layer, cover.astype(bool)


def _marker(image: Image, rng: np.random.Generator) -> tuple[Image, NDArray[np.bool_]]:
    """A marker panel, turned, a little tilted, in the light of the scene."""
    import cv2

    h, w = image.shape[:2]
    panel = pattern(MARKER_KINDS[rng.integers(len(MARKER_KINDS))], int(rng.integers(40)))
    side = min(h, w) * rng.uniform(0.06, 0.3)
    turn, flat = rng.uniform(0, 2 * np.pi), rng.uniform(0.65, 1.0)
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * side / 2 + rng.uniform(-0.04, 0.04, (4, 2)) * side
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = (square @ spin.T) * (1, flat) + (w * rng.uniform(0.1, 0.9), h * rng.uniform(0.1, 0.9))
    n = float(panel.shape[0])
    source = np.array([[0, 0], [n, 0], [n, n], [0, n]], np.float32) - 0.5
    onto = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    small = cv2.GaussianBlur(panel, (0, 0), max(0.3, 0.35 * n / side))
    ink = cv2.warpPerspective(small, onto, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpPerspective(np.ones_like(panel, np.float32), onto, (w, h), flags=cv2.INTER_LINEAR)
    light = float(np.clip(image.mean() / 128, 0.55, 1.2)) * rng.uniform(0.75, 1.1)
    tone = np.repeat(ink[..., None].astype(np.float32) * light + rng.uniform(0, 25), 3, axis=2)
    alpha = np.where(cover > FAINT, cover, 0).astype(np.float32)
    return _blend(image, tone, alpha), alpha > 0


LABELS: dict[str, Callable[[Image, np.random.Generator], tuple[Image, NDArray[np.bool_]]]] = {
    "smoke": _smoke,
    "dust": _dust,
    "outfall": _outfall,
    "marker": _marker,
}


def _source(shape: tuple[int, int], rng: np.random.Generator) -> Point:
    return shape[1] * rng.uniform(0.12, 0.88), shape[0] * rng.uniform(0.12, 0.88)


def _direction(rng: np.random.Generator) -> Point:
    angle = rng.uniform(0, 2 * np.pi)
    return float(np.cos(angle)), float(np.sin(angle))


def _puffs(
    shape: tuple[int, int], rng: np.random.Generator, start: Point, along: Point, length: float,
    wide: tuple[float, float],
) -> Field:  # fmt: skip
    """(h, w) optical depth: soft balls along a bending path, growing from wide[0] to wide[1] and thinning out."""
    import cv2

    h, w = shape
    rough = max(1, min(h, w) // 160)  # soft as they are, they need no more pixels
    y, x = np.mgrid[: -(-h // rough), : -(-w // rough)].astype(np.float32) * rough
    s = np.linspace(0, 1, 28)
    bend = length * (rng.uniform(-0.35, 0.35) * s**2 + rng.normal(0, 0.02, len(s)))
    px, py = (start[i] + along[i] * length * s + (-along[1], along[0])[i] * bend for i in (0, 1))
    radius = np.maximum(2.0, wide[0] + (wide[1] - wide[0]) * s**0.8)
    weight = (1 - 0.75 * s) * np.minimum(1, length / len(s) / radius * 1.6)
    total = np.zeros(x.shape, np.float32)
    for cx, cy, r, much in zip(px, py, radius, weight, strict=True):
        total += np.float32(much) * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / np.float32(2 * r * r))
    return np.asarray(cv2.resize(total, (w, h), interpolation=cv2.INTER_LINEAR), np.float32)


def _ragged(shape: tuple[int, int], rng: np.random.Generator, lump_px: float) -> Field:
    """(h, w) factor about 1 that tears a plume's edges and makes lumps in it."""
    rough = rng.uniform(2.0, 7.0)
    return np.asarray(np.clip(1 + rough * (noise(shape, rng, max(6.0, lump_px)) - 0.5), 0, 3), np.float32)


def _opacity(depth: Field) -> Field:
    """Beer and Lambert, and nothing where it would be too faint to see."""
    alpha = 1 - np.exp(-depth)
    return np.clip((alpha - FAINT) / (1 - FAINT), 0, 1).astype(np.float32)


def _lit(
    image: Image, alpha: Field, colour: Colour, rng: np.random.Generator, relief: float = 0.35
) -> tuple[Image, NDArray[np.bool_]]:
    """A plume's colour over the picture, lighter on the side of the light."""
    import cv2

    soft = cv2.GaussianBlur(alpha, (0, 0), 1 + 0.012 * min(alpha.shape))
    slope = cv2.Sobel(soft, cv2.CV_32F, 1, 0) + cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    light = 1 - relief * np.tanh(slope * rng.uniform(1, 4)) + 0.12 * (noise(alpha.shape, rng, 24) - 0.5)
    tone = np.array(colour) * rng.uniform(0.85, 1.12) * light[..., None]
    drawn = np.where(alpha >= 1 / 255, alpha, 0).astype(np.float32)
    return _blend(image, tone, drawn), drawn > 0


def _blend(image: Image, tone: NDArray[np.floating], alpha: Field) -> Image:
    cover = alpha[..., None]
    mixed = image * (1 - cover) + tone * cover
    return np.where(cover > 0, np.clip(mixed + 0.5, 0, 255), image).astype(np.uint8)


def _extent(changed: NDArray[np.bool_]) -> Box | None:
    """The box around the pixels that are set, edges included; None where there are none."""
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(rows):
        return None
    return float(columns[0]) - 0.5, float(rows[0]) - 0.5, float(columns[-1]) + 0.5, float(rows[-1]) + 0.5
