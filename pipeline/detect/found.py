"""Boxes in columns, and non-maximum suppression: the same object found twice in one look counts once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Found:
    """N boxes: corners (N, 4) as x0, y0, x1, y1 with edges, confidences (N,), and the network's class numbers (N,)."""

    boxes: Floats
    scores: Floats
    labels: Ints

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, which: Ints | Mask | slice) -> Found:
        return Found(self.boxes[which], self.scores[which], self.labels[which])


def nothing() -> Found:
    """No box at all."""
    return Found(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))


def together(parts: Sequence[Found]) -> Found:
    """The boxes of all parts, in order."""
    if not parts:
        return nothing()
    return Found(
        np.concatenate([p.boxes for p in parts]),
        np.concatenate([p.scores for p in parts]),
        np.concatenate([p.labels for p in parts]),
    )


def ranked(found: Found) -> Found:
    """Most confident first; equal ones by place and class, so that the order never depends on how they came."""
    x0, y0, x1, y1 = found.boxes.T
    return found[np.lexsort((found.labels, y1, x1, y0, x0, -found.scores))]


def areas(boxes: Floats) -> Floats:
    """Areas (N,) of boxes (N, 4); nothing is smaller than nothing."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return np.asarray(sides[:, 0] * sides[:, 1])


def shared_areas(one: Floats, other: Floats) -> Floats:
    """Areas (N,) of the intersections of boxes (N, 4) with boxes (N, 4), row by row."""
    sides = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])
    sides = np.maximum(sides, 0)
    return np.asarray(sides[:, 0] * sides[:, 1])


def overlaps(one: Floats, other: Floats) -> Floats:
    """Intersection over union (N,), row by row; 0 where both are empty."""
    shared = shared_areas(one, other)
    union = areas(one) + areas(other) - shared
    return np.asarray(shared / np.maximum(union, 1e-9))


def suppressed(found: Found, most_overlap: float) -> Found:
    """Greedy suppression within each class, as every YOLO does it: ranked, none overlaps a better one by more.

    Only pairs that can overlap so much are compared: with an IoU over t, the left edges of two boxes are at most
    (1 - t) widths apart.
    """
    found = ranked(found)
    better, worse = _pairs(found, most_overlap)
    keep = np.ones(len(found), bool)
    for i, j in zip(better.tolist(), worse.tolist(), strict=True):
        if keep[i]:
            keep[j] = False
    return found[keep]


MOST_PAIRS_AT_ONCE = 2_000_000


def _pairs(found: Found, most_overlap: float) -> tuple[Ints, Ints]:
    """Ranks (better, worse) of boxes of one class that overlap by more, sorted by the better's rank."""
    order = np.lexsort((found.boxes[:, 0], found.labels))
    boxes, labels = found.boxes[order], found.labels[order]
    # Classes side by side, far from each other, on one line of left edges.
    span = np.float64(np.ptp(boxes[:, [0, 2]]) + 1) if len(boxes) else 1.0
    left = boxes[:, 0].astype(np.float64) + labels * (2 * span)
    reach = left + (1 - most_overlap) * (boxes[:, 2] - boxes[:, 0]) + 1e-3
    ends = np.searchsorted(left, reach, side="right")
    counts = np.maximum(ends - np.arange(len(boxes)) - 1, 0)
    kept: list[tuple[Ints, Ints]] = []
    for low, high in _batches(counts):
        first = np.repeat(np.arange(low, high), counts[low:high])
        within = np.arange(len(first)) - np.repeat(np.cumsum(counts[low:high]) - counts[low:high], counts[low:high])
        second = first + 1 + within
        near = overlaps(boxes[first], boxes[second]) > most_overlap
        kept.append((order[first[near]], order[second[near]]))
    if not kept:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    one, two = (np.concatenate(column) for column in zip(*kept, strict=True))
    better, worse = np.minimum(one, two), np.maximum(one, two)
    sequence = np.lexsort((worse, better))
    return better[sequence], worse[sequence]


def _batches(counts: Ints) -> list[tuple[int, int]]:
    """Runs of boxes (from, to) with a bounded number of pairs each, so that memory is bounded too."""
    total = np.cumsum(counts)
    cuts = [0]
    while cuts[-1] < len(counts):
        before = total[cuts[-1] - 1] if cuts[-1] else 0
        end = int(np.searchsorted(total, before + MOST_PAIRS_AT_ONCE, side="right"))
        cuts.append(max(end, cuts[-1] + 1))
    return list(pairwise(cuts))
