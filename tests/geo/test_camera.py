"""camera: pixels and rays, there and back, with and without distortion."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geo.camera import fold_radius, project, rays
from pipeline.types import Camera

PINHOLE = Camera(4000, 3000, 3000.0, 3010.0, 1990.0, 1510.0)
BARREL = Camera(4000, 3000, 3000.0, 3010.0, 1990.0, 1510.0, (-0.28, 0.11, 0.0011, -0.0007, -0.02))
CUSHION = Camera(4000, 3000, 3000.0, 3010.0, 1990.0, 1510.0, (0.12, -0.05, -0.0009, 0.0012, 0.03))
FOLDING = Camera(4000, 3000, 1500.0, 1500.0, 1999.5, 1499.5, (-0.3, 0.0, 0.0, 0.0, 0.0))
PIXELS = st.tuples(st.floats(-0.5, 3999.5), st.floats(-0.5, 2999.5))


@pytest.mark.parametrize("camera", [PINHOLE, BARREL, CUSHION])
@given(PIXELS, st.floats(0.1, 1e5))
def test_pixel_to_ray_to_pixel(camera, px, distance):
    ray = rays(camera, [px])
    assert np.linalg.norm(ray) == pytest.approx(1.0)
    assert project(camera, ray * distance)[0] == pytest.approx(px, abs=1e-6)


def test_distortion_equals_opencv():
    points = np.random.default_rng(4).uniform([-0.6, -0.5, 1.0], [0.6, 0.5, 1.0], (100, 3))
    matrix = np.array([[BARREL.fx_px, 0, BARREL.cx_px], [0, BARREL.fy_px, BARREL.cy_px], [0, 0, 1.0]])
    theirs = cv2.projectPoints(points, np.zeros(3), np.zeros(3), matrix, np.array(BARREL.distortion))[0][:, 0]
    assert project(BARREL, points) == pytest.approx(theirs, abs=1e-8)


def test_axes():
    right, below = rays(PINHOLE, [[3500.0, 1510.0], [1990.0, 2500.0]])
    assert right[0] > 0 and abs(right[1]) < 1e-12
    assert below[1] > 0 and abs(below[0]) < 1e-12
    assert rays(PINHOLE, [[1990.0, 1510.0]])[0] == pytest.approx([0.0, 0.0, 1.0])


def test_behind_the_camera_is_nowhere():
    assert np.isnan(project(PINHOLE, [[0.0, 0.0, -5.0], [1.0, 1.0, 0.0]])).all()


def test_beyond_the_fold_the_model_is_silent():
    limit = fold_radius(FOLDING.distortion)
    assert limit == pytest.approx(np.sqrt(1 / 0.9))
    assert np.isnan(project(FOLDING, [[limit + 0.01, 0.0, 1.0]])).all()
    largest = 1500.0 * limit * (1 - 0.3 * limit**2)
    inside, outside = rays(FOLDING, [[1999.5 + largest - 1, 1499.5], [1999.5 + largest + 1, 1499.5]])
    assert np.isfinite(inside).all() and np.isnan(outside).all()


@given(st.floats(0.0, 0.999), st.floats(0.0, 2 * np.pi))
def test_up_to_the_fold_it_inverts(share, angle):
    r = share * fold_radius(FOLDING.distortion)
    px = project(FOLDING, [[r * np.cos(angle), r * np.sin(angle), 1.0]])
    assert project(FOLDING, rays(FOLDING, px)) == pytest.approx(px, abs=1e-6)
    back = rays(FOLDING, px)[0]
    assert back[:2] / back[2] == pytest.approx([r * np.cos(angle), r * np.sin(angle)], abs=1e-6)
