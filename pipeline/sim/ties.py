"""Tie points without pixels: what a matcher would find in the photos, with noise and mistakes of a known size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.sim.noise import stream
from pipeline.sim.space import Floats
from pipeline.sim.truth import Truth, upright_to_stored

Indices = NDArray[np.intp]

LEAST_VIEWS = 2
WRONG_WITHIN_PX = 100.0
RAISED = 0.3  # share of the points that stand above the ground where there is anything to stand on


@dataclass(frozen=True, eq=False)
class SimTies:
    """M observations of P things.

    frame: (M,) indices into `truth.photos`; point: (M,) which thing, 0 … P − 1; px: (M, 2) pixels as stored, a turned
    photo's turned; sigma_px: (M,) as a matcher would state it; world_m: (P, 3) true places; wrong: (M,) bool, the
    observations that are somewhere else.
    """

    frame: Indices
    point: Indices
    px: Floats
    sigma_px: Floats
    world_m: Floats
    wrong: NDArray[np.bool_]


def draw_ties(
    truth: Truth,
    per_photo: int = 200,
    sigma_px: float = 0.7,
    wrong: float = 0.0,
    above_m: float = 0.0,
    found: float = 1.0,
) -> SimTies:
    """Points all over what the photos see, each seen by two photos or more, some `per_photo` to a photo on average.

    `sigma_px`: noise on each axis. `wrong`: share of the observations put anywhere within 100 px. `above_m`: mean
    height (exponential) of three points in ten, as trees and roofs have it. `found`: share of the sightings that the
    matcher finds at all; with less than 1, points are seen by fewer photos. Nothing hides a point but the ground
    before the photo that proposed it.
    """
    rng = stream(truth.config, "ties")
    proposed, by = _propose(truth, max(1, -(-per_photo // LEAST_VIEWS)), rng)
    raised = rng.random(len(proposed)) < RAISED
    proposed[:, 2] += np.where(raised, rng.exponential(1.0, len(proposed)), 0.0) * above_m
    frame, point, px = _observe(truth, proposed, by)
    kept = rng.random(len(frame)) < found
    frame, point, px = frame[kept], point[kept], px[kept]
    used = _thin(np.bincount(point, minlength=len(proposed)), per_photo * len(truth.photos), rng)
    kept = used[point]
    frame, point, px = frame[kept], (np.cumsum(used) - 1)[point[kept]], px[kept]
    px = px + sigma_px * rng.standard_normal(px.shape)
    astray = rng.random(len(px)) < wrong
    px = np.where(astray[:, None], px + rng.uniform(-WRONG_WITHIN_PX, WRONG_WITHIN_PX, px.shape), px)
    px = np.clip(px, -0.5, _sizes_px(truth)[frame] - 0.5)
    order = np.lexsort((frame, point))
    sigma = np.full(len(px), sigma_px)
    return SimTies(frame[order], point[order], px[order], sigma, proposed[used], astray[order])


def _sizes_px(truth: Truth) -> Floats:
    """(N, 2) width and height of each photo as stored."""
    return np.array([truth.stored_size(i) for i in range(len(truth.photos))], np.float64)


def _propose(truth: Truth, each: int, rng: np.random.Generator) -> tuple[Floats, Indices]:
    """(K, 3) places where rays through random pixels meet the ground, and (K,) the photos of the rays."""
    starts, rays = [], []
    for lens, shot in zip(truth.lenses, truth.shot, strict=True):
        px = rng.uniform(0, 1, (each, 2)) * [lens.width_px - 1, lens.height_px - 1]
        rays.append(lens.rays(px) @ truth.world_R_cam[shot].T)
        starts.append(np.broadcast_to(truth.world_m[shot], (each, 3)))
    start, ray = np.concatenate(starts), np.concatenate(rays)
    distance = truth.terrain.first_hit(start, ray, eps_m=0.01)
    met = np.isfinite(distance)
    by = np.repeat(np.arange(len(truth.photos)), each)
    return start[met] + ray[met] * distance[met, None], by[met]


def _observe(truth: Truth, world_m: Floats, by: Indices) -> tuple[Indices, Indices, Floats]:
    """(M,) photos, (M,) points and (M, 2) stored pixels of all that is in sight of a photo."""
    frames, points, pixels = [], [], []
    middle, reach = _footprints(truth, world_m, by)
    for i, lens in enumerate(truth.lenses):
        near = np.hypot(*(middle - middle[i]).T) <= reach + reach[i]
        candidates = np.flatnonzero(near[by])
        shot = truth.shot[i]
        px, _ = lens.project((world_m[candidates] - truth.world_m[shot]) @ truth.world_R_cam[shot])
        seen = lens.contains(px)
        frames.append(np.full(int(seen.sum()), i, np.intp))
        points.append(candidates[seen])
        pixels.append(upright_to_stored(px[seen], lens, int(truth.turn_deg[shot])))
    return np.concatenate(frames), np.concatenate(points), np.concatenate(pixels)


def _footprints(truth: Truth, world_m: Floats, by: Indices) -> tuple[Floats, Floats]:
    """(N, 2) and (N,): a circle on the map around what each photo proposed; nothing where it saw no ground."""
    n = len(truth.photos)
    count = np.maximum(np.bincount(by, minlength=n), 1)
    middle = np.column_stack([np.bincount(by, world_m[:, k], n) / count for k in (0, 1)])
    reach = np.zeros(n)
    np.maximum.at(reach, by, np.hypot(*(world_m[:, :2] - middle[by]).T))
    return middle, 1.1 * reach


def _thin(views: Indices, wanted: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(K,) which points to keep: those with views enough, and of these so many as make `wanted` observations."""
    able = views >= LEAST_VIEWS
    share = wanted / max(1, int(views[able].sum()))
    out: NDArray[np.bool_] = able & (rng.random(len(views)) < share)
    return out
