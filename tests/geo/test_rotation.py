"""rotation: every convention, by where the axes point."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geo.rotation import attitude_of, compose_mount, enu_R_cam, error_axes_enu, from_opk, to_opk, turn_about
from pipeline.types import Attitude

ANGLES = st.floats(-180.0, 180.0)
ATTITUDES = st.builds(Attitude, ANGLES, st.floats(-90.0, 90.0), ANGLES)
EAST, NORTH, UP = np.eye(3)


def turn_deg(a: np.ndarray, b: np.ndarray) -> float:
    """Angle of the turn between two rotations, by the chord: exact for small ones."""
    return float(np.degrees(2.0 * np.arcsin(min(1.0, np.linalg.norm(a - b) / np.sqrt(8.0)))))


@given(ATTITUDES)
def test_rotations_are_right_handed_and_orthonormal(attitude):
    r = enu_R_cam(attitude)
    assert r @ r.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(r) == pytest.approx(1.0)


@given(ATTITUDES)
def test_attitude_there_and_back(attitude):
    r = enu_R_cam(attitude)
    assert turn_deg(enu_R_cam(attitude_of(r)), r) < 1e-6


@given(st.floats(-179.0, 179.0), st.floats(-89.9, 89.9), st.floats(-179.0, 179.0))
def test_the_angles_themselves_come_back(yaw, pitch, roll):
    back = attitude_of(enu_R_cam(Attitude(yaw, pitch, roll)))
    assert (back.yaw_deg, back.pitch_deg, back.roll_deg) == pytest.approx((yaw, pitch, roll), abs=1e-6)


@given(ATTITUDES)
def test_opk_there_and_back(attitude):
    assert turn_deg(enu_R_cam(from_opk(*to_opk(attitude))), enu_R_cam(attitude)) < 1e-6


def test_level_north():
    right, down, forward = enu_R_cam(Attitude(0.0, 0.0, 0.0)).T
    assert np.stack([right, down, forward]) == pytest.approx(np.stack([EAST, -UP, NORTH]))


def test_yaw_is_clockwise_and_nadir_has_its_top_towards_yaw():
    right, down, forward = enu_R_cam(Attitude(90.0, -90.0, 0.0)).T
    assert np.stack([right, down, forward]) == pytest.approx(np.stack([-NORTH, -EAST, -UP]), abs=1e-12)


def test_positive_roll_dips_the_right_axis():
    assert enu_R_cam(Attitude(20.0, -10.0, 5.0))[2, 0] < 0


def test_photogrammetric_zero_looks_down_with_the_top_to_north():
    assert from_opk(0.0, 0.0, 0.0) == Attitude(pytest.approx(0.0), pytest.approx(-90.0), 0.0)
    assert to_opk(Attitude(30.0, -90.0)) == pytest.approx((0.0, 0.0, -30.0), abs=1e-9)  # kappa is anticlockwise


def test_a_camera_in_the_floor_looks_down_with_its_top_to_the_nose():
    assert (
        turn_deg(
            enu_R_cam(compose_mount(Attitude(70.0, 0.0, 0.0), Attitude(0.0, -90.0, 0.0))),
            enu_R_cam(Attitude(70.0, -90.0)),
        )
        < 1e-9
    )


@given(ATTITUDES)
def test_a_camera_along_the_nose_has_the_body_s_attitude(body):
    mounted = compose_mount(body, Attitude(0.0, 0.0, 0.0))
    assert turn_deg(enu_R_cam(mounted), enu_R_cam(body)) < 1e-6


def test_mounted_in_the_floor_body_angles_tilt_the_view():
    nose_up = enu_R_cam(compose_mount(Attitude(0.0, 10.0, 0.0), Attitude(0.0, -90.0)))[:, 2]
    right_wing_down = enu_R_cam(compose_mount(Attitude(0.0, 0.0, 10.0), Attitude(0.0, -90.0)))[:, 2]
    assert nose_up == pytest.approx([0.0, np.sin(np.radians(10)), -np.cos(np.radians(10))])
    assert right_wing_down == pytest.approx([-np.sin(np.radians(10)), 0.0, -np.cos(np.radians(10))], abs=1e-12)


@given(ANGLES, st.floats(-89.0, 89.0))
def test_small_errors_turn_as_the_attitude_does(yaw, pitch):
    """At roll 0, a larger yaw or pitch is a turn about the first or second error axis."""
    base, axes = enu_R_cam(Attitude(yaw, pitch)), error_axes_enu(Attitude(yaw, pitch))
    assert turn_deg(turn_about(axes[0], 0.5) @ base, enu_R_cam(Attitude(yaw + 0.5, pitch))) < 1e-9
    assert turn_deg(turn_about(axes[1], 0.5) @ base, enu_R_cam(Attitude(yaw, pitch + 0.5))) < 1e-9


def test_roll_s_error_axis_is_roll_at_the_horizon_and_tilt_at_nadir():
    level, nadir = Attitude(40.0, 0.0), Attitude(40.0, -90.0)
    turned = turn_about(error_axes_enu(level)[2], 0.5) @ enu_R_cam(level)
    assert turn_deg(turned, enu_R_cam(Attitude(40.0, 0.0, 0.5))) < 1e-9
    sideways = turn_about(error_axes_enu(nadir)[2], 1.0) @ enu_R_cam(nadir)
    assert sideways[:, 2] @ enu_R_cam(nadir)[:, 0] == pytest.approx(-np.sin(np.radians(1.0)))  # right dips: looks left
