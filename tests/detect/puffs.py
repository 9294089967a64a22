"""A drawn plume: soft puffs from a foot on, wider and thinner with the way."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def ground(seed: int, width: int = 960, height: int = 720) -> Image:
    """A green field, rough at several scales."""
    rng = np.random.default_rng(seed)
    rough = sum(
        40 / n**0.5 * cv2.GaussianBlur(rng.normal(0, n, (height, width)).astype(np.float32), (0, 0), n)
        for n in (1.0, 2.5, 6.0)
    )
    tint = rng.normal(0, 6, (height, width, 3))
    return np.asarray(np.clip((60, 110, 85) + np.asarray(rough)[..., None] + tint, 0, 255), np.uint8)


def smoke(
    image: Image,
    foot: tuple[float, float],
    end: tuple[float, float],
    colour: tuple[float, float, float] = (214, 212, 210),
    phase: float = 0.0,
    widths: tuple[float, float] = (14.0, 75.0),
) -> tuple[Image, tuple[float, float, float, float]]:
    """The image with a plume from `foot` to `end` (pixels), and the box of what it covers by a fifth or more."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    depth = np.zeros((height, width), np.float32)
    for k, t in enumerate(np.linspace(0, 1, 40)):
        sway = 12 * t * np.sin(9 * t + 3 * phase + 1.7 * k)
        cx, cy = foot[0] + t * (end[0] - foot[0]) + sway, foot[1] + t * (end[1] - foot[1]) + sway
        radius = widths[0] + t * (widths[1] - widths[0])
        lump = 1 + 0.5 * np.sin(2.1 * k + 4 * phase)
        depth += 0.9 * lump * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (0.35 * radius) ** 2 / 2)
    alpha = 1 - np.exp(-depth)
    shade = np.array(colour, np.float32) * (0.86 + 0.14 * np.cos(x / 37 + 2 * phase) * np.cos(y / 29))[..., None]
    rows, columns = np.nonzero(alpha > 0.2)
    box = (columns.min() - 0.5, rows.min() - 0.5, columns.max() + 0.5, rows.max() + 0.5)
    drawn = image + alpha[..., None] * (shade - image)
    return np.asarray(np.clip(drawn, 0, 255), np.uint8), (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
