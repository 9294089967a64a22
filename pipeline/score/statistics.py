"""What a judge wants to know beside the points. No pair: None, never NaN.

Circular errors are the 50 % and 90 % quantiles of the pairs' distances, interpolated linearly between order
statistics (rank (N − 1)·q), rounded half up. The interval holds the middle 90 % of CE90 over bootstrap resamples
drawn by Philox-4x64 keyed with the hits' digest: the raw words are fixed by its definition, so that every machine
draws the same. Bias is tested with Hotelling's T² at 5 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.score.canonical import Floats, Ints, half_up, ratio_ppm
from pipeline.score.distance import Pairs
from pipeline.score.hits import NONE, Submission
from pipeline.score.precision import ap_ppm, curve
from pipeline.score.sets import gospa
from pipeline.types import Rules, Target

MAX_DRAWS = 20_000_000
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
        **bias(placed.east_mm, placed.north_mm),
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
    found = np.empty(times, dtype=np.int64)
    for i in range(times):
        drawn = ((words.random_raw(n) >> np.uint64(32)) * np.uint64(n) >> np.uint64(32)).astype(np.int32)
        low, high = ordered[np.partition(drawn, ranks)[ranks]].tolist()
        found[i] = (2 * (10 * low + (high - low) * part) + 10) // 20
    return found


def bias(east_mm: Floats, north_mm: Floats) -> dict[str, Any]:
    """Mean of the hits' offsets from their targets, and whether it differs from zero (Hotelling's T², 5 %).

    With two dimensions p = (1 + T² / (n − 1))^(−(n − 2) / 2). Below three pairs there is no test (None). The
    millimetre's own variance, 1/12 mm², is added, so that equal offsets are a fault and not a division by zero.
    """
    n = len(east_mm)
    if n == 0:
        return {"bias_east_mm": None, "bias_north_mm": None, "bias_significant": None}
    e, m = float(east_mm.mean()), float(north_mm.mean())
    means = {"bias_east_mm": half_up(e), "bias_north_mm": half_up(m)}
    if n < 3:
        return {**means, "bias_significant": None}
    de, dn = east_mm - e, north_mm - m
    ee, nn, en = (float(v) / (n - 1) for v in ((de * de).sum(), (dn * dn).sum(), (de * dn).sum()))
    ee, nn = ee + 1 / 12, nn + 1 / 12
    t2 = n * (e * e * nn - 2 * e * m * en + m * m * ee) / (ee * nn - en * en)
    return {**means, "bias_significant": bool((1 + t2 / (n - 1)) ** (-(n - 2) / 2) < SIGNIFICANT)}


def _r90_held(matched: Pairs, hits: Submission) -> int | None:
    """Share of the pairs whose declared r90 holds the target; an honest one holds nine in ten."""
    declared = hits.r90_mm[matched.hit]
    given = declared != NONE
    return ratio_ppm(int((matched.distance_mm[given] <= declared[given]).sum()), int(given.sum()))


def _gospa(near: Pairs, counted: npt.NDArray[np.bool_], targets: int, rules: Rules) -> dict[str, int]:
    """p = 2, c = R: the total in mm, its parts in mm²."""
    some = near.where(counted[near.hit] & (near.distance_mm < rules.radius_mm))
    found = gospa(some.target, some.hit, some.distance_mm, targets, len(counted), rules.radius_mm)
    false = int(found.false) - int((~counted).sum()) * rules.radius_mm**2 // 2
    parts = {"localisation": int(found.localisation), "missed": int(found.missed), "false": false}
    return {"total": half_up(sum(parts.values()) ** 0.5), **parts}


def _ap(
    near: Pairs, hits: Submission, counted: npt.NDArray[np.bool_], targets: Sequence[Target], rules: Rules
) -> dict[str, Any]:
    confidence = np.where(hits.confidence_ppm == NONE, -1, hits.confidence_ppm)
    labels = [t.label for t in targets]
    return {str(m): ap_ppm(near, hits.labels, confidence, counted, labels, 1000 * m) for m in rules.ap_m}


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
