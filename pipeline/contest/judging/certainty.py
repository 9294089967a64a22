"""What a hit list would have been worth, had the targets stood elsewhere within their own survey errors.

The geodesics are measured once, from the surveyed targets to the hits and to each other; a resample moves the targets
in the plane that touches there. Within `MAX_REACH_MM` a distance found so differs by less than 0.1 mm from the geodesic
to the moved target (whose position the full judge would round to 1e-9°), so that the rounded millimetre differs by one
at most and a pair by weight · location_ppm / (R − full). Meridians converge between two targets: the gap that narrows
a gate is wrong by up to gap · shift · tan(latitude) / 6,400 km, which is 0.1 mm for 60 m, 5 m and 60°. With
`distance = "haversine"` a shift is wrong by up to 0.7 %.

Gates, matching, extras and the floor are those of `pipeline.score`; areas, ignored
areas and evidence do not move. The method "suas" has no survey error in its rules and stays as it was judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.contest.judging.cases import Case
from pipeline.contest.judging.survey_errors import greatest_shift_um, sigma_um
from pipeline.score import points
from pipeline.score.areas import inside_any
from pipeline.score.assign import best_matching
from pipeline.score.canonical import Ints, half_up_array
from pipeline.score.distance import (
    Pairs,
    measured_pairs,
    offsets,
    pairs_within,
    positions_e9,
    target_gaps,
    target_positions_e9,
)
from pipeline.score.hits import NONE
from pipeline.types import Rules, Target

MAX_REACH_MM = 500_000
_CHUNK = 1_000_000  # pairs at a time
_OPEN = 2**62


@dataclass(frozen=True, slots=True, eq=False)
class _Near:
    """Pairs that some resample may bring together, and what of their points does not depend on the distance."""

    pairs: Pairs
    at_um: Ints  # (N, 2) the hit, east and north of the target
    fixed: Ints  # find + class + evidence
    counts: Ints  # 0 where demanded evidence is missing: no points by distance either
    weight: Ints


def can_move(targets: Sequence[Target], rules: Rules) -> bool:
    """Some target has a survey error, and everything is near enough for a plane."""
    return rules.method == "gate" and any(sigma_um(t) for t in targets) and _reach_mm(targets, rules) <= MAX_REACH_MM


def _reach_mm(targets: Sequence[Target], rules: Rules) -> int:
    return rules.radius_mm + greatest_shift_um(targets) // 1000 + 1


def resampled_points(case: Case, shifts_um: Ints) -> Ints:
    """(S,) points_u of the list with the targets moved by (S, T, 2) micrometres east and north."""
    near = _near(case)
    gates2 = moved_gates2_mm(case.targets, case.rules, shifts_um)
    excused = _in_areas(case)
    step = max(1, _CHUNK // max(1, len(near.pairs)))
    parts = [_points(case, near, gates2[s : s + step], shifts_um[s : s + step], excused)
             for s in range(0, len(shifts_um), step)]  # fmt: skip
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _near(case: Case) -> _Near:
    rules, targets = case.rules, case.targets
    pairs = pairs_within(case.sent, targets, rules, _reach_mm(targets, rules))
    pairs = points.gated(pairs, np.full(len(targets), _OPEN), case.sent, targets, rules)
    at_zero = replace(pairs, distance_mm=np.zeros(len(pairs), dtype=np.int64))
    find, location, kind, evidence, honest = points.pair_parts(
        at_zero, case.sent, targets, rules, case.originals, case.flight_ms, case.overruled
    )
    at_um = np.stack(offsets(pairs, rules, 1_000_000), axis=1)
    weight = np.array([t.weight for t in targets], dtype=np.int64)[pairs.target]
    return _Near(pairs, at_um, find + kind + evidence, (find + location + honest > 0).astype(np.int64), weight)


def _in_areas(case: Case) -> Ints:
    """(H,) 1 for a hit that costs nothing when it takes no target."""
    found = np.zeros(len(case.sent), dtype=np.int64)
    placed = np.flatnonzero(case.sent.lat_e9 != NONE)
    if case.ignore and len(placed):
        found[placed] = inside_any([t.polygons for t in case.ignore], positions_e9(case.sent)[placed])
    return found


def moved_gates2_mm(targets: Sequence[Target], rules: Rules, shifts_um: Ints) -> Ints:
    """(S, T) twice the gates, as `double_gates_mm` has them, of the moved targets."""
    gates = np.full(shifts_um.shape[:2], 2 * rules.radius_mm, dtype=np.int64)
    if not rules.half_gate:
        return gates
    for one, other, gap_um, gap_mm in _gaps(targets, rules):
        apart = shifts_um[:, other] - shifts_um[:, one]
        gap = _length_mm(gap_um + apart) if gap_um is not None and apart.any() else np.full(len(apart), gap_mm)
        for i in (one, other):
            gates[:, i] = np.minimum(gates[:, i], gap // 2 * 2)
    return gates


def _gaps(targets: Sequence[Target], rules: Rules) -> list[tuple[int, int, Ints | None, int]]:
    """Pairs of targets near enough to narrow a gate: (one, other, the way between points in µm, its length in mm)."""
    wide = replace(rules, radius_mm=_reach_mm(targets, rules))
    return [
        (one, other, _way_um(targets, one, other, rules), gap)
        for ones, others, gaps in target_gaps(targets, wide)
        for one, other, gap in zip(ones.tolist(), others.tolist(), gaps.tolist(), strict=True)
    ]


def _way_um(targets: Sequence[Target], one: int, other: int, rules: Rules) -> Ints | None:
    if targets[one].polygons or targets[other].polygons:
        return None
    at = target_positions_e9([targets[one], targets[other]])
    way = measured_pairs(np.array([0]), np.array([1]), at, at, rules)
    return np.concatenate(offsets(way, rules, 1_000_000))


def _length_mm(um: Ints) -> Ints:
    """Lengths of (…, 2) vectors, rounded half up; the square root is exact to the last bit on every machine."""
    squared = (um * um).sum(axis=-1)
    return half_up_array(np.sqrt(squared.astype(np.float64)) / 1e3)


def _points(case: Case, near: _Near, gates2: Ints, shifts_um: Ints, excused: Ints) -> Ints:
    """The same for some of the resamples, all matched at once: each has targets and hits of its own."""
    times, count = gates2.shape
    target = near.pairs.target
    shifts = shifts_um[:, target]
    distance = np.where(shifts.any(axis=-1), _length_mm(near.at_um - shifts), near.pairs.distance_mm)
    sample, pair = np.nonzero(2 * distance < gates2[:, target])
    length = distance[sample, pair]
    r90_mm = case.sent.r90_mm[near.pairs.hit[pair]]
    by_distance = points.by_distance_u(length, r90_mm, near.weight[pair], case.rules)
    value = near.fixed[pair] + by_distance * near.counts[pair]
    hit = near.pairs.hit[pair]
    chosen = best_matching(sample * count + target[pair], sample * len(case.sent) + hit, value, length)
    sums, taken, spared = (np.zeros(times, dtype=np.int64) for _ in range(3))
    np.add.at(sums, sample[chosen], value[chosen])
    np.add.at(taken, sample[chosen], 1)
    np.add.at(spared, sample[chosen], excused[hit[chosen]])
    extras = len(case.sent) - taken - (int(excused.sum()) - spared)
    return _totals(case, sums, extras)


def _totals(case: Case, sums: Ints, extras: Ints) -> Ints:
    both = list(zip(sums.tolist(), extras.tolist(), strict=True))
    known = {pair: points.total_u(*pair, case.targets, case.rules, case.elapsed_ms) for pair in set(both)}
    return np.array([known[pair] for pair in both], dtype=np.int64)
