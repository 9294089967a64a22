"""Chinese coordinates in and out: CGCS2000 in Gauss–Krüger zones; GCJ-02 and BD-09 for display only.

CGCS2000 is taken as equal to WGS 84: both realise ITRS on almost the same ellipsoid, and differ by the plates'
motion since epoch 2000.0 (in China some 3 cm a year), far below what a drone picture resolves.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import PipelineError
from pipeline.geo.geodesy import wrap_longitude

if TYPE_CHECKING:
    from pyproj import Proj

Array = NDArray[np.float64]

_FALSE_EAST_M = 500_000.0
_ZONE_M = 1_000_000.0
_FIRST_3_DEGREE_ZONE = 25  # in China 6° zones are 13–23 and 3° zones 25–45: a prefix names its width
_KRASOVSKY_A_M = 6378245.0
_KRASOVSKY_E2 = 0.00669342162296594323
_CHINA = (0.8293, 55.8271, 72.004, 137.8347)  # south, north, west, east of the box where GCJ-02 shifts
_BD_TURN = np.pi * 3000.0 / 180.0


def zone_of(lon_deg: ArrayLike, width_deg: int = 3) -> NDArray[np.int64]:
    """Zone numbers of longitudes; 3° zone k is centred on 3k°, 6° zone k on 6k - 3°."""
    lon = wrap_longitude(lon_deg)
    if width_deg == 3:
        return np.floor((lon + 1.5) / 3.0).astype(np.int64)
    return np.floor(lon / 6.0).astype(np.int64) + 1


def central_meridian_deg(zone: int, width_deg: int = 3) -> float:
    """The longitude on which a zone is centred."""
    return 3.0 * zone if width_deg == 3 else 6.0 * zone - 3.0


def cgcs2000_forward(
    lat_deg: ArrayLike, lon_deg: ArrayLike, width_deg: int = 3, meridian_deg: float | None = None
) -> Array:
    """Degrees -> (N, 2) X north, Y east in m, Gauss–Krüger on CGCS2000.

    Y carries the zone's number in front (zone · 1,000,000 + 500,000 + east) when each point goes to its own zone of
    3° or 6°; with a central meridian given, all go there and Y is 500,000 + east.
    """
    lat, lon = np.atleast_1d(np.asarray(lat_deg, np.float64)), np.atleast_1d(np.asarray(lon_deg, np.float64))
    if meridian_deg is not None:
        east, north = _gauss(float(meridian_deg))(lon, lat)
        return np.stack([north, east], axis=-1)
    zones, out = zone_of(lon, _checked(width_deg)), np.empty((len(lat), 2))
    for zone in np.unique(zones):
        here = zones == zone
        east, north = _gauss(central_meridian_deg(int(zone), width_deg))(lon[here], lat[here])
        out[here] = np.stack([north, east + zone * _ZONE_M], axis=-1)
    return out


def cgcs2000_inverse(xy_m: ArrayLike, meridian_deg: float | None = None) -> Array:
    """(N, 2) X north, Y east in m -> (N, 2) latitude, longitude in degrees; the inverse of `cgcs2000_forward`.

    Without a central meridian Y must carry a zone number: up to 24 it means a zone of 6°, from 25 on one of 3°, as
    in China. Raises PipelineError when it carries none.
    """
    north, east = np.asarray(xy_m, np.float64).reshape(-1, 2).T
    zones = np.floor(east / _ZONE_M).astype(np.int64) if meridian_deg is None else np.zeros(len(east), np.int64)
    out = np.empty((len(east), 2))
    for zone in np.unique(zones):
        here = zones == zone
        meridian = _zone_meridian(int(zone)) if meridian_deg is None else float(meridian_deg)
        lon, lat = _gauss(meridian)(east[here] - zone * _ZONE_M, north[here], inverse=True)
        out[here] = np.stack([lat, lon], axis=-1)
    return out


def _checked(width_deg: int) -> int:
    if width_deg not in (3, 6):
        raise PipelineError(f"Gauss–Krüger zones are 3° or 6° wide, not {width_deg}°")
    return width_deg


def _zone_meridian(zone: int) -> float:
    if not 1 <= zone <= 120:
        raise PipelineError("the Y coordinate carries no zone number: give the central meridian")
    return central_meridian_deg(zone, 3 if zone >= _FIRST_3_DEGREE_ZONE else 6)


@lru_cache(maxsize=256)
def _gauss(meridian_deg: float) -> Proj:
    from pyproj import Proj

    return Proj(proj="tmerc", ellps="GRS80", lat_0=0, lon_0=meridian_deg, k=1, x_0=_FALSE_EAST_M, y_0=0, units="m")


def wgs84_to_gcj02(lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
    """(N,) latitudes and longitudes -> (N, 2) as Chinese web maps draw them; outside China unchanged.

    The public formula, on Krasovsky's ellipsoid. For display only: never measure in GCJ-02.
    """
    lat, lon = np.atleast_1d(np.asarray(lat_deg, np.float64)), np.atleast_1d(np.asarray(lon_deg, np.float64))
    shift = np.where(_in_china(lat, lon)[:, None], _shift_deg(lat, lon), 0.0)
    return np.asarray(np.stack([lat, lon], axis=-1) + shift)


def gcj02_to_wgs84(lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
    """(N,) GCJ-02 latitudes and longitudes -> (N, 2) WGS 84; iterated to 1e-12 degrees."""
    gcj = np.stack([np.atleast_1d(np.asarray(v, np.float64)) for v in (lat_deg, lon_deg)], axis=-1)
    found = gcj
    for _ in range(12):
        found = gcj - _shift_deg(found[:, 0], found[:, 1])
    return np.where(_in_china(found[:, 0], found[:, 1])[:, None], found, gcj)


def gcj02_to_bd09(lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
    """(N,) GCJ-02 degrees -> (N, 2) Baidu's BD-09 latitude, longitude."""
    y, x = np.atleast_1d(np.asarray(lat_deg, np.float64)), np.atleast_1d(np.asarray(lon_deg, np.float64))
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_TURN)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_TURN)
    return np.stack([radius * np.sin(angle) + 0.006, radius * np.cos(angle) + 0.0065], axis=-1)


def bd09_to_gcj02(lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
    """(N,) BD-09 degrees -> (N, 2) GCJ-02; the formula above, inverted by iteration to 1e-12 degrees."""
    bd = np.stack([np.atleast_1d(np.asarray(v, np.float64)) for v in (lat_deg, lon_deg)], axis=-1)
    found = bd
    for _ in range(12):
        found = found + bd - gcj02_to_bd09(found[:, 0], found[:, 1])
    return np.asarray(found)


def _in_china(lat: Array, lon: Array) -> NDArray[np.bool_]:
    south, north, west, east = _CHINA
    return np.asarray((lat >= south) & (lat <= north) & (lon >= west) & (lon <= east))


def _shift_deg(lat_deg: Array, lon_deg: Array) -> Array:
    x, y = lon_deg - 105.0, lat_deg - 35.0
    ripple = 20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)
    root = np.sqrt(np.abs(x))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (ripple + _waves(y, ((20.0, 1.0), (40.0, 3.0), (160.0, 12.0), (320.0, 30.0)))) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (ripple + _waves(x, ((20.0, 1.0), (40.0, 3.0), (150.0, 12.0), (300.0, 30.0)))) * 2.0 / 3.0
    lat = np.radians(lat_deg)
    magic = 1.0 - _KRASOVSKY_E2 * np.sin(lat) ** 2
    meridian_m = _KRASOVSKY_A_M * (1.0 - _KRASOVSKY_E2) / magic**1.5
    parallel_m = _KRASOVSKY_A_M / np.sqrt(magic) * np.cos(lat)
    return np.stack([np.degrees(north / meridian_m), np.degrees(east / parallel_m)], axis=-1)


def _waves(v: Array, terms: tuple[tuple[float, float], ...]) -> Array:
    """Sum of amplitude · sin(v π / divisor)."""
    return np.asarray(np.sum([a * np.sin(v * np.pi / d) for a, d in terms], axis=0))
