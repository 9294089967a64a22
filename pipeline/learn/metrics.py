"""How good a list of boxes is: average precision, and what is found at a number of false alarms a picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.types import Box

Seen = tuple[str, float, Box]  # picture, confidence, box


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes; 0 where either has no area."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def matched(
    detections: Iterable[Seen], truths: Mapping[str, Sequence[Box]], iou: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(confidences, right or not), most confident first.

    Each detection takes the best overlapping truth of its picture that is still free, at `iou` or more: the second
    box on one truth is a false alarm.
    """
    ordered = sorted(detections, key=lambda d: (-d[1], d[0], d[2]))
    taken: set[tuple[str, int]] = set()
    right = np.zeros(len(ordered), bool)
    for i, (picture, _, box) in enumerate(ordered):
        free = [(overlap(box, t), n) for n, t in enumerate(truths.get(picture, ())) if (picture, n) not in taken]
        best, number = max(free, default=(0.0, -1), key=lambda f: (f[0], -f[1]))
        if number >= 0 and best >= iou:
            taken.add((picture, number))
            right[i] = True
    return np.array([d[1] for d in ordered], np.float64), right


def average_precision(detections: Iterable[Seen], truths: Mapping[str, Sequence[Box]], iou: float) -> float:
    """Area under precision over recall, all points (PASCAL VOC 2010 and later); NaN where there is no truth.

    Precision at a recall is the best at that recall or a higher one. Detections of one confidence count together:
    their order says nothing.
    """
    total = sum(len(boxes) for boxes in truths.values())
    if total == 0:
        return float("nan")
    confidence, right = matched(detections, truths, iou)
    return area_under(confidence, right, total)


def area_under(confidence: NDArray[np.float64], right: NDArray[np.bool_], total: int) -> float:
    """`average_precision` of what is matched already, most confident first, against `total` truths; NaN for none."""
    if total == 0:
        return float("nan")
    if not len(right):
        return 0.0
    last = np.flatnonzero(np.append(confidence[1:] != confidence[:-1], True))
    hits = np.cumsum(right)[last]
    precision = np.maximum.accumulate((hits / (last + 1))[::-1])[::-1]
    return float(np.sum(np.diff(hits, prepend=0) * precision) / total)


def threshold_at(false_confidences: Iterable[float], pictures: int, a_picture: float) -> float:
    """The lowest threshold at which at most `a_picture` false alarms a picture are left.

    A detection speaks when its confidence reaches the threshold; above 1 means that none may.
    """
    alarms = np.sort(np.fromiter(false_confidences, np.float64))[::-1]
    allowed = int(np.floor(a_picture * pictures + 1e-9))
    return 0.0 if allowed >= len(alarms) else float(np.nextafter(alarms[allowed], 2.0))


def recall_at(detections: Iterable[Seen], truths: Mapping[str, Sequence[Box]], iou: float, threshold: float) -> float:
    """Share of the truths found by detections at or above a threshold; NaN where there is no truth."""
    total = sum(len(boxes) for boxes in truths.values())
    if total == 0:
        return float("nan")
    _, right = matched((d for d in detections if d[1] >= threshold), truths, iou)
    return float(np.count_nonzero(right) / total)
