"""MAVLink logs: what pymavlink packs comes back, whatever is torn out of the file, and real logs as pymavlink reads."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from pipeline.ingest.mavlink import read_frames
from pipeline.ingest.salvage import Faults
from pipeline.ingest.tlog import WANTED, read_tlog
from tests.ingest.log_bytes import BOOT_US, flight, heartbeat, place, quaternion, tlog, turn

REAL = [
    "logs/tlog/auvsi_mav.tlog",
    "logs/tlog/dronekit_flight.tlog",
    "logs/tlog/pymavlink_swift_flight.tlog",
    "flights/cuav/flight.tlog",
    "flights/cuav/flight_tests.tlog",
]
MS = 1_000_000


@pytest.mark.parametrize(("version", "signed"), [(1, False), (2, False), (2, True)])
def test_what_pymavlink_packs_comes_back(version: int, signed: bool) -> None:
    track = read_tlog(tlog(flight(), version=version, signed=signed), "a.tlog")
    assert (track.kind, track.messages, track.faults) == ("tlog", 41, ())
    assert track.vehicle == "ardupilotmega quadrotor"
    assert track.positions is not None and track.body is not None
    np.testing.assert_array_equal(track.positions.t_ns, (20_000 + 200 * np.arange(20)) * MS)
    np.testing.assert_allclose(track.positions.lat_deg, 34.75 + 1e-5 * np.arange(20), atol=1e-12)
    np.testing.assert_allclose(track.positions.velocity_mps[0], [3.1, -0.4, 0.05])
    assert (track.positions.alt_m[0], track.positions.relative_m[0]) == (150.0, 50.0)
    np.testing.assert_allclose(track.body.yaw_deg, np.degrees(0.01 * np.arange(20)), rtol=1e-6)
    assert track.body.pitch_deg[0] == pytest.approx(math.degrees(0.1), rel=1e-6)
    assert track.home is not None and track.home[2] == pytest.approx(100.0)
    (receive,) = track.epochs
    assert receive.source == "receive time"
    assert receive.utc_ns[0] - receive.log_ns[0] == BOOT_US * 1000 + 30 * MS


@given(st.integers(0, 2**31), st.lists(st.floats(-3, 3, width=32), min_size=3, max_size=3))
def test_zeros_that_version_2_cuts_off_come_back(boot_ms: int, angles: list[float]) -> None:
    sent = mavlink.MAVLink_attitude_message(boot_ms, *angles, 0.0, 0.0, 0.0)
    tables, whole = read_frames(tlog([(0, sent)]), WANTED, Faults())
    row = tables["ATTITUDE"].rows[0]
    assert whole == 1
    assert [row[n] for n in ("time_boot_ms", "roll", "pitch", "yaw", "yawspeed")] == [boot_ms, *angles, 0.0]


@settings(max_examples=60)
@given(st.data())
def test_whole_frames_survive_whatever_lies_between(data: st.DataObject) -> None:
    frames = [tlog([row]) for row in flight(count=6)]
    noise = data.draw(st.lists(st.binary(max_size=40), min_size=len(frames), max_size=len(frames)))
    faults = Faults()
    _, whole = read_frames(b"".join(n + f for n, f in zip(noise, frames, strict=True)), WANTED, faults)
    assert whole >= len(frames) - 2  # noise may hold a magic byte and swallow a frame's time stamp
    assert len(faults.told()) <= 20


def test_noise_between_frames_is_told_with_its_place() -> None:
    first, second = tlog(flight(count=1)), tlog(flight(21_000, count=3))
    track = read_tlog(first + b"\x55" * 21 + second, "a.tlog")
    assert track.messages == 3 + 7
    assert track.faults == (f"21 bytes at offset {len(first)} hold no whole message and are skipped",)


def test_a_torn_last_frame_is_told() -> None:
    whole = tlog(flight())
    track = read_tlog(whole[:-5], "a.tlog")
    assert track.messages == 40
    assert len(track.faults) == 1 and "hold no whole message" in track.faults[0]


def test_a_frame_with_a_wrong_sum_is_left_out() -> None:
    rows = [bytearray(tlog([row])) for row in flight()]
    rows[5][-1] ^= 1
    track = read_tlog(b"".join(rows), "a.tlog")
    assert track.messages == 40 and len(track.faults) == 1


def test_the_vehicle_with_most_positions_is_read_and_the_other_named() -> None:
    other = [(20_000, heartbeat(), 7, 1), *((20_000 + i, place(5_000 + i, lat=10.0), 7, 1) for i in range(3))]
    track = read_tlog(tlog([*flight(), *other]), "a.tlog")
    assert track.positions is not None and len(track.positions.t_ns) == 20
    assert "system 7 sent 3 positions too and is left out: system 1 is read" in track.faults


def test_a_ground_station_with_positions_is_no_vehicle() -> None:
    station = [(1, heartbeat(mavlink.MAV_AUTOPILOT_INVALID), 255, 0)]
    station += [(2 + i, place(99_000 + i, lat=10.0), 255, 0) for i in range(30)]
    track = read_tlog(tlog([*station, *flight()]), "a.tlog")
    assert track.positions is not None and track.positions.lat_deg.min() > 34


def test_after_a_restart_the_longer_stretch_is_kept() -> None:
    early = [(i, place(900_000 + i * 200)) for i in range(4)]
    track = read_tlog(tlog([*early, *flight()]), "a.tlog")
    assert track.positions is not None and track.positions.t_ns[0] == 20_000 * MS
    assert any("the autopilot restarted: 4 positions" in f for f in track.faults)


def test_a_restart_into_a_later_time_is_seen_by_the_receivers_clock() -> None:
    early = [(i * 200, place(5_000 + i * 200)) for i in range(4)]
    late = [(3_600_000 + i * 200, place(20_000 + i * 200)) for i in range(6)]
    track = read_tlog(tlog([*early, *late]), "a.tlog")
    assert track.positions is not None and len(track.positions.t_ns) == 6


def test_a_count_that_wraps_goes_on() -> None:
    start = 2**32 - 1_000
    rows = [(i * 200, place((start + i * 200) % 2**32)) for i in range(20)]
    track = read_tlog(tlog(rows), "a.tlog")
    assert track.positions is not None and len(track.positions.t_ns) == 20
    assert set(np.diff(track.positions.t_ns)) == {200 * MS}


def test_messages_of_one_link_may_overtake_each_other() -> None:
    rows = [(i * 200, place(20_000 + i * 200 - (600 if i % 2 else 0))) for i in range(20)]
    track = read_tlog(tlog(rows), "a.tlog")
    assert track.positions is not None and (np.diff(track.positions.t_ns) > 0).all()
    assert not any("restarted" in f for f in track.faults)


def test_places_that_are_none_are_left_out_and_counted() -> None:
    rows = [(1, place(1_000, lat=0.0, lon=0.0)), *flight()]
    track = read_tlog(tlog(rows), "a.tlog")
    assert track.positions is not None and len(track.positions.t_ns) == 20
    assert "1 of 21 positions of GLOBAL_POSITION_INT are 0, 0 or not on Earth and are left out" in track.faults


def raw_gps(t_us: int, fix: int, **told: Any) -> Any:
    values = {"eph": 80, "epv": 90, "vel": 500, "cog": 9_000, "satellites_visible": 12, "h_acc": 350} | told
    return mavlink.MAVLink_gps_raw_int_message(t_us, fix, 347_500_000, 1_136_200_000, 151_000, **values)


def test_without_fused_positions_the_receivers_are_taken_if_it_had_a_fix() -> None:
    rows = [(i * 200, turn(20_000 + i * 200)) for i in range(10)]
    rows += [(i * 200 + 1, raw_gps((20_000 + i * 200) * 1000, 3 if i > 3 else 1)) for i in range(10)]
    track = read_tlog(tlog(sorted(rows, key=lambda r: r[0])), "a.tlog")
    assert track.positions is not None and track.positions.source == "GPS_RAW_INT"
    assert len(track.positions.t_ns) == 6 and track.positions.t_ns[0] == 20_800 * MS
    np.testing.assert_allclose(track.positions.velocity_mps[0, :2], [0.0, 5.0], atol=1e-9)
    assert np.isnan(track.positions.relative_m).all() and track.home is None
    assert track.positions.sigma_m[0] == pytest.approx(0.35)
    assert "4 of 10 positions of GPS_RAW_INT had no fix and are left out" in track.faults


def test_heights_above_the_start_are_not_taken_for_heights_above_the_sea() -> None:
    rows = [(20_001, raw_gps(20_000_000, 3)), (20_002, place(20_001, alt_m=1.93, up_m=1.93)), *flight(20_200)]
    track = read_tlog(tlog(rows), "a.tlog")
    assert track.positions is not None
    assert np.isnan(track.positions.alt_m[0]) and track.positions.alt_m[1] == 150.0
    assert any("above the start, not the sea" in f for f in track.faults)


def feedback(usec: int, index: int, flags: int = 0) -> Any:
    place = 347_500_000, 1_136_200_000, 150.0, 50.0
    return mavlink.MAVLink_camera_feedback_message(usec, 1, 0, index, *place, 1.0, -2.0, 90.0, 16.0, flags, 0)


@pytest.mark.parametrize("utc_ahead_us", [BOOT_US, BOOT_US + 63_000_000_000_000])
def test_utc_of_an_exposure_comes_back_to_the_log_by_the_autopilots_own_pairs(utc_ahead_us: int) -> None:
    """Also where the autopilot's UTC is two years off: it is wrong about both alike."""
    rows = flight(count=30)
    rows += [(t, mavlink.MAVLink_system_time_message(utc_ahead_us + t * 1000, t)) for t in range(20_000, 26_000, 500)]
    exposures_ms = [20_517, 22_013, 24_998]
    rows += [(t + 180, feedback(utc_ahead_us + t * 1000, i)) for i, t in enumerate(exposures_ms)]
    track = read_tlog(tlog(sorted(rows, key=lambda r: r[0])), "a.tlog")
    (cameras,) = track.triggers
    np.testing.assert_allclose(cameras.t_ns / MS, exposures_ms, atol=1e-3)
    assert (cameras.source, list(cameras.sequence), cameras.photo_time) == ("CAMERA_FEEDBACK", [0, 1, 2], True)
    assert (cameras.roll_deg[0], cameras.pitch_deg[0], cameras.yaw_deg[0]) == (1.0, -2.0, 90.0)
    assert [e.source for e in track.epochs] == ["SYSTEM_TIME", "receive time"]


def test_exposures_sent_twice_count_once_and_open_loops_are_commands() -> None:
    rows = [*flight(), *[(25_000 + i, feedback(20_500_000, 4, mavlink.CAMERA_FEEDBACK_OPENLOOP)) for i in range(2)]]
    (cameras,) = read_tlog(tlog(rows), "a.tlog").triggers
    assert len(cameras.t_ns) == 1 and not cameras.photo_time


@pytest.mark.parametrize(
    ("flags", "reference"),
    [(0, "vehicle yaw"), (16, "earth"), (32, "vehicle yaw"), (64, "earth"), (16 | 32, "vehicle yaw")],
)
@pytest.mark.parametrize("angles", [(30.0, -45.0, 2.0), (-170.0, -90.0, 0.0), (0.0, -89.0, -3.0)])
def test_a_gimbal_says_what_its_yaw_counts_from(flags: int, reference: str, angles: tuple[float, float, float]) -> None:
    device = mavlink.MAVLink_gimbal_device_attitude_status_message
    rows = flight()
    rows += [(20_000 + i, device(0, 0, 777_000 + i, flags, quaternion(*angles), 0, 0, 0, 0), 1, 154) for i in range(5)]
    gimbal = read_tlog(tlog(sorted(rows, key=lambda r: r[0])), "a.tlog").gimbal
    assert gimbal is not None and gimbal.reference == reference
    found = gimbal.yaw_deg[0], gimbal.pitch_deg[0], gimbal.roll_deg[0]
    np.testing.assert_allclose(found, angles, atol=0.02)
    assert 19_000 * MS < gimbal.t_ns[0] < 21_000 * MS  # the gimbal's own clock started elsewhere
    np.testing.assert_array_equal(np.diff(gimbal.t_ns), MS)


def test_servo_gimbals_tell_angles_of_the_airframe_and_others_of_the_horizon() -> None:
    rolls = 10 * np.sin(np.arange(60) / 3)
    for factor, reference in ((-1.0, "vehicle"), (0.0, "vehicle yaw")):
        rows: list[tuple[Any, ...]] = [(0, heartbeat())]
        for i, roll in enumerate(rolls):
            t = 20_000 + 200 * i
            status = mavlink.MAVLink_mount_status_message(0, 0, -4_500, round(factor * roll * 100), 0)
            rows += [(t, turn(t, roll=math.radians(roll))), (t + 1, place(t)), (t + 2, status)]
        gimbal = read_tlog(tlog(rows), "a.tlog").gimbal
        assert gimbal is not None and gimbal.reference == reference
        assert gimbal.pitch_deg[0] == -45.0


def test_mount_orientation_prefers_the_yaw_from_north_where_it_is_told() -> None:
    for told, reference, yaw in ((120.0, "earth", 120.0), (0.0, "vehicle yaw", 15.0)):
        sent = mavlink.MAVLink_mount_orientation_message(20_000, 1.0, -60.0, 15.0, told)
        gimbal = read_tlog(tlog([*flight(), (20_050, sent)]), "a.tlog").gimbal
        assert gimbal is not None
        assert (gimbal.reference, gimbal.yaw_deg[0], gimbal.pitch_deg[0]) == (reference, yaw, -60.0)


def test_pictures_a_camera_reports_by_its_own_clock() -> None:
    captured = mavlink.MAVLink_camera_image_captured_message
    here = 347_500_000, 1_136_200_000, 150_000, 50_000, [1.0, 0.0, 0.0, 0.0]
    rows = flight()
    rows += [(21_000 + 400 * i, captured(5_000 + 400 * i, 0, 0, *here, i, int(i != 2), b""), 1, 100) for i in range(5)]
    rows += [(21_000 + 400 * i, mavlink.MAVLink_camera_trigger_message(20_900_000 + 400_000 * i, i)) for i in range(5)]
    pictures, commands = read_tlog(tlog(sorted(rows, key=lambda r: r[0])), "a.tlog").triggers
    assert (pictures.source, list(pictures.sequence)) == ("CAMERA_IMAGE_CAPTURED", [0, 1, 3, 4])  # 2 failed
    assert list(np.diff(pictures.t_ns)) == [400 * MS, 800 * MS, 400 * MS]
    assert abs(pictures.t_ns[0] / MS - 20_970) < 110  # it started 16 s after the autopilot
    assert (pictures.alt_m[0], pictures.relative_m[0], pictures.photo_time) == (150.0, 50.0, True)
    assert (commands.source, commands.photo_time, commands.t_ns[0]) == ("CAMERA_TRIGGER", False, 20_900 * MS)


@pytest.mark.parametrize("name", ["ATTITUDE_QUATERNION", "AHRS2"])
def test_attitudes_come_from_what_there_is(name: str) -> None:
    rows: list[tuple[Any, ...]] = [(0, heartbeat())]
    for i in range(10):
        t = 20_000 + i * 200
        whole = mavlink.MAVLink_attitude_quaternion_message(t, *quaternion(80.0, 5.0, -4.0), 0.0, 0.0, 0.0)
        half = mavlink.MAVLink_ahrs2_message(*np.radians([-4.0, 5.0, 80.0]), 150.0, 0, 0)
        rows += [(t, place(t)), (t + 1, whole if name == "ATTITUDE_QUATERNION" else half)]
    body = read_tlog(tlog(rows), "a.tlog").body
    assert body is not None and body.source == name and len(body.t_ns) == 10
    np.testing.assert_allclose([body.yaw_deg[0], body.pitch_deg[0], body.roll_deg[0]], [80.0, 5.0, -4.0], atol=1e-4)


def test_nothing_but_a_heartbeat_is_no_position() -> None:
    track = read_tlog(tlog([(0, heartbeat())]), "a.tlog")
    assert track.messages == 1 and track.positions is None and track.body is None
    assert track.faults == ("no message tells the autopilot's time",)


@pytest.mark.parametrize(("name", "lost"), [*((name, 0) for name in REAL[:4]), (REAL[4], 2)])
def test_real_logs_hold_what_pymavlink_reads(name: str, lost: int, real_data: Callable[[str], Path]) -> None:
    """All of it, and the messages that pymavlink's reader loses beside a broken time stamp (`lost`)."""
    path = real_data(name)
    tables, whole = read_frames(path.read_bytes(), WANTED, Faults())
    theirs, count = by_pymavlink(path)
    assert whole == count + lost
    assert sorted(tables) == sorted(theirs)
    for kind, messages in theirs.items():
        rows = tables[kind].rows
        assert len(messages) <= len(rows) <= len(messages) + lost
        if len(messages) < len(rows):
            continue
        for field in messages[0].get_fieldnames():
            expected = [getattr(m, field) for m in messages]
            if not isinstance(expected[0], str):
                np.testing.assert_array_equal(rows[field], np.array(expected, dtype=rows[field].dtype), err_msg=field)
        np.testing.assert_array_equal(rows["_system"], [m.get_srcSystem() for m in messages])
        np.testing.assert_allclose(rows["_receive_us"] / 1e6, [m._timestamp for m in messages], atol=1e-5)


def by_pymavlink(path: Path) -> tuple[dict[str, list[Any]], int]:
    """Wanted messages by name, and the number of whole ones."""
    from pymavlink import mavutil

    log = mavutil.mavlink_connection(str(path), dialect="ardupilotmega", robust_parsing=True)
    found: dict[str, list[Any]] = defaultdict(list)
    count = 0
    while (message := log.recv_msg()) is not None:
        if message.get_type() != "BAD_DATA":
            count += 1
        if message.get_type() in WANTED:
            found[message.get_type()].append(message)
    log.close()
    return found, count


def test_a_crashers_whole_frames_are_kept(real_data: Callable[[str], Path]) -> None:
    whole = read_tlog(real_data("logs/tlog/auvsi_mav.tlog").read_bytes(), "a")
    track = read_tlog(real_data("logs/fuzz_crashers/auvsi_11_flip64.tlog").read_bytes(), "a")
    assert 7833 - 64 <= track.messages < whole.messages == 7833
    assert track.positions is not None and whole.positions is not None
    assert np.isin(track.positions.t_ns, whole.positions.t_ns).all() and len(track.positions.t_ns) >= 270
    assert 1 < len(track.faults) <= 20


def test_the_log_whose_epoch_is_890_years_off_says_so(real_data: Callable[[str], Path]) -> None:
    track = read_tlog(real_data("flights/cuav/flight.tlog").read_bytes(), "a")
    assert [e.source for e in track.epochs] == ["receive time"]
    assert "546 of 546 times of SYSTEM_TIME lie after 2116 and are left out" in track.faults


def test_old_servo_gimbals_are_known_in_real_logs(real_data: Callable[[str], Path]) -> None:
    for name in ("dronekit_flight", "pymavlink_swift_flight"):
        gimbal = read_tlog(real_data(f"logs/tlog/{name}.tlog").read_bytes(), "a").gimbal
        assert gimbal is not None and (gimbal.source, gimbal.reference) == ("MOUNT_STATUS", "vehicle")
