"""Boxes in columns, and non-maximum suppression: the same object found twice in one look counts once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.near import touching

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

SLACK_PX = 1e-2  # for rounding in float32
MOST_HELD = 1_000_000  # pairs


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
    order = np.argsort(-found.scores, kind="stable")
    scores = found.scores[order]
    same = scores[1:] == scores[:-1]
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    if len(tied):
        few = found[order[tied]]
        x0, y0, x1, y1 = few.boxes.T
        order[tied] = order[tied[np.lexsort((few.labels, y1, x1, y0, x0, -few.scores))]]
    return found[order]


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
    """Greedy suppression within each class, as every YOLO does it: ranked, none overlaps a better one by more."""
    return _greedy(ranked(found), most_overlap)


def _greedy(found: Found, most_overlap: float) -> Found:
    """Suppression of ranked boxes; of a crowd whose pairs do not fit into memory the better half first."""
    if len(found) < 2:
        return found
    pairs = _overlapping(found, most_overlap)
    if pairs is None:
        half = len(found) // 2
        better = _greedy(found[:half], most_overlap)
        return together([better, _greedy(_free(found[half:], better, most_overlap), most_overlap)])
    keep = np.ones(len(found), bool)
    for i, j in zip(*pairs.tolist(), strict=True):
        if keep[i]:
            keep[j] = False
    return found[keep]


def _overlapping(found: Found, most_overlap: float) -> Ints | None:
    """Ranks (2, N), better and worse, of boxes of one class that overlap by more, sorted by the better's rank.

    None for more than MOST_HELD.
    """
    kept = [np.zeros((2, 0), np.int64)]
    for pairs in _pairs(found, most_overlap):
        kept.append(pairs)
        if sum(p.shape[1] for p in kept) > MOST_HELD:
            return None
    pairs = np.concatenate(kept, axis=1)
    return pairs[:, np.lexsort(pairs[::-1])]


def _pairs(found: Found, most_overlap: float) -> Iterator[Ints]:
    """Numbers (2, N), the smaller first, of boxes of one class that overlap by more.

    With an IoU over t, the left edges of two boxes are at most (1 - t) widths of the left one apart, and the upper
    edges likewise: boxes shrunk to that, towards their first corner, still touch.
    """
    low, high = found.boxes[:, :2], found.boxes[:, 2:]
    reach = np.asarray(low + (1 - most_overlap) * (high - low) + SLACK_PX, np.float32)
    for one, two in touching(low, reach, found.labels):
        near = overlaps(found.boxes[one], found.boxes[two]) > most_overlap
        yield np.stack([np.minimum(one[near], two[near]), np.maximum(one[near], two[near])])


def _free(found: Found, better: Found, most_overlap: float) -> Found:
    """Boxes that overlap none of the better ones by more."""
    free = np.ones(len(better) + len(found), bool)
    for one, two in _pairs(together([better, found]), most_overlap):
        free[two[one < len(better)]] = False
    return found[free[len(better) :]]
