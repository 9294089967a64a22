"""Checkerboards with more than two fields a side: a lattice of inner corners, each like a small board itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.fit import Panel
from pipeline.detect.patterns import Pattern

MOST_FIELDS = 8
OFF_LATTICE = 0.2  # of a field, per field away from the corner that we start from
LEAST_FILLED = 0.6


def grown(corners: list[Panel]) -> list[Panel]:
    """Square boards of 3 to MOST_FIELDS fields a side whose inner corners are among `corners` (2 × 2 boards found)."""
    if len(corners) < 3:
        return []
    at = np.array([c.centre_px for c in corners])
    boards: list[Panel] = []
    for board in (_board(corner, at) for corner in corners):
        # Each corner finds the board that it belongs to.
        if board is not None and not any(_same(board, b) for b in boards):
            boards.append(board)
    return boards


def _same(one: Panel, other: Panel) -> bool:
    apart = np.hypot(one.centre_px[0] - other.centre_px[0], one.centre_px[1] - other.centre_px[1])
    return one.pattern == other.pattern and bool(apart < 0.1 * one.side_px)


def _board(corner: Panel, at: NDArray[np.float64]) -> Panel | None:
    axes = np.array([corner.e1_px, corner.e2_px]).T
    places = np.linalg.solve(axes, (at - np.array(corner.centre_px)).T).T
    steps = np.round(places)
    far = np.maximum(np.abs(steps).max(1), 1)
    on = (np.abs(places - steps).max(1) < OFF_LATTICE * np.sqrt(far)) & (far < MOST_FIELDS)
    if on.sum() < 3:
        return None
    used = np.unique(steps[on], axis=0)
    low, high = used.min(0), used.max(0)
    rows, columns = (int(n) for n in high - low + 1)
    if rows != columns or not 2 <= rows < MOST_FIELDS or len(used) < LEAST_FILLED * rows * columns:
        return None
    # Many corners measure the lattice better than the axes of one do.
    design = np.column_stack([steps[on] - (low + high) / 2, np.ones(int(on.sum()))])
    (one, two, centre), *_ = np.linalg.lstsq(design, at[on], rcond=None)
    half = (rows + 1) / 2
    return Panel(Pattern("board", False, fields=rows + 1), _pair(centre), _pair(one * half), _pair(two * half), 0.2)


def _pair(v: NDArray[np.float64]) -> tuple[float, float]:
    return float(v[0]), float(v[1])
