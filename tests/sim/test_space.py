"""The simulator's own geometry against libraries it does not use."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from pipeline.sim.space import World, angles_deg, ecef_m, geodetic, level_R_cam, turn

LATITUDES, LONGITUDES = st.floats(-85, 85), st.floats(-180, 179.999999)
# Columns right, down, forward of a level camera that looks north.
LEVEL_NORTH = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])


@given(LATITUDES, LONGITUDES, st.floats(-400, 9000))
def test_ecef_is_proj_s(lat: float, lon: float, alt: float) -> None:
    there = pyproj.Transformer.from_crs(4979, 4978).transform(lat, lon, alt)
    assert ecef_m(np.array([[lat, lon, alt]]))[0] == pytest.approx(there, abs=1e-6)


@given(LATITUDES, LONGITUDES, st.floats(-400, 9000))
def test_geodetic_undoes_ecef(lat: float, lon: float, alt: float) -> None:
    back = geodetic(ecef_m(np.array([[lat, lon, alt]])))[0]
    assert back[0] == pytest.approx(lat, abs=1e-11)
    assert (back[1] - lon + 180) % 360 - 180 == pytest.approx(0, abs=1e-11)
    assert back[2] == pytest.approx(alt, abs=1e-6)


def test_the_world_is_east_north_up() -> None:
    world = World(-16.85, 180.0)
    steps = world.from_lla(np.array([[-16.85, -179.999, 0.0], [-16.849, 180.0, 0.0], [-16.85, 180.0, 7.0]]))
    assert steps[0, 0] > 100 and abs(steps[0, 1]) < 0.01
    assert steps[1, 1] > 100 and abs(steps[1, 0]) < 0.01
    assert steps[2] == pytest.approx([0, 0, 7], abs=1e-6)


@given(st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180))
def test_attitude_is_yaw_pitch_roll_intrinsic(yaw: float, pitch: float, roll: float) -> None:
    """Yaw clockwise (negative about up), pitch up about right (east), roll about forward (north)."""
    other = Rotation.from_euler("ZXY", [-yaw, pitch, roll], degrees=True).as_matrix() @ LEVEL_NORTH
    assert level_R_cam(yaw, pitch, roll) == pytest.approx(other, abs=1e-9)


@given(st.floats(-179, 179), st.floats(-89, 89), st.floats(-179, 179))
def test_angles_undo_the_axes(yaw: float, pitch: float, roll: float) -> None:
    assert angles_deg(level_R_cam(yaw, pitch, roll)) == pytest.approx((yaw, pitch, roll), abs=1e-6)


def test_nadir_has_the_image_top_towards_yaw() -> None:
    right, down, forward = level_R_cam(90, -90, 0).T
    assert forward == pytest.approx([0, 0, -1])
    assert -down == pytest.approx([1, 0, 0])
    assert right == pytest.approx([0, -1, 0])


def test_turn_is_right_handed() -> None:
    assert turn((0, 0, 1), 90) @ [1, 0, 0] == pytest.approx([0, 1, 0])
