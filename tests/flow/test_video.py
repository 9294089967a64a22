"""Videos on the road: whole ranges, one hash, the same bytes with any number of workers and after a kill."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import imagery
from pipeline.config import RunConfig
from pipeline.errors import MissionError
from pipeline.flow.frames import read_frames
from pipeline.flow.pin import pin
from pipeline.flow.ranges import tasks, video_digests
from pipeline.flow.run import run
from pipeline.sim import FlightConfig, SimFlight, make_flight
from pipeline.types import Frame
from pipeline.video import probe
from tests.films import film
from tests.flow.test_run import CONTENTS, KILLED, equal_bytes

FILMED = FlightConfig(
    seed=3, profile="dji", width_px=400, height_px=300, photos_per_strip=4, strips=2, turned_strip=False, pixels=False,
    video=True, video_size_px=(320, 180), photos_kept=False,
)  # fmt: skip


@pytest.fixture(scope="module")
def flight(tmp_path_factory) -> SimFlight:
    return make_flight(tmp_path_factory.mktemp("视频 河道") / "1 号", FILMED)


def config(flight: SimFlight, **changes) -> RunConfig:
    return RunConfig(boxes=str(flight.boxes), dem=str(flight.dem), dem_datum="egm96", **{"workers": 1, **changes})


@pytest.fixture(scope="module")
def done(flight, tmp_path_factory) -> Path:
    return run(flight.flight, tmp_path_factory.mktemp("runs") / "航次", config(flight)).folder


def test_a_flight_of_videos_alone_ends_in_a_whole_folder_near_the_truth(flight, done, schema):
    from pipeline.score import judge, read_hits, read_rules, read_targets

    assert {p.name for p in done.iterdir()} == CONTENTS
    schema("frames").validate(json.loads((done / "frames.json").read_bytes()))
    schema("hits").validate(json.loads((done / "hits.geojson").read_bytes()))
    score = judge(read_hits(done / "hits.geojson"), read_targets(flight.targets), read_rules())
    assert score.pairs and not score.missed and not score.extra
    assert max(p.distance_mm for p in score.pairs) < 300


def test_evidence_names_the_video_its_frame_and_the_files_hash(flight, done):
    digests = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in flight.videos}
    entries = [
        e
        for feature in json.loads((done / "hits.geojson").read_bytes())["features"]
        for e in feature["properties"]["evidence"]
    ]
    assert {e["source"] for e in entries} == set(digests)
    assert all(e["sha256"] == digests[e["source"]] and e["frame_id"].startswith(e["source"] + "#0") for e in entries)
    assert all((done / e["crop"]).is_file() for e in entries if e["crop"])


def test_each_hit_is_one_track_in_each_film_that_shows_it(done):
    for feature in json.loads((done / "hits.geojson").read_bytes())["features"]:
        hit = feature["properties"]
        entries = {t["id"]: [e for e in hit["evidence"] if e["track"] == t["id"]] for t in hit["tracks"]}
        assert [t["source"] for t in hit["tracks"]] == sorted({e["source"] for e in hit["evidence"]})
        assert sum(map(len, entries.values())) == len(hit["evidence"])
        for track in hit["tracks"]:
            assert track["frames"] == len(entries[track["id"]])
            times = sorted(e["t"] for e in entries[track["id"]])
            assert (track["first_seen"], track["last_seen"]) == (times[0], times[-1])


def test_every_searched_frame_has_a_footprint(done):
    import geopandas

    shapes = geopandas.read_file(done / "hits.gpkg", layer="footprints")
    frames, _ = read_frames(done)
    assert sorted(shapes["frame_id"]) == sorted(f.id for f in frames.values())
    assert shapes["searched"].all() and not shapes.geometry.is_empty.any()


def test_two_workers_and_a_kill_in_mid_range_give_the_same_bytes(flight, done, tmp_path):
    assert equal_bytes(done, run(flight.flight, tmp_path / "two", config(flight, workers=2)).folder)
    out = tmp_path / "killed"
    command = [sys.executable, "-c", KILLED, flight.flight, out, flight.boxes, flight.dem, "2"]
    assert subprocess.run(list(map(str, command)), check=False).returncode != 0
    assert (tmp_path / "killed.partial").exists()
    assert equal_bytes(done, run(flight.flight, out, config(flight, resume=True)).folder)


def test_fewer_frames_where_less_overlap_is_asked(flight, tmp_path):
    counts = {
        name: len(run(flight.flight, tmp_path / name, config(flight, **options)).mission.frames)
        for name, options in (("dense", {"video_overlap": 0.9}), ("thin", {"video_every": 4.0}))
    }
    assert counts["dense"] > 15 > 5 > counts["thin"]


def test_a_damaged_stretch_is_skipped_frame_by_frame(flight, tmp_path):
    card = tmp_path / "card"
    shutil.copytree(flight.flight, card)
    clip = card / flight.videos[0].name
    whole = probe(clip)
    film(clip, len(whole.pts) // 2)  # pixels of another size in the place of those that the subtitles speak of
    assert len(probe(clip).pts) < len(whole.pts)
    data = bytearray(clip.read_bytes())
    data[len(data) // 3 : len(data) // 2] = b"\xa5" * (len(data) // 2 - len(data) // 3)
    clip.write_bytes(bytes(data))
    result = run(card, tmp_path / "r", config(flight, video_every=0.5))
    skipped = list(csv.DictReader((result.folder / "skipped.csv").read_text("utf-8-sig").splitlines()))
    assert any("this frame of the video cannot be decoded" in row["reason"] for row in skipped)
    assert any(x.frame_id.startswith(clip.name) for x in result.hits.looked)
    assert len(result.hits.looked) + len(skipped) == len(result.mission.frames)


def test_a_pin_names_a_frame_of_the_video(flight, done, tmp_path):
    folder = shutil.copytree(done, tmp_path / "航次")
    frames, _ = read_frames(folder)
    key, frame = sorted(frames.items())[0]
    clip = flight.flight / frame.id.partition("#")[0]
    entry = pin(folder, Path(f"{flight.flight / frame.id}"), (100.0, 90.0), "outfall", "王")
    assert entry["frame_id"] == frame.id and entry["sha256"] == key.partition("#")[0]
    assert len(list((tmp_path / "航次.reviews" / "crops").iterdir())) == 2
    with pytest.raises(MissionError, match="is a video; name one of its frames"):
        pin(folder, clip, (100.0, 90.0), "outfall", "王")
    with pytest.raises(MissionError, match=r"was not searched in .*; the nearest that was is #0"):
        pin(folder, Path(f"{clip}#000001"), (100.0, 90.0), "outfall", "王")
    again = run(flight.flight, tmp_path / "neu", config(flight, reviews=str(folder))).folder
    carried = (again.with_name("neu.reviews") / "reviews.jsonl").read_text("utf-8").splitlines()
    assert carried and all(json.loads(line)["frame_id"] == frame.id for line in carried)


@given(kept=st.sets(st.integers(0, 39), min_size=1), batch=st.integers(1, 5))
def test_every_frame_is_in_one_task_and_ranges_end_at_key_frames(tmp_path_factory, kept, batch):
    path = tmp_path_factory.getbasetemp() / "ranges.mp4"
    if not path.exists():
        film(path)
    told = probe(path)
    frames = [Frame(f"{i}.jpg", f"{i}.jpg", i, None, None) for i in range(7)]
    frames += [Frame(f"v.mp4#{i:06d}", str(path), 7 + i, None, None, pts=int(told.pts[i])) for i in sorted(kept)]
    found = tasks(frames, batch)
    assert sorted(f.id for task in found for f in task) == sorted(f.id for f in frames)
    ranges = [task for task in found if task[0].pts is not None]
    for before, after in pairwise(ranges):
        assert any((before[-1].pts or 0) < key <= (after[0].pts or 0) for key in told.key_pts)
    assert all(len({f.path for f in task}) == 1 for task in ranges)


def test_a_video_is_hashed_once_whatever_the_number_of_its_frames(tmp_path, monkeypatch):
    path = film(tmp_path / "a.mp4", frames=3)
    frames = [Frame(f"a.mp4#{i:06d}", str(path), i, None, None, pts=int(p)) for i, p in enumerate(probe(path).pts)]
    asked: list[str] = []
    real = imagery.file_sha256
    monkeypatch.setattr(imagery, "file_sha256", lambda p: asked.append(str(p)) or real(p))
    assert video_digests(frames) == {str(path): hashlib.sha256(path.read_bytes()).hexdigest()}
    assert asked == [str(path)]
