"""Submissions end in the ledger with a receipt; refused ones do not count; nothing of the targets is reachable."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.contest.clocks import clock
from pipeline.contest.folder import Contest
from pipeline.contest.intake.canonical import read_canonical
from pipeline.contest.intake.receipt import write_missing, write_receipt
from pipeline.contest.intake.submit import preview, submit
from pipeline.contest.keys import Signer
from pipeline.contest.mirror import mirror, remember
from pipeline.errors import ContestError, ScoreError
from tests.contest.intake.conftest import T0_MS

Arena = tuple[Contest, Signer]
CSV = "id,lat_deg,lon_deg,class\nh1,34.7466123,113.6254321,outfall\n"


def _csv(folder: Path, text: str = CSV, name: str = "队伍 hits.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_a_submission_is_an_event_with_its_objects_and_a_receipt(arena: Arena, tmp_path: Path) -> None:
    contest, desk = arena
    receipt = submit(contest, "drone", "t01", _csv(tmp_path), desk, T0_MS + 5)
    body = receipt.event.body
    assert contest.load(body["object"]) == CSV.encode()
    hits = read_canonical(contest.load(body["canonical"]))
    assert body["canonical"] == body["hits_digest"] == hits.digest()
    assert hits.ids == ("h1",) and hits.lat_e9.tolist() == [34746612300]
    assert (body["number"], body["hits"], body["format"], body["late"]) == (1, 1, "csv", False)
    assert Contest.open(contest.folder).state.last_submission("drone", "t01") is not None


def test_the_same_file_again_is_the_same_receipt(arena: Arena, tmp_path: Path) -> None:
    contest, desk = arena
    first = submit(contest, "drone", "t01", _csv(tmp_path), desk, T0_MS)
    before = {p: p.read_bytes() for p in (contest.folder / "receipts").iterdir()}
    again = submit(contest, "drone", "t01", _csv(tmp_path, name="other name.csv"), desk, T0_MS + 999)
    assert again == first and again.stem == f"{first.event.seq:04d}-t01"
    assert [p.name for p in again.paths] == [f"{again.stem}.{kind}" for kind in ("json", "txt", "pdf")]
    assert {p: p.read_bytes() for p in (contest.folder / "receipts").iterdir()} == before
    other = submit(contest, "drone", "t02", _csv(tmp_path), desk, T0_MS + 1000)
    assert other.event.body["number"] == 1


def test_an_earlier_file_again_counts_anew(arena: Arena, tmp_path: Path) -> None:
    contest, desk = arena
    changed = CSV.replace("outfall", "dust")
    numbers = [submit(contest, "drone", "t01", _csv(tmp_path, text), desk, T0_MS).event.body["number"]
               for text in (CSV, changed, CSV)]  # fmt: skip
    assert numbers == [1, 2, 3]
    with pytest.raises(ContestError, match="3 of 3"):
        submit(contest, "drone", "t01", _csv(tmp_path, changed), desk, T0_MS)


def test_what_is_refused_is_kept_and_logged_but_not_counted(arena: Arena, tmp_path: Path) -> None:
    contest, desk = arena
    bad = CSV.replace("34.7466123", "NaN")
    with pytest.raises(ScoreError, match=r"hits.csv: row 2: latitude"):
        submit(contest, "drone", "t01", _csv(tmp_path, bad), desk, T0_MS)
    event = contest.events[-1]
    assert event.kind == "refused" and contest.load(event.body["object"]) == bad.encode()
    assert "row 2" in event.body["reason"] and str(tmp_path) not in event.body["reason"]
    assert submit(contest, "drone", "t01", _csv(tmp_path), desk, T0_MS).event.body["number"] == 1


def test_too_large_is_refused_before_it_is_kept(arena: Arena, tmp_path: Path) -> None:
    contest, desk = arena
    count = len(contest.events)
    with pytest.raises(ScoreError, match="larger than"):
        submit(contest, "drone", "t01", _csv(tmp_path, CSV + " " * 70_000), desk, T0_MS)
    assert len(contest.events) == count


def test_only_so_many_refused_files_are_kept(arena: Arena, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contest, desk = arena
    monkeypatch.setattr("pipeline.contest.intake.submit.MOST_REFUSED", 2)
    for n in range(4):
        with pytest.raises(ScoreError, match="row 1"):
            submit(contest, "drone", "t01", _csv(tmp_path, f"no,{n}\n"), desk, T0_MS)
    assert [e.kind for e in contest.events].count("refused") == 2
    with pytest.raises(ScoreError, match="row 1"):
        submit(contest, "drone", "t02", _csv(tmp_path, "no\n"), desk, T0_MS)
    assert contest.events[-1].body["entrant"] == "t02"


def test_a_preview_keeps_nothing_and_knows_its_entrants(arena: Arena, tmp_path: Path) -> None:
    contest, _ = arena
    before = sorted(contest.folder.rglob("*"))
    assert preview(contest, "drone", "t01", _csv(tmp_path))[0].rows[0].id == "h1"
    assert sorted(contest.folder.rglob("*")) == before
    for leg, entrant in (("none", "t01"), ("drone", "t99")):
        with pytest.raises(ContestError):
            preview(contest, leg, entrant, _csv(tmp_path))


def test_the_desks_folders_and_odd_letters_of_names_go_nowhere(arena: Arena, tmp_path: Path) -> None:
    contest, desk = arena
    with pytest.raises(ScoreError) as caught:
        submit(contest, "drone", "t01", _csv(tmp_path, "x", "a\u202e\x1b[31m.csv"), desk, T0_MS)
    assert str(caught.value).startswith("a[31m.csv: ") and str(tmp_path) not in str(caught.value)


def test_late_is_by_the_judges_clock_and_kept(arena: Arena, tmp_path: Path) -> None:
    contest, desk = arena
    clock(contest, "drone", "t01", "analysis", "start", "", desk, T0_MS)
    in_time = submit(contest, "drone", "t01", _csv(tmp_path), desk, T0_MS + 600_000)
    late = submit(contest, "drone", "t01", _csv(tmp_path, CSV.replace("h1", "h2")), desk, T0_MS + 600_001)
    assert [(r.event.body["late"], r.event.body["elapsed_ms"]) for r in (in_time, late)] == [
        (False, 600_000),
        (True, 600_001),
    ]
    assert "迟交" in late.text("zh") and "late" in late.text("en")


def test_strangers_and_closed_fields_are_refused_before_the_file_is_kept(arena: Arena, tmp_path: Path) -> None:
    contest, desk = arena
    with pytest.raises(ContestError, match="not registered"):
        submit(contest, "drone", "t99", _csv(tmp_path), desk, T0_MS)
    contest.append("close", {"field": "A", "leg": "drone"}, desk, T0_MS)
    with pytest.raises(ContestError, match="closed"):
        submit(contest, "drone", "t01", _csv(tmp_path), desk, T0_MS)
    assert not (contest.folder / "objects" / hashlib.sha256(CSV.encode()).hexdigest()[:2]).exists()


def test_the_receipt_is_the_ledgers_own_line(arena: Arena, tmp_path: Path) -> None:
    contest, desk = arena
    event = submit(contest, "drone", "t01", _csv(tmp_path), desk, T0_MS).event
    as_json, as_text, as_pdf = write_receipt(contest.folder, event)
    assert as_json.name == f"{event.seq:04d}-t01.json"
    assert as_json.read_bytes().rstrip(b"\n") in (contest.folder / "events.jsonl").read_bytes().split(b"\n")
    assert json.loads(as_json.read_bytes())["sig"]
    assert "成果提交回执" in as_text.read_text("utf-8") and event.head in as_text.read_text("utf-8")
    first = as_pdf.read_bytes()
    write_receipt(contest.folder, event, contest)
    assert first.startswith(b"%PDF") and as_pdf.read_bytes() == first


def test_receipts_can_be_made_again(arena: Arena, tmp_path: Path) -> None:
    contest, desk = arena
    paths = submit(contest, "drone", "t01", _csv(tmp_path), desk, T0_MS).paths
    before = [p.read_bytes() for p in paths]
    for path in paths:
        path.unlink()
    assert write_missing(Contest.open(contest.folder)) == 1
    assert [p.read_bytes() for p in paths] == before
    assert write_missing(contest) == 0


def test_each_receipt_is_mirrored(arena: Arena, tmp_path: Path) -> None:
    contest, desk = arena
    assert submit(contest, "drone", "t01", _csv(tmp_path), desk, T0_MS).unmirrored == ()
    mirror(contest.folder, tmp_path / "第二台 mirror")
    remember(contest.folder, tmp_path / "第二台 mirror")
    second = submit(contest, "drone", "t01", _csv(tmp_path, CSV.replace("h1", "h2")), desk, T0_MS)
    assert second.unmirrored == ()
    copy = Contest.open(tmp_path / "第二台 mirror")
    assert copy.events == contest.events and (copy.folder / "receipts" / second.paths[2].name).is_file()
    shutil.rmtree(copy.folder)
    third = submit(contest, "drone", "t01", _csv(tmp_path, CSV.replace("h1", "h3")), desk, T0_MS)
    assert third.event.body["number"] == 3 and "mirror" in third.unmirrored[0]


def test_typed_lines_are_a_submission(arena: Arena) -> None:
    contest, desk = arena
    lines = ["34°44'47.8\"N 113°37'31.4\"E outfall/industrial 3m", "34.7466, 113.6254, dust, 80%, #7"]
    receipt = submit(contest, "drone", "t01", None, desk, T0_MS, typed=lines)
    assert receipt.event.body["format"] == "typed"
    assert contest.load(receipt.event.body["object"]).decode().split("\n") == [*lines, ""]


def test_intake_never_loads_what_holds_or_judges_targets() -> None:
    """In a fresh process, after a whole submission of every format's reader."""
    code = """
import sys, pkgutil, importlib
import pipeline.contest.intake as intake
for found in pkgutil.iter_modules(intake.__path__):
    importlib.import_module(f"pipeline.contest.intake.{found.name}")
import pipeline.contest.folder, pipeline.contest.heads, pipeline.report.setting
banned = ("pipeline.contest.truth", "pipeline.contest.judging", "pipeline.score.targets", "pipeline.score.verdict")
print([m for m in sys.modules if m.startswith(banned)])
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
