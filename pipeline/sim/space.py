"""Where things are: WGS 84, Earth-centred axes, and a flight's own level frame. Written apart from `pipeline.geo`.

World coordinates of a flight are (N, 3) metres: east, north, up about (site latitude, site longitude, ellipsoidal
height 0). Camera axes are x right, y down, z forward. Formulas: Bowring 1985 for the latitude; the rest is textbook.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SEMI_MAJOR_M = 6378137.0
FLATTENING = 1 / 298.257223563
ECCENTRICITY_2 = FLATTENING * (2 - FLATTENING)
SEMI_MINOR_M = SEMI_MAJOR_M * (1 - FLATTENING)


def ecef_m(lla: Floats) -> Floats:
    """(N, 3) latitude °, longitude °, ellipsoidal height m to (N, 3) Earth-centred metres."""
    lat, lon, alt = np.radians(lla[:, 0]), np.radians(lla[:, 1]), lla[:, 2]
    normal = SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY_2 * np.sin(lat) ** 2)
    across = (normal + alt) * np.cos(lat)
    return np.column_stack(
        [across * np.cos(lon), across * np.sin(lon), (normal * (1 - ECCENTRICITY_2) + alt) * np.sin(lat)]
    )


def geodetic(ecef: Floats) -> Floats:
    """(N, 3) Earth-centred metres to (N, 3) latitude °, longitude ° in [-180, 180), ellipsoidal height m."""
    x, y, z = ecef.T
    across = np.hypot(x, y)
    second_2 = ECCENTRICITY_2 / (1 - ECCENTRICITY_2)
    beta = np.arctan2(SEMI_MAJOR_M * z, SEMI_MINOR_M * across)
    top = z + second_2 * SEMI_MINOR_M * np.sin(beta) ** 3
    lat = np.arctan2(top, across - ECCENTRICITY_2 * SEMI_MAJOR_M * np.cos(beta) ** 3)
    sin, cos = np.sin(lat), np.cos(lat)
    alt = across * cos + z * sin - SEMI_MAJOR_M * np.sqrt(1 - ECCENTRICITY_2 * sin**2)
    lon = (np.degrees(np.arctan2(y, x)) + 180.0) % 360.0 - 180.0
    return np.column_stack([np.degrees(lat), lon, alt])


def ecef_R_level(lat_deg: float, lon_deg: float) -> Floats:
    """Columns: east, north, up at a place, in Earth-centred axes."""
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    east = [-np.sin(lon), np.cos(lon), 0.0]
    north = [-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)]
    up = [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
    return np.array([east, north, up]).T


class World:
    """The level frame of one site."""

    def __init__(self, lat_deg: float, lon_deg: float) -> None:
        self.origin = ecef_m(np.array([[lat_deg, lon_deg, 0.0]]))[0]
        self.ecef_R_world = ecef_R_level(lat_deg, lon_deg)

    def from_lla(self, lla: Floats) -> Floats:
        """(N, 3) lat, lon, ellipsoidal height to (N, 3) world metres."""
        out: Floats = (ecef_m(lla) - self.origin) @ self.ecef_R_world
        return out

    def to_lla(self, world_m: Floats) -> Floats:
        """(N, 3) world metres to (N, 3) lat, lon, ellipsoidal height."""
        return geodetic(self.origin + world_m @ self.ecef_R_world.T)

    def R_level(self, lat_deg: float, lon_deg: float) -> Floats:
        """Columns: east, north, up at another place, in world axes (meridians converge)."""
        out: Floats = self.ecef_R_world.T @ ecef_R_level(lat_deg, lon_deg)
        return out


def level_R_cam(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Floats:
    """Columns: the camera's right, down and forward axes in east, north, up.

    Built from vectors, not from matrices: forward from yaw and pitch, right is level at first, then a positive roll
    lets the right axis dip.
    """
    yaw, pitch, roll = np.radians([yaw_deg, pitch_deg, roll_deg])
    forward = np.array([np.sin(yaw) * np.cos(pitch), np.cos(yaw) * np.cos(pitch), np.sin(pitch)])
    level_right = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
    level_down = np.cross(forward, level_right)
    right = np.cos(roll) * level_right + np.sin(roll) * level_down
    return np.column_stack([right, np.cross(forward, right), forward])


def angles_deg(level_R: Floats) -> tuple[float, float, float]:
    """Yaw, pitch, roll of (3, 3) camera axes; straight down the roll is taken as 0."""
    right, down, forward = level_R.T
    pitch = np.degrees(np.arcsin(np.clip(forward[2], -1, 1)))
    if np.hypot(forward[0], forward[1]) < 1e-9:
        return float(np.degrees(np.arctan2(-right[1], right[0]))), float(pitch), 0.0
    yaw = np.degrees(np.arctan2(forward[0], forward[1]))
    return float(yaw), float(pitch), float(np.degrees(np.arctan2(-right[2], -down[2])))


def turn(axis: Any, angle_deg: float) -> Floats:
    """Right-handed rotation about a unit axis (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    a = np.radians(angle_deg)
    out: Floats = np.eye(3) + np.sin(a) * cross + (1 - np.cos(a)) * (cross @ cross)
    return out
