"""May this event happen now? One function a kind of event; each refuses with one sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipeline.contest import check_day as day
from pipeline.contest import check_results as results
from pipeline.contest import check_start as start
from pipeline.contest.records import State
from pipeline.contest.shapes import check_shape
from pipeline.contest.signatures import check_nonce
from pipeline.errors import ContestError

Body = Mapping[str, Any]
AFTER_FINAL = ("head", "recovered", "restored", "machine")


def check(state: State, kind: str, body: Body, t_ms: int | None = None) -> None:
    """Raises ContestError when the event cannot follow what `state` tells. `t_ms`: its time, where it matters.

    What lies in objects (lists of entrants, marks, panel sheets) is checked when the event is folded.
    """
    check_shape(kind, body)
    if state.final is not None and kind not in AFTER_FINAL:
        raise ContestError(f"the contest is final since event {state.final.seq}: {kind} cannot follow")
    check_nonce(state, body)
    _CHECKS[kind](state, body, state.head.t_ms if t_ms is None else t_ms)


def _no_second(state: State, body: Body, t_ms: int) -> None:
    raise ContestError("a contest begins once")


def _anything(state: State, body: Body, t_ms: int) -> None:
    return None


_CHECKS: dict[str, Callable[[State, Body, int], None]] = {
    "contest": _no_second,
    "official": start.official,
    "entrants": start.entrants,
    "draw-commit": start.draw_commit,
    "draw": start.draw,
    "seal": start.seal,
    "open": start.open_field,
    "clock": day.clock,
    "clock-void": day.clock_void,
    "card": day.card,
    "refused": day.refused,
    "submission": day.submission,
    "manual": day.manual,
    "overrule": day.overrule,
    "marks": day.marks,
    "panel-entry": day.panel_entry,
    "panel-void": day.panel_void,
    "panel": day.panel,
    "close": day.close,
    "reveal": day.reveal,
    "judged": results.judged,
    "rejudge": results.rejudge,
    "rejudge-apply": results.decided("rejudge-apply"),
    "rejudge-cancel": results.decided("rejudge-cancel"),
    "appeal": results.appeal,
    "appeal-decision": results.appeal_decision,
    "final": results.final,
    "head": _anything,
    "recovered": _anything,
    "restored": _anything,
    "machine": start.machine,
}
