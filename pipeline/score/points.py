"""Points of the method "gate": find, location, class, evidence and calibration of a pair, and what a list is worth.

A pair's parts are micro-weights (the target's weight × ppm); location is floored once a pair:

    find         weight · find_ppm                    (+ evidence_ppm where evidence is off, likewise calibration)
    location     ⌊weight · location_ppm · g(d)⌋        g = 1 to `full_mm`, then linear to 0 at R
    class        weight · {same path, two levels, one level, none}
    evidence     weight · evidence_ppm                where evidence is on and every test of one entry passes
    calibration  ⌊weight · calibration_ppm · (10·C − r − 10·max(0, d − r)) / (10·C)⌋   where it is on;
                 C `calibration_mm`, r the declared r90, d the distance, neither above C; 0 where no r90 is declared

    points = ⌊100 · max(0, Σ pairs − extras · extra_ppm · mean weight) / Σ weights⌋ in micro-points, floored once

Without targets there is no score (None).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from pipeline.errors import ScoreError
from pipeline.score.canonical import Ints
from pipeline.score.distance import Pairs
from pipeline.score.evidence import verdict
from pipeline.score.hits import NONE, Submission
from pipeline.types import Rules, Target

MAX_U = 100_000_000
Flight = tuple[int, int]
Parts = tuple[Ints, Ints, Ints, Ints, Ints]  # find, location, class, evidence, calibration


def gated(pairs: Pairs, gates2_mm: Ints, hits: Submission, targets: Sequence[Target], rules: Rules) -> Pairs:
    """The pairs that may match: strictly inside the gate, in the target's window, of its first class if required."""
    inside = pairs.where(2 * pairs.distance_mm < gates2_mm[pairs.target])
    if rules.windows:
        inside = inside.where(_in_window(inside, hits, targets))
    if rules.require_class:
        inside = inside.where(_shared_levels(inside, hits, targets) != 0)
    return inside


def _in_window(pairs: Pairs, hits: Submission, targets: Sequence[Target]) -> Ints:
    """A hit's capture times [first, last] meet the target's window; what was not given excludes nothing."""
    top = int(np.iinfo(np.int64).max)
    opens = np.array([NONE if t.visible_from_ms is None else t.visible_from_ms for t in targets], dtype=np.int64)
    closes = np.array([top if t.visible_to_ms is None else t.visible_to_ms for t in targets], dtype=np.int64)
    first = np.where(hits.first_ms == NONE, hits.last_ms, hits.first_ms)[pairs.hit]
    last = np.where(hits.last_ms == NONE, hits.first_ms, hits.last_ms)[pairs.hit]
    met: Ints = (first == NONE) | ((first <= closes[pairs.target]) & (last >= opens[pairs.target]))
    return met


def shared_levels(one: str, other: str) -> int:
    """Leading levels that two class paths share; -1 when they are the same path."""
    if one == other:
        return -1
    count = 0
    for a, b in zip(one.split("/"), other.split("/"), strict=False):
        if a != b:
            break
        count += 1
    return count


def _shared_levels(pairs: Pairs, hits: Submission, targets: Sequence[Target]) -> Ints:
    code: dict[str, int] = {}
    sent = np.array([code.setdefault(hits.labels[h], len(code)) for h in pairs.hit.tolist()], dtype=np.int64)
    real = np.array([code.setdefault(t.label, len(code)) for t in targets], dtype=np.int64)
    labels = list(code)
    met, which = np.unique(sent * len(labels) + real[pairs.target], return_inverse=True)
    levels = [shared_levels(labels[m // len(labels)], labels[m % len(labels)]) for m in met.tolist()]
    return np.array(levels, dtype=np.int64)[which]


def class_ppm(levels: Ints, rules: Rules) -> Ints:
    """Class points for numbers of shared levels, as `shared_levels` counts them."""
    cases = [levels == -1, levels >= 2, levels == 1]
    return np.select(cases, [rules.class_ppm, rules.class_two_ppm, rules.class_one_ppm], 0).astype(np.int64)


def location_u(distance_mm: Ints, weight: Ints, rules: Rules) -> Ints:
    """⌊weight · location_ppm · g(d)⌋, g = 1 to `full_mm`, then linear to 0 at R."""
    left = np.clip(rules.radius_mm - distance_mm, 0, rules.radius_mm - rules.full_mm)
    return weight * rules.location_ppm * left // (rules.radius_mm - rules.full_mm)


def calibration_u(distance_mm: Ints, r90_mm: Ints, weight: Ints, rules: Rules) -> Ints:
    """⌊weight · calibration_ppm · (10·C − r − 10·max(0, d − r)) / (10·C)⌋; 0 where no r90 is declared.

    r / 10 + max(0, d − r) is the pinball loss of r as a 90 % quantile of d, plus a tenth of d, which no declaration
    changes: the expected points are highest for the honest 90 % quantile (Gneiting and Raftery, "Strictly proper
    scoring rules", 2007, section 6), and a smaller d never costs. Nothing is clipped, which would spoil that.
    """
    most = rules.calibration_mm
    r, d = np.minimum(r90_mm, most), np.minimum(distance_mm, most)
    left = 10 * most - r - 10 * np.maximum(0, d - r)
    return np.where(r90_mm == NONE, 0, weight * rules.calibration_ppm * left // (10 * most))


def by_distance_u(distance_mm: Ints, r90_mm: Ints, weight: Ints, rules: Rules) -> Ints:
    """What changes with the distance alone: location, and calibration where it is on."""
    honest = calibration_u(distance_mm, r90_mm, weight, rules) if rules.calibration else 0
    return location_u(distance_mm, weight, rules) + honest


def pair_parts(
    pairs: Pairs,
    hits: Submission,
    targets: Sequence[Target],
    rules: Rules,
    originals: frozenset[str] | None,
    flight_ms: Flight | None,
    overruled: Mapping[str, bool] | None = None,
) -> Parts:
    """(find, location, class, evidence, calibration) of each pair, (N,) micro-weights; all 0 where demanded evidence is
    missing."""
    weight = np.array([t.weight for t in targets], dtype=np.int64)[pairs.target]
    off = (0 if rules.evidence else rules.evidence_ppm) + (0 if rules.calibration else rules.calibration_ppm)
    none = np.zeros(len(pairs), dtype=np.int64)
    find, location = weight * (rules.find_ppm + off), location_u(pairs.distance_mm, weight, rules)
    kind = weight * class_ppm(_shared_levels(pairs, hits, targets), rules)
    honest = none
    if rules.calibration:
        honest = calibration_u(pairs.distance_mm, hits.r90_mm[pairs.hit], weight, rules)
    if rules.evidence:
        own, good = _evidence(pairs, hits, rules, originals, flight_ms, overruled or {})
        return find * own, location * own, kind * own, weight * rules.evidence_ppm * good, honest * own
    return find, location, kind, none, honest


def _evidence(
    pairs: Pairs,
    hits: Submission,
    rules: Rules,
    originals: frozenset[str] | None,
    flight_ms: Flight | None,
    overruled: Mapping[str, bool],
) -> tuple[Ints, Ints]:
    """(N,) twice: an original of the team's own flight is there, and every test of one entry passes. Judges who
    overrule to yes grant both; to no, they take the second only."""
    known = {
        h: verdict(hits.evidence[h], originals, flight_ms, rules.sharpness_min_ppm) for h in set(pairs.hit.tolist())
    }
    for h in known:
        said = overruled.get(hits.ids[h])
        if said is not None:
            known[h] = (said or known[h][0], said)
    found = np.array([known[h] for h in pairs.hit.tolist()], dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def total_u(sum_u: int, extras: int, targets: Sequence[Target], rules: Rules, elapsed_ms: int | None) -> int | None:
    """The list's micro-points, floored once at the end; None when there is no target."""
    if not targets:
        return None
    weights = sum(t.weight for t in targets)
    cost = Fraction(extras * rules.extra_ppm * weights, len(targets))
    points = 100 * max(Fraction(0), sum_u - cost) / weights
    if rules.time:
        points = points * (1_000_000 - rules.time_ppm) / 1_000_000 + _time_u(rules, elapsed_ms)
    return points.__floor__()


def _time_u(rules: Rules, elapsed_ms: int | None) -> Fraction:
    """Full to `time_par_ms`, linear to 0 at `time_max_ms`."""
    if elapsed_ms is None:
        raise ScoreError("the rules count time: the judge's elapsed time is needed")
    left = min(max(rules.time_max_ms - elapsed_ms, 0), rules.time_max_ms - rules.time_par_ms)
    return Fraction(100 * rules.time_ppm * left, rules.time_max_ms - rules.time_par_ms)
