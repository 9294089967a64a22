"""From false alarms on clean photos to confidences: see `pipeline.detect.calibration` for what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.calibration import confidence_at

Floats = NDArray[np.float64]

KNOTS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
LEAST_ALARMS = 8  # of a class, to fit its own line
MOST_RANK = 60  # the surest alarms say how the tail falls
FLOOR = 0.02  # raw scores below it are nothing


def calibrated(alarms: Iterable[tuple[str, float]], photos: int, labels: Iterable[str]) -> dict[str, list[list[float]]]:
    """Rows of [raw score, confidence] by class, from (class, raw score) of every false alarm on that many clean photos.

    The rate of false alarms at a score s and more is taken as a straight line of its logarithm over the logit of s,
    fitted to the surest ones by least squares; a class with few alarms takes the slope of all together, through its
    own. Raises ValueError for no photos at all.
    """
    if photos < 1:
        raise ValueError("calibration wants clean photos")
    by_class: Mapping[str, list[float]] = {label: [] for label in labels}
    for label, score in alarms:
        if label in by_class and score >= FLOOR:
            by_class[label].append(score)
    pooled = _line(np.array(sorted((s for v in by_class.values() for s in v), reverse=True)), photos, None)
    slope = pooled[1] if pooled else -1.0
    return {
        label: _rows(_line(np.array(sorted(v, reverse=True)), photos, slope), photos) for label, v in by_class.items()
    }


def _line(scores: Floats, photos: int, slope: float | None) -> tuple[float, float] | None:
    """(log rate at logit 0, slope) of the surest scores; None where too little is there to fit a slope."""
    top = scores[:MOST_RANK]
    x = _logit(top)
    y = np.log((np.arange(len(top)) + 0.5) / photos)  # the middle of each step
    if len(top) >= LEAST_ALARMS and np.ptp(x) >= 1e-6:  # all of one score tell no slope
        fitted, at_zero = np.polyfit(x, y, 1)
        return float(at_zero), float(min(fitted, -0.3))
    if slope is None:
        return None
    if not len(top):  # nothing was seen: as if one alarm might come with the next photo, at the least score
        return float(np.log(0.5 / photos) - slope * _logit(np.array([FLOOR]))[0]), slope
    return float(np.mean(y - slope * x)), slope


def _rows(line: tuple[float, float] | None, photos: int) -> list[list[float]]:
    at_zero, slope = line if line is not None else (float(np.log(0.5 / photos)), -1.0)
    rates = np.exp(at_zero + slope * _logit(np.array(KNOTS)))
    rows = [[knot, round(confidence_at(float(rate)), 4)] for knot, rate in zip(KNOTS, rates, strict=True)]
    return [[0.0, 0.0], *rows, [1.0, 1.0]]


def _logit(share: Floats) -> Floats:
    bounded = np.clip(share, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(bounded / (1 - bounded)))
