"""Areas on the ground: who is inside, and the point of the boundary that is nearest to one outside.

Edges are straight in longitude and latitude, as in GeoJSON, and take the short way round the Earth. All is counted in
whole 1e-9 degrees, longitudes from a ring's own first corner, so that no meridian is special. The nearest point of an
edge is found in the plane that touches at the point outside; it is wrong only in second order, and the distance to it
is then a geodesic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from pipeline.score.canonical import Floats, Ints, half_up, half_up_array
from pipeline.types import Ring

Polygons = tuple[tuple[Ring, ...], ...]
HALF_TURN = 180 * 10**9
_UNITS_A_METRE = 1e9 / 110_500.0  # a degree of latitude has no fewer metres
_CHUNK = 1_000_000
_E2 = 0.0066943800229  # GRS 80


def short_way(lon_e9: Ints) -> Ints:
    """Differences of longitudes as the short way round: from -180° to below 180°."""
    turned: Ints = (lon_e9 + HALF_TURN) % (2 * HALF_TURN) - HALF_TURN
    return turned


def _turned(lon_e9: int) -> int:
    return (lon_e9 + HALF_TURN) % (2 * HALF_TURN) - HALF_TURN


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A polygon of an area. Rings are (M, 2) latitude, longitude less `west_e9`, in 1e-9 degrees, closed."""

    from_e9: int  # longitude of the first corner
    rings: tuple[Ints, ...]
    shape: Any  # shapely's: x is the longitude less `from_e9`, y the latitude


@lru_cache(maxsize=4096)
def parts_of(polygons: Polygons) -> tuple[Part, ...]:
    """The area's polygons, corners rounded to 1e-9°.

    Raises:
        ValueError: a ring reaches half-way round the Earth.
    """
    return tuple(_part(rings) for rings in polygons)


def _part(rings: tuple[Ring, ...]) -> Part:
    from shapely import Polygon, prepare

    first = half_up(rings[0][0][1] * 1e9)
    local = tuple(_unrolled(ring, first) for ring in rings)
    shape = Polygon(local[0][:, ::-1], [hole[:, ::-1] for hole in local[1:]])
    prepare(shape)
    return Part(first, local, shape)


def _unrolled(ring: Ring, from_e9: int) -> Ints:
    corners = half_up_array(np.array(ring) * 1e9)
    steps = short_way(np.diff(corners[:, 1]))
    corners[:, 1] = short_way(corners[:1, 1] - from_e9) + np.concatenate([[0], np.cumsum(steps)])
    if steps.sum() or np.ptp(corners[:, 1]) >= HALF_TURN:
        raise ValueError("an area reaches half-way round the Earth")
    return corners


def is_sound(polygons: Polygons) -> bool:
    """No ring crosses itself or another, and no polygon of the area lies over another (they may touch)."""
    import shapely

    parts = parts_of(polygons)
    shapes = [_beside(p, parts[0]) for p in parts]
    if not all(s.is_valid for s in shapes):
        return False
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    return not any(shapely.relate_pattern(shapes[a], shapes[b], "T********")
                   for a, b in zip(one.tolist(), other.tolist(), strict=True) if a < b)  # fmt: skip


def _beside(part: Part, home: Part) -> Any:
    """A part's shape with longitudes counted as those of another part."""
    from shapely import transform

    east = _turned(part.from_e9 - home.from_e9)
    return transform(part.shape, lambda xy: xy + np.array([east, 0.0]))


def point_inside_deg(polygons: Polygons) -> tuple[float, float]:
    """(latitude, longitude) of a point inside the largest part."""
    part = max(parts_of(polygons), key=lambda p: p.shape.area)
    inside = part.shape.representative_point()
    return half_up(inside.y) / 1e9, _turned(part.from_e9 + half_up(inside.x)) / 1e9


def inside_any(areas: Sequence[Polygons], at_e9: Ints) -> Any:
    """(N,) booleans: the point, (lat, lon) in 1e-9°, lies in one of the areas, boundaries included."""
    found = np.zeros(len(at_e9), dtype=bool)
    for part in (p for polygons in areas for p in parts_of(polygons)):
        rest = np.flatnonzero(~found)
        found[rest] = _covered(part, at_e9[rest])
    return found


def _covered(part: Part, at_e9: Ints) -> Any:
    import shapely

    x = short_way(at_e9[:, 1] - part.from_e9)
    west, south, east, north = part.shape.bounds
    inside = (x >= west) & (x <= east) & (at_e9[:, 0] >= south) & (at_e9[:, 0] <= north)
    some = np.flatnonzero(inside)
    inside[some] = shapely.covers(part.shape, shapely.points(x[some], at_e9[some, 0]))
    return inside


def bounds_e9(areas: Sequence[Polygons]) -> Floats:
    """(N, 4) west, south, east, north of each area in 1e-9°; east may lie beyond 180° or west before -180°."""
    return np.array([_bounds(parts_of(a)) for a in areas], dtype=np.float64).reshape(-1, 4)


def _bounds(parts: Sequence[Part]) -> tuple[float, float, float, float]:
    home = parts[0].from_e9
    boxes = np.array([p.shape.bounds for p in parts])
    boxes[:, ::2] += np.array([home + _turned(p.from_e9 - home) for p in parts])[:, None]
    (west, south), (east, north) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    return west, south, east, north


def rows_near(box: Floats, radius_m: float) -> tuple[float, float]:
    """Least and greatest latitude, in 1e-9°, that may be within `radius_m` of a box."""
    up = radius_m * _UNITS_A_METRE * 1.01
    return float(box[1]) - up, float(box[3]) + up


def near_box(box: Floats, others: Floats, radius_m: float) -> Ints:
    """Indices of the (N, 4) boxes that may be within `radius_m` of a box: those that meet it once it is widened."""
    west, _, east, _ = box
    south, north = rows_near(box, radius_m)
    side = radius_m * _UNITS_A_METRE * 1.01 / np.cos(np.radians(min(89.99, max(abs(south), abs(north)) / 1e9)))
    centre, half = (others[:, 0] + others[:, 2]) / 2, (others[:, 2] - others[:, 0]) / 2
    across = np.abs((centre - (west + east) / 2 + HALF_TURN) % (2 * HALF_TURN) - HALF_TURN)
    rows = (others[:, 3] >= south) & (others[:, 1] <= north)
    return np.flatnonzero(rows & (across <= (east - west) / 2 + half + side))


def ways_to_area(polygons: Polygons, at_e9: Ints) -> Floats:
    """(N, 2) how far north and east, in 1e-9°, the nearest point of the area lies from each point; 0 inside."""
    ways = np.zeros((len(at_e9), 2))
    outside = np.flatnonzero(~inside_any([polygons], at_e9))
    starts, along = _edges(polygons)
    step = max(1, _CHUNK // len(starts))
    for first in range(0, len(outside), step):
        some = outside[first : first + step]
        ways[some] = _nearest(starts, along, at_e9[some])
    return ways


def corners_e9(polygons: Polygons) -> Ints:
    """(M, 2) latitude and longitude of every corner."""
    return _edges(polygons)[0]


def _edges(polygons: Polygons) -> tuple[Ints, Ints]:
    """(M, 2) where each edge starts, longitudes from Greenwich, and how far north and east it goes."""
    rings = [(part, ring) for part in parts_of(polygons) for ring in part.rings]
    starts = [ring[:-1] + np.array([0, part.from_e9]) for part, ring in rings]
    return np.concatenate(starts), np.concatenate([np.diff(ring, axis=0) for _, ring in rings])


def _nearest(starts: Ints, along: Ints, at: Ints) -> Floats:
    """Exact but for roundings of single operations, which are the same on every machine; so is the rounded scale."""
    scale = np.stack([np.ones(len(at)), _narrowing(at[:, 0])], axis=1)[:, None, :]
    to_start: Floats = (starts[None] - at[:, None]).astype(np.float64)
    to_start[..., 1] = short_way(starts[None, :, 1] - at[:, None, 1])
    a, b = to_start * scale, along[None].astype(np.float64) * scale
    length2 = _dot(b, b)
    share = np.clip(-_dot(a, b) / np.where(length2 > 0, length2, 1.0), 0.0, 1.0)
    foot = a + share[..., None] * b
    best = _dot(foot, foot).argmin(axis=1)
    rows = np.arange(len(at))
    nearest: Floats = to_start[rows, best] + share[rows, best][:, None] * along[best]
    return nearest


def _narrowing(lat_e9: Ints) -> Floats:
    """How long a degree of longitude is, measured in degrees of latitude there, on GRS 80; rounded to 1e-9."""
    cosine = np.cos(np.radians(lat_e9 / 1e9))
    return half_up_array(cosine * (1 - _E2 * (1 - cosine * cosine)) / (1 - _E2) * 1e9) / 1e9


def _dot(a: Floats, b: Floats) -> Floats:
    products: Floats = a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1]
    return products


def meet(one: Polygons, other: Polygons) -> bool:
    """The two areas share a point."""
    return any(a.shape.intersects(_beside(b, a)) for a in parts_of(one) for b in parts_of(other))
