"""Opening and closing a field of a drone leg. Its close is the last act on it: nothing is taken any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest
    from pipeline.contest.keys import Signer
    from pipeline.contest.ledger import Event


def open_field(contest: Contest, leg: str, field: str, desk: Signer, now_ms: int) -> Event:
    """From now on clocks run, cards and submissions of the field's entrants are taken.

    Raises:
        ContestError: the field is not sealed, its draw is not run, nobody is registered, or it was opened before.
    """
    return contest.append("open", {"leg": leg, "field": field}, desk, now_ms)


def close_field(contest: Contest, leg: str, field: str, desk: Signer, now_ms: int) -> Event:
    """The last team on the field is done; only after this can its targets be revealed.

    Raises:
        ContestError: the field is not open.
    """
    return contest.append("close", {"leg": leg, "field": field}, desk, now_ms)
