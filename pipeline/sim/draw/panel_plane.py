"""The plane that panels are designed on: shapes as antialiased fields."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.sim.draw.paint import noise
from pipeline.sim.draw.values import Field

Spot = tuple[float, float]
FINE = 96  # cells of noise across a panel
REACH = 0.9  # of the plane's half side that the panel takes: the rest is for pegs, curls and bulges


@dataclass(frozen=True, slots=True)
class Plane:
    """Coordinates of every cell of a square of n×n cells: the panel's own square is -1..1, y down.

    The coordinates bulge a little where cloth lies uneven. `soft` is a cell's width, over which edges fade.
    """

    x: Field
    y: Field
    soft: float

    @property
    def side(self) -> int:
        return int(self.x.shape[0])

    def inside(self, distance: NDArray[np.floating]) -> Field:
        """Share of each cell that a shape covers, of the distance to its edge (less than 0 inside)."""
        return np.asarray(np.clip(0.5 - distance / self.soft, 0, 1), np.float32)

    def box(self, half_x: float, half_y: float, at: Spot = (0.0, 0.0), turn_deg: float = 0.0) -> Field:
        """A rectangle about `at`, turned."""
        x, y = self._about(at, turn_deg)
        return self.inside(np.maximum(np.abs(x) - half_x, np.abs(y) - half_y))

    def disc(self, radius: float, at: Spot = (0.0, 0.0)) -> Field:
        return self.inside(np.hypot(self.x - at[0], self.y - at[1]) - radius)

    def wedge(self, middle_deg: float, half_deg: float, radius: float) -> Field:
        """A sector of a disc about the middle; `half_deg` at most 90."""
        x, y = self._about((0.0, 0.0), middle_deg)
        lean = np.radians(half_deg)
        side = np.abs(y) * np.cos(lean) - x * np.sin(lean)
        return self.inside(np.maximum(side, np.hypot(x, y) - radius))

    def polygon(self, corners: list[Spot]) -> Field:
        """A convex polygon; its corners clockwise as seen."""
        edges = []
        for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
            long = float(np.hypot(bx - ax, by - ay))
            edges.append(((self.x - ax) * (by - ay) - (self.y - ay) * (bx - ax)) / long)
        return self.inside(np.max(edges, axis=0))

    def line(self, points: list[Spot], wide: float) -> Field:
        """A stroke of round ends through points, `wide` in all."""
        total = np.full(self.x.shape, 9.0, np.float32)
        for (ax, ay), (bx, by) in pairwise(points):
            dx, dy = bx - ax, by - ay
            along = ((self.x - ax) * dx + (self.y - ay) * dy) / max(dx * dx + dy * dy, 1e-6)
            along = np.clip(along, 0, 1)
            total = np.minimum(total, np.hypot(self.x - ax - along * dx, self.y - ay - along * dy))
        return self.inside(total - wide / 2)

    def raster(self, picture: NDArray[np.uint8], half: float) -> Field:
        """A square grey picture laid over -half..half, 0..1; 0 outside of it."""
        import cv2

        scale = picture.shape[0] / (2 * half)
        map_x, map_y = ((v + half) * scale - 0.5 for v in (self.x, self.y))
        laid = cv2.remap(picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return np.asarray(laid / np.float32(255), np.float32)

    def _about(self, at: Spot, turn_deg: float) -> tuple[Field, Field]:
        c, s = float(np.cos(np.radians(turn_deg))), float(np.sin(np.radians(turn_deg)))
        x, y = self.x - at[0], self.y - at[1]
        return x * c + y * s, y * c - x * s


def plane(side: int, rng: np.random.Generator, bulge: float) -> Plane:
    """A plane of side×side cells, its coordinates off by about `bulge` (of the panel's half side)."""
    axis = ((np.arange(side, dtype=np.float32) + 0.5) * 2 / side - 1) / REACH
    off = [(lumps(side, rng, 0.6, 2) - 0.5) * (2 * bulge) for _ in "xy"]
    return Plane(axis[None, :] + off[0], axis[:, None] + off[1], 2 / side / REACH)


def lumps(side: int, rng: np.random.Generator, coarse: float, octaves: int) -> Field:
    """(side, side) noise 0..1; `coarse` is its largest lump as a share of the side. Made small: it is soft anyway."""
    import cv2

    small = noise((FINE, FINE), rng, max(2.0, coarse * FINE), octaves)
    return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)
