"""Telemetry by message time, whatever the link does to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymavlink.dialects.v20 import ardupilotmega as words

from pipeline.ingest.poses import pose_at
from pipeline.ingest.telemetry import Telemetry
from pipeline.sim.route import quaternion
from tests.ingest.aloft import from_system, heartbeat


def place(boot_ms: int, lat: float = 34.0):
    return from_system(
        words.MAVLink_global_position_int_message(boot_ms, round(lat * 1e7), 1130000000, 0, 0, 0, 0, 0, 0)
    )


BOOT_NS = 1_790_000_000_000_000_000


def fed(*pairs) -> Telemetry:
    telemetry = Telemetry()
    telemetry.feed(heartbeat(), BOOT_NS)
    for message, receipt_s in pairs:
        telemetry.feed(message, BOOT_NS + round(receipt_s * 1e9))
    return telemetry


@given(st.lists(st.floats(0, 3), min_size=3, max_size=30))
def test_late_messages_do_not_move_in_time(delays_s):
    """However long the link held a message, its time is the vehicle's."""
    tie = from_system(words.MAVLink_system_time_message(BOOT_NS // 1000 + 10_000_000, 10_000))
    rows = [(place(10_000 + 100 * i), 10.5 + 0.1 * i + d) for i, d in enumerate(delays_s)]
    track = fed((tie, 10.5), *rows).track()
    assert track.positions.t_ns.tolist() == [BOOT_NS + (10_000 + 100 * i) * 1_000_000 for i in range(len(rows))]


def test_without_system_time_the_least_delayed_message_ties_the_clock():
    telemetry = fed((place(1000), 1.4), (place(1200), 1.3), (place(1400), 1.9))
    assert telemetry.clock_source == "time of receipt"
    assert telemetry.track().positions.t_ns[0] == BOOT_NS + 1_100_000_000
    assert telemetry.track().clock.sigma_s >= 0.1


@pytest.mark.parametrize("told_us", [0, 2_000_000, 32_000_000_000_000_000])
def test_an_epoch_that_cannot_be_is_not_believed(told_us):
    telemetry = fed((from_system(words.MAVLink_system_time_message(told_us, 1000)), 1.1), (place(1000), 1.1))
    assert telemetry.clock_source == "time of receipt"


def test_another_vehicles_messages_are_not_ours():
    stranger = from_system(words.MAVLink_global_position_int_message(1000, 10, 10, 0, 0, 0, 0, 0, 0), 2)
    assert fed((stranger, 1.0)).track().positions is None


def test_no_place_is_no_position():
    nowhere = from_system(words.MAVLink_global_position_int_message(1000, 0, 0, 0, 0, 0, 0, 0, 0))
    beyond = from_system(words.MAVLink_global_position_int_message(1000, 2_000_000_000, 0, 0, 0, 0, 0, 0, 0))
    assert fed((nowhere, 1.0), (beyond, 1.0)).track().positions is None


def test_gimbal_angles_from_the_nose_and_from_north():
    body = from_system(words.MAVLink_attitude_message(1000, 0, 0, np.radians(50), 0, 0, 0))
    for flags, yaw, expected in ((64, 20, 20), (32, 20, 70), (16, 20, 20), (0, 20, 70)):
        q = quaternion(yaw, -45, 5)
        device = from_system(words.MAVLink_gimbal_device_attitude_status_message(0, 0, 1000, flags, q, 0, 0, 0, 0))
        track = fed((place(1000), 1.0), (body, 1.0), (device, 1.0)).track()
        pose = pose_at(track, int(track.positions.t_ns[0]), 0.0, None)
        assert pose.attitude.yaw_deg == pytest.approx(expected, abs=1e-3)
        assert (pose.attitude.pitch_deg, pose.attitude.roll_deg) == pytest.approx((-45, 5), abs=1e-3)


def test_presses_of_the_shutter_by_their_own_time():
    utc_us = BOOT_NS // 1000 + 2_000_000
    feedback = from_system(
        words.MAVLink_camera_feedback_message(utc_us, 1, 0, 7, 340000000, 1130000000, 90, 50, 0, 0, 0, 0, 0)
    )
    trigger = from_system(words.MAVLink_camera_trigger_message(2_500_000, 8))  # since boot
    captured = from_system(
        words.MAVLink_camera_image_captured_message(
            3000, 0, 1, 340000000, 1130000000, 90000, 50000, [1, 0, 0, 0], 9, 1, b""
        )
    )
    tie = from_system(words.MAVLink_system_time_message(BOOT_NS // 1000 + 1_000_000, 1000))
    telemetry = fed((tie, 1.3), (feedback, 2.9), (trigger, 2.9), (captured, 3.9))
    taken = telemetry.take_exposures()
    assert [(e.sequence, e.t_ns - BOOT_NS) for e in taken] == [
        (7, 2_000_000_000),
        (8, 2_500_000_000),
        (9, 3_000_000_000),
    ]
    assert telemetry.take_exposures() == []


def test_the_buffer_is_bounded(monkeypatch):
    monkeypatch.setattr("pipeline.ingest.telemetry.ROWS", 100)
    telemetry = fed(*((place(1000 + 100 * i), 1.0 + 0.1 * i) for i in range(300)))
    assert len(telemetry.track().positions.t_ns) == 100


def test_a_gimbal_with_a_clock_of_its_own_is_no_reboot():
    def device(boot_ms: int):
        q = quaternion(10, -45, 0)
        made = words.MAVLink_gimbal_device_attitude_status_message(0, 0, boot_ms, 64, q, 0, 0, 0, 0)
        return from_system(made, component=154)

    rows = [(m, 1.0 + 0.1 * i) for i in range(20) for m in (place(100_000 + 100 * i), device(500 + 100 * i))]
    telemetry = fed(*rows)
    track = telemetry.track()
    assert telemetry.boots == 1
    assert track.gimbal.t_ns.tolist() == track.positions.t_ns.tolist()


def test_a_companions_clock_is_not_the_autopilots():
    other = from_system(words.MAVLink_system_time_message(BOOT_NS // 1000 + 500_000_000, 10), component=191)
    telemetry = fed((place(100_000), 1.0), (other, 1.1), (place(100_200), 1.2))
    assert (telemetry.boots, telemetry.clock_source) == (1, "time of receipt")
