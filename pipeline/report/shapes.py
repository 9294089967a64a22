"""Shapes on the ground for files: longitudes in [-180, 180), what crosses 180° split (RFC 7946 §3.1.9)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipeline.types import Covariance

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

LatLon = Sequence[float]  # lat_deg, lon_deg and whatever follows
CHI2_90 = 4.605170185988092  # 90 % of a two-dimensional normal lies within sqrt(this) standard ellipses: -2 ln 0.1


def wrapped_lon_deg(lon_deg: float) -> float:
    """The same meridian in [-180, 180)."""
    if -180 <= lon_deg < 180:
        return lon_deg
    return round((lon_deg + 180) % 360 - 180, 9)


def unwrapped_deg(lons_deg: Sequence[float]) -> list[float]:
    """Longitudes without the jump at 180°: each within 180° of the one before; the first is wrapped."""
    out: list[float] = []
    for lon_deg in lons_deg:
        near = out[-1] if out else 0.0
        out.append(near + (lon_deg - near + 180) % 360 - 180)
    return out


def polygon(corners: Sequence[LatLon]) -> BaseGeometry:
    """A MultiPolygon of corners (lat, lon): one part, or two when it crosses 180°; a self-crossing ring is repaired.

    Empty when the corners enclose nothing.
    """
    from shapely.geometry import MultiPolygon, Polygon

    lons = unwrapped_deg([c[1] for c in corners])
    shape: Any = Polygon([(round(lon, 9), round(c[0], 9)) for lon, c in zip(lons, corners, strict=True)])
    shape = shape if shape.is_valid else shape.buffer(0)
    if shape.is_empty:
        return MultiPolygon()
    parts = [p for piece in _worlds(shape) for p in getattr(piece, "geoms", [piece]) if p.geom_type == "Polygon"]
    return MultiPolygon([p for p in parts if not p.is_empty])


def line(points: Sequence[LatLon]) -> BaseGeometry:
    """A MultiLineString Z through points (lat, lon, alt), split where it crosses 180°; at least two points."""
    from shapely.geometry import LineString, MultiLineString

    lons = unwrapped_deg([p[1] for p in points])
    whole = LineString([(round(lon, 9), round(p[0], 9), p[2]) for lon, p in zip(lons, points, strict=True)])
    parts = [p for piece in _worlds(whole) for p in getattr(piece, "geoms", [piece]) if p.geom_type == "LineString"]
    return MultiLineString([p for p in parts if not p.is_empty])


def _worlds(shape: Any) -> list[Any]:
    """The pieces of a shape with unwrapped longitudes, each moved into [-180, 180]."""
    from shapely import set_precision
    from shapely.affinity import translate
    from shapely.geometry import box

    first = math.floor((shape.bounds[0] + 180) / 360)
    last = math.floor((shape.bounds[2] + 180) / 360)
    if first == last == 0:
        return [shape]
    pieces = []
    for turn in range(first, last + 1):
        world = box(turn * 360 - 180, -91, turn * 360 + 180, 91)
        pieces.append(set_precision(translate(shape.intersection(world), -360.0 * turn), 1e-9, mode="pointwise"))
    return pieces


def ellipse_axes(covariance: Covariance) -> tuple[float, float, float]:
    """Half axes of the 90 % ellipse in m, and the longer one's bearing in degrees clockwise from north, [0, 180)."""
    ee, en, nn = covariance
    middle, spread = (ee + nn) / 2, math.hypot((ee - nn) / 2, en)
    major, minor = (math.sqrt(CHI2_90 * max(0.0, v)) for v in (middle + spread, middle - spread))
    bearing = math.degrees(0.5 * math.atan2(2 * en, nn - ee)) % 180
    return major, minor, bearing


def circle(lat_deg: float, lon_deg: float, radius_m: float, points: int = 48) -> list[tuple[float, float]]:
    """Corners (lat, lon) of a circle on the ground, closed."""
    east_m, north_m = metres_per_degree(lat_deg)
    turns = [2 * math.pi * i / points for i in range(points + 1)]
    return [(lat_deg + radius_m * math.cos(a) / north_m, lon_deg + radius_m * math.sin(a) / east_m) for a in turns]


def metres_per_degree(lat_deg: float) -> tuple[float, float]:
    """Metres in one degree of longitude and of latitude on the WGS 84 ellipsoid, at this latitude."""
    a_m, e2 = 6378137.0, 0.00669437999014
    phi = math.radians(lat_deg)
    w = 1 - e2 * math.sin(phi) ** 2
    prime_m, meridian_m = a_m / math.sqrt(w), a_m * (1 - e2) / w**1.5
    return math.radians(1) * prime_m * max(1e-9, math.cos(phi)), math.radians(1) * meridian_m
