"""May this happen now? Before anyone flies: officials, entrants, lots, seals, the opening of a field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.contest.approvals import check_approved
from pipeline.contest.draws import check_draw
from pipeline.contest.lookups import entrants_fixed, field_of, place_of
from pipeline.contest.records import State
from pipeline.contest.signatures import check_signed_when
from pipeline.errors import ContestError

Body = Mapping[str, Any]


def official(state: State, body: Body, t_ms: int) -> None:
    """A new key under a new name; once lots, an open field, marks or sheets rest on officials, two judges sign it."""
    if body["key"] in state.officials or body["key"] in state.desk_keys:
        raise ContestError(f"the key of {body['name']} is registered already")
    if any(o.name == body["name"] for o in state.officials.values()):
        raise ContestError(f"{body['name']} is registered already")
    begun = "lots are being drawn, a field is open, or marks or sheets are in"
    check_signed_when(state, "official", body, begun if entrants_fixed(state) else "")


def machine(state: State, body: Body, t_ms: int) -> None:
    """A further desk's key, which is nobody's yet: who writes the ledger does not sign as a judge with the same key."""
    if body["key"] in state.officials or body["key"] in state.desk_keys:
        raise ContestError(f"the key of {body['name']} is registered already")


def entrants(state: State, body: Body, t_ms: int) -> None:
    """The whole list; once something rests on it, two judges sign, and the fold holds it to the same ids."""
    reason = "lots are drawn, a field is open or marks are in" if entrants_fixed(state) else ""
    check_signed_when(state, "entrants", body, reason)


def draw_commit(state: State, body: Body, t_ms: int) -> None:
    """Lots of a leg that are not drawn yet."""
    leg = state.plan.leg(body["draw"])
    if not state.entrants(leg.id):
        raise ContestError(f"draw {leg.id}: nobody is registered; register the entrants first")
    known = state.draws.get(leg.id)
    if known is not None and known.secret is not None:
        raise ContestError(f"draw {leg.id}: the lots are drawn")
    if any((leg.id, f) in state.opened for f in leg.fields):
        raise ContestError(f"draw {leg.id}: a field is open")
    check_signed_when(state, "draw-commit", body, "" if known is None else f"draw {leg.id} was committed before")


def draw(state: State, body: Body, t_ms: int) -> None:
    """The lots that follow from what was committed."""
    known = state.draws.get(body["draw"])
    if known is None:
        raise ContestError(f"draw {body['draw']}: nothing was committed")
    if known.secret is not None:
        raise ContestError(f"draw {body['draw']}: the lots are drawn")
    check_draw(state, body)


def seal(state: State, body: Body, t_ms: int) -> None:
    """A field's commitments, with three key holders and a survey that two signed."""
    leg, field = place_of(state, body)
    if (leg, field) in state.seals:
        raise ContestError(f"leg {leg}: field {field} is sealed")
    holders = body["holders"]
    known = {o.name for o in state.officials.values() if o.role == "keyholder"}
    if len(set(holders)) != 3 or len(holders) != 3:
        raise ContestError(f"leg {leg}: field {field}: three different key holders are needed")
    for name in holders:
        if name not in known:
            raise ContestError(f"leg {leg}: field {field}: {name} is not registered as a key holder")
    if body["rules_digest"] != state.rules_objects[leg]:
        raise ContestError(f"leg {leg}: field {field}: was sealed under other rules")
    _surveyed(state, body)


def _surveyed(state: State, body: Body) -> None:
    """Two registered surveyors or judges signed a salted hash of the truth for this very field."""
    survey, may = body["survey"], {k for k, o in state.officials.items() if o.role != "keyholder"}
    if (survey.get("leg"), survey.get("field")) != (body["leg"], body["field"]):
        raise ContestError(f"leg {body['leg']}: field {body['field']}: the survey was signed for another field")
    check_approved(state.id, "survey", {**survey, "approved": body["surveyed"]}, may, nonces=state.nonces)


def open_field(state: State, body: Body, t_ms: int) -> None:
    """A field that is sealed, and whose entrants are drawn."""
    leg, field = place_of(state, body)
    if (leg, field) in state.opened:
        raise ContestError(f"leg {leg}: field {field} was opened before")
    if (leg, field) not in state.seals:
        raise ContestError(f"leg {leg}: field {field} is not sealed")
    draw = state.draws.get(leg)
    if draw is not None and draw.secret is None:
        raise ContestError(f"leg {leg}: lots were committed, but not drawn")
    if not state.entrants(leg):
        raise ContestError(f"leg {leg}: nobody is registered; register the entrants first")
    for entrant in state.entrants(leg):
        field_of(state, leg, entrant)
