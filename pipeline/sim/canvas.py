"""The ground painted once, seen from above: shapes, then texture at every scale, then the light on the slopes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.sim.noise import stream
from pipeline.sim.plan import place
from pipeline.sim.scene import FIELDS, Shape, draw_scene, water_edge
from pipeline.sim.space import Floats
from pipeline.sim.truth import Truth

Picture = NDArray[np.uint8]  # (h, w, 3), blue first

COARSE_PX = 16
FINE_TILES_PX = (1999, 1601)  # two periods without a common factor: the product does not repeat
MAX_SIDE_PX = 14000
PATCHES = ((60.0, 0.10), (20.0, 0.08), (7.0, 0.07), (2.0, 0.06))  # wavelength in metres, amplitude
SUN = np.array([-0.45, 0.35, 0.82])


@dataclass(frozen=True, slots=True)
class Canvas:
    """A picture of the ground. Its x runs along `heading_deg`, its y to the right of it; `start_m` is pixel (0, 0)."""

    picture: Picture
    heading_deg: float
    start_m: tuple[float, float]
    res_m: float
    water: NDArray[np.uint8] | None = None  # (h, w) 255 where it moves

    def to_px(self, en_m: Floats) -> Floats:
        """(N, 2) east, north to (N, 2) pixels."""
        a = np.radians(self.heading_deg)
        along = en_m[:, 0] * np.sin(a) + en_m[:, 1] * np.cos(a)
        across = en_m[:, 0] * np.cos(a) - en_m[:, 1] * np.sin(a)
        return (np.column_stack([along, across]) - self.start_m) / self.res_m

    def to_en(self, px: Floats) -> Floats:
        """(N, 2) pixels to (N, 2) east, north."""
        return place(self.heading_deg, *(px * self.res_m + self.start_m).T)


def paint_near(truth: Truth) -> Canvas:
    """A fine canvas under the flight."""
    plan = truth.plan
    gsd = truth.config.height_m / truth.nominal[0].focal_px
    reach = np.array([plan.half_along_m + 0.6 * plan.footprint_m[0], plan.half_across_m + 0.6 * plan.footprint_m[1]])
    if truth.config.pattern != "nadir":
        reach[0] += truth.config.height_m
    res = max(gsd * 0.95, 2 * float(reach.max()) / MAX_SIDE_PX)
    return _paint(truth, reach, res)


def paint_far(truth: Truth) -> Canvas:
    """A coarse canvas out to where the DEM ends."""
    far = 0.95 * truth.plan.reach_m
    return _paint(truth, np.array([far, far]), max(0.4, far / 3500))


def _paint(truth: Truth, reach_m: Floats, res_m: float) -> Canvas:
    cols, rows = (int(np.ceil(2 * float(r) / res_m / COARSE_PX)) * COARSE_PX for r in reach_m)
    canvas, rough = blank(truth, (cols, rows), (-float(reach_m[0]), -float(reach_m[1])), res_m)
    for shape in draw_scene(truth):
        put(canvas, rough, shape)
    canvas = soak(truth, canvas)
    light, rng = slopes(truth, canvas), stream(truth.config, "texture")
    coarse = (light * _patches(canvas, light.shape, truth.plan.reach_m, rng)).astype(np.float32)
    grain(canvas, rough, coarse, [fine_tile(side, rng) for side in FINE_TILES_PX])
    return canvas


def blank(
    truth: Truth, size_px: tuple[int, int], start_m: tuple[float, float], res_m: float
) -> tuple[Canvas, NDArray[np.uint8]]:
    """Bare ground, and 100 times each pixel's share of the texture."""
    bare = np.full((size_px[1], size_px[0], 3), FIELDS[0], np.uint8)
    return Canvas(bare, truth.plan.heading_deg, start_m, res_m), np.full(bare.shape[:2], 100, np.uint8)


def soak(truth: Truth, canvas: Canvas) -> Canvas:
    """The canvas with the water's outline where water moves."""
    if not truth.config.moving_water:
        return canvas
    water = np.zeros(canvas.picture.shape[:2], np.uint8)
    reach_m = truth.plan.ground_half_m[0] if truth.plan.corridor else truth.plan.reach_m
    cv2.fillPoly(water, [_fixed(canvas, water_edge(truth.river, reach_m))], (255,), cv2.LINE_8, 4)
    return replace(canvas, water=water)


def _fixed(canvas: Canvas, en_m: Floats) -> NDArray[np.int32]:
    """(K, 2) canvas pixels times 16; OpenCV's fixed-point coordinates overflow far outside the picture."""
    return np.round(np.clip(canvas.to_px(en_m), -20000, 34000) * 16).astype(np.int32)


def put(canvas: Canvas, rough: Picture, shape: Shape) -> None:
    """One shape, with edges to 1/16 px."""
    px = canvas.to_px(shape.en_m)
    h, w = rough.shape
    if (px.max(axis=0) < 0).any() or (px.min(axis=0) > [w, h]).any():
        return
    fixed = _fixed(canvas, shape.en_m)
    texture = (min(255, round(100 * shape.rough)),)
    for target, colour in ((canvas.picture, shape.colour), (rough, texture)):
        if shape.width_m:
            thickness = max(1, round(shape.width_m / canvas.res_m))
            cv2.polylines(target, [fixed], False, colour, thickness, cv2.LINE_8, 4)
        else:
            cv2.fillPoly(target, [fixed], colour, cv2.LINE_8, 4)


def slopes(truth: Truth, canvas: Canvas) -> Floats:
    """(rows / 16, cols / 16) brightness of the slopes, about 1."""
    h, w = canvas.picture.shape[0] // COARSE_PX, canvas.picture.shape[1] // COARSE_PX
    x, y = np.meshgrid((np.arange(w) + 0.5) * COARSE_PX, (np.arange(h) + 0.5) * COARSE_PX)
    ground = truth.terrain.drop(canvas.to_en(np.column_stack([x.ravel(), y.ravel()]))).reshape(h, w, 3)
    across, along = np.gradient(ground, axis=0), np.gradient(ground, axis=1)
    # y runs to the right of x, so that it is y × x that points up.
    up = np.cross(across, along)
    out: Floats = (up @ SUN) / np.linalg.norm(up, axis=2) / SUN[2]
    return np.clip(out, 0.5, 1.3)


def grain(
    canvas: Canvas,
    rough: Picture,
    coarse: NDArray[np.float32],
    tiles: list[NDArray[np.float32]],
    first_px: tuple[int, int] = (0, 0),
) -> None:
    """Multiply the picture by a coarse map and by fine grain, in bands that keep memory low; not what moves."""
    h, w = rough.shape
    for top in range(0, h, 512):
        rows = np.arange(top, min(top + 512, h))
        fine = sum(_row_tiled(np.roll(tile, -first_px[0], axis=1), rows + first_px[1], w) for tile in tiles)
        factor = _band(coarse, rows, w) * (1 + fine * (rough[rows] / np.float32(100)))
        if canvas.water is not None:
            factor[canvas.water[rows] > 0] = 1
        band = canvas.picture[rows[0] : rows[-1] + 1]
        band[:] = np.clip(band * factor[..., None], 0, 255)


def _band(coarse: NDArray[np.float32], rows: NDArray[np.intp], width: int) -> NDArray[np.float32]:
    """Some full-size rows of a map with one value for 16 × 16 px."""
    half = 0.5 / COARSE_PX - 0.5
    place = np.array([[1 / COARSE_PX, 0, half], [0, 1 / COARSE_PX, rows[0] / COARSE_PX + half]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    band = cv2.warpAffine(coarse, place, (width, len(rows)), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(band, np.float32)


def _row_tiled(tile: NDArray[np.float32], rows: NDArray[np.intp], width: int) -> NDArray[np.float32]:
    side = len(tile)
    return np.tile(tile[rows % side], (1, width // side + 1))[:, :width]


def _patches(canvas: Canvas, shape: tuple[int, ...], reach_m: float, rng: np.random.Generator) -> Floats:
    """Patches of 2 to 60 m, about 1, the same at one place on any canvas of the flight."""
    out = np.ones(shape)
    for wavelength_m, amplitude in PATCHES:
        node_m = wavelength_m / 2
        side = int(2 * reach_m / node_m) + 1
        nodes = rng.standard_normal((side, side), dtype=np.float32)
        axes = [
            ((np.arange(n, dtype=np.float32) + 0.5) * COARSE_PX * canvas.res_m + start + reach_m) / node_m
            for n, start in zip(shape[::-1], canvas.start_m, strict=True)
        ]
        x, y = np.meshgrid(*axes)
        out += amplitude * cv2.remap(nodes, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.clip(out, 0.5, 1.6)


def fine_tile(side: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(side, side) grain of 1 to 24 px that repeats without a seam, σ about 0.09."""
    out = np.zeros((side, side), np.float32)
    for blur, amplitude in ((0.7, 0.05), (2.0, 0.045), (6.0, 0.04)):
        noise = rng.standard_normal((side, side), dtype=np.float32)
        pad = int(4 * blur) + 1
        soft = cv2.GaussianBlur(np.pad(noise, pad, mode="wrap"), (0, 0), blur)[pad:-pad, pad:-pad]
        out += amplitude * soft / soft.std()
    return out
