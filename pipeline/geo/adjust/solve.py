"""The adjustment itself: Gauss–Newton with weights that fade for what fits badly, then without it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.linalg import LinAlgError
from numpy.typing import NDArray

from pipeline.errors import GeometryError
from pipeline.geo.adjust.known import Relief, all_known, on_the_ground, relief
from pipeline.geo.adjust.model import Linear, State, linearise, points_on_ground, start
from pipeline.geo.adjust.problem import CELL_SHARE, COMMON, POSE, ROUGH_M, ROUGH_SHARE, Problem, heights
from pipeline.geo.adjust.reduce import Reduced, reduce
from pipeline.types import LENS

Array = NDArray[np.float64]
Kept = NDArray[np.bool_]

ROUNDS = 14
LAST_ROUNDS = 4
KNEE = 2.5  # residuals, in sigmas, beyond which an observation is believed less
REJECTED = 4.5  # and beyond which it is not believed at all
STEADY = (0.002, 2e-5)  # changes, in m and rad, below which the poses have settled
SETTLED_SCALE = 1.2
LEAST_SCALE = 0.5  # of the ties' sigma: what is found better than that is not believed
BELOW_GROUND = 3.0  # sigmas: nothing stands so deep in the ground; moving water seems to
ABOVE_GROUND = 3.0  # and what alone stands so high over it is no tree among trees
AMONG = 10  # points so high in one cell are a wood, if …
CROWNS = 1.2  # … half of them differ by so many sigmas
NEIGHBOURS = 10  # of a point, and …
REFUSED_ROUND = 0.6  # the share of them that, refused, takes it with them
LENS_MISFIT = 1.0  # mean square, in sigmas, of what the ties say against what is known of the lenses
GIVING = 0.8  # a misfit that falls by less when ties are worth half is the lens's own
MOST_DISCOUNT = 32.0


@dataclass(frozen=True, eq=False)
class Solution:
    """State, the observations that count, how large their errors really are (in sigmas), and the last equations.

    discount: by how much more than that the ties of a picture are mistrusted, because they err together.
    """

    problem: Problem
    state: State
    kept: Kept
    scale: float
    discount: float
    reduced: Reduced
    under: Relief
    rounds: int


def solve(problem: Problem) -> Solution:
    """Adjust. The linear parts are solved exactly; the rest is repeated until the poses have settled.

    Raises GeometryError where poses and pictures contradict each other beyond any solution.
    """
    try:
        return _solve(problem)
    except (LinAlgError, RuntimeError) as why:  # SuperLU's word for singular is a RuntimeError
        raise GeometryError(f"the photos' poses cannot be adjusted: nothing fits together ({why})") from why


def _solve(problem: Problem) -> Solution:
    state = start(problem)
    seen = np.asarray(np.isfinite(state.points).all(axis=1))
    state = replace(state, points=np.where(seen[:, None], state.points, 0.0))
    kept = seen[problem.ties.point]
    under = relief(problem, state.points)
    state = replace(state, ground=np.zeros(under.count))
    scale = np.inf
    for done in range(1, ROUNDS + 1):
        linear = linearise(problem, state)
        apart = _apart(problem, linear)
        scale = max(1.0, min(scale, _usual(apart[kept & linear.front])))
        weight = np.where(kept & linear.front, 1.0 / np.sqrt(1.0 + (apart / (KNEE * scale)) ** 2), 0.0)
        before, state = state, _step(problem, state, linear, weight, under)[0]
        if done == 2:  # now that the attitudes are nearly right
            again = points_on_ground(problem, state.pose, state.lens)
            state = replace(state, points=np.where(np.isfinite(again), again, state.points))
        elif scale <= SETTLED_SCALE and done > 3 and _settled(before, state):
            break
    solution = _finish(problem, state, kept, under, done, 1.0)
    while solution.discount < MOST_DISCOUNT and _lens_misfit(solution) > LENS_MISFIT:
        milder = _finish(problem, solution.state, kept, under, solution.rounds, 2.0 * solution.discount)
        if _lens_misfit(milder) > GIVING * _lens_misfit(solution):
            break  # the lens is what the ties say
        solution = milder
    return solution


def _lens_misfit(solution: Solution) -> float:
    """How far the lenses went from what is known of them.

    Hundreds of ties a picture look far surer than they are: a rolling shutter or a lens that no model has bends them
    all together, and a lens that takes the blame (a focal length 10 % off) is where that shows.
    """
    return float(np.mean((solution.state.lens / solution.problem.lens_sigma) ** 2))


def _finish(problem: Problem, state: State, kept: Kept, under: Relief, done: int, discount: float) -> Solution:
    """Without what does not fit, and with the errors that the rest really has."""
    scale = 1.0
    for _ in range(LAST_ROUNDS):
        linear = linearise(problem, state)
        apart = _apart(problem, linear)
        grounded = ~_off_the_ground(problem, state, under)[problem.ties.point]
        kept = _seen_twice(problem, linear.front & (apart < REJECTED * scale) & kept & grounded)
        kept &= ~_among_refused(problem, state, kept)[problem.ties.point]
        scale = _scale(problem, apart, kept)
        state, reduced = _step(problem, state, linear, kept / (scale * discount), under)
    return Solution(problem, state, kept, scale, discount, reduced, under, done + LAST_ROUNDS)


def _usual(apart: Array) -> float:
    """Sigmas of one axis by the median length of residuals (Rayleigh's is 1.18 sigmas)."""
    return float(np.median(apart)) / 1.1774 if len(apart) else 1.0


def _step(problem: Problem, state: State, linear: Linear, weight: Array, under: Relief) -> tuple[State, Reduced]:
    known = all_known(problem, state, under)
    lens_at, ground_at = problem.common.start, problem.common.stop
    shared_at = ground_at - COMMON
    clean = replace(
        linear,
        residual=np.where(linear.front[:, None], linear.residual, 0.0),
        by_pose=np.nan_to_num(linear.by_pose),
        by_lens=np.nan_to_num(linear.by_lens),
        by_point=np.nan_to_num(linear.by_point),
    )
    reduced = reduce(problem, clean, weight / problem.ties.sigma_px, known, ground_at + under.count)
    step = reduced.unknowns()
    return State(
        state.pose + step[:lens_at].reshape(-1, POSE),
        state.lens + step[lens_at:shared_at].reshape(-1, len(LENS)),
        state.shared + step[shared_at:ground_at],
        state.ground + step[ground_at:],
        state.points + reduced.points(step),
    ), reduced


def _apart(problem: Problem, linear: Linear) -> Array:
    """(M,) residuals in sigmas of one axis; infinite for what cannot be seen."""
    length = np.hypot(linear.residual[:, 0], linear.residual[:, 1]) / problem.ties.sigma_px
    return np.asarray(np.where(linear.front & np.isfinite(length), length, np.inf))


def _off_the_ground(problem: Problem, state: State, under: Relief) -> Kept:
    """(P,) points that no fixed thing can be: what drifts along the line of flight has a parallax of its own.

    Ripples that the current carries with the drone or against it lie on every epipolar line, far below the ground or
    above it, and all at one height; a wood's crowns differ. Over a terrain model its own height counts: where there is
    nothing but water, the relief that was fitted follows the ripples.
    """
    apart = on_the_ground(problem, state, under)[1]
    if not problem.surface.level:
        sigma_m = problem.surface.sigma_m
        wide_m = np.hypot(ROUGH_M + ROUGH_SHARE * sigma_m, np.sqrt(1.0 + 2.0 * CELL_SHARE**2) * sigma_m)
        apart = np.where(apart == 0.0, 0.0, heights(problem, state.points, state.shared[POSE:])[0] / wide_m)
    high = np.flatnonzero(apart > ABOVE_GROUND)
    cell = under.columns[:, 0]
    wood = _crowns(apart[high], cell[high], under.count)
    off = apart < -BELOW_GROUND
    off[high] = ~wood[cell[high]]
    return np.asarray(off)


def _among_refused(problem: Problem, state: State, kept: Kept) -> Kept:
    """(P,) points most of whose neighbours were refused: on moving water one or the other ripple fits by chance."""
    from scipy.spatial import cKDTree

    alive = np.bincount(problem.ties.point[kept], minlength=problem.ties.points) > 0
    if len(alive) <= NEIGHBOURS:
        return np.zeros(len(alive), bool)
    near = cKDTree(state.points[:, :2]).query(state.points[:, :2], k=NEIGHBOURS + 1)[1][:, 1:]
    lonely = np.asarray(alive & ((~alive[near]).mean(axis=1) > REFUSED_ROUND))
    lonely[list(problem.fixed) + list(problem.lasers)] = False
    return lonely


def _crowns(apart: Array, cell: NDArray[np.intp], cells: int) -> Kept:
    """(cells,) where many things stand high and half of them differ by more than CROWNS."""
    order = np.lexsort((apart, cell))
    count = np.bincount(cell, minlength=cells)
    first = np.r_[0, np.cumsum(count)[:-1]]
    ordered = np.append(apart[order], 0.0)
    low, up = (ordered[np.where(count > 0, first + (count * k) // 4, len(apart))] for k in (1, 3))
    return np.asarray((count >= AMONG) & (up - low > CROWNS))


def _seen_twice(problem: Problem, kept: Kept) -> Kept:
    """Without points that only one frame still sees, unless something else is known of them."""
    count = np.bincount(problem.ties.point[kept], minlength=problem.ties.points)
    enough = count >= 2
    enough[list(problem.fixed) + list(problem.lasers)] = True
    return np.asarray(kept & enough[problem.ties.point])


def _scale(problem: Problem, apart: Array, kept: Kept) -> float:
    """Standard error of unit weight of the observations that count."""
    if not kept.any():
        return 1.0
    points = len(np.unique(problem.ties.point[kept]))
    redundancy = 2 * int(kept.sum()) - 2 * points  # the ground holds the third coordinate, more or less
    return max(LEAST_SCALE, float(np.sqrt((apart[kept] ** 2).sum() / max(redundancy, 1))))


def _settled(before: State, after: State) -> bool:
    change = np.abs(after.pose - before.pose)
    return bool(change[:, :3].max() < STEADY[0] and change[:, 3:].max() < STEADY[1])
