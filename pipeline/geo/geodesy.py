"""Places on the WGS 84 ellipsoid, and metres around one of them.

East, north and up (ENU) are the axes of the plane that touches the ellipsoid's normal at a reference point; the way
there leads through earth-centred coordinates and is exact: nothing is assumed small.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.types import GeoPoint

if TYPE_CHECKING:
    from pyproj import Geod

Array = NDArray[np.float64]

A_M = 6378137.0  # WGS 84 semi-major axis
F = 1.0 / 298.257223563  # WGS 84 flattening
B_M = A_M * (1.0 - F)
E2 = F * (2.0 - F)
EP2 = E2 / (1.0 - E2)


def wrap_longitude(lon_deg: ArrayLike) -> Array:
    """Longitudes in degrees, brought into [-180, 180)."""
    lon = np.asarray(lon_deg, np.float64)
    wrapped = (lon + 180.0) % 360.0 - 180.0
    inside = (lon >= -180.0) & (lon < 180.0)
    return np.asarray(np.where(inside, lon, np.where(wrapped >= 180.0, -180.0, wrapped)), np.float64)


def to_ecef(points: ArrayLike) -> Array:
    """(N, 3) lat, lon in degrees and ellipsoidal height in m -> (N, 3) earth-centred x, y, z in m."""
    lat, lon, alt = np.asarray(points, np.float64).T
    lat, lon = np.radians(lat), np.radians(lon)
    sin, cos = np.sin(lat), np.cos(lat)
    n = A_M / np.sqrt(1.0 - E2 * sin * sin)
    return np.stack([(n + alt) * cos * np.cos(lon), (n + alt) * cos * np.sin(lon), (n * (1.0 - E2) + alt) * sin], -1)


def from_ecef(xyz: ArrayLike) -> Array:
    """(N, 3) earth-centred metres -> (N, 3) lat, lon in degrees, ellipsoidal height in m.

    Bowring (1976), in sines and cosines so that poles need no care; two rounds leave less than 1e-12 degrees for
    heights from -10 to +100 km.
    """
    x, y, z = np.asarray(xyz, np.float64).T
    p = np.hypot(x, y)
    sin_b, cos_b = _unit(z * A_M, p * B_M)
    for _ in range(2):
        sin, cos = _unit(z + EP2 * B_M * sin_b**3, p - E2 * A_M * cos_b**3)
        sin_b, cos_b = _unit((1.0 - F) * sin, cos)
    height = p * cos + z * sin - A_M * np.sqrt(1.0 - E2 * sin * sin)
    return np.stack([np.degrees(np.arctan2(sin, cos)), wrap_longitude(np.degrees(np.arctan2(y, x))), height], -1)


def _unit(sin: Array, cos: Array) -> tuple[Array, Array]:
    length = np.sqrt(sin * sin + cos * cos)
    return sin / length, cos / length


def ecef_R_enu(lat_deg: float, lon_deg: float) -> Array:
    """(3, 3): columns are east, north and up at a place, in earth-centred axes."""
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    sa, ca, so, co = np.sin(lat), np.cos(lat), np.sin(lon), np.cos(lon)
    return np.array([[-so, -sa * co, ca * co], [co, -sa * so, ca * so], [0.0, ca, sa]])


def as_row(point: GeoPoint) -> Array:
    """(1, 3) lat, lon, alt of one place."""
    return np.array([[point.lat_deg, point.lon_deg, point.alt_m]])


def to_enu(points: ArrayLike, ref: GeoPoint) -> Array:
    """(N, 3) lat, lon, alt -> (N, 3) metres east, north, up of `ref`."""
    turn = ecef_R_enu(ref.lat_deg, ref.lon_deg)
    return np.asarray((to_ecef(points) - to_ecef(as_row(ref))) @ turn)


def from_enu(enu_m: ArrayLike, ref: GeoPoint) -> Array:
    """(N, 3) metres east, north, up of `ref` -> (N, 3) lat, lon, alt; the inverse of `to_enu`."""
    turn = ecef_R_enu(ref.lat_deg, ref.lon_deg)
    return from_ecef(np.asarray(enu_m, np.float64) @ turn.T + to_ecef(as_row(ref)))


@lru_cache(maxsize=1)
def _wgs84() -> Geod:
    from pyproj import Geod

    return Geod(ellps="WGS84")


def geodesic_m(lat1: ArrayLike, lon1: ArrayLike, lat2: ArrayLike, lon2: ArrayLike) -> Array:
    """(N,) metres along the WGS 84 ellipsoid between places in degrees (Karney 2013, by PROJ)."""
    ends = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (lon1, lat1, lon2, lat2)))
    from_lon, from_lat, to_lon, to_lat = (v.ravel() for v in ends)
    return np.asarray(_wgs84().inv(from_lon, from_lat, to_lon, to_lat)[2], np.float64).reshape(ends[0].shape)
