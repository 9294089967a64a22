"""Judging anew, as a set: proposed with its difference, then applied or cancelled whole by two judges.

A proposal is complete before it is in the ledger, and one event decides it: nobody ever sees half of one. What was
proposed is applied only while the ledger still gives the same bytes; sets that no longer stand are kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.contest.approvals import approved
from pipeline.contest.judging.changes import Changes, Void, changes_of
from pipeline.contest.judging.differences import difference, sentences
from pipeline.contest.judging.judged import results_bytes, results_of, standing_changes, write_results
from pipeline.contest.plan import plan_bytes
from pipeline.contest.rulebooks import contest_rules
from pipeline.contest.tables import plain_text
from pipeline.errors import ContestError
from pipeline.score.canonical import canonical_json

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest
    from pipeline.contest.keys import Signer
    from pipeline.contest.ledger import Event
    from pipeline.contest.records import Load, State


def propose(
    contest: Contest,
    why: str,
    desk: Signer,
    now_ms: int,
    *,
    rules: Mapping[str, Path] | None = None,
    void: Sequence[Void] | None = None,
    restore: Sequence[Void] | None = None,
) -> Event:
    """Judge everything again and put the results beside those that stand; returns the event `rejudge`.

    What the ledger has learnt since (corrected marks, overrules, manual events) counts in any case. Changes of the set
    that stands go on. rules: new rules files by leg; void: (leg, field, target) that no longer count; restore: voided
    ones that count again.

    Raises:
        ContestError: nothing was judged yet, another proposal is open, a leg or target is unknown, or new rules are
            refused.
    """
    state, said = contest.state, plain_text(why, "why")
    if state.applied is None:
        raise ContestError("the contest was not judged yet")
    changes = _changes(contest, rules or {}, void or (), restore or ())
    number, standing = len(state.sets) + 1, results_of(state, contest.load, state.applied.number)
    data = results_bytes(state, contest.load, changes, number)
    diff = difference(standing, json.loads(data), said)
    body = {"set": number, "object": contest.store(data), "diff": contest.store(canonical_json(diff)),
            "changes": changes.plain(), "from_set": state.applied.number, "why": said, "state": "proposed"}  # fmt: skip
    event = contest.append("rejudge", body, desk, now_ms)
    write_results(contest, number)
    return event


def _changes(contest: Contest, rules: Mapping[str, Path], void: Sequence[Void], restore: Sequence[Void]) -> Changes:
    before = standing_changes(contest.state, contest.load)
    for leg in rules:
        if contest.state.plan.leg(leg).kind != "drone":
            raise ContestError(f"leg {leg} has no rules file: it is of the kind {contest.state.plan.leg(leg).kind}")
    for leg, field, target in restore:
        if (leg, field, target) not in before.voided:
            raise ContestError(f"leg {leg}: field {field}: target {target!r} is not voided")
    for leg, field, target in void:
        if field not in contest.state.plan.leg(leg).fields:
            raise ContestError(f"leg {leg}: there is no field {field!r}, so no target {target!r} on it")
    return before.and_more({leg: _rules(contest, path) for leg, path in rules.items()}, void, restore)


def _rules(contest: Contest, path: Path) -> str:
    data = plan_bytes(path)
    contest_rules(data, str(path))
    return contest.store(data)


def apply_set(contest: Contest, number: int, signers: Sequence[Signer], desk: Signer, now_ms: int) -> Event:
    """Let a proposed set stand, whole; two judges sign its number and the hash of its results.

    Raises:
        ContestError: the set is not proposed, the ledger has gone on so that the results would now be others, or not
            two judges have signed.
    """
    _check_current(contest.state, contest.load, number)
    return _decided(contest, "rejudge-apply", number, signers, desk, now_ms)


def cancel_set(contest: Contest, number: int, signers: Sequence[Signer], desk: Signer, now_ms: int) -> Event:
    """Drop a proposed set, whole; it is kept and marked. Raises ContestError as `apply_set`."""
    return _decided(contest, "rejudge-cancel", number, signers, desk, now_ms)


def _decided(contest: Contest, kind: str, number: int, signers: Sequence[Signer], desk: Signer, now_ms: int) -> Event:
    found = [s for s in contest.state.sets if s.number == number and s.state == "proposed"]
    if not found:
        raise ContestError(f"set {number} is not proposed")
    body = approved(signers, contest.state.id, kind, {"set": number, "object": found[0].object})
    return contest.append(kind, body, desk, now_ms)


def _check_current(state: State, load: Load, number: int) -> None:
    """Raises ContestError unless the proposal is what the ledger gives now, and against what stands now."""
    found = [s for s in state.sets if s.number == number and s.state == "proposed"]
    if not found or found[0].diff is None or state.applied is None:
        raise ContestError(f"set {number} is not proposed")
    data, diff = load(found[0].object), json.loads(load(found[0].diff))
    if diff["from_set"] != state.applied.number:
        raise ContestError(f"set {number} was compared with set {diff['from_set']}, which no longer stands: cancel it")
    if results_bytes(state, load, changes_of(json.loads(data)), number) != data:
        since = f"the ledger has gone on since set {number} was proposed, or the software is another"
        raise ContestError(f"{since}: cancel it and propose again")


def diff_of(contest: Contest, number: int) -> dict[str, Any]:
    """The difference that a rejudge would make or made; ContestError where the set is no rejudge."""
    found = [s for s in contest.state.sets if s.number == number and s.diff is not None]
    if not found or found[0].diff is None:
        raise ContestError(f"set {number} is no rejudge")
    diff: dict[str, Any] = json.loads(contest.load(found[0].diff))
    return diff


def diff_lines(contest: Contest, number: int) -> list[str]:
    """The same as sentences: who gets other points or another place, and by which pairs."""
    return sentences(diff_of(contest, number))
