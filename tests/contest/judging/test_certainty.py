"""The quick judge of resamples against the full one: equal where nothing moves, within its bound where targets do."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contest.judging.cases import Case
from pipeline.contest.judging.certainty import can_move, moved_gates2_mm, resampled_points
from pipeline.contest.judging.survey_errors import shifts_um
from pipeline.score.distance import double_gates_mm
from pipeline.score.evidence import Evidence
from pipeline.score.hits import Row, submission
from pipeline.score.verdict import judge
from pipeline.types import GeoPoint, Rules, Target

DEGREE_M = 111_000.0
LABELS = ("outfall/industrial", "outfall/rain", "dust/pile", "dust")
PLAIN = Rules()
SCENES = st.fixed_dictionaries({
    "seed": st.integers(0, 10**6),
    "spread_m": st.sampled_from([60, 200, 1000]),
    "lat_deg": st.sampled_from([0.0, 34.7, -59.0]),
    "lon_deg": st.sampled_from([113.6, 179.9999, -180.0]),
    "half_gate": st.booleans(),
    "evidence": st.booleans(),
    "require_class": st.booleans(),
})  # fmt: skip


def case_of(seed: int, spread_m: float, lat_deg: float, lon_deg: float, r90_m: float = 1.0, **rules: bool) -> Case:
    rng = random.Random(seed)
    scale = 1 / math.cos(math.radians(lat_deg))

    def at(lat: float, lon: float, off_m: float) -> tuple[float, float]:
        lat += rng.uniform(-off_m, off_m) / DEGREE_M
        lon += rng.uniform(-off_m, off_m) / DEGREE_M * scale
        return lat, (lon + 180) % 360 - 180

    targets = []
    for n in range(6):
        window = (0, 1000) if n == 4 else (None, None)
        targets.append(Target(f"t{n}", rng.choice(LABELS), GeoPoint(*at(lat_deg, lon_deg, spread_m)), rng.randint(1, 3),
                              r90_m=r90_m if n != 5 else None, visible_from_ms=window[0],
                              visible_to_ms=window[1]))  # fmt: skip
    rows = []
    for n in range(7):
        near = rng.choice(targets).at
        lat, lon = at(near.lat_deg, near.lon_deg, rng.choice((5, 15, 25)))
        proof = (Evidence("a" * 64, None, (5, 5), (0, 0, 9, 9)),) if n % 2 else ()
        rows.append(Row(f"h{n}", rng.choice(LABELS), lat, lon, 0.5, None, 500 * n, None, proof))
    lat, lon = lat_deg + spread_m / DEGREE_M, lon_deg
    ring = tuple((lat + y, (lon + x + 180) % 360 - 180) for x, y in ((0, 0), (5e-4, 0), (5e-4, 5e-4), (0, 0)))
    ignore = Target("", "ignore", GeoPoint(lat, lon), kind="ignore", polygons=((ring,),))
    return Case(submission(rows, "hits"), tuple(targets), (ignore,), replace(PLAIN, **rules),
                overruled={"h1": False, "h2": True})  # fmt: skip


def full(case: Case, targets: tuple[Target, ...]) -> int:
    points = judge(case.sent, (*targets, *case.ignore), case.rules, originals=case.originals,
                   flight_ms=case.flight_ms, overruled=case.overruled).points_u  # fmt: skip
    assert points is not None
    return points


def moved(target: Target, east_um: int, north_um: int) -> Target:
    """The target as the full judge would have it, by the geodesic; positions are then rounded to 1e-9° (0.1 mm)."""
    from pyproj import Geod

    length, azimuth = math.hypot(east_um, north_um) / 1e6, math.degrees(math.atan2(east_um, north_um))
    lon, lat, _ = Geod(ellps="GRS80").fwd(target.at.lon_deg, target.at.lat_deg, azimuth, length)
    return replace(target, at=GeoPoint(lat, lon))


@settings(max_examples=150, deadline=None)
@given(SCENES)
def test_nothing_moved_is_the_verdict_itself(told: dict) -> None:
    case = case_of(**told)
    none = np.zeros((3, len(case.targets), 2), dtype=np.int64)
    assert resampled_points(case, none).tolist() == [full(case, case.targets)] * 3


def test_nothing_moved_is_the_verdict_itself_on_eight_thousand_pairs() -> None:
    """Whole micrometres alone would put one length in some thousands on the other side of half a millimetre."""
    rng = random.Random(2)
    none = np.zeros((1, 200, 2), dtype=np.int64)
    for _ in range(40):
        ats = [(34.7 + n // 20 * 1e-3, 113.6 + n % 20 * 1e-3) for n in range(200)]
        targets = tuple(Target(f"t{n:03d}", "dust", GeoPoint(*at), r90_m=1.0) for n, at in enumerate(ats))
        rows = [Row(f"h{n}", "dust", lat + rng.uniform(-1e-4, 1e-4), lon + rng.uniform(-1e-4, 1e-4), *4 * [None])
                for n, (lat, lon) in enumerate(ats)]  # fmt: skip
        case = Case(submission(rows, "hits"), targets, (), PLAIN)
        assert resampled_points(case, none).tolist() == [full(case, targets)]


@settings(max_examples=60, deadline=None)
@given(SCENES, st.sampled_from([0.05, 0.5, 5.0]))
def test_resamples_agree_with_the_full_judge_to_a_millimetre_a_pair(told: dict, r90_m: float) -> None:
    case = case_of(**told, r90_m=r90_m)
    shifts = shifts_um(case.targets, 4, "s")
    got = resampled_points(case, shifts).tolist()
    wholes = [tuple(moved(t, *s) for t, s in zip(case.targets, shift.tolist(), strict=True)) for shift in shifts]
    # One millimetre of one pair: weight · location_ppm / (R − full) of the sum of weights; at a gate's edge a pair
    # can appear or vanish, which the millimetre decides too.
    slope = 100 * case.rules.location_ppm // (case.rules.radius_mm - case.rules.full_mm) + 1
    near_gate = [abs(g - f) > slope for g, f in zip(got, (full(case, w) for w in wholes), strict=True)]
    assert sum(near_gate) <= 1


def test_on_a_hundred_scenes_hardly_a_pair_appears_or_vanishes() -> None:
    """The same without hypothesis' taste for edges: the figures that the docstring claims."""
    apart = []
    for seed in range(100):
        case = case_of(seed, 200, 34.7, 113.6)
        shift = shifts_um(case.targets, 1, str(seed))
        there = tuple(moved(t, *s) for t, s in zip(case.targets, shift[0].tolist(), strict=True))
        apart.append(abs(int(resampled_points(case, shift)[0]) - full(case, there)))
    assert max(apart) <= 1072


def test_a_better_survey_makes_a_place_surer() -> None:
    spread = [np.ptp(resampled_points(c, shifts_um(c.targets, 300, "s")))
              for c in (case_of(8, 200, 34.7, 113.6, r90_m=r) for r in (0.02, 0.2, 2.0))]  # fmt: skip
    assert spread[0] < spread[1] < spread[2]


def test_areas_stay_and_narrow_gates_of_points_that_move() -> None:
    case = case_of(1, 60, 34.7, 113.6)
    south = case.targets[0].at
    ring = tuple((south.lat_deg + y, south.lon_deg + x) for x, y in ((1e-4, 0), (4e-4, 0), (4e-4, 4e-4), (1e-4, 0)))
    area = Target("area", "dust", GeoPoint(south.lat_deg, south.lon_deg), polygons=((ring,),), r90_m=1.0)
    with_area = replace(case, targets=tuple(sorted((*case.targets, area), key=lambda t: t.id)))
    none = np.zeros((2, len(with_area.targets), 2), dtype=np.int64)
    assert resampled_points(with_area, none).tolist() == [full(with_area, with_area.targets)] * 2
    assert not shifts_um([area], 5, "s").any()


def test_gates_of_targets_that_stay_are_those_of_the_full_judge() -> None:
    for seed in range(40):
        case = case_of(seed, 30, 34.7, 113.6)
        none = np.zeros((1, len(case.targets), 2), dtype=np.int64)
        assert moved_gates2_mm(case.targets, PLAIN, none)[0].tolist() == double_gates_mm(case.targets, PLAIN).tolist()


def test_where_a_plane_does_not_do_nothing_is_resampled() -> None:
    case = case_of(1, 60, 34.7, 113.6)
    assert can_move(case.targets, case.rules)
    assert not can_move(case.targets, replace(case.rules, radius_mm=600_000))
    assert not can_move([replace(t, r90_m=900.0) for t in case.targets], case.rules)
    assert not can_move([replace(t, r90_m=None) for t in case.targets], case.rules)
    assert not can_move(case.targets, replace(case.rules, method="suas"))


def test_lists_without_hits_and_many_hits_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    case = case_of(5, 200, 34.7, 113.6)
    shifts = shifts_um(case.targets, 30, "s")
    whole = resampled_points(case, shifts)
    monkeypatch.setattr("pipeline.contest.judging.certainty._CHUNK", 7)
    assert (resampled_points(case, shifts) == whole).all()
    assert not resampled_points(replace(case, sent=submission([], "none")), shifts).any()
