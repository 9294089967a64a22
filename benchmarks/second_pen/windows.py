"""The part of a tile that a thing of the world may cover, sampled on a grid, and bringing things to a wanted size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.second_pen.difficulty import box_of
from benchmarks.second_pen.values import Floats

MOST_PX = 2000.0


@dataclass(frozen=True, slots=True)
class Window:
    """Pixels x0..x1, y0..y1 (ends excluded) looked at on a grid of (rows, columns)."""

    x0: int
    y0: int
    x1: int
    y1: int
    rows: int
    columns: int

    def pixels(self) -> tuple[Floats, Floats]:
        """Pixel coordinates u, v, both (rows, columns)."""
        us = self.x0 - 0.5 + (np.arange(self.columns) + 0.5) * (self.x1 - self.x0) / self.columns
        vs = self.y0 - 0.5 + (np.arange(self.rows) + 0.5) * (self.y1 - self.y0) / self.rows
        u, v = np.meshgrid(us, vs)
        return u, v

    def pasted(self, values: Floats, height: int, width: int) -> Floats:
        """Values on the grid brought to a tile's pixels; 0 outside the window. The window lies in the tile."""
        size = (self.x1 - self.x0, self.y1 - self.y0)
        way = cv2.INTER_AREA if self.columns > size[0] else cv2.INTER_LINEAR
        out = np.zeros((height, width, *values.shape[2:]), np.float32)
        out[self.y0 : self.y1, self.x0 : self.x1] = cv2.resize(values.astype(np.float32), size, interpolation=way)
        return out


def around(points_px: Floats) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of points (n, 2)."""
    low, high = points_px.min(axis=0), points_px.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def coarse(points_px: Floats, cells: int = 44) -> Window:
    """All that the points enclose, on a square grid."""
    x0, y0, x1, y1 = np.clip(around(points_px), -MOST_PX, MOST_PX)
    return Window(int(x0) - 1, int(y0) - 1, int(x1) + 2, int(y1) + 2, cells, cells)


def inside(points_px: Floats, height: int, width: int, per_px: float, most: int) -> Window | None:
    """What of it lies in the tile, with `per_px` samples a pixel but no more than `most` a side."""
    x0, y0, x1, y1 = around(points_px)
    left, top = int(np.clip(x0 - 1, 0, width)), int(np.clip(y0 - 1, 0, height))
    right, bottom = int(np.clip(x1 + 2, 0, width)), int(np.clip(y1 + 2, 0, height))
    if right - left < 3 or bottom - top < 3:
        return None
    rows, columns = (min(most, max(2, round(n * per_px))) for n in (bottom - top, right - left))
    return Window(left, top, right, bottom, rows, columns)


def brought_to(size_px: float, first: float, cover: Callable[[float], tuple[Floats, Window]]) -> float | None:
    """The scale at which the box of `cover(scale)` has the wanted size: two steps of a rule of three."""
    scale = first
    for _ in range(2):
        values, window = cover(scale)
        box = box_of(values)
        if box is None:
            return None
        wide = (box[2] - box[0]) * (window.x1 - window.x0) / window.columns
        high = (box[3] - box[1]) * (window.y1 - window.y0) / window.rows
        scale *= float(np.clip(size_px / np.sqrt(wide * high), 0.05, 20))
    return scale
