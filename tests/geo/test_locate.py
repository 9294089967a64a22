"""locate: its errors against brute force, its refusals, and the laser."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import GeometryError, NoPoseError
from pipeline.geo.geodesy import from_enu, to_enu
from pipeline.geo.locate import locate, locate_pixels
from pipeline.types import (
    SHARED,
    Attitude,
    Camera,
    Detection,
    Frame,
    GeoPoint,
    Ground,
    LaserPoint,
    Pose,
    PoseError,
)

HOME = GeoPoint(34.9, 113.5, 160.0)
LEVEL = Ground(plane_alt_m=100.0, sigma_m=0.5)
CAMERA = Camera(4000, 3000, 3000.0, 3000.0, 1999.5, 1499.5, focal_sigma=0.02)
OWN = PoseError(0.3, 0.3, 0.1, 2.0, 1.4, 1.4)
COMMON = PoseError(1.2, 1.2, 0.5, 0.5, 1.0, 1.0)


def frame(yaw=30.0, pitch=-90.0, roll=0.0, **changes) -> Frame:
    pose = Pose(0, HOME, Attitude(yaw, pitch, roll), OWN, COMMON)
    return replace(Frame("a.jpg", "a.jpg", 0, pose, CAMERA), **changes)


def east_north(points) -> np.ndarray:
    return to_enu(np.asarray(points), HOME)[:, :2]


def spot(f: Frame, ground: Ground = LEVEL, px=(1999.5, 1499.5)) -> np.ndarray:
    return east_north(locate_pixels(f, np.array([px]), ground).points)[0]


def test_the_centre_of_a_nadir_photo_is_below_the_camera():
    assert np.hypot(*spot(frame())) < 1e-6


def test_image_top_looks_along_yaw():
    east, north = spot(frame(yaw=30.0), px=(1999.5, 499.5))  # 1,000 px up at 60 m and f 3,000 px: 20 m
    assert (east, north) == pytest.approx((10.0, 17.3205), abs=1e-3)


def test_oblique_range_is_height_over_tangent():
    east, north = spot(frame(yaw=90.0, pitch=-30.0))
    assert (east, north) == pytest.approx((60 / np.tan(np.radians(30)), 0.0), abs=0.01)


@given(yaw=st.floats(-180, 180), pitch=st.floats(-90, -35), x=st.floats(0, 3999), y=st.floats(0, 2999))
@settings(max_examples=30, deadline=None)
def test_linear_errors_equal_finite_differences(yaw, pitch, x, y):
    """Each shared row is the shift that the error itself makes, to second order."""
    f, px, small = frame(yaw, pitch), (x, y), 1e-3
    found = locate_pixels(f, np.array([px]), LEVEL)
    if found.why[0]:
        return
    rows = dict(zip(SHARED, found.shared_m[0], strict=True))
    base = spot(f, px=px)
    assert f.pose is not None and f.pose.attitude is not None
    lat, lon, alt = from_enu(np.array([[0.0, 0.0, small]]), HOME)[0]
    higher = replace(f, pose=replace(f.pose, at=GeoPoint(lat, lon, alt)))
    nodded = replace(f, pose=replace(f.pose, attitude=Attitude(yaw, pitch + small, 0.0)))
    swung = replace(f, pose=replace(f.pose, attitude=Attitude(yaw + small, pitch, 0.0)))
    longer = replace(f, camera=replace(CAMERA, fx_px=3000.0 * (1 + 1e-5), fy_px=3000.0 * (1 + 1e-5)))
    for name, changed, step, sigma in (
        ("up", higher, small, 0.5),
        ("pitch", nodded, small, 1.0),
        ("yaw", swung, small, 0.5),
        ("focal", longer, 1e-5, 0.02),
    ):
        want = (spot(changed, px=px) - base) / step * sigma
        assert np.allclose(np.abs(rows[name]), np.abs(want), rtol=0.02, atol=2e-3), name
        assert rows[name] @ want >= -1e-6, name


def test_roll_at_nadir_is_the_tilt_across_the_track():
    rows = dict(
        zip(SHARED, locate_pixels(frame(yaw=0.0), np.array([[1999.5, 1499.5]]), LEVEL).shared_m[0], strict=True)
    )
    assert np.abs(rows["roll"]) == pytest.approx([60 * np.radians(1.0), 0.0], abs=1e-3)
    assert np.abs(rows["pitch"]) == pytest.approx([0.0, 60 * np.radians(1.0)], abs=1e-3)


def test_ninety_percent_of_truths_lie_inside():
    """Draw poses from the error model, by turning the camera with matrices written out here."""
    rng = np.random.default_rng(3)
    inside = []
    px = np.array([[600.0, 2500.0]])
    from pipeline.geo.radius import r90_m

    for pitch in (-90.0, -60.0, -45.0):
        f = frame(20.0, pitch)
        told = locate_pixels(f, px, LEVEL)
        c = told.covariance[0]
        r90 = r90_m((c[0, 0], c[0, 1], c[1, 1]))
        claimed = east_north(told.points)[0]
        for _ in range(700):
            truth = _truth(f, px[0], rng)
            inside.append(np.hypot(*(claimed - truth)) <= r90)
    assert 0.87 < np.mean(inside) < 0.93


def _truth(f: Frame, px, rng) -> np.ndarray:
    """Where the pixel truly looks when the pose carries drawn errors (own geometry, level ground)."""
    assert f.pose is not None and f.pose.attitude is not None
    yaw, pitch = np.radians([f.pose.attitude.yaw_deg, f.pose.attitude.pitch_deg])
    sigma = {
        n: np.hypot(getattr(OWN, n), getattr(COMMON, n)) for n in ("east_m", "up_m", "yaw_deg", "pitch_deg", "roll_deg")
    }
    focal = 3000.0 * (1 + rng.normal() * CAMERA.focal_sigma)
    ray = np.array([(px[0] - 1999.5) / focal, (px[1] - 1499.5) / focal, 1.0])
    dy, dp, dr = (np.radians(rng.normal() * sigma[n]) for n in ("yaw_deg", "pitch_deg", "roll_deg"))
    pitch = pitch + dp
    forward = np.array([np.sin(yaw) * np.cos(pitch), np.cos(yaw) * np.cos(pitch), np.sin(pitch)])
    right = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
    d = np.column_stack([right, np.cross(forward, right), forward]) @ ray
    level = np.array([np.sin(yaw), np.cos(yaw), 0.0])
    d = d + dr * np.cross(level, d)
    d = np.array([d[0] * np.cos(dy) + d[1] * np.sin(dy), d[1] * np.cos(dy) - d[0] * np.sin(dy), d[2]])
    camera = np.array(
        [rng.normal() * sigma["east_m"], rng.normal() * sigma["east_m"], 60 + rng.normal() * sigma["up_m"]]
    )
    ground = rng.normal() * 0.5
    return (camera + d * (ground - camera[2]) / d[2])[:2]


def test_sky_is_refused_with_the_photos_name():
    with pytest.raises(GeometryError, match=r"a\.jpg: pixel \(2000, 100\): .*horizon"):
        locate(Detection("a.jpg", "smoke", 1.0, (0, 0, 9, 9), (2000.0, 100.0)), frame(pitch=-5.0), LEVEL)


def test_a_grazing_ray_is_refused_with_a_sentence():
    found = locate_pixels(frame(pitch=-3.0), np.array([[1999.5, 1499.5]]), LEVEL)
    assert "grazes" in found.why[0] and np.isnan(found.points).all()


def test_no_attitude_no_coordinate():
    f = frame()
    assert f.pose is not None
    with pytest.raises(NoPoseError, match="attitude"):
        locate_pixels(replace(f, pose=replace(f.pose, attitude=None)), np.array([[0.0, 0.0]]), LEVEL)
    with pytest.raises(NoPoseError, match="no GPS"):
        locate_pixels(frame(problem="no GPS"), np.array([[0.0, 0.0]]), LEVEL)


def test_an_unknown_heading_makes_a_circle_that_holds_every_turn():
    from pipeline.geo.locate import as_covariance
    from pipeline.geo.radius import r90_m

    f = frame()
    assert f.pose is not None
    lost = replace(f, pose=replace(f.pose, own=replace(OWN, yaw_deg=180.0)))
    px = np.array([[3500.0, 400.0]])
    found = locate_pixels(lost, px, LEVEL)
    turned = locate_pixels(replace(f, pose=replace(f.pose, attitude=Attitude(210.0, -90.0))), px, LEVEL)
    apart = np.hypot(*(east_north(found.points) - east_north(turned.points))[0])
    assert r90_m(as_covariance(found.covariance[0])) >= apart


@pytest.mark.parametrize("pitch", [-90.0, -50.0])
def test_the_lasers_point_is_the_boresights_point(pitch):
    f = frame(20.0, pitch)
    truth = spot(f) + np.array([2.0, -1.5])  # the attitude is wrong by some degrees; the laser is not
    lat, lon, alt = from_enu(np.array([[*truth, -60.0]]), HOME)[0]
    aimed = replace(f, laser=LaserPoint(GeoPoint(lat, lon, alt), 80.0, 0.4))
    assert spot(aimed) == pytest.approx(truth, abs=0.01)
    plain, with_laser = (
        np.trace(locate_pixels(x, np.array([[1999.5, 1499.5]]), LEVEL).covariance[0]) for x in (f, aimed)
    )
    assert with_laser < 0.7 * plain


def test_a_sighting_is_the_sum_of_its_parts():
    s = locate(Detection("a.jpg", "marker", 1.0, (0, 0, 9, 9), (700.0, 700.0)), frame(pitch=-60.0), LEVEL)
    rows = np.array([*s.image_m, *s.shared_m, s.ground_m])
    assert s.covariance[0] == pytest.approx(s.alone_m2[0] + (rows.T @ rows)[0, 0])
    assert s.covariance[1] == pytest.approx(s.alone_m2[1] + (rows.T @ rows)[0, 1])
