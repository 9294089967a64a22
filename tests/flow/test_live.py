"""A flight followed live: a whole run folder, findings as they come, gaps and ends survived."""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from pipeline import video
from pipeline.config import RunConfig
from pipeline.errors import MissionError, OutputError
from pipeline.flow.live import LiveOptions, live
from pipeline.flow.newest import Newest, check_source
from pipeline.flow.placed import camera_of
from pipeline.ingest.live import load_dronekit
from pipeline.ingest.mission_file import CameraSpec
from pipeline.sim.footage import write_clip
from pipeline.sim.live_world import make_live_world, small_flight
from pipeline.sim.vehicle import Habits, SimVehicle

CONTENTS = {
    "hits.geojson", "hits.partial.jsonl", "hits.csv", "hits.xlsx", "hits.kml", "hits.gpkg", "crops", "map.html",
    "skipped.csv", "provenance.json", "frames.json", "frames", "link.jsonl", "exposures.jsonl", "plan.json",
}  # fmt: skip
MAY_BE_HEARD = {"HEARTBEAT", "MISSION_REQUEST_LIST", "MISSION_REQUEST_INT", "MISSION_ACK"}
MARKER = RunConfig(detector="marker")
TEN = Habits(lead_s=2.0, rate_hz=10)  # a row at each press of the shutter, where the route has its corners


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    load_dronekit()  # a vehicle does not wait until a busy computer has loaded it
    return make_live_world(tmp_path_factory.mktemp("实时") / "world", small_flight(7, strips=1, photos_per_strip=4))


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def follow(world, out, habits=None, tell=None, **options):
    """A live run over the small world; (what it gave, its vehicle)."""
    with SimVehicle(world.route, f"udp:127.0.0.1:{free_port()}", habits or TEN) as vehicle:
        options = {"video": str(world.video), "video_start_ns": vehicle.start_ns, **options}
        connection = LiveOptions(f"udp:127.0.0.1:{vehicle.port}", **options)
        return live(connection, out, MARKER, world.mission_file, tell), vehicle


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def followed(world, tmp_path_factory):
    """(done, vehicle, what was told, what hits.partial.jsonl held when a find was told)."""
    out, told, on_disk = tmp_path_factory.mktemp("runs") / "现场 1", [], []

    def tell(kind, facts):
        told.append((kind, facts))
        if kind == "find":
            on_disk.append(lines(out.with_name(out.name + ".partial") / "hits.partial.jsonl"))

    threads = threading.active_count()
    done, vehicle = follow(world, out, replace(TEN, lead_s=4.0), tell, record=out.with_suffix(".tlog"))
    assert threading.active_count() == threads
    return done, vehicle, told, on_disk


def test_the_folder_is_whole(followed):
    done = followed[0]
    assert {p.name for p in done.folder.iterdir()} == CONTENTS
    assert not done.folder.with_name(done.folder.name + ".partial").exists()


def test_hits_lie_where_the_truth_says(world, followed):
    from pipeline.score import judge, read_hits, read_rules, read_targets

    score = judge(read_hits(followed[0].folder / "hits.geojson"), read_targets(world.targets), read_rules())
    assert score.pairs and not score.extra
    assert max(p.distance_mm for p in score.pairs) < 300
    seen = {t.id for i, t in enumerate(world.truth.scored) if world.truth.visible[:, i].any()}
    assert {p.target for p in score.pairs} == seen


def test_a_find_is_on_the_disk_before_it_is_told(followed):
    finds = [facts for kind, facts in followed[2] if kind == "find"]
    assert len(finds) == len(lines(followed[0].folder / "hits.partial.jsonl")) > 0
    for find, written in zip(finds, followed[3], strict=True):
        assert {k: v for k, v in find.items() if k != "delay_s"} in written


def test_evidence_has_its_pixels(followed):
    features = json.loads((followed[0].folder / "hits.geojson").read_bytes())["features"]
    for evidence in (e for f in features for e in f["properties"]["evidence"]):
        assert (followed[0].folder / evidence["source"]).is_file()
        assert evidence["t"]


def test_provenance_fits_its_schema_and_tells_of_the_link(followed, schema):
    facts = json.loads((followed[0].folder / "provenance.json").read_bytes())
    schema("provenance").validate(facts)
    told = facts["live"]
    assert [e["what"] for e in told["events"]] == ["opened", "vehicle"]
    assert (told["boots"], told["clock"], told["plan_items"]) == (1, "SYSTEM_TIME", len(followed[1].plan))
    assert told["video_frames"] == facts["counts"]["frames"] + told["video_dropped"]
    assert told["delay_s"]["most"] < 60


def test_the_vehicle_was_not_commanded(followed):
    assert set(followed[1].heard) <= MAY_BE_HEARD


def test_the_plan_and_the_presses_of_the_shutter_are_kept(world, followed):
    plan = json.loads((followed[0].folder / "plan.json").read_bytes())
    assert plan["items"] == len(followed[1].plan)
    presses = lines(followed[0].folder / "exposures.jsonl")
    assert [p["sequence"] for p in presses] == list(range(len(world.route.t_s)))
    for press, lat in zip(presses, world.route.lat_deg, strict=True):
        assert abs(press["lat_deg"] - lat) * 111_320 < 0.3


def test_the_recording_holds_every_message(followed):
    from pipeline.sim.replay import messages

    told = followed[0].hits.provenance["live"]
    assert told["recorded_messages"] == told["messages"] > 50
    assert len(list(messages(followed[0].folder.with_suffix(".tlog")))) == told["messages"]


def test_without_a_video_there_are_places_and_no_pictures(world, tmp_path):
    done, _ = follow(world, tmp_path / "run", video=None, video_start_ns=None, seconds=5.5)
    assert {p.name for p in done.folder.iterdir()} == CONTENTS
    assert not done.hits.hits
    assert len(done.mission.frames) >= 3
    assert all(s.reason == "no picture of it came over the link" for s in done.hits.skipped)


@pytest.mark.slow
def test_silence_and_a_new_start_are_survived(world, tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.ingest.live.SILENCE_S", 0.8)
    habits = replace(TEN, lead_s=5.0, silences=((6.1, 7.8),), reboots=(7.5,), boot_ahead_s=100)
    done, _ = follow(world, tmp_path / "run", habits)
    events = [e["what"] for e in lines(done.folder / "link.jsonl")]
    assert events == ["opened", "vehicle", "lost", "back", "reboot"]
    assert done.hits.looked and done.hits.skipped
    assert all("gap" in s.reason or "after the log's last" in s.reason for s in done.hits.skipped)


def test_a_vehicle_may_come_late(world, tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.flow.session.REMIND_S", 0.3)
    vehicle = SimVehicle(world.route, f"udp:127.0.0.1:{free_port()}", TEN)

    def tell(kind, facts):
        if kind == "event" and facts["what"] == "waiting" and not vehicle.start_ns > 10**18:
            vehicle.__enter__()

    try:
        done = live(LiveOptions(f"udp:127.0.0.1:{vehicle.port}", seconds=3.0), tmp_path / "run", MARKER, tell=tell)
    finally:
        vehicle.__exit__(None, None, None)
    events = [e["what"] for e in lines(done.folder / "link.jsonl")]
    assert events[:2] == ["opened", "waiting"] and events[-1] == "vehicle"


def test_ctrl_c_writes_what_is_there(world, tmp_path):
    def tell(kind, facts):
        if kind == "find":
            raise KeyboardInterrupt

    done, _ = follow(world, tmp_path / "run", tell=tell)
    assert len(done.hits.looked) == 1
    assert done.hits.hits
    assert lines(done.folder / "link.jsonl")[-1]["what"] == "interrupted"


def test_what_cannot_work_is_refused_before_anything_is_written(world, tmp_path):
    nobody = LiveOptions(f"udp:127.0.0.1:{free_port()}", seconds=0.3)
    seen = replace(nobody, video=str(world.video))
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="never overwritten"):
        live(nobody, tmp_path / "there", MARKER)
    with pytest.raises(MissionError, match=r"\[camera\]"):
        live(seen, tmp_path / "run", MARKER)
    with pytest.raises(MissionError, match="no such file"):
        live(replace(seen, video="no.mp4"), tmp_path / "run", MARKER, world.mission_file)
    with pytest.raises(MissionError, match="nothing was heard"):
        live(seen, tmp_path / "run", MARKER, world.mission_file)
    assert [p.name for p in tmp_path.iterdir()] == ["there"]


# --- the video ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "录像.mp4"
    config = replace(small_flight(), video_size_px=(64, 64), video_rate_hz=20)
    write_clip(path, config, (np.full((64, 64, 3), 5 * i, np.uint8) for i in range(40)), 0)
    return path


def test_late_frames_are_dropped_and_counted(clip):
    taken = []
    with Newest(str(clip), 20.0) as newest:
        while not newest.over:
            shot = newest.take(lambda s: True, 1.0, 0.1)
            if shot is not None:
                taken.append(shot)
                time.sleep(0.3)
    assert newest.came == 40
    assert newest.came == len(taken) + newest.dropped
    assert newest.dropped > 10
    assert [s.index for s in taken] == sorted({s.index for s in taken})


def test_a_frame_waits_for_its_telemetry_and_no_longer_than_patience(clip):
    with Newest(str(clip), 20.0) as newest:
        first = newest.take(lambda s: False, 60.0, 0.5)
        waited = None
        while waited is None and not newest.over:
            waited = newest.take(lambda s: False, 0.2, 0.1)
    assert first is None
    assert waited is not None and time.time_ns() - waited.came_ns >= 200_000_000


def test_a_rate_thins_a_file(clip):
    with Newest(str(clip), 5.0) as newest:
        while not newest.finished.wait(0.05):
            pass
    assert newest.came == 10


def test_a_video_may_be_left_before_its_end(clip):
    with Newest(str(clip), 1.0) as newest:
        assert newest.take(lambda s: True, 1.0, 5.0) is not None
    assert not newest._thread.is_alive()


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"nothing of the kind")
    with pytest.raises(MissionError, match=r"a\.mp4"):
        Newest(str(tmp_path / "a.mp4"), 1.0)


@pytest.mark.parametrize(
    "source", ["concat:/etc/passwd|x", "file:///etc/passwd", "subfile,,start,0:x", "/dev/nothing", "-"]
)
def test_only_files_and_addresses_of_streams_are_opened(source):
    with pytest.raises(MissionError, match="no such file"):
        check_source(source)


def send_stream(address: str, stop: threading.Event) -> None:
    import av

    with av.open(address, "w", format="mpegts") as out:
        stream = out.add_stream("mpeg4", rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 64, 64, "yuv420p", 5
        shade = 0
        while not stop.wait(0.1):
            shade = (shade + 5) % 250
            picture = np.full((64, 64, 3), shade, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))


def test_a_stream_is_followed_and_its_end_is_bounded():
    address, stop = f"udp://127.0.0.1:{free_port()}", threading.Event()
    sender = threading.Thread(target=send_stream, args=(f"{address}?pkt_size=1316", stop))
    sender.start()
    try:
        shots, end = [], time.monotonic() + 30
        with Newest(address, 10.0) as newest:
            while len(shots) < 3 and time.monotonic() < end:
                shot = newest.take(lambda s: True, 1.0, 0.2)
                if shot is not None:
                    shots.append(shot)
    finally:
        stop.set()
        sender.join(10)
    assert len(shots) == 3, newest.problems
    assert shots[0].image.shape == (64, 64, 3)
    assert not newest._thread.is_alive()


def test_a_smaller_stream_keeps_its_angles():
    spec = CameraSpec(width_px=4000, height_px=2250, focal_px=3000.0, cx_px=2003.0, cy_px=1120.0)
    whole, small = camera_of(spec, 4000, 2250), camera_of(spec, 1280, 720)
    for x in (0.0, 1999.5, 3999.0):
        there = (x + 0.5) * 1280 / 4000 - 0.5
        assert (x - whole.cx_px) / whole.fx_px == pytest.approx((there - small.cx_px) / small.fx_px)
    with pytest.raises(MissionError, match="1280 × 960"):
        camera_of(spec, 1280, 960)
    with pytest.raises(MissionError, match=r"\[camera\]"):
        camera_of(None, 1280, 720)


def test_the_worlds_film_is_what_it_says(world):
    told = video.probe(world.video)
    assert len(told.pts) == len(world.route.t_s)
    assert told.t_ns(told.pts).tolist() == [i * 1_000_000_000 for i in range(len(told.pts))]
