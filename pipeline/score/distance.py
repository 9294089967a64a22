"""Distances in whole millimetres, and who is near whom.

The geodesic is Karney's on GRS 80 (CGCS2000 and, for a judge, WGS 84). `haversine` is the sphere of R = 6371 km that
the SUAS server used; a sphere is wrong by up to 7 cm over 30 m. Positions are (N, 2) latitude and longitude in whole
1e-9 degrees, and only differences of longitudes are ever measured: no meridian is special.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import ScoreError
from pipeline.score.areas import bounds_e9, corners_e9, meet, near_box, rows_near, short_way, ways_to_area
from pipeline.score.canonical import Floats, Ints, half_up_array
from pipeline.score.exact import Way, whole
from pipeline.score.hits import NONE, Submission
from pipeline.types import Rules, Target

SPHERE_M = 6_371_000.0
MAX_PAIRS = 20_000_000
_A_M, _F = 6_378_137.0, 1 / 298.257222101  # GRS 80


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Hits and targets near each other, sorted by target, then hit. Columns of length N.

    The way from the target (of an area, from its nearest point) to the hit: latitudes of both ends and the longitude
    between, in degrees.
    """

    target: Ints  # index
    hit: Ints
    distance_mm: Ints
    from_deg: Floats
    to_deg: Floats
    east_deg: Floats

    def __len__(self) -> int:
        return len(self.target)

    def where(self, keep: npt.NDArray[Any]) -> Pairs:
        """The pairs that a mask or a list of indices selects."""
        return Pairs(*(c[keep] for c in _columns(self)))


@cache
def _geod() -> Any:
    from pyproj import Geod

    return Geod(ellps="GRS80")


def geodesic_m(lat1: Floats, lon1: Floats, lat2: Floats, lon2: Floats) -> tuple[Floats, Floats]:
    """(metres, azimuth at the first point in degrees) of each pair of points in degrees."""
    azimuth, _, length = _geod().inv(lon1, lat1, lon2, lat2)
    return np.asarray(length), np.asarray(azimuth)


def haversine_m(lat1: Floats, lon1: Floats, lat2: Floats, lon2: Floats) -> tuple[Floats, Floats]:
    """The same on the sphere."""
    a, b, dlon = np.radians(lat1), np.radians(lat2), np.radians(np.subtract(lon2, lon1))
    h = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(dlon / 2) ** 2
    north = np.cos(a) * np.sin(b) - np.sin(a) * np.cos(b) * np.cos(dlon)
    azimuth = np.degrees(np.arctan2(np.sin(dlon) * np.cos(b), north))
    return 2 * SPHERE_M * np.arcsin(np.minimum(1.0, np.sqrt(h))), azimuth


def positions_e9(hits: Submission) -> Ints:
    """(N, 2) latitude and longitude, the integers that are judged; NONE for a hit without position."""
    return np.stack([hits.lat_e9, hits.lon_e9], axis=1)


def positions_deg(hits: Submission) -> Floats:
    """The same in degrees, for drawings; NaN for a hit without position."""
    missing = (hits.lat_e9 == NONE)[:, None]
    return np.where(missing, np.nan, positions_e9(hits) / 1e9)


def target_positions_e9(targets: Sequence[Target]) -> Ints:
    """(N, 2) latitude and longitude of the targets, rounded to 1e-9° as the hits are."""
    degrees = np.array([(t.at.lat_deg, t.at.lon_deg) for t in targets], dtype=np.float64).reshape(-1, 2)
    return half_up_array(degrees * 1e9)


def pairs_within(hits: Submission, targets: Sequence[Target], rules: Rules, radius_mm: int) -> Pairs:
    """Every hit and target less than `radius_mm` apart (strict)."""
    at, to = positions_e9(hits), target_positions_e9(targets)
    points = np.array([i for i, t in enumerate(targets) if not t.polygons], dtype=np.int64)
    placed = _southmost_first(at)
    near_target, near_hit = _near(to[points], at[placed], radius_mm)
    parts = [measured_pairs(points[near_target], placed[near_hit], at, to, rules)]
    for i in (i for i, t in enumerate(targets) if t.polygons):
        parts.append(_area_part(i, targets[i], at, placed, radius_mm, rules))
    joined = Pairs(*(np.concatenate(c) for c in zip(*(_columns(p) for p in parts), strict=True)))
    kept = joined.where(joined.distance_mm < radius_mm)
    return kept.where(np.lexsort((kept.hit, kept.target)))


def _southmost_first(at: Ints) -> Ints:
    """Indices of the points that have a position, by latitude."""
    order: Ints = np.argsort(at[:, 0], kind="stable")
    placed: Ints = order[at[order, 0] != NONE]
    return placed


def _columns(pairs: Pairs) -> tuple[npt.NDArray[Any], ...]:
    return pairs.target, pairs.hit, pairs.distance_mm, pairs.from_deg, pairs.to_deg, pairs.east_deg


def measured_pairs(target: Ints, hit: Ints, at: Ints, to: Ints, rules: Rules) -> Pairs:
    """The given pairs by their indices, (N,) each, with distances between their positions."""
    way = (to[target, 0] / 1e9, at[hit, 0] / 1e9, short_way(at[hit, 1] - to[target, 1]) / 1e9)
    return _pairs(target, hit, way, rules.distance == "haversine")


def _pairs(target: Ints, hit: Ints, way: Way, sphere: bool) -> Pairs:
    return Pairs(target, hit, whole(_measured(way, sphere)[0], 0, way, sphere), *way)


def _measured(way: Way, sphere: bool) -> tuple[Floats, Floats]:
    measure = haversine_m if sphere else geodesic_m
    return measure(way[0], np.zeros(len(way[0])), way[1], way[2])


def offsets(pairs: Pairs, rules: Rules, per_metre: int = 1000) -> tuple[Ints, Ints]:
    """How far east and how far north the hits lie of their targets, (N,) each, in whole millimetres (or finer)."""
    way, sphere = (pairs.from_deg, pairs.to_deg, pairs.east_deg), rules.distance == "haversine"
    length, azimuth = _measured(way, sphere)
    turn = np.radians(azimuth)
    east, north = length * np.sin(turn), length * np.cos(turn)
    return whole(east, 1, way, sphere, per_metre), whole(north, 2, way, sphere, per_metre)


def _area_part(index: int, target: Target, at: Ints, placed: Ints, radius_mm: int, rules: Rules) -> Pairs:
    """Pairs of one area with the points `placed`, which come by latitude."""
    box = bounds_e9([target.polygons])[0]
    first, last = np.searchsorted(at[placed, 0], rows_near(box, radius_mm / 1e3))
    some = placed[first:last]
    hit = some[near_box(box, np.tile(at[some][:, ::-1], 2), radius_mm / 1e3)]
    return _to_area(index, hit, at[hit], target, rules)


def _to_area(index: int, hit: Ints, at: Ints, target: Target, rules: Rules) -> Pairs:
    """An area and points, (N,) indices and (N, 2) positions: each from the area's nearest point."""
    way = ways_to_area(target.polygons, at)
    lat = at[:, 0] / 1e9
    from_foot = (lat + way[:, 0] / 1e9, lat, -way[:, 1] / 1e9)
    return _pairs(np.full(len(hit), index, dtype=np.int64), hit, from_foot, rules.distance == "haversine")


def _near(a_e9: Ints, b_e9: Ints, radius_mm: int) -> tuple[Ints, Ints]:
    """Indices (of a, of b) of points whose chord is within the radius, and some beyond: a superset, cheaply."""
    if not len(a_e9) or not len(b_e9):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    from scipy.spatial import cKDTree

    one, other = cKDTree(_ecef_m(a_e9)), cKDTree(_ecef_m(b_e9))
    radius = radius_mm / 1e3 * 1.01 + 0.01  # the haversine sphere may call 0.7 % more than the ellipsoid near
    if one.count_neighbors(other, radius) > MAX_PAIRS:
        raise ScoreError(f"more than {MAX_PAIRS} hits and targets lie within the radius of each other")
    found = one.sparse_distance_matrix(other, radius, output_type="ndarray")
    return found["i"].astype(np.int64), found["j"].astype(np.int64)


def _ecef_m(at_e9: Ints) -> Floats:
    lat, lon = np.radians(at_e9 / 1e9).T
    e2 = _F * (2 - _F)
    n = _A_M / np.sqrt(1 - e2 * np.sin(lat) ** 2)
    return np.stack([n * np.cos(lat) * np.cos(lon), n * np.cos(lat) * np.sin(lon), n * (1 - e2) * np.sin(lat)], axis=1)


def double_gates_mm(targets: Sequence[Target], rules: Rules) -> Ints:
    """Twice each target's gate, (N,): the gate is min(R, half the distance to the nearest other target).

    Half is rounded down to the whole millimetre: distances are rounded, and with more the same hit could stand in two
    gates. A hit is inside when twice its distance is less (strict).
    """
    gates = np.full(len(targets), 2 * rules.radius_mm, dtype=np.int64)
    if not rules.half_gate:
        return gates
    for one, other, gap in target_gaps(targets, rules):
        np.minimum.at(gates, one, gap // 2 * 2)
        np.minimum.at(gates, other, gap // 2 * 2)
    return gates


def target_gaps(targets: Sequence[Target], rules: Rules) -> list[tuple[Ints, Ints, Ints]]:
    """(targets, other targets, millimetres between them), by index, of those that may be within 2R of each other."""
    to = target_positions_e9(targets)
    points = np.array([i for i, t in enumerate(targets) if not t.polygons], dtype=np.int64)
    one, other = _near(to[points], to[points], 2 * rules.radius_mm)
    apart = one < other
    measured = measured_pairs(points[one[apart]], points[other[apart]], to, to, rules)
    gaps = [(measured.target, measured.hit, measured.distance_mm)]
    areas = [i for i, t in enumerate(targets) if t.polygons]
    boxes = bounds_e9([targets[i].polygons for i in areas])
    sorted_points = points[_southmost_first(to[points])]
    for place, i in enumerate(areas):
        part = _area_part(i, targets[i], to, sorted_points, 2 * rules.radius_mm, rules)
        gaps.append((part.target, part.hit, part.distance_mm))
        later = (j for j in near_box(boxes[place], boxes, 2 * rules.radius_mm / 1e3).tolist() if j > place)
        gaps += [_area_gap(i, areas[j], targets, rules) for j in later]
    return gaps


def _area_gap(i: int, j: int, targets: Sequence[Target], rules: Rules) -> tuple[Ints, Ints, Ints]:
    """The shortest way between two areas starts or ends at a corner, or they meet."""
    gap = 0 if meet(targets[i].polygons, targets[j].polygons) else min(
        int(_to_area(a, np.arange(len(corners)), corners, targets[a], rules).distance_mm.min())
        for a, corners in ((i, corners_e9(targets[j].polygons)), (j, corners_e9(targets[i].polygons)))
    )  # fmt: skip
    return np.array([i]), np.array([j]), np.array([gap])
