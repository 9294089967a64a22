"""A large picture as looks of a network's size: overlapping tiles at one scale or several, and the whole at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.imagery import Image

GREY = 114  # what every YOLO was trained to see beside a picture
MOST_TILES = 5000
COARSE = 2.0  # pictures that shrink by more are averaged over areas first; fewer pixels are as ultralytics makes them


@dataclass(frozen=True, slots=True)
class Tiling:
    """How a model wants pictures cut."""

    scales: tuple[float, ...] = (1.0,)  # network pixels a picture pixel, one set of tiles each
    long_px: tuple[int, ...] = ()  # instead: long sides to which pictures that are longer are reduced
    overlap: float = 0.2  # of a tile's side, at least
    whole: bool = True  # one look at the whole picture too: a plume may be larger than a tile
    small_px: int | None = None  # pictures up to this long are seen whole only; None: the network's own size

    def scales_of(self, width_px: int, height_px: int) -> list[float]:
        """The scales for a picture, the finest first, each once.

        A camera with more pixels mostly sees the same ground, finer: `long_px` cuts by the ground, `scales` by pixels.
        """
        longs = (min(1.0, long_px / max(width_px, height_px)) for long_px in self.long_px)
        return sorted(set(longs if self.long_px else self.scales), reverse=True)


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of whole pixels, ends excluded."""

    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True, slots=True)
class Pass:
    """The picture at one size, and the tiles that cover it."""

    width_px: int
    height_px: int
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a tile lies in the network's input: input = tile · gain + pad, in coordinates from the corner."""

    gain_x: float
    gain_y: float
    pad_x: int
    pad_y: int


def passes(width_px: int, height_px: int, side_px: tuple[int, int], tiling: Tiling) -> list[Pass]:
    """All looks at a picture, the finest tiles first; `side_px` is the network's input (height, width).

    Raises ModelError for more than MOST_TILES tiles.
    """
    height_in, width_in = side_px
    small = max(width_px, height_px) <= (tiling.small_px or max(side_px))
    found: list[Pass] = []
    for scale in () if small else tiling.scales_of(width_px, height_px):
        width, height = max(1, round(width_px * scale)), max(1, round(height_px * scale))
        if width <= width_in and height <= height_in:
            break  # the whole picture, which comes below
        tiles = _tiles(width, height, width_in, height_in, tiling.overlap)
        found.append(Pass(width, height, tiles))
    if sum(len(p.tiles) for p in found) > MOST_TILES:
        raise ModelError(f"{width_px} × {height_px} pixels would take more than {MOST_TILES} tiles")
    if tiling.whole or not found:
        found.append(_whole(width_px, height_px, width_in, height_in))
    return found


def _tiles(width: int, height: int, width_in: int, height_in: int, overlap: float) -> tuple[Tile, ...]:
    across, down = _starts(width, width_in, overlap), _starts(height, height_in, overlap)
    return tuple(Tile(x, y, min(x + width_in, width), min(y + height_in, height)) for y in down for x in across)


def _starts(length: int, side: int, overlap: float) -> list[int]:
    """Where tiles begin, spread evenly: the last one ends with the picture, and each overlaps the next at least so."""
    if length <= side:
        return [0]
    count = math.ceil((length - side) / max(side * (1 - overlap), 1)) + 1
    return [round(i * (length - side) / (count - 1)) for i in range(count)]


def _whole(width: int, height: int, width_in: int, height_in: int) -> Pass:
    gain = min(width_in / width, height_in / height)
    if gain < 1 / COARSE:
        width, height = max(1, round(width * gain)), max(1, round(height * gain))
    return Pass(width, height, (Tile(0, 0, width, height),))


def resized(image: Image, look: Pass) -> Image:
    """The picture at the size of a pass; shrunk pictures are averaged over areas."""
    import cv2

    height, width = image.shape[:2]
    if (width, height) == (look.width_px, look.height_px):
        return image
    way = cv2.INTER_AREA if look.width_px < width else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (look.width_px, look.height_px), interpolation=way), np.uint8)


def letterbox(image: Image, side_px: tuple[int, int], centred: bool) -> tuple[Image, Placement]:
    """The picture scaled into (height, width) on grey: in the middle, as ultralytics, or top left, as YOLOX does."""
    import cv2

    height, width = image.shape[:2]
    if (height, width) == side_px:
        return image, Placement(1.0, 1.0, 0, 0)
    gain = min(side_px[0] / height, side_px[1] / width)
    if centred:
        new_w, new_h = max(round(width * gain), 1), max(round(height * gain), 1)
        pad_x, pad_y = round((side_px[1] - new_w) / 2 - 0.1), round((side_px[0] - new_h) / 2 - 0.1)
    else:
        new_w, new_h, pad_x, pad_y = max(int(width * gain), 1), max(int(height * gain), 1), 0, 0
    if (new_w, new_h) != (width, height):
        image = np.asarray(cv2.resize(image, (new_w, new_h), interpolation=cv2.INTER_LINEAR), np.uint8)
    canvas = np.full((*side_px, 3), GREY, np.uint8)
    canvas[pad_y : pad_y + new_h, pad_x : pad_x + new_w] = image
    return canvas, Placement(new_w / width, new_h / height, pad_x, pad_y)


def back(boxes: NDArray[np.float32], place: Placement, tile: Tile) -> NDArray[np.float32]:
    """Boxes (N, 4) in the network's input, put into the pass's picture and cut to the tile; from the corner, both."""
    pad = np.array([place.pad_x, place.pad_y] * 2, np.float32)
    gain = np.array([place.gain_x, place.gain_y] * 2, np.float32)
    corner = np.array([tile.x0, tile.y0] * 2, np.float32)
    most = np.array([tile.x1 - tile.x0, tile.y1 - tile.y0] * 2, np.float32)
    return np.asarray(np.clip((boxes - pad) / gain, 0, most) + corner, np.float32)
