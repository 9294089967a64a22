"""What a drawing is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.types import Box, Pixel

Image = NDArray[np.uint8]  # (h, w, 3), blue first
Field = NDArray[np.float32]  # (h, w)
Mask = NDArray[np.bool_]  # (h, w)
Tone = NDArray[np.float32]  # (h, w, 3), blue first, 0..255
Floats = NDArray[np.float64]
Colour = tuple[float, float, float]  # blue, green, red


def as_colour(values: NDArray[np.floating]) -> Colour:
    """(3,) values as three numbers."""
    return float(values[0]), float(values[1]), float(values[2])


@dataclass(frozen=True, slots=True)
class Painted:
    """What a painter hands back: the new picture, how much of the thing covers each pixel, and where it comes from.

    `cover` (h, w) is the opacity 0..1 of the thing itself, without its shadow or the water that was laid for it;
    `base` is the picture just before the thing was put in (its water and its shadow are in it), for the contrast.
    """

    image: Image
    base: Image
    cover: Field
    source_px: Pixel  # x, y of the chimney's top, the pipe's mouth, the panel's centre
    kind: str  # such as "chimney", "box-culvert", "iron-cross"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture with one thing more, and everything that is known of the thing.

    contrast_de: mean CIE 1976 colour difference (L*a*b*) between the thing and what it covers, weighed by its cover;
    opacity: the 90th percentile of its cover; size_px: the square root of its box's area.
    """

    image: Image
    label: str
    box_px: Box
    mask: Mask
    source_px: Pixel
    kind: str
    contrast_de: float
    opacity: float
    size_px: float
