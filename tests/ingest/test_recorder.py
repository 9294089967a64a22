"""The recording: read back by others, and whole up to the last message."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
from pymavlink import mavutil

from pipeline.errors import OutputError
from pipeline.ingest.epoch import in_utc
from pipeline.ingest.logs import read_log
from pipeline.ingest.poses import pose_at
from pipeline.ingest.recorder import Recorder
from pipeline.ingest.telemetry import Telemetry
from pipeline.sim.replay import messages
from pipeline.sim.vehicle import Habits
from tests.ingest.aloft import heartbeat, linked


def test_a_recording_is_read_back(tmp_path):
    recorder, told = Recorder(tmp_path / "飞行.tlog"), []
    with linked(recorder.feed, lambda m, t: told.append(m.get_type())):
        time.sleep(1.5)
    recorder.close()
    assert [m for _, m in messages(recorder.path)]
    log, read = mavutil.mavlink_connection(str(recorder.path)), []
    while (message := log.recv_msg()) is not None:
        read.append(message.get_type())
    log.close()
    assert read == told
    assert abs(next(messages(recorder.path))[0] / 1e6 - time.time()) < 60
    with pytest.raises(OutputError, match="already"):
        Recorder(recorder.path)


@pytest.mark.parametrize(("gimbal", "within_deg"), [("gimbal_device", 0.1), ("mount_status", 1.0)])
def test_the_log_reader_finds_in_it_what_the_live_link_told(tmp_path, gimbal, within_deg):
    """Two ways from the same messages to the same track."""
    recorder, telemetry = Recorder(tmp_path / "a.tlog"), Telemetry()
    with linked(recorder.feed, telemetry.feed, habits=Habits(gimbal=gimbal, lead_s=0.3, body_yaw_offset_deg=40)):
        time.sleep(2.5)
    recorder.close()
    live, read = telemetry.track(), in_utc(read_log(recorder.path, tmp_path))
    # The reader also uses what came before the first heartbeat; the two clock fits differ by some milliseconds.
    nearest = np.abs(read.positions.t_ns[None] - live.positions.t_ns[:, None]).argmin(axis=1)
    assert len(nearest) > 5
    assert np.abs(live.positions.t_ns - read.positions.t_ns[nearest]).max() < 20_000_000
    assert live.positions.lat_deg == pytest.approx(read.positions.lat_deg[nearest], abs=1e-9)
    assert live.positions.relative_m == pytest.approx(read.positions.relative_m[nearest])
    assert live.gimbal.reference == read.gimbal.reference
    at_ns = int(live.positions.t_ns[len(live.positions.t_ns) // 2])
    ours, theirs = pose_at(live, at_ns, 0.0, None), pose_at(read, at_ns, 0.0, None)
    assert ours.attitude.pitch_deg == pytest.approx(
        theirs.attitude.pitch_deg, abs=within_deg
    )  # one is timed by receipt
    assert (ours.lat_deg, ours.lon_deg) == pytest.approx((theirs.lat_deg, theirs.lon_deg), abs=3e-6)
    assert {e.sequence for e in telemetry.take_exposures()} <= {n for t in read.triggers for n in t.sequence.tolist()}


RECORDING = """
import os, sys
from pathlib import Path
from pymavlink.dialects.v20 import ardupilotmega as words
from pipeline.ingest.recorder import Recorder
mav, recorder = words.MAVLink(None), Recorder(Path(sys.argv[1]))
for i in range(50):
    m = words.MAVLink_system_time_message(i, i)
    m.pack(mav)
    recorder.feed(m, 1_790_000_000_000_000_000 + i)
os._exit(9)
"""


def test_a_killed_process_loses_nothing_that_was_recorded(tmp_path):
    path = tmp_path / "a.tlog"
    assert subprocess.run([sys.executable, "-c", RECORDING, str(path)], check=False).returncode == 9
    assert len(list(messages(path))) == 50


class Full:
    """A file on a full disk."""

    closed = False

    def write(self, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    def close(self) -> None:
        pass


def test_a_full_disk_ends_the_recording_and_not_the_link(tmp_path):
    recorder = Recorder(tmp_path / "a.tlog")
    recorder._file.close()
    recorder._file = Full()
    recorder.feed(heartbeat(), 1)
    recorder.feed(heartbeat(), 2)
    recorder.close()
    assert "ended early (No space left on device)" in recorder.problem


def test_a_recording_without_a_message_is_no_file(tmp_path):
    Recorder(tmp_path / "a.tlog").close()
    assert not list(tmp_path.iterdir())
