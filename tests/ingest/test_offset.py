"""A camera's clock against a log's: offset and drift from pairs, and the coarse offset from places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.offset import Offset, by_places, estimate, moments_of_places

START_NS = 1_700_000_000_000_000_000


def exposures(seed: int, n: int = 60) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return START_NS + (np.cumsum(rng.uniform(2, 5, n)) * 1e9).astype(np.int64)


@given(st.integers(-(10**17), 10**17), st.floats(-3e-4, 3e-4), st.integers(0, 10**12))
def test_there_and_back(ahead_ns: int, drift: float, since_ns: int) -> None:
    offset = Offset(START_NS, ahead_ns, drift)
    log = np.array([START_NS + since_ns])
    assert abs(int(offset.to_log(offset.to_camera(log))[0] - log[0])) <= 100


@given(st.integers(0, 1000), st.sampled_from([1.0, 0.1, 0.01]), st.floats(0, 2e-4))
def test_many_cut_times_tell_the_offset_to_a_fraction_of_a_step(seed: int, step_s: float, drift: float) -> None:
    log, rng = exposures(seed), np.random.default_rng(seed)
    ahead_ns = int(rng.integers(-(10**13), 10**13))
    true = Offset(int(np.median(log)), ahead_ns, drift)
    step = round(step_s * 1e9)
    written = true.to_camera(log) // step * step
    start = Offset(true.origin_ns, ahead_ns + int(rng.uniform(-0.5, 0.5) * step))
    n = len(log)
    found = estimate(written, log, np.full(n, step_s), np.zeros(n), start, 1.5 * step_s + 0.1)
    error_s = (found.to_camera(np.array([true.origin_ns]))[0] - true.to_camera(np.array([true.origin_ns]))[0]) / 1e9
    assert abs(error_s) < 0.1 * step_s + 0.01
    assert abs(error_s) < 5 * found.sigma_s


def test_sigma_is_honest_and_the_median_is_small() -> None:
    errors, sigmas = [], []
    for seed in range(40):
        log, rng = exposures(seed), np.random.default_rng(seed)
        true = Offset(int(np.median(log)), int(rng.integers(0, 30 * 10**9)), float(rng.uniform(0, 2e-4)))
        written = true.to_camera(log) // 10**9 * 10**9
        start = Offset(true.origin_ns, true.ahead_ns + 300_000_000)
        found = estimate(written, log, np.ones(60), np.zeros(60), start, 1.5)
        errors.append((found.ahead_ns - true.ahead_ns) / 1e9)
        sigmas.append(found.sigma_s)
    assert np.median(np.abs(errors)) < 0.02
    assert np.mean(np.abs(errors) < 2 * np.array(sigmas)) > 0.85


def test_a_wrong_pair_pulls_nothing() -> None:
    log = exposures(1)
    true = Offset(int(np.median(log)), 5_000_000_000)
    written = true.to_camera(log) // 10**9 * 10**9
    written[7] += 3_000_000_000
    found = estimate(written, log, np.ones(60), np.zeros(60), true, 1.5)
    assert abs(found.ahead_ns - true.ahead_ns) < 40e6


def mower(speed: float = 8.0) -> tuple[np.ndarray, np.ndarray]:
    """((N,) times, (N, 2) metres): four strips of 200 m, 40 m apart, at 5 Hz."""
    corners = np.array([[0, 0], [0, 200], [40, 200], [40, 0], [80, 0], [80, 200], [120, 200], [120, 0]], float)
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))])
    t = np.arange(0, way[-1] / speed, 0.2)
    at = np.column_stack([np.interp(t * speed, way, corners[:, i]) for i in (0, 1)])
    return START_NS + (t * 1e9).astype(np.int64), at


@pytest.mark.parametrize("ahead_s", [0.0, 13.4, -7205.0, 28_800.0, 3.0e8])
def test_places_tell_any_offset_whole_hours_and_years_included(ahead_s: float) -> None:
    times, track = mower()
    rng = np.random.default_rng(1)
    shots = times[np.sort(rng.choice(len(times), 40, replace=False))]
    places = np.column_stack([np.interp(shots, times, track[:, i]) for i in (0, 1)]) + rng.normal(0, 0.5, (40, 2))
    found = by_places(shots + round(ahead_s * 1e9), places, times, track)
    assert found is not None
    assert found[0] / 1e9 == pytest.approx(ahead_s, abs=1.6) and found[1] >= 36


def test_places_elsewhere_tell_nothing() -> None:
    times, track = mower()
    assert by_places(times[:9], np.full((9, 2), 5000.0), times, track) is None


def test_the_moment_a_place_was_passed() -> None:
    times, track = mower()
    shots = times[30:120:7] + 33_000_000
    places = np.column_stack([np.interp(shots, times, track[:, i]) for i in (0, 1)])
    moments, off_m, told = moments_of_places(shots + 700_000_000, places, times, track)
    assert told.all() and np.abs(moments - shots).max() < 30e6 and off_m.max() < 0.05


def test_hovering_tells_no_moment() -> None:
    times, track = mower()
    _, _, told = moments_of_places(times[:3], track[:3], times, np.zeros_like(track))
    assert not told.any()
