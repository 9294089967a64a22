"""Which features of two pictures are the same fixed thing.

Descriptors that are each other's nearest by far (Lowe's ratio both ways), on one epipolar geometry (essential matrix by
OpenCV's USAC, whose MAGSAC chose a worse one where water drifts), among others that lie on it, and moving as some of
them do: a wrong match on its epipolar line moves alone. What stays in one direction while all else moves (the drone's
own shadow, the sun in water) is not a fixed thing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.adjust.matches import Array, Features, Indices
from pipeline.geo.camera import rays
from pipeline.types import Camera

RATIO = 0.8
EPIPOLAR_PX = 1.5  # of the searched copies
LEAST = 20  # matches of a pair; fewer can agree by chance
NEIGHBOURS = 10
COMPANY = 0.5  # of the neighbours must lie on the epipolar geometry
AGREEING = 3  # of the neighbours
APART_PX = 4.0  # of the searched copy: how differently neighbours may move …
APART_SHARE = 0.1  # … and what their distance adds
STILL_PX = 6.0  # of the searched copy
MOVES_PX = 60.0

Bools = NDArray[np.bool_]


def match(a: Features, b: Features, camera_a: Camera, camera_b: Camera) -> Indices:
    """(M, 2) rows of the features of two pictures that show the same things; (0, 2) where fewer than `LEAST` remain."""
    rows = nearest(a.descriptors, b.descriptors)
    ra, rb = rays(camera_a, a.px[rows[:, 0]]), rays(camera_b, b.px[rows[:, 1]])
    known = np.isfinite(ra).all(axis=1) & np.isfinite(rb).all(axis=1)
    rows, ra, rb = rows[known], ra[known], rb[known]
    if len(rows) < LEAST:
        return _nothing()
    step = float(np.sqrt(a.step_px / camera_a.fx_px * b.step_px / camera_b.fx_px))  # a copy's pixel, in focal lengths
    kept = _epipolar(ra[:, :2] / ra[:, 2:], rb[:, :2] / rb[:, 2:], step)
    ax, bx = a.px[rows[:, 0]] / a.step_px, b.px[rows[:, 1]] / b.step_px
    kept &= _in_company(ax, kept) & _in_company(bx, kept)
    if kept.sum() >= LEAST:
        kept[kept] = together(ax[kept], bx[kept])
    return rows[kept] if kept.sum() >= LEAST else _nothing()


def _nothing() -> Indices:
    return np.empty((0, 2), np.intp)


def nearest(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> Indices:
    """(M, 2) rows of (N, 128) and (K, 128) descriptors that are each other's nearest, by far, in order of the first.

    All numbers are integers or halves below 2^23, so that single precision is exact in any order of summation.
    """
    if min(len(a), len(b)) < 2:
        return _nothing()
    closeness = _extended(a, True) @ _extended(b, False).T  # minus half the squared distance
    best, clear = _clear(closeness)
    first = np.flatnonzero(clear)
    columns, back = np.unique(best[first], return_inverse=True)
    best_row, clear_row = _clear(np.ascontiguousarray(closeness[:, columns].T))
    mutual = (best_row[back] == first) & clear_row[back]
    return np.stack([first[mutual], best[first[mutual]]], axis=-1)


def _extended(descriptors: NDArray[np.uint8], left: bool) -> NDArray[np.float32]:
    d = descriptors.astype(np.float32)
    half = -0.5 * np.einsum("ij,ij->i", d, d)[:, None]
    one = np.ones_like(half)
    return np.concatenate([d, half, one] if left else [d, one, half], axis=1)


def _clear(closeness: NDArray[np.float32]) -> tuple[Indices, Bools]:
    """(N,) the nearest of each row, and whether the second nearest is clearly farther. Overwrites nothing."""
    rows = np.arange(len(closeness))
    best = closeness.argmax(axis=1)
    top = closeness[rows, best]
    closeness[rows, best] = -np.inf
    second = closeness.max(axis=1)
    closeness[rows, best] = top
    return best, np.asarray(top > RATIO * RATIO * second)


def _epipolar(a: Array, b: Array, step: float) -> Bools:
    """(M,) which of (M, 2) matches, in focal lengths, lie on one epipolar geometry; `step`: a copy's pixel."""
    import cv2

    essential, inside = cv2.findEssentialMat(
        a, b, np.eye(3), method=cv2.USAC_DEFAULT, prob=0.9999, threshold=EPIPOLAR_PX * step, maxIters=5000
    )
    if essential is None or essential.shape != (3, 3):
        return np.zeros(len(a), np.bool_)
    kept = inside.ravel() > 0
    if kept.sum() >= LEAST:
        kept[kept] = ~still(np.asarray(essential, np.float64), a[kept], b[kept], step)
    return np.asarray(kept)


def still(essential: Array, a: Array, b: Array, step: float) -> Bools:
    """(M,) which matches stay in a fixed direction while most of the others move. a, b: (M, 2) in focal lengths."""
    import cv2

    _, turn, _, _ = cv2.recoverPose(essential, a, b, np.eye(3))
    ahead = np.column_stack([a, np.ones(len(a))]) @ turn.T
    apart = np.linalg.norm(ahead[:, :2] / ahead[:, 2:] - b, axis=1) / step
    return np.asarray((apart < STILL_PX) & (np.median(apart) > MOVES_PX))


def _in_company(px: Array, kept: Bools) -> Bools:
    """(M,) whether most of the matches around each are kept: on moving water some fit by chance, and few do."""
    from scipy.spatial import cKDTree

    near = cKDTree(px).query(px, k=NEIGHBOURS + 1)[1]
    return np.asarray(kept[near[:, 1:]].mean(axis=1) >= COMPANY)


def together(a: Array, b: Array) -> Bools:
    """(M,) which of (M, 2) pixels that went from a to b moved as some of their neighbours in both pictures did."""
    moved = b - _carried(a, b)
    return _agree(a, moved) & _agree(b, moved)


def _carried(a: Array, b: Array) -> Array:
    """(M, 2) where the plane that most matches lie on would put them."""
    import cv2

    plane, _ = cv2.findHomography(a, b, cv2.USAC_DEFAULT, APART_PX, maxIters=2000, confidence=0.999)
    if plane is None:
        return np.asarray(a + np.median(b - a, axis=0))
    there = np.column_stack([a, np.ones(len(a))]) @ plane.T
    return np.asarray(there[:, :2] / there[:, 2:])


def _agree(px: Array, moved: Array) -> Bools:
    from scipy.spatial import cKDTree

    apart, near = cKDTree(px).query(px, k=NEIGHBOURS + 1)
    differ = np.linalg.norm(moved[near[:, 1:]] - moved[:, None], axis=2)
    return np.asarray((differ < APART_PX + APART_SHARE * apart[:, 1:]).sum(axis=1) >= AGREEING)
