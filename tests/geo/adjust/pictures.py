"""Pictures drawn for the matcher."""

from __future__ import annotations

import cv2
import numpy as np


def blobs(seed: int, side: int) -> np.ndarray:
    """(side, side, 3) random blobs at several scales."""
    rng = np.random.default_rng(seed)
    sizes = (20, 80, side // 8, side // 3)
    layers = [
        cv2.resize(rng.random((s, s)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC) for s in sizes
    ]
    grey = np.clip(sum(layers) / len(layers) * 240, 0, 240).astype(np.uint8)
    return np.dstack([grey] * 3)
