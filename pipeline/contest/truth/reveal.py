"""After the close: two key holders open the vault, and the targets become an object of the contest.

What is revealed must reproduce the seal exactly: every commitment, their number, the Merkle root, and the salted hash
that two people signed after the survey.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.contest.folder import Contest
from pipeline.contest.keys import Signer
from pipeline.contest.ledger import Event
from pipeline.contest.records import Load, Seal, State
from pipeline.contest.state import check
from pipeline.contest.store import file_sha256
from pipeline.contest.truth.commitments import Sealing, commitment, merkle_root
from pipeline.contest.truth.plain import target_of, truth_digest
from pipeline.contest.truth.vault import open_vault
from pipeline.errors import ContestError
from pipeline.score.canonical import canonical_json
from pipeline.score.targets import ordered
from pipeline.types import Target

FORMAT = "qianliyan-reveal-1"


def reveal(
    contest: Contest,
    leg: str,
    field: str,
    vault: Path,
    passphrases: Mapping[str, str],
    desk: Signer,
    now_ms: int,
) -> Event:
    """Open a closed field's vault with two holders' passphrases, check it against the seal, write the event `reveal`.

    Raises:
        ContestError: the field is not closed, the vault is another one, it does not open, or what is in it is not
            what was sealed.
    """
    seal = _closed_seal(contest.state, leg, field)
    _check_vault(vault, seal)
    content = _content(vault, open_vault(vault, passphrases))
    sealing = sealing_from(content)
    shown = {"format": FORMAT, "targets": content["entries"], "truth_salt": content["truth_salt"]}
    data = canonical_json({**sealing.plain(), **shown})
    targets_from(data, contest.state, contest.load, leg, field)
    body = {"leg": leg, "field": field, "object": hashlib.sha256(data).hexdigest()}
    check(contest.state, "reveal", body, contest.at_ms(now_ms))
    contest.store(data)
    return contest.append("reveal", body, desk, now_ms)


def _closed_seal(state: State, leg: str, field: str) -> Seal:
    seal = state.seals.get((leg, field))
    if seal is None:
        raise ContestError(f"field {field!r} of leg {leg!r} was never sealed")
    if (leg, field) not in state.closed:
        raise ContestError(f"field {field!r} of leg {leg!r} is not closed; nothing is revealed before")
    if (leg, field) in state.revealed:
        raise ContestError(f"field {field!r} of leg {leg!r} is revealed already")
    return seal


def _check_vault(vault: Path, seal: Seal) -> None:
    if file_sha256(vault) != seal.vault_sha256:
        raise ContestError(f"{vault}: is not the vault of field {seal.field!r}, or is damaged; try another copy")


def _content(vault: Path, data: bytes) -> dict[str, Any]:
    try:
        content = json.loads(data)
        whole = canonical_json(content) == data and content.keys() >= {"entries", "files", "truth_salt"}
    except (ValueError, TypeError, KeyError, RecursionError):
        whole = False
    if not whole:
        raise ContestError(f"{vault}: its content is not in the form that a seal writes")
    return dict(content)


def vault_files(vault: Path, passphrases: Mapping[str, str]) -> dict[str, bytes]:
    """survey.json, sheet.pdf and signed.json as they were sealed, for who has to look at the survey again.

    Raises:
        ContestError: as `open_vault`.
    """
    files = _content(vault, open_vault(vault, passphrases))["files"]
    return {str(name): base64.b64decode(data) for name, data in files.items()}


def sealing_from(content: Mapping[str, Any]) -> Sealing:
    """What all commitments share, from a vault's content or a revealed object; ContestError when it is missing."""
    values = [content.get(k) for k in ("contest", "leg", "field", "rules_digest")]
    if not all(isinstance(v, str) for v in values):
        raise ContestError("the revealed targets do not say of which contest, leg and field they are")
    return Sealing(*map(str, values))


def revealed_targets(contest: Contest, leg: str, field: str) -> tuple[Target, ...]:
    """Targets and ignore areas of a revealed field, by id; ContestError before, or if they are not as sealed."""
    return targets_of_state(contest.state, contest.load, leg, field)


def targets_of_state(state: State, load: Load, leg: str, field: str) -> tuple[Target, ...]:
    """The same from a state and what loads its objects."""
    if (leg, field) not in state.revealed:
        raise ContestError(f"field {field!r} of leg {leg!r} is not revealed")
    return targets_from(load(state.revealed[leg, field]), state, load, leg, field)


def targets_from(data: bytes, state: State, load: Load, leg: str, field: str) -> tuple[Target, ...]:
    """The targets of a revealed object, after every commitment was checked against the seal; ContestError."""
    seal = state.seals[leg, field]
    content = _revealed(data)
    sealing = sealing_from(content)
    if (sealing.contest, sealing.leg, sealing.field) != (state.id, leg, field):
        raise ContestError(f"what is revealed is not of field {field!r} of leg {leg!r} of this contest")
    found = _found(sealing, content["targets"])
    if found != _published(load(seal.commitments)) or len(found) != seal.count or merkle_root(found) != seal.root:
        raise ContestError(f"what is revealed of field {field!r} of leg {leg!r} is not what was sealed")
    real = [e["target"] for e in content["targets"] if not e["decoy"]]
    if truth_digest(_salt(content), real) != seal.truth_digest:
        raise ContestError(f"what was sealed of field {field!r} of leg {leg!r} is not what two people signed")
    return ordered([target_of(t) for t in real], "the revealed targets")


def _salt(content: Mapping[str, Any]) -> bytes:
    try:
        return bytes.fromhex(content["truth_salt"])
    except (ValueError, TypeError, KeyError):
        raise ContestError("the revealed object does not hold the salt of what two people signed") from None


def _revealed(data: bytes) -> dict[str, Any]:
    try:
        content = json.loads(data)
        whole = content["format"] == FORMAT and all(_is_entry(e) for e in content["targets"])
    except (ValueError, TypeError, KeyError, RecursionError):
        whole = False
    if not whole:
        raise ContestError("the revealed object is not in its form")
    return dict(content)


def _is_entry(entry: Any) -> bool:
    """A decoy says so in what was committed: no target can be called one afterwards."""
    whole = isinstance(entry, dict) and entry.keys() == {"decoy", "salt", "target"}
    return whole and isinstance(entry["target"], dict) and entry["decoy"] is (entry["target"].keys() == {"decoy"})


def _found(sealing: Sealing, entries: Sequence[Mapping[str, Any]]) -> list[str]:
    try:
        return sorted(commitment(sealing, bytes.fromhex(e["salt"]), e["target"]) for e in entries)
    except (ValueError, TypeError):
        raise ContestError("a revealed salt or target is not in its form") from None


def _published(data: bytes) -> list[str]:
    try:
        return list(json.loads(data)["commitments"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ContestError("the object of the commitments is not in its form") from None
