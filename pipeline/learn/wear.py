"""What lens, sensor and file do to a picture, so that what was drawn is no sharper or cleaner than the photo."""

from __future__ import annotations

import numpy as np

from pipeline import imagery
from pipeline.imagery import Image

QUALITY = (45, 96)  # of the JPEG


def worn(tile: Image, rng: np.random.Generator) -> bytes:
    """The picture as a JPEG after a soft or shaken lens, another exposure and white balance, and noise."""
    for chance, change in ((0.5, _soft), (0.12, _shaken), (0.6, _exposed), (0.8, _noisy)):
        if rng.random() < chance:
            tile = change(tile, rng)
    return imagery.encode_jpeg(tile, int(rng.integers(*QUALITY)))


def _soft(tile: Image, rng: np.random.Generator) -> Image:
    import cv2

    return np.asarray(cv2.GaussianBlur(tile, (0, 0), float(rng.uniform(0.3, 1.1))), np.uint8)


def _shaken(tile: Image, rng: np.random.Generator) -> Image:
    """A drone that moves while the shutter is open: a straight smear of up to 6 px."""
    import cv2

    kernel = np.zeros((13, 13), np.float32)
    half, turn = rng.uniform(1, 3), rng.uniform(0, np.pi)
    away = np.array([np.cos(turn), np.sin(turn)]) * half
    ends = [tuple(int(v * 16) for v in 6 + sign * away) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.filter2D(tile, -1, kernel / kernel.sum()), np.uint8)


def _exposed(tile: Image, rng: np.random.Generator) -> Image:
    """Brightness, contrast and the three colours a little off."""
    curve = np.linspace(0, 1, 256) ** float(rng.uniform(0.75, 1.35)) * float(rng.uniform(0.85, 1.12))
    table = curve[:, None] * rng.uniform(0.94, 1.06, 3) * 255
    return np.stack([np.clip(table[:, c] + 0.5, 0, 255).astype(np.uint8)[tile[..., c]] for c in range(3)], axis=2)


def _noisy(tile: Image, rng: np.random.Generator) -> Image:
    grain = rng.standard_normal(tile.shape, np.float32) * np.float32(rng.uniform(0, 6))
    return np.clip(tile + grain + 0.5, 0, 255).astype(np.uint8)
