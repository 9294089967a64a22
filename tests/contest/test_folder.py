"""The folder: made whole or not at all, read by anybody, changed by one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.contest.folder import Contest, changing
from pipeline.contest.keys import TEST_COST, Signer
from pipeline.contest.plan import EXAMPLE
from pipeline.errors import ContestError, PipelineError
from tests.contest.making import PASSPHRASE, START_MS, Officials, Ticks


def made(folder: Path, plan: Path = EXAMPLE, **more: str) -> Contest:
    return Contest.create(folder, plan, PASSPHRASE, START_MS, cost=TEST_COST, **more)


def test_a_contest_comes_back_as_it_was_left(bring: Callable[[str], Contest]) -> None:
    contest = bring("revealed")
    again = Contest.open(contest.folder)
    assert again.events == contest.events
    assert again.state == contest.state
    assert set(again.state.assignment.values()) == {"A", "B"}


def test_what_a_new_folder_holds(tmp_path: Path) -> None:
    contest = made(tmp_path / "竞赛 2026")
    names = {p.relative_to(contest.folder).parts[0] for p in contest.folder.rglob("*")}
    assert names == {"events.jsonl", "objects", "desk.key", "verify_contest.py"}
    assert contest.load(contest.state.plan_object) == EXAMPLE.read_bytes()
    assert contest.state.rules["drone"].name == "provincial-example"
    first = json.loads((contest.folder / "events.jsonl").read_bytes())
    assert first["body"]["id"] == contest.state.id and len(contest.state.id) == 12
    assert made(tmp_path / "another").state.id != contest.state.id


@pytest.mark.parametrize("old", ["drone-rules.toml", "weight = 50"])
def test_nothing_is_left_of_a_contest_that_could_not_be_made(tmp_path: Path, old: str) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(EXAMPLE.read_text("utf-8").replace(old, "nonsense"), "utf-8")
    with pytest.raises(PipelineError):
        made(tmp_path / "c", plan)
    with pytest.raises(ContestError, match="at least 8 characters"):
        Contest.create(tmp_path / "c", EXAMPLE, "short", START_MS, cost=TEST_COST)
    assert [p.name for p in tmp_path.iterdir()] == ["plan.toml"]


def test_no_folder_is_overwritten_but_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert made(Path()).folder == tmp_path / "empty"
    assert Contest.open(tmp_path / "empty").state.head.seq == 0
    for path in (tmp_path / "empty", tmp_path / "file"):
        if not path.exists():
            path.write_text("x")
        with pytest.raises(ContestError, match="is there already and not empty"):
            made(path)


def test_what_is_no_contest(tmp_path: Path) -> None:
    for way in (Contest.open, lambda p: changing(p).__enter__()):
        with pytest.raises(ContestError, match="is not a contest folder"):
            way(tmp_path)
    assert not (tmp_path / ".lock").exists()


def test_what_a_killed_process_left_is_cleared_away(bring: Callable[[str], Contest]) -> None:
    folder = made(bring("registered").folder.with_name("other")).folder
    left = [folder / name for name in ("objects/ab/.abcd.aside", "receipts/.0021-T02.aside.json", "heads/.1.aside.svg")]
    kept = [folder / name for name in ("receipts/.note.json", "sheets/.T01.aside.pdf")]
    for path in (*left, *kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    Contest.open(folder)
    assert all(path.exists() for path in left)
    with changing(folder):
        assert not any(path.exists() for path in left) and all(path.exists() for path in kept)


def test_events_are_added_inside_changing_only(contest: Contest, desk: Signer, now_ms: Ticks) -> None:
    with pytest.raises(ContestError, match="inside `changing` only"):
        Contest.open(contest.folder).append("head", {"at": "start"}, desk, now_ms())


def test_only_the_desk_writes(contest: Contest, officials: Officials, now_ms: Ticks, tmp_path: Path) -> None:
    with pytest.raises(ContestError, match="is not a desk's key of this contest"):
        contest.append("head", {"at": "x"}, officials.judges[0], now_ms())
    other = made(tmp_path / "other")
    with pytest.raises(ContestError, match="is not a desk's key"):
        contest.append("head", {"at": "x"}, other.desk(PASSPHRASE), now_ms())
    (contest.folder / "desk.key").write_bytes((other.folder / "desk.key").read_bytes())
    with pytest.raises(ContestError, match=r"desk\.key: is not a desk's key"):
        contest.desk(PASSPHRASE)
    with pytest.raises(ContestError, match="wrong passphrase"):
        other.desk("not the passphrase")


def test_what_is_refused_is_not_written(contest: Contest, desk: Signer, now_ms: Ticks) -> None:
    before = (contest.folder / "events.jsonl").read_bytes()
    for kind, body in (("open", {"leg": "drone", "field": "A"}), ("bribe", {}), ("head", {}),
                       ("entrants", {"object": contest.store(b"junk"), "teams": 1, "persons": 1})):  # fmt: skip
        with pytest.raises(ContestError):
            contest.append(kind, body, desk, now_ms())
    assert (contest.folder / "events.jsonl").read_bytes() == before and len(
        contest.events
    ) == contest.state.head.seq + 1


def test_no_event_names_an_object_that_is_not_there(
    bring: Callable[[str], Contest], desk: Signer, now_ms: Ticks
) -> None:
    contest = bring("closed")
    with pytest.raises(ContestError, match="this object is missing"):
        contest.append("reveal", {"leg": "drone", "field": "A", "object": "ab" * 32}, desk, now_ms())


def test_a_torn_line_is_recovered_and_the_contest_goes_on(contest: Contest, desk: Signer, now_ms: Ticks) -> None:
    with (contest.folder / "events.jsonl").open("ab") as file:
        file.write(b'{"body":{"at":')
    contest.append("head", {"at": "start"}, desk, now_ms())
    assert [e.kind for e in contest.events[-2:]] == ["recovered", "head"]
    contest.append("head", {"at": "again"}, desk, now_ms())
    assert Contest.open(contest.folder).state == contest.state


def test_a_ledger_of_another_contest_with_our_objects_is_refused(contest: Contest, desk: Signer) -> None:
    lines = (contest.folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    (contest.folder / "events.jsonl").write_bytes(b"".join([*lines[:3], *lines[4:]]))
    with pytest.raises(ContestError, match="line 4"):
        Contest.open(contest.folder)
