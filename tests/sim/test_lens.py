"""The true lens: pixel -> ray -> pixel, and OpenCV's projection."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.sim.lens import Lens
from pipeline.sim.truth import DISTORTION

LENS = Lens(4000, 3000, 2840.0, 2011.5, 1490.5, DISTORTION)
CORNERS = np.array([[0, 0], [3999, 0], [3999, 2999], [0, 2999], [2000, 1500], [812.3, 2417.9]])


def test_project_undoes_rays() -> None:
    px, depth = LENS.project(LENS.rays(CORNERS) * 55.0)
    assert px == pytest.approx(CORNERS, abs=1e-6)
    assert (depth > 0).all()


def test_projection_is_opencv_s() -> None:
    points = LENS.rays(CORNERS) * np.array([[20], [30], [40], [50], [60], [70]])
    matrix = np.array([[LENS.focal_px, 0, LENS.cx_px], [0, LENS.focal_px, LENS.cy_px], [0, 0, 1]])
    other, _ = cv2.projectPoints(points[:, None], np.zeros(3), np.zeros(3), matrix, np.array(LENS.distortion))
    assert LENS.project(points)[0] == pytest.approx(other.reshape(-1, 2), abs=1e-6)


def test_what_is_behind_is_not_seen() -> None:
    px, _ = LENS.project(np.array([[0.0, 0.0, -5.0], [90.0, 0.0, 1.0]]))
    assert np.isnan(px).all()
    assert not LENS.contains(px).any()
