"""Confidences of one meaning: rising, inverted exactly, and as rare as they say on the photos they come from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.calibration import HALF_RATE, Calibration, calibration_of, confidence_at
from pipeline.learn.calibrate import calibrated

ROWS = [[0.0, 0.0], [0.2, 0.1], [0.6, 0.1], [0.7, 0.5], [1.0, 1.0]]
LABELS = ("smoke/straw", "dust")


def confidences(calibration: Calibration, scores: list[float], label: int = 0) -> np.ndarray:
    return calibration.confidences(np.array(scores, np.float32), np.full(len(scores), label), LABELS)


def test_half_is_one_false_alarm_in_twenty_photos() -> None:
    assert confidence_at(HALF_RATE) == 0.5
    assert confidence_at(0) == 1
    assert confidence_at(9 * HALF_RATE) == pytest.approx(0.1)


def test_only_the_classes_told_are_changed() -> None:
    told = calibration_of({"smoke": ROWS})
    assert confidences(told, [0.65]) == pytest.approx([0.3])
    assert confidences(told, [0.65], 1) == pytest.approx([0.65])
    assert confidences(Calibration(), [0.65]) == pytest.approx([0.65])


@given(st.floats(0.001, 0.999), st.floats(0, 1))
def test_nothing_that_reaches_the_threshold_is_lost(confidence: float, raw: float) -> None:
    told = calibration_of({"smoke": ROWS, "dust": [[0.0, 0.0], [0.9, 0.2], [1.0, 1.0]]})
    if max(float(confidences(told, [raw], n)[0]) for n in range(2)) >= confidence:
        assert raw >= told.least_raw(confidence) - 1e-6


@pytest.mark.parametrize(
    "rows", [[], [[0, 0]], [[0, 0], [0, 1]], [[0, 1], [1, 0]], [[0, 0], [1, 2]], [[0, 0, 0], [1, 1, 1]]]
)
def test_rows_that_do_not_rise_are_refused(rows: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="smoke: calibration"):
        calibration_of({"smoke": rows})


def test_the_rate_on_the_photos_it_was_made_from_is_what_the_confidence_says() -> None:
    rng = np.random.default_rng(0)
    photos = 400
    alarms = [("smoke", float(s)) for s in rng.beta(1.0, 6.0, 3000)] + [("dust", float(s)) for s in rng.beta(2, 3, 500)]
    told = calibration_of(calibrated(alarms, photos, ("smoke", "dust", "marker")))
    for number, label in enumerate(("smoke", "dust")):
        scores = np.array([s for name, s in alarms if name == label], np.float32)
        sure = told.confidences(scores, np.full(len(scores), 0), (label,))
        rate = float((sure >= 0.5).sum()) / photos
        assert HALF_RATE / 2 < rate < HALF_RATE * 2, (number, rate)


def test_a_class_without_alarms_is_believed_but_not_at_once() -> None:
    alarms = [("smoke", s) for s in np.linspace(0.05, 0.9, 40).tolist()]
    told = dict(calibration_of(calibrated(alarms, 20, ("smoke", "marker"))).points)
    sure = {label: np.interp(0.5, *np.array(points).T) for label, points in told.items()}
    assert sure["marker"] > sure["smoke"]
    assert np.interp(0.03, *np.array(told["marker"]).T) < 0.9


@pytest.mark.parametrize("rows", [[[0.2, 0.1], [1.0, 1.0]], [["0", "0"], ["1", "1"]], [[False, False], [True, True]]])
def test_rows_that_begin_late_or_are_no_numbers_are_refused(rows: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="smoke: calibration"):
        calibration_of({"smoke": rows})


def test_many_alarms_of_one_score_are_many_alarms() -> None:
    told = dict(calibration_of(calibrated([("smoke", 0.9999)] * 500, 20, ("smoke",))).points)
    assert np.interp(0.98, *np.array(told["smoke"]).T) < 0.05
