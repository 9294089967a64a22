"""Areas on the ground: who is inside, and the point of the boundary that is nearest to one outside.

Edges are straight in longitude and latitude, as in GeoJSON. The nearest point of an edge is found in the plane that
touches at the point outside; it is wrong only in second order, and the distance to it is then a geodesic.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from pipeline.score.canonical import Floats, Ints, half_up_array
from pipeline.types import Ring

Polygons = tuple[tuple[Ring, ...], ...]
_METRES_A_DEGREE = 110_500.0  # the least of them
_CHUNK = 1_000_000


@lru_cache(maxsize=4096)
def shape_of(polygons: Polygons) -> Any:
    """A shapely geometry in longitude and latitude, corners rounded to 1e-9°."""
    from shapely import MultiPolygon, Polygon, prepare

    parts = [Polygon(_corners(rings[0]), [_corners(hole) for hole in rings[1:]]) for rings in polygons]
    shape = MultiPolygon(parts) if len(parts) > 1 else parts[0]
    prepare(shape)
    return shape


def _corners(ring: Ring) -> Floats:
    rounded: Floats = half_up_array(np.array(ring) * 1e9)[:, ::-1] / 1e9
    return rounded


def inside_any(areas: Sequence[Polygons], at_deg: Floats) -> Any:
    """(N,) booleans: the point, (lat, lon) in degrees, lies in one of the areas, boundaries included."""
    import shapely

    found = np.zeros(len(at_deg), dtype=bool)
    for polygons in areas:
        rest = np.flatnonzero(~found)
        found[rest] = shapely.covers(shape_of(polygons), shapely.points(at_deg[rest][:, ::-1]))
    return found


def bounds_deg(areas: Sequence[Polygons]) -> Floats:
    """(N, 4) west, south, east, north of each area."""
    return np.array([shape_of(a).bounds for a in areas], dtype=np.float64).reshape(-1, 4)


def rows_near(box: Floats, radius_m: float) -> tuple[float, float]:
    """Least and greatest latitude, in degrees, that may be within `radius_m` of a box."""
    up = radius_m / _METRES_A_DEGREE * 1.01
    return float(box[1]) - up, float(box[3]) + up


def near_box(box: Floats, others: Floats, radius_m: float) -> Ints:
    """Indices of the (N, 4) boxes that may be within `radius_m` of a box: those that meet it once it is widened."""
    west, _, east, _ = box
    south, north = rows_near(box, radius_m)
    side = radius_m / _METRES_A_DEGREE * 1.01 / np.cos(np.radians(min(89.99, max(abs(south), abs(north)))))
    centre, half = (others[:, 0] + others[:, 2]) / 2, (others[:, 2] - others[:, 0]) / 2
    across = np.minimum.reduce([np.abs(centre - (west + east) / 2 + turn) for turn in (-360, 0, 360)])
    rows = (others[:, 3] >= south) & (others[:, 1] <= north)
    return np.flatnonzero(rows & (across <= (east - west) / 2 + half + side))


def distance_to_area(polygons: Polygons, at_deg: Floats) -> Floats:
    """(N, 2) the nearest point of the area to each of the (N, 2) points, (lat, lon) in degrees; itself when inside."""
    feet = at_deg.copy()
    outside = np.flatnonzero(~inside_any([polygons], at_deg))
    starts, ends = _edges(polygons)
    step = max(1, _CHUNK // len(starts))
    for first in range(0, len(outside), step):
        some = outside[first : first + step]
        feet[some] = _nearest(starts, ends, at_deg[some])
    return feet


def _edges(polygons: Polygons) -> tuple[Floats, Floats]:
    rings = [_corners(ring)[:, ::-1] for rings in polygons for ring in rings]
    return np.concatenate([r[:-1] for r in rings]), np.concatenate([r[1:] for r in rings])


def _nearest(starts: Floats, ends: Floats, at: Floats) -> Floats:
    scale = np.stack([np.ones(len(at)), np.cos(np.radians(at[:, 0]))], axis=1)[:, None, :]
    a = _turned(starts[None] - at[:, None]) * scale
    along = (ends - starts)[None] * scale
    length2 = (along**2).sum(axis=2)
    share = np.clip(-(a * along).sum(axis=2) / np.where(length2 > 0, length2, 1.0), 0.0, 1.0)
    best = ((a + share[..., None] * along) ** 2).sum(axis=2).argmin(axis=1)
    part = share[np.arange(len(at)), best][:, None]
    nearest: Floats = starts[best] + part * (ends - starts)[best]
    return nearest


def _turned(degrees: Floats) -> Floats:
    degrees[..., 1] = (degrees[..., 1] + 180.0) % 360.0 - 180.0
    return degrees


def gap_between(one: Polygons, other: Polygons) -> Floats:
    """(N, 4) candidates for the shortest way between two areas: lat, lon of one end and of the other."""
    if shape_of(one).intersects(shape_of(other)):
        return np.zeros((1, 4))
    (a, _), (b, _) = _edges(one), _edges(other)
    return np.concatenate([np.hstack([a, distance_to_area(other, a)]), np.hstack([distance_to_area(one, b), b])])
