"""Poses between a log's rows: laws of interpolation, frames of gimbals, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geo.rotation import attitude_of, compose_mount, enu_R_cam, turn_about
from pipeline.ingest.poses import pose_at, slerp
from pipeline.ingest.track import Attitudes, Positions, Track
from pipeline.types import Attitude

NADIR = Attitude(0, -90, 0)
angles = st.builds(Attitude, st.floats(-180, 180), st.floats(-89, 89), st.floats(-180, 180))
M_PER_DEG = 111_320.0


def curved(dt_s: float = 0.25, n: int = 41, velocity: bool = True) -> Positions:
    """A climbing turn: radius 50 m, 10 m/s, at 34° north."""
    t = np.arange(n) * dt_s
    turn = t * 0.2
    scale = M_PER_DEG * np.cos(np.radians(34.0))
    v = np.column_stack([10 * np.cos(turn), 10 * np.sin(turn), np.full(n, -1.0)])
    return Positions(
        (t * 1e9).astype(np.int64), 34 + 50 * np.sin(turn) / M_PER_DEG, 114 + 50 * (1 - np.cos(turn)) / scale,
        100 + t, 50 + t, v if velocity else np.full((n, 3), np.nan), np.full(n, np.nan), "POS", "ellipsoid",
    )  # fmt: skip


def turning(n: int = 41, dt_s: float = 0.25, rate_dps: float = 12.0, pitch: float = 0.0) -> Attitudes:
    t = np.arange(n) * dt_s
    yaw = np.mod(170 + rate_dps * t + 180, 360) - 180  # through ±180
    return Attitudes((t * 1e9).astype(np.int64), yaw, np.full(n, pitch), np.zeros(n), "ATT")


def log(**parts: object) -> Track:
    return replace(Track("航次/1.bin", "dataflash", curved(), turning()), **parts)  # type: ignore[arg-type]


def test_rows_are_met_and_a_turn_is_followed() -> None:
    track = log()
    rows = track.positions
    assert rows is not None
    for i in (0, 7, 40):
        pose = pose_at(track, int(rows.t_ns[i]), 0.0, NADIR)
        assert (pose.lat_deg, pose.lon_deg) == pytest.approx((rows.lat_deg[i], rows.lon_deg[i]), abs=1e-12)
        assert (pose.alt_m, pose.relative_m) == pytest.approx((rows.alt_m[i], rows.relative_m[i]))
    for t in np.linspace(0.01, 9.99, 57):
        truth = 34 + 50 * np.sin(0.2 * t) / M_PER_DEG
        pose = pose_at(track, round(t * 1e9), 0.0, NADIR)
        assert abs(pose.lat_deg - truth) * M_PER_DEG < 1e-3
        assert pose.alt_m == pytest.approx(100 + t)
        assert np.hypot(*pose.velocity_mps[:2]) == pytest.approx(10, abs=0.05)


def test_without_velocities_a_line_is_as_good_as_its_error_says() -> None:
    track = log(positions=curved(1.0, 11, velocity=False))
    pose = pose_at(track, 4_500_000_000, 0.0, NADIR)
    off_m = abs(pose.lat_deg - 34 - 50 * np.sin(0.9) / M_PER_DEG) * M_PER_DEG
    assert 0.05 < off_m < pose.own.north_m


@given(angles, angles, st.floats(0, 1))
def test_slerp_turns_at_a_constant_rate(first: Attitude, last: Attitude, f: float) -> None:
    middle, whole = slerp(first, last, f)
    if whole > 179:
        return
    part = slerp(first, middle, 1.0)[1]
    assert part == pytest.approx(f * whole, abs=1e-4)
    assert slerp(middle, last, 1.0)[1] == pytest.approx((1 - f) * whole, abs=1e-4)


def test_yaw_is_followed_through_south() -> None:
    pose = pose_at(log(), 900_000_000, 0.0, NADIR)
    assert pose.body is not None and pose.body.yaw_deg == pytest.approx(170 + 12 * 0.9 - 360, abs=1e-6)


@pytest.mark.parametrize(
    ("t_ns", "words"),
    [(-1, "before the log's first position"), (10_000_000_001, "after the log's last position")],
)
def test_nothing_is_extrapolated(t_ns: int, words: str) -> None:
    pose = pose_at(log(), t_ns, 0.0, NADIR)
    assert words in pose.problem and np.isnan(pose.lat_deg) and pose.attitude is None


def test_nothing_is_told_inside_a_gap() -> None:
    rows = curved()
    holed = Positions(**{
        f: getattr(rows, f) if f in ("source", "datum") else np.delete(getattr(rows, f), slice(10, 15), 0)
        for f in rows.__slots__
    })  # fmt: skip
    track = log(positions=holed)
    assert "gap of 1.5 s" in pose_at(track, 3_000_000_000, 0.0, NADIR).problem
    assert not pose_at(track, int(rows.t_ns[9]), 0.0, NADIR).problem
    attitudes = log(body=turning(5, 2.5))
    pose = pose_at(attitudes, 1_000_000_000, 0.0, NADIR)
    assert not pose.problem and pose.attitude is None and "gap" in pose.attitude_problem


def test_a_mount_turns_with_the_body() -> None:
    mount = Attitude(5, -60, 2)
    pose = pose_at(log(body=turning(pitch=8.0)), 2_600_000_000, 0.0, mount)
    assert pose.body is not None and pose.attitude is not None
    assert np.allclose(enu_R_cam(pose.attitude), enu_R_cam(compose_mount(pose.body, mount)))
    assert "mount" in dict(pose.sources)["attitude"]


def test_a_gimbal_is_resolved_to_the_earth() -> None:
    body = turning(pitch=8.0)
    n = len(body.t_ns)
    gimbal = Attitudes(body.t_ns, np.full(n, 20.0), np.full(n, -50.0), np.full(n, 1.0), "MNT")
    at = 2_600_000_000
    nose = pose_at(log(body=body), at, 0.0, NADIR).body
    assert nose is not None
    wanted = {
        "earth": Attitude(20, -50, 1),
        "vehicle yaw": Attitude(nose.yaw_deg + 20, -50, 1),
        "vehicle": compose_mount(nose, Attitude(20, -50, 1)),
    }
    for reference, attitude in wanted.items():
        pose = pose_at(log(body=body, gimbal=replace(gimbal, reference=reference)), at, 0.0, None)
        assert pose.attitude is not None, reference
        assert np.allclose(enu_R_cam(pose.attitude), enu_R_cam(attitude)), reference
    lone = log(body=None, gimbal=replace(gimbal, reference="vehicle"))
    assert "airframe" in pose_at(lone, at, 0.0, None).attitude_problem


def test_no_attitude_is_made_up() -> None:
    assert "[mount]" in pose_at(log(), 10**9, 0.0, None).attitude_problem
    n = 41
    zero = Attitudes(curved().t_ns, np.zeros(n), np.zeros(n), np.zeros(n), "MOUNT_STATUS", "vehicle")
    assert "zero" in pose_at(log(gimbal=zero), 10**9, 0.0, None).attitude_problem
    untold = replace(zero, pitch_deg=np.full(n, np.nan))
    assert pose_at(log(gimbal=untold), 10**9, 0.0, None).attitude is None


def test_time_errors_become_errors_of_place_and_view() -> None:
    sure, late = (pose_at(log(), 10**9, s, NADIR) for s in (0.0, 0.5))
    speed = np.hypot(late.velocity_mps[0], late.velocity_mps[1]) * 0.5
    assert np.hypot(late.own.east_m, late.own.north_m) == pytest.approx(
        np.sqrt(speed**2 + sure.own.east_m**2 + sure.own.north_m**2), rel=1e-6
    )
    assert late.own.up_m == pytest.approx(np.hypot(sure.own.up_m, 0.5))
    assert late.own.yaw_deg == pytest.approx(np.hypot(5.0, 6.0), rel=1e-3)
    assert late.shared == sure.shared
    common = pose_at(log(), 10**9, 0.0, NADIR, 0.5)
    assert common.shared.north_m > sure.shared.north_m and common.own.north_m == pytest.approx(late.own.north_m)


def test_heights_above_the_sea_become_ellipsoidal() -> None:
    from pipeline.geo.datum import egm96_m

    sea = pose_at(log(positions=replace(curved(), datum="egm96")), 10**9, 0.0, NADIR)
    plain = pose_at(log(), 10**9, 0.0, NADIR)
    assert sea.alt_m - plain.alt_m == pytest.approx(float(egm96_m(34, 114)), abs=0.01)
    assert sea.relative_m == plain.relative_m


def test_the_antimeridian_is_crossed() -> None:
    rows = curved()
    t = rows.t_ns / 1e9
    lon = np.mod(179.9999 + t * 1e-4 + 180, 360) - 180
    pose = pose_at(
        log(positions=replace(rows, lon_deg=lon, velocity_mps=np.full((41, 3), np.nan))), 1_100_000_000, 0.0, None
    )
    assert pose.lon_deg == pytest.approx(-179.99999, abs=1e-9)


def test_attitudes_of_a_whole_turn_come_back() -> None:
    start = Attitude(10, -30, 5)
    turned = attitude_of(enu_R_cam(start) @ turn_about(np.array([0.0, 0.0, 1.0]), 40.0))
    back, angle = slerp(start, turned, 0.25)
    assert angle == pytest.approx(40.0)
    assert back.roll_deg == pytest.approx(15.0)


def test_between_rows_that_jump_there_is_no_place() -> None:
    rows = curved()
    lat = rows.lat_deg.copy()
    lat[20] += 300 / M_PER_DEG
    track = log(positions=replace(rows, lat_deg=lat))
    for t_s in (4.9, 5.0, 5.1):
        assert "jumps by" in pose_at(track, round(t_s * 1e9), 0.0, NADIR).problem
    for t_s in (4.7, 5.3):
        assert not pose_at(track, round(t_s * 1e9), 0.0, NADIR).problem


@pytest.mark.parametrize("common", [True, False])
def test_a_time_error_that_reaches_into_a_turn_counts_it(common: bool) -> None:
    t_ns = np.arange(41, dtype=np.int64) * 250_000_000
    yaw = np.where(t_ns < 6 * 10**9, 0.0, 170.0)  # a strip, and the next one back
    track = log(body=Attitudes(t_ns, yaw, np.zeros(41), np.zeros(41), "ATT"))
    errors = (0.0, 2.0) if common else (2.0, 0.0)
    near, far = pose_at(track, 45 * 10**8, errors[0], NADIR, errors[1]), pose_at(track, 10**9, 0.01, NADIR)
    assert near.own.yaw_deg > 160 and far.own.yaw_deg < 6
