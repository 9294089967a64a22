"""The way that a plume takes: from its foot downwind and up, as metres over the ground and as pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pipeline.sim.draw.values import Floats, Image
from pipeline.sim.draw.view import View
from pipeline.types import Pixel

STEPS = 28
LEAST_LENGTH_PX = 18.0
MOST_LENGTH_SIDES = 1.5


@dataclass(frozen=True, slots=True)
class Path:
    """Balls of smoke from the foot on.

    px: (N, 2) centres; radii_px: (N,); weight: (N,) how dense each is; shadow_px: (N, 2) where the shadow of each
    centre falls on the ground; flat: height of a ball over its width as it is seen, for what hugs the ground.
    """

    px: Floats
    radii_px: Floats
    weight: Floats
    shadow_px: Floats
    flat: float = 1.0

    @property
    def length_px(self) -> float:
        return float(np.linalg.norm(np.diff(self.px, axis=0), axis=1).sum())


@dataclass(frozen=True, slots=True)
class Course:
    """A plume in metres: ground_m (N, 2) east and south of its foot, height_m and radius_m (N,), weight (N,)."""

    ground_m: Floats
    height_m: Floats
    radius_m: Floats
    weight: Floats


def seen(course: Course, view: View, foot_px: Pixel, flat: float = 1.0) -> Path:
    """The course as the camera sees it, when its foot stands on the ground at `foot_px`."""
    at, px, shade, radii = foot_px, [], [], []
    throw = 1 / math.tan(math.radians(view.sun_height_deg))
    fall = math.cos(math.radians(view.shadow_deg)) * throw, math.sin(math.radians(view.shadow_deg)) * throw
    steps = np.diff(course.ground_m, axis=0, prepend=0)
    for (east, south), height, radius in zip(steps, course.height_m, course.radius_m, strict=True):
        at = view.along(at, float(east), float(south))
        px.append(view.up(at, float(height)))
        shade.append(view.along(at, fall[0] * float(height), fall[1] * float(height)))
        radii.append(float(radius) * view.scale(at[1]))
    return Path(np.array(px), np.maximum(radii, 0.8), course.weight, np.array(shade), flat)


def drift(
    rng: np.random.Generator, wind_deg: float, length_m: float, *, rise: float, from_m: float, wide: tuple[float, float]
) -> Course:
    """A plume that leaves a height of `from_m`, is bent over by the wind and widens.

    `rise`: final height over length (0 crawls, 3 stands nearly upright); `wide`: first and last radius over length.
    The height grows with the distance to the power 2/3 (Briggs 1969, buoyant plume in a cross wind).
    """
    s = np.linspace(0, 1, STEPS)
    upright = math.hypot(1.0, rise)
    bend = rng.uniform(-0.3, 0.3) * s**2 + 0.04 * np.sin(2 * np.pi * (rng.uniform(1, 2.5) * s + rng.uniform())) * s
    along = np.array([math.cos(math.radians(wind_deg)), math.sin(math.radians(wind_deg))])
    across = np.array([-along[1], along[0]])
    ground = length_m / upright * (s[:, None] * along + bend[:, None] * across)
    power = rng.uniform(0.6, 1.0) if rise < 1.5 else 1.0
    height = from_m + length_m * rise / upright * s**power
    radius = length_m * (wide[0] + (wide[1] - wide[0]) * s ** rng.uniform(0.65, 1.1))
    fade = (1 - s**2) ** rng.uniform(0.15, 0.9)
    return Course(ground, height, radius, np.maximum(fade, 0) * (1.2 - 0.5 * s))


def length_m(view: View, at: Pixel, rng: np.random.Generator, limits_m: tuple[float, float]) -> float:
    """A plume's length: any that the picture can show, within `limits_m` where these can be shown."""
    side, scale = min(view.height_px, view.width_px), view.scale(at[1])
    most = MOST_LENGTH_SIDES * side
    least = max(LEAST_LENGTH_PX, 0.09 * side)
    wanted: float = least * (most / least) ** (rng.uniform() ** 0.8)
    real = min(max(wanted / scale, limits_m[0]), limits_m[1])
    return min(max(real * scale, LEAST_LENGTH_PX), most) / scale


def foot(image: Image, view: View, rng: np.random.Generator, beyond: bool = False) -> Pixel:
    """A place on the ground, below the horizon, a little in from the border; not in what looks like sky or water.

    Where there is nothing else and it may lie `beyond` the picture, it mostly lies just below.
    """
    top = max(0.1 * view.height_px, min(view.horizon_px + 0.06 * view.height_px, 0.85 * view.height_px))
    if view.tilt_deg > 30:
        top = max(top, 0.3 * view.height_px)
    for _ in range(8):
        at = float(rng.uniform(0.08, 0.92) * view.width_px), float(rng.uniform(top, 0.92 * view.height_px))
        if not _smooth_and_blue(image, at):
            return at
    below = beyond and rng.random() < 0.7
    return at[0], view.height_px * float(rng.uniform(1.0, 1.1)) if below else at[1]


def _smooth_and_blue(image: Image, at: Pixel) -> bool:
    x, y, r = int(at[0]), int(at[1]), max(4, min(image.shape[:2]) // 40)
    patch = image[max(0, y - r) : y + r + 1, max(0, x - r) : x + r + 1].reshape(-1, 3).astype(np.float32)
    blue, green, red = patch.mean(axis=0)
    return bool(patch.std(axis=0).mean() < 12 and blue > red + 4 and blue > 0.93 * green)
