"""Flights whose poses lie in a log: it agrees with the plan, clocks with their definition, other readers with both."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import PipelineError
from pipeline.sim import FlightConfig, SimFlight, fly, make_flight
from pipeline.sim.clocks import note_exposures, set_clocks
from pipeline.sim.logs import Recorder, open_recorder
from pipeline.sim.tlog import quaternions
from pipeline.sim.trajectory import Trajectory, carrying_deg

PLAIN = FlightConfig(seed=11, strips=3, photos_per_strip=5, width_px=200, height_px=150, pixels=False)
CLOCKS = {"clock_offset_s": 3613.4, "drift_ppm": 80.0, "missed_triggers": 0.2}
TLOG = replace(PLAIN, log="tlog", **CLOCKS)
DATAFLASH = replace(PLAIN, log="dataflash", **CLOCKS)


@pytest.fixture(scope="module")
def tlog(tmp_path_factory: pytest.TempPathFactory) -> SimFlight:
    return make_flight(tmp_path_factory.mktemp("日志 tlog") / "1 号", TLOG)


@pytest.fixture(scope="module")
def dataflash(tmp_path_factory: pytest.TempPathFactory) -> SimFlight:
    return make_flight(tmp_path_factory.mktemp("日志 bin") / "1 号", DATAFLASH)


def moments(recorder: Recorder) -> np.ndarray:
    """(M,) the exposures, in seconds since the first."""
    t_ns = recorder.truth.plan.t_ns
    return (np.array(t_ns) - t_ns[0]) / 1e9


def clock_rows(made: SimFlight) -> list[dict[str, str]]:
    assert made.clock is not None
    with made.clock.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("profile", ["exact", "real", "rtk"])
def test_the_log_passes_through_what_photos_would_report(profile: Any) -> None:
    recorder = open_recorder(fly(replace(TLOG, profile=profile, seed=4)))
    t, said = moments(recorder), recorder.truth.reported
    fixes, gimbal = recorder.fixes(t), recorder.gimbal_deg(t)
    assert np.abs(fixes.lat_deg - said.lat_deg).max() < 1e-11
    assert np.abs(fixes.lon_deg - said.lon_deg).max() < 1e-11
    absolute = fixes.ellipsoidal_m if profile == "rtk" else fixes.amsl_m
    assert np.abs(absolute - said.absolute_m).max() < 0.006  # headers are rounded to centimetres
    assert np.abs(fixes.relative_m - said.relative_m).max() < 0.006
    assert np.abs((gimbal[:, 0] - said.yaw_deg + 180) % 360 - 180).max() < 0.051
    assert np.abs(gimbal[:, 1] - said.pitch_deg).max() < 0.051
    # What is above home agrees with what is above the geoid.
    assert np.abs(fixes.amsl_m - recorder.home[2] - fixes.relative_m).max() < 0.05


def test_flight_is_smooth_and_believable() -> None:
    recorder = open_recorder(fly(TLOG))
    t = recorder.ticks(50.0)
    place, speed = recorder.flown.position(t), recorder.flown.velocity(t)
    steps = np.diff(place, axis=0) * 50.0
    assert np.abs(steps - (speed[1:] + speed[:-1]) / 2).max() < 0.02
    assert np.linalg.norm(speed, axis=1).max() < 20
    body = recorder.body_deg(t)
    assert np.abs(body[:, 1:]).max() <= 25
    assert np.ptp(body[:, 2]) > 4  # it banks in turns
    assert np.abs(recorder.gimbal_deg(t)[:, 1] + 90).max() < 3  # and the gimbal holds


@given(
    pitch=st.floats(-90, -70), roll=st.floats(-20, 20), yaw=st.floats(-180, 179),
)  # fmt: skip
def test_a_fixed_camera_looks_where_the_airframe_points_it(yaw: float, pitch: float, roll: float) -> None:
    """Airframe · mount = camera, with rotation matrices about down, right and nose, as textbooks write them."""
    knots = np.array([[yaw, pitch, roll]] * 2)
    still = np.zeros((2, 3))
    flown = Trajectory(np.array([0.0, 1.0]), still, still, knots, still, still)
    camera = body_R(*carrying_deg(flown, np.array([0.5]))[0]) @ body_R(0, -90, 0)
    assert np.abs(camera - body_R(yaw, pitch, roll)).max() < 1e-9


def body_R(yaw_deg: float, pitch_deg: float, roll_deg: float) -> np.ndarray:
    """North, east, down from nose, right, down: yaw · pitch · roll."""
    (cy, cp, cr), (sy, sp, sr) = (f(np.radians([yaw_deg, pitch_deg, roll_deg])) for f in (np.cos, np.sin))
    yaw = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    pitch = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    return yaw @ pitch @ np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])


def test_a_fixed_camera_has_no_gimbal_in_its_log(tmp_path: Path) -> None:
    for log in ("tlog", "dataflash"):
        made = make_flight(tmp_path / log, replace(PLAIN, log=log, fixed_mount=True))
        assert made.log is not None
        read = packets(made.log) if log == "tlog" else rows_of(made.log)
        assert not {"MOUNT_STATUS", "GIMBAL_DEVICE_ATTITUDE_STATUS", "MNT"} & set(read)
        assert {"ATTITUDE", "ATT"} & set(read)


def test_clocks_are_what_their_definition_says() -> None:
    truth = fly(TLOG)
    clocks = set_clocks(TLOG, truth.plan)
    utc = np.array([truth.plan.t_ns[0], truth.plan.t_ns[0] + 100_000_000_000])
    assert (clocks.camera_ns(utc) - utc).tolist() == [3_613_400_000_000, 3_613_408_000_000]
    boot = clocks.boot_ns(utc)
    assert (utc[1] - utc[0]) / (boot[1] - boot[0]) - 1 == pytest.approx(25e-6, abs=1e-10)
    assert 90 <= boot[0] / 1e9 <= 400


def test_offset_and_drift_come_out_of_the_judges_file(tlog: SimFlight) -> None:
    rows = clock_rows(tlog)
    assert [row["photo"] for row in rows] == list(tlog.truth.photos)
    t = np.array([int(row["t_ns"]) for row in rows]) - int(rows[0]["t_ns"])
    late = np.array([int(row["camera_ns"]) - int(row["t_ns"]) for row in rows])
    drift, offset = np.polyfit(t / 1e9, late / 1e9, 1)
    assert offset == pytest.approx(3613.4, abs=1e-6) and drift * 1e6 == pytest.approx(80, abs=0.1)
    assert [f"{v / 1e9:.9f}" for v in late] == [row["photos_minus_log_s"] for row in rows]


def test_missed_triggers_are_a_share_and_number_as_each_log_numbers(tlog: SimFlight, dataflash: SimFlight) -> None:
    lost, told = clock_rows(tlog), clock_rows(dataflash)
    assert sum(not row["sequence"] for row in lost) == sum(not row["sequence"] for row in told) == 3
    numbers = [int(row["sequence"]) - i for i, row in enumerate(lost) if row["sequence"]]
    assert len(set(numbers)) == 1  # packets lost: a gap shows
    counted = [int(row["sequence"]) for row in told if row["sequence"]]
    assert np.diff(counted).tolist() == [1] * 11  # never told: none does


def test_even_spacing_is_even_and_the_rest_is_not() -> None:
    even = np.diff(fly(replace(TLOG, even_spacing=True)).plan.t_ns)
    assert len(set(even.tolist())) == 1
    assert len(set(np.diff(fly(TLOG).plan.t_ns).tolist())) == 14
    assert set(np.diff(fly(PLAIN).plan.t_ns).tolist()) == {2_000_000_000}


def test_commands_come_before_the_photo_and_the_hot_shoes_answer_with_it() -> None:
    plan = fly(DATAFLASH).plan
    for message, low, high in (("TRIG", -0.095, -0.02), ("CAM", -0.095, -0.02), ("CAM+TRIG", 0.0, 0.003)):
        config = replace(DATAFLASH, trigger_message=message)
        notes = note_exposures(config, plan)
        late_s = (notes.utc_ns - np.array(plan.t_ns)[notes.shot]) / 1e9
        assert low <= late_s.min() and late_s.max() <= high


def test_photos_bring_their_time_and_no_pose(tmp_path: Path, tlog: SimFlight) -> None:
    from pipeline.imagery import decode

    drawn = replace(TLOG, pixels=True, strips=1, photos_per_strip=1, n_outfalls=0)
    logged = make_flight(tmp_path / "log", drawn)
    plain = make_flight(tmp_path / "plain", replace(drawn, log=""))
    one, other = ((made.flight / "DJI_0001.JPG").read_bytes() for made in (logged, plain))
    assert one != other and one[one.index(b"\xff\xdb") :] == other[other.index(b"\xff\xdb") :]
    assert b"drone-dji" in other and b"http://ns.adobe.com" not in one
    assert decode(one, "1").shape == (150, 200, 3)


def test_exif_is_whole_seconds_of_the_cameras_own_clock(tlog: SimFlight) -> None:
    from datetime import datetime, timedelta, timezone
    from io import BytesIO

    from PIL import Image

    row = clock_rows(tlog)[7]
    exif = Image.open(BytesIO((tlog.flight / row["photo"]).read_bytes())).getexif()
    shown = datetime.strptime(exif.get_ifd(0x8769)[0x9003], "%Y:%m:%d %H:%M:%S")
    assert shown.replace(tzinfo=timezone(timedelta(hours=8))).timestamp() == int(row["camera_ns"]) // 10**9
    assert set(exif.get_ifd(0x8825)) == {0, 1, 2, 3, 4, 5, 6}


def test_exif_gps_can_be_left_out(tmp_path: Path) -> None:
    from io import BytesIO

    from PIL import Image

    made = make_flight(tmp_path / "bare", replace(TLOG, exif_gps=False, strips=1, photos_per_strip=1))
    exif = Image.open(BytesIO((made.flight / "DJI_0001.JPG").read_bytes())).getexif()
    assert exif[0x0110] == "FC330" and not exif.get_ifd(0x8825)


def packets(path: Path) -> dict[str, list[Any]]:
    """What pymavlink reads, by type; the vehicle's own only."""
    from pymavlink import mavutil

    link, out = mavutil.mavlink_connection(str(path), dialect="ardupilotmega", notimestamps=False), {}
    while (message := link.recv_msg()) is not None:
        if message.get_srcSystem() == 1:
            out.setdefault(message.get_type(), []).append(message)
    link.close()
    return out


def test_mavutil_reads_the_tlog_and_finds_the_plan(tlog: SimFlight) -> None:
    assert tlog.log is not None
    read, recorder = packets(tlog.log), open_recorder(tlog.truth)
    assert "BAD_DATA" not in read
    boot = recorder.clocks.boot_ns(np.array(tlog.truth.plan.t_ns)) / 1e6
    said = [m for m in read["GLOBAL_POSITION_INT"] if m.lat]
    t, lat = np.array([m.time_boot_ms for m in said]), np.array([m.lat for m in said]) / 1e7
    above = np.array([m.relative_alt for m in said]) / 1e3
    want = recorder.fixes(moments(recorder))
    assert np.abs(np.interp(boot, t, lat) - want.lat_deg).max() * 111_000 < 0.15
    assert np.abs(np.interp(boot, t, above) - want.relative_m).max() < 0.05
    assert 4.5 < 1e3 / np.median(np.diff(t)) < 5.5
    late = np.array([m._timestamp for m in said]) - (recorder.clocks.boot_utc_ns / 1e9 + t / 1e3)
    assert late.min() > 0.004 and late.max() < 0.17
    shots = read["CAMERA_FEEDBACK"]
    numbers = [row["sequence"] for row in clock_rows(tlog) if row["sequence"]]
    assert [str(m.img_idx) for m in shots] == numbers
    exposures = np.array(tlog.truth.plan.t_ns)[recorder.notes.shot] / 1e3
    assert np.abs(np.array([m.time_usec for m in shots]) - exposures).max() < 3_000
    assert {m.time_unix_usec for m in read["SYSTEM_TIME"][:4]} == {0} and read["SYSTEM_TIME"][-1].time_unix_usec > 1e15


def test_the_gimbal_of_a_tlog_is_told_from_the_nose(tlog: SimFlight) -> None:
    from pymavlink.quaternion import Quaternion

    assert tlog.log is not None
    read, recorder = packets(tlog.log), open_recorder(tlog.truth)
    device = read["GIMBAL_DEVICE_ATTITUDE_STATUS"][300]
    t = (
        device.time_boot_ms / 1e3 * (1 + 25e-6)
        - float(recorder.clocks.boot_ns(np.array(tlog.truth.plan.t_ns[0]))) / 1e9
    )
    yaw, pitch, roll = recorder.gimbal_deg(np.array([t]))[0]
    nose = recorder.body_deg(np.array([t]))[0, 0]
    dcm = Quaternion([float(v) for v in quaternions(np.array([[yaw - nose, pitch, roll]]))[0]]).dcm
    seen = Quaternion([float(v) for v in device.q]).dcm
    forward = (dcm.a.x, dcm.b.x, dcm.c.x)
    assert forward == pytest.approx((seen.a.x, seen.b.x, seen.c.x), abs=2e-3)
    assert forward[2] == pytest.approx(-math.sin(math.radians(pitch)), abs=1e-6)
    mount = read["MOUNT_STATUS"][150]
    assert abs(mount.pointing_a / 100 + 90) < 3 and abs(mount.pointing_c / 100) < 3


def rows_of(path: Path) -> dict[str, list[Any]]:
    """What pymavlink's DFReader reads, by type."""
    from pymavlink import DFReader

    kind = DFReader.DFReader_text if path.suffix == ".log" else DFReader.DFReader_binary
    reader, out = kind(str(path)), {}
    while (message := reader.recv_msg()) is not None:
        out.setdefault(message.get_type(), []).append(message)
    reader.close()
    return out


def test_dfreader_reads_the_log_and_finds_the_plan(dataflash: SimFlight) -> None:
    assert dataflash.log is not None
    read, recorder = rows_of(dataflash.log), open_recorder(dataflash.truth)
    boot = recorder.clocks.boot_ns(np.array(dataflash.truth.plan.t_ns)) / 1e3
    t = np.array([m.TimeUS for m in read["POS"]])
    want = recorder.fixes(moments(recorder))
    assert np.abs(np.interp(boot, t, [m.Lng for m in read["POS"]]) - want.lon_deg).max() * 91_000 < 0.05
    assert np.abs(np.interp(boot, t, [m.Alt for m in read["POS"]]) - want.amsl_m).max() < 0.02
    mnt = np.array([[m.TimeUS, m.YawE, m.Pitch, m.YawB] for m in read["MNT"]])
    gimbal = recorder.gimbal_deg(moments(recorder))
    assert np.abs(np.interp(boot, mnt[:, 0], mnt[:, 2]) - gimbal[:, 1]).max() < 0.02
    turned = (np.interp(boot, mnt[:, 0], np.unwrap(mnt[:, 1], period=360)) - gimbal[:, 0] + 180) % 360 - 180
    assert np.abs(turned).max() < 0.05
    assert [str(m.Img) for m in read["CAM"]] == [r["sequence"] for r in clock_rows(dataflash) if r["sequence"]]
    assert read["PARM"][0].Name == "FORMAT_VERSION" and read["MSG"][0].Message.startswith("ArduCopter")
    assert {m.Label for m in read["UNIT"]} >= {"deglatitude", "s"} and len(read["FMTU"]) == len(read["FMT"])


def test_dfreader_finds_utc_by_gps_week_within_the_receivers_delay(dataflash: SimFlight) -> None:
    assert dataflash.log is not None
    read = rows_of(dataflash.log)
    first = next(m for m in read["GPS"] if m.GWk)
    assert {m.GWk for m in read["GPS"][:20]} == {0}
    assert first.GWk == 2445
    recorder = open_recorder(dataflash.truth)
    shots = np.array(dataflash.truth.plan.t_ns)[recorder.notes.shot] / 1e9
    # pymavlink dates the log by one GPS packet, so that the receiver's delay and the drift since then remain.
    assert np.abs(np.array([m._timestamp for m in read["CAM"]]) - shots).max() < 0.02
    behind = [s - (m.GPSWeek * 604800 + m.GPSTime / 1e3 + 315964782) for s, m in zip(shots, read["CAM"], strict=True)]
    assert min(behind) > -0.003 and max(behind) < 0.2


def test_text_says_what_binary_says(dataflash: SimFlight, tmp_path: Path) -> None:
    made = make_flight(tmp_path / "text", replace(DATAFLASH, log_text=True))
    assert made.log is not None and dataflash.log is not None and made.log.name.endswith(".log")
    text, binary = rows_of(made.log), rows_of(dataflash.log)
    counts = [{kind: len(rows) for kind, rows in read.items()} for read in (text, binary)]
    counts[1]["UNIT"] -= 1  # pymavlink skips a text line whose last value, the unit of "-", is empty
    assert counts[0] == counts[1]
    for kind, column, step in (
        ("POS", "Lat", 1.1e-7),
        ("CAM", "RelAlt", 0.011),
        ("ATT", "Roll", 1e-5),
        ("GPS", "GMS", 0),
    ):
        pairs = zip(text[kind], binary[kind], strict=True)
        assert max(abs(getattr(a, column) - getattr(b, column)) for a, b in pairs) <= step


def test_the_same_seed_gives_the_same_log(tlog: SimFlight, tmp_path: Path) -> None:
    again = make_flight(tmp_path / "again", TLOG)
    assert again.log is not None and tlog.log is not None
    assert again.log.name == tlog.log.name and again.log.read_bytes() == tlog.log.read_bytes()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"log": "ulog"}, "no flight log called 'ulog'"),
        ({"log": "tlog", "trigger_message": "CAM"}, "no trigger message called 'CAM'"),
        ({"log": "tlog", "laser": True}, "one lens"),
        ({"log": "tlog", "log_text": True}, "only a dataflash log"),
        ({"missed_triggers": 0.9}, "missed triggers"),
        ({"photos_kept": False}, "without photos"),
        ({"log": "tlog", "fixed_mount": True, "pattern": "mixed"}, "straight down"),
    ],
)
def test_what_cannot_be_flown_is_refused(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PipelineError, match=sentence):
        replace(PLAIN, **wrong)
