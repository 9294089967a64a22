"""Files beside the ledger: objects, derived copies, the final manifest, and files that nobody knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.contest.folder import DESK_KEY, VERIFIER, Contest, software
from pipeline.contest.heads import HEADS, read_head, write_head
from pipeline.contest.intake.receipt import RECEIPTS, write_receipt
from pipeline.contest.judging.finalise import NOT_LISTED, names_in
from pipeline.contest.judging.report import Report
from pipeline.contest.judging.told import Told
from pipeline.contest.keys import read_public
from pipeline.contest.ledger import Event
from pipeline.contest.store import OBJECTS, file_sha256
from pipeline.errors import ContestError
from pipeline.files import is_aside

RESULTS = "results"
PRINTED = ("sheets", "tables")
_NAMES_IN_BODIES = ("box", "canonical", "commitments", "diff", "manifest", "object", "plan", "sha256")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_AT = re.compile(r"^公布于 Published at: (.*)$", re.MULTILINE)


def check_files(told: Told, report: Report) -> None:
    """Everything in the folder: known, in order, and once the contest is final, as it was signed."""
    names, strange = names_in(told.folder)
    for name in strange:
        report.say("error", name, "is a link, or no plain file of a plain name; a contest's folder holds neither")
    _check_objects(told, [n for n in names if n.startswith(f"{OBJECTS}/")], report)
    for name in names:
        if not name.startswith(f"{OBJECTS}/"):
            report.guard(name, _check_beside, told, name, report)
    if told.last.final is not None:
        _check_manifest(told, told.last.final.manifest, names, report)


def named_objects(events: Iterable[Event]) -> dict[str, Event]:
    """The objects that a ledger names, each with the first event that does."""
    found: dict[str, Event] = {}
    for event in events:
        body, changes = event.body, event.body.get("changes")
        given = [body.get(k) for k in _NAMES_IN_BODIES]
        for listed in (body.get("rules"), changes.get("rules") if isinstance(changes, Mapping) else None):
            given += list(listed.values()) if isinstance(listed, Mapping) else []
        for name in given:
            if isinstance(name, str) and _SHA256.fullmatch(name):
                found.setdefault(name, event)
    return found


def _check_objects(told: Told, names: list[str], report: Report) -> None:
    named, there = named_objects(told.events), set()
    for name in names:
        digest = name.rpartition("/")[2]
        there.add(digest)
        if _SHA256.fullmatch(digest) and name == f"{OBJECTS}/{digest[:2]}/{digest}":
            if file_sha256(told.folder / name) != digest:
                report.say("error", name, "this object is damaged; its bytes no longer fit its name")
            elif digest not in named:
                report.say("note", name, "no event names this object; it counts for nothing")
            report.count("objects")
        else:
            report.say("warning", name, "is no object; an interrupted write may have left it")
    for digest, event in named.items():
        if digest not in there:
            report.say("error", f"events.jsonl, line {event.seq + 1}", f"the object {digest} that it names is missing")


def _check_beside(told: Told, name: str, report: Report) -> None:
    """One file that is neither ledger nor object."""
    top = name.partition("/")[0]
    if is_aside(name):
        report.say("warning", name, "was left by an interrupted write; it counts for nothing")
    elif name in NOT_LISTED or (top in PRINTED and "/" in name):
        return
    elif name == DESK_KEY:
        _check_key(told)
    elif name == VERIFIER:
        _check_verifier(told, report)
    elif top in (HEADS, RECEIPTS, RESULTS) and "/" in name:
        _check_copy(told, name, report)
    elif told.last.final is None:
        report.say("warning", name, "is no file of a contest")


def _check_key(told: Told) -> None:
    _, public = read_public(told.folder / DESK_KEY)
    if public not in told.last.desk_keys:
        raise ContestError("is not the key of a desk of this contest")


def _check_verifier(told: Told, report: Report) -> None:
    ours = Path(__file__).parents[1] / VERIFIER
    if told.last.final is None and ours.read_bytes() != (told.folder / VERIFIER).read_bytes():
        report.say("warning", VERIFIER, "is not the verifier that this version brings")


def _check_copy(told: Told, name: str, report: Report) -> None:
    """A derived copy against the same made again; what was made for one serves its sisters."""
    data, stem = (told.folder / name).read_bytes(), name.rpartition(".")[0]
    if stem not in told.made:
        told.made[stem] = {HEADS: _heads, RECEIPTS: _receipts, RESULTS: _results}[name.partition("/")[0]](told, name)
    if name not in told.made[stem]:
        report.say("error", name, "is a copy of nothing that is in the ledger")
    elif data != told.made[stem][name]:
        older = told.last.software != software()  # whose words may have been others
        severity = "warning" if older or name.endswith(".pdf") else "error"
        by = f" (the contest was made by {told.last.software}, this is {software()})" if older else ""
        report.say(severity, name, f"differs from what the ledger gives when it is made again{by}")
    report.count("copies")


def _at(told: Told, name: str) -> Event:
    number = re.match(r"0*(\d+)-", name.partition("/")[2])
    if number is None or int(number[1]) >= len(told.events):
        raise ContestError("is a copy of an event that is not in the ledger")
    return told.events[int(number[1])]


def _heads(told: Told, name: str) -> dict[str, bytes]:
    event, page = _at(told, name), (told.folder / name).with_suffix(".txt").read_text("utf-8")
    said = _AT.search(page)
    read_head(" ".join(page.split("\n")[:2]))
    with TemporaryDirectory() as scratch:
        write_head(Path(scratch), event, said[1] if said else "")
        return _contents(Path(scratch))


def _receipts(told: Told, name: str) -> dict[str, bytes]:
    event = _at(told, name)
    if event.kind != "submission":
        raise ContestError("is a receipt of what was no submission")
    with TemporaryDirectory() as scratch:
        write_receipt(Path(scratch), event, Contest(told.folder, told.events, told.last))
        return _contents(Path(scratch))


def _contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names_in(folder)[0]}


def _results(told: Told, name: str) -> dict[str, bytes]:
    found = {f"{RESULTS}/set-{s.number}.json": s.object for s in told.last.sets}
    found |= {f"{RESULTS}/set-{s.number}-diff.json": s.diff for s in told.last.sets if s.diff is not None}
    return {name: told.load(found[name])} if name in found else {}


def _check_manifest(told: Told, manifest: Mapping[str, str], names: list[str], report: Report) -> None:
    """Once the contest is final: the files that were signed, unchanged, and no others but what later events explain."""
    for name in sorted(manifest.keys() - set(names)):
        severity = "warning" if name.partition("/")[0] in (HEADS, RECEIPTS, RESULTS, *PRINTED) else "error"
        report.say(severity, name, "was in the folder when the contest was made final, and is missing")
    for name in names:
        if name in manifest:
            report.count("files")
            if file_sha256(told.folder / name) != manifest[name]:
                report.say("error", name, "was changed since the contest was made final")
        elif name not in NOT_LISTED and not is_aside(name) and not _is_later(told, name):
            report.say("error", name, "was not in the folder when the contest was made final")


def _is_later(told: Told, name: str) -> bool:
    """A head that was published at the end or after, or an object of an event after it; their bytes are checked."""
    final = told.last.final
    assert final is not None
    if name.startswith(f"{OBJECTS}/"):
        return name.rpartition("/")[2] in named_objects(told.events[final.seq + 1 :])
    number = re.fullmatch(rf"{HEADS}/0*(\d+)-[^/]*\.(txt|svg)", name)
    return number is not None and int(number[1]) >= final.seq
