"""Which sighting shows a hit best, and which part of its photo to cut out.

The rule: confidence × relative sharpness × (1 − d / 2), where relative sharpness is the photo's sharpness over
that of the sharpest photo of this hit, and d is the box centre's distance from the image centre over the half
diagonal (0 in the centre, 1 in a corner). Equal values go to the first frame id, then the first box.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from pipeline.imagery import crop_box
from pipeline.types import Camera, Frame, Hit, Looked, Sighting


def evidence_order(hit: Hit) -> list[Sighting]:
    """The hit's sightings, by frame id and box: the order of the evidence list."""
    return sorted(hit.sightings, key=lambda s: (s.detection.frame_id, s.detection.box_px))


def best_sighting(hit: Hit, frames: Mapping[str, Frame], looked: Mapping[str, Looked]) -> Sighting | None:
    """The sighting that shows the hit best; None when no sighting's frame is known."""
    known = [s for s in evidence_order(hit) if s.detection.frame_id in frames]
    if not known:
        return None
    sharpest = max((_sharpness(s, looked) for s in known), default=0.0)

    def value(s: Sighting) -> float:
        relative = _sharpness(s, looked) / sharpest if sharpest > 0 else 1.0
        return s.detection.confidence * relative * (1 - _off_centre(s, frames[s.detection.frame_id].camera) / 2)

    return max(known, key=value)


def crop_px(sighting: Sighting, camera: Camera | None) -> tuple[int, int, int, int] | None:
    """Whole pixels (x0, y0, x1, y1), ends excluded, of the part of the photo that shows the sighting."""
    if camera is None:
        return None
    return crop_box(sighting.detection.box_px, camera.width_px, camera.height_px)


def _sharpness(sighting: Sighting, looked: Mapping[str, Looked]) -> float:
    seen = looked.get(sighting.detection.frame_id)
    return seen.sharpness if seen else 0.0


def _off_centre(sighting: Sighting, camera: Camera | None) -> float:
    if camera is None:
        return 0.0
    x0, y0, x1, y1 = sighting.detection.box_px
    dx = (x0 + x1 - camera.width_px + 1) / 2
    dy = (y0 + y1 - camera.height_px + 1) / 2
    return min(1.0, math.hypot(dx, dy) / (math.hypot(camera.width_px, camera.height_px) / 2))
