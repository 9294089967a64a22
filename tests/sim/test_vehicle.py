"""The simulated vehicle: what it says is the flight's truth, and what is lost is lost the same way each time."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymavlink.dialects.v20 import ardupilotmega as words

from pipeline.errors import PipelineError
from pipeline.ingest.columns import euler_deg
from pipeline.sim import FlightConfig, fly
from pipeline.sim.replay import messages, replay
from pipeline.sim.route import plan_of, quaternion, route_of
from pipeline.sim.vehicle import Habits, SimVehicle

TINY = {"strips": 2, "photos_per_strip": 3, "width_px": 400, "height_px": 300, "n_markers": 1, "turned_strip": False}


@pytest.fixture(scope="module")
def truth():
    return fly(FlightConfig(seed=3, profile="exact", n_smoke=0, n_dust=0, n_outfalls=0, **TINY))


@pytest.fixture
def station():
    """A ground station's UDP socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind(("127.0.0.1", 0))
        own.settimeout(0.2)
        yield own


def address(station) -> str:
    return f"udp:127.0.0.1:{station.getsockname()[1]}"


def listen(station, seconds: float) -> list:
    mav, heard, end = words.MAVLink(None), [], time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            heard += mav.parse_buffer(station.recv(65535)) or []
        except TimeoutError:
            continue
    return heard


def test_the_route_passes_every_press_of_the_shutter_as_it_is_reported(truth):
    route, reported = route_of(truth, 1.5), truth.reported
    for i, t_s in enumerate(np.arange(6) * 1.5):
        lat, lon, msl_m, relative_m, yaw, pitch, roll = route.at(t_s)
        assert (lat, lon) == (reported.lat_deg[i], reported.lon_deg[i])
        assert (msl_m, relative_m) == (reported.absolute_m[i], reported.relative_m[i])
        assert (yaw - reported.yaw_deg[i] + 180) % 360 - 180 == pytest.approx(0, abs=1e-9)
        assert (pitch, roll) == (reported.pitch_deg[i], reported.roll_deg[i])


@given(st.floats(-179, 179), st.floats(-89, 89), st.floats(-89, 89))
def test_quaternions_say_the_same_to_the_log_readers(yaw, pitch, roll):
    told = [float(a[0]) for a in euler_deg(np.array([quaternion(yaw, pitch, roll)]))]
    assert told == pytest.approx([yaw, pitch, roll], abs=1e-6)


def test_it_says_where_it_is_and_when(truth, station):
    route = route_of(truth, 1.0)
    with SimVehicle(route, address(station), Habits(lead_s=0.0, rate_hz=20)) as vehicle:
        heard, start_ns = listen(station, 2.0), vehicle.start_ns
    kinds = Counter(m.get_type() for m in heard)
    assert kinds["GLOBAL_POSITION_INT"] > 20
    tie = next(m for m in heard if m.get_type() == "SYSTEM_TIME")
    for m in (m for m in heard if m.get_type() == "GLOBAL_POSITION_INT"):
        at_s = (tie.time_unix_usec * 1000 - start_ns + (m.time_boot_ms - tie.time_boot_ms) * 1_000_000) / 1e9
        lat, lon, *_ = route.at(at_s)
        assert abs(m.lat / 1e7 - lat) * 111_320 < 0.05
        assert abs(m.lon / 1e7 - lon) * 111_320 < 0.05
    pressed = [m.img_idx for m in heard if m.get_type() == "CAMERA_FEEDBACK"]
    assert pressed == list(range(len(pressed))) and pressed


@pytest.mark.parametrize(
    ("habits", "there", "absent"),
    [
        ({"gimbal": "mount_status", "camera": "trigger"}, "MOUNT_STATUS CAMERA_TRIGGER", "CAMERA_FEEDBACK"),
        (
            {"gimbal": "mount_orientation", "camera": "captured"},
            "MOUNT_ORIENTATION CAMERA_IMAGE_CAPTURED",
            "MOUNT_STATUS",
        ),
        ({"gimbal": "none", "camera": "none", "system_time": False}, "ATTITUDE", "SYSTEM_TIME"),
    ],
)
def test_it_speaks_as_it_is_told(truth, station, habits, there, absent):
    with SimVehicle(route_of(truth, 1.0), address(station), Habits(lead_s=0.1, **habits)):
        kinds = {m.get_type() for m in listen(station, 0.6)}
    assert set(there.split()) <= kinds
    assert absent not in kinds


def test_losses_are_those_of_the_seed_and_of_the_share_asked_for(truth, station):
    def lost(seed: int) -> list[bool]:
        vehicle = SimVehicle(route_of(truth, 1.0), address(station), Habits(loss=0.2, seed=seed))
        vehicle._radio.close()
        return [vehicle._lost(0.0) for _ in range(2000)]

    assert lost(5) == lost(5) != lost(6)
    assert 0.17 < np.mean(lost(5)) < 0.23


def test_a_silence_is_silent_and_a_reboot_starts_the_clock(truth, station):
    habits = Habits(rate_hz=20, silences=((0.3, 1.0),), reboots=(1.4,), boot_ahead_s=500)
    with SimVehicle(route_of(truth, 1.0), address(station), habits):
        boots = [m.time_boot_ms for m in listen(station, 1.8) if m.get_type() == "ATTITUDE"]
    assert not [b for b in boots if 500_310 < b < 500_990]
    assert boots[0] >= 500_000 and boots[-1] < 1000


def test_one_client_after_the_other_may_call(truth):
    with SimVehicle(route_of(truth, 1.0), "tcp:127.0.0.1:0") as vehicle:
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", vehicle.port), 5) as client:
                client.settimeout(5)
                assert client.recv(1)[0] in (0xFD, 0xFE)


def test_the_plan_is_home_take_off_and_every_press(truth):
    plan = plan_of(route_of(truth, 1.0))
    assert [i.command for i in plan] == [16, 22, *([16] * 6)]
    assert plan[0].frame == 0 and {i.frame for i in plan[1:]} == {3}


@pytest.mark.parametrize("text", ["", "udp", "udp:host", "udp:127.0.0.1:70000", "serial:/dev/x:1", "tcp::1"])
def test_an_address_that_is_none(truth, text):
    with pytest.raises(PipelineError, match="no address"):
        SimVehicle(route_of(truth, 1.0), text)


def logged(path, count: int) -> list[bytes]:
    mav, frames = words.MAVLink(None), []
    with path.open("wb") as out:
        for i in range(count):
            frames.append(bytes(words.MAVLink_system_time_message(i, i).pack(mav, force_mavlink1=i % 2 == 0)))
            out.write((1_790_000_000_000_000 + i * 20_000).to_bytes(8, "big") + frames[-1])
            out.write(b"\xfe\x01" if i == 3 else b"")  # two bytes of rubbish
    return frames


def test_a_replay_sends_what_was_recorded_at_its_pace(station, tmp_path):
    frames = logged(tmp_path / "a.tlog", 50)
    assert [m for _, m in messages(tmp_path / "a.tlog")] == frames
    started_s = time.monotonic()
    assert replay(tmp_path / "a.tlog", address(station), 2.0) == 50
    assert time.monotonic() - started_s >= 0.45
    assert [station.recv(65535) for _ in frames] == frames


def test_a_replay_can_be_stopped(station, tmp_path):
    logged(tmp_path / "a.tlog", 50)
    stop = threading.Event()
    stop.set()
    assert replay(tmp_path / "a.tlog", address(station), 1.0, stop) < 3


def test_a_log_that_is_not_there(station, tmp_path):
    with pytest.raises(PipelineError, match="cannot be read"):
        replay(tmp_path / "none.tlog", address(station))
