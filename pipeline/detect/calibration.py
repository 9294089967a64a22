"""Confidences that mean the same for every class: 0.5 is one false alarm of that class in twenty clean photos.

A network's raw score says little: 0.6 may be a rare mistake for a marker and a common one for smoke. What an officer
can use is how often a find so sure is nothing. With r(s) the false alarms a clean photo of a class at a raw score of s
and more, a find's confidence is

    1 / (1 + r(s) / 0.05)

so that a threshold of 0.5 lets through 0.05 false alarms of each class a photo, of four classes 0.2 in all, and 0.9
a ninth of that. r is measured (`pipeline.learn.calibrate`) and kept in the registry as points, straight between them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HALF_RATE = 0.05  # false alarms of a class a photo at a confidence of 0.5
Points = tuple[tuple[float, float], ...]  # (raw score, confidence), rising


def confidence_at(rate: float) -> float:
    """The confidence of a find that is a false alarm `rate` times a photo."""
    return 1 / (1 + rate / HALF_RATE)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Raw scores to confidences, by class; a class without points keeps its raw scores."""

    points: tuple[tuple[str, Points], ...] = ()

    def confidences(
        self, scores: NDArray[np.float32], numbers: NDArray[np.int64], labels: Sequence[str]
    ) -> NDArray[np.float32]:
        """(N,) confidences of (N,) raw scores of the classes `labels[number]`."""
        found = scores.copy()
        for label, points in self.points:
            of_class = np.isin(numbers, [i for i, x in enumerate(labels) if x.split("/")[0] == label])
            raw, sure = np.array(points).T
            found[of_class] = np.interp(scores[of_class], raw, sure)
        return found

    def least_confidence(self, raw: float) -> float:
        """The lowest confidence that any class has at a raw score."""
        return min([raw, *(float(np.interp(raw, *np.array(points).T)) for _, points in self.points)])

    def least_raw(self, confidence: float) -> float:
        """A raw score below which no class reaches a confidence."""
        if not self.points:
            return confidence
        return min(confidence, *(_inverse(points, confidence) for _, points in self.points))


def _inverse(points: Points, confidence: float) -> float:
    raw, sure = np.array(points).T
    reached = np.flatnonzero(sure >= confidence)
    if not len(reached):
        return 1.0
    i = int(reached[0])
    if i == 0:
        return float(raw[0])
    share = (confidence - sure[i - 1]) / (sure[i] - sure[i - 1])
    return float(raw[i - 1] + share * (raw[i] - raw[i - 1]))


def calibration_of(table: Mapping[str, Sequence[Sequence[float]]]) -> Calibration:
    """From a registry's table: class -> rows of [raw score, confidence].

    Raises ValueError, naming the class, for rows that do not begin at a raw score of 0 and rise in both.
    """
    points = []
    for label, rows in sorted(table.items()):
        if any(isinstance(v, str | bool) for row in rows for v in row):
            raise ValueError(f"{label}: calibration wants numbers")
        values = np.array(rows, np.float64)
        good = values.ndim == 2 and values.shape[1:] == (2,) and len(values) >= 2 and bool(np.isfinite(values).all())
        if not good or values.min() < 0 or values.max() > 1:
            raise ValueError(f"{label}: calibration wants two or more rows of [raw score, confidence] from 0 to 1")
        if not ((np.diff(values[:, 0]) > 0).all() and (np.diff(values[:, 1]) >= 0).all()):
            raise ValueError(f"{label}: calibration's rows must rise")
        if values[0, 0] > 0:  # what lies below would be as sure as the first row, and never be asked for
            raise ValueError(f"{label}: calibration's rows must begin at a raw score of 0")
        points.append((label, tuple((float(a), float(b)) for a, b in values)))
    return Calibration(tuple(points))
