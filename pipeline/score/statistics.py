"""What a judge wants to know beside the points. No pair: None, never NaN.

Circular errors are the 50 % and 90 % quantiles of the pairs' distances, interpolated linearly between order
statistics (rank (N − 1)·q), rounded half up. The interval holds the middle 90 % of CE90 over bootstrap resamples
drawn by Philox-4x64 keyed with the hits' digest: the raw words are fixed by its definition, so that every machine
draws the same. Bias is tested with Hotelling's T² at 5 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.score.canonical import Ints, half_up, ratio_ppm
from pipeline.score.distance import Pairs, offsets
from pipeline.score.hits import NONE, Submission
from pipeline.score.precision import ap_ppm, curve
from pipeline.score.sets import most_saved
from pipeline.types import Rules, Target

MAX_DRAWS = 20_000_000
_BLOCK = 200_000  # draws at a time
SIGNIFICANT = 0.05


def statistics(
    near: Pairs,
    matched: Pairs,
    hits: Submission,
    targets: Sequence[Target],
    rules: Rules,
    ignored: set[int],
    seed: str,
) -> dict[str, Any]:
    """Every figure of `docs/scoring.md`, "Statistics". `near` reaches to R and to the last AP distance; `seed` is the
    hits' digest."""
    counted = np.ones(len(hits), dtype=bool)
    counted[list(ignored)] = False
    placed = matched.where(hits.lat_e9[matched.hit] != NONE)
    found, sent = len(matched), int(counted.sum())
    return {
        "matched": found,
        "precision_ppm": ratio_ppm(found, sent),
        "recall_ppm": ratio_ppm(found, len(targets)),
        "f1_ppm": ratio_ppm(2 * found, sent + len(targets)),
        **circular_errors(placed.distance_mm, rules, seed),
        **bias(*offsets(placed, rules)),
        "r90_held_ppm": _r90_held(placed, hits),
        "gospa": _gospa(near, counted, len(targets), rules),
        "ap_ppm": _ap(near, hits, counted, targets, rules),
        "curve": _curve(matched, hits, counted, len(targets)),
    }


def quantile_tenths(ordered: Ints, tenths: int) -> int:
    """The tenths / 10 quantile of sorted integers, (N,) with N > 0, interpolated linearly, rounded half up."""
    rank, part = divmod((len(ordered) - 1) * tenths, 10)
    low, high = int(ordered[rank]), int(ordered[min(rank + 1, len(ordered) - 1)])
    return (2 * (10 * low + (high - low) * part) + 10) // 20


def circular_errors(distance_mm: Ints, rules: Rules, seed: str) -> dict[str, Any]:
    """ce50_mm, ce90_mm, ce90_interval_mm and reliable, from the pairs' distances; `seed` is 64 hex digits."""
    if not len(distance_mm):
        return {"ce50_mm": None, "ce90_mm": None, "ce90_interval_mm": None, "reliable": False}
    ordered = np.sort(distance_mm)
    again = np.sort(_resampled_ce90(ordered, rules.resamples, seed))
    return {
        "ce50_mm": quantile_tenths(ordered, 5),
        "ce90_mm": quantile_tenths(ordered, 9),
        "ce90_interval_mm": [int(again[len(again) * 5 // 100]), int(again[(len(again) * 95 - 1) // 100])],
        "reliable": len(distance_mm) >= rules.reliable_from,
    }


def _resampled_ce90(ordered: Ints, resamples: int, seed: str) -> Ints:
    """CE90 of each resample; fewer resamples of very long lists, never fewer than 20."""
    n = len(ordered)
    times = max(20, min(resamples, MAX_DRAWS // n))
    words = np.random.Philox(key=int(seed[:32], 16))
    rank, part = divmod((n - 1) * 9, 10)
    ranks = [rank, min(rank + 1, n - 1)]
    found = []
    for some in _blocks(times, max(1, _BLOCK // n)):
        raw = words.random_raw(some * n).reshape(some, n)
        drawn = ((raw >> np.uint64(32)) * np.uint64(n) >> np.uint64(32)).astype(np.int32)
        low, high = ordered[np.partition(drawn, ranks, axis=1)[:, ranks]].T
        found.append((2 * (10 * low + (high - low) * part) + 10) // 20)
    return np.concatenate(found)


def _blocks(count: int, most: int) -> list[int]:
    return [min(most, count - done) for done in range(0, count, most)]


def bias(east_mm: Ints, north_mm: Ints) -> dict[str, Any]:
    """Mean of the hits' offsets from their targets, and whether it differs from zero (Hotelling's T², 5 %).

    With two dimensions p = (1 + T² / (n − 1))^(−(n − 2) / 2). Below three pairs there is no test (None). The
    millimetre's own variance, 1/12 mm², is added, so that equal offsets are a fault and not a division by zero.
    Sums are exact: no order of adding can show.
    """
    n, east, north = len(east_mm), east_mm.tolist(), north_mm.tolist()
    if n == 0:
        return {"bias_east_mm": None, "bias_north_mm": None, "bias_significant": None}
    e, m = sum(east), sum(north)
    means = {"bias_east_mm": (2 * e + n) // (2 * n), "bias_north_mm": (2 * m + n) // (2 * n)}
    if n < 3:
        return {**means, "bias_significant": None}
    ee, nn, en = (
        Fraction(n * sum(a * b for a, b in zip(x, y, strict=True)) - sum(x) * sum(y), n * (n - 1))
        for x, y in ((east, east), (north, north), (east, north))
    )
    ee, nn = ee + Fraction(1, 12), nn + Fraction(1, 12)
    t2 = (e * e * nn - 2 * e * m * en + m * m * ee) / (ee * nn - en * en) / n
    return {**means, "bias_significant": float(1 + t2 / (n - 1)) ** (-(n - 2) / 2) < SIGNIFICANT}


def _r90_held(matched: Pairs, hits: Submission) -> int | None:
    """Share of the pairs whose declared r90 holds the target; an honest one holds nine in ten."""
    declared = hits.r90_mm[matched.hit]
    given = declared != NONE
    return ratio_ppm(int((matched.distance_mm[given] <= declared[given]).sum()), int(given.sum()))


def _gospa(near: Pairs, counted: npt.NDArray[np.bool_], targets: int, rules: Rules) -> dict[str, int]:
    """p = 2, c = R: the total in mm, its parts in mm²."""
    some, cut2 = near.where(counted[near.hit] & (near.distance_mm < rules.radius_mm)), rules.radius_mm**2
    chosen = most_saved(some.target, some.hit, (cut2 - some.distance_mm**2).astype(np.float64))
    alone = {"missed": targets - len(chosen), "false": int(counted.sum()) - len(chosen)}
    located = sum(d * d for d in some.distance_mm[chosen].tolist())
    parts = {"localisation": located, **{name: count * cut2 // 2 for name, count in alone.items()}}
    return {"total": (math.isqrt(4 * sum(parts.values())) + 1) // 2, **parts}


def _ap(
    near: Pairs, hits: Submission, counted: npt.NDArray[np.bool_], targets: Sequence[Target], rules: Rules
) -> dict[str, Any]:
    confidence = np.where(hits.confidence_ppm == NONE, -1, hits.confidence_ppm)
    labels = [t.label for t in targets]
    found = ap_ppm(near, hits.labels, confidence, counted, labels, [1000 * m for m in rules.ap_m])
    return {str(m): one for m, one in zip(rules.ap_m, found, strict=True)}


def _curve(matched: Pairs, hits: Submission, counted: npt.NDArray[np.bool_], targets: int) -> list[dict[str, Any]]:
    """Precision and recall of the pairs as the confidence falls, ties grouped: where each whole per cent is reached."""
    if not targets or not counted.any():
        return []
    true = np.zeros(len(hits), dtype=bool)
    true[matched.hit] = True
    confidence = np.where(hits.confidence_ppm == NONE, -1, hits.confidence_ppm)
    precision, recall, at = curve(true[counted], confidence[counted], targets)
    levels = np.minimum(np.searchsorted(recall, np.arange(101) / 100), len(recall) - 1)
    return [
        {
            "confidence_ppm": int(at[k]) if at[k] >= 0 else None,
            "precision_ppm": half_up(1e6 * precision[k]),
            "recall_ppm": half_up(1e6 * recall[k]),
        }
        for k in np.unique(levels).tolist()
    ]
