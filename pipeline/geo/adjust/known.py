"""What is known beforehand, as whitened equations: recorded poses, lenses, ground, control points, lasers, horizons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.adjust.model import State, turns
from pipeline.geo.adjust.problem import (
    CELL_SHARE,
    COMMON,
    PATCH_CELLS,
    POSE,
    ROUGH_M,
    ROUGH_SHARE,
    Problem,
    heights,
)
from pipeline.geo.geodesy import as_row, to_enu
from pipeline.geo.rotation import enu_R_cam
from pipeline.types import LENS, Attitude

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

UNDER_KNEE, OVER_KNEE = 2.0, 0.7  # sigmas under and over the ground from which a point is believed less: trees stand up


@dataclass(frozen=True, eq=False)
class Equations:
    """R equations, each divided by its sigma: coefficients of unknowns and of at most one point.

    columns, factors: (R, K), of unknowns in the order of `problem`; point: (R,), -1 where there is none; by_point:
    (R, 3); residual: (R,), what is known minus what the state says.
    """

    columns: Indices
    factors: Array
    point: Indices
    by_point: Array
    residual: Array


def without_points(columns: Indices, factors: Array, residual: Array) -> Equations:
    n = len(residual)
    return Equations(columns.astype(np.intp), factors, np.full(n, -1, np.intp), np.zeros((n, 3)), residual)


@dataclass(frozen=True, eq=False)
class Relief:
    """How the ground's unknowns make its height at P points: columns, factors (P, 4) of K unknowns; sigma (K,) of each.

    First come the cells' heights in m, then three a patch: height in m, rise towards east and north.
    """

    columns: Indices
    factors: Array
    sigma: Array

    @property
    def count(self) -> int:
        return len(self.sigma)

    def height_m(self, ground: Array) -> Array:
        """(P,) at the points."""
        return np.asarray((ground[self.columns] * self.factors).sum(axis=1))


def relief(problem: Problem, points: Array) -> Relief:
    """Cells and patches under (P, 3) points; points without a place go to the first."""
    at = np.nan_to_num(points[:, :2])
    cell, cells = _squares(at, problem.cell_m)
    side_m = problem.cell_m * PATCH_CELLS
    patch, patches = _squares(at, side_m)
    aside = at - (np.floor(at / side_m) + 0.5) * side_m
    columns = np.column_stack([cell, *(cells + 3 * patch + k for k in range(3))]).reshape(-1, 4)
    factors = np.column_stack([np.ones((len(at), 2)), aside]).reshape(-1, 4)
    height_m = CELL_SHARE * problem.surface.sigma_m
    sigma = np.concatenate([np.full(cells, height_m), np.tile([height_m, *[problem.slope_sigma] * 2], patches)])
    return Relief(columns.astype(np.intp), factors, sigma)


def _squares(at: Array, side_m: float) -> tuple[Indices, int]:
    """(P,) the square that each lies in, numbered anew, and how many there are."""
    if not len(at):
        return np.zeros(0, np.intp), 0
    _, of = np.unique(np.floor(at / side_m).astype(np.int64), axis=0, return_inverse=True)
    of = np.asarray(of, np.intp).reshape(-1)
    return of, int(of.max()) + 1


def recorded(problem: Problem, state: State) -> list[Equations]:
    """Poses, lenses and what they share, as the metadata tell them."""
    size, n = problem.size, len(problem.at)
    column = np.arange(size)
    shared_at = size + len(LENS) * len(problem.cameras)
    told = (state.pose - problem.shared * state.shared[:POSE]) / problem.own
    poses = without_points(
        np.column_stack([column, shared_at + np.tile(np.arange(POSE), n)]),
        np.column_stack([1.0 / problem.own.ravel(), -(problem.shared / problem.own).ravel()]),
        -told.ravel(),
    )
    lenses = without_points(
        (size + np.arange(problem.lens_sigma.size))[:, None],
        1.0 / problem.lens_sigma.reshape(-1, 1),
        -(state.lens / problem.lens_sigma).ravel(),
    )
    sigma = np.concatenate([np.ones(POSE), problem.shift_sigma])
    flight = without_points((shared_at + np.arange(COMMON))[:, None], 1.0 / sigma[:, None], -state.shared / sigma)
    return [poses, lenses, flight]


def on_the_ground(problem: Problem, state: State, under: Relief) -> tuple[list[Equations], Array]:
    """Points lie on the ground but for its relief; (equations, (P,) how far each stands apart, in sigmas).

    What stands apart (trees, roofs) is believed less (Cauchy's weight).
    """
    free = np.ones(len(state.points), bool)
    free[list(problem.fixed) + list(problem.lasers)] = False
    above, up = heights(problem, state.points, state.shared[POSE:])
    free &= np.isfinite(above)
    sigma = ROUGH_M + ROUGH_SHARE * problem.surface.sigma_m
    apart = np.where(free, (above - under.height_m(state.ground)) / sigma, 0.0)
    weight = 1.0 / np.sqrt(1.0 + (apart / np.where(apart > 0, OVER_KNEE, UNDER_KNEE)) ** 2)
    some = np.flatnonzero(free)
    first, by = problem.common.stop, (weight[some] / sigma)[:, None]
    shift = np.broadcast_to(np.arange(first - 5, first), (len(some), 5))
    points = Equations(
        np.column_stack([first + under.columns[some], shift]),
        np.column_stack([-under.factors[some] * by, -up[some] * by, -state.points[some, :2] * by]),
        some,
        up[some] * by,
        -apart[some] * weight[some],
    )
    height = without_points(
        (first + np.arange(under.count))[:, None], 1.0 / under.sigma[:, None], -state.ground / under.sigma
    )
    return [points, height], apart


def surveyed(problem: Problem, state: State) -> list[Equations]:
    """Control points lie where they were surveyed; what a laser met lies where it says, seen from the true position."""
    found = []
    for point, control in problem.fixed.items():
        at = to_enu(as_row(control.at), problem.origin)[0]
        sigma = max(control.sigma_m, 0.005)
        found.append(_placed(point, (at - state.points[point]) / sigma, sigma, np.zeros((3, 1)), np.zeros((3, 1))))
    for point, f in problem.lasers.items():
        b, laser = problem.block_of[f], problem.frames[f].laser
        assert laser is not None
        at = to_enu(as_row(laser.at), problem.origin)[0] + problem.local[b] @ state.pose[b, :3]
        columns = np.broadcast_to(POSE * b + np.arange(3), (3, 3))
        residual = (at - state.points[point]) / laser.sigma_m
        found.append(_placed(point, residual, laser.sigma_m, columns, -problem.local[b] / laser.sigma_m))
    return found


def _placed(point: int, residual: Array, sigma_m: float, columns: Array, factors: Array) -> Equations:
    return Equations(columns.astype(np.intp), factors, np.full(3, point, np.intp), np.eye(3) / sigma_m, residual)


def levelled(problem: Problem, state: State) -> list[Equations]:
    """Pitch and roll as horizons tell them, which depends on the focal length."""
    correction, axes = turns(problem, state.pose)
    found = []
    for f, told in problem.level.items():
        b, focal = problem.block_of[f], problem.size + len(LENS) * problem.lens_of[f]
        now = correction[b] @ problem.rotation[f]
        by_focal = np.array([told.pitch_by_focal_deg, 0.0])
        pitch_deg = told.attitude.pitch_deg + told.pitch_by_focal_deg * state.lens[problem.lens_of[f], 0]
        rest = _with_heading_of(problem, float(pitch_deg), told.attitude.roll_deg, now, b) @ now.T  # a small turn
        w = 0.5 * np.array([rest[2, 1] - rest[1, 2], rest[0, 2] - rest[2, 0], rest[1, 0] - rest[0, 1]])
        sigma = np.radians([told.pitch_sigma_deg, told.roll_sigma_deg])
        columns = np.column_stack([POSE * b + 4 + np.arange(2), np.full(2, focal)])
        factors = np.column_stack([1.0 / sigma, -np.radians(by_focal) / sigma])
        found.append(without_points(columns, factors, (axes[b] @ w)[1:] / sigma))
    return found


def _with_heading_of(problem: Problem, pitch_deg: float, roll_deg: float, now: Array, b: int) -> Array:
    """(3, 3) the attitude that a horizon tells, with the heading that the state has."""
    forward = problem.local[b].T @ now[:, 2]
    yaw_deg = float(np.degrees(np.arctan2(forward[0], forward[1])))
    return np.asarray(problem.local[b] @ enu_R_cam(Attitude(yaw_deg, pitch_deg, roll_deg)))


def all_known(problem: Problem, state: State, under: Relief) -> list[Equations]:
    """Every equation that is no pixel."""
    ground, _ = on_the_ground(problem, state, under)
    return [*recorded(problem, state), *ground, *surveyed(problem, state), *levelled(problem, state)]
