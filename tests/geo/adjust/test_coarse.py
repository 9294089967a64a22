"""coarse: headings and heights come out of overlaps and positions, whatever was recorded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.geo.adjust.coarse import coarse
from pipeline.geo.adjust.matches import Ties
from pipeline.geo.camera import project
from pipeline.geo.geodesy import from_enu
from pipeline.geo.ground import Surface, open_ground
from pipeline.geo.rotation import attitude_of, enu_R_cam, error_axes_enu, turn_about
from pipeline.types import Attitude, Camera, Frame, GeoPoint, Ground, Pose, PoseError

CAMERA = Camera(1000, 750, 600.0, 600.0, 499.5, 374.5)
ERROR = PoseError(0.3, 0.3, 0.1, 2.25, 1.4, 1.4)
HEIGHT_M = 60.0


def world(pitch_deg: float = -90.0, lon_deg: float = 113.5, strips: int = 2) -> tuple[list[Frame], Ties, Surface]:
    """Strips of six photos there and back over level ground, without any error; 300 points, all of them seen."""
    rng = np.random.default_rng(7)
    origin = GeoPoint(34.9, lon_deg, 100.0)
    points = np.column_stack([rng.uniform(-40, 90, (900, 2)), np.zeros(900)])
    points[:, 2] = -(points[:, :2] ** 2).sum(axis=1) / 2 / 6.37e6  # level ground curves
    frames, rows = [], []
    for k in range(6 * strips):
        strip, step = divmod(k, 6)
        heading = 30.0 + 180.0 * (strip % 2) + rng.uniform(-4, 4)
        along = 12.0 * (5 - step if strip % 2 else step)
        east_north = along * np.array([0.5, 0.866]) + 25.0 * strip * np.array([0.866, -0.5])
        attitude = Attitude(float(heading), pitch_deg)
        lla = from_enu(np.array([[*east_north, HEIGHT_M]]), origin)[0]
        pose = Pose(k * 2_000_000_000, GeoPoint(*(float(v) for v in lla)), attitude, ERROR, ERROR)
        frames.append(Frame(f"DJI_{k:04d}.JPG", "", k, pose, CAMERA))
        px = project(CAMERA, (points - [*east_north, HEIGHT_M]) @ enu_R_cam(attitude))
        seen = np.flatnonzero(np.all((px > 0) & (px < [999, 749]), axis=1))
        rows += [(k, p, *px[p]) for p in seen]
    table = np.array(rows)
    ties = Ties(table[:, 0].astype(np.intp), table[:, 1].astype(np.intp), table[:, 2:], np.full(len(table), 0.7))
    return frames, ties, open_ground(Ground(plane_alt_m=100.0, sigma_m=0.1))


def recorded(frames: list[Frame], off_deg: np.ndarray, pitch_deg: float = 0.0) -> list[Frame]:
    """The frames with headings recorded `off_deg` too large, and pitches `pitch_deg` too high."""
    out = []
    for frame, off in zip(frames, off_deg, strict=True):
        a = frame.pose.attitude
        wrong = replace(a, yaw_deg=a.yaw_deg + float(off), pitch_deg=a.pitch_deg + pitch_deg)
        out.append(replace(frame, pose=replace(frame.pose, attitude=wrong)))
    return out


def apart_signed(a: Attitude, b: Attitude) -> float:
    """By how much the right axis of `a` lies clockwise of that of `b`: a heading that is defined straight down."""
    east, north = (enu_R_cam(x)[:2, 0] for x in (a, b))
    return float(np.degrees(np.angle((north[0] + 1j * north[1]) / (east[0] + 1j * east[1]))))


def wrap(deg: np.ndarray) -> np.ndarray:
    return (deg + 180.0) % 360.0 - 180.0


def apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.abs((a - b + 180.0) % 360.0 - 180.0)


@pytest.mark.parametrize("pitch_deg", [-90.0, -60.0])
def test_perfect_flight_needs_no_correction(pitch_deg: float) -> None:
    frames, ties, surface = world(pitch_deg)
    seen = coarse(frames, ties, surface)
    assert np.abs(seen.yaw_deg).max() < 0.05
    assert np.allclose(seen.height_m, HEIGHT_M, rtol=1e-3)
    assert np.abs(seen.lean_m).max() < 0.05
    assert seen.residual_m < 0.02 and seen.used > 0.98 and seen.ground_m == pytest.approx(100.0)


@settings(max_examples=12)
@given(st.lists(st.floats(-180, 180), min_size=12, max_size=12))
def test_any_headings_come_back(off: list[float]) -> None:
    """Law: what was recorded of headings does not matter, however wrong, and each photo for itself."""
    frames, ties, surface = world()
    seen = coarse(recorded(frames, np.array(off)), ties, surface)
    assert apart(seen.yaw_deg, -np.array(off)).max() < 0.1


@pytest.mark.parametrize("lift_m", [-200.0, -30.0, 40.0, 1000.0])
def test_recorded_heights_do_not_matter(lift_m: float) -> None:
    frames, ties, surface = world()
    lifted = [replace(f, pose=replace(f.pose, at=replace(f.pose.at, alt_m=f.pose.at.alt_m + lift_m))) for f in frames]
    assert np.allclose(coarse(lifted, ties, surface).height_m, HEIGHT_M, rtol=2e-3)


def test_antimeridian() -> None:
    frames, ties, surface = world(lon_deg=179.9999)
    assert any(f.pose.at.lon_deg < 0 for f in frames) and any(f.pose.at.lon_deg > 0 for f in frames)
    assert np.abs(coarse(frames, ties, surface).yaw_deg).max() < 0.05


def test_wrong_tilt_leans_and_costs() -> None:
    """A camera said to look higher than it did sees pictures behind its position, by height · angle; and they bend."""
    frames, ties, surface = world()
    right = coarse(frames, ties, surface)
    wrong = coarse(recorded(frames, np.zeros(12), pitch_deg=5.0), ties, surface)
    assert wrong.lean_m[0] == pytest.approx(-HEIGHT_M * np.radians(5.0), abs=0.7) and abs(wrong.lean_m[1]) < 1.0
    assert right.cost < 0.01 and wrong.cost > 0.5
    assert coarse(recorded(frames, np.zeros(12), pitch_deg=25.0), ties, surface).cost > 1.5


def test_single_strip_cannot_tell_its_lean() -> None:
    frames, ties, surface = world(strips=1)
    seen = coarse(frames, ties, surface)
    assert seen.lean_sigma_m > 3.0 and np.abs(seen.yaw_deg).max() < 0.1


def test_mistaken_ties_are_left_out() -> None:
    frames, ties, surface = world()
    rng = np.random.default_rng(3)
    astray = rng.random(len(ties.px)) < 0.1
    px = np.where(astray[:, None], ties.px + rng.uniform(-100, 100, ties.px.shape), ties.px)
    assert np.abs(coarse(frames, replace(ties, px=px), surface).yaw_deg).max() < 2.0


def test_errors_are_as_large_as_claimed() -> None:
    """Tilts of 1.4° and positions off by 0.3 m: errors of headings lie within what is claimed."""
    frames, ties, surface = world()
    rng, z, truth = np.random.default_rng(5), [], []
    for _ in range(12):
        noisy = []
        for frame in frames:
            pose, axes = frame.pose, error_axes_enu(frame.pose.attitude)
            tilt = turn_about(axes[1], 1.4 * rng.standard_normal()) @ turn_about(axes[2], 1.4 * rng.standard_normal())
            east_north = 0.3 * rng.standard_normal(2)
            lla = from_enu(np.array([[*east_north, 0.0]]), pose.at)[0]
            moved = GeoPoint(*(float(v) for v in lla))
            leant = attitude_of(tilt @ enu_R_cam(pose.attitude))
            noisy.append(replace(frame, pose=replace(pose, attitude=leant, at=moved)))
            truth.append(-apart_signed(leant, pose.attitude))
        seen = coarse(noisy, ties, surface)
        z.append(wrap(seen.yaw_deg - np.array(truth[-len(frames) :])) / seen.yaw_sigma_deg)
    assert 0.2 < float(np.sqrt(np.mean(np.square(z)))) < 1.3


def test_photos_without_ties_stay_unknown() -> None:
    frames, ties, surface = world()
    some = ties.frame != 3
    fewer = Ties(ties.frame[some], ties.point[some], ties.px[some], ties.sigma_px[some])
    seen = coarse(frames, fewer, surface)
    assert np.isnan(seen.yaw_deg[3]) and np.isinf(seen.yaw_sigma_deg[3]) and seen.tied.sum() == 11
    none = Ties(ties.frame[:0], ties.point[:0], ties.px[:0], ties.sigma_px[:0])
    assert not coarse(frames, none, surface).tied.any()


def test_rays_at_the_sky_are_not_used() -> None:
    frames, ties, surface = world()
    seen = coarse(recorded(frames, np.zeros(12), pitch_deg=180.0), ties, surface)
    assert seen.used == 0.0 and not seen.tied.any()


def test_frames_without_pose_take_no_part() -> None:
    frames, ties, surface = world()
    frames[0] = replace(frames[0], pose=None)
    seen = coarse(frames, ties, surface)
    assert not seen.tied[0] and np.abs(seen.yaw_deg[1:]).max() < 0.1
