"""Decisions that count only when two officials have signed them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Container, Mapping, Sequence
from typing import Any

from pipeline.contest.keys import Signer, is_signed
from pipeline.errors import ContestError
from pipeline.score.canonical import canonical_json

# What is not signed: the signatures themselves, and what the ledger adds when it writes the event.
UNSIGNED = frozenset({"approved", "clock_back_ms"})
_NONCE = re.compile(r"[0-9a-f]{32}")


def new_nonce() -> str:
    """32 hex digits that make one decision different from the next with the same words."""
    return secrets.token_hex(16)


def approve(signer: Signer, contest_id: str, kind: str, body: Mapping[str, Any]) -> dict[str, str]:
    """One official's signature under what an event of this kind is going to say, for its body's list `approved`.

    Signed is canonical JSON of {"approves": kind, "body": body without `UNSIGNED`, "contest": contest_id}.
    Raises ContestError when the body holds no nonce.
    """
    _nonce(kind, body)
    return {"key": signer.public, "name": signer.name, "sig": signer.sign(statement(contest_id, kind, body))}


def approved(signers: Sequence[Signer], contest_id: str, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with everybody's approval in it; it gets a nonce when it has none."""
    whole = {"nonce": new_nonce(), **body}
    return {**whole, "approved": [approve(s, contest_id, kind, whole) for s in signers]}


def statement(contest_id: str, kind: str, body: Mapping[str, Any]) -> bytes:
    """The bytes that an approval signs."""
    said = {k: v for k, v in body.items() if k not in UNSIGNED}
    return canonical_json({"approves": kind, "body": said, "contest": contest_id})


def check_approved(
    contest_id: str,
    kind: str,
    body: Mapping[str, Any],
    officials: Container[str],
    least: int = 2,
    nonces: Container[str] = (),
) -> None:
    """Raises ContestError unless `least` different officials have signed this body, for the first time.

    officials: public keys of those who may (a mapping by public key will do); nonces: those that have counted.
    """
    if _nonce(kind, body) in nonces:
        raise ContestError(f"{kind}: this approval has counted once already; it has to be signed anew")
    approvals = body.get("approved")
    if not isinstance(approvals, (list, tuple)):
        raise ContestError(f"{kind}: nobody has approved it; it needs {least} officials")
    said = statement(contest_id, kind, body)
    keys = [_signed_by(kind, a, said, officials) for a in approvals]
    if len(set(keys)) != len(keys):
        raise ContestError(f"{kind}: one official has signed twice")
    if len(keys) < least:
        raise ContestError(f"{kind}: has {len(keys)} of the {least} signatures that it needs")


def _signed_by(kind: str, approval: Any, said: bytes, officials: Container[str]) -> str:
    if not isinstance(approval, Mapping) or not all(isinstance(approval.get(k), str) for k in ("key", "name", "sig")):
        raise ContestError(f"{kind}: an approval is not of the form key, name, sig")
    key = str(approval["key"])
    if key not in officials:
        raise ContestError(f"{kind}: {approval['name']!r} ({key[:16]}) is not an official who may approve it")
    if not is_signed(key, said, str(approval["sig"])):
        raise ContestError(f"{kind}: the signature of {approval['name']!r} does not fit what is to be approved")
    return key


def _nonce(kind: str, body: Mapping[str, Any]) -> str:
    nonce = body.get("nonce")
    if not isinstance(nonce, str) or not _NONCE.fullmatch(nonce):
        raise ContestError(f"{kind}: it has no nonce (32 hex digits), so that its approval could be used again")
    return nonce
