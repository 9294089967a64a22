"""The method "suas": object detection as the SUAS competition server scored it (auvsi-suas/interop, Apache-2.0).

    pair  = 0.4 · characteristics + 0.4 · max(0, (150 − d_ft) / 150) + 0.1 · actionable + 0.1 · autonomous
    total = mean over the real objects − 0.05 · unmatched submissions      (the mean over no objects is 0)

Characteristics is the share of equal fields among shape, its colour, letter, its colour and orientation; for an
emergent object it is whole when the descriptions of both were approved. A different type, or a picture that was not
approved: the pair is worth 0. In a `Match`: class is the characteristics, location the geolocation, find the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from pipeline.errors import ScoreError
from pipeline.score.assign import best_matching
from pipeline.score.canonical import Ints
from pipeline.score.distance import Pairs, measured_pairs, positions_e9, target_positions_e9
from pipeline.score.hits import NONE, Submission
from pipeline.score.points import Parts
from pipeline.types import Rules, Target

MAX_U = 1_000_000
MAX_PRODUCT = 1_000_000
COMPARED = ("shape", "shape_color", "letter", "letter_color", "orientation")
NOWHERE_MM = 10**11  # farther than any place on Earth


def all_pairs(hits: Submission, targets: Sequence[Target], rules: Rules) -> tuple[Pairs, Parts]:
    """Every submission with every object, and the parts of its points in ppm.

    Raises:
        ScoreError: an object is an area, or there are more than a million combinations.
    """
    if any(t.polygons for t in targets):
        raise ScoreError("the method suas knows no areas")
    if len(hits) * len(targets) > MAX_PRODUCT:
        raise ScoreError(f"the method suas compares at most {MAX_PRODUCT} combinations of hit and target")
    target, hit = (g.ravel() for g in np.mgrid[0 : len(targets), 0 : len(hits)].astype(np.int64))
    placed = hits.lat_e9[hit] != NONE
    at = np.where(hits.lat_e9[:, None] == NONE, 0, positions_e9(hits))
    measured = measured_pairs(target, hit, at, target_positions_e9(targets), rules)
    pairs = replace(measured, distance_mm=np.where(placed, measured.distance_mm, NOWHERE_MM))
    return pairs, _parts(pairs, hits, targets, rules)


def _parts(pairs: Pairs, hits: Submission, targets: Sequence[Target], rules: Rules) -> Parts:
    sent, real = [dict(a) for a in hits.attributes], described([dict(t.attributes) for t in targets])
    couples = [(sent[h], real[t]) for t, h in zip(pairs.target.tolist(), pairs.hit.tolist(), strict=True)]
    counts = np.array([eligible(s, r) for s, r in couples], dtype=np.int64)
    near = np.clip(rules.radius_mm - pairs.distance_mm, 0, rules.radius_mm)
    fields = np.array([equal_fifths(s, r) for s, r in couples], dtype=np.int64)
    flags = np.array([_flags(s) for s, _ in couples], dtype=np.int64)
    return (
        counts * flags * rules.find_ppm,
        counts * (rules.location_ppm * near // rules.radius_mm),
        counts * fields * rules.class_ppm // len(COMPARED),
        np.zeros(len(pairs), dtype=np.int64),
        np.zeros(len(pairs), dtype=np.int64),
    )


def eligible(sent: Mapping[str, str], real: Mapping[str, str]) -> bool:
    """The types agree and a judge approved the picture."""
    return sent.get("type") == real.get("type") and sent.get("approved") == "yes"


def described(real: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """The objects, all of them with an approved description when none of them says anything about it."""
    silent = not any("description_approved" in r for r in real)
    return [{**r, "description_approved": "yes"} for r in real] if silent else list(real)


def equal_fifths(sent: Mapping[str, str], real: Mapping[str, str]) -> int:
    """Fifths of the characteristics. A field that was not given equals nothing."""
    if real.get("type") == "emergent":
        both = sent.get("description_approved", sent.get("approved")), real.get("description_approved")
        return len(COMPARED) if both == ("yes", "yes") else 0
    return sum(name in real and sent.get(name) == real[name] for name in COMPARED)


def _flags(sent: Mapping[str, str]) -> int:
    return (sent.get("actionable") == "yes") + (sent.get("autonomous") == "yes")


def excused(pairs: Pairs, value: Ints, matched: Ints, hits: Submission) -> set[int]:
    """Leftover hits that cost nothing: one to one, worth something with a matched object that was found in the other
    mode (by hand where its match was autonomous, and the other way round)."""
    mode = np.array([dict(a).get("autonomous") == "yes" for a in hits.attributes], dtype=bool)
    match_of = dict(zip(pairs.target[matched].tolist(), pairs.hit[matched].tolist(), strict=True))
    taken = set(match_of.values())
    may = [
        k
        for k, (t, h) in enumerate(zip(pairs.target.tolist(), pairs.hit.tolist(), strict=True))
        if value[k] > 0 and h not in taken and t in match_of and mode[h] != mode[match_of[t]]
    ]
    some = pairs.where(np.array(may, dtype=np.int64))
    chosen = best_matching(some.target, some.hit, np.ones(len(some), dtype=np.int64), some.distance_mm)
    return set(some.hit[chosen].tolist())


def total_u(sum_u: int, unmatched: int, targets: Sequence[Target], rules: Rules) -> int:
    """Micro-points, 1 = 1,000,000, floored once; may be negative."""
    mean = Fraction(sum_u, len(targets)) if targets else Fraction(0)
    return (mean - unmatched * rules.extra_ppm).__floor__()
