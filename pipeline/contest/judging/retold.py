"""What the ledger says of objects, told again from the objects: hit lists, cards, revealed targets."""

from __future__ import annotations

import hashlib

from pipeline.contest.intake.canonical import canonical_hits
from pipeline.contest.intake.cards import read_manifest
from pipeline.contest.intake.formats import parse
from pipeline.contest.judging.report import Report
from pipeline.contest.judging.told import Told, line_of
from pipeline.contest.ledger import Event
from pipeline.contest.truth.reveal import targets_of_state
from pipeline.errors import ContestError


def check_retold(told: Told, report: Report) -> None:
    """Submissions, cards and reveals; each that does not fit is an error at its line."""
    kinds = {"submission": _submission, "card": _card, "reveal": _reveal}
    for event in told.events[: len(told.states)]:
        work = kinds.get(event.kind)
        if work is not None and report.guard(line_of(event), work, told, event):
            report.count(event.kind)


def _submission(told: Told, event: Event) -> None:
    """The list that is judged is what the bytes as received say."""
    body, limits = event.body, told.last.plan.limits
    data = told.load(body["object"])
    hits = parse(data, f"submission.{body['format']}", limits).hits()
    found = {"bytes": len(data), "hits": len(hits), "hits_digest": hits.digest(),
             "canonical": hashlib.sha256(canonical_hits(hits)).hexdigest()}  # fmt: skip
    for name, value in found.items():
        if body[name] != value:
            raise ContestError(f"{name} is not what the file says that was handed in")
    told.load(body["canonical"])


def _card(told: Told, event: Event) -> None:
    files = read_manifest(told.load(event.body["manifest"])).files
    if (len(files), sum(f.bytes for f in files)) != (event.body["files"], event.body["bytes"]):
        raise ContestError("the card's manifest has other numbers of files or bytes")


def _reveal(told: Told, event: Event) -> None:
    targets_of_state(told.states[event.seq], told.load, event.body["leg"], event.body["field"])
