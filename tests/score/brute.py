"""The rule book of the method "gate" once more, the slow way: every matching there is. It shares no code with ours."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import floor
from typing import Any

from pyproj import Geod

from pipeline.types import Rules
from tests.score.scenes import FIELD_E9, Scene, Thing

GEODS = {"geodesic": Geod(ellps="GRS80"), "haversine": Geod(a=6_371_000, b=6_371_000)}
Pair = tuple[int, int]


def metres(rules: Rules, a: tuple[float, float], b: tuple[float, float]) -> float:
    lat1, lon1, lat2, lon2 = ((FIELD_E9[i % 2] + v) / 1e9 for i, v in enumerate((*a, *b)))
    return float(GEODS[rules.distance].inv(lon1, lat1, lon2, lat2)[2])


def foot(thing: Thing, north: float, east: float) -> tuple[float, float]:
    """The nearest place of a rectangle along meridians and parallels."""
    return min(max(north, thing.north), thing.north + thing.high), min(max(east, thing.east), thing.east + thing.wide)


def corners(t: Thing) -> list[tuple[int, int]]:
    return [(t.north + n, t.east + e) for n in {0, t.high} for e in {0, t.wide}]


def distance_mm(rules: Rules, target: Thing, place: tuple[float, float]) -> int:
    return floor(metres(rules, foot(target, *place), place) * 1000 + 0.5)


def gap_mm(rules: Rules, a: Thing, b: Thing) -> int:
    return min([distance_mm(rules, a, c) for c in corners(b)] + [distance_mm(rules, b, c) for c in corners(a)])


def pair_points(rules: Rules, t: Thing, h: Thing, d: int) -> tuple[int, ...]:
    """(find, location, class, evidence, calibration)."""
    shared = 0
    for a, b in zip(t.label.split("/"), h.label.split("/"), strict=False):
        if a != b:
            break
        shared += 1
    kind = rules.class_ppm if t.label == h.label else (0, rules.class_one_ppm, rules.class_two_ppm)[min(shared, 2)]
    near = Fraction(min(rules.radius_mm - d, rules.radius_mm - rules.full_mm), rules.radius_mm - rules.full_mm)
    find = rules.find_ppm + (0 if rules.evidence else rules.evidence_ppm)
    find += 0 if rules.calibration else rules.calibration_ppm
    c, r = rules.calibration_mm, min(floor(h.r90_m * 1000), rules.calibration_mm)
    loss = Fraction(9 * max(0, min(d, c) - r) + max(0, r - min(d, c)) + min(d, c), 10)
    honest = t.weight * rules.calibration_ppm * (1 - loss / c) if rules.calibration else 0
    worth = (t.weight * find, floor(t.weight * rules.location_ppm * near), t.weight * kind,
             t.weight * rules.evidence_ppm if rules.evidence else 0, floor(honest))  # fmt: skip
    return worth if h.shown or not rules.evidence else (0, 0, 0, 0, 0)


def candidates(scene: Scene, rules: Rules) -> dict[Pair, tuple[int, tuple[int, ...]]]:
    """{(target, hit): (distance, points)} inside the gates."""
    real = [(i, t) for i, t in enumerate(scene.targets) if not t.ignore]
    found = {}
    for i, t in real:
        others = [gap_mm(rules, t, o) // 2 for k, o in real if k != i] if rules.half_gate else []
        gate = min([rules.radius_mm, *others])
        for j, h in enumerate(scene.hits):
            d = distance_mm(rules, t, (h.north, h.east))
            late = rules.windows and h.seconds > 9
            foreign = rules.require_class and t.label.split("/")[0] != h.label.split("/")[0]
            if d < gate and not late and not foreign:
                found[i, j] = (d, pair_points(rules, t, h, d))
    return found


def matchings(pairs: list[Pair]) -> Iterator[list[Pair]]:
    if not pairs:
        yield []
        return
    (t, h), rest = pairs[0], pairs[1:]
    yield from ([(t, h), *m] for m in matchings([p for p in rest if p[0] != t and p[1] != h]))
    yield from matchings(rest)


def best(found: dict[Pair, tuple[int, tuple[int, ...]]], order: list[int]) -> list[Pair]:
    """`order`: the place of each hit's id. Points, distance, then ids in order of target, none last."""

    def key(m: list[Pair]) -> Any:
        hits = dict(m)
        ids = [order[hits[t]] if t in hits else len(order) for t in sorted({t for t, _ in found})]
        return -sum(sum(found[p][1]) for p in m), sum(found[p][0] for p in m), ids

    chosen = min(matchings([p for p in found if sum(found[p][1])]), key=key)
    for pair in sorted((p for p in found if not sum(found[p][1])), key=lambda p: (found[p][0], p[0], order[p[1]])):
        if all(pair[0] != t and pair[1] != h for t, h in chosen):
            chosen.append(pair)
    return sorted(chosen)


def verdict(scene: Scene, rules: Rules) -> dict[str, Any]:
    """Points, pairs, and what is missed, extra or ignored; hits are called h1, h2, … (fewer than ten)."""
    found = candidates(scene, rules)
    chosen = best(found, list(range(len(scene.hits))))
    real = {i: t for i, t in enumerate(scene.targets) if not t.ignore}
    left = [j for j in range(len(scene.hits)) if j not in {h for _, h in chosen}]
    spared = [j for j in left if any(t.ignore and foot(t, h.north, h.east) == (h.north, h.east)
                                     for t in scene.targets for h in [scene.hits[j]])]  # fmt: skip
    weights = sum(t.weight for t in real.values())
    extras = Fraction((len(left) - len(spared)) * rules.extra_ppm * weights, len(real))
    points = 100 * max(Fraction(0), sum(sum(found[p][1]) for p in chosen) - extras) / weights
    if rules.time:  # the tests hand in at par
        points = points * (1_000_000 - rules.time_ppm) / 1_000_000 + 100 * rules.time_ppm
    return {
        "points_u": floor(points),
        "pairs": [(f"t{t}", f"h{h + 1}", found[t, h][0], *found[t, h][1]) for t, h in chosen],
        "missed": [f"t{i}" for i in real if i not in dict(chosen)],
        "extra": [f"h{j + 1}" for j in left if j not in spared],
        "ignored": [f"h{j + 1}" for j in spared],
    }
