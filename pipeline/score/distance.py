"""Distances in whole millimetres, and who is near whom.

The geodesic is Karney's on GRS 80 (CGCS2000 and, for a judge, WGS 84). `haversine` is the sphere of R = 6371 km that
the SUAS server used; a sphere is wrong by up to 7 cm over 30 m.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import ScoreError
from pipeline.score.areas import bounds_deg, distance_to_area, gap_between, near_box, rows_near
from pipeline.score.canonical import Floats, Ints, half_up_array
from pipeline.score.hits import NONE, Submission
from pipeline.types import Rules, Target

SPHERE_M = 6_371_000.0
MAX_PAIRS = 20_000_000
_A_M, _F = 6_378_137.0, 1 / 298.257222101  # GRS 80


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Hits and targets near each other, sorted by target, then hit. Columns of length N."""

    target: Ints  # index
    hit: Ints
    distance_mm: Ints
    east_mm: Floats  # of the hit, seen from the target
    north_mm: Floats

    def __len__(self) -> int:
        return len(self.target)

    def where(self, keep: npt.NDArray[Any]) -> Pairs:
        """The pairs that a mask or a list of indices selects."""
        return Pairs(*(c[keep] for c in (self.target, self.hit, self.distance_mm, self.east_mm, self.north_mm)))


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


def positions_deg(hits: Submission) -> Floats:
    """(N, 2) latitude and longitude from the integers that are judged; NaN for a hit without position."""
    missing = hits.lat_e9 == NONE
    both = np.stack([hits.lat_e9, hits.lon_e9], axis=1) / 1e9
    both[missing] = np.nan
    return both


def target_positions_deg(targets: Sequence[Target]) -> Floats:
    """(N, 2) latitude and longitude of the targets, rounded to 1e-9° as the hits are."""
    degrees = np.array([(t.at.lat_deg, t.at.lon_deg) for t in targets], dtype=np.float64).reshape(-1, 2)
    return half_up_array(degrees * 1e9) / 1e9


def pairs_within(hits: Submission, targets: Sequence[Target], rules: Rules, radius_mm: int) -> Pairs:
    """Every hit and target less than `radius_mm` apart (strict)."""
    at, to = positions_deg(hits), target_positions_deg(targets)
    points = np.array([i for i, t in enumerate(targets) if not t.polygons], dtype=np.int64)
    placed = _southmost_first(at)
    near_target, near_hit = _near(to[points], at[placed], radius_mm)
    parts = [measured_pairs(points[near_target], placed[near_hit], at, to, rules)]
    for i in (i for i, t in enumerate(targets) if t.polygons):
        parts.append(_area_part(i, targets[i], at, placed, radius_mm))
    joined = Pairs(*(np.concatenate(c) for c in zip(*(_columns(p) for p in parts), strict=True)))
    kept = joined.where(joined.distance_mm < radius_mm)
    return kept.where(np.lexsort((kept.hit, kept.target)))


def _southmost_first(at: Floats) -> Ints:
    """Indices of the points that have a position, by latitude."""
    order: Ints = np.argsort(at[:, 0], kind="stable")
    placed: Ints = order[~np.isnan(at[order, 0])]
    return placed


def _columns(pairs: Pairs) -> tuple[npt.NDArray[Any], ...]:
    return pairs.target, pairs.hit, pairs.distance_mm, pairs.east_mm, pairs.north_mm


def measured_pairs(target: Ints, hit: Ints, at: Floats, to: Floats, rules: Rules) -> Pairs:
    """The given pairs by their indices, (N,) each, with distances between the (M, 2) positions in degrees."""
    measure = haversine_m if rules.distance == "haversine" else geodesic_m
    length, azimuth = measure(to[target, 0], to[target, 1], at[hit, 0], at[hit, 1])
    return _pairs(target, hit, length, azimuth)


def _pairs(target: Ints, hit: Ints, length_m: Floats, azimuth_deg: Floats) -> Pairs:
    turn = np.radians(azimuth_deg)
    return Pairs(target, hit, half_up_array(np.nan_to_num(length_m) * 1e3),
                 length_m * np.sin(turn) * 1e3, length_m * np.cos(turn) * 1e3)  # fmt: skip


def _area_part(index: int, target: Target, at: Floats, placed: Ints, radius_mm: int) -> Pairs:
    """Pairs of one area with the points `placed`, which come by latitude."""
    box = bounds_deg([target.polygons])[0]
    first, last = np.searchsorted(at[placed, 0], rows_near(box, radius_mm / 1e3))
    some = placed[first:last]
    hit = some[near_box(box, np.tile(at[some][:, ::-1], 2), radius_mm / 1e3)]
    foot = distance_to_area(target.polygons, at[hit])
    length, azimuth = geodesic_m(foot[:, 0], foot[:, 1], at[hit, 0], at[hit, 1])
    return _pairs(np.full(len(hit), index, dtype=np.int64), hit, length, azimuth)


def _near(a_deg: Floats, b_deg: Floats, radius_mm: int) -> tuple[Ints, Ints]:
    """Indices (of a, of b) of points whose chord is within the radius, and some beyond: a superset, cheaply."""
    if not len(a_deg) or not len(b_deg):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    from scipy.spatial import cKDTree

    one, other = cKDTree(_ecef_m(a_deg)), cKDTree(_ecef_m(b_deg))
    radius = radius_mm / 1e3 * 1.01 + 0.01  # the haversine sphere may call 0.7 % more than the ellipsoid near
    if one.count_neighbors(other, radius) > MAX_PAIRS:
        raise ScoreError(f"more than {MAX_PAIRS} hits and targets lie within the radius of each other")
    found = one.sparse_distance_matrix(other, radius, output_type="ndarray")
    return found["i"].astype(np.int64), found["j"].astype(np.int64)


def _ecef_m(degrees: Floats) -> Floats:
    lat, lon = np.radians(degrees).T
    e2 = _F * (2 - _F)
    n = _A_M / np.sqrt(1 - e2 * np.sin(lat) ** 2)
    return np.stack([n * np.cos(lat) * np.cos(lon), n * np.cos(lat) * np.sin(lon), n * (1 - e2) * np.sin(lat)], axis=1)


def double_gates_mm(targets: Sequence[Target], rules: Rules) -> Ints:
    """Twice each target's gate: min(2R, distance to the nearest other target). Doubled, so that it is an integer.

    (N,) millimetres. A hit is inside when twice its distance is less (strict).
    """
    gates = np.full(len(targets), 2 * rules.radius_mm, dtype=np.int64)
    if not rules.half_gate:
        return gates
    for one, other, gap in _target_gaps(targets, rules):
        np.minimum.at(gates, one, gap)
        np.minimum.at(gates, other, gap)
    return gates


def _target_gaps(targets: Sequence[Target], rules: Rules) -> list[tuple[Ints, Ints, Ints]]:
    to = target_positions_deg(targets)
    points = np.array([i for i, t in enumerate(targets) if not t.polygons], dtype=np.int64)
    one, other = _near(to[points], to[points], 2 * rules.radius_mm)
    apart = one < other
    measured = measured_pairs(points[one[apart]], points[other[apart]], to, to, rules)
    gaps = [(measured.target, measured.hit, measured.distance_mm)]
    areas = [i for i, t in enumerate(targets) if t.polygons]
    boxes = bounds_deg([targets[i].polygons for i in areas])
    sorted_points = points[_southmost_first(to[points])]
    for place, i in enumerate(areas):
        part = _area_part(i, targets[i], to, sorted_points, 2 * rules.radius_mm)
        gaps.append((part.target, part.hit, part.distance_mm))
        later = (j for j in near_box(boxes[place], boxes, 2 * rules.radius_mm / 1e3).tolist() if j > place)
        gaps += [_area_gap(i, areas[j], targets) for j in later]
    return gaps


def _area_gap(i: int, j: int, targets: Sequence[Target]) -> tuple[Ints, Ints, Ints]:
    ends = gap_between(targets[i].polygons, targets[j].polygons)
    length, _ = geodesic_m(ends[:, 0], ends[:, 1], ends[:, 2], ends[:, 3])
    gap = half_up_array(length * 1e3).min(keepdims=True)
    return np.array([i]), np.array([j]), gap
