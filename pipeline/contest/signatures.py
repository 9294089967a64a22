"""Signatures under an event as a contest asks for them: registered judges, each once, each nonce once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.contest.approvals import check_approved
from pipeline.contest.records import State
from pipeline.contest.shapes import is_nonce
from pipeline.errors import ContestError


def check_nonce(state: State, body: Mapping[str, Any]) -> None:
    """Raises ContestError when the body's nonce is none, or was used before in this contest."""
    nonce = body.get("nonce")
    if nonce is None:
        return
    if not is_nonce(nonce):
        raise ContestError("a nonce is 32 hex digits")
    if nonce in state.nonces:
        raise ContestError("these signatures were used before: a nonce counts once")


def check_signed(state: State, kind: str, body: Mapping[str, Any], least: int = 2) -> None:
    """Raises ContestError unless `least` different registered judges signed this body."""
    judges = {key for key, o in state.officials.items() if o.role == "judge"}
    check_approved(state.id, kind, body, judges, least, state.nonces)


def check_signed_when(state: State, kind: str, body: Mapping[str, Any], reason: str) -> None:
    """The same where there is a `reason` for it; signatures that nobody asked for must be right too."""
    if reason and "approved" not in body:
        raise ContestError(f"{reason}: this needs the signatures of two judges")
    if "approved" in body:
        check_signed(state, kind, body)


def names_of(state: State, body: Mapping[str, Any]) -> tuple[str, ...]:
    """The registered names of who signed the body, sorted."""
    return tuple(sorted(state.officials[s["key"]].name for s in body.get("approved", ())))
