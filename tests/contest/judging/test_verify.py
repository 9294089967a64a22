"""The check of a whole folder: a contest in order passes, and each way to change one is found and named."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.contest.folder import Contest, changing
from pipeline.contest.heads import head_text, write_head
from pipeline.contest.judging.appeals import decide_appeal, file_appeal
from pipeline.contest.judging.finalise import finalise
from pipeline.contest.judging.judged import judge_first
from pipeline.contest.judging.rejudge import apply_set, cancel_set, propose
from pipeline.contest.judging.report import Report
from pipeline.contest.judging.verify import verify_contest
from pipeline.contest.ledger import read_line
from pipeline.contest.manual import manual_event
from pipeline.errors import ContestError
from pipeline.score.canonical import canonical_json
from tests.contest.making import PASSPHRASE, START_MS, Officials, Ticks


@pytest.fixture(scope="session")
def ended(flown_folder: Path, officials: Officials, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole evening: judged, appealed, one rejudge applied and one cancelled, final."""
    folder, tick = tmp_path_factory.mktemp("ended") / "竞赛 final", Ticks(START_MS + 3_600_000)
    shutil.copytree(flown_folder, folder)
    with changing(folder) as contest:
        desk = contest.desk(PASSPHRASE)
        judge_first(contest, desk, tick())
        file_appeal(contest, "drone", "T02", "目标被遮盖", "王五", desk, tick())
        field = contest.state.assignment["drone", "T02"]
        propose(contest, "申诉 1", desk, tick(), void=[("drone", field, f"{field}03")])
        apply_set(contest, 2, officials.two, desk, tick())
        manual_event(contest, "drone", "T03", "report", "汇报突出", officials.two, desk, tick())
        propose(contest, "补登", desk, tick())
        apply_set(contest, 3, officials.two, desk, tick())
        propose(contest, "再看", desk, tick())
        cancel_set(contest, 4, officials.two, desk, tick())
        decide_appeal(contest, 1, "upheld", "属实", officials.two, desk, tick())
        write_head(folder, contest.state.head, "freeze")
        tick.skip(7_200_000)
        finalise(contest, officials.two, desk, tick())
    return folder


@pytest.fixture
def final(ended: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ended, tmp_path / "final"))


def errors(report: Report) -> list[str]:
    return [f"{f.place}: {f.text}" for f in report.findings if f.severity == "error"]


def test_a_contest_in_order_passes_with_nothing_to_say(ended: Path) -> None:
    contest = Contest.open(ended)
    heads = [head_text(e) for e in (contest.events[0], contest.events[-1])]
    report = verify_contest(ended, heads=heads, receipts=sorted(ended.glob("receipts/*.json")))
    assert report.good and not [f for f in report.findings if f.severity != "note"], report.lines()
    assert report.checked["events"] == len(contest.events)
    assert report.checked["submission"] == report.checked["receipts"] == 3
    assert report.checked["results"] == 7  # first, three proposals, two applied, final
    assert report.checked["files"] == len(contest.state.final.manifest)  # type: ignore[union-attr]
    assert report.lines()[-1].endswith("All records agree.")


def test_nothing_is_changed_by_a_check(final: Path) -> None:
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in final.rglob("*") if p.is_file()}
    verify_contest(final)
    assert before == {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in final.rglob("*") if p.is_file()}


def test_single_bytes_anywhere_are_found(final: Path) -> None:
    """A few at random, and the last byte of the ledger; tests/contest/day changes hundreds."""
    rng, count = random.Random(6), 8
    files = sorted(p for p in final.rglob("*") if p.is_file() and p.stat().st_size and p.name != ".lock")
    chosen = [(p, rng.randrange(p.stat().st_size)) for p in rng.choices(files, k=count)]
    ledger = final / "events.jsonl"
    for path, at in [*chosen, (ledger, ledger.stat().st_size - 1)]:
        data = path.read_bytes()
        path.write_bytes(data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :])
        assert not verify_contest(final).good, f"{path.relative_to(final)} byte {at}"
        path.write_bytes(data)
    assert verify_contest(final).good


def _object(folder: Path, kind: str, name: str = "object") -> Path:
    contest = Contest.open(folder)
    digest = next(e.body[name] for e in contest.events if e.kind == kind)
    return folder / "objects" / digest[:2] / digest


TAMPERINGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "an object gone": (lambda f: _object(f, "submission").unlink(), "missing"),
    "an object changed": (lambda f: _object(f, "submission").write_bytes(b"{}"), "damaged"),
    "revealed targets changed": (lambda f: _object(f, "reveal").write_bytes(b"{}"), "damaged"),
    "a copy of results changed": (
        lambda f: (f / "results" / "set-1.json").write_text((f / "results" / "set-1.json").read_text("utf-8").replace(
            "T01", "T03"), "utf-8"), "results/set-1.json: differs"),
    "a result set made up": (lambda f: (f / "results" / "set-9.json").write_bytes(b"{}"), "copy of nothing"),
    "a receipt changed": (
        lambda f: next(f.glob("receipts/*.txt")).write_text("T01: 100", "utf-8"), ".txt: differs"),
    "a receipt made up": (lambda f: (f / "receipts" / "0002-T09.json").write_bytes(b"{}"), "no submission"),
    "a head made up": (lambda f: (f / "heads" / "09999-x.txt").write_bytes(b"x"), "not in the ledger"),
    "a file added": (lambda f: (f / "sheets.html").write_bytes(b"x"), "was not in the folder"),
    "a sheet added": (lambda f: (f / "sheets" / "T01.html").write_bytes(b"x"), "was not in the folder"),
    "an object added": (
        lambda f: (f / "objects" / "aa" / f"aa{'0' * 62}").write_bytes(b"x"), "no longer fit its name"),
    "the verifier changed": (lambda f: (f / "verify_contest.py").write_bytes(b"print('ok')"), "verify_contest.py: was "
                             "changed since"),
    "the desk's key exchanged": (lambda f: (f / "desk.key").write_bytes(b"{}"), "desk.key"),
    "a tail cut off": (
        lambda f: (f / "events.jsonl").write_bytes(b"".join((f / "events.jsonl").read_bytes().splitlines(True)[:-1])),
        "not in the ledger"),
    "a line torn": (lambda f: (f / "events.jsonl").write_bytes((f / "events.jsonl").read_bytes()[:-40]), "ends in"),
    "two lines exchanged": (
        lambda f: (f / "events.jsonl").write_bytes(_exchanged((f / "events.jsonl").read_bytes())), "line 5"),
    "nothing left": (lambda f: (f / "events.jsonl").write_bytes(b""), "holds no event"),
    "no ledger": (lambda f: (f / "events.jsonl").unlink(), "cannot be read"),
}  # fmt: skip


def _exchanged(data: bytes) -> bytes:
    lines = data.splitlines(True)
    return b"".join([*lines[:4], lines[5], lines[4], *lines[6:]])


@pytest.mark.parametrize("name", TAMPERINGS)
def test_each_tampering_is_named(final: Path, name: str) -> None:
    (final / "sheets").mkdir()
    (final / "objects" / "aa").mkdir(exist_ok=True)
    tamper, says = TAMPERINGS[name]
    tamper(final)
    found = errors(verify_contest(final))
    assert any(says in sentence for sentence in found), found
    assert not any("34.7" in s or "113.6" in s for s in found), "no sentence holds a coordinate"


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_is_found(final: Path, tmp_path: Path) -> None:
    (final / "more").symlink_to(tmp_path)
    assert any("is a link" in s for s in errors(verify_contest(final)))


def test_a_lost_copy_is_a_warning_since_it_can_be_made_again(final: Path) -> None:
    shutil.rmtree(final / "results")
    report = verify_contest(final)
    assert report.good and any(f.severity == "warning" and "is missing" in f.text for f in report.findings)


def test_a_head_or_receipt_that_the_ledger_does_not_know(final: Path, tmp_path: Path) -> None:
    contest = Contest.open(final)
    forged = tmp_path / "receipt.json"
    line = next(e for e in contest.events if e.kind == "submission").line
    forged.write_bytes(line.replace(b'"late":false', b'"late":true'))
    head = head_text(contest.events[-1])
    for kwargs in ({"heads": [head[:-1] + ("0" if head[-1] != "0" else "1")]}, {"heads": ["nonsense"]},
                   {"receipts": [forged]}, {"receipts": [tmp_path / "missing.json"]}):  # fmt: skip
        assert len(errors(verify_contest(final, **kwargs))) == 1, kwargs  # type: ignore[arg-type]


def test_a_fork_is_reported_and_not_chosen(flown: Contest, tmp_path: Path, officials, desk, now_ms) -> None:
    other = Path(shutil.copytree(flown.folder, tmp_path / "other"))
    judge_first(flown, desk, now_ms())
    with changing(other) as copy:
        manual_event(copy, "drone", "T02", "crash", "坠毁", officials.two, copy.desk(PASSPHRASE), now_ms())
    found = errors(verify_contest(flown.folder, against=other))
    assert len(found) == 1 and "fork at line" in found[0]
    assert verify_contest(flown.folder).good and verify_contest(other).good


def test_a_desk_that_writes_other_results_is_found(flown: Contest, desk, now_ms) -> None:
    """Signed by the desk's own key, in order in every way but one: the points are not those of the inputs."""
    event = judge_first(flown, desk, now_ms())
    again = Path(shutil.copytree(flown.folder, flown.folder.with_name("forged")))
    results = json.loads(flown.load(event.body["object"]))
    results["teams"][0]["total_u"] += 1
    lines = (again / "events.jsonl").read_bytes().splitlines(True)
    (again / "events.jsonl").write_bytes(b"".join(lines[:-1]))
    with changing(again) as contest:
        forged = contest.store(canonical_json(results))
        contest.append("judged", {"set": 1, "object": forged, "state": "applied"}, desk, now_ms())
    (again / "results" / "set-1.json").unlink()
    assert any("set 1 judged again gives other results" in s for s in errors(verify_contest(again)))


def test_a_desk_that_judges_another_list_than_was_handed_in_is_found(flown: Contest, desk, now_ms) -> None:
    own, others = (flown.state.last_submission("drone", team) for team in ("T01", "T02"))
    assert own is not None and others is not None
    lines = (flown.folder / "events.jsonl").read_bytes().splitlines(True)
    again = Path(shutil.copytree(flown.folder, flown.folder.with_name("forged")))
    (again / "events.jsonl").write_bytes(b"".join(lines[: others.seq]))
    body = {**flown.events[others.seq].body, "canonical": own.canonical}
    with changing(again) as contest:
        contest.append("submission", body, desk, flown.events[others.seq].t_ms)
    assert any("canonical is not what the file says" in s for s in errors(verify_contest(again)))


def test_results_of_another_version_are_said_to_be(flown: Contest, desk, now_ms, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.contest.judging.judged.version", lambda _: "0.0.1")
        patch.setattr("pipeline.score.verdict._software", lambda: "qianliyan 0.0.1")
        judge_first(flown, desk, now_ms())
    report = verify_contest(flown.folder)
    assert report.good
    assert [f.text for f in report.findings if "judged by qianliyan 0.0.1" in f.text]


def test_before_the_end_strange_files_are_warnings(flown: Contest) -> None:
    (flown.folder / "notes.txt").write_text("x", "utf-8")
    (flown.folder / "objects" / "aa").mkdir(exist_ok=True)
    (flown.folder / "objects" / "aa" / ".x.aside").write_bytes(b"half")
    flown.store(b"an object that was kept, and no event came")
    report = verify_contest(flown.folder)
    assert report.good
    assert sorted(f.severity for f in report.findings) == ["note", "warning", "warning"]


def test_what_is_no_contest(tmp_path: Path) -> None:
    assert not verify_contest(tmp_path).good
    assert not verify_contest(tmp_path / "missing").good


def test_what_an_interrupted_write_left_is_neither_listed_nor_an_error(flown: Contest, officials, desk, now_ms) -> None:
    left = [flown.folder / name for name in ("receipts/.0001.aside.json", "sheets/.T01.aside.pdf")]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
    judge_first(flown, desk, now_ms())
    finalise(flown, officials.two, desk, now_ms(), why="当场确认")
    assert not [n for n in flown.state.final.manifest if ".aside" in n]  # type: ignore[union-attr]
    report = verify_contest(flown.folder)
    assert report.good and [f.severity for f in report.findings if ".aside" in f.place] == ["warning"] * 2


def test_a_torn_line_is_on_record_before_anybody_signs_the_end(flown: Contest, officials, desk, now_ms) -> None:
    judge_first(flown, desk, now_ms())
    with (flown.folder / "events.jsonl").open("ab") as file:
        file.write(b'{"body":')
    finalise(flown, officials.two, desk, now_ms(), why="当场确认")
    assert [e.kind for e in Contest.open(flown.folder).events[-3:]] == ["recovered", "head", "final"]
    assert verify_contest(flown.folder).good


def test_an_appeal_taken_out_under_a_final_that_two_signed_is_found(final: Path, tmp_path: Path) -> None:
    """The desk alone writes every line anew, and its head at the end; nobody brings a head or a receipt."""
    contest = Contest.open(final)
    gone = {"appeal", "appeal-decision"}
    lines, desk = [e for e in contest.events if e.kind not in gone], contest.desk(PASSPHRASE)
    rewritten, last = b"", None
    for event in lines:
        body, before = dict(event.body), last.head if last else "0" * 64
        content = {"body": body, "contest": event.contest, "key": desk.public, "kind": event.kind, "prev": before,
                   "seq": last.seq + 1 if last else 0, "t_ms": event.t_ms}  # fmt: skip
        line = canonical_json({**content, "sig": desk.sign(canonical_json(content))})
        last = read_line(line, "x")
        rewritten += line + b"\n"
    (final / "events.jsonl").write_bytes(rewritten)
    assert last is not None
    for path in (final / "heads").glob("*"):
        path.unlink()
    write_head(final, last, "final")
    assert any("signed over another ledger" in text for text in errors(verify_contest(final)))


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="their file names are text")
def test_a_name_that_is_no_text_is_refused_in_a_sentence(flown: Contest, officials, desk, now_ms) -> None:
    judge_first(flown, desk, now_ms())
    (flown.folder / "receipts" / os.fsdecode(b"\xff.txt")).write_bytes(b"x")
    with pytest.raises(ContestError, match="a plain name"):
        finalise(flown, officials.two, desk, now_ms(), why="当场确认")
    assert not verify_contest(flown.folder).good
