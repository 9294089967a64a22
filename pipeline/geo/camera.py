"""Pixels <-> directions in camera axes (x right, y down, z forward).

Pinhole with Brown–Conrady distortion k1 k2 p1 p2 k3, as OpenCV and DJI's DewarpData write it (Brown 1971):
x' = x (1 + k1 r² + k2 r⁴ + k3 r⁶) + 2 p1 x y + p2 (r² + 2 x²), y' likewise with p1 and p2 in each other's place.
Beyond the radius where the model folds over, it says nothing; both directions answer NaN there.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.types import Camera

Array = NDArray[np.float64]
Distortion = tuple[float, float, float, float, float]

_ROUNDS = 40
_DONE = 1e-13  # of the focal length: far below a millionth of a pixel


@lru_cache(maxsize=256)
def fold_radius(distortion: Distortion) -> float:
    """Undistorted radius (in focal lengths) at which the radial model stops growing; inf when it never does."""
    k1, k2, _, _, k3 = distortion
    squares = np.roots([7.0 * k3, 5.0 * k2, 3.0 * k1, 1.0])
    real = squares[np.abs(squares.imag) < 1e-9].real
    positive = real[real > 0]
    return float(np.sqrt(positive.min())) if positive.size else float("inf")


def rays(camera: Camera, px: ArrayLike) -> Array:
    """(N, 2) pixels, x then y -> (N, 3) unit directions in camera axes; NaN where the distortion folds over."""
    px = np.asarray(px, np.float64).reshape(-1, 2)
    xy = (px - [camera.cx_px, camera.cy_px]) / [camera.fx_px, camera.fy_px]
    if any(camera.distortion):
        xy = undistort(xy, camera.distortion)
    x, y = xy.T
    scale = 1.0 / np.sqrt(x * x + y * y + 1.0)
    return np.stack([x * scale, y * scale, scale], axis=-1)


def project(camera: Camera, xyz: ArrayLike) -> Array:
    """(N, 3) points in camera axes -> (N, 2) pixels; NaN behind the camera and where the distortion folds over."""
    x, y, z = np.asarray(xyz, np.float64).reshape(-1, 3).T
    front = np.where(z > 0, z, np.nan)
    xy = np.stack([x / front, y / front], axis=-1)
    if any(camera.distortion):
        outside = np.hypot(xy[:, 0], xy[:, 1]) > fold_radius(camera.distortion)
        xy = distort(np.where(outside[:, None], np.nan, xy), camera.distortion)
    return np.asarray(xy * [camera.fx_px, camera.fy_px] + [camera.cx_px, camera.cy_px])


def distort(xy: Array, distortion: Distortion) -> Array:
    """(N, 2) ideal image coordinates in focal lengths -> where the lens puts them."""
    k1, k2, p1, p2, k3 = distortion
    x, y = xy.T
    r2 = x * x + y * y
    radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
    xd = x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x)
    yd = y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y
    return np.stack([xd, yd], axis=-1)


def distortion_jacobian(xy: Array, distortion: Distortion) -> tuple[Array, Array, Array]:
    """dx'/dx, dx'/dy (= dy'/dx) and dy'/dy of `distort`, each (N,)."""
    k1, k2, p1, p2, k3 = distortion
    x, y = xy.T
    r2 = x * x + y * y
    radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
    growth = 2.0 * (k1 + r2 * (2.0 * k2 + 3.0 * k3 * r2))
    xx = radial + growth * x * x + 2.0 * p1 * y + 6.0 * p2 * x
    xy_ = growth * x * y + 2.0 * p1 * x + 2.0 * p2 * y
    yy = radial + growth * y * y + 6.0 * p1 * y + 2.0 * p2 * x
    return xx, xy_, yy


def undistort(xy: Array, distortion: Distortion) -> Array:
    """(N, 2) distorted image coordinates in focal lengths -> ideal ones, by Newton's method; NaN beyond the fold."""
    limit = fold_radius(distortion)
    ideal = np.array(xy, np.float64)
    for _ in range(_ROUNDS):
        wrong = distort(ideal, distortion) - xy
        if not np.any(np.abs(wrong) > _DONE):
            break
        ideal = _within(ideal - _solve(distortion_jacobian(ideal, distortion), wrong), limit)
    return np.where(_valid(ideal, xy, distortion)[:, None], ideal, np.nan)


def _solve(jacobian: tuple[Array, Array, Array], wrong: Array) -> Array:
    xx, xy, yy = jacobian
    det = xx * yy - xy * xy
    det = np.where(np.abs(det) < 1e-9, 1e-9, det)
    return np.stack([(yy * wrong[:, 0] - xy * wrong[:, 1]) / det, (xx * wrong[:, 1] - xy * wrong[:, 0]) / det], axis=-1)


def _within(xy: Array, limit: float) -> Array:
    """Keep Newton's steps on the near side of the fold."""
    if not np.isfinite(limit):
        return xy
    radius = np.hypot(xy[:, 0], xy[:, 1])
    return np.asarray(xy * np.minimum(1.0, limit / np.maximum(radius, 1e-12))[:, None])


def _valid(ideal: Array, xy: Array, distortion: Distortion) -> NDArray[np.bool_]:
    xx, cross, yy = distortion_jacobian(ideal, distortion)
    exact = np.all(np.abs(distort(ideal, distortion) - xy) < 1e-10, axis=-1)
    inside = np.hypot(ideal[:, 0], ideal[:, 1]) <= fold_radius(distortion)
    return np.asarray(exact & inside & (xx * yy - cross * cross > 0))
