"""Two people sign the truth before it is sealed: registered surveyors or judges, each with a key of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.contest.approvals import approve, check_approved, new_nonce
from pipeline.contest.keys import Signer
from pipeline.contest.lookups import place_of
from pipeline.contest.records import Official, State
from pipeline.contest.truth.folder import SIGNED, Truth, read_truth, truth_bytes
from pipeline.errors import ContestError
from pipeline.files import write_bytes_atomic
from pipeline.score.canonical import canonical_json

KIND = "survey"
ROLES = ("surveyor", "judge")
LEAST = 2


def sign_truth(truth: Path, signer: Signer, contest_id: str, leg: str, field: str) -> dict[str, Any]:
    """Add a signature to TRUTH/signed.json: that these are the targets of this field.

    What is signed is a salted hash, so that the signature in the ledger tells nothing of the targets. Returns what
    signed.json holds. Raises ContestError when the person has signed, or others signed something else.
    """
    whole = read_truth(truth)
    body: dict[str, Any] = {"field": field, "leg": leg, "truth_digest": whole.digest}
    signed = _signed(whole) if (truth / SIGNED).exists() else {**body, "nonce": new_nonce(), "approved": []}
    if any(signed[k] != v for k, v in body.items()):
        raise ContestError(f"{truth / SIGNED}: was signed for another field, or before the targets changed")
    if any(a["key"] == signer.public for a in signed["approved"]):
        raise ContestError(f"{truth / SIGNED}: {signer.name!r} has signed already")
    added = {**signed, "approved": [*signed["approved"], approve(signer, contest_id, KIND, signed)]}
    write_bytes_atomic(truth / SIGNED, canonical_json(added))
    return added


def check_may_sign(state: State, leg: str, field: str, signer: Signer) -> None:
    """Raises ContestError unless it is a registered surveyor or judge, and the plan has that field."""
    place_of(state, {"field": field, "leg": leg})
    official = state.officials.get(signer.public)
    if official is None or official.role not in ROLES:
        raise ContestError(f"{signer.name!r} is no registered surveyor or judge, who alone sign the targets")


def check_signed(
    truth: Truth, contest_id: str, leg: str, field: str, officials: Mapping[str, Official]
) -> dict[str, Any]:
    """What signed.json holds, when two registered surveyors or judges have signed these targets for this field.

    Raises:
        ContestError: they have not.
    """
    if not (truth.folder / SIGNED).exists():
        raise ContestError(f"{truth.folder}: nobody has signed these targets; two people must before the seal")
    signed = _signed(truth)
    if signed["truth_digest"] != truth.digest:
        raise ContestError(f"{truth.folder}: the targets are not the ones that were signed")
    if (signed["leg"], signed["field"]) != (leg, field):
        raise ContestError(f"{truth.folder}: was signed for field {signed['field']!r} of leg {signed['leg']!r}")
    may = {key: o for key, o in officials.items() if o.role in ROLES}
    check_approved(contest_id, KIND, signed, may, LEAST)
    return signed


def _signed(truth: Truth) -> dict[str, Any]:
    path = truth.folder / SIGNED
    data = truth_bytes(truth.folder, SIGNED)
    try:
        signed = json.loads(data)
        whole = canonical_json(signed) == data and isinstance(signed["approved"], list)
        whole = whole and all(isinstance(signed[k], str) for k in ("field", "leg", "nonce", "truth_digest"))
        whole = whole and all(isinstance(a["key"], str) for a in signed["approved"])
    except (ValueError, TypeError, KeyError, RecursionError):
        whole = False
    if not whole:
        raise ContestError(f"{path}: is damaged")
    return dict(signed)
