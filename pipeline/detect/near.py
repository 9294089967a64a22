"""Which boxes can touch at all: swept from left to right in strips, so that nobody compares all with all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

MOST_PAIRS_AT_ONCE = 500_000
MOST_STRIPS = 1024
STRIPS_HIGH = 1.5  # of a strip, in mean heights of boxes: few boxes lie in many, few pairs meet in one for nothing


def touching(low: Floats, high: Floats, groups: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Pairs (first, second) of boxes of one group that touch, each pair once, in batches of bounded size.

    low, high: corners (N, 2), x then y; groups: (N,) small whole numbers. Boxes without width or height touch none.
    Boxes are laid into strips of rows; in each strip of each group they are swept by their left edges. A pair that
    meets in several strips counts in the first of them.
    """
    boxes = np.flatnonzero((high > low).all(1))
    if len(boxes) < 2:
        return
    top, bottom, groups = low[boxes, 1], high[boxes, 1], groups[boxes]
    first_strip, strips = _strips(top, bottom)
    entry = np.repeat(np.arange(len(boxes)), strips)
    strip = first_strip[entry] + _counted(strips)
    left, right = low[boxes[entry], 0].astype(np.float64), high[boxes[entry], 0].astype(np.float64)
    # All strips of all groups one behind the other, out of each other's reach, on one line of left edges.
    line = (groups[entry] * (MOST_STRIPS + 1) + strip) * (2 * (right.max() - left.min()) + 1)
    order = np.argsort(line + left)
    entry, strip, left, reach = entry[order], strip[order], (line + left)[order], (line + right)[order]
    ends = np.searchsorted(left, reach + 4 * np.spacing(np.abs(left).max()), side="right")
    counts = ends - np.arange(len(entry)) - 1
    begins = first_strip[entry]
    for start, end in _batches(counts):
        one = np.repeat(np.arange(start, end), counts[start:end])
        two = one + 1 + _counted(counts[start:end])
        met = np.flatnonzero(np.maximum(begins[one], begins[two]) == strip[one])
        one, two = entry[one[met]], entry[two[met]]
        met = np.flatnonzero((top[one] <= bottom[two]) & (top[two] <= bottom[one]))
        yield boxes[one[met]], boxes[two[met]]


def _strips(top: Floats, bottom: Floats) -> tuple[Ints, Ints]:
    """The first strip of each box, and in how many it lies; three a box on average at most."""
    start, end = float(top.min()), float(bottom.max())
    height = max(STRIPS_HIGH * float(np.mean(bottom - top, dtype=np.float64)), (end - start) / MOST_STRIPS, 1e-6)
    first = ((top - start) / height).astype(np.int64)
    last = ((bottom - start) / height).astype(np.int64)
    return first, last - first + 1


def _counted(counts: Ints) -> Ints:
    """0, 1, … counts[0] - 1, 0, 1, … counts[1] - 1, and so on."""
    starts = np.cumsum(counts) - counts
    return np.arange(int(counts.sum())) - np.repeat(starts, counts)


def _batches(counts: Ints) -> list[tuple[int, int]]:
    """Runs (from, to) with a bounded number of pairs each, so that memory is bounded too."""
    total = np.cumsum(counts)
    cuts = [0]
    while cuts[-1] < len(counts):
        before = total[cuts[-1] - 1] if cuts[-1] else 0
        end = int(np.searchsorted(total, before + MOST_PAIRS_AT_ONCE, side="right"))
        cuts.append(max(end, cuts[-1] + 1))
    return list(pairwise(cuts))
