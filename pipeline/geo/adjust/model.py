"""Pixels as functions of the unknowns, and how they change with each (the collinearity equations, Kraus 2007, §4.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.adjust.problem import COMMON, POSE, Problem
from pipeline.geo.camera import distort, distortion_jacobian, rays
from pipeline.geo.geodesy import from_enu, to_enu
from pipeline.types import LENS, Camera, GeoPoint

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class State:
    """Where the adjustment stands.

    pose: (B, 6) corrections of the exposures, m and rad; lens: (G, 5) as `LENS`: of the logarithm of the focal length,
    px, px, k1, k2; shared: (11,) six in sigmas, then the ground's shift in m and lean; ground: (K,) as
    `known.Relief` orders it; points: (P, 3) m.
    """

    pose: Array
    lens: Array
    shared: Array
    ground: Array
    points: Array


@dataclass(frozen=True, eq=False)
class Linear:
    """M observations at a state: residual (M, 2) px, seen minus computed; by_pose (M, 2, 6), by_lens (M, 2, 5),
    by_point (M, 2, 3); front (M,) whether the point lies before the camera."""

    residual: Array
    by_pose: Array
    by_lens: Array
    by_point: Array
    front: NDArray[np.bool_]


def positions(problem: Problem, pose: Array) -> Array:
    """(B, 3) corrected positions."""
    return np.asarray(problem.at + np.einsum("bij,bj->bi", problem.local, pose[:, :3]))


def turns(problem: Problem, pose: Array) -> tuple[Array, Array]:
    """(B, 3, 3) rotations that correct the attitudes, and the axes (B, 3, 3) about which a further change turns."""
    w = np.einsum("bki,bk->bi", problem.axes, pose[:, 3:])
    angle = np.linalg.norm(w, axis=1)[:, None, None]
    safe = np.where(angle < 1e-8, 1.0, angle)
    k = cross_matrix(w)
    kk = k @ k
    sin = np.where(angle < 1e-8, 1.0, np.sin(safe) / safe)
    cos = np.where(angle < 1e-8, 0.5, (1.0 - np.cos(safe)) / safe**2)
    rest = np.where(angle < 1e-8, 1.0 / 6.0, (safe - np.sin(safe)) / safe**3)
    left = np.eye(3) + cos * k + rest * kk  # d exp(w) = [left dw] exp(w)
    return np.eye(3) + sin * k + cos * kk, np.einsum("bij,bkj->bki", left, problem.axes)


def cross_matrix(v: Array) -> Array:
    """(N, 3) -> (N, 3, 3) with cross_matrix(v) @ x = v × x."""
    x, y, z = v.T
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(-1, 3, 3)


def corrected_camera(camera: Camera, change: Array) -> Camera:
    """The lens with (5,) changes as `LENS`."""
    k1, k2, p1, p2, k3 = camera.distortion
    longer = float(np.exp(change[0]))
    return replace(
        camera,
        fx_px=camera.fx_px * longer,
        fy_px=camera.fy_px * longer,
        cx_px=camera.cx_px + float(change[1]),
        cy_px=camera.cy_px + float(change[2]),
        distortion=(k1 + float(change[3]), k2 + float(change[4]), p1, p2, k3),
    )


def linearise(problem: Problem, state: State) -> Linear:
    """All observations at a state."""
    ties, block = problem.ties, problem.block_of[problem.ties.frame]
    correction, axes = turns(problem, state.pose)
    rotation = correction[problem.block_of] @ problem.rotation  # (F, 3, 3)
    away = state.points[ties.point] - positions(problem, state.pose)[block]
    seen = np.einsum("mji,mj->mi", rotation[ties.frame], away)  # in camera axes
    front = seen[:, 2] > 0.1
    depth = np.where(front, seen[:, 2], 1.0)
    xy = seen[:, :2] / depth[:, None]
    residual, by_xy, by_lens = _through_lenses(problem, state, xy)
    zero = np.zeros_like(depth)
    xy_by_seen = np.stack(
        [1.0 / depth, zero, -xy[:, 0] / depth, zero, 1.0 / depth, -xy[:, 1] / depth], axis=-1
    ).reshape(-1, 2, 3)
    by_point = by_xy @ xy_by_seen @ rotation[ties.frame].swapaxes(1, 2)
    moved = -by_point @ problem.local[block]
    turned = by_point @ np.cross(away[:, None, :], axes[block]).swapaxes(1, 2)  # a turn of the camera by +θ: -θ × away
    by_pose = np.concatenate([moved, turned], axis=2)
    return Linear(residual, by_pose, by_lens, by_point, np.asarray(front & np.isfinite(residual).all(axis=1)))


def _through_lenses(problem: Problem, state: State, xy: Array) -> tuple[Array, Array, Array]:
    """(residual (M, 2), pixel by ideal coordinates (M, 2, 2), pixel by lens (M, 2, 5)), lens by lens."""
    ties, lens = problem.ties, problem.lens_of[problem.ties.frame]
    residual, by_xy = np.empty_like(xy), np.empty((len(xy), 2, 2))
    by_lens = np.zeros((len(xy), 2, len(LENS)))
    for g, told in enumerate(problem.cameras):
        some = np.flatnonzero(lens == g)
        if not len(some):
            continue
        camera = corrected_camera(told, state.lens[g])
        focal = np.array([camera.fx_px, camera.fy_px])
        x = xy[some]
        bent = distort(x, camera.distortion)
        xx, cross, yy = distortion_jacobian(x, camera.distortion)
        by_xy[some] = np.stack([xx, cross, cross, yy], axis=-1).reshape(-1, 2, 2) * focal[:, None]
        residual[some] = ties.px[some] - (bent * focal + [camera.cx_px, camera.cy_px])
        r2 = (x**2).sum(axis=1)[:, None]
        by_lens[some] = np.stack(
            [bent * focal, np.broadcast_to([1.0, 0.0], x.shape), np.broadcast_to([0.0, 1.0], x.shape),
             x * r2 * focal, x * r2**2 * focal], axis=-1,
        )  # fmt: skip
    return residual, by_xy, by_lens


def start(problem: Problem, pose: Array | None = None) -> State:
    """Poses as recorded (or as given), points where their rays meet the ground, on the mean."""
    pose = np.zeros((len(problem.at), POSE)) if pose is None else pose
    lens = np.zeros((len(problem.cameras), len(LENS)))
    return State(pose, lens, np.zeros(COMMON), np.zeros(0), points_on_ground(problem, pose, lens))


def points_on_ground(problem: Problem, pose: Array, lens: Array) -> Array:
    """(P, 3) means of where the rays of each point meet the ground; NaN where none does."""
    ties = problem.ties
    met = np.full((len(ties.frame), 3), np.nan)
    where, (correction, _) = positions(problem, pose), turns(problem, pose)
    order = np.argsort(ties.frame, kind="stable")
    for some in np.split(order, np.flatnonzero(np.diff(ties.frame[order])) + 1) if len(order) else ():
        f = int(ties.frame[some[0]])
        b, g = problem.block_of[f], problem.lens_of[f]
        directions = rays(corrected_camera(problem.cameras[g], lens[g]), ties.px[some])
        directions = directions @ (problem.local[b].T @ correction[b] @ problem.rotation[f]).T
        at = GeoPoint(*(float(v) for v in from_enu(where[b][None], problem.origin)[0]))
        met[some] = to_enu(problem.surface.meet(at, directions).points, problem.origin)
    return _means(met, ties.point, ties.points)


def _means(rows: Array, group: NDArray[np.intp], n: int) -> Array:
    """(n, 3) means by group, leaving out what is not a number."""
    good = np.isfinite(rows).all(axis=1)
    count = np.bincount(group[good], minlength=n)
    sums = np.stack([np.bincount(group[good], rows[good, k], minlength=n) for k in range(3)], axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(count[:, None] > 0, sums / count[:, None], np.nan))
