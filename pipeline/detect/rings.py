"""Where a panel's centre could be: pixels whose surroundings look the same from both sides and have contrast.

Every panel that we look for maps onto itself when turned by 180° about its centre, however obliquely it is seen.
On a ring about the centre opposite pixels are therefore alike, while some pairs are light and others dark.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]

RING_PX = 4
PAIRS = ((4, 0), (4, 2), (3, 3), (2, 4), (0, 4), (-2, 4), (-3, 3), (-4, 2))
BINS = 16  # directions over half a turn
PROFILE_RADII_PX = (3.6, 4.4)


@dataclass(frozen=True, slots=True)
class Axes:
    """Hypotheses of panels: centres (N, 2) px, directions of the panel's two axes (N, 2) radians."""

    centre_px: Floats
    angle: Floats


def centres(grey: Grey, least_contrast: int, most: int) -> NDArray[np.int64]:
    """(N, 2) pixels x, y whose ring is symmetric and has contrast, at most `most`, strongest first."""
    if min(grey.shape) <= 4 * RING_PX:
        return np.empty((0, 2), np.int64)
    score = _symmetric_contrast(grey)
    peaks = (score == cv2.dilate(score, np.ones((5, 5), np.uint8))) & (score >= least_contrast)
    y, x = np.nonzero(peaks)
    if len(x) > most:
        strongest = np.argsort(-score[y, x].astype(np.int16), kind="stable")[:most]
        y, x = y[strongest], x[strongest]
    return np.column_stack([x, y]) + RING_PX


def _symmetric_contrast(grey: Grey) -> Grey:
    """Contrast that both ends of the pairs agree on, less the pairs' mean disagreement; without a border of RING_PX."""
    height, width = grey.shape
    r = RING_PX

    def moved(dx: int, dy: int) -> Grey:
        return grey[r + dy : height - r + dy, r + dx : width - r + dx]

    lightest = np.zeros((height - 2 * r, width - 2 * r), np.uint8)
    darkest = np.full_like(lightest, 255)
    disagreement = np.zeros_like(lightest)
    for dx, dy in PAIRS:
        one, other = moved(dx, dy), moved(-dx, -dy)
        low, high = cv2.min(one, other), cv2.max(one, other)
        cv2.max(lightest, low, dst=lightest)
        cv2.min(darkest, high, dst=darkest)
        cv2.addWeighted(disagreement, 1.0, cv2.subtract(high, low), 1.0 / len(PAIRS), 0.0, dst=disagreement)
    contrast = cv2.subtract(lightest, darkest)
    return np.asarray(cv2.subtract(contrast, disagreement), np.uint8)


def axes(grey: Grey, at: NDArray[np.int64], least_contrast: float, most: int) -> tuple[Axes, Axes]:
    """Axis directions of the candidates whose ring is light and dark in turns as a panel's is.

    First those whose axes part light from dark (two changes over half a turn), then those whose axes are arms (four
    changes; the light or the dark ones may be the arms, so each gives two hypotheses); at most `most` candidates each.
    """
    ring = _profile(grey, at)
    mean = (ring[:, :BINS] + ring[:, BINS:]) / 2
    high, low = mean.max(1), mean.min(1)
    light = mean > ((high + low) / 2)[:, None]
    changes = (light != np.roll(light, 1, axis=1)).sum(1)
    uneven = np.abs(ring[:, :BINS] - ring[:, BINS:]).mean(1)
    good = (high - low >= least_contrast) & (uneven <= 0.3 * (high - low))
    two, four = np.flatnonzero(good & (changes == 2)), np.flatnonzero(good & (changes == 4))
    return _boards(grey, at[two], ring[two], light[two], most), _crosses(at[four], ring[four], light[four], most)


def _boards(grey: Grey, at: NDArray[np.int64], ring: Floats, light: NDArray[np.bool_], most: int) -> Axes:
    """A saddle, not a ridge: the four fields agree, and along the axes it is neither light nor dark."""
    angle = _crossings(light, ring, 2)
    middles = np.column_stack([_middle(angle[:, 0], angle[:, 1]), _middle(angle[:, 1], angle[:, 0])])
    values = _ends(ring, middles)  # two ends of one pair of fields, two of the other
    clear, contrast = _clearness(values[:, :2], values[:, 2:])
    level = values.mean(1)
    on_axes = [_at_radius(grey, at, angle, r) for r in (0.0, 2.0, 5.5)]
    off = np.max([np.abs(on_axes[0] - level), np.abs(on_axes[1] - level), np.abs(on_axes[1] - on_axes[2])], axis=0)
    good = (clear > 0.6) & (off < 0.35 * contrast)
    return _strongest(at[good], angle[good], (clear * contrast)[good], most)


def _crosses(at: NDArray[np.int64], ring: Floats, light: NDArray[np.bool_], most: int) -> Axes:
    """Arms and gaps in turns, all four arms alike and all four gaps."""
    edge = _crossings(light, ring, 4)
    one, other = (
        np.column_stack([_middle(edge[:, k], edge[:, k + 1]), _middle(edge[:, k + 2], edge[:, (k + 3) % 4])])
        for k in (0, 1)
    )
    clear, contrast = _clearness(_ends(ring, one), _ends(ring, other))
    good = clear > 0.3
    both = [_strongest(at[good], angle[good], (clear * contrast)[good], most) for angle in (one, other)]
    return Axes(np.concatenate([b.centre_px for b in both]), np.concatenate([b.angle for b in both]))


def _strongest(at: NDArray[np.int64], angle: Floats, strength: Floats, most: int) -> Axes:
    order = np.argsort(-strength, kind="stable")[:most]
    return Axes(at[order].astype(np.float32), angle[order])


def _clearness(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Gap between two sets of values over their whole spread (1: two even levels; ≤ 0: mixed), and mean contrast."""
    difference = one.mean(1) - other.mean(1)
    light, dark = np.where(difference[:, None] > 0, one, other), np.where(difference[:, None] > 0, other, one)
    spread = np.maximum(light.max(1) - dark.min(1), 1.0)
    return (light.min(1) - dark.max(1)) / spread, np.abs(difference)


def _ends(ring: Floats, angle: Floats) -> Floats:
    """The ring's values (N, 2 · K) at both ends of each of the K directions."""
    bins = np.round(angle * (BINS / np.pi)).astype(np.int64)
    bins = np.stack([bins, bins + BINS], axis=2).reshape(len(bins), 2 * angle.shape[1])
    return np.asarray(np.take_along_axis(ring, bins % (2 * BINS), axis=1))


def _at_radius(grey: Grey, at: NDArray[np.int64], angle: Floats, radius_px: float) -> Floats:
    """Mean grey value (N,) at both ends of both axes at a distance from the centre."""
    ends = np.concatenate([angle, angle + np.float32(np.pi)], axis=1)
    x, y = at[:, :1] + radius_px * np.cos(ends), at[:, 1:] + radius_px * np.sin(ends)
    return np.asarray(sample(grey, x.astype(np.float32), y.astype(np.float32)).mean(1))


def _profile(grey: Grey, at: NDArray[np.int64]) -> Floats:
    """Grey values (N, 2 · BINS) around each centre, averaged over the radii."""
    angle = np.arange(2 * BINS) * (np.pi / BINS)
    ring = np.zeros((len(at), 2 * BINS), np.float32)
    for radius in PROFILE_RADII_PX:
        x = (at[:, :1] + radius * np.cos(angle)).astype(np.float32)
        y = (at[:, 1:] + radius * np.sin(angle)).astype(np.float32)
        ring += sample(grey, x, y)
    return ring / np.float32(len(PROFILE_RADII_PX))


def sample(grey: Grey | Floats, x: Floats, y: Floats) -> Floats:
    """Bilinear values at (N, M) places as float32; OpenCV's remap takes at most 32,767 rows at once."""
    parts = [
        cv2.remap(grey, x[i : i + 30000], y[i : i + 30000], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for i in range(0, len(x), 30000)
    ]
    return np.concatenate(parts).astype(np.float32) if parts else np.empty(x.shape, np.float32)


def _crossings(light: NDArray[np.bool_], ring: Floats, count: int) -> Floats:
    """Angles (N, count) in [0, π] where the mean of opposite sides crosses its middle, in order."""
    if not len(light):
        return np.empty((0, count), np.float32)
    mean = (ring[:, :BINS] + ring[:, BINS:]) / 2
    after = np.argsort(~(light != np.roll(light, 1, axis=1)), axis=1, kind="stable")[:, :count]
    rows = np.arange(len(light))[:, None]
    one, two = mean[rows, after - 1], mean[rows, after]
    level = ((mean.max(1) + mean.min(1)) / 2)[:, None]
    part = (level - one) / np.where(np.abs(two - one) < 1e-6, 1e-6, two - one)
    return np.asarray((after - 1 + np.clip(part, 0, 1)) * (np.pi / BINS), np.float32)


def _middle(start: Floats, end: Floats) -> Floats:
    """Middle of the arc from start to end, going up, on a circle of half a turn."""
    return np.asarray(start + np.mod(end - start, np.pi) / 2, np.float32)
