"""The errors are what the profiles say they are."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.sim import FlightConfig
from pipeline.sim.noise import Errors, draw, true_axes
from pipeline.sim.space import angles_deg, level_R_cam


@pytest.fixture(scope="module")
def real() -> list[Errors]:
    return [draw(FlightConfig(seed=s, strips=4, photos_per_strip=25)) for s in range(400)]


@pytest.mark.parametrize("profile", ["exact", "dji"])
def test_quiet_profiles_have_no_errors(profile: str) -> None:
    errors = draw(FlightConfig(profile=profile))  # type: ignore[arg-type]
    assert not np.any(errors.pitch_deg) and not np.any(errors.position_m)
    assert errors.absolute_m == errors.relative_m == errors.focal == 0


@pytest.mark.parametrize(
    ("angle", "low", "high"), [("pitch_deg", 1.2, 1.6), ("roll_deg", 1.2, 1.6), ("yaw_deg", 2.0, 2.5)]
)
def test_angles_scatter_within_the_stated_range(real: list[Errors], angle: str, low: float, high: float) -> None:
    sigmas = [getattr(e, angle).std(ddof=1) for e in real]
    assert np.mean(sigmas) == pytest.approx((low + high) / 2, rel=0.03)
    assert min(sigmas) > low * 0.7 and max(sigmas) < high * 1.3


@pytest.mark.parametrize("angle", ["pitch_deg", "roll_deg"])
def test_a_flight_s_mean_tilt_reaches_1_8_degrees(real: list[Errors], angle: str) -> None:
    means = np.array([getattr(e, angle).mean() for e in real])
    assert np.abs(means).max() < 1.8 + 0.7
    assert means.std() == pytest.approx(1.8 / np.sqrt(3), rel=0.15)


def test_yaw_has_no_mean(real: list[Errors]) -> None:
    assert np.std([e.yaw_deg.mean() for e in real]) == pytest.approx(2.25 / 10, rel=0.15)


def test_positions_err_together_and_each(real: list[Errors]) -> None:
    means = np.array([e.position_m.mean(axis=0) for e in real])
    assert means[:, :2].std(axis=0) == pytest.approx([1.2, 1.2], rel=0.12)
    assert np.mean([e.position_m.std(axis=0)[:2] for e in real]) == pytest.approx(0.3, rel=0.03)


def test_heights_and_focal_err_once_a_flight(real: list[Errors]) -> None:
    assert np.std([e.absolute_m for e in real]) == pytest.approx(3.0, rel=0.12)
    assert np.std([e.relative_m for e in real]) == pytest.approx(0.5, rel=0.12)
    focal = np.array([e.focal for e in real])
    assert np.abs(focal).max() <= 0.04
    assert focal.std() == pytest.approx(0.04 / np.sqrt(3), rel=0.1)


def test_rtk_positions_are_good_to_centimetres() -> None:
    sigmas = [draw(FlightConfig(seed=s, profile="rtk", photos_per_strip=50)).position_m.std() for s in range(60)]
    assert min(sigmas) > 0.009
    assert max(sigmas) < 0.033


def test_pitch_error_looks_up_and_yaw_error_turns_clockwise() -> None:
    level = level_R_cam(30, -60, 0)
    assert angles_deg(true_axes(level, 0, 2, 0, 30)) == pytest.approx((30, -58, 0), abs=1e-9)
    assert angles_deg(true_axes(level, 2, 0, 0, 30)) == pytest.approx((32, -60, 0), abs=1e-9)


def test_roll_error_at_nadir_tilts_the_view_across_the_track() -> None:
    """The right side dips: the axis of a camera that looks down swings to the left of the heading."""
    forward = true_axes(level_R_cam(0, -90, 0), 0, 0, 5, 0)[:, 2]
    assert forward == pytest.approx([-np.sin(np.radians(5)), 0, -np.cos(np.radians(5))], abs=1e-9)


def test_roll_error_at_the_horizon_is_roll() -> None:
    assert angles_deg(true_axes(level_R_cam(70, 0, 0), 0, 0, 5, 70)) == pytest.approx((70, 0, 5), abs=1e-9)
