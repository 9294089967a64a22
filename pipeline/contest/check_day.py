"""May this happen now? While the contest runs: clocks, cards, hit lists, manual rules, marks, panels, close, reveal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.contest.clocks import at_receipt, check_clock
from pipeline.contest.lookups import check_entrant, check_open, field_of, leg_of, open_field_of, place_of
from pipeline.contest.plan import Leg
from pipeline.contest.records import State
from pipeline.contest.signatures import check_signed, check_signed_when
from pipeline.errors import ContestError

Body = Mapping[str, Any]


def _not_judged(state: State) -> None:
    if state.sets:
        raise ContestError("results were published")


def _own_field(state: State, body: Body) -> None:
    if open_field_of(state, body["leg"], body["entrant"]) != body["field"]:
        raise ContestError(f"leg {body['leg']}: {body['entrant']} does not fly on field {body['field']}")


def clock(state: State, body: Body, t_ms: int) -> None:
    """An act that can follow those before, while the entrant's field is open."""
    open_field_of(state, body["leg"], body["entrant"])
    check_clock(state, body)


def clock_void(state: State, body: Body, t_ms: int) -> None:
    """A clock that was started, before results rest on it."""
    if (body["leg"], body["entrant"], body["clock"]) not in state.clocks:
        raise ContestError(f"the {body['clock']} clock of {body['entrant']} was not started")
    _not_judged(state)
    check_signed(state, "clock-void", body)


def card(state: State, body: Body, t_ms: int) -> None:
    """A card of an entrant whose field is open."""
    open_field_of(state, body["leg"], body["entrant"])


def refused(state: State, body: Body, t_ms: int) -> None:
    """A list that could not be read; it counts as nothing."""
    _own_field(state, body)


def submission(state: State, body: Body, t_ms: int) -> None:
    """The entrant's next list, within the caps, with the time that the clocks say."""
    _own_field(state, body)
    leg, entrant, limits = body["leg"], body["entrant"], state.plan.limits
    before = state.counts.get((leg, entrant), 0)
    if body["number"] != before + 1:
        raise ContestError(f"leg {leg}: the next submission of {entrant} has number {before + 1}")
    for name, value in (("submissions", body["number"]), ("hits", body["hits"]), ("bytes", body["bytes"])):
        if value > getattr(limits, name):
            raise ContestError(f"leg {leg}: {entrant}: more than {getattr(limits, name)} {name}")
    if at_receipt(state, leg, entrant, t_ms) != (body["elapsed_ms"], body["late"]):
        raise ContestError(f"leg {leg}: {entrant}: elapsed_ms and late are not what the clocks say")


def manual(state: State, body: Body, t_ms: int) -> None:
    """A rule of the plan, as often as it allows, signed by two judges."""
    rule, leg, entrant = state.plan.rule(body["rule"]), state.plan.leg(body["leg"]).id, body["entrant"]
    check_entrant(state, leg, entrant)
    if rule.leg != leg:
        raise ContestError(f"manual rule {rule.id} belongs to leg {rule.leg}, not {leg}")
    times = sum((m.leg, m.entrant, m.rule) == (leg, entrant, rule.id) for m in state.manual)
    if times >= rule.most:
        raise ContestError(f"manual rule {rule.id} applies to {entrant} at most {rule.most} times")
    if body.get("points_u", rule.points_u) != rule.points_u:
        raise ContestError(f"manual rule {rule.id} is worth {rule.points_u} micro-points")
    check_signed(state, "manual", body)


def overrule(state: State, body: Body, t_ms: int) -> None:
    """Evidence looked at after the close, signed by two judges."""
    leg, entrant = leg_of(state, body["leg"], "drone").id, body["entrant"]
    check_entrant(state, leg, entrant)
    if not state.rules[leg].evidence:
        raise ContestError(f"leg {leg}: its rules do not ask for evidence")
    if (leg, field_of(state, leg, entrant)) not in state.closed:
        raise ContestError(f"leg {leg}: evidence is looked at after the close of {entrant}'s field")
    check_signed(state, "overrule", body)


def marks(state: State, body: Body, t_ms: int) -> None:
    """A leg's marks; a correction is signed by two judges."""
    leg = leg_of(state, body["leg"], "marks").id
    reason = "results were published" if state.sets else f"leg {leg} has its marks" if leg in state.marks else ""
    check_signed_when(state, "marks", body, reason)


def _panel_leg(state: State, body: Body) -> Leg:
    leg = leg_of(state, body["leg"], "panel")
    if leg.id in state.panels and state.panels[leg.id].object is not None:
        raise ContestError(f"leg {leg.id}: the panel's sheets are open")
    return leg


def panel_entry(state: State, body: Body, t_ms: int) -> None:
    """A closed sheet, signed by its judge alone."""
    leg, entrant, judge = _panel_leg(state, body), body["entrant"], body["judge"]
    check_entrant(state, leg.id, entrant)
    _not_judged(state)
    entries = state.panels[leg.id].entries if leg.id in state.panels else {}
    if (entrant, judge) in entries:
        raise ContestError(f"leg {leg.id}: this judge's sheet for {entrant} is in; two judges may void it")
    if sum(e == entrant for e, _ in entries) >= leg.judges:
        raise ContestError(f"leg {leg.id}: {entrant} has {leg.judges} sheets already")
    if [s.get("key") for s in body["approved"]] != [judge]:
        raise ContestError(f"leg {leg.id}: a sheet is signed by its judge alone")
    check_signed(state, "panel-entry", body, least=1)


def panel_void(state: State, body: Body, t_ms: int) -> None:
    """A closed sheet that two judges take out."""
    leg = _panel_leg(state, body)
    if leg.id not in state.panels or (body["entrant"], body["judge"]) not in state.panels[leg.id].entries:
        raise ContestError(f"leg {leg.id}: there is no such sheet")
    check_signed(state, "panel-void", body)


def panel(state: State, body: Body, t_ms: int) -> None:
    """All sheets at once, when nobody who has one lacks one."""
    leg = _panel_leg(state, body)
    entries = state.panels[leg.id].entries if leg.id in state.panels else {}
    if not entries:
        raise ContestError(f"leg {leg.id}: no sheet was entered")
    for entrant in sorted({e for e, _ in entries}):
        count = sum(e == entrant for e, _ in entries)
        if count < leg.judges:
            raise ContestError(f"leg {leg.id}: {entrant} has {count} of {leg.judges} sheets")


def close(state: State, body: Body, t_ms: int) -> None:
    """A field that is open."""
    check_open(state, *place_of(state, body))


def reveal(state: State, body: Body, t_ms: int) -> None:
    """A field that is closed, once."""
    leg, field = place_of(state, body)
    if (leg, field) not in state.closed:
        raise ContestError(f"leg {leg}: field {field} is not closed")
    if (leg, field) in state.revealed:
        raise ContestError(f"leg {leg}: field {field} was revealed before")
