"""What a body names, looked up in the state: its leg, field and entrant, or one sentence why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.contest.plan import Leg
from pipeline.contest.records import Place, State
from pipeline.errors import ContestError


def leg_of(state: State, name: str, kind: str) -> Leg:
    """The leg of that name; ContestError unless it is of that kind."""
    leg = state.plan.leg(name)
    if leg.kind != kind:
        raise ContestError(f"leg {leg.id} is of the kind {leg.kind}, not {kind}")
    return leg


def check_entrant(state: State, leg: str, entrant: str) -> None:
    """Raises ContestError for who does not take part in the leg."""
    if entrant not in (state.persons if state.plan.leg(leg).entrants == "person" else state.teams):
        raise ContestError(f"leg {leg}: {entrant} is not registered as a {state.plan.leg(leg).entrants}")


def entrants_fixed(state: State) -> bool:
    """Whether something rests on who takes part: then ids stay, and only names may still be put right."""
    return bool(state.draws or state.opened or state.mark_sheets or state.panels)


def place_of(state: State, body: Mapping[str, Any]) -> Place:
    """(leg, field) of a body; ContestError for a field that the plan does not have."""
    leg = leg_of(state, body["leg"], "drone")
    if body["field"] not in leg.fields:
        raise ContestError(f"leg {leg.id}: there is no field {body['field']!r}")
    return leg.id, body["field"]


def field_of(state: State, leg: str, entrant: str) -> str:
    """The field drawn for the entrant; ContestError before the draw."""
    if (leg, entrant) not in state.assignment:
        raise ContestError(f"leg {leg}: no field was drawn for {entrant}")
    return state.assignment[leg, entrant]


def check_open(state: State, leg: str, field: str) -> None:
    """Raises ContestError unless the field is open and not closed."""
    if (leg, field) not in state.opened:
        raise ContestError(f"leg {leg}: field {field} is not open")
    if (leg, field) in state.closed:
        raise ContestError(f"leg {leg}: field {field} is closed")


def open_field_of(state: State, leg: str, entrant: str) -> str:
    """The entrant's own field on a drone leg; ContestError unless it is open and not closed."""
    leg_of(state, leg, "drone")
    check_entrant(state, leg, entrant)
    field = field_of(state, leg, entrant)
    check_open(state, leg, field)
    return field
