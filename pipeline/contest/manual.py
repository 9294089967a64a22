"""What judges decide with two signatures: manual rules applied, and a hit's evidence overruled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.contest.approvals import approved
from pipeline.contest.intake.canonical import read_canonical
from pipeline.contest.state import check
from pipeline.contest.tables import plain_text
from pipeline.errors import ContestError

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest
    from pipeline.contest.keys import Signer
    from pipeline.contest.ledger import Event


def manual_event(
    contest: Contest, leg: str, entrant: str, rule: str, why: str, signers: Sequence[Signer], desk: Signer, now_ms: int
) -> Event:
    """Apply a manual rule of the plan once; `signers` are two registered judges.

    Raises:
        ContestError: no such rule on that leg, applied as often as the plan allows, or not two judges.
    """
    points_u = contest.state.plan.rule(rule).points_u
    body = {"entrant": entrant, "leg": leg, "points_u": points_u, "rule": rule, "why": plain_text(why, "why")}
    return contest.append("manual", approved(signers, contest.state.id, "manual", body), desk, now_ms)


def overrule(
    contest: Contest, leg: str, entrant: str, hit: str, evidence: bool, why: str, signers: Sequence[Signer],
    desk: Signer, now_ms: int,
) -> Event:  # fmt: skip
    """Say whether a hit's evidence stands, whatever the tests said; the last word on a hit counts.

    Raises:
        ContestError: the leg's rules ask for no evidence, its field is not closed, the list that counts has no such
            hit, or not two judges.
    """
    named = plain_text(hit, "hit")
    words = {"entrant": entrant, "evidence": evidence, "hit": named, "leg": leg, "why": plain_text(why, "why")}
    body = approved(signers, contest.state.id, "overrule", words)
    check(contest.state, "overrule", body, contest.at_ms(now_ms))
    _check_sent(contest, leg, entrant, named)
    return contest.append("overrule", body, desk, now_ms)


def _check_sent(contest: Contest, leg: str, entrant: str, hit: str) -> None:
    """Raises ContestError unless the list that counts has that hit: a mistyped id would decide nothing."""
    sent = contest.state.last_submission(leg, entrant)
    if sent is None or hit not in read_canonical(contest.load(sent.canonical)).ids:
        raise ContestError(f"leg {leg}: the list of {entrant} that counts has no hit {hit!r}")
