"""From how much smoke there is to how much of it can be seen."""

from __future__ import annotations

import numpy as np

from pipeline.sim.draw.paint import FAINT, extent
from pipeline.sim.draw.values import Field

LEAST_OF_LARGEST = 0.06  # of the largest part's area: smaller parts that lie apart are stray wisps
STRAY = 0.004  # share of the whole cover that may lie beyond each side of the box


def opacity(depth: Field, strength: float) -> Field:
    """Cover whose 90th percentile, among what can be seen, is about `strength`.

    Beer and Lambert: cover is 1 - exp(-depth). Thin plumes are evened out, by which they keep their size.
    """
    top = float(depth.max())
    if top <= 0:
        return np.zeros_like(depth)
    even = np.power(depth / np.float32(top), np.float32(0.55 + 0.45 * strength))
    sample = even[even > 0.004]
    sample = sample[:: max(1, len(sample) // 3000)]
    aim = min(max(0.06 + 0.92 * strength, 0.16), 0.97)
    low, high = 0.02, 60.0
    for _ in range(14):
        middle = (low * high) ** 0.5
        cover = 1 - np.exp(-sample * middle)
        seen = cover[cover >= FAINT]
        low, high = (middle, high) if len(seen) < 8 or np.quantile(seen, 0.9) < aim else (low, middle)
    return np.asarray(1 - np.exp(-even * np.float32(high)), np.float32)


def trimmed(cover: Field) -> Field:
    """The cover without wisps that nobody would put a box around: what lies apart or thins out far off stays faint."""
    import cv2

    mask = (cover >= FAINT).astype(np.uint8)
    closed = cv2.dilate(mask, np.ones((5, 5), np.uint8))
    count, parts, stats, _ = cv2.connectedComponentsWithStats(closed)
    if count > 2:
        areas = stats[1:, cv2.CC_STAT_AREA]
        stray = 1 + np.flatnonzero(areas < LEAST_OF_LARGEST * areas.max())
        cover = np.where(np.isin(parts, stray), np.minimum(cover, FAINT * 0.6), cover)
    return _within(cover.astype(np.float32))


def _within(cover: Field) -> Field:
    """Faded out beyond the rows and columns that hold nearly all of it."""
    mask = cover >= FAINT
    if extent(mask) is None:
        return cover
    seen = np.where(mask, cover, 0)
    for axis in (0, 1):
        share = np.cumsum(seen.sum(axis=axis)) / seen.sum()
        first, last = int(np.searchsorted(share, STRAY)), int(np.searchsorted(share, 1 - STRAY))
        at = np.arange(len(share))
        off = np.maximum(np.maximum(first - at, at - last), 0).astype(np.float32)
        most = np.where(off > 0, FAINT * 0.95, 1.0).astype(np.float32)
        cover = np.minimum(cover, most[None, :] if axis == 0 else most[:, None])
    return np.where(cover >= 1 / 255, cover, 0).astype(np.float32)
