"""What each kind of event changes: a function from the state before to the fields that are new."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from pipeline.contest.ledger import Event
from pipeline.contest.lookups import entrants_fixed
from pipeline.contest.marks import marks_of
from pipeline.contest.panels import sheets_of
from pipeline.contest.people import entrants_of
from pipeline.contest.plan import plan_of
from pipeline.contest.records import (
    Act,
    Appeal,
    Card,
    Clock,
    Draw,
    Final,
    Load,
    Manual,
    MarkSheet,
    Official,
    Overrule,
    Panel,
    PanelEntry,
    Person,
    ResultSet,
    Seal,
    State,
    Submission,
    Team,
)
from pipeline.contest.rulebooks import stored_rules
from pipeline.contest.shapes import check_shape, known_keys
from pipeline.contest.signatures import names_of
from pipeline.errors import ContestError

Changes = dict[str, Any]
# What results tell: points, and names; submissions, clocks and seals are fixed before the first results.
_TOUCHES = ("entrants", "manual", "overrule", "marks", "panel", "reveal")


def begin(event: Event, load: Load) -> State:
    """The state after the first event."""
    body = event.body
    if event.kind != "contest":
        raise ContestError("a ledger begins with the event contest")
    check_shape("contest", body)
    plan = plan_of(load(body["plan"]), "the contest's plan")
    drone = [leg.id for leg in plan.legs if leg.kind == "drone"]
    if sorted(body["rules"]) != sorted(drone) or body["name"] != plan.name:
        raise ContestError("name or rules are not those of the plan")
    rules = {leg: stored_rules(load(sha256), f"the rules of leg {leg}") for leg, sha256 in body["rules"].items()}
    return State(body["id"], body["name"], body["software"], plan, body["plan"], rules, dict(body["rules"]),
                 {body["desk"]["key"]: body["desk"]["name"]}, event)  # fmt: skip


def changes(state: State, event: Event, load: Load) -> Changes:
    """The fields of `State` that the event makes new."""
    found = _FOLDS[event.kind](state, event, load)
    if event.kind in _TOUCHES:
        found["touched"] = event.seq
    if "nonce" in event.body:
        found["nonces"] = found.get("nonces", state.nonces) | {event.body["nonce"]}
    return found


def _made(record: type, event: Event, **more: Any) -> Any:
    """A record whose fields are the body's known keys of the same name, the event's seq and t_ms, and `more`."""
    names = {f.name for f in fields(record)}
    given = {k: event.body[k] for k in known_keys(event.kind) & names if k in event.body}
    own = {k: v for k, v in (("seq", event.seq), ("t_ms", event.t_ms)) if k in names}
    return record(**{**given, **own, **more})


def _nothing(state: State, event: Event, load: Load) -> Changes:
    return {}


def _official(state: State, event: Event, load: Load) -> Changes:
    found = _made(Official, event)
    return {"officials": {**state.officials, found.key: found}}


def _entrants(state: State, event: Event, load: Load) -> Changes:
    teams, persons = entrants_of(load(event.body["object"]), "the list of entrants")
    if (len(teams), len(persons)) != (event.body["teams"], event.body["persons"]):
        raise ContestError("the list of entrants holds other numbers of teams or persons")
    if entrants_fixed(state):
        return _renamed(state, teams, persons)
    single = [leg for leg in state.plan.legs if len(leg.fields) == 1]
    assignment = {(leg.id, entrant): leg.fields[0] for leg in single
                  for entrant in (persons if leg.entrants == "person" else teams)}  # fmt: skip
    return {"teams": teams, "persons": persons, "assignment": assignment}


def _renamed(state: State, teams: Mapping[str, Team], persons: Mapping[str, Person]) -> Changes:
    """Names and organisations put right; who takes part, and in which team, stays."""
    same = teams.keys() == state.teams.keys() and persons.keys() == state.persons.keys()
    if not same or any(persons[i].team != p.team for i, p in state.persons.items()):
        raise ContestError("the list of entrants is fixed: ids and teams stay, only names may be put right")
    return {"teams": teams, "persons": persons}


def _draw_commit(state: State, event: Event, load: Load) -> Changes:
    name = event.body["draw"]
    return {"draws": {**state.draws, name: Draw(name, event.body["commitment"], event.t_ms)}}


def _draw(state: State, event: Event, load: Load) -> Changes:
    body, name = event.body, event.body["draw"]
    found = replace(state.draws[name], secret=body["secret"], contributions=tuple(body["contributions"]),
                    order=tuple(body["order"]), fields=dict(body["fields"]))  # fmt: skip
    drawn = {(name, entrant): field for entrant, field in found.fields.items()}
    return {"draws": {**state.draws, name: found}, "assignment": {**state.assignment, **drawn}}


def _seal(state: State, event: Event, load: Load) -> Changes:
    signed = event.body["survey"].get("truth_digest", "")
    found = _made(Seal, event, holders=tuple(event.body["holders"]), truth_digest=signed)
    nonces = state.nonces | {event.body["survey"]["nonce"]}
    return {"seals": {**state.seals, (found.leg, found.field): found}, "nonces": nonces}


def _place(event: Event) -> tuple[str, str]:
    return event.body["leg"], event.body["field"]


def _open(state: State, event: Event, load: Load) -> Changes:
    return {"opened": {**state.opened, _place(event): event.t_ms}}


def _close(state: State, event: Event, load: Load) -> Changes:
    return {"closed": {**state.closed, _place(event): event.t_ms}}


def _reveal(state: State, event: Event, load: Load) -> Changes:
    return {"revealed": {**state.revealed, _place(event): event.body["object"]}}


def _clock(state: State, event: Event, load: Load) -> Changes:
    body = event.body
    name = (body["leg"], body["entrant"], body["clock"])
    before = state.clocks[name].acts if name in state.clocks else ()
    found = Clock(*name, (*before, Act(event.t_ms, body["act"], body["why"])))
    return {"clocks": {**state.clocks, name: found}}


def _clock_void(state: State, event: Event, load: Load) -> Changes:
    gone = (event.body["leg"], event.body["entrant"], event.body["clock"])
    return {"clocks": {k: v for k, v in state.clocks.items() if k != gone}}


def _card(state: State, event: Event, load: Load) -> Changes:
    found = _made(Card, event)
    slot = (found.leg, found.entrant)
    return {"cards": {**state.cards, slot: (*state.cards.get(slot, ()), found)}}


def _submission(state: State, event: Event, load: Load) -> Changes:
    found = _made(Submission, event, warnings=tuple(event.body["warnings"]))
    slot = (found.leg, found.entrant)
    return {"submissions": (*state.submissions, found), "counts": {**state.counts, slot: found.number}}


def _manual(state: State, event: Event, load: Load) -> Changes:
    worth = state.plan.rule(event.body["rule"]).points_u
    return {"manual": (*state.manual, _made(Manual, event, points_u=worth, by=names_of(state, event.body)))}


def _overrule(state: State, event: Event, load: Load) -> Changes:
    return {"overrules": (*state.overrules, _made(Overrule, event, by=names_of(state, event.body)))}


def _marks(state: State, event: Event, load: Load) -> Changes:
    leg = state.plan.leg(event.body["leg"])
    found = marks_of(load(event.body["object"]), f"the marks of leg {leg.id}", leg, state.entrants(leg.id))
    if len(found) != event.body["rows"]:
        raise ContestError(f"the marks of leg {leg.id} have {len(found)} rows")
    sheet = _made(MarkSheet, event, by=names_of(state, event.body))
    return {"marks": {**state.marks, leg.id: found}, "mark_sheets": (*state.mark_sheets, sheet)}


def _panels(state: State, panel: Panel) -> Changes:
    return {"panels": {**state.panels, panel.leg: panel}}


def _panel_entry(state: State, event: Event, load: Load) -> Changes:
    found = _made(PanelEntry, event)
    panel = state.panels.get(found.leg, Panel(found.leg))
    return _panels(state, replace(panel, entries={**panel.entries, (found.entrant, found.judge): found}))


def _panel_void(state: State, event: Event, load: Load) -> Changes:
    panel, gone = state.panels[event.body["leg"]], (event.body["entrant"], event.body["judge"])
    return _panels(state, replace(panel, entries={k: v for k, v in panel.entries.items() if k != gone}))


def _panel(state: State, event: Event, load: Load) -> Changes:
    leg, panel = state.plan.leg(event.body["leg"]), state.panels[event.body["leg"]]
    values = sheets_of(load(event.body["object"]), state.id, leg, panel.entries)
    return _panels(state, replace(panel, object=event.body["object"], values=values))


def _judged(state: State, event: Event, load: Load) -> Changes:
    body = event.body
    decided = event.t_ms if body["state"] == "applied" else None
    found = ResultSet(body["set"], body["object"], body["state"], body.get("why", ""), body.get("diff"), event.seq,
                      event.t_ms, decided)  # fmt: skip
    return {"sets": (*state.sets, found)}


def _decided(word: str) -> Callable[[State, Event, Load], Changes]:
    def fold(state: State, event: Event, load: Load) -> Changes:
        def after(one: ResultSet) -> ResultSet:
            mine = one.number == event.body["set"]
            return replace(one, state=word, decided_ms=event.t_ms) if mine else one

        return {"sets": tuple(after(s) for s in state.sets)}

    return fold


def _appeal(state: State, event: Event, load: Load) -> Changes:
    return {"appeals": (*state.appeals, _made(Appeal, event))}


def _appeal_decision(state: State, event: Event, load: Load) -> Changes:
    body, found = event.body, list(state.appeals)
    at = body["number"] - 1
    found[at] = replace(found[at], decision=body["decision"], why=body["why"], decided_ms=event.t_ms)
    return {"appeals": tuple(found)}


def _final(state: State, event: Event, load: Load) -> Changes:
    return {"final": _made(Final, event)}


def _machine(state: State, event: Event, load: Load) -> Changes:
    return {"desk_keys": {**state.desk_keys, event.body["key"]: event.body["name"]}}


_FOLDS: dict[str, Callable[[State, Event, Load], Changes]] = {
    "official": _official, "entrants": _entrants, "draw-commit": _draw_commit, "draw": _draw, "seal": _seal,
    "open": _open, "close": _close, "reveal": _reveal, "clock": _clock, "clock-void": _clock_void, "card": _card,
    "submission": _submission,
    "manual": _manual, "overrule": _overrule, "marks": _marks, "panel-entry": _panel_entry,
    "panel-void": _panel_void, "panel": _panel, "judged": _judged, "rejudge": _judged,
    "rejudge-apply": _decided("applied"), "rejudge-cancel": _decided("cancelled"), "appeal": _appeal,
    "appeal-decision": _appeal_decision, "final": _final, "machine": _machine, "restored": _nothing,
    "recovered": _nothing, "head": _nothing, "refused": _nothing,
}  # fmt: skip
