"""Filmed flights: the frames' truth is the photos' truth between exposures, and the files say so."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import PipelineError
from pipeline.sim import FlightConfig, SimFlight, fly, make_flight
from pipeline.sim.footage import Clip, clips, film, video_lens
from pipeline.sim.logs import open_recorder

FILMED = FlightConfig(
    seed=6, strips=2, photos_per_strip=3, width_px=320, height_px=240, height_m=25.0, video=True, photos_kept=False,
    video_size_px=(320, 180), video_s=2.0, clock_offset_s=7.25,
)  # fmt: skip


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> SimFlight:
    return make_flight(tmp_path_factory.mktemp("视频 一") / "1 号", FILMED)


def decoded(path: Path) -> list[np.ndarray]:
    import av

    with av.open(str(path)) as clip:
        return [frame.to_ndarray(format="bgr24") for frame in clip.decode(video=0)]


def cues(path: Path) -> list[dict[str, float]]:
    text = path.read_text("utf-8")
    fields = re.compile(r"(latitude|longitude|rel_alt|abs_alt|gb_yaw|gb_pitch|gb_roll|focal_len): ([-\d.]+)")
    return [{k: float(v) for k, v in fields.findall(block)} for block in text.split("\n\n")]


@pytest.mark.parametrize("profile", ["exact", "real"])
def test_a_frame_at_an_exposure_is_that_photo(profile: Any) -> None:
    recorder = open_recorder(fly(replace(FILMED, profile=profile, pattern="mixed")))
    truth = recorder.truth
    exposures = (np.array(truth.plan.t_ns) - truth.plan.t_ns[0]) / 1e9
    frames = film(recorder, (Clip("X.MP4", exposures),))
    assert np.abs(frames.world_m - truth.world_m).max() < 1e-6
    assert np.abs(frames.world_R_cam - truth.world_R_cam).max() < 1e-9
    assert frames.plan.t_ns == truth.plan.t_ns
    assert frames.plan.strip.tolist() == truth.plan.strip.tolist()
    # The same focal length in pixels of the same width: the video is cut above and below.
    below = (video_lens(truth).height_px - truth.nominal[0].height_px) / 2
    assert np.nanmax(np.abs(frames.px[:, :, 1] - truth.px[:, :, 1] - below)) < 1e-3
    assert np.nanmax(np.abs(frames.px[:, :, 0] - truth.px[:, :, 0])) < 1e-3


def test_clips_lie_in_their_strips() -> None:
    recorder = open_recorder(fly(FILMED))
    first, second = clips(recorder)
    assert len(first.t_s) == len(second.t_s) == 20
    assert np.allclose(np.diff(first.t_s), 0.1)
    ends = [(np.array(recorder.truth.plan.t_ns[i : i + 3]) - recorder.truth.plan.t_ns[0]) / 1e9 for i in (0, 3)]
    for clip, exposures in zip((first, second), ends, strict=True):
        assert clip.t_s.mean() == pytest.approx((exposures[0] + exposures[-1]) / 2)


def test_every_frame_is_in_the_file_and_in_the_answers(filmed: SimFlight) -> None:
    assert filmed.footage is not None
    assert sorted(p.name for p in filmed.flight.iterdir()) == [
        "DJI_0001.MP4", "DJI_0001.SRT", "DJI_0002.MP4", "DJI_0002.SRT",
    ]  # fmt: skip
    names = [f"{video.name}#{i:06d}" for video in filmed.videos for i in range(20)]
    assert list(filmed.footage.photos) == names
    with filmed.poses.open(encoding="utf-8", newline="") as lines:
        assert [row["photo"] for row in csv.DictReader(lines)] == names
    boxes = json.loads(filmed.boxes.read_text("utf-8"))
    assert [image["file_name"] for image in boxes["images"]] == names
    assert {(image["width"], image["height"]) for image in boxes["images"]} == {(320, 180)}
    assert all(len(decoded(video)) == 20 for video in filmed.videos)


def test_the_pixels_are_those_of_the_true_camera(filmed: SimFlight) -> None:
    from pipeline.sim.render import open_studio, photo

    assert filmed.footage is not None
    studio = open_studio(filmed.footage)
    seen = decoded(filmed.videos[1])[13].astype(float)
    here, there = (photo(studio, 20 + i).astype(float) for i in (13, 5))
    assert np.abs(seen - here).mean() < 6 < np.abs(seen - there).mean()


def test_subtitles_tell_what_the_log_would(filmed: SimFlight) -> None:
    recorder = open_recorder(filmed.truth)
    for video, clip in zip(filmed.videos, clips(recorder), strict=True):
        told, fixes, gimbal = cues(video.with_suffix(".SRT")), recorder.fixes(clip.t_s), recorder.gimbal_deg(clip.t_s)
        assert len(told) == len(clip.t_s)
        assert np.abs([c["latitude"] for c in told] - fixes.lat_deg).max() <= 5.1e-7
        assert np.abs([c["longitude"] for c in told] - fixes.lon_deg).max() <= 5.1e-7
        assert np.abs([c["rel_alt"] for c in told] - fixes.relative_m).max() <= 5.1e-4
        assert np.abs([c["abs_alt"] for c in told] - fixes.amsl_m).max() <= 5.1e-4
        assert np.abs([c["gb_pitch"] for c in told] - gimbal[:, 1]).max() <= 0.051
        assert np.abs(([c["gb_yaw"] for c in told] - gimbal[:, 0] + 180) % 360 - 180).max() <= 0.051
    lens = video_lens(filmed.truth)
    focal_px = told[0]["focal_len"] * np.hypot(lens.width_px, lens.height_px) / 43.267
    assert focal_px == pytest.approx(lens.focal_px, rel=5e-4)


def test_cues_follow_each_other_and_show_the_cameras_time(filmed: SimFlight) -> None:
    from datetime import UTC, datetime

    recorder, text = open_recorder(filmed.truth), filmed.videos[0].with_suffix(".SRT").read_text("utf-8")
    marks = re.findall(r"(\d\d:\d\d:\d\d,\d{3}) --> (\d\d:\d\d:\d\d,\d{3})", text)
    assert marks[0] == ("00:00:00,000", "00:00:00,100") and marks[12] == ("00:00:01,200", "00:00:01,300")
    assert [end for _, end in marks[:-1]] == [begin for begin, _ in marks[1:]]
    shown = re.findall(r"^(\d{4}-.*)$", text, re.M)[0]
    local = datetime.strptime(shown, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC).timestamp()
    begun = int(recorder.clocks.utc_ns(clips(recorder)[0].t_s[:1])[0]) / 1e9
    assert local == pytest.approx(begun + 8 * 3600 + 7.25, abs=0.0011)


def test_subtitles_may_leave_the_gimbal_out_and_clips_their_pixels(tmp_path: Path) -> None:
    made = make_flight(tmp_path / "bare", replace(FILMED, srt_gimbal=False, pixels=False, video_s=0.5))
    assert "gb_" not in made.videos[0].with_suffix(".SRT").read_text("utf-8")
    # FFmpeg's quick way from RGB to YUV and back costs a few levels.
    assert all(frame.std() < 2 and abs(frame.mean() - 128) < 6 for frame in decoded(made.videos[0]))


def test_photos_log_and_clips_come_off_one_card(tmp_path: Path) -> None:
    config = replace(FILMED, log="dataflash", photos_kept=True, pixels=False, video_s=0.5)
    seen: list[tuple[int, int]] = []
    made = make_flight(tmp_path / "all", config, lambda done, total: seen.append((done, total)))
    assert {p.suffix for p in made.flight.iterdir()} == {".JPG", ".MP4", ".SRT", ".BIN"}
    images = json.loads(made.boxes.read_text("utf-8"))["images"]
    assert [image["id"] for image in images] == list(range(1, 6 + 2 * 5 + 1))
    assert [image["width"] for image in images] == [320] * 16 and images[6]["file_name"] == "DJI_0001.MP4#000000"
    assert seen[-1] == (16, 16)


def test_the_same_seed_gives_the_same_clips(filmed: SimFlight, tmp_path: Path) -> None:
    again = make_flight(tmp_path / "again", FILMED)
    for one, other in zip(sorted(filmed.root.rglob("*")), sorted(again.root.rglob("*")), strict=True):
        assert one.is_dir() or one.read_bytes() == other.read_bytes(), one.name


def test_odd_rasters_are_refused() -> None:
    with pytest.raises(PipelineError, match="even numbers"):
        replace(FILMED, video_size_px=(321, 180))
