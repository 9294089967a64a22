"""The judge's clocks: flight and analysis, each started once; pauses carry a reason; times are the ledger's only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.contest.approvals import approved
from pipeline.contest.records import CLOCKS, Clock
from pipeline.contest.tables import plain_text
from pipeline.errors import ContestError

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest
    from pipeline.contest.keys import Signer
    from pipeline.contest.ledger import Event
    from pipeline.contest.records import State

_NEXT = {"": ("start",), "start": ("pause", "stop"), "pause": ("resume", "stop"), "resume": ("pause", "stop"),
         "stop": ()}  # fmt: skip


def clock(contest: Contest, leg: str, entrant: str, which: str, act: str, why: str, desk: Signer, now_ms: int) -> Event:
    """Start, pause, resume or stop a clock; a pause needs a reason.

    Raises:
        ContestError: the field is not open, the act makes no sense now (a stop is final), or a pause has no reason.
    """
    body = {"act": act, "clock": which, "entrant": entrant, "leg": leg, "why": why.strip()}
    return contest.append("clock", body, desk, now_ms)


def void_clock(
    contest: Contest, leg: str, entrant: str, which: str, why: str, signers: Sequence[Signer], desk: Signer, now_ms: int
) -> Event:
    """Take back a clock that was started by mistake, so that it can start anew; two judges sign."""
    body = {"clock": which, "entrant": entrant, "leg": leg, "why": plain_text(why, "why")}
    return contest.append("clock-void", approved(signers, contest.state.id, "clock-void", body), desk, now_ms)


def check_clock(state: State, body: Mapping[str, Any]) -> None:
    """Raises ContestError when this act cannot follow those before it."""
    leg, entrant, which, act = body["leg"], body["entrant"], body["clock"], body["act"]
    known = state.clocks.get((leg, entrant, which))
    last = known.acts[-1].act if known else ""
    if act not in _NEXT[last]:
        now = {"": "was not started", "stop": "was stopped for good", "pause": "is paused"}.get(last, "is running")
        raise ContestError(f"the {which} clock of {entrant} {now}: {act} is not possible")
    if act == "pause" and not body["why"].strip():
        raise ContestError(f"a pause of the {which} clock of {entrant} needs a reason")


def elapsed_ms(state: State, leg: str, entrant: str, which: str, at_ms: int) -> int | None:
    """Time run until `at_ms`, pauses left out; None when the clock was never started. No clock runs past the close."""
    known = state.clocks.get((leg, entrant, which))
    if known is None:
        return None
    closed = state.closed.get((leg, state.assignment.get((leg, entrant), "")))
    return ran_ms(known, at_ms if closed is None else min(at_ms, closed))


def ran_ms(known: Clock, at_ms: int) -> int:
    """The same for one clock, as if no field ever closed."""
    total, since = 0, None
    for act in known.acts:
        if act.t_ms > at_ms:
            break
        if since is not None:
            total += act.t_ms - since
        since = act.t_ms if act.act in ("start", "resume") else None
    return total if since is None else total + at_ms - since


def limit_ms(state: State, leg: str, which: str) -> int | None:
    """The plan's limit of a clock; None: none."""
    planned = state.plan.leg(leg)
    return planned.flight_ms if which == "flight" else planned.analysis_ms


def over(state: State, leg: str, entrant: str, at_ms: int) -> tuple[str, ...]:
    """The clocks that have run for longer than the plan allows."""
    found = []
    for which in CLOCKS:
        ran, limit = elapsed_ms(state, leg, entrant, which, at_ms), limit_ms(state, leg, which)
        if ran is not None and limit is not None and ran > limit:
            found.append(which)
    return tuple(found)


def counting(state: State, leg: str, entrant: str) -> str:
    """The clock that a receipt shows: analysis where the plan limits it or it was started, else flight."""
    started = (leg, entrant, "analysis") in state.clocks
    return "analysis" if started or state.plan.leg(leg).analysis_ms is not None else "flight"


def at_receipt(state: State, leg: str, entrant: str, at_ms: int) -> tuple[int | None, bool]:
    """(elapsed_ms, late) of a submission that is taken at `at_ms`; late hits are kept and marked."""
    which = counting(state, leg, entrant)
    return elapsed_ms(state, leg, entrant, which, at_ms), which in over(state, leg, entrant, at_ms)
