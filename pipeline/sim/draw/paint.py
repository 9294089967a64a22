"""What every painter needs: chance, noise, covering, outlines, extents, contrast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.sim.draw.values import Field, Image, Mask
from pipeline.types import Box

FAINT = 0.1  # cover below which a pixel does not count: a box must not be stretched by what nobody sees
GAMMA = 2.2  # of a photo's values against light
FIXED_BITS = 4  # of a pixel that outlines are placed to, as OpenCV's drawing takes them
T = TypeVar("T")


def any_of(rng: np.random.Generator, among: Sequence[T]) -> T:
    return among[int(rng.integers(len(among)))]


def any_weighted(rng: np.random.Generator, odds: Mapping[str, float]) -> str:
    """A name, the more often the greater its odds, which need no sum of 1."""
    weights = np.array(list(odds.values()))
    return list(odds)[int(rng.choice(len(odds), p=weights / weights.sum()))]


def fixed_point(points_px: NDArray[np.integer | np.floating]) -> NDArray[np.int32]:
    """Points in parts of a pixel, 2 to the `FIXED_BITS` to each."""
    return np.asarray(np.round(points_px * 2**FIXED_BITS), np.int32)


def shifted(field: Field, right_px: float, down_px: float) -> Field:
    """(h, w) moved, 0 where nothing comes from."""
    import cv2

    move = np.array([[1, 0, right_px], [0, 1, down_px]])
    return np.asarray(cv2.warpAffine(field, move, field.shape[1::-1]), np.float32)


def noise(shape: tuple[int, int], rng: np.random.Generator, coarse_px: float, octaves: int = 5) -> Field:
    """(h, w) float32 fractal value noise within [0, 1], mean about 0.5; `coarse_px` is its largest lump."""
    import cv2

    h, w = shape
    total, weight = np.zeros((h, w), np.float32), 0.0
    for octave in range(octaves):
        cell = max(2.0, coarse_px / 2**octave)
        grid = rng.random((int(h / cell) + 3, int(w / cell) + 3)).astype(np.float32)
        size = (int(grid.shape[1] * cell), int(grid.shape[0] * cell))
        total += cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC)[:h, :w] * 0.6**octave
        weight += 0.6**octave
    return np.asarray(np.clip(total / weight, 0, 1), np.float32)


def blend(image: Image, tone: NDArray[np.floating], cover: Field) -> Image:
    """`tone` (h, w, 3) or (3,) over the picture where `cover` (h, w) is more than nothing; looks at no more than that.

    A new picture, of which the rest is as it was.
    """
    part, done = window(cover), image.copy()
    below, share = image[part], cover[part][..., None]
    mixed = below * (1 - share) + (tone[part] if tone.ndim == 3 else tone) * share
    done[part] = np.where(share > 0, np.clip(mixed + 0.5, 0, 255), below)
    return done


def darkened(image: Image, shadow: Field) -> Image:
    """The picture with light taken away: `shadow` (h, w) is the share of light that is missing, not negative."""
    part, done = window(shadow), image.copy()
    done[part] = np.clip(image[part] * (1 - shadow[part][..., None]) + 0.5, 0, 255)
    return done


def window(cover: Field) -> tuple[slice, slice]:
    """Rows and columns that hold all of a cover; one pixel where it is nothing."""
    import cv2

    x0, y0, w, h = cv2.boundingRect((cover > 0).astype(np.uint8))
    return slice(y0, y0 + max(h, 1)), slice(x0, x0 + max(w, 1))


def extent(mask: Mask) -> Box | None:
    """The box around the pixels that are set, edges included; None where there are none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return float(columns[0]) - 0.5, float(rows[0]) - 0.5, float(columns[-1]) + 0.5, float(rows[-1]) + 0.5


def contrast_de(before: Image, after: Image, cover: Field) -> float:
    """Mean CIE 1976 ΔE between two pictures, weighed by `cover`; 0 where nothing is covered."""
    import cv2

    box = extent(cover > 0)
    if box is None:
        return 0.0
    x0, y0, x1, y1 = (round(v + 0.5) for v in box)
    lab = [cv2.cvtColor(p[y0:y1, x0:x1].astype(np.float32) / 255, cv2.COLOR_BGR2LAB) for p in (before, after)]
    apart = np.linalg.norm(lab[1] - lab[0], axis=2)
    return float(np.average(apart, weights=cover[y0:y1, x0:x1]))
