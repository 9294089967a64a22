"""GOSPA beside Stone Soup's own (dstl/Stone-Soup, MIT): 200 scenes in the plane to 1e-9, and 200 on the ground."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from pipeline.score.sets import gospa
from pipeline.types import Rules
from tests.score.brute import foot, metres
from tests.score.scenes import judged
from tests.score.test_brute_force import numbered, scene_of

SCENES = 200


@pytest.fixture(scope="module")
def theirs() -> Any:
    """(total, powers of localisation, missed and false) of two lists of points in the plane."""
    from stonesoup.metricgenerator.ospametric import GOSPAMetric
    from stonesoup.types.state import State

    def metric(hits: Any, targets: Any, cut: float, p: int, **more: Any) -> dict[str, float]:
        states = ([State(np.array([[x], [y]])) for x, y in points] for points in (hits, targets))
        found = GOSPAMetric(c=cut, p=p, **more).compute_gospa_metric(*states)[0].value
        return dict(found)

    return metric


def plane(draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    targets = draw.uniform(0, 100, (draw.integers(0, 15), 2))
    near = targets[draw.integers(0, len(targets), draw.integers(0, 20))] if len(targets) else np.empty((0, 2))
    return targets, np.concatenate(
        [near + draw.normal(0, 8, near.shape), draw.uniform(0, 100, (draw.integers(0, 6), 2))]
    )


@pytest.mark.parametrize("p", [1, 2])
def test_gospa_equals_stone_soups(theirs: Any, p: int) -> None:
    draw = np.random.default_rng(p)
    for _ in range(SCENES):
        (targets, hits), cut = plane(draw), float(draw.uniform(5, 60))
        apart = np.hypot(*(targets[:, None] - hits[None]).transpose(2, 0, 1))
        target, hit = (g.ravel() for g in np.mgrid[0 : len(targets), 0 : len(hits)])
        ours = gospa(target, hit, apart.ravel(), len(targets), len(hits), cut, p)
        if not len(targets) and not len(hits):
            assert ours.total == 0
            continue
        other = theirs(hits, targets, cut, p)
        assert ours.total == pytest.approx(other["distance"], rel=1e-9, abs=1e-9)
        assert ours.localisation == pytest.approx(other["localisation"], rel=1e-9, abs=1e-9)
        assert (ours.missed, ours.false) == pytest.approx((other["missed"], other["false"]), rel=1e-9, abs=1e-9)


def test_the_judges_gospa_equals_stone_soups(theirs: Any) -> None:
    """The same on the ground, in whole millimetres: their assignment, the geodesics of the brute force."""
    from stonesoup.measures import Measure

    class OnGround(Measure):  # type: ignore[misc]
        def __call__(self, one: Any, other: Any) -> float:
            hit, target = (round(float(s.state_vector[0])) for s in (one, other))
            place = (scene.hits[hit].north, scene.hits[hit].east)
            return int(metres(rules, foot(scene.targets[target], *place), place) * 1000 + 0.5)

    draw, rules = random.Random(8), Rules(resamples=10)
    for _ in range(SCENES):
        scene = scene_of(draw)
        there = [i for i, t in enumerate(scene.targets) if not t.ignore]
        score = judged(numbered(scene), scene.truth(), rules)
        counted = [i for i in range(len(scene.hits)) if f"h{i + 1}" not in score.ignored]
        if not counted:
            continue
        ours = score.statistics["gospa"]
        other = theirs([(i, 0) for i in counted], [(i, 0) for i in there], rules.radius_mm, 2, measure=OnGround(None))
        assert [ours[k] for k in ("localisation", "missed", "false")] == [
            other[k] for k in ("localisation", "missed", "false")
        ]
        assert ours["total"] == int(other["distance"] + 0.5)
