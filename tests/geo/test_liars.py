"""liars: every lie is found and named on a simulated flight, an honest one is left alone, and repairs hold."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.liars import LIES, Case, config_of, examine_case, frames_of, ground_of, ties_of
from pipeline.geo.adjust.matches import Ties
from pipeline.geo.coordinates import wgs84_to_gcj02
from pipeline.geo.ground import Surface, open_ground
from pipeline.geo.liars import KINDS, TITLES, Finding, examine, hours_off, in_gcj02, liars_after, repaired
from pipeline.sim.config import FlightConfig
from pipeline.sim.truth import fly
from pipeline.types import Attitude, Camera, ClockFit, Frame, GeoPoint, Ground, Pose, PoseError

LEVEL = open_ground(Ground(plane_alt_m=100.0))
SEED = 20_001
NAMED = {k for kinds in KINDS.values() for k in kinds}

Flight = tuple[tuple[Frame, ...], Ties, Surface]


def flown(tmp_path: Path, lies: tuple[str, ...] = (), **config) -> Flight:
    """A simulated flight of 2 × 6 photos over a DEM."""
    settings = {"seed": 3, "strips": 2, "photos_per_strip": 6, "turned_strip": False, "pixels": False}
    truth = fly(FlightConfig(**{**settings, "lies": lies, **config}))
    frames, plane_m = frames_of(truth, True)
    return frames, ties_of(truth), open_ground(ground_of(truth, tmp_path, plane_m))


def found(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    return {f.kind: f for f in findings if f.verdict == "found"}


@pytest.mark.parametrize("lie", [x for x in LIES if x != "magnetic"])
def test_each_lie_is_found(lie: str, tmp_path: Path) -> None:
    """One flight of each; the rates are `benchmarks.liars`' matter."""
    case: Case = examine_case((lie, SEED, str(tmp_path)))
    assert case.found and not case.problem
    assert {f.kind for f in case.found} <= NAMED | {"place", "tilt"}
    assert all(f.sentence and f.line for f in case.found)


@pytest.mark.parametrize("seed", range(SEED, SEED + 4))
def test_honest_flights_are_left_alone(seed: int, tmp_path: Path) -> None:
    case = examine_case(("", seed, str(tmp_path)))
    assert not case.found and len(case.placed_m) == case.photos


def test_every_question_is_answered(tmp_path: Path) -> None:
    frames, ties, surface = flown(tmp_path)
    kinds = {f.kind: f.verdict for f in examine(frames, ties, surface).findings}
    assert kinds == {"tilt": "no", "clock": "no", "heading": "no", "height": "no", "place": "unknown"}


def test_nothing_found_changes_nothing(tmp_path: Path) -> None:
    frames, ties, surface = flown(tmp_path)
    assert repaired(frames, examine(frames, ties, surface).findings) == frames


@pytest.mark.parametrize(
    "lie, pattern",
    [
        ("turned-180", "nadir"),
        ("turned-90", "oblique"),
        ("aircraft-yaw=70", "nadir"),
        ("pitch-sign", "oblique"),
        ("roll-sign=12", "oblique"),
        ("ellipsoid-for-geoid", "nadir"),
        ("relative-as-absolute", "nadir"),
        ("zero-gimbal", "nadir"),
    ],
)
def test_what_is_repaired_is_not_found_again(lie: str, pattern: str, tmp_path: Path) -> None:
    """Law: a second look at the repaired frames is content with them."""
    frames, ties, surface = flown(tmp_path, (lie,), pattern=pattern, photos_per_strip=8)
    first = found(examine(frames, ties, surface).findings)
    again = repaired(frames, first.values())
    assert first and again != frames and not any(f.problem for f in again)
    assert not found(examine(again, ties, surface).findings)
    assert all(
        "overlaps" in str(f.sources) or "turned" in str(f.sources) or f.sources for f in again if f not in frames
    )


def test_turned_pixels_are_named_and_turned_back(tmp_path: Path) -> None:
    frames, ties, surface = flown(tmp_path, ("turned-270",))
    turned = found(examine(frames, ties, surface).findings)["turned"]
    assert turned.value == 270.0 and len(turned.frames) == 6
    for frame in repaired(frames, [turned]):
        assert ("turn" in frame.assumed) == (frame.id in turned.frames)


def test_clock_cannot_be_told_from_a_single_strip(tmp_path: Path) -> None:
    frames, ties, surface = flown(tmp_path, ("clock-seconds=3",), strips=1, photos_per_strip=8)
    clock = next(f for f in examine(frames, ties, surface).findings if f.kind.startswith("clock"))
    assert clock.verdict == "unknown" and "cannot be told here" in clock.sentence


def test_photos_at_bends_of_the_track_are_refused_when_the_clock_lied(tmp_path: Path) -> None:
    frames, ties, surface = flown(tmp_path, ("clock-seconds=2.5",), photos_per_strip=8)
    clock = found(examine(frames, ties, surface).findings)["clock-seconds"]
    assert clock.value == pytest.approx(2.5, abs=0.5)
    after = repaired(frames, [clock])
    assert 2 <= sum(bool(f.problem) for f in after) <= 9


def test_pictures_that_agree_on_nothing_are_refused(tmp_path: Path) -> None:
    frames, ties, surface = flown(tmp_path)
    rng = np.random.default_rng(1)
    nonsense = replace(ties, px=rng.uniform(0, 3000, ties.px.shape))
    findings = examine(frames, nonsense, surface).findings
    assert "inconsistent" in found(findings)
    assert all(f.problem for f in repaired(frames, findings))


def test_without_overlaps_nothing_can_be_told(tmp_path: Path) -> None:
    frames, ties, surface = flown(tmp_path)
    none = Ties(ties.frame[:0], ties.point[:0], ties.px[:0], ties.sigma_px[:0])
    findings = examine(frames, none, surface).findings
    assert {f.verdict for f in findings} == {"unknown"} and all("cannot be told" in f.sentence for f in findings)


def test_zero_gimbal_that_pictures_cannot_tell_is_refused(tmp_path: Path) -> None:
    frames, ties, surface = flown(tmp_path, ("zero-gimbal",))
    none = Ties(ties.frame[:0], ties.point[:0], ties.px[:0], ties.sigma_px[:0])
    findings = examine(frames, none, surface).findings
    assert found(findings)["zero-gimbal"].repair == "refuse"
    assert all(f.problem for f in repaired(frames, findings))


# --- places and clocks ---------------------------------------------------------------------------------------------


def placed(lat_deg: float, lon_deg: float, k: int = 0, yaw_deg: float = 0.0) -> Frame:
    error = PoseError(0.3, 0.3, 0.1, 2.25, 1.4, 1.4)
    shared = PoseError(1.2, 1.2, 3.0, 0.5, 1.04, 1.04)
    pose = Pose(k * 2_000_000_000, GeoPoint(lat_deg, lon_deg, 160.0), Attitude(yaw_deg, -90.0), error, shared)
    return Frame(f"DJI_{k:04d}.JPG", "", k, pose, Camera(4000, 3000, 2350.0, 2350.0, 1999.5, 1499.5))


def test_gcj02_is_found_and_taken_back() -> None:
    true = np.array([[34.9 + 0.0002 * k, 113.5] for k in range(4)])
    frames = tuple(placed(*wgs84_to_gcj02(*row)[0], k=k) for k, row in enumerate(true))
    known = {f.id: GeoPoint(*row) for f, row in zip(frames, true, strict=True)}
    lie = in_gcj02(frames, known)
    assert lie.kind == "gcj02" and lie.verdict == "found" and 100 < lie.value < 900
    for frame, row in zip(repaired(frames, [lie]), true, strict=True):
        assert frame.pose.at.lat_deg == pytest.approx(row[0], abs=1e-7)
        assert frame.pose.at.lon_deg == pytest.approx(row[1], abs=1e-7)


def test_gcj02_needs_a_reference_and_another_shift_is_not_gcj02() -> None:
    frames = tuple(placed(34.9, 113.5, k) for k in range(3))
    assert in_gcj02(frames, {}).verdict == "unknown"
    assert in_gcj02(frames, {f.id: f.pose.at for f in frames}).verdict == "no"
    south = {f.id: GeoPoint(34.895, 113.5) for f in frames}
    assert (in_gcj02(frames, south).kind, in_gcj02(frames, south).repair) == ("place", "refuse")


@pytest.mark.parametrize("seconds, hours", [(28_800.4, 8), (-3_590.0, -1), (12.0, None), (1_800.0, None)])
def test_clocks_off_by_hours(seconds: float, hours: int | None) -> None:
    fit = ClockFit("a.tlog", seconds, 0.1, 0.0, "triggers", 24, 0.0, 0.0, 0.0, "s")
    told = hours_off([fit])
    assert [f.value for f in told] == ([] if hours is None else [float(hours)])
    assert not hours_off([replace(fit, ambiguous="another fits as well")])


# --- after an adjustment ------------------------------------------------------------------------------------------

N = 12
SIGMA = np.tile([1.1, 1.1, 0.5, 0.3, 0.1, 0.1], (N, 1))
PRIOR = np.tile([1.24, 1.24, 3.0, 2.3, 1.74, 1.74], (N, 1))
SHARED_SIGMA = np.array([0.99, 0.99, 0.15, 0.6, 0.3, 0.3])


def after(correction: np.ndarray, shared: np.ndarray, lon_deg: float = 113.5) -> dict[str, Finding]:
    frames = tuple(placed(34.9, lon_deg, k, 40.0 + 180.0 * (k % 2)) for k in range(N))
    return found(liars_after(frames, correction, SIGMA, PRIOR, shared, SHARED_SIGMA, np.full(N, 100), LEVEL))


def test_honest_corrections_are_no_lies() -> None:
    rng = np.random.default_rng(2)
    for _ in range(40):
        honest = rng.standard_normal((N, 6)) * np.sqrt(PRIOR**2 - SIGMA**2) * [1, 1, 0.03, 1, 1, 1]
        assert not after(honest, np.clip(rng.standard_normal(6), -2, 2) * np.sqrt(1 - SHARED_SIGMA**2))


def test_a_common_heading_error_is_named() -> None:
    correction, shared = np.zeros((N, 6)), np.zeros(6)
    correction[:, 3], shared[3] = -16.0, -9.0
    assert set(after(correction, shared)) == {"heading"}


@pytest.mark.skipif(importlib.util.find_spec("pygeomag") is None, reason="no model of the Earth's field is installed")
def test_declination_is_recognised() -> None:
    from pipeline.geo.liars.declination import declination_at

    # NOAA's calculator, WMM2025, 2026-11-22, 34.9 N 113.5 E: some 5.6° W
    told = declination_at(GeoPoint(34.9, 113.5, 100.0), 1_795_233_600_000_000_000)
    assert told is not None and told.deg == pytest.approx(-5.6, abs=0.2)


def test_one_photo_and_a_drift_and_a_tilt() -> None:
    one, none = np.zeros((N, 6)), np.zeros(6)
    one[4, 3] = 14.0
    assert after(one, none)["yaw"].frames == ("DJI_0004.JPG",)
    drift = np.zeros((N, 6))
    drift[:, 2] = np.linspace(-4.0, 4.0, N)
    assert after(drift, none)["barometer-drift"].value == pytest.approx(8.0, rel=0.01)
    lean = np.zeros(6)
    lean[4] = -6.0
    assert "tilt" in after(np.zeros((N, 6)), lean)
    fell = np.zeros((N, 6))
    fell[7, 0] = 9.0
    assert after(fell, none)["place"].frames == ("DJI_0007.JPG",)


def test_a_common_height_error_over_level_ground() -> None:
    lifted = np.zeros(6)
    lifted[2] = 5.0
    assert set(after(np.zeros((N, 6)), lifted)) == {"barometer"}


def test_untied_frames_say_nothing() -> None:
    frames = tuple(placed(34.9, 113.5, k) for k in range(N))
    zero = np.zeros((N, 6))
    told = liars_after(frames, zero, SIGMA, PRIOR, np.zeros(6), SHARED_SIGMA, np.zeros(N, np.intp), LEVEL)
    assert {f.verdict for f in told} == {"unknown"}


def test_every_kind_has_a_title_in_both_languages() -> None:
    assert NAMED | set(KINDS) - {"pixels"} == set(TITLES)


def test_flights_of_a_case_are_drawn_by_seed() -> None:
    assert config_of("gcj02", 5) == config_of("gcj02", 5) and config_of("gcj02", 5)[0].site == "henan"
