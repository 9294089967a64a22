"""The live link: real DroneKit over loopback, heard and never commanding."""

from __future__ import annotations

import collections
import logging
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from pymavlink import mavutil
from pymavlink.dialects.v20 import ardupilotmega as words

from pipeline.errors import MissionError
from pipeline.ingest.live import Address, Link, address_of, load_dronekit
from pipeline.ingest.plan_download import download_plan
from pipeline.ingest.poses import pose_at
from pipeline.ingest.telemetry import Telemetry
from pipeline.sim.replay import messages, replay
from pipeline.sim.vehicle import Habits
from tests.ingest.aloft import MAY_BE_HEARD, free_port, linked, small_route, until

LOADING = """
import collections, logging, os, sys
environment, path = dict(os.environ), list(sys.path)
import pipeline.ingest.live as live
assert "dronekit" not in sys.modules
live.load_dronekit()
print("past" in sys.modules, "past.builtins" in sys.modules, hasattr(collections, "MutableMapping"),
      dict(os.environ) == environment, sys.path == path, live.load_dronekit().__name__)
"""


def test_loading_dronekit_leaves_python_as_it_was():
    done = subprocess.run([sys.executable, "-c", LOADING], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "False", "False", "True", "True", "dronekit"], done.stderr


def test_a_module_called_past_is_put_back(monkeypatch):
    for name in [n for n in sys.modules if n.split(".")[0] == "dronekit"]:
        monkeypatch.delitem(sys.modules, name)
    own = type(sys)("past")
    monkeypatch.setitem(sys.modules, "past", own)
    load_dronekit()
    assert sys.modules["past"] is own
    assert "past.builtins" not in sys.modules
    assert not hasattr(collections, "MutableMapping")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("udp:127.0.0.1:14550", Address("udpin:127.0.0.1:14550")),
        ("udpin:0.0.0.0:14550", Address("udpin:0.0.0.0:14550")),
        ("udpout:drone.local:14550", Address("udpout:drone.local:14550")),
        ("tcp:127.0.0.1:5760", Address("tcp:127.0.0.1:5760")),
        ("/dev/ttyUSB0:57600", Address("/dev/ttyUSB0", 57600)),
        ("/dev/ttyACM1,115200", Address("/dev/ttyACM1", 115200)),
        ("COM5", Address("COM5", 57600)),
    ],
)
def test_connections(text, address):
    assert address_of(text) == address


@pytest.mark.parametrize("text", ["", "flight.bin", "udp:1.2.3.4", "tcp:host:99999", "file:x:1", "udp:a b:1", "csv:x"])
def test_what_is_no_connection_is_refused_in_one_sentence(text):
    with pytest.raises(MissionError, match="no connection") as why:
        address_of(text)
    assert "\n" not in str(why.value)


def test_nobody_at_the_other_end():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    before = threading.active_count()
    with pytest.raises(MissionError, match="cannot be opened"), Link(f"tcp:127.0.0.1:{port}"):
        pass
    with pytest.raises(MissionError, match="cannot be opened"), Link("/dev/no-such-port:57600"):
        pass
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("kind", "version", "gimbal"),
    [
        ("udp", 2, "gimbal_device"),
        ("tcp", 2, "gimbal_device"),
        ("udp", 1, "mount_status"),
        ("tcp", 2, "mount_orientation"),
    ],
)
def test_position_and_gimbal_are_followed_and_nothing_is_commanded(kind, version, gimbal):
    telemetry, threads = Telemetry(), threading.active_count()
    habits = Habits(version=version, gimbal=gimbal, lead_s=1.0, rate_hz=10, body_yaw_offset_deg=30)
    with linked(telemetry.feed, kind=kind, habits=habits) as (vehicle, link):
        assert len(download_plan(link).items) == len(vehicle.plan)
        until(lambda: (telemetry.newest_ns() or 0) > vehicle.start_ns + 1_200_000_000)
        start_ns = vehicle.start_ns
    assert threading.active_count() == threads
    assert link.version == version
    assert set(vehicle.heard) <= MAY_BE_HEARD
    assert not logging.getLogger("dronekit").filters
    for at_s in (0.25, 1.0):
        lat, lon, _, relative_m, yaw, pitch, _ = small_route().at(at_s)
        pose = pose_at(telemetry.track(), start_ns + round(at_s * 1e9), 0.02, None)
        assert abs(pose.lat_deg - lat) * 111_320 < 0.3
        assert abs(pose.lon_deg - lon) * 91_000 < 0.3
        assert abs(pose.relative_m - relative_m) < 0.1
        assert pose.attitude is not None, pose.attitude_problem
        assert abs((pose.attitude.yaw_deg - yaw + 180) % 360 - 180) < 2.0  # beside the vertical yaw and roll are one
        assert abs(pose.attitude.pitch_deg - pitch) < 0.1


def test_only_questions_about_the_mission_can_be_sent():
    arm = words.MAVLink_command_long_message(1, 1, 400, 0, 1, 0, 0, 0, 0, 0, 0)
    with linked() as (vehicle, link):
        with pytest.raises(ValueError, match="never sent"):
            link.send(arm)
        link._vehicle.send_mavlink(arm)  # even DroneKit's own way out is shut
        link._vehicle._master.param_set_send("RTL_ALT", 10)
        link._vehicle._master.arducopter_arm()
        link._vehicle.mode = load_dronekit().VehicleMode("RTL")
        link._vehicle._master.param_fetch_all()
        heartbeats = vehicle.heard["HEARTBEAT"]
        until(lambda: vehicle.heard["HEARTBEAT"] > heartbeats + 1)
    assert set(vehicle.heard) == {"HEARTBEAT"}


def test_another_stations_parameters_make_no_requests():
    """DroneKit asks for every parameter that it did not see once it has seen one."""
    with linked() as (vehicle, _):
        vehicle._tell_parameter(0, 1.0)
        time.sleep(1.0)
    assert set(vehicle.heard) <= MAY_BE_HEARD


def test_our_heartbeat_is_no_ground_stations():
    heard = []
    with linked() as (vehicle, _):
        answer = vehicle._answer
        vehicle._answer = lambda m, now_s: (heard.append(m), answer(m, now_s))
        until(lambda: heard)
    assert (heard[0].type, heard[0].get_srcSystem()) == (0, 247)


def test_silence_and_return_are_told(monkeypatch):
    monkeypatch.setattr("pipeline.ingest.live.SILENCE_S", 0.8)
    with linked(habits=Habits(silences=((0.6, 2.2),))) as (_, link):
        until(lambda: [e.what for e in link.events] == ["opened", "lost", "back"])
    assert "no message" in link.events[1].note


def test_another_stations_words_are_no_vehicles(monkeypatch):
    monkeypatch.setattr("pipeline.ingest.live.SILENCE_S", 0.8)
    station = words.MAVLink(None, srcSystem=255)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own,
        linked(habits=Habits(silences=((0.6, 3600.0),))) as (vehicle, link),
    ):
        until(
            lambda: (
                own.sendto(station.heartbeat_encode(6, 8, 0, 0, 4).pack(station), ("127.0.0.1", vehicle.port))
                and [e.what for e in link.events] == ["opened", "lost"]
            )
        )


def test_ctrl_c_while_it_opens_leaves_nothing_behind(monkeypatch):
    opened = Link._open

    def break_off(link):
        opened(link)
        raise KeyboardInterrupt

    monkeypatch.setattr(Link, "_open", break_off)
    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt), Link(f"udp:127.0.0.1:{free_port()}"):
        pass
    assert threading.active_count() == threads
    assert not logging.getLogger("dronekit").filters


def test_a_closed_tcp_connection_is_opened_again():
    telemetry = Telemetry()
    with linked(telemetry.feed, kind="tcp") as (vehicle, link):
        vehicle._radio.hang_up()
        until(lambda: [e.what for e in link.events] == ["opened", "lost", "opened", "back"])
        before = telemetry.newest_ns()
        until(lambda: telemetry.newest_ns() > before)


def test_a_vehicle_that_boots_anew_keeps_its_time():
    telemetry = Telemetry()
    with linked(telemetry.feed, habits=Habits(reboots=(1.5,), lead_s=0.0, rate_hz=10)) as (vehicle, _):
        until(lambda: telemetry.boots == 2 and (telemetry.newest_ns() or 0) > vehicle.start_ns + 2_500_000_000)
        start_ns = vehicle.start_ns
    track = telemetry.track()
    assert np.all(np.diff(track.positions.t_ns) > 0)
    for at_s in (0.75, 2.25):
        lat, *_ = small_route().at(min(at_s, 2.0))
        assert abs(pose_at(track, start_ns + round(at_s * 1e9), 0.02, None).lat_deg - lat) * 111_320 < 0.5


def cut(tlog: Path, out: Path, seconds: float) -> Path:
    rows = list(messages(tlog))
    first = next(t for t, m in rows if m[5:6] == b"\x21") + 60_000_000  # a minute after the first position
    kept = [(t, m) for t, m in rows if first <= t <= first + seconds * 1e6]
    out.write_bytes(b"".join(struct.pack(">Q", t) + m for t, m in kept))
    return out


def test_a_recorded_flight_at_twenty_times_its_speed(real_data, tmp_path):
    """Positions and gimbal as the log's own values, at the log's own times."""
    tlog = cut(real_data("logs/tlog/dronekit_flight.tlog"), tmp_path / "part.tlog", 80)
    telemetry, port = Telemetry(), free_port()
    with Link(f"udp:127.0.0.1:{port}", (telemetry.feed,)) as link:
        sent = replay(tlog, f"udp:127.0.0.1:{port}", 20.0)
        until(lambda: link.messages >= sent * 0.9)
        time.sleep(0.3)
    track = telemetry.track()
    log, rows, ties, status = mavutil.mavlink_connection(str(tlog)), {}, [], []
    while (m := log.recv_match(type=["GLOBAL_POSITION_INT", "MOUNT_STATUS", "SYSTEM_TIME"])) is not None:
        if m.get_type() == "SYSTEM_TIME":
            ties.append(m.time_unix_usec * 1000 - m.time_boot_ms * 1_000_000)
        elif m.get_type() == "GLOBAL_POSITION_INT":
            rows[m.time_boot_ms] = (m.lat / 1e7, m.lon / 1e7, m.relative_alt / 1000)
        elif m.get_type() == "MOUNT_STATUS":
            status.append((m.pointing_a / 100, m.pointing_b / 100, m.pointing_c / 100))
    log.close()
    rows = {ms: row for ms, row in rows.items() if row[:2] != (0.0, 0.0)}  # before its receiver had a fix
    assert len(rows) > 100 and len(status) > 100
    tie = round(float(np.median(ties)))
    got = dict(
        zip(
            track.positions.t_ns.tolist(),
            zip(track.positions.lat_deg, track.positions.lon_deg, track.positions.relative_m, strict=True),
            strict=True,
        )
    )
    matched = [(got[t], row) for ms, row in rows.items() for t in got if abs(t - tie - ms * 1_000_000) < 60_000_000]
    assert len(matched) >= 0.99 * len(rows)
    assert max(abs(a - b) for g, r in matched for a, b in zip(g, r, strict=True)) < 1e-9
    angles = set(
        zip(track.gimbal.pitch_deg.round(2), track.gimbal.roll_deg.round(2), track.gimbal.yaw_deg.round(2), strict=True)
    )
    told = {tuple(round(v, 2) for v in row) for row in status}
    assert len(angles & told) >= 0.97 * len(told)
