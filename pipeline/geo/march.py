"""The first place where a ray meets a relief, for many rays at once.

Far above the ground a ray jumps ahead by its clearance over the cone's slope plus its own descent, which cannot take
it through the ground; its height is convex in the distance (the earth curves away), so that its tangent is a safe
bound. Close to the ground it goes from cell to cell, and in each the meeting with the bilinear patch is the root of a
quadratic. What a ridge hides stays hidden.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.relief import Index, Mask, Relief, cones_at, inside, patch

Array = NDArray[np.float64]
Codes = NDArray[np.int8]

MET, AWAY, LEFT, BELOW, UNKNOWN, FAR = 0, 1, 2, 3, 4, 5
MAX_RANGE_M = 20_000.0

_AHEAD = 1e-6  # cells: a ray this close to a border counts as in the next cell, or rounding could hold it up
_LEAPS = 12  # rounds of jumps for all rays before the near ones are looked at in detail
_FEW = 0.1  # share of rays for which another round of jumps for all is not worth it
_NEAR = 1.0  # cells: a jump shorter than this is not worth another one


@dataclass(frozen=True, eq=False)
class Rays:
    """N rays: grid x, grid y and height are cubics in the distance t; `start` is at t = 0.

    factors: (3, 3, N) of t, t² and t³ (rows) for x, y and height; speed: (N,) cells a metre that no ray exceeds.
    """

    start: Array
    factors: Array
    speed: Array

    def of(self, which: Index) -> Rays:
        """Some of the rays."""
        return Rays(self.start, self.factors[:, :, which], self.speed[which])

    def at(self, t: Array) -> tuple[Array, Array, Array]:
        """x, y and height at distances t, each (N,)."""
        x, y, h = (s + t * (f[0] + t * (f[1] + t * f[2])) for s, f in zip(self.start, self.factors, strict=True))
        return x, y, h

    def rate(self, axis: int, t: Array) -> Array:
        """Derivative by t of x (0), y (1) or height (2)."""
        first, second, third = self.factors[axis]
        return np.asarray(first + t * (2.0 * second + 3.0 * t * third))


def make_rays(start: Array, factors: Array) -> Rays:
    """Rays with a bound on their speed over the grid within MAX_RANGE_M."""
    powers = np.array([1.0, 2.0 * MAX_RANGE_M, 3.0 * MAX_RANGE_M**2])
    speeds = np.einsum("k,akn->an", powers, np.abs(factors[:2]))
    return Rays(start, factors, speeds.max(axis=0))


def march(relief: Relief, rays: Rays) -> tuple[Array, Codes]:
    """Distances (N,) at which rays first meet the relief, NaN where they do not, and why: MET, AWAY, LEFT, BELOW, FAR.

    A hit on a cell whose height is not known is a hit here; the caller asks for the kind of the cell.
    """
    t, codes = _begin(relief, rays)
    going = np.flatnonzero(codes == MET)
    if going.size:
        near = rays.of(going) if going.size < t.size else rays
        t[going], codes[going] = _first_roots(relief, near, _leap(relief, near, t[going]))
    away = (codes != MET) & (codes != BELOW) & (rays.factors[2, 0] >= 0)
    codes[away] = AWAY
    return np.where(codes == MET, t, np.nan), codes


def _begin(relief: Relief, rays: Rays) -> tuple[Array, Codes]:
    """Where each ray comes down to the highest ground or in over the rim, and which never will."""
    descent, height = -rays.factors[2, 0], float(rays.start[2])
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(height > relief.highest_m, (height - relief.highest_m) / descent, 0.0)
    codes = np.where((descent <= 0) & (height > relief.highest_m), AWAY, MET).astype(np.int8)
    codes[(codes == MET) & (t > MAX_RANGE_M)] = FAR
    t[codes != MET] = 0.0
    x, y = rays.start[:1], rays.start[1:2]
    if not inside(relief, x, y)[0]:
        return _come_in(relief, rays, t, codes)
    if height <= relief.highest_m and _clearance(relief, x, y, rays.start[2:])[0] <= 0:
        codes[:] = BELOW
    return t, codes


def _come_in(relief: Relief, rays: Rays, t: Array, codes: Codes) -> tuple[Array, Codes]:
    """For a camera beside the DEM: go to its rim; who arrives below the ground came through ground nobody knows."""
    for _ in range(4):  # the grid's lines are a little curved
        low, high = _slab(relief, rays, t)
        codes[(codes == MET) & ~(low <= high)] = LEFT
        t = np.where(codes == MET, np.minimum(t + np.maximum(low, 0.0), MAX_RANGE_M), 0.0)
    x, y, h = rays.at(t)
    on = inside(relief, x, y)
    codes[(codes == MET) & (~on | (_clearance(relief, np.where(on, x, 1.0), np.where(on, y, 1.0), h) < 0))] = LEFT
    return t, codes


def _slab(relief: Relief, rays: Rays, t: Array) -> tuple[Array, Array]:
    """From t on, the stretch of the ray's tangent that lies over the grid."""
    low, high = np.full_like(t, -np.inf), np.full_like(t, np.inf)
    for axis, (at, count) in enumerate(zip(rays.at(t)[:2], (relief.width, relief.height), strict=True)):
        rate = rays.rate(axis, t)
        rate = np.where(np.abs(rate) < 1e-12, 1e-12, rate)
        ends = np.stack([(0.5 - at) / rate, (count - 1.5 - at) / rate])
        low, high = np.maximum(low, ends.min(axis=0)), np.minimum(high, ends.max(axis=0))
    return low, high


def _clearance(relief: Relief, x: Array, y: Array, h: Array) -> Array:
    i, j = x.astype(np.intp), y.astype(np.intp)
    z0, a, b, c = patch(relief, i, j)
    fx, fy = x - i, y - j
    return np.asarray(h - (z0 + fx * a + fy * (b + fx * c)))


def _leap(relief: Relief, rays: Rays, t: Array) -> Array:
    """Jump all rays together until most of them are near the ground; those off the grid stay where they left it."""
    last_x, last_y = relief.width - 1.5, relief.height - 1.5
    for _ in range(_LEAPS):
        x, y, h = rays.at(t)
        x_on, y_on = np.minimum(np.maximum(x, 0.5), last_x), np.minimum(np.maximum(y, 0.5), last_y)
        step = _jump(relief, rays, x_on, y_on, h, rays.rate(2, t))
        step[(x_on != x) | (y_on != y) | (t > MAX_RANGE_M)] = 0.0
        t = t + step
        if np.count_nonzero(step * rays.speed > _NEAR) < _FEW * t.size:
            break
    return t


def _jump(relief: Relief, rays: Rays, x: Array, y: Array, h: Array, climb: Array) -> Array:
    """How far rays may go without meeting the ground, in m; at most MAX_RANGE_M."""
    cone = cones_at(relief, x.astype(np.intp), y.astype(np.intp))
    closing = cone * rays.speed - climb
    clearance = np.maximum(_clearance(relief, x, y, h), 0.0)
    return np.minimum(clearance / np.maximum(closing, 1e-9), MAX_RANGE_M)


def _first_roots(relief: Relief, all_rays: Rays, t: Array) -> tuple[Array, Codes]:
    """Go from cell to cell, or jump where there is room, until every ray has met the ground or left."""
    ends, codes = np.empty_like(t), np.empty(t.shape, np.int8)
    who, rays = np.arange(t.size), all_rays
    while who.size:
        on, met, hit, ahead = _cell_step(relief, rays, t)
        far = t > MAX_RANGE_M
        done = hit | far | ~on
        if done.any():
            ends[who[done]] = met[done]
            codes[who[done]] = np.where(far, FAR, np.where(on, MET, LEFT))[done]
            keep = np.flatnonzero(~done)
            who, ahead, rays = who[keep], ahead[keep], rays.of(keep)
        t = ahead
    x, y, _ = all_rays.at(ends)
    codes[(codes == MET) & ~inside(relief, x, y)] = LEFT  # met the outer half of the ring around the file's cells
    return ends, codes


def _cell_step(relief: Relief, rays: Rays, t: Array) -> tuple[Mask, Array, Mask, Array]:
    """Whether rays are on the grid, where they meet the patch below them, whether they do, and where to go on."""
    x, y, h = rays.at(t)
    dx, dy, dh = (rays.rate(axis, t) for axis in range(3))
    on = inside(relief, x, y)
    i, fx = _column(x, dx, relief.width - 2)
    j, fy = _column(y, dy, relief.height - 2)
    z0, a, b, c = patch(relief, i, j)
    clearance = h - (z0 + fx * a + fy * (b + fx * c))
    leave = np.minimum(_to_border(fx, dx), _to_border(fy, dy))
    closing = dh - (dx * (a + fy * c) + dy * (b + fx * c))
    bend = rays.factors[2, 1] - c * dx * dy
    root = _root(bend, closing, clearance)
    met = clearance <= 0
    hit = met | (root <= leave)
    jump = clearance / np.maximum(cones_at(relief, i, j) * rays.speed - dh, 1e-9)
    ahead = t + np.minimum(np.maximum(leave, jump), MAX_RANGE_M)
    return on, np.where(met, t, t + root), hit, ahead


def _column(x: Array, dx: Array, last: int) -> tuple[Index, Array]:
    """The cell in which a ray goes on, and where in it the ray is."""
    i = np.minimum(np.maximum(x + np.copysign(_AHEAD, dx), 0.0), last).astype(np.intp)
    return i, x - i


def _to_border(fx: Array, dx: Array) -> Array:
    """Distance along the ray to the cell's border, in m."""
    with np.errstate(divide="ignore"):
        return np.asarray((np.where(dx > 0, 1.0, 0.0) - fx) / np.where(dx == 0, -1e-300, dx))


def _root(bend: Array, slope: Array, value: Array) -> Array:
    """The smallest positive root of bend t² + slope t + value for value > 0; inf or NaN where there is none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        below = np.sqrt(slope * slope - 4.0 * bend * value) - slope
        return np.asarray(np.where(below > 0, 2.0 * value / below, np.inf))
