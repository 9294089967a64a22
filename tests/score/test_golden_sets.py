"""Golden values B to E: OSPA and GOSPA (Stone-Soup, MIT), nuScenes AP (Apache-2.0), assignment (SciPy, BSD), CE."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pyproj import Geod

from pipeline.score import judge, targets_of
from pipeline.score.assign import min_assignment
from pipeline.score.precision import average_precision
from pipeline.score.sets import Gospa, gospa, ospa
from pipeline.score.statistics import quantile_tenths

FIVE = np.arange(5.0)
GEOD = Geod(ellps="GRS80")


def all_gospa(one: np.ndarray, other: np.ndarray, cut: float, p: int) -> Gospa:
    distance = np.hypot(*(one[:, None] - other[None]).T).T
    target, hit = (g.ravel() for g in np.mgrid[0 : len(one), 0 : len(other)])
    return gospa(target, hit, distance.ravel(), len(one), len(other), cut, p)


@pytest.mark.parametrize("p", [1, 2, math.inf])
@pytest.mark.parametrize("off", [0.5, 0.2])
def test_ospa_of_shifted_tracks(p: float, off: float) -> None:
    assert ospa(abs(FIVE[:, None] - FIVE - off), 10, p) == pytest.approx(off)


@pytest.mark.parametrize(
    ("off", "p", "wanted"),
    [(0.5, 1, 2.4), (0.2, 1, 2.16), (0.5, 2, 4.49444), (0.2, 2, 4.47571), (0.5, math.inf, 10), (0.2, math.inf, 10)],
)
def test_ospa_of_a_missing_track(off: float, p: float, wanted: float) -> None:
    distance = abs(FIVE[:, None] - FIVE[:4] - off)
    assert ospa(distance, 10, p) == pytest.approx(wanted, abs=1e-5)
    assert ospa(distance.T, 10, p) == pytest.approx(wanted, abs=1e-5)


def test_ospa_of_nothing() -> None:
    assert ospa(np.empty((0, 0)), 10, 2) == 0
    assert ospa(np.empty((3, 0)), 10, 2) == 10


def test_gospa_of_shifted_tracks() -> None:
    truth = np.stack([FIVE, 0 * FIVE], axis=1)
    assert all_gospa(truth, truth + np.array([0.5, 0]), 10, 1).total == pytest.approx(2.5)
    for p in (1, 2):
        assert all_gospa(truth, truth[:0], 10, p).total ** p == pytest.approx(5 * 10**p / 2)


def test_gospa_of_a_scene() -> None:
    targets = np.array([[0.0, 0], [100, 0], [900, 0]])
    hits = np.array([[3.0, 0], [100, 4], [500, 0]])
    squared, plain = all_gospa(targets, hits, 30, 2), all_gospa(targets, hits, 30, 1)
    assert squared.total == pytest.approx(30.413813, abs=1e-6)
    assert (squared.localisation, squared.missed, squared.false) == (25, 450, 450)
    assert (plain.total, plain.localisation, plain.missed, plain.false) == (37, 7, 15, 15)
    assert all_gospa(targets, hits[:0], 30, 2).total == pytest.approx(36.742346, abs=1e-6)
    assert all_gospa(targets[:0], hits[:2], 30, 2).total == pytest.approx(30)
    assert all_gospa(targets[:1], np.zeros((5, 2)), 30, 2).total == pytest.approx(42.426407, abs=1e-6)


def on_the_ground(ident: str, east_m: float, north_m: float = 0.0, **given: object) -> dict[str, object]:
    lon, lat, _ = GEOD.fwd(113.6, 34.7, 90 if east_m >= 0 else 270, abs(east_m))
    lon, lat, _ = GEOD.fwd(lon, lat, 0, north_m)
    return point(lat, lon, **{"id": ident, "class": "dust", **given})


@pytest.mark.parametrize(
    ("hits", "targets", "wanted_mm", "parts_m2"),
    [
        ([(3, 0), (100, 4), (500, 0)], [0, 100, 900], 30_413.813, (25, 450, 450)),
        ([], [0, 100, 900], 36_742.346, (0, 1350, 0)),
        ([(0, 0), (500, 0)], [], 30_000, (0, 0, 900)),
        ([(0, 0)] * 5, [0], 42_426.407, (0, 0, 1800)),
    ],
)
def test_gospa_of_the_judge(
    hits: list[tuple[float, float]], targets: list[float], wanted_mm: float, parts_m2: tuple[int, int, int]
) -> None:
    """The scenes of c = 30, p = 2 laid out on the ground; whole millimetres, and a rounding of the last 1e-9°."""
    sent = [on_the_ground(f"h{i}", *h) for i, h in enumerate(hits)]
    found = judge(sent, targets_of([on_the_ground(f"t{i}", x) for i, x in enumerate(targets)])).statistics["gospa"]
    assert found["total"] == pytest.approx(wanted_mm, abs=0.6)
    parts = [found[k] / 1e6 for k in ("localisation", "missed", "false")]
    assert parts == pytest.approx(parts_m2, rel=1e-4)


@pytest.mark.parametrize("metres", [5, 10, 30])
@pytest.mark.parametrize(
    ("places", "targets", "wanted"),
    [
        ([(0, 0.9), (200, 0.8)], 2, 1.0),
        ([(0, 0.9)], 2, 0.4 / 0.9),
        ([(0, 0.9), (500, 0.8)], 1, 1.0),
        ([(500, 0.9), (0, 0.8)], 1, ((0.8 * 0.4) / 2) / 0.81),
        ([], 1, 0.0),
        ([(0.999, 0.9)], 1, 1.0),
        ([(1.0, 0.9)], 1, 0.0),  # strict
    ],
)
def test_average_precision_of_the_judge(
    metres: int, places: list[tuple[float, float]], targets: int, wanted: float
) -> None:
    """By falling confidence, each to the nearest free target, strictly within the distance (below 1: a share of it)."""
    sent = [on_the_ground(f"h{i}", e * metres if 0 < e <= 1 else e, confidence=c) for i, (e, c) in enumerate(places)]
    sent.append(on_the_ground("other", 500, confidence=0.99, **{"class": "smoke"}))  # of no target's class: ignored
    real = targets_of([on_the_ground(f"t{i}", 200 * i) for i in range(targets)])
    found = judge(sent, real).statistics["ap_ppm"][str(metres)]
    assert found["all"] == found["by_class"]["dust"] == pytest.approx(1e6 * wanted, abs=10_000)


def test_a_hit_takes_the_nearest_free_target() -> None:
    """The second, less confident hit finds its nearest target taken and goes to the other one."""
    real = targets_of([on_the_ground("a", 0), on_the_ground("b", 4)])
    sent = [on_the_ground("x", 0.5, confidence=0.9), on_the_ground("y", 1, confidence=0.8)]
    assert judge(sent, real).statistics["ap_ppm"]["5"]["all"] == 1_000_000
    sent = [on_the_ground("x", 3, confidence=0.9), on_the_ground("y", -4.5, confidence=0.8)]
    assert judge(sent, real).statistics["ap_ppm"]["5"]["all"] == 1_000_000
    sent = [on_the_ground("x", 1, confidence=0.9), on_the_ground("y", -4.5, confidence=0.8)]
    assert judge(sent, real).statistics["ap_ppm"]["5"]["all"] == pytest.approx(1e6 * 0.4 / 0.9, abs=10_000)


@pytest.mark.parametrize(
    ("true", "confidence", "targets", "wanted"),
    [
        ([True, True], [9, 8], 2, 1.0),
        ([True], [9], 2, 0.4 / 0.9),
        ([True, False], [9, 8], 1, 1.0),
        ([False, True], [9, 8], 1, ((0.8 * 0.4) / 2) / 0.81),
        ([], [], 2, 0.0),
        ([True], [9], 0, 0.0),
    ],
)
def test_average_precision(true: list[bool], confidence: list[int], targets: int, wanted: float) -> None:
    found = average_precision(np.array(true, dtype=bool), np.array(confidence, dtype=np.int64), targets)
    assert found == pytest.approx(wanted, abs=0.01)


def point(lat: float, lon: float, **given: object) -> dict[str, object]:
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": given}


def test_false_alarm_of_another_class_does_not_touch_ap() -> None:
    targets = targets_of([{**point(34, 113, **{"class": "dust"}), "id": "a"}])
    hits = [
        point(34, 113, **{"class": "dust", "confidence": 0.5}),
        point(34, 114, **{"class": "smoke", "confidence": 0.9}),
    ]
    ap = judge(hits, targets).statistics["ap_ppm"]["5"]
    assert ap == {"all": 1_000_000, "by_class": {"dust": 1_000_000}}


def test_ties_of_confidence_enter_together() -> None:
    targets = targets_of([{**point(34, 113, **{"class": "dust"}), "id": "a"}])
    hits = [point(34, 113 + d, **{"class": "dust", "confidence": 0.5}) for d in (0.0, 0.5)]
    tied = average_precision(np.array([True, False]), np.array([5, 5]), 1)
    assert tied == average_precision(np.array([False, True]), np.array([5, 5]), 1)
    assert judge(hits, targets).statistics["ap_ppm"] == judge(hits[::-1], targets).statistics["ap_ppm"]
    assert judge(hits, targets).statistics["ap_ppm"]["30"]["all"] == round(tied * 1e6) < 1_000_000


@pytest.mark.parametrize(
    ("cost", "wanted"),
    [
        ([[400, 150, 400], [400, 450, 600], [300, 225, 300]], [150, 400, 300]),
        ([[10, 10, 8], [9, 8, 1], [9, 7, 4]], [10, 1, 7]),
        ([[10, 10, 8, 11], [9, 8, 1, 1], [9, 7, 4, 10]], [10, 1, 4]),
    ],
)
def test_assignment(cost: list[list[int]], wanted: list[int]) -> None:
    column_of = {row: column for column, row in min_assignment(cost).items()}
    assert [cost[i][column_of[i]] for i in range(len(cost))] == wanted


def test_constants_of_a_circular_normal_error() -> None:
    errors = np.random.default_rng(1).normal(0, 1000, (2, 400_000))
    distance = np.sort(np.floor(np.hypot(*errors)).astype(np.int64))
    rmse = math.sqrt((distance.astype(float) ** 2).mean())
    assert quantile_tenths(distance, 5) / 1000 == pytest.approx(1.1774, abs=0.006)
    assert quantile_tenths(distance, 9) / 1000 == pytest.approx(2.1460, abs=0.008)
    assert quantile_tenths(distance, 9) / rmse == pytest.approx(1.5174, abs=0.005)
    assert np.quantile(distance, 0.95) / 1000 == pytest.approx(2.4477, abs=0.01)
    assert np.quantile(distance, 0.95) / rmse == pytest.approx(1.7308, abs=0.006)


@pytest.mark.parametrize(("n", "low", "high"), [(5, 0.54, 1.22), (10, 0.66, 1.21), (20, 0.75, 1.18), (50, 0.84, 1.13)])
def test_spread_of_an_empirical_ce90(n: int, low: float, high: float) -> None:
    errors = np.random.default_rng(2).normal(0, 1e6, (2, 20_000, n))
    distance = np.sort(np.floor(np.hypot(*errors)).astype(np.int64), axis=1)
    ratio = np.array([quantile_tenths(row, 9) for row in distance]) / 2.1460e6
    assert np.quantile(ratio, [0.05, 0.95]) == pytest.approx([low, high], abs=0.012)


@pytest.mark.parametrize("seed", range(20))
def test_gospa_equals_a_dense_assignment(seed: int) -> None:
    from scipy.optimize import linear_sum_assignment

    distance = np.random.default_rng(seed).integers(0, 6, (4, 5)).astype(float)
    saved = np.maximum(0, 5.0**2 - distance**2)
    best = saved[linear_sum_assignment(saved, maximize=True)].sum()
    target, hit = (g.ravel() for g in np.mgrid[0:4, 0:5])
    assert gospa(target, hit, distance.ravel(), 4, 5, 5, 2).total ** 2 == pytest.approx(9 * 25 / 2 - best)
