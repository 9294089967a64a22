"""Things drawn by another hand: no physics and no view, but every shape, colour and size that comes to mind.

A network that only ever saw careful drawings learns the hand that drew them; these are as unlike those and each
other as may be.
"""

from __future__ import annotations

import numpy as np

from pipeline.sim.draw.loose_outfall import paint_loose_outfall
from pipeline.sim.draw.loose_panel import paint_loose_panel
from pipeline.sim.draw.loose_plume import paint_loose_plume
from pipeline.sim.draw.things import LABELS, TRIES, finished
from pipeline.sim.draw.values import Drawn, Image

PAINTERS = {
    "smoke": paint_loose_plume,
    "dust": paint_loose_plume,
    "outfall": paint_loose_outfall,
    "marker": paint_loose_panel,
}
LEAST_SIDE_PX = 48


def draw_loosely(image: Image, label: str, rng: np.random.Generator) -> Drawn:
    """The picture (h, w, 3) with one thing more, of a label of `LABELS`; its kind begins with "loose-".

    The same generator state gives the same picture. Raises ValueError for pictures under 48 px, for other labels, and
    where nothing that can be seen could be drawn in `TRIES`.
    """
    if label not in LABELS:
        raise ValueError(f"nobody draws a {label}")
    if min(image.shape[:2]) < LEAST_SIDE_PX:
        raise ValueError(f"nothing can be drawn on a picture under {LEAST_SIDE_PX} px")
    for _ in range(TRIES):
        drawn = finished(PAINTERS[label](image, label, rng), label)
        if drawn is not None:
            return drawn
    raise ValueError(f"no {label} could be drawn on this picture")
