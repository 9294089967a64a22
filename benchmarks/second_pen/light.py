"""The light of a photo, so that what is drawn looks as if it had been taken with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.second_pen.values import Floats


def displayed(light: Floats) -> Floats:
    """A share of light as the factor of a pixel's value: pictures store light to the power of 1 / 2.2."""
    return np.asarray(np.clip(light, 0, None) ** (1 / 2.2))


@dataclass(frozen=True, slots=True)
class Light:
    """A white surface's colour (3,) 0..255, the sun's direction (3,), haze 0..1 of colour `air` (3,), blur in px."""

    white: Floats
    sun: Floats
    haze: float
    air: Floats
    blur_px: float

    def colour(self, albedo: Floats) -> Floats:
        """Blue-first pixels 0..255 of fully lit albedos 0..1 (..., 3), seen through the haze."""
        return albedo * self.white * (1 - self.haze) + self.haze * self.air

    def lambert(self, normal: Floats) -> Floats:
        """0.62..1: the sky's share, and the sun's by the angle to surface normals (..., 3)."""
        return displayed(0.35 + 0.65 * np.clip(normal @ self.sun, 0, 1))


def light_of(photo: NDArray[Any], tile: Floats, rng: np.random.Generator) -> Light:
    """White from the photo's bright pixels (half of their cast), haze from the tile's darkest channel."""
    small = cv2.resize(photo, (120, 90), interpolation=cv2.INTER_AREA).reshape(-1, 3).astype(float)
    bright = np.percentile(small, 98, axis=0)
    white = np.clip(1.1 * (0.5 * bright + 0.5 * bright.mean()), 140, 250)
    dark = float(np.percentile(tile.min(axis=2), 2))
    up, turn = np.radians(rng.uniform(30, 70)), rng.uniform(0, 2 * np.pi)
    sun = np.array([np.cos(turn) * np.cos(up), np.sin(turn) * np.cos(up), np.sin(up)])
    air = 0.5 * np.percentile(small, 85, axis=0) + 0.5 * white
    return Light(white, sun, float(np.clip(0.7 * dark / 255, 0, 0.3)), air, rng.uniform(0.35, 0.8))
