"""The end: two judges sign the set that stands, the head of the ledger and the SHA-256 of every file; it is published.

The head is what binds their signatures to every line before: the manifest cannot list the ledger that holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.contest.approvals import approved
from pipeline.contest.check_results import appeals_end_ms
from pipeline.contest.heads import write_head
from pipeline.contest.judging.appeals import open_appeals
from pipeline.contest.judging.judged import results_bytes, standing_changes
from pipeline.contest.ledger import LEDGER, torn_tail
from pipeline.contest.store import file_sha256
from pipeline.contest.tables import plain_text
from pipeline.errors import ContestError
from pipeline.files import is_aside

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest
    from pipeline.contest.keys import Signer
    from pipeline.contest.ledger import Event

# The ledger holds the manifest and goes on; the others say how this copy is used, not what happened.
NOT_LISTED = frozenset({"events.jsonl", ".lock", ".lock-journal", "mirror.toml", "restored.json"})


def finalise(contest: Contest, signers: Sequence[Signer], desk: Signer, now_ms: int, *, why: str = "") -> Event:
    """Write the event `final` and publish its head as heads/…-final; nothing but heads can follow.

    why: the reason of those who sign for not waiting: with it, open appeals and an open window do not refuse.

    Raises:
        ContestError: no results stand, a proposal or an appeal is open, the window for appeals is, what the ledger has
            learnt since is not in the results, a link lies in the folder, or not two judges have signed.
    """
    state, applied = contest.state, contest.state.applied
    if applied is None:
        raise ContestError("the contest was not judged yet")
    _check_current(contest)
    if torn_tail(contest.folder / LEDGER):  # it is put on record before anybody signs the head
        contest.append("head", {"at": "final"}, desk, now_ms)
    body: dict[str, Any] = {"set": applied.number, "object": applied.object, "head": contest.state.head.head,
                            "manifest": manifest_of(contest.folder)}  # fmt: skip
    waiting = _waiting(contest, contest.at_ms(now_ms))
    if why and waiting:
        body |= {"override": plain_text(why, "why"), "overridden": waiting}
    event = contest.append("final", approved(signers, state.id, "final", body), desk, now_ms)
    write_head(contest.folder, event, "final")
    return event


def _check_current(contest: Contest) -> None:
    """Raises ContestError unless the set that stands is what the ledger gives now."""
    state, applied = contest.state, contest.state.applied
    assert applied is not None
    changes = standing_changes(state, contest.load)
    if results_bytes(state, contest.load, changes, applied.number) != contest.load(applied.object):
        since = f"the ledger has gone on since set {applied.number} was judged, or the software is another"
        raise ContestError(f"{since}: rejudge first")


def _waiting(contest: Contest, at_ms: int) -> list[str]:
    """What is not over yet, in words for the ledger."""
    end_ms = appeals_end_ms(contest.state)
    found = [f"appeal {a.number}" for a in open_appeals(contest.state)]
    return [*found, *(["window for appeals"] if end_ms is not None and at_ms < end_ms else [])]


def manifest_of(folder: Path) -> dict[str, str]:
    """{path with slashes: SHA-256} of every file of a contest's folder, sorted; without those of `NOT_LISTED` and what
    an interrupted write left.

    Raises:
        ContestError: a link lies in it, or a file cannot be read.
    """
    names, strange = names_in(folder)
    if strange:
        raise ContestError(
            f"{strange[0]}: is a link, or no plain file of a plain name; a contest's folder holds neither"
        )
    return {name: file_sha256(folder / name) for name in names if name not in NOT_LISTED and not is_aside(name)}


def names_in(folder: Path) -> tuple[list[str], list[str]]:
    """(plain files, what is neither file nor folder or has no plain name) of a folder and below, paths with slashes."""
    plain, strange = [], []
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()) or not name.isprintable():
            strange.append(name)
        elif path.is_file():
            plain.append(name)
    return sorted(plain), sorted(strange)
