"""Plumes in hover clips, through whole runs: what drifts is raised, what lies still is lowered, whoever works on it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import video
from pipeline.config import RunConfig
from pipeline.flow import hover
from pipeline.flow.hover import CLIP_S, Clip, hover_clips, weighed, with_motion
from pipeline.flow.run import run
from pipeline.ingest import open_mission
from pipeline.types import Attitude, Detection, Frame, GeoPoint, Hit, Looked, Pose, Sighting, Skipped
from tests import films
from tests.detect import puffs
from tests.flow.test_run import KILLED, equal_bytes

WIDTH_PX, HEIGHT_PX = 480, 360
RATE_HZ = Fraction(10, 3)
FRAMES = 54  # 16 s
SEARCHED = 5  # of them
DRIFTING, HEAP = (110.0, 100.0, 235.0, 215.0), (300.0, 60.0, 425.0, 175.0)


@dataclass(frozen=True)
class Card:
    """A flight of one film with what a detector would have found in every frame."""

    flight: Path
    boxes: Path


def pictures() -> list[puffs.Image]:
    """A swaying camera over ground with a plume that drifts and one that is painted on it."""
    rng, made = np.random.default_rng(3), []
    still, _ = puffs.smoke(puffs.ground(2, WIDTH_PX, HEIGHT_PX), (305.0, 165.0), (410.0, 75.0), widths=(6.0, 34.0))
    for k in range(FRAMES):
        image, _ = puffs.smoke(still, (115.0, 205.0), (220.0, 115.0), phase=0.35 * k, widths=(6.0, 34.0))
        turn = cv2.getRotationMatrix2D((240, 180), 0.5 * np.sin(1.1 * k), 1.0)
        turn[:, 2] += 2.0 * np.array([np.sin(0.9 * k), 1 - np.cos(1.3 * k)])
        swayed = cv2.warpAffine(image, turn, (WIDTH_PX, HEIGHT_PX), borderMode=cv2.BORDER_REFLECT)
        made.append(np.clip(swayed + rng.normal(0, 1.5, swayed.shape), 0, 255).astype(np.uint8))
    return made


def write(path: Path, shown: list[puffs.Image], key_every: int = 12) -> None:
    import av

    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(films.codec(), rate=RATE_HZ, options={"crf": "18", "sc_threshold": "0"})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = WIDTH_PX, HEIGHT_PX, "yuv420p", key_every
        stream.codec_context.thread_count = 1
        for image in shown:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        out.mux(stream.encode(None))


def found_everywhere(path: Path, name: str) -> None:
    boxes = {"smoke": DRIFTING, "dust": HEAP, "outfall": DRIFTING}
    images = [{"id": i, "file_name": f"{name}#{i:06d}", "width": WIDTH_PX, "height": HEIGHT_PX} for i in range(FRAMES)]
    annotations = [
        {"image_id": i, "category_id": n, "bbox": [x0, y0, x1 - x0, y1 - y0], "score": 0.5, "point": [x0 + 5, y1 - 5]}
        for i in range(FRAMES)
        for n, (x0, y0, x1, y1) in enumerate(boxes.values())
    ]
    categories = [{"id": n, "name": label} for n, label in enumerate(boxes)]
    told = {"schema_version": 1, "images": images, "categories": categories, "annotations": annotations}
    path.write_text(json.dumps(told), encoding="utf-8")


@pytest.fixture(scope="module")
def shown() -> list[puffs.Image]:
    return pictures()


@pytest.fixture(scope="module")
def card(shown, tmp_path_factory) -> Card:
    return made(tmp_path_factory.mktemp("悬停 视频"), shown, north_mps=0.0)


def made(root: Path, shown: list[puffs.Image], north_mps: float) -> Card:
    flight = root / "1 号"
    flight.mkdir(parents=True)
    write(flight / "DJI_0001.MP4", shown)
    films.subtitles(flight / "DJI_0001.SRT", FRAMES, rate_hz=float(RATE_HZ), north_mps=north_mps)
    found_everywhere(root / "boxes.json", "DJI_0001.MP4")
    return Card(flight, root / "boxes.json")


def config(card: Card, **changes: Any) -> RunConfig:
    return RunConfig(boxes=str(card.boxes), **{"workers": 1, "adjust": "off", **changes})


@pytest.fixture(scope="module")
def done(card, tmp_path_factory) -> Path:
    return run(card.flight, tmp_path_factory.mktemp("runs") / "航次", config(card)).folder


def hits_of(folder: Path) -> dict[str, dict[str, Any]]:
    told = json.loads((folder / "hits.geojson").read_bytes())
    return {f["properties"]["class"]: f["properties"] for f in told["features"]}


def test_a_drifting_plume_is_raised_and_a_painted_one_lowered(done, schema) -> None:
    schema("hits").validate(json.loads((done / "hits.geojson").read_bytes()))
    hits = hits_of(done)
    assert {k: len(h["evidence"]) for k, h in hits.items()} == dict.fromkeys(("smoke", "dust", "outfall"), SEARCHED)
    assert hits["smoke"]["confidence"] > 0.7 and hits["dust"]["confidence"] < 0.3
    assert hits["outfall"]["confidence"] == 0.5
    assert all(e["motion"] > 0.1 for e in hits["smoke"]["evidence"])
    assert all(e["motion"] < 0.05 for e in hits["dust"]["evidence"])
    assert not any("motion" in e for e in hits["outfall"]["evidence"])
    assert all(e["confidence"] == 0.5 for h in hits.values() for e in h["evidence"])


def test_each_source_has_one_track_of_all_frames(done) -> None:
    for hit in hits_of(done).values():
        (track,) = hit["tracks"]
        assert (track["source"], track["frames"]) == ("DJI_0001.MP4", SEARCHED)
        assert {e["track"] for e in hit["evidence"]} == {track["id"]}
        assert track["last_seen"] > track["first_seen"]


@pytest.mark.slow
def test_workers_and_a_kill_change_nothing(card, done, tmp_path) -> None:
    assert equal_bytes(done, run(card.flight, tmp_path / "two", config(card, workers=2)).folder)
    out = tmp_path / "killed"
    code = KILLED.replace('dem=sys.argv[4], dem_datum="egm96", workers=1', 'adjust="off", workers=1')
    command = [sys.executable, "-c", code, card.flight, out, card.boxes, "-", "2"]
    assert subprocess.run(list(map(str, command)), check=False).returncode != 0
    assert equal_bytes(done, run(card.flight, out, config(card, resume=True)).folder)


def test_the_cut_into_ranges_changes_nothing(card) -> None:
    mission = open_mission(card.flight)
    clips = hover_clips(mission.frames)
    assert sorted(clips) == [f.id for f in mission.frames]
    box = Detection("", "smoke", 0.5, DRIFTING, (120.0, 210.0))
    found = [Looked(f.id, "0" * 64, 1.0, (replace(box, frame_id=f.id),)) for f in mission.frames]
    whole = with_motion(found, clips)
    assert whole == [x for part in ([found[0]], found[1:3], found[3:]) for x in with_motion(part, clips)]
    assert all(x.detections[0].motion is not None for x in whole if isinstance(x, Looked))


def test_a_film_in_flight_is_left_alone(shown, tmp_path) -> None:
    card = made(tmp_path / "fly", shown, north_mps=3.0)
    assert hover_clips(open_mission(card.flight).frames) == {}
    hits = hits_of(run(card.flight, tmp_path / "r", config(card)).folder)
    assert all("motion" not in e and e["track"] for h in hits.values() for e in h["evidence"])


def test_a_film_is_decoded_once_and_little_of_it_is_kept(card, monkeypatch) -> None:
    mission = open_mission(card.flight)
    clips = hover_clips(mission.frames)
    asked: list[int] = []
    most: list[int] = []
    real, pictures_of = video.frames, hover._pictures
    monkeypatch.setattr(video, "frames", lambda p, wanted: (asked.extend(wanted), real(p, wanted))[1])
    monkeypatch.setattr(hover, "_pictures", lambda c, kept: (most.append(len(kept)), pictures_of(c, kept))[1])
    box = Detection("", "dust/pile", 0.5, DRIFTING, (120.0, 210.0))
    with_motion([Looked(f.id, "0" * 64, 1.0, (replace(box, frame_id=f.id),)) for f in mission.frames], clips)
    assert sorted(asked) == sorted({p for c in clips.values() for p in c.pts})
    assert len(most) == SEARCHED and max(most) <= 20


def test_frames_with_nothing_that_drifts_are_not_decoded_again(card, monkeypatch) -> None:
    clips = hover_clips(open_mission(card.flight).frames)
    monkeypatch.setattr(video, "frames", lambda p, wanted: pytest.fail("decoded"))
    box = Detection("", "outfall", 0.5, DRIFTING, (120.0, 210.0))
    found = [Looked(i, "0" * 64, 1.0, (replace(box, frame_id=i),)) for i in clips]
    assert with_motion([*found, Skipped("x", "y")], clips) == [*found, Skipped("x", "y")]


def test_a_clip_that_tells_nothing_leaves_the_finding_as_it_was(card, tmp_path) -> None:
    name = next(iter(hover_clips(open_mission(card.flight).frames)))
    box = Detection(name, "smoke", 0.5, DRIFTING, (120.0, 210.0))
    found = [Looked(name, "0" * 64, 1.0, (box,))]
    film = str(card.flight / "DJI_0001.MP4")
    told = video.probe(film).pts
    for clip in (
        Clip(name, film, tuple(int(p) for p in told[:3])),  # too short
        Clip(name, film, (int(told[0]) - 1, *(int(p) for p in told[:9]))),  # the frame itself is not there
        Clip(name, str(tmp_path / "gone.mp4"), tuple(int(p) for p in told[:9])),
    ):
        assert with_motion(found, {name: clip}) == found


# --- which frames stand still -------------------------------------------------------------------------------------


def frames_at(path: Path, rows: list[tuple[int, float, float, float]]) -> list[Frame]:
    """Frames of a film by (number, metres north, yaw, pitch)."""
    told = video.probe(path).pts
    return [
        Frame(
            f"v.mp4#{i:06d}", str(path), i, pts=int(told[i]), camera=None,
            pose=Pose(None, GeoPoint(30 + north / 111_320, 114.0, 60.0), Attitude(yaw, pitch)),
        )
        for i, north, yaw, pitch in rows
    ]  # fmt: skip


@pytest.fixture(scope="module")
def long_film(tmp_path_factory) -> Path:
    return films.film(tmp_path_factory.mktemp("f") / "v.mp4", frames=250)  # 25 s


def test_clips_lie_within_the_time_that_the_camera_stood(long_film) -> None:
    """Flown to 6 s, standing to 19 s, flown again; looked at every second."""
    rows = [(10 * k, 5.0 * max(0, 6 - k) + 5.0 * max(0, k - 19), 10.0, -90.0) for k in range(25)]
    clips = hover_clips(frames_at(long_film, rows))
    assert sorted(clips) == [f"v.mp4#{10 * k:06d}" for k in range(6, 20)]
    told = video.probe(long_film)
    for clip in clips.values():
        t_s = told.t_ns(np.array(clip.pts)) / 1e9
        assert t_s.min() >= 6 and t_s.max() <= 19 and np.ptp(t_s) == pytest.approx(CLIP_S, abs=0.11)
        assert len(clip.pts) == 10 and clip.pts[0] == told.pts[int(clip.frame_id[-6:])]


def test_three_frames_are_no_hover_and_a_turning_camera_does_not_stand(long_film) -> None:
    still = [(50 * k, 0.0, 10.0, -90.0) for k in range(5)]
    assert len(hover_clips(frames_at(long_film, still))) == 5
    assert hover_clips(frames_at(long_film, still[:3])) == {}
    assert hover_clips(frames_at(long_film, [(n, 0.0, 40.0 * n / 10, p) for n, _, _, p in still])) == {}
    assert hover_clips(frames_at(long_film, [(n, 0.0, y, -90 + n / 3) for n, _, y, _ in still])) == {}
    assert len(hover_clips(frames_at(long_film, [(n, 0.0, 179.9 + n / 500, p) for n, _, _, p in still]))) == 5


@given(st.permutations(range(12)))
@settings(max_examples=10, deadline=None)
def test_the_order_of_the_frames_does_not_matter(long_film, order) -> None:
    frames = frames_at(long_film, [(20 * k, 0.3 * k, 0.0, -60.0) for k in range(12)])
    assert hover_clips([frames[i] for i in order]) == hover_clips(frames)


def test_photos_and_films_that_are_gone_have_no_clips(long_film, tmp_path) -> None:
    frames = frames_at(long_film, [(20 * k, 0.0, 0.0, -60.0) for k in range(12)])
    assert hover_clips([replace(f, pts=None) for f in frames]) == {}
    assert hover_clips([replace(f, path=str(tmp_path / "no.mp4")) for f in frames]) == {}
    assert hover_clips([replace(f, problem="no position") for f in frames]) == {}
    assert hover_clips([replace(f, pose=None) for f in frames]) == {}


def test_one_frame_in_ten_that_stirs_does_not_raise_a_hit() -> None:
    def hit(shares: list[float | None]) -> Hit:
        at = GeoPoint(30.0, 114.0)
        seen = tuple(
            Sighting(Detection(f"v#{i}", "smoke", 0.5 + 0.01 * i, DRIFTING, (0.0, 0.0), motion=m), at, (1.0, 0.0, 1.0),
                     (1.0, 0.0, 1.0), (), (), (0.0, 0.0), "")
            for i, m in enumerate(shares)
        )  # fmt: skip
        return Hit("h", "smoke", at, (1.0, 0.0, 1.0), 1.0, 0.59, seen)

    assert weighed(hit([None] * 10)).confidence == 0.59
    assert weighed(hit([0.9, *[0.0] * 8, None])).confidence < 0.2
    assert weighed(hit([0.0, *[0.9] * 8, None])).confidence > 0.9
