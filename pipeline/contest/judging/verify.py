"""Check everything that a contest's folder says, from the ledger's first line to the last file.

Chain and signatures, what may follow what, approvals, objects, seals against what was revealed, hit lists read again
from the bytes that were handed in, every set of results judged again as it was then and compared byte for byte, derived
files, the manifest, files that nobody knows, published heads, receipts, and a second copy that went on by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.contest.heads import check_head, check_line
from pipeline.contest.judging.copies import check_files
from pipeline.contest.judging.replayed import check_sets
from pipeline.contest.judging.report import Finding, Report
from pipeline.contest.judging.retold import check_retold
from pipeline.contest.judging.told import Told, line_of
from pipeline.contest.ledger import LEDGER, Event, read_events, torn_tail
from pipeline.contest.mirror import fork_of
from pipeline.contest.state import step
from pipeline.errors import ContestError

__all__ = ["Finding", "Report", "verify_contest"]

LARGEST_RECEIPT = 2**20
_TORN = (
    "ends in {n} bytes without a newline: a line whose writing was cut off and which was never acknowledged "
    "(the next command removes and records it), or a damaged one"
)


def verify_contest(
    folder: str | Path,
    heads: Sequence[str] = (),
    receipts: Sequence[str | Path] = (),
    against: str | Path | None = None,
) -> Report:
    """All findings about a contest's folder; nothing in it is changed.

    heads: texts "ID SEQ HEAD" that were published; receipts: JSON files that teams hold; against: another copy.
    """
    folder = Path(folder)
    report = Report(folder)
    told = Told(folder, ())
    if report.guard(LEDGER, _read, told, report):
        _fold(told, report)
        for text in heads:
            if report.guard(f"head {text[:60]!r}", check_head, told.events, text):
                report.count("heads")
        for receipt in receipts:
            if report.guard(str(receipt), _check_receipt, told.events, Path(receipt)):
                report.count("receipts")
    if told.states:
        check_retold(told, report)
        check_sets(told, report)
        check_files(told, report)
    if against is not None:
        report.guard(str(against), _check_fork, folder, Path(against), report)
    return report


def _read(told: Told, report: Report) -> None:
    path = told.folder / LEDGER
    told.events = read_events(path)
    if not told.events:
        raise ContestError("holds no event")
    report.count("events", len(told.events))
    torn = len(torn_tail(path))
    if torn:
        report.say("error", LEDGER, _TORN.format(n=torn))


def _fold(told: Told, report: Report) -> None:
    """States as far as the ledger tells something possible."""
    for event in told.events:
        if not report.guard(line_of(event), _follow, told, event):
            return


def _follow(told: Told, event: Event) -> None:
    told.states.append(step(told.states[-1] if told.states else None, event, told.load))


def _check_receipt(events: Sequence[Event], path: Path) -> None:
    try:
        with path.open("rb") as file:
            line = file.read(LARGEST_RECEIPT + 1)
    except OSError as why:
        raise ContestError(f"cannot be read ({why.strerror})") from None
    if len(line) > LARGEST_RECEIPT:
        raise ContestError("is larger than any receipt")
    check_line(events, line, path.name)


def _check_fork(folder: Path, other: Path, report: Report) -> None:
    fork = fork_of(folder, other)
    if fork is not None:
        report.say("error", str(other), fork.text(str(folder), str(other)))
    report.count("copies_compared")
