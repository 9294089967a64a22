"""The true lens: Brown–Conrady, as printed by Brown (1971) and used by DJI's DewarpData. Own code, apart from `geo`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sim.space import Floats


@dataclass(frozen=True, slots=True)
class Lens:
    """Pixels have (0, 0) at the centre of the top-left one; camera axes are x right, y down, z forward."""

    width_px: int
    height_px: int
    focal_px: float
    cx_px: float
    cy_px: float
    distortion: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)  # k1 k2 p1 p2 k3

    def project(self, cam_m: Floats) -> tuple[Floats, Floats]:
        """(N, 3) camera metres to (N, 2) pixels and (N,) depths; NaN where the lens cannot see."""
        depth = cam_m[:, 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            xy = cam_m[:, :2] / depth[:, None]
        limit = 1.5 * np.hypot(self.width_px, self.height_px) / 2 / self.focal_px
        xy[(depth <= 0) | (np.hypot(xy[:, 0], xy[:, 1]) > limit)] = np.nan
        return distort(xy, self.distortion) * self.focal_px + [self.cx_px, self.cy_px], depth

    def rays(self, px: Floats) -> Floats:
        """(N, 2) pixels to (N, 3) unit vectors in camera axes; the distortion is undone by fixed-point steps."""
        seen = (px - [self.cx_px, self.cy_px]) / self.focal_px
        xy = seen.copy()
        for _ in range(30 if any(self.distortion) else 0):
            xy = xy + seen - distort(xy, self.distortion)
        ray = np.column_stack([xy, np.ones(len(xy))])
        out: Floats = ray / np.linalg.norm(ray, axis=1, keepdims=True)
        return out

    def contains(self, px: Floats) -> Floats:
        """(N,) bool: inside the raster, its edges included."""
        with np.errstate(invalid="ignore"):
            inside: Floats = np.all((px >= -0.5) & (px <= [self.width_px - 0.5, self.height_px - 0.5]), axis=1)
        return inside


def distort(xy: Floats, coefficients: tuple[float, float, float, float, float]) -> Floats:
    """(N, 2) ideal image coordinates (x/z, y/z) to distorted ones."""
    k1, k2, p1, p2, k3 = coefficients
    x, y = xy.T
    r2 = x * x + y * y
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    dx = 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    dy = p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    return np.column_stack([x * radial + dx, y * radial + dy])
