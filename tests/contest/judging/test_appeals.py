"""Appeals and the end: windows, deadlines, decisions, and what a signature over the whole folder takes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.contest.check_results import appeals_end_ms
from pipeline.contest.folder import Contest
from pipeline.contest.heads import head_text, read_head
from pipeline.contest.judging.appeals import decide_appeal, file_appeal, open_appeals
from pipeline.contest.judging.finalise import NOT_LISTED, finalise
from pipeline.contest.judging.judged import judge_first
from pipeline.contest.judging.rejudge import apply_set, cancel_set, propose
from pipeline.contest.keys import Signer
from pipeline.contest.manual import manual_event
from pipeline.contest.store import file_sha256
from pipeline.errors import ContestError
from tests.contest.making import Officials, Ticks

WINDOW_MS = 7_200_000


@pytest.fixture
def judged(flown: Contest, desk: Signer, now_ms: Ticks) -> Contest:
    judge_first(flown, desk, now_ms())
    return flown


def appeal(contest: Contest, desk: Signer, now_ms: Ticks) -> int:
    return int(file_appeal(contest, "drone", "T02", "目标 A03\n被遮盖", "王五", desk, now_ms()).body["number"])


def test_an_appeal_gets_a_number_and_a_deadline(judged: Contest, desk, now_ms, officials) -> None:
    assert [appeal(judged, desk, now_ms), appeal(judged, desk, now_ms)] == [1, 2]
    first = judged.state.appeals[0]
    assert (first.late, first.deadline_ms, first.text) == (False, first.t_ms + 86_400_000, "目标 A03\n被遮盖")
    decide_appeal(judged, 1, "upheld", "属实", officials.two, desk, now_ms())
    assert [a.number for a in open_appeals(judged.state)] == [2]
    with pytest.raises(ContestError, match="appeal 1 is decided"):
        decide_appeal(judged, 1, "rejected", "不属实", officials.two, desk, now_ms())


def test_late_ones_are_kept_and_marked(judged: Contest, desk, now_ms, officials) -> None:
    now_ms.skip(WINDOW_MS)
    appeal(judged, desk, now_ms)
    assert judged.state.appeals[0].late and not open_appeals(judged.state)
    finalise(judged, officials.two, desk, now_ms())
    assert judged.state.final is not None


def test_nobody_calls_an_appeal_late_that_is_not(judged: Contest, desk, now_ms) -> None:
    body = {"number": 1, "leg": "drone", "entrant": "T01", "text": "x", "by": "y", "late": True}
    with pytest.raises(ContestError, match="window for appeals"):
        judged.append("appeal", body, desk, now_ms())


def test_a_decision_after_the_deadline_is_marked(judged: Contest, desk, now_ms, officials) -> None:
    appeal(judged, desk, now_ms)
    now_ms.skip(86_400_001)
    assert decide_appeal(judged, 1, "rejected", "查无实据", officials.two, desk, now_ms()).body["overdue"] is True


def test_the_window_begins_anew_with_each_set_that_stands(judged: Contest, desk, now_ms, officials) -> None:
    first = appeals_end_ms(judged.state)
    now_ms.skip(WINDOW_MS)
    propose(judged, "再判", desk, now_ms())
    apply_set(judged, 2, officials.two, desk, now_ms())
    second = appeals_end_ms(judged.state)
    assert first is not None and second is not None and second > first + WINDOW_MS
    assert appeal(judged, desk, now_ms) == 1 and not judged.state.appeals[0].late


@pytest.mark.parametrize(("leg", "entrant", "text", "by"), [
    ("drone", "P011", "x", "y"), ("drone", "T09", "x", "y"), ("nothing", "T01", "x", "y"), ("drone", "T01", " ", "y"),
    ("drone", "T01", "x", ""), ("drone", "T01", "x" * 4001, "y"),
])  # fmt: skip
def test_refused(judged: Contest, desk, now_ms, leg: str, entrant: str, text: str, by: str) -> None:
    with pytest.raises(ContestError):
        file_appeal(judged, leg, entrant, text, by, desk, now_ms())
    assert not judged.state.appeals


def test_one_judge_decides_nothing_and_nobody_decides_what_was_not_filed(
    judged: Contest, desk, now_ms, officials: Officials
) -> None:
    appeal(judged, desk, now_ms)
    for signers in (officials.judges[:1], [officials.judges[0]] * 2, officials.surveyors):
        with pytest.raises(ContestError):
            decide_appeal(judged, 1, "upheld", "属实", signers, desk, now_ms())
    with pytest.raises(ContestError, match="no appeal 2"):
        decide_appeal(judged, 2, "upheld", "属实", officials.two, desk, now_ms())
    with pytest.raises(ContestError):
        decide_appeal(judged, 1, "perhaps", "属实", officials.two, desk, now_ms())


def test_no_appeal_before_there_are_results(flown: Contest, desk, now_ms) -> None:
    with pytest.raises(ContestError, match="no results to appeal against"):
        appeal(flown, desk, now_ms)


def test_the_end_waits_for_the_window_and_for_decisions(judged: Contest, desk, now_ms, officials) -> None:
    appeal(judged, desk, now_ms)
    with pytest.raises(ContestError, match="appeal 1 is not decided"):
        finalise(judged, officials.two, desk, now_ms())
    decide_appeal(judged, 1, "rejected", "查无实据", officials.two, desk, now_ms())
    with pytest.raises(ContestError, match="window for appeals is open"):
        finalise(judged, officials.two, desk, now_ms())
    now_ms.skip(WINDOW_MS)
    finalise(judged, officials.two, desk, now_ms())
    with pytest.raises(ContestError, match="is final"):
        propose(judged, "再判", desk, now_ms())


def test_two_judges_may_end_it_earlier_and_say_why(judged: Contest, desk, now_ms, officials) -> None:
    appeal(judged, desk, now_ms)
    event = finalise(judged, officials.two, desk, now_ms(), why="各队均已书面放弃申诉")
    assert event.body["overridden"] == ["appeal 1", "window for appeals"]
    assert event.body["override"] == "各队均已书面放弃申诉"


def test_a_reason_without_need_is_no_override(judged: Contest, desk, now_ms, officials) -> None:
    now_ms.skip(WINDOW_MS)
    assert "override" not in finalise(judged, officials.two, desk, now_ms(), why="按程序定稿").body


def test_the_end_needs_results_that_know_everything(judged: Contest, desk, now_ms, officials) -> None:
    manual_event(judged, "drone", "T02", "crash", "坠毁", officials.two, desk, now_ms())
    now_ms.skip(WINDOW_MS)
    with pytest.raises(ContestError, match="gone on since set 1"):
        finalise(judged, officials.two, desk, now_ms())
    propose(judged, "补登", desk, now_ms())
    with pytest.raises(ContestError):
        finalise(judged, officials.two, desk, now_ms(), why="急")
    cancel_set(judged, 2, officials.two, desk, now_ms())
    with pytest.raises(ContestError, match="gone on since set 1"):
        finalise(judged, officials.two, desk, now_ms(), why="急")


def test_the_manifest_lists_every_file_and_the_head_is_published(judged: Contest, desk, now_ms, officials) -> None:
    (judged.folder / "sheets").mkdir()
    (judged.folder / "sheets" / "成绩 单.html").write_text("x", "utf-8")
    now_ms.skip(WINDOW_MS)
    event = finalise(judged, officials.two, desk, now_ms())
    manifest = event.body["manifest"]
    there = {p.relative_to(judged.folder).as_posix() for p in judged.folder.rglob("*") if p.is_file()}
    fresh = {f"heads/{event.seq:05d}-final.txt", f"heads/{event.seq:05d}-final.svg"}
    assert there - NOT_LISTED - fresh == set(manifest)
    assert list(manifest) == sorted(manifest)
    assert all(file_sha256(judged.folder / name) == digest for name, digest in manifest.items())
    lines = (judged.folder / "heads" / f"{event.seq:05d}-final.txt").read_text("utf-8").split("\n")
    assert read_head(" ".join(lines[:2])) == read_head(head_text(event))


def test_one_signature_is_not_enough_and_leaves_nothing(judged: Contest, desk, now_ms, officials) -> None:
    now_ms.skip(WINDOW_MS)
    with pytest.raises(ContestError, match="of the 2 signatures"):
        finalise(judged, officials.judges[:1], desk, now_ms())
    assert not list(judged.folder.glob("heads/*-final.*"))


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_in_the_folder_is_refused(judged: Contest, desk, now_ms, officials, tmp_path: Path) -> None:
    (judged.folder / "sheets").symlink_to(tmp_path)
    now_ms.skip(WINDOW_MS)
    with pytest.raises(ContestError, match="sheets: is a link"):
        finalise(judged, officials.two, desk, now_ms())
