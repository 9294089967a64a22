"""A thousand larger scenes against networkx, whose matching is Edmonds' blossoms and not ours, on the same integers."""

from __future__ import annotations

import random
from dataclasses import replace

import networkx as nx
import pytest
from scipy.optimize import linear_sum_assignment

from pipeline.types import Rules
from tests.score.brute import Pair, candidates
from tests.score.scenes import BOOKS, METRE_E9, MM_E9, POINTS_ALONE, Scene, far_apart, hit_of, judged, target_of
from tests.score.test_brute_force import FREE, OVERLAPPING, TIES, numbered

SCENES = 1_000
RULES = [replace(r, resamples=10, ap_m=(5,)) for r in (*BOOKS.values(), OVERLAPPING, TIES, FREE, OVERLAPPING, TIES)]


def crowd(draw: random.Random) -> Scene:
    """Up to 16 targets and 9 hits or fewer a target, many of them wanted by several."""
    step, targets = draw.choice((MM_E9, METRE_E9)), []
    for _ in range(draw.randint(6, 16)):
        thing = target_of(draw.getrandbits(63), step, draw.random() < 0.3, bool(targets))
        if far_apart([*targets, thing]):
            targets.append(thing)
    hits = [hit_of(draw.getrandbits(63), step, targets) for _ in range(draw.randint(5, 40))]
    twice = draw.sample(hits, len(hits) // 5)  # copies: ties in everything but the id
    return Scene(tuple(targets), (*hits, *twice))


def solved(scene: Scene, rules: Rules) -> dict[int, int]:
    """{target: hit} by networkx: points, distance and ids in one weight."""
    found = {pair: (d, sum(worth)) for pair, (d, worth) in candidates(scene, rules).items() if sum(worth)}
    hits, count = len(scene.hits), len(scene.targets)
    order = {int(name[1:]) - 1: k for k, name in enumerate(sorted(f"h{j + 1}" for j in range(hits)))}
    rank = {i: k for k, i in enumerate(sorted(range(count), key=lambda i: f"t{i}"))}
    reach, ids = count * 30_001, (hits + 1) ** count
    graph = nx.Graph()
    for (t, h), (d, worth) in found.items():
        weight = (worth * reach - d) * ids + (hits - order[h]) * (hits + 1) ** (count - 1 - rank[t])
        graph.add_edge(("t", t), ("h", h), weight=weight)
    edges = (sorted(e, reverse=True) for e in nx.max_weight_matching(graph))
    return {t: h for (_, t), (_, h) in edges}


def most_points(found: dict[Pair, tuple[int, tuple[int, ...]]], scene: Scene) -> int:
    worth = [[sum(found[i, j][1]) if (i, j) in found else 0 for j in range(len(scene.hits))]
             for i in range(len(scene.targets))]  # fmt: skip
    return sum(worth[i][j] for i, j in zip(*linear_sum_assignment(worth, maximize=True), strict=True))


@pytest.mark.slow
@POINTS_ALONE
def test_the_matching_equals_a_second_solver() -> None:
    draw, contested = random.Random(6), 0
    for number in range(SCENES):
        scene, rules = crowd(draw), draw.choice(RULES)
        score = judged(numbered(scene), scene.truth(), rules)
        pairs = {int(m.target[1:]): int(m.hit[1:]) - 1 for m in score.pairs if m.points_u}
        assert pairs == solved(scene, rules), (scene, rules)
        if number % 10 == 0:
            assert sum(m.points_u for m in score.pairs) == most_points(candidates(scene, rules), scene)
        contested += len(pairs) > 4
    assert contested > SCENES // 3
