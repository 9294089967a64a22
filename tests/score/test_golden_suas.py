"""Golden values A: published numbers of the SUAS competition server (auvsi-suas/interop, odlc_test.py, Apache-2.0)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.score import hits_of, judge, read_rules, targets_of
from pipeline.score.distance import geodesic_m, haversine_m
from pipeline.score.suas import all_pairs

L1, L2, L3, L4 = (38, -76), (38.0003, -76), (-38, 76), (0, 0)
FIELDS = ("type", "orientation", "shape", "shape_color", "letter", "letter_color")
REAL = {
    "r1": (L1, "standard", "S", "square", "white", "ABC", "black"),
    "r2": (L2, "standard", "S", "triangle", "white", "ABC", "black"),
    "r3": (L3, "standard", "E", "semicircle", "yellow", "LMN", None),
    "r4": (L1, "emergent", None, None, None, None, None),
    "r5": (L1, "standard", "N", "trapezoid", "purple", "PQR", "blue"),
    "r6": (L1, "emergent", None, None, None, None, None),
}
SENT = {  # approved, autonomous, actionable last
    "s1": (L1, "standard", "S", "square", "white", "ABC", "black", True, True, True),
    "s2": (L1, "standard", "N", "circle", "white", "ABC", "black", True, False, False),
    "s3": (L4, "standard", "NW", "pentagon", "gray", "XYZ", "yellow", True, False, False),
    "s4": (L1, "emergent", None, None, None, None, None, False, False, True),
    "s5": (None, "standard", "N", "trapezoid", "purple", "PQR", "blue", True, False, True),
    "s6": (L1, "emergent", None, None, None, None, None, True, True, True),
    "s7": (L4, "standard", None, None, None, None, "black", True, False, False),
}


def feature(
    ident: str, at: tuple[float, float] | None, names: tuple[str, ...], values: tuple[Any, ...]
) -> dict[str, Any]:
    geometry = None if at is None else {"type": "Point", "coordinates": [at[1], at[0]]}
    given = {k: v for k, v in zip(names, values, strict=True) if v is not None}
    return {"type": "Feature", "geometry": geometry, "properties": {"id": ident, "class": "object", **given}}


REAL_FEATURES = [
    feature(k, v[0], (*FIELDS, "description_approved"), (*v[1:], True if k == "r6" else None)) for k, v in REAL.items()
]
SENT_FEATURES = [feature(k, v[0], (*FIELDS, "approved", "autonomous", "actionable"), v[1:]) for k, v in SENT.items()]
RULES = read_rules("suas-2020")


def test_haversine_and_geodesic_in_feet() -> None:
    pair = [np.array([v], dtype=float) for v in (38, -76, 38.0003, -76)]
    assert haversine_m(*pair)[0][0] / 0.3048 == pytest.approx(109.444, abs=5e-4)
    assert geodesic_m(*pair)[0][0] / 0.3048 == pytest.approx(109.249, abs=5e-4)


@pytest.mark.parametrize(
    ("sent", "real", "wanted"),
    [
        ("s1", "r1", "1.0"),
        ("s2", "r2", "0.3481"),
        ("s3", "r3", "0.000000"),
        ("s4", "r4", "0.000000"),
        ("s5", "r5", "0.5"),
        ("s6", "r6", "1.0"),
        ("s7", "r1", "0.08"),
        ("s1", "r2", "0.628"),
        ("s2", "r1", "0.64"),
    ],
)
def test_pair_scores(sent: str, real: str, wanted: str) -> None:
    hits, targets = hits_of(SENT_FEATURES), targets_of(REAL_FEATURES)
    pairs, parts = all_pairs(hits, targets, RULES)
    index = {(hits.ids[h], targets[t].id): k for k, (t, h) in enumerate(zip(pairs.target, pairs.hit, strict=True))}
    points = sum(int(p[index[sent, real]]) for p in parts) / 1e6
    assert f"{points:.6f}".startswith(wanted)  # the published figures are cut, not rounded


def test_matching_and_total() -> None:
    score = judge(SENT_FEATURES, targets_of(REAL_FEATURES), RULES)
    assert {(m.hit, m.target) for m in score.pairs} == {("s1", "r1"), ("s2", "r2"), ("s5", "r5"), ("s6", "r6")}
    assert score.points_u == 374_692
    assert f"{score.points_u / 1e6:.3f}" == "0.375"  # as published
    assert score.extra == ("s3", "s4")
    assert score.ignored == ("s7",)
    assert score.points_max_u == 1_000_000
    assert {m.hit: m.distance_mm for m in score.pairs}["s5"] is None


def test_greedy_matching_would_take_the_trap() -> None:
    """s2 is worth more with r1 than with r2, and still goes to r2."""
    pairs, parts = all_pairs(hits_of(SENT_FEATURES), targets_of(REAL_FEATURES), RULES)
    worth = {
        (int(h), int(t)): sum(int(p[k]) for p in parts)
        for k, (t, h) in enumerate(zip(pairs.target, pairs.hit, strict=True))
    }
    assert worth[1, 0] == 640_000 > worth[1, 1]


def test_nothing_sent_and_nothing_real() -> None:
    assert judge([], targets_of(REAL_FEATURES), RULES).points_u == 0
    assert judge(SENT_FEATURES, (), RULES).points_u == -350_000


def test_order_changes_nothing() -> None:
    one = judge(SENT_FEATURES, targets_of(REAL_FEATURES), RULES)
    assert judge(SENT_FEATURES[::-1], targets_of(REAL_FEATURES[::-1]), RULES) == one


def test_objects_that_say_nothing_about_descriptions_count_as_described() -> None:
    silent = [feature(k, v[0], FIELDS, v[1:]) for k, v in REAL.items()]
    assert judge(SENT_FEATURES, targets_of(silent), RULES).points_u == 374_692


@pytest.mark.parametrize(("autonomous", "extra"), [(True, ("s8",)), (False, ())])
def test_only_a_leftover_of_the_other_mode_is_excused(autonomous: bool, extra: tuple[str, ...]) -> None:
    names = ("type", "letter", "approved", "autonomous")
    sent = [SENT_FEATURES[0], feature("s8", L1, names, ("standard", "ABC", True, autonomous))]
    assert judge(sent, targets_of(REAL_FEATURES[:1]), RULES).extra == extra
