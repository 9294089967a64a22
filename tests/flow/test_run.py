"""run: a complete folder, never overwritten, the same bytes after a kill, from other places and with more workers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.config import RunConfig
from pipeline.errors import OutputError, PipelineError
from pipeline.flow.run import run

CONTENTS = {
    "hits.geojson", "hits.partial.jsonl", "hits.csv", "hits.xlsx", "hits.kml", "hits.gpkg", "crops", "map.html",
    "skipped.csv", "provenance.json", "frames.json",
}  # fmt: skip
EQUAL = ("hits.geojson", "hits.csv", "hits.xlsx", "hits.kml", "hits.gpkg", "skipped.csv")


def config(flight, **changes) -> RunConfig:
    return RunConfig(boxes=str(flight.boxes), dem=str(flight.dem), dem_datum="egm96", **{"workers": 1, **changes})


def equal_bytes(one: Path, other: Path) -> bool:
    names = [*EQUAL, *(f"crops/{p.name}" for p in sorted((one / "crops").iterdir()))]
    assert sorted(p.name for p in (one / "crops").iterdir()) == sorted(p.name for p in (other / "crops").iterdir())
    return all((one / n).read_bytes() == (other / n).read_bytes() for n in names)


@pytest.fixture(scope="module")
def done(flight, tmp_path_factory) -> Path:
    return run(flight.flight, tmp_path_factory.mktemp("runs") / "航次 1", config(flight)).folder


def test_the_folder_is_whole(done):
    assert {p.name for p in done.iterdir()} == CONTENTS
    assert not done.with_name(done.name + ".partial").exists()
    assert list((done / "crops").iterdir())


def test_every_target_seen_is_a_hit_near_the_truth(flight, done):
    from pipeline.score import judge, read_hits, read_rules, read_targets

    score = judge(read_hits(done / "hits.geojson"), read_targets(flight.targets), read_rules())
    assert not score.missed and not score.extra
    assert max(p.distance_mm for p in score.pairs) < 300


def test_provenance_fits_its_schema(done, schema):
    facts = json.loads((done / "provenance.json").read_bytes())
    schema("provenance").validate(facts)
    assert facts["counts"]["frames"] == facts["counts"]["searched"] == 8
    assert set(facts["timings_s"]) == {"look", "adjust", "locate and fuse", "report"}


def test_frames_fit_their_schema_and_come_back_equal(flight, done, schema):
    from pipeline.flow.frames import read_frames
    from pipeline.ingest import open_mission
    from pipeline.types import Ground

    schema("frames").validate(json.loads((done / "frames.json").read_bytes()))
    frames, ground = read_frames(done)
    mission = open_mission(flight.flight, ground=Ground(dem=str(flight.dem), dem_datum="egm96"))
    assert sorted(frames.values(), key=lambda f: f.index) == [replace(f, path="") for f in mission.frames]
    assert ground == mission.ground


def test_an_existing_run_is_never_overwritten(flight, done):
    before = (done / "hits.geojson").stat().st_mtime_ns
    with pytest.raises(OutputError, match="is there already"):
        run(flight.flight, done, config(flight))
    assert (done / "hits.geojson").stat().st_mtime_ns == before


def test_an_unfinished_run_asks_for_resume(flight, tmp_path):
    (tmp_path / "r.partial").mkdir()
    with pytest.raises(OutputError, match="--resume"):
        run(flight.flight, tmp_path / "r", config(flight))


def test_two_workers_and_another_place_give_the_same_bytes(flight, done, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(flight.flight, moved)
    again = run(moved, tmp_path / "r", config(flight, workers=2)).folder
    assert equal_bytes(done, again)


KILLED = """
import os, signal, sys
from pathlib import Path
import pipeline.flow.run as flow
from pipeline.config import RunConfig

after = int(sys.argv[5])
class Journal(flow.Journal):
    def add(self, entry):
        super().add(entry)
        if len(self.done) == after:
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
flow.Journal = Journal
config = RunConfig(boxes=sys.argv[3], dem=sys.argv[4], dem_datum="egm96", workers=1)
flow.run(Path(sys.argv[1]), Path(sys.argv[2]), config)
"""


@pytest.mark.parametrize("after", [1, 5])
def test_killed_and_resumed_ends_in_the_same_bytes(flight, done, tmp_path, after):
    out = tmp_path / "r"
    command = [sys.executable, "-c", KILLED, flight.flight, out, flight.boxes, flight.dem, str(after)]
    assert subprocess.run(list(map(str, command)), check=False).returncode != 0
    assert not out.exists() and (tmp_path / "r.partial" / "hits.partial.jsonl").exists()
    assert equal_bytes(done, run(flight.flight, out, config(flight, resume=True)).folder)


def test_resuming_another_configuration_is_refused(flight, tmp_path):
    out = tmp_path / "r"
    command = [sys.executable, "-c", KILLED, flight.flight, out, flight.boxes, flight.dem, "2"]
    subprocess.run(list(map(str, command)), check=False)
    with pytest.raises(OutputError, match="other options"):
        run(flight.flight, out, RunConfig(boxes=str(flight.boxes), workers=1, resume=True))


def test_bad_files_are_skipped_with_a_sentence_each(flight, tmp_path):
    photos = tmp_path / "card"
    shutil.copytree(flight.flight, photos)
    first, second, third, *_ = sorted(photos.iterdir())
    first.write_bytes(first.read_bytes()[: first.stat().st_size // 2])
    second.write_bytes(b"")
    third.write_text("no picture")
    result = run(photos, tmp_path / "r", config(flight))
    skipped = {s.frame_id: s.reason for s in result.hits.skipped}
    assert set(skipped) == {first.name, second.name, third.name}
    assert len(result.hits.looked) == 5 and result.hits.hits
    assert (result.folder / "skipped.csv").read_text("utf-8-sig").count("\n") >= 4


def test_no_frame_that_can_be_read_leaves_nothing_behind(flight, tmp_path):
    photos = tmp_path / "card"
    photos.mkdir()
    whole = next(iter(sorted(flight.flight.iterdir())))
    (photos / whole.name).write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    with pytest.raises(PipelineError, match=f"not a single frame could be used; {whole.name}"):
        run(photos, tmp_path / "r", config(flight))
    assert [p.name for p in tmp_path.iterdir()] == ["card"]


def test_an_empty_folder_and_a_missing_one_are_one_sentence(flight, tmp_path):
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "gone"):
        with pytest.raises(PipelineError, match=path.name) as told:
            run(path, tmp_path / "r", config(flight))
        assert "\n" not in str(told.value)
        assert not (tmp_path / "r").exists() and not (tmp_path / "r.partial").exists()


def test_an_unwritable_place_is_one_sentence(flight, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        run(flight.flight, tmp_path / "file" / "r", config(flight))


def test_first_findings_come_while_it_runs(flight, tmp_path):
    told: list[tuple[str, int, bool]] = []
    early = tmp_path / "r.partial" / "hits.partial.jsonl"

    def tell(stage: str, count: int, total: int) -> None:
        told.append((stage, count, early.exists() and early.stat().st_size > 0))

    run(flight.flight, tmp_path / "r", config(flight), tell=tell)
    assert any(stage == "look" and 0 < count < 8 and there for stage, count, there in told)
    line = json.loads((tmp_path / "r" / "hits.partial.jsonl").read_text().splitlines()[0])
    assert {"frame_id", "class", "confidence", "lat_deg", "lon_deg", "r90_m", "t", "box_px"} <= set(line)


def test_the_search_sees_no_judge():
    code = "import pipeline.flow.run, sys; assert not [m for m in sys.modules if m.startswith('pipeline.score')]"
    subprocess.run([sys.executable, "-c", code], check=True)
