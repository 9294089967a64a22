"""The photo's pinhole camera, cropped to a tile: rays, the ground, and where points of the world are seen.

World: x right, y forward, z up, the camera at (0, 0, 1) and the ground at z = 0; its true height is not known and
nothing here needs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.second_pen.values import Floats

FOCAL_OF_WIDTH = 0.8  # a usual drone's 64° across
FARTHEST = 400.0


@dataclass(frozen=True, slots=True)
class Camera:
    """Pinhole with its principal point in pixels of the tile, looking `down_rad` below the horizon."""

    focal_px: float
    x_px: float
    y_px: float
    down_rad: float

    def rays(self, u: Floats, v: Floats) -> Floats:
        """Directions (..., 3) in the world of pixels u, v (...); not of unit length: 1 along the optical axis."""
        a, b = (u - self.x_px) / self.focal_px, (v - self.y_px) / self.focal_px
        sin, cos = np.sin(self.down_rad), np.cos(self.down_rad)
        return np.asarray(np.stack([a, cos - b * sin, -sin - b * cos], axis=-1))

    def seen(self, points: Floats) -> Floats:
        """Pixels (..., 2) of world points (..., 3) in front of the camera."""
        sin, cos = np.sin(self.down_rad), np.cos(self.down_rad)
        x, y, z = points[..., 0], points[..., 1], points[..., 2] - 1
        ahead = np.maximum(y * cos - z * sin, 1e-6)
        down = -y * sin - z * cos
        return np.stack([self.x_px + self.focal_px * x / ahead, self.y_px + self.focal_px * down / ahead], axis=-1)

    def ground(self, u_px: float, v_px: float) -> Floats:
        """The ground point (3,) under a pixel below the horizon."""
        ray = self.rays(np.array(u_px), np.array(v_px))
        point: Floats = np.array([0, 0, 1.0]) + ray * min(FARTHEST, 1 / max(-ray[2], 1e-3))
        point[2] = 0
        return point

    def depression_rad(self, v_px: float) -> float:
        """How far below the horizon a row looks."""
        return float(self.down_rad + np.arctan((v_px - self.y_px) / self.focal_px))

    def px_per_unit(self, point: Floats) -> float:
        """Pixels that a unit across the view takes at a point."""
        sin, cos = np.sin(self.down_rad), np.cos(self.down_rad)
        return float(self.focal_px / max(point[1] * cos - (point[2] - 1) * sin, 1e-6))


def horizon_row(image: NDArray[Any]) -> float | None:
    """The share of the photo's height at which the sky ends, None where no sky is seen.

    Sky: from the top row down, brighter than the photo's median and with little texture.
    """
    small = cv2.resize(image, (160, 120), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
    texture = np.abs(np.diff(grey, axis=1)).mean(axis=1)
    sky = (np.median(grey, axis=1) > 1.12 * np.median(grey)) & (texture < 0.5 * np.median(texture) + 2)
    rows = int(np.argmin(sky)) if not sky.all() else 0
    return rows / 120 if rows >= 2 else None


def looks_down_rad(horizon: float, width_px: int, height_px: int) -> float:
    """How far below the horizon a camera looks that has it at a share of its height."""
    return float(np.arctan((0.5 - horizon) * height_px / (FOCAL_OF_WIDTH * width_px)))
