"""The panel that explains a patch best: least squares over its place, its axes and the width of its arms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.patterns import Floats, Parts, Pattern, parts, size_of
from pipeline.detect.rings import Grey, sample

MARGIN = 1.35
NUDGE = 0.05  # px, for the numerical derivative
ARM_RANGE = (0.05, 0.45)


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel in pixels of one picture: centre, the two half-axes, arm width; `pattern` says how to read them."""

    pattern: Pattern
    centre_px: tuple[float, float]
    e1_px: tuple[float, float]
    e2_px: tuple[float, float]
    arm: float

    def scaled(self, across: float, down: float | None = None) -> Panel:
        """The same panel in the picture resized by `across` in x and `down` in y."""
        down = across if down is None else down
        (x, y), (a, b), (c, d) = self.centre_px, self.e1_px, self.e2_px
        centre = ((x + 0.5) * across - 0.5, (y + 0.5) * down - 0.5)
        return Panel(self.pattern, centre, (a * across, b * down), (c * across, d * down), self.arm)

    @property
    def side_px(self) -> float:
        """Square root of the panel's area."""
        area = abs(self.e1_px[0] * self.e2_px[1] - self.e1_px[1] * self.e2_px[0])
        return float((area * (2 if self.pattern.diamond else 4)) ** 0.5)

    @property
    def slimness(self) -> float:
        """How much longer the panel looks than wide, were it square: 2 from 30° above the horizon."""
        long, short = np.linalg.svd(np.array([self.e1_px, self.e2_px]), compute_uv=False)
        return float(long / max(short, 1e-6))

    def corners(self) -> NDArray[np.float64]:
        """(4, 2) corners in pixels, going round."""
        c, one, two = (np.array(v) for v in (self.centre_px, self.e1_px, self.e2_px))
        if self.pattern.diamond:
            return np.array([c + one, c + two, c - one, c - two])
        return np.array([c + one + two, c - one + two, c - one - two, c + one - two])

    def arm_coverage(self, u: Floats, v: Floats) -> Floats:
        """Share of the panel's arms at points inside it."""
        theta = _pack(self)
        _, _, height_u, height_v = _local(theta[None], u, v)
        return np.asarray(parts(self.pattern, u, v, height_u, height_v, self.arm).arms[0], np.float32)


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted panel, the samples it was fitted to, and the grey values of its parts."""

    panel: Panel
    explained: float  # share of the variance, panel and margin
    levels: tuple[float, float, float]  # grey of arms, rest, outside
    u: Floats
    v: Floats
    grey: Floats
    cover: Parts


def fit(grey: Grey, start: Panel, samples: int = 26, rounds: int = 6, within: float = MARGIN) -> Fit:
    """Levenberg–Marquardt from `start`; the parts' grey values are solved for at each step (variable projection).

    `samples` is the most along a side of the grid of sample points; only what lies `within` so many half-axes counts.
    """
    x, y = _places(start, samples, within)
    problem = _Problem(start.pattern, x, y, sample(grey, x[None], y[None])[0], within)
    theta, damping = _pack(start), 1e-3
    weight = problem.domain(theta)
    for _ in range(rounds):
        nudged = np.vstack([theta, theta + NUDGE * np.eye(len(theta))])
        residuals = problem.residuals(nudged, weight)
        now, jacobian = residuals[0], (residuals[1:] - residuals[0]).T / NUDGE
        normal, slope = jacobian.T @ jacobian, jacobian.T @ now
        step = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-3), -slope)
        trial = _bounded(theta + np.clip(step, -3, 3))
        after = problem.residuals(trial[None], weight)[0]
        if float(after @ after) >= float(now @ now):
            damping *= 10
            continue
        moved = float(np.abs(trial - theta)[:6].max())
        theta, damping = trial, damping * 0.3
        weight = problem.domain(theta)
        if moved < 0.01:
            break
    return problem.result(_unpack(start.pattern, theta))


@dataclass(frozen=True, slots=True)
class _Problem:
    pattern: Pattern
    x: Floats
    y: Floats
    values: Floats
    within: float

    def cover(self, theta: NDArray[np.float64]) -> Parts:
        """Coverages (K, P) for K parameter vectors (K, 7)."""
        u, v, height_u, height_v = _local(theta, self.x, self.y)
        return parts(self.pattern, u, v, height_u, height_v, (theta[:, 6:] / 20).astype(np.float32))

    def domain(self, theta: NDArray[np.float64]) -> Floats:
        """1 at the (P,) points on the panel and its margin, else 0."""
        u, v, _, _ = _local(theta[None], self.x, self.y)
        return (size_of(self.pattern, u[0], v[0]) <= self.within).astype(np.float32)

    def residuals(self, theta: NDArray[np.float64], weight: Floats) -> NDArray[np.float64]:
        """(K, P) model less picture, with the best grey values for each parameter vector."""
        cover = self.cover(theta)
        basis = (np.stack([cover.arms, cover.rest, cover.outside], axis=1) * weight).astype(np.float64)
        target = (self.values * weight).astype(np.float64)
        levels = _solve(basis, target)
        return np.asarray((levels[:, None, :] @ basis)[:, 0] - target)

    def result(self, panel: Panel) -> Fit:
        theta = _pack(panel)
        near = self.domain(theta) > 0
        here = _Problem(self.pattern, self.x[near], self.y[near], self.values[near], self.within)
        cover = here.cover(theta[None])
        cover = Parts(cover.arms[0], cover.rest[0], cover.outside[0])
        basis = np.stack([cover.arms, cover.rest, cover.outside])[None].astype(np.float64)
        levels = _solve(basis, here.values.astype(np.float64))[0]
        left = here.values - levels @ basis[0]
        spread = float(((here.values - here.values.mean()) ** 2).sum()) if near.any() else 0.0
        u, v, _, _ = _local(theta[None], here.x, here.y)
        grey_of = (float(levels[0]), float(levels[1]), float(levels[2]))
        return Fit(panel, 1 - float(left @ left) / max(spread, 1.0), grey_of, u[0], v[0], here.values, cover)


def _places(panel: Panel, samples: int, within: float) -> tuple[Floats, Floats]:
    """A grid of sample points, somewhat beyond what counts."""
    half = np.abs(panel.corners() - np.array(panel.centre_px)).max(0) * (within + 0.25)
    steps = np.maximum(1.0, 2 * half / samples)
    axes = [np.arange(-h, h + 0.01, s) + c for h, s, c in zip(half, steps, panel.centre_px, strict=True)]
    x, y = np.meshgrid(*axes)
    return x.ravel().astype(np.float32), y.ravel().astype(np.float32)


def _pack(panel: Panel) -> NDArray[np.float64]:
    """The seven parameters; the arm's width is scaled so that a nudge means as much as one of the others."""
    return np.array([*panel.centre_px, *panel.e1_px, *panel.e2_px, panel.arm * 20])


def _unpack(pattern: Pattern, theta: NDArray[np.float64]) -> Panel:
    x, y, a, b, c, d, arm = (float(t) for t in theta)
    return Panel(pattern, (x, y), (a, b), (c, d), arm / 20)


def _bounded(theta: NDArray[np.float64]) -> NDArray[np.float64]:
    bounded = theta.copy()
    bounded[6] = np.clip(theta[6], ARM_RANGE[0] * 20, ARM_RANGE[1] * 20)
    return bounded


def _local(theta: NDArray[np.float64], x: Floats, y: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """u, v (K, P) of the points, and the distances (K, 1) in pixels from u = 0 to u = 1 and from v = 0 to v = 1."""
    cx, cy, a, b, c, d = (t[:, None].astype(np.float32) for t in theta.T[:6])
    det = a * d - b * c
    det = np.where(np.abs(det) > 1e-3, det, np.float32(1e-3))
    dx, dy = x - cx, y - cy
    u, v = (d * dx - c * dy) / det, (a * dy - b * dx) / det
    return u, v, np.abs(det) / np.maximum(np.hypot(c, d), 1e-3), np.abs(det) / np.maximum(np.hypot(a, b), 1e-3)


def _solve(basis: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least-squares grey values (K, 3) for bases (K, 3, P); a part that covers nothing gets 0."""
    normal = basis @ basis.transpose(0, 2, 1) + 1e-3 * np.eye(3)
    return np.asarray(np.linalg.solve(normal, (basis @ target)[..., None])[..., 0])
