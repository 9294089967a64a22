"""Appeals: filed within a window after results are published, decided by two judges before a deadline.

The window runs from the moment at which the set that stands was published or applied. An appeal that comes late is
kept and marked; it can be decided, and does not hold up the end. What is upheld changes nothing by itself: a rejudge,
an overrule or corrected marks do, each with its own signatures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.contest.approvals import approved
from pipeline.contest.check_results import appeals_end_ms
from pipeline.contest.shapes import LONG_TEXT
from pipeline.contest.tables import plain_text
from pipeline.errors import ContestError

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest
    from pipeline.contest.keys import Signer
    from pipeline.contest.ledger import Event
    from pipeline.contest.records import Appeal, State


def file_appeal(contest: Contest, leg: str, entrant: str, text: str, by: str, desk: Signer, now_ms: int) -> Event:
    """Record an appeal; it gets a number and the time until which it is to be decided.

    Raises:
        ContestError: no results yet, the entrant does not take part in the leg, or no text.
    """
    state, at_ms = contest.state, contest.at_ms(now_ms)
    end_ms = appeals_end_ms(state)
    body = {"number": len(state.appeals) + 1, "leg": leg, "entrant": entrant, "text": _long_text(text, "the appeal"),
            "by": plain_text(by, "by"), "late": end_ms is not None and at_ms > end_ms,
            "deadline_ms": at_ms + state.plan.appeals.decide_ms}  # fmt: skip
    return contest.append("appeal", body, desk, now_ms)


def decide_appeal(
    contest: Contest, number: int, decision: str, why: str, signers: Sequence[Signer], desk: Signer, now_ms: int
) -> Event:
    """Two judges uphold or reject an appeal; a decision after the deadline is kept and marked.

    Raises:
        ContestError: no such appeal, it is decided, or not two judges have signed.
    """
    if not 1 <= number <= len(contest.state.appeals):
        raise ContestError(f"there is no appeal {number}")
    deadline_ms = contest.state.appeals[number - 1].deadline_ms
    body = {"number": number, "decision": decision, "why": _long_text(why, "why"),
            "overdue": deadline_ms is not None and contest.at_ms(now_ms) > deadline_ms}  # fmt: skip
    return contest.append("appeal-decision", approved(signers, contest.state.id, "appeal-decision", body), desk, now_ms)


def open_appeals(state: State) -> tuple[Appeal, ...]:
    """Those that came in time and are not decided."""
    return tuple(a for a in state.appeals if a.decision is None and not a.late)


def _long_text(text: str, what: str) -> str:
    """Text of several lines, without other control characters."""
    found = "".join(c for c in text.strip() if c.isprintable() or c == "\n")
    if not found or len(found) > LONG_TEXT:
        raise ContestError(f"{what} is empty or longer than {LONG_TEXT} characters")
    return found
