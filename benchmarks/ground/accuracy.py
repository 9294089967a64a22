"""How far off N places are, in one line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Accuracy:
    """Median, CE90 and maximum of N distances from the truth in m; NaN of the radii where none were claimed."""

    n: int
    lost: int
    median_m: float
    ce90_m: float
    max_m: float
    inside: float
    median_r90_m: float

    def __str__(self) -> str:
        claimed = f"   median r90 {self.median_r90_m:6.2f} m, inside {self.inside:.0%}" if self.inside >= 0 else ""
        lost = f" ({self.lost} not placed)" if self.lost else ""
        return (
            f"{self.n:5d}  median {self.median_m:6.2f}  CE90 {self.ce90_m:6.2f}  max {self.max_m:6.2f} m{claimed}{lost}"
        )


def accuracy(off_m: ArrayLike, r90_m: ArrayLike | None = None) -> Accuracy:
    """Of (N,) distances and, where they were claimed, radii; NaN distances were not placed at all."""
    off = np.asarray(off_m, float)
    good = np.isfinite(off)
    if not good.any():
        return Accuracy(0, len(off), *[np.nan] * 5)
    inside = radius = np.nan
    if r90_m is not None:
        claimed = np.asarray(r90_m, float)[good]
        inside, radius = float(np.mean(off[good] <= claimed)), float(np.median(claimed))
    off = off[good]
    return Accuracy(
        len(off), int((~good).sum()), float(np.median(off)), float(np.percentile(off, 90)), float(off.max()), inside,
        radius,
    )  # fmt: skip


def asked(
    found: Accuracy, median_m: float | None = None, ce90_m: float | None = None, max_m: float | None = None
) -> str:
    """What was asked for, and whether it is met."""
    pairs = (("median", found.median_m, median_m), ("CE90", found.ce90_m, ce90_m), ("max", found.max_m, max_m))
    wanted = [(name, value, bound) for name, value, bound in pairs if bound is not None]
    said = ", ".join(f"{name} ≤ {bound:g}" for name, _, bound in wanted)
    met = all(value <= bound for _, value, bound in wanted)
    return f"   [asked: {said}: {'met' if met else 'NOT MET'}]" if wanted else ""
