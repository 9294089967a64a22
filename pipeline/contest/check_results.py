"""May this happen now? After the reveal: sets of results, appeals and the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipeline.contest.lookups import check_entrant
from pipeline.contest.records import ResultSet, State
from pipeline.contest.signatures import check_signed
from pipeline.errors import ContestError

Body = Mapping[str, Any]


def check_judgeable(state: State) -> None:
    """Raises ContestError with nothing to judge, an opened field not revealed, or a panel's sheets still closed."""
    if not (state.opened or state.marks or any(panel.object for panel in state.panels.values())):
        raise ContestError("there is nothing to judge yet: no field was opened, no marks are in")
    for leg, field in sorted(state.opened):
        if (leg, field) not in state.revealed:
            raise ContestError(f"leg {leg}: field {field} is not revealed")
    for name, panel in sorted(state.panels.items()):
        if panel.object is None and panel.entries:
            raise ContestError(f"leg {name}: the panel's sheets are not open")


def judged(state: State, body: Body, t_ms: int) -> None:
    """The first set of results, once all is revealed."""
    if state.sets:
        raise ContestError("the contest was judged; a change is a rejudge")
    _next_set(state, body)
    check_judgeable(state)


def _next_set(state: State, body: Body) -> None:
    if body["set"] != len(state.sets) + 1:
        raise ContestError(f"the next set of results has number {len(state.sets) + 1}")


def rejudge(state: State, body: Body, t_ms: int) -> None:
    """A further set, proposed; one at a time."""
    if not state.sets:
        raise ContestError("the contest was not judged yet")
    _no_proposal(state)
    _next_set(state, body)
    check_judgeable(state)


def _no_proposal(state: State) -> None:
    for found in state.sets:
        if found.state == "proposed":
            raise ContestError(f"set {found.number} is proposed: apply or cancel it first")


def check_fresh(state: State, found: ResultSet) -> None:
    """Raises ContestError when something that points rest on was written after the set was computed."""
    if state.touched > found.seq:
        raise ContestError(f"set {found.number} does not know of event {state.touched}: judge again")


def decided(kind: str) -> Callable[[State, Body, int], None]:
    """A proposed set, applied or cancelled whole by two judges."""

    def decide(state: State, body: Body, t_ms: int) -> None:
        found = [s for s in state.sets if s.number == body["set"] and s.state == "proposed"]
        if not found:
            raise ContestError(f"set {body['set']} is not proposed")
        if kind == "rejudge-apply":
            check_fresh(state, found[0])
        check_signed(state, kind, body)

    return decide


def appeals_end_ms(state: State) -> int | None:
    """When the window for appeals ends: it runs from the results that stand; None before there are any."""
    applied = state.applied
    if applied is None or applied.decided_ms is None:
        return None
    return applied.decided_ms + state.plan.appeals.window_ms


def appeal(state: State, body: Body, t_ms: int) -> None:
    """An appeal within the window, or marked as late."""
    check_entrant(state, state.plan.leg(body["leg"]).id, body["entrant"])
    end = appeals_end_ms(state)
    if end is None:
        raise ContestError("there are no results to appeal against")
    if body.get("late", False) is not (t_ms > end):
        raise ContestError(f"the window for appeals ends at {end} ms: an appeal after it is kept, marked as late")
    if body["number"] != len(state.appeals) + 1:
        raise ContestError(f"the next appeal has number {len(state.appeals) + 1}")
    due_ms = t_ms + state.plan.appeals.decide_ms
    if body.get("deadline_ms", due_ms) != due_ms:
        raise ContestError(f"an appeal that comes at {t_ms} ms is to be decided by {due_ms} ms")


def appeal_decision(state: State, body: Body, t_ms: int) -> None:
    """One decision an appeal, signed by two judges."""
    if not 1 <= body["number"] <= len(state.appeals):
        raise ContestError(f"there is no appeal {body['number']}")
    if state.appeals[body["number"] - 1].decision is not None:
        raise ContestError(f"appeal {body['number']} is decided")
    deadline_ms = state.appeals[body["number"] - 1].deadline_ms
    overdue = deadline_ms is not None and t_ms > deadline_ms
    if body.get("overdue", overdue) is not overdue:
        raise ContestError(f"the decision on appeal {body['number']} {'is' if overdue else 'is not'} overdue")
    check_signed(state, "appeal-decision", body)


def final(state: State, body: Body, t_ms: int) -> None:
    """The end, signed by two judges: no proposal, no open appeal, the window over (or `override` says why not)."""
    applied, end = state.applied, appeals_end_ms(state)
    if applied is None or end is None or body["set"] != applied.number:
        raise ContestError("final names the set of results that stands")
    if body["head"] != state.head.head:
        raise ContestError("final was signed over another ledger: a line before it was changed since")
    check_judgeable(state)
    _no_proposal(state)
    check_fresh(state, applied)
    if not body.get("override"):
        _nothing_open(state, t_ms, end)
    check_signed(state, "final", body)


def _nothing_open(state: State, t_ms: int, end: int) -> None:
    """Appeals that came in time are decided and the window is over; those who sign may state why they did not wait."""
    for filed in state.appeals:
        if filed.decision is None and not filed.late:
            raise ContestError(f"appeal {filed.number} is not decided")
    minutes = -(-(end - t_ms) // 60_000)
    if t_ms < end:
        raise ContestError(f"the window for appeals is open for another {minutes} min; a reason ends it earlier")
