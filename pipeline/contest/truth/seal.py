"""The seal: commitments to the targets go into the ledger, the targets into an encrypted vault.

The vault is on the disk before the event is written. A seal that failed in between leaves a vault that no event
names; it may be deleted.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

from pipeline.contest.folder import Contest
from pipeline.contest.keys import COST, Signer, open_key, read_public
from pipeline.contest.ledger import Event
from pipeline.contest.records import State
from pipeline.contest.state import check
from pipeline.contest.store import sync_folder
from pipeline.contest.truth.commitments import SALT_BYTES, Sealing, commitment, merkle_root
from pipeline.contest.truth.folder import SHEET, SIGNED, SURVEY, Truth, read_truth, truth_bytes
from pipeline.contest.truth.places import check_apart, check_outside
from pipeline.contest.truth.plain import check_inside, plain_target
from pipeline.contest.truth.sign import check_signed
from pipeline.contest.truth.vault import Holder, open_vault, vault_bytes
from pipeline.errors import ContestError
from pipeline.files import write_bytes_atomic
from pipeline.score.canonical import canonical_json, nfc
from pipeline.score.distance import double_gates_mm
from pipeline.types import Rules, Target

COMMITMENTS_FORMAT = "qianliyan-commitments-1"
CONTENT_FORMAT = "qianliyan-vault-content-1"
MOST_PADDED = 10_000
Entry = dict[str, Any]  # {"decoy", "salt", "target"}: what is revealed of one leaf


def seal(
    contest: Contest,
    leg: str,
    field: str,
    truth: Path,
    vault: Path,
    holders: Sequence[tuple[Path, str]],
    desk: Signer,
    now_ms: int,
    *,
    pad_to: int | None = None,
    override_close: str | None = None,
    cost: int = COST,
) -> Event:
    """Seal a field: write VAULT, then the event `seal`.

    holders: (key file, its passphrase) of three registered key holders; pad_to: so many commitments are published,
    decoys among them, so that the number of targets stays secret; override_close: why targets may be closer than 2R,
    which is published.

    Raises:
        ContestError: the truth is not signed by two, the field is sealed, VAULT or TRUTH lies in a wrong place or
            VAULT exists, a holder is unknown or their passphrase wrong, targets are too close.
    """
    sealing, rules = _unsealed(contest.state, leg, field)
    _check_places(contest.folder, truth, vault)
    whole, survey = _surveyed(contest.state, sealing, truth)
    why_close = _why_close(whole.targets, rules, override_close)
    named = [_holder(contest.state, Path(path), passphrase) for path, passphrase in holders]
    entries = _entries(whole.targets, pad_to)
    listed, facts = _commitments(sealing, entries)
    bound = {"contest": sealing.contest, "leg": leg, "field": field}
    data = vault_bytes(_content(whole, sealing, entries), bound, named, cost=cost)
    body = {**facts, **survey, **why_close, "holders": [h.name for h, _ in named], "vault_sha256": _sha256(data)}
    check(contest.state, "seal", body, contest.at_ms(now_ms))
    _write_vault(vault, data, named)
    contest.store(listed)
    return contest.append("seal", body, desk, now_ms)


def sealing_of(state: State, leg: str, field: str) -> tuple[Sealing, Rules]:
    """What all commitments of a field share, and its rule book; ContestError for a field that is not in the plan."""
    if leg not in state.rules or field not in state.plan.leg(leg).fields:
        raise ContestError(f"the plan has no field {field!r} on a drone leg {leg!r}")
    # The rules file's own SHA-256: no later version of this program can see other rules in it.
    return Sealing(state.id, leg, field, state.rules_objects[leg]), state.rules[leg]


def _unsealed(state: State, leg: str, field: str) -> tuple[Sealing, Rules]:
    if (leg, field) in state.seals:
        raise ContestError(f"field {field!r} of leg {leg!r} is sealed already")
    return sealing_of(state, leg, field)


def _check_places(contest: Path, truth: Path, vault: Path) -> None:
    for path, what in ((truth, "the plain truth"), (vault, "a vault")):
        check_apart(path, contest, what)
        check_outside(path, what)
    check_apart(vault, truth, "a vault")
    if vault.exists():
        raise ContestError(f"{vault}: is there already; a vault is never overwritten")
    if not vault.parent.is_dir():
        raise ContestError(f"{vault.parent}: there is no such folder for the vault")


def _surveyed(state: State, sealing: Sealing, truth: Path) -> tuple[Truth, dict[str, Any]]:
    """The truth, signed by two for this field and inside of the plan's area, and the event's part on it."""
    whole = read_truth(truth)
    signed = check_signed(whole, state.id, sealing.leg, sealing.field, state.officials)
    area = state.plan.area
    if area is not None:
        check_inside(whole.targets, (area.west_deg, area.south_deg, area.east_deg, area.north_deg))
    survey = {k: v for k, v in signed.items() if k != "approved"}
    return whole, {"survey": survey, "surveyed": signed["approved"]}


def _why_close(targets: Sequence[Target], rules: Rules, override: str | None) -> dict[str, str]:
    """The event's part on targets closer than 2R, which narrow each other's gates: refused unless it says why.

    A reason that nothing needed stays out of the ledger, where it would tell of targets that are close.
    """
    if override is not None and not override.strip():
        raise ContestError("an override for close targets needs a reason")
    real = [t for t in targets if t.kind == "target"]
    gates = double_gates_mm(real, replace(rules, half_gate=True))
    close = [t.id for t, gate in zip(real, gates.tolist(), strict=True) if gate < 2 * rules.radius_mm]
    if close and override is None:
        raise ContestError(
            f"targets {', '.join(map(repr, close[:10]))}: closer to another than 2R = {2 * rules.radius_mm} mm; move "
            "them, or give a reason to override"
        )
    return {"override_close": str(override)} if close else {}


def _holder(state: State, path: Path, passphrase: str) -> tuple[Holder, str]:
    """A registered key holder; their passphrase is tried on their key, so that no slip of a finger seals for ever."""
    name, public = read_public(path)
    official = state.officials.get(public)
    if official is None or official.role != "keyholder":
        raise ContestError(f"{path}: {name!r} is not registered as a key holder of this contest")
    open_key(path, passphrase)
    return Holder(nfc(official.name), public), passphrase


def _entries(targets: Sequence[Target], pad_to: int | None) -> list[Entry]:
    """A salted entry for each target, then decoys: random data that is revealed as such."""
    count = max(len(targets), pad_to or 0)
    if not targets or count > MOST_PADDED or (pad_to is not None and pad_to < len(targets)):
        raise ContestError(f"a seal holds at least one target, and is padded to no less than them and to {MOST_PADDED}")
    real = [(False, plain_target(t)) for t in targets]
    decoys = [(True, {"decoy": secrets.token_hex(SALT_BYTES)}) for _ in range(count - len(targets))]
    return [{"decoy": d, "salt": secrets.token_hex(SALT_BYTES), "target": t} for d, t in (*real, *decoys)]


def _commitments(sealing: Sealing, entries: Sequence[Entry]) -> tuple[bytes, dict[str, Any]]:
    """The object that lists the commitments, and what the event says of them."""
    commitments = sorted(commitment(sealing, bytes.fromhex(e["salt"]), e["target"]) for e in entries)
    listed = canonical_json({**sealing.plain(), "format": COMMITMENTS_FORMAT, "commitments": commitments})
    facts = {
        "leg": sealing.leg,
        "field": sealing.field,
        "rules_digest": sealing.rules_digest,
        "count": len(commitments),
        "root": merkle_root(commitments),
        "commitments": _sha256(listed),
    }
    return listed, facts


def _content(truth: Truth, sealing: Sealing, entries: Sequence[Entry]) -> bytes:
    files = {name: base64.b64encode(truth_bytes(truth.folder, name)).decode() for name in (SURVEY, SHEET, SIGNED)}
    content = {"format": CONTENT_FORMAT, "entries": list(entries), "files": files, "truth_salt": truth.salt.hex()}
    return canonical_json({**sealing.plain(), **content})


def _write_vault(vault: Path, data: bytes, holders: Sequence[tuple[Holder, str]]) -> None:
    """On the disk, read back, and opened by each pair before anything relies on it."""
    write_bytes_atomic(vault, data)
    sync_folder(vault.parent)
    for pair in combinations(holders, 2):
        open_vault(vault, {holder.name: passphrase for holder, passphrase in pair})


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
