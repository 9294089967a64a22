"""What an outfall lets into the water: advection and diffusion in a jet that a current carries off."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.second_pen.values import Floats

SIDE = 96


@dataclass(frozen=True, slots=True)
class Drift:
    """Concentration 0..1 (SIDE, SIDE) over x -reach..reach along the bank and y 0..reach out, in the mouth's widths."""

    field: Floats
    reach: float

    def at(self, x: Floats, y: Floats) -> Floats:
        """Concentration at places on the water; 0 outside."""
        col = (x / self.reach + 1) / 2 * (SIDE - 1)
        row = y / self.reach * (SIDE - 1)
        return np.asarray(cv2.remap(self.field, col.astype(np.float32), row.astype(np.float32), cv2.INTER_LINEAR))


def drift(reach: float, rng: np.random.Generator, steps: int = 46) -> Drift:
    """Let a steady source run: a jet that weakens outwards, a current along the bank, eddies, diffusion."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    jet, current = rng.uniform(0.9, 2.2), rng.uniform(-0.8, 0.8)
    wide = 3.0 + 0.12 * y
    push = jet * np.exp(-(((x - SIDE / 2) / wide) ** 2)) * np.exp(-y / 55)
    stream = _smooth(rng, 14) + 0.5 * _smooth(rng, 6)
    v = push + 2.2 * cv2.Sobel(stream, cv2.CV_32F, 1, 0, scale=0.125) + 0.15
    u = current * np.clip(y / 25, 0, 1) - 2.2 * cv2.Sobel(stream, cv2.CV_32F, 0, 1, scale=0.125)
    field = np.zeros((SIDE, SIDE), np.float32)
    # x spans two reaches and y one: a cell along the bank is twice as long as one outwards.
    source = np.exp(-(((x - SIDE / 2) / max(0.35 * SIDE / reach / 2, 0.8)) ** 2) - (y / 2.0) ** 2)
    for _ in range(steps):
        field = np.maximum(field, source)
        field = cv2.remap(field, x - 0.5 * u, y - v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT) * 0.985
        field = cv2.GaussianBlur(field, (0, 0), 0.45)
    edge = np.clip((SIDE - 1 - y) / 12, 0, 1) * np.clip(np.minimum(x, SIDE - 1 - x) / 12, 0, 1)
    return Drift((field * edge).astype(np.float32), reach)


def _smooth(rng: np.random.Generator, cell: int) -> Floats:
    rough = rng.standard_normal((SIDE // cell + 2, SIDE // cell + 2), dtype=np.float32)
    return np.asarray(cv2.resize(rough, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)) * cell / 6
