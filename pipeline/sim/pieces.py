"""A canvas of kilometres, painted piece by piece as the photos come to look at it.

All pieces lie in one grid of pixels, so that what two of them show of one place is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.sim.canvas import (
    COARSE_PX,
    FINE_TILES_PX,
    PATCHES,
    Canvas,
    blank,
    fine_tile,
    grain,
    put,
    slopes,
    soak,
)
from pipeline.sim.corridor import draw_corridor
from pipeline.sim.noise import stream
from pipeline.sim.space import Floats
from pipeline.sim.truth import Truth

KEPT = 2  # pieces in memory
LENGTH_PX = 6000  # of a piece, beside what one photo sees
NODES = 1024  # of a patchwork, which then repeats

Look = Callable[[Floats], Canvas]


def near_pieces(truth: Truth, pieces: Pieces) -> Look:
    """The fine ground under the strips, by (N, 2) east, north that a photo sees."""
    plan = truth.plan
    gsd = truth.config.height_m / truth.nominal[0].focal_px
    pad = plan.footprint_m[0] + (truth.config.height_m if truth.config.pattern != "nadir" else 0.0)
    return pieces.of(0.95 * gsd, pad, plan.half_across_m + 0.6 * plan.footprint_m[1])


def far_pieces(truth: Truth, pieces: Pieces) -> Look:
    """The coarse ground out to where the DEM ends."""
    return pieces.of(0.4, 600.0, 0.95 * truth.plan.ground_half_m[1])


class Pieces:
    """What the pieces of all canvases of a flight are made from."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.shapes = draw_corridor(truth)
        self._ends_m = np.array([_ends(truth, shape.en_m, shape.width_m) for shape in self.shapes])
        rng = stream(truth.config, "corridor texture")
        self.tiles = [fine_tile(side, rng) for side in FINE_TILES_PX]
        self.nodes = [rng.standard_normal((NODES, NODES), dtype=np.float32) for _ in PATCHES]

    def of(self, res_m: float, pad_m: float, half_across_m: float) -> Look:
        """A canvas's pieces: each serves places along `LENGTH_PX` and holds `pad_m` more at either end."""
        step_m = LENGTH_PX * res_m
        rows = 2 * int(np.ceil(half_across_m / res_m / COARSE_PX / 2)) * COARSE_PX
        pad_px = int(np.ceil(pad_m / res_m / COARSE_PX)) * COARSE_PX

        @lru_cache(maxsize=KEPT)
        def piece(k: int) -> Canvas:
            first = (k * (LENGTH_PX // COARSE_PX) * COARSE_PX - pad_px, -rows // 2)
            return self._paint(first, (LENGTH_PX + 2 * pad_px, rows), res_m)

        heading = np.radians(self.truth.plan.heading_deg)
        return lambda en_m: piece(int(np.floor(np.median(en_m @ [np.sin(heading), np.cos(heading)]) / step_m)))

    def _paint(self, first_px: tuple[int, int], size_px: tuple[int, int], res_m: float) -> Canvas:
        start_m = (first_px[0] * res_m, first_px[1] * res_m)
        canvas, rough = blank(self.truth, size_px, start_m, res_m)
        low, high = start_m[0], start_m[0] + size_px[0] * res_m
        for i in np.flatnonzero((self._ends_m[:, 0] <= high) & (self._ends_m[:, 1] >= low)):
            put(canvas, rough, self.shapes[i])
        canvas = soak(self.truth, canvas)
        coarse = slopes(self.truth, canvas)
        grain(canvas, rough, (coarse * self._patches(canvas, coarse.shape)).astype(np.float32), self.tiles, first_px)
        return canvas

    def _patches(self, canvas: Canvas, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Patches of 2 to 60 m, about 1."""
        out = np.ones(shape, np.float32)
        for (wavelength_m, amplitude), nodes in zip(PATCHES, self.nodes, strict=True):
            axes = [
                np.float32((((np.arange(n) + 0.5) * COARSE_PX * canvas.res_m + start) / (wavelength_m / 2)) % NODES)
                for n, start in zip(shape[::-1], canvas.start_m, strict=True)
            ]
            x, y = np.meshgrid(*axes)
            out += np.float32(amplitude) * cv2.remap(nodes, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)
        return np.clip(out, 0.5, 1.6)


def _ends(truth: Truth, en_m: Floats, width_m: float) -> tuple[float, float]:
    """From where to where a shape reaches along the strips."""
    a = np.radians(truth.plan.heading_deg)
    along = en_m @ np.array([np.sin(a), np.cos(a)])
    return float(along.min()) - width_m, float(along.max()) + width_m
