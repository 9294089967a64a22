"""footage: frames chosen by ground or by time, posed by subtitles or logs, and told apart from what is not known."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import MissionError
from pipeline.ingest import open_mission
from pipeline.ingest.footage import Footage, footage_frames
from pipeline.ingest.mission_file import CameraSpec, MissionFile
from pipeline.ingest.sampling import HOVER_S, Sampling, sampled
from pipeline.ingest.track import Attitudes, LogClock, Positions, Track
from pipeline.types import Camera, Ground
from tests.films import HEIGHT_PX, WIDTH_PX, film, subtitles

NOON_NS = 1_714_536_000 * 10**9  # 2024-05-01 04:00 UTC, 12:00 in Shanghai
FOCAL_PX = 24 / 43.267 * math.hypot(WIDTH_PX, HEIGHT_PX)
EVERY_SECOND = Sampling(every_s=1.0)


@pytest.fixture(scope="module")
def card(tmp_path_factory) -> Path:
    """A video of 4 s with its creation time, without subtitles."""
    folder = tmp_path_factory.mktemp("卡 1")
    film(folder / "DJI_0001.MP4", created="2024-05-01T04:00:00Z")
    return folder


@pytest.fixture
def flight(card, tmp_path) -> Path:
    shutil.copy(card / "DJI_0001.MP4", tmp_path)
    return tmp_path


def read(
    folder: Path, told: MissionFile | None = None, tracks=(), ground=None, assume=None, how=EVERY_SECOND
) -> Footage:
    return footage_frames(
        sorted(folder.glob("*.MP4")), folder, told or MissionFile(), tracks, ground or Ground(), assume, how
    )


def log(start_ns: int = NOON_NS - 10**9, seconds: int = 10) -> Track:
    """A log in UTC: flying north at 10 m/s, 50 m above home and 70 m above EGM96, its gimbal straight down."""
    t_ns = start_ns + np.arange(seconds * 5 + 1, dtype=np.int64) * 200_000_000
    n, since_s = len(t_ns), (t_ns - NOON_NS) / 1e9
    where = Positions(
        t_ns, 30 + since_s * 10 / 111_320, np.full(n, 114.0), np.full(n, 70.0), np.full(n, 50.0),
        np.tile([10.0, 0, 0], (n, 1)), np.full(n, np.nan), "POS",
    )  # fmt: skip
    look = Attitudes(t_ns, np.full(n, 3.0), np.full(n, -90.0), np.zeros(n), "MNT")
    return Track("飞行.bin", "dataflash", where, gimbal=look, clock=LogClock("GPS", 0.02))


def test_frames_carry_pose_camera_time_and_where_all_of_it_came_from(flight):
    subtitles(flight / "dji_0001.srt")
    found = read(flight)
    assert [f.id for f in found.frames] == [f"DJI_0001.MP4#{n:06d}" for n in (0, 10, 20, 30)]
    assert [f.index for f in found.frames] == [0, 1, 2, 3] and not found.skipped and not found.warnings
    frame = found.frames[2]
    assert frame.problem == "" and frame.exposure == frame.id and frame.pts is not None and frame.assumed == ()
    assert frame.pose is not None and frame.pose.attitude is not None and frame.camera is not None
    assert frame.pose.t_ns == NOON_NS + 2 * 10**9
    assert frame.pose.at.lat_deg == pytest.approx(30 + 20 / 111_320, abs=2e-8)
    assert frame.pose.attitude.pitch_deg == -90 and frame.pose.attitude.yaw_deg == 0.5
    assert frame.camera.fx_px == pytest.approx(FOCAL_PX) and frame.camera.focal_sigma == 0.10
    assert frame.height_above_takeoff_m == 60
    assert found.ground.plane_alt_m == pytest.approx(frame.pose.at.alt_m - 60)
    told = dict(frame.sources)
    assert told["position"] == told["attitude"] == "subtitles dji_0001.srt"
    assert "zone" in told["time"] and "take-off" in told["height"]
    (track,) = found.logs
    assert track.clock is not None and track.positions is not None and track.positions.t_ns[0] == NOON_NS


def test_the_error_grows_with_speed_times_the_time_between_cues(flight):
    subtitles(flight / "DJI_0001.SRT", rate_hz=1.0, cues=5)
    slow = read(flight).frames[1].pose
    subtitles(flight / "DJI_0001.SRT", rate_hz=10.0, cues=40)
    fast = read(flight).frames[1].pose
    assert slow is not None and fast is not None
    assert slow.own.north_m > 2.5 > 0.7 > fast.own.north_m and slow.own.east_m < 0.8


def test_without_attitude_no_position_but_straight_down_may_be_assumed(flight):
    subtitles(flight / "DJI_0001.SRT", gimbal=False)
    frames = read(flight).frames
    assert all(f.problem == "no attitude: the subtitles do not say where the camera looked" for f in frames)
    assumed = read(flight, assume="nadir").frames
    assert all(f.assumed == ("attitude",) and not f.problem for f in assumed)
    pose = assumed[1].pose
    assert pose is not None and pose.attitude is not None and pose.own.pitch_deg == 10
    assert (pose.attitude.pitch_deg, abs(round(pose.attitude.yaw_deg, 6))) == (-90, 0)


def test_frames_beyond_the_subtitles_say_so(flight):
    subtitles(flight / "DJI_0001.SRT", cues=15)
    frames = read(flight).frames
    assert [bool(f.problem) for f in frames] == [False, False, True, True]
    assert "no position: DJI_0001.SRT: taken 0.6 s after" in frames[2].problem and frames[2].pose is None


def test_a_log_in_utc_stands_in_for_subtitles(flight):
    found = read(flight, tracks=[log(seconds=3), log()])
    frame = found.frames[2]
    assert frame.problem == "no position" or frame.pose is not None
    assert frame.pose is not None and frame.pose.attitude is not None
    assert frame.pose.at.lat_deg == pytest.approx(30 + 20 / 111_320, abs=2e-8)
    assert "log 飞行.bin" in dict(frame.sources)["position"] and frame.assumed == ("time",)
    assert frame.problem.startswith("the focal length is unknown")
    assert any("began at its container's creation time" in w for w in found.warnings)
    assert frame.pose.own.north_m > 9  # a second, at 10 m/s
    corrected = read(flight, MissionFile(photos_minus_log_s=1.0), [log()])
    assert corrected.frames[2].assumed == () and corrected.frames[2].pose is not None
    assert corrected.frames[2].pose.at.lat_deg == pytest.approx(30 + 10 / 111_320, abs=2e-8)


def test_a_video_of_which_nothing_is_known_is_skipped_with_the_reason(flight):
    for tracks in ((), (log(NOON_NS + 10**12),)):
        found = read(flight, tracks=tracks)
        assert found.frames == ()
        (skip,) = found.skipped
        assert skip.frame_id == "DJI_0001.MP4" and "no subtitles with positions" in skip.reason
    subtitles(flight / "DJI_0001.SRT", positions=False)
    assert "no log covers its time" in read(flight).skipped[0].reason


def test_damaged_files_are_named_and_the_others_used(flight):
    subtitles(flight / "DJI_0001.SRT")
    (flight / "DJI_0002.MP4").write_bytes((flight / "DJI_0001.MP4").read_bytes()[:-2000])
    shutil.copy(flight / "DJI_0001.MP4", flight / "DJI_0003.MP4")
    (flight / "DJI_0003.SRT").write_bytes(b"")
    found = read(flight)
    assert {f.id.partition("#")[0] for f in found.frames} == {"DJI_0001.MP4"}
    assert [s.frame_id for s in found.skipped] == ["DJI_0002.MP4", "DJI_0003.MP4"]
    assert any("DJI_0003.SRT: the file is empty" in w for w in found.warnings)


def test_heights_stand_on_the_photos_take_off_on_a_dem_or_on_a_plane_given(flight):
    subtitles(flight / "DJI_0001.SRT")
    alone = read(flight)
    with_photos = read(flight, ground=Ground(plane_alt_m=123.0, sigma_m=3.0))
    assert with_photos.ground.plane_alt_m == 123 and with_photos.frames[0].pose is not None
    assert with_photos.frames[0].pose.at.alt_m == pytest.approx(183)
    for ground in (Ground(dem="dem.tif"), Ground(plane_alt_m=5.0)):
        found = read(flight, ground=ground)
        assert found.ground == ground and found.frames[0].pose is not None and alone.frames[0].pose is not None
        assert found.frames[0].pose.at.alt_m == pytest.approx(alone.frames[0].pose.at.alt_m, abs=0.01)
        assert found.frames[0].pose.shared.up_m == 3 and "absolute" in dict(found.frames[0].sources)["height"]


def test_the_mission_files_camera_counts_where_it_names_the_videos_size(flight):
    subtitles(flight / "DJI_0001.SRT")
    for size, focal_px in ((WIDTH_PX, 300.0), (4000, FOCAL_PX), (None, FOCAL_PX)):
        spec = CameraSpec(width_px=size, height_px=size and HEIGHT_PX, focal_px=300.0)
        camera = read(flight, MissionFile(camera=spec)).frames[0].camera
        assert camera is not None and camera.fx_px == pytest.approx(focal_px)


def test_a_picture_that_players_turn_is_used_as_it_is_stored(flight):
    subtitles(flight / "DJI_0001.SRT")
    film(flight / "DJI_0001.MP4", rotation_deg=90, created="2024-05-01T04:00:00Z")
    found = read(flight)
    assert found.frames[0].camera is not None and found.frames[0].camera.width_px == WIDTH_PX
    assert "is shown turned by" in found.warnings[0]


def test_a_zoom_that_changes_has_no_camera(flight):
    path = subtitles(flight / "DJI_0001.SRT")
    path.write_text(
        path.read_text(encoding="utf-8").replace("focal_len: 24.00", "focal_len: 48.00", 9), encoding="utf-8"
    )
    assert "focal length changes" in read(flight).frames[0].problem


def test_printed_times_take_the_zone_told_else_the_containers_else_shanghai(flight, tmp_path):
    subtitles(flight / "DJI_0001.SRT")
    told = read(flight, MissionFile(tz="UTC")).frames[0]
    assert told.pose is not None and told.pose.t_ns == NOON_NS + 8 * 3600 * 10**9
    film(flight / "DJI_0001.MP4", created="2024-05-01T12:00:00Z")  # local time written as UTC
    found = read(flight)
    assert found.frames[0].pose is not None and found.frames[0].pose.t_ns == NOON_NS
    assert "assumed: times printed for DJI_0001.MP4 are those of Asia/Shanghai" in found.warnings[0]
    film(flight / "DJI_0001.MP4", created="2024-05-01T02:00:00Z")
    found = read(flight)
    assert found.frames[0].pose is not None and found.frames[0].pose.t_ns == NOON_NS - 2 * 3600 * 10**9


def test_open_mission_puts_footage_into_the_flight(flight):
    subtitles(flight / "DJI_0001.SRT")
    mission = open_mission(flight, sampling=EVERY_SECOND)
    assert [f.id for f in mission.frames] == [f"DJI_0001.MP4#{n:06d}" for n in (0, 10, 20, 30)]
    (facts,) = mission.logs
    assert facts.kind == "srt" and facts.start_ns == NOON_NS and facts.gimbal == 40
    (facts,) = open_mission(flight, tz="UTC").logs
    assert facts.start_ns == NOON_NS + 8 * 3600 * 10**9


# --- which frames -----------------------------------------------------------------------------------------------


def way(speed_mps: float, height_m: float, seconds: int, turn_dps: float = 0.0) -> Track:
    t_ns = np.arange(seconds * 5 + 1, dtype=np.int64) * 200_000_000
    n, since_s = len(t_ns), t_ns / 1e9
    where = Positions(
        t_ns, 30 + since_s * speed_mps / 111_320, np.full(n, 179.9999), np.full(n, np.nan), np.full(n, height_m),
        np.full((n, 3), np.nan), np.full(n, np.nan), "x",
    )  # fmt: skip
    look = Attitudes(t_ns, (since_s * turn_dps + 180) % 360 - 180, np.full(n, -90.0), np.zeros(n), "x")
    return Track("x", "srt", where, gimbal=look)


@settings(max_examples=30)
@given(
    speed=st.floats(0, 20),
    height=st.floats(15, 150),
    overlap=st.floats(0, 0.9),
    key=st.integers(1, 60),
    rate=st.integers(10, 30),
)
def test_neighbours_overlap_as_asked_and_no_second_is_forgotten(speed, height, overlap, key, rate):
    t_ns = np.rint(np.arange(40 * rate) * 1e9 / rate).astype(np.int64)
    camera = Camera(1600, 900, 1000.0, 1000.0, 799.5, 449.5)
    chosen = sampled(t_ns, np.arange(len(t_ns)) % key == 0, way(speed, height, 40), camera, Sampling(overlap))
    steps_s = np.diff(t_ns[chosen]) / 1e9
    ground_m = height * 0.9
    assert chosen[0] == 0 and np.all(np.diff(chosen) > 0)
    assert steps_s.max() <= HOVER_S + 0.01
    allowed_m = max((1 - overlap) * ground_m, speed * (0.2 + 1 / rate))
    assert (steps_s * speed).max() <= allowed_m + 0.1
    assert (t_ns[-1] - t_ns[chosen[-1]]) / 1e9 * speed <= allowed_m + 0.1
    if key > 2 and speed > 5 and overlap < 0.8:  # nor are there many more than needed
        assert len(chosen) <= 40 * speed / (allowed_m * 0.6) + 40 / (HOVER_S * 0.6) + 2


def test_a_camera_that_turns_in_place_is_followed():
    t_ns = np.arange(400, dtype=np.int64) * 100_000_000
    still = sampled(t_ns, np.zeros(400, bool), way(0, 50, 40), None, Sampling())
    turning = sampled(t_ns, np.zeros(400, bool), way(0, 50, 40, turn_dps=20), None, Sampling())
    assert len(still) == 9 and len(turning) > 40


def test_key_frames_are_preferred_near_the_end_of_a_step():
    t_ns = np.arange(400, dtype=np.int64) * 100_000_000
    keys = np.arange(400) % 9 == 0
    chosen = sampled(t_ns, keys, way(5, 50, 40), None, Sampling())
    assert keys[chosen].mean() > 0.9


def test_by_time_alone():
    t_ns = np.rint(np.arange(300) * 1e9 * 1001 / 30_000).astype(np.int64)
    chosen = sampled(t_ns, np.ones(300, bool), way(20, 50, 40), None, Sampling(every_s=2.0))
    assert np.allclose(np.diff(t_ns[chosen]) / 1e9, 2.0, atol=1 / 29)


def test_a_day_of_video_is_not_more_than_can_be_looked_at(monkeypatch):
    monkeypatch.setattr("pipeline.ingest.sampling.MAX_FRAMES", 50)
    t_ns = np.arange(400, dtype=np.int64) * 100_000_000
    for how in (Sampling(), Sampling(every_s=0.1)):
        assert 30 < len(sampled(t_ns, np.zeros(400, bool), way(20, 15, 40), None, how)) <= 58


@pytest.mark.parametrize("wrong", [{"overlap": 1.0}, {"overlap": -0.1}, {"every_s": 0.0}, {"every_s": math.nan}])
def test_samplings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(MissionError, match="video_"):
        Sampling(**wrong)


# --- real -------------------------------------------------------------------------------------------------------


def test_real_videos_without_pose_are_skipped_with_the_reason(real_data):
    folder = real_data("logs/video")
    found = footage_frames(sorted(folder.glob("*.mp4")), folder, MissionFile(), [], Ground(), None)
    assert found.frames == () and [s.frame_id for s in found.skipped] == ["gopro_karma.mp4", "sample5s.mp4"]
    assert "no log covers its time" in found.skipped[0].reason and "it has no time" in found.skipped[1].reason


def test_a_real_subtitle_file_beside_a_video(real_data, flight):
    shutil.copyfile(real_data("logs/srt/p4_rtk.SRT"), flight / "DJI_0001.SRT")
    frames = read(flight).frames
    assert len(frames) == 4 and frames[1].pose is not None and frames[1].pose.attitude is not None
    assert frames[1].pose.at.lat_deg == pytest.approx(-34.237911, abs=1e-6)
    assert (frames[1].pose.attitude.pitch_deg, frames[1].height_above_takeoff_m) == (-24.4, pytest.approx(85.83))
