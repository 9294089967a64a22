"""Tiles: a square of a photo at some scale, things in it that do not touch, the sensor's noise and JPEG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.second_pen.camera import FOCAL_OF_WIDTH, Camera
from benchmarks.second_pen.difficulty import VISIBLE, box_of, laid, size_px, wanted_de
from benchmarks.second_pen.light import Light, light_of
from benchmarks.second_pen.outfalls import outfall
from benchmarks.second_pen.panels import panel
from benchmarks.second_pen.plumes import Place, plume
from benchmarks.second_pen.values import LABELS, Box, Floats, Layer, Thing
from pipeline.imagery import encode_jpeg

SCALES = (1.0, 8.0)  # photo pixels a tile pixel
CLEAN = 0.25
NUMBERS = (0.5, 0.3, 0.2)  # shares of tiles with 1, 2, 3 things
TRIES = 8
CROPS = 6  # looked for a place that is not all water
ON_LAND = ("dust", "outfall", "marker")
LEAST_DEPRESSION_RAD = {"smoke": 0.07, "dust": 0.10, "outfall": 0.26, "marker": 0.26}
APART_PX = 3
WHOLE = ("outfall", "marker")  # never cut by the tile's border
LEAST_OF_SIZE = 0.6


@dataclass(frozen=True, slots=True)
class Tile:
    """A finished picture, what is on it, and the cover of each thing as bytes (h, w)."""

    jpeg: bytes
    things: tuple[Thing, ...]
    masks: tuple[NDArray[np.uint8], ...]


def tile_of(photo: NDArray[Any], down_rad: float, side_px: int, rng: np.random.Generator) -> Tile:
    """One tile of a photo (h, w, 3) whose camera looks `down_rad` below the horizon."""
    tile, camera = _cropped(photo, down_rad, side_px, rng)
    number = 0 if rng.random() < CLEAN else int(rng.choice([1, 2, 3], p=NUMBERS))
    for _ in range(CROPS):
        if number and _wet_share(tile) > 0.5:
            tile, camera = _cropped(photo, down_rad, side_px, rng)
    light = light_of(photo, tile, rng)
    things: list[Thing] = []
    taken: list[Box] = []
    masks: list[NDArray[np.uint8]] = []
    for label in rng.choice(LABELS, number):
        added = _added(str(label), tile, camera, light, taken, rng)
        if added is not None:
            tile, cover, thing, room = added
            taken.append(room)
            things.append(thing)
            masks.append(np.round(cover * 255).astype(np.uint8))
    return Tile(_taken(tile, rng), tuple(things), tuple(masks))


def _cropped(photo: NDArray[Any], down_rad: float, side_px: int, rng: np.random.Generator) -> tuple[Floats, Camera]:
    """A square of the photo below its horizon, averaged to the side, and the camera that sees it."""
    height, width = photo.shape[:2]
    most = min(SCALES[1], min(height, width) / side_px)
    scale = float(np.exp(rng.uniform(np.log(min(SCALES[0], most)), np.log(most))))
    cut = max(2, min(round(scale * side_px), height, width))
    focal = FOCAL_OF_WIDTH * width
    horizon = height / 2 - focal * np.tan(down_rad)
    top = int(np.clip(horizon - 0.1 * cut, 0, height - cut))
    x, y = int(rng.integers(0, width - cut + 1)), int(rng.integers(top, height - cut + 1))
    way = cv2.INTER_AREA if cut >= side_px else cv2.INTER_CUBIC
    tile = cv2.resize(photo[y : y + cut, x : x + cut], (side_px, side_px), interpolation=way).astype(np.float32)
    k = side_px / cut
    return tile, Camera(focal * k, (width / 2 - x) * k, (height / 2 - y) * k, down_rad)


def is_water(tile: Floats, u: float, v: float) -> bool:
    """Whether the photo is bluish there, in a way that neither leaves, soil nor near infrared are."""
    row, col = int(v), int(u)
    part = tile[max(row - 20, 0) : row + 20, max(col - 20, 0) : col + 20]
    blue, green, red = part.reshape(-1, 3).mean(axis=0)
    return bool(min(blue, green) > red * 1.04 and blue > 0.75 * green)


def _wet_share(tile: Floats) -> float:
    """The share of nine places of a tile that are water."""
    places = [len(tile) * (2 * k + 1) / 6 for k in range(3)]
    return float(np.mean([is_water(tile, u, v) for u in places for v in places]))


def _maker(label: str, tile: Floats, camera: Camera, light: Light, size: float, rng: np.random.Generator) -> Place:
    side = (tile.shape[0], tile.shape[1])
    if label == "outfall":
        return outfall(size, side, camera, light, rng)
    if label == "marker":
        return panel(size, side, camera, light, rng)
    return plume(label, size, side, camera, light, rng)


def _added(
    label: str, tile: Floats, camera: Camera, light: Light, taken: list[Box], rng: np.random.Generator
) -> tuple[Floats, Floats, Thing, Box] | None:
    """The tile with one thing more, its cover, the thing, and the room it takes.

    None where it finds no room or cannot be as faint or plain as it should.
    """
    side = tile.shape[0]
    size, wanted = size_px(label, side, rng), wanted_de(label, rng)
    place = _maker(label, tile, camera, light, size, rng)
    margin = min(0.45 * side, 0.5 * size) if label in WHOLE else 0.04 * side
    for _ in range(TRIES):
        u, v = rng.uniform(margin, side - 1 - margin, 2)
        wet = label in ON_LAND and is_water(tile, u, v)
        if wet or camera.depression_rad(v) < LEAST_DEPRESSION_RAD[label]:
            continue
        layer = place(float(u), float(v))
        done = None if layer is None or not layer.depth.any() else laid(tile, layer, wanted)
        if layer is None or done is None or not _fits(done[2], done[1], size):
            continue
        room = _room(done[2].box_px, layer)
        if all(_apart(room, other) for other in taken):
            return _softened(tile, done[0], light), done[1], done[2], room
    return None


def _room(box: Box, layer: Layer) -> Box:
    """The box of a thing and of the scenery that comes with it."""
    other = None if layer.scenery is None else box_of(layer.scenery[1])
    if other is None:
        return box
    return min(box[0], other[0]), min(box[1], other[1]), max(box[2], other[2]), max(box[3], other[3])


def _apart(a: Box, b: Box) -> bool:
    return a[2] + APART_PX < b[0] or b[2] + APART_PX < a[0] or a[3] + APART_PX < b[1] or b[3] + APART_PX < a[1]


def _fits(thing: Thing, cover: Floats, size: float) -> bool:
    """Large enough, whole where it must be, its source in the tile and in or close by its box."""
    x0, y0, x1, y1 = thing.box_px
    height, width = cover.shape
    u, v = thing.source_px
    if not (0 <= u <= width - 1 and 0 <= v <= height - 1) or thing.size_px < LEAST_OF_SIZE * size:
        return False
    if thing.label in WHOLE and max(c.max() for c in (cover[0], cover[-1], cover[:, 0], cover[:, -1])) >= VISIBLE:
        return False
    near = 2 + 0.06 * thing.size_px
    return x0 - near <= u <= x1 + near and y0 - near <= v <= y1 + near


def _softened(before: Floats, after: Floats, light: Light) -> Floats:
    """What was drawn, as blurred as a lens makes it; the rest stays as sharp as it was."""
    return before + cv2.GaussianBlur(after - before, (0, 0), light.blur_px)


def _taken(tile: Floats, rng: np.random.Generator) -> bytes:
    """Shot noise that grows with light, and JPEG."""
    height, width = tile.shape[:2]
    strength = rng.uniform(0.5, 3.0)
    grain = rng.standard_normal((height, width, 1), dtype=np.float32) * 0.8
    grain = grain + rng.standard_normal((height, width, 3), dtype=np.float32) * 0.6
    noisy = tile + strength * np.sqrt(np.clip(tile, 8, 255) / 128) * grain
    return encode_jpeg(np.clip(np.round(noisy), 0, 255).astype(np.uint8), int(rng.integers(72, 96)))
