"""The stand-alone verifier against a contest made by hand, and against everything that can be done to it."""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import pipeline.contest.verify_contest as module
from pipeline.contest.approvals import approved, statement
from pipeline.contest.heads import head_text, write_head
from pipeline.contest.keys import Signer
from pipeline.contest.ledger import NOTHING, append_event, read_line
from pipeline.contest.store import load, object_path, store, stored
from pipeline.score.canonical import canonical_json
from tests.contest import attacks
from tests.contest.chain import START_MS, Chain, chain, signed_line

RULES, SALT = "ab" * 32, "5a" * 32


def official(name: str) -> Signer:
    key = Ed25519PrivateKey.generate()
    return Signer(name, key.public_key().public_bytes_raw().hex(), key.sign)


JUDGES = [official("张三"), official("李四")]
SURVEYORS = [official("王五"), official("赵六")]
STRANGER = official("谁")


def sha(value: Any) -> str:
    return hashlib.sha256(canonical_json(value)).hexdigest()


def tree(hashes: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, in its own words: the split is the largest power of two smaller than n."""
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while 2 * k < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + tree(hashes[:k]) + tree(hashes[k:])).digest()


def entries() -> list[dict[str, Any]]:
    real = [
        {"decoy": False, "salt": f"{i:064x}", "target": {"id": f"t{i}", "lat_e9": 34 * 10**9 + i}} for i in range(5)
    ]
    return [*real, {"decoy": True, "salt": "ff" * 32, "target": {"decoy": "00" * 32}}]


def commitments(made: Chain, found: list[dict[str, Any]]) -> list[str]:
    beside = {"contest": made.id, "leg": "drone", "field": "A", "rules_digest": RULES, "format": "qianliyan-target-1"}
    return sorted(sha({**beside, "salt": e["salt"], "target": e["target"]}) for e in found)


def seal_body(made: Chain) -> dict[str, Any]:
    listed = commitments(made, entries())
    leaves = [hashlib.sha256(b"\x00" + bytes.fromhex(c)).digest() for c in listed]
    digest = sha({"format": "qianliyan-truth-1", "targets": [e["target"] for e in entries()[:5]], "truth_salt": SALT})
    survey = approved(SURVEYORS, made.id, "survey", {"leg": "drone", "field": "A", "truth_digest": digest})
    surveyed = survey.pop("approved")
    return {"leg": "drone", "field": "A", "count": 6, "root": tree(leaves).hex(), "rules_digest": RULES,
            "commitments": keep(made, {"commitments": listed}), "survey": survey, "surveyed": surveyed}  # fmt: skip


def keep(made: Chain, value: Any) -> str:
    return store(made.folder, canonical_json(value))


def revealed(made: Chain, found: list[dict[str, Any]]) -> dict[str, Any]:
    return {"leg": "drone", "field": "A", "object": keep(made, {"targets": found, "truth_salt": SALT})}


FIELD = {"leg": "drone", "field": "A"}
MANUAL = {"leg": "drone", "entrant": "T1", "rule": "late", "why": "迟到"}


def whole(folder: Path) -> Chain:
    """A contest from its first event to its final one."""
    made = chain(folder, 1)
    shutil.copy(module.__file__, folder)
    for role, signers in (("judge", JUDGES), ("surveyor", SURVEYORS)):
        for signer in signers:
            made.add("official", {"key": signer.public, "name": signer.name, "role": role})
    made.add("seal", seal_body(made))
    made.add("open", FIELD)
    event = made.add(
        "submission", {**FIELD, "entrant": "T1", "object": store(folder, b"hits"), "canonical": keep(made, [])}
    )
    (folder / "receipts").mkdir()
    (folder / "receipts" / "0007-T1.json").write_bytes(event.line + b"\n")
    write_head(folder, made.add("close", FIELD), "close")
    made.add("reveal", revealed(made, entries()))
    made.path.write_bytes(made.path.read_bytes() + b"torn")
    made.add("manual", approved(JUDGES, made.id, "manual", MANUAL), now_ms=START_MS - 5)
    (folder / "sheets").mkdir()
    (folder / "sheets" / "成绩.pdf").write_bytes(b"%PDF")
    listed = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file() and p != made.path}
    manifest = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in listed.items()}
    body = {"set": 1, "head": made.read()[-1].head, "manifest": manifest}
    made.add("final", approved(JUDGES, made.id, "final", body))
    return made


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return whole(tmp_path_factory.mktemp("c") / "竞 赛")


@pytest.fixture
def made(original: Chain, tmp_path: Path) -> Chain:
    shutil.copytree(original.folder, tmp_path / "竞 赛")
    return Chain(tmp_path / "竞 赛", original.desk)


def findings(made: Chain, heads: list[str] | None = None, receipts: list[Path] | None = None) -> list[str]:
    checker = module.Checker(made.folder)
    checker.check_all(heads or [], receipts or [])
    return checker.found


def run(folder: Path, *more: str) -> tuple[int, str]:
    """As anybody runs it: the copy in the folder, away from our package, in an empty environment."""
    command = [sys.executable, "-I", "-W", "error", "verify_contest.py", ".", *more]
    done = subprocess.run(command, cwd=folder, capture_output=True, env={"PYTHONIOENCODING": "utf-8"}, check=False)
    assert done.stderr == b""
    return done.returncode, done.stdout.decode()


def test_it_is_one_short_file_that_shares_nothing_with_us() -> None:
    text = Path(module.__file__).read_text("utf-8")
    names = [n.module or "" for n in ast.walk(ast.parse(text)) if isinstance(n, ast.ImportFrom)]
    names += [a.name for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Import) for a in n.names]
    assert len(text.splitlines()) < 200
    assert {name.split(".")[0] for name in names} <= {*sys.stdlib_module_names, "cryptography"}


def test_a_whole_contest_is_in_order(made: Chain) -> None:
    heads = [word for event in made.read() for word in ("--head", head_text(event))]
    code, told = run(made.folder, *heads, "--receipt", "receipts/0007-T1.json")
    assert code == 0, told
    assert f"{made.desk.public}  desk of contest {made.id}" in told
    assert f"{JUDGES[0].public}  judge 张三" in told
    assert made.read()[-1].head in told


def test_the_lines_of_a_written_head_can_be_given_as_they_are(made: Chain) -> None:
    copied = "\n".join(next((made.folder / "heads").glob("*.txt")).read_text("utf-8").split("\n")[:2])
    assert findings(made, [copied]) == []


TOLD = {
    attacks.edited: "its signature does not fit",
    attacks.edited_and_signed_by_the_desk: "it does not follow the line before",
    attacks.deleted: "it is event 3; a line was deleted",
    attacks.first_deleted: "damaged or changed",
    attacks.exchanged: "it is event 3; a line was deleted, moved",
    attacks.inserted: "it is event 3; a line was deleted, moved or inserted",
    attacks.doubled: "it is event 2; a line was deleted, moved or inserted",
    attacks.signed_by_a_stranger: "signed by no desk of this contest",
    attacks.stranger_in_the_first: "signed by no desk of this contest",
    attacks.blank_line: "damaged or changed",
    attacks.windows_newlines: "damaged or changed",
    attacks.back_in_time: "its time is before that of the line before",
    attacks.replayed_from_another_contest: "it belongs to another contest, harbour-2026",
    attacks.skipped_number: "it is event 7",
}


@pytest.mark.parametrize("attack", TOLD, ids=lambda attack: attack.__name__)
def test_each_attack_on_the_ledger_is_told_with_its_line(tmp_path: Path, attack: attacks.Attack) -> None:
    made = chain(tmp_path / "c")
    lines = made.lines()
    number = attack(lines, made)
    made.write(lines)
    assert any(f.startswith(f"line {number}: {TOLD[attack]}") for f in findings(made)), findings(made)


def test_a_first_event_that_names_another_contest_is_told(made: Chain) -> None:
    lines = made.lines()
    body = json.loads(lines[0])["body"]
    made.write([signed_line(made.desk, lines[0], body={**body, "id": "harbour"})])
    assert findings(made)[0] == f"line 1: it belongs to another contest, {made.id}"


def test_a_second_desk_is_let_in_by_the_first_only(tmp_path: Path) -> None:
    made = chain(tmp_path / "c", 2)
    other = attacks.stranger(made)
    machine = {"name": "二号机", "key": other.public}
    last = made.add("machine", machine, START_MS + 9000)
    append_event(made.path, last, made.id, "note", {}, other, START_MS + 9000)
    assert findings(made) == []
    made.write([*made.lines()[:2], signed_line(other, made.lines()[2])])
    assert findings(made) == [f"line 3: signed by no desk of this contest, but {other.public[:16]}"]


def test_a_torn_end_is_told(made: Chain) -> None:
    made.path.write_bytes(made.path.read_bytes() + b"torn")
    assert findings(made) == [f"line {len(made.read()) + 1}: the ledger ends in 4 bytes that are no whole line"]


def test_a_forged_head_in_the_folder_is_told(tmp_path: Path) -> None:
    made = chain(tmp_path / "c", 3)
    path = write_head(made.folder, made.read()[2], "close")
    assert findings(made) == []
    path.write_text(path.read_text("utf-8").replace(f"{made.id} 2", f"{made.id} 1"), "utf-8")
    assert [f.split(" ")[0] for f in findings(made)] == ["head"]


def resigned(made: Chain, number: int, change: Callable[[dict[str, Any]], None]) -> None:
    """The desk itself changes one event and signs everything from there on anew: only the words can betray it."""
    lines, prev = made.lines(), NOTHING
    for n, line in enumerate(lines):
        body = json.loads(line)["body"]
        if n == number:
            change(body)
        lines[n] = signed_line(made.desk, line, prev=prev, body=body)
        prev = read_line(lines[n], "x").head
    made.write(lines)
    shutil.rmtree(made.folder / "heads")
    shutil.rmtree(made.folder / "receipts")


def at(made: Chain, kind: str) -> int:
    return next(e.seq for e in made.read() if e.kind == kind)


def told_of(made: Chain, kind: str, change: Callable[[dict[str, Any]], None], *expected: str) -> None:
    """The findings beside those that follow from the signatures under `final` covering other files."""
    resigned(made, at(made, kind), change)
    found = [f for f in findings(made) if "since the contest was made final" not in f]
    assert found and all(any(e in f for e in expected) for f in found), found


def test_a_seal_with_another_root_is_told(made: Chain) -> None:
    told_of(made, "seal", lambda b: b.update(root="12" * 32), "not those under its root")


def test_a_seal_with_another_count_is_told(made: Chain) -> None:
    told_of(made, "seal", lambda b: b.update(count=5), "not those under its root")


def test_a_seal_for_other_rules_is_told_when_it_is_revealed(made: Chain) -> None:
    told_of(made, "seal", lambda b: b.update(rules_digest="12" * 32), "not those that were sealed")


@pytest.mark.parametrize("attack", [
    lambda found: found[0]["target"].update(lat_e9=34 * 10**9 + 7),
    lambda found: found[0].update(salt="ee" * 32),
    lambda found: found.pop(),
    lambda found: found.append(found[0]),
    lambda found: found[0].update(decoy=True),
    lambda found: found[-1].update(decoy=False),
])  # fmt: skip
def test_targets_other_than_the_sealed_ones_are_told(
    made: Chain, attack: Callable[[list[dict[str, Any]]], Any]
) -> None:
    changed = entries()
    attack(changed)
    told_of(made, "reveal", lambda b: b.update(revealed(made, changed)), "not those that were sealed")


def test_targets_that_were_sealed_but_not_surveyed_are_told(made: Chain) -> None:
    body = {"leg": "drone", "field": "A", "truth_digest": "cd" * 32}
    survey = approved(SURVEYORS, made.id, "survey", body)
    surveyed = survey.pop("approved")
    told_of(made, "seal", lambda b: b.update(survey=survey, surveyed=surveyed), "not those that were sealed")


def test_a_line_taken_out_under_the_signatures_of_the_end_is_told(made: Chain) -> None:
    """A desk signs all lines anew and keeps `final`; it alone has nothing that its judges have signed."""
    resigned(made, at(made, "manual"), lambda body: body.update(clock_back_ms=6))
    assert "events.jsonl: missing, changed or added since the contest was made final" in findings(made)


def signed_without_nonce(body: dict[str, Any]) -> None:
    body["nonce"] = ""
    said = statement("river-2026", "manual", body)
    body["approved"] = [{"key": s.public, "name": s.name, "sig": s.sign(said)} for s in JUDGES]


@pytest.mark.parametrize("change, expected", [
    (lambda b: b.update(entrant="T2"), "lacks the signatures"),
    (lambda b: b["approved"].pop(), "lacks the signatures"),
    (lambda b: b.update(approved=[b["approved"][0]] * 2), "lacks the signatures"),
    (lambda b: b["approved"].append({**b["approved"][0], "sig": "00" * 64}), "lacks the signatures"),
    (lambda b: b.pop("approved"), "not in its form"),
    (lambda b: b.update(approved=approved([JUDGES[0], STRANGER], "river-2026", "manual", b)["approved"]), "lacks the"),
    (lambda b: b.update(approved=approved([JUDGES[0], SURVEYORS[0]], "river-2026", "manual", b)["approved"]), "lacks"),
    (lambda b: b.update(approved=approved(JUDGES, "harbour", "manual", b)["approved"]), "lacks the signatures"),
    (lambda b: b.update(approved=approved(JUDGES, "river-2026", "overrule", b)["approved"]), "lacks the signatures"),
    (signed_without_nonce, "can be again"),
])  # fmt: skip
def test_decisions_without_two_judges_signatures_are_told(
    made: Chain, change: Callable[[dict[str, Any]], Any], expected: str
) -> None:
    told_of(made, "manual", change, expected)


def test_a_survey_that_the_surveyors_did_not_sign_is_told(made: Chain) -> None:
    told_of(made, "seal", lambda b: b["survey"].update(truth_digest="00" * 32),
            "`survey` lacks the signatures", "not those that were sealed")  # fmt: skip


def test_signatures_used_twice_are_told(made: Chain) -> None:
    again = made.read()[at(made, "manual")].body
    made.add("manual", {k: v for k, v in again.items() if k != "clock_back_ms"})
    assert any("were used before" in f for f in findings(made))


def test_signatures_of_officials_that_come_later_are_told(tmp_path: Path) -> None:
    made = chain(tmp_path / "c", 1)
    made.add("manual", approved(JUDGES, made.id, "manual", MANUAL))
    for signer in JUDGES:
        made.add("official", {"key": signer.public, "name": signer.name, "role": "judge"})
    assert findings(made) == ["line 2: `manual` lacks the signatures of 2 registered officials"]


@pytest.mark.parametrize("kinds, line", [
    (["open"], 2), (["seal", "close"], 3), (["seal", "open", "reveal"], 4), (["seal", "seal"], 3),
    (["seal", "open", "close", "submission"], 5), (["seal", "open", "close", "open"], 5), (["seal", "submission"], 3),
    (["seal", "open", "close", "reveal", "reveal"], 6),
])  # fmt: skip
def test_a_field_in_another_order_is_told(tmp_path: Path, kinds: list[str], line: int) -> None:
    made = chain(tmp_path / "c", 1)
    bodies = {"seal": lambda: seal_body(made), "reveal": lambda: revealed(made, entries())}
    for kind in kinds:
        made.add(kind, bodies.get(kind, lambda: FIELD)())
    found = findings(made)
    assert any(f.startswith(f"line {line}: `{kinds[-1]}` of drone/A out of order") for f in found)


def test_a_missing_object_is_told(made: Chain) -> None:
    name = made.read()[at(made, "submission")].body["object"]
    object_path(made.folder, name).unlink()
    assert f"line 8: the object {name}, which it names, is missing" in findings(made)


def test_the_objects_that_rules_and_recoveries_name_are_asked_for_too(tmp_path: Path) -> None:
    made = chain(tmp_path / "c", 1)
    made.add("note", {"rules": {"drone": "ab" * 32}})
    made.add("note", {"changes": {"rules": {"drone": "ab" * 32}}})
    made.path.write_bytes(made.path.read_bytes() + b"torn")
    made.add("note")
    shutil.rmtree(made.folder / "objects")
    assert [f[:7] for f in findings(made)] == ["line 2:", "line 3:", "line 4:"]


def test_a_contest_cut_off_at_any_line_shows_against_the_last_head(made: Chain) -> None:
    lines, head = made.lines(), head_text(made.read()[-1])
    for count in range(len(lines)):
        made.write(lines[:count])
        assert any(f.startswith("head ") for f in findings(made, [head]))


def test_a_receipt_of_a_line_that_was_cut_off_is_told(made: Chain) -> None:
    made.write(made.lines()[:-3])
    receipt = made.folder / "mine.json"
    receipt.write_bytes((made.folder / "receipts" / "0007-T1.json").read_bytes().replace(b"T1", b"T2"))
    assert "receipt mine.json: of no line here; it was changed, or the ledger since" in findings(
        made, receipts=[receipt]
    )


def test_a_ledger_signed_anew_with_another_key_is_told_by_heads_and_receipts(made: Chain, original: Chain) -> None:
    heads = [head_text(e) for e in made.read()]
    lines, prev = made.lines(), NOTHING
    for n, line in enumerate(lines):
        body = json.loads(line)["body"]
        if n == 0:
            body["desk"]["key"] = STRANGER.public
        lines[n] = signed_line(STRANGER, line, prev=prev, body=body)
        prev = read_line(lines[n], "x").head
    made.write(lines)
    shutil.rmtree(made.folder / "heads")
    receipt = original.folder / "receipts" / "0007-T1.json"
    found = findings(made, heads, [receipt])
    assert sum(f.startswith("head ") for f in found) == len(heads)
    assert sum(f.startswith("receipt ") for f in found) == 2


@pytest.mark.parametrize("name", ["sheets/成绩.pdf", "verify_contest.py", "desk.key", "heads"])
def test_a_file_changed_or_removed_after_the_end_is_told(made: Chain, name: str) -> None:
    path = made.folder / name if name != "heads" else next((made.folder / "heads").glob("*.svg"))
    name = path.relative_to(made.folder).as_posix()
    path.write_bytes(path.read_bytes() + b" ")
    assert findings(made) == [f"{name}: missing, changed or added since the contest was made final"]
    path.unlink()
    assert findings(made) == [f"{name}: missing, changed or added since the contest was made final"]


def test_a_sheet_or_link_added_after_the_end_is_told(made: Chain, tmp_path: Path) -> None:
    (made.folder / "sheets" / "forged.pdf").write_bytes(b"%PDF")
    (made.folder / "sheets" / "link").symlink_to(tmp_path)
    (made.folder / "sheets" / ".forged.pdf").write_bytes(b"%PDF")
    (made.folder / "sheets" / ".forged.aside.pdf").write_bytes(b"what an interrupted write left")
    assert [f.split(":")[0] for f in findings(made)] == ["sheets/.forged.pdf", "sheets/forged.pdf", "sheets/link"]


def test_objects_replaced_by_links_or_moved_are_told(made: Chain, tmp_path: Path) -> None:
    first, second = list(stored(made.folder))[:2]
    (tmp_path / "copy").write_bytes(load(made.folder, first))
    object_path(made.folder, first).unlink()
    object_path(made.folder, first).symlink_to(tmp_path / "copy")
    (made.folder / "objects" / "zz").mkdir()
    shutil.move(object_path(made.folder, second), made.folder / "objects" / "zz" / second)
    found = findings(made)
    assert f"objects/{first[:2]}/{first}: damaged; it does not fit its name" in found
    assert f"objects/zz/{second}: damaged; it does not fit its name" in found


def test_random_bytes_changed_anywhere_are_told(made: Chain) -> None:
    """Every file of the folder, a few places each; the ledger more often."""
    import random

    draw = random.Random(6)
    for path in sorted(p for p in made.folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        for _ in range(40 if path == made.path else 3):
            spot = draw.randrange(len(data))
            path.write_bytes(data[:spot] + bytes([data[spot] ^ draw.randrange(1, 256)]) + data[spot + 1 :])
            checker = module.Checker(made.folder)
            try:
                checker.check_all([], [])
            except module.BAD:
                continue
            assert checker.found, (path, spot)
        path.write_bytes(data)


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"{}\n", b"[" * 100_000 + b"\n", b"\xff\n", b'{"seq":' + b"9" * 5000 + b"}\n"]
)
def test_whatever_lies_in_place_of_a_ledger_is_told_in_a_sentence(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "events.jsonl").write_bytes(data)
    shutil.copy(module.__file__, tmp_path)
    code, told = run(tmp_path)
    assert code == 1 and told.startswith("line 1: ") and len(told.splitlines()) == 1


def test_a_folder_that_is_no_contest_is_told_in_a_sentence(tmp_path: Path) -> None:
    shutil.copy(module.__file__, tmp_path)
    code, told = run(tmp_path)
    assert code == 1 and "cannot be checked to its end" in told


def test_bodies_of_any_form_are_told_in_a_sentence(tmp_path: Path) -> None:
    made = chain(tmp_path / "c", 1)
    bodies: list[Any] = [{}, {"approved": 5}, {"leg": [], "field": {}}, {"rules": [], "nonce": 1, "approved": [3]},
                         {"manifest": [1]}, {"manifest": {"\x00": 3, "../..": "x", "/etc": ""}}]  # fmt: skip
    for kind in ("seal", "reveal", "manual", "final", "official", "recovered", "machine", "submission"):
        for body in bodies:
            made.add(kind, body)
    shutil.copy(module.__file__, made.folder)
    code, told = run(made.folder, "--head", "x", "--head", "\x1b[2J")
    assert code == 1 and "\x1b" not in told and "Traceback" not in told


def test_terminals_get_no_control_characters(tmp_path: Path) -> None:
    made = chain(tmp_path / "c", 1)
    made.add("official", {"key": "ab" * 32, "role": "judge", "name": "\x1b]0;x\x07"})
    shutil.copy(module.__file__, made.folder)
    code, told = run(made.folder)
    assert code == 0 and "\x1b" not in told and "judge ?]0;x?" in told
