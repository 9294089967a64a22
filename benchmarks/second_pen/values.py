"""What the pen draws with: a layer that lies over a tile, and what is known of it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]  # OpenCV tells no more of what it gives back
Box = tuple[float, float, float, float]  # left, top, right, bottom: edges, in pixels
LABELS = ("smoke", "dust", "outfall", "marker")


@dataclass(frozen=True, slots=True)
class Layer:
    """A thing before its strength is known, in a tile of (h, w) pixels.

    `depth` (h, w) is optical depth for `soft` things and cover 0..1 for solid ones; `light` (h, w, 3) times one of
    `shades` (each (3,), blue first, 0..255) is its colour; `scenery` (colour (h, w, 3), cover (h, w)) is drawn below
    it and is no part of it.
    """

    label: str
    kind: str
    depth: Floats
    light: Floats
    shades: tuple[Floats, ...]
    source_px: tuple[float, float]
    soft: bool
    scenery: tuple[Floats, Floats] | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """A drawn thing: its true box (edges, the centre of the top-left pixel is (0, 0)), source and difficulty."""

    label: str
    kind: str
    box_px: Box
    source_px: tuple[float, float]
    contrast_de: float
    opacity: float

    @property
    def size_px(self) -> float:
        """The square root of the box's area."""
        x0, y0, x1, y1 = self.box_px
        return float(np.sqrt((x1 - x0) * (y1 - y0)))

    def told(self) -> dict[str, Any]:
        """As things.jsonl has it."""
        return {
            "class": self.label,
            "box_px": [round(v, 2) for v in self.box_px],
            "source_px": [round(v, 2) for v in self.source_px],
            "kind": self.kind,
            "contrast_de": round(self.contrast_de, 2),
            "opacity": round(self.opacity, 3),
            "size_px": round(self.size_px, 1),
        }
