"""Normal equations with the points taken out (the Schur complement; Triggs et al. 2000, §6), and their solution.

Whitened, every point leaves V = W L⁻ᵀ where L Lᵀ is its own 3 × 3 block, so that the reduced matrix is N - V Vᵀ:
sparse, with the flight's few common unknowns as a border.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

from pipeline.geo.adjust.known import Equations
from pipeline.geo.adjust.model import Linear
from pipeline.geo.adjust.problem import POSE, Problem
from pipeline.types import LENS

Array = NDArray[np.float64]
Indices = NDArray[np.intp]
Solve = Callable[[Array], Array]

DENSE = 1500  # unknowns up to which a dense solution is the faster one


@dataclass(frozen=True, eq=False)
class Reduced:
    """The reduced system, and what brings the points back."""

    normal: sparse.csc_array
    solve: Solve  # (n, k) -> (n, k)
    right: Array  # (n,)
    _v: sparse.csr_array  # (n, 3 P)
    _inverse: Array  # (P, 3, 3) L⁻¹
    _points_right: Array  # (3 P,) L⁻¹ b

    def unknowns(self) -> Array:
        """(n,) the step of poses, lenses, shared errors and ground."""
        return self.solve(self.right)

    def points(self, step: Array) -> Array:
        """(P, 3) the step of the points that goes with it."""
        rest = (self._points_right - self._v.T @ step).reshape(-1, 3)
        return np.asarray(np.einsum("pji,pj->pi", self._inverse, rest))


def reduce(problem: Problem, linear: Linear, weight: Array, known: Sequence[Equations], size: int) -> Reduced:
    """Normal equations of (M,) weighted observations (1 / sigma, robust) and of what is known; `size` unknowns."""
    points = problem.ties.points
    pixels = _pixels(problem, linear, weight, size)
    own, right_p = np.zeros((points, 3, 3)), np.zeros((points, 3))
    normal, right, w = pixels.normal, pixels.right, [pixels.cross]
    _add_at(own, problem.ties.point, pixels.own)
    _add_at(right_p, problem.ties.point, pixels.own_right)
    for e in known:
        by = _matrix(e, size)
        normal = normal + by.T @ by
        right = right + by.T @ e.residual
        some = np.flatnonzero(e.point >= 0)
        if len(some):
            p, j = e.point[some], e.by_point[some]
            _add_at(own, p, j[:, :, None] * j[:, None, :])
            _add_at(right_p, p, j * e.residual[some, None])
            w.append(by[some].T @ _spread(p, j, points))
    own += 1e-9 * np.eye(3)  # a point that nobody sees any more
    inverse = np.linalg.inv(np.linalg.cholesky(own))
    v = sum(w[1:], w[0]) @ _block_diagonal(inverse).T
    v = sparse.csr_array(v)
    points_right = np.einsum("pij,pj->pi", inverse, right_p).ravel()
    left = sparse.csc_array(normal - v @ v.T)
    return Reduced(left, solver(left), right - v @ points_right, v, inverse, points_right)


@dataclass(frozen=True, eq=False)
class _Pixels:
    normal: sparse.csr_array
    right: Array
    cross: sparse.csr_array  # (n, 3 P)
    own: Array  # (M, 3, 3)
    own_right: Array  # (M, 3)


def _pixels(problem: Problem, linear: Linear, weight: Array, size: int) -> _Pixels:
    ties = problem.ties
    wide = np.concatenate([linear.by_pose, linear.by_lens], axis=2) * weight[:, None, None]
    by_point, residual = linear.by_point * weight[:, None, None], linear.residual * weight[:, None]
    columns = np.column_stack(
        [
            POSE * problem.block_of[ties.frame][:, None] + np.arange(POSE),
            problem.size + len(LENS) * problem.lens_of[ties.frame][:, None] + np.arange(len(LENS)),
        ]
    )
    m, k = columns.shape
    by = sparse.csr_array(
        (wide.reshape(-1), np.repeat(columns, 2, axis=0).ravel(), np.arange(2 * m + 1) * k), shape=(2 * m, size)
    )
    on = _spread(np.repeat(ties.point, 2), by_point.reshape(-1, 3), ties.points)
    return _Pixels(
        by.T @ by, by.T @ residual.ravel(), by.T @ on,
        np.einsum("mki,mkj->mij", by_point, by_point), np.einsum("mki,mk->mi", by_point, residual),
    )  # fmt: skip


def _matrix(e: Equations, size: int) -> sparse.csr_array:
    r, k = e.columns.shape
    return sparse.csr_array((e.factors.ravel(), e.columns.ravel(), np.arange(r + 1) * k), shape=(r, size))


def _spread(point: Indices, rows: Array, points: int) -> sparse.csr_array:
    """(R, 3 P) with each row's three numbers at its point."""
    columns = (3 * point[:, None] + np.arange(3)).ravel()
    return sparse.csr_array((rows.ravel(), columns, np.arange(len(point) + 1) * 3), shape=(len(point), 3 * points))


def _block_diagonal(blocks: Array) -> sparse.bsr_array:
    n = len(blocks)
    return sparse.bsr_array((blocks, np.arange(n), np.arange(n + 1)), shape=(3 * n, 3 * n))


def _add_at(total: Array, index: Indices, part: Array) -> None:
    """total[index] += part, by columns (np.add.at is slow)."""
    if not len(index):
        return
    flat, rows = total.reshape(len(total), -1), part.reshape(len(part), -1)
    for k in range(flat.shape[1]):
        flat[:, k] += np.bincount(index, rows[:, k], minlength=len(total))


def solver(normal: sparse.csc_array) -> Solve:
    """Divided by the unknowns' own scale, since metres, radians and k1 differ by orders of magnitude."""
    scale = 1.0 / np.sqrt(normal.diagonal())
    by = sparse.diags_array(scale)
    balanced = sparse.csc_array(by @ normal @ by)
    if normal.shape[0] <= DENSE:
        factor = cho_factor(balanced.toarray(), lower=True)
        return lambda x: _scaled(scale, lambda y: np.asarray(cho_solve(factor, y)), x)
    from scipy.sparse.linalg import splu

    lu = splu(balanced, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}, diag_pivot_thresh=0.0)
    return lambda x: _scaled(scale, lu.solve, x)


def _scaled(scale: Array, solve: Solve, x: Array) -> Array:
    by = scale if x.ndim == 1 else scale[:, None]
    return np.asarray(by * solve(by * x))
