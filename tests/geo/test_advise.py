"""Terms add up to the whole; a second view is advised where it halves the error, and is as good as promised."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.geo.advise import FLIGHT, PHOTO, Advice, second_view, terms
from pipeline.geo.fuse import fuse
from pipeline.geo.geodesy import as_row, to_enu
from pipeline.geo.locate import as_covariance, locate, locate_pixels
from pipeline.geo.radius import r90_m
from pipeline.geo.rotation import attitude_of, enu_R_cam, error_axes_enu, turn_about
from pipeline.types import Attitude, Camera, Detection, Frame, GeoPoint, Ground, Pose, PoseError, Posterior

LEVEL = Ground(plane_alt_m=100.0, sigma_m=0.5)
CAMERA = Camera(4000, 3000, 3000.0, 3000.0, 1999.5, 1499.5, focal_sigma=0.02)
OWN = PoseError(0.3, 0.3, 0.1, 2.0, 1.4, 1.4)
COMMON = PoseError(1.2, 1.2, 0.5, 0.5, 1.04, 1.04)
CENTRE = (1999.5, 1499.5)


def frame(pitch: float, height_m: float = 100.0, yaw: float = 45.0, **changes) -> Frame:
    pose = Pose(0, GeoPoint(34.9, 113.5, 100.0 + height_m), Attitude(yaw, pitch), OWN, COMMON)
    return replace(Frame("a.jpg", "a.jpg", 0, pose, CAMERA), **changes)


@given(yaw=st.floats(-180, 180), pitch=st.floats(-90, -20), x=st.floats(0, 3999), y=st.floats(0, 2999))
@settings(max_examples=40)
def test_shares_add_up_to_one(yaw, pitch, x, y):
    parts = terms(frame(pitch, yaw=yaw), (x, y), LEVEL)
    found = locate_pixels(frame(pitch, yaw=yaw), np.array([[x, y]]), LEVEL)
    if found.why[0]:
        assert parts == ()
        return
    assert sum(p.share for p in parts) == pytest.approx(1.0)
    assert sum(p.sigma_m**2 for p in parts) == pytest.approx(np.linalg.eigvalsh(found.covariance[0])[1])
    assert [p.share for p in parts] == sorted((p.share for p in parts), reverse=True)


def test_pitch_spoils_a_grazing_place_by_range_squared_over_height():
    parts = {(p.name, p.owner): p for p in terms(frame(-15.0), CENTRE, LEVEL)}
    slant_m = 100.0 / np.sin(np.radians(15.0))
    assert parts["pitch", PHOTO].sigma_m == pytest.approx(slant_m**2 / 100.0 * np.radians(1.4), rel=1e-3)
    assert max(parts.values(), key=lambda p: p.share) is parts["pitch", PHOTO]


def test_straight_down_with_a_perfect_gimbal_the_satellites_spoil_it():
    pose = frame(-90.0).pose
    assert pose is not None
    still = replace(pose, own=PoseError(0.3, 0.3, 0.1), shared=PoseError(1.2, 1.2, 0.5))
    best = terms(frame(-90.0, pose=still), CENTRE, LEVEL)[0]
    assert best.owner == FLIGHT and best.name in ("east", "north")


def test_an_adjustment_that_changed_nothing_names_the_same_terms():
    own = tuple(tuple(row) for row in np.diag([0.3, 0.3, 0.1, 2.0, 1.4, 1.4]))
    shared = tuple(tuple(row) for row in np.eye(11)[:7] * np.array([[1.2, 1.2, 0.5, 0.5, 1.04, 1.04, 0.02]]).T)
    before = {(p.name, p.owner): p.share for p in terms(frame(-30.0), (600.0, 2000.0), LEVEL)}
    after = terms(frame(-30.0, posterior=Posterior(own, shared)), (600.0, 2000.0), LEVEL)
    assert {(p.name, p.owner): p.share for p in after} == pytest.approx(before, rel=1e-6)


def test_errors_that_hang_together_still_add_up():
    own = ((0.3, 0.0, 0.0, 0.0, 0.0, 0.0), (0.0, 0.2, 0.5, 0.3, -0.4, 0.1))
    shared = ((0.5, 0.1, -0.3, 0.0, 0.2, 0.0, 0.004, 3.0, 8.0, 0.01, -0.005),)
    parts = terms(frame(-30.0, posterior=Posterior(own, shared)), (600.0, 2000.0), LEVEL)
    assert sum(p.share for p in parts) == pytest.approx(1.0)
    assert "lens" in {p.name for p in parts}


def advice(f: Frame) -> Advice:
    told = second_view(f, CENTRE, LEVEL)
    assert told is not None
    return told


def test_a_grazing_place_wants_a_view_from_above():
    told = advice(frame(-20.0))
    target = locate_pixels(frame(-20.0), np.array([CENTRE]), LEVEL).points[0]
    over = to_enu(as_row(told.at), GeoPoint(*target))[0]
    assert np.hypot(over[0], over[1]) < 60.0
    assert over[2] == pytest.approx(55.0, abs=0.1)
    assert told.bearing_deg == pytest.approx(45.0, abs=12.0)
    assert told.r90_then_m <= 0.5 * told.r90_now_m
    assert "north-east" in told.sentence and "second view would pay" in told.sentence


@pytest.mark.parametrize("pitch", [-90.0, -75.0, -60.0])
def test_a_view_from_above_wants_no_other(pitch):
    assert second_view(frame(pitch, height_m=55.0), CENTRE, LEVEL) is None


def test_no_advice_where_there_is_no_place():
    assert second_view(frame(5.0), CENTRE, LEVEL) is None
    assert terms(frame(5.0), CENTRE, LEVEL) == ()


def test_a_low_drone_stays_low():
    told = advice(frame(-12.0, height_m=20.0))
    assert told.at.alt_m == pytest.approx(120.0, abs=0.1)
    assert "from 20 m above the ground" in told.sentence


def test_unsure_satellites_are_not_helped_by_a_second_view():
    pose = frame(-20.0).pose
    assert pose is not None
    lost = replace(pose, shared=replace(COMMON, east_m=200.0, north_m=200.0))
    assert second_view(frame(-20.0, pose=lost), CENTRE, LEVEL) is None


def test_fusing_both_photos_gives_what_was_promised():
    first = frame(-20.0)
    told = advice(first)
    assert first.pose is not None
    pose = replace(first.pose, at=told.at, attitude=Attitude(told.bearing_deg, told.pitch_deg))
    second = Frame("b.jpg", "b.jpg", 1, pose, CAMERA)
    seen = [locate(Detection(f.id, "smoke", 0.9, (1990, 1490, 2010, 1510), CENTRE), f, LEVEL) for f in (first, second)]
    seen[1] = replace(seen[1], at=seen[0].at)  # as if nothing had gone wrong
    (hit,) = fuse(seen)
    assert hit.r90_m == pytest.approx(told.r90_then_m, rel=0.1)


@pytest.mark.parametrize("depression_deg", [10.0, 15.0, 20.0, 30.0])
def test_grazing_radii_are_honest(depression_deg):
    """Attitudes off by as much as they claim: of the places that are given, 85 to 95 % lie inside their r90."""
    rng = np.random.default_rng(int(depression_deg))
    inside = [_inside(rng, depression_deg) for _ in range(400)]
    given = [i for i in inside if i is not None]
    assert len(given) > 300
    assert 0.85 <= np.mean(given) <= 0.95


def _inside(rng: np.random.Generator, depression_deg: float) -> bool | None:
    """Whether the true place lies inside the r90 of the one given; None where none is given."""
    true = frame(-depression_deg, height_m=rng.uniform(40, 120), yaw=rng.uniform(-180, 180))
    assert true.pose is not None and true.pose.attitude is not None
    yaw, pitch, roll = rng.normal(0.0, np.hypot([2.0, 1.4, 1.4], [0.5, 1.04, 1.04]))
    axes = error_axes_enu(true.pose.attitude)
    turned = turn_about(axes[0], yaw) @ turn_about(axes[2], roll) @ turn_about(axes[1], pitch)
    told = attitude_of(turned @ enu_R_cam(true.pose.attitude))
    place = locate_pixels(true, np.array([CENTRE]), LEVEL).points[0]
    found = locate_pixels(replace(true, pose=replace(true.pose, attitude=told)), np.array([CENTRE]), LEVEL)
    if found.why[0]:
        return None
    moved = rng.normal(0.0, np.hypot([0.3, 0.3], [1.2, 1.2]))  # the satellites' error, which moves the place alike
    off = to_enu(found.points, GeoPoint(*place))[0, :2] + moved
    return bool(np.hypot(*off) <= r90_m(as_covariance(found.covariance[0])))
