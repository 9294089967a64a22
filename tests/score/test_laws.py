"""What must hold for every hit list: full marks for a perfect one, no order, no gain by copies, no gain by distance."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from pipeline.score import canonical_json, judge, result
from pipeline.score.assign import best_matching
from pipeline.score.distance import double_gates_mm
from pipeline.score.hits import Row, submission
from pipeline.types import GeoPoint, Rules, Score, Target

GEOD = Geod(ellps="GRS80")
CLASSES = ("dust", "outfall", "outfall/industrial", "outfall/industrial/dye", "smoke/straw")
COORDINATES = st.integers(0, 400)  # metres in a small field, where gates meet
FIELD = (34.7, 113.6)


def moved(north_m: float, east_m: float, origin: tuple[float, float] = FIELD) -> tuple[float, float]:
    lon, lat, _ = GEOD.fwd(
        origin[1], origin[0], float(np.degrees(np.arctan2(east_m, north_m))), float(np.hypot(north_m, east_m))
    )
    return lat, lon


targets_strategy = st.lists(
    st.tuples(COORDINATES, COORDINATES, st.sampled_from(CLASSES), st.integers(1, 5)), min_size=1, max_size=7,
    unique_by=lambda t: t[:2],
)  # fmt: skip
hits_strategy = st.lists(st.tuples(COORDINATES, COORDINATES, st.sampled_from(CLASSES), st.integers(0, 4)), max_size=10)


def targets_at(places: list[tuple[int, int, str, int]], origin: tuple[float, float] = FIELD) -> list[Target]:
    return [Target(f"t{i}", c, GeoPoint(*moved(n, e, origin)), w) for i, (n, e, c, w) in enumerate(places)]


def rows_at(places: list[tuple[int, int, str, int]], origin: tuple[float, float] = FIELD) -> list[Row]:
    return [Row("", c, *moved(n, e, origin), k / 4, 5.0, None, None) for n, e, c, k in places]


def scored(rows: list[Row], targets: list[Target], rules: Rules | None = None) -> Score:
    return judge(submission(rows, "hits"), targets, rules)


def of_targets(targets: list[Target]) -> list[Row]:
    return [Row("", t.label, t.at.lat_deg, t.at.lon_deg, 1.0, 1.0, None, None) for t in targets]


@given(targets_strategy)
@settings(max_examples=50, deadline=None)
def test_perfect_hits_get_everything(places: list[tuple[int, int, str, int]]) -> None:
    targets = targets_at(places)
    score = scored(of_targets(targets), targets)
    assert score.points_u == score.points_max_u == 100_000_000
    assert score.missed == score.extra == ()
    assert score.statistics["gospa"]["total"] == 0


@given(targets_strategy, hits_strategy, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_order_changes_no_byte(places, hits, random) -> None:  # type: ignore[no-untyped-def]
    targets, rows = targets_at(places), rows_at(hits)
    before = canonical_json(result(scored(rows, targets)))
    random.shuffle(targets)
    random.shuffle(rows)
    assert canonical_json(result(scored(rows, targets))) == before


@given(targets_strategy, hits_strategy)
@settings(max_examples=60, deadline=None)
def test_a_copy_never_gains(places, hits) -> None:  # type: ignore[no-untyped-def]
    targets, rows = targets_at(places), rows_at(hits)
    before = scored(rows, targets).points_u
    for row in rows[:3]:
        assert scored([*rows, row], targets).points_u <= before


@given(targets_strategy, hits_strategy)
@settings(max_examples=30, deadline=None)
def test_the_place_on_earth_matters_to_a_millimetre_only(places, hits) -> None:  # type: ignore[no-untyped-def]
    here = {m.target: m for m in scored(rows_at(hits), targets_at(places)).pairs}
    far = (-20.0, 179.9985)  # across the 180th meridian
    there = {m.target: m for m in scored(rows_at(hits, far), targets_at(places, far)).pairs}
    for target in here.keys() & there.keys():
        one, other = here[target], there[target]
        assert abs(one.distance_mm - other.distance_mm) <= 3 or one.hit != other.hit


@given(st.integers(0, 40_000), st.integers(0, 40_000))
@settings(max_examples=60, deadline=None)
def test_nearer_is_never_worse(a_mm: int, b_mm: int) -> None:
    target = [Target("t", "dust", GeoPoint(*FIELD))]
    near, far = (
        scored([Row("", "dust", *moved(d / 1e3, 0), None, None, None, None)], target) for d in sorted((a_mm, b_mm))
    )
    assert near.points_u >= far.points_u


def test_the_gate_is_strict() -> None:
    target = [Target("t", "dust", GeoPoint(*FIELD))]
    row = Row("", "dust", *moved(10, 0), None, None, None, None)
    distance = scored([row], target).pairs[0].distance_mm
    assert distance == 10_000
    narrow = Rules(radius_mm=distance, ap_m=(5,))
    assert scored([row], target, narrow).pairs == ()
    assert len(scored([row], target, replace(narrow, radius_mm=distance + 1)).pairs) == 1


def test_the_gate_ends_halfway_to_the_next_target() -> None:
    targets = targets_at([(0, 0, "dust", 1), (0, 21, "dust", 1)])
    assert double_gates_mm(targets, Rules()).tolist() == [21_000, 21_000]
    assert len(scored(rows_at([(0, 10, "dust", 1)]), targets).pairs) == 1
    between = Row("", "dust", *moved(0, 10.5), None, None, None, None)
    assert scored([between], targets).pairs == ()
    assert double_gates_mm(targets, Rules(half_gate=False)).tolist() == [60_000, 60_000]


small_pairs = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 3)), st.tuples(st.integers(1, 3), st.integers(0, 2)), min_size=1
)


@given(small_pairs)
@settings(max_examples=300, deadline=None)
def test_matching_is_the_best_of_all(pairs) -> None:  # type: ignore[no-untyped-def]
    """Points, then distance, then ids (a target without a hit sorts last), against every matching there is."""
    keys = sorted(pairs)
    columns = (
        np.array(c, dtype=np.int64) for c in (*zip(*keys, strict=True), *zip(*(pairs[k] for k in keys), strict=True))
    )
    found = {keys[k][0]: keys[k][1] for k in best_matching(*columns).tolist()}

    def key(matching: dict[int, int]) -> tuple[int, int, list[int]]:
        used = [pairs[t, h] for t, h in matching.items()]
        ids = [-matching.get(t, 9) for t in range(4)]
        return sum(v for v, _ in used), -sum(d for _, d in used), ids

    every = (
        {t: h for t, h in enumerate(order) if (t, h) in pairs and keep >> t & 1}
        for order in permutations(range(4))
        for keep in range(16)
    )
    assert key(found) == max(key(m) for m in every)
