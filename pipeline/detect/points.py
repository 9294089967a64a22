"""Where a source touches ground or water, when all that is known of it is a box."""

from __future__ import annotations

import math

from pipeline.types import Box, Pixel

FEET = frozenset({"smoke", "dust"})  # they rise from a place below them; all else is where its middle is
CENTRES = frozenset({"dust/pile"})
SIGMA = {"marker": 0.05}  # of the box's side, where a centre is the point
OTHER_SIGMA = 0.15
FOOT_SIGMA = (12**-0.5, 0.15)  # of the width: the foot may be anywhere along the bottom; of the height
LEAST_SIGMA_PX = 1.0


def has_foot(label: str) -> bool:
    """Whether a source of this class rises from a place at its lower end."""
    return label.split("/")[0] in FEET and label not in CENTRES


def point_of(label: str, box: Box, height_px: float) -> tuple[Pixel, float]:
    """Where a source touches ground or water, and one sigma of that, px.

    Smoke and dust: the middle of the box's bottom, since a plume drifts and its foot may be anywhere along it; that
    holds for pictures with a horizon, and looking straight down it is what is left to say. A plume that leaves the
    picture at the bottom has its foot out of sight. All else: the centre.
    """
    x0, y0, x1, y1 = box
    width, height = x1 - x0, y1 - y0
    if not has_foot(label):
        part = SIGMA.get(label, OTHER_SIGMA)
        return ((x0 + x1) / 2, (y0 + y1) / 2), max(LEAST_SIGMA_PX, part * math.sqrt(width * height))
    down = 0.5 if y1 >= height_px - 1.5 else FOOT_SIGMA[1]
    sigma = math.sqrt(((FOOT_SIGMA[0] * width) ** 2 + (down * height) ** 2) / 2)
    return ((x0 + x1) / 2, y1), max(LEAST_SIGMA_PX, sigma)
