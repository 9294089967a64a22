"""Ten thousand small scenes against every matching there is, under all rule books and some that invite ties."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from pipeline.types import Rules, Score
from tests.score.brute import verdict
from tests.score.scenes import BOOKS, METRE_E9, MM_E9, POINTS_ALONE, Scene, far_apart, hit_of, judged, target_of

SCENES = 10_000
OVERLAPPING = Rules(half_gate=False)
TIES = Rules(half_gate=False, find_ppm=900_000, location_ppm=0, class_ppm=0, class_two_ppm=0, class_one_ppm=0)
FREE = Rules(half_gate=False, evidence=True, extra_ppm=0)
RULES = [replace(r, resamples=10, ap_m=(5,)) for r in (*BOOKS.values(), OVERLAPPING, TIES, FREE)]


def scene_of(draw: random.Random) -> Scene:
    step = draw.choice((MM_E9, METRE_E9))
    targets = []
    for _ in range(draw.randint(1, 5)):
        thing = target_of(draw.getrandbits(63), step, draw.random() < 0.5, bool(targets))
        if far_apart([*targets, thing]):
            targets.append(thing)
    return Scene(tuple(targets), tuple(hit_of(draw.getrandbits(63), step, targets) for _ in range(draw.randint(0, 6))))


def summary(score: Score) -> dict[str, Any]:
    parts = [(m.target, m.hit, m.distance_mm, m.find_u, m.location_u, m.class_u, m.evidence_u, m.calibration_u)
             for m in score.pairs]  # fmt: skip
    return {"points_u": score.points_u, "pairs": parts, "missed": list(score.missed), "extra": list(score.extra),
            "ignored": list(score.ignored)}  # fmt: skip


def numbered(scene: Scene) -> list[dict[str, Any]]:
    features = scene.features(scene.hits)
    for number, feature in enumerate(features, 1):
        feature["properties"]["id"] = f"h{number}"
    return features


@pytest.mark.slow
@POINTS_ALONE
def test_the_judge_equals_brute_force() -> None:
    draw, contested = random.Random(20261122), 0
    for _ in range(SCENES):
        scene, rules = scene_of(draw), draw.choice(RULES)
        score = judged(numbered(scene), scene.truth(), rules)
        assert summary(score) == verdict(scene, rules), (scene, rules)
        contested += len(score.pairs) > 1
    assert contested > SCENES // 5
