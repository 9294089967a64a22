"""What must hold for every hit list: no order, full marks for the truth, no gain by wrong hits, copies or distance.

A thousand scenes each, of points, areas and ignore areas, in metres and in millimetres, under every rule book in which
the law is to hold.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.score import canonical_json, result
from pipeline.score.areas import HALF_TURN
from pipeline.score.distance import double_gates_mm, pairs_within
from pipeline.score.hits import Row, submission
from pipeline.types import GeoPoint, Rules, Score, Target
from tests.score.scenes import BOOKS, FIELD_E9, POINTS_ALONE, SUAS, Scene, Thing, judged, scenes

pytestmark = pytest.mark.slow
THOUSAND = settings(max_examples=1000, deadline=None)
BOOK = st.sampled_from(list(BOOKS.values()))
SCENE = scenes()
POINTS = scenes(areas=False)
DIGESTS = ("targets_digest", "hits_digest")


def same_bytes(one: Score, other: Score, *without: str) -> bool:
    first, second = ({k: v for k, v in result(s).items() if k not in without} for s in (one, other))
    return canonical_json(first) == canonical_json(second)


def of_truth(scene: Scene) -> list[dict[str, Any]]:
    """Perfect hits: each where its target is, with everything that the rule books ask for."""
    there = [t for t in scene.targets if not t.ignore]
    features = scene.features(tuple(replace(t, high=0, wide=0, shown=True, r90_m=0.0, seconds=1) for t in there))
    for feature, target in zip(features, (t for t in scene.truth() if t.kind == "target"), strict=True):
        feature["geometry"]["coordinates"] = [target.at.lon_deg, target.at.lat_deg]
        feature["properties"] |= {"autonomous": True, "actionable": True, "letter": "A"}
    return features


@given(SCENE, BOOK, st.randoms(use_true_random=False))
@THOUSAND
def test_order_changes_no_byte(scene: Scene, rules: Rules, order: random.Random) -> None:
    features, targets = scene.features(scene.hits), list(scene.truth())
    before = judged(features, tuple(targets), rules)
    order.shuffle(features)
    order.shuffle(targets)
    assert same_bytes(judged(features, tuple(targets), rules), before)


@given(SCENE, BOOK)
@THOUSAND
def test_the_truth_gets_everything(scene: Scene, rules: Rules) -> None:
    score = judged(of_truth(scene), scene.truth(), rules)
    assert score.points_u == score.points_max_u == 100_000_000
    assert score.missed == score.extra == score.warnings == ()
    assert score.statistics["gospa"]["total"] == score.statistics["ce90_mm"] == 0


@POINTS_ALONE
@given(SCENE, BOOK, st.integers(0, 7))
@THOUSAND
def test_a_wrong_hit_or_a_copy_never_gains(scene: Scene, rules: Rules, which: int) -> None:
    """A hit in no gate, a copy of a right one where there is one, and a copy of any."""
    before = numbered(scene, rules)
    right = [scene.hits[int(m.hit[1:]) - 1] for m in before.pairs]
    copies = ([right[which % len(right)]] if right else []) + [scene.hits[which % len(scene.hits)]]
    for hit in (Thing(north=10**7, east=which), *copies):
        assert scene.judged(rules, (*scene.hits, hit)).points_u <= before.points_u


def numbered(scene: Scene, rules: Rules) -> Score:
    """The same verdict with hits called h1, h2, … in the scene's order."""
    features = scene.features(scene.hits)
    for number, feature in enumerate(features, 1):
        feature["properties"]["id"] = f"h{number}"
    return judged(features, scene.truth(), rules)


@POINTS_ALONE
@given(SCENE, BOOK, st.integers(0, 9))
@THOUSAND
def test_nearer_is_never_worse(scene: Scene, rules: Rules, tenths: int) -> None:
    """Each matched hit is moved part of the way to its target (an area's corner, or centre, is not always nearer)."""
    before = numbered(scene, rules)
    for match in before.pairs:
        number, target = int(match.hit[1:]) - 1, scene.targets[int(match.target[1:])]
        if target.high:
            continue
        hit = scene.hits[number]
        nearer = replace(hit, north=target.north + (hit.north - target.north) * tenths // 10,
                         east=target.east + (hit.east - target.east) * tenths // 10)  # fmt: skip
        hits = (*scene.hits[:number], nearer, *scene.hits[number + 1 :])
        moved = numbered(replace(scene, hits=hits), rules)
        (now,) = [m.distance_mm for m in moved.pairs if m.target == match.target]
        assert moved.points_u >= before.points_u or now > match.distance_mm


@given(SCENE, BOOK)
@THOUSAND
def test_points_stay_within_bounds(scene: Scene, rules: Rules) -> None:
    score = scene.judged(rules)
    assert 0 <= score.points_u <= score.points_max_u == 100_000_000
    weight = {f"t{i}": t.weight for i, t in enumerate(scene.targets)}
    for m in score.pairs:
        assert m.points_u == m.find_u + m.location_u + m.class_u + m.evidence_u + m.calibration_u
        assert 0 <= m.points_u <= weight[m.target] * 1_000_000
    assert len(score.pairs) + len(score.extra) + len(score.ignored) == len(scene.hits)
    assert len(score.pairs) + len(score.missed) == sum(not t.ignore for t in scene.targets)


def shifted(scene: Scene, east_e9: int, through: int) -> Scene:
    """Shifted by so much; or so that the 180th meridian runs through one of the targets, areas first."""
    if through == 0:
        return replace(scene, east_e9=east_e9)
    areas = sorted(scene.targets, key=lambda t: -t.high)
    thing = areas[through % 2 % len(areas)]
    return replace(scene, east_e9=HALF_TURN - FIELD_E9[1] - thing.east - thing.wide * through // 10)


@given(SCENE, BOOK, st.integers(-HALF_TURN, HALF_TURN), st.integers(0, 9))
@THOUSAND
def test_a_shift_in_longitude_changes_nothing(scene: Scene, rules: Rules, east_e9: int, through: int) -> None:
    """The 180th meridian is a meridian like any other. Hits carry their ids: those without are named by position.
    (The bootstrap is seeded with the hits' digest, and so are its bounds.)"""
    one, other = numbered(scene, rules), numbered(shifted(scene, east_e9, through), rules)
    for score in (one, other):
        score.statistics.pop("ce90_interval_mm")  # type: ignore[attr-defined]
    assert same_bytes(one, other, *DIGESTS)


@POINTS_ALONE
@given(POINTS, st.randoms(use_true_random=False), st.integers(-HALF_TURN, HALF_TURN), st.integers(0, 9))
@THOUSAND
def test_the_laws_of_suas(scene: Scene, order: random.Random, east_e9: int, through: int) -> None:
    """Order and shift, truth, the upper bound, a wrong hit; its totals may be negative, and its excused leftovers make
    no law of copies."""
    before, there = numbered(scene, SUAS), shifted(scene, east_e9, through)
    assert before.points_u <= before.points_max_u
    assert judged(of_truth(scene), scene.truth(), SUAS).points_u == 1_000_000
    wrong = there.features((Thing(north=10**7, east=0),))
    wrong[0]["properties"] |= dict.fromkeys(("shape", "shape_color", "letter", "letter_color", "orientation"), "x")
    wrong[0]["properties"] |= {"autonomous": False, "actionable": False}
    features = [*there.features(scene.hits), *wrong]
    order.shuffle(features)
    assert judged(features, there.truth(), SUAS).points_u == before.points_u - SUAS.extra_ppm


@given(st.integers(20, 400), st.integers(-400, 400), st.integers(0, 10**9))
@settings(max_examples=300, deadline=None)
def test_no_place_lies_in_two_gates(north_e9: int, east_e9: int, lon_e9: int) -> None:
    """Two targets millimetres apart, and every whole 1e-9° on the line between: what makes a copy worthless."""
    ends = ((0, lon_e9), (north_e9, lon_e9 + east_e9))
    targets = [Target(f"t{i}", "dust", GeoPoint(lat / 1e9, lon / 1e9)) for i, (lat, lon) in enumerate(ends)]
    between = [(north_e9 * k // 60, lon_e9 + east_e9 * k // 60) for k in range(61)]
    rows = [Row(f"h{k}", "dust", lat / 1e9, lon / 1e9, *[None] * 4) for k, (lat, lon) in enumerate(between)]
    pairs = pairs_within(submission(rows, "between"), targets, Rules(), 30_000)
    inside = pairs.hit[2 * pairs.distance_mm < double_gates_mm(targets, Rules())[pairs.target]].tolist()
    assert len(set(inside)) == len(inside) >= 2
