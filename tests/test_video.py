"""video: every frame is the one that was asked for, damage is never passed on, and nothing but the file is opened."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import imagery, video
from pipeline.errors import ImageryError
from pipeline.types import Frame
from tests.films import HEIGHT_PX, WIDTH_PX, film, number_of

FASTSTART = {"movflags": "faststart"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return film(tmp_path_factory.mktemp("视频 1 号") / "DJI 0001 100%.MP4", created="2024-05-01T04:00:00Z")


@pytest.mark.parametrize(
    ("name", "encoder"), [("a.mp4", None), ("b.mov", "mpeg4"), ("c.mkv", None), ("d.avi", "mpeg4"), ("e.m4v", None)]
)
def test_every_frame_is_the_one_asked_for(tmp_path, name, encoder):
    path = film(tmp_path / name, encoder=encoder)
    found = video.probe(path)
    assert len(found.pts) == 40 and found.faults == ()
    seen = dict(video.frames(path, found.pts.tolist()))
    assert [number_of(seen[int(p)]) for p in found.pts] == list(range(40))
    assert number_of(video.read_frame(path, int(found.pts[27]))) == 27


def test_what_the_packets_tell(clip):
    found = video.probe(clip)
    assert (found.width_px, found.height_px, found.frames_told, found.rotation_deg) == (WIDTH_PX, HEIGHT_PX, 40, 0)
    assert found.rate_hz == pytest.approx(10) and found.duration_s == pytest.approx(3.9)
    assert found.t_ns(found.pts).tolist() == [i * 100_000_000 for i in range(40)]
    assert found.created_ns == 1_714_536_000 * 10**9
    assert np.isin(found.key_pts, found.pts).all() and len(found.key_pts) == 4


@settings(max_examples=25)
@given(wanted=st.sets(st.integers(0, 39), min_size=1, max_size=6))
def test_any_choice_of_frames_has_the_pixels_of_the_whole(clip, wanted):
    pts = video.probe(clip).pts
    some = dict(video.frames(clip, [int(pts[i]) for i in wanted]))
    assert {number_of(image) for image in some.values()} == wanted
    assert all(np.array_equal(image, video.read_frame(clip, p)) for p, image in list(some.items())[:1])


def test_frames_that_lead_a_key_frame_are_reached_from_the_one_before(tmp_path):
    path = film(tmp_path / "one key.mp4", frames=30, key_every=300)
    pts = video.probe(path).pts
    assert number_of(video.read_frame(path, int(pts[-2]))) == 28


def test_between_far_frames_it_seeks_and_within_a_stretch_it_decodes_on(clip, monkeypatch):
    pts = video.probe(clip).pts
    begun, decoded = [], []
    real = video._decode

    def counted(container, stream):
        begun.append(1)
        for frame in real(container, stream):
            decoded.append(frame.pts)
            yield frame

    monkeypatch.setattr(video, "_decode", counted)
    assert len(dict(video.frames(clip, [int(pts[i]) for i in (1, 3, 5, 31)]))) == 4
    assert len(begun) == 2 and len(decoded) <= 6 + 2


def test_a_frame_that_is_not_there_is_left_out(clip):
    pts = video.probe(clip).pts
    asked = [int(pts[3]), int(pts[3]) + 1, int(pts[-1]) + 10_000]
    assert [p for p, _ in video.frames(clip, asked)] == asked[:1]
    with pytest.raises(ImageryError, match="x#000099: this frame of the video cannot be decoded"):
        video.read_frame(clip, asked[1], "x#000099")


def test_a_cut_file_gives_what_is_whole_and_says_how_much_that_is(tmp_path):
    path = film(tmp_path / "cut.mp4", options=FASTSTART)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    found = video.probe(path)
    assert 5 < len(found.pts) < 40
    assert any(f"{len(found.pts)} of 40 frames could be read" in f for f in found.faults)
    seen = dict(video.frames(path, found.pts.tolist()))
    assert len(seen) >= len(found.pts) - 3
    assert all(number_of(image) == i for i, p in enumerate(found.pts) if (image := seen.get(int(p))) is not None)


def test_a_container_that_counts_no_frames_is_held_to_its_length(tmp_path):
    path = film(tmp_path / "cut.mkv")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = video.probe(path)
    assert found.frames_told == 0 and any("of 4.0 s could be read" in f for f in found.faults)


def test_a_recording_cut_off_before_its_index_is_refused_with_a_word(tmp_path):
    path = film(tmp_path / "cut.mp4")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ImageryError, match=r"cut\.mp4: cannot be opened as a video: its index is missing"):
        video.probe(path)


@pytest.mark.parametrize("name", ["d.mp4", "d.mkv"])
def test_damage_loses_frames_and_never_shows_others(tmp_path, name):
    path = film(tmp_path / name, frames=60)
    whole = dict(video.frames(path, video.probe(path).pts.tolist()))
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4000] = np.random.default_rng(2).bytes(4000)
    path.write_bytes(bytes(data))
    seen = dict(video.frames(path, list(whole)))
    assert 25 < len(seen) < 60
    assert all(number_of(image) == number_of(whole[p]) for p, image in seen.items())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "not an MP4"),
        (b"#EXTM3U\n#EXTINF:1\nhttp://127.0.0.1:9/x.ts\n", "not an MP4"),
        (b"\0\0\0\x18ftypisom" + bytes(4000), "index is missing or damaged"),
        (b"RIFF" + bytes(400), "it is damaged"),
        (b"\x1aE\xdf\xa3" + bytes(400), "it is damaged"),
    ],
)
def test_what_is_no_video_is_refused_with_a_sentence(tmp_path, content, why):
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    with pytest.raises(ImageryError, match=why):
        video.probe(path)


def test_missing_files_folders_and_pipes_are_refused(tmp_path):
    with pytest.raises(ImageryError, match="cannot be read"):
        video.probe(tmp_path / "none.mp4")
    with pytest.raises(ImageryError, match="is not a file"):
        video.probe(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.mp4")
        with pytest.raises(ImageryError, match="is not a file"):
            video.probe(tmp_path / "pipe.mp4")


def test_sizes_and_lengths_are_capped(tmp_path, monkeypatch):
    path = film(tmp_path / "a.mp4", frames=5)
    monkeypatch.setattr(video, "MAX_PIXELS", 10_000)
    with pytest.raises(ImageryError, match="256 × 96 pixels are more"):
        video.probe(path)
    monkeypatch.undo()
    monkeypatch.setattr(video, "MAX_HOURS", 0)
    with pytest.raises(ImageryError, match="lasts longer"):
        video.probe(film(tmp_path / "b.mp4", frames=5))
    monkeypatch.undo()
    monkeypatch.setattr(video, "MAX_FRAMES", 3)
    assert "only the first 3 frames" in video.probe(film(tmp_path / "c.mp4", frames=5)).faults[-1]


def test_imagery_reads_a_frame_by_its_time_stamp(clip):
    pts = video.probe(clip).pts
    frames = [Frame(f"v.mp4#{i:06d}", str(clip), i, None, None, pts=int(pts[i])) for i in (7, 31)]
    assert number_of(imagery.read(frames[1])) == 31
    assert [(f.index, number_of(image)) for f, image in imagery.read_all(frames[::-1])] == [(7, 7), (31, 31)]
    gone = Frame("v.mp4#000099", str(clip), 0, None, None, pts=99)
    (pair,) = imagery.read_all([gone])
    assert "v.mp4#000099: this frame of the video cannot be decoded" in str(pair[1])


def test_a_picture_is_named_by_its_file_and_number():
    assert imagery.video_and_number("a/b.MP4#000123") == ("a/b.MP4", 123)
    assert imagery.video_and_number("a/b#12.jpg") == ("a/b#12.jpg", None)
    assert imagery.original_key("ff", "a/b.MP4#000123") == "ff#000123"
    assert imagery.original_key("ff", "a/b.jpg") == "ff"


@pytest.mark.parametrize(("name", "frames"), [("gopro_karma.mp4", 362), ("sample5s.mp4", 171)])
def test_real_videos(real_data, name, frames):
    path = real_data(f"logs/video/{name}")
    found = video.probe(path)
    assert len(found.pts) == found.frames_told == frames and not found.faults
    wanted = found.pts[:: frames // 6].tolist()
    assert [p for p, _ in video.frames(path, wanted)] == wanted
