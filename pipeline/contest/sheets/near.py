"""Why a target and a hit near it did not come together: the first rule that stood between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pipeline.contest.sheets.scene import Judged, Scene
from pipeline.score.distance import Pairs, double_gates_mm, pairs_within
from pipeline.score.points import gated
from pipeline.types import Rules, Target

LOOK_MM = 200_000  # further off, a hit is no explanation
MOST_HITS = 20_000  # beyond so many, only what lies within the radius is looked at


@dataclass(frozen=True, slots=True)
class Near:
    """The nearest of the other side and why it was not taken: far, half, shut, window, class or used."""

    other: int  # index of the hit, or of the target
    distance_mm: int
    cause: str


@dataclass(frozen=True, slots=True)
class Neighbours:
    """For missed targets and for hits that took none, by index: their nearest; nobody within `look_mm`: no entry."""

    of_target: Mapping[int, Near]
    of_hit: Mapping[int, Near]
    look_mm: int


def neighbours(judged: Judged, scene: Scene) -> Neighbours:
    """Of the method "gate"."""
    real = [spot.target for spot in scene.spots]
    look_mm = max(judged.rules.radius_mm, LOOK_MM if len(judged.hits) <= MOST_HITS else 0)
    pairs = pairs_within(judged.hits, real, judged.rules, look_mm)
    missed = np.array([s.hit is None for s in scene.spots], dtype=bool)
    free = np.ones(len(judged.hits), dtype=bool)
    free[[s.hit for s in scene.spots if s.hit is not None]] = False
    return Neighbours(
        of_target=_nearest(pairs.where(missed[pairs.target]), judged, real, by_target=True),
        of_hit=_nearest(pairs.where(free[pairs.hit]), judged, real, by_target=False),
        look_mm=look_mm,
    )


def _nearest(pairs: Pairs, judged: Judged, real: list[Target], by_target: bool) -> dict[int, Near]:
    one, other = (pairs.target, pairs.hit) if by_target else (pairs.hit, pairs.target)
    order = np.lexsort((other, pairs.distance_mm, one))
    first = order[np.append(True, one[order][1:] != one[order][:-1])[: len(order)]]
    best = pairs.where(first)
    return {
        key: Near(found, distance_mm, cause)
        for key, found, distance_mm, cause in zip(
            one[first].tolist(), other[first].tolist(), best.distance_mm.tolist(), _causes(best, judged, real),
            strict=True,
        )
    }  # fmt: skip


def _causes(pairs: Pairs, judged: Judged, real: list[Target]) -> list[str]:
    rules = judged.rules
    gates = double_gates_mm(real, rules)
    in_gate = _may_match(pairs, judged, real, replace(rules, windows=False, require_class=False))
    in_time = _may_match(pairs, judged, real, replace(rules, require_class=False))
    allowed = _may_match(pairs, judged, real, rules)
    cases = [pairs.distance_mm >= rules.radius_mm, gates[pairs.target] == 0, ~in_gate, ~in_time, ~allowed]
    chosen: list[str] = np.select(cases, ["far", "shut", "half", "window", "class"], "used").tolist()
    return chosen


def _may_match(pairs: Pairs, judged: Judged, real: list[Target], rules: Rules) -> npt.NDArray[np.bool_]:
    """(N,) whether rules let each pair match."""
    kept = gated(pairs, double_gates_mm(real, rules), judged.hits, real, rules)
    width = len(judged.hits)
    found: npt.NDArray[np.bool_] = np.isin(pairs.target * width + pairs.hit, kept.target * width + kept.hit)
    return found
