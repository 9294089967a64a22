"""What can be recognised in one picture: SIFT features, spread over it, in an order that only the picture decides.

SIFT (Lowe 2004) by OpenCV, whose doubling of the picture is told to keep pixel centres where they are: without that,
features lie a quarter of a pixel to the side, and elsewhere in a picture that is turned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.geo.adjust.matches import Features
from pipeline.geo.adjust.ranks import rank_within
from pipeline.imagery import reduced

LONG_SIDE_PX = (
    1400  # from more, real photos give fewer matches (leaves and grain are not found again), at twice the cost
)
MOST = 3000
CELLS = 10  # along the long side of the picture
LAYERS, CONTRAST, EDGE, BLUR_PX = 3, 0.04, 10.0, 1.6  # Lowe's own
LARGEST_PX = 12.0  # across, of the searched copy: how well a feature is placed is a share of its size
LEAST_SIDE_PX = 32


def extract(image: NDArray[np.uint8], most: int = MOST, long_side_px: int = LONG_SIDE_PX) -> Features:
    """Up to `most` features of a (h, w, 3) uint8 picture, blue first, searched at a long side of `long_side_px`."""
    import cv2

    copy = reduced(image, long_side_px)
    step = np.array([image.shape[1] / copy.shape[1], image.shape[0] / copy.shape[0]])
    grey = cv2.cvtColor(copy, cv2.COLOR_BGR2GRAY)
    sift = cv2.SIFT.create(0, LAYERS, CONTRAST, EDGE, BLUR_PX, cv2.CV_8U, True)
    found = sift.detect(grey) if min(grey.shape) >= LEAST_SIDE_PX else ()
    chosen = _chosen(found, grey.shape, most)
    if not chosen:
        return Features(np.empty((0, 2)), np.empty((0, 128), np.uint8), float(step.max()))
    kept, descriptors = sift.compute(grey, chosen)
    px = (np.array([k.pt for k in kept], np.float64) + 0.5) * step - 0.5
    order = np.lexsort((*descriptors.T[::-1], px[:, 1], px[:, 0]))
    return Features(px[order], np.asarray(descriptors, np.uint8)[order], float(step.max()))


def _chosen(found: Sequence[Any], size_px: tuple[int, ...], most: int) -> list[Any]:
    """Keypoints: one a place, the strongest of every cell in turn until there are `most`."""
    found = [k for k in found if k.size <= LARGEST_PX]
    if not found:
        return []
    px = np.array([k.pt for k in found], np.float64)
    strength = np.array([k.response for k in found])
    angle = np.array([k.angle for k in found])
    order = np.lexsort((angle, px[:, 1], px[:, 0], -strength))
    order = order[np.sort(np.unique(px[order], axis=0, return_index=True)[1])]
    cell = np.floor(px[order] / (max(size_px) / CELLS)).astype(np.intp)
    turn = rank_within(cell[:, 0] * (CELLS + 1) + cell[:, 1])
    return [found[i] for i in order[np.argsort(turn, kind="stable")[:most]]]
