"""Every convention for turns, in one place.

`enu_R_cam` takes camera axes (x right, y down, z forward) to east, north, up; its columns are the camera's right,
down and forward axes. Angles of an `Attitude` are degrees: R = yaw · pitch · roll, intrinsic; yaw clockwise from true
north; pitch above the horizon, -90 looks at nadir with the image's top towards yaw; roll clockwise about the line of
sight seen from behind the camera, so that the right axis dips.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.types import Attitude

Array = NDArray[np.float64]

# Photogrammetry's camera axes (x right, y up, z backward) from ours.
_OPK_AXES = np.diag([1.0, -1.0, -1.0])
_LOCK = 1e-9  # cosine of the pitch below which yaw and roll turn about the same axis


def enu_R_cam(attitude: Attitude) -> Array:
    """(3, 3) rotation; columns are camera right, down and forward in east, north, up."""
    y, p, r = np.radians([attitude.yaw_deg, attitude.pitch_deg, attitude.roll_deg])
    forward = np.array([np.sin(y) * np.cos(p), np.cos(y) * np.cos(p), np.sin(p)])
    right = np.array([np.cos(y), -np.sin(y), 0.0])
    down = np.cross(forward, right)
    c, s = np.cos(r), np.sin(r)
    return np.column_stack([c * right + s * down, c * down - s * right, forward])


def attitude_of(enu_R_cam: Array) -> Attitude:
    """The attitude of a (3, 3) rotation: yaw and roll in [-180, 180], pitch in [-90, 90].

    Straight up or down, yaw and roll turn about the same axis; all of it is then given to yaw.
    """
    right, down, forward = enu_R_cam.T
    level = float(np.hypot(forward[0], forward[1]))
    pitch = np.degrees(np.arctan2(forward[2], level))
    if level < _LOCK:
        return Attitude(float(np.degrees(np.arctan2(-right[1], right[0]))), float(pitch), 0.0)
    roll = np.degrees(np.arctan2(-right[2], -down[2]))
    return Attitude(float(np.degrees(np.arctan2(forward[0], forward[1]))), float(pitch), float(roll))


def compose_mount(body: Attitude, mount: Attitude) -> Attitude:
    """Attitude of a lens fixed in a body.

    `body` is yaw of the nose from true north, pitch nose up, roll right wing down. `mount` speaks of the body's
    axes as an `Attitude` speaks of the world: 0/0/0 looks along the nose with the image's top up, pitch -90 looks
    through the floor with the image's top to the nose.
    """
    right, down, nose = enu_R_cam(body).T
    enu_R_body = np.column_stack([right, nose, -down])
    return attitude_of(enu_R_body @ enu_R_cam(mount))


def error_axes_enu(attitude: Attitude) -> Array:
    """(3, 3): rows are the unit axes, in east, north, up, about which errors of yaw, pitch and roll turn.

    Right-handed, as `types.PoseError` defines them: yaw about the vertical (down, so that positive is clockwise),
    pitch about the right axis of the camera before its roll (positive raises the view), roll about the level axis
    under the line of sight (positive dips the right side).
    """
    y = np.radians(attitude.yaw_deg)
    return np.array([[0.0, 0.0, -1.0], [np.cos(y), -np.sin(y), 0.0], [np.sin(y), np.cos(y), 0.0]])


def turn_about(axis: Array, angle_deg: float) -> Array:
    """(3, 3) right-handed rotation about a unit axis (Rodrigues)."""
    a = np.radians(angle_deg)
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + np.sin(a) * cross + (1.0 - np.cos(a)) * (cross @ cross))


def from_opk(omega_deg: float, phi_deg: float, kappa_deg: float) -> Attitude:
    """Attitude from photogrammetry's omega, phi, kappa about east, north, up.

    R = Rx(omega) · Ry(phi) · Rz(kappa) takes camera axes x right, y up, z backward to the world (Kraus 2007).
    """
    east, north, up = np.eye(3)
    turn = turn_about(east, omega_deg) @ turn_about(north, phi_deg) @ turn_about(up, kappa_deg)
    return attitude_of(turn @ _OPK_AXES)


def to_opk(attitude: Attitude) -> tuple[float, float, float]:
    """Omega, phi, kappa in degrees of an attitude; the inverse of `from_opk`."""
    r = enu_R_cam(attitude) @ _OPK_AXES
    level = np.hypot(r[0, 0], r[0, 1])
    phi = np.arctan2(r[0, 2], level)
    if level < _LOCK:
        return 0.0, float(np.degrees(phi)), float(np.degrees(np.arctan2(r[1, 0], r[1, 1])))
    omega, kappa = np.arctan2(-r[1, 2], r[2, 2]), np.arctan2(-r[0, 1], r[0, 0])
    return float(np.degrees(omega)), float(np.degrees(phi)), float(np.degrees(kappa))
