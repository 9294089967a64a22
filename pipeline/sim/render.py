"""Photos of the painted ground through the true camera.

The ground under a grid of pixels is found by rays, the pixels between by interpolation: right for texture. Markers,
whose centres are the truth, are drawn apart, each through its own homography and four times finer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.sim.canvas import Canvas, Picture, paint_far, paint_near
from pipeline.sim.draw.plume_along import paint_along
from pipeline.sim.lens import Lens
from pipeline.sim.markers import SIDE_PX, pattern
from pipeline.sim.noise import stream
from pipeline.sim.pieces import Look, Pieces, far_pieces, near_pieces
from pipeline.sim.ripples import Ripples, draw_ripples, mirror, ripple
from pipeline.sim.sky import Air, draw_patches, haze, look_out, plain
from pipeline.sim.space import Floats
from pipeline.sim.targets import SimTarget
from pipeline.sim.truth import Truth

GRID_PX = 16
FINER = 4
SKY = (214, 196, 176)
SENSOR_SIDE_PX = 1021


@dataclass(frozen=True, slots=True)
class Studio:
    """What all photos of a flight share."""

    truth: Truth
    near: Look
    far: Look  # painted when a photo first looks beyond the near one
    sensor: tuple[Picture, Picture]  # noise to add and to take away
    ripples: Ripples | None
    patches: NDArray[np.float32] | None  # of the land far away, where photos show their horizon


def open_studio(truth: Truth) -> Studio:
    """Paint the ground and draw the sensor's noise, once a flight."""
    noise = stream(truth.config, "sensor").normal(0, 2.2, (SENSOR_SIDE_PX, SENSOR_SIDE_PX, 3)).round()
    plus, minus = np.clip(noise, 0, 255).astype(np.uint8), np.clip(-noise, 0, 255).astype(np.uint8)
    near, far = _canvases(truth)
    ripples = draw_ripples(truth) if truth.config.moving_water else None
    return Studio(truth, near, far, (plus, minus), ripples, draw_patches(truth) if truth.config.sky else None)


def _canvases(truth: Truth) -> tuple[Look, Look]:
    """The fine ground and the coarse, by the places that are looked at."""
    if truth.plan.corridor:
        pieces = Pieces(truth)
        return near_pieces(truth, pieces), far_pieces(truth, pieces)
    near, far = paint_near(truth), cache(lambda: paint_far(truth))
    return lambda en_m: near, lambda en_m: far()


def photo(studio: Studio, index: int) -> Picture:
    """(h, w, 3) uint8, blue first: one photo (an index into `truth.photos`), as it comes off the card."""
    truth = studio.truth
    shot, lens = int(truth.shot[index]), truth.lenses[index]
    at, axes = truth.world_m[shot], truth.world_R_cam[shot]
    picture = _ground(studio, lens, at, axes, index)
    for target in _far_to_near(truth.scored, at):
        if target.label == "marker":
            stamp(picture, lens, at, axes, target)
        elif target.label in ("smoke", "dust"):
            blow(picture, lens, at, axes, target)
    picture = _sense(studio, picture, lens, index)
    return np.ascontiguousarray(np.rot90(picture, -(int(truth.turn_deg[shot]) // 90)))


def _far_to_near(targets: Sequence[SimTarget], at_m: Floats) -> list[SimTarget]:
    """Markers first, plumes over them, the nearest last."""
    return sorted(targets, key=lambda t: (t.label != "marker", -float(np.linalg.norm(t.world_m - at_m))))


def _ground(studio: Studio, lens: Lens, at_m: Floats, axes: Floats, index: int) -> Picture:
    """The bare ground: near canvas, far canvas beyond it, sky where there is none."""
    w, h = lens.width_px, lens.height_px
    cols, rows = (w - 1) // GRID_PX + 2, (h - 1) // GRID_PX + 2
    x, y = np.meshgrid(np.arange(cols) * GRID_PX, np.arange(rows) * GRID_PX)
    rays = lens.rays(np.column_stack([x.ravel(), y.ravel()]).astype(float)) @ axes.T
    distance = studio.truth.terrain.first_hit(np.broadcast_to(at_m, rays.shape), rays, eps_m=0.01)
    ground = at_m + rays * distance[:, None]
    grid = (rows, cols, 3)
    view = View(studio, index, rays.reshape(grid), ground.reshape(grid), distance.reshape(grid[:2]), (h, w))
    middle = _nearer_half(at_m, ground, distance)
    picture, inside = view.of(studio.near(middle))
    if not inside.all():
        far, under = view.of(studio.far(middle))
        far[~under] = SKY if studio.patches is None else view.plain()[~under]
        picture = np.asarray(np.where(inside[..., None], picture, far), np.uint8)
    if studio.patches is not None:
        view.breathe(picture, lens)
    return picture


def _nearer_half(at_m: Floats, ground_m: Floats, distance_m: Floats) -> Floats:
    """(K, 2) east, north of the nearer half of the ground in sight; what is under the camera where there is none."""
    nearest = np.argsort(distance_m)[: (np.isfinite(distance_m).sum() + 1) // 2]
    return ground_m[nearest, :2] if len(nearest) else at_m[None, :2]


@dataclass(frozen=True, slots=True)
class View:
    """One photo's grid of rays and of the ground they meet, (rows, cols, 3) each, every `GRID_PX` pixels.

    `met_m`: (rows, cols) how far that ground is, NaN where there is none.
    """

    studio: Studio
    index: int
    rays: Floats
    ground_m: Floats
    met_m: Floats
    size: tuple[int, int]  # height and width of the photo

    def of(self, canvas: Canvas) -> tuple[Picture, NDArray[np.bool_]]:
        """The canvas seen, and where there is canvas at all."""
        grid = self.ground_m.shape[:2]
        coarse = np.nan_to_num(canvas.to_px(self.ground_m.reshape(-1, 3)[:, :2]), nan=-9e4).reshape(*grid, 2)
        x, y = self._full(coarse[..., 0]), self._full(coarse[..., 1])
        seen = np.asarray(cv2.remap(canvas.picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)
        if self.studio.ripples and canvas.water is not None:
            sun = self._full(mirror(self.rays.reshape(-1, 3)).reshape(grid))
            ripple(self.studio.ripples, self.studio.truth, self.index, seen, canvas, x, y, sun)
        last = np.array(canvas.picture.shape[1::-1]) - 1
        inside = (x >= 0) & (y >= 0) & (x <= last[0]) & (y <= last[1])
        return seen, np.asarray(inside)

    def plain(self) -> Picture:
        """The land beyond the canvases."""
        assert self.studio.patches is not None
        nearness = self._air().nearness
        # Beyond where the ground was searched for, the level land's own distance.
        away = self.rays[..., :2] / np.maximum(nearness, 1e-5)[..., None]
        en_m = self.studio.truth.world_m[self.studio.truth.shot[self.index], :2] + away
        return plain(self.studio.patches, self._full(en_m[..., 0]), self._full(en_m[..., 1]), self._full(nearness))

    def breathe(self, picture: Picture, lens: Lens) -> None:
        """Lay haze over the ground, and the sky."""
        air = self._air()
        haze(picture, self._full(air.above_deg), self._full(air.nearness), float(np.degrees(1 / lens.focal_px)))

    def _air(self) -> Air:
        truth, grid = self.studio.truth, self.met_m.shape
        air = look_out(truth, int(truth.shot[self.index]), self.rays.reshape(-1, 3), self.met_m.ravel())
        return Air(air.above_deg.reshape(grid), air.nearness.reshape(grid))

    def _full(self, coarse: Floats) -> NDArray[np.float32]:
        """(h, w) values between those of the grid."""
        scale = np.array([[1 / GRID_PX, 0, 0], [0, 1 / GRID_PX, 0]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        full = cv2.warpAffine(
            coarse.astype(np.float32), scale, self.size[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(full, np.float32)


def stamp(picture: Picture, lens: Lens, at_m: Floats, axes: Floats, target: SimTarget) -> None:
    """A marker, unless part of it is out of the lens's sight."""
    corners, _ = lens.project((target.parts_m[:, :3] - at_m) @ axes)
    window = _window(corners, 2.0, lens)
    if window is None:
        return
    x0, y0, x1, y1 = window
    size = ((x1 - x0) * FINER, (y1 - y0) * FINER)
    # Pixel edges of the pattern, and of the finer window, against pixel centres.
    source = np.array([[0, 0], [SIDE_PX, 0], [SIDE_PX, SIDE_PX], [0, SIDE_PX]], np.float32) - 0.5
    aim = ((corners - [x0, y0] + 0.5) * FINER - 0.5).astype(np.float32)
    warp = cv2.getPerspectiveTransform(source, aim)
    grey = cv2.warpPerspective(
        _soft(pattern(target.kind, target.code), corners),
        warp,
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    cover = np.zeros(size[::-1], np.uint8)
    cv2.fillConvexPoly(cover, np.round(aim * 16).astype(np.int32), 255, cv2.LINE_8, 4)
    small = (x1 - x0, y1 - y0)
    paint = cv2.resize(grey, small, interpolation=cv2.INTER_AREA).astype(np.float32)[..., None]
    alpha = cv2.resize(cover, small, interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255
    patch = picture[y0:y1, x0:x1]
    patch[:] = np.clip(patch + (paint - patch) * alpha, 0, 255)


def _soft(grey: NDArray[np.uint8], corners_px: Floats) -> NDArray[np.uint8]:
    """The pattern blurred to what the finer window can hold, so that thin parts do not flicker."""
    side = max(1.0, float(np.linalg.norm(np.diff(corners_px, axis=0), axis=1).min()) * FINER)
    blur = 0.4 * SIDE_PX / side
    return (
        grey
        if blur < 0.5
        else np.asarray(cv2.GaussianBlur(grey, (0, 0), blur, borderType=cv2.BORDER_REPLICATE), np.uint8)
    )


def _window(px: Floats, margin_px: float, lens: Lens) -> tuple[int, int, int, int] | None:
    """Whole pixels around points, ends excluded, or None when that is out of the picture."""
    if np.isnan(px).any():
        return None
    x0, y0 = np.maximum(np.floor(px.min(axis=0) - margin_px), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(px.max(axis=0) + margin_px), [lens.width_px, lens.height_px]).astype(int)
    return (int(x0), int(y0), int(x1), int(y1)) if x1 > x0 and y1 > y0 else None


def blow(picture: Picture, lens: Lens, at_m: Floats, axes: Floats, target: SimTarget) -> None:
    """Smoke or dust along the target's balls, into the picture, the same shape in each photo; within their outline.

    at_m: (3,) of the camera; axes: (3, 3), the camera's axes as columns.
    """
    px, depth = lens.project((target.parts_m[:, :3] - at_m) @ axes)
    radii = target.parts_m[:, 3] / depth * lens.focal_px
    seed = [*target.id.encode(), *np.abs(np.round(target.world_m)).astype(int).tolist()]
    paint_along(picture, px, radii, target.label, np.random.default_rng(seed))


def _sense(studio: Studio, picture: Picture, lens: Lens, index: int) -> Picture:
    """What lens and sensor do to light: a little blur, darker corners, its own exposure, noise."""
    rng = np.random.default_rng([studio.truth.config.seed, index])
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 0.75)), np.uint8)
    gain = _corners(lens) * np.float32(rng.uniform(0.93, 1.07) * 256)
    picture = np.asarray(cv2.multiply(picture, cv2.merge([gain] * 3), scale=1 / 256, dtype=cv2.CV_8U), np.uint8)
    shift = rng.integers(0, SENSOR_SIDE_PX, 2)
    plus, minus = (
        _tiled(np.roll(tile, shift, axis=(0, 1)), picture.shape[0], picture.shape[1]) for tile in studio.sensor
    )
    return np.asarray(cv2.subtract(cv2.add(picture, plus), minus), np.uint8)


def _corners(lens: Lens) -> NDArray[np.float32]:
    """(h, w) fall-off of light towards the corners, 1 in the middle."""
    dx = (np.arange(lens.width_px, dtype=np.float32) - lens.width_px / 2) / lens.focal_px
    dy = (np.arange(lens.height_px, dtype=np.float32) - lens.height_px / 2) / lens.focal_px
    out: NDArray[np.float32] = (1 / (1 + 0.35 * (dx[None] ** 2 + dy[:, None] ** 2))).astype(np.float32)
    return out


def _tiled(tile: Picture, height: int, width: int) -> Picture:
    side = len(tile)
    return np.tile(tile, (height // side + 1, width // side + 1, 1))[:height, :width]
