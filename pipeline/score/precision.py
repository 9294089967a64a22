"""Average precision by distance, as nuScenes counts it, with ties of confidence grouped.

Hits by falling confidence, each to the nearest free target of its class (the same path) strictly within the distance;
precision interpolated at 101 recalls; recalls up to 0.1 dropped, 0.1 taken off the precision, clipped at 0; the mean,
divided by 0.9. Hits of equal confidence enter together: within such a group the nearest pair goes first.
(nutonomy/nuscenes-devkit, `eval/detection/algo.py`, Apache-2.0.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.score.canonical import Floats, Ints, half_up
from pipeline.score.distance import Pairs

MIN_RECALL = 0.1
MIN_PRECISION = 0.1


def average_precision(true: npt.NDArray[np.bool_], confidence: Ints, targets: int) -> float:
    """AP of one class from (N,) hits in any order: whether each took a target, and its confidence. 0 without hits."""
    if not len(true) or not targets or not true.any():
        return 0.0
    precision, recall, _ = curve(true, confidence, targets)
    asked = np.arange(round(100 * MIN_RECALL) + 1, 101) / 100
    kept = np.clip(_interpolated(asked, recall, precision) - MIN_PRECISION, 0.0, None)
    return math.fsum(kept.tolist()) / len(kept) / (1.0 - MIN_PRECISION)


def _interpolated(asked: Floats, recall: Floats, precision: Floats) -> Floats:
    """Precision at the recalls asked for, linear between the points of the curve, 0 beyond the last.

    One operation at a time, each rounded as IEEE 754 says: `np.interp` may fuse two of them, which another machine
    does not.
    """
    last = np.searchsorted(recall, asked, side="right") - 1
    low, high = np.maximum(last, 0), np.minimum(last + 1, len(recall) - 1)
    apart = recall[high] - recall[low]
    share = (asked - recall[low]) / np.where(apart > 0, apart, 1.0)
    between = precision[low] + share * (precision[high] - precision[low])
    found = np.where((last < 0) | (apart <= 0), precision[high], between)
    return np.where(asked > recall[-1], 0.0, found)


def curve(true: npt.NDArray[np.bool_], confidence: Ints, targets: int) -> tuple[Floats, Floats, Ints]:
    """(precision, recall, confidence) after each group of equal confidence, most confident first."""
    order = np.argsort(-confidence, kind="stable")
    ranked, found = confidence[order], np.cumsum(true[order])
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    return found[ends] / (ends + 1), found[ends] / targets, ranked[ends]


def ap_ppm(
    pairs: Pairs,
    hit_labels: Sequence[str],
    confidence_ppm: Ints,
    counted: npt.NDArray[np.bool_],
    target_labels: Sequence[str],
    limits_mm: Sequence[int],
) -> list[dict[str, object]]:
    """For each distance {"all": mean over classes, "by_class": {class: ppm}}; None where there is no target.

    `pairs` reach at least to the largest distance; `counted` says which hits count (those in ignore areas do not).
    A hit without confidence comes last.
    """
    classes = {label: i for i, label in enumerate(sorted(set(target_labels)))}
    of_hit = np.array([classes.get(label, -1) for label in hit_labels], dtype=np.int64)
    of_target = np.array([classes[label] for label in target_labels], dtype=np.int64)
    same = pairs.where((of_hit[pairs.hit] == of_target[pairs.target]) & counted[pairs.hit])
    mine = [np.flatnonzero(counted & (of_hit == i)) for i in classes.values()]
    many = np.bincount(of_target, minlength=len(classes)).tolist()
    found = []
    for limit_mm in limits_mm:
        true = _taken(same.where(same.distance_mm < limit_mm), confidence_ppm, len(of_target))
        values = [average_precision(true[m], confidence_ppm[m], n) for m, n in zip(mine, many, strict=True)]
        found.append(_in_ppm(dict(zip(classes, values, strict=True))))
    return found


def _in_ppm(values: Mapping[str, float]) -> dict[str, object]:
    whole = half_up(1e6 * math.fsum(values.values()) / len(values)) if values else None
    return {"all": whole, "by_class": {label: half_up(1e6 * v) for label, v in values.items()}}


def _taken(pairs: Pairs, confidence: Ints, targets: int) -> npt.NDArray[np.bool_]:
    """(hits,) booleans: who takes a free target, going down by confidence, then up by distance."""
    order = np.lexsort((pairs.hit, pairs.target, pairs.distance_mm, -confidence[pairs.hit]))
    taken: set[int] = set()
    true = [False] * len(confidence)
    for t, h in zip(pairs.target[order].tolist(), pairs.hit[order].tolist(), strict=True):
        if t not in taken and not true[h]:
            taken.add(t)
            true[h] = True
            if len(taken) == targets:
                break
    return np.array(true, dtype=bool)
