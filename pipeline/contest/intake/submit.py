"""Taking a hit list: bytes capped, kept, read, written into the ledger, receipted, in this order.

What comes back depends on the file, the plan, the clocks and the card that was handed over; targets are out of reach
here. A list that cannot be read is kept and logged as `refused`, and does not count as a submission.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.contest.clocks import at_receipt
from pipeline.contest.intake.canonical import canonical_hits
from pipeline.contest.intake.cards import Manifest, manifest_of
from pipeline.contest.intake.formats import format_of, parse, read_file
from pipeline.contest.intake.mistakes import evidence_doubts, mistakes
from pipeline.contest.intake.receipt import Receipt, receipt_of, write_receipt
from pipeline.contest.intake.taken import Notice, Taken, notice
from pipeline.contest.intake.typed import typed_bytes
from pipeline.contest.lookups import check_entrant, leg_of, open_field_of
from pipeline.contest.mirror import mirror_all
from pipeline.errors import ContestError, ScoreError

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest
    from pipeline.contest.keys import Signer
    from pipeline.contest.ledger import Event

MOST_REFUSED = 50  # files an entrant may have refused and kept on one leg; more are refused without being kept
MOST_WARNINGS = 500


def submit(
    contest: Contest,
    leg: str,
    entrant: str,
    path: Path | None,
    desk: Signer,
    now_ms: int,
    *,
    typed: Sequence[str] = (),
) -> Receipt:
    """Take an entrant's hit list: a file, a run folder (its hits.geojson), or lines typed at the desk.

    The same bytes as the entrant's last submission on the leg give that receipt again. The last submission counts.

    Raises:
        ContestError: the field is not open, or the entrant has no submission left.
        ScoreError: the list is too large or cannot be read; the sentence names the row.
    """
    field = open_field_of(contest.state, leg, entrant)
    data, name = _received(contest, path, typed)
    again = _repeated(contest, leg, entrant, data)
    if again is not None:
        return _receipted(contest, again)
    _check_left(contest, leg, entrant)
    slot = {"entrant": entrant, "field": field, "leg": leg}
    taken = _taken(contest, slot, data, name, desk, now_ms)
    warned = (*_beside(path), *_warnings(contest, leg, entrant, taken))
    return _receipted(contest, contest.append("submission", _body(contest, slot, taken, warned, now_ms), desk, now_ms))


def preview(
    contest: Contest, leg: str, entrant: str, path: Path | None, *, typed: Sequence[str] = ()
) -> tuple[Taken, tuple[Notice, ...], Manifest]:
    """What `submit` would understand and warn of, with the entrant's cards; nothing is kept, and nothing counts.

    For `echo.write_echo`.

    Raises:
        ContestError: no such leg or entrant.
        ScoreError: as `submit` does.
    """
    leg_of(contest.state, leg, "drone")
    check_entrant(contest.state, leg, entrant)
    taken = parse(*_received(contest, path, typed), contest.state.plan.limits)
    warned = (*_beside(path), *_warnings(contest, leg, entrant, taken))
    return taken, warned, manifest_of(contest, leg, entrant)


def _received(contest: Contest, path: Path | None, typed: Sequence[str]) -> tuple[bytes, str]:
    if (path is None) == (not typed):
        raise ContestError("a submission is either a file or typed lines")
    return typed_bytes(typed) if path is None else read_file(path, contest.state.plan.limits)


def _repeated(contest: Contest, leg: str, entrant: str, data: bytes) -> Event | None:
    """The event of the entrant's last submission where it was the same file."""
    last = contest.state.last_submission(leg, entrant)
    if last is None or last.object != hashlib.sha256(data).hexdigest():
        return None
    return contest.events[last.seq]


def _check_left(contest: Contest, leg: str, entrant: str) -> None:
    most, used = contest.state.plan.limits.submissions, contest.state.counts.get((leg, entrant), 0)
    if used >= most:
        raise ContestError(f"leg {leg}: {entrant} has handed in {used} of {most} submissions; the last one counts")


def _taken(contest: Contest, slot: dict[str, str], data: bytes, name: str, desk: Signer, now_ms: int) -> Taken:
    """The list, read; where it cannot be, that is logged before the refusal goes to the desk."""
    form = format_of(name)
    kept = _refusals(contest, slot) < MOST_REFUSED
    stored = contest.store(data) if kept else ""
    try:
        return parse(data, name, contest.state.plan.limits)
    except ScoreError as why:
        body = {**slot, "bytes": len(data), "format": form, "object": stored, "reason": str(why)}
        if kept:
            contest.append("refused", body, desk, now_ms)
        raise


def _refusals(contest: Contest, slot: dict[str, str]) -> int:
    return sum(e.kind == "refused" and all(e.body[k] == slot[k] for k in ("leg", "entrant")) for e in contest.events)


def _warnings(contest: Contest, leg: str, entrant: str, taken: Taken) -> tuple[Notice, ...]:
    cards, rules = manifest_of(contest, leg, entrant), contest.state.rules[leg]
    doubted = evidence_doubts(taken, cards.originals) if rules.evidence else ()
    return (*mistakes(taken, contest.state.plan.area, cards.track), *doubted, *taken.warnings)


def _beside(path: Path | None) -> list[Notice]:
    """Officers' verdicts lie beside a run folder and do not travel with its hits.geojson."""
    reviews = path and path.is_dir() and path.with_name(path.name + ".reviews") / "reviews.jsonl"
    return [notice("reviews_beside")] if reviews and reviews.is_file() else []


def _body(
    contest: Contest, slot: dict[str, str], taken: Taken, warned: Sequence[Notice], now_ms: int
) -> dict[str, Any]:
    leg, entrant, hits = slot["leg"], slot["entrant"], taken.hits()
    elapsed_ms, late = at_receipt(contest.state, leg, entrant, contest.at_ms(now_ms))
    return {
        **slot,
        "number": contest.state.counts.get((leg, entrant), 0) + 1,
        "object": contest.store(taken.data),
        "bytes": len(taken.data),
        "format": taken.format,
        "hits": len(hits),
        "hits_digest": hits.digest(),
        "canonical": contest.store(canonical_hits(hits)),
        "warnings": [w.plain() for w in warned[:MOST_WARNINGS]],
        "late": late,
        "elapsed_ms": elapsed_ms,
    }


def _receipted(contest: Contest, event: Event) -> Receipt:
    """Receipt and mirrors, after the event is on the disk; a mirror that fails is told, and changes nothing."""
    paths = write_receipt(contest.folder, event, contest)
    return replace(
        receipt_of(contest, event), paths=paths, unmirrored=tuple(mirror_all(contest.folder, contest.events))
    )
