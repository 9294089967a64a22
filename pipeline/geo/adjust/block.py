"""What an adjustment gives: frames with better poses, and how their errors hang together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.adjust.model import corrected_camera, positions, turns
from pipeline.geo.adjust.problem import COMMON, POSE, ROUGH_M, Problem, heights
from pipeline.geo.adjust.reduce import Solve, solver
from pipeline.geo.adjust.solve import Solution
from pipeline.geo.geodesy import from_enu
from pipeline.geo.rotation import attitude_of, error_axes_enu
from pipeline.types import LENS, Frame, GeoPoint, PoseError, Posterior

Array = NDArray[np.float64]

LEAST_POINTS = 50  # that tell how high the ground lies
USUAL = 1.4826  # sigmas of a normal error by its median size
UNIT = np.array([1.0, 1.0, 1.0, *np.degrees([1.0, 1.0, 1.0])])  # of corrections: rad -> degrees


@dataclass(frozen=True, eq=False)
class Block:
    """Adjusted frames, and what the corrections were, in m and degrees, about `rotation.error_axes_enu` as recorded.

    tied: (F,) how many ties hold each frame; correction, sigma, prior_sigma: (F, 6) adjusted minus recorded, its
    standard error, and what the recorded pose claimed; shared, shared_sigma: (6,) the part common to the flight, in the
    shared sigmas that poses claim; lens, lens_sigma: (G, 5) as `types.LENS`; scale: the ties' errors in their own
    sigmas; rejected: the share of observations that was not believed.
    """

    frames: tuple[Frame, ...]
    tied: NDArray[np.intp]
    correction: Array
    sigma: Array
    prior_sigma: Array
    shared: Array
    shared_sigma: Array
    lens: Array
    lens_sigma: Array
    scale: float
    rejected: float
    solution: Solution
    _rest: Solve
    _mine: Array  # (B, 6, 6) rows: own sources, by unknowns

    def covariance(self, frame_ids: Sequence[str], image_m: Array) -> Array:
        """(2 M, 2 M) in m²: what the photos' own errors do to M places together.

        image_m: (M, 6, 2) shifts by one sigma of the own sources of each place's frame, as in `Sighting.image_m`.
        """
        number = {f.id: b for f, b in zip(self.frames, self.solution.problem.block_of, strict=True)}
        block = np.array([number[i] for i in frame_ids], np.intp)
        by_unknown = np.linalg.solve(self._mine[block], image_m)  # (M, 6, 2)
        n, m = self._size, len(block)
        g = np.zeros((n, m, 2))
        rows = POSE * block[:, None] + np.arange(POSE)
        g[rows, np.arange(m)[:, None]] = by_unknown
        flat = g.reshape(n, 2 * m)
        both = flat.T @ self._rest(flat)
        return np.asarray((both + both.T) / 2)

    def ground_found(self) -> tuple[float, float] | None:
        """(m by which the ground lies above what was known of it, one sigma of a place about that), by all the ties.

        None where too few of them are left to tell.
        """
        problem, state = self.solution.problem, self.solution.state
        some = np.unique(problem.ties.point[self.solution.kept])
        above, _ = heights(problem, state.points[some], np.zeros(COMMON - POSE))
        above = above[np.isfinite(above)]
        if len(above) < LEAST_POINTS:
            return None
        middle = float(np.median(above))
        return middle, max(ROUGH_M, USUAL * float(np.median(np.abs(above - middle))))

    @property
    def _size(self) -> int:
        return self.solution.problem.size + self.solution.under.count


def conclude(solution: Solution) -> Block:
    """The block of a solved adjustment."""
    problem, state = solution.problem, solution.state
    common = problem.common
    n = solution.reduced.normal.shape[0]
    known = _columns(solution.reduced.solve, n, np.arange(common.start, common.stop))
    spread = _sources(known[common])  # rows: sources, by the common unknowns
    gain = np.asarray(np.linalg.solve(known[common], known[: problem.size].T), np.float64)
    by_common = gain.T.reshape(-1, POSE, spread.shape[1])
    kept = np.r_[np.arange(problem.size), np.arange(common.stop, n)]
    rest = solver(solution.reduced.normal[kept][:, kept])
    own = _diagonal(rest, problem.size + solution.under.count, len(problem.at))
    mine = np.stack([_sources(c) for c in own])
    correction, _ = turns(problem, state.pose)
    frames = tuple(
        _adjusted(problem, solution, f, correction, mine, by_common, spread) for f in range(len(problem.frames))
    )
    of = problem.block_of
    total = own + np.einsum("bis,ks,kt,bjt->bij", by_common, spread, spread, by_common)
    held = np.bincount(problem.ties.frame[solution.kept], minlength=len(problem.frames))
    sigma = np.sqrt(np.diagonal(total, axis1=1, axis2=2)) * UNIT
    prior = np.hypot(problem.own, problem.shared) * UNIT
    lenses = len(LENS) * len(problem.cameras)
    deviation = np.sqrt((spread**2).sum(axis=0))
    return Block(
        frames, held, (state.pose * UNIT)[of], sigma[of], prior[of],
        state.shared[:POSE], deviation[lenses : lenses + POSE],
        state.lens, deviation[:lenses].reshape(-1, len(LENS)),
        solution.scale, 1.0 - float(np.mean(solution.kept)) if len(solution.kept) else 0.0,
        solution, rest, mine,
    )  # fmt: skip


def _sources(covariance: Array) -> Array:
    """Rows of independent sources: sourcesᵀ sources is the covariance."""
    even = (covariance + covariance.T) / 2
    scale = np.sqrt(np.diag(even))
    factor = np.linalg.cholesky(even / np.outer(scale, scale) + 1e-12 * np.eye(len(even)))
    return np.asarray((factor * scale[:, None]).T)


def _columns(solve: Solve, n: int, which: NDArray[np.intp]) -> Array:
    unit = np.zeros((n, len(which)))
    unit[which, np.arange(len(which))] = 1.0
    return solve(unit)


def _diagonal(solve: Solve, n: int, blocks: int, at_a_time: int = 40) -> Array:
    """(B, 6, 6) blocks of the inverse on its diagonal."""
    found = []
    for start in range(0, blocks, at_a_time):
        some = np.arange(start, min(start + at_a_time, blocks))
        which = (POSE * some[:, None] + np.arange(POSE)).ravel()
        inverse = _columns(solve, n, which)[which].reshape(len(some), POSE, len(some), POSE)
        found.append(inverse[np.arange(len(some)), :, np.arange(len(some))])
    return np.concatenate(found)


def _adjusted(
    problem: Problem, solution: Solution, f: int, correction: Array, mine: Array, by_common: Array, spread: Array
) -> Frame:
    frame, b, g = problem.frames[f], int(problem.block_of[f]), int(problem.lens_of[f])
    assert frame.pose is not None and frame.camera is not None
    lat, lon, alt = (float(v) for v in from_enu(positions(problem, solution.state.pose)[b][None], problem.origin)[0])
    attitude = attitude_of(problem.local[b].T @ correction[b] @ problem.rotation[f])
    axes = error_axes_enu(attitude) @ problem.local[b].T
    change = np.zeros((POSE, POSE))  # unknowns, rad about the recorded axes -> errors of the new pose, degrees
    change[:3, :3], change[3:, 3:] = np.eye(3), np.degrees(axes @ problem.axes[b].T)
    own = mine[b] @ change.T
    lens = len(LENS) * g
    shared = np.concatenate([spread @ by_common[b].T @ change.T, spread[:, lens : lens + len(LENS)]], axis=1)
    sigma = np.sqrt((own**2).sum(axis=0) + (shared[:, :POSE] ** 2).sum(axis=0))
    pose = replace(
        frame.pose,
        at=GeoPoint(lat, lon, alt),
        attitude=attitude,
        own=PoseError(*(float(s) for s in sigma)),
        shared=PoseError(),
    )
    camera = replace(
        corrected_camera(frame.camera, solution.state.lens[g]), focal_sigma=float(np.sqrt((shared[:, POSE] ** 2).sum()))
    )
    return replace(frame, pose=pose, camera=camera, posterior=Posterior(_rows(own), _rows(shared)))


def _rows(m: Array) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(v) for v in row) for row in m)
