"""The judge: hits, targets and rules in, a Score out. Equal inputs in any order give an equal Score.

One hit takes at most one target. The rule book is `docs/scoring.md`; the formulas stand in `points` and `suas`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from pipeline.errors import ScoreError
from pipeline.score import points, suas
from pipeline.score.areas import inside_any
from pipeline.score.assign import best_matching
from pipeline.score.canonical import Ints
from pipeline.score.distance import Pairs, double_gates_mm, pairs_within, positions_e9
from pipeline.score.hits import NONE, Submission, as_submission
from pipeline.score.rules import check_rules, rules_digest
from pipeline.score.statistics import statistics
from pipeline.score.targets import ordered, targets_digest
from pipeline.types import Hit, HitList, Match, Rules, Score, Target

Taken = tuple[Pairs, points.Parts]


def judge(
    hits: Submission | HitList | Iterable[Hit | Mapping[str, Any]],
    targets: Sequence[Target],
    rules: Rules | None = None,
    *,
    originals: frozenset[str] | None = None,
    flight_ms: tuple[int, int] | None = None,
    elapsed_ms: int | None = None,
    overruled: Mapping[str, bool] | None = None,
) -> Score:
    """The verdict on a hit list.

    Args:
        hits: what `read_hits` gives, a HitList, Hits, or GeoJSON features.
        targets: targets and ignore areas, in any order.
        rules: a rule book; None: `drill-example`.
        originals: SHA-256 of the team's own originals; None: hashes of evidence are not compared with anything.
        flight_ms: start and end of the flight, UTC ms; None: times of evidence are not tested.
        elapsed_ms: the judge's clock at receipt, where the rules count time.
        overruled: hits (by id) whose evidence judges have looked at themselves, and whether it holds.

    Raises:
        ScoreError: hits, targets or rules make no sense.
    """
    rules, sent = check_rules(rules or Rules()), as_submission(hits)
    known = ordered(targets)
    real = [t for t in known if t.kind == "target"]
    areas = [t.polygons for t in known if t.kind == "ignore"]
    gates2 = double_gates_mm(real, rules) if rules.method == "gate" else np.empty(0, dtype=np.int64)
    near, matched, parts, free = _matched(sent, real, rules, gates2, originals, flight_ms, overruled)
    found = set(matched.target.tolist())
    left = _left(len(sent), matched.hit.tolist(), free)
    ignored = _in_areas(sent, left, areas) | free
    extra = [h for h in left if h not in ignored]
    sum_u = int(sum(p.sum() for p in parts))
    hits_digest = sent.digest()
    total = _total(sum_u, len(extra), real, rules, elapsed_ms)
    return Score(
        points_u=total,
        points_max_u=suas.MAX_U if rules.method == "suas" else points.MAX_U,
        pairs=_matches(matched, parts, sent, real),
        missed=tuple(t.id for i, t in enumerate(real) if i not in found),
        extra=tuple(sent.ids[h] for h in extra),
        ignored=tuple(sent.ids[h] for h in sorted(ignored)),
        statistics=statistics(near, matched, sent, real, rules, ignored, hits_digest),
        rules=rules.name,
        rules_digest=rules_digest(rules),
        targets_digest=targets_digest(known),
        hits_digest=hits_digest,
        software=_software(),
        notice=rules.notice,
        warnings=_warnings(real, rules, gates2, originals, flight_ms),
    )


def _left(count: int, *taken: Iterable[int]) -> list[int]:
    """The indices that none of the others names, in order."""
    free = np.ones(count, dtype=bool)
    for some in taken:
        free[list(some)] = False
    left: list[int] = np.flatnonzero(free).tolist()
    return left


def _matched(
    sent: Submission,
    real: Sequence[Target],
    rules: Rules,
    gates2_mm: Ints,
    originals: frozenset[str] | None,
    flight_ms: tuple[int, int] | None,
    overruled: Mapping[str, bool] | None,
) -> tuple[Pairs, Pairs, points.Parts, set[int]]:
    """(pairs near each other, chosen pairs, their parts, leftover hits that the method excuses)."""
    if rules.method == "suas":
        return _matched_suas(sent, real, rules)
    if (sent.lat_e9 == NONE).any():
        nowhere = sent.ids[int(np.flatnonzero(sent.lat_e9 == NONE)[0])]
        raise ScoreError(f"hit {nowhere!r} has no position")
    near = pairs_within(sent, real, rules, max(rules.radius_mm, 1000 * max(rules.ap_m)))
    may = points.gated(near, gates2_mm, sent, real, rules)
    parts = points.pair_parts(may, sent, real, rules, originals, flight_ms, overruled)
    chosen = best_matching(may.target, may.hit, _sum(parts), may.distance_mm)
    return near, may.where(chosen), _chosen(parts, chosen), set()


def _matched_suas(
    sent: Submission, real: Sequence[Target], rules: Rules
) -> tuple[Pairs, Pairs, points.Parts, set[int]]:
    pairs, parts = suas.all_pairs(sent, real, rules)
    value = _sum(parts)
    worth = np.flatnonzero(value > 0)
    some = pairs.where(worth)
    chosen = worth[best_matching(some.target, some.hit, value[worth], some.distance_mm)]
    free = suas.excused(pairs, value, chosen, sent)
    return pairs, pairs.where(chosen), _chosen(parts, chosen), free


def _sum(parts: points.Parts) -> Ints:
    return parts[0] + parts[1] + parts[2] + parts[3] + parts[4]


def _chosen(parts: points.Parts, chosen: Ints) -> points.Parts:
    find, location, kind, evidence, honest = (p[chosen] for p in parts)
    return find, location, kind, evidence, honest


def _in_areas(sent: Submission, left: Sequence[int], areas: Sequence[Any]) -> set[int]:
    """Unmatched hits inside a don't-care area, its boundary included."""
    if not areas or not left:
        return set()
    some = np.array([h for h in left if sent.lat_e9[h] != NONE], dtype=np.int64)
    return set(some[inside_any(areas, positions_e9(sent)[some])].tolist())


def _total(sum_u: int, extras: int, real: Sequence[Target], rules: Rules, elapsed_ms: int | None) -> int | None:
    if rules.method == "suas":
        return suas.total_u(sum_u, extras, real, rules)
    return points.total_u(sum_u, extras, real, rules, elapsed_ms)


def _matches(matched: Pairs, parts: points.Parts, sent: Submission, real: Sequence[Target]) -> tuple[Match, ...]:
    columns = (c.tolist() for c in (matched.target, matched.hit, matched.distance_mm, *parts))
    return tuple(
        Match(real[t].id, sent.ids[h], None if sent.lat_e9[h] == NONE else d, sum(worth), *worth)
        for t, h, d, *worth in zip(*columns, strict=True)
    )


def _warnings(
    real: Sequence[Target],
    rules: Rules,
    gates2_mm: Ints,
    originals: frozenset[str] | None,
    flight_ms: tuple[int, int] | None,
) -> tuple[str, ...]:
    shut = [real[i].id for i in np.flatnonzero(gates2_mm == 0).tolist()]
    found = [f"target {i!r} stands on another target: no hit can take it" for i in shut]
    if rules.evidence and originals is None:
        found.append("no list of originals was given: the hashes of evidence were compared with nothing")
    if rules.evidence and flight_ms is None:
        found.append("the time of the flight was not given: capture times of evidence were not tested")
    return tuple(found)


@cache
def _software() -> str:
    try:
        return f"qianliyan {version('qianliyan')}"
    except PackageNotFoundError:
        return "qianliyan (not installed)"
