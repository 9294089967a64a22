"""How a picture looks at the ground: enough for what is drawn into it to stand, lean and cast its shadow rightly."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from pipeline.types import Pixel

LEAST_FLAT = 0.02  # of level ground's depth that is shown: by the horizon it would be none
LEAST_NEAR = 0.02  # scale of the farthest ground as a share of the middle row's: by the horizon it would be nothing


@dataclass(frozen=True, slots=True)
class View:
    """A level camera over level ground. `tilt_deg` is 0 straight down and 90 at the horizon.

    `px_per_m` holds on the ground in the picture's middle row; `shadow_deg` is the way that shadows fall on the ground
    as seen from above with the picture's x to the right and y down (0 right, 90 down); `wind_deg` likewise.
    `horizon_px` is the row of the horizon, minus infinity when looking straight down.
    """

    height_px: int
    width_px: int
    px_per_m: float
    tilt_deg: float
    focal_px: float
    shadow_deg: float
    sun_height_deg: float
    wind_deg: float
    horizon_px: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Asked for by every point that is drawn, so worked out once."""
        object.__setattr__(self, "horizon_px", self._horizon_px())

    def _horizon_px(self) -> float:
        up_deg = 90 - self.tilt_deg
        return self.height_px / 2 - self.focal_px * math.tan(math.radians(up_deg)) if self.tilt_deg > 1 else -math.inf

    @property
    def flat(self) -> float:
        """How much of its depth a small piece of level ground in the picture's middle keeps."""
        return max(math.cos(math.radians(self.tilt_deg)), LEAST_FLAT)

    def scale(self, y_px: float) -> float:
        """Pixels a metre across the line of sight, for something that stands on the ground in row y."""
        if self.tilt_deg <= 1:
            return self.px_per_m
        below = (y_px - self.horizon_px) / (self.height_px / 2 - self.horizon_px)
        return self.px_per_m * max(below, LEAST_NEAR)

    def along(self, at: Pixel, east_m: float, south_m: float) -> Pixel:
        """Where a walk over the ground ends: metres to the picture's right, and metres towards its lower edge."""
        scale = self.scale(at[1])
        return at[0] + east_m * scale, at[1] + south_m * scale * self.flat

    def up(self, at: Pixel, height_m: float) -> Pixel:
        """Where a point straight above a ground point appears: upwards when oblique, outwards from the nadir if not."""
        scale = self.scale(at[1])
        lean = math.sin(math.radians(self.tilt_deg))
        away = height_m * scale / max(self.focal_px, 1.0)
        out_x, out_y = at[0] - self.width_px / 2, at[1] - self.height_px / 2
        nadir = math.cos(math.radians(self.tilt_deg)) * away
        return at[0] + out_x * nadir, at[1] + out_y * nadir - height_m * scale * lean


def guess_view(height_px: int, width_px: int, rng: np.random.Generator, oblique: bool | None = None) -> View:
    """A view that a tile of a drone's photo may have; None: three in five look straight down.

    A tile is a part of a larger photo: its focal length in pixels is longer than its sides.
    """
    slanting = bool(rng.random() < 0.4) if oblique is None else oblique
    side = min(height_px, width_px)
    return View(
        height_px=height_px,
        width_px=width_px,
        px_per_m=float(np.exp(rng.uniform(np.log(2.0), np.log(40.0)))) * side / 320,
        tilt_deg=float(rng.uniform(35, 82)) if slanting else float(rng.uniform(0, 12)),
        focal_px=side * float(rng.uniform(1.5, 5.0)),
        shadow_deg=float(rng.uniform(0, 360)),
        sun_height_deg=float(rng.uniform(20, 75)),
        wind_deg=float(rng.uniform(0, 360)),
    )
